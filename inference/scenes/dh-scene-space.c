#include "dh-scene-private.h"

#define NEAR 0.6f

Vec
scene_point (const Scene *scene, float x, float y, float z)
{
  return vec (x + scene->curve * z * z - scene->camera_x, y - scene->camera_y, z);
}

float
scene_scale (const Scene *scene, float z)
{
  return scene->focal / MAX (z, NEAR);
}

Rgb
scene_light (const Scene *scene, Vec normal)
{
  const float n = MAX (vec_dot (normal, scene->sun_dir), 0.0f);
  const float sky = 0.8f + 0.2f * normal.y;
  return rgb_add (rgb_scale (scene->ambient, sky), rgb_scale (scene->sun, n));
}

/* The inverse of the matrix with columns u, v, origin, times the camera's. FALSE for a plane seen edge on. */
static gboolean
pixel_map (const Scene *scene, const Frame *frame, PixelMap *map)
{
  const Vec r0 = vec_cross (frame->v, frame->origin), r1 = vec_cross (frame->origin, frame->u);
  const Vec r2 = vec_cross (frame->u, frame->v);
  const float det = vec_dot (frame->u, r0);
  if (!(fabsf (det) > 1e-5f))
    return FALSE;
  const float inv = 1.0f / det, g = 1.0f / scene->focal;
  const Vec rows[3] = { vec_scale (r0, inv), vec_scale (r1, inv), vec_scale (r2, inv) };
  for (int i = 0; i < 3; i++)
    {
      map->m[i][0] = rows[i].x * g;
      map->m[i][1] = -rows[i].y * g;
      map->m[i][2] = rows[i].z - rows[i].x * g * scene->cx + rows[i].y * g * scene->cy;
    }
  return TRUE;
}

static int
clip_near (const Vec *in, int n, Vec *out)
{
  int count = 0;
  for (int i = 0; i < n; i++)
    {
      const Vec a = in[i], b = in[i + 1 < n ? i + 1 : 0];
      if (a.z >= NEAR)
        out[count++] = a;
      if ((a.z >= NEAR) != (b.z >= NEAR))
        {
          const float k = (NEAR - a.z) / (b.z - a.z);
          out[count++] = vec (mixf (a.x, b.x, k), mixf (a.y, b.y, k), NEAR);
        }
    }
  return count;
}

static int
project (const Scene *scene, const Vec *points, int n, float (*xy)[2])
{
  Vec clipped[MAX_POINTS + 2];
  if (n > MAX_POINTS / 2)
    return 0;
  const int count = clip_near (points, n, clipped);
  for (int i = 0; i < count; i++)
    {
      const float k = scene->focal / clipped[i].z;
      xy[i][0] = scene->cx + clipped[i].x * k;
      xy[i][1] = scene->cy - clipped[i].y * k;
    }
  return count;
}

void
scene_fill (Scene *scene, const Frame *frame, const Vec *points, int n, guint8 label, ShadeFunc shade,
            gconstpointer data, gboolean opaque)
{
  float xy[MAX_POINTS + 2][2];
  PixelMap map;
  const int count = project (scene, points, n, xy);
  if (count >= 3 && pixel_map (scene, frame, &map))
    canvas_fill (&scene->canvas, (const float (*)[2])xy, count, label, &map, shade, data, opaque);
}

static Vec
at (const Frame *frame, float s, float t)
{
  return vec_add (frame->origin, vec_add (vec_scale (frame->u, s), vec_scale (frame->v, t)));
}

static Material
lit (const Scene *scene, const Frame *frame, const Material *material)
{
  Material m = *material;
  Vec normal = vec_unit (vec_cross (frame->u, frame->v));
  if (vec_dot (normal, frame->origin) > 0)
    normal = vec_scale (normal, -1);
  m.light = m.texture == TEXTURE_LEAVES ? rgb_add (scene->ambient, rgb_scale (scene->sun, 0.55f))
                                        : scene_light (scene, normal);
  m.sky = scene->sky_low;
  m.lit_s = vec_dot (frame->u, scene->sun_dir);
  m.lit_t = vec_dot (frame->v, scene->sun_dir) * 0.6f + 0.35f;
  return m;
}

void
scene_shape (Scene *scene, const Frame *frame, const float (*st)[2], int n, guint8 label, const Material *material)
{
  Vec points[MAX_POINTS];
  const Material m = lit (scene, frame, material);
  n = MIN (n, MAX_POINTS / 2);
  for (int i = 0; i < n; i++)
    points[i] = at (frame, st[i][0], st[i][1]);
  scene_fill (scene, frame, points, n, label, material_shade, &m, m.texture != TEXTURE_MESH);
}

void
scene_rect (Scene *scene, const Frame *frame, float s0, float t0, float s1, float t1, guint8 label,
            const Material *material)
{
  const float st[4][2] = { { s0, t0 }, { s1, t0 }, { s1, t1 }, { s0, t1 } };
  scene_shape (scene, frame, st, 4, label, material);
}

/* Rounded things get as much direct light as a surface turned half to the sun; their own shading does the rest. */
static Material
rounded (const Scene *scene, const Frame *frame, const Material *material)
{
  Material m = lit (scene, frame, material);
  m.light = rgb_add (scene->ambient, rgb_scale (scene->sun, 0.75f));
  m.round = 1;
  return m;
}

#define ROUND_POINTS 26

