#include "dh-metric-private.h"
#include <math.h>
#include "dh-error.h"

static const struct
{
  const char *name;
  const DhMetricClass *class;
} classes[] = {
  { "densehybrid-pooled", &dh_metric_pooled },
  { "fishyscapes", &dh_metric_pooled },
  { "densehybrid-per-image", &dh_metric_per_image },
  { "densehybrid-per-image-as-published", &dh_metric_per_image },
  { "caos", &dh_metric_per_image },
  { "smiyc-pixel", &dh_metric_smiyc_pixel },
  { "smiyc-component", &dh_metric_smiyc_component },
};

gboolean
dh_protocol_is_pooled (const DhProtocol *protocol)
{
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (g_str_equal (classes[i].name, protocol->name))
      return classes[i].class == &dh_metric_pooled || classes[i].class == &dh_metric_smiyc_pixel;
  return FALSE;
}

static void
clear_row (gpointer row)
{
  g_free (((DhImageResult *)row)->key);
}

DhMetric *
dh_metric_new (const DhProtocol *protocol, const DhMetricOptions *options, GError **error)
{
  const DhMetricClass *class = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (g_str_equal (classes[i].name, protocol->name))
      class = classes[i].class;
  if (!class)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "the protocol “%s” needs classes besides scores. Use eval-osr, which has them", protocol->name);
      return NULL;
    }
  if (options && options->has_threshold && !isfinite (options->threshold))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "the threshold of “%s” must be a finite number", protocol->name);
      return NULL;
    }
  DhMetric *metric = g_new0 (DhMetric, 1);
  metric->protocol = protocol;
  metric->class = class;
  if (options)
    metric->options = *options;
  if (!metric->options.min_prediction)
    metric->options.min_prediction = 500;
  if (!metric->options.min_anomaly)
    metric->options.min_anomaly = 100;
  metric->rows = g_array_new (FALSE, FALSE, sizeof (DhImageResult));
  g_array_set_clear_func (metric->rows, clear_row);
  metric->state = g_malloc0 (class->state_size);
  return metric;
}

DhMetric *
dh_metric_new_part (const DhMetric *metric)
{
  DhMetric *part = dh_metric_new (metric->protocol, NULL, NULL);
  part->options = metric->options;
  part->pass = metric->pass;
  /* Whatever it is: scores so far apart that float16 does not hold them choose −∞. */
  if (part->pass > 0)
    {
      part->options.has_threshold = TRUE;
      part->options.threshold = dh_metric_threshold (metric);
    }
  return part;
}

void
dh_metric_free (DhMetric *metric)
{
  if (!metric)
    return;
  metric->class->release (metric);
  g_array_unref (metric->rows);
  g_free (metric->state);
  g_free (metric);
}

const DhProtocol *
dh_metric_protocol (const DhMetric *metric)
{
  return metric->protocol;
}

gboolean
dh_metric_add (DhMetric *metric, const DhScoredImage *image, GError **error)
{
  DhImageResult row = { .width = image->width,
                        .height = image->height,
                        .ap = NAN,
                        .auroc = NAN,
                        .fpr95 = NAN,
                        .threshold_tpr95 = NAN,
                        .mean_score = NAN,
                        .siou_mean = NAN,
                        .ppv_mean = NAN };
  if (!metric->class->add (metric, image, &row, error))
    return FALSE;
  metric->images++;
  metric->pixels += row.pixels;
  metric->positives += row.positives;
  metric->ignored += row.ignored;
  metric->non_finite += row.non_finite;
  if (!metric->options.no_rows || metric->class == &dh_metric_per_image)
    {
      row.key = g_strdup (image->key);
      g_array_append_val (metric->rows, row);
    }
  return TRUE;
}

gboolean
dh_metric_merge (DhMetric *metric, const DhMetric *other, GError **error)
{
  if (metric->protocol != other->protocol || metric->pass != other->pass)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "metrics of “%s” (pass %u) and “%s” (pass %u) cannot be merged. Merge parts of the same measurement",
                   metric->protocol->name, metric->pass + 1, other->protocol->name, other->pass + 1);
      return FALSE;
    }
  if (!metric->class->merge (metric, other, error))
    return FALSE;
  metric->images += other->images;
  metric->pixels += other->pixels;
  metric->positives += other->positives;
  metric->ignored += other->ignored;
  metric->non_finite += other->non_finite;
  for (guint i = 0; i < other->rows->len; i++)
    {
      DhImageResult row = g_array_index (other->rows, DhImageResult, i);
      row.key = g_strdup (row.key);
      g_array_append_val (metric->rows, row);
    }
  return TRUE;
}

gboolean
dh_metric_next_pass (DhMetric *metric)
{
  if (!metric->class->next_pass || !metric->class->next_pass (metric))
    return FALSE;
  metric->pass++;
  metric->images = 0;
  metric->pixels = metric->positives = metric->ignored = metric->non_finite = 0;
  g_array_set_size (metric->rows, 0);
  return TRUE;
}

double
dh_metric_threshold (const DhMetric *metric)
{
  return metric->class->threshold ? metric->class->threshold (metric) : NAN;
}

DhResult *
dh_metric_finish (DhMetric *metric, GError **error)
{
  g_autoptr (DhResult) result = g_new0 (DhResult, 1);
  result->protocol = metric->protocol;
  result->ap = result->auroc = result->fpr95 = result->threshold_tpr95 = NAN;
  result->best_f1 = result->best_f1_threshold = result->tpr_at_fpr5 = result->threshold_fpr5 = NAN;
  result->images = metric->images;
  result->pixels = metric->pixels;
  result->positives = metric->positives;
  result->ignored = metric->ignored;
  result->non_finite = metric->non_finite;
  if (!metric->options.no_rows)
    {
      result->rows = g_new (DhImageResult, MAX (metric->rows->len, 1));
      for (guint i = 0; i < metric->rows->len; i++)
        {
          result->rows[i] = g_array_index (metric->rows, DhImageResult, i);
          result->rows[i].key = g_strdup (result->rows[i].key);
        }
    }
  if (!metric->class->finish (metric, result, error))
    return NULL;
  return g_steal_pointer (&result);
}

void
dh_result_free (DhResult *result)
{
  if (!result)
    return;
  if (result->rows)
    for (guint i = 0; i < result->images; i++)
      g_free (result->rows[i].key);
  g_free (result->rows);
  dh_curve_free (result->curve);
  g_free (result->components);
  g_free (result);
}

void
dh_metric_tell_row (const DhPixelMetrics *metrics, DhImageResult *row)
{
  row->ap = metrics->ap;
  row->auroc = metrics->auroc;
  row->fpr95 = metrics->fpr95;
  row->threshold_tpr95 = metrics->threshold_tpr95;
}

void
dh_metric_tell_result (const DhPixelMetrics *metrics, DhResult *result)
{
  result->ap = metrics->ap;
  result->auroc = metrics->auroc;
  result->fpr95 = metrics->fpr95;
  result->threshold_tpr95 = metrics->threshold_tpr95;
  result->best_f1 = metrics->best_f1;
  result->best_f1_threshold = metrics->best_f1_threshold;
  result->tpr_at_fpr5 = metrics->tpr_at_fpr5;
  result->threshold_fpr5 = metrics->threshold_fpr5;
}
