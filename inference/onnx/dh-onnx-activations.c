#include "dh-onnx-build-private.h"

#include <math.h>

/* Functions of one value at a time, and products of two values. */

static gboolean
take (DhOnnxBuild *build, const DhOnnxNode *node, DhValue x, DhActivation activation)
{
  return dh_onnx_take_value (build, node, dh_graph_activation (build->graph, x, activation));
}

/* x where it is above 0 and `slopes` · x where it is not, by channel: relu (x) − slopes · relu (−x). */
static gboolean
take_slopes (DhOnnxBuild *build, const DhOnnxNode *node, DhValue x, const float *slopes, GError **error)
{
  const gint channels = dh_graph_node (build->graph, x)->channels;
  gboolean one = TRUE;
  for (gint c = 0; c < channels; c++)
    {
      one = one && slopes[c] == slopes[0];
      if (!isfinite (slopes[c]))
        return dh_onnx_refuse (node, error, "has a slope that is not finite");
    }
  if (one)
    return take (build, node, x, (DhActivation){ DH_ACTIVATION_LEAKY, slopes[0], 0 });
  g_autofree float *minus = g_new (float, channels), *back = g_new (float, channels), *zero = g_new0 (float, channels);
  for (gint c = 0; c < channels; c++)
    {
      minus[c] = -1;
      back[c] = -slopes[c];
    }
  DhValue below = dh_onnx_scale (build, node, x, minus, zero, error);
  if (below == DH_NO_VALUE)
    return FALSE;
  below = dh_onnx_scale (build, node, dh_graph_relu (build->graph, below), back, zero, error);
  return below != DH_NO_VALUE
         && dh_onnx_take_value (build, node, dh_graph_add (build->graph, dh_graph_relu (build->graph, x), below));
}

static gboolean
prelu (DhOnnxBuild *build, const DhOnnxNode *node, DhValue x, GError **error)
{
  const gint channels = dh_graph_node (build->graph, x)->channels;
  g_autofree float *slopes = g_new0 (float, channels);
  const DhOnnxKnown *known = dh_onnx_input (build, node, 1);
  if (!known || known->value != DH_NO_VALUE || !dh_onnx_read_channels (known, &build->layout, channels, slopes))
    return dh_onnx_refuse (node, error, "has slopes that are not one number, or one for each of %d channels", channels);
  return take_slopes (build, node, x, slopes, error);
}

gboolean
dh_onnx_do_activation (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhValue x = dh_onnx_value (build, node, 0, error);
  const char *name = node->operation;
  DhActivation activation = { DH_ACTIVATION_SIGMOID, 0, 0 };
  if (x == DH_NO_VALUE)
    return FALSE;
  if (g_str_equal (name, "Relu"))
    return dh_onnx_take_value (build, node, dh_graph_relu (build->graph, x));
  if (g_str_equal (name, "PRelu"))
    return prelu (build, node, x, error);
  if (g_str_equal (name, "LeakyRelu"))
    activation = (DhActivation){ DH_ACTIVATION_LEAKY, (float)dh_onnx_node_get_float (node, "alpha", 0.01f), 0 };
  else if (g_str_equal (name, "HardSigmoid"))
    activation = (DhActivation){ DH_ACTIVATION_HARD_SIGMOID, (float)dh_onnx_node_get_float (node, "alpha", 0.2f),
                                 (float)dh_onnx_node_get_float (node, "beta", 0.5f) };
  else if (g_str_equal (name, "HardSwish")) /* its numbers are its own, whatever a hard sigmoid's are */
    activation = (DhActivation){ DH_ACTIVATION_HARD_SWISH, 1 / 6.0f, 0.5f };
  else if (g_str_equal (name, "Gelu"))
    {
      const char *form = dh_onnx_node_get_string (node, "approximate", "none");
      if (!g_str_equal (form, "none") && !g_str_equal (form, "tanh"))
        return dh_onnx_refuse (node, error, "is approximated by “%s”", form);
      activation.kind = g_str_equal (form, "tanh") ? DH_ACTIVATION_GELU_TANH : DH_ACTIVATION_GELU;
    }
  else if (g_str_equal (name, "Swish"))
    {
      if (dh_onnx_node_get_float (node, "alpha", 1) != 1)
        return dh_onnx_refuse (node, error, "has an alpha of %g: here it is 1",
                               dh_onnx_node_get_float (node, "alpha", 1));
      activation.kind = DH_ACTIVATION_SILU;
    }
  if (!isfinite (activation.alpha) || !isfinite (activation.beta))
    return dh_onnx_refuse (node, error, "has numbers that are not finite");
  return take (build, node, x, activation);
}

