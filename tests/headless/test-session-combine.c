/* A run made of others' maps through the studio's session: without its set being open, the line that does the same,
 * beside the others in Browse, stopped, refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-run-list.h"
#include "dh-run-map.h"
#include "dh-run-removal.h"
#include "dh-session-combine.h"
#include "dh-session-evaluation.h"
#include "dh-session-import.h"
#include "session-fixture.h"
#include "tree.h"

/* Borrowed from the list; of the database, which serves all tests, the newest. */
static const DhRun *
find_run (DhSession *session, const char *model)
{
  GListModel *runs = dh_session_get_runs (session);
  for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
      const DhRun *run = dh_run_item_get (item);
      if ((model == NULL || g_strcmp0 (run->model, model) == 0) && run->state == DH_RUN_ITEM_DONE)
        return run;
    }
  return NULL;
}

static gint64
evaluate (SessionFixture *fixture)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  session_wait_for (find_run (session, NULL) != NULL
                    && g_str_has_prefix (find_run (session, NULL)->root, fixture->root));
  return find_run (session, NULL)->id;
}

static void
combine (SessionFixture *fixture, const DhCombineOrder *order, const char *name)
{
  DhImportProgress progress;
  g_assert_true (dh_session_combine_runs (fixture->session, order, name));
  g_assert_false (dh_session_combine_runs (fixture->session, order, name));
  g_assert_true (dh_session_get_import_progress (fixture->session, &progress));
  g_assert_cmpstr (progress.method, ==, name);
  session_wait_for (!dh_session_get_import_progress (fixture->session, &progress));
}

static void
test_combine (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const gint64 own = evaluate (fixture);
  const guint before = fixture->messages;
  combine (fixture, &(DhCombineOrder){ .runs = &own, .n_runs = 1, .sigma = 1.5 }, "Blurred");
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_cmpuint (fixture->messages, ==, before + 1);
  session_wait_for (find_run (session, "Blurred") != NULL);
  const DhRun *run = find_run (session, "Blurred");
  const gint64 blurred = run->id;
  const double ap = run->ap;
  g_autofree char *made_of = g_strdup_printf ("run %" G_GINT64_FORMAT " · blurred by 1.5 px", own);
  g_assert_cmpstr (run->made_of, ==, made_of);
  g_assert_cmpstr (dh_run_get_score_name (run), ==, "combined");
  g_assert_true (run->imported && run->has_maps && run->device == NULL);
  g_assert_cmpuint (run->images, ==, 4);
  g_assert_true (isfinite (ap));

  /* The same line in a shell gives the same numbers. */
  g_assert_true (g_str_has_prefix (run->command, "densehybrid combine --run "));
  g_autofree char *line =
      g_strdup_printf ("'%s'%s --folder '%s/again' --quiet >'%s/again.txt'", g_getenv ("DH_PROGRAM"),
                       run->command + strlen ("densehybrid"), fixture->root, fixture->root);
  g_assert_cmpint (system (line), ==, 0);
  g_autofree char *said = g_build_filename (fixture->root, "again.txt", NULL), *text = NULL;
  g_assert_true (g_file_get_contents (said, &text, NULL, NULL));
  g_autofree char *number = g_strdup_printf (" %.2f ", 100 * ap);
  g_assert_nonnull (strstr (text, number));

  /* Of several, one of them made: what it was made of is told, whatever order they have. */
  const gint64 both[] = { own, blurred };
  combine (fixture,
           &(DhCombineOrder){
               .runs = both, .n_runs = 2, .how = DH_COMBINED_SUM, .scale = DH_COMBINED_RANKS, .weights = "1, 0.5" },
           "Both");
  g_assert_cmpstr (fixture->error, ==, NULL);
  session_wait_for (find_run (session, "Both") != NULL);
  g_autofree char *sum =
      g_strdup_printf ("weighted sum of runs %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " · each as ranks", own, blurred);
  g_assert_cmpstr (find_run (session, "Both")->made_of, ==, sum);

  /* Its map stands in Browse as any run's. */
  dh_session_compare_run (session, 0, blurred);
  session_wait_for (dh_session_get_frame (session) != NULL
                    && dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_RUN_A));
}

