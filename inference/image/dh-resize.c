#include "dh-image-private.h"

#include <math.h>
#include <string.h>

/* Where an output sample lies between two input samples: value = from[low] + weight · (from[high] − from[low]). */
typedef struct
{
  guint low, high;
  float weight;
} Tap;

/* PyTorch's area_pixel_compute_source_index: half-pixel centres, or corners aligned. */
static Tap *
make_taps (guint in, guint out, gboolean align_corners)
{
  Tap *taps = g_try_new (Tap, out);
  if (!taps)
    return NULL;
  const double scale = align_corners ? (out > 1 ? (in - 1.0) / (out - 1.0) : 0) : (double)in / out;
  for (guint i = 0; i < out; i++)
    {
      const double at = align_corners ? i * scale : MAX ((i + 0.5) * scale - 0.5, 0);
      taps[i].low = MIN ((guint)at, in - 1);
      taps[i].high = MIN (taps[i].low + 1, in - 1);
      taps[i].weight = at - taps[i].low;
    }
  return taps;
}

void
dh_resize_bilinear_f32 (const float *from, guint in_width, guint in_height, guint channels, float *to, guint out_width,
                        guint out_height, gboolean align_corners)
{
  g_return_if_fail (in_width > 0 && in_height > 0 && out_width > 0 && out_height > 0 && channels > 0);

  g_autofree Tap *columns = make_taps (in_width, out_width, align_corners);
  g_autofree Tap *rows = make_taps (in_height, out_height, align_corners);
  g_return_if_fail (columns != NULL && rows != NULL);
  for (guint y = 0; y < out_height; y++)
    {
      const float *above = from + (gsize)rows[y].low * in_width * channels;
      const float *below = from + (gsize)rows[y].high * in_width * channels;
      const float v = rows[y].weight;
      for (guint x = 0; x < out_width; x++)
        {
          const gsize left = (gsize)columns[x].low * channels, right = (gsize)columns[x].high * channels;
          const float h = columns[x].weight;
          for (guint c = 0; c < channels; c++)
            {
              const float top = above[left + c] + h * (above[right + c] - above[left + c]);
              const float bottom = below[left + c] + h * (below[right + c] - below[left + c]);
              *to++ = top + v * (bottom - top);
            }
        }
    }
}

/* Row `y` of the input at the columns that are wanted. */
static void
resize_row (const DhImage *image, guint y, const Tap *columns, guint width, float *to)
{
  const guint8 *from = image->rgb + (gsize)y * image->width * 3;
  for (guint x = 0; x < width; x++, to += 3)
    {
      const guint8 *left = from + (gsize)columns[x].low * 3, *right = from + (gsize)columns[x].high * 3;
      const float h = columns[x].weight;
      for (guint c = 0; c < 3; c++)
        to[c] = left[c] + h * (right[c] - left[c]);
    }
}

static DhImage *
resize_part (const DhImage *image, guint all_columns, guint all_rows, DhImagePart part, gboolean align_corners)
{
  const gsize n = (gsize)part.width * 3;
  g_autoptr (DhImage) to = dh_image_new (part.width, part.height);
  g_autofree Tap *columns = to ? make_taps (image->width, all_columns, align_corners) : NULL;
  g_autofree Tap *rows = to ? make_taps (image->height, all_rows, align_corners) : NULL;
  g_autofree float *lines = to ? g_try_new (float, 2 * n) : NULL;
  if (!columns || !rows || !lines)
    return NULL;
  /* The two lines of the input that were last needed: at a larger size the next row needs the same, or one of them. */
  float *top = lines, *bottom = lines + n;
  guint top_is = G_MAXUINT, bottom_is = G_MAXUINT;
  for (guint y = 0; y < part.height; y++)
    {
      const Tap *row = rows + part.top + y;
      if (top_is != row->low && bottom_is == row->low)
        {
          float *kept = top;
          top = bottom;
          bottom = kept;
          bottom_is = top_is;
          top_is = row->low;
        }
      if (top_is != row->low)
        resize_row (image, row->low, columns + part.left, part.width, top);
      if (bottom_is != row->high)
        resize_row (image, row->high, columns + part.left, part.width, bottom);
      top_is = row->low;
      bottom_is = row->high;
      const float v = row->weight;
      guint8 *at = to->rgb + y * n;
      for (gsize i = 0; i < n; i++)
        at[i] = (guint8)(top[i] + v * (bottom[i] - top[i]) + 0.5f);
    }
  return g_steal_pointer (&to);
}

