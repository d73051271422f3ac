#include "dh-focus.h"
#include <glib/gi18n.h>
#include "dh-widgets.h"

static graphene_point_t
centre_of (GtkWidget *widget)
{
  graphene_rect_t bounds;
  graphene_point_t centre = { 0, 0 };
  if (gtk_widget_compute_bounds (widget, gtk_widget_get_parent (widget), &bounds))
    graphene_rect_get_center (&bounds, &centre);
  return centre;
}

/* As GTK sorts what Tab goes through. */
static int
compare_places (gconstpointer a, gconstpointer b)
{
  GtkWidget *first = *(GtkWidget *const *)a, *second = *(GtkWidget *const *)b;
  const graphene_point_t p = centre_of (first), q = centre_of (second);
  if (p.y != q.y)
    return p.y < q.y ? -1 : 1;
  const int before = (p.x > q.x) - (p.x < q.x);
  return gtk_widget_get_direction (first) == GTK_TEXT_DIR_RTL ? -before : before;
}

static GPtrArray *
sorted_children (GtkWidget *parent)
{
  GPtrArray *children = g_ptr_array_new ();
  for (GtkWidget *child = gtk_widget_get_first_child (parent); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_get_mapped (child) && !GTK_IS_NATIVE (child))
      g_ptr_array_add (children, child);
  g_ptr_array_sort (children, compare_places);
  return children;
}

static gboolean
focus_beside (GtkWidget *widget, gboolean forward)
{
  for (GtkWidget *at = widget; at != NULL && !GTK_IS_NATIVE (at); at = gtk_widget_get_parent (at))
    {
      g_autoptr (GPtrArray) beside = sorted_children (gtk_widget_get_parent (at));
      guint i;
      if (!g_ptr_array_find (beside, at, &i))
        continue;
      /* Before the first there is none: the index then is beyond the last. */
      while ((i = forward ? i + 1 : i - 1) < beside->len)
        if (gtk_widget_child_focus (beside->pdata[i], forward ? GTK_DIR_TAB_FORWARD : GTK_DIR_TAB_BACKWARD))
          return TRUE;
    }
  return FALSE;
}

static gboolean
on_tab (GtkEventControllerKey *key, guint keyval, guint keycode, GdkModifierType state, GtkWidget *list)
{
  if ((keyval != GDK_KEY_Tab && keyval != GDK_KEY_ISO_Left_Tab) || (state & GDK_CONTROL_MASK) != 0)
    return FALSE;
  const gboolean forward = keyval == GDK_KEY_Tab && (state & GDK_SHIFT_MASK) == 0;
  /* At the end of the window it begins again. */
  if (!focus_beside (list, forward))
    {
      GtkWidget *root = GTK_WIDGET (gtk_widget_get_root (list));
      gtk_root_set_focus (GTK_ROOT (root), NULL);
      gtk_widget_child_focus (root, forward ? GTK_DIR_TAB_FORWARD : GTK_DIR_TAB_BACKWARD);
    }
  return TRUE;
}

void
dh_focus_tab_leaves (GtkWidget *list)
{
  GtkEventController *key = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (key, GTK_PHASE_CAPTURE);
  g_signal_connect (key, "key-pressed", G_CALLBACK (on_tab), list);
  gtk_widget_add_controller (list, key);
}

