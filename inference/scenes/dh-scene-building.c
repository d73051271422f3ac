#include "dh-scene-private.h"

/* A street front: storeys and bays of windows on a wall. */
typedef struct
{
  const Scene *scene;
  Material wall;
  Rgb frame, glass, shop;
  guint32 seed;
  Rgb light;
  float storey, bay, sill, head, left, right; /* window within its cell, fractions */
  float height, width;
  gboolean shops, balconies, ribbon;
  float lit; /* share of lit windows */
} Front;

static Rgb
shade_front (gconstpointer data, const Sample *p, float *alpha)
{
  const Front *f = data;
  const float first = f->shops ? f->storey * 1.25f : f->storey;
  Material wall = f->wall;
  wall.light = f->light;
  float one = 1;
  Rgb c = material_shade (&wall, p, &one);
  c = rgb_scale (c, 0.86f + 0.14f * unitf (p->t * 0.5f)); /* the street's dirt and shade */

  if (p->t > f->height - 0.5f)
    {
      const float line = band (p->t, f->height - 0.45f, f->height - 0.1f, MAX (p->wt, 0.05f));
      return rgb_mix (c, rgb_times (f->frame, f->light), 0.6f * line);
    }
  const gboolean ground = p->t < first;
  const float t = ground ? p->t / first : (p->t - first) / f->storey;
  const float s = p->s / f->bay;
  const gint32 column = cell (s), row = ground ? -1 : cell (t);
  if (!ground && (float)(row + 1) * f->storey + first > f->height - 0.4f)
    return c;
  const float fs = s - (float)column, ft = ground ? t : t - (float)row;
  const float ws = p->ws / f->bay, wt = p->wt / f->storey;
  float s0 = f->left, s1 = f->right, t0 = f->sill, t1 = f->head;
  if (ground && f->shops)
    s0 = 0.07f, s1 = 0.93f, t0 = 0.1f, t1 = 0.72f;
  else if (f->ribbon)
    s0 = -0.1f, s1 = 1.1f;
  const guint32 h = hash2 (f->seed, column, row);
  const gboolean door = ground && h % 4 == 0;
  if (door)
    t0 = 0;
  const float rim = 0.028f;
  const float pane = band (fs, s0, s1, MAX (ws, 0.02f)) * band (ft, t0, t1, MAX (wt, 0.02f));
  if (pane > 0)
    {
      const float inner =
          band (fs, s0 + rim, s1 - rim, MAX (ws, 0.02f)) * band (ft, t0 + rim, t1 - rim, MAX (wt, 0.02f));
      const float bars = MAX (band (fs, 0.5f * (s0 + s1) - 0.012f, 0.5f * (s0 + s1) + 0.012f, MAX (ws, 0.01f)),
                              h & 16 ? band (ft, mixf (t0, t1, 0.66f), mixf (t0, t1, 0.7f), MAX (wt, 0.01f)) : 0);
      const float tone = (float)(h >> 8 & 255) * (1.0f / 255);
      const float mirror = fbm2 (f->seed, p->s * 0.23f, p->t * 0.31f, 2);
      Rgb glass = rgb_times (rgb_scale (f->glass, 0.5f + 0.6f * tone), f->light);
      glass = rgb_add (glass, rgb_scale (f->scene->sky_low, 0.1f + 0.34f * smooth ((mirror - 0.4f) * 4)));
      if (tone > 0.7f && !f->ribbon) /* curtains */
        glass = rgb_mix (glass, rgb_times (rgb (0.8f, 0.76f, 0.68f), f->light), 0.6f);
      const float warm = (float)(h >> 16 & 255) * (1.0f / 255);
      if (warm < f->lit * (ground && f->shops ? 3 : 1))
        glass = rgb_add (rgb_scale (glass, 0.4f), rgb_scale (rgb (1.0f, 0.78f + 0.15f * tone, 0.42f + 0.3f * tone),
                                                             0.35f + 0.55f * f->scene->night));
      if (door)
        glass = rgb_times (f->shop, rgb_scale (f->light, 0.8f));
      const Rgb frame = rgb_times (f->frame, f->light);
      c = rgb_mix (c, rgb_mix (frame, glass, inner * (1 - 0.8f * bars)), pane);
    }
  else
    {
      const float below =
          band (fs, s0 - 0.03f, s1 + 0.03f, MAX (ws, 0.02f)) * band (ft, t0 - 0.05f, t0, MAX (wt, 0.02f));
      c = rgb_mix (c, rgb_times (rgb_scale (f->frame, 1.05f), f->light), 0.7f * below);
    }
  if (ground && f->shops)
    {
      const float board = band (ft, 0.76f, 0.94f, MAX (wt, 0.02f));
      const float words = noise2 (f->seed + 5, p->s * 4, 0) > 0.55f ? band (ft, 0.82f, 0.88f, MAX (wt, 0.02f)) : 0;
      c = rgb_mix (c, rgb_times (f->shop, f->light), board);
      c = rgb_mix (c, rgb_times (rgb (0.95f, 0.93f, 0.85f), f->light), 0.8f * words * unitf (1.5f - 4 * ws));
    }
  if (f->balconies && !ground && (column & 1))
    {
      const float rail = band (ft, 0.02f, 0.33f, MAX (wt, 0.02f)) * band (fs, 0.03f, 0.97f, MAX (ws, 0.02f));
      const float bars = 0.45f + 0.4f * (sin_turn (p->s * 4) > 0 ? unitf (1.5f - 6 * p->ws) : 0);
      c = rgb_mix (c, rgb_times (rgb_scale (f->frame, 0.55f), f->light), rail * bars);
    }
  return c;
}

