#include "dh-scene-private.h"

/* Abstract textures, none of which any scene or anomaly uses. */
typedef enum
{
  WEAVE_MARBLE,
  WEAVE_CELLS,
  WEAVE_RINGS,
  WEAVE_WAVES,
  WEAVE_ARCS,
  WEAVE_GRADIENT,
  WEAVE_SPECKLE,
  WEAVE_SCALES,
  WEAVE_STEPS,
  WEAVE_CLOUDY,
  N_WEAVES,
} Weave;

typedef struct
{
  Weave weave;
  Rgb a, b, c;
  guint32 seed;
  float scale, cos, sin, shade_x, shade_y;
} Cloth;

static Rgb
any_colour (Rng *rng)
{
  /* From grey to full colour, dark to bright. */
  const float v = rng_range (rng, 0.08f, 0.95f), s = rng_unit (rng) * rng_unit (rng) * 1.3f, hue = rng_unit (rng);
  return rgb (unitf (v * (1 + s * cos_turn (hue))), unitf (v * (1 + s * cos_turn (hue + 0.333f))),
              unitf (v * (1 + s * cos_turn (hue + 0.667f))));
}

static Rgb
shade_cloth (gconstpointer data, const Sample *p, float *alpha)
{
  const Cloth *cloth = data;
  const float x = (p->s * cloth->cos + p->t * cloth->sin) / cloth->scale;
  const float y = (p->t * cloth->cos - p->s * cloth->sin) / cloth->scale;
  const guint32 seed = cloth->seed;
  Rgb c = cloth->a;
  switch (cloth->weave)
    {
    case WEAVE_MARBLE:
      c = rgb_mix (cloth->a, cloth->b, 0.5f + 0.5f * sin_turn (x * 0.5f + 2 * fbm2 (seed, x, y, 4)));
      break;
    case WEAVE_CELLS:
      {
        float best = 9, second = 9;
        guint32 id = 0;
        for (int j = -1; j <= 1; j++)
          for (int i = -1; i <= 1; i++)
            {
              const gint32 cx = cell (x) + i, cy = cell (y) + j;
              const float dx = (float)cx + hash_unit (seed, cx, cy) - x,
                          dy = (float)cy + hash_unit (seed + 1, cx, cy) - y;
              const float d = dx * dx + dy * dy;
              if (d < best)
                {
                  second = best;
                  best = d;
                  id = hash2 (seed + 2, cx, cy);
                }
              else if (d < second)
                second = d;
            }
        c = rgb_mix (cloth->a, cloth->b, (float)(id & 255) * (1.0f / 255));
        c = rgb_mix (cloth->c, c, smooth ((sqrtf (second) - sqrtf (best)) * 8));
        break;
      }
    case WEAVE_RINGS:
      {
        const float r = sqrtf (x * x + y * y) + 0.5f * fbm2 (seed, x, y, 3);
        c = rgb_mix (cloth->a, cloth->b, smooth (0.5f + 0.9f * sin_turn (r * 1.4f)));
        break;
      }
    case WEAVE_WAVES:
      c = rgb_mix (
          cloth->a, cloth->b,
          0.5f
              + 0.25f * (sin_turn (x + 0.3f * sin_turn (0.5f * y)) + sin_turn (y * 0.8f + 0.3f * sin_turn (0.6f * x))));
      break;
    case WEAVE_ARCS: /* Truchet's tiles */
      {
        const gint32 i = cell (x), j = cell (y);
        float fx = x - (float)i;
        const float fy = y - (float)j;
        if (hash2 (seed, i, j) & 1)
          fx = 1 - fx;
        const float near = MIN (fx * fx + fy * fy, (1 - fx) * (1 - fx) + (1 - fy) * (1 - fy));
        c = rgb_mix (cloth->a, cloth->b, band (sqrtf (near), 0.35f, 0.65f, 0.1f));
        break;
      }
    case WEAVE_GRADIENT:
      c = rgb_mix (cloth->a, cloth->b, smooth (0.5f + 0.12f * x));
      break;
    case WEAVE_SPECKLE:
      c = rgb_mix (cloth->a, cloth->b,
                   hash_unit (seed, cell (x * 9), cell (y * 9)) * smooth (fbm2 (seed, x, y, 2) * 2));
      break;
    case WEAVE_SCALES:
      {
        const gint32 row = cell (y);
        const float u = part (x + (row & 1 ? 0.5f : 0)) - 0.5f, v = y - (float)row;
        c = rgb_mix (cloth->a, cloth->b, smooth (4 * (u * u + 0.4f * v * v)));
        break;
      }
    case WEAVE_STEPS: /* contour lines of a hill */
      c = rgb_mix (cloth->a, cloth->b, 0.2f * whole (6 * fbm2 (seed, 0.5f * x, 0.5f * y, 3)));
      break;
    default:
      c = rgb_mix (cloth->a, cloth->b, fbm2 (seed, x, y, 5));
      break;
    }
  const float grain = 0.94f + 0.12f * hash_unit (seed + 4, p->px, p->py);
  const float light = 0.9f + 0.45f * (fbm2 (seed + 5, p->s * 0.012f, p->t * 0.012f, 2) - 0.5f);
  return rgb_scale (c, grain * light * (1 + cloth->shade_x * (p->s - 256) + cloth->shade_y * (p->t - 128)));
}

