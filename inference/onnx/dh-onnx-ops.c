#include "dh-error.h"
#include "dh-onnx-build-private.h"

#include <math.h>
#include <string.h>

/* What a batch norm of the graph adds to the variance (dh-graph.h). */
#define EPSILON 1e-5

static gboolean
pass (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  return dh_onnx_pass (build, node, 0, NULL, error);
}

static gboolean
cast (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, 0);
  const gint64 type = dh_onnx_node_get_int (node, "to", 0);
  if (known && known->value == DH_NO_VALUE && dh_onnx_numbers (build, node, 0))
    return dh_onnx_cast_numbers (build, node, dh_onnx_is_real (type), error);
  if (known && !known->ended && !dh_onnx_is_real (type))
    return dh_onnx_refuse (node, error, "makes values whole numbers, or true and false");
  return pass (build, node, error);
}

/* Softmax and argmax tell no more than the logits before them. */
static gboolean
end (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, 0);
  const char *before = known ? known->ended : NULL;
  if (known && known->part)
    return dh_onnx_weigh (build, node, error);
  const gboolean most = g_str_equal (node->operation, "ArgMax");
  const gint64 axis = dh_onnx_node_get_int (node, "axis", most ? 0 : build->model->operator_set < 13 ? 1 : -1);
  if (!known || known->value == DH_NO_VALUE)
    return dh_onnx_refuse (node, error, "reads what is no value of the network");
  const gint n = known->layout.n > 0 ? (gint)known->layout.n : 4;
  const gint classes =
      known->layout.n == 0 || before
          ? known->classes
          : dh_onnx_layout_channels (&known->layout, dh_graph_node (build->graph, known->value)->channels);
  if ((axis < 0 ? axis + n : axis) != classes)
    return dh_onnx_refuse (node, error, "goes along axis %" G_GINT64_FORMAT ", not along the classes", axis);
  if (!dh_onnx_pass (build, node, 0, before ? before : most ? "ArgMax" : "Softmax", error))
    return FALSE;
  ((DhOnnxKnown *)g_hash_table_lookup (build->known, node->outputs->pdata[0]))->classes = classes;
  return TRUE;
}

/* Before operator set 13 softmax goes along the last axis, and exporters turn the classes there and back; or a network
 * gives N×H×W×K. */
static gboolean
transpose (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, 0);
  const DhOnnxAttribute *order = dh_onnx_node_get (node, "perm", DH_ONNX_ATTRIBUTE_INTS);
  gint64 classes = -1;
  if (known && known->value != DH_NO_VALUE && !known->ended)
    return dh_onnx_transpose_value (build, node, error);
  for (guint i = 0; known && order && order->integers->len == 4 && i < 4; i++)
    if (g_array_index (order->integers, gint64, i) == known->classes)
      classes = i;
  if (!known || known->value == DH_NO_VALUE || classes < 0)
    return dh_onnx_refuse (node, error, "exchanges axes of what is no value N×C×H×W");
  if (!dh_onnx_pass (build, node, 0, known->ended, error))
    return FALSE;
  ((DhOnnxKnown *)g_hash_table_lookup (build->known, node->outputs->pdata[0]))->classes = (gint)classes;
  return TRUE;
}

/* What has lost its channels' axis has it again. */
static gboolean
is_unsqueezed (DhOnnxBuild *build, const DhOnnxNode *node)
{
  const DhOnnxAttribute *attribute = dh_onnx_node_get (node, "axes", DH_ONNX_ATTRIBUTE_INTS);
  const GArray *input = dh_onnx_numbers (build, node, 1);
  if (!g_str_equal (node->operation, "Unsqueeze")
      || (attribute ? attribute->integers->len
          : input   ? input->len
                    : 0)
             != 1)
    return FALSE;
  const double axis =
      attribute ? (double)g_array_index (attribute->integers, gint64, 0) : g_array_index (input, double, 0);
  return axis == 1 || axis == -3;
}

/* Behind these nothing is read but an output; of numbers and values they change the form alone. */
static gboolean
reshape (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, 0);
  if (known && known->flat && is_unsqueezed (build, node))
    return dh_onnx_take_value (build, node, known->value);
  if (known && known->value != DH_NO_VALUE && !known->ended)
    return dh_onnx_reshape_value (build, node, error);
  if (known && known->ended)
    return dh_onnx_pass (build, node, 0, known->ended, error);
  if (known && dh_onnx_numbers (build, node, 0))
    return dh_onnx_reshape_numbers (build, node, error);
  return dh_onnx_refuse (node, error, "changes the form of what is not known");
}

