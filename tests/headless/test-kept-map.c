/* A map kept with its threshold: beside another threshold of itself, on other pictures, beside other weights. */
#include "dh-kept-map.h"
#include <math.h>
#include <string.h>
#include "dh-compared-numbers.h"
#include "dh-comparison.h"
#include "dh-file.h"
#include "dh-map-cache.h"
#include "dh-run-threshold.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"

static GBytes *
map_of (DhSession *session, guint map)
{
  DhFrame *frame = dh_session_get_frame (session);
  return frame != NULL ? frame->maps[map] : NULL;
}

static void
keep (DhSession *session, DhFrameMap map)
{
  g_assert_true (dh_session_keep_map (session, map));
  dh_session_compare_run (session, 1, DH_KEPT_RUN);
}

static void
test_threshold (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_assert_false (dh_session_keep_map (session, DH_FRAME_HYBRID));
  g_assert_null (dh_session_get_kept_map (session));
  session_open_all (fixture);
  /* with all that is computed ahead */
  session_wait_for (dh_image_list_count_state (dh_session_get_list (session), DH_ITEM_CACHED) >= 3);
  const guint64 runs = dh_session_get_n_runs (session);
  const double first = dh_session_get_threshold (session, DH_SCORE_HYBRID)->value;
  keep (session, DH_FRAME_HYBRID);
  g_assert_true (map_of (session, DH_FRAME_RUN_B) == map_of (session, DH_FRAME_HYBRID));
  dh_session_set_threshold (session, DH_SCORE_HYBRID, first + 1);
  dh_session_commit_threshold (session, DH_SCORE_HYBRID);
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 1)->value, ==, first);
  /* Nothing moves it. */
  dh_session_set_run_threshold (session, 1, first + 9);
  dh_session_commit_run_threshold (session, 1);
  g_assert_false (dh_session_can_choose_run_threshold (session, 1));
  g_assert_false (dh_session_choose_run_threshold (session, 1, DH_RULE_BEST_F1));
  dh_session_undo_threshold (session);
  dh_session_redo_threshold (session);
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 1)->value, ==, first);
  /* Aligned by the same median, each at its own threshold. */
  DhComparison *comparison = dh_session_get_comparison (session);
  DhAlignment a, b;
  g_assert_null (dh_comparison_refuse (comparison, DH_FRAME_HYBRID, DH_FRAME_RUN_B));
  g_assert_true (dh_comparison_shares_unit (comparison, DH_FRAME_HYBRID, DH_FRAME_RUN_B));
  g_assert_true (dh_comparison_align (comparison, DH_FRAME_HYBRID, &a));
  g_assert_true (dh_comparison_align (comparison, DH_FRAME_RUN_B, &b));
  g_assert_cmpfloat (a.zero, ==, first + 1);
  g_assert_cmpfloat (b.zero, ==, first);
  g_assert_cmpfloat_with_epsilon (a.zero - 1 / a.factor, b.zero - 1 / b.factor, 1e-9);
  /* Drawn in the same colours, and counted. */
  double low[2], high[2];
  dh_session_get_range (session, DH_FRAME_HYBRID, FALSE, &low[0], &high[0]);
  dh_session_get_range (session, DH_FRAME_RUN_B, FALSE, &low[1], &high[1]);
  g_assert_true (low[0] == low[1] && high[0] == high[1]);
  session_wait_for (dh_session_get_run_map (session, 1)->stats != NULL && dh_session_get_stats (session) != NULL);
  DhCounts kept, own;
  dh_score_stats_count (dh_session_get_run_map (session, 1)->stats, DH_SCORE_HYBRID, first, &kept);
  dh_score_stats_count (dh_session_get_stats (session), DH_SCORE_HYBRID, first, &own);
  g_assert_cmpuint (kept.flagged, ==, own.flagged);
  /* Kept again, it is the threshold of now. */
  g_assert_true (dh_session_keep_map (session, DH_FRAME_HYBRID));
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 1)->value, ==, first + 1);
  g_assert_false (dh_session_keep_map (session, DH_FRAME_RUN_B)); /* what is kept already */
  g_assert_cmpuint (dh_session_get_n_runs (session), ==, runs);
  /* Let go, what it brought to a comparison goes back; what was one stays one. */
  DhView *view = dh_session_get_view (session);
  g_assert_true (dh_session_release_kept_map (session));
  g_object_set (view, "layout", "single", NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (dh_session_keep_map (session, DH_FRAME_HYBRID));
      g_object_set (view, "layout", "compare", NULL);
    }
  g_assert_true (dh_session_release_kept_map (session));
  g_assert_cmpstr (dh_view_get_string (view, "layout"), ==, "single");
  g_object_set (view, "layout", "compare", NULL);
  g_assert_true (dh_session_keep_map (session, DH_FRAME_HYBRID));
  g_assert_true (dh_session_release_kept_map (session));
  g_assert_cmpstr (dh_view_get_string (view, "layout"), ==, "compare");
}

