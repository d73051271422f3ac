#include <math.h>

#include "dh-metric.h"
#include "dh-open-set.h"
#include "dh-ranking.h"
#include "golden.h"

#define TOLERANCE 1e-9

static Golden *golden;
static JsonObject *expected;

/* null stands for undefined. */
static double
member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  g_assert_nonnull (node);
  return JSON_NODE_HOLDS_NULL (node) ? NAN : json_node_get_double (node);
}

static void
assert_near (const char *what, double got, double want, double tolerance)
{
  if (isnan (got) == isnan (want) && (isnan (got) || fabs (got - want) <= tolerance))
    return;
  g_test_message ("%s: %.17g, the reference gives %.17g", what, got, want);
  g_test_fail ();
}

static void
assert_member (const char *where, double got, JsonObject *object, const char *name)
{
  g_autofree char *what = g_strdup_printf ("%s %s", where, name);
  assert_near (what, got, member (object, name), TOLERANCE);
}

/* i < 0: the file's cases are of one image each. */
static DhTensor *
tensor (const char *name, gint64 i, const char *kind)
{
  return i < 0 ? golden_tensor (golden, "%s.%s", name, kind)
               : golden_tensor (golden, "%s.%" G_GINT64_FORMAT ".%s", name, i, kind);
}

static void
test_scikit_learn (gconstpointer data)
{
  const char *name = data;
  JsonObject *want = json_object_get_object_member (expected, name);
  DhTensor *scores = tensor (name, -1, "score"), *labels = tensor (name, -1, "label");
  g_autoptr (DhRanking) ranking = dh_ranking_new ();
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_ranking_add (ranking, dh_tensor_f32 (scores), dh_tensor_data (labels), dh_tensor_count (scores),
                                 NULL, &error));
  DhPixelMetrics got;
  g_assert_true (dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &got));
  assert_member (name, got.ap, want, "average_precision");
  assert_member (name, got.auroc, want, "auroc");
  assert_member (name, got.fpr95, want, "fpr_at_95_tpr");
  const double threshold = member (want, "threshold_at_95_tpr");
  assert_near (name, got.threshold_tpr95, threshold, fabs (threshold) * TOLERANCE);
  g_assert_cmpuint (dh_ranking_anomalies (ranking), ==, json_object_get_int_member (want, "positives"));
  g_assert_cmpuint (dh_ranking_inliers (ranking), ==, json_object_get_int_member (want, "negatives"));
  g_assert_cmpuint (dh_ranking_ignored (ranking), ==, json_object_get_int_member (want, "ignored"));
}

/* `open` of metrics.json: predictions that hold the anomaly class already. */
static void
test_open_confusion (gconstpointer data)
{
  JsonObject *want = json_object_get_object_member (expected, data);
  JsonArray *ious = json_object_get_array_member (want, "iou");
  DhTensor *prediction = golden_tensor (golden, "open.pred"), *labels = golden_tensor (golden, "open.label");
  const gsize n = dh_tensor_count (labels);
  g_autofree float *scores = g_new0 (float, n);
  g_autoptr (DhOpenSet) set = dh_open_set_new (json_array_get_length (ious) - 1, 0);
  dh_open_set_add (set, dh_tensor_data (prediction), scores, dh_tensor_data (labels), n);
  g_autoptr (DhOpenSetResult) got = dh_open_set_finish (set);
  assert_member ("open", got->open_miou, want, "open_miou");
  assert_member ("open", got->anomaly_iou, want, "anomaly_iou");
  for (guint c = 0; c < json_array_get_length (ious); c++)
    assert_near ("iou", got->iou[c], json_array_get_double_element (ious, c), TOLERANCE);
}

/* All images of a case through a protocol, in as many passes as it wants. */
static DhResult *
measure_case (const char *name, const char *protocol, const DhMetricOptions *options)
{
  const gint64 images = json_object_get_int_member (json_object_get_object_member (expected, name), "images");
  g_autoptr (GError) error = NULL;
  g_autoptr (DhMetric) metric = dh_metric_new (dh_protocol_find (protocol, NULL), options, &error);
  g_assert_no_error (error);
  do
    for (gint64 i = 0; i < images; i++)
      {
        DhTensor *scores = tensor (name, i, "score"), *labels = tensor (name, i, "label");
        g_autofree char *key = g_strdup_printf ("%s.%" G_GINT64_FORMAT, name, i);
        const DhScoredImage image = { .key = key,
                                      .scores = dh_tensor_f32 (scores),
                                      .labels = dh_tensor_data (labels),
                                      .width = scores->dims[1],
                                      .height = scores->dims[0] };
        g_assert_true (dh_metric_add (metric, &image, &error));
      }
  while (dh_metric_next_pass (metric));
  DhResult *result = dh_metric_finish (metric, &error);
  g_assert_no_error (error);
  return result;
}

