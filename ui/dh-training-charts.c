#include "dh-training-charts.h"
#include "dh-training-plot.h"

#define UPDATE_MS 250 /* and longer, the more there is to be drawn */
#define STEPS_PER_MS 1000

struct _DhTrainingCharts
{
  GtkWidget parent_instance;
  DhSession *session;
  DhPlotSource source;
  GtkWidget *grid;
  guint columns;
  DhTrainingPlot *plots[DH_N_PLOTS];
  gboolean hybrid;
  guint brief; /* charts in short; 0: all */
  guint timeout;
};

G_DEFINE_FINAL_TYPE (DhTrainingCharts, dh_training_charts, GTK_TYPE_WIDGET)

static void
update_all (DhTrainingCharts *self)
{
  if (self->source.log == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  for (guint i = 0; i < DH_N_PLOTS; i++)
    if (dh_training_plot_is_dirty (self->plots[i])
        && gtk_widget_get_visible (dh_training_plot_get_card (self->plots[i])))
      dh_training_plot_update (self->plots[i], &self->source);
}

static gboolean
update_later (gpointer data)
{
  DhTrainingCharts *self = data;
  self->timeout = 0;
  update_all (self);
  return G_SOURCE_REMOVE;
}

static void
mark (DhTrainingCharts *self, DhPlotKind kind, gboolean anew)
{
  dh_training_plot_mark (self->plots[kind], anew);
  if (self->timeout == 0)
    self->timeout = g_timeout_add (UPDATE_MS + dh_training_plot_get_size (self->plots[DH_PLOT_SEG]) / STEPS_PER_MS,
                                   update_later, self);
}

static void
mark_all (DhTrainingCharts *self)
{
  for (guint i = 0; i < DH_N_PLOTS; i++)
    mark (self, i, TRUE);
}

static void
on_points (DhTrainingLog *log, guint curve, DhTrainingCharts *self)
{
  for (guint i = 0; i < DH_N_PLOTS; i++)
    if (dh_training_plot_get_curve (self->plots[i]) == curve)
      mark (self, i, log != self->source.log);
}

static void
on_loaded (DhTrainingCharts *self)
{
  for (guint i = 0; i < DH_N_PLOTS; i++)
    mark (self, i, FALSE);
}

/* β of the job, by which the terms enter the total; closed-set training has one term. */
static gboolean
read_form (DhTrainingJob *job, double *beta)
{
  g_autoptr (DhTrainingForm) form = dh_training_job_dup_form (job);
  *beta = form != NULL ? dh_training_form_get_number (form, DH_TRAINING_BETA) : 0.03;
  return form == NULL || dh_training_form_has_negatives (form);
}

static void
place_plots (DhTrainingCharts *self)
{
  guint at = 0;
  for (guint i = 0; i < DH_N_PLOTS; i++)
    if (gtk_widget_get_parent (dh_training_plot_get_card (self->plots[i])) != NULL)
      gtk_grid_remove (GTK_GRID (self->grid), dh_training_plot_get_card (self->plots[i]));
  for (guint i = 0; i < DH_N_PLOTS; i++)
    if (gtk_widget_get_visible (dh_training_plot_get_card (self->plots[i])))
      {
        gtk_grid_attach (GTK_GRID (self->grid), dh_training_plot_get_card (self->plots[i]), (int)(at % self->columns),
                         (int)(at / self->columns), 1, 1);
        at++;
      }
}

static void
show_plots (DhTrainingCharts *self)
{
  for (guint i = 0; i < DH_N_PLOTS; i++)
    {
      gboolean of_negatives = i == DH_PLOT_LIKE || i == DH_PLOT_POST || i == DH_PLOT_AP || i == DH_PLOT_TOTAL;
      gboolean shown = i == DH_PLOT_RATE ? !self->hybrid : self->hybrid || !of_negatives;
      if (self->brief > 0)
        shown = i == (self->hybrid ? DH_PLOT_TOTAL : DH_PLOT_SEG)
                || (self->brief > 1 && i == (self->hybrid ? DH_PLOT_AP : DH_PLOT_MIOU));
      gtk_widget_set_visible (dh_training_plot_get_card (self->plots[i]), shown);
    }
  place_plots (self);
}

static void
follow (DhTrainingCharts *self, DhTrainingLog **log, DhTrainingJob *job)
{
  if (*log != NULL)
    g_signal_handlers_disconnect_by_data (*log, self);
  g_clear_object (log);
  if (job == NULL)
    return;
  *log = g_object_ref (dh_training_job_get_log (job));
  g_signal_connect (*log, "points", G_CALLBACK (on_points), self);
  g_signal_connect_swapped (*log, "notify::loading", G_CALLBACK (on_loaded), self);
}

static gboolean
has_others (DhTrainingCharts *self, GPtrArray *others)
{
  const GArray *shown = self->source.others;
  if (shown->len != others->len)
    return FALSE;
  for (guint i = 0; i < shown->len; i++)
    if (g_array_index (shown, DhPlotOther, i).job != others->pdata[i])
      return FALSE;
  return TRUE;
}

static void
leave_others (DhTrainingCharts *self)
{
  for (guint i = 0; i < self->source.others->len; i++)
    {
      DhPlotOther *other = &g_array_index (self->source.others, DhPlotOther, i);
      follow (self, &other->log, NULL);
      g_object_unref (other->job);
    }
  g_array_set_size (self->source.others, 0);
}

void
dh_training_charts_set_job (DhTrainingCharts *self, DhTrainingJob *job, GPtrArray *others)
{
  g_autoptr (GPtrArray) wanted = g_ptr_array_new ();
  for (guint i = 0; others != NULL && i < others->len; i++)
    if (others->pdata[i] != job)
      g_ptr_array_add (wanted, others->pdata[i]);
  if (job == self->source.job && has_others (self, wanted))
    return;
  if (self->source.job != NULL)
    g_signal_handlers_disconnect_by_data (self->source.job, self);
  leave_others (self);
  g_set_object (&self->source.job, job);
  follow (self, &self->source.log, job);
  if (job != NULL)
    {
      self->hybrid = read_form (job, &self->source.beta);
      g_signal_connect_swapped (job, "changed", G_CALLBACK (on_loaded), self);
    }
  for (guint i = 0; i < wanted->len; i++)
    {
      DhPlotOther other = { .job = g_object_ref (wanted->pdata[i]) };
      follow (self, &other.log, other.job);
      read_form (other.job, &other.beta);
      g_array_append_val (self->source.others, other);
    }
  show_plots (self);
  mark_all (self);
  update_all (self);
}

void
dh_training_charts_set_smoothing (DhTrainingCharts *self, double weight)
{
  if (weight == self->source.weight)
    return;
  self->source.weight = weight;
  mark_all (self);
  /* The slider is followed at once. */
  update_all (self);
}

void
dh_training_charts_set_log (DhTrainingCharts *self, gboolean log_axis)
{
  if (log_axis == self->source.log_axis)
    return;
  self->source.log_axis = log_axis;
  mark_all (self);
  update_all (self);
}

void
dh_training_charts_set_brief (DhTrainingCharts *self, guint n_charts)
{
  if (n_charts == self->brief)
    return;
  self->brief = n_charts;
  self->columns = MAX (n_charts, 1);
  show_plots (self);
  mark_all (self);
}

void
dh_training_charts_set_room (DhTrainingCharts *self, guint columns, int height)
{
  for (guint i = 0; i < DH_N_PLOTS; i++)
    dh_training_plot_set_height (self->plots[i], height);
  if (columns == self->columns)
    return;
  self->columns = columns;
  place_plots (self);
}

static void
dh_training_charts_dispose (GObject *object)
{
  DhTrainingCharts *self = DH_TRAINING_CHARTS (object);
  g_clear_handle_id (&self->timeout, g_source_remove);
  if (self->source.job != NULL)
    g_signal_handlers_disconnect_by_data (self->source.job, self);
  follow (self, &self->source.log, NULL);
  if (self->source.others != NULL)
    leave_others (self);
  g_clear_pointer (&self->source.others, g_array_unref);
  g_clear_object (&self->source.job);
  g_clear_pointer (&self->grid, gtk_widget_unparent);
  for (guint i = 0; i < DH_N_PLOTS; i++)
    g_clear_pointer (&self->plots[i], dh_training_plot_free);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_training_charts_parent_class)->dispose (object);
}

static void
dh_training_charts_class_init (DhTrainingChartsClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_training_charts_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_training_charts_init (DhTrainingCharts *self)
{
}

GtkWidget *
dh_training_charts_new (DhSession *session)
{
  DhTrainingCharts *self = g_object_new (DH_TYPE_TRAINING_CHARTS, NULL);
  self->session = g_object_ref (session);
  self->columns = 3;
  self->source.others = g_array_new (FALSE, FALSE, sizeof (DhPlotOther));
  self->grid = gtk_grid_new ();
  gtk_grid_set_column_homogeneous (GTK_GRID (self->grid), TRUE);
  gtk_grid_set_row_spacing (GTK_GRID (self->grid), 12);
  gtk_grid_set_column_spacing (GTK_GRID (self->grid), 12);
  gtk_widget_set_parent (self->grid, GTK_WIDGET (self));
  for (guint i = 0; i < DH_N_PLOTS; i++)
    self->plots[i] = dh_training_plot_new (session, i);
  dh_training_charts_set_room (self, 3, 140);
  g_signal_connect (self, "map", G_CALLBACK (update_all), NULL);
  show_plots (self);
  return GTK_WIDGET (self);
}
