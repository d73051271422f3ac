#include <epoxy/gl.h>
#include <math.h>
#include <string.h>
#include "dh-gl-pool-private.h"
#include "dh-gl-program-private.h"
#include "dh-gl-texture-private.h"
#include "dh-renderer-private.h"

enum
{
  TEXTURE_IMAGE,
  TEXTURE_SEGMENTATION,
  TEXTURE_CLASSES,
  TEXTURE_TRUTH,
  TEXTURE_PALETTE,
  TEXTURE_COLORS,
  TEXTURE_MAP,
  N_TEXTURES = TEXTURE_MAP + DH_CANVAS_MAX_MAPS,
};

struct _DhGlRenderer
{
  GdkGLContext *context;
  DhGlPool *pool;
  char *description;
  gboolean software, es;
  GLint largest;
  GLuint frame, source, vertices;
  GdkTexture *last; /* borrowed: only to be compared with */
  GLuint last_id;
  gboolean last_enlarged;
  DhGlTexture textures[N_TEXTURES];
  DhGlProgram programs[DH_GL_N_KINDS][DH_GL_N_MODES][2]; /* by MODE_…; zoomed out, and from 100 % on */
};

static DhGlProgram *
get_program (DhGlRenderer *renderer, guint kind, guint mode, gboolean nearest)
{
  return dh_gl_program_get (&renderer->programs[kind][mode][nearest], renderer->es, kind, mode, nearest);
}

DhGlRenderer *
dh_gl_renderer_new (GdkSurface *surface, GError **error)
{
  g_autoptr (GdkGLContext) context = gdk_surface_create_gl_context (surface, error);
  if (context == NULL || !gdk_gl_context_realize (context, error))
    return NULL;
  gdk_gl_context_make_current (context);
  gboolean es = gdk_gl_context_get_use_es (context);
  int version = epoxy_gl_version ();
  if (version < (es ? 30 : 33))
    {
      g_set_error (error, GDK_GL_ERROR, GDK_GL_ERROR_UNSUPPORTED_PROFILE,
                   "OpenGL %d.%d is too old for the canvas, which needs core 3.3 or ES 3.0", version / 10,
                   version % 10);
      return NULL;
    }
  DhGlRenderer *renderer = g_new0 (DhGlRenderer, 1);
  const char *name = (const char *)glGetString (GL_RENDERER);
  renderer->es = es;
  renderer->description =
      g_strdup_printf ("OpenGL%s %d.%d, %s", es ? " ES" : "", version / 10, version % 10, name ? name : "unnamed");
  renderer->software = name && (strstr (name, "llvmpipe") || strstr (name, "softpipe") || strstr (name, "SWR"));
  glGetIntegerv (GL_MAX_TEXTURE_SIZE, &renderer->largest);
  glGenFramebuffers (1, &renderer->frame);
  glGenFramebuffers (1, &renderer->source);
  glGenVertexArrays (1, &renderer->vertices);
  renderer->pool = dh_gl_pool_new (context);
  renderer->context = g_steal_pointer (&context);
  if (get_program (renderer, DH_GL_KIND_MAP, DH_GL_MODE_OUTLINE, FALSE) == NULL
      || get_program (renderer, DH_GL_KIND_IMAGE, DH_OVERLAY_NONE, FALSE) == NULL)
    {
      g_set_error_literal (error, GDK_GL_ERROR, GDK_GL_ERROR_COMPILATION_FAILED,
                           "The OpenGL driver does not take the canvas shader");
      dh_gl_renderer_free (renderer);
      return NULL;
    }
  return renderer;
}

