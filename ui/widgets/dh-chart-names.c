#include <math.h>
#include <pango/pangocairo.h>
#include "dh-chart-private.h"

/* What is written over the curves: their names, where they hide the least, what stands beside operating points, notes.
 */

#define CELL 6.0 /* of the grid that looks for an empty place */

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
  dh_chart_show_text (painter, layout, x, y, align_x, align_y);
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

void
dh_chart_paint_names (DhChartPainter *painter)
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
dh_chart_paint_notes (DhChartPainter *painter)
{
  const DhChart *chart = painter->chart;
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
}
