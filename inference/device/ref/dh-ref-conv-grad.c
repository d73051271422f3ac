#include "dh-ref-private.h"

#include <string.h>

/* The weights' gradient is a product of matrices too: that of the result, O×(N·H·W), by the patches, (N·H·W)×(I·k·k).
 * A thread takes some columns of it, and sums image by image, pixel by pixel. */
enum
{
  TILE_PIXELS = 64,
  TILE_TERMS = 32,
  TILE_OUT = 4,
  TILE_WIDE = 4,
};

/* patches[p][t], 0 where the patch leaves the image. */
static void
gather (const DhNode *node, const float *x, DhShape from, DhShape to, gint first, gint n_terms, gint64 pixel,
        gint n_pixels, double *patches)
{
  const gint area = node->kernel * node->kernel;
  memset (patches, 0, sizeof (double) * TILE_PIXELS * TILE_TERMS);
  for (gint t = 0; t < n_terms; t++)
    {
      const gint ky = (first + t) % area / node->kernel, kx = (first + t) % node->kernel;
      const float *plane = x + (gsize)((first + t) / area) * from.h * from.w;
      gint64 oy = pixel / to.w;
      gint ox = (gint)(pixel % to.w);
      for (gint p = 0; p < n_pixels; p++)
        {
          const gint64 iy = oy * node->stride - node->padding + (gint64)ky * node->dilation;
          const gint64 ix = (gint64)ox * node->stride - node->padding + (gint64)kx * node->dilation;
          if (iy >= 0 && iy < from.h && ix >= 0 && ix < from.w)
            patches[p * TILE_TERMS + t] = plane[iy * from.w + ix];
          if (++ox == to.w)
            {
              ox = 0;
              oy++;
            }
        }
    }
}

/* sums[o][t] += Σ_p dy[o][p] · patches[p][t] for TILE_OUT rows o. */
static void
multiply (const float *const dy[TILE_OUT], const double *patches, gint n_pixels, double *const sums[TILE_OUT])
{
  for (gint t = 0; t < TILE_TERMS; t += TILE_WIDE)
    {
      double sum[TILE_OUT][TILE_WIDE];
      for (gint o = 0; o < TILE_OUT; o++)
        for (gint i = 0; i < TILE_WIDE; i++)
          sum[o][i] = sums[o][t + i];
      for (gint p = 0; p < n_pixels; p++)
        {
          const double *patch = patches + (gsize)p * TILE_TERMS + t;
          for (gint o = 0; o < TILE_OUT; o++)
            {
              const double d = dy[o][p];
              for (gint i = 0; i < TILE_WIDE; i++)
                sum[o][i] += d * patch[i];
            }
        }
      for (gint o = 0; o < TILE_OUT; o++)
        for (gint i = 0; i < TILE_WIDE; i++)
          sums[o][t + i] = sum[o][i];
    }
}

/* Columns first…first+n_terms−1 of d_weight. `scratch`: the patches, then O × TILE_TERMS sums. */
static void
sum_columns (const DhNode *node, const float *x, DhShape from, const float *dy, DhShape to, gint first, gint n_terms,
             float *d_weight, double *scratch)
{
  const gint64 area = (gint64)to.h * to.w;
  const gint terms = from.c * node->kernel * node->kernel;
  double *sums = scratch + TILE_PIXELS * TILE_TERMS;
  double unused[TILE_TERMS] = { 0 };
  memset (sums, 0, sizeof *sums * (gsize)to.c * TILE_TERMS);
  for (gint image = 0; image < to.n; image++)
    for (gint64 pixel = 0; pixel < area; pixel += TILE_PIXELS)
      {
        const gint n_pixels = (gint)MIN (area - pixel, TILE_PIXELS);
        gather (node, x + (gsize)image * from.c * from.h * from.w, from, to, first, n_terms, pixel, n_pixels, scratch);
        for (gint o = 0; o < to.c; o += TILE_OUT)
          {
            const float *rows[TILE_OUT];
            double *places[TILE_OUT];
            for (gint i = 0; i < TILE_OUT; i++)
              {
                rows[i] = dy + ((gsize)image * to.c + MIN (o + i, to.c - 1)) * area + pixel;
                places[i] = o + i < to.c ? sums + (gsize)(o + i) * TILE_TERMS : unused;
              }
            multiply (rows, scratch, n_pixels, places);
          }
      }
  for (gint o = 0; o < to.c; o++)
    for (gint t = 0; t < n_terms; t++)
      d_weight[(gsize)o * terms + first + t] = (float)sums[(gsize)o * TILE_TERMS + t];
}

