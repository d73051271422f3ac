#include "dh-import-dialog.h"
#include "dh-form-window.h"
#include <math.h>
#include "dh-number.h"
#include "dh-session-import.h"

struct _DhImportDialog
{
  AdwWindow parent_instance;
  DhSession *session;
  char *folder, *root; /* the data set's; NULL: the one that is open */
  GtkWidget *folder_row, *data_row, *open_button, *method, *end, *status, *hint, *spinner, *import;
  GCancellable *looking;
  DhScoreLook *look;
  gboolean named, turned, filling; /* by the user; by ourselves */
};

G_DEFINE_FINAL_TYPE (DhImportDialog, dh_import_dialog, ADW_TYPE_WINDOW)

static DhAnomalousEnd
chosen_end (DhImportDialog *self)
{
  return (DhAnomalousEnd)adw_combo_row_get_selected (ADW_COMBO_ROW (self->end));
}

static char *
dup_method (DhImportDialog *self)
{
  return g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->method))));
}

static void
update (DhImportDialog *self)
{
  DhImportProgress progress;
  g_autofree char *method = dup_method (self);
  gtk_widget_set_sensitive (self->import, self->look != NULL && *method != '\0'
                                              && chosen_end (self) != DH_ANOMALOUS_UNKNOWN
                                              && !dh_session_get_import_progress (self->session, &progress));
}

/* What the labels say of the ends, and of what the user said. */
static void
show_hint (DhImportDialog *self)
{
  const DhScoreLook *look = self->look;
  gtk_widget_remove_css_class (self->hint, "dh-warn");
  if (look == NULL || (look->n_looked == 0 && chosen_end (self) != DH_ANOMALOUS_UNKNOWN))
    {
      gtk_label_set_label (GTK_LABEL (self->hint), "");
      return;
    }
  if (look->n_looked == 0)
    {
      gtk_label_set_label (GTK_LABEL (self->hint), _ ("No label tells which end is anomalous: say it."));
      return;
    }
  const DhAnomalousEnd guess = dh_score_look_guess (look);
  g_autofree char *auroc = dh_number_format (100 * look->auroc, 1);
  g_autofree char *seen = g_strdup_printf (
      ngettext ("the first labelled image", "the first %u labelled images", look->n_looked), look->n_looked);
  g_autofree char *text =
      guess == DH_ANOMALOUS_HIGH
          ? g_strdup_printf (_ ("Judged by %s: anomalies have the high scores (AUROC %s %%)."), seen, auroc)
      : guess == DH_ANOMALOUS_LOW
          ? g_strdup_printf (_ ("Judged by %s: anomalies have the low scores (AUROC of the high ones %s %%)."), seen,
                             auroc)
          : g_strdup_printf (_ ("Which end is anomalous cannot be told by %s (AUROC %s %%): say it."), seen, auroc);
  if (guess != DH_ANOMALOUS_UNKNOWN && chosen_end (self) != guess)
    gtk_widget_add_css_class (self->hint, "dh-warn");
  gtk_label_set_label (GTK_LABEL (self->hint), text);
}

static void
show_status (DhImportDialog *self, const char *text, gboolean wrong)
{
  gtk_label_set_label (GTK_LABEL (self->status), text);
  if (wrong)
    gtk_widget_add_css_class (self->status, "error");
  else
    gtk_widget_remove_css_class (self->status, "error");
}

static void
show_look (DhImportDialog *self)
{
  const DhScoreLook *look = self->look;
  const guint missing = look->n_pictures - look->n_found;
  g_autofree char *found =
      g_strdup_printf (ngettext ("%u of %u image has a map", "%u of %u images have a map", look->n_pictures),
                       look->n_found, look->n_pictures);
  g_autofree char *text =
      missing == 0
          ? g_strdup_printf ("%s.", found)
          : g_strdup_printf (ngettext ("%s; %u is left out.", "%s; %u are left out.", missing), found, missing);
  show_status (self, text, FALSE);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->data_row), look->data_title);
  self->filling = TRUE;
  if (!self->named)
    gtk_editable_set_text (GTK_EDITABLE (self->method), look->method);
  if (!self->turned)
    adw_combo_row_set_selected (ADW_COMBO_ROW (self->end), dh_score_look_guess (look));
  self->filling = FALSE;
}

