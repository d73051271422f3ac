#include "dh-runs-table.h"
#include "dh-metrics-charts.h"
#include "dh-runs-columns.h"

struct _DhRunsTable
{
  GtkWidget parent_instance;
  GtkWidget *card, *view, *note, *filter, *stack;
  GListModel *all;
  GtkCustomFilter *words;
  GtkMultiSelection *selection;
  DhRunItem *chosen[2];
  guint n_chosen, idle;
  gboolean choosing;
  gboolean by_user; /* chosen; else the newest is, whichever that is */
};

G_DEFINE_FINAL_TYPE (DhRunsTable, dh_runs_table, GTK_TYPE_WIDGET)

enum
{
  CHOSEN,
  OPENED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

static const char *
badge_of (DhRunItem *item, gpointer data)
{
  DhRunsTable *self = data;
  if (self->n_chosen < 2)
    return NULL;
  return item == self->chosen[0] ? "A" : item == self->chosen[1] ? "B" : NULL;
}

static void
say_chosen (DhRunsTable *self)
{
  g_signal_emit (self, signals[CHOSEN], 0);
}

static void
show_note (DhRunsTable *self)
{
  guint n = g_list_model_get_n_items (self->all), shown = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  g_autoptr (GString) note = g_string_new (NULL);
  g_string_append_printf (note, ngettext ("%u in all", "%u in all", n), n);
  if (shown < n)
    g_string_append_printf (note, _ (" · %u shown"), shown);
  if (self->n_chosen > 2)
    g_string_append_printf (note, _ (" · %u chosen, the upper two are compared"), self->n_chosen);
  else if (self->n_chosen == 2)
    g_string_append (note, _ (" · 2 chosen to compare"));
  gtk_label_set_label (GTK_LABEL (self->note), note->str);
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), shown > 0 || n == 0 ? "rows" : "none");
}

static void
take_chosen (DhRunsTable *self)
{
  g_autoptr (GtkBitset) chosen = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  const guint n = (guint)gtk_bitset_get_size (chosen);
  for (guint i = 0; i < G_N_ELEMENTS (self->chosen); i++)
    {
      if (self->chosen[i] != NULL)
        g_signal_handlers_disconnect_by_func (self->chosen[i], say_chosen, self);
      g_clear_object (&self->chosen[i]);
      if (i < n)
        self->chosen[i] = g_list_model_get_item (G_LIST_MODEL (self->selection), gtk_bitset_get_nth (chosen, i));
      if (self->chosen[i] != NULL)
        g_signal_connect_swapped (self->chosen[i], "changed", G_CALLBACK (say_chosen), self);
    }
  self->n_chosen = n;
  dh_runs_columns_update (GTK_COLUMN_VIEW (self->view));
  show_note (self);
  say_chosen (self);
}

static void
on_selected (DhRunsTable *self)
{
  if (self->choosing)
    return;
  self->by_user = TRUE;
  take_chosen (self);
}

/* What the user chose stays so when rows come and go; before, it is the first. */
static gboolean
choose_again (gpointer data)
{
  DhRunsTable *self = data;
  GtkSelectionModel *model = GTK_SELECTION_MODEL (self->selection);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (model));
  g_autoptr (GtkBitset) chosen = gtk_bitset_new_empty ();
  self->idle = 0;
  for (guint i = 0; i < n && self->by_user; i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (G_LIST_MODEL (model), i);
      for (guint k = 0; k < G_N_ELEMENTS (self->chosen); k++)
        if (self->chosen[k] != NULL && dh_run_item_is_same (self->chosen[k], item))
          gtk_bitset_add (chosen, i);
    }
  if (n > 0 && gtk_bitset_is_empty (chosen))
    gtk_bitset_add (chosen, 0);
  g_autoptr (GtkBitset) all = gtk_bitset_new_range (0, n);
  self->choosing = TRUE;
  gtk_selection_model_set_selection (model, chosen, all);
  self->choosing = FALSE;
  take_chosen (self);
  return G_SOURCE_REMOVE;
}

/* Several models tell of one change after another. */
static void
choose_soon (DhRunsTable *self)
{
  if (self->idle == 0)
    self->idle = g_idle_add_full (G_PRIORITY_HIGH_IDLE, choose_again, self, NULL);
}

/* Boxes */