static Cloth
any_cloth (Rng *rng, float unit)
{
  const float turn = rng_unit (rng);
  Cloth cloth = { .weave = (Weave)rng_below (rng, N_WEAVES), .cos = cos_turn (turn), .sin = sin_turn (turn) };
  cloth.a = any_colour (rng);
  cloth.b = any_colour (rng);
  cloth.c = any_colour (rng);
  cloth.seed = (guint32)rng_next (rng);
  cloth.scale = unit * rng_range (rng, 6, 46);
  cloth.shade_x = rng_range (rng, -0.0012f, 0.0012f);
  cloth.shade_y = rng_range (rng, -0.002f, 0.002f);
  return cloth;
}

void
scene_draw_negative (Canvas *canvas, Rng *rng)
{
  const PixelMap pixels = { { { 1e-6f, 0, 0 }, { 0, 1e-6f, 0 }, { 0, 0, 1e-6f } } };
  const float w = canvas->width, h = canvas->height, unit = MAX (w, 2 * h) / 512;
  float xy[64][2] = { { 0, 0 }, { w, 0 }, { w, h }, { 0, h } };
  Cloth cloth = any_cloth (rng, unit);
  canvas_fill (canvas, (const float (*)[2])xy, 4, 1, &pixels, shade_cloth, &cloth, TRUE);
  const int n = 8 + rng_below (rng, 10);
  for (int i = 0; i < n; i++)
    {
      const float x = rng_range (rng, 0, w), y = rng_range (rng, 0, h),
                  r = unit * rng_range (rng, 16, i < 4 ? 110 : 60);
      const float flat = rng_range (rng, 0.4f, 1), turn = rng_unit (rng), c = cos_turn (turn), s = sin_turn (turn);
      const int shape = rng_below (rng, 4), points = shape == 0 ? 3 + rng_below (rng, 5) : shape == 3 ? 10 : 40;
      const guint32 seed = (guint32)rng_next (rng);
      const float ragged = shape == 2 ? 0.9f : shape == 1 ? 0.25f : 0;
      for (int k = 0; k < points; k++)
        {
          const float a = (float)k / (float)points, ca = cos_turn (a), sa = sin_turn (a);
          float q = r * (1 + ragged * (fbm2 (seed, 2.5f * ca, 2.5f * sa, 2) - 0.5f));
          if (shape == 3 && (k & 1))
            q *= 0.5f;
          xy[k][0] = x + q * (ca * c - flat * sa * s);
          xy[k][1] = y + q * (ca * s + flat * sa * c);
        }
      cloth = any_cloth (rng, unit);
      canvas_fill (canvas, (const float (*)[2])xy, points, (guint8)(2 + i), &pixels, shade_cloth, &cloth, TRUE);
    }
}
