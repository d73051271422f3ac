/* What changes a pixel by those around it: blur, and pixels that are too few. */
#include "dh-degrade-private.h"

/* Pixels of a row beside each other, seen from the one that they are the mean of. */
typedef struct
{
  gint dy, left, right; /* both ends belong to it */
} Span;

/* Of rows their sums from the left, of those alone that are still to be read. */
typedef struct
{
  const DhImage *image;
  guint reach_x, n_rows, made; /* rows made so far */
  gsize stride;
  guint32 *sums;
} Rows;

/* Pixels beyond an edge are as those at it. */
static void
make_row (Rows *rows)
{
  const guint y = rows->made++, width = rows->image->width;
  const guint8 *from = rows->image->rgb + (gsize)3 * width * y;
  guint32 *sums = rows->sums + rows->stride * (y % rows->n_rows);
  sums[0] = sums[1] = sums[2] = 0;
  for (guint i = 0; i < width + 2 * rows->reach_x; i++, sums += 3)
    {
      const guint x = MIN (i < rows->reach_x ? 0 : i - rows->reach_x, width - 1);
      for (guint c = 0; c < 3; c++)
        sums[3 + c] = sums[c] + from[3 * x + c];
    }
}

static const guint32 *
find_row (Rows *rows, gint y)
{
  const guint wanted = (guint)CLAMP (y, 0, (gint)rows->image->height - 1);
  while (rows->made <= wanted)
    make_row (rows);
  return rows->sums + rows->stride * (wanted % rows->n_rows);
}

/* The mean over these spans, by whose `dy` they are sorted; `reach` is the longest way to any. */
static gboolean
take_means (const DhDegradeJob *job, const GArray *spans, guint reach)
{
  const guint width = job->from->width, height = job->from->height;
  Rows rows = { job->from, reach, 2 * reach + 1, 0, ((gsize)width + 2 * reach + 1) * 3, NULL };
  rows.sums = g_try_new (guint32, rows.stride * rows.n_rows);
  g_autofree guint32 *means = g_try_new (guint32, (gsize)3 * width);
  guint area = 0;
  for (guint i = 0; i < spans->len; i++)
    area += (guint)(g_array_index (spans, Span, i).right - g_array_index (spans, Span, i).left) + 1;
  const guint64 share = ((G_GUINT64_CONSTANT (1) << 32) + area / 2) / area;
  for (guint y = 0; rows.sums && means && y < height; y++)
    {
      for (gsize i = 0; i < (gsize)3 * width; i++)
        means[i] = 0;
      for (guint k = 0; k < spans->len; k++)
        {
          const Span *span = &g_array_index (spans, Span, k);
          const guint32 *row = find_row (&rows, (gint)y + span->dy);
          const guint32 *left = row + 3 * ((gint)reach + span->left),
                        *right = row + 3 * ((gint)reach + span->right + 1);
          for (gsize i = 0; i < (gsize)3 * width; i++)
            means[i] += right[i] - left[i];
        }
      guint8 *to = job->to->rgb + (gsize)3 * width * y;
      for (gsize i = 0; i < (gsize)3 * width; i++)
        to[i] = (guint8)((means[i] * share + (G_GUINT64_CONSTANT (1) << 31)) >> 32);
    }
  const gboolean made = rows.sums && means;
  g_free (rows.sums);
  return made;
}

gboolean
dh_degrade_defocus (const DhDegradeJob *job)
{
  static const guint radius[] = { 0, 384, 768, 1280, 1920, 2816 };
  /* A pixel belongs to the disk whose middle does, half a pixel further out: so that none is empty. */
  const gint r = (gint)dh_degrade_length (radius[job->severity], job->from->height) + 128;
  const gint reach = r / 256;
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  for (gint dy = -reach; dy <= reach; dy++)
    {
      gint half = reach;
      while (half > 0 && (half * half + dy * dy) * 65536 > r * r)
        half--;
      const Span span = { dy, -half, half };
      if (dy * dy * 65536 <= r * r)
        g_array_append_val (spans, span);
    }
  return take_means (job, spans, (guint)reach);
}

