#include "dh-scene-private.h"

#define LABEL DH_SCENE_ANOMALY

/* A box given in the thing's own axes: middle (x, z), lower end, size. */
static void
block (Scene *scene, const Thing *thing, float x, float y, float z, float w, float h, float d, const Material *m)
{
  const float c = cos_turn (thing->turn), s = sin_turn (thing->turn), k = thing->size;
  const Vec base =
      vec_add (scene_point (scene, thing->x, y * k, thing->z), vec ((x * c - z * s) * k, 0, (x * s + z * c) * k));
  scene_box (scene, base, w * k, h * k, d * k, thing->turn, LABEL, m, m);
}

static Rgb
loud (Rng *rng)
{
  static const Rgb colours[] = { { 0.85f, 0.2f, 0.45f }, { 0.1f, 0.6f, 0.62f },  { 0.92f, 0.5f, 0.1f },
                                 { 0.5f, 0.2f, 0.65f },  { 0.85f, 0.82f, 0.2f }, { 0.15f, 0.35f, 0.8f },
                                 { 0.3f, 0.7f, 0.25f },  { 0.8f, 0.12f, 0.12f } };
  return rgb_vary (rng, colours[rng_below (rng, G_N_ELEMENTS (colours))], 0.12f);
}

static Material
fabric (Rng *rng)
{
  static const Texture textures[] = { TEXTURE_QUILT, TEXTURE_TARTAN, TEXTURE_CHEVRON, TEXTURE_SPOTS };
  const Rgb a = loud (rng), b = loud (rng);
  const Texture texture = textures[rng_below (rng, 4)];
  const float scale = rng_range (rng, 0.34f, 0.7f);
  return material_two (texture, a, b, scale, (guint32)rng_next (rng));
}

static void
draw_sofa (Scene *scene, const Thing *thing, Rng *rng)
{
  const Material cloth = fabric (rng);
  Material seat = cloth;
  seat.base = rgb_scale (cloth.base, 1.12f);
  const Material leg = material (TEXTURE_BRUSHED, rgb (0.3f, 0.19f, 0.1f), 0.2f, 1);
  const float w = rng_chance (rng, 0.6f) ? 2.0f : 1.0f;
  for (int i = -1; i <= 1; i += 2)
    block (scene, thing, i * (0.5f * w - 0.1f), 0, -0.35f, 0.1f, 0.14f, 0.1f, &leg);
  block (scene, thing, 0, 0.12f, 0.32f, w, 0.85f, 0.25f, &cloth);
  block (scene, thing, 0, 0.12f, -0.08f, w, 0.36f, 0.75f, &seat);
  for (int i = -1; i <= 1; i += 2)
    block (scene, thing, i * (0.5f * w - 0.1f), 0.12f, -0.08f, 0.24f, 0.55f, 0.8f, &cloth);
}

static void
draw_crates (Scene *scene, const Thing *thing, Rng *rng)
{
  const int n = 1 + rng_below (rng, 3);
  float y = 0, w = rng_range (rng, 0.8f, 1.3f);
  for (int i = 0; i < n; i++)
    {
      const Material m = fabric (rng);
      const float h = w * rng_range (rng, 0.6f, 1);
      block (scene, thing, rng_range (rng, -0.1f, 0.1f), y, 0, w, h, w, &m);
      y += h;
      w *= rng_range (rng, 0.65f, 0.95f);
    }
}

static void
draw_ball (Scene *scene, const Thing *thing, Rng *rng)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, 0);
  const float r = rng_range (rng, 0.35f, 0.85f) * thing->size;
  const Rgb a = loud (rng), b = loud (rng);
  const Material m = rng_chance (rng, 0.5f)
                         ? material_two (TEXTURE_SECTORS, a, b, 1.1f * r, 1)
                         : material_two (TEXTURE_PANELS, rgb (0.92f, 0.92f, 0.9f), rgb (0.1f, 0.1f, 0.1f), 0.8f * r, 1);
  scene_ball (scene, &f, 0, r, r, r, 0, LABEL, &m);
}

