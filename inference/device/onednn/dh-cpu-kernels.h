#pragma once
#include <glib.h>
#include "dh-bilinear.h"
#include "dh-map.h"

G_BEGIN_DECLS

/* The cpu device's own kernels: one table for each instruction set, the same sources compiled for each of them, chosen
 * once at run time. They compute one work item each (a run of pixels, of tiles, of rows) and know of no threads.
 *
 * Activations: planes of `lanes` channels, H×W×lanes floats each, aligned to 64 bytes. A value is a list of planes that
 * need not lie together, so a concatenation is a list and never a copy. Channels without a meaning (padding) are 0. */

/* Taps that a convolution of tiles may have. */
#define DH_MOST_PIECES 64
/* Pixels behind a packed input, which are read for nothing. */
#define DH_TAPS_BEHIND 48

/* What is done to each element at the end: the activations of dh-graph.h. */
typedef enum
{
  DH_CPU_NOTHING,
  DH_CPU_CLIP,
  DH_CPU_LEAKY,
  DH_CPU_HARD_SIGMOID,
  DH_CPU_HARD_SWISH,
  DH_CPU_SIGMOID,
  DH_CPU_SILU,
  DH_CPU_GELU,
  DH_CPU_GELU_TANH,
} DhCpuFunction;
typedef struct
{
  DhCpuFunction function;
  float alpha, beta;
} DhCpuActivation;

typedef struct
{
  const float *const *planes;
  gint n_planes;
  gint h, w;
  const float *scale, *shift; /* n_planes·lanes each, or NULL: read x·scale + shift … */
  gboolean relu;              /* … and its positive part */
} DhCpuInput;

typedef struct
{
  float *const *planes;
  gint n_planes;
  gint h, w;
  const float *const *sum; /* planes of a value of the same shape that is added, or NULL; may be `planes` themselves */
  gboolean relu;           /* after the sum */
  DhCpuActivation activation; /* after both; of what makes planes, not `packed` */
  gboolean multiplies;        /* the sum is a product: of `pointwise` */
  gboolean stream;            /* larger than the caches: write past them */
  /* Not NULL: written in its place, in bfloat16, as `taps_pack` would make it of the planes, which are not read. Of
   * kernels with tiles, of at most `most_packed` planes of the input where it is a 1×1 convolution of planes. */
  float *packed;
} DhCpuOutput;

/* 1×1 convolution. Weights: see dh_cpu_pack_1x1. */
typedef struct
{
  DhCpuInput in;
  DhCpuOutput out;
  gint stride;
  gint pixels_at_once; /* of an item; a multiple of `tile`, or better of `coarse_tile` */
  gboolean bf16;       /* weights and, while multiplying, the input are bfloat16; sums are float32 */
  /* Not NULL: weights are int8 and the input is rounded to 0 … 255 as it is read, above that 255; products are summed
   * exactly, and `units`, out.n_planes·lanes, is what 1 of such a sum stands for. Where a channel of a pixel is NaN or
   * infinite behind norm and ReLU, all outputs of the pixel are NaN. */
  const float *units;
  const void *weights;
  const float *bias; /* out.n_planes·lanes */
} DhCpuConv1x1;

/* Any convolution, tap by tap. */
typedef struct
{
  DhCpuInput in;
  DhCpuOutput out;
  gint kernel, stride, dilation, padding;
  gint rows; /* of an item; 0: as the kernel likes */
  gboolean bf16;
  const void *weights; /* for each tap those of a 1×1 convolution */
  const float *bias;
  const float *packed; /* the input by taps_pack, where the kernels have tiles or with stride 1; or NULL */
} DhCpuTaps;
/* 3×3 convolution, stride 1, padding = dilation, as Winograd's F(4×4, 3×3). Tiles that a dilation spreads over the
 * picture are tiles of one of its dilation² phases. */
