#include "dh-onnx-private.h"

#include "dh-error.h"

/* A norm's variance is kept from 0 by this. */
#define EPSILON 1e-5f

typedef struct
{
  const DhOnnxContents *contents;
  DhOnnxFile *file;
  DhShape *shapes;
  const char **names;          /* of every node's value; NULL: not needed */
  const char *maps[DH_N_MAPS]; /* those made so far */
} Export;

static const char *
input_of (const Export *export, const DhNode *node, guint i)
{
  return export->names[node->inputs[i]];
}

/* The tensor NAME.SUFFIX; NULL with an error where the weights have no such thing. */
static const char *
add_parameter (Export *export, const DhNode *node, const char *suffix, guint n_dims, const gint64 *dims, GError **error)
{
  g_autofree char *name = g_strconcat (node->name, suffix, NULL);
  DhTensor *tensor = dh_tensor_dict_get (export->contents->parameters, name);
  gboolean fits = tensor && tensor->n_dims == n_dims && tensor->dtype <= DH_DTYPE_F64;
  for (guint i = 0; fits && i < n_dims; i++)
    fits = tensor->dims[i] == dims[i];
  if (fits)
    return dh_onnx_file_tensor (export->file, name, dh_tensor_ref (tensor));
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The weights lack “%s”, or it has another shape", name);
  return NULL;
}

/* A label for a node without parameters, which is named by what it reads. */
static const char *
add_unary (Export *export, const DhNode *node, const char *operation, const char *what, const char *x)
{
  g_autofree char *label = g_strdup_printf ("%s/%s", node->name, what);
  return dh_onnx_file_node (export->file, operation, label, x, NULL);
}

static const char *
add_joined (Export *export, const DhNode *node, const char *operation, const char *what)
{
  g_autofree char *label = g_strdup_printf ("%s/%s", node->name, what);
  g_autofree const char **inputs = g_new (const char *, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++)
    inputs[i] = input_of (export, node, i);
  return dh_onnx_file_node_of (export->file, operation, label, inputs, node->n_inputs);
}

static void
set_window (Export *export, const DhNode *node)
{
  const gint64 kernel[] = { node->kernel, node->kernel }, strides[] = { node->stride, node->stride },
               pads[] = { node->padding, node->padding, node->padding, node->padding };
  dh_onnx_file_set_ints (export->file, "kernel_shape", 2, kernel);
  dh_onnx_file_set_ints (export->file, "strides", 2, strides);
  dh_onnx_file_set_ints (export->file, "pads", 4, pads);
}

/* The picture as the network reads it: RGB in [0, 1], channels first. */
static const char *
add_input (Export *export, DhShape shape)
{
  const gint64 dims[] = { shape.n, shape.h, shape.w, shape.c }, order[] = { 0, 3, 1, 2 };
  const float most = 255;
  dh_onnx_file_add_input (export->file, DH_ONNX_INPUT, DH_ONNX_UINT8, 4, dims);
  const char *x = dh_onnx_file_node (export->file, "Cast", "input/float", DH_ONNX_INPUT, NULL);
  dh_onnx_file_set_int (export->file, "to", DH_ONNX_FLOAT);
  x = dh_onnx_file_node (export->file, "Transpose", "input/planes", x, NULL);
  dh_onnx_file_set_ints (export->file, "perm", 4, order);
  return dh_onnx_file_node (export->file, "Div", "input", x,
                            dh_onnx_file_floats (export->file, "input/most", 0, NULL, &most), NULL);
}

static const char *
add_channel_scale (Export *export, const DhNode *node)
{
  const gint64 dims[] = { 1, 3, 1, 1 };
  const char *mean = dh_onnx_file_floats (export->file, "input/mean", 4, dims, node->mean);
  const char *deviation = dh_onnx_file_floats (export->file, "input/deviation", 4, dims, node->deviation);
  const char *x = dh_onnx_file_node (export->file, "Sub", "input/centred", input_of (export, node, 0), mean, NULL);
  return dh_onnx_file_node (export->file, "Div", "input/normalised", x, deviation, NULL);
}

