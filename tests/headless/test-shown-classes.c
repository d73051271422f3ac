/* Which classes are drawn: chosen for each list of classes, remembered from one start to the next. */
#include "dh-shown-classes.h"
#include <string.h>
#include "session-fixture.h"

static void
count_change (DhView *view, GParamSpec *spec, guint *n)
{
  (*n)++;
}

static void
test_choose (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  gboolean hidden[DH_MOST_CLASSES];
  g_assert_cmpuint (dh_shown_classes_count (session), ==, 0);
  g_assert_cmpuint (dh_shown_classes_get (session, hidden), ==, 0);
  session_open_all (fixture);
  const guint n = dh_shown_classes_count (session);
  g_assert_cmpuint (n, ==, dh_session_get_model_info (session)->n_classes);
  g_assert_null (dh_shown_classes_dup_note (session));
  guint changes = 0;
  g_signal_connect (dh_session_get_view (session), "notify::hidden-classes", G_CALLBACK (count_change), &changes);
  /* with all that is computed ahead */
  session_wait_for (dh_image_list_count_state (dh_session_get_list (session), DH_ITEM_CACHED) >= 3);
  const guint64 runs = dh_session_get_n_runs (session);
  dh_shown_classes_hide (session, 0, TRUE);
  dh_shown_classes_hide (session, n - 1, TRUE);
  dh_shown_classes_hide (session, n - 1, TRUE);
  g_assert_cmpuint (changes, ==, 2);
  g_assert_cmpuint (dh_shown_classes_get (session, hidden), ==, 2);
  g_assert_true (hidden[0] && hidden[n - 1] && !hidden[1]);
  g_autofree char *note = dh_shown_classes_dup_note (session);
  g_assert_cmpstr (note, ==, "2 classes hidden");
  /* One alone, and again all of them. */
  dh_shown_classes_only (session, 1);
  g_assert_cmpuint (dh_shown_classes_get (session, hidden), ==, n - 1);
  g_assert_false (hidden[1]);
  dh_shown_classes_only (session, 2);
  g_assert_cmpuint (dh_shown_classes_get (session, hidden), ==, n - 1);
  g_assert_false (hidden[2]);
  dh_shown_classes_only (session, 2);
  g_assert_cmpuint (dh_shown_classes_get (session, NULL), ==, 0);
  dh_shown_classes_hide_all (session, TRUE);
  g_assert_cmpuint (dh_shown_classes_get (session, hidden), ==, n);
  g_assert_true (hidden[0] && hidden[n - 1] && (n == DH_MOST_CLASSES || !hidden[n]));
  g_assert_cmpuint (dh_session_get_n_runs (session), ==, runs);
}

/* Each list of classes has its own; words that cannot be read hide nothing. */
static void
test_lists (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  DhView *view = dh_session_get_view (session);
  session_open_all (fixture);
  g_object_set (view, "hidden-classes", "another:1,2 nonsense :3 another:x", NULL);
  g_assert_cmpuint (dh_shown_classes_get (session, NULL), ==, 0);
  dh_shown_classes_hide (session, 1, TRUE);
  g_assert_nonnull (strstr (dh_view_get_string (view, "hidden-classes"), "another:1,2 "));
  g_assert_cmpuint (dh_shown_classes_get (session, NULL), ==, 1);
  dh_shown_classes_hide (session, 1, FALSE);
  g_assert_cmpstr (dh_view_get_string (view, "hidden-classes"), ==, "another:1,2 nonsense :3 another:x");
  /* Ids beyond the list, numbers that are none. */
  dh_shown_classes_hide (session, 0, TRUE);
  g_auto (GStrv) words = g_strsplit (dh_view_get_string (view, "hidden-classes"), " ", -1);
  g_autofree char *own = g_strdup (words[g_strv_length (words) - 1]);
  g_autofree char *broken = g_strconcat (own, ",255,256,-1,,9x", NULL);
  g_object_set (view, "hidden-classes", broken, NULL);
  g_assert_cmpuint (dh_shown_classes_get (session, NULL), ==, 1);
  /* The next start. */
  DhSettings *settings = dh_session_get_settings (session);
  g_autoptr (DhView) next = dh_view_new (settings);
  g_assert_cmpstr (dh_view_get_string (next, "hidden-classes"), ==, broken);
}

static void
test_shares (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  double shares[DH_MOST_CLASSES], sum = 0;
  g_assert_false (dh_shown_classes_measure (session, shares));
  session_open_all (fixture);
  g_assert_true (dh_shown_classes_measure (session, shares));
  guint zeros = 0, n = SESSION_WIDTH * SESSION_HEIGHT;
  const guint8 *ids = g_bytes_get_data (dh_session_get_frame (session)->maps[DH_FRAME_SEGMENTATION], NULL);
  for (guint i = 0; i < n; i++)
    zeros += ids[i] == 0;
  for (guint i = 0; i < DH_MOST_CLASSES; i++)
    sum += shares[i];
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-9);
  g_assert_cmpfloat_with_epsilon (shares[0], (double)zeros / n, 1e-9);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/shown-classes/choose", test_choose, NULL },
                                       { "/shown-classes/lists", test_lists, NULL },
                                       { "/shown-classes/shares", test_shares, NULL } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
