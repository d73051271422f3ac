/* The rows of runs and of their images, of which there may be very many. */
#include <math.h>
#include <sqlite3.h>

#include "dh-records.h"
#include "patience.h"

/* A database in a file, which another program can open as well. */
typedef struct
{
  char *folder, *path;
  DhDatabase *database;
} Stored;

static void
set_up (Stored *stored, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  stored->folder = g_dir_make_tmp ("dh-database-XXXXXX", &error);
  stored->path = g_build_filename (stored->folder, "runs.db", NULL);
  stored->database = dh_database_open (stored->path, &error);
  g_assert_no_error (error);
}

static void
tear_down (Stored *stored, gconstpointer data)
{
  dh_database_close (stored->database);
  g_autofree char *command = g_strdup_printf ("rm -r '%s'", stored->folder);
  g_assert_cmpint (system (command), ==, 0);
  g_free (stored->folder);
  g_free (stored->path);
}

static void
execute (sqlite3 *handle, const char *sql)
{
  g_assert_cmpint (sqlite3_exec (handle, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

static gint64
add_run (DhDatabase *database, gint64 *dataset)
{
  g_autoptr (GError) error = NULL;
  *dataset = dh_database_put_dataset (
      database, &(DhDatasetRow){ .root = "/data/x", .kind = "static", .title = "Static", .fingerprint = "f" }, &error);
  const gint64 model = dh_database_put_model (
      database, &(DhModelRow){ .sha256 = "s", .title = "ldn121", .architecture = "ldn121", .classes = 13 }, &error);
  const DhRunRow row = { .kind = "eval-ood",
                         .dataset = *dataset,
                         .split = "val",
                         .model = model,
                         .folder = "/out",
                         .score = "hybrid",
                         .device = "cpu",
                         .precision = "f32",
                         .program = "0.1.0" };
  const gint64 run = dh_database_add_run (database, &row, &error);
  g_assert_no_error (error);
  return run;
}

static DhRunImageRow
image_row (gint64 image, const char *state)
{
  return (DhRunImageRow){ .image = image,
                          .state = (char *)state,
                          .seconds = 0.5,
                          .ap = 0.25,
                          .auroc = NAN,
                          .fpr95 = NAN,
                          .best_f1 = NAN,
                          .best_f1_threshold = NAN };
}

/* Into the run, as images of its data set; every tenth failed. */
static void
put_images (DhDatabase *database, gint64 dataset, gint64 run, guint n)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_database_begin (database, &error));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *stem = g_strdup_printf ("b/%u", i);
      const gint64 image = dh_database_put_image (database, dataset, stem, stem, "val", "b", &error);
      const DhRunImageRow row = image_row (image, i % 10 == 9 ? "failed" : "done");
      g_assert_true (dh_database_put_run_image (database, run, &row, &error));
    }
  g_assert_true (dh_database_commit (database, &error));
  g_assert_no_error (error);
}

static void
assert_images (DhDatabase *database, gint64 run, gint64 done, gint64 failed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRunRow) row = dh_database_get_run (database, run, &error);
  g_assert_no_error (error);
  g_assert_cmpint (row->images_done, ==, done);
  g_assert_cmpint (row->images_failed, ==, failed);
}

/* How many images a run has, while it goes on, once it has ended, and when it goes on again. */
static void
test_counts (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  g_assert_no_error (error);
  gint64 dataset;
  const gint64 run = add_run (database, &dataset);
  assert_images (database, run, 0, 0);
  put_images (database, dataset, run, 20);
  assert_images (database, run, 18, 2);
  g_assert_true (dh_database_end_run (database, run, "cancelled", NULL, NULL, &error));
  assert_images (database, run, 18, 2);
  g_assert_true (dh_database_reopen_run (database, run, NULL, &error));
  put_images (database, dataset, run, 40);
  assert_images (database, run, 36, 4);
  g_assert_true (dh_database_end_run (database, run, "done", NULL, NULL, &error));
  assert_images (database, run, 36, 4);
  g_autoptr (DhRunRow) row = dh_database_get_run (database, run, &error);
  g_assert_cmpfloat (row->seconds, ==, 20);
}

/* A database of before images were counted at a run's end. */
static void
test_counts_of_before (Stored *stored, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhDatabase *database = stored->database;
  gint64 dataset;
  const gint64 ended = add_run (database, &dataset);
  put_images (database, dataset, ended, 30);
  g_assert_true (dh_database_end_run (database, ended, "done", NULL, NULL, &error));
  const gint64 killed = add_run (database, &dataset);
  put_images (database, dataset, killed, 10);
  dh_database_close (database);
  sqlite3 *handle;
  g_assert_cmpint (sqlite3_open (stored->path, &handle), ==, SQLITE_OK);
  execute (handle, "DROP TABLE find_marks; DROP TRIGGER forget_run_counts;"
                   "ALTER TABLE runs DROP COLUMN images_done; ALTER TABLE runs DROP COLUMN images_failed;"
                   "PRAGMA user_version = 6");
  sqlite3_close (handle);
  database = stored->database = dh_database_open (stored->path, &error);
  g_assert_no_error (error);
  assert_images (database, ended, 27, 3);
  assert_images (database, killed, 9, 1);
  put_images (database, dataset, killed, 20);
  assert_images (database, killed, 18, 2);
}

