#include "dh-onnx-build-private.h"

#include "dh-error.h"

/* Changes of a value's form (dh-onnx-layout-private.h), and linear layers of tokens, which are 1×1 convolutions. */

static const DhOnnxKnown *
value_of (DhOnnxBuild *build, const DhOnnxNode *node, guint index)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, index);
  return known && known->value != DH_NO_VALUE && !known->ended ? known : NULL;
}

gboolean
dh_onnx_read_layout (DhOnnxBuild *build, const DhOnnxNode *node, guint index, DhOnnxLayout *layout, DhShape *shape,
                     GError **error)
{
  const DhOnnxKnown *known = value_of (build, node, index);
  if (!known)
    return dh_onnx_refuse (node, error, "reads “%s”, which is no value of the network",
                           index < node->inputs->len ? (const char *)node->inputs->pdata[index] : "");
  if (!dh_onnx_shape (build, node, known->value, shape, error))
    return FALSE;
  *layout = dh_onnx_layout_full (&known->layout, *shape);
  return TRUE;
}

/* At another size it must be of the same sides: sizes that happen to fit at one are none. */
static gboolean
note_form (DhOnnxBuild *build, const DhOnnxNode *node, const DhOnnxLayout *layout, GError **error)
{
  g_autoptr (GString) form = g_string_new (NULL);
  for (guint i = 0; i < layout->n; i++)
    {
      for (guint k = 0; k < layout->axes[i].n; k++)
        {
          const DhOnnxStretch stretch = layout->axes[i].stretches[k];
          g_string_append_c (form, "chw"[stretch.side]);
          if (stretch.side == DH_ONNX_CHANNELS)
            g_string_append_printf (form, "%d/%d", stretch.size, stretch.step);
        }
      g_string_append_c (form, ',');
    }
  const guint place = build->forms->len;
  g_ptr_array_add (build->forms, g_string_free (g_steal_pointer (&form), FALSE));
  if (!build->known_forms
      || (place < build->known_forms->len
          && g_str_equal (build->known_forms->pdata[place], build->forms->pdata[place])))
    return TRUE;
  build->differs = TRUE;
  return dh_onnx_refuse (node, error, "changes the form of a value to another one of a picture of %d×%d",
                         build->nominal.w, build->nominal.h);
}

/* Whether a side of one pixel is one of any picture's: of a larger one there is no telling whether a list of channels
 * or of pixels was meant. */
static gboolean
stays_thin (DhOnnxBuild *build, DhValue value, DhShape shape)
{
  DhShape large = build->nominal;
  large.h *= 8;
  large.w *= 8;
  g_autofree DhShape *shapes = dh_graph_infer_shapes (build->graph, large, NULL);
  return shapes && (shape.h > 1 || shapes[value].h == 1) && (shape.w > 1 || shapes[value].w == 1);
}

static gboolean
take_form (DhOnnxBuild *build, const DhOnnxNode *node, DhOnnxLayout layout, DhShape shape, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, 0);
  if ((shape.h == 1 || shape.w == 1) && !stays_thin (build, known->value, shape))
    return dh_onnx_refuse (
        node, error,
        "changes the form of a value that is one pixel wide or high for pictures of %d×%d and not for "
        "larger ones: export the network at a larger size",
        build->nominal.w, build->nominal.h);
  if (!note_form (build, node, &layout, error))
    return FALSE;
  build->layout = dh_onnx_layout_plain (&layout, shape);
  return dh_onnx_take_value (build, node, known->value);
}

gboolean
dh_onnx_transpose_value (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhOnnxAttribute *order = dh_onnx_node_get (node, "perm", DH_ONNX_ATTRIBUTE_INTS);
  DhOnnxLayout layout, turned = { 0 };
  DhShape shape;
  guint seen = 0;
  if (!dh_onnx_read_layout (build, node, 0, &layout, &shape, error))
    return FALSE;
  turned.n = layout.n;
  for (guint i = 0; i < layout.n; i++)
    {
      const gint64 axis = !order                     ? (gint64)layout.n - 1 - i
                          : i < order->integers->len ? g_array_index (order->integers, gint64, i)
                                                     : -1;
      if (axis < 0 || axis >= layout.n || (order && order->integers->len != layout.n))
        return dh_onnx_refuse (node, error, "exchanges axes that are not those of its %u", layout.n);
      turned.axes[i] = layout.axes[axis];
      seen |= 1u << axis;
    }
  if (seen != (1u << layout.n) - 1)
    return dh_onnx_refuse (node, error, "exchanges axes that are not those of its %u", layout.n);
  return take_form (build, node, turned, shape, error);
}

