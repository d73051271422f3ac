/* A run's objects against its false alarms at every threshold, from its maps. */
#include <math.h>

#include "dh-error.h"
#include "dh-report-froc-private.h"

/* FALSE where memory is short. */
static gboolean
add (DhReportFroc *self, DhFroc *froc, DhDataset *dataset, const DhRunImageRow *row, GError **error)
{
  g_autoptr (DhTensor) map = NULL;
  g_autoptr (DhLabels) labels = NULL;
  if (dataset && dh_report_load_measured (row, dataset, &map, &labels))
    return dh_froc_add (froc, dh_tensor_f32 (map), labels->ids, labels->width, labels->height, error);
  self->unread++;
  return TRUE;
}

DhFrocOptions
dh_report_froc_options (const DhReport *report, const DhFrocRules *rules)
{
  DhFrocOptions options = { .found_share = rules->found_share < 0 ? DH_FROC_FOUND_SHARE : rules->found_share };
  /* Two runs that are compared are counted alike. */
  dh_report_find_areas (report->runs[0].run, &options.min_area, &options.min_anomaly);
  if (rules->min_area > 0)
    options.min_area = rules->min_area;
  if (rules->min_anomaly > 0)
    options.min_anomaly = rules->min_anomaly;
  return options;
}

DhReportFroc *
dh_report_froc_new (const DhReport *report, guint which, const DhFrocRules *rules)
{
  const DhReportRun *run = &report->runs[which];
  DhReportFroc *self = g_new0 (DhReportFroc, 1);
  g_autoptr (GError) error = NULL;
  const DhFrocOptions options = dh_report_froc_options (report, rules);
  dh_report_find_operating (report, which, &self->at);
  g_autoptr (DhFroc) froc = dh_froc_new (&options);
  g_autoptr (DhDataset) dataset =
      dh_report_has_maps (run->run) ? dh_report_open_dataset (run->run, report->cancellable) : NULL;
  dh_progress_report (report->progress, 0, run->images->len, "false alarms");
  for (guint i = 0; i < run->images->len && !error && !g_cancellable_is_cancelled (report->cancellable); i++)
    {
      const DhRunImageRow *row = run->images->pdata[i];
      dh_progress_report (report->progress, i + 1, run->images->len, "false alarms");
      /* Without labels nothing is known to be false. */
      if (g_str_equal (row->state, "done") && row->pixels > 0)
        add (self, froc, dataset, row, &error);
    }
  if (!error)
    self->curve = dh_froc_finish (froc, &error);
  if (error)
    self->why = g_strdup_printf ("Nothing is counted: %s.", error->message);
  return self;
}

void
dh_report_froc_free (DhReportFroc *self)
{
  if (!self)
    return;
  dh_froc_curve_free (self->curve);
  dh_report_operating_clear (&self->at);
  g_free (self->why);
  g_free (self);
}

const DhFrocPoint *
dh_report_froc_get_operating (const DhReportFroc *self, const DhReportRun *run)
{
  const double threshold = dh_report_sign_of (run->run, run->run->score) * self->at.threshold;
  const float limit = (float)threshold;
  /* for every float the same as `score > threshold` */
  return isfinite (threshold)
             ? dh_froc_curve_at (self->curve, limit > threshold ? nextafterf (limit, -INFINITY) : limit, FALSE)
             : NULL;
}

DhFrocCurve *
dh_run_froc_measure (DhDatabase *database, gint64 run, const DhFrocRules *rules, const DhProgress *progress,
                     GCancellable *cancellable, GError **error)
{
  DhReport report = { .n_runs = 1, .cancellable = cancellable, .progress = progress };
  g_autoptr (DhReportFroc) froc = NULL;
  const gboolean loaded = dh_report_load_run (database, run, &report.runs[0], error);
  if (loaded && dh_report_check_done (report.runs[0].run, "false alarms", error))
    froc = dh_report_froc_new (&report, 0, rules);
  dh_report_clear_run (&report.runs[0]);
  if (!froc || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (!froc->curve)
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, froc->why);
  else if (froc->unread > 0 || froc->curve->images == 0)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                 "false alarms of run %" G_GINT64_FORMAT
                 " cannot be counted: of some images its maps or the labels are not there",
                 run);
  else
    return g_steal_pointer (&froc->curve);
  return NULL;
}
