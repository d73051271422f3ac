/* Runs that are taken off the list, with the maps that no other run has. */
#include <sqlite3.h>
#include <string.h>
#include "dh-database.h"
#include "dh-folder-lock.h"
#include "dh-run-list.h"
#include "dh-run-removal.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"

static guint
count_runs (DhSession *session)
{
  return g_list_model_get_n_items (dh_session_get_runs (session));
}

static DhRunItem *
find_run (DhSession *session, gint64 id)
{
  for (guint i = 0; i < count_runs (session); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (dh_session_get_runs (session), i);
      if (dh_run_item_get (item)->id == id)
        return g_steal_pointer (&item);
    }
  return NULL;
}

static gboolean
is_done (DhSession *session, gint64 id)
{
  g_autoptr (DhRunItem) item = find_run (session, id);
  return item != NULL && dh_run_item_get (item)->state == DH_RUN_ITEM_DONE;
}

static gint64
evaluate (SessionFixture *fixture)
{
  dh_session_evaluate (fixture->session);
  session_wait_for (!dh_session_is_evaluating (fixture->session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  const gint64 id = dh_session_get_evaluation (fixture->session)->run;
  session_wait_for (is_done (fixture->session, id));
  return id;
}

static gboolean
can_remove_maps (DhSession *session, DhRunItem *item)
{
  const DhRun *run = dh_run_item_get (item);
  return dh_session_can_remove_maps (session, &run, 1);
}

static void
remove_with_maps (DhSession *session, DhRunItem *item)
{
  const DhRun *run = dh_run_item_get (item);
  dh_session_remove_runs (session, &run, 1, TRUE);
}

static void
test_remove (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  const gint64 first = evaluate (fixture), second = evaluate (fixture);
  g_autoptr (DhRunItem) a = find_run (session, first), b = find_run (session, second);
  g_autofree char *folder = g_strdup (dh_run_item_get (b)->folder);
  /* No maps that another run has as well. */
  g_assert_null (dh_session_refuse_removal (session, dh_run_item_get (b)));
  g_assert_cmpstr (folder, ==, dh_run_item_get (a)->folder);
  g_assert_false (can_remove_maps (session, b));
  fixture->messages = 0;
  remove_with_maps (session, b);
  /* Metrics showed it: nothing does any more, until the one before is read. */
  g_assert_null (dh_session_get_evaluation (session));
  g_assert_null (dh_session_get_set_stats (session));
  session_wait_for (count_runs (session) == 1 && fixture->messages == 1);
  g_assert_null (find_run (session, second));
  session_wait_for (dh_session_get_evaluation (session) != NULL);
  g_assert_cmpint (dh_session_get_evaluation (session)->run, ==, first);
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR));

  /* The last one may take them along; where there is no trash they stay, which is said. */
  g_assert_true (can_remove_maps (session, a));
  remove_with_maps (session, a);
  session_wait_for (count_runs (session) == 0 && (fixture->messages >= 2 || fixture->error != NULL));
  if (fixture->error != NULL)
    g_assert_nonnull (strstr (fixture->error, folder));
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR) == (fixture->error != NULL));
  g_assert_null (dh_session_get_evaluation (session));
  /* There is no such run any more for Metrics to speak of. */
  g_assert_null (dh_session_find_evaluated (session));
}

/* What another program does to it, which the list does not know of yet. */
static void
change_rows (const char *sql)
{
  g_autofree char *path = dh_database_default_path ();
  sqlite3 *handle = NULL;
  g_assert_cmpint (sqlite3_open (path, &handle), ==, SQLITE_OK);
  sqlite3_busy_timeout (handle, PATIENCE / 1000);
  g_assert_cmpint (sqlite3_exec (handle, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (handle);
}

/* One that was begun again after it was listed stays, with its maps. */
static void
test_begun (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  const gint64 run = evaluate (fixture);
  g_autoptr (DhRunItem) item = find_run (session, run);
  g_autofree char *folder = g_strdup (dh_run_item_get (item)->folder);
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (dh_session_get_evaluation (session) == NULL && !dh_session_is_opening (session));
  DhFolderLock *lock = dh_folder_lock_take (folder, NULL);
  g_assert_nonnull (lock);
  change_rows ("UPDATE runs SET state = 'running'");
  remove_with_maps (session, item);
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "under way"));
  dh_folder_lock_release (lock);
  change_rows ("UPDATE runs SET state = 'done'");
  dh_session_refresh_runs (session);
  session_wait_for (is_done (session, run));
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR));

  /* Nor do maps go with it that lie below them. */
  g_autofree char *below = g_strdup_printf (
      "INSERT INTO runs SELECT id + 1, kind, state, why, dataset, split, model, folder || '/below', score, device,"
      " device_title, precision, program, command, started, ended, seconds, summary, method, source, images_done, "
      "images_failed FROM runs"
      " WHERE id = %" G_GINT64_FORMAT,
      run);
  change_rows (below);
  dh_session_refresh_runs (session);
  session_wait_for (count_runs (session) == 2);
  g_assert_false (can_remove_maps (session, item));
}

