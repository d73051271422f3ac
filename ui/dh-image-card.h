#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The evaluated set in rows: its images, its slices, its objects at the threshold; sorted, filtered, as CSV. A slice
 * shows its images or objects; an image or object opens in Browse (action win.page). */
GtkWidget *dh_image_card_new (DhSession *session);
void dh_image_card_focus_filter (GtkWidget *card);

G_END_DECLS