/* What the authors' script printed: two digits of a percentage. */
static void
assert_printed (const char *name, const DhResult *got, JsonObject *want)
{
  const double values[] = { got->ap, got->fpr95, got->auroc };
  JsonArray *printed = json_object_get_array_member (want, "printed");
  g_assert_cmpuint (json_array_get_length (printed), ==, G_N_ELEMENTS (values));
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      const char *text = strchr (json_array_get_string_element (printed, i), ':') + 1;
      const double value = g_ascii_strtod (text, NULL);
      /* of a set without anomalies it prints its start value, 0, which is undefined */
      if (i == 1 && got->positives == 0 && value == 0)
        continue;
      g_assert_cmpint (isnan (value), ==, isnan (values[i]));
      assert_near (name, isnan (value) ? (double)NAN : 100 * values[i], value, 0.005 + 1e-9);
    }
}

/* Inliers, anomalies and void of each image. */
static void
assert_pixels (const DhResult *got, JsonArray *pixels)
{
  g_assert_cmpuint (json_array_get_length (pixels), ==, got->images);
  for (guint i = 0; i < got->images; i++)
    {
      JsonArray *want = json_array_get_array_element (pixels, i);
      g_assert_cmpuint (got->rows[i].pixels - got->rows[i].positives, ==, json_array_get_int_element (want, 0));
      g_assert_cmpuint (got->rows[i].positives, ==, json_array_get_int_element (want, 1));
      g_assert_cmpuint (got->rows[i].ignored + got->rows[i].non_finite, ==, json_array_get_int_element (want, 2));
    }
}

static void
test_pooled (gconstpointer data)
{
  const char *name = data;
  JsonObject *want =
      json_object_get_object_member (json_object_get_object_member (expected, name), "densehybrid-pooled");
  g_autoptr (DhResult) got = measure_case (name, "densehybrid-pooled", NULL);
  assert_printed (name, got, want);
  assert_pixels (got, json_object_get_array_member (json_object_get_object_member (expected, name), "pixels"));
  assert_member (name, got->ap, want, "average_precision");
  assert_member (name, got->auroc, want, "auroc");
  if (got->positives)
    assert_member (name, got->fpr95, want, "fpr_at_95_tpr");
  else
    g_assert_true (isnan (got->fpr95)); /* the script prints its start value, 0; it is undefined */
}

static void
assert_rows (const char *name, const DhResult *got, JsonArray *rows, gboolean anomalies_only)
{
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      const DhImageResult *row = &got->rows[i];
      JsonNode *node = json_array_get_element (rows, i);
      if (JSON_NODE_HOLDS_NULL (node))
        {
          g_assert_true (isnan (row->ap) && isnan (row->auroc) && isnan (row->fpr95));
          continue;
        }
      assert_member (name, row->auroc, json_node_get_object (node), "auroc");
      if (anomalies_only && isnan (row->auroc))
        continue;
      assert_member (name, row->ap, json_node_get_object (node), "average_precision");
      assert_member (name, row->fpr95, json_node_get_object (node), "fpr_at_95_tpr");
    }
}

