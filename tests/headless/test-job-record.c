#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dh-run-lock.h"
#include "dh-training-record.h"
#include "patience.h"
#include "tree.h"

/* What the keeper makes of a job's log. */

static char *folder;

static void
log_lines (const char *lines)
{
  g_autofree char *path = g_build_filename (folder, "log.jsonl", NULL);
  FILE *file = fopen (path, "a");
  g_assert_nonnull (file);
  fputs (lines, file);
  fclose (file);
}

static double
seconds_left (DhTrainingRecord *record)
{
  dh_training_record_follow (record);
  DhJobSnapshot *snapshot = dh_training_record_dup_snapshot (record);
  const double seconds = snapshot->progress.seconds_left;
  dh_job_snapshot_free (snapshot);
  return seconds;
}

static DhTrainingRecord *
new_record (void)
{
  const DhJobRow row = { .id = 1,
                         .kind = (char *)"train",
                         .state = (char *)"running",
                         .title = (char *)"t",
                         .recipe = (char *)"r",
                         .folder = folder,
                         .device = (char *)"cpu",
                         .program = (char *)"1",
                         .command = (char *)"c",
                         .estimate = NAN,
                         .step_flop = NAN,
                         .step_seconds = NAN,
                         .miou = NAN,
                         .ap = NAN,
                         .auroc = NAN,
                         .fpr95 = NAN };
  return dh_training_record_new (dh_job_row_copy (&row));
}

/* Validations are part of the time left: by their work before there was one, then as long as the last one. */
static void
test_time_left (void)
{
  DhTrainingRecord *record = new_record ();
  log_lines ("{\"event\":\"start\",\"step\":0,\"epoch\":0,\"steps\":12,\"epochs\":4,\"validation_steps\":5}\n");
  g_assert_true (isnan (seconds_left (record)));
  log_lines ("{\"event\":\"step\",\"step\":1,\"epoch\":0,\"loss\":1,\"seconds\":2}\n");
  g_assert_cmpfloat (seconds_left (record), ==, 11 * 2 + 4 * 10);
  log_lines ("{\"event\":\"step\",\"step\":2,\"epoch\":0,\"loss\":1,\"seconds\":2}\n"
             "{\"event\":\"step\",\"step\":3,\"epoch\":0,\"loss\":1,\"seconds\":2}\n");
  /* While it validates, too. */
  g_assert_cmpfloat (seconds_left (record), ==, 9 * 2 + 4 * 10);
  log_lines ("{\"event\":\"epoch\",\"step\":3,\"epoch\":1,\"miou\":0.5,\"seconds\":30}\n");
  g_assert_cmpfloat (seconds_left (record), ==, 9 * 2 + 3 * 30);
  /* Gone on with: what was seen counts. */
  log_lines ("{\"event\":\"start\",\"step\":3,\"epoch\":1,\"steps\":12,\"epochs\":4,\"validation_steps\":5}\n"
             "{\"event\":\"step\",\"step\":4,\"epoch\":1,\"loss\":1,\"seconds\":1}\n");
  g_assert_cmpfloat (seconds_left (record), ==, 8 * 1 + 3 * 30);
  log_lines ("{\"event\":\"step\",\"step\":12,\"epoch\":3,\"loss\":1,\"seconds\":1}\n"
             "{\"event\":\"epoch\",\"step\":12,\"epoch\":3,\"miou\":0.5,\"seconds\":20}\n");
  /* Before the last one. */
  g_assert_cmpfloat (seconds_left (record), ==, 20);
  log_lines ("{\"event\":\"epoch\",\"step\":12,\"epoch\":4,\"miou\":0.5,\"seconds\":20}\n");
  g_assert_true (isnan (seconds_left (record)));
  dh_training_record_free (record);
}

/* A log of an older program says nothing of a validation's work. */
static void
test_older_log (void)
{
  g_autofree char *path = g_build_filename (folder, "log.jsonl", NULL);
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  DhTrainingRecord *record = new_record ();
  log_lines ("{\"event\":\"start\",\"step\":0,\"epoch\":0,\"steps\":12,\"epochs\":4}\n"
             "{\"event\":\"step\",\"step\":1,\"epoch\":0,\"loss\":1,\"seconds\":2}\n");
  g_assert_cmpfloat (seconds_left (record), ==, 22);
  dh_training_record_free (record);
}

static void
touch (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  FILE *file = fopen (path, "w");
  g_assert_nonnull (file);
  fclose (file);
}

static const DhJobCheckpoint *
checkpoint_at (DhTrainingRecord *record, guint n)
{
  g_assert_cmpuint (record->checkpoints->len, >, n);
  return record->checkpoints->pdata[n];
}

/* A trainer writes the file, then its step into the lock, then the epoch into its log: whatever is seen in between is
 * corrected by the next look, though the folder itself changes no more. */
