/* Intervals of runs as the studio measures them: beside what it does, kept, stopped, and where they cannot be had. */
#include "dh-chance.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-run-list.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"

enum
{
  IMAGES = 12
};

/* An evaluated set of so many images. */
static gint64
evaluate (SessionFixture *fixture)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  g_autofree char *set = g_build_filename (fixture->root, "many", NULL);
  session_write_set_of_size (set, IMAGES, SESSION_WIDTH, SESSION_HEIGHT);
  dh_session_open_dataset (session, set);
  session_wait_for (g_strcmp0 (dh_session_get_dataset_path (session), set) == 0 && dh_session_can_evaluate (session));
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  return dh_session_get_evaluation (session)->run;
}

static DhRunItem *
find_run (DhSession *session, gint64 id)
{
  GListModel *runs = dh_session_get_runs (session);
  for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
      if (dh_run_item_get (item)->id == id && dh_run_item_get (item)->state == DH_RUN_ITEM_DONE)
        return g_steal_pointer (&item);
    }
  return NULL;
}

static void
count (guint *changes)
{
  ++*changes;
}

static void
test_measured (SessionFixture *fixture, gconstpointer data)
{
  const gint64 id = evaluate (fixture);
  g_autoptr (DhRunItem) item = NULL;
  session_wait_for ((item = find_run (fixture->session, id)) != NULL);
  const DhRun *run = dh_run_item_get (item);
  const DhRun none = { .id = 4711 };
  g_autoptr (DhChance) chance = dh_chance_new ();
  guint changes = 0;
  g_signal_connect_swapped (chance, "changed", G_CALLBACK (count), &changes);
  g_assert_null (dh_chance_get (chance, run, NULL));
  g_assert_cmpfloat (dh_chance_get_progress (chance, run, NULL), <, 0);
  dh_chance_measure (chance, run, NULL);
  g_assert_cmpuint (changes, ==, 1);
  g_assert_cmpfloat (dh_chance_get_progress (chance, run, NULL), >=, 0);
  g_assert_cmpfloat (dh_chance_get_progress (chance, run, &none), <, 0);
  session_wait_for (dh_chance_get (chance, run, NULL) != NULL);
  g_assert_cmpfloat (dh_chance_get_progress (chance, run, NULL), <, 0);
  g_assert_cmpuint (changes, >=, 2);
  const DhSpreads *spreads = dh_chance_get (chance, run, NULL);
  double ap = NAN;
  const GPtrArray *lines = dh_session_get_evaluation (fixture->session)->lines;
  for (guint i = 0; i < lines->len; i++)
    if (g_str_equal (((const DhProtocolLine *)lines->pdata[i])->name, "densehybrid-pooled"))
      ap = ((const DhProtocolLine *)lines->pdata[i])->ap;
  g_assert_cmpuint (spreads->drawn_from, ==, IMAGES);
  g_assert_false (spreads->scenes);
  g_assert_cmpfloat (spreads->ap.of[0].low, <, ap);
  g_assert_cmpfloat (spreads->ap.of[0].high, >, ap);
  g_assert_cmpfloat (spreads->best_f1.of[0].low, <, run->best_f1);
  g_assert_cmpfloat (spreads->best_f1.of[0].high, >, run->best_f1);
  g_assert_cmpint (isnan (spreads->mean_f1.of[0].low), ==, isnan (run->mean_f1));
  g_assert_true (isnan (spreads->ap.of[1].low) && isnan (spreads->ap.first_higher));
  g_assert_null (dh_chance_get (chance, run, &none));

  /* What has the number of a run that was removed is another one. */
  DhRun later = *run;
  later.started = (char *)"2031-01-01T00:00:00Z";
  g_assert_null (dh_chance_get (chance, &later, NULL));
  g_assert_null (dh_chance_get (chance, &later, run));

  /* Once more is the same, and another's is a failure that is told. */
  const DhSpreadNumber before = spreads->ap;
  dh_chance_measure (chance, run, NULL);
  g_assert_null (dh_chance_get (chance, run, NULL));
  session_wait_for (dh_chance_get (chance, run, NULL) != NULL);
  g_assert_cmpfloat (dh_chance_get (chance, run, NULL)->ap.of[0].low, ==, before.of[0].low);
  dh_chance_measure (chance, run, &none);
  session_wait_for (dh_chance_get_error (chance, run, &none) != NULL);
  g_assert_nonnull (strstr (dh_chance_get_error (chance, run, &none), "4711"));
  g_assert_null (dh_chance_get (chance, run, &none));
  g_assert_null (dh_chance_get_error (chance, run, NULL));
}

