#pragma once
#include "dh-cuda-private.h"

G_BEGIN_DECLS

/* A graph on its way to steps. */
typedef struct
{
  DhCudaPlan *plan;
  const DhGraph *graph;
  const DhShape *shapes;
  DhTensorDict *parameters;
  gboolean *needed;
  gboolean *is_output;
  gboolean *done;     /* taken up by an earlier node */
  gboolean *deferred; /* a resize that its reader makes */
  gint *n_readers;
  DhValue *reader; /* the last one */
  const DhCudaView **views;
} DhCudaBuild;

/* dh-cuda-build.c */
const DhNode *dh_cuda_build_node_at (const DhCudaBuild *b, DhValue v);
/* The value in groups: the picture is brought into them once. */
const DhCudaView *dh_cuda_build_groups_of (DhCudaBuild *b, DhValue v);
/* With nothing left to do to it; in a buffer of its own where `whole`, channel after channel where `in_order`. */
const DhCudaView *dh_cuda_build_plain_of (DhCudaBuild *b, DhValue v, gboolean whole, gboolean in_order);
const DhCudaView *dh_cuda_build_resize (DhCudaBuild *b, DhValue v, const DhCudaView *sum, gboolean relu, DhValue owner);

/* dh-cuda-build-scores.c */
void dh_cuda_build_scores (DhCudaBuild *b);
void dh_cuda_build_outputs (DhCudaBuild *b);

G_END_DECLS