static void
draw_helicopter (Scene *scene, const Thing *thing, Rng *rng)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, thing->turn);
  const float k = 1.25f * thing->size, w = rng_chance (rng, 0.5f) ? 1 : -1;
  const float y = thing->z > 12 && rng_chance (rng, 0.7f) ? rng_range (rng, 3, 7) : 0.35f;
  const Rgb a = loud (rng);
  const Material hull = material (TEXTURE_GLOSS, a, 1, 1);
  const Material trim = material_two (TEXTURE_CHEVRON, loud (rng), rgb (0.95f, 0.95f, 0.95f), 0.5f, 1);
  const Material grey = material (TEXTURE_BRUSHED, rgb (0.32f, 0.33f, 0.35f), 0.1f, 3);
  const Material bubble = material (TEXTURE_GLOSS, rgb (0.16f, 0.24f, 0.32f), 1, 1);
  scene_limb (scene, &f, -0.6f * k * w, y + 0.95f * k, 0.22f * k, -2.5f * k * w, y + 1.2f * k, 0.07f * k, LABEL, &hull);
  scene_limb (scene, &f, -2.5f * k * w, y + 1.1f * k, 0.06f * k, -2.7f * k * w, y + 1.75f * k, 0.13f * k, LABEL, &trim);
  scene_ball (scene, &f, -2.6f * k * w, y + 1.35f * k, 0.36f * k, 0.03f * k, 0.13f, LABEL, &grey);
  scene_ball (scene, &f, 0, y + 0.85f * k, 0.95f * k, 0.6f * k, 0, LABEL, &hull);
  scene_ball (scene, &f, 0.42f * k * w, y + 0.95f * k, 0.48f * k, 0.42f * k, 0, LABEL, &bubble);
  scene_rect (scene, &f, -0.06f * k, y + 1.4f * k, 0.06f * k, y + 1.72f * k, LABEL, &grey);
  scene_ball (scene, &f, 0, y + 1.72f * k, 2.3f * k, 0.045f * k, 0.008f, LABEL, &grey);
  for (int i = -1; i <= 1; i += 2)
    scene_limb (scene, &f, 0.45f * i * k, y + 0.4f * k, 0.035f * k, 0.5f * i * k, y + 0.06f * k, 0.035f * k, LABEL,
                &grey);
  scene_limb (scene, &f, -0.9f * k, y + 0.05f * k, 0.05f * k, 0.95f * k, y + 0.05f * k, 0.05f * k, LABEL, &grey);
}

static void
draw_flowerpot (Scene *scene, const Thing *thing, Rng *rng)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, 0);
  const float k = thing->size * rng_range (rng, 0.8f, 1.2f);
  const Texture pattern = rng_chance (rng, 0.5f) ? TEXTURE_CHEVRON : TEXTURE_SPOTS;
  const Rgb clay = rgb_vary (rng, rgb (0.75f, 0.36f, 0.2f), 0.2f);
  const Material pot = material_two (pattern, clay, loud (rng), 0.25f, 1);
  const Material stem = material (TEXTURE_GLOSS, rgb (0.35f, 0.6f, 0.2f), 1, 1);
  const Material eye = material (TEXTURE_GLOSS, rgb (0.95f, 0.8f, 0.15f), 1, 1);
  const Material petal = material (TEXTURE_GLOSS, loud (rng), 1, 1);
  const int n = 3 + rng_below (rng, 4);
  for (int i = 0; i < n; i++)
    {
      const float s = rng_range (rng, -0.6f, 0.6f) * k, t = rng_range (rng, 1.2f, 1.9f) * k,
                  r = rng_range (rng, 0.13f, 0.2f) * k;
      scene_limb (scene, &f, 0.3f * s, 0.7f * k, 0.03f * k, s, t, 0.025f * k, LABEL, &stem);
      scene_ball (scene, &f, 0.65f * s + 0.1f * k, 0.9f * k + 0.1f * t, 0.17f * k, 0.06f * k, 0.1f * (float)i, LABEL,
                  &stem);
      for (int p = 0; p < 6; p++)
        scene_ball (scene, &f, s + r * cos_turn ((float)p / 6), t + r * sin_turn ((float)p / 6), 0.72f * r, 0.5f * r,
                    (float)p / 6, LABEL, &petal);
      scene_ball (scene, &f, s, t, 0.55f * r, 0.55f * r, 0, LABEL, &eye);
    }
  const float st[4][2] = { { -0.32f * k, 0 }, { 0.32f * k, 0 }, { 0.46f * k, 0.72f * k }, { -0.46f * k, 0.72f * k } };
  scene_shape (scene, &f, st, 4, LABEL, &pot);
  scene_limb (scene, &f, -0.46f * k, 0.72f * k, 0.07f * k, 0.46f * k, 0.72f * k, 0.07f * k, LABEL, &pot);
}

