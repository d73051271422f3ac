#include "dh-training-row.h"
#include <math.h>
#include <string.h>
#include "dh-number.h"
#include "dh-training-file-button.h"
#include "dh-widgets.h"

struct _DhTrainingRow
{
  GtkWidget parent_instance;
  DhTrainingForm *form;
  DhTrainingField fields[2];
  GtkWidget *controls[2];
  guint n;
  GtkWidget *box, *subtitle, *reset;
  char *note;
  gboolean showing;
};

G_DEFINE_FINAL_TYPE (DhTrainingRow, dh_training_row, GTK_TYPE_WIDGET)

/* 1e-06 → 1e-6 */
static char *
plain_number (const char *text)
{
  const char *zero = strstr (text, "e-0");
  return zero != NULL ? g_strdup_printf ("%.*s%s", (int)(zero - text) + 2, text, zero + 3) : g_strdup (text);
}

/* "12", "1e-6" or the name of a choice. */
static char *
published_text (DhTrainingRow *self, DhTrainingField field)
{
  g_autofree char *value = dh_training_form_dup_published (self->form, field);
  const char *const *labels = NULL;
  const char *const *values = dh_training_form_get_choices (self->form, field, &labels);
  for (guint i = 0; values != NULL && values[i] != NULL; i++)
    if (g_strcmp0 (values[i], value) == 0)
      return g_strdup (labels[i]);
  return plain_number (value);
}

static void
set_subtitle (DhTrainingRow *self, const char *text, const char *class)
{
  gtk_widget_remove_css_class (self->subtitle, "dim-label");
  gtk_widget_remove_css_class (self->subtitle, "dh-err");
  gtk_widget_remove_css_class (self->subtitle, "dh-published");
  gtk_label_set_label (GTK_LABEL (self->subtitle), text != NULL ? text : "");
  gtk_widget_set_visible (self->subtitle, text != NULL && *text != '\0');
  gtk_widget_add_css_class (self->subtitle, class);
}

static void
show_state (DhTrainingRow *self)
{
  gboolean changed = FALSE, wrong = FALSE;
  g_autofree char *problem = NULL;
  /* A file that is merely not chosen yet is asked for, not complained of. */
  DhFieldKind kind = dh_training_field_get_info (self->fields[0])->kind;
  gboolean empty = (kind == DH_FIELD_FILE || kind == DH_FIELD_FOLDER)
                   && *dh_training_form_get_text (self->form, self->fields[0]) == '\0';
  for (guint i = 0; i < self->n; i++)
    {
      g_autofree char *own = dh_training_form_dup_problem (self->form, self->fields[i]);
      changed |= dh_training_form_is_changed (self->form, self->fields[i]);
      if (own != NULL && !empty)
        gtk_widget_add_css_class (self->controls[i], "error");
      else
        gtk_widget_remove_css_class (self->controls[i], "error");
      wrong |= own != NULL;
      if (problem == NULL)
        problem = g_steal_pointer (&own);
    }
  gtk_widget_set_visible (self->reset, changed);
  g_autofree char *published = NULL;
  if (changed)
    {
      g_autofree char *first = published_text (self, self->fields[0]);
      g_autofree char *second = self->n > 1 ? published_text (self, self->fields[1]) : NULL;
      g_autofree char *both = second != NULL ? g_strdup_printf ("%s × %s", first, second) : g_strdup (first);
      gboolean is_published = dh_training_form_is_published (self->form);
      published = g_strdup_printf (is_published ? _ ("published: %s") : _ ("recipe's: %s"), *both != '\0' ? both : "—");
      gtk_widget_set_tooltip_text (self->reset,
                                   is_published ? _ ("Back to the published value") : _ ("Back to the recipe's value"));
    }
  if (wrong)
    set_subtitle (self, problem, empty ? "dim-label" : "dh-err");
  else if (changed)
    set_subtitle (self, published, "dh-published");
  else
    set_subtitle (self, self->note, "dim-label");
  gtk_widget_set_tooltip_text (self->subtitle, problem);
}

static void
show_number (DhTrainingRow *self, guint i)
{
  GtkWidget *control = self->controls[i];
  double value = dh_training_form_get_number (self->form, self->fields[i]);
  if (GTK_IS_SPIN_BUTTON (control))
    {
      if (isfinite (value))
        gtk_spin_button_set_value (GTK_SPIN_BUTTON (control), value);
      return;
    }
  double shown = NAN;
  g_autofree char *text = g_strdup (gtk_editable_get_text (GTK_EDITABLE (control)));
  /* What somebody is typing stays as it is typed. */
  if (isnan (value) || (dh_number_parse (g_strdelimit (text, ",", '.'), &shown) && shown == value))
    return;
  g_autofree char *exact = g_strdup_printf ("%g", value);
  g_autofree char *plain = plain_number (exact);
  gtk_editable_set_text (GTK_EDITABLE (control), plain);
}

