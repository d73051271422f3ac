#include <string.h>
#include "dh-simd-winograd.h"

/* Winograd's minimal filtering F(4×4, 3×3), see dh-winograd.h: 36 products instead of 144 for 4×4 outputs. An item
 * keeps its transformed tiles in the cache: V = 36 × planes × tiles, M = 36 × a chunk of the output's planes × tiles.
 */

/* One line of cache more, so that the 36 matrices do not fall on the same sets of the cache. */
#define SKEW DH_LANES

/* Input channels multiplied at a time, in bytes: the weights of so many for two output planes, and the tiles, stay in
 * the first-level cache. */
#define CHANNEL_BYTES 1024

/* Floats that one plane of one tile takes at each place. */
DH_INLINE gsize
tile_floats (const DhCpuWinograd *conv)
{
#ifdef __AVX512BF16__
  if (conv->bf16)
    return DH_LANES / 2;
#endif
  return DH_LANES;
}

DH_INLINE gint
panel_of (const DhCpuWinograd *conv)
{
  return conv->bf16 ? DH_PANEL_BF16 : 1;
}

/* Planes of the input, in whole panels. */
DH_INLINE gint
whole_planes (const DhCpuWinograd *conv)
{
  return dh_cpu_whole_panels (conv->in.n_planes, panel_of (conv));
}

static gsize
v_stride (const DhCpuWinograd *conv)
{
  return (gsize)whole_planes (conv) * conv->tiles_per_item * tile_floats (conv) + SKEW;
}

static gsize
m_stride (const DhCpuWinograd *conv)
{
  return (gsize)conv->out_chunk * conv->tiles_per_item * DH_LANES + SKEW;
}

gint
dh_winograd_items (const DhCpuWinograd *conv)
{
  return (conv->n_tiles + conv->tiles_per_item - 1) / conv->tiles_per_item * MAX (1, conv->parts);
}

gsize
dh_winograd_scratch (const DhCpuWinograd *conv)
{
  return 36 * (v_stride (conv) + m_stride (conv)) * sizeof (float);
}

#define A ((float)DH_WINOGRAD_A)
#define B ((float)DH_WINOGRAD_B)

static void
transform_inputs (const DhCpuWinograd *conv, const DhCpuTile *tiles, gint n, float *v)
{
  const gint panel = panel_of (conv);
  const gsize stride = v_stride (conv), step = tile_floats (conv) * panel;
  for (gint b = conv->in.n_planes; b < whole_planes (conv); b++)
    for (gint k = 0; k < 36; k++)
      for (gint t = 0; t < n; t++)
        memset (v + k * stride + ((gsize)(b / panel) * n + t) * step + b % panel * tile_floats (conv), 0,
                tile_floats (conv) * sizeof *v);
  for (gint b = 0; b < conv->in.n_planes; b++)
    {
      DhPrologue prologue = dh_prologue (&conv->in, b);
      for (gint t = 0; t < n; t++)
        {
          float *to = v + ((gsize)(b / panel) * n + t) * step + b % panel * tile_floats (conv);
#ifdef __AVX512BF16__
          if (conv->bf16)
            {
              dh_winograd_input (&conv->in, conv->dilation, conv->in.planes[b], prologue, tiles[t], TRUE, to, stride);
              continue;
            }
#endif
          dh_winograd_input (&conv->in, conv->dilation, conv->in.planes[b], prologue, tiles[t], FALSE, to, stride);
        }
    }
}

/* Aᵀ m of one line of six. */
#define OUTPUT_LINE(m0, m1, m2, m3, m4, m5, o0, o1, o2, o3)                                                            \
  do                                                                                                                   \
    {                                                                                                                  \
      DhVec s_ = m1 + m2, d_ = m1 - m2, p_ = m3 + m4, q_ = m3 - m4;                                                    \
      o0 = m0 + s_ + p_;                                                                                               \
      o1 = A * d_ + B * q_;                                                                                            \
      o2 = (A * A) * s_ + (B * B) * p_;                                                                                \
      o3 = (A * A * A) * d_ + (B * B * B) * q_ + m5;                                                                   \
    }                                                                                                                  \
  while (0)

static void
transform_output (const DhCpuWinograd *conv, DhCpuTile at, gint plane, const float *m, gsize stride)
{
  gint d = conv->dilation;
  DhVec t[4][6], o[4][4];
  DhVec bias = { 0 };
  if (conv->bias != NULL)
    bias = dh_load (conv->bias + (gsize)plane * DH_LANES);
#pragma GCC unroll 6
  for (gint j = 0; j < 6; j++)
    {
      const float *f = m + j * stride;
      DhVec m0 = dh_load (f), m1 = dh_load (f + 6 * stride), m2 = dh_load (f + 12 * stride);
      DhVec m3 = dh_load (f + 18 * stride), m4 = dh_load (f + 24 * stride), m5 = dh_load (f + 30 * stride);
      OUTPUT_LINE (m0, m1, m2, m3, m4, m5, t[0][j], t[1][j], t[2][j], t[3][j]);
    }
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++)
    {
      OUTPUT_LINE (t[i][0], t[i][1], t[i][2], t[i][3], t[i][4], t[i][5], o[i][0], o[i][1], o[i][2], o[i][3]);
#pragma GCC unroll 4
      for (gint j = 0; j < 4; j++)
        o[i][j] += bias;
    }
  float *to = conv->out.planes[plane];
  const float *sum = conv->out.sum != NULL ? conv->out.sum[plane] : NULL;
  gint rows = MIN (4, (conv->out.h - at.y + d - 1) / d);
  gint columns = MIN (4, (conv->out.w - at.x + d - 1) / d);
  for (gint i = 0; i < rows; i++)
    {
      gsize place = ((gsize)(at.y + i * d) * conv->out.w + at.x) * DH_LANES;
      for (gint j = 0; j < columns; j++, place += (gsize)d * DH_LANES)
        {
          DhVec x = o[i][j];
          if (sum != NULL)
            x += dh_load (sum + place);
          x = conv->out.relu ? dh_relu (x) : x;
          if (conv->out.activation.function != DH_CPU_NOTHING)
            dh_activate (&conv->out.activation, (float *)&x, 1);
          if (conv->out.stream)
            dh_stream (to + place, x);
          else
            dh_store (to + place, x);
        }
    }
}

