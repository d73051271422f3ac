#include "dh-open-evaluation.h"

#include <math.h>

#include "dh-error.h"
#include "dh-look-ahead.h"
#include "dh-run-record-private.h"
#include "dh-run-results-private.h"

typedef struct
{
  const DhOpenEvaluationOptions *options;
  GCancellable *cancellable;
  const DhProgress *progress;
  DhRunRecord record;
  DhLookAhead ahead;
  guint classes;
  guint done, total;    /* visits to pictures: one to calibrate, one to measure */
  DhRunImageRow *forms; /* of each picture its width and height, nothing else */
  DhOpenEvaluation *result;
} Flow;

/* One picture: what the network said, and one label map: a class, K for anomaly, above for ignored. */
typedef struct
{
  DhTensor *score, *segmentation;
  guint8 *labels;
  guint width, height;
} Picture;

static void
picture_clear (Picture *picture)
{
  g_clear_pointer (&picture->score, dh_tensor_unref);
  g_clear_pointer (&picture->segmentation, dh_tensor_unref);
  g_clear_pointer (&picture->labels, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Picture, picture_clear)

static gboolean
check (Flow *flow, const char *const *towns, GError **error)
{
  DhDataset *dataset = flow->options->dataset;
  DhModel *model = dh_predictor_model (flow->options->predictor);
  const DhClassTable *table = dh_dataset_class_table (dataset);
  if (!table || !dh_dataset_has_anomaly_labels (dataset))
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "%s (%s): open-set recognition needs class and anomaly labels, as StreetHazards' test split has",
                 dh_dataset_root (dataset), dh_dataset_title (dataset));
  else if (g_strv_length ((char **)towns) != 2)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "%s: open-set recognition calibrates on one town and measures on the other, but there are %u",
                 dh_dataset_root (dataset), g_strv_length ((char **)towns));
  else if (!dh_model_has_outlier_head (model))
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "%s has no outlier head, and the hybrid score needs one; choose fine-tuned weights",
                 dh_model_title (model));
  else if ((guint)dh_model_classes (model) != table->n_classes)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "%s does not fit %s of %u classes; choose weights trained on that data set", dh_model_title (model),
                 dh_dataset_title (dataset), table->n_classes);
  else
    return TRUE;
  return FALSE;
}

static gboolean
load_maps (Flow *flow, const char *stem, const DhRunImageRow *row, Picture *picture)
{
  picture->score = dh_run_record_load_map (&flow->record, DH_MAP_HYBRID, stem, row);
  picture->segmentation = dh_run_record_load_map (&flow->record, DH_MAP_SEGMENTATION, stem, row);
  picture->width = row->width;
  picture->height = row->height;
  return picture->score && picture->segmentation;
}

/* The picture of the same town that will be computed behind this one. */
static guint
next_computed (Flow *flow, guint index)
{
  DhDataset *dataset = flow->options->dataset;
  const char *town = dh_dataset_item (dataset, index)->group;
  guint next = index + 1;
  while (next < dh_dataset_size (dataset) && !g_str_equal (dh_dataset_item (dataset, next)->group, town))
    next++;
  return next < dh_dataset_size (dataset) && !dh_run_record_find (&flow->record, dh_dataset_item (dataset, next)->stem)
             ? next
             : DH_NO_INDEX;
}

/* `next`: as dh_look_ahead_take(). */
static gboolean
compute_maps (Flow *flow, guint index, guint next, const DhLabels *labels, Picture *picture, double *seconds,
              GError **error)
{
  const DhDatasetItem *item = dh_dataset_item (flow->options->dataset, index);
  const char *stem = item->stem;
  g_autoptr (DhImage) image = dh_look_ahead_load (&flow->ahead, index, error);
  if (!image || !dh_run_record_check_label (item, labels, image->width, image->height, error))
    return FALSE;
  g_autoptr (DhPrediction) prediction =
      dh_look_ahead_take (&flow->ahead, index, image, next,
                          DH_MAP_BIT (DH_MAP_SEGMENTATION) | DH_MAP_BIT (DH_MAP_HYBRID), flow->cancellable, error);
  if (!prediction)
    return FALSE;
  picture_clear (picture);
  picture->score = dh_tensor_ref (prediction->maps[DH_MAP_HYBRID]);
  picture->segmentation = dh_tensor_ref (prediction->maps[DH_MAP_SEGMENTATION]);
  picture->width = prediction->width;
  picture->height = prediction->height;
  *seconds = prediction->seconds;
  return dh_run_record_save_map (&flow->record, DH_MAP_HYBRID, stem, picture->score, error)
         && dh_run_record_save_map (&flow->record, DH_MAP_SEGMENTATION, stem, picture->segmentation, error);
}

