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
#define DH_CUDA_HEAD_GROUPS 4  /* of a HEAD's result, at most */
#define DH_CUDA_HEAD_PIXELS 2  /* that a thread makes at once */
#define DH_CUDA_MAX_SIDE 32768 /* of a picture: a product of two sides then fits 32 bits, whose division is cheap */

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

  /* A value as a kernel reads it: max (0, scale·x + shift), where asked for; but what STATS read, and the gradient
   * that POOL_BACK and RESIZE_BACK read as `other`, is plain. All tables in the device's memory. */
  typedef struct
  {
    const DhCudaGroup *groups;
    const float *scale, *shift; /* by place: 8·group + lane; or NULL */
    const int32_t *places;      /* channel asked for → place, −1: zero; or NULL: channel = place */
    int32_t n_groups;           /* of the channels asked for; 0: there is no such value */
    int32_t type;
    int32_t relu;
    int32_t area;         /* pixels of an image; needed where there are factors */
    const float *factors; /* dropout: what a channel of an image is multiplied by at last, n × 8·n_groups; or NULL */
  } DhCudaRead;

  /* Where a kernel writes one group of a gradient. */
  typedef struct
  {
    void *base; /* NULL: nobody wants it */
    int64_t stride;
    int32_t type;
    int32_t add; /* to what is there */
  } DhCudaTarget;

  /* What differs from step to step; in the device's memory. The factors of a pixel's gradient include the loss scale.
   */
  typedef struct
  {
    float segmentation, likelihood, posterior;
    float unscale; /* 1 / loss scale */
  } DhCudaStepFactors;

  /* What a step finds out. */
  typedef struct
  {
    double segmentation, likelihood, posterior, logits; /* sums over pixels */
    int32_t overflow;                                   /* a gradient is not finite */
    int32_t padding;
  } DhCudaStepSums;

  /* A norm's tables, one row after the other, each of 8·n_groups floats, by place. */
  enum
  {
    DH_CUDA_NORM_SCALE,
    DH_CUDA_NORM_SHIFT,
    DH_CUDA_NORM_MEAN,
    DH_CUDA_NORM_INVERSE,
    /* of the gradient: dx = a·dy + b·(x − mean) + c */
    DH_CUDA_NORM_A,
    DH_CUDA_NORM_B,
    DH_CUDA_NORM_C,
    DH_CUDA_NORM_ROWS,
  };

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
    /* Of networks of others: dh-cuda-foreign-math.h */
    DH_CUDA_GATED,   /* an activation, or a product of two values, or both */
    DH_CUDA_GROUPED, /* a convolution of groups */
    DH_CUDA_DEPTH_TO_SPACE,
    DH_CUDA_LAYER_NORM,
    DH_CUDA_ATTENTION, /* `in`: queries; `other`: keys, and values as further channels */
    DH_CUDA_TAPS,  /* nine products of every pixel, channels of each tap behind those of the one before → their sum */
    DH_CUDA_FUSED, /* a 1×1 convolution that reads as POINTWISE does: dh-cuda-fused-math.h */
    DH_CUDA_NOISE, /* fills `out` for a probe: dh-cuda-probe-math.h */
    DH_CUDA_PROBE, /* some values of a result, and what they should be */
    /* Of training: dh-cuda-train-math.h */
    DH_CUDA_WEIGHTS_IN,  /* parameters → as the convolution reads them */
    DH_CUDA_WEIGHTS_OUT, /* their gradient back */
    DH_CUDA_STATS,       /* partial sums over pixels, of x */
    DH_CUDA_STATS_END,   /* → mean and variance */
    DH_CUDA_NORM_END,    /* → a norm's tables, and its running statistics */
    DH_CUDA_BACK_SUMS, /* partial sums over pixels, of dy and dy·(x − mean); what is read of x into `out`, or NULL */
    DH_CUDA_BACK_END,  /* → gradients of a norm's parameters, and its tables; or of a bias */
    DH_CUDA_BACK,      /* gradient of a value as it is read → of the memory it is read from */
    DH_CUDA_POOL_BACK,
    DH_CUDA_RESIZE_BACK,
    /* Of networks of others: dh-cuda-foreign-train-math.h */
    DH_CUDA_GATED_BACK,
    DH_CUDA_GATE_BACK, /* of the factor that is of one pixel or channel */
    DH_CUDA_DEPTH_BACK,
    DH_CUDA_DEPTHWISE_BACK,
    DH_CUDA_DEPTHWISE_SUMS, /* partial sums over pixels, of each tap */
    DH_CUDA_DEPTHWISE_END,  /* → gradients of the weights */
    /* dh-cuda-transformer-train-math.h */
    DH_CUDA_LAYER_STATS, /* of a pixel: mean, inverse deviation, and the two means of its gradient */
    DH_CUDA_LAYER_BACK,
    DH_CUDA_LAYER_SUMS,      /* partial sums over pixels, of dy and dy times what the norm makes of x */
    DH_CUDA_LAYER_END,       /* → gradients of the parameters */
    DH_CUDA_ATTENTION_STATS, /* of a pixel and head: the logarithm of the sum of its weights, Σ dy·y */
    DH_CUDA_QUERIES_BACK,
    DH_CUDA_KEYS_BACK,
    DH_CUDA_VALUES_BACK,
    DH_CUDA_LOSS,
    DH_CUDA_LOSS_END,
    DH_CUDA_COPY_FLOATS,
    DH_CUDA_ADD_FLOATS, /* gradient += weight · from */
    DH_CUDA_CHECK,      /* that every gradient is finite */
    DH_CUDA_ADAM,       /* where they are; the gradients become zero */
    DH_CUDA_N_OPS,
  } DhCudaOp;

