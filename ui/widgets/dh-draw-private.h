#pragma once
#include "dh-widgets.h"

G_BEGIN_DECLS

/* What several widgets draw alike. */
typedef enum
{
  DH_TEXT_PLAIN = 0,
  DH_TEXT_BOLD = 1 << 0,
} DhTextFlags;

/* A layout in the widget's font at `points`, figures of one width, captions spaced as the style sheet spaces them. */
PangoLayout *dh_draw_layout (GtkWidget *widget, const char *text, double points, DhTextFlags flags);
/* x and y are the upper left corner; align 0 … 1 shifts the layout left by that share of its width. */
void dh_draw_text (GtkSnapshot *snapshot, PangoLayout *layout, double x, double y, double align, const GdkRGBA *color);
void dh_draw_rect (GtkSnapshot *snapshot, double x, double y, double width, double height, const GdkRGBA *color);
/* The shield on top of a threshold line: its point at (x, y + height). */
void dh_draw_handle (GtkSnapshot *snapshot, double x, double y, const GdkRGBA *color);
void dh_draw_triangle_up (GtkSnapshot *snapshot, double x, double y, double size, const GdkRGBA *color);
/* The widget's text colour at an opacity. */
void dh_draw_text_color (GtkWidget *widget, double opacity, GdkRGBA *color);
GdkRGBA dh_draw_fade (const GdkRGBA *color, double opacity);
GdkRGBA dh_draw_rgb (guint32 rgb);
/* Snaps to the device's pixels, so that lines of 1 px stay crisp at every scale. */
double dh_draw_snap (GtkWidget *widget, double value);

G_END_DECLS
