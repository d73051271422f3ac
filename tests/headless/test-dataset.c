#include <sys/stat.h>
#include <unistd.h>

#include "dh-class-table.h"
#include "dh-dataset.h"
#include "dh-error.h"
#include "dh-npy.h"
#include "tree.h"

static DhDataset *
open_ok (const char *root, const char *kind)
{
  g_autoptr (GError) error = NULL;
  DhDataset *dataset = dh_dataset_open (root, kind, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

static void
assert_error_says (GError **error, DhError code, const char *words)
{
  g_assert_error (*error, DH_ERROR, (gint)code);
  if (!strstr ((*error)->message, words))
    g_error ("\"%s\" is not in \"%s\"", words, (*error)->message);
  g_clear_error (error);
}

/* The labels of an item as text: "012" for the first pixels. */
static char *
anomaly_text (DhDataset *dataset, guint index, guint n)
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

static char *
class_text (DhDataset *dataset, guint index, guint n)
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

#define assert_anomaly(dataset, index, want)                                                                           \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *text_ = anomaly_text (dataset, index, strlen (want));                                             \
    g_assert_cmpstr (text_, ==, want);                                                                                 \
  }                                                                                                                    \
  G_STMT_END
#define assert_classes(dataset, index, n, want)                                                                        \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *text_ = class_text (dataset, index, n);                                                           \
    g_assert_cmpstr (text_, ==, want);                                                                                 \
  }                                                                                                                    \
  G_STMT_END

static void
assert_item (DhDataset *dataset, guint index, const char *stem, const char *id, const char *split, const char *group)
{
  const DhDatasetItem *item = dh_dataset_item (dataset, index);
  g_assert_cmpstr (item->stem, ==, stem);
  g_assert_cmpstr (item->id, ==, id);
  g_assert_cmpstr (item->split, ==, split);
  g_assert_cmpstr (item->group, ==, group);
  g_assert_cmpint (dh_dataset_find (dataset, stem), ==, index);
}

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
  g_autoptr (DhDataset) dataset = open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_LF);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 2);
  assert_item (dataset, 0, "test/04_Weg/04_Weg_000001", "04_Weg_000001", "test", "04_Weg");
  assert_item (dataset, 1, "test/04_Weg/04_Weg_000010", "04_Weg_000010", "test", "04_Weg");
  assert_anomaly (dataset, 0, "012201");
  assert_classes (dataset, 0, 1, "none");
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
    g_autoptr (DhDataset) dataset = open_ok (root, NULL);
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
  assert_item (dataset, 0, "masks/0000_04_Weg_8_000000_000030", "0000_04_Weg_8_000000_000030", "", "masks");
  assert_anomaly (dataset, 0, "012");
  assert_anomaly (dataset, 1, "012");
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
  g_autoptr (DhDataset) dataset = open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_STATIC);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 11);
  assert_item (dataset, 2, "2", "2", "", "");
  assert_item (dataset, 10, "10", "10", "", "");
  assert_anomaly (dataset, 7, "021");
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
    g_autoptr (DhDataset) dataset = open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_STATIC);
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 0);
    g_assert_nonnull (strstr (dh_dataset_notes (dataset)[0], "Cityscapes val images are needed"));
  }
  tree_image (root, "cityscapes/leftImg8bit/val/frankfurt/frankfurt_000000_000294_leftImg8bit.png", 16, 8);
  g_autoptr (DhDataset) dataset = open_ok (root, "static");
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
  assert_anomaly (dataset, 0, "012");
  tree_remove (root);
}

#define ALL_RAW 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
#define ALL_SHIFTED 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13

