/* Score maps in every form that programs leave them in: numbers to the bit, refusals in words. */
#include <math.h>
#include <unistd.h>
#include "dh-hdf5.h"
#include "dh-map-file.h"
#include "dh-npy.h"
#include "made-maps.h"
#include "tree.h"
#include "weights-bytes.h"

static GBytes *
make_npy (DhDtype dtype, guint n_dims, const gint64 *dims, gconstpointer elements, gsize size)
{
  g_autoptr (GBytes) header = dh_npy_header (dtype, n_dims, dims);
  GByteArray *file = g_byte_array_new ();
  g_byte_array_append (file, g_bytes_get_data (header, NULL), g_bytes_get_size (header));
  g_byte_array_append (file, elements, size);
  return g_byte_array_free_to_bytes (file);
}

static const gint64 size_dims[] = { MADE_MAP_HEIGHT, MADE_MAP_WIDTH };

static void
test_npy (void)
{
  float f32[MADE_MAP_N];
  double f64[MADE_MAP_N];
  guint16 f16[MADE_MAP_N];
  gint32 i32[MADE_MAP_N];
  guint8 u8[MADE_MAP_N];
  for (guint i = 0; i < MADE_MAP_N; i++)
    {
      f32[i] = made_map_value (i);
      f64[i] = (double)f32[i];
      f16[i] = dh_f32_to_f16 (f32[i]);
      i32[i] = u8[i] = made_map_whole (i);
    }
  const gint64 one[] = { 1, MADE_MAP_HEIGHT, MADE_MAP_WIDTH }, last[] = { MADE_MAP_HEIGHT, MADE_MAP_WIDTH, 1 },
               turned[] = { MADE_MAP_WIDTH, MADE_MAP_HEIGHT }, flat[] = { MADE_MAP_N },
               two[] = { 2, MADE_MAP_HEIGHT, MADE_MAP_WIDTH };
  const struct
  {
    DhDtype dtype;
    guint n_dims;
    const gint64 *dims;
    gconstpointer elements;
    gsize size;
  } good[] = { { DH_DTYPE_F32, 2, size_dims, f32, sizeof f32 },
               { DH_DTYPE_F64, 2, size_dims, f64, sizeof f64 },
               { DH_DTYPE_F16, 2, size_dims, f16, sizeof f16 },
               { DH_DTYPE_F32, 3, one, f32, sizeof f32 },
               { DH_DTYPE_F32, 3, last, f32, sizeof f32 } };
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GBytes) file = make_npy (good[i].dtype, good[i].n_dims, good[i].dims, good[i].elements, good[i].size);
      g_autoptr (DhTensor) map = made_map_parse (file, "a.npy");
      made_map_assert_values (map);
    }
  g_autoptr (GBytes) ints = make_npy (DH_DTYPE_I32, 2, size_dims, i32, sizeof i32);
  g_autoptr (DhTensor) wide = made_map_parse (ints, "a.NPY");
  made_map_assert_wholes (wide);
  g_autoptr (GBytes) bytes = make_npy (DH_DTYPE_U8, 2, size_dims, u8, sizeof u8);
  g_autoptr (DhTensor) narrow = made_map_parse (bytes, "a.npy");
  made_map_assert_wholes (narrow);

  g_autoptr (GBytes) mask = make_npy (DH_DTYPE_BOOL, 2, size_dims, u8, sizeof u8);
  made_map_assert_refused (mask, "a.npy", DH_ERROR_MISMATCH, "a mask and no scores");
  g_autoptr (GBytes) other = make_npy (DH_DTYPE_F32, 2, turned, f32, sizeof f32);
  made_map_assert_refused (other, "a.npy", DH_ERROR_MISMATCH,
                           "is 37×23 (rows × columns), but its image has 23 rows and 37");
  g_autoptr (GBytes) row = make_npy (DH_DTYPE_F32, 1, flat, f32, sizeof f32);
  made_map_assert_refused (row, "a.npy", DH_ERROR_MISMATCH, "save the scores at the image's own size");
  g_autoptr (GBytes) stack = make_npy (DH_DTYPE_F16, 3, two, f32, sizeof f32);
  made_map_assert_refused (stack, "a.npy", DH_ERROR_MISMATCH, "is 2×23×37");
  g_autoptr (GBytes) cut = g_bytes_new_from_bytes (other, 0, g_bytes_get_size (other) - 1);
  made_map_assert_refused (cut, "a.npy", DH_ERROR_INVALID, "truncated");
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  for (guint i = 0; dh_map_file_endings[i]; i++)
    {
      g_autofree char *name = g_strconcat ("a.", dh_map_file_endings[i], NULL);
      made_map_assert_refused (nothing, name, DH_ERROR_INVALID, "empty");
      made_map_assert_refused (cut, i == 0 ? "a.npz" : name, DH_ERROR_INVALID, "is no");
    }
}

static GBytes *
zip_of (const WeightsMember *members, guint n)
{
  GString *zip = weights_make_zip (members, n);
  return g_string_free_to_bytes (zip);
}

