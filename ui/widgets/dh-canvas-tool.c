#include <math.h>
#include <string.h>
#include "dh-canvas-private.h"
#include "dh-draw-private.h"

/* Tools that draw on the picture: who uses them is told by "tool", and shows what comes of it. */

#define CORNER 3.0f /* half of a polygon's corner, GTK pixels */

void
dh_canvas_set_tool (DhCanvas *canvas, DhCanvasTool tool, double radius, guint32 rgb)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (tool != canvas->tool)
    dh_canvas_release_tool (canvas);
  canvas->tool = tool;
  canvas->radius = radius;
  canvas->tool_rgb = rgb;
  dh_canvas_show_cursor (canvas);
  dh_canvas_queue_marks (canvas);
}

void
dh_canvas_set_polygon (DhCanvas *canvas, const double *corners, guint n)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  g_array_set_size (canvas->polygon, 0);
  if (n > 0)
    g_array_append_vals (canvas->polygon, corners, 2 * n);
  dh_canvas_queue_marks (canvas);
}

void
dh_canvas_set_margins (DhCanvas *canvas, const double margins[4])
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  for (guint i = 0; i < 4; i++)
    canvas->margins[i] = CLAMP (margins[i] / 100, 0, 1);
  dh_canvas_queue_marks (canvas);
}

/* Whether it borders on what is not covered, within so many pixels. */
static gboolean
is_at_edge (const guint8 *pixels, guint width, guint height, guint x, guint y, guint reach)
{
  const gsize row = (gsize)y * width;
  return (x >= reach && pixels[row + x - reach] == 0) || (x + reach < width && pixels[row + x + reach] == 0)
         || (y >= reach && pixels[row - (gsize)reach * width + x] == 0)
         || (y + reach < height && pixels[row + (gsize)reach * width + x] == 0);
}

void
dh_canvas_set_veil (DhCanvas *canvas, GBytes *pixels, guint width, guint height)
{
  /* As what lies beside margins, and their lines; premultiplied. */
  static const guint8 dark[4] = { 11, 11, 13, 184 }, bright[4] = { 255, 191, 26, 255 };
  g_return_if_fail (DH_IS_CANVAS (canvas));
  g_return_if_fail (pixels == NULL || g_bytes_get_size (pixels) == (gsize)width * height);
  g_clear_object (&canvas->veil);
  dh_canvas_queue_marks (canvas);
  if (pixels == NULL || width == 0 || height == 0)
    return;
  const guint8 *covered = g_bytes_get_data (pixels, NULL);
  const guint reach = MAX (MAX (width, height) / 256, 1);
  guint8 *rgba = g_malloc0 ((gsize)width * height * 4);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      if (covered[(gsize)y * width + x] != 0)
        memcpy (rgba + ((gsize)y * width + x) * 4, is_at_edge (covered, width, height, x, y, reach) ? bright : dark, 4);
  g_autoptr (GBytes) bytes = g_bytes_new_take (rgba, (gsize)width * height * 4);
  canvas->veil =
      gdk_memory_texture_new ((int)width, (int)height, GDK_MEMORY_R8G8B8A8_PREMULTIPLIED, bytes, (gsize)width * 4);
}

void
dh_canvas_redraw_truth (DhCanvas *canvas, guint x, guint y, guint width, guint height)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  DhScene *scene = &canvas->scene;
  if (scene->truth.bytes == NULL || width == 0 || height == 0)
    return;
  g_return_if_fail (x + width <= scene->truth.width && y + height <= scene->truth.height);
  const GdkRectangle part = { (int)x, (int)y, (int)width, (int)height };
  if (scene->drawn.width > 0)
    gdk_rectangle_union (&scene->drawn, &part, &scene->drawn);
  else
    scene->drawn = part;
  dh_canvas_queue_slot (canvas, DH_SCENE_TRUTH_SLOT);
}

static void
tell (DhCanvas *canvas, DhToolPhase phase, guint pane, double x, double y, int n_press)
{
  double px, py;
  dh_canvas_point_to_picture (canvas, pane, x, y, &px, &py);
  dh_canvas_emit_tool (canvas, phase, px, py, n_press);
}

