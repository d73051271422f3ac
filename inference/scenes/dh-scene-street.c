#include "dh-scene-private.h"

static Material
metal (Rng *rng)
{
  static const Rgb colours[] = {
    { 0.42f, 0.43f, 0.44f }, { 0.6f, 0.6f, 0.6f }, { 0.24f, 0.27f, 0.26f }, { 0.3f, 0.26f, 0.22f }
  };
  const Rgb colour = rgb_vary (rng, colours[rng_below (rng, 4)], 0.15f);
  return material (TEXTURE_GRAIN, colour, 0.3f, (guint32)rng_next (rng));
}

/* Street lamps (0), and wooden poles with crossarms (1). `turn` −1 or 1: to which side the arm reaches. */
void
scene_draw_lamp (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const Frame f = scene_upright (scene, thing->x, thing->z, 0);
  const float r = thing->kind ? 0.13f : 0.085f, h = thing->size;
  if (thing->kind)
    {
      const Material wood = material (TEXTURE_BARK, rgb (0.38f, 0.31f, 0.25f), 1, (guint32)thing->seed);
      scene_limb (scene, &f, 0, 0.1f, r, 0, h, 0.75f * r, DH_SCENE_POLE, &wood);
      scene_limb (scene, &f, -1.1f, h - 0.5f, 0.06f, 1.1f, h - 0.5f, 0.06f, DH_SCENE_POLE, &wood);
      scene_limb (scene, &f, -0.8f, h - 1.1f, 0.05f, 0.8f, h - 1.1f, 0.05f, DH_SCENE_POLE, &wood);
      return;
    }
  const Material m = metal (&rng);
  const Material bulb = material_glow (rgb (1, 0.92f, 0.72f), 0.1f + 1.2f * scene->night);
  const float arm = thing->turn * rng_range (&rng, 0.9f, 2.2f);
  scene_limb (scene, &f, 0, 0.1f, 1.4f * r, 0, 1.1f, 1.3f * r, DH_SCENE_POLE, &m);
  scene_limb (scene, &f, 0, 1, r, 0, h, 0.7f * r, DH_SCENE_POLE, &m);
  if (rng_chance (&rng, 0.75f))
    {
      scene_limb (scene, &f, 0, h - 0.1f, 0.6f * r, arm, h + 0.35f, 0.5f * r, DH_SCENE_POLE, &m);
      scene_limb (scene, &f, arm * 0.85f, h + 0.3f, 0.1f, arm * 1.25f, h + 0.36f, 0.09f, DH_SCENE_POLE, &m);
      scene_limb (scene, &f, arm * 0.92f, h + 0.24f, 0.05f, arm * 1.2f, h + 0.28f, 0.05f, DH_SCENE_POLE, &bulb);
    }
  else
    {
      scene_ball (scene, &f, 0, h + 0.15f, 0.24f, 0.26f, 0, DH_SCENE_POLE, &bulb);
      scene_limb (scene, &f, -0.2f, h + 0.38f, 0.06f, 0.2f, h + 0.38f, 0.06f, DH_SCENE_POLE, &m);
    }
}

void
scene_shade_pole (Scene *scene, const Thing *thing)
{
  scene_shadow_board (scene, thing->x - 0.09f, thing->z, thing->x + 0.09f, thing->z, MIN (thing->size, 9.0f));
  scene_contact (scene, thing->x, thing->z, 0.2f, 0.2f, 0.4f);
}

static void
polygon (Scene *scene, const Frame *f, float t, float r, int n, float turn, const Material *m)
{
  float st[12][2];
  for (int i = 0; i < n; i++)
    {
      st[i][0] = r * cos_turn (turn + (float)i / n);
      st[i][1] = t + r * sin_turn (turn + (float)i / n);
    }
  scene_shape (scene, f, (const float (*)[2])st, n, DH_SCENE_TRAFFIC_SIGN, m);
}

