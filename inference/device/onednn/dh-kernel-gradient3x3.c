#include "dh-simd-train.h"
#include "dh-simd-winograd.h"

#define A ((float)DH_WINOGRAD_A)
#define B ((float)DH_WINOGRAD_B)

/* With the matrices of dh-winograd.h, y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A; so the gradient of g is
 * Gᵀ [Σ (A dy Aᵀ) ⊙ (Bᵀ d B)] G, summed over all tiles before the last transform. */

#define SKEW DH_LANES

/* Floats of one plane of n tiles at each place; in bfloat16 tiles stand in pairs. */
DH_INLINE gsize
tile_plane (const DhCpuGradient3x3 *g, gint n)
{
  return (gsize)(g->bf16 ? (n + 1) / 2 : n) * DH_LANES;
}

static gsize
u_stride (const DhCpuGradient3x3 *g)
{
  return g->out_planes * tile_plane (g, g->tiles_per_item) + SKEW;
}

static gsize
v_stride (const DhCpuGradient3x3 *g)
{
  return tile_plane (g, g->tiles_per_item) + SKEW;
}

gsize
dh_gradient3x3_scratch (const DhCpuGradient3x3 *g)
{
  return 36 * (u_stride (g) + v_stride (g)) * sizeof (float);
}

/* A d of four. */
DH_INLINE void
result_line (const DhVec d[4], DhVec to[6])
{
  const DhVec even = d[0] + (A * A) * d[2], odd = A * d[1] + (A * A * A) * d[3];
  const DhVec far = d[0] + (B * B) * d[2], wide = B * d[1] + (B * B * B) * d[3];
  to[0] = d[0];
  to[1] = even + odd;
  to[2] = even - odd;
  to[3] = far + wide;
  to[4] = far - wide;
  to[5] = d[3];
}

static void
transform_result (const DhCpuGradient3x3 *g, const float *plane, DhCpuTile at, float *to, gsize stride)
{
  const gint d = g->dilation, h = g->in.h, w = g->in.w;
  DhVec t[6][4];
#pragma GCC unroll 4
  for (gint j = 0; j < 4; j++)
    {
      DhVec column[4], line[6];
      const gint x = at.x + j * d;
#pragma GCC unroll 4
      for (gint i = 0; i < 4; i++)
        {
          const gint y = at.y + i * d;
          column[i] = y < h && x < w ? dh_load (plane + ((gsize)y * w + x) * DH_LANES) : (DhVec){ 0 };
        }
      result_line (column, line);
#pragma GCC unroll 6
      for (gint i = 0; i < 6; i++)
        t[i][j] = line[i];
    }
#pragma GCC unroll 6
  for (gint i = 0; i < 6; i++)
    {
      DhVec line[6];
      result_line (t[i], line);
#pragma GCC unroll 6
      for (gint j = 0; j < 6; j++)
        dh_store (to + (i * 6 + j) * stride, line[j]);
    }
}

#ifdef __AVX512BF16__

/* Two tiles to the 36 places; `second` NULL: none. */
static void
store_pairs (const float *first, const float *second, float *to, gsize stride)
{
  for (gint k = 0; k < 36; k++)
    dh_store_pairs_bf16 (to + k * stride, dh_load (first + k * DH_LANES),
                         second ? dh_load (second + k * DH_LANES) : (DhVec){ 0 });
}

#endif

/* All tiles of a plane of the result. */
static void
transform_results (const DhCpuGradient3x3 *g, const float *plane, const DhCpuTile *tiles, gint n, float *to,
                   gsize stride)
{
#ifdef __AVX512BF16__
  if (g->bf16)
    {
      float pair[2][36 * DH_LANES];
      for (gint t = 0; t < n; t += 2)
        {
          const gint both = MIN (2, n - t);
          for (gint j = 0; j < both; j++)
            transform_result (g, plane, tiles[t + j], pair[j], DH_LANES);
          store_pairs (pair[0], both > 1 ? pair[1] : NULL, to + t / 2 * DH_LANES, stride);
        }
      return;
    }
#endif
  for (gint t = 0; t < n; t++)
    transform_result (g, plane, tiles[t], to + (gsize)t * DH_LANES, stride);
}

/* All tiles of a plane of what was read. */
static void
transform_inputs (const DhCpuGradient3x3 *g, gint b, const DhCpuTile *tiles, gint n, float *to, gsize stride)
{
  const DhPrologue prologue = dh_prologue (&g->in, b);
  const float *plane = g->in.planes[b];
#ifdef __AVX512BF16__
  if (g->bf16)
    {
      float pair[2][36 * DH_LANES];
      for (gint t = 0; t < n; t += 2)
        {
          const gint both = MIN (2, n - t);
          for (gint j = 0; j < both; j++)
            dh_winograd_input (&g->in, g->dilation, plane, prologue, tiles[t + j], FALSE, pair[j], DH_LANES);
          store_pairs (pair[0], both > 1 ? pair[1] : NULL, to + t / 2 * DH_LANES, stride);
        }
      return;
    }
#endif
  for (gint t = 0; t < n; t++)
    dh_winograd_input (&g->in, g->dilation, plane, prologue, tiles[t], FALSE, to + (gsize)t * DH_LANES, stride);
}

