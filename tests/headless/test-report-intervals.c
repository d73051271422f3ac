/* How far a run's numbers are a matter of chance, in reports: what is drawn, what of it is told, and where nothing can
 * be. */
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#include <stdlib.h>
#include "dh-error.h"
#include "dh-npy.h"
#include "dh-report.h"
#include "dh-stored-curve.h"
#include "evaluation-fixture.h"

#define IMAGES 14

/* Pictures 0 to 2 and 4 to 6 have anomalies. */
static gint64
evaluate (EvaluationFixture *fixture, DhMap score, const char *folder)
{
  g_autoptr (GError) error = NULL;
  for (guint i = EVALUATION_IMAGES; i < IMAGES; i++)
    evaluation_write_pair (fixture->root, i, EVALUATION_WIDTH);
  dh_dataset_unref (fixture->dataset);
  fixture->dataset = dh_dataset_open (fixture->folder, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.score = score;
  options.more_scores = 0;
  options.folder = folder;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation->run;
}

static char *
write_text (EvaluationFixture *fixture, const DhReportContents *contents, DhReportFormat format)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "text", NULL);
  char *text = NULL;
  g_assert_true (dh_report_write_contents (fixture->database, contents, format, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* The run's maps as they lie there; those `in` the part. */
static DhBootstrap *
fill (EvaluationFixture *fixture, gint64 run, const char *folder, double *ap)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) protocols = dh_database_list_run_protocols (fixture->database, run, &error);
  DhBootstrap *bootstrap = NULL;
  for (guint i = 0; i < protocols->len; i++)
    {
      const DhRunProtocolRow *row = protocols->pdata[i];
      if (!g_str_equal (row->protocol, "densehybrid-pooled"))
        continue;
      g_autoptr (DhCurve) curve = dh_curve_from_bytes (row->curve);
      bootstrap = dh_bootstrap_new (curve);
      *ap = row->ap;
    }
  for (guint i = 0; i < dh_dataset_size (fixture->dataset); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("%s/eval/scores/%s.npy", folder, dh_dataset_item (fixture->dataset, i)->stem);
      g_autoptr (DhTensor) map = dh_npy_load (path, &error);
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_dataset_load_labels (fixture->dataset, i, &labels, NULL, &error));
      g_assert_true (
          dh_bootstrap_add (bootstrap, dh_tensor_f32 (map), labels->ids, (gsize)EVALUATION_WIDTH * EVALUATION_HEIGHT));
    }
  return bootstrap;
}

static JsonObject *
get_part (JsonNode *root, gboolean differences, const char *name)
{
  JsonObject *top = json_node_get_object (root);
  JsonObject *holder =
      differences ? json_object_get_object_member (top, "differences")
                  : json_object_get_object_member (
                      json_array_get_object_element (json_object_get_array_member (top, "runs"), 0), "intervals");
  JsonArray *parts = json_object_get_array_member (holder, "parts");
  for (guint i = 0; i < json_array_get_length (parts); i++)
    if (g_str_equal (json_object_get_string_member (json_array_get_object_element (parts, i), "part"), name))
      return json_array_get_object_element (parts, i);
  return NULL;
}

static void
assert_interval (JsonObject *part, const char *member, DhInterval wanted)
{
  JsonArray *pair = json_object_get_array_member (part, member);
  g_assert_true (isfinite (wanted.low) && wanted.low < wanted.high);
  g_assert_cmpfloat_with_epsilon (json_array_get_double_element (pair, 0), wanted.low, 1e-9);
  g_assert_cmpfloat_with_epsilon (json_array_get_double_element (pair, 1), wanted.high, 1e-9);
}

