/* The studio's session: evaluations, the commands that do the same, and the precisions that they run in. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-device.h"
#include "dh-records.h"
#include "dh-run-item.h"
#include "dh-run-list.h"
#include "dh-session-reopen.h"
#include "dh-set-reading.h"
#include "dh-session-evaluation.h"
#include "dh-settings.h"
#include "session-fixture.h"
#include "tree.h"

/* Borrowed from the list; NULL while it is empty. */
static const DhRun *
newest_run (DhSession *session)
{
  g_autoptr (DhRunItem) item = g_list_model_get_item (dh_session_get_runs (session), 0);
  return item != NULL ? dh_run_item_get (item) : NULL;
}

/* The row of what was just evaluated, once the list has it with its end; NULL before. One database serves all tests. */
static const DhRun *
evaluated_run (DhSession *session)
{
  const DhEvaluationSummary *summary = dh_session_get_evaluation (session);
  const DhRun *run = newest_run (session);
  return summary != NULL && run != NULL && run->id == summary->run && run->state == DH_RUN_ITEM_DONE ? run : NULL;
}

/* A window that is busy hears of all pictures and of the end at once. */
static void
test_busy (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  dh_session_evaluate (session);
  g_usleep (3 * G_USEC_PER_SEC);
  session_wait_for (!dh_session_is_evaluating (session));
  for (guint i = 0; i < 4; i++)
    g_assert_true (dh_image_item_get_metrics (dh_image_list_get_item (dh_session_get_list (session), i))->evaluated);
}

static void
test_evaluate (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_assert_false (dh_session_can_evaluate (session));
  session_open_all (fixture);
  g_assert_true (dh_session_can_evaluate (session));
  dh_session_evaluate (session);
  g_assert_true (dh_session_is_evaluating (session));
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  const DhEvaluationSummary *summary = dh_session_get_evaluation (session);
  g_assert_nonnull (summary);
  g_assert_cmpuint (summary->images, ==, 4);
  g_assert_true (summary->labelled);
  g_assert_cmpuint (summary->lines->len, >=, 4);
  const DhProtocolLine *pooled = summary->lines->pdata[0];
  DhRankMetrics metrics;
  dh_score_stats_metrics (dh_session_get_set_stats (session), DH_SCORE_HYBRID, &metrics);
  g_assert_cmpfloat_with_epsilon (pooled->ap, metrics.ap, 1e-12);
  for (guint i = 0; i < 4; i++)
    g_assert_true (dh_image_item_get_metrics (dh_image_list_get_item (dh_session_get_list (session), i))->evaluated);
  /* The counts of the set are those of its pictures. */
  g_assert_cmpuint (dh_score_stats_n_anomalies (dh_session_get_set_stats (session)), ==,
                    4 * dh_score_stats_n_anomalies (dh_session_get_stats (session)));
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_TPR95));
  g_assert_cmpuint (dh_session_get_threshold (session, DH_SCORE_HYBRID)->n_images, ==, 4);
  /* The list of runs has it with its components. */
  const DhProtocolLine *components = g_ptr_array_index (summary->lines, summary->lines->len - 1);
  g_assert_true (components->has_components);
  session_wait_for (evaluated_run (session) != NULL);
  g_assert_cmpfloat (newest_run (session)->mean_f1, ==, components->mean_f1);
  g_assert_true (isfinite (newest_run (session)->best_f1_threshold));
  /* and knows it again by what it measured, as another start does that has the list alone. */
  g_assert_true (dh_session_find_evaluated (session) == newest_run (session));
  /* by whatever title an earlier version of this program gave the set */
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GPtrArray) rows = dh_database_list_runs (database, &error);
  const DhRunRow *row = rows->pdata[0];
  const DhDatasetRow renamed = { .root = row->dataset_root,
                                 .kind = row->dataset_kind,
                                 .title = (char *)"Of old",
                                 .fingerprint = row->dataset_fingerprint,
                                 .images = row->images_total };
  g_assert_cmpint (dh_database_put_dataset (database, &renamed, &error), ==, row->dataset);
  dh_session_refresh_runs (session);
  session_wait_for (g_str_equal (newest_run (session)->data, "Of old"));
  g_assert_true (dh_session_find_evaluated (session) == newest_run (session));
  g_autofree char *report = g_build_filename (fixture->root, "r.html", NULL);
  guint before = fixture->messages;
  dh_session_export_report (session, report);
  session_wait_for (fixture->messages > before || fixture->error != NULL);
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_true (g_file_test (report, G_FILE_TEST_IS_REGULAR));
  g_autofree char *command = dh_session_dup_command (session);
  g_assert_nonnull (strstr (command, "eval-ood --dataset smiyc"));
