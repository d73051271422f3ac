/* Another method's scores through the studio's session: the first look, the run, its comparison, stopping, refusals. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-comparison.h"
#include "dh-run-details.h"
#include "dh-run-list.h"
#include "dh-run-map.h"
#include "dh-session-evaluation.h"
#include "dh-run-threshold.h"
#include "dh-session-import.h"
#include "dh-session-reopen.h"
#include "session-fixture.h"
#include "tree.h"

typedef struct
{
  DhScoreLook *look;
  GError *error;
  gboolean done;
} Looked;

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  Looked *looked = data;
  looked->look = dh_session_look_at_scores_finish (DH_SESSION (source), result, &looked->error);
  looked->done = TRUE;
}

static Looked
look_at (DhSession *session, const char *folder, const char *root)
{
  Looked looked = { NULL, NULL, FALSE };
  dh_session_look_at_scores (session, folder, root, NULL, on_looked, &looked);
  session_wait_for (looked.done);
  return looked;
}

static void
import (SessionFixture *fixture, const char *folder, const char *root, const char *method, gboolean low)
{
  DhImportProgress progress;
  g_assert_true (dh_session_import_scores (fixture->session, folder, root, method, low));
  g_assert_false (dh_session_import_scores (fixture->session, folder, root, method, low));
  g_assert_true (dh_session_get_import_progress (fixture->session, &progress));
  g_assert_cmpstr (progress.method, ==, method);
  session_wait_for (!dh_session_get_import_progress (fixture->session, &progress));
}

/* Borrowed from the list. */
static const DhRun *
find_run (DhSession *session, const char *model)
{
  GListModel *runs = dh_session_get_runs (session);
  for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
      if (g_strcmp0 (dh_run_item_get (item)->model, model) == 0 && dh_run_item_get (item)->state == DH_RUN_ITEM_DONE)
        return dh_run_item_get (item);
    }
  return NULL;
}

/* The open set's run of the network, whose maps are then imported. */
static const DhRun *
evaluate (SessionFixture *fixture)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  GListModel *runs = dh_session_get_runs (session);
  for (;;)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (runs, 0);
      /* One database serves all tests. */
      if (item != NULL && dh_run_item_get (item)->state == DH_RUN_ITEM_DONE
          && g_str_has_prefix (dh_run_item_get (item)->root, fixture->root))
        return dh_run_item_get (item);
      session_turn ();
    }
}

static void
test_import (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_assert_false (dh_session_can_import_for_open (session));
  const DhRun *own = evaluate (fixture);
  const gint64 own_id = own->id;
  const double ap = own->ap, f1 = own->mean_f1;
  g_autofree char *folder = g_strdup (own->folder);
  g_assert_true (dh_session_can_import_for_open (session));
  Looked looked = look_at (session, folder, NULL);
  g_assert_no_error (looked.error);
  g_assert_cmpuint (looked.look->n_found, ==, 4);
  g_assert_cmpuint (looked.look->n_pictures, ==, 4);
  g_assert_cmpuint (looked.look->n_looked, ==, 4);
  g_assert_true (isfinite (looked.look->auroc));
  dh_score_look_free (looked.look);

  const guint before = fixture->messages;
  import (fixture, folder, NULL, "RbA", FALSE);
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_cmpuint (fixture->messages, ==, before + 1);
  session_wait_for (find_run (session, "RbA") != NULL);
  const DhRun *run = find_run (session, "RbA");
  g_assert_true (run->imported && run->has_maps);
  g_assert_cmpfloat (run->ap, ==, ap);
  g_assert_cmpfloat (run->mean_f1, ==, f1);
  g_assert_cmpuint (run->images, ==, 4);
  g_assert_null (run->device);
  g_assert_null (run->precision);
  g_assert_cmpfloat (run->seconds, ==, 0);

  /* The same line in a shell gives the same numbers. */
  g_assert_true (g_str_has_prefix (run->command, "densehybrid eval-ood "));
  g_autofree char *line = g_strdup_printf ("'%s'%s --db '%s/again.db' --quiet >'%s/again.txt'", g_getenv ("DH_PROGRAM"),
                                           run->command + strlen ("densehybrid"), fixture->root, fixture->root);
  g_assert_cmpint (system (line), ==, 0);
  g_autofree char *said = g_build_filename (fixture->root, "again.txt", NULL), *text = NULL;
  g_assert_true (g_file_get_contents (said, &text, NULL, NULL));
  g_autofree char *number = g_strdup_printf (" %.2f ", 100 * ap);
  g_assert_nonnull (strstr (text, number));

  /* Beside the network's run in Browse, where both maps are the same but not in one unit. */
  run = find_run (session, "RbA");
  const gint64 imported_id = run->id;
  g_autoptr (DhRunItem) own_item = NULL;
  for (guint i = 0; i < g_list_model_get_n_items (dh_session_get_runs (session)); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (dh_session_get_runs (session), i);
      if (dh_run_item_get (item)->id == own_id)
        own_item = g_steal_pointer (&item);
    }
  g_assert_null (dh_session_refuse_runs (run, dh_run_item_get (own_item)));
  g_assert_true (dh_session_compare_runs (session, run, dh_run_item_get (own_item)));
  dh_session_compare_run (session, 0, imported_id);
  dh_session_compare_run (session, 1, own_id);
  session_wait_for (
      dh_session_get_frame (session) != NULL && dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_RUN_A)
      && dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_RUN_B)
      && dh_session_get_run_details (session, 0) != NULL && dh_session_get_run_details (session, 1) != NULL);
  DhFrame *frame = dh_session_get_frame (session);
  g_assert_true (g_bytes_equal (frame->maps[DH_FRAME_RUN_A], frame->maps[DH_FRAME_RUN_B]));
  g_assert_true (dh_session_get_run_map (session, 0)->imported);
  DhComparison *comparison = dh_session_get_comparison (session);
  g_assert_false (dh_comparison_shares_unit (comparison, DH_FRAME_RUN_A, DH_FRAME_RUN_B));
  g_assert_false (dh_comparison_shares_unit (comparison, DH_FRAME_RUN_A, DH_FRAME_RUN_A));
  g_assert_null (dh_comparison_refuse (comparison, DH_FRAME_RUN_A, DH_FRAME_RUN_B));
  DhDifference difference;
  g_assert_true (dh_comparison_subtract (comparison, DH_FRAME_RUN_A, DH_FRAME_RUN_B, FALSE, &difference));
  g_assert_true (difference.aligned);
  g_assert_cmpfloat (difference.side[0].zero, ==, difference.side[1].zero);

  /* Opened by itself it stands as A beside what the network gives. */
  DhView *view = dh_session_get_view (session);
  g_object_set (view, "compare-a", "hybrid", "compare-b", "likelihood", "layout", "grid", NULL);
  g_assert_true (dh_session_open_run (session, find_run (session, "RbA"), NULL));
  g_autofree char *side = g_strdup_printf ("run:%" G_GINT64_FORMAT, imported_id);
  g_assert_true (dh_view_is (view, "layout", "compare") && dh_view_is (view, "compare-a", side));
  g_assert_true (dh_view_is (view, "compare-b", "likelihood"));
}

