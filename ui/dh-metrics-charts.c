#include "dh-metrics-charts.h"
#include <math.h>
#include "dh-chart-menu.h"
#include "dh-chart.h"
#include "dh-number.h"

#define N_BINS 120

typedef enum
{
  CHART_PR,
  CHART_ROC,
  CHART_HISTOGRAM,
  CHART_THRESHOLD,
  N_CHARTS,
} ChartKind;

#define SPACING 12

typedef struct
{
  DhSession *session;
  GtkWidget *charts[N_CHARTS];
  GtkWidget *notes[N_CHARTS];
  gint active_series; /* of PR and ROC */
} Charts;

GtkWidget *
dh_metrics_card_new (const char *title, GtkWidget **note, GtkWidget **head)
{
  GtkWidget *card = dh_ui_box (GTK_ORIENTATION_VERTICAL, 6, "dh-card");
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 9, NULL);
  gtk_widget_set_margin_start (line, 12);
  gtk_widget_set_margin_end (line, 6);
  gtk_widget_set_margin_top (line, 6);
  gtk_box_append (GTK_BOX (line), dh_ui_label (title, "dh-h", 0));
  *note = dh_ui_short_label (NULL, "dh-small dim-label dh-num", 0);
  gtk_widget_set_hexpand (*note, TRUE);
  gtk_box_append (GTK_BOX (line), *note);
  gtk_box_append (GTK_BOX (card), line);
  if (head != NULL)
    *head = line;
  return card;
}

static const DhTone tones[DH_N_SCORES] = { DH_TONE_HYBRID, DH_TONE_LIKELIHOOD, DH_TONE_POSTERIOR };

/* Curves from (recall 0) on, so that they begin at the axis. */
static void
add_curve (Charts *self, DhScore score, DhScoreStats *stats)
{
  const DhScoreCurve *curve = dh_score_stats_curve (stats, score);
  if (curve == NULL)
    return;
  DhRankMetrics metrics;
  dh_score_stats_metrics (stats, score, &metrics);
  static const char *const names[DH_N_SCORES] = { N_ ("hybrid"), N_ ("likelihood"), N_ ("posterior") };
  g_autofree char *ap = dh_number_format (metrics.ap * 100, 1);
  g_autofree char *fpr = dh_number_format (metrics.fpr95 * 100, 1);
  g_autofree char *pr_name = g_strdup_printf (_ ("%s  AP %s"), _ (names[score]), ap);
  g_autofree char *roc_name = g_strdup_printf (_ ("%s  FPR95 %s"), _ (names[score]), fpr);
  gboolean active = score == dh_session_get_active_score (self->session);
  DhSeries pr = { .name = pr_name,
                  .tone = tones[score],
                  .kind = DH_SERIES_LINE,
                  .active = active,
                  .x = curve->tpr,
                  .y = curve->precision,
                  .n = curve->n };
  int index = dh_chart_add_series (DH_CHART (self->charts[CHART_PR]), &pr);
  DhSeries roc = pr;
  roc.name = roc_name;
  roc.x = curve->fpr;
  roc.y = curve->tpr;
  dh_chart_add_series (DH_CHART (self->charts[CHART_ROC]), &roc);
  if (active)
    self->active_series = index;
}

