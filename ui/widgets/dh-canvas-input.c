#include <math.h>
#include "dh-canvas-private.h"

#define DRAG_DISTANCE 4.0

static gboolean
has_shift (GtkEventController *controller)
{
  return (gtk_event_controller_get_current_event_state (controller) & GDK_SHIFT_MASK) != 0;
}

void
dh_canvas_show_cursor (DhCanvas *canvas)
{
  const gboolean brush = canvas->tool == DH_TOOL_BRUSH;
  gtk_widget_set_cursor_from_name (GTK_WIDGET (canvas), !canvas->hovering  ? NULL
                                                        : canvas->dragging ? "grabbing"
                                                        : brush            ? "none"
                                                                           : "crosshair");
}

static gboolean
set_hover (DhCanvas *canvas, double x, double y)
{
  int pane = dh_canvas_find_pane (canvas, x, y), px = 0, py = 0;
  gboolean inside = FALSE;
  if (pane >= 0 && canvas->scene.width > 0 && !dh_pane_has_message (canvas->panes[pane]))
    {
      double fx, fy;
      dh_canvas_point_to_picture (canvas, (guint)pane, x, y, &fx, &fy);
      px = (int)floor (fx);
      py = (int)floor (fy);
      inside = px >= 0 && py >= 0 && px < (int)canvas->scene.width && py < (int)canvas->scene.height;
    }
  if (inside == canvas->hovering
      && (!inside || (px == canvas->hover_x && py == canvas->hover_y && (guint)pane == canvas->hover_pane)))
    return inside;
  canvas->hovering = inside;
  canvas->hover_pane = inside ? (guint)pane : 0;
  canvas->hover_x = px;
  canvas->hover_y = py;
  dh_canvas_show_cursor (canvas);
  dh_canvas_queue_marks (canvas);
  dh_canvas_emit_hover (canvas);
  return inside;
}

static void
on_motion (GtkEventControllerMotion *motion, double x, double y, DhCanvas *canvas)
{
  canvas->pointer_x = x;
  canvas->pointer_y = y;
  set_hover (canvas, x, y);
  if (canvas->tool != DH_TOOL_NONE)
    {
      dh_canvas_move_tool (canvas, x, y);
      dh_canvas_queue_marks (canvas);
    }
}

static void
on_leave (GtkEventControllerMotion *motion, DhCanvas *canvas)
{
  canvas->pointer_x = canvas->pointer_y = -1;
  set_hover (canvas, -1, -1);
}

static gboolean
on_scroll (GtkEventControllerScroll *scroll, double dx, double dy, DhCanvas *canvas)
{
  int pane = dh_canvas_find_pane (canvas, canvas->pointer_x, canvas->pointer_y);
  if (pane < 0 || canvas->scene.width == 0)
    return FALSE;
  gboolean alone = has_shift (GTK_EVENT_CONTROLLER (scroll));
  /* With Shift some desktops turn the wheel sideways. */
  if (dy == 0.0 && alone)
    dy = dx;
  if (dy == 0.0)
    return TRUE;
  double zoom = dh_canvas_get_look (canvas, (guint)pane).zoom * pow (1.2, -CLAMP (dy, -8.0, 8.0));
  dh_canvas_zoom_at (canvas, (guint)pane, canvas->pointer_x, canvas->pointer_y, zoom, alone);
  set_hover (canvas, canvas->pointer_x, canvas->pointer_y);
  return TRUE;
}

static void
on_drag_begin (GtkGestureDrag *drag, double x, double y, DhCanvas *canvas)
{
  int pane = dh_canvas_find_pane (canvas, x, y);
  const guint button = gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (drag));
  const guint pans = canvas->tool != DH_TOOL_NONE ? GDK_BUTTON_MIDDLE : GDK_BUTTON_PRIMARY;
  if (pane < 0 || (button != 0 && button != pans))
    {
      gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  canvas->drag_pane = (guint)pane;
  canvas->drag_look = dh_canvas_get_look (canvas, canvas->drag_pane);
  canvas->drag_alone = has_shift (GTK_EVENT_CONTROLLER (drag));
}