static void
test_street_hazards (void)
{
  for (guint shifted = 0; shifted < 2; shifted++)
    {
      g_autofree char *root = tree_new ();
      static const char *const towns[] = { "t5", "t6" };
      for (guint t = 0; t < 2; t++)
        for (guint i = 9; i < 11; i++)
          {
            g_autofree char *image = g_strdup_printf ("test/images/test/%s/%u.png", towns[t], i);
            g_autofree char *label = g_strdup_printf ("test/annotations/test/%s/%u.png", towns[t], i);
            if (shifted)
              tree_pair (root, image, label, ALL_SHIFTED);
            else
              tree_pair (root, image, label, ALL_RAW);
          }
      g_autoptr (DhDataset) dataset = open_ok (root, NULL);
      gboolean certain;
      g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_STREET_HAZARDS);
      g_assert_cmpint (dh_dataset_label_ids (dataset, &certain), ==, shifted ? DH_LABEL_IDS_SHIFTED : DH_LABEL_IDS_RAW);
      g_assert_true (certain);
      g_assert_cmpuint (dh_dataset_size (dataset), ==, 4);
      assert_item (dataset, 0, "t5/9", "9", "test", "t5");
      assert_item (dataset, 3, "t6/10", "10", "test", "t6");
      g_assert_cmpstr (dh_dataset_groups (dataset)[1], ==, "t6");
      assert_anomaly (dataset, 0, "00020000000001");
      assert_classes (dataset, 0, 14, "0,1,2,12,3,4,5,6,7,8,9,10,11,12");
      g_assert_cmpuint (dh_dataset_class_table (dataset)->n_classes, ==, 12);

      /* the other numbering by name: an id has no meaning, and it is said which */
      g_autoptr (GError) error = NULL;
      const DhDatasetOptions options = { .label_ids = shifted ? DH_LABEL_IDS_RAW : DH_LABEL_IDS_SHIFTED };
      g_autoptr (DhDataset) other = dh_dataset_open (root, NULL, &options, NULL, NULL, &error);
      g_assert_no_error (error);
      g_autoptr (DhLabels) labels = NULL;
      g_assert_false (dh_dataset_load_labels (other, 0, &labels, NULL, &error));
      assert_error_says (&error, DH_ERROR_INVALID, shifted ? "id 0" : "id 14");
      tree_remove (root);
    }
}

/* Labels that hold neither 0 nor 14 do not tell. */
static void
test_street_hazards_uncertain (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 1, 2, 13);
  g_autoptr (DhDataset) dataset = open_ok (root, NULL);
  gboolean certain;
  g_assert_cmpint (dh_dataset_label_ids (dataset, &certain), ==, DH_LABEL_IDS_RAW);
  g_assert_false (certain);
  g_assert_nonnull (strstr (dh_dataset_notes (dataset)[0], "shifted by one"));
  g_autoptr (GError) error = NULL;
  const DhDatasetOptions options = { .label_ids = DH_LABEL_IDS_SHIFTED };
  g_autoptr (DhDataset) told = dh_dataset_open (root, NULL, &options, NULL, NULL, &error);
  dh_dataset_label_ids (told, &certain);
  g_assert_true (certain);
  assert_anomaly (told, 0, "001");
  tree_remove (root);
}

static void
test_street_hazards_full (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "sh/train/images/training/t1-3/1.png", "sh/train/annotations/training/t1-3/1.png", 1, 8);
  tree_pair (root, "sh/train/images/validation/t4/1.png", "sh/train/annotations/validation/t4/1.png", 1, 8);
  tree_pair (root, "sh/test/images/test/t5/1.png", "sh/test/annotations/test/t5/1.png", 1, 14);
  g_autoptr (DhDataset) full = open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (full), ==, DH_DATASET_STREET_HAZARDS_FULL);
  g_assert_cmpuint (dh_dataset_size (full), ==, 3);
  assert_item (full, 0, "training/t1-3/1", "1", "training", "t1-3");
  assert_item (full, 1, "validation/t4/1", "1", "validation", "t4");
  assert_item (full, 2, "t5/1", "1", "test", "t5");
  g_autoptr (DhDataset) test = open_ok (root, "street-hazards");
  g_assert_cmpuint (dh_dataset_size (test), ==, 1);

  g_autoptr (GError) error = NULL;
  const DhDatasetOptions options = { .splits = "validation, test" };
  g_autoptr (DhDataset) part = dh_dataset_open (root, NULL, &options, NULL, NULL, &error);
  g_assert_cmpuint (dh_dataset_size (part), ==, 2);
  g_assert_cmpint (dh_dataset_find (part, "training/t1-3/1"), ==, -1);
  g_assert_cmpint (dh_dataset_find (part, "t5/1"), ==, 1);
  const DhDatasetOptions wrong = { .splits = "val" };
  g_assert_null (dh_dataset_open (root, NULL, &wrong, NULL, NULL, &error));
  assert_error_says (&error, DH_ERROR_USAGE, "training, validation, test");

  /* the folders inside, opened directly, are not taken for ADE20K */
  g_autofree char *train = g_build_filename (root, "sh", "train", NULL);
  g_autoptr (DhDataset) inside = open_ok (train, NULL);
  g_assert_cmpint (dh_dataset_kind (inside), ==, DH_DATASET_STREET_HAZARDS_FULL);
  tree_remove (root);
}

