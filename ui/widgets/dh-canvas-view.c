#include <math.h>
#include "dh-canvas-private.h"

/* The leaf that draws the pictures of all panes as one texture. Its node stays cached while only heads, cross or frames
 * above and below it change. */
#define DH_TYPE_CANVAS_VIEW (dh_canvas_view_get_type ())
G_DECLARE_FINAL_TYPE (DhCanvasView, dh_canvas_view, DH, CANVAS_VIEW, GtkWidget)

struct _DhCanvasView
{
  GtkWidget parent_instance;
  DhCanvas *canvas; /* its parent */
  guint tick_id;
};

G_DEFINE_FINAL_TYPE (DhCanvasView, dh_canvas_view, GTK_TYPE_WIDGET)

#define SETTLE_MS 160

static gboolean
clip_view (DhCanvas *canvas, const graphene_rect_t *area, double scale, double x0, double y0, double zoom, DhView *view)
{
  double left = round (area->origin.x * scale), top = round (area->origin.y * scale);
  int right = (int)round ((area->origin.x + area->size.width) * scale);
  int bottom = (int)round ((area->origin.y + area->size.height) * scale);
  view->x0 = left + x0;
  view->y0 = top + y0;
  view->zoom = zoom;
  view->line = MAX (1, (int)floor (scale + 0.25));
  view->x = MAX ((int)left, (int)round (view->x0));
  view->y = MAX ((int)top, (int)round (view->y0));
  view->width = MIN (right, (int)round (view->x0 + canvas->scene.width * zoom)) - view->x;
  view->height = MIN (bottom, (int)round (view->y0 + canvas->scene.height * zoom)) - view->y;
  return view->width > 0 && view->height > 0;
}

guint
dh_canvas_collect_views (DhCanvas *canvas, double scale, DhView *views)
{
  guint n = 0;
  double device = gtk_widget_get_scale_factor (GTK_WIDGET (canvas));
  if (canvas->scene.width == 0)
    return 0;
  for (guint i = 0; i < canvas->n_panes; i++)
    {
      DhPane *pane = canvas->panes[i];
      if (gtk_widget_get_child_visible (GTK_WIDGET (pane)) && !dh_pane_has_message (pane))
        {
          graphene_rect_t area;
          DhLook look = dh_canvas_get_look (canvas, i);
          double x0, y0;
          dh_canvas_get_area (canvas, i, &area);
          dh_canvas_get_corner (canvas, i, scale, &x0, &y0);
          views[n].kind = dh_pane_get_kind (pane);
          views[n].slot = dh_pane_get_slot (pane);
          n += clip_view (canvas, &area, scale, x0, y0, look.zoom * scale / device, &views[n]);
        }
      DhPane *strip = canvas->strip[i];
      if (strip)
        {
          GdkRectangle in_pane;
          graphene_point_t origin = GRAPHENE_POINT_INIT (0, 0);
          dh_pane_get_picture_area (strip, &in_pane);
          if (!gtk_widget_compute_point (GTK_WIDGET (strip), GTK_WIDGET (canvas), &GRAPHENE_POINT_INIT (0, 0), &origin))
            continue;
          graphene_rect_t area = GRAPHENE_RECT_INIT (origin.x + (float)in_pane.x, origin.y + (float)in_pane.y,
                                                     (float)in_pane.width, (float)in_pane.height);
          double zoom = MIN (area.size.width / canvas->scene.width, area.size.height / canvas->scene.height) * scale;
          views[n].kind = dh_pane_get_kind (strip);
          views[n].slot = dh_pane_get_slot (strip);
          n += clip_view (canvas, &area, scale, round ((area.size.width * scale - canvas->scene.width * zoom) / 2.0),
                          round ((area.size.height * scale - canvas->scene.height * zoom) / 2.0), zoom, &views[n]);
        }
    }
  return n;
}

static void
ensure_renderer (DhCanvas *canvas)
{
  g_autoptr (GError) error = NULL;
  if (canvas->gl_tried)
    return;
  canvas->gl_tried = TRUE;
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (canvas));
  canvas->gl = native ? dh_gl_renderer_new (gtk_native_get_surface (native), &error) : NULL;
  g_free (canvas->renderer);
  canvas->renderer = canvas->gl ? g_strdup (dh_gl_renderer_get_description (canvas->gl))
                                : g_strdup_printf ("CPU: %s", error ? error->message : "no window");
  if (dh_frame_meter_wanted ())
    g_printerr ("frames: canvas drawn by %s\n", canvas->renderer);
}