#define DH_CUDA_FIRST_TRAINING_OP DH_CUDA_WEIGHTS_IN

  typedef enum
  {
    DH_CUDA_POOL_MAX,
    DH_CUDA_POOL_MEAN,     /* padding not counted */
    DH_CUDA_POOL_ADAPTIVE, /* mean over [⌊i·L/n⌋, ⌈(i+1)·L/n⌉) */
  } DhCudaPoolMode;

  typedef enum
  {
    DH_CUDA_WEIGHTS_OF_CONV,      /* out × k × k × places of `type` */
    DH_CUDA_WEIGHTS_OF_HEAD,      /* places × out, float */
    DH_CUDA_WEIGHTS_OF_BIAS,      /* out, float, 0 beyond c */
    DH_CUDA_WEIGHTS_OF_DEPTHWISE, /* k × k × places, float */
  } DhCudaWeightsMode;

  /* A convolution or one of its gradients; of them but one is given and one made. */
  typedef enum
  {
    DH_CUDA_CONV_FORWARD, /* y from x and w */
    DH_CUDA_CONV_DATA,    /* x, its gradient, from y's and w */
    DH_CUDA_CONV_WEIGHTS, /* w, its gradient, from y's and x */
  } DhCudaConvDirection;

  /* y = [relu] (w ∗ x [+ z] [+ bias]); channel counts padded to groups. x, y, z: n × h × w × c; w: out × k × k × in. z,
   * bias and relu: FORWARD only. All integers, no gaps: it is compared as memory. */
  typedef struct
  {
    int32_t direction; /* DhCudaConvDirection */
    int32_t type;      /* DhCudaType of everything */
    int32_t strict;    /* float32 arithmetic throughout: no TF32 */
    int32_t z, bias, relu;
    int32_t n, in, out, h, w, out_h, out_w;
    int32_t kernel, stride, padding, dilation;
  } DhCudaConvSpec;

  typedef struct
  {
    void *x, *w, *y; /* all but the one that is made are read */
    const void *bias, *z;
    void *workspace;
  } DhCudaConvMemory;

  typedef enum
  {
    DH_CUDA_NOISE_EVEN, /* between −1 and 1 */
    DH_CUDA_NOISE_NAN,
  } DhCudaNoise;

  /* PROBE: the places are dh_cuda_probe_place()'s. Each sum of products is made in parts, which the host adds up: of
   * the terms and of their squares, before the ReLU. */
  typedef struct
  {
    DhCudaConvSpec spec;
    DhCudaConvMemory memory;
    int32_t n_samples, n_parts; /* no parts: the values alone */
    float *values;              /* n_samples: what was made */
    double *sums;               /* n_samples × n_parts × 2 */
  } DhCudaProbe;

  /* COPY_FLOATS to `value`, ADD_FLOATS, CHECK, ADAM: arrays of `count` floats, a multiple of 8. */
  typedef struct
  {
    int64_t count;
    float *value, *gradient, *first, *second;
    const float *from;
    double weight;     /* ADD_FLOATS */
    double rate, root; /* ADAM: as dh-adam-math.h */
    int32_t *fault;    /* CHECK sets it, ADAM heeds it */
  } DhCudaFloats;

  typedef struct
  {
    int32_t op;       /* DhCudaOp */
    DhCudaRead in;    /* POINTWISE, POOL, RESIZE, HEAD, TAPS, UNPACK; SCORE: the logits */
    DhCudaRead third; /* ATTENTION_STATS, KEYS_BACK, …: the gradient */
    DhCudaRead other; /* POINTWISE, RESIZE: added; FUSED: resized and added, or none; SCORE: the outlier logits */
    void *out;        /* n × h × w × 8·n_groups of `type`, but UNPACK: float n × c × h × w */
    int32_t type;
    int32_t n_groups;   /* of the result */
    int32_t row_groups; /* POINTWISE, RESIZE: of the memory that the result is a part of; 0: it is all of it */
    int32_t relu;       /* of the result: POINTWISE, POOL, RESIZE, HEAD, TAPS, FUSED, GATED, GROUPED */
    int32_t n, c, h, w;
    int32_t in_h, in_w; /* POOL, RESIZE, TAPS, SCORE, FUSED */
    int32_t mode; /* POOL, WEIGHTS_IN; FUSED: DhCudaTiling; ATTENTION: DhCudaAttention; LAYER_NORM: how many lanes of a
                     warp share a pixel, 0: items; NOISE: DhCudaNoise */
    int32_t kernel, stride, padding; /* POOL; TAPS: the stride from tap to tap */
    const DhCudaTap *rows, *columns; /* RESIZE, SCORE: h and w of them; FUSED: the same, or NULL */
    const float *source;             /* PACK: n × c × h × w */
    const uint8_t *rgb;              /* PACK, instead: n × h × w × c, 255 for 1 */
    const float *scale, *shift;      /* PACK: by channel; POOL, RESIZE, FUSED: of the result, by place; or NULL */
    const float *weights, *bias;     /* HEAD: 8·in.n_groups × 8·n_groups, 8·n_groups; TAPS: bias */
    void *maps[9]; /* SCORE, by DhMap; or NULL; n × h × w, the logits n × c × h × w and n × 2 × h × w */
    /* GATED, GROUPED, DEPTH_TO_SPACE: the channels of what is read and made stand in order. in_h, in_w, kernel, stride,
     * padding, weights and bias as of the others; DEPTH_TO_SPACE: `kernel` is the block. LAYER_NORM: weights and bias
     * by place, alpha is the epsilon. ATTENTION: in_h × in_w keys, of in_c channels, group_in of a head, which makes
     * group_out; alpha is the factor. */
    int32_t dilation;
    int32_t group_in, group_out;    /* channels of a group; where both are 1, weights are taps × 8·n_groups, else c ×
                                       group_in × taps */
    int32_t one_pixel, one_channel; /* GATED: what `other` has, for all */
    int32_t function;               /* of the result, behind `relu`: 1 + DhActivationKind; 0: none */
    float alpha, beta;
    /* Training. WEIGHTS_IN, WEIGHTS_OUT: c outputs, in_c inputs (of a group, where group_out is not 0), `kernel`. */
    int32_t in_c;
    const void *packed;      /* WEIGHTS_OUT: c rounded up × kernel² × 8·n_groups of `type`; FUSED: 8·n_groups ×
                                8·in.n_groups of `type`, with `bias` */
    const int32_t *channels; /* place → channel, −1: padding; WEIGHTS_OUT: channel → place */
    const DhCudaTarget *targets; /* all whose name ends in BACK: by group */
    const DhCudaStepFactors *step;
    DhCudaStepSums *sums;
    double *partials; /* n_slices × 8·n_groups × 2; LOSS: n_slices × 4 */
    int32_t n_slices;
    int32_t add;                            /* BACK_END: to the gradients that are there */
    double *statistics;                     /* STATS_END: mean and variance by place */
    const double *const *places_statistics; /* NORM_END: where a place has its own */
    float *tables;                          /* of a norm; or NULL */
    float *running_mean, *running_variance; /* NORM_END */
    double momentum;
    float *d_weight, *d_bias;                  /* BACK_END; d_weight NULL without norm */
    const int32_t *row_ranges, *column_ranges; /* RESIZE_BACK: of the result's rows that read a row, [begin, end) */
    const uint8_t *labels;                     /* LOSS: n × h × w */
    void *out_ood;                             /* LOSS: as `out`, of one group */
    DhCudaFloats floats;
    DhCudaProbe probe;
  } DhCudaKernel;

  /* How many items the kernel has: each is one group of one pixel, but some pixels for HEAD, one for SCORE and LOSS,
   * one place for the tables, and so on. */
  static inline int64_t dh_cuda_kernel_items (const DhCudaKernel *kernel)
  {
    const int64_t pixels = (int64_t)kernel->n * kernel->h * kernel->w;
    if (kernel->op == DH_CUDA_SCORE || kernel->op == DH_CUDA_LOSS)
      return pixels;
    if (kernel->op == DH_CUDA_HEAD)
      return (pixels + DH_CUDA_HEAD_PIXELS - 1) / DH_CUDA_HEAD_PIXELS;
    if (kernel->op == DH_CUDA_PROBE)
      return (int64_t)kernel->probe.n_samples * (kernel->probe.n_parts ? kernel->probe.n_parts : 1);
    if (kernel->op == DH_CUDA_UNPACK)
      return pixels * kernel->in.n_groups;
    if (kernel->op == DH_CUDA_WEIGHTS_IN && kernel->mode == DH_CUDA_WEIGHTS_OF_BIAS)
      return kernel->n_groups;
    if (kernel->op == DH_CUDA_WEIGHTS_IN && kernel->mode == DH_CUDA_WEIGHTS_OF_DEPTHWISE)
      return (int64_t)kernel->kernel * kernel->kernel * kernel->n_groups;
    if (kernel->op == DH_CUDA_DEPTHWISE_SUMS || kernel->op == DH_CUDA_DEPTHWISE_END)
      return (int64_t)kernel->kernel * kernel->kernel * kernel->n_groups
             * (kernel->op == DH_CUDA_DEPTHWISE_END ? 8 : 1);
    if (kernel->op == DH_CUDA_LAYER_STATS)
      return pixels;
    if (kernel->op == DH_CUDA_ATTENTION_STATS)
      return pixels * (kernel->c / kernel->group_out);
    if (kernel->op == DH_CUDA_KEYS_BACK || kernel->op == DH_CUDA_VALUES_BACK)
      return (int64_t)kernel->n * kernel->in_h * kernel->in_w * kernel->n_groups;
    if (kernel->op == DH_CUDA_GATE_BACK)
      return (kernel->one_pixel ? kernel->n : pixels) * kernel->n_groups;
    if (kernel->op == DH_CUDA_WEIGHTS_IN)
      return (int64_t)(kernel->c + 7) / 8 * 8 * kernel->kernel * kernel->kernel * kernel->n_groups;
    if (kernel->op == DH_CUDA_WEIGHTS_OUT)
      return (int64_t)kernel->c * kernel->in_c * kernel->kernel * kernel->kernel;
    if (kernel->op == DH_CUDA_STATS_END || kernel->op == DH_CUDA_NORM_END || kernel->op == DH_CUDA_BACK_END
        || kernel->op == DH_CUDA_LAYER_END)
      return (int64_t)kernel->n_groups * 8;
    if (kernel->op == DH_CUDA_POOL_BACK || kernel->op == DH_CUDA_RESIZE_BACK || kernel->op == DH_CUDA_DEPTH_BACK
        || kernel->op == DH_CUDA_DEPTHWISE_BACK)
      return (int64_t)kernel->n * kernel->in_h * kernel->in_w * kernel->n_groups;
    if (kernel->op == DH_CUDA_LOSS_END)
      return 4;
    if (kernel->op >= DH_CUDA_COPY_FLOATS)
      return kernel->floats.count / DH_CUDA_GROUP;
    return pixels * kernel->n_groups;
  }

  /* Made by dh-cuda-transformer-kernels.cu, not item by item. */
  static inline int32_t dh_cuda_is_transformer (const DhCudaKernel *kernel)
  {
    return (kernel->op == DH_CUDA_ATTENTION || kernel->op == DH_CUDA_LAYER_NORM) && kernel->mode != 0;
  }

  /* Of inference: the type that is read, for which the kernel is made; SCORE without logits reads the outlier logits'
   * own. */
  static inline int32_t dh_cuda_kernel_type (const DhCudaKernel *kernel)
  {
    return kernel->op == DH_CUDA_PACK || kernel->op == DH_CUDA_NOISE || kernel->op == DH_CUDA_PROBE ? kernel->type
                                                                                                    : kernel->in.type;
  }

  /* What few places of a result read much for: a block of DH_CUDA_THREADS threads makes one group of one place, by a
   * sum in a fixed order. */
  static inline int32_t dh_cuda_is_large (const DhCudaKernel *kernel)
  {
    if (dh_cuda_kernel_items (kernel) > 0x7fffffff)
      return 0;
    if (kernel->op == DH_CUDA_GATE_BACK)
      return kernel->one_pixel;
    if (kernel->op == DH_CUDA_KEYS_BACK || kernel->op == DH_CUDA_VALUES_BACK)
      return 1;
    if (kernel->op == DH_CUDA_POOL && kernel->mode == DH_CUDA_POOL_ADAPTIVE)
      return (int64_t)kernel->in_h * kernel->in_w >= 64LL * kernel->h * kernel->w;
    return kernel->op == DH_CUDA_RESIZE_BACK && (int64_t)kernel->h * kernel->w >= 64LL * kernel->in_h * kernel->in_w;
  }

  /* The reductions: a block of DH_CUDA_THREADS threads sums a slice of the pixels for some groups side by side. */