/* Of Unsqueeze, Squeeze: a bit for each axis of the longer form. */
static gboolean
read_axes (DhOnnxBuild *build, const DhOnnxNode *node, gint64 n, guint *bits)
{
  const DhOnnxAttribute *attribute = dh_onnx_node_get (node, "axes", DH_ONNX_ATTRIBUTE_INTS);
  const GArray *input = dh_onnx_numbers (build, node, 1);
  const guint count = attribute ? attribute->integers->len : input ? input->len : 0;
  *bits = 0;
  if (g_str_equal (node->operation, "Unsqueeze"))
    n += count;
  for (guint i = 0; i < count; i++)
    {
      const gint64 number =
          attribute ? g_array_index (attribute->integers, gint64, i) : (gint64)g_array_index (input, double, i);
      const gint64 axis = number < 0 ? number + n : number;
      if (axis < 0 || axis >= n || n > DH_ONNX_MOST_AXES || (*bits & 1u << axis))
        return FALSE;
      *bits |= 1u << axis;
    }
  return count > 0;
}

static gboolean
read_sizes (DhOnnxBuild *build, const DhOnnxNode *node, const DhOnnxLayout *layout, guint *n, gint64 *sizes)
{
  const GArray *numbers = dh_onnx_numbers (build, node, 1);
  const DhOnnxAttribute *attribute = dh_onnx_node_get (node, "shape", DH_ONNX_ATTRIBUTE_INTS);
  const gboolean zeros = dh_onnx_node_get_int (node, "allowzero", 0) != 0;
  gint64 all = 1, made = 1;
  gint open = -1;
  *n = numbers ? numbers->len : attribute ? attribute->integers->len : 0;
  for (guint i = 0; i < layout->n; i++)
    all *= dh_onnx_axis_size (&layout->axes[i]);
  if (*n == 0 || *n > DH_ONNX_MOST_AXES)
    return FALSE;
  for (guint i = 0; i < *n; i++)
    {
      const double number =
          numbers ? g_array_index (numbers, double, i) : (double)g_array_index (attribute->integers, gint64, i);
      if (!(number >= -1 && number <= G_MAXINT) || number != (gint64)number)
        return FALSE;
      sizes[i] = (gint64)number;
      if (sizes[i] == 0 && (zeros || i >= layout->n))
        return FALSE;
      if (sizes[i] == 0)
        sizes[i] = dh_onnx_axis_size (&layout->axes[i]);
      if (sizes[i] == -1 && open >= 0)
        return FALSE;
      if (sizes[i] == -1)
        open = (gint)i;
      else if (sizes[i] > all / made)
        return FALSE;
      else
        made *= sizes[i];
    }
  if (open >= 0)
    sizes[open] = all / made;
  return open >= 0 ? all % made == 0 : made == all;
}

/* Reshape, Flatten, Squeeze, Unsqueeze. */
gboolean
dh_onnx_reshape_value (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  DhOnnxLayout layout;
  DhShape shape;
  gint64 sizes[2 * DH_ONNX_MOST_AXES] = { 0 };
  guint n = 0, bits = 0;
  if (!dh_onnx_read_layout (build, node, 0, &layout, &shape, error))
    return FALSE;
  if (g_str_equal (node->operation, "Reshape"))
    {
      build->differs = !read_sizes (build, node, &layout, &n, sizes);
      if (build->differs)
        return dh_onnx_refuse (node, error, "changes the form of a value to sizes that are not its own");
    }
  else if (g_str_equal (node->operation, "Flatten"))
    {
      const gint64 number = dh_onnx_node_get_int (node, "axis", 1), axis = number < 0 ? number + layout.n : number;
      if (axis < 0 || axis > layout.n)
        return dh_onnx_refuse (node, error, "changes axes that are not those of its %u", layout.n);
      n = 2;
      sizes[0] = sizes[1] = 1;
      for (guint i = 0; i < layout.n; i++)
        sizes[i >= axis] *= dh_onnx_axis_size (&layout.axes[i]);
    }
  else
    {
      const gboolean more = g_str_equal (node->operation, "Unsqueeze");
      if (!read_axes (build, node, layout.n, &bits))
        return dh_onnx_refuse (node, error, "changes axes that are not those of its %u", layout.n);
      for (guint i = 0, from = 0; from < layout.n || bits >> i; i++)
        if (more && bits & 1u << i)
          sizes[n++] = 1;
        else
          {
            const gint64 size = dh_onnx_axis_size (&layout.axes[from++]);
            if (!more && bits & 1u << i && size != 1)
              return dh_onnx_refuse (node, error, "leaves out an axis of %" G_GINT64_FORMAT, size);
            if (more || !(bits & 1u << i))
              sizes[n++] = size;
          }
    }
  build->differs = !dh_onnx_layout_reshape (&layout, n, sizes);
  if (build->differs)
    return dh_onnx_refuse (node, error, "changes the form of a value so that rows or columns are cut");
  return take_form (build, node, layout, shape, error);
}

