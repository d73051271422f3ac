#include <math.h>
#include <string.h>

#include "dh-calibrate.h"
#include "dh-checkpoint.h"
#include "dh-error.h"
#include "tree.h"

/* Calibrations: as files, and how a predictor of precision int8 comes by one. */

static char *folder;

static char *
path_in (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static DhQuantization *
quantization_new (guint seed)
{
  g_autoptr (DhRanges) ranges = dh_ranges_new ();
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("block.%u.conv", i);
      dh_ranges_get (ranges, name)[0x3f00 + 17 * i + seed] = 1000;
    }
  dh_ranges_get (ranges, "nothing");
  return dh_quantization_new ("net", "0123abcd", 4, ranges);
}

/* Nearly all values lie within the range, and what is not finite sets none. */
static void
test_ranges (void)
{
  g_autoptr (DhRanges) ranges = dh_ranges_new ();
  guint64 *bins = dh_ranges_get (ranges, "a");
  g_assert_true (bins == dh_ranges_get (ranges, "a"));
  bins[0] = 1000000;
  bins[dh_ranges_bin (1.0f)] = 999989;
  bins[dh_ranges_bin (64.0f)] = 11;
  bins[DH_RANGES_BINS - 1] = 100000;
  dh_ranges_get (ranges, "b")[dh_ranges_bin (1e-30f)] = 1;
  dh_ranges_get (ranges, "c")[DH_RANGES_BINS - 1] = 1;
  dh_ranges_get (ranges, "d")[DH_RANGES_BINS - 2] = 1;
  dh_ranges_get (ranges, "e")[0] = 1;
  g_autoptr (DhQuantization) q = dh_quantization_new ("net", "weights", 1, ranges);
  g_assert_cmpfloat (dh_quantization_range (q, "a"), >=, 1);
  g_assert_cmpfloat (dh_quantization_range (q, "a"), <, 1.02);
  bins[dh_ranges_bin (64.0f)] = 100;
  g_autoptr (DhQuantization) wider = dh_quantization_new ("net", "weights", 1, ranges);
  g_assert_cmpfloat (dh_quantization_range (wider, "a"), >=, 64);
  g_assert_cmpfloat (dh_quantization_range (q, "b"), >=, 0x1p-64);
  g_assert_cmpfloat (dh_quantization_range (q, "c"), ==, 1);
  g_assert_cmpfloat (dh_quantization_range (q, "d"), <=, G_MAXFLOAT);
  g_assert_cmpfloat (dh_quantization_range (q, "e"), ==, 1);
  g_assert_cmpfloat (dh_quantization_range (q, "f"), ==, 0);
  g_assert_cmpstr (dh_quantization_id (q), !=, dh_quantization_id (wider));
  /* The smallest and the largest are read again as they were written. */
  g_autofree char *path = path_in ("limits.calibration");
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_quantization_save (q, path, &error));
  g_autoptr (DhQuantization) read = dh_quantization_load (path, "net", "weights", &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (dh_quantization_range (read, "b"), ==, dh_quantization_range (q, "b"));
  g_assert_cmpfloat (dh_quantization_range (read, "d"), ==, dh_quantization_range (q, "d"));
}

