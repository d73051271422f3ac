#include "dh-onnx-net.h"

#include <string.h>

#include "dh-error.h"
#include "dh-onnx-build-private.h"

/* The nodes are visited as they stand, and each becomes at most one of the graph: what it makes is known by its name
 * from then on. */

#define MOST_NODES 20000
#define MOST_NUMBERS 65536

const char *
dh_onnx_name_of (const DhOnnxNode *node)
{
  return *node->name != '\0' ? node->name : node->outputs->len > 0 ? node->outputs->pdata[0] : "without a name";
}

gboolean
dh_onnx_refuse (const DhOnnxNode *node, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *why = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "the %s “%s” %s", node->operation, dh_onnx_name_of (node), why);
  return FALSE;
}

static void
known_free (gpointer data)
{
  DhOnnxKnown *known = data;
  dh_tensor_unref (known->tensor);
  g_clear_pointer (&known->numbers, g_array_unref);
  g_free (known);
}

gboolean
dh_onnx_is_real (gint64 type)
{
  return type == 1 || type == 10 || type == 11 || type == 16;
}

gboolean
dh_onnx_has_input (const DhOnnxNode *node, guint index)
{
  return index < node->inputs->len && *(const char *)node->inputs->pdata[index] != '\0';
}

const DhOnnxKnown *
dh_onnx_input (DhOnnxBuild *build, const DhOnnxNode *node, guint index)
{
  return dh_onnx_has_input (node, index) ? g_hash_table_lookup (build->known, node->inputs->pdata[index]) : NULL;
}

DhValue
dh_onnx_value (DhOnnxBuild *build, const DhOnnxNode *node, guint index, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, index);
  if (known && known->value != DH_NO_VALUE && !known->ended && dh_onnx_layout_equal (&known->layout, &build->layout))
    return known->value;
  if (known && known->value != DH_NO_VALUE && !known->ended)
    dh_onnx_refuse (node, error, "reads “%s”, whose axes stand in another order here than N×C×H×W%s",
                    (const char *)node->inputs->pdata[index], build->layout.n > 0 ? ", or another operand's" : "");
  else if (known && known->ended)
    dh_onnx_refuse (node, error, "reads what is behind a %s", known->ended);
  else
    dh_onnx_refuse (node, error, "reads “%s”, which is no value of the network",
                    index < node->inputs->len ? (const char *)node->inputs->pdata[index] : "");
  return DH_NO_VALUE;
}

static double
number_at (const DhTensor *tensor, gint64 index)
{
  const char *data = dh_tensor_data (tensor);
  gint64 wide;
  gint32 narrow;
  switch (tensor->dtype)
    {
    case DH_DTYPE_I64:
      memcpy (&wide, data + index * 8, 8);
      return (double)wide;
    case DH_DTYPE_I32:
      memcpy (&narrow, data + index * 4, 4);
      return narrow;
    default:
      return 0;
    }
}

const GArray *
dh_onnx_numbers (DhOnnxBuild *build, const DhOnnxNode *node, guint index)
{
  DhOnnxKnown *known = (DhOnnxKnown *)dh_onnx_input (build, node, index);
  if (!known || known->numbers || !known->tensor)
    return known ? known->numbers : NULL;
  const gint64 n = dh_tensor_count (known->tensor);
  const gboolean integers = known->tensor->dtype == DH_DTYPE_I64 || known->tensor->dtype == DH_DTYPE_I32;
  if (n > MOST_NUMBERS || (!integers && known->tensor->dtype > DH_DTYPE_F64))
    return NULL;
  g_autoptr (DhTensor) real = integers ? NULL : dh_tensor_to_f32 (known->tensor);
  if (!integers && !real)
    return NULL;
  known->whole = integers;
  known->numbers = g_array_new (FALSE, FALSE, sizeof (double));
  for (gint64 i = 0; i < n; i++)
    {
      const double number = integers ? number_at (known->tensor, i) : dh_tensor_f32 (real)[i];
      g_array_append_val (known->numbers, number);
    }
  return known->numbers;
}

static gboolean
take (DhOnnxBuild *build, const DhOnnxNode *node, DhOnnxKnown known)
{
  if (node->outputs->len == 0)
    {
      dh_tensor_unref (known.tensor);
      g_clear_pointer (&known.numbers, g_array_unref);
      return TRUE;
    }
  g_hash_table_replace (build->known, node->outputs->pdata[0], g_memdup2 (&known, sizeof known));
  return TRUE;
}

