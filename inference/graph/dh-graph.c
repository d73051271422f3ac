#include "dh-graph.h"

#include <string.h>

struct _DhGraph
{
  gatomicrefcount refs;
  GArray *nodes; /* DhNode; names and inputs owned */
};

static const char *const op_names[DH_N_OPS] = {
  [DH_OP_INPUT] = "input",
  [DH_OP_CHANNEL_SCALE] = "channel scale",
  [DH_OP_CONV] = "convolution",
  [DH_OP_NORM] = "batch norm",
  [DH_OP_LAYER_NORM] = "layer norm",
  [DH_OP_RELU] = "ReLU",
  [DH_OP_ACTIVATION] = "activation",
  [DH_OP_ADD] = "add",
  [DH_OP_MULTIPLY] = "multiply",
  [DH_OP_ATTENTION] = "attention",
  [DH_OP_CONCAT] = "concat",
  [DH_OP_MAX_POOL] = "max pool",
  [DH_OP_AVERAGE_POOL] = "average pool",
  [DH_OP_ADAPTIVE_POOL] = "adaptive pool",
  [DH_OP_RESIZE] = "resize",
  [DH_OP_DEPTH_TO_SPACE] = "depth to space",
  [DH_OP_DROPOUT] = "dropout",
  [DH_OP_SCORE] = "score",
};

const char *
dh_op_name (DhOp op)
{
  g_return_val_if_fail (op < DH_N_OPS, NULL);
  return op_names[op];
}

static const char *const activation_names[DH_N_ACTIVATIONS] = {
  [DH_ACTIVATION_CLIP] = "clip",
  [DH_ACTIVATION_LEAKY] = "leaky ReLU",
  [DH_ACTIVATION_HARD_SIGMOID] = "hard sigmoid",
  [DH_ACTIVATION_HARD_SWISH] = "hard swish",
  [DH_ACTIVATION_SIGMOID] = "sigmoid",
  [DH_ACTIVATION_SILU] = "SiLU",
  [DH_ACTIVATION_GELU] = "GELU",
  [DH_ACTIVATION_GELU_TANH] = "GELU by tanh",
};

const char *
dh_activation_name (DhActivationKind kind)
{
  g_return_val_if_fail (kind < DH_N_ACTIVATIONS, NULL);
  return activation_names[kind];
}

static void
clear_node (gpointer data)
{
  DhNode *node = data;
  g_free ((gpointer)node->inputs);
  g_free ((gpointer)node->name);
}

DhGraph *
dh_graph_new (void)
{
  DhGraph *graph = g_new0 (DhGraph, 1);
  g_atomic_ref_count_init (&graph->refs);
  graph->nodes = g_array_new (FALSE, TRUE, sizeof (DhNode));
  g_array_set_clear_func (graph->nodes, clear_node);
  return graph;
}

DhGraph *
dh_graph_ref (DhGraph *graph)
{
  g_return_val_if_fail (graph != NULL, NULL);
  g_atomic_ref_count_inc (&graph->refs);
  return graph;
}

void
dh_graph_unref (DhGraph *graph)
{
  if (!graph || !g_atomic_ref_count_dec (&graph->refs))
    return;
  g_array_unref (graph->nodes);
  g_free (graph);
}

guint
dh_graph_size (const DhGraph *graph)
{
  g_return_val_if_fail (graph != NULL, 0);
  return graph->nodes->len;
}

const DhNode *
dh_graph_node (const DhGraph *graph, DhValue value)
{
  g_return_val_if_fail (graph != NULL && value >= 0 && (guint)value < graph->nodes->len, NULL);
  return &g_array_index (graph->nodes, DhNode, value);
}

static gboolean
is_value (const DhGraph *graph, DhValue value)
{
  return graph != NULL && value >= 0 && (guint)value < graph->nodes->len;
}

/* Takes the fields of `node`, copies its name and inputs. */
static DhValue
append (DhGraph *graph, DhNode node, const char *name, const DhValue *inputs, guint n_inputs)
{
  node.name = g_strdup (name ? name : dh_graph_node (graph, inputs[0])->name);
  node.inputs = n_inputs ? g_memdup2 (inputs, n_inputs * sizeof *inputs) : NULL;
  node.n_inputs = n_inputs;
  node.groups = MAX (node.groups, 1);
  g_array_append_val (graph->nodes, node);
  return (DhValue)graph->nodes->len - 1;
}

