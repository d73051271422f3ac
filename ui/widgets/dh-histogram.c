#include "dh-histogram.h"
#include <math.h>
#include <string.h>
#include "dh-draw-private.h"
#include "dh-number.h"

#define TOP 11 /* room for the line's handle */
#define TICK_ROOM 18
#define NAMES_FROM 56
#define MAX_BINS 4096
#define KEY_REST_MS 600

struct _DhHistogram
{
  GtkWidget parent_instance;
  double low, high;
  guint64 *inliers, *anomalies;
  guint n_bins;
  GtkAdjustment *adjustment;
  GtkWidget *scale;
  gboolean flag_below, logit, linear, show_axis;
  int plot_height;
  char *caption, *label, *record;

  GskRenderNode *bars; /* all that does not move with the line */
  int bars_width;
  gboolean bars_dark;

  gboolean dragging, by_keys;
  double drag_value;
  guint rest_id;
};

enum
{
  DRAG_BEGIN,
  DRAG_END,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DhHistogram, dh_histogram, GTK_TYPE_WIDGET)

static gboolean
get_axis (DhHistogram *histogram, double *low, double *high)
{
  *low = histogram->adjustment ? gtk_adjustment_get_lower (histogram->adjustment) : histogram->low;
  *high = histogram->adjustment ? gtk_adjustment_get_upper (histogram->adjustment) : histogram->high;
  return *high > *low;
}

static double
plot_width (DhHistogram *histogram)
{
  return gtk_widget_get_width (GTK_WIDGET (histogram)) - 2.0 * DH_HISTOGRAM_INSET;
}

static double
to_x (DhHistogram *histogram, double value)
{
  double low, high;
  if (!get_axis (histogram, &low, &high))
    return DH_HISTOGRAM_INSET;
  return DH_HISTOGRAM_INSET + plot_width (histogram) * (value - low) / (high - low);
}

static void
drop_bars (DhHistogram *histogram)
{
  g_clear_pointer (&histogram->bars, gsk_render_node_unref);
  gtk_widget_queue_draw (GTK_WIDGET (histogram));
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
  double base = TOP + histogram->plot_height, width = (histogram->high - histogram->low) / histogram->n_bins;
  double left = DH_HISTOGRAM_INSET, right = left + plot_width (histogram);
  cairo_move_to (cr, CLAMP (to_x (histogram, histogram->low), left, right), base);
  for (guint i = 0; i < histogram->n_bins; i++)
    {
      double x0 = CLAMP (dh_draw_snap (widget, to_x (histogram, histogram->low + i * width)), left, right);
      double x1 = CLAMP (dh_draw_snap (widget, to_x (histogram, histogram->low + (i + 1) * width)), left, right);
      double y = dh_draw_snap (widget, base - count_height (histogram, (double)counts[i], most));
      cairo_line_to (cr, x0, y);
      cairo_line_to (cr, x1, y);
    }
  cairo_line_to (cr, CLAMP (to_x (histogram, histogram->high), left, right), base);
}

static void
append_count_grid (DhHistogram *histogram, GtkSnapshot *snapshot, double most)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  double ticks[8], base = TOP + histogram->plot_height;
  guint n = histogram->linear ? dh_ticks_linear (0, most, 3, ticks, NULL)
                              : dh_ticks_log (1.0, MAX (most, 10.0), histogram->plot_height >= 34 ? 3 : 2, ticks);
  GdkRGBA line, text;
  dh_draw_text_color (widget, 0.12, &line);
  dh_draw_text_color (widget, 0.74, &text);
  for (guint i = 0; i < n; i++)
    {
      double y = dh_draw_snap (widget, base - count_height (histogram, ticks[i], most));
      if (ticks[i] <= (histogram->linear ? 0.0 : 1.0) || y < TOP)
        continue;
      dh_draw_rect (snapshot, DH_HISTOGRAM_INSET, y, plot_width (histogram), 1, &line);
      if (histogram->plot_height < NAMES_FROM)
        continue;
      g_autofree char *number =
          histogram->linear ? dh_number_format_count ((guint64)ticks[i]) : dh_number_format_log (ticks[i]);
      g_autoptr (PangoLayout) layout = dh_draw_layout (widget, number, 9.0, DH_TEXT_PLAIN);
      int height = 0;
      pango_layout_get_pixel_size (layout, NULL, &height);
      dh_draw_text (snapshot, layout, DH_HISTOGRAM_INSET + 3, MAX (y - height, TOP - 2), 0.0, &text);
    }
}

