#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "dh-error.h"
#include "dh-records.h"

static gint64
add_run (DhDatabase *database, gint64 *dataset, gint64 *image)
{
  g_autoptr (GError) error = NULL;
  *dataset = dh_database_put_dataset (
      database,
      &(DhDatasetRow){ .root = "/data/x", .kind = "static", .title = "Static", .fingerprint = "f", .images = 2 },
      &error);
  g_assert_no_error (error);
  *image = dh_database_put_image (database, *dataset, "a/0", "/data/x/a/0.png", "val", "a", &error);
  g_assert_no_error (error);
  const gint64 model = dh_database_put_model (database,
                                              &(DhModelRow){ .sha256 = "s",
                                                             .title = "ldn121",
                                                             .architecture = "ldn121",
                                                             .classes = 13,
                                                             .outlier_head = TRUE,
                                                             .parameters = 5 },
                                              &error);
  g_assert_no_error (error);
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
  g_assert_cmpint (dh_database_find_unfinished (database, &row, &error), ==, run);
  return run;
}

/* Thresholds and views that are kept by a run's number are never another run's. */
static void
test_removed_numbers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  g_assert_no_error (error);
  gint64 dataset, image;
  const gint64 first = add_run (database, &dataset, &image);
  g_assert_true (dh_database_delete_run (database, first, &error));
  const gint64 second = add_run (database, &dataset, &image);
  g_assert_cmpint (second, ==, first + 1);
  const gint64 third = add_run (database, &dataset, &image);
  g_assert_true (dh_database_delete_run (database, second, &error));
  g_assert_true (dh_database_delete_run (database, third, &error));
  g_assert_cmpint (add_run (database, &dataset, &image), ==, third + 1);
}

