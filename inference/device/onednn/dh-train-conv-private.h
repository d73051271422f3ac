#pragma once
#include "dh-train-private.h"

G_BEGIN_DECLS

/* What the kinds of convolutions in training share: dh-train-conv.c. */

/* Data of the items of a step. */
typedef struct
{
  DhTrain *train;
  const DhTrainStep *step;
  const DhTrainOp *op;
  gint items; /* of an image */
  const float *weights, *bias;
  float *sums;
  gsize sums_size;
  float *const *targets; /* image after image */
  DhCpuFilters filters;
  gint first, planes; /* of what is made: those made in one go */
} DhTrainConvWork;

G_GNUC_INTERNAL const DhNode *dh_train_conv_node (const DhTrain *train, const DhTrainOp *op);
/* Places in the planes of what is read, and of the result. */
G_GNUC_INTERNAL gint dh_train_conv_places (const DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL gint dh_train_conv_out_places (const DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL float *dh_train_conv_weight (const DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL const float *dh_train_conv_bias (const DhTrain *train, const DhTrainOp *op); /* or NULL */
/* The sums over pixels stand by output: see DhCpuTrainKernels. */
G_GNUC_INTERNAL gboolean dh_train_conv_by_output (const DhTrain *train);
/* By place in the result's planes; free with g_free. */
G_GNUC_INTERNAL float *dh_train_conv_pack_bias (const DhTrain *train, const DhTrainOp *op);
/* The result's planes of all images in `memory`; free with g_free. */
G_GNUC_INTERNAL float **dh_train_conv_out_planes (const DhTrain *train, const DhTrainOp *op, float *memory);
/* The gradient of what the view is read as, and where it goes first: straight to its place, or through memory. Free
 * with g_free. */
G_GNUC_INTERNAL float **dh_train_conv_targets (const DhTrain *train, const DhTrainStep *step);
G_GNUC_INTERNAL void dh_train_conv_route (DhTrain *train, const DhTrainStep *step, float *const *targets);

/* The weights' gradient block by block, without sums beside it: `step->sums` has so many bytes. */
G_GNUC_INTERNAL gsize dh_train_blocks_bytes (const DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL void dh_train_blocks_need (DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL void dh_train_blocks (DhTrain *train, const DhTrainStep *step);

/* Each kind in a file of its own: both passes, and the scratch memory that they need. */
G_GNUC_INTERNAL gboolean dh_train_conv1x1_forward (DhTrain *train, DhTrainStep *step, GError **error);
G_GNUC_INTERNAL gboolean dh_train_conv1x1_backward (DhTrain *train, DhTrainStep *step);
G_GNUC_INTERNAL void dh_train_conv1x1_need_forward (DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL void dh_train_conv1x1_need_backward (DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL gboolean dh_train_conv3x3_forward (DhTrain *train, DhTrainStep *step, GError **error);
G_GNUC_INTERNAL gboolean dh_train_conv3x3_backward (DhTrain *train, DhTrainStep *step);
G_GNUC_INTERNAL void dh_train_conv3x3_need_forward (DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL void dh_train_conv3x3_need_backward (DhTrain *train, const DhTrainOp *op);
/* Tiles of each of the dilation² phases, row by row. */
G_GNUC_INTERNAL const DhCpuTile *dh_train_conv3x3_tiles (DhTrain *train, gint h, gint w, gint dilation, gint *n_tiles);
/* Bytes of the weights that are packed at a time. `turned`: for the gradient of the input. */
G_GNUC_INTERNAL gsize dh_train_conv3x3_weight_bytes (const DhTrain *train, const DhTrainOp *op, gboolean turned);
G_GNUC_INTERNAL gboolean dh_train_conv_taps_forward (DhTrain *train, DhTrainStep *step, GError **error);
G_GNUC_INTERNAL gboolean dh_train_conv_taps_backward (DhTrain *train, DhTrainStep *step);
G_GNUC_INTERNAL void dh_train_conv_taps_need (DhTrain *train, const DhTrainOp *op, gboolean turned);
G_GNUC_INTERNAL gsize dh_train_conv_taps_weight_bytes (const DhTrain *train, const DhTrainOp *op, gboolean turned);
/* Of the packed input of the images of one go; 0: it is not packed. */
G_GNUC_INTERNAL gsize dh_train_conv_taps_packed_bytes (const DhTrain *train, const DhTrainOp *op, gboolean turned);
/* The node can be one of this kind. */
G_GNUC_INTERNAL gboolean dh_train_conv_is_depthwise (const DhTrain *train, const DhNode *node, const DhTrainView *in);
G_GNUC_INTERNAL gboolean dh_train_conv_depthwise_forward (DhTrain *train, DhTrainStep *step);
G_GNUC_INTERNAL gboolean dh_train_conv_depthwise_backward (DhTrain *train, DhTrainStep *step);
G_GNUC_INTERNAL gsize dh_train_conv_depthwise_weight_bytes (const DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL gsize dh_train_conv_depthwise_sum_bytes (const DhTrain *train, const DhTrainOp *op);
/* The view's planes as they are read, in the step's `dense`; free the list with g_free. */
G_GNUC_INTERNAL float **dh_train_conv_copy (DhTrain *train, const DhTrainStep *step);
G_GNUC_INTERNAL gboolean dh_train_conv_library_forward (DhTrain *train, DhTrainStep *step, GError **error);
G_GNUC_INTERNAL gboolean dh_train_conv_library_backward (DhTrain *train, DhTrainStep *step, GError **error);

G_END_DECLS
