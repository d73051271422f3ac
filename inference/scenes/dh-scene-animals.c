#include "dh-scene-private.h"

/* Beasts in side view. Metres; the body lies along s, the head at its positive end (mirrored by `way`). */
typedef struct
{
  float length, shoulder, depth, leg, neck_rise, neck_out, head, tail;
} Build;

static void
quadruped (Scene *scene, const Thing *thing, Rng *rng, const Build *b, const Material *coat, const Material *dark,
           int horns)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, thing->turn);
  const guint8 label = DH_SCENE_ANOMALY;
  const float k = thing->size, way = rng_chance (rng, 0.5f) ? 1 : -1;
  const float fore = 0.5f * b->length * k * way, aft = -fore, back = b->shoulder * k, r = 0.5f * b->depth * k;
  const float stride = rng_range (rng, 0.0f, 0.16f) * k;
  const float thin = b->leg * k;
  Material shaded = *coat;
  shaded.base = rgb_scale (coat->base, 0.66f);
  shaded.second = rgb_scale (coat->second, 0.66f);
  for (int pass = 0; pass < 2; pass++)
    {
      const Material *m = pass ? coat : &shaded;
      const float off = (pass ? 0.06f : -0.1f) * k, swing = pass ? stride : -stride;
      if (pass)
        scene_limb (scene, &f, aft * 0.86f, back - r, 0.94f * r, fore * 0.86f, back - 0.95f * r, r, label, coat);
      for (int end = -1; end <= 1; end += 2)
        {
          const float hip = end * 0.86f * fore + off, foot = hip + swing * end * way;
          scene_limb (scene, &f, hip, back - 1.1f * r, 1.9f * thin, hip + 0.4f * swing, 0.5f * (back - r), 1.1f * thin,
                      label, m);
          scene_limb (scene, &f, hip + 0.4f * swing, 0.5f * (back - r), 1.1f * thin, foot, 0.07f * k, 0.8f * thin,
                      label, m);
          scene_limb (scene, &f, foot, 0.05f * k, thin, foot + 0.05f * k * way, 0.03f * k, thin, label, dark);
        }
    }
  const float nx = fore + b->neck_out * k * way, ny = back + b->neck_rise * k, hr = b->head * k;
  scene_limb (scene, &f, fore * 0.86f, back - 0.7f * r, 0.72f * r, nx, ny, 1.05f * hr, label, coat);
  scene_limb (scene, &f, nx, ny, 1.1f * hr, nx + 1.9f * hr * way, ny - 0.9f * hr, 0.66f * hr, label, coat);
  scene_ball (scene, &f, nx + 2.3f * hr * way, ny - 1.1f * hr, 0.45f * hr, 0.42f * hr, 0, label, dark);
  scene_ball (scene, &f, nx + 0.5f * hr * way, ny + 0.25f * hr, 0.16f * hr, 0.18f * hr, 0, label, dark);
  scene_limb (scene, &f, nx - 0.4f * hr * way, ny + 0.8f * hr, 0.28f * hr, nx - 0.8f * hr * way, ny + 1.6f * hr,
              0.1f * hr, label, coat);
  if (horns)
    {
      const Material horn = material (TEXTURE_BRUSHED, rgb (0.75f, 0.68f, 0.54f), 0.2f, 1);
      scene_limb (scene, &f, nx, ny + 0.9f * hr, 0.2f * hr, nx + 0.9f * hr * way, ny + 1.9f * hr, 0.06f * hr, label,
                  &horn);
      if (horns > 1)
        for (int i = 1; i <= 3; i++)
          scene_limb (scene, &f, nx - 0.1f * i * hr * way, ny + (0.9f + 0.8f * i) * hr, 0.14f * hr,
                      nx + (0.7f - 0.1f * i) * hr * way, ny + (1.6f + 0.9f * i) * hr, 0.07f * hr, label, &horn);
      if (horns > 1)
        scene_limb (scene, &f, nx, ny + 0.9f * hr, 0.17f * hr, nx - 0.5f * hr * way, ny + 3.9f * hr, 0.07f * hr, label,
                    &horn);
    }
  if (b->tail > 0)
    scene_limb (scene, &f, aft * 1.02f, back - 0.35f * r, 0.07f * k, aft * 1.16f, back - 0.35f * r - b->tail * k,
                0.05f * k, label, dark);
}