static void
plate (Scene *scene, const Frame *f, Rng *rng, int kind, float t, float r)
{
  const Material white = material (TEXTURE_PLAIN, rgb (0.92f, 0.92f, 0.9f), 1, 1);
  const Material red = material (TEXTURE_PLAIN, rgb (0.78f, 0.1f, 0.1f), 1, 1);
  const Material blue = material (TEXTURE_PLAIN, rgb (0.1f, 0.25f, 0.65f), 1, 1);
  const Material black = material (TEXTURE_PLAIN, rgb (0.08f, 0.08f, 0.08f), 1, 1);
  const Material yellow = material (TEXTURE_PLAIN, rgb (0.95f, 0.75f, 0.12f), 1, 1);
  const Material green = material (TEXTURE_PLAIN, rgb (0.08f, 0.42f, 0.26f), 1, 1);
  const guint8 sign = DH_SCENE_TRAFFIC_SIGN;
  switch (kind)
    {
    case 0: /* limit */
      polygon (scene, f, t, r, 12, 0, &red);
      polygon (scene, f, t, 0.78f * r, 12, 0, &white);
      scene_rect (scene, f, -0.42f * r, t - 0.3f * r, -0.08f * r, t + 0.3f * r, sign, &black);
      scene_rect (scene, f, 0.08f * r, t - 0.3f * r, 0.42f * r, t + 0.3f * r, sign, &black);
      scene_rect (scene, f, 0.18f * r, t - 0.16f * r, 0.32f * r, t + 0.16f * r, sign, &white);
      break;
    case 1: /* warning */
      polygon (scene, f, t, 1.15f * r, 3, 0.25f, &red);
      polygon (scene, f, t, 0.8f * r, 3, 0.25f, rng_chance (rng, 0.5f) ? &white : &yellow);
      scene_rect (scene, f, -0.08f * r, t - 0.2f * r, 0.08f * r, t + 0.36f * r, sign, &black);
      break;
    case 2: /* direction, round */
      polygon (scene, f, t, r, 12, 0, &blue);
      scene_rect (scene, f, -0.12f * r, t - 0.55f * r, 0.12f * r, t + 0.2f * r, sign, &white);
      polygon (scene, f, t + 0.25f * r, 0.4f * r, 3, 0.25f, &white);
      break;
    case 3: /* stop */
      polygon (scene, f, t, 1.05f * r, 8, 0.0625f, &white);
      polygon (scene, f, t, 0.97f * r, 8, 0.0625f, &red);
      for (int i = 0; i < 4; i++)
        scene_rect (scene, f, (-0.62f + 0.34f * i) * r, t - 0.2f * r, (-0.4f + 0.34f * i) * r, t + 0.2f * r, sign,
                    &white);
      break;
    case 4: /* parking and the like */
      scene_rect (scene, f, -0.85f * r, t - 0.85f * r, 0.85f * r, t + 0.85f * r, sign, &blue);
      scene_rect (scene, f, -0.4f * r, t - 0.55f * r, -0.18f * r, t + 0.6f * r, sign, &white);
      scene_rect (scene, f, -0.3f * r, t, 0.4f * r, t + 0.6f * r, sign, &white);
      scene_rect (scene, f, -0.16f * r, t + 0.18f * r, 0.2f * r, t + 0.42f * r, sign, &blue);
      break;
    case 5: /* priority */
      polygon (scene, f, t, 1.1f * r, 4, 0, &white);
      polygon (scene, f, t, 0.8f * r, 4, 0, &yellow);
      break;
    default: /* a board with place names */
      {
        const Material *ground = rng_chance (rng, 0.5f) ? &blue : &green;
        scene_rect (scene, f, -2.5f * r, t - 1.1f * r, 2.5f * r, t + 1.1f * r, sign, &white);
        scene_rect (scene, f, -2.42f * r, t - 1.02f * r, 2.42f * r, t + 1.02f * r, sign, ground);
        for (int line = 0; line < 3; line++)
          {
            float s = -2.1f * r;
            const float y = t + (0.62f - 0.6f * line) * r;
            for (int word = 0; word < 3 && s < 1.4f * r; word++)
              {
                const float w = rng_range (rng, 0.4f, 1.2f) * r;
                scene_rect (scene, f, s, y - 0.16f * r, MIN (s + w, 2.1f * r), y + 0.12f * r, sign, &white);
                s += w + 0.2f * r;
              }
          }
      }
    }
}

