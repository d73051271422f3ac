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
dh_labels_resize_part (const DhLabels *labels, guint columns, guint rows, DhImagePart part)
{
  g_return_val_if_fail (labels != NULL, NULL);
  g_return_val_if_fail (part.left <= columns && part.width <= columns - part.left, NULL);
  g_return_val_if_fail (part.top <= rows && part.height <= rows - part.top, NULL);

  DhLabels *to = dh_labels_new (part.width, part.height);
  g_autofree guint *column = to ? g_try_new (guint, part.width) : NULL;
  if (!column)
    {
      dh_labels_unref (to);
      return NULL;
    }
  for (guint x = 0; x < part.width; x++)
    column[x] = nearest_index (part.left + x, labels->width, columns);
  for (guint y = 0; y < part.height; y++)
    {
      const guint8 *from_row = labels->ids + (gsize)nearest_index (part.top + y, labels->height, rows) * labels->width;
      guint8 *to_row = to->ids + (gsize)y * part.width;
      for (guint x = 0; x < part.width; x++)
        to_row[x] = from_row[column[x]];
    }
  return to;
}

DhLabels *
dh_labels_resize_nearest (const DhLabels *labels, guint width, guint height)
{
  return dh_labels_resize_part (labels, width, height, (DhImagePart){ 0, 0, width, height });
}