static gboolean
norm (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  static const char *const suffixes[] = { ".weight", ".bias", ".running_mean", ".running_var" };
  const DhValue x = dh_onnx_value (build, node, 0, error);
  if (x == DH_NO_VALUE)
    return FALSE;
  const gint channels = dh_graph_node (build->graph, x)->channels;
  const double epsilon = dh_onnx_node_get_float (node, "epsilon", 1e-5f);
  /* Before there was a training_mode, who had further outputs was in training; is_test is older than that. */
  const gint64 set = build->model->operator_set;
  gboolean training = dh_onnx_node_get_int (node, "training_mode", 0) || node->inputs->len < 5
                      || (set < 7 && !dh_onnx_node_get_int (node, "is_test", 0));
  for (guint i = 1; i < node->outputs->len && set < 14; i++)
    training |= *(const char *)node->outputs->pdata[i] != '\0';
  if (training)
    return dh_onnx_refuse (node, error, "takes the batch's own statistics: export the network after model.eval()");
  if (!(epsilon >= 0 && epsilon <= 1))
    return dh_onnx_refuse (node, error, "has an epsilon of %g", epsilon);
  const char *label = dh_onnx_label (build, node->inputs->pdata[1], node);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      const DhOnnxKnown *known = dh_onnx_input (build, node, i + 1);
      if (!known || !known->tensor || known->tensor->n_dims != 1 || known->tensor->dims[0] != channels
          || known->tensor->dtype > DH_DTYPE_F64)
        return dh_onnx_refuse (node, error, "has parameters that are not %d constants", channels);
      g_autoptr (DhTensor) real = dh_tensor_to_f32 (known->tensor);
      if (!real)
        {
          g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a network's parameters");
          return FALSE;
        }
      g_autofree float *values = g_memdup2 (dh_tensor_f32 (real), (gsize)channels * sizeof (float));
      for (gint c = 0; i == 3 && (float)epsilon != (float)EPSILON && c < channels; c++)
        values[c] = (float)(values[c] + epsilon - EPSILON);
      if (!dh_onnx_take_floats (build, label, suffixes[i], (guint)channels, values, error))
        return FALSE;
    }
  return dh_onnx_take_value (build, node, dh_graph_norm (build->graph, x, label, 0.1));
}

gboolean
dh_onnx_read_channels (const DhOnnxKnown *known, const DhOnnxLayout *layout, gint channels, float *values)
{
  const DhTensor *tensor = known->tensor;
  /* What was reckoned from a height or width is another number at another size. */
  if (!tensor && known->numbers && known->numbers->len == 1 && known->like == DH_NO_VALUE)
    {
      for (gint c = 0; c < channels; c++)
        values[c] = (float)g_array_index (known->numbers, double, 0);
      return TRUE;
    }
  if (!tensor || tensor->dtype > DH_DTYPE_F64)
    return FALSE;
  const gint64 count = dh_tensor_count (tensor);
  const gint n = layout->n > 0 ? (gint)layout->n : 4, axis = dh_onnx_layout_channels (layout, channels);
  const gint at = axis < 0 ? -1 : (gint)tensor->n_dims - n + axis;
  if (count != 1 && (at < 0 || tensor->dims[at] != channels || count != channels))
    return FALSE;
  g_autoptr (DhTensor) real = dh_tensor_to_f32 (known->tensor);
  for (gint c = 0; real && c < channels; c++)
    values[c] = dh_tensor_f32 (real)[count == 1 ? 0 : c];
  return real != NULL;
}

DhValue
dh_onnx_scale (DhOnnxBuild *build, const DhOnnxNode *node, DhValue x, const float *weight, const float *bias,
               GError **error)
{
  const gint channels = dh_graph_node (build->graph, x)->channels;
  g_autofree float *mean = g_new0 (float, channels), *variance = g_new (float, channels);
  for (gint c = 0; c < channels; c++)
    variance[c] = (float)(1 - EPSILON);
  const char *label = dh_onnx_label (build, node->outputs->pdata[0], node);
  if (!dh_onnx_take_floats (build, label, ".weight", (guint)channels, weight, error)
      || !dh_onnx_take_floats (build, label, ".bias", (guint)channels, bias, error)
      || !dh_onnx_take_floats (build, label, ".running_mean", (guint)channels, mean, error)
      || !dh_onnx_take_floats (build, label, ".running_var", (guint)channels, variance, error))
    return DH_NO_VALUE;
  return dh_graph_norm (build->graph, x, label, 0.1);
}

