#include "dh-number.h"
#include <math.h>

guint
dh_ticks_linear (double low, double high, guint most, double *ticks, double *step_out)
{
  if (step_out)
    *step_out = 0.0;
  if (!isfinite (low) || !isfinite (high) || !(high > low) || most < 1)
    return 0;
  double range = high - low;
  if (!isfinite (range) || range < 1e-300 || range < 1e-13 * MAX (fabs (low), fabs (high)))
    return 0;
  double step = pow (10.0, floor (log10 (range / most)));
  static const double factors[] = { 1.0, 2.0, 5.0, 10.0, 20.0, 50.0 };
  for (guint i = 0; i < G_N_ELEMENTS (factors); i++)
    {
      double s = step * factors[i];
      double first = ceil (low / s - 1e-9), last = floor (high / s + 1e-9);
      if (last - first + 1.0 > most)
        continue;
      guint n = 0;
      for (double k = first; k <= last && n < most; k += 1.0)
        ticks[n++] = k == 0.0 ? 0.0 : k * s;
      if (step_out)
        *step_out = s;
      return n;
    }
  return 0;
}

guint
dh_ticks_whole (double low, double high, guint most, double *ticks, double *step)
{
  guint n = dh_ticks_linear (low, high, most, ticks, step);
  if (*step <= 0.0 || *step >= 1.0)
    return n;
  *step = 1.0;
  n = 0;
  for (double at = ceil (low - 1e-9); at <= high + 1e-9 && n < most; at += 1.0)
    ticks[n++] = at;
  return n;
}

guint
dh_ticks_log (double low, double high, guint most, double *ticks)
{
  if (!(low > 0.0) || !isfinite (high) || !(high > low) || most < 1)
    return 0;
  int first = (int)ceil (log10 (low) - 1e-9), last = (int)floor (log10 (high) + 1e-9);
  guint n = 0;
  if (last - first < 2)
    {
      static const double factors[] = { 1.0, 2.0, 5.0 };
      double all[16];
      guint count = 0;
      for (int decade = first - 1; decade <= last; decade++)
        for (guint i = 0; i < 3; i++)
          {
            double v = factors[i] * pow (10.0, decade);
            if (v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9) && count < G_N_ELEMENTS (all))
              all[count++] = v;
          }
      if (count >= 3 && count <= most)
        {
          for (; n < count; n++)
            ticks[n] = all[n];
          return n;
        }
      if (count < 3)
        return dh_ticks_linear (low, high, most, ticks, NULL);
    }
  int stride = (last - first) / (int)most + 1;
  for (int decade = last - (last - first) / stride * stride; decade <= last && n < most; decade += stride)
    ticks[n++] = pow (10.0, decade);
  return n;
}

guint
dh_ticks_logit (double low, double high, guint most, double *ticks)
{
  static const double ps[] = { 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1 - 1e-6, 1 - 1e-9 };
  guint n = 0, inside = 0;
  if (!isfinite (low) || !isfinite (high) || !(high > low) || most < 1)
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (ps); i++)
    inside += dh_logit (ps[i]) >= low && dh_logit (ps[i]) <= high;
  /* Every second one, counted from ½, where there are too many. */
  int stride = inside > most ? 2 : 1;
  for (int i = 0; i < (int)G_N_ELEMENTS (ps) && n < most; i++)
    {
      double at = dh_logit (ps[i]);
      if (at >= low && at <= high && ABS (i - 6) % stride == 0)
        ticks[n++] = at;
    }
  return n;
}

char *
dh_number_format_log (double value)
{
  static const char *const superscripts[] = { "\xe2\x81\xb0", "\xc2\xb9",     "\xc2\xb2",     "\xc2\xb3",
                                              "\xe2\x81\xb4", "\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7",
                                              "\xe2\x81\xb8", "\xe2\x81\xb9" };
  double exponent = log10 (value);
  int rounded = isfinite (exponent) ? (int)round (exponent) : 0;
  if (!(value > 0.0) || fabs (exponent - rounded) > 1e-9)
    {
      double step = value > 0.0 && isfinite (value) ? pow (10.0, floor (exponent + 1e-9)) : 1.0;
      return dh_number_format_step (value, step);
    }
  GString *string = g_string_new ("10");
  char digits[16];
  g_snprintf (digits, sizeof digits, "%d", ABS (rounded));
  if (rounded < 0)
    g_string_append (string, "\xe2\x81\xbb");
  for (const char *p = digits; *p; p++)
    g_string_append (string, superscripts[*p - '0']);
  return g_string_free (string, FALSE);
}
