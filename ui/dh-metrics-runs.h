#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A card of the finished runs of the open data set, of networks and of other methods, the best first, all under one
 * protocol; hidden where there is none but the one that the page shows. A click on one's name compares it in Browse
 * with what is open. */
GtkWidget *dh_metrics_runs_new (DhSession *session);

G_END_DECLS