void
dh_gl_renderer_free (DhGlRenderer *renderer)
{
  if (renderer == NULL)
    return;
  gdk_gl_context_make_current (renderer->context);
  for (guint i = 0; i < N_TEXTURES; i++)
    if (renderer->textures[i].id)
      glDeleteTextures (1, &renderer->textures[i].id);
  for (guint kind = 0; kind < DH_GL_N_KINDS; kind++)
    for (guint mode = 0; mode < DH_GL_N_MODES; mode++)
      for (guint nearest = 0; nearest < 2; nearest++)
        if (renderer->programs[kind][mode][nearest].id)
          glDeleteProgram (renderer->programs[kind][mode][nearest].id);
  dh_gl_pool_close (renderer->pool);
  glDeleteFramebuffers (1, &renderer->frame);
  glDeleteFramebuffers (1, &renderer->source);
  glDeleteVertexArrays (1, &renderer->vertices);
  if (gdk_gl_context_get_current () == renderer->context)
    gdk_gl_context_clear_current ();
  g_object_unref (renderer->context);
  g_free (renderer->description);
  g_free (renderer);
}

const char *
dh_gl_renderer_get_description (DhGlRenderer *renderer)
{
  return renderer->description;
}

gboolean
dh_gl_renderer_is_software (DhGlRenderer *renderer)
{
  return renderer->software;
}

static void
upload_tables (DhGlRenderer *renderer, const DhScene *scene)
{
  DhGlTexture *palette = &renderer->textures[TEXTURE_PALETTE], *colors = &renderer->textures[TEXTURE_COLORS];
  if (palette->serial != scene->palette_serial)
    {
      DhPlane plane = { NULL, 256, 1, 256 * 4, scene->palette_serial, scene->palette };
      dh_gl_texture_upload (palette, &plane, 1, &dh_gl_format_rgba, TRUE);
    }
  if (colors->serial == 0)
    {
      guint8 all[DH_N_COLOR_MAPS][DH_GL_N_COLORS][4];
      for (guint map = 0; map < DH_N_COLOR_MAPS; map++)
        for (guint i = 0; i < DH_GL_N_COLORS; i++)
          {
            DhScale whole = { .map = map, .low = 0.0, .high = 1.0, .threshold = NAN };
            dh_scale_get_color (&whole, i / (DH_GL_N_COLORS - 1.0), all[map][i]);
            all[map][i][3] = 255;
          }
      DhPlane plane = { NULL, DH_GL_N_COLORS, DH_N_COLOR_MAPS, DH_GL_N_COLORS * 4, 1, &all[0][0][0] };
      dh_gl_texture_upload (colors, &plane, 1, &dh_gl_format_rgba, TRUE);
    }
}

static gboolean
within_limits (DhGlRenderer *renderer, const DhPlane *plane)
{
  return (GLint)plane->width <= renderer->largest && (GLint)plane->height <= renderer->largest;
}

/* Uploads planes that changed; with `patient` FALSE, one of them. FALSE where the card cannot hold one. */
static gboolean
upload_planes (DhGlRenderer *renderer, const DhScene *scene, gboolean patient, gboolean *more)
{
  guint n_done = 0;
  for (guint i = 0; i < N_TEXTURES; i++)
    {
      const DhPlane *plane;
      const DhGlFormat *format = &dh_gl_format_ids;
      guint levels = 1;
      if (i == TEXTURE_PALETTE || i == TEXTURE_COLORS)
        continue;
      if (i >= TEXTURE_MAP)
        {
          plane = &scene->maps[i - TEXTURE_MAP];
          format = &dh_gl_format_float;
        }
      else if (i == TEXTURE_IMAGE)
        {
          plane = scene->image;
          format = &dh_gl_format_rgba;
          levels = scene->n_levels;
        }
      else
        plane = i == TEXTURE_SEGMENTATION ? &scene->segmentation
                : i == TEXTURE_CLASSES    ? &scene->classes
                                          : &scene->truth;
      if (plane->bytes == NULL || plane->serial == renderer->textures[i].serial)
        continue;
      if (!within_limits (renderer, plane))
        return FALSE;
      if (n_done > 0 && !patient)
        {
          *more = TRUE;
          continue;
        }
      dh_gl_texture_upload (&renderer->textures[i], plane, levels, format, !renderer->es);
      n_done++;
    }
  return TRUE;
}