/* ISSU's: other arrays beside it are not read. */
static void
test_npz (void)
{
  float f32[MADE_MAP_N];
  for (guint i = 0; i < MADE_MAP_N; i++)
    f32[i] = made_map_value (i);
  g_autoptr (GBytes) npy = make_npy (DH_DTYPE_F32, 2, size_dims, f32, sizeof f32);
  const WeightsMember scores = { "anomaly_scores.npy", g_bytes_get_data (npy, NULL), g_bytes_get_size (npy) };
  const WeightsMember labels = { "pred_id_labels.npy", "none", 4 }, text = { "x", "y", 1 };
  const WeightsMember both[] = { labels, scores }, none[] = { labels, text };
  WeightsMember lone = scores;
  lone.name = "arr_0.npy";
  g_autoptr (GBytes) two = zip_of (both, 2), wrong = zip_of (none, 2), one = zip_of (&lone, 1);
  g_autoptr (DhTensor) a = made_map_parse (two, "a.npz"), b = made_map_parse (one, "a.npz");
  made_map_assert_values (a);
  made_map_assert_values (b);
  made_map_assert_refused (wrong, "a.npz", DH_ERROR_NOT_FOUND,
                           "holds no array \"anomaly_scores\", but pred_id_labels.npy, x");
  g_autoptr (GBytes) bad = zip_of (&labels, 1);
  made_map_assert_refused (bad, "a.npz", DH_ERROR_INVALID, "a.npz: is not a NumPy array");
}

static void
test_hdf5 (void)
{
  const MadeHdf5 forms[] = {
    { "value", 0, 2, 8, .gzip = TRUE },
    { "value", 0, 2, 8, .gzip = TRUE, .shuffle = TRUE, .checksum = TRUE },
    { "value", H5T_IEEE_F32LE, 2, 0 },
    { "value", H5T_IEEE_F32BE, 2, 5, .shuffle = TRUE },
    { "value", H5T_IEEE_F64LE, 2, 1, .gzip = TRUE },
    { "value", H5T_IEEE_F64BE, 2, 0 },
    { "value", H5T_IEEE_F32LE, 2, 0, .compact = TRUE },
    { "value", H5T_IEEE_F32LE, 3, 4, .checksum = TRUE },
    { "value", H5T_IEEE_F32LE, 4, MADE_MAP_HEIGHT, .gzip = TRUE },
    { "value", H5T_STD_U8LE, 2, 8, .gzip = TRUE, .wholes = TRUE },
    { "value", H5T_STD_I8LE, 2, 0, .wholes = TRUE },
    { "value", H5T_STD_U16BE, 2, 8, .wholes = TRUE },
    { "value", H5T_STD_I16LE, 2, 8, .shuffle = TRUE, .wholes = TRUE },
    { "value", H5T_STD_U32LE, 2, 8, .wholes = TRUE },
    { "value", H5T_STD_I32BE, 2, 0, .wholes = TRUE },
    { "value", H5T_STD_I64LE, 2, 8, .gzip = TRUE, .wholes = TRUE },
    { "value", H5T_IEEE_F32LE, 2, 4, .grows = TRUE },
    /* the newer format: at one place, in the header, a chunk alone, chunks in a row, in an array, one an element */
    { "value", H5T_IEEE_F64BE, 2, 0, .latest = TRUE },
    { "value", H5T_IEEE_F32LE, 2, 0, .compact = TRUE, .latest = TRUE },
    { "value", H5T_IEEE_F32LE, 2, MADE_MAP_HEIGHT, .columns = MADE_MAP_WIDTH, .latest = TRUE },
    { "value", 0, 2, MADE_MAP_HEIGHT, .columns = MADE_MAP_WIDTH, .gzip = TRUE, .latest = TRUE },
    { "value", H5T_IEEE_F32LE, 2, 5, .early = TRUE, .latest = TRUE },
    { "value", H5T_IEEE_F32BE, 2, 5, .latest = TRUE },
    { "value", 0, 2, 8, .gzip = TRUE, .shuffle = TRUE, .checksum = TRUE, .latest = TRUE },
    { "value", H5T_STD_U16LE, 4, 3, .checksum = TRUE, .wholes = TRUE, .latest = TRUE },
    { "value", H5T_STD_U8LE, 2, 1, .gzip = TRUE, .wholes = TRUE, .columns = 1, .latest = TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_test_message ("form %u", i);
      g_autoptr (GBytes) file = made_map_hdf5 (&forms[i]);
      g_autoptr (DhTensor) map = made_map_parse (file, i % 2 ? "a.hdf5" : "a.h5");
      (forms[i].wholes ? made_map_assert_wholes : made_map_assert_values) (map);
    }
}

static void
test_hdf5_refused (void)
{
  const MadeHdf5 other = { "score", H5T_IEEE_F32LE, 2, 0 },
                 many = { "value", H5T_IEEE_F32LE, 2, 8, .latest = TRUE, .many = TRUE },
                 grows = { "value", H5T_IEEE_F32LE, 2, 8, .latest = TRUE, .grows = TRUE },
                 absent = { "score", H5T_IEEE_F32LE, 2, 0, .latest = TRUE }, strange = { "value", H5T_VAX_F32, 2, 0 },
                 unsigned64 = { "value", H5T_STD_U64LE, 2, 0, .wholes = TRUE };
  const struct
  {
    const MadeHdf5 *form;
    DhError code;
    const char *words;
  } cases[] = { { &other, DH_ERROR_NOT_FOUND, "holds no data set \"value\"" },
                { &many, DH_ERROR_UNSUPPORTED, "more names than are read of the newer format" },
                { &grows, DH_ERROR_UNSUPPORTED, "made to grow, which is not read of the newer format" },
                { &absent, DH_ERROR_NOT_FOUND, "holds no data set \"value\"" },
                { &strange, DH_ERROR_UNSUPPORTED, "type that is not read" },
                { &unsigned64, DH_ERROR_UNSUPPORTED, "type that is not read" } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) file = made_map_hdf5 (cases[i].form);
      made_map_assert_refused (file, "a.hdf5", cases[i].code, cases[i].words);
    }
}

