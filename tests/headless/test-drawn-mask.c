/* Masks of one's own pictures, drawn and written where the reader of the set finds them. */
#include "dh-drawn-mask.h"
#include <fcntl.h>
#include <png.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dataset-asserts.h"
#include "patience.h"
#include "tree.h"

#define WIDTH 16
#define HEIGHT 8
#define PIXELS (WIDTH * HEIGHT)

static DhDrawnMask *
open_ok (DhDataset *dataset, guint index, guint8 ids[PIXELS])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  DhDrawnMask *mask = dh_drawn_mask_open (dataset, index, &labels, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (labels->width * labels->height, ==, PIXELS);
  memcpy (ids, labels->ids, PIXELS);
  return mask;
}

static void
assert_refused (const char *root, const DhDatasetOptions *options, guint index, DhError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, NULL, options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhDrawnMask) mask = dh_drawn_mask_open (dataset, index, &labels, &error);
  g_assert_null (mask);
  g_assert_null (labels);
  dataset_assert_error_says (&error, code, words);
}

static void
write_ok (DhDrawnMask *mask, const guint8 *ids)
{
  g_autoptr (GError) error = NULL;
  gboolean written = dh_drawn_mask_write (mask, ids, &error);
  g_assert_no_error (error);
  g_assert_true (written);
}

/* The file by libpng itself, which must be grey and of 8 bits. */
static void
assert_file (const char *root, const char *path, const guint8 *values)
{
  g_autofree char *whole = g_build_filename (root, path, NULL);
  png_image image = { .version = PNG_IMAGE_VERSION };
  guint8 read[PIXELS];
  g_assert_true (png_image_begin_read_from_file (&image, whole));
  g_assert_cmpuint (image.format, ==, PNG_FORMAT_GRAY);
  g_assert_cmpuint (image.width, ==, WIDTH);
  g_assert_cmpuint (image.height, ==, HEIGHT);
  g_assert_true (png_image_finish_read (&image, NULL, read, WIDTH, NULL));
  g_assert_cmpmem (read, PIXELS, values, PIXELS);
}

static gboolean
is_there (const char *root, const char *path)
{
  g_autofree char *whole = g_build_filename (root, path, NULL);
  return g_file_test (whole, G_FILE_TEST_EXISTS);
}

static char *
contents (const char *root, const char *path, gsize *size)
{
  g_autofree char *whole = g_build_filename (root, path, NULL);
  char *bytes = NULL;
  g_assert_true (g_file_get_contents (whole, &bytes, size, NULL));
  return bytes;
}

/* A folder of pictures alone, some in folders, becomes a labelled set where nothing was moved. */
static void
test_plain_folder (void)
{
  g_autofree char *root = tree_new ();
  tree_image (root, "a.jpg", WIDTH, HEIGHT);
  tree_image (root, "night/a.png", WIDTH, HEIGHT);
  tree_image (root, "b.png", WIDTH, HEIGHT);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_FOLDER);
  guint8 ids[PIXELS], none[PIXELS] = { 0 };
  const guint index = (guint)dh_dataset_find (dataset, "night/a");
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, index, ids);
  g_assert_cmpmem (ids, PIXELS, none, PIXELS);
  g_assert_false (dh_drawn_mask_exists (mask));
  g_assert_true (dh_drawn_mask_can_ignore (mask));
  ids[3] = DH_DRAWN_ANOMALY;
  ids[PIXELS - 1] = DH_DRAWN_IGNORE;
  write_ok (mask, ids);
  assert_file (root, "masks/night/a.png", ids);
  g_assert_true (dh_drawn_mask_exists (mask));
  g_assert_false (is_there (root, "masks/night/a.png~"));

  g_autoptr (DhDataset) again = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (again), ==, DH_DATASET_MASKS);
  g_assert_cmpuint (dh_dataset_size (again), ==, 3);
  const guint same = (guint)dh_dataset_find (again, "night/a");
  dataset_assert_anomaly (again, same, "0001");
  g_autoptr (DhLabels) labels = NULL;
  g_assert_true (dh_dataset_load_labels (again, same, &labels, NULL, NULL));
  g_assert_cmpuint (labels->ids[PIXELS - 1], ==, DH_ANOMALY_IGNORE);
  g_assert_null (dh_dataset_item (again, (guint)dh_dataset_find (again, "a"))->label);

  /* The others get theirs beside it, by the set as it is now. */
  g_autoptr (DhDrawnMask) other = open_ok (again, (guint)dh_dataset_find (again, "a"), ids);
  ids[0] = DH_DRAWN_ANOMALY;
  write_ok (other, ids);
  assert_file (root, "masks/a.png", ids);
  tree_remove (root);
}