static void
on_box (GtkCheckButton *box, GtkListItem *cell)
{
  DhRunsTable *self = g_object_get_data (G_OBJECT (box), "table");
  const guint position = gtk_list_item_get_position (cell);
  GtkSelectionModel *model = GTK_SELECTION_MODEL (self->selection);
  const gboolean on = gtk_check_button_get_active (box);
  if (position == GTK_INVALID_LIST_POSITION || gtk_selection_model_is_selected (model, position) == on)
    return;
  if (on)
    gtk_selection_model_select_item (model, position, FALSE);
  else
    gtk_selection_model_unselect_item (model, position);
}

static void
show_box (GtkListItem *cell)
{
  GtkWidget *box = gtk_list_item_get_child (cell);
  if (box != NULL)
    gtk_check_button_set_active (GTK_CHECK_BUTTON (box), gtk_list_item_get_selected (cell));
}

static void
setup_box (GtkSignalListItemFactory *factory, GtkListItem *cell, DhRunsTable *self)
{
  GtkWidget *box = gtk_check_button_new ();
  gtk_widget_set_halign (box, GTK_ALIGN_CENTER);
  g_object_set_data (G_OBJECT (box), "table", self);
  gtk_list_item_set_selectable (cell, FALSE);
  gtk_list_item_set_child (cell, box);
  g_signal_connect_object (box, "toggled", G_CALLBACK (on_box), cell, 0);
  g_signal_connect (cell, "notify::selected", G_CALLBACK (show_box), NULL);
}

static void
bind_box (GtkSignalListItemFactory *factory, GtkListItem *cell, DhRunsTable *self)
{
  const DhRun *run = dh_run_item_get (gtk_list_item_get_item (cell));
  g_autofree char *id = dh_runs_column_dup_id (run), *name = g_strdup_printf (_ ("Choose run %s"), id);
  dh_ui_set_name (gtk_list_item_get_child (cell), name);
  show_box (cell);
}

/* The rest */

static gboolean
passes (gpointer item, gpointer data)
{
  DhRunsTable *self = data;
  return dh_run_item_matches (item, gtk_editable_get_text (GTK_EDITABLE (self->filter)));
}

static void
on_filter (DhRunsTable *self)
{
  gtk_filter_changed (GTK_FILTER (self->words), GTK_FILTER_CHANGE_DIFFERENT);
}

static void
on_stop (DhRunsTable *self)
{
  gtk_editable_set_text (GTK_EDITABLE (self->filter), "");
  gtk_widget_grab_focus (self->view);
}

static void
on_activate (GtkColumnView *view, guint position, DhRunsTable *self)
{
  g_autoptr (DhRunItem) item = g_list_model_get_item (G_LIST_MODEL (self->selection), position);
  if (item != NULL)
    g_signal_emit (self, signals[OPENED], 0, item);
}

DhRunItem *
dh_runs_table_get_chosen (DhRunsTable *self, guint which)
{
  return which < G_N_ELEMENTS (self->chosen) ? self->chosen[which] : NULL;
}

guint
dh_runs_table_count_chosen (DhRunsTable *self)
{
  return self->n_chosen;
}

guint
dh_runs_table_get_size (DhRunsTable *self)
{
  return g_list_model_get_n_items (self->all);
}

void
dh_runs_table_focus_filter (DhRunsTable *self)
{
  gtk_widget_grab_focus (self->filter);
}

void
dh_runs_table_set_room (DhRunsTable *self, int width)
{
  dh_runs_columns_fit (GTK_COLUMN_VIEW (self->view), width);
}

static void
dh_runs_table_dispose (GObject *object)
{
  DhRunsTable *self = DH_RUNS_TABLE (object);
  g_clear_handle_id (&self->idle, g_source_remove);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  if (self->all != NULL)
    g_signal_handlers_disconnect_by_data (self->all, self);
  for (guint i = 0; i < G_N_ELEMENTS (self->chosen); i++)
    {
      if (self->chosen[i] != NULL)
        g_signal_handlers_disconnect_by_data (self->chosen[i], self);
      g_clear_object (&self->chosen[i]);
    }
  if (self->words != NULL)
    gtk_custom_filter_set_filter_func (self->words, NULL, NULL, NULL);
  g_clear_pointer (&self->card, gtk_widget_unparent);
  g_clear_object (&self->words);
  g_clear_object (&self->selection);
  g_clear_object (&self->all);
  G_OBJECT_CLASS (dh_runs_table_parent_class)->dispose (object);
}

