#include "onnx-bytes.h"

#include <stdlib.h>
#include <string.h>

void
onnx_put_varint (GByteArray *to, guint64 value)
{
  do
    {
      const guint8 byte = (guint8)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
      g_byte_array_append (to, &byte, 1);
      value >>= 7;
    }
  while (value > 0);
}

void
onnx_put_int (GByteArray *to, guint field, gint64 value)
{
  onnx_put_varint (to, field << 3);
  onnx_put_varint (to, (guint64)value);
}

void
onnx_put_fixed32 (GByteArray *to, guint field, guint32 bits)
{
  onnx_put_varint (to, field << 3 | 5);
  bits = GUINT32_TO_LE (bits);
  g_byte_array_append (to, (const guint8 *)&bits, sizeof bits);
}

void
onnx_put_bytes (GByteArray *to, guint field, gconstpointer data, gsize size)
{
  onnx_put_varint (to, field << 3 | 2);
  onnx_put_varint (to, size);
  if (size > 0)
    g_byte_array_append (to, data, (guint)size);
}

void
onnx_put_string (GByteArray *to, guint field, const char *text)
{
  onnx_put_bytes (to, field, text, strlen (text));
}

void
onnx_put_message (GByteArray *to, guint field, GByteArray *message)
{
  onnx_put_bytes (to, field, message->data, message->len);
  g_byte_array_unref (message);
}

void
onnx_put_entry (GByteArray *to, guint field, const char *key, const char *value)
{
  GByteArray *entry = g_byte_array_new ();
  onnx_put_string (entry, 1, key);
  onnx_put_string (entry, 2, value);
  onnx_put_message (to, field, entry);
}

GByteArray *
onnx_make_tensor (const char *name, gint type, guint n_dims, const gint64 *dims)
{
  GByteArray *tensor = g_byte_array_new ();
  for (guint i = 0; i < n_dims; i++)
    onnx_put_int (tensor, 1, dims[i]);
  onnx_put_int (tensor, 2, type);
  onnx_put_string (tensor, 8, name);
  return tensor;
}

GByteArray *
onnx_make_external (const char *name, gint64 n, const char *location, const char *offset, const char *length)
{
  GByteArray *tensor = onnx_make_tensor (name, 1, 1, &n);
  const char *const keys[] = { "location", "offset", "length" }, *const values[] = { location, offset, length };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (values[i])
      onnx_put_entry (tensor, 13, keys[i], values[i]);
  onnx_put_int (tensor, 14, 1);
  return tensor;
}

GByteArray *
onnx_make_node (const char *operation, const char *input, const char *output)
{
  GByteArray *node = g_byte_array_new ();
  onnx_put_string (node, 1, input);
  onnx_put_string (node, 2, output);
  onnx_put_string (node, 4, operation);
  return node;
}

GByteArray *
onnx_make_model (GByteArray *graph)
{
  GByteArray *model = g_byte_array_new (), *operators = g_byte_array_new ();
  onnx_put_int (model, 1, 8);
  onnx_put_string (model, 2, "maker");
  onnx_put_string (model, 3, "1.5");
  onnx_put_message (model, 7, graph);
  onnx_put_int (operators, 2, 17);
  onnx_put_message (model, 8, operators);
  return model;
}

GByteArray *
onnx_make_constant (GByteArray *tensor)
{
  GByteArray *graph = g_byte_array_new ();
  onnx_put_message (graph, 5, tensor);
  return onnx_make_model (graph);
}

static void
put_value (GByteArray *graph, guint field, const char *name)
{
  GByteArray *dim = g_byte_array_new (), *free_dim = g_byte_array_new (), *shape = g_byte_array_new (),
             *tensor = g_byte_array_new (), *type = g_byte_array_new (), *value = g_byte_array_new ();
  onnx_put_int (dim, 1, 3);
  onnx_put_string (free_dim, 2, "height");
  onnx_put_message (shape, 1, dim);
  onnx_put_message (shape, 1, free_dim);
  onnx_put_int (tensor, 1, 1);
  onnx_put_message (tensor, 2, shape);
  onnx_put_message (type, 1, tensor);
  onnx_put_string (value, 1, name);
  onnx_put_message (value, 2, type);
  onnx_put_message (graph, field, value);
}

