/* Each protocol's numbers in draws of a set's images, against draws of our own. */
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-error.h"
#include "dh-report.h"
#include "dh-run-intervals.h"
#include "evaluation-fixture.h"
#include "naive-metrics.h"

enum
{
  IMAGES = 24,
  DRAWS = 1000,
};

static const char *const names[] = {
  "densehybrid-pooled", "densehybrid-per-image", "densehybrid-per-image-as-published", "fishyscapes", "caos",
  "smiyc-pixel",        "smiyc-component"
};

static DhEvaluation *
evaluate (EvaluationFixture *fixture, DhMap score, const char *folder, guint from, guint to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) protocols = g_ptr_array_new ();
  for (guint i = EVALUATION_IMAGES; i < IMAGES; i++)
    evaluation_write_pair (fixture->root, i, EVALUATION_WIDTH);
  dh_dataset_unref (fixture->dataset);
  fixture->dataset = dh_dataset_open (fixture->folder, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = from; i < to; i++)
    g_ptr_array_add (protocols, (gpointer)dh_protocol_find (names[i], &error));
  DhEvaluationOptions options = evaluation_options (fixture);
  options.score = score;
  options.more_scores = 0;
  options.folder = folder;
  options.protocols = (const DhProtocol *const *)protocols->pdata;
  options.n_protocols = protocols->len;
  options.metric_options.min_prediction = options.metric_options.min_anomaly = 1;
  DhEvaluation *evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Σ values · weights ÷ Σ weights over images that are drawn; a value that is undefined has no weight. */
static void
assert_drawn (const DhBootstrapNumber *number, const double *values, const double *weights)
{
  guint64 state = 31;
  double drawn[DRAWS];
  guint n = 0;
  for (guint d = 0; d < DRAWS; d++)
    {
      double sum = 0, weight = 0;
      for (guint i = 0; i < IMAGES; i++)
        {
          const guint at = (guint)(random_unit (&state) * IMAGES);
          if (isnan (values[at]))
            continue;
          sum += values[at] * weights[at];
          weight += weights[at];
        }
      if (weight > 0)
        drawn[n++] = sum / weight;
    }
  qsort (drawn, n, sizeof *drawn, compare);
  const double low = drawn[n * 25 / 1000], high = drawn[n * 975 / 1000], width = high - low;
  g_test_message ("%.5f to %.5f, drawn here %.5f to %.5f", number->of[0].low, number->of[0].high, low, high);
  g_assert_cmpfloat (width, >, 0);
  g_assert_cmpfloat (fabs (number->of[0].low - low), <, 0.15 * width);
  g_assert_cmpfloat (fabs (number->of[0].high - high), <, 0.15 * width);
}

/* Of the mean over images of what stands there in each row. */
static void
assert_mean (const DhRunIntervals *intervals, DhIntervalNumber k, const DhResult *result, gsize offset, double exact)
{
  double values[IMAGES], weights[IMAGES];
  for (guint i = 0; i < IMAGES; i++)
    {
      values[i] = G_STRUCT_MEMBER (double, &result->rows[i], offset);
      weights[i] = 1;
    }
  g_assert_cmpfloat_with_epsilon (intervals->exact[k][0], exact, 1e-12);
  assert_drawn (&intervals->numbers[k], values, weights);
}

static void
measure (EvaluationFixture *fixture, const DhEvaluation *one, const DhEvaluation *other, const char *protocol,
         DhRunIntervals *intervals)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_run_intervals_measure (fixture->database, one->run, other ? other->run : 0, protocol,
                                           DH_DRAWN_IMAGES, intervals, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (intervals->groups, ==, IMAGES);
}