/* What is stopped, or left for another, is never heard of again. */
static void
test_stopped (SessionFixture *fixture, gconstpointer data)
{
  const gint64 id = evaluate (fixture);
  g_autoptr (DhRunItem) item = NULL;
  session_wait_for ((item = find_run (fixture->session, id)) != NULL);
  const DhRun *run = dh_run_item_get (item);
  const DhRun none = { .id = 4711 };
  g_autoptr (DhChance) chance = dh_chance_new ();
  dh_chance_measure (chance, run, NULL);
  dh_chance_stop (chance);
  g_assert_cmpfloat (dh_chance_get_progress (chance, run, NULL), <, 0);
  dh_chance_measure (chance, run, NULL);
  dh_chance_measure (chance, run, &none);
  g_assert_cmpfloat (dh_chance_get_progress (chance, run, NULL), <, 0);
  session_wait_for (dh_chance_get_error (chance, run, &none) != NULL);
  g_assert_null (dh_chance_get (chance, run, NULL));
  g_assert_null (dh_chance_get_error (chance, run, NULL));
  /* nor where nobody is left to hear of it */
  DhChance *left = dh_chance_new ();
  dh_chance_measure (left, run, NULL);
  dh_chance_stop (left);
  g_object_unref (left);
  dh_chance_measure (chance, run, NULL);
  session_wait_for (dh_chance_get (chance, run, NULL) != NULL);
}

static void
test_refused (SessionFixture *fixture, gconstpointer data)
{
  const gint64 id = evaluate (fixture);
  g_autoptr (DhRunItem) item = NULL;
  session_wait_for ((item = find_run (fixture->session, id)) != NULL);
  const DhRun run = *dh_run_item_get (item);
  g_assert_null (dh_chance_refuse (&run, NULL));
  g_assert_null (dh_chance_refuse (&run, &run));
  DhRun other = run;
  other.training = TRUE;
  g_assert_nonnull (dh_chance_refuse (&other, NULL));
  other = run;
  other.kind = (char *)"eval-osr";
  g_assert_nonnull (dh_chance_refuse (&run, &other));
  other = run;
  other.state = DH_RUN_ITEM_UNFINISHED;
  g_assert_nonnull (dh_chance_refuse (&other, NULL));
  other = run;
  other.has_maps = FALSE;
  g_assert_nonnull (dh_chance_refuse (&other, NULL));
  other = run;
  other.ap = NAN;
  g_assert_nonnull (dh_chance_refuse (&other, NULL));
  other = run;
  other.protocol = (char *)"fishyscapes";
  g_assert_null (dh_chance_refuse (&other, NULL));
  g_assert_nonnull (dh_chance_refuse (&run, &other));
  other = run;
  other.fingerprint = (char *)"other";
  g_assert_null (dh_chance_refuse (&other, NULL));
  g_assert_nonnull (dh_chance_refuse (&run, &other));

  g_autoptr (DhChance) chance = dh_chance_new ();
  /* Maps that go after the list was read. */
  g_autofree char *command = g_strdup_printf ("rm -r '%s/eval/scores'", run.folder);
  g_assert_cmpint (system (command), ==, 0);
  dh_chance_measure (chance, &run, NULL);
  session_wait_for (dh_chance_get_error (chance, &run, NULL) != NULL);
  g_assert_nonnull (strstr (dh_chance_get_error (chance, &run, NULL), "not every map"));
}

static const SessionTest tests[] = {
  { "/chance/measured", test_measured, NULL },
  { "/chance/stopped", test_stopped, NULL },
  { "/chance/refused", test_refused, NULL },
};

int
main (int argc, char **argv)
{
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