gboolean
dh_onnx_take_numbers (DhOnnxBuild *build, const DhOnnxNode *node, GArray *numbers, gboolean whole, DhValue like)
{
  return take (build, node, (DhOnnxKnown){ .value = DH_NO_VALUE, .numbers = numbers, .whole = whole, .like = like });
}

gboolean
dh_onnx_take_value (DhOnnxBuild *build, const DhOnnxNode *node, DhValue value)
{
  const DhOnnxKnown known = { .value = value, .classes = 1, .like = DH_NO_VALUE, .layout = build->layout };
  return take (build, node, known);
}

gboolean
dh_onnx_take_part (DhOnnxBuild *build, const DhOnnxNode *node, DhOnnxKnown part)
{
  return take (build, node, part);
}

gboolean
dh_onnx_pass (DhOnnxBuild *build, const DhOnnxNode *node, guint index, const char *ended, GError **error)
{
  const DhOnnxKnown *known = dh_onnx_input (build, node, index);
  if (!known)
    return dh_onnx_refuse (node, error, "reads what is not known");
  DhOnnxKnown same = *known;
  same.ended = ended ? ended : known->ended;
  same.flat = known->flat && !ended;
  same.tensor = known->tensor ? dh_tensor_ref (known->tensor) : NULL;
  same.numbers = known->numbers ? g_array_ref (known->numbers) : NULL;
  return take (build, node, same);
}

gboolean
dh_onnx_shape (DhOnnxBuild *build, const DhOnnxNode *node, DhValue value, DhShape *shape, GError **error)
{
  if ((guint)value >= build->n_shapes)
    {
      GError *why = NULL;
      g_free (build->shapes);
      build->n_shapes = 0;
      build->shapes = dh_graph_infer_shapes (build->graph, build->nominal, &why);
      if (!build->shapes)
        {
          g_propagate_prefixed_error (error, why, "before the %s “%s”: ", node->operation, dh_onnx_name_of (node));
          return FALSE;
        }
      build->n_shapes = dh_graph_size (build->graph);
    }
  *shape = build->shapes[value];
  return TRUE;
}

const char *
dh_onnx_label (DhOnnxBuild *build, const char *tensor, const DhOnnxNode *node)
{
  const gboolean whole = g_str_has_suffix (tensor, ".weight") && strlen (tensor) > strlen (".weight");
  char *label = whole ? g_strndup (tensor, strlen (tensor) - strlen (".weight"))
                      : g_strdup (*tensor != '\0' ? tensor : dh_onnx_name_of (node));
  for (guint i = 2; g_hash_table_contains (build->labels, label); i++)
    {
      /* One tensor may serve several nodes. */
      g_autofree char *before = label;
      char *mark = strrchr (before, '#');
      if (mark && i > 2)
        *mark = '\0';
      label = g_strdup_printf ("%s#%u", before, i);
    }
  g_hash_table_add (build->labels, label);
  return label;
}

gboolean
dh_onnx_take_floats (DhOnnxBuild *build, const char *label, const char *suffix, guint n, const float *values,
                     GError **error)
{
  const gint64 dims[] = { n };
  DhTensor *tensor = dh_tensor_new_f32 (1, dims);
  if (!tensor)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a network's parameters");
      return FALSE;
    }
  memcpy (dh_tensor_f32 (tensor), values, n * sizeof *values);
  g_autofree char *name = g_strconcat (label, suffix, NULL);
  dh_tensor_dict_take (build->tensors, name, tensor);
  return TRUE;
}

static void
build_clear (DhOnnxBuild *build)
{
  dh_graph_unref (build->graph);
  g_free (build->shapes);
  g_hash_table_unref (build->known);
  g_hash_table_unref (build->labels);
  g_hash_table_unref (build->readers);
  g_array_unref (build->likes);
  g_ptr_array_unref (build->forms);
  g_hash_table_unref (build->done);
  g_hash_table_unref (build->halves);
  dh_tensor_dict_unref (build->tensors);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhOnnxBuild, build_clear)

