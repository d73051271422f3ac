#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* How many anomalies of a picture are missed, and how much is flagged falsely: two small numbers with icons, of which
 * each is there only where it is more than 0. */
#define DH_TYPE_OBJECT_BADGES (dh_object_badges_get_type ())
G_DECLARE_FINAL_TYPE (DhObjectBadges, dh_object_badges, DH, OBJECT_BADGES, GtkWidget)

GtkWidget *dh_object_badges_new (void);
/* −1: unknown. */
void dh_object_badges_set (DhObjectBadges *badges, gint n_missed, gint n_false);
/* They are of another threshold than the present one. */
void dh_object_badges_set_old (DhObjectBadges *badges, gboolean old);

G_END_DECLS
