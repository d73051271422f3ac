/* What an earlier start has measured of the open set is there again, without the network and without another run. */
#include <glib/gstdio.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include "dh-database.h"
#include "dh-run-list.h"
#include "dh-scene-tree.h"
#include "dh-session-evaluation.h"
#include "dh-set-reading.h"
#include "session-fixture.h"

static guint
count_runs (DhSession *session)
{
  return g_list_model_get_n_items (dh_session_get_runs (session));
}

static const DhRun *
newest_run (DhSession *session)
{
  g_autoptr (DhRunItem) item = g_list_model_get_item (dh_session_get_runs (session), 0);
  return item != NULL ? dh_run_item_get (item) : NULL; /* the list has it */
}

/* One database serves all tests. */
static gboolean
has_evaluated_run (DhSession *session)
{
  const DhEvaluationSummary *summary = dh_session_get_evaluation (session);
  const DhRun *run = newest_run (session);
  return summary != NULL && run != NULL && run->id == summary->run && run->state == DH_RUN_ITEM_DONE;
}

/* The run's row; its folder is the caller's. */
static gint64
evaluate (SessionFixture *fixture, char **folder)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session) && has_evaluated_run (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  *folder = g_strdup (newest_run (session)->folder);
  return newest_run (session)->id;
}

static DhSession *
start_again (SessionFixture *fixture)
{
  DhSession *next = dh_session_new ();
  dh_session_open_dataset (next, fixture->set);
  dh_session_open_weights (next, fixture->weights);
  session_wait_for (dh_session_get_model_info (next) != NULL && dh_session_has_dataset (next)
                    && !dh_session_is_opening (next));
  return next;
}

