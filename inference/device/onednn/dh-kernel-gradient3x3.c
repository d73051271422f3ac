#include "dh-simd-train.h"
#include "dh-simd-winograd.h"

#define A ((float)DH_WINOGRAD_A)
#define B ((float)DH_WINOGRAD_B)

/* With the matrices of dh-winograd.h, y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A; so the gradient of g is
 * Gᵀ [Σ (A dy Aᵀ) ⊙ (Bᵀ d B)] G, summed over all tiles before the last transform. */

#define SKEW DH_LANES

static gsize
u_stride (const DhCpuGradient3x3 *g)
{
  return (gsize)g->out_planes * g->tiles_per_item * DH_LANES + SKEW;
}

static gsize
v_stride (const DhCpuGradient3x3 *g)
{
  return (gsize)g->tiles_per_item * DH_LANES + SKEW;
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

void
dh_gradient3x3 (const DhCpuGradient3x3 *g, gint item, float *scratch)
{
  const gint first = item * g->tiles_per_item, n = MIN (g->tiles_per_item, g->n_tiles - first);
  const DhCpuTile *tiles = g->tiles + first;
  const gsize us = u_stride (g), vs = v_stride (g), row = (gsize)g->out_planes * DH_LANES;
  float *u = scratch, *v = u + 36 * us;
  for (gint o = 0; o < g->out_planes; o++)
    for (gint t = 0; t < n; t++)
      transform_result (g, g->dy[o], tiles[t], u + ((gsize)o * n + t) * DH_LANES, us);
  for (gint b = 0; b < g->in.n_planes; b++)
    {
      const DhPrologue prologue = dh_prologue (&g->in, b);
      for (gint t = 0; t < n; t++)
        dh_winograd_input (&g->in, g->dilation, g->in.planes[b], prologue, tiles[t], FALSE, v + (gsize)t * DH_LANES,
                           vs);
      for (gint k = 0; k < 36; k++)
        dh_outer (v + k * vs, u + k * us, (gsize)n * DH_LANES, n, g->out_planes,
                  g->sums + ((gsize)k * g->in.n_planes + b) * DH_LANES * row, row);
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

/* The order of dh-kernel-winograd.c: place of the 36, two output planes, input channel, output channel. */
void
dh_pack_filters (const DhCpuFilters *f, gint item)
{
  const gint o0 = 2 * item, pair = MIN (2, f->out_planes - o0), ins = f->in_planes * DH_LANES;
  const gsize stride = (gsize)ins * f->out_planes * DH_LANES;
  float *to = f->packed + (gsize)o0 * DH_LANES * ins;
  for (gint i = 0; i < ins; i++)
    for (gint o = 0; o < pair; o++, to += DH_LANES)
      {
        double taps[9][DH_LANES] = { { 0 } };
        for (gint lane = 0; lane < DH_LANES; lane++)
          {
            const gint from = f->ins[i], out = f->outs[(o0 + o) * DH_LANES + lane];
            if (from < 0 || out < 0)
              continue;
            const float *w = f->weight + from * f->in_stride + out * f->out_stride;
            for (gint k = 0; k < 9; k++)
              taps[k][lane] = w[f->turned ? 8 - k : k];
          }
        DhVecDouble g[9];
        DhVec u[36];
        memcpy (g, taps, sizeof g);
        dh_winograd_filter (g, u);
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
