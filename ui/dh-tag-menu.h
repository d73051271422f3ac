#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A button with all tags: one click gives a tag to every image that the open set's list shows, or takes it away where
 * all of them have it. What some have says how many. */
GtkWidget *dh_tag_menu_new (DhSession *session);
/* Opened, with the focus where a new tag is typed. */
void dh_tag_menu_open (GtkWidget *menu);

G_END_DECLS
