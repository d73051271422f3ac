#pragma once
#include "dh-run-list.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A card with one run's numbers and provenance, or with two side by side and what differs marked. */
GtkWidget *dh_runs_compared_new (void);
/* Either may be NULL. */
void dh_runs_compared_set (GtkWidget *card, const DhRun *a, const DhRun *b);

G_END_DECLS
