#pragma once
#include "dh-arena.h"
#include "dh-cpu-train-kernels.h"
#include "dh-onednn-private.h"

G_BEGIN_DECLS

/* Training steps of the cpu device. A graph becomes a list of operations, each with a forward and a backward step:
 * convolutions, pools, resizes, adds, copies, losses. Norms, ReLUs and concats are none: they are the way in which a
 * reader sees values (DhTrainView), and a gradient finds back along that way.
 *
 * A norm's backward pass: with t the gradient of its result, g += scale·t is done at once; what its statistics add,
 * b·(x − mean) + c, only when b and c are summed. Several norms may read a value (the layers behind it in a dense
 * block): b and c of all of them are summed up, and added to the gradient when it is read itself. */

/* The result of an operation: planes of `lanes` channels, image after image. */
typedef struct
{
  gint c, h, w;
  gint n_planes;
  gint *channels;    /* n_planes·lanes: the channel, or −1 */
  gboolean raw;      /* the batch as the caller has it, N×C×H×W */
  gboolean wants;    /* a trained parameter stands at or before it */
  gboolean measured; /* a norm reads it */
  gboolean started;  /* while steps are listed: its gradient has been written */
  gboolean is_conv;
  guint n_readers;
  DhArenaBlock *value, *grad;
  DhArenaBlock *again; /* where it is made a second time, for the backward pass; or NULL */
  gboolean listed_again;
  gsize image, pixels; /* floats of an image; h·w */
  float *base, *grad_base;
  float *mean; /* n_planes·lanes each, where measured */
  double *exact_mean, *variance, *b, *c_sum;
  float *finish_b, *finish_c;
} DhTrainValue;

typedef struct _DhTrainNorm DhTrainNorm;

typedef struct
{
  gint c, h, w;
  gint n_planes;
  DhTrainValue **values; /* of each plane */
  gint *planes;
  gint *channels;
  DhTrainNorm *norm; /* or NULL */
  gboolean relu;
  gboolean wants;
  const float **pointers; /* image after image; set when memory is there */
  float **grads;
} DhTrainView;

struct _DhTrainNorm
{
  DhTrainView *view; /* what it reads */
  DhValue node;
  float *scale, *shift, *mean; /* by place in the view */
  double *sums;                /* a thread: Σ t, Σ t·(x − mean) */
};

typedef struct _DhTrain DhTrain;
typedef struct _DhTrainOp DhTrainOp;
typedef struct _DhTrainStep DhTrainStep;

typedef enum
{
  DH_TRAIN_CONV_1X1,
  DH_TRAIN_CONV_3X3,
  DH_TRAIN_CONV_TAPS,
  DH_TRAIN_CONV_DEPTHWISE,
  DH_TRAIN_CONV_LIBRARY,
} DhTrainConvKind;

struct _DhTrainOp
{
  DhValue node;
  void (*list_forward) (DhTrain *train, DhTrainOp *op);
  void (*list_backward) (DhTrain *train, DhTrainOp *op);
  DhTrainView *in, *sum; /* sum: added, or NULL */
  DhTrainView *third;    /* of attention: the values */
  DhTrainValue *out;
  DhTrainConvKind kind;
  gboolean wide;    /* sums of its weights' gradient are too many for the caches: dh-train-blocks.c */
  gpointer library; /* DhLibraryConv */
  gboolean plain_x; /* the library reads N×C×H×W */
  const DhCpuTile *tiles;
  gint n_tiles;
  float *factors;       /* of a copy: image × plane × lane, with which it multiplies; NULL: none */
  float *scale, *shift; /* of a copy, the view's times these; image × plane × lane */
  const DhBilinear *rows, *columns;
};

struct _DhTrainStep
{
  char *name, *implementation;
  double flop, seconds;
  gboolean (*run) (DhTrain *train, DhTrainStep *step, GError **error);
  DhTrainOp *op;
  gboolean *adds;          /* of the planes of op->in: add to the gradient */
  gboolean *adds2, *adds3; /* of op->sum; of op->third */
  gboolean direct;         /* the gradient is made where it stays */
  DhArenaBlock *weights, *sums, *temporary, *dense, *dense2, *packed;
};

