/* What reports say of objects and false alarms, against components at one threshold after another. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-components.h"
#include "dh-error.h"
#include "dh-npy.h"
#include "dh-report.h"
#include "dh-run-froc.h"
#include "evaluation-fixture.h"

enum
{
  N = EVALUATION_WIDTH * EVALUATION_HEIGHT,
  AREA = 3,
};

static char *
map_path (EvaluationFixture *fixture, guint index)
{
  return g_strdup_printf ("%s/eval/scores/%s.npy", fixture->out, dh_dataset_item (fixture->dataset, index)->stem);
}

static gint64
evaluate (EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation->run;
}

static char *
write_text (EvaluationFixture *fixture, gint64 run, gint64 other, DhReportFormat format)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "text", NULL);
  const DhReportContents contents = {
    .run = run, .other = other, .froc = TRUE, .froc_rules = { .min_area = AREA, .min_anomaly = 1, .found_share = 0.5 }
  };
  char *text = NULL;
  g_assert_true (dh_report_write_contents (fixture->database, &contents, format, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* False alarms are the components that share no pixel with an anomaly, an object is found where half of it is flagged.
 */
static void
count_plainly (EvaluationFixture *fixture, double threshold, guint *objects, guint *found, guint *alarms)
{
  *objects = *found = *alarms = 0;
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = map_path (fixture, i);
      g_autoptr (DhTensor) map = dh_npy_load (path, &error);
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_dataset_load_labels (fixture->dataset, i, &labels, NULL, &error));
      guint8 mask[N];
      for (guint k = 0; k < N; k++)
        mask[k] = dh_tensor_f32 (map)[k] > threshold;
      const DhComponentOptions options = { AREA, 1, 0.25 };
      g_autoptr (DhComponents) components =
          dh_components_match (mask, labels->ids, EVALUATION_WIDTH, EVALUATION_HEIGHT, &options, &error);
      g_assert_no_error (error);
      for (guint c = 0; c < components->n_anomalies + components->n_predictions; c++)
        {
          const DhComponent *one = &components->items[c];
          *objects += one->anomaly;
          *alarms += !one->anomaly && one->overlap == 0;
          if (!one->anomaly)
            continue;
          /* deleted predictions find nothing there, so pixels are counted by themselves */
          guint flagged = 0;
          const DhComponentOptions all = { 1, 1, 0.25 };
          g_autoptr (DhComponents) each =
              dh_components_match (mask, labels->ids, EVALUATION_WIDTH, EVALUATION_HEIGHT, &all, NULL);
          for (guint e = 0; e < each->n_anomalies; e++)
            if (each->items[e].first_x == one->first_x && each->items[e].first_y == one->first_y)
              flagged = (guint)each->items[e].overlap;
          *found += 2 * flagged >= one->area;
        }
    }
}

static void
check_point (EvaluationFixture *fixture, JsonObject *point)
{
  guint objects, found, alarms;
  if (json_node_is_null (json_object_get_member (point, "threshold")))
    return;
  count_plainly (fixture, json_object_get_double_member (point, "threshold"), &objects, &found, &alarms);
  g_assert_cmpuint (objects, >, 0);
  g_assert_cmpint (json_object_get_int_member (point, "objects_found"), ==, found);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (point, "found"), (double)found / objects, 1e-12);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (point, "false_alarms_per_image"),
                                  (double)alarms / EVALUATION_IMAGES, 1e-12);
}

static JsonObject *
find_froc (JsonNode *root)
{
  JsonArray *runs = json_object_get_array_member (json_node_get_object (root), "runs");
  return json_object_get_object_member (json_array_get_object_element (runs, 0), "froc");
}

