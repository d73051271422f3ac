#include "dh-training-curves.h"
#include <string.h>
#include "dh-job-row.h"
#include "dh-number.h"
#include "dh-smoothing.h"
#include "dh-training-charts.h"

#define MOST_COMPARED 30
#define SEEDS (-1) /* as the other one: all that differ from this one in their seed alone */

struct _DhTrainingCurves
{
  GtkWidget parent_instance;
  DhSession *session;
  DhTrainingQueue *queue;
  DhTrainingJob *job;
  GtkWidget *box, *title, *compared, *caption, *slider, *weight, *checkpoints, *compare, *charts;
  GMenu *checkpoint_menu, *compare_menu;
  GSimpleActionGroup *actions;
  gint64 other; /* id; 0: none; SEEDS */
};

G_DEFINE_FINAL_TYPE (DhTrainingCurves, dh_training_curves, GTK_TYPE_WIDGET)

static guint use_signal;

static DhSettings *
settings_of (DhTrainingCurves *self)
{
  return dh_session_get_settings (self->session);
}

static void
on_slider (GtkRange *range, DhTrainingCurves *self)
{
  double place = gtk_range_get_value (range);
  double weight = dh_smoothing_weight (place);
  g_autofree char *text = dh_number_format (weight, weight > 0.985 ? 3 : 2);
  gtk_label_set_label (GTK_LABEL (self->weight), weight > 0 ? text : "0");
  g_autofree char *spoken =
      weight > 0 ? g_strdup_printf (_ ("Smoothing %s"), text) : g_strdup (_ ("Smoothing 0: exactly the values"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (range), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, spoken, -1);
  dh_training_charts_set_smoothing (DH_TRAINING_CHARTS (self->charts), weight);
  dh_settings_set_double (settings_of (self), "training", "smoothing", weight);
}

static void
change_log (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhTrainingCurves *self = data;
  g_simple_action_set_state (action, value);
  dh_training_charts_set_log (DH_TRAINING_CHARTS (self->charts), g_variant_get_boolean (value));
  dh_settings_set_int (settings_of (self), "training", "log-axis", g_variant_get_boolean (value));
}

/* Of this training, as far as they have begun; DhTrainingJob, borrowed. */
static GPtrArray *
list_seeds (DhTrainingCurves *self)
{
  GPtrArray *seeds = g_ptr_array_new ();
  g_autoptr (DhTrainingForm) own = self->job != NULL ? dh_training_job_dup_form (self->job) : NULL;
  const guint n = own != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->queue)) : 0;
  for (guint i = 0; i < n && seeds->len < MOST_COMPARED; i++)
    {
      g_autoptr (DhTrainingJob) job = g_list_model_get_item (G_LIST_MODEL (self->queue), i);
      if (job == self->job || dh_training_job_get_state (job) == DH_JOB_QUEUED)
        continue;
      g_autoptr (DhTrainingForm) form = dh_training_job_dup_form (job);
      if (form != NULL && dh_training_form_differs_in_seed (own, form))
        g_ptr_array_add (seeds, job);
    }
  return seeds;
}

static void
show_compared (DhTrainingCurves *self)
{
  DhTrainingJob *other = self->other > 0 ? dh_training_queue_find (self->queue, self->other) : NULL;
  g_autoptr (GPtrArray) others = self->other == SEEDS ? list_seeds (self) : g_ptr_array_new ();
  if (other != NULL && other != self->job)
    g_ptr_array_add (others, other);
  dh_training_charts_set_job (DH_TRAINING_CHARTS (self->charts), self->job, others);
  g_autofree char *seeds = g_strdup_printf (
      ngettext ("╌ %u training of another seed", "╌ %u trainings of other seeds", others->len), others->len);
  g_autofree char *text = others->len == 0       ? NULL
                          : self->other == SEEDS ? g_strdup (seeds)
                                                 : g_strdup_printf ("╌ %s", dh_training_job_get_title (other));
  gtk_label_set_label (GTK_LABEL (self->compared), text != NULL ? text : "");
  gtk_widget_set_tooltip_text (self->compared, text);
  gtk_widget_set_visible (self->compared, text != NULL);
}

