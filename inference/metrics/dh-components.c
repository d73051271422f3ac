#include "dh-components.h"
#include <math.h>
#include <stdlib.h>
#include "dh-error.h"

/* Pixels x … end − 1 of a row. */
typedef struct
{
  guint y, x, end;
  guint32 parent; /* a run of the same component, the root itself; in the end the component's number */
} Run;

typedef struct
{
  Run *runs;
  gsize n, room;
  guint n_components;
  DhComponent *components;
} Layer;

/* How many pixels an anomaly and a prediction share. */
typedef struct
{
  guint32 anomaly, prediction;
  guint64 pixels;
} Overlap;

static void
layer_release (Layer *layer)
{
  g_free (layer->runs);
  g_free (layer->components);
}

static guint32
find_root (Run *runs, guint32 run)
{
  while (runs[run].parent != run)
    run = runs[run].parent = runs[runs[run].parent].parent;
  return run;
}

/* The earlier run becomes the root, so roots are in reading order. */
static void
join (Run *runs, guint32 a, guint32 b)
{
  a = find_root (runs, a);
  b = find_root (runs, b);
  if (a < b)
    runs[b].parent = a;
  else
    runs[a].parent = b;
}

static gboolean
add_run (Layer *layer, guint y, guint x, guint end)
{
  if (layer->n == layer->room)
    {
      const gsize room = MAX (1024, layer->room * 2);
      Run *runs = room < G_MAXUINT32 ? g_try_realloc_n (layer->runs, room, sizeof *runs) : NULL;
      if (!runs)
        return FALSE;
      layer->runs = runs;
      layer->room = room;
    }
  layer->runs[layer->n] = (Run){ .y = y, .x = x, .end = end, .parent = layer->n };
  layer->n++;
  return TRUE;
}

/* Joins the runs of a row to those of the row above that touch them, corners included. */
static void
join_rows (Run *runs, gsize above, gsize row, gsize end)
{
  gsize i = above, j = row;
  while (i < row && j < end)
    {
      if (runs[i].x <= runs[j].end && runs[j].x <= runs[i].end)
        join (runs, i, j);
      if (runs[i].end < runs[j].end)
        i++;
      else
        j++;
    }
}

typedef gboolean (*InsideFunc) (guint8 mask, guint8 label);

static inline gboolean
is_predicted (guint8 mask, guint8 label)
{
  return mask && label <= 1;
}

static inline gboolean
is_anomaly (guint8 mask, guint8 label)
{
  return label == 1;
}

static inline gboolean
find_runs (Layer *layer, const guint8 *mask, const guint8 *labels, guint width, guint height, InsideFunc inside)
{
  gsize above = 0;
  for (guint y = 0; y < height; y++)
    {
      const gsize row = layer->n;
      const guint8 *m = mask + (gsize)y * width, *l = labels ? labels + (gsize)y * width : NULL;
      for (guint x = 0; x < width;)
        {
          while (x < width && !inside (m[x], l ? l[x] : 0))
            x++;
          const guint start = x;
          while (x < width && inside (m[x], l ? l[x] : 0))
            x++;
          if (x > start && !add_run (layer, y, start, x))
            return FALSE;
        }
      join_rows (layer->runs, above, row, layer->n);
      above = row;
    }
  return TRUE;
}

/* Numbers the components in reading order, and measures them. */
static gboolean
measure (Layer *layer, gboolean anomaly)
{
  Run *runs = layer->runs;
  for (gsize i = 0; i < layer->n; i++)
    layer->n_components += runs[i].parent == i;
  layer->components = g_try_new0 (DhComponent, MAX (layer->n_components, 1));
  if (!layer->components)
    return FALSE;
  guint next = 0;
  for (gsize i = 0; i < layer->n; i++)
    {
      /* every earlier run has its number already, and a parent is never later */
      const gboolean first = runs[i].parent == i;
      const guint number = runs[i].parent = first ? next++ : runs[runs[i].parent].parent;
      DhComponent *component = &layer->components[number];
      const Run *run = &runs[i];
      const guint64 length = run->end - run->x;
      if (first)
        *component = (DhComponent){ .anomaly = anomaly,
                                    .x = run->x,
                                    .y = run->y,
                                    .first_x = run->x,
                                    .first_y = run->y,
                                    .width = run->end,
                                    .siou = NAN,
                                    .ppv = NAN };
      component->x = MIN (component->x, run->x);
      component->width = MAX (component->width, run->end); /* the end, until all runs are in */
      component->height = run->y + 1 - component->y;
      component->area += length;
      component->centroid_x += length * (run->x + (length - 1) / 2.0);
      component->centroid_y += (double)length * run->y;
    }
  for (guint i = 0; i < layer->n_components; i++)
    {
      DhComponent *component = &layer->components[i];
      component->width -= component->x;
      component->centroid_x /= component->area;
      component->centroid_y /= component->area;
    }
  return TRUE;
}

