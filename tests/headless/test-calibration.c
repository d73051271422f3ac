/* A threshold that is chosen on one set and kept for another: what stored runs offer, and what its record says. */
#include "dh-calibration.h"
#include <math.h>
#include <string.h>
#include "dh-error.h"
#include "dh-report.h"
#include "dh-run-list.h"
#include "dh-run-map.h"
#include "dh-run-threshold.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"
#include "tree.h"

static void
evaluate (DhSession *session)
{
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_nonnull (dh_session_get_set_stats (session));
}

static void
open_set (DhSession *session, const char *path)
{
  dh_session_open_dataset (session, path);
  session_wait_for (g_strcmp0 (dh_session_get_dataset_path (session), path) == 0
                    && dh_session_get_stats (session) != NULL
                    && dh_score_stats_has (dh_session_get_stats (session), DH_SCORE_HYBRID));
}

static void
take (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  GPtrArray **found = data;
  *found = dh_session_load_calibrations_finish (DH_SESSION (source), result, &error);
  g_assert_no_error (error);
}

static GPtrArray *
load (DhSession *session, gint side, DhScore score)
{
  GPtrArray *found = NULL;
  dh_session_load_calibrations (session, side, score, NULL, take, &found);
  session_wait_for (found != NULL);
  return found;
}

static void
test_nothing (SessionFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) without_weights = load (fixture->session, -1, DH_SCORE_HYBRID);
  g_assert_cmpuint (without_weights->len, ==, 0);
  session_open_all (fixture);
  g_autoptr (GPtrArray) found = load (fixture->session, -1, DH_SCORE_HYBRID);
  g_assert_cmpuint (found->len, ==, 0);
}

/* Evaluated here, it is a leak here and none elsewhere; even where the other folder's name begins as this one's. */
static void
test_elsewhere (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *longer = g_strconcat (fixture->set, "-2", NULL);
  session_write_set_of_size (longer, 3, SESSION_WIDTH, SESSION_HEIGHT);
  session_open_all (fixture);
  open_set (session, longer);
  evaluate (session);
  double chosen[DH_N_SCORES][DH_N_RULES];
  for (guint score = 0; score < DH_N_SCORES; score++)
    for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
      chosen[score][rule] = dh_score_stats_choose (dh_session_get_set_stats (session), score, rule);
  g_autoptr (GPtrArray) own = load (session, -1, DH_SCORE_HYBRID);
  g_assert_cmpuint (own->len, ==, 1);
  g_assert_true (((DhCalibration *)own->pdata[0])->own);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_LIKELIHOOD, DH_RULE_BEST_F1));
  g_assert_true (dh_session_threshold_is_own (session, DH_SCORE_LIKELIHOOD));

  open_set (session, fixture->set);
  g_assert_false (dh_session_threshold_is_own (session, DH_SCORE_LIKELIHOOD));
  for (guint score = 0; score < DH_N_SCORES; score++)
    {
      g_autoptr (GPtrArray) found = load (session, -1, score);
      g_assert_cmpuint (found->len, ==, 1);
      const DhCalibration *calibration = found->pdata[0];
      g_assert_false (calibration->own);
      g_assert_cmpuint (calibration->images, ==, 3);
      for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
        {
          g_assert_cmpfloat_with_epsilon (calibration->values[rule], chosen[score][rule], 1e-6);
          dh_session_use_calibration (session, -1, score, calibration, rule);
          const DhThreshold *record = dh_session_get_threshold (session, score);
          g_assert_cmpfloat (record->value, ==, calibration->values[rule]);
          g_assert_cmpint (record->rule, ==, rule);
          g_assert_cmpuint (record->n_images, ==, 3);
          g_assert_cmpstr (record->source, ==, calibration->source);
          g_assert_false (dh_session_threshold_is_own (session, score));
        }
      /* One step a choice. */
      g_assert_true (dh_session_undo_threshold (session));
      g_assert_cmpint (dh_session_get_threshold (session, score)->rule, ==, DH_RULE_FPR5);
    }
  /* Moved by hand it is nobody's. */
  dh_session_set_threshold (session, DH_SCORE_HYBRID, chosen[DH_SCORE_HYBRID][DH_RULE_BEST_F1] + 1);
  g_assert_null (dh_session_get_threshold (session, DH_SCORE_HYBRID)->source);
  /* The other way round: there it is that set's own. */
  open_set (session, longer);
  g_assert_true (dh_session_threshold_is_own (session, DH_SCORE_LIKELIHOOD));
}

