#include "dh-evaluation-summary-private.h"
#include <math.h>
#include "dh-score-stats-private.h"

/* As many as a chart can show. */
#define CURVE_POINTS 1500

static void
line_free (gpointer data)
{
  DhProtocolLine *line = data;
  g_free (line->name);
  g_free (line->title);
  g_free (line->why);
  g_free (line);
}

void
dh_evaluation_summary_free (DhEvaluationSummary *summary)
{
  if (summary == NULL)
    return;
  g_ptr_array_unref (summary->lines);
  if (summary->classes != NULL)
    {
      g_free (summary->classes->iou);
      g_free (summary->classes->confusion);
    }
  g_free (summary->classes);
  g_clear_pointer (&summary->ended, g_date_time_unref);
  g_free (summary->device);
  g_free (summary->precision);
  g_free (summary);
}

static DhScore
score_of_map (DhMap map)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    if ((guint)dh_score_map (i) == (guint)map)
      return i;
  return DH_N_SCORES;
}

static const DhScoreEvaluation *
own_score (const DhEvaluation *result)
{
  return &g_array_index (result->scores, DhScoreEvaluation, 0);
}

static DhProtocolLine *
line_new (const DhResult *from)
{
  DhProtocolLine *line = g_new0 (DhProtocolLine, 1);
  line->name = g_strdup (from->protocol->name);
  line->title = g_strdup (from->protocol->title);
  line->why = g_strdup (from->protocol->description);
  line->ap = from->ap;
  line->fpr95 = from->fpr95;
  line->auroc = from->auroc;
  line->undefined_images = from->undefined_images;
  line->has_components = from->components != NULL;
  if (line->has_components)
    {
      line->siou = from->components->siou_mean;
      line->ppv = from->components->ppv_mean;
      line->mean_f1 = from->components->f1_mean;
    }
  return line;
}

static DhClassNumbers *
class_numbers_new (const DhClassResult *from)
{
  DhClassNumbers *classes = g_new0 (DhClassNumbers, 1);
  const guint n = classes->n = from->table->n_classes;
  classes->closed_miou = from->closed_miou;
  classes->iou = g_memdup2 (from->closed_iou, n * sizeof (double));
  classes->confusion = g_memdup2 (from->confusion, n * n * sizeof (guint64));
  return classes;
}

DhEvaluationSummary *
dh_evaluation_summary_new (const DhEvaluation *result, const char *device, const char *precision, GDateTime *ended)
{
  DhEvaluationSummary *summary = g_new0 (DhEvaluationSummary, 1);
  summary->run = result->run;
  summary->images = result->images;
  summary->failed = result->left_out->len;
  summary->resumed = result->resumed;
  summary->seconds = result->seconds;
  summary->ended = ended != NULL ? g_date_time_to_local (ended) : g_date_time_new_now_local ();
  summary->device = g_strdup (device);
  summary->precision = g_strdup (precision);
  summary->lines = g_ptr_array_new_with_free_func (line_free);
  summary->score = score_of_map (own_score (result)->score);
  summary->classes = result->classes != NULL ? class_numbers_new (result->classes) : NULL;
  for (guint i = 0; i < own_score (result)->results->len; i++)
    {
      const DhResult *from = own_score (result)->results->pdata[i];
      summary->labelled = summary->labelled || from->pixels > 0;
      g_ptr_array_add (summary->lines, line_new (from));
    }
  return summary;
}

static const DhResult *
find_components (const DhEvaluation *result)
{
  for (guint i = 0; i < own_score (result)->results->len; i++)
    {
      const DhResult *one = own_score (result)->results->pdata[i];
      if (one->components != NULL && one->rows != NULL)
        return one;
    }
  return NULL;
}

GHashTable *
dh_evaluation_summary_list_missed (const DhEvaluation *result)
{
  const DhResult *components = find_components (result);
  if (components == NULL)
    return NULL;
  GHashTable *missed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < components->images; i++)
    {
      double *pixels = g_new (double, 1);
      *pixels = components->rows[i].positives == 0 ? NAN : (double)components->rows[i].largest_missed;
      g_hash_table_insert (missed, g_strdup (components->rows[i].key), pixels);
    }
  return missed;
}

static const DhResult *
find_pooled (const DhScoreEvaluation *score)
{
  for (guint i = 0; i < score->results->len; i++)
    if (g_str_equal (((const DhResult *)score->results->pdata[i])->protocol->name, "densehybrid-pooled"))
      return score->results->pdata[i];
  return NULL;
}

DhScoreStats *
dh_evaluation_summary_take_stats (DhEvaluation *result, gboolean labelled)
{
  DhScoreStats *stats = dh_score_stats_new ();
  for (guint i = 0; i < result->scores->len; i++)
    {
      DhScoreEvaluation *score = &g_array_index (result->scores, DhScoreEvaluation, i);
      const DhScore which = score_of_map (score->score);
      if (which == DH_N_SCORES || !labelled)
        continue;
      dh_score_stats_take_ranking (stats, which, score->ranking, g_steal_pointer (&score->sweep), find_pooled (score),
                                   result->images);
      score->ranking = dh_ranking_new ();
    }
  dh_score_stats_seal (stats, CURVE_POINTS);
  return stats;
}
