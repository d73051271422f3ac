/* Numbers of a protocol in draws of a run's pictures. */
#include "dh-drawn-froc-private.h"
#include "dh-report-drawn-private.h"

#include <math.h>
#include <string.h>

enum
{
  /* a mean's sums and how many are defined: AP, FPR95, AUROC */
  MEANS = 6,
  /* of components: sums and numbers, then true positives, misses and false ones at each overlap */
  SIOU = 0,
  ANOMALIES,
  PPV,
  PREDICTIONS,
  TAUS,
  COMPONENTS = TAUS + 3 * DH_COMPONENT_TAUS,
};

struct _DhReportDrawn
{
  const DhProtocol *protocol;
  gboolean pooled;
  double exact[DH_N_INTERVALS];
  DhMetricOptions options;
  guint width;       /* sums of a picture; 0 of pooled ones */
  GArray *sums;      /* double */
  DhDrawnFroc *froc; /* instead of these; NULL */
  gboolean settled;
};

static const DhProtocol of_froc = { .name = DH_INTERVALS_FROC, .kind = DH_PROTOCOL_PIXEL };

static gboolean
is_of_components (const DhReportDrawn *self)
{
  return self->protocol->kind == DH_PROTOCOL_COMPONENT;
}

static gboolean
init_components (DhReportDrawn *self, const DhReportRun *run)
{
  g_auto (DhReportComponents) found = { NULL };
  if (!dh_report_find_components (run->run, &found) || !g_str_equal (found.protocol, self->protocol->name))
    return FALSE;
  self->exact[DH_INTERVAL_SIOU] = found.siou;
  self->exact[DH_INTERVAL_PPV] = found.ppv;
  self->exact[DH_INTERVAL_MEAN_F1] = found.mean_f1;
  self->options.has_threshold = TRUE;
  self->options.threshold = found.threshold;
  dh_report_find_areas (run->run, &self->options.min_prediction, &self->options.min_anomaly);
  self->width = COMPONENTS;
  return TRUE;
}

static gboolean
init_pixels (DhReportDrawn *self, const DhReportRun *run)
{
  const DhRunProtocolRow *row = dh_report_find_protocol (run, run->run->score, self->protocol->name);
  if (!row)
    return FALSE;
  self->exact[DH_INTERVAL_AP] = row->ap;
  self->exact[DH_INTERVAL_FPR95] = row->fpr95;
  self->exact[DH_INTERVAL_AUROC] = row->auroc;
  self->exact[DH_INTERVAL_BEST_F1] = row->best_f1;
  self->pooled = dh_protocol_is_pooled (self->protocol);
  self->width = self->pooled ? 0 : MEANS;
  return TRUE;
}

static DhReportDrawn *
new_undefined (const DhProtocol *protocol)
{
  DhReportDrawn *self = g_new0 (DhReportDrawn, 1);
  self->protocol = protocol;
  self->sums = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint k = 0; k < DH_N_INTERVALS; k++)
    self->exact[k] = NAN;
  return self;
}

DhReportDrawn *
dh_report_drawn_new_froc (const DhFrocOptions *options, double rate)
{
  DhReportDrawn *self = new_undefined (&of_froc);
  self->froc = dh_drawn_froc_new (options, rate);
  return self;
}

DhReportDrawn *
dh_report_drawn_new (const DhReportRun *run, const DhProtocol *protocol)
{
  g_autoptr (DhReportDrawn) self = new_undefined (protocol);
  return (is_of_components (self) ? init_components : init_pixels) (self, run) ? g_steal_pointer (&self) : NULL;
}

void
dh_report_drawn_free (DhReportDrawn *self)
{
  if (!self)
    return;
  g_array_unref (self->sums);
  dh_drawn_froc_free (self->froc);
  g_free (self);
}

const DhProtocol *
dh_report_drawn_protocol (const DhReportDrawn *self)
{
  return self->protocol;
}

gboolean
dh_report_drawn_is_pooled (const DhReportDrawn *self)
{
  return self->pooled;
}

const double *
dh_report_drawn_exact (DhReportDrawn *self)
{
  if (self->froc && !self->settled)
    {
      dh_drawn_froc_settle (self->froc);
      dh_drawn_froc_measure (self->froc, NULL, &self->exact[DH_INTERVAL_FOUND], &self->exact[DH_INTERVAL_FROC]);
      self->settled = TRUE;
    }
  return self->exact;
}