static void
append_names (DhHistogram *histogram, GtkSnapshot *snapshot, const GdkRGBA *anomaly)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  double left = DH_HISTOGRAM_INSET, right = left + plot_width (histogram);
  GdkRGBA text;
  int caption_width = 0, name_width = 0;
  dh_draw_text_color (widget, 0.92, &text);
  g_autoptr (PangoLayout) caption =
      dh_draw_layout (widget, histogram->caption ? histogram->caption : "", 9.0, DH_TEXT_PLAIN);
  g_autoptr (PangoLayout) name = dh_draw_layout (widget, "anomalies", 9.0, DH_TEXT_BOLD);
  pango_layout_get_pixel_size (caption, &caption_width, NULL);
  pango_layout_get_pixel_size (name, &name_width, NULL);
  double y = TOP + histogram->plot_height * 0.26;
  gboolean both = histogram->anomalies && right - left > caption_width + name_width + 50;
  /* Each on the side where its pixels should be. */
  if (histogram->caption)
    dh_draw_text (snapshot, caption, histogram->flag_below ? right - 8 : left + 32, y,
                  histogram->flag_below ? 1.0 : 0.0, &text);
  /* Under the bracket, where few counts reach. */
  if (both)
    dh_draw_text (snapshot, name, histogram->flag_below ? left + 32 : right - 6, TOP + 3,
                  histogram->flag_below ? 0.0 : 1.0, anomaly);
}

static GskRenderNode *
ensure_bars (DhHistogram *histogram)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  gboolean dark = dh_widget_is_dark (widget);
  int width = gtk_widget_get_width (widget);
  if (histogram->bars && histogram->bars_width == width && histogram->bars_dark == dark)
    return histogram->bars;
  g_clear_pointer (&histogram->bars, gsk_render_node_unref);
  g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();
  double most = most_counted (histogram), base = TOP + histogram->plot_height;
  GdkRGBA inlier, anomaly, line;
  dh_tone_get_color (DH_TONE_INLIER, dark, &inlier);
  dh_widget_lookup_color (widget, "dh_anomaly", "#c2185b", &anomaly);
  dh_draw_text_color (widget, 0.35, &line);
  if (histogram->n_bins && most > 0.0)
    {
      cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (DH_HISTOGRAM_INSET - 1, TOP - 2,
                                                                              (float)plot_width (histogram) + 2,
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
      if (histogram->plot_height >= NAMES_FROM)
        append_names (histogram, snapshot, &anomaly);
    }
  dh_draw_rect (snapshot, DH_HISTOGRAM_INSET, dh_draw_snap (widget, base), plot_width (histogram), 1,
                histogram->anomalies ? &anomaly : &line);
  histogram->bars = gtk_snapshot_to_node (snapshot);
  histogram->bars_width = width;
  histogram->bars_dark = dark;
  return histogram->bars;
}

static int
slider_height (DhHistogram *histogram)
{
  int height = 0;
  if (gtk_widget_get_visible (histogram->scale))
    gtk_widget_measure (histogram->scale, GTK_ORIENTATION_VERTICAL, -1, NULL, &height, NULL, NULL);
  return height;
}

static void
append_ticks (DhHistogram *histogram, GtkSnapshot *snapshot)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  double low, high, ticks[16], step = 0.0, last = -1000.0;
  if (!get_axis (histogram, &low, &high))
    return;
  int width = gtk_widget_get_width (widget);
  guint n = histogram->logit ? dh_ticks_logit (low, high, 7, ticks) : dh_ticks_linear (low, high, 6, ticks, &step);
  double y = TOP + histogram->plot_height + 2 + slider_height (histogram);
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
      double x = CLAMP (to_x (histogram, ticks[i]), w / 2.0, width - w / 2.0);
      if (x - w / 2.0 < last + 6.0)
        continue;
      dh_draw_text (snapshot, layout, x, y, 0.5, &text);
      last = x + w / 2.0;
    }
}

