#pragma once
#include "dh-cpu-calm.h"
#include "dh-cpu-kernels.h"
#include "dh-device-private.h"
#include "dh-lowering.h"
#include "dh-onednn-library.h"

G_BEGIN_DECLS

typedef struct
{
  DhDevice base;
  const DhCpuKernels *kernels;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
} DhCpuDevice;

/* Memory of one value: planes of h·w·lanes floats at `offset` (floats) in the arena, alive from the first to the last
 * step that names it. */
typedef struct
{
  gint n_planes, h, w;
  gsize floats;
  gint first, last;
  gsize offset;
} DhCpuBuffer;

/* How a node's value stands in memory: a list of planes, their channels, and what remains to be done to each element
 * when it is read. Belongs to the plan; immutable once made. */
typedef struct
{
  DhCpuBuffer *buffer;
  gint plane;
} DhCpuPlane;
typedef struct _DhCpuView DhCpuView;
struct _DhCpuView
{
  gint c, h, w;
  gint n_planes;
  const DhCpuPlane *planes;
  const gint *channels;       /* n_planes·lanes: the channel of the value, or −1 for padding */
  const float *scale, *shift; /* n_planes·lanes, or NULL */
  const DhCpuView *gate;      /* or NULL; 1×1, of the same channels: a run's own scale. `scale` is NULL, `shift` 0 */
  gboolean relu;
  DhValue owner;     /* the node for which the buffer was made and whose value it holds whole; or DH_NO_VALUE */
  gboolean positive; /* what it holds is never below 0 */
  gboolean raw;      /* the input picture, C×H×W: no planes, or one, as it was scaled; scale and shift by channel */
  gboolean packed;   /* in bfloat16, as `taps_pack` makes it, which only convolutions of tiles read */
};

typedef struct _DhCpuPlan DhCpuPlan;
typedef struct _DhCpuStep DhCpuStep;

/* Steps that can be cut into items in more than one way. */
typedef enum
{
  DH_CPU_OTHER,
  DH_CPU_CONV1X1,
  DH_CPU_TAPS,
  DH_CPU_WINOGRAD,
} DhCpuStepKind;

struct _DhCpuStep
{
  char *name;
  char *implementation;
  double flop;
  const DhCpuView *in, *in_ood, *sum, *out;
  const DhCpuView *made; /* weights or input that an earlier step has prepared; or NULL */
  const float *made_at;
  const DhCpuView *const *ins; /* of a step that reads several alike, instead of `in` */
  guint n_ins;
  DhValue target; /* output of the plan that it writes, or DH_NO_VALUE */
  gboolean is_score;
  DhValue targets[DH_N_MAPS]; /* of a score step */

  /* Own kernels: `item` for each of n_items on the device's threads. */
  DhCpuStepKind kind;
  guint blocking; /* see dh-onednn-blocking.c */
  gint n_items;
  gsize scratch; /* bytes a thread */
  void (*item) (const DhCpuStep *step, gint item, float *scratch);
  void (*bind) (DhCpuStep *step); /* input and output have their pointers */
  gboolean reads_input;
  /* Else the whole step. */
  gboolean (*run) (DhCpuPlan *plan, DhCpuStep *step, GError **error);
  void (*clear) (DhCpuStep *step);

  const DhCpuKernels *kernels;
  DhCpuInput input;
  DhCpuInput *inputs; /* n_ins */
  DhCpuOutput output;
  union
  {
    DhCpuConv1x1 conv1x1;
    DhCpuTaps taps;
    DhCpuWinograd winograd;
    DhCpuWinogradFilters filters;
    DhCpuDepthwise depthwise;
    DhCpuPool pool;
    DhCpuResize resize;
    struct
    {
      DhCpuResize *all;
      guint n;
    } resizes;
    DhCpuLayerNorm layer_norm;
    DhCpuAttention attention;
    DhCpuScore score;
    struct
    {
      guint64 *bins;
    } count;
    struct
    {
      const float *from;
      float *to;
      const gint *channels;
      gint block;
    } copy;
    struct
    {
      dnnl_primitive_t primitive;
      dnnl_memory_t source, weights, bias, target, scratchpad;
    } direct;
  } u;
};

