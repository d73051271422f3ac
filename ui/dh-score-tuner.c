#include "dh-score-tuner.h"
#include <math.h>
#include "dh-histogram.h"
#include "dh-number.h"
#include "dh-score-axis.h"

struct _DhScoreTuner
{
  GtkWidget parent_instance;
  DhSession *session;
  DhScore score;
  DhScoreAxis *axis;
  GtkWidget *radio, *field, *histogram, *extras, *record_icon, *record, *warning;
  GtkWidget *presets[DH_N_RULES];
  GtkWidget *before; /* weak: what had the focus before the field took it */
  gboolean compact, updating;
  DhThreshold shown; /* the record that the labels tell */
  guint shown_state;
};

G_DEFINE_FINAL_TYPE (DhScoreTuner, dh_score_tuner, GTK_TYPE_WIDGET)

static gboolean
is_active (DhScoreTuner *self)
{
  return dh_session_get_active_score (self->session) == self->score;
}

static char *
describe_record (DhScoreTuner *self)
{
  const DhThreshold *threshold = dh_session_get_threshold (self->session, self->score);
  if (isnan (threshold->value))
    return g_strdup ("");
  if (threshold->rule == DH_RULE_BY_HAND || threshold->source == NULL)
    return g_strdup (_ ("set by hand"));
  g_autofree char *source = g_markup_escape_text (threshold->source, -1);
  if (threshold->rule == DH_RULE_START)
    return g_strdup_printf (_ ("not chosen yet: flags 5 %% of <b>%s</b>"), source);
  if (threshold->n_images == 1)
    return g_strdup_printf (_ ("%s on <b>%s</b>"), dh_rule_title (threshold->rule), source);
  return g_strdup_printf (_ ("%s on <b>%s</b>, %u images"), dh_rule_title (threshold->rule), source,
                          threshold->n_images);
}

/* While a threshold is dragged its record stays "set by hand": nothing of this is to be done then. */
static gboolean
is_shown (DhScoreTuner *self, const DhThreshold *threshold, gboolean own, gboolean can)
{
  guint state =
      1u | (guint)own << 1 | (guint)can << 2 | (guint)is_active (self) << 3 | (guint)isnan (threshold->value) << 4;
  gboolean same = state == self->shown_state && threshold->rule == self->shown.rule
                  && threshold->n_images == self->shown.n_images
                  && g_strcmp0 (threshold->source, self->shown.source) == 0;
  self->shown_state = state;
  dh_threshold_copy (&self->shown, threshold);
  return same;
}

static void
show_record (DhScoreTuner *self)
{
  const DhThreshold *threshold = dh_session_get_threshold (self->session, self->score);
  gboolean own = dh_session_threshold_is_own (self->session, self->score);
  gboolean can = dh_session_can_choose (self->session, self->score);
  if (is_shown (self, threshold, own, can))
    return;
  g_autofree char *text = describe_record (self);
  gtk_label_set_markup (GTK_LABEL (self->record), text);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->record_icon), own ? "dialog-warning-symbolic"
                                                               : threshold->rule <= DH_RULE_START
                                                                   ? "input-mouse-symbolic"
                                                                   : "object-select-symbolic");
  GtkWidget *coloured[] = { self->record, self->record_icon };
  for (guint i = 0; i < G_N_ELEMENTS (coloured); i++)
    {
      if (own)
        gtk_widget_add_css_class (coloured[i], "dh-warn");
      else
        gtk_widget_remove_css_class (coloured[i], "dh-warn");
    }
  gtk_widget_set_visible (self->warning, own && is_active (self));
  self->updating = TRUE;
  for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
    {
      gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->presets[rule]), threshold->rule == rule);
      gtk_widget_set_sensitive (self->presets[rule], can);
      gtk_widget_set_tooltip_text (self->presets[rule], can ? NULL : _ ("Needs labels with anomaly and inlier pixels"));
    }
  self->updating = FALSE;
  g_autofree char *plain = NULL;
  pango_parse_markup (text, -1, 0, NULL, &plain, NULL, NULL);
  g_autofree char *name = g_strdup_printf (_ ("%s threshold"), dh_score_title (self->score));
  dh_histogram_set_label (DH_HISTOGRAM (self->histogram), name, plain);
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
show_active (DhScoreTuner *self)
{
  gboolean active = is_active (self);
  self->updating = TRUE;
  gtk_check_button_set_active (GTK_CHECK_BUTTON (self->radio), active);
  self->updating = FALSE;
  gtk_widget_set_visible (self->extras, active);
  gboolean flat = self->compact && !active;
  dh_histogram_set_plot_height (DH_HISTOGRAM (self->histogram), active ? (self->compact ? 56 : 74) : flat ? 24 : 40);
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
on_preset (GtkToggleButton *button, DhScoreTuner *self)
{
  if (self->updating)
    return;
  guint rule = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "rule"));
  dh_session_choose_threshold (self->session, self->score, rule);
  self->shown_state = 0;
  show_record (self);
}