void
dh_gradient3x3 (const DhCpuGradient3x3 *g, gint item, float *scratch)
{
  const gint first = item * g->tiles_per_item, n = MIN (g->tiles_per_item, g->n_tiles - first);
  const DhCpuTile *tiles = g->tiles + first;
  const gsize us = u_stride (g), vs = v_stride (g), row = (gsize)g->out_planes * DH_LANES, plane = tile_plane (g, n);
  float *u = scratch, *v = u + 36 * us;
  for (gint o = 0; o < g->out_planes; o++)
    transform_results (g, g->dy[o], tiles, n, u + o * plane, us);
  for (gint b = 0; b < g->in.n_planes; b++)
    {
      transform_inputs (g, b, tiles, n, v, vs);
      for (gint k = 0; k < 36; k++)
        {
          float *sums = g->sums + ((gsize)k * g->in.n_planes + b) * DH_LANES * row;
#ifdef __AVX512BF16__
          if (g->bf16)
            {
              dh_outer_bf16 (v + k * vs, u + k * us, plane, (n + 1) / 2, g->out_planes, sums, row);
              continue;
            }
#endif
          dh_outer (v + k * vs, u + k * us, plane, n, g->out_planes, sums, row);
        }
    }
}

/* Gᵀ m of six. */
DH_INLINE void
filter_line_back (const DhVec m[6], DhVec to[3])
{
  const DhVec a = (float)DH_WINOGRAD_GA * (m[1] + m[2]), b = (float)DH_WINOGRAD_GB * (m[3] + m[4]);
  to[0] = (float)DH_WINOGRAD_G0 * m[0] + a + b;
  to[1] =
      (float)(DH_WINOGRAD_GA * DH_WINOGRAD_A) * (m[1] - m[2]) + (float)(DH_WINOGRAD_GB * DH_WINOGRAD_B) * (m[3] - m[4]);
  to[2] = (A * A) * a + (B * B) * b + m[5];
}

/* Of the place `i` of the input and a plane of the result; 0 where one is no channel. */
static void
transform_filters (const DhCpuFilters *f, gint i, gint plane, DhVec u[36])
{
  double taps[9][DH_LANES] = { { 0 } };
  for (gint lane = 0; lane < DH_LANES; lane++)
    {
      const gint from = f->ins[i], out = f->outs[plane * DH_LANES + lane];
      if (from < 0 || out < 0)
        continue;
      const float *w = f->weight + from * f->in_stride + out * f->out_stride;
      for (gint k = 0; k < 9; k++)
        taps[k][lane] = w[f->turned ? 8 - k : k];
    }
  DhVecDouble g[9];
  memcpy (g, taps, sizeof g);
  dh_winograd_filter (g, u);
}

/* The order of dh-kernel-winograd.c: place of the 36, two output planes, input channel, output channel. */
void
dh_pack_filters (const DhCpuFilters *f, gint item)
{
  const gint o0 = 2 * item, pair = MIN (2, f->out_planes - o0), ins = f->in_planes * DH_LANES;
  const gint once = f->bf16 ? 2 : 1; /* input channels that stand together */
  const gsize stride = (gsize)ins / once * f->out_planes * DH_LANES;
  float *to = f->packed + (gsize)o0 * DH_LANES * (ins / once);
  for (gint i = 0; i < ins; i += once)
    for (gint o = 0; o < pair; o++, to += DH_LANES)
      {
        DhVec u[36];
        transform_filters (f, i, o0 + o, u);
#ifdef __AVX512BF16__
        if (f->bf16)
          {
            DhVec next[36];
            transform_filters (f, i + 1, o0 + o, next);
            for (gint k = 0; k < 36; k++)
              dh_store_pairs_bf16 (to + k * stride, u[k], next[k]);
            continue;
          }
#endif
        for (gint k = 0; k < 36; k++)
          dh_store (to + k * stride, u[k]);
      }
}

void
dh_unpack_filters (const DhCpuFilters *f, gint item)
{
  const gsize row = (gsize)f->out_planes * DH_LANES, stride = (gsize)f->in_planes * DH_LANES * row;
  for (gint i = 0; i < DH_LANES; i++)
    for (gint o = 0; o < f->out_planes; o++)
      {
        const gint in = f->ins[item * DH_LANES + i];
        const float *from = f->packed + ((gsize)item * DH_LANES + i) * row + o * DH_LANES;
        DhVec t[3][6];
        if (in < 0)
          continue;
        for (gint j = 0; j < 6; j++)
          {
            DhVec column[6], line[3];
            for (gint k = 0; k < 6; k++)
              {
                column[k] = dh_load (from + (k * 6 + j) * stride);
                for (gint part = 1; part < f->parts; part++)
                  column[k] += dh_load (from + (k * 6 + j) * stride + part * f->part_stride);
              }
            filter_line_back (column, line);
            for (gint k = 0; k < 3; k++)
              t[k][j] = line[k];
          }
        for (gint k = 0; k < 3; k++)
          {
            DhVec line[3];
            filter_line_back (t[k], line);
            for (gint lane = 0; lane < DH_LANES; lane++)
              {
                const gint out = f->outs[o * DH_LANES + lane];
                float *w = f->weight + in * f->in_stride + MAX (out, 0) * f->out_stride + k * 3;
                for (gint j = 0; j < 3 && out >= 0; j++)
                  w[j] += (float)(f->factor * line[j][lane]);
              }
          }
      }
}
