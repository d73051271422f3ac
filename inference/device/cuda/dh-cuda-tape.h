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
} DhCudaTapeKind;

typedef struct
{
  DhCudaTapeKind kind;
  const DhNode *node;
  DhValue value;
  const DhCudaView *in, *other, *out;
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
gboolean dh_cuda_tape_set_taps (DhCudaTape *b, DhCudaKernel *kernel, gboolean align_corners, gboolean same_size);

/* Nothing is between the value's memory and it but, perhaps, a norm. NULL where memory is short. */
const DhCudaView *dh_cuda_tape_linear (DhCudaTape *b, DhValue v, gboolean with_norm);

/* dh-cuda-tape-norm.c */
void dh_cuda_tape_build_norm (DhCudaTape *b, DhValue v);
/* A constant scale of each channel: a norm without parameters, but for the picture, which is packed through it. */
void dh_cuda_tape_build_channel_scale (DhCudaTape *b, DhValue v);

/* dh-cuda-train-losses.c: the last upsampling is made by the losses where nobody else reads it. */
gboolean dh_cuda_tape_may_defer (const DhCudaTape *b);
void dh_cuda_tape_losses (DhCudaTape *b, gboolean deferred);

/* dh-cuda-train-back.c */
void dh_cuda_tape_go_back (DhCudaTape *b);

G_END_DECLS
