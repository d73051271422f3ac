#include <math.h>
#include "dh-canvas-private.h"
#include "dh-draw-private.h"

/* The leaf above the pictures: the linked cross, frames about components, and the overview while a part is seen. */
#define DH_TYPE_CANVAS_MARKS (dh_canvas_marks_get_type ())
G_DECLARE_FINAL_TYPE (DhCanvasMarks, dh_canvas_marks, DH, CANVAS_MARKS, GtkWidget)

struct _DhCanvasMarks
{
  GtkWidget parent_instance;
  DhCanvas *canvas; /* its parent */
};

G_DEFINE_FINAL_TYPE (DhCanvasMarks, dh_canvas_marks, GTK_TYPE_WIDGET)

static const GdkRGBA white = { 1, 1, 1, 1 };
static const GdkRGBA dark = { 0.06f, 0.06f, 0.07f, 0.75f };

static void
append_cross (GtkWidget *widget, GtkSnapshot *snapshot, double x, double y)
{
  const double gap = 4, arm = 10;
  double cx = dh_draw_snap (widget, x - 0.5), cy = dh_draw_snap (widget, y - 0.5);
  for (int pass = 0; pass < 2; pass++)
    {
      const GdkRGBA *color = pass ? &white : &dark;
      double r = pass ? 0.0 : 1.0;
      dh_draw_rect (snapshot, cx - gap - arm - r, cy - r, arm + 2 * r, 1 + 2 * r, color);
      dh_draw_rect (snapshot, cx + gap + 1 - r, cy - r, arm + 2 * r, 1 + 2 * r, color);
      dh_draw_rect (snapshot, cx - r, cy - gap - arm - r, 1 + 2 * r, arm + 2 * r, color);
      dh_draw_rect (snapshot, cx - r, cy + gap + 1 - r, 1 + 2 * r, arm + 2 * r, color);
    }
}

static void
append_frame (GtkSnapshot *snapshot, const graphene_rect_t *rect, float width, const GdkRGBA *color)
{
  GskRoundedRect rounded;
  gsk_rounded_rect_init_from_rect (&rounded, rect, 0);
  gtk_snapshot_append_border (snapshot, &rounded, (float[4]){ width, width, width, width },
                              (GdkRGBA[4]){ *color, *color, *color, *color });
}

/* Only the corners: a full frame would hide what it stands about. */
static void
append_corners (GtkSnapshot *snapshot, const graphene_rect_t *rect, const GdkRGBA *color)
{
  double x = rect->origin.x, y = rect->origin.y, w = rect->size.width, h = rect->size.height;
  double arm = MIN (10.0, MIN (w, h) / 2.0);
  for (int pass = 0; pass < 2; pass++)
    {
      const GdkRGBA *c = pass ? color : &dark;
      double t = pass ? 2 : 4, o = pass ? 0 : 1;
      for (int k = 0; k < 4; k++)
        {
          gboolean right = k & 1, bottom = k & 2;
          dh_draw_rect (snapshot, right ? x + w - arm - o : x - o, bottom ? y + h - 2 - o : y - o, arm + 2 * o, t, c);
          dh_draw_rect (snapshot, right ? x + w - 2 - o : x - o, bottom ? y + h - arm - o : y - o, t, arm + 2 * o, c);
        }
    }
}

/* White words on a dark ground. */
static void
append_label (GtkSnapshot *snapshot, PangoLayout *layout, float x, float y)
{
  int w = 0, h = 0;
  GskRoundedRect label;
  GdkRGBA ground = { 0.09f, 0.09f, 0.1f, 0.9f };
  pango_layout_get_pixel_size (layout, &w, &h);
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (x, y, (float)w + 14, (float)h + 5);
  gsk_rounded_rect_init_from_rect (&label, &bounds, 5);
  gtk_snapshot_push_rounded_clip (snapshot, &label);
  gtk_snapshot_append_color (snapshot, &ground, &bounds);
  gtk_snapshot_pop (snapshot);
  dh_draw_text (snapshot, layout, x + 7, y + 2, 0, &white);
}

static void
append_boxes (DhCanvasMarks *marks, GtkSnapshot *snapshot, guint pane)
{
  static const guint32 colors[] = { DH_COLOR_TP, DH_COLOR_FP, DH_COLOR_FN };
  DhCanvas *canvas = marks->canvas;
  DhPaneKind kind = dh_pane_get_kind (canvas->panes[pane]);
  if (canvas->boxes->len == 0 || (kind != DH_PANE_IMAGE && kind != DH_PANE_MAP && kind != DH_PANE_TRUTH))
    return;
  for (guint i = 0; i < canvas->boxes->len; i++)
    {
      const DhMarkBox *box = &g_array_index (canvas->boxes, DhMarkBox, i);
      GdkRGBA color = dh_draw_rgb (colors[box->kind]);
      double x0, y0, x1, y1;
      gboolean selected = (int)i == canvas->selected_box;
      if (!selected && kind != DH_PANE_IMAGE)
        continue;
      dh_canvas_picture_to_point (canvas, pane, box->x, box->y, &x0, &y0);
      dh_canvas_picture_to_point (canvas, pane, box->x + box->width, box->y + box->height, &x1, &y1);
      graphene_rect_t rect = GRAPHENE_RECT_INIT ((float)floor (x0) - 4, (float)floor (y0) - 4,
                                                 (float)ceil (x1 - x0) + 8, (float)ceil (y1 - y0) + 8);
      if (!selected)
        {
          append_corners (snapshot, &rect, &color);
          continue;
        }
      append_frame (snapshot, &rect, 3, &dark);
      graphene_rect_inset (&rect, 0.5f, 0.5f);
      append_frame (snapshot, &rect, 2, &color);
      if (box->text && kind == DH_PANE_IMAGE)
        {
          g_autoptr (PangoLayout) layout = dh_draw_layout (GTK_WIDGET (marks), box->text, 9.5, DH_TEXT_BOLD);
          int h = 0;
          pango_layout_get_pixel_size (layout, NULL, &h);
          append_label (snapshot, layout, rect.origin.x, rect.origin.y - (float)h - 8);
        }
    }
}