static void
fill_histogram (Charts *self, DhScore score, DhScoreStats *stats)
{
  DhChart *chart = DH_CHART (self->charts[CHART_HISTOGRAM]);
  guint64 inliers[N_BINS], anomalies[N_BINS];
  double low, high, edges[N_BINS + 1], heights[2][N_BINS];
  dh_session_get_axis (self->session, score, &low, &high);
  dh_score_stats_histogram (stats, score, low, high, N_BINS, inliers, anomalies);
  for (guint i = 0; i <= N_BINS; i++)
    edges[i] = low + (high - low) * i / N_BINS;
  for (guint i = 0; i < N_BINS; i++)
    {
      heights[0][i] = (double)inliers[i];
      heights[1][i] = (double)anomalies[i];
    }
  /* One lies over the other, often everywhere: their names stand above the plot. */
  const DhSeries grey = { .name = _ ("inliers"),
                          .tone = DH_TONE_INLIER,
                          .kind = DH_SERIES_STEPS,
                          .name_above = TRUE,
                          .x = edges,
                          .y = heights[0],
                          .n = N_BINS };
  const DhSeries pink = { .name = _ ("anomalies"),
                          .tone = DH_TONE_ANOMALY,
                          .kind = DH_SERIES_STEPS,
                          .name_above = TRUE,
                          .x = edges,
                          .y = heights[1],
                          .n = N_BINS };
  dh_chart_add_series (chart, &grey);
  dh_chart_add_series (chart, &pink);
  g_autofree char *title = score == DH_SCORE_DATASET_POSTERIOR ? g_strdup (_ ("logit of the dataset posterior"))
                                                               : g_utf8_strdown (dh_score_title (score), -1);
  dh_chart_set_axis (chart, DH_CHART_X, title, DH_AXIS_LINEAR, low, high);
}

static const char *const curve_names[4] = { "F1", N_ ("precision"), "TPR", "FPR" };
static const DhTone curve_tones[4] = { DH_TONE_HYBRID, DH_TONE_POSTERIOR, DH_TONE_LIKELIHOOD, DH_TONE_ANOMALY };

static void
fill_thresholds (Charts *self, DhScore score, DhScoreStats *stats)
{
  DhChart *chart = DH_CHART (self->charts[CHART_THRESHOLD]);
  const DhScoreCurve *curve = dh_score_stats_curve (stats, score);
  if (curve == NULL)
    return;
  double low, high;
  dh_session_get_axis (self->session, score, &low, &high);
  /* Ascending along the axis. */
  g_autofree double *x = g_new (double, curve->n);
  g_autofree double *columns = g_new (double, 4 * curve->n);
  const double *from[4] = { curve->f1, curve->precision, curve->tpr, curve->fpr };
  gboolean descending = dh_score_flags_above (score);
  for (guint i = 0; i < curve->n; i++)
    {
      guint at = descending ? curve->n - 1 - i : i;
      x[i] = dh_score_to_axis (score, curve->threshold[at]);
      for (guint j = 0; j < 4; j++)
        columns[j * curve->n + i] = from[j][at];
    }
  /* The four curves meet and part anywhere: their names stand above the plot. */
  static const DhDash dashes[4] = { DH_DASH_SOLID, DH_DASH_DOTTED, DH_DASH_DASHED, DH_DASH_DOTTED };
  for (guint j = 0; j < 4; j++)
    {
      const DhSeries series = { .name = _ (curve_names[j]),
                                .tone = curve_tones[j],
                                .kind = DH_SERIES_LINE,
                                .dash = dashes[j],
                                .active = j == 0,
                                .name_above = TRUE,
                                .x = x,
                                .y = columns + j * curve->n,
                                .n = curve->n };
      dh_chart_add_series (chart, &series);
    }
  dh_chart_set_axis (chart, DH_CHART_X,
                     score == DH_SCORE_DATASET_POSTERIOR ? _ ("logit of the threshold τ") : _ ("threshold τ"),
                     DH_AXIS_LINEAR, low, high);
}

static void
show_threshold (GtkWidget *box)
{
  Charts *self = g_object_get_data (G_OBJECT (box), "charts");
  DhScore score = dh_session_get_active_score (self->session);
  DhScoreStats *stats = dh_session_get_set_stats (self->session);
  double threshold = dh_session_get_threshold (self->session, score)->value;
  if (!dh_score_stats_has (stats, score) || isnan (threshold))
    return;
  DhCounts counts;
  dh_score_stats_count (stats, score, threshold, &counts);
  double precision = dh_counts_precision (&counts), tpr = dh_counts_tpr (&counts), fpr = dh_counts_fpr (&counts);
  g_autofree char *p = dh_number_format (precision * 100, 1), *r = dh_number_format (tpr * 100, 1);
  g_autofree char *f = dh_number_format (fpr * 100, 1);
  g_autofree char *at = g_strdup_printf (_ ("P %s · R %s"), p, r);
  g_autofree char *of = g_strdup_printf (_ ("FPR %s"), f);
  if (self->active_series >= 0)
    {
      dh_chart_set_marker (DH_CHART (self->charts[CHART_PR]), (guint)self->active_series, tpr, precision, at);
      dh_chart_set_marker (DH_CHART (self->charts[CHART_ROC]), (guint)self->active_series, fpr, tpr, of);
    }
  double position = dh_score_to_axis (score, threshold);
  dh_chart_set_threshold (DH_CHART (self->charts[CHART_HISTOGRAM]), position, TRUE);
  dh_chart_set_threshold (DH_CHART (self->charts[CHART_THRESHOLD]), position, TRUE);
}

