#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* A line over the top of what it holds, until it is closed. What lies below keeps its place: a click that is under way
 * when something fails still falls where it was meant. */
#define DH_TYPE_BANNER (dh_banner_get_type ())
G_DECLARE_FINAL_TYPE (DhBanner, dh_banner, DH, BANNER, GtkWidget)

/* `top`: so far below the upper edge, where pages have a bar. */
GtkWidget *dh_banner_new (GtkWidget *content, int top);
/* It lies below this part of the content, too, while that is seen. */
void dh_banner_add_bar (DhBanner *banner, GtkWidget *bar);
/* Shows it; `action` and its button are left out where NULL. */
void dh_banner_show (DhBanner *banner, const char *title, const char *text, const char *button, const char *action);
void dh_banner_hide (DhBanner *banner);
/* Hides it where it shows this title. */
void dh_banner_take_back (DhBanner *banner, const char *title);

G_END_DECLS
