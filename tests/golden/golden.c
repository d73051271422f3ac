#include "golden.h"

#include <string.h>

char *
golden_path (const char *name)
{
  const char *folder = g_getenv ("DH_GOLDEN_DIR"), *shared = g_getenv ("DH_SHARED");
  g_autofree char *path = folder   ? g_build_filename (folder, name, NULL)
                          : shared ? g_build_filename (shared, "golden", name, NULL)
                                   : NULL;
  if (path && g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  g_autofree char *message = g_strdup_printf ("%s is absent (DH_GOLDEN_DIR names its folder)", name);
  g_test_skip (message);
  return NULL;
}

static DhTensor *
read_tensor (JsonObject *entry, GBytes *data)
{
  const char *dtype = json_object_get_string_member (entry, "dtype");
  JsonArray *shape = json_object_get_array_member (entry, "shape");
  JsonArray *offsets = json_object_get_array_member (entry, "data_offsets");
  const gint64 begin = json_array_get_int_element (offsets, 0), end = json_array_get_int_element (offsets, 1);
  gint64 dims[DH_MAX_DIMS];
  g_assert_cmpuint (json_array_get_length (shape), <=, DH_MAX_DIMS);
  for (guint i = 0; i < json_array_get_length (shape); i++)
    dims[i] = json_array_get_int_element (shape, i);
  static const struct
  {
    const char *name;
    DhDtype dtype;
  } dtypes[] = { { "F32", DH_DTYPE_F32 },
                 { "F64", DH_DTYPE_F64 },
                 { "U8", DH_DTYPE_U8 },
                 { "I32", DH_DTYPE_I32 },
                 { "I64", DH_DTYPE_I64 } };
  for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++)
    if (g_str_equal (dtypes[i].name, dtype))
      /* a copy: in the file floats may stand at any address */
      return dh_tensor_new_take (
          dtypes[i].dtype, json_array_get_length (shape), dims,
          g_bytes_new ((const guint8 *)g_bytes_get_data (data, NULL) + begin, (gsize)(end - begin)));
  g_error ("%s in a golden file", dtype);
}

Golden *
golden_read (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  gsize length = 0;
  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, length);
  guint64 header;
  g_assert_cmpuint (length, >, sizeof header);
  memcpy (&header, text, sizeof header);
  header = GUINT64_FROM_LE (header);
  g_assert_cmpuint (header, <, length - sizeof header);
  g_autoptr (GBytes) data = g_bytes_new_from_bytes (bytes, sizeof header + header, length - sizeof header - header);

  g_autoptr (JsonParser) parser = json_parser_new ();
  json_parser_load_from_data (parser, text + sizeof header, (gssize)header, &error);
  g_assert_no_error (error);
  JsonObject *root = json_node_get_object (json_parser_get_root (parser));
  Golden *golden = g_new0 (Golden, 1);
  golden->tensors = dh_tensor_dict_new ();
  golden->metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  g_autoptr (GList) names = json_object_get_members (root);
  for (GList *l = names; l; l = l->next)
    {
      JsonObject *entry = json_object_get_object_member (root, l->data);
      if (!g_str_equal (l->data, "__metadata__"))
        {
          dh_tensor_dict_take (golden->tensors, l->data, read_tensor (entry, data));
          continue;
        }
      g_autoptr (GList) keys = json_object_get_members (entry);
      for (GList *k = keys; k; k = k->next)
        g_hash_table_insert (golden->metadata, g_strdup (k->data),
                             g_strdup (json_object_get_string_member (entry, k->data)));
    }
  return golden;
}

void
golden_free (Golden *golden)
{
  if (!golden)
    return;
  dh_tensor_dict_unref (golden->tensors);
  g_hash_table_unref (golden->metadata);
  g_free (golden);
}

DhTensor *
golden_tensor (Golden *golden, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *name = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  DhTensor *tensor = dh_tensor_dict_get (golden->tensors, name);
  if (!tensor)
    g_error ("The golden file lacks %s", name);
  return tensor;
}

double
golden_number (Golden *golden, const char *key)
{
  const char *text = g_hash_table_lookup (golden->metadata, key);
  g_assert_nonnull (text);
  return g_ascii_strtod (text, NULL);
}

JsonNode *
golden_read_json (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_parser_steal_root (parser);
}