/* Where two pictures would have one mask, the second has none. */
static void
test_one_name (void)
{
  g_autofree char *root = tree_new ();
  tree_image (root, "a.jpg", WIDTH, HEIGHT);
  tree_image (root, "a.png", WIDTH, HEIGHT);
  tree_image (root, "masks/b.png", WIDTH, HEIGHT);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  guint places = 0;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhLabels) labels = NULL;
      g_autoptr (DhDrawnMask) mask = dh_drawn_mask_open (dataset, i, &labels, &error);
      places += mask != NULL;
      if (!mask)
        dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "no place");
    }
  g_assert_cmpuint (places, ==, 1);
  tree_remove (root);
}

/* A mask that would be read as that of a picture in a folder that is called as pictures' are. */
static void
test_anothers (void)
{
  g_autofree char *root = tree_new ();
  static const char *const pictures[] = { "1.png", "2_mask.png", "3.png", "rgb/1.png", "rgb/2.png", "rgb/4.png" };
  static const gboolean has_place[] = { FALSE, FALSE, TRUE, TRUE, TRUE, TRUE };
  guint8 ids[PIXELS];
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    tree_image (root, pictures[i], WIDTH, HEIGHT);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_FOLDER);
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhLabels) labels = NULL;
      g_autofree char *stem = g_strndup (pictures[i], strlen (pictures[i]) - 4);
      g_autoptr (DhDrawnMask) mask =
          dh_drawn_mask_open (dataset, (guint)dh_dataset_find (dataset, stem), &labels, &error);
      g_assert_cmpint (mask != NULL, ==, has_place[i]);
      if (!mask)
        dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "no place");
    }
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, (guint)dh_dataset_find (dataset, "3"), ids);
  ids[1] = DH_DRAWN_ANOMALY;
  write_ok (mask, ids);
  g_autoptr (DhDataset) again = dataset_open_ok (root, NULL);
  g_assert_cmpuint (dh_dataset_size (again), ==, G_N_ELEMENTS (pictures));
  dataset_assert_anomaly (again, (guint)dh_dataset_find (again, "3"), "01");
  assert_refused (root, NULL, (guint)dh_dataset_find (again, "1"), DH_ERROR_UNSUPPORTED, "no place");
  tree_remove (root);
}