static void
dh_histogram_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhHistogram *histogram = DH_HISTOGRAM (widget);
  double low, high, left = DH_HISTOGRAM_INSET, right = left + plot_width (histogram);
  GdkRGBA accent, anomaly;
  if (right - left < 8.0)
    return;
  dh_widget_lookup_color (widget, "accent_color", "#1c71d8", &accent);
  dh_widget_lookup_color (widget, "dh_anomaly", "#c2185b", &anomaly);
  gboolean has_line = histogram->adjustment && get_axis (histogram, &low, &high);
  double at = 0.0;
  if (has_line)
    {
      at = dh_draw_snap (widget,
                         CLAMP (to_x (histogram, gtk_adjustment_get_value (histogram->adjustment)), left, right));
      double from = histogram->flag_below ? left : at, to = histogram->flag_below ? at : right;
      GdkRGBA tint = dh_draw_fade (&anomaly, dh_widget_is_dark (widget) ? 0.20 : 0.11);
      dh_draw_rect (snapshot, from, TOP, to - from, histogram->plot_height, &tint);
      /* The bracket: along the top and down at the end. */
      double end = histogram->flag_below ? left : right - 1.5;
      dh_draw_rect (snapshot, from, TOP, to - from, 1.5, &anomaly);
      dh_draw_rect (snapshot, end, TOP, 1.5, MIN (6, histogram->plot_height), &anomaly);
    }
  GskRenderNode *bars = ensure_bars (histogram);
  if (bars)
    gtk_snapshot_append_node (snapshot, bars);
  if (has_line)
    {
      dh_draw_rect (snapshot, at - 1, 4, 2, TOP + histogram->plot_height - 3, &accent);
      dh_draw_handle (snapshot, at, 1, &accent);
    }
  if (histogram->show_axis)
    append_ticks (histogram, snapshot);
  gtk_widget_snapshot_child (widget, histogram->scale, snapshot);
}

static void
dh_histogram_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline)
{
  DhHistogram *histogram = DH_HISTOGRAM (widget);
  int least = 0;
  if (gtk_widget_get_visible (histogram->scale))
    gtk_widget_measure (histogram->scale, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = MAX (least, 80);
      *natural = 320;
    }
  else
    *minimum = *natural =
        TOP + histogram->plot_height + 2 + slider_height (histogram) + (histogram->show_axis ? TICK_ROOM : 0);
}

static void
dh_histogram_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhHistogram *histogram = DH_HISTOGRAM (widget);
  int slider = slider_height (histogram);
  if (slider > 0)
    gtk_widget_size_allocate (histogram->scale, &(GdkRectangle){ 0, TOP + histogram->plot_height + 1, width, slider },
                              -1);
}

static void
end_drag (DhHistogram *histogram)
{
  g_clear_handle_id (&histogram->rest_id, g_source_remove);
  histogram->by_keys = FALSE;
  if (!histogram->dragging)
    return;
  histogram->dragging = FALSE;
  g_signal_emit (histogram, signals[DRAG_END], 0);
}

static void
begin_drag (DhHistogram *histogram)
{
  g_clear_handle_id (&histogram->rest_id, g_source_remove);
  histogram->by_keys = FALSE;
  if (histogram->dragging)
    return;
  histogram->dragging = TRUE;
  g_signal_emit (histogram, signals[DRAG_BEGIN], 0);
}

static double
value_at (DhHistogram *histogram, double x)
{
  double low, high;
  get_axis (histogram, &low, &high);
  return low + (high - low) * (x - DH_HISTOGRAM_INSET) / MAX (1.0, plot_width (histogram));
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, DhHistogram *histogram)
{
  double low, high;
  if (histogram->adjustment == NULL || !get_axis (histogram, &low, &high) || y > TOP + histogram->plot_height + 1)
    {
      gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_widget_grab_focus (histogram->scale);
  begin_drag (histogram);
  if (fabs (x - to_x (histogram, gtk_adjustment_get_value (histogram->adjustment))) > 8.0)
    gtk_adjustment_set_value (histogram->adjustment, value_at (histogram, x));
  histogram->drag_value = gtk_adjustment_get_value (histogram->adjustment);
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, DhHistogram *histogram)
{
  double low, high;
  if (histogram->adjustment == NULL || !get_axis (histogram, &low, &high))
    return;
  gboolean fine = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (drag)) & GDK_SHIFT_MASK;
  double way = dx * (high - low) / MAX (1.0, plot_width (histogram));
  gtk_adjustment_set_value (histogram->adjustment, histogram->drag_value + (fine ? 0.1 : 1.0) * way);
}

static void
on_drag_end (GtkGestureDrag *drag, double dx, double dy, DhHistogram *histogram)
{
  end_drag (histogram);
}

/* GtkRange tells nobody when its slider is let go. */
static gboolean
on_scale_event (GtkEventControllerLegacy *controller, GdkEvent *event, DhHistogram *histogram)
{
  GdkEventType type = gdk_event_get_event_type (event);
  if (type == GDK_BUTTON_PRESS || type == GDK_TOUCH_BEGIN)
    begin_drag (histogram);
  else if (type == GDK_BUTTON_RELEASE || type == GDK_TOUCH_END || type == GDK_TOUCH_CANCEL)
    end_drag (histogram);
  return FALSE;
}