static void
assert_load_fails (const char *path, gint code)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_quantization_load (path, "net", "0123abcd", &error));
  g_assert_error (error, DH_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = path_in ("a.calibration");
  g_autoptr (DhQuantization) q = quantization_new (0);
  g_autoptr (DhQuantization) other = quantization_new (1);
  g_assert_cmpstr (dh_quantization_id (q), !=, dh_quantization_id (other));
  g_assert_true (dh_quantization_save (q, path, &error));
  g_autoptr (DhQuantization) back = dh_quantization_load (path, "net", "0123abcd", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_quantization_id (q), ==, dh_quantization_id (back));
  g_assert_cmpuint (dh_quantization_pictures (back), ==, 4);
  g_assert_cmpfloat (dh_quantization_range (q, "block.2.conv"), ==, dh_quantization_range (back, "block.2.conv"));
  g_assert_null (dh_quantization_load (path, "net", "0123abce", &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_clear_error (&error);
  g_assert_null (dh_quantization_load (path, "nets", "0123abcd", &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "other weights"));
}

/* Cut at every byte, changed in every byte, of another kind, absent. */
static void
test_hostile (void)
{
  g_autofree char *path = path_in ("b.calibration"), *text = NULL;
  gsize size;
  g_autoptr (DhQuantization) q = quantization_new (0);
  g_assert_true (dh_quantization_save (q, path, NULL));
  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  for (gsize n = 0; n < size; n++)
    {
      g_assert_true (g_file_set_contents (path, text, (gssize)n, NULL));
      assert_load_fails (path, DH_ERROR_INVALID);
    }
  for (gsize i = 0; i < size; i++)
    {
      const char was = text[i];
      text[i] = was == 'x' ? '\0' : (char)(was ^ 0x81);
      g_assert_true (g_file_set_contents (path, text, (gssize)size, NULL));
      assert_load_fails (path, DH_ERROR_INVALID);
      text[i] = was;
    }
  g_autofree char *huge = g_strnfill (2 << 20, 'a');
  g_assert_true (g_file_set_contents (path, huge, -1, NULL));
  assert_load_fails (path, DH_ERROR_TOO_LARGE);
  assert_load_fails (folder, DH_ERROR_IO);
  g_unlink (path);
  assert_load_fails (path, DH_ERROR_NOT_FOUND);
}

/* Well sealed, but nonsense. */
static void
test_forged (void)
{
  static const char *const bodies[] = {
    "",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange -1 a\n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange nan a\n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange inf a\n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange 1e300 a\n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange 0 a\n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange 1\n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange 1 \n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange 1 b\nrange 1 a\n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange 1 a\nrange 2 a\n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.5\nrange 1 a\n",
    "network net\nweights 0123abcd\npictures -4\nquantile 0.99999\nrange 1 a\n",
    "network net\nweights 0123abcd\npictures 99999999999999999999\nquantile 0.99999\nrange 1 a\n",
    "weights 0123abcd\nnetwork net\npictures 4\nquantile 0.99999\nrange 1 a\n",
    "network net\nweights 0123abcd\npictures 4\nquantile 0.99999\nrange 1 a\xff\n",
  };
  g_autofree char *path = path_in ("c.calibration");
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autofree char *text = g_strconcat ("densehybrid calibration 1\n", bodies[i], NULL);
      g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
      g_autofree char *sealed = g_strconcat (text, "checksum ", hash, "\n", NULL);
      g_assert_true (g_file_set_contents (path, sealed, -1, NULL));
      assert_load_fails (path, DH_ERROR_INVALID);
    }
}

typedef struct
{
  guint n_loaded, fails; /* of the first pictures, so many cannot be read */
} Shelf;

static DhImage *
load_picture (guint index, gpointer data, GError **error)
{
  Shelf *shelf = data;
  shelf->n_loaded++;
  if (index < shelf->fails)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "picture %u is broken", index);
      return NULL;
    }
  DhImage *image = dh_image_new (64 + index % 3, 48);
  for (gsize i = 0; i < (gsize)3 * image->width * image->height; i++)
    image->rgb[i] = (guint8)((i * 31 + index * 7) % 251);
  return image;
}

static DhPredictor *
new_predictor (guint64 seed, guint threads)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-demo", 5, seed, 1, &error);
  g_assert_no_error (error);
  DhPredictor *predictor = dh_predictor_new (model, "cpu", DH_PRECISION_INT8, threads, &error);
  g_assert_no_error (error);
  return predictor;
}