static void
looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (DhImportDialog) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhScoreLook) look = dh_session_look_at_scores_finish (DH_SESSION (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->session == NULL)
    return;
  gtk_spinner_stop (GTK_SPINNER (self->spinner));
  gtk_widget_set_visible (self->spinner, FALSE);
  if (look != NULL)
    {
      self->look = g_steal_pointer (&look);
      show_look (self);
    }
  else
    {
      g_autofree char *text = g_strconcat (error->message, ".", NULL);
      show_status (self, text, TRUE);
    }
  show_hint (self);
  update (self);
  /* Nothing is left to be said: Return imports. */
  if (!self->named && !self->turned && gtk_widget_get_sensitive (self->import))
    gtk_widget_grab_focus (self->import);
}

static void
look (DhImportDialog *self)
{
  if (self->looking != NULL)
    g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  g_clear_pointer (&self->look, dh_score_look_free);
  g_autofree char *folder = g_filename_display_name (self->folder);
  g_autofree char *root = self->root != NULL ? g_filename_display_name (self->root) : NULL;
  const gboolean can_open = dh_session_can_import_for_open (self->session);
  const char *data = root != NULL ? root
                     : can_open   ? dh_session_get_dataset_title (self->session)
                                  : _ ("None is open: choose its folder");
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->folder_row), folder);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->data_row), data);
  gtk_widget_set_visible (self->open_button, root != NULL && can_open);
  show_hint (self);
  update (self);
  const gboolean can_look = root != NULL || can_open;
  gtk_widget_set_visible (self->spinner, can_look);
  show_status (self,
               can_look ? _ ("Looking for the images’ maps…") : _ ("Choose the data set that the scores belong to."),
               FALSE);
  if (!can_look)
    return;
  gtk_spinner_start (GTK_SPINNER (self->spinner));
  self->looking = g_cancellable_new ();
  dh_session_look_at_scores (self->session, self->folder, self->root, self->looking, looked, g_object_ref (self));
}

/* Folders */

typedef void (*FolderChosen) (gpointer target, const char *path);

typedef struct
{
  GObject *target;
  FolderChosen chosen;
} Choosing;

static void
on_folder (GtkNativeDialog *dialog, int response, gpointer data)
{
  Choosing *choosing = data;
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
  if (path != NULL)
    choosing->chosen (choosing->target, path);
  g_object_unref (choosing->target);
  g_free (choosing);
  g_object_unref (dialog);
}

static void
choose_folder (GtkWindow *over, const char *title, const char *near, gpointer target, FolderChosen chosen)
{
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (title, over, GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("Choose"), NULL);
  Choosing *choosing = g_new (Choosing, 1);
  *choosing = (Choosing){ g_object_ref (target), chosen };
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_autoptr (GFile) folder = near != NULL ? g_file_new_for_path (near) : NULL;
  if (folder != NULL)
    gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (dialog), folder, NULL);
  g_signal_connect (dialog, "response", G_CALLBACK (on_folder), choosing);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
take_folder (gpointer data, const char *path)
{
  DhImportDialog *self = data;
  g_free (self->folder);
  self->folder = g_strdup (path);
  look (self);
}

static void
take_root (gpointer data, const char *path)
{
  DhImportDialog *self = data;
  g_free (self->root);
  self->root = g_strdup (path);
  look (self);
}

static void
on_choose_folder (DhImportDialog *self)
{
  choose_folder (GTK_WINDOW (self), _ ("A folder of score maps"), self->folder, self, take_folder);
}

static void
on_choose_root (DhImportDialog *self)
{
  choose_folder (GTK_WINDOW (self), _ ("The data set’s folder"),
                 self->root != NULL ? self->root : dh_session_get_dataset_path (self->session), self, take_root);
}

static void
on_use_open (DhImportDialog *self)
{
  take_root (self, NULL);
}

static void
on_named (DhImportDialog *self)
{
  self->named = self->named || !self->filling;
  update (self);
}

static void
on_turned (DhImportDialog *self)
{
  self->turned = self->turned || !self->filling;
  show_hint (self);
  update (self);
}

static void
on_import (DhImportDialog *self)
{
  g_autofree char *method = dup_method (self);
  if (dh_session_import_scores (self->session, self->folder, self->root, method, chosen_end (self) == DH_ANOMALOUS_LOW))
    gtk_window_close (GTK_WINDOW (self));
}

/* The window */

static void
dh_import_dialog_dispose (GObject *object)
{
  DhImportDialog *self = DH_IMPORT_DIALOG (object);
  if (self->looking != NULL)
    g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  g_clear_pointer (&self->look, dh_score_look_free);
  g_clear_pointer (&self->folder, g_free);
  g_clear_pointer (&self->root, g_free);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_import_dialog_parent_class)->dispose (object);
}

static void
dh_import_dialog_class_init (DhImportDialogClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_import_dialog_dispose;
}

