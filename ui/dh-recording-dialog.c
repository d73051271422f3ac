#include "dh-recording-dialog.h"
#include "dh-form-window.h"
#include "dh-number.h"
#include "dh-session-recording.h"

struct _DhRecordingDialog
{
  AdwWindow parent_instance;
  DhSession *session;
  char *folder;
  DhRecording *recording; /* NULL while it is looked at, or cannot be read */
  GCancellable *looking;
  GtkWidget *recording_row, *every, *from, *to, *format, *folder_row, *choose, *spinner, *status, *write;
};

G_DEFINE_FINAL_TYPE (DhRecordingDialog, dh_recording_dialog, ADW_TYPE_WINDOW)

static void
show_status (DhRecordingDialog *self, const char *text, gboolean wrong)
{
  gtk_label_set_label (GTK_LABEL (self->status), text);
  if (wrong)
    gtk_widget_add_css_class (self->status, "error");
  else
    gtk_widget_remove_css_class (self->status, "error");
}

/* The times that were typed; FALSE with what is wrong with them. */
static gboolean
take_times (DhRecordingDialog *self, DhRecordingFrames *frames, const char **why)
{
  const char *from = gtk_editable_get_text (GTK_EDITABLE (self->from));
  const char *to = gtk_editable_get_text (GTK_EDITABLE (self->to));
  const double duration = self->recording->duration;
  frames->from = frames->to = 0;
  *why = NULL;
  if ((*from != '\0' && !dh_recording_parse_time (from, &frames->from))
      || (*to != '\0' && !dh_recording_parse_time (to, &frames->to)))
    *why = _ ("A time is written as seconds, 1:30 or 1:02:03.5.");
  else if ((*to != '\0' && frames->to <= frames->from) || (duration > 0 && frames->from >= duration))
    *why = _ ("Nothing lies between these times.");
  return *why == NULL;
}

static gboolean
take_frames (DhRecordingDialog *self, DhRecordingFrames *frames, const char **why)
{
  frames->every = (guint)gtk_spin_button_get_value_as_int (GTK_SPIN_BUTTON (self->every));
  frames->jpeg = adw_combo_row_get_selected (ADW_COMBO_ROW (self->format)) == 1;
  return take_times (self, frames, why);
}

/* Says what comes of what was chosen; FALSE where nothing can. */
static gboolean
show_outcome (DhRecordingDialog *self)
{
  DhRecordingFrames frames;
  DhFramesProgress progress;
  const char *why = NULL;
  if (!take_frames (self, &frames, &why))
    {
      show_status (self, why, TRUE);
      return FALSE;
    }
  if (dh_session_get_frames_progress (self->session, &progress))
    {
      show_status (self, _ ("Another recording or video is being written; one at a time."), FALSE);
      return FALSE;
    }
  guint64 bytes;
  const guint count = dh_recording_count (self->recording, &frames, &bytes);
  g_autofree char *size = dh_ui_size (bytes);
  g_autofree char *text =
      count > 0 ? g_strdup_printf (ngettext ("About %u image, %s.", "About %u images, %s.", count), count, size)
                : g_strdup (_ ("How many images there will be the recording does not say."));
  show_status (self, text, FALSE);
  return TRUE;
}

/* A number that was typed is taken when the field is left, by a click on the button perhaps: the button must not be
 * insensitive for a moment, or the click is lost. */
static void
update (DhRecordingDialog *self)
{
  if (self->recording == NULL)
    return;
  g_autofree char *folder = g_filename_display_name (self->folder);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->folder_row), folder);
  gtk_widget_set_sensitive (self->write, show_outcome (self));
}

static void
show_recording (DhRecordingDialog *self)
{
  const DhRecording *recording = self->recording;
  g_autofree char *rate = dh_number_format (recording->rate, 2),
                  *length = dh_recording_format_time (recording->duration);
  g_autofree char *name = g_filename_display_basename (recording->path);
  g_autofree char *text = recording->rate > 0 && recording->duration > 0
                              ? g_strdup_printf (_ ("%s: %u×%u, %s images a second, %s long"), name, recording->width,
                                                 recording->height, rate, length)
                              : g_strdup_printf (_ ("%s: %u×%u"), name, recording->width, recording->height);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->recording_row), text);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (self->every), recording->every);
  gtk_editable_set_text (GTK_EDITABLE (self->from), "0:00");
  if (recording->duration > 0)
    gtk_editable_set_text (GTK_EDITABLE (self->to), length);
}

static void
looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (DhRecordingDialog) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecording) recording = dh_session_look_at_recording_finish (DH_SESSION (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->session == NULL)
    return;
  gtk_spinner_stop (GTK_SPINNER (self->spinner));
  gtk_widget_set_visible (self->spinner, FALSE);
  if (recording == NULL)
    {
      g_autofree char *text = g_strconcat (error->message, ".", NULL);
      show_status (self, text, TRUE);
      return;
    }
  self->folder = g_strdup (recording->folder);
  self->recording = g_steal_pointer (&recording);
  show_recording (self);
  GtkWidget *const rows[] = { self->every, self->from, self->to, self->format, self->choose };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    gtk_widget_set_sensitive (rows[i], TRUE);
  update (self);
  /* What is proposed will do: Return writes. */
  if (gtk_widget_get_sensitive (self->write))
    gtk_widget_grab_focus (self->write);
}

static void
on_folder (GtkNativeDialog *dialog, int response, gpointer data)
{
  g_autoptr (DhRecordingDialog) self = data;
  g_autoptr (GFile) file =
      response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog)) : NULL;
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
  if (path != NULL && self->recording != NULL)
    {
      g_free (self->folder);
      self->folder = dh_recording_dup_folder_in (self->recording->path, path);
      update (self);
    }
  g_object_unref (dialog);
}