static void
test_checkpoints (void)
{
  g_autoptr (GError) error = NULL;
  touch ("log.jsonl");
  DhTrainingRecord *record = new_record ();
  log_lines ("{\"event\":\"start\",\"step\":0,\"epoch\":0,\"steps\":8,\"epochs\":2}\n"
             "{\"event\":\"epoch\",\"step\":4,\"epoch\":1,\"miou\":0.25,\"seconds\":1}\n");
  dh_training_record_follow (record);
  g_autoptr (DhRunLock) lock = dh_run_lock_take (folder, &error);
  g_assert_no_error (error);
  dh_run_lock_set_checkpoint (lock, 4);
  touch ("checkpoint.pth");
  touch ("model_best.pth");
  dh_training_record_look (record);
  g_assert_true (dh_training_record_scan (record));
  g_assert_cmpstr (checkpoint_at (record, 0)->title, ==, "best, mIoU 25.0 % at epoch 1");
  g_assert_cmpuint (checkpoint_at (record, 1)->step, ==, 4);

  /* Settled, as soon as the clock has gone on: nothing is said to be new. */
  g_assert_true (patience_until (!dh_training_record_scan (record)));

  dh_run_lock_set_checkpoint (lock, 8);
  dh_training_record_look (record);
  g_assert_true (dh_training_record_scan (record));
  g_assert_cmpuint (checkpoint_at (record, 1)->step, ==, 8);
  g_assert_cmpstr (checkpoint_at (record, 1)->title, ==, "last, step 8");

  log_lines ("{\"event\":\"epoch\",\"step\":8,\"epoch\":2,\"miou\":0.5,\"seconds\":1}\n");
  dh_training_record_follow (record);
  g_assert_true (dh_training_record_scan (record));
  g_assert_cmpstr (checkpoint_at (record, 0)->title, ==, "best, mIoU 50.0 % at epoch 2");
  g_assert_false (dh_training_record_scan (record));
  dh_training_record_free (record);
}

/* The last one of a network of others is parameters without their network. */
static void
test_foreign_checkpoints (void)
{
  static const char *const names[] = { "model_best.onnx", "checkpoint.pth", "net.onnx", NULL };
  g_autofree char *other = g_build_filename (folder, "model_best.pth", NULL);
  g_unlink (other);
  for (guint i = 0; names[i]; i++)
    touch (names[i]);
  DhTrainingRecord *record = new_record ();
  g_assert_true (dh_training_record_scan (record));
  g_assert_cmpuint (record->checkpoints->len, ==, 2);
  g_assert_true (checkpoint_at (record, 0)->best && checkpoint_at (record, 0)->opens);
  g_assert_true (checkpoint_at (record, 1)->resumable && !checkpoint_at (record, 1)->opens);
  g_autofree char *network = g_build_filename (folder, names[2], NULL);
  g_unlink (network);
  dh_training_record_free (record);
  record = new_record ();
  g_assert_true (dh_training_record_scan (record));
  g_assert_true (checkpoint_at (record, 1)->opens);
  g_autofree char *best = g_build_filename (folder, names[0], NULL), *last = g_build_filename (folder, names[1], NULL);
  g_unlink (best);
  g_unlink (last);
  dh_training_record_free (record);
}

/* A folder's time counts in ticks of the system's clock: two files of one tick leave it the same. */
static void
test_same_tick (void)
{
  DhTrainingRecord *record = new_record ();
  gint64 late = G_MAXINT64;
  for (guint epoch = 3; late >= 20 * G_TIME_SPAN_MILLISECOND; epoch += 2)
    {
      g_autofree char *name = g_strdup_printf ("model_%u.pth", epoch),
                      *next = g_strdup_printf ("model_%u.pth", epoch + 1);
      GStatBuf about;
      touch (name);
      g_assert_cmpint (g_stat (folder, &about), ==, 0);
      const struct timespec then[2] = { about.st_mtim, about.st_mtim };
      dh_training_record_scan (record);
      late = g_get_real_time () - (about.st_mtim.tv_sec * G_USEC_PER_SEC + about.st_mtim.tv_nsec / 1000);
      const guint n = record->checkpoints->len;
      g_assert_cmpuint (n, >, 0);
      touch (next);
      g_assert_cmpint (utimensat (AT_FDCWD, folder, then, 0), ==, 0);
      dh_training_record_scan (record);
      /* Where the first look came later than a tick behind the file, no second file can be of the same. */
      if (late < 20 * G_TIME_SPAN_MILLISECOND)
        g_assert_cmpuint (record->checkpoints->len, ==, n + 1);
    }
  dh_training_record_free (record);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  folder = g_dir_make_tmp ("dh-job-record-XXXXXX", &error);
  g_assert_no_error (error);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-record/time-left", test_time_left);
  g_test_add_func ("/job-record/older-log", test_older_log);
  g_test_add_func ("/job-record/checkpoints", test_checkpoints);
  g_test_add_func ("/job-record/foreign-checkpoints", test_foreign_checkpoints);
  g_test_add_func ("/job-record/same-tick", test_same_tick);
  const int status = g_test_run ();
  tree_remove (folder);
  return status;
}
