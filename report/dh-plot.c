#include <math.h>

#include <pango/pangocairo.h>

#include "dh-report-private.h"

#define LEFT 46.0
#define RIGHT 12.0
#define TOP 36.0
#define NAMES 18.0 /* of series that fill the plot */
#define BOTTOM 38.0

static void
set_colour (cairo_t *cr, guint32 colour, double alpha)
{
  cairo_set_source_rgba (cr, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0, (colour & 255) / 255.0, alpha);
}

/* `anchor`: 0 the text begins at x, 0.5 is centred there, 1 ends there; y is its top. Gives its width. */
static int
draw_text (cairo_t *cr, const char *text, double x, double y, double anchor, gboolean bold)
{
  g_autoptr (PangoLayout) layout = pango_cairo_create_layout (cr);
  PangoFontDescription *font = pango_font_description_from_string (bold ? "Sans Bold 11px" : "Sans 10px");
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (layout, text, -1);
  int width;
  pango_layout_get_pixel_size (layout, &width, NULL);
  cairo_move_to (cr, x - anchor * width, y);
  pango_cairo_show_layout (cr, layout);
  return width;
}

static double
place (double value, double low, double high, gboolean log_axis)
{
  if (log_axis)
    return (log10 (MAX (value, low)) - log10 (low)) / (log10 (high) - log10 (low));
  return (value - low) / (high - low);
}

/* At most six round numbers. */
static double
tick_step (double low, double high)
{
  const double rough = (high - low) / 5;
  const double power = pow (10, floor (log10 (rough)));
  for (guint i = 0; i < 3; i++)
    {
      static const double factors[] = { 1, 2, 5 };
      if (rough <= factors[i] * power * 1.0001)
        return factors[i] * power;
    }
  return 10 * power;
}

