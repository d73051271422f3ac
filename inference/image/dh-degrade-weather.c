/* What lies between the camera and what it looks at. */
#include "dh-degrade-private.h"

enum
{
  OCTAVES = 2,
  MOST_DEPTH = 1024, /* of fog, in 1/256 of its depth */
};

/* Clouds that change softly: by chance at the corners of a lattice, and smoothly between them. */
typedef struct
{
  guint64 seed;
  guint side, n; /* of a cell in pixels; corners in a row */
  gint *corners; /* of the row that is wanted, 0 to 255 */
} Lattice;

/* i of `side` as 0 to 256, without a bend at both ends. */
static inline gint
soften (guint i, guint side)
{
  const guint t = (i * 256 + side / 2) / side;
  return (gint)((t * t * (768 - 2 * t)) >> 16);
}

static gint
corner_at (const Lattice *lattice, guint i, guint k)
{
  return (gint)(dh_degrade_mix (lattice->seed ^ ((guint64)k << 32 | i)) >> 56);
}

static gboolean
init_lattice (Lattice *lattice, guint64 seed, guint side, guint width)
{
  *lattice = (Lattice){ seed, MAX (side, 1), width / MAX (side, 1) + 2, NULL };
  lattice->corners = g_try_new (gint, lattice->n);
  return lattice->corners != NULL;
}

static void
go_to_row (Lattice *lattice, guint y)
{
  const guint k = y / lattice->side;
  const gint weight = soften (y % lattice->side, lattice->side);
  for (guint i = 0; i < lattice->n; i++)
    {
      const gint above = corner_at (lattice, i, k), below = corner_at (lattice, i, k + 1);
      lattice->corners[i] = above + (((below - above) * weight) >> 8);
    }
}

/* Adds to a row, `share` of 256 of it. */
static void
add_row (const Lattice *lattice, guint width, gint share, gint *row)
{
  for (guint i = 0, x = 0; x < width; i++)
    {
      const gint left = lattice->corners[i], right = lattice->corners[i + 1];
      for (guint k = 0; k < lattice->side && x < width; k++, x++)
        row[x] += ((left + (((right - left) * soften (k, lattice->side)) >> 8)) * share) >> 8;
    }
}

/* What the brightest of the picture is like, 120 at least: fog is as bright as the sky. */
static guint
find_air (const DhImage *image)
{
  const gsize n = (gsize)image->width * image->height;
  guint64 counts[256] = { 0 }, above = 0;
  guint air = 255;
  for (gsize i = 0; i < n; i++)
    counts[dh_degrade_luminance (image->rgb + 3 * i)]++;
  for (; air > 120; air--)
    if ((above += counts[air]) * 20 > n)
      break;
  return air;
}

/* What is let through at each depth, of 65536. */
static void
make_shares (guint32 shares[MOST_DEPTH])
{
  const guint64 step = G_GUINT64_CONSTANT (4278222805); /* e^(−1/256), of 2³² */
  guint64 share = (G_GUINT64_CONSTANT (1) << 32) - 1;
  for (guint i = 0; i < MOST_DEPTH; i++)
    {
      shares[i] = (guint32)((share + 32768) >> 16);
      share = share * step >> 32;
    }
}

/* How far away the row is, of 4096: all above the horizon is as far as the horizon. */
static guint
distance_of (guint y, guint height)
{
  const guint horizon = height * 2 / 5;
  return y <= horizon ? 4096 : (guint)((guint64)4096 * (height - horizon) / (height - horizon + 8u * (y - horizon)));
}

static void
veil (guint8 *to, const guint8 *from, guint share, guint air)
{
  for (guint c = 0; c < 3; c++)
    to[c] = (guint8)((from[c] * share + air * (65536 - share) + 32768) >> 16);
}