/* The part of the labels that was drawn. */
static void
upload_drawn (DhGlRenderer *renderer, const DhScene *scene)
{
  if (scene->drawn.width > 0 && scene->truth.bytes && renderer->textures[TEXTURE_TRUTH].serial == scene->truth.serial)
    dh_gl_texture_upload_part (&renderer->textures[TEXTURE_TRUTH], &scene->truth, &dh_gl_format_ids, &scene->drawn);
}

static void
bind_texture (DhGlRenderer *renderer, const DhScene *scene, GLint location, GLint size, guint unit, guint texture)
{
  const DhGlTexture *bound = &renderer->textures[texture];
  if (size >= 0)
    glUniform4f (size, (float)bound->width, (float)bound->height, (float)bound->width / (float)scene->width,
                 (float)bound->height / (float)scene->height);
  glActiveTexture (GL_TEXTURE0 + unit);
  glBindTexture (GL_TEXTURE_2D, renderer->textures[texture].id);
  if (location >= 0)
    glUniform1i (location, (GLint)unit);
}

static void
draw_view (DhGlRenderer *renderer, const DhScene *scene, const DhView *view)
{
  guint kind = DH_GL_KIND_IMAGE, map = scene->active, other = scene->active, ids = TEXTURE_SEGMENTATION;
  DhOverlay overlay = DH_OVERLAY_NONE;
  switch (view->kind)
    {
    case DH_PANE_IMAGE:
      overlay = dh_scene_get_effective_overlay (scene);
      /* What waits for its upload is not drawn from the picture before. */
      if (renderer->textures[TEXTURE_IMAGE].id == 0)
        return;
      if ((overlay == DH_OVERLAY_MASK || overlay == DH_OVERLAY_OUTCOME)
          && renderer->textures[TEXTURE_MAP + map].serial != scene->maps[map].serial)
        overlay = DH_OVERLAY_NONE;
      if ((overlay == DH_OVERLAY_OUTCOME || overlay == DH_OVERLAY_LABELS)
          && renderer->textures[TEXTURE_TRUTH].serial != scene->truth.serial)
        overlay = DH_OVERLAY_NONE;
      if (overlay == DH_OVERLAY_CLASSES
          && renderer->textures[TEXTURE_SEGMENTATION].serial != scene->segmentation.serial)
        overlay = DH_OVERLAY_NONE;
      break;
    case DH_PANE_CLASSES:
      ids = TEXTURE_CLASSES;
      G_GNUC_FALLTHROUGH;
    case DH_PANE_SEGMENTATION:
      kind = DH_GL_KIND_IDS;
      if (renderer->textures[ids].id == 0)
        return;
      break;
    case DH_PANE_MAP:
      kind = DH_GL_KIND_MAP;
      map = view->slot;
      if (renderer->textures[TEXTURE_MAP + map].id == 0)
        return;
      break;
    case DH_PANE_DIFFERENCE:
      kind = DH_GL_KIND_MAP;
      map = scene->difference.slot[0];
      other = scene->difference.slot[1];
      if (renderer->textures[TEXTURE_MAP + map].id == 0 || renderer->textures[TEXTURE_MAP + other].id == 0)
        return;
      break;
    case DH_PANE_TRUTH:
      kind = DH_GL_KIND_TRUTH;
      if (renderer->textures[TEXTURE_TRUTH].id == 0)
        return;
      break;
    }
  gboolean difference = view->kind == DH_PANE_DIFFERENCE;
  const DhScale *scale = difference ? &scene->difference.scale : &scene->scales[map];
  guint mode = 0;
  if (kind == DH_GL_KIND_IMAGE)
    mode = overlay | (scene->fill || overlay == DH_OVERLAY_LABELS ? DH_GL_MODE_FILL : 0);
  else if (kind == DH_GL_KIND_MAP)
    mode = (!difference && scene->outlines[map] && !isnan (scale->threshold) ? DH_GL_MODE_OUTLINE : 0)
           | (scene->non_finite[map] == 0 && (!difference || scene->non_finite[other] == 0) && !renderer->es
                  ? DH_GL_MODE_SMOOTH
                  : 0)
           | (difference ? DH_GL_MODE_DIFFERENCE : 0);
  DhGlProgram *program = get_program (renderer, kind, mode, view->zoom >= 1.0);
  if (program == NULL)
    return;
  glUseProgram (program->id);
  glViewport (view->x, view->y, view->width, view->height);
  glUniform2f (program->origin, (float)view->x0, (float)view->y0);
  glUniform1f (program->zoom, (float)view->zoom);
  glUniform2f (program->size, (float)scene->width, (float)scene->height);
  glUniform1f (program->line, (float)view->line);
  glUniform1f (program->level, (float)dh_scene_get_level (scene, view->zoom));
  glUniform1i (program->has_image, scene->image[0].bytes && renderer->textures[TEXTURE_IMAGE].id);
  dh_gl_program_set_scale (program, scale);
  const gboolean ready = renderer->textures[TEXTURE_MAP + map].serial == scene->maps[map].serial;
  glUniform1f (program->bound, overlay != DH_OVERLAY_LABELS ? dh_scale_get_bound (scale)
                               : ready                      ? dh_scene_get_bound (scene, map)
                               : scale->flag_below          ? -INFINITY
                                                            : INFINITY);
  glUniform1i (program->below, scale->flag_below);
  glUniform1f (program->opacity, (float)scene->opacity);
  bind_texture (renderer, scene, program->image, program->image_size, 0, TEXTURE_IMAGE);
  bind_texture (renderer, scene, program->map, program->map_size, 1, TEXTURE_MAP + map);
  bind_texture (renderer, scene, program->ids, program->ids_size, 2, ids);
  bind_texture (renderer, scene, program->truth, program->truth_size, 3, TEXTURE_TRUTH);
  bind_texture (renderer, scene, program->colors, -1, 4, TEXTURE_COLORS);
  bind_texture (renderer, scene, program->palette, -1, 5, TEXTURE_PALETTE);
  if (difference)
    {
      glUniform3f (program->terms, scene->difference.factor[0], scene->difference.factor[1], scene->difference.offset);
      bind_texture (renderer, scene, program->other, program->other_size, 6, TEXTURE_MAP + other);
    }
  glDrawArrays (GL_TRIANGLES, 0, 3);
}