/* Stopped, taken up, and dropped with the session in its middle. */
static void
test_stop (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  DhImportProgress progress;
  const gint64 own = evaluate (fixture);
  const DhCombineOrder order = { .runs = &own, .n_runs = 1, .sigma = 2 };
  const DhRun whole = { .id = own, .state = DH_RUN_ITEM_DONE }, another = { .id = own + 1, .state = DH_RUN_ITEM_DONE };
  g_assert_null (dh_session_refuse_removal (session, &whole));
  g_assert_true (dh_session_combine_runs (session, &order, "stopped"));
  /* Without its maps the rest of the images would be left out. */
  g_assert_cmpstr (dh_session_refuse_removal (session, &whole), ==, "A run is being made of its maps");
  g_assert_null (dh_session_refuse_removal (session, &another));
  dh_session_cancel_import (session);
  session_wait_for (!dh_session_get_import_progress (session, &progress));
  g_assert_null (dh_session_refuse_removal (session, &whole));
  g_assert_cmpstr (fixture->error, ==, NULL);
  combine (fixture, &order, "stopped");
  session_wait_for (find_run (session, "stopped") != NULL);
  g_assert_cmpuint (find_run (session, "stopped")->images, ==, 4);
  g_assert_true (
      dh_session_combine_runs (session, &(DhCombineOrder){ .runs = &own, .n_runs = 1, .sigma = 3 }, "dropped"));
}

/* Sentences, and no run, where none can be made. */
static void
test_refused (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const gint64 own = evaluate (fixture);
  g_autofree char *none = dh_session_refuse_order (&(DhCombineOrder){ .runs = &own, .n_runs = 1 });
  g_assert_nonnull (none);
  g_assert_false (dh_session_combine_runs (session, &(DhCombineOrder){ .runs = &own, .n_runs = 1 }, "none"));
  const gint64 twice[] = { own, own };
  g_autofree char *same = dh_session_refuse_order (&(DhCombineOrder){ .runs = twice, .n_runs = 2 });
  g_assert_nonnull (strstr (same, "twice"));
  g_autofree char *folder = g_strdup (find_run (session, NULL)->folder);
  tree_remove (folder);
  combine (fixture, &(DhCombineOrder){ .runs = &own, .n_runs = 1, .sigma = 1 }, "gone");
  g_assert_nonnull (fixture->error);
  g_assert_nonnull (strstr (fixture->error, "gone"));
}

static void
test_chosen (SessionFixture *fixture, gconstpointer data)
{
  const DhRun fine = {
    .state = DH_RUN_ITEM_DONE, .has_maps = TRUE, .score = (char *)"hybrid", .fingerprint = (char *)"f"
  };
  DhRun other = fine;
  const DhRun *const runs[] = { &fine, &other };
  g_assert_nonnull (dh_session_refuse_combining (runs, 0));
  g_assert_null (dh_session_refuse_combining (runs, 1));
  g_assert_null (dh_session_refuse_combining (runs, 2));
  g_assert_true (dh_session_are_of_one_scale (runs, 2));
  other.score = (char *)"entropy";
  g_assert_false (dh_session_are_of_one_scale (runs, 2));
  g_assert_true (dh_session_are_of_one_scale (runs, 1));
  other = fine;
  other.imported = TRUE;
  g_assert_false (dh_session_are_of_one_scale (runs, 2));
  other.has_maps = FALSE;
  g_assert_nonnull (dh_session_refuse_combining (runs, 2));
  other = fine;
  other.state = DH_RUN_ITEM_RUNNING;
  g_assert_nonnull (dh_session_refuse_combining (runs, 2));
  other = fine;
  other.fingerprint = (char *)"g";
  g_assert_nonnull (dh_session_refuse_combining (runs, 2));
  other = (DhRun){ .training = TRUE, .state = DH_RUN_ITEM_DONE };
  g_assert_nonnull (dh_session_refuse_combining (runs, 2));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/session-combine/combine", test_combine, NULL },
                                       { "/session-combine/stop", test_stop, NULL },
                                       { "/session-combine/refused", test_refused, NULL },
                                       { "/session-combine/chosen", test_chosen, NULL } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
