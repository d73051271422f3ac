#pragma once
#include <glib.h>
#include <math.h>
#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif
#include "dh-cpu-kernels.h"

/* Vectors of the instruction set that the file is compiled for, in the compiler's own vector types. Every kernel file
 * is compiled once for each set with DH_CPU_ISA naming it. */

#if defined __AVX512F__
#define DH_LANES 16
#define DH_TILE 14
#elif defined __AVX2__
#define DH_LANES 8
#define DH_TILE 6
#else
#define DH_LANES 8
#define DH_TILE 3
#endif

typedef float DhVec __attribute__ ((vector_size (DH_LANES * 4), aligned (4), may_alias));
typedef double DhVecDouble __attribute__ ((vector_size (DH_LANES * 8), aligned (8), may_alias));
typedef gint32 DhVecInt __attribute__ ((vector_size (DH_LANES * 4), aligned (4), may_alias));

#if (defined __AVX512F__ && defined __AVX512VNNI__) || (!defined __AVX512F__ && defined __AVXVNNI__)
#define DH_HAS_VNNI
#endif

#define DH_INLINE static inline __attribute__ ((always_inline))

#if defined __AMX_TILE__ || defined DH_EMULATE_TILES
#define DH_HAS_TILES
#endif

/* Planes that stand together in a row of 64 bytes where products are in bfloat16 and int8, and pixels that they make at
 * once: the tiles of AMX take whole rows, 16 of them. */
#ifdef DH_HAS_TILES
#define DH_PANEL_BF16 2
#define DH_PANEL_INT8 4
#define DH_COARSE_TILE 32
#else
#define DH_PANEL_BF16 1
#define DH_PANEL_INT8 1
#define DH_COARSE_TILE DH_TILE
#endif
/* Planes of the input that one product reads, so that they and their weights stay in the second-level cache. Tiles cut
 * them themselves (dh-kernel-taps-tiles.c); of a 1×1 convolution so many are packed at a time. */
#define DH_RUN (256 / DH_LANES)
#define DH_RUN_TILES (2048 / DH_LANES)
/* Pixels beside a packed row, which a tile may reach over. */
#define DH_TAPS_MARGIN (DH_COARSE_TILE > 16 ? DH_COARSE_TILE : 16)

DH_INLINE DhVec
dh_load (const float *p)
{
  return *(const DhVec *)p;
}

DH_INLINE void
dh_store (float *p, DhVec v)
{
  *(DhVec *)p = v;
}

/* Past the caches, for memory that is not read again soon; 64-byte aligned. Ends with dh_stream_end(). */
DH_INLINE void
dh_stream (float *p, DhVec v)
{
#if defined __AVX512F__
  _mm512_stream_ps (p, (__m512)v);
#elif defined __AVX2__
  _mm256_stream_ps (p, (__m256)v);
#else
  dh_store (p, v);
#endif
}

DH_INLINE void
dh_stream_end (void)
{
#ifdef __AVX2__
  _mm_sfence ();
#endif
}

/* A scalar in all lanes. */
DH_INLINE DhVec
dh_splat (float x)
{
  return x - (DhVec){ 0 };
}

/* Of all lanes, from the first on. */
DH_INLINE float
dh_sum (DhVec v)
{
  float sum = 0;
  for (gint i = 0; i < DH_LANES; i++)
    sum += v[i];
  return sum;
}

/* The largest lane; of NaN and others any. */
DH_INLINE float
dh_most (DhVec v)
{
#ifdef __AVX512F__
  return _mm512_reduce_max_ps ((__m512)v);
#else
  float most = v[0];
  for (gint i = 1; i < DH_LANES; i++)
    most = v[i] > most ? v[i] : most;
  return most;
#endif
}

DH_INLINE DhVec
dh_select (DhVecInt mask, DhVec yes, DhVec no)
{
  return (DhVec)((mask & (DhVecInt)yes) | (~mask & (DhVecInt)no));
}

/* The positive part; NaN stays NaN. */
DH_INLINE DhVec
dh_relu (DhVec x)
{
#if defined __AVX512F__
  return (DhVec)_mm512_max_ps (_mm512_setzero_ps (), (__m512)x);
#elif defined __AVX2__
  return (DhVec)_mm256_max_ps (_mm256_setzero_ps (), (__m256)x);
#else
  return (DhVec)(~(x < 0) & (DhVecInt)x);
#endif
}

/* Reads one vector of an input through its norm and ReLU; `channel`: first physical channel of the plane. */
typedef struct
{
  DhVec scale, shift;
  gboolean affine, relu;
} DhPrologue;

