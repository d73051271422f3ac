/* Known answers in the studio: asked for, recorded, and told by themselves where they disagree. */
#include "dh-session-check.h"
#include "dh-answers.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"
#include "tree.h"

static void
load (SessionFixture *fixture)
{
  g_clear_pointer (&fixture->error, g_free);
  dh_session_open_weights (fixture->session, fixture->weights);
  session_wait_for (!dh_session_is_loading (fixture->session));
}

static const DhWeightsCheck *
check (SessionFixture *fixture)
{
  g_assert_true (dh_session_can_check_weights (fixture->session));
  dh_session_check_weights (fixture->session);
  g_assert_cmpfloat (dh_session_get_check_progress (fixture->session), >=, 0);
  session_wait_for (dh_session_get_check_progress (fixture->session) < 0);
  return dh_session_get_weights_check (fixture->session);
}

static char *
find_kept (void)
{
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (), "densehybrid", "answers", NULL);
  g_autoptr (GDir) names = g_dir_open (folder, 0, NULL);
  const char *name = names != NULL ? g_dir_read_name (names) : NULL;
  return name != NULL ? g_build_filename (folder, name, NULL) : NULL;
}

static void
test_recorded (SessionFixture *fixture, gconstpointer data)
{
  g_assert_false (dh_session_can_check_weights (fixture->session));
  load (fixture);
  g_assert_cmpfloat (dh_session_get_check_progress (fixture->session), <, 0);
  const DhWeightsCheck *first = check (fixture);
  g_assert_cmpstr (first->error, ==, NULL);
  g_assert_null (first->record);
  g_assert_true (first->fine);
  g_assert_true (first->can_record);
  dh_session_record_answers (fixture->session);
  g_assert_true (dh_session_get_weights_check (fixture->session)->recorded);
  g_assert_false (dh_session_get_weights_check (fixture->session)->can_record);

  /* loaded again it is checked without being asked, and says nothing */
  load (fixture);
  session_wait_for (dh_session_get_weights_check (fixture->session) != NULL);
  const DhWeightsCheck *second = dh_session_get_weights_check (fixture->session);
  g_assert_true (second->fine);
  g_assert_nonnull (second->record);
  g_assert_cmpuint (second->n_maps, ==, 7);
  g_assert_null (fixture->error);

  /* what is recorded is another network's: that is told */
  g_autofree char *kept = find_kept (), *text = NULL;
  g_assert_true (g_file_get_contents (kept, &text, NULL, NULL));
  g_autoptr (GString) changed = g_string_new (text);
  g_assert_cmpuint (g_string_replace (changed, "\"cells\" : [", "\"cells\" : [\n 1000, ", 0), >, 0);
  g_assert_true (g_file_set_contents (kept, changed->str, -1, NULL));
  load (fixture);
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "damaged"));
  g_assert_true (g_file_set_contents (kept, text, -1, NULL));
  g_autoptr (DhAnswers) other = dh_answers_load (kept, NULL);
  ((DhAnswer *)other->answers->pdata[1])->maps[DH_MAP_HYBRID].cells[7] += 1000;
  g_assert_true (dh_answers_save (other, kept, NULL));
  load (fixture);
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "do not give what is recorded"));
  g_assert_nonnull (strstr (fixture->error, "The file is the recorded one"));
  g_assert_false (dh_session_get_weights_check (fixture->session)->fine);
  tree_remove (kept);
}

/* An evaluation does not wait for it, and neither is lost. */
static void
test_evaluation_first (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  dh_session_check_weights (fixture->session);
  dh_session_evaluate (fixture->session);
  session_wait_for (dh_session_get_evaluation (fixture->session) != NULL);
  session_wait_for (dh_session_get_check_progress (fixture->session) < 0);
  g_assert_true (dh_session_can_check_weights (fixture->session));
  g_assert_true (check (fixture)->fine);
}

/* Other weights, or the end, in the midst of it. */
static void
test_dropped (SessionFixture *fixture, gconstpointer data)
{
  load (fixture);
  dh_session_check_weights (fixture->session);
  dh_session_open_weights (fixture->session, fixture->closed);
  g_assert_cmpfloat (dh_session_get_check_progress (fixture->session), <, 0);
  session_wait_for (!dh_session_is_loading (fixture->session));
  g_assert_null (dh_session_get_weights_check (fixture->session));
  session_wait_for (dh_session_can_check_weights (fixture->session));
  g_assert_true (check (fixture)->fine);
  dh_session_check_weights (fixture->session);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/session-check/recorded", test_recorded, NULL },
                                       { "/session-check/evaluation-first", test_evaluation_first, NULL },
                                       { "/session-check/dropped", test_dropped, NULL } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
