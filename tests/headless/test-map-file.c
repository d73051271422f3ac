/* Score maps in every form that programs leave them in, and in none: numbers to the bit, refusals in words. */
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>

#include "dh-hdf5.h"
#include "dh-map-file.h"
#include "dh-npy.h"
#include "tree.h"
#include "weights-bytes.h"

enum
{
  WIDTH = 37,
  HEIGHT = 23,
  N = WIDTH * HEIGHT,
};

static float
value_at (guint i)
{
  return i == 5 ? NAN : i == 6 ? -INFINITY : (float)((gint)(i * 7919 % 2000) - 1000) / 8;
}

/* Whole numbers from 0 to 99. */
static guint
whole_at (guint i)
{
  return i * 31 % 100;
}

static void
assert_values (DhTensor *map)
{
  g_assert_cmpuint (map->n_dims, ==, 2);
  g_assert_cmpint (map->dims[0], ==, HEIGHT);
  g_assert_cmpint (map->dims[1], ==, WIDTH);
  for (guint i = 0; i < N; i++)
    {
      const float got = dh_tensor_f32 (map)[i], wanted = value_at (i);
      g_assert_true (isnan (wanted) ? isnan (got) : got == wanted);
    }
}

static void
assert_wholes (DhTensor *map)
{
  for (guint i = 0; i < N; i++)
    g_assert_cmpfloat (dh_tensor_f32 (map)[i], ==, whole_at (i));
}

static DhTensor *
parse (GBytes *bytes, const char *name)
{
  g_autoptr (GError) error = NULL;
  DhTensor *map = dh_map_file_parse (bytes, name, WIDTH, HEIGHT, &error);
  g_assert_no_error (error);
  return map;
}

static void
assert_refused (GBytes *bytes, const char *name, DhError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_map_file_parse (bytes, name, WIDTH, HEIGHT, &error));
  g_assert_error (error, DH_ERROR, (gint)code);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, name));
  g_assert_nonnull (strstr (error->message, words));
  g_assert_null (strchr (error->message, '\n'));
}

/* NumPy */

static GBytes *
make_npy (DhDtype dtype, guint n_dims, const gint64 *dims, gconstpointer elements, gsize size)
{
  g_autoptr (GBytes) header = dh_npy_header (dtype, n_dims, dims);
  GByteArray *file = g_byte_array_new ();
  g_byte_array_append (file, g_bytes_get_data (header, NULL), g_bytes_get_size (header));
  g_byte_array_append (file, elements, size);
  return g_byte_array_free_to_bytes (file);
}

static const gint64 size_dims[] = { HEIGHT, WIDTH };