DH_INLINE DhPrologue
dh_prologue (const DhCpuInput *in, gint plane)
{
  DhPrologue p = { .affine = in->scale != NULL, .relu = in->relu };
  if (p.affine)
    {
      p.scale = dh_load (in->scale + (gsize)plane * DH_LANES);
      p.shift = dh_load (in->shift + (gsize)plane * DH_LANES);
    }
  return p;
}

DH_INLINE DhVec
dh_read (const float *from, DhPrologue p)
{
  DhVec x = dh_load (from);
  if (p.affine)
    x = x * p.scale + p.shift;
  return p.relu ? dh_relu (x) : x;
}

/* The functions of one instruction set, told apart by its name at their end. */
#define DH_ISA_JOIN(name, isa) name##_##isa
#define DH_ISA_EXPAND(name, isa) DH_ISA_JOIN (name, isa)
#define DH_ISA(name) DH_ISA_EXPAND (name, DH_CPU_ISA)

#define dh_conv1x1_items DH_ISA (dh_conv1x1_items)
#define dh_conv1x1_scratch DH_ISA (dh_conv1x1_scratch)
#define dh_conv1x1 DH_ISA (dh_conv1x1)
#define dh_matrix DH_ISA (dh_matrix)
#define dh_matrix_bf16 DH_ISA (dh_matrix_bf16)
#define dh_matrix_int8 DH_ISA (dh_matrix_int8)
#ifdef DH_HAS_TILES
#define dh_tiles_begin DH_ISA (dh_tiles_begin)
#define dh_tiles_end DH_ISA (dh_tiles_end)
#define dh_matrix_pieces DH_ISA (dh_matrix_pieces)
#define dh_tile_job DH_ISA (dh_tile_job)
#define dh_tile_job_floats DH_ISA (dh_tile_job_floats)
#define dh_taps_of_tiles DH_ISA (dh_taps_of_tiles)
#define dh_taps_of_tiles_scratch DH_ISA (dh_taps_of_tiles_scratch)
#define dh_taps_of_tiles_items DH_ISA (dh_taps_of_tiles_items)
#endif
#define dh_taps_items DH_ISA (dh_taps_items)
#define dh_taps_scratch DH_ISA (dh_taps_scratch)
#define dh_taps DH_ISA (dh_taps)
#define dh_taps_pack DH_ISA (dh_taps_pack)
#define dh_winograd_items DH_ISA (dh_winograd_items)
#define dh_winograd_scratch DH_ISA (dh_winograd_scratch)
#define dh_winograd DH_ISA (dh_winograd)
#define dh_winograd_filters DH_ISA (dh_winograd_filters)
#define dh_activate DH_ISA (dh_activate)
#define dh_depthwise DH_ISA (dh_depthwise)
#define dh_pointwise DH_ISA (dh_pointwise)
#define dh_max_pool DH_ISA (dh_max_pool)
#define dh_average_pool DH_ISA (dh_average_pool)
#define dh_adaptive_pool DH_ISA (dh_adaptive_pool)
#define dh_resize_scratch DH_ISA (dh_resize_scratch)
#define dh_resize DH_ISA (dh_resize)
#define dh_pack DH_ISA (dh_pack)
#define dh_unpack DH_ISA (dh_unpack)
#define dh_layer_norm DH_ISA (dh_layer_norm)
#define dh_attention_packed DH_ISA (dh_attention_packed)
#define dh_attention_pack_items DH_ISA (dh_attention_pack_items)
#define dh_attention_pack DH_ISA (dh_attention_pack)
#define dh_attention_items DH_ISA (dh_attention_items)
#define dh_attention_scratch DH_ISA (dh_attention_scratch)
#define dh_attention DH_ISA (dh_attention)
#define dh_score_scratch DH_ISA (dh_score_scratch)
#define dh_score_row DH_ISA (dh_score_row)

/* One product of the matrix kernels: `pixels` (at most DH_TILE) × `outs` (1 or 2) planes. */
typedef struct
{
  const float *a; /* pixel stride DH_LANES, plane stride a_stride (floats) */
  gsize a_stride;
  gint n_planes;     /* of the input */
  const float *w;    /* in channel, then outs·DH_LANES */
  const float *bias; /* outs·DH_LANES, or NULL: go on from what stands in c */
  float *c[2];
  const float *sum[2]; /* NULL: none */
  gboolean relu, stream;
  const float *units;        /* outs·DH_LANES; of dh_matrix_int8 */
  const DhCpuOutput *packed; /* NULL, or whose ->packed is written instead of c: */
  gsize first;               /* of the product's pixels, in the whole output */
  gint plane;                /* of its outputs */
  /* Of dh_matrix_pieces(): sums of DH_COARSE_TILE pixels and two planes, from which it goes on rather than from bias or
   * c, or which it makes rather than the result; or NULL. */
  const float *before;
  float *after;
} DhProduct;

