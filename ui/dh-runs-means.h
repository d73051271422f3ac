#pragma once
#include "dh-run-item.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What the chosen runs (DhRunItem) give together, mean and sample standard deviation, or why there is none: from `row`
 * of a grid of four columns on. Nothing of fewer than three. Gives the next row. */
int dh_runs_means_fill (GtkGrid *grid, int row, GPtrArray *items);

G_END_DECLS