static void
test_per_image (gconstpointer data)
{
  const char *name = data;
  JsonObject *want = json_object_get_object_member (json_object_get_object_member (expected, name),
                                                    "densehybrid-per-image-as-published");
  JsonArray *rows = json_object_get_array_member (want, "per_image");
  g_autoptr (DhResult) published = measure_case (name, "densehybrid-per-image-as-published", NULL);
  assert_member (name, published->ap, want, "average_precision");
  assert_member (name, published->auroc, want, "auroc");
  assert_member (name, published->fpr95, want, "fpr_at_95_tpr");
  assert_printed (name, published, want);
  assert_rows (name, published, rows, FALSE);

  /* without the images that lack a class, the honest protocol is the mean of the same rows */
  g_autoptr (DhResult) got = measure_case (name, "densehybrid-per-image", NULL);
  assert_rows (name, got, rows, TRUE);
  double ap = 0, fpr95 = 0;
  guint n = 0;
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      if (isnan (member (row, "auroc")))
        continue;
      ap += member (row, "average_precision");
      fpr95 += member (row, "fpr_at_95_tpr");
      n++;
    }
  assert_near ("mean AP of the images with both classes", got->ap, n ? ap / n : NAN, TOLERANCE);
  assert_near ("mean FPR of the images with both classes", got->fpr95, n ? fpr95 / n : NAN, TOLERANCE);
  g_assert_cmpuint (got->undefined_images, ==, got->images - n);
}

static void
test_caos (gconstpointer data)
{
  const char *name = data;
  JsonObject *want = json_object_get_object_member (json_object_get_object_member (expected, name), "caos");
  g_autoptr (DhResult) got = measure_case (name, "caos", NULL);
  assert_member (name, got->ap, want, "average_precision");
  assert_member (name, got->auroc, want, "auroc");
  assert_member (name, got->fpr95, want, "fpr_at_95_tpr");
  g_assert_cmpuint (got->images - got->undefined_images, ==, json_object_get_int_member (want, "images_used"));
  assert_rows (name, got, json_object_get_array_member (want, "per_image"), FALSE);
}

static void
test_smiyc_pixel (gconstpointer data)
{
  const char *name = data;
  JsonObject *want = json_object_get_object_member (json_object_get_object_member (expected, name), "smiyc-pixel");
  g_autoptr (DhResult) got = measure_case (name, "smiyc-pixel", NULL);
  /* of equal highest thresholds ours is the value that does not depend on the order of images */
  JsonObject *exact = json_object_has_member (want, "without_that_point")
                          ? json_object_get_object_member (want, "without_that_point")
                          : want;
  const struct
  {
    const char *name;
    double got;
  } values[] = { { "average_precision", got->ap }, { "auroc", got->auroc },
                 { "fpr_at_95_tpr", got->fpr95 },  { "threshold_at_95_tpr", got->threshold_tpr95 },
                 { "best_f1", got->best_f1 },      { "best_f1_threshold", got->best_f1_threshold } };
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      assert_member (name, values[i].got, exact, values[i].name);
      if (!json_object_has_member (want, "over_orders"))
        continue;
      JsonArray *range =
          json_object_get_array_member (json_object_get_object_member (want, "over_orders"), values[i].name);
      g_assert_cmpfloat (values[i].got, >=, json_array_get_double_element (range, 0) - TOLERANCE);
      g_assert_cmpfloat (values[i].got, <=, json_array_get_double_element (range, 1) + TOLERANCE);
    }
}

static void
assert_list (const char *what, const DhComponent *items, guint n, JsonArray *values, JsonArray *sizes)
{
  g_assert_cmpuint (n, ==, json_array_get_length (values));
  for (guint i = 0; i < n; i++)
    {
      assert_near (what, items[i].anomaly ? items[i].siou : items[i].ppv, json_array_get_double_element (values, i),
                   TOLERANCE);
      g_assert_cmpuint (items[i].area, ==, json_array_get_int_element (sizes, i));
    }
}

/* Every component of every image. */
static void
assert_components (const char *name, JsonObject *want, const DhComponentOptions *options)
{
  JsonArray *siou = json_object_get_array_member (want, "siou");
  const float threshold = member (want, "threshold_as_compared");
  for (guint i = 0; i < json_array_get_length (siou); i++)
    {
      DhTensor *scores = tensor (name, i, "score"), *labels = tensor (name, i, "label");
      const gsize n = dh_tensor_count (scores);
      g_autofree guint8 *mask = g_malloc (n);
      for (gsize k = 0; k < n; k++)
        mask[k] = dh_f16_to_f32 (dh_f32_to_f16 (dh_tensor_f32 (scores)[k])) > threshold;
      g_autoptr (GError) error = NULL;
      g_autoptr (DhComponents) got =
          dh_components_match (mask, dh_tensor_data (labels), scores->dims[1], scores->dims[0], options, &error);
      g_assert_no_error (error);
      assert_list (name, got->items, got->n_anomalies, json_array_get_array_element (siou, i),
                   json_array_get_array_element (json_object_get_array_member (want, "component_sizes"), i));
      assert_list (name, got->items + got->n_anomalies, got->n_predictions,
                   json_array_get_array_element (json_object_get_array_member (want, "ppv"), i),
                   json_array_get_array_element (json_object_get_array_member (want, "predicted_sizes"), i));
    }
}