/* A set in a folder, which is not opened for that; the scores' folder may go afterwards. */
static void
test_other_set (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *maps = g_build_filename (fixture->root, "PEBAL", NULL);
  const DhRun *own = evaluate (fixture);
  g_autofree char *copy = g_strdup_printf ("cp -r '%s/eval/scores' '%s'", own->folder, maps);
  g_assert_cmpint (system (copy), ==, 0);
  Looked looked = look_at (session, maps, fixture->set);
  g_assert_no_error (looked.error);
  g_assert_cmpstr (looked.look->method, ==, "PEBAL");
  dh_score_look_free (looked.look);
  import (fixture, maps, fixture->set, "PEBAL", FALSE);
  tree_remove (maps);
  session_wait_for (find_run (session, "PEBAL") != NULL);
  dh_session_compare_run (session, 1, find_run (session, "PEBAL")->id);
  session_wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_RUN_B));
}

/* Sentences, and no run, where nothing can be measured. */
static void
test_refused (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *maps = g_build_filename (fixture->root, "nothing", NULL);
  tree_bytes (maps, "road.npy", "x", 1);
  Looked none = look_at (session, maps, NULL);
  g_assert_nonnull (none.error);
  g_assert_nonnull (strstr (none.error->message, "Choose the data set"));
  g_clear_error (&none.error);
  session_open_all (fixture);
  Looked looked = look_at (session, maps, NULL);
  g_assert_null (looked.look);
  g_assert_nonnull (strstr (looked.error->message, "no file bears the name of an image"));
  g_clear_error (&looked.error);
  import (fixture, maps, NULL, "refused", FALSE);
  g_assert_nonnull (fixture->error);
  g_assert_nonnull (strstr (fixture->error, "no file bears the name"));
  for (guint i = 0; i < 20; i++)
    session_turn ();
  for (guint i = 0; i < g_list_model_get_n_items (dh_session_get_runs (session)); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (dh_session_get_runs (session), i);
      g_assert_cmpstr (dh_run_item_get (item)->model, !=, "refused");
    }
}

/* Stopped, taken up, and dropped with the session in its middle. */
static void
test_stop (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  DhImportProgress progress;
  const DhRun *own = evaluate (fixture);
  g_autofree char *folder = g_strdup (own->folder);
  g_assert_true (dh_session_import_scores (session, folder, NULL, "stopped", TRUE));
  dh_session_cancel_import (session);
  session_wait_for (!dh_session_get_import_progress (session, &progress));
  g_assert_cmpstr (fixture->error, ==, NULL);
  import (fixture, folder, NULL, "stopped", TRUE);
  session_wait_for (find_run (session, "stopped") != NULL);
  g_assert_nonnull (strstr (find_run (session, "stopped")->command, "--low-is-anomalous"));
  g_assert_true (dh_session_import_scores (session, folder, NULL, "dropped", FALSE));
}

/* Only what is clear is guessed. */
static void
test_guess (SessionFixture *fixture, gconstpointer data)
{
  const struct
  {
    double auroc;
    DhAnomalousEnd end;
  } cases[] = { { 0.97, DH_ANOMALOUS_HIGH },
                { 0.03, DH_ANOMALOUS_LOW },
                { 0.55, DH_ANOMALOUS_UNKNOWN },
                { 0.4, DH_ANOMALOUS_UNKNOWN },
                { NAN, DH_ANOMALOUS_UNKNOWN } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const DhScoreLook look = { .auroc = cases[i].auroc };
      g_assert_cmpint (dh_score_look_guess (&look), ==, cases[i].end);
    }
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/session-import/import", test_import, NULL },
                                       { "/session-import/other-set", test_other_set, NULL },
                                       { "/session-import/refused", test_refused, NULL },
                                       { "/session-import/stop", test_stop, NULL },
                                       { "/session-import/guess", test_guess, NULL } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
