/* How far the AP of slices is a matter of chance, beside their rankings: as the report of the same run tells it. */
#include "dh-session-slices.h"
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#include "dh-report.h"
#include "dh-session-evaluation.h"
#include "dh-session-marks.h"
#include "session-fixture.h"

enum
{
  IMAGES = 24,
  WIDTH = 128,
  HEIGHT = 96
};

static gboolean
at_rest (DhSession *session)
{
  guint done, of;
  dh_session_get_slices_progress (session, &done, &of);
  return of == 0;
}

/* Held by the session; NULL where there is none. */
static const DhSliceNumbers *
find (DhSession *session, const char *name)
{
  GListModel *slices = dh_session_get_slices (session);
  for (guint i = 0; i < g_list_model_get_n_items (slices); i++)
    {
      g_autoptr (DhSlice) slice = g_list_model_get_item (slices, i);
      if (g_str_equal (dh_slice_get_name (slice), name))
        return dh_slice_get_numbers (slice);
    }
  return NULL;
}

static const DhSliceNumbers *
get_whole (DhSession *session)
{
  g_autoptr (DhSlice) slice = g_list_model_get_item (dh_session_get_slices (session), 0);
  g_assert_cmpint (dh_slice_get_kind (slice), ==, DH_SLICE_WHOLE);
  return dh_slice_get_numbers (slice);
}

static void
tag (DhSession *session, const char *name, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    dh_session_set_tag (session, dh_image_list_get_item (dh_session_get_list (session), i), name, TRUE);
}

/* Tags are written behind the window's back. */
static gboolean
is_written (DhDatabase *database, const char *name, guint n)
{
  g_autoptr (GPtrArray) marks = dh_database_list_marks (database, NULL);
  guint found = 0;
  for (guint i = 0; i < marks->len; i++)
    {
      g_auto (GStrv) tags = g_strsplit (((DhMarkRow *)marks->pdata[i])->tags, "\n", -1);
      found += g_strv_contains ((const char *const *)tags, name);
    }
  return found == n;
}

static gint64
evaluate (SessionFixture *fixture)
{
  DhSession *session = fixture->session;
  g_autofree char *set = g_build_filename (fixture->root, "many", NULL);
  session_write_set_of_size (set, IMAGES, WIDTH, HEIGHT);
  dh_session_open_weights (session, fixture->weights);
  dh_session_open_dataset (session, set);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == IMAGES
                    && dh_session_can_evaluate (session));
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  return dh_session_get_evaluation (session)->run;
}

/* What the report tells of a part, of other bins and so by a little elsewhere. */
static void
assert_as_told (JsonArray *parts, const char *name, const DhSliceNumbers *numbers)
{
  for (guint i = 0; i < json_array_get_length (parts); i++)
    {
      JsonObject *part = json_array_get_object_element (parts, i);
      if (!g_str_equal (json_object_get_string_member (part, "part"), name))
        continue;
      JsonArray *told = json_object_get_array_member (part, "ap_interval");
      const double low = json_array_get_double_element (told, 0), high = json_array_get_double_element (told, 1);
      g_assert_true (numbers->drawn && low < high);
      g_test_message ("%s: %.5f to %.5f, told %.5f to %.5f", name, numbers->ap_low, numbers->ap_high, low, high);
      g_assert_cmpfloat (fabs (numbers->ap_low - low), <, 0.02 * (high - low));
      g_assert_cmpfloat (fabs (numbers->ap_high - high), <, 0.02 * (high - low));
      return;
    }
  g_assert_not_reached ();
}

static void
test_as_told (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autoptr (GError) error = NULL;
  const gint64 run = evaluate (fixture);
  tag (session, "some", 0, 14);
  tag (session, "few", 3, 12);
  dh_session_want_slices (session);
  g_assert_false (get_whole (session)->drawn);
  session_wait_for (at_rest (session));
  g_autofree char *path = g_build_filename (fixture->root, "report.json", NULL);
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  g_assert_no_error (error);
  session_wait_for (is_written (database, "some", 14) && is_written (database, "few", 9));
  const DhReportContents contents = { .run = run, .slices = TRUE, .intervals = TRUE };
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_assert_true (dh_report_write_contents (database, &contents, DH_REPORT_JSON, path, NULL, &error));
  g_assert_true (json_parser_load_from_file (parser, path, &error));
  JsonObject *first = json_array_get_object_element (
      json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)), "runs"), 0);
  JsonArray *parts = json_object_get_array_member (json_object_get_object_member (first, "intervals"), "parts");
  assert_as_told (parts, "all", get_whole (session));
  assert_as_told (parts, "tag some", find (session, "some"));
  g_assert_true (find (session, "few")->drawn && isnan (find (session, "few")->ap_low));
  g_assert_true (isfinite (find (session, "few")->ap));

  /* Another score, whose low values are the anomalous ones. */
  dh_session_set_active_score (session, DH_SCORE_LIKELIHOOD);
  session_wait_for (at_rest (session));
  const DhSliceNumbers *numbers = find (session, "some");
  g_assert_true (numbers->drawn);
  g_assert_cmpfloat (numbers->ap_low, <, numbers->ap);
  g_assert_cmpfloat (numbers->ap_high, >, numbers->ap);

  /* A tag that comes is measured, and what was measured stays. */
  dh_session_set_active_score (session, DH_SCORE_HYBRID);
  session_wait_for (at_rest (session));
  const double low = get_whole (session)->ap_low;
  tag (session, "more", 8, 20);
  session_wait_for (find (session, "more") != NULL && at_rest (session));
  g_assert_cmpfloat (find (session, "more")->ap_low, <, find (session, "more")->ap_high);
  g_assert_cmpfloat (get_whole (session)->ap_low, ==, low);
}

/* Maps of another run in the folder, or a map that is gone: no interval, and an end to the waiting. */
static void
test_gone (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const gint64 run = evaluate (fixture);
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, NULL);
  g_autoptr (DhRunRow) row = dh_database_get_run (database, run, NULL);
  g_autofree char *file =
      g_strconcat (dh_image_item_get_stem (dh_image_list_get_item (dh_session_get_list (session), 2)), ".npy", NULL);
  g_autofree char *map = g_build_filename (row->folder, "eval", "scores", file, NULL);
  g_assert_cmpint (g_unlink (map), ==, 0);
  tag (session, "with", 0, 12);
  tag (session, "without", 8, 24);
  dh_session_want_slices (session);
  session_wait_for (at_rest (session));
  g_assert_true (find (session, "with")->drawn && isnan (find (session, "with")->ap_low));
  g_assert_true (get_whole (session)->drawn && isnan (get_whole (session)->ap_low));
  g_assert_cmpfloat (find (session, "without")->ap_low, <, find (session, "without")->ap_high);

  g_autofree char *owner = g_build_filename (row->folder, "eval", "owner.txt", NULL);
  g_assert_true (g_file_set_contents (owner, "weights 0\n", -1, NULL));
  tag (session, "late", 9, 23);
  session_wait_for (find (session, "late") != NULL && at_rest (session));
  g_assert_true (find (session, "late")->drawn && isnan (find (session, "late")->ap_low));
  g_assert_nonnull (strstr (find (session, "late")->why_not_ranked, "another run"));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/slice-chance/as-told", test_as_told },
    { "/slice-chance/gone", test_gone },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