#define DH_CUDA_THREADS 256
  static inline int32_t dh_cuda_groups_of_block (const DhCudaKernel *kernel)
  {
    return kernel->n_groups >= 8 ? 8 : kernel->n_groups >= 4 ? 4 : kernel->n_groups >= 2 ? 2 : 1;
  }

  /* FUSED: what a block makes, pixels × channels, and how many places of both factors it takes at a time. All but the
   * first are for results of few pixels: blocks are then few, and what a block takes is how long it waits, once for
   * every step. A timing chooses. */
  typedef enum
  {
    DH_CUDA_TILING_WIDE,   /* 64 × 128, 32 places */
    DH_CUDA_TILING_DEEP,   /* 64 × 128, 64 places */
    DH_CUDA_TILING_MIDDLE, /* 64 × 64, 64 places */
    DH_CUDA_TILING_SMALL,  /* 32 × 64, 128 places */
    DH_CUDA_N_TILINGS,
  } DhCudaTiling;
#define DH_CUDA_TILE_M(tiling) ((tiling) == DH_CUDA_TILING_SMALL ? 32 : 64)
#define DH_CUDA_TILE_N(tiling) ((tiling) == DH_CUDA_TILING_WIDE || (tiling) == DH_CUDA_TILING_DEEP ? 128 : 64)
  /* Of 32 places each. */
