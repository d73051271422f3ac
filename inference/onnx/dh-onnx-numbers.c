#include "dh-onnx-build-private.h"

#include <math.h>

/* What is reckoned with few numbers, most of them heights and widths: exporters write it where a program asked for a
 * value's shape. Numbers are doubles, in which all int64 that are sizes are exact. */

#define MOST_NUMBERS 65536

static GArray *
numbers_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (double));
}

static double
at (const GArray *numbers, guint index)
{
  return g_array_index (numbers, double, index);
}

static DhValue
like_of (DhOnnxBuild *build, const DhOnnxNode *node, guint index)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, index);
  return known ? known->like : DH_NO_VALUE;
}

static gboolean
whole_of (DhOnnxBuild *build, const DhOnnxNode *node, guint index)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, index);
  return known && known->whole;
}

/* A whole number from a list that must have it. What has no end is written as the largest int64, which as a double is
 * one more. */
static gboolean
whole (const DhOnnxNode *node, const GArray *numbers, guint index, gint64 *number, GError **error)
{
  const double value = numbers && index < numbers->len ? at (numbers, index) : NAN;
  if (isnan (value) || value != rint (value))
    return dh_onnx_refuse (node, error, "lacks a whole number");
  *number = value >= 9e18 ? G_MAXINT64 : value <= -9e18 ? -G_MAXINT64 : (gint64)value;
  return TRUE;
}

/* Of one dimension at most, where a constant tells. */
static gboolean
is_list (DhOnnxBuild *build, const DhOnnxNode *node, guint index)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, index);
  return !known->tensor || known->tensor->n_dims < 2;
}

gboolean
dh_onnx_do_shape (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  DhOnnxLayout layout;
  DhShape shape;
  if (!dh_onnx_read_layout (build, node, 0, &layout, &shape, error))
    return FALSE;
  const DhValue value = dh_onnx_input (build, node, 0)->value;
  const gint64 n = layout.n;
  double sizes[DH_ONNX_MOST_AXES];
  for (guint i = 0; i < layout.n; i++)
    sizes[i] = (double)dh_onnx_axis_size (&layout.axes[i]);
  gint64 from = dh_onnx_node_get_int (node, "start", 0), to = dh_onnx_node_get_int (node, "end", n);
  from = CLAMP (from < 0 ? from + n : from, 0, n);
  to = CLAMP (to < 0 ? to + n : to, from, n);
  GArray *numbers = numbers_new ();
  g_array_append_vals (numbers, sizes + from, (guint)(to - from));
  return dh_onnx_take_numbers (build, node, numbers, TRUE, value);
}

gboolean
dh_onnx_do_constant (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxAttribute *one = dh_onnx_node_get (node, "value_int", DH_ONNX_ATTRIBUTE_INT);
  const DhOnnxAttribute *real = dh_onnx_node_get (node, "value_float", DH_ONNX_ATTRIBUTE_FLOAT);
  const DhOnnxAttribute *ints = dh_onnx_node_get (node, "value_ints", DH_ONNX_ATTRIBUTE_INTS);
  const DhOnnxAttribute *reals = dh_onnx_node_get (node, "value_floats", DH_ONNX_ATTRIBUTE_FLOATS);
  const DhOnnxAttribute *tensor = dh_onnx_node_get (node, "value", DH_ONNX_ATTRIBUTE_TENSOR);
  if (tensor && node->outputs->len > 0)
    {
      DhOnnxKnown *known = g_new (DhOnnxKnown, 1);
      *known = (DhOnnxKnown){ .value = DH_NO_VALUE, .tensor = dh_tensor_ref (tensor->tensor), .like = DH_NO_VALUE };
      g_hash_table_replace (build->known, node->outputs->pdata[0], known);
      return TRUE;
    }
  if (!one && !real && !ints && !reals)
    return dh_onnx_refuse (node, error, "is a constant that is not read here");
  GArray *numbers = numbers_new ();
  const double single = one ? (double)one->integer : real ? real->number : 0;
  if (one || real)
    g_array_append_val (numbers, single);
  for (guint i = 0; ints && i < ints->integers->len && i < MOST_NUMBERS; i++)
    {
      const double number = (double)g_array_index (ints->integers, gint64, i);
      g_array_append_val (numbers, number);
    }
  for (guint i = 0; reals && i < reals->numbers->len && i < MOST_NUMBERS; i++)
    {
      const double number = g_array_index (reals->numbers, float, i);
      g_array_append_val (numbers, number);
    }
  return dh_onnx_take_numbers (build, node, numbers, one || ints, DH_NO_VALUE);
}

