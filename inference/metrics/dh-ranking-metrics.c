#include "dh-ranking-private.h"
#include <math.h>
#include "dh-curve-private.h"
#include "dh-key-private.h"

#define TPR 0.95
#define FPR 0.05

__extension__ typedef unsigned __int128 Wide;

/* The smallest count whose fraction of `total`, in double, is over `fraction` (or equal to it, with `reached`). */
static guint64
first_count (guint64 total, double fraction, gboolean reached)
{
  const double guess = fraction * total - 2;
  guint64 count = guess > 0 ? (guint64)guess : 0;
  while (count < total && !(reached ? (double)count / total >= fraction : (double)count / total > fraction))
    count++;
  return count;
}

/* A sum that does not lose the small terms (Kahan). */
typedef struct
{
  double sum, lost;
} Sum;

static void
sum_add (Sum *sum, double term)
{
  const double corrected = term - sum->lost, next = sum->sum + corrected;
  sum->lost = (next - sum->sum) - corrected;
  sum->sum = next;
}

/* Reads FPR and threshold at TPR 95 % as the points go by. */
typedef struct
{
  DhFpr95Rule rule;
  guint64 anomalies, wanted; /* P; the TP that reaches the rate */
  gboolean found, pending;
  guint64 tp, fp; /* at the point found, or the candidate */
  guint32 key;
  guint64 d_tp, d_fp; /* from the point before the candidate to it */
  gboolean first;     /* the candidate is the first point */
  double nearest;
} Fpr95;

static void
fpr95_take (Fpr95 *at, guint32 key, guint64 tp, guint64 fp)
{
  at->key = key;
  at->tp = tp;
  at->fp = fp;
}

static void
fpr95_add (Fpr95 *at, guint32 key, guint64 tp, guint64 fp, guint64 d_tp, guint64 d_fp)
{
  if (at->rule == DH_FPR95_NEAREST)
    {
      const double distance = fabs ((double)tp / at->anomalies - TPR);
      if (distance <= at->nearest)
        {
          at->nearest = distance;
          fpr95_take (at, key, tp, fp);
        }
      at->found = tp == at->anomalies; /* points after the first of full recall do not count */
      return;
    }
  /* a candidate vanishes where the step to it equals the step from it; the first point never does */
  if (at->pending && (at->first || at->d_tp != d_tp || at->d_fp != d_fp))
    {
      at->found = TRUE;
      return;
    }
  if (tp < at->wanted)
    return;
  fpr95_take (at, key, tp, fp);
  at->found = at->rule == DH_FPR95_REACHED;
  at->pending = TRUE;
  at->d_tp = d_tp;
  at->d_fp = d_fp;
  at->first = tp == d_tp && fp == d_fp;
}

static void
undefined (DhPixelMetrics *metrics)
{
  metrics->ap = metrics->auroc = metrics->fpr95 = metrics->threshold_tpr95 = metrics->tpr_at_threshold = NAN;
  metrics->best_f1 = metrics->best_f1_threshold = metrics->tpr_at_fpr5 = metrics->threshold_fpr5 = NAN;
}