static void
test_json (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = write_text (fixture, evaluate (fixture), 0, DH_REPORT_JSON);
  g_autoptr (JsonNode) root = json_from_string (text, &error);
  JsonObject *froc = find_froc (root);
  g_assert_cmpint (json_object_get_int_member (froc, "images"), ==, EVALUATION_IMAGES);
  g_assert_cmpint (json_object_get_int_member (froc, "images_unread"), ==, 0);
  g_assert_cmpint (json_object_get_int_member (froc, "min_area"), ==, AREA);
  JsonArray *at = json_object_get_array_member (froc, "at");
  g_assert_cmpuint (json_array_get_length (at), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      JsonObject *point = json_array_get_object_element (at, i);
      check_point (fixture, point);
      g_assert_cmpfloat (json_object_get_double_member (point, "false_alarms_per_image"), <=,
                         json_object_get_double_member (point, "rate"));
    }
  check_point (fixture, json_object_get_object_member (froc, "operating"));
  /* Each corner of the curve has what its threshold finds, and never fewer false alarms than that gives. */
  JsonArray *curve = json_object_get_array_member (froc, "curve");
  g_assert_cmpuint (json_array_get_length (curve), >, 4);
  for (guint i = 1; i < json_array_get_length (curve); i++)
    {
      JsonObject *corner = json_array_get_object_element (curve, i),
                 *before = json_array_get_object_element (curve, i - 1);
      guint objects, found, alarms;
      count_plainly (fixture, json_object_get_double_member (corner, "threshold"), &objects, &found, &alarms);
      g_assert_cmpfloat_with_epsilon (json_object_get_double_member (corner, "found"), (double)found / objects, 1e-12);
      g_assert_cmpfloat (json_object_get_double_member (corner, "false_alarms_per_image") + 1e-9, >=,
                         (double)alarms / EVALUATION_IMAGES);
      g_assert_cmpfloat (json_object_get_double_member (corner, "false_alarms_per_image"), >=,
                         json_object_get_double_member (before, "false_alarms_per_image"));
    }
}