static const char *
add_conv (Export *export, const DhNode *node, GError **error)
{
  const gint64 dims[] = { node->channels, export->shapes[node->inputs[0]].c / node->groups, node->kernel,
                          node->kernel };
  const gint64 dilations[] = { node->dilation, node->dilation };
  const char *weight = add_parameter (export, node, ".weight", 4, dims, error), *bias = NULL;
  if (!weight || (node->bias && !(bias = add_parameter (export, node, ".bias", 1, dims, error))))
    return NULL;
  const char *y = dh_onnx_file_node (export->file, "Conv", node->name, input_of (export, node, 0), weight, bias, NULL);
  set_window (export, node);
  dh_onnx_file_set_ints (export->file, "dilations", 2, dilations);
  if (node->groups > 1)
    dh_onnx_file_set_int (export->file, "group", node->groups);
  return y;
}

static const char *
add_norm (Export *export, const DhNode *node, GError **error)
{
  static const char *const suffixes[] = { ".weight", ".bias", ".running_mean", ".running_var" };
  const char *inputs[5] = { input_of (export, node, 0) };
  const gint64 channels = node->channels;
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (!(inputs[i + 1] = add_parameter (export, node, suffixes[i], 1, &channels, error)))
      return NULL;
  const char *y = dh_onnx_file_node_of (export->file, "BatchNormalization", node->name, inputs, 5);
  dh_onnx_file_set_float (export->file, "epsilon", EPSILON);
  return y;
}

/* One for each channel, as it is spread over pixels. */
static const char *
add_spread_parameter (Export *export, const DhNode *node, const char *suffix, GError **error)
{
  const gint64 dims[] = { 1, node->channels, 1, 1 };
  g_autofree char *name = g_strconcat (node->name, suffix, NULL);
  DhTensor *tensor = dh_tensor_dict_get (export->contents->parameters, name);
  if (!tensor || tensor->n_dims != 1 || tensor->dims[0] != node->channels || tensor->dtype > DH_DTYPE_F64)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The weights lack “%s”, or it has another shape", name);
      return NULL;
    }
  g_autoptr (DhTensor) real = dh_tensor_to_f32 (tensor);
  if (real)
    return dh_onnx_file_floats (export->file, name, 4, dims, dh_tensor_f32 (real));
  g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights");
  return NULL;
}

static const char *
add_layer_norm (Export *export, const DhNode *node, GError **error)
{
  const char *weight = add_spread_parameter (export, node, ".weight", error);
  const char *bias = weight ? add_spread_parameter (export, node, ".bias", error) : NULL;
  return bias ? dh_onnx_write_layer_norm (export->file, node->name, input_of (export, node, 0), weight, bias,
                                          node->epsilon)
              : NULL;
}

/* A picture of any size, as it is normalised. */
static const char *
add_free_input (Export *export)
{
  static const gint64 dims[] = { -1, 3, -1, -1 };
  dh_onnx_file_add_input (export->file, "input", DH_ONNX_FLOAT, 4, dims);
  return "input";
}

/* The means over windows along one side as a matrix, `cells`×`length` or, transposed, `length`×`cells`. */
static const char *
add_windows (Export *export, const DhNode *node, gint cells, gint length, gboolean transposed)
{
  g_autofree float *matrix = g_new0 (float, (gsize)cells *length);
  g_autofree char *label = g_strdup_printf ("%s/%s", node->name, transposed ? "columns" : "rows");
  for (gint64 cell = 0; cell < cells; cell++)
    {
      const gint64 begin = cell * length / cells, end = ((cell + 1) * length + cells - 1) / cells;
      for (gint64 at = begin; at < end; at++)
        matrix[transposed ? at * cells + cell : cell * length + at] = (float)(1.0 / (double)(end - begin));
    }
  const gint64 dims[] = { transposed ? length : cells, transposed ? cells : length };
  return dh_onnx_file_floats (export->file, label, 2, dims, matrix);
}