/* Another of them may have begun. */
static void
on_counts (DhTrainingCurves *self)
{
  if (self->other == SEEDS)
    show_compared (self);
}

static void
change_compared (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhTrainingCurves *self = data;
  g_simple_action_set_state (action, value);
  self->other = g_variant_get_int64 (value);
  show_compared (self);
}

static void
use_checkpoint (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhTrainingCurves *self = data;
  GPtrArray *checkpoints = self->job != NULL ? dh_training_job_get_checkpoints (self->job) : NULL;
  guint index = g_variant_get_uint32 (value);
  if (checkpoints == NULL || index >= checkpoints->len)
    return;
  const DhJobCheckpoint *checkpoint = checkpoints->pdata[index];
  g_signal_emit (self, use_signal, 0, self->job, checkpoint->path);
}

static void
csv_chosen (GtkNativeDialog *dialog, int response, DhTrainingCurves *self)
{
  DhTrainingJob *job = g_object_get_data (G_OBJECT (dialog), "job");
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_autofree char *csv = dh_training_log_to_csv (dh_training_job_get_log (job));
      g_autoptr (GError) error = NULL;
      if (!g_file_replace_contents (file, csv, strlen (csv), NULL, FALSE, G_FILE_CREATE_NONE, NULL, NULL, &error))
        g_signal_emit_by_name (self->session, "error", _ ("The curves could not be saved"), error->message);
      else if (g_file_peek_path (file) != NULL)
        dh_ui_say_saved (self->session, g_file_peek_path (file));
    }
  g_object_unref (dialog);
}

static void
save_curves (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhTrainingCurves *self = data;
  if (self->job == NULL)
    return;
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Save the curves"), GTK_WINDOW (gtk_widget_get_root (self->box)),
                                   GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Save"), NULL);
  g_autofree char *folder = g_path_get_basename (dh_training_job_get_folder (self->job));
  g_autofree char *shown = g_filename_display_name (folder);
  g_autofree char *name = g_strconcat (shown, ".csv", NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_object_set_data_full (G_OBJECT (dialog), "job", g_object_ref (self->job), g_object_unref);
  g_signal_connect_object (dialog, "response", G_CALLBACK (csv_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
show_checkpoints (DhTrainingCurves *self)
{
  GPtrArray *checkpoints = self->job != NULL ? dh_training_job_get_checkpoints (self->job) : NULL;
  guint n = 0;
  g_autoptr (GMenu) section = g_menu_new ();
  for (guint i = 0; checkpoints != NULL && i < checkpoints->len; i++)
    {
      const DhJobCheckpoint *checkpoint = checkpoints->pdata[i];
      if (!checkpoint->opens)
        continue;
      n++;
      g_autofree char *action = g_strdup_printf ("curves.use(uint32 %u)", i);
      dh_ui_menu_append_name (section, checkpoint->title, action);
    }
  g_menu_remove_all (self->checkpoint_menu);
  g_menu_append_section (self->checkpoint_menu, _ ("Use it in Browse"), G_MENU_MODEL (section));
  gtk_widget_set_sensitive (self->checkpoints, n > 0);
  gtk_widget_set_tooltip_text (self->checkpoints,
                               n > 0 ? _ ("Open the weights of this training in Browse") : _ ("None was written yet"));
}

/* Just before it opens: trainings come and go. */
static void
fill_compare_menu (GtkMenuButton *button, gpointer data)
{
  DhTrainingCurves *self = data;
  g_autoptr (GMenu) none = g_menu_new (), others = g_menu_new ();
  g_autoptr (GPtrArray) seeds = list_seeds (self);
  if (seeds->len > 0)
    g_menu_append (none, _ ("Its other seeds"), "curves.compare(int64 -1)");
  g_menu_append (none, _ ("Nothing"), "curves.compare(int64 0)");
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->queue));
  for (guint i = 0, added = 0; i < n && added < MOST_COMPARED; i++)
    {
      g_autoptr (DhTrainingJob) job = g_list_model_get_item (G_LIST_MODEL (self->queue), i);
      if (job == self->job || dh_training_job_get_id (job) == 0 || dh_training_job_get_state (job) == DH_JOB_QUEUED)
        continue;
      g_autofree char *action =
          g_strdup_printf ("curves.compare(int64 %" G_GINT64_FORMAT ")", dh_training_job_get_id (job));
      g_autofree char *label = g_strdup_printf ("%s (%s)", dh_training_job_get_title (job),
                                                dh_job_state_name (dh_training_job_get_state (job)));
      dh_ui_menu_append_name (others, label, action);
      added++;
    }
  g_menu_remove_all (self->compare_menu);
  g_menu_append_section (self->compare_menu, _ ("Lay another training over the curves"), G_MENU_MODEL (others));
  g_menu_append_section (self->compare_menu, NULL, G_MENU_MODEL (none));
}

static void
show_title (DhTrainingCurves *self)
{
  gtk_label_set_label (GTK_LABEL (self->title), self->job != NULL ? dh_training_job_get_title (self->job) : "");
  g_autofree char *facts = self->job != NULL ? dh_training_job_dup_facts (self->job) : NULL;
  gtk_widget_set_tooltip_text (self->title, facts);
  show_checkpoints (self);
}

void
dh_training_curves_set_job (DhTrainingCurves *self, DhTrainingJob *job)
{
  if (job == self->job)
    return;
  if (self->job != NULL)
    g_signal_handlers_disconnect_by_data (self->job, self);
  g_set_object (&self->job, job);
  if (job != NULL)
    g_signal_connect_swapped (job, "changed", G_CALLBACK (show_title), self);
  show_title (self);
  show_compared (self);
}

void
dh_training_curves_set_room (DhTrainingCurves *self, int width, int chart_height)
{
  gboolean narrow = width < 840;
  gtk_widget_set_visible (self->caption, !narrow);
  gtk_widget_set_visible (g_object_get_data (G_OBJECT (self->compare), "words"), !narrow);
  dh_training_charts_set_room (DH_TRAINING_CHARTS (self->charts),
                               width >= 720   ? 3
                               : width >= 480 ? 2
                                              : 1,
                               chart_height);
}

static void
dh_training_curves_dispose (GObject *object)
{
  DhTrainingCurves *self = DH_TRAINING_CURVES (object);
  if (self->job != NULL)
    g_signal_handlers_disconnect_by_data (self->job, self);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->job);
  g_clear_object (&self->actions);
  g_clear_object (&self->checkpoint_menu);
  g_clear_object (&self->compare_menu);
  g_clear_object (&self->queue);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_training_curves_parent_class)->dispose (object);
}

