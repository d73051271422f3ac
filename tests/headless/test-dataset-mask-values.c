/* Masks as annotation tools write them, and what is said of their values. */
#include "dataset-asserts.h"
#include "dh-mask-values.h"
#include "dh-reading.h"
#include "made-pictures.h"
#include "tree.h"

static gboolean
has_note (DhDataset *dataset, const char *words)
{
  for (const char *const *note = dh_dataset_notes (dataset); *note; note++)
    if (strstr (*note, words))
      return TRUE;
  return FALSE;
}

static DhDataset *
open_with (const char *root, const char *mask_values)
{
  g_autoptr (GError) error = NULL;
  const DhDatasetOptions options = { .mask_values = mask_values };
  DhDataset *dataset = dh_dataset_open (root, NULL, &options, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

static void
assert_refused (const char *root, const char *mask_values, const char *words)
{
  g_autoptr (GError) error = NULL;
  const DhDatasetOptions options = { .mask_values = mask_values };
  g_assert_null (dh_dataset_open (root, NULL, &options, NULL, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_USAGE, words);
}

static gint
find (const DhMaskValues *values, gint number, gint colour)
{
  return dh_mask_values_find ((DhPixelValue){ number, colour }, (gpointer)values);
}

static void
test_words (void)
{
  g_autoptr (DhMaskValues) simple = dh_mask_values_new (" ignore=255  anomaly=1,3-5 ", NULL);
  g_assert_cmpstr (dh_mask_values_text (simple), ==, "anomaly=1,3-5 ignore=255");
  g_assert_cmpint (find (simple, 1, -1), ==, 1);
  g_assert_cmpint (find (simple, 2, -1), ==, 0);
  g_assert_cmpint (find (simple, 5, -1), ==, 1);
  g_assert_cmpint (find (simple, 255, 0xffffff), ==, 255);
  g_assert_cmpint (find (simple, -1, 0xff0000), ==, 0);
  g_autoptr (DhMaskValues) strict = dh_mask_values_new ("inlier=0;anomaly=#FF0000", NULL);
  g_assert_cmpint (find (strict, 0, 0), ==, 0);
  g_assert_cmpint (find (strict, -1, 0xff0000), ==, 1);
  g_assert_cmpint (find (strict, 7, 0x070707), ==, -1);
  g_autoptr (DhMaskValues) instances = dh_mask_values_new ("anomaly=rest inlier=0 ignore=65535", NULL);
  g_assert_cmpint (find (instances, 40000, -1), ==, 1);
  g_assert_cmpint (find (instances, 65535, 0xffffff), ==, 255);
  /* What two of them name is the first's in the text that is kept, whichever was written first. */
  g_autoptr (DhMaskValues) both = dh_mask_values_new ("ignore=255 anomaly=#ffffff", NULL);
  g_autoptr (DhMaskValues) kept = dh_mask_values_new (dh_mask_values_text (both), NULL);
  g_assert_cmpint (find (both, 255, 0xffffff), ==, find (kept, 255, 0xffffff));

  static const char *const wrong[][2] = {
    { "", "no value is the anomaly" },
    { "ignore=255", "no value is the anomaly" },
    { "1", "\"1\" is no role" },
    { "void=3", "\"void=3\" is no role" },
    { "anomaly=", "\"\" is no value" },
    { "anomaly=x", "\"x\" is no value" },
    { "anomaly=-1", "\"-1\" is no value" },
    { "anomaly=5-2", "\"5-2\" is no value" },
    { "anomaly=65536", "is no value" },
    { "anomaly=#ff00", "is no value" },
    { "anomaly=1 ignore=1", "two meanings" },
    { "anomaly=1-9 inlier=5", "two meanings" },
    { "anomaly=rest inlier=rest", "two mean" },
    { "anomaly=ff", "\"ff\" is no value" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (dh_mask_values_new (wrong[i][0], &error));
      dataset_assert_error_says (&error, DH_ERROR_USAGE, wrong[i][1]);
    }
}

/* Classes, as Supervisely's and CVAT's machine masks are: nothing is guessed; what is said is taken, and is how runs,
 * lists and commands know it. */
static void
test_said (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/a.png", "masks/a.png", 0, 2, 7, 255);
  tree_pair (root, "images/b.png", "masks/b.png", 0, 3, 9, 0);
  g_autoptr (DhDataset) asked = dataset_open_ok (root, NULL);
  gboolean certain = TRUE;
  g_assert_null (dh_dataset_mask_values (asked, &certain));
  g_assert_false (certain);
  g_assert_false (dh_dataset_has_anomaly_labels (asked));
  g_assert_true (has_note (asked, "there are 0, 2, 3, 7, 9, 255"));
  const char *const *readings = dh_dataset_mask_readings (asked);
  g_assert_true (g_strv_contains (readings, "anomaly=7 ignore=255"));
  g_assert_true (g_strv_contains (readings, "anomaly=rest inlier=0 ignore=255"));

  g_autoptr (DhDataset) said = open_with (root, "ignore=255 anomaly=7,9");
  dataset_assert_anomaly (said, 0, "0012");
  dataset_assert_anomaly (said, 1, "0010");
  g_assert_cmpstr (dh_dataset_mask_values (said, &certain), ==, "anomaly=7,9 ignore=255");
  g_assert_true (certain);
  g_assert_true (has_note (said, "read as was said: anomaly=7,9 ignore=255"));
  g_autoptr (DhReading) reading = dh_reading_new_for (said);
  g_autofree char *text = dh_reading_to_text (reading), *flags = dh_reading_dup_flags (reading, "x");
  g_autoptr (DhReading) again = dh_reading_from_text (text);
  g_assert_true (dh_reading_equal (reading, again));
  g_assert_nonnull (strstr (flags, "--mask-values 'anomaly=7,9 ignore=255'"));
  g_autoptr (DhReading) other = dh_reading_new_for (asked);
  g_assert_false (dh_reading_has_same_labels (reading, other));

  g_autoptr (DhDataset) strict = open_with (root, "inlier=0 anomaly=2,7 ignore=255");
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_assert_false (dh_dataset_load_labels (strict, 1, &labels, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_INVALID, "the mask is 3 at 1, 0, of which nothing is said");
  assert_refused (root, "anomaly", "is no role with values");
  tree_remove (root);

  g_autofree char *street = tree_new ();
  tree_pair (street, "test/images/test/t5/1.png", "test/annotations/test/t5/1.png", 1, 14);
  assert_refused (street, "anomaly=14", "read as StreetHazards, test split (street-hazards)");
  tree_remove (street);
}

/* 255 is void where 1 is the anomaly, though no 1 is among the masks that are looked at. */
static void
test_overrules (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/a.png", "masks/a.png", 0, 255);
  g_autoptr (DhDataset) dataset = open_with (root, "anomaly=1 ignore=255");
  dataset_assert_anomaly (dataset, 0, "02");
  tree_remove (root);
}

/* Nothing and one thing: a class of LabelMe's, a colour of CVAT's, the white of a 16-bit mask. */
static void
test_one_value (void)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "images/a.png", "masks/a.png", 0, 38);
  tree_pair (root, "images/b.png", "masks/b.png", 0);
  g_autoptr (DhDataset) grey = dataset_open_ok (root, NULL);
  dataset_assert_anomaly (grey, 0, "01");
  dataset_assert_anomaly (grey, 1, "00");
  g_assert_true (has_note (grey, "38 is taken as the anomaly"));
  tree_remove (root);
}

static void
write_mask (const char *root, int colour_type, int depth, const guint8 *first, const guint8 *second, gsize pixel)
{
  guint8 *rows[MADE_HEIGHT];
  for (guint y = 0; y < MADE_HEIGHT; y++)
    {
      rows[y] = g_malloc0 (MADE_WIDTH * 8);
      for (guint x = 0; x < MADE_WIDTH; x++)
        memcpy (rows[y] + x * pixel, x % 2 ? second : first, pixel);
    }
  for (guint interlaced = 0; interlaced < 2; interlaced++)
    {
      g_autoptr (GBytes) bytes = made_png (colour_type, depth, interlaced, rows, 256);
      g_autofree char *path = g_strdup_printf ("masks/%u.png", interlaced),
                      *image = g_strdup_printf ("images/%u.png", interlaced);
      tree_bytes (root, path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      tree_image (root, image, MADE_WIDTH, MADE_HEIGHT);
    }
  for (guint y = 0; y < MADE_HEIGHT; y++)
    g_free (rows[y]);
}

static void
test_kinds_of_pixels (void)
{
  static const struct
  {
    int type, depth;
    guint8 first[6], second[6];
    gsize pixel;
    const char *said, *want, *note;
  } cases[] = {
    { PNG_COLOR_TYPE_RGB, 8, { 0 }, { 250, 50, 83 }, 3, NULL, "01", "#fa3253 is taken as the anomaly" },
    { PNG_COLOR_TYPE_RGB_ALPHA, 8, { 0 }, { 250, 50, 83, 255 }, 4, NULL, "01", "#fa3253 is taken" },
    { PNG_COLOR_TYPE_RGB, 16, { 0 }, { 250, 250, 50, 50, 83, 83 }, 6, NULL, "01", "#fa3253 is taken" },
    { PNG_COLOR_TYPE_GRAY, 16, { 0 }, { 255, 255 }, 2, NULL, "01", "65535 is taken" },
    { PNG_COLOR_TYPE_GRAY, 16, { 1, 0 }, { 2, 7 }, 2, "anomaly=519", "01", "as was said" },
    { PNG_COLOR_TYPE_RGB, 8, { 10, 20, 30 }, { 1, 2, 3 }, 3, "anomaly=#0a141e inlier=#010203", "10", "as was said" },
    { PNG_COLOR_TYPE_RGB, 8, { 200, 0, 0 }, { 1, 2, 3 }, 3, NULL, "none", "there are #010203, #c80000" },
    { PNG_COLOR_TYPE_PALETTE, 8, { 3 }, { 9 }, 1, "anomaly=9", "01", "as was said" },
    { PNG_COLOR_TYPE_PALETTE, 8, { 3 }, { 9 }, 1, "anomaly=#fc0356", "10", "as was said" },
    { PNG_COLOR_TYPE_GRAY, 1, { 0x55 }, { 0x55 }, 1, "anomaly=#ffffff", "01", "as was said" },
    { PNG_COLOR_TYPE_RGB, 8, { 7, 7, 7 }, { 9, 9, 9 }, 3, "anomaly=8", "none", "none that was looked at holds" },
    { PNG_COLOR_TYPE_RGB, 8, { 7, 7, 7 }, { 9, 9, 9 }, 3, "anomaly=9", "01", "as was said" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *root = tree_new ();
      write_mask (root, cases[i].type, cases[i].depth, cases[i].first, cases[i].second, cases[i].pixel);
      g_autoptr (DhDataset) dataset = open_with (root, cases[i].said);
      dataset_assert_anomaly (dataset, 0, cases[i].want);
      dataset_assert_anomaly (dataset, 1, cases[i].want);
      if (!has_note (dataset, cases[i].note))
        g_error ("case %u does not say \"%s\"", i, cases[i].note);
      tree_remove (root);
    }
}

/* A lossy mask is nothing to guess at, and no secret: a limit can be said. */
static void
test_lossy (void)
{
  g_autofree char *root = tree_new ();
  tree_image (root, "images/a.png", 32, 16);
  g_autofree guint8 *rgb = g_malloc0 (32 * 16 * 3);
  for (guint i = 0; i < 32 * 16; i++)
    memset (rgb + 3 * i, i % 32 < 13 ? 0 : 255, 3);
  g_autoptr (GBytes) bytes = dh_image_encode_jpeg (32, 16, rgb, 60, NULL);
  tree_bytes (root, "masks/a.jpg", g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autoptr (DhDataset) none = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (none), ==, DH_DATASET_MASKS);
  g_assert_false (dh_dataset_has_anomaly_labels (none));
  g_autoptr (DhDataset) said = open_with (root, "anomaly=128-255");
  dataset_assert_anomaly (said, 0, "00000000000001111");
  tree_remove (root);
}

/* Of black and white, as some programs write it: what 1 is can be asked. */
static void
test_white_palette (void)
{
  g_autofree char *root = tree_new (), *path = tree_path (root, "masks/a.png");
  tree_image (root, "images/a.png", 4, 1);
  const png_color palette[] = { { 255, 255, 255 }, { 0, 0, 0 } };
  guint8 row[] = { 0, 1, 1, 0 };
  FILE *file = fopen (path, "wb");
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (png);
  png_init_io (png, file);
  png_set_IHDR (png, info, 4, 1, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, 0, 0);
  png_set_PLTE (png, info, palette, 2);
  png_write_info (png, info);
  png_write_row (png, row);
  png_write_end (png, info);
  png_destroy_write_struct (&png, &info);
  fclose (file);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  gboolean certain = TRUE;
  g_assert_null (dh_dataset_mask_values (dataset, &certain));
  g_assert_false (certain);
  g_assert_true (has_note (dataset, "palette shows 0 as white"));
  dataset_assert_anomaly (dataset, 0, "0110");
  g_autoptr (DhDataset) said = open_with (root, "anomaly=#ffffff");
  dataset_assert_anomaly (said, 0, "1001");
  tree_remove (root);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dataset/mask-values/words", test_words);
  g_test_add_func ("/dataset/mask-values/said", test_said);
  g_test_add_func ("/dataset/mask-values/overrules", test_overrules);
  g_test_add_func ("/dataset/mask-values/one-value", test_one_value);
  g_test_add_func ("/dataset/mask-values/kinds-of-pixels", test_kinds_of_pixels);
  g_test_add_func ("/dataset/mask-values/lossy", test_lossy);
  g_test_add_func ("/dataset/mask-values/white-palette", test_white_palette);
  return g_test_run ();
}
