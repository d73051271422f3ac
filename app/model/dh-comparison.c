#include "dh-comparison.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-floats.h"
#include "dh-run-threshold.h"

#define SAMPLE 32768

/* Values of one map of the current picture, ascending: void pixels and those that are not finite are left out. */
typedef struct
{
  float *values;
  guint n;
  double inlier_median;
} Sample;

struct _DhComparison
{
  DhSession *session;
  Sample samples[DH_N_SHOWN_MAPS]; /* of the current picture, made when asked for */
  double medians[DH_N_SCORES];
  gboolean has_medians;
  double reach[DH_N_SHOWN_MAPS][DH_N_SHOWN_MAPS];     /* of differences seen; 0: none yet */
  gboolean reached[DH_N_SHOWN_MAPS][DH_N_SHOWN_MAPS]; /* on the current picture */
};

typedef enum
{
  UNIT_NONE,
  UNIT_LOG_DENSITY, /* −ln p̂ or near it, in nats */
  UNIT_PROBABILITY,
  UNIT_ENTROPY,
  UNIT_FOREIGN, /* another method's own: a scale with a threshold, and raw values that nothing is to be taken from */
} Unit;

/* Of a map's values: `zero` and `sign` turn them into that unit with more for more anomalous. */
typedef struct
{
  Unit unit;
  double zero, sign;
} Nature;

static const Nature natures[DH_N_FRAME_MAPS] = {
  [DH_FRAME_SEGMENTATION] = { UNIT_NONE, 0, 0 },
  [DH_FRAME_LIKELIHOOD] = { UNIT_LOG_DENSITY, 0, -1 },
  [DH_FRAME_DATASET_POSTERIOR] = { UNIT_PROBABILITY, 1, -1 }, /* P(d_out) = 1 − P(d_in) */
  [DH_FRAME_HYBRID] = { UNIT_LOG_DENSITY, 0, 1 },
  [DH_FRAME_MAX_SOFTMAX] = { UNIT_PROBABILITY, 0, 1 },
  [DH_FRAME_MAX_LOGIT] = { UNIT_LOG_DENSITY, 0, 1 },
  [DH_FRAME_ENTROPY] = { UNIT_ENTROPY, 0, 1 },
};

/* Of another run's map by what that run measured. */
static const DhRunMap *
run_of (DhComparison *self, gint map)
{
  return map >= DH_N_FRAME_MAPS ? dh_session_get_run_map (self->session, (guint)map - DH_FRAME_RUN_A) : NULL;
}

static const Nature *
nature_of (DhComparison *self, gint map)
{
  static const Nature none = { UNIT_NONE, 0, 0 };
  static const Nature foreign = { UNIT_FOREIGN, 0, 1 };
  const DhRunMap *run = run_of (self, map);
  if (run != NULL && run->imported)
    return &foreign;
  return map >= 0 && map < DH_N_FRAME_MAPS ? &natures[map] : run != NULL ? &natures[run->kind] : &none;
}

static void
forget_samples (DhComparison *self)
{
  for (guint i = 0; i < DH_N_SHOWN_MAPS; i++)
    {
      g_free (self->samples[i].values);
      self->samples[i] = (Sample){ 0 };
    }
  memset (self->reached, 0, sizeof self->reached);
}

static void
forget_medians (DhComparison *self)
{
  self->has_medians = FALSE;
}

/* Another set or other weights: other values. */
static void
forget_reaches (DhComparison *self)
{
  memset (self->reach, 0, sizeof self->reach);
  memset (self->reached, 0, sizeof self->reached);
}