/* It outlives other sets and the program, with its threshold and every value; let go of, it does not come back. */
static void
test_outlives (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *other = g_build_filename (fixture->root, "other", NULL);
  session_write_set_of_size (other, 2, SESSION_WIDTH, SESSION_HEIGHT);
  session_open_all (fixture);
  keep (fixture->session, DH_FRAME_HYBRID);
  const DhKeptMap *kept = dh_session_get_kept_map (fixture->session);
  const double threshold = kept->threshold.value;
  g_autoptr (GBytes) values = g_bytes_ref (kept->values);
  g_autofree char *stem = g_strdup (kept->stem), *model = g_strdup (kept->model);
  dh_session_open_dataset (fixture->session, other);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (fixture->session)) == 2);
  g_assert_null (dh_session_get_kept_map (fixture->session));
  for (guint i = 0; i < 2; i++)
    {
      dh_session_open_dataset (fixture->session, fixture->set);
      session_wait_for (dh_session_get_kept_map (fixture->session) != NULL);
      kept = dh_session_get_kept_map (fixture->session);
      g_assert_true (g_bytes_equal (kept->values, values));
      g_assert_cmpfloat (kept->threshold.value, ==, threshold);
      g_assert_cmpstr (kept->stem, ==, stem);
      g_assert_cmpstr (kept->model, ==, model);
      if (i == 1)
        break;
      dh_session_close (fixture->session);
      g_object_unref (fixture->session);
      fixture->session = dh_session_new ();
    }
  /* It ends in a comparison, and the next start is in it again with that set, but not after another one. */
  for (guint i = 0; i < 2; i++)
    {
      g_object_set (dh_session_get_view (fixture->session), "compare-a", DH_KEPT_NAME, "compare-b", "likelihood",
                    "layout", "compare", NULL);
      dh_session_close (fixture->session);
      g_object_unref (fixture->session);
      fixture->session = dh_session_new ();
      DhView *view = dh_session_get_view (fixture->session);
      g_assert_false (dh_view_is (view, "compare-a", DH_KEPT_NAME));
      if (i == 1)
        {
          dh_session_open_dataset (fixture->session, other);
          session_wait_for (dh_image_list_get_size (dh_session_get_list (fixture->session)) == 2);
        }
      dh_session_open_dataset (fixture->session, fixture->set);
      session_wait_for (dh_session_get_kept_map (fixture->session) != NULL);
      g_assert_true (dh_view_is (view, "compare-a", DH_KEPT_NAME) == (i == 0));
      g_assert_true (i == 1 || dh_view_is (view, "layout", "compare"));
    }
  g_assert_true (dh_session_release_kept_map (fixture->session));
  dh_session_close (fixture->session);
  g_object_unref (fixture->session);
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (), "densehybrid", "kept", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_assert_nonnull (dir);
  g_assert_null (g_dir_read_name (dir));
  fixture->session = dh_session_new ();
}

/* The numbers of the set: of the network that made it, at the kept threshold. */
static void
test_numbers (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  keep (session, DH_FRAME_HYBRID);
  const double first = dh_session_get_run_threshold (session, 1)->value;
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  dh_session_set_threshold (session, DH_SCORE_HYBRID, first + 2);
  dh_session_commit_threshold (session, DH_SCORE_HYBRID);
  const gint sides[2] = { DH_FRAME_HYBRID, DH_FRAME_RUN_B };
  g_autoptr (DhComparedNumbers) numbers = dh_compared_numbers_new (session, sides);
  DhCounts counts;
  dh_score_stats_count (dh_session_get_set_stats (session), DH_SCORE_HYBRID, first, &counts);
  g_assert_cmpfloat (numbers->lines[DH_COMPARED_TPR].value[1], ==, dh_counts_tpr (&counts));
  dh_score_stats_count (dh_session_get_set_stats (session), DH_SCORE_HYBRID, first + 2, &counts);
  g_assert_cmpfloat (numbers->lines[DH_COMPARED_TPR].value[0], ==, dh_counts_tpr (&counts));
  g_assert_cmpfloat (numbers->lines[DH_COMPARED_AP].change, ==, 0);
  g_assert_cmpfloat (numbers->threshold[1]->value, ==, first);
  /* A run's map that is kept has none, and is not said to be another network's. */
  dh_session_compare_run (session, 0, dh_session_get_evaluation (session)->run);
  session_wait_for (map_of (session, DH_FRAME_RUN_A) != NULL);
  keep (session, DH_FRAME_RUN_A);
  g_autoptr (DhComparedNumbers) of_run = dh_compared_numbers_new (session, sides);
  g_assert_nonnull (strstr (of_run->lines[DH_COMPARED_TPR].why[1], "run"));
}

