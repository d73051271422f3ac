#include <stdlib.h>

#include "dh-scene-private.h"

static void
put (Street *street, void (*draw) (Scene *, const Thing *), void (*shade) (Scene *, const Thing *), float x, float z,
     float turn, float size, int kind)
{
  if (street->n < MAX_THINGS)
    street->things[street->n++] = (Thing){ draw, shade, x, z, turn, size, kind, rng_next (&street->scene.rng) };
}

static void
lay_road (Scene *scene)
{
  Rng *rng = &scene->rng;
  const float half = rng_chance (rng, 0.35f) ? rng_range (rng, 5.6f, 8) : rng_range (rng, 3.2f, 5);
  scene->road_left = -half;
  scene->road_right = half;
  scene->walk_left = rng_range (rng, 1.8f, 4.5f);
  scene->walk_right = rng_range (rng, 1.8f, 4.5f);
  scene->left_hand = rng_chance (rng, 0.2f);
  const float lane = (half > 5.4f ? rng_range (rng, 0.2f, 0.72f) : rng_range (rng, 0.35f, 0.55f)) * half;
  scene->camera_x = scene->left_hand ? -lane : lane;
  if (rng_chance (rng, 0.35f))
    {
      scene->junction_from = rng_range (rng, 13, 45);
      scene->junction_to = scene->junction_from + rng_range (rng, 7, 13);
    }
}

static gboolean
in_junction (const Scene *scene, float z0, float z1)
{
  return scene->junction_from < scene->junction_to && z1 > scene->junction_from - 4 && z0 < scene->junction_to + 4;
}