DhComparison *
dh_comparison_new (DhSession *session)
{
  DhComparison *self = g_new0 (DhComparison, 1);
  self->session = session;
  g_signal_connect_swapped (session, "notify::frame", G_CALLBACK (forget_samples), self);
  g_signal_connect_swapped (session, "notify::stats", G_CALLBACK (forget_medians), self);
  g_signal_connect_swapped (session, "notify::dataset-title", G_CALLBACK (forget_reaches), self);
  g_signal_connect_swapped (session, "notify::model-info", G_CALLBACK (forget_reaches), self);
  g_signal_connect_swapped (session, "compared", G_CALLBACK (forget_reaches), self);
  g_signal_connect_swapped (session, "notify::set-stats", G_CALLBACK (forget_medians), self);
  return self;
}

void
dh_comparison_free (DhComparison *self)
{
  if (self == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->session, self);
  forget_samples (self);
  g_free (self);
}

gboolean
dh_comparison_shares_unit (DhComparison *self, DhFrameMap a, DhFrameMap b)
{
  g_return_val_if_fail (a < DH_N_SHOWN_MAPS && b < DH_N_SHOWN_MAPS, FALSE);
  const Nature *first = nature_of (self, (gint)a), *second = nature_of (self, (gint)b);
  return first->unit == second->unit && first->unit != UNIT_NONE && first->unit != UNIT_FOREIGN;
}

static char *
dup_turned (const Nature *nature, char name)
{
  return nature->sign > 0    ? g_strdup_printf ("%c", name)
         : nature->zero != 0 ? g_strdup_printf ("(%g − %c)", nature->zero, name)
                             : g_strdup_printf ("(−%c)", name);
}

char *
dh_comparison_dup_formula (DhComparison *self, DhFrameMap a, DhFrameMap b)
{
  g_return_val_if_fail (a < DH_N_SHOWN_MAPS && b < DH_N_SHOWN_MAPS, NULL);
  g_autofree char *first = dup_turned (nature_of (self, (gint)a), 'A');
  g_autofree char *second = dup_turned (nature_of (self, (gint)b), 'B');
  return g_strdup_printf ("%s − %s", first, second);
}

const char *
dh_comparison_unit_title (DhComparison *self, DhFrameMap map)
{
  g_return_val_if_fail (map < DH_N_SHOWN_MAPS, NULL);
  return nature_of (self, (gint)map)->unit == UNIT_PROBABILITY ? _ ("raw values, probabilities")
                                                               : _ ("raw values in nats");
}

const char *
dh_comparison_refuse (DhComparison *self, gint a, gint b)
{
  const gint64 run_a = a == DH_FRAME_RUN_A ? dh_session_get_compared_run (self->session, 0) : 0;
  const gint64 run_b = b == DH_FRAME_RUN_B ? dh_session_get_compared_run (self->session, 1) : 0;
  /* A run that is still being read has a map in all likelihood. */
  gboolean no_score =
      (run_a == 0 && nature_of (self, a)->unit == UNIT_NONE) || (run_b == 0 && nature_of (self, b)->unit == UNIT_NONE);
  if (no_score)
    return _ ("A difference needs two score maps; images, classes and labels have no values to subtract");
  if (a == b || (run_a != 0 && run_a == run_b))
    return _ ("A and B are the same map");
  return NULL;
}

