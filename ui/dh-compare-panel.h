#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The right panel while two maps are compared: the numbers of A and B and the pictures by what changes between them, or
 * the threshold of either. The panes' action group "pane" must be above it. */
#define DH_TYPE_COMPARE_PANEL (dh_compare_panel_get_type ())
G_DECLARE_FINAL_TYPE (DhComparePanel, dh_compare_panel, DH, COMPARE_PANEL, GtkWidget)

GtkWidget *dh_compare_panel_new (DhSession *session);
/* Of the side whose threshold is shown or was last; it is shown then. */
void dh_compare_panel_focus_field (DhComparePanel *panel);
/* Moves the threshold of the side that is shown or was last. */
void dh_compare_panel_nudge (DhComparePanel *panel, double steps);
/* Of the same side, back to its record: of a run the best F1. */
void dh_compare_panel_reset (DhComparePanel *panel);

G_END_DECLS
