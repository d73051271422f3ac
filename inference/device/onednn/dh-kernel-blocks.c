#include <string.h>
#include "dh-simd-train.h"
#include "dh-simd-winograd.h"

/* Weights' gradients of wide convolutions, see DhCpuBlocks. The sums of a block of channels wait near the processor
 * until all tiles or pixels are in them; then they are turned into weights, and never stand in memory. */

/* Planes of the result in a block, whose gathered tiles all its planes of the input read. */
#define BLOCK_OUTS 4
/* Planes of the input whose sums are made together. */
#define AT_ONCE 2
/* Pixels that are multiplied while they are in the first-level cache. */
#define NEAR_PIXELS 192
#define BLOCK (DH_LANES * DH_LANES)

gsize
dh_gathered_floats (gint places, gint n, gboolean bf16)
{
  return places * dh_place_floats (places, n, bf16);
}

gsize
dh_gather_scratch (const DhCpuGather *g)
{
  return g->places == 1 && g->bf16 ? (gsize)g->n * DH_LANES * sizeof (float) : 0;
}

static void
gather_pixels (const DhCpuGather *g, gint plane, float *to)
{
  const DhPrologue prologue = dh_prologue (&g->in, plane);
  const gsize step = (gsize)g->step * DH_LANES;
  for (gint i = 0, run; i < g->n; i += run)
    {
      const gint row = (g->first + i) / g->columns, column = (g->first + i) % g->columns, y = row % g->rows * g->step;
      const float *from = g->in.planes[(gsize)(row / g->rows) * g->in.n_planes + plane];
      from += ((gsize)(g->y + y) * g->in.w + g->x + column * g->step) * DH_LANES;
      run = MIN (g->columns - column, g->n - i);
      for (gint j = 0; j < run; j++, to += DH_LANES)
        dh_store (to, dh_read (from + j * step, prologue));
    }
}

#ifdef __AVX512BF16__

static void
store_pairs (const DhCpuGather *g, const float *pixels, float *to)
{
  const gint n = g->n, have = (n + 1) / 2;
  for (gint i = 0; i < have; i++, pixels += 2 * DH_LANES)
    dh_store_pairs_bf16 (to + i * DH_LANES, dh_load (pixels),
                         2 * i + 1 < n ? dh_load (pixels + DH_LANES) : (DhVec){ 0 });
  memset (to + have * DH_LANES, 0, (gsize)(dh_outer_pairs (n) - have) * DH_LANES * sizeof *to);
  if (g->of_result)
    dh_outer_turn (to, n);
}

#endif

void
dh_gather (const DhCpuGather *g, gint plane, float *scratch)
{
  float *to = g->to + plane * dh_gathered_floats (g->places, g->n, g->bf16);
  if (g->places > 1)
    {
      dh_gather_tiles (g, plane, to);
      return;
    }
#ifdef __AVX512BF16__
  if (g->bf16)
    {
      gather_pixels (g, plane, scratch);
      store_pairs (g, scratch, to);
      return;
    }
#endif
  gather_pixels (g, plane, to);
}

DH_INLINE gint
parts_of (gint planes, gint most)
{
  return (planes + most - 1) / most;
}

gint
dh_blocks_items (const DhCpuBlocks *b)
{
  return parts_of (b->filters.out_planes, BLOCK_OUTS) * parts_of (b->filters.in_planes, b->ins);
}

gsize
dh_blocks_scratch (const DhCpuBlocks *b)
{
  return (gsize)b->places * BLOCK_OUTS * AT_ONCE * BLOCK * sizeof (float);
}

/* What a block is of. */
typedef struct
{
  gint in, ins, out, outs; /* planes */
} Part;

/* Place k of n pixels or tiles from `first` on: for each plane of the result, then of the input, a block of sums with a
 * row for each channel of the result. */
