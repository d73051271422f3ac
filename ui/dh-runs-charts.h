#pragma once
#include "dh-run-item.h"
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The chosen runs in pictures, two cards: of evaluations their precision–recall curves and, of two, the AP picture by
 * picture; of trainings their loss and what they were measured by.
 *
 * Signal "picture" (DhRunItem, char *stem): a picture of A was asked for. */
#define DH_TYPE_RUNS_CHARTS (dh_runs_charts_get_type ())
G_DECLARE_FINAL_TYPE (DhRunsCharts, dh_runs_charts, DH, RUNS_CHARTS, GtkWidget)

GtkWidget *dh_runs_charts_new (DhSession *session);
/* Either may be NULL. */
void dh_runs_charts_set (DhRunsCharts *charts, DhRunItem *a, DhRunItem *b);
/* One card alone where there is no room for two; none. */
void dh_runs_charts_set_room (DhRunsCharts *charts, guint cards);

G_END_DECLS