struct _DhCpuPlan
{
  DhPlan base;
  DhCpuDevice *device; /* = base.device */
  DhShape input;
  gint threads;
  gboolean bf16;
  gsize coarse_filters;              /* in bfloat16, Winograd's products of layers of so many and more are in it too */
  const DhQuantization *calibration; /* while it is built, of int8 */
  DhRanges *ranges;                  /* while it is built, to count in; the steps point into it */
  GCancellable *cancellable;         /* while it is built */
  GPtrArray *buffers;                /* DhCpuBuffer */
  GPtrArray *steps;                  /* DhCpuStep */
  GPtrArray *allocations;            /* small memory that lives as long as the plan */
  GPtrArray *packed;                 /* mappings with parameters */
  gsize packed_bytes;
  gboolean keeps;      /* what is timed, in the device's folder */
  GHashTable *choices; /* see dh-onednn-choose.c */
  char *chunk;         /* of parameters, partly used */
  gsize chunk_left;
  DhValue *outputs;
  guint n_outputs;
  gsize *output_bytes; /* of one image */
  float *arena;
  gsize arena_bytes;    /* mapped: values, then scratch */
  gsize scratch_offset; /* bytes */
  gsize scratch_bytes;  /* a thread; all of it together for oneDNN */
  /* of the run under way */
  const float *run_input;
  void **run_outputs;
};

/* dh-onednn-memory.c */
gpointer dh_cpu_alloc (DhCpuPlan *plan, gsize count, gsize size); /* zeroed; lives as long as the plan */
/* Aligned and zeroed; NULL and error where memory is short. Lives as long as the plan. */
float *dh_cpu_alloc_packed (DhCpuPlan *plan, gsize bytes, GError **error);
gpointer dh_cpu_map_memory (gsize bytes, GError **error);
void dh_cpu_unmap_memory (gpointer memory, gsize bytes);
gsize dh_cpu_plan_offsets (GPtrArray *buffers);
gboolean dh_cpu_plan_place (DhCpuPlan *plan, GError **error);
DhCpuBuffer *dh_cpu_buffer_new (DhCpuPlan *plan, gint n_planes, gint h, gint w);

/* dh-onednn-view.c */
DhCpuView *dh_cpu_view_new (DhCpuPlan *plan, DhCpuBuffer *buffer, gint c, DhValue owner);
DhCpuView *dh_cpu_view_new_like (DhCpuPlan *plan, const DhCpuView *like, gint h, gint w, DhValue owner);
/* What `taps_pack` writes, and what products read behind it. */
gsize dh_cpu_packed_floats (const DhCpuKernels *kernels, gint n_planes, gint h, gint w);
/* What has just got a buffer of its own, a convolution's result, is packed there: its channels stand as before. */
void dh_cpu_view_pack (DhCpuPlan *plan, DhCpuView *view);
/* Memory of its own order, of `bytes`; the sizes are for people. */
const DhCpuView *dh_cpu_view_new_made (DhCpuPlan *plan, gint c, gint h, gint w, gsize bytes);
DhCpuView *dh_cpu_view_copy (DhCpuPlan *plan, const DhCpuView *view);
DhCpuView *dh_cpu_view_concat (DhCpuPlan *plan, const DhCpuView *const *views, guint n);
DhCpuView *dh_cpu_view_norm (DhCpuPlan *plan, const DhCpuView *view, const double *scale, const double *shift);
/* The view through a gate: plain, 1×1, of the same channels, its planes together. */
DhCpuView *dh_cpu_view_gate (DhCpuPlan *plan, const DhCpuView *view, const DhCpuView *gate);
/* Some of its planes, of `c` channels, which count from 0 there. */
DhCpuView *dh_cpu_view_part (DhCpuPlan *plan, const DhCpuView *view, gint first, gint n, gint c);
gboolean dh_cpu_view_in_order (DhCpuPlan *plan, const DhCpuView *view); /* its channels stand as they count */
gboolean dh_cpu_view_is_plain (const DhCpuView *view);                  /* nothing remains to be done to it */
gboolean dh_cpu_view_is_together (const DhCpuView *view);    /* plain, and the planes follow each other in one buffer */
gboolean dh_cpu_view_reads_positive (const DhCpuView *view); /* what is read through it is never below 0 */
gboolean dh_cpu_view_same_channels (DhCpuPlan *plan, const DhCpuView *a, const DhCpuView *b);
gboolean dh_cpu_view_uses (const DhCpuView *view, const DhCpuBuffer *buffer);