static void
on_undo (GtkButton *button, DhScoreTuner *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.undo", NULL);
}

/* A touch makes this the score that draws the mask. */
static void
on_touched (DhScoreTuner *self)
{
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

/* Done with typing: single keys are the window's again. */
static void
leave_field (DhScoreTuner *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = self->before;
  if (root == NULL)
    return;
  gtk_root_set_focus (root, focus != NULL && gtk_widget_get_mapped (focus) ? focus : NULL);
  g_clear_weak_pointer (&self->before);
}

static gboolean
on_field_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, DhScoreTuner *self)
{
  GtkSpinButton *field = GTK_SPIN_BUTTON (self->field);
  switch (key)
    {
    case GDK_KEY_Escape:
      {
        /* What was typed is forgotten. */
        g_autofree char *text =
            dh_number_format (gtk_spin_button_get_value (field), gtk_spin_button_get_digits (field));
        gtk_editable_set_text (GTK_EDITABLE (field), text);
        leave_field (self);
        return TRUE;
      }
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
    case GDK_KEY_ISO_Enter:
      gtk_spin_button_update (field);
      leave_field (self);
      return TRUE;
    default:
      return FALSE;
    }
}

static GtkWidget *
make_head (DhScoreTuner *self, DhScoreTuner *group)
{
  GtkWidget *head = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  self->radio = gtk_check_button_new_with_label (dh_score_title (self->score));
  gtk_widget_set_tooltip_text (self->radio, _ ("This score makes the mask, the counts and the components"));
  if (group != NULL)
    gtk_check_button_set_group (GTK_CHECK_BUTTON (self->radio), GTK_CHECK_BUTTON (group->radio));
  gtk_widget_set_hexpand (self->radio, TRUE);
  gtk_box_append (GTK_BOX (head), self->radio);
  gtk_box_append (GTK_BOX (head), dh_ui_label (dh_score_flags_above (self->score) ? _ ("flag if >") : _ ("flag if <"),
                                               "dh-small dim-label", 1));
  guint digits = self->score == DH_SCORE_DATASET_POSTERIOR ? 4 : 2;
  self->field = gtk_spin_button_new (self->axis->field, 0, digits);
  gtk_editable_set_width_chars (GTK_EDITABLE (self->field), 7); /* "−191.69" */
  dh_spin_button_use_true_minus (GTK_SPIN_BUTTON (self->field));
  dh_ui_add_classes (self->field, "dh-compact");
  g_autofree char *name = g_strdup_printf (_ ("%s threshold"), dh_score_title (self->score));
  dh_ui_set_name (self->field, name);
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_field_key), self);
  gtk_widget_add_controller (self->field, keys);
  gtk_box_append (GTK_BOX (head), self->field);
  g_autoptr (GMenuModel) menu = make_menu (self->score);
  gtk_box_append (GTK_BOX (head),
                  dh_ui_menu_button ("view-more-symbolic", _ ("Presets and histogram"), menu, "flat dh-iconbtn"));
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

