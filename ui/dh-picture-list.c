#include "dh-picture-list.h"

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, GtkWidget *list)
{
  if ((state & gtk_accelerator_get_default_mod_mask ()) != 0)
    return FALSE;
  if (key == GDK_KEY_space)
    return gtk_widget_activate_action (list, "win.single", NULL);
  if (key != GDK_KEY_Left && key != GDK_KEY_Right)
    return FALSE;
  return gtk_widget_activate_action (list, "win.step", "i", key == GDK_KEY_Left ? -1 : 1);
}

GtkSingleSelection *
dh_picture_selection_new (GListModel *model)
{
  GtkSingleSelection *selection = gtk_single_selection_new (NULL);
  gtk_single_selection_set_autoselect (selection, FALSE);
  gtk_single_selection_set_can_unselect (selection, TRUE);
  gtk_single_selection_set_model (selection, model);
  return selection;
}

GtkWidget *
dh_picture_list_new (GtkSingleSelection *selection, GtkListItemFactory *factory, const char *name, GtkWidget **list)
{
  *list = gtk_list_view_new (GTK_SELECTION_MODEL (g_object_ref (selection)), factory);
  dh_ui_tab_leaves (*list);
  dh_ui_add_classes (*list, "dh-list");
  dh_ui_set_name (*list, name);
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), *list);
  gtk_widget_add_controller (*list, keys);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), *list);
  gtk_widget_set_vexpand (scroller, TRUE);
  return scroller;
}
