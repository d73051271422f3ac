#include "dh-evaluation-flow-private.h"

#include <math.h>

#include "dh-error.h"
#include "dh-run-pictures-private.h"
#include "dh-run-results-private.h"

static gboolean
go_on (DhEvaluationFlow *flow, guint index, const char *what, GError **error)
{
  dh_progress_report (flow->progress, index, dh_dataset_size (flow->options->dataset), what);
  return !g_cancellable_set_error_if_cancelled (flow->cancellable, error);
}

static gboolean
begin (guint index, gpointer data, GError **error)
{
  DhEvaluationFlow *flow = data;
  return go_on (flow, index, dh_dataset_item (flow->options->dataset, index)->stem, error);
}

static gboolean
measure (DhRunPicture *picture, gpointer data, GError **error)
{
  const DhEvaluationFlow *flow = data;
  const float *scores = dh_tensor_f32 (picture->maps[flow->score]);
  DhMeters *part = NULL;
  if (picture->anomalies || picture->classes)
    {
      picture->measured = part = dh_meters_new_part (flow->meters);
      if (!dh_meters_add (part, picture->item->stem, picture->maps, picture->anomalies, picture->classes, error))
        return FALSE;
    }
  dh_run_record_measure (scores, picture->anomalies ? dh_meters_ranking (part) : NULL, &picture->row);
  return TRUE;
}

/* Not there, or nothing in it: what an unmounted disk leaves. A server that is gone lets nobody look. */
static gboolean
is_gone (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  return !dir || !g_dir_read_name (dir);
}

/* The folder of the set that is gone, or NULL. A disk that was pulled, a folder that was moved: no picture is at
 * fault. */
static const char *
gone_folder (const DhEvaluationFlow *flow)
{
  DhDataset *dataset = flow->options->dataset;
  const char *folders[] = { dh_dataset_root (dataset), dh_dataset_base_root (dataset) };
  if (dh_dataset_kind (dataset) == DH_DATASET_FOLDER)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    if (folders[i] && is_gone (folders[i]))
      return folders[i];
  return NULL;
}

static gboolean
leave_out (DhEvaluationFlow *flow, DhRunPicture *picture, GError **error)
{
  const char *gone = picture->reading ? gone_folder (flow) : NULL;
  if (gone)
    {
      g_autofree char *root = g_filename_display_name (gone);
      g_set_error (
          error, DH_ERROR, DH_ERROR_NOT_FOUND,
          "%s: the data set is not there any more; what was measured is kept, and evaluating again goes on when "
          "it is back",
          root);
      return FALSE;
    }
  if (!dh_run_record_is_of_image (picture->error, picture->reading))
    {
      g_propagate_error (error, g_steal_pointer (&picture->error));
      return FALSE;
    }
  dh_run_record_fail_row (&picture->row, picture->error);
  const DhLeftOut left_out = { g_strdup (picture->item->stem), g_strdup (picture->error->message) };
  g_array_append_val (flow->result->left_out, left_out);
  return TRUE;
}

static gboolean
count (DhEvaluationFlow *flow, DhRunPicture *picture, GError **error)
{
  if (picture->measured && !dh_meters_merge (flow->meters, picture->measured, error))
    return FALSE;
  if (picture->anomalies)
    g_array_append_val (flow->indices, picture->index);
  flow->seals[picture->index] = picture->seal;
  flow->result->images++;
  flow->result->resumed += picture->resumed;
  flow->result->seconds += picture->row.seconds;
  return TRUE;
}

/* What was measured then is measured now, or it is not the same. */
static gboolean
check_recalled (const DhEvaluationFlow *flow, DhRunPicture *picture, GError **error)
{
  const DhRunImageRow *then = dh_run_record_find (&flow->record, picture->item->stem), *now = &picture->row;
  if (!then)
    return TRUE;
  if (picture->error)
    {
      g_propagate_error (error, g_steal_pointer (&picture->error));
      return FALSE;
    }
  if (now->pixels == then->pixels && now->positives == then->positives)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: its label is another than in run %" G_GINT64_FORMAT,
               picture->item->label, flow->record.run);
  return FALSE;
}

static gboolean
add (DhRunPicture *picture, gpointer data, GError **error)
{
  DhEvaluationFlow *flow = data;
  const DhEvaluationOptions *options = flow->options;
  if (flow->record.recalled && !check_recalled (flow, picture, error))
    return FALSE;
  if (!picture->error)
    dh_early_look_add (&flow->early, picture);
  if (!(picture->error ? leave_out (flow, picture, error) : count (flow, picture, error))
      || !dh_run_record_commit (&flow->record, picture->index, &picture->row, error))
    return FALSE;
  if (options->image_done)
    options->image_done (&picture->row, picture->index + 1, dh_dataset_size (options->dataset), options->data);
  return TRUE;
}

