#include "dh-error.h"
#include "dh-onnx-build-private.h"

#include <math.h>
#include <string.h>

/* What slides over a value or shrinks it to a grid. Our operators have square windows, the same on all sides; a
 * convolution is made so where that can be, what is another is refused by name. */

#define MOST_SQUARE 64   /* of a kernel that is made square */
#define MOST_WINDOW 4096 /* of kernels, strides, paddings, dilations */

typedef struct
{
  gint64 kernel[2], stride[2], dilation[2], padding[4]; /* rows, columns; top, left, bottom, right */
} Window;

static gboolean
read_sides (const DhOnnxNode *node, const char *name, guint n, gint64 otherwise, gint64 *sides, GError **error)
{
  const DhOnnxAttribute *found = dh_onnx_node_get (node, name, DH_ONNX_ATTRIBUTE_INTS);
  if (found && found->integers->len != n)
    return dh_onnx_refuse (node, error, "has %u %s instead of %u", found->integers->len, name, n);
  for (guint i = 0; i < n; i++)
    {
      sides[i] = found ? g_array_index (found->integers, gint64, i) : otherwise;
      if (sides[i] < 0 || sides[i] > MOST_WINDOW)
        return dh_onnx_refuse (node, error, "has %s of %" G_GINT64_FORMAT, name, sides[i]);
    }
  return TRUE;
}

static gboolean
read_window (const DhOnnxNode *node, Window *window, GError **error)
{
  const char *automatic = dh_onnx_node_get_string (node, "auto_pad", "NOTSET");
  if (!read_sides (node, "strides", 2, 1, window->stride, error)
      || !read_sides (node, "dilations", 2, 1, window->dilation, error)
      || !read_sides (node, "pads", 4, 0, window->padding, error))
    return FALSE;
  for (guint i = 0; i < 2; i++)
    if (window->kernel[i] < 1 || window->kernel[i] > MOST_WINDOW || window->stride[i] < 1 || window->dilation[i] < 1)
      return dh_onnx_refuse (node, error, "has an empty window");
  if (g_str_equal (automatic, "NOTSET") || g_str_equal (automatic, "VALID"))
    return TRUE;
  for (guint i = 0; i < 2; i++)
    {
      const gint64 total = window->dilation[i] * (window->kernel[i] - 1);
      if (window->stride[i] != 1 || total % 2)
        return dh_onnx_refuse (node, error, "is padded by %s, by more on one side than on the other", automatic);
      window->padding[i] = window->padding[i + 2] = total / 2;
    }
  return TRUE;
}

static gboolean
is_square (const Window *window)
{
  return window->kernel[0] == window->kernel[1] && window->stride[0] == window->stride[1]
         && window->dilation[0] == window->dilation[1] && window->padding[0] == window->padding[1]
         && window->padding[0] == window->padding[2] && window->padding[0] == window->padding[3];
}

static gboolean
refuse_window (const DhOnnxNode *node, const Window *window, GError **error)
{
  return dh_onnx_refuse (
      node, error,
      "has a window of %d×%d in steps of %d×%d, padded by %d, %d, %d and %d: here windows are square "
      "and the same on all sides",
      (gint)window->kernel[0], (gint)window->kernel[1], (gint)window->stride[0], (gint)window->stride[1],
      (gint)window->padding[0], (gint)window->padding[1], (gint)window->padding[2], (gint)window->padding[3]);
}

static gboolean
take_bias (DhOnnxBuild *build, const DhOnnxNode *node, const char *label, gint64 channels, GError **error)
{
  const DhOnnxKnown *bias = dh_onnx_input (build, node, 2);
  if (!bias || !bias->tensor || bias->tensor->n_dims != 1 || bias->tensor->dims[0] != channels
      || bias->tensor->dtype > DH_DTYPE_F64)
    return dh_onnx_refuse (node, error, "has a bias that is not %" G_GINT64_FORMAT " constants", channels);
  g_autofree char *name = g_strconcat (label, ".bias", NULL);
  dh_tensor_dict_take (build->tensors, name, dh_tensor_ref (bias->tensor));
  return TRUE;
}

