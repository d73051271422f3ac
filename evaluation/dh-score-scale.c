#include "dh-score-scale-private.h"

#include <math.h>

#include "dh-score-ranks-private.h"

struct _DhScoreScale
{
  guint64 n;
  double mean, squares; /* of the differences from the mean */
  float least, most;
  DhScoreRanks *ranks; /* NULL: none */
};

DhScoreScale *
dh_score_scale_new (gboolean ranks)
{
  DhScoreScale *scale = g_new0 (DhScoreScale, 1);
  scale->least = INFINITY;
  scale->most = -INFINITY;
  scale->ranks = ranks ? dh_score_ranks_new () : NULL;
  return scale;
}

void
dh_score_scale_free (DhScoreScale *scale)
{
  if (!scale)
    return;
  dh_score_ranks_free (scale->ranks);
  g_free (scale);
}

void
dh_score_scale_add (DhScoreScale *scale, const float *values, gsize n)
{
  double sum = 0, squares = 0;
  guint64 finite = 0;
  for (gsize i = 0; i < n; i++)
    if (isfinite (values[i]))
      {
        sum += values[i];
        finite++;
        scale->least = MIN (scale->least, values[i]);
        scale->most = MAX (scale->most, values[i]);
      }
  if (finite == 0)
    return;
  const double mean = sum / (double)finite;
  for (gsize i = 0; i < n; i++)
    if (isfinite (values[i]))
      squares += (values[i] - mean) * (values[i] - mean);
  for (gsize i = 0; scale->ranks && i < n; i++)
    if (isfinite (values[i]))
      dh_score_ranks_add (scale->ranks, values[i]);
  const double all = (double)(scale->n + finite), apart = mean - scale->mean;
  scale->squares += squares + apart * apart * (double)scale->n * (double)finite / all;
  scale->mean += apart * (double)finite / all;
  scale->n += finite;
}

gboolean
dh_score_scale_finish (DhScoreScale *scale)
{
  if (scale->ranks)
    dh_score_ranks_finish (scale->ranks);
  return scale->n > 1 && scale->least < scale->most && dh_score_scale_deviation (scale) > 0;
}

double
dh_score_scale_mean (const DhScoreScale *scale)
{
  return scale->mean;
}

double
dh_score_scale_deviation (const DhScoreScale *scale)
{
  return sqrt (scale->squares / (double)scale->n);
}

double
dh_score_scale_apply (const DhScoreScale *scale, float value)
{
  if (isnan (value))
    return NAN;
  if (scale->ranks)
    return isinf (value) ? value > 0 : dh_score_ranks_of (scale->ranks, value);
  return (value - scale->mean) / dh_score_scale_deviation (scale);
}