static void
test_npy (void)
{
  float f32[N];
  double f64[N];
  guint16 f16[N];
  gint32 i32[N];
  guint8 u8[N];
  for (guint i = 0; i < N; i++)
    {
      f32[i] = value_at (i);
      f64[i] = (double)f32[i];
      f16[i] = dh_f32_to_f16 (f32[i]);
      i32[i] = u8[i] = whole_at (i);
    }
  const gint64 one[] = { 1, HEIGHT, WIDTH }, last[] = { HEIGHT, WIDTH, 1 }, turned[] = { WIDTH, HEIGHT },
               flat[] = { N }, two[] = { 2, HEIGHT, WIDTH };
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
      g_autoptr (DhTensor) map = parse (file, "a.npy");
      assert_values (map);
    }
  g_autoptr (GBytes) ints = make_npy (DH_DTYPE_I32, 2, size_dims, i32, sizeof i32);
  g_autoptr (DhTensor) wide = parse (ints, "a.NPY");
  assert_wholes (wide);
  g_autoptr (GBytes) bytes = make_npy (DH_DTYPE_U8, 2, size_dims, u8, sizeof u8);
  g_autoptr (DhTensor) narrow = parse (bytes, "a.npy");
  assert_wholes (narrow);

  g_autoptr (GBytes) mask = make_npy (DH_DTYPE_BOOL, 2, size_dims, u8, sizeof u8);
  assert_refused (mask, "a.npy", DH_ERROR_MISMATCH, "a mask and no scores");
  g_autoptr (GBytes) other = make_npy (DH_DTYPE_F32, 2, turned, f32, sizeof f32);
  assert_refused (other, "a.npy", DH_ERROR_MISMATCH, "is 37×23 (rows × columns), but its picture has 23 rows and 37");
  g_autoptr (GBytes) row = make_npy (DH_DTYPE_F32, 1, flat, f32, sizeof f32);
  assert_refused (row, "a.npy", DH_ERROR_MISMATCH, "save the scores at the picture's own size");
  g_autoptr (GBytes) stack = make_npy (DH_DTYPE_F16, 3, two, f32, sizeof f32);
  assert_refused (stack, "a.npy", DH_ERROR_MISMATCH, "is 2×23×37");
  g_autoptr (GBytes) cut = g_bytes_new_from_bytes (other, 0, g_bytes_get_size (other) - 1);
  assert_refused (cut, "a.npy", DH_ERROR_INVALID, "truncated");
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  for (guint i = 0; dh_map_file_endings[i]; i++)
    {
      g_autofree char *name = g_strconcat ("a.", dh_map_file_endings[i], NULL);
      assert_refused (nothing, name, DH_ERROR_INVALID, "empty");
      assert_refused (cut, i == 0 ? "a.npz" : name, DH_ERROR_INVALID, "is no");
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
  float f32[N];
  for (guint i = 0; i < N; i++)
    f32[i] = value_at (i);
  g_autoptr (GBytes) npy = make_npy (DH_DTYPE_F32, 2, size_dims, f32, sizeof f32);
  const WeightsMember scores = { "anomaly_scores.npy", g_bytes_get_data (npy, NULL), g_bytes_get_size (npy) };
  const WeightsMember labels = { "pred_id_labels.npy", "none", 4 }, text = { "x", "y", 1 };
  const WeightsMember both[] = { labels, scores }, none[] = { labels, text };
  WeightsMember lone = scores;
  lone.name = "arr_0.npy";
  g_autoptr (GBytes) two = zip_of (both, 2), wrong = zip_of (none, 2), one = zip_of (&lone, 1);
  g_autoptr (DhTensor) a = parse (two, "a.npz"), b = parse (one, "a.npz");
  assert_values (a);
  assert_values (b);
  assert_refused (wrong, "a.npz", DH_ERROR_NOT_FOUND, "holds no array \"anomaly_scores\", but pred_id_labels.npy, x");
  g_autoptr (GBytes) bad = zip_of (&labels, 1);
  assert_refused (bad, "a.npz", DH_ERROR_INVALID, "a.npz: is not a NumPy array");
}

/* HDF5, written by its own library */

typedef struct
{
  const char *name;
  hid_t type;  /* in the file */
  guint rank;  /* 2, or more with axes of 1 before */
  guint chunk; /* rows; 0: not chunked */
  gboolean compact, gzip, shuffle, checksum, wholes, latest;
  guint columns;  /* of a chunk; 0: 16 */
  gboolean early; /* all chunks get their place at once */
  gboolean grows, many;
} Form;

static hid_t
half_type (void)
{
  const hid_t type = H5Tcopy (H5T_IEEE_F32LE);
  H5Tset_fields (type, 15, 10, 5, 0, 10);
  H5Tset_size (type, 2);
  H5Tset_ebias (type, 15);
  return type;
}

