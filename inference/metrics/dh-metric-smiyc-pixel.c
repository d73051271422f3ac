/* SegmentMeIfYouCan's PixBinaryClass (road-anomaly-benchmark, metrics/pixel_classification.py and …_curves.py). */
#include "dh-metric-private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-curve-private.h"
#include "dh-error.h"
#include "dh-tensor.h"

#define MAX_QUANTILES 384
#define N_KEYS 65536
/* So many bins of several images hold equal thresholds. */
#define JOINED_FROM 8192

typedef struct
{
  double threshold;
  guint64 tp, fp; /* of this bin alone */
} Bin;

struct _DhSmiycBins
{
  Bin *bins;
  gsize n, room;
  guint64 count[2]; /* pixels of each class */
  double highest;   /* threshold of all images */
  guint32 *keys[2]; /* how many pixels of the image under way have each float16 score */
};

DhSmiycBins *
dh_smiyc_bins_new (void)
{
  DhSmiycBins *bins = g_new0 (DhSmiycBins, 1);
  bins->highest = -INFINITY;
  return bins;
}

void
dh_smiyc_bins_free (DhSmiycBins *bins)
{
  if (!bins)
    return;
  g_free (bins->bins);
  g_free (bins->keys[0]);
  g_free (bins);
}

gsize
dh_smiyc_bins_n (const DhSmiycBins *bins)
{
  return bins->n;
}

static gboolean
fail_memory (GError **error)
{
  g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                       "the bins of smiyc-pixel do not fit in memory. Measure fewer images at once");
  return FALSE;
}

static int
compare_bins (const void *a, const void *b)
{
  const Bin *x = a, *y = b;
  return (x->threshold < y->threshold) - (x->threshold > y->threshold);
}

/* Thresholds descend, and equal ones become one. */
static void
join (DhSmiycBins *bins)
{
  gsize n = 0;
  qsort (bins->bins, bins->n, sizeof *bins->bins, compare_bins);
  for (gsize i = 0; i < bins->n; i++)
    if (n > 0 && bins->bins[n - 1].threshold == bins->bins[i].threshold)
      {
        bins->bins[n - 1].tp += bins->bins[i].tp;
        bins->bins[n - 1].fp += bins->bins[i].fp;
      }
    else
      bins->bins[n++] = bins->bins[i];
  bins->n = n;
}

/* Most thresholds are halves, of which there are few however many images there are: they are joined before room is
 * made. */
static gboolean
make_room (DhSmiycBins *bins, gsize more)
{
  if (bins->room - bins->n >= more)
    return TRUE;
  if (bins->n >= JOINED_FROM)
    join (bins);
  if (bins->n + more <= bins->room / 2)
    return TRUE;
  const gsize room = MAX (bins->room * 2, bins->n + more);
  Bin *list = g_try_realloc_n (bins->bins, room, sizeof *list);
  if (!list)
    return FALSE;
  bins->bins = list;
  bins->room = room;
  return TRUE;
}

/* A half as an unsigned integer of the same order; −0 becomes 0. */
static guint16
half_key (guint16 half)
{
  if (half == 0x8000)
    half = 0;
  return half & 0x8000 ? ~half : half | 0x8000;
}

static double
key_value (guint16 key)
{
  return dh_f16_to_f32 (key & 0x8000 ? key ^ 0x8000 : (guint16)~key);
}

/* The quantiles at m equally spaced ranks of a class's sorted scores, ascending, in the arithmetic of NumPy 1.23: the
 * difference of neighbours is rounded to float16, the rest is double. Another order of operations puts edges on the
 * other side of a pixel. Returns m. */
static guint
quantiles (const guint32 *counts, guint64 n, double *values)
{
  const guint m = MIN (MAX_QUANTILES, n);
  guint64 before = 0; /* pixels of keys below `key` */
  guint key = 0;
  for (guint k = 0; k < m; k++)
    {
      const double rank = m == 1 ? 0 : k == m - 1 ? n - 1.0 : (n - 1) * (k * (1.0 / (m - 1)));
      const guint64 i = (guint64)rank;
      const double t = rank - i;
      while (before + counts[key] <= i)
        before += counts[key++];
      guint next = key; /* of the pixel i + 1; the last one has none */
      if (before + counts[key] == i + 1 && i + 1 < n)
        do
          next++;
        while (!counts[next]);
      const double low = key_value (key), high = key_value (next);
      const double difference = dh_f16_to_f32 (dh_f32_to_f16 (high - low));
      values[k] = t < 0.5 ? low + difference * t : high - difference * (1 - t);
    }
  return m;
}

