#include <math.h>
#include <string.h>
#include "dh-canvas-private.h"
#include "dh-widgets.h"

/* The leaf that draws the pictures of all panes. Its node stays cached while only the heads, cross
 * or frames above it change. */
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
clip_view (DhCanvas *canvas, const graphene_rect_t *area, const graphene_rect_t *seen, double scale, double x0,
           double y0, double zoom, DhView *view)
{
  double left = round (area->origin.x * scale), top = round (area->origin.y * scale);
  int first = (int)round (seen->origin.x * scale), right = (int)round ((seen->origin.x + seen->size.width) * scale);
  int bottom = (int)round ((area->origin.y + area->size.height) * scale);
  view->x0 = left + x0;
  view->y0 = top + y0;
  view->zoom = zoom;
  view->line = MAX (1, (int)floor (scale + 0.25));
  view->x = MAX (first, (int)round (view->x0));
  view->y = MAX ((int)top, (int)round (view->y0));
  view->width = MIN (right, (int)round (view->x0 + canvas->scene.width * zoom)) - view->x;
  view->height = MIN (bottom, (int)round (view->y0 + canvas->scene.height * zoom)) - view->y;
  return view->width > 0 && view->height > 0;
}

static void
add_panel (DhPicture *picture, GtkWidget *pane, GtkWidget *canvas, double scale)
{
  graphene_rect_t bounds;
  if (!gtk_widget_compute_bounds (pane, canvas, &bounds))
    return;
  int left = (int)round (bounds.origin.x * scale), top = (int)round (bounds.origin.y * scale);
  picture->panels[picture->n_panels++] =
      (GdkRectangle){ left, top, (int)round ((bounds.origin.x + bounds.size.width) * scale) - left,
                      (int)round ((bounds.origin.y + bounds.size.height) * scale) - top };
}

static void
add_strip (DhCanvas *canvas, DhPane *strip, double scale, DhPicture *picture)
{
  GdkRectangle in_pane;
  graphene_point_t origin = GRAPHENE_POINT_INIT (0, 0);
  DhView *view = &picture->views[picture->n_views];
  dh_pane_get_picture_area (strip, &in_pane);
  add_panel (picture, GTK_WIDGET (strip), GTK_WIDGET (canvas), scale);
  if (canvas->scene.width == 0
      || !gtk_widget_compute_point (GTK_WIDGET (strip), GTK_WIDGET (canvas), &GRAPHENE_POINT_INIT (0, 0), &origin))
    return;
  graphene_rect_t area = GRAPHENE_RECT_INIT (origin.x + (float)in_pane.x, origin.y + (float)in_pane.y,
                                             (float)in_pane.width, (float)in_pane.height);
  double zoom = MIN (area.size.width / canvas->scene.width, area.size.height / canvas->scene.height) * scale;
  double x0 = round ((area.size.width * scale - canvas->scene.width * zoom) / 2.0);
  double y0 = round ((area.size.height * scale - canvas->scene.height * zoom) / 2.0);
  view->kind = dh_pane_get_kind (strip);
  view->slot = dh_pane_get_slot (strip);
  picture->n_views += clip_view (canvas, &area, &area, scale, x0, y0, zoom, view);
}

void
dh_canvas_compose (DhCanvas *canvas, double scale, DhPicture *picture)
{
  GtkWidget *widget = GTK_WIDGET (canvas);
  double device = gtk_widget_get_scale_factor (widget);
  gboolean dark = dh_widget_is_dark (widget);
  memset (picture, 0, sizeof *picture);
  picture->width = (int)(gtk_widget_get_width (widget) * scale);
  picture->height = (int)(gtk_widget_get_height (widget) * scale);
  picture->radius = (int)round (6 * scale);
  dh_widget_lookup_color (widget, "dh_canvas", dark ? "#161618" : "#dcdce0", &picture->ground);
  dh_widget_lookup_color (widget, "dh_panebg", dark ? "#2a2a2d" : "#f6f5f4", &picture->panel);
  for (guint i = 0; i < canvas->n_panes; i++)
    {
      DhPane *pane = canvas->panes[i];
      if (gtk_widget_get_child_visible (GTK_WIDGET (pane)))
        {
          graphene_rect_t area, seen;
          if (dh_canvas_get_place (canvas, i) == i)
            add_panel (picture, GTK_WIDGET (pane), widget, scale);
          if (canvas->scene.width > 0 && !dh_pane_has_message (pane) && dh_canvas_get_seen (canvas, i, &seen))
            {
              DhLook look = dh_canvas_get_look (canvas, i);
              DhView *view = &picture->views[picture->n_views];
              double x0, y0;
              dh_canvas_get_area (canvas, i, &area);
              dh_canvas_get_corner (canvas, i, scale, &x0, &y0);
              view->kind = dh_pane_get_kind (pane);
              view->slot = dh_pane_get_slot (pane);
              picture->n_views += clip_view (canvas, &area, &seen, scale, x0, y0, look.zoom * scale / device, view);
            }
        }
      if (canvas->strip[i])
        add_strip (canvas, canvas->strip[i], scale, picture);
    }
}

