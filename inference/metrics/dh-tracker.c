#include "dh-tracker.h"

#include <math.h>
#include <stdlib.h>

/* Left, top, right, bottom. */
typedef struct
{
  double at[4];
} Box;

typedef struct
{
  guint number;
  guint64 seen; /* the image in which it was seen last */
  Box box;      /* there */
  Box change;   /* from one image to the next, as it was last */
} Track;

typedef struct
{
  double overlap;
  guint track, finding; /* places */
} Pair;

struct _DhTracker
{
  guint patience, count;
  guint64 image;
  GArray *live; /* Track */
};

DhTracker *
dh_tracker_new (guint patience)
{
  DhTracker *tracker = g_new0 (DhTracker, 1);
  tracker->patience = patience;
  tracker->live = g_array_new (FALSE, FALSE, sizeof (Track));
  return tracker;
}

static Box
box_of (const DhFinding *finding)
{
  return (Box){ { finding->x, finding->y, (double)finding->x + finding->width, (double)finding->y + finding->height } };
}

/* Where the track should be; what would shrink to nothing stays as it was. */
static Box
expect (const Track *track, guint64 image)
{
  Box box = track->box;
  for (guint i = 0; i < 4; i++)
    box.at[i] += track->change.at[i] * (double)(image - track->seen);
  return box.at[2] - box.at[0] >= 1 && box.at[3] - box.at[1] >= 1 ? box : track->box;
}

static double
area_of (const Box *box)
{
  return (box->at[2] - box->at[0]) * (box->at[3] - box->at[1]);
}

static double
overlap_of (const Box *a, const Box *b)
{
  const double width = MIN (a->at[2], b->at[2]) - MAX (a->at[0], b->at[0]);
  const double height = MIN (a->at[3], b->at[3]) - MAX (a->at[1], b->at[1]);
  const double shared = width > 0 && height > 0 ? width * height : 0;
  return shared / (area_of (a) + area_of (b) - shared);
}

/* The greatest first; of equal ones in the order of tracks and findings. */
static int
compare (const void *a, const void *b)
{
  const Pair *x = a, *y = b;
  if (x->overlap != y->overlap)
    return x->overlap > y->overlap ? -1 : 1;
  if (x->track != y->track)
    return x->track < y->track ? -1 : 1;
  return (x->finding > y->finding) - (x->finding < y->finding);
}

/* A finding's box, to be sought by its top. */
typedef struct
{
  Box box;
  guint finding;
} Sought;

static int
compare_tops (const void *a, const void *b)
{
  const double x = ((const Sought *)a)->box.at[1], y = ((const Sought *)b)->box.at[1];
  return (x > y) - (x < y);
}

/* The first whose top is not above that. */
static guint
find_top (const Sought *sought, guint n, double top)
{
  guint low = 0, high = n;
  while (low < high)
    {
      const guint middle = low + (high - low) / 2;
      if (sought[middle].box.at[1] < top)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* Two that share so much are not more unlike in height than that, so that few need to be looked at. */
static void
add_pairs (GArray *pairs, const Box *expected, guint track, const Sought *sought, guint n)
{
  const double above = (expected->at[3] - expected->at[1]) / DH_TRACKER_LEAST + 1;
  for (guint i = find_top (sought, n, expected->at[1] - above); i < n && sought[i].box.at[1] < expected->at[3]; i++)
    {
      const Box *box = &sought[i].box;
      if (box->at[0] >= expected->at[2] || box->at[2] <= expected->at[0])
        continue;
      const Pair pair = { overlap_of (expected, box), track, sought[i].finding };
      if (pair.overlap >= DH_TRACKER_LEAST)
        g_array_append_val (pairs, pair);
    }
}

static GArray *
list_pairs (const DhTracker *tracker, const DhFindings *findings)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (Pair));
  g_autofree Sought *sought = g_new (Sought, (gsize)findings->n + 1);
  for (guint f = 0; f < findings->n; f++)
    sought[f] = (Sought){ box_of (&findings->items[f]), f };
  qsort (sought, findings->n, sizeof *sought, compare_tops);
  for (guint t = 0; t < tracker->live->len; t++)
    {
      const Box expected = expect (&g_array_index (tracker->live, Track, t), tracker->image);
      add_pairs (pairs, &expected, t, sought, findings->n);
    }
  if (pairs->len > 1)
    qsort (pairs->data, pairs->len, sizeof (Pair), compare);
  return pairs;
}

