#include "dataset-asserts.h"
#include "tree.h"

DhDataset *
dataset_open_ok (const char *root, const char *kind)
{
  g_autoptr (GError) error = NULL;
  DhDataset *dataset = dh_dataset_open (root, kind, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

void
dataset_assert_error_says (GError **error, DhError code, const char *words)
{
  g_assert_error (*error, DH_ERROR, (gint)code);
  if (!strstr ((*error)->message, words))
    g_error ("\"%s\" is not in \"%s\"", words, (*error)->message);
  g_clear_error (error);
}

char *
dataset_anomaly_text (DhDataset *dataset, guint index, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_assert_true (dh_dataset_load_labels (dataset, index, &labels, NULL, &error));
  g_assert_no_error (error);
  if (!labels)
    return g_strdup ("none");
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%u", labels->ids[i]);
  return g_string_free (text, FALSE);
}

char *
dataset_class_text (DhDataset *dataset, guint index, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_assert_true (dh_dataset_load_labels (dataset, index, NULL, &labels, &error));
  g_assert_no_error (error);
  if (!labels)
    return g_strdup ("none");
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, i ? ",%u" : "%u", labels->ids[i]);
  return g_string_free (text, FALSE);
}

void
dataset_assert_item (DhDataset *dataset, guint index, const char *stem, const char *id, const char *split,
                     const char *group)
{
  const DhDatasetItem *item = dh_dataset_item (dataset, index);
  g_assert_cmpstr (item->stem, ==, stem);
  g_assert_cmpstr (item->id, ==, id);
  g_assert_cmpstr (item->split, ==, split);
  g_assert_cmpstr (item->group, ==, group);
  g_assert_cmpint (dh_dataset_find (dataset, stem), ==, index);
}

/* What EXIF is, with the orientation behind another tag; of both byte orders. */
static GBytes *
make_exif (guint orientation, gboolean big)
{
  static const guint8 little[] = { 'E', 'x', 'i', 'f', 0, 0, 'I',  'I', '*', 0, 8, 0, 0, 0, 2, 0, 0x10, 1, 2, 0, 1, 0,
                                   0,   0,   65,  0,   0, 0, 0x12, 1,   3,   0, 1, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0, 0 };
  static const guint8 large[] = { 'E', 'x', 'i', 'f', 0, 0, 'M', 'M',  0, '*', 0, 0, 0, 8, 0, 2, 1, 0x10, 0, 2, 0, 0,
                                  0,   1,   65,  0,   0, 0, 1,   0x12, 0, 3,   0, 0, 0, 1, 0, 0, 0, 0,    0, 0, 0, 0 };
  guint8 *bytes = g_memdup2 (big ? large : little, sizeof little);
  bytes[big ? 37 : 36] = (guint8)orientation;
  return g_bytes_new_take (bytes, sizeof little);
}

void
dataset_write_photo (const char *root, const char *path, guint orientation, gboolean big)
{
  guint8 rgb[16][24][3] = { 0 };
  for (guint y = 0; y < 16; y++)
    for (guint x = 0; x < 24; x++)
      rgb[y][x][y >= 12 ? 2 : x < 12 ? 0 : 1] = 200;
  g_autoptr (GBytes) jpeg = dh_image_encode_jpeg (24, 16, rgb[0][0], 95, NULL), exif = make_exif (orientation, big);
  const guint8 *data = g_bytes_get_data (jpeg, NULL);
  const gsize size = g_bytes_get_size (exif) + 2;
  g_autoptr (GByteArray) all = g_byte_array_new ();
  const guint8 marker[] = { 0xff, 0xe1, size >> 8, size & 255 };
  g_byte_array_append (all, data, 2);
  g_byte_array_append (all, marker, 4);
  g_byte_array_append (all, g_bytes_get_data (exif, NULL), size - 2);
  g_byte_array_append (all, data + 2, g_bytes_get_size (jpeg) - 2);
  tree_bytes (root, path, all->data, all->len);
}
