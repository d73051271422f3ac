#include "dh-scene-private.h"

typedef struct
{
  const Scene *scene;
  guint32 seed;
} Sky;

static Rgb
shade_sky (gconstpointer data, const Sample *p, float *alpha)
{
  const Sky *sky = data;
  const Scene *scene = sky->scene;
  const float g = 1.0f / scene->focal;
  const float x = (p->s - scene->cx) * g, up = MAX ((scene->cy - p->t) * g, 0.0f);
  const float high = unitf (up * 1.7f);
  Rgb c = rgb_mix (scene->sky_low, scene->sky_top, high * (2 - high));

  const float n = 1.0f / sqrtf (x * x + up * up + 1);
  const float towards = (x * scene->sun_dir.x + up * scene->sun_dir.y + scene->sun_dir.z) * n;
  const float glow = MAX (towards, 0.0f) * MAX (towards, 0.0f);
  c = rgb_add (c, rgb_scale (scene->sun, 0.25f * glow * glow * glow + 0.7f * smooth ((towards - 0.985f) * 60)));

  if (scene->clouds > 0)
    {
      const float far = 1.0f / (up + 0.12f);
      const float u = x * far * 1.3f, v = far * 1.6f;
      const float d = fbm2 (sky->seed, u, v, 4);
      const float cloud = smooth ((d - (0.78f - 0.45f * scene->clouds)) * 5);
      const float thick = fbm2 (sky->seed, u + 0.12f, v + 0.1f, 2) - d;
      Rgb white = rgb_mix (rgb_add (scene->ambient, rgb_scale (scene->sun, 0.75f)), scene->sky_low, 0.35f);
      white = rgb_scale (white, 1.02f + 1.3f * thick - 0.22f * scene->clouds * cloud);
      c = rgb_mix (c, white, 0.9f * cloud * smooth (up * 14 + 0.15f));
    }
  const float haze = decay (up * (9 - 8 * unitf (scene->fog_density * 60)));
  return rgb_mix (c, scene->fog, haze * unitf (0.35f + scene->fog_density * 60));
}

void
scene_draw_sky (Scene *scene)
{
  Canvas *canvas = &scene->canvas;
  const Sky sky = { scene, (guint32)rng_next (&scene->rng) };
  const PixelMap pixels = { { { 1e-6f, 0, 0 }, { 0, 1e-6f, 0 }, { 0, 0, 1e-6f } } };
  /* A little below the horizon: the ground's far edge is short of it. */
  const float w = canvas->width, h = MIN (scene->cy + 0.03f * (float)canvas->height + 2, (float)canvas->height);
  const float all[4][2] = { { 0, 0 }, { w, 0 }, { w, h }, { 0, h } };
  canvas_fill (canvas, all, 4, DH_SCENE_BACKGROUND, &pixels, shade_sky, &sky, TRUE);
}
