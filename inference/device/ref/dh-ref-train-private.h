#pragma once
#include "dh-host-train-private.h"
#include "dh-ref-private.h"

G_BEGIN_DECLS

/* The executor of training steps.
 *
 * Memory: values that cost little to make again (norms, ReLUs, concats, dropouts) are made when a reader asks for them
 * and dropped behind it, in both passes; of the others only those that the backward pass reads are kept. So a dense
 * block holds its convolutions' results and the norms' statistics, and nothing twice. */
typedef struct
{
  gpointer memory;
  gsize bytes;
  gboolean used;
} DhHostBlock;

typedef struct
{
  DhTrainPlan common;
  const DhHostConv *conv;
  DhGraph *graph;
  DhShape *shapes;
  gboolean *needed;
  gboolean *wants;   /* a trained parameter stands at or before the value */
  DhValue *last_use; /* the last node whose forward step reads the value, itself or through values made again */
  gboolean *kept;    /* the backward pass reads it */
  gpointer *convs;
  DhTensor *(*parameters)[4];
  DhTensor *(*gradients)[2]; /* of weight and bias */
  double **statistics;       /* of a norm: mean, then 1 / deviation, C each */
  GArray *blocks;            /* DhHostBlock: memory of earlier values, used again */
  guint64 bytes;             /* of all blocks */
  float *scratch;            /* as large as the largest parameter, twice */
  /* Of the step under way */
  const float *input;
  guint64 seed;
  double weight;
  gboolean *measured; /* the norm has its statistics */
  float **values;
  float **slopes; /* gradients of the values */
  double seconds[DH_N_OPS][2];
} DhHostPlan;

/* dh-ref-forward.c: the value is there, or made. FALSE where memory is short. */
gboolean dh_host_make (DhHostPlan *plan, DhValue value) G_GNUC_INTERNAL;
/* Made again rather than kept. */
gboolean dh_host_is_cheap (const DhNode *node) G_GNUC_INTERNAL;
/* What a dropout multiplies a plane by: 0 or 1 / (1 − p). */
float dh_host_dropout_factor (const DhHostPlan *plan, DhValue value, gsize plane) G_GNUC_INTERNAL;

/* dh-ref-backward.c: from the value's gradient those of its inputs and parameters. FALSE where memory is short. */
gboolean dh_host_go_back (DhHostPlan *plan, DhValue value) G_GNUC_INTERNAL;

/* dh-ref-train.c */
float *dh_host_alloc (DhHostPlan *plan, DhValue like) G_GNUC_INTERNAL;
void dh_host_release (DhHostPlan *plan, float **memory) G_GNUC_INTERNAL;
gsize dh_host_count (const DhHostPlan *plan, DhValue value) G_GNUC_INTERNAL;

G_END_DECLS
