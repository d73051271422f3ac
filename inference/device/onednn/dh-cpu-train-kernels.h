#pragma once
#include "dh-cpu-kernels.h"

G_BEGIN_DECLS

/* The kernels of a training step that inference has no use for: gradients. As in dh-cpu-kernels.h one table for each
 * instruction set, planes of `lanes` channels, one work item a call. Where sums run over a picture, an item adds to
 * memory of the calling thread, so that the bits depend on which items a thread gets, and on nothing else. */

/* The way of a gradient from what a reader saw, relu (x·scale + shift), back to x: t = 0 where the ReLU was shut, then
 * scale·t. What the norm's statistics add to it is known only when all pixels are summed; see DhCpuFinish. */
typedef struct
{
  DhCpuInput in;
  const float *mean;    /* n_planes·lanes; with in.scale alone */
  float *const *grads;  /* planes */
  const gboolean *adds; /* for each plane: add to what stands in `grads`, rather than write it */
  double *sums;         /* the thread's: Σ t, then Σ t·(x − mean), n_planes·lanes each; with in.scale alone */
} DhCpuRoute;

/* What norms add to the gradient of a value y that they read: b·(y − mean) + c by channel. */
typedef struct
{
  const float *const *y; /* NULL: nothing */
  const float *mean, *b, *c;
} DhCpuFinish;

/* Both gradients of a 1×1 convolution, stride 1, from that of its result. */
typedef struct
{
  DhCpuRoute route;
  const float *const *dy;
  DhCpuFinish finish; /* of dy */
  gint out_planes;
  gint pixels, pixels_at_once; /* of the image; of an item: the table's `pixels` times a whole number */
  gboolean bf16;               /* dy, what was read and the weights are bfloat16 while multiplying; sums are float32 */
  const void *weights; /* pairs of input planes, output channel (in bfloat16 pairs of them, in whole panels), input
                        * channel; NULL: no gradient of the input */
  float *sums;         /* the thread's gradient of the weights, see DhCpuTrainKernels */
} DhCpuGradient1x1;

/* The weights' gradient of a 3×3 convolution as the adjoint of Winograd's F(4×4, 3×3): 36 products of the transformed
 * tiles, turned into 9 weights at the end. */
typedef struct
{
  DhCpuInput in;
  const float *const *dy;
  gint out_planes;
  gint dilation;
  const DhCpuTile *tiles;
  gint n_tiles, tiles_per_item;
  gboolean bf16; /* as in DhCpuGradient1x1 */
  float *sums;   /* the thread's, for each of the 36 places, see DhCpuTrainKernels */
} DhCpuGradient3x3;

/* Filters to what the matrix kernels read, tap by tap, or of 3×3 to the 36 places. And gradients of 3×3 filters from
 * what they summed; where that stands by output, `ins` and `outs` are the other way round. */
typedef struct
{
  float *weight; /* of one pair of channels: one float a tap at in·in_stride + out·out_stride */
  gsize in_stride, out_stride;
  const gint *ins, *outs; /* channel by place in the planes, −1: none */
  gint in_planes, out_planes;
  gboolean turned; /* by half a turn: for the gradient of the input */
  gboolean bf16;   /* packed as pairs of input channels in bfloat16, in whole panels; gradients are float32 */
  /* For the matrix kernels: */
  gint run;         /* input planes that stand together */
  gint taps;        /* of a filter */
  gsize tap_floats; /* from tap to tap in `packed` */
  float *packed;
  /* for the gradient */
  gint parts; /* sums of so many threads, `part_stride` floats apart */
  gsize part_stride;
  double factor; /* of what is added to `weight` */
} DhCpuFilters;

/* Weights' gradients whose sums are too many for the caches of a thread, in two steps. First, what the products read is
 * gathered, plane by plane, of as many tiles or pixels as there is memory for: here of one of the two operands … */