/* Named as its neighbours are, in their folder; the first copy of what was there stays, whatever is drawn later. */
static void
test_beside_others (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/t/a.jpg", "gt/t/a_mask.png", 0, 1, 255);
  tree_image (root, "images/t/b.png", WIDTH, HEIGHT);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  guint8 ids[PIXELS], before[PIXELS];
  gsize size, again;
  g_autofree char *original = contents (root, "gt/t/a_mask.png", &size);
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids), other = open_ok (dataset, 1, before);
  g_assert_cmpuint (ids[0], ==, DH_DRAWN_INLIER);
  g_assert_cmpuint (ids[1], ==, DH_DRAWN_ANOMALY);
  g_assert_cmpuint (ids[2], ==, DH_DRAWN_IGNORE);
  memcpy (before, ids, sizeof ids);
  memset (ids, DH_DRAWN_ANOMALY, 5);
  write_ok (mask, ids);
  assert_file (root, "gt/t/a_mask.png", ids);
  memset (ids, DH_DRAWN_IGNORE, 3);
  write_ok (mask, ids);
  g_autofree char *copy = contents (root, "gt/t/a_mask.png~", &again);
  g_assert_cmpmem (copy, again, original, size);
  write_ok (other, ids);
  assert_file (root, "gt/t/b_mask.png", ids);
  g_assert_false (is_there (root, "gt/t/b_mask.png~"));

  /* Nobody takes the copy for a mask or a picture. */
  g_autoptr (DhDataset) reopened = dataset_open_ok (root, NULL);
  g_assert_cmpuint (dh_dataset_size (reopened), ==, 2);
  dataset_assert_anomaly (reopened, 0, "22211");
  dataset_assert_anomaly (reopened, 1, "22211");

  /* At another opening the copy of the first day stays, too. */
  g_autoptr (DhDrawnMask) later = open_ok (reopened, 0, ids);
  ids[9] = DH_DRAWN_ANOMALY;
  write_ok (later, ids);
  g_autofree char *still = contents (root, "gt/t/a_mask.png~", &again);
  g_assert_cmpmem (still, again, original, size);
  tree_remove (root);
}

/* Black and white stays black and white, what was said of values stays true, and what cannot be written is refused. */
static void
test_values (void)
{
  g_autofree char *root = tree_new ();
  guint8 ids[PIXELS], values[PIXELS];
  g_autoptr (GError) error = NULL;
  tree_pair (root, "images/a.png", "masks/a.png", 0, 255);
  {
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids);
    g_assert_cmpuint (ids[1], ==, DH_DRAWN_ANOMALY);
    g_assert_false (dh_drawn_mask_can_ignore (mask));
    ids[0] = DH_DRAWN_ANOMALY;
    write_ok (mask, ids);
    for (guint i = 0; i < PIXELS; i++)
      values[i] = ids[i] * 255;
    assert_file (root, "masks/a.png", values);
    ids[0] = DH_DRAWN_IGNORE;
    g_assert_false (dh_drawn_mask_write (mask, ids, &error));
    dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "no value for ignored");
    assert_file (root, "masks/a.png", values);
  }
  tree_label (root, "masks/a.png", WIDTH, HEIGHT, (const guint8[]){ 0, 7 }, 2);
  {
    g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
    g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids);
    ids[0] = DH_DRAWN_ANOMALY;
    write_ok (mask, ids);
    for (guint i = 0; i < PIXELS; i++)
      values[i] = ids[i] * 7;
    assert_file (root, "masks/a.png", values);
  }
  tree_label (root, "masks/a.png", WIDTH, HEIGHT, (const guint8[]){ 3, 9, 200 }, 3);
  {
    g_autoptr (DhDataset) dataset = dh_dataset_open (
        root, NULL, &(DhDatasetOptions){ .mask_values = "anomaly=9 inlier=3 ignore=200" }, NULL, NULL, &error);
    g_assert_no_error (error);
    g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids);
    g_assert_cmpuint (ids[2], ==, DH_DRAWN_IGNORE);
    memset (ids, DH_DRAWN_INLIER, PIXELS);
    ids[4] = DH_DRAWN_ANOMALY;
    ids[5] = DH_DRAWN_IGNORE;
    write_ok (mask, ids);
    memset (values, 3, PIXELS);
    values[4] = 9;
    values[5] = 200;
    assert_file (root, "masks/a.png", values);
  }
  tree_label (root, "masks/a.png", WIDTH, HEIGHT, (const guint8[]){ 0, 3, 9 }, 3);
  assert_refused (root, NULL, 0, DH_ERROR_UNSUPPORTED, "not said what they mean");
  assert_refused (root, &(DhDatasetOptions){ .mask_values = "anomaly=3,9" }, 0, DH_ERROR_UNSUPPORTED, "no single");
  assert_refused (root, &(DhDatasetOptions){ .mask_values = "inlier=0 anomaly=rest" }, 0, DH_ERROR_UNSUPPORTED,
                  "no single");
  assert_refused (root, &(DhDatasetOptions){ .mask_values = "anomaly=9" }, 0, DH_ERROR_UNSUPPORTED, "value 3");
  tree_remove (root);
}