/* The share `k` of 36 of what the next item will read, asked for while this one is multiplied: of each tile the 4×4
 * inputs that no tile above or to the left has read. */
static void
prefetch (const DhCpuWinograd *conv, const DhCpuTile *tiles, gint n, gint k)
{
  gint d = conv->dilation;
  for (gint t = n * k / 36; t < n * (k + 1) / 36; t++)
    for (gint i = 1; i < 5; i++)
      {
        gint y = MIN (tiles[t].y + i * d, conv->in.h - 1);
        for (gint j = 1; j < 5; j++)
          {
            gint x = MIN (tiles[t].x + j * d, conv->in.w - 1);
            for (gint b = 0; b < conv->in.n_planes; b++)
              __builtin_prefetch (conv->in.planes[b] + ((gsize)y * conv->in.w + x) * DH_LANES, 0, 2);
          }
      }
}

/* Place k of two output planes: the tiles' products. */
static void
multiply (const DhCpuWinograd *conv, gint k, gint o, gint n, const float *v, float *m)
{
  static const float zero[2 * DH_LANES];
  const gsize step = tile_floats (conv);
  const gint ins = whole_planes (conv), panel = panel_of (conv), tile = conv->bf16 ? DH_COARSE_TILE : DH_TILE;
  const gint outs = MIN (2, conv->out.n_planes - o);
  const gint at_once = CHANNEL_BYTES / (gint)(step * sizeof (float));
  const float *weights = (const float *)conv->weights + ((gsize)k * conv->out.n_planes + o) * ins * step * DH_LANES;
  for (gint plane0 = 0; plane0 < ins; plane0 += at_once)
    {
      DhProduct p = { .a_stride = n * step * panel, .n_planes = MIN (at_once, ins - plane0) };
      p.bias = plane0 == 0 ? zero : NULL;
      p.w = weights + (gsize)plane0 * outs * step * DH_LANES;
      for (gint t = 0; t < n; t += tile)
        {
          p.a = v + ((gsize)plane0 * n + (gsize)t * panel) * step;
          p.c[0] = m + (gsize)t * DH_LANES;
          p.c[1] = p.c[0] + (gsize)n * DH_LANES;
#ifdef __AVX512BF16__
          if (conv->bf16)
            {
              dh_matrix_bf16 (&p, MIN (tile, n - t), outs);
              continue;
            }
#endif
          dh_matrix (&p, MIN (tile, n - t), outs);
        }
    }
}

/* The first plane of the output's part. */
static gint
begin_of_part (const DhCpuWinograd *conv, gint part)
{
  const gint pairs = (conv->out.n_planes + 1) / 2;
  return MIN (conv->out.n_planes, 2 * (pairs * part / MAX (1, conv->parts)));
}

void
dh_winograd (const DhCpuWinograd *conv, gint item, float *scratch)
{
  const gint parts = MAX (1, conv->parts), part = item % parts;
  const gint begin = begin_of_part (conv, part), end = begin_of_part (conv, part + 1);
  gint first = item / parts * conv->tiles_per_item;
  gint n = MIN (conv->tiles_per_item, conv->n_tiles - first);
  const DhCpuTile *tiles = conv->tiles + first;
  float *v = scratch;
  float *m = scratch + 36 * v_stride (conv);
  gint next = part + 1 < parts ? 0 : MIN (conv->tiles_per_item, conv->n_tiles - first - n);
  transform_inputs (conv, tiles, n, v);
  if (conv->bf16)
    dh_tiles_begin ();
  for (gint o0 = begin; o0 < end; o0 += conv->out_chunk)
    {
      gint o1 = MIN (o0 + conv->out_chunk, end);
      for (gint k = 0; k < 36; k++)
        {
          if (o0 == begin)
            prefetch (conv, tiles + n, next, k);
          for (gint o = o0; o < o1; o += 2)
            multiply (conv, k, o, n, v + k * v_stride (conv), m + k * m_stride (conv) + (gsize)(o - o0) * n * DH_LANES);
        }
      for (gint o = o0; o < o1; o++)
        for (gint t = 0; t < n; t++)
          transform_output (conv, tiles[t], o, m + ((gsize)(o - o0) * n + t) * DH_LANES, m_stride (conv));
    }
  if (conv->bf16)
    dh_tiles_end ();
  if (conv->out.stream)
    dh_stream_end ();
}
