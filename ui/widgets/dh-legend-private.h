#pragma once
#include "dh-pane.h"

G_BEGIN_DECLS

/* Swatches with names in a row; of those that do not fit, the last are left out. */
#define DH_TYPE_LEGEND (dh_legend_get_type ())
G_DECLARE_FINAL_TYPE (DhLegend, dh_legend, DH, LEGEND, GtkWidget)

GtkWidget *dh_legend_new (void);
void dh_legend_set_entries (DhLegend *legend, const DhLegendEntry *entries, guint n);
guint dh_legend_get_n_entries (DhLegend *legend);

G_END_DECLS
