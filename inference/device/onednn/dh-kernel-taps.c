#include <string.h>
#include "dh-simd.h"

/* A convolution of any kernel, stride and dilation as a sum of 1×1 convolutions, one for each tap, of the picture moved
 * by it. What a tap reads outside the picture is left out: of a wide dilation that is a good part of the work. */

/* In bfloat16, tiles have a way of their own (dh-kernel-taps-tiles.c); but the input is packed here. */

#define MOST_TILES (112 / DH_TILE)

/* Pixels of one row that an item makes. */
static gint
run_of (const DhCpuTaps *conv)
{
  gint most = MOST_TILES * DH_TILE;
  gint runs = (conv->out.w + most - 1) / most;
  gint tiles = ((conv->out.w + runs - 1) / runs + DH_TILE - 1) / DH_TILE;
  return tiles * DH_TILE;
}

/* Rows of an item: as many as keep its output in the second-level cache, for which each weight is fetched once. */
static gint
rows_of (const DhCpuTaps *conv)
{
  if (conv->rows > 0)
    return conv->rows;
  return CLAMP ((384 << 10) / (run_of (conv) * conv->out.n_planes * DH_LANES * (gint)sizeof (float)), 1, 4);
}

gint
dh_taps_items (const DhCpuTaps *conv)
{
#ifdef DH_HAS_TILES
  if (conv->bf16)
    return dh_taps_of_tiles_items (conv);
#endif
  gint rows = rows_of (conv), run = run_of (conv);
  return (conv->out.h + rows - 1) / rows * ((conv->out.w + run - 1) / run);
}

gsize
dh_taps_scratch (const DhCpuTaps *conv)
{
#ifdef DH_HAS_TILES
  if (conv->bf16)
    return dh_taps_of_tiles_scratch (conv);
#endif
  if (conv->packed != NULL)
    return 0;
  return (gsize)run_of (conv) * MIN (DH_RUN, conv->in.n_planes) * DH_LANES * sizeof (float);
}

DH_INLINE gsize
pixel_floats (const DhCpuTaps *conv)
{
#ifdef __AVX512BF16__
  if (conv->bf16)
    return DH_LANES / 2;
#endif
  return DH_LANES;
}

DH_INLINE void
put (const DhCpuTaps *conv, float *to, DhVec v)
{
#ifdef __AVX512BF16__
  if (conv->bf16)
    {
      dh_store_bf16 (to, v);
      return;
    }
#endif
  dh_store (to, v);
}

/* n pixels of a row from `x` on, `stride` apart, through norm and ReLU; 0 outside the picture. `panel` planes stand
 * together. */
static void
gather (const DhCpuTaps *conv, gint y, gint x, gint n, gint plane0, gint n_planes, gint panel, float *gathered)
{
  gint stride = conv->stride, w = conv->in.w;
  gint first = x >= 0 ? 0 : MIN (n, (-x + stride - 1) / stride);
  gint last = x >= w ? 0 : MIN (n, (w - 1 - x) / stride + 1);
  const gsize step = pixel_floats (conv) * panel;
  for (gint b = 0; b < n_planes; b++)
    {
      float *to = gathered + b / panel * n * step + b % panel * pixel_floats (conv);
      const float *from = conv->in.planes[plane0 + b] + (gsize)y * w * DH_LANES;
      DhPrologue prologue = dh_prologue (&conv->in, plane0 + b);
      for (gint i = 0; i < MIN (first, n); i++)
        put (conv, to + i * step, (DhVec){ 0 });
      for (gint i = first; i < last; i++)
        put (conv, to + i * step, dh_read (from + (gsize)(x + i * stride) * DH_LANES, prologue));
      for (gint i = MAX (first, last); i < n; i++)
        put (conv, to + i * step, (DhVec){ 0 });
    }
}

/* Bias and summand. */
static void
begin (const DhCpuTaps *conv, gsize at, gint n)
{
  for (gint o = 0; o < conv->out.n_planes; o++)
    {
      DhVec bias = dh_load (conv->bias + (gsize)o * DH_LANES);
      float *to = conv->out.planes[o] + at;
      const float *sum = conv->out.sum != NULL ? conv->out.sum[o] + at : NULL;
      for (gint i = 0; i < n; i++)
        {
          DhVec v = bias;
          if (sum != NULL)
            v += dh_load (sum + i * DH_LANES);
          dh_store (to + i * DH_LANES, v);
        }
    }
}

static void
end (const DhCpuTaps *conv, gsize at, gint n)
{
  for (gint o = 0; conv->out.relu && o < conv->out.n_planes; o++)
    for (gint i = 0; i < n; i++)
      {
        float *to = conv->out.planes[o] + at + i * DH_LANES;
        dh_store (to, dh_relu (dh_load (to)));
      }
  for (gint o = 0; conv->out.activation.function != DH_CPU_NOTHING && o < conv->out.n_planes; o++)
    dh_activate (&conv->out.activation, conv->out.planes[o] + at, n);
}

/* A row of n_planes of the input and those behind it, packed: `stride` from plane to plane. */
typedef struct
{
  const float *a;
  gsize stride;
} Row;

/* The share `part` of `parts` of the next row that is read, asked for while this one is multiplied. */
DH_INLINE void
prefetch (Row next, gint n_planes, gsize floats, gint part, gint parts)
{
  for (gint b = n_planes * part / parts; b < n_planes * (part + 1) / parts; b++)
    for (gsize i = 0; i < floats; i += 16)
      __builtin_prefetch (next.a + b * next.stride + i, 0, 2);
}

