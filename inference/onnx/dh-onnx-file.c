#include "dh-onnx-private.h"

#include <string.h>

#include "dh-config.h"
#include "dh-error.h"
#include "dh-file.h"

enum
{
  IR_VERSION = 7,
  OPERATOR_SET = 13,
};

/* What protobuf's readers take. */
#define MOST_BYTES G_MAXINT32

typedef struct
{
  DhTensor *tensor;
  GByteArray *head; /* everything of it that stands before its elements */
} Constant;

struct _DhOnnxFile
{
  GByteArray *nodes; /* of GraphProto, as `ends` */
  GByteArray *ends;  /* inputs and outputs */
  GByteArray *node;  /* the one under way */
  GArray *constants; /* Constant */
  GHashTable *names; /* of all values and constants; owned */
};

/* ---- protobuf's wire format: a number is a varint; what has a length is that and its bytes ---- */

static void
put_varint (GByteArray *to, guint64 value)
{
  guint8 bytes[10];
  guint n = 0;
  for (; value >= 0x80; value >>= 7)
    bytes[n++] = (guint8)(value | 0x80);
  bytes[n++] = (guint8)value;
  g_byte_array_append (to, bytes, n);
}

static void
put_int (GByteArray *to, guint field, gint64 value)
{
  put_varint (to, field << 3);
  put_varint (to, (guint64)value);
}

static void
put_float (GByteArray *to, guint field, float value)
{
  guint32 bits;
  memcpy (&bits, &value, sizeof bits);
  bits = GUINT32_TO_LE (bits);
  put_varint (to, field << 3 | 5);
  g_byte_array_append (to, (const guint8 *)&bits, sizeof bits);
}

/* So many bytes follow. */
static void
put_length (GByteArray *to, guint field, guint64 length)
{
  put_varint (to, field << 3 | 2);
  put_varint (to, length);
}

static void
put_string (GByteArray *to, guint field, const char *text)
{
  const gsize length = strlen (text);
  put_length (to, field, length);
  g_byte_array_append (to, (const guint8 *)text, (guint)length);
}

/* `message` is taken. */
static void
put_message (GByteArray *to, guint field, GByteArray *message)
{
  put_length (to, field, message->len);
  g_byte_array_append (to, message->data, message->len);
  g_byte_array_unref (message);
}

/* ---- the model's parts ---- */

static void
clear_constant (gpointer data)
{
  Constant *constant = data;
  dh_tensor_unref (constant->tensor);
  g_byte_array_unref (constant->head);
}

DhOnnxFile *
dh_onnx_file_new (void)
{
  DhOnnxFile *file = g_new0 (DhOnnxFile, 1);
  file->nodes = g_byte_array_new ();
  file->ends = g_byte_array_new ();
  file->constants = g_array_new (FALSE, FALSE, sizeof (Constant));
  g_array_set_clear_func (file->constants, clear_constant);
  file->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return file;
}

void
dh_onnx_file_free (DhOnnxFile *file)
{
  g_byte_array_unref (file->nodes);
  g_byte_array_unref (file->ends);
  g_clear_pointer (&file->node, g_byte_array_unref);
  g_array_unref (file->constants);
  g_hash_table_unref (file->names);
  g_free (file);
}

void
dh_onnx_file_reserve (DhOnnxFile *file, const char *name)
{
  g_hash_table_add (file->names, g_strdup (name));
}

void
dh_onnx_file_release (DhOnnxFile *file, const char *name)
{
  g_hash_table_remove (file->names, name);
}