/* Of each set the newest; those of the set in use last. A run has those of its own weights, on its own set. */
static void
test_runs (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *other = g_build_filename (fixture->root, "other", NULL);
  session_write_set_of_size (other, 2, SESSION_WIDTH, SESSION_HEIGHT);
  session_open_all (fixture);
  evaluate (session);
  const gint64 own = dh_session_get_evaluation (session)->run;
  open_set (session, other);
  evaluate (session);
  evaluate (session);
  const gint64 newest = dh_session_get_evaluation (session)->run;
  open_set (session, fixture->set);
  /* Sets of earlier cases may be among them. */
  g_autoptr (GPtrArray) found = load (session, -1, DH_SCORE_HYBRID);
  g_assert_cmpuint (found->len, >=, 2);
  const DhCalibration *first = found->pdata[0], *last = found->pdata[found->len - 1];
  for (guint i = 0; i < found->len; i++)
    {
      const DhCalibration *calibration = found->pdata[i];
      g_assert_cmpint (calibration->own, ==, i + 1 == found->len);
      g_assert_cmpint (g_str_has_prefix (calibration->source_id, other), ==, calibration->run == newest);
    }
  g_assert_cmpint (first->run, ==, newest);
  g_assert_cmpint (last->run, ==, own);

  dh_session_compare_run (session, 0, own);
  session_wait_for (dh_session_get_run_details (session, 0) != NULL);
  g_assert_true (dh_session_run_threshold_is_own (session, 0));
  g_autoptr (GPtrArray) of_run = load (session, 0, DH_SCORE_HYBRID);
  g_assert_cmpuint (of_run->len, ==, found->len);
  g_assert_cmpint (((DhCalibration *)of_run->pdata[0])->run, ==, newest);
  dh_session_use_calibration (session, 0, DH_SCORE_HYBRID, of_run->pdata[0], DH_RULE_TPR95);
  g_assert_false (dh_session_run_threshold_is_own (session, 0));
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 0)->value, ==,
                     ((DhCalibration *)of_run->pdata[0])->values[DH_RULE_TPR95]);
  g_assert_true (dh_session_undo_threshold (session));
  g_assert_true (dh_session_run_threshold_is_own (session, 0));

  /* Other weights have none. */
  dh_session_open_weights (session, fixture->closed);
  session_wait_for (!dh_session_is_loading (session) && !dh_session_get_model_info (session)->has_outlier_head);
  g_autoptr (GPtrArray) of_others = load (session, -1, DH_SCORE_LIKELIHOOD);
  g_assert_cmpuint (of_others->len, ==, 0);
}

static char *
export_report (SessionFixture *fixture, const char *name)
{
  const guint messages = fixture->messages;
  g_autofree char *path = g_build_filename (fixture->root, name, NULL);
  g_autofree char *text = NULL;
  dh_session_export_report (fixture->session, path);
  session_wait_for (fixture->messages > messages);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_steal_pointer (&text);
}