GByteArray *
onnx_make_good (void)
{
  static const guint8 raw[] = "abcdefghijklmnop", packed[] = { 1, 0x80, 1, 127 };
  GByteArray *graph = g_byte_array_new (), *node = onnx_make_node ("Conv", "x", "y"), *attribute = g_byte_array_new (),
             *tensor = onnx_make_tensor ("w", 1, 2, (gint64[]){ 2, 2 });
  onnx_put_string (attribute, 1, "pads");
  onnx_put_int (attribute, 20, 7);
  onnx_put_bytes (attribute, 8, packed, sizeof packed);
  onnx_put_message (node, 5, attribute);
  attribute = g_byte_array_new ();
  onnx_put_string (attribute, 1, "value");
  onnx_put_int (attribute, 20, 4);
  onnx_put_message (attribute, 5, onnx_make_tensor ("", 7, 1, (gint64[]){ 0 }));
  onnx_put_message (node, 5, attribute);
  onnx_put_message (graph, 1, node);
  onnx_put_bytes (tensor, 9, raw, 16);
  onnx_put_message (graph, 5, tensor);
  tensor = onnx_make_tensor ("steps", 6, 1, (gint64[]){ 3 });
  onnx_put_bytes (tensor, 5, packed, sizeof packed);
  onnx_put_message (graph, 5, tensor);
  put_value (graph, 11, "x");
  put_value (graph, 11, "w");
  put_value (graph, 12, "y");
  GByteArray *model = onnx_make_model (graph);
  onnx_put_entry (model, 14, "epoch", "3");
  return model;
}

static guint
read_tensor (const DhTensor *tensor)
{
  const guint8 *at = dh_tensor_data (tensor);
  guint sum = 0;
  for (gsize i = 0; i < dh_tensor_size_bytes (tensor); i++)
    sum += at[i];
  return sum;
}

static guint
read_all (const DhOnnxModel *model)
{
  guint sum = g_hash_table_size (model->metadata);
  for (guint i = 0; i < dh_tensor_dict_size (model->constants); i++)
    sum += read_tensor (dh_tensor_dict_at (model->constants, i));
  for (guint i = 0; i < model->nodes->len; i++)
    {
      const DhOnnxNode *node = g_ptr_array_index (model->nodes, i);
      for (guint a = 0; a < node->attributes->len; a++)
        {
          const DhOnnxAttribute *attribute = g_ptr_array_index (node->attributes, a);
          g_assert_true ((attribute->type == DH_ONNX_ATTRIBUTE_TENSOR) == (attribute->tensor != NULL));
          g_assert_true ((attribute->type == DH_ONNX_ATTRIBUTE_STRING) == (attribute->string != NULL));
          g_assert_true ((attribute->type == DH_ONNX_ATTRIBUTE_FLOATS) == (attribute->numbers != NULL));
          g_assert_true ((attribute->type == DH_ONNX_ATTRIBUTE_INTS) == (attribute->integers != NULL));
          sum += attribute->tensor ? read_tensor (attribute->tensor) : 0;
        }
    }
  return sum;
}

GError *
onnx_try_read (gconstpointer data, gsize size, const char *folder, DhOnnxModel **model)
{
  GError *error = NULL;
  /* Bytes of an own allocation, so that AddressSanitizer sees a read past their end. */
  guint8 *copy = malloc (MAX (size, 1));
  if (size > 0)
    memcpy (copy, data, size);
  GBytes *bytes = g_bytes_new_with_free_func (copy, size, free, copy);
  g_autoptr (DhOnnxModel) read = dh_onnx_model_read_bytes (bytes, "file", folder, &error);
  g_bytes_unref (bytes);
  g_assert_true ((read != NULL) == (error == NULL));
  if (read && read_all (read) == G_MAXUINT) /* the sum must be computed */
    g_test_message ("all of it");
  if (error)
    {
      g_assert_true (g_str_has_prefix (error->message, "file: "));
      g_assert_cmpuint (strlen (error->message), >, 15);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_null (strchr (error->message, '\n'));
    }
  if (model)
    *model = g_steal_pointer (&read);
  return error;
}

DhOnnxModel *
onnx_assert_reads (GByteArray *file, const char *folder)
{
  DhOnnxModel *model = NULL;
  g_autoptr (GError) error = onnx_try_read (file->data, file->len, folder, &model);
  g_assert_no_error (error);
  g_byte_array_unref (file);
  return model;
}

void
onnx_assert_refused (GByteArray *file, const char *folder, DhError code, const char *words)
{
  g_autoptr (GError) error = onnx_try_read (file->data, file->len, folder, NULL);
  g_assert_error (error, DH_ERROR, (gint)code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
  g_byte_array_unref (file);
}