/* All images, and those of a tag alone, with slices (which read the maps) and without; and two runs' difference. */
static void
test_numbers (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *other_out = g_build_filename (fixture->folder, "other", NULL);
  const gint64 run = evaluate (fixture, DH_MAP_HYBRID, fixture->out);
  const gint64 other = evaluate (fixture, DH_MAP_MAX_SOFTMAX, other_out);
  double ap, other_ap;
  g_autoptr (DhBootstrap) pixels = fill (fixture, run, fixture->out, &ap);
  g_autoptr (DhBootstrap) others = fill (fixture, other, other_out, &other_ap);
  guint groups[IMAGES], tagged[IMAGES];
  for (guint i = 0; i < IMAGES; i++)
    {
      groups[i] = i;
      tagged[i] = i == 3 ? G_MAXUINT : i;
      const DhMarkRow mark = { .path = (char *)dh_dataset_item (fixture->dataset, i)->image,
                               .tags = (char *)"day",
                               .note = (char *)"" };
      g_assert_true (i == 3 || dh_database_put_mark (fixture->database, &mark, &error));
    }
  DhBootstrapNumbers of_one, of_both, of_day;
  const DhBootstrapRun runs[] = { { pixels, groups, ap, NAN, NAN, NAN }, { others, groups, other_ap, NAN, NAN, NAN } };
  g_assert_true (dh_bootstrap_draw (runs, 1, IMAGES, &of_one, NULL));
  g_assert_true (dh_bootstrap_draw (runs, 2, IMAGES, &of_both, NULL));

  const DhReportContents alone = { .run = run, .intervals = TRUE };
  const DhReportContents sliced = { .run = run, .other = other, .intervals = TRUE, .slices = TRUE };
  g_autofree char *one = write_text (fixture, &alone, DH_REPORT_JSON),
                  *two = write_text (fixture, &sliced, DH_REPORT_JSON);
  g_autoptr (JsonNode) root = json_from_string (one, &error);
  g_autoptr (JsonNode) both = json_from_string (two, &error);
  assert_interval (get_part (root, FALSE, "all"), "ap_interval", of_one.ap.of[0]);
  assert_interval (get_part (both, FALSE, "all"), "ap_interval", of_one.ap.of[0]);
  JsonObject *difference = get_part (both, TRUE, "all");
  assert_interval (difference, "ap_interval", of_both.ap.difference);
  g_assert_cmpfloat (json_object_get_double_member (difference, "ap"), ==, ap - other_ap);
  g_assert_cmpfloat (json_object_get_double_member (difference, "ap_first_higher"), ==, of_both.ap.first_higher);
  g_assert_cmpint (json_object_get_int_member (difference, "groups"), ==, IMAGES);
  g_assert_false (json_object_has_member (json_node_get_object (root), "differences"));
  g_assert_null (get_part (root, FALSE, "tag day"));

  JsonObject *day = get_part (both, FALSE, "tag day");
  const double day_ap = json_object_get_double_member (day, "ap");
  const DhBootstrapRun part = { pixels, tagged, day_ap, NAN, NAN, NAN };
  g_assert_true (dh_bootstrap_draw (&part, 1, IMAGES, &of_day, NULL));
  g_assert_cmpint (json_object_get_int_member (day, "groups"), ==, IMAGES - 1);
  assert_interval (day, "ap_interval", of_day.ap.of[0]);
  g_assert_nonnull (get_part (both, TRUE, "tag day"));
}

static void
test_formats (EvaluationFixture *fixture, gconstpointer data)
{
  g_autofree char *other_out = g_build_filename (fixture->folder, "other", NULL);
  const gint64 run = evaluate (fixture, DH_MAP_HYBRID, fixture->out);
  const DhReportContents two = { .run = run,
                                 .other = evaluate (fixture, DH_MAP_MAX_SOFTMAX, other_out),
                                 .intervals = TRUE };
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    {
      g_autofree char *text = write_text (fixture, &two, f);
      if (f == DH_REPORT_MD)
        {
          evaluation_assert_has (text, "| all | %u | ", IMAGES);
          evaluation_assert_has (text, "less run %u: 95 %% intervals", (guint)two.other);
          evaluation_assert_has (text, "of which images there are%s", "");
          evaluation_assert_has (text, "Of fewer than %u, or where too few", DH_BOOTSTRAP_LEAST);
        }
      if (f == DH_REPORT_HTML)
        evaluation_assert_has (text, "<td class=t>all<td>%u<td>", IMAGES);
    }
  DhReportContents sliced = two;
  sliced.slices = TRUE;
  g_autofree char *with = write_text (fixture, &sliced, DH_REPORT_MD),
                  *without = write_text (fixture, &two, DH_REPORT_MD);
  evaluation_assert_has (with, "Places and classes are parts of each image, and have none.%s", "");
  g_assert_null (strstr (without, "Places and classes"));
  g_autofree char *command = g_strdup_printf ("rm '%s/eval/scores/validation2.npy'", fixture->out);
  g_assert_cmpint (system (command), ==, 0);
  for (guint slices = 0; slices < 2; slices++)
    {
      const DhReportContents contents = { .run = run, .intervals = TRUE, .slices = slices };
      g_autofree char *gone = write_text (fixture, &contents, DH_REPORT_MD);
      evaluation_assert_has (gone, "No intervals can be had: of run %u not every map", (guint)run);
    }
}