/* x + b, x − b, b − x, x · b, x / b with numbers b, as a norm of mean 0 and variance 1. */
static gboolean
scale (DhOnnxBuild *build, const DhOnnxNode *node, guint constant, GError **error)
{
  const DhValue x = dh_onnx_value (build, node, 1 - constant, error);
  if (x == DH_NO_VALUE)
    return FALSE;
  const gint channels = dh_graph_node (build->graph, x)->channels;
  const char *operation = node->operation;
  g_autofree float *b = g_new (float, channels), *weight = g_new0 (float, channels), *bias = g_new0 (float, channels);
  if (!dh_onnx_read_channels (dh_onnx_input (build, node, constant), &build->layout, channels, b)
      || (constant == 0 && g_str_equal (operation, "Div")))
    return dh_onnx_refuse (node, error, "reckons with what is not one number, or one for each of %d channels",
                           channels);
  for (gint c = 0; c < channels; c++)
    {
      const gboolean sum = g_str_equal (operation, "Add") || g_str_equal (operation, "Sub");
      weight[c] = sum ? 1 : g_str_equal (operation, "Mul") ? b[c] : 1 / b[c];
      bias[c] = g_str_equal (operation, "Sub") ? -b[c] : sum ? b[c] : 0;
      if (constant == 0 && g_str_equal (operation, "Sub"))
        {
          weight[c] = -1;
          bias[c] = b[c];
        }
      if (!isfinite (weight[c]) || !isfinite (bias[c]))
        return dh_onnx_refuse (node, error, "reckons with numbers that are not finite");
    }
  const DhValue y = dh_onnx_scale (build, node, x, weight, bias, error);
  double number;
  if (y != DH_NO_VALUE && g_str_equal (operation, "Mul") && dh_onnx_read_number (build, node, constant, &number)
      && number == 0.5)
    g_hash_table_insert (build->halves, GINT_TO_POINTER (y + 1), GINT_TO_POINTER (x + 1));
  return y != DH_NO_VALUE && dh_onnx_take_value (build, node, y);
}

/* What is one pixel large is the same wherever it is added. */
static DhValue
spread (DhOnnxBuild *build, DhValue value, DhShape shape, DhValue like, DhShape to)
{
  return shape.h == 1 && shape.w == 1 && (to.h > 1 || to.w > 1) ? dh_graph_resize (build->graph, value, like, FALSE)
                                                                : value;
}

static gboolean
add_values (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  DhValue sum = dh_onnx_value (build, node, 0, error);
  for (guint i = 1; sum != DH_NO_VALUE && i < node->inputs->len; i++)
    {
      DhShape a, b;
      DhValue other = dh_onnx_value (build, node, i, error);
      if (other == DH_NO_VALUE || !dh_onnx_shape (build, node, sum, &a, error)
          || !dh_onnx_shape (build, node, other, &b, error))
        return FALSE;
      const gboolean one = (a.h == 1 && a.w == 1) || (b.h == 1 && b.w == 1);
      if (a.c != b.c || (!one && (a.h != b.h || a.w != b.w)))
        return dh_onnx_refuse (node, error, "adds %d×%d×%d and %d×%d×%d", a.c, a.h, a.w, b.c, b.h, b.w);
      const DhValue before = sum;
      sum = spread (build, sum, a, other, b);
      other = spread (build, other, b, before, a);
      sum = dh_graph_add (build->graph, sum, other);
    }
  return sum != DH_NO_VALUE && dh_onnx_take_value (build, node, sum);
}

/* Add, Sub, Mul, Div, Sum: of numbers, of a value and numbers, of values. */
static gboolean
reckon (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *a = dh_onnx_input (build, node, 0), *b = dh_onnx_input (build, node, 1);
  const gboolean sum = g_str_equal (node->operation, "Add") || g_str_equal (node->operation, "Sum");
  if (!a || (!b && !sum))
    return dh_onnx_refuse (node, error, "lacks what it reckons with");
  if (a->part || (b && b->part))
    return dh_onnx_go_on (build, node, error);
  gboolean begun;
  if (!dh_onnx_begin_gelu (build, node, &begun, error) || begun)
    return begun;
  if (!b)
    return pass (build, node, error);
  if (a->value == DH_NO_VALUE && b->value == DH_NO_VALUE && dh_onnx_numbers (build, node, 0)
      && dh_onnx_numbers (build, node, 1) && !g_str_equal (node->operation, "Sum"))
    return dh_onnx_reckon (build, node, error);
  if ((a->value == DH_NO_VALUE) != (b->value == DH_NO_VALUE) && node->inputs->len == 2
      && !g_str_equal (node->operation, "Sum"))
    return scale (build, node, a->value == DH_NO_VALUE ? 0 : 1, error);
  if (g_str_equal (node->operation, "Mul"))
    return dh_onnx_do_multiply (build, node, error);
  if (!sum)
    return dh_onnx_refuse (node, error, "reckons with two values: here values are added and multiplied alone");
  return add_values (build, node, error);
}

