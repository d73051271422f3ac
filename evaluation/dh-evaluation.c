#include "dh-evaluation.h"

#include <math.h>

#include "dh-early-look-private.h"
#include "dh-error.h"
#include "dh-meters-private.h"
#include "dh-reduced-maker.h"
#include "dh-run-origin-private.h"
#include "dh-run-pictures-private.h"
#include "dh-run-results-private.h"

typedef struct
{
  const DhEvaluationOptions *options;
  const DhMapMaker *maker; /* NULL: the predictor alone */
  GCancellable *cancellable;
  const DhProgress *progress;
  DhRunRecord record;
  DhMap score; /* of the run; that other methods' maps stand in for it changes nothing: high = anomalous */
  guint more_scores;
  const DhClassTable *table; /* of the set's classes, where they are the network's as well; else NULL */
  DhMeters *meters;          /* of the score of the run first */
  GArray *indices;           /* guint: the pictures that have a label of anomalies and maps */
  GPtrArray *waiting;        /* DhMetric: those that see all pictures once more; borrowed */
  DhEarlyLook early;
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
  dh_open_sweep_free (score->sweep);
  g_ptr_array_unref (score->results);
}

void
dh_evaluation_free (DhEvaluation *evaluation)
{
  if (!evaluation)
    return;
  g_array_unref (evaluation->scores);
  g_array_unref (evaluation->left_out);
  g_clear_pointer (&evaluation->displaced, g_array_unref);
  dh_class_result_free (evaluation->classes);
  g_free (evaluation);
}

void
dh_evaluation_orient (DhMap map, float *values, gsize n)
{
  if (dh_map_low_is_anomalous (map))
    for (gsize i = 0; i < n; i++)
      values[i] = -values[i];
}

static gboolean
go_on (Flow *flow, guint index, const char *what, GError **error)
{
  dh_progress_report (flow->progress, index, dh_dataset_size (flow->options->dataset), what);
  return !g_cancellable_set_error_if_cancelled (flow->cancellable, error);
}

static gboolean
begin (guint index, gpointer data, GError **error)
{
  Flow *flow = data;
  return go_on (flow, index, dh_dataset_item (flow->options->dataset, index)->stem, error);
}