/* DH_DEBUG=opengl: the canvas stays with OpenGL even where the processor computes it. */
static gboolean
wants_opengl (void)
{
  static const GDebugKey keys[] = { { "opengl", 1 } };
  return g_parse_debug_string (g_getenv ("DH_DEBUG"), keys, G_N_ELEMENTS (keys)) != 0;
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
  if (canvas->gl && dh_gl_renderer_is_software (canvas->gl) && !wants_opengl ())
    {
      /* A card emulated by the processor costs several times what the processor itself needs for the same pixels. */
      g_autofree char *description = g_steal_pointer (&canvas->renderer);
      canvas->renderer = g_strdup_printf ("CPU, in the place of %s", description);
      g_clear_pointer (&canvas->gl, dh_gl_renderer_free);
    }
  if (dh_frame_meter_wanted ())
    g_printerr ("frames: canvas drawn by %s\n", canvas->renderer);
}

void
dh_canvas_drop_renderer (DhCanvas *canvas)
{
  g_clear_object (&canvas->frame);
  for (guint k = 0; k < DH_MAX_VIEWS; k++)
    g_clear_object (&canvas->pieces[k]);
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

/* All panes as one texture: what a card does best. */
static void
draw_frame (DhCanvasView *view, const DhPicture *picture, gboolean enlarged)
{
  DhCanvas *canvas = view->canvas;
  gboolean more = FALSE;
  g_autoptr (GdkTexture) last = g_steal_pointer (&canvas->frame);
  if (!canvas->frame_stale && canvas->frame_whole)
    canvas->frame = dh_gl_renderer_redraw (canvas->gl, &canvas->scene, picture, canvas->stale_slots, last);
  if (canvas->frame == NULL)
    canvas->frame = dh_gl_renderer_draw (canvas->gl, &canvas->scene, picture, FALSE, enlarged, &more);
  if (canvas->frame == NULL)
    canvas->frame = dh_cpu_draw (&canvas->scene, picture);
  canvas->frame_whole = !more;
  /* Nothing may be queued while a snapshot is taken. */
  if (more && view->tick_id == 0)
    view->tick_id = gtk_widget_add_tick_callback (GTK_WIDGET (view), on_tick, NULL, NULL);
}

static gboolean
same_view (const DhView *a, const DhView *b)
{
  return a->kind == b->kind && a->slot == b->slot && a->x == b->x && a->y == b->y && a->width == b->width
         && a->height == b->height && a->x0 == b->x0 && a->y0 == b->y0 && a->zoom == b->zoom && a->line == b->line;
}

/* A texture a pane, only of those that changed: GTK then draws and sends to the screen nothing else. */
static void
draw_pieces (DhCanvas *canvas, const DhPicture *picture)
{
  guint which = 0;
  for (guint k = 0; k < DH_MAX_VIEWS; k++)
    {
      const DhView *view = &picture->views[k];
      gboolean seen = k < picture->n_views && dh_scene_has (&canvas->scene, view->kind, view->slot);
      if (!seen)
        g_clear_object (&canvas->pieces[k]);
      else if (canvas->pieces[k] == NULL || canvas->frame_stale || k >= canvas->picture.n_views
               || !same_view (view, &canvas->picture.views[k])
               || dh_scene_shows_slots (&canvas->scene, view->kind, view->slot, canvas->stale_slots))
        which |= 1u << k;
    }
  dh_cpu_draw_views (&canvas->scene, picture, which, canvas->pieces);
}

static graphene_rect_t
scaled_rect (int x, int y, int width, int height, double scale)
{
  return GRAPHENE_RECT_INIT ((float)(x / scale), (float)(y / scale), (float)(width / scale), (float)(height / scale));
}

static void
snapshot_pieces (DhCanvas *canvas, GtkSnapshot *snapshot, double scale)
{
  const DhPicture *picture = &canvas->picture;
  graphene_rect_t rect = scaled_rect (0, 0, picture->width, picture->height, scale);
  gtk_snapshot_append_color (snapshot, &picture->ground, &rect);
  for (guint i = 0; i < picture->n_panels; i++)
    {
      const GdkRectangle *panel = &picture->panels[i];
      GskRoundedRect rounded;
      rect = scaled_rect (panel->x, panel->y, panel->width, panel->height, scale);
      gsk_rounded_rect_init_from_rect (&rounded, &rect, (float)(picture->radius / scale));
      gtk_snapshot_push_rounded_clip (snapshot, &rounded);
      gtk_snapshot_append_color (snapshot, &picture->panel, &rect);
      gtk_snapshot_pop (snapshot);
    }
  for (guint k = 0; k < picture->n_views; k++)
    if (canvas->pieces[k])
      {
        const DhView *view = &picture->views[k];
        rect = scaled_rect (view->x, view->y, view->width, view->height, scale);
        gtk_snapshot_append_texture (snapshot, canvas->pieces[k], &rect);
      }
}

static void
dh_canvas_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhCanvasView *view = DH_CANVAS_VIEW (widget);
  DhCanvas *canvas = view->canvas;
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  double full = gtk_widget_get_scale_factor (widget), scale = full;
  if (width < 1 || height < 1)
    return;
  ensure_renderer (canvas);
  /* At 200 % there are four times the pixels: while something moves, one in four is enough for a processor. */
  if (canvas->moving && (canvas->gl == NULL || dh_gl_renderer_is_software (canvas->gl)))
    scale = 1.0;
  if (canvas->frame_stale || canvas->stale_slots || canvas->picture.width != (int)(width * scale)
      || canvas->picture.height != (int)(height * scale))
    {
      DhPicture picture;
      dh_canvas_compose (canvas, scale, &picture);
      if (canvas->gl)
        draw_frame (view, &picture, scale < full);
      else
        draw_pieces (canvas, &picture);
      canvas->picture = picture;
      canvas->scene.drawn = (GdkRectangle){ 0 };
      canvas->stale_slots = 0;
      canvas->frame_stale = FALSE;
      dh_frame_meter_tick (&canvas->meter, gdk_frame_clock_get_frame_time (gtk_widget_get_frame_clock (widget)));
    }
  if (canvas->frame)
    gtk_snapshot_append_texture (snapshot, canvas->frame, &GRAPHENE_RECT_INIT (0, 0, (float)width, (float)height));
  else
    snapshot_pieces (canvas, snapshot, scale);
}