DhImage *
dh_image_resize_bilinear (const DhImage *image, guint width, guint height, gboolean align_corners)
{
  g_return_val_if_fail (image != NULL, NULL);
  return resize_part (image, width, height, (DhImagePart){ 0, 0, width, height }, align_corners);
}

DhImage *
dh_image_resize_part (const DhImage *image, guint columns, guint rows, DhImagePart part)
{
  g_return_val_if_fail (image != NULL, NULL);
  g_return_val_if_fail (part.left <= columns && part.width <= columns - part.left, NULL);
  g_return_val_if_fail (part.top <= rows && part.height <= rows - part.top, NULL);
  return resize_part (image, columns, rows, part, FALSE);
}

void
dh_image_fit (guint width, guint height, guint max_width, guint max_height, guint *out_width, guint *out_height)
{
  *out_width = width;
  *out_height = height;
  if (width <= max_width && height <= max_height)
    return;
  if ((guint64)width * max_height >= (guint64)height * max_width)
    {
      *out_width = max_width;
      *out_height = MAX (((guint64)height * max_width + width / 2) / width, 1);
    }
  else
    {
      *out_height = max_height;
      *out_width = MAX (((guint64)width * max_height + height / 2) / height, 1);
    }
}

/* The share of input samples in each output sample: [start, start + n) with full weight but for the two ends. */
typedef struct
{
  guint start, n;
  float first, last;
} Box;

static Box *
make_boxes (guint in, guint out)
{
  Box *boxes = g_try_new (Box, out);
  if (!boxes)
    return NULL;
  const double size = (double)in / out;
  for (guint i = 0; i < out; i++)
    {
      const double from = i * size, until = MIN ((i + 1) * size, in);
      const guint start = MIN ((guint)from, in - 1);
      const guint end = CLAMP ((guint)ceil (until - 1e-9), start + 1, in);
      boxes[i] = (Box){ start, end - start, start + 1 - from, until - (end - 1) };
      if (boxes[i].n == 1)
        boxes[i].first = boxes[i].last = 1;
    }
  return boxes;
}

static inline float
box_weight (const Box *box, guint k)
{
  return k == 0 ? box->first : k == box->n - 1 ? box->last : 1;
}

DhImage *
dh_image_thumbnail (const DhImage *image, guint max_width, guint max_height)
{
  g_return_val_if_fail (image != NULL && max_width > 0 && max_height > 0, NULL);

  guint width, height;
  dh_image_fit (image->width, image->height, max_width, max_height, &width, &height);
  g_autoptr (DhImage) to = dh_image_new (width, height);
  g_autofree Box *columns = to ? make_boxes (image->width, width) : NULL;
  g_autofree Box *rows = to ? make_boxes (image->height, height) : NULL;
  g_autofree float *sum = to ? g_try_new (float, (gsize)image->width * 3) : NULL;
  if (!columns || !rows || !sum)
    return NULL;

  const gsize stride = (gsize)image->width * 3;
  for (guint y = 0; y < height; y++)
    {
      float total = 0;
      memset (sum, 0, stride * sizeof *sum);
      for (guint k = 0; k < rows[y].n; k++)
        {
          const float weight = box_weight (&rows[y], k);
          const guint8 *from = image->rgb + (rows[y].start + k) * stride;
          total += weight;
          for (gsize i = 0; i < stride; i++)
            sum[i] += weight * from[i];
        }
      guint8 *at = to->rgb + (gsize)y * width * 3;
      for (guint x = 0; x < width; x++)
        {
          float r = 0, g = 0, b = 0, all = 0;
          for (guint k = 0; k < columns[x].n; k++)
            {
              const float weight = box_weight (&columns[x], k);
              const float *from = sum + (gsize)(columns[x].start + k) * 3;
              r += weight * from[0];
              g += weight * from[1];
              b += weight * from[2];
              all += weight;
            }
          const float scale = 1 / (total * all);
          *at++ = (guint8)(r * scale + 0.5f);
          *at++ = (guint8)(g * scale + 0.5f);
          *at++ = (guint8)(b * scale + 0.5f);
        }
    }
  return g_steal_pointer (&to);
}