static int
compare_overlaps (const void *a, const void *b)
{
  const Overlap *x = a, *y = b;
  if (x->anomaly != y->anomaly)
    return x->anomaly < y->anomaly ? -1 : 1;
  return (x->prediction > y->prediction) - (x->prediction < y->prediction);
}

/* The shared pixels of all pairs that share any, sorted by anomaly. NULL where memory is short. */
static Overlap *
find_overlaps (const Layer *anomalies, const Layer *predictions, gsize *n_overlaps)
{
  Overlap *overlaps = g_try_new (Overlap, anomalies->n + predictions->n + 1);
  gsize i = 0, j = 0, n = 0;
  if (!overlaps)
    return NULL;
  while (i < anomalies->n && j < predictions->n)
    {
      const Run *a = &anomalies->runs[i], *p = &predictions->runs[j];
      if (a->y == p->y && a->x < p->end && p->x < a->end)
        overlaps[n++] = (Overlap){ .anomaly = a->parent,
                                   .prediction = p->parent,
                                   .pixels = MIN (a->end, p->end) - MAX (a->x, p->x) };
      if (a->y < p->y || (a->y == p->y && a->end < p->end))
        i++;
      else
        j++;
    }
  qsort (overlaps, n, sizeof *overlaps, compare_overlaps);
  gsize kept = 0;
  for (gsize k = 0; k < n; k++)
    if (kept && compare_overlaps (&overlaps[kept - 1], &overlaps[k]) == 0)
      overlaps[kept - 1].pixels += overlaps[k].pixels;
    else
      overlaps[kept++] = overlaps[k];
  *n_overlaps = kept;
  return overlaps;
}

/* Deletes small predictions, voids small anomalies and a small rest, and scores what is left. Deleted ones get area 0.
 */
static void
match (Layer *anomalies, Layer *predictions, const Overlap *overlaps, gsize n_overlaps, guint64 n_pixels,
       const DhComponentOptions *options)
{
  DhComponent *a = anomalies->components, *p = predictions->components;
  guint64 rest = n_pixels; /* without anomaly, void or not */
  for (guint i = 0; i < anomalies->n_components; i++)
    rest -= a[i].area;
  const gboolean rest_is_void = rest < options->min_anomaly;
  for (guint i = 0; i < anomalies->n_components; i++)
    if (a[i].area < options->min_anomaly)
      a[i].area = 0;
  for (guint i = 0; i < predictions->n_components; i++)
    if (p[i].area < options->min_prediction)
      p[i].area = 0;

  for (gsize k = 0; k < n_overlaps; k++)
    {
      DhComponent *prediction = &p[overlaps[k].prediction];
      if (!prediction->area)
        continue;
      if (a[overlaps[k].anomaly].area)
        prediction->overlap += overlaps[k].pixels;
      else if (!rest_is_void)
        prediction->area -= overlaps[k].pixels;
    }
  for (guint i = 0; i < predictions->n_components; i++)
    {
      if (rest_is_void && p[i].area)
        p[i].area = p[i].overlap;
      if (p[i].area)
        p[i].ppv = (double)p[i].overlap / p[i].area;
    }

  for (gsize k = 0, end; k < n_overlaps; k = end)
    {
      DhComponent *anomaly = &a[overlaps[k].anomaly];
      guint64 predicted = 0, elsewhere = 0;
      for (end = k; end < n_overlaps && overlaps[end].anomaly == overlaps[k].anomaly; end++)
        {
          const DhComponent *prediction = &p[overlaps[end].prediction];
          if (!prediction->area || !anomaly->area)
            continue;
          anomaly->overlap += overlaps[end].pixels;
          predicted += prediction->area;
          elsewhere += prediction->overlap - overlaps[end].pixels;
        }
      if (anomaly->area)
        anomaly->siou = (double)anomaly->overlap / (anomaly->area + predicted - anomaly->overlap - elsewhere);
    }
  for (guint i = 0; i < anomalies->n_components; i++)
    if (a[i].area && isnan (a[i].siou))
      a[i].siou = 0;
}