static void
set_clear_color (const GdkRGBA *color)
{
  glClearColor (color->red * color->alpha, color->green * color->alpha, color->blue * color->alpha, color->alpha);
}

/* Clears are cheap everywhere; only the corners need a shader. */
static void
draw_panels (DhGlRenderer *renderer, const DhPicture *picture)
{
  int r = picture->radius;
  set_clear_color (&picture->panel);
  glEnable (GL_SCISSOR_TEST);
  for (guint i = 0; i < picture->n_panels; i++)
    {
      const GdkRectangle *panel = &picture->panels[i];
      glScissor (panel->x, panel->y, MAX (0, panel->width), MAX (0, panel->height));
      glClear (GL_COLOR_BUFFER_BIT);
    }
  glDisable (GL_SCISSOR_TEST);
  DhGlProgram *program = r > 0 && picture->n_panels > 0 ? get_program (renderer, DH_GL_KIND_CORNER, 0, FALSE) : NULL;
  if (program == NULL)
    return;
  glUseProgram (program->id);
  glUniform4f (program->inner, picture->panel.red, picture->panel.green, picture->panel.blue, 1.0f);
  glUniform4f (program->outer, picture->ground.red, picture->ground.green, picture->ground.blue, 1.0f);
  glUniform1f (program->zoom, (float)r);
  for (guint i = 0; i < picture->n_panels; i++)
    for (guint corner = 0; corner < 4; corner++)
      {
        const GdkRectangle *panel = &picture->panels[i];
        gboolean right = corner & 1, bottom = corner & 2;
        int x = right ? panel->x + panel->width - r : panel->x, y = bottom ? panel->y + panel->height - r : panel->y;
        if (panel->width < 2 * r || panel->height < 2 * r)
          continue;
        glViewport (x, y, r, r);
        glUniform2f (program->origin, (float)(right ? x : x + r), (float)(bottom ? y : y + r));
        glDrawArrays (GL_TRIANGLES, 0, 3);
      }
}

