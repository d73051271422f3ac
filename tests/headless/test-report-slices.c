/* A run's numbers by scene, tag and place, in reports: against the protocol itself on those pixels alone. */
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-metric.h"
#include "dh-npy.h"
#include "dh-report.h"
#include "evaluation-fixture.h"

static char *
write_text (EvaluationFixture *fixture, gint64 run, DhReportFormat format)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "text", NULL);
  const DhReportContents contents = { .run = run, .slices = TRUE };
  char *text = NULL;
  g_assert_true (dh_report_write_contents (fixture->database, &contents, format, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static gint64
evaluate (EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GPtrArray) images = dh_database_list_run_images (fixture->database, evaluation->run, &error);
  const DhMarkRow mark = { .path = ((DhRunImageRow *)images->pdata[0])->path,
                           .tags = (char *)"night\nrain",
                           .note = (char *)"" };
  g_assert_true (dh_database_put_mark (fixture->database, &mark, &error));
  return evaluation->run;
}

static gboolean
is_near_border (guint x, guint y)
{
  enum
  {
    MARGIN = EVALUATION_HEIGHT / 10
  };
  return x < MARGIN || y < MARGIN || x >= EVALUATION_WIDTH - MARGIN || y >= EVALUATION_HEIGHT - MARGIN;
}

static gboolean
is_in (const char *slice, guint picture, guint pixel)
{
  const guint x = pixel % EVALUATION_WIDTH, y = pixel / EVALUATION_WIDTH;
  return g_str_equal (slice, "all") || (g_str_equal (slice, "images with anomalies") && picture != 3)
         || (g_str_equal (slice, "top") && y < 16) || (g_str_equal (slice, "middle") && y >= 16 && y < 32)
         || (g_str_equal (slice, "bottom") && y >= 32) || (g_str_equal (slice, "border") && is_near_border (x, y))
         || (g_str_equal (slice, "inner") && !is_near_border (x, y)) || (g_str_equal (slice, "night") && picture == 0)
         || (g_str_equal (slice, "rain") && picture == 0);
}

/* The protocol on these pixels, all others void. */
static DhResult *
measure (EvaluationFixture *fixture, const char *slice)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhMetric) metric = dh_metric_new (dh_protocol_find ("densehybrid-pooled", NULL), NULL, &error);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autofree char *path =
          g_strdup_printf ("%s/eval/scores/%s.npy", fixture->out, dh_dataset_item (fixture->dataset, i)->stem);
      g_autoptr (DhTensor) map = dh_npy_load (path, &error);
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_dataset_load_labels (fixture->dataset, i, &labels, NULL, &error));
      guint8 kept[EVALUATION_WIDTH * EVALUATION_HEIGHT];
      for (guint k = 0; k < sizeof kept; k++)
        kept[k] = is_in (slice, i, k) ? labels->ids[k] : 255;
      const DhScoredImage image = { "", dh_tensor_f32 (map), kept, EVALUATION_WIDTH, EVALUATION_HEIGHT, NULL };
      g_assert_true (dh_metric_add (metric, &image, &error));
    }
  g_assert_no_error (error);
  return dh_metric_finish (metric, &error);
}

/* One pixel after another. */
static void
assert_counted (EvaluationFixture *fixture, const char *slice, double threshold, JsonObject *told)
{
  guint64 n[2][2] = { { 0 } }; /* [label][flagged] */
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autofree char *path =
          g_strdup_printf ("%s/eval/scores/%s.npy", fixture->out, dh_dataset_item (fixture->dataset, i)->stem);
      g_autoptr (DhTensor) map = dh_npy_load (path, NULL);
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_dataset_load_labels (fixture->dataset, i, &labels, NULL, NULL));
      for (guint k = 0; k < EVALUATION_WIDTH * EVALUATION_HEIGHT; k++)
        if (is_in (slice, i, k) && labels->ids[k] <= 1)
          n[labels->ids[k]][dh_tensor_f32 (map)[k] > threshold]++;
    }
  g_assert_cmpuint (n[1][1], >, 0);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (told, "tpr"),
                                  (double)n[1][1] / (double)(n[1][0] + n[1][1]), 1e-12);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (told, "fpr"),
                                  (double)n[0][1] / (double)(n[0][0] + n[0][1]), 1e-12);
}

