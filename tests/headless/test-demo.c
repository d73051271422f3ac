#include <math.h>
#include <string.h>
#include <glib/gstdio.h>

#include "dh-calibrate.h"
#include "dh-demo.h"
#include "dh-metric.h"
#include "dh-predictor.h"
#include "dh-ranking.h"

#define ANOMALY 14

static void
test_scenes (void)
{
  guint with_anomaly = 0;
  g_assert_cmpuint (dh_demo_scene_count (), >=, 24);
  for (guint i = 0; i < dh_demo_scene_count (); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhImage) image = NULL;
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_demo_scene (i, &image, &labels, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (image->width, ==, labels->width);
      g_assert_cmpuint (image->height, ==, labels->height);
      gsize anomalies = 0;
      for (gsize k = 0; k < (gsize)labels->width * labels->height; k++)
        {
          g_assert_true (labels->ids[k] >= 1 && labels->ids[k] <= ANOMALY && labels->ids[k] != 4);
          anomalies += labels->ids[k] == ANOMALY;
        }
      with_anomaly += anomalies > 0;
    }
  g_assert_cmpuint (with_anomaly, >=, dh_demo_scene_count () - 2);
}

static DhModel *
load_network (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) weights = dh_demo_get_weights (&error);
  g_assert_no_error (error);
  g_assert_true (dh_demo_is_there ());
  g_assert_cmpuint (g_bytes_get_size (weights), <=, 2500000);
  DhModel *model = dh_model_load_bytes (weights, "the demo's network", NULL, &error);
  g_assert_no_error (error);
  return model;
}

static void
test_network (void)
{
  g_autoptr (DhModel) model = load_network ();
  g_assert_cmpstr (dh_model_architecture (model), ==, "ldn-demo");
  g_assert_cmpint (dh_model_classes (model), ==, 12);
  g_assert_true (dh_model_has_outlier_head (model));
}

static void
measure (DhMetric *metric, DhTensor *scores, const guint8 *labels, guint width, guint height)
{
  g_autoptr (GError) error = NULL;
  const DhScoredImage scored = { "scene", dh_tensor_f32 (scores), labels, width, height };
  g_assert_true (dh_metric_add (metric, &scored, &error));
  g_assert_no_error (error);
}

/* What the demo is to show: on scenes and kinds of anomalies that no training has seen, the hybrid score is well ahead
 * of max softmax, and the closed set is recognised. */
static void
test_hybrid_is_ahead (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = load_network ();
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, "auto", DH_PRECISION_F32, 0, &error);
  g_assert_no_error (error);
  const DhMetricOptions options = { .no_rows = TRUE };
  const DhProtocol *protocol = dh_protocol_find ("densehybrid-pooled", &error);
  g_autoptr (DhMetric) hybrid = dh_metric_new (protocol, &options, &error);
  g_autoptr (DhMetric) softmax = dh_metric_new (protocol, &options, &error);
  guint64 right = 0, total = 0;
  for (guint i = 0; i < dh_demo_scene_count (); i++)
    {
      static const guint8 packed[ANOMALY + 1] = { 255, 0, 1, 2, 255, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255 };
      g_autoptr (DhImage) image = NULL;
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_demo_scene (i, &image, &labels, &error));
      const guint maps =
          DH_MAP_BIT (DH_MAP_SEGMENTATION) | DH_MAP_BIT (DH_MAP_HYBRID) | DH_MAP_BIT (DH_MAP_MAX_SOFTMAX);
      g_autoptr (DhPrediction) p = dh_predictor_run (predictor, image, maps, NULL, NULL, &error);
      g_assert_no_error (error);
      const guint8 *classes = dh_tensor_data (p->maps[DH_MAP_SEGMENTATION]);
      for (gsize k = 0; k < (gsize)labels->width * labels->height; k++)
        {
          const guint8 truth = packed[labels->ids[k]];
          total += truth != 255;
          right += truth == classes[k];
          labels->ids[k] = labels->ids[k] == ANOMALY;
        }
      measure (hybrid, p->maps[DH_MAP_HYBRID], labels->ids, labels->width, labels->height);
      measure (softmax, p->maps[DH_MAP_MAX_SOFTMAX], labels->ids, labels->width, labels->height);
    }
  g_autoptr (DhResult) ours = dh_metric_finish (hybrid, &error);
  g_autoptr (DhResult) theirs = dh_metric_finish (softmax, &error);
  g_assert_no_error (error);
  g_test_message ("hybrid: AP %.2f, FPR95 %.2f, AUROC %.2f", 100 * ours->ap, 100 * ours->fpr95, 100 * ours->auroc);
  g_test_message ("max softmax: AP %.2f, FPR95 %.2f, AUROC %.2f", 100 * theirs->ap, 100 * theirs->fpr95,
                  100 * theirs->auroc);
  g_test_message ("pixels of known classes right: %.2f %%", 100.0 * right / total);
  g_assert_cmpfloat (ours->ap, >, 1.5 * theirs->ap);
  g_assert_cmpfloat (ours->auroc, >, theirs->auroc + 0.03);
  g_assert_cmpfloat (ours->fpr95, <, theirs->fpr95 - 0.05);
  g_assert_cmpfloat ((double)right / total, >, 0.75);
}

