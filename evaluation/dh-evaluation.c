#include "dh-evaluation.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-meters-private.h"
#include "dh-npy.h"
#include "dh-run-record-private.h"
#include "dh-run-results-private.h"

typedef struct
{
  const DhEvaluationOptions *options;
  GCancellable *cancellable;
  const DhProgress *progress;
  DhRunRecord record;
  DhLookAhead ahead;
  DhMeters *meters;           /* of the score of the run first */
  GHashTable *measured_stems; /* set of stems (borrowed) that have a label and a map */
  gboolean reading;           /* the picture or its label, at this moment */
  DhEvaluation *result;
} Flow;

static void
clear_left_out (gpointer data)
{
  DhLeftOut *left_out = data;
  g_free (left_out->stem);
  g_free (left_out->why);
}

static void
clear_score (gpointer data)
{
  DhScoreEvaluation *score = data;
  dh_ranking_free (score->ranking);
  g_ptr_array_unref (score->results);
}

void
dh_evaluation_free (DhEvaluation *evaluation)
{
  if (!evaluation)
    return;
  g_array_unref (evaluation->scores);
  g_array_unref (evaluation->left_out);
  g_free (evaluation);
}

void
dh_evaluation_orient (DhMap map, float *values, gsize n)
{
  if (map == DH_MAP_LIKELIHOOD || map == DH_MAP_DATASET_POSTERIOR)
    for (gsize i = 0; i < n; i++)
      values[i] = -values[i];
}

/* The oriented map: the prediction's own where nothing changes. */
static DhTensor *
orient (DhMap map, DhTensor *tensor, GError **error)
{
  if (map != DH_MAP_LIKELIHOOD && map != DH_MAP_DATASET_POSTERIOR)
    return dh_tensor_ref (tensor);
  DhTensor *copy = dh_tensor_new_f32 (tensor->n_dims, tensor->dims);
  if (!copy)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for a map of %s", dh_map_name (map));
      return NULL;
    }
  memcpy (dh_tensor_f32 (copy), dh_tensor_f32 (tensor), dh_tensor_size_bytes (tensor));
  dh_evaluation_orient (map, dh_tensor_f32 (copy), dh_tensor_count (copy));
  return copy;
}

/* The maps of an earlier start; FALSE where one is missing or of another form, and the image is then computed again. */
static gboolean
load_scores (Flow *flow, const char *stem, const DhRunImageRow *row, DhTensor **maps)
{
  for (guint m = 0; m < dh_meters_count (flow->meters); m++)
    {
      maps[m] = dh_run_record_load_map (&flow->record, dh_meters_map (flow->meters, m), stem, row);
      if (!maps[m])
        return FALSE;
    }
  return TRUE;
}

/* The picture that will be computed behind this one. */
static guint
next_computed (Flow *flow, guint index)
{
  const guint next = index + 1;
  return next < dh_dataset_size (flow->options->dataset)
                 && !dh_run_record_find (&flow->record, dh_dataset_item (flow->options->dataset, next)->stem)
             ? next
             : DH_NO_INDEX;
}

static gboolean
compute_scores (Flow *flow, guint index, const DhLabels *labels, DhTensor **maps, DhRunImageRow *row, GError **error)
{
  const DhDatasetItem *item = dh_dataset_item (flow->options->dataset, index);
  flow->reading = TRUE;
  g_autoptr (DhImage) image = dh_look_ahead_load (&flow->ahead, index, error);
  if (!image)
    return FALSE;
  flow->reading = FALSE;
  if (!dh_run_record_check_label (item, labels, image->width, image->height, error))
    return FALSE;
  guint wanted = 0;
  for (guint m = 0; m < dh_meters_count (flow->meters); m++)
    wanted |= DH_MAP_BIT (dh_meters_map (flow->meters, m));
  g_autoptr (DhPrediction) prediction =
      dh_look_ahead_take (&flow->ahead, index, image, next_computed (flow, index), wanted, flow->cancellable, error);
  if (!prediction)
    return FALSE;
  row->width = prediction->width;
  row->height = prediction->height;
  row->seconds = prediction->seconds;
  for (guint m = 0; m < dh_meters_count (flow->meters); m++)
    {
      const DhMap map = dh_meters_map (flow->meters, m);
      maps[m] = orient (map, prediction->maps[map], error);
      if (!maps[m] || !dh_run_record_save_map (&flow->record, map, item->stem, maps[m], error))
        return FALSE;
    }
  return TRUE;
}

