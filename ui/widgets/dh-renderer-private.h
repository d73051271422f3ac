#pragma once
#include "dh-scene-private.h"

G_BEGIN_DECLS

/* The drawing contract: a scene and a picture's views on it become textures. Both renderers give the same to 1/255
 * for maps, labels and overlays. GTK's thread. */

typedef struct _DhGlRenderer DhGlRenderer;

/* NULL with an error (GDK_GL_ERROR) where there is no OpenGL core 3.3 or ES 3.0. */
DhGlRenderer *dh_gl_renderer_new (GdkSurface *surface, GError **error);
void dh_gl_renderer_free (DhGlRenderer *renderer);
/* "OpenGL 4.5, llvmpipe (LLVM 15)" */
const char *dh_gl_renderer_get_description (DhGlRenderer *renderer);
/* Drawn by the CPU behind OpenGL's back: worth saving pixels. */
gboolean dh_gl_renderer_is_software (DhGlRenderer *renderer);
/* Uploads what changed, one plane a call unless `patient`; `more` tells that others wait. `enlarged`: it will be shown
 * larger than drawn. NULL where it cannot be drawn
 * (a plane beyond the card's limits): draw it by the CPU then. */
GdkTexture *dh_gl_renderer_draw (DhGlRenderer *renderer, const DhScene *scene, const DhPicture *picture,
                                 gboolean patient, gboolean enlarged, gboolean *more);
/* The same picture again after nothing but the thresholds of `slots` (bits) has moved: what does not show them is
 * copied from `last`, the texture that this renderer gave last. NULL where that cannot be: draw it all then. */
GdkTexture *dh_gl_renderer_redraw (DhGlRenderer *renderer, const DhScene *scene, const DhPicture *picture, guint slots,
                                   GdkTexture *last);

/* By the CPU, on all its processors. Keeps nothing between calls. NULL only out of memory. */
GdkTexture *dh_cpu_draw (const DhScene *scene, const DhPicture *picture);
/* The views of the picture that are in `which` (bits), each as a texture of its own size put in the place of what
 * textures[k] holds. What cannot be drawn leaves its texture as it is. */
void dh_cpu_draw_views (const DhScene *scene, const DhPicture *picture, guint which, GdkTexture **textures);

G_END_DECLS