/* A window of 3×1, or one that is padded by more on one side, as a larger one with 0 around it that is square and
 * padded by the same everywhere: which of a value's pixels meet which weights, and where results stand, is left as it
 * is. `more`: rows above, columns on the left. FALSE: there is none. */
static gboolean
make_square (Window *window, gint64 more[2])
{
  Window larger = *window;
  gint64 padding = 0;
  for (guint i = 0; i < 2; i++)
    if (window->kernel[i] == 1)
      larger.dilation[i] = window->dilation[1 - i];
  const gint64 step = larger.dilation[0];
  for (guint i = 0; i < 4; i++)
    padding = MAX (padding, window->padding[i]);
  for (guint i = 0; i < 4; i++)
    {
      if ((padding - window->padding[i]) % step)
        return FALSE;
      larger.kernel[i % 2] += (padding - window->padding[i]) / step;
      larger.padding[i] = padding;
    }
  for (guint i = 0; i < 2; i++)
    more[i] = (padding - window->padding[i]) / step;
  if (!is_square (&larger) || larger.kernel[0] > MOST_SQUARE)
    return FALSE;
  *window = larger;
  return TRUE;
}

/* O×I×kernel×kernel of O×I×h×w; NULL where memory is short. */
static DhTensor *
enlarge (DhTensor *tensor, gint64 kernel, const gint64 more[2])
{
  const gint64 h = tensor->dims[2], w = tensor->dims[3], n = tensor->dims[0] * tensor->dims[1];
  const gint64 dims[] = { tensor->dims[0], tensor->dims[1], kernel, kernel };
  g_autoptr (DhTensor) real = dh_tensor_to_f32 (tensor);
  DhTensor *larger = real ? dh_tensor_new_f32 (4, dims) : NULL;
  if (!larger)
    return NULL;
  memset (dh_tensor_f32 (larger), 0, dh_tensor_size_bytes (larger));
  for (gint64 i = 0; i < n; i++)
    for (gint64 y = 0; y < h; y++)
      memcpy (dh_tensor_f32 (larger) + (i * kernel + y + more[0]) * kernel + more[1],
              dh_tensor_f32 (real) + (i * h + y) * w, (gsize)w * sizeof (float));
  return larger;
}

gboolean
dh_onnx_do_conv (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhValue x = dh_onnx_value (build, node, 0, error);
  if (x == DH_NO_VALUE)
    return FALSE;
  const DhOnnxKnown *weight = dh_onnx_input (build, node, 1);
  const gboolean bias = dh_onnx_has_input (node, 2);
  DhTensor *tensor = weight ? weight->tensor : NULL;
  if (!tensor || tensor->n_dims != 4 || tensor->dtype > DH_DTYPE_F64)
    return dh_onnx_refuse (node, error, "has weights that are no constant of four dimensions");
  const gint64 groups = dh_onnx_node_get_int (node, "group", 1), out = tensor->dims[0];
  const gint channels = dh_graph_node (build->graph, x)->channels;
  if (groups < 1 || channels % groups || out % groups)
    return dh_onnx_refuse (node, error, "has %" G_GINT64_FORMAT " groups of %d and %" G_GINT64_FORMAT " channels",
                           groups, channels, out);
  if (tensor->dims[1] != channels / groups || out < 1 || out > 65536)
    return dh_onnx_refuse (node, error, "reads %d channels with weights of %" G_GINT64_FORMAT "×%" G_GINT64_FORMAT,
                           channels, out, tensor->dims[1]);
  Window window = { .kernel = { tensor->dims[2], tensor->dims[3] } };
  if (!read_window (node, &window, error))
    return FALSE;
  /* How far the taps of 1×1 are apart is nothing. */
  if (window.kernel[0] == 1 && window.kernel[1] == 1)
    window.dilation[0] = window.dilation[1] = 1;
  gint64 more[2];
  const gboolean square = is_square (&window);
  if (!square && !make_square (&window, more))
    return refuse_window (node, &window, error);
  DhTensor *weights = square ? dh_tensor_ref (tensor) : enlarge (tensor, window.kernel[0], more);
  if (!weights)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a network's parameters");
      return FALSE;
    }
  const char *label = dh_onnx_label (build, node->inputs->pdata[1], node);
  g_autofree char *name = g_strconcat (label, ".weight", NULL);
  dh_tensor_dict_take (build->tensors, name, weights);
  if (bias && !take_bias (build, node, label, out, error))
    return FALSE;
  const DhConv conv = { .out = (gint)out,
                        .kernel = (gint)window.kernel[0],
                        .stride = (gint)window.stride[0],
                        .padding = (gint)window.padding[0],
                        .dilation = (gint)window.dilation[0],
                        .bias = bias,
                        .groups = (gint)groups };
  return dh_onnx_take_value (build, node, dh_graph_conv (build->graph, x, label, conv));
}

