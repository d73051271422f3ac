#include "dh-import-bar.h"
#include "dh-session-import.h"

#define TICK_MS 150

struct _DhImportBar
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *label, *bar, *stop;
  guint tick;
};

G_DEFINE_FINAL_TYPE (DhImportBar, dh_import_bar, GTK_TYPE_WIDGET)

static gboolean
show_progress (gpointer data)
{
  DhImportBar *self = data;
  DhImportProgress progress;
  if (!dh_session_get_import_progress (self->session, &progress))
    return G_SOURCE_CONTINUE;
  g_autofree char *text =
      progress.total == 0 ? g_strdup_printf (_ ("%s: looking for the images’ maps…"), progress.method)
      : progress.measuring
          ? g_strdup_printf (ngettext ("%s: %u of %u image measured", "%s: %u of %u images measured", progress.total),
                             progress.method, progress.done, progress.total)
          : g_strdup_printf (_ ("%s: reading the scores, %u of %u"), progress.method, progress.done, progress.total);
  gtk_label_set_label (GTK_LABEL (self->label), text);
  if (progress.total > 0)
    gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->bar), (double)progress.done / progress.total);
  else
    gtk_progress_bar_pulse (GTK_PROGRESS_BAR (self->bar));
  return G_SOURCE_CONTINUE;
}

static void
on_import (DhImportBar *self)
{
  DhImportProgress progress;
  const gboolean importing = dh_session_get_import_progress (self->session, &progress);
  gtk_widget_set_visible (GTK_WIDGET (self), importing);
  gtk_widget_set_sensitive (self->stop, TRUE);
  if (importing && self->tick == 0)
    {
      gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->bar), 0);
      self->tick = g_timeout_add (TICK_MS, show_progress, self);
      show_progress (self);
    }
  else if (!importing)
    g_clear_handle_id (&self->tick, g_source_remove);
}

static void
on_stop (DhImportBar *self)
{
  dh_session_cancel_import (self->session);
  gtk_widget_set_sensitive (self->stop, FALSE);
}

static void
dh_import_bar_dispose (GObject *object)
{
  DhImportBar *self = DH_IMPORT_BAR (object);
  g_clear_handle_id (&self->tick, g_source_remove);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_import_bar_parent_class)->dispose (object);
}

static void
dh_import_bar_class_init (DhImportBarClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_import_bar_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_import_bar_init (DhImportBar *self)
{
}

GtkWidget *
dh_import_bar_new (DhSession *session)
{
  DhImportBar *self = g_object_new (DH_TYPE_IMPORT_BAR, NULL);
  self->session = g_object_ref (session);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 12, NULL);
  self->label = dh_ui_short_label (NULL, "dh-num", 0);
  self->bar = gtk_progress_bar_new ();
  gtk_widget_set_valign (self->bar, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (self->bar, TRUE);
  dh_ui_set_name (self->bar, _ ("Progress of the run"));
  self->stop = gtk_button_new_with_label (_ ("Stop"));
  gtk_widget_set_tooltip_text (self->stop, _ ("What is measured stays; the same again goes on there"));
  g_signal_connect_swapped (self->stop, "clicked", G_CALLBACK (on_stop), self);
  gtk_box_append (GTK_BOX (box), self->label);
  gtk_box_append (GTK_BOX (box), self->bar);
  gtk_box_append (GTK_BOX (box), self->stop);
  gtk_widget_set_parent (box, GTK_WIDGET (self));
  g_signal_connect_object (session, "import", G_CALLBACK (on_import), self, G_CONNECT_SWAPPED);
  on_import (self);
  return GTK_WIDGET (self);
}
