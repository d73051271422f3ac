#pragma once
#include "dh-canvas.h"
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The objects that the threshold misses, flags falsely and finds in the current picture, as a list; the chosen one is
 * brought into sight in all panes, framed, and read by the probe, and its score is taken apart below. While the view
 * says that this page or that of the finds is shown ("tuning-page" components, finds), all of them are marked on the
 * picture. */
#define DH_TYPE_COMPONENTS_PANEL (dh_components_panel_get_type ())
G_DECLARE_FINAL_TYPE (DhComponentsPanel, dh_components_panel, DH, COMPONENTS_PANEL, GtkWidget)

GtkWidget *dh_components_panel_new (DhSession *session, DhCanvas *canvas);
/* Chooses the next (1) or the one before (−1), from the last to the first; FALSE where there is none. */
gboolean dh_components_panel_step (DhComponentsPanel *panel, gint step);

G_END_DECLS