static gboolean
load_labels (Flow *flow, guint index, DhLabels **anomalies, DhLabels **classes, GError **error)
{
  if (!dh_dataset_load_labels (flow->options->dataset, index, anomalies, classes, error))
    return FALSE;
  if (!*anomalies || !*classes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s: has no label; open-set recognition needs class and anomaly labels for every picture",
                   dh_dataset_item (flow->options->dataset, index)->image);
      return FALSE;
    }
  return TRUE;
}

/* Both labels as the one map; they are as large as the picture. */
static gboolean
join_labels (Flow *flow, const DhLabels *anomalies, const DhLabels *classes, Picture *picture, GError **error)
{
  const gsize n = (gsize)picture->width * picture->height;
  picture->labels = g_try_malloc (n);
  if (!picture->labels)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%zu bytes for a label map are not to be had", n);
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    picture->labels[i] = anomalies->ids[i] == DH_ANOMALY_ANOMALY ? flow->classes
                         : anomalies->ids[i] == DH_ANOMALY_INLIER && classes->ids[i] < flow->classes
                             ? classes->ids[i]
                             : flow->classes + 1;
  return TRUE;
}

/* The first visit: the maps are made or taken from an earlier start, the row is committed, the town calibrated. */
static gboolean
calibrate (Flow *flow, guint index, DhCalibration *calibration, GError **error)
{
  const DhOpenEvaluationOptions *options = flow->options;
  const DhDatasetItem *item = dh_dataset_item (options->dataset, index);
  const char *stem = item->stem;
  g_auto (Picture) picture = { NULL };
  g_autoptr (DhLabels) anomalies = NULL;
  g_autoptr (DhLabels) classes = NULL;
  DhRunImageRow row = dh_run_record_new_row ();
  const DhRunImageRow *before = dh_run_record_find (&flow->record, stem);
  if (!load_labels (flow, index, &anomalies, &classes, error)
      || (before && !dh_run_record_check_label (item, anomalies, before->width, before->height, error)))
    return FALSE;
  const gboolean resumed = before && load_maps (flow, stem, before, &picture);
  if (resumed)
    row.seconds = before->seconds;
  else if (!compute_maps (flow, index, next_computed (flow, index), anomalies, &picture, &row.seconds, error))
    return FALSE;
  g_autofree char *path = dh_run_record_map_path (&flow->record, DH_MAP_HYBRID, stem);
  row.score_file = path;
  row.width = picture.width;
  row.height = picture.height;
  const float *scores = dh_tensor_f32 (picture.score);
  if (!join_labels (flow, anomalies, classes, &picture, error)
      || !dh_run_record_measure (&flow->record, scores, anomalies->ids, &row, error)
      || !dh_calibration_add (calibration, scores, picture.labels, picture.width, picture.height, error)
      || !dh_run_record_commit (&flow->record, index, &row, error))
    return FALSE;
  flow->forms[index].width = row.width;
  flow->forms[index].height = row.height;
  flow->result->images++;
  flow->result->resumed += resumed;
  flow->result->seconds += row.seconds;
  if (options->image_done)
    options->image_done (&row, flow->result->images, dh_dataset_size (options->dataset), options->data);
  return TRUE;
}

/* The second visit, from the maps on disk; where one is gone meanwhile it is made again. */
static gboolean
measure (Flow *flow, guint index, DhOpenSet *set, GError **error)
{
  const DhDatasetItem *item = dh_dataset_item (flow->options->dataset, index);
  const DhRunImageRow *form = &flow->forms[index];
  g_auto (Picture) picture = { NULL };
  g_autoptr (DhLabels) anomalies = NULL;
  g_autoptr (DhLabels) classes = NULL;
  double seconds;
  if (!load_labels (flow, index, &anomalies, &classes, error)
      || !dh_run_record_check_label (item, anomalies, form->width, form->height, error)
      || (!load_maps (flow, item->stem, form, &picture)
          && !compute_maps (flow, index, DH_NO_INDEX, anomalies, &picture, &seconds, error))
      || !join_labels (flow, anomalies, classes, &picture, error))
    return FALSE;
  dh_open_set_add (set, dh_tensor_data (picture.segmentation), dh_tensor_f32 (picture.score), picture.labels,
                   (gsize)picture.width * picture.height);
  dh_open_set_end_image (set);
  return TRUE;
}

