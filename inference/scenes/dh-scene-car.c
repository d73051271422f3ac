#include "dh-scene-private.h"

/* Side views, rear to front: (along the length, up the height), fractions. `glass` marks the edge that starts at the
 * point as a window; `belt` is where the side windows begin. */
typedef struct
{
  float length, width, height, belt;
  int n;
  float profile[12][2];
  guint32 glass;              /* a bit for each edge */
  int window_from, window_to; /* points that bound the side window from above */
  float wheel;
} Body;

static const Body bodies[] = {
  /* saloon */
  { 4.6f,
    1.8f,
    1.45f,
    0.66f,
    10,
    { { -0.5f, 0.18f },
      { -0.5f, 0.62f },
      { -0.46f, 0.7f },
      { -0.32f, 0.72f },
      { -0.19f, 0.98f },
      { 0.06f, 1.0f },
      { 0.24f, 0.7f },
      { 0.45f, 0.58f },
      { 0.5f, 0.46f },
      { 0.5f, 0.16f } },
    1 << 3 | 1 << 5,
    3,
    6,
    0.31f },
  /* hatchback */
  { 3.9f,
    1.72f,
    1.5f,
    0.62f,
    9,
    { { -0.5f, 0.18f },
      { -0.5f, 0.6f },
      { -0.4f, 0.94f },
      { -0.25f, 1.0f },
      { 0.08f, 0.99f },
      { 0.28f, 0.66f },
      { 0.46f, 0.55f },
      { 0.5f, 0.42f },
      { 0.5f, 0.16f } },
    1 << 1 | 1 << 4,
    1,
    5,
    0.3f },
  /* off-roader */
  { 4.6f,
    1.92f,
    1.8f,
    0.62f,
    9,
    { { -0.5f, 0.22f },
      { -0.5f, 0.62f },
      { -0.46f, 0.96f },
      { -0.4f, 1.0f },
      { 0.08f, 0.99f },
      { 0.23f, 0.66f },
      { 0.47f, 0.6f },
      { 0.5f, 0.48f },
      { 0.5f, 0.2f } },
    1 << 1 | 1 << 4,
    1,
    5,
    0.38f },
  /* estate */
  { 4.7f,
    1.8f,
    1.48f,
    0.64f,
    9,
    { { -0.5f, 0.18f },
      { -0.5f, 0.64f },
      { -0.44f, 0.95f },
      { -0.38f, 1.0f },
      { 0.06f, 1.0f },
      { 0.24f, 0.68f },
      { 0.45f, 0.57f },
      { 0.5f, 0.45f },
      { 0.5f, 0.16f } },
    1 << 1 | 1 << 4,
    1,
    5,
    0.31f },
  /* van */
  { 5.2f,
    2.0f,
    2.35f,
    0.55f,
    8,
    { { -0.5f, 0.14f },
      { -0.5f, 0.97f },
      { -0.48f, 1.0f },
      { 0.2f, 1.0f },
      { 0.33f, 0.57f },
      { 0.47f, 0.45f },
      { 0.5f, 0.36f },
      { 0.5f, 0.14f } },
    1 << 3,
    3,
    4,
    0.34f },
  /* pickup */
  { 5.2f,
    1.95f,
    1.8f,
    0.6f,
    10,
    { { -0.5f, 0.24f },
      { -0.5f, 0.58f },
      { -0.13f, 0.58f },
      { -0.12f, 0.64f },
      { -0.09f, 0.98f },
      { 0.1f, 1.0f },
      { 0.22f, 0.66f },
      { 0.47f, 0.58f },
      { 0.5f, 0.48f },
      { 0.5f, 0.22f } },
    1 << 3 | 1 << 5,
    3,
    6,
    0.38f },
  /* bus */
  { 11,
    2.5f,
    3.1f,
    0.42f,
    6,
    { { -0.5f, 0.1f }, { -0.5f, 0.97f }, { -0.49f, 1.0f }, { 0.49f, 1.0f }, { 0.5f, 0.9f }, { 0.5f, 0.1f } },
    0,
    1,
    4,
    0.48f },
  /* lorry */
  { 7.5f,
    2.4f,
    3.1f,
    0.45f,
    9,
    { { -0.5f, 0.2f },
      { -0.5f, 1.0f },
      { 0.2f, 1.0f },
      { 0.21f, 0.4f },
      { 0.24f, 0.4f },
      { 0.25f, 0.78f },
      { 0.46f, 0.78f },
      { 0.5f, 0.42f },
      { 0.5f, 0.14f } },
    1 << 6,
    5,
    7,
    0.45f },
};