static void
build_init (DhOnnxBuild *build, const DhOnnxModel *model, const DhOnnxBuild *first)
{
  *build = (DhOnnxBuild){ .model = model };
  build->known_likes = first ? first->likes : NULL;
  build->known_forms = first ? first->forms : NULL;
  build->forms = g_ptr_array_new_with_free_func (g_free);
  build->done = g_hash_table_new (NULL, NULL);
  build->halves = g_hash_table_new (NULL, NULL);
  build->graph = dh_graph_new ();
  build->known = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, known_free);
  build->labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  build->readers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
  build->likes = g_array_new (FALSE, FALSE, sizeof (DhValue));
  build->tensors = dh_tensor_dict_new ();
}

/* What is done to each element goes in whatever order they stand. */
static void
take_layout (DhOnnxBuild *build, const DhOnnxNode *node)
{
  for (guint i = 0; i < node->inputs->len; i++)
    {
      const DhOnnxKnown *known = dh_onnx_input (build, node, i);
      if (known && known->value != DH_NO_VALUE && !known->ended)
        {
          build->layout = known->layout;
          return;
        }
    }
}

/* A constant of more axes than the value has gives it as many. */
static gboolean
check_ranks (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  guint rank = 0;
  for (guint i = 0; i < node->inputs->len; i++)
    {
      const DhOnnxKnown *known = dh_onnx_input (build, node, i);
      if (known && (known->value != DH_NO_VALUE || known->part))
        rank = MAX (rank, known->layout.n > 0 ? known->layout.n : 4);
    }
  for (guint i = 0; i < node->inputs->len && rank > 0; i++)
    {
      const DhOnnxKnown *known = dh_onnx_input (build, node, i);
      if (known && known->tensor && known->tensor->n_dims > rank)
        return dh_onnx_refuse (node, error, "reckons with a constant of %u dimensions, and a value of %u",
                               known->tensor->n_dims, rank);
    }
  return TRUE;
}

static gboolean
visit (DhOnnxBuild *build, const DhOnnxPictures *pictures, GError **error)
{
  const GPtrArray *nodes = build->model->nodes;
  if (!dh_onnx_begin (build, pictures, error) || !dh_onnx_check_operations (build->model, error))
    return FALSE;
  for (guint i = 0; i < nodes->len; i++)
    {
      const DhOnnxNode *node = nodes->pdata[i];
      build->layout = (DhOnnxLayout){ 0 };
      if (g_hash_table_contains (build->done, node) || node->outputs->len == 0)
        continue;
      if (dh_onnx_is_pointwise (node))
        take_layout (build, node);
      if ((dh_onnx_is_pointwise (node) || g_str_equal (node->operation, "Pow")) && !check_ranks (build, node, error))
        return FALSE;
      if (!dh_onnx_operation (node) (build, node, error))
        return FALSE;
    }
  return TRUE;
}

/* Whether what is resized is as large as the file says at other sizes, too, where it says that of any. What else goes
 * wrong there the net itself says once it is given such a picture. */
static gboolean
check_elsewhere (const DhOnnxBuild *first, const DhOnnxPictures *pictures, GError **error)
{
  if (first->sized)
    return TRUE;
  for (guint i = 1; i <= DH_ONNX_ELSEWHERE; i++)
    {
      GError *why = NULL;
      g_auto (DhOnnxBuild) build = { NULL };
      build_init (&build, first->model, first);
      build.elsewhere = i;
      if (visit (&build, pictures, &why))
        return TRUE;
      if (build.differs)
        {
          g_propagate_error (error, why);
          return FALSE;
        }
      g_clear_error (&why);
    }
  return TRUE;
}

DhNet *
dh_onnx_net_new (const DhOnnxModel *model, const DhOnnxPictures *pictures, DhTensorDict **tensors, GError **error)
{
  g_return_val_if_fail (model != NULL && pictures != NULL && tensors != NULL, NULL);
  if (model->nodes->len > MOST_NODES)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "the network has %u nodes", model->nodes->len);
      return NULL;
    }
  g_auto (DhOnnxBuild) build = { NULL };
  build_init (&build, model, NULL);
  if (!visit (&build, pictures, error) || !check_elsewhere (&build, pictures, error))
    return NULL;
  DhNet *net = dh_onnx_finish (&build, pictures, error);
  if (net)
    *tensors = dh_tensor_dict_ref (build.tensors);
  return net;
}