/* ConstantOfShape */
gboolean
dh_onnx_do_fill (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const GArray *shape = dh_onnx_numbers (build, node, 0);
  const DhOnnxAttribute *value = dh_onnx_node_get (node, "value", DH_ONNX_ATTRIBUTE_TENSOR);
  gint64 n = 1, side = 0;
  if (!shape)
    return dh_onnx_refuse (node, error, "fills a shape that is not known before a picture is");
  for (guint i = 0; i < shape->len; i++)
    {
      if (!whole (node, shape, i, &side, error))
        return FALSE;
      if (side < 0 || side > MOST_NUMBERS || (n *= side) > MOST_NUMBERS)
        return dh_onnx_refuse (node, error, "fills more than a few numbers");
    }
  double number = 0;
  const gboolean integers = value && value->tensor->dtype > DH_DTYPE_F64;
  if (value && dh_tensor_count (value->tensor) > 0)
    {
      g_autoptr (DhTensor) real = dh_tensor_to_f32 (value->tensor);
      number = real ? dh_tensor_f32 (real)[0] : 0;
    }
  GArray *numbers = numbers_new ();
  for (gint64 i = 0; i < n; i++)
    g_array_append_val (numbers, number);
  return dh_onnx_take_numbers (build, node, numbers, integers, DH_NO_VALUE);
}

gboolean
dh_onnx_do_gather (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const GArray *from = dh_onnx_numbers (build, node, 0), *indices = dh_onnx_numbers (build, node, 1);
  if (!from || !is_list (build, node, 0) || !indices || dh_onnx_node_get_int (node, "axis", 0) != 0)
    return dh_onnx_refuse (node, error, "gathers from what is no list of a few numbers");
  g_autoptr (GArray) numbers = numbers_new ();
  for (guint i = 0; i < indices->len; i++)
    {
      gint64 index;
      if (!whole (node, indices, i, &index, error))
        return FALSE;
      index += index < 0 ? from->len : 0;
      if (index < 0 || index >= from->len)
        return dh_onnx_refuse (node, error, "gathers from behind the end");
      const double number = at (from, (guint)index);
      g_array_append_val (numbers, number);
    }
  return dh_onnx_take_numbers (build, node, g_steal_pointer (&numbers), whole_of (build, node, 0),
                               like_of (build, node, 0));
}

/* The first of the attribute, before operator set 10, or of the input. */
static gboolean
bound (DhOnnxBuild *build, const DhOnnxNode *node, const char *attribute, guint input, gint64 *number, GError **error)
{
  const DhOnnxAttribute *found = dh_onnx_node_get (node, attribute, DH_ONNX_ATTRIBUTE_INTS);
  if (found && found->integers->len == 1)
    {
      *number = g_array_index (found->integers, gint64, 0);
      return TRUE;
    }
  const GArray *numbers = dh_onnx_numbers (build, node, input);
  return whole (node, numbers && numbers->len == 1 ? numbers : NULL, 0, number, error);
}

gboolean
dh_onnx_do_slice (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const GArray *from = dh_onnx_numbers (build, node, 0);
  gint64 start, end, step = 1;
  if (!from || !is_list (build, node, 0))
    return dh_onnx_refuse (node, error, "cuts what is no list of a few numbers");
  if (!bound (build, node, "starts", 1, &start, error) || !bound (build, node, "ends", 2, &end, error)
      || (dh_onnx_input (build, node, 4) && !bound (build, node, "steps", 4, &step, error)))
    return FALSE;
  if (step != 1)
    return dh_onnx_refuse (node, error, "cuts in steps of %" G_GINT64_FORMAT, step);
  const gint64 n = from->len;
  start = CLAMP (start < 0 ? start + n : start, 0, n);
  end = CLAMP (end < 0 ? end + n : end, start, n);
  GArray *numbers = numbers_new ();
  if (end > start)
    g_array_append_vals (numbers, &g_array_index (from, double, start), (guint)(end - start));
  return dh_onnx_take_numbers (build, node, numbers, whole_of (build, node, 0), like_of (build, node, 0));
}

/* Reshape, Flatten, Squeeze, Unsqueeze. Numbers go on as a list, and without the tensor that they were: it has other
 * dimensions. */