#ifndef DH_TEST_CARD /* the program has no such card */
  /* and it does do the same */
  g_auto (GStrv) commands = g_strsplit (command, " && ", -1);
  for (guint i = 0; commands[i] != NULL; i++)
    {
      g_assert_true (g_str_has_prefix (commands[i], "densehybrid "));
      g_autofree char *line = g_strdup_printf ("'%s'%s --db '%s/again.db' --quiet >'%s/%s.txt'",
                                               g_getenv ("DH_PROGRAM"), commands[i] + strlen ("densehybrid"),
                                               fixture->root, fixture->root, i == 0 ? "again" : "more");
      g_assert_cmpint (system (line), ==, 0);
    }
  g_autofree char *said = g_build_filename (fixture->root, "again.txt", NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (said, &text, NULL, NULL));
  g_autofree char *ap = g_strdup_printf (" %.2f ", 100 * pooled->ap);
  g_assert_nonnull (strstr (text, ap));
#endif
}

/* The demo's weights are no file, but they have a name; pictures get a line that makes their maps. */
/* What was measured of a picture before says nothing of one that the evaluation has left out. */
static void
test_left_out (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  DhImageItem *item = dh_image_list_get_item (dh_session_get_list (session), 1);
  g_assert_true (dh_image_item_get_metrics (item)->evaluated);
  g_autofree char *label =
      g_build_filename (fixture->set, "dataset_AnomalyTrack", "labels_masks", "validation1_labels_semantic.png", NULL);
  g_assert_true (g_file_set_contents (label, "none", -1, NULL));
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpuint (dh_session_get_evaluation (session)->images, ==, 3);
  g_assert_cmpint (dh_image_item_get_state (item), ==, DH_ITEM_FAILED);
  g_assert_false (dh_image_item_get_metrics (item)->evaluated);
  g_assert_true (dh_image_item_get_metrics (dh_image_list_get_item (dh_session_get_list (session), 0))->evaluated);
}

static void
test_command (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_assert_null (dh_session_dup_command (session));
  dh_session_open_demo_weights (session);
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (dh_session_can_evaluate (session));
  g_autofree char *set = dh_session_dup_command (session);
  g_assert_nonnull (strstr (set, "--params demo "));
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation1.png", NULL);
  const char *const pictures[] = { picture, NULL };
  dh_session_open_pictures (session, pictures);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 1);
  g_autofree char *infer = dh_session_dup_command (session);
  g_assert_nonnull (strstr (infer, "infer --params demo "));
  g_assert_nonnull (strstr (infer, "validation1.png"));
}

/* Everything is dropped in the middle: nothing hangs, nothing comes late. */
static void
test_close (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  dh_session_evaluate (fixture->session);
  for (guint i = 0; i < 3; i++)
    g_main_context_iteration (NULL, FALSE);
  dh_session_open_weights (fixture->session, fixture->closed);
  dh_session_open_dataset (fixture->session, fixture->set);
}

static gboolean
computes_in (SessionFixture *fixture, const char *prefix)
{
  DhComputeInfo *compute = dh_session_get_compute_info (fixture->session);
  return !dh_session_is_loading (fixture->session) && g_str_has_prefix (compute->precision, prefix)
         && dh_session_get_frame (fixture->session) != NULL
         && dh_frame_has_map (dh_session_get_frame (fixture->session), DH_FRAME_HYBRID);
}

