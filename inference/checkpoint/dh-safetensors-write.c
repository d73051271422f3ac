#include "dh-checkpoint-private.h"

#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-json-scan-private.h"

typedef struct
{
  char *name;
  DhTensor *tensor; /* borrowed */
  guint64 begin;
} Part;

static const char *const dtype_names[DH_N_DTYPES] = {
  [DH_DTYPE_F32] = "F32", [DH_DTYPE_F16] = "F16",   [DH_DTYPE_BF16] = "BF16", [DH_DTYPE_F64] = "F64",
  [DH_DTYPE_I64] = "I64", [DH_DTYPE_I32] = "I32",   [DH_DTYPE_I16] = "I16",   [DH_DTYPE_I8] = "I8",
  [DH_DTYPE_U8] = "U8",   [DH_DTYPE_BOOL] = "BOOL",
};

static void
part_clear (gpointer data)
{
  g_free (((Part *)data)->name);
}

static void
add_parts (GArray *parts, DhTensorDict *dict, const char *prefix)
{
  for (guint i = 0; dict && i < dh_tensor_dict_size (dict); i++)
    {
      Part part = { g_strconcat (prefix, dh_tensor_dict_name (dict, i), NULL), dh_tensor_dict_at (dict, i), 0 };
      g_array_append_val (parts, part);
    }
}

static GString *
make_header (GArray *parts, GHashTable *metadata)
{
  GString *header = g_string_new ("{");
  if (metadata && g_hash_table_size (metadata) > 0)
    {
      /* In order, so that the same contents give the same file. */
      g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (metadata), (GCompareFunc)strcmp);
      g_string_append (header, "\"__metadata__\":{");
      for (GList *key = keys; key; key = key->next)
        {
          dh_json_append_string (header, key->data);
          g_string_append_c (header, ':');
          dh_json_append_string (header, g_hash_table_lookup (metadata, key->data));
          g_string_append_c (header, key->next ? ',' : '}');
        }
    }
  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = &g_array_index (parts, Part, i);
      if (header->len > 1)
        g_string_append_c (header, ',');
      dh_json_append_string (header, part->name);
      g_string_append_printf (header, ":{\"dtype\":\"%s\",\"shape\":[", dtype_names[part->tensor->dtype]);
      for (guint d = 0; d < part->tensor->n_dims; d++)
        g_string_append_printf (header, "%s%" G_GINT64_FORMAT, d ? "," : "", part->tensor->dims[d]);
      g_string_append_printf (header, "],\"data_offsets\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}", part->begin,
                              part->begin + dh_tensor_size_bytes (part->tensor));
    }
  g_string_append_c (header, '}');
  while ((header->len + 8) % 64 != 0)
    g_string_append_c (header, ' ');
  return header;
}

gboolean
dh_checkpoint_save_safetensors (const char *path, const DhCheckpointContents *contents, GError **error)
{
  g_return_val_if_fail (path != NULL && contents != NULL && contents->state != NULL, FALSE);

  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (Part));
  g_array_set_clear_func (parts, part_clear);
  add_parts (parts, contents->state, "");
  add_parts (parts, contents->extra, DH_EXTRA_PREFIX);
  /* Wide elements first, so that every tensor is aligned in the file without gaps, which the format forbids. */
  guint64 at = 0;
  for (gsize width = 8; width > 0; width /= 2)
    for (guint i = 0; i < parts->len; i++)
      {
        Part *part = &g_array_index (parts, Part, i);
        if (dh_dtype_size (part->tensor->dtype) != width)
          continue;
        part->begin = at;
        at += dh_tensor_size_bytes (part->tensor);
      }

  g_autoptr (GString) header = make_header (parts, contents->metadata);
  const guint64 length = GUINT64_TO_LE (header->len);
  g_autoptr (DhFileWriter) writer = dh_file_writer_open (path, error);
  if (!writer || !dh_file_writer_write (writer, &length, sizeof length, error)
      || !dh_file_writer_write (writer, header->str, header->len, error))
    return FALSE;
  for (gsize width = 8; width > 0; width /= 2)
    for (guint i = 0; i < parts->len; i++)
      {
        const DhTensor *tensor = g_array_index (parts, Part, i).tensor;
        if (dh_dtype_size (tensor->dtype) == width
            && !dh_file_writer_write (writer, dh_tensor_data (tensor), dh_tensor_size_bytes (tensor), error))
          return FALSE;
      }
  return dh_file_writer_close (writer, error);
}