/* "10⁻³" */
static char *
power_of_ten (double exponent)
{
  static const char *const digits[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
  const int n = (int)lround (exponent);
  const guint size = ABS (n);
  return g_strdup_printf ("10%s%s%s", n < 0 ? "⁻" : "", size > 9 ? digits[size / 10 % 10] : "", digits[size % 10]);
}

static void
draw_axis (cairo_t *cr, const DhPlot *plot, gboolean vertical)
{
  const double low = vertical ? plot->y_low : plot->x_low, high = vertical ? plot->y_high : plot->x_high;
  const gboolean log_axis = vertical ? plot->y_log : plot->x_log;
  const double width = plot->width - LEFT - RIGHT, height = plot->height - TOP - BOTTOM;
  const double step = log_axis ? 1 : tick_step (low, high);
  const double first = log_axis ? ceil (log10 (low) - 1e-9) : ceil (low / step - 1e-9) * step;
  const double last = log_axis ? log10 (high) : high;
  const double stride = log_axis ? MAX (1, ceil ((last - first) / 5)) : step;
  for (guint i = 0; i <= 32; i++) /* a range too narrow for its magnitude would never end */
    {
      const double tick = first + i * stride;
      if (!(tick <= last + stride * 1e-6))
        break;
      const double value = log_axis ? pow (10, tick) : fabs (tick) < step * 1e-6 ? 0 : tick;
      const double at = place (value, low, high, log_axis);
      g_autofree char *plain = log_axis ? power_of_ten (tick) : g_strdup_printf ("%.6g", value);
      g_autofree char *text = plain[0] == '-' ? g_strconcat ("−", plain + 1, NULL) : g_strdup (plain);
      set_colour (cr, 0x000000, 0.10);
      cairo_set_line_width (cr, 1);
      if (vertical)
        {
          const double y = TOP + height * (1 - at);
          cairo_move_to (cr, LEFT, y);
          cairo_line_to (cr, LEFT + width, y);
          cairo_stroke (cr);
          set_colour (cr, 0x303034, 1);
          draw_text (cr, text, LEFT - 5, y - 7, 1, FALSE);
        }
      else
        {
          const double x = LEFT + width * at;
          cairo_move_to (cr, x, TOP);
          cairo_line_to (cr, x, TOP + height);
          cairo_stroke (cr);
          set_colour (cr, 0x303034, 1);
          draw_text (cr, text, x, TOP + height + 4, 0.5, FALSE);
        }
    }
}

static void
draw_series (cairo_t *cr, const DhPlot *plot, const DhPlotSeries *series)
{
  const double width = plot->width - LEFT - RIGHT, height = plot->height - TOP - BOTTOM;
  const double bottom = TOP + height;
  static const double dash[] = { 5, 3 };
  double previous = bottom;
  cairo_new_path (cr);
  for (guint i = 0; i < series->n; i++)
    {
      const double x = LEFT + width * place (series->x[i], plot->x_low, plot->x_high, plot->x_log);
      const double y = TOP + height * (1 - CLAMP (place (series->y[i], plot->y_low, plot->y_high, plot->y_log), 0, 1));
      if (series->filled)
        cairo_line_to (cr, x, previous);
      cairo_line_to (cr, x, y);
      previous = y;
    }
  if (series->filled && series->n > 0)
    {
      cairo_line_to (cr, LEFT + width, previous);
      cairo_line_to (cr, LEFT + width, bottom);
      cairo_close_path (cr);
      set_colour (cr, series->colour, 0.35);
      cairo_fill_preserve (cr);
    }
  set_colour (cr, series->colour, 1);
  cairo_set_line_width (cr, series->filled ? 1 : 1.75);
  cairo_set_dash (cr, dash, series->dashed ? 2 : 0, 0);
  cairo_stroke (cr);
  cairo_set_dash (cr, NULL, 0, 0);
}

/* Bars reach anywhere in the plot: their names stand over it, each behind its colour. */
static void
draw_names_above (cairo_t *cr, const DhPlot *plot, const DhPlotSeries *series, guint n_series)
{
  double x = plot->width - RIGHT;
  for (guint i = n_series; i-- > 0;)
    {
      set_colour (cr, series[i].colour, 1);
      x -= draw_text (cr, series[i].name, x, NAMES, 1, TRUE) + 14;
      cairo_rectangle (cr, x, NAMES + 3, 10, 9);
      cairo_fill (cr);
      x -= 12;
    }
}

/* Where curves hardly come: below them, precision–recall at the left, ROC at the right. */
static void
draw_names_below (cairo_t *cr, const DhPlot *plot, const DhPlotSeries *series, guint n_series)
{
  const double bottom = plot->height - BOTTOM - 6;
  for (guint i = 0; i < n_series; i++)
    {
      set_colour (cr, series[i].colour, 1);
      draw_text (cr, series[i].name, plot->names_right ? plot->width - RIGHT - 8 : LEFT + 10,
                 bottom - 14 * (n_series - i), plot->names_right, TRUE);
    }
}

void
dh_plot_draw (cairo_t *cr, const DhPlot *plot, const DhPlotSeries *series, guint n_series)
{
  const double width = plot->width - LEFT - RIGHT, height = plot->height - TOP - BOTTOM;
  set_colour (cr, 0x18181b, 1);
  draw_text (cr, plot->title, LEFT, 2, 0, TRUE);
  draw_text (cr, plot->y_title, plot->width - RIGHT, 2, 1, FALSE);
  draw_text (cr, plot->x_title, LEFT + width / 2, plot->height - 16, 0.5, FALSE);
  draw_axis (cr, plot, FALSE);
  draw_axis (cr, plot, TRUE);

  cairo_save (cr);
  cairo_rectangle (cr, LEFT, TOP - 1, width + 1, height + 2);
  cairo_clip (cr);
  for (guint i = 0; i < n_series; i++)
    draw_series (cr, plot, &series[i]);
  if (isfinite (plot->mark_x))
    {
      const double x = LEFT + width * place (plot->mark_x, plot->x_low, plot->x_high, plot->x_log);
      set_colour (cr, 0x1c71d8, 1);
      cairo_set_line_width (cr, 1.5);
      cairo_move_to (cr, x, TOP);
      cairo_line_to (cr, x, TOP + height);
      cairo_stroke (cr);
    }
  cairo_restore (cr);
  set_colour (cr, 0x303034, 1);
  cairo_set_line_width (cr, 1);
  cairo_move_to (cr, LEFT, TOP);
  cairo_line_to (cr, LEFT, TOP + height);
  cairo_line_to (cr, LEFT + width, TOP + height);
  cairo_stroke (cr);
  if (n_series > 0 && series[0].filled)
    draw_names_above (cr, plot, series, n_series);
  else
    draw_names_below (cr, plot, series, n_series);
}