gboolean
dh_onnx_reshape_numbers (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, 0);
  const GArray *sizes = dh_onnx_numbers (build, node, 1);
  const DhOnnxAttribute *shape = dh_onnx_node_get (node, "shape", DH_ONNX_ATTRIBUTE_INTS);
  const gboolean squeezes = g_str_equal (node->operation, "Squeeze");
  const gboolean one = g_str_equal (node->operation, "Reshape")
                       && (sizes   ? sizes->len
                           : shape ? shape->integers->len
                                   : 0)
                              == 1;
  guint sides = 0;
  for (guint i = 0; known->tensor && i < known->tensor->n_dims; i++)
    sides += known->tensor->dims[i] != 1;
  if (known->numbers->len != 1 && !one && !(squeezes && sides < 2))
    return dh_onnx_refuse (node, error, "changes the form of %u numbers to what is no list", known->numbers->len);
  return dh_onnx_take_numbers (build, node, g_array_ref (known->numbers), known->whole, known->like);
}

/* Floor and Ceil */
gboolean
dh_onnx_do_round (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const GArray *from = dh_onnx_numbers (build, node, 0);
  if (!from)
    return dh_onnx_refuse (node, error, "rounds what is no list of a few numbers");
  const gboolean up = g_str_equal (node->operation, "Ceil");
  GArray *numbers = numbers_new ();
  for (guint i = 0; i < from->len; i++)
    {
      const double number = up ? ceil (at (from, i)) : floor (at (from, i));
      g_array_append_val (numbers, number);
    }
  return dh_onnx_take_numbers (build, node, numbers, whole_of (build, node, 0), like_of (build, node, 0));
}

gboolean
dh_onnx_cast_numbers (DhOnnxBuild *build, const DhOnnxNode *node, gboolean real, GError **error)
{
  const GArray *from = dh_onnx_numbers (build, node, 0);
  g_autoptr (GArray) numbers = numbers_new ();
  for (guint i = 0; i < from->len; i++)
    {
      const double number = real ? at (from, i) : trunc (at (from, i));
      if (!real && !isfinite (number))
        return dh_onnx_refuse (node, error, "makes a whole number of what is none");
      g_array_append_val (numbers, number);
    }
  return dh_onnx_take_numbers (build, node, g_steal_pointer (&numbers), !real, like_of (build, node, 0));
}

gboolean
dh_onnx_reckon (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const GArray *a = dh_onnx_numbers (build, node, 0), *b = dh_onnx_numbers (build, node, 1);
  if (a->len == 0 || b->len == 0 || (a->len != b->len && a->len != 1 && b->len != 1))
    return dh_onnx_refuse (node, error, "reckons with lists of %u and %u numbers", a->len, b->len);
  const gboolean integers = whole_of (build, node, 0) && whole_of (build, node, 1);
  GArray *numbers = numbers_new ();
  for (guint i = 0; i < MAX (a->len, b->len); i++)
    {
      const double x = at (a, a->len == 1 ? 0 : i), y = at (b, b->len == 1 ? 0 : i);
      double number = g_str_equal (node->operation, "Add")   ? x + y
                      : g_str_equal (node->operation, "Sub") ? x - y
                      : g_str_equal (node->operation, "Mul") ? x * y
                                                             : x / y;
      number = integers ? trunc (number) : number;
      g_array_append_val (numbers, number);
    }
  const DhValue like = like_of (build, node, 0);
  return dh_onnx_take_numbers (build, node, numbers, integers, like != DH_NO_VALUE ? like : like_of (build, node, 1));
}

gboolean
dh_onnx_join_numbers (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  g_autoptr (GArray) numbers = numbers_new ();
  DhValue like = DH_NO_VALUE;
  gboolean integers = TRUE;
  for (guint i = 0; i < node->inputs->len; i++)
    {
      const GArray *part = dh_onnx_numbers (build, node, i);
      if (!part || !is_list (build, node, i) || numbers->len + part->len > MOST_NUMBERS)
        return dh_onnx_refuse (node, error, "joins what is not known before a picture is");
      g_array_append_vals (numbers, part->data, part->len);
      integers &= whole_of (build, node, i);
      /* Channels may be another value's; height and width come last. */
      if (like_of (build, node, i) != DH_NO_VALUE)
        like = like_of (build, node, i);
    }
  return dh_onnx_take_numbers (build, node, g_steal_pointer (&numbers), integers, like);
}
