#pragma once
#include "dh-scene-math-private.h"

G_BEGIN_DECLS

#define KEEP_LABEL 0xFF
#define MAX_POINTS 96

/* What a pixel is, while it is drawn. */
typedef struct
{
  float s, t;   /* place on the surface, metres (or the shape's own units) */
  float ws, wt; /* how much s and t change from one pixel to the next: the width of a filtered edge */
  float z;      /* distance along the axis of view, metres; large for the sky */
  int px, py;
} Sample;

/* Radiance at a sample; *alpha starts as 1 and may be lowered. */
typedef Rgb (*ShadeFunc) (gconstpointer data, const Sample *sample, float *alpha);

/* Pixel (x + ½, y + ½, 1) times `map` = (s, t, 1) / z. */
typedef struct
{
  float m[3][3];
} PixelMap;

typedef struct
{
  int width, height;
  float *rgb;       /* radiance, 3 a pixel */
  float *disparity; /* 1 / z; 0 for the sky */
  float *shadow;    /* how much of the sun a pixel of the ground lacks */
  guint8 *labels;
  float *cover; /* a row of coverage */
  float *line;  /* a row of colour, for the blur */

  /* A scene is drawn twice: first only to learn which shape is the last to cover each pixel wholly, then in colour,
   * without the work that would be painted over. */
  guint32 *last;
  guint32 order; /* of the next shape, from 1 */
  gboolean planning;
} Canvas;

/* All of a canvas is defined from the start (black, label 0). FALSE where memory is short. */
G_GNUC_INTERNAL gboolean canvas_init (Canvas *canvas, int width, int height);
G_GNUC_INTERNAL void canvas_clear (Canvas *canvas);

/* Begins the first or the second drawing. */
G_GNUC_INTERNAL void canvas_begin (Canvas *canvas, gboolean planning);

/* Fills a polygon (even-odd) with antialiased colour. A pixel takes `label` where its centre is inside: neighbouring
 * polygons share no pixel and leave none out. `opaque`: the shader never lowers alpha. */
G_GNUC_INTERNAL void canvas_fill (Canvas *canvas, const float (*xy)[2], int n, guint8 label, const PixelMap *map,
                                  ShadeFunc shade, gconstpointer data, gboolean opaque);
/* The same into the shadow layer, where the darkest wins. */
G_GNUC_INTERNAL void canvas_fill_shadow (Canvas *canvas, const float (*xy)[2], int n, float strength);

G_END_DECLS
