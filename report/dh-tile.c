#include "dh-tile-private.h"

#include <math.h>

void
dh_tile_clear (gpointer data)
{
  DhTile *tile = data;
  dh_image_unref (tile->picture);
}

static cairo_surface_t *
to_surface (const DhImage *image)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, image->width, image->height);
  if (cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS)
    return surface;
  guint8 *data = cairo_image_surface_get_data (surface);
  const int stride = cairo_image_surface_get_stride (surface);
  for (guint y = 0; y < image->height; y++)
    for (guint x = 0; x < image->width; x++)
      {
        const guint8 *p = image->rgb + 3 * ((gsize)y * image->width + x);
        ((guint32 *)(data + (gsize)y * stride))[x] = (guint32)p[0] << 16 | (guint32)p[1] << 8 | p[2];
      }
  cairo_surface_mark_dirty (surface);
  return surface;
}

void
dh_tile_draw_text (cairo_t *cr, const char *text, double x, double y, double width, gboolean bold,
                   PangoAlignment alignment)
{
  g_autoptr (PangoLayout) layout = pango_cairo_create_layout (cr);
  PangoFontDescription *font = pango_font_description_from_string (bold ? "Sans Bold 12px" : "Sans 12px");
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_width (layout, width * PANGO_SCALE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_alignment (layout, alignment);
  pango_layout_set_text (layout, text, -1);
  cairo_move_to (cr, x, y);
  pango_cairo_show_layout (cr, layout);
}

static char *
format_bound (double value)
{
  g_autofree char *plain = g_strdup_printf (fabs (value) < 10 ? "%.2f" : "%.1f", value);
  return plain[0] == '-' ? g_strconcat ("−", plain + 1, NULL) : g_steal_pointer (&plain);
}

void
dh_tile_draw (const DhTile *tile, cairo_t *cr, double x, double y, double width, double height)
{
  cairo_set_source_rgb (cr, 0.12, 0.12, 0.13);
  const double bar = MIN (120, width * 0.3);
  dh_tile_draw_text (cr, tile->title, x, y + 9, width - (tile->has_bar ? bar + 110 : 0), TRUE, PANGO_ALIGN_LEFT);
  if (tile->has_bar)
    {
      const double left = x + width - bar - 48;
      g_autofree char *low = format_bound (tile->scale.low);
      g_autofree char *high = format_bound (tile->scale.high);
      dh_tile_draw_text (cr, low, left - 60, y + 9, 54, FALSE, PANGO_ALIGN_RIGHT);
      dh_tile_draw_text (cr, high, left + bar + 6, y + 9, 48, FALSE, PANGO_ALIGN_LEFT);
      for (int i = 0; i < (int)bar; i++)
        {
          guint8 rgb[3];
          dh_scale_get_color (&tile->scale, tile->scale.low + (tile->scale.high - tile->scale.low) * (i + 0.5) / bar,
                              rgb);
          cairo_set_source_rgb (cr, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0);
          cairo_rectangle (cr, left + i, y + 11, 1, 11);
          cairo_fill (cr);
        }
    }
  cairo_surface_t *surface = to_surface (tile->picture);
  cairo_save (cr);
  cairo_translate (cr, x, y + DH_TILE_HEAD);
  cairo_scale (cr, width / tile->picture->width, height / tile->picture->height);
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_GOOD);
  cairo_rectangle (cr, 0, 0, tile->picture->width, tile->picture->height);
  cairo_fill (cr);
  cairo_restore (cr);
  cairo_surface_destroy (surface);
}

DhImage *
dh_tile_take_image (cairo_surface_t *surface, cairo_t *cr)
{
  DhImage *image = NULL;
  cairo_surface_flush (surface);
  if (cairo_status (cr) == CAIRO_STATUS_SUCCESS)
    image =
        dh_image_new ((guint)cairo_image_surface_get_width (surface), (guint)cairo_image_surface_get_height (surface));
  const guint8 *data = image ? cairo_image_surface_get_data (surface) : NULL;
  for (guint y = 0; image && y < image->height; y++)
    for (guint x = 0; x < image->width; x++)
      {
        const guint32 p = ((const guint32 *)(data + (gsize)y * cairo_image_surface_get_stride (surface)))[x];
        guint8 *to = image->rgb + 3 * ((gsize)y * image->width + x);
        to[0] = p >> 16;
        to[1] = p >> 8;
        to[2] = p;
      }
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  return image;
}
