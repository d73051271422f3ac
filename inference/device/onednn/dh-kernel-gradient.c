#include "dh-simd-train.h"

/* Input channels of one tile of sums: with AVX-512, 8 × 2 vectors stay in registers. */
#if defined __AVX512F__
#define OUTER_INS 8
#else
#define OUTER_INS 4
#endif

DH_INLINE void
outer_tile (const float *x, const float *dy, gsize dy_stride, gint n, gint outs, float *sums, gsize stride)
{
  DhVec sum[OUTER_INS][2];
#pragma GCC unroll 8
  for (gint i = 0; i < OUTER_INS; i++)
#pragma GCC unroll 2
    for (gint o = 0; o < outs; o++)
      sum[i][o] = dh_load (sums + i * stride + o * DH_LANES);
  for (gint p = 0; p < n; p++, x += DH_LANES, dy += DH_LANES)
    {
      DhVec d0 = dh_load (dy), d1 = outs > 1 ? dh_load (dy + dy_stride) : d0;
#pragma GCC unroll 8
      for (gint i = 0; i < OUTER_INS; i++)
        {
          DhVec v = dh_splat (x[i]);
          sum[i][0] += v * d0;
          if (outs > 1)
            sum[i][1] += v * d1;
        }
    }
#pragma GCC unroll 8
  for (gint i = 0; i < OUTER_INS; i++)
#pragma GCC unroll 2
    for (gint o = 0; o < outs; o++)
      dh_store (sums + i * stride + o * DH_LANES, sum[i][o]);
}

void
dh_outer (const float *x, const float *dy, gsize dy_stride, gint n, gint out_planes, float *sums, gsize stride)
{
  for (gint o = 0; o < out_planes; o += 2)
    for (gint i = 0; i < DH_LANES; i += OUTER_INS)
      {
        float *to = sums + i * stride + o * DH_LANES;
        if (o + 1 < out_planes)
          outer_tile (x + i, dy + o * dy_stride, dy_stride, n, 2, to, stride);
        else
          outer_tile (x + i, dy + o * dy_stride, dy_stride, n, 1, to, stride);
      }
}

/* The gradient of the result, finished; two planes of what was read; two planes of the gradient of that. */
gsize
dh_gradient1x1_scratch (const DhCpuGradient1x1 *gradient)
{
  return (gsize)(gradient->out_planes + 4) * DH_GRADIENT_PIXELS * DH_LANES * sizeof (float);
}

static void
gather_finished (const DhCpuGradient1x1 *g, gsize first, gint n, float *to)
{
  for (gint o = 0; o < g->out_planes; o++, to += n * DH_LANES)
    {
      const float *dy = g->dy[o] + first * DH_LANES;
      if (g->finish.y == NULL)
        {
          memcpy (to, dy, n * DH_LANES * sizeof *to);
          continue;
        }
      const float *y = g->finish.y[o] + first * DH_LANES;
      const DhVec mean = dh_load (g->finish.mean + o * DH_LANES), b = dh_load (g->finish.b + o * DH_LANES),
                  c = dh_load (g->finish.c + o * DH_LANES);
      for (gint i = 0; i < n * DH_LANES; i += DH_LANES)
        dh_store (to + i, dh_load (dy + i) + (b * (dh_load (y + i) - mean) + c));
    }
}

void
dh_gradient1x1 (const DhCpuGradient1x1 *g, gint item, float *scratch)
{
  static const float zero[2 * DH_LANES];
  const gsize first = (gsize)item * DH_GRADIENT_PIXELS;
  const gint n = (gint)MIN (DH_GRADIENT_PIXELS, g->pixels - first);
  const gint ins = g->route.in.n_planes;
  const gsize plane = (gsize)n * DH_LANES, row = (gsize)g->out_planes * DH_LANES;
  float *dy = scratch, *x = dy + g->out_planes * plane, *t = x + 2 * plane;
  const float *weights = g->weights;
  gather_finished (g, first, n, dy);
  for (gint b0 = 0; b0 < ins; b0 += 2)
    {
      const gint pair = MIN (2, ins - b0);
      for (gint j = 0; j < pair; j++)
        {
          const float *from = g->route.in.planes[b0 + j] + first * DH_LANES;
          const DhPrologue prologue = dh_prologue (&g->route.in, b0 + j);
          for (gsize i = 0; i < plane; i += DH_LANES)
            dh_store (x + j * plane + i, dh_read (from + i, prologue));
          dh_outer (x + j * plane, dy, plane, n, g->out_planes, g->sums + (gsize)(b0 + j) * DH_LANES * row, row);
        }
      if (weights == NULL)
        continue;
      DhProduct p = { .a_stride = plane, .n_planes = g->out_planes, .w = weights, .bias = zero };
      for (gint i = 0; i < n; i += DH_TILE)
        {
          p.a = dy + i * DH_LANES;
          p.c[0] = t + i * DH_LANES;
          p.c[1] = p.c[0] + plane;
          dh_matrix (&p, MIN (DH_TILE, n - i), pair);
        }
      weights += row * pair * DH_LANES;
      for (gint j = 0; j < pair; j++)
        dh_route_few (&g->route, b0 + j, t + j * plane, first, n);
    }
}
