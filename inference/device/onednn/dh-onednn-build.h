#pragma once
#include "dh-onednn-private.h"

G_BEGIN_DECLS

/* The state of turning a graph into steps; see dh-onednn-build.c. Arrays have an entry for each node. */
typedef struct
{
  DhCpuPlan *plan;
  const DhGraph *graph;
  const DhShape *shapes;
  DhTensorDict *parameters;
  gboolean *needed;
  gboolean *is_output;
  gboolean *done;     /* taken up by an earlier node */
  gboolean *deferred; /* a resize that its reader makes */
  gint *n_readers;
  DhValue *reader; /* the last one */
  const DhCpuView **views;
} DhCpuBuild;

static inline const DhNode *
dh_cpu_node_at (const DhCpuBuild *b, DhValue v)
{
  return dh_graph_node (b->graph, v);
}

/* The one node that reads a value nobody else needs, or DH_NO_VALUE. */
static inline DhValue
dh_cpu_only_reader (const DhCpuBuild *b, DhValue v)
{
  return b->n_readers[v] == 1 && !b->is_output[v] ? b->reader[v] : DH_NO_VALUE;
}

/* dh-onednn-build.c: the view as planes, though something may remain to be done to them; with nothing left to do. */
const DhCpuView *dh_cpu_planes_of (DhCpuBuild *b, const DhCpuView *view);
const DhCpuView *dh_cpu_plain_of (DhCpuBuild *b, DhValue v);
/* dh-onednn-fold.c */
gboolean dh_cpu_read_norm (const DhCpuBuild *b, const DhNode *node, double *scale, double *shift, GError **error);
gboolean dh_cpu_build_conv (DhCpuBuild *b, DhValue v, GError **error);
/* dh-onednn-outputs.c: after all other nodes. */
void dh_cpu_build_scores (DhCpuBuild *b);
void dh_cpu_build_outputs (DhCpuBuild *b);

G_END_DECLS
