#include "dh-draw-private.h"
#include <math.h>

PangoLayout *
dh_draw_layout (GtkWidget *widget, const char *text, double points, DhTextFlags flags)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (widget, text);
  PangoAttrList *list = pango_attr_list_new ();
  pango_attr_list_insert (list, pango_attr_font_features_new ("tnum"));
  pango_attr_list_insert (list, pango_attr_size_new ((int)(points * PANGO_SCALE)));
  if (points < 9.25)
    pango_attr_list_insert (list, pango_attr_letter_spacing_new ((int)(0.2 * PANGO_SCALE)));
  if (flags & DH_TEXT_BOLD)
    pango_attr_list_insert (list, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  pango_layout_set_attributes (layout, list);
  pango_attr_list_unref (list);
  return layout;
}

void
dh_draw_text (GtkSnapshot *snapshot, PangoLayout *layout, double x, double y, double align, const GdkRGBA *color)
{
  int width = 0, height = 0;
  pango_layout_get_pixel_size (layout, &width, &height);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float)round (x - align * width), (float)round (y)));
  gtk_snapshot_append_layout (snapshot, layout, color);
  gtk_snapshot_restore (snapshot);
}

void
dh_draw_rect (GtkSnapshot *snapshot, double x, double y, double width, double height, const GdkRGBA *color)
{
  if (width > 0.0 && height > 0.0)
    gtk_snapshot_append_color (snapshot, color, &GRAPHENE_RECT_INIT ((float)x, (float)y, (float)width, (float)height));
}

void
dh_draw_handle (GtkSnapshot *snapshot, double x, double y, const GdkRGBA *color)
{
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT ((float)x - 8, (float)y - 1, 16, 14));
  gdk_cairo_set_source_rgba (cr, color);
  cairo_move_to (cr, x - 6, y);
  cairo_line_to (cr, x + 6, y);
  cairo_line_to (cr, x + 6, y + 5);
  cairo_line_to (cr, x, y + 10);
  cairo_line_to (cr, x - 6, y + 5);
  cairo_close_path (cr);
  cairo_fill (cr);
  cairo_destroy (cr);
}

void
dh_draw_triangle_up (GtkSnapshot *snapshot, double x, double y, double size, const GdkRGBA *color)
{
  cairo_t *cr = gtk_snapshot_append_cairo (
      snapshot, &GRAPHENE_RECT_INIT ((float)(x - size), (float)y - 1, (float)(2 * size), (float)size + 3));
  gdk_cairo_set_source_rgba (cr, color);
  cairo_move_to (cr, x, y);
  cairo_line_to (cr, x + 0.8 * size, y + size);
  cairo_line_to (cr, x - 0.8 * size, y + size);
  cairo_close_path (cr);
  cairo_fill (cr);
  cairo_destroy (cr);
}

void
dh_draw_text_color (GtkWidget *widget, double opacity, GdkRGBA *color)
{
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), color);
  color->alpha *= (float)opacity;
}

GdkRGBA
dh_draw_fade (const GdkRGBA *color, double opacity)
{
  GdkRGBA faded = *color;
  faded.alpha *= (float)opacity;
  return faded;
}

GdkRGBA
dh_draw_rgb (guint32 rgb)
{
  return (GdkRGBA){ (float)((rgb >> 16) & 255) / 255.0f, (float)((rgb >> 8) & 255) / 255.0f,
                    (float)(rgb & 255) / 255.0f, 1.0f };
}

double
dh_draw_snap (GtkWidget *widget, double value)
{
  double scale = gtk_widget_get_scale_factor (widget);
  return round (value * scale) / scale;
}