static void
test_smiyc_component (gconstpointer data)
{
  const char *name = data;
  JsonObject *tracks =
      json_object_get_object_member (json_object_get_object_member (expected, name), "smiyc-component");
  g_autoptr (GList) members = json_object_get_members (tracks);
  for (GList *track = members; track; track = track->next)
    {
      JsonObject *want = json_object_get_object_member (tracks, track->data);
      const DhComponentOptions components = { .min_prediction = json_object_get_int_member (want, "min_pred"),
                                              .min_anomaly = json_object_get_int_member (want, "min_gt"),
                                              .tau = 0.5 };
      assert_components (name, want, &components);
      const DhMetricOptions options = { .min_prediction = components.min_prediction,
                                        .min_anomaly = components.min_anomaly };
      g_autoptr (DhResult) result = measure_case (name, "smiyc-component", &options);
      const DhComponentResult *got = result->components;
      assert_member (name, got->threshold, want, "threshold");
      assert_member (name, got->threshold_as_compared, want, "threshold_as_compared");
      assert_member (name, got->siou_mean, want, "siou_mean");
      assert_member (name, got->ppv_mean, want, "ppv_mean");
      assert_member (name, got->f1_mean, want, "f1_mean");
      g_assert_cmpuint (got->n_components, ==, json_object_get_int_member (want, "components"));
      g_assert_cmpuint (got->n_predictions, ==, json_object_get_int_member (want, "predicted_components"));
      JsonArray *taus = json_object_get_array_member (want, "per_tau");
      g_assert_cmpuint (json_array_get_length (taus), ==, DH_COMPONENT_TAUS);
      for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
        {
          JsonObject *tau = json_array_get_object_element (taus, k);
          g_assert_cmpfloat (got->tau[k], ==, json_object_get_double_member (tau, "tau"));
          g_assert_cmpuint (got->tp[k], ==, json_object_get_int_member (tau, "tp"));
          g_assert_cmpuint (got->fn[k], ==, json_object_get_int_member (tau, "fn"));
          g_assert_cmpuint (got->fp[k], ==, json_object_get_int_member (tau, "fp"));
          assert_member (name, got->f1[k], tau, "f1");
        }
    }
}

static guint8 *
argmax (DhTensor *logits)
{
  const gsize n = logits->dims[1] * logits->dims[2];
  guint8 *classes = g_malloc0 (n);
  const float *values = dh_tensor_f32 (logits);
  for (gsize i = 0; i < n; i++)
    for (guint c = 1; c < logits->dims[0]; c++)
      if (values[c * n + i] > values[classes[i] * n + i])
        classes[i] = c;
  return classes;
}

static void
assert_town (const char *town, const DhOpenSetResult *got, JsonObject *want)
{
  assert_member (town, got->open_miou, want, "open_miou");
  assert_member (town, got->anomaly_iou, want, "anomaly_iou");
  assert_member (town, got->closed_miou, want, "closed_miou");
  JsonArray *rows = json_object_get_array_member (want, "confusion");
  for (guint label = 0; label <= got->classes; label++)
    {
      JsonArray *row = json_array_get_array_element (rows, label);
      for (guint class = 0; class <= got->classes; class ++)
        g_assert_cmpuint (got->confusion[label * (got->classes + 1) + class], ==,
                          json_array_get_int_element (row, class));
      JsonNode *iou = json_array_get_element (json_object_get_array_member (want, "iou"), label);
      assert_near (town, got->iou[label], JSON_NODE_HOLDS_NULL (iou) ? NAN : json_node_get_double (iou), TOLERANCE);
    }
}

