#include "dh-check-window.h"
#include "dh-session-evaluation.h"
#include "dh-session-finds.h"
#include "dh-session-marks.h"
#include "dh-session-recording.h"
#include "dh-view-file.h"
#include "dh-weights-filter.h"
#include "dh-weights-window.h"
#include "dh-window-private.h"

typedef void (*Chosen) (DhWindow *window, GListModel *files);

typedef struct
{
  DhWindow *window;
  Chosen chosen;
} Choosing;

static void
on_response (GtkNativeDialog *dialog, int response, gpointer data)
{
  Choosing *choosing = data;
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GListModel) files = gtk_file_chooser_get_files (GTK_FILE_CHOOSER (dialog));
      choosing->chosen (choosing->window, files);
    }
  g_object_unref (choosing->window);
  g_free (choosing);
  g_object_unref (dialog);
}

static GtkFileChooser *
choose (DhWindow *self, const char *title, GtkFileChooserAction action, const char *accept, Chosen chosen)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (title, GTK_WINDOW (self), action, accept, NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  Choosing *choosing = g_new (Choosing, 1);
  *choosing = (Choosing){ g_object_ref (self), chosen };
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), choosing);
  return GTK_FILE_CHOOSER (dialog);
}

static char *
first_path (GListModel *files)
{
  g_autoptr (GFile) file = g_list_model_get_item (files, 0);
  return file != NULL ? g_file_get_path (file) : NULL;
}

static void
dataset_chosen (DhWindow *self, GListModel *files)
{
  g_autofree char *path = first_path (files);
  if (path == NULL)
    return;
  dh_session_open_dataset (self->session, path);
  dh_window_show_opened (self);
}

static void
weights_chosen (DhWindow *self, GListModel *files)
{
  g_autofree char *path = first_path (files);
  if (path != NULL)
    dh_session_open_weights (self->session, path);
}

static void
pictures_chosen (DhWindow *self, GListModel *files)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);
      g_autofree char *path = g_file_get_path (file);
      if (path != NULL)
        g_strv_builder_add (builder, path);
    }
  g_auto (GStrv) paths = g_strv_builder_end (builder);
  if (paths[0] == NULL)
    return;
  dh_session_open_pictures (self->session, (const char *const *)paths);
  dh_window_show_opened (self);
}