typedef struct
{
  gint y, x; /* of the first of the 4×4 outputs */
} DhCpuTile;
typedef struct
{
  DhCpuInput in;
  DhCpuOutput out;
  gint dilation;
  const DhCpuTile *tiles;
  gint n_tiles;
  gint tiles_per_item;
  gint parts;          /* items that the same tiles are: each makes a part of the output's planes; 0: 1 */
  gint out_chunk;      /* planes of the output made at a time */
  gboolean bf16;       /* as in DhCpuConv1x1 */
  const void *weights; /* of winograd_filters */
  const float *bias;   /* NULL: none */
} DhCpuWinograd;

/* Its weights, transformed: place of the 36, two output planes, input channel (pairs of them in bfloat16), output
 * channel. */
typedef struct
{
  const void *weights; /* two output planes, input channel, tap, output channel; float, or bfloat16 */
  gint in_planes, out_planes;
  gboolean bf16, stream;
  float *to;
} DhCpuWinogradFilters;

/* A convolution with a group for each channel: every plane of the input makes `multiplier` of the output. */
typedef struct
{
  DhCpuInput in; /* nothing remains to be done to it */
  DhCpuOutput out;
  gint kernel, stride, dilation, padding;
  gint multiplier;
  gint rows;            /* of an item */
  const gint32 *lanes;  /* out.n_planes·lanes: which of the input plane's lanes an output reads; NULL: the same */
  const float *weights; /* out.n_planes, tap, lane */
  const float *bias;    /* out.n_planes·lanes */
} DhCpuDepthwise;

typedef struct
{
  DhCpuInput in;
  DhCpuOutput out;
  gint kernel, stride, padding;
  gint grid_rows, grid_columns; /* adaptive */
} DhCpuPool;

typedef struct
{
  DhCpuInput in;
  DhCpuOutput out;                  /* out.sum: added */
  const DhBilinear *rows, *columns; /* out.h and out.w */
} DhCpuResize;

/* Over the channels of each pixel. */
typedef struct
{
  DhCpuInput in;
  DhCpuOutput out;
  const float *weight, *bias, *counts; /* n_planes·lanes; 1, or 0 where a lane is no channel */
  gint channels;
  float epsilon;
  gint pixels_at_once; /* of an item */
} DhCpuLayerNorm;

/* Keys that are packed together, and pass by at once. */
#define DH_ATTENTION_KEYS 256
typedef struct
{
  DhCpuInput in; /* queries: nothing remains to be done to them, and channels stand as they count */
  DhCpuOutput out;
  const float *const *keys, *const *values; /* the same; for attention_pack */
  const float *packed;                      /* what that made: heads, parts of keys; for attention */
  gint heads, deep, wide;                   /* channels of a head, of queries and of values */
  gint n_keys;
  float scale;
  gboolean bf16;       /* both products' factors; what is summed is float32 */
  gint pixels_at_once; /* of an item */
} DhCpuAttention;

/* Logits of low resolution → maps of h×w. Pointers of maps not wanted are NULL. */
typedef struct
{
  DhCpuInput logits, logits_ood; /* logits_ood.n_planes 0: none; logits.n_planes 0: none */
  const gint *channels;          /* class → physical channel in logits; NULL: the same */
  const gint *channels_ood;
  gint classes;
  gint h, w;
  const DhBilinear *rows, *columns; /* h; w rounded up to lanes */
  void *maps[DH_N_MAPS];
} DhCpuScore;