void
dh_canvas_drop_renderer (DhCanvas *canvas)
{
  g_clear_object (&canvas->frame);
  g_clear_pointer (&canvas->gl, dh_gl_renderer_free);
  canvas->gl_tried = FALSE;
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  DH_CANVAS_VIEW (widget)->tick_id = 0;
  dh_canvas_queue_frame (DH_CANVAS_VIEW (widget)->canvas);
  return G_SOURCE_REMOVE;
}

static void
dh_canvas_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhCanvasView *view = DH_CANVAS_VIEW (widget);
  DhCanvas *canvas = view->canvas;
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  double scale = gtk_widget_get_scale_factor (widget);
  if (width < 1 || height < 1)
    return;
  ensure_renderer (canvas);
  /* Software OpenGL at 200 % has four times the pixels: while something moves, one in four is enough. */
  if (canvas->moving && scale > 1.0 && (canvas->gl == NULL || dh_gl_renderer_is_software (canvas->gl)))
    scale = 1.0;
  int target_width = (int)(width * scale), target_height = (int)(height * scale);
  if (canvas->frame == NULL || canvas->frame_stale || canvas->frame_width != target_width
      || canvas->frame_height != target_height)
    {
      DhView views[2 * DH_CANVAS_MAX_PANES];
      guint n = dh_canvas_collect_views (canvas, scale, views);
      gboolean more = FALSE;
      g_clear_object (&canvas->frame);
      if (canvas->gl)
        canvas->frame = dh_gl_renderer_draw (canvas->gl, &canvas->scene, views, n, target_width, target_height, FALSE,
                                             target_width < width * gtk_widget_get_scale_factor (widget), &more);
      if (canvas->frame == NULL)
        canvas->frame = dh_cpu_draw (&canvas->scene, views, n, target_width, target_height);
      canvas->frame_stale = FALSE;
      canvas->frame_width = target_width;
      canvas->frame_height = target_height;
      dh_frame_meter_tick (&canvas->meter, gdk_frame_clock_get_frame_time (gtk_widget_get_frame_clock (widget)));
      /* Nothing may be queued while a snapshot is taken. */
      if (more && view->tick_id == 0)
        view->tick_id = gtk_widget_add_tick_callback (widget, on_tick, NULL, NULL);
    }
  if (canvas->frame)
    gtk_snapshot_append_texture (snapshot, canvas->frame, &GRAPHENE_RECT_INIT (0, 0, (float)width, (float)height));
}

static void
dh_canvas_view_unrealize (GtkWidget *widget)
{
  dh_canvas_drop_renderer (DH_CANVAS_VIEW (widget)->canvas);
  GTK_WIDGET_CLASS (dh_canvas_view_parent_class)->unrealize (widget);
}

static void
dh_canvas_view_class_init (DhCanvasViewClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  widget_class->snapshot = dh_canvas_view_snapshot;
  widget_class->unrealize = dh_canvas_view_unrealize;
  /* The panes below say what is seen. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
dh_canvas_view_init (DhCanvasView *view)
{
  gtk_widget_set_can_target (GTK_WIDGET (view), FALSE);
}

GtkWidget *
dh_canvas_view_new (DhCanvas *canvas)
{
  DhCanvasView *view = g_object_new (DH_TYPE_CANVAS_VIEW, NULL);
  view->canvas = canvas;
  return GTK_WIDGET (view);
}

void
dh_canvas_queue_frame (DhCanvas *canvas)
{
  canvas->frame_stale = TRUE;
  if (canvas->view)
    gtk_widget_queue_draw (canvas->view);
  if (canvas->marks)
    gtk_widget_queue_draw (canvas->marks);
}

static gboolean
on_settled (gpointer data)
{
  DhCanvas *canvas = data;
  canvas->settle_id = 0;
  if (canvas->dragging)
    {
      canvas->settle_id = g_timeout_add (SETTLE_MS, on_settled, canvas);
      return G_SOURCE_REMOVE;
    }
  canvas->moving = FALSE;
  dh_frame_meter_end (&canvas->meter, "canvas");
  if (gtk_widget_get_scale_factor (GTK_WIDGET (canvas)) > 1)
    dh_canvas_queue_frame (canvas);
  return G_SOURCE_REMOVE;
}

void
dh_canvas_note_motion (DhCanvas *canvas)
{
  if (!canvas->moving)
    dh_frame_meter_begin (&canvas->meter);
  canvas->moving = TRUE;
  g_clear_handle_id (&canvas->settle_id, g_source_remove);
  canvas->settle_id = g_timeout_add (SETTLE_MS, on_settled, canvas);
}
