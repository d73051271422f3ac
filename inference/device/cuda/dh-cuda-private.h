#pragma once
#include "dh-arena.h"
#include "dh-bilinear.h"
#include "dh-cuda-driver.h"
#include "dh-cuda-segments.h"
#include "dh-cuda-without.h"
#include "dh-lowering.h"
#include "dh-module.h"

G_BEGIN_DECLS

typedef struct
{
  DhDevice base;
  DhCudaCard *card;
  guint index, n_plans; /* that hold something on the card */
  char *lost;           /* why nothing can be computed any more, or NULL */
} DhCudaDevice;

/* Memory of one value: n × h × w × 8·n_groups, all images. */
typedef struct _DhCudaBuffer DhCudaBuffer;
struct _DhCudaBuffer
{
  DhArenaBlock block; /* in bytes */
  gint n_groups, n, h, w, type;
  /* In training */
  DhCudaBuffer *gradient; /* the same arrangement; or NULL */
  gboolean wants;         /* a trained parameter stands before it */
  gboolean begun;         /* a step writes to `gradient` already: the next one adds */
  double *statistics;     /* device: mean and variance of each place; or NULL */
};

/* What a plan holds on the card and beside it, for runs of one batch size in one type. */
typedef struct
{
  DhCudaDevice *device;
  gint n, type;
  gboolean strict;
  gboolean dry;           /* nothing is taken on the card: what it would be is counted */
  GPtrArray *buffers;     /* DhCudaBuffer */
  GPtrArray *allocations; /* small memory of the host that lives as long as the plan */
  GPtrArray *chunks;      /* memory of the device with parameters and tables */
  char *chunk;            /* the last one, partly used */
  gsize chunk_left, chunk_bytes;
  char *arena; /* device */
  gsize arena_bytes;
  gpointer workspace; /* device */
  gsize workspace_bytes;
} DhCudaPool;

/* How a node's value stands in memory: a list of groups, their channels, and what remains to be done to each element
 * when it is read. Belongs to the plan; immutable once made. */
typedef struct
{
  DhCudaBuffer *buffer;
  gint group;
} DhCudaPlace;
typedef struct _DhCudaNorm DhCudaNorm;
typedef struct
{
  gint c, h, w;
  gint n_groups;
  const DhCudaPlace *groups;
  const gint *channels;       /* 8·n_groups: the channel of the value, or −1 for padding */
  const float *scale, *shift; /* 8·n_groups, or NULL */
  gboolean relu;
  DhValue owner; /* the node for which the buffer was made and whose value it holds whole; or DH_NO_VALUE */
  gboolean raw;  /* the input picture: no groups; scale and shift by channel */
  /* In training, instead of scale and shift: */
  DhCudaNorm *norm;     /* borrowed; or NULL */
  const float *factors; /* device: of a dropout, behind the ReLU; or NULL */
} DhCudaView;

typedef struct _DhCudaStep DhCudaStep;
struct _DhCudaStep
{
  char *name;
  double flop;
  const DhCudaView *in, *other, *out;
  gboolean in_places, other_places; /* read in the order of channels, not of places */
  DhCudaKernel kernel;              /* but for the addresses, which bind() fills in */
  const float *scale, *shift;       /* host; PACK: by channel; RESIZE: of the result, by place */
  DhValue target;                   /* UNPACK: the output that it writes */
  DhValue targets[DH_N_MAPS];       /* SCORE */
  gint tap_rows, tap_columns;       /* RESIZE, SCORE: in heights and widths; 0: none */
  gboolean align_corners, nearest;
  gboolean same_size;      /* SCORE: the logits are of the picture's size; nothing is mixed */
  gboolean is_conv, fused; /* fused: the library makes what `epilogue` would */
  DhCudaStep *epilogue;    /* owned; or NULL */
  DhCudaConvSpec spec;
  DhCudaConvolution *conv; /* owned */
  DhCudaConvMemory memory; /* w and bias: device */
  /* Of a 1×1 convolution whose input is made for it alone: the step that makes it, and the kernel that reads through to
   * what it is made of and is the whole step where it is the faster. Both owned, or both NULL. */
  DhCudaStep *gather, *fused_step;
  /* Of a resize: the convolution that makes what it adds, and nothing else wants; owned, or NULL. Then `fused_step`
   * makes both. */
  DhCudaStep *first;
  gboolean is_fused_step;
  /* Of a convolution with a dilation: one whose result is its taps' products, and whose epilogue is their sum. Owned;
   * or NULL. */
  DhCudaStep *taps;
  gboolean is_taps;
};

