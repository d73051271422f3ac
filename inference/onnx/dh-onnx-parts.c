#include "dh-onnx-build-private.h"

#include <math.h>

/* Functions that exporters write in several operators: layer norms, and GELU. What is between begin and end is known by
 * what it is of; whoever else reads it is refused. */

gboolean
dh_onnx_read_number (DhOnnxBuild *build, const DhOnnxNode *node, guint index, double *number)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, index);
  const GArray *numbers = dh_onnx_numbers (build, node, index);
  /* What was reckoned from a height or width is another number at another size. */
  if (!numbers || numbers->len != 1 || known->like != DH_NO_VALUE)
    return FALSE;
  *number = g_array_index (numbers, double, 0);
  return isfinite (*number);
}

/* The only node that reads what this one makes; NULL: it is an output, or there are others. */
static const DhOnnxNode *
only_reader (DhOnnxBuild *build, const DhOnnxNode *node)
{
  const char *made = node->outputs->pdata[0];
  const GPtrArray *readers = g_hash_table_lookup (build->readers, made);
  for (guint i = 0; i < build->model->outputs->len; i++)
    if (g_str_equal (((const DhOnnxValue *)build->model->outputs->pdata[i])->name, made))
      return NULL;
  return readers && readers->len == 1 ? readers->pdata[0] : NULL;
}

/* Its numbers for each channel, where the one reader is that operation with a constant; which one that was. */
static const DhOnnxNode *
take_reader (DhOnnxBuild *build, const DhOnnxNode *node, const char *operation, const DhOnnxLayout *layout,
             gint channels, float *values)
{
  const DhOnnxNode *reader = only_reader (build, node);
  if (!reader || !g_str_equal (reader->operation, operation) || reader->inputs->len != 2 || reader->outputs->len != 1)
    return NULL;
  const guint own = g_str_equal (reader->inputs->pdata[0], node->outputs->pdata[0]) ? 0 : 1;
  const DhOnnxKnown *constant = dh_onnx_input (build, reader, 1 - own);
  if (!constant || constant->value != DH_NO_VALUE || constant->part
      || !dh_onnx_read_channels (constant, layout, channels, values))
    return NULL;
  for (gint c = 0; c < channels; c++)
    if (!isfinite (values[c]))
      return NULL;
  g_hash_table_add (build->done, (gpointer)reader);
  return reader;
}

static gboolean
take_layer_norm (DhOnnxBuild *build, const DhOnnxNode *node, DhValue x, const DhOnnxLayout *layout, double epsilon,
                 GError **error)
{
  const gint channels = dh_graph_node (build->graph, x)->channels;
  g_autofree float *weight = g_new (float, channels), *bias = g_new0 (float, channels);
  for (gint c = 0; c < channels; c++)
    weight[c] = 1;
  if (!(epsilon > 0 && epsilon <= 1))
    return dh_onnx_refuse (node, error, "has an epsilon of %g", epsilon);
  const DhOnnxNode *end = take_reader (build, node, "Mul", layout, channels, weight);
  const DhOnnxNode *last = take_reader (build, end ? end : node, "Add", layout, channels, bias);
  last = last ? last : end ? end : node;
  const char *label = dh_onnx_label (build, last->outputs->pdata[0], last);
  build->layout = *layout;
  return dh_onnx_take_floats (build, label, ".weight", (guint)channels, weight, error)
         && dh_onnx_take_floats (build, label, ".bias", (guint)channels, bias, error)
         && dh_onnx_take_value (build, last, dh_graph_layer_norm (build->graph, x, label, epsilon));
}

gboolean
dh_onnx_do_layer_norm (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  static const char *const suffixes[] = { ".weight", ".bias" };
  DhOnnxLayout layout;
  DhShape shape;
  if (!dh_onnx_read_layout (build, node, 0, &layout, &shape, error))
    return FALSE;
  const gint64 axis = dh_onnx_node_get_int (node, "axis", -1);
  const double epsilon = dh_onnx_node_get_float (node, "epsilon", 1e-5f);
  if ((axis < 0 ? axis + layout.n : axis) != layout.n - 1
      || dh_onnx_layout_channels (&layout, shape.c) != (gint)layout.n - 1)
    return dh_onnx_refuse (node, error, "does not go over the channels of each pixel alone");
  if (!(epsilon > 0 && epsilon <= 1))
    return dh_onnx_refuse (node, error, "has an epsilon of %g", epsilon);
  for (guint i = 1; i < node->outputs->len; i++)
    if (*(const char *)node->outputs->pdata[i] != '\0')
      return dh_onnx_refuse (node, error, "gives its means away");
  const char *label = dh_onnx_label (build, node->inputs->len > 1 ? node->inputs->pdata[1] : "", node);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree float *values = g_new0 (float, shape.c);
      const DhOnnxKnown *known = dh_onnx_input (build, node, i + 1);
      const DhTensor *tensor = known ? known->tensor : NULL;
      if ((i == 0 || dh_onnx_has_input (node, 2))
          && (!tensor || tensor->n_dims != 1 || tensor->dims[0] != shape.c
              || !dh_onnx_read_channels (known, &layout, shape.c, values)))
        return dh_onnx_refuse (node, error, "has parameters that are not %d constants", shape.c);
      if (!dh_onnx_take_floats (build, label, suffixes[i], (guint)shape.c, values, error))
        return FALSE;
    }
  const DhValue x = dh_onnx_input (build, node, 0)->value;
  build->layout = dh_onnx_layout_plain (&layout, shape);
  return dh_onnx_take_value (build, node, dh_graph_layer_norm (build->graph, x, label, epsilon));
}

