#include "dh-gl-texture-private.h"

const DhGlFormat dh_gl_format_rgba = { GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, 4 };
const DhGlFormat dh_gl_format_ids = { GL_R8UI, GL_RED_INTEGER, GL_UNSIGNED_BYTE, 1 };
const DhGlFormat dh_gl_format_float = { GL_R32F, GL_RED, GL_FLOAT, 4 };

void
dh_gl_texture_upload (DhGlTexture *texture, const DhPlane *planes, guint levels, const DhGlFormat *format,
                      gboolean can_filter)
{
  gboolean fresh = texture->id == 0 || texture->width != planes->width || texture->height != planes->height
                   || texture->levels != levels;
  if (texture->id == 0)
    glGenTextures (1, &texture->id);
  glActiveTexture (GL_TEXTURE0);
  glBindTexture (GL_TEXTURE_2D, texture->id);
  if (fresh)
    {
      /* Floats cannot be filtered everywhere; where they can, maps without gaps are. */
      GLint filter =
          format == &dh_gl_format_rgba || (format == &dh_gl_format_float && can_filter) ? GL_LINEAR : GL_NEAREST;
      glTexParameteri (GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, levels > 1 ? GL_LINEAR_MIPMAP_NEAREST : filter);
      glTexParameteri (GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, filter);
      glTexParameteri (GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
      glTexParameteri (GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
      glTexParameteri (GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, (GLint)levels - 1);
    }
  glPixelStorei (GL_UNPACK_ALIGNMENT, 1);
  for (guint level = 0; level < levels; level++)
    {
      const DhPlane *plane = &planes[level];
      glPixelStorei (GL_UNPACK_ROW_LENGTH, (GLint)(plane->stride / format->pixel_size));
      if (fresh)
        glTexImage2D (GL_TEXTURE_2D, (GLint)level, format->internal, (GLsizei)plane->width, (GLsizei)plane->height, 0,
                      format->format, format->type, plane->data);
      else
        glTexSubImage2D (GL_TEXTURE_2D, (GLint)level, 0, 0, (GLsizei)plane->width, (GLsizei)plane->height,
                         format->format, format->type, plane->data);
    }
  glPixelStorei (GL_UNPACK_ROW_LENGTH, 0);
  texture->width = planes->width;
  texture->height = planes->height;
  texture->levels = levels;
  texture->serial = planes->serial;
}

void
dh_gl_texture_upload_part (DhGlTexture *texture, const DhPlane *plane, const DhGlFormat *format,
                           const GdkRectangle *part)
{
  glActiveTexture (GL_TEXTURE0);
  glBindTexture (GL_TEXTURE_2D, texture->id);
  glPixelStorei (GL_UNPACK_ALIGNMENT, 1);
  glPixelStorei (GL_UNPACK_ROW_LENGTH, (GLint)(plane->stride / format->pixel_size));
  glTexSubImage2D (GL_TEXTURE_2D, 0, part->x, part->y, part->width, part->height, format->format, format->type,
                   plane->data + (gsize)part->y * plane->stride + (gsize)part->x * format->pixel_size);
  glPixelStorei (GL_UNPACK_ROW_LENGTH, 0);
}