/* What is no mask of one's own, or cannot be written as it is read, before anything is drawn. */
static void
test_refused (void)
{
  g_autofree char *root = tree_new (), *city = tree_new (), *photos = tree_new ();
  tree_pair (root, "images/a.png", "masks/a.png", 0, 1);
  tree_label (root, "masks/a.png", WIDTH, HEIGHT + 1, (const guint8[]){ 0, 1 }, 2);
  assert_refused (root, NULL, 0, DH_ERROR_MISMATCH, "16×9 and its image 16×8");
  g_autofree char *png = g_build_filename (root, "masks/a.png", NULL),
                  *bmp = g_build_filename (root, "masks/a.bmp", NULL);
  tree_label (root, "masks/a.png", WIDTH, HEIGHT, (const guint8[]){ 0, 1 }, 2);
  g_assert_cmpint (g_rename (png, bmp), ==, 0);
  assert_refused (root, NULL, 0, DH_ERROR_UNSUPPORTED, "no PNG");

  /* Come and gone since the set was opened. */
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (g_unlink (bmp), ==, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_assert_null (dh_drawn_mask_open (dataset, 0, &labels, &error));
  dataset_assert_error_says (&error, DH_ERROR_MISMATCH, "is gone");

  tree_pair (city, "leftImg8bit/val/x/x_000000_000001_leftImg8bit.png",
             "gtFine/val/x/x_000000_000001_gtFine_labelIds.png", 7, 8);
  assert_refused (city, NULL, 0, DH_ERROR_UNSUPPORTED, "published");
  g_autoptr (DhDataset) folder = dataset_open_ok (city, "folder");
  g_autofree char *why = dh_drawn_mask_dup_refusal (folder);
  g_assert_nonnull (strstr (why, "published"));

  dataset_write_photo (photos, "images/a.jpg", 1, FALSE);
  dataset_write_photo (photos, "masks/a.jpg", 6, FALSE);
  tree_pair (photos, "images/b.png", "masks/b.png", 0, 1);
  assert_refused (photos, NULL, 0, DH_ERROR_UNSUPPORTED, "no PNG");
  tree_remove (root);
  tree_remove (city);
  tree_remove (photos);
}

/* A photograph that lies on its side is drawn on as it is seen, and its mask is read so. */
static void
test_turned (void)
{
  g_autofree char *root = tree_new ();
  dataset_write_photo (root, "a.jpg", 6, FALSE);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_autoptr (DhDrawnMask) mask = dh_drawn_mask_open (dataset, 0, &labels, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (labels->width, ==, 16);
  g_assert_cmpuint (labels->height, ==, 24);
  labels->ids[2] = DH_DRAWN_ANOMALY;
  write_ok (mask, labels->ids);
  g_autoptr (DhDataset) again = dataset_open_ok (root, NULL);
  g_assert_cmpuint (dh_dataset_orientation (again, 0), ==, 6);
  dataset_assert_anomaly (again, 0, "0010");
  tree_remove (root);
}

/* Ignored pixels alone would be read as white anomalies of a black and white mask. */
static void
test_ignored_alone (void)
{
  g_autofree char *root = tree_new ();
  g_autoptr (GError) error = NULL;
  guint8 ids[PIXELS];
  tree_image (root, "a.png", WIDTH, HEIGHT);
  tree_image (root, "b.png", WIDTH, HEIGHT);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids), other = open_ok (dataset, 1, ids);
  ids[0] = DH_DRAWN_IGNORE;
  g_assert_false (dh_drawn_mask_write (mask, ids, &error));
  dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "draw an anomaly first");
  g_assert_false (is_there (root, "masks/a.png"));
  ids[1] = DH_DRAWN_ANOMALY;
  write_ok (other, ids);
  g_autoptr (DhDataset) now = dataset_open_ok (root, NULL);
  g_autoptr (DhDrawnMask) again = open_ok (now, 0, ids);
  ids[0] = DH_DRAWN_IGNORE;
  write_ok (again, ids);
  g_autoptr (DhDataset) reopened = dataset_open_ok (root, NULL);
  dataset_assert_anomaly (reopened, 0, "20");
  dataset_assert_anomaly (reopened, 1, "21");

  /* Nor is the last anomaly erased while others have ignored pixels. */
  g_autoptr (DhDrawnMask) last = open_ok (reopened, 1, ids);
  memset (ids, DH_DRAWN_INLIER, sizeof ids);
  g_assert_false (dh_drawn_mask_write (last, ids, &error));
  dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "the last anomaly");
  ids[2] = DH_DRAWN_ANOMALY;
  write_ok (last, ids);
  /* As it is not changed back to that. */
  write_ok (again, ids);
  memset (ids, DH_DRAWN_INLIER, sizeof ids);
  write_ok (last, ids);
  g_assert_false (dh_drawn_mask_revert (again, &error));
  dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "draw an anomaly first");
  tree_remove (root);
}