static gboolean
concat (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *first = dh_onnx_input (build, node, 0);
  const gint64 axis = dh_onnx_node_get_int (node, "axis", 0);
  if (first && first->value == DH_NO_VALUE)
    return dh_onnx_join_numbers (build, node, error);
  if (axis != 1 && axis != -3)
    return dh_onnx_refuse (node, error, "joins along axis %" G_GINT64_FORMAT ", not along channels", axis);
  g_autofree DhValue *values = g_new (DhValue, MAX (node->inputs->len, 1));
  gint64 channels = 0;
  DhShape a = { 0 }, b;
  for (guint i = 0; i < node->inputs->len; i++)
    {
      values[i] = dh_onnx_value (build, node, i, error);
      if (values[i] == DH_NO_VALUE || !dh_onnx_shape (build, node, values[i], &b, error))
        return FALSE;
      if (i > 0 && (a.h != b.h || a.w != b.w))
        return dh_onnx_refuse (node, error, "joins values of %d×%d and %d×%d", a.w, a.h, b.w, b.h);
      a = b;
      channels += b.c;
    }
  if (node->inputs->len == 0 || channels > 1 << 20)
    return dh_onnx_refuse (node, error, "joins to %" G_GINT64_FORMAT " channels", channels);
  return dh_onnx_take_value (
      build, node, node->inputs->len == 1 ? values[0] : dh_graph_concat (build->graph, values, node->inputs->len));
}

static gboolean
go_on (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  return dh_onnx_go_on (build, node, error);
}

DhOnnxOperation
dh_onnx_operation (const DhOnnxNode *node)
{
  static const struct
  {
    const char *name;
    DhOnnxOperation operation;
  } known[] = {
    { "Add", reckon },
    { "ArgMax", end },
    { "Attention", dh_onnx_do_attention },
    { "AveragePool", dh_onnx_do_pool },
    { "BatchNormalization", norm },
    { "Cast", cast },
    { "Ceil", dh_onnx_do_round },
    { "Clip", dh_onnx_do_clip },
    { "Concat", concat },
    { "Constant", dh_onnx_do_constant },
    { "ConstantOfShape", dh_onnx_do_fill },
    { "Conv", dh_onnx_do_conv },
    { "ConvTranspose", dh_onnx_do_transposed },
    { "DepthToSpace", dh_onnx_do_depth_to_space },
    { "Div", reckon },
    { "Dropout", pass },
    { "Erf", dh_onnx_do_erf },
    { "Flatten", reshape },
    { "Floor", dh_onnx_do_round },
    { "Gather", dh_onnx_do_gather },
    { "Gelu", dh_onnx_do_activation },
    { "Gemm", dh_onnx_do_linear },
    { "GlobalAveragePool", dh_onnx_do_mean },
    { "HardSigmoid", dh_onnx_do_activation },
    { "HardSwish", dh_onnx_do_activation },
    { "Identity", pass },
    { "LayerNormalization", dh_onnx_do_layer_norm },
    { "LeakyRelu", dh_onnx_do_activation },
    { "LogSoftmax", end },
    { "MatMul", dh_onnx_do_matmul },
    { "Max", dh_onnx_do_maximum },
    { "MaxPool", dh_onnx_do_pool },
    { "Mul", reckon },
    { "PRelu", dh_onnx_do_activation },
    { "Pow", go_on },
    { "Reciprocal", go_on },
    { "ReduceMean", dh_onnx_do_mean },
    { "ReduceSum", dh_onnx_do_mean },
    { "Relu", dh_onnx_do_activation },
    { "Reshape", reshape },
    { "Resize", dh_onnx_do_resize },
    { "Shape", dh_onnx_do_shape },
    { "Sigmoid", dh_onnx_do_activation },
    { "Slice", dh_onnx_do_slice },
    { "Softmax", end },
    { "Sqrt", go_on },
    { "Squeeze", reshape },
    { "Sub", reckon },
    { "Sum", reckon },
    { "Swish", dh_onnx_do_activation },
    { "Transpose", transpose },
    { "Unsqueeze", reshape },
    { "Upsample", dh_onnx_do_resize },
  };
  if (*node->domain != '\0')
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].name, node->operation))
      return known[i].operation;
  return NULL;
}

gboolean
dh_onnx_is_pointwise (const DhOnnxNode *node)
{
  static const char *const names[] = { "Add",       "Clip", "Div",   "Gelu",  "HardSigmoid", "HardSwish",
                                       "LeakyRelu", "Max",  "Mul",   "PRelu", "Relu",        "Sigmoid",
                                       "Sub",       "Sum",  "Swish", NULL };
  return g_strv_contains (names, node->operation);
}
