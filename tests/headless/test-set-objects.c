/* The set's objects in the studio's session: they follow score, threshold and evaluation, are found again by undo, and
 * say what they lack. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "dh-run-list.h"
#include "dh-session-components.h"
#include "dh-session-evaluation.h"
#include "dh-session-set-objects.h"
#include "session-fixture.h"
#include "tree.h"

static void
evaluate (SessionFixture *fixture)
{
  dh_session_evaluate (fixture->session);
  session_wait_for (!dh_session_is_evaluating (fixture->session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_nonnull (dh_session_get_set_stats (fixture->session));
}

static gboolean
are_there (DhSession *session)
{
  return dh_session_get_set_objects (session) != NULL && !dh_session_set_objects_are_old (session);
}

static const DhSetObjects *
wait_for_objects (DhSession *session)
{
  session_wait_for (are_there (session));
  const DhSetObjects *objects = dh_session_get_set_objects (session);
  const DhScore score = dh_session_get_active_score (session);
  g_assert_cmpint (objects->score, ==, score);
  g_assert_cmpfloat (objects->threshold, ==, dh_session_get_threshold (session, score)->value);
  guint done, of;
  dh_session_get_set_objects_progress (session, &done, &of);
  g_assert_cmpuint (of, ==, 0);
  return objects;
}

/* The pixels are those that the slider counts. */
static void
assert_counts (DhSession *session, const DhSetObjects *objects)
{
  DhCounts counts;
  dh_score_stats_count (dh_session_get_set_stats (session), objects->score, objects->threshold, &counts);
  g_assert_cmpuint (objects->counts.tp, ==, counts.tp);
  g_assert_cmpuint (objects->counts.fp, ==, counts.fp);
  g_assert_cmpuint (objects->counts.fn, ==, counts.fn);
  g_assert_cmpuint (objects->counts.tn, ==, counts.tn);
  g_assert_cmpuint (objects->n_unread, ==, 0);
  /* and what the list tells is of the same threshold */
  for (guint i = 0; i < objects->n; i++)
    {
      const DhPictureComponents *components = objects->pictures[i].components;
      const double told = dh_image_item_get_largest_missed (dh_image_list_get_item (dh_session_get_list (session), i));
      double largest = components->n_of[DH_OBJECT_FOUND] > 0 ? 0 : (double)NAN;
      for (guint k = 0; k < components->n; k++)
        if (components->items[k].kind == DH_OBJECT_MISSED)
          largest = fmax (largest, (double)components->items[k].area);
      g_assert_true (told == largest || (isnan (told) && isnan (largest)));
    }
}

/* The list is sorted by what this threshold misses, not by what the evaluation's did. */
static void
assert_largest_missed (DhSession *session, const DhSetObjects *objects)
{
  DhImageList *list = dh_session_get_list (session);
  double before = INFINITY;
  dh_image_list_set_sort (list, DH_SORT_LARGEST_MISS, TRUE);
  for (guint i = 0; i < dh_image_list_get_shown (list); i++)
    {
      g_autoptr (DhImageItem) item = g_list_model_get_item (G_LIST_MODEL (list), i);
      const DhPictureComponents *components = objects->pictures[dh_image_item_get_index (item)].components;
      double largest = components->n_of[DH_OBJECT_MISSED] + components->n_of[DH_OBJECT_FOUND] > 0 ? 0 : NAN;
      for (guint k = 0; k < components->n; k++)
        if (components->items[k].kind == DH_OBJECT_MISSED)
          largest = fmax (largest, (double)components->items[k].area);
      g_assert_cmpfloat (largest, ==, dh_image_item_get_largest_missed (item));
      g_assert_cmpfloat (largest, >, 0);
      g_assert_cmpfloat (largest, <=, before);
      before = largest;
    }
  g_assert_true (isfinite (before));
  dh_image_list_set_sort (list, DH_SORT_NAME, TRUE);
}

