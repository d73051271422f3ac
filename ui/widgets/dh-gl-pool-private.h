#pragma once
#include <epoxy/gl.h>
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Textures to draw into and hand to GDK. GDK may hold one longer than the renderer lives: it comes back to the pool,
 * which both keep alive. All calls but the destroy function need the pool's context to be current. */
typedef struct _DhGlPool DhGlPool;

DhGlPool *dh_gl_pool_new (GdkGLContext *context);
/* Deletes what is in the pool; what is lent is deleted when it comes back. */
void dh_gl_pool_close (DhGlPool *pool);

typedef struct
{
  DhGlPool *pool;
  GLuint id;
  int width, height;
} DhGlLoan;

/* A texture of this size; to be shown larger than it is, it is filtered. */
DhGlLoan *dh_gl_pool_borrow (DhGlPool *pool, int width, int height, gboolean enlarged);
/* GDestroyNotify of a GdkGLTexture. */
void dh_gl_loan_return (gpointer loan);

G_END_DECLS
