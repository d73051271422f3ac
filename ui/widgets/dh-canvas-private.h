#pragma once
#include "dh-canvas.h"
#include "dh-frame-meter.h"
#include "dh-pane-private.h"
#include "dh-renderer-private.h"
#include "dh-swipe-handle-private.h"

G_BEGIN_DECLS

/* Where a pane looks: the picture's point in its middle, and device pixels per picture pixel. */
typedef struct
{
  double x, y, zoom;
  gboolean fit; /* zoom and middle follow the pane's size */
} DhLook;

typedef struct
{
  int x, y, width, height;
  DhBoxKind kind;
  char *text;
} DhMarkBox;

struct _DhCanvas
{
  GtkWidget parent_instance;
  DhScene scene;

  DhPane *panes[DH_CANVAS_MAX_PANES];
  DhPane *strip[DH_CANVAS_MAX_PANES]; /* while one pane is shown alone */
  guint n_panes, active_pane;
  DhCanvasLayout layout;
  GtkWidget *view;  /* the pictures of all panes and the ground, below the panes */
  GtkWidget *marks; /* cross, frames, overview, above the pictures */

  /* COMPARE */
  DhComparisonKind comparison;
  guint n_large;
  double split;     /* share of the place that shows the first pane */
  gboolean flipped; /* the second pane is shown */
  GtkWidget *handle;

  DhLook look;
  DhLook own_look[DH_CANVAS_MAX_PANES];
  gboolean alone[DH_CANVAS_MAX_PANES]; /* has a look of its own */
  gboolean linked;

  gboolean hovering, pinned;
  guint hover_pane;
  int hover_x, hover_y, pin_x, pin_y;
  double pointer_x, pointer_y;

  DhCanvasTool tool;
  double radius;
  guint32 tool_rgb;
  gboolean using_tool;
  guint tool_pane;
  GArray *polygon;   /* double, x and y of each corner */
  double margins[4]; /* shares of 1: top, bottom, left, right */
  GdkTexture *veil;  /* over all of the picture; NULL: none */

  GArray *boxes; /* DhMarkBox */
  int selected_box;

  /* drawing */
  DhGlRenderer *gl;
  gboolean gl_tried;
  char *renderer;
  DhPicture picture;                /* what was drawn last; 0 wide: nothing */
  GdkTexture *frame;                /* all of it by OpenGL, or by the processor */
  GdkTexture *pieces[DH_MAX_VIEWS]; /* each of its views */
  gboolean frame_stale;
  guint stale_slots;    /* maps whose threshold alone has moved since */
  gboolean frame_whole; /* nothing waits for its upload */
  gboolean moving;      /* a drag or a run of threshold moves: on software OpenGL draw at scale 1 */
  guint settle_id, beat_id;
  DhFrameMeter meter;
  gboolean measuring;

  /* a drag */
  guint drag_pane;
  DhLook drag_look;
  gboolean dragging, drag_alone;
  gboolean pinned_before; /* before the first click of a double one */
  int before_x, before_y;
};

