#include "dh-film.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-tile-private.h"

#define GAP 8
#define FOOT 30
#define LEAST_PANE 48
/* The height of a pane whose text is as large as in reports. */
#define UNIT 360
#define USUAL_HEIGHT 1080
#define USUAL_WIDTH 3840

static const char *
title_of (gint pane)
{
  static const char *const titles[DH_MAP_LOGITS] = {
    [DH_MAP_SEGMENTATION] = "Segmentation",
    [DH_MAP_LIKELIHOOD] = "Likelihood",
    [DH_MAP_DATASET_POSTERIOR] = "Dataset posterior",
    [DH_MAP_HYBRID] = "Hybrid score",
    [DH_MAP_MAX_SOFTMAX] = "1 − max softmax",
    [DH_MAP_MAX_LOGIT] = "−max logit",
    [DH_MAP_ENTROPY] = "Entropy",
  };
  return pane >= 0 && pane < DH_MAP_LOGITS ? titles[pane] : "Image";
}

/* More than three stand in two rows. */
static guint
n_rows (const DhFilm *film)
{
  return film->n_panes > 3 ? 2 : 1;
}

static guint
n_columns (const DhFilm *film)
{
  return (film->n_panes + n_rows (film) - 1) / n_rows (film);
}

/* What is above and below the panes at a scale of 1. */
static double
around (const DhFilm *film)
{
  return n_rows (film) * DH_TILE_HEAD + FOOT;
}

/* Text and gaps grow with panes that are higher than UNIT. */
static double
scale_of (const DhFilm *film, double whole)
{
  return MAX (1, whole / (n_rows (film) * UNIT + around (film)));
}

/* The height of a film with panes so high. */
static double
whole_of (const DhFilm *film, double pane)
{
  return n_rows (film) * pane + around (film) * MAX (1, pane / UNIT);
}

guint
dh_film_maps (const DhFilm *film)
{
  guint maps = isfinite (film->look.threshold) ? DH_MAP_BIT (film->score) : 0;
  for (guint i = 0; i < film->n_panes; i++)
    if (film->panes[i] != DH_FILM_IMAGE)
      maps |= DH_MAP_BIT ((guint)film->panes[i]);
  return maps;
}

gboolean
dh_film_size (const DhFilm *film, guint width, guint height, guint *film_width, guint *film_height, GError **error)
{
  g_return_val_if_fail (film->n_panes > 0 && width > 0 && height > 0, FALSE);

  const double aspect = (double)width / height, n = n_columns (film);
  double whole = film->height;
  if (film->height == 0) /* panes as large as the image, at most as high and wide as is usual */
    whole = MIN (MIN (whole_of (film, height), USUAL_HEIGHT), whole_of (film, USUAL_WIDTH / aspect / n));
  whole = 2 * floor (whole / 2);
  const double scale = scale_of (film, whole), pane = (whole - around (film) * scale) / n_rows (film);
  const double pane_width = floor (pane * aspect + 0.5);
  if (pane < LEAST_PANE || pane_width < 1)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "%.0f pixels of height leave no room for the panes: at least %.0f",
                   whole, whole_of (film, LEAST_PANE));
      return FALSE;
    }
  /* Even, as videos are. */
  *film_width = (guint)(GAP * scale * (n + 1) + n * pane_width + 1) & ~1u;
  *film_height = (guint)whole;
  return TRUE;
}

/* Around what is flagged, as thick as two pixels of a picture of 1080 rows. */
static DhImage *
draw_outlines (const DhFilm *film, const DhImage *image, DhTensor *score)
{
  const gsize n = (gsize)image->width * image->height;
  const gboolean low = dh_map_low_is_anomalous (film->score);
  const float *values = dh_tensor_f32 (score);
  g_autofree guint8 *mask = g_try_malloc (n);
  DhImage *drawn = mask ? dh_image_new (image->width, image->height) : NULL;
  if (!drawn)
    return NULL;
  for (gsize i = 0; i < n; i++)
    mask[i] = low ? values[i] < film->look.threshold : values[i] > film->look.threshold;
  memcpy (drawn->rgb, image->rgb, 3 * n);
  dh_picture_outline (drawn, mask, MAX (1, image->height / 540));
  return drawn;
}