/* dh-onednn-steps.c: each appends one step and returns the view that it makes. `owner`: the node whose value it is. */
DhCpuStep *dh_cpu_step_new (DhCpuPlan *plan, const char *name, const char *implementation);
/* Its implementation is "WHAT:" and the set of kernels. */
DhCpuStep *dh_cpu_step_new_kernel (DhCpuPlan *plan, const char *name, const char *what);
/* What is done at the end. */
typedef struct
{
  gboolean relu;
  DhCpuActivation activation;
} DhCpuAfter;
#define DH_CPU_AS_IT_IS ((DhCpuAfter){ FALSE })
DhCpuAfter dh_cpu_after (const DhNode *node); /* of a ReLU or activation */
gboolean dh_cpu_after_is_positive (const DhCpuAfter *after);
DhCpuView *dh_cpu_add_pointwise (DhCpuPlan *plan, const char *name, const DhCpuView *in, const DhCpuView *sum,
                                 DhCpuAfter after, DhValue owner);
/* `by`: plain, of the same size, and of the same channels or of one. */
DhCpuView *dh_cpu_add_product (DhCpuPlan *plan, const char *name, const DhCpuView *in, const DhCpuView *by,
                               DhCpuAfter after, DhValue owner);
/* Plain, and its channels stand as in `like`. */
const DhCpuView *dh_cpu_add_relaid (DhCpuPlan *plan, const char *name, const DhCpuView *in, const DhCpuView *like);
/* Plain, and its channels stand as they count. */
const DhCpuView *dh_cpu_add_ordered (DhCpuPlan *plan, const char *name, const DhCpuView *in);
DhCpuView *dh_cpu_add_pack (DhCpuPlan *plan, const DhCpuView *raw);
DhCpuView *dh_cpu_add_pool (DhCpuPlan *plan, const DhNode *node, const DhCpuView *in, DhShape shape, DhValue owner);
/* `sum` may be NULL; `in_place`: writes over it. */
DhCpuView *dh_cpu_add_resize (DhCpuPlan *plan, const DhNode *node, const DhCpuView *in, DhShape shape,
                              const DhCpuView *sum, gboolean in_place, DhCpuAfter after, DhValue owner);
void dh_cpu_add_unpack (DhCpuPlan *plan, const char *name, const DhCpuView *in, DhValue target);
const DhBilinear *dh_cpu_bilinear_table (DhCpuPlan *plan, gint in, gint out, gboolean align_corners);

/* A convolution with what is folded into it. */
typedef struct
{
  const DhNode *node;
  DhValue owner;
  const char *name;
  const DhCpuView *in;
  DhShape in_shape, shape;
  const float *weights; /* O×I×k×k */
  const double *scale;  /* O: of the weights */
  const double *shift;  /* O: the bias */
  const DhCpuView *sum; /* or NULL */
  gboolean in_place;    /* write over sum */
  DhCpuAfter after;
  gboolean bf16;
  gboolean packs; /* makes a packed view */
  float range;    /* of the input, for int8; 0: not that */
} DhCpuConv;
typedef DhCpuView *(*DhCpuAddConv) (DhCpuPlan *plan, const DhCpuConv *conv, GError **error);

/* dh-onednn-pack.c: parts of the steps of convolutions. */
/* Where the value goes: over its summand, or into a buffer of its own with the summand's order of channels. */
DhCpuView *dh_cpu_conv_output (DhCpuPlan *plan, const DhCpuConv *conv);
/* By physical channel of the output. */
const float *dh_cpu_conv_bias (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out);
/* One weight of a tap between physical channels, scaled; 0 where either is padding. */
float dh_cpu_conv_weight (const DhCpuConv *conv, const DhCpuView *out, gint tap, gint i, gint o);
/* In the matrix kernels' order, of all taps, one behind the other; NULL and error where memory is short. */
float *dh_cpu_conv_pack (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, GError **error);
/* The same of a 1×1 convolution in int8: `units`, by physical channel of the output, is what 1 of a product stands
 * for; NaN where a weight is not finite. */
gint8 *dh_cpu_conv_pack_int8 (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, float **units,
                              GError **error);
DhCpuStep *dh_cpu_conv_step (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, const char *what);
/* dh-onednn-conv1x1.c */
DhCpuView *dh_cpu_add_conv1x1 (DhCpuPlan *plan, const DhCpuConv *conv, GError **error);
/* Of a view that reads positive, with conv->range. */
DhCpuView *dh_cpu_add_conv1x1_int8 (DhCpuPlan *plan, const DhCpuConv *conv, GError **error);
/* Counts what the convolution will read, in each run. */
void dh_cpu_add_count (DhCpuPlan *plan, const DhCpuConv *conv);
/* dh-onednn-conv.c */
DhCpuView *dh_cpu_add_taps (DhCpuPlan *plan, const DhCpuConv *conv, GError **error);
DhCpuView *dh_cpu_add_winograd (DhCpuPlan *plan, const DhCpuConv *conv, GError **error);
gboolean dh_cpu_winograd_bf16 (const DhCpuPlan *plan, const DhCpuConv *conv);   /* its products are in bfloat16 */
gsize dh_cpu_find_coarse_filters (const DhGraph *graph, const DhShape *shapes); /* for DhCpuPlan */
/* dh-onednn-choose.c: whether to make it with dh_cpu_add_winograd rather than with dh_cpu_add_taps. */
gboolean dh_cpu_choose_winograd (DhCpuPlan *plan, const DhCpuConv *conv);
/* dh-onednn-direct.c: the library's direct convolutions. */
DhCpuView *dh_cpu_add_direct (DhCpuPlan *plan, const DhCpuConv *conv, GError **error);