static void
test_cityscapes (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "leftImg8bit/val/ulm/ulm_000001_000019_leftImg8bit.png",
             "gtFine/val/ulm/ulm_000001_000019_gtFine_labelIds.png", 0, 7, 8, 11, 33, 29, 255, 23);
  tree_label (root, "gtFine/val/ulm/ulm_000001_000019_gtFine_labelTrainIds.png", 16, 8, (const guint8[]){ 5 }, 1);
  tree_pair (root, "leftImg8bit/train/bonn/bonn_000002_000019_leftImg8bit.jpg",
             "gtFine/train/bonn/bonn_000002_000019_gtFine_labelTrainIds.png", 0, 18, 255, 19);
  g_autoptr (DhDataset) dataset = open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_CITYSCAPES);
  assert_item (dataset, 0, "train/bonn/bonn_000002_000019", "bonn_000002_000019", "train", "bonn");
  assert_item (dataset, 1, "val/ulm/ulm_000001_000019", "ulm_000001_000019", "val", "ulm");
  assert_classes (dataset, 0, 4, "0,18,19,19");
  assert_classes (dataset, 1, 8, "19,0,1,2,18,19,19,10");
  g_assert_false (dh_dataset_has_anomaly_labels (dataset));
  assert_anomaly (dataset, 0, "none");
  tree_remove (root);
}

static void
test_smiyc (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "dataset_AnomalyTrack/images/validation2.jpg",
             "dataset_AnomalyTrack/labels_masks/validation2_labels_semantic.png", 0, 1, 255);
  tree_image (root, "dataset_AnomalyTrack/images/ladder0001.jpg", 16, 8);
  tree_label (root, "dataset_AnomalyTrack/labels_masks/validation2_labels_semantic_color.png", 16, 8,
              (const guint8[]){ 9 }, 1);
  tree_pair (root, "dataset_ObstacleTrack/images/validation_2.webp.png",
             "dataset_ObstacleTrack/labels_masks/validation_2.webp_labels_semantic.png", 0, 1, 255);
  tree_image (root, "dataset_ObstacleTrack/images/snowstorm1_00.png", 16, 8);
  tree_image (root, "dataset_ObstacleTrack/images/driveway_1.png", 16, 8);
  g_autoptr (DhDataset) dataset = open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_SMIYC);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 5);
  g_assert_cmpint (dh_dataset_find (dataset, "validation2"), >=, 0);
  const guint labelled = dh_dataset_find (dataset, "validation2");
  assert_item (dataset, labelled, "validation2", "validation2", "validation", "AnomalyTrack");
  assert_anomaly (dataset, labelled, "012");
  const guint hidden = dh_dataset_find (dataset, "ladder0001");
  assert_item (dataset, hidden, "ladder0001", "ladder0001", "test", "AnomalyTrack");
  assert_anomaly (dataset, hidden, "none");
  assert_item (dataset, dh_dataset_find (dataset, "driveway_1"), "driveway_1", "driveway_1", "night", "ObstacleTrack");
  tree_remove (root);
}

static void
test_others (void)
{
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "frames/a.jpg", "frames/a.labels/labels_semantic.png", 0, 2);
    tree_label (root, "frames/a.labels/labels_semantic_color.png", 16, 8, (const guint8[]){ 9 }, 1);
    g_autoptr (DhDataset) dataset = open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_ROAD_ANOMALY);
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 1);
    assert_anomaly (dataset, 0, "01");
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "leftImg8bit/test/02_Weg/02_Weg_000000_leftImg8bit.png",
               "gtCoarse/test/02_Weg/02_Weg_000000_gtCoarse_labelIds.png", 0, 1, 2, 200);
    g_autoptr (DhDataset) dataset = open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_LOST_AND_FOUND);
    assert_anomaly (dataset, 0, "2011");
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "ADE/images/training/1.jpg", "ADE/annotations/training/1.png", 0, 150);
    g_autoptr (DhDataset) dataset = open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_ADE20K);
    g_autoptr (GError) error = NULL;
    g_autoptr (DhLabels) raw = dh_dataset_load_raw_labels (dataset, 0, &error);
    g_assert_cmpuint (raw->ids[1], ==, 150);
    assert_anomaly (dataset, 0, "none");
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_pair (root, "train/1.png", "trainannot/1.png", 0, 10, 11);
    tree_pair (root, "test/1.png", "testannot/1.png", 0, 10, 11);
    g_autoptr (DhDataset) dataset = open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_CAMVID);
    assert_item (dataset, 0, "train/1", "1", "train", "");
    assert_item (dataset, 1, "test/1", "1", "test", "");
    assert_classes (dataset, 0, 3, "0,10,11");
    tree_remove (root);
  }
  {
    g_autofree char *root = tree_new ();
    tree_image (root, "a.png", 16, 8);
    tree_image (root, "a.jpg", 16, 8);
    tree_image (root, "deep/down/here/b.png", 16, 8);
    g_autoptr (DhDataset) dataset = open_ok (root, NULL);
    g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_FOLDER);
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 3);
    g_assert_cmpint (dh_dataset_find (dataset, "a"), >=, 0);
    g_assert_cmpint (dh_dataset_find (dataset, "a.png") + dh_dataset_find (dataset, "a.jpg"), >=, 0);
    g_assert_cmpint (dh_dataset_find (dataset, "deep/down/here/b"), >=, 0);
    tree_remove (root);
  }
}

