#include "dh-picture-components.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-class-pixels.h"
#include "dh-picture-components-private.h"
#include "dh-place.h"

typedef struct
{
  const DhFrame *frame;
  DhScore score;
  const float *values, *likelihood, *hybrid;
  const guint8 *classes; /* NULL: nobody knows */
  guint8 *mask, *labels; /* W·H; labels are 255 where there is nothing to measure */
  guint8 *taken;         /* W·H: pixels of objects that were walked over, by a bit for each side */
  /* guint32, of pixels: those that were reached last, and those that they lead to. A stack would come to hold most of
   * an object; these hold its breadth. */
  GArray *wave, *next;
} Walk;

typedef struct
{
  double score, likelihood, hybrid, peak;
  gsize peak_at, n;
  guint32 of_class[DH_CLASS_IDS];
} Sums;

const char *
dh_object_kind_title (DhObjectKind kind)
{
  switch (kind)
    {
    case DH_OBJECT_MISSED:
      return _ ("Missed");
    case DH_OBJECT_FALSE:
      return _ ("False");
    case DH_OBJECT_FOUND:
      return _ ("Found");
    case DH_OBJECT_FLAGGED:
      return _ ("Flagged");
    case DH_N_OBJECT_KINDS:
    default:
      g_return_val_if_reached ("");
    }
}

/* The float that decides as the double does, for every float. */
static float
as_compared (double threshold, gboolean above)
{
  const float rounded = (float)threshold;
  if (above)
    return rounded > threshold ? nextafterf (rounded, -INFINITY) : rounded;
  return rounded < threshold ? nextafterf (rounded, INFINITY) : rounded;
}

static void
make_mask (Walk *walk, double threshold)
{
  const gsize n = (gsize)walk->frame->width * walk->frame->height;
  const guint8 *truth = dh_frame_peek_counted (walk->frame);
  const gboolean above = dh_score_flags_above (walk->score);
  const float limit = as_compared (threshold, above);
  for (gsize i = 0; i < n; i++)
    {
      const float value = walk->values[i];
      const gboolean finite = isfinite (value);
      walk->mask[i] = (guint8)(finite && (above ? value > limit : value < limit));
      walk->labels[i] = !finite ? 255 : truth != NULL ? truth[i] : 0;
    }
}

static void
add_flagged (DhCounts *counts, guint64 tp, guint64 fp, guint64 fn, guint64 tn)
{
  counts->flagged += tp + fp;
  counts->pixels += tp + fp + fn + tn;
  if (!counts->labelled)
    return;
  counts->tp += tp;
  counts->fp += fp;
  counts->fn += fn;
  counts->tn += tn;
}

static void
count_span (const Walk *walk, gsize row, const DhPlaceSpan *span, DhCounts *all, DhCounts *places)
{
  guint64 n[2][2] = { { 0 } }; /* [label][flagged] */
  for (gsize i = row + span->from; i < row + span->to; i++)
    if (walk->labels[i] <= 1)
      n[walk->labels[i]][walk->mask[i]]++;
  add_flagged (all, n[1][1], n[0][1], n[1][0], n[0][0]);
  for (guint place = 0; place < DH_N_PLACES; place++)
    if (span->places & DH_PLACE_BIT (place))
      add_flagged (&places[place], n[1][1], n[0][1], n[1][0], n[0][0]);
}

static void
count_pixels (const Walk *walk, DhCounts *all, DhCounts *places)
{
  const guint width = walk->frame->width, height = walk->frame->height;
  *all = (DhCounts){ .labelled = walk->frame->truth != NULL };
  for (guint place = 0; place < DH_N_PLACES; place++)
    places[place] = *all;
  for (guint y = 0; y < height; y++)
    {
      DhPlaceSpan spans[DH_PLACE_SPANS];
      dh_place_cut_row (y, width, height, spans);
      for (guint i = 0; i < DH_PLACE_SPANS; i++)
        count_span (walk, (gsize)y * width, &spans[i], all, places);
    }
}