static gboolean
measure (DhRunPicture *picture, gpointer data, GError **error)
{
  const Flow *flow = data;
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
gone_folder (const Flow *flow)
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
leave_out (Flow *flow, DhRunPicture *picture, GError **error)
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
count (Flow *flow, DhRunPicture *picture, GError **error)
{
  if (picture->measured && !dh_meters_merge (flow->meters, picture->measured, error))
    return FALSE;
  if (picture->anomalies)
    g_array_append_val (flow->indices, picture->index);
  flow->result->images++;
  flow->result->resumed += picture->resumed;
  flow->result->seconds += picture->row.seconds;
  return TRUE;
}

static gboolean
add (DhRunPicture *picture, gpointer data, GError **error)
{
  Flow *flow = data;
  const DhEvaluationOptions *options = flow->options;
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
  const Flow *flow = data;
  GPtrArray *parts = picture->measured = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_metric_free);
  const DhScoredImage scored = { picture->item->stem, dh_tensor_f32 (picture->maps[flow->score]),
                                 picture->anomalies->ids, picture->row.width, picture->row.height };
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
  const Flow *flow = data;
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
pass_again (Flow *flow, GPtrArray *metrics, GError **error)
{
  flow->waiting = metrics;
  const DhRunPictures again = { .record = &flow->record,
                                .predictor = flow->options->predictor,
                                .scores = flow->options->scores,
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
finish (Flow *flow, GError **error)
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
      if (flow->options->scores)
        score->name = DH_SCORE_IMPORTED;
      clear_undefined (score->results);
      if (!dh_run_results_store (flow->options->database, flow->record.run, score->name, score->results, score->ranking,
                                 error))
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

static guint
network_classes (const DhEvaluationOptions *options)
{
  return (guint)dh_model_classes (dh_predictor_model (options->predictor));
}

/* Other methods' maps come without a segmentation. */
static const DhClassTable *
find_table (const DhEvaluationOptions *options)
{
  const DhClassTable *table = options->predictor ? dh_dataset_class_table (options->dataset) : NULL;
  return table && table->n_classes == network_classes (options) ? table : NULL;
}

static gboolean
prepare (Flow *flow, GError **error)
{
  const DhEvaluationOptions *options = flow->options;
  if (!options->scores && !check_network (options, error))
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

static gboolean
visit_all (Flow *flow, GError **error)
{
  const guint n = dh_dataset_size (flow->options->dataset);
  g_autofree guint *all = g_new (guint, n);
  for (guint i = 0; i < n; i++)
    all[i] = i;
  DhRunPictures first = { .record = &flow->record,
                          .predictor = flow->options->predictor,
                          .scores = flow->options->scores,
                          .maker = flow->maker,
                          /* Benchmarks want it beside the scores, and it takes a quarter of their place. */
                          .maps = flow->options->scores ? 0 : DH_MAP_BIT (DH_MAP_SEGMENTATION),
                          .classes = flow->table != NULL,
                          .threads = flow->options->threads,
                          .data = flow,
                          .begin = begin,
                          .measure = measure,
                          .release = part_free,
                          .add = add };
  for (guint m = 0; m < dh_meters_count (flow->meters); m++)
    first.maps |= DH_MAP_BIT (dh_meters_map (flow->meters, m));
  /* One of each map's pixels, the same by class, and what its protocols pool. */
  first.rankings = (flow->table ? 3 : 2) * dh_meters_count (flow->meters) + flow->options->n_protocols;
  dh_early_look_init (&flow->early, flow->options->predictor ? network_classes (flow->options) : 0, flow->table,
                      flow->options->warning, flow->options->data);
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

/* The maps kept beside the score's, by name. */
static char *
list_others (const Flow *flow)
{
  GString *names = g_string_new (flow->options->scores ? NULL : dh_map_name (DH_MAP_SEGMENTATION));
  for (guint m = 1; m < dh_meters_count (flow->meters); m++)
    g_string_append_printf (names, "%s%s", names->len ? "," : "", dh_map_name (dh_meters_map (flow->meters, m)));
  return g_string_free (names, FALSE);
}

/* What the columns of a run say nothing of; NULL where there is nothing. */
static JsonObject *
summarise (const DhEvaluation *result, const DhImportedScores *scores, gboolean done)
{
  JsonObject *summary =
      done ? dh_run_results_summarise (g_array_index (result->scores, DhScoreEvaluation, 0).results) : NULL;
  if (result->classes && done)
    json_object_set_object_member (summary, "classes", dh_class_result_to_json (result->classes));
  if (!scores)
    return summary;
  if (!summary)
    summary = json_object_new ();
  json_object_set_boolean_member (summary, "low_is_anomalous", dh_imported_scores_low_is_anomalous (scores));
  return summary;
}

DhEvaluation *
dh_evaluation_run (const DhEvaluationOptions *options, GCancellable *cancellable, const DhProgress *progress,
                   GError **error)
{
  Flow flow = { .options = options,
                .cancellable = cancellable,
                .progress = progress,
                .score = options->scores ? DH_MAP_HYBRID : options->score,
                .more_scores = options->scores ? 0 : options->more_scores,
                .indices = g_array_new (FALSE, FALSE, sizeof (guint)) };
  g_autoptr (DhEvaluation) result = g_new0 (DhEvaluation, 1);
  result->scores = g_array_new (FALSE, FALSE, sizeof (DhScoreEvaluation));
  g_array_set_clear_func (result->scores, clear_score);
  result->left_out = g_array_new (FALSE, FALSE, sizeof (DhLeftOut));
  g_array_set_clear_func (result->left_out, clear_left_out);
  flow.result = result;
  flow.table = find_table (options);
  flow.meters = dh_meters_new (flow.table ? flow.table->n_classes : 0);

  g_autoptr (GError) local = NULL;
  g_autofree char *others = NULL, *precision = NULL;
  g_auto (DhRunOrigin) origin = { { 0 } };
  g_auto (DhReducedMaker) reduced = { options->predictor, options->reduction, NULL };
  const DhMapMaker maker = dh_reduced_maker_get (&reduced);
  flow.maker = options->maker;
  if (options->scores)
    dh_run_origin_init_imported (&origin, options->scores);
  else
    dh_run_origin_init_network (&origin, options->predictor, options->score);
  if (!options->scores && !options->maker && options->reduction && !dh_reduction_is_none (options->reduction))
    {
      flow.maker = &maker;
      origin.precision = precision = dh_reduction_name (options->reduction, origin.precision);
    }
  const gboolean done =
      prepare (&flow, &local) && (others = list_others (&flow)) != NULL
      && dh_run_record_begin (&flow.record, "eval-ood", options->database, options->dataset, &origin, options->folder,
                              flow.score, others, options->command, cancellable, &local)
      && visit_all (&flow, &local);
  if (flow.record.run)
    {
      g_autoptr (GError) ending = NULL;
      JsonObject *summary = summarise (result, options->scores, done);
      if (!dh_run_record_end (&flow.record, done ? NULL : local, summary, &ending) && !local)
        local = g_steal_pointer (&ending);
      if (local)
        dh_run_record_say_kept (&flow.record, &local);
    }
  result->run = flow.record.run;
  result->displaced = g_steal_pointer (&flow.record.displaced);

  dh_meters_free (flow.meters);
  g_array_unref (flow.indices);
  dh_run_record_clear (&flow.record);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  return g_steal_pointer (&result);
}
