/* Score maps in the layouts of benchmarks: what cannot be done is said before the first file is written. */
#include <glib/gstdio.h>

#include "dh-error.h"
#include "dh-export.h"
#include "dh-npy.h"
#include "dh-records.h"
#include "tree.h"

typedef struct
{
  char *folder, *out;
  DhDatabase *database;
  gint64 dataset, run;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->folder = g_dir_make_tmp ("dh-export-XXXXXX", NULL);
  fixture->out = g_build_filename (fixture->folder, "out", NULL);
  g_autofree char *path = g_build_filename (fixture->folder, "runs.db", NULL);
  fixture->database = dh_database_open (path, &error);
  g_assert_no_error (error);
  const DhDatasetRow set = { .root = (char *)"/data",
                             .kind = (char *)"folder",
                             .title = (char *)"Folder",
                             .fingerprint = (char *)"f",
                             .images = 3 };
  const DhModelRow model = { .sha256 = (char *)"a1", .title = (char *)"m", .architecture = (char *)"ldn-tiny" };
  fixture->dataset = dh_database_put_dataset (fixture->database, &set, &error);
  const DhRunRow row = { .kind = (char *)"eval-ood",
                         .dataset = fixture->dataset,
                         .model = dh_database_put_model (fixture->database, &model, &error),
                         .split = (char *)"",
                         .folder = fixture->folder,
                         .score = (char *)"hybrid",
                         .device = (char *)"ref",
                         .precision = (char *)"f32",
                         .program = (char *)"1" };
  fixture->run = dh_database_add_run (fixture->database, &row, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dh_database_close (fixture->database);
  tree_remove (fixture->folder);
  g_free (fixture->out);
  g_free (fixture->folder);
}

/* A measured picture with its map. */
static void
add (Fixture *fixture, const char *stem)
{
  g_autoptr (GError) error = NULL;
  static guint n;
  g_autofree char *file = g_strdup_printf ("%s/map%u.npy", fixture->folder, n++);
  const gint64 dims[] = { 2, 3 };
  g_autoptr (DhTensor) map = dh_tensor_new_f32 (2, dims);
  g_assert_true (dh_npy_save (file, map, &error));
  DhRunImageRow row = { .state = (char *)"done", .width = 3, .height = 2, .score_file = file };
  row.image = dh_database_put_image (fixture->database, fixture->dataset, stem, "p.png", "", "", &error);
  g_assert_true (dh_database_put_run_image (fixture->database, fixture->run, &row, &error));
}

static void
refused (Fixture *fixture, DhExportLayout layout, int code)
{
  g_autoptr (GError) error = NULL;
  guint written = 99;
  g_assert_false (
      dh_export_run (fixture->database, fixture->run, layout, "M", fixture->out, &written, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, code);
  g_assert_cmpuint (written, ==, 0);
  g_assert_false (g_file_test (fixture->out, G_FILE_TEST_EXISTS));
}

static void
written (Fixture *fixture, DhExportLayout layout, const char *const *expected)
{
  g_autoptr (GError) error = NULL;
  guint n = 0;
  g_assert_true (dh_export_run (fixture->database, fixture->run, layout, "M", fixture->out, &n, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, g_strv_length ((char **)expected));
  for (guint i = 0; expected[i]; i++)
    {
      g_autofree char *path = g_build_filename (fixture->out, expected[i], NULL);
      g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
    }
}

/* Equal last names get their folders before them, and where those become equal as well, nothing is written. */
static void
test_colliding (Fixture *fixture, gconstpointer data)
{
  static const char *const flat[] = { "calm_anomaly.npy", "a_b_x_anomaly.npy", "c_x_anomaly.npy", NULL };
  static const char *const tree[] = { "calm.npy", "a/b/x.npy", "c/x.npy", "a_b/x.npy", NULL };
  add (fixture, "calm");
  add (fixture, "a/b/x");
  add (fixture, "c/x");
  written (fixture, DH_EXPORT_FISHYSCAPES, flat);
  tree_remove (fixture->out);
  add (fixture, "a_b/x");
  refused (fixture, DH_EXPORT_FISHYSCAPES, DH_ERROR_UNSUPPORTED);
  refused (fixture, DH_EXPORT_SMIYC, DH_ERROR_UNSUPPORTED);
  written (fixture, DH_EXPORT_NPY, tree);
}

/* A database from anyone cannot name a place outside the folder. */
static void
test_climbing (Fixture *fixture, gconstpointer data)
{
  add (fixture, "calm");
  add (fixture, "../../climbs");
  for (guint layout = 0; layout < DH_N_EXPORT_LAYOUTS; layout++)
    refused (fixture, layout, DH_ERROR_INVALID);
}

/* ISSU's files hold the segmentation too: where the run kept none, none is begun. */
static void
test_bare (Fixture *fixture, gconstpointer data)
{
  add (fixture, "calm");
  refused (fixture, DH_EXPORT_ISSU, DH_ERROR_NOT_FOUND);
}

static void
test_gone (Fixture *fixture, gconstpointer data)
{
  add (fixture, "calm");
  add (fixture, "gone");
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (fixture->database, fixture->run, NULL);
  g_assert_cmpint (g_remove (((DhRunImageRow *)rows->pdata[1])->score_file), ==, 0);
  for (guint layout = 0; layout < DH_N_EXPORT_LAYOUTS; layout++)
    refused (fixture, layout, DH_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/export/colliding", Fixture, NULL, set_up, test_colliding, tear_down);
  g_test_add ("/export/climbing", Fixture, NULL, set_up, test_climbing, tear_down);
  g_test_add ("/export/bare", Fixture, NULL, set_up, test_bare, tear_down);
  g_test_add ("/export/gone", Fixture, NULL, set_up, test_gone, tear_down);
  return g_test_run ();
}
