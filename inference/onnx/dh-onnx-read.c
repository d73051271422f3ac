#include "dh-onnx-read-private.h"

#include <stdlib.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"

enum
{
  HEAD = 512,          /* bytes that tell what a file is */
  MOST_NODES = 100000, /* a deep network has some thousands, and fewer constants */
  MOST_CONSTANTS = 20000,
  MOST_METADATA = 10000,
  MOST_PARTS = 1000000,
  LAST_IR_VERSION = 100,
};

/* What protobuf's own readers take, of a file as of what is unpacked from it. */
#define MOST_BYTES G_MAXINT32

/* A model under way. */
typedef struct
{
  DhOnnxReader reader;
  DhOnnxModel *model;
  GHashTable *names; /* of all constants, with those that are left out */
  guint metadata_left;
  gboolean has_graph;
  char *producer, *producer_version;
} Reading;

/* ---- what goes in and comes out ---- */

/* TensorShapeProto.Dimension: a number, or what stands for one. */
static gboolean
read_dim (DhOnnxValue *value, DhOnnxSpan message, GError **error)
{
  gint64 dim = -1;
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  for (DhOnnxField field; dh_onnx_wire_next (&wire, &field);)
    if (field.key == DH_ONNX_KEY (1, VARINT))
      dim = MAX ((gint64)field.number, -1);
    else if (field.key == DH_ONNX_KEY (2, BYTES))
      dim = -1;
  if (value->n_dims < DH_MAX_DIMS)
    value->dims[value->n_dims] = dim;
  value->n_dims++;
  return dh_onnx_reader_ended (&wire, "a dimension", error);
}

static gboolean
read_shape (DhOnnxValue *value, DhOnnxSpan message, GError **error)
{
  value->n_dims = 0;
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  for (DhOnnxField field; dh_onnx_wire_next (&wire, &field);)
    if (field.key == DH_ONNX_KEY (1, BYTES) && !read_dim (value, field.bytes, error))
      return FALSE;
  if (value->n_dims > DH_MAX_DIMS)
    value->n_dims = -1;
  return dh_onnx_reader_ended (&wire, "a shape", error);
}

/* TypeProto.Tensor */
static gboolean
read_tensor_type (DhOnnxValue *value, DhOnnxSpan message, GError **error)
{
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  for (DhOnnxField field; dh_onnx_wire_next (&wire, &field);)
    if (field.key == DH_ONNX_KEY (1, VARINT))
      value->type = (gint)MIN (field.number, G_MAXINT);
    else if (field.key == DH_ONNX_KEY (2, BYTES) && !read_shape (value, field.bytes, error))
      return FALSE;
  return dh_onnx_reader_ended (&wire, "the type of a tensor", error);
}

/* TypeProto; of what is no tensor nothing is told. */
static gboolean
read_type (DhOnnxValue *value, DhOnnxSpan message, GError **error)
{
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  for (DhOnnxField field; dh_onnx_wire_next (&wire, &field);)
    if (field.key == DH_ONNX_KEY (1, BYTES) && !read_tensor_type (value, field.bytes, error))
      return FALSE;
  return dh_onnx_reader_ended (&wire, "a type", error);
}

/* ValueInfoProto */
static gboolean
read_value (Reading *reading, GPtrArray *values, DhOnnxSpan message, GError **error)
{
  g_autoptr (DhOnnxValue) value = g_new0 (DhOnnxValue, 1);
  value->name = g_strdup ("");
  value->n_dims = -1;
  if (!dh_onnx_reader_count (&reading->reader.parts_left, "inputs and outputs", error))
    return FALSE;
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  gboolean good = TRUE;
  for (DhOnnxField field; good && dh_onnx_wire_next (&wire, &field);)
    if (field.key == DH_ONNX_KEY (1, BYTES))
      good = dh_onnx_reader_name (field.bytes, &value->name, error);
    else if (field.key == DH_ONNX_KEY (2, BYTES))
      good = read_type (value, field.bytes, error);
  if (!good || !dh_onnx_reader_ended (&wire, "an input or output", error))
    return FALSE;
  g_ptr_array_add (values, g_steal_pointer (&value));
  return TRUE;
}

/* ---- the graph ---- */

static gboolean
read_constant (Reading *reading, DhOnnxSpan message, GError **error)
{
  g_autofree char *name = NULL;
  g_autoptr (DhTensor) tensor = NULL;
  if (!dh_onnx_reader_count (&reading->reader.constants_left, "constants", error)
      || !dh_onnx_read_tensor (&reading->reader, message, &name, &tensor, error))
    return FALSE;
  if (*name == '\0' || g_hash_table_contains (reading->names, name))
    {
      if (*name)
        g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the constant %s stands there twice", name);
      else
        g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "a constant has no name");
      return FALSE;
    }
  if (tensor)
    dh_tensor_dict_take (reading->model->constants, name, g_steal_pointer (&tensor));
  g_hash_table_add (reading->names, g_steal_pointer (&name));
  return TRUE;
}

