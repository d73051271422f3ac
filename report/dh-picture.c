#include "dh-picture.h"

#include <math.h>
#include <string.h>

#include "dh-class-table.h"
#include "dh-color-map.h"
#include "dh-error.h"
#include "dh-floats.h"

static const guint8 true_positive[3] = { 0x33, 0xb1, 0xff };
static const guint8 false_positive[3] = { 0xff, 0xb0, 0x00 };
static const guint8 false_negative[3] = { 0xdc, 0x26, 0x7f };

/* Quantiles of at most some 60000 values, evenly drawn. */
static void
robust_range (const float *values, gsize n, double *low, double *high)
{
  const gsize step = MAX (n / 60000, 1);
  g_autofree float *sample = g_new (float, n / step + 1);
  gsize count = 0;
  for (gsize i = 0; i < n; i += step)
    if (isfinite (values[i]))
      sample[count++] = values[i];
  *low = 0;
  *high = 1;
  if (count == 0)
    return;
  dh_floats_sort (sample, count);
  *low = sample[(gsize)((count - 1) * 0.005)];
  *high = sample[(gsize)ceil ((count - 1) * 0.995)];
  if (!(*high > *low))
    *high = *low + 1;
}

void
dh_picture_range (DhMap map, DhTensor *tensor, const DhPictureOptions *options, double *low, double *high)
{
  if (options->fixed[map])
    {
      *low = options->low[map];
      *high = options->high[map];
    }
  else if (map == DH_MAP_DATASET_POSTERIOR || map == DH_MAP_MAX_SOFTMAX)
    {
      *low = 0;
      *high = 1;
    }
  else
    robust_range (dh_tensor_f32 (tensor), dh_tensor_count (tensor), low, high);
}

static DhImage *
new_image (guint width, guint height, GError **error)
{
  DhImage *image = dh_image_new (width, height);
  if (!image)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for an image of %u×%u", width, height);
  return image;
}

static const DhClassTable *
class_table (const DhPictureOptions *options)
{
  return dh_class_table_for_count (options->classes);
}

DhImage *
dh_picture_of_map (DhMap map, DhTensor *tensor, const DhPictureOptions *options, GError **error)
{
  g_return_val_if_fail (tensor->n_dims == 2, NULL);

  DhImage *picture = new_image (tensor->dims[1], tensor->dims[0], error);
  if (!picture)
    return NULL;
  const gsize n = dh_tensor_count (tensor);
  if (map == DH_MAP_SEGMENTATION)
    {
      guint8 colours[256][3];
      for (guint id = 0; id < 256; id++)
        dh_class_table_colour (class_table (options), DH_PALETTE_USUAL, id, colours[id]);
      const guint8 *ids = dh_tensor_data (tensor);
      for (gsize i = 0; i < n; i++)
        memcpy (picture->rgb + 3 * i, colours[ids[i]], 3);
      return picture;
    }
  DhScale scale = DH_SCALE_INIT;
  scale.reversed = dh_map_low_is_anomalous (map);
  dh_picture_range (map, tensor, options, &scale.low, &scale.high);
  const float *values = dh_tensor_f32 (tensor);
  for (gsize i = 0; i < n; i++)
    dh_scale_get_color (&scale, values[i], picture->rgb + 3 * i);
  return picture;
}

void
dh_picture_outline (DhImage *image, const guint8 *mask, guint thick)
{
  static const guint8 outline[3] = { 0x33, 0xb1, 0xff };
  const guint width = image->width, height = image->height;
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      {
        const gsize i = (gsize)y * width + x;
        const gboolean border = mask[i]
                                && ((x >= thick && !mask[i - thick]) || (x + thick < width && !mask[i + thick])
                                    || (y >= thick && !mask[i - (gsize)thick * width])
                                    || (y + thick < height && !mask[i + (gsize)thick * width]));
        if (border)
          memcpy (image->rgb + 3 * i, outline, 3);
      }
}

guint8 *
dh_picture_mask (DhTensor *hybrid, double threshold)
{
  const gsize n = dh_tensor_count (hybrid);
  const float *values = dh_tensor_f32 (hybrid);
  guint8 *mask = g_malloc (MAX (n, 1));
  for (gsize i = 0; i < n; i++)
    mask[i] = values[i] > threshold ? 255 : 0;
  return mask;
}

static void
blend (guint8 *pixel, const guint8 colour[3], guint weight)
{
  for (guint c = 0; c < 3; c++)
    pixel[c] = (pixel[c] * (100 - weight) + colour[c] * weight) / 100;
}

DhImage *
dh_picture_overlay (const DhImage *image, DhTensor *hybrid, const guint8 *labels, double threshold, GError **error)
{
  DhImage *picture = new_image (image->width, image->height, error);
  if (!picture)
    return NULL;
  const float *values = dh_tensor_f32 (hybrid);
  for (guint y = 0; y < image->height; y++)
    for (guint x = 0; x < image->width; x++)
      {
        const gsize i = (gsize)y * image->width + x;
        guint8 *pixel = picture->rgb + 3 * i;
        memcpy (pixel, image->rgb + 3 * i, 3);
        const gboolean flagged = values[i] > threshold;
        const gboolean hatched = (x + y) % 8 < 3;
        if (labels && labels[i] > 1)
          continue;
        if (flagged)
          blend (pixel, !labels || labels[i] == 1 ? true_positive : false_positive, 65);
        else if (labels && labels[i] == 1)
          blend (pixel, false_negative, hatched ? 90 : 45);
      }
  return picture;
}
