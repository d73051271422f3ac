#pragma once
#include "dh-cuda-private.h"

G_BEGIN_DECLS

/* What a step moves and computes, and the least time that a card could need for it: an estimate, made without one. */
typedef enum
{
  DH_CUDA_CLASS_CONV_1, /* convolutions, by kernel */
  DH_CUDA_CLASS_CONV_3,
  DH_CUDA_CLASS_CONV_7,
  DH_CUDA_CLASS_GATHER, /* norm and ReLU over producers, sums */
  DH_CUDA_CLASS_POOL,
  DH_CUDA_CLASS_RESIZE,
  DH_CUDA_CLASS_HEAD,
  DH_CUDA_CLASS_SCORE,
  DH_CUDA_CLASS_COPY, /* picture in, values out */
  DH_CUDA_N_CLASSES,
} DhCudaClass;
const char *dh_cuda_class_name (DhCudaClass class);

typedef struct
{
  guint launches;
  double bytes, flop, seconds;
} DhCudaCost;

/* Bytes: every value read or written once. Seconds: the longer of moving and computing on an H100 (3.35 TB/s; 800
 * TFLOP/s in 16 bits, 400 in TF32, 60 in float32), and 2 µs at least for each launch of a recorded run. */
DhCudaClass dh_cuda_cost_step (const DhCudaPlan *plan, const DhCudaStep *step, DhCudaCost *cost);
/* By class; returns the sum. */
DhCudaCost dh_cuda_cost_plan (const DhCudaPlan *plan, DhCudaCost classes[DH_CUDA_N_CLASSES]);

G_END_DECLS
