#include "dh-evaluation.h"

#include "dh-error.h"
#include "dh-evaluation-flow-private.h"
#include "dh-map-owner.h"
#include "dh-reduced-maker.h"
#include "dh-run-origin-private.h"
#include "dh-run-results-private.h"

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

/* Of another method there is one map of the picture, and no segmentation. */
static void
init_flow (DhEvaluationFlow *flow, const DhEvaluationOptions *options, GCancellable *cancellable,
           const DhProgress *progress)
{
  if (options->scores)
    dh_evaluation_flow_init (flow, options, DH_MAP_HYBRID, 0, FALSE, 0, cancellable, progress);
  else
    dh_evaluation_flow_init (flow, options, options->score, options->more_scores, TRUE,
                             (guint)dh_model_classes (dh_predictor_model (options->predictor)), cancellable, progress);
}

DhEvaluation *
dh_evaluation_run (const DhEvaluationOptions *options, GCancellable *cancellable, const DhProgress *progress,
                   GError **error)
{
  DhEvaluationFlow flow;
  init_flow (&flow, options, cancellable, progress);
  g_autoptr (GError) local = NULL;
  g_autofree char *others = NULL, *precision = NULL;
  g_auto (DhRunOrigin) origin = { { 0 } };
  g_auto (DhReducedMaker) reduced = { options->predictor, options->reduction, NULL };
  const DhMapMaker maker = dh_reduced_maker_get (&reduced);
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
      dh_evaluation_flow_prepare (&flow, &local) && (others = dh_evaluation_flow_list_others (&flow)) != NULL
      && dh_run_record_begin (&flow.record, "eval-ood", options->database, options->dataset, &origin, options->folder,
                              flow.score, others, options->command, cancellable, &local)
      && dh_evaluation_flow_visit (&flow, &local);
  if (flow.record.run)
    {
      g_autoptr (GError) ending = NULL;
      JsonObject *summary = summarise (flow.result, options->scores, done);
      if (!dh_run_record_end (&flow.record, done ? NULL : local, summary, &ending) && !local)
        local = g_steal_pointer (&ending);
      if (local)
        dh_run_record_say_kept (&flow.record, &local);
    }
  flow.result->run = flow.record.run;
  flow.result->displaced = g_steal_pointer (&flow.record.displaced);
  DhEvaluation *result = local ? NULL : g_steal_pointer (&flow.result);
  dh_evaluation_flow_clear (&flow);
  if (local)
    g_propagate_error (error, g_steal_pointer (&local));
  return result;
}

/* The folder's owner lists them by name; another run, and be it stopped, may have put more beside the same scores. */
static gboolean
find_beside (const DhRunRecord *record, guint *maps, GError **error)
{
  g_autoptr (GPtrArray) rows = dh_database_list_run_numbers (record->database, record->run, error);
  if (!rows)
    return FALSE;
  guint measured = DH_MAP_BIT (DH_MAP_SEGMENTATION), there = 0;
  DhMap map;
  for (guint i = 0; i < rows->len; i++)
    if (dh_map_from_name (((const DhRunProtocolRow *)rows->pdata[i])->score, &map))
      measured |= DH_MAP_BIT (map);
  g_autofree char *text = dh_map_owner_read_others (record->folder);
  g_auto (GStrv) names = g_strsplit (text ? text : "", ",", -1);
  for (char **name = names; *name; name++)
    if (dh_map_from_name (*name, &map))
      there |= DH_MAP_BIT (map);
  *maps = there & measured & ~DH_MAP_BIT (record->score);
  return TRUE;
}

static gboolean
check_size (const DhRunRecord *record, guint maps, guint64 most_bytes, GError **error)
{
  guint64 bytes = 0, each = sizeof (float);
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (maps & DH_MAP_BIT (m))
      each += m == DH_MAP_SEGMENTATION ? 1 : sizeof (float);
  for (guint i = 0; i < record->rows->len; i++)
    {
      const DhRunImageRow *row = record->rows->pdata[i];
      bytes += each * (guint64)MAX (row->width, 0) * (guint64)MAX (row->height, 0);
    }
  if (!most_bytes || bytes <= most_bytes)
    return TRUE;
  g_autofree char *size = g_format_size (bytes);
  g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "the maps of run %" G_GINT64_FORMAT " are %s", record->run, size);
  return FALSE;
}

DhEvaluation *
dh_evaluation_recall (const DhEvaluationOptions *options, gint64 run, guint classes, guint64 most_bytes,
                      GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  DhRunRecord record;
  guint beside;
  if (!dh_run_record_recall (&record, options->database, options->dataset, run, cancellable, error)
      || !find_beside (&record, &beside, error))
    {
      dh_run_record_clear (&record);
      return NULL;
    }
  const guint segmentation = DH_MAP_BIT (DH_MAP_SEGMENTATION);
  DhEvaluationFlow flow;
  dh_evaluation_flow_init (&flow, options, record.score, beside & ~segmentation, (beside & segmentation) != 0, classes,
                           cancellable, progress);
  flow.record = record;
  flow.result->run = run;
  DhEvaluation *result = NULL;
  if (check_size (&flow.record, beside, most_bytes, error) && dh_evaluation_flow_prepare (&flow, error)
      && dh_evaluation_flow_visit (&flow, error))
    result = g_steal_pointer (&flow.result);
  dh_evaluation_flow_clear (&flow);
  return result;
}