static DhGlLoan *
begin_target (DhGlRenderer *renderer, int width, int height, gboolean enlarged)
{
  DhGlLoan *loan = dh_gl_pool_borrow (renderer->pool, width, height, enlarged);
  glBindFramebuffer (GL_FRAMEBUFFER, renderer->frame);
  glFramebufferTexture2D (GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, loan->id, 0);
  glBindVertexArray (renderer->vertices);
  glDisable (GL_BLEND);
  glDisable (GL_DEPTH_TEST);
  glDisable (GL_SCISSOR_TEST);
  return loan;
}

static GdkTexture *
end_target (DhGlRenderer *renderer, DhGlLoan *loan, gboolean enlarged)
{
  glBindFramebuffer (GL_FRAMEBUFFER, 0);
  glFlush ();
  renderer->last = gdk_gl_texture_new (renderer->context, loan->id, loan->width, loan->height, dh_gl_loan_return, loan);
  renderer->last_id = loan->id;
  renderer->last_enlarged = enlarged;
  return renderer->last;
}

GdkTexture *
dh_gl_renderer_draw (DhGlRenderer *renderer, const DhScene *scene, const DhPicture *picture, gboolean patient,
                     gboolean enlarged, gboolean *more)
{
  int width = picture->width, height = picture->height;
  *more = FALSE;
  if (width < 1 || height < 1 || width > renderer->largest || height > renderer->largest)
    return NULL;
  gdk_gl_context_make_current (renderer->context);
  upload_tables (renderer, scene);
  if (!upload_planes (renderer, scene, patient, more))
    return NULL;
  upload_drawn (renderer, scene);
  DhGlLoan *loan = begin_target (renderer, width, height, enlarged);
  glViewport (0, 0, width, height);
  set_clear_color (&picture->ground);
  glClear (GL_COLOR_BUFFER_BIT);
  draw_panels (renderer, picture);
  for (guint i = 0; i < picture->n_views; i++)
    {
      const DhView *view = &picture->views[i];
      if (view->width > 0 && view->height > 0 && dh_scene_has (scene, view->kind, view->slot))
        draw_view (renderer, scene, view);
    }
  return end_target (renderer, loan, enlarged);
}

GdkTexture *
dh_gl_renderer_redraw (DhGlRenderer *renderer, const DhScene *scene, const DhPicture *picture, guint slots,
                       GdkTexture *last)
{
  int width = picture->width, height = picture->height;
  if (!GDK_IS_GL_TEXTURE (last) || last != renderer->last || gdk_texture_get_width (last) != width
      || gdk_texture_get_height (last) != height)
    return NULL;
  gdk_gl_context_make_current (renderer->context);
  upload_drawn (renderer, scene);
  DhGlLoan *loan = begin_target (renderer, width, height, renderer->last_enlarged);
  glBindFramebuffer (GL_READ_FRAMEBUFFER, renderer->source);
  glFramebufferTexture2D (GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, renderer->last_id, 0);
  glBlitFramebuffer (0, 0, width, height, 0, 0, width, height, GL_COLOR_BUFFER_BIT, GL_NEAREST);
  for (guint i = 0; i < picture->n_views; i++)
    {
      const DhView *view = &picture->views[i];
      if (view->width > 0 && view->height > 0 && dh_scene_shows_slots (scene, view->kind, view->slot, slots)
          && dh_scene_has (scene, view->kind, view->slot))
        draw_view (renderer, scene, view);
    }
  return end_target (renderer, loan, renderer->last_enlarged);
}