/* The report's numbers at a threshold that is kept, and how it was chosen. */
static void
test_threshold (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 run = evaluate (fixture);
  g_autoptr (DhResult) middle = measure (fixture, "middle");
  const DhReportThreshold kept = { .value = middle->threshold_tpr95 }; /* a value that pixels have */
  g_autofree char *path = g_build_filename (fixture->folder, "at", NULL), *text = NULL;
  const DhReportContents contents = { .run = run, .thresholds = &kept, .n_thresholds = 1, .slices = TRUE };
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_JSON, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_autoptr (JsonNode) root = json_from_string (text, &error);
  JsonObject *first =
      json_array_get_object_element (json_object_get_array_member (json_node_get_object (root), "runs"), 0);
  JsonObject *member = json_object_get_object_member (first, "slices");
  JsonArray *slices = json_object_get_array_member (member, "slices");
  g_assert_cmpfloat (json_object_get_double_member (member, "threshold"), ==, kept.value);
  g_assert_cmpstr (json_object_get_string_member (member, "threshold_rule"), ==, "set by hand");
  for (guint i = 0; i < json_array_get_length (slices); i++)
    {
      JsonObject *slice = json_array_get_object_element (slices, i);
      if (json_object_has_member (slice, "class"))
        break;
      assert_counted (fixture, json_object_get_string_member (slice, "slice"), kept.value, slice);
    }
  /* one number of one thing in one report */
  JsonObject *at = json_array_get_object_element (json_object_get_array_member (first, "thresholds"), 0);
  JsonObject *all = json_array_get_object_element (slices, 0);
  g_assert_true (json_object_get_boolean_member (at, "counted_exactly"));
  g_assert_cmpfloat (json_object_get_double_member (at, "tpr"), ==, json_object_get_double_member (all, "tpr"));
  g_assert_cmpfloat (json_object_get_double_member (at, "fpr"), ==, json_object_get_double_member (all, "fpr"));
}

/* Without the maps it is the curve's word, and that is said; where it was chosen is told so that it can be found. */
static void
test_provenance (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 run = evaluate (fixture);
  g_auto (DhReportThreshold) kept = { NULL };
  g_assert_true (dh_report_choose_threshold (fixture->database, run, "tpr95", NULL, run, &kept, NULL, NULL, &error));
  g_autofree char *path = g_build_filename (fixture->folder, "at", NULL), *md = NULL, *json = NULL;
  g_assert_true (dh_report_write_at (fixture->database, run, &kept, 1, DH_REPORT_MD, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &md, NULL, NULL));
  evaluation_assert_has (md, "%u images, run %" G_GINT64_FORMAT " (this very set) | %s%.9g |", EVALUATION_IMAGES, run,
                         kept.value < 0 ? "−" : "", fabs (kept.value));
  evaluation_assert_has (md, "read off the curve");
  g_assert_true (dh_report_write_at (fixture->database, run, &kept, 1, DH_REPORT_JSON, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &json, NULL, NULL));
  g_autoptr (DhRunRow) row = dh_database_get_run (fixture->database, run, &error);
  evaluation_assert_has (json, "\"source_run\" : %" G_GINT64_FORMAT, run);
  evaluation_assert_has (json, "\"source_fingerprint\" : \"%s\"", row->dataset_fingerprint);
  evaluation_assert_has (json, "\"counted_exactly\" : false");
}

