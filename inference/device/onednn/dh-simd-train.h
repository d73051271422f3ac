#pragma once
#include "dh-cpu-train-kernels.h"
#include "dh-simd.h"

/* What the gradients' kernels share. */

#define dh_outer DH_ISA (dh_outer)
#define dh_outer_bf16 DH_ISA (dh_outer_bf16)
#define dh_outer_turn DH_ISA (dh_outer_turn)
#define dh_gradient1x1_scratch DH_ISA (dh_gradient1x1_scratch)
#define dh_gradient1x1 DH_ISA (dh_gradient1x1)
#define dh_gradient3x3_scratch DH_ISA (dh_gradient3x3_scratch)
#define dh_gradient3x3 DH_ISA (dh_gradient3x3)
#define dh_gathered_floats DH_ISA (dh_gathered_floats)
#define dh_gather_scratch DH_ISA (dh_gather_scratch)
#define dh_gather DH_ISA (dh_gather)
#define dh_gather_tiles DH_ISA (dh_gather_tiles)
#define dh_blocks_items DH_ISA (dh_blocks_items)
#define dh_blocks_scratch DH_ISA (dh_blocks_scratch)
#define dh_blocks DH_ISA (dh_blocks)
#define dh_pack_taps DH_ISA (dh_pack_taps)
#define dh_pack_filters DH_ISA (dh_pack_filters)
#define dh_unpack_filters DH_ISA (dh_unpack_filters)
#define dh_depthwise_data DH_ISA (dh_depthwise_data)
#define dh_depthwise_weights DH_ISA (dh_depthwise_weights)
#define dh_max_pool_gradient DH_ISA (dh_max_pool_gradient)
#define dh_average_pool_gradient DH_ISA (dh_average_pool_gradient)
#define dh_adaptive_pool_gradient DH_ISA (dh_adaptive_pool_gradient)
#define dh_activation_gradient DH_ISA (dh_activation_gradient)
#define dh_layer_gradient DH_ISA (dh_layer_gradient)
#define dh_attention_weights DH_ISA (dh_attention_weights)
#define dh_attention_slopes DH_ISA (dh_attention_slopes)
#define dh_loss_scratch DH_ISA (dh_loss_scratch)
#define dh_loss_row DH_ISA (dh_loss_row)
#define dh_resize_gradient DH_ISA (dh_resize_gradient)

#define DH_GRADIENT_PIXELS (DH_TILE * (112 / DH_TILE))

/* v where y is above 0 (or NaN), else 0. */
DH_INLINE DhVec
dh_where_open (DhVec y, DhVec v)
{
#if defined __AVX512F__
  return (DhVec)_mm512_maskz_mov_ps (_mm512_cmp_ps_mask ((__m512)y, _mm512_setzero_ps (), _CMP_NLE_UQ), (__m512)v);
#else
  return (DhVec)(~(y <= 0) & (DhVecInt)v);
#endif
}

DH_INLINE void
dh_add_doubles (double *to, DhVec v)
{
  for (gint i = 0; i < DH_LANES; i++)
    to[i] += v[i];
}

#ifdef __AVX512F__

/* 16 rows of 16, `stride` apart, the other way round. `to` may be `from`. */
DH_INLINE void
dh_turn_block (const float *from, gsize stride, float *to)
{
  __m512i a[16], b[16];
#pragma GCC unroll 16
  for (gint i = 0; i < 16; i++)
    a[i] = _mm512_loadu_si512 (from + i * stride);
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
      _mm512_storeu_si512 (to + c * DH_LANES, _mm512_shuffle_i32x4 (even0, even1, 0x88));
      _mm512_storeu_si512 (to + (4 + c) * DH_LANES, _mm512_shuffle_i32x4 (odd0, odd1, 0x88));
      _mm512_storeu_si512 (to + (8 + c) * DH_LANES, _mm512_shuffle_i32x4 (even0, even1, 0xdd));
      _mm512_storeu_si512 (to + (12 + c) * DH_LANES, _mm512_shuffle_i32x4 (odd0, odd1, 0xdd));
    }
}

#endif

/* As DhCpuTrainKernels.route; few pixels, so that float sums do. */
DH_INLINE void
dh_route_few (const DhCpuRoute *route, gint plane, const float *t, gsize at, gint n)
{
  const DhPrologue prologue = dh_prologue (&route->in, plane);
  const float *x = route->in.planes[plane] + at * DH_LANES;
  float *grad = route->grads[plane] + at * DH_LANES;
  const gboolean add = route->adds[plane];
  if (!prologue.affine)
    {
      for (gint i = 0; i < n; i++)
        {
          DhVec v = dh_load (t + i * DH_LANES);
          if (prologue.relu)
            v = dh_where_open (dh_load (x + i * DH_LANES), v);
          if (add)
            v += dh_load (grad + i * DH_LANES);
          dh_store (grad + i * DH_LANES, v);
        }
      return;
    }
  const DhVec mean = dh_load (route->mean + (gsize)plane * DH_LANES);
  DhVec sum = { 0 }, product = { 0 };
  for (gint i = 0; i < n; i++)
    {
      DhVec v = dh_load (t + i * DH_LANES), value = dh_load (x + i * DH_LANES);
      if (prologue.relu)
        v = dh_where_open (value * prologue.scale + prologue.shift, v);
      sum += v;
      product += v * (value - mean);
      v *= prologue.scale;
      if (add)
        v += dh_load (grad + i * DH_LANES);
      dh_store (grad + i * DH_LANES, v);
    }
  dh_add_doubles (route->sums + (gsize)plane * DH_LANES, sum);
  dh_add_doubles (route->sums + (gsize)(route->in.n_planes + plane) * DH_LANES, product);
}

