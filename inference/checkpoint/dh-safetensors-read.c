#include "dh-checkpoint-private.h"

#include "dh-bytes-private.h"
#include "dh-error.h"
#include "dh-json-scan-private.h"

/* safetensors: a uint64 with the header's length, the header (JSON), the tensors' bytes. The tensors must cover these
 * bytes exactly, without overlap or hole. */

enum
{
  MAX_HEADER = 100 * 1000 * 1000, /* as the format's own library */
};

typedef struct
{
  char *name;
  char *dtype_name;
  DhDtype dtype;
  guint n_dims;
  gint64 dims[DH_MAX_DIMS];
  gint64 begin, end;
} Entry;

static const struct
{
  const char *name;
  DhDtype dtype;
} dtypes[] = {
  { "F32", DH_DTYPE_F32 }, { "F16", DH_DTYPE_F16 },   { "BF16", DH_DTYPE_BF16 }, { "F64", DH_DTYPE_F64 },
  { "I64", DH_DTYPE_I64 }, { "I32", DH_DTYPE_I32 },   { "I16", DH_DTYPE_I16 },   { "I8", DH_DTYPE_I8 },
  { "U8", DH_DTYPE_U8 },   { "BOOL", DH_DTYPE_BOOL },
};

static void
entry_clear (gpointer data)
{
  Entry *entry = data;
  g_free (entry->name);
  g_free (entry->dtype_name);
}

static gboolean
fail (GError **error, const char *name, const char *why)
{
  g_autofree char *shown = name ? dh_printable (name, strlen (name)) : NULL;
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the safetensors header is broken%s%s: %s", shown ? " at " : "",
               shown ? shown : "", why);
  return FALSE;
}

static gboolean
read_shape (DhJsonScan *scan, Entry *entry, GError **error)
{
  if (!dh_json_take (scan, '['))
    return fail (error, entry->name, "its shape is no list");
  if (dh_json_take (scan, ']'))
    return TRUE;
  do
    {
      gint64 dim;
      if (!dh_json_count (scan, &dim))
        return fail (error, entry->name, "its shape holds what is no whole number");
      if (entry->n_dims == DH_MAX_DIMS)
        {
          g_autofree char *shown = dh_printable (entry->name, strlen (entry->name));
          g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "the tensor %s has more than %d dimensions", shown,
                       DH_MAX_DIMS);
          return FALSE;
        }
      entry->dims[entry->n_dims++] = dim;
    }
  while (dh_json_take (scan, ','));
  return dh_json_take (scan, ']') || fail (error, entry->name, "its shape does not end");
}

static gboolean
read_field (DhJsonScan *scan, Entry *entry, guint *seen, GError **error)
{
  static const char *const fields[] = { "dtype", "shape", "data_offsets" };
  g_autofree char *field = dh_json_string (scan);
  guint which = 0;
  while (field && which < G_N_ELEMENTS (fields) && !g_str_equal (field, fields[which]))
    which++;
  if (!field || which == G_N_ELEMENTS (fields) || !dh_json_take (scan, ':'))
    return fail (error, entry->name, "a tensor has a dtype, a shape and data_offsets, and nothing else");
  if (*seen & 1u << which)
    return fail (error, entry->name, "a field stands there twice");
  *seen |= 1u << which;
  switch (which)
    {
    case 0:
      entry->dtype_name = dh_json_string (scan);
      return entry->dtype_name || fail (error, entry->name, "its dtype is no text");
    case 1:
      return read_shape (scan, entry, error);
    default:
      return (dh_json_take (scan, '[') && dh_json_count (scan, &entry->begin) && dh_json_take (scan, ',')
              && dh_json_count (scan, &entry->end) && dh_json_take (scan, ']'))
             || fail (error, entry->name, "its data_offsets are no two whole numbers");
    }
}

/* What follows "name": in the header. */
static gboolean
read_entry (DhJsonScan *scan, Entry *entry, GError **error)
{
  guint seen = 0;
  if (!dh_json_take (scan, '{'))
    return fail (error, entry->name, "a tensor is described by an object");
  do
    if (!read_field (scan, entry, &seen, error))
      return FALSE;
  while (dh_json_take (scan, ','));
  if (!dh_json_take (scan, '}') || seen != 7)
    return fail (error, entry->name, "a tensor has a dtype, a shape and data_offsets");

  for (guint i = 0;; i++)
    {
      if (i == G_N_ELEMENTS (dtypes))
        {
          g_autofree char *shown = dh_printable (entry->name, strlen (entry->name));
          g_autofree char *type = dh_printable (entry->dtype_name, strlen (entry->dtype_name));
          g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                       "the tensor %s has elements of type %s, which are not read; convert them to F32", shown, type);
          return FALSE;
        }
      if (g_str_equal (entry->dtype_name, dtypes[i].name))
        {
          entry->dtype = dtypes[i].dtype;
          break;
        }
    }
  const gint64 size = dh_dtype_size (entry->dtype);
  const gint64 count = dh_shape_count (entry->n_dims, entry->dims, size);
  if (entry->end < entry->begin || count < 0 || count * size != entry->end - entry->begin)
    return fail (error, entry->name, "its data_offsets do not hold its shape");
  return TRUE;
}