static double
f1_at (DhRanking *ranking, double threshold)
{
  DhConfusion counts;
  dh_ranking_confusion (ranking, (float)threshold, TRUE, &counts);
  return 2.0 * counts.tp / (2.0 * counts.tp + counts.fp + counts.fn);
}

/* The thresholds that come with the weights are those of the largest F1 on the scenes that they name. */
static void
test_thresholds (void)
{
  static const DhMap maps[] = { DH_MAP_HYBRID, DH_MAP_LIKELIHOOD, DH_MAP_DATASET_POSTERIOR };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = load_network ();
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, "auto", DH_PRECISION_F32, 0, &error);
  DhRanking *rankings[] = { dh_ranking_new (), dh_ranking_new (), dh_ranking_new () };
  for (guint i = 0; i < DH_DEMO_N_CALIBRATION; i++)
    {
      g_autoptr (DhImage) image = NULL;
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_demo_calibration_scene (i, &image, &labels, &error));
      g_autoptr (DhPrediction) p = dh_predictor_run (
          predictor, image, DH_MAP_BIT (maps[0]) | DH_MAP_BIT (maps[1]) | DH_MAP_BIT (maps[2]), NULL, NULL, &error);
      g_assert_no_error (error);
      const gsize n = (gsize)labels->width * labels->height;
      for (gsize k = 0; k < n; k++)
        labels->ids[k] = labels->ids[k] == ANOMALY;
      for (guint m = 0; m < G_N_ELEMENTS (maps); m++)
        {
          float *scores = dh_tensor_f32 (p->maps[maps[m]]);
          for (gsize k = 0; m > 0 && k < n; k++)
            scores[k] = -scores[k];
          g_assert_true (dh_ranking_add (rankings[m], scores, labels->ids, n, NULL, &error));
        }
    }
  for (guint m = 0; m < G_N_ELEMENTS (maps); m++)
    {
      DhPixelMetrics metrics;
      g_assert_true (dh_ranking_metrics (rankings[m], DH_FPR95_ABOVE, &metrics));
      const double threshold = dh_demo_threshold (dh_map_name (maps[m]));
      const double f1 = f1_at (rankings[m], m > 0 ? -threshold : threshold);
      g_test_message ("%s: F1 %.4f at %g, the largest %.4f at %g", dh_map_name (maps[m]), f1, threshold,
                      metrics.best_f1, metrics.best_f1_threshold);
      g_assert_cmpfloat (f1, >, metrics.best_f1 - 5e-4);
      dh_ranking_free (rankings[m]);
    }
  g_assert_true (isnan (dh_demo_threshold ("max_softmax")));
}

/* A scene by number, to calibrate on. */
static DhImage *
load_scene (guint index, gpointer data, GError **error)
{
  DhImage *image = NULL;
  g_autoptr (DhLabels) labels = NULL;
  return dh_demo_scene (index, &image, &labels, error) ? image : NULL;
}