static void
draw_tent (Scene *scene, const Thing *thing, Rng *rng)
{
  const float k = thing->size, w = 0.95f * k, d = 1.1f * k, h = 1.25f * k;
  const float c = cos_turn (thing->turn + 0.05f), s = sin_turn (thing->turn + 0.05f);
  const Vec base = scene_point (scene, thing->x, 0, thing->z);
  Vec p[6];
  for (int i = 0; i < 6; i++)
    {
      const float x = i % 3 == 0 ? -w : i % 3 == 1 ? w : 0, z = i < 3 ? -d : d;
      p[i] = vec_add (base, vec (x * c - z * s, i % 3 == 2 ? h : 0, x * s + z * c));
    }
  const Rgb colour = loud (rng);
  const Material side = material_two (TEXTURE_CHEVRON, colour, rgb_scale (colour, 0.75f), 0.7f, 1);
  const Material front = material (TEXTURE_QUILT, rgb_scale (colour, 1.1f), 0.5f, 1);
  const Material dark = material (TEXTURE_PLAIN, rgb (0.1f, 0.09f, 0.12f), 1, 1);
  const Vec left[4] = { p[0], p[3], p[5], p[2] }, right[4] = { p[1], p[4], p[5], p[2] }, face[3] = { p[0], p[1], p[2] };
  const gboolean left_near = base.x > 0;
  scene_face (scene, left_near ? right : left, 4, LABEL, &side);
  scene_face (scene, left_near ? left : right, 4, LABEL, &side);
  scene_face (scene, face, 3, LABEL, &front);
  const Vec middle = vec_scale (vec_add (p[0], p[1]), 0.5f);
  const Vec door[3] = { vec_add (middle, vec_scale (vec_sub (p[0], middle), 0.4f)),
                        vec_add (middle, vec_scale (vec_sub (p[1], middle), 0.4f)),
                        vec_add (middle, vec_scale (vec_sub (p[2], middle), 0.8f)) };
  scene_face (scene, door, 3, LABEL, &dark);
}

static void
draw_bale (Scene *scene, const Thing *thing, Rng *rng)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, 0);
  const float r = 0.75f * thing->size;
  const Rgb straw = rgb_vary (rng, rgb (0.85f, 0.69f, 0.35f), 0.1f);
  const Material hay = material_two (TEXTURE_HAY, straw, rgb (0.65f, 0.5f, 0.22f), 0.6f, (guint32)rng_next (rng));
  if (rng_chance (rng, 0.5f))
    {
      block (scene, thing, 0, 0, 0, 1.5f, 0.8f, 0.9f, &hay);
      return;
    }
  const float lean = (thing->x < scene->camera_x ? 1 : -1) * 0.35f * r;
  scene_limb (scene, &f, lean, r, r, -lean, r, r, LABEL, &hay);
  Material cut = hay;
  cut.base = rgb_scale (hay.base, 1.1f);
  scene_ball (scene, &f, lean, r, 0.93f * r, 0.93f * r, 0, LABEL, &cut);
  for (int i = 3; i > 0; i--)
    {
      Material ring = hay;
      ring.base = rgb_scale (hay.base, i & 1 ? 0.72f : 1.1f);
      ring.second = rgb_scale (hay.second, i & 1 ? 0.72f : 1.1f);
      scene_ball (scene, &f, lean, r, 0.24f * i * r, 0.24f * i * r, 0, LABEL, &ring);
    }
}

