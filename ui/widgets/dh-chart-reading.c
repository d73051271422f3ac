#include <math.h>
#include "dh-chart-private.h"
#include "dh-draw-private.h"
#include "dh-number.h"

/* What follows the pointer: the line with the values of all series at one x, and the threshold. */

#define REACH 14.0 /* pixels from a point of a scatter */

static double
to_x (DhChart *chart, double value)
{
  return chart->plot.origin.x + dh_chart_share (&chart->axes[DH_CHART_X], value) * chart->plot.size.width;
}

static double
to_y (DhChart *chart, double value)
{
  return chart->plot.origin.y + (1.0 - dh_chart_share (&chart->axes[DH_CHART_Y], value)) * chart->plot.size.height;
}

static gboolean
is_scatter (DhChart *chart)
{
  for (guint i = 0; i < chart->n_series; i++)
    if (chart->series[i].kind != DH_SERIES_POINTS)
      return FALSE;
  return chart->n_series > 0;
}

static void
announce (DhChart *chart)
{
  g_signal_emit_by_name (chart, "hover", chart->reading);
  gtk_widget_queue_draw (GTK_WIDGET (chart));
}

void
dh_chart_clear_reading (DhChart *chart)
{
  chart->near_series = -1;
  if (isnan (chart->reading))
    return;
  chart->reading = NAN;
  announce (chart);
}

/* The series whose points the reading steps through: the active one, else the first line. */
static const DhChartSeries *
leading_series (DhChart *chart)
{
  const DhChartSeries *first = NULL;
  for (guint i = 0; i < chart->n_series; i++)
    if (chart->series[i].n > 0)
      {
        if (chart->series[i].active)
          return &chart->series[i];
        if (first == NULL)
          first = &chart->series[i];
      }
  return first;
}

static double
point_x (const DhChartSeries *series, gsize i)
{
  return series->kind == DH_SERIES_STEPS ? 0.5 * (series->x[i] + series->x[i + 1]) : series->x[i];
}

static void
read_at (DhChart *chart, double px, double py)
{
  graphene_point_t point = GRAPHENE_POINT_INIT ((float)px, (float)py);
  graphene_rect_t near = chart->plot;
  graphene_rect_inset (&near, -4, -4);
  if (chart->n_series == 0 || !graphene_rect_contains_point (&near, &point))
    {
      dh_chart_clear_reading (chart);
      return;
    }
  double x = dh_chart_unshare (&chart->axes[DH_CHART_X],
                               CLAMP ((px - chart->plot.origin.x) / chart->plot.size.width, 0.0, 1.0));
  chart->near_series = -1;
  if (is_scatter (chart))
    {
      double best = REACH * REACH;
      for (guint s = 0; s < chart->n_series; s++)
        for (gsize i = 0; i < chart->series[s].n; i++)
          {
            double dx = to_x (chart, chart->series[s].x[i]) - px, dy = to_y (chart, chart->series[s].y[i]) - py;
            if (dx * dx + dy * dy < best)
              {
                best = dx * dx + dy * dy;
                chart->near_series = (int)s;
                chart->near_point = i;
                x = chart->series[s].x[i];
              }
          }
      if (chart->near_series < 0)
        {
          dh_chart_clear_reading (chart);
          chart->near_series = -1;
          return;
        }
    }
  else
    {
      const DhChartSeries *leading = leading_series (chart);
      if (leading && leading->kind != DH_SERIES_STEPS)
        {
          gsize i = dh_chart_nearest (leading, x);
          /* Where the points stand apart, the reading takes one of them. */
          if (fabs (to_x (chart, leading->x[i]) - px) <= 6.0)
            x = leading->x[i];
        }
    }
  if (x == chart->reading && chart->near_series < 0)
    return;
  chart->reading = x;
  announce (chart);
}

static void
step (DhChart *chart, int direction)
{
  const DhChartSeries *series = leading_series (chart);
  if (series == NULL)
    return;
  gsize i;
  if (isnan (chart->reading))
    i = direction > 0 ? 0 : series->n - 1;
  else
    {
      i = dh_chart_nearest (series, chart->reading);
      double start = to_x (chart, point_x (series, i));
      /* Points closer than a pixel are one step. */
      while ((direction > 0 ? i + 1 < series->n : i > 0) && fabs (to_x (chart, point_x (series, i)) - start) < 1.0)
        i = direction > 0 ? i + 1 : i - 1;
    }
  chart->near_series = series->kind == DH_SERIES_POINTS ? (int)(series - chart->series) : -1;
  chart->near_point = i;
  chart->reading = point_x (series, i);
  announce (chart);
}

static char *
format_x (DhChart *chart, double x)
{
  const DhChartScale *scale = &chart->axes[DH_CHART_X];
  if (chart->has_x_digits)
    return dh_number_format (x, chart->x_digits);
  double width = MAX (8.0, chart->plot.size.width);
  double here = dh_chart_share (scale, x);
  double apart = fabs (dh_chart_unshare (scale, here + 1.0 / width) - x);
  return dh_number_format_step (x, apart > 0.0 ? pow (10.0, floor (log10 (apart))) : 0.01);
}

