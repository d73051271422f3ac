#include "dh-image-private.h"

#include <math.h>

DhLabels *
dh_labels_new (guint width, guint height)
{
  if (!dh_image_check_size ("", width, height, NULL))
    return NULL;
  DhLabels *labels = g_new0 (DhLabels, 1);
  labels->ids = g_try_malloc ((gsize)width * height);
  if (!labels->ids)
    {
      g_free (labels);
      return NULL;
    }
  g_atomic_ref_count_init (&labels->refs);
  labels->width = width;
  labels->height = height;
  return labels;
}

DhLabels *
dh_labels_ref (DhLabels *labels)
{
  g_atomic_ref_count_inc (&labels->refs);
  return labels;
}

void
dh_labels_unref (DhLabels *labels)
{
  if (!labels || !g_atomic_ref_count_dec (&labels->refs))
    return;
  g_free (labels->ids);
  g_free (labels);
}

/* In float32, as PyTorch computes it: at some sizes floor (i · in / out) in exact arithmetic is one more. */
static guint
nearest_index (guint i, guint in, guint out)
{
  if (in == out)
    return i;
  const float scale = (float)in / (float)out;
  return MIN ((guint)floorf ((float)i * scale), in - 1);
}

DhLabels *
dh_labels_resize_nearest (const DhLabels *labels, guint width, guint height)
{
  g_return_val_if_fail (labels != NULL, NULL);

  DhLabels *to = dh_labels_new (width, height);
  g_autofree guint *column = to ? g_try_new (guint, width) : NULL;
  if (!column)
    {
      dh_labels_unref (to);
      return NULL;
    }
  for (guint x = 0; x < width; x++)
    column[x] = nearest_index (x, labels->width, width);
  for (guint y = 0; y < height; y++)
    {
      const guint8 *from_row = labels->ids + (gsize)nearest_index (y, labels->height, height) * labels->width;
      guint8 *to_row = to->ids + (gsize)y * width;
      for (guint x = 0; x < width; x++)
        to_row[x] = from_row[column[x]];
    }
  return to;
}