/* int8 is calibrated on the open set before its first picture, and what it computes goes by the calibration's name. */
static void
test_precision (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  g_autofree const char **names = dh_session_list_precisions (fixture->session);
  g_assert_cmpstr (names[0], ==, "f32");
  g_assert_cmpstr (dh_session_get_precision (fixture->session), ==, "f32");
  /* They are told with what they gain and cost, and as well before weights are loaded. */
  session_wait_for (dh_session_get_device_choice (fixture->session, 0) != NULL);
  g_autofree char *plain = dh_session_dup_precision_title (fixture->session, "f32");
  g_assert_cmpstr (plain, ==, "float32: the most exact");
  const DhDeviceChoice *choice =
      dh_session_find_device_choice (fixture->session, dh_session_get_compute_info (fixture->session)->name);
  g_assert_nonnull (choice);
  for (guint i = 1; names[i] != NULL; i++)
    {
      g_autofree char *title = dh_session_dup_precision_title (fixture->session, names[i]);
      DhPrecision precision;
      g_assert_true (dh_precision_from_name (names[i], &precision));
      g_assert_nonnull (strstr (title, choice->faster[precision] > 1 ? "times as fast" : "faster"));
    }
  g_autoptr (DhSession) fresh = dh_session_new ();
  session_wait_for (dh_session_get_device_choice (fresh, 0) != NULL);
  g_autofree const char **before = dh_session_list_precisions (fresh);
  g_assert_true (g_strv_equal ((const char *const *)names, (const char *const *)before));
  dh_session_close (fresh);
  dh_session_set_precision (fixture->session, "none");
  g_assert_cmpstr (dh_session_get_precision (fixture->session), ==, "f32");
  if (!g_strv_contains (names, "int8"))
    return;
  fixture->messages = 0;
  dh_session_set_precision (fixture->session, "int8");
  session_wait_for (computes_in (fixture, "int8-"));
  g_assert_cmpuint (fixture->messages, >, 0);
  g_autofree char *command = dh_session_dup_command (fixture->session);
  g_assert_nonnull (strstr (command, "--precision int8"));
  g_assert_null (strstr (command, "--precision int8-"));
  dh_session_evaluate (fixture->session);
  session_wait_for (!dh_session_is_evaluating (fixture->session)
                    && dh_session_get_evaluation (fixture->session) != NULL);
  g_assert_true (g_str_has_prefix (dh_session_get_evaluation (fixture->session)->precision, "int8-"));
  /* Kept: the maps are found again without a run. */
  dh_session_set_precision (fixture->session, "f32");
  session_wait_for (computes_in (fixture, "f32"));
  guint64 runs = dh_session_get_n_runs (fixture->session);
  dh_session_set_precision (fixture->session, "int8");
  session_wait_for (computes_in (fixture, "int8-"));
  g_assert_cmpuint (dh_session_get_n_runs (fixture->session), ==, runs);
  dh_session_set_precision (fixture->session, "f32");
  session_wait_for (computes_in (fixture, "f32"));
  g_assert_null (fixture->error);
}

static gboolean
computes_on (SessionFixture *fixture, const char *name)
{
  DhComputeInfo *compute = dh_session_get_compute_info (fixture->session);
  return computes_in (fixture, "f32") && (name == NULL || g_str_equal (compute->name, name));
}

/* Settings are written a little later. */
static gboolean
starts_with_device (const char *name)
{
  g_autofree char *path = dh_settings_default_path ();
  DhSettings *settings = dh_settings_open (path);
  g_autofree char *device = dh_settings_dup_string (settings, "compute", "device");
  dh_settings_close (settings);
  return g_strcmp0 (device, name) == 0;
}

/* Before there are weights. */
static gboolean
says (DhSession *session, const char *device)
{
  const char *sentence = dh_session_get_device_sentence (session);
  g_autofree char *begin = g_strdup_printf ("Computing on %s,", device);
  return sentence != NULL && g_str_has_prefix (sentence, begin);
}

/* The device is chosen, also for the next start; one that is not there is no end of the work. */
static void
test_device (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  DhSession *session = fixture->session;
  g_assert_cmpstr (dh_session_get_device (session), ==, "auto");
  session_wait_for (dh_session_get_device_choice (session, 0) != NULL);
  guint checks = 0;
  const DhDeviceChoice *choice;
  for (guint i = 0; (choice = dh_session_get_device_choice (session, i)) != NULL; i++)
    {
      g_assert_cmpstr (choice->title, !=, "");
      g_assert_true (choice->checks == g_str_equal (choice->name, "ref"));
      checks += choice->checks;
    }
  g_assert_cmpuint (checks, ==, 1);
  g_autofree char *fastest = g_strdup (dh_session_get_compute_info (session)->name);
  dh_session_set_device (session, "ref");
  session_wait_for (computes_on (fixture, "ref"));
  g_autofree char *command = dh_session_dup_command (session);
  g_assert_nonnull (strstr (command, "--device ref"));
  session_wait_for (starts_with_device ("ref"));
  DhSession *next = dh_session_new ();
  g_assert_cmpstr (dh_session_get_device (next), ==, "ref");
  session_wait_for (says (next, "ref"));
  dh_session_set_device (next, "auto");
  session_wait_for (says (next, fastest));
  dh_session_set_device (next, "ref");
  dh_session_close (next);
  g_object_unref (next);
  static const char *const absent[] = { "cuda:200", "quantum" };
  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    {
      fixture->messages = 0;
      dh_session_set_device (session, absent[i]);
      session_wait_for (computes_on (fixture, fastest) && fixture->messages > 0);
      g_assert_nonnull (dh_session_get_compute_info (session)->instead_why);
    }
  dh_session_set_device (session, "auto");
  session_wait_for (computes_on (fixture, fastest));
  g_assert_null (dh_session_get_compute_info (session)->instead_why);
  g_assert_null (fixture->error);
}

