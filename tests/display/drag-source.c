/* A window that files can be dragged out of: drag-source PATH…. Prints "shown" once it is there. */
#include <gtk/gtk.h>
#include <stdio.h>

static GdkContentProvider *
prepare (GtkDragSource *source, double x, double y, gpointer data)
{
  GSList *files = NULL;
  for (char **path = data; *path; path++)
    files = g_slist_append (files, g_file_new_for_path (*path));
  GdkFileList *list = gdk_file_list_new_from_list (files);
  g_slist_free_full (files, g_object_unref);
  GdkContentProvider *provider = gdk_content_provider_new_typed (GDK_TYPE_FILE_LIST, list);
  g_boxed_free (GDK_TYPE_FILE_LIST, list);
  return provider;
}

static void
on_map (GtkWidget *window, gpointer data)
{
  puts ("shown");
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  gtk_init ();
  GtkWidget *window = gtk_window_new (), *label = gtk_label_new ("drag");
  gtk_window_set_title (GTK_WINDOW (window), "drag source");
  gtk_window_set_default_size (GTK_WINDOW (window), 200, 200);
  gtk_window_set_child (GTK_WINDOW (window), label);
  GtkDragSource *source = gtk_drag_source_new ();
  gtk_drag_source_set_actions (source, GDK_ACTION_COPY);
  g_signal_connect (source, "prepare", G_CALLBACK (prepare), argv + 1);
  gtk_widget_add_controller (label, GTK_EVENT_CONTROLLER (source));
  g_signal_connect (window, "map", G_CALLBACK (on_map), NULL);
  gtk_window_present (GTK_WINDOW (window));
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}