typedef struct
{
  const Body *body;
  float length, width, height, c, s;
  Vec base;
} Car;

static Car
car_of (const Scene *scene, const Thing *thing)
{
  const Body *body = &bodies[thing->kind];
  return (Car){ body,
                body->length * thing->size,
                body->width * thing->size,
                body->height * thing->size,
                cos_turn (thing->turn),
                sin_turn (thing->turn),
                scene_point (scene, thing->x, 0, thing->z) };
}

/* Along (rear to front), across (to the right), up; the upper part narrows. */
static Vec
car_point (const Car *car, float along, float across, float up)
{
  const float narrow =
      up > car->body->belt && car->body->height < 2 ? 1 - 0.28f * (up - car->body->belt) / (1 - car->body->belt) : 1;
  const float a = along * car->length, b = across * car->width * narrow;
  return vec (car->base.x + a * car->s + b * car->c, car->base.y + up * car->height,
              car->base.z + a * car->c - b * car->s);
}

static void
side_details (Scene *scene, const Car *car, float side, const Material *glass, const Material *dark,
              const Material *rim)
{
  const Body *body = car->body;
  const float k = side * 0.505f;
  /* The row of windows: the outline above the belt, shrunk a little. */
  Vec window[12];
  int n = 0;
  const float (*p)[2] = body->profile;
  const float inset = body->height > 2 ? 0.07f : 0.055f;
  float low = 1, high = -1;
  for (int i = body->window_from; i <= body->window_to; i++)
    {
      low = MIN (low, p[i][0]);
      high = MAX (high, p[i][0]);
    }
  const float middle = 0.5f * (low + high), shrink = 0.9f;
  window[n++] = car_point (car, middle + (low - middle) * shrink, k, body->belt + 0.03f);
  for (int i = body->window_from; i <= body->window_to; i++)
    if (p[i][1] > body->belt + 0.05f)
      window[n++] = car_point (car, middle + (p[i][0] - middle) * shrink, k, MIN (p[i][1], 1.0f) - inset);
  window[n++] = car_point (car, middle + (high - middle) * shrink, k, body->belt + 0.03f);
  if (n >= 3)
    scene_face (scene, window, n, DH_SCENE_CAR, glass);
  const int posts = body->length > 8 ? 7 : body->height > 2 ? 0 : 1;
  for (int i = 1; i <= posts; i++)
    {
      const float a = mixf (low, high, (float)i / (posts + 1)) + (posts == 1 ? -0.01f : 0);
      const Vec post[4] = { car_point (car, a - 0.012f, k, body->belt), car_point (car, a + 0.012f, k, body->belt),
                            car_point (car, a + 0.012f, k, 0.95f), car_point (car, a - 0.012f, k, 0.95f) };
      scene_face (scene, post, 4, DH_SCENE_CAR, dark);
    }
  const Vec sill[4] = { car_point (car, -0.49f, k, 0.14f), car_point (car, 0.49f, k, 0.14f),
                        car_point (car, 0.49f, k, 0.21f), car_point (car, -0.49f, k, 0.21f) };
  scene_face (scene, sill, 4, DH_SCENE_CAR, dark);
  for (int w = -1; w <= 1; w += 2)
    {
      const float at = w < 0 ? -0.31f : body->length > 6 ? 0.33f : 0.32f;
      const Vec hub = car_point (car, at, side * 0.51f, body->wheel / body->height);
      const Frame f = { hub, vec (car->s, 0, car->c), vec (0, 1, 0) };
      Material tyre = *dark;
      scene_ball (scene, &f, 0, 0.02f, body->wheel * 1.15f, body->wheel * 1.12f, 0, DH_SCENE_CAR, &tyre);
      scene_ball (scene, &f, 0, 0, body->wheel, body->wheel, 0, DH_SCENE_CAR, &tyre);
      scene_ball (scene, &f, 0, 0, body->wheel * 0.62f, body->wheel * 0.62f, 0, DH_SCENE_CAR, rim);
      scene_ball (scene, &f, 0, 0, body->wheel * 0.2f, body->wheel * 0.2f, 0, DH_SCENE_CAR, dark);
    }
}