/* The windows overlap and differ in size, which no pool of ONNX can: rows · x · columns. */
static const char *
add_adaptive_pool (Export *export, const DhNode *node, DhShape from, DhShape to, GError **error)
{
  const char *x = input_of (export, node, 0);
  if (to.h == 1 && to.w == 1 && !(export->contents->names && node->grid_by_aspect))
    return add_unary (export, node, "GlobalAveragePool", "mean", x);
  if (export->contents->names)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "the pool “%s” to %d×%d cannot be written as ONNX for pictures of any size", node->name, to.h, to.w);
      return NULL;
    }
  g_autofree char *along = g_strdup_printf ("%s/pool_columns", node->name);
  g_autofree char *both = g_strdup_printf ("%s/pool", node->name);
  x = dh_onnx_file_node (export->file, "MatMul", along, x, add_windows (export, node, to.w, from.w, TRUE), NULL);
  return dh_onnx_file_node (export->file, "MatMul", both, add_windows (export, node, to.h, from.h, FALSE), x, NULL);
}

/* Of the shape of `x`, the two numbers from the one at `begin` on. */
static const char *
add_sides (Export *export, const DhNode *node, const char *x, gint64 begin)
{
  const gint64 end = begin + 2, axis = 0, one = 1;
  g_autofree char *whole = g_strdup_printf ("%s/shape", node->name);
  g_autofree char *part = g_strdup_printf ("%s/sides", node->name);
  const char *shape = dh_onnx_file_node (export->file, "Shape", whole, x, NULL);
  return dh_onnx_file_node (export->file, "Slice", part, shape,
                            dh_onnx_file_int64s (export->file, "begin", 1, &one, &begin),
                            dh_onnx_file_int64s (export->file, "end", 1, &one, &end),
                            dh_onnx_file_int64s (export->file, "axis", 1, &one, &axis), NULL);
}

static const char *
add_attention (Export *export, const DhNode *node, DhShape to)
{
  g_autofree char *label = g_strdup_printf ("%s/attention", node->name);
  const char *x[3];
  DhShape from[3];
  for (guint i = 0; i < 3; i++)
    {
      x[i] = input_of (export, node, i);
      from[i] = export->shapes[node->inputs[i]];
    }
  const char *sides = export->contents->names ? add_sides (export, node, x[0], 2) : NULL;
  return dh_onnx_write_attention (export->file, label, x, from, to, sides, node->heads, node->scale);
}

/* By factors, or as large as another value is for that picture. */
static const char *
add_free_resize (Export *export, const DhNode *node, const char *label, const char *x, GError **error)
{
  const gint64 four = 4;
  const gboolean by_factors = node->factor > 0 || node->factors[0] > 0;
  if (by_factors)
    {
      const float scales[] = { 1, 1, node->factor ? (float)node->factor : (float)node->factors[0],
                               node->factor ? (float)node->factor : (float)node->factors[1] };
      return dh_onnx_file_node (export->file, "Resize", label, x, "",
                                dh_onnx_file_floats (export->file, "scales", 1, &four, scales), NULL);
    }
  if (!export->names[node->like])
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "“%s” is as large as “%s”, which nothing needs", node->name,
                   dh_graph_node (export->contents->graph, node->like)->name);
      return NULL;
    }
  const char *first = add_sides (export, node, x, 0), *last = add_sides (export, node, export->names[node->like], 2);
  g_autofree char *joined = g_strdup_printf ("%s/size", node->name);
  const char *size = dh_onnx_file_node (export->file, "Concat", joined, first, last, NULL);
  dh_onnx_file_set_int (export->file, "axis", 0);
  return dh_onnx_file_node (export->file, "Resize", label, x, "", "", size, NULL);
}

