#include "dh-scene-private.h"

/* The hour and the weather. */
void
scene_set_light (Scene *scene)
{
  Rng *rng = &scene->rng;
  const int weather = rng_below (rng, 12);
  const float side = rng_range (rng, -1, 1);
  float up = rng_range (rng, 0.35f, 1.0f);
  scene->sun = rgb (0.86f, 0.82f, 0.73f);
  scene->ambient = rgb (0.52f, 0.55f, 0.61f);
  scene->sky_top = rgb_vary (rng, rgb (0.26f, 0.46f, 0.78f), 0.15f);
  scene->sky_low = rgb (0.72f, 0.81f, 0.9f);
  scene->fog = rgb (0.75f, 0.8f, 0.86f);
  scene->fog_density = rng_range (rng, 0.0006f, 0.003f);
  scene->clouds = rng_range (rng, 0.1f, 0.8f);
  scene->shadow = 0.85f;
  if (weather >= 5 && weather <= 6) /* overcast */
    {
      scene->sun = rgb (0.2f, 0.2f, 0.2f);
      scene->ambient = rgb (0.86f, 0.87f, 0.89f);
      scene->sky_top = rgb (0.6f, 0.63f, 0.68f);
      scene->sky_low = rgb (0.8f, 0.82f, 0.84f);
      scene->fog = rgb (0.77f, 0.79f, 0.81f);
      scene->clouds = 1.1f;
      scene->shadow = 0.35f;
    }
  else if (weather == 7) /* fog */
    {
      scene->sun = rgb (0.1f, 0.1f, 0.1f);
      scene->ambient = rgb (0.82f, 0.83f, 0.84f);
      scene->sky_top = rgb (0.72f, 0.75f, 0.78f);
      scene->fog = scene->sky_low = rgb_vary (rng, rgb (0.77f, 0.79f, 0.8f), 0.06f);
      scene->fog_density = rng_range (rng, 0.008f, 0.024f);
      scene->clouds = 0;
      scene->shadow = 0.2f;
    }
  else if (weather == 8) /* rain */
    {
      scene->sun = rgb (0.06f, 0.06f, 0.07f);
      scene->ambient = rgb (0.7f, 0.72f, 0.76f);
      scene->sky_top = rgb (0.42f, 0.45f, 0.5f);
      scene->fog = scene->sky_low = rgb (0.62f, 0.65f, 0.69f);
      scene->fog_density = rng_range (rng, 0.003f, 0.008f);
      scene->clouds = 1.2f;
      scene->wet = rng_range (rng, 0.6f, 1);
      scene->rain = rng_range (rng, 0.2f, 1);
      scene->shadow = 0.15f;
    }
  else if (weather == 9) /* low sun */
    {
      up = rng_range (rng, 0.18f, 0.32f);
      scene->sun = rgb (1.05f, 0.75f, 0.44f);
      scene->ambient = rgb (0.46f, 0.46f, 0.55f);
      scene->sky_top = rgb (0.3f, 0.42f, 0.66f);
      scene->sky_low = rgb (0.95f, 0.75f, 0.55f);
      scene->fog = rgb (0.86f, 0.74f, 0.64f);
    }
  else if (weather >= 10) /* dusk */
    {
      up = 0.3f;
      scene->night = rng_range (rng, 0.45f, 0.95f);
      const float k = 1.35f - 0.6f * scene->night;
      scene->sun = rgb_scale (rgb (0.2f, 0.16f, 0.2f), k);
      scene->ambient = rgb_scale (rgb (0.42f, 0.41f, 0.52f), k);
      scene->sky_top = rgb_scale (rgb (0.2f, 0.25f, 0.45f), k);
      scene->sky_low = rgb_scale (rgb (0.85f, 0.58f, 0.48f), k);
      scene->fog = rgb_scale (rgb (0.5f, 0.44f, 0.48f), k);
      scene->clouds = rng_range (rng, 0, 0.7f);
      scene->shadow = 0.25f;
      scene->wet = rng_chance (rng, 0.3f) ? 0.6f : 0;
    }
  scene->sun_dir = vec_unit (vec (side, up, rng_range (rng, -0.9f, 0.7f)));
}

void
scene_set_camera (Scene *scene, int width, int height)
{
  Rng *rng = &scene->rng;
  const float unit = (float)MAX (width, 2 * height) / 512;
  scene->focal = rng_range (rng, 300, 430) * unit;
  scene->cx = (float)width * (0.5f + rng_range (rng, -0.1f, 0.1f));
  scene->cy = (float)height * rng_range (rng, 0.38f, 0.52f);
  scene->camera_y = rng_range (rng, 1.35f, 2.1f);
  scene->curve = rng_chance (rng, 0.5f) ? rng_range (rng, -0.0009f, 0.0009f) : 0;
}