/* One tap of `n_planes` of the input: `x` is where it reads for the run's first pixel. */
static void
add_tap (const DhCpuTaps *conv, gint x, gsize at, gint n, gint n_planes, Row row, Row next, const float *weights)
{
  gsize step = pixel_floats (conv);
  for (gint o = 0; o < conv->out.n_planes; o += 2)
    {
      gint outs = MIN (2, conv->out.n_planes - o);
      DhProduct p = { .a_stride = row.stride, .n_planes = n_planes, .w = weights };
      if (next.a != NULL)
        prefetch (next, n_planes, n * step, o / 2, (conv->out.n_planes + 1) / 2);
      for (gint i = 0; i < n; i += DH_TILE)
        {
          gint pixels = MIN (DH_TILE, n - i);
          gint left = x + i * conv->stride;
          if (left >= conv->in.w || left + (pixels - 1) * conv->stride < 0)
            continue;
          p.a = row.a + i * step;
          for (gint j = 0; j < outs; j++)
            p.c[j] = conv->out.planes[o + j] + at + (gsize)i * DH_LANES;
#ifdef __AVX512BF16__
          if (conv->bf16)
            {
              dh_matrix_bf16 (&p, pixels, outs);
              continue;
            }
#endif
          dh_matrix (&p, pixels, outs);
        }
      weights += n_planes * step * outs * DH_LANES;
    }
}

/* Where the tap reads row y of the input, from `x` on, of planes from plane0 on. */
DH_INLINE Row
packed_row (const DhCpuTaps *conv, gint y, gint x, gint plane0)
{
  const gsize step = pixel_floats (conv), width = (gsize)conv->in.w + 2 * DH_TAPS_MARGIN;
  return (Row){ conv->packed + (((gsize)y * conv->in.n_planes + plane0) * width + DH_TAPS_MARGIN + x) * step,
                width * step };
}

/* One tap of the rows from `y0` to `y1`. */
static void
add_tap_rows (const DhCpuTaps *conv, gint tap, gint y0, gint y1, gint x, gint n, gint plane0, gint n_planes,
              float *scratch)
{
  gsize plane_floats = pixel_floats (conv) * conv->out.n_planes * DH_LANES;
  const float *weights = conv->weights;
  weights += ((gsize)tap * conv->in.n_planes + plane0) * plane_floats;
  gint from_x = x * conv->stride + tap % conv->kernel * conv->dilation - conv->padding;
  if (from_x >= conv->in.w || from_x + (n - 1) * conv->stride < 0)
    return;
  for (gint y = y0; y < y1; y++)
    {
      gint from_y = y * conv->stride + tap / conv->kernel * conv->dilation - conv->padding;
      if (from_y < 0 || from_y >= conv->in.h)
        continue;
      Row row = { scratch, n * pixel_floats (conv) }, next = { NULL, 0 };
      if (conv->packed != NULL)
        {
          row = packed_row (conv, from_y, from_x, plane0);
          if (y + 1 < y1 && from_y + 1 < conv->in.h)
            next = packed_row (conv, from_y + 1, from_x, plane0);
        }
      else
        gather (conv, from_y, from_x, n, plane0, n_planes, 1, scratch);
      add_tap (conv, from_x, ((gsize)y * conv->out.w + x) * DH_LANES, n, n_planes, row, next, weights);
    }
}

/* One row of all planes, in the order row, panel, pixel, with a margin of zeros on the left and right. */
void
dh_taps_pack (const DhCpuTaps *conv, gint y, float *to)
{
  const gint panel = conv->bf16 ? DH_PANEL_BF16 : 1, lacking = (panel - conv->in.n_planes % panel) % panel;
  const gsize width = (gsize)conv->in.w + 2 * DH_TAPS_MARGIN, plane = pixel_floats (conv);
  to += (gsize)y * (conv->in.n_planes + lacking) * width * plane;
  gather (conv, y, -DH_TAPS_MARGIN, (gint)width, 0, conv->in.n_planes, panel, to);
  /* What fills the last panel. */
  to += conv->in.n_planes / panel * width * plane * panel;
  for (gsize i = 0; lacking > 0 && i < width; i++)
    memset (to + (i * panel + panel - lacking) * plane, 0, lacking * plane * sizeof *to);
}

void
dh_taps (const DhCpuTaps *conv, gint item, float *scratch)
{
#ifdef DH_HAS_TILES
  if (conv->bf16)
    {
      dh_taps_of_tiles (conv, item, scratch);
      return;
    }
#endif
  gint run = run_of (conv), runs = (conv->out.w + run - 1) / run, rows = rows_of (conv);
  gint x = item % runs * run, n = MIN (run, conv->out.w - x);
  gint y0 = item / runs * rows, y1 = MIN (y0 + rows, conv->out.h);
  for (gint y = y0; y < y1; y++)
    begin (conv, ((gsize)y * conv->out.w + x) * DH_LANES, n);
  for (gint plane0 = 0; plane0 < conv->in.n_planes; plane0 += DH_RUN)
    for (gint tap = 0; tap < conv->kernel * conv->kernel; tap++)
      add_tap_rows (conv, tap, y0, y1, x, n, plane0, MIN (DH_RUN, conv->in.n_planes - plane0), scratch);
  for (gint y = y0; y < y1; y++)
    end (conv, ((gsize)y * conv->out.w + x) * DH_LANES, n);
}