static void
follow (Track *track, const DhFinding *finding, guint64 image)
{
  const Box box = box_of (finding);
  for (guint i = 0; i < 4; i++)
    track->change.at[i] = (box.at[i] - track->box.at[i]) / (double)(image - track->seen);
  track->box = box;
  track->seen = image;
}

static void
begin (DhTracker *tracker, const DhFinding *finding)
{
  const Track track = { tracker->count++, tracker->image, box_of (finding), { { 0 } } };
  g_array_append_val (tracker->live, track);
}

/* Those that waited for too long. */
static void
end_old (DhTracker *tracker)
{
  guint kept = 0;
  for (guint t = 0; t < tracker->live->len; t++)
    {
      const Track track = g_array_index (tracker->live, Track, t);
      if (tracker->image - track.seen <= tracker->patience)
        g_array_index (tracker->live, Track, kept++) = track;
    }
  g_array_set_size (tracker->live, kept);
}

void
dh_tracker_add (DhTracker *tracker, const DhFindings *findings, guint *tracks)
{
  tracker->image++;
  for (guint f = 0; findings && f < findings->n; f++)
    tracks[f] = G_MAXUINT;
  g_autoptr (GArray) pairs = findings ? list_pairs (tracker, findings) : NULL;
  for (guint i = 0; pairs && i < pairs->len; i++)
    {
      const Pair *pair = &g_array_index (pairs, Pair, i);
      Track *track = &g_array_index (tracker->live, Track, pair->track);
      if (track->seen == tracker->image || tracks[pair->finding] != G_MAXUINT)
        continue;
      follow (track, &findings->items[pair->finding], tracker->image);
      tracks[pair->finding] = track->number;
    }
  for (guint f = 0; findings && f < findings->n; f++)
    if (tracks[f] == G_MAXUINT)
      {
        tracks[f] = tracker->count;
        begin (tracker, &findings->items[f]);
      }
  end_old (tracker);
}

guint
dh_tracker_count (const DhTracker *tracker)
{
  return tracker->count;
}

static void
pack_box (DhPack *pack, const Box *box)
{
  for (guint i = 0; i < 4; i++)
    dh_pack_double (pack, box->at[i]);
}

static Box
unpack_box (DhUnpack *unpack)
{
  Box box;
  for (guint i = 0; i < 4; i++)
    if (!isfinite (box.at[i] = dh_unpack_double (unpack)))
      dh_unpack_fail (unpack);
  return box;
}

void
dh_tracker_pack (const DhTracker *tracker, DhPack *pack)
{
  dh_pack_count (pack, tracker->count);
  dh_pack_count (pack, tracker->image);
  dh_pack_count (pack, tracker->live->len);
  for (guint t = 0; t < tracker->live->len; t++)
    {
      const Track *track = &g_array_index (tracker->live, Track, t);
      dh_pack_count (pack, track->number);
      dh_pack_count (pack, track->seen);
      pack_box (pack, &track->box);
      pack_box (pack, &track->change);
    }
}

DhTracker *
dh_tracker_unpack (guint patience, DhUnpack *unpack)
{
  g_autoptr (DhTracker) tracker = dh_tracker_new (patience);
  tracker->count = (guint)dh_unpack_count (unpack, G_MAXUINT);
  tracker->image = dh_unpack_count (unpack, G_MAXUINT64);
  const guint live = (guint)dh_unpack_count (unpack, tracker->count);
  for (guint t = 0; t < live && !unpack->failed; t++)
    {
      Track track = { .number = (guint)dh_unpack_count (unpack, tracker->count - 1),
                      .seen = dh_unpack_count (unpack, tracker->image) };
      track.box = unpack_box (unpack);
      track.change = unpack_box (unpack);
      g_array_append_val (tracker->live, track);
    }
  return unpack->failed ? NULL : g_steal_pointer (&tracker);
}

void
dh_tracker_free (DhTracker *tracker)
{
  if (!tracker)
    return;
  g_array_unref (tracker->live);
  g_free (tracker);
}