/* What is on its way when another device is chosen computes there, whatever was there before. */
static void
test_device_while_loading (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const char *const weights[] = { fixture->weights, fixture->closed };
  static const char *const devices[] = { "ref", "cpu" };
  for (guint i = 0; i < 2; i++)
    {
      dh_session_open_weights (session, weights[i]);
      dh_session_set_device (session, devices[i]);
      session_wait_for (!dh_session_is_loading (session));
      g_assert_cmpstr (dh_session_get_model_info (session)->path, ==, weights[i]);
      g_assert_cmpstr (dh_session_get_compute_info (session)->name, ==, devices[i]);
    }
  dh_session_open_demo_weights (session);
  dh_session_set_device (session, "ref");
  session_wait_for (!dh_session_is_loading (session));
  g_assert_null (dh_session_get_model_info (session)->path);
  dh_session_set_device (session, "auto");
  g_assert_null (fixture->error);
}

/* Where evaluation and calibration are under way, another device ends them, and the next begins anew. */
static void
test_device_while_evaluating (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  g_autofree const char **names = dh_session_list_precisions (session);
  if (g_strv_contains (names, "int8"))
    dh_session_set_precision (session, "int8");
  session_wait_for (dh_session_can_evaluate (session));
  dh_session_evaluate (session);
  g_autofree char *same = g_strdup (dh_session_get_compute_info (session)->name);
  dh_session_set_device (session, same);
  g_assert_true (dh_session_is_evaluating (session) && !dh_session_is_loading (session));
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_nonnull (dh_session_get_evaluation (session));
  static const char *const devices[] = { "ref", "cpu", "ref", "cpu" };
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      do /* where threads were quicker than this one it may have ended */
        {
          session_wait_for (dh_session_can_evaluate (session));
          dh_session_evaluate (session);
          g_assert_true (dh_session_is_evaluating (session));
          for (guint turns = 0; turns < 3 * i; turns++)
            g_main_context_iteration (NULL, FALSE);
        }
      while (!dh_session_is_evaluating (session));
      fixture->messages = 0;
      dh_session_set_device (session, devices[i]);
      g_assert_false (dh_session_is_evaluating (session));
      g_assert_cmpuint (fixture->messages, ==, 1);
      session_wait_for (!dh_session_is_loading (session));
      g_assert_cmpstr (dh_session_get_compute_info (session)->name, ==, devices[i]);
    }
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_nonnull (dh_session_get_evaluation (session));
  g_assert_cmpuint (dh_session_get_evaluation (session)->images, ==, 4);
  dh_session_set_device (session, "auto");
  dh_session_set_precision (session, "f32");
}

/* What an evaluation's calibration was seen to say. */
typedef struct
{
  gboolean evaluated, cancels;
  guint first, last, of; /* pictures, of the evaluation */
  gboolean in_order;
  guint waiting; /* times that the shown picture said so */
} Seen;

static void
see_evaluation (DhSession *session, Seen *seen)
{
  DhEvaluationProgress progress;
  dh_session_get_evaluation_progress (session, &progress);
  if (progress.calibrating_of == 0 || !dh_session_is_evaluating (session))
    return;
  seen->in_order = seen->first == 0 || (seen->in_order && progress.calibrating >= seen->last);
  seen->first = seen->first > 0 ? seen->first : progress.calibrating;
  seen->last = progress.calibrating;
  seen->of = progress.calibrating_of;
  g_assert_cmpuint (progress.calibrating, >=, 1);
  g_assert_cmpuint (progress.calibrating, <=, progress.calibrating_of);
  g_assert_cmpuint (progress.done, ==, 0);
  if (seen->cancels && seen->waiting > 0)
    dh_session_cancel_evaluation (session);
}

