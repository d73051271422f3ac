#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-range.h"
#include "dh-ranking.h"
#include "naive-metrics.h"

typedef enum
{
  CONTINUOUS,
  TIED,
  DENORMAL,
  HUGE_VALUES,
  ANY_BITS, /* every float there is, NaN and infinities among them */
  CONSTANT,
  NARROW, /* so many close values that pages become counters, which overflow */
  ZEROS,  /* 0 and −0 */
  N_KINDS,
} Kind;

typedef struct
{
  gsize n;
  float *scores;
  guint8 *labels;
} Case;

static float
make_score (Kind kind, gboolean anomaly, guint64 *random)
{
  const double value = random_normal (random) + 1.3 * anomaly;
  switch (kind)
    {
    case TIED:
      return round (value * 2) / 2;
    case DENORMAL:
      return value * 1e-42;
    case HUGE_VALUES:
      return value * 5e37;
    case ANY_BITS:
      {
        const guint32 bits = (guint32)(random_unit (random) * 4294967296.0);
        float score;
        memcpy (&score, &bits, sizeof score);
        return score;
      }
    case CONSTANT:
      return -3.5f;
    case NARROW:
      return 1 + (int)(value * 60) * 0x1p-23f;
    case ZEROS:
      return value < 0 ? -0.0f : value < 0.5 ? 0.0f : value;
    default:
      return value;
    }
}

static Case
make_case (Kind kind, gsize n, double share, guint64 seed)
{
  Case made = { n, g_new (float, n), g_new (guint8, n) };
  guint64 random = seed * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15) + 1;
  for (gsize i = 0; i < n; i++)
    {
      made.labels[i] = random_unit (&random) < share;
      made.scores[i] = make_score (kind, made.labels[i], &random);
      if (random_unit (&random) < 0.08)
        made.labels[i] = random_unit (&random) < 0.5 ? 255 : 2;
    }
  return made;
}

static void
free_case (Case *made)
{
  g_free (made->scores);
  g_free (made->labels);
}

static DhRanking *
rank (const Case *made)
{
  g_autoptr (GError) error = NULL;
  DhRanking *ranking = dh_ranking_new ();
  g_assert_true (dh_ranking_add (ranking, made->scores, made->labels, made->n, NULL, &error));
  g_assert_no_error (error);
  return ranking;
}

static void
assert_near (double got, double want, double tolerance)
{
  if (!(fabs (got - want) <= tolerance))
    g_error ("got %.17g, expected %.17g", got, want);
}

static void
assert_same (const DhPixelMetrics *a, const DhPixelMetrics *b)
{
  g_assert_cmpmem (a, sizeof *a, b, sizeof *b);
}

static void
check_metrics (DhRanking *ranking, const Naive *naive)
{
  g_assert_cmpuint (dh_ranking_inliers (ranking), ==, naive->inliers);
  g_assert_cmpuint (dh_ranking_anomalies (ranking), ==, naive->anomalies);
  g_assert_cmpuint (dh_ranking_non_finite (ranking), ==, naive->non_finite);
  for (guint rule = 0; rule < 3; rule++)
    {
      DhPixelMetrics got;
      g_assert_true (dh_ranking_metrics (ranking, rule, &got));
      assert_near (got.ap, naive->ap, 1e-12);
      assert_near (got.auroc, naive->auroc, 1e-12);
      assert_near (got.best_f1, naive->best_f1, 1e-15);
      g_assert_cmpfloat (got.best_f1_threshold, ==, naive->best_f1_threshold);
      g_assert_cmpfloat (got.fpr95, ==, naive->fpr95[rule]);
      g_assert_cmpfloat (got.threshold_tpr95, ==, naive->threshold[rule]);

      /* a slider set to the threshold shows the metric's own figures */
      DhConfusion at;
      dh_ranking_confusion (ranking, got.threshold_tpr95, TRUE, &at);
      g_assert_cmpfloat (dh_confusion_fpr (&at), ==, got.fpr95);
      g_assert_cmpfloat (dh_confusion_tpr (&at), ==, got.tpr_at_threshold);
      dh_ranking_confusion (ranking, got.best_f1_threshold, TRUE, &at);
      g_assert_cmpfloat (dh_confusion_f1 (&at), ==, got.best_f1);
      if (!isnan (got.threshold_fpr5))
        {
          dh_ranking_confusion (ranking, got.threshold_fpr5, TRUE, &at);
          g_assert_cmpfloat (dh_confusion_fpr (&at), <=, 0.05);
          g_assert_cmpfloat (dh_confusion_tpr (&at), ==, got.tpr_at_fpr5);
          dh_ranking_confusion (ranking, nextafterf (got.threshold_fpr5, -INFINITY), FALSE, &at);
          g_assert_cmpfloat (dh_confusion_tpr (&at), ==, got.tpr_at_fpr5);
        }
    }
}