static void
describe (Charts *self, DhScoreStats *stats)
{
  DhScore score = dh_session_get_active_score (self->session);
  DhRankMetrics metrics;
  dh_score_stats_metrics (stats, score, &metrics);
  g_autofree char *ap = dh_number_format (metrics.ap * 100, 1), *auroc = dh_number_format (metrics.auroc * 100, 1);
  g_autofree char *fpr = dh_number_format (metrics.fpr95 * 100, 1);
  g_autofree char *pr = g_strdup_printf (_ ("Precision over recall of the %s: average precision %s per cent"),
                                         dh_score_title (score), ap);
  g_autofree char *roc =
      g_strdup_printf (_ ("ROC curve of the %s: AUROC %s per cent, false positive rate at 95 per cent recall %s"),
                       dh_score_title (score), auroc, fpr);
  dh_chart_set_description (DH_CHART (self->charts[CHART_PR]), pr);
  dh_chart_set_description (DH_CHART (self->charts[CHART_ROC]), roc);
  dh_chart_set_description (DH_CHART (self->charts[CHART_HISTOGRAM]),
                            _ ("Histogram of inlier and anomaly pixels of the data set, counts on a log axis"));
  dh_chart_set_description (DH_CHART (self->charts[CHART_THRESHOLD]),
                            _ ("F1, precision, TPR and FPR of the data set over the threshold"));
  g_autofree char *note = g_strdup_printf (_ ("AUROC %s"), auroc);
  gtk_label_set_label (GTK_LABEL (self->notes[CHART_ROC]), note);
}

static void
show_all (GtkWidget *box)
{
  Charts *self = g_object_get_data (G_OBJECT (box), "charts");
  DhScoreStats *stats = dh_session_get_set_stats (self->session);
  DhScore score = dh_session_get_active_score (self->session);
  for (guint i = 0; i < N_CHARTS; i++)
    {
      dh_chart_clear (DH_CHART (self->charts[i]));
      gtk_label_set_label (GTK_LABEL (self->notes[i]), "");
    }
  self->active_series = -1;
  if (stats == NULL)
    return;
  for (guint i = 0; i < DH_N_SCORES; i++)
    add_curve (self, i, stats);
  dh_chart_add_guide (DH_CHART (self->charts[CHART_ROC]), 0.95);
  if (dh_score_stats_has (stats, score))
    {
      fill_histogram (self, score, stats);
      fill_thresholds (self, score, stats);
      describe (self, stats);
    }
  show_threshold (box);
}

static void
on_threshold (GtkWidget *box, guint score, gpointer session)
{
  Charts *self = g_object_get_data (G_OBJECT (box), "charts");
  if (score == dh_session_get_active_score (self->session))
    show_threshold (box);
}

static void
on_dragged (GtkWidget *box, double position, gpointer chart)
{
  Charts *self = g_object_get_data (G_OBJECT (box), "charts");
  DhScore score = dh_session_get_active_score (self->session);
  dh_session_set_threshold (self->session, score, dh_score_from_axis (score, position));
}

static void
charts_free (gpointer data)
{
  g_object_unref (((Charts *)data)->session);
  g_free (data);
}

void
dh_metrics_charts_set_room (GtkWidget *box, int width)
{
  int least;
  GtkWidget *first = GTK_WIDGET (gtk_flow_box_get_child_at_index (GTK_FLOW_BOX (box), 0));
  gtk_widget_measure (first, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  const int all = N_CHARTS * least + (N_CHARTS - 1) * SPACING;
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (box), width >= all ? N_CHARTS : N_CHARTS / 2);
}

