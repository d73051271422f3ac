#include "dh-session-files.h"
#include "dh-window-private.h"

/* The files of what is shown: looked at or mended in other programs, and read again. */

static void
open_file (DhWindow *self, char *path)
{
  g_autofree char *own = path;
  if (path != NULL)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.open-path", "s", path);
}

static void
copy_file (DhWindow *self, char *path)
{
  g_autofree char *own = path, *text = path != NULL ? g_filename_display_name (path) : NULL;
  if (text == NULL)
    return;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
  g_autofree char *told = g_strdup_printf (_ ("Copied: %s"), text);
  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (self->toasts), dh_ui_toast_new (told));
}

static void
open_image_file (GSimpleAction *action, GVariant *value, gpointer data)
{
  open_file (data, dh_session_dup_image_file (DH_WINDOW (data)->session));
}

static void
open_label_file (GSimpleAction *action, GVariant *value, gpointer data)
{
  open_file (data, dh_session_dup_label_file (DH_WINDOW (data)->session));
}

static void
copy_image_file (GSimpleAction *action, GVariant *value, gpointer data)
{
  copy_file (data, dh_session_dup_image_file (DH_WINDOW (data)->session));
}

static void
copy_label_file (GSimpleAction *action, GVariant *value, gpointer data)
{
  copy_file (data, dh_session_dup_label_file (DH_WINDOW (data)->session));
}

static void
reread (GSimpleAction *action, GVariant *value, gpointer data)
{
  dh_session_reread (DH_WINDOW (data)->session);
}

static void
enable (DhWindow *self, const char *name, gboolean enabled)
{
  g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self), name)), enabled);
}

static void
update (DhWindow *self)
{
  g_autofree char *image = dh_session_dup_image_file (self->session);
  g_autofree char *label = dh_session_dup_label_file (self->session);
  enable (self, "open-image-file", image != NULL);
  enable (self, "copy-image-file", image != NULL);
  enable (self, "open-label-file", label != NULL);
  enable (self, "copy-label-file", label != NULL);
  enable (self, "reread", dh_session_can_reread (self->session));
}

void
dh_window_add_files (DhWindow *self)
{
  static const GActionEntry entries[] = { { "open-image-file", open_image_file, NULL, NULL, NULL },
                                          { "open-label-file", open_label_file, NULL, NULL, NULL },
                                          { "copy-image-file", copy_image_file, NULL, NULL, NULL },
                                          { "copy-label-file", copy_label_file, NULL, NULL, NULL },
                                          { "reread", reread, NULL, NULL, NULL } };
  static const char *const signals[] = { "notify::current", "notify::dataset-title" };
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (self->session, signals[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}
