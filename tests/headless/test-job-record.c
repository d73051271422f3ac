#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dh-training-record.h"
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

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  folder = g_dir_make_tmp ("dh-job-record-XXXXXX", &error);
  g_assert_no_error (error);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-record/time-left", test_time_left);
  g_test_add_func ("/job-record/older-log", test_older_log);
  const int status = g_test_run ();
  tree_remove (folder);
  return status;
}
