#include "dh-scene-private.h"
#include <math.h>
#include <string.h>

static guint
next_serial (void)
{
  static guint serial;
  return ++serial ? serial : ++serial;
}

void
dh_scene_init (DhScene *scene)
{
  memset (scene, 0, sizeof *scene);
  for (guint i = 0; i < DH_CANVAS_MAX_MAPS; i++)
    {
      scene->scales[i] = (DhScale)DH_SCALE_INIT;
      scene->outlines[i] = TRUE;
    }
  for (guint i = 0; i < 256; i++)
    scene->palette[4 * i + 3] = 255;
  scene->palette_serial = next_serial ();
  scene->opacity = 0.6;
  scene->fill = TRUE;
}

void
dh_plane_clear (DhPlane *plane)
{
  g_clear_pointer (&plane->bytes, g_bytes_unref);
  memset (plane, 0, sizeof *plane);
}

void
dh_scene_clear_data (DhScene *scene)
{
  for (guint i = 0; i < DH_SCENE_LEVELS; i++)
    dh_plane_clear (&scene->image[i]);
  scene->n_levels = 0;
  dh_plane_clear (&scene->segmentation);
  dh_plane_clear (&scene->classes);
  dh_plane_clear (&scene->truth);
  scene->drawn = (GdkRectangle){ 0 };
  for (guint i = 0; i < DH_CANVAS_MAX_MAPS; i++)
    {
      dh_plane_clear (&scene->maps[i]);
      scene->non_finite[i] = 0;
    }
  scene->width = scene->height = 0;
}

void
dh_scene_clear (DhScene *scene)
{
  dh_scene_clear_data (scene);
}

gboolean
dh_plane_set (DhPlane *plane, GBytes *bytes, guint width, guint height, gsize stride, gsize pixel_size)
{
  if (bytes)
    g_bytes_ref (bytes);
  dh_plane_clear (plane);
  if (bytes == NULL)
    return TRUE;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gboolean fits = width >= 1 && height >= 1 && width <= DH_CANVAS_MAX_SIDE && height <= DH_CANVAS_MAX_SIDE
                  && stride >= width * pixel_size && stride <= G_MAXINT32 && stride % MIN (pixel_size, 4) == 0
                  && size / stride + 1 >= height && size >= stride * (height - 1) + width * pixel_size
                  && (pixel_size != 4 || (guintptr)data % 4 == 0);
  if (!fits)
    {
      g_warning ("An image of %u × %u pixels, %" G_GSIZE_FORMAT " bytes a row, does not fit its %" G_GSIZE_FORMAT
                 " bytes",
                 width, height, stride, size);
      g_bytes_unref (bytes);
      return FALSE;
    }
  plane->bytes = bytes;
  plane->data = data;
  plane->width = width;
  plane->height = height;
  plane->stride = stride;
  plane->serial = next_serial ();
  return TRUE;
}

/* Averages 2 × 2; the last row and column of an odd size are averaged with themselves. */
static GBytes *
halve (const DhPlane *plane, guint width, guint height)
{
  guint8 *out = g_try_malloc ((gsize)width * height * 4);
  if (out == NULL)
    return NULL;
  for (guint y = 0; y < height; y++)
    {
      const guint8 *a = plane->data + (gsize)MIN (2 * y, plane->height - 1) * plane->stride;
      const guint8 *b = plane->data + (gsize)MIN (2 * y + 1, plane->height - 1) * plane->stride;
      guint8 *row = out + (gsize)y * width * 4;
      guint whole = plane->width / 2;
      for (guint x = 0; x < MIN (width, whole); x++)
        for (guint c = 0; c < 4; c++)
          row[4 * x + c] = (guint8)((a[8 * x + c] + a[8 * x + 4 + c] + b[8 * x + c] + b[8 * x + 4 + c] + 2) >> 2);
      for (guint x = whole; x < width; x++)
        for (guint c = 0; c < 4; c++)
          row[4 * x + c] = (guint8)((a[8 * x + c] + b[8 * x + c] + 1) >> 1);
    }
  return g_bytes_new_take (out, (gsize)width * height * 4);
}

static GBytes *
to_rgba (const DhPlane *plane, guint channels)
{
  guint8 *out = g_try_malloc ((gsize)plane->width * plane->height * 4);
  if (out == NULL)
    return NULL;
  for (guint y = 0; y < plane->height; y++)
    {
      const guint8 *in = plane->data + (gsize)y * plane->stride;
      guint8 *row = out + (gsize)y * plane->width * 4;
      for (guint x = 0; x < plane->width; x++)
        {
          row[4 * x] = in[channels * x];
          row[4 * x + 1] = in[channels * x + (channels >= 3 ? 1 : 0)];
          row[4 * x + 2] = in[channels * x + (channels >= 3 ? 2 : 0)];
          row[4 * x + 3] = 255;
        }
    }
  return g_bytes_new_take (out, (gsize)plane->width * plane->height * 4);
}

