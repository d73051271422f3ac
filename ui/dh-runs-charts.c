#include "dh-runs-charts.h"
#include <math.h>
#include "dh-chart-menu.h"
#include "dh-metrics-charts.h"
#include "dh-number.h"
#include "dh-run-details.h"
#include "dh-training-charts.h"

struct _DhRunsCharts
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *stack, *curve, *points, *points_card, *training;
  DhRunItem *asked[2]; /* A and B */
  DhRunItem *runs[2];  /* evaluations of them, in that order */
  DhRunDetails *details[2];
  GPtrArray *stems; /* of the points, borrowed from the details of A */
  GCancellable *cancellable;
  guint pending;
};

G_DEFINE_FINAL_TYPE (DhRunsCharts, dh_runs_charts, GTK_TYPE_WIDGET)

static guint picture_signal;

static const DhTone tones[2] = { DH_TONE_HYBRID, DH_TONE_OTHER };

/* Precision and recall */

static void
fill_curve (DhRunsCharts *self)
{
  DhChart *chart = DH_CHART (self->curve);
  dh_chart_clear (chart);
  gboolean low = TRUE;
  for (guint i = 0; i < 2; i++)
    low = low && (self->runs[i] == NULL || !(dh_run_item_get (self->runs[i])->ap > 0.5));
  for (guint i = 0; i < 2; i++)
    {
      const DhRunDetails *details = self->details[i];
      if (details == NULL || details->n == 0)
        continue;
      const DhRun *run = dh_run_item_get (self->runs[i]);
      g_autofree char *ap = dh_number_format (run->ap * 100, 1);
      g_autofree char *name = self->runs[1] == NULL
                                  ? g_strdup_printf ("%s  AP %s", run->imported ? run->model : run->score, ap)
                                  : g_strdup_printf ("%s  AP %s", i == 0 ? "A" : "B", ap);
      const DhSeries series = { .name = name,
                                .tone = tones[i],
                                .kind = DH_SERIES_LINE,
                                .dash = i == 0 ? DH_DASH_SOLID : DH_DASH_DASHED,
                                .active = i == 0,
                                .x = details->recall,
                                .y = details->precision,
                                .n = details->n,
                                /* One above the other, where the curves leave room. */
                                .name_x = low ? 0.5 : 0.05,
                                .name_y = (low ? 0.8 : 0.1) + (i == 0 ? 0.12 : 0) };
      const int index = dh_chart_add_series (chart, &series);
      dh_chart_set_marker (chart, (guint)index, details->best_recall, details->best_precision, NULL);
    }
  dh_chart_set_axis (chart, DH_CHART_X, _ ("recall (TPR)"), DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_axis (chart, DH_CHART_Y, _ ("precision"), DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_placeholder (chart, self->pending > 0       ? _ ("Reading…")
                                   : self->runs[0] == NULL ? _ ("Choose a run")
                                                           : _ ("No labels, or not finished: no curve"));
}

/* Picture by picture */

static GHashTable *
index_pictures (const DhRunDetails *details)
{
  GHashTable *by_stem = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < details->pictures->len; i++)
    {
      DhRunPicture *picture = details->pictures->pdata[i];
      g_hash_table_insert (by_stem, picture->stem, picture);
    }
  return by_stem;
}

static double
low_end (const double *x, const double *y, guint n)
{
  double low = 100;
  for (guint i = 0; i < n; i++)
    low = MIN (low, MIN (x[i], y[i]));
  return MIN (90, 10 * floor (low / 10));
}

static void
add_points (DhRunsCharts *self)
{
  const DhRunDetails *a = self->details[0], *b = self->details[1];
  g_autoptr (GHashTable) others = index_pictures (b);
  g_autofree double *x = g_new (double, a->pictures->len + 1), *y = g_new (double, a->pictures->len + 1);
  g_autofree const char **names = g_new (const char *, a->pictures->len + 1);
  guint n = 0;
  for (guint i = 0; i < a->pictures->len; i++)
    {
      const DhRunPicture *picture = a->pictures->pdata[i];
      const DhRunPicture *other = g_hash_table_lookup (others, picture->stem);
      if (other == NULL || isnan (picture->ap) || isnan (other->ap))
        continue;
      x[n] = 100 * other->ap;
      y[n] = 100 * picture->ap;
      names[n++] = picture->name;
      g_ptr_array_add (self->stems, picture->stem);
    }
  DhChart *chart = DH_CHART (self->points);
  if (n == 0)
    return;
  const DhSeries series = { .name = _ ("AP of A"),
                            .tone = DH_TONE_HYBRID,
                            .kind = DH_SERIES_POINTS,
                            .hide_name = TRUE,
                            .x = x,
                            .y = y,
                            .point_names = names,
                            .n = n };
  const double low = low_end (x, y, n);
  dh_chart_set_axis (chart, DH_CHART_X, _ ("AP of B"), DH_AXIS_LINEAR, low, 100);
  dh_chart_set_axis (chart, DH_CHART_Y, _ ("AP of A"), DH_AXIS_LINEAR, low, 100);
  dh_chart_add_series (chart, &series);
  dh_chart_add_diagonal (chart);
  if (!dh_run_measures_alike (dh_run_item_get (self->runs[0]), dh_run_item_get (self->runs[1])))
    {
      dh_chart_add_note (chart, 0.04, 0.92, _ ("other pixels or labels"), DH_TONE_INLIER);
      return;
    }
  dh_chart_add_note (chart, 0.04, 0.92, _ ("A better"), DH_TONE_INLIER);
  dh_chart_add_note (chart, 0.72, 0.04, _ ("B better"), DH_TONE_INLIER);
}

static void
fill_points (DhRunsCharts *self)
{
  DhChart *chart = DH_CHART (self->points);
  dh_chart_clear (chart);
  g_ptr_array_set_size (self->stems, 0);
  dh_chart_set_axis (chart, DH_CHART_X, _ ("AP of B"), DH_AXIS_LINEAR, 0, 100);
  dh_chart_set_axis (chart, DH_CHART_Y, _ ("AP of A"), DH_AXIS_LINEAR, 0, 100);
  if (self->details[0] != NULL && self->details[1] != NULL)
    add_points (self);
  dh_chart_set_placeholder (chart, self->pending > 0          ? _ ("Reading…")
                                   : self->details[1] == NULL ? _ ("Choose a second evaluation to compare")
                                                              : _ ("No image has an AP in both"));
}

static void
on_point (DhChart *chart, guint series, guint point, DhRunsCharts *self)
{
  if (self->runs[0] != NULL && point < self->stems->len)
    g_signal_emit (self, picture_signal, 0, self->runs[0], self->stems->pdata[point]);
}

/* Which runs */

static void
show (DhRunsCharts *self)
{
  fill_curve (self);
  fill_points (self);
}

typedef struct
{
  DhRunsCharts *charts; /* weak */
  guint which;
} Loading;

static void
loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Loading *loading = data;
  g_autoptr (GError) error = NULL;
  DhRunDetails *details = dh_session_load_run_details_finish (DH_SESSION (source), result, &error);
  DhRunsCharts *self = loading->charts;
  /* Others were chosen since, or the widget is gone. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->details[loading->which] = details;
  self->pending--;
  show (self);
}

static void
forget (DhRunsCharts *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_ptr_array_set_size (self->stems, 0);
  self->pending = 0;
  for (guint i = 0; i < 2; i++)
    {
      g_clear_pointer (&self->details[i], dh_run_details_unref);
      g_clear_object (&self->runs[i]);
      g_clear_object (&self->asked[i]);
    }
}

void
dh_runs_charts_set (DhRunsCharts *self, DhRunItem *a, DhRunItem *b)
{
  if (a == self->asked[0] && b == self->asked[1])
    return;
  forget (self);
  self->cancellable = g_cancellable_new ();
  DhRunItem *const items[2] = { a, b };
  DhTrainingJob *jobs[2] = { NULL, NULL };
  guint n_jobs = 0, n_runs = 0;
  for (guint i = 0; i < 2; i++)
    if (items[i] != NULL && dh_run_item_get_job (items[i]) != NULL)
      jobs[n_jobs++] = dh_run_item_get_job (items[i]);
  /* Of a training and an evaluation the upper one's kind is drawn. */
  const gboolean training = a != NULL && dh_run_item_get_job (a) != NULL;
  for (guint i = 0; i < 2 && !training; i++)
    if (items[i] != NULL && dh_run_item_get_job (items[i]) == NULL)
      {
        self->runs[n_runs] = g_object_ref (items[i]);
        Loading *loading = g_new (Loading, 1);
        *loading = (Loading){ self, n_runs++ };
        self->pending++;
        dh_session_load_run_details (self->session, dh_run_item_get (items[i])->id, self->cancellable, loaded, loading);
      }
  g_set_object (&self->asked[0], a);
  g_set_object (&self->asked[1], b);
  g_autoptr (GPtrArray) others = g_ptr_array_new ();
  if (training && jobs[1] != NULL)
    g_ptr_array_add (others, jobs[1]);
  dh_training_charts_set_job (DH_TRAINING_CHARTS (self->training), training ? jobs[0] : NULL, others);
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), training ? "training" : "evaluation");
  show (self);
}

