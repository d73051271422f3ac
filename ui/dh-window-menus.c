#include "dh-window-private.h"

/* Those that are there, and the one that is wanted. */
void
dh_window_list_devices (DhWindow *self)
{
  const DhDeviceChoice *choice;
  const char *wanted = dh_session_get_device (self->session);
  gboolean is_listed = g_str_equal (wanted, "auto");
  g_menu_remove_all (self->devices);
  g_menu_append (self->devices, _ ("The fastest there is"), "win.device::auto");
  for (guint i = 0; (choice = dh_session_get_device_choice (self->session, i)) != NULL; i++)
    {
      g_autofree char *action = g_strconcat ("win.device::", choice->name, NULL);
      g_autofree char *label = choice->checks
                                   ? g_strdup_printf (_ ("%s: plain C, slow, to check the others"), choice->name)
                                   : g_strdup_printf ("%s: %s", choice->name, choice->title);
      dh_ui_menu_append_name (self->devices, label, action);
      is_listed = is_listed || g_str_equal (choice->name, wanted);
    }
  if (!is_listed && dh_session_get_device_choice (self->session, 0) != NULL)
    {
      g_autofree char *action = g_strconcat ("win.device::", wanted, NULL);
      g_autofree char *label = g_strdup_printf (_ ("%s: cannot be used"), wanted);
      dh_ui_menu_append_name (self->devices, label, action);
    }
  dh_window_set_state (self, "device", wanted);
}

static gboolean
is_item (GMenuModel *menu, guint position, const char *label)
{
  g_autofree char *shown = NULL;
  return g_menu_model_get_item_attribute (menu, (int)position, G_MENU_ATTRIBUTE_LABEL, "s", &shown)
         && g_str_equal (shown, label);
}

/* Those that the device has. While they are the same, an open menu stays as it is. */
void
dh_window_update_precisions (DhWindow *self)
{
  g_autofree const char **names = dh_session_list_precisions (self->session);
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);
  GMenu *menu = self->precisions;
  const guint n = g_strv_length ((char **)names);
  gboolean same = (guint)g_menu_model_get_n_items (G_MENU_MODEL (menu)) == n;
  for (guint i = 0; i < n; i++)
    {
      char *label = dh_session_dup_precision_title (self->session, names[i]);
      g_ptr_array_add (labels, label);
      same = same && is_item (G_MENU_MODEL (menu), i, label);
    }
  if (same)
    return;
  g_menu_remove_all (menu);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *action = g_strconcat ("win.precision::", names[i], NULL);
      g_menu_append (menu, labels->pdata[i], action);
    }
}

GMenuModel *
dh_window_new_open_menu (DhWindow *self)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenuModel) sets = dh_window_make_sets_menu (self);
  dh_ui_menu_section (menu, NULL, _ ("_Data set…"), "win.open-dataset", _ ("_Images…"), "win.open-pictures",
                      _ ("_Recording…"), "win.open-recording", _ ("_Weights…"), "win.open-weights", _ ("_Saved view…"),
                      "win.open-view", NULL);
  g_menu_append_section (menu, _ ("Opened lately"), sets);
  dh_ui_menu_section (menu, NULL, _ ("D_emo"), "win.open-demo", NULL);
  return G_MENU_MODEL (menu);
}

GMenuModel *
dh_window_new_main_menu (DhWindow *self)
{
  GMenu *menu = g_menu_new ();
  dh_ui_menu_section (menu, NULL, _ ("_Evaluate the data set"), "win.evaluate", _ ("Export a _report…"),
                      "win.export::html", _ ("Export as _video…"), "win.export-video", _ ("_Copy as command"),
                      "win.copy-command", NULL);
  dh_ui_menu_section (menu, NULL, _ ("_Save this view…"), "win.save-view", _ ("_Open a saved view…"), "win.open-view",
                      NULL);
  g_autoptr (GMenu) compute = g_menu_new ();
  g_menu_append_submenu (compute, _ ("_Device"), G_MENU_MODEL (self->devices));
  g_menu_append_submenu (compute, _ ("_Precision"), G_MENU_MODEL (self->precisions));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (compute));
  dh_ui_menu_section (menu, NULL, _ ("C_lear the cache of maps"), "win.clear-cache", NULL);
  dh_ui_menu_section (menu, NULL, _ ("_Keys"), "win.shortcuts", _ ("_About DenseHybrid Studio"), "win.about", NULL);
  return G_MENU_MODEL (menu);
}