enum
{
  DH_CUDA_DEPTH = 2 /* runs in flight: one goes up or comes down while the other computes */
};

typedef struct
{
  DhPlan base;
  DhCudaPool pool;
  DhShape input;
  GCancellable *cancellable; /* while it is compiled */
  GPtrArray *steps;          /* DhCudaStep */
  DhValue *outputs;
  guint n_outputs;
  gsize *output_bytes;
  /* For each run in flight, one behind the other: the input, then each output; and the input alone. */
  char *staging; /* device */
  char *pinned;  /* host */
  gsize staging_bytes, pinned_bytes, input_bytes;
  gsize *output_offsets;
  gsize rgb_bytes;                            /* of the input as bytes */
  DhCudaSegments *segments[DH_CUDA_DEPTH][2]; /* of floats, of bytes; or NULL */
  guint n_runs, n_begun, n_ended;             /* n_runs: those that were queued to their end */
} DhCudaPlan;

/* dh-cuda-pool.c */
void dh_cuda_pool_init (DhCudaPool *pool, DhCudaDevice *device, gint n, DhPrecision precision);
/* What it holds of the card is given back too. */
void dh_cuda_pool_clear (DhCudaPool *pool);
gpointer dh_cuda_host_alloc (DhCudaPool *pool, gsize count, gsize size); /* zeroed; lives as long as the pool */
DhCudaBuffer *dh_cuda_buffer_new (DhCudaPool *pool, gint n_groups, gint h, gint w, gint type);
/* Memory of the device that lives as long as the pool, its contents undefined; and a copy in such memory. NULL and
 * error where memory is short. */
gpointer dh_cuda_reserve (DhCudaPool *pool, gsize bytes, GError **error);
gpointer dh_cuda_upload (DhCudaPool *pool, gconstpointer data, gsize bytes, GError **error);
/* The step needs all memory that the view shows. */
void dh_cuda_note_use (const DhCudaView *view, gint step);
/* The place of every buffer, by its lifetime. */
void dh_cuda_arrange_buffers (DhCudaPool *pool);
char *dh_cuda_address (const DhCudaPool *pool, const DhCudaBuffer *buffer);
/* Memory for the trial of convolutions: as much of `most` bytes as there is; NULL where there is none. */
gpointer dh_cuda_trial_memory (DhCudaPool *pool, gsize *most);
gboolean dh_cuda_take_workspace (DhCudaPool *pool, GError **error);

/* dh-cuda-bind.c: in the device's memory; NULL and error where that is short. */
/* The addresses of the view's groups. */
const DhCudaGroup *dh_cuda_upload_groups (DhCudaPool *pool, const DhCudaView *view, GError **error);
/* Of `out` places of a result along a side of `in`; same_size: nothing is mixed. */
const DhCudaTap *dh_cuda_upload_nearest (DhCudaPool *pool, gint in, gint out, GError **error);
const DhCudaTap *dh_cuda_upload_taps (DhCudaPool *pool, gint in, gint out, gboolean align_corners, gboolean same_size,
                                      GError **error);
void dh_cuda_set_window (DhCudaKernel *kernel, const DhNode *node);

