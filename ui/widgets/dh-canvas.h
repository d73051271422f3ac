#pragma once
#include <gtk/gtk.h>
#include "dh-color-map.h"
#include "dh-pane.h"

G_BEGIN_DECLS

/* All pictures of the Browse page: one to eight panes with one zoom and one pan. One OpenGL context (core 3.3 or
 * ES 3.0) draws them all; where there is none, the same is drawn by the CPU. Everything is given in the picture's
 * pixels, (0, 0) the upper left one; a map or label of another size is stretched over the picture.
 *
 * Pointer: wheel zooms to the pointer, drag pans, double click fits, click pins the probe, Shift moves one pane alone.
 * Keys, on a focused pane: 0 fit, 1 100 %, + and − zoom, arrows with Ctrl pan, Esc frees the pin, Tab the next pane.
 *
 * Signals
 *   "hover"          (gboolean inside, int x, int y)  the pixel under the pointer; inside FALSE when it leaves
 *   "pin"            (gboolean pinned, int x, int y)  the probe was pinned or freed by the user
 *   "pane-activated" (guint index)                    a pane got the focus, or the active one another place
 *   "view-changed"   ()                               zoom, centre, or the link of a pane
 *   "split-changed"  ()                               the user moved the line of a swipe
 *   "tool"           (guint DhToolPhase, double x, double y, int n_press)  a tool is used on the picture */
#define DH_TYPE_CANVAS (dh_canvas_get_type ())
G_DECLARE_FINAL_TYPE (DhCanvas, dh_canvas, DH, CANVAS, GtkWidget)

#define DH_CANVAS_MAX_PANES 8
#define DH_CANVAS_MAX_MAPS 16
#define DH_CANVAS_MAX_SIDE 16384

typedef enum
{
  DH_OVERLAY_NONE,
  DH_OVERLAY_MASK,    /* what the active map flags */
  DH_OVERLAY_OUTCOME, /* TP, FP, FN of the active map against the truth; without truth the mask */
  DH_OVERLAY_CLASSES,
  DH_OVERLAY_LABELS = 8, /* the truth, filled, with what the active map flags as an outline: while labels are drawn */
} DhOverlay;

/* Values in the truth given to dh_canvas_set_truth(). */
enum
{
  DH_TRUTH_INLIER = 0,
  DH_TRUTH_ANOMALY = 1,
  DH_TRUTH_VOID = 255,
};

typedef enum
{
  DH_CANVAS_GRID,    /* as many columns as make the pictures largest */
  DH_CANVAS_SINGLE,  /* the active pane large, all of them in a strip below */
  DH_CANVAS_COMPARE, /* the first panes large, the others in a row below where there is room for one */
} DhCanvasLayout;

/* How the large panes of a comparison share their place. */
typedef enum
{
  DH_COMPARISON_BESIDE,  /* each has one of its own */
  DH_COMPARISON_SWIPED,  /* two in one, on either side of a line that the user moves */
  DH_COMPARISON_FLIPPED, /* two in one, one of them shown */
} DhComparisonKind;

/* A − B over the maps of two slots: (A − zero[0]) · factor[0] − (B − zero[1]) · factor[1]. */
typedef struct
{
  guint slot[2];
  double zero[2], factor[2];
  double range; /* colours reach from −range to range; > 0 */
} DhCanvasDifference;

typedef struct
{
  DhPaneKind kind;
  guint slot; /* MAP: which map */
} DhPaneSpec;

typedef enum
{
  DH_BOX_FOUND,
  DH_BOX_FALSE,
  DH_BOX_MISSED,
} DhBoxKind;

/* What the pointer does to the picture in place of panning it and pinning the probe; the middle button pans then. */
typedef enum
{
  DH_TOOL_NONE,
  DH_TOOL_POINT, /* presses alone */
  DH_TOOL_BRUSH, /* a circle is the cursor, and it is pressed, moved, released */
} DhCanvasTool;

typedef enum
{
  DH_TOOL_PRESSED,
  DH_TOOL_MOVED,    /* while it is pressed */
  DH_TOOL_RELEASED, /* or taken away */
} DhToolPhase;

typedef struct
{
  int x, y, width, height;
  DhBoxKind kind;
  const char *text; /* shown on the selected one; may be NULL */
} DhCanvasBox;

GtkWidget *dh_canvas_new (void);

