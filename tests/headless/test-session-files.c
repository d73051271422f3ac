/* The files of what is shown, and a set that is read again after some of them were changed. */
#include "dh-session-files.h"
#include <glib/gstdio.h>
#include <string.h>
#include "dh-dataset.h"
#include "dh-image.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"

static guint64
anomalies_shown (DhSession *session)
{
  const DhScoreStats *stats = dh_session_get_stats (session);
  return stats != NULL ? dh_score_stats_n_anomalies (stats) : 0;
}

static void
show (DhSession *session, guint index)
{
  DhImageItem *item = dh_image_list_get_item (dh_session_get_list (session), index);
  dh_session_set_current (session, item);
  session_wait_for (dh_session_get_current (session) == item && dh_session_get_stats (session) != NULL
                    && dh_score_stats_has (dh_session_get_stats (session), DH_SCORE_HYBRID));
}

static void
test_paths (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_assert_null (dh_session_dup_image_file (session));
  g_assert_null (dh_session_dup_label_file (session));
  g_assert_false (dh_session_can_reread (session));
  dh_session_reread (session);
  session_open_all (fixture);
  show (session, 1);
  g_autofree char *image = dh_session_dup_image_file (session), *label = dh_session_dup_label_file (session);
  g_assert_true (g_path_is_absolute (image) && g_file_test (image, G_FILE_TEST_IS_REGULAR));
  g_assert_true (g_path_is_absolute (label) && g_file_test (label, G_FILE_TEST_IS_REGULAR));
  g_assert_true (g_str_has_prefix (image, fixture->root) && strcmp (image, label) != 0);
  g_assert_true (dh_session_can_reread (session));

  /* Images alone have no label, and their own files. */
  const char *const alone[] = { image, NULL };
  dh_session_open_pictures (session, alone);
  session_wait_for (!dh_session_is_opening (session) && dh_image_list_get_size (dh_session_get_list (session)) == 1);
  g_autofree char *same = dh_session_dup_image_file (session);
  g_assert_cmpstr (same, ==, image);
  g_assert_null (dh_session_dup_label_file (session));
  dh_session_reread (session);
  session_wait_for (!dh_session_is_opening (session));
  g_autofree char *again = dh_session_dup_image_file (session);
  g_assert_cmpstr (again, ==, image);
}

/* A mask that was mended elsewhere is there, with the same image shown; numbers of before are not. */
static void
test_reread (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autoptr (GError) error = NULL;
  session_open_all (fixture);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_nonnull (dh_session_get_evaluation (session));
  show (session, 2);
  g_autofree char *stem = g_strdup (dh_image_item_get_stem (dh_session_get_current (session)));
  g_autofree char *label = dh_session_dup_label_file (session);
  guint8 ids[SESSION_WIDTH * SESSION_HEIGHT] = { 0 };
  memset (ids, 1, 7);
  g_assert_cmpuint (anomalies_shown (session), !=, 7);
  g_assert_true (dh_image_write_png (label, SESSION_WIDTH, SESSION_HEIGHT, 1, ids, &error));
  g_assert_no_error (error);
  DhImageItem *before = dh_session_get_current (session);
  dh_session_reread (session);
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_current (session) != before
                    && anomalies_shown (session) == 7);
  g_assert_cmpstr (dh_image_item_get_stem (dh_session_get_current (session)), ==, stem);
  g_assert_null (dh_session_get_evaluation (session));
  g_assert_cmpstr (fixture->error, ==, NULL);

  /* Where it is gone, what is open stays, and that is said. */
  g_autofree char *elsewhere = g_strconcat (fixture->set, "-moved", NULL);
  g_assert_cmpint (g_rename (fixture->set, elsewhere), ==, 0);
  dh_session_reread (session);
  session_wait_for (fixture->error != NULL && !dh_session_is_opening (session));
  g_assert_cmpstr (dh_session_get_dataset_path (session), ==, fixture->set);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/files/paths", test_paths, NULL }, { "/files/reread", test_reread, NULL } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