static void
on_choose (DhRecordingDialog *self)
{
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Where the folder of images goes"), GTK_WINDOW (self),
                                   GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("Choose"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_autofree char *above = g_path_get_dirname (self->folder);
  g_autoptr (GFile) folder = g_file_new_for_path (above);
  gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (dialog), folder, NULL);
  g_signal_connect (dialog, "response", G_CALLBACK (on_folder), g_object_ref (self));
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
on_write (DhRecordingDialog *self)
{
  DhRecordingFrames frames;
  const char *why;
  gtk_spin_button_update (GTK_SPIN_BUTTON (self->every));
  if (self->recording == NULL || !take_frames (self, &frames, &why))
    return;
  /* To the end is to whatever the end is: what a recording says of its length may be less. */
  if (self->recording->duration > 0 && frames.to >= self->recording->duration - 0.01)
    frames.to = 0;
  if (dh_session_write_frames (self->session, self->recording->path, self->folder, &frames))
    gtk_window_close (GTK_WINDOW (self));
}

static void
dh_recording_dialog_dispose (GObject *object)
{
  DhRecordingDialog *self = DH_RECORDING_DIALOG (object);
  if (self->looking != NULL)
    g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  g_clear_pointer (&self->recording, dh_recording_free);
  g_clear_pointer (&self->folder, g_free);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_recording_dialog_parent_class)->dispose (object);
}

static void
dh_recording_dialog_class_init (DhRecordingDialogClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_recording_dialog_dispose;
}

static void
dh_recording_dialog_init (DhRecordingDialog *self)
{
}

static GtkWidget *
make_entry (DhRecordingDialog *self, const char *title)
{
  GtkWidget *row = adw_entry_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (row), TRUE);
  g_signal_connect_object (row, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return row;
}

static GtkWidget *
make_rows (DhRecordingDialog *self)
{
  GtkWidget *group = adw_preferences_group_new ();
  self->recording_row = dh_form_window_row (_ ("Recording"));
  GtkWidget *every_row = dh_form_window_row (_ ("Every so many frames one image"));
  self->every = gtk_spin_button_new_with_range (1, 100000, 1);
  gtk_widget_set_valign (self->every, GTK_ALIGN_CENTER);
  dh_ui_set_name (self->every, _ ("Every so many frames one image"));
  g_signal_connect_object (self->every, "value-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (every_row), self->every);
  self->from = make_entry (self, _ ("From"));
  self->to = make_entry (self, _ ("To"));
  self->format = adw_combo_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->format), _ ("Written as"));
  g_autoptr (GtkStringList) formats = gtk_string_list_new (NULL);
  gtk_string_list_append (formats, _ ("PNG, as it is"));
  gtk_string_list_append (formats, _ ("JPEG, smaller"));
  adw_combo_row_set_model (ADW_COMBO_ROW (self->format), G_LIST_MODEL (formats));
  g_signal_connect_object (self->format, "notify::selected", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  self->folder_row = dh_form_window_row (_ ("Folder"));
  self->choose = gtk_button_new_with_label (_ ("Choose…"));
  gtk_widget_set_valign (self->choose, GTK_ALIGN_CENTER);
  g_signal_connect_object (self->choose, "clicked", G_CALLBACK (on_choose), self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self->folder_row), self->choose);
  GtkWidget *const rows[] = { self->recording_row, every_row, self->from, self->to, self->format, self->folder_row };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), rows[i]);
  GtkWidget *const later[] = { self->every, self->from, self->to, self->format, self->choose };
  for (guint i = 0; i < G_N_ELEMENTS (later); i++)
    gtk_widget_set_sensitive (later[i], FALSE);
  return group;
}

static GtkWidget *
make_content (DhRecordingDialog *self)
{
  GtkWidget *box = dh_form_window_box ();
  gtk_box_append (GTK_BOX (box), make_rows (self));
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 8, NULL);
  self->spinner = gtk_spinner_new ();
  gtk_spinner_start (GTK_SPINNER (self->spinner));
  self->status = dh_ui_label (_ ("Looking into it…"), NULL, 0);
  dh_widget_wrap (self->status);
  gtk_widget_set_hexpand (self->status, TRUE);
  gtk_label_set_selectable (GTK_LABEL (self->status), TRUE);
  gtk_box_append (GTK_BOX (line), self->spinner);
  gtk_box_append (GTK_BOX (line), self->status);
  gtk_box_append (GTK_BOX (box), line);
  return box;
}

GtkWidget *
dh_recording_dialog_new (GtkWindow *parent, DhSession *session, const char *path)
{
  DhRecordingDialog *self = g_object_new (DH_TYPE_RECORDING_DIALOG, "title", _ ("Open a recording"), "modal", TRUE,
                                          "transient-for", parent, NULL);
  dh_ui_set_window_size (GTK_WIDGET (self), 560, -1);
  self->session = g_object_ref (session);
  self->looking = g_cancellable_new ();
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  GtkWidget *bar = dh_form_window_bar (GTK_WINDOW (self), _ ("Write images"), G_CALLBACK (on_write), &self->write);
  gtk_box_append (GTK_BOX (box), bar);
  gtk_box_append (GTK_BOX (box), make_content (self));
  adw_window_set_content (ADW_WINDOW (self), box);
  gtk_window_set_default_widget (GTK_WINDOW (self), self->write);
  gtk_widget_set_sensitive (self->write, FALSE);
  g_autofree char *name = g_filename_display_basename (path);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->recording_row), name);
  dh_ui_close_on_escape (GTK_WIDGET (self));
  g_signal_connect_object (session, "frames", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  dh_session_look_at_recording (session, path, self->looking, looked, g_object_ref (self));
  return GTK_WIDGET (self);
}