static void
dh_runs_table_class_init (DhRunsTableClass *class)
{
  GType type = G_TYPE_FROM_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dh_runs_table_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
  signals[CHOSEN] = g_signal_new ("chosen", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[OPENED] =
      g_signal_new ("opened", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, DH_TYPE_RUN_ITEM);
}

static void
dh_runs_table_init (DhRunsTable *self)
{
}

/* Evaluations and trainings as one list. */
static GListModel *
join (DhSession *session)
{
  g_autoptr (GListStore) both = g_list_store_new (G_TYPE_LIST_MODEL);
  g_autoptr (GListModel) trainings = dh_run_item_new_list (G_LIST_MODEL (dh_session_get_training (session)));
  g_list_store_append (both, dh_session_get_runs (session));
  g_list_store_append (both, trainings);
  return G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (g_steal_pointer (&both))));
}

static void
add_boxes (DhRunsTable *self)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_box), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_box), self);
  g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (NULL, factory);
  gtk_column_view_column_set_fixed_width (column, 36);
  gtk_column_view_append_column (GTK_COLUMN_VIEW (self->view), column);
}

static void
make_view (DhRunsTable *self, DhSession *session)
{
  self->all = join (session);
  self->words = gtk_custom_filter_new (passes, self, NULL);
  self->view = gtk_column_view_new (NULL);
  GtkSorter *sorter = gtk_column_view_get_sorter (GTK_COLUMN_VIEW (self->view));
  GtkFilterListModel *filtered =
      gtk_filter_list_model_new (g_object_ref (self->all), GTK_FILTER (g_object_ref (self->words)));
  GtkSortListModel *sorted = gtk_sort_list_model_new (G_LIST_MODEL (filtered), g_object_ref (sorter));
  self->selection = gtk_multi_selection_new (G_LIST_MODEL (sorted));
  gtk_column_view_set_model (GTK_COLUMN_VIEW (self->view), GTK_SELECTION_MODEL (self->selection));
  dh_ui_add_classes (self->view, "dh-col");
  dh_ui_set_name (self->view, _ ("Runs"));
  dh_ui_tab_leaves (self->view);
  add_boxes (self);
  dh_runs_columns_add (GTK_COLUMN_VIEW (self->view), badge_of, self);
  g_signal_connect (self->view, "activate", G_CALLBACK (on_activate), self);
}

GtkWidget *
dh_runs_table_new (DhSession *session)
{
  DhRunsTable *self = g_object_new (DH_TYPE_RUNS_TABLE, NULL);
  GtkWidget *head;
  self->card = dh_metrics_card_new (_ ("Runs"), &self->note, &head);
  self->filter = gtk_search_entry_new ();
  g_object_set (self->filter, "placeholder-text", _ ("Filter: model, data, state…"), NULL);
  dh_ui_set_name (self->filter, _ ("Filter the runs (Ctrl+F)"));
  dh_ui_add_classes (self->filter, "dh-dense");
  gtk_editable_set_width_chars (GTK_EDITABLE (self->filter), 26);
  g_signal_connect_swapped (self->filter, "search-changed", G_CALLBACK (on_filter), self);
  g_signal_connect_swapped (self->filter, "stop-search", G_CALLBACK (on_stop), self);
  gtk_box_append (GTK_BOX (head), self->filter);
  make_view (self, session);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), self->view);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 120);
  GtkWidget *none = dh_ui_label (_ ("No run has all of these words"), "dim-label", 0.5);
  gtk_widget_set_vexpand (none, TRUE);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), scroller, "rows");
  gtk_stack_add_named (GTK_STACK (self->stack), none, "none");
  gtk_widget_set_vexpand (self->stack, TRUE);
  gtk_box_append (GTK_BOX (self->card), self->stack);
  gtk_widget_set_parent (self->card, GTK_WIDGET (self));
  gtk_widget_set_vexpand (GTK_WIDGET (self), TRUE);
  g_signal_connect_swapped (self->selection, "selection-changed", G_CALLBACK (on_selected), self);
  g_signal_connect_swapped (self->selection, "items-changed", G_CALLBACK (choose_soon), self);
  g_signal_connect_swapped (self->all, "items-changed", G_CALLBACK (choose_soon), self);
  choose_again (self);
  return GTK_WIDGET (self);
}
