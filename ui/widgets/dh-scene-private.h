#pragma once
#include "dh-canvas.h"
#include "dh-widgets.h"

G_BEGIN_DECLS

/* What the canvas shows, as both renderers read it. */

/* One picture, label or map in memory. `serial` changes with every new content, so that a renderer knows when to
 * upload; 0: nothing. */
typedef struct
{
  GBytes *bytes;
  guint width, height;
  gsize stride;
  guint serial;
  const guint8 *data; /* of bytes */
} DhPlane;

#define DH_SCENE_LEVELS 6

/* What a DIFFERENCE pane shows: factor[0] · A − factor[1] · B + offset, of the maps in two slots. */
typedef struct
{
  guint slot[2];
  float factor[2], offset;
  DhScale scale;
  gboolean is_set;
} DhSceneDifference;
/* Stands for it among the bits of slots whose thresholds have moved. */
#define DH_SCENE_DIFFERENCE_SLOT DH_CANVAS_MAX_MAPS
#define DH_SCENE_NO_SLOT (DH_CANVAS_MAX_MAPS + 1)    /* no pane shows it */
#define DH_SCENE_TRUTH_SLOT (DH_CANVAS_MAX_MAPS + 2) /* stands there for labels that are drawn */

typedef struct
{
  DhPlane image[DH_SCENE_LEVELS]; /* RGBA; each level half of the one before, averaged; made when set */
  guint n_levels;
  DhPlane segmentation, classes, truth; /* uint8 */
  gboolean truth_is_void_alone;         /* it judges nothing */
  GdkRectangle drawn;                   /* of the truth, whose bytes were changed there since it was last uploaded */
  DhPlane maps[DH_CANVAS_MAX_MAPS];     /* float */
  DhScale scales[DH_CANVAS_MAX_MAPS];
  gboolean outlines[DH_CANVAS_MAX_MAPS];
  guint64 non_finite[DH_CANVAS_MAX_MAPS];
  DhSceneDifference difference;
  guint8 palette[256 * 4]; /* alpha 255, or 0 of a class that is not drawn */
  guint palette_serial;
  DhOverlay overlay;
  double opacity;
  gboolean fill;
  guint active;
  guint width, height; /* of the picture, which all planes are stretched over; 0: nothing set */
} DhScene;

/* Where one pane's picture goes in the target and what part of it is seen. Target pixels, row 0 on top. The target
 * pixel (i, j) shows the picture at ((i + ½ − x0) / zoom, (j + ½ − y0) / zoom). */
typedef struct
{
  DhPaneKind kind;
  guint slot;
  int x, y, width, height; /* clipped to the picture; nothing is drawn beyond it */
  double x0, y0, zoom;
  int line; /* width of outlines, target pixels */
} DhView;

#define DH_MAX_VIEWS (2 * DH_CANVAS_MAX_PANES)

/* One drawing: what lies behind the pictures, too, for a card filled by software blends slowly and clears fast. */
typedef struct
{
  int width, height; /* of the target */
  DhView views[DH_MAX_VIEWS];
  guint n_views;
  GdkRectangle panels[DH_MAX_VIEWS]; /* panes with round corners on the ground */
  guint n_panels;
  int radius;
  GdkRGBA ground, panel; /* opaque; a transparent ground where there is nothing behind */
} DhPicture;

void dh_scene_init (DhScene *scene);
void dh_scene_clear (DhScene *scene);
void dh_scene_clear_data (DhScene *scene);
/* Refused, with the plane cleared and FALSE, where the sizes do not fit the bytes. */
gboolean dh_plane_set (DhPlane *plane, GBytes *bytes, guint width, guint height, gsize stride, gsize pixel_size);
void dh_plane_clear (DhPlane *plane);
gboolean dh_scene_set_image (DhScene *scene, GBytes *pixels, guint width, guint height, gsize stride, guint channels);
guint64 dh_plane_count_non_finite (const DhPlane *plane);
/* The overlay that can be drawn: an outcome without truth becomes a mask, a mask without its map nothing. */
DhOverlay dh_scene_get_effective_overlay (const DhScene *scene);
/* The level of the image to be sampled at a zoom. */
guint dh_scene_get_level (const DhScene *scene, double zoom);
/* Whether there is something to draw for a pane of this kind. */
gboolean dh_scene_has (const DhScene *scene, DhPaneKind kind, guint slot);
/* Whether such a pane looks different when the thresholds of `slots` (bits) move. */
gboolean dh_scene_shows_slots (const DhScene *scene, DhPaneKind kind, guint slot, guint slots);
static inline gboolean
dh_scene_shows_class (const DhScene *scene, guint8 id)
{
  return scene->palette[4 * id + 3] != 0;
}
/* The bound of a map that may have no threshold, or not be there: nothing is flagged then. */
float dh_scene_get_bound (const DhScene *scene, guint slot);
/* Numbers that both renderers share. */
#define DH_SCENE_IDS_SHARE 0.80f   /* palette against the picture's luminance in segmentation panes */
#define DH_SCENE_TRUTH_DIM 0.50f   /* luminance in the truth pane */
#define DH_SCENE_TRUTH_SHARE 0.92f /* anomaly over it */
#define DH_COLOR_RIM 0x101012u
#define DH_RIM_SHARE 0.80f
#define DH_COLOR_FLAGGED_LINE_SHARE 0.90f /* of what is flagged and not labelled, while labels are drawn */
#define DH_HATCH 6.0f                     /* target pixels at scale 1 from stripe to stripe */

G_END_DECLS