/* What is drawn is read as it was meant where few of many pictures have a mask, whichever these are. */
static void
test_few_of_many (void)
{
  g_autofree char *root = tree_new ();
  guint8 ids[PIXELS];
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *name = g_strdup_printf ("images/%03u.png", i);
      tree_image (root, name, WIDTH, HEIGHT);
    }
  tree_label (root, "masks/001.png", WIDTH, HEIGHT, (const guint8[]){ 255, 0 }, 2);
  tree_label (root, "masks/003.png", WIDTH, HEIGHT, (const guint8[]){ 0, 255 }, 2);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  dataset_assert_anomaly (dataset, 1, "10");
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 5, ids);
  ids[1] = DH_DRAWN_ANOMALY;
  write_ok (mask, ids);
  ids[1] = 255;
  assert_file (root, "masks/005.png", ids);
  g_autoptr (DhDataset) again = dataset_open_ok (root, NULL);
  dataset_assert_anomaly (again, 5, "01");
  tree_remove (root);
}

/* Whoever could read and write it can afterwards, and nobody else. */
static void
test_mode (void)
{
  g_autofree char *root = tree_new (), *path = g_build_filename (root, "masks/a.png", NULL);
  g_autofree char *copy = g_strconcat (path, "~", NULL);
  guint8 ids[PIXELS];
  GStatBuf info;
  tree_pair (root, "images/a.png", "masks/a.png", 0, 1);
  g_assert_cmpint (g_chmod (path, 0620), ==, 0);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids);
  ids[0] = DH_DRAWN_ANOMALY;
  write_ok (mask, ids);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0620);
  g_assert_cmpint (g_stat (copy, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0620);
  g_assert_true (dh_drawn_mask_revert (mask, NULL));
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0620);
  tree_remove (root);
}

/* What others do to picture, mask and folder meanwhile, a full disk: said, nothing lost, and written at the next try.
 */
