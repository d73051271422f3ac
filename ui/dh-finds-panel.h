#pragma once
#include "dh-found-item.h"
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What the active score's threshold flags in all images of the evaluated set, as a list: the one that is chosen is
 * shown in the panes, framed, and counts as seen; two buttons say whether it is real. Where there is no list it says
 * why, and offers to look through the images. */
#define DH_TYPE_FINDS_PANEL (dh_finds_panel_get_type ())
G_DECLARE_FINAL_TYPE (DhFindsPanel, dh_finds_panel, DH, FINDS_PANEL, GtkWidget)

GtkWidget *dh_finds_panel_new (DhSession *session);
/* Chooses the next (1) or the one before (−1); FALSE at the ends, and where there is none. */
gboolean dh_finds_panel_step (DhFindsPanel *panel, gint step);
/* Says it of the one that is chosen; the same again takes it back. FALSE where none is. */
gboolean dh_finds_panel_mark (DhFindsPanel *panel, DhFindMark mark);

G_END_DECLS