static const char *
add_resize (Export *export, const DhNode *node, DhShape from, DhShape to, GError **error)
{
  const char *x = input_of (export, node, 0);
  if (!export->contents->names && from.h == to.h && from.w == to.w)
    return x;
  const gint64 sizes[] = { to.n, to.c, to.h, to.w }, four = 4;
  g_autofree char *label = g_strdup_printf ("%s/resize", node->name);
  const char *y = export->contents->names
                      ? add_free_resize (export, node, label, x, error)
                      : dh_onnx_file_node (export->file, "Resize", label, x, "", "",
                                           dh_onnx_file_int64s (export->file, "sizes", 1, &four, sizes), NULL);
  if (!y)
    return NULL;
  if (node->nearest)
    {
      dh_onnx_file_set_string (export->file, "mode", "nearest");
      dh_onnx_file_set_string (export->file, "coordinate_transformation_mode", "asymmetric");
      dh_onnx_file_set_string (export->file, "nearest_mode", "floor");
      return y;
    }
  dh_onnx_file_set_string (export->file, "mode", "linear");
  dh_onnx_file_set_string (export->file, "coordinate_transformation_mode",
                           node->align_corners ? "align_corners" : "half_pixel");
  return y;
}

static const char *
add_activation (Export *export, const DhNode *node)
{
  const DhActivation f = node->activation;
  const char *x = input_of (export, node, 0), *y;
  switch (f.kind)
    {
    case DH_ACTIVATION_CLIP:
      return dh_onnx_file_node (export->file, "Clip", node->name, x,
                                dh_onnx_file_floats (export->file, "least", 0, NULL, &f.alpha),
                                dh_onnx_file_floats (export->file, "most", 0, NULL, &f.beta), NULL);
    case DH_ACTIVATION_LEAKY:
      y = add_unary (export, node, "LeakyRelu", "leaky_relu", x);
      dh_onnx_file_set_float (export->file, "alpha", f.alpha);
      return y;
    case DH_ACTIVATION_SIGMOID:
    case DH_ACTIVATION_SILU:
      y = add_unary (export, node, "Sigmoid", "sigmoid", x);
      return f.kind == DH_ACTIVATION_SIGMOID ? y : dh_onnx_file_node (export->file, "Mul", "silu", x, y, NULL);
    case DH_ACTIVATION_GELU:
      return dh_onnx_write_gelu (export->file, x, FALSE);
    case DH_ACTIVATION_GELU_TANH:
      return dh_onnx_write_gelu (export->file, x, TRUE);
    case DH_ACTIVATION_HARD_SIGMOID:
    case DH_ACTIVATION_HARD_SWISH: /* the operator of that name has numbers of its own */
      y = add_unary (export, node, "HardSigmoid", "hard_sigmoid", x);
      dh_onnx_file_set_float (export->file, "alpha", f.alpha);
      dh_onnx_file_set_float (export->file, "beta", f.beta);
      return f.kind == DH_ACTIVATION_HARD_SIGMOID ? y
                                                  : dh_onnx_file_node (export->file, "Mul", "hard_swish", x, y, NULL);
    case DH_N_ACTIVATIONS:
      break;
    }
  g_assert_not_reached ();
}

static const char *
add_depth_to_space (Export *export, const DhNode *node)
{
  const char *y = add_unary (export, node, "DepthToSpace", "depth_to_space", input_of (export, node, 0));
  dh_onnx_file_set_int (export->file, "blocksize", node->kernel);
  dh_onnx_file_set_string (export->file, "mode", "CRD");
  return y;
}

static const char *
add_score (Export *export, const DhNode *node, DhShape shape)
{
  const gint64 dims[] = { shape.n, shape.h, shape.w };
  const gboolean reads_f = node->map != DH_MAP_DATASET_POSTERIOR;
  const char *f = reads_f ? input_of (export, node, 0) : NULL;
  const char *g = dh_map_needs_ood (node->map) ? input_of (export, node, node->n_inputs - 1) : NULL;
  const char *map = dh_onnx_score (export->file, node->map, f, g, export->maps[DH_MAP_LIKELIHOOD]);
  export->maps[node->map] = map;
  dh_onnx_file_add_output (export->file, map, node->map == DH_MAP_SEGMENTATION ? DH_ONNX_UINT8 : DH_ONNX_FLOAT, 3,
                           dims);
  return map;
}