static void
on_drag_update (GtkGestureDrag *drag, double dx, double dy, DhCanvas *canvas)
{
  if (!canvas->dragging && hypot (dx, dy) < DRAG_DISTANCE)
    return;
  if (canvas->drag_pane >= canvas->n_panes)
    return;
  if (!canvas->dragging)
    {
      canvas->dragging = TRUE;
      gtk_gesture_set_state (GTK_GESTURE (drag), GTK_EVENT_SEQUENCE_CLAIMED);
      gtk_widget_set_cursor_from_name (GTK_WIDGET (canvas), "grabbing");
    }
  double scale = gtk_widget_get_scale_factor (GTK_WIDGET (canvas));
  DhLook look = canvas->drag_look;
  look.x -= dx * scale / look.zoom;
  look.y -= dy * scale / look.zoom;
  /* Where the whole picture is seen there is nothing to pan. */
  if (look.fit)
    return;
  dh_canvas_set_look (canvas, canvas->drag_pane, &look, canvas->drag_alone);
}

static void
on_drag_end (GtkGestureDrag *drag, double dx, double dy, DhCanvas *canvas)
{
  canvas->dragging = FALSE;
  dh_canvas_show_cursor (canvas);
}

static void
on_drag_cancel (GtkGesture *gesture, GdkEventSequence *sequence, DhCanvas *canvas)
{
  canvas->dragging = FALSE;
}

static DhPane *
find_strip (DhCanvas *canvas, double x, double y)
{
  GtkWidget *widget = gtk_widget_pick (GTK_WIDGET (canvas), x, y, GTK_PICK_DEFAULT);
  for (; widget && widget != GTK_WIDGET (canvas); widget = gtk_widget_get_parent (widget))
    if (DH_IS_PANE (widget) && dh_pane_get_in_strip (DH_PANE (widget)))
      return DH_PANE (widget);
  return NULL;
}

static void
on_pressed (GtkGestureClick *click, int n_press, double x, double y, DhCanvas *canvas)
{
  int pane = dh_canvas_find_pane (canvas, x, y);
  DhPane *strip = find_strip (canvas, x, y);
  if (strip)
    dh_canvas_set_active_pane (canvas, dh_pane_get_index (strip));
  else if (pane >= 0)
    {
      gtk_widget_grab_focus (GTK_WIDGET (canvas->panes[pane]));
      dh_canvas_set_active_pane (canvas, (guint)pane);
      dh_canvas_press_tool (canvas, n_press, x, y);
    }
}

static void
on_released (GtkGestureClick *click, int n_press, double x, double y, DhCanvas *canvas)
{
  int pane = dh_canvas_find_pane (canvas, x, y);
  dh_canvas_release_tool (canvas);
  if (canvas->tool != DH_TOOL_NONE || pane < 0 || canvas->scene.width == 0 || dh_pane_has_message (canvas->panes[pane]))
    return;
  if (n_press == 2)
    {
      /* The first of the two clicks was no pin. */
      dh_canvas_set_pin (canvas, canvas->pinned_before, canvas->before_x, canvas->before_y);
      dh_canvas_emit_pin (canvas);
      DhLook look = { 0, 0, 1, TRUE };
      dh_canvas_set_look (canvas, (guint)pane, &look, has_shift (GTK_EVENT_CONTROLLER (click)));
      return;
    }
  if (n_press != 1 || !set_hover (canvas, x, y))
    return;
  canvas->pinned_before = canvas->pinned;
  canvas->before_x = canvas->pin_x;
  canvas->before_y = canvas->pin_y;
  dh_canvas_set_pin (canvas, TRUE, canvas->hover_x, canvas->hover_y);
  dh_canvas_emit_pin (canvas);
}

/* A stroke moves far, where a click is none any more, and may end anywhere. */
static void
on_click_end (GtkGesture *gesture, GdkEventSequence *sequence, DhCanvas *canvas)
{
  dh_canvas_release_tool (canvas);
}

static void
on_scale_begin (GtkGesture *gesture, GdkEventSequence *sequence, DhCanvas *canvas)
{
  double x = 0, y = 0;
  gtk_gesture_get_bounding_box_center (gesture, &x, &y);
  int pane = dh_canvas_find_pane (canvas, x, y);
  if (pane < 0)
    {
      gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_DENIED);
      return;
    }
  canvas->drag_pane = (guint)pane;
  canvas->drag_look = dh_canvas_get_look (canvas, canvas->drag_pane);
}

static void
on_scale_changed (GtkGestureZoom *gesture, double scale, DhCanvas *canvas)
{
  double x = 0, y = 0;
  if (canvas->drag_pane >= canvas->n_panes || !gtk_gesture_get_bounding_box_center (GTK_GESTURE (gesture), &x, &y))
    return;
  dh_canvas_zoom_at (canvas, canvas->drag_pane, x, y, canvas->drag_look.zoom * scale, FALSE);
}