static gboolean
read_metadata (DhJsonScan *scan, GHashTable *to, GError **error)
{
  if (!dh_json_take (scan, '{'))
    return fail (error, "__metadata__", "it is no object");
  if (dh_json_take (scan, '}'))
    return TRUE;
  do
    {
      g_autofree char *key = dh_json_string (scan);
      g_autofree char *value = key && dh_json_take (scan, ':') ? dh_json_string (scan) : NULL;
      if (!value || g_hash_table_contains (to, key))
        return fail (error, "__metadata__", value ? "a key stands there twice" : "it holds more than strings");
      g_hash_table_insert (to, g_steal_pointer (&key), g_steal_pointer (&value));
    }
  while (dh_json_take (scan, ','));
  return dh_json_take (scan, '}') || fail (error, "__metadata__", "it does not end");
}

static gboolean
read_header (DhJsonScan *scan, GArray *entries, GHashTable *metadata, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!dh_json_take (scan, '{'))
    return fail (error, NULL, "it is no object");
  if (!dh_json_take (scan, '}'))
    {
      do
        {
          Entry entry = { .name = dh_json_string (scan) };
          if (!entry.name || !dh_json_take (scan, ':'))
            {
              g_free (entry.name);
              return fail (error, NULL, "a name is missing");
            }
          const gboolean fresh = g_hash_table_add (names, g_strdup (entry.name));
          gboolean good = fresh || fail (error, entry.name, "the name stands there twice");
          if (good && g_str_equal (entry.name, "__metadata__"))
            {
              g_free (entry.name);
              if (!read_metadata (scan, metadata, error))
                return FALSE;
              continue;
            }
          good = good && read_entry (scan, &entry, error);
          g_array_append_val (entries, entry);
          if (!good)
            return FALSE;
        }
      while (dh_json_take (scan, ','));
      if (!dh_json_take (scan, '}'))
        return fail (error, NULL, "it does not end");
    }
  return dh_json_at_end (scan) || fail (error, NULL, "something stands behind it");
}

static gint
compare_offsets (gconstpointer a, gconstpointer b)
{
  const Entry *one = *(const Entry *const *)a, *two = *(const Entry *const *)b;
  if (one->begin != two->begin)
    return one->begin < two->begin ? -1 : 1;
  return (one->end > two->end) - (one->end < two->end);
}

static gboolean
check_cover (GArray *entries, guint64 size, GError **error)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_sized_new (entries->len);
  for (guint i = 0; i < entries->len; i++)
    g_ptr_array_add (sorted, &g_array_index (entries, Entry, i));
  g_ptr_array_sort (sorted, compare_offsets);
  gint64 at = 0;
  for (guint i = 0; i < sorted->len; i++)
    {
      const Entry *entry = g_ptr_array_index (sorted, i);
      if (entry->begin != at)
        return fail (error, entry->name,
                     entry->begin < at ? "it overlaps another tensor" : "bytes before it belong to none");
      if ((guint64)entry->end > size)
        {
          g_autofree char *shown = dh_printable (entry->name, strlen (entry->name));
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the tensor %s lies outside the file: it is truncated",
                       shown);
          return FALSE;
        }
      at = entry->end;
    }
  return (guint64)at == size || fail (error, NULL, "bytes at the end belong to no tensor");
}

gboolean
dh_read_safetensors (DhCheckpoint *checkpoint, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (checkpoint->bytes, &size);
  const guint64 length = dh_u64 (data);
  if (length > MAX_HEADER || length > size - 8)
    {
      g_set_error (error, DH_ERROR, length > MAX_HEADER ? DH_ERROR_TOO_LARGE : DH_ERROR_INVALID,
                   "as a safetensors file it would have a header of %" G_GUINT64_FORMAT " bytes, %s", length,
                   length > MAX_HEADER ? "more than the 100 MB that are allowed"
                                       : "more than the file has: it is truncated");
      return FALSE;
    }
  checkpoint->container = DH_CONTAINER_SAFETENSORS;
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (entries, entry_clear);
  DhJsonScan scan = { (const char *)data + 8, (const char *)data + 8 + length };
  if (!read_header (&scan, entries, checkpoint->metadata, error) || !check_cover (entries, size - 8 - length, error))
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    {
      const Entry *entry = &g_array_index (entries, Entry, i);
      const gboolean extra = g_str_has_prefix (entry->name, DH_EXTRA_PREFIX);
      GBytes *bytes = g_bytes_new_from_bytes (checkpoint->bytes, 8 + length + entry->begin, entry->end - entry->begin);
      dh_tensor_dict_take (extra ? checkpoint->extra : checkpoint->state,
                           entry->name + (extra ? strlen (DH_EXTRA_PREFIX) : 0),
                           dh_tensor_new_take (entry->dtype, entry->n_dims, entry->dims, bytes));
    }
  return TRUE;
}
