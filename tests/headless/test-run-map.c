/* A finished run's maps beside the shown picture's: from its folder, whatever lies there. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "dh-comparison.h"
#include "dh-run-list.h"
#include "dh-run-map.h"
#include "dh-session-evaluation.h"
#include "dh-session-reopen.h"
#include "session-fixture.h"
#include "tree.h"

/* The set evaluated; borrowed from the list. */
static const DhRun *
evaluate (SessionFixture *fixture)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  GListModel *runs = dh_session_get_runs (session);
  const gint64 id = dh_session_get_evaluation (session)->run;
  for (;;)
    {
      for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
        {
          g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
          const DhRun *run = dh_run_item_get (item);
          if (run->id == id && run->state == DH_RUN_ITEM_DONE)
            return run;
        }
      session_turn ();
    }
}

static char *
map_path (SessionFixture *fixture, const DhRun *run)
{
  g_autofree char *name =
      g_strconcat (dh_image_item_get_stem (dh_session_get_current (fixture->session)), ".npy", NULL);
  return g_build_filename (run->folder, "eval", "scores", name, NULL);
}

static void
wait_for_map (DhSession *session, guint side)
{
  session_wait_for (dh_session_get_run_map (session, side) != NULL);
}

/* The same weights' map is the same map, with a threshold and a median of the whole set. */
static void
test_same (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const DhRun *run = evaluate (fixture);
  g_assert_true (dh_session_can_compare_run (session, run));
  dh_session_compare_run (session, 1, run->id);
  for (guint picture = 0; picture < 2; picture++)
    {
      session_wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_RUN_B)
                        && dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_HYBRID));
      DhFrame *frame = dh_session_get_frame (session);
      g_assert_true (g_bytes_equal (frame->maps[DH_FRAME_RUN_B], frame->maps[DH_FRAME_HYBRID]));
      g_assert_false (dh_frame_has_map (frame, DH_FRAME_RUN_A));
      if (picture == 0)
        g_assert_true (dh_session_step (session, 1));
    }
  const DhRunMap *map = dh_session_get_run_map (session, 1);
  g_assert_cmpint (map->kind, ==, DH_FRAME_HYBRID);
  const double best = dh_score_stats_choose (dh_session_get_set_stats (session), DH_SCORE_HYBRID, DH_RULE_BEST_F1);
  g_assert_cmpfloat_with_epsilon (map->best_f1, best, 1e-5);
  /* Both thresholds at the same place: nothing between them. */
  dh_session_set_threshold (session, DH_SCORE_HYBRID, map->best_f1);
  DhComparison *comparison = dh_session_get_comparison (session);
  DhAlignment mine, its;
  g_assert_true (dh_comparison_align (comparison, DH_FRAME_HYBRID, &mine));
  g_assert_true (dh_comparison_align (comparison, DH_FRAME_RUN_B, &its));
  g_assert_cmpfloat (mine.zero, ==, its.zero);
  g_assert_cmpfloat_with_epsilon (its.factor / mine.factor, 1, 0.05); /* the stored curve has fewer points */
  DhDifference taken;
  g_assert_null (dh_comparison_refuse (comparison, DH_FRAME_HYBRID, DH_FRAME_RUN_B));
  g_assert_true (dh_comparison_subtract (comparison, DH_FRAME_HYBRID, DH_FRAME_RUN_B, TRUE, &taken));
  g_assert_true (taken.aligned);
  /* A run against itself is no difference; without it the frame has no such map. */
  dh_session_compare_run (session, 0, run->id);
  g_assert_nonnull (dh_comparison_refuse (comparison, DH_FRAME_RUN_A, DH_FRAME_RUN_B));
  dh_session_compare_run (session, 0, 0);
  dh_session_compare_run (session, 1, 0);
  g_assert_false (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_RUN_B));
}

/* What is gone, cut short, of another size or of no run: a sentence, and no map. */
static void
test_broken (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const DhRun *run = evaluate (fixture);
  g_autofree char *path = map_path (fixture, run);
  g_autofree char *whole = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (path, &whole, &length, NULL));
  char *place = strstr (whole + 10, "(48, 64)"); /* behind magic, version, length */
  g_assert_nonnull (place);
  for (guint i = 0; i < 5; i++)
    {
      if (i == 0)
        g_assert_cmpint (g_unlink (path), ==, 0);
      else if (i == 1)
        g_assert_true (g_file_set_contents (path, whole, (gssize)length / 2, NULL));
      else if (i == 2)
        g_assert_true (g_file_set_contents (path, "none", -1, NULL));
      else if (i == 3)
        {
          memcpy (place, "(64, 48)", 8);
          g_assert_true (g_file_set_contents (path, whole, (gssize)length, NULL));
          memcpy (place, "(48, 64)", 8);
        }
      dh_session_compare_run (session, 0, i == 4 ? run->id + 100 : run->id);
      wait_for_map (session, 0);
      g_assert_nonnull (dh_session_get_run_map (session, 0)->error);
      g_assert_false (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_RUN_A));
      DhAlignment alignment;
      g_assert_false (dh_comparison_align (dh_session_get_comparison (session), DH_FRAME_RUN_A, &alignment)
                      && !isfinite (alignment.factor));
      dh_session_compare_run (session, 0, 0);
    }
  /* Whole again, it is shown. */
  g_assert_true (g_file_set_contents (path, whole, (gssize)length, NULL));
  dh_session_compare_run (session, 0, run->id);
  session_wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_RUN_A));
}

/* From the list of runs into the comparison; another set's runs are none of this one's. */
static void
test_opened (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const DhRun *run = evaluate (fixture);
  DhRun other = *run;
  g_assert_nonnull (dh_session_refuse_runs (run, NULL));
  g_assert_null (dh_session_refuse_runs (run, &other));
  other.root = (char *)"/elsewhere";
  g_assert_nonnull (dh_session_refuse_runs (run, &other));
  g_assert_false (dh_session_can_compare_run (session, &other));
  other = *run;
  other.has_maps = FALSE;
  g_assert_nonnull (dh_session_refuse_runs (run, &other));
  g_assert_true (dh_session_compare_runs (session, run, run));
  DhView *view = dh_session_get_view (session);
  g_autofree char *name = g_strdup_printf ("run:%" G_GINT64_FORMAT, run->id);
  g_assert_cmpstr (dh_view_get_string (view, "compare-b"), ==, name);
  g_assert_true (dh_view_is (view, "layout", "compare"));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/run-map/same", test_same, NULL },
    { "/run-map/broken", test_broken, NULL },
    { "/run-map/opened", test_opened, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
