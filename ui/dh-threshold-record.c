#include "dh-threshold-record.h"
#include <math.h>
#include "dh-calibration-menu.h"

struct _DhThresholdRecord
{
  GtkWidget parent_instance;
  DhSession *session; /* borrowed: connected to it */
  GtkWidget *chips, *icon, *text, *warning, *undo, *redo;
  GtkWidget *presets[DH_N_RULES], *calibrations;
  gboolean updating;
  DhThreshold shown;
  guint shown_state;
};

G_DEFINE_FINAL_TYPE (DhThresholdRecord, dh_threshold_record, GTK_TYPE_WIDGET)

static guint choose_signal;

static char *
describe (const DhThreshold *threshold)
{
  if (isnan (threshold->value))
    return g_strdup ("");
  if (threshold->rule == DH_RULE_BY_HAND || threshold->source == NULL)
    return g_strdup (_ ("set by hand"));
  g_autofree char *source = g_markup_escape_text (threshold->source, -1);
  if (threshold->rule == DH_RULE_START)
    return g_strdup_printf (_ ("not chosen yet: flags 5 %% of <b>%s</b>"), source);
  g_autofree char *rule = dh_threshold_dup_rule (threshold);
  if (threshold->n_images == 1)
    return g_strdup_printf (_ ("%s on <b>%s</b>"), rule, source);
  return g_strdup_printf (_ ("%s on <b>%s</b>, %u images"), rule, source, threshold->n_images);
}

/* While a threshold is dragged its record stays "set by hand": nothing of this is to be done then. */
static gboolean
is_shown (DhThresholdRecord *self, const DhThreshold *threshold, guint flags)
{
  const guint state = 1u | (guint)isnan (threshold->value) << 1 | flags << 2;
  const gboolean same = state == self->shown_state && threshold->rule == self->shown.rule
                        && threshold->area == self->shown.area && threshold->n_images == self->shown.n_images
                        && g_strcmp0 (threshold->source, self->shown.source) == 0;
  self->shown_state = state;
  dh_threshold_copy (&self->shown, threshold);
  return same;
}

static void
set_warning (GtkWidget *widget, gboolean own)
{
  if (own)
    gtk_widget_add_css_class (widget, "dh-warn");
  else
    gtk_widget_remove_css_class (widget, "dh-warn");
}

gboolean
dh_threshold_record_show (DhThresholdRecord *self, const DhThreshold *threshold, gboolean own, gboolean otherwise,
                          gboolean can, gboolean warn)
{
  if (is_shown (self, threshold, (guint)own | (guint)can << 1 | (guint)warn << 2 | (guint)otherwise << 3))
    return FALSE;
  g_autofree char *text = describe (threshold);
  gtk_label_set_markup (GTK_LABEL (self->text), text);
  gtk_widget_set_tooltip_text (self->text, gtk_label_get_text (GTK_LABEL (self->text)));
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), own                                ? "dialog-warning-symbolic"
                                                        : threshold->rule <= DH_RULE_START ? "input-mouse-symbolic"
                                                                                           : "object-select-symbolic");
  set_warning (self->text, own);
  set_warning (self->icon, own);
  gtk_label_set_markup (GTK_LABEL (self->warning),
                        otherwise ? _ ("<b>τ was chosen on these images, seen otherwise:</b> not what to expect on "
                                       "others.")
                                  : _ ("<b>τ was chosen on this very set:</b> the best that could be had, not what to "
                                       "expect."));
  gtk_widget_set_visible (self->warning, own && warn);
  /* What another set gave, or other images of it, is not what this one's buttons give. */
  const gboolean elsewhere = threshold->rule > DH_RULE_START && threshold->source != NULL && !own;
  dh_calibration_menu_set_used (DH_CALIBRATION_MENU (self->calibrations), elsewhere);
  self->updating = TRUE;
  for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
    {
      gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->presets[rule]),
                                    threshold->rule == rule && !elsewhere && !otherwise);
      gtk_widget_set_sensitive (self->presets[rule], can);
      gtk_widget_set_tooltip_text (self->presets[rule], can ? NULL : _ ("Needs labels with anomaly and inlier pixels"));
    }
  self->updating = FALSE;
  return TRUE;
}

