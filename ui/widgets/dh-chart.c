#include "dh-chart.h"
#include <math.h>
#include <string.h>
#include "dh-chart-private.h"
#include "dh-draw-private.h"

enum
{
  HOVER,
  ACTIVATE,
  THRESHOLD,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DhChart, dh_chart, GTK_TYPE_WIDGET)

static void
drop_node (DhChart *chart)
{
  g_clear_pointer (&chart->node, gsk_render_node_unref);
  gtk_widget_queue_draw (GTK_WIDGET (chart));
}

void
dh_chart_init_painter (DhChart *chart, DhChartPainter *painter, cairo_t *cr)
{
  GtkWidget *widget = GTK_WIDGET (chart);
  gboolean dark = dh_widget_is_dark (widget);
  *painter = (DhChartPainter){ .cr = cr,
                               .context = gtk_widget_get_pango_context (widget),
                               .width = gtk_widget_get_width (widget),
                               .height = gtk_widget_get_height (widget),
                               .pixel = 1.0 / gtk_widget_get_scale_factor (widget),
                               .dark = dark,
                               .plot = chart->plot,
                               .names = chart->names,
                               .chart = chart };
  dh_draw_text_color (widget, 1.0, &painter->text);
  dh_widget_lookup_color (widget, "card_bg_color", dark ? "#383838" : "#ffffff", &painter->ground);
  /* In the dark style a card is a veil of white over the window. */
  if (painter->ground.alpha < 1.0f)
    painter->ground = (GdkRGBA){ 0.22f, 0.22f, 0.22f, 1.0f };
}

static void
ensure_node (DhChart *chart)
{
  GtkWidget *widget = GTK_WIDGET (chart);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  gboolean dark = dh_widget_is_dark (widget);
  if (chart->node && chart->node_width == width && chart->node_height == height && chart->node_dark == dark)
    return;
  g_clear_pointer (&chart->node, gsk_render_node_unref);
  dh_chart_update_scales (chart);
  g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, (float)width, (float)height));
  DhChartPainter painter;
  dh_chart_init_painter (chart, &painter, cr);
  dh_chart_paint (&painter);
  cairo_destroy (cr);
  chart->plot = painter.plot;
  chart->names = painter.names;
  chart->node = gtk_snapshot_to_node (snapshot);
  chart->node_width = width;
  chart->node_height = height;
  chart->node_dark = dark;
}

static void
dh_chart_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhChart *chart = DH_CHART (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  if (width < 24 || height < 24)
    return;
  gboolean empty = TRUE;
  for (guint i = 0; i < chart->n_series; i++)
    empty &= chart->series[i].n == 0;
  if (empty && chart->placeholder)
    {
      g_autoptr (PangoLayout) layout = dh_draw_layout (widget, chart->placeholder, 10.0, DH_TEXT_PLAIN);
      int text_height = 0;
      GdkRGBA text;
      pango_layout_set_width (layout, (width - 16) * PANGO_SCALE);
      pango_layout_set_alignment (layout, PANGO_ALIGN_CENTER);
      pango_layout_get_pixel_size (layout, NULL, &text_height);
      dh_draw_text_color (widget, 0.74, &text);
      dh_draw_text (snapshot, layout, 8, (height - text_height) / 2.0, 0.0, &text);
      return;
    }
  ensure_node (chart);
  if (chart->node)
    gtk_snapshot_append_node (snapshot, chart->node);
  dh_chart_snapshot_reading (chart, snapshot);
}

static void
dh_chart_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                  int *minimum_baseline, int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 120 : 90;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 270 : 190;
}

static void
dh_chart_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (dh_chart_parent_class)->css_changed (widget, change);
  drop_node (DH_CHART (widget));
}

static void
clear_series (DhChartSeries *series)
{
  g_free (series->name);
  g_free (series->x);
  g_free (series->y);
  g_free (series->y_low);
  g_free (series->y_high);
  g_strfreev (series->point_names);
  g_free (series->marker_text);
  memset (series, 0, sizeof *series);
}

static void
clear_note (gpointer data)
{
  g_free (((DhChartNote *)data)->text);
}

static void
dh_chart_dispose (GObject *object)
{
  g_clear_pointer (&DH_CHART (object)->node, gsk_render_node_unref);
  G_OBJECT_CLASS (dh_chart_parent_class)->dispose (object);
}

