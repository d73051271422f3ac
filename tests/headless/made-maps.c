#include "made-maps.h"
#include <math.h>
#include "dh-map-file.h"
#include "tree.h"

float
made_map_value (guint i)
{
  return i == 5 ? NAN : i == 6 ? -INFINITY : (float)((gint)(i * 7919 % 2000) - 1000) / 8;
}

guint
made_map_whole (guint i)
{
  return i * 31 % 100;
}

void
made_map_assert_values (DhTensor *map)
{
  g_assert_cmpuint (map->n_dims, ==, 2);
  g_assert_cmpint (map->dims[0], ==, MADE_MAP_HEIGHT);
  g_assert_cmpint (map->dims[1], ==, MADE_MAP_WIDTH);
  for (guint i = 0; i < MADE_MAP_N; i++)
    {
      const float got = dh_tensor_f32 (map)[i], wanted = made_map_value (i);
      g_assert_true (isnan (wanted) ? isnan (got) : got == wanted);
    }
}

void
made_map_assert_wholes (DhTensor *map)
{
  for (guint i = 0; i < MADE_MAP_N; i++)
    g_assert_cmpfloat (dh_tensor_f32 (map)[i], ==, made_map_whole (i));
}

DhTensor *
made_map_parse (GBytes *bytes, const char *name)
{
  g_autoptr (GError) error = NULL;
  DhTensor *map = dh_map_file_parse (bytes, name, MADE_MAP_WIDTH, MADE_MAP_HEIGHT, &error);
  g_assert_no_error (error);
  return map;
}

void
made_map_assert_refused (GBytes *bytes, const char *name, DhError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_map_file_parse (bytes, name, MADE_MAP_WIDTH, MADE_MAP_HEIGHT, &error));
  g_assert_error (error, DH_ERROR, (gint)code);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, name));
  g_assert_nonnull (strstr (error->message, words));
  g_assert_null (strchr (error->message, '\n'));
}

static hid_t
half_type (void)
{
  const hid_t type = H5Tcopy (H5T_IEEE_F32LE);
  H5Tset_fields (type, 15, 10, 5, 0, 10);
  H5Tset_size (type, 2);
  H5Tset_ebias (type, 15);
  return type;
}

hid_t
made_map_begin_hdf5 (const char *path, gboolean latest)
{
  const hid_t access = H5Pcreate (H5P_FILE_ACCESS);
  if (latest)
    H5Pset_libver_bounds (access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  const hid_t file = H5Fcreate (path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  g_assert_cmpint (file, >=, 0);
  H5Pclose (access);
  return file;
}

GBytes *
made_map_end_hdf5 (hid_t file, const char *path)
{
  char *image;
  gsize size;
  g_assert_cmpint (H5Fclose (file), >=, 0);
  g_assert_true (g_file_get_contents (path, &image, &size, NULL));
  return g_bytes_new_take (image, size);
}

GBytes *
made_map_hdf5 (const MadeHdf5 *form)
{
  float f32[MADE_MAP_N];
  gint32 i32[MADE_MAP_N];
  for (guint i = 0; i < MADE_MAP_N; i++)
    {
      f32[i] = made_map_value (i);
      i32[i] = (gint32)made_map_whole (i);
    }
  H5Eset_auto2 (H5E_DEFAULT, NULL, NULL);
  g_autofree char *folder = tree_new (), *path = g_build_filename (folder, "made.hdf5", NULL);
  const hid_t file = made_map_begin_hdf5 (path, form->latest);
  const hsize_t dims[] = { 1, 1, MADE_MAP_HEIGHT, MADE_MAP_WIDTH },
                chunk[] = { 1, 1, form->chunk, form->columns ? form->columns : 16 },
                most[] = { 1, 1, H5S_UNLIMITED, MADE_MAP_WIDTH };
  const hid_t space =
      H5Screate_simple ((int)form->rank, dims + 4 - form->rank, form->grows ? most + 4 - form->rank : NULL);
  const hid_t how = H5Pcreate (H5P_DATASET_CREATE);
  if (form->chunk)
    H5Pset_chunk (how, (int)form->rank, chunk + 4 - form->rank);
  if (form->early)
    H5Pset_alloc_time (how, H5D_ALLOC_TIME_EARLY);
  if (form->compact)
    H5Pset_layout (how, H5D_COMPACT);
  if (form->shuffle)
    H5Pset_shuffle (how);
  if (form->gzip)
    H5Pset_deflate (how, 6);
  if (form->checksum)
    H5Pset_fletcher32 (how);
  const hid_t type = form->type ? form->type : half_type ();
  const hid_t set = H5Dcreate2 (file, form->name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
  g_assert_cmpint (set, >=, 0);
  g_assert_cmpint (H5Dwrite (set, form->wholes ? H5T_NATIVE_INT32 : H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                             form->wholes ? (gconstpointer)i32 : f32),
                   >=, 0);
  /* What stands beside it and about it. */
  const hid_t group = H5Gcreate2 (file, "a group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t scalar = H5Screate (H5S_SCALAR);
  for (guint i = 0; i < 12; i++)
    {
      g_autofree char *name = g_strdup_printf ("attribute %u", i);
      H5Aclose (H5Acreate2 (set, name, H5T_NATIVE_INT, scalar, H5P_DEFAULT, H5P_DEFAULT));
      if (i < 6 || !form->latest || form->many)
        H5Gclose (H5Gcreate2 (file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
  H5Sclose (scalar);
  H5Gclose (group);
  H5Dclose (set);
  H5Pclose (how);
  H5Sclose (space);
  GBytes *bytes = made_map_end_hdf5 (file, path);
  tree_remove (folder);
  return bytes;
}
