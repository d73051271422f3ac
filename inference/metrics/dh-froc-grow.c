/* The components of one picture at every threshold: its pixels enter in the order of their scores, and each is joined
 * to the neighbours that are there. */
#include "dh-froc-private.h"
#include <math.h>
#include <string.h>
#include "dh-key-private.h"

#define DIGIT 11
#define BUCKETS (1u << DIGIT)
#define PASSES 3
/* How far ahead memory is asked for: pixels that follow each other lie anywhere in the picture. */
#define AHEAD 12

enum
{
  ENTERED = 1,
  ANOMALY = 2,
};

/* An object: how many more of its pixels must enter until it is found. */
typedef struct
{
  guint32 area, left;
} Object;

typedef struct
{
  const DhFrocOptions *options;
  gint32 *parents; /* of a pixel that entered: one of its component, or, of the root, −(2 · area + touches an anomaly);
                      of an anomaly pixel that has not: its object's number, from 1 on */
  guint8 *states;
  gint32 around[8]; /* from a pixel to its neighbours, clockwise */
  gint32 alarms;    /* more than at the last step */
} Picture;

/* Which neighbours to join, of those that are there: one of each group of neighbours that touch each other, and so are
 * of one component already. */
typedef struct
{
  guint8 n, first[4];
} Groups;

void
dh_froc_sort (guint64 *pairs, guint64 *other, gsize n)
{
  g_autofree gsize *counts = g_new0 (gsize, PASSES * BUCKETS);
  guint64 *from = pairs, *to = other;
  for (gsize i = 0; i < n; i++)
    for (guint pass = 0; pass < PASSES; pass++)
      counts[pass * BUCKETS + (pairs[i] >> (32 + pass * DIGIT) & (BUCKETS - 1))]++;
  for (guint pass = 0; pass < PASSES && n > 0; pass++)
    {
      gsize *count = counts + pass * BUCKETS, begin = 0;
      const guint shift = 32 + pass * DIGIT;
      if (count[from[0] >> shift & (BUCKETS - 1)] == n)
        continue;
      for (guint b = 0; b < BUCKETS; b++)
        {
          const gsize here = count[b];
          count[b] = begin;
          begin += here;
        }
      for (gsize i = 0; i < n; i++)
        to[count[from[i] >> shift & (BUCKETS - 1)]++] = from[i];
      guint64 *swap = from;
      from = to;
      to = swap;
    }
  if (from != pairs)
    memcpy (pairs, from, n * sizeof *pairs);
}

void
dh_froc_room_release (DhFrocRoom *room)
{
  g_free (room->pairs);
  g_free (room->parents);
  g_free (room->states);
  *room = (DhFrocRoom){ 0 };
}

static gboolean
reserve (DhFrocRoom *room, guint width, guint height)
{
  const gsize n = (gsize)width * height, padded = ((gsize)width + 2) * ((gsize)height + 2);
  if (padded >= G_MAXINT32 / 2)
    return FALSE;
  if (n > room->room || padded > room->padded)
    {
      dh_froc_room_release (room);
      room->pairs = g_try_new (guint64, 2 * n);
      room->parents = g_try_new (gint32, padded);
      room->states = g_try_malloc (padded);
      if (!room->pairs || !room->parents || !room->states)
        return FALSE;
      room->room = n;
      room->padded = padded;
    }
  memset (room->states, 0, padded);
  return TRUE;
}

/* The pixels that count, unsorted, as pairs of score and place; and which are anomalies. */
static gsize
list_pixels (Picture *picture, guint64 *pairs, const float *scores, const guint8 *labels, guint width, guint height)
{
  gsize n = 0;
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      {
        const gsize i = (gsize)y * width + x;
        const guint32 bits = dh_float_bits (scores[i]), at = (y + 1) * (width + 2) + x + 1;
        if (labels[i] > 1 || dh_bits_non_finite (bits))
          continue;
        pairs[n++] = dh_froc_pair (dh_key_from_bits (bits), at);
        if (labels[i] == 1)
          {
            picture->states[at] = ANOMALY;
            picture->parents[at] = 0;
          }
      }
  return n;
}

/* Gives each anomaly pixel its object's number. `stack` has room for every pixel. */
static GArray *
number_objects (Picture *picture, const guint64 *pairs, gsize n, guint64 *stack)
{
  GArray *objects = g_array_new (FALSE, FALSE, sizeof (Object));
  for (gsize i = 0; i < n; i++)
    {
      const guint32 seed = (guint32)pairs[i];
      if (picture->states[seed] != ANOMALY || picture->parents[seed] != 0)
        continue;
      Object object = { 0, 0 };
      gsize waiting = 0;
      stack[waiting++] = seed;
      picture->parents[seed] = (gint32)objects->len + 1;
      while (waiting > 0)
        {
          const guint32 at = (guint32)stack[--waiting];
          object.area++;
          for (guint d = 0; d < 8; d++)
            {
              const guint32 next = at + (guint32)picture->around[d];
              if (picture->states[next] != ANOMALY || picture->parents[next] != 0)
                continue;
              picture->parents[next] = (gint32)objects->len + 1;
              stack[waiting++] = next;
            }
        }
      /* A share that is written in decimals is no more than it says. */
      const double wanted = ceil (picture->options->found_share * object.area - 1e-9);
      if (object.area >= picture->options->min_anomaly)
        object.left = (guint32)CLAMP (wanted, 1, object.area);
      g_array_append_val (objects, object);
    }
  return objects;
}