/* What lies in a folder of the user's own never goes. */
static void
test_foreign (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *evaluations = g_build_filename (g_get_user_data_dir (), "densehybrid", "evaluations", NULL);
  g_autofree char *out = g_build_filename (evaluations, "..", NULL);
  g_assert_cmpint (g_mkdir_with_parents (evaluations, 0700), ==, 0);
  const char *const folders[] = { fixture->set, evaluations, out, NULL, "" };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      const DhRun run = { .id = 1, .state = DH_RUN_ITEM_DONE, .folder = (char *)folders[i] };
      g_assert_null (dh_session_refuse_removal (fixture->session, &run));
      const DhRun *one = &run;
      g_assert_false (dh_session_can_remove_maps (fixture->session, &one, 1));
    }
  const DhRun running = { .id = 2, .state = DH_RUN_ITEM_RUNNING }, training = { .id = 3, .training = TRUE };
  g_assert_nonnull (dh_session_refuse_removal (fixture->session, &running));
  g_assert_nonnull (dh_session_refuse_removal (fixture->session, &training));
}

/* Two that have their maps together: alone neither may take them, both may. */
static void
test_both (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  const gint64 first = evaluate (fixture), second = evaluate (fixture);
  g_autoptr (DhRunItem) a = find_run (session, first), b = find_run (session, second);
  const DhRun *runs[] = { dh_run_item_get (b), dh_run_item_get (a) };
  g_autofree char *folder = g_strdup (runs[0]->folder);
  g_assert_false (can_remove_maps (session, a));
  g_assert_false (can_remove_maps (session, b));
  g_assert_true (dh_session_can_remove_maps (session, runs, 2));
  fixture->messages = 0;
  dh_session_remove_runs (session, runs, 2, TRUE);
  g_assert_null (dh_session_get_evaluation (session));
  session_wait_for (count_runs (session) == 0 && (fixture->messages > 0 || fixture->error != NULL));
  if (fixture->error != NULL) /* there is no trash here */
    g_assert_nonnull (strstr (fixture->error, folder));
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR) == (fixture->error != NULL));
}

/* Another evaluation of the same goes on where the run before it is removed, which Metrics still shows. */
static void
test_under_way (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  const gint64 first = evaluate (fixture);
  g_autoptr (DhRunItem) item = find_run (session, first);
  const DhRun *run = dh_run_item_get (item);
  dh_session_evaluate (session);
  g_assert_cmpint (dh_session_get_evaluation (session)->run, ==, first);
  dh_session_remove_runs (session, &run, 1, FALSE);
  g_assert_null (dh_session_get_evaluation (session));
  g_assert_true (dh_session_is_evaluating (session));
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_nonnull (dh_session_get_evaluation (session));
  g_assert_cmpint (dh_session_get_evaluation (session)->run, !=, first);
}

/* Nor are the numbers shown of a run that is removed while they are read again. */
static void
test_read_again (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  const gint64 run = evaluate (fixture);
  g_autoptr (DhRunItem) item = find_run (session, run);
  const DhRun *one = dh_run_item_get (item);
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (dh_session_is_recalling (session));
  fixture->messages = 0;
  dh_session_remove_runs (session, &one, 1, FALSE);
  session_wait_for (fixture->messages > 0 && !is_done (session, run) && !dh_session_is_recalling (session));
  for (guint i = 0; i < 20; i++)
    session_turn ();
  g_assert_null (dh_session_get_evaluation (session));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/run-removal/remove", test_remove, NULL },       { "/run-removal/both", test_both, NULL },
    { "/run-removal/begun", test_begun, NULL },         { "/run-removal/foreign", test_foreign, NULL },
    { "/run-removal/under-way", test_under_way, NULL }, { "/run-removal/read-again", test_read_again, NULL }
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
