#pragma once
#include "dh-canvas.h"
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Keeps a canvas showing what the session has: pictures, maps, scales, thresholds, menus of panes, and words in place
 * of what is not there. Lives as long as the canvas. */
void dh_browse_panes_connect (DhCanvas *canvas, DhSession *session);
/* The menu that adds and removes panes. */
GMenuModel *dh_browse_panes_new_menu (void);

G_END_DECLS
