#include "dh-score-scale-private.h"

#include <math.h>
#include <string.h>

enum
{
  BIN_BITS = 14, /* of a score's 32, that lie within its bin */
  BIN_SIZE = 1 << BIN_BITS,
  N_BINS = 1 << (32 - BIN_BITS),
};

/* `least`, `most`: of the lower bits of the scores in it. */
typedef struct
{
  guint64 n; /* pixels; once all are added, those of the bins below it */
  guint16 least, most;
} Bin;

struct _DhScoreScale
{
  guint64 n;
  double mean, squares; /* of the differences from the mean */
  float least, most;
  Bin *bins; /* NULL: no ranks; one more at the end */
};

DhScoreScale *
dh_score_scale_new (gboolean ranks)
{
  DhScoreScale *scale = g_new0 (DhScoreScale, 1);
  scale->least = INFINITY;
  scale->most = -INFINITY;
  if (ranks)
    scale->bins = g_new0 (Bin, N_BINS + 1);
  return scale;
}

void
dh_score_scale_free (DhScoreScale *scale)
{
  if (!scale)
    return;
  g_free (scale->bins);
  g_free (scale);
}

/* In the order of the scores; −0 is 0. */
static guint32
key_of (float value)
{
  const float positive = value == 0 ? 0 : value;
  guint32 bits;
  memcpy (&bits, &positive, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static void
count (DhScoreScale *scale, float value)
{
  const guint32 key = key_of (value);
  const guint16 within = key & (BIN_SIZE - 1);
  Bin *bin = &scale->bins[key >> BIN_BITS];
  bin->least = bin->n ? MIN (bin->least, within) : within;
  bin->most = MAX (bin->most, within);
  bin->n++;
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
  for (gsize i = 0; scale->bins && i < n; i++)
    if (isfinite (values[i]))
      count (scale, values[i]);
  const double all = (double)(scale->n + finite), apart = mean - scale->mean;
  scale->squares += squares + apart * apart * (double)scale->n * (double)finite / all;
  scale->mean += apart * (double)finite / all;
  scale->n += finite;
}

gboolean
dh_score_scale_finish (DhScoreScale *scale)
{
  guint64 below = 0;
  for (guint i = 0; scale->bins && i <= N_BINS; i++)
    {
      const guint64 n = scale->bins[i].n;
      scale->bins[i].n = below;
      below += n;
    }
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

/* The first pixel of a bin has the rank of its middle, as the last, and so have all where these are the same. */
static double
rank_of (const DhScoreScale *scale, float value)
{
  if (isinf (value))
    return value > 0;
  const guint32 key = key_of (value), within = key & (BIN_SIZE - 1);
  const Bin *bin = &scale->bins[key >> BIN_BITS];
  const double n = (double)((bin + 1)->n - bin->n);
  const double part = bin->least < bin->most
                          ? (double)(CLAMP (within, bin->least, bin->most) - bin->least) / (bin->most - bin->least)
                          : 0.5;
  return ((double)bin->n + 0.5 + part * (n - 1)) / (double)scale->n;
}

double
dh_score_scale_apply (const DhScoreScale *scale, float value)
{
  if (isnan (value))
    return NAN;
  return scale->bins ? rank_of (scale, value) : (value - scale->mean) / dh_score_scale_deviation (scale);
}
