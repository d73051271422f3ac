/* Images made worse in the studio: seen, computed and measured so, and never taken for the images as they are. */
#include <string.h>
#include "dh-calibration.h"
#include "dh-compared-numbers.h"
#include "dh-kept-map.h"
#include "dh-run-list.h"
#include "dh-run-threshold.h"
#include "dh-session-evaluation.h"
#include "dh-session-import.h"
#include "dh-session-reopen.h"
#include "dh-set-seen.h"
#include "dh-set-reading.h"
#include "session-fixture.h"

static void
degrade (SessionFixture *fixture, const char *id)
{
  DhSession *session = fixture->session;
  dh_session_read_as (session, DH_READ_DEGRADATION, id);
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_frame (session) != NULL);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

/* Borrowed from the list; those that are done, the newest first. */
static const DhRun *
get_run (DhSession *session, guint index)
{
  g_autoptr (DhRunItem) item = g_list_model_get_item (dh_session_get_runs (session), index);
  const DhRun *run = item != NULL ? dh_run_item_get (item) : NULL;
  return run != NULL && run->state == DH_RUN_ITEM_DONE ? run : NULL;
}

static gint64
evaluate (SessionFixture *fixture, guint runs)
{
  DhSession *session = fixture->session;
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session)
                    && g_list_model_get_n_items (dh_session_get_runs (session)) == runs
                    && get_run (session, 0) != NULL);
  g_assert_cmpstr (fixture->error, ==, NULL);
  return get_run (session, 0)->id;
}

static double
set_ap (DhSession *session)
{
  DhRankMetrics metrics;
  dh_score_stats_metrics (dh_session_get_set_stats (session), DH_SCORE_HYBRID, &metrics);
  return metrics.ap;
}

static void
take_calibrations (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  *(GPtrArray **)data = dh_session_load_calibrations_finish (DH_SESSION (source), result, &error);
  g_assert_no_error (error);
}

static void
assert_chosen (DhSession *session, const char *id)
{
  g_autoptr (GPtrArray) choices = dh_session_list_readings (session, DH_READ_DEGRADATION);
  g_assert_cmpuint (choices->len, ==, 56);
  for (guint i = 0; i < choices->len; i++)
    {
      const DhReadChoice *choice = choices->pdata[i];
      g_assert_cmpint (choice->chosen, ==, g_str_equal (choice->id, id));
      g_assert_true ((choice->group == NULL) == (*choice->id == '\0'));
    }
}

/* It is seen and said, stands in the command, comes back with the folder, and goes again. */
static void
test_seen (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *other = g_build_filename (fixture->root, "other", NULL);
  session_write_set_of_size (other, 2, SESSION_WIDTH, SESSION_HEIGHT);
  session_open_all (fixture);
  assert_chosen (session, "");
  const gboolean news = dh_session_has_news (session);
  g_autoptr (GBytes) clean = g_bytes_ref (dh_session_get_frame (session)->image);
  g_autofree char *stem = g_strdup (dh_image_item_get_stem (dh_session_get_current (session)));
  degrade (fixture, "dark:4");
  assert_chosen (session, "dark:4");
  g_assert_false (g_bytes_equal (clean, dh_session_get_frame (session)->image));
  g_assert_cmpstr (dh_image_item_get_stem (dh_session_get_current (session)), ==, stem);
  g_autofree char *title = dh_session_dup_seen (session), *command = dh_session_dup_command (session);
  g_assert_cmpstr (title, ==, "Dark 4");
  g_assert_true (g_str_has_suffix (dh_session_get_dataset_title (session), " · Dark 4"));
  g_assert_nonnull (strstr (command, " --degrade dark:4"));
  g_assert_cmpint (dh_session_has_news (session), ==, news);
  dh_session_open_dataset (session, other);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 2);
  assert_chosen (session, "");
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 4);
  assert_chosen (session, "dark:4");
  degrade (fixture, "");
  assert_chosen (session, "");
  session_wait_for (g_bytes_equal (clean, dh_session_get_frame (session)->image));
  g_assert_null (dh_session_dup_seen (session));
}