static void
test_follow (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  guint done, of;
  session_open_all (fixture);
  g_assert_null (dh_session_get_set_objects (session));
  dh_session_get_set_objects_progress (session, &done, &of);
  g_assert_cmpuint (of, ==, 0);
  evaluate (fixture);
  const DhSetObjects *objects = wait_for_objects (session);
  g_assert_cmpuint (objects->n, ==, 4);
  assert_counts (session, objects);

  /* above all scores everything is missed */
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 1e6);
  g_assert_true (dh_session_set_objects_are_old (session));
  dh_session_get_set_objects_progress (session, &done, &of);
  g_assert_cmpuint (of, ==, 4);
  objects = wait_for_objects (session);
  assert_counts (session, objects);
  g_assert_cmpuint (objects->n_of[DH_OBJECT_MISSED], ==, 4);
  g_assert_cmpfloat (objects->mean_f1, ==, 0);
  g_assert_cmpint (dh_image_item_get_n_missed (dh_image_list_get_item (dh_session_get_list (session), 3)), ==, 1);
  DhImageItem *fourth = dh_image_list_get_item (dh_session_get_list (session), 3);
  g_assert_cmpint (dh_image_item_get_n_false (fourth), ==, 0);
  /* The largest of them is that of this threshold, not of the one that the evaluation chose. */
  g_assert_cmpfloat (dh_image_item_get_largest_missed (fourth), ==, objects->pictures[3].components->items[0].area);
  g_assert_cmpfloat (dh_image_item_get_largest_missed (fourth), >, 0);
  assert_largest_missed (session, objects);

  /* Every score and rule; thresholds between two floats too. What is shown is found among the set's. */
  for (DhScore score = 0; score < DH_N_SCORES; score++)
    {
      dh_session_set_active_score (session, score);
      objects = dh_session_get_set_objects (session);
      g_assert_true (objects == NULL || objects->score == score);
      g_assert_true (dh_session_choose_threshold (session, score, DH_RULE_BEST_F1));
      assert_counts (session, wait_for_objects (session));
      const double best = dh_session_get_threshold (session, score)->value;
      dh_session_set_threshold (session, score, best + fabs (best) * 1e-9);
      objects = wait_for_objects (session);
      assert_counts (session, objects);
      session_wait_for (dh_session_get_components (session) != NULL && !dh_session_components_are_old (session));
      const DhPictureComponents *here = dh_session_get_components (session);
      const DhPictureComponents *there =
          objects->pictures[dh_image_item_get_index (dh_session_get_current (session))].components;
      g_assert_cmpmem (here->n_of, sizeof here->n_of, there->n_of, sizeof there->n_of);
      g_assert_true (here->f1 == there->f1 || (isnan (here->f1) && isnan (there->f1)));
    }
}

/* What undo goes back to is there at once. */
static void
test_undo (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  evaluate (fixture);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  const DhSetObjects *before = wait_for_objects (session);
  const double threshold = before->threshold;
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_TPR95));
  g_assert_cmpfloat (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, !=, threshold);
  wait_for_objects (session);
  g_assert_true (dh_session_undo_threshold (session));
  g_assert_true (are_there (session));
  g_assert_true (dh_session_get_set_objects (session) == before);
  g_assert_cmpfloat (before->threshold, ==, threshold);
  /* and of the other score as well */
  dh_session_set_active_score (session, DH_SCORE_LIKELIHOOD);
  wait_for_objects (session);
  dh_session_set_active_score (session, DH_SCORE_HYBRID);
  g_assert_true (dh_session_get_set_objects (session) == before);
}

/* A slider on its way over it does not show it, but one that stays there does, without another walk. */
static void
test_pass_over (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  evaluate (fixture);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  const DhSetObjects *best = wait_for_objects (session);
  const double threshold = best->threshold;
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_TPR95));
  const DhSetObjects *other = wait_for_objects (session);
  dh_session_set_threshold (session, DH_SCORE_HYBRID, threshold);
  g_assert_true (dh_session_get_set_objects (session) == other);
  g_assert_true (dh_session_set_objects_are_old (session));
  session_wait_for (are_there (session));
  g_assert_true (dh_session_get_set_objects (session) == best);
  /* let go */
  dh_session_set_threshold (session, DH_SCORE_HYBRID, other->threshold + 1);
  dh_session_set_threshold (session, DH_SCORE_HYBRID, other->threshold);
  dh_session_commit_threshold (session, DH_SCORE_HYBRID);
  g_assert_true (dh_session_get_set_objects (session) == other);
  g_assert_false (dh_session_set_objects_are_old (session));
}

