/* SegmentMeIfYouCan's SegEval (road-anomaly-benchmark, metrics/instance_segmentation.py). */
#include "dh-metric-private.h"
#include <math.h>
#include "dh-error.h"
#include "dh-tensor.h"

typedef struct
{
  gboolean started;
  DhSmiycBins *bins; /* of the first pass */
  double threshold;  /* NAN until it is chosen */
  DhComponentSums sums;
} State;

static gboolean
measures_components (const DhMetric *metric)
{
  return metric->options.has_threshold || metric->pass > 0;
}

static void
start (DhMetric *metric)
{
  State *state = metric->state;
  if (state->started)
    return;
  state->started = TRUE;
  state->threshold = metric->options.has_threshold ? metric->options.threshold : NAN;
  if (!metric->options.has_threshold)
    state->bins = dh_smiyc_bins_new ();
}

/* Both sides are compared as float16; what is not finite then is void. */
static void
make_mask (const DhScoredImage *image, double threshold, guint8 *mask, guint8 *labels, DhImageResult *row)
{
  const float limit = dh_f16_to_f32 (dh_f32_to_f16 (threshold));
  const gsize n = (gsize)image->width * image->height;
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    {
      const guint16 half = dh_f32_to_f16 (image->scores[i]);
      const gboolean finite = (half & 0x7c00) != 0x7c00;
      mask[i] = finite && dh_f16_to_f32 (half) > limit;
      labels[i] = finite ? image->labels[i] : 255;
      row->non_finite += !finite;
      row->ignored += finite && labels[i] > 1;
      row->positives += labels[i] == 1;
      if (labels[i] <= 1)
        {
          row->pixels++;
          sum += image->scores[i];
        }
    }
  if (row->pixels)
    row->mean_score = sum / row->pixels;
}

static void
count (State *state, const DhComponents *components, DhImageResult *row)
{
  DhComponentSums sums = { 0 };
  dh_component_sums_add (&sums, components);
  dh_component_sums_merge (&state->sums, &sums);
  for (guint i = 0; i < components->n_anomalies; i++)
    if (components->items[i].verdict == DH_COMPONENT_MISSED)
      row->largest_missed = MAX (row->largest_missed, components->items[i].area);
  row->n_components = components->n_anomalies;
  row->n_predictions = components->n_predictions;
  if (row->n_components)
    row->siou_mean = dh_component_sums_siou (&sums);
  if (row->n_predictions)
    row->ppv_mean = dh_component_sums_ppv (&sums);
}

static gboolean
add (DhMetric *metric, const DhScoredImage *image, DhImageResult *row, GError **error)
{
  State *state = metric->state;
  start (metric);
  if (!measures_components (metric))
    return dh_smiyc_bins_add (state->bins, image, row, error);

  const gsize n = (gsize)image->width * image->height;
  g_autofree guint8 *mask = g_try_malloc (MAX (2 * n, 1));
  if (!mask)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                   "the mask of %u×%u pixels of %s does not fit in memory. End other programs", image->width,
                   image->height, image->key ? image->key : "an image");
      return FALSE;
    }
  make_mask (image, state->threshold, mask, mask + n, row);
  const DhComponentOptions options = { .min_prediction = metric->options.min_prediction,
                                       .min_anomaly = metric->options.min_anomaly,
                                       .tau = dh_component_tau (0) };
  g_autoptr (DhComponents) components =
      dh_components_match (mask, mask + n, image->width, image->height, &options, error);
  if (!components)
    return FALSE;
  count (state, components, row);
  return TRUE;
}

static gboolean
merge (DhMetric *metric, const DhMetric *other, GError **error)
{
  State *state = metric->state, *from = other->state;
  start (metric);
  if (!from->started)
    return TRUE;
  if (measures_components (metric) && state->threshold != from->threshold)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "components at the thresholds %g and %g cannot be merged. Measure all parts at one threshold",
                   state->threshold, from->threshold);
      return FALSE;
    }
  dh_component_sums_merge (&state->sums, &from->sums);
  return !state->bins || !from->bins || dh_smiyc_bins_merge (state->bins, from->bins, error);
}

static gboolean
next_pass (DhMetric *metric)
{
  State *state = metric->state;
  if (measures_components (metric) || !state->bins)
    return FALSE;
  DhPixelMetrics metrics;
  if (!dh_smiyc_bins_metrics (state->bins, &metrics, NULL, NULL) || isnan (metrics.best_f1_threshold))
    return FALSE;
  state->threshold = metrics.best_f1_threshold;
  g_clear_pointer (&state->bins, dh_smiyc_bins_free);
  return TRUE;
}

static double
threshold (const DhMetric *metric)
{
  const State *state = metric->state;
  return state->started ? state->threshold : metric->options.has_threshold ? metric->options.threshold : NAN;
}

static gboolean
finish (DhMetric *metric, DhResult *result, GError **error)
{
  State *state = metric->state;
  start (metric);
  DhComponentResult *components = result->components = g_new0 (DhComponentResult, 1);
  components->threshold = state->threshold;
  components->threshold_from_set = !metric->options.has_threshold;
  components->threshold_as_compared = dh_f16_to_f32 (dh_f32_to_f16 (state->threshold));
  components->min_prediction = metric->options.min_prediction;
  components->min_anomaly = metric->options.min_anomaly;
  const DhComponentSums *sums = &state->sums;
  components->n_components = sums->n_anomalies;
  components->n_predictions = sums->n_predictions;
  components->siou_mean = dh_component_sums_siou (sums);
  components->ppv_mean = dh_component_sums_ppv (sums);
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    {
      components->tau[k] = dh_component_tau (k);
      components->tp[k] = sums->tp[k];
      components->fn[k] = sums->fn[k];
      components->fp[k] = sums->fp[k];
      components->f1[k] = dh_component_sums_f1 (sums, k);
    }
  components->f1_mean = dh_component_sums_mean_f1 (sums);
  return TRUE;
}

static void
release (DhMetric *metric)
{
  State *state = metric->state;
  dh_smiyc_bins_free (state->bins);
}

const DhMetricClass dh_metric_smiyc_component = {
  .state_size = sizeof (State),
  .add = add,
  .merge = merge,
  .finish = finish,
  .next_pass = next_pass,
  .threshold = threshold,
  .release = release,
};
