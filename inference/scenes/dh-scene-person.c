#include "dh-scene-private.h"

/* People walk (0) or stand (1); children are smaller. */
void
scene_draw_person (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  static const Rgb skins[] = {
    { 0.86f, 0.66f, 0.53f }, { 0.72f, 0.52f, 0.38f }, { 0.5f, 0.34f, 0.24f }, { 0.34f, 0.23f, 0.17f }
  };
  static const Rgb tops[] = { { 0.16f, 0.19f, 0.3f },  { 0.6f, 0.14f, 0.14f }, { 0.75f, 0.73f, 0.68f },
                              { 0.18f, 0.18f, 0.19f }, { 0.2f, 0.4f, 0.3f },   { 0.72f, 0.55f, 0.2f },
                              { 0.35f, 0.47f, 0.65f }, { 0.5f, 0.3f, 0.45f } };
  static const Rgb legs[] = {
    { 0.13f, 0.16f, 0.26f }, { 0.1f, 0.1f, 0.11f }, { 0.42f, 0.37f, 0.3f }, { 0.3f, 0.32f, 0.36f }
  };
  const guint32 seed = (guint32)rng_next (&rng);
  const Material skin = material (TEXTURE_PLAIN, skins[rng_below (&rng, 4)], 1, seed);
  const Material top = material (TEXTURE_CLOTH, rgb_vary (&rng, tops[rng_below (&rng, 8)], 0.2f), 1, seed);
  const Material leg = material (TEXTURE_CLOTH, rgb_vary (&rng, legs[rng_below (&rng, 4)], 0.2f), 1, seed + 1);
  const Material hair = material (
      TEXTURE_PLAIN,
      rgb_vary (&rng, rng_chance (&rng, 0.7f) ? rgb (0.14f, 0.1f, 0.07f) : rgb (0.5f, 0.38f, 0.2f), 0.3f), 1, seed);
  const Material shoe = material (TEXTURE_PLAIN, rgb_vary (&rng, rgb (0.14f, 0.12f, 0.12f), 0.5f), 1, seed);
  const guint8 label = DH_SCENE_PERSON;
  const Frame f = scene_upright (scene, thing->x, thing->z, 0);
  const float k = thing->size / 1.75f;
  const float stride = thing->kind ? rng_range (&rng, 0.02f, 0.06f) : rng_range (&rng, 0.08f, 0.27f);
  const float side = rng_chance (&rng, 0.5f) ? 1 : -1;
  const gboolean skirt = rng_chance (&rng, 0.2f), coat = rng_chance (&rng, 0.3f);
  const float width = rng_range (&rng, 0.17f, 0.23f);

  /* Arm behind, legs, trunk, arm before, head. */
  scene_limb (scene, &f, side * width * 0.9f * k, 1.38f * k, 0.06f * k, side * (width + 0.5f * stride) * k, 0.88f * k,
              0.045f * k, label, &top);
  scene_ball (scene, &f, side * (width + 0.5f * stride) * k, 0.83f * k, 0.045f * k, 0.055f * k, 0, label, &skin);
  for (int i = -1; i <= 1; i += 2)
    {
      const float hip = i * 0.085f * k, foot = i * (0.07f + stride) * k,
                  knee = 0.5f * (hip + foot) + (i * side > 0 ? 0.03f * k : 0);
      scene_limb (scene, &f, hip, 0.9f * k, 0.1f * k, knee, 0.48f * k, 0.07f * k, label, skirt ? &skin : &leg);
      scene_limb (scene, &f, knee, 0.48f * k, 0.07f * k, foot, 0.08f * k, 0.045f * k, label, skirt ? &skin : &leg);
      scene_limb (scene, &f, foot, 0.045f * k, 0.045f * k, foot + side * 0.1f * k, 0.035f * k, 0.04f * k, label, &shoe);
    }
  if (skirt || coat)
    {
      const float low = coat ? 0.62f : 0.52f;
      const float st[4][2] = {
        { -0.25f * k, low * k }, { 0.25f * k, low * k }, { 0.15f * k, 1.0f * k }, { -0.15f * k, 1.0f * k }
      };
      scene_shape (scene, &f, st, 4, label, coat ? &top : &leg);
    }
  scene_limb (scene, &f, 0, 1.0f * k, 0.155f * k, 0, 1.32f * k, width * k, label, &top);
  scene_limb (scene, &f, 0, 1.4f * k, 0.055f * k, 0, 1.52f * k, 0.055f * k, label, &skin);
  if (rng_chance (&rng, 0.3f)) /* a bag */
    {
      const Material bag = material (TEXTURE_CLOTH, rgb_vary (&rng, tops[rng_below (&rng, 8)], 0.2f), 1, seed + 2);
      scene_limb (scene, &f, -0.06f * k, 1.12f * k, 0.12f * k, 0.06f * k, 1.3f * k, 0.12f * k, label, &bag);
    }
  scene_limb (scene, &f, -side * width * 0.95f * k, 1.38f * k, 0.062f * k, -side * (width + 0.1f) * k, 1.12f * k,
              0.05f * k, label, &top);
  scene_limb (scene, &f, -side * (width + 0.1f) * k, 1.12f * k, 0.05f * k, -side * (width - 0.2f * stride) * k,
              0.9f * k, 0.042f * k, label, &top);
  scene_ball (scene, &f, -side * (width - 0.2f * stride) * k, 0.85f * k, 0.045f * k, 0.05f * k, 0, label, &skin);
  scene_ball (scene, &f, 0, 1.645f * k, 0.1f * k, 0.125f * k, 0, label, &hair);
  if (rng_chance (&rng, 0.6f))
    scene_ball (scene, &f, side * 0.012f * k, 1.62f * k, 0.082f * k, 0.1f * k, 0, label, &skin);
}

void
scene_shade_person (Scene *scene, const Thing *thing)
{
  scene_shadow_board (scene, thing->x - 0.2f, thing->z, thing->x + 0.2f, thing->z, 0.85f * thing->size);
  scene_shadow_disc (scene, thing->x, 0.92f * thing->size, thing->z, 0.11f);
  scene_contact (scene, thing->x, thing->z, 0.3f, 0.22f, 0.5f);
}
