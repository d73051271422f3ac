#include "dh-spread.h"

#include <math.h>

DhSpread
dh_spread_of (const double *values, guint n)
{
  DhSpread spread = { .mean = NAN, .deviation = NAN };
  double sum = 0, squares = 0;
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      {
        sum += values[i];
        spread.n++;
      }
  spread.undefined = n - spread.n;
  if (spread.n == 0)
    return spread;
  spread.mean = sum / spread.n;
  /* From the mean, not as a difference of large sums, which cancels where values are close to each other. */
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      squares += (values[i] - spread.mean) * (values[i] - spread.mean);
  if (spread.n > 1)
    spread.deviation = sqrt (squares / (spread.n - 1));
  return spread;
}
