/* Photographs that say how they lie. */
#include "dataset-asserts.h"
#include "tree.h"

/* "R", "G" or "B", of what is strongest there. */
static char
colour_at (const DhImage *image, guint x, guint y)
{
  const guint8 *rgb = image->rgb + (y * image->width + x) * 3;
  return rgb[0] > 100 ? 'R' : rgb[1] > 100 ? 'G' : 'B';
}

/* Where red, green and blue corners come to: top left, top right, bottom left, bottom right. */
static void
test_turns (void)
{
  static const char *const corners[] = { "RGBB", "GRBB", "BBGR", "BBRG", "RBGB", "BRBG", "BGBR", "GBRB" };
  g_autofree char *root = tree_new ();
  for (guint i = 1; i <= 8; i++)
    for (guint big = 0; big < 2; big++)
      {
        g_autoptr (GError) error = NULL;
        dataset_write_photo (root, "a.jpg", i, big);
        g_autofree char *path = g_build_filename (root, "a.jpg", NULL);
        guint orientation;
        g_assert_cmpuint (dh_image_orientation (path), ==, i);
        g_autoptr (DhImage) raw = dh_image_load (path, &error);
        g_autoptr (DhImage) image = dh_image_load_upright (path, &orientation, &error);
        g_assert_no_error (error);
        g_assert_cmpuint (raw->width, ==, 24);
        g_assert_cmpuint (orientation, ==, i);
        g_assert_cmpuint (image->width, ==, i < 5 ? 24 : 16);
        g_assert_cmpuint (image->height, ==, i < 5 ? 16 : 24);
        const guint right = image->width - 2, below = image->height - 2;
        const char found[] = { colour_at (image, 1, 1), colour_at (image, right, 1), colour_at (image, 1, below),
                               colour_at (image, right, below), '\0' };
        g_assert_cmpstr (found, ==, corners[i - 1]);
      }
  dataset_write_photo (root, "a.jpg", 9, FALSE);
  g_autofree char *path = g_build_filename (root, "a.jpg", NULL);
  g_assert_cmpuint (dh_image_orientation (path), ==, 1);
  g_assert_cmpuint (dh_image_orientation ("/nothing"), ==, 1);
  tree_remove (root);
}

static void
assert_note (DhDataset *dataset, const char *words)
{
  for (const char *const *note = dh_dataset_notes (dataset); *note; note++)
    if (strstr (*note, words))
      return;
  g_error ("nothing is said of \"%s\"", words);
}

static void
assert_size (DhDataset *dataset, guint index, guint width, guint height)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_autoptr (DhImage) image = dh_dataset_load_image (dataset, index, &error);
  g_autoptr (DhImage) small = dh_dataset_load_thumbnail (dataset, index, 12, 12, &error);
  guint w = 0, h = 0;
  g_assert_true (dh_dataset_probe_image (dataset, index, &w, &h, &error));
  g_assert_true (dh_dataset_load_labels (dataset, index, &labels, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (image->width, ==, width);
  g_assert_cmpuint (image->height, ==, height);
  g_assert_cmpuint (w, ==, width);
  g_assert_cmpuint (h, ==, height);
  g_assert_cmpint (small->width > small->height, ==, width > height);
}

/* A mask of the turned size turns its picture, and one of the stored size does not. */
static void
test_masks (void)
{
  static const guint8 ids[] = { 0, 1 };
  g_autofree char *root = tree_new ();
  dataset_write_photo (root, "images/a.jpg", 6, FALSE);
  dataset_write_photo (root, "images/b.jpg", 6, FALSE);
  dataset_write_photo (root, "images/c.jpg", 3, FALSE);
  dataset_write_photo (root, "images/d.jpg", 8, TRUE);
  tree_label (root, "masks/a.png", 16, 24, ids, 2);
  tree_label (root, "masks/b.png", 24, 16, ids, 2);
  tree_label (root, "masks/c.png", 24, 16, ids, 2);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  assert_size (dataset, 0, 16, 24);
  assert_size (dataset, 1, 24, 16);
  assert_size (dataset, 2, 24, 16);
  assert_size (dataset, 3, 16, 24);
  g_assert_cmpuint (dh_dataset_orientation (dataset, 2), ==, 3);
  g_autoptr (DhImage) upside_down = dh_dataset_load_image (dataset, 2, NULL);
  g_assert_cmpint (colour_at (upside_down, 1, 1), ==, 'B');
  assert_note (dataset, "3 of 4 images are stored turned or mirrored");
  assert_note (dataset, "the masks are taken to lie as the images are seen");
  assert_note (dataset, "1 of 4 images is left as stored");
  g_autoptr (DhDataset) folder = dataset_open_ok (root, "folder");
  assert_note (folder, "stored turned or mirrored");
  tree_remove (root);
}

/* The labels of published sets lie on the pixels as they are stored. */
static void
test_published (void)
{
  static const guint8 ids[] = { 0, 1 };
  g_autofree char *root = tree_new ();
  dataset_write_photo (root, "dataset_AnomalyTrack/images/validation0.jpg", 6, FALSE);
  tree_label (root, "dataset_AnomalyTrack/labels_masks/validation0_labels_semantic.png", 24, 16, ids, 2);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_SMIYC);
  assert_size (dataset, 0, 24, 16);
  for (const char *const *note = dh_dataset_notes (dataset); *note; note++)
    g_assert_null (strstr (*note, "EXIF"));
  tree_remove (root);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/orientation/turns", test_turns);
  g_test_add_func ("/orientation/masks", test_masks);
  g_test_add_func ("/orientation/published", test_published);
  return g_test_run ();
}
