#include "dh-scene-material-private.h"

Material
material (Texture texture, Rgb base, float scale, guint32 seed)
{
  return (Material){ .texture = texture, .base = base, .second = rgb_scale (base, 0.6f), .scale = scale, .seed = seed };
}

Material
material_two (Texture texture, Rgb base, Rgb second, float scale, guint32 seed)
{
  return (Material){ .texture = texture, .base = base, .second = second, .scale = scale, .seed = seed };
}

Material
material_glow (Rgb colour, float glow)
{
  return (Material){ .texture = TEXTURE_PLAIN, .base = colour, .second = colour, .scale = 1, .glow = glow };
}

/* Joints of a running bond; 1 in a joint, filtered; *id numbers the stone. */
static float
bond (float s, float t, float ws, float wt, float length, float height, float joint, gint32 *row, gint32 *column)
{
  *row = cell (t / height);
  const float shift = *row & 1 ? 0.5f * length : 0;
  *column = cell ((s + shift) / length);
  const float fs = s + shift - (float)*column * length, ft = t - (float)*row * height;
  const float in = band (fs, joint, length, MAX (ws, 0.3f * joint)) * band (ft, joint, height, MAX (wt, 0.3f * joint));
  const float fade = unitf (1.5f - 3.0f * MAX (ws / length, wt / height));
  return mixf (joint / height, 1 - in, fade);
}

static Rgb
masonry (const Material *m, const Sample *p, float length, float height, float joint)
{
  gint32 row, column;
  const float gap = bond (p->s, p->t, p->ws, p->wt, length, height, joint, &row, &column);
  const float fade = unitf (1.5f - 2.0f * MAX (p->ws / length, p->wt / height));
  const float tone = 1 + 0.28f * fade * (hash_unit (m->seed, column, row) - 0.5f);
  const float dirt = 0.86f + 0.28f * fbm2 (m->seed, p->s * 0.7f, p->t * 0.7f, 2);
  return rgb_mix (rgb_scale (m->base, tone * dirt), rgb_scale (m->second, dirt), gap);
}

static Rgb
woven (const Material *m, const Sample *p)
{
  const float s = p->s / m->scale, t = p->t / m->scale;
  const float fs = part (s), ft = part (t);
  const float a = band (fs, 0.1f, 0.45f, 0.06f), b = band (ft, 0.1f, 0.45f, 0.06f);
  const float line = MAX (band (fs, 0.66f, 0.74f, 0.04f), band (ft, 0.66f, 0.74f, 0.04f));
  Rgb c = rgb_mix (m->base, m->second, 0.5f * (a + b));
  return rgb_mix (c, rgb (0.9f, 0.85f, 0.6f), 0.8f * line);
}

