#include "dh-canvas.h"
#include <math.h>
#include "dh-canvas-private.h"
#include "dh-widgets.h"

enum
{
  HOVER,
  PIN,
  PANE_ACTIVATED,
  VIEW_CHANGED,
  SPLIT_CHANGED,
  TOOL,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DhCanvas, dh_canvas, GTK_TYPE_WIDGET)

void
dh_canvas_emit_hover (DhCanvas *canvas)
{
  g_signal_emit (canvas, signals[HOVER], 0, canvas->hovering, canvas->hover_x, canvas->hover_y);
}

void
dh_canvas_emit_tool (DhCanvas *canvas, DhToolPhase phase, double x, double y, int n_press)
{
  g_signal_emit (canvas, signals[TOOL], 0, (guint)phase, x, y, n_press);
}

void
dh_canvas_emit_pin (DhCanvas *canvas)
{
  g_signal_emit (canvas, signals[PIN], 0, canvas->pinned, canvas->pin_x, canvas->pin_y);
}

void
dh_canvas_emit_split_changed (DhCanvas *canvas)
{
  g_signal_emit (canvas, signals[SPLIT_CHANGED], 0);
}

void
dh_canvas_emit_view_changed (DhCanvas *canvas)
{
  g_signal_emit (canvas, signals[VIEW_CHANGED], 0);
}

static void
dh_canvas_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                   int *minimum_baseline, int *natural_baseline)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    {
      int least = 0;
      gtk_widget_measure (child, orientation, -1, &least, NULL, NULL, NULL);
    }
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 240 : 160;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 800 : 600;
}

static void
on_scale_factor (DhCanvas *canvas)
{
  dh_canvas_queue_frame (canvas);
}

static void
dh_canvas_dispose (GObject *object)
{
  DhCanvas *canvas = DH_CANVAS (object);
  GtkWidget *child;
  g_clear_handle_id (&canvas->settle_id, g_source_remove);
  dh_canvas_drop_strip (canvas);
  canvas->n_panes = 0;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (canvas))))
    gtk_widget_unparent (child);
  canvas->view = canvas->marks = canvas->handle = NULL;
  dh_canvas_drop_renderer (canvas);
  G_OBJECT_CLASS (dh_canvas_parent_class)->dispose (object);
}

static void
clear_box (gpointer data)
{
  g_free (((DhMarkBox *)data)->text);
}

static void
dh_canvas_finalize (GObject *object)
{
  DhCanvas *canvas = DH_CANVAS (object);
  dh_scene_clear (&canvas->scene);
  dh_frame_meter_clear (&canvas->meter);
  g_array_unref (canvas->boxes);
  g_array_unref (canvas->polygon);
  g_clear_object (&canvas->veil);
  g_free (canvas->renderer);
  G_OBJECT_CLASS (dh_canvas_parent_class)->finalize (object);
}

