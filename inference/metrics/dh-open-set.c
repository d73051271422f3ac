#include "dh-open-set.h"
#include <math.h>
#include "dh-key-private.h"

struct _DhOpenSet
{
  guint classes, images;
  double threshold;
  guint64 pixels, ignored, non_finite;
  guint64 *open;   /* (K + 1)×(K + 1), row = label */
  guint64 *closed; /* K×K */
};

DhOpenSet *
dh_open_set_new (guint classes, double threshold)
{
  g_return_val_if_fail (classes >= 1 && classes <= 254, NULL);
  DhOpenSet *set = g_new0 (DhOpenSet, 1);
  set->classes = classes;
  set->threshold = threshold;
  set->open = g_new0 (guint64, (classes + 1) * (classes + 1));
  set->closed = g_new0 (guint64, classes * classes);
  return set;
}

void
dh_open_set_free (DhOpenSet *set)
{
  if (!set)
    return;
  g_free (set->open);
  g_free (set->closed);
  g_free (set);
}

void
dh_open_set_add (DhOpenSet *set, const guint8 *prediction, const float *scores, const guint8 *labels, gsize n)
{
  const guint k = set->classes;
  for (gsize i = 0; i < n; i++)
    {
      const guint label = labels[i];
      if (dh_bits_non_finite (dh_float_bits (scores[i])))
        set->non_finite++;
      else if (label > k)
        set->ignored++;
      else
        {
          const guint class = MIN (prediction[i], k);
          const guint open = scores[i] > set->threshold ? k : class;
          set->open[label * (k + 1) + open]++;
          if (label < k && class < k)
            set->closed[label * k + class]++;
          set->pixels++;
        }
    }
}

void
dh_open_set_end_image (DhOpenSet *set)
{
  set->images++;
}

void
dh_open_set_merge (DhOpenSet *set, const DhOpenSet *other)
{
  g_return_if_fail (set->classes == other->classes && set->threshold == other->threshold);
  for (guint i = 0; i < (set->classes + 1) * (set->classes + 1); i++)
    set->open[i] += other->open[i];
  for (guint i = 0; i < set->classes * set->classes; i++)
    set->closed[i] += other->closed[i];
  set->images += other->images;
  set->pixels += other->pixels;
  set->ignored += other->ignored;
  set->non_finite += other->non_finite;
}

double
dh_open_set_iou (const guint64 *confusion, guint n, guint n_mean, double *iou)
{
  double sum = 0;
  guint defined = 0;
  for (guint c = 0; c < n; c++)
    {
      guint64 labelled = 0, predicted = 0;
      const guint64 both = confusion[c * n + c];
      for (guint other = 0; other < n; other++)
        {
          labelled += confusion[c * n + other];
          predicted += confusion[other * n + c];
        }
      const guint64 either = labelled + predicted - both;
      const double one = either ? (double)both / either : NAN;
      if (iou)
        iou[c] = one;
      if (c < n_mean && either)
        {
          sum += one;
          defined++;
        }
    }
  return defined ? sum / defined : NAN;
}

void
dh_open_set_join_labels (guint classes, const guint8 *anomalies, const guint8 *ids, guint8 *labels, gsize n)
{
  for (gsize i = 0; i < n; i++)
    labels[i] = anomalies && anomalies[i] == 1                          ? classes
                : (!anomalies || anomalies[i] == 0) && ids[i] < classes ? ids[i]
                                                                        : classes + 1;
}

DhOpenSetResult *
dh_open_set_finish (const DhOpenSet *set)
{
  const guint k = set->classes;
  DhOpenSetResult *result = g_new0 (DhOpenSetResult, 1);
  result->classes = k;
  result->images = set->images;
  result->threshold = set->threshold;
  result->pixels = set->pixels;
  result->ignored = set->ignored;
  result->non_finite = set->non_finite;
  result->iou = g_new (double, k + 1);
  result->closed_iou = g_new (double, k);
  result->confusion = g_memdup2 (set->open, (k + 1) * (k + 1) * sizeof (guint64));
  result->closed_confusion = g_memdup2 (set->closed, k * k * sizeof (guint64));
  result->open_miou = dh_open_set_iou (result->confusion, k + 1, k, result->iou);
  result->anomaly_iou = result->iou[k];
  result->closed_miou = dh_open_set_iou (result->closed_confusion, k, k, result->closed_iou);
  return result;
}

void
dh_open_set_result_free (DhOpenSetResult *result)
{
  if (!result)
    return;
  g_free (result->iou);
  g_free (result->closed_iou);
  g_free (result->confusion);
  g_free (result->closed_confusion);
  g_free (result);
}

double
dh_open_set_weighted_open_miou (DhOpenSetResult *const *results, guint n)
{
  double sum = 0, images = 0;
  for (guint i = 0; i < n; i++)
    if (!isnan (results[i]->open_miou))
      {
        sum += results[i]->images * results[i]->open_miou;
        images += results[i]->images;
      }
  return images > 0 ? sum / images : NAN;
}

double
dh_open_set_pooled_closed_miou (DhOpenSetResult *const *results, guint n)
{
  if (!n)
    return NAN;
  const guint k = results[0]->classes;
  g_autofree guint64 *sum = g_new0 (guint64, k * k);
  for (guint i = 0; i < n; i++)
    {
      g_return_val_if_fail (results[i]->classes == k, NAN);
      for (guint cell = 0; cell < k * k; cell++)
        sum[cell] += results[i]->closed_confusion[cell];
    }
  return dh_open_set_iou (sum, k, k, NULL);
}