static Rgb
pattern_of_anomaly (const Material *m, const Sample *p)
{
  const float s = p->s / m->scale, t = p->t / m->scale;
  switch (m->texture)
    {
    case TEXTURE_FUR:
      {
        const float hair = fbm2 (m->seed, s * 16 + 5 * noise2 (m->seed + 7, s * 3, t * 3), t * 4, 2);
        const float coat = fbm2 (m->seed + 3, s * 1.3f, t * 1.3f, 2);
        return rgb_scale (rgb_mix (m->base, m->second, smooth ((coat - 0.35f) * 3)), 0.6f + 0.8f * hair);
      }
    case TEXTURE_PATCHES:
      {
        const float n = fbm2 (m->seed, s * 1.6f, t * 1.6f, 2);
        return rgb_scale (rgb_mix (m->base, m->second, smooth ((n - 0.5f) * 14 + 0.5f)),
                          0.85f + 0.3f * noise2 (m->seed + 1, s * 20, t * 8));
      }
    case TEXTURE_SPOTS:
      {
        const gint32 i = cell (s * 3), j = cell (t * 3);
        const float dx = s * 3 - (float)i - 0.3f - 0.4f * hash_unit (m->seed, i, j);
        const float dy = t * 3 - (float)j - 0.3f - 0.4f * hash_unit (m->seed + 1, i, j);
        return rgb_mix (m->second, m->base, smooth ((dx * dx + dy * dy - 0.06f) * 25));
      }
    case TEXTURE_ZEBRA:
      return rgb_mix (m->base, m->second, smooth (0.5f + 4 * sin_turn (s * 3 + 1.2f * noise2 (m->seed, s * 2, t * 2))));
    case TEXTURE_SECTORS:
      {
        const float a = sin_turn (s * 0.9f + 0.35f * t), b = sin_turn (s * 0.45f + 0.18f * t + 0.2f);
        const Rgb third = rgb (0.92f, 0.9f, 0.85f);
        return a > 0 ? m->base : b > 0 ? m->second : third;
      }
    case TEXTURE_PANELS:
      {
        const float a = sin_turn (s * 1.1f) + sin_turn (0.55f * s + 0.95f * t) + sin_turn (0.55f * s - 0.95f * t);
        return a > 0.95f ? m->second : m->base;
      }
    case TEXTURE_HAY:
      {
        const float straw = noise2 (m->seed, s * 30, t * 5) * 0.6f + noise2 (m->seed + 1, s * 6 + t * 9, t * 26) * 0.6f;
        return rgb_scale (rgb_mix (m->base, m->second, noise2 (m->seed + 2, s * 2, t * 2)), 0.55f + 0.75f * straw);
      }
    case TEXTURE_TARTAN:
      return woven (m, p);
    case TEXTURE_CHEVRON:
      {
        const float fs = fabsf (part (s) - 0.5f);
        const float v = t * 2 + fs * 2;
        return part (v) < 0.5f ? m->base : m->second;
      }
    case TEXTURE_QUILT:
      {
        const float a = sin_turn (s + t), b = sin_turn (s - t);
        return rgb_scale (m->base, 0.8f + 0.35f * sqrtf (fabsf (a * b)));
      }
    case TEXTURE_BRUSHED:
      return rgb_scale (m->base, 0.8f + 0.4f * noise2 (m->seed, s, t * 60));
    default:
      return m->base;
    }
}

/* Patterns too fine for the pixels fade into their mean. */
static Rgb
albedo_of_anomaly (const Material *m, const Sample *p)
{
  const Rgb c = pattern_of_anomaly (m, p);
  const float coarse = unitf (2.4f * MAX (p->ws, p->wt) / m->scale - 0.5f);
  const gboolean two = m->texture != TEXTURE_GLOSS && m->texture != TEXTURE_BRUSHED && m->texture != TEXTURE_QUILT;
  return rgb_mix (c, two ? rgb_mix (m->base, m->second, 0.4f) : m->base, coarse);
}

