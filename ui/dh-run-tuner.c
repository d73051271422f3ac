#include "dh-run-tuner.h"
#include <math.h>
#include "dh-number.h"
#include "dh-run-threshold.h"
#include "dh-score-axis.h"
#include "dh-threshold-field.h"
#include "dh-threshold-record.h"

#define N_BINS 156

/* After the last move of a drag or of keys it is one that undo goes back from. */
#define COMMIT_MS 600

struct _DhRunTuner
{
  GtkWidget parent_instance;
  DhSession *session;
  guint side;
  DhScore score;
  char *title;
  GtkAdjustment *axis, *value; /* of the slider and of the field: of a posterior the first is the second's logit */
  GtkWidget *field, *histogram, *record;
  gboolean updating;
  guint commit_timeout;
};

G_DEFINE_FINAL_TYPE (DhRunTuner, dh_run_tuner, GTK_TYPE_WIDGET)

static void
show_record (DhRunTuner *self)
{
  const DhThreshold *threshold = dh_session_get_run_threshold (self->session, self->side);
  DhThresholdRecord *record = DH_THRESHOLD_RECORD (self->record);
  const gboolean own = dh_session_run_threshold_is_own (self->session, self->side);
  const gboolean otherwise = dh_session_run_threshold_is_seen_otherwise (self->session, self->side);
  const gboolean can = dh_session_can_choose_run_threshold (self->session, self->side);
  if (!dh_threshold_record_show (record, threshold, own, otherwise, can, TRUE))
    return;
  g_autofree char *name = g_strdup_printf (_ ("%s threshold"), self->title);
  dh_histogram_set_label (DH_HISTOGRAM (self->histogram), name, dh_threshold_record_get_text (record));
}

static guint
find_digits (DhRunTuner *self)
{
  const double span = gtk_adjustment_get_upper (self->axis) - gtk_adjustment_get_lower (self->axis);
  return self->score == DH_SCORE_DATASET_POSTERIOR ? 4 : dh_number_find_digits (span);
}

/* Another method's scores may be of any size. */
static void
fit_field (DhRunTuner *self)
{
  const guint digits = find_digits (self);
  g_autofree char *low = dh_number_format (gtk_adjustment_get_lower (self->value), digits);
  g_autofree char *high = dh_number_format (gtk_adjustment_get_upper (self->value), digits);
  const glong longest = MAX (g_utf8_strlen (low, -1), g_utf8_strlen (high, -1));
  gtk_spin_button_set_digits (GTK_SPIN_BUTTON (self->field), digits);
  gtk_editable_set_width_chars (GTK_EDITABLE (self->field), (int)CLAMP (longest, 7, 12));
}

static void
show_axis (DhRunTuner *self)
{
  double low, high;
  dh_session_get_run_axis (self->session, self->side, &low, &high);
  const double threshold = dh_session_get_run_threshold (self->session, self->side)->value;
  const double position = isnan (threshold) ? (low + high) / 2 : dh_score_to_axis (self->score, threshold);
  low = MIN (low, position);
  high = MAX (high, position);
  const double step = (high - low) / 400;
  self->updating = TRUE;
  gtk_adjustment_configure (self->axis, position, low, high, step, step * 10, 0);
  if (self->value != self->axis)
    gtk_adjustment_configure (self->value, dh_score_from_axis (self->score, position),
                              dh_score_from_axis (self->score, low), dh_score_from_axis (self->score, high), 0.01, 0.1,
                              0);
  self->updating = FALSE;
  if (self->field != NULL)
    fit_field (self);
}