static double
quantile (const float *sorted, guint n, double fraction)
{
  double at = CLAMP (fraction, 0, 1) * (n - 1);
  guint i = (guint)at;
  return i + 1 < n ? sorted[i] + (at - i) * ((double)sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* Between the pixels of a sample. An odd step walks through all columns of a picture whose width is a power of two. */
static gsize
step_of (gsize count)
{
  return MAX (1, count / SAMPLE) | 1;
}

static void
take_sample (Sample *sample, const DhFrame *frame, DhFrameMap map)
{
  const float *values = dh_frame_floats (frame, map);
  const guint8 *truth = dh_frame_peek_counted (frame);
  gsize count = (gsize)frame->width * frame->height, step = step_of (count);
  g_autofree float *inliers = g_new (float, count / step + 1);
  guint n_inliers = 0;
  sample->values = g_new (float, count / step + 1);
  for (gsize i = step / 2; i < count; i += step)
    {
      guint8 label = truth != NULL ? truth[i] : 0;
      if (!isfinite (values[i]) || label > 1)
        continue;
      sample->values[sample->n++] = values[i];
      if (label == 0)
        inliers[n_inliers++] = values[i];
    }
  dh_floats_sort (sample->values, sample->n);
  dh_floats_sort (inliers, n_inliers);
  sample->inlier_median = n_inliers > 0 ? quantile (inliers, n_inliers, 0.5) : NAN;
}

/* Of the current picture; NULL where it has no such map or nothing that counts in it. */
static const Sample *
get_sample (DhComparison *self, DhFrameMap map)
{
  DhFrame *frame = dh_session_get_frame (self->session);
  Sample *sample = &self->samples[map];
  if (sample->values == NULL && dh_frame_has_map (frame, map))
    take_sample (sample, frame, map);
  return sample->n > 0 ? sample : NULL;
}

/* Half of the inliers are flagged there; without labels all pixels are inliers. */
static double
find_inlier_median (const DhScoreStats *stats, DhScore score)
{
  double low = dh_score_stats_quantile (stats, score, 0), high = dh_score_stats_quantile (stats, score, 1);
  if (!dh_score_stats_is_labelled (stats) || !isfinite (low) || !isfinite (high))
    return dh_score_stats_quantile (stats, score, 0.5);
  if (dh_score_stats_n_inliers (stats) == 0)
    return NAN;
  gboolean above = dh_score_flags_above (score);
  for (guint i = 0; i < 48; i++)
    {
      DhCounts counts;
      double middle = low + (high - low) / 2;
      dh_score_stats_count (stats, score, middle, &counts);
      gboolean most = dh_counts_fpr (&counts) > 0.5;
      *(most == above ? &low : &high) = middle;
    }
  return low + (high - low) / 2;
}

static double
get_inlier_median (DhComparison *self, DhScore score)
{
  for (guint i = 0; i < DH_N_SCORES && !self->has_medians; i++)
    {
      const DhScoreStats *stats = dh_session_get_set_stats (self->session);
      if (!dh_score_stats_has (stats, i))
        stats = dh_session_get_stats (self->session);
      self->medians[i] = dh_score_stats_has (stats, i) ? find_inlier_median (stats, i) : (double)NAN;
    }
  self->has_medians = TRUE;
  return self->medians[score];
}

/* The share of the current picture that the active score flags, or where the network has it not, another. NaN while it
 * is not known. */
static double
flagged_share (DhComparison *self)
{
  const DhScoreStats *stats = dh_session_get_stats (self->session);
  DhScore score = dh_session_get_active_score (self->session);
  for (guint i = 0; i < DH_N_SCORES && !dh_score_stats_has (stats, score); i++)
    score = i;
  double threshold = dh_session_get_threshold (self->session, score)->value;
  if (!dh_score_stats_has (stats, score) || isnan (threshold))
    return NAN;
  DhCounts counts;
  dh_score_stats_count (stats, score, threshold, &counts);
  return counts.pixels > 0 ? (double)counts.flagged / (double)counts.pixels : (double)NAN;
}

static double
map_range (DhComparison *self, DhFrameMap map)
{
  double low, high;
  dh_session_get_range (self->session, map, FALSE, &low, &high);
  return high - low;
}

gboolean
dh_comparison_align (DhComparison *self, DhFrameMap map, DhAlignment *alignment)
{
  const Nature *nature = nature_of (self, (gint)map);
  const DhRunMap *run = run_of (self, (gint)map);
  if (nature->unit == UNIT_NONE)
    return FALSE;
  double threshold = NAN, median = NAN, sign = nature->sign;
  gboolean own = run != NULL;
  if (own)
    {
      const Sample *sample = isnan (run->inlier_median) ? get_sample (self, map) : NULL;
      threshold = dh_session_get_run_threshold (self->session, (guint)map - DH_FRAME_RUN_A)->value;
      median = sample != NULL ? sample->inlier_median : run->inlier_median;
      /* By the same median as its other threshold. */
      for (guint i = 0; i < DH_N_SCORES; i++)
        if (run->made && dh_score_map (i) == run->kind)
          median = get_inlier_median (self, i);
    }
  for (guint i = 0; i < DH_N_SCORES; i++)
    if (dh_score_map (i) == map)
      {
        own = TRUE;
        threshold = dh_session_get_threshold (self->session, i)->value;
        median = get_inlier_median (self, i);
      }
  if (!own)
    {
      const Sample *sample = get_sample (self, map);
      double share = flagged_share (self);
      if (sample == NULL || isnan (share))
        return FALSE;
      threshold = quantile (sample->values, sample->n, sign > 0 ? 1 - share : share);
      median = sample->inlier_median;
    }
  if (!isfinite (threshold) || !isfinite (median))
    return FALSE;
  double distance = MAX (sign * (threshold - median), map_range (self, map) / 1000);
  *alignment = (DhAlignment){ threshold, sign / distance };
  return TRUE;
}

double
dh_difference_at (const DhDifference *difference, double a, double b)
{
  return (a - difference->side[0].zero) * difference->side[0].factor
         - (b - difference->side[1].zero) * difference->side[1].factor;
}

/* Outwards to 1, 2, 5, 10, …, so that colours seldom change their meaning. */
static double
round_up (double value)
{
  double power = pow (10, floor (log10 (value))), digit = value / power;
  return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10) * power;
}

/* What all but a two-hundredth of the differences of all pictures seen lie within, by a sample of each. */
static double
find_reach (DhComparison *self, DhFrameMap a, DhFrameMap b, const DhDifference *difference)
{
  const DhFrame *frame = dh_session_get_frame (self->session);
  double *reach = &self->reach[a][b];
  if (!self->reached[a][b] && dh_frame_has_map (frame, a) && dh_frame_has_map (frame, b))
    {
      const float *of_a = dh_frame_floats (frame, a), *of_b = dh_frame_floats (frame, b);
      gsize count = (gsize)frame->width * frame->height, step = step_of (count);
      g_autofree float *sizes = g_new (float, count / step + 1);
      guint n = 0;
      for (gsize i = step / 2; i < count; i += step)
        {
          float size = (float)fabs (dh_difference_at (difference, of_a[i], of_b[i]));
          if (isfinite (size))
            sizes[n++] = size;
        }
      dh_floats_sort (sizes, n);
      double here = n > 0 ? quantile (sizes, n, 0.995) : 0;
      if (here > 0)
        *reach = MAX (*reach, round_up (here));
      self->reached[a][b] = TRUE;
    }
  return *reach > 0 ? *reach : 1;
}

gboolean
dh_comparison_subtract (DhComparison *self, DhFrameMap a, DhFrameMap b, gboolean aligned, DhDifference *difference)
{
  g_return_val_if_fail (dh_comparison_refuse (self, (gint)a, (gint)b) == NULL, FALSE);
  const DhFrameMap maps[2] = { a, b };
  const gboolean raw = dh_comparison_shares_unit (self, a, b);
  gboolean both = TRUE;
  for (guint i = 0; i < 2 && (aligned || !raw); i++)
    both = both && dh_comparison_align (self, maps[i], &difference->side[i]);
  if (!both && !raw)
    return FALSE;
  difference->aligned = both && (aligned || !raw);
  for (guint i = 0; i < 2 && !difference->aligned; i++)
    {
      const Nature *nature = nature_of (self, (gint)maps[i]);
      difference->side[i] = (DhAlignment){ nature->zero, nature->sign };
    }
  difference->range = difference->aligned ? DH_COMPARISON_RANGE : find_reach (self, a, b, difference);
  return TRUE;
}