/* Pairs of pixels that a product in bfloat16 sums up at once, and whether its sums stand by output. */
#ifdef DH_HAS_TILES
#define DH_OUTER_PAIRS 16
#define DH_OUTER_BY_OUTPUT TRUE
#else
#define DH_OUTER_PAIRS 1
#define DH_OUTER_BY_OUTPUT FALSE
#endif

/* Pairs that n pixels are, in whole ones: what is missing is 0. */
DH_INLINE gint
dh_outer_pairs (gint n)
{
  return ((n + 1) / 2 + DH_OUTER_PAIRS - 1) / DH_OUTER_PAIRS * DH_OUTER_PAIRS;
}

/* One line of cache more, so that the 36 places of a plane do not fall on the same sets of the cache. */
#define DH_SKEW DH_LANES

/* Floats of one of a gathered plane's places: n tiles or pixels, in bfloat16 in pairs. */
DH_INLINE gsize
dh_place_floats (gint places, gint n, gboolean bf16)
{
  return (gsize)(bf16 ? dh_outer_pairs (n) : n) * DH_LANES + (places > 1 ? DH_SKEW : 0);
}

/* Products of planes of `x` and of `dy`, summed over pixels and added to blocks of DH_LANES × DH_LANES floats, of which
 * each pair of planes has one. */
typedef struct
{
  const float *x, *dy;
  gsize x_stride, dy_stride; /* floats from plane to plane */
  gint ins, outs;            /* planes; of `ins` at most 2 */
  gint n;                    /* pixels */
  float *sums;
  gsize in_step, out_step; /* floats from block to block */
} DhOuter;

/* `sums` is that of all planes, `plane` the first of `ins`. */
DH_INLINE void
dh_outer_place (DhOuter *outer, float *sums, gint plane, gint in_planes, gboolean by_output)
{
  const gsize block = DH_LANES * DH_LANES;
  outer->in_step = by_output ? block : outer->outs * block;
  outer->out_step = by_output ? in_planes * block : block;
  outer->sums = sums + plane * outer->in_step;
}

/* block[i][o] += Σ_p x[p][i]·dy[p][o] */
void dh_outer (const DhOuter *outer);
#ifdef __AVX512BF16__
/* The same in bfloat16: `x` and `dy` hold dh_outer_pairs (n) pairs of pixels, and `dy` is turned. With AMX to
 * block[o][i], between dh_tiles_begin() and dh_tiles_end(). */
void dh_outer_bf16 (const DhOuter *outer);
#endif
/* `pairs`: dh_outer_pairs (n) of a plane, as dh_outer_bf16() reads dy. */
#ifdef DH_HAS_TILES
void dh_outer_turn (float *pairs, gint n);
#else
DH_INLINE void
dh_outer_turn (float *pairs, gint n)
{
}
#endif
gsize dh_gradient1x1_scratch (const DhCpuGradient1x1 *gradient);
void dh_gradient1x1 (const DhCpuGradient1x1 *gradient, gint item, float *scratch);
gsize dh_gradient3x3_scratch (const DhCpuGradient3x3 *gradient);
void dh_gradient3x3 (const DhCpuGradient3x3 *gradient, gint item, float *scratch);
void dh_activation_gradient (const DhCpuActivation *activation, const DhCpuInput *in, gint plane, const float *dy,
                             float *t, gsize at, gsize n);
gsize dh_gathered_floats (gint places, gint n, gboolean bf16);
gsize dh_gather_scratch (const DhCpuGather *gather);
void dh_gather (const DhCpuGather *gather, gint plane, float *scratch);
/* Of one plane, to `to`. */
void dh_gather_tiles (const DhCpuGather *gather, gint plane, float *to);
gint dh_blocks_items (const DhCpuBlocks *blocks);
gsize dh_blocks_scratch (const DhCpuBlocks *blocks);
void dh_blocks (const DhCpuBlocks *blocks, gint item, float *scratch);
void dh_pack_taps (const DhCpuFilters *filters, gint item);
void dh_pack_filters (const DhCpuFilters *filters, gint item);
void dh_unpack_filters (const DhCpuFilters *filters, gint item);
void dh_depthwise_data (const DhCpuDepthwiseGradient *conv, gint item);
void dh_depthwise_weights (const DhCpuDepthwiseGradient *conv, gint item);
void dh_max_pool_gradient (const DhCpuPoolGradient *pool, gint item);
void dh_average_pool_gradient (const DhCpuPoolGradient *pool, gint item);
void dh_adaptive_pool_gradient (const DhCpuPoolGradient *pool, gint item);
void dh_resize_gradient (const DhCpuPoolGradient *pool, gint item);
void dh_layer_gradient (const DhCpuLayerGradient *norm, gint item);
void dh_attention_weights (float *row, gint n);
void dh_attention_slopes (const float *weights, float *row, gint n, float factor);
gsize dh_loss_scratch (const DhCpuLoss *loss);
void dh_loss_row (const DhCpuLoss *loss, gint row, float *scratch);
