#include "dh-open-evaluation.h"

#include <math.h>

#include "dh-early-look-private.h"
#include "dh-error.h"
#include "dh-reduced-maker.h"
#include "dh-run-pictures-private.h"
#include "dh-run-results-private.h"

typedef struct
{
  const DhOpenEvaluationOptions *options;
  GCancellable *cancellable;
  const DhProgress *progress;
  DhRunRecord record;
  const DhMapMaker *maker; /* of pictures that are reduced; NULL: the predictor alone */
  guint classes;
  guint done, total;          /* visits to pictures: one to calibrate, one to measure */
  DhCalibration *calibration; /* of the town that is visited first, */
  DhOpenSet *set;             /* or the second time */
  DhEarlyLook early;
  DhOpenEvaluation *result;
} Flow;

/* What is measured of a picture by itself: one label map (a class, K for anomaly, above for ignored), and its pixels.
 */
typedef struct
{
  guint8 *labels;
  DhRanking *ranking; /* NULL at the second visit */
} Measured;

static void
measured_free (gpointer data)
{
  Measured *measured = data;
  g_free (measured->labels);
  g_clear_pointer (&measured->ranking, dh_ranking_free);
  g_free (measured);
}

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
                 "%s: open-set recognition calibrates on one town and measures on the other, and of what is opened "
                 "there %s %u. Open two",
                 dh_dataset_root (dataset), g_strv_length ((char **)towns) == 1 ? "is" : "are",
                 g_strv_length ((char **)towns));
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

/* Both labels as the one map; they are as large as the picture. */
static gboolean
join_labels (const Flow *flow, DhRunPicture *picture, GError **error)
{
  const DhLabels *anomalies = picture->anomalies, *classes = picture->classes;
  if (!anomalies || !classes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s: has no label; open-set recognition needs class and anomaly labels for every image",
                   picture->item->image);
      return FALSE;
    }
  const gsize n = (gsize)picture->row.width * picture->row.height;
  Measured *measured = picture->measured = g_new0 (Measured, 1);
  guint8 *labels = measured->labels = g_try_malloc (n);
  if (!labels)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%zu bytes for a label map are not to be had", n);
      return FALSE;
    }
  dh_open_set_join_labels (flow->classes, anomalies->ids, classes->ids, labels, n);
  return TRUE;
}

static gboolean
begin (guint index, gpointer data, GError **error)
{
  Flow *flow = data;
  dh_progress_report (flow->progress, flow->done++, flow->total, dh_dataset_item (flow->options->dataset, index)->stem);
  return !g_cancellable_set_error_if_cancelled (flow->cancellable, error);
}

static gboolean
give_error (DhRunPicture *picture, GError **error)
{
  if (!picture->error)
    return FALSE;
  g_propagate_error (error, g_steal_pointer (&picture->error));
  return TRUE;
}

/* The first visit: the maps are made or taken from an earlier start, the row is committed, the town calibrated. */

static gboolean
rank (DhRunPicture *picture, gpointer data, GError **error)
{
  if (!join_labels (data, picture, error))
    return FALSE;
  Measured *measured = picture->measured;
  const float *scores = dh_tensor_f32 (picture->maps[DH_MAP_HYBRID]);
  measured->ranking = dh_ranking_new ();
  if (!dh_ranking_add (measured->ranking, scores, picture->anomalies->ids,
                       (gsize)picture->row.width * picture->row.height, NULL, error))
    return FALSE;
  dh_run_record_measure (scores, measured->ranking, &picture->row);
  return TRUE;
}

static gboolean
calibrate (DhRunPicture *picture, gpointer data, GError **error)
{
  Flow *flow = data;
  const DhOpenEvaluationOptions *options = flow->options;
  const Measured *measured = picture->measured;
  DhRunImageRow *row = &picture->row;
  if (give_error (picture, error))
    return FALSE;
  dh_early_look_add (&flow->early, picture);
  if (!dh_calibration_add (flow->calibration, dh_tensor_f32 (picture->maps[DH_MAP_HYBRID]), measured->labels,
                           row->width, row->height, error)
      || !dh_run_record_commit (&flow->record, picture->index, row, error))
    return FALSE;
  flow->result->images++;
  flow->result->resumed += picture->resumed;
  flow->result->seconds += row->seconds;
  if (options->image_done)
    options->image_done (row, flow->result->images, dh_dataset_size (options->dataset), options->data);
  return TRUE;
}

