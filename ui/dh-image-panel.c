#include "dh-image-panel.h"
#include <string.h>
#include "dh-image-row.h"
#include "dh-picture-list.h"
#include "dh-play-bar.h"
#include "dh-reading-menu.h"
#include "dh-set-seen.h"
#include "dh-tag-menu.h"

struct _DhImagePanel
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *title, *subtitle, *filter, *tags, *order, *shown, *list_view, *footer, *stack, *nothing;
  GtkSingleSelection *selection;
  guint footer_timeout;
  gboolean selecting;
};

G_DEFINE_FINAL_TYPE (DhImagePanel, dh_image_panel, GTK_TYPE_WIDGET)

static void
show_title (DhImagePanel *self)
{
  const char *title = dh_session_get_dataset_title (self->session);
  guint n = dh_image_list_get_size (dh_session_get_list (self->session));
  const char *path = dh_session_get_dataset_path (self->session);
  g_autofree char *base = path != NULL ? g_path_get_basename (path) : NULL;
  g_autofree char *count = g_strdup_printf (ngettext ("%u image", "%u images", n), n);
  g_autofree char *part = dh_session_dup_opened_part (self->session);
  g_autofree char *set = base != NULL ? g_filename_display_name (base) : NULL;
  g_autofree char *worse = dh_session_dup_seen (self->session);
  g_autofree char *what = part != NULL  ? g_strdup_printf ("%s · %s · %s", part, count, set)
                          : set != NULL ? g_strdup_printf ("%s · %s", set, count)
                                        : g_strdup (count);
  /* The title says it as well, at its end, for which a narrow panel has no room. */
  g_autofree char *subtitle = worse != NULL ? g_strdup_printf ("%s · %s", worse, what) : g_strdup (what);
  gtk_label_set_label (GTK_LABEL (self->title), title != NULL ? title : _ ("No data set"));
  gtk_label_set_label (GTK_LABEL (self->subtitle), subtitle);
  gtk_widget_set_tooltip_text (self->title, path != NULL ? path : title);
  /* Copied: the entry tells of a moment without text, which the view would keep in its place. */
  g_autofree char *kept = g_strdup (dh_view_get_string (dh_session_get_view (self->session), "image-filter"));
  if (!g_str_equal (gtk_editable_get_text (GTK_EDITABLE (self->filter)), kept))
    gtk_editable_set_text (GTK_EDITABLE (self->filter), kept);
}

static void
show_order (DhImagePanel *self)
{
  DhImageList *list = dh_session_get_list (self->session);
  DhSort sort = dh_image_list_get_sort (list);
  const char *direction = dh_image_list_get_worst_first (list) ? _ ("worst first") : _ ("best first");
  g_autofree char *order =
      sort == DH_SORT_NAME ? g_strdup (_ ("By name")) : g_strdup_printf ("%s, %s", dh_sort_title (sort), direction);
  g_autofree char *shown =
      g_strdup_printf (_ ("%u of %u"), dh_image_list_get_shown (list), dh_image_list_get_size (list));
  gtk_label_set_label (GTK_LABEL (self->order), order);
  gtk_label_set_label (GTK_LABEL (self->shown), shown);
}

/* Why the list is empty, and the way out. */
static void
show_nothing (DhImagePanel *self)
{
  DhImageList *list = dh_session_get_list (self->session);
  const gboolean empty = dh_image_list_get_shown (list) == 0 && dh_image_list_get_size (list) > 0;
  const char *filter = gtk_editable_get_text (GTK_EDITABLE (self->filter));
  const gboolean unknown = strpbrk (filter, "<>") != NULL && dh_session_get_set_stats (self->session) == NULL;
  gtk_label_set_label (GTK_LABEL (self->nothing),
                       unknown ? _ ("Numbers are known once the data set is evaluated (Ctrl+E). Esc ends the filter.")
                               : _ ("No image matches. Esc ends the filter."));
  gtk_stack_set_visible_child (GTK_STACK (self->stack),
                               empty ? self->nothing : gtk_widget_get_first_child (self->stack));
}

static gboolean
show_footer (gpointer data)
{
  DhImagePanel *self = data;
  self->footer_timeout = 0;
  DhImageList *list = dh_session_get_list (self->session);
  guint cached = dh_image_list_count_state (list, DH_ITEM_CACHED);
  guint to_go = dh_image_list_count_state (list, DH_ITEM_QUEUED) + dh_image_list_count_state (list, DH_ITEM_COMPUTING);
  guint failed = dh_image_list_count_state (list, DH_ITEM_FAILED);
  const char *red = adw_style_manager_get_dark (adw_style_manager_get_default ()) ? "#ff7b72" : "#c01c28";
  g_autofree char *rest = to_go > 0 ? g_strdup_printf (_ ("%u computed · %u to go"), cached, to_go)
                                    : g_strdup_printf (_ ("%u computed"), cached);
  /* First, because the end is cut off where it is long. */
  g_autofree char *text = failed > 0
                              ? g_strdup_printf (_ ("<span foreground=\"%s\">%u failed</span> · %s"), red, failed, rest)
                              : g_strdup (rest);
  gtk_label_set_markup (GTK_LABEL (self->footer), text);
  return G_SOURCE_REMOVE;
}

