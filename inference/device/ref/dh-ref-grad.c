#include "dh-ref-private.h"

#include <math.h>
#include <string.h>

/* Gradients of everything but convolutions. Sums run in double, in an order that does not depend on the threads. */

#define LANES 8

static gsize
plane_size (DhShape shape)
{
  return (gsize)shape.h * shape.w;
}

/* Σ (x − shift)^power over a plane; LANES partial sums, which the compiler keeps in vector registers. */
static double
sum_plane (const float *x, gsize count, double shift, gboolean square)
{
  double sums[LANES] = { 0 };
  gsize i = 0;
  for (; i + LANES <= count; i += LANES)
    for (guint lane = 0; lane < LANES; lane++)
      {
        const double d = x[i + lane] - shift;
        sums[lane] += square ? d * d : d;
      }
  for (; i < count; i++)
    {
      const double d = x[i] - shift;
      sums[0] += square ? d * d : d;
    }
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

void
dh_ref_norm_statistics (const float *x, DhShape shape, double *mean, double *variance, guint threads)
{
  const gsize size = plane_size (shape);
  const double count = (double)size * shape.n;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gint c = 0; c < shape.c; c++)
    {
      double sum = 0, square = 0;
      for (gint image = 0; image < shape.n; image++)
        sum += sum_plane (x + ((gsize)image * shape.c + c) * size, size, 0, FALSE);
      mean[c] = sum / count;
      for (gint image = 0; image < shape.n; image++)
        square += sum_plane (x + ((gsize)image * shape.c + c) * size, size, mean[c], TRUE);
      variance[c] = square / count;
    }
}

void
dh_ref_norm_apply (const float *x, DhShape shape, const double *mean, const double *inverse, const float *weight,
                   const float *bias, gboolean relu, float *y, guint threads)
{
  const gsize size = plane_size (shape);
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gsize plane = 0; plane < (gsize)shape.n * shape.c; plane++)
    {
      const gsize c = plane % shape.c;
      const float scale = (float)(weight[c] * inverse[c]), shift = (float)(bias[c] - mean[c] * weight[c] * inverse[c]);
      const float *from = x + plane * size;
      float *to = y + plane * size;
      if (relu)
        for (gsize i = 0; i < size; i++)
          {
            const float v = scale * from[i] + shift;
            to[i] = v < 0 ? 0 : v;
          }
      else
        for (gsize i = 0; i < size; i++)
          to[i] = scale * from[i] + shift;
    }
}

/* Σ dy and Σ dy·(x − mean) over a plane, added. */
static void
sum_gradient (const float *x, const float *dy, gsize count, double mean, double *sum, double *product)
{
  double sums[LANES] = { 0 }, products[LANES] = { 0 };
  gsize i = 0;
  for (; i + LANES <= count; i += LANES)
    for (guint lane = 0; lane < LANES; lane++)
      {
        sums[lane] += dy[i + lane];
        products[lane] += dy[i + lane] * (x[i + lane] - mean);
      }
  for (; i < count; i++)
    {
      sums[0] += dy[i];
      products[0] += dy[i] * (x[i] - mean);
    }
  for (guint lane = 0; lane < LANES; lane++)
    {
      *sum += sums[lane];
      *product += products[lane];
    }
}

void
dh_ref_norm_gradient (const float *x, const float *dy, DhShape shape, const double *mean, const double *inverse,
                      const float *weight, float *dx, float *d_weight, float *d_bias, guint threads)
{
  const gsize size = plane_size (shape);
  const double count = (double)size * shape.n;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gint c = 0; c < shape.c; c++)
    {
      double sum = 0, product = 0;
      for (gint image = 0; image < shape.n; image++)
        {
          const gsize at = ((gsize)image * shape.c + c) * size;
          sum_gradient (x + at, dy + at, size, mean[c], &sum, &product);
        }
      d_bias[c] = (float)sum;
      d_weight[c] = (float)(product * inverse[c]);
      /* dx = scale (dy − mean dy − (x − mean)·inverse²·mean (dy (x − mean))) */
      const double scale = weight[c] * inverse[c];
      const float a = (float)scale, b = (float)(-scale * inverse[c] * inverse[c] * product / count);
      const float shift = (float)(-scale * sum / count), middle = (float)mean[c];
      for (gint image = 0; image < shape.n; image++)
        {
          const gsize at = ((gsize)image * shape.c + c) * size;
          for (gsize i = at; i < at + size; i++)
            dx[i] = a * dy[i] + (b * (x[i] - middle) + shift);
        }
    }
}

