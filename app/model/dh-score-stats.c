#include "dh-score-stats.h"
#include <math.h>
#include "dh-open-set.h"
#include "dh-open-sweep.h"
#include "dh-ranking.h"
#include "dh-score-curve-private.h"
#include "dh-score-stats-private.h"

/* Rankings hold scores that are high where anomalous, so likelihood and posterior are kept negated. */
struct _DhScoreStats
{
  gatomicrefcount refs;
  gboolean labelled, sealed;
  guint n_images;
  gboolean has[DH_N_SCORES];
  DhRanking *rankings[DH_N_SCORES];
  guint classes;                    /* 0: none are counted */
  DhOpenSweep *sweeps[DH_N_SCORES]; /* NULL where nothing was counted by class */
  DhPixelMetrics metrics[DH_N_SCORES];
  DhCurve *measured[DH_N_SCORES]; /* with the metrics, before it is sealed; NULL: to be done then */
  DhScoreCurve *curves[DH_N_SCORES];
};

static double
sign_of (DhScore score)
{
  return dh_score_flags_above (score) ? 1 : -1;
}

DhScoreStats *
dh_score_stats_new (void)
{
  DhScoreStats *stats = g_new0 (DhScoreStats, 1);
  g_atomic_ref_count_init (&stats->refs);
  for (guint i = 0; i < DH_N_SCORES; i++)
    stats->rankings[i] = dh_ranking_new ();
  return stats;
}

DhScoreStats *
dh_score_stats_ref (DhScoreStats *stats)
{
  g_atomic_ref_count_inc (&stats->refs);
  return stats;
}

void
dh_score_stats_unref (DhScoreStats *stats)
{
  if (!g_atomic_ref_count_dec (&stats->refs))
    return;
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      dh_ranking_free (stats->rankings[i]);
      dh_open_sweep_free (stats->sweeps[i]);
      dh_curve_free (stats->measured[i]);
      dh_score_curve_free (stats->curves[i]);
    }
  g_free (stats);
}

gsize
dh_score_stats_size_bytes (const DhScoreStats *stats)
{
  gsize size = sizeof *stats;
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      size += dh_ranking_memory (stats->rankings[i]);
      if (stats->sweeps[i] != NULL)
        size += dh_open_sweep_memory (stats->sweeps[i]);
    }
  return size;
}

void
dh_score_stats_count_classes (DhScoreStats *stats, guint classes)
{
  stats->classes = classes;
}

static gboolean
add_scores (DhRanking *ranking, DhOpenSweep *sweep, const float *values, double sign, const guint8 *truth,
            const guint8 *prediction, const guint8 *labels, gsize n)
{
  enum
  {
    PIECE = 8192
  };
  static const guint8 all_inliers[PIECE];
  float piece[PIECE];
  for (gsize at = 0; at < n; at += PIECE)
    {
      gsize length = MIN (PIECE, n - at);
      for (gsize i = 0; i < length; i++)
        piece[i] = (float)sign * values[at + i];
      if (!dh_ranking_add (ranking, piece, truth != NULL ? truth + at : all_inliers, length, NULL, NULL)
          || (sweep != NULL && !dh_open_sweep_add (sweep, prediction + at, piece, labels + at, length, NULL)))
        return FALSE;
    }
  return TRUE;
}

/* Both kinds of labels as one; NULL where the picture is not counted by class. */
static guint8 *
join_labels (const DhScoreStats *stats, const DhFrame *frame, gsize n)
{
  if (stats->classes == 0 || frame->truth == NULL || frame->classes == NULL
      || frame->maps[DH_FRAME_SEGMENTATION] == NULL)
    return NULL;
  guint8 *labels = g_try_malloc (n);
  if (labels != NULL)
    dh_open_set_join_labels (stats->classes, g_bytes_get_data (frame->truth, NULL),
                             g_bytes_get_data (frame->classes, NULL), labels, n);
  return labels;
}

gboolean
dh_score_stats_add (DhScoreStats *stats, const DhFrame *frame)
{
  g_return_val_if_fail (!stats->sealed, FALSE);
  gsize n = (gsize)frame->width * frame->height;
  const guint8 *truth = dh_frame_peek_counted (frame);
  g_autofree guint8 *labels = join_labels (stats, frame, n);
  const guint8 *prediction = labels != NULL ? g_bytes_get_data (frame->maps[DH_FRAME_SEGMENTATION], NULL) : NULL;
  for (guint score = 0; score < DH_N_SCORES; score++)
    {
      const float *values = dh_frame_floats (frame, dh_score_map (score));
      if (values == NULL)
        continue;
      if (labels != NULL && stats->sweeps[score] == NULL)
        stats->sweeps[score] = dh_open_sweep_new (stats->classes);
      if (!add_scores (stats->rankings[score], labels != NULL ? stats->sweeps[score] : NULL, values, sign_of (score),
                       truth, prediction, labels, n))
        return FALSE;
      stats->has[score] = TRUE;
    }
  stats->labelled = stats->labelled || frame->truth != NULL;
  stats->n_images++;
  return TRUE;
}