#define DH_CUDA_TILE_SLABS(tiling) ((tiling) == DH_CUDA_TILING_WIDE ? 1 : (tiling) == DH_CUDA_TILING_SMALL ? 4 : 2)
#define DH_CUDA_TILE_MOST_N 128 /* a multiple of every tile's */

  /* ATTENTION: by items, or by tiles of keys that the queries of a block share, where nothing is to be done to the
   * values and whose heads have whole groups of no more than DH_CUDA_ATTENTION_DEPTH channels. */
  typedef enum
  {
    DH_CUDA_ATTENTION_ITEMS,
    DH_CUDA_ATTENTION_TILES,
  } DhCudaAttention;
#define DH_CUDA_ATTENTION_DEPTH 128
#define DH_CUDA_ATTENTION_QUERIES 64 /* of a block in 16 bits: 16 of a warp */
#define DH_CUDA_NORM_GROUPS 4        /* LAYER_NORM: of a lane, at most */
  /* In float32 a lane has 32 channels of a query. */
  static inline int32_t dh_cuda_attention_queries (const DhCudaKernel *kernel)
  {
    const int32_t depth = kernel->group_in > kernel->group_out ? kernel->group_in : kernel->group_out;
    const int32_t lanes = depth <= 32 ? 1 : depth <= 64 ? 2 : 4;
    return kernel->type == DH_CUDA_F32 ? 2 * DH_CUDA_ATTENTION_QUERIES / lanes : DH_CUDA_ATTENTION_QUERIES;
  }

  /* Queues the kernel on the stream (a cudaStream_t). Returns a cudaError_t, 0 where it is queued. */
  int dh_cuda_launch (const DhCudaKernel *kernel, void *stream);
  int dh_cuda_launch_training (const DhCudaKernel *kernel, void *stream);
  int dh_cuda_launch_fused (const DhCudaKernel *kernel, void *stream);
  int dh_cuda_launch_transformer (const DhCudaKernel *kernel, void *stream);
  /* A kernel that does nothing for so long. */
  int dh_cuda_launch_hold (uint64_t nanoseconds, void *stream);
  /* Loads the kernels on the card that is entered: a cudaError_t, and what compute capability they were made for. */
  int dh_cuda_load_kernels (int *architecture);

#ifdef __cplusplus
}
#endif
