#include "dh-ref-private.h"

#include <string.h>

/* A convolution is a product of matrices: the weights, O×(I·k·k), by the patches, (I·k·k)×(H·W), gathered for a tile of
 * output pixels at a time. Each output's sum runs over input channel, row, column of the kernel, in that order. */
enum
{
  TILE_PIXELS = 64,
  TILE_TERMS = 256, /* a patch tile of 128 KiB stays in the second-level cache */
  TILE_OUT = 4,
  TILE_WIDE = 4,
};

typedef struct
{
  double *sums;    /* O × TILE_PIXELS */
  double *patches; /* TILE_TERMS × TILE_PIXELS */
} Scratch;

/* Where the window's entry `k` over position `at` of the result reads, along a side of `length`; −1: nowhere. In the
 * transposed convolution, the gradient of the input, the roles are exchanged. */
static gint64
source (const DhNode *node, gboolean transposed, gint64 at, gint k, gint length)
{
  const gint64 reach = (gint64)k * node->dilation - node->padding;
  gint64 from = transposed ? at - reach : at * node->stride + reach;
  if (transposed)
    from = from % node->stride ? -1 : from / node->stride;
  return from < length ? from : -1;
}

/* patches[t][p] for terms first…first+n_terms−1 and output pixels of image `x` from `pixel` on; 0 where the patch
 * leaves the image. */
static void
gather (const DhNode *node, gboolean transposed, const float *x, DhShape from, DhShape to, gint first, gint n_terms,
        gint64 pixel, gint n_pixels, double *patches)
{
  const gint area = node->kernel * node->kernel;
  for (gint t = 0; t < n_terms; t++)
    {
      const gint channel = (first + t) / area;
      const gint ky = (first + t) % area / node->kernel, kx = (first + t) % node->kernel;
      const float *plane = x + (gsize)channel * from.h * from.w;
      double *row = patches + (gsize)t * TILE_PIXELS;
      gint64 oy = pixel / to.w;
      gint ox = (gint)(pixel % to.w);
      for (gint p = 0; p < n_pixels;)
        {
          const gint run = MIN (to.w - ox, n_pixels - p);
          const gint64 iy = source (node, transposed, oy, ky, from.h);
          if (iy < 0)
            memset (row + p, 0, (gsize)run * sizeof *row);
          else
            for (gint i = 0; i < run; i++)
              {
                const gint64 at = source (node, transposed, ox + i, kx, from.w);
                row[p + i] = at < 0 ? 0.0 : plane[iy * from.w + at];
              }
          p += run;
          ox = 0;
          oy++;
        }
      memset (row + n_pixels, 0, (gsize)(TILE_PIXELS - n_pixels) * sizeof *row);
    }
}

/* sums[o][p] += Σ_t weight[o][t] · patches[t][p] for TILE_OUT rows o. Rows past the last are computed as copies of it
 * and dropped, so that there is one inner loop. */
static void
multiply (const float *const weight[TILE_OUT], gint n_terms, const double *patches, double *const sums[TILE_OUT])
{
  for (gint p = 0; p < TILE_PIXELS; p += TILE_WIDE)
    {
      double sum[TILE_OUT][TILE_WIDE];
      for (gint o = 0; o < TILE_OUT; o++)
        for (gint i = 0; i < TILE_WIDE; i++)
          sum[o][i] = sums[o][p + i];
      for (gint t = 0; t < n_terms; t++)
        {
          const double *patch = patches + (gsize)t * TILE_PIXELS + p;
          for (gint o = 0; o < TILE_OUT; o++)
            {
              const double w = weight[o][t];
              for (gint i = 0; i < TILE_WIDE; i++)
                sum[o][i] += w * patch[i];
            }
        }
      for (gint o = 0; o < TILE_OUT; o++)
        for (gint i = 0; i < TILE_WIDE; i++)
          sums[o][p + i] = sum[o][i];
    }
}

static void
convolve_tile (const DhNode *node, gboolean transposed, const float *x, DhShape from, const float *weight,
               const float *bias, float *y, DhShape to, gint64 pixel, Scratch scratch)
{
  const gint n_pixels = (gint)MIN ((gint64)to.h * to.w - pixel, TILE_PIXELS);
  const gint terms = from.c * node->kernel * node->kernel;
  for (gint o = 0; o < to.c; o++)
    for (gint p = 0; p < TILE_PIXELS; p++)
      scratch.sums[(gsize)o * TILE_PIXELS + p] = bias ? bias[o] : 0.0;

  double unused[TILE_PIXELS];
  for (gint first = 0; first < terms; first += TILE_TERMS)
    {
      const gint n_terms = MIN (terms - first, TILE_TERMS);
      gather (node, transposed, x, from, to, first, n_terms, pixel, n_pixels, scratch.patches);
      for (gint o = 0; o < to.c; o += TILE_OUT)
        {
          const float *rows[TILE_OUT];
          double *sums[TILE_OUT];
          memset (unused, 0, sizeof unused);
          for (gint i = 0; i < TILE_OUT; i++)
            {
              const gint row = MIN (o + i, to.c - 1);
              rows[i] = weight + (gsize)row * terms + first;
              sums[i] = o + i < to.c ? scratch.sums + (gsize)row * TILE_PIXELS : unused;
            }
          multiply (rows, n_terms, scratch.patches, sums);
        }
    }

  for (gint o = 0; o < to.c; o++)
    for (gint p = 0; p < n_pixels; p++)
      y[(gint64)o * to.h * to.w + pixel + p] = (float)scratch.sums[(gsize)o * TILE_PIXELS + p];
}

