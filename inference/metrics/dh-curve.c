#include "dh-curve.h"
#include <math.h>

static double
ratio (guint64 part, guint64 whole)
{
  return whole ? (double)part / whole : NAN;
}

double
dh_confusion_precision (const DhConfusion *confusion)
{
  return ratio (confusion->tp, confusion->tp + confusion->fp);
}

double
dh_confusion_tpr (const DhConfusion *confusion)
{
  return ratio (confusion->tp, confusion->tp + confusion->fn);
}

double
dh_confusion_fpr (const DhConfusion *confusion)
{
  return ratio (confusion->fp, confusion->fp + confusion->tn);
}

double
dh_confusion_f1 (const DhConfusion *confusion)
{
  return ratio (2 * confusion->tp, 2 * confusion->tp + confusion->fp + confusion->fn);
}

DhCurve *
dh_curve_new (guint64 inliers, guint64 anomalies, guint n_points)
{
  DhCurve *curve = g_new0 (DhCurve, 1);
  curve->inliers = inliers;
  curve->anomalies = anomalies;
  curve->n_points = n_points;
  curve->points = g_try_new (DhCurvePoint, MAX (n_points, 1));
  if (!curve->points)
    g_clear_pointer (&curve, g_free);
  return curve;
}

DhCurve *
dh_curve_copy (const DhCurve *curve)
{
  DhCurve *copy = dh_curve_new (curve->inliers, curve->anomalies, curve->n_points);
  if (copy)
    for (guint i = 0; i < curve->n_points; i++)
      copy->points[i] = curve->points[i];
  return copy;
}

void
dh_curve_free (DhCurve *curve)
{
  if (!curve)
    return;
  g_free (curve->points);
  g_free (curve);
}

static void
fill (const DhCurve *curve, guint64 tp, guint64 fp, DhConfusion *confusion)
{
  confusion->tp = tp;
  confusion->fp = fp;
  confusion->fn = curve->anomalies - tp;
  confusion->tn = curve->inliers - fp;
}

void
dh_curve_point_confusion (const DhCurve *curve, guint point, DhConfusion *confusion)
{
  g_return_if_fail (point < curve->n_points);
  fill (curve, curve->points[point].tp, curve->points[point].fp, confusion);
}

void
dh_curve_confusion (const DhCurve *curve, double threshold, DhConfusion *confusion)
{
  guint low = 0, high = curve->n_points; /* how many points have a threshold ≥ this one */
  while (low < high)
    {
      const guint middle = low + (high - low) / 2;
      if (curve->points[middle].threshold >= threshold)
        low = middle + 1;
      else
        high = middle;
    }
  if (low == 0)
    fill (curve, 0, 0, confusion);
  else
    dh_curve_point_confusion (curve, low - 1, confusion);
}

const char *
dh_operating_point_name (DhOperatingPoint point)
{
  switch (point)
    {
    case DH_OPERATING_TPR95:
      return "TPR 95 %";
    case DH_OPERATING_FPR5:
      return "FPR 5 %";
    case DH_OPERATING_BEST_F1:
      return "best F1";
    }
  return NULL;
}

gint
dh_curve_operating_point (const DhCurve *curve, DhOperatingPoint point)
{
  gint found = -1;
  double best = -1;
  for (guint i = 0; i < curve->n_points; i++)
    {
      DhConfusion at;
      dh_curve_point_confusion (curve, i, &at);
      switch (point)
        {
        case DH_OPERATING_TPR95:
          if (dh_confusion_tpr (&at) >= 0.95)
            return i;
          break;
        case DH_OPERATING_FPR5:
          if (dh_confusion_fpr (&at) <= 0.05)
            found = i;
          break;
        case DH_OPERATING_BEST_F1:
          if (dh_confusion_f1 (&at) > best && curve->anomalies)
            {
              best = dh_confusion_f1 (&at);
              found = i;
            }
          break;
        }
    }
  return found;
}