static void
test_faults (void)
{
  g_autofree char *root = tree_new ();
  g_autoptr (GError) error = NULL;
  guint8 ids[PIXELS], first[PIXELS];
  tree_pair (root, "images/a.png", "masks/a.png", 0, 1);
  g_autofree char *images = g_build_filename (root, "images", NULL), *away = g_build_filename (root, "away", NULL);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids);
  memcpy (first, ids, sizeof ids);
  ids[0] = DH_DRAWN_ANOMALY;

  g_assert_cmpint (g_rename (images, away), ==, 0);
  g_assert_false (dh_drawn_mask_write (mask, ids, &error));
  dataset_assert_error_says (&error, DH_ERROR_NOT_FOUND, "the image is gone");
  g_assert_cmpint (g_rename (away, images), ==, 0);

  tree_image (root, "images/a.png", WIDTH + 1, HEIGHT);
  g_assert_false (dh_drawn_mask_write (mask, ids, &error));
  dataset_assert_error_says (&error, DH_ERROR_MISMATCH, "another size");
  tree_image (root, "images/a.png", WIDTH, HEIGHT);

  struct rlimit whole, short_of;
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &whole), ==, 0);
  short_of = (struct rlimit){ 40, whole.rlim_max };
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &short_of), ==, 0);
  const gboolean written = dh_drawn_mask_write (mask, ids, &error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &whole), ==, 0);
  g_assert_false (written);
  dataset_assert_error_says (&error, DH_ERROR_IO, "writing stopped");
  assert_file (root, "masks/a.png", first);
  g_assert_false (is_there (root, "masks/a.png~"));

  write_ok (mask, ids);
  assert_file (root, "masks/a.png", ids);
  tree_label (root, "masks/a.png", WIDTH, HEIGHT, (const guint8[]){ 1, 1, 0 }, 3);
  g_assert_false (dh_drawn_mask_write (mask, ids, &error));
  dataset_assert_error_says (&error, DH_ERROR_MISMATCH, "another program");
  g_assert_false (dh_drawn_mask_revert (mask, &error));
  dataset_assert_error_says (&error, DH_ERROR_MISMATCH, "another program");

  /* A file in the place of the folder of masks. */
  g_autofree char *plain = tree_new ();
  tree_image (plain, "a.png", WIDTH, HEIGHT);
  tree_bytes (plain, "masks", "x", 1);
  assert_refused (plain, NULL, 0, DH_ERROR_IO, "is no folder");
  tree_remove (plain);
  tree_remove (root);
}

/* The very bytes that were there, or nothing and no empty folder. */
static void
test_revert (void)
{
  g_autofree char *root = tree_new (), *plain = tree_new ();
  g_autoptr (GError) error = NULL;
  guint8 ids[PIXELS];
  gsize size, again;
  tree_pair (root, "images/a.png", "masks/a.png", 0, 1);
  g_autofree char *original = contents (root, "masks/a.png", &size);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids);
  ids[0] = DH_DRAWN_ANOMALY;
  write_ok (mask, ids);
  g_assert_true (dh_drawn_mask_revert (mask, &error));
  g_assert_no_error (error);
  g_autofree char *now = contents (root, "masks/a.png", &again);
  g_assert_cmpmem (now, again, original, size);
  write_ok (mask, ids); /* drawn again */
  assert_file (root, "masks/a.png", ids);

  tree_image (plain, "a.png", WIDTH, HEIGHT);
  g_autoptr (DhDataset) folder = dataset_open_ok (plain, NULL);
  g_autoptr (DhDrawnMask) new = open_ok (folder, 0, ids);
  ids[0] = DH_DRAWN_ANOMALY;
  write_ok (new, ids);
  g_assert_true (is_there (plain, "masks/a.png"));
  g_assert_true (dh_drawn_mask_revert (new, &error));
  g_assert_no_error (error);
  g_assert_false (is_there (plain, "masks"));
  g_assert_false (dh_drawn_mask_exists (new));
  tree_remove (root);
  tree_remove (plain);
}

typedef struct
{
  const char *root;
  guint8 value;
  gint *waiting;
  gboolean written;
} Drawer;

