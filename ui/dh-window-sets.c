#include "dh-window-private.h"

/* The data sets that were opened: the last ones in the menu of "Open", all of them in a list from which they can be
 * opened again and taken off. */

#define IN_MENU 5

static DhKnownSets *
sets_of (DhWindow *self)
{
  return dh_session_get_known_sets (self->session);
}

static void
fill_menu (DhWindow *self)
{
  GListModel *sets = G_LIST_MODEL (sets_of (self));
  const guint n = g_list_model_get_n_items (sets);
  g_menu_remove_all (self->sets_menu);
  for (guint i = 0; i < MIN (n, IN_MENU); i++)
    {
      g_autoptr (DhKnownSet) set = g_list_model_get_item (sets, i);
      g_autofree char *name = dh_known_set_dup_name (set);
      g_autofree char *label = dh_ui_dup_menu_name (name);
      g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);
      g_menu_item_set_action_and_target_value (item, "win.open-known",
                                               g_variant_new_bytestring (dh_known_set_get_path (set)));
      g_menu_append_item (self->sets_menu, item);
    }
  if (n > 0)
    g_menu_append (self->sets_menu, _ ("_All data sets…"), "win.known-sets");
}

static void
open_known (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhWindow *self = data;
  dh_session_open_dataset (self->session, g_variant_get_bytestring (value));
  dh_window_show_opened (self);
}

/* The list of all */

typedef struct
{
  DhWindow *window;
  GtkWidget *dialog, *list, *toasts, *stack;
} Dialog;

static void
show_empty (Dialog *self)
{
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (sets_of (self->window)));
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), n > 0 ? "list" : "none");
}

static void
show_empty_of (GtkWidget *dialog)
{
  show_empty (g_object_get_data (G_OBJECT (dialog), "sets"));
}

static void
undo (GSimpleAction *action, GVariant *value, gpointer data)
{
  Dialog *self = data;
  dh_known_sets_put_back (sets_of (self->window), g_variant_get_uint32 (value));
}

static void
remove_set (GSimpleAction *action, GVariant *value, gpointer data)
{
  Dialog *self = data;
  guint id;
  g_autoptr (DhKnownSet) set = dh_known_sets_remove (sets_of (self->window), g_variant_get_bytestring (value), &id);
  if (set == NULL)
    return;
  g_autofree char *name = dh_known_set_dup_name (set);
  g_autofree char *text = g_strdup_printf (_ ("%s is off the list"), name);
  AdwToast *toast = dh_ui_toast_new (text);
  adw_toast_set_button_label (toast, _ ("Undo"));
  /* Each toast undoes its own, and the last one does not wait behind those before it. */
  adw_toast_set_action_name (toast, "sets.undo");
  adw_toast_set_action_target (toast, "u", id);
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  adw_toast_set_timeout (toast, 10);
  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (self->toasts), toast);
}

static void
open_set (GSimpleAction *action, GVariant *value, gpointer data)
{
  Dialog *self = data;
  gtk_widget_activate_action_variant (GTK_WIDGET (self->window), "win.open-known", value);
  gtk_window_close (GTK_WINDOW (self->dialog));
}

static void
looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) row = data;
  g_autoptr (GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, NULL);
  if (info != NULL && g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    return;
  g_autofree char *path = g_file_get_path (G_FILE (source)), *shown = g_filename_display_name (path);
  g_autofree char *text = g_strdup_printf (_ ("%s is not there now"), shown);
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped);
  gtk_widget_add_css_class (row, "dh-gone");
}

static GtkWidget *
make_button (const char *icon, const char *text, const char *action, GVariant *path)
{
  GtkWidget *button = dh_ui_icon_button (icon, text, NULL, "flat");
  gtk_actionable_set_action_target_value (GTK_ACTIONABLE (button), path);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  return button;
}