/* dh-cuda-memory.c */
/* Lifetimes, arena, staging, addresses, and the choice of each convolution. */
gboolean dh_cuda_place (DhCudaPlan *plan, GError **error);
void dh_cuda_memory_clear (DhCudaPlan *plan);

/* dh-cuda-view.c */
DhCudaView *dh_cuda_view_new (DhCudaPool *pool, DhCudaBuffer *buffer, gint c, DhValue owner);
DhCudaView *dh_cuda_view_copy (DhCudaPool *pool, const DhCudaView *view);
DhCudaView *dh_cuda_view_concat (DhCudaPool *pool, const DhCudaView *const *views, guint n);
DhCudaView *dh_cuda_view_norm (DhCudaPool *pool, const DhCudaView *view, const double *scale, const double *shift);
gboolean dh_cuda_view_is_plain (const DhCudaView *view); /* nothing remains to be done to it */
gboolean dh_cuda_view_is_whole (const DhCudaView *view); /* plain, and one buffer from its beginning to its end */
gboolean dh_cuda_view_in_order (const DhCudaView *view); /* channel = place */
gboolean dh_cuda_view_uses (const DhCudaView *view, const DhCudaBuffer *buffer);
gint dh_cuda_view_type (const DhCudaView *view);
gboolean dh_cuda_view_same_channels (const DhCudaView *a, const DhCudaView *b);
/* channel → place, c rounded up to groups, −1 behind the last. */
const gint32 *dh_cuda_view_places (DhCudaPool *pool, const DhCudaView *view);

/* dh-cuda-steps.c: each appends one step and returns the view that it makes. `owner`: the node whose value it is. */
DhCudaStep *dh_cuda_step_new (DhCudaPlan *plan, const char *name, DhCudaOp op);
/* [relu] (in [+ other]), in the order of channels where in_order, else in that of `in`; in `target`'s memory unless it
 * is NULL. */
DhCudaView *dh_cuda_add_pointwise (DhCudaPlan *plan, const char *name, const DhCudaView *in, const DhCudaView *other,
                                   gboolean relu, gboolean in_order, DhCudaBuffer *target, DhValue owner);
DhCudaView *dh_cuda_add_pack (DhCudaPlan *plan, const DhCudaView *raw);
/* What follows a pool or a resize: [relu] ([scale ·] (pooled or resized [+ sum]) [+ shift]). */
typedef struct
{
  const DhCudaView *sum;       /* of a resize; or NULL */
  const double *scale, *shift; /* by channel; or NULL */
  gboolean relu;
} DhCudaTail;
DhCudaView *dh_cuda_add_pool (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, DhShape shape,
                              const DhCudaTail *tail, DhValue owner);
/* Plain memory of the view's groups, one behind the other, into which resizes that made some of them for it alone write
 * themselves and what remains is copied; NULL where there is no such resize. */
DhCudaView *dh_cuda_add_joined (DhCudaPlan *plan, const char *name, const DhCudaView *view);
DhCudaView *dh_cuda_add_resize (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, DhShape shape,
                                const DhCudaTail *tail, DhValue owner);
void dh_cuda_add_unpack (DhCudaPlan *plan, const char *name, const DhCudaView *in, DhValue target);

typedef struct
{
  const DhNode *node;
  DhValue owner;
  const DhCudaView *in; /* whole; or any for a head */
  DhCudaStep *gather;   /* that makes `in` for this convolution alone: taken; or NULL */
  DhShape shape;
  const float *weights;        /* O×I×k×k */
  const double *scale, *shift; /* O: of the weights; the bias */
  gboolean shifted;            /* any shift is not 0 */
  const DhCudaView *sum;       /* or NULL */
  gboolean relu;
} DhCudaConvNodes;
DhCudaView *dh_cuda_add_conv (DhCudaPlan *plan, const DhCudaConvNodes *conv, GError **error);
DhCudaView *dh_cuda_add_head (DhCudaPlan *plan, const DhCudaConvNodes *conv, GError **error);

