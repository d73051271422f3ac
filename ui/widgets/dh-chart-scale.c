#include <math.h>
#include "dh-chart-private.h"
#include "dh-number.h"

static void
include (double value, gboolean log_axis, double *low, double *high)
{
  if (!isfinite (value) || (log_axis && value <= 0.0))
    return;
  *low = MIN (*low, value);
  *high = MAX (*high, value);
}

static void
include_array (const double *values, gsize n, gboolean log_axis, double *low, double *high)
{
  for (gsize i = 0; values && i < n; i++)
    include (values[i], log_axis, low, high);
}

static void
round_outwards (DhChartScale *scale, gboolean low_is_free, gboolean high_is_free)
{
  if (scale->kind == DH_AXIS_LOG)
    {
      double decades = log10 (scale->high / scale->low);
      if (low_is_free && decades > 1.0)
        scale->low = pow (10.0, floor (log10 (scale->low) + 1e-9));
      if (high_is_free && decades > 1.0)
        scale->high = pow (10.0, ceil (log10 (scale->high) - 1e-9));
      return;
    }
  double ticks[8], step = 0.0;
  dh_ticks_linear (scale->low, scale->high, 6, ticks, &step);
  if (step > 0.0 && low_is_free)
    scale->low = floor (scale->low / step + 1e-9) * step;
  if (step > 0.0 && high_is_free)
    scale->high = ceil (scale->high / step - 1e-9) * step;
}

static void
update_scale (DhChart *chart, DhChartAxis axis)
{
  DhChartScale *scale = &chart->axes[axis];
  gboolean log_axis = scale->kind == DH_AXIS_LOG;
  double low = INFINITY, high = -INFINITY;
  for (guint i = 0; i < chart->n_series; i++)
    {
      const DhChartSeries *series = &chart->series[i];
      /* Of lines they ascend. */
      gboolean ascending = axis == DH_CHART_X && series->n > 1 && series->kind != DH_SERIES_POINTS
                           && isfinite (series->x[0]) && isfinite (series->x[series->n - 1]);
      if (ascending && series->kind != DH_SERIES_STEPS && !log_axis)
        {
          include (series->x[0], log_axis, &low, &high);
          include (series->x[series->n - 1], log_axis, &low, &high);
        }
      else if (axis == DH_CHART_X)
        include_array (series->x, series->n + (series->kind == DH_SERIES_STEPS && series->n > 0), log_axis, &low,
                       &high);
      else
        {
          include_array (series->y, series->n, log_axis, &low, &high);
          include_array (series->y_low, series->n, log_axis, &low, &high);
          include_array (series->y_high, series->n, log_axis, &low, &high);
          if (series->kind == DH_SERIES_STEPS)
            include (log_axis ? 1.0 : 0.0, log_axis, &low, &high);
        }
    }
  gboolean low_is_free = isnan (scale->wanted_low), high_is_free = isnan (scale->wanted_high);
  if (!low_is_free && (!log_axis || scale->wanted_low > 0.0))
    low = scale->wanted_low;
  if (!high_is_free && (!log_axis || scale->wanted_high > 0.0))
    high = scale->wanted_high;
  if (!isfinite (low) && !isfinite (high))
    {
      low = log_axis ? 0.1 : 0.0;
      high = 1.0;
    }
  else if (!isfinite (low))
    low = log_axis ? high / 10.0 : high - 1.0;
  else if (!isfinite (high))
    high = log_axis ? low * 10.0 : low + 1.0;
  if (!(high > low))
    {
      double room = log_axis ? 0.0 : MAX (fabs (low) * 0.1, 0.5);
      if (log_axis)
        {
          high = low * 2.0;
          low /= 2.0;
        }
      else
        {
          high = low + room;
          low -= room;
        }
    }
  scale->low = low;
  scale->high = high;
  round_outwards (scale, low_is_free, high_is_free);
}

void
dh_chart_update_scales (DhChart *chart)
{
  update_scale (chart, DH_CHART_X);
  update_scale (chart, DH_CHART_Y);
}

