#include "dh-import-dialog.h"
#include "dh-recording-dialog.h"
#include "dh-window-private.h"

/* Whatever can be opened, dropped anywhere onto the window. */

static void
show_mark (DhWindow *self, gboolean shown)
{
  gtk_widget_set_visible (self->drop_mark, shown);
}

static gboolean
on_drop (GtkDropTarget *target, const GValue *value, double x, double y, DhWindow *self)
{
  show_mark (self, FALSE); /* a drop is no leaving */
  GSList *files = gdk_file_list_get_files (g_value_get_boxed (value));
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (GSList *link = files; link != NULL; link = link->next)
    {
      g_autofree char *path = g_file_get_path (link->data);
      if (path != NULL)
        g_strv_builder_add (builder, path);
    }
  g_slist_free (files);
  g_auto (GStrv) paths = g_strv_builder_end (builder);
  if (paths[0] == NULL)
    {
      g_signal_emit_by_name (self->session, "message", _ ("Only files of this computer can be opened"));
      return FALSE;
    }
  dh_session_open_any (self->session, (const char *const *)paths);
  dh_window_show_opened (self);
  return TRUE;
}

static GdkDragAction
on_enter (GtkDropTarget *target, double x, double y, DhWindow *self)
{
  show_mark (self, TRUE);
  return GDK_ACTION_COPY;
}

static void
on_leave (GtkDropTarget *target, DhWindow *self)
{
  show_mark (self, FALSE);
}

/* Of what was opened, these are asked about first. */
static void
on_scores (DhSession *session, const char *folder, DhWindow *self)
{
  gtk_window_present (GTK_WINDOW (dh_import_dialog_new (GTK_WINDOW (self), session, folder)));
}

static void
on_recording (DhSession *session, const char *path, DhWindow *self)
{
  gtk_window_present (GTK_WINDOW (dh_recording_dialog_new (GTK_WINDOW (self), session, path)));
}

static GtkWidget *
make_mark (void)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 6, "dh-drop");
  GtkWidget *icon = gtk_image_new_from_icon_name ("folder-open-symbolic");
  gtk_image_set_pixel_size (GTK_IMAGE (icon), 48);
  GtkWidget *title = dh_ui_label (_ ("Drop to open"), "title-2", 0.5);
  GtkWidget *text = dh_ui_label (
      _ ("Images, a folder, a recording, weights, a saved view, or the score maps of another method"), NULL, 0.5);
  gtk_label_set_wrap (GTK_LABEL (text), TRUE);
  gtk_label_set_justify (GTK_LABEL (text), GTK_JUSTIFY_CENTER);
  GtkWidget *inner = dh_ui_box (GTK_ORIENTATION_VERTICAL, 9, NULL);
  gtk_widget_set_valign (inner, GTK_ALIGN_CENTER);
  gtk_widget_set_vexpand (inner, TRUE);
  GtkWidget *const parts[] = { icon, title, text };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    gtk_box_append (GTK_BOX (inner), parts[i]);
  gtk_box_append (GTK_BOX (box), inner);
  gtk_widget_set_can_target (box, FALSE);
  gtk_widget_set_visible (box, FALSE);
  return box;
}

GtkWidget *
dh_window_add_drop (DhWindow *self, GtkWidget *content)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  g_signal_connect (target, "drop", G_CALLBACK (on_drop), self);
  g_signal_connect (target, "enter", G_CALLBACK (on_enter), self);
  g_signal_connect (target, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
  g_signal_connect_object (self->session, "scores", G_CALLBACK (on_scores), self, 0);
  g_signal_connect_object (self->session, "recording", G_CALLBACK (on_recording), self, 0);
  self->drop_mark = make_mark ();
  GtkWidget *over = gtk_overlay_new ();
  gtk_overlay_set_child (GTK_OVERLAY (over), content);
  gtk_overlay_add_overlay (GTK_OVERLAY (over), self->drop_mark);
  return over;
}
