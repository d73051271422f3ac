#include "dh-stored-curve.h"

#include <math.h>

#define CURVE_TYPE "(tta(dtt))"
#define HISTOGRAM_TYPE "(ddatat)"
#define N_BINS 120

static GVariant *
read_variant (const char *type, GBytes *bytes)
{
  /* an aligned copy: SQLite promises no alignment, and GVariant wants eight bytes */
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  g_autoptr (GBytes) aligned = g_bytes_new (data, size);
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), aligned, FALSE));
  return g_variant_is_normal_form (variant) ? g_steal_pointer (&variant) : NULL;
}

GBytes *
dh_curve_to_bytes (const DhCurve *curve)
{
  GVariantBuilder points;
  g_variant_builder_init (&points, G_VARIANT_TYPE ("a(dtt)"));
  for (guint i = 0; i < curve->n_points; i++)
    g_variant_builder_add (&points, "(dtt)", curve->points[i].threshold, curve->points[i].tp, curve->points[i].fp);
  g_autoptr (GVariant) variant =
      g_variant_ref_sink (g_variant_new (CURVE_TYPE, curve->inliers, curve->anomalies, &points));
  return g_variant_get_data_as_bytes (variant);
}

DhCurve *
dh_curve_from_bytes (GBytes *bytes)
{
  g_autoptr (GVariant) variant = read_variant (CURVE_TYPE, bytes);
  if (!variant)
    return NULL;
  guint64 inliers, anomalies;
  g_autoptr (GVariantIter) points = NULL;
  g_variant_get (variant, CURVE_TYPE, &inliers, &anomalies, &points);
  g_autoptr (DhCurve) curve = dh_curve_new (inliers, anomalies, g_variant_iter_n_children (points));
  if (!curve)
    return NULL;
  for (guint i = 0; i < curve->n_points; i++)
    {
      DhCurvePoint *point = &curve->points[i];
      g_variant_iter_next (points, "(dtt)", &point->threshold, &point->tp, &point->fp);
      if (point->tp > anomalies || point->fp > inliers || isnan (point->threshold))
        return NULL;
    }
  return g_steal_pointer (&curve);
}

void
dh_score_histogram_free (DhScoreHistogram *histogram)
{
  if (!histogram)
    return;
  g_free (histogram->inliers);
  g_free (histogram->anomalies);
  g_free (histogram);
}

DhScoreHistogram *
dh_score_histogram_new (DhRanking *ranking)
{
  double low = dh_ranking_quantile (ranking, 0.001);
  double high = dh_ranking_quantile (ranking, 0.999);
  if (isnan (low) || isnan (high))
    return NULL;
  if (!(high > low))
    {
      low -= 0.5;
      high = low + 1;
    }
  const double margin = (high - low) / 20;
  low = MAX (low - margin, dh_ranking_quantile (ranking, 0));
  high = MIN (high + margin, dh_ranking_quantile (ranking, 1));
  if (!(high > low))
    high = low + 1;

  DhScoreHistogram *histogram = g_new0 (DhScoreHistogram, 1);
  *histogram = (DhScoreHistogram){ low, high, N_BINS, g_new0 (guint64, N_BINS), g_new0 (guint64, N_BINS) };
  double edges[N_BINS + 1];
  for (guint i = 0; i <= N_BINS; i++)
    edges[i] = i == N_BINS ? high : low + (high - low) * i / N_BINS;
  dh_ranking_histogram (ranking, edges, N_BINS, histogram->inliers, histogram->anomalies);
  return histogram;
}

GBytes *
dh_score_histogram_to_bytes (DhRanking *ranking)
{
  g_autoptr (DhScoreHistogram) histogram = dh_score_histogram_new (ranking);
  if (!histogram)
    return NULL;
  GVariantBuilder inliers, anomalies;
  g_variant_builder_init (&inliers, G_VARIANT_TYPE ("at"));
  g_variant_builder_init (&anomalies, G_VARIANT_TYPE ("at"));
  for (guint i = 0; i < histogram->n_bins; i++)
    {
      g_variant_builder_add (&inliers, "t", histogram->inliers[i]);
      g_variant_builder_add (&anomalies, "t", histogram->anomalies[i]);
    }
  g_autoptr (GVariant) variant =
      g_variant_ref_sink (g_variant_new (HISTOGRAM_TYPE, histogram->low, histogram->high, &inliers, &anomalies));
  return g_variant_get_data_as_bytes (variant);
}

DhScoreHistogram *
dh_score_histogram_from_bytes (GBytes *bytes)
{
  g_autoptr (GVariant) variant = read_variant (HISTOGRAM_TYPE, bytes);
  if (!variant)
    return NULL;
  g_autoptr (GVariantIter) inliers = NULL;
  g_autoptr (GVariantIter) anomalies = NULL;
  g_autoptr (DhScoreHistogram) histogram = g_new0 (DhScoreHistogram, 1);
  g_variant_get (variant, HISTOGRAM_TYPE, &histogram->low, &histogram->high, &inliers, &anomalies);
  histogram->n_bins = g_variant_iter_n_children (inliers);
  if (histogram->n_bins == 0 || g_variant_iter_n_children (anomalies) != histogram->n_bins
      || !(histogram->high > histogram->low) || !isfinite (histogram->high - histogram->low))
    return NULL;
  histogram->inliers = g_new (guint64, histogram->n_bins);
  histogram->anomalies = g_new (guint64, histogram->n_bins);
  for (guint i = 0; i < histogram->n_bins; i++)
    {
      g_variant_iter_next (inliers, "t", &histogram->inliers[i]);
      g_variant_iter_next (anomalies, "t", &histogram->anomalies[i]);
    }
  return g_steal_pointer (&histogram);
}