/* The focus is on a button of the list's own, which GTK gives no name. */
static void
name_choice (GtkDropDown *drop)
{
  GtkStringObject *chosen = gtk_drop_down_get_selected_item (drop);
  const char *what = dh_widget_get_name (GTK_WIDGET (drop));
  g_autofree char *name =
      g_strdup_printf ("%s: %s", what, chosen != NULL ? gtk_string_object_get_string (chosen) : "—");
  dh_ui_set_name (gtk_widget_get_first_child (GTK_WIDGET (drop)), name);
}

static void
show_choice (DhTrainingRow *self, guint i)
{
  const char *const *labels = NULL;
  const char *const *values = dh_training_form_get_choices (self->form, self->fields[i], &labels);
  GtkDropDown *drop = GTK_DROP_DOWN (self->controls[i]);
  GtkStringList *list = GTK_STRING_LIST (gtk_drop_down_get_model (drop));
  guint n = g_list_model_get_n_items (G_LIST_MODEL (list));
  gboolean same = n == g_strv_length ((char **)values);
  for (guint k = 0; same && k < n; k++)
    same = g_str_equal (gtk_string_list_get_string (list, k), labels[k]);
  if (!same)
    gtk_string_list_splice (list, 0, n, labels);
  const char *value = dh_training_form_get_text (self->form, self->fields[i]);
  guint chosen = GTK_INVALID_LIST_POSITION;
  for (guint k = 0; values[k] != NULL; k++)
    if (g_str_equal (values[k], value))
      chosen = k;
  gtk_drop_down_set_selected (drop, chosen);
  name_choice (drop);
}

static void
show (DhTrainingRow *self)
{
  self->showing = TRUE;
  gboolean used = FALSE;
  for (guint i = 0; i < self->n; i++)
    {
      DhFieldKind kind = dh_training_field_get_info (self->fields[i])->kind;
      used |= dh_training_form_is_used (self->form, self->fields[i]);
      if (kind == DH_FIELD_COUNT || kind == DH_FIELD_NUMBER)
        show_number (self, i);
      else if (kind == DH_FIELD_CHOICE)
        show_choice (self, i);
      else if (kind == DH_FIELD_TEXT
               && !g_str_equal (gtk_editable_get_text (GTK_EDITABLE (self->controls[i])),
                                dh_training_form_get_text (self->form, self->fields[i])))
        gtk_editable_set_text (GTK_EDITABLE (self->controls[i]),
                               dh_training_form_get_text (self->form, self->fields[i]));
    }
  gtk_widget_set_visible (GTK_WIDGET (self), used);
  show_state (self);
  self->showing = FALSE;
}

static void
on_form_changed (DhTrainingForm *form, guint field, DhTrainingRow *self)
{
  /* One field's problem may be about another: the rate at the end above the rate. */
  show (self);
}

static void
on_control (GtkWidget *control, DhTrainingRow *self)
{
  if (self->showing)
    return;
  DhTrainingField field = self->fields[control == self->controls[0] ? 0 : 1];
  if (GTK_IS_SPIN_BUTTON (control))
    dh_training_form_set_number (self->form, field, gtk_spin_button_get_value (GTK_SPIN_BUTTON (control)));
  else if (dh_training_field_get_info (field)->kind == DH_FIELD_NUMBER)
    {
      /* Here a comma is a decimal point as elsewhere in the world: rates and weights have no thousands. */
      double value = NAN;
      g_autofree char *text = g_strdup (gtk_editable_get_text (GTK_EDITABLE (control)));
      dh_number_parse (g_strdelimit (text, ",", '.'), &value);
      dh_training_form_set_number (self->form, field, value);
    }
  else
    dh_training_form_set_text (self->form, field, gtk_editable_get_text (GTK_EDITABLE (control)));
}

static void
on_chosen (GtkDropDown *drop, GParamSpec *spec, DhTrainingRow *self)
{
  const char *const *values = dh_training_form_get_choices (self->form, self->fields[0], NULL);
  guint chosen = gtk_drop_down_get_selected (drop);
  name_choice (drop);
  if (!self->showing && chosen != GTK_INVALID_LIST_POSITION)
    dh_training_form_set_text (self->form, self->fields[0], values[chosen]);
}

static void
on_reset (DhTrainingRow *self)
{
  for (guint i = 0; i < self->n; i++)
    dh_training_form_reset (self->form, self->fields[i]);
}

/* The wheel moves the form, not the values that pass under the pointer. */
static void
ignore_wheel (GtkWidget *spin)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (spin);
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);
      if (GTK_IS_EVENT_CONTROLLER_SCROLL (controller))
        gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_NONE);
    }
}