/* O×I×1×1 of I×O, or O×I where `turned`; NULL where memory is short. */
static DhTensor *
dup_weights (DhTensor *tensor, gboolean turned)
{
  g_autoptr (DhTensor) real = dh_tensor_to_f32 (tensor);
  const gint64 ins = tensor->dims[turned ? 1 : 0], outs = tensor->dims[turned ? 0 : 1];
  const gint64 dims[] = { outs, ins, 1, 1 };
  DhTensor *weights = real ? dh_tensor_new_f32 (4, dims) : NULL;
  for (gint64 o = 0; weights && o < outs; o++)
    for (gint64 i = 0; i < ins; i++)
      dh_tensor_f32 (weights)[o * ins + i] = dh_tensor_f32 (real)[turned ? o * ins + i : i * outs + o];
  return weights;
}

static gboolean
take_gemm_bias (DhOnnxBuild *build, const DhOnnxNode *node, const char *label, gint outs, GError **error)
{
  const DhOnnxKnown *bias = dh_onnx_input (build, node, 2);
  DhTensor *tensor = bias ? bias->tensor : NULL;
  if (!tensor || tensor->dtype > DH_DTYPE_F64 || dh_tensor_count (tensor) != outs || tensor->n_dims < 1
      || tensor->dims[tensor->n_dims - 1] != outs)
    return dh_onnx_refuse (node, error, "has a bias that is not %d constants", outs);
  g_autoptr (DhTensor) real = dh_tensor_to_f32 (tensor);
  if (real)
    return dh_onnx_take_floats (build, label, ".bias", (guint)outs, dh_tensor_f32 (real), error);
  g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a network's parameters");
  return FALSE;
}

gboolean
dh_onnx_do_linear (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const gboolean gemm = g_str_equal (node->operation, "Gemm");
  const gboolean turned = gemm && dh_onnx_node_get_int (node, "transB", 0), bias = gemm && dh_onnx_has_input (node, 2);
  const DhOnnxKnown *weight = dh_onnx_input (build, node, 1);
  DhTensor *tensor = weight ? weight->tensor : NULL;
  DhOnnxLayout layout;
  DhShape shape;
  if (!dh_onnx_read_layout (build, node, 0, &layout, &shape, error))
    return FALSE;
  if (gemm
      && (dh_onnx_node_get_int (node, "transA", 0) || dh_onnx_node_get_float (node, "alpha", 1) != 1
          || (bias && dh_onnx_node_get_float (node, "beta", 1) != 1) || layout.n != 2))
    return dh_onnx_refuse (node, error, "is no linear layer of tokens");
  if (!tensor || tensor->n_dims != 2 || tensor->dtype > DH_DTYPE_F64)
    return dh_onnx_refuse (node, error, "multiplies by what is no constant of two dimensions");
  const gint64 ins = tensor->dims[turned ? 1 : 0], outs = tensor->dims[turned ? 0 : 1];
  if (dh_onnx_layout_channels (&layout, shape.c) != (gint)layout.n - 1 || ins != shape.c || outs < 1 || outs > 65536)
    return dh_onnx_refuse (node, error, "multiplies what does not end with %" G_GINT64_FORMAT " channels", ins);
  DhTensor *weights = dup_weights (tensor, turned);
  if (!weights)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a network's parameters");
      return FALSE;
    }
  const char *label = dh_onnx_label (build, node->inputs->pdata[1], node);
  g_autofree char *name = g_strconcat (label, ".weight", NULL);
  dh_tensor_dict_take (build->tensors, name, weights);
  if (bias && !take_gemm_bias (build, node, label, (gint)outs, error))
    return FALSE;
  const DhConv conv = { .out = (gint)outs, .kernel = 1, .bias = bias };
  const DhValue x = dh_onnx_input (build, node, 0)->value;
  layout.axes[layout.n - 1] = dh_onnx_axis_channels ((gint)outs, 1);
  shape.c = (gint)outs;
  build->layout = dh_onnx_layout_plain (&layout, shape);
  return dh_onnx_take_value (build, node, dh_graph_conv (build->graph, x, label, conv));
}
