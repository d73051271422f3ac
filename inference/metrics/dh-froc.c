#include "dh-froc-private.h"
#include <math.h>
#include "dh-error.h"
#include "dh-key-private.h"

/* More are never needed: what is left tells signs and exponents apart. */
#define MOST_ROUNDED 23
/* By how much false alarms may differ between corners that are drawn. */
#define CORNER 1.005

struct _DhFroc
{
  DhFrocOptions options;
  guint images, rounded_bits;
  GArray *steps, *objects; /* guint64, pairs: of the key and the alarms that it adds; of the key and the area */
  DhFrocRoom room;
};

DhFroc *
dh_froc_new (const DhFrocOptions *options)
{
  DhFroc *froc = g_new0 (DhFroc, 1);
  froc->options = *options;
  froc->options.min_area = MAX (options->min_area, 1);
  if (froc->options.most_steps == 0)
    froc->options.most_steps = DH_FROC_MOST_STEPS;
  froc->steps = g_array_new (FALSE, FALSE, sizeof (guint64));
  froc->objects = g_array_new (FALSE, FALSE, sizeof (guint64));
  return froc;
}

void
dh_froc_free (DhFroc *froc)
{
  if (!froc)
    return;
  dh_froc_room_release (&froc->room);
  g_array_unref (froc->steps);
  g_array_unref (froc->objects);
  g_free (froc);
}

static gboolean
fail_memory (GError **error)
{
  g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                       "the false alarms of all thresholds do not fit in memory. End other programs, or count fewer "
                       "images at once");
  return FALSE;
}

/* Of a pair's score, which is complemented: all of them set is the least score of those that are not told apart. */
static guint64
dropped_bits (const DhFroc *froc)
{
  return (guint64)((1u << froc->rounded_bits) - 1) << 32;
}

/* Adds up the steps of equal scores, and rounds these to fewer bits until there are few enough. Those that add up to
 * nothing stay until the end, so that what is rounded does not depend on the order of pictures. */
static gboolean
compact (DhFroc *froc, GError **error)
{
  GArray *steps = froc->steps;
  guint64 *pairs = (guint64 *)steps->data;
  g_autofree guint64 *other = g_try_new (guint64, MAX (steps->len, 1));
  if (!other)
    return fail_memory (error);
  dh_froc_sort (pairs, other, steps->len);
  for (;; froc->rounded_bits++)
    {
      const guint64 rounded = dropped_bits (froc);
      guint n = 0;
      for (guint i = 0; i < steps->len; i++)
        {
          const guint64 pair = pairs[i] | rounded;
          if (n > 0 && pairs[n - 1] >> 32 == pair >> 32)
            pairs[n - 1] = (pair & ~(guint64)G_MAXUINT32) | (guint32)((guint32)pairs[n - 1] + (guint32)pair);
          else
            pairs[n++] = pair;
        }
      g_array_set_size (steps, n);
      if (n <= froc->options.most_steps || froc->rounded_bits == MOST_ROUNDED)
        return TRUE;
    }
}

static gboolean
compact_if_many (DhFroc *froc, GError **error)
{
  return froc->steps->len / 2 <= froc->options.most_steps || compact (froc, error);
}

gboolean
dh_froc_add (DhFroc *froc, const float *scores, const guint8 *labels, guint width, guint height, GError **error)
{
  gsize counted;
  if (!dh_froc_grow (&froc->room, &froc->options, scores, labels, width, height, froc->steps, froc->objects, &counted))
    return fail_memory (error);
  froc->images += counted > 0;
  return compact_if_many (froc, error);
}

gboolean
dh_froc_merge (DhFroc *froc, DhFroc *other, GError **error)
{
  dh_froc_room_release (&other->room);
  froc->images += other->images;
  froc->rounded_bits = MAX (froc->rounded_bits, other->rounded_bits);
  g_array_append_vals (froc->objects, other->objects->data, other->objects->len);
  g_array_append_vals (froc->steps, other->steps->data, other->steps->len);
  return compact_if_many (froc, error);
}

static DhFrocPoint *
add_point (DhFrocCurve *curve, guint32 key)
{
  DhFrocPoint *point = &curve->points[curve->n_points];
  *point = curve->n_points ? point[-1] : (DhFrocPoint){ 0 };
  point->threshold = dh_key_to_float (key);
  curve->n_points++;
  return point;
}

/* Steps and objects, both the highest first. */
static void
walk (DhFrocCurve *curve, const guint64 *steps, guint n_steps, const guint64 *objects)
{
  guint s = 0, o = 0;
  while (s < n_steps || o < curve->n_objects)
    {
      guint32 key = s < n_steps ? dh_froc_pair_key (steps[s]) : 0;
      if (o < curve->n_objects)
        key = MAX (key, dh_froc_pair_key (objects[o]));
      gint32 alarms = 0;
      guint found = 0;
      if (s < n_steps && dh_froc_pair_key (steps[s]) == key)
        alarms = (gint32)(guint32)steps[s++];
      for (; o < curve->n_objects && dh_froc_pair_key (objects[o]) == key; o++, found++)
        curve->objects[o] = (DhFrocObject){ dh_key_to_float (key), (guint32)objects[o] };
      if (alarms == 0 && found == 0)
        continue;
      DhFrocPoint *point = add_point (curve, key);
      point->found += found;
      point->false_alarms += (guint64)(gint64)alarms;
      point->most = MAX (point->most, point->false_alarms);
    }
}