static gpointer
draw (gpointer data)
{
  Drawer *drawer = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) dataset = dh_dataset_open (drawer->root, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  guint8 ids[PIXELS];
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids);
  memset (ids, drawer->value, PIXELS);
  ids[drawer->value] = 1;
  /* They write at once. */
  g_atomic_int_add (drawer->waiting, -1);
  while (g_atomic_int_get (drawer->waiting) > 0)
    g_thread_yield ();
  drawer->written = dh_drawn_mask_write (mask, ids, &error);
  if (!drawer->written)
    dataset_assert_error_says (&error, DH_ERROR_MISMATCH, "was changed by another program");
  return NULL;
}

/* Of two that draw the same picture one is told of the other, and what lies there is what one has drawn. */
static void
test_two (void)
{
  for (guint round = 0; round < 60; round++)
    {
      g_autofree char *root = tree_new ();
      tree_image (root, "a.png", WIDTH, HEIGHT);
      gint waiting = 2;
      Drawer drawers[2] = { { root, 0, &waiting, FALSE }, { root, 1, &waiting, FALSE } };
      GThread *threads[2];
      for (guint i = 0; i < 2; i++)
        threads[i] = g_thread_new ("drawer", draw, &drawers[i]);
      for (guint i = 0; i < 2; i++)
        g_thread_join (threads[i]);
      g_assert_cmpint (drawers[0].written + drawers[1].written, ==, 1);
      guint8 values[PIXELS];
      memset (values, drawers[0].written ? 0 : 1, PIXELS);
      values[drawers[0].written ? 0 : 1] = 1;
      assert_file (root, "masks/a.png", values);
      tree_remove (root);
    }
}

/* A program that keeps the folder locked is waited for, but not for ever; what was drawn can be written then. */
static void
test_locked (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = tree_new ();
  tree_image (root, "a.png", WIDTH, HEIGHT);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  guint8 ids[PIXELS];
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids);
  ids[0] = DH_DRAWN_ANOMALY;
  const int other = open (root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (flock (other, LOCK_EX), ==, 0);
  g_assert_false (dh_drawn_mask_write (mask, ids, &error));
  dataset_assert_error_says (&error, DH_ERROR_IO, "another program keeps this folder locked");
  g_autofree char *path = g_build_filename (root, "masks", "a.png", NULL);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  close (other);
  write_ok (mask, ids);
  guint8 values[PIXELS] = { 1 };
  assert_file (root, "masks/a.png", values);
  tree_remove (root);
}

/* Whoever is killed leaves the mask as it was or as it became. */
static void
test_killed (void)
{
  g_autofree char *root = tree_new ();
  guint8 ids[2][PIXELS] = { { DH_DRAWN_ANOMALY }, { 0, DH_DRAWN_ANOMALY, DH_DRAWN_IGNORE } };
  tree_pair (root, "images/a.png", "masks/a.png", 0, 1);
  for (guint round = 0; round < 10; round++)
    {
      int told[2];
      char byte;
      g_assert_cmpint (pipe (told), ==, 0);
      const pid_t child = fork ();
      if (child == 0)
        {
          g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
          guint8 read[PIXELS];
          g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, read);
          for (guint i = 0;; i++)
            {
              write_ok (mask, ids[i % 2]);
              if (write (told[1], "", 1) != 1)
                _exit (1);
            }
        }
      for (guint i = 0; i <= round; i++)
        g_assert_cmpint (read (told[0], &byte, 1), ==, 1);
      kill (child, SIGKILL);
      g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
      close (told[0]);
      close (told[1]);
      g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
      guint8 left[PIXELS];
      g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, left);
      g_assert_cmpuint (dh_dataset_size (dataset), ==, 1);
      g_assert_true (memcmp (left, ids[0], PIXELS) == 0 || memcmp (left, ids[1], PIXELS) == 0);
    }
  tree_remove (root);
}

/* The set with the mask, while those who have the other one go on with it; its fingerprint tells drawings apart though
 * they are of one length. */
