#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Metrics of the whole set: charts with the operating point, protocols side by side, a table of its images. */
#define DH_TYPE_METRICS_PAGE (dh_metrics_page_get_type ())
G_DECLARE_FINAL_TYPE (DhMetricsPage, dh_metrics_page, DH, METRICS_PAGE, GtkWidget)

GtkWidget *dh_metrics_page_new (DhSession *session);
/* FALSE where there are no tables yet. */
gboolean dh_metrics_page_focus_filter (DhMetricsPage *page);

G_END_DECLS