static char *
format_y (DhChart *chart, double y)
{
  return dh_number_format (chart->percent ? 100.0 * y : y, chart->y_digits);
}

static char *
axis_word (const DhChartScale *scale)
{
  if (scale->title == NULL)
    return g_strdup ("x");
  const char *comma = strstr (scale->title, ", ");
  return comma ? g_strndup (scale->title, (gsize)(comma - scale->title)) : g_strdup (scale->title);
}

static char *
reading_text (DhChart *chart)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *x = format_x (chart, chart->reading);
  g_autofree char *word = axis_word (&chart->axes[DH_CHART_X]);
  if (chart->near_series >= 0)
    {
      const DhChartSeries *series = &chart->series[chart->near_series];
      g_autofree char *y = format_y (chart, series->y[chart->near_point]);
      g_autofree char *y_word = axis_word (&chart->axes[DH_CHART_Y]);
      if (series->point_names)
        g_string_append_printf (text, "%s\n", series->point_names[chart->near_point]);
      g_string_append_printf (text, "%s  %s\n%s  %s", word, x, y_word, y);
      return g_string_free (g_steal_pointer (&text), FALSE);
    }
  g_string_append_printf (text, "%s  %s", word, x);
  for (guint i = 0; i < chart->n_series; i++)
    {
      double value = dh_chart_value_at (&chart->series[i], chart->reading);
      g_autofree char *name = dh_chart_short_name (&chart->series[i]);
      g_autofree char *number = chart->series[i].kind == DH_SERIES_STEPS && !isnan (value) && value >= 0 && value < 1e18
                                    ? dh_number_format_count ((guint64)value)
                                    : format_y (chart, value);
      g_string_append_printf (text, "\n%s  %s", name, number);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
append_dot (GtkSnapshot *snapshot, double x, double y, const GdkRGBA *color)
{
  GskRoundedRect rect;
  gsk_rounded_rect_init_from_rect (&rect, &GRAPHENE_RECT_INIT ((float)x - 4, (float)y - 4, 8, 8), 4);
  gtk_snapshot_push_rounded_clip (snapshot, &rect);
  gtk_snapshot_append_color (snapshot, color, &rect.bounds);
  gtk_snapshot_pop (snapshot);
}

static void
append_box (DhChart *chart, GtkSnapshot *snapshot, double x)
{
  GtkWidget *widget = GTK_WIDGET (chart);
  g_autofree char *text = reading_text (chart);
  g_autoptr (PangoLayout) layout = dh_draw_layout (widget, text, 9.5, DH_TEXT_PLAIN);
  GdkRGBA ground = { 0.09f, 0.09f, 0.10f, 0.88f }, white = { 1, 1, 1, 1 };
  int width = 0, height = 0;
  pango_layout_set_spacing (layout, 1 * PANGO_SCALE);
  pango_layout_get_pixel_size (layout, &width, &height);
  double left = x + 10, top = chart->plot.origin.y + chart->plot.size.height * 0.12;
  if (left + width + 14 > gtk_widget_get_width (widget))
    left = MAX (0.0, x - 10 - width - 14);
  top = MAX (0.0, MIN (top, gtk_widget_get_height (widget) - height - 10.0));
  GskRoundedRect rect;
  gsk_rounded_rect_init_from_rect (
      &rect, &GRAPHENE_RECT_INIT ((float)left, (float)top, (float)width + 14, (float)height + 9), 6);
  gtk_snapshot_push_rounded_clip (snapshot, &rect);
  gtk_snapshot_append_color (snapshot, &ground, &rect.bounds);
  gtk_snapshot_pop (snapshot);
  dh_draw_text (snapshot, layout, left + 7, top + 4, 0.0, &white);
}

static void
append_markers (DhChart *chart, GtkSnapshot *snapshot)
{
  gboolean any = FALSE;
  for (guint i = 0; i < chart->n_series; i++)
    any |= !isnan (chart->series[i].marker_x);
  if (!any)
    return;
  DhChartPainter painter;
  graphene_rect_t bounds = chart->plot;
  graphene_rect_inset (&bounds, -8, -8);
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &bounds);
  dh_chart_init_painter (chart, &painter, cr);
  dh_chart_paint_markers (&painter);
  cairo_destroy (cr);
}

