#include "dh-tiles.h"
#include <string.h>
#include "dh-error.h"
#include "dh-machine.h"
#include "dh-predictor-private.h"

/* The tiles along one side of a picture. */
typedef struct
{
  guint whole, side, n;
} Tiles;

static Tiles
tiles_along (guint whole, guint side)
{
  side = MIN (whole, side);
  const guint step = side - side / 4;
  return (Tiles){ whole, side, 1 + (whole - side + step - 1) / step };
}

static guint
tile_start (const Tiles *tiles, guint i)
{
  return tiles->n == 1 ? 0 : (guint)((guint64)i * (tiles->whole - tiles->side) / (tiles->n - 1));
}

/* Where what tile `i` keeps begins, in the picture; of tile n, where that of the last one ends. */
static guint
kept_from (const Tiles *tiles, guint i)
{
  if (i == 0)
    return 0;
  if (i == tiles->n)
    return tiles->whole;
  return (tile_start (tiles, i) + tile_start (tiles, i - 1) + tiles->side) / 2;
}

typedef struct
{
  Tiles x, y;
  guint i, j;
} Tile;

static DhImage *
cut (const DhImage *image, const Tile *tile)
{
  const guint w = tile->x.side, h = tile->y.side, x = tile_start (&tile->x, tile->i),
              y = tile_start (&tile->y, tile->j);
  DhImage *part = dh_image_new (w, h);
  for (guint row = 0; part && row < h; row++)
    memcpy (part->rgb + (gsize)3 * w * row, image->rgb + 3 * ((gsize)image->width * (y + row) + x), (gsize)3 * w);
  return part;
}

DhImage *
dh_tiles_cut_middle (DhImage *image, guint side)
{
  g_return_val_if_fail (image != NULL && side >= DH_TILES_LEAST, NULL);
  Tile tile = { tiles_along (image->width, side), tiles_along (image->height, side), 0, 0 };
  tile.i = tile.x.n / 2;
  tile.j = tile.y.n / 2;
  return tile.x.n * tile.y.n == 1 ? dh_image_ref (image) : cut (image, &tile);
}

/* The part of a map that its tile keeps. */
static void
paste (DhTensor *whole, const DhTensor *part, const Tile *tile)
{
  const guint x = tile_start (&tile->x, tile->i), y = tile_start (&tile->y, tile->j);
  const guint left = kept_from (&tile->x, tile->i), right = kept_from (&tile->x, tile->i + 1);
  const guint top = kept_from (&tile->y, tile->j), bottom = kept_from (&tile->y, tile->j + 1);
  const gsize size = dh_dtype_size (whole->dtype), planes = whole->n_dims == 3 ? (gsize)whole->dims[0] : 1;
  char *to = (char *)dh_tensor_data (whole);
  const char *from = dh_tensor_data (part);
  for (gsize plane = 0; plane < planes; plane++)
    for (guint row = top; row < bottom; row++)
      memcpy (to + size * ((plane * tile->y.whole + row) * tile->x.whole + left),
              from + size * ((plane * tile->y.side + row - y) * tile->x.side + left - x), size * (right - left));
}

/* Of one tile's run among all. */
typedef struct
{
  const DhProgress *progress;
  guint tile, n;
} Share;

static void
report_share (guint64 done, guint64 total, const char *what, gpointer data)
{
  const Share *share = data;
  dh_progress_report (share->progress, share->tile * total + done, share->n * total, what);
}

/* Tiles make the plan smaller, not the maps. */
static gboolean
has_room (DhPredictor *predictor, const DhImage *image, guint maps, GError **error)
{
  guint64 needed = 0;
  for (guint map = 0; map < DH_N_MAPS; map++)
    if (maps & DH_MAP_BIT (map))
      needed += (guint64)dh_predictor_channels (predictor, map) * sizeof (float) * image->width * image->height;
  const guint64 there = dh_machine_memory_available ();
  if (there == 0 || needed <= there)
    return TRUE;
  g_autofree char *need = g_format_size_full (needed, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *have = g_format_size_full (there, G_FORMAT_SIZE_IEC_UNITS);
  g_set_error (
      error, DH_ERROR, DH_ERROR_TOO_LARGE,
      "The maps of an image of %u×%u pixels need about %s of memory, and %s can be had; ask for fewer maps, or "
      "use a smaller scale",
      image->width, image->height, need, have);
  return FALSE;
}

DhPrediction *
dh_predictor_run_tiles (DhPredictor *predictor, const DhImage *image, guint side, guint maps, GCancellable *cancellable,
                        const DhProgress *progress, GError **error)
{
  g_return_val_if_fail (predictor != NULL && image != NULL && side >= DH_TILES_LEAST, NULL);
  Tile tile = { tiles_along (image->width, side), tiles_along (image->height, side), 0, 0 };
  const guint n = tile.x.n * tile.y.n;
  if (n == 1)
    return dh_predictor_run (predictor, image, maps, cancellable, progress, error);
  maps = dh_predictor_available (predictor, maps);
  if (!has_room (predictor, image, maps, error))
    return NULL;
  gpointer outputs[DH_N_MAPS];
  g_autoptr (DhPrediction) whole = dh_prediction_new (predictor, image, maps, outputs, error);
  for (guint t = 0; whole && t < n; t++)
    {
      tile.i = t % tile.x.n;
      tile.j = t / tile.x.n;
      Share share = { progress, t, n };
      const DhProgress of_tile = { report_share, &share };
      g_autoptr (DhImage) part = cut (image, &tile);
      g_autoptr (DhPrediction) prediction = NULL;
      if (part)
        prediction = dh_predictor_run (predictor, part, maps, cancellable, &of_tile, error);
      else
        dh_prediction_set_no_memory (image->width, image->height, error);
      if (!prediction)
        return NULL;
      for (guint map = 0; map < DH_N_MAPS; map++)
        if (whole->maps[map])
          paste (whole->maps[map], prediction->maps[map], &tile);
      whole->seconds += prediction->seconds;
    }
  if (whole)
    dh_prediction_count (whole);
  return g_steal_pointer (&whole);
}