GtkWidget *
dh_metrics_charts_new (DhSession *session)
{
  static const char *const titles[N_CHARTS] = { N_ ("Precision–recall"), N_ ("ROC"), N_ ("Histogram"),
                                                N_ ("Threshold curves") };
  static const char *const files[N_CHARTS] = { "precision-recall", "roc", "histogram", "thresholds" };
  Charts *self = g_new0 (Charts, 1);
  self->session = g_object_ref (session);
  GtkWidget *box = gtk_flow_box_new ();
  g_object_set_data_full (G_OBJECT (box), "charts", self, charts_free);
  dh_ui_add_classes (box, "dh-charts");
  gtk_flow_box_set_selection_mode (GTK_FLOW_BOX (box), GTK_SELECTION_NONE);
  gtk_flow_box_set_homogeneous (GTK_FLOW_BOX (box), TRUE);
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (box), 4);
  gtk_flow_box_set_row_spacing (GTK_FLOW_BOX (box), SPACING);
  gtk_flow_box_set_column_spacing (GTK_FLOW_BOX (box), SPACING);
  for (guint i = 0; i < N_CHARTS; i++)
    {
      GtkWidget *head;
      GtkWidget *card = dh_metrics_card_new (_ (titles[i]), &self->notes[i], &head);
      gtk_label_set_max_width_chars (GTK_LABEL (self->notes[i]), 8); /* it may have more, and is not to ask for it */
      self->charts[i] = dh_chart_new ();
      dh_chart_set_description (DH_CHART (self->charts[i]), _ (titles[i]));
      dh_chart_menu_add (DH_CHART (self->charts[i]), session, files[i]);
      dh_chart_set_placeholder (DH_CHART (self->charts[i]), _ ("No anomaly labels: nothing to measure"));
      gtk_box_append (GTK_BOX (head), dh_chart_menu_new_button (DH_CHART (self->charts[i]), _ (titles[i])));
      dh_ui_set_text_size (self->charts[i], 270, 196);
      gtk_widget_set_vexpand (self->charts[i], TRUE);
      gtk_widget_set_margin_start (self->charts[i], 6);
      gtk_widget_set_margin_end (self->charts[i], 6);
      gtk_widget_set_margin_bottom (self->charts[i], 6);
      gtk_box_append (GTK_BOX (card), self->charts[i]);
      GtkWidget *child = gtk_flow_box_child_new ();
      gtk_widget_set_focusable (child, FALSE);
      gtk_flow_box_child_set_child (GTK_FLOW_BOX_CHILD (child), card);
      gtk_flow_box_insert (GTK_FLOW_BOX (box), child, -1);
    }
  DhChart **charts = (DhChart **)self->charts;
  dh_chart_set_axis (charts[CHART_PR], DH_CHART_X, _ ("recall (TPR)"), DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_axis (charts[CHART_PR], DH_CHART_Y, _ ("precision"), DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_axis (charts[CHART_ROC], DH_CHART_X, _ ("FPR, log"), DH_AXIS_LOG, 1e-4, 1);
  dh_chart_set_axis (charts[CHART_ROC], DH_CHART_Y, "TPR", DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_axis (charts[CHART_HISTOGRAM], DH_CHART_Y, _ ("pixels, log"), DH_AXIS_LOG, 1, NAN);
  dh_chart_set_axis (charts[CHART_THRESHOLD], DH_CHART_Y, NULL, DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_reading (charts[CHART_PR], 3, 1, TRUE);
  dh_chart_set_reading (charts[CHART_ROC], 4, 1, TRUE);
  dh_chart_set_reading (charts[CHART_THRESHOLD], 2, 1, TRUE);
  g_signal_connect_object (charts[CHART_HISTOGRAM], "threshold", G_CALLBACK (on_dragged), box, G_CONNECT_SWAPPED);
  g_signal_connect_object (charts[CHART_THRESHOLD], "threshold", G_CALLBACK (on_dragged), box, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (show_all), box, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::active-score", G_CALLBACK (show_all), box, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), box, G_CONNECT_SWAPPED);
  show_all (box);
  return box;
}