static void
dh_training_curves_class_init (DhTrainingCurvesClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_training_curves_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
  use_signal = g_signal_new ("use", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                             DH_TYPE_TRAINING_JOB, G_TYPE_STRING);
}

static void
dh_training_curves_init (DhTrainingCurves *self)
{
}

static void
add_smoothing (DhTrainingCurves *self, GtkWidget *line)
{
  self->caption = dh_ui_label (_ ("Smoothing"), "dh-small dim-label", 1);
  self->slider = gtk_scale_new_with_range (GTK_ORIENTATION_HORIZONTAL, 0, 1, 0.02);
  gtk_scale_set_draw_value (GTK_SCALE (self->slider), FALSE);
  gtk_widget_set_size_request (self->slider, 104, -1);
  gtk_widget_set_valign (self->slider, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (self->slider,
                               _ ("Exponential smoothing of the losses; at 0 the line is exactly what was "
                                  "measured, else the band shows its extremes"));
  dh_ui_set_name (self->slider, _ ("Smoothing"));
  dh_ui_add_classes (self->slider, "dh-smoothing");
  self->weight = dh_ui_label ("0", "dh-small dh-num", 0);
  gtk_label_set_width_chars (GTK_LABEL (self->weight), 5);
  gtk_widget_set_margin_end (self->caption, 6);
  gtk_box_append (GTK_BOX (line), self->caption);
  gtk_box_append (GTK_BOX (line), self->slider);
  gtk_box_append (GTK_BOX (line), self->weight);
}

static GtkWidget *
make_compare (DhTrainingCurves *self)
{
  GtkWidget *content = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  GtkWidget *words = dh_ui_label (_ ("Compare with…"), NULL, 0);
  gtk_box_append (GTK_BOX (content), gtk_image_new_from_icon_name ("dh-swipe-symbolic"));
  gtk_box_append (GTK_BOX (content), words);
  GtkWidget *button = gtk_menu_button_new ();
  gtk_menu_button_set_child (GTK_MENU_BUTTON (button), content);
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), G_MENU_MODEL (self->compare_menu));
  gtk_menu_button_set_create_popup_func (GTK_MENU_BUTTON (button), fill_compare_menu, self, NULL);
  gtk_widget_set_tooltip_text (button, _ ("Lay the curves of another training over these"));
  dh_ui_set_name (button, _ ("Compare with…"));
  g_object_set_data (G_OBJECT (button), "words", words);
  return button;
}