/* One walk gives the metrics and, where `builder` is not NULL, the curve. */
static gboolean
measure (DhRanking *ranking, DhFpr95Rule rule, DhPixelMetrics *metrics, DhCurveBuilder *builder)
{
  const guint64 inliers = dh_ranking_inliers (ranking), anomalies = dh_ranking_anomalies (ranking);
  DhRankingWalk walk;
  undefined (metrics);
  if ((!anomalies && !builder) || (!anomalies && !inliers))
    return TRUE;
  if (!dh_ranking_walk_begin (&walk, ranking))
    return FALSE;

  Fpr95 fpr95 = { .rule = rule,
                  .anomalies = anomalies,
                  .wanted = first_count (anomalies, TPR, rule == DH_FPR95_REACHED),
                  .found = !anomalies,
                  .nearest = INFINITY };
  DhCurvePoint here = { 0 }, best = { 0 }, fpr5 = { .threshold = NAN }, reached = { 0 };
  const guint64 tp_reached = first_count (anomalies, TPR, TRUE), fp_too_many = first_count (inliers, FPR, FALSE);
  Wide twice_area = 0;
  Sum ap = { 0 };
  double best_f1 = -1;
  while (dh_ranking_walk_next (&walk))
    for (guint i = 0; i < walk.n; i++)
      {
        const guint64 d_tp = walk.anomalies[i], d_fp = walk.inliers[i];
        twice_area += (Wide)d_fp * (2 * here.tp + d_tp);
        const gboolean before = here.tp < tp_reached;
        here.tp += d_tp;
        here.fp += d_fp;
        here.threshold = dh_key_to_float (walk.keys[i]);
        if (d_tp)
          {
            sum_add (&ap, d_tp * ((double)here.tp / (here.tp + here.fp)));
            const double f1 = 2.0 * here.tp / (here.tp + here.fp + anomalies); /* falls where no anomaly is added */
            if (f1 > best_f1)
              {
                best_f1 = f1;
                best = here;
              }
            if (before && here.tp >= tp_reached)
              reached = here;
          }
        if (here.fp < fp_too_many)
          fpr5 = here;
        if (!fpr95.found)
          fpr95_add (&fpr95, walk.keys[i], here.tp, here.fp, d_tp, d_fp);
        if (builder)
          dh_curve_builder_add (builder, here.threshold, here.tp, here.fp);
      }
  dh_ranking_walk_end (&walk);
  if (!anomalies)
    return TRUE;

  const DhCurvePoint at = { .threshold = dh_key_to_float (fpr95.key), .tp = fpr95.tp, .fp = fpr95.fp };
  metrics->ap = ap.sum / anomalies;
  metrics->best_f1 = best_f1;
  metrics->best_f1_threshold = best.threshold;
  metrics->threshold_tpr95 = at.threshold;
  metrics->tpr_at_threshold = (double)at.tp / anomalies;
  if (inliers)
    {
      metrics->auroc = (double)((long double)twice_area / 2 / inliers / anomalies);
      metrics->fpr95 = (double)at.fp / inliers;
      metrics->tpr_at_fpr5 = (double)fpr5.tp / anomalies;
      metrics->threshold_fpr5 = fpr5.threshold;
    }
  if (builder)
    {
      dh_curve_builder_insert (builder, &at);
      dh_curve_builder_insert (builder, &best);
      dh_curve_builder_insert (builder, &reached);
      if (!isnan (fpr5.threshold))
        dh_curve_builder_insert (builder, &fpr5);
    }
  return TRUE;
}

gboolean
dh_ranking_metrics (DhRanking *ranking, DhFpr95Rule rule, DhPixelMetrics *metrics)
{
  return measure (ranking, rule, metrics, NULL);
}

DhCurve *
dh_ranking_metrics_and_curve (DhRanking *ranking, DhFpr95Rule rule, DhPixelMetrics *metrics, guint max_points)
{
  DhCurveBuilder builder;
  dh_curve_builder_init (&builder, dh_ranking_inliers (ranking), dh_ranking_anomalies (ranking), max_points);
  const gboolean measured = measure (ranking, rule, metrics, &builder);
  g_autoptr (DhCurve) curve = dh_curve_builder_end (&builder);
  return measured ? g_steal_pointer (&curve) : NULL;
}

DhCurve *
dh_ranking_curve (DhRanking *ranking, guint max_points, DhFpr95Rule rule)
{
  DhPixelMetrics metrics;
  return dh_ranking_metrics_and_curve (ranking, rule, &metrics, max_points);
}

double
dh_ranking_roc_threshold (DhRanking *ranking, double tpr)
{
  const guint64 anomalies = dh_ranking_anomalies (ranking);
  DhRankingWalk walk;
  if (!anomalies || !dh_ranking_walk_begin (&walk, ranking))
    return NAN;
  Fpr95 at = { .rule = DH_FPR95_ABOVE, .anomalies = anomalies, .wanted = first_count (anomalies, tpr, FALSE) };
  guint64 tp = 0, fp = 0;
  while (!at.found && dh_ranking_walk_next (&walk))
    for (guint i = 0; i < walk.n && !at.found; i++)
      {
        tp += walk.anomalies[i];
        fp += walk.inliers[i];
        fpr95_add (&at, walk.keys[i], tp, fp, walk.anomalies[i], walk.inliers[i]);
      }
  dh_ranking_walk_end (&walk);
  return dh_key_to_float (at.key);
}

void
dh_ranking_histogram (DhRanking *ranking, const double *edges, guint n_bins, guint64 *inliers, guint64 *anomalies)
{
  for (guint b = 0; b < n_bins; b++)
    inliers[b] = anomalies[b] = 0;
  DhRankingWalk walk;
  gint bin = (gint)n_bins - 1;
  if (dh_ranking_walk_begin (&walk, ranking))
    while (bin >= 0 && dh_ranking_walk_next (&walk))
      for (guint i = 0; i < walk.n; i++)
        {
          const double score = dh_key_to_float (walk.keys[i]);
          while (bin >= 0 && score < edges[bin])
            bin--;
          if (bin < 0)
            break;
          if (score > edges[n_bins])
            continue;
          inliers[bin] += walk.inliers[i];
          anomalies[bin] += walk.anomalies[i];
        }
  dh_ranking_walk_end (&walk);
}