/* The model has come, and the shown picture is asked for only when this has returned: the evaluation is the one that
 * calibrates. */
static void
evaluate_first (DhSession *session, GParamSpec *spec, Seen *seen)
{
  if (seen->evaluated || !g_str_equal (dh_session_get_compute_info (session)->precision, "int8"))
    return;
  seen->evaluated = TRUE;
  dh_session_evaluate (session);
  g_assert_true (dh_session_is_evaluating (session));
  session_wait_for (seen->of > 0);
}

static void
see_progress (DhSession *session, double fraction, double seconds, const char *text, Seen *seen)
{
  if (g_str_has_prefix (text, "Calibrating: image ") && g_str_has_suffix (text, " of 12"))
    seen->waiting++;
}

/* Twelve pictures that take a while, in f32; FALSE where this processor has no int8. */
/* A run of one split opens that split again, and is known again by it alone. */
static void
test_split (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *from = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation0.png", NULL);
  g_autofree char *to = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/boat0.png", NULL);
  g_autofree char *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (from, &bytes, &size, NULL) && g_file_set_contents (to, bytes, size, NULL));
  session_open_all (fixture);
  DhImageList *list = dh_session_get_list (session);
  g_assert_cmpuint (dh_image_list_get_size (list), ==, 5);
  dh_session_read_as (session, DH_READ_SPLITS, "validation");
  session_wait_for (!dh_session_is_opening (session) && dh_image_list_get_size (list) == 4);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session) && evaluated_run (session) != NULL);
  const DhRun *run = evaluated_run (session);
  g_assert_cmpstr (run->split, ==, "validation");
  g_assert_nonnull (strstr (run->command, " --split 'validation' "));
  g_assert_true (dh_session_find_evaluated (session) == run);

  dh_session_read_as (session, DH_READ_SPLITS, "");
  session_wait_for (!dh_session_is_opening (session) && dh_image_list_get_size (list) == 5);
  g_assert_null (dh_session_find_evaluated (session));
  g_assert_true (dh_session_open_run (session, run, "validation2"));
  session_wait_for (!dh_session_is_opening (session) && dh_image_list_get_size (list) == 4);
  g_assert_cmpstr (dh_image_item_get_name (dh_session_get_current (session)), ==, "validation2");
  g_assert_true (dh_session_find_evaluated (session) == run);
  g_assert_null (fixture->error);
}

static gboolean
open_larger (SessionFixture *fixture)
{
  DhSession *session = fixture->session;
  g_autofree char *set = g_build_filename (fixture->root, "larger", NULL);
  session_write_set_of_size (set, 12, 256, 192);
  dh_session_open_dataset (session, set);
  dh_session_open_weights (session, fixture->weights);
  session_wait_for (dh_session_get_model_info (session) != NULL && computes_in (fixture, "f32"));
  g_autofree const char **names = dh_session_list_precisions (session);
  return g_strv_contains (names, "int8");
}

/* The calibration of an evaluation: progress for it and for the picture that waits; it can be stopped, and is then
 * made for that picture. */
static void
test_calibrating (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *kept = g_build_filename (g_get_user_data_dir (), "densehybrid", "calibrations", NULL);
  if (!open_larger (fixture))
    return;
  guint misses = 0;
  for (guint i = 0; i < 2;)
    {
      Seen seen = { .cancels = i == 0 };
      tree_remove (kept);
      g_signal_connect (session, "notify::model-info", G_CALLBACK (evaluate_first), &seen);
      g_signal_connect (session, "evaluation", G_CALLBACK (see_evaluation), &seen);
      g_signal_connect (session, "progress", G_CALLBACK (see_progress), &seen);
      dh_session_set_precision (session, "int8");
      session_wait_for (seen.evaluated && !dh_session_is_evaluating (session) && computes_in (fixture, "int8-"));
      g_assert_true (seen.of == 12 || seen.first == 0);
      g_assert_true (seen.in_order || seen.first == 0);
      /* A machine that is busy may have shown the picture, or heard of the stop, behind the last one, or told of none.
       */
      const gboolean evaluated = dh_session_get_evaluation (session) != NULL;
      if (seen.waiting > 0 && seen.first > 0 && evaluated != seen.cancels && (seen.cancels || seen.last == 12))
        i++;
      else
        g_assert_cmpuint (++misses, <, 50);
      g_signal_handlers_disconnect_by_data (session, &seen);
      dh_session_set_precision (session, "f32");
      session_wait_for (computes_in (fixture, "f32"));
    }
  g_assert_null (fixture->error);
}