static GtkWidget *
make_line (DhTrainingCurves *self, GMenuModel *job_menu)
{
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, "dh-curveline");
  self->title = dh_ui_short_label (NULL, "dh-h", 0);
  /* In the colour of its curves. */
  self->compared = dh_ui_short_label (NULL, "dh-small dh-warn", 0);
  GtkWidget *titles = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_widget_set_hexpand (titles, TRUE);
  gtk_widget_set_valign (titles, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (titles), self->title);
  gtk_box_append (GTK_BOX (titles), self->compared);
  gtk_box_append (GTK_BOX (line), titles);
  add_smoothing (self, line);
  GtkWidget *log_axis = gtk_toggle_button_new_with_label (_ ("Log axis"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (log_axis), "curves.log-axis");
  gtk_widget_set_tooltip_text (log_axis, _ ("Segmentation and total on a logarithmic axis; the posterior's always is"));
  self->checkpoints = dh_ui_text_menu (_ ("Checkpoints"), G_MENU_MODEL (self->checkpoint_menu), NULL);
  self->compare = make_compare (self);
  g_autoptr (GMenu) more = g_menu_new ();
  dh_ui_menu_section (more, NULL, _ ("Save all curves as CSV…"), "curves.save", NULL);
  g_menu_append_section (more, NULL, job_menu);
  GtkWidget *menu = dh_ui_menu_button ("view-more-symbolic", _ ("More for this training"), G_MENU_MODEL (more), NULL);
  GtkWidget *const tools[] = { log_axis, self->checkpoints, self->compare, menu };
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      gtk_widget_add_css_class (tools[i], "flat");
      gtk_widget_set_valign (tools[i], GTK_ALIGN_CENTER);
      gtk_box_append (GTK_BOX (line), tools[i]);
    }
  return line;
}

GtkWidget *
dh_training_curves_new (DhSession *session, GMenuModel *job_menu)
{
  DhTrainingCurves *self = g_object_new (DH_TYPE_TRAINING_CURVES, NULL);
  self->session = g_object_ref (session);
  self->queue = g_object_ref (dh_session_get_training (session));
  self->checkpoint_menu = g_menu_new ();
  self->compare_menu = g_menu_new ();
  gboolean log_axis = dh_settings_get_int (settings_of (self), "training", "log-axis", 0) != 0;
  double weight = dh_settings_get_double (settings_of (self), "training", "smoothing", 0.9);
  self->actions = g_simple_action_group_new ();
  const GActionEntry entries[] = { { "log-axis", NULL, NULL, log_axis ? "true" : "false", change_log },
                                   { "compare", NULL, "x", "int64 0", change_compared },
                                   { "use", use_checkpoint, "u", NULL, NULL },
                                   { "save", save_curves, NULL, NULL, NULL } };
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "curves", G_ACTION_GROUP (self->actions));
  self->box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 6, NULL);
  gtk_box_append (GTK_BOX (self->box), make_line (self, job_menu));
  self->charts = dh_training_charts_new (session);
  gtk_box_append (GTK_BOX (self->box), self->charts);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  fill_compare_menu (NULL, self);
  dh_training_charts_set_log (DH_TRAINING_CHARTS (self->charts), log_axis);
  g_signal_connect (self->slider, "value-changed", G_CALLBACK (on_slider), self);
  gtk_range_set_value (GTK_RANGE (self->slider), dh_smoothing_place (weight));
  on_slider (GTK_RANGE (self->slider), self);
  g_signal_connect_object (self->queue, "counts", G_CALLBACK (on_counts), self, G_CONNECT_SWAPPED);
  show_title (self);
  return GTK_WIDGET (self);
}
