#include "dh-simd-winograd.h"

/* Filters of 3×3 taps to the 36 places of Winograd's kernel: four times as many numbers, so that of large layers only
 * the taps are held, and transformed in each run. */

#ifdef __AVX512BF16__

DH_INLINE void
load_bf16 (const guint16 *from, gsize step, DhVecDouble taps[9])
{
  for (gint k = 0; k < 9; k++)
    {
      const __m512i bits = _mm512_cvtepu16_epi32 (_mm256_loadu_si256 ((const __m256i *)(from + k * step)));
      taps[k] = __builtin_convertvector((DhVec)_mm512_slli_epi32 (bits, 16), DhVecDouble);
    }
}

DH_INLINE void
put (float *to, DhVec v, gboolean stream)
{
  if (stream)
    dh_stream (to, v);
  else
    dh_store (to, v);
}

/* Two input channels at a time: the products take pairs. */
static void
transform_bf16 (const DhCpuWinogradFilters *f, gint o0, gint outs)
{
  const gint ins = f->in_planes * DH_LANES, whole = dh_cpu_whole_panels (f->in_planes, DH_PANEL_BF16) * DH_LANES;
  const gsize stride = (gsize)whole * f->out_planes * DH_LANES / 2, row = (gsize)outs * DH_LANES;
  const guint16 *from = (const guint16 *)f->weights + (gsize)9 * ins * o0 * DH_LANES;
  float *to = f->to + (gsize)o0 * DH_LANES * whole / 2;
  for (gint i = 0; i < ins; i += 2, from += 2 * 9 * row)
    for (gint o = 0; o < outs; o++, to += DH_LANES)
      {
        DhVecDouble taps[9];
        DhVec first[36], second[36];
        load_bf16 (from + o * DH_LANES, row, taps);
        dh_winograd_filter (taps, first);
        load_bf16 (from + 9 * row + o * DH_LANES, row, taps);
        dh_winograd_filter (taps, second);
        for (gint k = 0; k < 36; k++)
          {
            const __m512i low = _mm512_cvtepu16_epi32 ((__m256i)_mm512_cvtneps_pbh ((__m512)first[k]));
            const __m512i high = _mm512_cvtepu16_epi32 ((__m256i)_mm512_cvtneps_pbh ((__m512)second[k]));
            put (to + k * stride, (DhVec)_mm512_or_si512 (low, _mm512_slli_epi32 (high, 16)), f->stream);
          }
      }
  for (gint i = (whole - ins) / 2 * outs; i > 0; i--, to += DH_LANES)
    for (gint k = 0; k < 36; k++)
      put (to + k * stride, (DhVec){ 0 }, f->stream);
}

#endif

static void
transform (const DhCpuWinogradFilters *f, gint o0, gint outs)
{
  const gint ins = f->in_planes * DH_LANES;
  const gsize stride = (gsize)ins * f->out_planes * DH_LANES, row = (gsize)outs * DH_LANES;
  const float *from = (const float *)f->weights + (gsize)9 * ins * o0 * DH_LANES;
  float *to = f->to + (gsize)o0 * DH_LANES * ins;
  for (gint i = 0; i < ins; i++, from += 9 * row)
    for (gint o = 0; o < outs; o++, to += DH_LANES)
      {
        DhVecDouble taps[9];
        DhVec u[36];
        for (gint k = 0; k < 9; k++)
          taps[k] = __builtin_convertvector(dh_load (from + k * row + o * DH_LANES), DhVecDouble);
        dh_winograd_filter (taps, u);
        for (gint k = 0; k < 36; k++)
          {
            if (f->stream)
              dh_stream (to + k * stride, u[k]);
            else
              dh_store (to + k * stride, u[k]);
          }
      }
}

void
dh_winograd_filters (const DhCpuWinogradFilters *f, gint item)
{
  const gint o0 = 2 * item, outs = MIN (2, f->out_planes - o0);
#ifdef __AVX512BF16__
  if (f->bf16)
    transform_bf16 (f, o0, outs);
  else
#endif
    transform (f, o0, outs);
  if (f->stream)
    dh_stream_end ();
}