static void
draw_table (Scene *scene, const Thing *thing, Rng *rng)
{
  const Material wood = material_two (TEXTURE_BRUSHED, rgb_vary (rng, rgb (0.62f, 0.4f, 0.22f), 0.2f),
                                      rgb (0.4f, 0.25f, 0.12f), 0.06f, 5);
  const Material cloth = fabric (rng);
  for (int i = 0; i < 4; i++)
    block (scene, thing, (i & 1 ? 0.65f : -0.65f), 0, (i & 2 ? -0.35f : 0.35f), 0.09f, 0.72f, 0.09f, &wood);
  block (scene, thing, 0, 0.72f, 0, 1.6f, 0.07f, 0.95f, &wood);
  if (rng_chance (rng, 0.6f))
    block (scene, thing, 0, 0.6f, -0.02f, 1.1f, 0.2f, 1.0f, &cloth);
  const float x = rng_chance (rng, 0.5f) ? 1.15f : -1.15f;
  for (int i = 0; i < 4; i++)
    block (scene, thing, x + (i & 1 ? 0.19f : -0.19f), 0, (i & 2 ? -0.19f : 0.19f), 0.06f, 0.45f, 0.06f, &wood);
  block (scene, thing, x, 0.45f, 0.2f, 0.46f, 0.55f, 0.06f, &wood);
  block (scene, thing, x, 0.43f, 0, 0.46f, 0.06f, 0.46f, &cloth);
}

static void
draw_balloon (Scene *scene, const Thing *thing, Rng *rng)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, 0);
  const float y = thing->z > 14 ? rng_range (rng, 5, 9) : 0.2f, k = thing->size * (thing->z > 14 ? 1.8f : 0.8f);
  const Rgb a = loud (rng), b = loud (rng);
  const Material cloth = material_two (TEXTURE_SECTORS, a, b, 1.4f * k, 1);
  const Material basket = material_two (TEXTURE_TARTAN, rgb (0.5f, 0.34f, 0.18f), rgb (0.35f, 0.22f, 0.1f), 0.12f, 1);
  const Material rope = material (TEXTURE_PLAIN, rgb (0.2f, 0.16f, 0.12f), 1, 1);
  for (int i = -1; i <= 1; i += 2)
    scene_limb (scene, &f, 0.24f * i * k, y + 0.4f * k, 0.03f * k, 0.55f * i * k, y + 1.3f * k, 0.03f * k, LABEL,
                &rope);
  scene_rect (scene, &f, -0.28f * k, y, 0.28f * k, y + 0.42f * k, LABEL, &basket);
  const float st[4][2] = { { -0.3f * k, y + 0.95f * k },
                           { 0.3f * k, y + 0.95f * k },
                           { 0.85f * k, y + 1.75f * k },
                           { -0.85f * k, y + 1.75f * k } };
  scene_shape (scene, &f, st, 4, LABEL, &cloth);
  scene_ball (scene, &f, 0, y + 2.3f * k, 1.05f * k, 1.1f * k, 0, LABEL, &cloth);
}

