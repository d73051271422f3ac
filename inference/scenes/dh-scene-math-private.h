#pragma once
#include <glib.h>
#include <math.h>

G_BEGIN_DECLS

/* Arithmetic that gives the same bits on every IEEE machine: +, −, ×, / and sqrtf alone, in a fixed order: the
 * room is compiled with -ffp-contract=off, and no two draws of a random number stand in one expression, whose parts C
 * evaluates in any order. No libm function whose last digit differs between C libraries. */

typedef struct
{
  float r, g, b;
} Rgb;

typedef struct
{
  float x, y, z;
} Vec;

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
typedef struct
{
  guint64 state;
} Rng;

static inline guint64
rng_mix (guint64 z)
{
  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static inline guint64
rng_next (Rng *rng)
{
  rng->state += G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);
  return rng_mix (rng->state);
}

/* [0, 1), 24 bits. */
static inline float
rng_unit (Rng *rng)
{
  return (float)(rng_next (rng) >> 40) * (1.0f / 16777216.0f);
}

static inline float
rng_range (Rng *rng, float low, float high)
{
  return low + (high - low) * rng_unit (rng);
}

static inline int
rng_below (Rng *rng, int n)
{
  return (int)((rng_next (rng) >> 33) % (guint64)n);
}

static inline gboolean
rng_chance (Rng *rng, float probability)
{
  return rng_unit (rng) < probability;
}

/* Mean 0, deviation 1, bell-shaped: the sum of four uniforms. */
static inline float
rng_bell (Rng *rng)
{
  const float a = rng_unit (rng), b = rng_unit (rng), c = rng_unit (rng), d = rng_unit (rng);
  return ((a + b) + (c + d) - 2.0f) * 1.7320508f;
}

static inline float
clampf (float v, float low, float high)
{
  return v < low ? low : v > high ? high : v;
}

static inline float
unitf (float v)
{
  return clampf (v, 0.0f, 1.0f);
}

static inline float
mixf (float a, float b, float t)
{
  return a + (b - a) * t;
}

static inline float
smooth (float t)
{
  t = unitf (t);
  return t * t * (3.0f - 2.0f * t);
}

/* The largest whole number not above v, for |v| < 10⁸; without the call that floorf is on older processors. */
static inline float
whole (float v)
{
  const gint32 i = (gint32)clampf (v, -1e8f, 1e8f);
  return (float)(i - ((float)i > v));
}

/* Sine of an angle given in turns, to about 0.001. */
static inline float
sin_turn (float turns)
{
  const float t = turns - whole (turns + 0.5f);
  const float y = 8.0f * t - 16.0f * t * fabsf (t);
  return 0.225f * (y * fabsf (y) - y) + y;
}

static inline float
cos_turn (float turns)
{
  return sin_turn (turns + 0.25f);
}

/* Close to exp (−v) for v ≥ 0. */
static inline float
decay (float v)
{
  float e = 1.0f / (1.0f + v * (1.0f / 16.0f));
  e *= e;
  e *= e;
  e *= e;
  return e * e;
}

static inline Rgb
rgb (float r, float g, float b)
{
  return (Rgb){ r, g, b };
}

static inline Rgb
rgb_scale (Rgb a, float s)
{
  return (Rgb){ a.r * s, a.g * s, a.b * s };
}

static inline Rgb
rgb_times (Rgb a, Rgb b)
{
  return (Rgb){ a.r * b.r, a.g * b.g, a.b * b.b };
}

static inline Rgb
rgb_add (Rgb a, Rgb b)
{
  return (Rgb){ a.r + b.r, a.g + b.g, a.b + b.b };
}

static inline Rgb
rgb_mix (Rgb a, Rgb b, float t)
{
  return (Rgb){ mixf (a.r, b.r, t), mixf (a.g, b.g, t), mixf (a.b, b.b, t) };
}