static gboolean
on_keys_rest (gpointer data)
{
  DhHistogram *histogram = data;
  histogram->rest_id = 0;
  end_drag (histogram);
  return G_SOURCE_REMOVE;
}

static gboolean
on_scale_key (GtkEventControllerKey *controller, guint keyval, guint keycode, GdkModifierType state,
              DhHistogram *histogram)
{
  switch (keyval)
    {
    case GDK_KEY_Left:
    case GDK_KEY_Right:
    case GDK_KEY_Up:
    case GDK_KEY_Down:
    case GDK_KEY_Page_Up:
    case GDK_KEY_Page_Down:
    case GDK_KEY_Home:
    case GDK_KEY_End:
      begin_drag (histogram);
      histogram->by_keys = TRUE;
      histogram->rest_id = g_timeout_add (KEY_REST_MS, on_keys_rest, histogram);
      break;
    default:
      break;
    }
  return FALSE;
}

static void
update_accessible (DhHistogram *histogram)
{
  g_autofree char *text = NULL;
  if (histogram->adjustment == NULL)
    return;
  double value = gtk_adjustment_get_value (histogram->adjustment);
  g_autofree char *number =
      histogram->logit ? dh_number_format_probability (dh_logistic (value)) : dh_number_format (value, 2);
  text = histogram->record ? g_strdup_printf ("%s, %s", number, histogram->record) : g_strdup (number);
  gtk_accessible_update_property (GTK_ACCESSIBLE (histogram->scale), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text, -1);
}

static void
on_value_changed (DhHistogram *histogram)
{
  update_accessible (histogram);
  gtk_widget_queue_draw (GTK_WIDGET (histogram));
}

static void
on_bounds_changed (DhHistogram *histogram)
{
  drop_bars (histogram);
}

static void
dh_histogram_dispose (GObject *object)
{
  DhHistogram *histogram = DH_HISTOGRAM (object);
  g_clear_handle_id (&histogram->rest_id, g_source_remove);
  if (histogram->adjustment)
    {
      g_signal_handlers_disconnect_by_data (histogram->adjustment, histogram);
      g_clear_object (&histogram->adjustment);
    }
  g_clear_pointer (&histogram->scale, gtk_widget_unparent);
  g_clear_pointer (&histogram->bars, gsk_render_node_unref);
  G_OBJECT_CLASS (dh_histogram_parent_class)->dispose (object);
}

static void
dh_histogram_finalize (GObject *object)
{
  DhHistogram *histogram = DH_HISTOGRAM (object);
  g_free (histogram->inliers);
  g_free (histogram->anomalies);
  g_free (histogram->caption);
  g_free (histogram->label);
  g_free (histogram->record);
  G_OBJECT_CLASS (dh_histogram_parent_class)->finalize (object);
}

static void
dh_histogram_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (dh_histogram_parent_class)->css_changed (widget, change);
  drop_bars (DH_HISTOGRAM (widget));
}

