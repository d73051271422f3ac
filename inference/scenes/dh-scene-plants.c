#include "dh-scene-private.h"

typedef struct
{
  float height, crown, trunk; /* metres: whole height, crown's radius, height of its lower end */
  Rgb leaf;
  int shape; /* 0 round, 1 tall, 2 conifer, 3 spreading */
  float lean;
} Tree;

static Tree
tree_of (const Thing *thing, Rng *rng)
{
  Tree t = { .shape = rng_below (rng, 4) };
  t.height = rng_range (rng, 5, 12) * thing->size;
  t.crown = t.height * rng_range (rng, 0.24f, 0.36f)
            * (t.shape == 1   ? 0.55f
               : t.shape == 3 ? 1.3f
               : t.shape == 2 ? 0.75f
                              : 1);
  t.trunk = t.height * (t.shape == 2 ? 0.1f : rng_range (rng, 0.22f, 0.34f));
  static const Rgb greens[] = { { 0.27f, 0.37f, 0.14f },
                                { 0.21f, 0.33f, 0.16f },
                                { 0.36f, 0.41f, 0.16f },
                                { 0.18f, 0.27f, 0.16f },
                                { 0.5f, 0.36f, 0.13f } };
  t.leaf = rgb_vary (rng, greens[rng_below (rng, rng_chance (rng, 0.15f) ? 5 : 4)], 0.2f);
  if (t.shape == 2)
    t.leaf = rgb_vary (rng, greens[3], 0.2f);
  t.lean = rng_range (rng, -0.04f, 0.04f) * t.height;
  return t;
}

/* A tuft: a ragged polygon. */
static void
tuft (Scene *scene, const Frame *frame, Rng *rng, float s, float t, float r, const Material *leaf)
{
  float st[11][2];
  const float turn = rng_unit (rng);
  for (int i = 0; i < 11; i++)
    {
      const float k = r * (i & 1 ? rng_range (rng, 0.55f, 0.9f) : rng_range (rng, 0.8f, 1.25f));
      st[i][0] = s + k * cos_turn (turn + (float)i / 11);
      st[i][1] = t + 0.85f * k * sin_turn (turn + (float)i / 11);
    }
  scene_shape (scene, frame, (const float (*)[2])st, 11, DH_SCENE_VEGETATION, leaf);
}

static void
crown (Scene *scene, const Frame *frame, Rng *rng, float s, float low, float high, float radius, int shape, Rgb leaf)
{
  const float pixels = scene_scale (scene, frame->origin.z) * radius;
  const int count = (int)clampf (pixels * 5, 12, 300);
  const float tuft_size = radius * clampf (2.2f / sqrtf ((float)count), 0.12f, 0.6f);
  const float mid = 0.5f * (low + high), half = 0.5f * (high - low);
  for (int i = 0; i < count; i++)
    {
      const float depth = (float)i / (float)count; /* from the inside out */
      const float a = rng_unit (rng), k = sqrtf (rng_unit (rng)) * (0.85f + 0.15f * depth);
      float y = mid + half * k * sin_turn (a), reach = radius * k * cos_turn (a);
      if (shape == 2)
        {
          const float up = rng_unit (rng);
          y = low + (high - low) * up;
          reach = radius * (1 - up) * rng_range (rng, -1, 1);
        }
      const float lit = 0.5f + 0.28f * (y - mid) / half + 0.25f * reach / radius * (scene->sun_dir.x > 0 ? 1 : -1);
      const float tone = (0.5f + 0.75f * lit) * (0.55f + 0.5f * depth) * rng_range (rng, 0.85f, 1.15f);
      Material m = material (TEXTURE_LEAVES, rgb_scale (leaf, 1.12f * tone), 1, (guint32)rng_next (rng));
      m.second = rgb_scale (m.base, 0.7f);
      tuft (scene, frame, rng, s + reach, y,
            tuft_size * (shape == 2 ? 0.6f + 0.6f * (high - y) / (high - low) : 1) * rng_range (rng, 0.7f, 1.2f), &m);
    }
}

void
scene_draw_tree (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const Tree tree = tree_of (thing, &rng);
  const Frame frame = scene_upright (scene, thing->x, thing->z, 0);
  const float thick = 0.022f * tree.height + 0.05f;
  const Rgb brown = rgb_vary (&rng, rgb (0.36f, 0.29f, 0.22f), 0.25f);
  const Material bark = material (TEXTURE_BARK, brown, 1, (guint32)rng_next (&rng));
  const float top = tree.trunk + 0.4f * (tree.height - tree.trunk);
  scene_limb (scene, &frame, 0, thick * 0.5f, thick, tree.lean, top, 0.5f * thick, DH_SCENE_VEGETATION, &bark);
  if (tree.shape != 2)
    for (int side = -1; side <= 1; side += 2)
      scene_limb (scene, &frame, 0.6f * tree.lean, tree.trunk * 0.95f, 0.5f * thick,
                  side * 0.5f * tree.crown + tree.lean, top * rng_range (&rng, 0.95f, 1.15f), 0.25f * thick,
                  DH_SCENE_VEGETATION, &bark);
  crown (scene, &frame, &rng, tree.lean, tree.trunk, tree.height, tree.crown, tree.shape, tree.leaf);
}

void
scene_shade_tree (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const Tree tree = tree_of (thing, &rng);
  scene_shadow_board (scene, thing->x - 0.12f, thing->z, thing->x + 0.12f, thing->z, tree.trunk + 1);
  for (int i = 0; i < 7; i++)
    {
      const float x = thing->x + tree.crown * rng_range (&rng, -0.6f, 0.6f);
      const float y = mixf (tree.trunk, tree.height, rng_range (&rng, 0.2f, 0.85f));
      scene_shadow_disc (scene, x, y, thing->z, tree.crown * rng_range (&rng, 0.35f, 0.6f));
    }
  scene_contact (scene, thing->x, thing->z, 0.35f, 0.35f, 0.4f);
}

/* Bushes, and pieces of a clipped hedge (kind 1). */
void
scene_draw_bush (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const Frame frame = scene_upright (scene, thing->x, thing->z, thing->turn);
  const Rgb leaf = rgb_vary (&rng, rgb (0.24f, 0.34f, 0.14f), 0.25f);
  if (thing->kind == 1)
    {
      const Material side = material (TEXTURE_LEAVES, leaf, 1, (guint32)thing->seed);
      const Material top = material (TEXTURE_LEAVES, rgb_scale (leaf, 1.2f), 1, (guint32)thing->seed);
      scene_box (scene, frame.origin, 0.7f, thing->size, 3.1f, 0, DH_SCENE_VEGETATION, &side, &top);
      return;
    }
  crown (scene, &frame, &rng, 0, 0, thing->size, thing->size * rng_range (&rng, 0.6f, 1.1f), 0, leaf);
}

void
scene_shade_bush (Scene *scene, const Thing *thing)
{
  if (thing->kind == 1)
    scene_shadow_board (scene, thing->x, thing->z - 1.5f, thing->x, thing->z + 1.5f, thing->size);
  else
    scene_shadow_disc (scene, thing->x, 0.5f * thing->size, thing->z, 0.6f * thing->size);
  scene_contact (scene, thing->x, thing->z, 0.6f * thing->size, thing->kind == 1 ? 1.6f : 0.5f * thing->size, 0.5f);
}