/* tile (product, pixels, outs) with both numbers known to the compiler: what the kernels unroll their tiles by. */
#define DH_TILE_CASE(tile, product, n, outs)                                                                           \
  case n:                                                                                                              \
    if (outs > 1)                                                                                                      \
      tile (product, n, 2);                                                                                            \
    else                                                                                                               \
      tile (product, n, 1);                                                                                            \
    break;
#define DH_TILES_TO_3(tile, product, outs)                                                                             \
  DH_TILE_CASE (tile, product, 1, outs)                                                                                \
  DH_TILE_CASE (tile, product, 2, outs)                                                                                \
  DH_TILE_CASE (tile, product, 3, outs)
#define DH_TILES_TO_6(tile, product, outs)                                                                             \
  DH_TILES_TO_3 (tile, product, outs)                                                                                  \
  DH_TILE_CASE (tile, product, 4, outs)                                                                                \
  DH_TILE_CASE (tile, product, 5, outs)                                                                                \
  DH_TILE_CASE (tile, product, 6, outs)
#define DH_TILES_TO_14(tile, product, outs)                                                                            \
  DH_TILES_TO_6 (tile, product, outs)                                                                                  \
  DH_TILE_CASE (tile, product, 7, outs)                                                                                \
  DH_TILE_CASE (tile, product, 8, outs)                                                                                \
  DH_TILE_CASE (tile, product, 9, outs)                                                                                \
  DH_TILE_CASE (tile, product, 10, outs)                                                                               \
  DH_TILE_CASE (tile, product, 11, outs)                                                                               \
  DH_TILE_CASE (tile, product, 12, outs)                                                                               \
  DH_TILE_CASE (tile, product, 13, outs)                                                                               \
  DH_TILE_CASE (tile, product, 14, outs)
#if DH_TILE == 14
#define DH_TILES_TO_ALL DH_TILES_TO_14
#elif DH_TILE == 6
#define DH_TILES_TO_ALL DH_TILES_TO_6
#else
#define DH_TILES_TO_ALL DH_TILES_TO_3
#endif
#define DH_TILES(tile, product, pixels, outs)                                                                          \
  switch (pixels)                                                                                                      \
    {                                                                                                                  \
      DH_TILES_TO_ALL (tile, product, outs)                                                                            \
    default:                                                                                                           \
      break;                                                                                                           \
    }

void dh_matrix (const DhProduct *product, gint pixels, gint outs);
/* The same of uint8 by int8, of at most DH_COARSE_TILE pixels: `a` and `w` hold fours of input channels, a pixel takes
 * DH_LANES / 4 floats of `a`, and DH_PANEL_INT8 planes stand together: pixel stride, a_stride, and `w`, which is 0
 * behind the last plane, are those of whole panels. Up to 15 pixels behind the last may be read. The whole sum in one
 * call, so `bias` is not NULL. No sum overflows: of 2¹⁶ channels it is below 2³¹. */
void dh_matrix_int8 (const DhProduct *product, gint pixels, gint outs);
/* Around these two products, on the same thread. */
#ifdef DH_HAS_TILES
void dh_tiles_begin (void);
void dh_tiles_end (void);
/* dh_matrix_bf16() of several inputs, each with weights of its own, that make one sum: product->a, ->w and ->n_planes
 * are not read. Pixels of the input stand `stride` apart. */
typedef struct
{
  gint panels;
  const float *a, *w;
} DhPiece;
void dh_matrix_pieces (const DhProduct *product, const DhPiece *pieces, gint n_pieces, gint stride, gint pixels,
                       gint outs);
/* A part of a convolution, for dh_tile_job() between dh_tiles_begin() and dh_tiles_end(). */
typedef struct
{
  const DhCpuOutput *out;
  gint out_w;                  /* pixels of its row */
  gsize first;                 /* of its pixels: that of row 0, pixel 0 */
  const float *weights, *bias; /* tap, two output planes, input channel; of in_planes planes */
  const float *packed;         /* the input from plane0 on: row, panel, pixel */
  gint h, w, margin;           /* of its rows; pixels beside them */
  gint kernel, stride, dilation, padding;
  gint in_planes, plane0, planes;
  gboolean begins, ends;    /* plane0 is 0; these are the last planes. Else sums stand in out->planes meanwhile. */
  gint x, n, y, step, rows; /* `n` pixels from `x` on, of `rows` rows, `step` apart, from `y` on */
  float *sums;              /* dh_tile_job_floats() */
} DhTileJob;
gsize dh_tile_job_floats (gint pixels, gint out_planes);
void dh_tile_job (const DhTileJob *job);
#else
DH_INLINE void
dh_tiles_begin (void)
{
}
DH_INLINE void
dh_tiles_end (void)
{
}
#endif
/* DH_LANES values that are not negative, rounded half to even, to DH_LANES / 4 floats of memory; what is above 255, and
 * NaN, is 255. */
