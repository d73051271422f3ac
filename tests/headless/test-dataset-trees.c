/* Trees of files that are no data set, or a hostile, huge or scattered one. */
#include <sys/stat.h>
#include <unistd.h>

#include "dataset-asserts.h"
#include "patience.h"
#include "tree.h"

static void
test_errors (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = tree_new ();
  g_assert_null (dh_dataset_open ("/nowhere/at/all", NULL, NULL, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_NOT_FOUND, "/nowhere/at/all");
  g_assert_null (dh_dataset_open (root, NULL, NULL, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_NOT_FOUND, "no PNG, JPEG, WebP, TIFF or BMP");
  g_assert_null (dh_dataset_open (root, "moon", NULL, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_USAGE, "\"moon\"");
  tree_pair (root, "train/1.png", "trainannot/1.png", 0, 10, 11);
  g_assert_null (dh_dataset_open (root, "lf", NULL, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_NOT_FOUND, "it looks like CamVid layout (camvid)");
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  g_assert_null (dh_dataset_open (root, NULL, NULL, cancelled, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_autofree char *file = g_build_filename (root, "train", "1.png", NULL);
  g_assert_null (dh_dataset_open (file, NULL, NULL, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_IO, "1.png");

  /* labels of another size, cut short, and with an id of no meaning */
  tree_label (root, "trainannot/1.png", 15, 8, (const guint8[]){ 0 }, 1);
  tree_pair (root, "train/2.png", "trainannot/2.png", 0, 77);
  tree_image (root, "train/3.png", 16, 8);
  tree_bytes (root, "trainannot/3.png", "\x89PNG\r\n\x1a\n", 8);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_autoptr (DhLabels) labels = NULL;
  g_assert_false (dh_dataset_load_labels (dataset, 0, NULL, &labels, &error));
  dataset_assert_error_says (&error, DH_ERROR_MISMATCH, "15×8");
  g_assert_false (dh_dataset_load_labels (dataset, 1, NULL, &labels, &error));
  dataset_assert_error_says (&error, DH_ERROR_INVALID, "id 77");
  g_assert_false (dh_dataset_load_labels (dataset, 2, NULL, &labels, &error));
  dataset_assert_error_says (&error, DH_ERROR_INVALID, "truncated");
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
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
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
  tree_pair (root, "test/images/test/t5/0.png", "test/annotations/test/t5/0.png", 1, 2, 14);
  g_autofree char *image = g_build_filename (root, "test/images/test/t5/0.png", NULL);
  g_autofree char *label = g_build_filename (root, "test/annotations/test/t5/0.png", NULL);
  for (guint i = 1; i < 50000; i++)
    {
      g_autofree char *to_image = g_strdup_printf ("%s/test/images/test/t5/%u.png", root, i);
      g_autofree char *to_label = g_strdup_printf ("%s/test/annotations/test/t5/%u.png", root, i);
      g_assert_cmpint (link (image, to_image), ==, 0);
      g_assert_cmpint (link (label, to_label), ==, 0);
    }
  const double before = patience_work ();
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  const double seconds = patience_work () - before;
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 50000);
  dataset_assert_item (dataset, 49999, "t5/49999", "49999", "test", "t5");
  /* Each file compared with each other one would be minutes. */
  g_assert_cmpfloat (seconds, <, 30);
  g_test_message ("100 000 files opened with %.2f s of work", seconds);
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
  dataset_assert_error_says (&error, DH_ERROR_NOT_FOUND, "/nowhere.png");
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
      g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
      sums[i] = dh_dataset_fingerprint (dataset, NULL, NULL);
      g_assert_cmpuint (strlen (sums[i]), ==, 64);
      tree_remove (root);
    }
  g_assert_cmpstr (sums[0], ==, sums[1]);
  g_assert_cmpstr (sums[0], !=, sums[2]);
  for (guint i = 0; i < 3; i++)
    g_free (sums[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset/errors", test_errors);
  g_test_add_func ("/dataset/hostile-tree", test_hostile_tree);
  g_test_add_func ("/dataset/many", test_many);
  g_test_add_func ("/dataset/paths", test_paths);
  g_test_add_func ("/dataset/fingerprint", test_fingerprint);
  return g_test_run ();
}