/* dh-onednn-groups.c: the input is plain, and, but for a group a channel, in order; no sum but with that. */
gboolean dh_cpu_is_depthwise (const DhNode *node, gint in_channels);
DhCpuView *dh_cpu_add_depthwise (DhCpuPlan *plan, const DhCpuConv *conv, GError **error);
DhCpuView *dh_cpu_add_groups (DhCpuPlan *plan, const DhCpuConv *conv, GError **error);

/* dh-onednn-depth.c */
DhCpuView *dh_cpu_add_depth_to_space (DhCpuPlan *plan, const DhNode *node, const DhCpuView *in, DhShape shape,
                                      DhValue owner);

/* dh-onednn-score.c */
/* `logits`, `logits_ood`: plain; either may be NULL. */
void dh_cpu_add_score (DhCpuPlan *plan, const DhLoweredScores *scores, const DhCpuView *logits,
                       const DhCpuView *logits_ood);

/* dh-onednn-build.c */
gboolean dh_cpu_build (DhCpuPlan *plan, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                       const DhPlanOptions *options, GError **error);
/* dh-onednn-order.c */
void dh_cpu_plan_order (DhCpuPlan *plan);
/* dh-onednn-blocking.c: sets one of a step's blockings, with its items and scratch; FALSE where it has not so many. */
gboolean dh_cpu_step_set_blocking (const DhCpuPlan *plan, DhCpuStep *step, guint blocking);
/* Cut finer where so many `images` would be too few items for the threads: tiles, and parts of the output; pixels (or
 * tiles) of an item, of `all`, in whole ones of the matrix kernels. */
void dh_cpu_fit_winograd (DhCpuWinograd *conv, const DhCpuKernels *kernels, gint images, gint threads);
gint dh_cpu_fit_pixels (gint at_once, gint64 all, gint tile, gint images, gint threads);
/* Seconds of a run, from some items of each step; G_MAXDOUBLE where other processes took the processor meanwhile. */
double dh_cpu_plan_time (const DhCpuPlan *plan);
/* Times them in a run of the plan, whose memory stands, and sets the fastest of each step. */
gboolean dh_cpu_plan_choose_blockings (DhCpuPlan *plan, GError **error);
/* dh-onednn-remember.c */
gboolean dh_cpu_plan_can_keep (const DhCpuPlan *plan);
char *dh_cpu_plan_machine (const DhCpuPlan *plan); /* what timings depend on, for a key; free with g_free */
void dh_cpu_plan_block_by_rule (const DhCpuPlan *plan);
/* Sets the blockings found on disk; FALSE: there are none. `key`: for dh_cpu_plan_remember; free with g_free. */
gboolean dh_cpu_plan_recall (DhCpuPlan *plan, char **key);
void dh_cpu_plan_remember (const DhCpuPlan *plan, const char *key);
/* dh-onednn-plan.c */
DhCpuPlan *dh_cpu_plan_new (DhCpuDevice *device, gboolean bf16);
void dh_cpu_plan_bind (DhCpuPlan *plan); /* the arena stands: views become pointers */
gboolean dh_cpu_plan_run_step (DhCpuPlan *plan, DhCpuStep *step, GError **error);
/* dh-onednn-guard.c: the same, and an error where it writes beyond its output. */
gboolean dh_cpu_plan_guard_step (DhCpuPlan *plan, DhCpuStep *step, GError **error);
DhPlan *dh_cpu_compile (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                        const DhPlanOptions *options, GError **error);
gboolean dh_cpu_run (DhPlan *plan, const float *input, void *const *outputs, GCancellable *cancellable,
                     const DhProgress *progress, GError **error);
void dh_cpu_free_plan (DhPlan *plan);
char *dh_cpu_describe (DhPlan *plan);
/* "oneDNN: ‹what›: ‹status›" */
void dh_cpu_set_error (GError **error, const char *what, dnnl_status_t status);

G_END_DECLS
