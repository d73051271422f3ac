#include "dh-evaluation.h"

#include "dh-error.h"
#include "dh-evaluation-flow-private.h"
#include "dh-kept-numbers-private.h"
#include "dh-reduced-maker.h"
#include "dh-run-origin-private.h"
#include "dh-run-results-private.h"
#include "dh-score-source-private.h"

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

static DhTensor *
load_imported (gconstpointer scores, guint index, GError **error)
{
  return dh_imported_scores_load (scores, index, error);
}

static DhTensor *
load_combined (gconstpointer scores, guint index, GError **error)
{
  return dh_combined_scores_load (scores, index, error);
}

/* `name` NULL: the network is. */
static DhScoreSource
find_source (const DhEvaluationOptions *options)
{
  return options->scores     ? (DhScoreSource){ DH_SCORE_IMPORTED, load_imported, options->scores }
         : options->combined ? (DhScoreSource){ DH_SCORE_COMBINED, load_combined, options->combined }
                             : (DhScoreSource){ NULL, NULL, NULL };
}

static void
init_origin (DhRunOrigin *origin, const DhEvaluationOptions *options)
{
  if (options->scores)
    dh_run_origin_init_imported (origin, options->scores);
  else if (options->combined)
    dh_run_origin_init_combined (origin, options->combined);
  else
    dh_run_origin_init_network (origin, options->predictor, options->score);
}

/* From elsewhere there is one map of the picture, and no segmentation. */
static void
init_flow (DhEvaluationFlow *flow, const DhEvaluationOptions *options, const DhScoreSource *source,
           GCancellable *cancellable, const DhProgress *progress)
{
  if (source->name)
    dh_evaluation_flow_init (flow, options, DH_MAP_HYBRID, 0, FALSE, 0, cancellable, progress);
  else
    dh_evaluation_flow_init (flow, options, options->score, options->more_scores, TRUE,
                             (guint)dh_model_classes (dh_predictor_model (options->predictor)), cancellable, progress);
  flow->source = source->name ? source : NULL;
}

DhEvaluation *
dh_evaluation_run (const DhEvaluationOptions *options, GCancellable *cancellable, const DhProgress *progress,
                   GError **error)
{
  DhEvaluationFlow flow;
  const DhScoreSource source = find_source (options);
  init_flow (&flow, options, &source, cancellable, progress);
  g_autoptr (GError) local = NULL;
  g_autofree char *others = NULL, *precision = NULL;
  g_auto (DhRunOrigin) origin = { { 0 } };
  g_auto (DhReducedMaker) reduced = { options->predictor, options->reduction, NULL };
  const DhMapMaker maker = dh_reduced_maker_get (&reduced);
  init_origin (&origin, options);
  if (!flow.source && !options->maker && options->reduction && !dh_reduction_is_none (options->reduction))
    {
      flow.maker = &maker;
      origin.precision = precision = dh_reduction_name (options->reduction, origin.precision);
    }
  const gboolean done =
      dh_evaluation_flow_prepare (&flow, &local) && (others = dh_evaluation_flow_list_others (&flow)) != NULL
      && dh_run_record_begin (&flow.record, "eval-ood", options->database, options->dataset, &origin, options->folder,
                              flow.score, others, options->command, cancellable, &local)
      && dh_evaluation_flow_visit (&flow, &local);
  /* Where that fails the next start reads the maps. */
  if (done && !flow.source)
    dh_kept_numbers_write (&flow, NULL);
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
