#include "dh-csv-menu.h"
#include <string.h>

typedef struct
{
  GtkWidget *button; /* owns this */
  DhSession *session;
  DhCsvMake make;
  gpointer data;
} CsvMenu;

static void
csv_menu_free (gpointer data)
{
  CsvMenu *self = data;
  g_object_unref (self->session);
  g_free (self);
}

static void
file_chosen (GtkNativeDialog *dialog, int response, GtkWidget *button)
{
  const CsvMenu *self = g_object_get_data (G_OBJECT (button), "csv-menu");
  const char *csv = g_object_get_data (G_OBJECT (dialog), "csv");
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_autoptr (GError) error = NULL;
      if (!g_file_replace_contents (file, csv, strlen (csv), NULL, FALSE, G_FILE_CREATE_NONE, NULL, NULL, &error))
        g_signal_emit_by_name (self->session, "error", _ ("The table could not be saved"), error->message);
      else if (g_file_peek_path (file) != NULL)
        dh_ui_say_saved (self->session, g_file_peek_path (file));
    }
  g_object_unref (dialog);
}

/* What is saved is what was shown when it was asked for. */
static void
save (GSimpleAction *action, GVariant *value, gpointer data)
{
  CsvMenu *self = data;
  const char *name = "table";
  char *csv = self->make (&name, self->data);
  g_autofree char *file = g_strconcat (name, ".csv", NULL);
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (self->button));
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Save the table"), window, GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Save"), NULL);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), file);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_object_set_data_full (G_OBJECT (dialog), "csv", csv, g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (file_chosen), self->button, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
copy (GSimpleAction *action, GVariant *value, gpointer data)
{
  CsvMenu *self = data;
  const char *name = NULL;
  g_autofree char *csv = self->make (&name, self->data);
  gdk_clipboard_set_text (gtk_widget_get_clipboard (self->button), csv);
  g_signal_emit_by_name (self->session, "message", _ ("The table is in the clipboard"));
}

GtkWidget *
dh_csv_menu_new (DhSession *session, DhCsvMake make, gpointer data)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  dh_ui_menu_section (menu, _ ("Table"), _ ("_Copy as CSV"), "csv.copy", _ ("_Save as CSV…"), "csv.save", NULL);
  CsvMenu *self = g_new0 (CsvMenu, 1);
  self->button =
      dh_ui_menu_button ("view-more-symbolic", _ ("This table as CSV"), G_MENU_MODEL (menu), "flat dh-iconbtn");
  self->session = g_object_ref (session);
  self->make = make;
  self->data = data;
  g_autoptr (GSimpleActionGroup) actions = g_simple_action_group_new ();
  const GActionEntry entries[] = { { "save", save, NULL, NULL, NULL }, { "copy", copy, NULL, NULL, NULL } };
  g_action_map_add_action_entries (G_ACTION_MAP (actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (self->button, "csv", G_ACTION_GROUP (actions));
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  g_object_set_data_full (G_OBJECT (self->button), "csv-menu", self, csv_menu_free);
  return self->button;
}
