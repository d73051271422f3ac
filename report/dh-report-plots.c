#include <math.h>

#include "dh-report-froc-private.h"

#define MAX_SERIES 6

static const guint32 colours[MAX_SERIES] = { 0x1c71d8, 0x0e7c6b, 0x7b3fa0, 0xb06f00, 0xc2185b, 0x5e5c64 };

typedef struct
{
  DhPlotSeries series[MAX_SERIES];
  guint n;
  double *memory[2 * MAX_SERIES];
  char *names[MAX_SERIES];
} Set;

static void
clear_set (Set *set)
{
  for (guint i = 0; i < 2 * MAX_SERIES; i++)
    g_free (set->memory[i]);
  for (guint i = 0; i < MAX_SERIES; i++)
    g_free (set->names[i]);
}

static DhPlotSeries *
add_series (Set *set, char *name, guint n)
{
  DhPlotSeries *series = &set->series[set->n];
  set->memory[2 * set->n] = g_new0 (double, n);
  set->memory[2 * set->n + 1] = g_new0 (double, n);
  set->names[set->n] = name;
  *series = (DhPlotSeries){
    name, colours[set->n], set->n > 0, FALSE, n, set->memory[2 * set->n], set->memory[2 * set->n + 1]
  };
  set->n++;
  return series;
}

/* One line a score of the run; of two runs compared, the other's score too. */
static void
add_curves (Set *set, const DhReport *report, guint which, gboolean roc)
{
  const DhReportRun *run = &report->runs[which];
  for (guint i = 0; i < run->protocols->len && set->n < MAX_SERIES; i++)
    {
      const DhRunProtocolRow *row = run->protocols->pdata[i];
      if (!row->curve || !g_str_equal (row->protocol, "densehybrid-pooled"))
        continue;
      g_autoptr (DhCurve) curve = dh_curve_from_bytes (row->curve);
      if (!curve || curve->anomalies == 0 || curve->n_points == 0 || (roc && curve->inliers == 0))
        continue;
      DhPlotSeries *series = add_series (
          set, g_strdup_printf ("%s  %s %.2f", row->score, roc ? "AUROC" : "AP", 100 * (roc ? row->auroc : row->ap)),
          curve->n_points);
      for (guint p = 0; p < curve->n_points; p++)
        {
          const DhCurvePoint *point = &curve->points[p];
          const double tpr = (double)point->tp / curve->anomalies;
          set->memory[2 * (set->n - 1)][p] = roc ? (double)point->fp / curve->inliers : tpr;
          set->memory[2 * (set->n - 1) + 1][p] = roc ? tpr : (double)point->tp / MAX (point->tp + point->fp, 1);
        }
      series->dashed = !g_str_equal (row->score, run->run->score);
    }
}

static gboolean
draw_histogram (cairo_t *cr, const DhReport *report, guint which)
{
  const DhReportRun *run = &report->runs[which];
  const DhRunProtocolRow *row = dh_report_find_protocol (run, run->run->score, "densehybrid-pooled");
  g_autoptr (DhScoreHistogram) histogram =
      row && row->histogram ? dh_score_histogram_from_bytes (row->histogram) : NULL;
  if (!histogram)
    return FALSE;
  Set set = { .n = 0 };
  double most = 10;
  for (guint kind = 0; kind < 2; kind++)
    {
      DhPlotSeries *series = add_series (&set, g_strdup (kind ? "anomalies" : "inliers"), histogram->n_bins);
      series->filled = TRUE;
      series->dashed = FALSE;
      series->colour = kind ? 0xc2185b : 0x77767b;
      for (guint b = 0; b < histogram->n_bins; b++)
        {
          set.memory[2 * kind][b] = histogram->low + (histogram->high - histogram->low) * b / histogram->n_bins;
          set.memory[2 * kind + 1][b] = (kind ? histogram->anomalies : histogram->inliers)[b];
          most = MAX (most, set.memory[2 * kind + 1][b]);
        }
    }
  const DhPlot plot = {
    "Histogram", run->run->score,      "pixels, log", histogram->low,       histogram->high,      1, most * 10, FALSE,
    TRUE,        row->threshold_tpr95, FALSE,         DH_REPORT_PLOT_WIDTH, DH_REPORT_PLOT_HEIGHT
  };
  dh_plot_draw (cr, &plot, set.series, set.n);
  clear_set (&set);
  return TRUE;
}

/* Of the run, and of the other one of two. */
static gboolean
draw_froc (cairo_t *cr, const DhReport *report, guint which)
{
  Set set = { .n = 0 };
  double least = 0.01, most = 10;
  for (guint r = 0; r < report->n_runs; r++)
    {
      const DhFrocCurve *curve = report->froc[r] ? report->froc[r]->curve : NULL;
      g_autoptr (GArray) corners = curve ? dh_froc_curve_corners (curve) : NULL;
      if (!corners || corners->len == 0)
        continue;
      DhPlotSeries *series = add_series (
          &set,
          g_strdup_printf ("run %" G_GINT64_FORMAT "  %.2f", report->runs[r].run->id, 100 * dh_froc_curve_mean (curve)),
          corners->len);
      series->dashed = r != which;
      least = MIN (least, 1.0 / curve->images);
      for (guint p = 0; p < corners->len; p++)
        {
          const DhFrocCorner *corner = &g_array_index (corners, DhFrocCorner, p);
          set.memory[2 * (set.n - 1)][p] = corner->rate;
          set.memory[2 * (set.n - 1) + 1][p] = corner->found;
          most = MAX (most, corner->rate);
        }
    }
  const DhPlot plot = {
    "FROC", "false alarms an image, log", "share of objects found", least, most, 0, 1, TRUE, FALSE, NAN,
    TRUE,   DH_REPORT_PLOT_WIDTH,         DH_REPORT_PLOT_HEIGHT
  };
  const gboolean drawn = set.n > 0;
  if (drawn)
    dh_plot_draw (cr, &plot, set.series, set.n);
  clear_set (&set);
  return drawn;
}

gboolean
dh_report_draw_plot (cairo_t *cr, const DhReport *report, guint run, guint index)
{
  if (index == 2)
    return draw_histogram (cr, report, run);
  if (index == 3)
    return draw_froc (cr, report, run);
  Set set = { .n = 0 };
  add_curves (&set, report, run, index == 1);
  const DhPlot plots[] = {
    { "Precision–recall", "recall (TPR)", "precision", 0, 1, 0, 1, FALSE, FALSE, NAN, FALSE, DH_REPORT_PLOT_WIDTH,
      DH_REPORT_PLOT_HEIGHT },
    { "ROC", "FPR, log", "TPR", 1e-4, 1, 0, 1, TRUE, FALSE, NAN, TRUE, DH_REPORT_PLOT_WIDTH, DH_REPORT_PLOT_HEIGHT },
  };
  if (set.n > 0)
    dh_plot_draw (cr, &plots[index], set.series, set.n);
  const gboolean drawn = set.n > 0;
  clear_set (&set);
  return drawn;
}