static void
footer_soon (DhImagePanel *self)
{
  if (self->footer_timeout == 0)
    self->footer_timeout = g_timeout_add (150, show_footer, self);
}

static void
select_current (DhImagePanel *self, gboolean scroll)
{
  DhImageItem *item = dh_session_get_current (self->session);
  gint position = item != NULL ? dh_image_list_position (dh_session_get_list (self->session), item) : -1;
  self->selecting = TRUE;
  gtk_single_selection_set_selected (self->selection, position >= 0 ? (guint)position : GTK_INVALID_LIST_POSITION);
  self->selecting = FALSE;
  if (position >= 0 && scroll)
    dh_picture_list_show (self->list_view, (guint)position);
}

static void
on_current (DhSession *session, GParamSpec *spec, DhImagePanel *self)
{
  select_current (self, TRUE);
  footer_soon (self);
}

static void
on_frame (DhSession *session, GParamSpec *spec, DhImagePanel *self)
{
  footer_soon (self);
}

static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, DhImagePanel *self)
{
  select_current (self, TRUE);
  show_order (self);
  show_nothing (self);
  footer_soon (self);
}

static void
on_dataset (DhSession *session, GParamSpec *spec, DhImagePanel *self)
{
  show_title (self);
  show_order (self);
}

static void
on_selected (GtkSingleSelection *selection, GParamSpec *spec, DhImagePanel *self)
{
  if (self->selecting)
    return;
  gpointer object = gtk_single_selection_get_selected_item (selection);
  if (DH_IS_IMAGE_ITEM (object))
    dh_session_set_current (self->session, object);
  else
    select_current (self, FALSE);
}

static void
on_filter (GtkSearchEntry *entry, DhImagePanel *self)
{
  g_object_set (dh_session_get_view (self->session), "image-filter", gtk_editable_get_text (GTK_EDITABLE (entry)),
                NULL);
  show_order (self);
  show_nothing (self);
}

/* Out of the field by keys: Escape shows all again, Enter and Down go on to what was found. */
static void
on_stop (GtkSearchEntry *entry, DhImagePanel *self)
{
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  on_filter (entry, self);
  dh_image_panel_focus_list (self);
}

static void
on_activate (GtkSearchEntry *entry, DhImagePanel *self)
{
  DhImageList *list = dh_session_get_list (self->session);
  on_filter (entry, self);
  if (dh_image_list_get_shown (list) == 0)
    return;
  DhImageItem *current = dh_session_get_current (self->session);
  if (current == NULL || dh_image_list_position (list, current) < 0)
    dh_session_set_current (self->session, dh_image_list_step (list, NULL, 1));
  dh_image_panel_focus_list (self);
}

/* Of itself the list stops at the name of a group, which cannot be chosen. */
static gboolean
on_list_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, DhImagePanel *self)
{
  if ((state & gtk_accelerator_get_default_mod_mask ()) != 0
      || (key != GDK_KEY_Down && key != GDK_KEY_Up && key != GDK_KEY_Home))
    return FALSE;
  DhImageList *list = dh_session_get_list (self->session);
  DhImageItem *current = dh_session_get_current (self->session);
  if (dh_image_list_get_shown (list) == 0)
    return FALSE;
  if (key == GDK_KEY_Home || current == NULL || dh_image_list_position (list, current) < 0)
    dh_session_set_current (self->session, dh_image_list_step (list, NULL, 1));
  else if (!dh_session_step (self->session, key == GDK_KEY_Up ? -1 : 1))
    gtk_widget_error_bell (self->list_view);
  select_current (self, TRUE);
  return TRUE;
}

static gboolean
on_filter_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, DhImagePanel *self)
{
  if (key != GDK_KEY_Down)
    return FALSE;
  on_activate (GTK_SEARCH_ENTRY (self->filter), self);
  return TRUE;
}

static void
setup_row (GtkSignalListItemFactory *factory, GtkListItem *row, DhImagePanel *self)
{
  gtk_list_item_set_child (row, dh_image_row_new (self->session));
}

