#include "dh-drawn-froc-private.h"

#include <math.h>

/* Of dh_froc_curve_mean(), behind the one that was asked for. */
static const double rates[] = { 0.125, 0.25, 0.5, 1, 2, 4, 8 };

/* What changes at a score of one picture. */
typedef struct
{
  float threshold;
  guint picture;
  double alarms, found;
} Step;

typedef struct
{
  guint images, objects; /* 1, and how many are in it; all void: none */
} Picture;

struct _DhDrawnFroc
{
  DhFrocOptions options;
  double rate;
  GArray *steps, *pictures; /* Step; Picture */
};

DhDrawnFroc *
dh_drawn_froc_new (const DhFrocOptions *options, double rate)
{
  DhDrawnFroc *self = g_new (DhDrawnFroc, 1);
  *self = (DhDrawnFroc){ *options, rate, g_array_new (FALSE, FALSE, sizeof (Step)),
                         g_array_new (FALSE, FALSE, sizeof (Picture)) };
  return self;
}

void
dh_drawn_froc_free (DhDrawnFroc *self)
{
  if (!self)
    return;
  g_array_unref (self->steps);
  g_array_unref (self->pictures);
  g_free (self);
}

gboolean
dh_drawn_froc_add (DhDrawnFroc *self, const float *scores, const guint8 *labels, guint width, guint height,
                   GError **error)
{
  g_autoptr (DhFroc) froc = dh_froc_new (&self->options);
  g_autoptr (DhFrocCurve) curve =
      dh_froc_add (froc, scores, labels, width, height, error) ? dh_froc_finish (froc, error) : NULL;
  if (!curve)
    return FALSE;
  DhFrocPoint before = { 0 };
  for (guint i = 0; i < curve->n_points; i++)
    {
      const DhFrocPoint *point = &curve->points[i];
      const Step step = { point->threshold, self->pictures->len,
                          (double)point->false_alarms - (double)before.false_alarms,
                          (double)point->found - before.found };
      g_array_append_val (self->steps, step);
      before = *point;
    }
  const Picture picture = { curve->images, curve->n_objects };
  g_array_append_val (self->pictures, picture);
  return TRUE;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const Step *x = a, *y = b;
  return x->threshold != y->threshold ? (x->threshold < y->threshold) - (x->threshold > y->threshold)
                                      : (x->picture > y->picture) - (x->picture < y->picture);
}

void
dh_drawn_froc_settle (DhDrawnFroc *self)
{
  g_array_sort (self->steps, compare);
}

/* What is found at each rate, from the strictest threshold on, until there are more alarms than the highest allows. */
static void
walk (const DhDrawnFroc *self, const double *times, double images, double *found)
{
  const Step *steps = (const Step *)self->steps->data;
  double alarms = 0, now = 0, all[1 + G_N_ELEMENTS (rates)] = { 0 };
  gboolean ended[1 + G_N_ELEMENTS (rates)] = { FALSE };
  const double highest = MAX (self->rate, rates[G_N_ELEMENTS (rates) - 1]);
  for (guint i = 0, end; i < self->steps->len; i = end)
    {
      for (end = i; end < self->steps->len && steps[end].threshold == steps[i].threshold; end++)
        {
          const double n = times ? times[steps[end].picture] : 1;
          alarms += n * steps[end].alarms;
          now += n * steps[end].found;
        }
      for (guint k = 0; k < G_N_ELEMENTS (all); k++)
        {
          const double rate = k == 0 ? self->rate : rates[k - 1];
          ended[k] |= alarms > rate * images * (1 + 1e-12);
          if (!ended[k])
            all[k] = now;
        }
      if (alarms > highest * images * (1 + 1e-12))
        break;
    }
  for (guint k = 0; k < G_N_ELEMENTS (all); k++)
    found[k] = all[k];
}

void
dh_drawn_froc_measure (const DhDrawnFroc *self, const double *times, double *found, double *mean)
{
  double images = 0, objects = 0, at[1 + G_N_ELEMENTS (rates)], sum = 0;
  for (guint i = 0; i < self->pictures->len; i++)
    {
      const Picture *picture = &g_array_index (self->pictures, Picture, i);
      images += (times ? times[i] : 1) * picture->images;
      objects += (times ? times[i] : 1) * picture->objects;
    }
  *found = *mean = NAN;
  if (!(objects > 0))
    return;
  walk (self, times, images, at);
  for (guint k = 1; k < G_N_ELEMENTS (at); k++)
    sum += at[k] / objects;
  *found = at[0] / objects;
  *mean = sum / G_N_ELEMENTS (rates);
}
