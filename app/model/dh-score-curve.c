#include "dh-score-curve-private.h"

DhScoreCurve *
dh_score_curve_new (const DhCurve *points, DhScore score)
{
  if (points == NULL || points->n_points == 0)
    return NULL;
  const double sign = dh_score_flags_above (score) ? 1 : -1;
  DhScoreCurve *curve = g_new0 (DhScoreCurve, 1);
  curve->n = points->n_points;
  double **columns[] = { &curve->threshold, &curve->precision, &curve->tpr, &curve->fpr, &curve->f1 };
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    *columns[i] = g_new (double, curve->n);
  for (guint i = 0; i < curve->n; i++)
    {
      DhConfusion confusion;
      dh_curve_point_confusion (points, i, &confusion);
      curve->threshold[i] = sign * points->points[i].threshold;
      curve->precision[i] = dh_confusion_precision (&confusion);
      curve->tpr[i] = dh_confusion_tpr (&confusion);
      curve->fpr[i] = dh_confusion_fpr (&confusion);
      curve->f1[i] = dh_confusion_f1 (&confusion);
    }
  return curve;
}

void
dh_score_curve_free (DhScoreCurve *curve)
{
  if (curve == NULL)
    return;
  g_free (curve->threshold);
  g_free (curve->precision);
  g_free (curve->tpr);
  g_free (curve->fpr);
  g_free (curve->f1);
  g_free (curve);
}
