#include <math.h>
#include <string.h>
#include "dh-canvas-private.h"

/* The public part that sets what is shown and how. */

static void
update_size (DhCanvas *canvas)
{
  DhScene *scene = &canvas->scene;
  const DhPlane *first = scene->image[0].bytes       ? &scene->image[0]
                         : scene->truth.bytes        ? &scene->truth
                         : scene->segmentation.bytes ? &scene->segmentation
                         : scene->classes.bytes      ? &scene->classes
                                                     : NULL;
  for (guint i = 0; first == NULL && i < DH_CANVAS_MAX_MAPS; i++)
    if (scene->maps[i].bytes)
      first = &scene->maps[i];
  guint width = first ? first->width : 0, height = first ? first->height : 0;
  if (width == scene->width && height == scene->height)
    {
      dh_canvas_queue_frame (canvas);
      return;
    }
  scene->width = width;
  scene->height = height;
  if (width > 0)
    {
      /* Another size: what was looked at is not there any more. */
      canvas->look = (DhLook){ width / 2.0, height / 2.0, 1.0, TRUE };
      for (guint i = 0; i < DH_CANVAS_MAX_PANES; i++)
        canvas->own_look[i] = canvas->look;
      if (canvas->pinned && (canvas->pin_x >= (int)width || canvas->pin_y >= (int)height))
        {
          canvas->pinned = FALSE;
          dh_canvas_emit_pin (canvas);
        }
    }
  canvas->hovering = canvas->hovering && canvas->hover_x < (int)width && canvas->hover_y < (int)height;
  gtk_widget_queue_allocate (GTK_WIDGET (canvas));
  dh_canvas_queue_frame (canvas);
  dh_canvas_emit_view_changed (canvas);
}

void
dh_canvas_set_image (DhCanvas *canvas, GBytes *pixels, guint width, guint height, gsize stride, guint channels)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  g_return_if_fail (channels == 1 || channels == 3 || channels == 4);
  dh_scene_set_image (&canvas->scene, pixels, width, height, stride, channels);
  update_size (canvas);
}

static void
set_ids (DhCanvas *canvas, DhPlane *plane, GBytes *ids, guint width, guint height, gsize stride)
{
  dh_plane_set (plane, ids, width, height, stride, 1);
  update_size (canvas);
}

void
dh_canvas_set_segmentation (DhCanvas *canvas, GBytes *ids, guint width, guint height, gsize stride)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  set_ids (canvas, &canvas->scene.segmentation, ids, width, height, stride);
}

void
dh_canvas_set_classes (DhCanvas *canvas, GBytes *ids, guint width, guint height, gsize stride)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  set_ids (canvas, &canvas->scene.classes, ids, width, height, stride);
}

void
dh_canvas_set_truth (DhCanvas *canvas, GBytes *truth, guint width, guint height, gsize stride)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  canvas->scene.truth_is_void_alone = FALSE;
  set_ids (canvas, &canvas->scene.truth, truth, width, height, stride);
}

void
dh_canvas_set_void (DhCanvas *canvas, GBytes *ids, guint width, guint height, gsize stride)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  canvas->scene.truth_is_void_alone = TRUE;
  set_ids (canvas, &canvas->scene.truth, ids, width, height, stride);
}

static void
update_heads (DhCanvas *canvas, guint slot)
{
  for (guint i = 0; i < canvas->n_panes; i++)
    if (dh_pane_get_kind (canvas->panes[i]) == DH_PANE_MAP && dh_pane_get_slot (canvas->panes[i]) == slot)
      {
        dh_pane_set_scale (canvas->panes[i], &canvas->scene.scales[slot]);
        dh_pane_set_non_finite (canvas->panes[i], canvas->scene.non_finite[slot]);
      }
}

void
dh_canvas_set_map (DhCanvas *canvas, guint slot, GBytes *values, guint width, guint height, gsize stride)
{
  g_return_if_fail (DH_IS_CANVAS (canvas) && slot < DH_CANVAS_MAX_MAPS);
  DhScene *scene = &canvas->scene;
  dh_plane_set (&scene->maps[slot], values, width, height, stride, sizeof (float));
  scene->non_finite[slot] = dh_plane_count_non_finite (&scene->maps[slot]);
  update_heads (canvas, slot);
  update_size (canvas);
}

