#include <math.h>
#include "dh-canvas-private.h"

#define LARGEST_ZOOM 64.0

static double
device_scale (DhCanvas *canvas)
{
  return gtk_widget_get_scale_factor (GTK_WIDGET (canvas));
}

void
dh_canvas_get_area (DhCanvas *canvas, guint pane, graphene_rect_t *area)
{
  pane = dh_canvas_get_place (canvas, pane);
  GdkRectangle in_pane;
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, 0, 0);
  dh_pane_get_picture_area (canvas->panes[pane], &in_pane);
  /* Panes may carry a border: what counts is where their content begins. */
  graphene_point_t origin = GRAPHENE_POINT_INIT (0, 0);
  if (!gtk_widget_compute_point (GTK_WIDGET (canvas->panes[pane]), GTK_WIDGET (canvas), &GRAPHENE_POINT_INIT (0, 0),
                                 &origin))
    {
      *area = bounds;
      return;
    }
  *area = GRAPHENE_RECT_INIT (origin.x + (float)in_pane.x, origin.y + (float)in_pane.y, (float)in_pane.width,
                              (float)in_pane.height);
}

static double
fit_zoom_of_area (DhCanvas *canvas, const graphene_rect_t *area)
{
  double scale = device_scale (canvas);
  if (canvas->scene.width == 0 || area->size.width < 1 || area->size.height < 1)
    return 1.0;
  return MIN (area->size.width * scale / canvas->scene.width, area->size.height * scale / canvas->scene.height);
}

double
dh_canvas_get_fit_zoom (DhCanvas *canvas, guint pane)
{
  graphene_rect_t area;
  dh_canvas_get_area (canvas, pane, &area);
  return fit_zoom_of_area (canvas, &area);
}

static double
clamp_middle (double middle, double size, double seen)
{
  /* A picture smaller than the pane stands in its middle; a larger one leaves no gap at its sides. */
  return size <= seen ? size / 2.0 : CLAMP (middle, seen / 2.0, size - seen / 2.0);
}

void
dh_canvas_settle_look (DhCanvas *canvas, guint pane, DhLook *look)
{
  graphene_rect_t area;
  double scale = device_scale (canvas), fit;
  dh_canvas_get_area (canvas, pane, &area);
  fit = fit_zoom_of_area (canvas, &area);
  if (look->fit)
    look->zoom = fit;
  look->zoom = CLAMP (look->zoom, MIN (fit, 1.0) / 4.0, MAX (LARGEST_ZOOM, fit));
  if (canvas->scene.width == 0)
    return;
  look->x = clamp_middle (look->fit ? canvas->scene.width / 2.0 : look->x, canvas->scene.width,
                          area.size.width * scale / look->zoom);
  look->y = clamp_middle (look->fit ? canvas->scene.height / 2.0 : look->y, canvas->scene.height,
                          area.size.height * scale / look->zoom);
}

/* The small panes below a comparison show the same part of the picture as the large ones, not the same size of it. */
static double
share_of_zoom (DhCanvas *canvas, guint pane)
{
  if (canvas->layout != DH_CANVAS_COMPARE || pane < canvas->n_large || canvas->n_panes == 0)
    return 1.0;
  return dh_canvas_get_fit_zoom (canvas, pane) / dh_canvas_get_fit_zoom (canvas, 0);
}

DhLook
dh_canvas_get_look (DhCanvas *canvas, guint pane)
{
  pane = dh_canvas_get_place (canvas, pane);
  DhLook look = canvas->alone[pane] ? canvas->own_look[pane] : canvas->look;
  if (!canvas->alone[pane])
    look.zoom *= share_of_zoom (canvas, pane);
  dh_canvas_settle_look (canvas, pane, &look);
  return look;
}

void
dh_canvas_get_corner (DhCanvas *canvas, guint pane, double scale, double *x0, double *y0)
{
  graphene_rect_t area;
  DhLook look = dh_canvas_get_look (canvas, pane);
  double zoom = look.zoom * scale / device_scale (canvas);
  dh_canvas_get_area (canvas, pane, &area);
  *x0 = round (area.size.width * scale / 2.0 - look.x * zoom);
  *y0 = round (area.size.height * scale / 2.0 - look.y * zoom);
}

void
dh_canvas_point_to_picture (DhCanvas *canvas, guint pane, double x, double y, double *px, double *py)
{
  graphene_rect_t area;
  double scale = device_scale (canvas), x0, y0;
  DhLook look = dh_canvas_get_look (canvas, pane);
  dh_canvas_get_area (canvas, pane, &area);
  dh_canvas_get_corner (canvas, pane, scale, &x0, &y0);
  *px = ((x - area.origin.x) * scale - x0) / look.zoom;
  *py = ((y - area.origin.y) * scale - y0) / look.zoom;
}

void
dh_canvas_picture_to_point (DhCanvas *canvas, guint pane, double px, double py, double *x, double *y)
{
  graphene_rect_t area;
  double scale = device_scale (canvas), x0, y0;
  DhLook look = dh_canvas_get_look (canvas, pane);
  dh_canvas_get_area (canvas, pane, &area);
  dh_canvas_get_corner (canvas, pane, scale, &x0, &y0);
  *x = area.origin.x + (x0 + px * look.zoom) / scale;
  *y = area.origin.y + (y0 + py * look.zoom) / scale;
}