/* A node that keeps the channels of its only input. */
static DhValue
append_unary (DhGraph *graph, DhNode node, const char *name, DhValue x)
{
  node.channels = dh_graph_node (graph, x)->channels;
  return append (graph, node, name, &x, 1);
}

DhValue
dh_graph_input (DhGraph *graph, gint channels)
{
  g_return_val_if_fail (graph != NULL && channels > 0, DH_NO_VALUE);
  return append (graph, (DhNode){ .op = DH_OP_INPUT, .channels = channels }, "input", NULL, 0);
}

DhValue
dh_graph_channel_scale (DhGraph *graph, DhValue x, const float mean[3], const float deviation[3])
{
  g_return_val_if_fail (is_value (graph, x) && dh_graph_node (graph, x)->channels == 3, DH_NO_VALUE);
  DhNode node = { .op = DH_OP_CHANNEL_SCALE };
  memcpy (node.mean, mean, sizeof node.mean);
  memcpy (node.deviation, deviation, sizeof node.deviation);
  return append_unary (graph, node, NULL, x);
}

DhValue
dh_graph_conv (DhGraph *graph, DhValue x, const char *name, DhConv conv)
{
  g_return_val_if_fail (is_value (graph, x) && name != NULL, DH_NO_VALUE);
  g_return_val_if_fail (conv.out > 0 && conv.kernel > 0 && conv.stride >= 0 && conv.padding >= 0 && conv.dilation >= 0,
                        DH_NO_VALUE);
  const gint groups = MAX (conv.groups, 1);
  g_return_val_if_fail (conv.out % groups == 0 && dh_graph_node (graph, x)->channels % groups == 0, DH_NO_VALUE);
  const DhNode node = { .op = DH_OP_CONV,
                        .channels = conv.out,
                        .kernel = conv.kernel,
                        .stride = conv.stride ? conv.stride : 1,
                        .padding = conv.padding,
                        .dilation = conv.dilation ? conv.dilation : 1,
                        .bias = conv.bias,
                        .groups = groups };
  return append (graph, node, name, &x, 1);
}

DhValue
dh_graph_norm (DhGraph *graph, DhValue x, const char *name, double momentum)
{
  g_return_val_if_fail (is_value (graph, x) && name != NULL, DH_NO_VALUE);
  return append_unary (graph, (DhNode){ .op = DH_OP_NORM, .momentum = momentum }, name, x);
}

DhValue
dh_graph_layer_norm (DhGraph *graph, DhValue x, const char *name, double epsilon)
{
  g_return_val_if_fail (is_value (graph, x) && name != NULL && epsilon > 0, DH_NO_VALUE);
  return append_unary (graph, (DhNode){ .op = DH_OP_LAYER_NORM, .epsilon = epsilon }, name, x);
}

DhValue
dh_graph_relu (DhGraph *graph, DhValue x)
{
  g_return_val_if_fail (is_value (graph, x), DH_NO_VALUE);
  return append_unary (graph, (DhNode){ .op = DH_OP_RELU }, NULL, x);
}

DhValue
dh_graph_activation (DhGraph *graph, DhValue x, DhActivation activation)
{
  g_return_val_if_fail (is_value (graph, x) && activation.kind < DH_N_ACTIVATIONS, DH_NO_VALUE);
  return append_unary (graph, (DhNode){ .op = DH_OP_ACTIVATION, .activation = activation }, NULL, x);
}

DhValue
dh_graph_add (DhGraph *graph, DhValue a, DhValue b)
{
  g_return_val_if_fail (is_value (graph, a) && is_value (graph, b), DH_NO_VALUE);
  const gint channels = dh_graph_node (graph, a)->channels;
  g_return_val_if_fail (channels == dh_graph_node (graph, b)->channels, DH_NO_VALUE);
  return append (graph, (DhNode){ .op = DH_OP_ADD, .channels = channels }, NULL, (DhValue[]){ a, b }, 2);
}

DhValue
dh_graph_multiply (DhGraph *graph, DhValue x, DhValue by)
{
  g_return_val_if_fail (is_value (graph, x) && is_value (graph, by), DH_NO_VALUE);
  const gint channels = dh_graph_node (graph, x)->channels, others = dh_graph_node (graph, by)->channels;
  g_return_val_if_fail (others == channels || others == 1, DH_NO_VALUE);
  return append (graph, (DhNode){ .op = DH_OP_MULTIPLY, .channels = channels }, NULL, (DhValue[]){ x, by }, 2);
}