typedef struct
{
  gboolean done, missed;
} Twice;

/* While a shown picture's calibration goes on; missed: it had ended when that was heard of here. */
static void
evaluate_twice (DhSession *session, Twice *twice)
{
  DhEvaluationProgress progress;
  dh_session_get_evaluation_progress (session, &progress);
  if (progress.calibrating_of == 0 || twice->done)
    return;
  twice->done = TRUE;
  dh_session_evaluate (session);
  g_assert_true (dh_session_is_evaluating (session));
  dh_session_cancel_evaluation (session);
  twice->missed = dh_session_is_evaluating (session);
  if (twice->missed)
    return;
  dh_session_evaluate (session);
  g_assert_true (dh_session_is_evaluating (session));
}

/* An evaluation that waits behind it ends at once where it is stopped, and another can be asked for at once. */
static void
test_waiting (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  Twice twice = { .missed = TRUE };
  g_autofree char *kept = g_build_filename (g_get_user_data_dir (), "densehybrid", "calibrations", NULL);
  if (!open_larger (fixture))
    return;
  for (guint i = 0; i < 50 && twice.missed; i++)
    {
      twice = (Twice){ FALSE };
      tree_remove (kept);
      g_signal_connect (session, "evaluation", G_CALLBACK (evaluate_twice), &twice);
      dh_session_set_precision (session, "int8");
      session_wait_for (twice.done && !dh_session_is_evaluating (session));
      g_assert_true (twice.missed || dh_session_get_evaluation (session) != NULL);
      g_signal_handlers_disconnect_by_data (session, &twice);
      dh_session_set_precision (session, "f32"); /* which is kept in the settings */
      session_wait_for (computes_in (fixture, "f32"));
    }
  g_assert_false (twice.missed);
  g_assert_null (fixture->error);
}

#ifdef DH_TEST_CARD
/* 0: the list knows of none. */
static gint64
stopped_run (DhSession *session, const char *set)
{
  const DhRun *run = newest_run (session);
  return run && g_str_equal (run->root, set) && run->state != DH_RUN_ITEM_RUNNING ? run->id : 0;
}

/* The card is lost, or its memory short, while pictures are on it: the window is told what happened and what to do, and
 * evaluating again goes on from there. */
static void
test_lost (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *set = g_build_filename (fixture->root, "larger", NULL);
  session_write_set_of_size (set, 12, SESSION_WIDTH, SESSION_HEIGHT);
  dh_session_open_dataset (session, set);
  dh_session_open_weights (session, fixture->weights);
  session_wait_for (dh_session_can_evaluate (session)
                    && dh_image_list_count_state (dh_session_get_list (session), DH_ITEM_CACHED) >= 3);
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  g_setenv ("DH_EMULATED_MOST", "0", TRUE);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_cmpstr (g_getenv ("DH_EMULATED_MOST"), ==, "2");
  g_unsetenv ("DH_EMULATED_MOST");
  g_assert_nonnull (fixture->error);
  g_assert_nonnull (strstr (fixture->error, "was opened again; try once more"));
  g_assert_null (dh_session_get_evaluation (session));
  session_wait_for (stopped_run (session, set) != 0);
  const gint64 run = stopped_run (session, set);
  g_clear_pointer (&fixture->error, g_free);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_cmpuint (dh_session_get_evaluation (session)->images, ==, 12);
  g_assert_cmpint (dh_session_get_evaluation (session)->run, ==, run);
}
#endif

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/session/evaluate", test_evaluate },
    { "/session/evaluate/busy", test_busy },
    { "/session/command", test_command },
    { "/session/precision", test_precision },
    { "/session/device", test_device },
    { "/session/device-while-loading", test_device_while_loading },
    { "/session/device-while-evaluating", test_device_while_evaluating },
    { "/session/calibrating", test_calibrating },
    { "/session/waiting", test_waiting },
    { "/session/left-out", test_left_out },
    { "/session/split", test_split },
    { "/session/close", test_close },
#ifdef DH_TEST_CARD
    { "/session/lost/fetch", test_lost, "fetch:4" },
    { "/session/lost/replay", test_lost, "replay:5" },
#endif
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