typedef struct
{
  guint signals;
  gboolean moved;
} Seen;

static void
move_on (DhSession *session, Seen *seen)
{
  guint done, of;
  dh_session_get_set_objects_progress (session, &done, &of);
  seen->signals++;
  if (of > 0 && done > 0 && !seen->moved)
    {
      seen->moved = TRUE;
      dh_session_set_threshold (session, DH_SCORE_HYBRID, -2e6);
    }
}

/* The next movement, another evaluation, another set, other weights and closing each end what is under way. */
static void
test_cancel (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *set = g_build_filename (fixture->root, "larger", NULL);
  session_write_set_of_size (set, 24, 256, 192);
  dh_session_open_weights (session, fixture->weights);
  dh_session_open_dataset (session, set);
  session_wait_for (dh_session_get_stats (session) != NULL && dh_session_can_evaluate (session)
                    && dh_score_stats_has (dh_session_get_stats (session), DH_SCORE_HYBRID));
  evaluate (fixture);
  wait_for_objects (session);
  Seen seen = { 0 };
  gulong handler = g_signal_connect (session, "set-objects", G_CALLBACK (move_on), &seen);
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 1e6);
  g_assert_cmpuint (seen.signals, ==, 1);
  session_wait_for (are_there (session));
  g_signal_handler_disconnect (session, handler);
  /* A machine that is quick is through before its progress is told. */
  const DhSetObjects *objects = wait_for_objects (session);
  g_assert_cmpuint (objects->n_of[DH_OBJECT_MISSED], ==, seen.moved ? 0 : 24);

  /* An evaluation has the disk and the processors for itself. */
  guint done, of;
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 3);
  dh_session_evaluate (session);
  dh_session_get_set_objects_progress (session, &done, &of);
  g_assert_cmpuint (of, ==, 0);
  g_assert_true (dh_session_set_objects_are_old (session));
  g_autofree char *why = dh_session_explain_set_objects (session);
  g_assert_nonnull (strstr (why, "when the evaluation is over"));
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_null (dh_session_get_set_objects (session));
  assert_counts (session, wait_for_objects (session));

  /* Another set has none, and its pictures say nothing of it. */
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 2);
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 4);
  g_assert_null (dh_session_get_set_objects (session));
  dh_session_get_set_objects_progress (session, &done, &of);
  g_assert_cmpuint (of, ==, 0);
  g_assert_cmpint (dh_image_item_get_n_missed (dh_image_list_get_item (dh_session_get_list (session), 0)), ==, -1);
  evaluate (fixture);
  wait_for_objects (session);
  DhImageItem *first = dh_image_list_get_item (dh_session_get_list (session), 0);
  g_assert_cmpint (dh_image_item_get_n_missed (first), >=, 0);

  /* Weights without an outlier head are measured by the likelihood. */
  dh_session_open_weights (session, fixture->closed);
  session_wait_for (dh_session_get_model_info (session) != NULL
                    && !dh_session_get_model_info (session)->has_outlier_head && dh_session_can_evaluate (session));
  g_assert_null (dh_session_get_set_objects (session));
  g_assert_cmpint (dh_image_item_get_n_missed (first), ==, -1);
  session_wait_for (dh_session_get_stats (session) != NULL
                    && dh_score_stats_has (dh_session_get_stats (session), DH_SCORE_LIKELIHOOD));
  evaluate (fixture);
  assert_counts (session, wait_for_objects (session));
  g_assert_cmpint (dh_session_get_set_objects (session)->score, ==, DH_SCORE_LIKELIHOOD);
  /* the set-up's end closes in the middle */
  dh_session_set_threshold (session, DH_SCORE_LIKELIHOOD, 1);
}