/* By inputs from operator set 11 on, by attributes before; what is left out cuts nothing. */
static gboolean
read_bound (DhOnnxBuild *build, const DhOnnxNode *node, guint index, const char *name, double *bound, GError **error)
{
  if (build->model->operator_set < 11)
    *bound = dh_onnx_node_get_float (node, name, *bound);
  else if (dh_onnx_has_input (node, index))
    {
      const DhOnnxKnown *known = dh_onnx_input (build, node, index);
      const GArray *numbers = dh_onnx_numbers (build, node, index);
      /* What was reckoned from a height or width is another number at another size. */
      if (!numbers || numbers->len != 1 || known->like != DH_NO_VALUE)
        return dh_onnx_refuse (node, error, "cuts off at what is no number");
      *bound = g_array_index (numbers, double, 0);
    }
  if (isnan (*bound))
    return dh_onnx_refuse (node, error, "cuts off at what is no number");
  return TRUE;
}

gboolean
dh_onnx_do_clip (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  double low = -INFINITY, high = INFINITY;
  if (!read_bound (build, node, 1, "min", &low, error) || !read_bound (build, node, 2, "max", &high, error))
    return FALSE;
  const DhValue x = dh_onnx_value (build, node, 0, error);
  if (x == DH_NO_VALUE)
    return FALSE;
  if (low <= -3e38 && high >= 3e38)
    return dh_onnx_pass (build, node, 0, NULL, error);
  if (low == 0 && high >= 3e38)
    return dh_onnx_take_value (build, node, dh_graph_relu (build->graph, x));
  return take (build, node, x, (DhActivation){ DH_ACTIVATION_CLIP, (float)low, (float)high });
}

/* Of a value and a number. */
gboolean
dh_onnx_do_maximum (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *first = dh_onnx_input (build, node, 0);
  const guint constant = first && first->value == DH_NO_VALUE ? 0 : 1;
  const GArray *least = dh_onnx_numbers (build, node, constant);
  if (node->inputs->len != 2 || !least || least->len != 1 || dh_onnx_input (build, node, constant)->like != DH_NO_VALUE
      || !isfinite (g_array_index (least, double, 0)))
    return dh_onnx_refuse (node, error, "takes the larger of what is not a value and a number");
  const DhValue x = dh_onnx_value (build, node, 1 - constant, error);
  const float bound = (float)g_array_index (least, double, 0);
  if (x == DH_NO_VALUE)
    return FALSE;
  if (bound == 0)
    return dh_onnx_take_value (build, node, dh_graph_relu (build->graph, x));
  return take (build, node, x, (DhActivation){ DH_ACTIVATION_CLIP, bound, INFINITY });
}

/* x times a sigmoid of x is one function. */
static gboolean
find_function (DhOnnxBuild *build, DhValue x, DhValue gate, DhActivation *activation)
{
  const DhNode *node = dh_graph_node (build->graph, gate);
  if (node->op != DH_OP_ACTIVATION || node->inputs[0] != x)
    return FALSE;
  *activation = node->activation;
  switch (node->activation.kind)
    {
    case DH_ACTIVATION_SIGMOID:
      activation->kind = DH_ACTIVATION_SILU;
      return TRUE;
    case DH_ACTIVATION_HARD_SIGMOID:
      activation->kind = DH_ACTIVATION_HARD_SWISH;
      return TRUE;
    default:
      return FALSE;
    }
}

/* Whether `by` is spread over `x`: along channels, over height and width, both or neither. */
static gboolean
is_spread (DhShape x, DhShape by)
{
  return (by.c == x.c || by.c == 1) && ((by.h == x.h && by.w == x.w) || (by.h == 1 && by.w == 1));
}

gboolean
dh_onnx_do_multiply (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhValue a = dh_onnx_value (build, node, 0, error);
  const DhValue b = a != DH_NO_VALUE ? dh_onnx_value (build, node, 1, error) : DH_NO_VALUE;
  DhActivation activation;
  DhShape x, y;
  if (b == DH_NO_VALUE || !dh_onnx_shape (build, node, a, &x, error) || !dh_onnx_shape (build, node, b, &y, error))
    return FALSE;
  if (find_function (build, a, b, &activation))
    return take (build, node, a, activation);
  if (find_function (build, b, a, &activation))
    return take (build, node, b, activation);
  if (!is_spread (x, y) && !is_spread (y, x))
    return dh_onnx_refuse (node, error, "multiplies %d×%d×%d and %d×%d×%d", x.c, x.h, x.w, y.c, y.h, y.w);
  return dh_onnx_take_value (
      build, node, is_spread (x, y) ? dh_graph_multiply (build->graph, a, b) : dh_graph_multiply (build->graph, b, a));
}