static void
bind_row (GtkSignalListItemFactory *factory, GtkListItem *row, DhImagePanel *self)
{
  GObject *object = gtk_list_item_get_item (row);
  gboolean group = DH_IS_IMAGE_GROUP (object);
  GtkWidget *child = gtk_list_item_get_child (row);
  gtk_list_item_set_selectable (row, !group);
  gtk_list_item_set_activatable (row, !group);
  dh_image_row_set_object (DH_IMAGE_ROW (child), object);
  GtkWidget *parent = gtk_widget_get_parent (child);
  if (parent != NULL && group)
    gtk_widget_add_css_class (parent, "dh-grouprow");
  else if (parent != NULL)
    gtk_widget_remove_css_class (parent, "dh-grouprow");
}

static void
unbind_row (GtkSignalListItemFactory *factory, GtkListItem *row, DhImagePanel *self)
{
  dh_image_row_set_object (DH_IMAGE_ROW (gtk_list_item_get_child (row)), NULL);
}

static GMenuModel *
make_sort_menu (void)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) sorts = g_menu_new ();
  for (guint i = 0; i < DH_N_SORTS; i++)
    {
      g_autofree char *action = g_strconcat ("view.image-order::", dh_sort_id (i), NULL);
      g_menu_append (sorts, dh_sort_title (i), action);
    }
  g_menu_append_section (menu, _ ("Sort by"), G_MENU_MODEL (sorts));
  dh_ui_menu_section (menu, NULL, _ ("_Worst first"), "view.worst-first", NULL);
  dh_ui_menu_section (menu, NULL, _ ("_Group by scene"), "view.grouped", NULL);
  return G_MENU_MODEL (menu);
}

static GMenuModel *
make_set_menu (DhImagePanel *self)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenuModel) readings = dh_reading_menu_new (self->session, GTK_WIDGET (self));
  g_menu_append_section (menu, NULL, readings);
  dh_ui_menu_section (menu, NULL, _ ("_Open a data set…"), "win.open-dataset", _ ("Open _images…"), "win.open-pictures",
                      _ ("Open the _demo"), "win.open-demo", _ ("_Read it again"), "win.reread", NULL);
  dh_ui_menu_section (menu, NULL, _ ("Chec_k this data set…"), "win.dataset-notes", _ ("Add _tags of a table…"),
                      "win.add-tags", _ ("_Evaluate"), "win.evaluate", _ ("Draw _masks"), "win.label", NULL);
  return G_MENU_MODEL (menu);
}

void
dh_image_panel_focus_list (DhImagePanel *self)
{
  const guint selected = gtk_single_selection_get_selected (self->selection);
  dh_picture_list_focus (self->list_view, selected != GTK_INVALID_LIST_POSITION ? selected : 0);
}

void
dh_image_panel_set_filter (DhImagePanel *self, const char *text)
{
  gtk_editable_set_text (GTK_EDITABLE (self->filter), text);
  on_filter (GTK_SEARCH_ENTRY (self->filter), self);
}

void
dh_image_panel_open_tags (DhImagePanel *self)
{
  dh_tag_menu_open (self->tags);
}

void
dh_image_panel_focus_filter (DhImagePanel *self)
{
  gtk_widget_grab_focus (self->filter);
}

static void
dh_image_panel_dispose (GObject *object)
{
  DhImagePanel *self = DH_IMAGE_PANEL (object);
  g_clear_handle_id (&self->footer_timeout, g_source_remove);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->selection);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_image_panel_parent_class)->dispose (object);
}

static void
dh_image_panel_class_init (DhImagePanelClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_image_panel_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BOX_LAYOUT);
}

static void
dh_image_panel_init (DhImagePanel *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (GTK_WIDGET (self))),
                                  GTK_ORIENTATION_VERTICAL);
  dh_ui_add_classes (GTK_WIDGET (self), "dh-panel left");
  gtk_widget_set_size_request (GTK_WIDGET (self), 236, -1);
}

