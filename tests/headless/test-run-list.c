/* What the list of runs tells of an evaluation. */
#include <math.h>
#include <sqlite3.h>
#include "dh-database.h"
#include "dh-run-list.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"

static DhRunItem *
newest (DhSession *session)
{
  return g_list_model_get_item (dh_session_get_runs (session), 0);
}

static gboolean
has_ended (DhSession *session)
{
  g_autoptr (DhRunItem) item = newest (session);
  return item != NULL && dh_run_item_get (item)->state == DH_RUN_ITEM_DONE;
}

static gboolean
ended_by (DhSession *session, const char *why)
{
  g_autoptr (DhRunItem) item = newest (session);
  return item != NULL && g_strcmp0 (dh_run_item_get (item)->why, why) == 0;
}

static void
execute (const char *sql)
{
  g_autofree char *path = dh_database_default_path ();
  sqlite3 *handle = NULL;
  g_assert_cmpint (sqlite3_open (path, &handle), ==, SQLITE_OK);
  sqlite3_busy_timeout (handle, PATIENCE / 1000);
  g_assert_cmpint (sqlite3_exec (handle, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (handle);
}

/* Closed mIoU and open-mIoU are two numbers: a run of eval-osr has both, one of eval-ood the closed one alone. */
static void
test_miou (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session) && has_ended (session));
  execute ("UPDATE runs SET why = 'closed', summary = '{\"classes\": {\"closed_miou\": 0.5, \"open_miou\": 0.25}}'");
  dh_session_refresh_runs (session);
  session_wait_for (ended_by (session, "closed"));
  g_autoptr (DhRunItem) closed = newest (session);
  g_assert_cmpfloat (dh_run_item_get (closed)->closed_miou, ==, 0.5);
  g_assert_true (isnan (dh_run_item_get (closed)->open_miou));
  execute ("UPDATE runs SET why = 'open', kind = 'eval-osr',"
           " summary = '{\"closed_miou\": 0.625, \"open_miou\": 0.375}'");
  dh_session_refresh_runs (session);
  session_wait_for (ended_by (session, "open"));
  g_autoptr (DhRunItem) open = newest (session);
  g_assert_cmpfloat (dh_run_item_get (open)->closed_miou, ==, 0.625);
  g_assert_cmpfloat (dh_run_item_get (open)->open_miou, ==, 0.375);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/run-list/miou", test_miou, NULL } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