static void
test_open_set (gconstpointer data)
{
  JsonObject *open = (JsonObject *)data;
  JsonObject *towns = json_object_get_object_member (open, "towns");
  const guint classes = json_object_get_int_member (open, "classes");
  g_autoptr (GList) names = json_object_get_members (towns);
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_open_set_result_free);
  for (GList *name = names; name; name = name->next)
    {
      JsonObject *want = json_object_get_object_member (towns, name->data);
      const char *other = json_object_get_string_member (want, "calibrated_on");
      g_autoptr (DhCalibration) calibration = dh_calibration_new (classes, json_object_get_double_member (open, "tpr"));
      const gint64 n_other = json_object_get_int_member (json_object_get_object_member (towns, other), "images");
      g_autofree char *from = g_strconcat ("open.", other, NULL), *on = g_strconcat ("open.", name->data, NULL);
      for (gint64 i = 0; i < n_other; i++)
        {
          DhTensor *scores = tensor (from, i, "hybrid"), *labels = tensor (from, i, "label");
          g_assert_true (dh_calibration_add (calibration, dh_tensor_f32 (scores), dh_tensor_data (labels),
                                             scores->dims[1], scores->dims[0], NULL));
        }
      const double threshold = dh_calibration_threshold (calibration);
      assert_near (name->data, threshold, member (want, "threshold"), 1e-5);

      DhOpenSet *set = dh_open_set_new (classes, threshold);
      for (gint64 i = 0; i < json_object_get_int_member (want, "images"); i++)
        {
          DhTensor *scores = tensor (on, i, "hybrid"), *labels = tensor (on, i, "label");
          g_autofree guint8 *prediction = argmax (tensor (on, i, "logits"));
          dh_open_set_add (set, prediction, dh_tensor_f32 (scores), dh_tensor_data (labels), dh_tensor_count (labels));
          dh_open_set_end_image (set);
        }
      DhOpenSetResult *got = dh_open_set_finish (set);
      dh_open_set_free (set);
      assert_town (name->data, got, want);
      g_ptr_array_add (results, got);
    }
  assert_member ("weighted", dh_open_set_weighted_open_miou ((DhOpenSetResult **)results->pdata, results->len), open,
                 "open_miou");
  assert_member ("all towns", dh_open_set_pooled_closed_miou ((DhOpenSetResult **)results->pdata, results->len), open,
                 "closed_miou");
}

static void
add_tests (JsonObject *cases)
{
  static const struct
  {
    const char *protocol;
    GTestDataFunc func;
  } protocols[] = { { "densehybrid-pooled", test_pooled },
                    { "densehybrid-per-image", test_per_image },
                    { "caos", test_caos },
                    { "smiyc-pixel", test_smiyc_pixel },
                    { "smiyc-component", test_smiyc_component } };
  g_autoptr (GList) names = json_object_get_members (cases);
  for (GList *name = names; name; name = name->next)
    for (guint i = 0; i < G_N_ELEMENTS (protocols); i++)
      {
        g_autofree char *path = g_strdup_printf ("/golden/%s/%s", protocols[i].protocol, (char *)name->data);
        g_test_add_data_func (path, name->data, protocols[i].func);
      }
}

/* One golden file a run: metrics (against scikit-learn) or protocols (against the reference implementations). */
int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  const char *file = argc > 1 ? argv[1] : "metrics";
  g_autofree char *tensors_name = g_strconcat (file, ".safetensors", NULL),
                  *json_name = g_strconcat (file, ".json", NULL);
  g_autofree char *tensors_path = golden_path (tensors_name), *json_path = golden_path (json_name);
  if (!tensors_path || !json_path)
    {
      g_print ("1..0 # SKIP there is no %s.safetensors; set DH_GOLDEN_DIR\n", file);
      return 0;
    }
  golden = golden_read (tensors_path);
  JsonNode *root = golden_read_json (json_path);
  JsonObject *all = json_node_get_object (root);
  if (g_str_equal (file, "protocols"))
    {
      expected = json_object_get_object_member (all, "cases");
      add_tests (expected);
      g_test_add_data_func ("/golden/open-set", json_object_get_object_member (all, "open_set"), test_open_set);
    }
  else
    {
      expected = all;
      g_autoptr (GList) names = json_object_get_members (all);
      for (GList *name = names; name; name = name->next)
        {
          g_autofree char *path = g_strdup_printf ("/golden/scikit-learn/%s", (char *)name->data);
          g_test_add_data_func (path, name->data,
                                g_str_equal (name->data, "open") ? test_open_confusion : test_scikit_learn);
        }
    }
  const int status = g_test_run ();
  json_node_unref (root);
  golden_free (golden);
  return status;
}
