#include "dh-scene-private.h"

typedef enum
{
  GROUND_ASPHALT,
  GROUND_PAVING,
  GROUND_GRASS,
  GROUND_PAINT,
  GROUND_KERB,
  GROUND_PATCH,
} GroundKind;

typedef struct
{
  const Scene *scene;
  GroundKind kind;
  Rgb base;
  guint32 seed;
  float slab;
} Ground;

static Rgb
shade_ground (gconstpointer data, const Sample *p, float *alpha)
{
  const Ground *g = data;
  const Scene *scene = g->scene;
  const float x = p->s - scene->curve * p->t * p->t, z = p->t;
  const float fade = unitf (1.6f - 8 * p->ws);
  Rgb c = g->base;
  switch (g->kind)
    {
    case GROUND_ASPHALT:
    case GROUND_PATCH:
      {
        const float grain = (noise2 (g->seed, x * 14, z * 14) - 0.5f) * fade;
        const float stains = fbm2 (g->seed + 1, x * 0.55f, z * 0.12f, 3);
        const float track = sin_turn (x * 0.55f + 0.2f);
        c = rgb_scale (c, 0.8f + 0.22f * grain + 0.4f * stains + 0.03f * track);
        if (g->kind == GROUND_ASPHALT && fade > 0 && stains > 0.53f
            && fabsf (fbm2 (g->seed + 2, x * 0.4f, z * 0.4f, 2) - 0.5f) < 0.006f)
          c = rgb_scale (c, 1 - 0.3f * fade);
        break;
      }
    case GROUND_PAVING:
      {
        const float s = x / g->slab, t = z / g->slab;
        const float joint = 0.035f / g->slab;
        const float seam = 1
                           - band (part (s), joint, 1, MAX (p->ws / g->slab, joint))
                                 * band (part (t), joint, 1, MAX (p->wt / g->slab, joint));
        const float stone = unitf (1.5f - 2 * p->wt / g->slab) * (hash_unit (g->seed, cell (s), cell (t)) - 0.5f);
        c = rgb_scale (c, 0.82f + 0.3f * fbm2 (g->seed + 1, x * 0.8f, z * 0.8f, 3) + 0.16f * stone);
        c = rgb_scale (c, 1 - 0.35f * seam * unitf (1.3f - 2 * p->wt / g->slab));
        break;
      }
    case GROUND_GRASS:
      {
        const float n = fbm2 (g->seed, x * 0.5f, z * 0.5f, 3);
        const float blade = noise2 (g->seed + 3, x * 17, z * 9);
        c = rgb_mix (c, rgb (c.r * 1.3f, c.g * 1.02f, c.b * 0.85f), n);
        c = rgb_scale (c, 0.72f + 0.4f * n + 0.34f * mixf (0.5f, blade, fade));
        break;
      }
    case GROUND_PAINT:
      {
        const float wear = fbm2 (g->seed, x * 2.2f, z * 2.2f, 3);
        *alpha = 0.93f - 0.6f * smooth ((wear - 0.55f) * 6);
        c = rgb_scale (c, 0.9f + 0.2f * noise2 (g->seed + 1, x * 9, z * 9));
        break;
      }
    case GROUND_KERB:
      c = rgb_scale (c, 0.85f + 0.3f * noise2 (g->seed, x * 3, z * 1.2f));
      break;
    }
  c = rgb_times (c, scene->ground_light);
  if (scene->wet > 0)
    {
      const float puddle =
          g->kind == GROUND_GRASS ? 0 : smooth ((fbm2 (g->seed + 9, x * 0.5f, z * 0.22f, 3) - 0.42f) * 4);
      const float slant = unitf (p->z * 0.045f);
      const float shine = scene->wet * (0.1f + 0.5f * slant) * (0.35f + 0.65f * puddle);
      c = rgb_mix (rgb_scale (c, 1 - 0.28f * scene->wet), scene->sky_low, shine);
    }
  return c;
}

static void
fill_ground (Scene *scene, const Vec *points, int n, guint8 label, const Ground *ground)
{
  const Frame frame = { vec (-scene->camera_x, -scene->camera_y, 0), vec (1, 0, 0), vec (0, 0, 1) };
  scene_fill (scene, &frame, points, n, label, shade_ground, ground, ground->kind != GROUND_PAINT);
}

#define STEPS 18

/* A strip along the road, bent with it. */
static void
strip (Scene *scene, float x0, float x1, float z0, float z1, guint8 label, const Ground *ground)
{
  Vec points[2 * (STEPS + 1)];
  z0 = MAX (z0, 0.7f);
  if (z1 <= z0)
    return;
  const int steps = z1 - z0 > 8 ? STEPS : 2;
  for (int i = 0; i <= steps; i++)
    {
      const float k = (float)i / steps;
      const float z = steps == 2 ? mixf (z0, z1, k) : 1.0f / mixf (1.0f / z0, 1.0f / z1, k);
      points[i] = scene_point (scene, x0, 0, z);
      points[2 * steps + 1 - i] = scene_point (scene, x1, 0, z);
    }
  fill_ground (scene, points, 2 * (steps + 1), label, ground);
}