static char *
map_path (SessionFixture *fixture, guint index)
{
  DhSession *session = fixture->session;
  const gint64 id = dh_session_get_evaluation (session)->run;
  GListModel *runs = dh_session_get_runs (session);
  for (;;)
    {
      for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
        {
          g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
          const DhRun *run = dh_run_item_get (item);
          DhImageItem *picture = dh_image_list_get_item (dh_session_get_list (session), index);
          g_autofree char *name = g_strconcat (dh_image_item_get_stem (picture), ".npy", NULL);
          if (run->id == id && run->folder != NULL)
            return g_build_filename (run->folder, "eval", "scores", name, NULL);
        }
      session_turn ();
    }
}

/* Files that are not what was evaluated: said, and no number of them passes for one of the evaluation. */
static void
test_broken (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  evaluate (fixture);
  wait_for_objects (session);
  g_assert_null (dh_session_explain_set_objects (session));
  g_autofree char *first = map_path (fixture, 0), *second = map_path (fixture, 1);
  g_assert_cmpint (g_remove (second), ==, 0);
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 1e6);
  g_assert_cmpuint (wait_for_objects (session)->n_unread, ==, 1);
  g_autofree char *why = dh_session_explain_set_objects (session);
  g_assert_nonnull (strstr (why, "Without 1 image: "));
  g_assert_nonnull (strstr (why, second));
  g_assert_cmpint (dh_image_item_get_n_missed (dh_image_list_get_item (dh_session_get_list (session), 1)), ==, -1);
  g_assert_cmpint (dh_image_item_get_n_missed (dh_image_list_get_item (dh_session_get_list (session), 0)), ==, 1);

  /* the first picture's under the second's name: all can be read, and it is another set's numbers */
  g_autofree char *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (first, &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (second, bytes, (gssize)size, NULL));
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  g_autofree char *changed = NULL;
  session_wait_for ((changed = dh_session_explain_set_objects (session)) != NULL);
  g_assert_nonnull (strstr (changed, "changed since the evaluation"));
  g_assert_null (dh_session_get_set_objects (session));
  g_assert_cmpint (dh_image_item_get_n_missed (dh_image_list_get_item (dh_session_get_list (session), 0)), ==, -1);

  /* Evaluating again mends it. */
  evaluate (fixture);
  assert_counts (session, wait_for_objects (session));
  g_assert_null (dh_session_explain_set_objects (session));
}

static guint
count_shown (DhSession *session, const char *filter)
{
  DhImageList *list = dh_session_get_list (session);
  dh_image_list_set_filter (list, filter);
  return dh_image_list_get_shown (list);
}

/* Lists by what is missed and falsely flagged. */
static void
test_list (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  g_assert_cmpuint (count_shown (session, "missed>=0"), ==, 0);
  evaluate (fixture);
  wait_for_objects (session);
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 1e6);
  wait_for_objects (session);
  g_assert_cmpuint (count_shown (session, "missed > 0"), ==, 4);
  g_assert_cmpuint (count_shown (session, "missed>1"), ==, 0);
  g_assert_cmpuint (count_shown (session, "false>0"), ==, 0);
  g_assert_cmpuint (count_shown (session, "false<=0"), ==, 4);
  /* while others are looked for the list stays, and follows when they are there */
  dh_image_list_set_filter (dh_session_get_list (session), "false<1");
  dh_session_set_threshold (session, DH_SCORE_HYBRID, -1e6);
  g_assert_cmpuint (dh_image_list_get_shown (dh_session_get_list (session)), ==, 4);
  wait_for_objects (session);
  g_assert_cmpuint (dh_image_list_get_shown (dh_session_get_list (session)), ==, 0);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/set-objects/pass-over", test_pass_over }, { "/set-objects/follow", test_follow },
    { "/set-objects/undo", test_undo },           { "/set-objects/cancel", test_cancel },
    { "/set-objects/broken", test_broken },       { "/set-objects/list", test_list },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
