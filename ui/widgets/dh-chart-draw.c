#include <math.h>
#include <string.h>
#include <pango/pangocairo.h>
#include "dh-chart-private.h"
#include "dh-number.h"

#define TICK_POINTS 9.5

PangoLayout *
dh_chart_layout (PangoContext *context, const char *text, double points, gboolean bold)
{
  PangoLayout *layout = pango_layout_new (context);
  PangoAttrList *list = pango_attr_list_new ();
  pango_layout_set_text (layout, text, -1);
  pango_attr_list_insert (list, pango_attr_font_features_new ("tnum"));
  pango_attr_list_insert (list, pango_attr_size_new ((int)(points * PANGO_SCALE)));
  if (bold)
    pango_attr_list_insert (list, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  else if (points < 9.25)
    pango_attr_list_insert (list, pango_attr_letter_spacing_new ((int)(0.2 * PANGO_SCALE)));
  pango_layout_set_attributes (layout, list);
  pango_attr_list_unref (list);
  return layout;
}

char *
dh_chart_short_name (const DhChartSeries *series)
{
  const char *end = strstr (series->name, "  ");
  return end ? g_strndup (series->name, (gsize)(end - series->name)) : g_strdup (series->name);
}

void
dh_chart_set_source (DhChartPainter *painter, const GdkRGBA *color, double opacity)
{
  cairo_set_source_rgba (painter->cr, color->red, color->green, color->blue, color->alpha * opacity);
}

void
dh_chart_tone_color (DhChartPainter *painter, DhTone tone, GdkRGBA *color)
{
  if (tone == DH_TONE_NEUTRAL)
    *color = painter->text;
  else
    dh_tone_get_color (tone, painter->dark, color);
}

void
dh_chart_show_text (DhChartPainter *painter, PangoLayout *layout, double x, double y, double align_x, double align_y)
{
  int width = 0, height = 0;
  pango_layout_get_pixel_size (layout, &width, &height);
  cairo_move_to (painter->cr, round (x - align_x * width), round (y - align_y * height));
  pango_cairo_show_layout (painter->cr, layout);
}

static double
snap (DhChartPainter *painter, double value)
{
  return (floor (value / painter->pixel) + 0.5) * painter->pixel;
}

double
dh_chart_to_x (const DhChartPainter *painter, double value)
{
  double share = dh_chart_share (&painter->chart->axes[DH_CHART_X], value);
  return painter->plot.origin.x + share * painter->plot.size.width;
}

double
dh_chart_to_y (const DhChartPainter *painter, double value)
{
  double share = dh_chart_share (&painter->chart->axes[DH_CHART_Y], value);
  return painter->plot.origin.y + (1.0 - share) * painter->plot.size.height;
}

static void
paint_axes (DhChartPainter *painter, const double *x_ticks, char **x_texts, guint n_x, const double *y_ticks,
            char **y_texts, guint n_y)
{
  const DhChart *chart = painter->chart;
  double left = painter->plot.origin.x, top = painter->plot.origin.y;
  double right = left + painter->plot.size.width, bottom = top + painter->plot.size.height, last = -1e9;
  double lowest = painter->height; /* where labels beside the axis may end */
  cairo_set_line_width (painter->cr, painter->pixel);
  for (guint i = 0; i < n_x; i++)
    {
      double x = snap (painter, dh_chart_to_x (painter, x_ticks[i]));
      cairo_move_to (painter->cr, x, top);
      cairo_line_to (painter->cr, x, bottom);
    }
  for (guint i = 0; i < n_y; i++)
    {
      double y = snap (painter, dh_chart_to_y (painter, y_ticks[i]));
      cairo_move_to (painter->cr, left, y);
      cairo_line_to (painter->cr, right, y);
    }
  dh_chart_set_source (painter, &painter->text, 0.10);
  cairo_stroke (painter->cr);
  cairo_set_line_width (painter->cr, 1.0);
  cairo_move_to (painter->cr, snap (painter, left), top);
  cairo_line_to (painter->cr, snap (painter, left), snap (painter, bottom));
  cairo_line_to (painter->cr, right, snap (painter, bottom));
  dh_chart_set_source (painter, &painter->text, 0.45);
  cairo_stroke (painter->cr);

  dh_chart_set_source (painter, &painter->text, 0.74);
  for (guint i = 0; i < n_x; i++)
    {
      g_autoptr (PangoLayout) layout = dh_chart_layout (painter->context, x_texts[i], TICK_POINTS, FALSE);
      int width = 0;
      pango_layout_get_pixel_size (layout, &width, NULL);
      double x = MIN (dh_chart_to_x (painter, x_ticks[i]), painter->width - width / 2.0);
      if (x - width / 2.0 < last + 4.0)
        continue;
      dh_chart_show_text (painter, layout, x, bottom + 3, 0.5, 0.0);
      last = x + width / 2.0;
      if (x - width / 2.0 < left - 8)
        lowest = bottom + 3;
    }
  /* At the axis's ends they make way for the title above and for what stands under the corner. */
  for (guint i = 0; i < n_y; i++)
    {
      g_autoptr (PangoLayout) layout = dh_chart_layout (painter->context, y_texts[i], TICK_POINTS, FALSE);
      int height = 0;
      pango_layout_get_pixel_size (layout, NULL, &height);
      double y = dh_chart_to_y (painter, y_ticks[i]) - height / 2.0;
      if (chart->axes[DH_CHART_Y].title)
        y = MAX (y, top - 4);
      dh_chart_show_text (painter, layout, left - 6, MIN (y, lowest - height), 1.0, 0.0);
    }
  if (chart->axes[DH_CHART_X].title)
    {
      g_autoptr (PangoLayout) layout =
          dh_chart_layout (painter->context, chart->axes[DH_CHART_X].title, DH_CHART_TITLE_POINTS, FALSE);
      dh_chart_show_text (painter, layout, (left + right) / 2.0, painter->height, 0.5, 1.0);
    }
  if (chart->axes[DH_CHART_Y].title)
    {
      g_autoptr (PangoLayout) layout =
          dh_chart_layout (painter->context, chart->axes[DH_CHART_Y].title, DH_CHART_TITLE_POINTS, FALSE);
      dh_chart_show_text (painter, layout, left - 2, 0, 0.0, 0.0);
    }
}

static void
paint_guides (DhChartPainter *painter)
{
  const DhChart *chart = painter->chart;
  double left = painter->plot.origin.x, right = left + painter->plot.size.width;
  cairo_set_dash (painter->cr, (const double[]){ 1.5, 2.5 }, 2, 0);
  cairo_set_line_width (painter->cr, 1.0);
  for (guint i = 0; i < chart->guides->len; i++)
    {
      double y = snap (painter, dh_chart_to_y (painter, g_array_index (chart->guides, double, i)));
      cairo_move_to (painter->cr, left, y);
      cairo_line_to (painter->cr, right, y);
    }
  if (chart->diagonal)
    {
      double x[65], y[65];
      for (guint i = 0; i <= 64; i++)
        x[i] = y[i] = dh_chart_unshare (&chart->axes[DH_CHART_X], i / 64.0);
      dh_chart_trace_line (painter, x, y, 65);
    }
  dh_chart_set_source (painter, &painter->text, 0.6);
  cairo_stroke (painter->cr);
  cairo_set_dash (painter->cr, NULL, 0, 0);
}

void
dh_chart_paint (DhChartPainter *painter)
{
  const DhChart *chart = painter->chart;
  double x_ticks[8], y_ticks[8];
  char *x_texts[8] = { NULL }, *y_texts[8] = { NULL };
  int widest = 0, tick_height = 0, title_height = 0;
  g_autoptr (PangoLayout) sample = dh_chart_layout (painter->context, "0", TICK_POINTS, FALSE);
  g_autoptr (PangoLayout) title = dh_chart_layout (painter->context, "0", DH_CHART_TITLE_POINTS, FALSE);
  pango_layout_get_pixel_size (sample, NULL, &tick_height);
  pango_layout_get_pixel_size (title, NULL, &title_height);
  double top = chart->axes[DH_CHART_Y].title || dh_chart_has_legend (chart) ? title_height + 4 : tick_height / 2.0 + 1;
  double bottom = painter->height - tick_height - 4 - (chart->axes[DH_CHART_X].title ? title_height : 0);
  /* As many as stand apart from each other, however large the letters are. */
  guint most_y = (guint)CLAMP ((bottom - top) / (1.5 * tick_height), 2, painter->height < 110 ? 4 : 6);
  guint most_x = painter->width < 200 ? 4 : 6;
  guint n_y = dh_chart_ticks (&chart->axes[DH_CHART_Y], y_ticks, y_texts, most_y), n_x;
  for (guint i = 0; i < n_y; i++)
    {
      g_autoptr (PangoLayout) layout = dh_chart_layout (painter->context, y_texts[i], TICK_POINTS, FALSE);
      int width = 0;
      pango_layout_get_pixel_size (layout, &width, &tick_height);
      widest = MAX (widest, width);
    }
  double left = widest + 8, right = painter->width - 12;
  painter->plot = GRAPHENE_RECT_INIT ((float)round (left), (float)round (top), (float)MAX (8, round (right - left)),
                                      (float)MAX (8, round (bottom - top)));
  n_x = dh_chart_ticks (&chart->axes[DH_CHART_X], x_ticks, x_texts, most_x);
  paint_axes (painter, x_ticks, x_texts, n_x, y_ticks, y_texts, n_y);
  cairo_save (painter->cr);
  /* Dots and thick lines may stand out over the axes' ends by half their width. */
  cairo_rectangle (painter->cr, painter->plot.origin.x - 6, painter->plot.origin.y - 6, painter->plot.size.width + 12,
                   painter->plot.size.height + 7);
  cairo_clip (painter->cr);
  paint_guides (painter);
  for (guint i = 0; i < chart->n_series; i++)
    dh_chart_paint_series (painter, &chart->series[i]);
  cairo_restore (painter->cr);
  dh_chart_paint_names (painter);
  dh_chart_paint_legend (painter);
  dh_chart_paint_notes (painter);
  for (guint i = 0; i < G_N_ELEMENTS (x_texts); i++)
    {
      g_free (x_texts[i]);
      g_free (y_texts[i]);
    }
}

void
dh_chart_paint_threshold (DhChartPainter *painter)
{
  double share = dh_chart_share (&painter->chart->axes[DH_CHART_X], painter->chart->threshold);
  GdkRGBA color;
  if (!(share >= 0.0 && share <= 1.0))
    return;
  dh_tone_get_color (DH_TONE_HYBRID, painter->dark, &color);
  dh_chart_set_source (painter, &color, 1.0);
  cairo_rectangle (painter->cr, dh_chart_to_x (painter, painter->chart->threshold) - 1, painter->plot.origin.y, 2,
                   painter->plot.size.height);
  cairo_fill (painter->cr);
}