static void
lay_over (DhImage *map, const DhImage *image, double overlay)
{
  const guint weight = (guint)(overlay * 256 + 0.5);
  const gsize n = (gsize)3 * image->width * image->height;
  for (gsize i = 0; i < n; i++)
    map->rgb[i] = (guint8)((map->rgb[i] * weight + image->rgb[i] * (256 - weight)) >> 8);
}

static gboolean
fits (const DhImage *image, DhTensor *map)
{
  return map && map->n_dims == 2 && map->dims[0] == image->height && map->dims[1] == image->width;
}

/* The pane's picture; the tile's is NULL where there is no such map. */
static gboolean
make_tile (const DhFilm *film, gint pane, const DhImage *image, DhTensor *const maps[DH_N_MAPS], DhTile *tile,
           GError **error)
{
  *tile = (DhTile){ title_of (pane), NULL, FALSE, DH_SCALE_INIT };
  if (pane == DH_FILM_IMAGE)
    {
      const gboolean outlined = isfinite (film->look.threshold) && fits (image, maps[film->score]);
      tile->picture = outlined ? draw_outlines (film, image, maps[film->score]) : dh_image_ref ((DhImage *)image);
      if (!tile->picture)
        g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for an image of %u×%u", image->width,
                     image->height);
      return tile->picture != NULL;
    }
  if (!fits (image, maps[pane]))
    return TRUE;
  tile->picture = dh_picture_of_map ((DhMap)pane, maps[pane], &film->look, error);
  if (!tile->picture)
    return FALSE;
  if (film->overlay < 1)
    lay_over (tile->picture, image, film->overlay);
  tile->has_bar = pane != DH_MAP_SEGMENTATION;
  tile->scale.reversed = dh_map_low_is_anomalous ((DhMap)pane);
  if (tile->has_bar)
    dh_picture_range ((DhMap)pane, maps[pane], &film->look, &tile->scale.low, &tile->scale.high);
  return TRUE;
}

static void
draw_pane (const DhTile *tile, cairo_t *cr, double x, double y, double width, double height)
{
  cairo_set_source_rgb (cr, 0.85, 0.85, 0.86);
  cairo_rectangle (cr, x, y + DH_TILE_HEAD, width, height);
  cairo_fill (cr);
  if (!tile->picture)
    {
      cairo_set_source_rgb (cr, 0.12, 0.12, 0.13);
      dh_tile_draw_text (cr, tile->title, x, y + 9, width, TRUE, PANGO_ALIGN_LEFT);
      return;
    }
  const double scale = MIN (width / tile->picture->width, height / tile->picture->height);
  const double fitted = tile->picture->width * scale;
  dh_tile_draw (tile, cr, x + (width - fitted) / 2, y, fitted, tile->picture->height * scale);
}

DhImage *
dh_film_draw (const DhFilm *film, guint film_width, guint film_height, const DhImage *image,
              DhTensor *const maps[DH_N_MAPS], const char *line, GError **error)
{
  const double scale = scale_of (film, film_height), columns = n_columns (film);
  const double width = (film_width / scale - GAP * (columns + 1)) / columns;
  const double height = (film_height / scale - around (film)) / n_rows (film);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int)film_width, (int)film_height);
  cairo_t *cr = cairo_create (surface);
  gboolean drawn = TRUE;
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  cairo_scale (cr, scale, scale);
  for (guint i = 0; i < film->n_panes && drawn; i++)
    {
      DhTile tile;
      drawn = make_tile (film, film->panes[i], image, maps, &tile, error);
      if (drawn)
        draw_pane (&tile, cr, GAP + i % n_columns (film) * (width + GAP),
                   i / n_columns (film) * (height + DH_TILE_HEAD), width, height);
      g_clear_pointer (&tile.picture, dh_image_unref);
    }
  cairo_set_source_rgb (cr, 0.12, 0.12, 0.13);
  dh_tile_draw_text (cr, line, GAP, n_rows (film) * (DH_TILE_HEAD + height) + 7, film_width / scale - 2 * GAP, FALSE,
                     PANGO_ALIGN_LEFT);
  DhImage *made = dh_tile_take_image (surface, cr);
  if (drawn && !made)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "an image of the video cannot be drawn: no memory is left");
  if (!drawn)
    g_clear_pointer (&made, dh_image_unref);
  return made;
}
