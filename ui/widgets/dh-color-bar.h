#pragma once
#include <gtk/gtk.h>
#include "dh-color-map.h"

G_BEGIN_DECLS

/* The small bar in a pane's head: low value, colours, high value; under it the flagged side as a line and the
 * threshold as a triangle. Role METER-less IMG with the range as its label. */
#define DH_TYPE_COLOR_BAR (dh_color_bar_get_type ())
G_DECLARE_FINAL_TYPE (DhColorBar, dh_color_bar, DH, COLOR_BAR, GtkWidget)

GtkWidget *dh_color_bar_new (void);
void dh_color_bar_set_scale (DhColorBar *bar, const DhScale *scale);
const DhScale *dh_color_bar_get_scale (DhColorBar *bar);
/* Width of the colours alone, in pixels: natural (default 114) and least (default 60). */
void dh_color_bar_set_width (DhColorBar *bar, int least, int natural);

G_END_DECLS