/* The second visit, from the maps on disk; where one is gone meanwhile it is made again. */

static gboolean
join (DhRunPicture *picture, gpointer data, GError **error)
{
  return join_labels (data, picture, error);
}

static gboolean
measure (DhRunPicture *picture, gpointer data, GError **error)
{
  Flow *flow = data;
  const Measured *measured = picture->measured;
  if (give_error (picture, error))
    return FALSE;
  dh_open_set_add (flow->set, dh_tensor_data (picture->maps[DH_MAP_SEGMENTATION]),
                   dh_tensor_f32 (picture->maps[DH_MAP_HYBRID]), measured->labels,
                   (gsize)picture->row.width * picture->row.height);
  dh_open_set_end_image (flow->set);
  return TRUE;
}

static gboolean
visit_town (Flow *flow, const char *town, GError **error)
{
  DhDataset *dataset = flow->options->dataset;
  const DhRunPictures visit = { .record = &flow->record,
                                .predictor = flow->options->predictor,
                                .maker = flow->maker,
                                .maps = DH_MAP_BIT (DH_MAP_SEGMENTATION) | DH_MAP_BIT (DH_MAP_HYBRID),
                                .classes = TRUE,
                                .rankings = flow->set ? 0 : 1,
                                .data = flow,
                                .begin = begin,
                                .measure = flow->set ? join : rank,
                                .release = measured_free,
                                .add = flow->set ? measure : calibrate };
  g_autofree guint *indices = g_new (guint, dh_dataset_size (dataset));
  guint n = 0;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    if (g_str_equal (dh_dataset_item (dataset, i)->group, town))
      indices[n++] = i;
  return dh_run_pictures (&visit, indices, n, flow->cancellable, error);
}

static double
threshold_of (DhCalibration *calibration, const char *town, GError **error)
{
  const double threshold = dh_calibration_threshold (calibration);
  if (isnan (threshold))
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                 "no threshold can be calibrated on %s: none of its images shows an anomaly", town);
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
  g_clear_pointer (&evaluation->displaced, g_array_unref);
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
      flow->calibration = calibration;
      if (!visit_town (flow, towns[t], error))
        return FALSE;
      thresholds[t] = threshold_of (calibration, towns[t], error);
      if (isnan (thresholds[t]))
        return FALSE;
    }
  DhOpenSetResult *results[2];
  for (guint t = 0; t < 2; t++)
    {
      g_autoptr (DhOpenSet) set = dh_open_set_new (flow->classes, thresholds[1 - t]);
      flow->set = set;
      if (!visit_town (flow, towns[t], error))
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
                .classes = dh_model_classes (dh_predictor_model (options->predictor)),
                .total = 2 * dh_dataset_size (options->dataset),
                .result = result };
  const char *const *towns = dh_dataset_groups (options->dataset);
  if (!check (&flow, towns, error))
    return NULL;

  dh_early_look_init (&flow.early, options->dataset, flow.classes, dh_dataset_class_table (options->dataset),
                      options->warning, options->data);
  g_autoptr (GError) local = NULL;
  g_auto (DhRunOrigin) origin = { { 0 } };
  dh_run_origin_init_network (&origin, options->predictor, DH_MAP_HYBRID);
  g_autofree char *precision = NULL;
  g_auto (DhReducedMaker) reduced = { options->predictor, options->reduction, NULL };
  const DhMapMaker maker = dh_reduced_maker_get (&reduced);
  if (options->reduction && !dh_reduction_is_none (options->reduction))
    {
      flow.maker = &maker;
      origin.precision = precision = dh_reduction_name (options->reduction, origin.precision);
    }
  const gboolean done =
      dh_run_record_begin (&flow.record, "eval-osr", options->database, options->dataset, &origin, options->folder,
                           DH_MAP_HYBRID, "segmentation", options->command, cancellable, &local)
      && visit_both (&flow, towns, &local);
  dh_early_look_end (&flow.early);
  if (flow.record.run)
    {
      g_autoptr (GError) ending = NULL;
      if (!dh_run_record_end (&flow.record, done ? NULL : local, done ? summarise (result, options->tpr) : NULL,
                              &ending)
          && !local)
        local = g_steal_pointer (&ending);
      if (local)
        dh_run_record_say_kept (&flow.record, &local);
    }
  result->run = flow.record.run;
  result->displaced = g_steal_pointer (&flow.record.displaced);
  dh_run_record_clear (&flow.record);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  return g_steal_pointer (&result);
}