gboolean
dh_degrade_motion (const DhDegradeJob *job)
{
  static const guint length[] = { 0, 7, 13, 21, 33, 49 };
  const gint half = (gint)dh_degrade_length (length[job->severity] * 128, job->from->height) / 256;
  const gint slope = (gint)(job->seed % 129) - 64; /* at most a quarter, up or down */
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (Span));
  for (gint dx = -half; dx <= half; dx++)
    {
      const gint side = slope < 0 ? -dx : dx;
      const gint dy = (side * ABS (slope) + 128 + 256 * half) / 256 - half;
      Span *last = spans->len ? &g_array_index (spans, Span, spans->len - 1) : NULL;
      const Span span = { dy, dx, dx };
      if (last && last->dy == dy)
        last->right = dx;
      else
        g_array_append_val (spans, span);
    }
  /* Sorted by rows: upwards lines came the other way. */
  for (guint i = 0; slope < 0 && i < spans->len / 2; i++)
    {
      const Span first = g_array_index (spans, Span, i);
      g_array_index (spans, Span, i) = g_array_index (spans, Span, spans->len - 1 - i);
      g_array_index (spans, Span, spans->len - 1 - i) = first;
    }
  return take_means (job, spans, (guint)half);
}

/* A pixel lies between the middles of two cells. */
typedef struct
{
  guint cell, next, weight; /* of the next, of 2 · side */
} Tap;

static Tap *
make_taps (guint n, guint side)
{
  Tap *taps = g_try_new (Tap, n);
  const guint cells = (n + side - 1) / side;
  for (guint i = 0; taps && i < n; i++)
    {
      const guint at = 2 * i + 1 > side ? 2 * i + 1 - side : 0;
      taps[i].cell = MIN (at / (2 * side), cells - 1);
      taps[i].next = MIN (taps[i].cell + 1, cells - 1);
      taps[i].weight = at % (2 * side);
    }
  return taps;
}

static DhImage *
make_cells (const DhImage *image, guint side)
{
  const guint width = (image->width + side - 1) / side, height = (image->height + side - 1) / side;
  DhImage *cells = dh_image_new (width, height);
  for (guint y = 0; cells && y < height; y++)
    for (guint x = 0; x < width; x++)
      {
        const guint columns = MIN (side, image->width - x * side), n_rows = MIN (side, image->height - y * side);
        guint sum[3] = { 0 };
        for (guint row = 0; row < n_rows; row++)
          {
            const guint8 *from = image->rgb + ((gsize)image->width * (y * side + row) + x * side) * 3;
            for (guint i = 0; i < 3 * columns; i += 3)
              for (guint c = 0; c < 3; c++)
                sum[c] += from[i + c];
          }
        for (guint c = 0; c < 3; c++)
          cells->rgb[((gsize)width * y + x) * 3 + c] = (guint8)((sum[c] + columns * n_rows / 2) / (columns * n_rows));
      }
  return cells;
}

gboolean
dh_degrade_resolution (const DhDegradeJob *job)
{
  static const guint sides[] = { 0, 2, 3, 4, 6, 8 };
  const guint side = sides[job->severity], whole = 2 * side, width = job->from->width;
  g_autoptr (DhImage) cells = make_cells (job->from, side);
  g_autofree Tap *columns = make_taps (width, side);
  g_autofree Tap *rows = make_taps (job->from->height, side);
  guint8 *to = job->to->rgb;
  if (!cells || !columns || !rows)
    return FALSE;
  for (guint y = 0; y < job->from->height; y++)
    {
      const guint8 *above = cells->rgb + (gsize)3 * cells->width * rows[y].cell;
      const guint8 *below = cells->rgb + (gsize)3 * cells->width * rows[y].next;
      for (guint x = 0; x < width; x++)
        for (guint c = 0; c < 3; c++)
          {
            const gsize left = (gsize)3 * columns[x].cell + c, right = (gsize)3 * columns[x].next + c;
            const guint of_left = whole - columns[x].weight, of_right = columns[x].weight;
            const guint sum = (above[left] * of_left + above[right] * of_right) * (whole - rows[y].weight)
                              + (below[left] * of_left + below[right] * of_right) * rows[y].weight;
            *to++ = (guint8)((sum + whole * whole / 2) / (whole * whole));
          }
    }
  return TRUE;
}
