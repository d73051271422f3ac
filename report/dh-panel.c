#include "dh-picture.h"

#include <math.h>
#include <string.h>

#include <pango/pangocairo.h>

#include "dh-color-map.h"
#include "dh-error.h"

#define HEAD 34
#define GAP 10
#define MAX_TILE 960

typedef struct
{
  const char *title;
  DhImage *picture; /* owned */
  gboolean has_bar;
  DhScale scale;
} Tile;

static void
clear_tile (gpointer data)
{
  Tile *tile = data;
  dh_image_unref (tile->picture);
}

/* Ground truth: the picture in grey, anomalies tinted, void hatched. */
static DhImage *
picture_of_truth (const DhImage *image, const guint8 *labels)
{
  DhImage *picture = dh_image_new (image->width, image->height);
  for (guint y = 0; picture && y < image->height; y++)
    for (guint x = 0; x < image->width; x++)
      {
        const gsize i = (gsize)y * image->width + x;
        const guint8 *from = image->rgb + 3 * i;
        guint8 *to = picture->rgb + 3 * i;
        const guint grey = (from[0] * 54u + from[1] * 183u + from[2] * 19u) >> 8;
        const guint level = 64 + grey * 5 / 8;
        memset (to, level, 3);
        if (labels[i] == 1)
          {
            to[0] = (level + 3 * 0xdc) / 4;
            to[1] = (level + 3 * 0x26) / 4;
            to[2] = (level + 3 * 0x7f) / 4;
          }
        else if (labels[i] > 1)
          memset (to, (x + y) % 8 < 3 ? 40 : level / 2 + 20, 3);
      }
  return picture;
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

static void
draw_text (cairo_t *cr, const char *text, double x, double y, double width, gboolean bold, PangoAlignment alignment)
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

static void
draw_tile (cairo_t *cr, const Tile *tile, double x, double y, double width, double height)
{
  cairo_set_source_rgb (cr, 0.12, 0.12, 0.13);
  const double bar = MIN (120, width * 0.3);
  draw_text (cr, tile->title, x, y + 9, width - (tile->has_bar ? bar + 110 : 0), TRUE, PANGO_ALIGN_LEFT);
  if (tile->has_bar)
    {
      const double left = x + width - bar - 48;
      g_autofree char *low = format_bound (tile->scale.low);
      g_autofree char *high = format_bound (tile->scale.high);
      draw_text (cr, low, left - 60, y + 9, 54, FALSE, PANGO_ALIGN_RIGHT);
      draw_text (cr, high, left + bar + 6, y + 9, 48, FALSE, PANGO_ALIGN_LEFT);
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
  cairo_translate (cr, x, y + HEAD);
  cairo_scale (cr, width / tile->picture->width, height / tile->picture->height);
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_GOOD);
  cairo_rectangle (cr, 0, 0, tile->picture->width, tile->picture->height);
  cairo_fill (cr);
  cairo_restore (cr);
  cairo_surface_destroy (surface);
}

static GArray *
make_tiles (const DhImage *image, DhTensor *const maps[DH_N_MAPS], const guint8 *labels,
            const DhPictureOptions *options, GError **error)
{
  static const struct
  {
    DhMap map;
    const char *title;
  } shown[] = {
    { DH_MAP_SEGMENTATION, "Segmentation" },
    { DH_MAP_LIKELIHOOD, "Likelihood  ln p̂(x)" },
    { DH_MAP_DATASET_POSTERIOR, "Dataset posterior  P(d_in | x)" },
    { DH_MAP_HYBRID, "Hybrid score  −ln p̂ + ln P(d_out)" },
  };
  g_autoptr (GArray) tiles = g_array_new (FALSE, TRUE, sizeof (Tile));
  g_array_set_clear_func (tiles, clear_tile);
  Tile tile = { "Image", dh_image_ref ((DhImage *)image), FALSE, DH_SCALE_INIT };
  g_array_append_val (tiles, tile);
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    {
      DhTensor *map = maps[shown[i].map];
      if (!map)
        continue;
      tile = (Tile){ shown[i].title, dh_picture_of_map (shown[i].map, map, options, error), FALSE, DH_SCALE_INIT };
      if (!tile.picture)
        return NULL;
      tile.has_bar = shown[i].map != DH_MAP_SEGMENTATION;
      tile.scale.reversed = dh_map_low_is_anomalous (shown[i].map);
      if (tile.has_bar)
        dh_picture_range (shown[i].map, map, options, &tile.scale.low, &tile.scale.high);
      g_array_append_val (tiles, tile);
    }
  const gboolean overlay = isfinite (options->threshold) && maps[DH_MAP_HYBRID];
  if (overlay || labels)
    {
      tile = (Tile){ overlay ? labels ? "Found · false · missed" : "Flagged" : "Ground truth",
                     overlay ? dh_picture_overlay (image, maps[DH_MAP_HYBRID], labels, options->threshold, error)
                             : picture_of_truth (image, labels),
                     FALSE, DH_SCALE_INIT };
      if (!tile.picture)
        return NULL;
      g_array_append_val (tiles, tile);
    }
  return g_steal_pointer (&tiles);
}

DhImage *
dh_picture_panel (const DhImage *image, DhTensor *const maps[DH_N_MAPS], const guint8 *labels,
                  const DhPictureOptions *options, GError **error)
{
  g_autoptr (GArray) tiles = make_tiles (image, maps, labels, options, error);
  if (!tiles)
    return NULL;
  const guint columns = tiles->len <= 4 ? MIN (tiles->len, 2) : 3;
  const guint rows = (tiles->len + columns - 1) / columns;
  const double scale = MIN (1.0, MIN ((double)MAX_TILE / image->width, 4.0 * MAX_TILE / image->height));
  const guint width = MAX (1, (guint)(image->width * scale + 0.5));
  const guint height = MAX (1, (guint)(image->height * scale + 0.5));
  const guint tile_width = MAX (width, 300);

  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, columns * (tile_width + GAP) + GAP,
                                                         rows * (height + HEAD + GAP) + GAP);
  cairo_t *cr = cairo_create (surface);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  for (guint i = 0; i < tiles->len; i++)
    draw_tile (cr, &g_array_index (tiles, Tile, i), GAP + (i % columns) * (tile_width + GAP),
               i / columns * (height + HEAD + GAP), width, height);
  cairo_surface_flush (surface);

  DhImage *panel = NULL;
  if (cairo_status (cr) == CAIRO_STATUS_SUCCESS)
    panel = dh_image_new (cairo_image_surface_get_width (surface), cairo_image_surface_get_height (surface));
  if (!panel)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "the panel of maps cannot be drawn: no memory is left");
  const guint8 *data = panel ? cairo_image_surface_get_data (surface) : NULL;
  for (guint y = 0; panel && y < panel->height; y++)
    for (guint x = 0; x < panel->width; x++)
      {
        const guint32 p = ((const guint32 *)(data + (gsize)y * cairo_image_surface_get_stride (surface)))[x];
        guint8 *to = panel->rgb + 3 * ((gsize)y * panel->width + x);
        to[0] = p >> 16;
        to[1] = p >> 8;
        to[2] = p;
      }
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  return panel;
}