static char *
prepare (DhPredictor *predictor, Shelf *shelf, guint n, gboolean anew)
{
  g_autoptr (GError) error = NULL;
  const DhPictures pictures = { n, load_picture, shelf };
  char *note = NULL;
  g_assert_true (dh_calibrate_prepare (predictor, &pictures, anew, NULL, NULL, &note, &error));
  g_assert_no_error (error);
  return note;
}

static DhPrediction *
run (DhPredictor *predictor)
{
  g_autoptr (GError) error = NULL;
  Shelf shelf = { 0 };
  g_autoptr (DhImage) image = load_picture (0, &shelf, NULL);
  DhPrediction *prediction = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  return prediction;
}

static void
assert_equal_maps (DhPredictor *a, DhPredictor *b)
{
  g_autoptr (DhPrediction) x = run (a), y = run (b);
  const gsize size = (gsize)dh_tensor_count (x->maps[DH_MAP_HYBRID]) * sizeof (float);
  g_assert_cmpmem (dh_tensor_data (x->maps[DH_MAP_HYBRID]), size, dh_tensor_data (y->maps[DH_MAP_HYBRID]), size);
}

/* Made once, found again, the same bits with any number of threads; made anew where it is damaged or asked for. */
static void
test_prepare (void)
{
  Shelf shelf = { 0 };
  g_autoptr (DhPredictor) predictor = new_predictor (1, 1);
  g_assert_cmpstr (dh_predictor_precision_name (predictor), ==, "int8");
  g_autofree char *note = prepare (predictor, &shelf, 40, FALSE);
  g_assert_nonnull (strstr (note, "on 16 of 40 images"));
  g_assert_cmpuint (shelf.n_loaded, ==, 16);
  g_assert_true (g_str_has_prefix (dh_predictor_precision_name (predictor), "int8-"));
  g_autofree char *path = dh_calibrate_dup_path (predictor);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));

  Shelf other = { 0 };
  g_autoptr (DhPredictor) again = new_predictor (1, 2);
  g_assert_null (prepare (again, &other, 3, FALSE));
  g_assert_cmpuint (other.n_loaded, ==, 0);
  g_assert_cmpstr (dh_predictor_precision_name (again), ==, dh_predictor_precision_name (predictor));
  assert_equal_maps (predictor, again);

  g_assert_true (g_file_set_contents (path, "torn", -1, NULL));
  g_autoptr (DhPredictor) mended = new_predictor (1, 2);
  g_autofree char *said = prepare (mended, &shelf, 40, FALSE);
  g_assert_nonnull (strstr (said, path));
  g_assert_nonnull (strstr (said, "on 16 of 40 images"));
  g_assert_cmpstr (dh_predictor_precision_name (mended), ==, dh_predictor_precision_name (predictor));

  Shelf few = { .fails = 1 };
  g_autoptr (DhPredictor) anew = new_predictor (1, 1);
  g_autofree char *now = prepare (anew, &few, 2, TRUE);
  g_assert_nonnull (strstr (now, "on 1 of 2 images"));
  g_assert_cmpstr (dh_predictor_precision_name (anew), !=, dh_predictor_precision_name (predictor));
  /* That of chosen pictures is kept beside the one that is taken where none are chosen. */
  g_autoptr (DhPredictor) later = new_predictor (1, 1);
  g_assert_null (prepare (later, &other, 3, FALSE));
  g_assert_cmpstr (dh_predictor_precision_name (later), ==, dh_predictor_precision_name (predictor));
  const char *at = strstr (now, "kept in ");
  g_assert_nonnull (at);
  g_autoptr (GError) problem = NULL;
  g_autoptr (DhPredictor) chosen = new_predictor (1, 1);
  g_assert_true (dh_calibrate_from_file (chosen, at + strlen ("kept in "), &problem));
  g_assert_cmpstr (dh_predictor_precision_name (chosen), ==, dh_predictor_precision_name (anew));

  g_autoptr (DhPredictor) own = new_predictor (2, 1);
  g_autoptr (GError) error = NULL;
  g_assert_false (dh_calibrate_from_file (own, path, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
}

/* A NaN that only what int8 multiplies reads: it must be counted as in float32, not become a number. */
static void
test_not_finite (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) fine = dh_model_new_seeded ("ldn-demo", 5, 5, 1, &error);
  g_autoptr (DhTensorDict) state = dh_model_dup_state (fine, &error);
  g_assert_no_error (error);
  DhTensor *bias = dh_tensor_dict_get (state, "backbone.features.denseblock1.denselayer1.norm1.bias");
  g_assert_nonnull (bias);
  ((float *)dh_tensor_data (bias))[0] = NAN;
  g_autofree char *path = path_in ("nan.pth");
  g_assert_true (dh_checkpoint_save_pth (path, &(DhCheckpointContents){ .state = state }, &error));
  g_autoptr (DhModel) model = dh_model_load (path, NULL, &error);
  g_assert_no_error (error);
  Shelf shelf = { 0 };
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DhPredictor) predictor =
          dh_predictor_new (model, "cpu", i == 0 ? DH_PRECISION_F32 : DH_PRECISION_INT8, 2, &error);
      g_assert_no_error (error);
      g_autofree char *note = prepare (predictor, &shelf, 2, FALSE);
      g_autoptr (DhPrediction) prediction = run (predictor);
      g_assert_cmpuint (prediction->non_finite[DH_MAP_HYBRID], ==, 64 * 48);
    }
}