static void
assert_refused (EvaluationFixture *fixture, gint64 run, gint64 other, DhDrawn drawn, gint code, const char *text)
{
  g_autoptr (GError) error = NULL;
  DhRunIntervals intervals;
  g_assert_false (
      dh_run_intervals_measure (fixture->database, run, other, NULL, drawn, &intervals, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, code);
  evaluation_assert_has (error->message, "%s", text);
}

static void
note_progress (guint64 done, guint64 total, const char *what, gpointer data)
{
  g_assert_cmpuint (done, <, total);
  ++*(guint *)data;
}

static void
test_measured (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *other_out = g_build_filename (fixture->folder, "other", NULL);
  const gint64 run = evaluate (fixture, DH_MAP_HYBRID, fixture->out);
  const gint64 other = evaluate (fixture, DH_MAP_MAX_SOFTMAX, other_out);
  guint told = 0;
  const DhProgress progress = { note_progress, &told };
  DhRunIntervals intervals, turned;
  g_assert_true (dh_run_intervals_measure (fixture->database, run, other, NULL, DH_DRAWN_BY_ITSELF, &intervals,
                                           &progress, NULL, &error));
  g_assert_true (
      dh_run_intervals_measure (fixture->database, other, run, NULL, DH_DRAWN_IMAGES, &turned, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (told, ==, 2 * IMAGES);
  g_assert_false (intervals.scenes);
  g_assert_cmpuint (intervals.images, ==, IMAGES);
  g_assert_cmpfloat (intervals.exact[DH_INTERVAL_AP][0], ==, turned.exact[DH_INTERVAL_AP][1]);
  g_assert_cmpfloat (
      fabs (intervals.numbers[DH_INTERVAL_AP].difference.low + turned.numbers[DH_INTERVAL_AP].difference.high), <,
      1e-9);

  /* one scene: nothing to draw from */
  g_assert_true (
      dh_run_intervals_measure (fixture->database, run, 0, NULL, DH_DRAWN_SCENES, &intervals, NULL, NULL, &error));
  g_assert_true (intervals.scenes && isnan (intervals.numbers[DH_INTERVAL_AP].of[0].low));
  g_assert_cmpuint (intervals.groups, ==, 1);
  assert_refused (fixture, 999, 0, DH_DRAWN_IMAGES, DH_ERROR_NOT_FOUND, "999");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_assert_false (dh_run_intervals_measure (fixture->database, run, 0, NULL, DH_DRAWN_IMAGES, &intervals, NULL,
                                            cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  /* A curve without points has no bins. */
  g_autoptr (GPtrArray) protocols = dh_database_list_run_protocols (fixture->database, other, NULL);
  g_autoptr (DhCurve) empty = dh_curve_new (0, 0, 0);
  g_autoptr (GBytes) none = dh_curve_to_bytes (empty);
  for (guint i = 0; i < protocols->len; i++)
    {
      DhRunProtocolRow row = *(const DhRunProtocolRow *)protocols->pdata[i];
      row.curve = row.curve ? none : NULL;
      g_assert_true (dh_database_put_run_protocol (fixture->database, other, &row, NULL));
    }
  assert_refused (fixture, other, 0, DH_DRAWN_IMAGES, DH_ERROR_NOT_FOUND, "keeps no curve");
  g_autofree char *command = g_strdup_printf ("rm -r '%s/eval/scores'", fixture->out);
  g_assert_cmpint (system (command), ==, 0);
  assert_refused (fixture, run, 0, DH_DRAWN_IMAGES, DH_ERROR_NOT_FOUND, "not every map");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/report-intervals/numbers", NULL, test_numbers);
  EVALUATION_TEST ("/report-intervals/formats", NULL, test_formats);
  EVALUATION_TEST ("/report-intervals/measured", NULL, test_measured);
  return g_test_run ();
}