static gboolean
visit_town (Flow *flow, const char *town, DhCalibration *calibration, DhOpenSet *set, GError **error)
{
  DhDataset *dataset = flow->options->dataset;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      if (!g_str_equal (item->group, town))
        continue;
      if (g_cancellable_set_error_if_cancelled (flow->cancellable, error))
        return FALSE;
      dh_progress_report (flow->progress, flow->done++, flow->total, item->stem);
      if (!(calibration ? calibrate (flow, i, calibration, error) : measure (flow, i, set, error)))
        return FALSE;
    }
  return TRUE;
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

static gboolean
visit_both (Flow *flow, const char *const *towns, GError **error)
{
  DhOpenEvaluation *result = flow->result;
  double thresholds[2];
  for (guint t = 0; t < 2; t++)
    {
      g_autoptr (DhCalibration) calibration = dh_calibration_new (flow->classes, flow->options->tpr);
      if (!visit_town (flow, towns[t], calibration, NULL, error))
        return FALSE;
      thresholds[t] = threshold_of (calibration, towns[t], error);
      if (isnan (thresholds[t]))
        return FALSE;
    }
  DhOpenSetResult *results[2];
  for (guint t = 0; t < 2; t++)
    {
      g_autoptr (DhOpenSet) set = dh_open_set_new (flow->classes, thresholds[1 - t]);
      if (!visit_town (flow, towns[t], NULL, set, error))
        return FALSE;
      results[t] = dh_open_set_finish (set);
      const DhTownResult line = { g_strdup (towns[t]), g_strdup (towns[1 - t]), results[t] };
      g_array_append_val (result->towns, line);
    }
  dh_progress_report (flow->progress, flow->done, flow->total, NULL);
  result->open_miou = dh_open_set_weighted_open_miou (results, 2);
  result->closed_miou = dh_open_set_pooled_closed_miou (results, 2);
  return TRUE;
}

static JsonObject *
summarise (const DhOpenEvaluation *result, double tpr)
{
  JsonObject *summary = json_object_new (), *towns = json_object_new ();
  dh_run_results_set_number (summary, "tpr", tpr);
  dh_run_results_set_number (summary, "closed_miou", result->closed_miou);
  dh_run_results_set_number (summary, "open_miou", result->open_miou);
  for (guint t = 0; t < result->towns->len; t++)
    {
      const DhTownResult *line = &g_array_index (result->towns, DhTownResult, t);
      JsonObject *town = json_object_new ();
      json_object_set_int_member (town, "images", line->result->images);
      dh_run_results_set_number (town, "threshold", line->result->threshold);
      json_object_set_string_member (town, "calibrated_on", line->calibrated_on);
      dh_run_results_set_number (town, "closed_miou", line->result->closed_miou);
      dh_run_results_set_number (town, "open_miou", line->result->open_miou);
      dh_run_results_set_number (town, "anomaly_iou", line->result->anomaly_iou);
      json_object_set_object_member (towns, line->town, town);
    }
  json_object_set_object_member (summary, "towns", towns);
  return summary;
}

DhOpenEvaluation *
dh_open_evaluation_run (const DhOpenEvaluationOptions *options, GCancellable *cancellable, const DhProgress *progress,
                        GError **error)
{
  g_autoptr (DhOpenEvaluation) result = g_new0 (DhOpenEvaluation, 1);
  result->towns = g_array_new (FALSE, FALSE, sizeof (DhTownResult));
  g_array_set_clear_func (result->towns, clear_town);
  Flow flow = { .options = options,
                .cancellable = cancellable,
                .progress = progress,
                .ahead = { options->dataset, options->predictor },
                .classes = dh_model_classes (dh_predictor_model (options->predictor)),
                .total = 2 * dh_dataset_size (options->dataset),
                .result = result };
  const char *const *towns = dh_dataset_groups (options->dataset);
  if (!check (&flow, towns, error))
    return NULL;

  g_autofree DhRunImageRow *forms = g_new0 (DhRunImageRow, dh_dataset_size (options->dataset));
  flow.forms = forms;
  g_autoptr (GError) local = NULL;
  const gboolean done =
      dh_run_record_begin (&flow.record, "eval-osr", options->database, options->dataset, options->predictor,
                           options->folder, DH_MAP_HYBRID, "segmentation", options->command, cancellable, &local)
      && visit_both (&flow, towns, &local);
  dh_look_ahead_clear (&flow.ahead);
  if (flow.record.run)
    {
      g_autoptr (GError) ending = NULL;
      if (!dh_run_record_end (&flow.record, done ? NULL : local, done ? summarise (result, options->tpr) : NULL,
                              &ending)
          && !local)
        local = g_steal_pointer (&ending);
    }
  result->run = flow.record.run;
  dh_run_record_clear (&flow.record);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  return g_steal_pointer (&result);
}
