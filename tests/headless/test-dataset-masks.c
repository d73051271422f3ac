/* One's own pictures beside one's own masks. */
#include <unistd.h>
#include "dataset-asserts.h"
#include "patience.h"
#include "tree.h"

static gboolean
has_note (DhDataset *dataset, const char *words)
{
  for (const char *const *note = dh_dataset_notes (dataset); *note; note++)
    if (strstr (*note, words))
      return TRUE;
  return FALSE;
}

/* 0, 1 and 255, named as the picture; folders of any of the usual names. */
static void
test_plain (void)
{
  static const char *const folders[][2] = { { "images", "masks" }, { "imgs", "gt" }, { "rgb", "labels" } };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *root = tree_new ();
      g_autofree char *image = g_build_filename (folders[i][0], "Straße 2.jpg", NULL);
      g_autofree char *mask = g_build_filename (folders[i][1], "Straße 2.png", NULL);
      g_autofree char *alone = g_build_filename (folders[i][0], "Straße 10.png", NULL);
      tree_pair (root, image, mask, 0, 1, 255);
      tree_image (root, alone, 16, 8);
      g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
      g_assert_cmpstr (dh_dataset_kind_name (dh_dataset_kind (dataset)), ==, "masks");
      g_assert_cmpuint (dh_dataset_size (dataset), ==, 2);
      dataset_assert_item (dataset, 0, "Straße 2", "Straße 2", "", "");
      dataset_assert_anomaly (dataset, 0, "012");
      g_assert_true (dh_dataset_has_anomaly_labels (dataset));
      g_assert_true (has_note (dataset, "1 image has no label"));
      g_assert_false (has_note (dataset, "black and white"));
      tree_remove (root);
    }
}

/* Two pictures of one name have one mask: that one of them is left out is said before all that is missing. */
static void
test_left_out (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "a.jpg", "masks/a.png", 0, 1);
  tree_image (root, "a.png", 16, 8);
  tree_image (root, "b.png", 16, 8);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 2);
  g_assert_cmpstr (dh_dataset_notes (dataset)[0], ==,
                   "1 image stands beside one of the same name in another format and is left out");
  g_assert_true (has_note (dataset, "1 image has no label"));
  tree_remove (root);
}

/* Masks of an image editor: what is white in them is the anomaly, which is said; a 1 among them fits in none. */
static void
test_black_and_white (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/a.png", "masks/a_mask.png", 0, 255);
  tree_pair (root, "images/b.png", "masks/b_mask.png", 0);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  dataset_assert_anomaly (dataset, 0, "01");
  dataset_assert_anomaly (dataset, 1, "00");
  g_assert_true (has_note (dataset, "255 is taken as the anomaly"));

  tree_label (root, "masks/b_mask.png", 16, 8, (const guint8[]){ 0, 1 }, 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_assert_false (dh_dataset_load_labels (dataset, 1, &labels, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_INVALID, "id 1");
  g_autoptr (DhDataset) again = dataset_open_ok (root, NULL);
  dataset_assert_anomaly (again, 0, "02");
  dataset_assert_anomaly (again, 1, "01");
  tree_remove (root);
}

/* Splits with the same names in them, above the folders and below them. */
static void
test_splits (void)
{
  static const char *const paths[][4] = {
    { "train/images/a.png", "train/masks/a.png", "val/images/a.png", "val/masks/a.png" },
    { "images/train/a.png", "masks/train/a.png", "images/val/a.png", "masks/val/a.png" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *root = tree_new ();
      tree_pair (root, paths[i][0], paths[i][1], 0, 1);
      tree_pair (root, paths[i][2], paths[i][3], 1, 0);
      g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
      g_assert_cmpuint (dh_dataset_size (dataset), ==, 2);
      dataset_assert_item (dataset, 0, "train/a", "a", "train", "");
      dataset_assert_item (dataset, 1, "val/a", "a", "val", "");
      dataset_assert_anomaly (dataset, 0, "01");
      dataset_assert_anomaly (dataset, 1, "10");
      tree_remove (root);
    }
}

/* Labels of classes are no masks: the pictures are there, without a score that would mean nothing. */
static void
test_no_masks (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/a.png", "labels/a.png", 0, 7, 11);
  tree_pair (root, "images/b.png", "labels/b.png", 3, 1, 2);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 2);
  g_assert_false (dh_dataset_has_anomaly_labels (dataset));
  g_assert_true (has_note (dataset, "not taken as masks of anomalies"));
  dataset_assert_anomaly (dataset, 0, "none");
  tree_remove (root);

  g_autofree char *bare = tree_new ();
  tree_image (bare, "images/a.png", 16, 8);
  tree_image (bare, "masks/b.png", 16, 8);
  g_autoptr (DhDataset) folder = dataset_open_ok (bare, NULL);
  g_assert_cmpstr (dh_dataset_kind_name (dh_dataset_kind (folder)), ==, "folder");
  tree_remove (bare);
}

/* What else lies in the folder is named, not lost from sight. */
static void
test_others (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "own/images/a.png", "own/masks/a.png", 0, 1);
  g_autoptr (DhDataset) alone = dataset_open_ok (root, NULL);
  g_assert_false (has_note (alone, "outside"));
  tree_image (root, "top.png", 16, 8);
  g_autoptr (DhDataset) one = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (one), ==, DH_DATASET_MASKS);
  g_assert_true (has_note (one, "1 other image lies outside"));
  tree_image (root, "extra/b.jpg", 16, 8);
  g_autoptr (DhDataset) two = dataset_open_ok (root, NULL);
  g_assert_true (has_note (two, "2 other images lie outside"));
  tree_remove (root);
}

