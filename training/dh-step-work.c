#include "dh-step-work.h"

/* FLOP in the time of a byte's way and of an operator's start. Fitted to steps of five networks on two cores of a Zen 5
 * (tests/headless/test-step-work.c has them), where a thread computes at 230 GFLOP/s. */
#define BYTE_FLOP 8.0
#define NODE_FLOP 1.2e6

static double
n_values (DhShape shape)
{
  return (double)shape.n * shape.c * shape.h * shape.w;
}

DhStepParts
dh_step_parts (const DhGraph *graph, const DhShape *shapes, const DhValue *outputs, guint n_outputs)
{
  DhStepParts parts = { 0 };
  g_return_val_if_fail (graph != NULL && shapes != NULL, parts);
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, outputs, n_outputs);
  for (DhValue i = 0; i < (DhValue)dh_graph_size (graph); i++)
    {
      if (!needed[i])
        continue;
      const DhNode *node = dh_graph_node (graph, i);
      double values = n_values (shapes[i]);
      for (guint j = 0; j < node->n_inputs; j++)
        values += n_values (shapes[node->inputs[j]]);
      parts.flop += dh_graph_node_flop (graph, shapes, i);
      parts.bytes += sizeof (float) * values;
      parts.nodes++;
    }
  return parts;
}

double
dh_step_work (const DhStepParts *parts)
{
  return parts->flop + BYTE_FLOP * parts->bytes + NODE_FLOP * parts->nodes;
}
