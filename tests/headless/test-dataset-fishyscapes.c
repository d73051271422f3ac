/* Fishyscapes, as it is handed out and as it is found. */
#include "dataset-asserts.h"
#include "dh-npy.h"
#include "tree.h"

/* The folder itself is called ood/images/leftImg8bit: only what is below the root counts. */
static void
test_lf (void)
{
  g_autofree char *top = tree_new ();
  g_autofree char *root = g_build_filename (top, "ood", "images", "leftImg8bit", NULL);
  tree_pair (root, "leftImg8bit/test/04_Weg/04_Weg_000001_leftImg8bit.png",
             "ood/test/04_Weg/04_Weg_000001_ood_segmentation.png", 0, 1, 2, 255);
  tree_pair (root, "leftImg8bit/test/04_Weg/04_Weg_000010_leftImg8bit.jpg",
             "ood/test/04_Weg/04_Weg_000010_ood_segmentation.png", 0);
  tree_image (root, "leftImg8bit/test/04_Weg/04_Weg_000002_leftImg8bit.webp.png", 16, 8);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_LF);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 2);
  dataset_assert_item (dataset, 0, "test/04_Weg/04_Weg_000001", "04_Weg_000001", "test", "04_Weg");
  dataset_assert_item (dataset, 1, "test/04_Weg/04_Weg_000010", "04_Weg_000010", "test", "04_Weg");
  dataset_assert_anomaly (dataset, 0, "012201");
  dataset_assert_classes (dataset, 0, 1, "none");
  g_assert_true (dh_dataset_has_anomaly_labels (dataset));
  g_assert_false (dh_dataset_has_class_labels (dataset));
  g_assert_null (dh_dataset_class_table (dataset));
  tree_remove (top);
}

static void
test_lf_official (void)
{
  g_autofree char *root = tree_new ();
  const guint8 ids[] = { 0, 1, 255 };
  tree_label (root, "masks/0000_04_Weg_8_000000_000030_labels.png", 16, 8, ids, 3);
  tree_label (root, "masks/0001_05_Platz_000000_000040_labels.png", 16, 8, ids, 3);
  {
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_LF);
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 0);
    g_assert_nonnull (strstr (dh_dataset_notes (dataset)[0], "Lost and Found images are needed"));
  }
  /* the pictures beside it, and in a folder of their own */
  tree_image (root, "laf/leftImg8bit/test/04_Weg_8/04_Weg_8_000000_000030_leftImg8bit.png", 16, 8);
  g_autofree char *elsewhere = tree_new ();
  tree_image (elsewhere, "leftImg8bit/test/05_Platz/05_Platz_000000_000040_leftImg8bit.png", 16, 8);
  g_autoptr (GError) error = NULL;
  const DhDatasetOptions options = { .base_root = elsewhere };
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, "lf", &options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 2);
  dataset_assert_item (dataset, 0, "masks/0000_04_Weg_8_000000_000030", "0000_04_Weg_8_000000_000030", "", "masks");
  dataset_assert_anomaly (dataset, 0, "012");
  dataset_assert_anomaly (dataset, 1, "012");
  tree_remove (root);
  tree_remove (elsewhere);
}

static void
test_static (void)
{
  g_autofree char *root = tree_new ();
  for (guint i = 0; i < 11; i++)
    {
      g_autofree char *image = g_strdup_printf ("%u_rgb.jpg", i);
      g_autofree char *label = g_strdup_printf ("%u_labels.png", i);
      tree_pair (root, image, label, 0, 255, 1);
    }
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_STATIC);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 11);
  dataset_assert_item (dataset, 2, "2", "2", "", "");
  dataset_assert_item (dataset, 10, "10", "10", "", "");
  dataset_assert_anomaly (dataset, 7, "021");
  tree_remove (root);
}

/* An .npz of one stored member rgb.npy. */
static void
write_npz (const char *path, DhTensor *tensor)
{
  g_autoptr (GBytes) header = dh_npy_header (tensor->dtype, tensor->n_dims, tensor->dims);
  g_autoptr (GByteArray) member = g_byte_array_new ();
  g_byte_array_append (member, g_bytes_get_data (header, NULL), g_bytes_get_size (header));
  g_byte_array_append (member, dh_tensor_data (tensor), dh_tensor_size_bytes (tensor));
  guint32 crc = 0xffffffff;
  for (guint i = 0; i < member->len; i++)
    {
      crc ^= member->data[i];
      for (guint b = 0; b < 8; b++)
        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
  crc = ~crc;
  guint8 local[37] = "PK\x03\x04\x14", central[53] = "PK\x01\x02\x14\0\x14", end[22] = "PK\x05\x06";
  memcpy (local + 14, &crc, 4);
  memcpy (local + 18, &member->len, 4);
  memcpy (local + 22, &member->len, 4);
  local[26] = 7;
  memcpy (local + 30, "rgb.npy", 7);
  memcpy (central + 16, &crc, 4);
  memcpy (central + 20, &member->len, 4);
  memcpy (central + 24, &member->len, 4);
  central[28] = 7;
  memcpy (central + 46, "rgb.npy", 7);
  const guint32 at = sizeof local + member->len, size = sizeof central;
  end[8] = end[10] = 1;
  memcpy (end + 12, &size, 4);
  memcpy (end + 16, &at, 4);
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_byte_array_append (file, local, sizeof local);
  g_byte_array_append (file, member->data, member->len);
  g_byte_array_append (file, central, sizeof central);
  g_byte_array_append (file, end, sizeof end);
  g_assert_true (g_file_set_contents (path, (const char *)file->data, file->len, NULL));
}

static void
test_static_official (void)
{
  g_autofree char *root = tree_new ();
  const guint8 ids[] = { 0, 1, 255 };
  tree_label (root, "fs/0003_frankfurt_000000_000294_labels.png", 16, 8, ids, 3);
  gint32 *values = g_new0 (gint32, 16 * 8 * 3);
  values[0] = 300;
  values[1] = -300;
  values[2] = 5;
  const gint64 dims[] = { 8, 16, 3 };
  g_autoptr (DhTensor) overlay =
      dh_tensor_new_take (DH_DTYPE_I32, 3, dims, g_bytes_new_take (values, 16 * 8 * 3 * sizeof *values));
  g_autofree char *npz = tree_path (root, "fs/0003_frankfurt_000000_000294_rgb.npz");
  write_npz (npz, overlay);
  {
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_STATIC);
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 0);
    g_assert_nonnull (strstr (dh_dataset_notes (dataset)[0], "Cityscapes val images are needed"));
  }
  tree_image (root, "cityscapes/leftImg8bit/val/frankfurt/frankfurt_000000_000294_leftImg8bit.png", 16, 8);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, "static");
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImage) image = dh_dataset_load_image (dataset, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (image->rgb[0], ==, 255);
  g_assert_cmpuint (image->rgb[1], ==, 0);
  g_assert_cmpuint (image->rgb[2], ==, 14 + 5);
  g_assert_cmpuint (image->rgb[3], ==, 21);
  g_autoptr (DhImage) small = dh_dataset_load_thumbnail (dataset, 0, 8, 8, &error);
  g_assert_cmpuint (small->width, ==, 8);
  dataset_assert_anomaly (dataset, 0, "012");
  tree_remove (root);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset/lf", test_lf);
  g_test_add_func ("/dataset/lf-official", test_lf_official);
  g_test_add_func ("/dataset/static", test_static);
  g_test_add_func ("/dataset/static-official", test_static_official);
  return g_test_run ();
}