static void
test_no_picture (void)
{
  g_autoptr (DhPredictor) predictor = new_predictor (3, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImage) image = dh_image_new (64, 64);
  char *note = NULL;
  Shelf shelf = { .fails = 5 };
  const DhPictures broken = { 5, load_picture, &shelf }, none = { 0, load_picture, &shelf };
  g_assert_null (dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_false (dh_calibrate_prepare (predictor, &broken, FALSE, NULL, NULL, &note, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "is broken"));
  g_clear_error (&error);
  g_assert_false (dh_calibrate_prepare (predictor, &none, FALSE, NULL, NULL, &note, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  Shelf fine = { 0 };
  const DhPictures pictures = { 5, load_picture, &fine };
  g_assert_false (dh_calibrate_prepare (predictor, &pictures, FALSE, cancelled, NULL, &note, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (note);
}

/* Where nothing can be kept, the calibration holds for this time. */
static void
test_unwritable (void)
{
  g_autoptr (DhPredictor) predictor = new_predictor (4, 1);
  g_autofree char *path = dh_calibrate_dup_path (predictor);
  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  g_autofree char *inside = g_build_filename (path, "in the way", NULL);
  g_assert_true (g_file_set_contents (inside, "", 0, NULL));
  Shelf shelf = { 0 };
  g_autofree char *note = prepare (predictor, &shelf, 2, FALSE);
  g_assert_nonnull (strstr (note, "cannot be kept"));
  g_autoptr (DhPrediction) prediction = run (predictor);
  g_assert_nonnull (prediction->maps[DH_MAP_HYBRID]);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  folder = g_dir_make_tmp ("dh-calibrate-XXXXXX", &error);
  g_assert_no_error (error);
  g_setenv ("XDG_DATA_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/calibrate/ranges", test_ranges);
  g_test_add_func ("/calibrate/file", test_file);
  g_test_add_func ("/calibrate/hostile", test_hostile);
  g_test_add_func ("/calibrate/forged", test_forged);
  g_autoptr (DhDevice) device = dh_device_open ("cpu", 1, NULL);
  if (device && dh_device_has_precision (device, DH_PRECISION_INT8))
    {
      g_test_add_func ("/calibrate/prepare", test_prepare);
      g_test_add_func ("/calibrate/not-finite", test_not_finite);
      g_test_add_func ("/calibrate/no-picture", test_no_picture);
      g_test_add_func ("/calibrate/unwritable", test_unwritable);
    }
  const int status = g_test_run ();
  tree_remove (folder);
  return status;
}