/* In the corner of a pane shown alone: where in the picture one is. */
static void
append_overview (DhCanvasMarks *marks, GtkSnapshot *snapshot, guint pane, const graphene_rect_t *area)
{
  DhCanvas *canvas = marks->canvas;
  double left, top, right, bottom, w = canvas->scene.width, h = canvas->scene.height;
  if (canvas->layout != DH_CANVAS_SINGLE || area->size.width < 320 || area->size.height < 200)
    return;
  dh_canvas_point_to_picture (canvas, pane, area->origin.x, area->origin.y, &left, &top);
  dh_canvas_point_to_picture (canvas, pane, area->origin.x + area->size.width, area->origin.y + area->size.height,
                              &right, &bottom);
  if (left <= 0.5 && top <= 0.5 && right >= w - 0.5 && bottom >= h - 0.5)
    return;
  double scale = MIN (130.0 / w, 110.0 / h);
  graphene_rect_t frame = GRAPHENE_RECT_INIT (area->origin.x + area->size.width - (float)(w * scale) - 12,
                                              area->origin.y + area->size.height - (float)(h * scale) - 12,
                                              (float)(w * scale), (float)(h * scale));
  GdkRGBA ground = { 0.09f, 0.09f, 0.1f, 0.55f };
  gtk_snapshot_append_color (snapshot, &ground, &frame);
  append_frame (snapshot, &frame, 2, &dark);
  graphene_rect_t seen = GRAPHENE_RECT_INIT (
      frame.origin.x + (float)(MAX (left, 0) * scale), frame.origin.y + (float)(MAX (top, 0) * scale),
      (float)((MIN (right, w) - MAX (left, 0)) * scale), (float)((MIN (bottom, h) - MAX (top, 0)) * scale));
  append_frame (snapshot, &seen, 2, &white);
}

/* Of two panes in one place: which is seen, in its upper corner; while they take turns, by its whole title. */
static void
append_badge (DhCanvasMarks *marks, GtkSnapshot *snapshot, guint pane, const graphene_rect_t *seen)
{
  DhCanvas *canvas = marks->canvas;
  if (!dh_canvas_is_stacked (canvas) || pane > 1)
    return;
  const char *text = canvas->comparison == DH_COMPARISON_FLIPPED ? canvas->panes[pane]->title : pane == 0 ? "A" : "B";
  g_autoptr (PangoLayout) layout = dh_draw_layout (GTK_WIDGET (marks), text, 9.5, DH_TEXT_BOLD);
  int w = 0;
  graphene_rect_t picture;
  pango_layout_get_pixel_size (layout, &w, NULL);
  dh_canvas_get_picture (canvas, pane, &picture);
  if (!graphene_rect_intersection (&picture, seen, &picture) || picture.size.width < (float)w + 40)
    return;
  gboolean at_right = pane == 1 && canvas->comparison == DH_COMPARISON_SWIPED;
  float x = at_right ? picture.origin.x + picture.size.width - (float)w - 26 : picture.origin.x + 12;
  append_label (snapshot, layout, x, picture.origin.y + 10);
}

static void
dh_canvas_marks_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhCanvasMarks *marks = DH_CANVAS_MARKS (widget);
  DhCanvas *canvas = marks->canvas;
  if (canvas->scene.width == 0)
    return;
  for (guint i = 0; i < canvas->n_panes; i++)
    {
      graphene_rect_t area;
      if (!gtk_widget_get_child_visible (GTK_WIDGET (canvas->panes[i])) || dh_pane_has_message (canvas->panes[i])
          || !dh_canvas_get_seen (canvas, i, &area))
        continue;
      gtk_snapshot_push_clip (snapshot, &area);
      append_boxes (marks, snapshot, i);
      append_overview (marks, snapshot, i, &area);
      append_badge (marks, snapshot, i, &area);
      dh_canvas_append_tool (canvas, snapshot, i);
      /* Under the pointer the cursor itself is the cross. */
      if (canvas->pinned
          || (canvas->hovering && dh_canvas_get_place (canvas, i) != dh_canvas_get_place (canvas, canvas->hover_pane)))
        {
          double x, y;
          dh_canvas_picture_to_point (canvas, i, (canvas->pinned ? canvas->pin_x : canvas->hover_x) + 0.5,
                                      (canvas->pinned ? canvas->pin_y : canvas->hover_y) + 0.5, &x, &y);
          append_cross (widget, snapshot, x, y);
        }
      gtk_snapshot_pop (snapshot);
    }
}

static void
dh_canvas_marks_class_init (DhCanvasMarksClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  widget_class->snapshot = dh_canvas_marks_snapshot;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
dh_canvas_marks_init (DhCanvasMarks *marks)
{
  gtk_widget_set_can_target (GTK_WIDGET (marks), FALSE);
}

GtkWidget *
dh_canvas_marks_new (DhCanvas *canvas)
{
  DhCanvasMarks *marks = g_object_new (DH_TYPE_CANVAS_MARKS, NULL);
  marks->canvas = canvas;
  return GTK_WIDGET (marks);
}

void
dh_canvas_queue_marks (DhCanvas *canvas)
{
  if (canvas->marks)
    gtk_widget_queue_draw (canvas->marks);
}