/* Exporters write an adaptive pool at a fixed size as windows beside each other that fill the value. */
static gboolean
is_grid (const Window *window, DhShape shape, gint *rows, gboolean *by_aspect)
{
  for (guint i = 0; i < 2; i++)
    {
      const gint64 side = i ? shape.w : shape.h;
      if (side % window->kernel[i] || (window->stride[i] != window->kernel[i] && window->kernel[i] != side)
          || window->padding[i] || window->padding[i + 2] || window->dilation[i] != 1)
        return FALSE;
    }
  const gint64 columns = shape.w / window->kernel[1];
  *rows = (gint)(shape.h / window->kernel[0]);
  *by_aspect = columns != *rows;
  return !*by_aspect || columns == (gint64)MAX (1, rint (*rows * ((double)shape.w / shape.h)));
}

/* Pyramids of grids begin with one of a single row. */
static gboolean
is_of_pyramid (DhOnnxBuild *build, const DhOnnxNode *node, DhShape shape)
{
  const GPtrArray *readers = g_hash_table_lookup (build->readers, node->inputs->pdata[0]);
  for (guint i = 0; readers && i < readers->len; i++)
    {
      const DhOnnxNode *reader = readers->pdata[i];
      const DhOnnxAttribute *kernel = dh_onnx_node_get (reader, "kernel_shape", DH_ONNX_ATTRIBUTE_INTS);
      if (g_str_equal (reader->operation, "GlobalAveragePool") || g_str_equal (reader->operation, "ReduceMean")
          || (g_str_equal (reader->operation, "AveragePool") && kernel && kernel->integers->len == 2
              && g_array_index (kernel->integers, gint64, 0) == shape.h))
        return TRUE;
    }
  return FALSE;
}

/* Square windows that shrink a value by as much whatever its size: they overlap, or are small, or many, and nothing
 * beside them speaks for a grid. */
static gboolean
is_plain (DhOnnxBuild *build, const DhOnnxNode *node, const Window *window, DhShape shape)
{
  const gint64 kernel = window->kernel[0];
  if (!is_square (window) || (kernel == shape.h && kernel == shape.w && window->stride[0] == kernel))
    return FALSE;
  return window->stride[0] < kernel || shape.h / kernel > 8 || (kernel <= 8 && !is_of_pyramid (build, node, shape));
}