/* dh-canvas-look.c: the geometry of looks. Positions are in the canvas's coordinates, GTK pixels. */
void dh_canvas_get_area (DhCanvas *canvas, guint pane, graphene_rect_t *area);
DhLook dh_canvas_get_look (DhCanvas *canvas, guint pane);
/* The pane whose picture area is at a point, −1: none; strip panes do not count. */
int dh_canvas_find_pane (DhCanvas *canvas, double x, double y);
/* Fills the rest of a fit look, and keeps the picture in sight. */
void dh_canvas_settle_look (DhCanvas *canvas, guint pane, DhLook *look);
double dh_canvas_get_fit_zoom (DhCanvas *canvas, guint pane);
/* Sets a pane's look, alone or for all, and tells. */
void dh_canvas_set_look (DhCanvas *canvas, guint pane, const DhLook *look, gboolean alone);
void dh_canvas_point_to_picture (DhCanvas *canvas, guint pane, double x, double y, double *px, double *py);
void dh_canvas_picture_to_point (DhCanvas *canvas, guint pane, double px, double py, double *x, double *y);
/* Where a pane has the whole picture, seen or not. */
void dh_canvas_get_picture (DhCanvas *canvas, guint pane, graphene_rect_t *picture);
void dh_canvas_zoom_at (DhCanvas *canvas, guint pane, double x, double y, double zoom, gboolean alone);
/* The picture's upper left corner in device pixels from the area's, whole, so that texels meet pixels. */
void dh_canvas_get_corner (DhCanvas *canvas, guint pane, double scale, double *x0, double *y0);
void dh_canvas_queue_frame (DhCanvas *canvas);
/* Only where views lie has changed: what looks the same stays as it is. */
void dh_canvas_queue_views (DhCanvas *canvas);
void dh_canvas_queue_slot (DhCanvas *canvas, guint slot);
void dh_canvas_queue_marks (DhCanvas *canvas);
/* A threshold or a look is being moved: coarse and measured until it rests. */
void dh_canvas_note_motion (DhCanvas *canvas);

/* dh-canvas-layout.c */
void dh_canvas_size_allocate (GtkWidget *widget, int width, int height, int baseline);
void dh_canvas_make_strip (DhCanvas *canvas);
void dh_canvas_drop_strip (DhCanvas *canvas);

/* dh-canvas-compare.c: two panes in one place. */
/* What goes away with the focus on it hands it to whatever GTK finds next, somewhere else in the window: before that,
 * this pane takes it. */
void dh_canvas_keep_focus (DhCanvas *canvas, GtkWidget *leaving, guint pane);
gboolean dh_canvas_is_stacked (DhCanvas *canvas);
/* Panes and handle learn whether they are, and how wide half of the place is. */
void dh_canvas_tell_stacked (DhCanvas *canvas, int half);
/* The pane whose place and look this one shares; itself where it has its own. */
guint dh_canvas_get_place (DhCanvas *canvas, guint pane);
/* The part of a pane's area in which its picture is seen; FALSE: in none. */
gboolean dh_canvas_get_seen (DhCanvas *canvas, guint pane, graphene_rect_t *seen);
/* By the user: tells. */
void dh_canvas_move_split (DhCanvas *canvas, double share);

/* dh-canvas-view.c, dh-canvas-marks.c: the leaf widgets below and above the panes. */
GtkWidget *dh_canvas_view_new (DhCanvas *canvas);
GtkWidget *dh_canvas_marks_new (DhCanvas *canvas);
/* All visible panes on a target `scale` times the canvas. */
void dh_canvas_compose (DhCanvas *canvas, double scale, DhPicture *picture);
void dh_canvas_drop_renderer (DhCanvas *canvas);

/* dh-canvas-tool.c */
/* Of a press of the first button; FALSE: no tool takes it. */
gboolean dh_canvas_press_tool (DhCanvas *canvas, int n_press, double x, double y);
void dh_canvas_move_tool (DhCanvas *canvas, double x, double y);
void dh_canvas_release_tool (DhCanvas *canvas);
/* Circle and polygon in a pane. */
void dh_canvas_append_tool (DhCanvas *canvas, GtkSnapshot *snapshot, guint pane);

/* dh-canvas-input.c */
void dh_canvas_add_controllers (DhCanvas *canvas);
void dh_canvas_show_cursor (DhCanvas *canvas);
void dh_canvas_emit_hover (DhCanvas *canvas);
void dh_canvas_emit_tool (DhCanvas *canvas, DhToolPhase phase, double x, double y, int n_press);
void dh_canvas_emit_pin (DhCanvas *canvas);
void dh_canvas_emit_view_changed (DhCanvas *canvas);
void dh_canvas_emit_split_changed (DhCanvas *canvas);

G_END_DECLS
