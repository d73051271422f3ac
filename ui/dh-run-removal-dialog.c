#include "dh-run-removal-dialog.h"
#include "dh-run-removal.h"

static void
on_answer (AdwMessageDialog *dialog, const char *answer, DhSession *session)
{
  const DhRun *run = dh_run_item_get (g_object_get_data (G_OBJECT (dialog), "item"));
  /* It may have begun to be shown meanwhile. */
  if (!g_str_equal (answer, "keep") && !g_str_equal (answer, "close")
      && dh_session_refuse_removal (session, run) == NULL)
    dh_session_remove_run (session, run, g_str_equal (answer, "maps"));
}

void
dh_run_removal_dialog_show (GtkWindow *parent, DhSession *session, DhRunItem *item)
{
  const DhRun *run = dh_run_item_get (item);
  const gboolean can = dh_session_can_remove_maps (session, run);
  GtkWidget *dialog = adw_message_dialog_new (parent, NULL, NULL);
  AdwMessageDialog *message = ADW_MESSAGE_DIALOG (dialog);
  g_autofree char *folder = g_filename_display_name (run->folder != NULL ? run->folder : "");
  adw_message_dialog_format_heading (message, _ ("Remove run %" G_GINT64_FORMAT "?"), run->id);
  if (can)
    adw_message_dialog_format_body (message,
                                    _ ("It leaves the list, with its numbers. Its maps lie in %s: they can stay there, "
                                       "or go to the trash."),
                                    folder);
  else
    adw_message_dialog_set_body (message, run->has_maps
                                              ? _ ("It leaves the list, with its numbers. Its maps stay where they "
                                                   "are: another run has them, too, or they lie in a folder of yours.")
                                              : _ ("It leaves the list, with its numbers."));
  adw_message_dialog_add_responses (message, "keep", _ ("_Keep"), "list", _ ("_Remove from the list"), NULL);
  if (can)
    adw_message_dialog_add_response (message, "maps", _ ("_Maps to the trash"));
  adw_message_dialog_set_response_appearance (message, can ? "maps" : "list", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (message, "keep");
  adw_message_dialog_set_close_response (message, "keep");
  dh_widget_drop_hyphens (dialog);
  g_object_set_data_full (G_OBJECT (dialog), "item", g_object_ref (item), g_object_unref);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_answer), session, 0);
  dh_ui_focus_default (dialog);
  gtk_window_present (GTK_WINDOW (dialog));
}