static void
dh_chart_finalize (GObject *object)
{
  DhChart *chart = DH_CHART (object);
  for (guint i = 0; i < chart->n_series; i++)
    clear_series (&chart->series[i]);
  g_array_unref (chart->guides);
  g_array_unref (chart->notes);
  g_free (chart->axes[DH_CHART_X].title);
  g_free (chart->axes[DH_CHART_Y].title);
  g_free (chart->placeholder);
  g_free (chart->description);
  G_OBJECT_CLASS (dh_chart_parent_class)->finalize (object);
}

static void
dh_chart_class_init (DhChartClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  GType type = G_TYPE_FROM_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dh_chart_dispose;
  G_OBJECT_CLASS (class)->finalize = dh_chart_finalize;
  widget_class->snapshot = dh_chart_snapshot;
  widget_class->measure = dh_chart_measure;
  widget_class->css_changed = dh_chart_css_changed;
  signals[HOVER] = g_signal_new ("hover", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
  signals[ACTIVATE] =
      g_signal_new ("activate", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
  signals[THRESHOLD] =
      g_signal_new ("threshold", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_widget_class_set_css_name (widget_class, "chart");
}

static void
dh_chart_init (DhChart *chart)
{
  GtkWidget *widget = GTK_WIDGET (chart);
  for (guint i = 0; i < 2; i++)
    chart->axes[i] = (DhChartScale){ NULL, DH_AXIS_LINEAR, NAN, NAN, 0.0, 1.0 };
  chart->guides = g_array_new (FALSE, FALSE, sizeof (double));
  chart->notes = g_array_new (FALSE, FALSE, sizeof (DhChartNote));
  g_array_set_clear_func (chart->notes, clear_note);
  chart->threshold = chart->reading = NAN;
  chart->near_series = -1;
  chart->y_digits = 3;
  gtk_widget_set_focusable (widget, TRUE);
  gtk_widget_set_hexpand (widget, TRUE);
  gtk_widget_set_vexpand (widget, TRUE);
  dh_chart_add_controllers (chart);
  g_signal_connect (chart, "notify::scale-factor", G_CALLBACK (drop_node), NULL);
}

GtkWidget *
dh_chart_new (void)
{
  return g_object_new (DH_TYPE_CHART, NULL);
}

static double *
copy (const double *values, gsize n)
{
  return values ? g_memdup2 (values, n * sizeof *values) : NULL;
}

int
dh_chart_add_series (DhChart *chart, const DhSeries *series)
{
  g_return_val_if_fail (DH_IS_CHART (chart) && series != NULL, -1);
  if (chart->n_series == DH_CHART_MAX_SERIES || series->n > DH_CHART_MAX_POINTS || (guint)series->tone >= DH_N_TONES
      || (series->n > 0 && (series->x == NULL || series->y == NULL)))
    return -1;
  DhChartSeries *own = &chart->series[chart->n_series];
  gsize edges = series->n + (series->kind == DH_SERIES_STEPS && series->n > 0);
  *own = (DhChartSeries){ .name = g_utf8_make_valid (series->name ? series->name : "", -1),
                          .tone = series->tone,
                          .kind = series->kind,
                          .dash = series->dash,
                          .active = series->active,
                          .hide_name = series->hide_name || series->name_above,
                          .name_above = series->name_above,
                          .n = series->n,
                          .room = series->n,
                          .name_x = series->name_x,
                          .name_y = series->name_y,
                          .marker_x = NAN,
                          .marker_y = NAN };
  own->x = copy (series->x, edges);
  own->y = copy (series->y, series->n);
  if (series->y_low && series->y_high)
    {
      own->y_low = copy (series->y_low, series->n);
      own->y_high = copy (series->y_high, series->n);
    }
  if (series->point_names)
    {
      own->point_names = g_new0 (char *, series->n + 1);
      for (gsize i = 0; i < series->n; i++)
        own->point_names[i] = g_utf8_make_valid (series->point_names[i] ? series->point_names[i] : "", -1);
    }
  drop_node (chart);
  return (int)chart->n_series++;
}

void
dh_chart_append (DhChart *chart, guint index, const double *x, const double *y, gsize n)
{
  g_return_if_fail (DH_IS_CHART (chart) && index < chart->n_series);
  DhChartSeries *series = &chart->series[index];
  g_return_if_fail (series->kind != DH_SERIES_STEPS && series->y_low == NULL && series->point_names == NULL);
  if (n > DH_CHART_MAX_POINTS - series->n)
    n = DH_CHART_MAX_POINTS - series->n;
  if (series->n + n > series->room)
    {
      series->room = MAX (64, 2 * (series->n + n));
      series->x = g_renew (double, series->x, series->room);
      series->y = g_renew (double, series->y, series->room);
    }
  memcpy (series->x + series->n, x, n * sizeof *x);
  memcpy (series->y + series->n, y, n * sizeof *y);
  series->n += n;
  drop_node (chart);
}

void
dh_chart_clear (DhChart *chart)
{
  g_return_if_fail (DH_IS_CHART (chart));
  for (guint i = 0; i < chart->n_series; i++)
    clear_series (&chart->series[i]);
  chart->n_series = 0;
  chart->diagonal = FALSE;
  g_array_set_size (chart->guides, 0);
  g_array_set_size (chart->notes, 0);
  dh_chart_clear_reading (chart);
  drop_node (chart);
}

void
dh_chart_set_axis (DhChart *chart, DhChartAxis axis, const char *title, DhAxisKind kind, double low, double high)
{
  g_return_if_fail (DH_IS_CHART (chart) && axis <= DH_CHART_Y);
  DhChartScale *scale = &chart->axes[axis];
  g_free (scale->title);
  scale->title = title ? g_utf8_make_valid (title, -1) : NULL;
  scale->kind = kind;
  scale->wanted_low = isfinite (low) ? low : NAN;
  scale->wanted_high = isfinite (high) ? high : NAN;
  dh_chart_update_scales (chart);
  drop_node (chart);
}

void
dh_chart_set_marker (DhChart *chart, guint index, double x, double y, const char *text)
{
  g_return_if_fail (DH_IS_CHART (chart) && index < chart->n_series);
  DhChartSeries *series = &chart->series[index];
  series->marker_x = isnan (y) ? NAN : x;
  series->marker_y = y;
  g_free (series->marker_text);
  series->marker_text = text ? g_utf8_make_valid (text, -1) : NULL;
  gtk_widget_queue_draw (GTK_WIDGET (chart));
}

void
dh_chart_set_threshold (DhChart *chart, double x, gboolean draggable)
{
  g_return_if_fail (DH_IS_CHART (chart));
  chart->threshold = x;
  chart->threshold_draggable = draggable && isfinite (x);
  gtk_widget_queue_draw (GTK_WIDGET (chart));
}

void
dh_chart_add_guide (DhChart *chart, double y)
{
  g_return_if_fail (DH_IS_CHART (chart));
  if (isfinite (y))
    g_array_append_val (chart->guides, y);
  drop_node (chart);
}

void
dh_chart_add_diagonal (DhChart *chart)
{
  g_return_if_fail (DH_IS_CHART (chart));
  chart->diagonal = TRUE;
  drop_node (chart);
}

void
dh_chart_add_note (DhChart *chart, double at_x, double at_y, const char *text, DhTone tone)
{
  g_return_if_fail (DH_IS_CHART (chart) && text != NULL && (guint)tone < DH_N_TONES);
  DhChartNote note = { at_x, at_y, g_utf8_make_valid (text, -1), tone };
  g_array_append_val (chart->notes, note);
  drop_node (chart);
}

void
dh_chart_set_reading (DhChart *chart, guint x_digits, guint y_digits, gboolean percent)
{
  g_return_if_fail (DH_IS_CHART (chart));
  chart->x_digits = x_digits;
  chart->has_x_digits = TRUE;
  chart->y_digits = y_digits;
  chart->percent = percent;
}

void
dh_chart_set_description (DhChart *chart, const char *sentence)
{
  g_return_if_fail (DH_IS_CHART (chart));
  g_free (chart->description);
  chart->description = g_strdup (sentence);
  dh_widget_set_name (GTK_WIDGET (chart), sentence);
}

void
dh_chart_set_placeholder (DhChart *chart, const char *text)
{
  g_return_if_fail (DH_IS_CHART (chart));
  if (g_strcmp0 (text, chart->placeholder) == 0)
    return;
  g_free (chart->placeholder);
  chart->placeholder = text ? g_utf8_make_valid (text, -1) : NULL;
  drop_node (chart);
}