static void
front_init (Front *f, const Scene *scene, Rng *rng, int kind, float width, float height)
{
  static const Rgb walls[] = { { 0.66f, 0.42f, 0.33f }, { 0.58f, 0.35f, 0.28f }, { 0.78f, 0.7f, 0.57f },
                               { 0.82f, 0.79f, 0.72f }, { 0.68f, 0.66f, 0.62f }, { 0.56f, 0.56f, 0.57f },
                               { 0.74f, 0.63f, 0.46f }, { 0.6f, 0.64f, 0.62f },  { 0.8f, 0.66f, 0.6f },
                               { 0.5f, 0.46f, 0.42f } };
  *f = (Front){ .scene = scene, .seed = (guint32)rng_next (rng), .width = width, .height = height };
  const Rgb colour = rgb_vary (rng, walls[rng_below (rng, G_N_ELEMENTS (walls))], 0.16f);
  const Texture texture = rng_chance (rng, 0.4f)   ? TEXTURE_BRICK
                          : rng_chance (rng, 0.3f) ? TEXTURE_BLOCKS
                                                   : TEXTURE_GRAIN;
  f->wall = material (texture, colour, texture == TEXTURE_GRAIN ? 0.5f : 1, f->seed);
  f->wall.second = rgb_mix (colour, rgb (0.7f, 0.68f, 0.65f), 0.5f);
  f->frame = rng_chance (rng, 0.6f) ? rgb (0.85f, 0.84f, 0.8f) : rgb_vary (rng, rgb (0.3f, 0.27f, 0.24f), 0.3f);
  f->glass = rgb_vary (rng, rgb (0.2f, 0.25f, 0.31f), 0.3f);
  f->shop.r = rng_range (rng, 0.15f, 0.75f);
  f->shop.g = rng_range (rng, 0.12f, 0.5f);
  f->shop.b = rng_range (rng, 0.1f, 0.55f);
  f->storey = rng_range (rng, 2.8f, 3.6f);
  const float bays = whole (width / rng_range (rng, 1.7f, 3.4f));
  f->bay = width / MAX (bays, 1.0f);
  f->sill = rng_range (rng, 0.22f, 0.36f);
  f->head = rng_range (rng, 0.78f, 0.9f);
  f->left = rng_range (rng, 0.14f, 0.3f);
  f->right = 1 - f->left;
  f->lit = 0.04f + 0.5f * scene->night;
  f->shops = kind == 0 && rng_chance (rng, 0.5f);
  f->balconies = kind == 0 && rng_chance (rng, 0.25f);
  if (kind == 2) /* an office tower */
    {
      f->ribbon = rng_chance (rng, 0.5f);
      f->left = 0.03f;
      f->right = 0.97f;
      f->sill = rng_range (rng, 0.06f, 0.3f);
      f->head = 0.95f;
      f->glass = rgb_vary (rng, rgb (0.22f, 0.32f, 0.4f), 0.3f);
    }
  if (kind == 3) /* a hall with few windows */
    {
      f->bay *= 2;
      f->sill = 0.6f;
      f->storey = height;
    }
}

