#include "dh-training-plot.h"
#include <math.h>
#include "dh-chart-menu.h"
#include "dh-metrics-charts.h"
#include "dh-number.h"
#include "dh-smoothing.h"

#define MOST_LETTERS 28 /* of another training's title in a reading */
#define THIN 500        /* raw values from which on the line is a thin one */

typedef struct
{
  DhTrainingCurveKind curve;
  DhTone tone;
  const char *title, *formula, *series; /* of closed-set training the same */
  gboolean by_epoch;
  guint digits;
} PlotInfo;

static const PlotInfo infos[DH_N_PLOTS] = {
  [DH_PLOT_SEG] = { DH_CURVE_SEG, DH_TONE_HYBRID, N_ ("Segmentation"), "L_seg", "L_seg", FALSE, 4 },
  [DH_PLOT_LIKE] = { DH_CURVE_LIKE, DH_TONE_LIKELIHOOD, N_ ("Likelihood"), "β · L_like", "β·L_like", FALSE, 4 },
  [DH_PLOT_POST] = { DH_CURVE_POST, DH_TONE_POSTERIOR, N_ ("Posterior"), "10 β · L_post", "10β·L_post", FALSE, 5 },
  [DH_PLOT_TOTAL] = { DH_CURVE_TOTAL, DH_TONE_NEUTRAL, N_ ("Total loss"), "", N_ ("total loss"), FALSE, 4 },
  [DH_PLOT_MIOU] = { DH_CURVE_MIOU, DH_TONE_HYBRID, N_ ("Closed mIoU"), "", N_ ("mIoU, %"), TRUE, 1 },
  [DH_PLOT_AP] = { DH_CURVE_AP, DH_TONE_ANOMALY, N_ ("AP of the hybrid score"), "", N_ ("AP, %"), TRUE, 1 },
  [DH_PLOT_RATE] = { DH_CURVE_RATE, DH_TONE_NEUTRAL, N_ ("Learning rate"), "", N_ ("learning rate"), FALSE, 8 },
};

struct _DhTrainingPlot
{
  DhPlotKind kind;
  GtkWidget *card, *chart, *value;
  gboolean dirty, drawn;
  guint n, generation; /* what the chart holds */
  DhSmoothing smoothing;
  int raw, smooth; /* series; smooth −1: none */
  double end;      /* of the x axis */
};

static gboolean
is_log (DhTrainingPlot *plot, const DhPlotSource *source)
{
  const DhPlotKind kind = plot->kind;
  return kind == DH_PLOT_POST || kind == DH_PLOT_RATE
         || (source->log_axis && (kind == DH_PLOT_SEG || kind == DH_PLOT_TOTAL));
}

static double
factor (DhPlotKind kind, double beta)
{
  if (infos[kind].by_epoch)
    return 100.0;
  return kind == DH_PLOT_LIKE ? beta : kind == DH_PLOT_POST ? 10.0 * beta : 1.0;
}

/* The axis goes to the end of the training, but while little is done not so far that the curve is a dot: it doubles. */
static double
x_end (DhTrainingPlot *plot, const DhPlotSource *source, double last)
{
  const DhJobProgress *progress = dh_training_job_get_progress (source->job);
  double end = infos[plot->kind].by_epoch ? (double)progress->epochs : (double)progress->steps;
  end = MAX (end, last);
  while (!infos[plot->kind].by_epoch && end > 40.0 && end / 2.0 > 1.3 * last)
    end /= 2.0;
  return MAX (ceil (end), 1.0);
}

static void
show_axes (DhTrainingPlot *plot, const DhPlotSource *source, double last)
{
  double end = x_end (plot, source, last);
  if (plot->drawn && end == plot->end)
    return;
  plot->end = end;
  DhChart *chart = DH_CHART (plot->chart);
  dh_chart_set_axis (chart, DH_CHART_X, infos[plot->kind].by_epoch ? _ ("epoch") : _ ("step"), DH_AXIS_WHOLE, 0, end);
  dh_chart_set_axis (chart, DH_CHART_Y, NULL, is_log (plot, source) ? DH_AXIS_LOG : DH_AXIS_LINEAR, NAN, NAN);
}