/* A folder of several sets: the one taken is named, and so are the others. */
static void
test_several (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "one/0_rgb.jpg", "one/0_labels.png", 0, 1);
  tree_pair (root, "two/train/1.png", "two/trainannot/1.png", 0, 10, 11);
  tree_pair (root, "three/train/1.png", "three/trainannot/1.png", 0, 10, 11);
  g_autoptr (DhDataset) dataset = open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_STATIC);
  g_assert_nonnull (strstr (dh_dataset_notes (dataset)[0], "three holds another data set, CamVid layout"));
  g_assert_null (dh_dataset_notes (dataset)[1]);
  g_autoptr (DhDataset) camvid = open_ok (root, "camvid");
  g_assert_cmpuint (dh_dataset_size (camvid), ==, 1);
  g_assert_nonnull (strstr (dh_dataset_notes (camvid)[0], "two holds a data set of the same layout"));
  g_assert_null (dh_dataset_notes (camvid)[1]);
  tree_remove (root);
}

static void
test_errors (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = tree_new ();
  g_assert_null (dh_dataset_open ("/nowhere/at/all", NULL, NULL, NULL, NULL, &error));
  assert_error_says (&error, DH_ERROR_NOT_FOUND, "/nowhere/at/all");
  g_assert_null (dh_dataset_open (root, NULL, NULL, NULL, NULL, &error));
  assert_error_says (&error, DH_ERROR_NOT_FOUND, "no PNG, JPEG or WebP");
  g_assert_null (dh_dataset_open (root, "moon", NULL, NULL, NULL, &error));
  assert_error_says (&error, DH_ERROR_USAGE, "\"moon\"");
  tree_pair (root, "train/1.png", "trainannot/1.png", 0, 10, 11);
  g_assert_null (dh_dataset_open (root, "lf", NULL, NULL, NULL, &error));
  assert_error_says (&error, DH_ERROR_NOT_FOUND, "it looks like CamVid layout (camvid)");
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  g_assert_null (dh_dataset_open (root, NULL, NULL, cancelled, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_autofree char *file = g_build_filename (root, "train", "1.png", NULL);
  g_assert_null (dh_dataset_open (file, NULL, NULL, NULL, NULL, &error));
  assert_error_says (&error, DH_ERROR_IO, "1.png");

  /* labels of another size, cut short, and with an id of no meaning */
  tree_label (root, "trainannot/1.png", 15, 8, (const guint8[]){ 0 }, 1);
  tree_pair (root, "train/2.png", "trainannot/2.png", 0, 77);
  tree_image (root, "train/3.png", 16, 8);
  tree_bytes (root, "trainannot/3.png", "\x89PNG\r\n\x1a\n", 8);
  g_autoptr (DhDataset) dataset = open_ok (root, NULL);
  g_autoptr (DhLabels) labels = NULL;
  g_assert_false (dh_dataset_load_labels (dataset, 0, NULL, &labels, &error));
  assert_error_says (&error, DH_ERROR_MISMATCH, "15×8");
  g_assert_false (dh_dataset_load_labels (dataset, 1, NULL, &labels, &error));
  assert_error_says (&error, DH_ERROR_INVALID, "id 77");
  g_assert_false (dh_dataset_load_labels (dataset, 2, NULL, &labels, &error));
  assert_error_says (&error, DH_ERROR_INVALID, "truncated");
  tree_remove (root);
}

/* Loops of links, folders that cannot be read, names of any bytes, hidden files. */
static void
test_hostile_tree (void)
{
  g_autofree char *root = tree_new ();
  tree_image (root, "a/one.png", 16, 8);
  tree_image (root, "a/\xff\xfe.png", 16, 8);
  tree_image (root, "a/new\nline.png", 16, 8);
  tree_image (root, "a/...png", 16, 8);
  tree_image (root, ".hidden/two.png", 16, 8);
  tree_image (root, "__MACOSX/three.png", 16, 8);
  tree_image (root, "locked/four.png", 16, 8);
  g_autofree char *loop = tree_path (root, "a/loop");
  g_autofree char *dangling = tree_path (root, "a/dangling.png");
  g_autofree char *self = tree_path (root, "a/self.png");
  g_autofree char *pipe = tree_path (root, "a/pipe.png");
  g_autofree char *locked = g_build_filename (root, "locked", NULL);
  g_assert_cmpint (symlink ("..", loop), ==, 0);
  g_assert_cmpint (symlink ("nowhere.png", dangling), ==, 0);
  g_assert_cmpint (symlink ("self.png", self), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  const gboolean root_user = geteuid () == 0;
  g_chmod (locked, 0);
  g_autoptr (DhDataset) dataset = open_ok (root, NULL);
  g_chmod (locked, 0700);
  if (!root_user)
    g_assert_cmpuint (dh_dataset_size (dataset), ==, 3);
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      g_assert_true (g_utf8_validate (item->stem, -1, NULL));
      g_assert_null (strchr (item->stem, '\n'));
      g_assert_null (strstr (item->stem, "/../"));
      g_assert_false (g_str_has_suffix (item->stem, "/.."));
      g_autoptr (GError) error = NULL;
      g_autoptr (DhImage) image = dh_dataset_load_image (dataset, i, &error);
      g_assert_no_error (error);
    }
  g_assert_cmpint (dh_dataset_find (dataset, "a/%FF%FE"), >=, 0);
  g_assert_cmpint (dh_dataset_find (dataset, "a/new%0Aline"), >=, 0);
  guint about_loop = 0;
  for (const char *const *note = dh_dataset_notes (dataset); *note; note++)
    about_loop += strstr (*note, "a/loop") != NULL;
  g_assert_cmpuint (about_loop, ==, 1);
  tree_remove (root);
}

/* 100 000 files in StreetHazards' layout: links to two real ones. */
static void
test_many (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "test/images/test/t5/0.png", "test/annotations/test/t5/0.png", ALL_RAW);
  g_autofree char *image = g_build_filename (root, "test/images/test/t5/0.png", NULL);
  g_autofree char *label = g_build_filename (root, "test/annotations/test/t5/0.png", NULL);
  for (guint i = 1; i < 50000; i++)
    {
      g_autofree char *to_image = g_strdup_printf ("%s/test/images/test/t5/%u.png", root, i);
      g_autofree char *to_label = g_strdup_printf ("%s/test/annotations/test/t5/%u.png", root, i);
      g_assert_cmpint (link (image, to_image), ==, 0);
      g_assert_cmpint (link (label, to_label), ==, 0);
    }
  const gint64 start = g_get_monotonic_time ();
  g_autoptr (DhDataset) dataset = open_ok (root, NULL);
  const double seconds = (g_get_monotonic_time () - start) / 1e6;
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 50000);
  assert_item (dataset, 49999, "t5/49999", "49999", "test", "t5");
  g_assert_cmpfloat (seconds, <, 10);
  g_test_message ("100 000 files opened in %.2f s", seconds);
  tree_remove (root);
}