static GtkWidget *
make_row (gpointer item, gpointer data)
{
  DhKnownSet *set = item;
  const char *path = dh_known_set_get_path (set);
  const guint n = dh_known_set_get_n_images (set);
  g_autofree char *shown = g_filename_display_name (path);
  g_autofree char *count = g_strdup_printf (ngettext ("%u image", "%u images", n), n);
  g_autofree char *part = dh_known_set_dup_part (set);
  g_autofree char *subtitle =
      part != NULL ? g_strdup_printf ("%s · %s · %s", part, count, shown) : g_strdup_printf ("%s · %s", count, shown);
  g_autofree char *title = g_markup_escape_text (dh_known_set_get_title (set), -1);
  g_autofree char *escaped = g_markup_escape_text (subtitle, -1);
  GtkWidget *row = adw_action_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 2);
  dh_widget_drop_hyphens (row);
  g_autoptr (GVariant) target = g_variant_ref_sink (g_variant_new_bytestring (path));
  GtkWidget *open = make_button ("dh-browse-symbolic", _ ("Open it"), "sets.open", target);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), open);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row),
                             make_button ("user-trash-symbolic", _ ("Take it off this list"), "sets.remove", target));
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), open);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_file_query_info_async (file, G_FILE_ATTRIBUTE_STANDARD_TYPE, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, NULL,
                           looked, g_object_ref (row));
  return row;
}

static GtkWidget *
make_list (Dialog *self)
{
  GtkWidget *page = adw_preferences_page_new (), *group = adw_preferences_group_new ();
  adw_preferences_group_set_description (
      ADW_PREFERENCES_GROUP (group),
      _ ("What is taken off this list stays on the disk, and its runs and their numbers stay under Runs."));
  self->list = gtk_list_box_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (self->list), GTK_SELECTION_NONE);
  dh_ui_set_name (self->list, _ ("Data sets"));
  dh_ui_add_classes (self->list, "boxed-list");
  gtk_list_box_bind_model (GTK_LIST_BOX (self->list), G_LIST_MODEL (sets_of (self->window)), make_row, self, NULL);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), self->list);
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (group));
  return page;
}

static void
show_sets (GSimpleAction *action, GVariant *value, gpointer data)
{
  Dialog *self = g_new0 (Dialog, 1);
  self->window = data;
  self->dialog = adw_window_new ();
  g_object_set (self->dialog, "title", _ ("Data sets"), "modal", TRUE, "transient-for", self->window, NULL);
  dh_ui_set_window_size (self->dialog, 640, 520);
  g_object_set_data_full (G_OBJECT (self->dialog), "sets", self, g_free);
  g_autoptr (GSimpleActionGroup) actions = g_simple_action_group_new ();
  const GActionEntry entries[] = { { "open", open_set, "ay", NULL, NULL },
                                   { "remove", remove_set, "ay", NULL, NULL },
                                   { "undo", undo, "u", NULL, NULL } };
  g_action_map_add_action_entries (G_ACTION_MAP (actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (self->dialog, "sets", G_ACTION_GROUP (actions));
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), make_list (self), "list");
  GtkWidget *none = adw_status_page_new ();
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (none), "folder-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (none), _ ("No data sets in the list"));
  gtk_stack_add_named (GTK_STACK (self->stack), none, "none");
  self->toasts = adw_toast_overlay_new ();
  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (self->toasts), self->stack);
  gtk_widget_set_vexpand (self->toasts, TRUE);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_box_append (GTK_BOX (box), adw_header_bar_new ());
  gtk_box_append (GTK_BOX (box), self->toasts);
  adw_window_set_content (ADW_WINDOW (self->dialog), box);
  dh_ui_close_on_escape (self->dialog);
  g_signal_connect_object (sets_of (self->window), "items-changed", G_CALLBACK (show_empty_of), self->dialog,
                           G_CONNECT_SWAPPED);
  show_empty (self);
  gtk_window_present (GTK_WINDOW (self->dialog));
}

GMenuModel *
dh_window_make_sets_menu (DhWindow *self)
{
  static const GActionEntry entries[] = { { "open-known", open_known, "ay", NULL, NULL },
                                          { "known-sets", show_sets, NULL, NULL, NULL } };
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  self->sets_menu = g_menu_new ();
  g_signal_connect_object (sets_of (self), "items-changed", G_CALLBACK (fill_menu), self, G_CONNECT_SWAPPED);
  fill_menu (self);
  return G_MENU_MODEL (self->sets_menu);
}