static void
build (DhImagePanel *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkWidget *band = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "dh-band");
  g_autoptr (GMenuModel) set_menu = make_set_menu (self);
  gtk_box_append (GTK_BOX (band),
                  dh_ui_context_button ("folder-symbolic", _ ("Data set"), set_menu, &self->title, &self->subtitle));
  gtk_widget_set_parent (band, widget);

  GtkWidget *tools = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_widget_set_margin_top (tools, 6);
  gtk_widget_set_margin_start (tools, 6);
  gtk_widget_set_margin_end (tools, 6);
  self->filter = gtk_search_entry_new ();
  g_object_set (self->filter, "placeholder-text", _ ("Filter images"), NULL);
  dh_ui_set_name (self->filter, _ ("Filter images"));
  gtk_widget_set_tooltip_text (
      self->filter,
      _ ("Words of name, scene, tag or note, or: ap<90, fpr95>10, anomalies>0, missed>0, false>0, scene:…, tag:…, "
         "is:failed, is:marked"));
  gtk_editable_set_width_chars (GTK_EDITABLE (self->filter), 8);
  gtk_widget_set_hexpand (self->filter, TRUE);
  dh_ui_add_classes (self->filter, "dh-dense");
  gtk_box_append (GTK_BOX (tools), self->filter);
  self->tags = dh_tag_menu_new (self->session);
  gtk_box_append (GTK_BOX (tools), self->tags);
  g_autoptr (GMenuModel) sort_menu = make_sort_menu ();
  gtk_box_append (GTK_BOX (tools),
                  dh_ui_menu_button ("view-sort-descending-symbolic", _ ("Sort and group"), sort_menu, "dh-sqbtn"));
  gtk_widget_set_parent (tools, widget);

  GtkWidget *head = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_widget_set_margin_start (head, 12);
  gtk_widget_set_margin_end (head, 12);
  gtk_widget_set_margin_top (head, 3);
  self->order = dh_ui_short_label (NULL, "dh-small dim-label", 0);
  gtk_widget_set_hexpand (self->order, TRUE);
  self->shown = dh_ui_label (NULL, "dh-small dim-label dh-num", 1);
  gtk_box_append (GTK_BOX (head), self->order);
  gtk_box_append (GTK_BOX (head), self->shown);
  gtk_widget_set_parent (head, widget);

  GListModel *model = G_LIST_MODEL (dh_session_get_list (self->session));
  self->selection = dh_picture_selection_new (model);
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), self);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row), self);
  self->stack = gtk_stack_new ();
  gtk_stack_add_child (GTK_STACK (self->stack),
                       dh_picture_list_new (self->selection, factory, _ ("Images"), &self->list_view));
  self->nothing = dh_ui_label (NULL, "dh-small dim-label", 0);
  gtk_label_set_wrap (GTK_LABEL (self->nothing), TRUE);
  gtk_widget_set_valign (self->nothing, GTK_ALIGN_START);
  gtk_widget_set_margin_start (self->nothing, 12);
  gtk_widget_set_margin_end (self->nothing, 12);
  gtk_widget_set_margin_top (self->nothing, 6);
  gtk_stack_add_child (GTK_STACK (self->stack), self->nothing);
  gtk_widget_set_parent (self->stack, widget);

  self->footer = dh_ui_short_label (NULL, "dh-small dim-label dh-num", 0);
  gtk_widget_set_hexpand (self->footer, TRUE);
  GtkWidget *foot = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_widget_set_margin_start (foot, 12);
  gtk_widget_set_margin_end (foot, 6);
  gtk_box_append (GTK_BOX (foot), self->footer);
  gtk_box_append (GTK_BOX (foot), dh_play_bar_new (self->session));
  gtk_widget_set_parent (foot, widget);
}

GtkWidget *
dh_image_panel_new (DhSession *session)
{
  DhImagePanel *self = g_object_new (DH_TYPE_IMAGE_PANEL, NULL);
  self->session = g_object_ref (session);
  build (self);
  DhImageList *list = dh_session_get_list (session);
  DhView *view = dh_session_get_view (session);
  g_signal_connect_object (view, "notify::image-order", G_CALLBACK (show_order), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (view, "notify::worst-first", G_CALLBACK (show_order), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect (self->filter, "search-changed", G_CALLBACK (on_filter), self);
  g_signal_connect (self->filter, "stop-search", G_CALLBACK (on_stop), self);
  g_signal_connect (self->filter, "activate", G_CALLBACK (on_activate), self);
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_filter_key), self);
  gtk_widget_add_controller (self->filter, keys);
  GtkEventController *list_keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (list_keys, GTK_PHASE_CAPTURE);
  g_signal_connect (list_keys, "key-pressed", G_CALLBACK (on_list_key), self);
  gtk_widget_add_controller (self->list_view, list_keys);
  g_signal_connect (self->selection, "notify::selected", G_CALLBACK (on_selected), self);
  g_signal_connect_object (list, "items-changed", G_CALLBACK (on_items_changed), self, G_CONNECT_AFTER);
  g_signal_connect_object (session, "notify::current", G_CALLBACK (on_current), self, 0);
  g_signal_connect_object (session, "notify::frame", G_CALLBACK (on_frame), self, 0);
  g_signal_connect_object (session, "evaluation", G_CALLBACK (footer_soon), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "states", G_CALLBACK (footer_soon), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::dataset-title", G_CALLBACK (on_dataset), self, 0);
  show_title (self);
  show_order (self);
  footer_soon (self);
  return GTK_WIDGET (self);
}