/* Each has its own run, folder and numbers, which come back with it; the two can be subtracted. */
static void
test_measured (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  const gint64 clean = evaluate (fixture, 1);
  const double clean_ap = set_ap (session);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  g_assert_true (dh_session_threshold_is_own (session, DH_SCORE_HYBRID));
  g_assert_false (dh_session_threshold_is_seen_otherwise (session, DH_SCORE_HYBRID));
  degrade (fixture, "noise:5");
  /* It stays, and is of these images as they are: not the best that could be had of them as they are seen now. */
  g_assert_true (dh_session_threshold_is_own (session, DH_SCORE_HYBRID));
  g_assert_true (dh_session_threshold_is_seen_otherwise (session, DH_SCORE_HYBRID));
  g_assert_null (dh_session_find_evaluated (session));
  const gint64 worse = evaluate (fixture, 2);
  const double worse_ap = set_ap (session);
  g_assert_cmpint (worse, !=, clean);
  g_assert_cmpfloat (worse_ap, !=, clean_ap);
  const DhRun *of_worse = get_run (session, 0), *of_clean = get_run (session, 1);
  g_assert_cmpstr (of_worse->folder, !=, of_clean->folder);
  g_assert_cmpstr (dh_run_get_seen (of_worse), ==, "noise:5");
  g_assert_null (dh_run_get_seen (of_clean));
  g_assert_true (dh_run_can_subtract (of_worse, of_clean));
  g_assert_true (dh_session_find_evaluated (session) == of_worse);

  /* What it costs is told of the one, and not of the other. */
  g_assert_true (dh_session_has_robustness (session, of_clean));
  g_assert_false (dh_session_has_robustness (session, of_worse));
  g_autofree char *page = g_build_filename (fixture->root, "worse.html", NULL), *text = NULL;
  const guint before = fixture->messages;
  dh_session_export_robustness (session, clean, page);
  session_wait_for (fixture->messages > before || fixture->error != NULL);
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_true (g_file_get_contents (page, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "<td class=t>Noise<td>"));

  /* In the comparison of both. */
  dh_session_compare_run (session, 0, clean);
  dh_session_compare_run (session, 1, worse);
  session_wait_for (dh_session_get_run_details (session, 0) != NULL && dh_session_get_run_details (session, 1) != NULL);
  const gint sides[2] = { DH_FRAME_RUN_A, DH_FRAME_RUN_B };
  g_autoptr (DhComparedNumbers) numbers = dh_compared_numbers_new (session, sides);
  g_assert_true (numbers->seen_otherwise);
  g_assert_cmpuint (numbers->differs->len, ==, 0);
  g_assert_cmpfloat_with_epsilon (numbers->lines[DH_COMPARED_AP].change, clean_ap - worse_ap, 1e-9);
  g_autofree char *as_they_are = dh_session_dup_seen_otherwise (session, NULL);
  g_assert_cmpstr (as_they_are, ==, "as they are");
  g_assert_null (dh_session_dup_seen_otherwise (session, "noise:5"));
  g_autofree char *named = dh_session_dup_name_seen (session, "Net", "fog:1");
  g_assert_cmpstr (named, ==, "Net · Fog 1");

  for (guint side = 0; side < 2; side++)
    {
      g_assert_true (dh_session_choose_run_threshold (session, side, DH_RULE_TPR95));
      g_assert_true (dh_session_run_threshold_is_own (session, side));
      g_assert_false (dh_session_run_threshold_is_seen_otherwise (session, side));
    }

  /* Kept of a run, it is of the images as that saw them. */
  session_wait_for (dh_session_get_run_map (session, 0) != NULL && dh_session_get_run_map (session, 0)->values != NULL
                    && dh_session_get_frame (session)->maps[DH_FRAME_RUN_A] != NULL);
  g_assert_true (dh_session_keep_map (session, DH_FRAME_RUN_A));
  g_assert_cmpstr (dh_session_get_kept_map (session)->seen, ==, NULL);
  session_wait_for (dh_session_get_run_map (session, 1) != NULL
                    && dh_session_get_frame (session)->maps[DH_FRAME_RUN_B] != NULL);
  g_assert_true (dh_session_keep_map (session, DH_FRAME_RUN_B));
  g_assert_cmpstr (dh_session_get_kept_map (session)->seen, ==, "noise:5");

  degrade (fixture, "");
  session_wait_for (dh_session_get_set_stats (session) != NULL && dh_session_get_evaluation (session) != NULL);
  g_assert_cmpint (dh_session_get_evaluation (session)->run, ==, clean);
  g_assert_cmpfloat (set_ap (session), ==, clean_ap);
  g_assert_true (dh_session_open_run (session, get_run (session, 0), NULL));
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_evaluation (session) != NULL);
  g_assert_cmpint (dh_session_get_evaluation (session)->run, ==, worse);
  assert_chosen (session, "noise:5");

  /* What it chose is no threshold to go by elsewhere. */
  g_autofree char *other = g_build_filename (fixture->root, "other", NULL);
  session_write_set_of_size (other, 3, SESSION_WIDTH, SESSION_HEIGHT);
  dh_session_open_dataset (session, other);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 3);
  g_autoptr (GPtrArray) found = NULL;
  dh_session_load_calibrations (session, -1, DH_SCORE_HYBRID, NULL, take_calibrations, &found);
  session_wait_for (found != NULL);
  g_assert_cmpuint (found->len, ==, 1);
  g_assert_cmpint (((DhCalibration *)found->pdata[0])->run, ==, clean);
}