static double
average_precision (DhPrecision precision)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = load_network ();
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, "cpu", precision, 0, &error);
  g_assert_no_error (error);
  if (precision == DH_PRECISION_INT8)
    {
      const DhPictures scenes = { dh_demo_scene_count (), load_scene, NULL };
      g_autoptr (DhQuantization) quantization = dh_calibrate (predictor, &scenes, NULL, NULL, &error);
      g_assert_no_error (error);
      dh_predictor_set_quantization (predictor, quantization);
    }
  const DhMetricOptions options = { .no_rows = TRUE };
  g_autoptr (DhMetric) hybrid = dh_metric_new (dh_protocol_find ("densehybrid-pooled", NULL), &options, &error);
  for (guint i = 0; i < dh_demo_scene_count (); i++)
    {
      g_autoptr (DhImage) image = NULL;
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_demo_scene (i, &image, &labels, &error));
      g_autoptr (DhPrediction) p = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
      g_assert_no_error (error);
      for (gsize k = 0; k < (gsize)labels->width * labels->height; k++)
        labels->ids[k] = labels->ids[k] == ANOMALY;
      measure (hybrid, p->maps[DH_MAP_HYBRID], labels->ids, labels->width, labels->height);
    }
  g_autoptr (DhResult) result = dh_metric_finish (hybrid, &error);
  g_assert_no_error (error);
  return result->ap;
}

/* What int8 may cost: half a point. */
static void
test_int8 (void)
{
  g_autoptr (DhDevice) device = dh_device_open ("cpu", 0, NULL);
  if (!device || !dh_device_has_precision (device, DH_PRECISION_INT8))
    {
      g_test_skip ("nothing here computes in int8");
      return;
    }
  const double exact = average_precision (DH_PRECISION_F32), found = average_precision (DH_PRECISION_INT8);
  g_test_message ("AP %.2f in float32, %.2f in int8", 100 * exact, 100 * found);
  g_assert_cmpfloat (found, >, exact - 0.005);
  g_assert_cmpfloat (found, <, exact + 0.01);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  for (const char *name = dir ? g_dir_read_name (dir) : NULL; name; name = g_dir_read_name (dir))
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

/* Into the cache folder; a second time, or where a picture is gone. */
static void
test_write (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = dh_demo_write_scenes (NULL, &error);
  g_assert_no_error (error);
  g_autofree char *first = g_build_filename (folder, "test/images/test/t5/00000.png", NULL);
  g_autofree char *last = g_build_filename (folder, "test/annotations/test/t6/00015.png", NULL);
  GStatBuf before, after;
  g_assert_cmpint (g_stat (first, &before), ==, 0);
  g_assert_true (g_file_test (last, G_FILE_TEST_IS_REGULAR));
  g_autofree char *again = dh_demo_write_scenes (NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, folder);
  g_assert_cmpint (g_stat (first, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);

  g_autoptr (DhImage) image = NULL;
  g_autoptr (DhLabels) labels = NULL;
  g_assert_true (dh_demo_scene (0, &image, &labels, &error));
  g_autoptr (DhImage) written = dh_image_load (first, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (written->rgb, 3 * written->width * written->height, image->rgb, 3 * image->width * image->height);

  g_assert_cmpint (g_remove (last), ==, 0);
  g_autofree char *mended = dh_demo_write_scenes (NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_test (last, G_FILE_TEST_IS_REGULAR));
}

int
main (int argc, char **argv)
{
  g_autofree char *cache = g_dir_make_tmp ("dh-demo-XXXXXX", NULL);
  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/demo/scenes", test_scenes);
  g_test_add_func ("/demo/network", test_network);
  g_test_add_func ("/demo/hybrid-is-ahead", test_hybrid_is_ahead);
  g_test_add_func ("/demo/thresholds", test_thresholds);
  g_test_add_func ("/demo/int8", test_int8);
  g_test_add_func ("/demo/write", test_write);
  const int status = g_test_run ();
  remove_tree (cache);
  return status;
}