void
dh_runs_charts_set_room (DhRunsCharts *self, guint cards)
{
  gtk_widget_set_visible (GTK_WIDGET (self), cards > 0);
  gtk_widget_set_visible (self->points_card, cards > 1);
  dh_training_charts_set_brief (DH_TRAINING_CHARTS (self->training), MAX (1, cards));
}

static void
dh_runs_charts_dispose (GObject *object)
{
  DhRunsCharts *self = DH_RUNS_CHARTS (object);
  if (self->stems != NULL)
    forget (self);
  g_clear_pointer (&self->stems, g_ptr_array_unref);
  g_clear_pointer (&self->stack, gtk_widget_unparent);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_runs_charts_parent_class)->dispose (object);
}

static void
dh_runs_charts_class_init (DhRunsChartsClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_runs_charts_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
  picture_signal = g_signal_new ("picture", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 2, DH_TYPE_RUN_ITEM, G_TYPE_STRING);
}

static void
dh_runs_charts_init (DhRunsCharts *self)
{
}

static GtkWidget *
make_card (DhRunsCharts *self, const char *title, const char *about, const char *file, GtkWidget **chart)
{
  GtkWidget *note, *head;
  GtkWidget *card = dh_metrics_card_new (title, &note, &head);
  gtk_label_set_label (GTK_LABEL (note), about);
  *chart = dh_chart_new ();
  dh_chart_set_description (DH_CHART (*chart), title);
  dh_chart_menu_add (DH_CHART (*chart), self->session, file);
  gtk_box_append (GTK_BOX (head), dh_chart_menu_new_button (DH_CHART (*chart), title));
  gtk_widget_set_vexpand (*chart, TRUE);
  gtk_widget_set_margin_start (*chart, 6);
  gtk_widget_set_margin_end (*chart, 6);
  gtk_widget_set_margin_bottom (*chart, 6);
  gtk_widget_set_size_request (*chart, 200, 110);
  gtk_box_append (GTK_BOX (card), *chart);
  return card;
}