typedef struct
{
  int kind, side; /* 0 town house, 1 house, 2 tower, 3 hall; −1 left, 1 right of the road */
  float x, z0, z1, height, depth, ridge;
} House;

static House
house_of (const Thing *thing, Rng *rng)
{
  House h = {
    .kind = thing->kind, .side = thing->x < 0 ? -1 : 1, .x = thing->x, .z0 = thing->z, .z1 = thing->z + thing->size
  };
  static const float low[] = { 7, 4, 18, 5 }, high[] = { 19, 7, 48, 9 };
  h.height = rng_range (rng, low[h.kind], high[h.kind]);
  h.depth = h.kind == 1 ? rng_range (rng, 8, 11) : rng_range (rng, 11, 24);
  h.ridge = h.kind == 1 || (h.kind == 0 && rng_chance (rng, 0.3f)) ? rng_range (rng, 2, 4) : 0;
  return h;
}

static void
draw_front (Scene *scene, Front *front, Vec low0, Vec low1, float height, guint8 label)
{
  const Vec up = vec (0, height, 0);
  const Vec face[4] = { low0, low1, vec_add (low1, up), vec_add (low0, up) };
  const Frame frame = { low0, vec_unit (vec_sub (low1, low0)), vec (0, 1, 0) };
  Vec normal = vec_cross (frame.u, frame.v);
  if (vec_dot (normal, low0) > 0)
    normal = vec_scale (normal, -1);
  front->light = scene_light (scene, normal);
  front->height = height;
  scene_fill (scene, &frame, face, 4, label, shade_front, front, TRUE);
}