static void
dashes (Scene *scene, float x, float width, float on, float off, float phase, const Ground *paint)
{
  for (float z = phase - off; z < 110; z += on + off)
    if (z + on < scene->junction_from || z > scene->junction_to)
      strip (scene, x - 0.5f * width, x + 0.5f * width, z, z + on, DH_SCENE_STREET_LINES, paint);
}

static void
solid (Scene *scene, float x, float width, const Ground *paint)
{
  const gboolean crossing = scene->junction_from < scene->junction_to;
  strip (scene, x - 0.5f * width, x + 0.5f * width, 0, crossing ? scene->junction_from - 1.5f : 220,
         DH_SCENE_STREET_LINES, paint);
  if (crossing)
    strip (scene, x - 0.5f * width, x + 0.5f * width, scene->junction_to + 1.5f, 220, DH_SCENE_STREET_LINES, paint);
}

static void
zebra (Scene *scene, float z, const Ground *paint)
{
  for (float x = scene->road_left + 0.5f; x + 0.5f < scene->road_right; x += 1.0f)
    strip (scene, x, x + 0.5f, z, z + 3, DH_SCENE_STREET_LINES, paint);
}

static void
arrow (Scene *scene, float x, float z, const Ground *paint)
{
  strip (scene, x - 0.09f, x + 0.09f, z, z + 2, DH_SCENE_STREET_LINES, paint);
  const Vec head[3] = { scene_point (scene, x - 0.4f, 0, z + 2), scene_point (scene, x + 0.4f, 0, z + 2),
                        scene_point (scene, x, 0, z + 3.4f) };
  fill_ground (scene, head, 3, DH_SCENE_STREET_LINES, paint);
}

static void
spot (Scene *scene, float x, float z, float half_x, float half_z, const Ground *ground)
{
  Vec disc[18];
  for (int i = 0; i < 18; i++)
    disc[i] = scene_point (scene, x + half_x * cos_turn ((float)i / 18), 0, z + half_z * sin_turn ((float)i / 18));
  fill_ground (scene, disc, 18, DH_SCENE_ROAD, ground);
}

static void
draw_lines (Scene *scene)
{
  Rng *rng = &scene->rng;
  const float middle = 0.5f * (scene->road_left + scene->road_right);
  Ground white = { scene, GROUND_PAINT, rgb (0.86f, 0.86f, 0.83f), (guint32)rng_next (rng), 1 };
  Ground yellow = { scene, GROUND_PAINT, rgb (0.86f, 0.66f, 0.2f), (guint32)rng_next (rng), 1 };
  const Ground *centre = rng_chance (rng, 0.35f) ? &yellow : &white;
  const float width = rng_range (rng, 0.1f, 0.18f);
  const float half = 0.5f * (scene->road_right - scene->road_left);
  const float on = rng_range (rng, 1.5f, 4), off = rng_range (rng, 2, 6), phase = rng_range (rng, 0, 6);
  const int style = rng_below (rng, 4);
  if (style == 0)
    dashes (scene, middle, width, on, off, phase, centre);
  else if (style == 1)
    solid (scene, middle, width, centre);
  else if (style == 2)
    {
      solid (scene, middle - width, width, centre);
      solid (scene, middle + width, width, centre);
    }
  else
    {
      solid (scene, middle - width, width, centre);
      dashes (scene, middle + width, width, on, off, phase, centre);
    }
  if (half > 5.4f)
    for (int side = -1; side <= 1; side += 2)
      dashes (scene, middle + side * half * 0.5f, width, on, off, phase, &white);
  if (rng_chance (rng, 0.55f))
    for (int side = -1; side <= 1; side += 2)
      solid (scene, side < 0 ? scene->road_left + 0.35f : scene->road_right - 0.35f, width, &white);
  if (scene->junction_from < scene->junction_to && rng_chance (rng, 0.8f))
    {
      zebra (scene, scene->junction_from - 4, &white);
      strip (scene, middle + 0.2f, scene->road_right - 0.2f, scene->junction_from - 5.6f, scene->junction_from - 5.2f,
             DH_SCENE_STREET_LINES, &white);
      if (rng_chance (rng, 0.6f))
        zebra (scene, scene->junction_to + 1, &white);
    }
  else if (rng_chance (rng, 0.25f))
    zebra (scene, rng_range (rng, 7, 30), &white);
  if (rng_chance (rng, 0.3f))
    arrow (scene, middle + 0.5f * half, rng_range (rng, 5, 14), &white);
  if (rng_chance (rng, 0.3f))
    for (float z = 3; z < 40; z += 6)
      strip (scene, scene->road_right - 2.3f, scene->road_right, z, z + 0.12f, DH_SCENE_STREET_LINES, &white);
}