static void
pan_by (DhCanvas *canvas, double dx, double dy)
{
  DhLook look = dh_canvas_get_look (canvas, canvas->active_pane);
  graphene_rect_t area;
  dh_canvas_get_area (canvas, canvas->active_pane, &area);
  double scale = gtk_widget_get_scale_factor (GTK_WIDGET (canvas));
  look.fit = FALSE;
  look.x += dx * area.size.width * scale / look.zoom;
  look.y += dy * area.size.height * scale / look.zoom;
  dh_canvas_set_look (canvas, canvas->active_pane, &look, FALSE);
}

static gboolean
on_key (GtkEventControllerKey *key, guint keyval, guint keycode, GdkModifierType state, DhCanvas *canvas)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (canvas));
  GtkWidget *focus = root ? gtk_root_get_focus (root) : NULL;
  if (canvas->n_panes == 0 || (focus && GTK_IS_EDITABLE (focus)))
    return FALSE;
  if (state & GDK_CONTROL_MASK)
    {
      switch (keyval)
        {
        case GDK_KEY_Left:
          return pan_by (canvas, -0.1, 0), TRUE;
        case GDK_KEY_Right:
          return pan_by (canvas, 0.1, 0), TRUE;
        case GDK_KEY_Up:
          return pan_by (canvas, 0, -0.1), TRUE;
        case GDK_KEY_Down:
          return pan_by (canvas, 0, 0.1), TRUE;
        default:
          return FALSE;
        }
    }
  if (state & GDK_ALT_MASK)
    return FALSE;
  switch (keyval)
    {
    case GDK_KEY_0:
    case GDK_KEY_KP_0:
      return dh_canvas_fit (canvas), TRUE;
    case GDK_KEY_1:
    case GDK_KEY_KP_1:
      return dh_canvas_zoom_to (canvas, 1.0), TRUE;
    case GDK_KEY_plus:
    case GDK_KEY_equal:
    case GDK_KEY_KP_Add:
      return dh_canvas_zoom_by (canvas, 1.25), TRUE;
    case GDK_KEY_minus:
    case GDK_KEY_KP_Subtract:
      return dh_canvas_zoom_by (canvas, 0.8), TRUE;
    case GDK_KEY_Escape:
      if (!canvas->pinned)
        return FALSE;
      dh_canvas_set_pin (canvas, FALSE, 0, 0);
      dh_canvas_emit_pin (canvas);
      return TRUE;
    default:
      return FALSE;
    }
}

void
dh_canvas_add_controllers (DhCanvas *canvas)
{
  GtkWidget *widget = GTK_WIDGET (canvas);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  g_signal_connect (motion, "enter", G_CALLBACK (on_motion), canvas);
  g_signal_connect (motion, "motion", G_CALLBACK (on_motion), canvas);
  g_signal_connect (motion, "leave", G_CALLBACK (on_leave), canvas);
  gtk_widget_add_controller (widget, motion);

  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);
  g_signal_connect (scroll, "scroll", G_CALLBACK (on_scroll), canvas);
  gtk_widget_add_controller (widget, scroll);

  GtkGesture *click = gtk_gesture_click_new ();
  g_signal_connect (click, "pressed", G_CALLBACK (on_pressed), canvas);
  g_signal_connect (click, "released", G_CALLBACK (on_released), canvas);
  g_signal_connect (click, "end", G_CALLBACK (on_click_end), canvas);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));

  GtkGesture *drag = gtk_gesture_drag_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (drag), 0);
  g_signal_connect (drag, "drag-begin", G_CALLBACK (on_drag_begin), canvas);
  g_signal_connect (drag, "drag-update", G_CALLBACK (on_drag_update), canvas);
  g_signal_connect (drag, "drag-end", G_CALLBACK (on_drag_end), canvas);
  g_signal_connect (drag, "cancel", G_CALLBACK (on_drag_cancel), canvas);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (drag));

  GtkGesture *zoom = gtk_gesture_zoom_new ();
  g_signal_connect (zoom, "begin", G_CALLBACK (on_scale_begin), canvas);
  g_signal_connect (zoom, "scale-changed", G_CALLBACK (on_scale_changed), canvas);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (zoom));

  GtkEventController *key = gtk_event_controller_key_new ();
  g_signal_connect (key, "key-pressed", G_CALLBACK (on_key), canvas);
  gtk_widget_add_controller (widget, key);
}
