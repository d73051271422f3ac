#include <math.h>
#include "dh-chart-private.h"

#define SAMPLE 14.0 /* px, of a line or its fill */
#define AFTER_SAMPLE 4.0
#define BETWEEN 9.0

static double
item_width (PangoLayout *layout, gboolean samples)
{
  int width = 0;
  pango_layout_get_pixel_size (layout, &width, NULL);
  return width + (samples ? SAMPLE + AFTER_SAMPLE : 0);
}

static void
paint_sample (DhChartPainter *painter, const DhChartSeries *series, const GdkRGBA *color, double x, double middle)
{
  if (series->kind == DH_SERIES_STEPS)
    {
      dh_chart_set_source (painter, color, 0.7);
      cairo_rectangle (painter->cr, x + 3, middle - 5, SAMPLE - 3, 10);
      cairo_fill (painter->cr);
      return;
    }
  cairo_move_to (painter->cr, x, middle);
  cairo_line_to (painter->cr, x + SAMPLE, middle);
  dh_chart_stroke_series (painter, series, color);
}

/* Paints from x on; without a painting, how wide it is. */
static double
run_over (DhChartPainter *painter, gboolean samples, gboolean paint, double x)
{
  const DhChart *chart = painter->chart;
  const double start = x;
  for (guint i = 0; i < chart->n_series; i++)
    {
      const DhChartSeries *series = &chart->series[i];
      if (!series->name_above)
        continue;
      g_autoptr (PangoLayout) layout = dh_chart_layout (painter->context, series->name, DH_CHART_TITLE_POINTS, TRUE);
      if (x > start)
        x += BETWEEN;
      if (paint)
        {
          GdkRGBA fill, text;
          int height = 0;
          pango_layout_get_pixel_size (layout, NULL, &height);
          dh_chart_tone_color (painter, series->tone, &fill);
          dh_chart_tone_color (painter, series->tone == DH_TONE_INLIER ? DH_TONE_NEUTRAL : series->tone, &text);
          if (samples)
            paint_sample (painter, series, &fill, x, round (height / 2.0) + (series->active ? 0.0 : 0.5));
          dh_chart_set_source (painter, &text, 1.0);
          cairo_move_to (painter->cr, round (x + (samples ? SAMPLE + AFTER_SAMPLE : 0)), 0);
          pango_cairo_show_layout (painter->cr, layout);
        }
      x += item_width (layout, samples);
    }
  return x - start;
}

gboolean
dh_chart_has_legend (const DhChart *chart)
{
  for (guint i = 0; i < chart->n_series; i++)
    if (chart->series[i].name_above)
      return TRUE;
  return FALSE;
}

void
dh_chart_paint_legend (DhChartPainter *painter)
{
  const char *title = painter->chart->axes[DH_CHART_Y].title;
  const double right = painter->plot.origin.x + painter->plot.size.width;
  double from = 0;
  if (!dh_chart_has_legend (painter->chart))
    return;
  if (title)
    {
      g_autoptr (PangoLayout) layout = dh_chart_layout (painter->context, title, DH_CHART_TITLE_POINTS, FALSE);
      from = painter->plot.origin.x + item_width (layout, FALSE) + BETWEEN;
    }
  const double with = run_over (painter, TRUE, FALSE, 0);
  const gboolean samples = from + with <= right;
  const double width = samples ? with : run_over (painter, FALSE, FALSE, 0);
  /* What has no room even so is drawn narrower: a name that is cut off names nothing. */
  const double scale = MIN (1.0, MAX (0.25, (right - from) / MAX (width, 1.0)));
  cairo_save (painter->cr);
  cairo_translate (painter->cr, round (right - width * scale), 0);
  cairo_scale (painter->cr, scale, scale);
  run_over (painter, samples, TRUE, 0);
  cairo_restore (painter->cr);
}
