#include "dh-score-tuner.h"
#include <math.h>
#include "dh-histogram.h"
#include "dh-score-axis.h"
#include "dh-threshold-field.h"
#include "dh-threshold-record.h"

struct _DhScoreTuner
{
  GtkWidget parent_instance;
  DhSession *session;
  DhScore score;
  DhScoreAxis *axis;
  GtkWidget *radio; /* NULL: it stands alone, and is open whatever score is active */
  GtkWidget *field, *histogram, *record;
  gboolean compact, updating;
};

G_DEFINE_FINAL_TYPE (DhScoreTuner, dh_score_tuner, GTK_TYPE_WIDGET)

static gboolean
is_open (DhScoreTuner *self)
{
  return self->radio == NULL || dh_session_get_active_score (self->session) == self->score;
}

static void
show_record (DhScoreTuner *self)
{
  DhThresholdRecord *record = DH_THRESHOLD_RECORD (self->record);
  if (!dh_threshold_record_show (record, dh_session_get_threshold (self->session, self->score),
                                 dh_session_threshold_is_own (self->session, self->score),
                                 dh_session_threshold_is_seen_otherwise (self->session, self->score),
                                 dh_session_can_choose (self->session, self->score), is_open (self)))
    return;
  g_autofree char *name = g_strdup_printf (_ ("%s threshold"), dh_score_title (self->score));
  dh_histogram_set_label (DH_HISTOGRAM (self->histogram), name, dh_threshold_record_get_text (record));
}

static void
show_histogram (DhScoreTuner *self)
{
  DhView *view = dh_session_get_view (self->session);
  gboolean of_set = dh_view_get_boolean (view, "set-histogram") && dh_session_get_set_stats (self->session) != NULL;
  dh_score_axis_fill (self->axis, self->histogram, of_set);
  dh_histogram_set_linear_counts (DH_HISTOGRAM (self->histogram), dh_view_get_boolean (view, "linear-counts"));
}

static void
show_open (DhScoreTuner *self)
{
  gboolean open = is_open (self);
  self->updating = TRUE;
  if (self->radio != NULL)
    gtk_check_button_set_active (GTK_CHECK_BUTTON (self->radio), open);
  self->updating = FALSE;
  gtk_widget_set_visible (self->record, open);
  gboolean flat = self->compact && !open;
  dh_histogram_set_plot_height (DH_HISTOGRAM (self->histogram), open ? (self->compact ? 56 : 74) : flat ? 24 : 40);
  dh_histogram_set_show_axis (DH_HISTOGRAM (self->histogram), !flat);
  show_record (self);
}

static void
show_sensitive (DhScoreTuner *self)
{
  DhModelInfo *model = dh_session_get_model_info (self->session);
  gboolean there = model == NULL || dh_session_has_map (self->session, dh_score_map (self->score));
  gtk_widget_set_sensitive (GTK_WIDGET (self), there);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), there ? NULL : _ ("These weights have no outlier head"));
}

static void
on_threshold (DhSession *session, guint score, DhScoreTuner *self)
{
  if (score == self->score)
    show_record (self);
}

static void
on_stats (DhScoreTuner *self)
{
  show_histogram (self);
  show_record (self);
}

static void
on_radio (GtkCheckButton *radio, GParamSpec *spec, DhScoreTuner *self)
{
  if (!self->updating && gtk_check_button_get_active (radio))
    dh_session_set_active_score (self->session, self->score);
}

static void
on_choose (DhScoreTuner *self, guint rule)
{
  dh_session_choose_threshold (self->session, self->score, rule);
  dh_threshold_record_forget (DH_THRESHOLD_RECORD (self->record));
  show_record (self);
}

/* A touch makes this the score that draws the mask. */
static void
on_touched (DhScoreTuner *self)
{
  if (self->radio != NULL)
    dh_session_set_active_score (self->session, self->score);
}

static void
on_value (DhScoreTuner *self)
{
  if (!self->axis->updating)
    on_touched (self);
}

static void
on_drag_end (DhScoreTuner *self)
{
  dh_score_axis_commit (self->axis);
}

static GMenuModel *
make_menu (DhScore score)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) presets = g_menu_new ();
  for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
    {
      g_autofree char *action = g_strdup_printf ("win.preset(('%s', '%s'))", dh_score_id (score), dh_rule_id (rule));
      g_menu_append (presets, dh_rule_title (rule), action);
    }
  g_menu_append_section (menu, _ ("Preset"), G_MENU_MODEL (presets));
  g_autofree char *reset = g_strdup_printf ("win.reset('%s')", dh_score_id (score));
  dh_ui_menu_section (menu, NULL, _ ("Reset to the record"), reset, NULL);
  dh_ui_menu_section (menu, NULL, _ ("Histogram of the data set"), "view.set-histogram", _ ("Linear counts"),
                      "view.linear-counts", NULL);
  return G_MENU_MODEL (menu);
}

static GtkWidget *
make_radio (DhScoreTuner *self, DhScoreTuner *group)
{
  self->radio = gtk_check_button_new_with_label (dh_score_title (self->score));
  gtk_widget_set_tooltip_text (self->radio, _ ("This score makes the mask, the counts and the objects"));
  if (group != NULL)
    gtk_check_button_set_group (GTK_CHECK_BUTTON (self->radio), GTK_CHECK_BUTTON (group->radio));
  g_signal_connect (self->radio, "notify::active", G_CALLBACK (on_radio), self);
  return self->radio;
}