static char *
format_value (DhPlotKind kind, double value)
{
  if (infos[kind].by_epoch)
    {
      g_autofree char *number = dh_number_format (value, 1);
      return isnan (value) ? g_strdup ("—") : g_strdup_printf ("%s %%", number);
    }
  if (kind == DH_PLOT_RATE)
    return isnan (value) ? g_strdup ("—") : g_strdup_printf ("%.2g", value);
  return dh_number_format (value, fabs (value) < 0.01 ? 4 : 3);
}

static void
describe (DhTrainingPlot *plot, const DhPlotSource *source, double x, double y)
{
  g_autofree char *value = format_value (plot->kind, y), *at = dh_number_format_count ((guint64)x);
  g_autofree char *sentence = g_strdup_printf (infos[plot->kind].by_epoch ? _ ("%s over the epochs: %s at epoch %s")
                                                                          : _ ("%s over the steps: %s at step %s"),
                                               _ (infos[plot->kind].title), value, at);
  dh_chart_set_description (DH_CHART (plot->chart), sentence);
  gtk_label_set_label (GTK_LABEL (plot->value), value);
}

static void
show_end (DhTrainingPlot *plot, const DhPlotSource *source, const DhTrainingCurve *curve, double y)
{
  DhChart *chart = DH_CHART (plot->chart);
  guint series = (guint)(plot->smooth >= 0 ? plot->smooth : plot->raw);
  if (curve->n == 0)
    {
      gtk_label_set_label (GTK_LABEL (plot->value), "");
      return;
    }
  double x = curve->x[curve->n - 1];
  describe (plot, source, x, y);
  if (!infos[plot->kind].by_epoch)
    {
      dh_chart_set_marker (chart, series, x, y, NULL);
      return;
    }
  guint epoch = 0;
  double best = dh_training_log_get_best (source->log, infos[plot->kind].curve, &epoch);
  if (isnan (best))
    return;
  /* Room for the word over the best one. */
  double lowest = best;
  for (guint i = 0; i < curve->n; i++)
    lowest = isfinite (curve->y[i]) ? MIN (lowest, curve->y[i]) : lowest;
  double high = source->others->len == 0 ? 100.0 * (best + MAX (0.2 * (best - lowest), 0.002)) : NAN;
  dh_chart_set_axis (chart, DH_CHART_Y, NULL, DH_AXIS_LINEAR, NAN, high);
  g_autofree char *number = dh_number_format (100.0 * best, 1);
  g_autofree char *text = g_strdup_printf (_ ("best %s"), number);
  dh_chart_set_marker (chart, series, epoch, 100.0 * best, text);
}

/* Scaled and smoothed; the state is kept for what comes later. */
static double *
make_values (const DhTrainingCurve *curve, guint from, double scale)
{
  double *values = g_new (double, MAX (curve->n - from, 1));
  for (guint i = from; i < curve->n; i++)
    values[i - from] = scale * curve->y[i];
  return values;
}

static int
add_line (DhChart *chart, const char *name, DhTone tone, DhSeriesKind kind, const DhTrainingCurve *curve,
          const double *y, gboolean active)
{
  const DhSeries series = { .name = name,
                            .tone = tone,
                            .kind = kind,
                            .dash = tone == DH_TONE_OTHER ? DH_DASH_DASHED : DH_DASH_SOLID,
                            .active = active,
                            .hide_name = TRUE,
                            .x = curve->x,
                            .y = y,
                            .n = curve->n };
  return dh_chart_add_series (chart, &series);
}