void
scene_ball (Scene *scene, const Frame *frame, float s, float t, float rs, float rt, float turn, guint8 label,
            const Material *material)
{
  Vec points[ROUND_POINTS];
  Material m = rounded (scene, frame, material);
  m.s0 = s;
  m.t0 = t;
  m.cos = cos_turn (turn);
  m.sin = sin_turn (turn);
  m.rs = MAX (rs, 1e-3f);
  m.rt = MAX (rt, 1e-3f);
  for (int i = 0; i < ROUND_POINTS; i++)
    {
      const float a = rs * cos_turn ((float)i / ROUND_POINTS), b = rt * sin_turn ((float)i / ROUND_POINTS);
      points[i] = at (frame, s + a * m.cos - b * m.sin, t + a * m.sin + b * m.cos);
    }
  scene_fill (scene, frame, points, ROUND_POINTS, label, material_shade, &m, m.texture != TEXTURE_MESH);
}

void
scene_limb (Scene *scene, const Frame *frame, float s0, float t0, float r0, float s1, float t1, float r1, guint8 label,
            const Material *material)
{
  const int cap = 6;
  Vec points[2 * 7];
  const float ds = s1 - s0, dt = t1 - t0, length = sqrtf (ds * ds + dt * dt);
  if (!(length > 1e-4f))
    return;
  Material m = rounded (scene, frame, material);
  m.s0 = s0;
  m.t0 = t0;
  m.cos = ds / length;
  m.sin = dt / length;
  m.limb = TRUE;
  m.rs = 1;
  m.rt = MAX (MAX (r0, r1), 1e-3f);
  for (int i = 0; i <= cap; i++)
    {
      const float a = 0.25f - 0.5f * (float)i / cap;
      const float c = cos_turn (a), d = sin_turn (a);
      points[i] = at (frame, s1 + r1 * (c * m.cos - d * m.sin), t1 + r1 * (c * m.sin + d * m.cos));
      points[cap + 1 + i] = at (frame, s0 - r0 * (c * m.cos - d * m.sin), t0 - r0 * (c * m.sin + d * m.cos));
    }
  scene_fill (scene, frame, points, 2 * cap + 2, label, material_shade, &m, m.texture != TEXTURE_MESH);
}

void
scene_face (Scene *scene, const Vec *points, int n, guint8 label, const Material *material)
{
  const Vec u = vec_unit (vec_sub (points[1], points[0]));
  Vec normal = vec_unit (vec_cross (u, vec_sub (points[2], points[1])));
  const Frame frame = { points[0], u, vec_cross (normal, u) };
  const Material m = lit (scene, &frame, material);
  scene_fill (scene, &frame, points, n, label, material_shade, &m, m.texture != TEXTURE_MESH);
}

void
scene_box (Scene *scene, Vec base, float width, float height, float length, float turn, guint8 label,
           const Material *side, const Material *top)
{
  const float c = cos_turn (turn), s = sin_turn (turn);
  Vec low[4], high[4];
  for (int i = 0; i < 4; i++)
    {
      const float a = (i == 1 || i == 2 ? 0.5f : -0.5f) * width, b = (i >= 2 ? 0.5f : -0.5f) * length;
      low[i] = vec_add (base, vec (a * c - b * s, 0, a * s + b * c));
      high[i] = vec_add (low[i], vec (0, height, 0));
    }
  if (high[0].y < 0)
    scene_face (scene, high, 4, label, top);
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < 4; i++)
      {
        const int k = (i + 1) & 3;
        const Vec face[4] = { low[i], low[k], high[k], high[i] };
        const Vec out = vec_cross (vec_sub (low[k], low[i]), vec (0, 1, 0));
        const gboolean seen = vec_dot (out, low[i]) < 0;
        if (seen == (pass == 1))
          scene_face (scene, face, 4, label, side);
      }
  if (high[0].y < 0)
    scene_face (scene, high, 4, label, top);
}

Frame
scene_upright (const Scene *scene, float x, float z, float turn)
{
  return (Frame){ scene_point (scene, x, 0, z), vec (cos_turn (turn), 0, sin_turn (turn)), vec (0, 1, 0) };
}

static void
cast (Scene *scene, const Vec *world, int n, float strength)
{
  Vec points[MAX_POINTS];
  float xy[MAX_POINTS + 2][2];
  const float up = MAX (scene->sun_dir.y, 0.12f);
  for (int i = 0; i < n; i++)
    {
      const float k = MIN (world[i].y / up, 60.0f);
      points[i] = vec (world[i].x - scene->camera_x - scene->sun_dir.x * k, -scene->camera_y,
                       world[i].z - scene->sun_dir.z * k);
      points[i].x += scene->curve * points[i].z * points[i].z;
    }
  const int count = project (scene, points, n, xy);
  canvas_fill_shadow (&scene->canvas, (const float (*)[2])xy, count, strength);
}

void
scene_shadow_board (Scene *scene, float x0, float z0, float x1, float z1, float height)
{
  const Vec board[4] = { vec (x0, 0, z0), vec (x1, 0, z1), vec (x1, height, z1), vec (x0, height, z0) };
  cast (scene, board, 4, scene->shadow);
}

void
scene_shadow_disc (Scene *scene, float x, float y, float z, float radius)
{
  Vec disc[12];
  for (int i = 0; i < 12; i++)
    disc[i] = vec (x + radius * cos_turn ((float)i / 12), y + 0.7f * radius * sin_turn ((float)i / 12), z);
  cast (scene, disc, 12, scene->shadow);
}

void
scene_contact (Scene *scene, float x, float z, float half_x, float half_z, float strength)
{
  for (int ring = 0; ring < 4; ring++)
    {
      Vec disc[16];
      const float k = 1.2f - 0.16f * (float)ring;
      for (int i = 0; i < 16; i++)
        disc[i] = vec (x + k * half_x * cos_turn ((float)i / 16), 0, z + k * half_z * sin_turn ((float)i / 16));
      cast (scene, disc, 16, strength * 0.25f * (float)(ring + 1));
    }
}
