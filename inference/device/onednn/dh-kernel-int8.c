#include "dh-simd.h"

#ifndef DH_HAS_TILES

/* As dh-kernel-matrix.c, of bytes: one instruction multiplies four input channels of each of DH_LANES outputs and adds
 * them to 32-bit sums, exactly. A pixel's plane is DH_LANES / 4 fours, a weight vector is DH_LANES outputs of one. */
#define FOURS (DH_LANES / 4)

/* As assembly, because with the intrinsics GCC 12 keeps some of the sums in memory: a third slower. */
#if !defined DH_HAS_VNNI
typedef DhVecInt Sums;
typedef gint8 Weights __attribute__ ((vector_size (DH_LANES * 4), aligned (1), may_alias));

DH_INLINE Sums
add_products (Sums sums, gint32 x, Weights w)
{
  for (gint lane = 0; lane < DH_LANES; lane++)
    for (gint k = 0; k < 4; k++)
      sums[lane] += (gint)(guint8)(x >> 8 * k) * w[4 * lane + k];
  return sums;
}
#elif defined __AVX512F__
typedef __m512i Sums;
typedef __m512i_u Weights;

DH_INLINE Sums
add_products (Sums sums, gint32 x, Weights w)
{
  asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(_mm512_set1_epi32 (x)), "v"(w));
  return sums;
}
#else
typedef __m256i Sums;
typedef __m256i_u Weights;

DH_INLINE Sums
add_products (Sums sums, gint32 x, Weights w)
{
  asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(_mm256_set1_epi32 (x)), "x"(w));
  return sums;
}
#endif

DH_INLINE void
tile (const DhProduct *p, gint pixels, gint outs)
{
  Sums sum[DH_TILE][2];
  const gint32 *a = (const gint32 *)p->a;
  const float *w = p->w;

#pragma GCC unroll 16
  for (gint i = 0; i < pixels; i++)
#pragma GCC unroll 2
    for (gint o = 0; o < outs; o++)
      sum[i][o] = (Sums){ 0 };

  for (gint plane = 0; plane < p->n_planes; plane++, a += p->a_stride)
    {
#pragma GCC unroll 4
      for (gint k = 0; k < FOURS; k++, w += outs * DH_LANES)
        {
          Weights w0 = *(const Weights *)w;
          Weights w1 = outs > 1 ? *(const Weights *)(w + DH_LANES) : w0;
#pragma GCC unroll 16
          for (gint i = 0; i < pixels; i++)
            {
              sum[i][0] = add_products (sum[i][0], a[i * FOURS + k], w0);
              if (outs > 1)
                sum[i][1] = add_products (sum[i][1], a[i * FOURS + k], w1);
            }
        }
    }

#pragma GCC unroll 2
  for (gint o = 0; o < outs; o++)
    {
      DhVec unit = dh_load (p->units + o * DH_LANES), bias = dh_load (p->bias + o * DH_LANES);
#pragma GCC unroll 16
      for (gint i = 0; i < pixels; i++)
        {
          DhVec v = __builtin_convertvector((DhVecInt)sum[i][o], DhVec) * unit + bias;
          if (p->sum[o] != NULL)
            v += dh_load (p->sum[o] + i * DH_LANES);
          v = p->relu ? dh_relu (v) : v;
          if (p->stream)
            dh_stream (p->c[o] + i * DH_LANES, v);
          else
            dh_store (p->c[o] + i * DH_LANES, v);
        }
    }
}

void
dh_matrix_int8 (const DhProduct *p, gint pixels, gint outs)
{
  DH_TILES (tile, p, pixels, outs);
}

#endif