static void
add_means (const DhImageResult *row, double *sums)
{
  const double values[] = { row->ap, row->fpr95, row->auroc };
  for (guint k = 0; k < G_N_ELEMENTS (values); k++)
    if (!isnan (values[k]))
      {
        sums[2 * k] = values[k];
        sums[2 * k + 1] = 1;
      }
}

static void
add_components (const DhComponentResult *found, double *sums)
{
  sums[ANOMALIES] = (double)found->n_components;
  sums[PREDICTIONS] = (double)found->n_predictions;
  sums[SIOU] = found->n_components ? found->siou_mean * sums[ANOMALIES] : 0;
  sums[PPV] = found->n_predictions ? found->ppv_mean * sums[PREDICTIONS] : 0;
  for (guint t = 0; t < DH_COMPONENT_TAUS; t++)
    {
      sums[TAUS + 3 * t] = (double)found->tp[t];
      sums[TAUS + 3 * t + 1] = (double)found->fn[t];
      sums[TAUS + 3 * t + 2] = (double)found->fp[t];
    }
}

gboolean
dh_report_drawn_add (DhReportDrawn *self, const float *scores, const DhLabels *labels, GError **error)
{
  if (self->pooled)
    return TRUE;
  if (self->froc)
    return dh_drawn_froc_add (self->froc, scores, labels->ids, labels->width, labels->height, error);
  g_autoptr (DhMetric) metric = dh_metric_new (self->protocol, &self->options, error);
  const DhScoredImage image = { .scores = scores,
                                .labels = labels->ids,
                                .width = labels->width,
                                .height = labels->height,
                                .unmeasured = DH_ANOMALY_UNMEASURED };
  g_autoptr (DhResult) result =
      metric && dh_metric_add (metric, &image, error) ? dh_metric_finish (metric, error) : NULL;
  if (!result)
    return FALSE;
  const guint before = self->sums->len;
  g_array_set_size (self->sums, before + self->width);
  double *sums = &g_array_index (self->sums, double, before);
  memset (sums, 0, self->width * sizeof *sums);
  if (is_of_components (self))
    add_components (result->components, sums);
  else
    add_means (&result->rows[0], sums);
  return TRUE;
}

static double
ratio (double sum, double n)
{
  return n > 0 ? sum / n : (double)NAN;
}

static double
mean_f1 (const double *taus)
{
  double sum = 0;
  for (guint t = 0; t < DH_COMPONENT_TAUS; t++)
    sum += ratio (2 * taus[3 * t], 2 * taus[3 * t] + taus[3 * t + 1] + taus[3 * t + 2]);
  return sum / DH_COMPONENT_TAUS;
}

static void
measure (const double *times, double *numbers, gconstpointer data)
{
  const DhReportDrawn *self = data;
  const double *picture = (const double *)self->sums->data;
  double sums[COMPONENTS] = { 0 };
  for (guint k = 0; k < DH_N_INTERVALS; k++)
    numbers[k] = NAN;
  if (self->froc)
    {
      dh_drawn_froc_measure (self->froc, times, &numbers[DH_INTERVAL_FOUND], &numbers[DH_INTERVAL_FROC]);
      return;
    }
  for (gsize i = 0; i < self->sums->len / self->width; i++, picture += self->width)
    if (times[i] > 0)
      for (guint k = 0; k < self->width; k++)
        sums[k] += times[i] * picture[k];
  if (is_of_components (self))
    {
      numbers[DH_INTERVAL_SIOU] = ratio (sums[SIOU], sums[ANOMALIES]);
      numbers[DH_INTERVAL_PPV] = ratio (sums[PPV], sums[PREDICTIONS]);
      numbers[DH_INTERVAL_MEAN_F1] = mean_f1 (sums + TAUS);
      return;
    }
  numbers[DH_INTERVAL_AP] = ratio (sums[0], sums[1]);
  numbers[DH_INTERVAL_FPR95] = ratio (sums[2], sums[3]);
  numbers[DH_INTERVAL_AUROC] = ratio (sums[4], sums[5]);
}

gboolean
dh_report_drawn_draw (DhReportDrawn *const *of, const DhDrawsRun *runs, guint n, guint n_groups,
                      DhBootstrapNumber numbers[DH_N_INTERVALS], guint *used, GCancellable *cancellable)
{
  const gconstpointer data[2] = { of[0], n > 1 ? of[1] : NULL };
  return dh_draws_measure (runs, data, n, n_groups, measure, DH_N_INTERVALS, numbers, used, cancellable);
}