static void
dh_import_dialog_init (DhImportDialog *self)
{
}

static GtkWidget *
add_button (DhImportDialog *self, GtkWidget *row, const char *text, GCallback clicked)
{
  GtkWidget *button = gtk_button_new_with_label (text);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  g_signal_connect_object (button, "clicked", clicked, self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  return button;
}

static GtkWidget *
make_rows (DhImportDialog *self)
{
  static const char *const ends[] = { N_ ("not said yet"), N_ ("high scores"), N_ ("low scores"), NULL };
  GtkWidget *group = adw_preferences_group_new ();
  self->folder_row = dh_form_window_row (_ ("Scores"));
  add_button (self, self->folder_row, _ ("Choose…"), G_CALLBACK (on_choose_folder));
  self->data_row = dh_form_window_row (_ ("Data set"));
  self->open_button = add_button (self, self->data_row, _ ("The open one"), G_CALLBACK (on_use_open));
  add_button (self, self->data_row, _ ("Choose…"), G_CALLBACK (on_choose_root));
  self->method = adw_entry_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->method), _ ("Method"));
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (self->method), TRUE);
  g_signal_connect_object (self->method, "changed", G_CALLBACK (on_named), self, G_CONNECT_SWAPPED);
  self->end = adw_combo_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->end), _ ("Anomalous are"));
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);
  for (guint i = 0; ends[i] != NULL; i++)
    gtk_string_list_append (list, _ (ends[i]));
  adw_combo_row_set_model (ADW_COMBO_ROW (self->end), G_LIST_MODEL (list));
  g_signal_connect_object (self->end, "notify::selected", G_CALLBACK (on_turned), self, G_CONNECT_SWAPPED);
  GtkWidget *const rows[] = { self->folder_row, self->data_row, self->method, self->end };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), rows[i]);
  return group;
}

static GtkWidget *
make_sentence (void)
{
  GtkWidget *label = dh_ui_label (NULL, NULL, 0);
  dh_widget_wrap (label);
  gtk_widget_set_hexpand (label, TRUE);
  return label;
}

static GtkWidget *
make_content (DhImportDialog *self)
{
  GtkWidget *box = dh_form_window_box ();
  gtk_box_append (GTK_BOX (box), make_rows (self));
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 8, NULL);
  self->spinner = gtk_spinner_new ();
  self->status = make_sentence ();
  gtk_label_set_selectable (GTK_LABEL (self->status), TRUE);
  gtk_box_append (GTK_BOX (line), self->spinner);
  gtk_box_append (GTK_BOX (line), self->status);
  gtk_box_append (GTK_BOX (box), line);
  self->hint = make_sentence ();
  gtk_box_append (GTK_BOX (box), self->hint);
  return box;
}

GtkWidget *
dh_import_dialog_new (GtkWindow *parent, DhSession *session, const char *folder)
{
  DhImportDialog *self =
      g_object_new (DH_TYPE_IMPORT_DIALOG, "title", _ ("Import scores"), "modal", TRUE, "transient-for", parent, NULL);
  dh_ui_set_window_size (GTK_WIDGET (self), 560, -1);
  self->session = g_object_ref (session);
  self->folder = g_strdup (folder);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  GtkWidget *bar = dh_form_window_bar (GTK_WINDOW (self), _ ("Import"), G_CALLBACK (on_import), &self->import);
  gtk_box_append (GTK_BOX (box), bar);
  gtk_box_append (GTK_BOX (box), make_content (self));
  adw_window_set_content (ADW_WINDOW (self), box);
  gtk_window_set_default_widget (GTK_WINDOW (self), self->import);
  dh_ui_close_on_escape (GTK_WIDGET (self));
  g_signal_connect_object (session, "import", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  look (self);
  return GTK_WIDGET (self);
}

static void
show_dialog (gpointer data, const char *path)
{
  GtkWidget *parent = data;
  DhSession *session = g_object_get_data (G_OBJECT (parent), "import-session");
  GtkRoot *root = gtk_widget_get_root (parent);
  if (root != NULL && session != NULL)
    gtk_window_present (GTK_WINDOW (dh_import_dialog_new (GTK_WINDOW (root), session, path)));
}

void
dh_import_dialog_choose (GtkWidget *parent, DhSession *session)
{
  g_object_set_data_full (G_OBJECT (parent), "import-session", g_object_ref (session), g_object_unref);
  choose_folder (GTK_WINDOW (gtk_widget_get_root (parent)), _ ("A folder of score maps"), NULL, parent, show_dialog);
}
