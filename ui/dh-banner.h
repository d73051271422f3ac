#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* A line under the header bar that stays until it is closed. */
#define DH_TYPE_BANNER (dh_banner_get_type ())
G_DECLARE_FINAL_TYPE (DhBanner, dh_banner, DH, BANNER, GtkWidget)

GtkWidget *dh_banner_new (void);
/* Shows it; `action` and its button are left out where NULL. */
void dh_banner_show (DhBanner *banner, const char *title, const char *text, const char *button, const char *action);
void dh_banner_hide (DhBanner *banner);

G_END_DECLS
