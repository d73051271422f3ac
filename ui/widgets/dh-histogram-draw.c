#include <math.h>
#include "dh-draw-private.h"
#include "dh-histogram-private.h"
#include "dh-number.h"

gboolean
dh_histogram_get_axis (DhHistogram *histogram, double *low, double *high)
{
  *low = histogram->adjustment ? gtk_adjustment_get_lower (histogram->adjustment) : histogram->low;
  *high = histogram->adjustment ? gtk_adjustment_get_upper (histogram->adjustment) : histogram->high;
  return *high > *low;
}

double
dh_histogram_get_plot_width (DhHistogram *histogram)
{
  return gtk_widget_get_width (GTK_WIDGET (histogram)) - 2.0 * DH_HISTOGRAM_INSET;
}

double
dh_histogram_to_x (DhHistogram *histogram, double value)
{
  double low, high;
  if (!dh_histogram_get_axis (histogram, &low, &high))
    return DH_HISTOGRAM_INSET;
  return DH_HISTOGRAM_INSET + dh_histogram_get_plot_width (histogram) * (value - low) / (high - low);
}

int
dh_histogram_get_slider_height (DhHistogram *histogram)
{
  int height = 0;
  if (gtk_widget_get_visible (histogram->scale))
    gtk_widget_measure (histogram->scale, GTK_ORIENTATION_VERTICAL, -1, NULL, &height, NULL, NULL);
  return height;
}

static double
count_height (DhHistogram *histogram, double count, double most)
{
  if (most <= 0.0)
    return 0.0;
  double share = histogram->linear ? count / most : log10 (count + 1.0) / log10 (most + 1.0);
  return share * histogram->plot_height * 0.97;
}

static double
most_counted (DhHistogram *histogram)
{
  guint64 most = 0;
  for (guint i = 0; i < histogram->n_bins; i++)
    {
      most = MAX (most, histogram->inliers[i]);
      if (histogram->anomalies)
        most = MAX (most, histogram->anomalies[i]);
    }
  return (double)most;
}

/* The silhouette of the bins, from the baseline and back. */
static void
trace_bins (DhHistogram *histogram, cairo_t *cr, const guint64 *counts, double most)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  double base = histogram->top + histogram->plot_height, width = (histogram->high - histogram->low) / histogram->n_bins;
  double left = DH_HISTOGRAM_INSET, right = left + dh_histogram_get_plot_width (histogram);
  cairo_move_to (cr, CLAMP (dh_histogram_to_x (histogram, histogram->low), left, right), base);
  for (guint i = 0; i < histogram->n_bins; i++)
    {
      double x0 = CLAMP (dh_draw_snap (widget, dh_histogram_to_x (histogram, histogram->low + i * width)), left, right);
      double x1 =
          CLAMP (dh_draw_snap (widget, dh_histogram_to_x (histogram, histogram->low + (i + 1) * width)), left, right);
      double y = dh_draw_snap (widget, base - count_height (histogram, (double)counts[i], most));
      cairo_line_to (cr, x0, y);
      cairo_line_to (cr, x1, y);
    }
  cairo_line_to (cr, CLAMP (dh_histogram_to_x (histogram, histogram->high), left, right), base);
}

static void
append_count_grid (DhHistogram *histogram, GtkSnapshot *snapshot, double most)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  double ticks[8], base = histogram->top + histogram->plot_height;
  guint n = histogram->linear ? dh_ticks_linear (0, most, 3, ticks, NULL)
                              : dh_ticks_log (1.0, MAX (most, 10.0), histogram->plot_height >= 34 ? 3 : 2, ticks);
  GdkRGBA line, text;
  dh_draw_text_color (widget, 0.12, &line);
  dh_draw_text_color (widget, 0.74, &text);
  double last = base;
  for (guint i = 0; i < n; i++)
    {
      double y = dh_draw_snap (widget, base - count_height (histogram, ticks[i], most));
      if (ticks[i] <= (histogram->linear ? 0.0 : 1.0) || y < histogram->top)
        continue;
      dh_draw_rect (snapshot, DH_HISTOGRAM_INSET, y, dh_histogram_get_plot_width (histogram), 1, &line);
      if (histogram->plot_height < DH_HISTOGRAM_NAMES_FROM)
        continue;
      g_autofree char *number =
          histogram->linear ? dh_number_format_count ((guint64)ticks[i]) : dh_number_format_log (ticks[i]);
      g_autoptr (PangoLayout) layout = dh_draw_layout (widget, number, 9.0, DH_TEXT_PLAIN);
      int height = 0;
      pango_layout_get_pixel_size (layout, NULL, &height);
      /* On its line; where the bracket over what is flagged leaves no room there, under it. */
      const double top = y - height + 2 >= histogram->top + DH_HISTOGRAM_BRACKET ? y - height : y + 1;
      if (top + height > last)
        continue;
      dh_draw_text (snapshot, layout, DH_HISTOGRAM_INSET + 3, top, 0.0, &text);
      last = top;
    }
}