static void
sum_bias (const float *dy, DhShape to, float *d_bias)
{
  const gsize area = (gsize)to.h * to.w;
  for (gint o = 0; o < to.c; o++)
    {
      double sum = 0;
      for (gint image = 0; image < to.n; image++)
        for (gsize i = 0; i < area; i++)
          sum += dy[((gsize)image * to.c + o) * area + i];
      d_bias[o] = (float)sum;
    }
}

/* One weight of a convolution of groups: of output `o` and the group's input `i`, at (ky, kx). */
static double
sum_weight (const DhNode *node, const float *x, DhShape from, const float *dy, DhShape to, gint o, gint i, gint ky,
            gint kx)
{
  const gint ins = from.c / node->groups, channel = o / (to.c / node->groups) * ins + i;
  double sum = 0;
  for (gint image = 0; image < to.n; image++)
    {
      const float *plane = x + ((gsize)image * from.c + channel) * from.h * from.w;
      const float *d = dy + ((gsize)image * to.c + o) * to.h * to.w;
      for (gint oy = 0; oy < to.h; oy++)
        for (gint ox = 0; ox < to.w; ox++, d++)
          {
            const gint64 iy = (gint64)oy * node->stride - node->padding + (gint64)ky * node->dilation;
            const gint64 ix = (gint64)ox * node->stride - node->padding + (gint64)kx * node->dilation;
            if (iy >= 0 && iy < from.h && ix >= 0 && ix < from.w)
              sum += (double)*d * plane[iy * from.w + ix];
          }
    }
  return sum;
}

static void
sum_groups (const DhNode *node, const float *x, DhShape from, const float *dy, DhShape to, float *d_weight,
            guint threads)
{
  const gint ins = from.c / node->groups, side = node->kernel, of_one = ins * side * side;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gint o = 0; o < to.c; o++)
    for (gint t = 0; t < of_one; t++)
      d_weight[(gsize)o * of_one + t] =
          (float)sum_weight (node, x, from, dy, to, o, t / (side * side), t / side % side, t % side);
}

gboolean
dh_ref_conv_weight_gradient (const DhNode *node, const float *x, DhShape from, const float *dy, DhShape to,
                             float *d_weight, float *d_bias, guint threads)
{
  const gint terms = from.c * node->kernel * node->kernel;
  const gint n_tiles = (terms + TILE_TERMS - 1) / TILE_TERMS;
  if (d_bias)
    sum_bias (dy, to, d_bias);
  if (node->groups > 1)
    {
      sum_groups (node, x, from, dy, to, d_weight, threads);
      return TRUE;
    }
  const gsize doubles = ((gsize)to.c + TILE_PIXELS) * TILE_TERMS;
  threads = (guint)CLAMP (n_tiles, 1, (gint)threads);
  g_autofree double *memory = g_try_malloc_n (threads, doubles * sizeof *memory);
  if (!memory)
    return FALSE;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (guint part = 0; part < threads; part++)
    for (gint tile = n_tiles * (gint)part / (gint)threads; tile < n_tiles * (gint)(part + 1) / (gint)threads; tile++)
      sum_columns (node, x, from, dy, to, tile * TILE_TERMS, MIN (terms - tile * TILE_TERMS, TILE_TERMS), d_weight,
                   memory + part * doubles);
  return TRUE;
}