static GtkWidget *
make_control (DhTrainingRow *self, DhSession *session, DhTrainingField field)
{
  const DhTrainingFieldInfo *info = dh_training_field_get_info (field);
  GtkWidget *control;
  switch (info->kind)
    {
    case DH_FIELD_COUNT:
      control = gtk_spin_button_new_with_range (info->least, MAX (info->most, info->least + 1), MAX (info->step, 1));
      gtk_editable_set_width_chars (GTK_EDITABLE (control), 5);
      gtk_editable_set_max_width_chars (GTK_EDITABLE (control), 5);
      dh_ui_add_classes (control, "dh-compact");
      ignore_wheel (control);
      g_signal_connect (control, "value-changed", G_CALLBACK (on_control), self);
      break;
    case DH_FIELD_CHOICE:
      control = gtk_drop_down_new (G_LIST_MODEL (gtk_string_list_new (NULL)), NULL);
      dh_ui_add_classes (control, "dh-dense");
      g_signal_connect (control, "notify::selected", G_CALLBACK (on_chosen), self);
      break;
    case DH_FIELD_FILE:
    case DH_FIELD_FOLDER:
      control = dh_training_file_button_new (session, self->form, field);
      break;
    case DH_FIELD_NUMBER:
    case DH_FIELD_TEXT:
    default:
      control = gtk_entry_new ();
      gtk_editable_set_width_chars (GTK_EDITABLE (control), info->kind == DH_FIELD_NUMBER ? 9 : 16);
      gtk_editable_set_max_width_chars (GTK_EDITABLE (control), info->kind == DH_FIELD_NUMBER ? 9 : 16);
      dh_ui_add_classes (control, "dh-dense dh-num");
      g_signal_connect (control, "changed", G_CALLBACK (on_control), self);
      break;
    }
  gtk_widget_set_valign (control, GTK_ALIGN_CENTER);
  /* Where a file is chosen, the button says which. */
  if (info->kind != DH_FIELD_FILE && info->kind != DH_FIELD_FOLDER)
    dh_ui_set_name (control, info->label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, info->meaning, -1);
  return control;
}

void
dh_training_row_set_note (DhTrainingRow *self, const char *note)
{
  if (g_strcmp0 (note, self->note) == 0)
    return;
  g_free (self->note);
  self->note = g_strdup (note);
  show_state (self);
}

GtkWidget *
dh_training_plain_row_new (const char *title, GtkWidget **subtitle)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, "dh-formrow");
  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_widget_set_valign (lines, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (lines, TRUE);
  gtk_box_append (GTK_BOX (lines), dh_ui_short_label (title, "dh-dense", 0));
  if (subtitle != NULL)
    {
      *subtitle = dh_ui_short_label (NULL, "dh-small dh-num dim-label", 0);
      gtk_box_append (GTK_BOX (lines), *subtitle);
    }
  gtk_box_append (GTK_BOX (box), lines);
  return box;
}

GtkWidget *
dh_training_card_new (const char *heading)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 6, NULL);
  if (heading != NULL)
    gtk_box_append (GTK_BOX (box), dh_ui_label (heading, "dh-h", 0));
  gtk_box_append (GTK_BOX (box), dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, "dh-card dh-formcard"));
  return box;
}

void
dh_training_card_add (GtkWidget *card, GtkWidget *row)
{
  gtk_box_append (GTK_BOX (gtk_widget_get_last_child (card)), row);
}

static void
dh_training_row_dispose (GObject *object)
{
  DhTrainingRow *self = DH_TRAINING_ROW (object);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_object (&self->form);
  g_clear_pointer (&self->note, g_free);
  G_OBJECT_CLASS (dh_training_row_parent_class)->dispose (object);
}

static void
dh_training_row_class_init (DhTrainingRowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_training_row_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_training_row_init (DhTrainingRow *self)
{
}

GtkWidget *
dh_training_row_new_pair (DhSession *session, DhTrainingForm *form, DhTrainingField first, DhTrainingField second,
                          const char *label)
{
  DhTrainingRow *self = g_object_new (DH_TYPE_TRAINING_ROW, NULL);
  const DhTrainingFieldInfo *info = dh_training_field_get_info (first);
  self->form = g_object_ref (form);
  self->fields[0] = first;
  self->fields[1] = second;
  self->n = first == second ? 1 : 2;
  self->box = dh_training_plain_row_new (label != NULL ? label : info->label, &self->subtitle);
  self->reset = dh_ui_icon_button ("edit-undo-symbolic", _ ("Back to the published value"), NULL, "flat dh-iconbtn");
  gtk_widget_set_valign (self->reset, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (self->reset, "clicked", G_CALLBACK (on_reset), self);
  gtk_box_append (GTK_BOX (self->box), self->reset);
  for (guint i = 0; i < self->n; i++)
    {
      if (i > 0)
        gtk_box_append (GTK_BOX (self->box), dh_ui_label ("×", "dim-label", 0.5));
      self->controls[i] = make_control (self, session, self->fields[i]);
      gtk_box_append (GTK_BOX (self->box), self->controls[i]);
    }
  g_autofree char *meaning = self->n == 1 ? g_strdup (info->meaning)
                                          : g_strdup_printf ("%s: %s\n%s: %s", info->label, info->meaning,
                                                             dh_training_field_get_info (second)->label,
                                                             dh_training_field_get_info (second)->meaning);
  dh_ui_set_menu_tooltip (GTK_WIDGET (self), meaning);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  g_signal_connect_object (form, "changed", G_CALLBACK (on_form_changed), self, 0);
  show (self);
  return GTK_WIDGET (self);
}

GtkWidget *
dh_training_row_new (DhSession *session, DhTrainingForm *form, DhTrainingField field)
{
  return dh_training_row_new_pair (session, form, field, field, NULL);
}
