#pragma once
#include "dh-cuda-private.h"
#include "dh-train-plan.h"

G_BEGIN_DECLS

/* A training step on the card: one fixed list of kernels and convolutions, forward, losses, backward, made once.
 *
 * Memory: convolutions' results are kept, and each channel's mean and variance, which all norms that read it share.
 * Norms, ReLUs, concats and dropouts are made again when a convolution reads them, in both passes; a concat is never
 * stored but as what a convolution reads, and its gradient is added to its parts' in place. Everything else lives in
 * one arena from its first step to its last. No sum depends on the order in which threads run. */

/* A norm as it is read: its tables, filled anew in each step; or, without parameters, for good. */
struct _DhCudaNorm
{
  float *tables; /* device: DH_CUDA_NORM_ROWS rows */
  const float *weight, *bias;
  float *d_weight, *d_bias; /* device; NULL for a constant scale */
  float *running_mean, *running_variance;
  const gint32 *channels; /* device: place → channel */
  gboolean begun;         /* its gradients were written to: the next one adds */
};

/* One parameter in the flat arrays. */
typedef struct
{
  DhValue node;
  guint number;                                /* weight, bias, running mean, running variance */
  gsize offset, count;                         /* in floats */
  DhTensor *value, *gradient, *first, *second; /* owned references; NULL where there is none */
} DhCudaParameter;

/* All of a network, first the trained ones, each padded to whole lines. */
typedef struct
{
  GArray *list;              /* DhCudaParameter */
  gsize n_trained, n_values; /* floats */
} DhCudaParameters;

/* The state of a training on the card (dh-train-state.h). */
typedef struct
{
  DhTrainState base;
  DhCudaPool pool;
  DhCudaParameters parameters;
  /* Device: `made` is what a step finds before it is weighted and added; `kept` and `before` the running statistics,
   * before a step and before an attempt at one. */
  float *values, *gradients, *first, *second, *made, *kept, *before;
  gint32 *fault;
  char *pinned;
} DhCudaTrainState;

typedef struct
{
  DhValue node;
  double probability;
  gint c, n_places;
  gsize offset; /* in floats */
  const gint *channels;
} DhCudaDropout;

typedef struct
{
  char *name;
  DhOp op; /* of the node that it is part of */
  gboolean back;
  double flop;
  DhCudaKernel kernel; /* but for the addresses in the arena, which are filled in once it is there */
  const DhCudaView *in, *other, *third;
  const gint32 *in_places, *other_places; /* device; or NULL */
  DhCudaBuffer *out, *out_ood, *packed;
  /* BACK, POOL_BACK, RESIZE_BACK: the buffers that take a gradient, group by group; NULL where nobody wants it */
  DhCudaPlace *targets;
  gint *adds;
  gboolean is_conv;
  DhCudaConvSpec spec;
  DhCudaConvolution *conv; /* owned */
  DhCudaConvMemory memory;
  DhCudaBuffer *x, *w, *y; /* of a convolution; w NULL: memory.w holds it */
} DhCudaTrainStep;

typedef struct
{
  DhTrainPlan base;
  DhCudaPool pool;
  DhGraph *graph;
  DhShape *shapes;
  GPtrArray *steps; /* DhCudaTrainStep */
  GArray *dropouts; /* DhCudaDropout */
  DhCudaParameters parameters;
  DhCudaTrainState *state; /* borrowed, or NULL: then what follows is the plan's own */
  /* Device, and pinned memory of the host */
  float *values, *gradients, *pinned_values, *pinned_gradients;
  char *up, *pinned_up; /* input, labels, factors of the step, dropouts */
  gsize up_bytes, labels_at, factors_at, dropouts_at;
  DhCudaStepSums *sums, *pinned_sums;
  double *partials; /* device: of one reduction at a time */
  gsize partials_bytes;
  DhCudaSegments *segments; /* or NULL */
  guint n_runs;
  double *seconds; /* of each step, once measured */
} DhCudaTrainPlan;