/* dh-cuda-fused.c: a 1×1 convolution in one kernel with what stands before it. */
gboolean dh_cuda_can_fuse (const DhCudaPool *pool, const DhCudaView *in, const DhCudaConvNodes *conv);
/* The step's fused_step, from its gather. */
gboolean dh_cuda_add_fused (DhCudaPlan *plan, DhCudaStep *step, const DhCudaConvNodes *conv, GError **error);
/* A resize that was just added, with the convolution before it that makes what it adds: taken to it. */
void dh_cuda_take_first (DhCudaPlan *plan, DhCudaStep *resize, DhCudaStep *first);
/* Which of the ways is the fastest, once for each kind; `memory`: with a workspace. */
gboolean dh_cuda_choose_fused (DhCudaPlan *plan, DhCudaStep *step, const DhCudaConvMemory *memory, GError **error);
/* Seconds of the step in the way that is set, as dh_cuda_time(). */
double dh_cuda_time_conv (DhCudaCard *card, const DhCudaStep *step, const DhCudaConvMemory *memory, double best,
                          GError **error);
/* The convolution in a step; or NULL. */
static inline DhCudaStep *
dh_cuda_convolution_of (DhCudaStep *step)
{
  return step->first ? step->first : step->is_conv ? step : NULL;
}
/* The step in the way that was chosen, on this memory of its convolution. */
gboolean dh_cuda_launch_conv (DhCudaCard *card, const DhCudaStep *step, const DhCudaConvMemory *memory, GError **error);

/* dh-cuda-taps.c: a 3×3 convolution with a dilation as a 1×1 convolution and a sum over pixels. */
gboolean dh_cuda_can_tap (const DhCudaPool *pool, const DhCudaConvNodes *conv);
/* The step's taps. On the device: the weights, 9 × out × places of the input, and the bias as float; FALSE where either
 * is missing. */
gboolean dh_cuda_add_taps (DhCudaPlan *plan, DhCudaStep *step, const DhCudaConvNodes *conv, gpointer weights,
                           gpointer bias);
/* As dh_cuda_choose_fused(); where nothing computes the products, it stays as it was. */
gboolean dh_cuda_choose_taps (DhCudaPlan *plan, DhCudaStep *step, const DhCudaConvMemory *memory, gsize most,
                              GError **error);

/* dh-cuda-attention.c: what dh-cuda-transformer-kernels.cu makes. */
gboolean dh_cuda_can_tile_attention (const DhCudaStep *step, const DhCudaPool *pool);
/* Which way is the faster, once for each kind; `workspace`: DH_CUDA_PROBE_BYTES at least, or NULL. */
gboolean dh_cuda_choose_attention (DhCudaPlan *plan, DhCudaStep *step, gpointer workspace, GError **error);
/* LAYER_NORM's mode. */
gint dh_cuda_norm_lanes (gint n_groups);

/* dh-cuda-foreign.c: what only networks of others have; the channels of results stand in order. `by` is NULL, or of one
 * pixel or one channel or both, or as `in` is. */
typedef struct
{
  gboolean relu;
  const DhActivation *activation; /* or NULL */
} DhCudaAfter;
DhCudaView *dh_cuda_add_gated (DhCudaPlan *plan, const char *name, const DhCudaView *in, const DhCudaView *by,
                               DhCudaAfter after, DhValue owner);
/* conv->in: any. */
DhCudaView *dh_cuda_add_grouped (DhCudaPlan *plan, const DhCudaConvNodes *conv, DhCudaAfter after, GError **error);
DhCudaView *dh_cuda_add_layer_norm (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, const float *weight,
                                    const float *bias, DhValue owner, GError **error);
/* `both`: keys, and values as further channels. */
DhCudaView *dh_cuda_add_attention (DhCudaPlan *plan, const DhNode *node, const DhCudaView *queries,
                                   const DhCudaView *both, DhValue owner);
