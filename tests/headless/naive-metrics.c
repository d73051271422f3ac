#include "naive-metrics.h"
#include <math.h>
#include <stdlib.h>

typedef struct
{
  double score;
  guint8 label;
} Pixel;

static int
compare_pixels (const void *a, const void *b)
{
  const double x = ((const Pixel *)a)->score, y = ((const Pixel *)b)->score;
  return (x < y) - (x > y);
}

static NaivePoint *
point_at (const GArray *points, guint i)
{
  return &g_array_index (points, NaivePoint, i);
}

/* What roc_curve keeps by default: the ends, and where a second difference is not 0. */
static GArray *
drop_intermediate (const GArray *points)
{
  GArray *kept = g_array_new (FALSE, FALSE, sizeof (NaivePoint));
  for (guint i = 0; i < points->len; i++)
    {
      gboolean keep = i == 0 || i + 1 == points->len;
      if (!keep)
        {
          const NaivePoint *a = point_at (points, i - 1), *b = point_at (points, i), *c = point_at (points, i + 1);
          keep = c->tp - b->tp != b->tp - a->tp || c->fp - b->fp != b->fp - a->fp;
        }
      if (keep)
        g_array_append_val (kept, *point_at (points, i));
    }
  return kept;
}

static void
read_rates (Naive *naive)
{
  const double p = naive->anomalies, n = naive->inliers;
  g_autoptr (GArray) kept = drop_intermediate (naive->points);
  for (guint i = 0; i < kept->len; i++)
    if (point_at (kept, i)->tp / p > 0.95)
      {
        naive->fpr95[0] = point_at (kept, i)->fp / n;
        naive->threshold[0] = point_at (kept, i)->score;
        break;
      }
  double nearest = INFINITY;
  gboolean reached = FALSE, full = FALSE;
  for (guint i = 0; i < naive->points->len; i++)
    {
      const NaivePoint *at = point_at (naive->points, i);
      const double tpr = at->tp / p;
      if (!reached && tpr >= 0.95)
        {
          naive->fpr95[1] = at->fp / n;
          naive->threshold[1] = at->score;
          reached = TRUE;
        }
      if (!full && fabs (tpr - 0.95) <= nearest)
        {
          nearest = fabs (tpr - 0.95);
          naive->fpr95[2] = at->fp / n;
          naive->threshold[2] = at->score;
        }
      full |= at->tp == naive->anomalies;
    }
}

static void
read_areas (Naive *naive)
{
  const double p = naive->anomalies, n = naive->inliers;
  NaivePoint before = { 0 };
  naive->best_f1 = -1;
  for (guint i = 0; i < naive->points->len; i++)
    {
      const NaivePoint *at = point_at (naive->points, i);
      naive->ap += (at->tp / p - before.tp / p) * at->tp / (at->tp + at->fp);
      naive->auroc += (at->fp / n - before.fp / n) * (at->tp / p + before.tp / p) / 2;
      const double f1 = 2.0 * at->tp / (2 * at->tp + at->fp + (naive->anomalies - at->tp));
      if (f1 > naive->best_f1)
        {
          naive->best_f1 = f1;
          naive->best_f1_threshold = at->score;
        }
      before = *at;
    }
}

Naive *
naive_new (const float *scores, const guint8 *labels, gsize n)
{
  Naive *naive = g_new0 (Naive, 1);
  Pixel *pixels = g_new (Pixel, n);
  gsize used = 0;
  for (gsize i = 0; i < n; i++)
    if (!isfinite (scores[i]))
      naive->non_finite++;
    else if (labels[i] <= 1)
      {
        pixels[used++] = (Pixel){ scores[i], labels[i] };
        ++*(labels[i] ? &naive->anomalies : &naive->inliers);
      }
  qsort (pixels, used, sizeof *pixels, compare_pixels);
  naive->points = g_array_new (FALSE, FALSE, sizeof (NaivePoint));
  guint64 tp = 0, fp = 0;
  for (gsize i = 0; i < used; i++)
    {
      ++*(pixels[i].label ? &tp : &fp);
      const NaivePoint point = { pixels[i].score, tp, fp };
      if (i + 1 == used || pixels[i + 1].score != pixels[i].score)
        g_array_append_val (naive->points, point);
    }
  g_free (pixels);
  if (naive->anomalies && naive->inliers)
    {
      read_areas (naive);
      read_rates (naive);
    }
  return naive;
}

void
naive_free (Naive *naive)
{
  g_array_unref (naive->points);
  g_free (naive);
}

double
random_unit (guint64 *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (*state >> 11) * 0x1p-53;
}

double
random_normal (guint64 *state)
{
  const double r = sqrt (-2 * log (1 - random_unit (state)));
  return r * cos (2 * G_PI * random_unit (state));
}
