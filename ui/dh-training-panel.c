#include "dh-training-panel.h"
#include "dh-number.h"
#include "dh-training-check-view.h"
#include "dh-training-file-button.h"
#include "dh-training-row.h"

struct _DhTrainingPanel
{
  GtkWidget parent_instance;
  DhSession *session;
  DhTrainingForm *form;
  GtkWidget *box, *subtitle, *reset, *recipe_text, *check;
  GtkWidget *init, *data, *negatives, *seed, *precision;
};

G_DEFINE_FINAL_TYPE (DhTrainingPanel, dh_training_panel, GTK_TYPE_WIDGET)

static guint added_signal;

static void
show_head (DhTrainingPanel *self)
{
  guint n = dh_training_form_count_changed (self->form);
  g_autofree char *changes = dh_training_form_dup_changes (self->form);
  g_autofree char *text =
      n > 0 ? g_strdup_printf (ngettext ("%u value changed: %s", "%u values changed: %s", n), n, changes)
      : dh_training_form_is_published (self->form) ? g_strdup (_ ("published values · changed: none"))
                                                   : g_strdup (_ ("the recipe's values · changed: none"));
  gtk_label_set_label (GTK_LABEL (self->subtitle), text);
  gtk_widget_set_tooltip_text (self->subtitle, n > 0 ? changes : NULL);
  gtk_widget_set_sensitive (self->reset, n > 0);
  g_autofree char *summary = dh_training_form_dup_summary (self->form);
  gtk_label_set_label (GTK_LABEL (self->recipe_text), summary);
}

static void
remember (DhTrainingPanel *self)
{
  g_autofree char *text = dh_training_form_to_text (self->form);
  dh_settings_set_string (dh_session_get_settings (self->session), "training", "form", text);
}

static void
show_gain (DhTrainingPanel *self)
{
  g_autofree char *gain =
      dh_session_dup_training_gain (self->session, dh_training_form_get_text (self->form, DH_TRAINING_DEVICE),
                                    dh_training_form_get_text (self->form, DH_TRAINING_PRECISION));
  dh_training_row_set_note (DH_TRAINING_ROW (self->precision), gain);
}

static void
show_seeds (DhTrainingPanel *self)
{
  g_autofree char *seeds = dh_training_form_dup_seeds (self->form);
  dh_training_row_set_note (DH_TRAINING_ROW (self->seed), seeds);
}

static void
on_changed (DhTrainingPanel *self)
{
  show_head (self);
  show_seeds (self);
  show_gain (self);
  remember (self);
}

/* What they train in is offered, once they are known. */
static void
take_devices (DhTrainingPanel *self)
{
  const DhDeviceChoice *choice;
  for (guint i = 0; (choice = dh_session_get_device_choice (self->session, i)) != NULL; i++)
    dh_training_form_add_device (self->form, choice->name, choice->training);
  show_gain (self);
}

static void
show_found (DhTrainingPanel *self)
{
  const DhTrainingCheck *check = dh_training_check_view_get_check (DH_TRAINING_CHECK_VIEW (self->check));
  if (check == NULL)
    return;
  g_autofree char *training = dh_number_format_count (check->training);
  g_autofree char *validation = dh_number_format_count (check->validation);
  g_autofree char *negatives = dh_number_format_count (check->negatives);
  g_autofree char *data = check->training > 0 ? g_strdup_printf (_ ("%s train · %s val"), training, validation) : NULL;
  g_autofree char *pasted =
      check->negatives > 0 ? g_strdup_printf (ngettext ("%s image", "%s images", check->negatives), negatives) : NULL;
  gboolean fresh = *dh_training_form_get_text (self->form, DH_TRAINING_INIT) == '\0';
  dh_training_row_set_note (DH_TRAINING_ROW (self->data), data);
  dh_training_row_set_note (DH_TRAINING_ROW (self->negatives), pasted);
  dh_training_row_set_note (DH_TRAINING_ROW (self->init), fresh ? _ ("fresh parameters") : check->weights_title);
}