static void
add_products (const DhCpuBlocks *b, const Part *part, gint k, gint first, gint n, float *sums)
{
  const gboolean bf16 = b->filters.bf16;
  const gsize place = dh_place_floats (b->places, b->n, bf16), plane = b->places * place;
  const gsize at = k * place + (gsize)(bf16 ? first / 2 : first) * DH_LANES;
  const float *x = b->x + part->in * plane + at, *dy = b->dy + part->out * plane + at;
  const gsize in_step = BLOCK, out_step = (gsize)part->ins * BLOCK;
  DhOuter outer = { .x_stride = plane, .dy_stride = plane, .n = n, .sums = sums + (gsize)k * part->outs * out_step };
#ifdef DH_HAS_TILES
  if (bf16)
    {
      outer.x = x;
      outer.dy = dy;
      outer.ins = part->ins;
      outer.outs = part->outs;
      outer.in_step = in_step;
      outer.out_step = out_step;
      dh_outer_bf16 (&outer);
      return;
    }
#endif
  /* These make rows of the first factor's channels. */
  outer.x = dy;
  outer.dy = x;
  outer.ins = part->outs;
  outer.outs = part->ins;
  outer.in_step = out_step;
  outer.out_step = in_step;
#ifdef __AVX512BF16__
  if (bf16)
    {
      dh_outer_bf16 (&outer);
      return;
    }
#endif
  dh_outer (&outer);
}

/* The sums of one channel of the result and a plane of the input, to the gradient: `taps` for each channel. */
DH_INLINE void
add_row (const float *sums, gint taps, const DhCpuFilters *f, const gint *ins, float *weight)
{
  const float factor = (float)f->factor;
  float row[9 * DH_LANES];
  for (gint lane = 0; lane < DH_LANES; lane++)
    for (gint tap = 0; tap < taps; tap++)
      row[lane * taps + tap] = factor * sums[tap * DH_LANES + lane];
  /* Channels in order, most often. */
  if ((gint)f->in_stride == taps && ins[0] >= 0 && ins[DH_LANES - 1] == ins[0] + DH_LANES - 1)
    {
      float *to = weight + ins[0] * f->in_stride;
      for (gint i = 0; i < taps * DH_LANES; i += DH_LANES)
        dh_store (to + i, dh_load (to + i) + dh_load (row + i));
      return;
    }
  for (gint lane = 0; lane < DH_LANES; lane++)
    for (gint tap = 0; tap < taps && ins[lane] >= 0; tap++)
      weight[ins[lane] * f->in_stride + tap] += row[lane * taps + tap];
}

static void
finish_row (const DhCpuBlocks *b, const float *sums, gsize stride, const gint *ins, float *weight)
{
  DhVec m[36], taps[9];
  if (b->places == 1)
    {
      add_row (sums, 1, &b->filters, ins, weight);
      return;
    }
  for (gint k = 0; k < 36; k++)
    m[k] = dh_load (sums + k * stride);
  dh_winograd_filter_back (m, taps);
  add_row ((const float *)taps, 9, &b->filters, ins, weight);
}

static void
finish (const DhCpuBlocks *b, const Part *part, const float *sums)
{
  const DhCpuFilters *f = &b->filters;
  const gsize stride = (gsize)part->outs * part->ins * BLOCK;
  for (gint o = 0; o < part->outs; o++)
    for (gint i = 0; i < part->ins; i++, sums += BLOCK)
      for (gint row = 0; row < DH_LANES; row++)
        {
          const gint out = f->outs[(part->out + o) * DH_LANES + row];
          if (out >= 0)
            finish_row (b, sums + row * DH_LANES, stride, f->ins + (part->in + i) * DH_LANES,
                        f->weight + out * f->out_stride);
        }
}

void
dh_blocks (const DhCpuBlocks *b, gint item, float *scratch)
{
  const gint groups = parts_of (b->filters.in_planes, b->ins);
  const gint last = MIN (b->filters.in_planes, (item % groups + 1) * b->ins);
  const gint near = b->places > 1 ? b->n : NEAR_PIXELS;
  Part part = { .in = item % groups * b->ins, .out = item / groups * BLOCK_OUTS };
  part.outs = MIN (BLOCK_OUTS, b->filters.out_planes - part.out);
  if (b->filters.bf16)
    dh_tiles_begin ();
  for (; part.in < last; part.in += AT_ONCE)
    {
      part.ins = MIN (AT_ONCE, last - part.in);
      memset (scratch, 0, (gsize)b->places * part.outs * part.ins * BLOCK * sizeof *scratch);
      for (gint first = 0; first < b->n; first += near)
        for (gint k = 0; k < b->places; k++)
          add_products (b, &part, k, first, MIN (near, b->n - first), scratch);
      finish (b, &part, scratch);
    }
  if (b->filters.bf16)
    dh_tiles_end ();
}
