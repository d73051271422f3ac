#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The left panel: what set is open, its pictures in a list with thumbnails, sort, groups and filter. */
#define DH_TYPE_IMAGE_PANEL (dh_image_panel_get_type ())
G_DECLARE_FINAL_TYPE (DhImagePanel, dh_image_panel, DH, IMAGE_PANEL, GtkWidget)

GtkWidget *dh_image_panel_new (DhSession *session);
void dh_image_panel_focus_list (DhImagePanel *panel);
void dh_image_panel_focus_filter (DhImagePanel *panel);
/* The menu of tags of all pictures in the list. */
void dh_image_panel_open_tags (DhImagePanel *panel);
/* As if it were typed. */
void dh_image_panel_set_filter (DhImagePanel *panel, const char *text);

G_END_DECLS