static const char *
take_name (DhOnnxFile *file, const char *label)
{
  char *name = g_strdup (label);
  for (guint i = 2; g_hash_table_contains (file->names, name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s_%u", label, i);
    }
  g_hash_table_add (file->names, name);
  return name;
}

static void
end_node (DhOnnxFile *file)
{
  if (file->node)
    put_message (file->nodes, 1, g_steal_pointer (&file->node));
}

const char *
dh_onnx_file_node_of (DhOnnxFile *file, const char *operation, const char *label, const char *const *inputs,
                      guint n_inputs)
{
  end_node (file);
  const char *output = take_name (file, label);
  file->node = g_byte_array_new ();
  for (guint i = 0; i < n_inputs; i++)
    put_string (file->node, 1, inputs[i]);
  put_string (file->node, 2, output);
  put_string (file->node, 3, output);
  put_string (file->node, 4, operation);
  return output;
}

const char *
dh_onnx_file_node (DhOnnxFile *file, const char *operation, const char *label, const char *input, ...)
{
  const char *inputs[8];
  guint n_inputs = 0;
  va_list rest;
  va_start (rest, input);
  for (const char *name = input; name; name = va_arg (rest, const char *))
    {
      g_assert (n_inputs < G_N_ELEMENTS (inputs));
      inputs[n_inputs++] = name;
    }
  va_end (rest);
  return dh_onnx_file_node_of (file, operation, label, inputs, n_inputs);
}

/* AttributeProto.AttributeType */
enum
{
  FLOAT = 1,
  INT = 2,
  STRING = 3,
  INTS = 7,
};

static GByteArray *
new_attribute (const char *name, gint type)
{
  GByteArray *attribute = g_byte_array_new ();
  put_string (attribute, 1, name);
  put_int (attribute, 20, type);
  return attribute;
}

void
dh_onnx_file_set_int (DhOnnxFile *file, const char *name, gint64 value)
{
  GByteArray *attribute = new_attribute (name, INT);
  put_int (attribute, 3, value);
  put_message (file->node, 5, attribute);
}

void
dh_onnx_file_set_ints (DhOnnxFile *file, const char *name, guint n, const gint64 *values)
{
  GByteArray *attribute = new_attribute (name, INTS);
  for (guint i = 0; i < n; i++)
    put_int (attribute, 8, values[i]);
  put_message (file->node, 5, attribute);
}

void
dh_onnx_file_set_float (DhOnnxFile *file, const char *name, float value)
{
  GByteArray *attribute = new_attribute (name, FLOAT);
  put_float (attribute, 2, value);
  put_message (file->node, 5, attribute);
}

void
dh_onnx_file_set_string (DhOnnxFile *file, const char *name, const char *value)
{
  GByteArray *attribute = new_attribute (name, STRING);
  put_string (attribute, 4, value);
  put_message (file->node, 5, attribute);
}

static gsize
element_size (const DhTensor *tensor)
{
  return tensor->dtype == DH_DTYPE_I64 ? sizeof (gint64) : sizeof (float);
}

const char *
dh_onnx_file_tensor (DhOnnxFile *file, const char *label, DhTensor *tensor)
{
  const char *name = take_name (file, label);
  GByteArray *body = g_byte_array_new ();
  for (guint i = 0; i < tensor->n_dims; i++)
    put_int (body, 1, tensor->dims[i]);
  put_int (body, 2, tensor->dtype == DH_DTYPE_I64 ? DH_ONNX_INT64 : DH_ONNX_FLOAT);
  put_string (body, 8, name);
  const guint64 size = (guint64)dh_tensor_count (tensor) * element_size (tensor);
  put_length (body, 9, size);

  Constant constant = { .tensor = tensor, .head = g_byte_array_new () };
  put_length (constant.head, 5, body->len + size);
  g_byte_array_append (constant.head, body->data, body->len);
  g_byte_array_unref (body);
  g_array_append_val (file->constants, constant);
  return name;
}

const char *
dh_onnx_file_floats (DhOnnxFile *file, const char *label, guint n_dims, const gint64 *dims, const float *values)
{
  GBytes *bytes = g_bytes_new (values, (gsize)dh_shape_count (n_dims, dims, 1) * sizeof *values);
  return dh_onnx_file_tensor (file, label, dh_tensor_new_take (DH_DTYPE_F32, n_dims, dims, bytes));
}

const char *
dh_onnx_file_int64s (DhOnnxFile *file, const char *label, guint n_dims, const gint64 *dims, const gint64 *values)
{
  GBytes *bytes = g_bytes_new (values, (gsize)dh_shape_count (n_dims, dims, 1) * sizeof *values);
  return dh_onnx_file_tensor (file, label, dh_tensor_new_take (DH_DTYPE_I64, n_dims, dims, bytes));
}

static void
add_end (DhOnnxFile *file, guint field, const char *name, gint type, guint n_dims, const gint64 *dims)
{
  GByteArray *shape = g_byte_array_new (), *tensor = g_byte_array_new (), *kind = g_byte_array_new (),
             *end = g_byte_array_new ();
  for (guint i = 0; i < n_dims; i++)
    {
      static const char *const free_names[] = { "batch", "channels", "height", "width" };
      GByteArray *dim = g_byte_array_new ();
      if (dims[i] < 0 && i < G_N_ELEMENTS (free_names))
        put_string (dim, 2, free_names[i]);
      else
        put_int (dim, 1, dims[i]);
      put_message (shape, 1, dim);
    }
  put_int (tensor, 1, type);
  put_message (tensor, 2, shape);
  put_message (kind, 1, tensor);
  put_string (end, 1, name);
  put_message (end, 2, kind);
  put_message (file->ends, field, end);
}

void
dh_onnx_file_add_input (DhOnnxFile *file, const char *name, gint type, guint n_dims, const gint64 *dims)
{
  g_assert (!g_hash_table_contains (file->names, name));
  take_name (file, name);
  add_end (file, 11, name, type, n_dims, dims);
}

void
dh_onnx_file_add_output (DhOnnxFile *file, const char *name, gint type, guint n_dims, const gint64 *dims)
{
  g_assert (g_hash_table_contains (file->names, name));
  add_end (file, 12, name, type, n_dims, dims);
}

/* ---- the file ---- */

static void
put_metadata (GByteArray *to, GHashTable *metadata)
{
  /* In order, so that the same contents give the same file. */
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (metadata), (GCompareFunc)strcmp);
  for (GList *key = keys; key; key = key->next)
    {
      GByteArray *entry = g_byte_array_new ();
      put_string (entry, 1, key->data);
      put_string (entry, 2, g_hash_table_lookup (metadata, key->data));
      put_message (to, 14, entry);
    }
}