/* The passes behind the first: the maps are on disk, and made again where one is gone. */

static gboolean
begin_again (guint index, gpointer data, GError **error)
{
  return go_on (data, index, "components", error);
}

static void
parts_free (gpointer parts)
{
  g_ptr_array_unref (parts);
}

static gboolean
measure_again (DhRunPicture *picture, gpointer data, GError **error)
{
  const DhEvaluationFlow *flow = data;
  GPtrArray *parts = picture->measured = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_metric_free);
  const DhScoredImage scored = { .key = picture->item->stem,
                                 .scores = dh_tensor_f32 (picture->maps[flow->score]),
                                 .labels = picture->anomalies->ids,
                                 .width = picture->row.width,
                                 .height = picture->row.height,
                                 .unmeasured = DH_ANOMALY_UNMEASURED };
  for (guint p = 0; p < flow->waiting->len; p++)
    {
      g_ptr_array_add (parts, dh_metric_new_part (flow->waiting->pdata[p]));
      if (!dh_metric_add (parts->pdata[p], &scored, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_again (DhRunPicture *picture, gpointer data, GError **error)
{
  const DhEvaluationFlow *flow = data;
  const GPtrArray *parts = picture->measured;
  if (picture->error)
    {
      g_propagate_error (error, g_steal_pointer (&picture->error));
      return FALSE;
    }
  for (guint p = 0; p < flow->waiting->len; p++)
    if (!dh_metric_merge (flow->waiting->pdata[p], parts->pdata[p], error))
      return FALSE;
  return TRUE;
}

static gboolean
pass_again (DhEvaluationFlow *flow, GPtrArray *metrics, GError **error)
{
  flow->waiting = metrics;
  const DhRunPictures again = { .record = &flow->record,
                                .predictor = flow->options->predictor,
                                .source = flow->source,
                                .maker = flow->maker,
                                .maps = DH_MAP_BIT (flow->score),
                                .threads = flow->options->threads,
                                .data = flow,
                                .begin = begin_again,
                                .measure = measure_again,
                                .release = parts_free,
                                .add = add_again };
  return dh_run_pictures (&again, (const guint *)flow->indices->data, flow->indices->len, flow->cancellable, error);
}

static gboolean
more_passes (DhEvaluationFlow *flow, GError **error)
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

/* Two rules read an FPR of 0 off a set without anomalies, where there is none to be read. */
static void
clear_undefined (GPtrArray *results)
{
  for (guint i = 0; i < results->len; i++)
    {
      DhResult *result = results->pdata[i];
      if (result->positives == 0)
        result->fpr95 = result->threshold_tpr95 = NAN;
    }
}

static gboolean
finish (DhEvaluationFlow *flow, GError **error)
{
  if (!more_passes (flow, error) || !dh_meters_finish (flow->meters, flow->result->scores, error))
    return FALSE;
  DhScoreEvaluation *first = &g_array_index (flow->result->scores, DhScoreEvaluation, 0);
  if (first->sweep && dh_open_sweep_pixels (first->sweep))
    flow->result->classes =
        dh_class_result_new (flow->table, first->sweep, dh_ranking_roc_threshold (first->ranking, 0.95));
  for (guint m = 0; m < flow->result->scores->len; m++)
    {
      DhScoreEvaluation *score = &g_array_index (flow->result->scores, DhScoreEvaluation, m);
      if (flow->source)
        score->name = flow->source->name;
      clear_undefined (score->results);
      if (!flow->record.recalled
          && !dh_run_results_store (flow->options->database, flow->record.run, score->name, score->results,
                                    score->ranking, error))
        return FALSE;
    }
  return TRUE;
}

/* Whether the network gives what is to be measured. */
static gboolean
check_network (const DhEvaluationOptions *options, GError **error)
{
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
  return TRUE;
}

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
  dh_open_sweep_free (score->sweep);
  g_ptr_array_unref (score->results);
}

void
dh_evaluation_flow_init (DhEvaluationFlow *flow, const DhEvaluationOptions *options, DhMap score, guint more_scores,
                         gboolean segmentation, guint classes, GCancellable *cancellable, const DhProgress *progress)
{
  const DhClassTable *table = segmentation ? dh_dataset_class_table (options->dataset) : NULL;
  *flow = (DhEvaluationFlow){ .options = options,
                              .maker = options->maker,
                              .cancellable = cancellable,
                              .progress = progress,
                              .score = score,
                              .more_scores = more_scores,
                              .segmentation = segmentation,
                              .classes = classes,
                              .table = table && table->n_classes == classes ? table : NULL,
                              .seals = g_new0 (DhPictureSeal, MAX (dh_dataset_size (options->dataset), 1)),
                              .indices = g_array_new (FALSE, FALSE, sizeof (guint)),
                              .result = g_new0 (DhEvaluation, 1) };
  flow->meters = dh_meters_new (flow->table ? flow->table->n_classes : 0);
  flow->result->scores = g_array_new (FALSE, FALSE, sizeof (DhScoreEvaluation));
  g_array_set_clear_func (flow->result->scores, clear_score);
  flow->result->left_out = g_array_new (FALSE, FALSE, sizeof (DhLeftOut));
  g_array_set_clear_func (flow->result->left_out, clear_left_out);
}

void
dh_evaluation_flow_clear (DhEvaluationFlow *flow)
{
  g_clear_pointer (&flow->result, dh_evaluation_free);
  dh_meters_free (flow->meters);
  g_free (flow->seals);
  g_array_unref (flow->indices);
  dh_run_record_clear (&flow->record);
}

char *
dh_evaluation_flow_list_others (const DhEvaluationFlow *flow)
{
  GString *names = g_string_new (flow->segmentation ? dh_map_name (DH_MAP_SEGMENTATION) : NULL);
  for (guint m = 1; m < dh_meters_count (flow->meters); m++)
    g_string_append_printf (names, "%s%s", names->len ? "," : "", dh_map_name (dh_meters_map (flow->meters, m)));
  return g_string_free (names, FALSE);
}

gboolean
dh_evaluation_flow_prepare (DhEvaluationFlow *flow, GError **error)
{
  const DhEvaluationOptions *options = flow->options;
  if (options->predictor && !check_network (options, error))
    return FALSE;
  if (dh_dataset_size (options->dataset) == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: has no images to evaluate",
                   dh_dataset_root (options->dataset));
      return FALSE;
    }
  const DhProtocol *pooled = dh_protocol_find ("densehybrid-pooled", error);
  const DhMetricOptions bare = { .no_rows = TRUE };
  if (!dh_meters_begin (flow->meters, flow->score, options->protocols, options->n_protocols, &options->metric_options,
                        error))
    return FALSE;
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (flow->more_scores & DH_MAP_BIT (m) && m != flow->score
        && !dh_meters_begin (flow->meters, m, &pooled, 1, &bare, error))
      return FALSE;
  return TRUE;
}

static void
part_free (gpointer part)
{
  dh_meters_free (part);
}

/* The segmentation is wanted by benchmarks beside the scores, and takes a quarter of their place. */
guint
dh_evaluation_flow_list_maps (const DhEvaluationFlow *flow)
{
  guint maps = flow->segmentation ? DH_MAP_BIT (DH_MAP_SEGMENTATION) : 0;
  for (guint m = 0; m < dh_meters_count (flow->meters); m++)
    maps |= DH_MAP_BIT (dh_meters_map (flow->meters, m));
  return maps;
}

gboolean
dh_evaluation_flow_visit (DhEvaluationFlow *flow, GError **error)
{
  const guint n = dh_dataset_size (flow->options->dataset);
  g_autofree guint *all = g_new (guint, n);
  for (guint i = 0; i < n; i++)
    all[i] = i;
  DhRunPictures first = { .record = &flow->record,
                          .predictor = flow->options->predictor,
                          .source = flow->source,
                          .maker = flow->maker,
                          .maps = dh_evaluation_flow_list_maps (flow),
                          .classes = flow->table != NULL,
                          .seals = !flow->source,
                          .threads = flow->options->threads,
                          .data = flow,
                          .begin = begin,
                          .measure = measure,
                          .release = part_free,
                          .add = add };
  /* One of each map's pixels, the same by class, and what its protocols pool. */
  first.rankings = (flow->table ? 3 : 2) * dh_meters_count (flow->meters) + flow->options->n_protocols;
  dh_early_look_init (&flow->early, flow->options->dataset, flow->classes, flow->table, flow->options->warning,
                      flow->options->data);
  const gboolean visited = dh_run_pictures (&first, all, n, flow->cancellable, error);
  dh_early_look_end (&flow->early);
  if (!visited)
    return FALSE;
  dh_progress_report (flow->progress, n, n, NULL);
  if (flow->result->images == 0)
    {
      const char *why = g_array_index (flow->result->left_out, DhLeftOut, 0).why;
      if (n == 1)
        g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the only image could not be evaluated: %s", why);
      else
        g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "none of the %u images could be evaluated; the first: %s", n,
                     why);
      return FALSE;
    }
  return finish (flow, error);
}