DhCudaView *dh_cuda_add_depth_to_space (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, DhShape shape,
                                        DhValue owner);

/* `logits`, `logits_ood`: whole and in order; either may be NULL. */
void dh_cuda_add_score (DhCudaPlan *plan, const DhLoweredScores *scores, const DhCudaView *logits,
                        const DhCudaView *logits_ood);

/* dh-cuda-build.c */
gboolean dh_cuda_build (DhCudaPlan *plan, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                        GError **error);

/* dh-cuda-plan.c */
DhPlan *dh_cuda_compile (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                         const DhPlanOptions *options, GError **error);
guint64 dh_cuda_estimate (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhPlanOptions *options);
gboolean dh_cuda_run (DhPlan *plan, const float *input, void *const *outputs, GCancellable *cancellable,
                      const DhProgress *progress, GError **error);
gboolean dh_cuda_begin (DhPlan *plan, const float *input, void *const *outputs, GError **error);
gboolean dh_cuda_begin_rgb (DhPlan *plan, const guint8 *rgb, void *const *outputs, GError **error);
gboolean dh_cuda_end (DhPlan *plan, GError **error);
void dh_cuda_free_plan (DhPlan *plan);

/* Seconds that the card is held so that the steps, each between two marks, are all queued before the first begins. */
static inline double
dh_cuda_time_to_queue (guint n_steps)
{
  return 4e-5 * n_steps;
}

/* dh-cuda-describe.c */
char *dh_cuda_describe (DhPlan *plan);
char *dh_cuda_list_remarks (DhPlan *plan);
char *dh_cuda_list_training_remarks (DhTrainPlan *plan);
const char *dh_cuda_implementation (const DhCudaStep *step);

/* After an error of the card itself nothing that it holds can be trusted: TRUE with an error where there was one. */
gboolean dh_cuda_is_lost (DhCudaDevice *device, GError **error);
/* FALSE with DH_ERROR_TOO_LARGE where a side is over DH_CUDA_MAX_SIDE. */
gboolean dh_cuda_takes_size (DhShape input, GError **error);
void dh_cuda_note_error (DhCudaDevice *device, const GError *error);
/* The same of a plan that could not be made and is gone: whether the card was lost with a way of computing something
 * that is put aside since, and nothing else is held on it. */
void dh_cuda_note_no_plan (DhCudaDevice *device, const GError *error);

/* dh-cuda-train.c */
DhTrainPlan *dh_cuda_compile_training (DhDevice *device, DhGraph *graph, const DhShape *shapes,
                                       DhTensorDict *parameters, DhTensorDict *gradients, const DhTrainOptions *options,
                                       GError **error);
void dh_cuda_free_training (DhTrainPlan *plan);
char *dh_cuda_describe_training (DhTrainPlan *plan);
guint64 dh_cuda_estimate_training (DhDevice *device, DhGraph *graph, const DhShape *shapes,
                                   const DhTrainOptions *options);

/* dh-cuda-train-run.c */
gboolean dh_cuda_train (DhTrainPlan *plan, const float *input, const guint8 *labels, guint64 seed, double weight,
                        DhLosses *losses, GCancellable *cancellable, GError **error);

/* dh-cuda-train-state.c */
DhTrainState *dh_cuda_state_new (DhDevice *device, DhGraph *graph, DhValue logits, DhValue logits_ood,
                                 const DhTrainTensors *tensors, GError **error);
void dh_cuda_state_free (DhTrainState *state);
gboolean dh_cuda_state_fetch (DhTrainState *state, GError **error);
gboolean dh_cuda_state_step (DhTrainState *state, const double *rates, guint64 step, gboolean *finite, GError **error);
gboolean dh_cuda_state_zero (DhTrainState *state, GError **error);
gboolean dh_cuda_state_keep (DhTrainState *state, gboolean back, GError **error);

/* dh-cuda-device.c */
extern const DhModuleHost *dh_cuda_host;

G_END_DECLS