/* One side of the street, from the kerb outwards. */
static void
build_side (Street *street, int side)
{
  Scene *scene = &street->scene;
  Rng *rng = &scene->rng;
  const float kerb = side < 0 ? scene->road_left : scene->road_right;
  const float walk = side < 0 ? scene->walk_left : scene->walk_right;
  const float edge = kerb + side * walk;
  int style = rng_below (rng, 5); /* 0, 1 town; 2 houses; 3 mixed; 4 park */
  if (scene->test && style == 4)
    style = 3;
  const gboolean garden = style == 2 || style == 4 || rng_chance (rng, 0.2f);
  const float setback = style == 2 ? rng_range (rng, 3, 8)
                        : garden   ? rng_range (rng, 2, 5)
                                   : rng_range (rng, 0.0f, 0.6f);

  for (float z = rng_range (rng, -14, -4); z < 180;)
    {
      const int pick = rng_below (rng, 10);
      const int kind = style == 2   ? 1
                       : style == 3 ? (pick < 3   ? 1
                                       : pick < 6 ? 0
                                       : pick < 8 ? 2
                                                  : 3)
                       : pick < 7   ? 0
                       : pick < 9   ? 2
                                    : 3;
      const float size = kind == 1   ? rng_range (rng, 7, 12)
                         : kind == 3 ? rng_range (rng, 16, 30)
                                     : rng_range (rng, 9, 22);
      const float gap = kind == 1 ? rng_range (rng, 2, 8) : rng_chance (rng, 0.2f) ? rng_range (rng, 2, 9) : 0;
      const gboolean built = style != 4 || z > 70;
      if (built && z + size > 1.5f && !in_junction (scene, z, z + size))
        put (street, scene_draw_building, scene_shade_building, edge + side * (setback + (kind == 1 ? 1 : 0)), z, 0,
             size, kind);
      z += size + gap;
    }

  /* What bounds the plot: nothing, fence, wall or hedge, in runs. */
  const int bound = garden ? rng_below (rng, 5) : rng_chance (rng, 0.12f) ? 1 : 4;
  const float line = edge + side * 0.15f;
  const float tall = bound == 0 || bound == 1 ? rng_range (rng, 0.9f, 1.9f) : rng_range (rng, 0.7f, 2.0f);
  const int make = rng_below (rng, 4), stone = rng_below (rng, 3);
  if (bound < 4)
    for (float z = 1.5f; z < 75; z += 3)
      {
        if (in_junction (scene, z, z + 3) || rng_chance (rng, 0.08f))
          continue;
        if (bound <= 1)
          put (street, scene_draw_fence, scene_shade_wall, line, z, 3.03f, tall, make);
        else if (bound == 2)
          put (street, scene_draw_wall, scene_shade_wall, line, z, 3.03f, tall, stone);
        else
          put (street, scene_draw_bush, scene_shade_bush, line + side * 0.4f, z + 1.5f, 0, tall, 1);
      }
  /* A rail or a mesh between pavement and road. */
  if (rng_chance (rng, 0.13f))
    {
      const float from = rng_range (rng, 4, 25);
      const int rail = 1 + rng_below (rng, 3);
      for (float z = from; z < from + 24; z += 3)
        if (!in_junction (scene, z, z + 3))
          put (street, scene_draw_fence, scene_shade_wall, kerb + side * 0.4f, z, 3.03f, 1.0f, rail);
    }

  if (garden)
    for (int i = 3 + rng_below (rng, 8); i > 0; i--)
      {
        const float x = edge + side * rng_range (rng, 0.8f, style == 4 ? 22 : MAX (setback, 1.0f)),
                    z = rng_range (rng, 4, 90);
        if (in_junction (scene, z, z))
          continue;
        if (rng_chance (rng, style == 4 ? 0.75f : 0.45f))
          put (street, scene_draw_tree, scene_shade_tree, x, z, 0, rng_range (rng, 0.6f, 1.2f), 0);
        else
          put (street, scene_draw_bush, scene_shade_bush, x, z, 0, rng_range (rng, 0.5f, 1.5f), 0);
      }
  const float beside = kerb + side * 0.6f;
  if (rng_chance (rng, 0.5f)) /* an avenue */
    {
      const float step = rng_range (rng, 8, 18);
      const float grown = rng_range (rng, 0.5f, 0.95f);
      for (float z = rng_range (rng, 5, 15); z < 110; z += step * rng_range (rng, 0.8f, 1.2f))
        if (!in_junction (scene, z, z))
          put (street, scene_draw_tree, scene_shade_tree, beside + side * 0.4f, z, 0,
               grown * rng_range (rng, 0.8f, 1.1f), 0);
    }
  if (rng_chance (rng, 0.7f))
    {
      const int kind = rng_chance (rng, 0.25f);
      const float height = kind ? rng_range (rng, 6, 8) : rng_range (rng, 4, 8.5f);
      const float step = rng_range (rng, 14, 28);
      for (float z = rng_range (rng, 5, 20); z < 110; z += step)
        if (!in_junction (scene, z, z))
          put (street, scene_draw_lamp, scene_shade_pole, beside, z, (float)-side, height, kind);
    }
  for (int i = rng_below (rng, 3); i > 0; i--)
    {
      const float z = rng_range (rng, 5, 40);
      const float x = beside + side * rng_range (rng, 0, 0.5f), turn = rng_range (rng, -0.06f, 0.06f);
      put (street, scene_draw_sign, scene_shade_pole, x, z, turn, rng_range (rng, 2.1f, 2.9f), 0);
    }
  if (scene->junction_from < scene->junction_to && rng_chance (rng, 0.75f))
    put (street, scene_draw_signal, scene_shade_pole, beside, scene->junction_from - 1.2f, (float)-side, 3.2f, 0);
  else if (rng_chance (rng, 0.12f))
    put (street, scene_draw_signal, scene_shade_pole, beside, rng_range (rng, 9, 30), (float)-side, 3.2f, 0);
  for (int i = rng_below (rng, 6); i > 0; i--)
    {
      const float z = rng_range (rng, 4.5f, 40);
      const float x = kerb + side * rng_range (rng, 0.7f, MAX (walk - 0.4f, 1.0f));
      const float height = rng_chance (rng, 0.12f) ? rng_range (rng, 1.1f, 1.4f) : rng_range (rng, 1.58f, 1.92f);
      const gboolean stands = rng_chance (rng, 0.3f);
      if (!in_junction (scene, z, z))
        put (street, scene_draw_person, scene_shade_person, x, z, 0, height, stands);
    }
}

static int
any_body (Rng *rng)
{
  const int pick = rng_below (rng, 20);
  return pick < 5    ? 0
         : pick < 10 ? 1
         : pick < 13 ? 2
         : pick < 15 ? 3
         : pick < 17 ? 4
         : pick < 18 ? 5
         : pick < 19 ? 6
                     : 7;
}