static GtkWidget *
find_sort_mark (GtkWidget *title)
{
  for (GtkWidget *child = gtk_widget_get_first_child (gtk_widget_get_first_child (title)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (g_str_equal (gtk_widget_get_css_name (child), "sort-indicator"))
      return child;
  return NULL;
}

static gboolean
is_title (GtkWidget *widget)
{
  return widget != NULL && g_str_equal (G_OBJECT_TYPE_NAME (widget), "GtkColumnViewTitle");
}

static void
sort_by (GtkColumnView *view, GtkWidget *title)
{
  guint index = 0;
  for (GtkWidget *before = title; (before = gtk_widget_get_prev_sibling (before)) != NULL; index++)
    ;
  g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (gtk_column_view_get_columns (view), index);
  if (column == NULL || gtk_column_view_column_get_sorter (column) == NULL)
    return;
  GtkWidget *mark = find_sort_mark (title);
  const gboolean ascends = mark != NULL && gtk_widget_has_css_class (mark, "ascending");
  gtk_column_view_sort_by_column (view, column, ascends ? GTK_SORT_DESCENDING : GTK_SORT_ASCENDING);
}

static void
speak_title (GtkWidget *title)
{
  GtkWidget *mark = find_sort_mark (title);
  g_autofree char *text = dh_focus_dup_content (title), *sorted = NULL;
  if (mark != NULL && gtk_widget_has_css_class (mark, "ascending"))
    sorted = g_strdup_printf (_ ("%s, sorted ascending"), text);
  else if (mark != NULL && gtk_widget_has_css_class (mark, "descending"))
    sorted = g_strdup_printf (_ ("%s, sorted descending"), text);
  /* Not as what stands in it, which is read for the rows. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (title), GTK_ACCESSIBLE_PROPERTY_LABEL, sorted != NULL ? sorted : text,
                                  -1);
}

static void
allow_titles (GListModel *columns, guint position, guint removed, guint added, GtkWidget *view)
{
  GtkWidget *title = gtk_widget_get_first_child (gtk_widget_get_first_child (view));
  for (guint i = 0; title != NULL; title = gtk_widget_get_next_sibling (title), i++)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (columns, i);
      gtk_widget_set_focusable (title, column != NULL && gtk_column_view_column_get_title (column) != NULL);
      speak_title (title);
    }
}

/* To the row that had the focus; GTK 4.18 finds none behind a title, and then to the one that is selected, or the first
 * that is there. */
static gboolean
focus_rows (GtkWidget *rows)
{
  GtkWidget *chosen = NULL;
  if (gtk_widget_child_focus (rows, GTK_DIR_TAB_FORWARD))
    return TRUE;
  for (GtkWidget *row = gtk_widget_get_first_child (rows); row != NULL; row = gtk_widget_get_next_sibling (row))
    if (gtk_widget_get_mapped (row)
        && (chosen == NULL || (gtk_widget_get_state_flags (row) & GTK_STATE_FLAG_SELECTED) != 0))
      chosen = row;
  return chosen != NULL && gtk_widget_grab_focus (chosen);
}

static gboolean
on_table_key (GtkEventControllerKey *key, guint keyval, guint keycode, GdkModifierType state, GtkWidget *view)
{
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (view));
  GtkWidget *titles = gtk_widget_get_first_child (view), *rows = gtk_widget_get_next_sibling (titles);
  const gboolean on_titles = is_title (focus);
  if (on_titles && (keyval == GDK_KEY_Return || keyval == GDK_KEY_KP_Enter || keyval == GDK_KEY_space))
    {
      sort_by (GTK_COLUMN_VIEW (view), focus);
      speak_title (focus);
      return TRUE;
    }
  if (on_titles && (keyval == GDK_KEY_Left || keyval == GDK_KEY_Right))
    {
      gtk_widget_child_focus (titles, keyval == GDK_KEY_Left ? GTK_DIR_LEFT : GTK_DIR_RIGHT);
      return TRUE;
    }
  if (on_titles && keyval == GDK_KEY_Down)
    return focus_rows (rows);
  if ((keyval != GDK_KEY_Tab && keyval != GDK_KEY_ISO_Left_Tab) || (state & GDK_CONTROL_MASK) != 0)
    return FALSE;
  const gboolean forward = keyval == GDK_KEY_Tab && (state & GDK_SHIFT_MASK) == 0;
  if (on_titles && forward && focus_rows (rows))
    return TRUE;
  if (!on_titles && !forward && gtk_widget_child_focus (titles, GTK_DIR_TAB_FORWARD))
    return TRUE;
  return on_tab (key, keyval, keycode, state, view);
}

void
dh_focus_add_table (GtkWidget *view)
{
  GtkEventController *key = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (key, GTK_PHASE_CAPTURE);
  g_signal_connect (key, "key-pressed", G_CALLBACK (on_table_key), view);
  gtk_widget_add_controller (view, key);
  GtkWidget *titles = gtk_widget_get_first_child (view);
  gtk_widget_set_can_focus (titles, TRUE);
  gtk_widget_set_focusable (titles, FALSE);
  GListModel *columns = gtk_column_view_get_columns (GTK_COLUMN_VIEW (view));
  g_signal_connect_object (columns, "items-changed", G_CALLBACK (allow_titles), view, G_CONNECT_AFTER);
  allow_titles (columns, 0, 0, 0, view);
}

#define REGION "dh-region"
#define WATCHED "dh-watched"

void
dh_focus_add_region (GtkWidget *widget)
{
  g_object_set_data (G_OBJECT (widget), REGION, widget);
}

static void
find_regions (GtkWidget *widget, GPtrArray *regions)
{
  g_autoptr (GPtrArray) children = sorted_children (widget);
  for (guint i = 0; i < children->len; i++)
    if (g_object_get_data (children->pdata[i], REGION) != NULL)
      g_ptr_array_add (regions, children->pdata[i]);
    else
      find_regions (children->pdata[i], regions);
}

gboolean
dh_focus_step_region (GtkWindow *window, int step)
{
  g_autoptr (GPtrArray) regions = g_ptr_array_new ();
  find_regions (GTK_WIDGET (window), regions);
  GtkWidget *focus = gtk_window_get_focus (window);
  int at = step > 0 ? -1 : 0;
  for (guint i = 0; i < regions->len; i++)
    if (focus != NULL && (focus == regions->pdata[i] || gtk_widget_is_ancestor (focus, regions->pdata[i])))
      at = (int)i;
  const int n = (int)regions->len;
  for (int tried = 1; tried <= n; tried++)
    {
      GtkWidget *region = regions->pdata[((at + step * tried) % n + n) % n];
      if (focus != NULL && gtk_widget_is_ancestor (focus, region))
        return FALSE;
      if (gtk_widget_child_focus (region, GTK_DIR_TAB_FORWARD))
        {
          gtk_window_set_focus_visible (window, TRUE);
          return TRUE;
        }
    }
  return FALSE;
}

static void
add_words (GString *said, const char *text)
{
  if (text == NULL || *text == '\0')
    return;
  if (said->len > 0)
    g_string_append (said, ", ");
  g_string_append (said, text);
}

static void
collect (GtkWidget *widget, GString *said)
{
  if (!gtk_widget_get_visible (widget))
    return;
  const char *name = dh_widget_get_name (widget);
  /* A button says what it does, not what is there. */
  if (GTK_IS_BUTTON (widget) || GTK_IS_CHECK_BUTTON (widget))
    return;
  if (name != NULL)
    add_words (said, name);
  else if (GTK_IS_LABEL (widget))
    add_words (said, gtk_label_get_text (GTK_LABEL (widget)));
  else
    for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
         child = gtk_widget_get_next_sibling (child))
      collect (child, said);
}

char *
dh_focus_dup_content (GtkWidget *widget)
{
  g_autoptr (GString) said = g_string_new (NULL);
  collect (widget, said);
  return g_strdup (said->str);
}

/* "Run 12, State done, AP 83.1 …": each cell behind its column's title. */
static char *
dup_cells (GtkWidget *view, GtkWidget *row)
{
  g_autoptr (GString) said = g_string_new (NULL);
  GtkWidget *title = gtk_widget_get_first_child (gtk_widget_get_first_child (view));
  for (GtkWidget *cell = gtk_widget_get_first_child (row); cell != NULL;
       cell = gtk_widget_get_next_sibling (cell), title = title != NULL ? gtk_widget_get_next_sibling (title) : NULL)
    {
      g_autofree char *text = dh_focus_dup_content (cell);
      g_autofree char *head = title != NULL ? dh_focus_dup_content (title) : g_strdup ("");
      if (*text == '\0')
        continue;
      g_autofree char *both = *head != '\0' ? g_strdup_printf ("%s %s", head, text) : g_strdup (text);
      add_words (said, both);
    }
  return g_strdup (said->str);
}

/* A table's have a type of their own since GTK 4.12. */
static gboolean
is_row (GtkWidget *widget)
{
  const char *type = G_OBJECT_TYPE_NAME (widget);
  return GTK_IS_LIST_BOX_ROW (widget) || g_str_equal (type, "GtkListItemWidget")
         || g_str_equal (type, "GtkColumnViewRowWidget");
}

/* The focus goes by a row of a table to the box in it, where there is one. */
static GtkWidget *
find_row (GtkWidget *focus)
{
  GtkWidget *row = focus;
  if (GTK_IS_CHECK_BUTTON (focus) && gtk_widget_get_ancestor (focus, GTK_TYPE_COLUMN_VIEW) != NULL)
    while (row != NULL && !is_row (row))
      row = gtk_widget_get_parent (row);
  return row != NULL && is_row (row) ? row : NULL;
}

/* A menu that is closed in a submenu keeps the focus, and with it every key. */
static void
on_popover_closed (GtkWidget *popover)
{
  GtkRoot *root = gtk_widget_get_root (popover);
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  if (focus != NULL && gtk_widget_is_ancestor (focus, popover)
      && !gtk_widget_grab_focus (gtk_widget_get_parent (popover)))
    gtk_root_set_focus (root, NULL);
}

static void
watch_popover (GtkWidget *focus)
{
  GtkWidget *popover = gtk_widget_get_ancestor (focus, GTK_TYPE_POPOVER);
  if (popover == NULL || g_object_get_data (G_OBJECT (popover), WATCHED) != NULL)
    return;
  g_object_set_data (G_OBJECT (popover), WATCHED, popover);
  g_signal_connect_after (popover, "closed", G_CALLBACK (on_popover_closed), NULL);
}

static void
on_focus (GtkWindow *window)
{
  GtkWidget *focus = gtk_window_get_focus (window);
  if (focus != NULL)
    watch_popover (focus);
  GtkWidget *row = focus != NULL ? find_row (focus) : NULL;
  if (is_title (focus))
    speak_title (focus);
  if (row == NULL)
    return;
  GtkWidget *view = gtk_widget_get_ancestor (row, GTK_TYPE_COLUMN_VIEW);
  g_autofree char *text = view != NULL ? dup_cells (view, row) : dh_focus_dup_content (row);
  gtk_accessible_update_property (GTK_ACCESSIBLE (focus), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

void
dh_focus_speak_rows (GtkWindow *window)
{
  g_signal_connect (window, "notify::focus-widget", G_CALLBACK (on_focus), NULL);
}