gboolean
dh_degrade_fog (const DhDegradeJob *job)
{
  static const guint depth[] = { 0, 90, 179, 307, 486, 717 }; /* of 256 */
  static const gint of_octave[OCTAVES] = { 176, 80 };
  const guint width = job->from->width, height = job->from->height, air = find_air (job->from);
  Lattice lattices[OCTAVES] = { { 0 } };
  guint32 shares[MOST_DEPTH];
  g_autofree gint *clouds = g_try_new (gint, width);
  gboolean ready = clouds != NULL;
  for (guint o = 0; o < OCTAVES; o++)
    ready &= init_lattice (&lattices[o], job->seed + o, height / (o ? 9 : 3), width);
  make_shares (shares);
  for (guint y = 0; ready && y < height; y++)
    {
      const guint farthest = depth[job->severity] * distance_of (y, height);
      const gsize at = (gsize)3 * width * y;
      for (guint x = 0; x < width; x++)
        clouds[x] = 0;
      for (guint o = 0; o < OCTAVES; o++)
        {
          go_to_row (&lattices[o], y);
          add_row (&lattices[o], width, of_octave[o], clouds);
        }
      for (guint x = 0; x < width; x++)
        {
          /* 5/8 to 11/8 of it */
          const guint64 here = (guint64)farthest * (guint)(640 + 3 * clouds[x]) >> 22;
          veil (job->to->rgb + at + 3 * x, job->from->rgb + at + 3 * x, shares[MIN (here, MOST_DEPTH - 1)], air);
        }
    }
  for (guint o = 0; o < OCTAVES; o++)
    g_free (lattices[o].corners);
  return ready;
}

/* Rain falls on the mask, 255 where nothing is seen through it. */
static void
draw_streak (guint8 *mask, guint width, guint height, guint64 chance, guint length, gint slant, guint strength)
{
  const guint longest = MAX (length, 2);
  const gint64 top = (gint64)(chance % (height + longest)) - longest;
  gint64 x = (gint64)((chance >> 32) % ((guint64)width + height / 2)) * 256 - (slant > 0 ? (gint64)height * 64 : 0);
  for (guint k = 0; k < longest; k++, x += slant)
    {
      const gint64 y = top + k, column = x >> 8;
      if (y < 0 || y >= height || column < 0 || column >= width)
        continue;
      /* Faint at both ends, and between two pixels on both. */
      const guint here = strength * 2 * MIN (k + 1, longest - k) / longest;
      const guint right = here * (guint)(x & 255) >> 8;
      guint8 *at = mask + (gsize)width * (gsize)y + column;
      at[0] = (guint8)MIN (at[0] + here - right, 255);
      if (column + 1 < width)
        at[1] = (guint8)MIN (at[1] + right, 255);
    }
}

gboolean
dh_degrade_rain (const DhDegradeJob *job)
{
  static const guint density[] = { 0, 150, 350, 700, 1200, 2000 };
  static const guint strength[] = { 0, 70, 90, 110, 130, 150 };
  static const guint veils[] = { 0, 62915, 60293, 57672, 55050, 52429 };
  const guint width = job->from->width, height = job->from->height, air = find_air (job->from);
  const gsize n = (gsize)width * height;
  const guint64 scale = dh_degrade_length (256, height);
  const guint64 streaks = MAX (density[job->severity] * (guint64)n * 65536 / (scale * scale) / 1000000, 1);
  const guint length = dh_degrade_length (24 * 256, height) / 256, width_of = (guint)(scale + 255) / 256;
  const gint slant = (gint)(job->seed % 97) - 48;
  g_autofree guint8 *mask = g_try_malloc0 (n);
  if (!mask)
    return FALSE;
  for (guint64 i = 0; i < streaks; i++)
    {
      const guint64 chance = dh_degrade_mix (job->seed + i);
      const guint longer = length + length * (guint)(chance >> 24 & 3) / 2;
      for (guint k = 0; k < width_of; k++)
        draw_streak (mask, width, height, chance + ((guint64)k << 32), longer, slant, strength[job->severity]);
    }
  for (gsize i = 0; i < n; i++)
    veil (job->to->rgb + 3 * i, job->from->rgb + 3 * i, veils[job->severity] * (256u - mask[i]) / 256, MAX (air, 200));
  return TRUE;
}