static void
count_classes (const Walk *walk, DhPictureComponents *self)
{
  const gsize n = (gsize)walk->frame->width * walk->frame->height;
  guint32 counts[DH_CLASS_IDS][2][2] = { { { 0 } } }; /* [label][flagged] */
  for (gsize i = 0; i < n; i++)
    if (walk->labels[i] <= 1)
      counts[walk->classes[i]][walk->labels[i]][walk->mask[i]]++;
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (DhClassCounts));
  for (guint c = 0; c < DH_CLASS_IDS; c++)
    {
      const DhClassCounts one = { c, counts[c][1][1], counts[c][0][1], counts[c][1][0], counts[c][0][0] };
      if (one.tp + one.fp + one.fn + one.tn > 0)
        g_array_append_val (seen, one);
    }
  self->n_classes = seen->len;
  self->classes = g_memdup2 (seen->data, seen->len * sizeof (DhClassCounts));
}

static gboolean
belongs (const Walk *walk, gsize at, gboolean anomaly)
{
  return anomaly ? walk->labels[at] == 1 : walk->mask[at] && walk->labels[at] <= 1;
}

static void
visit (Walk *walk, gsize at, gboolean anomaly)
{
  const guint8 bit = anomaly ? 1 : 2;
  if ((walk->taken[at] & bit) != 0 || !belongs (walk, at, anomaly))
    return;
  walk->taken[at] |= bit;
  const guint32 pixel = (guint32)at;
  g_array_append_val (walk->next, pixel);
}

/* One pixel of the object, and what it leads to. */
static void
add (Walk *walk, gsize at, gboolean anomaly, Sums *sums)
{
  const guint width = walk->frame->width, height = walk->frame->height;
  const guint x = (guint)(at % width), y = (guint)(at / width);
  const double value = walk->values[at];
  if (isnan (sums->peak) || (dh_score_flags_above (walk->score) ? value > sums->peak : value < sums->peak))
    {
      sums->peak = value;
      sums->peak_at = at;
    }
  sums->score += value;
  sums->likelihood += walk->likelihood != NULL ? walk->likelihood[at] : NAN;
  sums->hybrid += walk->hybrid != NULL ? walk->hybrid[at] : NAN;
  sums->n++;
  if (walk->classes != NULL)
    sums->of_class[walk->classes[at]]++;
  for (guint v = y > 0 ? y - 1 : 0; v <= MIN (y + 1, height - 1); v++)
    for (guint u = x > 0 ? x - 1 : 0; u <= MIN (x + 1, width - 1); u++)
      visit (walk, (gsize)v * width + u, anomaly);
}

/* Of equal ones the first. */
static gint
find_class (const Walk *walk, const Sums *sums)
{
  guint most = 0;
  for (guint c = 1; c < DH_CLASS_IDS; c++)
    if (sums->of_class[c] > sums->of_class[most])
      most = c;
  return walk->classes != NULL ? (gint)most : -1;
}

/* Goes over the object's pixels from its first one, as they hang together. */
static void
measure (Walk *walk, const DhComponent *component, DhPictureObject *object)
{
  const guint width = walk->frame->width;
  Sums sums = { .peak = NAN };
  visit (walk, (gsize)component->first_y * width + component->first_x, component->anomaly);
  while (walk->next->len > 0)
    {
      GArray *wave = walk->next;
      walk->next = walk->wave;
      walk->wave = wave;
      for (guint i = 0; i < wave->len; i++)
        add (walk, g_array_index (wave, guint32, i), component->anomaly, &sums);
      g_array_set_size (wave, 0);
    }
  object->class_id = find_class (walk, &sums);
  object->peak_x = (guint)(sums.peak_at % width);
  object->peak_y = (guint)(sums.peak_at / width);
  object->peak = sums.peak;
  object->score = sums.score / (double)sums.n;
  object->minus_log_likelihood = -sums.likelihood / (double)sums.n;
  object->log_p_out = (sums.hybrid + sums.likelihood) / (double)sums.n;
}

static DhObjectKind
kind_of (const DhComponent *component, gboolean labelled)
{
  if (!labelled)
    return DH_OBJECT_FLAGGED;
  if (component->anomaly)
    return component->verdict == DH_COMPONENT_MISSED ? DH_OBJECT_MISSED : DH_OBJECT_FOUND;
  return DH_OBJECT_FALSE;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const DhPictureObject *left = a, *right = b;
  if (left->kind != right->kind)
    return left->kind < right->kind ? -1 : 1;
  if (left->area != right->area)
    return left->area > right->area ? -1 : 1;
  /* in reading order, so that the same picture has the same list */
  return left->y != right->y ? (left->y < right->y ? -1 : 1) : (left->x > right->x) - (left->x < right->x);
}

