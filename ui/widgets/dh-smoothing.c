#include "dh-smoothing.h"
#include <math.h>

#define DECADES 3.0

DhSmoothing
dh_smoothing_new (double weight)
{
  return (DhSmoothing){ .weight = CLAMP (weight, 0.0, 1.0 - 1e-9), .correction = 1.0 };
}

void
dh_smoothing_apply (DhSmoothing *self, const double *values, double *smooth, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      if (self->weight == 0.0 || !isfinite (values[i]))
        {
          smooth[i] = values[i];
          continue;
        }
      self->mean = self->weight * self->mean + (1.0 - self->weight) * values[i];
      self->correction *= self->weight;
      smooth[i] = self->mean / (1.0 - self->correction);
    }
}

double
dh_smoothing_weight (double place)
{
  return place > 0.0 ? 1.0 - pow (10.0, -DECADES * MIN (place, 1.0)) : 0.0;
}

double
dh_smoothing_place (double weight)
{
  return weight > 0.0 ? MIN (-log10 (1.0 - MIN (weight, 1.0 - 1e-9)) / DECADES, 1.0) : 0.0;
}
