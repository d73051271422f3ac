#include "dh-simd-tiles.h"
#include "dh-simd-train.h"

#ifdef DH_HAS_TILES

/* Sums over pixels by AMX. Pairs of pixels × channels are what an instruction reads as its second factor, but the first
 * has a row for each channel: dy is turned, once for all planes of what was read, which are more, most often. Two tiles
 * by two, as in dh-kernel-tiles.c. */

#define BLOCK (DH_LANES * DH_LANES)

/* 16 pairs × 16 channels the other way round. */
static void
turn_block (float *block)
{
  __m512i a[16], b[16];
#pragma GCC unroll 16
  for (gint i = 0; i < 16; i++)
    a[i] = _mm512_loadu_si512 (block + i * DH_LANES);
#pragma GCC unroll 8
  for (gint i = 0; i < 16; i += 2)
    {
      b[i] = _mm512_unpacklo_epi32 (a[i], a[i + 1]);
      b[i + 1] = _mm512_unpackhi_epi32 (a[i], a[i + 1]);
    }
    /* a[i + c]: of rows i … i + 3 in each quarter q column 4·q + c. */
#pragma GCC unroll 4
  for (gint i = 0; i < 16; i += 4)
#pragma GCC unroll 2
    for (gint j = 0; j < 2; j++)
      {
        a[i + 2 * j] = _mm512_unpacklo_epi64 (b[i + j], b[i + j + 2]);
        a[i + 2 * j + 1] = _mm512_unpackhi_epi64 (b[i + j], b[i + j + 2]);
      }
#pragma GCC unroll 4
  for (gint c = 0; c < 4; c++)
    {
      const __m512i even0 = _mm512_shuffle_i32x4 (a[c], a[4 + c], 0x88),
                    odd0 = _mm512_shuffle_i32x4 (a[c], a[4 + c], 0xdd);
      const __m512i even1 = _mm512_shuffle_i32x4 (a[8 + c], a[12 + c], 0x88),
                    odd1 = _mm512_shuffle_i32x4 (a[8 + c], a[12 + c], 0xdd);
      _mm512_storeu_si512 (block + c * DH_LANES, _mm512_shuffle_i32x4 (even0, even1, 0x88));
      _mm512_storeu_si512 (block + (4 + c) * DH_LANES, _mm512_shuffle_i32x4 (odd0, odd1, 0x88));
      _mm512_storeu_si512 (block + (8 + c) * DH_LANES, _mm512_shuffle_i32x4 (even0, even1, 0xdd));
      _mm512_storeu_si512 (block + (12 + c) * DH_LANES, _mm512_shuffle_i32x4 (odd0, odd1, 0xdd));
    }
}

void
dh_outer_turn (float *pairs, gint n)
{
  for (gint i = dh_outer_pairs (n); i > 0; i -= DH_OUTER_PAIRS, pairs += BLOCK)
    turn_block (pairs);
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