/* From the picture, or an earlier start's maps, to the numbers of the row. */
static gboolean
measure (Flow *flow, guint index, DhTensor **maps, DhRunImageRow *row, gboolean *labelled, gboolean *resumed,
         GError **error)
{
  const DhDatasetItem *item = dh_dataset_item (flow->options->dataset, index);
  g_autoptr (DhLabels) labels = NULL;
  flow->reading = TRUE;
  if (!dh_dataset_load_labels (flow->options->dataset, index, &labels, NULL, error))
    return FALSE;
  flow->reading = FALSE;
  const DhRunImageRow *before = dh_run_record_find (&flow->record, item->stem);
  if (before && !dh_run_record_check_label (item, labels, before->width, before->height, error))
    return FALSE;
  *resumed = before && load_scores (flow, item->stem, before, maps);
  if (*resumed)
    {
      row->width = before->width;
      row->height = before->height;
      row->seconds = before->seconds;
    }
  else
    {
      for (guint m = 0; m < dh_meters_count (flow->meters); m++)
        g_clear_pointer (&maps[m], dh_tensor_unref);
      if (!compute_scores (flow, index, labels, maps, row, error))
        return FALSE;
    }
  *labelled = labels != NULL;
  const guint8 *ids = labels ? labels->ids : NULL;
  return dh_run_record_measure (&flow->record, dh_tensor_f32 (maps[0]), ids, row, error)
         && (!ids || dh_meters_add (flow->meters, item->stem, maps, ids, flow->record.one_image, error));
}

static gboolean
visit (Flow *flow, guint index, GError **error)
{
  const DhEvaluationOptions *options = flow->options;
  const DhDatasetItem *item = dh_dataset_item (options->dataset, index);
  DhTensor *maps[DH_N_MAPS] = { NULL };
  DhRunImageRow row = dh_run_record_new_row ();
  g_autoptr (GError) reason = NULL;
  g_autofree char *path = dh_run_record_map_path (&flow->record, options->score, item->stem);
  gboolean labelled = FALSE, resumed = FALSE;
  row.score_file = path;
  flow->reading = FALSE;

  const gboolean fine = measure (flow, index, maps, &row, &labelled, &resumed, &reason);
  for (guint m = 0; m < dh_meters_count (flow->meters); m++)
    dh_tensor_unref (maps[m]);
  if (!fine && !dh_run_record_is_of_image (reason, flow->reading))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  if (!fine)
    {
      dh_run_record_fail_row (&row, reason);
      const DhLeftOut left_out = { g_strdup (item->stem), g_strdup (reason->message) };
      g_array_append_val (flow->result->left_out, left_out);
    }
  else
    {
      if (labelled)
        g_hash_table_add (flow->measured_stems, item->stem);
      flow->result->images++;
      flow->result->resumed += resumed;
      flow->result->seconds += row.seconds;
    }
  const gboolean committed = dh_run_record_commit (&flow->record, index, &row, error);
  if (committed && options->image_done)
    options->image_done (&row, index + 1, dh_dataset_size (options->dataset), options->data);
  return committed;
}

/* Before each picture, of every pass. */
static gboolean
go_on (Flow *flow, guint index, const char *what, GError **error)
{
  const DhMapMaker *maker = flow->options->maker;
  dh_progress_report (flow->progress, index, dh_dataset_size (flow->options->dataset), what);
  if (maker)
    maker->between (flow->cancellable, maker->data);
  return !g_cancellable_set_error_if_cancelled (flow->cancellable, error);
}

/* Shows every image, from the maps on disk, to the metrics that must see them once more. */
static gboolean
pass_again (Flow *flow, GPtrArray *metrics, GError **error)
{
  for (guint i = 0; i < dh_dataset_size (flow->options->dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (flow->options->dataset, i);
      if (!g_hash_table_contains (flow->measured_stems, item->stem))
        continue;
      if (!go_on (flow, i, "components", error))
        return FALSE;
      g_autofree char *path = dh_run_record_map_path (&flow->record, flow->options->score, item->stem);
      g_autoptr (DhLabels) labels = NULL;
      g_autoptr (DhTensor) map = dh_npy_load (path, error);
      if (!map || !dh_dataset_load_labels (flow->options->dataset, i, &labels, NULL, error))
        return FALSE;
      if (!labels || map->dtype != DH_DTYPE_F32 || map->n_dims != 2 || map->dims[0] != labels->height
          || map->dims[1] != labels->width)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: was changed while the run went on", path);
          return FALSE;
        }
      const DhScoredImage scored = { item->stem, dh_tensor_f32 (map), labels->ids, labels->width, labels->height };
      for (guint p = 0; p < metrics->len; p++)
        if (!dh_metric_add (metrics->pdata[p], &scored, error))
          return FALSE;
    }
  return TRUE;
}

static gboolean
more_passes (Flow *flow, GError **error)
{
  for (;;)
    {
      g_autoptr (GPtrArray) waiting = dh_meters_next_pass (flow->meters);
      if (waiting->len == 0)
        return TRUE;
      if (!pass_again (flow, waiting, error))
        return FALSE;
    }
}