DhFrocCurve *
dh_froc_finish (DhFroc *froc, GError **error)
{
  dh_froc_room_release (&froc->room);
  if (!compact (froc, error))
    return NULL;
  g_autoptr (DhFrocCurve) curve = g_new0 (DhFrocCurve, 1);
  g_autofree guint64 *other = g_try_new (guint64, MAX (froc->objects->len, 1));
  curve->options = froc->options;
  curve->images = froc->images;
  curve->n_objects = froc->objects->len;
  curve->rounded_bits = froc->rounded_bits;
  curve->points = g_try_new (DhFrocPoint, MAX ((gsize)froc->steps->len + froc->objects->len, 1));
  curve->objects = g_try_new (DhFrocObject, MAX (froc->objects->len, 1));
  if (!other || !curve->points || !curve->objects)
    {
      fail_memory (error);
      return NULL;
    }
  /* Objects are found at the thresholds that are left, where false alarms are known. */
  for (guint i = 0; i < froc->objects->len; i++)
    g_array_index (froc->objects, guint64, i) |= dropped_bits (froc);
  dh_froc_sort ((guint64 *)froc->objects->data, other, froc->objects->len);
  walk (curve, (const guint64 *)froc->steps->data, froc->steps->len, (const guint64 *)froc->objects->data);
  return g_steal_pointer (&curve);
}

void
dh_froc_curve_free (DhFrocCurve *curve)
{
  if (!curve)
    return;
  g_free (curve->points);
  g_free (curve->objects);
  g_free (curve);
}

const DhFrocPoint *
dh_froc_curve_at (const DhFrocCurve *curve, float threshold, gboolean inclusive)
{
  guint low = 0, high = curve->n_points; /* how many points are at the threshold or above */
  while (low < high)
    {
      const guint middle = low + (high - low) / 2;
      const float score = curve->points[middle].threshold;
      if (inclusive ? score >= threshold : score > threshold)
        low = middle + 1;
      else
        high = middle;
    }
  return low ? &curve->points[low - 1] : NULL;
}

const DhFrocPoint *
dh_froc_curve_at_rate (const DhFrocCurve *curve, double rate)
{
  const double most = rate * curve->images * (1 + 1e-12); /* a rate that is written in decimals, of many images */
  guint low = 0, high = curve->n_points;
  while (low < high)
    {
      const guint middle = low + (high - low) / 2;
      if ((double)curve->points[middle].most <= most)
        low = middle + 1;
      else
        high = middle;
    }
  return low ? &curve->points[low - 1] : NULL;
}

double
dh_froc_curve_found (const DhFrocCurve *curve, const DhFrocPoint *point)
{
  if (curve->n_objects == 0)
    return NAN;
  return point ? (double)point->found / curve->n_objects : 0;
}

double
dh_froc_curve_found_of (const DhFrocCurve *curve, const DhFrocPoint *point, guint64 least, guint64 below,
                        guint *n_objects)
{
  guint found = 0;
  *n_objects = 0;
  for (guint i = 0; i < curve->n_objects; i++)
    if (curve->objects[i].area >= least && curve->objects[i].area < below)
      {
        ++*n_objects;
        found += point && i < point->found;
      }
  return *n_objects ? (double)found / *n_objects : (double)NAN;
}

double
dh_froc_curve_rate (const DhFrocCurve *curve, const DhFrocPoint *point)
{
  if (curve->images == 0)
    return NAN;
  return point ? (double)point->false_alarms / curve->images : 0;
}

double
dh_froc_curve_mean (const DhFrocCurve *curve)
{
  static const double rates[] = { 0.125, 0.25, 0.5, 1, 2, 4, 8 };
  double sum = 0;
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    sum += dh_froc_curve_found (curve, dh_froc_curve_at_rate (curve, rates[i]));
  return sum / G_N_ELEMENTS (rates);
}

GArray *
dh_froc_curve_corners (const DhFrocCurve *curve)
{
  GArray *corners = g_array_new (FALSE, FALSE, sizeof (DhFrocCorner));
  DhFrocCorner last = { 0, 0, INFINITY }, pending = last;
  if (curve->n_objects == 0)
    return corners;
  g_array_append_val (corners, last);
  for (guint i = 0; i < curve->n_points; i++)
    {
      const DhFrocPoint *point = &curve->points[i];
      const DhFrocCorner here = { (double)point->most / curve->images, (double)point->found / curve->n_objects,
                                  point->threshold };
      if (here.rate == pending.rate && here.found == pending.found)
        continue;
      const gboolean rises = here.found > pending.found, end = i + 1 == curve->n_points;
      if (rises && (pending.rate > last.rate))
        g_array_append_val (corners, pending);
      if (rises || end || here.rate > last.rate * CORNER)
        {
          g_array_append_val (corners, here);
          last = here;
        }
      pending = here;
    }
  if (pending.rate > last.rate)
    g_array_append_val (corners, pending);
  return corners;
}