static gboolean
convolve (const DhNode *node, gboolean transposed, const float *x, DhShape from, const float *weight, const float *bias,
          float *y, DhShape to, guint threads)
{
  const gint64 area = (gint64)to.h * to.w;
  const gint64 n_tiles = (area + TILE_PIXELS - 1) / TILE_PIXELS;
  const gsize doubles = ((gsize)to.c + TILE_TERMS) * TILE_PIXELS;
  threads = (guint)CLAMP (n_tiles, 1, (gint64)threads);
  double *memory = g_try_malloc_n (threads, doubles * sizeof *memory);
  if (!memory)
    return FALSE;

#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (guint part = 0; part < threads; part++)
    {
      const Scratch scratch = { .patches = memory + part * doubles,
                                .sums = memory + part * doubles + (gsize)TILE_TERMS * TILE_PIXELS };
      const gint64 begin = n_tiles * part / threads, end = n_tiles * (part + 1) / threads;
      for (gint image = 0; image < to.n; image++)
        for (gint64 tile = begin; tile < end; tile++)
          convolve_tile (node, transposed, x + (gsize)image * from.c * from.h * from.w, from, weight, bias,
                         y + (gsize)image * to.c * to.h * to.w, to, tile * TILE_PIXELS, scratch);
    }
  g_free (memory);
  return TRUE;
}

/* One plane of the result of a convolution of groups, by its definition. */
static void
convolve_plane (const DhNode *node, const float *x, DhShape from, const float *weight, double bias, float *y,
                DhShape to)
{
  const gint channels = from.c / node->groups;
  for (gint oy = 0; oy < to.h; oy++)
    for (gint ox = 0; ox < to.w; ox++)
      {
        double sum = bias;
        for (gint i = 0; i < channels; i++)
          for (gint ky = 0; ky < node->kernel; ky++)
            {
              const gint64 iy = source (node, FALSE, oy, ky, from.h);
              for (gint kx = 0; iy >= 0 && kx < node->kernel; kx++)
                {
                  const gint64 ix = source (node, FALSE, ox, kx, from.w);
                  if (ix >= 0)
                    sum += (double)weight[(i * node->kernel + ky) * node->kernel + kx]
                           * x[((gsize)i * from.h + (gsize)iy) * from.w + (gsize)ix];
                }
            }
        *y++ = (float)sum;
      }
}

static void
convolve_groups (const DhNode *node, const float *x, DhShape from, const float *weight, const float *bias, float *y,
                 DhShape to, guint threads)
{
  const gint ins = from.c / node->groups, outs = to.c / node->groups;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gint plane = 0; plane < to.n * to.c; plane++)
    {
      const gint image = plane / to.c, o = plane % to.c;
      convolve_plane (node, x + ((gsize)image * from.c + (gsize)(o / outs) * ins) * from.h * from.w, from,
                      weight + (gsize)o * ins * node->kernel * node->kernel, bias ? bias[o] : 0,
                      y + (gsize)plane * to.h * to.w, to);
    }
}

gboolean
dh_ref_conv (const DhNode *node, const float *x, DhShape from, const float *weight, const float *bias, float *y,
             DhShape to, guint threads)
{
  if (node->groups == 1)
    return convolve (node, FALSE, x, from, weight, bias, y, to, threads);
  convolve_groups (node, x, from, weight, bias, y, to, threads);
  return TRUE;
}

/* One plane of the gradient of its input; `dy`, `weight`: of the group. */
static void
turn_back_plane (const DhNode *node, const float *dy, DhShape from, const float *weight, float *dx, DhShape to)
{
  const gint outs = from.c / node->groups, ins = to.c / node->groups, side = node->kernel;
  for (gint y = 0; y < to.h; y++)
    for (gint x = 0; x < to.w; x++)
      {
        double sum = 0;
        for (gint o = 0; o < outs; o++)
          for (gint ky = 0; ky < side; ky++)
            {
              const gint64 iy = source (node, TRUE, y, ky, from.h);
              for (gint kx = 0; iy >= 0 && kx < side; kx++)
                {
                  const gint64 ix = source (node, TRUE, x, kx, from.w);
                  if (ix >= 0)
                    sum += (double)weight[((gsize)o * ins * side + ky) * side + kx]
                           * dy[((gsize)o * from.h + (gsize)iy) * from.w + (gsize)ix];
                }
            }
        *dx++ = (float)sum;
      }
}

static void
turn_back_groups (const DhNode *node, const float *dy, DhShape from, const float *weight, float *dx, DhShape to,
                  guint threads)
{
  const gint ins = to.c / node->groups, outs = from.c / node->groups;
  const gsize area = (gsize)node->kernel * node->kernel;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gint plane = 0; plane < to.n * to.c; plane++)
    {
      const gint image = plane / to.c, i = plane % to.c, first = i / ins * outs;
      turn_back_plane (node, dy + ((gsize)image * from.c + first) * from.h * from.w, from,
                       weight + ((gsize)first * ins + i % ins) * area, dx + (gsize)plane * to.h * to.w, to);
    }
}

gboolean
dh_ref_conv_data_gradient (const DhNode *node, const float *dy, DhShape from, const float *weight, float *dx,
                           DhShape to, guint threads)
{
  const gsize area = (gsize)node->kernel * node->kernel;
  if (node->groups > 1)
    {
      turn_back_groups (node, dy, from, weight, dx, to, threads);
      return TRUE;
    }
  g_autofree float *turned = g_try_malloc_n ((gsize)from.c * to.c * area, sizeof *turned); /* I×O×k×k */
  if (!turned)
    return FALSE;
  for (gint o = 0; o < from.c; o++)
    for (gint i = 0; i < to.c; i++)
      memcpy (turned + ((gsize)i * from.c + o) * area, weight + ((gsize)o * to.c + i) * area, area * sizeof *turned);
  return convolve (node, TRUE, dy, from, turned, NULL, dx, to, threads);
}
