#include <string.h>

#include "dh-error.h"
#include "dh-scene-private.h"

static void
draw_street (Street *street, gboolean planning)
{
  Scene *scene = &street->scene;
  const Rng rng = scene->rng;
  canvas_begin (&scene->canvas, planning);
  scene_draw_sky (scene);
  scene_draw_ground (scene);
  for (int i = 0; i < street->n && !planning; i++)
    street->things[i].shade (scene, &street->things[i]);
  if (!planning)
    scene_apply_shadow (scene);
  scene_draw_skyline (scene);
  for (int i = 0; i < street->n; i++)
    street->things[i].draw (scene, &street->things[i]);
  if (planning)
    scene->rng = rng;
}

static void
finish_negative (const Canvas *canvas, guint8 *rgb8)
{
  const gsize n = 3 * (gsize)canvas->width * canvas->height;
  for (gsize i = 0; i < n; i++)
    rgb8[i] = (guint8)(unitf (canvas->rgb[i]) * 255.0f + 0.5f);
}

gboolean
dh_scene_check_size (guint width, guint height, GError **error)
{
  const guint low = DH_SCENE_MIN_SIDE, high = DH_SCENE_MAX_SIDE;
  if (width >= low && height >= low && width <= high && height <= high)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "Scenes of %u×%u cannot be drawn. Give sides between %u and %u", width,
               height, low, high);
  return FALSE;
}

gboolean
dh_scene_render (guint64 seed, DhSceneKind kind, guint index, guint width, guint height, guint8 *rgb8, guint8 *labels,
                 GError **error)
{
  if (!dh_scene_check_size (width, height, error))
    return FALSE;
  g_autofree Street *street = g_try_new0 (Street, 1);
  if (!street || !canvas_init (&street->scene.canvas, (int)width, (int)height))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "A scene of %u×%u cannot be drawn: not enough memory", width,
                   height);
      return FALSE;
    }
  Scene *scene = &street->scene;
  scene->rng.state = rng_mix (seed ^ rng_mix (((guint64)kind + 1) << 32 | index));
  scene->test = kind == DH_SCENE_TEST;
  if (kind == DH_SCENE_NEGATIVE)
    {
      scene_draw_negative (&scene->canvas, &scene->rng);
      finish_negative (&scene->canvas, rgb8);
    }
  else
    {
      scene_set_light (scene);
      scene_set_camera (scene, (int)width, (int)height);
      scene_lay_out (street);
      draw_street (street, TRUE);
      draw_street (street, FALSE);
      scene_finish (scene, rgb8);
    }
  memcpy (labels, scene->canvas.labels, (gsize)width * height);
  canvas_clear (&scene->canvas);
  return TRUE;
}

guint8
dh_scene_raw_id (guint8 label)
{
  /* background, building, fence, person, pole, street lines, road, sidewalk, vegetation, car, wall, sign, anomaly */
  static const guint8 raw[DH_SCENE_N_LABELS] = { 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 };
  return label < DH_SCENE_N_LABELS ? raw[label] : 4;
}