typedef struct
{
  DhCpuInput in;          /* its planes: of all images, image after image */
  gboolean of_result;     /* the gradient of the result, else what was read */
  gint places;            /* 36: tiles, transformed; 1: pixels */
  const DhCpuTile *tiles; /* of an image */
  gint n_tiles, dilation;
  gint y, x, step, rows, columns; /* pixels: of each image (y + row·step, x + column·step) */
  gint first, n;                  /* of the tiles or pixels of all images */
  gboolean bf16;                  /* as in DhCpuGradient1x1 */
  float *to;                      /* plane after plane, see DhCpuTrainKernels.gathered_floats */
} DhCpuGather;
/* … then all sums over them of a few channels by a few are made, and added to the gradient at once. */
typedef struct
{
  DhCpuFilters filters; /* where the gradient is, and `factor`; of 36 places 9 floats for a pair of channels, else 1 */
  gint places, n;
  gint ins;            /* planes of the input of an item */
  const float *x, *dy; /* gathered */
} DhCpuBlocks;

/* Of the side of a kernel. */
#define DH_MOST_DEPTHWISE 7

/* Both gradients of a convolution with a group for each channel, of an image. */
typedef struct
{
  const float *const *x; /* planes of what was read, with nothing left to do to it */
  const float *const *dy;
  float *const *dx;
  gint in_h, in_w, h, w;                  /* of x and dx; of dy */
  gint kernel, stride, dilation, padding; /* kernel: 1, 3, 5 or 7 */
  gint rows;                              /* of an item: of dx, or where weights are summed of dy */
  const float *weights;                   /* plane, tap, lane */
  float *sums;                            /* item, tap, lane: written */
} DhCpuDepthwiseGradient;

/* Pools and resizes: the gradient of a plane of their input, written. */
typedef struct
{
  DhCpuInput in; /* what the max pool read; else its size alone */
  const float *const *dy;
  float *const *dx;
  gint h, w; /* of dy */
  gint kernel, stride, padding;
  const DhBilinear *rows, *columns; /* resize: h, w */
} DhCpuPoolGradient;

/* Of a layer norm, of an image; see DhCpuLayerNorm. */
typedef struct
{
  DhCpuInput in;
  const float *const *dy;
  float *const *t;              /* the gradient of what is read: written */
  const float *weight, *counts; /* n_planes·lanes */
  gint channels;
  float epsilon;
  gint pixels_at_once; /* of an item */
  double *sums;        /* the thread's: of dy, then of dy times what the norm makes of x; n_planes·lanes each */
} DhCpuLayerGradient;

/* What a value is multiplied by: planes of lanes, or where it has one channel that one's plane, of which the first lane
 * counts; of each place, or of one. */
typedef struct
{
  const float *by;
  gboolean channels, places;
} DhCpuFactor;

/* The losses of dh-train-plan.h on the rows of one image: logits, coarse and dense (channel planes), are brought to
 * full size, and their gradients back. */
typedef struct
{
  const float *coarse; /* channels × h × w; NULL: none */
  float *gradient;     /* the thread's, likewise: added to */
  gint channels, h, w;
  const DhBilinear *rows, *columns; /* of full size */
} DhCpuLossInput;
typedef struct
{
  DhCpuLossInput f, g;
  const guint8 *labels;
  gint w;
  double segmentation, likelihood, posterior; /* what one pixel's terms count in the gradient */
  double *sums;                               /* the thread's: of the three terms, and of all logits f; added to */
} DhCpuLoss;