/* More than 1024 chunks stand in pages. */
static void
test_hdf5_pages (void)
{
  enum
  {
    SIDE = 50,
  };
  static float values[SIDE * SIDE];
  for (guint i = 0; i < SIDE * SIDE; i++)
    values[i] = (float)i;
  for (guint packed = 0; packed < 2; packed++)
    {
      g_autofree char *folder = tree_new (), *path = g_build_filename (folder, "pages.hdf5", NULL);
      const hid_t file = made_map_begin_hdf5 (path, TRUE), how = H5Pcreate (H5P_DATASET_CREATE);
      const hsize_t dims[] = { SIDE, SIDE }, chunk[] = { 1, 1 };
      H5Pset_chunk (how, 2, chunk);
      if (packed)
        H5Pset_fletcher32 (how);
      const hid_t space = H5Screate_simple (2, dims, NULL);
      const hid_t set = H5Dcreate2 (file, "value", H5T_IEEE_F32LE, space, H5P_DEFAULT, how, H5P_DEFAULT);
      g_assert_cmpint (H5Dwrite (set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), >=, 0);
      H5Dclose (set);
      H5Sclose (space);
      H5Pclose (how);
      g_autoptr (GBytes) bytes = made_map_end_hdf5 (file, path);
      tree_remove (folder);
      g_autoptr (GError) error = NULL;
      g_autoptr (DhTensor) map = dh_hdf5_read (bytes, "value", 1 << 20, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (dh_tensor_data (map), sizeof values, values, sizeof values);
    }
}

/* What a file claims is not what is allocated for it. */
static void
test_bombs (void)
{
  const MadeHdf5 form = { "value", H5T_IEEE_F32LE, 2, MADE_MAP_HEIGHT, .gzip = TRUE };
  g_autoptr (GBytes) file = made_map_hdf5 (&form);
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_hdf5_read (file, "value", sizeof (float) * MADE_MAP_N - 1, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_autoptr (DhTensor) just = dh_hdf5_read (file, "value", sizeof (float) * MADE_MAP_N * 2, &error);
  g_assert_no_error (error);

  /* A header of 2^60 elements, in NumPy and in a zip. */
  const gint64 huge[] = { G_GINT64_CONSTANT (1) << 30, G_GINT64_CONSTANT (1) << 30 };
  g_autoptr (GBytes) claims = make_npy (DH_DTYPE_F32, 2, huge, "", 0);
  made_map_assert_refused (claims, "a.npy", DH_ERROR_INVALID, "larger than the file");
  const WeightsMember member = { "anomaly_scores.npy", g_bytes_get_data (claims, NULL), g_bytes_get_size (claims) };
  g_autoptr (GBytes) zip = zip_of (&member, 1);
  made_map_assert_refused (zip, "a.npz", DH_ERROR_INVALID, "larger than the file");

  /* A file of a terabyte, all holes, is not read. */
  g_autofree char *root = tree_new (), *path = g_build_filename (root, "a.npy", NULL);
  g_assert_true (g_file_set_contents (path, "\x93NUMPY", -1, NULL));
  if (truncate (path, G_GINT64_CONSTANT (1) << 40) == 0)
    {
      g_assert_null (dh_map_file_read (path, MADE_MAP_WIDTH, MADE_MAP_HEIGHT, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
      g_assert_nonnull (strstr (error->message, "far too large for a map of the image's 37×23 pixels"));
    }
  tree_remove (root);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/map-file/npy", test_npy);
  g_test_add_func ("/map-file/npz", test_npz);
  g_test_add_func ("/map-file/hdf5", test_hdf5);
  g_test_add_func ("/map-file/hdf5-refused", test_hdf5_refused);
  g_test_add_func ("/map-file/hdf5-pages", test_hdf5_pages);
  g_test_add_func ("/map-file/bombs", test_bombs);
  return g_test_run ();
}