static void
show_histogram (DhRunTuner *self)
{
  DhView *view = dh_session_get_view (self->session);
  DhHistogram *histogram = DH_HISTOGRAM (self->histogram);
  const DhRunDetails *details = dh_session_get_run_details (self->session, self->side);
  const DhRunMap *map = dh_session_get_run_map (self->session, self->side);
  const double low = gtk_adjustment_get_lower (self->axis), high = gtk_adjustment_get_upper (self->axis);
  guint64 inliers[N_BINS], anomalies[N_BINS];
  const gboolean of_set = dh_view_get_boolean (view, "set-histogram") && details != NULL
                          && dh_run_curve_histogram (details->curve, low, high, N_BINS, inliers, anomalies);
  const DhScoreStats *stats = map != NULL ? map->stats : NULL;
  dh_histogram_set_linear_counts (histogram, dh_view_get_boolean (view, "linear-counts"));
  if (!of_set && !dh_score_stats_has (stats, self->score))
    {
      dh_histogram_set_counts (histogram, 0, 0, NULL, NULL, 0);
      return;
    }
  if (!of_set)
    dh_score_stats_histogram (stats, self->score, low, high, N_BINS, inliers, anomalies);
  const gboolean labelled = of_set || dh_score_stats_is_labelled (stats);
  dh_score_histogram_name (histogram, labelled, of_set);
  dh_histogram_set_counts (histogram, low, high, inliers, labelled ? anomalies : NULL, N_BINS);
}

static void
show_all (DhRunTuner *self)
{
  show_axis (self);
  show_histogram (self);
  show_record (self);
}

static gboolean
commit (gpointer data)
{
  DhRunTuner *self = data;
  self->commit_timeout = 0;
  dh_session_commit_run_threshold (self->session, self->side);
  return G_SOURCE_REMOVE;
}

static void
commit_now (DhRunTuner *self)
{
  if (self->commit_timeout == 0)
    return;
  g_clear_handle_id (&self->commit_timeout, g_source_remove);
  commit (self);
}

static void
on_axis (DhRunTuner *self)
{
  if (self->updating)
    return;
  dh_session_set_run_threshold (self->session, self->side,
                                dh_score_from_axis (self->score, gtk_adjustment_get_value (self->axis)));
  g_clear_handle_id (&self->commit_timeout, g_source_remove);
  self->commit_timeout = g_timeout_add (COMMIT_MS, commit, self);
}

static void
on_threshold (DhSession *session, guint side, DhRunTuner *self)
{
  const double value = dh_session_get_run_threshold (session, self->side)->value;
  if (side != self->side || isnan (value))
    return;
  const double position = dh_score_to_axis (self->score, value);
  if (position < gtk_adjustment_get_lower (self->axis) || position > gtk_adjustment_get_upper (self->axis))
    {
      show_all (self);
      return;
    }
  self->updating = TRUE;
  if (gtk_adjustment_get_value (self->axis) != position)
    gtk_adjustment_set_value (self->axis, position);
  self->updating = FALSE;
  show_record (self);
}

static void
on_stats (DhSession *session, guint side, DhRunTuner *self)
{
  if (side == self->side)
    show_histogram (self);
}

static void
on_choose (DhRunTuner *self, guint rule)
{
  dh_session_choose_run_threshold (self->session, self->side, rule);
  dh_threshold_record_forget (DH_THRESHOLD_RECORD (self->record));
  show_record (self);
}

void
dh_run_tuner_focus_field (DhRunTuner *self)
{
  dh_threshold_field_focus (self->field);
}

void
dh_run_tuner_nudge (DhRunTuner *self, double steps)
{
  gtk_adjustment_set_value (self->axis, gtk_adjustment_get_value (self->axis)
                                            + steps * gtk_adjustment_get_step_increment (self->axis));
}

static void
dh_run_tuner_dispose (GObject *object)
{
  DhRunTuner *self = DH_RUN_TUNER (object);
  /* The run may stand there no more: what was moved last is the run's all the same. */
  g_clear_handle_id (&self->commit_timeout, g_source_remove);
  if (self->axis != NULL)
    g_signal_handlers_disconnect_by_data (self->axis, self);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->axis);
  g_clear_object (&self->value);
  g_clear_object (&self->session);
  g_clear_pointer (&self->title, g_free);
  G_OBJECT_CLASS (dh_run_tuner_parent_class)->dispose (object);
}

