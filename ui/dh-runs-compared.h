#pragma once
#include "dh-run-list.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A card with one run's numbers and provenance, or with two side by side and what differs marked; and, when they are
 * asked for, with the numbers' 95 % intervals (dh-chance.h). */
GtkWidget *dh_runs_compared_new (void);
/* Either may be NULL. `all`: DhRunItem, every one that is chosen; of more than two what they give together stands
 * above, as mean and sample standard deviation. */
void dh_runs_compared_set (GtkWidget *card, DhRunItem *a, DhRunItem *b, GPtrArray *all);

G_END_DECLS
