#pragma once
#include "dh-graph.h"

G_BEGIN_DECLS

/* What a step costs before one was measured. */
typedef struct
{
  double flop;  /* of the convolutions, forward, 2 a multiply-add: dh_graph_flop() */
  double bytes; /* that all operators read and write, forward, float32 */
  double nodes; /* operators */
} DhStepParts;

/* Of what `outputs` need, for these shapes (dh_graph_infer_shapes). */
DhStepParts dh_step_parts (const DhGraph *graph, const DhShape *shapes, const DhValue *outputs, guint n_outputs);

/* All of it as FLOP: a network of few channels is held up by its values' way through memory, a tiny one by the number
 * of its operators. So a speed in FLOP a second that one network reached says something of another one. A step of
 * training is three times that: backwards it is the same twice, for values and for parameters. */
double dh_step_work (const DhStepParts *parts);

G_END_DECLS