static void
test_paths (void)
{
  g_autofree char *root = tree_new ();
  tree_image (root, "a/x.png", 16, 8);
  tree_image (root, "b/x.jpg", 16, 8);
  tree_image (root, "b/y.png", 16, 8);
  tree_image (root, "c/2.png", 16, 8);
  tree_image (root, "c/10.png", 16, 8);
  g_autofree char *one = g_build_filename (root, "b", "x.jpg", NULL);
  g_autofree char *two = g_build_filename (root, "a", "x.png", NULL);
  g_autofree char *three = g_build_filename (root, "b", "y.png", NULL);
  g_autofree char *four = g_build_filename (root, "c", NULL);
  const char *const paths[] = { one, two, three, four };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) dataset = dh_dataset_new_for_paths (paths, 4, NULL, &error);
  g_assert_no_error (error);
  static const char *const stems[] = { "b_x", "a_x", "y", "2", "10" };
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 5);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpstr (dh_dataset_item (dataset, i)->stem, ==, stems[i]);
  const char *const absent[] = { "/nowhere.png" };
  g_assert_null (dh_dataset_new_for_paths (absent, 1, NULL, &error));
  assert_error_says (&error, DH_ERROR_NOT_FOUND, "/nowhere.png");
  tree_remove (root);
}