static void
on_added (DhTrainingCheckView *view, DhTrainingJob *job, DhTrainingPanel *self)
{
  g_signal_emit (self, added_signal, 0, job);
}

gboolean
dh_training_panel_add (DhTrainingPanel *self)
{
  return dh_training_check_view_add (DH_TRAINING_CHECK_VIEW (self->check));
}

void
dh_training_panel_set_room (DhTrainingPanel *self, int width, int height)
{
  gtk_widget_set_size_request (self->box, width, -1);
  dh_training_check_view_set_room (DH_TRAINING_CHECK_VIEW (self->check), height);
}

void
dh_training_panel_take_job (DhTrainingPanel *self, DhTrainingJob *job)
{
  g_autoptr (DhTrainingForm) form = dh_training_job_dup_form (job);
  g_autofree char *text = form != NULL ? dh_training_form_to_text (form) : NULL;
  g_autoptr (GError) error = NULL;
  if (text == NULL || !dh_training_form_read_text (self->form, text, &error))
    {
      g_signal_emit_by_name (self->session, "message", _ ("What this training was started with is not known"));
      return;
    }
  g_signal_emit_by_name (self->session, "message", _ ("Its values are in the form"));
}

static GtkWidget *
make_head (DhTrainingPanel *self)
{
  GtkWidget *band = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 10, "dh-band");
  GtkWidget *icon = gtk_image_new_from_icon_name ("dh-training-symbolic");
  gtk_widget_set_margin_start (icon, 6);
  gtk_box_append (GTK_BOX (band), icon);
  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_widget_set_valign (lines, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (lines, TRUE);
  gtk_box_append (GTK_BOX (lines), dh_ui_short_label (_ ("New training"), "dh-h", 0));
  self->subtitle = dh_ui_short_label (NULL, "dh-small dim-label dh-num", 0);
  gtk_box_append (GTK_BOX (lines), self->subtitle);
  gtk_box_append (GTK_BOX (band), lines);
  self->reset = dh_ui_icon_button ("edit-undo-symbolic", _ ("All values back to the recipe's"), NULL, "flat");
  gtk_widget_set_valign (self->reset, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (self->reset, "clicked", G_CALLBACK (dh_training_form_reset_all), self->form);
  gtk_box_append (GTK_BOX (band), self->reset);
  return band;
}

static GtkWidget *
add_rows (DhTrainingPanel *self, GtkWidget *card, const DhTrainingField *fields, guint n)
{
  GtkWidget *row = NULL;
  for (guint i = 0; i < n; i++)
    {
      row = dh_training_row_new (self->session, self->form, fields[i]);
      dh_training_card_add (card, row);
    }
  return row;
}

static GtkWidget *
make_recipe (DhTrainingPanel *self)
{
  GtkWidget *card = dh_training_card_new (_ ("Recipe"));
  GtkWidget *row = dh_training_plain_row_new (_ ("Recipe"), &self->recipe_text);
  dh_ui_set_menu_tooltip (row, _ ("Network, losses and values as they were published, or from a file of your own"));
  gtk_box_append (GTK_BOX (row), dh_training_recipe_button_new (self->session, self->form));
  dh_training_card_add (card, row);
  self->init = add_rows (self, card, &(const DhTrainingField){ DH_TRAINING_INIT }, 1);
  self->data = add_rows (self, card, &(const DhTrainingField){ DH_TRAINING_DATA }, 1);
  self->negatives = add_rows (self, card, &(const DhTrainingField){ DH_TRAINING_NEGATIVES }, 1);
  return card;
}

static GtkWidget *
make_settings (DhTrainingPanel *self)
{
  static const DhTrainingField before[] = { DH_TRAINING_CROP, DH_TRAINING_RATE, DH_TRAINING_RATE_MIN,
                                            DH_TRAINING_BETA };
  static const DhTrainingField rest[] = { DH_TRAINING_SELECTION, DH_TRAINING_PATIENCE, DH_TRAINING_DEVICE,
                                          DH_TRAINING_PRECISION };
  GtkWidget *card = dh_training_card_new (_ ("Settings"));
  add_rows (self, card, &(const DhTrainingField){ DH_TRAINING_EPOCHS }, 1);
  dh_training_card_add (card, dh_training_row_new_pair (self->session, self->form, DH_TRAINING_BATCH,
                                                        DH_TRAINING_ACCUMULATION, _ ("Batch × accum.")));
  add_rows (self, card, before, G_N_ELEMENTS (before));
  self->seed = dh_training_row_new_pair (self->session, self->form, DH_TRAINING_SEED, DH_TRAINING_TRAININGS,
                                         _ ("Seed × trainings"));
  dh_training_card_add (card, self->seed);
  self->precision = add_rows (self, card, rest, G_N_ELEMENTS (rest));
  return card;
}

static GtkWidget *
make_more (DhTrainingPanel *self)
{
  static const DhTrainingField fields[] = { DH_TRAINING_TITLE,
                                            DH_TRAINING_ARCHITECTURE,
                                            DH_TRAINING_DATASET,
                                            DH_TRAINING_STEPS,
                                            DH_TRAINING_BACKBONE,
                                            DH_TRAINING_VALIDATION_IMAGES,
                                            DH_TRAINING_VALIDATION_PASTES,
                                            DH_TRAINING_KEEP,
                                            DH_TRAINING_CHECKPOINT_SECONDS,
                                            DH_TRAINING_THREADS,
                                            DH_TRAINING_WORKERS,
                                            DH_TRAINING_RUNS };
  GtkWidget *card = dh_training_card_new (NULL);
  add_rows (self, card, fields, G_N_ELEMENTS (fields));
  gtk_widget_set_margin_top (card, 6);
  GtkWidget *expander = gtk_expander_new (_ ("More settings"));
  dh_ui_set_name (expander, _ ("More settings"));
  dh_ui_add_classes (expander, "dh-more");
  gtk_expander_set_child (GTK_EXPANDER (expander), card);
  return expander;
}

static void
dh_training_panel_dispose (GObject *object)
{
  DhTrainingPanel *self = DH_TRAINING_PANEL (object);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->form);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_training_panel_parent_class)->dispose (object);
}