#define MAX_POINTS 120

static void
check_reduced (const DhCurve *all, const DhCurve *few)
{
  g_assert_cmpuint (few->n_points, <=, MAX_POINTS + 10);
  g_assert_cmpuint (few->points[few->n_points - 1].tp, ==, all->anomalies);
  g_assert_cmpuint (few->points[few->n_points - 1].fp, ==, all->inliers);
  for (guint i = 0, k = 0; i < all->n_points; i++)
    {
      const DhCurvePoint *point = &all->points[i];
      while (few->points[k].threshold > point->threshold)
        k++;
      if (few->points[k].threshold == point->threshold)
        continue;
      g_assert_cmpuint (k, >, 0); /* the first is kept; every other hides behind the kept one before it */
      g_assert_cmpfloat (point->tp - few->points[k - 1].tp, <=, 6.0 * all->anomalies / MAX_POINTS);
      g_assert_cmpfloat (point->fp - few->points[k - 1].fp, <=, 6.0 * all->inliers / MAX_POINTS);
    }
  for (guint operating = 0; operating < 3; operating++)
    {
      const gint exact = dh_curve_operating_point (all, operating), kept = dh_curve_operating_point (few, operating);
      g_assert_cmpint (exact < 0, ==, kept < 0);
      if (exact >= 0)
        g_assert_cmpfloat (all->points[exact].threshold, ==, few->points[kept].threshold);
    }
}

static void
check_curve (DhRanking *ranking, const Naive *naive)
{
  g_autoptr (DhCurve) all = dh_ranking_curve (ranking, 0, DH_FPR95_ABOVE);
  g_assert_cmpuint (all->n_points, ==, naive->points->len);
  for (guint i = 0; i < all->n_points; i++)
    {
      const NaivePoint *point = &g_array_index (naive->points, NaivePoint, i);
      g_assert_cmpfloat (all->points[i].threshold, ==, point->score);
      g_assert_cmpuint (all->points[i].tp, ==, point->tp);
      g_assert_cmpuint (all->points[i].fp, ==, point->fp);
      DhConfusion slider, table;
      dh_ranking_confusion (ranking, point->score, TRUE, &slider);
      dh_curve_confusion (all, point->score, &table);
      g_assert_cmpuint (slider.tp, ==, point->tp);
      g_assert_cmpuint (slider.fp, ==, point->fp);
      g_assert_cmpmem (&slider, sizeof slider, &table, sizeof table);
    }
  g_autoptr (DhCurve) few = dh_ranking_curve (ranking, MAX_POINTS, DH_FPR95_ABOVE);
  check_reduced (all, few);
  g_autoptr (DhCurve) again = dh_curve_reduce (all, MAX_POINTS);
  check_reduced (all, again);
}

static void
check_quantiles (DhRanking *ranking, const Naive *naive)
{
  const guint64 total = naive->inliers + naive->anomalies;
  for (guint i = 0; i <= 20; i++)
    {
      const double q = i / 20.0;
      const guint64 rank = MAX ((guint64)ceil (q * total), 1); /* from the lowest */
      double want = NAN;
      for (guint p = 0; p < naive->points->len && isnan (want); p++)
        {
          const NaivePoint *point = &g_array_index (naive->points, NaivePoint, p);
          if (point->tp + point->fp > total - rank)
            want = point->score;
        }
      g_assert_cmpfloat (dh_ranking_quantile (ranking, q), ==, want);
    }
}

static void
test_against_definitions (void)
{
  for (guint kind = 0; kind < N_KINDS; kind++)
    for (guint trial = 0; trial < 3; trial++)
      {
        Case made = make_case (kind,
                               trial == 0   ? 60
                               : trial == 1 ? 4000
                                            : 150000,
                               trial == 2 ? 0.02 : 0.3, kind + 10 * trial);
        g_autoptr (DhRanking) ranking = rank (&made);
        g_autoptr (Naive) naive = naive_new (made.scores, made.labels, made.n);
        g_assert_cmpuint (naive->anomalies, >, 0);
        check_metrics (ranking, naive);
        if (made.n < 100000)
          {
            check_curve (ranking, naive);
            check_quantiles (ranking, naive);
          }
        free_case (&made);
      }
}