static void
test_fingerprint (void)
{
  char *sums[3];
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *root = tree_new ();
      tree_image (root, "a.png", 16, 8);
      tree_image (root, "b.png", i < 2 ? 16 : 17, 8);
      g_autoptr (DhDataset) dataset = open_ok (root, NULL);
      sums[i] = dh_dataset_fingerprint (dataset, NULL, NULL);
      g_assert_cmpuint (strlen (sums[i]), ==, 64);
      tree_remove (root);
    }
  g_assert_cmpstr (sums[0], ==, sums[1]);
  g_assert_cmpstr (sums[0], !=, sums[2]);
  for (guint i = 0; i < 3; i++)
    g_free (sums[i]);
}

static void
test_class_tables (void)
{
  const DhClassTable *cityscapes = dh_class_table_for_count (19);
  g_assert_cmpstr (cityscapes->name, ==, "cityscapes");
  g_assert_cmpstr (dh_class_table_class_name (cityscapes, 18), ==, "bicycle");
  g_assert_null (dh_class_table_class_name (cityscapes, 19));
  guint8 rgb[3];
  dh_class_table_colour (cityscapes, DH_PALETTE_USUAL, 8, rgb);
  g_assert_cmpmem (rgb, 3, ((guint8[]){ 107, 142, 35 }), 3);
  const DhClassTable *hazards = dh_class_table_from_name ("street-hazards");
  dh_class_table_colour (hazards, DH_PALETTE_AUTHORS, 5, rgb);
  g_assert_cmpmem (rgb, 3, ((guint8[]){ 157, 234, 50 }), 3);
  dh_class_table_colour (hazards, DH_PALETTE_USUAL, 5, rgb);
  g_assert_cmpmem (rgb, 3, ((guint8[]){ 255, 255, 255 }), 3);
  g_assert_cmpstr (dh_class_table_class_name (dh_class_table_for_count (11), 4), ==, "pavement");
  g_assert_null (dh_class_table_for_count (7));

  /* no two classes of one table share a colour of the safe palette */
  static const guint counts[] = { 19, 12, 11 };
  for (guint t = 0; t < 3; t++)
    for (guint a = 0; a < counts[t]; a++)
      for (guint b = 0; b < a; b++)
        {
          guint8 other[3];
          dh_class_table_colour (dh_class_table_for_count (counts[t]), DH_PALETTE_COLOUR_BLIND, a, rgb);
          dh_class_table_colour (dh_class_table_for_count (counts[t]), DH_PALETTE_COLOUR_BLIND, b, other);
          g_assert_true (memcmp (rgb, other, 3) != 0);
        }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset/lf", test_lf);
  g_test_add_func ("/dataset/lf-official", test_lf_official);
  g_test_add_func ("/dataset/static", test_static);
  g_test_add_func ("/dataset/static-official", test_static_official);
  g_test_add_func ("/dataset/street-hazards", test_street_hazards);
  g_test_add_func ("/dataset/street-hazards-uncertain", test_street_hazards_uncertain);
  g_test_add_func ("/dataset/street-hazards-full", test_street_hazards_full);
  g_test_add_func ("/dataset/cityscapes", test_cityscapes);
  g_test_add_func ("/dataset/smiyc", test_smiyc);
  g_test_add_func ("/dataset/others", test_others);
  g_test_add_func ("/dataset/several", test_several);
  g_test_add_func ("/dataset/errors", test_errors);
  g_test_add_func ("/dataset/hostile-tree", test_hostile_tree);
  g_test_add_func ("/dataset/many", test_many);
  g_test_add_func ("/dataset/paths", test_paths);
  g_test_add_func ("/dataset/fingerprint", test_fingerprint);
  g_test_add_func ("/dataset/class-tables", test_class_tables);
  return g_test_run ();
}