/* A program of before images were counted, which opened the file before it was migrated, goes on with a run. */
static void
test_counts_beside_before (Stored *stored, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhDatabase *database = stored->database;
  gint64 dataset;
  const gint64 run = add_run (database, &dataset);
  put_images (database, dataset, run, 10);
  g_assert_true (dh_database_end_run (database, run, "cancelled", NULL, NULL, &error));
  assert_images (database, run, 9, 1);
  sqlite3 *before;
  g_assert_cmpint (sqlite3_open (stored->path, &before), ==, SQLITE_OK);
  execute (before, "UPDATE runs SET state = 'running', ended = NULL");
  put_images (database, dataset, run, 30);
  execute (before, "UPDATE runs SET state = 'done', ended = started");
  sqlite3_close (before);
  assert_images (database, run, 27, 3);
}

/* Seconds of computing for a list of so many runs, each of so many images, that have ended. */
static double
work_of_list (guint n_runs, guint n_images)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  g_assert_no_error (error);
  gint64 dataset;
  for (guint i = 0; i < n_runs; i++)
    {
      const gint64 run = add_run (database, &dataset);
      put_images (database, dataset, run, n_images);
      g_assert_true (dh_database_end_run (database, run, "done", NULL, NULL, &error));
    }
  double least = INFINITY;
  for (guint i = 0; i < 5; i++)
    {
      const double before = patience_work ();
      g_autoptr (GPtrArray) runs = dh_database_list_runs (database, &error);
      least = MIN (least, patience_work () - before);
      g_assert_cmpuint (runs->len, ==, n_runs);
      g_assert_cmpint (((DhRunRow *)runs->pdata[0])->images_done, ==, n_images * 9 / 10);
    }
  return least;
}

/* A list of runs does not go through all their images. */
static void
test_long_list (void)
{
  const double few = work_of_list (100, 10), many = work_of_list (100, 2000);
  g_test_message ("runs of few images %.2f ms, of many %.2f ms", 1e3 * few, 1e3 * many);
  g_assert_cmpfloat (many, <, 4 * few);
}

/* One image of a run, by its name; that of another set with the same name is another. */
static void
test_find_image (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  g_assert_no_error (error);
  gint64 dataset;
  const gint64 run = add_run (database, &dataset);
  put_images (database, dataset, run, 20);
  const gint64 other = dh_database_put_dataset (
      database, &(DhDatasetRow){ .root = "/data/y", .kind = "static", .title = "Static", .fingerprint = "g" }, &error);
  const gint64 namesake = dh_database_put_image (database, other, "b/7", "/data/y/b/7.png", "", "", &error);
  const DhRunImageRow row = image_row (namesake, "failed");
  g_assert_true (dh_database_put_run_image (database, run, &row, &error));
  g_autoptr (DhRunImageRow) found = dh_database_find_run_image (database, run, "b/7", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found->stem, ==, "b/7");
  g_assert_cmpstr (found->path, ==, "b/7");
  g_assert_cmpstr (found->state, ==, "done");
  g_assert_cmpfloat (found->seconds, ==, 0.5);
  g_assert_cmpfloat (found->ap, ==, 0.25);
  g_assert_null (dh_database_find_run_image (database, run, "b/20", &error));
  g_assert_null (dh_database_find_run_image (database, run + 1, "b/7", &error));
  g_assert_no_error (error);
}

/* The numbers of a run are those of its protocols, without what they are drawn from. */
static void
test_numbers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  g_assert_no_error (error);
  gint64 dataset;
  const gint64 run = add_run (database, &dataset);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("drawn", 5);
  const DhRunProtocolRow row = { .score = (char *)"hybrid",
                                 .protocol = (char *)"caos",
                                 .ap = 0.5,
                                 .auroc = NAN,
                                 .fpr95 = 0.25,
                                 .threshold_tpr95 = -3,
                                 .best_f1 = 0.75,
                                 .best_f1_threshold = -2,
                                 .pixels = 12,
                                 .positives = 3,
                                 .undefined_images = 1,
                                 .curve = bytes,
                                 .histogram = bytes };
  g_assert_true (dh_database_put_run_protocol (database, run, &row, &error));
  g_autoptr (GPtrArray) all = dh_database_list_run_protocols (database, run, &error);
  g_autoptr (GPtrArray) numbers = dh_database_list_run_numbers (database, run, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 1);
  g_assert_cmpuint (numbers->len, ==, 1);
  const DhRunProtocolRow *whole = all->pdata[0], *read = numbers->pdata[0];
  g_assert_true (g_bytes_equal (whole->curve, bytes) && g_bytes_equal (whole->histogram, bytes));
  g_assert_true (read->curve == NULL && read->histogram == NULL);
  g_assert_cmpstr (read->protocol, ==, "caos");
  g_assert_cmpfloat (read->ap, ==, 0.5);
  g_assert_true (isnan (read->auroc));
  g_assert_cmpfloat (read->best_f1_threshold, ==, -2);
  g_assert_cmpint (read->undefined_images, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run-rows/counts", test_counts);
  g_test_add ("/run-rows/counts-of-before", Stored, NULL, set_up, test_counts_of_before, tear_down);
  g_test_add ("/run-rows/counts-beside-before", Stored, NULL, set_up, test_counts_beside_before, tear_down);
  g_test_add_func ("/run-rows/long-list", test_long_list);
  g_test_add_func ("/run-rows/find-image", test_find_image);
  g_test_add_func ("/run-rows/numbers", test_numbers);
  return g_test_run ();
}
