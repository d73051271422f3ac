/* A view saved as a small file and opened again: beside the same weights with its thresholds, beside others without. */
#include "dh-view-file.h"
#include <string.h>
#include "dh-error.h"
#include "session-fixture.h"

static char *
dup_path (SessionFixture *fixture)
{
  return g_build_filename (fixture->root, "ä view." DH_VIEW_FILE_SUFFIX, NULL);
}

static void
change (DhView *view)
{
  g_object_set (view, "layout", "single", "overlay", "classes", "panes", "hybrid,image", "colors", "magma", "opacity",
                0.25, "bright", FALSE, "hidden-classes", "camvid:1,3", "look", "2 30 20 64 48", "grouped", FALSE, NULL);
}

static void
reset (DhView *view)
{
  g_object_set (view, "layout", "grid", "overlay", "none", "panes", "image", "colors", "viridis", "opacity", 0.75,
                "bright", TRUE, "hidden-classes", "", "look", "fit", "grouped", TRUE, NULL);
}

static void
check (DhView *view)
{
  g_assert_true (dh_view_is (view, "layout", "single") && dh_view_is (view, "overlay", "classes"));
  g_assert_cmpstr (dh_view_get_string (view, "panes"), ==, "hybrid,image");
  g_assert_cmpstr (dh_view_get_string (view, "colors"), ==, "magma");
  g_assert_cmpstr (dh_view_get_string (view, "hidden-classes"), ==, "camvid:1,3");
  g_assert_cmpstr (dh_view_get_string (view, "look"), ==, "2 30 20 64 48");
  g_assert_cmpfloat (dh_view_get_number (view, "opacity"), ==, 0.25);
  g_assert_false (dh_view_get_boolean (view, "bright"));
  g_assert_true (dh_view_get_boolean (view, "grouped")); /* a panel's */
}

static void
write_text (const char *path, const char *text)
{
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_again (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  DhView *view = dh_session_get_view (session);
  g_autofree char *path = dup_path (fixture), *note = NULL;
  g_autoptr (GError) error = NULL;
  session_open_all (fixture);
  change (view);
  dh_session_set_active_score (session, DH_SCORE_LIKELIHOOD);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  const double best = dh_session_get_threshold (session, DH_SCORE_HYBRID)->value;
  dh_view_file_save (session, path, &error);
  g_assert_no_error (error);
  reset (view);
  dh_session_set_active_score (session, DH_SCORE_HYBRID);
  dh_session_set_threshold (session, DH_SCORE_HYBRID, best + 3);
  dh_session_commit_threshold (session, DH_SCORE_HYBRID);
  g_assert_true (dh_view_file_open (session, path, &note, &error));
  g_assert_no_error (error);
  g_assert_null (note);
  check (view);
  g_assert_cmpint (dh_session_get_active_score (session), ==, DH_SCORE_LIKELIHOOD);
  const DhThreshold *record = dh_session_get_threshold (session, DH_SCORE_HYBRID);
  g_assert_cmpfloat (record->value, ==, best);
  g_assert_cmpint (record->rule, ==, DH_RULE_BEST_F1);
  g_assert_true (dh_session_threshold_is_own (session, DH_SCORE_HYBRID));
  g_assert_true (dh_session_undo_threshold (session));
  g_assert_cmpfloat (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, ==, best + 3);
  /* Beside other weights the thresholds mean nothing. */
  dh_session_open_weights (session, fixture->closed);
  session_wait_for (!dh_session_is_loading (session));
  const double other = dh_session_get_threshold (session, DH_SCORE_LIKELIHOOD)->value;
  reset (view);
  g_assert_true (dh_view_file_open (session, path, &note, &error));
  g_assert_nonnull (note);
  check (view);
  /* Nor does a score that they do not have. */
  g_autofree char *hybrid = g_build_filename (fixture->root, "hybrid." DH_VIEW_FILE_SUFFIX, NULL), *none = NULL;
  write_text (hybrid, "[DenseHybrid view]\nversion=1\n[thresholds]\nactive=hybrid\n");
  g_assert_true (dh_view_file_open (session, hybrid, &none, &error));
  g_assert_cmpint (dh_session_get_active_score (session), ==, DH_SCORE_LIKELIHOOD);
  const double now = dh_session_get_threshold (session, DH_SCORE_LIKELIHOOD)->value;
  g_assert_true (now == other || (now != now && other != other));
  reset (view);
}

static void
test_broken (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  DhView *view = dh_session_get_view (session);
  g_autofree char *path = dup_path (fixture), *note = NULL;
  g_autoptr (GError) error = NULL;
  reset (view);
  g_assert_false (dh_view_file_open (session, path, &note, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  static const struct
  {
    const char *text;
    gint code;
  } cases[] = { { "", DH_ERROR_INVALID },
                { "\xff\xfe\x00nonsense", DH_ERROR_INVALID },
                { "[view]\nlayout=single\n", DH_ERROR_INVALID },
                { "[DenseHybrid view]\nversion=2\n[view]\nlayout=single\n", DH_ERROR_UNSUPPORTED } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_clear_error (&error);
      write_text (path, cases[i].text);
      g_assert_false (dh_view_file_open (session, path, &note, &error));
      g_assert_error (error, DH_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, path));
      g_assert_true (dh_view_is (view, "layout", "grid"));
    }
  g_clear_error (&error);
  /* What cannot be read stays as it was, the rest is taken. */
  write_text (path, "[DenseHybrid view]\nversion=1\n[view]\nlayout=spiral\nopacity=nan\nbright=maybe\nlook=-1 x\n"
                    "colors=turbo\ncompare-split=7\n[thresholds]\nhybrid=inf\tby-hand\t0\t\t\nactive=nothing\n");
  g_assert_true (dh_view_file_open (session, path, &note, &error));
  g_assert_no_error (error);
  g_assert_null (note);
  g_assert_true (dh_view_is (view, "layout", "grid") && dh_view_is (view, "colors", "turbo"));
  g_assert_cmpfloat (dh_view_get_number (view, "opacity"), ==, 0.75);
  g_assert_cmpfloat (dh_view_get_number (view, "compare-split"), ==, 1);
  g_assert_true (dh_view_get_boolean (view, "bright"));
  g_autofree char *nowhere = g_build_filename (fixture->root, "not there", "a.dhview", NULL);
  g_assert_false (dh_view_file_save (session, nowhere, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/view-file/again", test_again, NULL },
                                       { "/view-file/broken", test_broken, NULL } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