/* Returns the name of the node's value; NULL with an error. */
static const char *
add_node (Export *export, DhValue value, GError **error)
{
  const DhNode *node = dh_graph_node (export->contents->graph, value);
  const DhShape to = export->shapes[value], from = node->n_inputs ? export->shapes[node->inputs[0]] : to;
  const char *y;
  switch (node->op)
    {
    case DH_OP_INPUT:
      return export->contents->names ? add_free_input (export) : add_input (export, to);
    case DH_OP_CHANNEL_SCALE:
      return export->contents->names ? input_of (export, node, 0) : add_channel_scale (export, node);
    case DH_OP_CONV:
      return add_conv (export, node, error);
    case DH_OP_NORM:
      return add_norm (export, node, error);
    case DH_OP_LAYER_NORM:
      return add_layer_norm (export, node, error);
    case DH_OP_ATTENTION:
      return add_attention (export, node, to);
    case DH_OP_RELU:
      return add_unary (export, node, "Relu", "relu", input_of (export, node, 0));
    case DH_OP_ACTIVATION:
      return add_activation (export, node);
    case DH_OP_MULTIPLY:
      return add_joined (export, node, "Mul", "multiply");
    case DH_OP_DEPTH_TO_SPACE:
      return add_depth_to_space (export, node);
    case DH_OP_ADD:
      return add_joined (export, node, "Add", "add");
    case DH_OP_CONCAT:
      y = add_joined (export, node, "Concat", "concat");
      dh_onnx_file_set_int (export->file, "axis", 1);
      return y;
    case DH_OP_MAX_POOL:
      y = add_unary (export, node, "MaxPool", "max_pool", input_of (export, node, 0));
      set_window (export, node);
      if (node->rounds_up)
        dh_onnx_file_set_int (export->file, "ceil_mode", 1);
      return y;
    case DH_OP_AVERAGE_POOL: /* padding is not counted: the operator's default */
      y = add_unary (export, node, "AveragePool", "average_pool", input_of (export, node, 0));
      set_window (export, node);
      if (node->rounds_up)
        dh_onnx_file_set_int (export->file, "ceil_mode", 1);
      return y;
    case DH_OP_ADAPTIVE_POOL:
      return add_adaptive_pool (export, node, from, to, error);
    case DH_OP_RESIZE:
      return add_resize (export, node, from, to, error);
    case DH_OP_DROPOUT: /* the identity in inference */
      return input_of (export, node, 0);
    case DH_OP_SCORE:
      return add_score (export, node, to);
    case DH_N_OPS:
      break;
    }
  g_assert_not_reached ();
}

gboolean
dh_onnx_save (const char *path, const DhOnnxContents *contents, GError **error)
{
  g_return_val_if_fail (path != NULL && contents != NULL && contents->graph != NULL && contents->n_outputs > 0, FALSE);
  g_return_val_if_fail (contents->name != NULL && contents->description != NULL, FALSE);

  const DhShape input = { 1, 3, contents->height, contents->width };
  g_autofree DhShape *shapes = dh_graph_infer_shapes (contents->graph, input, error);
  if (!shapes)
    return FALSE;
  const guint size = dh_graph_size (contents->graph);
  g_autofree gboolean *needed = dh_graph_mark_needed (contents->graph, contents->outputs, contents->n_outputs);
  g_autofree const char **names = g_new0 (const char *, size);
  g_autoptr (DhOnnxFile) file = dh_onnx_file_new ();
  Export export = { .contents = contents, .file = file, .shapes = shapes, .names = names };
  for (guint i = 0; contents->names && i < contents->n_outputs; i++)
    dh_onnx_file_reserve (file, contents->names[i]);
  for (DhValue v = 0; v < (DhValue)size; v++)
    if (needed[v] && !(names[v] = add_node (&export, v, error)))
      return FALSE;
  for (guint i = 0; contents->names && i < contents->n_outputs; i++)
    {
      const gint64 dims[] = { -1, shapes[contents->outputs[i]].c, -1, -1 };
      dh_onnx_file_release (file, contents->names[i]);
      dh_onnx_file_add_output (
          file, dh_onnx_file_node (file, "Identity", contents->names[i], names[contents->outputs[i]], NULL),
          DH_ONNX_FLOAT, 4, dims);
    }
  return dh_onnx_file_write (file, path, contents, error);
}