static void
dh_canvas_class_init (DhCanvasClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  GType type = G_TYPE_FROM_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dh_canvas_dispose;
  G_OBJECT_CLASS (class)->finalize = dh_canvas_finalize;
  widget_class->size_allocate = dh_canvas_size_allocate;
  widget_class->measure = dh_canvas_measure;
  signals[HOVER] = g_signal_new ("hover", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_BOOLEAN,
                                 G_TYPE_INT, G_TYPE_INT);
  signals[PIN] = g_signal_new ("pin", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_BOOLEAN,
                               G_TYPE_INT, G_TYPE_INT);
  signals[PANE_ACTIVATED] =
      g_signal_new ("pane-activated", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[VIEW_CHANGED] = g_signal_new ("view-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SPLIT_CHANGED] = g_signal_new ("split-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[TOOL] = g_signal_new ("tool", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_UINT,
                                G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_INT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_css_name (widget_class, "canvas");
}

static void
dh_canvas_init (DhCanvas *canvas)
{
  GtkWidget *widget = GTK_WIDGET (canvas);
  dh_widgets_init ();
  dh_scene_init (&canvas->scene);
  canvas->look.fit = TRUE;
  canvas->look.zoom = 1.0;
  canvas->linked = TRUE;
  canvas->selected_box = -1;
  canvas->pointer_x = canvas->pointer_y = -1;
  canvas->polygon = g_array_new (FALSE, FALSE, sizeof (double));
  canvas->boxes = g_array_new (FALSE, FALSE, sizeof (DhMarkBox));
  g_array_set_clear_func (canvas->boxes, clear_box);
  gtk_widget_add_css_class (widget, "dh-canvas");
  gtk_widget_set_overflow (widget, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_hexpand (widget, TRUE);
  gtk_widget_set_vexpand (widget, TRUE);
  canvas->view = dh_canvas_view_new (canvas);
  gtk_widget_set_parent (canvas->view, widget);
  canvas->marks = dh_canvas_marks_new (canvas);
  gtk_widget_set_parent (canvas->marks, widget);
  canvas->split = 0.5;
  canvas->n_large = 2;
  canvas->handle = dh_swipe_handle_new (canvas);
  gtk_widget_set_parent (canvas->handle, widget);
  dh_canvas_add_controllers (canvas);
  g_signal_connect (canvas, "notify::scale-factor", G_CALLBACK (on_scale_factor), NULL);
}

GtkWidget *
dh_canvas_new (void)
{
  return g_object_new (DH_TYPE_CANVAS, NULL);
}

static void
on_pane_focus (GtkEventControllerFocus *focus, DhPane *pane)
{
  GtkWidget *parent = gtk_widget_get_parent (GTK_WIDGET (pane));
  if (DH_IS_CANVAS (parent))
    dh_canvas_set_active_pane (DH_CANVAS (parent), dh_pane_get_index (pane));
}

static DhPane *
make_pane (DhCanvas *canvas, const DhPaneSpec *spec)
{
  DhPane *pane = DH_PANE (dh_pane_new (spec->kind, spec->slot, FALSE));
  GtkEventController *focus = gtk_event_controller_focus_new ();
  g_signal_connect (focus, "enter", G_CALLBACK (on_pane_focus), pane);
  gtk_widget_add_controller (GTK_WIDGET (pane), focus);
  if (spec->kind == DH_PANE_MAP)
    {
      dh_pane_set_scale (pane, &canvas->scene.scales[spec->slot]);
      dh_pane_set_non_finite (pane, canvas->scene.non_finite[spec->slot]);
    }
  else if (spec->kind == DH_PANE_DIFFERENCE)
    dh_pane_set_scale (pane, &canvas->scene.difference.scale);
  return pane;
}

/* Whether the window's focus is in it: on the pane or on its menu's button. */
static gboolean
holds_focus (GtkWidget *widget)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  return focus != NULL && (focus == widget || gtk_widget_is_ancestor (focus, widget));
}

void
dh_canvas_keep_focus (DhCanvas *canvas, GtkWidget *leaving, guint pane)
{
  if (pane >= canvas->n_panes || !holds_focus (leaving))
    return;
  gtk_widget_set_child_visible (GTK_WIDGET (canvas->panes[pane]), TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (canvas->panes[pane]));
}

static gboolean
is_of (DhPane *pane, const DhPaneSpec *spec)
{
  return dh_pane_get_kind (pane) == spec->kind && (spec->kind != DH_PANE_MAP || dh_pane_get_slot (pane) == spec->slot);
}

void
dh_canvas_set_panes (DhCanvas *canvas, const DhPaneSpec *specs, guint n)
{
  DhPane *old[DH_CANVAS_MAX_PANES];
  guint n_old = canvas->n_panes;
  g_return_if_fail (DH_IS_CANVAS (canvas));
  g_return_if_fail (n >= 1 && n <= DH_CANVAS_MAX_PANES);
  for (guint i = 0; i < n; i++)
    g_return_if_fail (specs[i].kind <= DH_PANE_DIFFERENCE && specs[i].slot < DH_CANVAS_MAX_MAPS);
  gboolean same = n == n_old;
  for (guint i = 0; i < n && same; i++)
    same = is_of (canvas->panes[i], &specs[i]);
  dh_canvas_drop_strip (canvas);
  for (guint i = 0; i < n_old; i++)
    old[i] = g_steal_pointer (&canvas->panes[i]);
  canvas->n_panes = n;
  for (guint i = 0; i < n; i++)
    {
      for (guint k = 0; k < n_old && canvas->panes[i] == NULL; k++)
        if (old[k] && is_of (old[k], &specs[i]))
          canvas->panes[i] = g_steal_pointer (&old[k]);
      if (canvas->panes[i] == NULL)
        canvas->panes[i] = make_pane (canvas, &specs[i]);
      /* Order is the order of Tab as well. */
      gtk_widget_insert_before (GTK_WIDGET (canvas->panes[i]), GTK_WIDGET (canvas), canvas->marks);
      dh_pane_set_index (canvas->panes[i], i);
      if (same)
        continue;
      canvas->alone[i] = !canvas->linked;
      canvas->own_look[i] = canvas->look;
      dh_pane_set_moved_alone (canvas->panes[i], FALSE);
    }
  canvas->hovering = FALSE;
  const guint before = canvas->active_pane;
  canvas->active_pane = MIN (canvas->active_pane, n - 1);
  for (guint i = 0; i < n; i++)
    if (holds_focus (GTK_WIDGET (canvas->panes[i])))
      canvas->active_pane = i;
  for (guint k = 0; k < n_old; k++)
    if (old[k])
      {
        dh_canvas_keep_focus (canvas, GTK_WIDGET (old[k]), canvas->active_pane);
        gtk_widget_unparent (GTK_WIDGET (old[k]));
      }
  for (guint i = 0; i < n; i++)
    dh_pane_set_active (canvas->panes[i], i == canvas->active_pane);
  dh_canvas_make_strip (canvas);
  gtk_widget_queue_resize (GTK_WIDGET (canvas));
  if (n_old > 0 && canvas->active_pane != before)
    g_signal_emit (canvas, signals[PANE_ACTIVATED], 0, canvas->active_pane);
}

guint
dh_canvas_get_n_panes (DhCanvas *canvas)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), 0);
  return canvas->n_panes;
}

DhPane *
dh_canvas_get_pane (DhCanvas *canvas, guint index)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), NULL);
  return index < canvas->n_panes ? canvas->panes[index] : NULL;
}

guint
dh_canvas_get_active_pane (DhCanvas *canvas)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), 0);
  return canvas->active_pane;
}

void
dh_canvas_set_active_pane (DhCanvas *canvas, guint index)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (index >= canvas->n_panes || index == canvas->active_pane)
    return;
  canvas->active_pane = index;
  for (guint i = 0; i < canvas->n_panes; i++)
    {
      dh_pane_set_active (canvas->panes[i], i == dh_canvas_get_place (canvas, index));
      if (canvas->strip[i])
        dh_pane_set_active (canvas->strip[i], i == index);
    }
  if (canvas->layout == DH_CANVAS_SINGLE)
    gtk_widget_queue_allocate (GTK_WIDGET (canvas));
  g_signal_emit (canvas, signals[PANE_ACTIVATED], 0, index);
}

void
dh_canvas_set_layout (DhCanvas *canvas, DhCanvasLayout layout)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (canvas->layout == layout)
    return;
  canvas->layout = layout;
  dh_canvas_make_strip (canvas);
  gtk_widget_queue_resize (GTK_WIDGET (canvas));
  dh_canvas_emit_view_changed (canvas);
}