void
dh_canvas_clear (DhCanvas *canvas)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  dh_scene_clear_data (&canvas->scene);
  for (guint slot = 0; slot < DH_CANVAS_MAX_MAPS; slot++)
    update_heads (canvas, slot);
  canvas->hovering = canvas->pinned = FALSE;
  dh_canvas_set_boxes (canvas, NULL, 0, -1);
  dh_canvas_queue_frame (canvas);
}

gboolean
dh_canvas_get_size (DhCanvas *canvas, guint *width, guint *height)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), FALSE);
  if (width)
    *width = canvas->scene.width;
  if (height)
    *height = canvas->scene.height;
  return canvas->scene.width > 0;
}

guint64
dh_canvas_get_non_finite (DhCanvas *canvas, guint slot)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas) && slot < DH_CANVAS_MAX_MAPS, 0);
  return canvas->scene.non_finite[slot];
}

void
dh_canvas_set_palette (DhCanvas *canvas, const guint8 *rgb, guint n)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  for (guint i = 0; i < 256; i++)
    for (guint c = 0; c < 3; c++)
      canvas->scene.palette[4 * i + c] = i < n ? rgb[3 * i + c] : 0;
  /* Serials come from one counter for planes; the palette's only has to differ from its last. */
  canvas->scene.palette_serial++;
  dh_canvas_queue_frame (canvas);
}

void
dh_canvas_set_hidden_classes (DhCanvas *canvas, const gboolean *hidden, guint n)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  for (guint i = 0; i < 256; i++)
    canvas->scene.palette[4 * i + 3] = i < n && hidden[i] ? 0 : 255;
  canvas->scene.palette_serial++;
  dh_canvas_queue_frame (canvas);
}

void
dh_canvas_set_scale (DhCanvas *canvas, guint slot, const DhScale *scale)
{
  g_return_if_fail (DH_IS_CANVAS (canvas) && slot < DH_CANVAS_MAX_MAPS);
  g_return_if_fail ((guint)scale->map < DH_N_COLOR_MAPS);
  canvas->scene.scales[slot] = *scale;
  update_heads (canvas, slot);
  dh_canvas_queue_frame (canvas);
}

const DhScale *
dh_canvas_get_scale (DhCanvas *canvas, guint slot)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas) && slot < DH_CANVAS_MAX_MAPS, NULL);
  return &canvas->scene.scales[slot];
}

void
dh_canvas_set_threshold (DhCanvas *canvas, guint slot, double threshold)
{
  g_return_if_fail (DH_IS_CANVAS (canvas) && slot < DH_CANVAS_MAX_MAPS);
  DhScale *scale = &canvas->scene.scales[slot];
  if (scale->threshold == threshold || (isnan (scale->threshold) && isnan (threshold)))
    return;
  scale->threshold = threshold;
  dh_canvas_note_motion (canvas);
  update_heads (canvas, slot);
  dh_canvas_queue_slot (canvas, slot);
}

void
dh_canvas_set_outline (DhCanvas *canvas, guint slot, gboolean outline)
{
  g_return_if_fail (DH_IS_CANVAS (canvas) && slot < DH_CANVAS_MAX_MAPS);
  canvas->scene.outlines[slot] = outline;
  dh_canvas_queue_frame (canvas);
}

void
dh_canvas_set_active_map (DhCanvas *canvas, guint slot)
{
  g_return_if_fail (DH_IS_CANVAS (canvas) && slot < DH_CANVAS_MAX_MAPS);
  canvas->scene.active = slot;
  dh_canvas_queue_frame (canvas);
}

guint
dh_canvas_get_active_map (DhCanvas *canvas)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), 0);
  return canvas->scene.active;
}

void
dh_canvas_set_overlay (DhCanvas *canvas, DhOverlay overlay, double opacity, gboolean fill)
{
  g_return_if_fail (DH_IS_CANVAS (canvas) && (overlay <= DH_OVERLAY_CLASSES || overlay == DH_OVERLAY_LABELS));
  canvas->scene.overlay = overlay;
  canvas->scene.opacity = isfinite (opacity) ? CLAMP (opacity, 0.0, 1.0) : 1.0;
  canvas->scene.fill = fill;
  dh_canvas_queue_frame (canvas);
}