static Rgb
albedo (const Material *m, const Sample *p)
{
  switch (m->texture)
    {
    case TEXTURE_GRAIN:
      {
        const float fine = noise2 (m->seed, p->s / m->scale, p->t / m->scale);
        const float coarse = fbm2 (m->seed + 1, p->s * 0.35f / m->scale, p->t * 0.35f / m->scale, 2);
        return rgb_scale (m->base, 0.78f + 0.18f * fine + 0.26f * coarse);
      }
    case TEXTURE_BRICK:
      return masonry (m, p, 0.44f * m->scale, 0.15f * m->scale, 0.025f * m->scale);
    case TEXTURE_BLOCKS:
      return masonry (m, p, 1.1f * m->scale, 0.55f * m->scale, 0.03f * m->scale);
    case TEXTURE_BOARDS:
      {
        const float s = p->s / m->scale;
        const float gap = band (part (s), 0, 0.12f, MAX (p->ws / m->scale, 0.05f));
        const float grain = noise2 (m->seed + (guint32)cell (s), p->s * 30, p->t * 3);
        const float tone = 0.8f + 0.3f * hash_unit (m->seed, cell (s), 0);
        return rgb_scale (m->base, (0.8f + 0.35f * grain) * tone * (1 - 0.6f * gap));
      }
    case TEXTURE_TILES:
      {
        const float t = p->t / (0.3f * m->scale), s = p->s / (0.25f * m->scale);
        const float fade = unitf (1.4f - 3 * p->wt / (0.3f * m->scale));
        const float course = part (t);
        const float wave = 0.5f + 0.5f * sin_turn (s);
        return rgb_scale (m->base, 0.85f + fade * (0.25f * (course - 0.5f) + 0.15f * (wave - 0.5f))
                                       + 0.25f * (hash_unit (m->seed, cell (s), cell (t)) - 0.5f) * fade);
      }
    case TEXTURE_CLOTH:
      return rgb_scale (m->base, 0.75f + 0.5f * fbm2 (m->seed, p->s * 5, p->t * 3, 2));
    case TEXTURE_LEAVES:
      return rgb_scale (rgb_mix (m->base, m->second, noise2 (m->seed + 1, p->s * 1.5f, p->t * 1.5f)),
                        0.5f + fbm2 (m->seed, p->s * 5, p->t * 5, 2));
    case TEXTURE_BARK:
      return rgb_scale (m->base, 0.6f + 0.8f * noise2 (m->seed, p->s * 22, p->t * 3));
    default:
      return m->texture >= TEXTURE_FUR ? albedo_of_anomaly (m, p) : m->base;
    }
}

Rgb
material_shade (gconstpointer data, const Sample *sample, float *alpha)
{
  const Material *m = data;
  if (m->texture == TEXTURE_MESH)
    {
      const float s = (sample->s + sample->t) / m->scale, t = (sample->s - sample->t) / m->scale;
      const float w = MAX ((sample->ws + sample->wt) / m->scale, 0.02f);
      const float wire = MAX (band (part (s), 0, 0.16f, w), band (part (t), 0, 0.16f, w));
      *alpha = mixf (wire, 0.3f, unitf (2 * w - 0.4f));
      return rgb_times (m->base, m->light);
    }
  Rgb c = albedo (m, sample);
  float shade = 1, edge = 0, sheen = 0;
  if (m->round > 0)
    {
      const float ds = sample->s - m->s0, dt = sample->t - m->t0;
      const float a = (ds * m->cos + dt * m->sin) / m->rs, b = (dt * m->cos - ds * m->sin) / m->rt;
      const float ns = m->limb ? 0 : clampf (a, -1, 1), nt = clampf (b, -1, 1);
      const float facing = sqrtf (MAX (1 - ns * ns - nt * nt, 0.0f));
      const float lit =
          (ns * m->cos - nt * m->sin) * m->lit_s + (nt * m->cos + ns * m->sin) * m->lit_t + 0.55f * facing;
      shade = mixf (1, 0.42f + 0.72f * MAX (lit, 0.0f), m->round);
      edge = (1 - facing) * (1 - facing);
      sheen = MAX (lit - 0.8f, 0.0f) * 4;
    }
  Rgb out = rgb_scale (rgb_times (c, m->light), shade);
  if (m->texture == TEXTURE_PAINT || m->texture == TEXTURE_GLOSS)
    out = rgb_add (rgb_scale (out, 0.94f), rgb_scale (m->sky, 0.07f + 0.16f * edge + 0.35f * sheen * sheen));
  if (m->texture == TEXTURE_GLASS)
    {
      const float streak = fbm2 (m->seed, sample->s * 0.9f + sample->t * 0.7f, sample->t * 0.8f, 2);
      out = rgb_add (rgb_scale (out, 0.7f), rgb_scale (m->sky, 0.12f + 0.5f * smooth ((streak - 0.4f) * 3)));
    }
  if (m->glow > 0)
    out = rgb_add (out, rgb_scale (c, m->glow));
  return out;
}
