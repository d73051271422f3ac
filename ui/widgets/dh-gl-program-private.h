#pragma once
#include <epoxy/gl.h>
#include <glib.h>
#include "dh-color-map.h"

G_BEGIN_DECLS

/* The canvas's shader, compiled for what it is to draw. */
enum
{
  DH_GL_KIND_IMAGE,
  DH_GL_KIND_IDS,
  DH_GL_KIND_MAP,
  DH_GL_KIND_TRUTH,
  DH_GL_KIND_CORNER, /* of a pane: origin is its circle's middle, zoom its radius */
  DH_GL_N_KINDS,
};

/* What else is fixed when a program is compiled: of an image the overlay and whether it is filled, of a map the outline
 * whether the card filters it, and whether another is taken from it. */
enum
{
  DH_GL_MODE_OVERLAY = 11,
  DH_GL_MODE_FILL = 4,
  DH_GL_MODE_OUTLINE = 1,
  DH_GL_MODE_SMOOTH = 2,
  DH_GL_MODE_DIFFERENCE = 4,
  DH_GL_N_MODES = 16,
};
#define DH_GL_N_COLORS 1024 /* entries of a colour map's texture: enough to take the nearest */

#define DH_GL_UNIFORMS(X)                                                                                              \
  X (origin)                                                                                                           \
  X (zoom)                                                                                                             \
  X (size)                                                                                                             \
  X (line)                                                                                                             \
  X (image)                                                                                                            \
  X (level)                                                                                                            \
  X (has_image)                                                                                                        \
  X (map)                                                                                                              \
  X (other)                                                                                                            \
  X (other_size)                                                                                                       \
  X (terms)                                                                                                            \
  X (ids)                                                                                                              \
  X (truth)                                                                                                            \
  X (colors)                                                                                                           \
  X (color_row)                                                                                                        \
  X (palette)                                                                                                          \
  X (range)                                                                                                            \
  X (halves)                                                                                                           \
  X (diverging)                                                                                                        \
  X (reversed)                                                                                                         \
  X (bound) X (below) X (image_size) X (map_size) X (ids_size) X (truth_size) X (inner) X (outer) X (opacity)

typedef struct
{
  GLuint id;
  gboolean failed;
#define X(name) GLint name;
  DH_GL_UNIFORMS (X)
#undef X
} DhGlProgram;

/* Compiled when it is first asked for, with the renderer's context current; NULL, and a warning, where the driver does
 * not take it. `program` begins as zeros; its shader is of `kind`, with `mode` of DH_GL_MODE_…, and takes the nearest
 * pixel or what lies between. */
DhGlProgram *dh_gl_program_get (DhGlProgram *program, gboolean es, guint kind, guint mode, gboolean nearest);
/* Its colours and their range; the program is in use. */
void dh_gl_program_set_scale (const DhGlProgram *program, const DhScale *scale);

G_END_DECLS