static void
draw_boat (Scene *scene, const Thing *thing, Rng *rng)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, thing->turn);
  const float k = 1.1f * thing->size, w = rng_chance (rng, 0.5f) ? 1 : -1;
  const Material hull = material_two (TEXTURE_CHEVRON, loud (rng), rgb (0.93f, 0.93f, 0.9f), 0.9f, 1);
  const Texture pattern = rng_chance (rng, 0.5f) ? TEXTURE_SECTORS : TEXTURE_QUILT;
  const Material sail = material_two (pattern, rgb (0.93f, 0.9f, 0.84f), loud (rng), 0.9f, 1);
  const Material mast = material (TEXTURE_BRUSHED, rgb (0.5f, 0.33f, 0.18f), 0.1f, 2);
  scene_limb (scene, &f, 0, 0.6f * k, 0.05f * k, 0, 3.1f * k, 0.03f * k, LABEL, &mast);
  const float main_sail[3][2] = { { -0.1f * k * w, 0.9f * k },
                                  { -1.2f * k * w, 1.0f * k },
                                  { -0.08f * k * w, 3.0f * k } };
  const float jib[3][2] = { { 0.1f * k * w, 0.9f * k }, { 1.15f * k * w, 0.85f * k }, { 0.06f * k * w, 2.7f * k } };
  scene_shape (scene, &f, main_sail, 3, LABEL, &sail);
  scene_shape (scene, &f, jib, 3, LABEL, &sail);
  const float st[6][2] = { { -1.05f * k * w, 0 },       { 0.85f * k * w, 0 }, { 1.3f * k * w, 0.42f * k },
                           { 1.5f * k * w, 0.74f * k }, { 0, 0.64f * k },     { -1.35f * k * w, 0.72f * k } };
  scene_shape (scene, &f, st, 6, LABEL, &hull);
}

static void
draw_teapot (Scene *scene, const Thing *thing, Rng *rng)
{
  const Frame f = scene_upright (scene, thing->x, thing->z, thing->turn);
  const float k = 0.95f * thing->size, w = rng_chance (rng, 0.5f) ? 1 : -1;
  const Texture pattern = rng_chance (rng, 0.5f) ? TEXTURE_SPOTS : TEXTURE_GLOSS;
  const Material china = material_two (pattern, rgb (0.93f, 0.92f, 0.9f), loud (rng), 0.5f, 1);
  const Material trim = material (TEXTURE_GLOSS, loud (rng), 1, 1);
  scene_limb (scene, &f, 0.6f * k * w, 0.45f * k, 0.17f * k, 1.15f * k * w, 1.02f * k, 0.07f * k, LABEL, &china);
  for (int i = 0; i < 6; i++)
    {
      const float a = 0.2f + 0.1f * (float)i, b = a + 0.1f;
      scene_limb (scene, &f, (-0.72f + 0.36f * cos_turn (a)) * k * w, (0.68f + 0.32f * sin_turn (a)) * k, 0.06f * k,
                  (-0.72f + 0.36f * cos_turn (b)) * k * w, (0.68f + 0.32f * sin_turn (b)) * k, 0.06f * k, LABEL, &trim);
    }
  scene_ball (scene, &f, 0, 0.6f * k, 0.8f * k, 0.6f * k, 0, LABEL, &china);
  scene_ball (scene, &f, 0, 1.12f * k, 0.42f * k, 0.14f * k, 0, LABEL, &trim);
  scene_ball (scene, &f, 0, 1.3f * k, 0.11f * k, 0.11f * k, 0, LABEL, &trim);
}

void
scene_draw_anomaly (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  void (*const draw[]) (Scene *, const Thing *, Rng *) = {
    scene_draw_animal, scene_draw_animal, scene_draw_animal, scene_draw_animal, scene_draw_animal, draw_sofa,
    draw_crates,       draw_ball,         draw_helicopter,   draw_flowerpot,    draw_tent,         draw_bale,
    draw_table,        draw_balloon,      draw_boat,         draw_teapot,
  };
  G_STATIC_ASSERT (G_N_ELEMENTS (draw) == N_ANOMALIES);
  draw[thing->kind % N_ANOMALIES](scene, thing, &rng);
}

void
scene_shade_anomaly (Scene *scene, const Thing *thing)
{
  const float half = 0.7f * thing->size;
  const gboolean flies = thing->kind == 8 || thing->kind == 13;
  if (flies)
    return;
  scene_shadow_disc (scene, thing->x, 0.6f * thing->size, thing->z, 0.7f * half);
  scene_contact (scene, thing->x, thing->z, half, 0.45f * half, 0.6f);
}