static void
test_numbers (EvaluationFixture *fixture, gconstpointer data)
{
  static const char *const expected[] = {
    "all", "images with anomalies", "night", "rain", "top", "middle", "bottom", "border", "inner"
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *json = write_text (fixture, evaluate (fixture), DH_REPORT_JSON);
  g_autoptr (JsonNode) root = json_from_string (json, &error);
  g_assert_no_error (error);
  JsonObject *run =
      json_array_get_object_element (json_object_get_array_member (json_node_get_object (root), "runs"), 0);
  JsonObject *member = json_object_get_object_member (run, "slices");
  JsonArray *slices = json_object_get_array_member (member, "slices");
  g_assert_cmpint (json_object_get_int_member (member, "images_unread"), ==, 0);
  /* behind them classes: test-report-class-slices.c */
  g_assert_cmpuint (json_array_get_length (slices), >=, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      JsonObject *slice = json_array_get_object_element (slices, i);
      g_autoptr (DhResult) result = measure (fixture, expected[i]);
      g_assert_cmpstr (json_object_get_string_member (slice, "slice"), ==, expected[i]);
      g_assert_cmpint (json_object_get_int_member (slice, "pixels"), ==, (gint64)result->pixels);
      g_assert_cmpint (json_object_get_int_member (slice, "positives"), ==, (gint64)result->positives);
      g_assert_cmpfloat (json_object_get_double_member (slice, "ap"), ==, result->ap);
      g_assert_cmpfloat (json_object_get_double_member (slice, "auroc"), ==, result->auroc);
      g_assert_cmpfloat (json_object_get_double_member (slice, "fpr95"), ==, result->fpr95);
      assert_counted (fixture, expected[i], json_object_get_double_member (member, "threshold"), slice);
      g_assert_cmpint (json_object_get_int_member (slice, "images"), ==,
                       i == 1             ? EVALUATION_IMAGES - 1
                       : i == 2 || i == 3 ? 1
                                          : EVALUATION_IMAGES);
    }
}

/* In every format that has a place for it; and where maps are gone that is said, and no number is made of none. */
static void
test_formats (EvaluationFixture *fixture, gconstpointer data)
{
  const gint64 run = evaluate (fixture);
  g_autoptr (DhResult) bottom = measure (fixture, "bottom");
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    {
      g_autofree char *text = write_text (fixture, run, f);
      if (f == DH_REPORT_MD)
        {
          evaluation_assert_has (text, "| bottom third of the rows | %u | ", EVALUATION_IMAGES);
          evaluation_assert_has (text, " | %.2f | %.2f | %.2f | ", 100 * bottom->ap, 100 * bottom->fpr95,
                                 100 * bottom->auroc);
          evaluation_assert_has (text, "| tag night | 1 | %s", "");
        }
      if (f == DH_REPORT_HTML)
        evaluation_assert_has (text, "<td>%.2f<td>%.2f<td>%.2f", 100 * bottom->ap, 100 * bottom->fpr95,
                               100 * bottom->auroc);
    }
  g_autofree char *command = g_strdup_printf ("rm -r '%s/eval/scores'", fixture->out);
  g_assert_cmpint (system (command), ==, 0);
  g_autofree char *gone = write_text (fixture, run, DH_REPORT_MD);
  evaluation_assert_has (gone, "%u images have no map any more", EVALUATION_IMAGES);
  evaluation_assert_has (gone, "| all | 0 | 0 | 0 | — | — | — | — | — | — | — |%s", "");
}

/* Two runs beside each other, subtracted where both are of the same pixels. */
static void
test_compared (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 first = evaluate (fixture);
  g_autoptr (DhResult) one = measure (fixture, "bottom");
  g_autofree char *out = g_build_filename (fixture->folder, "other", NULL);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.score = DH_MAP_MAX_SOFTMAX;
  options.more_scores = 0;
  options.folder = out;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *scores = fixture->out;
  fixture->out = g_strdup (out);
  g_autoptr (DhResult) two = measure (fixture, "bottom");
  g_assert_cmpfloat (fabs (one->ap - two->ap), >, 1e-4);
  g_autofree char *path = g_build_filename (fixture->folder, "compared", NULL);
  const DhReportContents contents = { .run = first, .other = evaluation->run, .slices = TRUE };
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    g_assert_true (dh_report_write_contents (fixture->database, &contents, f, path, NULL, &error));
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_MD, path, NULL, &error));
  g_autofree char *md = NULL;
  g_assert_true (g_file_get_contents (path, &md, NULL, NULL));
  const double change = 100 * (one->ap - two->ap);
  evaluation_assert_has (md, "| bottom third of the rows | %u | %.2f | %.2f | %s%.2f | ", (guint)one->positives,
                         100 * one->ap, 100 * two->ap, change > 0 ? "+" : "−", fabs (change));
  g_autofree char *command = g_strdup_printf ("rm -r '%s/eval/scores'", out), *gone = NULL;
  g_assert_cmpint (system (command), ==, 0);
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_MD, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &gone, NULL, NULL));
  evaluation_assert_has (gone, "no means of images. %u images have no map", EVALUATION_IMAGES);
  evaluation_assert_has (gone, "| bottom third of the rows | %u | %.2f | — | — | ", (guint)one->positives,
                         100 * one->ap);
  evaluation_assert_has (md, "| slice | anomaly pixels | AP %u | AP %u | %u − %u | FPR95 %u |", (guint)first,
                         (guint)evaluation->run, (guint)first, (guint)evaluation->run, (guint)first);
}

typedef struct
{
  guint64 done, total;
  guint starts, ends;
} Told;

static void
hear (guint64 done, guint64 total, const char *what, gpointer data)
{
  Told *told = data;
  g_assert_true (g_str_equal (what, told->starts + (done == 0) <= 1 ? "slices" : "objects"));
  g_assert_cmpuint (done, >=, done == 0 ? 0 : told->done);
  g_assert_cmpuint (done, <=, total);
  told->starts += done == 0;
  told->ends += done == total;
  told->done = done;
  told->total = total;
}

/* Who waits for thousands of maps is told how far it is, of the slices and then of the objects. */
static void
test_progress (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Told told = { 0 };
  const DhProgress progress = { hear, &told };
  const DhReportContents contents = {
    .run = evaluate (fixture), .slices = TRUE, .objects = TRUE, .progress = &progress
  };
  g_autofree char *path = g_build_filename (fixture->folder, "text", NULL);
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_MD, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (told.starts, ==, 2);
  g_assert_cmpuint (told.ends, >=, 2);
  g_assert_cmpuint (told.done, ==, EVALUATION_IMAGES);
  g_assert_cmpuint (told.total, ==, EVALUATION_IMAGES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/report-slices/numbers", NULL, test_numbers);
  EVALUATION_TEST ("/report-slices/threshold", NULL, test_threshold);
  EVALUATION_TEST ("/report-slices/provenance", NULL, test_provenance);
  EVALUATION_TEST ("/report-slices/formats", NULL, test_formats);
  EVALUATION_TEST ("/report-slices/compared", NULL, test_compared);
  EVALUATION_TEST ("/report-slices/progress", NULL, test_progress);
  return g_test_run ();
}
