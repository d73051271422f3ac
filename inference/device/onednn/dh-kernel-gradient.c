#include "dh-simd-train.h"

/* Input channels of one tile of sums: with AVX-512, 8 × 2 vectors stay in registers. */
#if defined __AVX512F__
#define OUTER_INS 8
#else
#define OUTER_INS 4
#endif

DH_INLINE void
outer_tile (const float *x, const float *dy, gsize dy_stride, gint n, gint outs, float *sums, gsize step)
{
  DhVec sum[OUTER_INS][2];
#pragma GCC unroll 8
  for (gint i = 0; i < OUTER_INS; i++)
#pragma GCC unroll 2
    for (gint o = 0; o < outs; o++)
      sum[i][o] = dh_load (sums + i * DH_LANES + o * step);
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
      dh_store (sums + i * DH_LANES + o * step, sum[i][o]);
}

void
dh_outer (const DhOuter *outer)
{
  for (gint b = 0; b < outer->ins; b++)
    for (gint o = 0; o < outer->outs; o += 2)
      for (gint i = 0; i < DH_LANES; i += OUTER_INS)
        {
          const float *x = outer->x + b * outer->x_stride + i, *dy = outer->dy + o * outer->dy_stride;
          float *to = outer->sums + b * outer->in_step + o * outer->out_step + i * DH_LANES;
          if (o + 1 < outer->outs)
            outer_tile (x, dy, outer->dy_stride, outer->n, 2, to, outer->out_step);
          else
            outer_tile (x, dy, outer->dy_stride, outer->n, 1, to, outer->out_step);
        }
}

/* Floats of one plane of n pixels as the operand of a product by pixels, and of one that sums over pixels. */
DH_INLINE gsize
product_plane (const DhCpuGradient1x1 *g, gint n)
{
  return (gsize)n * (g->bf16 ? DH_LANES / 2 : DH_LANES);
}

DH_INLINE gsize
outer_plane (const DhCpuGradient1x1 *g, gint n)
{
  return (gsize)(g->bf16 ? dh_outer_pairs (n) : n) * DH_LANES;
}

/* Planes of the result as the product by pixels reads them. */
DH_INLINE gint
whole_planes (const DhCpuGradient1x1 *g)
{
  return dh_cpu_whole_panels (g->out_planes, g->bf16 ? DH_PANEL_BF16 : 1);
}

/* The gradient of the result, finished, in bfloat16 once for each of the two products; two planes of what was read,
 * and of the gradient of that. */
gsize
dh_gradient1x1_scratch (const DhCpuGradient1x1 *g)
{
  const gint n = g->pixels_at_once;
  const gsize dy = whole_planes (g) * product_plane (g, n) + (g->bf16 ? g->out_planes * outer_plane (g, n) : 0);
  return (dy + 2 * outer_plane (g, n) + 2 * (gsize)n * DH_LANES) * sizeof (float);
}

typedef struct
{
  DhVec mean, b, c;
} Finish;

DH_INLINE Finish
finish_of (const DhCpuGradient1x1 *g, gint plane)
{
  if (g->finish.y == NULL)
    return (Finish){ 0 };
  return (Finish){ dh_load (g->finish.mean + plane * DH_LANES), dh_load (g->finish.b + plane * DH_LANES),
                   dh_load (g->finish.c + plane * DH_LANES) };
}

DH_INLINE DhVec
finished (const float *dy, const float *y, const Finish *f)
{
  DhVec v = dh_load (dy);
  if (y != NULL)
    v += f->b * (dh_load (y) - f->mean) + f->c;
  return v;
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
      const Finish finish = finish_of (g, o);
      for (gint i = 0; i < n * DH_LANES; i += DH_LANES)
        dh_store (to + i, finished (dy + i, y + i, &finish));
    }
}

static void
gather_read (const DhCpuGradient1x1 *g, gint plane, gsize first, gint n, float *to)
{
  const float *from = g->route.in.planes[plane] + first * DH_LANES;
  const DhPrologue prologue = dh_prologue (&g->route.in, plane);
  for (gint i = 0; i < n * DH_LANES; i += DH_LANES)
    dh_store (to + i, dh_read (from + i, prologue));
}

#ifdef __AVX512BF16__

/* What lacks to whole pairs. */
DH_INLINE void
end_pairs (gint n, float *pairs)
{
  const gint have = (n + 1) / 2;
  memset (pairs + have * DH_LANES, 0, (gsize)(dh_outer_pairs (n) - have) * DH_LANES * sizeof *pairs);
}

/* Where a plane's pixels stand in their panel, DH_PANEL_BF16·DH_LANES / 2 floats apart. */
DH_INLINE float *
panel_place (const DhCpuGradient1x1 *g, gint n, gint plane, float *a)
{
  const gint place = plane % DH_PANEL_BF16;
  return a + (plane - place) * product_plane (g, n) + place * product_plane (g, 1);
}

/* Pairs of channels to `a`, in whole panels, pairs of pixels to `pairs`. */
static void
gather_finished_bf16 (const DhCpuGradient1x1 *g, gsize first, gint n, float *a, float *pairs)
{
  const gsize step = DH_PANEL_BF16 * product_plane (g, 1);
  for (gint o = g->out_planes; o < whole_planes (g); o++)
    for (gint i = 0; i < n; i++)
      dh_store_bf16 (panel_place (g, n, o, a) + i * step, (DhVec){ 0 });
  for (gint o = 0; o < g->out_planes; o++, pairs += outer_plane (g, n))
    {
      float *to = panel_place (g, n, o, a);
      const float *dy = g->dy[o] + first * DH_LANES, *y = g->finish.y ? g->finish.y[o] + first * DH_LANES : NULL;
      const Finish finish = finish_of (g, o);
      for (gint i = 0; i < n; i += 2)
        {
          DhVec v[2] = { { 0 } };
          for (gint j = 0; j < MIN (2, n - i); j++)
            {
              const gsize at = (gsize)(i + j) * DH_LANES;
              v[j] = finished (dy + at, y ? y + at : NULL, &finish);
              dh_store_bf16 (to + (i + j) * step, v[j]);
            }
          dh_store_pairs_bf16 (pairs + i / 2 * DH_LANES, v[0], v[1]);
        }
      end_pairs (n, pairs);
      dh_outer_turn (pairs, n);
    }
}