/* Everything of the model but its graph. */
static GByteArray *
make_head (const DhOnnxContents *contents)
{
  GByteArray *head = g_byte_array_new (), *operators = g_byte_array_new ();
  put_int (head, 1, IR_VERSION);
  put_string (head, 2, "DenseHybrid Studio");
  put_string (head, 3, DH_VERSION);
  put_string (head, 6, contents->description);
  put_string (operators, 1, "");
  put_int (operators, 2, OPERATOR_SET);
  put_message (head, 8, operators);
  if (contents->metadata)
    put_metadata (head, contents->metadata);
  return head;
}

static gboolean
write_constant (DhFileWriter *writer, const Constant *constant, GError **error)
{
  g_autoptr (DhTensor) tensor =
      constant->tensor->dtype == DH_DTYPE_I64 ? dh_tensor_ref (constant->tensor) : dh_tensor_to_f32 (constant->tensor);
  if (!tensor)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for the weights");
      return FALSE;
    }
  return dh_file_writer_write (writer, constant->head->data, constant->head->len, error)
         && dh_file_writer_write (writer, dh_tensor_data (tensor), dh_tensor_size_bytes (tensor), error);
}

gboolean
dh_onnx_file_write (DhOnnxFile *file, const char *path, const DhOnnxContents *contents, GError **error)
{
  end_node (file);
  g_autoptr (GByteArray) name = g_byte_array_new ();
  put_string (name, 2, contents->name);
  guint64 length = file->nodes->len + name->len + file->ends->len;
  for (guint i = 0; i < file->constants->len; i++)
    {
      const Constant *constant = &g_array_index (file->constants, Constant, i);
      length += constant->head->len + (guint64)dh_tensor_count (constant->tensor) * element_size (constant->tensor);
    }
  g_autoptr (GByteArray) head = make_head (contents);
  put_length (head, 7, length);
  if (head->len + length > MOST_BYTES)
    {
      g_autofree char *size = g_format_size_full (head->len + length, G_FORMAT_SIZE_IEC_UNITS);
      g_set_error (
          error, DH_ERROR, DH_ERROR_TOO_LARGE,
          "%s: it would have %s, and an ONNX file that holds its weights has at most 2 GiB; the network is too "
          "large for one",
          path, size);
      return FALSE;
    }

  g_autoptr (DhFileWriter) writer = dh_file_writer_open (path, error);
  if (!writer || !dh_file_writer_write (writer, head->data, head->len, error)
      || !dh_file_writer_write (writer, file->nodes->data, file->nodes->len, error)
      || !dh_file_writer_write (writer, name->data, name->len, error)
      || !dh_file_writer_write (writer, file->ends->data, file->ends->len, error))
    return FALSE;
  for (guint i = 0; i < file->constants->len; i++)
    if (!write_constant (writer, &g_array_index (file->constants, Constant, i), error))
      return FALSE;
  return dh_file_writer_close (writer, error);
}
