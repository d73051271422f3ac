#include <math.h>
#include "dh-canvas-private.h"
#include "dh-draw-private.h"

#define DH_TYPE_SWIPE_HANDLE (dh_swipe_handle_get_type ())
G_DECLARE_FINAL_TYPE (DhSwipeHandle, dh_swipe_handle, DH, SWIPE_HANDLE, GtkWidget)

struct _DhSwipeHandle
{
  GtkWidget parent_instance;
  DhCanvas *canvas; /* its parent */
  double start;     /* of a drag: the line */
};

G_DEFINE_FINAL_TYPE (DhSwipeHandle, dh_swipe_handle, GTK_TYPE_WIDGET)

#define KNOB 15.0 /* radius */
#define REACH 6.0 /* on either side of the line */
#define STEP 0.02 /* of an arrow */

static double
line_of (DhSwipeHandle *self)
{
  return round (gtk_widget_get_width (GTK_WIDGET (self)) * dh_canvas_get_split (self->canvas));
}

/* The knob stays whole where the line is at an edge, so that it can be taken hold of. */
static double
knob_of (DhSwipeHandle *self)
{
  double width = gtk_widget_get_width (GTK_WIDGET (self)), least = KNOB + 2;
  return width > 2 * least ? CLAMP (line_of (self), least, width - least) : width / 2;
}

static gboolean
dh_swipe_handle_contains (GtkWidget *widget, double x, double y)
{
  DhSwipeHandle *self = DH_SWIPE_HANDLE (widget);
  double height = gtk_widget_get_height (widget);
  if (y < 0 || y >= height)
    return FALSE;
  return fabs (x - line_of (self)) <= REACH || hypot (x - knob_of (self), y - height / 2) <= KNOB + 1;
}

static void
append_disc (GtkSnapshot *snapshot, double x, double y, double radius, const GdkRGBA *color)
{
  GskRoundedRect disc;
  graphene_rect_t bounds =
      GRAPHENE_RECT_INIT ((float)(x - radius), (float)(y - radius), (float)(2 * radius), (float)(2 * radius));
  gsk_rounded_rect_init_from_rect (&disc, &bounds, (float)radius);
  gtk_snapshot_push_rounded_clip (snapshot, &disc);
  gtk_snapshot_append_color (snapshot, color, &bounds);
  gtk_snapshot_pop (snapshot);
}

/* Two arrow heads, of rows of the device's pixels, as GSK draws them crisp. */
static void
append_arrows (GtkWidget *widget, GtkSnapshot *snapshot, double x, double y, const GdkRGBA *color)
{
  int scale = gtk_widget_get_scale_factor (widget), rows = 5 * scale + scale / 2;
  double row = 1.0 / scale;
  for (int i = -rows; i <= rows; i++)
    {
      double length = 6 - abs (i) * row, top = y + (i - 0.5) * row;
      dh_draw_rect (snapshot, x - 3 - length, top, length, row, color);
      dh_draw_rect (snapshot, x + 3, top, length, row, color);
    }
}

/* The line is as long as the picture is high. */
static void
get_picture_rows (DhSwipeHandle *self, double *top, double *bottom)
{
  graphene_rect_t area, picture;
  double height = gtk_widget_get_height (GTK_WIDGET (self));
  dh_canvas_get_area (self->canvas, 0, &area);
  dh_canvas_get_picture (self->canvas, 0, &picture);
  *top = CLAMP (picture.origin.y - area.origin.y, 0, height);
  *bottom = CLAMP (picture.origin.y + picture.size.height - area.origin.y, *top, height);
}

static void
dh_swipe_handle_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhSwipeHandle *self = DH_SWIPE_HANDLE (widget);
  static const GdkRGBA white = { 1, 1, 1, 1 }, rim = { 0.06f, 0.06f, 0.07f, 0.55f }, ink = { 0.14f, 0.14f, 0.15f, 1 };
  double x = line_of (self), knob = knob_of (self), y = round (gtk_widget_get_height (widget) / 2.0), top, bottom;
  get_picture_rows (self, &top, &bottom);
  dh_draw_rect (snapshot, x - 2, top, 4, bottom - top, &rim);
  dh_draw_rect (snapshot, x - 1, top, 2, bottom - top, &white);
  append_disc (snapshot, knob, y, KNOB + 1, &rim);
  if (gtk_widget_has_visible_focus (widget))
    {
      GdkRGBA accent;
      dh_widget_lookup_color (widget, "accent_color", "#1c71d8", &accent);
      append_disc (snapshot, knob, y, KNOB + 2, &accent);
      append_disc (snapshot, knob, y, KNOB - 1, &white);
    }
  else
    append_disc (snapshot, knob, y, KNOB, &white);
  append_arrows (widget, snapshot, knob, y, &ink);
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, DhSwipeHandle *self)
{
  gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  /* Held by the knob, the line goes where the knob goes. */
  self->start = fabs (x - line_of (self)) <= REACH ? line_of (self) : knob_of (self);
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, DhSwipeHandle *self)
{
  dh_canvas_move_split (self->canvas, (self->start + dx) / MAX (1, gtk_widget_get_width (GTK_WIDGET (self))));
}