/* As it lies on disk: the image of an open file of the newer format has a checksum that is not its own. */
static hid_t
begin_file (const char *path, gboolean latest)
{
  const hid_t access = H5Pcreate (H5P_FILE_ACCESS);
  if (latest)
    H5Pset_libver_bounds (access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  const hid_t file = H5Fcreate (path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  g_assert_cmpint (file, >=, 0);
  H5Pclose (access);
  return file;
}

static GBytes *
end_file (hid_t file, const char *path)
{
  char *image;
  gsize size;
  g_assert_cmpint (H5Fclose (file), >=, 0);
  g_assert_true (g_file_get_contents (path, &image, &size, NULL));
  return g_bytes_new_take (image, size);
}

static GBytes *
make_hdf5 (const Form *form)
{
  float f32[N];
  gint32 i32[N];
  for (guint i = 0; i < N; i++)
    {
      f32[i] = value_at (i);
      i32[i] = (gint32)whole_at (i);
    }
  H5Eset_auto2 (H5E_DEFAULT, NULL, NULL);
  g_autofree char *folder = tree_new (), *path = g_build_filename (folder, "made.hdf5", NULL);
  const hid_t file = begin_file (path, form->latest);
  const hsize_t dims[] = { 1, 1, HEIGHT, WIDTH }, chunk[] = { 1, 1, form->chunk, form->columns ? form->columns : 16 },
                most[] = { 1, 1, H5S_UNLIMITED, WIDTH };
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
  GBytes *bytes = end_file (file, path);
  tree_remove (folder);
  return bytes;
}

static void
test_hdf5 (void)
{
  const Form forms[] = {
    { "value", 0, 2, 8, .gzip = TRUE },
    { "value", 0, 2, 8, .gzip = TRUE, .shuffle = TRUE, .checksum = TRUE },
    { "value", H5T_IEEE_F32LE, 2, 0 },
    { "value", H5T_IEEE_F32BE, 2, 5, .shuffle = TRUE },
    { "value", H5T_IEEE_F64LE, 2, 1, .gzip = TRUE },
    { "value", H5T_IEEE_F64BE, 2, 0 },
    { "value", H5T_IEEE_F32LE, 2, 0, .compact = TRUE },
    { "value", H5T_IEEE_F32LE, 3, 4, .checksum = TRUE },
    { "value", H5T_IEEE_F32LE, 4, HEIGHT, .gzip = TRUE },
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
    { "value", H5T_IEEE_F32LE, 2, HEIGHT, .columns = WIDTH, .latest = TRUE },
    { "value", 0, 2, HEIGHT, .columns = WIDTH, .gzip = TRUE, .latest = TRUE },
    { "value", H5T_IEEE_F32LE, 2, 5, .early = TRUE, .latest = TRUE },
    { "value", H5T_IEEE_F32BE, 2, 5, .latest = TRUE },
    { "value", 0, 2, 8, .gzip = TRUE, .shuffle = TRUE, .checksum = TRUE, .latest = TRUE },
    { "value", H5T_STD_U16LE, 4, 3, .checksum = TRUE, .wholes = TRUE, .latest = TRUE },
    { "value", H5T_STD_U8LE, 2, 1, .gzip = TRUE, .wholes = TRUE, .columns = 1, .latest = TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_test_message ("form %u", i);
      g_autoptr (GBytes) file = make_hdf5 (&forms[i]);
      g_autoptr (DhTensor) map = parse (file, i % 2 ? "a.hdf5" : "a.h5");
      (forms[i].wholes ? assert_wholes : assert_values) (map);
    }
}

static void
test_hdf5_refused (void)
{
  const Form other = { "score", H5T_IEEE_F32LE, 2, 0 },
             many = { "value", H5T_IEEE_F32LE, 2, 8, .latest = TRUE, .many = TRUE },
             grows = { "value", H5T_IEEE_F32LE, 2, 8, .latest = TRUE, .grows = TRUE },
             absent = { "score", H5T_IEEE_F32LE, 2, 0, .latest = TRUE }, strange = { "value", H5T_VAX_F32, 2, 0 },
             unsigned64 = { "value", H5T_STD_U64LE, 2, 0, .wholes = TRUE };
  const struct
  {
    const Form *form;
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
      g_autoptr (GBytes) file = make_hdf5 (cases[i].form);
      assert_refused (file, "a.hdf5", cases[i].code, cases[i].words);
    }
}

/* Cut anywhere, changed anywhere: an error or a map, nothing else; of a checksummed one no wrong map of its chunks. */
static void
test_hdf5_broken (void)
{
  const Form forms[] = { { "value", H5T_IEEE_F32LE, 2, 8, .gzip = TRUE, .shuffle = TRUE, .checksum = TRUE },
                         { "value", 0, 2, 4 },
                         { "value", H5T_IEEE_F64BE, 3, 0 },
                         { "value", 0, 2, 4, .gzip = TRUE, .checksum = TRUE, .latest = TRUE },
                         { "value", H5T_IEEE_F32LE, 2, HEIGHT, .columns = WIDTH, .latest = TRUE } };
  for (guint f = 0; f < G_N_ELEMENTS (forms); f++)
    {
      g_autoptr (GBytes) file = make_hdf5 (&forms[f]);
      gsize size;
      const guint8 *data = g_bytes_get_data (file, &size);
      guint refused = 0;
      for (gsize end = 0; end < size; end += end < 4096 ? 7 : 211)
        {
          guint8 *part = malloc (MAX (end, 1)); /* exactly as long, so that a read behind it is seen */
          memcpy (part, data, end);
          g_autoptr (GBytes) cut = g_bytes_new_with_free_func (part, end, free, part);
          g_autoptr (DhTensor) map = dh_map_file_parse (cut, "a.hdf5", WIDTH, HEIGHT, NULL);
          if (map)
            assert_values (map);
        }
      g_autoptr (GRand) rand = g_rand_new_with_seed (f + 1);
      const guint changes = g_test_slow () ? 300000 : 20000;
      for (guint i = 0; i < changes; i++)
        {
          guint8 *changed = malloc (size);
          memcpy (changed, data, size);
          for (gint n = g_rand_int_range (rand, 1, 5); n > 0; n--)
            {
              static const guint8 favourites[] = { 0, 1, 0x7f, 0x80, 0xff };
              const gint pick = g_rand_int_range (rand, 0, 10);
              changed[g_rand_int_range (rand, 0, (gint)size)] = pick < 5 ? favourites[pick] : g_rand_int (rand) & 0xff;
            }
          g_autoptr (GBytes) bytes = g_bytes_new_with_free_func (changed, size, free, changed);
          g_autoptr (GError) error = NULL;
          g_autoptr (DhTensor) map = dh_map_file_parse (bytes, "a.hdf5", WIDTH, HEIGHT, &error);
          g_assert_true ((map == NULL) == (error != NULL));
          refused += map == NULL;
        }
      g_assert_cmpuint (refused, >, changes / 50);
    }
}

static void
put_number (guint8 *at, guint64 value, guint bytes)
{
  for (guint i = 0; i < bytes; i++, value >>= 8)
    at[i] = value & 0xff;
}

/* A header that goes on in itself, as often as it may have messages: more than a stack holds. */
static void
test_hdf5_circle (void)
{
  const Form form = { "value", 0, 2, 4 };
  g_autoptr (GBytes) file = make_hdf5 (&form);
  gsize size;
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (file, &size), g_bytes_get_size (file));
  size = g_bytes_get_size (file);
  guint64 root = 0;
  for (guint i = 8; i-- > 0;)
    root = root << 8 | data[24 + 40 + i];
  g_assert_cmpuint (root + 40, <=, size);
  put_number (data + root + 2, 0xffff, 2); /* messages */
  put_number (data + root + 16, 0x10, 2);  /* the first one: a continuation */
  put_number (data + root + 18, 16, 2);
  put_number (data + root + 24, root + 16, 8);
  put_number (data + root + 32, 24, 8);
  g_autoptr (GBytes) circle = g_bytes_new (data, size);
  assert_refused (circle, "a.hdf5", DH_ERROR_UNSUPPORTED, "root");
}

/* The library's own, which no header of it names. */
guint32 H5_checksum_metadata (const void *data, size_t length, guint32 begin);

static void
put_checksum (guint8 *from, gsize length)
{
  put_number (from + length, H5_checksum_metadata (from, length, 0), 4);
}

static const guint8 signature[] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n' };

/* The same of the newer format, whose blocks are summed up each time that one is entered. */
static void
test_hdf5_new_circle (void)
{
  enum
  {
    ROOT = 48,
    BLOCK = 256,
    FILLER = 60000,
    LENGTH = 4 + 20 + 4 + FILLER + 4,
  };
  const gsize size = BLOCK + LENGTH;
  g_autofree guint8 *data = g_malloc0 (size);
  memcpy (data, signature, sizeof signature);
  data[8] = 2;
  data[9] = data[10] = 8;
  put_number (data + 20, G_MAXUINT64, 8);
  put_number (data + 28, size, 8);
  put_number (data + 36, ROOT, 8);
  put_checksum (data, 44);
  memcpy (data + ROOT, "OHDR\2\0\24", 7); /* 20 bytes of messages */
  memcpy (data + BLOCK, "OCHK", 4);
  for (guint i = 0; i < 2; i++)
    {
      guint8 *message = data + (i ? BLOCK + 4 : ROOT + 7);
      put_number (message, 0x10 | 16 << 8, 4); /* goes on in the block */
      put_number (message + 4, BLOCK, 8);
      put_number (message + 12, LENGTH, 8);
    }
  put_number (data + BLOCK + 24, FILLER << 8, 4);
  put_checksum (data + ROOT, 27);
  put_checksum (data + BLOCK, LENGTH - 4);
  g_autoptr (GBytes) circle = g_bytes_new (data, size);
  assert_refused (circle, "a.hdf5", DH_ERROR_INVALID, "a header longer than the file");
}

/* A node that names one leaf of many names as often as it can. */
static void
test_hdf5_same_leaf (void)
{
  enum
  {
    ROOT = 96,
    HEAP = 256,
    TREE = 512,
    CHILDREN = 65535,
    LEAF = TREE + 24 + CHILDREN * 16 + 8,
    NAMES = 65535,
  };
  const gsize size = LEAF + 8 + (gsize)NAMES * 40;
  g_autofree guint8 *data = g_malloc0 (size);
  memcpy (data, signature, sizeof signature);
  data[13] = data[14] = 8;
  put_number (data + 64, ROOT, 8);
  data[ROOT] = 1;
  put_number (data + ROOT + 2, 1, 2);
  put_number (data + ROOT + 8, 24, 4);
  put_number (data + ROOT + 16, 0x11 | 16 << 16, 4);
  put_number (data + ROOT + 24, TREE, 8);
  put_number (data + ROOT + 32, HEAP, 8);
  memcpy (data + HEAP, "HEAP", 4);
  put_number (data + HEAP + 8, 8, 8);
  put_number (data + HEAP + 24, HEAP + 32, 8);
  memcpy (data + TREE, "TREE", 4);
  put_number (data + TREE + 6, CHILDREN, 2);
  for (guint i = 0; i < CHILDREN; i++)
    put_number (data + TREE + 24 + i * 16 + 8, LEAF, 8);
  memcpy (data + LEAF, "SNOD", 4);
  put_number (data + LEAF + 6, NAMES, 2);
  g_autoptr (GBytes) circle = g_bytes_new (data, size);
  assert_refused (circle, "a.hdf5", DH_ERROR_INVALID, "runs in a circle");
}

/* Unsigned numbers become twice as wide: an axis of 0 beside one that is then too long makes an error as well. */
static void
test_hdf5_nothing (void)
{
  const Form form = { "value", H5T_STD_U16LE, 2, 0, .wholes = TRUE };
  g_autoptr (GBytes) file = make_hdf5 (&form);
  const gsize size = g_bytes_get_size (file);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (file, NULL), size);
  guint8 shape[16];
  put_number (shape, HEIGHT, 8);
  put_number (shape + 8, WIDTH, 8);
  guint8 *at = memmem (data, size, shape, sizeof shape);
  g_assert_nonnull (at);
  put_number (at, G_GUINT64_CONSTANT (1) << 61, 8);
  put_number (at + 8, 0, 8);
  g_autoptr (GBytes) nothing = g_bytes_new (data, size);
  assert_refused (nothing, "a.hdf5", DH_ERROR_TOO_LARGE, "far larger than it may be");
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
      const hid_t file = begin_file (path, TRUE), how = H5Pcreate (H5P_DATASET_CREATE);
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
      g_autoptr (GBytes) bytes = end_file (file, path);
      tree_remove (folder);
      g_autoptr (GError) error = NULL;
      g_autoptr (DhTensor) map = dh_hdf5_read (bytes, "value", 1 << 20, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (dh_tensor_data (map), sizeof values, values, sizeof values);
    }
}

/* Of the newer format a checksum tells what was changed in the headers, and in what lists the chunks. */
static void
test_hdf5_checksums (void)
{
  const Form form = { "value", 0, 2, 4, .gzip = TRUE, .latest = TRUE };
  g_autoptr (GBytes) file = make_hdf5 (&form);
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  static const char *const signatures[] = { "OHDR", "FAHD", "FADB" };
  for (guint i = 0; i < G_N_ELEMENTS (signatures); i++)
    {
      const guint8 *at = memmem (data, size, signatures[i], 4);
      g_assert_nonnull (at);
      g_autofree guint8 *changed = g_memdup2 (data, size);
      changed[at - data + 20] ^= 1;
      g_autoptr (GBytes) bytes = g_bytes_new (changed, size);
      assert_refused (bytes, "a.hdf5", DH_ERROR_INVALID, "cut off or broken");
    }
}

/* Chunks that hang far over the array: as many as elements, each as large as may be, of a few packed bytes. */
static void
test_hdf5_overhang (void)
{
  g_autofree char *folder = tree_new (), *path = g_build_filename (folder, "overhang.hdf5", NULL);
  const hid_t file = begin_file (path, FALSE), how = H5Pcreate (H5P_DATASET_CREATE);
  const hsize_t dims[] = { 4096, 1 }, most[] = { H5S_UNLIMITED, H5S_UNLIMITED }, chunk[] = { 1, 65536 };
  H5Pset_chunk (how, 2, chunk);
  H5Pset_deflate (how, 6);
  const hid_t space = H5Screate_simple (2, dims, most);
  H5Dclose (H5Dcreate2 (file, "value", H5T_IEEE_F32LE, space, H5P_DEFAULT, how, H5P_DEFAULT));
  H5Sclose (space);
  H5Pclose (how);
  g_autoptr (GBytes) bytes = end_file (file, path);
  tree_remove (folder);
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_hdf5_read (bytes, "value", 1 << 20, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
}

/* What a file claims is not what is allocated for it. */
static void
test_bombs (void)
{
  const Form form = { "value", H5T_IEEE_F32LE, 2, HEIGHT, .gzip = TRUE };
  g_autoptr (GBytes) file = make_hdf5 (&form);
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_hdf5_read (file, "value", sizeof (float) * N - 1, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_autoptr (DhTensor) just = dh_hdf5_read (file, "value", sizeof (float) * N * 2, &error);
  g_assert_no_error (error);

  /* A header of 2^60 elements, in NumPy and in a zip. */
  const gint64 huge[] = { G_GINT64_CONSTANT (1) << 30, G_GINT64_CONSTANT (1) << 30 };
  g_autoptr (GBytes) claims = make_npy (DH_DTYPE_F32, 2, huge, "", 0);
  assert_refused (claims, "a.npy", DH_ERROR_INVALID, "larger than the file");
  const WeightsMember member = { "anomaly_scores.npy", g_bytes_get_data (claims, NULL), g_bytes_get_size (claims) };
  g_autoptr (GBytes) zip = zip_of (&member, 1);
  assert_refused (zip, "a.npz", DH_ERROR_INVALID, "larger than the file");

  /* A file of a terabyte, all holes, is not read. */
  g_autofree char *root = tree_new (), *path = g_build_filename (root, "a.npy", NULL);
  g_assert_true (g_file_set_contents (path, "\x93NUMPY", -1, NULL));
  if (truncate (path, G_GINT64_CONSTANT (1) << 40) == 0)
    {
      g_assert_null (dh_map_file_read (path, WIDTH, HEIGHT, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
      g_assert_nonnull (strstr (error->message, "far too large for a map of the picture's 37×23 pixels"));
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
  g_test_add_func ("/map-file/hdf5-broken", test_hdf5_broken);
  g_test_add_func ("/map-file/hdf5-nothing", test_hdf5_nothing);
  g_test_add_func ("/map-file/hdf5-pages", test_hdf5_pages);
  g_test_add_func ("/map-file/hdf5-checksums", test_hdf5_checksums);
  g_test_add_func ("/map-file/hdf5-circle", test_hdf5_circle);
  g_test_add_func ("/map-file/hdf5-new-circle", test_hdf5_new_circle);
  g_test_add_func ("/map-file/hdf5-same-leaf", test_hdf5_same_leaf);
  g_test_add_func ("/map-file/hdf5-overhang", test_hdf5_overhang);
  g_test_add_func ("/map-file/bombs", test_bombs);
  return g_test_run ();
}