static gboolean
read_graph (Reading *reading, DhOnnxSpan message, GError **error)
{
  DhOnnxModel *model = reading->model;
  reading->has_graph = TRUE;
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  gboolean good = TRUE;
  for (DhOnnxField field; good && dh_onnx_wire_next (&wire, &field);)
    switch (field.key)
      {
      case DH_ONNX_KEY (1, BYTES):
        {
          DhOnnxNode *node = dh_onnx_read_node (&reading->reader, field.bytes, error);
          good = node != NULL;
          if (node)
            g_ptr_array_add (model->nodes, node);
          break;
        }
      case DH_ONNX_KEY (5, BYTES):
        good = read_constant (reading, field.bytes, error);
        break;
      case DH_ONNX_KEY (11, BYTES):
        good = read_value (reading, model->inputs, field.bytes, error);
        break;
      case DH_ONNX_KEY (12, BYTES):
        good = read_value (reading, model->outputs, field.bytes, error);
        break;
      default:
        break;
      }
  return good && dh_onnx_reader_ended (&wire, "the graph", error);
}

/* ---- the model ---- */

/* OperatorSetIdProto */
static gboolean
read_operators (DhOnnxModel *model, DhOnnxSpan message, GError **error)
{
  DhOnnxSpan domain = { message.data, 0 };
  gint64 version = 0;
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  for (DhOnnxField field; dh_onnx_wire_next (&wire, &field);)
    if (field.key == DH_ONNX_KEY (1, BYTES))
      domain = field.bytes;
    else if (field.key == DH_ONNX_KEY (2, VARINT))
      version = (gint64)field.number;
  if (domain.size == 0 || (domain.size == 7 && memcmp (domain.data, "ai.onnx", 7) == 0))
    model->operator_set = version;
  return dh_onnx_reader_ended (&wire, "an operator set", error);
}

static gboolean
read_metadata (Reading *reading, DhOnnxSpan message, GError **error)
{
  DhOnnxSpan key, value;
  if (!dh_onnx_reader_count (&reading->metadata_left, "metadata", error)
      || !dh_onnx_reader_entry (message, &key, &value, error))
    return FALSE;
  g_hash_table_insert (reading->model->metadata, dh_onnx_reader_text (key), dh_onnx_reader_text (value));
  return TRUE;
}

static void
replace_text (char **text, DhOnnxSpan span)
{
  g_free (*text);
  *text = dh_onnx_reader_text (span);
}

/* What stands twice: the last counts, and of graphs all that they hold, as protobuf has it. */
static gboolean
read_model (Reading *reading, DhOnnxSpan message, GError **error)
{
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  gboolean good = TRUE;
  for (DhOnnxField field; good && dh_onnx_wire_next (&wire, &field);)
    switch (field.key)
      {
      case DH_ONNX_KEY (1, VARINT):
        reading->model->ir_version = (gint64)field.number;
        break;
      case DH_ONNX_KEY (2, BYTES):
        replace_text (&reading->producer, field.bytes);
        break;
      case DH_ONNX_KEY (3, BYTES):
        replace_text (&reading->producer_version, field.bytes);
        break;
      case DH_ONNX_KEY (7, BYTES):
        good = read_graph (reading, field.bytes, error);
        break;
      case DH_ONNX_KEY (8, BYTES):
        good = read_operators (reading->model, field.bytes, error);
        break;
      case DH_ONNX_KEY (14, BYTES):
        good = read_metadata (reading, field.bytes, error);
        break;
      default:
        break;
      }
  return good && dh_onnx_reader_ended (&wire, "the model", error);
}

/* Files of before IR version 4 name their constants among the inputs, too. */
static void
keep_inputs (Reading *reading)
{
  GPtrArray *inputs = reading->model->inputs;
  guint n = 0;
  for (guint i = 0; i < inputs->len; i++)
    {
      DhOnnxValue *value = g_ptr_array_index (inputs, i);
      if (g_hash_table_contains (reading->names, value->name))
        continue;
      g_ptr_array_index (inputs, i) = g_ptr_array_index (inputs, n);
      g_ptr_array_index (inputs, n++) = value;
    }
  g_ptr_array_set_size (inputs, (gint)n);
}

/* What is known only when all was read. */
static gboolean
finish (Reading *reading, GError **error)
{
  DhOnnxModel *model = reading->model;
  if (!reading->has_graph)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "holds no graph, so no network");
      return FALSE;
    }
  if (model->operator_set <= 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                           "does not say which version of ONNX's operators it uses; export it again");
      return FALSE;
    }
  keep_inputs (reading);
  g_free (model->producer);
  model->producer =
      g_strconcat (reading->producer, *reading->producer_version ? " " : "", reading->producer_version, NULL);
  gsize size;
  gconstpointer first = g_bytes_get_data (reading->reader.bytes, &size);
  g_autofree char *sha256 = dh_sha256 (first, size);
  model->sha256 = dh_onnx_data_add_to_sha256 (reading->reader.data, sha256);
  return TRUE;
}

