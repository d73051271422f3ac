#pragma once
#include <glib.h>
#include "dh-curve.h"
#include "dh-ranking.h"

G_BEGIN_DECLS

/* Curves and histograms as bytes, for the database. What is read back is checked: broken bytes give NULL. Free with
 * g_bytes_unref. */
GBytes *dh_curve_to_bytes (const DhCurve *curve);
DhCurve *dh_curve_from_bytes (GBytes *bytes);

/* Counts of both classes in equal bins over the range that holds all but a thousandth of the scores on either side. */
typedef struct
{
  double low, high;
  guint n_bins;
  guint64 *inliers, *anomalies;
} DhScoreHistogram;
void dh_score_histogram_free (DhScoreHistogram *histogram);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhScoreHistogram, dh_score_histogram_free)
/* NULL where the ranking is empty. */
DhScoreHistogram *dh_score_histogram_new (DhRanking *ranking);
GBytes *dh_score_histogram_to_bytes (DhRanking *ranking);
DhScoreHistogram *dh_score_histogram_from_bytes (GBytes *bytes);

G_END_DECLS
