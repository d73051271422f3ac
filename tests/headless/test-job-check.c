#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-training-check.h"
#include "jobs.h"

/* What is looked at before a training starts. */

static void
keep_result (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

static DhTrainingCheck *
check (DhTrainingForm *form, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  dh_training_check_async (form, cancellable, keep_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return dh_training_check_finish (result, error);
}

static gboolean
says (const DhTrainingCheck *found, DhCheckSubject subject, DhCheckLevel level, const char *text)
{
  for (guint i = 0; i < found->lines->len; i++)
    {
      const DhCheckLine *line = found->lines->pdata[i];
      if (line->subject == subject && line->level == level && strstr (line->text, text) != NULL)
        return TRUE;
    }
  for (guint i = 0; i < found->lines->len; i++)
    g_test_message ("%d %d %s", ((DhCheckLine *)found->lines->pdata[i])->subject,
                    ((DhCheckLine *)found->lines->pdata[i])->level, ((DhCheckLine *)found->lines->pdata[i])->text);
  return FALSE;
}

static void
test_check (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTrainingForm) form = jobs_make_form ("", 4);
  g_autoptr (DhTrainingCheck) fine = check (form, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (fine->can_start);
  g_assert_cmpuint (fine->training, ==, 6);
  g_assert_cmpuint (fine->validation, ==, 2);
  g_assert_cmpuint (fine->negatives, ==, 3);
  g_assert_cmpuint (fine->steps, ==, 8);
  g_assert_true (says (fine, DH_CHECK_DATA, DH_CHECK_OK, "6 training and 2 validation"));
  g_assert_true (says (fine, DH_CHECK_WEIGHTS, DH_CHECK_WARNING, "No weights to start from"));
  /* A tiny net: most of it is the program. */
  g_assert_cmpuint (fine->memory_needed, >, 20 << 20);
  g_assert_true (says (fine, DH_CHECK_NEGATIVES, DH_CHECK_OK, "3 negatives found; a test's anomalies"));
  g_assert_cmpuint (fine->memory_needed, <, 1 << 30);
  /* What the validation takes of its whole pictures is part of it. */
  g_autoptr (DhTrainingForm) blind = jobs_make_form ("", 4);
  dh_training_form_set_text (blind, DH_TRAINING_DATA, jobs_runs);
  g_autoptr (DhTrainingCheck) unseen = check (blind, NULL, &error);
  g_assert_cmpuint (unseen->validation, ==, 0);
  g_assert_cmpuint (unseen->memory_needed, >, 0);
  g_assert_cmpuint (unseen->memory_needed, <, fine->memory_needed);
  /* Two threads load two crops a step at most twice as fast as one, whatever computes. */
  g_assert_cmpfloat (fine->sample_seconds, >, 0);
  g_assert_true (isfinite (fine->seconds));
  g_assert_cmpfloat (fine->seconds, >=, 8 * 2 * fine->sample_seconds / 2);
  g_assert_true (says (fine, DH_CHECK_NEGATIVES, DH_CHECK_WARNING, "2 composites are few"));
  g_assert_true (says (fine, DH_CHECK_NEGATIVES, DH_CHECK_WARNING, "50 pastes an image make it 100"));
  g_autoptr (DhTrainingForm) steady = jobs_make_form ("", 4);
  dh_training_form_set_number (steady, DH_TRAINING_VALIDATION_PASTES, 50);
  g_autoptr (DhTrainingCheck) many = check (steady, NULL, &error);
  for (guint i = 0; i < many->lines->len; i++)
    g_assert_null (strstr (((DhCheckLine *)many->lines->pdata[i])->text, "composites"));

  /* Room is needed for all of several trainings, time is told of one. */
  g_autoptr (DhTrainingForm) seeds = jobs_make_form ("", 4);
  dh_training_form_set_number (seeds, DH_TRAINING_TRAININGS, 3);
  g_autoptr (DhTrainingCheck) three = check (seeds, NULL, &error);
  g_assert_cmpuint (three->disk_needed, ==, 3 * fine->disk_needed);
  g_assert_cmpuint (three->steps, ==, fine->steps);
  g_assert_true (says (three, DH_CHECK_DISK, DH_CHECK_OK, "Checkpoints of 3 trainings take"));

  /* Everything wrong at once, each told. */
  dh_training_form_set_text (form, DH_TRAINING_DATASET, "camvid");
  dh_training_form_set_text (form, DH_TRAINING_NEGATIVES, jobs_runs);
  g_mkdir_with_parents (jobs_runs, 0755);
  g_autofree char *none = g_build_filename (jobs_folder, "tiny.json", NULL);
  dh_training_form_set_text (form, DH_TRAINING_INIT, none);
  dh_training_form_set_text (form, DH_TRAINING_DEVICE, "cuda:77");
  dh_training_form_set_number (form, DH_TRAINING_KEEP, 100000);
  dh_training_form_set_text (form, DH_TRAINING_ARCHITECTURE, "ldn121");
  g_autoptr (DhTrainingCheck) bad = check (form, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (bad->can_start);
  g_assert_true (says (bad, DH_CHECK_DATA, DH_CHECK_ERROR, jobs_scenes));
  g_assert_true (says (bad, DH_CHECK_NEGATIVES, DH_CHECK_ERROR, jobs_runs));
  g_assert_true (says (bad, DH_CHECK_WEIGHTS, DH_CHECK_ERROR, "tiny.json"));
  g_assert_true (says (bad, DH_CHECK_DEVICE, DH_CHECK_ERROR, "cuda"));
  g_assert_true (says (bad, DH_CHECK_DISK, DH_CHECK_ERROR, "make room or keep fewer"));

  /* More memory than any machine has, and what would do. */
  g_autoptr (DhTrainingForm) large = jobs_make_form ("", 4);
  dh_training_form_set_number (large, DH_TRAINING_CROP, 8192);
  dh_training_form_set_number (large, DH_TRAINING_BATCH, 1000);
  g_autoptr (DhTrainingCheck) too_large = check (large, NULL, &error);
  g_assert_true (says (too_large, DH_CHECK_MEMORY, DH_CHECK_ERROR, "Needs about "));
  dh_training_form_set_number (large, DH_TRAINING_BATCH, 0);
  g_autoptr (DhTrainingCheck) senseless = check (large, NULL, &error);
  g_assert_true (says (senseless, DH_CHECK_FORM, DH_CHECK_ERROR, "Batch"));

  /* Norms behind global pooling see one value a channel: the training would end before its first step. */
  g_autoptr (DhTrainingForm) single = jobs_make_form ("", 4);
  dh_training_form_set_text (single, DH_TRAINING_ARCHITECTURE, "dlv3p-tiny");
  dh_training_form_set_number (single, DH_TRAINING_BATCH, 1);
  g_autoptr (DhTrainingCheck) lonely = check (single, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (says (lonely, DH_CHECK_FORM, DH_CHECK_ERROR, "batch size must be at least 2"));
  g_assert_false (lonely->can_start);
  dh_training_form_set_number (single, DH_TRAINING_BATCH, 2);
  g_autoptr (DhTrainingCheck) two = check (single, NULL, &error);
  g_assert_true (two->can_start);

  /* Whatever the window knew of devices: this one has float32 alone. */
  g_autoptr (DhTrainingForm) rounded = jobs_make_form ("", 4);
  dh_training_form_set_text (rounded, DH_TRAINING_PRECISION, "bf16");
  g_autoptr (DhTrainingCheck) refused = check (rounded, NULL, &error);
  g_assert_true (says (refused, DH_CHECK_DEVICE, DH_CHECK_ERROR, "cannot train in bfloat16; choose float32"));
  g_assert_false (refused->can_start);

  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_assert_null (check (form, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  jobs_begin (&argc, &argv);
  g_test_add_func ("/job-check/check", test_check);
  return jobs_end ();
}
