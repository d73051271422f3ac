#include "dh-export-files-private.h"

#include <math.h>

#include <hdf5.h>
#include <png.h>

#include "dh-error.h"
#include "dh-file.h"

/* A file in memory of one H×W data set "value", float16, compressed. NULL where HDF5 fails. */
static GBytes *
encode_hdf5 (const guint16 *halves, const hsize_t dims[2])
{
  H5Eset_auto2 (H5E_DEFAULT, NULL, NULL);
  const hid_t access = H5Pcreate (H5P_FILE_ACCESS);
  H5Pset_fapl_core (access, 1 << 20, 0);
  const hid_t file = H5Fcreate ("map.hdf5", H5F_ACC_TRUNC, H5P_DEFAULT, access);
  const hid_t type = H5Tcopy (H5T_IEEE_F32LE);
  H5Tset_fields (type, 15, 10, 5, 0, 10);
  H5Tset_size (type, 2);
  H5Tset_ebias (type, 15);
  const hid_t space = H5Screate_simple (2, dims, NULL);
  const hid_t how = H5Pcreate (H5P_DATASET_CREATE);
  const hsize_t chunk[2] = { MIN (dims[0], 256), MIN (dims[1], 512) };
  H5Pset_chunk (how, 2, chunk);
  H5Pset_deflate (how, 4);
  const hid_t set = H5Dcreate2 (file, "value", type, space, H5P_DEFAULT, how, H5P_DEFAULT);
  GBytes *bytes = NULL;
  if (set >= 0 && H5Dwrite (set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, halves) >= 0
      && H5Fflush (file, H5F_SCOPE_LOCAL) >= 0)
    {
      const ssize_t size = H5Fget_file_image (file, NULL, 0);
      guint8 *image = size > 0 ? g_try_malloc (size) : NULL;
      if (image && H5Fget_file_image (file, image, size) == size)
        bytes = g_bytes_new_take (image, size);
      else
        g_free (image);
    }
  if (set >= 0)
    H5Dclose (set);
  H5Pclose (how);
  H5Sclose (space);
  H5Tclose (type);
  if (file >= 0)
    H5Fclose (file);
  H5Pclose (access);
  return bytes;
}

gboolean
dh_export_write_hdf5 (const char *path, DhTensor *map, GError **error)
{
  const gsize n = dh_tensor_count (map);
  g_autofree guint16 *halves = g_try_new (guint16, MAX (n, 1));
  const float *values = dh_tensor_f32 (map);
  for (gsize i = 0; halves && i < n; i++)
    halves[i] = dh_f32_to_f16 (values[i]);
  g_autoptr (GBytes) bytes = halves ? encode_hdf5 (halves, (hsize_t[2]){ map->dims[0], map->dims[1] }) : NULL;
  if (!bytes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "%s: the map cannot be packed as HDF5", path);
      return FALSE;
    }
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  return dh_file_write (path, data, size, error);
}

gboolean
dh_export_write_png (const char *path, DhTensor *map, double low, double high, GError **error)
{
  const gsize n = dh_tensor_count (map);
  g_autofree guint16 *grey = g_try_new (guint16, MAX (n, 1));
  const float *values = dh_tensor_f32 (map);
  const double scale = high > low ? 65535 / (high - low) : 0;
  for (gsize i = 0; grey && i < n; i++)
    grey[i] = isnan (values[i]) || scale == 0 ? 0 : (guint16)(CLAMP ((values[i] - low) * scale, 0, 65535) + 0.5);
  png_image image = { .version = PNG_IMAGE_VERSION,
                      .width = map->dims[1],
                      .height = map->dims[0],
                      .format = PNG_FORMAT_LINEAR_Y,
                      .flags = PNG_IMAGE_FLAG_FAST };
  png_alloc_size_t size = 0;
  g_autofree guint8 *packed = NULL;
  if (!grey || !png_image_write_get_memory_size (image, size, 0, grey, 0, NULL) || !(packed = g_try_malloc (size))
      || !png_image_write_to_memory (&image, packed, &size, 0, grey, 0, NULL))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "%s: the map cannot be packed as PNG: %s", path, image.message);
      png_image_free (&image);
      return FALSE;
    }
  png_image_free (&image);
  return dh_file_write (path, packed, size, error);
}