gboolean
dh_onnx_do_pool (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhValue x = dh_onnx_value (build, node, 0, error);
  const gboolean most = g_str_equal (node->operation, "MaxPool");
  Window window;
  DhShape shape;
  if (x == DH_NO_VALUE || !dh_onnx_shape (build, node, x, &shape, error))
    return FALSE;
  if (!dh_onnx_node_get (node, "kernel_shape", DH_ONNX_ATTRIBUTE_INTS))
    return dh_onnx_refuse (node, error, "has no kernel_shape");
  if (!read_sides (node, "kernel_shape", 2, 1, window.kernel, error) || !read_window (node, &window, error))
    return FALSE;
  if (most && node->outputs->len > 1 && *(const char *)node->outputs->pdata[1] != '\0')
    return dh_onnx_refuse (node, error, "tells where the largest values stood");
  gint rows;
  gboolean by_aspect;
  if (!most && build->sized && !is_plain (build, node, &window, shape) && is_grid (&window, shape, &rows, &by_aspect))
    return dh_onnx_take_value (build, node, dh_graph_adaptive_pool (build->graph, x, rows, by_aspect));
  if (!is_square (&window) || window.dilation[0] != 1 || window.padding[0] > window.kernel[0] / 2)
    return refuse_window (node, &window, error);
  if (!most && window.padding[0] > 0 && dh_onnx_node_get_int (node, "count_include_pad", 0))
    return dh_onnx_refuse (node, error, "counts its padding in the mean (count_include_pad)");
  const gint kernel = (gint)window.kernel[0], stride = (gint)window.stride[0], padding = (gint)window.padding[0];
  if (dh_onnx_node_get_int (node, "ceil_mode", 0) && stride > 1)
    return dh_onnx_take_value (build, node,
                               dh_graph_pool_rounded_up (build->graph, most ? DH_OP_MAX_POOL : DH_OP_AVERAGE_POOL, x,
                                                         kernel, stride, padding));
  return dh_onnx_take_value (build, node,
                             most ? dh_graph_max_pool (build->graph, x, kernel, stride, padding)
                                  : dh_graph_average_pool (build->graph, x, kernel, stride, padding));
}

/* As a 1×1 convolution to one channel. */
static gboolean
take_over_channels (DhOnnxBuild *build, const DhOnnxNode *node, DhValue x, GError **error)
{
  const gint channels = dh_graph_node (build->graph, x)->channels;
  const gint64 dims[] = { 1, channels, 1, 1 };
  DhTensor *weights = dh_tensor_new_f32 (4, dims);
  if (!weights)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a network's parameters");
      return FALSE;
    }
  for (gint c = 0; c < channels; c++)
    dh_tensor_f32 (weights)[c] = g_str_equal (node->operation, "ReduceSum") ? 1 : 1 / (float)channels;
  const char *label = dh_onnx_label (build, node->outputs->pdata[0], node);
  g_autofree char *name = g_strconcat (label, ".weight", NULL);
  dh_tensor_dict_take (build->tensors, name, weights);
  const DhConv conv = { .out = 1, .kernel = 1 };
  if (!dh_onnx_take_value (build, node, dh_graph_conv (build->graph, x, label, conv)))
    return FALSE;
  if (!dh_onnx_node_get_int (node, "keepdims", 1))
    {
      DhOnnxKnown *known = g_hash_table_lookup (build->known, node->outputs->pdata[0]);
      known->ended = "sum or mean over channels";
      known->flat = TRUE;
    }
  return TRUE;
}

/* GlobalAveragePool, ReduceMean and ReduceSum */
gboolean
dh_onnx_do_mean (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  gboolean begun;
  if (!dh_onnx_begin_layer_norm (build, node, &begun, error) || begun)
    return begun;
  const DhValue x = dh_onnx_value (build, node, 0, error);
  if (x == DH_NO_VALUE)
    return FALSE;
  if (!g_str_equal (node->operation, "GlobalAveragePool"))
    {
      const DhOnnxAttribute *attribute = dh_onnx_node_get (node, "axes", DH_ONNX_ATTRIBUTE_INTS);
      const GArray *input = dh_onnx_numbers (build, node, 1);
      guint sides = 0;
      const guint n = attribute ? attribute->integers->len : input ? input->len : 0;
      for (guint i = 0; i < n; i++)
        {
          const double axis =
              attribute ? (double)g_array_index (attribute->integers, gint64, i) : g_array_index (input, double, i);
          sides |= axis == 2 || axis == -2 ? 1 : axis == 3 || axis == -1 ? 2 : axis == 1 || axis == -3 ? 4 : 8;
        }
      if (sides == 4)
        return take_over_channels (build, node, x, error);
      if (g_str_equal (node->operation, "ReduceSum"))
        return dh_onnx_refuse (node, error, "is no sum over channels");
      if (sides != 3 || !dh_onnx_node_get_int (node, "keepdims", 1))
        return dh_onnx_refuse (node, error, "is no mean over height and width that stay as 1×1");
    }
  return dh_onnx_take_value (build, node, dh_graph_adaptive_pool (build->graph, x, 1, FALSE));
}