static void
add_other (DhTrainingPlot *plot, const DhPlotSource *source, const DhPlotOther *other)
{
  const PlotInfo *info = &infos[plot->kind];
  DhTrainingCurve curve;
  dh_training_log_get_curve (other->log, info->curve, &curve);
  g_autofree double *values = make_values (&curve, 0, factor (plot->kind, other->beta));
  DhSmoothing smoothing = dh_smoothing_new (info->by_epoch || plot->kind == DH_PLOT_RATE ? 0.0 : source->weight);
  dh_smoothing_apply (&smoothing, values, values, curve.n);
  /* Whose they are stands over the charts: a title may be long. */
  const char *title = dh_training_job_get_title (other->job);
  const glong letters = g_utf8_strlen (title, -1);
  /* The end of it tells its seed. */
  g_autofree char *begin = g_utf8_substring (title, 0, MIN (letters, MOST_LETTERS / 2 - 1));
  g_autofree char *end = g_utf8_substring (title, MAX (letters - MOST_LETTERS / 2, 0), letters);
  g_autofree char *shortened = letters > MOST_LETTERS ? g_strconcat (begin, "…", end, NULL) : g_strdup (title);
  add_line (DH_CHART (plot->chart), shortened, DH_TONE_OTHER, info->by_epoch ? DH_SERIES_LINE_POINTS : DH_SERIES_LINE,
            &curve, values, FALSE);
}

static void
add_others (DhTrainingPlot *plot, const DhPlotSource *source)
{
  for (guint i = 0; i < source->others->len; i++)
    add_other (plot, source, &g_array_index (source->others, DhPlotOther, i));
}

static void
add_notes (DhTrainingPlot *plot, const DhPlotSource *source)
{
  DhChart *chart = DH_CHART (plot->chart);
  if (plot->kind == DH_PLOT_LIKE)
    dh_chart_add_note (chart, 1.0, 0.93, _ ("negative is normal here"), DH_TONE_NEUTRAL);
  if (is_log (plot, source))
    dh_chart_add_note (chart, 1.0, 0.93, _ ("log axis"), DH_TONE_NEUTRAL);
}

static void
draw (DhTrainingPlot *plot, const DhPlotSource *source, const DhTrainingCurve *curve)
{
  const PlotInfo *info = &infos[plot->kind];
  DhChart *chart = DH_CHART (plot->chart);
  dh_chart_clear (chart);
  plot->drawn = FALSE;
  plot->n = curve->n;
  plot->generation = curve->generation;
  plot->smooth = -1;
  plot->smoothing = dh_smoothing_new (info->by_epoch || plot->kind == DH_PLOT_RATE ? 0.0 : source->weight);
  gboolean smoothed = plot->smoothing.weight > 0.0;
  g_autofree double *values = make_values (curve, 0, factor (plot->kind, source->beta));
  DhSeriesKind line = info->by_epoch ? DH_SERIES_LINE_POINTS : DH_SERIES_LINE;
  if (!smoothed)
    add_others (plot, source);
  plot->raw = add_line (chart, _ (info->series), info->tone, smoothed ? DH_SERIES_BAND : line, curve, values,
                        !smoothed && curve->n < THIN);
  if (smoothed)
    {
      add_others (plot, source);
      dh_smoothing_apply (&plot->smoothing, values, values, curve->n);
      plot->smooth = add_line (chart, _ ("smoothed"), info->tone, DH_SERIES_LINE, curve, values, TRUE);
    }
  if (curve->n > 0)
    add_notes (plot, source);
  show_axes (plot, source, curve->n > 0 ? curve->x[curve->n - 1] : 0.0);
  show_end (plot, source, curve, curve->n > 0 ? values[curve->n - 1] : NAN);
  plot->drawn = TRUE;
}

