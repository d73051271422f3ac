#include <cairo-svg.h>
#include <math.h>
#include <string.h>
#include <pango/pangocairo.h>
#include "dh-chart-private.h"

static void
append_number (GString *csv, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_c (csv, ',');
  if (isfinite (value))
    g_string_append (csv, g_ascii_dtostr (buffer, sizeof buffer, value));
  else
    g_string_append (csv, isnan (value) ? "nan" : value > 0 ? "inf" : "-inf");
}

/* RFC 4180; a leading sign of a formula is kept from spreadsheets. */
static void
append_field (GString *csv, const char *text)
{
  gboolean quote = strpbrk (text, ",\"\r\n") != NULL;
  if (quote)
    g_string_append_c (csv, '"');
  if (text[0] && strchr ("=+-@", text[0]))
    g_string_append_c (csv, '\'');
  for (const char *p = text; *p; p++)
    {
      if (*p == '"')
        g_string_append_c (csv, '"');
      g_string_append_c (csv, *p);
    }
  if (quote)
    g_string_append_c (csv, '"');
}

char *
dh_chart_to_csv (DhChart *chart)
{
  g_return_val_if_fail (DH_IS_CHART (chart), NULL);
  GString *csv = g_string_new ("series,point,x,y,low,high\n");
  for (guint s = 0; s < chart->n_series; s++)
    {
      const DhChartSeries *series = &chart->series[s];
      g_autofree char *name = dh_chart_short_name (series);
      for (gsize i = 0; i < series->n; i++)
        {
          gboolean steps = series->kind == DH_SERIES_STEPS;
          append_field (csv, name);
          g_string_append_c (csv, ',');
          if (series->point_names)
            append_field (csv, series->point_names[i]);
          append_number (csv, series->x[i]);
          append_number (csv, series->y[i]);
          /* Of a bin, its edges: where it begins is x, where it ends is high. */
          append_number (csv, steps ? series->x[i] : series->y_low ? series->y_low[i] : NAN);
          append_number (csv, steps ? series->x[i + 1] : series->y_high ? series->y_high[i] : NAN);
          g_string_append_c (csv, '\n');
        }
    }
  return g_string_free (csv, FALSE);
}

static void
paint_on (DhChart *chart, cairo_surface_t *surface, double width, double height)
{
  cairo_t *cr = cairo_create (surface);
  PangoContext *context = pango_cairo_create_context (cr);
  PangoContext *own = gtk_widget_get_pango_context (GTK_WIDGET (chart));
  pango_context_set_font_description (context, pango_context_get_font_description (own));
  pango_cairo_context_set_resolution (context, 96);
  DhChartPainter painter = { .cr = cr,
                             .context = context,
                             .width = width - 16,
                             .height = height - 16,
                             .pixel = 1.0,
                             .text = { 0.18f, 0.18f, 0.19f, 1 },
                             .ground = { 1, 1, 1, 1 },
                             .chart = chart };
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_paint (cr);
  cairo_translate (cr, 8, 8);
  dh_chart_paint (&painter);
  dh_chart_paint_threshold (&painter);
  dh_chart_paint_markers (&painter);
  g_object_unref (context);
  cairo_destroy (cr);
}

static cairo_status_t
append_bytes (void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append (closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

gboolean
dh_chart_save (DhChart *chart, const char *path, GError **error)
{
  g_return_val_if_fail (DH_IS_CHART (chart) && path != NULL, FALSE);
  g_autofree char *lower = g_ascii_strdown (path, -1);
  if (g_str_has_suffix (lower, ".csv"))
    {
      g_autofree char *csv = dh_chart_to_csv (chart);
      return g_file_set_contents (path, csv, -1, error);
    }
  gboolean svg = g_str_has_suffix (lower, ".svg");
  if (!svg && !g_str_has_suffix (lower, ".png"))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                   "A chart is saved as .csv, .svg or .png, which '%s' is not: give it one of these endings", path);
      return FALSE;
    }
  int shown_width = gtk_widget_get_width (GTK_WIDGET (chart)),
      shown_height = gtk_widget_get_height (GTK_WIDGET (chart));
  double width = shown_width > 40 ? shown_width + 16 : 480, height = shown_height > 40 ? shown_height + 16 : 320;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  cairo_surface_t *surface;
  dh_chart_update_scales (chart);
  if (svg)
    surface = cairo_svg_surface_create_for_stream (append_bytes, bytes, width, height);
  else
    {
      surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int)(2 * width), (int)(2 * height));
      cairo_surface_set_device_scale (surface, 2, 2);
    }
  paint_on (chart, surface, width, height);
  cairo_status_t status = cairo_surface_status (surface);
  if (status == CAIRO_STATUS_SUCCESS && !svg)
    status = cairo_surface_write_to_png_stream (surface, append_bytes, bytes);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (status != CAIRO_STATUS_SUCCESS)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "The chart could not be drawn for '%s': %s", path,
                   cairo_status_to_string (status));
      return FALSE;
    }
  return g_file_set_contents (path, (const char *)bytes->data, (gssize)bytes->len, error);
}