void
dh_canvas_set_pin (DhCanvas *canvas, gboolean pinned, int x, int y)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  canvas->pinned = pinned && canvas->scene.width > 0;
  if (canvas->pinned)
    {
      canvas->pin_x = CLAMP (x, 0, (int)canvas->scene.width - 1);
      canvas->pin_y = CLAMP (y, 0, (int)canvas->scene.height - 1);
    }
  dh_canvas_queue_marks (canvas);
}

gboolean
dh_canvas_get_pin (DhCanvas *canvas, int *x, int *y)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), FALSE);
  if (canvas->pinned && x)
    *x = canvas->pin_x;
  if (canvas->pinned && y)
    *y = canvas->pin_y;
  return canvas->pinned;
}

void
dh_canvas_set_boxes (DhCanvas *canvas, const DhCanvasBox *boxes, guint n, int selected)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  g_array_set_size (canvas->boxes, 0);
  for (guint i = 0; i < n; i++)
    {
      if (boxes[i].kind > DH_BOX_MISSED)
        continue;
      DhMarkBox box = { boxes[i].x,      boxes[i].y,    boxes[i].width,
                        boxes[i].height, boxes[i].kind, boxes[i].text ? g_utf8_make_valid (boxes[i].text, -1) : NULL };
      g_array_append_val (canvas->boxes, box);
    }
  canvas->selected_box = selected;
  dh_canvas_queue_marks (canvas);
}

const char *
dh_canvas_get_renderer (DhCanvas *canvas)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), NULL);
  return canvas->renderer ? canvas->renderer : "not drawn yet";
}

double
dh_canvas_peek (DhCanvas *canvas, guint slot, int x, int y)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas) && slot < DH_CANVAS_MAX_MAPS, NAN);
  const DhScene *scene = &canvas->scene;
  const DhPlane *plane = &scene->maps[slot];
  if (plane->bytes == NULL || x < 0 || y < 0 || x >= (int)scene->width || y >= (int)scene->height)
    return NAN;
  gsize column = (gsize)x * plane->width / scene->width, row = (gsize)y * plane->height / scene->height;
  float value;
  memcpy (&value, plane->data + row * plane->stride + column * sizeof value, sizeof value);
  return value;
}

#define LARGEST_SNAPSHOT 4096

static GdkTexture *
draw_picture (DhCanvas *canvas, const DhPicture *picture)
{
  GdkTexture *texture = NULL;
  gboolean more = FALSE;
  if (canvas->gl)
    texture = dh_gl_renderer_draw (canvas->gl, &canvas->scene, picture, TRUE, FALSE, &more);
  return texture ? texture : dh_cpu_draw (&canvas->scene, picture);
}

GdkTexture *
dh_canvas_snapshot_pane (DhCanvas *canvas, guint index)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), NULL);
  const DhScene *scene = &canvas->scene;
  if (index >= canvas->n_panes || scene->width == 0)
    return NULL;
  DhPaneKind kind = dh_pane_get_kind (canvas->panes[index]);
  guint slot = dh_pane_get_slot (canvas->panes[index]);
  if (!dh_scene_has (scene, kind, slot))
    return NULL;
  double zoom = MIN (1.0, (double)LARGEST_SNAPSHOT / MAX (scene->width, scene->height));
  int width = MAX (1, (int)round (scene->width * zoom)), height = MAX (1, (int)round (scene->height * zoom));
  DhPicture picture = { .width = width, .height = height, .n_views = 1 };
  picture.views[0] = (DhView){ kind, slot, 0, 0, width, height, 0.0, 0.0, zoom, 1 };
  return draw_picture (canvas, &picture);
}

gboolean
dh_canvas_save_png (DhCanvas *canvas, int index, const char *path, GError **error)
{
  g_autoptr (GdkTexture) texture = NULL;
  g_return_val_if_fail (DH_IS_CANVAS (canvas) && path != NULL, FALSE);
  if (index >= 0)
    texture = dh_canvas_snapshot_pane (canvas, (guint)index);
  else
    {
      DhPicture picture;
      dh_canvas_compose (canvas, gtk_widget_get_scale_factor (GTK_WIDGET (canvas)), &picture);
      if (picture.n_views > 0)
        texture = draw_picture (canvas, &picture);
    }
  if (texture == NULL)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "There is no image in this pane to save to '%s'", path);
      return FALSE;
    }
  g_autoptr (GBytes) png = gdk_texture_save_to_png_bytes (texture);
  return g_file_set_contents (path, g_bytes_get_data (png, NULL), (gssize)g_bytes_get_size (png), error);
}