DhScoreStats *
dh_score_stats_copy (const DhScoreStats *stats)
{
  g_autoptr (DhScoreStats) copy = dh_score_stats_new ();
  copy->labelled = stats->labelled;
  copy->n_images = stats->n_images;
  copy->classes = stats->classes;
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      copy->has[i] = stats->has[i];
      copy->sweeps[i] = stats->sweeps[i] != NULL ? dh_open_sweep_new (stats->classes) : NULL;
      if (!dh_ranking_merge (copy->rankings[i], stats->rankings[i], NULL)
          || (copy->sweeps[i] != NULL && !dh_open_sweep_merge (copy->sweeps[i], stats->sweeps[i], NULL)))
        return NULL;
    }
  return g_steal_pointer (&copy);
}

/* Where one of both classes is absent the protocol reads off less. */
static void
take_pooled (DhScoreStats *stats, DhScore score, const DhResult *pooled)
{
  DhRanking *ranking = stats->rankings[score];
  const guint64 anomalies = dh_ranking_anomalies (ranking);
  DhConfusion at;
  g_clear_pointer (&stats->measured[score], dh_curve_free);
  if (pooled == NULL || pooled->curve == NULL || anomalies == 0 || dh_ranking_inliers (ranking) == 0)
    return;
  dh_ranking_confusion (ranking, (float)pooled->threshold_tpr95, TRUE, &at);
  stats->metrics[score] = (DhPixelMetrics){ .ap = pooled->ap,
                                            .auroc = pooled->auroc,
                                            .fpr95 = pooled->fpr95,
                                            .threshold_tpr95 = pooled->threshold_tpr95,
                                            .tpr_at_threshold = (double)at.tp / (double)anomalies,
                                            .best_f1 = pooled->best_f1,
                                            .best_f1_threshold = pooled->best_f1_threshold,
                                            .tpr_at_fpr5 = pooled->tpr_at_fpr5,
                                            .threshold_fpr5 = pooled->threshold_fpr5 };
  stats->measured[score] = dh_curve_copy (pooled->curve);
}

void
dh_score_stats_take_ranking (DhScoreStats *stats, DhScore score, DhRanking *ranking, DhOpenSweep *sweep,
                             const DhResult *pooled, guint n_images)
{
  dh_ranking_free (stats->rankings[score]);
  dh_open_sweep_free (stats->sweeps[score]);
  stats->rankings[score] = ranking;
  stats->sweeps[score] = sweep;
  stats->has[score] = TRUE;
  stats->labelled = TRUE;
  stats->n_images = n_images;
  take_pooled (stats, score, pooled);
}

static void
seal (DhScoreStats *stats, DhScore score, guint curve_points)
{
  DhRanking *ranking = stats->rankings[score];
  DhConfusion confusion;
  dh_ranking_confusion (ranking, 0, FALSE, &confusion);
  if (stats->sweeps[score] != NULL)
    dh_open_sweep_miou (stats->sweeps[score], 0, NULL);
  const gboolean with_curve = curve_points > 0 && stats->has[score] && stats->labelled;
  g_autoptr (DhCurve) points = NULL;
  if (stats->measured[score] != NULL)
    points = with_curve ? dh_curve_reduce (stats->measured[score], curve_points) : NULL;
  else if (with_curve)
    points = dh_ranking_metrics_and_curve (ranking, DH_FPR95_ABOVE, &stats->metrics[score], curve_points);
  else
    dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &stats->metrics[score]);
  g_clear_pointer (&stats->measured[score], dh_curve_free);
  stats->curves[score] = dh_score_curve_new (points, score);
}

void
dh_score_stats_seal (DhScoreStats *stats, guint curve_points)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    seal (stats, i, curve_points);
  stats->sealed = TRUE;
}

gboolean
dh_score_stats_has (const DhScoreStats *stats, DhScore score)
{
  return stats != NULL && stats->has[score];
}

gboolean
dh_score_stats_is_labelled (const DhScoreStats *stats)
{
  return stats != NULL && stats->labelled;
}

guint
dh_score_stats_n_images (const DhScoreStats *stats)
{
  return stats->n_images;
}

static const DhRanking *
any_ranking (const DhScoreStats *stats)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    if (stats->has[i])
      return stats->rankings[i];
  return stats->rankings[0];
}

guint64
dh_score_stats_n_anomalies (const DhScoreStats *stats)
{
  return dh_ranking_anomalies (any_ranking (stats));
}

guint64
dh_score_stats_n_inliers (const DhScoreStats *stats)
{
  return dh_ranking_inliers (any_ranking (stats));
}

guint64
dh_score_stats_n_void (const DhScoreStats *stats)
{
  return dh_ranking_ignored (any_ranking (stats));
}

/* The largest float that decides as the double does: s > threshold ⇔ s > floor, for every float s. */
static float
floor_to_float (double threshold)
{
  float rounded = (float)threshold;
  return rounded > threshold ? nextafterf (rounded, -INFINITY) : rounded;
}