gboolean
dh_canvas_press_tool (DhCanvas *canvas, int n_press, double x, double y)
{
  const int pane = dh_canvas_find_pane (canvas, x, y);
  if (canvas->tool == DH_TOOL_NONE || pane < 0 || canvas->scene.width == 0 || dh_pane_has_message (canvas->panes[pane]))
    return FALSE;
  canvas->using_tool = canvas->tool == DH_TOOL_BRUSH;
  canvas->tool_pane = (guint)pane;
  canvas->pointer_x = x;
  canvas->pointer_y = y;
  if (canvas->using_tool)
    dh_canvas_note_motion (canvas);
  tell (canvas, DH_TOOL_PRESSED, (guint)pane, x, y, n_press);
  return TRUE;
}

void
dh_canvas_move_tool (DhCanvas *canvas, double x, double y)
{
  if (!canvas->using_tool || canvas->tool_pane >= canvas->n_panes)
    return;
  dh_canvas_note_motion (canvas);
  tell (canvas, DH_TOOL_MOVED, canvas->tool_pane, x, y, 1);
}

void
dh_canvas_release_tool (DhCanvas *canvas)
{
  if (!canvas->using_tool)
    return;
  canvas->using_tool = FALSE;
  dh_canvas_emit_tool (canvas, DH_TOOL_RELEASED, 0, 0, 1);
}

static void
append_ring (GtkSnapshot *snapshot, double x, double y, double radius, float width, const GdkRGBA *color)
{
  GskRoundedRect ring;
  const graphene_rect_t bounds =
      GRAPHENE_RECT_INIT ((float)(x - radius), (float)(y - radius), (float)(2 * radius), (float)(2 * radius));
  gsk_rounded_rect_init_from_rect (&ring, &bounds, (float)radius);
  gtk_snapshot_append_border (snapshot, &ring, (float[4]){ width, width, width, width },
                              (GdkRGBA[4]){ *color, *color, *color, *color });
}

/* Dark below, so that it is seen on every picture. */
static void
append_line (GtkSnapshot *snapshot, double ax, double ay, double bx, double by, const GdkRGBA *color)
{
  const GdkRGBA dark = { 0.06f, 0.06f, 0.07f, 0.75f };
  const float length = (float)hypot (bx - ax, by - ay);
  if (length < 0.5f)
    return;
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float)ax, (float)ay));
  gtk_snapshot_rotate (snapshot, (float)(atan2 (by - ay, bx - ax) * 180 / G_PI));
  dh_draw_rect (snapshot, 0, -2, length, 4, &dark);
  dh_draw_rect (snapshot, 0, -1, length, 2, color);
  gtk_snapshot_restore (snapshot);
}

static void
append_polygon (DhCanvas *canvas, GtkSnapshot *snapshot, guint pane, const GdkRGBA *color)
{
  const double *corners = (const double *)(const void *)canvas->polygon->data;
  const guint n = canvas->polygon->len / 2;
  const gboolean pointed =
      canvas->hovering && dh_canvas_get_place (canvas, pane) == dh_canvas_get_place (canvas, canvas->hover_pane);
  double x = 0, y = 0, last_x = 0, last_y = 0;
  for (guint i = 0; i < n; i++)
    {
      dh_canvas_picture_to_point (canvas, pane, corners[2 * i], corners[2 * i + 1], &x, &y);
      if (i > 0)
        append_line (snapshot, last_x, last_y, x, y, color);
      last_x = x;
      last_y = y;
    }
  if (n > 0 && pointed)
    append_line (snapshot, last_x, last_y, canvas->pointer_x, canvas->pointer_y, color);
  const GdkRGBA white = { 1, 1, 1, 1 }, dark = { 0.06f, 0.06f, 0.07f, 0.75f };
  for (guint i = 0; i < n; i++)
    {
      dh_canvas_picture_to_point (canvas, pane, corners[2 * i], corners[2 * i + 1], &x, &y);
      dh_draw_rect (snapshot, x - CORNER - 1, y - CORNER - 1, 2 * CORNER + 2, 2 * CORNER + 2, &dark);
      dh_draw_rect (snapshot, x - CORNER, y - CORNER, 2 * CORNER, 2 * CORNER, i == 0 ? color : &white);
    }
}

