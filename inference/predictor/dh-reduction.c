#include "dh-reduction.h"

#include <math.h>

#include "dh-error.h"
#include "dh-tiles.h"

gboolean
dh_reduction_is_none (const DhReduction *reduction)
{
  return reduction->scale >= 1 && reduction->tile == 0;
}

char *
dh_reduction_name (const DhReduction *reduction, const char *precision)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  GString *name = g_string_new (precision);
  if (reduction->scale < 1)
    g_string_append_printf (name, "-scale%s", g_ascii_formatd (number, sizeof number, "%.6g", reduction->scale));
  if (reduction->tile > 0)
    g_string_append_printf (name, "-tile%u", reduction->tile);
  return g_string_free (name, FALSE);
}

static void
set_no_memory (const DhImage *image, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is too short for a part of an image of %u×%u pixels",
               image->width, image->height);
}

DhImage *
dh_reduction_apply (const DhReduction *reduction, DhImage *image, GError **error)
{
  if (reduction->scale >= 1)
    return dh_image_ref (image);
  const guint width = (guint)MAX (1, lround (image->width * reduction->scale));
  const guint height = (guint)MAX (1, lround (image->height * reduction->scale));
  DhImage *smaller = dh_image_resize_bilinear (image, width, height, FALSE);
  if (!smaller)
    set_no_memory (image, error);
  return smaller;
}

DhImage *
dh_reduction_sample (const DhReduction *reduction, DhImage *image, GError **error)
{
  g_autoptr (DhImage) smaller = dh_reduction_apply (reduction, image, error);
  if (!smaller || reduction->tile == 0)
    return g_steal_pointer (&smaller);
  DhImage *tile = dh_tiles_cut_middle (smaller, reduction->tile);
  if (!tile)
    set_no_memory (image, error);
  return tile;
}

/* One H×W map brought to another size; NULL where memory is short. */
static DhTensor *
enlarge (const DhTensor *map, guint width, guint height)
{
  const gint64 dims[] = { height, width };
  const guint columns = (guint)map->dims[1], rows = (guint)map->dims[0];
  if (map->dtype == DH_DTYPE_F32)
    {
      DhTensor *to = dh_tensor_new_f32 (2, dims);
      if (to)
        dh_resize_bilinear_f32 (dh_tensor_f32 (map), columns, rows, 1, dh_tensor_f32 (to), width, height, FALSE);
      return to;
    }
  const DhLabels small = { .width = columns, .height = rows, .ids = (guint8 *)dh_tensor_data (map) };
  DhLabels *large = dh_labels_resize_nearest (&small, width, height);
  if (!large)
    return NULL;
  GBytes *bytes =
      g_bytes_new_with_free_func (large->ids, (gsize)width * height, (GDestroyNotify)dh_labels_unref, large);
  return dh_tensor_new_take (map->dtype, 2, dims, bytes);
}

static gboolean
enlarge_all (DhPrediction *prediction, guint width, guint height, GError **error)
{
  for (guint m = 0; m < DH_N_MAPS; m++)
    {
      DhTensor *map = prediction->maps[m];
      if (!map)
        continue;
      DhTensor *large = enlarge (map, width, height);
      if (!large)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is too short for a map of %u×%u pixels", width,
                       height);
          return FALSE;
        }
      dh_tensor_unref (map);
      prediction->maps[m] = large;
    }
  prediction->width = width;
  prediction->height = height;
  return TRUE;
}

DhPrediction *
dh_reduction_run (const DhReduction *reduction, DhPredictor *predictor, const DhImage *image, guint maps,
                  GCancellable *cancellable, GError **error)
{
  if (reduction->scale < 1 && maps & (DH_MAP_BIT (DH_MAP_LOGITS) | DH_MAP_BIT (DH_MAP_LOGITS_OOD)))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "logits of a smaller image are not brought to its own size");
      return NULL;
    }
  g_autoptr (DhImage) smaller = dh_reduction_apply (reduction, (DhImage *)image, error);
  if (!smaller)
    return NULL;
  g_autoptr (DhPrediction) prediction =
      reduction->tile > 0 ? dh_predictor_run_tiles (predictor, smaller, reduction->tile, maps, cancellable, NULL, error)
                          : dh_predictor_run (predictor, smaller, maps, cancellable, NULL, error);
  if (!prediction || (reduction->scale < 1 && !enlarge_all (prediction, image->width, image->height, error)))
    return NULL;
  return g_steal_pointer (&prediction);
}
