#include "dh-simd-train.h"

#if defined __AVX512BF16__ && !defined DH_HAS_TILES

/* As dh_outer() of dh-kernel-gradient.c, with pairs of pixels in bfloat16: one instruction adds 32 products. */
#define OUTER_INS 8

DH_INLINE void
outer_tile (const float *x, const float *dy, gsize dy_stride, gint n, gint outs, float *sums, gsize step)
{
  __m512 sum[OUTER_INS][2];
  const gint32 *pairs = (const gint32 *)x;
#pragma GCC unroll 8
  for (gint i = 0; i < OUTER_INS; i++)
#pragma GCC unroll 2
    for (gint o = 0; o < outs; o++)
      sum[i][o] = _mm512_loadu_ps (sums + i * DH_LANES + o * step);
  for (gint p = 0; p < n; p++, pairs += DH_LANES, dy += DH_LANES)
    {
      const __m512bh d0 = (__m512bh)_mm512_loadu_ps (dy);
      const __m512bh d1 = outs > 1 ? (__m512bh)_mm512_loadu_ps (dy + dy_stride) : d0;
#pragma GCC unroll 8
      for (gint i = 0; i < OUTER_INS; i++)
        {
          const __m512bh v = (__m512bh)_mm512_set1_epi32 (pairs[i]);
          sum[i][0] = _mm512_dpbf16_ps (sum[i][0], v, d0);
          if (outs > 1)
            sum[i][1] = _mm512_dpbf16_ps (sum[i][1], v, d1);
        }
    }
#pragma GCC unroll 8
  for (gint i = 0; i < OUTER_INS; i++)
#pragma GCC unroll 2
    for (gint o = 0; o < outs; o++)
      _mm512_storeu_ps (sums + i * DH_LANES + o * step, sum[i][o]);
}

void
dh_outer_bf16 (const DhOuter *outer)
{
  const gint n = dh_outer_pairs (outer->n);
  for (gint b = 0; b < outer->ins; b++)
    for (gint o = 0; o < outer->outs; o += 2)
      for (gint i = 0; i < DH_LANES; i += OUTER_INS)
        {
          const float *x = outer->x + b * outer->x_stride + i, *dy = outer->dy + o * outer->dy_stride;
          float *to = outer->sums + b * outer->in_step + o * outer->out_step + i * DH_LANES;
          if (o + 1 < outer->outs)
            outer_tile (x, dy, outer->dy_stride, n, 2, to, outer->out_step);
          else
            outer_tile (x, dy, outer->dy_stride, n, 1, to, outer->out_step);
        }
}

#endif
