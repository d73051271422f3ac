#pragma once
#include "dh-device.h"

G_BEGIN_DECLS

/* A graph on its way to a list of steps: what is alike in every device that compiles a whole graph and fuses. Who reads
 * which value decides what an operator may take up; scores that read the same logits are made in one pass; a resize
 * that only an addition or only scores read is left to them. Arrays have an entry for each node. Any thread. */
typedef struct
{
  const DhGraph *graph;     /* borrowed, as all up to n_outputs */
  const DhShape *shapes;    /* of every node */
  DhTensorDict *parameters; /* NULL: only what the steps would be is wanted */
  const DhValue *outputs;
  guint n_outputs;
  gboolean *needed;
  gboolean *is_output;
  gboolean *done;     /* taken up by an earlier node: the device's to set */
  gboolean *deferred; /* a resize that its reader makes: the same */
  gint *n_readers;
  DhValue *reader; /* the last one */
} DhLowering;

void dh_lowering_init (DhLowering *lowering, const DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                       const DhValue *outputs, guint n_outputs);
void dh_lowering_clear (DhLowering *lowering);

static inline const DhNode *
dh_lowering_node (const DhLowering *lowering, DhValue v)
{
  return dh_graph_node (lowering->graph, v);
}

/* The one node that reads a value nobody else needs, or DH_NO_VALUE. */
DhValue dh_lowering_only_reader (const DhLowering *lowering, DhValue v);
/* A resize that only an addition or only scores read. */
gboolean dh_lowering_can_defer (const DhLowering *lowering, DhValue v);

/* The tensor NAME.WHAT in float32; the caller unrefs. DH_ERROR_MISMATCH where the weights lack it. */
DhTensor *dh_lowering_parameter (const DhLowering *lowering, const char *name, const char *what, GError **error);
/* A batch norm as x·scale + shift, applied to what `scale` and `shift` (node->channels each) hold already. Without
 * parameters nothing changes. */
gboolean dh_lowering_read_norm (const DhLowering *lowering, const DhNode *node, double *scale, double *shift,
                                GError **error);

/* Maps that are read off the same logits. */
typedef struct
{
  const char *name; /* of the first one's node; borrowed */
  gint h, w;
  guint maps; /* bits DH_MAP_BIT() */
  DhValue targets[DH_N_MAPS];
  /* What is read: of low resolution where a resize was left to the scores. Either may be DH_NO_VALUE. */
  DhValue logits, logits_ood;
  gboolean resized, align_corners; /* of both */
} DhLoweredScores;

/* What a device makes of each; `builder` is its own. */
typedef struct
{
  /* A node, after all that it reads; of scores nothing yet. It may set `done` of later ones and `deferred` of its own.
   */
  gboolean (*node) (gpointer builder, DhValue v, GError **error);
  /* A resize that was deferred and is needed after all: the two logits of some scores stand in different grids. */
  void (*resize) (gpointer builder, DhValue v);
  /* A group of scores, when all nodes are lowered. */
  void (*scores) (gpointer builder, const DhLoweredScores *scores);
  /* An output that is no score, last and once. */
  void (*output) (gpointer builder, DhValue v);
} DhLoweringSteps;

/* Everything that is needed, in order. FALSE with the error of a node, or where it was cancelled. */
gboolean dh_lowering_run (DhLowering *lowering, const DhLoweringSteps *steps, gpointer builder,
                          GCancellable *cancellable, GError **error);

G_END_DECLS