/* Neighbours side by side touch each other, and so do those above or below with those at the sides. */
static void
group_neighbours (Groups *all)
{
  for (guint there = 0; there < 256; there++)
    {
      Groups *groups = &all[there];
      guint left = there;
      groups->n = 0;
      for (guint first = 0; first < 8; first++)
        {
          if (!(left >> first & 1))
            continue;
          groups->first[groups->n++] = (guint8)first;
          guint group = 1u << first, before;
          do
            {
              before = group;
              for (guint d = 0; d < 8; d++)
                if (group >> d & 1)
                  group |=
                      left
                      & (1u << (d + 1) % 8 | 1u << (d + 7) % 8 | (d % 2 ? 0 : 1u << (d + 2) % 8 | 1u << (d + 6) % 8));
            }
          while (group != before);
          left &= ~group;
        }
    }
}

static inline gint32
find_root (gint32 *parents, gint32 at)
{
  while (parents[at] >= 0)
    {
      const gint32 above = parents[at];
      if (parents[above] < 0)
        return above;
      at = parents[at] = parents[above];
    }
  return at;
}

static inline gint32
is_alarm (const Picture *picture, gint32 root_value)
{
  const guint32 value = (guint32)-root_value;
  return !(value & 1) && value >> 1 >= picture->options->min_area;
}

static inline void
join (Picture *picture, gint32 *root, gint32 other)
{
  gint32 *parents = picture->parents;
  gint32 a = *root, b = find_root (parents, other);
  if (a == b)
    return;
  if (parents[a] > parents[b])
    {
      const gint32 smaller = a;
      a = b;
      b = smaller;
    }
  picture->alarms -= is_alarm (picture, parents[a]) + is_alarm (picture, parents[b]);
  const guint32 x = (guint32)-parents[a], y = (guint32)-parents[b];
  parents[a] = -(gint32)(((x & ~1u) + (y & ~1u)) | ((x | y) & 1));
  parents[b] = a;
  picture->alarms += is_alarm (picture, parents[a]);
  *root = a;
}

static inline void
enter (Picture *picture, gint32 at, const Groups *all)
{
  const guint8 *states = picture->states;
  guint there = 0;
  for (guint d = 0; d < 8; d++)
    there |= (guint)(states[at + picture->around[d]] & ENTERED) << d;
  const Groups *groups = &all[there];
  const gboolean anomaly = states[at] >> 1;
  picture->states[at] |= ENTERED;
  picture->parents[at] = -(2 + anomaly);
  picture->alarms += is_alarm (picture, picture->parents[at]);
  gint32 root = at;
  for (guint g = 0; g < groups->n; g++)
    join (picture, &root, at + picture->around[groups->first[g]]);
}

gboolean
dh_froc_grow (DhFrocRoom *room, const DhFrocOptions *options, const float *scores, const guint8 *labels, guint width,
              guint height, GArray *steps, GArray *objects, gsize *counted)
{
  if (!reserve (room, width, height))
    return FALSE;
  const gint32 row = (gint32)width + 2;
  Picture picture = { .options = options,
                      .parents = room->parents,
                      .states = room->states,
                      .around = { -row, -row + 1, 1, row + 1, row, row - 1, -1, -row - 1 } };
  Groups all[256];
  group_neighbours (all);
  guint64 *pairs = room->pairs;
  const gsize n = *counted = list_pixels (&picture, pairs, scores, labels, width, height);
  g_autoptr (GArray) numbered = number_objects (&picture, pairs, n, pairs + room->room);
  dh_froc_sort (pairs, pairs + room->room, n);
  for (gsize i = 0; i < n; i++)
    {
      const gint32 at = (gint32)(guint32)pairs[i];
      const guint32 key = dh_froc_pair_key (pairs[i]);
      if (i + AHEAD < n)
        {
          const guint32 soon = (guint32)pairs[i + AHEAD];
          for (gint32 d = -1; d <= 1; d++)
            {
              __builtin_prefetch (picture.states + soon + d * row);
              __builtin_prefetch (picture.parents + soon + d * row);
            }
        }
      if (picture.states[at] == ANOMALY)
        {
          Object *object = &g_array_index (numbered, Object, picture.parents[at] - 1);
          if (object->left > 0 && --object->left == 0)
            {
              const guint64 found = dh_froc_pair (key, object->area);
              g_array_append_val (objects, found);
            }
        }
      enter (&picture, at, all);
      /* Equal scores enter together. */
      if (picture.alarms != 0 && (i + 1 == n || dh_froc_pair_key (pairs[i + 1]) != key))
        {
          const guint64 step = dh_froc_pair (key, (guint32)picture.alarms);
          g_array_append_val (steps, step);
          picture.alarms = 0;
        }
    }
  return TRUE;
}