/* Scratch memory is the calling thread's own, of the size that the …_scratch function gives, aligned to 64 bytes. */
typedef struct
{
  const char *name; /* "avx512", "avx2", "plain C" */
  gint lanes;
  gint tile;        /* pixels that a matrix kernel makes at once */
  gint coarse_tile; /* in bfloat16 and int8 */
  /* Weights in bfloat16 and int8: planes of the input that are read together. Of each run of planes, what lacks to
   * whole ones is 0. */
  gint panel_bf16, panel_int8;
  /* Planes of the input whose weights stand together; 0: all. */
  gint run, run_bf16;
  /* Products in bfloat16 are made by tiles: a 3×3 convolution tap by tap is as fast as by Winograd's kernel, whose
   * rounding errors are larger; and of all strides the input is packed. */
  gboolean tiles;
  gint most_packed;
  gint taps_margin; /* pixels beside a packed row, so that a tile of the matrix kernels may reach over the border */
  gboolean has_bf16;
  gboolean has_int8; /* fast: with instructions of its own */

  gint (*conv1x1_items) (const DhCpuConv1x1 *conv);
  gsize (*conv1x1_scratch) (const DhCpuConv1x1 *conv);
  void (*conv1x1) (const DhCpuConv1x1 *conv, gint item, float *scratch);

  gint (*taps_items) (const DhCpuTaps *conv);
  gsize (*taps_scratch) (const DhCpuTaps *conv);
  void (*taps) (const DhCpuTaps *conv, gint item, float *scratch);
  /* The input for several convolutions of this kind, which read it once for each tap: row `y` through norm and ReLU, in
   * the precision of the products. `to`: in.h × in.n_planes, of whole panels, × (in.w + 2·taps_margin) pixels; and
   * DH_TAPS_BEHIND. */
  void (*taps_pack) (const DhCpuTaps *conv, gint y, float *to);

  gint (*winograd_items) (const DhCpuWinograd *conv);
  gsize (*winograd_scratch) (const DhCpuWinograd *conv);
  void (*winograd) (const DhCpuWinograd *conv, gint item, float *scratch);
  void (*winograd_filters) (const DhCpuWinogradFilters *filters, gint item); /* two output planes */

  /* One item: `rows` rows of one plane, planes one after another. */
  void (*depthwise) (const DhCpuDepthwise *conv, gint item);

  /* One item is one row of one plane: item = plane·out.h + row. */
  void (*pointwise) (const DhCpuInput *in, const DhCpuOutput *out, gint item);
  void (*max_pool) (const DhCpuPool *pool, gint item);
  void (*average_pool) (const DhCpuPool *pool, gint item);
  void (*adaptive_pool) (const DhCpuPool *pool, gint item);
  gsize (*resize_scratch) (const DhCpuResize *resize);
  void (*resize) (const DhCpuResize *resize, gint item, float *scratch);
  /* Between channel planes of h·w floats (the caller's) and planes of lanes; `channels[physical]`: the caller's channel
   * or -1. Item: as above. */
  void (*pack) (const float *from, const gint *channels, const DhCpuOutput *out, gint item);
  void (*unpack) (const DhCpuInput *in, const gint *channels, float *to, gint item);

  void (*layer_norm) (const DhCpuLayerNorm *norm, gint item);
  gsize (*attention_packed) (const DhCpuAttention *attention); /* floats that attention_pack makes */
  gint (*attention_pack_items) (const DhCpuAttention *attention);
  void (*attention_pack) (const DhCpuAttention *attention, gint item, float *to); /* `to`: of item 0 */
  gint (*attention_items) (const DhCpuAttention *attention);
  gsize (*attention_scratch) (const DhCpuAttention *attention);
  void (*attention) (const DhCpuAttention *attention, gint item, float *scratch);

  gsize (*score_scratch) (const DhCpuScore *score);
  void (*score) (const DhCpuScore *score, gint row, float *scratch);
} DhCpuKernels;

extern const DhCpuKernels dh_cpu_kernels_plain;
extern const DhCpuKernels dh_cpu_kernels_avx2;
extern const DhCpuKernels dh_cpu_kernels_avx2_vnni;
extern const DhCpuKernels dh_cpu_kernels_avx512;
extern const DhCpuKernels dh_cpu_kernels_avx512_vnni;
extern const DhCpuKernels dh_cpu_kernels_avx512_bf16;
extern const DhCpuKernels dh_cpu_kernels_avx512_amx;
/* Tests set it: AMX as other processors compute it, which DH_CPU_ISA may then name; or NULL. */
extern const DhCpuKernels *dh_cpu_kernels_emulated;

/* So many planes in whole panels. */
static inline gint
dh_cpu_whole_panels (gint planes, gint panel)
{
  return (planes + panel - 1) / panel * panel;
}

/* The fastest that this processor runs, or the one that the environment variable DH_CPU_ISA names (plain, avx2,
 * avx2_vnni, avx512, avx512_vnni, avx512_bf16, which has VNNI too, avx512_amx, which has both); NULL where it names
 * none that it runs. */
const DhCpuKernels *dh_cpu_kernels_get (void);

G_END_DECLS
