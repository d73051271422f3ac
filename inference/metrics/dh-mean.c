#include "dh-mean.h"

#include <math.h>

DhMean
dh_mean_of (const double *values, guint n)
{
  DhMean found = { .mean = NAN, .deviation = NAN };
  double sum = 0, squares = 0;
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      {
        sum += values[i];
        found.n++;
      }
  found.undefined = n - found.n;
  if (found.n == 0)
    return found;
  found.mean = sum / found.n;
  /* From the mean, not as a difference of large sums, which cancels where values are close to each other. */
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      squares += (values[i] - found.mean) * (values[i] - found.mean);
  if (found.n > 1)
    found.deviation = sqrt (squares / (found.n - 1));
  return found;
}