/* ---- the file ---- */

/* ModelProto's fields of these kinds, and no others, as bits by their numbers. */
#define VARINTS (1u << 1 | 1u << 5)
#define BYTES (1u << 2 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 14 | 1u << 20 | 1u << 25 | 1u << 26)
/* Of those the ones without which there is no model: producer, graph, operator sets. */
#define TELLING (1u << 2 | 1u << 7 | 1u << 8)

gboolean
dh_onnx_looks_like (gconstpointer data, gsize length)
{
  gboolean has_version = FALSE, has_more = FALSE;
  DhOnnxWire wire = dh_onnx_wire_begin ((DhOnnxSpan){ data, length });
  DhOnnxField field;
  while (dh_onnx_wire_next (&wire, &field) || field.key)
    {
      const guint number = field.key >> 3, kind = field.key & 7;
      const guint known = kind == DH_ONNX_WIRE_VARINT ? VARINTS : kind == DH_ONNX_WIRE_BYTES ? BYTES : 0;
      if (number >= 32 || !(known >> number & 1))
        return FALSE;
      if (number == 1 && !wire.broken)
        {
          has_version = TRUE;
          if (field.number < 1 || field.number > LAST_IR_VERSION)
            return FALSE;
        }
      has_more = has_more || (TELLING >> number & 1);
      if (has_version && number == 7) /* what stands behind a graph may be of later versions */
        return TRUE;
    }
  return has_version && has_more;
}

/* What a download left instead, told by its first bytes. */
static gboolean
check_head (GBytes *head, GError **error)
{
  gsize size;
  const char *first = g_bytes_get_data (head, &size);
  if (dh_onnx_looks_like (first, MIN (size, HEAD)))
    return TRUE;
  const char *why = "is no ONNX file";
  if (size == 0)
    why = "is empty; fetch it again";
  else if (g_strstr_len (first, (gssize)MIN (size, HEAD), "version https://git-lfs"))
    why = "is a Git LFS pointer, not the file that it stands for: fetch that (git lfs pull)";
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, why);
  return FALSE;
}

/* `data` may be NULL; borrowed. */
static DhOnnxModel *
read_bytes (GBytes *bytes, const char *name, DhOnnxData *data, GError **error)
{
  g_autoptr (DhOnnxModel) model = dh_onnx_model_new ();
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reading reading = { .reader = { .bytes = bytes,
                                  .data = data,
                                  .bytes_left = MOST_BYTES,
                                  .nodes_left = MOST_NODES,
                                  .constants_left = MOST_CONSTANTS,
                                  .parts_left = MOST_PARTS },
                      .model = model,
                      .names = names,
                      .metadata_left = MOST_METADATA,
                      .producer = g_strdup (""),
                      .producer_version = g_strdup ("") };
  gsize size;
  const guint8 *first = g_bytes_get_data (bytes, &size);
  const gboolean good = check_head (bytes, error) && read_model (&reading, (DhOnnxSpan){ first, size }, error)
                        && finish (&reading, error);
  g_free (reading.producer);
  g_free (reading.producer_version);
  if (good)
    return g_steal_pointer (&model);
  g_prefix_error (error, "%s: ", name);
  return NULL;
}

DhOnnxModel *
dh_onnx_model_read_bytes (GBytes *bytes, const char *name, const char *folder, GError **error)
{
  g_return_val_if_fail (bytes != NULL && name != NULL, NULL);

  g_autoptr (DhOnnxData) data = folder ? dh_onnx_data_new (folder, NULL) : NULL;
  return read_bytes (bytes, name, data, error);
}

DhOnnxModel *
dh_onnx_model_read (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  /* What is large and no model is told by its first bytes. */
  guint64 size = 0;
  g_autoptr (GBytes) head = dh_file_read_head (path, HEAD, &size, error);
  if (!head)
    return NULL;
  if (!check_head (head, error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  g_autoptr (GBytes) bytes = dh_file_read (path, MOST_BYTES, error);
  if (!bytes)
    return NULL;
  /* A cache of downloads keeps links to both files in one folder, and the files in another. */
  char *real = realpath (path, NULL);
  g_autofree char *folder = g_path_get_dirname (path), *real_folder = real ? g_path_get_dirname (real) : NULL;
  free (real);
  g_autoptr (DhOnnxData) data = dh_onnx_data_new (folder, real_folder);
  return read_bytes (bytes, path, data, error);
}
