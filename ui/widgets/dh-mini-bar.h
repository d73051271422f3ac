#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A bar of a few pixels for lists and tables: a share of the trough, or a signed change from its middle. */
#define DH_TYPE_MINI_BAR (dh_mini_bar_get_type ())
G_DECLARE_FINAL_TYPE (DhMiniBar, dh_mini_bar, DH, MINI_BAR, GtkWidget)

/* `width` × `height` pixels; 40 × 4 in the image list. */
GtkWidget *dh_mini_bar_new (int width, int height);
/* So narrow it becomes where what stands beside it needs the room. */
void dh_mini_bar_set_least (DhMiniBar *bar, int least);
/* 0 … 1; NaN leaves the trough empty. */
void dh_mini_bar_set_fraction (DhMiniBar *bar, double fraction);
/* −1 … 1 from the middle; left is drawn in the colour of a loss. */
void dh_mini_bar_set_change (DhMiniBar *bar, double change);
/* NULL: the accent colour. A class colour gets a rim, so that dark and pale ones show in both themes. */
void dh_mini_bar_set_color (DhMiniBar *bar, const GdkRGBA *color);

G_END_DECLS
