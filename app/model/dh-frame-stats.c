#include "dh-frame-stats.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* Ascending, without NaN; `nan` counts those left out. */
typedef struct
{
  float *values;
  gsize n;
  guint64 nan;
} Sorted;

struct _DhFrameStats
{
  gatomicrefcount refs;
  gboolean labelled;
  guint64 n_void;
  gboolean has[DH_N_SCORES];
  Sorted inliers[DH_N_SCORES];
  Sorted anomalies[DH_N_SCORES];
  double chosen[DH_N_SCORES][DH_N_RULES];
};

static double
ratio (guint64 part, guint64 whole)
{
  return whole != 0 ? (double)part / (double)whole : NAN;
}

double
dh_counts_precision (const DhCounts *counts)
{
  return ratio (counts->tp, counts->tp + counts->fp);
}

double
dh_counts_tpr (const DhCounts *counts)
{
  return ratio (counts->tp, counts->tp + counts->fn);
}

double
dh_counts_fpr (const DhCounts *counts)
{
  return ratio (counts->fp, counts->fp + counts->tn);
}

double
dh_counts_f1 (const DhCounts *counts)
{
  if (counts->tp + counts->fn == 0)
    return NAN;
  return ratio (2 * counts->tp, 2 * counts->tp + counts->fp + counts->fn);
}