void
scene_draw_sign (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const Frame f = scene_upright (scene, thing->x, thing->z, thing->turn);
  const Material grey = material (TEXTURE_GRAIN, rgb (0.55f, 0.56f, 0.57f), 0.2f, 3);
  const int kind = rng_below (&rng, 8);
  const float r = kind >= 6 ? 0.55f : rng_range (&rng, 0.32f, 0.45f);
  const float t = thing->size;
  if (kind >= 6)
    {
      scene_limb (scene, &f, -1.0f, 0.1f, 0.06f, -1.0f, t, 0.06f, DH_SCENE_POLE, &grey);
      scene_limb (scene, &f, 1.0f, 0.1f, 0.06f, 1.0f, t, 0.06f, DH_SCENE_POLE, &grey);
    }
  else
    scene_limb (scene, &f, 0, 0.05f, 0.045f, 0, t + 0.3f, 0.045f, DH_SCENE_POLE, &grey);
  plate (scene, &f, &rng, kind, t, r);
  if (kind < 6 && rng_chance (&rng, 0.3f))
    plate (scene, &f, &rng, 4, t - 2 * r, 0.7f * r);
}

void
scene_draw_signal (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const Frame f = scene_upright (scene, thing->x, thing->z, 0);
  const Material m = metal (&rng);
  const Material box = material (
      TEXTURE_PLAIN, rgb_vary (&rng, rng_chance (&rng, 0.7f) ? rgb (0.1f, 0.11f, 0.1f) : rgb (0.75f, 0.6f, 0.1f), 0.1f),
      1, 1);
  static const Rgb lamps[] = { { 1, 0.12f, 0.08f }, { 1, 0.7f, 0.1f }, { 0.1f, 0.95f, 0.4f } };
  const gboolean mast = rng_chance (&rng, 0.4f);
  const int on = rng_below (&rng, 3);
  const float reach = mast ? thing->turn * rng_range (&rng, 2.5f, 4.5f) : 0;
  const float h = mast ? 5.6f : 2.9f;
  scene_limb (scene, &f, 0, 0.1f, 0.1f, 0, h + 0.3f, 0.08f, DH_SCENE_POLE, &m);
  if (mast)
    scene_limb (scene, &f, 0, h, 0.07f, reach, h + 0.2f, 0.05f, DH_SCENE_POLE, &m);
  for (int head = 0; head < (mast ? 2 : 1); head++)
    {
      const float s = head ? 0.24f * (thing->turn > 0 ? 1 : -1) : reach, t = head ? 2.6f : h - 0.25f;
      scene_rect (scene, &f, s - 0.2f, t - 0.55f, s + 0.2f, t + 0.55f, DH_SCENE_TRAFFIC_SIGN, &box);
      for (int i = 0; i < 3; i++)
        {
          Material lamp = material_glow (rgb_scale (lamps[i], i == on ? 1 : 0.22f), i == on ? 0.9f : 0);
          scene_ball (scene, &f, s, t + 0.34f - 0.34f * i, 0.13f, 0.13f, 0, DH_SCENE_TRAFFIC_SIGN, &lamp);
        }
    }
}