static void
end_rect (Scene *scene, const Car *car, float end, float b0, float b1, float u0, float u1, const Material *m)
{
  const float a = end * 0.503f;
  const Vec face[4] = { car_point (car, a, b0, u0), car_point (car, a, b1, u0), car_point (car, a, b1, u1),
                        car_point (car, a, b0, u1) };
  scene_face (scene, face, 4, DH_SCENE_CAR, m);
}

static void
end_details (Scene *scene, const Car *car, Rng *rng, float end, const Material *glass, const Material *dark)
{
  const gboolean rear = end<0, tall = car->body->height> 2;
  const gboolean on = scene->night > 0.25f || rng_chance (rng, 0.3f);
  const Material plate = material (TEXTURE_PLAIN, rear ? rgb (0.85f, 0.82f, 0.6f) : rgb (0.88f, 0.88f, 0.86f), 1, 1);
  const Material red = material_glow (rgb (0.75f, 0.06f, 0.05f), on ? 0.35f + scene->night : 0.1f);
  const Material white = material_glow (rgb (0.95f, 0.95f, 0.88f), on ? 0.6f + scene->night : 0.05f);
  const Material *lamp = rear ? &red : &white;
  const float low = tall ? 0.2f : 0.42f, high = tall ? 0.29f : rear ? 0.56f : 0.52f;
  end_rect (scene, car, end, -0.48f, 0.48f, 0.12f, tall ? 0.17f : 0.26f, dark);
  end_rect (scene, car, end, -0.47f, rear ? -0.32f : -0.28f, low, high, lamp);
  end_rect (scene, car, end, rear ? 0.32f : 0.28f, 0.47f, low, high, lamp);
  end_rect (scene, car, end, -0.13f, 0.13f, tall ? 0.19f : 0.3f, tall ? 0.24f : 0.38f, &plate);
  if (!rear)
    end_rect (scene, car, end, -0.25f, 0.25f, tall ? 0.27f : 0.4f, tall ? 0.36f : 0.5f, dark);
  if (tall && (rear || car->body->length > 8))
    end_rect (scene, car, end, -0.42f, 0.42f, 0.52f, 0.88f,
              car->body->length > 7 && car->body->length < 8 ? dark : glass);
}

