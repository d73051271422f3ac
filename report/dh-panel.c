#include "dh-picture.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-tile-private.h"

#define GAP 10
#define MAX_TILE 960

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
  g_autoptr (GArray) tiles = g_array_new (FALSE, TRUE, sizeof (DhTile));
  g_array_set_clear_func (tiles, dh_tile_clear);
  DhTile tile = { "Image", dh_image_ref ((DhImage *)image), FALSE, DH_SCALE_INIT };
  g_array_append_val (tiles, tile);
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    {
      DhTensor *map = maps[shown[i].map];
      if (!map)
        continue;
      tile = (DhTile){ shown[i].title, dh_picture_of_map (shown[i].map, map, options, error), FALSE, DH_SCALE_INIT };
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
      tile = (DhTile){ overlay ? labels ? "Found · false · missed" : "Flagged" : "Ground truth",
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
                                                         rows * (height + DH_TILE_HEAD + GAP) + GAP);
  cairo_t *cr = cairo_create (surface);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  for (guint i = 0; i < tiles->len; i++)
    dh_tile_draw (&g_array_index (tiles, DhTile, i), cr, GAP + (i % columns) * (tile_width + GAP),
                  i / columns * (height + DH_TILE_HEAD + GAP), width, height);
  DhImage *panel = dh_tile_take_image (surface, cr);
  if (!panel)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "the panel of maps cannot be drawn: no memory is left");
  return panel;
}
