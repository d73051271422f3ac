#include "dh-simd-tiles.h"
#include "dh-simd-train.h"

#ifdef DH_HAS_TILES

/* Sums over pixels by AMX. Pairs of pixels × channels are what an instruction reads as its second factor, but the first
 * has a row for each channel: dy is turned, once for all planes of what was read, which are more, most often. Two tiles
 * by two, as in dh-kernel-tiles.c. */

#define BLOCK (DH_LANES * DH_LANES)

void
dh_outer_turn (float *pairs, gint n)
{
  for (gint i = dh_outer_pairs (n); i > 0; i -= DH_OUTER_PAIRS, pairs += BLOCK)
    dh_turn_block (pairs, DH_LANES, pairs);
}

/* Sums 0 and 1: the first plane of dy, 2 and 3: the second; of them 0 and 2: the first plane of x. */
DH_INLINE void
outer_tile (const DhOuter *outer, const float *dy, float *sums, gboolean ins, gboolean outs)
{
  const float *x = outer->x, *x1 = x + outer->x_stride, *dy1 = dy + outer->dy_stride;
  float *below = sums + outer->out_step;
  DH_AMX_LOAD (0, sums, DH_AMX_ROW);
  if (ins)
    DH_AMX_LOAD (1, sums + outer->in_step, DH_AMX_ROW);
  if (outs)
    DH_AMX_LOAD (2, below, DH_AMX_ROW);
  if (ins && outs)
    DH_AMX_LOAD (3, below + outer->in_step, DH_AMX_ROW);
  for (gint i = dh_outer_pairs (outer->n); i > 0;
       i -= DH_OUTER_PAIRS, x += BLOCK, x1 += BLOCK, dy += BLOCK, dy1 += BLOCK)
    {
      DH_AMX_LOAD (4, dy, DH_AMX_ROW);
      DH_AMX_LOAD (6, x, DH_AMX_ROW);
      DH_AMX_BF16 (0, 4, 6);
      if (ins)
        {
          DH_AMX_LOAD (7, x1, DH_AMX_ROW);
          DH_AMX_BF16 (1, 4, 7);
        }
      if (outs)
        {
          DH_AMX_LOAD (5, dy1, DH_AMX_ROW);
          DH_AMX_BF16 (2, 5, 6);
        }
      if (ins && outs)
        DH_AMX_BF16 (3, 5, 7);
    }
  DH_AMX_STORE (0, sums, DH_AMX_ROW);
  if (ins)
    DH_AMX_STORE (1, sums + outer->in_step, DH_AMX_ROW);
  if (outs)
    DH_AMX_STORE (2, below, DH_AMX_ROW);
  if (ins && outs)
    DH_AMX_STORE (3, below + outer->in_step, DH_AMX_ROW);
}

void
dh_outer_bf16 (const DhOuter *outer)
{
  for (gint o = 0; o < outer->outs; o += 2)
    {
      const gboolean both = o + 1 < outer->outs;
      const float *dy = outer->dy + o * outer->dy_stride;
      float *sums = outer->sums + o * outer->out_step;
      if (outer->ins > 1 && both)
        outer_tile (outer, dy, sums, TRUE, TRUE);
      else if (outer->ins > 1)
        outer_tile (outer, dy, sums, TRUE, FALSE);
      else if (both)
        outer_tile (outer, dy, sums, FALSE, TRUE);
      else
        outer_tile (outer, dy, sums, FALSE, FALSE);
    }
}

#endif