GtkWidget *
dh_runs_charts_new (DhSession *session)
{
  DhRunsCharts *self = g_object_new (DH_TYPE_RUNS_CHARTS, NULL);
  self->session = g_object_ref (session);
  self->stems = g_ptr_array_new ();
  GtkWidget *both = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 12, NULL);
  gtk_box_set_homogeneous (GTK_BOX (both), TRUE);
  gtk_box_append (GTK_BOX (both),
                  make_card (self, _ ("Precision–recall"), _ ("whole data set"), "precision-recall", &self->curve));
  self->points_card = make_card (self, _ ("Image by image"), _ ("a click opens it"), "pictures", &self->points);
  gtk_box_append (GTK_BOX (both), self->points_card);
  g_signal_connect (self->points, "activate", G_CALLBACK (on_point), self);
  self->training = dh_training_charts_new (session);
  dh_training_charts_set_brief (DH_TRAINING_CHARTS (self->training), 2);
  dh_training_charts_set_room (DH_TRAINING_CHARTS (self->training), 2, 110);
  self->stack = gtk_stack_new ();
  /* As wide as the one that is seen needs. */
  gtk_stack_set_hhomogeneous (GTK_STACK (self->stack), FALSE);
  gtk_stack_add_named (GTK_STACK (self->stack), both, "evaluation");
  gtk_stack_add_named (GTK_STACK (self->stack), self->training, "training");
  gtk_widget_set_parent (self->stack, GTK_WIDGET (self));
  show (self);
  return GTK_WIDGET (self);
}
