#include "dh-simd.h"

#if defined __AVX512BF16__ && !defined DH_HAS_TILES

/* As dh-kernel-matrix.c, with pairs of input channels in bfloat16: one instruction multiplies and adds 32 pairs. A
 * pixel's plane is 8 pairs, a weight vector is 16 outputs of one pair. */
#define PAIRS (DH_LANES / 2)

DH_INLINE void
tile (const DhProduct *p, gint pixels, gint outs)
{
  __m512 sum[DH_TILE][2];
  const gint32 *a = (const gint32 *)p->a;
  const float *w = p->w;

#pragma GCC unroll 16
  for (gint i = 0; i < pixels; i++)
#pragma GCC unroll 2
    for (gint o = 0; o < outs; o++)
      sum[i][o] = _mm512_loadu_ps (p->bias != NULL ? p->bias + o * DH_LANES : p->c[o] + i * DH_LANES);

  for (gint plane = 0; plane < p->n_planes; plane++, a += p->a_stride)
    {
#pragma GCC unroll 4
      for (gint k = 0; k < PAIRS; k++, w += outs * DH_LANES)
        {
          __m512bh w0 = (__m512bh)_mm512_loadu_ps (w);
          __m512bh w1 = outs > 1 ? (__m512bh)_mm512_loadu_ps (w + DH_LANES) : w0;
#pragma GCC unroll 16
          for (gint i = 0; i < pixels; i++)
            {
              __m512bh x = (__m512bh)_mm512_set1_epi32 (a[i * PAIRS + k]);
              sum[i][0] = _mm512_dpbf16_ps (sum[i][0], x, w0);
              if (outs > 1)
                sum[i][1] = _mm512_dpbf16_ps (sum[i][1], x, w1);
            }
        }
    }

#pragma GCC unroll 2
  for (gint o = 0; o < outs; o++)
#pragma GCC unroll 16
    for (gint i = 0; i < pixels; i++)
      {
        DhVec v = (DhVec)sum[i][o];
        if (p->sum[o] != NULL)
          v += dh_load (p->sum[o] + i * DH_LANES);
        v = p->relu ? dh_relu (v) : v;
        if (p->stream)
          dh_stream (p->c[o] + i * DH_LANES, v);
        else
          dh_store (p->c[o] + i * DH_LANES, v);
      }
}

void
dh_matrix_bf16 (const DhProduct *p, gint pixels, gint outs)
{
  DH_TILES (tile, p, pixels, outs);
}

#endif