void
scene_draw_ground (Scene *scene)
{
  Rng *rng = &scene->rng;
  scene->ground_light = scene_light (scene, vec (0, 1, 0));
  const float grey = rng_range (rng, 0.36f, 0.52f), warm = rng_range (rng, -0.02f, 0.03f);
  const Ground road = { scene, GROUND_ASPHALT, rgb (grey + warm, grey, grey - 0.5f * warm + 0.01f),
                        (guint32)rng_next (rng), 1 };
  static const Rgb stone[] = { { 0.62f, 0.6f, 0.57f },
                               { 0.55f, 0.55f, 0.56f },
                               { 0.66f, 0.58f, 0.5f },
                               { 0.6f, 0.48f, 0.43f },
                               { 0.7f, 0.68f, 0.64f } };
  const Rgb slabs = rgb_vary (rng, stone[rng_below (rng, 5)], 0.1f);
  const float slab = rng_range (rng, 0.4f, 1.6f);
  const Ground walk = { scene, GROUND_PAVING, slabs, (guint32)rng_next (rng), slab };
  const Ground kerb = { scene, GROUND_KERB, rgb (0.68f, 0.67f, 0.64f), (guint32)rng_next (rng), 1 };
  const Rgb green = rgb_vary (rng, rgb (0.27f, 0.38f, 0.15f), 0.3f);
  const Ground grass = { scene, GROUND_GRASS, green, (guint32)rng_next (rng), 1 };
  const Ground line = { scene, GROUND_PAVING, walk.base, walk.seed, walk.slab };

  /* Beyond the pavements: lawn, or more paving before the house fronts. */
  const gboolean lawn = rng_chance (rng, 0.6f);
  const float a = scene->road_left, b = scene->road_right;
  const guint8 beyond = lawn ? DH_SCENE_VEGETATION : DH_SCENE_SIDEWALK;
  strip (scene, -160, a - scene->walk_left + 0.3f, 0, 420, beyond, lawn ? &grass : &line);
  strip (scene, b + scene->walk_right - 0.3f, 160, 0, 420, beyond, lawn ? &grass : &line);
  const gboolean verge = rng_chance (rng, 0.3f);
  const float verge_width = rng_range (rng, 0.8f, 1.8f);
  strip (scene, a - scene->walk_left, a, 0, 420, DH_SCENE_SIDEWALK, &walk);
  strip (scene, b, b + scene->walk_right, 0, 420, DH_SCENE_SIDEWALK, &walk);
  if (verge)
    {
      strip (scene, a - verge_width, a, 0, 420, DH_SCENE_VEGETATION, &grass);
      strip (scene, b, b + verge_width, 0, 420, DH_SCENE_VEGETATION, &grass);
    }
  strip (scene, a - 0.25f, a, 0, 420, DH_SCENE_SIDEWALK, &kerb);
  strip (scene, b, b + 0.25f, 0, 420, DH_SCENE_SIDEWALK, &kerb);
  strip (scene, a, b, 0, 420, DH_SCENE_ROAD, &road);
  if (scene->junction_from < scene->junction_to)
    {
      strip (scene, -160, 160, scene->junction_from - scene->walk_right, scene->junction_to + scene->walk_right,
             DH_SCENE_SIDEWALK, &walk);
      strip (scene, -160, 160, scene->junction_from, scene->junction_to, DH_SCENE_ROAD, &road);
      strip (scene, a, b, scene->junction_from - 6, scene->junction_to + 6, DH_SCENE_ROAD, &road);
    }
  for (int i = rng_below (rng, 4); i > 0; i--)
    {
      const Rgb tar = rgb_scale (road.base, rng_range (rng, 0.7f, 1.15f));
      const Ground patch = { scene, GROUND_PATCH, tar, (guint32)rng_next (rng), 1 };
      const float x = rng_range (rng, a, b - 1.5f), z = rng_range (rng, 4, 30);
      const float wide = rng_range (rng, 0.6f, 1.5f), deep = rng_range (rng, 1, 7);
      strip (scene, x, x + wide, z, z + deep, DH_SCENE_ROAD, &patch);
    }
  draw_lines (scene);
  for (int i = rng_below (rng, 3); i > 0; i--)
    {
      const Ground iron = { scene, GROUND_PATCH, rgb (0.2f, 0.19f, 0.18f), (guint32)rng_next (rng), 1 };
      const float x = rng_range (rng, a + 0.8f, b - 0.8f), z = rng_range (rng, 5, 22);
      spot (scene, x, z, 0.34f, 0.34f, &iron);
    }
}

void
scene_apply_shadow (Scene *scene)
{
  Canvas *canvas = &scene->canvas;
  const Rgb full = scene->ground_light;
  const Rgb shade = { scene->ambient.r / MAX (full.r, 0.01f), scene->ambient.g / MAX (full.g, 0.01f),
                      scene->ambient.b / MAX (full.b, 0.01f) };
  const gsize n = (gsize)canvas->width * canvas->height;
  for (gsize i = 0; i < n; i++)
    {
      const float k = canvas->shadow[i];
      if (k <= 0 || canvas->labels[i] == DH_SCENE_BACKGROUND)
        continue;
      canvas->rgb[3 * i] *= mixf (1, shade.r, k);
      canvas->rgb[3 * i + 1] *= mixf (1, shade.g, k);
      canvas->rgb[3 * i + 2] *= mixf (1, shade.b, k);
    }
}
