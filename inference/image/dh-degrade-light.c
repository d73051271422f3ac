/* What changes each pixel by itself: light and noise. */
#include "dh-degrade-private.h"

#define MOST_LIGHT (255 * 255)

/* By chance, of mean 0: the sum of eight bytes, nearly normal and within ±4.9 of its σ, which is 209.02. */
static inline gint
chance (guint64 seed, gsize i)
{
  const guint64 bits = dh_degrade_mix (seed + i), mask = G_GUINT64_CONSTANT (0x00ff00ff00ff00ff);
  const guint64 pairs = (bits & mask) + (bits >> 8 & mask);
  return (gint)((pairs * G_GUINT64_CONSTANT (0x0001000100010001)) >> 48) - 1020;
}

static guint
root_of (guint64 value)
{
  guint64 root = 0;
  for (guint64 bit = G_GUINT64_CONSTANT (1) << 31; bit; bit >>= 1)
    if ((root | bit) * (root | bit) <= value)
      root |= bit;
  return (guint)root;
}

/* What chance() is multiplied with for 2⁻¹⁶ of a σ whose square, times 2¹⁶, this is. */
static gint64
factor_of (guint64 square)
{
  return (gint64)root_of (square) * 256 * 100 / 20902;
}

/* v → v + noise, whose σ is that of v. */
static void
add_noise (const DhDegradeJob *job, const gint64 factors[256])
{
  const gsize n = (gsize)3 * job->from->width * job->from->height;
  for (gsize i = 0; i < n; i++)
    {
      const guint8 v = job->from->rgb[i];
      job->to->rgb[i] = dh_degrade_byte (v + (gint)((chance (job->seed, i) * factors[v] + 32768) >> 16));
    }
}

gboolean
dh_degrade_noise (const DhDegradeJob *job)
{
  static const guint sigma[] = { 0, 6, 12, 20, 30, 45 };
  gint64 factors[256];
  for (guint v = 0; v < 256; v++)
    factors[v] = factor_of ((guint64)sigma[job->severity] * sigma[job->severity] << 16);
  add_noise (job, factors);
  return TRUE;
}

gboolean
dh_degrade_shot (const DhDegradeJob *job)
{
  static const guint photons[] = { 0, 200, 90, 45, 22, 11 };
  gint64 factors[256];
  for (guint v = 0; v < 256; v++)
    factors[v] = factor_of (((guint64)255 * v << 16) / photons[job->severity]);
  add_noise (job, factors);
  return TRUE;
}

/* The values of each light up to MOST_LIGHT: its root, rounded. */
static guint8 *
make_values (void)
{
  guint8 *values = g_try_malloc (MOST_LIGHT + 1);
  for (guint light = 0, v = 0; values && light <= MOST_LIGHT; light++)
    {
      v += light > v * v + v;
      values[light] = (guint8)v;
    }
  return values;
}

gboolean
dh_degrade_dark (const DhDegradeJob *job)
{
  static const guint share[] = { 0, 55, 35, 20, 11, 6 };           /* of the light, per cent */
  static const guint gain[] = { 0, 20, 40, 60, 90, 130 };          /* of the noise of light */
  static const guint floor_[] = { 0, 200, 600, 1500, 3000, 6000 }; /* of reading: σ², in light */
  g_autofree guint8 *values = make_values ();
  gint light[256];
  gint64 factors[256];
  if (!values)
    return FALSE;
  for (guint v = 0; v < 256; v++)
    {
      light[v] = (gint)(v * v * share[job->severity] / 100);
      factors[v] = factor_of ((guint64)(gain[job->severity] * (guint)light[v] + floor_[job->severity]) << 16);
    }
  const gsize n = (gsize)3 * job->from->width * job->from->height;
  for (gsize i = 0; i < n; i++)
    {
      const guint8 v = job->from->rgb[i];
      const gint seen = light[v] + (gint)((chance (job->seed, i) * factors[v] + 32768) >> 16);
      job->to->rgb[i] = values[CLAMP (seen, 0, MOST_LIGHT)];
    }
  return TRUE;
}

static void
look_up (const DhDegradeJob *job, const guint8 table[256])
{
  const gsize n = (gsize)3 * job->from->width * job->from->height;
  for (gsize i = 0; i < n; i++)
    job->to->rgb[i] = table[job->from->rgb[i]];
}

gboolean
dh_degrade_bright (const DhDegradeJob *job)
{
  static const guint gain[] = { 0, 15, 21, 30, 43, 60 }; /* tenths */
  g_autofree guint8 *values = make_values ();
  guint8 table[256];
  if (!values)
    return FALSE;
  for (guint v = 0; v < 256; v++)
    table[v] = values[MIN (v * v * gain[job->severity] / 10, MOST_LIGHT)];
  look_up (job, table);
  return TRUE;
}

gboolean
dh_degrade_contrast (const DhDegradeJob *job)
{
  static const gint share[] = { 0, 70, 50, 35, 22, 12 }; /* per cent */
  const gsize n = (gsize)job->from->width * job->from->height;
  guint64 sum = 0;
  for (gsize i = 0; i < n; i++)
    sum += dh_degrade_luminance (job->from->rgb + 3 * i);
  const gint mean = (gint)((sum + n / 2) / n);
  guint8 table[256];
  for (gint v = 0; v < 256; v++)
    table[v] = dh_degrade_byte ((100 * mean + share[job->severity] * (v - mean) + 50) / 100);
  look_up (job, table);
  return TRUE;
}
