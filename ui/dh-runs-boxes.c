#include "dh-runs-boxes.h"
#include "dh-row-slots.h"
#include "dh-runs-columns.h"

static void
on_box (GtkCheckButton *box, GtkListItem *cell)
{
  GtkSelectionModel *selection = g_object_get_data (G_OBJECT (box), "selection");
  const guint position = gtk_list_item_get_position (cell);
  const gboolean on = gtk_check_button_get_active (box);
  if (position == GTK_INVALID_LIST_POSITION || gtk_selection_model_is_selected (selection, position) == on)
    return;
  if (on)
    gtk_selection_model_select_item (selection, position, FALSE);
  else
    gtk_selection_model_unselect_item (selection, position);
}

static void
show_box (GtkListItem *cell)
{
  GtkWidget *box = gtk_list_item_get_child (cell);
  if (box != NULL)
    gtk_check_button_set_active (GTK_CHECK_BUTTON (box), gtk_list_item_get_selected (cell));
}

static void
setup_box (GtkSignalListItemFactory *factory, GtkListItem *cell, GtkSelectionModel *selection)
{
  GtkWidget *box = gtk_check_button_new ();
  gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
  g_object_set_data_full (G_OBJECT (box), "selection", g_object_ref (selection), g_object_unref);
  gtk_list_item_set_selectable (cell, FALSE);
  gtk_list_item_set_child (cell, box);
  g_signal_connect_object (box, "toggled", G_CALLBACK (on_box), cell, 0);
  g_signal_connect (cell, "notify::selected", G_CALLBACK (show_box), NULL);
}

static void
name_box (GtkListItem *cell)
{
  DhRowSlot *slot = gtk_list_item_get_item (cell);
  const DhRun *run = dh_run_item_get (dh_row_slot_get_item (slot));
  g_autofree char *id = dh_runs_column_dup_id (run), *name = g_strdup_printf (_ ("Choose run %s"), id);
  dh_ui_set_name (gtk_list_item_get_child (cell), name);
}

static void
bind_box (GtkSignalListItemFactory *factory, GtkListItem *cell, GtkSelectionModel *selection)
{
  g_signal_connect_swapped (gtk_list_item_get_item (cell), "filled", G_CALLBACK (name_box), cell);
  name_box (cell);
  show_box (cell);
}

static void
unbind_box (GtkSignalListItemFactory *factory, GtkListItem *cell, GtkSelectionModel *selection)
{
  g_signal_handlers_disconnect_by_func (gtk_list_item_get_item (cell), name_box, cell);
}

GtkColumnViewColumn *
dh_runs_boxes_new (GtkSelectionModel *selection)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect_object (factory, "setup", G_CALLBACK (setup_box), selection, 0);
  g_signal_connect_object (factory, "bind", G_CALLBACK (bind_box), selection, 0);
  g_signal_connect_object (factory, "unbind", G_CALLBACK (unbind_box), selection, 0);
  GtkColumnViewColumn *column = gtk_column_view_column_new (NULL, factory);
  gtk_column_view_column_set_fixed_width (column, 36);
  return column;
}