static void
assert_same_summary (const DhEvaluationSummary *a, const DhEvaluationSummary *b)
{
  g_assert_cmpint (a->run, ==, b->run);
  g_assert_cmpint (a->score, ==, b->score);
  g_assert_cmpuint (a->images, ==, b->images);
  g_assert_cmpstr (a->device, ==, b->device);
  g_assert_cmpstr (a->precision, ==, b->precision);
  g_assert_cmpint (llabs (g_date_time_difference (a->ended, b->ended)), <, 10 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (a->lines->len, ==, b->lines->len);
  for (guint i = 0; i < a->lines->len; i++)
    {
      const DhProtocolLine *one = a->lines->pdata[i], *other = b->lines->pdata[i];
      g_assert_cmpstr (one->name, ==, other->name);
      g_assert_true (one->ap == other->ap || (isnan (one->ap) && isnan (other->ap)));
      g_assert_true (one->fpr95 == other->fpr95 || (isnan (one->fpr95) && isnan (other->fpr95)));
    }
}

static void
test_start (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *folder = NULL;
  const gint64 run = evaluate (fixture, &folder);
  DhSession *first = fixture->session, *next = start_again (fixture);
  session_wait_for (dh_session_get_evaluation (next) != NULL);
  const DhEvaluationSummary *then = dh_session_get_evaluation (first), *now = dh_session_get_evaluation (next);
  g_assert_cmpint (now->run, ==, run);
  assert_same_summary (now, then);
  for (guint score = 0; score < DH_N_SCORES; score++)
    {
      DhRankMetrics before, after;
      dh_score_stats_metrics (dh_session_get_set_stats (first), score, &before);
      dh_score_stats_metrics (dh_session_get_set_stats (next), score, &after);
      g_assert_cmpfloat (before.ap, ==, after.ap);
      /* so that rules choose what they chose */
      g_assert_true (dh_session_choose_threshold (first, score, DH_RULE_TPR95));
      g_assert_true (dh_session_choose_threshold (next, score, DH_RULE_TPR95));
      g_assert_cmpfloat (dh_session_get_threshold (first, score)->value, ==,
                         dh_session_get_threshold (next, score)->value);
    }
  for (guint score = 0; score < DH_N_SCORES; score++)
    {
      const DhScoreCurve *before = dh_score_stats_curve (dh_session_get_set_stats (first), score),
                         *after = dh_score_stats_curve (dh_session_get_set_stats (next), score);
      g_assert_cmpmem (before->threshold, before->n * sizeof (double), after->threshold, after->n * sizeof (double));
      g_assert_cmpmem (before->tpr, before->n * sizeof (double), after->tpr, after->n * sizeof (double));
      g_assert_cmpmem (before->fpr, before->n * sizeof (double), after->fpr, after->n * sizeof (double));
    }
  for (guint i = 0; i < 4; i++)
    {
      const DhItemMetrics *before = dh_image_item_get_metrics (dh_image_list_get_item (dh_session_get_list (first), i)),
                          *after = dh_image_item_get_metrics (dh_image_list_get_item (dh_session_get_list (next), i));
      g_assert_true (after->evaluated);
      g_assert_cmpfloat (after->ap, ==, before->ap);
      g_assert_cmpfloat (after->largest_missed, ==, before->largest_missed);
    }
  /* No run was made. */
  dh_session_refresh_runs (next);
  session_wait_for (count_runs (next) == count_runs (first));
  g_assert_cmpint (newest_run (next)->id, ==, run);

  /* Another set has it not, and the set that was measured has it again. */
  g_autofree char *other = g_build_filename (fixture->root, "other", NULL);
  session_write_set_of_size (other, 3, 64, 48);
  dh_session_open_dataset (next, other);
  session_wait_for (!dh_session_is_opening (next));
  g_assert_null (dh_session_get_evaluation (next));
  dh_session_open_dataset (next, fixture->set);
  session_wait_for (dh_session_get_evaluation (next) != NULL);
  g_assert_cmpint (dh_session_get_evaluation (next)->run, ==, run);
  dh_session_close (next);
  g_object_unref (next);
}

/* Where its maps are gone nothing is said, unless somebody asks; then evaluating again is all there is. */
static void
test_gone (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *folder = NULL;
  evaluate (fixture, &folder);
  g_autofree char *stem = g_strdup (
                      dh_image_item_get_stem (dh_image_list_get_item (dh_session_get_list (fixture->session), 2))),
                  *file = g_strconcat (stem, ".npy", NULL);
  g_autofree char *map = g_build_filename (folder, "eval", "scores", file, NULL);
  g_assert_cmpint (g_remove (map), ==, 0);
  DhSession *session = fixture->session;
  dh_session_open_dataset (session, fixture->set); /* anew */
  session_wait_for (dh_session_get_evaluation (session) == NULL && !dh_session_is_opening (session));
  session_wait_for (!dh_session_is_recalling (session));
  g_assert_null (dh_session_get_evaluation (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  dh_session_recall_evaluation (session);
  g_assert_true (dh_session_is_recalling (session));
  session_wait_for (!dh_session_is_recalling (session));
  g_assert_nonnull (fixture->error);
  g_assert_nonnull (g_strstr_len (fixture->error, -1, file));
  g_assert_null (dh_session_get_evaluation (session));
  g_assert_false (g_file_test (map, G_FILE_TEST_EXISTS));
  g_assert_true (dh_session_can_evaluate (session));
  dh_session_evaluate (session);
  session_wait_for (dh_session_get_evaluation (session) != NULL);
  g_assert_true (g_file_test (map, G_FILE_TEST_EXISTS));
}

/* It makes way for an evaluation, and can be stopped. */
static void
test_stopped (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *folder = NULL;
  const gint64 run = evaluate (fixture, &folder);
  DhSession *session = fixture->session;
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (dh_session_is_recalling (session));
  DhEvaluationProgress progress;
  dh_session_get_evaluation_progress (session, &progress);
  g_assert_cmpint (progress.recalled, ==, run);
  g_assert_cmpuint (progress.total, ==, 4);
  dh_session_cancel_evaluation (session);
  g_assert_false (dh_session_is_recalling (session));
  dh_session_refresh_runs (session); /* nor does it begin again by itself */
  for (guint i = 0; i < 20; i++)
    session_turn ();
  g_assert_null (dh_session_get_evaluation (session));
  dh_session_recall_evaluation (session);
  dh_session_evaluate (session);
  g_assert_false (dh_session_is_recalling (session));
  session_wait_for (dh_session_get_evaluation (session) != NULL);
  g_assert_cmpint (dh_session_get_evaluation (session)->run, >, run);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

/* A run of the command line has fewer protocols: those are there at once, and the others when they are asked for, where
 * the maps are too many to be read by itself. */
static void
test_more_protocols (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (fixture->root, "by-command", NULL);
  const char *argv[] = { g_getenv ("DH_PROGRAM"), "eval-ood", "--dataroot", fixture->set, "--params",
                         fixture->weights,        "--folder", folder,       "--quiet",    NULL };
  int status;
  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  DhSession *session = dh_session_new ();
  dh_session_set_recall_limit (session, 1);
  dh_session_open_dataset (session, fixture->set);
  dh_session_open_weights (session, fixture->weights);
  session_wait_for (dh_session_get_evaluation (session) != NULL);
  const guint few = dh_session_get_evaluation (session)->lines->len;
  const guint more = dh_session_get_evaluation (session)->unmeasured;
  g_assert_cmpuint (few, >, 0);
  g_assert_cmpuint (more, >, 0);
  /* The run has no likelihood: its range is the shown image's, and is not lost. */
  session_wait_for (dh_session_get_stats (session) != NULL);
  double low, high, low_after, high_after;
  dh_session_get_range (session, DH_FRAME_LIKELIHOOD, FALSE, &low, &high);
  g_assert_false (dh_score_stats_has (dh_session_get_set_stats (session), DH_SCORE_LIKELIHOOD));
  dh_session_recall_evaluation (session);
  g_assert_true (dh_session_is_recalling (session));
  g_assert_nonnull (dh_session_get_evaluation (session)); /* it stays to be seen meanwhile */
  session_wait_for (!dh_session_is_recalling (session));
  g_assert_cmpuint (dh_session_get_evaluation (session)->lines->len, ==, few + more);
  g_assert_cmpuint (dh_session_get_evaluation (session)->unmeasured, ==, 0);
  dh_session_get_range (session, DH_FRAME_LIKELIHOOD, FALSE, &low_after, &high_after);
  g_assert_cmpfloat (low_after, ==, low);
  g_assert_cmpfloat (high_after, ==, high);
  dh_session_close (session);
  g_object_unref (session);
}

/* StreetHazards' test split is the same pictures whether it was named alone or is what is open of all of it. */
static void
test_street_hazards (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *scenes = g_build_filename (fixture->root, "scenes", NULL);
  g_autofree char *folder = g_build_filename (fixture->root, "by-command", NULL);
  const DhSceneCounts counts = { .training = 2, .validation = 1, .test = 2, .negatives = 1 };
  g_assert_true (dh_scene_tree_write (scenes, 3, &counts, 64, 48, NULL, NULL, NULL));
  const char *argv[] = {
    g_getenv ("DH_PROGRAM"), "eval-ood", "--dataset", "street-hazards", "--dataroot", scenes, "--params",
    fixture->weights,        "--folder", folder,      "--quiet",        NULL
  };
  int status;
  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  DhSession *session = dh_session_new ();
  dh_session_open_weights (session, fixture->weights);
  dh_session_open_dataset (session, scenes);
  session_wait_for (!dh_session_is_opening (session) && !dh_session_is_loading (session));
  g_assert_null (dh_session_get_evaluation (session));
  dh_session_read_as (session, DH_READ_SPLITS, "test");
  session_wait_for (dh_session_get_evaluation (session) != NULL);
  g_assert_cmpuint (dh_session_get_evaluation (session)->images, ==, 2);
  dh_session_close (session);
  g_object_unref (session);
}

/* A run of another score is not what would be measured now, and the studio may have no tuner for it. */
static void
test_other_score (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *folder = NULL, *path = dh_database_default_path ();
  evaluate (fixture, &folder);
  DhSession *session = fixture->session;
  g_assert_nonnull (dh_session_find_evaluated (session));
  sqlite3 *handle = NULL;
  g_assert_cmpint (sqlite3_open (path, &handle), ==, SQLITE_OK);
  sqlite3_busy_timeout (handle, PATIENCE / 1000);
  g_assert_cmpint (sqlite3_exec (handle, "UPDATE runs SET score = 'max_softmax'", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (handle);
  dh_session_refresh_runs (session);
  session_wait_for (g_strcmp0 (newest_run (session)->score, "max_softmax") == 0);
  g_assert_null (dh_session_find_evaluated (session));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/session-recall/start", test_start, NULL },
                                       { "/session-recall/gone", test_gone, NULL },
                                       { "/session-recall/stopped", test_stopped, NULL },
                                       { "/session-recall/more-protocols", test_more_protocols, NULL },
                                       { "/session-recall/street-hazards", test_street_hazards, NULL },
                                       { "/session-recall/other-score", test_other_score, NULL } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