void
dh_score_stats_count (const DhScoreStats *stats, DhScore score, double threshold, DhCounts *counts)
{
  *counts = (DhCounts){ .labelled = stats->labelled };
  DhRanking *ranking = stats->rankings[score];
  guint64 anomalies = dh_ranking_anomalies (ranking), inliers = dh_ranking_inliers (ranking);
  DhConfusion confusion = { .fn = anomalies, .tn = inliers };
  if (!isnan (threshold))
    dh_ranking_confusion (ranking, floor_to_float (sign_of (score) * threshold), FALSE, &confusion);
  counts->flagged = confusion.tp + confusion.fp;
  counts->pixels = anomalies + inliers;
  if (!stats->labelled)
    return;
  counts->tp = confusion.tp;
  counts->fp = confusion.fp;
  counts->fn = confusion.fn;
  counts->tn = confusion.tn;
}

gboolean
dh_score_stats_counts_any (const DhScoreStats *stats, DhScore score)
{
  if (!dh_score_stats_has (stats, score))
    return FALSE;
  DhRanking *ranking = stats->rankings[score];
  return dh_ranking_anomalies (ranking) + dh_ranking_inliers (ranking) > 0;
}

double
dh_score_stats_open_miou (const DhScoreStats *stats, DhScore score, double threshold)
{
  if (stats == NULL || stats->sweeps[score] == NULL)
    return NAN;
  return dh_open_sweep_miou (stats->sweeps[score], sign_of (score) * threshold, NULL);
}

double
dh_score_stats_quantile (const DhScoreStats *stats, DhScore score, double fraction)
{
  double sign = sign_of (score);
  return sign * dh_ranking_quantile (stats->rankings[score], sign > 0 ? fraction : 1 - fraction);
}

double
dh_score_stats_mean (const DhScoreStats *stats, DhScore score)
{
  return sign_of (score) * dh_ranking_mean_score (stats->rankings[score]);
}

void
dh_score_stats_histogram (const DhScoreStats *stats, DhScore score, double low, double high, guint n, guint64 *inliers,
                          guint64 *anomalies)
{
  DhRanking *ranking = stats->rankings[score];
  gboolean above = dh_score_flags_above (score);
  guint64 n_inliers = dh_ranking_inliers (ranking), n_anomalies = dh_ranking_anomalies (ranking);
  guint64 inliers_before = 0, anomalies_before = 0;
  for (guint i = 0; i < n; i++)
    {
      guint64 inliers_below = n_inliers, anomalies_below = n_anomalies;
      if (i + 1 < n)
        {
          double edge = dh_score_from_axis (score, low + (high - low) * (i + 1) / n);
          DhConfusion confusion;
          dh_ranking_confusion (ranking, floor_to_float (sign_of (score) * edge), FALSE, &confusion);
          inliers_below = above ? confusion.tn : confusion.fp;
          anomalies_below = above ? confusion.fn : confusion.tp;
        }
      inliers[i] = inliers_below - MIN (inliers_before, inliers_below);
      anomalies[i] = anomalies_below - MIN (anomalies_before, anomalies_below);
      inliers_before = inliers_below;
      anomalies_before = anomalies_below;
    }
}

/* The metrics count score ≥ point; a mask has score > threshold. */
static double
threshold_of_point (DhScore score, double point)
{
  if (isnan (point))
    return NAN;
  return sign_of (score) * nextafterf ((float)point, -INFINITY);
}

double
dh_score_stats_choose (const DhScoreStats *stats, DhScore score, DhRule rule)
{
  if (!dh_score_stats_has (stats, score) || !stats->labelled)
    return NAN;
  const DhPixelMetrics *metrics = &stats->metrics[score];
  switch (rule)
    {
    case DH_RULE_TPR95:
      return threshold_of_point (score, metrics->threshold_tpr95);
    case DH_RULE_FPR5:
      return threshold_of_point (score, metrics->threshold_fpr5);
    case DH_RULE_BEST_F1:
      return threshold_of_point (score, metrics->best_f1_threshold);
    case DH_RULE_BY_HAND:
    case DH_RULE_START:
    case DH_RULE_FALSE_ALARMS_TENTH:
    case DH_RULE_FALSE_ALARMS_ONE:
    case DH_RULE_FALSE_ALARMS_TEN:
    case DH_N_ALL_RULES:
    default:
      return NAN;
    }
}

void
dh_score_stats_metrics (const DhScoreStats *stats, DhScore score, DhRankMetrics *metrics)
{
  *metrics = (DhRankMetrics){ NAN, NAN, NAN, NAN };
  if (!dh_score_stats_has (stats, score) || !stats->labelled)
    return;
  const DhPixelMetrics *all = &stats->metrics[score];
  *metrics = (DhRankMetrics){ all->ap, all->auroc, all->fpr95, all->best_f1 };
}

const DhScoreCurve *
dh_score_stats_curve (const DhScoreStats *stats, DhScore score)
{
  return stats != NULL ? stats->curves[score] : NULL;
}
