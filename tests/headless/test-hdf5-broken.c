/* HDF5 files that are cut off, changed, or made to go round for ever: refusals in words, and no harm. */
#include <stdlib.h>
#include "dh-hdf5.h"
#include "dh-map-file.h"
#include "made-maps.h"
#include "tree.h"

/* Cut anywhere, changed anywhere: an error or a map, nothing else; of a checksummed one no wrong map of its chunks. */
static void
test_hdf5_broken (void)
{
  const MadeHdf5 forms[] = { { "value", H5T_IEEE_F32LE, 2, 8, .gzip = TRUE, .shuffle = TRUE, .checksum = TRUE },
                             { "value", 0, 2, 4 },
                             { "value", H5T_IEEE_F64BE, 3, 0 },
                             { "value", 0, 2, 4, .gzip = TRUE, .checksum = TRUE, .latest = TRUE },
                             { "value", H5T_IEEE_F32LE, 2, MADE_MAP_HEIGHT, .columns = MADE_MAP_WIDTH,
                               .latest = TRUE } };
  for (guint f = 0; f < G_N_ELEMENTS (forms); f++)
    {
      g_autoptr (GBytes) file = made_map_hdf5 (&forms[f]);
      gsize size;
      const guint8 *data = g_bytes_get_data (file, &size);
      guint refused = 0;
      for (gsize end = 0; end < size; end += end < 4096 ? 7 : 211)
        {
          guint8 *part = malloc (MAX (end, 1)); /* exactly as long, so that a read behind it is seen */
          memcpy (part, data, end);
          g_autoptr (GBytes) cut = g_bytes_new_with_free_func (part, end, free, part);
          g_autoptr (DhTensor) map = dh_map_file_parse (cut, "a.hdf5", MADE_MAP_WIDTH, MADE_MAP_HEIGHT, NULL);
          if (map)
            made_map_assert_values (map);
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
          g_autoptr (DhTensor) map = dh_map_file_parse (bytes, "a.hdf5", MADE_MAP_WIDTH, MADE_MAP_HEIGHT, &error);
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
  const MadeHdf5 form = { "value", 0, 2, 4 };
  g_autoptr (GBytes) file = made_map_hdf5 (&form);
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
  made_map_assert_refused (circle, "a.hdf5", DH_ERROR_UNSUPPORTED, "root");
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
  made_map_assert_refused (circle, "a.hdf5", DH_ERROR_INVALID, "a header longer than the file");
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
  made_map_assert_refused (circle, "a.hdf5", DH_ERROR_INVALID, "runs in a circle");
}

/* Unsigned numbers become twice as wide: an axis of 0 beside one that is then too long makes an error as well. */
static void
test_hdf5_nothing (void)
{
  const MadeHdf5 form = { "value", H5T_STD_U16LE, 2, 0, .wholes = TRUE };
  g_autoptr (GBytes) file = made_map_hdf5 (&form);
  const gsize size = g_bytes_get_size (file);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (file, NULL), size);
  guint8 shape[16];
  put_number (shape, MADE_MAP_HEIGHT, 8);
  put_number (shape + 8, MADE_MAP_WIDTH, 8);
  guint8 *at = memmem (data, size, shape, sizeof shape);
  g_assert_nonnull (at);
  put_number (at, G_GUINT64_CONSTANT (1) << 61, 8);
  put_number (at + 8, 0, 8);
  g_autoptr (GBytes) nothing = g_bytes_new (data, size);
  made_map_assert_refused (nothing, "a.hdf5", DH_ERROR_TOO_LARGE, "far larger than it may be");
}

/* Of the newer format a checksum tells what was changed in the headers, and in what lists the chunks. */
static void
test_hdf5_checksums (void)
{
  const MadeHdf5 form = { "value", 0, 2, 4, .gzip = TRUE, .latest = TRUE };
  g_autoptr (GBytes) file = made_map_hdf5 (&form);
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
      made_map_assert_refused (bytes, "a.hdf5", DH_ERROR_INVALID, "cut off or broken");
    }
}

/* Chunks that hang far over the array: as many as elements, each as large as may be, of a few packed bytes. */
static void
test_hdf5_overhang (void)
{
  g_autofree char *folder = tree_new (), *path = g_build_filename (folder, "overhang.hdf5", NULL);
  const hid_t file = made_map_begin_hdf5 (path, FALSE), how = H5Pcreate (H5P_DATASET_CREATE);
  const hsize_t dims[] = { 4096, 1 }, most[] = { H5S_UNLIMITED, H5S_UNLIMITED }, chunk[] = { 1, 65536 };
  H5Pset_chunk (how, 2, chunk);
  H5Pset_deflate (how, 6);
  const hid_t space = H5Screate_simple (2, dims, most);
  H5Dclose (H5Dcreate2 (file, "value", H5T_IEEE_F32LE, space, H5P_DEFAULT, how, H5P_DEFAULT));
  H5Sclose (space);
  H5Pclose (how);
  g_autoptr (GBytes) bytes = made_map_end_hdf5 (file, path);
  tree_remove (folder);
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_hdf5_read (bytes, "value", 1 << 20, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/map-file/hdf5-broken", test_hdf5_broken);
  g_test_add_func ("/map-file/hdf5-nothing", test_hdf5_nothing);
  g_test_add_func ("/map-file/hdf5-checksums", test_hdf5_checksums);
  g_test_add_func ("/map-file/hdf5-circle", test_hdf5_circle);
  g_test_add_func ("/map-file/hdf5-new-circle", test_hdf5_new_circle);
  g_test_add_func ("/map-file/hdf5-same-leaf", test_hdf5_same_leaf);
  g_test_add_func ("/map-file/hdf5-overhang", test_hdf5_overhang);
  return g_test_run ();
}