static GtkWidget *
make_head (DhScoreTuner *self, GtkWidget *title)
{
  GtkWidget *head = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_widget_set_hexpand (title, TRUE);
  gtk_box_append (GTK_BOX (head), title);
  gtk_box_append (GTK_BOX (head), dh_ui_label (dh_score_flags_above (self->score) ? _ ("flag if >") : _ ("flag if <"),
                                               "dh-small dim-label", 1));
  g_autofree char *name = g_strdup_printf (_ ("%s threshold"), dh_score_title (self->score));
  self->field = dh_threshold_field_new (self->axis->field, self->score == DH_SCORE_DATASET_POSTERIOR ? 4 : 2, name);
  gtk_box_append (GTK_BOX (head), self->field);
  g_autoptr (GMenuModel) menu = make_menu (self->score);
  GtkWidget *more = dh_ui_menu_button ("view-more-symbolic", _ ("Presets and histogram"), menu, "flat dh-iconbtn");
  g_autofree char *more_name = g_strdup_printf (_ ("%s: presets and histogram"), dh_score_title (self->score));
  dh_ui_set_name (more, more_name);
  gtk_box_append (GTK_BOX (head), more);
  return head;
}

static GtkWidget *
make_plot (DhScoreTuner *self)
{
  self->histogram = dh_histogram_new ();
  dh_histogram_set_adjustment (DH_HISTOGRAM (self->histogram), self->axis->axis);
  dh_histogram_set_flag_below (DH_HISTOGRAM (self->histogram), !dh_score_flags_above (self->score));
  dh_histogram_set_logit (DH_HISTOGRAM (self->histogram), self->score == DH_SCORE_DATASET_POSTERIOR);
  return self->histogram;
}

void
dh_score_tuner_set_compact (DhScoreTuner *self, gboolean compact)
{
  if (self->compact == compact)
    return;
  self->compact = compact;
  show_open (self);
}

void
dh_score_tuner_focus_field (DhScoreTuner *self)
{
  dh_threshold_field_focus (self->field);
}

void
dh_score_tuner_nudge (DhScoreTuner *self, double steps)
{
  GtkAdjustment *axis = self->axis->axis;
  gtk_adjustment_set_value (axis, gtk_adjustment_get_value (axis) + steps * gtk_adjustment_get_step_increment (axis));
}

static void
dh_score_tuner_dispose (GObject *object)
{
  DhScoreTuner *self = DH_SCORE_TUNER (object);
  if (self->axis != NULL)
    g_signal_handlers_disconnect_by_data (self->axis->axis, self);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_pointer (&self->axis, dh_score_axis_free);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_score_tuner_parent_class)->dispose (object);
}

static void
dh_score_tuner_class_init (DhScoreTunerClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_score_tuner_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_score_tuner_init (DhScoreTuner *self)
{
  dh_ui_add_classes (GTK_WIDGET (self), "dh-thr");
}

static GtkWidget *
tuner_new (DhSession *session, DhScore score, gboolean alone, DhScoreTuner *group)
{
  DhScoreTuner *self = g_object_new (DH_TYPE_SCORE_TUNER, NULL);
  self->session = g_object_ref (session);
  self->score = score;
  self->axis = dh_score_axis_new (session, score);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 2, NULL);
  gtk_box_append (GTK_BOX (box), make_head (self, alone ? dh_ui_short_label (dh_score_title (score), "dh-h", 0)
                                                        : make_radio (self, group)));
  gtk_box_append (GTK_BOX (box), make_plot (self));
  self->record = dh_threshold_record_new (session, -1, score);
  gtk_box_append (GTK_BOX (box), self->record);
  gtk_widget_set_parent (box, GTK_WIDGET (self));

  g_signal_connect_swapped (self->record, "choose", G_CALLBACK (on_choose), self);
  g_signal_connect_swapped (self->axis->axis, "value-changed", G_CALLBACK (on_value), self);
  g_signal_connect_swapped (self->histogram, "drag-begin", G_CALLBACK (on_touched), self);
  g_signal_connect_swapped (self->histogram, "drag-end", G_CALLBACK (on_drag_end), self);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), self, 0);
  g_signal_connect_object (session, "ranges", G_CALLBACK (show_histogram), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "notify::stats", G_CALLBACK (on_stats), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (on_stats), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::active-score", G_CALLBACK (show_open), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model-info", G_CALLBACK (show_sensitive), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify::set-histogram", G_CALLBACK (show_histogram), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify::linear-counts", G_CALLBACK (show_histogram), self,
                           G_CONNECT_SWAPPED);
  show_open (self);
  show_sensitive (self);
  show_histogram (self);
  return GTK_WIDGET (self);
}

GtkWidget *
dh_score_tuner_new (DhSession *session, DhScore score, DhScoreTuner *group)
{
  return tuner_new (session, score, FALSE, group);
}

GtkWidget *
dh_score_tuner_new_alone (DhSession *session, DhScore score)
{
  return tuner_new (session, score, TRUE, NULL);
}
