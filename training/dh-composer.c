#include "dh-composer.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"

static guint64
mix (guint64 z)
{
  z = (z ^ z >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ z >> 31;
}

DhRandom
dh_random_new (guint64 seed, guint64 stream, guint64 number)
{
  return (DhRandom){ mix (mix (mix (seed) + stream) + number) };
}

static guint64
next (DhRandom *random)
{
  random->state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return mix (random->state);
}

double
dh_random_uniform (DhRandom *random)
{
  return (double)(next (random) >> 11) * 0x1p-53;
}

guint
dh_random_below (DhRandom *random, guint n)
{
  return (guint)((next (random) >> 32) * n >> 32);
}

typedef struct
{
  DhImage *image;
  DhLabels *labels; /* NULL where there are none */
} Pair;

static void
clear_pair (Pair *pair)
{
  g_clear_pointer (&pair->image, dh_image_unref);
  g_clear_pointer (&pair->labels, dh_labels_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, clear_pair)

static gboolean
no_memory (GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for a training image");
  return FALSE;
}

/* Picture and labels to this size, bilinear and nearest. */
static gboolean
resize_pair (Pair *pair, guint width, guint height, GError **error)
{
  if (pair->image->width == width && pair->image->height == height)
    return TRUE;
  Pair resized = { dh_image_resize_bilinear (pair->image, width, height, FALSE),
                   pair->labels ? dh_labels_resize_nearest (pair->labels, width, height) : NULL };
  const gboolean ok = resized.image && (!pair->labels || resized.labels);
  clear_pair (pair);
  *pair = resized;
  return ok || no_memory (error);
}

static double
draw_scale (DhRandom *random, const double range[2])
{
  return range[0] + (range[1] - range[0]) * dh_random_uniform (random);
}

static gboolean
load_pair (const DhComposer *composer, guint item, Pair *pair, GError **error)
{
  pair->image = dh_dataset_load_image (composer->dataset, item, error);
  if (!pair->image || !dh_dataset_load_labels (composer->dataset, item, NULL, &pair->labels, error))
    return FALSE;
  if (!pair->labels)
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s has no class labels to learn from",
                 dh_dataset_item (composer->dataset, item)->image);
  return pair->labels != NULL;
}

/* What lies of so many pixels, `first` being the first of the picture's `length`, within it. */
static void
clip (gint first, guint pixels, guint length, guint *begin, guint *n)
{
  *begin = (guint)MAX (first, 0);
  *n = (guint)CLAMP (MIN (first + (gint)pixels, (gint)length) - (gint)*begin, 0, (gint)pixels);
}

/* A crop of columns×rows, at most, where `within`, as large as the picture, of the picture at ⌊factor · side⌋ or of the
 * padding beside it; its place is drawn. Nothing of the larger picture is made but that. */
static gboolean
scale_and_crop (Pair *pair, double factor, guint columns, guint rows, gboolean within, const guint8 fill[3],
                guint8 ignored, DhRandom *random, GError **error)
{
  const guint w = (guint)MAX (factor * pair->image->width, 1), h = (guint)MAX (factor * pair->image->height, 1);
  columns = within ? MIN (columns, w) : columns;
  rows = within ? MIN (rows, h) : rows;
  /* The whole deficit is added on both sides. */
  const guint pad_x = w < columns ? columns - w : 0, pad_y = h < rows ? rows - h : 0;
  const gint x0 = (gint)dh_random_below (random, w + 2 * pad_x - columns + 1) - (gint)pad_x;
  const gint y0 = (gint)dh_random_below (random, h + 2 * pad_y - rows + 1) - (gint)pad_y;
  DhImagePart part;
  clip (x0, columns, w, &part.left, &part.width);
  clip (y0, rows, h, &part.top, &part.height);
  g_auto (Pair) there = { dh_image_resize_part (pair->image, w, h, part),
                          pair->labels ? dh_labels_resize_part (pair->labels, w, h, part) : NULL };
  Pair crop = { dh_image_new (columns, rows), pair->labels ? dh_labels_new (columns, rows) : NULL };
  const gboolean ok = crop.image && there.image && (!pair->labels || (crop.labels && there.labels));
  const guint left = part.left - x0, top = part.top - y0;
  for (guint y = 0; ok && y < rows; y++)
    {
      guint8 *to = crop.image->rgb + (gsize)y * columns * 3,
             *ids = crop.labels ? crop.labels->ids + (gsize)y * columns : NULL;
      for (guint x = 0; x < columns; x++)
        memcpy (to + 3 * x, fill, 3);
      if (ids)
        memset (ids, ignored, columns);
      if (y < top || y >= top + part.height)
        continue;
      memcpy (to + 3 * left, there.image->rgb + (gsize)(y - top) * part.width * 3, (gsize)part.width * 3);
      if (ids)
        memcpy (ids + left, there.labels->ids + (gsize)(y - top) * part.width, part.width);
    }
  clear_pair (pair);
  *pair = crop;
  return ok || no_memory (error);
}

static void
flip (Pair *pair)
{
  const guint w = pair->image->width;
  for (guint y = 0; y < pair->image->height; y++)
    for (guint x = 0; x < w / 2; x++)
      {
        const gsize a = (gsize)y * w + x, b = (gsize)y * w + w - 1 - x;
        for (guint c = 0; c < 3; c++)
          {
            const guint8 kept = pair->image->rgb[3 * a + c];
            pair->image->rgb[3 * a + c] = pair->image->rgb[3 * b + c];
            pair->image->rgb[3 * b + c] = kept;
          }
        const guint8 kept = pair->labels->ids[a];
        pair->labels->ids[a] = pair->labels->ids[b];
        pair->labels->ids[b] = kept;
      }
}

/* 1 give or take `share`. */
static float
draw_gain (DhRandom *random, double share)
{
  return (float)(1 + share * (2 * dh_random_uniform (random) - 1));
}

/* Saturation about a pixel's grey, contrast about the picture's mean grey, brightness with a cast of colour. */
static void
jitter_colors (DhImage *image, double share, DhRandom *random)
{
  if (share <= 0)
    return;
  const gsize count = (gsize)image->width * image->height;
  const float saturation = draw_gain (random, share), contrast = draw_gain (random, share);
  const float brightness = draw_gain (random, share);
  float gain[3];
  for (guint c = 0; c < 3; c++)
    gain[c] = brightness * draw_gain (random, share / 3);
  guint64 sum = 0;
  for (gsize i = 0; i < 3 * count; i++)
    sum += image->rgb[i];
  const float mean = (float)sum / (3 * (float)count);
  for (gsize i = 0; i < count; i++)
    {
      guint8 *pixel = image->rgb + 3 * i;
      const float grey = ((float)pixel[0] + (float)pixel[1] + (float)pixel[2]) / 3;
      for (guint c = 0; c < 3; c++)
        {
          const float value = grey + saturation * ((float)pixel[c] - grey);
          pixel[c] = (guint8)(CLAMP (gain[c] * (mean + contrast * (value - mean)), 0, 255) + 0.5F);
        }
    }
}

static gboolean
load_negative (const DhComposer *composer, DhRandom *random, Pair *pair, GError **error)
{
  const DhRecipe *recipe = composer->recipe;
  const guint item = composer->negative_items[dh_random_below (random, composer->n_negative_items)];
  g_autoptr (GError) why = NULL;
  pair->image = dh_dataset_load_image (composer->negatives, item, error);
  if (!pair->image)
    return FALSE;
  pair->labels = dh_dataset_load_raw_labels (composer->negatives, item, &why);
  if (why)
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  const guint w = pair->image->width, h = pair->image->height;
  if (pair->labels && (pair->labels->width != w || pair->labels->height != h))
    g_clear_pointer (&pair->labels, dh_labels_unref);
  const double factor = (double)recipe->negative_side / MIN (w, h);
  if (MAX (w, h) * factor > DH_IMAGE_MAX_SIDE)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "%s, %u×%u: too long and narrow to be brought to a side of %u pixels; take it out of the negatives",
                   dh_dataset_item (composer->negatives, item)->image, w, h, recipe->negative_side);
      return FALSE;
    }
  /* Padding is no anomaly: where the picture is smaller than the crop, all of it is the crop. */
  if (resize_pair (pair, w < h ? recipe->negative_side : (guint)(w * factor),
                   w < h ? (guint)(h * factor) : recipe->negative_side, error)
      && scale_and_crop (pair, draw_scale (random, recipe->negative_scale), recipe->negative_crop,
                         recipe->negative_crop, TRUE, recipe->fill, 0, random, error))
    return TRUE;
  g_prefix_error (error, "%s, %u×%u: ", dh_dataset_item (composer->negatives, item)->image, w, h);
  return FALSE;
}

