#include "dh-histogram.h"
#include <math.h>
#include <string.h>
#include "dh-draw-private.h"
#include "dh-histogram-private.h"
#include "dh-number.h"

#define MAX_BINS 4096
#define KEY_REST_MS 600

enum
{
  DRAG_BEGIN,
  DRAG_END,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DhHistogram, dh_histogram, GTK_TYPE_WIDGET)

static void
drop_bars (DhHistogram *histogram)
{
  g_clear_pointer (&histogram->bars, gsk_render_node_unref);
  gtk_widget_queue_draw (GTK_WIDGET (histogram));
}

static void
dh_histogram_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  dh_histogram_draw (DH_HISTOGRAM (widget), snapshot);
  gtk_widget_snapshot_child (widget, DH_HISTOGRAM (widget)->scale, snapshot);
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
    {
      g_autoptr (PangoLayout) layout = dh_draw_layout (widget, "0", 9.0, DH_TEXT_PLAIN);
      int height = 0;
      pango_layout_get_pixel_size (layout, NULL, &height);
      const gboolean names = histogram->plot_height >= DH_HISTOGRAM_NAMES_FROM;
      const int top = names ? MAX (DH_HISTOGRAM_HANDLE, height - 4) : DH_HISTOGRAM_HANDLE;
      if (top != histogram->top)
        g_clear_pointer (&histogram->bars, gsk_render_node_unref);
      histogram->top = top;
      histogram->tick_room = MAX (18, height + 3);
      *minimum = *natural = histogram->top + histogram->plot_height + 2 + dh_histogram_get_slider_height (histogram)
                            + (histogram->show_axis ? histogram->tick_room : 0);
    }
}

static void
dh_histogram_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhHistogram *histogram = DH_HISTOGRAM (widget);
  int slider = dh_histogram_get_slider_height (histogram);
  if (slider > 0)
    gtk_widget_size_allocate (histogram->scale,
                              &(GdkRectangle){ 0, histogram->top + histogram->plot_height + 1, width, slider }, -1);
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
  dh_histogram_get_axis (histogram, &low, &high);
  return low + (high - low) * (x - DH_HISTOGRAM_INSET) / MAX (1.0, dh_histogram_get_plot_width (histogram));
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, DhHistogram *histogram)
{
  double low, high;
  if (histogram->adjustment == NULL || !dh_histogram_get_axis (histogram, &low, &high)
      || y > histogram->top + histogram->plot_height + 1)
    {
      gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_widget_grab_focus (histogram->scale);
  begin_drag (histogram);
  if (fabs (x - dh_histogram_to_x (histogram, gtk_adjustment_get_value (histogram->adjustment))) > 8.0)
    gtk_adjustment_set_value (histogram->adjustment, value_at (histogram, x));
  histogram->drag_value = gtk_adjustment_get_value (histogram->adjustment);
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, DhHistogram *histogram)
{
  double low, high;
  if (histogram->adjustment == NULL || !dh_histogram_get_axis (histogram, &low, &high))
    return;
  gboolean fine = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (drag)) & GDK_SHIFT_MASK;
  double way = dx * (high - low) / MAX (1.0, dh_histogram_get_plot_width (histogram));
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
  g_free (histogram->anomaly_name);
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
  histogram->anomaly_name = g_strdup ("anomalies");
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
dh_histogram_set_anomaly_name (DhHistogram *histogram, const char *name)
{
  g_free (histogram->anomaly_name);
  histogram->anomaly_name = g_utf8_make_valid (name, -1);
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
  dh_widget_set_name (histogram->scale, label);
  dh_widget_set_name (GTK_WIDGET (histogram), label);
  update_accessible (histogram);
}