/* The order of pixels and the way they were put together must not change a bit. */
static void
test_order_and_merge (void)
{
  for (guint kind = 0; kind < N_KINDS; kind++)
    {
      Case made = make_case (kind, 90000, 0.1, 77 + kind);
      g_autoptr (DhRanking) whole = rank (&made);
      guint64 random = 5;
      for (gsize i = made.n - 1; i > 0; i--)
        {
          const gsize k = random_unit (&random) * (i + 1);
          const float score = made.scores[i];
          const guint8 label = made.labels[i];
          made.scores[i] = made.scores[k];
          made.labels[i] = made.labels[k];
          made.scores[k] = score;
          made.labels[k] = label;
        }
      g_autoptr (DhRanking) merged = dh_ranking_new ();
      g_autoptr (DhRanking) part = dh_ranking_new ();
      for (gsize from = 0; from < made.n;)
        {
          const gsize n = MIN (made.n - from, 1 + (gsize)(random_unit (&random) * 40000));
          dh_ranking_clear (part);
          g_assert_true (dh_ranking_add (part, made.scores + from, made.labels + from, n, NULL, NULL));
          g_assert_true (dh_ranking_merge (merged, part, NULL));
          from += n;
        }
      DhPixelMetrics a, b;
      g_assert_true (dh_ranking_metrics (whole, DH_FPR95_ABOVE, &a));
      g_assert_true (dh_ranking_metrics (merged, DH_FPR95_ABOVE, &b));
      assert_same (&a, &b);
      g_assert_cmpuint (dh_ranking_ignored (whole), ==, dh_ranking_ignored (merged));
      g_assert_cmpuint (dh_ranking_non_finite (whole), ==, dh_ranking_non_finite (merged));
      for (double t = -2; t < 3; t += 0.37)
        {
          DhConfusion x, y;
          dh_ranking_confusion (whole, t, FALSE, &x);
          dh_ranking_confusion (merged, t, FALSE, &y);
          g_assert_cmpmem (&x, sizeof x, &y, sizeof y);
        }
      free_case (&made);
    }
}

/* A strictly rising function of the scores changes thresholds and nothing else. */
static void
test_monotone (void)
{
  Case made = make_case (CONTINUOUS, 50000, 0.1, 3);
  DhPixelMetrics before, after;
  g_autoptr (DhRanking) plain = rank (&made);
  g_assert_true (dh_ranking_metrics (plain, DH_FPR95_ABOVE, &before));
  g_autoptr (Naive) naive = naive_new (made.scores, made.labels, made.n);
  for (gsize i = 0; i < made.n; i++)
    {
      /* the score's place among the distinct ones, from below: whole numbers under 2²⁴ */
      guint low = 0, high = naive->points->len;
      while (low < high)
        {
          const guint middle = (low + high) / 2;
          if (g_array_index (naive->points, NaivePoint, middle).score > made.scores[i])
            low = middle + 1;
          else
            high = middle;
        }
      made.scores[i] = (float)naive->points->len - low;
    }
  g_autoptr (DhRanking) ranks = rank (&made);
  g_assert_true (dh_ranking_metrics (ranks, DH_FPR95_ABOVE, &after));
  g_assert_cmpfloat (before.ap, ==, after.ap);
  g_assert_cmpfloat (before.auroc, ==, after.auroc);
  g_assert_cmpfloat (before.fpr95, ==, after.fpr95);
  g_assert_cmpfloat (before.best_f1, ==, after.best_f1);
  g_assert_cmpfloat (before.tpr_at_fpr5, ==, after.tpr_at_fpr5);
  free_case (&made);
}

static void
test_undefined (void)
{
  const float scores[] = { 1, 2, 3, NAN };
  const guint8 none[] = { 0, 0, 0, 1 }, all[] = { 1, 1, 1, 0 };
  DhPixelMetrics got;
  g_autoptr (DhRanking) clean = dh_ranking_new ();
  g_assert_true (dh_ranking_add (clean, scores, none, 4, NULL, NULL));
  g_assert_true (dh_ranking_metrics (clean, DH_FPR95_ABOVE, &got));
  g_assert_true (isnan (got.ap) && isnan (got.auroc) && isnan (got.fpr95) && isnan (got.best_f1));
  g_autoptr (DhRanking) full = dh_ranking_new ();
  g_assert_true (dh_ranking_add (full, scores, all, 4, NULL, NULL));
  g_assert_true (dh_ranking_metrics (full, DH_FPR95_ABOVE, &got));
  g_assert_cmpfloat (got.ap, ==, 1);
  g_assert_true (isnan (got.auroc) && isnan (got.fpr95) && isnan (got.threshold_fpr5));
  g_autoptr (DhRanking) empty = dh_ranking_new ();
  g_assert_true (dh_ranking_metrics (empty, DH_FPR95_ABOVE, &got));
  g_assert_true (isnan (got.ap) && isnan (dh_ranking_quantile (empty, 0.5)) && isnan (dh_ranking_mean_score (empty)));
  DhConfusion at;
  dh_ranking_confusion (full, NAN, TRUE, &at);
  g_assert_cmpuint (at.tp, ==, 0);
  dh_ranking_confusion (full, -INFINITY, TRUE, &at);
  g_assert_cmpuint (at.tp, ==, 3);
  dh_ranking_confusion (full, INFINITY, FALSE, &at);
  g_assert_cmpuint (at.tp, ==, 0);
}