DH_INLINE void
dh_store_uint8 (float *to, DhVec v)
{
#if defined __AVX512F__
  _mm_storeu_si128 ((__m128i *)to, _mm512_cvtusepi32_epi8 (_mm512_cvtps_epi32 ((__m512)v)));
#elif defined __AVX2__
  __m256i x = _mm256_cvtps_epi32 (_mm256_min_ps ((__m256)v, _mm256_set1_ps (255)));
  __m128i words = _mm_packs_epi32 (_mm256_castsi256_si128 (x), _mm256_extracti128_si256 (x, 1));
  _mm_storel_epi64 ((__m128i *)to, _mm_packus_epi16 (words, words));
#else
  guint8 *bytes = (guint8 *)to;
  for (gint i = 0; i < DH_LANES; i++)
    bytes[i] = (guint8)lrintf (v[i] < 255 ? v[i] : 255);
#endif
}
#ifdef __AVX512BF16__
/* The same in bfloat16: `a` and `w` hold pairs of input channels, a pixel takes DH_LANES / 2 floats of `a`, and
 * DH_PANEL_BF16 planes stand together. */
void dh_matrix_bf16 (const DhProduct *product, gint pixels, gint outs);
/* DH_LANES values, rounded, to DH_LANES / 2 floats of memory. */
DH_INLINE void
dh_store_bf16 (float *to, DhVec v)
{
  _mm256_storeu_si256 ((__m256i *)to, (__m256i)_mm512_cvtneps_pbh ((__m512)v));
}
/* DH_LANES pairs, lane by lane and rounded, to DH_LANES floats of memory. */
DH_INLINE void
dh_store_pairs_bf16 (float *to, DhVec first, DhVec second)
{
  static const guint16 order[2 * DH_LANES] = { 0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                               8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31 };
  const __m512i both = (__m512i)_mm512_cvtne2ps_pbh ((__m512)second, (__m512)first);
  _mm512_storeu_si512 (to, _mm512_permutexvar_epi16 (_mm512_loadu_si512 (order), both));
}
#endif

/* `n` vectors, one behind the other, in place. */
void dh_activate (const DhCpuActivation *activation, float *at, gsize n);
void dh_depthwise (const DhCpuDepthwise *conv, gint item);
void dh_pointwise (const DhCpuInput *in, const DhCpuOutput *out, gint item);
void dh_max_pool (const DhCpuPool *pool, gint item);
void dh_average_pool (const DhCpuPool *pool, gint item);
void dh_adaptive_pool (const DhCpuPool *pool, gint item);
gsize dh_resize_scratch (const DhCpuResize *resize);
void dh_resize (const DhCpuResize *resize, gint item, float *scratch);
void dh_pack (const float *from, const gint *channels, const DhCpuOutput *out, gint item);
void dh_unpack (const DhCpuInput *in, const gint *channels, float *to, gint item);
gint dh_conv1x1_items (const DhCpuConv1x1 *conv);
gsize dh_conv1x1_scratch (const DhCpuConv1x1 *conv);
void dh_conv1x1 (const DhCpuConv1x1 *conv, gint item, float *scratch);
gint dh_taps_items (const DhCpuTaps *conv);
#ifdef DH_HAS_TILES
/* dh-kernel-taps-tiles.c: of what stands packed, in bfloat16. */
gint dh_taps_of_tiles_items (const DhCpuTaps *conv);
gsize dh_taps_of_tiles_scratch (const DhCpuTaps *conv);
void dh_taps_of_tiles (const DhCpuTaps *conv, gint item, float *scratch);
#endif
gsize dh_taps_scratch (const DhCpuTaps *conv);
void dh_taps (const DhCpuTaps *conv, gint item, float *scratch);
void dh_taps_pack (const DhCpuTaps *conv, gint y, float *to);
gint dh_winograd_items (const DhCpuWinograd *conv);
gsize dh_winograd_scratch (const DhCpuWinograd *conv);
void dh_winograd (const DhCpuWinograd *conv, gint item, float *scratch);
void dh_winograd_filters (const DhCpuWinogradFilters *filters, gint item);
void dh_layer_norm (const DhCpuLayerNorm *norm, gint item);
gsize dh_attention_packed (const DhCpuAttention *attention);
gint dh_attention_pack_items (const DhCpuAttention *attention);
void dh_attention_pack (const DhCpuAttention *attention, gint item, float *to);
gint dh_attention_items (const DhCpuAttention *attention);
gsize dh_attention_scratch (const DhCpuAttention *attention);
void dh_attention (const DhCpuAttention *attention, gint item, float *scratch);
gsize dh_score_scratch (const DhCpuScore *score);
void dh_score_row (const DhCpuScore *score, gint row, float *scratch);