static void
test_text (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 run = evaluate (fixture);
  g_autofree char *out = fixture->out;
  fixture->out = g_build_filename (fixture->folder, "again", NULL);
  const gint64 second = evaluate (fixture);
  g_autofree char *md = write_text (fixture, run, second, DH_REPORT_MD);
  g_autofree char *html = write_text (fixture, run, second, DH_REPORT_HTML);
  g_autofree char *pdf = write_text (fixture, run, second, DH_REPORT_PDF);
  evaluation_assert_has (md, "| at most %s false alarms |", "0.1");
  evaluation_assert_has (md, "| at most %d false alarm |", 1);
  evaluation_assert_has (md, "found where 50 %% of one is flagged; false alarms are flagged regions of at least %d",
                         AREA);
  evaluation_assert_has (md, "### %s", "Objects found by each run, in per cent");
  evaluation_assert_has (html, "%s", "Objects found against false alarms");
  evaluation_assert_has (html, "r%dp3-", 1);
  const DhFrocRules rules = DH_FROC_RULES_INIT;
  g_autoptr (DhFrocCurve) curve = dh_run_froc_measure (fixture->database, run, &rules, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (curve->images, ==, EVALUATION_IMAGES);
  g_assert_cmpfloat (curve->options.found_share, ==, DH_FROC_FOUND_SHARE);
}

/* A threshold that is chosen by the number of false alarms gives that many on the same set, and a report counts so. */
static void
test_chosen (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 run = evaluate (fixture);
  const DhFrocRules rules = { AREA, 1, 0.5 };
  g_auto (DhReportThreshold) kept = { NULL };
  g_assert_true (dh_report_choose_threshold (fixture->database, run, "fa0.4", &rules, run, &kept, NULL, NULL, &error));
  g_autofree char *named = g_strdup_printf ("at most 0.4 false alarms of at least %u pixels an image", (guint)AREA);
  g_assert_cmpstr (kept.rule, ==, named);
  g_assert_true (kept.own);
  /* Of the area that alarms were counted with, though nobody asked for one. */
  g_auto (DhReportThreshold) unasked = { NULL };
  g_assert_true (dh_report_choose_threshold (fixture->database, run, "fa0.4", &(DhFrocRules)DH_FROC_RULES_INIT, run,
                                             &unasked, NULL, NULL, &error));
  g_autoptr (DhFrocCurve) counted =
      dh_run_froc_measure (fixture->database, run, &(DhFrocRules)DH_FROC_RULES_INIT, NULL, NULL, &error);
  g_autofree char *area =
      g_strdup_printf (" of at least %" G_GUINT64_FORMAT " pixel", (guint64)counted->options.min_area);
  g_assert_nonnull (strstr (unasked.rule, area));
  guint objects, found, alarms, more;
  count_plainly (fixture, kept.value, &objects, &found, &alarms);
  g_assert_cmpuint (alarms, <=, 2);
  g_autofree char *path = g_build_filename (fixture->folder, "at", NULL), *text = NULL;
  const DhReportContents contents = {
    .run = run, .thresholds = &kept, .n_thresholds = 1, .froc = TRUE, .froc_rules = rules
  };
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_JSON, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_autoptr (JsonNode) root = json_from_string (text, &error);
  JsonObject *at = json_object_get_object_member (find_froc (root), "operating");
  g_assert_cmpfloat (json_object_get_double_member (at, "threshold"), ==, kept.value);
  check_point (fixture, at);
  /* the next score, one step of the curve further, has more */
  g_autoptr (DhFrocCurve) curve = dh_run_froc_measure (fixture->database, run, &rules, NULL, NULL, &error);
  const DhFrocPoint *next = dh_froc_curve_at_rate (curve, 0.4) + 1;
  g_assert_true (next < curve->points + curve->n_points);
  count_plainly (fixture, nextafterf (next->threshold, -INFINITY), &objects, &found, &more);
  g_assert_cmpuint (more, >, 2);
  g_assert_false (
      dh_report_choose_threshold (fixture->database, run, "fa0.4", &rules, 4711, &kept, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
}

/* Runs that are without different images are not subtracted, however many these are. */
static void
test_apart (EvaluationFixture *fixture, gconstpointer data)
{
  const gint64 run = evaluate (fixture);
  g_autofree char *of_run = map_path (fixture, 1);
  g_autofree char *out = fixture->out;
  fixture->out = g_build_filename (fixture->folder, "again", NULL);
  const gint64 second = evaluate (fixture);
  g_autofree char *whole = write_text (fixture, run, second, DH_REPORT_MD);
  g_assert_null (strstr (whole, "no map any more"));
  g_assert_false (g_regex_match_simple ("\\| mean of 1/8 to 8 \\| [0-9.]+ \\| [0-9.]+ \\| — \\|", whole, 0, 0));
  g_assert_cmpint (g_unlink (of_run), ==, 0);
  for (guint other = 0; other < EVALUATION_IMAGES; other++)
    {
      g_autofree char *gone = map_path (fixture, other), *aside = g_strconcat (gone, ".aside", NULL);
      g_assert_cmpint (g_rename (gone, aside), ==, 0);
      g_autofree char *md = write_text (fixture, run, second, DH_REPORT_MD);
      g_assert_true (g_regex_match_simple ("\\| mean of 1/8 to 8 \\| [0-9.]+ \\| [0-9.]+ \\| — \\|", md, 0, 0));
      g_assert_cmpint (g_rename (aside, gone), ==, 0);
    }
}

/* What a run that was stopped has of some of its images is no answer, and no threshold. */
static void
test_stopped (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (DhReportThreshold) kept = { NULL };
  const gint64 run = evaluate (fixture);
  const DhFrocRules rules = { AREA, 1, 0.5 };
  g_assert_true (dh_database_end_run (fixture->database, run, "cancelled", NULL, NULL, &error));
  g_assert_null (dh_run_froc_measure (fixture->database, run, &rules, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "has not measured all of its images"));
  g_clear_error (&error);
  g_assert_false (dh_report_choose_threshold (fixture->database, run, "fa0.4", &rules, run, &kept, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
}

/* Maps that are gone or cut short are left out, and counted; a gate cannot be told then. */
static void
test_unread (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 run = evaluate (fixture);
  g_autofree char *gone = map_path (fixture, 1), *cut = map_path (fixture, 2);
  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_assert_true (g_file_set_contents (cut, "\x93NUMPY", 6, NULL));
  g_autofree char *text = write_text (fixture, run, 0, DH_REPORT_JSON),
                  *md = write_text (fixture, run, 0, DH_REPORT_MD);
  g_autoptr (JsonNode) root = json_from_string (text, &error);
  JsonObject *froc = find_froc (root);
  g_assert_cmpint (json_object_get_int_member (froc, "images"), ==, EVALUATION_IMAGES - 2);
  g_assert_cmpint (json_object_get_int_member (froc, "images_unread"), ==, 2);
  evaluation_assert_has (md, "%d images have no map any more, or no labels, and are not among them.", 2);
  const DhFrocRules rules = DH_FROC_RULES_INIT;
  g_assert_null (dh_run_froc_measure (fixture->database, run, &rules, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (dh_run_froc_measure (fixture->database, run + 7, &rules, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/report-froc/json", NULL, test_json);
  EVALUATION_TEST ("/report-froc/text", NULL, test_text);
  EVALUATION_TEST ("/report-froc/chosen", NULL, test_chosen);
  EVALUATION_TEST ("/report-froc/apart", NULL, test_apart);
  EVALUATION_TEST ("/report-froc/stopped", NULL, test_stopped);
  EVALUATION_TEST ("/report-froc/unread", NULL, test_unread);
  return g_test_run ();
}
