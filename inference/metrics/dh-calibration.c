#include "dh-open-set.h"
#include "dh-error.h"
#include "dh-ranking.h"

struct _DhCalibration
{
  double tpr;
  guint8 classes[256];
  DhRanking *set;
};

DhCalibration *
dh_calibration_new (guint classes, double tpr)
{
  g_return_val_if_fail (classes >= 1 && classes <= 254 && tpr >= 0 && tpr < 1, NULL);
  DhCalibration *calibration = g_new0 (DhCalibration, 1);
  calibration->tpr = tpr;
  for (guint label = 0; label < 256; label++)
    calibration->classes[label] = label < classes    ? DH_LABEL_INLIER
                                  : label == classes ? DH_LABEL_ANOMALY
                                                     : DH_LABEL_IGNORED;
  calibration->set = dh_ranking_new ();
  return calibration;
}

void
dh_calibration_free (DhCalibration *calibration)
{
  if (!calibration)
    return;
  dh_ranking_free (calibration->set);
  g_free (calibration);
}

gboolean
dh_calibration_add (DhCalibration *calibration, const float *scores, const guint8 *labels, guint width, guint height,
                    GError **error)
{
  const guint half = width / 2;
  g_autofree float *row = g_try_new (float, MAX (half, 1));
  g_autofree guint8 *classes = g_try_malloc (MAX (half, 1));
  if (!row || !classes)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "there is no memory left to calibrate the threshold");
      return FALSE;
    }
  for (guint y = 0; y < height / 2; y++)
    {
      const float *top = scores + (gsize)2 * y * width, *bottom = top + width;
      for (guint x = 0; x < half; x++)
        {
          /* a bilinear resize with half-pixel centres: rows first, weights of one half, in float32 */
          row[x] = 0.5f * (0.5f * top[2 * x] + 0.5f * top[2 * x + 1])
                   + 0.5f * (0.5f * bottom[2 * x] + 0.5f * bottom[2 * x + 1]);
          classes[x] = labels[(gsize)2 * y * width + 2 * x];
        }
      if (!dh_ranking_add (calibration->set, row, classes, half, calibration->classes, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
dh_calibration_merge (DhCalibration *calibration, const DhCalibration *other, GError **error)
{
  return dh_ranking_merge (calibration->set, other->set, error);
}

double
dh_calibration_threshold (DhCalibration *calibration)
{
  return dh_ranking_roc_threshold (calibration->set, calibration->tpr);
}