static void
list (DhPictureComponents *self, Walk *walk, const DhComponents *found)
{
  const guint n = found->n_anomalies + found->n_predictions;
  self->items = g_new0 (DhPictureObject, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    {
      const DhComponent *component = &found->items[i];
      /* A flagged region that lies in anomalies is told of by these. */
      if (self->labelled && !component->anomaly && component->verdict == DH_COMPONENT_HIT)
        continue;
      DhPictureObject *object = &self->items[self->n++];
      object->kind = kind_of (component, self->labelled);
      object->area = component->area;
      object->x = component->x;
      object->y = component->y;
      object->width = component->width;
      object->height = component->height;
      object->places = dh_place_of (object->x + object->width / 2, object->y + object->height / 2, walk->frame->width,
                                    walk->frame->height);
      object->overlap = !self->labelled ? NAN : component->anomaly ? component->siou : component->ppv;
      measure (walk, component, object);
      self->n_of[object->kind]++;
    }
  if (self->n > 1)
    qsort (self->items, self->n, sizeof *self->items, compare);
}

DhPictureComponents *
dh_picture_components_measure (const DhFrame *frame, DhScore score, double threshold, DhComponentSums *sums,
                               DhCounts *counts)
{
  const gsize n = (gsize)frame->width * frame->height;
  const float *values = dh_frame_floats (frame, dh_score_map (score));
  if (values == NULL || isnan (threshold) || n == 0)
    return NULL;
  g_autofree guint8 *planes = g_try_malloc (3 * n);
  if (planes == NULL)
    return NULL;
  Walk walk = { .frame = frame,
                .score = score,
                .values = values,
                .likelihood = dh_frame_floats (frame, DH_FRAME_LIKELIHOOD),
                .hybrid = dh_frame_floats (frame, DH_FRAME_HYBRID),
                .classes = frame->maps[DH_FRAME_SEGMENTATION] != NULL
                               ? g_bytes_get_data (frame->maps[DH_FRAME_SEGMENTATION], NULL)
                               : NULL,
                .mask = planes,
                .labels = planes + n,
                .taken = planes + 2 * n };
  memset (walk.taken, 0, n);
  make_mask (&walk, threshold);
  const DhComponentOptions options = { DH_PICTURE_MIN_FLAGGED, DH_PICTURE_MIN_ANOMALY, dh_component_tau (0) };
  g_autoptr (DhComponents) found =
      dh_components_match (walk.mask, walk.labels, frame->width, frame->height, &options, NULL);
  if (found == NULL)
    return NULL;
  DhPictureComponents *self = g_new0 (DhPictureComponents, 1);
  g_atomic_ref_count_init (&self->refs);
  self->score = score;
  self->threshold = threshold;
  self->labelled = frame->truth != NULL;
  self->counts = g_new0 (DhCounts, DH_N_PLACES);
  count_pixels (&walk, counts, self->counts);
  if (walk.classes != NULL && self->labelled)
    count_classes (&walk, self);
  *sums = (DhComponentSums){ 0 };
  if (self->labelled)
    dh_component_sums_add (sums, found);
  self->f1 = dh_component_sums_mean_f1 (sums);
  self->siou = dh_component_sums_siou (sums);
  self->ppv = dh_component_sums_ppv (sums);
  walk.wave = g_array_new (FALSE, FALSE, sizeof (guint32));
  walk.next = g_array_new (FALSE, FALSE, sizeof (guint32));
  list (self, &walk, found);
  g_array_unref (walk.wave);
  g_array_unref (walk.next);
  return self;
}

DhPictureComponents *
dh_picture_components_new (const DhFrame *frame, DhScore score, double threshold)
{
  DhComponentSums sums;
  DhCounts counts;
  return dh_picture_components_measure (frame, score, threshold, &sums, &counts);
}

DhPictureComponents *
dh_picture_components_ref (DhPictureComponents *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
dh_picture_components_unref (DhPictureComponents *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (self->items);
  g_free (self->counts);
  g_free (self->classes);
  g_free (self);
}

double
dh_picture_components_largest_missed (const DhPictureComponents *self)
{
  if (self->n_of[DH_OBJECT_MISSED] > 0)
    return (double)self->items[0].area;
  return self->n_of[DH_OBJECT_FOUND] > 0 ? 0 : (double)NAN;
}
