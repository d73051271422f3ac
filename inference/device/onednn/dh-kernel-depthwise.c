#include "dh-simd.h"

/* A convolution with a group for each channel: taps of one plane, lane by lane. What it reads and writes takes longer
 * than what it computes, so several rows of a plane are made while their neighbours are in the cache. */

/* Pixels whose sums stand in registers. */
#define TILE 8

/* Lanes of the input as the output reads them. */
DH_INLINE DhVec
fetch (const float *from, gboolean turned, DhVecInt lanes)
{
  const DhVec x = dh_load (from);
#if defined __AVX512F__
  return turned ? (DhVec)_mm512_permutexvar_ps ((__m512i)lanes, (__m512)x) : x;
#elif defined __AVX2__
  return turned ? (DhVec)_mm256_permutevar8x32_ps ((__m256)x, (__m256i)lanes) : x;
#else
  DhVec y = x;
  for (gint i = 0; turned && i < DH_LANES; i++)
    y[i] = x[lanes[i]];
  return y;
#endif
}

typedef struct
{
  const DhCpuDepthwise *conv;
  const float *from, *weights, *sum;
  float *to; /* of the row */
  DhVec bias;
  DhVecInt lanes;
  gint y; /* of the input, of the first tap */
} Row;

DH_INLINE void
finish (const Row *row, gint x, DhVec v)
{
  if (row->sum != NULL)
    v += dh_load (row->sum + (gsize)x * DH_LANES);
  dh_store (row->to + (gsize)x * DH_LANES, row->conv->out.relu ? dh_relu (v) : v);
}

/* A pixel whose window may reach over the sides. */
DH_INLINE void
make_pixel (const Row *row, gint x, gboolean turned)
{
  const DhCpuDepthwise *conv = row->conv;
  const gint left = x * conv->stride - conv->padding;
  DhVec v = row->bias;
  for (gint ky = 0; ky < conv->kernel; ky++)
    {
      const gint y = row->y + ky * conv->dilation;
      if (y < 0 || y >= conv->in.h)
        continue;
      for (gint kx = 0; kx < conv->kernel; kx++)
        {
          const gint at = left + kx * conv->dilation;
          if (at >= 0 && at < conv->in.w)
            v += fetch (row->from + ((gsize)y * conv->in.w + at) * DH_LANES, turned, row->lanes)
                 * dh_load (row->weights + (ky * conv->kernel + kx) * DH_LANES);
        }
    }
  finish (row, x, v);
}

/* TILE pixels whose windows do not. */
DH_INLINE void
make_tile (const Row *row, gint x, gint kernel, gint stride, gboolean turned)
{
  const DhCpuDepthwise *conv = row->conv;
  const gint left = x * stride - conv->padding;
  DhVec v[TILE];
#pragma GCC unroll 8
  for (gint i = 0; i < TILE; i++)
    v[i] = row->bias;
  for (gint ky = 0; ky < kernel; ky++)
    {
      const gint y = row->y + ky * conv->dilation;
      if (y < 0 || y >= conv->in.h)
        continue;
      const float *from = row->from + ((gsize)y * conv->in.w + left) * DH_LANES;
      const float *weights = row->weights + ky * kernel * DH_LANES;
      for (gint kx = 0; kx < kernel; kx++)
        {
          const DhVec w = dh_load (weights + kx * DH_LANES);
          const float *p = from + (gsize)kx * conv->dilation * DH_LANES;
#pragma GCC unroll 8
          for (gint i = 0; i < TILE; i++)
            v[i] += fetch (p + i * stride * DH_LANES, turned, row->lanes) * w;
        }
    }
#pragma GCC unroll 8
  for (gint i = 0; i < TILE; i++)
    finish (row, x + i, v[i]);
}

DH_INLINE void
make_row (const Row *row, gint kernel, gint stride, gboolean turned)
{
  const DhCpuDepthwise *conv = row->conv;
  const gint reach = (kernel - 1) * conv->dilation, w = conv->out.w;
  /* The first whose window is within, and the first whose is not again. */
  const gint first = MIN (w, (conv->padding + stride - 1) / stride), room = conv->in.w - 1 - reach + conv->padding;
  const gint last = room < 0 ? first : MAX (first, MIN (w, room / stride + 1));
  gint x = 0;
  for (; x < first; x++)
    make_pixel (row, x, turned);
  for (; x + TILE <= last; x += TILE)
    make_tile (row, x, kernel, stride, turned);
  for (; x < w; x++)
    make_pixel (row, x, turned);
}

void
dh_depthwise (const DhCpuDepthwise *conv, gint item)
{
  const gint parts = (conv->out.h + conv->rows - 1) / conv->rows;
  const gint plane = item / parts, y0 = item % parts * conv->rows, y1 = MIN (y0 + conv->rows, conv->out.h);
  Row row = { .conv = conv,
              .from = conv->in.planes[plane / conv->multiplier],
              .weights = conv->weights + (gsize)plane * conv->kernel * conv->kernel * DH_LANES,
              .bias = dh_load (conv->bias + (gsize)plane * DH_LANES) };
  const gboolean turned = conv->lanes != NULL;
  if (turned)
    row.lanes = *(const DhVecInt *)(conv->lanes + (gsize)plane * DH_LANES);
  for (gint y = y0; y < y1; y++)
    {
      const gsize at = (gsize)y * conv->out.w * DH_LANES;
      row.to = conv->out.planes[plane] + at;
      row.sum = conv->out.sum != NULL ? conv->out.sum[plane] + at : NULL;
      row.y = y * conv->stride - conv->padding;
      if (turned)
        make_row (&row, conv->kernel, conv->stride, TRUE);
      else if (conv->kernel == 3 && conv->stride == 1)
        make_row (&row, 3, 1, FALSE);
      else if (conv->kernel == 3 && conv->stride == 2)
        make_row (&row, 3, 2, FALSE);
      else if (conv->kernel == 5 && conv->stride == 1)
        make_row (&row, 5, 1, FALSE);
      else if (conv->kernel == 5 && conv->stride == 2)
        make_row (&row, 5, 2, FALSE);
      else
        make_row (&row, conv->kernel, conv->stride, FALSE);
      dh_activate (&conv->out.activation, row.to, conv->out.w);
    }
}
