#include <math.h>
#include "dh-map.h"
#include "dh-run-curve-private.h"
#include "dh-stored-curve.h"

struct _DhRunCurve
{
  DhScore score;
  double sign;    /* what turns a value of the map into one that is high where anomalous, and back */
  DhCurve *curve; /* of such values; NULL: none was stored */
  double best_f1, tpr95;
  double low, high; /* of the map's values; NaN: not known */
};

DhRunCurve *
dh_run_curve_ref (DhRunCurve *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  g_clear_pointer (&((DhRunCurve *)data)->curve, dh_curve_free);
}

void
dh_run_curve_unref (DhRunCurve *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

DhScore
dh_run_curve_score_of_map (DhFrameMap kind)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    if (dh_score_map (i) == kind)
      return i;
  return DH_SCORE_HYBRID;
}

static DhCurve *
read_curve (GBytes *bytes)
{
  g_autoptr (DhCurve) curve = bytes != NULL ? dh_curve_from_bytes (bytes) : NULL;
  return curve != NULL && curve->n_points > 0 ? g_steal_pointer (&curve) : NULL;
}

gboolean
dh_run_curve_find_map (const DhRunRow *row, DhFrameMap *map)
{
  DhMap measured = DH_MAP_HYBRID;
  if (row->method == NULL
      && (row->score == NULL || !dh_map_from_name (row->score, &measured) || measured == DH_MAP_SEGMENTATION
          || (guint)measured >= DH_N_FRAME_MAPS))
    return FALSE;
  *map = (DhFrameMap)measured;
  return TRUE;
}

DhRunCurve *
dh_run_curve_new (const DhRunProtocolRow *row, DhFrameMap kind)
{
  DhRunCurve *self = g_atomic_rc_box_new0 (DhRunCurve);
  self->score = dh_run_curve_score_of_map (kind);
  self->sign = dh_score_flags_above (self->score) ? 1 : -1;
  self->curve = read_curve (row->curve);
  self->best_f1 = row->best_f1_threshold;
  self->tpr95 = row->threshold_tpr95;
  self->low = self->high = NAN;
  g_autoptr (DhScoreHistogram) histogram =
      row->histogram != NULL ? dh_score_histogram_from_bytes (row->histogram) : NULL;
  if (histogram == NULL || !isfinite (histogram->low) || !isfinite (histogram->high))
    return self;
  self->low = self->sign > 0 ? histogram->low : -histogram->high;
  self->high = self->sign > 0 ? histogram->high : -histogram->low;
  return self;
}

guint
dh_run_curve_n_points (const DhRunCurve *self)
{
  return self != NULL && self->curve != NULL ? self->curve->n_points : 0;
}

/* Points count pixels from their threshold on, a mask has those beyond it. */
static void
count_beyond (const DhRunCurve *self, double threshold, DhConfusion *confusion)
{
  dh_curve_confusion (self->curve, nextafter (self->sign * threshold, INFINITY), confusion);
}

gboolean
dh_run_curve_count (const DhRunCurve *self, double threshold, DhCounts *counts)
{
  if (dh_run_curve_n_points (self) == 0 || isnan (threshold))
    return FALSE;
  DhConfusion confusion;
  count_beyond (self, threshold, &confusion);
  *counts = (DhCounts){ .labelled = TRUE,
                        .tp = confusion.tp,
                        .fp = confusion.fp,
                        .fn = confusion.fn,
                        .tn = confusion.tn,
                        .flagged = confusion.tp + confusion.fp,
                        .pixels = self->curve->inliers + self->curve->anomalies };
  return TRUE;
}

static double
threshold_of_point (const DhRunCurve *self, double threshold)
{
  return isfinite (threshold) ? self->sign * (double)nextafterf ((float)threshold, -INFINITY) : (double)NAN;
}

static double
find_fpr5 (const DhRunCurve *self)
{
  if (dh_run_curve_n_points (self) == 0 || self->curve->inliers == 0 || self->curve->anomalies == 0)
    return NAN;
  const gint point = dh_curve_operating_point (self->curve, DH_OPERATING_FPR5);
  return point >= 0 ? self->curve->points[point].threshold : (double)NAN;
}

double
dh_run_curve_choose (const DhRunCurve *self, DhRule rule)
{
  if (self == NULL)
    return NAN;
  switch (rule)
    {
    case DH_RULE_TPR95:
      return threshold_of_point (self, self->tpr95);
    case DH_RULE_FPR5:
      return threshold_of_point (self, find_fpr5 (self));
    case DH_RULE_BEST_F1:
      return threshold_of_point (self, self->best_f1);
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

double
dh_run_curve_inlier_median (const DhRunCurve *self)
{
  const DhCurve *curve = self != NULL ? self->curve : NULL;
  for (guint i = 0; curve != NULL && i < curve->n_points && curve->inliers > 0; i++)
    if (curve->points[i].fp >= curve->inliers - curve->inliers / 2)
      return self->sign * curve->points[i].threshold;
  return NAN;
}

gboolean
dh_run_curve_get_span (const DhRunCurve *self, double *low, double *high)
{
  if (self == NULL || !(self->low < self->high))
    return FALSE;
  *low = self->low;
  *high = self->high;
  return TRUE;
}

gboolean
dh_run_curve_histogram (const DhRunCurve *self, double low, double high, guint n, guint64 *inliers, guint64 *anomalies)
{
  if (dh_run_curve_n_points (self) == 0 || !(low < high))
    return FALSE;
  /* From the strict end to the loose one, so that what is flagged grows; the end bins take what lies outside. */
  DhConfusion before = { 0 };
  for (guint i = 0; i < n; i++)
    {
      const guint bin = self->sign > 0 ? n - 1 - i : i;
      const double edge = low + (high - low) * (self->sign > 0 ? bin : bin + 1) / n;
      DhConfusion here = { .tp = self->curve->anomalies, .fp = self->curve->inliers };
      if (i + 1 < n)
        count_beyond (self, dh_score_from_axis (self->score, edge), &here);
      anomalies[bin] = here.tp - before.tp;
      inliers[bin] = here.fp - before.fp;
      before = here;
    }
  return TRUE;
}
