#include "dh-device-private.h"

/* The memory that a plan will take, before it is made. */

static double
value_bytes (const DhNode *node, DhShape shape)
{
  /* what a run delivers lies in the caller's memory, and so does the picture */
  return node->op == DH_OP_INPUT || node->op == DH_OP_SCORE ? 0 : 4.0 * shape.n * shape.c * shape.h * shape.w;
}

/* The most bytes of values alive at one time, each from its own step to that of its last reader. */
static double
peak_bytes (DhGraph *graph, const DhShape *shapes, const DhPlanOptions *options)
{
  const DhValue size = (DhValue)dh_graph_size (graph);
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, options->outputs, options->n_outputs);
  g_autofree DhValue *last = g_new (DhValue, size);
  for (DhValue i = 0; i < size; i++)
    {
      const DhNode *node = dh_graph_node (graph, i);
      last[i] = i;
      for (guint j = 0; needed[i] && j < node->n_inputs; j++)
        last[node->inputs[j]] = i;
    }
  double alive = 0, peak = 0;
  g_autofree double *ending = g_new0 (double, size);
  for (DhValue i = 0; i < size; i++)
    if (needed[i])
      {
        const double bytes = value_bytes (dh_graph_node (graph, i), shapes[i]);
        ending[last[i]] += bytes;
        alive += bytes;
        peak = MAX (peak, alive);
        alive -= ending[i];
      }
  return peak;
}

/* Filters up to this may be held transformed. */
#define MOST_FILTERS_HELD (512.0 * 256)

/* Weights as a device packs them: a 3×3 kernel may become 6×6 for Winograd's convolution, held so in small layers, and
 * of one large layer at a time. */
static double
parameter_bytes (DhGraph *graph, const DhPlanOptions *options)
{
  g_autoptr (GArray) parameters = dh_graph_list_parameters (graph, options->outputs, options->n_outputs);
  double bytes = 0, transformed = 0;
  for (guint i = 0; i < parameters->len; i++)
    {
      const DhParameter *parameter = &g_array_index (parameters, DhParameter, i);
      double count = 4;
      for (guint d = 0; d < parameter->n_dims; d++)
        count *= parameter->dims[d];
      const gboolean three = parameter->n_dims == 4 && parameter->dims[2] == 3;
      const gboolean held = three && (double)parameter->dims[0] * parameter->dims[1] <= MOST_FILTERS_HELD;
      bytes += held ? 4 * count : count;
      transformed = MAX (transformed, three && !held ? 4 * count : 0);
    }
  return bytes + transformed;
}

guint64
dh_device_estimate (DhDevice *device, DhGraph *graph, const DhPlanOptions *options)
{
  g_return_val_if_fail (device != NULL && graph != NULL && options != NULL, 0);
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, options->input, NULL);
  if (!shapes)
    return G_MAXUINT64;
  if (device->functions->estimate)
    return device->functions->estimate (device, graph, shapes, options);

  const double bytes = peak_bytes (graph, shapes, options) + parameter_bytes (graph, options);
  return bytes < 9e18 ? (guint64)bytes : G_MAXUINT64;
}
