#include <string.h>

#include "dh-scene-private.h"

static float
shoulder (float v)
{
  /* Linear up to 0.75, then bending towards 1. */
  v = MAX (v, 0.0f);
  if (v <= 0.75f)
    return v;
  const float over = v - 0.75f;
  return 0.75f + 0.25f * over / (over + 0.25f);
}

static void
apply_fog (Scene *scene)
{
  Canvas *canvas = &scene->canvas;
  const gsize n = (gsize)canvas->width * canvas->height;
  for (gsize i = 0; i < n; i++)
    {
      if (canvas->labels[i] == DH_SCENE_BACKGROUND)
        continue;
      const float clear = decay (scene->fog_density / MAX (canvas->disparity[i], 1e-4f));
      float *c = canvas->rgb + 3 * i;
      c[0] = mixf (scene->fog.r, c[0], clear);
      c[1] = mixf (scene->fog.g, c[1], clear);
      c[2] = mixf (scene->fog.b, c[2], clear);
    }
}

/* Streaks of rain before the lens. */
static void
apply_rain (Scene *scene, Rng *rng)
{
  Canvas *canvas = &scene->canvas;
  const int count = (int)(scene->rain * 0.0035f * (float)canvas->width * (float)canvas->height);
  const float slant = rng_range (rng, -0.25f, 0.25f), unit = (float)canvas->height / 256;
  for (int k = 0; k < count; k++)
    {
      const float length = rng_range (rng, 5, 17) * unit, strength = rng_range (rng, 0.03f, 0.14f);
      float x = rng_range (rng, 0, (float)canvas->width), y = rng_range (rng, -10, (float)canvas->height);
      for (int step = 0; step < (int)length; step++, y += 1, x += slant)
        {
          const int px = (int)whole (x), py = (int)whole (y);
          if (px < 0 || py < 0 || px >= canvas->width || py >= canvas->height)
            continue;
          float *c = canvas->rgb + 3 * ((gsize)py * canvas->width + px);
          c[0] = mixf (c[0], scene->sky_low.r, strength);
          c[1] = mixf (c[1], scene->sky_low.g, strength);
          c[2] = mixf (c[2], scene->sky_low.b, strength);
        }
    }
}

/* A small symmetric blur in place, (k, 1 − 2k, k): of `n` lines `line` apart, each of `width` values. */
static void
blur_lines (float *v, float *before, gsize line, int n, gsize width, float k)
{
  memcpy (before, v, width * sizeof (float));
  for (int i = 0; i < n; i++)
    {
      float *row = v + (gsize)i * line;
      const float *after = i + 1 < n ? row + line : row;
      for (gsize x = 0; x < width; x++)
        {
          const float here = row[x];
          row[x] = k * (before[x] + after[x]) + (1 - 2 * k) * here;
          before[x] = here;
        }
    }
}

void
scene_finish (Scene *scene, guint8 *rgb8)
{
  Canvas *canvas = &scene->canvas;
  Rng rng = { rng_next (&scene->rng) };
  const int w = canvas->width, h = canvas->height;
  apply_fog (scene);
  if (scene->rain > 0)
    apply_rain (scene, &rng);

  const float blur = rng_chance (&rng, 0.7f) ? rng_range (&rng, 0.03f, 0.14f) : 0.2f;
  float pixel[3];
  for (int y = 0; y < h; y++)
    blur_lines (canvas->rgb + 3 * (gsize)y * w, pixel, 3, w, 3, blur);
  blur_lines (canvas->rgb, canvas->line, 3 * (gsize)w, h, 3 * (gsize)w, blur);

  const float exposure = rng_range (&rng, 0.94f, 1.1f), tint = rng_range (&rng, -0.03f, 0.03f);
  const float gain[3] = { exposure * (1 + tint), exposure, exposure * (1 - tint) };
  const float noise = rng_range (&rng, 0.004f, 0.013f) + 0.012f * scene->night;
  const float vignette = rng_range (&rng, 0.0f, 0.22f);
  const float contrast = rng_range (&rng, 0.94f, 1.12f);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      {
        const gsize i = 3 * ((gsize)y * w + x);
        const float dx = ((float)x + 0.5f) / (float)w - 0.5f, dy = ((float)y + 0.5f) / (float)h - 0.5f;
        const float dark = 1 - vignette * 2 * (dx * dx + dy * dy);
        const guint64 bits = rng_next (&rng);
        for (int c = 0; c < 3; c++)
          {
            const float grain = (float)((bits >> (20 * c)) & 0x3ff) + (float)((bits >> (20 * c + 10)) & 0x3ff) - 1023;
            float v = shoulder (canvas->rgb[i + c] * gain[c] * dark);
            v = 0.45f + (v - 0.45f) * contrast + grain * (noise / 418.0f);
            rgb8[i + c] = (guint8)(unitf (v) * 255.0f + 0.5f);
          }
      }
}
