#include "dh-run-removal-dialog.h"
#include <inttypes.h>
#include "dh-run-removal.h"

/* Borrowed of the items; `all`: else those alone that can go now. */
static GPtrArray *
list_runs (DhSession *session, GPtrArray *items, gboolean all)
{
  GPtrArray *runs = g_ptr_array_new ();
  for (guint i = 0; i < items->len; i++)
    {
      const DhRun *run = dh_run_item_get (items->pdata[i]);
      if (all || dh_session_refuse_removal (session, run) == NULL)
        g_ptr_array_add (runs, (gpointer)run);
    }
  return runs;
}

static void
on_answer (AdwMessageDialog *dialog, const char *answer, DhSession *session)
{
  if (g_str_equal (answer, "keep") || g_str_equal (answer, "close"))
    return;
  /* One may have been begun again meanwhile. */
  g_autoptr (GPtrArray) runs = list_runs (session, g_object_get_data (G_OBJECT (dialog), "items"), FALSE);
  if (runs->len > 0)
    dh_session_remove_runs (session, (const DhRun *const *)runs->pdata, runs->len, g_str_equal (answer, "maps"));
}

static void
ask_of_one (AdwMessageDialog *message, const DhRun *run, gboolean can)
{
  g_autofree char *folder = g_filename_display_name (run->folder != NULL ? run->folder : "");
  adw_message_dialog_format_heading (message, _ ("Remove run %" PRId64 "?"), run->id);
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
}

static void
ask_of_several (AdwMessageDialog *message, guint n, gboolean can)
{
  adw_message_dialog_format_heading (message, ngettext ("Remove %u run?", "Remove %u runs?", n), n);
  adw_message_dialog_set_body (
      message, can ? _ ("They leave the list, with their numbers. Their maps can stay where they are, or go to the "
                        "trash, but for those that another run has, too, or that lie in a folder of yours.")
                   : _ ("They leave the list, with their numbers. Maps stay where they are."));
}

void
dh_run_removal_dialog_show (GtkWindow *parent, DhSession *session, GPtrArray *items)
{
  g_autoptr (GPtrArray) runs = list_runs (session, items, TRUE);
  const gboolean can = dh_session_can_remove_maps (session, (const DhRun *const *)runs->pdata, runs->len);
  GtkWidget *dialog = adw_message_dialog_new (parent, NULL, NULL);
  AdwMessageDialog *message = ADW_MESSAGE_DIALOG (dialog);
  if (runs->len == 1)
    ask_of_one (message, runs->pdata[0], can);
  else
    ask_of_several (message, runs->len, can);
  adw_message_dialog_add_responses (message, "keep", _ ("_Keep"), "list", _ ("_Remove from the list"), NULL);
  if (can)
    adw_message_dialog_add_response (message, "maps", _ ("_Maps to the trash"));
  adw_message_dialog_set_response_appearance (message, can ? "maps" : "list", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (message, "keep");
  adw_message_dialog_set_close_response (message, "keep");
  dh_widget_drop_hyphens (dialog);
  g_object_set_data_full (G_OBJECT (dialog), "items", items, (GDestroyNotify)g_ptr_array_unref);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_answer), session, 0);
  dh_ui_focus_default (dialog);
  gtk_window_present (GTK_WINDOW (dialog));
}
