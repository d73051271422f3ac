#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* The column of boxes before the runs: each is on where its row is chosen, and chooses it beside the others. The rows
 * of `selection` are DhRowSlot of DhRunItem. */
GtkColumnViewColumn *dh_runs_boxes_new (GtkSelectionModel *selection);

G_END_DECLS