#define NAMES_GAP 8
#define HANDLE_ROOM 7 /* half of it, and a little */

static PangoLayout *
make_caption (DhHistogram *histogram)
{
  return dh_draw_layout (GTK_WIDGET (histogram), histogram->caption ? histogram->caption : "", 9.0, DH_TEXT_PLAIN);
}

static PangoLayout *
make_anomaly_name (DhHistogram *histogram)
{
  return dh_draw_layout (GTK_WIDGET (histogram), histogram->anomalies ? histogram->anomaly_name : "", 9.0,
                         DH_TEXT_BOLD);
}

static void
measure_names (DhHistogram *histogram)
{
  int name_width = 0;
  g_autoptr (PangoLayout) caption = make_caption (histogram);
  g_autoptr (PangoLayout) name = make_anomaly_name (histogram);
  pango_layout_get_pixel_size (caption, &histogram->caption_width, NULL);
  pango_layout_get_pixel_size (name, &name_width, NULL);
  histogram->names_width =
      histogram->caption_width + name_width + (histogram->caption_width > 0 && name_width > 0 ? NAMES_GAP : 0);
}

static void
get_names_span (DhHistogram *histogram, double *left, double *right)
{
  *left = DH_HISTOGRAM_INSET + 2;
  *right = DH_HISTOGRAM_INSET + dh_histogram_get_plot_width (histogram) - 2;
}

static DhHistogramNames
place_names (DhHistogram *histogram, int *caption_room)
{
  double left, right;
  *caption_room = histogram->caption_width;
  if (histogram->adjustment == NULL)
    return DH_HISTOGRAM_NAMES_LEFT;
  get_names_span (histogram, &left, &right);
  const double at = dh_histogram_to_x (histogram, gtk_adjustment_get_value (histogram->adjustment));
  if (at + HANDLE_ROOM <= right - histogram->names_width)
    return DH_HISTOGRAM_NAMES_RIGHT;
  if (at - HANDLE_ROOM >= left + histogram->names_width)
    return DH_HISTOGRAM_NAMES_LEFT;
  *caption_room = (int)CLAMP (at - HANDLE_ROOM - left, 0, histogram->caption_width);
  return DH_HISTOGRAM_NAMES_APART;
}

/* Over the plot, beside the line's handle: inside they would lie on bars and line. */
static void
append_names (DhHistogram *histogram, GtkSnapshot *snapshot, const GdkRGBA *anomaly)
{
  double left, right;
  GdkRGBA text;
  int height = 0, name_width = 0;
  get_names_span (histogram, &left, &right);
  dh_draw_text_color (GTK_WIDGET (histogram), 0.74, &text);
  g_autoptr (PangoLayout) caption = make_caption (histogram);
  g_autoptr (PangoLayout) name = make_anomaly_name (histogram);
  pango_layout_get_pixel_size (caption, NULL, &height);
  pango_layout_get_pixel_size (name, &name_width, NULL);
  if (histogram->caption_room < histogram->caption_width)
    {
      pango_layout_set_ellipsize (caption, PANGO_ELLIPSIZE_END);
      pango_layout_set_width (caption, histogram->caption_room * PANGO_SCALE);
    }
  const double first = histogram->names == DH_HISTOGRAM_NAMES_RIGHT ? right - histogram->names_width : left;
  const double second =
      histogram->names == DH_HISTOGRAM_NAMES_LEFT ? left + histogram->names_width - name_width : right - name_width;
  const double y = histogram->top - height + 1;
  dh_draw_text (snapshot, caption, first, y, 0.0, &text);
  dh_draw_text (snapshot, name, second, y, 0.0, anomaly);
}

static GskRenderNode *
ensure_bars (DhHistogram *histogram)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  gboolean dark = dh_widget_is_dark (widget);
  int width = gtk_widget_get_width (widget);
  if (histogram->bars == NULL)
    measure_names (histogram);
  int room;
  const DhHistogramNames names = place_names (histogram, &room);
  if (histogram->bars && histogram->bars_width == width && histogram->bars_dark == dark && histogram->names == names
      && histogram->caption_room == room)
    return histogram->bars;
  histogram->names = names;
  histogram->caption_room = room;
  g_clear_pointer (&histogram->bars, gsk_render_node_unref);
  g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();
  double most = most_counted (histogram), base = histogram->top + histogram->plot_height;
  GdkRGBA inlier, anomaly, line;
  dh_tone_get_color (DH_TONE_INLIER, dark, &inlier);
  dh_widget_lookup_color (widget, "dh_anomaly", "#c2185b", &anomaly);
  dh_draw_text_color (widget, 0.35, &line);
  if (histogram->n_bins && most > 0.0)
    {
      cairo_t *cr =
          gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (DH_HISTOGRAM_INSET - 1, histogram->top - 2,
                                                                    (float)dh_histogram_get_plot_width (histogram) + 2,
                                                                    (float)histogram->plot_height + 3));
      trace_bins (histogram, cr, histogram->inliers, most);
      inlier.alpha = 0.62f;
      gdk_cairo_set_source_rgba (cr, &inlier);
      cairo_fill (cr);
      if (histogram->anomalies)
        {
          GdkRGBA fill = dh_draw_fade (&anomaly, 0.34);
          trace_bins (histogram, cr, histogram->anomalies, most);
          gdk_cairo_set_source_rgba (cr, &fill);
          cairo_fill_preserve (cr);
          gdk_cairo_set_source_rgba (cr, &anomaly);
          cairo_set_line_width (cr, 1.5);
          cairo_set_line_join (cr, CAIRO_LINE_JOIN_MITER);
          cairo_stroke (cr);
        }
      cairo_destroy (cr);
      append_count_grid (histogram, snapshot, most);
      if (histogram->plot_height >= DH_HISTOGRAM_NAMES_FROM)
        append_names (histogram, snapshot, &anomaly);
    }
  dh_draw_rect (snapshot, DH_HISTOGRAM_INSET, dh_draw_snap (widget, base), dh_histogram_get_plot_width (histogram), 1,
                histogram->anomalies ? &anomaly : &line);
  histogram->bars = gtk_snapshot_to_node (snapshot);
  histogram->bars_width = width;
  histogram->bars_dark = dark;
  return histogram->bars;
}