struct _DhTrain
{
  DhTrainPlan common;
  DhCpuDevice *device;
  const DhCpuKernels *kernels;
  const DhCpuTrainKernels *gradients;
  gint threads, images;
  gboolean bf16;   /* our own convolutions multiply bfloat16; all that is kept is float32 */
  gboolean parts;  /* for tests: what large convolutions are cut into, all are, and into the smallest */
  gboolean guards; /* DH_DEBUG=guards */
  DhGraph *graph;
  DhShape *shapes;
  gboolean *needed;
  gint *n_readers; /* of nodes */
  DhValue *reader;
  DhTrainView **views; /* of nodes */
  DhTrainNorm **norms; /* of nodes */
  DhTensor *(*parameters)[4];
  DhTensor *(*gradient_of)[2];
  GPtrArray *values, *view_list, *ops, *steps, *blocks, *allocations;
  gboolean backward; /* the steps listed now are those of the backward pass */
  DhTrainView *loss_views[2];
  const DhBilinear *loss_rows[2], *loss_columns[2];
  gsize scratch_bytes; /* a thread */
  gsize arena_bytes;   /* values and scratch */
  gsize scratch_offset;
  float *arena;
  GError *failure; /* while steps are listed */
  /* of the step under way */
  const float *input;
  const guint8 *labels;
  guint64 seed;
  double weight;
  DhLosses *losses;
  GCancellable *cancellable; /* or NULL */
};

/* dh-train-build.c: operations and steps for the graph; nothing large is allocated. */
gboolean dh_train_build (DhTrain *train, GError **error);

/* dh-train-guard.c: places the blocks, with room to be watched where that is asked for; and runs a step so. */
gsize dh_train_guard_place (DhTrain *train);
gboolean dh_train_guard_step (DhTrain *train, guint number, GError **error);

/* dh-train-list.c: memory that lives as long as the plan; blocks, values, views, steps. */
gpointer dh_train_alloc (DhTrain *train, gsize count, gsize size);
DhArenaBlock *dh_train_block (DhTrain *train, gsize bytes);
DhTrainValue *dh_train_value_new (DhTrain *train, gint c, gint h, gint w, const gint *channels, gint n_planes);
DhTrainView *dh_train_view_new (DhTrain *train, gint n_planes);
DhTrainView *dh_train_view_of_value (DhTrain *train, DhTrainValue *value);
DhTrainStep *dh_train_step_new (DhTrain *train, DhTrainOp *op, const char *what,
                                gboolean (*run) (DhTrain *train, DhTrainStep *step, GError **error));
/* The last step needs it. */
void dh_train_touch (DhTrain *train, DhArenaBlock *block);
void dh_train_touch_value (DhTrain *train, DhTrainValue *value);
void dh_train_touch_grad (DhTrain *train, DhTrainValue *value);
void dh_train_touch_view (DhTrain *train, const DhTrainView *view);
/* The gradients of a view are written or added to by the last step. */
gboolean *dh_train_touch_grads (DhTrain *train, const DhTrainView *view);
/* None of them has been written yet, and each stands once in the view. */
gboolean dh_train_is_fresh (const DhTrainView *view);
gboolean dh_train_is_plain (const DhTrainView *view);
void dh_train_need_scratch (DhTrain *train, gsize bytes);
/* Memory of a block; of a value's planes, image after image. */
float *dh_train_memory (const DhTrain *train, const DhArenaBlock *block);
void dh_train_bind_value (DhTrain *train, DhTrainValue *value, const DhArenaBlock *where);
void dh_train_bind (DhTrain *train);

/* dh-train-run.c: items 0…n−1 in `threads` parts of neighbours; a step that is cancelled leaves out those to come. */
typedef void (*DhTrainItem) (gpointer data, gint item, gint part, float *scratch);
void dh_train_run_items (const DhTrain *train, gint n_items, DhTrainItem item, gpointer data);
DhCpuInput dh_train_input (const DhTrain *train, const DhTrainView *view, gint image);
/* The gradient's planes of one image; into `planes` (room for n_planes). */
void dh_train_gradient_planes (const DhTrain *train, const DhTrainValue *value, gint image, const float **planes);
/* Planes of a block of all images, laid out as `like`; into `planes` (room for images·n_planes). */
void dh_train_planes (const DhTrain *train, float *memory, gint n_planes, gsize pixels, float **planes);
DhCpuRoute dh_train_route (const DhTrain *train, const DhTrainView *view, const gboolean *adds, gint image, gint part);
/* t: a gradient in the view's planes, image after image, back into what the view reads, and what its norm is due. */
void dh_train_route_all (DhTrain *train, const DhTrainView *view, const gboolean *adds, float *const *t);
void dh_train_begin_norm (const DhTrain *train, const DhTrainView *view);
void dh_train_end_norm (DhTrain *train, const DhTrainView *view);
/* b·(y − mean) + c is added to its gradient. */
void dh_train_finish (DhTrain *train, DhTrainValue *value);
void dh_train_measure (DhTrain *train, DhTrainValue *value);
/* Σ over pixels of the gradient, by place in the planes. */
void dh_train_sum_grad (const DhTrain *train, const DhTrainValue *value, double *sums);