static void
dh_histogram_class_init (DhHistogramClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  GType type = G_TYPE_FROM_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dh_histogram_dispose;
  G_OBJECT_CLASS (class)->finalize = dh_histogram_finalize;
  widget_class->measure = dh_histogram_measure;
  widget_class->size_allocate = dh_histogram_size_allocate;
  widget_class->snapshot = dh_histogram_snapshot;
  widget_class->css_changed = dh_histogram_css_changed;
  signals[DRAG_BEGIN] = g_signal_new ("drag-begin", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[DRAG_END] = g_signal_new ("drag-end", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  /* The slider inside is the control. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_css_name (widget_class, "histogram");
}

static void
dh_histogram_init (DhHistogram *histogram)
{
  GtkWidget *widget = GTK_WIDGET (histogram);
  gtk_widget_add_css_class (widget, "dh-thr");
  histogram->plot_height = 74;
  histogram->show_axis = TRUE;
  histogram->caption = g_strdup ("inliers, this image");
  histogram->scale = gtk_scale_new (GTK_ORIENTATION_HORIZONTAL, NULL);
  gtk_scale_set_draw_value (GTK_SCALE (histogram->scale), FALSE);
  gtk_scale_set_has_origin (GTK_SCALE (histogram->scale), FALSE);
  gtk_widget_set_parent (histogram->scale, widget);

  GtkEventController *events = gtk_event_controller_legacy_new ();
  gtk_event_controller_set_propagation_phase (events, GTK_PHASE_CAPTURE);
  g_signal_connect (events, "event", G_CALLBACK (on_scale_event), histogram);
  gtk_widget_add_controller (histogram->scale, events);
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_scale_key), histogram);
  gtk_widget_add_controller (histogram->scale, keys);

  GtkGesture *drag = gtk_gesture_drag_new ();
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), histogram);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), histogram);
  g_signal_connect (drag, "drag-end", G_CALLBACK (on_drag_end), histogram);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));
}

GtkWidget *
dh_histogram_new (void)
{
  return g_object_new (DH_TYPE_HISTOGRAM, NULL);
}

void
dh_histogram_set_counts (DhHistogram *histogram, double low, double high, const guint64 *inliers,
                         const guint64 *anomalies, guint n_bins)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  g_clear_pointer (&histogram->inliers, g_free);
  g_clear_pointer (&histogram->anomalies, g_free);
  histogram->n_bins = 0;
  if (inliers && n_bins > 0 && n_bins <= MAX_BINS && high > low && isfinite (high - low))
    {
      histogram->n_bins = n_bins;
      histogram->low = low;
      histogram->high = high;
      histogram->inliers = g_memdup2 (inliers, n_bins * sizeof *inliers);
      histogram->anomalies = anomalies ? g_memdup2 (anomalies, n_bins * sizeof *anomalies) : NULL;
    }
  drop_bars (histogram);
}

void
dh_histogram_set_adjustment (DhHistogram *histogram, GtkAdjustment *adjustment)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  g_return_if_fail (adjustment == NULL || GTK_IS_ADJUSTMENT (adjustment));
  if (histogram->adjustment == adjustment)
    return;
  if (histogram->adjustment)
    g_signal_handlers_disconnect_by_data (histogram->adjustment, histogram);
  g_clear_object (&histogram->adjustment);
  if (adjustment)
    {
      histogram->adjustment = g_object_ref_sink (adjustment);
      gtk_range_set_adjustment (GTK_RANGE (histogram->scale), adjustment);
      g_signal_connect_swapped (adjustment, "value-changed", G_CALLBACK (on_value_changed), histogram);
      g_signal_connect_swapped (adjustment, "changed", G_CALLBACK (on_bounds_changed), histogram);
      update_accessible (histogram);
    }
  drop_bars (histogram);
}

GtkAdjustment *
dh_histogram_get_adjustment (DhHistogram *histogram)
{
  g_return_val_if_fail (DH_IS_HISTOGRAM (histogram), NULL);
  return histogram->adjustment;
}

void
dh_histogram_set_flag_below (DhHistogram *histogram, gboolean flag_below)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  histogram->flag_below = flag_below;
  drop_bars (histogram);
}

void
dh_histogram_set_logit (DhHistogram *histogram, gboolean logit)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  histogram->logit = logit;
  update_accessible (histogram);
  drop_bars (histogram);
}

void
dh_histogram_set_plot_height (DhHistogram *histogram, int height)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  histogram->plot_height = CLAMP (height, 8, 2000);
  drop_bars (histogram);
  gtk_widget_queue_resize (GTK_WIDGET (histogram));
}

void
dh_histogram_set_show_slider (DhHistogram *histogram, gboolean show_slider)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  gtk_widget_set_visible (histogram->scale, show_slider);
}

void
dh_histogram_set_show_axis (DhHistogram *histogram, gboolean show_axis)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  histogram->show_axis = show_axis;
  gtk_widget_queue_resize (GTK_WIDGET (histogram));
}

void
dh_histogram_set_linear_counts (DhHistogram *histogram, gboolean linear)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  histogram->linear = linear;
  drop_bars (histogram);
}

void
dh_histogram_set_caption (DhHistogram *histogram, const char *caption)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  g_free (histogram->caption);
  histogram->caption = caption ? g_utf8_make_valid (caption, -1) : NULL;
  drop_bars (histogram);
}

void
dh_histogram_set_label (DhHistogram *histogram, const char *label, const char *record)
{
  g_return_if_fail (DH_IS_HISTOGRAM (histogram));
  g_free (histogram->label);
  g_free (histogram->record);
  histogram->label = g_strdup (label);
  histogram->record = g_strdup (record);
  dh_draw_set_label (histogram->scale, label);
  dh_draw_set_label (GTK_WIDGET (histogram), label);
  update_accessible (histogram);
}