static void
test_means (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (DhEvaluation) one = evaluate (fixture, DH_MAP_HYBRID, fixture->out, 0, G_N_ELEMENTS (names));
  DhRunIntervals intervals;
  for (guint p = 0; p < G_N_ELEMENTS (names); p++)
    {
      const DhResult *result = evaluation_result (one, 0, p);
      if (!g_strrstr (names[p], "per-image") && !g_str_equal (names[p], "caos"))
        continue;
      measure (fixture, one, NULL, names[p], &intervals);
      assert_mean (&intervals, DH_INTERVAL_AP, result, G_STRUCT_OFFSET (DhImageResult, ap), result->ap);
      assert_mean (&intervals, DH_INTERVAL_FPR95, result, G_STRUCT_OFFSET (DhImageResult, fpr95), result->fpr95);
      assert_mean (&intervals, DH_INTERVAL_AUROC, result, G_STRUCT_OFFSET (DhImageResult, auroc), result->auroc);
      g_assert_true (isnan (intervals.exact[DH_INTERVAL_BEST_F1][0])
                     && isnan (intervals.numbers[DH_INTERVAL_SIOU].of[0].low));
    }
}

static void
test_components (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (DhEvaluation) one = evaluate (fixture, DH_MAP_HYBRID, fixture->out, 0, G_N_ELEMENTS (names));
  const DhResult *result = evaluation_result (one, 0, G_N_ELEMENTS (names) - 1);
  DhRunIntervals intervals;
  double siou[IMAGES], anomalies[IMAGES], ppv[IMAGES], predictions[IMAGES];
  measure (fixture, one, NULL, "smiyc-component", &intervals);
  for (guint i = 0; i < IMAGES; i++)
    {
      siou[i] = result->rows[i].siou_mean;
      anomalies[i] = result->rows[i].n_components;
      ppv[i] = result->rows[i].ppv_mean;
      predictions[i] = result->rows[i].n_predictions;
    }
  assert_drawn (&intervals.numbers[DH_INTERVAL_SIOU], siou, anomalies);
  assert_drawn (&intervals.numbers[DH_INTERVAL_PPV], ppv, predictions);
  g_assert_cmpfloat (intervals.exact[DH_INTERVAL_MEAN_F1][0], ==, result->components->f1_mean);
  g_assert_true (isnan (intervals.numbers[DH_INTERVAL_AP].of[0].low));
}

/* Those that rank all pixels have the interval of their own number: with one ranking, moved by what they differ in. */
static void
test_pooled (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (DhEvaluation) one = evaluate (fixture, DH_MAP_HYBRID, fixture->out, 0, G_N_ELEMENTS (names));
  DhRunIntervals pooled, fishyscapes, smiyc;
  measure (fixture, one, NULL, NULL, &pooled);
  measure (fixture, one, NULL, "fishyscapes", &fishyscapes);
  measure (fixture, one, NULL, "smiyc-pixel", &smiyc);
  const double moved = smiyc.exact[DH_INTERVAL_AP][0] - pooled.exact[DH_INTERVAL_AP][0];
  g_assert_cmpfloat (smiyc.exact[DH_INTERVAL_AP][0], ==, evaluation_result (one, 0, 5)->ap);
  g_assert_cmpfloat (smiyc.exact[DH_INTERVAL_BEST_F1][0], ==, evaluation_result (one, 0, 5)->best_f1);
  g_assert_cmpfloat (moved, !=, 0);
  g_assert_cmpfloat_with_epsilon (fishyscapes.numbers[DH_INTERVAL_AP].of[0].low,
                                  pooled.numbers[DH_INTERVAL_AP].of[0].low, 1e-12);
  g_assert_cmpfloat_with_epsilon (smiyc.numbers[DH_INTERVAL_AP].of[0].high,
                                  pooled.numbers[DH_INTERVAL_AP].of[0].high + moved, 1e-9);
  g_assert_cmpfloat (pooled.numbers[DH_INTERVAL_BEST_F1].of[0].low, <, pooled.exact[DH_INTERVAL_BEST_F1][0]);
  g_assert_cmpfloat (pooled.numbers[DH_INTERVAL_BEST_F1].of[0].high, >, pooled.exact[DH_INTERVAL_BEST_F1][0]);
}

/* A run that was not measured by densehybrid-pooled has the intervals of what it was measured by. */
static void
test_other_alone (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) one = evaluate (fixture, DH_MAP_HYBRID, fixture->out, 5, 6);
  DhRunIntervals intervals;
  measure (fixture, one, NULL, "smiyc-pixel", &intervals);
  g_assert_cmpfloat (intervals.numbers[DH_INTERVAL_AP].of[0].low, <, intervals.exact[DH_INTERVAL_AP][0]);
  for (guint p = 0; p < G_N_ELEMENTS (names); p++)
    if (p != 5)
      {
        g_assert_false (dh_run_intervals_measure (fixture->database, one->run, 0, names[p], DH_DRAWN_IMAGES, &intervals,
                                                  NULL, NULL, &error));
        g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
        evaluation_assert_has (error->message, "was not measured by %s", names[p]);
        g_clear_error (&error);
      }
}