/* 16, 24, … below `side`. */
static guint
draw_side (DhRandom *random, guint side)
{
  const guint n = side > 16 ? (side - 16 + 7) / 8 : 1;
  return MIN (16 + 8 * dh_random_below (random, n), side);
}

/* Which pixels of the negative are pasted: a rectangle of it, or those of two of its own ids. */
static void
draw_mask (const Pair *negative, DhRandom *random, guint8 *mask)
{
  const guint w = negative->image->width, h = negative->image->height;
  const gboolean rectangle = dh_random_uniform (random) < 0.5 || !negative->labels;
  if (rectangle)
    {
      const guint rows = draw_side (random, h), columns = draw_side (random, w);
      const guint top = dh_random_below (random, h - rows + 1), left = dh_random_below (random, w - columns + 1);
      for (guint y = top; y < top + rows; y++)
        memset (mask + (gsize)y * w + left, 1, columns);
      return;
    }
  guint8 present[256] = { 0 }, ids[256];
  guint n = 0;
  for (gsize i = 0; i < (gsize)w * h; i++)
    present[negative->labels->ids[i]] = 1;
  for (guint id = 0; id < 256; id++)
    if (present[id])
      ids[n++] = (guint8)id;
  const guint8 a = ids[dh_random_below (random, n)], b = ids[dh_random_below (random, n)];
  for (gsize i = 0; i < (gsize)w * h; i++)
    mask[i] = negative->labels->ids[i] == a || negative->labels->ids[i] == b;
}