/* A colour near `a`: brightness and hue both move by up to `amount`. */
static inline Rgb
rgb_vary (Rng *rng, Rgb a, float amount)
{
  const float s = 1.0f + rng_range (rng, -amount, amount);
  const float r = 1.0f + 0.5f * rng_range (rng, -amount, amount);
  const float b = 1.0f + 0.5f * rng_range (rng, -amount, amount);
  return (Rgb){ unitf (a.r * s * r), unitf (a.g * s), unitf (a.b * s * b) };
}

static inline Vec
vec (float x, float y, float z)
{
  return (Vec){ x, y, z };
}

static inline Vec
vec_add (Vec a, Vec b)
{
  return (Vec){ a.x + b.x, a.y + b.y, a.z + b.z };
}

static inline Vec
vec_sub (Vec a, Vec b)
{
  return (Vec){ a.x - b.x, a.y - b.y, a.z - b.z };
}

static inline Vec
vec_scale (Vec a, float s)
{
  return (Vec){ a.x * s, a.y * s, a.z * s };
}

static inline float
vec_dot (Vec a, Vec b)
{
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline Vec
vec_cross (Vec a, Vec b)
{
  return (Vec){ a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x };
}

static inline Vec
vec_unit (Vec a)
{
  const float n = sqrtf (vec_dot (a, a));
  return n > 1e-12f ? vec_scale (a, 1.0f / n) : vec (0, 1, 0);
}

static inline guint32
hash2 (guint32 seed, gint32 x, gint32 y)
{
  guint32 h = seed ^ (guint32)x * 0x9E3779B1u ^ (guint32)y * 0x85EBCA77u;
  h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
  h = (h ^ (h >> 12)) * 0x297A2D39u;
  return h ^ (h >> 15);
}

static inline float
hash_unit (guint32 seed, gint32 x, gint32 y)
{
  return (float)(hash2 (seed, x, y) >> 8) * (1.0f / 16777216.0f);
}

/* Conversion to a lattice cell (downwards); coordinates beyond any scene are clamped, so that it is defined for all. */
static inline gint32
cell (float v)
{
  v = clampf (v, -1e8f, 1e8f);
  const gint32 i = (gint32)v;
  return i - ((float)i > v);
}

/* v less its cell: [0, 1). */
static inline float
part (float v)
{
  return v - (float)cell (v);
}

/* A permutation of 0…255. */
extern G_GNUC_INTERNAL const guint8 noise_order[256];

/* Value noise in [0, 1); repeats after 256 cells. */
static inline float
noise2 (guint32 seed, float x, float y)
{
  const gint32 ix = cell (x), iy = cell (y);
  float fx = x - (float)ix, fy = y - (float)iy;
  const guint32 column = (guint32)ix + (seed >> 8), row = (guint32)iy + seed;
  const guint32 r0 = noise_order[row & 255] + (seed >> 16), r1 = noise_order[(row + 1) & 255] + (seed >> 16);
  fx = fx * fx * (3.0f - 2.0f * fx);
  fy = fy * fy * (3.0f - 2.0f * fy);
  const float a = (float)noise_order[(column + r0) & 255], b = (float)noise_order[(column + 1 + r0) & 255];
  const float c = (float)noise_order[(column + r1) & 255], d = (float)noise_order[(column + 1 + r1) & 255];
  return mixf (mixf (a, b, fx), mixf (c, d, fx), fy) * (1.0f / 256);
}

/* Octaves of value noise, each of half the weight and twice the frequency; in [0, 1). */
static inline float
fbm2 (guint32 seed, float x, float y, int octaves)
{
  float sum = 0, weight = 1, total = 0;
  for (int i = 0; i < octaves; i++)
    {
      sum += weight * noise2 (seed + (guint32)i * 0x68E31DA4u, x, y);
      total += weight;
      weight *= 0.5f;
      x *= 2.03f;
      y *= 2.03f;
    }
  return sum / total;
}

/* 1 inside [a, b], 0 outside, with ramps of width w at both ends: a filtered edge. */
static inline float
band (float x, float a, float b, float w)
{
  const float inv = 1.0f / (w > 1e-4f ? w : 1e-4f);
  return unitf ((x - a) * inv + 0.5f) - unitf ((x - b) * inv + 0.5f);
}

G_END_DECLS