DhValue
dh_graph_attention (DhGraph *graph, DhValue queries, DhValue keys, DhValue values, gint heads, double scale)
{
  g_return_val_if_fail (is_value (graph, queries) && is_value (graph, keys) && is_value (graph, values) && heads > 0,
                        DH_NO_VALUE);
  const gint channels = dh_graph_node (graph, queries)->channels, made = dh_graph_node (graph, values)->channels;
  g_return_val_if_fail (channels == dh_graph_node (graph, keys)->channels && channels % heads == 0 && made % heads == 0,
                        DH_NO_VALUE);
  const DhNode node = { .op = DH_OP_ATTENTION, .channels = made, .heads = heads, .scale = scale };
  return append (graph, node, NULL, (DhValue[]){ queries, keys, values }, 3);
}

DhValue
dh_graph_concat (DhGraph *graph, const DhValue *values, guint n_values)
{
  g_return_val_if_fail (values != NULL && n_values > 0, DH_NO_VALUE);
  gint channels = 0;
  for (guint i = 0; i < n_values; i++)
    {
      g_return_val_if_fail (is_value (graph, values[i]), DH_NO_VALUE);
      channels += dh_graph_node (graph, values[i])->channels;
    }
  return append (graph, (DhNode){ .op = DH_OP_CONCAT, .channels = channels }, NULL, values, n_values);
}

static DhValue
append_pool (DhGraph *graph, DhOp op, DhValue x, gint kernel, gint stride, gint padding, gboolean rounds_up)
{
  g_return_val_if_fail (is_value (graph, x), DH_NO_VALUE);
  /* A window that lay in the padding alone would have no value. */
  g_return_val_if_fail (kernel > 0 && stride > 0 && padding >= 0 && padding <= kernel / 2, DH_NO_VALUE);
  const DhNode node = {
    .op = op, .kernel = kernel, .stride = stride, .padding = padding, .dilation = 1, .rounds_up = rounds_up
  };
  return append_unary (graph, node, NULL, x);
}

DhValue
dh_graph_max_pool (DhGraph *graph, DhValue x, gint kernel, gint stride, gint padding)
{
  return append_pool (graph, DH_OP_MAX_POOL, x, kernel, stride, padding, FALSE);
}

DhValue
dh_graph_average_pool (DhGraph *graph, DhValue x, gint kernel, gint stride, gint padding)
{
  return append_pool (graph, DH_OP_AVERAGE_POOL, x, kernel, stride, padding, FALSE);
}

DhValue
dh_graph_pool_rounded_up (DhGraph *graph, DhOp op, DhValue x, gint kernel, gint stride, gint padding)
{
  g_return_val_if_fail (op == DH_OP_MAX_POOL || op == DH_OP_AVERAGE_POOL, DH_NO_VALUE);
  return append_pool (graph, op, x, kernel, stride, padding, TRUE);
}

DhValue
dh_graph_adaptive_pool (DhGraph *graph, DhValue x, gint grid_rows, gboolean grid_by_aspect)
{
  g_return_val_if_fail (is_value (graph, x) && grid_rows > 0, DH_NO_VALUE);
  const DhNode node = { .op = DH_OP_ADAPTIVE_POOL, .grid_rows = grid_rows, .grid_by_aspect = grid_by_aspect };
  return append_unary (graph, node, NULL, x);
}

DhValue
dh_graph_resize (DhGraph *graph, DhValue x, DhValue like, gboolean align_corners)
{
  g_return_val_if_fail (is_value (graph, x) && is_value (graph, like), DH_NO_VALUE);
  return append_unary (graph, (DhNode){ .op = DH_OP_RESIZE, .like = like, .align_corners = align_corners }, NULL, x);
}

DhValue
dh_graph_resize_by (DhGraph *graph, DhValue x, DhValue like, const double factors[2])
{
  g_return_val_if_fail (is_value (graph, x) && is_value (graph, like) && factors[0] > 0 && factors[1] > 0, DH_NO_VALUE);
  const DhNode node = { .op = DH_OP_RESIZE, .like = like, .factors = { factors[0], factors[1] } };
  return append_unary (graph, node, NULL, x);
}

DhValue
dh_graph_resize_nearest (DhGraph *graph, DhValue x, DhValue like, gint factor)
{
  g_return_val_if_fail (is_value (graph, x) && (like == DH_NO_VALUE ? factor > 0 : is_value (graph, like)),
                        DH_NO_VALUE);
  DhNode node = { .op = DH_OP_RESIZE, .nearest = TRUE, .like = like };
  if (like == DH_NO_VALUE)
    {
      node.like = x;
      node.factor = factor;
    }
  return append_unary (graph, node, NULL, x);
}