static void
dh_canvas_view_unrealize (GtkWidget *widget)
{
  dh_canvas_drop_renderer (DH_CANVAS_VIEW (widget)->canvas);
  GTK_WIDGET_CLASS (dh_canvas_view_parent_class)->unrealize (widget);
}

/* The ground's colours may be others now. */
static void
dh_canvas_view_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (dh_canvas_view_parent_class)->css_changed (widget, change);
  DH_CANVAS_VIEW (widget)->canvas->frame_stale = TRUE;
  gtk_widget_queue_draw (widget);
}

static void
dh_canvas_view_class_init (DhCanvasViewClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  widget_class->snapshot = dh_canvas_view_snapshot;
  widget_class->unrealize = dh_canvas_view_unrealize;
  widget_class->css_changed = dh_canvas_view_css_changed;
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

void
dh_canvas_queue_views (DhCanvas *canvas)
{
  /* One texture of all panes is drawn as a whole. */
  canvas->frame_stale |= canvas->gl != NULL;
  dh_canvas_queue_slot (canvas, DH_SCENE_NO_SLOT);
  dh_canvas_queue_marks (canvas);
}

void
dh_canvas_queue_slot (DhCanvas *canvas, guint slot)
{
  canvas->stale_slots |= 1u << slot;
  if (canvas->view)
    gtk_widget_queue_draw (canvas->view);
}

/* Only keeps the frame clock at its beat: one that is woken by each event runs late by its timer's grain. */
static gboolean
on_beat (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  DhCanvas *canvas = DH_CANVAS (widget);
  if (canvas->moving)
    return G_SOURCE_CONTINUE;
  canvas->beat_id = 0;
  return G_SOURCE_REMOVE;
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
  if (canvas->beat_id == 0)
    canvas->beat_id = gtk_widget_add_tick_callback (GTK_WIDGET (canvas), on_beat, NULL, NULL);
  g_clear_handle_id (&canvas->settle_id, g_source_remove);
  canvas->settle_id = g_timeout_add (SETTLE_MS, on_settled, canvas);
}