static void
max_plane (const DhNode *node, const float *x, DhShape from, const float *dy, DhShape to, float *dx)
{
  memset (dx, 0, plane_size (from) * sizeof *dx);
  for (gint oy = 0; oy < to.h; oy++)
    for (gint ox = 0; ox < to.w; ox++)
      {
        const gint top = oy * node->stride - node->padding, left = ox * node->stride - node->padding;
        const gint y1 = MIN (top + node->kernel, from.h), x1 = MIN (left + node->kernel, from.w);
        gsize best = (gsize)MAX (top, 0) * from.w + MAX (left, 0);
        for (gint iy = MAX (top, 0); iy < y1; iy++)
          for (gint ix = MAX (left, 0); ix < x1; ix++)
            {
              const gsize at = (gsize)iy * from.w + ix;
              if (x[at] > x[best] || isnan (x[at]))
                best = at;
            }
        dx[best] += *dy++;
      }
}

/* The mean over rows y0…y1−1 and columns x0…x1−1. */
static void
spread (double *sums, gint width, gint y0, gint y1, gint x0, gint x1, float dy)
{
  const double share = dy / ((double)(y1 - y0) * (x1 - x0));
  for (gint iy = y0; iy < y1; iy++)
    for (gint ix = x0; ix < x1; ix++)
      sums[(gsize)iy * width + ix] += share;
}

static void
average_plane (const DhNode *node, DhShape from, const float *dy, DhShape to, double *sums)
{
  for (gint oy = 0; oy < to.h; oy++)
    for (gint ox = 0; ox < to.w; ox++)
      {
        const gint top = oy * node->stride - node->padding, left = ox * node->stride - node->padding;
        spread (sums, from.w, MAX (top, 0), MIN (top + node->kernel, from.h), MAX (left, 0),
                MIN (left + node->kernel, from.w), *dy++);
      }
}

static void
adaptive_plane (DhShape from, const float *dy, DhShape to, double *sums)
{
  for (gint64 oy = 0; oy < to.h; oy++)
    for (gint64 ox = 0; ox < to.w; ox++)
      spread (sums, from.w, (gint)(oy * from.h / to.h), (gint)(((oy + 1) * from.h + to.h - 1) / to.h),
              (gint)(ox * from.w / to.w), (gint)(((ox + 1) * from.w + to.w - 1) / to.w), *dy++);
}

/* `row`: from.w doubles. */
static void
resize_plane (const DhRefTap *rows, const DhRefTap *columns, DhShape from, const float *dy, DhShape to, double *sums,
              double *row)
{
  for (gint oy = 0; oy < to.h; oy++)
    {
      memset (row, 0, (gsize)from.w * sizeof *row);
      for (gint ox = 0; ox < to.w; ox++)
        {
          const double d = *dy++;
          row[columns[ox].low] += d * (1 - columns[ox].weight);
          row[columns[ox].high] += d * columns[ox].weight;
        }
      double *low = sums + (gsize)rows[oy].low * from.w, *high = sums + (gsize)rows[oy].high * from.w;
      const double v = rows[oy].weight;
      for (gint ix = 0; ix < from.w; ix++)
        low[ix] += row[ix] * (1 - v);
      for (gint ix = 0; ix < from.w; ix++)
        high[ix] += row[ix] * v;
    }
}

gboolean
dh_ref_window_gradient (const DhNode *node, const float *x, DhShape from, const float *dy, DhShape to, float *dx,
                        guint threads)
{
  const gsize size = plane_size (from), planes = (gsize)from.n * from.c;
  g_autofree DhRefTap *rows = NULL, *columns = NULL;
  if (node->op == DH_OP_RESIZE)
    {
      rows = node->nearest ? dh_ref_make_nearest_taps (from.h, to.h)
                           : dh_ref_make_taps (from.h, to.h, node->align_corners);
      columns = node->nearest ? dh_ref_make_nearest_taps (from.w, to.w)
                              : dh_ref_make_taps (from.w, to.w, node->align_corners);
    }
  threads = (guint)CLAMP (planes, 1, (gsize)threads);
  g_autofree double *memory = g_try_malloc_n (threads, (size + from.w) * sizeof *memory);
  if (!memory)
    return FALSE;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (guint part = 0; part < threads; part++)
    for (gsize plane = planes * part / threads; plane < planes * (part + 1) / threads; plane++)
      {
        double *sums = memory + part * (size + from.w);
        const float *d = dy + plane * plane_size (to);
        if (node->op == DH_OP_MAX_POOL)
          {
            max_plane (node, x + plane * size, from, d, to, dx + plane * size);
            continue;
          }
        memset (sums, 0, size * sizeof *sums);
        if (node->op == DH_OP_AVERAGE_POOL)
          average_plane (node, from, d, to, sums);
        else if (node->op == DH_OP_ADAPTIVE_POOL)
          adaptive_plane (from, d, to, sums);
        else
          resize_plane (rows, columns, from, d, to, sums, sums + size);
        for (gsize i = 0; i < size; i++)
          dx[plane * size + i] = (float)sums[i];
      }
  return TRUE;
}