static void
dh_training_panel_class_init (DhTrainingPanelClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_training_panel_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
  added_signal = g_signal_new ("added", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                               1, DH_TYPE_TRAINING_JOB);
}

static void
dh_training_panel_init (DhTrainingPanel *self)
{
}

static void
read_form (DhTrainingPanel *self)
{
  g_autofree char *text = dh_settings_dup_string (dh_session_get_settings (self->session), "training", "form");
  self->form = dh_training_form_new ();
  /* What cannot be read any more is no reason to trouble anybody. */
  if (text != NULL)
    dh_training_form_read_text (self->form, text, NULL);
}

GtkWidget *
dh_training_panel_new (DhSession *session)
{
  DhTrainingPanel *self = g_object_new (DH_TYPE_TRAINING_PANEL, NULL);
  self->session = g_object_ref (session);
  read_form (self);
  GtkWidget *rows = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, "dh-form");
  gtk_box_append (GTK_BOX (rows), make_recipe (self));
  gtk_box_append (GTK_BOX (rows), make_settings (self));
  gtk_box_append (GTK_BOX (rows), make_more (self));
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), rows);
  gtk_widget_set_vexpand (scroller, TRUE);
  self->check = dh_training_check_view_new (session, self->form);
  self->box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, "dh-panel left");
  gtk_box_append (GTK_BOX (self->box), make_head (self));
  gtk_box_append (GTK_BOX (self->box), scroller);
  gtk_box_append (GTK_BOX (self->box), self->check);
  gtk_widget_set_size_request (self->box, DH_TRAINING_PANEL_WIDTH, -1);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  g_signal_connect_object (self->form, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->check, "checked", G_CALLBACK (show_found), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->check, "added", G_CALLBACK (on_added), self, 0);
  g_signal_connect_object (session, "notify::model-info", G_CALLBACK (take_devices), self, G_CONNECT_SWAPPED);
  take_devices (self);
  show_head (self);
  show_seeds (self);
  return GTK_WIDGET (self);
}
