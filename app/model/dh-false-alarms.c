#include "dh-false-alarms-private.h"
#include <math.h>

struct _DhFalseAlarms
{
  gatomicrefcount refs;
  DhFrocCurve *curve; /* NULL: nothing is known */
  gboolean above;
  char *why;
  guint n;
  double *rates, *found; /* corners */
};

DhFalseAlarms *
dh_false_alarms_new (DhFrocCurve *curve, gboolean above, char *why)
{
  DhFalseAlarms *self = g_new0 (DhFalseAlarms, 1);
  g_atomic_ref_count_init (&self->refs);
  self->curve = curve;
  self->above = above;
  self->why = why;
  g_autoptr (GArray) corners = curve != NULL ? dh_froc_curve_corners (curve) : NULL;
  self->n = corners != NULL ? corners->len : 0;
  self->rates = g_new (double, MAX (self->n, 1));
  self->found = g_new (double, MAX (self->n, 1));
  for (guint i = 0; i < self->n; i++)
    {
      const DhFrocCorner *corner = &g_array_index (corners, DhFrocCorner, i);
      self->rates[i] = corner->rate;
      self->found[i] = corner->found;
    }
  return self;
}

DhFalseAlarms *
dh_false_alarms_ref (DhFalseAlarms *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
dh_false_alarms_unref (DhFalseAlarms *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  dh_froc_curve_free (self->curve);
  g_free (self->why);
  g_free (self->rates);
  g_free (self->found);
  g_free (self);
}

const char *
dh_false_alarms_get_why (const DhFalseAlarms *self)
{
  return self->why;
}

gboolean
dh_false_alarms_has_curve (const DhFalseAlarms *self)
{
  return self->curve != NULL;
}

guint
dh_false_alarms_count_images (const DhFalseAlarms *self)
{
  return self->curve != NULL ? self->curve->images : 0;
}

guint
dh_false_alarms_count_objects (const DhFalseAlarms *self)
{
  return self->curve != NULL ? self->curve->n_objects : 0;
}

double
dh_false_alarms_found_share (const DhFalseAlarms *self)
{
  return self->curve != NULL ? self->curve->options.found_share : (double)NAN;
}

guint64
dh_false_alarms_min_anomaly (const DhFalseAlarms *self)
{
  return self->curve != NULL ? self->curve->options.min_anomaly : 0;
}

guint
dh_false_alarms_get_corners (const DhFalseAlarms *self, const double **rates, const double **found)
{
  *rates = self->rates;
  *found = self->found;
  return self->n;
}

static void
show (const DhFalseAlarms *self, const DhFrocPoint *at, double threshold, DhFalseAlarmsPoint *point)
{
  *point = (DhFalseAlarmsPoint){ .found = dh_froc_curve_found (self->curve, at),
                                 .rate = dh_froc_curve_rate (self->curve, at),
                                 .most = at != NULL ? (double)at->most / MAX (self->curve->images, 1) : 0,
                                 .threshold = threshold };
}

void
dh_false_alarms_at (const DhFalseAlarms *self, double threshold, DhFalseAlarmsPoint *point)
{
  *point = (DhFalseAlarmsPoint){ NAN, NAN, NAN, threshold };
  if (self->curve == NULL || isnan (threshold))
    return;
  /* for every float the same as a comparison with the double */
  const double turned = self->above ? threshold : -threshold;
  const float limit = (float)turned;
  show (self, dh_froc_curve_at (self->curve, limit > turned ? nextafterf (limit, -INFINITY) : limit, FALSE), threshold,
        point);
}

void
dh_false_alarms_at_rate (const DhFalseAlarms *self, double rate, DhFalseAlarmsPoint *point)
{
  *point = (DhFalseAlarmsPoint){ NAN, NAN, NAN, NAN };
  if (self->curve == NULL || self->curve->images == 0)
    return;
  const DhFrocPoint *at = dh_froc_curve_at_rate (self->curve, rate);
  const double turned = at != NULL ? (double)nextafterf (at->threshold, -INFINITY) : (double)NAN;
  show (self, at, self->above ? turned : -turned, point);
}

double
dh_false_alarms_mean (const DhFalseAlarms *self)
{
  return self->curve != NULL ? dh_froc_curve_mean (self->curve) : (double)NAN;
}