double
dh_chart_share (const DhChartScale *scale, double value)
{
  if (isnan (value))
    return NAN;
  if (scale->kind == DH_AXIS_LOG)
    {
      if (value <= 0.0)
        return 0.0;
      return (log10 (value) - log10 (scale->low)) / (log10 (scale->high) - log10 (scale->low));
    }
  return (value - scale->low) / (scale->high - scale->low);
}

double
dh_chart_unshare (const DhChartScale *scale, double share)
{
  if (scale->kind == DH_AXIS_LOG)
    return scale->low * pow (scale->high / scale->low, share);
  return scale->low + share * (scale->high - scale->low);
}

guint
dh_chart_ticks (const DhChartScale *scale, double *ticks, char **texts, guint most)
{
  double step = 0.0;
  guint n = scale->kind == DH_AXIS_LOG     ? dh_ticks_log (scale->low, scale->high, most, ticks)
            : scale->kind == DH_AXIS_WHOLE ? dh_ticks_whole (scale->low, scale->high, most, ticks, &step)
                                           : dh_ticks_linear (scale->low, scale->high, most, ticks, &step);
  /* Within less than a decade the ticks of a logarithmic axis may be evenly spaced. */
  gboolean even = n >= 3 && fabs ((ticks[2] - ticks[1]) - (ticks[1] - ticks[0])) < 1e-6 * (ticks[1] - ticks[0]);
  if (even)
    step = pow (10.0, floor (log10 (ticks[1] - ticks[0]) + 1e-9));
  /* 0 and 1 at the ends of 0 … 1 are written without digits, as everybody does. */
  gboolean powers = TRUE;
  for (guint i = 0; i < n; i++)
    powers &= ticks[i] > 0.0 && fabs (log10 (ticks[i]) - round (log10 (ticks[i]))) < 1e-9;
  for (guint i = 0; i < n; i++)
    {
      if (scale->kind == DH_AXIS_LOG && powers)
        texts[i] = dh_number_format_log (ticks[i]);
      else if (scale->kind == DH_AXIS_LOG && !even)
        texts[i] = dh_number_format_step (ticks[i], pow (10.0, floor (log10 (ticks[i]) + 1e-9)));
      else if (scale->low >= 0.0 && scale->high <= 1.0 && (ticks[i] == 0.0 || fabs (ticks[i] - 1.0) < 1e-9))
        texts[i] = dh_number_format (ticks[i], 0);
      else
        texts[i] = dh_number_format_step (ticks[i], step);
    }
  return n;
}

/* The last index with x[index] ≤ x, for x ascending; 0 where all are greater. */
static gsize
find (const double *values, gsize n, double x)
{
  gsize low = 0, high = n;
  while (high - low > 1)
    {
      gsize middle = low + (high - low) / 2;
      if (values[middle] <= x)
        low = middle;
      else
        high = middle;
    }
  return low;
}

double
dh_chart_value_at (const DhChartSeries *series, double x)
{
  if (series->n == 0 || isnan (x))
    return NAN;
  if (series->kind == DH_SERIES_STEPS)
    {
      if (x < series->x[0] || x > series->x[series->n])
        return NAN;
      return series->y[MIN (find (series->x, series->n + 1, x), series->n - 1)];
    }
  if (x < series->x[0] || x > series->x[series->n - 1])
    return NAN;
  gsize i = find (series->x, series->n, x);
  if (i + 1 >= series->n || series->x[i] == x)
    return series->y[i];
  double width = series->x[i + 1] - series->x[i];
  double u = width > 0.0 ? (x - series->x[i]) / width : 0.0;
  return series->y[i] * (1.0 - u) + series->y[i + 1] * u;
}

gsize
dh_chart_nearest (const DhChartSeries *series, double x)
{
  gsize i = find (series->x, series->n, x);
  if (i + 1 < series->n && fabs (series->x[i + 1] - x) < fabs (series->x[i] - x))
    i++;
  return i;
}