/* Puts the mask's box at a random place; what would stand over an edge is cut off. The negative's colours vary by
 * `jitter`. */
static gboolean
paste (const DhComposer *composer, Pair *pair, guint8 label, double jitter, DhRandom *random, GError **error)
{
  g_auto (Pair) negative = { NULL };
  if (!load_negative (composer, random, &negative, error))
    return FALSE;
  jitter_colors (negative.image, jitter, random);
  const guint w = negative.image->width, h = negative.image->height;
  g_autofree guint8 *mask = g_try_malloc0 ((gsize)w * h);
  if (!mask)
    return no_memory (error);
  draw_mask (&negative, random, mask);
  guint x0 = w, x1 = 0, y0 = h, y1 = 0;
  for (guint y = 0; y < h; y++)
    for (guint x = 0; x < w; x++)
      if (mask[(gsize)y * w + x])
        {
          x0 = MIN (x0, x);
          x1 = MAX (x1, x + 1);
          y0 = MIN (y0, y);
          y1 = MAX (y1, y + 1);
        }
  const guint columns = MIN (x1 - x0, pair->image->width), rows = MIN (y1 - y0, pair->image->height);
  const guint left = dh_random_below (random, pair->image->width - columns + 1);
  const guint top = dh_random_below (random, pair->image->height - rows + 1);
  for (guint y = 0; y < rows; y++)
    for (guint x = 0; x < columns; x++)
      {
        const gsize from = (gsize)(y0 + y) * w + x0 + x, to = (gsize)(top + y) * pair->image->width + left + x;
        if (!mask[from])
          continue;
        memcpy (pair->image->rgb + 3 * to, negative.image->rgb + 3 * from, 3);
        pair->labels->ids[to] = label;
      }
  return TRUE;
}

gboolean
dh_composer_sample (const DhComposer *composer, guint item, DhRandom random, float *input, guint8 *labels,
                    GError **error)
{
  const DhRecipe *recipe = composer->recipe;
  g_auto (Pair) pair = { NULL };
  if (!load_pair (composer, item, &pair, error)
      || !scale_and_crop (&pair, draw_scale (&random, recipe->scale), recipe->crop, recipe->crop, FALSE, recipe->fill,
                          (guint8)composer->classes, &random, error))
    return FALSE;
  if (dh_random_uniform (&random) < 0.5)
    flip (&pair);
  jitter_colors (pair.image, recipe->color_jitter, &random);
  if (recipe->negatives
      && !paste (composer, &pair, (guint8)(composer->classes + 1), recipe->color_jitter, &random, error))
    return FALSE;
  dh_image_to_planes (pair.image, input);
  memcpy (labels, pair.labels->ids, (gsize)recipe->crop * recipe->crop);
  return TRUE;
}

gboolean
dh_composer_load (const DhComposer *composer, guint item, DhImage **image, DhLabels **labels, GError **error)
{
  g_auto (Pair) pair = { NULL };
  if (!load_pair (composer, item, &pair, error))
    return FALSE;
  *image = g_steal_pointer (&pair.image);
  *labels = g_steal_pointer (&pair.labels);
  return TRUE;
}

gboolean
dh_composer_composite (const DhComposer *composer, const DhImage *of, const DhLabels *of_labels, DhRandom random,
                       DhImage **image, DhLabels **labels, GError **error)
{
  const guint w = of->width, h = of->height;
  g_auto (Pair) pair = { dh_image_new (w, h), dh_labels_new (w, h) };
  if (!pair.image || !pair.labels)
    return no_memory (error);
  memcpy (pair.image->rgb, of->rgb, (gsize)w * h * 3);
  for (gsize i = 0; i < (gsize)w * h; i++)
    pair.labels->ids[i] = of_labels->ids[i] < composer->classes ? 0 : 2;
  if (!paste (composer, &pair, 1, 0, &random, error))
    return FALSE;
  *image = g_steal_pointer (&pair.image);
  *labels = g_steal_pointer (&pair.labels);
  return TRUE;
}