static GtkWidget *
make_extras (DhScoreTuner *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 4, NULL);
  GtkWidget *chips = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
    {
      GtkWidget *chip = gtk_toggle_button_new_with_label (dh_rule_title (rule));
      dh_ui_add_classes (chip, "flat dh-chip");
      g_object_set_data (G_OBJECT (chip), "rule", GUINT_TO_POINTER (rule));
      g_signal_connect (chip, "toggled", G_CALLBACK (on_preset), self);
      gtk_box_append (GTK_BOX (chips), chip);
      self->presets[rule] = chip;
    }
  gtk_box_append (GTK_BOX (box), chips);
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  self->record_icon = gtk_image_new ();
  gtk_image_set_pixel_size (GTK_IMAGE (self->record_icon), 13);
  self->record = dh_ui_short_label (NULL, "dh-small dim-label", 0);
  gtk_widget_set_hexpand (self->record, TRUE);
  gtk_box_append (GTK_BOX (line), self->record_icon);
  gtk_box_append (GTK_BOX (line), self->record);
  GtkWidget *undo = dh_ui_icon_button ("edit-undo-symbolic", _ ("Undo"), NULL, "flat dh-iconbtn");
  g_signal_connect (undo, "clicked", G_CALLBACK (on_undo), self);
  gtk_box_append (GTK_BOX (line), undo);
  gtk_box_append (GTK_BOX (box), line);
  self->warning = dh_ui_label (NULL, "dh-warnbox", 0);
  gtk_label_set_wrap (GTK_LABEL (self->warning), TRUE);
  gtk_label_set_markup (GTK_LABEL (self->warning),
                        _ ("<b>τ was chosen on this very set:</b> the best that could be had, not what to expect."));
  gtk_box_append (GTK_BOX (box), self->warning);
  return box;
}

void
dh_score_tuner_set_compact (DhScoreTuner *self, gboolean compact)
{
  if (self->compact == compact)
    return;
  self->compact = compact;
  show_active (self);
}

void
dh_score_tuner_focus_field (DhScoreTuner *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  if (focus == NULL || !gtk_widget_is_ancestor (focus, self->field))
    g_set_weak_pointer (&self->before, focus);
  gtk_widget_grab_focus (self->field);
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
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->axis, dh_score_axis_free);
  g_clear_weak_pointer (&self->before);
  dh_threshold_clear (&self->shown);
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

GtkWidget *
dh_score_tuner_new (DhSession *session, DhScore score, DhScoreTuner *group)
{
  DhScoreTuner *self = g_object_new (DH_TYPE_SCORE_TUNER, NULL);
  self->session = g_object_ref (session);
  self->score = score;
  self->axis = dh_score_axis_new (session, score);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 2, NULL);
  gtk_box_append (GTK_BOX (box), make_head (self, group));
  gtk_box_append (GTK_BOX (box), make_plot (self));
  self->extras = make_extras (self);
  gtk_box_append (GTK_BOX (box), self->extras);
  gtk_widget_set_parent (box, GTK_WIDGET (self));

  g_signal_connect (self->radio, "notify::active", G_CALLBACK (on_radio), self);
  g_signal_connect_swapped (self->axis->axis, "value-changed", G_CALLBACK (on_value), self);
  g_signal_connect_swapped (self->histogram, "drag-begin", G_CALLBACK (on_touched), self);
  g_signal_connect_swapped (self->histogram, "drag-end", G_CALLBACK (on_drag_end), self);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), self, 0);
  g_signal_connect_object (session, "ranges", G_CALLBACK (show_histogram), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "notify::stats", G_CALLBACK (on_stats), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (on_stats), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::active-score", G_CALLBACK (show_active), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::model-info", G_CALLBACK (show_sensitive), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify::set-histogram", G_CALLBACK (show_histogram), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify::linear-counts", G_CALLBACK (show_histogram), self,
                           G_CONNECT_SWAPPED);
  show_active (self);
  show_sensitive (self);
  show_histogram (self);
  return GTK_WIDGET (self);
}
