#pragma once
#include "dh-chart.h"
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A chart's menu (right click, Shift+F10): its numbers as CSV to the clipboard or a file, its picture as PNG or SVG.
 * `name` is what a file is called first. */
/* A button with the same menu, for the head of the chart's card; after dh_chart_menu_add(). It may not outlive the
 * chart.
 */
GtkWidget *dh_chart_menu_new_button (DhChart *chart, const char *title);
void dh_chart_menu_add (DhChart *chart, DhSession *session, const char *name);

G_END_DECLS
