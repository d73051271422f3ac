#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The spread of a map's values over a data set, streaming, in 512 KiB whatever the values: display ranges that do not
 * change from image to image. A value is counted in one of 65536 buckets of its float32 key's upper half, so a quantile
 * is right to within a 1/128 of its own magnitude; minimum, maximum, mean and counts are exact. NaN and infinities are
 * counted apart. Not thread safe. */
typedef struct _DhRange DhRange;

DhRange *dh_range_new (void);
void dh_range_free (DhRange *range);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRange, dh_range_free)
void dh_range_add (DhRange *range, const float *values, gsize n);
void dh_range_merge (DhRange *range, const DhRange *other);
guint64 dh_range_count (const DhRange *range); /* finite ones */
guint64 dh_range_non_finite (const DhRange *range);
/* NAN where nothing was counted. q in 0…1; 0 and 1 give the exact minimum and maximum. */
double dh_range_quantile (const DhRange *range, double q);
double dh_range_mean (const DhRange *range);

/* Counts per class over equal bins between two values, streaming; what lies outside goes to the first and last bin's
 * neighbours `below` and `above`. */
typedef struct
{
  double low, high;
  guint n_bins;
  guint64 *inliers, *anomalies; /* n_bins each */
  guint64 below[2], above[2];   /* of inliers, anomalies */
  guint64 non_finite;
} DhBins;

/* low < high, both finite, 1 ≤ n_bins ≤ 65536. */
DhBins *dh_bins_new (double low, double high, guint n_bins);
void dh_bins_free (DhBins *bins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhBins, dh_bins_free)
/* Labels 0 and 1 are counted; labels NULL: all are inliers. */
void dh_bins_add (DhBins *bins, const float *scores, const guint8 *labels, gsize n);
/* Both must have the same bins. */
void dh_bins_merge (DhBins *bins, const DhBins *other);

G_END_DECLS
