#include "dh-onnx-read-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"

/* Of all such files together: no network that reads pictures comes near. */
#define MOST_BYTES (G_GUINT64_CONSTANT (8) << 30)

struct _DhOnnxData
{
  char *folder;
  char *roots[2];    /* where what is read must lie, links followed; either may be NULL */
  GHashTable *files; /* GBytes by a location as the file writes it, and by a whole path without links */
  GString *digests;  /* of the files, in the order in which they were asked for */
  guint64 bytes_left;
};

DhOnnxData *
dh_onnx_data_new (const char *folder, const char *real_folder)
{
  DhOnnxData *data = g_new0 (DhOnnxData, 1);
  data->folder = g_strdup (folder);
  data->roots[0] = realpath (folder, NULL);
  data->roots[1] = g_strdup (real_folder);
  data->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  data->digests = g_string_new (NULL);
  data->bytes_left = MOST_BYTES;
  return data;
}

void
dh_onnx_data_free (DhOnnxData *data)
{
  if (!data)
    return;
  g_free (data->folder);
  free (data->roots[0]);
  g_free (data->roots[1]);
  g_hash_table_unref (data->files);
  g_string_free (data->digests, TRUE);
  g_free (data);
}

/* What the path itself says; where links lead is seen once they are followed. */
static gboolean
climbs (const char *location)
{
  g_auto (GStrv) parts = g_strsplit (location, "/", -1);
  return *location == '/' || g_strv_contains ((const char *const *)parts, "..");
}

static gboolean
lies_below (const char *path, const char *root)
{
  if (!root)
    return FALSE;
  const gsize length = g_str_has_suffix (root, "/") ? strlen (root) - 1 : strlen (root);
  return strncmp (path, root, length) == 0 && path[length] == '/';
}

/* The path of the file that is meant, without links; free with free(). */
static char *
resolve (const DhOnnxData *data, const char *location, GError **error)
{
  g_autofree char *path = g_build_filename (data->folder, location, NULL);
  char *real = *location && !climbs (location) ? realpath (path, NULL) : NULL;
  const int code = errno;
  if (!*location || climbs (location)
      || (real && !lies_below (real, data->roots[0]) && !lies_below (real, data->roots[1])))
    {
      free (real);
      g_set_error (
          error, DH_ERROR, DH_ERROR_INVALID,
          "its elements would lie in \"%s\", which is not in the folder of the file; what lies elsewhere is not "
          "read",
          location);
      return NULL;
    }
  if (!real && code == ENOENT)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                 "its elements lie in the file %s, which is not there: both belong together in one folder", path);
  else if (!real)
    g_set_error (error, DH_ERROR, DH_ERROR_IO, "its elements lie in the file %s, which cannot be opened: %s", path,
                 g_strerror (code));
  return real;
}

static GBytes *
get_file (DhOnnxData *data, const char *location, GError **error)
{
  GBytes *bytes = g_hash_table_lookup (data->files, location);
  if (bytes)
    return bytes;
  char *path = resolve (data, location, error);
  if (!path)
    return NULL;
  bytes = g_hash_table_lookup (data->files, path);
  if (bytes)
    g_bytes_ref (bytes);
  else
    {
      bytes = dh_file_read (path, data->bytes_left, error);
      if (bytes)
        {
          gsize size;
          gconstpointer first = g_bytes_get_data (bytes, &size);
          g_autofree char *digest = dh_sha256 (first, size);
          g_string_append (data->digests, digest);
          data->bytes_left -= size;
          g_hash_table_insert (data->files, g_strdup (path), g_bytes_ref (bytes));
        }
    }
  free (path);
  if (bytes)
    g_hash_table_insert (data->files, g_strdup (location), bytes);
  return bytes;
}

GBytes *
dh_onnx_data_get (DhOnnxData *data, const char *location, guint64 offset, guint64 size, GError **error)
{
  GBytes *file = get_file (data, location, error);
  if (!file)
    return NULL;
  const gsize whole = g_bytes_get_size (file);
  if (offset > whole || size > whole - offset)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "its elements would lie behind the end of %s: that is truncated, or belongs to another file",
                   location);
      return NULL;
    }
  return size > 0 ? g_bytes_new_from_bytes (file, offset, size) : g_bytes_new (NULL, 0);
}

char *
dh_onnx_data_add_to_sha256 (const DhOnnxData *data, const char *sha256)
{
  if (!data || data->digests->len == 0)
    return g_strdup (sha256);
  g_autofree char *all = g_strconcat (sha256, data->digests->str, NULL);
  return dh_sha256 (all, strlen (all));
}
