#include "dh-picture-list.h"
#include "dh-focus.h"

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

#define ROW_KEY "dh-list-item"

static void
on_bind (GtkSignalListItemFactory *factory, GtkListItem *row)
{
  g_object_set_data (G_OBJECT (gtk_list_item_get_child (row)), ROW_KEY, row);
}

static void
on_unbind (GtkSignalListItemFactory *factory, GtkListItem *row)
{
  g_object_set_data (G_OBJECT (gtk_list_item_get_child (row)), ROW_KEY, NULL);
}

static GtkWidget *
find_row (GtkWidget *list, guint position)
{
  for (GtkWidget *row = gtk_widget_get_first_child (list); row != NULL; row = gtk_widget_get_next_sibling (row))
    {
      GtkWidget *child = gtk_widget_get_first_child (row);
      GtkListItem *item = child != NULL ? g_object_get_data (G_OBJECT (child), ROW_KEY) : NULL;
      if (item != NULL && gtk_list_item_get_position (item) == position)
        return row;
    }
  return NULL;
}

/* GTK before 4.12 has no other way to say from which row keys go on: of itself a list goes on from where the focus was
 * last, whatever was chosen since. */
void
dh_picture_list_focus (GtkWidget *list, guint position)
{
  gtk_widget_activate_action (list, "list.scroll-to-item", "u", position);
  GtkWidget *row = find_row (list, position);
  if (row == NULL || !gtk_widget_grab_focus (row))
    gtk_widget_grab_focus (list);
}

void
dh_picture_list_show (GtkWidget *list, guint position)
{
  if (gtk_widget_get_state_flags (list) & GTK_STATE_FLAG_FOCUS_WITHIN)
    dh_picture_list_focus (list, position);
  else
    gtk_widget_activate_action (list, "list.scroll-to-item", "u", position);
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
  g_signal_connect (factory, "bind", G_CALLBACK (on_bind), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (on_unbind), NULL);
  *list = gtk_list_view_new (GTK_SELECTION_MODEL (g_object_ref (selection)), factory);
  dh_focus_tab_leaves (*list);
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