/* dh-train-conv.c */
DhTrainOp *dh_train_add_conv (DhTrain *train, DhValue node, DhTrainView *in);
/* dh-train-ops.c */
void dh_train_add_norm (DhTrain *train, DhTrainNorm *norm);
/* `with_factors`: those of the node, a dropout or a channel scale. */
DhTrainValue *dh_train_add_copy (DhTrain *train, DhValue node, DhTrainView *in, gboolean with_factors);
DhTrainValue *dh_train_add_sum (DhTrain *train, DhValue node, DhTrainView *a, DhTrainView *b);
/* dh-train-window.c: pools and resizes */
DhTrainValue *dh_train_add_window (DhTrain *train, DhValue node, DhTrainView *in, DhTrainView *sum);
const DhBilinear *dh_train_bilinear (DhTrain *train, gint in, gint out, gboolean align_corners, gboolean nearest);
/* dh-train-foreign.c: what only networks of others have. An activation; a product, whose factor is plain; channels in
 * their order, or where the node is one of depth to space those that become places. */
DhTrainValue *dh_train_add_activation (DhTrain *train, DhValue node, DhTrainView *in);
DhTrainValue *dh_train_add_product (DhTrain *train, DhValue node, DhTrainView *in, DhTrainView *by);
DhTrainValue *dh_train_add_order (DhTrain *train, DhValue node, DhTrainView *in);
/* dh-train-transformer.c: what attention reads is plain, its channels in order. */
DhTrainValue *dh_train_add_layer_norm (DhTrain *train, DhValue node, DhTrainView *in);
DhTrainValue *dh_train_add_attention (DhTrain *train, DhValue node, DhTrainView *queries, DhTrainView *keys,
                                      DhTrainView *values);
/* dh-train-loss.c: a step that goes from the logits, before their last resize where they have one, to their gradient.
 */
void dh_train_list_losses (DhTrain *train);

/* dh-onednn-train.c: the library's convolutions; `plain_x`: x is dense N×C×H×W, else N×⌈C/lanes⌉×H×W×lanes as y is. */
typedef struct _DhLibraryConv DhLibraryConv;
DhLibraryConv *dh_library_conv_new (DhCpuDevice *device, const DhNode *node, DhShape from, DhShape to, gboolean plain_x,
                                    gboolean with_data, GError **error);
void dh_library_conv_free (DhLibraryConv *conv);
/* Cancelled, they leave out what is to come, and the result is of no use. */
gboolean dh_library_conv_forward (DhLibraryConv *conv, const float *x, const float *weight, const float *bias, float *y,
                                  GCancellable *cancellable);
gboolean dh_library_conv_backward_data (DhLibraryConv *conv, const float *dy, const float *weight, float *dx,
                                        GCancellable *cancellable);
/* Both gradients times `factor` are added; `d_bias` NULL: none. */
gboolean dh_library_conv_backward_weights (DhLibraryConv *conv, const float *x, const float *dy, double factor,
                                           float *d_weight, float *d_bias, GCancellable *cancellable);
/* Names of the three implementations, or NULL: "jit:avx512_core". */
const char *dh_library_conv_name (const DhLibraryConv *conv, guint pass);

DhTrainPlan *dh_cpu_train_new (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                               DhTensorDict *gradients, const DhTrainOptions *options, GError **error);
gboolean dh_cpu_train_run (DhTrainPlan *plan, const float *input, const guint8 *labels, guint64 seed, double weight,
                           DhLosses *losses, GCancellable *cancellable, GError **error);
void dh_cpu_train_free (DhTrainPlan *plan);
guint64 dh_cpu_train_estimate (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhTrainOptions *options);

G_END_DECLS
