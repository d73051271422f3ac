#include "dh-map-file.h"

#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-hdf5.h"
#include "dh-npy.h"

const char *const dh_map_file_endings[] = { "npy", "npz", "hdf5", "h5", NULL };

/* Room for float64 maps of twice the picture's size in both directions, so that what a wrong size is can be told, and
 * for the headers. */
static guint64
most_bytes (guint width, guint height)
{
  return (guint64)width * height * 8 * 4 + (1 << 20);
}

static const char *
ending_of (const char *path)
{
  const char *slash = strrchr (path, '/'), *dot = strrchr (slash ? slash : path, '.');
  for (guint i = 0; dot && dh_map_file_endings[i]; i++)
    if (g_ascii_strcasecmp (dot + 1, dh_map_file_endings[i]) == 0)
      return dh_map_file_endings[i];
  return NULL;
}

gboolean
dh_map_file_is (const char *path)
{
  return ending_of (path) != NULL;
}

GBytes *
dh_map_file_read (const char *path, guint width, guint height, GError **error)
{
  g_autoptr (GError) local = NULL;
  GBytes *bytes = dh_file_read (path, most_bytes (width, height), &local);
  if (bytes)
    return bytes;
  if (g_error_matches (local, DH_ERROR, DH_ERROR_TOO_LARGE))
    g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                 "%s: is far too large for a map of the image's %u×%u pixels; save one map of the image's size", path,
                 width, height);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

/* As it lies in the file, whatever its form. */
static DhTensor *
parse_any (GBytes *bytes, const char *path, guint64 most, GError **error)
{
  const char *ending = ending_of (path);
  if (g_strcmp0 (ending, "npz") == 0)
    return dh_npz_load_array (bytes, path, "anomaly_scores", most, error);
  if (g_strcmp0 (ending, "npy") == 0)
    return dh_npy_load_bytes (bytes, path, error);
  DhTensor *tensor = dh_hdf5_read (bytes, "value", most, error);
  if (!tensor)
    g_prefix_error (error, "%s: ", path);
  return tensor;
}

/* 1×H×W and H×W×1 are H×W. */
static gboolean
has_size (const DhTensor *tensor, guint width, guint height)
{
  gint64 dims[DH_MAX_DIMS];
  guint n = 0;
  for (guint d = 0; d < tensor->n_dims; d++)
    if (tensor->dims[d] != 1)
      dims[n++] = tensor->dims[d];
  guint at = 0;
  return tensor->n_dims >= 2 && (height == 1 || (at < n && dims[at++] == height))
         && (width == 1 || (at < n && dims[at++] == width)) && at == n;
}

DhTensor *
dh_map_file_parse (GBytes *bytes, const char *path, guint width, guint height, GError **error)
{
  g_return_val_if_fail (bytes != NULL && path != NULL && width > 0 && height > 0, NULL);
  g_autoptr (DhTensor) tensor = parse_any (bytes, path, most_bytes (width, height), error);
  if (!tensor)
    return NULL;
  if (!has_size (tensor, width, height))
    {
      g_autofree char *shape = dh_tensor_shape_string (tensor);
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s: is %s (rows × columns), but its image has %u rows and %u columns; save the scores at the "
                   "image's own size",
                   path, shape, height, width);
      return NULL;
    }
  if (tensor->dtype == DH_DTYPE_BOOL)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s: holds true and false, which is a mask and no scores; save the scores before the threshold",
                   path);
      return NULL;
    }
  g_autoptr (DhTensor) narrow = dh_tensor_to_f32 (tensor);
  if (!narrow)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: no memory is left for its scores", path);
      return NULL;
    }
  return dh_tensor_new_take (DH_DTYPE_F32, 2, (const gint64[]){ height, width }, g_bytes_ref (narrow->bytes));
}
