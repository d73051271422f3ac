#include "dh-simd.h"

/* The inner loop of every convolution made here: a tile of the output stays in registers while the input's channels
 * pass by. With AVX-512, 14 pixels × 2 vectors keep 28 sums in flight and run at the processor's peak. */
DH_INLINE void
tile (const DhProduct *p, gint pixels, gint outs)
{
  DhVec sum[DH_TILE][2];
  const float *a = p->a;
  const float *w = p->w;

#pragma GCC unroll 16
  for (gint i = 0; i < pixels; i++)
#pragma GCC unroll 2
    for (gint o = 0; o < outs; o++)
      sum[i][o] = p->bias != NULL ? dh_load (p->bias + o * DH_LANES) : dh_load (p->c[o] + i * DH_LANES);

  for (gint plane = 0; plane < p->n_planes; plane++, a += p->a_stride)
    {
#pragma GCC unroll 4
      for (gint k = 0; k < DH_LANES; k++, w += outs * DH_LANES)
        {
          DhVec w0 = dh_load (w);
          DhVec w1 = outs > 1 ? dh_load (w + DH_LANES) : w0;
#pragma GCC unroll 16
          for (gint i = 0; i < pixels; i++)
            {
              DhVec x = dh_splat (a[i * DH_LANES + k]);
              sum[i][0] += x * w0;
              if (outs > 1)
                sum[i][1] += x * w1;
            }
        }
    }

#pragma GCC unroll 2
  for (gint o = 0; o < outs; o++)
    {
      if (p->sum[o] != NULL)
        {
#pragma GCC unroll 16
          for (gint i = 0; i < pixels; i++)
            sum[i][o] += dh_load (p->sum[o] + i * DH_LANES);
        }
      if (p->relu)
        {
#pragma GCC unroll 16
          for (gint i = 0; i < pixels; i++)
            sum[i][o] = dh_relu (sum[i][o]);
        }
      if (p->stream)
        {
#pragma GCC unroll 16
          for (gint i = 0; i < pixels; i++)
            dh_stream (p->c[o] + i * DH_LANES, sum[i][o]);
        }
      else
        {
#pragma GCC unroll 16
          for (gint i = 0; i < pixels; i++)
            dh_store (p->c[o] + i * DH_LANES, sum[i][o]);
        }
    }
}

void
dh_matrix (const DhProduct *p, gint pixels, gint outs)
{
  DH_TILES (tile, p, pixels, outs);
}