void
scene_draw_building (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const House h = house_of (thing, &rng);
  const float back = h.x + h.side * h.depth;
  const Vec a = scene_point (scene, h.x, 0, h.z0), b = scene_point (scene, h.x, 0, h.z1);
  const Vec c = scene_point (scene, back, 0, h.z0);
  const Vec up = vec (0, h.height, 0), top = vec (0, h.height + h.ridge, 0);
  Front front;
  front_init (&front, scene, &rng, h.kind, h.z1 - h.z0, h.height);
  Front end = front;
  end.bay = h.depth / MAX (whole (h.depth / 3.2f), 1.0f);
  end.shops = FALSE;
  static const Rgb roofs[] = {
    { 0.5f, 0.26f, 0.19f }, { 0.33f, 0.31f, 0.31f }, { 0.42f, 0.3f, 0.24f }, { 0.25f, 0.27f, 0.3f }
  };
  const Material roof = material (TEXTURE_TILES, rgb_vary (&rng, roofs[rng_below (&rng, 4)], 0.15f), 1, front.seed);

  draw_front (scene, &end, a, c, h.height, DH_SCENE_BUILDING);
  if (h.ridge > 0)
    {
      const Vec m0 = vec_add (scene_point (scene, h.x + 0.5f * h.side * h.depth, 0, h.z0), top);
      const Vec m1 = vec_add (scene_point (scene, h.x + 0.5f * h.side * h.depth, 0, h.z1), top);
      const Vec gable[3] = { vec_add (a, up), vec_add (c, up), m0 };
      scene_face (scene, gable, 3, DH_SCENE_BUILDING, &front.wall);
      const Vec over = vec (-0.4f * h.side, -0.25f, 0);
      const Vec slope[4] = { vec_add (vec_add (a, up), over), vec_add (vec_add (b, up), over), m1, m0 };
      scene_face (scene, slope, 4, DH_SCENE_BUILDING, &roof);
      if (rng_chance (&rng, 0.6f))
        {
          const Material brick = material (TEXTURE_BRICK, rgb (0.5f, 0.3f, 0.24f), 1, front.seed);
          const Vec chimney =
              vec_add (scene_point (scene, h.x + 0.4f * h.side * h.depth, 0, mixf (h.z0, h.z1, 0.3f)), up);
          scene_box (scene, chimney, 0.7f, h.ridge + 0.6f, 0.7f, 0, DH_SCENE_BUILDING, &brick, &brick);
        }
    }
  draw_front (scene, &front, a, b, h.height, DH_SCENE_BUILDING);
  if (front.shops && rng_chance (&rng, 0.5f))
    {
      const Material awning =
          material_two (TEXTURE_BOARDS, rgb_scale (front.shop, 1.2f), rgb (0.9f, 0.9f, 0.86f), 0.8f, front.seed);
      const float z0 = mixf (h.z0, h.z1, 0.12f), z1 = mixf (h.z0, h.z1, 0.88f), y = front.storey * 0.88f;
      const Vec sail[4] = { scene_point (scene, h.x, y, z0), scene_point (scene, h.x, y, z1),
                            scene_point (scene, h.x - h.side * 1.2f, y - 0.6f, z1),
                            scene_point (scene, h.x - h.side * 1.2f, y - 0.6f, z0) };
      scene_face (scene, sail, 4, DH_SCENE_BUILDING, &awning);
    }
}

void
scene_shade_building (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const House h = house_of (thing, &rng);
  const float height = h.height + 0.5f * h.ridge, back = h.x + h.side * h.depth;
  scene_shadow_board (scene, h.x, h.z0, h.x, h.z1, height);
  scene_shadow_board (scene, back, h.z0, back, h.z1, height);
  scene_shadow_board (scene, h.x, h.z0, back, h.z0, height);
  scene_shadow_board (scene, h.x, h.z1, back, h.z1, height);
}

/* The far end of the street: roofs, and woods. */
void
scene_draw_skyline (Scene *scene)
{
  Rng rng = { rng_next (&scene->rng) };
  const gboolean wood = rng_chance (&rng, 0.4f);
  const Rgb green = rgb_vary (&rng, rgb (0.27f, 0.36f, 0.2f), 0.2f);
  for (int layer = 0; layer < 2; layer++)
    {
      const float z = layer ? 190 : 260;
      float x = -1.1f * z;
      while (x < 1.1f * z)
        {
          const float width = rng_range (&rng, 8, 30), height = rng_range (&rng, 4, layer ? 15 : 34);
          const Frame frame = { vec (x, -scene->camera_y, z), vec (1, 0, 0), vec (0, 1, 0) };
          if (wood && layer)
            {
              const Rgb leaf = rgb_vary (&rng, green, 0.2f);
              const Material leaves = material (TEXTURE_LEAVES, leaf, 1, (guint32)rng_next (&rng));
              scene_ball (scene, &frame, 0.5f * width, 0.25f * height, 0.6f * width, 0.55f * height + 2, 0,
                          DH_SCENE_VEGETATION, &leaves);
              scene_rect (scene, &frame, -1, -0.5f, width + 1, 0.35f * height, DH_SCENE_VEGETATION, &leaves);
            }
          else
            {
              Front front;
              front_init (&front, scene, &rng, rng_chance (&rng, 0.3f) ? 2 : 0, width, height);
              draw_front (scene, &front, frame.origin, vec_add (frame.origin, vec (width, 0, 0)), height,
                          DH_SCENE_BUILDING);
            }
          x += width * rng_range (&rng, 0.8f, 1.1f);
          x += rng_chance (&rng, 0.2f) ? 15 : 0;
        }
    }
}