void
dh_window_choose_dataset (DhWindow *self)
{
  GtkFileChooser *chooser =
      choose (self, _ ("Open a data set"), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("Open"), dataset_chosen);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
dh_window_choose_pictures (DhWindow *self)
{
  GtkFileChooser *chooser = choose (self, _ ("Open images"), GTK_FILE_CHOOSER_ACTION_OPEN, _ ("Open"), pictures_chosen);
  gtk_file_chooser_set_select_multiple (chooser, TRUE);
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  gtk_file_filter_set_name (filter, _ ("Images: PNG, JPEG, WebP, TIFF, BMP"));
  static const char *const suffixes[] = { "png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp" };
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    gtk_file_filter_add_suffix (filter, suffixes[i]);
  gtk_file_chooser_add_filter (chooser, filter);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
recording_chosen (DhWindow *self, GListModel *files)
{
  g_autofree char *path = first_path (files);
  if (path != NULL)
    g_signal_emit_by_name (self->session, "recording", path);
}

void
dh_window_choose_recording (DhWindow *self)
{
  GtkFileChooser *chooser =
      choose (self, _ ("Open a recording"), GTK_FILE_CHOOSER_ACTION_OPEN, _ ("Open"), recording_chosen);
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new (), all = gtk_file_filter_new ();
  gtk_file_filter_set_name (filter, _ ("Recordings"));
  gtk_file_filter_add_mime_type (filter, "video/*");
  gtk_file_chooser_add_filter (chooser, filter);
  gtk_file_filter_set_name (all, _ ("All files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (chooser, all);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
dh_window_choose_weights (DhWindow *self)
{
  GtkFileChooser *chooser =
      choose (self, _ ("Choose weights"), GTK_FILE_CHOOSER_ACTION_OPEN, _ ("Load"), weights_chosen);
  dh_weights_filter_add (chooser);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
add_view_filter (GtkFileChooser *chooser)
{
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  gtk_file_filter_set_name (filter, _ ("Saved views"));
  gtk_file_filter_add_suffix (filter, DH_VIEW_FILE_SUFFIX);
  gtk_file_chooser_add_filter (chooser, filter);
}

static void
saved_view_chosen (DhWindow *self, GListModel *files)
{
  g_autofree char *path = first_path (files);
  g_autoptr (GError) error = NULL;
  if (path != NULL && !dh_view_file_save (self->session, path, &error))
    g_signal_emit_by_name (self->session, "error", _ ("The view could not be saved"), error->message);
  else if (path != NULL)
    dh_ui_say_saved (self->session, path);
}

void
dh_window_save_view (DhWindow *self)
{
  GtkFileChooser *chooser =
      choose (self, _ ("Save this view"), GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Save"), saved_view_chosen);
  gtk_file_chooser_set_current_name (chooser, "view." DH_VIEW_FILE_SUFFIX);
  add_view_filter (chooser);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
view_chosen (DhWindow *self, GListModel *files)
{
  g_autofree char *path = first_path (files);
  if (path == NULL)
    return;
  dh_view_file_show (self->session, path);
  dh_window_show_opened (self);
}

void
dh_window_open_view (DhWindow *self)
{
  GtkFileChooser *chooser =
      choose (self, _ ("Open a saved view"), GTK_FILE_CHOOSER_ACTION_OPEN, _ ("Open"), view_chosen);
  add_view_filter (chooser);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
tags_chosen (DhWindow *self, GListModel *files)
{
  g_autofree char *path = first_path (files);
  if (path != NULL)
    dh_session_add_tags_of_table (self->session, path);
}

void
dh_window_choose_tags (DhWindow *self)
{
  GtkFileChooser *chooser =
      choose (self, _ ("A table of images and their tags (CSV)"), GTK_FILE_CHOOSER_ACTION_OPEN, _ ("Add"), tags_chosen);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
report_chosen (DhWindow *self, GListModel *files)
{
  g_autofree char *path = first_path (files);
  if (path != NULL)
    dh_session_export_report (self->session, path);
}

void
dh_window_choose_report (DhWindow *self, const char *format)
{
  const DhEvaluationSummary *summary = dh_session_get_evaluation (self->session);
  if (summary == NULL)
    {
      g_signal_emit_by_name (self->session, "message", _ ("Evaluate the data set first: Ctrl+E"));
      return;
    }
  GtkFileChooser *chooser =
      choose (self, _ ("Export a report"), GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Export"), report_chosen);
  g_autofree char *name =
      g_strdup_printf ("run-%" G_GINT64_FORMAT ".%s", summary->run, g_str_equal (format, "latex") ? "tex" : format);
  gtk_file_chooser_set_current_name (chooser, name);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
video_chosen (DhWindow *self, GListModel *files)
{
  g_autofree char *path = first_path (files);
  if (path != NULL && dh_session_can_export_video (self->session) && !dh_session_export_video (self->session, path))
    g_signal_emit_by_name (self->session, "message", _ ("Another video or recording is being written; one at a time"));
}

void
dh_window_choose_video (DhWindow *self)
{
  if (!dh_session_can_export_video (self->session))
    {
      g_signal_emit_by_name (self->session, "message", _ ("Evaluate the data set first: Ctrl+E"));
      return;
    }
  GtkFileChooser *chooser =
      choose (self, _ ("Export as a video"), GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Export"), video_chosen);
  gtk_file_chooser_set_current_name (chooser, "video.mp4");
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
finds_chosen (DhWindow *self, GListModel *files)
{
  g_autofree char *path = first_path (files);
  if (path != NULL && dh_session_can_export_finds (self->session) && !dh_session_export_finds (self->session, path))
    g_signal_emit_by_name (self->session, "message", _ ("Another video or recording is being written; one at a time"));
}

void
dh_window_choose_finds (DhWindow *self)
{
  if (!dh_session_can_export_finds (self->session))
    {
      g_signal_emit_by_name (self->session, "message", _ ("Evaluate the data set first: Ctrl+E"));
      return;
    }
  GtkFileChooser *chooser = choose (self, _ ("Export the finds into a folder"), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER,
                                    _ ("Export"), finds_chosen);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

void
dh_window_show_about (DhWindow *self)
{
  static const char *const formulas[] = { "s(x) = −ln p̂(x) + ln P(d_out | x)", NULL };
  GtkWidget *about = adw_about_window_new ();
  g_object_set (about, "application-name", "DenseHybrid Studio", "application-icon", "org.densehybrid.Studio",
                "version", dh_session_get_program_version (), "license-type", GTK_LICENSE_APACHE_2_0, "comments",
                _ ("Dense anomaly detection and open-set segmentation of street scenes: maps, thresholds, metrics."),
                "modal", TRUE, "transient-for", self, NULL);
  adw_about_window_add_acknowledgement_section (ADW_ABOUT_WINDOW (about), _ ("The hybrid score"),
                                                (const char **)formulas);
  gtk_window_present (GTK_WINDOW (about));
}

void
dh_window_show_weights (DhWindow *self)
{
  if (dh_session_get_model_info (self->session) != NULL)
    gtk_window_present (GTK_WINDOW (dh_weights_window_new (self->session, GTK_WINDOW (self))));
}

void
dh_window_show_notes (DhWindow *self)
{
  if (dh_session_has_dataset (self->session))
    gtk_window_present (GTK_WINDOW (dh_check_window_new (self->session, GTK_WINDOW (self))));
}