/* A part means what the whole means: 255 is void in val as it is in train. Parts tell of labels that are none. */
static void
test_meaning_of_parts (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/train/a.png", "masks/train/a.png", 0, 1, 255);
  tree_pair (root, "images/val/b.png", "masks/val/b.png", 0, 255);
  const DhDatasetOptions options = { .splits = "val" };
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, NULL, &options, NULL, NULL, NULL);
  g_assert_nonnull (dataset);
  dataset_assert_anomaly (dataset, 0, "02");
  tree_remove (root);

  g_autofree char *classes = tree_new ();
  tree_pair (classes, "images/train/a.png", "labels/train/a.png", 0, 7, 11);
  tree_pair (classes, "images/val/b.png", "labels/val/b.png", 3, 1, 2);
  g_autoptr (DhDataset) none = dataset_open_ok (classes, NULL);
  g_assert_cmpuint (dh_dataset_parts (none)->len, ==, 2);
  g_assert_cmpuint (((DhDatasetPart *)dh_dataset_parts (none)->pdata[0])->labels, ==, 0);
  tree_remove (classes);
}

/* Masks that cannot be read, with an empty one among them, are not masks that are kept back. */
static void
test_unreadable (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/a.png", "masks/a.png", 0);
  tree_pair (root, "images/b.png", "masks/b.png", 0, 1);
  tree_pair (root, "images/c.png", "masks/c.png", 0, 1);
  tree_bytes (root, "masks/b.png", "no PNG", 6);
  tree_bytes (root, "masks/c.png", "no PNG", 6);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpuint (dh_dataset_n_hidden (dataset), ==, 0);
  tree_remove (root);
}

/* images/test is StreetHazards' where nothing else tells; with masks beside it, it is one's own. */
static void
test_before_layouts_without_labels (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/test/t5/a.png", "masks/test/t5/a.png", 0, 1);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_MASKS);
  dataset_assert_anomaly (dataset, 0, "01");
  g_autoptr (DhDataset) asked = dataset_open_ok (root, "street-hazards");
  g_assert_cmpint (dh_dataset_kind (asked), ==, DH_DATASET_STREET_HAZARDS);
  tree_pair (root, "images/test/t5/b.png", "annotations/test/t5/b.png", 1, 14);
  g_autoptr (DhDataset) streets = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (streets), ==, DH_DATASET_STREET_HAZARDS);
  tree_remove (root);
}

/* Seconds of computing to open a drive of which the last images alone show anomalies, or none at all. */
static double
work_of_drive (gboolean anomalies)
{
  enum
  {
    IMAGES = 1500,
    WITH = 200
  };
  g_autofree char *root = tree_new ();
  g_autofree char *plain = tree_path (root, "masks/00000.png");
  tree_label (root, "masks/00000.png", 1024, 768, (const guint8[]){ 0 }, 1);
  for (guint i = 0; i < IMAGES; i++)
    {
      g_autofree char *image = g_strdup_printf ("images/%05u.png", i), *name = g_strdup_printf ("masks/%05u.png", i);
      g_autofree char *mask = tree_path (root, name);
      tree_image (root, image, 2, 2);
      if (anomalies && i >= IMAGES - WITH)
        tree_label (root, name, 4, 4, (const guint8[]){ 0, 1 }, 2);
      else if (i > 0)
        g_assert_cmpint (link (plain, mask), ==, 0);
    }
  double least = G_MAXDOUBLE;
  for (guint i = 0; i < 2; i++)
    {
      const double before = patience_work ();
      g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
      least = MIN (least, patience_work () - before);
      g_assert_cmpuint (dh_dataset_size (dataset), ==, IMAGES);
      g_assert_cmpuint (dh_dataset_n_hidden (dataset), ==, anomalies ? 0 : IMAGES);
    }
  tree_remove (root);
  return least;
}

/* Whether labels are hidden is known early where they are not, however long a drive shows nothing. */
static void
test_long_drive (void)
{
  const double shown = work_of_drive (TRUE), hidden = work_of_drive (FALSE);
  g_test_message ("with anomalies at the end %.0f ms, with none %.0f ms", 1e3 * shown, 1e3 * hidden);
  g_assert_cmpfloat (shown, <, 0.6 * hidden);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset/masks/plain", test_plain);
  g_test_add_func ("/dataset/masks/left-out", test_left_out);
  g_test_add_func ("/dataset/masks/black-and-white", test_black_and_white);
  g_test_add_func ("/dataset/masks/splits", test_splits);
  g_test_add_func ("/dataset/masks/no-masks", test_no_masks);
  g_test_add_func ("/dataset/masks/others", test_others);
  g_test_add_func ("/dataset/masks/meaning-of-parts", test_meaning_of_parts);
  g_test_add_func ("/dataset/masks/unreadable", test_unreadable);
  g_test_add_func ("/dataset/masks/before-layouts-without-labels", test_before_layouts_without_labels);
  g_test_add_func ("/dataset/masks/long-drive", test_long_drive);
  return g_test_run ();
}