DhValue
dh_graph_depth_to_space (DhGraph *graph, DhValue x, gint block)
{
  g_return_val_if_fail (is_value (graph, x) && block > 0 && block <= 64, DH_NO_VALUE);
  const gint channels = dh_graph_node (graph, x)->channels;
  g_return_val_if_fail (channels % (block * block) == 0, DH_NO_VALUE);
  const DhNode node = { .op = DH_OP_DEPTH_TO_SPACE, .channels = channels / (block * block), .kernel = block };
  return append (graph, node, NULL, &x, 1);
}

DhValue
dh_graph_dropout (DhGraph *graph, DhValue x, double probability)
{
  g_return_val_if_fail (is_value (graph, x) && probability >= 0 && probability < 1, DH_NO_VALUE);
  return append_unary (graph, (DhNode){ .op = DH_OP_DROPOUT, .probability = probability }, NULL, x);
}

DhValue
dh_graph_score (DhGraph *graph, DhMap map, DhValue logits, DhValue logits_ood)
{
  g_return_val_if_fail (is_value (graph, logits) && map < DH_N_MAPS, DH_NO_VALUE);
  g_return_val_if_fail (!dh_map_needs_ood (map)
                            || (is_value (graph, logits_ood) && dh_graph_node (graph, logits_ood)->channels == 2),
                        DH_NO_VALUE);
  DhValue inputs[2];
  guint n_inputs = 0;
  if (map != DH_MAP_DATASET_POSTERIOR && map != DH_MAP_LOGITS_OOD)
    inputs[n_inputs++] = logits;
  if (dh_map_needs_ood (map))
    inputs[n_inputs++] = logits_ood;
  const gboolean whole = map == DH_MAP_LOGITS || map == DH_MAP_LOGITS_OOD;
  const gint channels = whole ? dh_graph_node (graph, inputs[0])->channels : 1;
  return append (graph, (DhNode){ .op = DH_OP_SCORE, .channels = channels, .map = map }, dh_map_name (map), inputs,
                 n_inputs);
}

/* Another node of its kind has its parameters. */
static gboolean
shares_parameters (const DhGraph *graph, DhValue v)
{
  const DhNode *node = dh_graph_node (graph, v);
  for (DhValue other = 0; other < (DhValue)graph->nodes->len; other++)
    if (other != v && dh_graph_node (graph, other)->op == node->op
        && strcmp (dh_graph_node (graph, other)->name, node->name) == 0)
      return TRUE;
  return FALSE;
}

DhGraph *
dh_graph_new_folded (const DhGraph *graph, const DhValue *outputs, guint n_outputs, DhValue *values)
{
  g_return_val_if_fail (graph != NULL && values != NULL, NULL);
  const guint size = graph->nodes->len;
  g_autofree guint *n_readers = g_new0 (guint, size);
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, outputs, n_outputs);
  DhGraph *copy = dh_graph_new ();
  for (DhValue v = 0; v < (DhValue)size; v++)
    for (guint i = 0; needed[v] && i < dh_graph_node (graph, v)->n_inputs; i++)
      n_readers[dh_graph_node (graph, v)->inputs[i]]++;
  for (guint i = 0; i < n_outputs; i++)
    if (outputs[i] != DH_NO_VALUE)
      n_readers[outputs[i]]++;
  for (DhValue v = 0; v < (DhValue)size; v++)
    {
      DhNode node = *dh_graph_node (graph, v);
      const DhValue x = node.n_inputs ? node.inputs[0] : DH_NO_VALUE;
      if (node.op == DH_OP_NORM && needed[v] && n_readers[x] == 1 && dh_graph_node (copy, values[x])->op == DH_OP_CONV
          && !shares_parameters (graph, v) && !shares_parameters (copy, values[x]))
        {
          values[v] = values[x];
          g_array_index (copy->nodes, DhNode, values[v]).bias = TRUE;
          continue;
        }
      g_autofree DhValue *inputs = g_new (DhValue, MAX (node.n_inputs, 1));
      for (guint i = 0; i < node.n_inputs; i++)
        inputs[i] = values[node.inputs[i]];
      if (node.op == DH_OP_RESIZE && node.like != DH_NO_VALUE)
        node.like = values[node.like];
      values[v] = append (copy, node, node.name, inputs, node.n_inputs);
    }
  return copy;
}