/* A piece of fence along the road, from z to z + turn: kind 0 boards, 1 rails, 2 mesh, 3 iron bars. */
void
scene_draw_fence (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const float length = thing->turn, h = thing->size;
  const Vec a = scene_point (scene, thing->x, 0, thing->z), b = scene_point (scene, thing->x, 0, thing->z + length);
  const Frame f = { a, vec_unit (vec_sub (b, a)), vec (0, 1, 0) };
  static const Rgb tones[] = {
    { 0.56f, 0.44f, 0.31f }, { 0.66f, 0.67f, 0.68f }, { 0.5f, 0.52f, 0.52f }, { 0.14f, 0.15f, 0.15f }
  };
  Rgb tone = tones[thing->kind];
  if (thing->kind == 0 && rng_chance (&rng, 0.35f))
    tone = rgb (0.86f, 0.85f, 0.8f);
  const Material m = material (TEXTURE_GRAIN, tone, 0.3f, (guint32)thing->seed);
  const guint8 fence = DH_SCENE_FENCE;
  if (thing->kind == 0)
    {
      const Material board = material (TEXTURE_BOARDS, tone, 0.16f, (guint32)thing->seed);
      scene_rect (scene, &f, 0, 0.05f, length, h, fence, &board);
      scene_rect (scene, &f, 0, h - 0.04f, length, h + 0.05f, fence, &m);
    }
  else if (thing->kind == 1)
    {
      for (float s = 0; s < length - 0.1f; s += 1.5f)
        scene_rect (scene, &f, s, 0, s + 0.1f, h, fence, &m);
      scene_rect (scene, &f, 0, 0.42f * h, length, 0.6f * h, fence, &m);
      scene_rect (scene, &f, 0, 0.75f * h, length, h, fence, &m);
    }
  else if (thing->kind == 2)
    {
      const Material wire = material (TEXTURE_MESH, tone, 0.16f, 1);
      scene_rect (scene, &f, 0, 0, length, h, fence, &wire);
      scene_rect (scene, &f, 0, h - 0.05f, length, h + 0.03f, fence, &m);
      scene_rect (scene, &f, 0, 0, 0.08f, h + 0.1f, fence, &m);
    }
  else
    {
      const float far = 0.03f * scene_scale (scene, thing->z) > 0.5f ? 0.16f : 0.32f;
      for (float s = 0.05f; s < length; s += far)
        scene_rect (scene, &f, s, 0.05f, s + 0.035f * (far > 0.2f ? 2 : 1), h, fence, &m);
      scene_rect (scene, &f, 0, 0.15f, length, 0.22f, fence, &m);
      scene_rect (scene, &f, 0, h - 0.16f, length, h - 0.08f, fence, &m);
      scene_rect (scene, &f, 0, 0, 0.1f, h + 0.08f, fence, &m);
    }
}

/* A piece of wall along the road: kind 0 brick, 1 stone, 2 concrete. */
void
scene_draw_wall (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  static const Rgb tones[] = { { 0.56f, 0.33f, 0.26f }, { 0.57f, 0.54f, 0.48f }, { 0.62f, 0.62f, 0.6f } };
  static const Texture textures[] = { TEXTURE_BRICK, TEXTURE_BLOCKS, TEXTURE_GRAIN };
  Material m = material (textures[thing->kind], rgb_vary (&rng, tones[thing->kind], 0.08f), 1, (guint32)thing->seed);
  m.second = rgb_scale (tones[1], 1.1f);
  const Material cap = material (TEXTURE_GRAIN, rgb (0.66f, 0.64f, 0.6f), 0.5f, (guint32)thing->seed);
  const float length = thing->turn, h = thing->size;
  Vec a = scene_point (scene, thing->x, 0, thing->z), b = scene_point (scene, thing->x, 0, thing->z + length);
  const float back = thing->x < 0 ? -0.3f : 0.3f;
  const Vec up = vec (0, h, 0), in = vec (back, 0, 0), thick = vec (0, 0.1f, 0);
  const Vec front[4] = { a, b, vec_add (b, up), vec_add (a, up) };
  const Vec end[4] = { a, vec_add (a, in), vec_add (vec_add (a, in), up), vec_add (a, up) };
  a = vec_add (a, up);
  b = vec_add (b, up);
  const Vec top[4] = { a, b, vec_add (b, in), vec_add (a, in) };
  const Vec edge[4] = { a, b, vec_add (b, thick), vec_add (a, thick) };
  scene_face (scene, end, 4, DH_SCENE_WALL, &m);
  if (a.y < 0)
    scene_face (scene, top, 4, DH_SCENE_WALL, &cap);
  scene_face (scene, front, 4, DH_SCENE_WALL, &m);
  scene_face (scene, edge, 4, DH_SCENE_WALL, &cap);
}

void
scene_shade_wall (Scene *scene, const Thing *thing)
{
  scene_shadow_board (scene, thing->x, thing->z, thing->x, thing->z + thing->turn, thing->size);
}