static void
on_pressed (GtkGestureClick *click, int n_press, double x, double y, DhSwipeHandle *self)
{
  if (n_press == 2)
    dh_canvas_move_split (self->canvas, 0.5);
}

static gboolean
on_key (GtkEventControllerKey *key, guint keyval, guint keycode, GdkModifierType state, DhSwipeHandle *self)
{
  double split = dh_canvas_get_split (self->canvas), step = state & GDK_SHIFT_MASK ? STEP / 10 : STEP;
  if (state & (GDK_CONTROL_MASK | GDK_ALT_MASK))
    return FALSE;
  switch (keyval)
    {
    case GDK_KEY_Left:
    case GDK_KEY_KP_Left:
      return dh_canvas_move_split (self->canvas, split - step), TRUE;
    case GDK_KEY_Right:
    case GDK_KEY_KP_Right:
      return dh_canvas_move_split (self->canvas, split + step), TRUE;
    case GDK_KEY_Home:
      return dh_canvas_move_split (self->canvas, 0), TRUE;
    case GDK_KEY_End:
      return dh_canvas_move_split (self->canvas, 1), TRUE;
    default:
      return FALSE;
    }
}

static void
on_focus (GtkWidget *widget)
{
  gtk_widget_queue_draw (widget);
}

static void
dh_swipe_handle_state_flags_changed (GtkWidget *widget, GtkStateFlags before)
{
  GTK_WIDGET_CLASS (dh_swipe_handle_parent_class)->state_flags_changed (widget, before);
  gtk_widget_queue_draw (widget);
}

static void
dh_swipe_handle_class_init (DhSwipeHandleClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  widget_class->contains = dh_swipe_handle_contains;
  widget_class->snapshot = dh_swipe_handle_snapshot;
  widget_class->state_flags_changed = dh_swipe_handle_state_flags_changed;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_SLIDER);
  gtk_widget_class_set_css_name (widget_class, "swipehandle");
}

static void
dh_swipe_handle_init (DhSwipeHandle *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gtk_widget_set_focusable (widget, TRUE);
  gtk_widget_set_cursor_from_name (widget, "col-resize");

  GtkGesture *drag = gtk_gesture_drag_new ();
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), self);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));

  GtkGesture *click = gtk_gesture_click_new ();
  g_signal_connect (click, "pressed", G_CALLBACK (on_pressed), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
  gtk_gesture_group (click, drag);

  GtkEventController *key = gtk_event_controller_key_new ();
  g_signal_connect (key, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (widget, key);
  g_signal_connect (widget, "notify::has-focus", G_CALLBACK (on_focus), NULL);
}

GtkWidget *
dh_swipe_handle_new (DhCanvas *canvas)
{
  DhSwipeHandle *self = g_object_new (DH_TYPE_SWIPE_HANDLE, NULL);
  self->canvas = canvas;
  gtk_widget_set_child_visible (GTK_WIDGET (self), FALSE);
  dh_widget_set_name (GTK_WIDGET (self), "Line between A and B");
  dh_swipe_handle_update (GTK_WIDGET (self));
  return GTK_WIDGET (self);
}

void
dh_swipe_handle_update (GtkWidget *handle)
{
  double percent = dh_canvas_get_split (DH_SWIPE_HANDLE (handle)->canvas) * 100;
  g_autofree char *text = g_strdup_printf ("%.0f %% A", percent);
  gtk_accessible_update_property (GTK_ACCESSIBLE (handle), GTK_ACCESSIBLE_PROPERTY_VALUE_MIN, 0.0,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_MAX, 100.0, GTK_ACCESSIBLE_PROPERTY_VALUE_NOW, percent,
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, text, -1);
  gtk_widget_queue_draw (handle);
}
