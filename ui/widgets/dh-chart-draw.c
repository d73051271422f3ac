#include <math.h>
#include <string.h>
#include <pango/pangocairo.h>
#include "dh-chart-private.h"
#include "dh-number.h"

#define TICK_POINTS 9.5
#define CELL 6.0 /* of the grid that looks for an empty place */

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

/* align_x, align_y 0 … 1: which point of the text stands at (x, y). */
static void
show_text (DhChartPainter *painter, PangoLayout *layout, double x, double y, double align_x, double align_y)
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
      show_text (painter, layout, x, bottom + 3, 0.5, 0.0);
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
      show_text (painter, layout, left - 6, MIN (y, lowest - height), 1.0, 0.0);
    }
  if (chart->axes[DH_CHART_X].title)
    {
      g_autoptr (PangoLayout) layout =
          dh_chart_layout (painter->context, chart->axes[DH_CHART_X].title, DH_CHART_TITLE_POINTS, FALSE);
      show_text (painter, layout, (left + right) / 2.0, painter->height, 0.5, 1.0);
    }
  if (chart->axes[DH_CHART_Y].title)
    {
      g_autoptr (PangoLayout) layout =
          dh_chart_layout (painter->context, chart->axes[DH_CHART_Y].title, DH_CHART_TITLE_POINTS, FALSE);
      show_text (painter, layout, left - 2, 0, 0.0, 0.0);
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

/* Text over curves: a soft edge in the colour of the ground keeps it legible. */
static void
show_name (DhChartPainter *painter, PangoLayout *layout, double x, double y, double align_x, double align_y,
           const GdkRGBA *color)
{
  int width = 0, height = 0;
  pango_layout_get_pixel_size (layout, &width, &height);
  cairo_move_to (painter->cr, round (x - align_x * width), round (y - align_y * height));
  pango_cairo_layout_path (painter->cr, layout);
  dh_chart_set_source (painter, &painter->ground, 0.85);
  cairo_set_line_width (painter->cr, 3.0);
  cairo_set_line_join (painter->cr, CAIRO_LINE_JOIN_ROUND);
  cairo_stroke (painter->cr);
  dh_chart_set_source (painter, color, 1.0);
  show_text (painter, layout, x, y, align_x, align_y);
}

/* Marks the cells of the plot that curves run through. */
static void
fill_cells (DhChartPainter *painter, guint8 *cells, int columns, int rows)
{
  for (guint s = 0; s < painter->chart->n_series; s++)
    {
      const DhChartSeries *series = &painter->chart->series[s];
      if (series->n == 0)
        continue;
      for (int c = 0; c < columns; c++)
        {
          int from = rows, to = -1;
          for (int k = 0; k <= 2; k++)
            {
              double x = dh_chart_unshare (&painter->chart->axes[DH_CHART_X], (c + k / 2.0) / columns);
              double y = series->kind == DH_SERIES_POINTS ? NAN : dh_chart_value_at (series, x);
              double share = dh_chart_share (&painter->chart->axes[DH_CHART_Y], y);
              if (isnan (share))
                continue;
              int row = (int)CLAMP ((1.0 - share) * rows, 0.0, rows - 1.0);
              from = MIN (from, row);
              to = MAX (to, row);
            }
          for (int r = from; r <= to; r++)
            cells[r * columns + c] = 1;
        }
      if (series->kind == DH_SERIES_POINTS || series->kind == DH_SERIES_LINE_POINTS)
        for (gsize i = 0; i < series->n; i++)
          {
            double sx = dh_chart_share (&painter->chart->axes[DH_CHART_X], series->x[i]);
            double sy = dh_chart_share (&painter->chart->axes[DH_CHART_Y], series->y[i]);
            if (sx >= 0 && sx <= 1 && sy >= 0 && sy <= 1)
              cells[(int)MIN ((1 - sy) * rows, rows - 1.0) * columns + (int)MIN (sx * columns, columns - 1.0)] = 1;
          }
    }
}

/* The place where a block of w × h cells hides the fewest curves; of equals the lowest, then the leftmost. */
static void
find_place (const guint8 *cells, int columns, int rows, int w, int h, int *best_c, int *best_r)
{
  int least = G_MAXINT;
  *best_c = *best_r = 0;
  for (int r = rows - h - 1; r >= 1; r--)
    for (int c = 1; c + w < columns; c++)
      {
        int hidden = 0;
        for (int y = r; y < r + h && hidden < least; y++)
          for (int x = c; x < c + w; x++)
            hidden += cells[y * columns + x];
        if (hidden < least)
          {
            least = hidden;
            *best_c = c;
            *best_r = r;
          }
      }
}

static void
paint_names (DhChartPainter *painter)
{
  const DhChart *chart = painter->chart;
  PangoLayout *layouts[DH_CHART_MAX_SERIES] = { NULL };
  int widest = 0, total = 0, heights[DH_CHART_MAX_SERIES] = { 0 };
  double left = painter->plot.origin.x, top = painter->plot.origin.y;
  for (guint i = 0; i < chart->n_series; i++)
    {
      const DhChartSeries *series = &chart->series[i];
      GdkRGBA color;
      int width = 0;
      if (series->hide_name || series->name[0] == '\0')
        continue;
      dh_chart_tone_color (painter, series->tone == DH_TONE_INLIER ? DH_TONE_NEUTRAL : series->tone, &color);
      PangoLayout *layout = dh_chart_layout (painter->context, series->name, DH_CHART_TITLE_POINTS, TRUE);
      if (series->name_x != 0.0 || series->name_y != 0.0)
        {
          /* Moved to the left where it would not fit. */
          pango_layout_get_pixel_size (layout, &width, NULL);
          const double most = MAX (0, painter->plot.size.width - width - 2);
          show_name (painter, layout, left + MIN (series->name_x * painter->plot.size.width, most),
                     top + (1.0 - series->name_y) * painter->plot.size.height, 0.0, 0.5, &color);
          g_object_unref (layout);
          continue;
        }
      layouts[i] = layout;
      pango_layout_get_pixel_size (layout, &width, &heights[i]);
      widest = MAX (widest, width);
      total += heights[i];
    }
  int columns = (int)(painter->plot.size.width / CELL), rows = (int)(painter->plot.size.height / CELL), c = 0, r = 0;
  if (total > 0 && columns > 2 && rows > 2)
    {
      g_autofree guint8 *cells = g_new0 (guint8, (gsize)columns * (gsize)rows);
      fill_cells (painter, cells, columns, rows);
      find_place (cells, columns, rows, (int)ceil (widest / CELL) + 1, (int)ceil (total / CELL) + 1, &c, &r);
    }
  double x = left + c * CELL + 2, y = top + r * CELL + 2;
  painter->names = GRAPHENE_RECT_INIT ((float)x, (float)y, (float)widest, (float)total);
  for (guint i = 0; i < chart->n_series; i++)
    if (layouts[i])
      {
        GdkRGBA color;
        dh_chart_tone_color (painter, chart->series[i].tone == DH_TONE_INLIER ? DH_TONE_NEUTRAL : chart->series[i].tone,
                             &color);
        show_name (painter, layouts[i], x, y, 0.0, 0.0, &color);
        y += heights[i];
        g_object_unref (layouts[i]);
      }
}

/* Beside the names of curves that stand all about the dot: the place next to it; FALSE where the plot has none. */
static gboolean
place_beside_names (DhChartPainter *painter, double x, double y, int width, int height, double *text_x, double *text_y)
{
  const graphene_rect_t *names = &painter->names, *plot = &painter->plot;
  const double at_x[] = { names->origin.x + names->size.width + 6, names->origin.x - 6 - width, x - width / 2.0,
                          x - width / 2.0 };
  const double at_y[] = { y - height / 2.0, y - height / 2.0, names->origin.y - 2 - height,
                          names->origin.y + names->size.height + 2 };
  double least = INFINITY;
  for (guint i = 0; i < G_N_ELEMENTS (at_x); i++)
    {
      const double right = plot->origin.x + plot->size.width, bottom = plot->origin.y + plot->size.height;
      const double to_x =
          i < 2 ? at_x[i] : CLAMP (at_x[i], plot->origin.x + 2, MAX (plot->origin.x + 2, right - width - 2));
      const double to_y = i < 2 ? CLAMP (at_y[i], plot->origin.y, MAX (plot->origin.y, bottom - height)) : at_y[i];
      const double away = hypot (to_x + width / 2.0 - x, to_y + height / 2.0 - y);
      if (to_x < plot->origin.x || to_x + width > right || to_y < plot->origin.y - 4 || to_y + height > bottom
          || away >= least)
        continue;
      least = away;
      *text_x = to_x;
      *text_y = to_y;
    }
  return least < INFINITY;
}

/* Beside the dot, where the series itself is farthest and no curve's name stands: below or above, towards the middle or
 * away from it. */
static void
place_marker_text (DhChartPainter *painter, const DhChartSeries *series, double x, double y, int width, int height,
                   double *text_x, double *text_y)
{
  double left = painter->plot.origin.x, right = left + painter->plot.size.width;
  double top = painter->plot.origin.y, bottom = top + painter->plot.size.height, most = -INFINITY;
  gboolean to_left = x > (left + right) / 2.0;
  *text_x = *text_y = 0.0;
  for (guint i = 0; i < 4; i++)
    {
      double at_x = (i & 1) != to_left ? x - 8 - width : x + 8, at_y = i & 2 ? y - 5 - height : y + 5;
      double apart = 2.0 * height;
      at_x = CLAMP (at_x, left + 2, MAX (left + 2, right - width - 2));
      graphene_rect_t text = GRAPHENE_RECT_INIT ((float)at_x - 3, (float)at_y, (float)width + 6, (float)height);
      graphene_rect_t hidden;
      if (painter->names.size.width > 0 && graphene_rect_intersection (&text, &painter->names, &hidden))
        apart = -2.0 - hidden.size.width * hidden.size.height; /* where there is no other place, the least of them */
      /* Over the axis and what is written there it would stand worst. */
      if (at_y < top - 4 || at_y + height > bottom)
        apart = -1e9;
      for (guint k = 0; k <= 4; k++)
        {
          double share = (at_x + k * width / 4.0 - left) / painter->plot.size.width;
          double value = dh_chart_value_at (series, dh_chart_unshare (&painter->chart->axes[DH_CHART_X], share));
          if (!isnan (value))
            apart = MIN (apart, fabs (dh_chart_to_y (painter, value) - at_y - height / 2.0));
        }
      if (apart <= most + 1.0)
        continue;
      most = apart;
      *text_x = at_x;
      *text_y = at_y;
    }
  if (most < 0 && painter->names.size.width > 0)
    place_beside_names (painter, x, y, width, height, text_x, text_y);
}

void
dh_chart_paint_markers (DhChartPainter *painter)
{
  const DhChart *chart = painter->chart;
  double left = painter->plot.origin.x, right = left + painter->plot.size.width;
  double top = painter->plot.origin.y, bottom = top + painter->plot.size.height;
  for (guint i = 0; i < chart->n_series; i++)
    {
      const DhChartSeries *series = &chart->series[i];
      double x = dh_chart_to_x (painter, series->marker_x), y = dh_chart_to_y (painter, series->marker_y);
      GdkRGBA color;
      if (isnan (x) || isnan (y))
        continue;
      x = CLAMP (x, left, right);
      y = CLAMP (y, top, bottom);
      dh_chart_tone_color (painter, series->tone, &color);
      dh_chart_paint_dot (painter, x, y, 5.0, &color);
      if (series->marker_text)
        {
          g_autoptr (PangoLayout) layout =
              dh_chart_layout (painter->context, series->marker_text, DH_CHART_TITLE_POINTS, TRUE);
          int width = 0, height = 0;
          pango_layout_get_pixel_size (layout, &width, &height);
          double text_x, text_y;
          place_marker_text (painter, series, x, y, width, height, &text_x, &text_y);
          show_name (painter, layout, text_x, text_y, 0.0, 0.0, &painter->text);
        }
    }
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
  paint_names (painter);
  dh_chart_paint_legend (painter);
  for (guint i = 0; i < chart->notes->len; i++)
    {
      const DhChartNote *note = &g_array_index (chart->notes, DhChartNote, i);
      GdkRGBA color;
      g_autoptr (PangoLayout) layout = dh_chart_layout (painter->context, note->text, DH_CHART_TITLE_POINTS, TRUE);
      dh_chart_tone_color (painter, note->tone, &color);
      show_name (painter, layout, painter->plot.origin.x + note->x * painter->plot.size.width,
                 painter->plot.origin.y + (1.0 - note->y) * painter->plot.size.height, note->x > 0.5 ? 1.0 : 0.0, 0.5,
                 &color);
    }
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
