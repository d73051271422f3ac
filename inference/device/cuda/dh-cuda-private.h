#pragma once
#include "dh-arena.h"
#include "dh-bilinear.h"
#include "dh-cuda-driver.h"
#include "dh-module.h"

G_BEGIN_DECLS

typedef struct
{
  DhDevice base;
  DhCudaCard *card;
  char *lost; /* why nothing can be computed any more, or NULL */
} DhCudaDevice;

/* Memory of one value: n × h × w × 8·n_groups, all images. */
typedef struct
{
  DhArenaBlock block; /* in bytes */
  gint n_groups, n, h, w, type;
} DhCudaBuffer;

/* How a node's value stands in memory: a list of groups, their channels, and what remains to be done to each element
 * when it is read. Belongs to the plan; immutable once made. */
typedef struct
{
  DhCudaBuffer *buffer;
  gint group;
} DhCudaPlace;
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
} DhCudaView;

typedef struct _DhCudaStep DhCudaStep;
struct _DhCudaStep
{
  char *name;
  double flop;
  const DhCudaView *in, *other, *out;
  gboolean in_places, other_places; /* read in the order of channels, not of places */
  DhCudaKernel kernel;              /* but for the addresses, which bind() fills in */
  const float *scale, *shift;       /* PACK, host; by channel */
  DhValue target;                   /* UNPACK: the output that it writes */
  DhValue targets[DH_N_MAPS];       /* SCORE */
  gint tap_rows, tap_columns;       /* RESIZE, SCORE: in heights and widths; 0: none */
  gboolean align_corners;
  gboolean same_size;      /* SCORE: the logits are of the picture's size; nothing is mixed */
  gboolean is_conv, fused; /* fused: the library makes what `epilogue` would */
  DhCudaStep *epilogue;    /* owned; or NULL */
  DhCudaConvSpec spec;
  DhCudaConvolution *conv; /* owned */
  DhCudaConvMemory memory; /* w and bias: device */
};

typedef struct
{
  DhPlan base;
  DhCudaDevice *device; /* = base.device once compiled */
  DhShape input;
  gint type;
  gboolean strict;
  GPtrArray *buffers;     /* DhCudaBuffer */
  GPtrArray *steps;       /* DhCudaStep */
  GPtrArray *allocations; /* small memory of the host that lives as long as the plan */
  GPtrArray *chunks;      /* memory of the device with parameters and tables */
  char *chunk;            /* the last one, partly used */
  gsize chunk_left, chunk_bytes;
  DhValue *outputs;
  guint n_outputs;
  gsize *output_bytes;
  char *arena; /* device */
  gsize arena_bytes;
  gpointer workspace; /* device */
  gsize workspace_bytes;
  char *staging; /* device: the input, then each output */
  char *pinned;  /* host: the same */
  gsize staging_bytes, input_bytes;
  gsize *output_offsets;
  DhCudaRecording *recording;
  gboolean never_record;
  guint n_runs;
} DhCudaPlan;

/* dh-cuda-memory.c */
gpointer dh_cuda_host_alloc (DhCudaPlan *plan, gsize count, gsize size); /* zeroed; lives as long as the plan */
DhCudaBuffer *dh_cuda_buffer_new (DhCudaPlan *plan, gint n_groups, gint h, gint w, gint type);
/* A copy in the device's memory that lives as long as the plan; NULL and error where memory is short. */
gpointer dh_cuda_upload (DhCudaPlan *plan, gconstpointer data, gsize bytes, GError **error);
/* Lifetimes, arena, staging, addresses, and the choice of each convolution. */
gboolean dh_cuda_place (DhCudaPlan *plan, GError **error);
void dh_cuda_memory_clear (DhCudaPlan *plan);

/* dh-cuda-view.c */
DhCudaView *dh_cuda_view_new (DhCudaPlan *plan, DhCudaBuffer *buffer, gint c, DhValue owner);
DhCudaView *dh_cuda_view_copy (DhCudaPlan *plan, const DhCudaView *view);
DhCudaView *dh_cuda_view_concat (DhCudaPlan *plan, const DhCudaView *const *views, guint n);
DhCudaView *dh_cuda_view_norm (DhCudaPlan *plan, const DhCudaView *view, const double *scale, const double *shift);
gboolean dh_cuda_view_is_plain (const DhCudaView *view); /* nothing remains to be done to it */
gboolean dh_cuda_view_is_whole (const DhCudaView *view); /* plain, and one buffer from its beginning to its end */
gboolean dh_cuda_view_in_order (const DhCudaView *view); /* channel = place */
gboolean dh_cuda_view_uses (const DhCudaView *view, const DhCudaBuffer *buffer);
gint dh_cuda_view_type (const DhCudaView *view);
/* channel → place, c rounded up to groups, −1 behind the last. */
const gint32 *dh_cuda_view_places (DhCudaPlan *plan, const DhCudaView *view);

/* dh-cuda-steps.c: each appends one step and returns the view that it makes. `owner`: the node whose value it is. */
DhCudaStep *dh_cuda_step_new (DhCudaPlan *plan, const char *name, DhCudaOp op);
/* [relu] (in [+ other]), in the order of channels where in_order, else in that of `in`; in `target`'s memory unless it
 * is NULL. */
DhCudaView *dh_cuda_add_pointwise (DhCudaPlan *plan, const char *name, const DhCudaView *in, const DhCudaView *other,
                                   gboolean relu, gboolean in_order, DhCudaBuffer *target, DhValue owner);
DhCudaView *dh_cuda_add_pack (DhCudaPlan *plan, const DhCudaView *raw);
DhCudaView *dh_cuda_add_pool (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, DhShape shape, DhValue owner);
DhCudaView *dh_cuda_add_resize (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, DhShape shape,
                                const DhCudaView *sum, gboolean relu, DhValue owner);
void dh_cuda_add_unpack (DhCudaPlan *plan, const char *name, const DhCudaView *in, DhValue target);

typedef struct
{
  const DhNode *node;
  DhValue owner;
  const DhCudaView *in; /* whole; or any for a head */
  DhShape shape;
  const float *weights;        /* O×I×k×k */
  const double *scale, *shift; /* O: of the weights; the bias */
  gboolean shifted;            /* any shift is not 0 */
  const DhCudaView *sum;       /* or NULL */
  gboolean relu;
} DhCudaConvNodes;
DhCudaView *dh_cuda_add_conv (DhCudaPlan *plan, const DhCudaConvNodes *conv, GError **error);
DhCudaView *dh_cuda_add_head (DhCudaPlan *plan, const DhCudaConvNodes *conv, GError **error);

typedef struct
{
  const DhCudaView *logits, *logits_ood; /* whole and in order; either may be NULL */
  gboolean align_corners, same_size;
  gint h, w;
  guint maps; /* bits DH_MAP_BIT */
  DhValue targets[DH_N_MAPS];
} DhCudaScoreNodes;
void dh_cuda_add_score (DhCudaPlan *plan, const char *name, const DhCudaScoreNodes *nodes);

/* dh-cuda-build.c */
gboolean dh_cuda_build (DhCudaPlan *plan, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                        GError **error);

/* dh-cuda-plan.c */
DhPlan *dh_cuda_compile (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                         const DhPlanOptions *options, GError **error);
gboolean dh_cuda_run (DhPlan *plan, const float *input, void *const *outputs, GCancellable *cancellable,
                      const DhProgress *progress, GError **error);
void dh_cuda_free_plan (DhPlan *plan);
char *dh_cuda_describe (DhPlan *plan);

/* dh-cuda-device.c */
extern const DhModuleHost *dh_cuda_host;

G_END_DECLS