static void
add_traffic (Street *street)
{
  Scene *scene = &street->scene;
  Rng *rng = &scene->rng;
  const float half = scene->road_right;
  const gboolean wide = half > 5.4f;
  const float own = scene->left_hand ? -1 : 1;
  for (int way = 0; way < 2; way++)
    for (int lane = 0; lane < (wide ? 2 : 1); lane++)
      {
        const float middle = wide ? (lane ? 0.74f : 0.25f) * half : 0.46f * half;
        const float x = (way ? -own : own) * middle;
        float z = way || fabsf (x - scene->camera_x) > 1.6f ? rng_range (rng, 6, 40) : rng_range (rng, 9, 50);
        while (z < 120)
          {
            const int kind = any_body (rng);
            const float off = rng_range (rng, -0.2f, 0.2f), turn = rng_range (rng, -0.01f, 0.01f) + (way ? 0.5f : 0);
            const float size = rng_range (rng, 0.94f, 1.06f);
            if (rng_chance (rng, 0.45f))
              put (street, scene_draw_car, scene_shade_car, x + off, z + (kind >= 6 ? 4 : 0), turn, size, kind);
            z += (kind >= 6 ? 14 : 0) + rng_range (rng, 8, 35);
          }
      }
  for (int side = -1; side <= 1; side += 2)
    if (rng_chance (rng, half > 4 ? 0.5f : 0.25f)) /* parked at the kerb */
      for (float z = rng_range (rng, 4, 16); z < 70; z += rng_range (rng, 5.6f, 9))
        {
          const float turn = rng_chance (rng, 0.15f) ? 0.5f : 0, size = rng_range (rng, 0.94f, 1.04f);
          const int kind = rng_below (rng, 6);
          if (!in_junction (scene, z - 3, z + 3) && rng_chance (rng, 0.7f))
            put (street, scene_draw_car, scene_shade_car, side * (half - 1.05f), z, turn, size, kind);
        }
  if (scene->junction_from < scene->junction_to && rng_chance (rng, 0.5f))
    {
      const float x = rng_range (rng, -9, 9), off = rng_range (rng, -1.5f, 1.5f);
      const float turn = rng_chance (rng, 0.5f) ? 0.25f : 0.75f;
      put (street, scene_draw_car, scene_shade_car, x, 0.5f * (scene->junction_from + scene->junction_to) + off, turn,
           1, any_body (rng) % 6);
    }
  for (int i = rng_chance (rng, 0.4f) ? 1 + rng_below (rng, 3) : 0; i > 0; i--) /* crossing the road */
    {
      const float x = rng_range (rng, scene->road_left, scene->road_right), z = rng_range (rng, 8, 35);
      put (street, scene_draw_person, scene_shade_person, x, z, 0, rng_range (rng, 1.55f, 1.9f), 0);
    }
}

/* Far enough from what stands there already? */
static gboolean
is_free (const Street *street, float x, float z)
{
  for (int i = 0; i < street->n; i++)
    {
      const Thing *thing = &street->things[i];
      const gboolean long_one = thing->draw == scene_draw_car && thing->kind >= 6;
      const float along = thing->draw == scene_draw_car       ? (long_one ? 8.0f : 4.6f)
                          : thing->draw == scene_draw_anomaly ? 4.0f
                                                              : 1.2f;
      const float across = thing->draw == scene_draw_car || thing->draw == scene_draw_anomaly ? 2.6f : 1.2f;
      if (thing->draw != scene_draw_building && fabsf (thing->z - z) < along && fabsf (thing->x - x) < across)
        return FALSE;
    }
  return TRUE;
}

/* How far to the side buildings begin. */
static gboolean
in_building (const Street *street, float x, float z)
{
  for (int i = 0; i < street->n; i++)
    {
      const Thing *thing = &street->things[i];
      if (thing->draw == scene_draw_building && z > thing->z - 1 && z < thing->z + thing->size + 1
          && (thing->x < 0 ? x < thing->x + 0.9f : x > thing->x - 0.9f))
        return TRUE;
    }
  return FALSE;
}

static void
add_anomalies (Street *street)
{
  Scene *scene = &street->scene;
  Rng *rng = &scene->rng;
  for (int i = 1 + rng_below (rng, 3); i > 0; i--)
    {
      const int kind = rng_below (rng, N_ANOMALIES);
      float x = 0, z = 0;
      for (int attempt = 0; attempt < 40; attempt++)
        {
          z = rng_chance (rng, 0.35f) ? rng_range (rng, 18, 40) : rng_range (rng, 6.5f, 18);
          const float reach = 0.42f * z * (float)scene->canvas.width / scene->focal;
          x = rng_chance (rng, 0.6f) ? rng_range (rng, scene->road_left + 0.8f, scene->road_right - 0.8f)
                                     : scene->camera_x + rng_range (rng, -reach, reach);
          x = clampf (x, scene->camera_x - reach, scene->camera_x + reach);
          if (is_free (street, x, z) && !in_building (street, x, z))
            break;
        }
      const float turn = rng_range (rng, -0.12f, 0.12f);
      put (street, scene_draw_anomaly, scene_shade_anomaly, x, z, turn, rng_range (rng, 0.85f, 1.25f), kind);
    }
}

static int
layer_of (const Thing *thing)
{
  return thing->draw == scene_draw_building ? 0 : 1;
}

static int
far_first (gconstpointer a, gconstpointer b)
{
  const Thing *p = a, *q = b;
  if (layer_of (p) != layer_of (q))
    return layer_of (p) - layer_of (q);
  return p->z > q->z ? -1 : p->z < q->z ? 1 : p->seed < q->seed ? -1 : p->seed > q->seed;
}

void
scene_lay_out (Street *street)
{
  lay_road (&street->scene);
  build_side (street, -1);
  build_side (street, 1);
  add_traffic (street);
  if (street->scene.test)
    add_anomalies (street);
  qsort (street->things, street->n, sizeof (Thing), far_first);
}
