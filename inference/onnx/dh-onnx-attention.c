#include "dh-onnx-build-private.h"

#include <math.h>

/* MatMul, Mul, Softmax, MatMul as one operator: what is between is known by what it is of, and nothing else reads it.
 */

static gboolean
batches_equal (const DhOnnxLayout *a, const DhOnnxLayout *b)
{
  for (guint i = 0; i + 2 < a->n; i++)
    if (!dh_onnx_axis_equal (&a->axes[i], &b->axes[i]))
      return FALSE;
  return a->n == b->n;
}

/* Whether the channels are cut into heads: of `deep` each, with the outer part alone before the last two axes. 0: no.
 */
static gint
count_heads (const DhOnnxLayout *layout, const DhOnnxAxis *inner, gint channels)
{
  const gint deep = (gint)dh_onnx_axis_size (inner);
  const DhOnnxAxis own = dh_onnx_axis_channels (deep, 1), outer = dh_onnx_axis_channels (channels / deep, deep);
  guint n = 0;
  if (deep < 2 || channels % deep || !dh_onnx_axis_equal (inner, &own))
    return 0;
  for (guint i = 0; i + 2 < layout->n; i++)
    if (layout->axes[i].n > 0)
      n += dh_onnx_axis_equal (&layout->axes[i], &outer) ? 1 : 2;
  return n == (channels > deep ? 1 : 0) ? channels / deep : 0;
}

/* Of the first two inputs; `turned`: channels of the keys stand behind their pixels, as the queries' do. */
static gboolean
find_products (DhOnnxBuild *build, const DhOnnxNode *node, gboolean turned, DhOnnxKnown *known, GError **error)
{
  DhOnnxLayout a, b;
  DhShape queries, keys;
  if (!dh_onnx_read_layout (build, node, 0, &a, &queries, error)
      || !dh_onnx_read_layout (build, node, 1, &b, &keys, error))
    return FALSE;
  const guint n = a.n;
  const gint heads = n >= 3 ? count_heads (&a, &a.axes[n - 1], queries.c) : 0;
  if (heads == 0 || !batches_equal (&a, &b) || queries.c != keys.c
      || count_heads (&b, &b.axes[turned ? n - 1 : n - 2], keys.c) != heads
      || !dh_onnx_axis_is_pixels (&a.axes[n - 2], queries)
      || !dh_onnx_axis_is_pixels (&b.axes[turned ? n - 2 : n - 1], keys))
    return dh_onnx_refuse (node, error, "multiplies two values that are not the queries and keys of an attention");
  *known = (DhOnnxKnown){ .value = DH_NO_VALUE, .like = DH_NO_VALUE, .part = DH_ONNX_PRODUCTS, .number = 1 };
  known->of = dh_onnx_input (build, node, 0)->value;
  known->other = dh_onnx_input (build, node, 1)->value;
  known->heads = heads;
  known->layout = a;
  known->others = b.axes[turned ? n - 2 : n - 1];
  return TRUE;
}

static gboolean
take_attention (DhOnnxBuild *build, const DhOnnxNode *node, const DhOnnxKnown *weights, guint index, GError **error)
{
  DhOnnxLayout layout;
  DhShape values;
  if (!dh_onnx_read_layout (build, node, index, &layout, &values, error))
    return FALSE;
  const guint n = layout.n;
  const gint heads = n >= 3 && n == weights->layout.n ? count_heads (&layout, &layout.axes[n - 1], values.c) : 0;
  if (heads != weights->heads || !dh_onnx_axis_equal (&layout.axes[n - 2], &weights->others)
      || !dh_onnx_axis_is_pixels (&layout.axes[n - 2], values))
    return dh_onnx_refuse (node, error, "multiplies the weights of an attention by what are not its values");
  /* The heads stand where the queries' do. */
  for (guint i = 0; i + 2 < n; i++)
    if ((layout.axes[i].n > 0) != (weights->layout.axes[i].n > 0))
      return dh_onnx_refuse (node, error, "multiplies the weights of an attention by the values of other heads");
  const DhValue x = dh_onnx_input (build, node, index)->value;
  layout.axes[n - 2] = weights->layout.axes[n - 2];
  build->layout = layout;
  return dh_onnx_take_value (build, node,
                             dh_graph_attention (build->graph, weights->of, weights->other, x, heads, weights->number));
}

gboolean
dh_onnx_do_matmul (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *a = dh_onnx_input (build, node, 0), *b = dh_onnx_input (build, node, 1);
  if (a && a->part == DH_ONNX_WEIGHTS)
    return take_attention (build, node, a, 1, error);
  if (a && b && a->value != DH_NO_VALUE && b->value != DH_NO_VALUE)
    {
      DhOnnxKnown known;
      return find_products (build, node, FALSE, &known, error) && dh_onnx_take_part (build, node, known);
    }
  return dh_onnx_do_linear (build, node, error);
}

/* All of it as one operator, of heads that stand apart. */
gboolean
dh_onnx_do_attention (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  DhOnnxKnown known;
  guint n_inputs = 0, n_outputs = 0;
  for (guint i = 0; i < node->inputs->len; i++)
    n_inputs += *(const char *)node->inputs->pdata[i] != '\0';
  for (guint i = 0; i < node->outputs->len; i++)
    n_outputs += *(const char *)node->outputs->pdata[i] != '\0';
  if (n_inputs != 3 || n_outputs != 1 || dh_onnx_node_get_int (node, "is_causal", 0)
      || dh_onnx_node_get_float (node, "softcap", 0) != 0)
    return dh_onnx_refuse (node, error, "is more than one of queries, keys and values");
  if (!find_products (build, node, TRUE, &known, error))
    return FALSE;
  const double deep = (double)dh_onnx_axis_size (&known.layout.axes[known.layout.n - 1]);
  known.number = dh_onnx_node_get_float (node, "scale", 1 / sqrt (deep));
  if (known.layout.n != 4 || !isfinite (known.number))
    return dh_onnx_refuse (node, error, "is not of the form N × heads × pixels × channels");
  return take_attention (build, node, &known, 2, error);
}

gboolean
dh_onnx_weigh (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  DhOnnxKnown known = *dh_onnx_input (build, node, 0);
  const gint64 axis = dh_onnx_node_get_int (node, "axis", build->model->operator_set < 13 ? 1 : -1);
  if (known.part != DH_ONNX_PRODUCTS || !g_str_equal (node->operation, "Softmax")
      || (axis < 0 ? axis + known.layout.n : axis) != known.layout.n - 1)
    return dh_onnx_refuse (node, error, "does not go over the keys of an attention");
  known.part = DH_ONNX_WEIGHTS;
  return dh_onnx_take_part (build, node, known);
}

/* Mul and Div of products by a number. */
gboolean
dh_onnx_scale_products (DhOnnxBuild *build, const DhOnnxNode *node, guint part, GError **error)
{
  DhOnnxKnown known = *dh_onnx_input (build, node, part);
  double number;
  const gboolean divides = g_str_equal (node->operation, "Div");
  if ((!divides && !g_str_equal (node->operation, "Mul")) || (divides && part == 1)
      || !dh_onnx_read_number (build, node, 1 - part, &number))
    return dh_onnx_refuse (node, error, "changes the products of an attention by what is no factor");
  known.number *= divides ? 1 / number : number;
  if (!isfinite (known.number) || !isfinite ((float)known.number))
    return dh_onnx_refuse (node, error, "reckons with numbers that are not finite");
  return dh_onnx_take_part (build, node, known);
}
