#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* In the band over a comparison: how A and B are shown, what makes them blink, on what scale, and the swap; one menu
 * where there is no room for its buttons. The panes'
 * action group "pane" and the window's "view" must be above it. */
#define DH_TYPE_COMPARE_BAR (dh_compare_bar_get_type ())
G_DECLARE_FINAL_TYPE (DhCompareBar, dh_compare_bar, DH, COMPARE_BAR, GtkWidget)

GtkWidget *dh_compare_bar_new (DhSession *session);
G_END_DECLS