/* Whether a mean goes over the axis of channels alone, which stays. */
static gboolean
is_over_channels (DhOnnxBuild *build, const DhOnnxNode *node, const DhOnnxLayout *layout, gint channels)
{
  const DhOnnxAttribute *attribute = dh_onnx_node_get (node, "axes", DH_ONNX_ATTRIBUTE_INTS);
  const GArray *input = dh_onnx_numbers (build, node, 1);
  const gint n = layout->n > 0 ? (gint)layout->n : 4;
  if (!g_str_equal (node->operation, "ReduceMean") || !dh_onnx_node_get_int (node, "keepdims", 1)
      || (attribute ? attribute->integers->len
          : input   ? input->len
                    : 0)
             != 1)
    return FALSE;
  const double axis =
      attribute ? (double)g_array_index (attribute->integers, gint64, 0) : g_array_index (input, double, 0);
  return (axis < 0 ? axis + n : axis) == dh_onnx_layout_channels (layout, channels);
}

gboolean
dh_onnx_begin_layer_norm (DhOnnxBuild *build, const DhOnnxNode *node, gboolean *begun, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, 0);
  const DhOnnxNode *reader = only_reader (build, node);
  *begun = FALSE;
  if (!known || known->ended)
    return TRUE;
  if (known->part == DH_ONNX_SQUARES)
    {
      DhOnnxKnown variance = *known;
      *begun = TRUE;
      variance.part = DH_ONNX_VARIANCE;
      variance.number = 0;
      if (!is_over_channels (build, node, &known->layout, dh_graph_node (build->graph, known->of)->channels))
        return dh_onnx_refuse (node, error, "is no mean over the channels of each pixel");
      return dh_onnx_take_part (build, node, variance);
    }
  if (known->value == DH_NO_VALUE || !reader || !g_str_equal (reader->operation, "Sub") || reader->inputs->len != 2
      || !g_str_equal (reader->inputs->pdata[0], node->inputs->pdata[0])
      || !is_over_channels (build, node, &known->layout, dh_graph_node (build->graph, known->value)->channels))
    return TRUE;
  *begun = TRUE;
  const DhOnnxKnown mean = {
    .value = DH_NO_VALUE, .like = DH_NO_VALUE, .part = DH_ONNX_MEAN, .of = known->value, .layout = known->layout
  };
  return dh_onnx_take_part (build, node, mean);
}

/* What an erf reads is a value times a number, where nothing else reads that. */
gboolean
dh_onnx_begin_gelu (DhOnnxBuild *build, const DhOnnxNode *node, gboolean *begun, GError **error)
{
  const DhOnnxNode *reader = only_reader (build, node);
  const gboolean divides = g_str_equal (node->operation, "Div");
  const DhOnnxKnown *first = dh_onnx_input (build, node, 0);
  const guint own = first && first->value != DH_NO_VALUE ? 0 : 1;
  const DhOnnxKnown *known = dh_onnx_input (build, node, own);
  double number;
  *begun = FALSE;
  if (!reader || !g_str_equal (reader->operation, "Erf") || (!divides && !g_str_equal (node->operation, "Mul"))
      || (divides && own == 1) || node->inputs->len != 2 || !known || known->value == DH_NO_VALUE || known->ended
      || !dh_onnx_read_number (build, node, 1 - own, &number))
    return TRUE;
  *begun = TRUE;
  const DhOnnxKnown times = { .value = DH_NO_VALUE,
                              .like = DH_NO_VALUE,
                              .part = DH_ONNX_TIMES,
                              .of = known->value,
                              .layout = known->layout,
                              .number = divides ? 1 / number : number };
  return dh_onnx_take_part (build, node, times);
}

gboolean
dh_onnx_do_erf (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, 0);
  if (!known || known->part != DH_ONNX_TIMES || fabs (known->number - G_SQRT2 / 2) > 1e-6)
    return dh_onnx_refuse (node, error, "is not that of a GELU, of x / √2");
  DhOnnxKnown erf = *known;
  erf.part = DH_ONNX_ERF;
  return dh_onnx_take_part (build, node, erf);
}

static gboolean
refuse_part (const DhOnnxNode *node, GError **error)
{
  return dh_onnx_refuse (node, error, "reads part of a layer norm, a GELU or an attention that does not go on as one");
}