/* A report says what the set gives at the threshold that is kept, and where it comes from; so does the command. */
static void
test_report (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *other = g_build_filename (fixture->root, "elsewhere", NULL);
  session_write_set_of_size (other, 2, SESSION_WIDTH, SESSION_HEIGHT);
  session_open_all (fixture);
  open_set (session, other);
  evaluate (session);
  open_set (session, fixture->set);
  evaluate (session);
  g_autoptr (GPtrArray) found = load (session, -1, DH_SCORE_LIKELIHOOD);
  const DhCalibration *calibration = found->pdata[0];
  g_assert_nonnull (strstr (calibration->source, "elsewhere"));
  dh_session_set_active_score (session, DH_SCORE_LIKELIHOOD);
  dh_session_use_calibration (session, -1, DH_SCORE_LIKELIHOOD, calibration, DH_RULE_TPR95);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  DhCounts counts;
  dh_score_stats_count (dh_session_get_set_stats (session), DH_SCORE_HYBRID,
                        dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, &counts);
  g_autofree char *md = export_report (fixture, "report.md");
  g_assert_nonnull (strstr (md, "| likelihood | TPR 95 % on "));
  g_assert_nonnull (strstr (md, "elsewhere, 2 images | "));
  g_assert_null (strstr (md, "elsewhere, 2 images (this very set)"));
  g_assert_nonnull (strstr (md, ", 4 images (this very set) | "));
  g_autofree char *json = export_report (fixture, "report.json");
  g_autofree char *tp = g_strdup_printf ("\"tp\" : %" G_GUINT64_FORMAT, counts.tp);
  g_assert_nonnull (strstr (json, tp));
  g_assert_nonnull (strstr (json, "\"source_is_this_set\" : true"));
  g_assert_nonnull (strstr (json, "\"source_is_this_set\" : false"));
  g_assert_null (strstr (md, "### Slices of the set"));
  dh_session_set_report_slices (fixture->session, TRUE);
  g_autofree char *sliced = export_report (fixture, "sliced.md");
  g_assert_nonnull (strstr (sliced, "### Slices of the set"));
  g_autofree char *csv = export_report (fixture, "sliced.csv"); /* which has no place for them */
  g_assert_null (strstr (csv, "third of the rows"));
  g_assert_null (strstr (sliced, "### 95 % intervals"));
  dh_session_set_report_intervals (fixture->session, TRUE);
  g_autofree char *drawn = export_report (fixture, "drawn.md");
  g_assert_nonnull (strstr (drawn, "### 95 % intervals"));
  g_assert_null (strstr (drawn, "### Objects found against false alarms"));
  dh_session_set_report_false_alarms (fixture->session, TRUE);
  g_object_set (dh_session_get_view (fixture->session), "alarm-area", "200", NULL);
  g_autofree char *alarms = export_report (fixture, "alarms.md");
  g_assert_nonnull (strstr (alarms, "### Objects found against false alarms"));
  g_assert_nonnull (strstr (alarms, "flagged regions of at least 200 pixels"));
  dh_session_set_report_slices (fixture->session, FALSE);
  g_autofree char *html = export_report (fixture, "report.html");
  g_assert_nonnull (strstr (html, "not what to expect"));

  /* The command line's way to the same threshold. */
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  g_assert_no_error (error);
  const gint64 here = dh_session_get_evaluation (session)->run;
  static const char *const rules[] = { "tpr95", "fpr5", "best-f1" };
  g_autoptr (GPtrArray) hybrid = load (session, -1, DH_SCORE_HYBRID);
  for (guint i = 0; i < hybrid->len; i++)
    for (guint rule = 0; rule < 3; rule++)
      {
        const DhCalibration *one = hybrid->pdata[i];
        g_auto (DhReportThreshold) kept = { NULL };
        g_assert_true (
            dh_report_choose_threshold (database, here, rules[rule], NULL, one->run, &kept, NULL, NULL, &error));
        g_assert_cmpfloat (kept.value, ==, one->values[DH_RULE_TPR95 + rule]);
        g_assert_cmpuint (kept.images, ==, one->images);
        g_assert_cmpint (kept.own, ==, one->own);
      }
  g_auto (DhReportThreshold) none = { NULL };
  g_assert_false (dh_report_choose_threshold (database, here, "tpr95", NULL, 4711, &none, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);

  dh_session_set_active_score (session, DH_SCORE_HYBRID);
  g_autofree char *command = dh_session_dup_command (session);
  g_assert_nonnull (strstr (command, " && densehybrid report --threshold "));
  g_assert_null (strstr (command, "--slices"));
  dh_session_set_report_slices (session, TRUE);
  dh_session_set_report_objects (session, TRUE);
  dh_session_set_report_false_alarms (session, TRUE);
  dh_session_set_report_intervals (session, TRUE);
  g_autofree char *full_command = dh_session_dup_command (session);
  g_assert_nonnull (strstr (full_command, " --slices --objects --froc --min-area 200 --intervals --out "));
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 43.1);
  g_autofree char *short_command = dh_session_dup_command (session);
  g_assert_nonnull (strstr (short_command, " --threshold 43.1 "));
}

/* A run's threshold comes back at the next start, with how it was chosen; that of another run which has its number does
 * not. */
static void
test_remembered (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  evaluate (fixture->session);
  const gint64 run = dh_session_get_evaluation (fixture->session)->run;
  for (guint start = 0; start < 4; start++)
    {
      DhSession *session = fixture->session;
      if (start > 0)
        session_open_all (fixture);
      dh_session_compare_run (session, 1, run);
      session_wait_for (dh_session_get_run_details (session, 1) != NULL);
      const DhThreshold *record = dh_session_get_run_threshold (session, 1);
      g_assert_cmpint (record->rule, ==, start == 1 ? DH_RULE_BY_HAND : start == 2 ? DH_RULE_TPR95 : DH_RULE_BEST_F1);
      if (start == 0)
        {
          dh_session_set_run_threshold (session, 1, -0.625);
          dh_session_commit_run_threshold (session, 1);
        }
      else if (start == 1)
        {
          g_assert_cmpfloat (record->value, ==, -0.625);
          g_assert_true (dh_session_choose_run_threshold (session, 1, DH_RULE_TPR95));
        }
      else if (start == 2)
        {
          g_assert_true (dh_session_run_threshold_is_own (session, 1));
          g_assert_cmpuint (record->n_images, ==, 4);
          /* As a database does that was begun anew. */
          DhSettings *settings = dh_session_get_settings (session);
          g_auto (GStrv) lines = dh_settings_dup_list (settings, "comparison", "run-thresholds");
          g_assert_cmpuint (g_strv_length (lines), >=, 1);
          char *year = strstr (lines[0], " 20");
          g_assert_nonnull (year);
          year[1] = '1';
          dh_settings_set_list (settings, "comparison", "run-thresholds", (const char *const *)lines);
        }
      dh_session_close (session);
      g_object_unref (session);
      fixture->session = dh_session_new ();
    }
}

int
main (int argc, char **argv)
{
  const SessionTest tests[] = {
    { "/calibration/nothing", test_nothing, NULL },
    { "/calibration/elsewhere", test_elsewhere, NULL },
    { "/calibration/runs", test_runs, NULL },
    { "/calibration/report", test_report, NULL },
    { "/calibration/remembered", test_remembered, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