/* The kept kind's map of the shown picture. */
static gboolean
is_stored (DhSession *session, DhMapCache *cache)
{
  const DhKeptMap *kept = dh_session_get_kept_map (session);
  const DhFrame *frame = dh_session_get_frame (session);
  gsize size;
  const guint8 *rgb = g_bytes_get_data (frame->image, &size);
  g_autofree char *picture = dh_sha256 (rgb, size);
  g_autofree char *key =
      dh_map_cache_key (kept->sha256, kept->device, kept->precision, picture, frame->width, frame->height);
  g_autoptr (DhFrame) found = dh_frame_new (frame->width, frame->height);
  return dh_map_cache_load (cache, key, 1u << kept->kind, found);
}

static void
test_elsewhere (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  keep (session, DH_FRAME_HYBRID);
  const double first = dh_session_get_run_threshold (session, 1)->value;
  g_autoptr (GBytes) values = g_bytes_ref (map_of (session, DH_FRAME_HYBRID));
  /* The next picture: the same network's map, the kept threshold. */
  g_assert_true (dh_session_step (session, 1));
  session_wait_for (map_of (session, DH_FRAME_HYBRID) != NULL);
  g_assert_true (map_of (session, DH_FRAME_RUN_B) == map_of (session, DH_FRAME_HYBRID));
  g_assert_false (g_bytes_equal (values, map_of (session, DH_FRAME_RUN_B)));
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 1)->value, ==, first);
  g_autoptr (GBytes) next = g_bytes_ref (map_of (session, DH_FRAME_HYBRID));
  g_autofree char *folder = g_build_filename (g_get_user_cache_dir (), "densehybrid", "maps", NULL);
  g_autoptr (DhMapCache) cache = dh_map_cache_new (folder, DH_MAP_CACHE_DEFAULT_LIMIT);
  session_wait_for (is_stored (session, cache));
  /* Other weights, without that map: there is what was kept, on its picture alone. */
  dh_session_open_weights (session, fixture->closed);
  session_wait_for (!dh_session_is_loading (session) && map_of (session, DH_FRAME_LIKELIHOOD) != NULL
                    && map_of (session, DH_FRAME_HYBRID) == NULL);
  g_assert_false (dh_session_made_kept_map (session));
  /* but for what that network has computed before, which lies in the cache */
  session_wait_for (dh_session_get_run_map (session, 1) != NULL);
  g_assert_null (dh_session_get_run_map (session, 1)->error);
  g_assert_true (g_bytes_equal (map_of (session, DH_FRAME_RUN_B), next));
  dh_map_cache_clear (cache);
  g_assert_true (dh_session_step (session, 1));
  session_wait_for (map_of (session, DH_FRAME_LIKELIHOOD) != NULL && dh_session_get_run_map (session, 1) != NULL);
  g_assert_null (map_of (session, DH_FRAME_RUN_B));
  g_assert_nonnull (dh_session_get_run_map (session, 1)->error);
  const gint sides[2] = { DH_FRAME_LIKELIHOOD, DH_FRAME_RUN_B };
  g_autoptr (DhComparedNumbers) numbers = dh_compared_numbers_new (session, sides);
  g_assert_true (isnan (numbers->lines[DH_COMPARED_TPR].value[1]));
  g_assert_nonnull (numbers->lines[DH_COMPARED_TPR].why[1]);
  g_assert_true (dh_session_step (session, -2));
  session_wait_for (map_of (session, DH_FRAME_LIKELIHOOD) != NULL);
  g_assert_null (map_of (session, DH_FRAME_HYBRID));
  g_assert_true (g_bytes_equal (values, map_of (session, DH_FRAME_RUN_B)));
  g_assert_null (dh_session_get_run_map (session, 1)->error);
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 1)->value, ==, first);
  /* Those weights again: everywhere again. */
  dh_session_open_weights (session, fixture->weights);
  session_wait_for (!dh_session_is_loading (session) && map_of (session, DH_FRAME_HYBRID) != NULL);
  g_assert_true (dh_session_step (session, 1));
  session_wait_for (map_of (session, DH_FRAME_RUN_B) != NULL);
  g_assert_true (map_of (session, DH_FRAME_RUN_B) == map_of (session, DH_FRAME_HYBRID));
}