static void
gather_read_bf16 (const DhCpuGradient1x1 *g, gint plane, gsize first, gint n, float *pairs)
{
  const float *from = g->route.in.planes[plane] + first * DH_LANES;
  const DhPrologue prologue = dh_prologue (&g->route.in, plane);
  float *to = pairs;
  for (gint i = 0; i + 1 < n; i += 2, from += 2 * DH_LANES, to += DH_LANES)
    dh_store_pairs_bf16 (to, dh_read (from, prologue), dh_read (from + DH_LANES, prologue));
  if (n % 2)
    dh_store_pairs_bf16 (to, dh_read (from, prologue), (DhVec){ 0 });
  end_pairs (n, pairs);
}

#endif

/* Of one or two planes. `dy`: for the sum over pixels. */
static void
add_weight_gradient (const DhCpuGradient1x1 *g, gint plane, gint pair, gsize first, gint n, const float *dy, float *x)
{
  DhOuter outer = { .x = x, .dy = dy, .ins = pair, .outs = g->out_planes, .n = n };
  outer.x_stride = outer.dy_stride = outer_plane (g, n);
  dh_outer_place (&outer, g->sums, plane, g->route.in.n_planes, g->bf16 && DH_OUTER_BY_OUTPUT);
#ifdef __AVX512BF16__
  if (g->bf16)
    {
      for (gint j = 0; j < pair; j++)
        gather_read_bf16 (g, plane + j, first, n, x + j * outer.x_stride);
      dh_outer_bf16 (&outer);
      return;
    }
#endif
  for (gint j = 0; j < pair; j++)
    gather_read (g, plane + j, first, n, x + j * outer.x_stride);
  dh_outer (&outer);
}

/* The share `part` of `parts` of what the next planes will read, asked for while these are multiplied: planes lie
 * apart, and each is read for a short way only. */
DH_INLINE void
prefetch (const DhCpuGradient1x1 *g, gint plane, gsize first, gint n, gint part, gint parts)
{
  const gint end = MIN (plane + 2, g->route.in.n_planes);
  for (; plane < end; plane++)
    for (gint i = n * part / parts; i < n * (part + 1) / parts; i += 16 / DH_LANES)
      {
        const gsize at = (first + i) * DH_LANES;
        __builtin_prefetch (g->route.in.planes[plane] + at, 0, 2);
        if (g->route.adds[plane])
          __builtin_prefetch (g->route.grads[plane] + at, 1, 2);
      }
}

/* `n` pixels, from `first` on, of one or two planes of the input's gradient, to `t`. */
static void
multiply (const DhCpuGradient1x1 *g, const float *weights, const float *dy, gint plane, gsize first, gint n, gint pair,
          float *t)
{
  static const float zero[2 * DH_LANES];
  const gint panel = g->bf16 ? DH_PANEL_BF16 : 1, tile = g->bf16 ? DH_COARSE_TILE : DH_TILE;
  const gsize pixel = panel * product_plane (g, 1);
  DhProduct p = { .a_stride = n * pixel, .n_planes = g->out_planes, .w = weights, .bias = zero };
  for (gint i = 0; i < n; i += tile)
    {
      prefetch (g, plane + 2, first, n, i / tile, (n + tile - 1) / tile);
      p.a = dy + i * pixel;
      p.c[0] = t + i * DH_LANES;
      p.c[1] = p.c[0] + (gsize)n * DH_LANES;
#ifdef __AVX512BF16__
      if (g->bf16)
        {
          dh_matrix_bf16 (&p, MIN (tile, n - i), pair);
          continue;
        }
#endif
      dh_matrix (&p, MIN (tile, n - i), pair);
    }
}

void
dh_gradient1x1 (const DhCpuGradient1x1 *g, gint item, float *scratch)
{
  const gsize first = (gsize)item * g->pixels_at_once;
  const gint n = (gint)MIN (g->pixels_at_once, g->pixels - first);
  const gint ins = g->route.in.n_planes;
  float *dy = scratch, *dy_outer = dy + (g->bf16 ? whole_planes (g) * product_plane (g, n) : 0);
  float *x = dy_outer + g->out_planes * outer_plane (g, n), *t = x + 2 * outer_plane (g, n);
  const float *weights = g->weights;
#ifdef __AVX512BF16__
  if (g->bf16)
    gather_finished_bf16 (g, first, n, dy, dy_outer);
  else
#endif
    gather_finished (g, first, n, dy);
  if (g->bf16)
    dh_tiles_begin ();
  for (gint b = 0; b < ins; b += 2)
    {
      const gint pair = MIN (2, ins - b);
      add_weight_gradient (g, b, pair, first, n, dy_outer, x);
      if (weights == NULL)
        continue;
      multiply (g, weights, dy, b, first, n, pair, t);
      weights += (gsize)whole_planes (g) * pair * product_plane (g, DH_LANES);
      for (gint j = 0; j < pair; j++)
        dh_route_few (&g->route, b + j, t + (gsize)j * n * DH_LANES, first, n);
    }
  if (g->bf16)
    dh_tiles_end ();
}