/* What was drawn stays; only what is new is added behind it. */
static void
append (DhTrainingPlot *plot, const DhPlotSource *source, const DhTrainingCurve *curve)
{
  DhChart *chart = DH_CHART (plot->chart);
  guint n = curve->n - plot->n;
  g_autofree double *values = make_values (curve, plot->n, factor (plot->kind, source->beta));
  dh_chart_append (chart, (guint)plot->raw, curve->x + plot->n, values, n);
  dh_smoothing_apply (&plot->smoothing, values, values, n);
  if (plot->smooth >= 0)
    dh_chart_append (chart, (guint)plot->smooth, curve->x + plot->n, values, n);
  plot->n = curve->n;
  show_axes (plot, source, curve->x[curve->n - 1]);
  show_end (plot, source, curve, values[n - 1]);
}

static const char *
placeholder (DhTrainingPlot *plot, const DhPlotSource *source)
{
  DhJobState state = dh_training_job_get_state (source->job);
  if (dh_training_log_is_loading (source->log))
    return _ ("Reading the log…");
  if (state != DH_JOB_RUNNING && state != DH_JOB_QUEUED && state != DH_JOB_PAUSED)
    return _ ("It ended before this was measured");
  return infos[plot->kind].by_epoch ? _ ("Measured at the end of each epoch") : _ ("Waiting for the first step");
}

void
dh_training_plot_update (DhTrainingPlot *plot, const DhPlotSource *source)
{
  plot->dirty = FALSE;
  DhTrainingCurve curve = { 0 };
  dh_training_log_get_curve (source->log, infos[plot->kind].curve, &curve);
  dh_chart_set_placeholder (DH_CHART (plot->chart), placeholder (plot, source));
  if (plot->drawn && plot->n > 0 && curve.generation == plot->generation && curve.n >= plot->n)
    {
      if (curve.n > plot->n)
        append (plot, source, &curve);
      else
        show_axes (plot, source, curve.x[curve.n - 1]);
    }
  else
    draw (plot, source, &curve);
}

gboolean
dh_training_plot_is_dirty (const DhTrainingPlot *plot)
{
  return plot->dirty;
}

void
dh_training_plot_mark (DhTrainingPlot *plot, gboolean anew)
{
  plot->dirty = TRUE;
  plot->drawn &= !anew;
}

DhTrainingCurveKind
dh_training_plot_get_curve (const DhTrainingPlot *plot)
{
  return infos[plot->kind].curve;
}

guint
dh_training_plot_get_size (const DhTrainingPlot *plot)
{
  return plot->n;
}

GtkWidget *
dh_training_plot_get_card (DhTrainingPlot *plot)
{
  return plot->card;
}

void
dh_training_plot_set_height (DhTrainingPlot *plot, int height)
{
  gtk_widget_set_size_request (plot->chart, -1, height);
}

void
dh_training_plot_free (DhTrainingPlot *plot)
{
  g_object_unref (plot->card);
  g_free (plot);
}

DhTrainingPlot *
dh_training_plot_new (DhSession *session, DhPlotKind kind)
{
  DhTrainingPlot *plot = g_new0 (DhTrainingPlot, 1);
  plot->kind = kind;
  GtkWidget *note, *head;
  plot->card = g_object_ref_sink (dh_metrics_card_new (_ (infos[kind].title), &note, &head));
  gtk_label_set_label (GTK_LABEL (note), infos[kind].formula);
  plot->value = dh_ui_label (NULL, "dh-h dh-num", 1);
  gtk_widget_set_margin_end (plot->value, 6);
  gtk_box_append (GTK_BOX (head), plot->value);
  plot->chart = dh_chart_new ();
  dh_chart_set_description (DH_CHART (plot->chart), _ (infos[kind].title));
  gtk_widget_set_margin_start (plot->chart, 9);
  gtk_widget_set_margin_end (plot->chart, 6);
  gtk_widget_set_margin_bottom (plot->chart, 6);
  dh_chart_set_reading (DH_CHART (plot->chart), 0, infos[kind].digits, FALSE);
  dh_chart_menu_add (DH_CHART (plot->chart), session, dh_training_curve_id (infos[kind].curve));
  gtk_box_append (GTK_BOX (plot->card), plot->chart);
  return plot;
}