void
dh_chart_snapshot_reading (DhChart *chart, GtkSnapshot *snapshot)
{
  GtkWidget *widget = GTK_WIDGET (chart);
  gboolean dark = dh_widget_is_dark (widget);
  GdkRGBA accent, text;
  double share = dh_chart_share (&chart->axes[DH_CHART_X], chart->threshold);
  dh_widget_lookup_color (widget, "accent_color", "#1c71d8", &accent);
  if (chart->n_series > 0 && share >= 0.0 && share <= 1.0)
    {
      double x = dh_draw_snap (widget, to_x (chart, chart->threshold));
      dh_draw_rect (snapshot, x - 1, chart->plot.origin.y, 2, chart->plot.size.height, &accent);
      dh_draw_handle (snapshot, x, chart->plot.origin.y - 1, &accent);
    }
  append_markers (chart, snapshot);
  if (isnan (chart->reading) || chart->n_series == 0)
    return;
  double x = dh_draw_snap (widget, to_x (chart, chart->reading));
  if (chart->near_series < 0)
    {
      dh_draw_text_color (widget, 0.55, &text);
      dh_draw_rect (snapshot, x, chart->plot.origin.y, 1, chart->plot.size.height, &text);
    }
  for (guint i = 0; i < chart->n_series; i++)
    {
      const DhChartSeries *series = &chart->series[i];
      double value = chart->near_series < 0         ? dh_chart_value_at (series, chart->reading)
                     : chart->near_series == (int)i ? series->y[chart->near_point]
                                                    : NAN;
      double at = dh_chart_share (&chart->axes[DH_CHART_Y], value);
      GdkRGBA color;
      if (!(at >= 0.0 && at <= 1.0) || series->kind == DH_SERIES_STEPS)
        continue;
      dh_tone_get_color (series->tone, dark, &color);
      if (chart->near_series >= 0)
        dh_draw_text_color (widget, 0.9, &color);
      append_dot (snapshot, x + 0.5, to_y (chart, value), &color);
    }
  append_box (chart, snapshot, x);
}

static void
update_description (DhChart *chart)
{
  g_autofree char *text = isnan (chart->reading) ? g_strdup ("") : reading_text (chart);
  g_strdelimit (text, "\n", ',');
  gtk_accessible_update_property (GTK_ACCESSIBLE (chart), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, DhChart *chart)
{
  gboolean on_line = chart->threshold_draggable && fabs (x - to_x (chart, chart->threshold)) <= 6.0;
  gtk_widget_set_cursor_from_name (GTK_WIDGET (chart), on_line ? "col-resize" : NULL);
  if (!chart->dragging_threshold)
    read_at (chart, x, y);
}

static void
on_leave (GtkEventControllerMotion *motion, DhChart *chart)
{
  dh_chart_clear_reading (chart);
}

static gboolean
on_key (GtkEventControllerKey *key, guint keyval, guint keycode, GdkModifierType state, DhChart *chart)
{
  if (state & (GDK_CONTROL_MASK | GDK_ALT_MASK))
    return FALSE;
  switch (keyval)
    {
    case GDK_KEY_Left:
    case GDK_KEY_Right:
      step (chart, keyval == GDK_KEY_Right ? 1 : -1);
      update_description (chart);
      return TRUE;
    case GDK_KEY_Escape:
      if (isnan (chart->reading))
        return FALSE;
      dh_chart_clear_reading (chart);
      update_description (chart);
      return TRUE;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
      if (chart->near_series < 0)
        return FALSE;
      g_signal_emit_by_name (chart, "activate", (guint)chart->near_series, (guint)chart->near_point);
      return TRUE;
    default:
      return FALSE;
    }
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, DhChart *chart)
{
  chart->dragging_threshold = chart->threshold_draggable && fabs (x - to_x (chart, chart->threshold)) <= 8.0;
  if (!chart->dragging_threshold)
    {
      gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
  dh_chart_clear_reading (chart);
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, DhChart *chart)
{
  double x0 = 0, y0 = 0;
  if (!chart->dragging_threshold || !gtk_gesture_drag_get_start_point (drag, &x0, &y0))
    return;
  double share = CLAMP ((x0 + dx - chart->plot.origin.x) / chart->plot.size.width, 0.0, 1.0);
  chart->threshold = dh_chart_unshare (&chart->axes[DH_CHART_X], share);
  gtk_widget_queue_draw (GTK_WIDGET (chart));
  g_signal_emit_by_name (chart, "threshold", chart->threshold);
}

static void
on_drag_end (GtkGestureDrag *drag, double dx, double dy, DhChart *chart)
{
  chart->dragging_threshold = FALSE;
}

static void
on_released (GtkGestureClick *click, int n_press, double x, double y, DhChart *chart)
{
  gtk_widget_grab_focus (GTK_WIDGET (chart));
  read_at (chart, x, y);
  if (chart->near_series >= 0)
    g_signal_emit_by_name (chart, "activate", (guint)chart->near_series, (guint)chart->near_point);
}

void
dh_chart_add_controllers (DhChart *chart)
{
  GtkWidget *widget = GTK_WIDGET (chart);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), chart);
  g_signal_connect (motion, "leave", G_CALLBACK (on_leave), chart);
  gtk_widget_add_controller (widget, motion);
  GtkEventController *key = gtk_event_controller_key_new ();
  g_signal_connect (key, "key-pressed", G_CALLBACK (on_key), chart);
  gtk_widget_add_controller (widget, key);
  GtkGesture *click = gtk_gesture_click_new ();
  g_signal_connect (click, "released", G_CALLBACK (on_released), chart);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
  GtkGesture *drag = gtk_gesture_drag_new ();
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), chart);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), chart);
  g_signal_connect (drag, "drag-end", G_CALLBACK (on_drag_end), chart);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
}
