/* The protocols that rank exact scores: over all pixels of the set, or of each image. */
#include "dh-metric-private.h"
#include <math.h>
#include <string.h>
#include "dh-error.h"

typedef struct
{
  DhRanking *image; /* of one image at a time */
  DhRanking *set;   /* NULL in per-image protocols, and where the caller pools */
} State;

static DhFpr95Rule
rule_of (const DhMetric *metric)
{
  if (g_str_equal (metric->protocol->name, "fishyscapes"))
    return DH_FPR95_REACHED;
  if (g_str_equal (metric->protocol->name, "caos"))
    return DH_FPR95_NEAREST;
  return DH_FPR95_ABOVE;
}

/* CAOS knows no void: what is left out is what is not measured at all. */
static void
set_caos_classes (guint8 classes[256], guint8 unmeasured)
{
  memset (classes, DH_LABEL_INLIER, 256);
  classes[1] = DH_LABEL_ANOMALY;
  if (unmeasured)
    classes[unmeasured] = DH_LABEL_IGNORED;
}

static gboolean
fail_memory (GError **error)
{
  g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                       "there is no memory left to read the metrics off the scores. End other programs");
  return FALSE;
}

/* Ranks the image, and fills the row's counts and, with `measure`, its metrics. Borrowed, until the next one. */
static DhRanking *
rank_image (DhMetric *metric, const DhScoredImage *image, gboolean measure, DhImageResult *row, GError **error)
{
  State *state = metric->state;
  const DhFpr95Rule rule = rule_of (metric);
  DhRanking *ranking = rule == DH_FPR95_NEAREST ? NULL : image->ranking;
  if (!ranking)
    {
      if (!state->image)
        state->image = dh_ranking_new ();
      ranking = state->image;
      dh_ranking_clear (ranking);
      guint8 caos_classes[256];
      set_caos_classes (caos_classes, image->unmeasured);
      if (!dh_ranking_add (ranking, image->scores, image->labels, (gsize)image->width * image->height,
                           rule == DH_FPR95_NEAREST ? caos_classes : NULL, error))
        return NULL;
    }
  row->positives = dh_ranking_anomalies (ranking);
  row->pixels = row->positives + dh_ranking_inliers (ranking);
  row->ignored = dh_ranking_ignored (ranking);
  row->non_finite = dh_ranking_non_finite (ranking);
  row->mean_score = dh_ranking_mean_score (ranking);
  if (!measure)
    return ranking;
  DhPixelMetrics metrics;
  if (!dh_ranking_metrics (ranking, rule, &metrics))
    {
      fail_memory (error);
      return NULL;
    }
  dh_metric_tell_row (&metrics, row);
  return ranking;
}

/* An image of one class alone has no metrics. */
static void
undefine (DhImageResult *row)
{
  if (row->positives == 0 || row->positives == row->pixels)
    row->ap = row->auroc = row->fpr95 = row->threshold_tpr95 = NAN;
}

static gboolean
pooled_add (DhMetric *metric, const DhScoredImage *image, DhImageResult *row, GError **error)
{
  State *state = metric->state;
  /* Page by page from the image's ranking is also faster than pixel by pixel: the set's counters stay in the cache. */
  const DhRanking *ranking = rank_image (metric, image, !metric->options.no_rows, row, error);
  if (!ranking)
    return FALSE;
  undefine (row);
  if (metric->options.pool)
    return TRUE;
  if (!state->set)
    state->set = dh_ranking_new ();
  return dh_ranking_merge (state->set, ranking, error);
}

static gboolean
pooled_merge (DhMetric *metric, const DhMetric *other, GError **error)
{
  State *state = metric->state, *from = other->state;
  if (!from->set)
    return TRUE;
  if (!state->set)
    state->set = dh_ranking_new ();
  return dh_ranking_merge (state->set, from->set, error);
}

static gboolean
pooled_finish (DhMetric *metric, DhResult *result, GError **error)
{
  State *state = metric->state;
  DhPixelMetrics metrics;
  if (!metric->options.pool && !state->set)
    state->set = dh_ranking_new ();
  DhRanking *set = metric->options.pool ? metric->options.pool : state->set;
  result->curve = dh_ranking_metrics_and_curve (set, rule_of (metric), &metrics, DH_METRIC_CURVE_POINTS);
  if (!result->curve)
    return fail_memory (error);
  if (!dh_ranking_inliers (set))
    return TRUE; /* nothing to tell the anomalies from: undefined */
  dh_metric_tell_result (&metrics, result);
  return TRUE;
}

static void
release (DhMetric *metric)
{
  State *state = metric->state;
  dh_ranking_free (state->image);
  dh_ranking_free (state->set);
}

const DhMetricClass dh_metric_pooled = {
  .state_size = sizeof (State),
  .add = pooled_add,
  .merge = pooled_merge,
  .finish = pooled_finish,
  .release = release,
};

static gboolean
per_image_add (DhMetric *metric, const DhScoredImage *image, DhImageResult *row, GError **error)
{
  if (!rank_image (metric, image, TRUE, row, error))
    return FALSE;
  if (!g_str_equal (metric->protocol->name, "densehybrid-per-image-as-published"))
    undefine (row);
  else if (row->pixels && !row->positives)
    row->fpr95 = 0; /* the script's start value: a TPR that is no number is never over 0.95 */
  return TRUE;
}

static gboolean
per_image_merge (DhMetric *metric, const DhMetric *other, GError **error)
{
  return TRUE; /* all is in the rows */
}

static double
mean_defined (const GArray *rows, gsize offset)
{
  double sum = 0;
  guint n = 0;
  for (guint i = 0; i < rows->len; i++)
    {
      const double value = G_STRUCT_MEMBER (double, &g_array_index (rows, DhImageResult, i), offset);
      if (isnan (value))
        continue;
      sum += value;
      n++;
    }
  return n ? sum / n : NAN;
}

static gboolean
per_image_finish (DhMetric *metric, DhResult *result, GError **error)
{
  result->ap = mean_defined (metric->rows, G_STRUCT_OFFSET (DhImageResult, ap));
  result->auroc = mean_defined (metric->rows, G_STRUCT_OFFSET (DhImageResult, auroc));
  result->fpr95 = mean_defined (metric->rows, G_STRUCT_OFFSET (DhImageResult, fpr95));
  for (guint i = 0; i < metric->rows->len; i++)
    result->undefined_images += isnan (g_array_index (metric->rows, DhImageResult, i).auroc);
  return TRUE;
}

const DhMetricClass dh_metric_per_image = {
  .state_size = sizeof (State),
  .add = per_image_add,
  .merge = per_image_merge,
  .finish = per_image_finish,
  .release = release,
};