void
scene_draw_car (Scene *scene, const Thing *thing)
{
  Rng rng = { thing->seed };
  const Car car = car_of (scene, thing);
  const Body *body = car.body;
  static const Rgb paints[] = { { 0.82f, 0.82f, 0.82f }, { 0.12f, 0.12f, 0.13f }, { 0.5f, 0.51f, 0.53f },
                                { 0.6f, 0.09f, 0.08f },  { 0.11f, 0.2f, 0.42f },  { 0.3f, 0.33f, 0.36f },
                                { 0.16f, 0.3f, 0.2f },   { 0.72f, 0.6f, 0.18f },  { 0.5f, 0.38f, 0.26f },
                                { 0.36f, 0.52f, 0.66f }, { 0.75f, 0.35f, 0.1f } };
  const Rgb colour =
      rgb_vary (&rng, paints[rng_below (&rng, rng_chance (&rng, 0.5f) ? 3 : G_N_ELEMENTS (paints))], 0.12f);
  const guint32 seed = (guint32)rng_next (&rng);
  const Material paint = material (TEXTURE_PAINT, colour, 1, seed);
  const Material glass = material (TEXTURE_GLASS, rgb (0.13f, 0.16f, 0.19f), 1, seed);
  const Material dark = material (TEXTURE_PLAIN, rgb (0.07f, 0.07f, 0.075f), 1, seed);
  const Material rim = material (TEXTURE_PLAIN, rgb_vary (&rng, rgb (0.55f, 0.56f, 0.58f), 0.3f), 1, seed);

  /* Tyres, seen beneath the body from ahead and behind. */
  for (int w = -1; w <= 1; w += 2)
    for (int b = -1; b <= 1; b += 2)
      {
        const float a = w * 0.36f, u = 0.3f * MIN (1.0f, 1.6f / car.height);
        const Vec tyre[4] = { car_point (&car, a, b * 0.48f, 0), car_point (&car, a, b * 0.36f, 0),
                              car_point (&car, a, b * 0.36f, u), car_point (&car, a, b * 0.48f, u) };
        scene_face (scene, tyre, 4, DH_SCENE_CAR, &dark);
      }

  /* Faces far to near: the far side, then the edges of the profile by distance, then the near side. */
  const Vec right = vec (car.c, 0, -car.s);
  const float near_side = vec_dot (right, car.base) < 0 ? 1 : -1;
  const Vec ahead = vec (car.s, 0, car.c);
  const gboolean rear_seen = vec_dot (ahead, car.base) > 0;
  Vec outline[12];
  for (int side = 0; side < 2; side++)
    {
      const float k = (side ? 0.5f : -0.5f) * near_side;
      if (side)
        {
          for (int j = 0; j < body->n; j++)
            {
              const int i = rear_seen ? body->n - 1 - j : j, next = (i + 1) % body->n;
              const Vec quad[4] = { car_point (&car, body->profile[i][0], -0.5f, body->profile[i][1]),
                                    car_point (&car, body->profile[i][0], 0.5f, body->profile[i][1]),
                                    car_point (&car, body->profile[next][0], 0.5f, body->profile[next][1]),
                                    car_point (&car, body->profile[next][0], -0.5f, body->profile[next][1]) };
              const gboolean window = body->glass >> i & 1;
              scene_face (scene, quad, 4, DH_SCENE_CAR, next == 0 ? &dark : &paint);
              if (window)
                {
                  Vec pane[4];
                  const Vec mid = vec_scale (vec_add (vec_add (quad[0], quad[1]), vec_add (quad[2], quad[3])), 0.25f);
                  for (int q = 0; q < 4; q++)
                    pane[q] = vec_add (mid, vec_scale (vec_sub (quad[q], mid), 0.88f));
                  scene_face (scene, pane, 4, DH_SCENE_CAR, &glass);
                }
            }
          end_details (scene, &car, &rng, rear_seen ? -1 : 1, &glass, &dark);
        }
      for (int i = 0; i < body->n; i++)
        outline[i] = car_point (&car, body->profile[i][0], k, body->profile[i][1]);
      scene_face (scene, outline, body->n, DH_SCENE_CAR, &paint);
    }
  side_details (scene, &car, near_side, &glass, &dark, &rim);
}

void
scene_shade_car (Scene *scene, const Thing *thing)
{
  const Body *body = &bodies[thing->kind];
  const float c = cos_turn (thing->turn), s = sin_turn (thing->turn);
  const float a = 0.46f * body->length * thing->size, b = 0.46f * body->width * thing->size, h = 0.8f * body->height;
  const float ax = a * s, az = a * c, bx = b * c, bz = -b * s;
  const float x = thing->x, z = thing->z;
  scene_shadow_board (scene, x - ax - bx, z - az - bz, x + ax - bx, z + az - bz, h);
  scene_shadow_board (scene, x - ax + bx, z - az + bz, x + ax + bx, z + az + bz, h);
  scene_shadow_board (scene, x - ax - bx, z - az - bz, x - ax + bx, z - az + bz, h);
  scene_shadow_board (scene, x + ax - bx, z + az - bz, x + ax + bx, z + az + bz, h);
  scene_contact (scene, x, z, fabsf (ax) + fabsf (bx) + 0.1f, fabsf (az) + fabsf (bz) + 0.1f, 0.75f);
}