/* Data. Each call takes a reference to the bytes, which must not change afterwards; stride is in bytes. NULL bytes
 * clear it. Sizes 1 … DH_CANVAS_MAX_SIDE, bytes at least stride × (height − 1) + a row: else the call is refused with a
 * warning and the slot cleared. Textures are reused and uploaded one a frame. */
void dh_canvas_set_image (DhCanvas *canvas, GBytes *pixels, guint width, guint height, gsize stride,
                          guint channels); /* 3: RGB, 4: RGBA, 1: grey; 8 bits each */
void dh_canvas_set_segmentation (DhCanvas *canvas, GBytes *ids, guint width, guint height, gsize stride); /* uint8 */
void dh_canvas_set_classes (DhCanvas *canvas, GBytes *ids, guint width, guint height, gsize stride);      /* uint8 */
void dh_canvas_set_truth (DhCanvas *canvas, GBytes *truth, guint width, guint height, gsize stride);      /* uint8 */
/* In place of a truth where there is none: what its pane shows as void. */
void dh_canvas_set_void (DhCanvas *canvas, GBytes *ids, guint width, guint height, gsize stride); /* uint8 */
void dh_canvas_set_map (DhCanvas *canvas, guint slot, GBytes *values, guint width, guint height,
                        gsize stride); /* float */
/* Forgets picture, labels and maps at once. */
void dh_canvas_clear (DhCanvas *canvas);
/* The shown picture's size; where there is no image, that of the first thing set. FALSE without any. */
gboolean dh_canvas_get_size (DhCanvas *canvas, guint *width, guint *height);
/* Values that are not finite in a map, counted when it was set. */
guint64 dh_canvas_get_non_finite (DhCanvas *canvas, guint slot);

/* n × RGB; ids beyond are drawn black. At most 256. */
void dh_canvas_set_palette (DhCanvas *canvas, const guint8 *rgb, guint n);
/* Classes that are not drawn: n flags, ids beyond are shown. Where they lie panes of classes show the picture in grey,
 * and the overlay shows it as it is. Changes the palette alone. */
void dh_canvas_set_hidden_classes (DhCanvas *canvas, const gboolean *hidden, guint n);
void dh_canvas_set_scale (DhCanvas *canvas, guint slot, const DhScale *scale);
const DhScale *dh_canvas_get_scale (DhCanvas *canvas, guint slot);
/* Moves the threshold alone: one uniform changes, nothing is uploaded. */
void dh_canvas_set_threshold (DhCanvas *canvas, guint slot, double threshold);
/* Whether the threshold's outline is drawn in the map's panes (default TRUE). */
void dh_canvas_set_outline (DhCanvas *canvas, guint slot, gboolean outline);
/* Which map's threshold makes the overlay. */
void dh_canvas_set_active_map (DhCanvas *canvas, guint slot);
guint dh_canvas_get_active_map (DhCanvas *canvas);
/* opacity 0 … 1; fill FALSE: outlines only. */
void dh_canvas_set_overlay (DhCanvas *canvas, DhOverlay overlay, double opacity, gboolean fill);

/* Panes, 1 … 8. Panes that stay the same keep head and menu, and where all do, what each was moved to. */
void dh_canvas_set_panes (DhCanvas *canvas, const DhPaneSpec *panes, guint n);
guint dh_canvas_get_n_panes (DhCanvas *canvas);
DhPane *dh_canvas_get_pane (DhCanvas *canvas, guint index);
guint dh_canvas_get_active_pane (DhCanvas *canvas);
void dh_canvas_set_active_pane (DhCanvas *canvas, guint index);
void dh_canvas_set_layout (DhCanvas *canvas, DhCanvasLayout layout);

/* The COMPARE layout: the first `n_large` panes are large. SWIPED and FLIPPED put the first two, A and B, into one
 * place with one look; there while one of them has a message both halves are shown. */
void dh_canvas_set_comparison (DhCanvas *canvas, DhComparisonKind kind, guint n_large);
/* The line's place, a share 0 … 1 of the width (default ½). Arrows on the focused line, Home and End move it, a double
 * click brings it back to the middle. */
void dh_canvas_set_split (DhCanvas *canvas, double share);
double dh_canvas_get_split (DhCanvas *canvas);
/* FLIPPED: whether B is shown. */
void dh_canvas_set_flipped (DhCanvas *canvas, gboolean flipped);
gboolean dh_canvas_get_flipped (DhCanvas *canvas);
/* What DIFFERENCE panes show; numbers alone may move as often as a threshold. NULL: nothing. */
void dh_canvas_set_difference (DhCanvas *canvas, const DhCanvasDifference *difference);