/* x · 0.5 · (1 + erf (x / √2)), in whatever order. */
static gboolean
go_on_gelu (DhOnnxBuild *build, const DhOnnxNode *node, guint part, GError **error)
{
  DhOnnxKnown known = *dh_onnx_input (build, node, part);
  const DhOnnxKnown *other = dh_onnx_input (build, node, 1 - part);
  double number = 0;
  const gboolean is_number =
      other && other->value == DH_NO_VALUE && dh_onnx_read_number (build, node, 1 - part, &number);
  const gboolean multiplies = g_str_equal (node->operation, "Mul");
  if (known.part == DH_ONNX_ERF && g_str_equal (node->operation, "Add") && is_number && number == 1)
    {
      known.part = DH_ONNX_GATE;
      known.number = 1;
      return dh_onnx_take_part (build, node, known);
    }
  if ((known.part != DH_ONNX_GATE && known.part != DH_ONNX_GATED) || !multiplies)
    return refuse_part (node, error);
  if (is_number)
    known.number *= number;
  else
    {
      DhValue x = other ? other->value : DH_NO_VALUE;
      if (known.part != DH_ONNX_GATE || x == DH_NO_VALUE || other->ended
          || !dh_onnx_layout_equal (&other->layout, &known.layout))
        return refuse_part (node, error);
      const DhValue halved = GPOINTER_TO_INT (g_hash_table_lookup (build->halves, GINT_TO_POINTER (x + 1))) - 1;
      if (x != known.of && halved != known.of)
        return refuse_part (node, error);
      known.number *= x == known.of ? 1 : 0.5;
      known.part = DH_ONNX_GATED;
    }
  if (known.part != DH_ONNX_GATED || known.number != 0.5)
    return dh_onnx_take_part (build, node, known);
  build->layout = known.layout;
  return dh_onnx_take_value (build, node,
                             dh_graph_activation (build->graph, known.of, (DhActivation){ DH_ACTIVATION_GELU, 0, 0 }));
}

static gboolean
is_squared (DhOnnxBuild *build, const DhOnnxNode *node)
{
  double number;
  if (g_str_equal (node->operation, "Pow"))
    return dh_onnx_read_number (build, node, 1, &number) && number == 2;
  return g_str_equal (node->operation, "Mul") && g_str_equal (node->inputs->pdata[0], node->inputs->pdata[1]);
}

/* (x − mean) / √(mean of its squares + epsilon) */
static gboolean
go_on_layer_norm (DhOnnxBuild *build, const DhOnnxNode *node, guint part, GError **error)
{
  DhOnnxKnown known = *dh_onnx_input (build, node, part);
  const DhOnnxKnown *other = dh_onnx_input (build, node, 1 - part);
  const char *operation = node->operation;
  const gboolean same = other && other->of == known.of && dh_onnx_layout_equal (&other->layout, &known.layout);
  double number;
  if (known.part == DH_ONNX_MEAN && part == 1 && g_str_equal (operation, "Sub") && other && other->value == known.of
      && !other->ended && dh_onnx_layout_equal (&other->layout, &known.layout))
    known.part = DH_ONNX_APART;
  else if (known.part == DH_ONNX_APART && is_squared (build, node))
    known.part = DH_ONNX_SQUARES;
  else if (known.part == DH_ONNX_VARIANCE && g_str_equal (operation, "Add")
           && dh_onnx_read_number (build, node, 1 - part, &number))
    known.number += number;
  else if (known.part == DH_ONNX_VARIANCE && g_str_equal (operation, "Sqrt"))
    known.part = DH_ONNX_DEVIATION;
  else if (known.part == DH_ONNX_DEVIATION && g_str_equal (operation, "Reciprocal"))
    known.part = DH_ONNX_INVERSE;
  else if (known.part == DH_ONNX_APART && same
           && ((part == 0 && other->part == DH_ONNX_DEVIATION && g_str_equal (operation, "Div"))
               || (other->part == DH_ONNX_INVERSE && g_str_equal (operation, "Mul"))))
    return take_layer_norm (build, node, known.of, &known.layout, other->number, error);
  else
    return refuse_part (node, error);
  return dh_onnx_take_part (build, node, known);
}

gboolean
dh_onnx_go_on (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *first = dh_onnx_input (build, node, 0), *second = dh_onnx_input (build, node, 1);
  const gboolean deviation = second && second->part == DH_ONNX_APART && first && first->part == DH_ONNX_INVERSE;
  const guint part = first && first->part && !deviation ? 0 : 1;
  const DhOnnxKnown *known = part == 0 ? first : second;
  if (!known || !known->part || node->inputs->len > 2)
    return refuse_part (node, error);
  switch (known->part)
    {
    case DH_ONNX_PRODUCTS:
      return dh_onnx_scale_products (build, node, part, error);
    case DH_ONNX_ERF:
    case DH_ONNX_GATE:
    case DH_ONNX_GATED:
      return go_on_gelu (build, node, part, error);
    case DH_ONNX_MEAN:
    case DH_ONNX_APART:
    case DH_ONNX_VARIANCE:
    case DH_ONNX_DEVIATION:
      return go_on_layer_norm (build, node, part, error);
    case DH_ONNX_NO_PART:
    case DH_ONNX_SQUARES:
    case DH_ONNX_INVERSE:
    case DH_ONNX_TIMES:
    case DH_ONNX_WEIGHTS:
      break;
    }
  return refuse_part (node, error);
}