static void
test_release (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  DhView *view = dh_session_get_view (session);
  session_open_all (fixture);
  g_assert_false (dh_session_release_kept_map (session));
  g_object_set (view, "compare-b", "entropy", NULL);
  g_assert_true (dh_session_keep_map (session, DH_FRAME_LIKELIHOOD));
  g_object_set (view, "compare-b", DH_KEPT_NAME, NULL);
  g_assert_true (dh_session_keep_map (session, DH_FRAME_LIKELIHOOD));
  g_assert_true (dh_session_release_kept_map (session));
  g_assert_true (dh_view_is (view, "compare-b", "entropy"));
  /* Sides that were swapped in between do not become the same. */
  g_object_set (view, "compare-a", "likelihood", NULL);
  g_assert_true (dh_session_keep_map (session, DH_FRAME_LIKELIHOOD));
  g_object_set (view, "compare-a", DH_KEPT_NAME, "compare-b", "likelihood", NULL);
  g_assert_true (dh_session_release_kept_map (session));
  g_assert_true (dh_view_is (view, "compare-a", "entropy") && dh_view_is (view, "compare-b", "likelihood"));
  g_object_set (view, "compare-b", "entropy", NULL);
  /* With another data set no side shows it any more; it comes back with its own, to be chosen. */
  g_assert_true (dh_session_keep_map (session, DH_FRAME_LIKELIHOOD));
  g_object_set (view, "compare-a", DH_KEPT_NAME, NULL);
  dh_session_compare_run (session, 0, DH_KEPT_RUN);
  g_assert_nonnull (map_of (session, DH_FRAME_RUN_A));
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (!dh_session_is_opening (session) && !dh_view_is (view, "compare-a", DH_KEPT_NAME));
  dh_session_compare_run (session, 0, 0); /* as the window does by the view */
  session_wait_for (map_of (session, DH_FRAME_LIKELIHOOD) != NULL);
  g_assert_null (map_of (session, DH_FRAME_RUN_A));
  session_wait_for (dh_session_get_kept_map (session) != NULL);
  g_assert_true (dh_session_release_kept_map (session));
  /* A name that an earlier start left. */
  g_object_set (view, "compare-b", DH_KEPT_NAME, NULL);
  dh_session_settle_kept_map (session);
  g_assert_true (dh_view_is (view, "compare-b", "likelihood"));
  /* The end of the program does as well where there is no comparison: what stood there before is what it begins with.
   */
  g_object_set (view, "compare-b", "entropy", NULL);
  g_assert_true (dh_session_keep_map (session, DH_FRAME_LIKELIHOOD));
  g_object_set (view, "compare-b", DH_KEPT_NAME, NULL);
  dh_session_compare_run (session, 1, DH_KEPT_RUN);
  dh_session_close (session);
  g_autoptr (DhSession) next = dh_session_new ();
  g_assert_true (dh_view_is (dh_session_get_view (next), "compare-b", "entropy"));
  g_object_set (dh_session_get_view (next), "compare-b", "likelihood", NULL);
  dh_session_close (next);
}

static void
on_weights (DhSession *session, GParamSpec *spec, guint *kept)
{
  *kept += dh_session_keep_map (session, DH_FRAME_LIKELIHOOD);
}

/* What is shown while other weights come is not theirs. */
static void
test_between (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  guint kept = 0;
  session_open_all (fixture);
  const gulong handler = g_signal_connect (session, "notify::model-info", G_CALLBACK (on_weights), &kept);
  dh_session_open_weights (session, fixture->closed);
  session_wait_for (!dh_session_is_loading (session) && map_of (session, DH_FRAME_LIKELIHOOD) != NULL
                    && map_of (session, DH_FRAME_HYBRID) == NULL);
  g_signal_handler_disconnect (session, handler);
  g_assert_cmpuint (kept, ==, 0);
  g_assert_true (dh_session_keep_map (session, DH_FRAME_LIKELIHOOD));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/kept-map/threshold", test_threshold, NULL }, { "/kept-map/outlives", test_outlives },
    { "/kept-map/numbers", test_numbers, NULL },     { "/kept-map/elsewhere", test_elsewhere, NULL },
    { "/kept-map/release", test_release, NULL },     { "/kept-map/between", test_between, NULL }
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