static void
draw_duck (Scene *scene, const Thing *thing, Rng *rng)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, thing->turn);
  const guint8 label = DH_SCENE_ANOMALY;
  const float k = 0.75f * thing->size, w = rng_chance (rng, 0.5f) ? 1 : -1;
  const Material body = material (TEXTURE_GLOSS, rgb_vary (rng, rgb (0.96f, 0.8f, 0.12f), 0.1f), 1, 1);
  const Material bill = material (TEXTURE_GLOSS, rgb (0.93f, 0.42f, 0.1f), 1, 1);
  const Material eye = material (TEXTURE_GLOSS, rgb (0.05f, 0.05f, 0.05f), 1, 1);
  scene_limb (scene, &f, -0.75f * k * w, 0.62f * k, 0.3f * k, -1.12f * k * w, 1.0f * k, 0.08f * k, label, &body);
  scene_ball (scene, &f, 0, 0.58f * k, 0.98f * k, 0.58f * k, 0, label, &body);
  scene_ball (scene, &f, -0.15f * k * w, 0.68f * k, 0.5f * k, 0.3f * k, 0.04f * w, label, &body);
  scene_limb (scene, &f, 1.0f * k * w, 1.35f * k, 0.14f * k, 1.28f * k * w, 1.32f * k, 0.08f * k, label, &bill);
  scene_ball (scene, &f, 0.6f * k * w, 1.38f * k, 0.5f * k, 0.47f * k, 0, label, &body);
  scene_ball (scene, &f, 0.8f * k * w, 1.5f * k, 0.08f * k, 0.1f * k, 0, label, &eye);
}

static void
draw_teddy (Scene *scene, const Thing *thing, Rng *rng)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, thing->turn);
  const guint8 label = DH_SCENE_ANOMALY;
  const float k = 0.8f * thing->size;
  const Rgb brown = rgb_vary (rng, rgb (0.62f, 0.42f, 0.24f), 0.2f);
  const Material fur = material_two (TEXTURE_FUR, brown, rgb_scale (brown, 0.8f), 0.3f, (guint32)rng_next (rng));
  const Material pale = material_two (TEXTURE_FUR, rgb (0.85f, 0.74f, 0.58f), rgb (0.8f, 0.7f, 0.5f), 0.3f, 7);
  const Material eye = material (TEXTURE_GLOSS, rgb (0.04f, 0.03f, 0.03f), 1, 1);
  const Material bow = material_two (TEXTURE_TARTAN, rgb (0.75f, 0.1f, 0.14f), rgb (0.2f, 0.1f, 0.3f), 0.2f, 1);
  for (int i = -1; i <= 1; i += 2)
    {
      scene_limb (scene, &f, 0.45f * i * k, 1.1f * k, 0.2f * k, 0.85f * i * k, 0.72f * k, 0.18f * k, label, &fur);
      scene_ball (scene, &f, 0.36f * i * k, 2.02f * k, 0.2f * k, 0.2f * k, 0, label, &fur);
      scene_ball (scene, &f, 0.36f * i * k, 2.02f * k, 0.11f * k, 0.11f * k, 0, label, &pale);
    }
  scene_ball (scene, &f, 0, 0.72f * k, 0.6f * k, 0.68f * k, 0, label, &fur);
  scene_ball (scene, &f, 0, 0.68f * k, 0.36f * k, 0.42f * k, 0, label, &pale);
  for (int i = -1; i <= 1; i += 2)
    {
      scene_limb (scene, &f, 0.35f * i * k, 0.24f * k, 0.24f * k, 0.72f * i * k, 0.24f * k, 0.22f * k, label, &fur);
      scene_ball (scene, &f, 0.78f * i * k, 0.25f * k, 0.17f * k, 0.2f * k, 0, label, &pale);
    }
  scene_ball (scene, &f, 0, 1.65f * k, 0.52f * k, 0.46f * k, 0, label, &fur);
  scene_ball (scene, &f, 0, 1.52f * k, 0.23f * k, 0.19f * k, 0, label, &pale);
  scene_ball (scene, &f, 0, 1.58f * k, 0.08f * k, 0.06f * k, 0, label, &eye);
  for (int i = -1; i <= 1; i += 2)
    {
      scene_ball (scene, &f, 0.19f * i * k, 1.78f * k, 0.055f * k, 0.06f * k, 0, label, &eye);
      scene_limb (scene, &f, 0, 1.22f * k, 0.06f * k, 0.24f * i * k, 1.2f * k, 0.14f * k, label, &bow);
    }
}

