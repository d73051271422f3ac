#include <math.h>
#include "dh-chart-private.h"

/* Lines, points, bars and bands of extremes, of any number of points. */

#define BAND_COLUMN 4.0 /* least width of a column of extremes, and least points in one */
#define BAND_POINTS 6
#define SMALL_DOT 2.5 /* px, its radius */

static void
set_dash (DhChartPainter *painter, const DhChartSeries *series)
{
  DhDash dash = series->dash;
  if (dash == DH_DASH_BY_TONE)
    dash = series->tone == DH_TONE_LIKELIHOOD  ? DH_DASH_DASHED
           : series->tone == DH_TONE_POSTERIOR ? DH_DASH_DOTTED
                                               : DH_DASH_SOLID;
  if (dash == DH_DASH_DASHED)
    cairo_set_dash (painter->cr, (const double[]){ 5, 3 }, 2, 0);
  else if (dash == DH_DASH_DOTTED)
    cairo_set_dash (painter->cr, (const double[]){ 1.5, 2.5 }, 2, 0);
  else
    cairo_set_dash (painter->cr, NULL, 0, 0);
}

/* The first index behind `from` whose x is at or behind `end`, for x ascending. */
static gsize
column_end (const double *xs, gsize from, gsize n, double end)
{
  gsize low = from + 1, high = n;
  while (low < high)
    {
      gsize middle = low + (high - low) / 2;
      if (xs[middle] < end)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* The value of x at `x` pixels. */
static double
from_x (const DhChartPainter *painter, double x)
{
  return dh_chart_unshare (&painter->chart->axes[DH_CHART_X], (x - painter->plot.origin.x) / painter->plot.size.width);
}

/* A line through many points: within one column of pixels only the first, the extremes and the last are needed, in the
 * order in which they come. Extremes are looked for among the values, as the axes keep their order. */
void
dh_chart_trace_line (DhChartPainter *painter, const double *xs, const double *ys, gsize n)
{
  gboolean down = FALSE;
  double bottom = painter->plot.origin.y + painter->plot.size.height;
  double top = painter->plot.origin.y, reach = 4.0 * painter->plot.size.height;
  for (gsize i = 0; i < n;)
    {
      double x = dh_chart_to_x (painter, xs[i]);
      if (isnan (x) || isnan (ys[i]) || isinf (x))
        {
          down = FALSE;
          i++;
          continue;
        }
      double column = floor (x / painter->pixel);
      gsize end = column_end (xs, i, n, from_x (painter, (column + 1.0) * painter->pixel));
      gsize low = i, high = i, k = i + 1;
      for (; k < end && !isnan (ys[k]); k++)
        {
          low = ys[k] < ys[low] ? k : low;
          high = ys[k] > ys[high] ? k : high;
        }
      const gsize points[4] = { i, MIN (low, high), MAX (low, high), k - 1 };
      for (guint p = 0; p < (k - i > 1 ? 4u : 1u); p++)
        {
          double y = CLAMP (dh_chart_to_y (painter, ys[points[p]]), top - reach, bottom + reach);
          if (down)
            cairo_line_to (painter->cr, x, y);
          else
            cairo_move_to (painter->cr, x, y);
          down = TRUE;
        }
      i = k;
    }
}

static void
paint_band (DhChartPainter *painter, const DhChartSeries *series, const GdkRGBA *color)
{
  for (gsize i = 0; i < series->n;)
    {
      gsize end = i;
      while (end < series->n && isfinite (series->y_low[end]) && isfinite (series->y_high[end]))
        end++;
      if (end - i >= 2)
        {
          dh_chart_trace_line (painter, series->x + i, series->y_high + i, end - i);
          for (gsize k = end; k-- > i;)
            cairo_line_to (painter->cr, dh_chart_to_x (painter, series->x[k]),
                           dh_chart_to_y (painter, series->y_low[k]));
          cairo_close_path (painter->cr);
          dh_chart_set_source (painter, color, 0.18);
          cairo_fill (painter->cr);
        }
      i = MAX (end, i + 1);
    }
}

void
dh_chart_paint_dot (DhChartPainter *painter, double x, double y, double radius, const GdkRGBA *color)
{
  cairo_new_path (painter->cr);
  cairo_arc (painter->cr, x, y, radius + DH_CHART_RIM, 0, 2 * G_PI);
  dh_chart_set_source (painter, &painter->ground, 1.0);
  cairo_fill (painter->cr);
  cairo_arc (painter->cr, x, y, radius, 0, 2 * G_PI);
  dh_chart_set_source (painter, color, 1.0);
  cairo_fill (painter->cr);
}

static void
paint_steps (DhChartPainter *painter, const DhChartSeries *series, const GdkRGBA *color)
{
  double base = painter->plot.origin.y + painter->plot.size.height;
  cairo_new_path (painter->cr);
  cairo_move_to (painter->cr, dh_chart_to_x (painter, series->x[0]), base);
  for (gsize i = 0; i < series->n; i++)
    {
      double y = MIN (base, dh_chart_to_y (painter, series->y[i]));
      double x0 = dh_chart_to_x (painter, series->x[i]), x1 = dh_chart_to_x (painter, series->x[i + 1]);
      if (isnan (y))
        y = base;
      cairo_line_to (painter->cr, round (x0 / painter->pixel) * painter->pixel, y);
      cairo_line_to (painter->cr, round (x1 / painter->pixel) * painter->pixel, y);
    }
  cairo_line_to (painter->cr, dh_chart_to_x (painter, series->x[series->n]), base);
  cairo_close_path (painter->cr);
  dh_chart_set_source (painter, color, series->tone == DH_TONE_INLIER ? 0.60 : 0.42);
  cairo_fill (painter->cr);
}

/* Where the points stand apart: between the extremes of each one's neighbours. */
static void
paint_sparse_extremes (DhChartPainter *painter, const DhChartSeries *series)
{
  gsize n = series->n;
  for (guint side = 0; side < 2; side++)
    for (gsize k = 0; k < n; k++)
      {
        gsize i = side == 0 ? k : n - 1 - k;
        double extreme = NAN;
        for (gsize j = i > BAND_POINTS / 2 ? i - BAND_POINTS / 2 : 0; j <= MIN (i + BAND_POINTS / 2, n - 1); j++)
          if (isfinite (series->y[j]) && !(side == 0 ? series->y[j] <= extreme : series->y[j] >= extreme))
            extreme = series->y[j];
        double x = dh_chart_to_x (painter, series->x[i]), y = dh_chart_to_y (painter, extreme);
        if (isfinite (x) && isfinite (y))
          cairo_line_to (painter->cr, x, y);
      }
  cairo_close_path (painter->cr);
  cairo_fill (painter->cr);
}

/* The band between the extremes of points: of those that fall into one column of a few pixels. */
static void
paint_extremes (DhChartPainter *painter, const DhChartSeries *series, const GdkRGBA *color)
{
  double first = dh_chart_to_x (painter, series->x[0]), last = dh_chart_to_x (painter, series->x[series->n - 1]);
  double apart = series->n > 1 ? (last - first) / (double)(series->n - 1) : 0.0;
  double width = MAX (BAND_COLUMN, BAND_POINTS * apart);
  double top = painter->plot.origin.y, bottom = top + painter->plot.size.height;
  dh_chart_set_source (painter, color, 0.18);
  if (width > 2 * BAND_COLUMN && series->n > 1)
    {
      paint_sparse_extremes (painter, series);
      return;
    }
  for (gsize i = 0; i < series->n;)
    {
      double left = first + floor ((dh_chart_to_x (painter, series->x[i]) - first) / width) * width;
      double right = MIN (left + width, MAX (last, left + 1.0));
      gsize end = column_end (series->x, i, series->n, from_x (painter, left + width));
      double low = INFINITY, high = -INFINITY;
      for (; i < end; i++)
        if (isfinite (series->y[i]))
          {
            low = MIN (low, series->y[i]);
            high = MAX (high, series->y[i]);
          }
      if (!(high >= low) || !isfinite (left))
        continue;
      double from = CLAMP (dh_chart_to_y (painter, high), top, bottom),
             to = CLAMP (dh_chart_to_y (painter, low), top, bottom);
      left = round (left / painter->pixel) * painter->pixel;
      right = round (right / painter->pixel) * painter->pixel;
      cairo_rectangle (painter->cr, left, from, right - left, MAX (to - from, 1.0));
    }
  cairo_fill (painter->cr);
}

/* Pixels from one value to the next. */
static double
mean_step (DhChartPainter *painter, const DhChartSeries *series)
{
  if (series->n < 2)
    return G_MAXDOUBLE;
  const double all = dh_chart_to_x (painter, series->x[series->n - 1]) - dh_chart_to_x (painter, series->x[0]);
  return fabs (all) / (double)(series->n - 1);
}

void
dh_chart_stroke_series (DhChartPainter *painter, const DhChartSeries *series, const GdkRGBA *color)
{
  set_dash (painter, series);
  cairo_set_line_width (painter->cr, series->active ? 2.25 : 1.5);
  cairo_set_line_join (painter->cr, CAIRO_LINE_JOIN_ROUND);
  dh_chart_set_source (painter, color, 1.0);
  cairo_stroke (painter->cr);
  cairo_set_dash (painter->cr, NULL, 0, 0);
}

void
dh_chart_paint_series (DhChartPainter *painter, const DhChartSeries *series)
{
  GdkRGBA color;
  if (series->n == 0)
    return;
  dh_chart_tone_color (painter, series->tone, &color);
  cairo_new_path (painter->cr);
  if (series->kind == DH_SERIES_STEPS)
    {
      paint_steps (painter, series, &color);
      return;
    }
  if (series->kind == DH_SERIES_BAND)
    {
      paint_extremes (painter, series, &color);
      return;
    }
  if (series->y_low && series->y_high)
    paint_band (painter, series, &color);
  if (series->kind != DH_SERIES_POINTS)
    {
      dh_chart_trace_line (painter, series->x, series->y, series->n);
      dh_chart_stroke_series (painter, series, &color);
    }
  /* Small where they would touch, none where even those would: their rims would wipe out the line. */
  const double apart = mean_step (painter, series);
  const double radius = series->kind == DH_SERIES_POINTS ? 4.5 : apart < 14.0 ? SMALL_DOT : 4.0;
  if (series->kind == DH_SERIES_POINTS
      || (series->kind == DH_SERIES_LINE_POINTS && apart >= 2 * (SMALL_DOT + DH_CHART_RIM)))
    for (gsize i = 0; i < series->n; i++)
      {
        double x = dh_chart_to_x (painter, series->x[i]), y = dh_chart_to_y (painter, series->y[i]);
        if (isfinite (x) && isfinite (y))
          dh_chart_paint_dot (painter, x, y, radius, &color);
      }
}