void
dh_canvas_get_picture (DhCanvas *canvas, guint pane, graphene_rect_t *picture)
{
  double left, top, right, bottom;
  dh_canvas_picture_to_point (canvas, pane, 0, 0, &left, &top);
  dh_canvas_picture_to_point (canvas, pane, canvas->scene.width, canvas->scene.height, &right, &bottom);
  *picture = GRAPHENE_RECT_INIT ((float)left, (float)top, (float)(right - left), (float)(bottom - top));
}

int
dh_canvas_find_pane (DhCanvas *canvas, double x, double y)
{
  for (guint i = 0; i < canvas->n_panes; i++)
    {
      graphene_rect_t area;
      if (!gtk_widget_get_child_visible (GTK_WIDGET (canvas->panes[i])))
        continue;
      if (!dh_canvas_get_seen (canvas, i, &area))
        continue;
      if (graphene_rect_contains_point (&area, &GRAPHENE_POINT_INIT ((float)x, (float)y)))
        return (int)i;
    }
  return -1;
}

static gboolean
same_look (const DhLook *a, const DhLook *b)
{
  return a->x == b->x && a->y == b->y && a->zoom == b->zoom && a->fit == b->fit;
}

void
dh_canvas_set_look (DhCanvas *canvas, guint pane, const DhLook *look, gboolean alone)
{
  pane = dh_canvas_get_place (canvas, pane);
  DhLook settled = *look;
  alone |= !canvas->linked;
  /* A pane that was moved alone goes on alone. */
  alone |= canvas->alone[pane];
  dh_canvas_settle_look (canvas, pane, &settled);
  DhLook *target = alone ? &canvas->own_look[pane] : &canvas->look;
  if (!alone)
    settled.zoom /= share_of_zoom (canvas, pane);
  if (alone != canvas->alone[pane])
    {
      canvas->alone[pane] = TRUE;
      if (canvas->linked)
        dh_pane_set_moved_alone (canvas->panes[pane], TRUE);
    }
  else if (same_look (target, &settled))
    return;
  *target = settled;
  dh_canvas_note_motion (canvas);
  dh_canvas_queue_frame (canvas);
  dh_canvas_emit_view_changed (canvas);
}

void
dh_canvas_zoom_at (DhCanvas *canvas, guint pane, double x, double y, double zoom, gboolean alone)
{
  graphene_rect_t area;
  double scale = device_scale (canvas), px, py;
  DhLook look = dh_canvas_get_look (canvas, pane);
  DhLook settled = { 0, 0, zoom, FALSE };
  dh_canvas_get_area (canvas, pane, &area);
  /* From the look itself: the drawn corner is rounded, and a run of steps would add up its errors. */
  px = look.x + ((x - area.origin.x) - area.size.width / 2.0) * scale / look.zoom;
  py = look.y + ((y - area.origin.y) - area.size.height / 2.0) * scale / look.zoom;
  dh_canvas_settle_look (canvas, pane, &settled); /* the zoom within its bounds */
  look.zoom = settled.zoom;
  look.fit = FALSE;
  look.x = px - ((x - area.origin.x) - area.size.width / 2.0) * scale / look.zoom;
  look.y = py - ((y - area.origin.y) - area.size.height / 2.0) * scale / look.zoom;
  dh_canvas_set_look (canvas, pane, &look, alone);
}

/* Public part: views. */

void
dh_canvas_fit (DhCanvas *canvas)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (canvas->n_panes == 0)
    return;
  DhLook look = { 0, 0, 1, TRUE };
  dh_canvas_set_look (canvas, canvas->active_pane, &look, FALSE);
}

static void
get_zoom_point (DhCanvas *canvas, double *x, double *y)
{
  graphene_rect_t area;
  dh_canvas_get_area (canvas, canvas->active_pane, &area);
  *x = area.origin.x + area.size.width / 2.0;
  *y = area.origin.y + area.size.height / 2.0;
  if (canvas->pinned)
    {
      double px, py;
      dh_canvas_picture_to_point (canvas, canvas->active_pane, canvas->pin_x + 0.5, canvas->pin_y + 0.5, &px, &py);
      if (graphene_rect_contains_point (&area, &GRAPHENE_POINT_INIT ((float)px, (float)py)))
        {
          *x = px;
          *y = py;
        }
    }
}

void
dh_canvas_zoom_to (DhCanvas *canvas, double zoom)
{
  double x, y;
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (canvas->n_panes == 0 || !(zoom > 0.0) || !isfinite (zoom))
    return;
  get_zoom_point (canvas, &x, &y);
  dh_canvas_zoom_at (canvas, canvas->active_pane, x, y, zoom, FALSE);
}

void
dh_canvas_zoom_by (DhCanvas *canvas, double factor)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  dh_canvas_zoom_to (canvas, dh_canvas_get_zoom (canvas) * factor);
}

