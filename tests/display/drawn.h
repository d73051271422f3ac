#pragma once
#include "dh-renderer-private.h"
#include "dh-widgets.h"
#include "invented.h"

G_BEGIN_DECLS

/* What the tests of the renderers share: both of them, scenes, and the pixels that come out. */
extern DhGlRenderer *drawn_gl; /* NULL without OpenGL */
extern const char *drawn_gl_missing;

typedef struct
{
  int width, height;
  guint8 *pixels; /* RGBA; free with g_free */
} DrawnFrame;

void drawn_start (void);
void drawn_stop (void);
/* By the CPU where `renderer` is NULL. */
DrawnFrame drawn_draw (DhGlRenderer *renderer, const DhScene *scene, const DhView *views, guint n, int width,
                       int height);
const guint8 *drawn_at (const DrawnFrame *frame, int x, int y);
/* Likelihood, posterior and hybrid score in slots 0, 1, 2. */
void drawn_fill_scene (DhScene *scene, const Invented *invented);
DhView drawn_whole (const DhScene *scene, DhPaneKind kind, guint slot, double zoom);
/* Both renderers give one picture: at most a share of its pixels differs by more than the tolerance. */
void drawn_compare (const DhScene *scene, DhPaneKind kind, guint slot, double zoom, int tolerance, double share);

/* Renderers to be tested; a machine without OpenGL still has the other. */
#define FOR_EACH_RENDERER(renderer)                                                                                    \
  for (DhGlRenderer *renderer = drawn_gl, *next_ = NULL, *done_ = (DhGlRenderer *)1; done_;                            \
       done_ = renderer == NULL ? NULL : done_, renderer = next_)

G_END_DECLS