void
scene_draw_animal (Scene *scene, const Thing *thing, Rng *rng)
{
  static const Build cow = { 1.7f, 1.45f, 0.78f, 0.065f, 0.12f, 0.3f, 0.19f, 0.8f };
  static const Build horse = { 1.5f, 1.6f, 0.66f, 0.055f, 0.62f, 0.42f, 0.17f, 0.75f };
  static const Build bear = { 1.4f, 1.1f, 0.82f, 0.1f, 0.08f, 0.3f, 0.22f, 0 };
  static const Build sheep = { 1.0f, 0.95f, 0.66f, 0.05f, 0.08f, 0.14f, 0.14f, 0 };
  static const Build stag = { 1.25f, 1.3f, 0.5f, 0.045f, 0.5f, 0.3f, 0.13f, 0 };
  const guint32 seed = (guint32)rng_next (rng);
  const Material hoof = material_two (TEXTURE_FUR, rgb (0.13f, 0.1f, 0.09f), rgb (0.18f, 0.14f, 0.12f), 0.4f, seed);
  const Rgb tan = rgb_vary (rng, rng_chance (rng, 0.5f) ? rgb (0.55f, 0.34f, 0.18f) : rgb (0.72f, 0.55f, 0.34f), 0.2f);
  const Material fur = material_two (TEXTURE_FUR, tan, rgb_scale (tan, 0.62f), 0.5f, seed);
  const Material wool = material_two (TEXTURE_QUILT, rgb (0.88f, 0.85f, 0.78f), rgb (0.8f, 0.76f, 0.68f), 0.16f, seed);
  const Material cowhide =
      material_two (TEXTURE_PATCHES, rgb (0.92f, 0.9f, 0.86f),
                    rng_chance (rng, 0.5f) ? rgb (0.08f, 0.07f, 0.07f) : rgb (0.45f, 0.24f, 0.12f), 0.8f, seed);
  const Material stripes =
      material_two (TEXTURE_ZEBRA, rgb (0.92f, 0.91f, 0.88f), rgb (0.07f, 0.06f, 0.06f), 0.55f, seed);
  const Material spots = material_two (TEXTURE_SPOTS, rgb (0.84f, 0.64f, 0.34f), rgb (0.22f, 0.13f, 0.07f), 0.5f, seed);
  switch (thing->kind)
    {
    case 0:
      quadruped (scene, thing, rng, &cow, &cowhide, &hoof, 1);
      break;
    case 1:
      quadruped (scene, thing, rng, &horse, rng_chance (rng, 0.6f) ? &stripes : &fur, &hoof, 0);
      break;
    case 2:
      {
        const int pick = rng_below (rng, 3);
        quadruped (scene, thing, rng,
                   pick == 0   ? &bear
                   : pick == 1 ? &sheep
                               : &stag,
                   pick == 1   ? &wool
                   : pick == 0 ? &fur
                               : &spots,
                   &hoof, pick == 2 ? 2 : 0);
        break;
      }
    case 3:
      draw_duck (scene, thing, rng);
      break;
    default:
      draw_teddy (scene, thing, rng);
      break;
    }
}