double
dh_canvas_get_zoom (DhCanvas *canvas)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), 1.0);
  return canvas->n_panes ? dh_canvas_get_look (canvas, canvas->active_pane).zoom : 1.0;
}

void
dh_canvas_get_center (DhCanvas *canvas, double *x, double *y)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  DhLook look = canvas->n_panes ? dh_canvas_get_look (canvas, canvas->active_pane) : canvas->look;
  *x = look.x;
  *y = look.y;
}

void
dh_canvas_center_on (DhCanvas *canvas, double x, double y)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (canvas->n_panes == 0 || !isfinite (x) || !isfinite (y))
    return;
  DhLook look = dh_canvas_get_look (canvas, canvas->active_pane);
  look.x = x;
  look.y = y;
  look.fit = FALSE;
  dh_canvas_set_look (canvas, canvas->active_pane, &look, FALSE);
}

gboolean
dh_canvas_get_view (DhCanvas *canvas, double *zoom, double *x, double *y)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), FALSE);
  *zoom = canvas->look.zoom;
  *x = canvas->look.x;
  *y = canvas->look.y;
  return !canvas->look.fit;
}

void
dh_canvas_set_view (DhCanvas *canvas, double zoom, double x, double y)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (zoom < 0.0 || !isfinite (zoom) || !isfinite (x) || !isfinite (y))
    return;
  canvas->look = (DhLook){ x, y, zoom > 0.0 ? zoom : 1.0, zoom == 0.0 };
  canvas->linked = TRUE;
  for (guint i = 0; i < DH_CANVAS_MAX_PANES; i++)
    {
      canvas->alone[i] = FALSE;
      if (i < canvas->n_panes)
        dh_pane_set_moved_alone (canvas->panes[i], FALSE);
    }
  dh_canvas_queue_frame (canvas);
  dh_canvas_emit_view_changed (canvas);
}

gboolean
dh_canvas_get_own_view (DhCanvas *canvas, guint pane, double *zoom, double *x, double *y)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas) && pane < canvas->n_panes, FALSE);
  const DhLook *look = &canvas->own_look[pane];
  *zoom = look->fit ? 0.0 : look->zoom;
  *x = look->x;
  *y = look->y;
  return canvas->alone[pane];
}

void
dh_canvas_set_own_view (DhCanvas *canvas, guint pane, double zoom, double x, double y)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (pane >= canvas->n_panes || !(zoom >= 0.0) || !isfinite (zoom) || !isfinite (x) || !isfinite (y))
    return;
  canvas->own_look[pane] = (DhLook){ x, y, zoom > 0.0 ? zoom : 1.0, zoom == 0.0 };
  canvas->alone[pane] = TRUE;
  if (canvas->linked)
    dh_pane_set_moved_alone (canvas->panes[pane], TRUE);
  dh_canvas_queue_frame (canvas);
  dh_canvas_emit_view_changed (canvas);
}

void
dh_canvas_show_rectangle (DhCanvas *canvas, int x, int y, int width, int height)
{
  graphene_rect_t area;
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (canvas->n_panes == 0 || canvas->scene.width == 0)
    return;
  dh_canvas_get_area (canvas, canvas->active_pane, &area);
  double scale = device_scale (canvas);
  DhLook look = dh_canvas_get_look (canvas, canvas->active_pane);
  /* A third of the pane for the rectangle, and never smaller than it is seen now if that is enough. */
  double wanted =
      MIN (area.size.width * scale / (3.0 * MAX (width, 8)), area.size.height * scale / (3.0 * MAX (height, 8)));
  look.fit = FALSE;
  look.zoom = MAX (MIN (wanted, 4.0), dh_canvas_get_fit_zoom (canvas, canvas->active_pane));
  look.x = x + width / 2.0;
  look.y = y + height / 2.0;
  dh_canvas_set_look (canvas, canvas->active_pane, &look, FALSE);
  dh_canvas_set_pin (canvas, TRUE, x + width / 2, y + height / 2);
}

void
dh_canvas_set_linked (DhCanvas *canvas, gboolean linked)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (linked && canvas->n_panes)
    {
      canvas->look = dh_canvas_get_look (canvas, canvas->active_pane);
      canvas->look.zoom /= share_of_zoom (canvas, canvas->active_pane);
    }
  for (guint i = 0; i < DH_CANVAS_MAX_PANES; i++)
    {
      if (!linked && i < canvas->n_panes && !canvas->alone[i])
        canvas->own_look[i] = dh_canvas_get_look (canvas, i);
      canvas->alone[i] = !linked;
      if (i < canvas->n_panes)
        dh_pane_set_moved_alone (canvas->panes[i], FALSE);
    }
  canvas->linked = linked;
  dh_canvas_queue_frame (canvas);
  dh_canvas_emit_view_changed (canvas);
}

gboolean
dh_canvas_get_linked (DhCanvas *canvas)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), FALSE);
  if (!canvas->linked)
    return FALSE;
  for (guint i = 0; i < canvas->n_panes; i++)
    if (canvas->alone[i])
      return FALSE;
  return TRUE;
}