/* dh-cuda-train-steps.c: append a step, whose addresses come later. */
DhCudaTrainStep *dh_cuda_train_step (DhCudaTrainPlan *plan, const DhNode *node, gboolean back, DhCudaOp op);
/* `view` as plain memory; in the order of channels where in_order. NULL and error where memory is short. */
DhCudaView *dh_cuda_train_gather (DhCudaTrainPlan *plan, const DhNode *node, gboolean back, const DhCudaView *view,
                                  gboolean in_order, GError **error);
/* Mean and variance of every place of the buffer, once. */
gboolean dh_cuda_train_measure (DhCudaTrainPlan *plan, const DhNode *node, DhCudaBuffer *buffer, GError **error);
/* The gradient `dy` of `view`, as it is read, into those of the memory that it is read from and of its norm. */
gboolean dh_cuda_train_view_back (DhCudaTrainPlan *plan, const DhNode *node, const DhCudaView *view,
                                  const DhCudaView *dy, GError **error);
/* The same; and `view` as plain memory in *made, which is gathered in the same pass over what is read where there is
 * one. */
gboolean dh_cuda_train_gather_back (DhCudaTrainPlan *plan, const DhNode *node, const DhCudaView *view,
                                    const DhCudaView *dy, DhCudaBuffer **made, GError **error);
/* What takes a gradient that is made for a view: the memory itself where it is plain, else a buffer that
 * dh_cuda_train_view_back() is given afterwards, in *made. */
void dh_cuda_train_take (DhCudaTrainPlan *plan, DhCudaTrainStep *step, const DhCudaView *view, DhCudaView **made);
gboolean dh_cuda_train_wants (const DhCudaView *view);
/* A reduction over all pixels of what `step` reads. */
void dh_cuda_train_set_slices (DhCudaTrainPlan *plan, DhCudaTrainStep *step);
/* The sums of dy over pixels into d_bias. */
gboolean dh_cuda_train_bias_back (DhCudaTrainPlan *plan, const DhNode *node, const DhCudaView *dy, float *d_bias,
                                  GError **error);

/* dh-cuda-parameters.c: `tensors` NULL: sizes and places alone. */
void dh_cuda_parameters_init (DhCudaParameters *parameters, const DhGraph *graph, DhValue logits, DhValue logits_ood,
                              const DhTrainTensors *tensors);
void dh_cuda_parameters_clear (DhCudaParameters *parameters);
/* NULL where there is none. */
const DhCudaParameter *dh_cuda_parameters_find (const DhCudaParameters *parameters, DhValue node, guint number);

/* dh-cuda-train-state.c */
/* Queues the copying of the running statistics aside from `state->values` or, with `back`, to them. */
gboolean dh_cuda_state_queue_statistics (DhCudaTrainState *state, float *aside, gboolean back, GError **error);
/* Queues the adding of what a step has made to the gradients. */
gboolean dh_cuda_state_queue_add (DhCudaTrainState *state, double weight, GError **error);

/* dh-cuda-train-build.c */
gboolean dh_cuda_train_build (DhCudaTrainPlan *plan, GError **error);
/* dh-cuda-train-conv.c */
typedef struct
{
  const DhNode *node;
  DhValue value;
  const DhCudaView *in, *dy;
  DhCudaBuffer *out;
  gpointer weights; /* device, as the convolution reads them; NULL: a head */
  gboolean head;    /* few channels, its result in float32 */
} DhCudaTrainConv;
gboolean dh_cuda_train_conv (DhCudaTrainPlan *plan, DhCudaTrainConv *conv, DhShape shape, gboolean head,
                             GError **error);
gboolean dh_cuda_train_conv_back (DhCudaTrainPlan *plan, DhCudaTrainConv *conv, GError **error);
/* Its bias on the device, with zeros up to whole groups; zeros where there is none. NULL and error where memory is
 * short. */
const float *dh_cuda_train_conv_bias (DhCudaTrainPlan *plan, const DhCudaTrainConv *conv, GError **error);

/* dh-cuda-train-memory.c: arena, addresses, the choice of convolutions. In a dry plan only the sizes. */
gboolean dh_cuda_train_place (DhCudaTrainPlan *plan, GError **error);
/* All that the plan takes on the card. */
gsize dh_cuda_train_bytes (const DhCudaTrainPlan *plan);

G_END_DECLS
