#include "dh-range.h"
#include <math.h>
#include "dh-key-private.h"

#define N_BUCKETS 65536

struct _DhRange
{
  guint64 counts[N_BUCKETS];
  guint64 count, non_finite;
  guint32 lowest, highest; /* keys */
  double sum;
};

DhRange *
dh_range_new (void)
{
  DhRange *range = g_new0 (DhRange, 1);
  range->lowest = G_MAXUINT32;
  return range;
}

void
dh_range_free (DhRange *range)
{
  g_free (range);
}

void
dh_range_add (DhRange *range, const float *values, gsize n)
{
  guint64 count = 0;
  guint32 lowest = range->lowest, highest = range->highest;
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    {
      const guint32 bits = dh_float_bits (values[i]);
      if (dh_bits_non_finite (bits))
        continue;
      const guint32 key = dh_key_from_bits (bits);
      range->counts[key >> 16]++;
      lowest = MIN (lowest, key);
      highest = MAX (highest, key);
      sum += values[i];
      count++;
    }
  range->lowest = lowest;
  range->highest = highest;
  range->sum += sum;
  range->count += count;
  range->non_finite += n - count;
}

void
dh_range_merge (DhRange *range, const DhRange *other)
{
  for (guint i = 0; i < N_BUCKETS; i++)
    range->counts[i] += other->counts[i];
  range->lowest = MIN (range->lowest, other->lowest);
  range->highest = MAX (range->highest, other->highest);
  range->sum += other->sum;
  range->count += other->count;
  range->non_finite += other->non_finite;
}

guint64
dh_range_count (const DhRange *range)
{
  return range->count;
}

guint64
dh_range_non_finite (const DhRange *range)
{
  return range->non_finite;
}

double
dh_range_mean (const DhRange *range)
{
  return range->count ? range->sum / range->count : NAN;
}

double
dh_range_quantile (const DhRange *range, double q)
{
  if (!range->count)
    return NAN;
  const double low = dh_key_to_float (range->lowest), high = dh_key_to_float (range->highest);
  if (!(q > 0))
    return low;
  if (q >= 1)
    return high;
  const double rank = q * range->count;
  double before = 0;
  for (guint i = range->lowest >> 16; i <= range->highest >> 16; i++)
    {
      const double here = range->counts[i];
      if (before + here < rank)
        {
          before += here;
          continue;
        }
      /* the values of a bucket are taken as evenly spread between its two ends */
      const guint32 first = (guint32)i << 16, last = first | 0xffff;
      const double from = dh_key_to_float (MAX (first, range->lowest));
      const double to = dh_key_to_float (MIN (last, range->highest));
      return from + (to - from) * ((rank - before) / here);
    }
  return high;
}

DhBins *
dh_bins_new (double low, double high, guint n_bins)
{
  g_return_val_if_fail (isfinite (low) && isfinite (high) && low < high && n_bins >= 1 && n_bins <= 65536, NULL);
  DhBins *bins = g_new0 (DhBins, 1);
  bins->low = low;
  bins->high = high;
  bins->n_bins = n_bins;
  bins->inliers = g_new0 (guint64, n_bins);
  bins->anomalies = g_new0 (guint64, n_bins);
  return bins;
}

void
dh_bins_free (DhBins *bins)
{
  if (!bins)
    return;
  g_free (bins->inliers);
  g_free (bins->anomalies);
  g_free (bins);
}

void
dh_bins_add (DhBins *bins, const float *scores, const guint8 *labels, gsize n)
{
  const double scale = bins->n_bins / (bins->high - bins->low);
  for (gsize i = 0; i < n; i++)
    {
      const guint label = labels ? labels[i] : 0;
      if (label > 1)
        continue;
      if (dh_bits_non_finite (dh_float_bits (scores[i])))
        bins->non_finite++;
      else if (scores[i] < bins->low)
        bins->below[label]++;
      else if (scores[i] > bins->high)
        bins->above[label]++;
      else
        {
          const guint bin = MIN ((guint)((scores[i] - bins->low) * scale), bins->n_bins - 1);
          (label ? bins->anomalies : bins->inliers)[bin]++;
        }
    }
}

void
dh_bins_merge (DhBins *bins, const DhBins *other)
{
  g_return_if_fail (bins->n_bins == other->n_bins && bins->low == other->low && bins->high == other->high);
  for (guint i = 0; i < bins->n_bins; i++)
    {
      bins->inliers[i] += other->inliers[i];
      bins->anomalies[i] += other->anomalies[i];
    }
  for (guint c = 0; c < 2; c++)
    {
      bins->below[c] += other->below[c];
      bins->above[c] += other->above[c];
    }
  bins->non_finite += other->non_finite;
}