/* Dark outside of a box that has a line about it; nothing where it is all of the picture. */
static void
append_margins (DhCanvas *canvas, GtkSnapshot *snapshot, guint pane)
{
  const GdkRGBA dark = { 0.06f, 0.06f, 0.07f, 0.72f }, bright = { 1, 0.75f, 0.1f, 1 };
  const double width = canvas->scene.width, height = canvas->scene.height, *margins = canvas->margins;
  if (!(margins[0] + margins[1] + margins[2] + margins[3] > 0))
    return;
  double left, top, right, bottom, in_left, in_top, in_right, in_bottom;
  dh_canvas_picture_to_point (canvas, pane, 0, 0, &left, &top);
  dh_canvas_picture_to_point (canvas, pane, width, height, &right, &bottom);
  dh_canvas_picture_to_point (canvas, pane, width * margins[2], height * margins[0], &in_left, &in_top);
  dh_canvas_picture_to_point (canvas, pane, width * (1 - margins[3]), height * (1 - margins[1]), &in_right, &in_bottom);
  in_right = MAX (in_right, in_left);
  in_bottom = MAX (in_bottom, in_top);
  dh_draw_rect (snapshot, left, top, right - left, in_top - top, &dark);
  dh_draw_rect (snapshot, left, in_bottom, right - left, bottom - in_bottom, &dark);
  dh_draw_rect (snapshot, left, in_top, in_left - left, in_bottom - in_top, &dark);
  dh_draw_rect (snapshot, in_right, in_top, right - in_right, in_bottom - in_top, &dark);
  dh_draw_rect (snapshot, in_left, in_top - 1, in_right - in_left, 2, &bright);
  dh_draw_rect (snapshot, in_left, in_bottom - 1, in_right - in_left, 2, &bright);
  dh_draw_rect (snapshot, in_left - 1, in_top, 2, in_bottom - in_top, &bright);
  dh_draw_rect (snapshot, in_right - 1, in_top, 2, in_bottom - in_top, &bright);
}

static void
append_veil (DhCanvas *canvas, GtkSnapshot *snapshot, guint pane)
{
  double left, top, right, bottom;
  if (canvas->veil == NULL)
    return;
  dh_canvas_picture_to_point (canvas, pane, 0, 0, &left, &top);
  dh_canvas_picture_to_point (canvas, pane, canvas->scene.width, canvas->scene.height, &right, &bottom);
  gtk_snapshot_append_texture (
      snapshot, canvas->veil,
      &GRAPHENE_RECT_INIT ((float)left, (float)top, (float)(right - left), (float)(bottom - top)));
}

void
dh_canvas_append_tool (DhCanvas *canvas, GtkSnapshot *snapshot, guint pane)
{
  const GdkRGBA color = dh_draw_rgb (canvas->tool_rgb), dark = { 0.06f, 0.06f, 0.07f, 0.75f };
  append_margins (canvas, snapshot, pane);
  append_veil (canvas, snapshot, pane);
  append_polygon (canvas, snapshot, pane, &color);
  if (canvas->tool != DH_TOOL_BRUSH || !canvas->hovering)
    return;
  /* In every pane, where the pointer is in the picture. */
  double px, py, x, y;
  dh_canvas_point_to_picture (canvas, canvas->hover_pane, canvas->pointer_x, canvas->pointer_y, &px, &py);
  dh_canvas_picture_to_point (canvas, pane, px, py, &x, &y);
  const double scale = gtk_widget_get_scale_factor (GTK_WIDGET (canvas));
  const double radius = MAX (canvas->radius * dh_canvas_get_look (canvas, pane).zoom / scale, 1.5);
  append_ring (snapshot, x, y, radius + 2, 1, &dark);
  append_ring (snapshot, x, y, radius + 1, 1.5f, &color);
  append_ring (snapshot, x, y, MAX (radius - 0.5, 1), 1, &dark);
}
