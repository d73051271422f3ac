#include "dh-simd-train.h"

#ifdef __AVX512BF16__

/* As dh_outer() of dh-kernel-gradient.c, with pairs of pixels in bfloat16: one instruction adds 32 products. */
#define OUTER_INS 8

DH_INLINE void
outer_tile (const float *x, const float *dy, gsize dy_stride, gint n, gint outs, float *sums, gsize stride)
{
  __m512 sum[OUTER_INS][2];
  const gint32 *pairs = (const gint32 *)x;
#pragma GCC unroll 8
  for (gint i = 0; i < OUTER_INS; i++)
#pragma GCC unroll 2
    for (gint o = 0; o < outs; o++)
      sum[i][o] = _mm512_loadu_ps (sums + i * stride + o * DH_LANES);
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
      _mm512_storeu_ps (sums + i * stride + o * DH_LANES, sum[i][o]);
}

void
dh_outer_bf16 (const float *x, const float *dy, gsize dy_stride, gint n, gint out_planes, float *sums, gsize stride)
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

#endif