void
dh_threshold_record_forget (DhThresholdRecord *self)
{
  self->shown_state = 0;
}

const char *
dh_threshold_record_get_text (DhThresholdRecord *self)
{
  return gtk_label_get_text (GTK_LABEL (self->text));
}

static void
on_preset (GtkToggleButton *button, DhThresholdRecord *self)
{
  if (!self->updating)
    g_signal_emit (self, choose_signal, 0, GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "rule")));
}

static void
on_undo (GtkButton *button, DhThresholdRecord *self)
{
  if (!dh_session_undo_threshold (self->session))
    gtk_widget_error_bell (GTK_WIDGET (self));
}

static void
on_redo (GtkButton *button, DhThresholdRecord *self)
{
  if (!dh_session_redo_threshold (self->session))
    gtk_widget_error_bell (GTK_WIDGET (self));
}

static void
show_history (DhThresholdRecord *self)
{
  gtk_widget_set_sensitive (self->undo, dh_session_can_undo_threshold (self->session));
  gtk_widget_set_sensitive (self->redo, dh_session_can_redo_threshold (self->session));
}

static void
dh_threshold_record_dispose (GObject *object)
{
  DhThresholdRecord *self = DH_THRESHOLD_RECORD (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  dh_threshold_clear (&self->shown);
  G_OBJECT_CLASS (dh_threshold_record_parent_class)->dispose (object);
}

static void
dh_threshold_record_class_init (DhThresholdRecordClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_threshold_record_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BOX_LAYOUT);
  choose_signal = g_signal_new ("choose", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
dh_threshold_record_init (DhThresholdRecord *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (widget);
  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 4);
  self->chips = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
    {
      GtkWidget *chip = gtk_toggle_button_new_with_label (dh_rule_title (rule));
      dh_ui_add_classes (chip, "flat dh-chip");
      g_object_set_data (G_OBJECT (chip), "rule", GUINT_TO_POINTER (rule));
      g_signal_connect (chip, "toggled", G_CALLBACK (on_preset), self);
      gtk_box_append (GTK_BOX (self->chips), chip);
      self->presets[rule] = chip;
    }
  gtk_widget_set_parent (self->chips, widget);
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  self->icon = gtk_image_new ();
  gtk_image_set_pixel_size (GTK_IMAGE (self->icon), 13);
  self->text = dh_ui_short_label (NULL, "dh-small dim-label", 0);
  gtk_label_set_wrap (GTK_LABEL (self->text), TRUE);
  gtk_label_set_lines (GTK_LABEL (self->text), 2);
  gtk_widget_set_hexpand (self->text, TRUE);
  gtk_box_append (GTK_BOX (line), self->icon);
  gtk_box_append (GTK_BOX (line), self->text);
  self->undo = dh_ui_icon_button ("edit-undo-symbolic", _ ("Undo (Ctrl+Z)"), NULL, "flat dh-iconbtn");
  self->redo = dh_ui_icon_button ("edit-redo-symbolic", _ ("Redo (Ctrl+Shift+Z)"), NULL, "flat dh-iconbtn");
  g_signal_connect (self->undo, "clicked", G_CALLBACK (on_undo), self);
  g_signal_connect (self->redo, "clicked", G_CALLBACK (on_redo), self);
  gtk_box_append (GTK_BOX (line), self->undo);
  gtk_box_append (GTK_BOX (line), self->redo);
  gtk_widget_set_parent (line, widget);
  self->warning = dh_ui_label (NULL, "dh-warnbox", 0);
  gtk_label_set_wrap (GTK_LABEL (self->warning), TRUE);
  gtk_widget_set_parent (self->warning, widget);
}

GtkWidget *
dh_threshold_record_new (DhSession *session, gint side, DhScore score)
{
  DhThresholdRecord *self = g_object_new (DH_TYPE_THRESHOLD_RECORD, NULL);
  self->calibrations = dh_calibration_menu_new (session, side, score);
  gtk_box_append (GTK_BOX (self->chips), self->calibrations);
  self->session = session;
  static const char *const signals[] = { "threshold", "run-threshold" };
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (session, signals[i], G_CALLBACK (show_history), self, G_CONNECT_SWAPPED);
  show_history (self);
  return GTK_WIDGET (self);
}