/* What was kept of the images as they are stays what it was, and is none of other images now. */
static void
test_kept (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  session_wait_for (dh_image_list_count_state (dh_session_get_list (session), DH_ITEM_CACHED) >= 3);
  g_assert_true (dh_session_keep_map (session, DH_FRAME_HYBRID));
  g_autoptr (GBytes) values = g_bytes_ref (dh_session_get_kept_map (session)->values);
  g_assert_true (dh_session_made_kept_map (session));
  degrade (fixture, "fog:5");
  session_wait_for (dh_session_get_kept_map (session) != NULL);
  g_assert_false (dh_session_made_kept_map (session));
  dh_session_compare_run (session, 1, DH_KEPT_RUN);
  session_wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_HYBRID)
                    && dh_session_get_run_map (session, 1) != NULL);
  g_assert_true (g_bytes_equal (dh_session_get_run_map (session, 1)->values, values));
  g_assert_false (g_bytes_equal (dh_session_get_frame (session)->maps[DH_FRAME_HYBRID], values));
  dh_session_set_current (session, dh_image_list_get_item (dh_session_get_list (session), 1));
  session_wait_for (dh_session_get_run_map (session, 1) != NULL && dh_session_get_run_map (session, 1)->error != NULL);
  g_assert_nonnull (strstr (dh_session_get_run_map (session, 1)->error, "as images were seen then"));
  degrade (fixture, "");
  session_wait_for (dh_session_get_kept_map (session) != NULL && dh_session_made_kept_map (session));
}

typedef struct
{
  GError *error;
  gboolean done;
} Looked;

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  Looked *looked = data;
  dh_score_look_free (dh_session_look_at_scores_finish (DH_SESSION (source), result, &looked->error));
  looked->done = TRUE;
}

/* Another method has seen the images as they are. */
static void
test_scores (SessionFixture *fixture, gconstpointer data)
{
  Looked looked = { NULL, FALSE };
  session_open_all (fixture);
  degrade (fixture, "rain:1");
  dh_session_look_at_scores (fixture->session, fixture->root, NULL, NULL, on_looked, &looked);
  session_wait_for (looked.done);
  g_assert_nonnull (looked.error);
  g_assert_nonnull (strstr (looked.error->message, "images as they are"));
  g_clear_error (&looked.error);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/session-degraded/seen", test_seen, NULL },
    { "/session-degraded/measured", test_measured, NULL },
    { "/session-degraded/kept", test_kept, NULL },
    { "/session-degraded/scores", test_scores, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