static JsonObject *
find_protocol (JsonObject *intervals, const char *protocol)
{
  JsonArray *protocols = json_object_get_array_member (intervals, "protocols");
  for (guint i = 0; i < json_array_get_length (protocols); i++)
    if (g_str_equal (json_object_get_string_member (json_array_get_object_element (protocols, i), "protocol"),
                     protocol))
      return json_array_get_object_element (protocols, i);
  return NULL;
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

/* What reports say is what is measured; of two runs, on the same draws. */
static void
test_reports (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *other_out = g_build_filename (fixture->folder, "other", NULL);
  g_autoptr (DhEvaluation) one = evaluate (fixture, DH_MAP_HYBRID, fixture->out, 0, G_N_ELEMENTS (names));
  g_autoptr (DhEvaluation) two = evaluate (fixture, DH_MAP_MAX_SOFTMAX, other_out, 0, G_N_ELEMENTS (names));
  const DhReportContents contents = { .run = one->run, .other = two->run, .intervals = TRUE, .drawn = DH_DRAWN_IMAGES };
  g_autofree char *text = write_text (fixture, &contents, DH_REPORT_JSON);
  g_autoptr (JsonNode) root = json_from_string (text, &error);
  JsonObject *top = json_node_get_object (root);
  JsonObject *own = json_object_get_object_member (
      json_array_get_object_element (json_object_get_array_member (top, "runs"), 0), "intervals");
  JsonObject *differences = json_object_get_object_member (top, "differences");
  for (guint p = 0; p < G_N_ELEMENTS (names); p++)
    {
      const gboolean objects = g_str_equal (names[p], "smiyc-component");
      const DhIntervalNumber k = objects ? DH_INTERVAL_PPV : DH_INTERVAL_FPR95;
      const char *member = objects ? "ppv" : "fpr95";
      g_autofree char *interval = g_strconcat (member, "_interval", NULL);
      g_autofree char *higher = g_strconcat (member, "_first_higher", NULL);
      DhRunIntervals both;
      measure (fixture, one, two, names[p], &both);
      JsonObject *written = find_protocol (own, names[p]), *less = find_protocol (differences, names[p]);
      g_assert_true (written != NULL && less != NULL);
      g_assert_cmpfloat_with_epsilon (json_object_get_double_member (written, member), both.exact[k][0], 1e-9);
      g_assert_cmpfloat_with_epsilon (
          json_array_get_double_element (json_object_get_array_member (written, interval), 0),
          both.numbers[k].of[0].low, 1e-9);
      g_assert_cmpfloat_with_epsilon (json_array_get_double_element (json_object_get_array_member (less, interval), 1),
                                      both.numbers[k].difference.high, 1e-9);
      g_assert_cmpfloat_with_epsilon (json_object_get_double_member (less, higher), both.numbers[k].first_higher, 1e-9);
    }
  g_autofree char *md = write_text (fixture, &contents, DH_REPORT_MD);
  evaluation_assert_has (md, "| smiyc-component | mean F1 | %u | ", IMAGES);
  evaluation_assert_has (md, "| densehybrid-pooled | best F1 | %u | ", IMAGES);
  evaluation_assert_has (md, "less run %u by protocol: 95 %% intervals", (guint)two->run);
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    {
      g_autofree char *any = write_text (fixture, &contents, f);
      g_assert_cmpuint (strlen (any), >, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/protocol-intervals/means", NULL, test_means);
  EVALUATION_TEST ("/protocol-intervals/components", NULL, test_components);
  EVALUATION_TEST ("/protocol-intervals/pooled", NULL, test_pooled);
  EVALUATION_TEST ("/protocol-intervals/other-alone", NULL, test_other_alone);
  EVALUATION_TEST ("/protocol-intervals/reports", NULL, test_reports);
  return g_test_run ();
}