typedef struct
{
  const char *name; /* as in the other table */
  gint pixels;      /* see DhCpuGradient1x1 */
  /* Sums of products over pixels are blocks of lanes × lanes floats, by input plane, then output plane, in a block by
   * input channel, then output channel. TRUE: in bfloat16 by output plane and output channel first. */
  gboolean bf16_by_output;

  /* Σ x and Σ x² of n pixels of a plane, added to 2·lanes doubles. */
  void (*moments) (const float *x, gsize n, double *sums);
  /* t: n pixels of a plane's gradient; `at`: the first pixel. */
  void (*route) (const DhCpuRoute *route, gint plane, const float *t, gsize at, gsize n);
  void (*finish) (const DhCpuFinish *finish, gint plane, float *grad, gsize at, gsize n);
  gsize (*gradient1x1_scratch) (const DhCpuGradient1x1 *gradient);
  void (*gradient1x1) (const DhCpuGradient1x1 *gradient, gint item, float *scratch);
  gsize (*gradient3x3_scratch) (const DhCpuGradient3x3 *gradient);
  void (*gradient3x3) (const DhCpuGradient3x3 *gradient, gint item, float *scratch);
  gsize (*gathered_floats) (gint places, gint n, gboolean bf16); /* of a plane */
  gsize (*gather_scratch) (const DhCpuGather *gather);
  void (*gather) (const DhCpuGather *gather, gint plane, float *scratch);
  gint (*blocks_items) (const DhCpuBlocks *blocks);
  gsize (*blocks_scratch) (const DhCpuBlocks *blocks);
  void (*blocks) (const DhCpuBlocks *blocks, gint item, float *scratch);
  /* item: a pair of output planes */
  void (*pack_taps) (const DhCpuFilters *filters, gint item);
  /* item: a pair of output planes; an input plane */
  void (*pack_filters) (const DhCpuFilters *filters, gint item);
  void (*unpack_filters) (const DhCpuFilters *filters, gint item);
  /* item: some rows of a plane */
  void (*depthwise_data) (const DhCpuDepthwiseGradient *conv, gint item);
  void (*depthwise_weights) (const DhCpuDepthwiseGradient *conv, gint item);
  /* item: a plane */
  void (*max_pool_gradient) (const DhCpuPoolGradient *pool, gint item);
  void (*average_pool_gradient) (const DhCpuPoolGradient *pool, gint item);
  void (*adaptive_pool_gradient) (const DhCpuPoolGradient *pool, gint item);
  void (*resize_gradient) (const DhCpuPoolGradient *pool, gint item);
  /* `n` pixels of a plane from `at` on. Of an activation of what is read: t = dy times its slope. */
  void (*activation_gradient) (const DhCpuActivation *activation, const DhCpuInput *in, gint plane, const float *dy,
                               float *t, gsize at, gsize n);
  /* to = what is read times the factor, whose pixels are counted as those of `in`. */
  void (*multiply) (const DhCpuInput *in, gint plane, const DhCpuFactor *factor, float *to, gsize at, gsize n);
  /* Products of what is read and dy, added: over the pixels to `lanes` doubles; over the first `channels` lanes to the
   * first lane of each of the pixels at `to`. */
  void (*multiply_sums) (const DhCpuInput *in, gint plane, const float *dy, gsize at, gsize n, double *sums);
  void (*multiply_dots) (const DhCpuInput *in, gint plane, const float *dy, gint channels, float *to, gsize at,
                         gsize n);
  void (*layer_gradient) (const DhCpuLayerGradient *norm, gint item);
  /* A row of n products becomes weights whose sum is 1; and the gradients of weights those of products, times factor.
   */
  void (*attention_weights) (float *row, gint n);
  void (*attention_slopes) (const float *weights, float *row, gint n, float factor);
  gsize (*loss_scratch) (const DhCpuLoss *loss);
  void (*loss_row) (const DhCpuLoss *loss, gint row, float *scratch);
} DhCpuTrainKernels;

extern const DhCpuTrainKernels dh_cpu_train_kernels_plain;
extern const DhCpuTrainKernels dh_cpu_train_kernels_avx2;
extern const DhCpuTrainKernels dh_cpu_train_kernels_avx512;
extern const DhCpuTrainKernels dh_cpu_train_kernels_avx2_vnni;
extern const DhCpuTrainKernels dh_cpu_train_kernels_avx512_vnni;
extern const DhCpuTrainKernels dh_cpu_train_kernels_avx512_bf16;
extern const DhCpuTrainKernels dh_cpu_train_kernels_avx512_amx;
extern const DhCpuTrainKernels *dh_cpu_train_kernels_emulated; /* as dh_cpu_kernels_emulated */

/* Those of the same instruction set. */
const DhCpuTrainKernels *dh_cpu_train_kernels_for (const DhCpuKernels *kernels);

G_END_DECLS
