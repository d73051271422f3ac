#include "dh-window-private.h"

/* A report or maps were written: a toast from which they can be looked at, by whatever the desktop has for them. */

static gboolean
has_handler (const char *path)
{
  g_autofree char *type = g_file_test (path, G_FILE_TEST_IS_DIR) ? g_strdup ("inode/directory")
                                                                 : g_content_type_guess (path, NULL, 0, NULL);
  g_autoptr (GAppInfo) info = g_app_info_get_default_for_type (type, FALSE);
  return info != NULL;
}

static void
shown (GObject *source, GAsyncResult *result, gpointer data)
{
  DhWindow *self = DH_WINDOW (source);
  g_autofree char *path = data;
  g_autoptr (GError) error = NULL;
  if (gtk_show_uri_full_finish (GTK_WINDOW (self), result, &error)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_autofree char *text = g_strdup_printf (_ ("%s: %s"), path, error->message);
  g_signal_emit_by_name (self->session, "error", _ ("It could not be opened"), text);
}

static void
open_path (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhWindow *self = data;
  const char *path = g_variant_get_string (value, NULL);
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  if (uri != NULL)
    gtk_show_uri_full (GTK_WINDOW (self), uri, GDK_CURRENT_TIME, NULL, shown, g_strdup (path));
}

static void
copy_path (GSimpleAction *action, GVariant *value, gpointer data)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (data), g_variant_get_string (value, NULL));
}

static void
on_written (DhSession *session, const char *text, const char *path, DhWindow *self)
{
  AdwToast *toast = dh_ui_toast_new (text);
  g_autofree char *folder = g_path_get_dirname (path);
  const gboolean can_open = has_handler (path), can_show = !can_open && has_handler (folder);
  adw_toast_set_timeout (toast, 10);
  /* Without a program for it, the way to it is of use. */
  adw_toast_set_button_label (toast, can_open ? _ ("Open") : can_show ? _ ("Open its folder") : _ ("Copy its path"));
  adw_toast_set_action_name (toast, can_open || can_show ? "win.open-path" : "win.copy-path");
  adw_toast_set_action_target (toast, "s", can_show ? folder : path);
  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (self->toasts), toast);
}

void
dh_window_add_written (DhWindow *self)
{
  static const GActionEntry entries[] = { { "open-path", open_path, "s", NULL, NULL },
                                          { "copy-path", copy_path, "s", NULL, NULL } };
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  g_signal_connect_object (self->session, "written", G_CALLBACK (on_written), self, 0);
}