static void
test_rows (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  g_assert_no_error (error);
  gint64 dataset, image;
  const gint64 run = add_run (database, &dataset, &image);

  DhRunImageRow row = { .image = image,
                        .state = (char *)"done",
                        .width = 4,
                        .height = 3,
                        .pixels = 12,
                        .ap = NAN,
                        .auroc = 0.1 + 0.2,
                        .fpr95 = 1e-300,
                        .best_f1 = NAN,
                        .best_f1_threshold = NAN,
                        .mean_score = -11.25,
                        .max_score = -1 };
  g_assert_true (dh_database_put_run_image (database, run, &row, &error));
  row.pixels = 13; /* writing the same image again replaces the row */
  g_assert_true (dh_database_put_run_image (database, run, &row, &error));
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (database, run, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 1);
  const DhRunImageRow *read = g_ptr_array_index (rows, 0);
  g_assert_cmpstr (read->stem, ==, "a/0");
  g_assert_cmpint (read->pixels, ==, 13);
  g_assert_true (isnan (read->ap));
  g_assert_cmpfloat (read->auroc, ==, 0.1 + 0.2); /* to the last bit */
  g_assert_cmpfloat (read->fpr95, ==, 1e-300);

  g_assert_true (dh_database_end_run (database, run, "done", NULL, NULL, &error));
  g_autoptr (DhRunRow) ended = dh_database_get_run (database, run, &error);
  g_assert_cmpstr (ended->state, ==, "done");
  g_assert_cmpint (ended->images_done, ==, 1);
  g_assert_cmpstr (ended->dataset_title, ==, "Static");
  g_assert_cmpint (dh_database_find_unfinished (database, ended, &error), ==, 0);
  g_assert_no_error (error);

  /* the same data set opened again is the same row */
  g_assert_cmpint (
      dh_database_put_dataset (
          database,
          &(DhDatasetRow){ .root = "/data/x", .kind = "static", .title = "Static", .fingerprint = "f", .images = 2 },
          &error),
      ==, dataset);

  g_assert_null (dh_database_get_run (database, run + 1, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
}

static void
test_threshold (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  gint64 dataset, image;
  const gint64 run = add_run (database, &dataset, &image);
  g_autoptr (DhRunRow) row = dh_database_get_run (database, run, &error);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (dh_database_add_threshold (database,
                                                &(DhThresholdRow){ .model = row->model,
                                                                   .score = (char *)"hybrid",
                                                                   .value = -10.5 - i,
                                                                   .rule = (char *)"best-f1",
                                                                   .source_dataset = i ? dataset : 0 },
                                                &error),
                     >, 0);
  g_autoptr (GPtrArray) thresholds = dh_database_list_thresholds (database, row->model, "hybrid", &error);
  g_assert_cmpuint (thresholds->len, ==, 2);
  g_assert_cmpfloat (((DhThresholdRow *)thresholds->pdata[0])->value, ==, -11.5);
  g_assert_cmpstr (((DhThresholdRow *)thresholds->pdata[0])->source_title, ==, "Static");
  g_assert_null (((DhThresholdRow *)thresholds->pdata[1])->source_title);
}

static void
assert_marks (DhDatabase *database, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) marks = dh_database_list_marks (database, &error);
  g_assert_no_error (error);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < marks->len; i++)
    {
      const DhMarkRow *row = marks->pdata[i];
      g_string_append_printf (text, "%s(%s)%s;", row->path, row->tags, row->note);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* By the picture's path, the last word counts, and what says nothing is gone. */
static void
test_marks (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  assert_marks (database, "");
  static const char *const rows[][3] = { { "/a/2.png", "dusk\nsmall", "it's a \"moose\"" },
                                         { "/a/1.png", "", "first" },
                                         { "/a/1.png", "dusk", "second" } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_true (dh_database_put_mark (
        database, &(DhMarkRow){ (char *)rows[i][0], (char *)rows[i][1], (char *)rows[i][2] }, &error));
  assert_marks (database, "/a/1.png(dusk)second;/a/2.png(dusk\nsmall)it's a \"moose\";");
  g_assert_true (dh_database_put_mark (database, &(DhMarkRow){ (char *)"/a/2.png", (char *)"", (char *)"" }, &error));
  assert_marks (database, "/a/1.png(dusk)second;");
}

static void
assert_find_marks (DhDatabase *database, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) marks = dh_database_list_find_marks (database, &error);
  g_assert_no_error (error);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < marks->len; i++)
    {
      const DhFindMarkRow *row = marks->pdata[i];
      g_string_append_printf (text, "%s %s %d,%d %s;", row->path, row->score, (int)row->x, (int)row->y, row->mark);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

/* A thing is one by picture, score and place; of one that says nothing there is no row. */
static void
test_find_marks (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  assert_find_marks (database, "");
  const DhFindMarkRow rows[] = {
    { (char *)"/a/2.png", (char *)"hybrid", 7, 9, (char *)"seen" },
    { (char *)"/a/2.png", (char *)"likelihood", 7, 9, (char *)"false" },
    { (char *)"/a/1.png", (char *)"hybrid", 7, 9, (char *)"seen" },
    { (char *)"/a/2.png", (char *)"hybrid", 9, 7, (char *)"real" },
    { (char *)"/a/2.png", (char *)"hybrid", 7, 9, (char *)"false" },
    { (char *)"/a/1.png", (char *)"hybrid", 7, 9, (char *)"" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_true (dh_database_put_find_mark (database, &rows[i], &error));
  assert_find_marks (database, "/a/2.png hybrid 9,7 real;/a/2.png hybrid 7,9 false;/a/2.png likelihood 7,9 false;");
}

static void
test_transaction (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (":memory:", &error);
  g_assert_true (dh_database_begin (database, &error));
  gint64 dataset, image;
  add_run (database, &dataset, &image);
  dh_database_roll_back (database);
  g_autoptr (GPtrArray) runs = dh_database_list_runs (database, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (runs->len, ==, 0);
}

static void
test_files (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-database-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "deep", "file.db", NULL);
  DhDatabase *database = dh_database_open (path, &error);
  g_assert_no_error (error);
  gint64 dataset, image;
  const gint64 run = add_run (database, &dataset, &image);
  dh_database_close (database);
  database = dh_database_open (path, &error); /* a second start finds everything */
  g_assert_no_error (error);
  dh_run_row_free (dh_database_get_run (database, run, &error));
  g_assert_no_error (error);
  dh_database_close (database);

  /* who only reads makes nothing, and gives nobody else's file tables */
  database = dh_database_open_existing (path, &error);
  g_assert_no_error (error);
  dh_database_close (database);
  g_autofree char *absent = g_build_filename (folder, "absent", "file.db", NULL);
  g_assert_null (dh_database_open_existing (absent, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_autofree char *above = g_path_get_dirname (absent);
  g_assert_false (g_file_test (above, G_FILE_TEST_EXISTS));
  g_autofree char *empty = g_build_filename (folder, "empty.db", NULL);
  g_assert_true (g_file_set_contents (empty, "", 0, NULL));
  g_assert_null (dh_database_open_existing (empty, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  GStatBuf info;
  g_assert_cmpint (g_stat (empty, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, 0);

  g_autofree char *text = g_build_filename (folder, "text.db", NULL);
  g_assert_true (g_file_set_contents (text,
                                      "this is no database, but it is long enough to be looked at as one ......."
                                      "........................................................",
                                      -1, NULL));
  g_assert_null (dh_database_open (text, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_clear_error (&error);

  /* Another program's, of whatever version, stays as it is to the byte, whoever opens it. */
  for (guint version = 0; version < 4; version++)
    {
      g_autofree char *name = g_strdup_printf ("foreign-%u.db", version);
      g_autofree char *foreign = g_build_filename (folder, name, NULL);
      g_autofree char *sql = g_strdup_printf ("CREATE TABLE t (x); PRAGMA user_version = %u", version);
      sqlite3 *handle;
      g_assert_cmpint (sqlite3_open (foreign, &handle), ==, SQLITE_OK);
      g_assert_cmpint (sqlite3_exec (handle, sql, NULL, NULL, NULL), ==, SQLITE_OK);
      sqlite3_close (handle);
      g_autofree char *before = NULL;
      g_autofree char *after = NULL;
      gsize sizes[2];
      g_assert_true (g_file_get_contents (foreign, &before, &sizes[0], NULL));
      for (guint existing = 0; existing < 2; existing++)
        {
          g_assert_null (existing ? dh_database_open_existing (foreign, &error) : dh_database_open (foreign, &error));
          g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
          g_assert_nonnull (strstr (error->message, "no database of this program"));
          g_clear_error (&error);
        }
      g_assert_true (g_file_get_contents (foreign, &after, &sizes[1], NULL));
      g_assert_cmpmem (before, sizes[0], after, sizes[1]);
    }

  g_assert_null (dh_database_open ("/proc/nowhere/file.db", &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "/proc/nowhere"));
  g_clear_error (&error);

  g_autofree char *command = g_strdup_printf ("rm -r '%s'", folder);
  g_assert_cmpint (system (command), ==, 0);
}

static void
test_newer (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_strdup ("/tmp/dh-newer-XXXXXX");
  close (g_mkstemp (path));
  g_unlink (path);
  DhDatabase *database = dh_database_open (path, &error);
  dh_database_close (database);
  /* user_version stands at offset 60 of the header, big endian */
  FILE *file = fopen (path, "r+b");
  fseek (file, 60, SEEK_SET);
  fwrite ("\0\0\1\0", 1, 4, file);
  fclose (file);
  g_assert_null (dh_database_open (path, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
  g_unlink (path);
}

static gpointer
open_at_once (gpointer path)
{
  g_autoptr (GError) error = NULL;
  DhDatabase *database = dh_database_open (path, &error);
  g_assert_no_error (error);
  gint64 dataset, image;
  for (guint i = 0; i < 20; i++)
    {
      dataset = dh_database_put_dataset (
          database, &(DhDatasetRow){ .root = "/r", .kind = "k", .title = "t", .fingerprint = "f" }, &error);
      g_assert_no_error (error);
      image = dh_database_put_image (database, dataset, "s", "p", "", "", &error);
      g_assert_no_error (error);
    }
  dh_database_close (database);
  return GINT_TO_POINTER ((gint)image);
}

static void
test_threads (void)
{
  /* Some rounds: who comes at the very moment of another meets it rarely. */
  for (guint round = 0; round < 12; round++)
    {
      g_autofree char *folder = g_dir_make_tmp ("dh-database-XXXXXX", NULL);
      g_autofree char *path = g_build_filename (folder, "file.db", NULL);
      GThread *threads[6];
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("open", open_at_once, path);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (threads[i])), ==, 1);
      g_autofree char *command = g_strdup_printf ("rm -r '%s'", folder);
      g_assert_cmpint (system (command), ==, 0);
    }
}

static gint64
put_job (DhDatabase *database, const char *folder, const char *state)
{
  g_autoptr (GError) error = NULL;
  const DhJobRow row = { .kind = (char *)"train",
                         .state = (char *)state,
                         .title = (char *)"t",
                         .recipe = (char *)"r",
                         .folder = (char *)folder,
                         .device = (char *)"cpu",
                         .program = (char *)"1",
                         .command = (char *)"c",
                         .estimate = NAN,
                         .step_flop = 6e9,
                         .launched = 5 };
  const gint64 id = dh_database_put_job (database, &row, FALSE, &error);
  g_assert_no_error (error);
  return id;
}

/* A queue for several programs: one training is claimed by one of them, and one runs at a time. */
static void
test_jobs (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-database-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "jobs.db", NULL);
  DhDatabase *one = dh_database_open (path, &error), *other = dh_database_open (path, &error);
  g_assert_no_error (error);
  const gint64 version = dh_database_data_version (other);
  const gint64 first = put_job (one, "/a", "queued"), second = put_job (one, "/b", "queued");
  g_assert_cmpint (dh_database_data_version (other), !=, version);
  g_assert_cmpint (first, !=, second);

  gboolean claimed;
  g_assert_true (dh_database_claim_job (one, first, 10, &claimed, &error));
  g_assert_true (claimed);
  g_assert_true (dh_database_claim_job (other, first, 10, &claimed, &error));
  g_assert_false (claimed);
  g_assert_true (dh_database_claim_job (other, second, 10, &claimed, &error));
  g_assert_false (claimed);
  g_assert_true (dh_database_set_job_state (one, first, "failed", "why", 20, &error));
  g_assert_true (dh_database_claim_job (other, second, 30, &claimed, &error));
  g_assert_true (claimed);
  g_assert_true (dh_database_set_job_state (one, second, "done", NULL, 40, &error));

  /* The same folder is the same job; it goes to the queue's end, its head, or another's place. */
  const gint64 third = put_job (other, "/c", "queued");
  g_assert_cmpint (put_job (other, "/a", "queued"), ==, first);
  g_assert_true (dh_database_requeue_job (one, first, FALSE, &error));
  g_autoptr (GPtrArray) rows = dh_database_list_jobs (one, &error);
  g_assert_cmpuint (rows->len, ==, 3);
  const DhJobRow *last = rows->pdata[2];
  g_assert_cmpint (last->id, ==, first);
  g_assert_null (last->why);
  g_assert_cmpstr (last->precision, ==, "f32"); /* where nothing else was said */
  g_assert_true (isnan (last->estimate) && isnan (last->ap));
  g_assert_true (dh_database_swap_jobs (one, first, third, &error));
  g_autoptr (GPtrArray) swapped = dh_database_list_jobs (one, &error);
  g_assert_cmpint (((DhJobRow *)swapped->pdata[2])->id, ==, third);
  g_assert_true (dh_database_requeue_job (one, third, TRUE, &error));
  g_autoptr (GPtrArray) headed = dh_database_list_jobs (one, &error);
  g_assert_cmpint (((DhJobRow *)headed->pdata[0])->id, ==, third);

  /* Another training in the folder takes its place; a process that goes on with one changes nothing of how it began. */
  const DhJobRow anew = { .kind = (char *)"train",
                          .state = (char *)"queued",
                          .title = (char *)"new title",
                          .recipe = (char *)"new recipe",
                          .form = (char *)"{}",
                          .folder = (char *)"/b",
                          .device = (char *)"cuda:0",
                          .precision = (char *)"bf16",
                          .program = (char *)"2",
                          .command = (char *)"new command",
                          .estimate = 60,
                          .step_flop = 7e9 };
  DhJobRow again = anew;
  again.form = NULL;
  again.title = again.command = (char *)"of the process";
  again.estimate = again.step_flop = NAN;
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (dh_database_put_job (one, i ? &again : &anew, i != 0, &error), ==, second);
      g_autoptr (GPtrArray) all = dh_database_list_jobs (other, &error);
      const DhJobRow *found = all->pdata[0];
      for (guint j = 1; found->id != second; j++)
        found = all->pdata[j];
      g_assert_cmpstr (found->title, ==, "new title");
      g_assert_cmpstr (found->recipe, ==, "new recipe");
      g_assert_cmpstr (found->form, ==, "{}");
      g_assert_cmpstr (found->command, ==, "new command");
      g_assert_cmpstr (found->device, ==, "cuda:0");
      g_assert_cmpstr (found->precision, ==, "bf16");
      g_assert_cmpfloat (found->estimate, ==, 60);
      g_assert_cmpfloat (found->step_flop, ==, 7e9);
    }
  /* What a program queued is entered by its own process, or one whose number is not known yet. */
  again.state = (char *)"running";
  again.pid = 7;
  const gint64 pids[] = { 0, 7, 8 };
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    {
      g_assert_true (dh_database_set_job_state (one, second, "running", NULL, 0, &error));
      g_assert_true (dh_database_set_job_pid (one, second, pids[i], &error));
      g_assert_cmpint (dh_database_put_job (one, &again, FALSE, &error), ==, second);
      g_autoptr (GPtrArray) all = dh_database_list_jobs (other, &error);
      for (guint j = 0; j < all->len; j++)
        if (((DhJobRow *)all->pdata[j])->id == second)
          g_assert_cmpstr (((DhJobRow *)all->pdata[j])->title, ==, pids[i] == 8 ? "of the process" : "new title");
    }
  /* Another run in a folder where one was lost begins anew, whatever its recipe is called. */
  DhJobRow reached = { .id = second, .device = (char *)"cuda:0", .step = 9, .steps = 9, .seconds = 3, .miou = 0.5 };
  g_assert_true (dh_database_set_job_progress (one, &reached, &error));
  again.pid = 9;
  again.state = (char *)"queued";
  g_assert_cmpint (dh_database_put_job (one, &again, FALSE, &error), ==, second);
  g_autoptr (GPtrArray) replaced = dh_database_list_jobs (other, &error);
  for (guint i = 0; i < replaced->len; i++)
    if (((DhJobRow *)replaced->pdata[i])->id == second)
      {
        g_assert_null (((DhJobRow *)replaced->pdata[i])->form);
        g_assert_cmpint (((DhJobRow *)replaced->pdata[i])->step, ==, 0);
        g_assert_true (isnan (((DhJobRow *)replaced->pdata[i])->miou));
        g_assert_cmpstr (((DhJobRow *)replaced->pdata[i])->title, ==, "of the process");
      }

  /* What a step took tells of the next training's time. */
  g_assert_true (isnan (dh_database_training_speed (one, "cpu", "f32", &error)));
  DhJobRow *row = rows->pdata[2]; /* the first one, of the cpu */
  row->step_seconds = 2;
  row->step = row->steps = 7;
  row->best_epoch = 1;
  row->ap = 0.5;
  g_assert_true (dh_database_set_job_progress (one, row, &error));
  g_assert_cmpfloat (dh_database_training_speed (other, "cpu", "f32", &error), ==, 3e9);
  g_assert_true (isnan (dh_database_training_speed (other, "cpu", "bf16", &error)));
  g_assert_true (isnan (dh_database_training_speed (other, "cuda:0", "bf16", &error)));
  g_assert_true (dh_database_delete_job (other, first, &error));
  g_autoptr (GPtrArray) left = dh_database_list_jobs (one, &error);
  g_assert_cmpuint (left->len, ==, 2);
  dh_database_close (one);
  dh_database_close (other);
  g_unlink (path);
  g_rmdir (folder);
}

/* A disk that is full is seen when what a statement gave back is to be kept: then nothing was given. */
static void
test_full (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-database-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "full.db", NULL), *log = g_strconcat (path, "-wal", NULL);
  DhDatabase *database = dh_database_open (path, &error);
  g_assert_no_error (error);
  const gint64 first = put_job (database, "/a", "queued");

  GStatBuf info;
  struct rlimit before, full;
  g_assert_cmpint (g_stat (log, &info), ==, 0);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  full = before;
  full.rlim_cur = (rlim_t)info.st_size;
  void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &full), ==, 0);
  gboolean claimed;
  const gboolean done = dh_database_claim_job (database, first, 10, &claimed, &error);
  g_autoptr (GError) added_error = NULL;
  const DhDatasetRow row = { .root = "/x", .kind = "static", .title = "X", .fingerprint = "f" };
  const gint64 added = dh_database_put_dataset (database, &row, &added_error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  signal (SIGXFSZ, handler);
  g_assert_false (done);
  g_assert_false (claimed);
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_assert_cmpint (added, ==, 0);
  g_assert_error (added_error, DH_ERROR, DH_ERROR_IO);
  g_clear_error (&error);

  /* Nothing is half there, and with room again all goes on. */
  g_autoptr (GPtrArray) rows = dh_database_list_jobs (database, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (((DhJobRow *)rows->pdata[0])->state, ==, "queued");
  g_assert_true (dh_database_claim_job (database, first, 20, &claimed, &error));
  g_assert_true (claimed);
  g_assert_cmpint (dh_database_put_dataset (database, &row, &error), >, 0);
  g_assert_no_error (error);
  dh_database_close (database);
}

/* As a user may find the runs of another: in a folder that is only to be read. They are read, and nothing is written.
 * (Root, who may write everywhere, becomes nobody for it.) */
static void
test_read_only (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-database-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "a run's 100%.db", NULL);
  DhDatabase *database = dh_database_open (path, &error);
  g_assert_no_error (error);
  gint64 dataset, image;
  const gint64 run = add_run (database, &dataset, &image);
  dh_database_close (database);
  g_assert_cmpint (g_chmod (path, 0444), ==, 0);
  g_assert_cmpint (g_chmod (folder, 0555), ==, 0);
  const gboolean is_root = geteuid () == 0;
  if (is_root && seteuid (65534) != 0)
    {
      g_test_skip ("Nobody else can be become");
      return;
    }
  database = dh_database_open_existing (path, &error);
  g_autoptr (GError) written = NULL;
  g_autoptr (GPtrArray) runs = database != NULL ? dh_database_list_runs (database, &error) : NULL;
  const DhDatasetRow row = { .root = "/x", .kind = "static", .title = "X", .fingerprint = "f" };
  const gint64 added = database != NULL ? dh_database_put_dataset (database, &row, &written) : 0;
  if (is_root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpuint (runs->len, ==, 1);
  g_assert_cmpint (((DhRunRow *)runs->pdata[0])->id, ==, run);
  g_assert_cmpint (added, ==, 0);
  g_assert_error (written, DH_ERROR, DH_ERROR_IO);
  dh_database_close (database);
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0); /* nothing stands beside it */
}

/* A link in such a folder leads to a database in use, whose newest rows stand beside that and not beside the link. */
static void
test_read_only_link (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-database-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "runs.db", NULL);
  g_autofree char *links = g_build_filename (folder, "links", NULL), *link = g_build_filename (links, "l.db", NULL);
  g_assert_cmpint (g_mkdir (links, 0755), ==, 0);
  g_assert_cmpint (symlink (path, link), ==, 0);
  DhDatabase *database = dh_database_open (path, &error);
  g_assert_no_error (error);
  gint64 dataset, image;
  const gint64 run = add_run (database, &dataset, &image);
  static const char *const ends[] = { "", "-wal", "-shm" };
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *file = g_strconcat (path, ends[i], NULL);
      g_assert_cmpint (g_chmod (file, 0666), ==, 0);
    }
  g_assert_cmpint (g_chmod (folder, 0777), ==, 0);
  g_assert_cmpint (g_chmod (links, 0555), ==, 0);
  const gboolean is_root = geteuid () == 0;
  if (is_root && seteuid (65534) != 0)
    {
      g_test_skip ("Nobody else can be become");
      return;
    }
  DhDatabase *other = dh_database_open_existing (link, &error);
  g_autoptr (GPtrArray) runs = other != NULL ? dh_database_list_runs (other, &error) : NULL;
  dh_database_close (other);
  if (is_root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpuint (runs->len, ==, 1);
  g_assert_cmpint (((DhRunRow *)runs->pdata[0])->id, ==, run);
  dh_database_close (database);
  g_assert_cmpint (g_unlink (link), ==, 0);
  g_assert_cmpint (g_rmdir (links), ==, 0);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/database/removed-numbers", test_removed_numbers);
  g_test_add_func ("/database/rows", test_rows);
  g_test_add_func ("/database/threshold", test_threshold);
  g_test_add_func ("/database/marks", test_marks);
  g_test_add_func ("/database/find-marks", test_find_marks);
  g_test_add_func ("/database/transaction", test_transaction);
  g_test_add_func ("/database/files", test_files);
  g_test_add_func ("/database/newer", test_newer);
  g_test_add_func ("/database/threads", test_threads);
  g_test_add_func ("/database/jobs", test_jobs);
  g_test_add_func ("/database/full", test_full);
  g_test_add_func ("/database/read-only", test_read_only);
  g_test_add_func ("/database/read-only-link", test_read_only_link);
  return g_test_run ();
}