/* Float order as unsigned order: −inf … −0, +0 … +inf. */
static inline guint32
key_of (float value)
{
  guint32 bits;
  memcpy (&bits, &value, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static inline float
value_of (guint32 key)
{
  guint32 bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
  float value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

/* Least significant digit first, three passes of 11 bits; `spare` is as large as `keys`, and holds the result. */
static void
radix_sort (guint32 *keys, guint32 *spare, gsize n)
{
  static const guint shifts[] = { 0, 11, 22 };
  guint32 *from = keys, *to = spare;
  gsize *counts = g_new (gsize, 2048);
  for (guint pass = 0; pass < G_N_ELEMENTS (shifts); pass++)
    {
      guint shift = shifts[pass];
      memset (counts, 0, 2048 * sizeof *counts);
      for (gsize i = 0; i < n; i++)
        counts[(from[i] >> shift) & 2047]++;
      gsize sum = 0;
      for (guint i = 0; i < 2048; i++)
        {
          gsize count = counts[i];
          counts[i] = sum;
          sum += count;
        }
      for (gsize i = 0; i < n; i++)
        to[counts[(from[i] >> shift) & 2047]++] = from[i];
      guint32 *swap = from;
      from = to;
      to = swap;
    }
  g_free (counts);
}

/* Sorts the pixels whose truth is `wanted` (all where `truth` is NULL). FALSE where memory is short. */
static gboolean
sort_pixels (Sorted *sorted, const float *values, const guint8 *truth, guint8 wanted, gsize n)
{
  gsize room = 0;
  for (gsize i = 0; i < n; i++)
    room += truth == NULL || truth[i] == wanted;
  if (room == 0)
    return TRUE;
  guint32 *keys = g_try_new (guint32, room);
  guint32 *spare = g_try_new (guint32, room);
  if (keys == NULL || spare == NULL)
    {
      g_free (keys);
      g_free (spare);
      return FALSE;
    }
  gsize count = 0;
  for (gsize i = 0; i < n; i++)
    if (truth == NULL || truth[i] == wanted)
      {
        if (isnan (values[i]))
          sorted->nan++;
        else
          keys[count++] = key_of (values[i]);
      }
  radix_sort (keys, spare, count);
  float *out = (float *)keys;
  for (gsize i = 0; i < count; i++)
    out[i] = value_of (spare[i]);
  g_free (spare);
  sorted->values = out;
  sorted->n = count;
  return TRUE;
}

static double choose (const DhFrameStats *stats, DhScore score, DhRule rule);

DhFrameStats *
dh_frame_stats_new (const DhFrame *frame, GCancellable *cancellable)
{
  g_autoptr (DhFrameStats) stats = g_new0 (DhFrameStats, 1);
  g_atomic_ref_count_init (&stats->refs);
  gsize n = (gsize)frame->width * frame->height;
  const guint8 *truth = frame->truth != NULL ? g_bytes_get_data (frame->truth, NULL) : NULL;
  stats->labelled = truth != NULL;
  for (gsize i = 0; truth != NULL && i < n; i++)
    stats->n_void += truth[i] > 1;
  for (guint score = 0; score < DH_N_SCORES; score++)
    {
      const float *values = dh_frame_floats (frame, dh_score_map (score));
      if (values == NULL)
        continue;
      if (g_cancellable_is_cancelled (cancellable) || !sort_pixels (&stats->inliers[score], values, truth, 0, n)
          || (truth != NULL && !sort_pixels (&stats->anomalies[score], values, truth, 1, n)))
        return NULL;
      stats->has[score] = TRUE;
    }
  for (guint score = 0; score < DH_N_SCORES; score++)
    for (guint rule = 0; rule < DH_N_RULES; rule++)
      stats->chosen[score][rule] = stats->labelled && stats->has[score] ? choose (stats, score, rule) : NAN;
  return g_steal_pointer (&stats);
}

DhFrameStats *
dh_frame_stats_ref (DhFrameStats *stats)
{
  g_atomic_ref_count_inc (&stats->refs);
  return stats;
}

void
dh_frame_stats_unref (DhFrameStats *stats)
{
  if (!g_atomic_ref_count_dec (&stats->refs))
    return;
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      g_free (stats->inliers[i].values);
      g_free (stats->anomalies[i].values);
    }
  g_free (stats);
}

gboolean
dh_frame_stats_has_score (const DhFrameStats *stats, DhScore score)
{
  return stats != NULL && stats->has[score];
}

gboolean
dh_frame_stats_is_labelled (const DhFrameStats *stats)
{
  return stats->labelled;
}

static guint64
total (const Sorted *sorted)
{
  return sorted->n + sorted->nan;
}

static guint
any_score (const DhFrameStats *stats)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    if (stats->has[i])
      return i;
  return 0;
}

guint64
dh_frame_stats_n_anomalies (const DhFrameStats *stats)
{
  return total (&stats->anomalies[any_score (stats)]);
}

guint64
dh_frame_stats_n_inliers (const DhFrameStats *stats)
{
  return total (&stats->inliers[any_score (stats)]);
}

guint64
dh_frame_stats_n_void (const DhFrameStats *stats)
{
  return stats->n_void;
}

/* How many are < value (or ≤ value, where `inclusive`). */
static gsize
count_below (const Sorted *sorted, double value, gboolean inclusive)
{
  gsize low = 0, high = sorted->n;
  while (low < high)
    {
      gsize middle = low + (high - low) / 2;
      double here = sorted->values[middle];
      if (here < value || (inclusive && here == value))
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static guint64
count_flagged (const Sorted *sorted, DhScore score, double threshold)
{
  if (isnan (threshold))
    return 0;
  return dh_score_flags_above (score) ? sorted->n - count_below (sorted, threshold, TRUE)
                                      : count_below (sorted, threshold, FALSE);
}

void
dh_frame_stats_count (const DhFrameStats *stats, DhScore score, double threshold, DhCounts *counts)
{
  *counts = (DhCounts){ .labelled = stats->labelled };
  guint64 fp = count_flagged (&stats->inliers[score], score, threshold);
  guint64 tp = count_flagged (&stats->anomalies[score], score, threshold);
  guint64 negatives = total (&stats->inliers[score]), positives = total (&stats->anomalies[score]);
  counts->flagged = fp + tp;
  counts->pixels = negatives + positives;
  if (!stats->labelled)
    return;
  counts->tp = tp;
  counts->fp = fp;
  counts->fn = positives - tp;
  counts->tn = negatives - fp;
}

double
dh_frame_stats_quantile (const DhFrameStats *stats, DhScore score, double fraction)
{
  const Sorted *a = &stats->inliers[score], *b = &stats->anomalies[score];
  gsize low_a = count_below (a, -INFINITY, TRUE), high_a = count_below (a, INFINITY, FALSE);
  gsize low_b = count_below (b, -INFINITY, TRUE), high_b = count_below (b, INFINITY, FALSE);
  gsize n = high_a - low_a + high_b - low_b;
  if (n == 0)
    return NAN;
  gsize rank = (gsize)(CLAMP (fraction, 0, 1) * (n - 1) + 0.5);
  /* The smallest key with more than `rank` finite values at or below it. */
  guint32 low = key_of (-G_MAXFLOAT), high = key_of (G_MAXFLOAT);
  while (low < high)
    {
      guint32 middle = low + (high - low) / 2;
      double value = value_of (middle);
      if (count_below (a, value, TRUE) - low_a + count_below (b, value, TRUE) - low_b > rank)
        high = middle;
      else
        low = middle + 1;
    }
  return value_of (low);
}

static void
fill_bins (const Sorted *sorted, DhScore score, double low, double high, guint n, guint64 *bins)
{
  gsize before = 0;
  for (guint i = 0; i < n; i++)
    {
      gsize after = sorted->n;
      if (i + 1 < n)
        after = count_below (sorted, dh_score_from_axis (score, low + (high - low) * (i + 1) / n), FALSE);
      after = MAX (after, before);
      bins[i] = after - before;
      before = after;
    }
}

void
dh_frame_stats_histogram (const DhFrameStats *stats, DhScore score, double low, double high, guint n,
                          guint64 *inliers, guint64 *anomalies)
{
  fill_bins (&stats->inliers[score], score, low, high, n, inliers);
  fill_bins (&stats->anomalies[score], score, low, high, n, anomalies);
}

const char *
dh_rule_title (DhRule rule)
{
  switch (rule)
    {
    case DH_RULE_BY_HAND:
      return _ ("set by hand");
    case DH_RULE_TPR95:
      return _ ("TPR 95 %");
    case DH_RULE_FPR5:
      return _ ("FPR 5 %");
    case DH_RULE_BEST_F1:
      return _ ("Best F1");
    case DH_N_RULES:
    default:
      g_return_val_if_reached ("");
    }
}

static const char *const rule_ids[DH_N_RULES] = { "by-hand", "tpr95", "fpr5", "best-f1" };

const char *
dh_rule_id (DhRule rule)
{
  g_return_val_if_fail (rule < DH_N_RULES, NULL);
  return rule_ids[rule];
}

gboolean
dh_rule_from_id (const char *id, DhRule *rule)
{
  for (guint i = 0; i < DH_N_RULES; i++)
    if (g_strcmp0 (id, rule_ids[i]) == 0)
      {
        *rule = i;
        return TRUE;
      }
  return FALSE;
}

/* Walks the distinct scores from the strictest to the laxest. After each, `tp` and `fp` count what lies at or beyond. */
typedef struct
{
  const Sorted *inliers, *anomalies;
  gboolean above;
  gsize i, j; /* how many were passed, counted from the strict end */
  float value;
} Walk;

static float
walk_peek (const Walk *walk, const Sorted *sorted, gsize passed)
{
  return walk->above ? sorted->values[sorted->n - 1 - passed] : sorted->values[passed];
}

static gboolean
walk_next (Walk *walk)
{
  gboolean more_i = walk->i < walk->inliers->n, more_j = walk->j < walk->anomalies->n;
  if (!more_i && !more_j)
    return FALSE;
  float a = more_i ? walk_peek (walk, walk->inliers, walk->i) : 0;
  float b = more_j ? walk_peek (walk, walk->anomalies, walk->j) : 0;
  if (!more_i)
    walk->value = b;
  else if (!more_j)
    walk->value = a;
  else
    walk->value = walk->above ? MAX (a, b) : MIN (a, b);
  while (walk->i < walk->inliers->n && walk_peek (walk, walk->inliers, walk->i) == walk->value)
    walk->i++;
  while (walk->j < walk->anomalies->n && walk_peek (walk, walk->anomalies, walk->j) == walk->value)
    walk->j++;
  return TRUE;
}

/* A threshold that flags exactly what the walk has passed. */
static double
walk_threshold (const Walk *walk)
{
  double beyond = walk->above ? -INFINITY : INFINITY;
  Walk next = *walk;
  if (walk_next (&next))
    beyond = next.value;
  if (isinf (beyond))
    return nextafterf (walk->value, walk->above ? -INFINITY : INFINITY);
  float middle = (float)(((double)walk->value + beyond) / 2);
  return isfinite (middle) && middle != walk->value ? middle : beyond;
}

static double
choose (const DhFrameStats *stats, DhScore score, DhRule rule)
{
  guint64 positives = total (&stats->anomalies[score]), negatives = total (&stats->inliers[score]);
  if (positives == 0 || negatives == 0)
    return NAN;
  Walk walk = { &stats->inliers[score], &stats->anomalies[score], dh_score_flags_above (score), 0, 0, 0 };
  double chosen = NAN, best = -1;
  while (walk_next (&walk))
    {
      double tp = (double)walk.j, fp = (double)walk.i;
      if (rule == DH_RULE_TPR95 && tp / (double)positives > 0.95)
        return walk_threshold (&walk);
      if (rule == DH_RULE_FPR5)
        {
          if (fp / (double)negatives > 0.05)
            return chosen;
          chosen = walk_threshold (&walk);
        }
      if (rule == DH_RULE_BEST_F1)
        {
          double f1 = 2 * tp / (tp + fp + (double)positives);
          if (f1 > best)
            {
              best = f1;
              chosen = walk_threshold (&walk);
            }
        }
    }
  return chosen;
}

double
dh_frame_stats_choose (const DhFrameStats *stats, DhScore score, DhRule rule)
{
  g_return_val_if_fail (score < DH_N_SCORES && rule < DH_N_RULES, NAN);
  return stats->chosen[score][rule];
}
