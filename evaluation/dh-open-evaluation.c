#include "dh-open-evaluation.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"

typedef struct
{
  DhDataset *dataset;
  DhPredictor *predictor;
  guint classes;
  GCancellable *cancellable;
  const DhProgress *progress;
  guint done, total; /* passes over images */
  double seconds;
} Flow;

/* One image's scores and labels, fed to whichever of the two is given. */
static gboolean
visit (Flow *flow, guint index, DhCalibration *calibration, DhOpenSet *set, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (flow->cancellable, error))
    return FALSE;
  dh_progress_report (flow->progress, flow->done, flow->total, dh_dataset_item (flow->dataset, index)->stem);

  g_autoptr (DhImage) image = dh_dataset_load_image (flow->dataset, index, error);
  if (!image)
    return FALSE;
  g_autoptr (DhLabels) anomaly = NULL;
  g_autoptr (DhLabels) classes = NULL;
  if (!dh_dataset_load_labels (flow->dataset, index, &anomaly, &classes, error))
    return FALSE;
  if (!anomaly || !classes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s: has no label; open-set recognition needs class and anomaly labels for every picture",
                   dh_dataset_item (flow->dataset, index)->image);
      return FALSE;
    }
  g_autoptr (DhPrediction) prediction
      = dh_predictor_run (flow->predictor, image, DH_MAP_BIT (DH_MAP_SEGMENTATION) | DH_MAP_BIT (DH_MAP_HYBRID),
                          flow->cancellable, NULL, error);
  if (!prediction)
    return FALSE;
  flow->seconds += prediction->seconds;

  /* one label map: a class, K for anomaly, above for ignored */
  const gsize n = (gsize) image->width * image->height;
  g_autofree guint8 *labels = g_try_malloc (n);
  if (!labels)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%zu bytes for a label map are not to be had", n);
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    labels[i] = anomaly->ids[i] == DH_ANOMALY_ANOMALY                                    ? flow->classes
                : anomaly->ids[i] == DH_ANOMALY_INLIER && classes->ids[i] < flow->classes ? classes->ids[i]
                                                                                          : flow->classes + 1;
  const float *scores = dh_tensor_f32 (prediction->maps[DH_MAP_HYBRID]);
  if (calibration && !dh_calibration_add (calibration, scores, labels, image->width, image->height, error))
    return FALSE;
  if (set)
    {
      dh_open_set_add (set, dh_tensor_data (prediction->maps[DH_MAP_SEGMENTATION]), scores, labels, n);
      dh_open_set_end_image (set);
    }
  flow->done++;
  return TRUE;
}

static gboolean
visit_town (Flow *flow, const char *town, DhCalibration *calibration, DhOpenSet *set, GError **error)
{
  for (guint i = 0; i < dh_dataset_size (flow->dataset); i++)
    if (g_str_equal (dh_dataset_item (flow->dataset, i)->group, town)
        && !visit (flow, i, calibration, set, error))
      return FALSE;
  return TRUE;
}

static gboolean
check (Flow *flow, const char *const *towns, GError **error)
{
  DhModel *model = dh_predictor_model (flow->predictor);
  const DhClassTable *table = dh_dataset_class_table (flow->dataset);
  if (!table || !dh_dataset_has_anomaly_labels (flow->dataset))
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "%s (%s): open-set recognition needs class and anomaly labels, as StreetHazards' test split has",
                 dh_dataset_root (flow->dataset), dh_dataset_title (flow->dataset));
  else if (g_strv_length ((char **) towns) != 2)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "%s: open-set recognition calibrates on one town and measures on the other, but there are %u",
                 dh_dataset_root (flow->dataset), g_strv_length ((char **) towns));
  else if (!dh_model_has_outlier_head (model))
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "%s has no outlier head, and the hybrid score needs one; choose fine-tuned weights",
                 dh_model_title (model));
  else if ((guint) dh_model_classes (model) != table->n_classes)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "%s does not fit %s of %u classes; choose weights trained on that data set", dh_model_title (model),
                 dh_dataset_title (flow->dataset), table->n_classes);
  else
    return TRUE;
  return FALSE;
}

static double
threshold_of (DhCalibration *calibration, const char *town, GError **error)
{
  const double threshold = dh_calibration_threshold (calibration);
  if (isnan (threshold))
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "no threshold can be calibrated on %s: none of its pictures shows an anomaly", town);
  return threshold;
}

static void
clear_town (gpointer data)
{
  DhTownResult *town = data;
  g_free (town->town);
  g_free (town->calibrated_on);
  dh_open_set_result_free (town->result);
}

void
dh_open_evaluation_free (DhOpenEvaluation *evaluation)
{
  if (!evaluation)
    return;
  g_array_unref (evaluation->towns);
  g_free (evaluation);
}

DhOpenEvaluation *
dh_open_evaluation_run (DhDataset *dataset, DhPredictor *predictor, double tpr, GCancellable *cancellable,
                        const DhProgress *progress, GError **error)
{
  Flow flow = { dataset, predictor, dh_model_classes (dh_predictor_model (predictor)), cancellable, progress };
  const char *const *towns = dh_dataset_groups (dataset);
  if (!check (&flow, towns, error))
    return NULL;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    flow.total += g_str_equal (dh_dataset_item (dataset, i)->group, towns[0]) ? 2 : 1;

  /* first town: calibrate · second: measure with that threshold, and calibrate · first again: measure */
  g_autoptr (DhCalibration) first = dh_calibration_new (flow.classes, tpr);
  g_autoptr (DhCalibration) second = dh_calibration_new (flow.classes, tpr);
  if (!visit_town (&flow, towns[0], first, NULL, error))
    return NULL;
  const double from_first = threshold_of (first, towns[0], error);
  if (isnan (from_first))
    return NULL;
  g_autoptr (DhOpenSet) on_second = dh_open_set_new (flow.classes, from_first);
  if (!visit_town (&flow, towns[1], second, on_second, error))
    return NULL;
  const double from_second = threshold_of (second, towns[1], error);
  if (isnan (from_second))
    return NULL;
  g_autoptr (DhOpenSet) on_first = dh_open_set_new (flow.classes, from_second);
  if (!visit_town (&flow, towns[0], NULL, on_first, error))
    return NULL;
  dh_progress_report (progress, flow.done, flow.total, NULL);

  DhOpenEvaluation *evaluation = g_new0 (DhOpenEvaluation, 1);
  evaluation->towns = g_array_new (FALSE, FALSE, sizeof (DhTownResult));
  g_array_set_clear_func (evaluation->towns, clear_town);
  const DhTownResult lines[] = {
    { g_strdup (towns[0]), g_strdup (towns[1]), dh_open_set_finish (on_first) },
    { g_strdup (towns[1]), g_strdup (towns[0]), dh_open_set_finish (on_second) },
  };
  g_array_append_vals (evaluation->towns, lines, 2);
  DhOpenSetResult *const results[] = { lines[0].result, lines[1].result };
  evaluation->open_miou = dh_open_set_weighted_open_miou (results, 2);
  evaluation->closed_miou = dh_open_set_pooled_closed_miou (results, 2);
  evaluation->images = results[0]->images + results[1]->images;
  evaluation->seconds = flow.seconds;
  return evaluation;
}