static void
dh_run_tuner_class_init (DhRunTunerClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_run_tuner_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_run_tuner_init (DhRunTuner *self)
{
  dh_ui_add_classes (GTK_WIDGET (self), "dh-thr");
  self->axis = g_object_ref_sink (gtk_adjustment_new (0, -1, 1, 0.01, 0.1, 0));
}

static GtkWidget *
make_head (DhRunTuner *self)
{
  GtkWidget *head = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  GtkWidget *title = dh_ui_short_label (self->title, "dh-h", 0);
  gtk_widget_set_hexpand (title, TRUE);
  gtk_box_append (GTK_BOX (head), title);
  gtk_box_append (GTK_BOX (head), dh_ui_label (dh_score_flags_above (self->score) ? _ ("flag if >") : _ ("flag if <"),
                                               "dh-small dim-label", 1));
  g_autofree char *name = g_strdup_printf (_ ("%s threshold"), self->title);
  self->field = dh_threshold_field_new (self->value, find_digits (self), name);
  gtk_box_append (GTK_BOX (head), self->field);
  g_autoptr (GMenu) menu = g_menu_new ();
  dh_ui_menu_section (menu, NULL, _ ("Histogram of the data set"), "view.set-histogram", _ ("Linear counts"),
                      "view.linear-counts", NULL);
  gtk_box_append (GTK_BOX (head),
                  dh_ui_menu_button ("view-more-symbolic", _ ("Histogram"), G_MENU_MODEL (menu), "flat dh-iconbtn"));
  return head;
}

GtkWidget *
dh_run_tuner_new (DhSession *session, guint side, DhScore score, const char *title)
{
  DhRunTuner *self = g_object_new (DH_TYPE_RUN_TUNER, NULL);
  self->session = g_object_ref (session);
  self->side = side;
  self->score = score;
  self->title = g_strdup (title);
  if (score == DH_SCORE_DATASET_POSTERIOR)
    {
      self->value = g_object_ref_sink (gtk_adjustment_new (0.5, 0, 1, 0.01, 0.1, 0));
      dh_adjustment_bind_logit (self->axis, self->value);
    }
  else
    self->value = g_object_ref (self->axis);
  show_axis (self);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 2, NULL);
  gtk_box_append (GTK_BOX (box), make_head (self));
  self->histogram = dh_histogram_new ();
  dh_histogram_set_adjustment (DH_HISTOGRAM (self->histogram), self->axis);
  dh_histogram_set_flag_below (DH_HISTOGRAM (self->histogram), !dh_score_flags_above (score));
  dh_histogram_set_logit (DH_HISTOGRAM (self->histogram), score == DH_SCORE_DATASET_POSTERIOR);
  gtk_box_append (GTK_BOX (box), self->histogram);
  self->record = dh_threshold_record_new (session, (gint)side, score);
  gtk_box_append (GTK_BOX (box), self->record);
  gtk_widget_set_parent (box, GTK_WIDGET (self));

  g_signal_connect_swapped (self->axis, "value-changed", G_CALLBACK (on_axis), self);
  g_signal_connect_swapped (self->histogram, "drag-end", G_CALLBACK (commit_now), self);
  g_signal_connect_swapped (self->record, "choose", G_CALLBACK (on_choose), self);
  g_signal_connect_object (session, "run-threshold", G_CALLBACK (on_threshold), self, 0);
  g_signal_connect_object (session, "run-stats", G_CALLBACK (on_stats), self, 0);
  g_signal_connect_object (session, "compared", G_CALLBACK (show_all), self, G_CONNECT_SWAPPED);
  DhView *view = dh_session_get_view (session);
  g_signal_connect_object (view, "notify::set-histogram", G_CALLBACK (show_histogram), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (view, "notify::linear-counts", G_CALLBACK (show_histogram), self, G_CONNECT_SWAPPED);
  show_all (self);
  return GTK_WIDGET (self);
}