/* View. Zoom is screen pixels (of the device) per picture pixel; fit is kept through resizing and new pictures until
 * the user zooms. A new picture of the same size keeps the view. */
void dh_canvas_fit (DhCanvas *canvas);
void dh_canvas_zoom_to (DhCanvas *canvas, double zoom); /* about the pinned pixel, else the centre */
void dh_canvas_zoom_by (DhCanvas *canvas, double factor);
double dh_canvas_get_zoom (DhCanvas *canvas);
void dh_canvas_get_center (DhCanvas *canvas, double *x, double *y);
void dh_canvas_center_on (DhCanvas *canvas, double x, double y);
/* Zoom (of a large pane) and middle of what all panes show together; FALSE while it fits. Setting it ends what single
 * panes were moved to; a zoom of 0 fits, numbers beyond what can be shown are brought within. */
gboolean dh_canvas_get_view (DhCanvas *canvas, double *zoom, double *x, double *y);
void dh_canvas_set_view (DhCanvas *canvas, double zoom, double x, double y);
/* The same of a pane that was moved alone, which setting it does; a zoom of 0: it fits. FALSE: it goes with all. */
gboolean dh_canvas_get_own_view (DhCanvas *canvas, guint pane, double *zoom, double *x, double *y);
void dh_canvas_set_own_view (DhCanvas *canvas, guint pane, double zoom, double x, double y);
/* Brings a rectangle into sight with some room about it, and pins its middle: jumping to a component. */
void dh_canvas_show_rectangle (DhCanvas *canvas, int x, int y, int width, int height);
/* TRUE (default): one view for all panes. Linking again takes the active pane's view for all. */
void dh_canvas_set_linked (DhCanvas *canvas, gboolean linked);
gboolean dh_canvas_get_linked (DhCanvas *canvas); /* FALSE also while one pane was moved alone */
void dh_canvas_set_pin (DhCanvas *canvas, gboolean pinned, int x, int y);
gboolean dh_canvas_get_pin (DhCanvas *canvas, int *x, int *y);

/* Frames about components, on image and map panes. Copies. `selected` −1: none. */
void dh_canvas_set_boxes (DhCanvas *canvas, const DhCanvasBox *boxes, guint n, int selected);

/* `radius` in the picture's pixels, of the brush; its circle is of the colour, 0xRRGGBB. */
void dh_canvas_set_tool (DhCanvas *canvas, DhCanvasTool tool, double radius, guint32 rgb);
/* The corners of a polygon that is being drawn, n pairs of x and y, copied; a line goes on from the last one to the
 * pointer. n 0: none. */
void dh_canvas_set_polygon (DhCanvas *canvas, const double *corners, guint n);
/* Darkens what lies beside lines at these shares of the picture, in per cent: top, bottom, left, right. All 0: none. */
void dh_canvas_set_margins (DhCanvas *canvas, const double margins[4]);
/* Darkens the picture where this is not 0, a byte a pixel of one of its aspect. NULL: nowhere. */
void dh_canvas_set_veil (DhCanvas *canvas, GBytes *pixels, guint width, guint height);
/* The bytes given to dh_canvas_set_truth() are other ones in this part of it: only that is uploaded, and only panes
 * that show it are drawn. They change on GTK's thread alone. */
void dh_canvas_redraw_truth (DhCanvas *canvas, guint x, guint y, guint width, guint height);

/* "OpenGL 4.5, llvmpipe …" or "CPU: why"; valid once realised. */
const char *dh_canvas_get_renderer (DhCanvas *canvas);
/* The pixel of a map as given, NaN outside or without the map. */
double dh_canvas_peek (DhCanvas *canvas, guint slot, int x, int y);

/* One pane's picture, whole and at 100 % (at most 4096 a side), with overlay and outline, or the panes as seen with
 * `index` −1. Errors: G_FILE_ERROR, GIO's. */
gboolean dh_canvas_save_png (DhCanvas *canvas, int index, const char *path, GError **error);
/* The same as a texture. NULL where there is nothing to draw. Free with g_object_unref(). */
GdkTexture *dh_canvas_snapshot_pane (DhCanvas *canvas, guint index);

G_END_DECLS