static void
test_set (void)
{
  g_autofree char *root = tree_new ();
  guint8 ids[PIXELS];
  tree_pair (root, "images/a.png", "masks/a.png", 0, 1);
  tree_image (root, "images/b.png", WIDTH, HEIGHT);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_autofree char *before = dh_dataset_fingerprint (dataset, NULL, NULL);
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 1, ids);
  ids[5] = DH_DRAWN_ANOMALY;
  write_ok (mask, ids);
  g_autoptr (DhDataset) with = dh_dataset_new_with_mask (dataset, 1, TRUE, TRUE);
  g_assert_null (dh_dataset_item (dataset, 1)->label);
  dataset_assert_anomaly (with, 1, "000001");
  g_assert_cmpint (dh_dataset_find (with, "b"), ==, 1);
  g_autofree char *first = dh_dataset_fingerprint (with, NULL, NULL);
  g_assert_cmpstr (first, !=, before);
  g_autoptr (DhDataset) reopened = dataset_open_ok (root, NULL);
  g_autofree char *same = dh_dataset_fingerprint (reopened, NULL, NULL);
  g_assert_cmpstr (first, ==, same);

  gsize size, other;
  g_autofree char *bytes = contents (root, "masks/b.png", &size);
  ids[5] = 0;
  ids[6] = DH_DRAWN_ANOMALY;
  write_ok (mask, ids);
  g_autofree char *now = contents (root, "masks/b.png", &other);
  g_assert_cmpuint (size, ==, other);
  g_autofree char *second = dh_dataset_fingerprint (with, NULL, NULL);
  g_assert_cmpstr (second, !=, first);
  g_autoptr (DhDataset) without = dh_dataset_new_with_mask (with, 1, FALSE, FALSE);
  g_assert_null (dh_dataset_item (without, 1)->label);
  tree_remove (root);
}

/* Masks of one value alone are taken for hidden ones, until one of them holds another. */
static void
test_hidden (void)
{
  g_autofree char *root = tree_new ();
  guint8 ids[PIXELS];
  tree_pair (root, "images/a.png", "masks/a.png", 0);
  tree_pair (root, "images/b.png", "masks/b.png", 0);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_true (dh_dataset_item (dataset, 0)->hidden);
  g_autoptr (DhDrawnMask) mask = open_ok (dataset, 0, ids);
  ids[1] = DH_DRAWN_ANOMALY;
  write_ok (mask, ids);
  g_autoptr (DhDataset) with = dh_dataset_new_with_mask (dataset, 0, TRUE, TRUE);
  g_autoptr (DhDataset) reopened = dataset_open_ok (root, NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (dh_dataset_item (with, i)->hidden);
      g_assert_false (dh_dataset_item (reopened, i)->hidden);
    }
  tree_remove (root);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drawn-mask/plain-folder", test_plain_folder);
  g_test_add_func ("/drawn-mask/one-name", test_one_name);
  g_test_add_func ("/drawn-mask/anothers", test_anothers);
  g_test_add_func ("/drawn-mask/beside-others", test_beside_others);
  g_test_add_func ("/drawn-mask/values", test_values);
  g_test_add_func ("/drawn-mask/refused", test_refused);
  g_test_add_func ("/drawn-mask/turned", test_turned);
  g_test_add_func ("/drawn-mask/ignored-alone", test_ignored_alone);
  g_test_add_func ("/drawn-mask/few-of-many", test_few_of_many);
  g_test_add_func ("/drawn-mask/mode", test_mode);
  g_test_add_func ("/drawn-mask/faults", test_faults);
  g_test_add_func ("/drawn-mask/revert", test_revert);
  g_test_add_func ("/drawn-mask/two", test_two);
  g_test_add_func ("/drawn-mask/locked", test_locked);
  g_test_add_func ("/drawn-mask/killed", test_killed);
  g_test_add_func ("/drawn-mask/set", test_set);
  g_test_add_func ("/drawn-mask/hidden", test_hidden);
  return g_test_run ();
}
