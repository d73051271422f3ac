#pragma once
#include "dh-cuda-train-private.h"

G_BEGIN_DECLS

/* Going forward, whatever makes memory is written on a tape; going backward, the tape is read from its end. */
typedef enum
{
  DH_CUDA_TAPE_GATHER, /* out = in, as it is read */
  DH_CUDA_TAPE_ADD,
  DH_CUDA_TAPE_CONV,
  DH_CUDA_TAPE_POOL,
  DH_CUDA_TAPE_RESIZE,
  DH_CUDA_TAPE_GATED, /* an activation, or a product */
  DH_CUDA_TAPE_DEPTH_TO_SPACE,
  DH_CUDA_TAPE_DEPTHWISE,
  DH_CUDA_TAPE_LAYER_NORM,
  DH_CUDA_TAPE_ATTENTION, /* in: queries; other: keys and values together */
} DhCudaTapeKind;

typedef struct
{
  DhCudaTapeKind kind;
  const DhNode *node;
  DhValue value;
  const DhCudaView *in, *other, *out;
  const DhCudaView *parts[2]; /* of attention: keys, values */
  DhCudaTrainConv conv;
} DhCudaTapeEntry;

typedef struct
{
  DhCudaTrainPlan *plan;
  gboolean *needed;
  gint *n_readers;
  const DhCudaView **views;
  GArray *entries; /* DhCudaTapeEntry */
  GError *error;
} DhCudaTape;

/* dh-cuda-train-build.c: forward */
const DhNode *dh_cuda_tape_node (const DhCudaTape *b, DhValue v);
/* The value with nothing left to do to it. NULL where memory is short. */
const DhCudaView *dh_cuda_tape_plain (DhCudaTape *b, DhValue v, gboolean in_order, gboolean whole);
/* Of the sizes of in and out; `resize` NULL: nothing is mixed. */
gboolean dh_cuda_tape_set_taps (DhCudaTape *b, DhCudaKernel *kernel, const DhNode *resize);

/* Nothing is between the value's memory and it but, perhaps, a norm. NULL where memory is short. */
const DhCudaView *dh_cuda_tape_linear (DhCudaTape *b, DhValue v, gboolean with_norm);

/* channel → place, on the device; NULL where memory is short. */
const gint32 *dh_cuda_tape_upload_places (DhCudaTape *b, const DhCudaView *view);

/* dh-cuda-tape-norm.c */
void dh_cuda_tape_build_norm (DhCudaTape *b, DhValue v);
/* A constant scale of each channel: a norm without parameters, but for the picture, which is packed through it. */
void dh_cuda_tape_build_channel_scale (DhCudaTape *b, DhValue v);

/* dh-cuda-tape-foreign.c */
/* A value in memory of its own, its channels in order. */
const DhCudaView *dh_cuda_tape_new_value (DhCudaTape *b, DhShape shape, DhValue v, gboolean wants);
void dh_cuda_tape_set_sizes (DhCudaKernel *kernel, const DhCudaView *in, const DhCudaView *out);
/* The step that makes the entry's `out`, which is written on the tape. */
DhCudaTrainStep *dh_cuda_tape_forward (DhCudaTape *b, DhCudaTapeEntry tape, DhCudaOp op);
void dh_cuda_tape_build_gated (DhCudaTape *b, DhValue v);
void dh_cuda_tape_build_depth_to_space (DhCudaTape *b, DhValue v);
/* A convolution with a group for each channel, and one result of it. */
gboolean dh_cuda_tape_is_depthwise (const DhCudaTape *b, const DhNode *node);
void dh_cuda_tape_build_depthwise (DhCudaTape *b, DhValue v);
void dh_cuda_tape_foreign_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy);

/* dh-cuda-tape-transformer.c */
void dh_cuda_tape_build_layer_norm (DhCudaTape *b, DhValue v);
void dh_cuda_tape_build_attention (DhCudaTape *b, DhValue v);
void dh_cuda_tape_transformer_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy);

/* dh-cuda-train-losses.c: the last upsampling is made by the losses where nobody else reads it. */
gboolean dh_cuda_tape_may_defer (const DhCudaTape *b);
void dh_cuda_tape_losses (DhCudaTape *b, gboolean deferred);

/* dh-cuda-train-back.c */
void dh_cuda_tape_go_back (DhCudaTape *b);

G_END_DECLS
