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
  guint64 n_components, n_predictions;
  double siou_sum, ppv_sum;
  guint64 tp[DH_COMPONENT_TAUS], fn[DH_COMPONENT_TAUS], fp[DH_COMPONENT_TAUS];
} State;

static double
tau_at (guint k)
{
  return 0.25 + k * 0.05;
}

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
  double siou = 0, ppv = 0;
  for (guint i = 0; i < components->n_anomalies; i++)
    {
      const DhComponent *item = &components->items[i];
      siou += item->siou;
      if (item->verdict == DH_COMPONENT_MISSED)
        row->largest_missed = MAX (row->largest_missed, item->area);
    }
  for (guint i = 0; i < components->n_predictions; i++)
    ppv += components->items[components->n_anomalies + i].ppv;
  row->n_components = components->n_anomalies;
  row->n_predictions = components->n_predictions;
  if (row->n_components)
    row->siou_mean = siou / row->n_components;
  if (row->n_predictions)
    row->ppv_mean = ppv / row->n_predictions;
  state->n_components += row->n_components;
  state->n_predictions += row->n_predictions;
  state->siou_sum += siou;
  state->ppv_sum += ppv;
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    {
      guint64 tp, fn, fp;
      dh_components_count (components, tau_at (k), &tp, &fn, &fp);
      state->tp[k] += tp;
      state->fn[k] += fn;
      state->fp[k] += fp;
    }
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
                                       .tau = tau_at (0) };
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
  state->n_components += from->n_components;
  state->n_predictions += from->n_predictions;
  state->siou_sum += from->siou_sum;
  state->ppv_sum += from->ppv_sum;
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    {
      state->tp[k] += from->tp[k];
      state->fn[k] += from->fn[k];
      state->fp[k] += from->fp[k];
    }
  return !state->bins || !from->bins || dh_smiyc_bins_merge (state->bins, from->bins, error);
}

static gboolean
next_pass (DhMetric *metric)
{
  State *state = metric->state;
  if (measures_components (metric) || !state->bins)
    return FALSE;
  DhSmiycMetrics metrics;
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
  components->n_components = state->n_components;
  components->n_predictions = state->n_predictions;
  components->siou_mean = state->n_components ? state->siou_sum / state->n_components : NAN;
  components->ppv_mean = state->n_predictions ? state->ppv_sum / state->n_predictions : NAN;
  double sum = 0;
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    {
      components->tau[k] = tau_at (k);
      components->tp[k] = state->tp[k];
      components->fn[k] = state->fn[k];
      components->fp[k] = state->fp[k];
      components->f1[k] = dh_components_f1 (state->tp[k], state->fn[k], state->fp[k]);
      sum += components->f1[k];
    }
  components->f1_mean = sum / DH_COMPONENT_TAUS;
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