static gboolean
finish (Flow *flow, GError **error)
{
  if (!more_passes (flow, error) || !dh_meters_finish (flow->meters, flow->result->scores, error))
    return FALSE;
  for (guint m = 0; m < flow->result->scores->len; m++)
    {
      const DhScoreEvaluation *score = &g_array_index (flow->result->scores, DhScoreEvaluation, m);
      if (!dh_run_results_store (flow->options->database, flow->record.run, score->score, score->results,
                                 score->ranking, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
prepare (Flow *flow, GError **error)
{
  const DhEvaluationOptions *options = flow->options;
  DhModel *model = dh_predictor_model (options->predictor);
  for (guint m = 0; m < DH_N_MAPS; m++)
    if ((m == options->score || options->more_scores & DH_MAP_BIT (m)) && dh_map_needs_ood (m)
        && !dh_model_has_outlier_head (model))
      {
        g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                     "%s has no outlier head, so there is no %s; measure likelihood, max_softmax, max_logit or entropy",
                     dh_model_title (model), dh_map_name (m));
        return FALSE;
      }
  if (dh_dataset_size (options->dataset) == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: has no pictures to evaluate",
                   dh_dataset_root (options->dataset));
      return FALSE;
    }
  const DhProtocol *pooled = dh_protocol_find ("densehybrid-pooled", error);
  const DhMetricOptions bare = { .no_rows = TRUE };
  if (!dh_meters_begin (flow->meters, options->score, options->protocols, options->n_protocols,
                        &options->metric_options, error))
    return FALSE;
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (options->more_scores & DH_MAP_BIT (m) && m != options->score
        && !dh_meters_begin (flow->meters, m, &pooled, 1, &bare, error))
      return FALSE;
  return TRUE;
}

static gboolean
visit_all (Flow *flow, GError **error)
{
  const guint n = dh_dataset_size (flow->options->dataset);
  for (guint i = 0; i < n; i++)
    {
      const char *stem = dh_dataset_item (flow->options->dataset, i)->stem;
      if (!go_on (flow, i, stem, error) || !visit (flow, i, error))
        return FALSE;
    }
  dh_progress_report (flow->progress, n, n, NULL);
  if (flow->result->images == 0)
    {
      const char *why = g_array_index (flow->result->left_out, DhLeftOut, 0).why;
      if (n == 1)
        g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the only picture could not be evaluated: %s", why);
      else
        g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "none of the %u pictures could be evaluated; the first: %s", n,
                     why);
      return FALSE;
    }
  return finish (flow, error);
}

/* The maps measured beside the score, by name. */
static char *
list_others (const Flow *flow)
{
  GString *names = g_string_new (NULL);
  for (guint m = 1; m < dh_meters_count (flow->meters); m++)
    g_string_append_printf (names, "%s%s", m > 1 ? "," : "", dh_map_name (dh_meters_map (flow->meters, m)));
  return g_string_free (names, FALSE);
}

DhEvaluation *
dh_evaluation_run (const DhEvaluationOptions *options, GCancellable *cancellable, const DhProgress *progress,
                   GError **error)
{
  Flow flow = { .options = options,
                .cancellable = cancellable,
                .progress = progress,
                .ahead = { options->dataset, options->predictor, options->maker } };
  g_autoptr (DhEvaluation) result = g_new0 (DhEvaluation, 1);
  result->scores = g_array_new (FALSE, FALSE, sizeof (DhScoreEvaluation));
  g_array_set_clear_func (result->scores, clear_score);
  result->left_out = g_array_new (FALSE, FALSE, sizeof (DhLeftOut));
  g_array_set_clear_func (result->left_out, clear_left_out);
  flow.result = result;
  flow.meters = dh_meters_new ();
  flow.measured_stems = g_hash_table_new (g_str_hash, g_str_equal);

  g_autoptr (GError) local = NULL;
  g_autofree char *others = NULL;
  const gboolean done =
      prepare (&flow, &local) && (others = list_others (&flow)) != NULL
      && dh_run_record_begin (&flow.record, "eval-ood", options->database, options->dataset, options->predictor,
                              options->folder, options->score, others, options->command, cancellable, &local)
      && visit_all (&flow, &local);
  dh_look_ahead_clear (&flow.ahead);
  if (flow.record.run)
    {
      g_autoptr (GError) ending = NULL;
      JsonObject *summary =
          done ? dh_run_results_summarise (g_array_index (result->scores, DhScoreEvaluation, 0).results) : NULL;
      if (!dh_run_record_end (&flow.record, done ? NULL : local, summary, &ending) && !local)
        local = g_steal_pointer (&ending);
    }
  result->run = flow.record.run;

  dh_meters_free (flow.meters);
  g_hash_table_unref (flow.measured_stems);
  dh_run_record_clear (&flow.record);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  return g_steal_pointer (&result);
}
