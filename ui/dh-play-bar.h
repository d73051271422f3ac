#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Under the list of images: plays them one after another, and how fast. While it plays, the pace at which they come. */
#define DH_TYPE_PLAY_BAR (dh_play_bar_get_type ())
G_DECLARE_FINAL_TYPE (DhPlayBar, dh_play_bar, DH, PLAY_BAR, GtkWidget)

GtkWidget *dh_play_bar_new (DhSession *session);

G_END_DECLS