/* roc_curve keeps the first point even where the second continues its line. */
static void
test_roc_threshold (void)
{
  const float scores[] = { 4, 3, 2, 1 };
  const guint8 labels[] = { 1, 1, 1, 0 };
  g_autoptr (DhRanking) ranking = dh_ranking_new ();
  g_assert_true (isnan (dh_ranking_roc_threshold (ranking, 0.5)));
  g_assert_true (dh_ranking_add (ranking, scores, labels, 4, NULL, NULL));
  g_assert_cmpfloat (dh_ranking_roc_threshold (ranking, 0), ==, 4);
  g_assert_cmpfloat (dh_ranking_roc_threshold (ranking, 0.4), ==, 2); /* 3 lies on the line from 4 to 2 */
  g_assert_cmpfloat (dh_ranking_roc_threshold (ranking, 0.95), ==, 2);
}

/* Three bytes a pixel at worst, beside the two tables of pages. */
static void
test_memory (void)
{
  Case made = make_case (ANY_BITS, 3000000, 0.1, 9);
  g_autoptr (DhRanking) ranking = rank (&made);
  g_assert_cmpuint (dh_ranking_memory (ranking), <, 3 * made.n + (8 << 20));
  free_case (&made);
}

static void
test_histogram (void)
{
  Case made = make_case (TIED, 20000, 0.2, 4);
  const double edges[] = { -1.5, -0.75, 0, 0.5, 2 };
  guint64 inliers[4], anomalies[4], want[2][4] = { { 0 } };
  g_autoptr (DhRanking) ranking = rank (&made);
  dh_ranking_histogram (ranking, edges, 4, inliers, anomalies);
  g_autoptr (DhBins) bins = dh_bins_new (-1.5, 2, 7);
  dh_bins_add (bins, made.scores, made.labels, made.n);
  guint64 streamed[7] = { 0 }, below = 0, above = 0;
  for (gsize i = 0; i < made.n; i++)
    {
      const float s = made.scores[i];
      if (made.labels[i] > 1)
        continue;
      for (guint b = 0; b < 4; b++)
        if (s >= edges[b] && (s < edges[b + 1] || (b == 3 && s == edges[4])))
          want[made.labels[i]][b]++;
      if (made.labels[i] == 1)
        continue;
      if (s < -1.5)
        below++;
      else if (s > 2)
        above++;
      else
        streamed[MIN ((guint)((s + 1.5) * 2), 6)]++;
    }
  g_assert_cmpmem (inliers, sizeof inliers, want[0], sizeof want[0]);
  g_assert_cmpmem (anomalies, sizeof anomalies, want[1], sizeof want[1]);
  g_assert_cmpmem (bins->inliers, sizeof streamed, streamed, sizeof streamed);
  g_assert_cmpuint (bins->below[0], ==, below);
  g_assert_cmpuint (bins->above[0], ==, above);
  free_case (&made);
}

static void
test_range (void)
{
  for (guint kind = 0; kind < N_KINDS; kind++)
    {
      Case made = make_case (kind, 30000, 0.5, 20 + kind);
      memset (made.labels, 0, made.n);
      g_autoptr (DhRanking) exact = rank (&made);
      g_autoptr (DhRange) range = dh_range_new ();
      g_autoptr (DhRange) half = dh_range_new ();
      dh_range_add (range, made.scores, 10000);
      dh_range_add (half, made.scores + 10000, made.n - 10000);
      dh_range_merge (range, half);
      g_assert_cmpuint (dh_range_count (range), ==, dh_ranking_inliers (exact));
      g_assert_cmpuint (dh_range_non_finite (range), ==, dh_ranking_non_finite (exact));
      for (guint i = 0; i <= 10; i++)
        {
          const double want = dh_ranking_quantile (exact, i / 10.0);
          const double tolerance = i == 0 || i == 10 ? 0 : fabs (want) / 64 + 1e-40;
          assert_near (dh_range_quantile (range, i / 10.0), want, tolerance);
        }
      free_case (&made);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/against-definitions", test_against_definitions);
  g_test_add_func ("/metrics/order-and-merge", test_order_and_merge);
  g_test_add_func ("/metrics/monotone", test_monotone);
  g_test_add_func ("/metrics/undefined", test_undefined);
  g_test_add_func ("/metrics/roc-threshold", test_roc_threshold);
  g_test_add_func ("/metrics/memory", test_memory);
  g_test_add_func ("/metrics/histogram", test_histogram);
  g_test_add_func ("/metrics/range", test_range);
  return g_test_run ();
}