/* `places`: where each prediction stands among the items; G_MAXUINT: it was deleted. */
static gboolean
collect_runs (DhComponents *components, const Layer *predictions, const guint *places)
{
  components->runs = g_try_new (DhComponentRun, predictions->n + 1);
  if (!components->runs)
    return FALSE;
  for (gsize i = 0; i < predictions->n; i++)
    {
      const Run *run = &predictions->runs[i];
      if (places[run->parent] != G_MAXUINT)
        components->runs[components->n_runs++] = (DhComponentRun){ run->y, run->x, run->end, places[run->parent] };
    }
  return TRUE;
}

static DhComponents *
collect (const Layer *anomalies, const Layer *predictions, const DhComponentOptions *options)
{
  g_autoptr (DhComponents) components = g_new0 (DhComponents, 1);
  g_autofree guint *places = g_try_new (guint, (gsize)predictions->n_components + 1);
  components->items = g_try_new (DhComponent, (gsize)anomalies->n_components + predictions->n_components + 1);
  if (!components->items || !places)
    return NULL;
  guint n = 0;
  for (guint i = 0; i < anomalies->n_components; i++)
    if (anomalies->components[i].area)
      components->items[n++] = anomalies->components[i];
  components->n_anomalies = n;
  for (guint i = 0; i < predictions->n_components; i++)
    {
      places[i] = predictions->components[i].area ? n : G_MAXUINT;
      if (predictions->components[i].area)
        components->items[n++] = predictions->components[i];
    }
  components->n_predictions = n - components->n_anomalies;
  for (guint i = 0; i < n; i++)
    {
      DhComponent *item = &components->items[i];
      if ((item->anomaly ? item->siou : item->ppv) >= options->tau)
        item->verdict = DH_COMPONENT_HIT;
      else
        item->verdict = item->anomaly ? DH_COMPONENT_MISSED : DH_COMPONENT_FALSE;
    }
  if (options->with_runs && !collect_runs (components, predictions, places))
    return NULL;
  return g_steal_pointer (&components);
}

DhComponents *
dh_components_match (const guint8 *mask, const guint8 *labels, guint width, guint height,
                     const DhComponentOptions *options, GError **error)
{
  Layer anomalies = { 0 }, predictions = { 0 };
  DhComponents *components = NULL;
  g_autofree Overlap *overlaps = NULL;
  gsize n_overlaps = 0;
  if (find_runs (&predictions, mask, labels, width, height, is_predicted)
      && (!labels || find_runs (&anomalies, mask, labels, width, height, is_anomaly)) && measure (&predictions, FALSE)
      && measure (&anomalies, TRUE) && (overlaps = find_overlaps (&anomalies, &predictions, &n_overlaps)))
    {
      match (&anomalies, &predictions, overlaps, n_overlaps, (guint64)width * height, options);
      if (!labels)
        for (guint i = 0; i < predictions.n_components; i++)
          predictions.components[i].ppv = NAN;
      components = collect (&anomalies, &predictions, options);
    }
  layer_release (&anomalies);
  layer_release (&predictions);
  if (!components)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                 "the components of a mask of %u×%u do not fit in memory: it is too scattered. Take another threshold",
                 width, height);
  return components;
}

void
dh_components_free (DhComponents *components)
{
  if (!components)
    return;
  g_free (components->items);
  g_free (components->runs);
  g_free (components);
}

void
dh_components_count (const DhComponents *components, double tau, guint64 *tp, guint64 *fn, guint64 *fp)
{
  *tp = *fn = *fp = 0;
  for (guint i = 0; i < components->n_anomalies; i++)
    ++*(components->items[i].siou >= tau ? tp : fn);
  for (guint i = 0; i < components->n_predictions; i++)
    *fp += components->items[components->n_anomalies + i].ppv < tau;
}

double
dh_components_f1 (guint64 tp, guint64 fn, guint64 fp)
{
  return tp + fn + fp ? 2.0 * tp / (2 * tp + fn + fp) : NAN;
}