static int
compare_doubles (const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Bins from the counts of an image. The outermost edges lie beyond all scores, so nothing falls out; the bin below the
 * lowest score stays empty, and empty bins change no metric, so they are not kept. */
static void
add_bins (DhSmiycBins *bins, const guint64 *n)
{
  double edges[2 * MAX_QUANTILES];
  guint n_edges = quantiles (bins->keys[0], n[0], edges);
  n_edges += quantiles (bins->keys[1], n[1], edges + n_edges);
  qsort (edges, n_edges, sizeof *edges, compare_doubles);
  guint edge = 0;
  Bin bin = { .threshold = edges[0] };
  for (guint key = 0; key < N_KEYS; key++)
    {
      if (!bins->keys[0][key] && !bins->keys[1][key])
        continue;
      const double score = key_value (key);
      while (edge + 1 < n_edges && edges[edge + 1] <= score)
        edge++;
      if (edges[edge] != bin.threshold)
        {
          if (bin.tp || bin.fp)
            bins->bins[bins->n++] = bin;
          bin = (Bin){ .threshold = edges[edge] };
        }
      bin.fp += bins->keys[0][key];
      bin.tp += bins->keys[1][key];
    }
  bins->bins[bins->n++] = bin;
  bins->highest = MAX (bins->highest, edges[n_edges - 1]);
}

static gboolean
count_scores (DhSmiycBins *bins, const DhScoredImage *image, guint64 *n, DhImageResult *row)
{
  if (!bins->keys[0])
    {
      bins->keys[0] = g_try_new (guint32, 2 * N_KEYS);
      if (!bins->keys[0])
        return FALSE;
      bins->keys[1] = bins->keys[0] + N_KEYS;
    }
  memset (bins->keys[0], 0, 2 * N_KEYS * sizeof *bins->keys[0]);
  const gsize n_pixels = (gsize)image->width * image->height;
  double sum = 0;
  for (gsize i = 0; i < n_pixels; i++)
    {
      const guint16 half = dh_f32_to_f16 (image->scores[i]);
      if ((half & 0x7c00) == 0x7c00)
        row->non_finite++;
      else if (image->labels[i] > 1)
        row->ignored++;
      else
        {
          bins->keys[image->labels[i]][half_key (half)]++;
          n[image->labels[i]]++;
          sum += image->scores[i];
        }
    }
  row->positives = n[1];
  row->pixels = n[0] + n[1];
  if (row->pixels)
    row->mean_score = sum / row->pixels;
  return TRUE;
}

gboolean
dh_smiyc_bins_add (DhSmiycBins *bins, const DhScoredImage *image, DhImageResult *row, GError **error)
{
  guint64 n[2] = { 0, 0 };
  if (!make_room (bins, 2 * MAX_QUANTILES) || !count_scores (bins, image, n, row))
    return fail_memory (error);
  if (!n[0] && !n[1])
    return TRUE;
  add_bins (bins, n);
  bins->count[0] += n[0];
  bins->count[1] += n[1];
  return TRUE;
}

gboolean
dh_smiyc_bins_merge (DhSmiycBins *bins, const DhSmiycBins *other, GError **error)
{
  if (!make_room (bins, other->n))
    return fail_memory (error);
  for (gsize i = 0; i < other->n; i++)
    bins->bins[bins->n++] = other->bins[i];
  bins->highest = MAX (bins->highest, other->highest);
  for (guint c = 0; c < 2; c++)
    bins->count[c] += other->count[c];
  return TRUE;
}

static void
read_metrics (const DhCurve *curve, double highest, DhPixelMetrics *metrics)
{
  const double n_anomalies = curve->anomalies, n_inliers = curve->inliers;
  double ap = 0, area = 0;
  gboolean reached = FALSE;
  DhCurvePoint before = { 0 };
  metrics->best_f1 = -1;
  metrics->tpr_at_fpr5 = 0;
  for (guint i = 0; i < curve->n_points; i++)
    {
      const DhCurvePoint *point = &curve->points[i];
      const double tp = point->tp, fp = point->fp;
      ap += (tp - before.tp) / n_anomalies * (tp / (tp + fp));
      area += (fp - before.fp) / n_inliers * (tp + before.tp) / n_anomalies / 2;
      const double f1 = 2 * tp / (tp + fp + n_anomalies);
      if (f1 > metrics->best_f1)
        {
          metrics->best_f1 = f1;
          metrics->best_f1_threshold = point->threshold;
        }
      if (!reached && tp / n_anomalies >= 0.95)
        {
          reached = TRUE;
          metrics->fpr95 = fp / n_inliers;
          metrics->threshold_tpr95 = point->threshold;
        }
      if (fp / n_inliers <= 0.05)
        {
          metrics->tpr_at_fpr5 = tp / n_anomalies;
          metrics->threshold_fpr5 = point->threshold;
        }
      before = *point;
    }
  if (curve->anomalies)
    {
      metrics->ap = ap;
      if (curve->inliers)
        metrics->auroc = area;
    }
  else
    {
      /* The kit's own reading of a set without anomalies: its curve starts one above the highest threshold. */
      metrics->fpr95 = 0;
      metrics->threshold_tpr95 = highest + 1;
      metrics->tpr_at_fpr5 = metrics->threshold_fpr5 = NAN;
    }
}

gboolean
dh_smiyc_bins_metrics (DhSmiycBins *bins, DhPixelMetrics *metrics, DhCurve **curve, GError **error)
{
  *metrics = (DhPixelMetrics){ NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
  join (bins);
  g_autoptr (DhCurve) all = dh_curve_new (bins->count[0], bins->count[1], bins->n);
  if (!all)
    return fail_memory (error);
  /* Equal thresholds are one point. The kit also keeps the very first entry where images share the highest threshold;
   * that depends on the order of images, so it is left out. */
  guint64 tp = 0, fp = 0;
  for (gsize i = 0; i < bins->n; i++)
    {
      tp += bins->bins[i].tp;
      fp += bins->bins[i].fp;
      all->points[i] = (DhCurvePoint){ .threshold = bins->bins[i].threshold, .tp = tp, .fp = fp };
    }
  if (all->n_points)
    read_metrics (all, bins->highest, metrics);
  if (!curve)
    return TRUE;

  DhCurveBuilder builder;
  dh_curve_builder_init (&builder, all->inliers, all->anomalies, DH_METRIC_CURVE_POINTS);
  for (guint i = 0; i < all->n_points; i++)
    dh_curve_builder_add (&builder, all->points[i].threshold, all->points[i].tp, all->points[i].fp);
  for (guint i = 0; i < all->n_points; i++)
    if (all->points[i].threshold == metrics->threshold_tpr95 || all->points[i].threshold == metrics->threshold_fpr5
        || all->points[i].threshold == metrics->best_f1_threshold)
      dh_curve_builder_insert (&builder, &all->points[i]);
  *curve = dh_curve_builder_end (&builder);
  return *curve || fail_memory (error);
}

typedef struct
{
  DhSmiycBins *set, *image;
} State;

static gboolean
add (DhMetric *metric, const DhScoredImage *image, DhImageResult *row, GError **error)
{
  State *state = metric->state;
  if (!state->set)
    {
      state->set = dh_smiyc_bins_new ();
      state->image = dh_smiyc_bins_new ();
    }
  state->image->n = 0;
  state->image->count[0] = state->image->count[1] = 0;
  state->image->highest = -INFINITY;
  DhPixelMetrics metrics;
  if (!dh_smiyc_bins_add (state->image, image, row, error)
      || !dh_smiyc_bins_metrics (state->image, &metrics, NULL, error))
    return FALSE;
  if (row->positives && row->positives < row->pixels)
    dh_metric_tell_row (&metrics, row);
  return dh_smiyc_bins_merge (state->set, state->image, error);
}

static gboolean
merge (DhMetric *metric, const DhMetric *other, GError **error)
{
  State *state = metric->state, *from = other->state;
  if (!from->set)
    return TRUE;
  if (!state->set)
    {
      state->set = dh_smiyc_bins_new ();
      state->image = dh_smiyc_bins_new ();
    }
  return dh_smiyc_bins_merge (state->set, from->set, error);
}

static gboolean
finish (DhMetric *metric, DhResult *result, GError **error)
{
  State *state = metric->state;
  DhPixelMetrics metrics;
  if (!state->set)
    return TRUE;
  if (!dh_smiyc_bins_metrics (state->set, &metrics, &result->curve, error))
    return FALSE;
  dh_metric_tell_result (&metrics, result);
  return TRUE;
}

static void
release (DhMetric *metric)
{
  State *state = metric->state;
  dh_smiyc_bins_free (state->set);
  dh_smiyc_bins_free (state->image);
}

const DhMetricClass dh_metric_smiyc_pixel = {
  .state_size = sizeof (State),
  .add = add,
  .merge = merge,
  .finish = finish,
  .release = release,
};
