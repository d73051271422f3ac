#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C"
{
#endif

  /* The kernels' arguments, the same for the card and for the emulation that tests run on the processor.
   *
   * Values stand in memory as NHWC with the channels in groups of 8 (DH_CUDA_GROUP), so that every group is read with
   * loads of 16 bytes; channels that only fill a group up hold 0. A reader sees a list of groups, each in memory of its
   * own: a concatenation is such a list and nothing else. */

#define DH_CUDA_GROUP 8

  typedef enum
  {
    DH_CUDA_F32,
    DH_CUDA_F16,
    DH_CUDA_BF16,
  } DhCudaType;

  typedef struct
  {
    const void *base; /* the group's first channel at pixel 0 */
    int64_t stride;   /* elements from pixel to pixel */
  } DhCudaGroup;

  /* A value as a kernel reads it: max (0, scale·x + shift), where asked for. All tables in the device's memory. */
  typedef struct
  {
    const DhCudaGroup *groups;
    const float *scale, *shift; /* by place: 8·group + lane; or NULL */
    const int32_t *places;      /* channel asked for → place, −1: zero; or NULL: channel = place */
    int32_t n_groups;           /* of the channels asked for; 0: there is no such value */
    int32_t type;
    int32_t relu;
  } DhCudaRead;

  /* As dh-bilinear.h: value i = (1 − t)·v[a] + t·v[b]. */
  typedef struct
  {
    int32_t a, b;
    float t;
  } DhCudaTap;

  typedef enum
  {
    DH_CUDA_PACK,
    DH_CUDA_POINTWISE,
    DH_CUDA_POOL,
    DH_CUDA_RESIZE,
    DH_CUDA_HEAD,
    DH_CUDA_SCORE,
    DH_CUDA_UNPACK,
  } DhCudaOp;

  typedef enum
  {
    DH_CUDA_POOL_MAX,
    DH_CUDA_POOL_MEAN,     /* padding not counted */
    DH_CUDA_POOL_ADAPTIVE, /* mean over [⌊i·L/n⌋, ⌈(i+1)·L/n⌉) */
  } DhCudaPoolMode;

  typedef struct
  {
    int32_t op;       /* DhCudaOp */
    DhCudaRead in;    /* POINTWISE, POOL, RESIZE, HEAD, UNPACK; SCORE: the logits */
    DhCudaRead other; /* POINTWISE, RESIZE: added; SCORE: the outlier logits */
    void *out;        /* n × h × w × 8·n_groups of `type`, but UNPACK: float n × c × h × w */
    int32_t type;
    int32_t n_groups; /* of the result */
    int32_t relu;     /* of the result: POINTWISE, RESIZE, HEAD */
    int32_t n, c, h, w;
    int32_t in_h, in_w;              /* POOL, RESIZE, SCORE */
    int32_t mode;                    /* POOL */
    int32_t kernel, stride, padding; /* POOL */
    const DhCudaTap *rows, *columns; /* RESIZE, SCORE: h and w of them */
    const float *source;             /* PACK: n × c × h × w */
    const float *scale, *shift;      /* PACK: by channel, or NULL */
    const float *weights, *bias;     /* HEAD: 8·in.n_groups × 8·n_groups, 8·n_groups */
    void *maps[9]; /* SCORE, by DhMap; or NULL; n × h × w, the logits n × c × h × w and n × 2 × h × w */
  } DhCudaKernel;

  /* How many items the kernel has: each is one group of one pixel, but one pixel for SCORE. */
  static inline int64_t dh_cuda_kernel_items (const DhCudaKernel *kernel)
  {
    const int64_t pixels = (int64_t)kernel->n * kernel->h * kernel->w;
    if (kernel->op == DH_CUDA_SCORE)
      return pixels;
    if (kernel->op == DH_CUDA_UNPACK)
      return pixels * kernel->in.n_groups;
    return pixels * kernel->n_groups;
  }

  /* Queues the kernel on the stream (a cudaStream_t). Returns a cudaError_t, 0 where it is queued. */
  int dh_cuda_launch (const DhCudaKernel *kernel, void *stream);

#ifdef __cplusplus
}
#endif
