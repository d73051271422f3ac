#pragma once
#include <epoxy/gl.h>
#include "dh-scene-private.h"

G_BEGIN_DECLS

/* A plane of the scene on the card. Begins as zeros. */
typedef struct
{
  GLuint id;
  guint width, height, levels;
  guint serial;
} DhGlTexture;

typedef struct
{
  GLint internal;
  GLenum format, type;
  gsize pixel_size;
} DhGlFormat;

extern const DhGlFormat dh_gl_format_rgba, dh_gl_format_ids, dh_gl_format_float;

/* All levels of one picture into its texture; storage of the same size is written again, not made anew. With the
 * renderer's context current. */
void dh_gl_texture_upload (DhGlTexture *texture, const DhPlane *planes, guint levels, const DhGlFormat *format,
                           gboolean can_filter);
/* A part of it, which lies within, once all of it is there. */
void dh_gl_texture_upload_part (DhGlTexture *texture, const DhPlane *plane, const DhGlFormat *format,
                                const GdkRectangle *part);

G_END_DECLS