gboolean
dh_scene_set_image (DhScene *scene, GBytes *pixels, guint width, guint height, gsize stride, guint channels)
{
  for (guint i = 0; i < DH_SCENE_LEVELS; i++)
    dh_plane_clear (&scene->image[i]);
  scene->n_levels = 0;
  if (pixels == NULL)
    return TRUE;
  /* Through `source`, whose rows may be longer, into RGBA without alpha: pictures are opaque here. */
  DhPlane source = { 0 };
  if (!dh_plane_set (&source, pixels, width, height, stride, channels == 4 ? 4 : channels))
    return FALSE;
  g_autoptr (GBytes) rgba = to_rgba (&source, channels);
  dh_plane_clear (&source);
  if (rgba == NULL || !dh_plane_set (&scene->image[0], rgba, width, height, (gsize)width * 4, 4))
    return FALSE;
  scene->n_levels = 1;
  while (scene->n_levels < DH_SCENE_LEVELS)
    {
      const DhPlane *above = &scene->image[scene->n_levels - 1];
      guint w = MAX (1, above->width / 2), h = MAX (1, above->height / 2);
      if (above->width < 64 || above->height < 64)
        break;
      g_autoptr (GBytes) half = halve (above, w, h);
      if (half == NULL || !dh_plane_set (&scene->image[scene->n_levels], half, w, h, (gsize)w * 4, 4))
        break;
      scene->n_levels++;
    }
  return TRUE;
}

guint64
dh_plane_count_non_finite (const DhPlane *plane)
{
  guint64 count = 0;
  for (guint y = 0; plane->bytes && y < plane->height; y++)
    {
      const guint32 *row = (const guint32 *)(const void *)(plane->data + (gsize)y * plane->stride);
      guint n = 0;
      for (guint x = 0; x < plane->width; x++)
        n += (row[x] & 0x7f800000u) == 0x7f800000u;
      count += n;
    }
  return count;
}

DhOverlay
dh_scene_get_effective_overlay (const DhScene *scene)
{
  DhOverlay overlay = scene->overlay;
  if (scene->opacity <= 0.0)
    return DH_OVERLAY_NONE;
  if (overlay == DH_OVERLAY_CLASSES)
    return scene->segmentation.bytes ? overlay : DH_OVERLAY_NONE;
  if (overlay == DH_OVERLAY_LABELS)
    return scene->truth.bytes ? overlay : DH_OVERLAY_NONE;
  if (overlay == DH_OVERLAY_OUTCOME && (scene->truth.bytes == NULL || scene->truth_is_void_alone))
    overlay = DH_OVERLAY_MASK;
  if (overlay != DH_OVERLAY_NONE
      && (scene->maps[scene->active].bytes == NULL || isnan (scene->scales[scene->active].threshold)))
    return DH_OVERLAY_NONE;
  return overlay;
}

guint
dh_scene_get_level (const DhScene *scene, double zoom)
{
  if (zoom >= 1.0 || scene->n_levels < 2)
    return 0;
  /* The image may be larger or smaller than the picture's coordinates; it is what sets them, so it never is. */
  int level = (int)floor (-log2 (MAX (zoom, 1e-6)) + 0.3);
  return (guint)CLAMP (level, 0, (int)scene->n_levels - 1);
}

gboolean
dh_scene_has (const DhScene *scene, DhPaneKind kind, guint slot)
{
  switch (kind)
    {
    case DH_PANE_IMAGE:
      return scene->image[0].bytes != NULL;
    case DH_PANE_SEGMENTATION:
      return scene->segmentation.bytes != NULL;
    case DH_PANE_MAP:
      return slot < DH_CANVAS_MAX_MAPS && scene->maps[slot].bytes != NULL;
    case DH_PANE_TRUTH:
      return scene->truth.bytes != NULL;
    case DH_PANE_CLASSES:
      return scene->classes.bytes != NULL;
    case DH_PANE_DIFFERENCE:
      return scene->difference.is_set && scene->maps[scene->difference.slot[0]].bytes != NULL
             && scene->maps[scene->difference.slot[1]].bytes != NULL;
    }
  return FALSE;
}

gboolean
dh_scene_shows_slots (const DhScene *scene, DhPaneKind kind, guint slot, guint slots)
{
  DhOverlay overlay = dh_scene_get_effective_overlay (scene);
  const gboolean truth = (slots & (1u << DH_SCENE_TRUTH_SLOT)) != 0;
  if (kind == DH_PANE_TRUTH)
    return truth;
  if (kind == DH_PANE_IMAGE)
    return (truth && (overlay == DH_OVERLAY_OUTCOME || overlay == DH_OVERLAY_LABELS))
           || ((overlay == DH_OVERLAY_MASK || overlay == DH_OVERLAY_OUTCOME || overlay == DH_OVERLAY_LABELS)
               && (slots & (1u << scene->active)));
  if (kind == DH_PANE_DIFFERENCE)
    return (slots & (1u << DH_SCENE_DIFFERENCE_SLOT)) != 0;
  return kind == DH_PANE_MAP && (slots & (1u << slot));
}

float
dh_scene_get_bound (const DhScene *scene, guint slot)
{
  const DhScale *scale = &scene->scales[slot];
  if (scene->maps[slot].bytes == NULL || isnan (scale->threshold))
    return scale->flag_below ? -INFINITY : INFINITY;
  return dh_scale_get_bound (scale);
}