static void
append_ticks (DhHistogram *histogram, GtkSnapshot *snapshot)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  double low, high, ticks[16], step = 0.0, last = -1000.0;
  if (!dh_histogram_get_axis (histogram, &low, &high))
    return;
  int width = gtk_widget_get_width (widget);
  guint n = histogram->logit ? dh_ticks_logit (low, high, 7, ticks) : dh_ticks_linear (low, high, 6, ticks, &step);
  double y = histogram->top + histogram->plot_height + 2 + dh_histogram_get_slider_height (histogram);
  GdkRGBA text;
  dh_draw_text_color (widget, 0.74, &text);
  for (guint i = 0; i < n; i++)
    {
      double p = dh_logistic (ticks[i]);
      g_autofree char *number = NULL;
      if (!histogram->logit)
        number = dh_number_format_step (ticks[i], step);
      else
        {
          char buffer[32];
          g_ascii_formatd (buffer, sizeof buffer, p < 0.0001 ? "%.0e" : "%.7g", round (p * 1e9) / 1e9);
          number = g_strdup (buffer);
        }
      g_autoptr (PangoLayout) layout = dh_draw_layout (widget, number, 9.5, DH_TEXT_PLAIN);
      int w = 0;
      pango_layout_get_pixel_size (layout, &w, NULL);
      double x = CLAMP (dh_histogram_to_x (histogram, ticks[i]), w / 2.0, width - w / 2.0);
      if (x - w / 2.0 < last + 6.0)
        continue;
      dh_draw_text (snapshot, layout, x, y, 0.5, &text);
      last = x + w / 2.0;
    }
}

void
dh_histogram_draw (DhHistogram *histogram, GtkSnapshot *snapshot)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  double low, high, left = DH_HISTOGRAM_INSET, right = left + dh_histogram_get_plot_width (histogram);
  GdkRGBA accent, anomaly;
  if (right - left < 8.0)
    return;
  dh_widget_lookup_color (widget, "accent_color", "#1c71d8", &accent);
  dh_widget_lookup_color (widget, "dh_anomaly", "#c2185b", &anomaly);
  gboolean has_line = histogram->adjustment && dh_histogram_get_axis (histogram, &low, &high);
  double at = 0.0;
  if (has_line)
    {
      at = dh_draw_snap (
          widget, CLAMP (dh_histogram_to_x (histogram, gtk_adjustment_get_value (histogram->adjustment)), left, right));
      double from = histogram->flag_below ? left : at, to = histogram->flag_below ? at : right;
      GdkRGBA tint = dh_draw_fade (&anomaly, dh_widget_is_dark (widget) ? 0.20 : 0.11);
      dh_draw_rect (snapshot, from, histogram->top, to - from, histogram->plot_height, &tint);
      /* The bracket: along the top and down at the end. */
      double end = histogram->flag_below ? left : right - 1.5;
      dh_draw_rect (snapshot, from, histogram->top, to - from, DH_HISTOGRAM_BRACKET, &anomaly);
      dh_draw_rect (snapshot, end, histogram->top, 1.5, MIN (6, histogram->plot_height), &anomaly);
    }
  GskRenderNode *bars = ensure_bars (histogram);
  if (bars)
    gtk_snapshot_append_node (snapshot, bars);
  if (has_line)
    {
      const double over = histogram->top - DH_HISTOGRAM_HANDLE;
      dh_draw_rect (snapshot, at - 1, over + 4, 2, DH_HISTOGRAM_HANDLE + histogram->plot_height - 3, &accent);
      dh_draw_handle (snapshot, at, over + 1, &accent);
    }
  if (histogram->show_axis)
    append_ticks (histogram, snapshot);
}
