#include "dh-runs-table.h"
#include <math.h>
#include "dh-focus.h"
#include "dh-metrics-charts.h"
#include "dh-row-slots.h"
#include "dh-runs-boxes.h"
#include "dh-runs-columns.h"
#include "dh-runs-rows.h"

struct _DhRunsTable
{
  GtkWidget parent_instance;
  GtkWidget *card, *view, *note, *filter, *stack;
  DhRunsRows *list;
  GListModel *all, *rows; /* its; DhRunItem */
  DhRowSlots *slots;      /* of the rows */
  GtkMultiSelection *selection;
  DhRunItem *chosen[2];
  GHashTable *kept;  /* DhRunItem, all that are chosen */
  DhRunItem *newest; /* the first row while none was chosen by the user */
  guint n_chosen, idle, frames;
  int room; /* that the columns have; 0: not known yet */
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
  guint n = g_list_model_get_n_items (self->all), shown = g_list_model_get_n_items (self->rows);
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

/* Whatever is known of any of them may change. */
static void
watch_kept (DhRunsTable *self, gboolean watch)
{
  GHashTableIter iter;
  gpointer item;
  g_hash_table_iter_init (&iter, self->kept);
  while (g_hash_table_iter_next (&iter, &item, NULL))
    if (watch)
      g_signal_connect_swapped (item, "changed", G_CALLBACK (say_chosen), self);
    else
      g_signal_handlers_disconnect_by_func (item, say_chosen, self);
}

static void
take_chosen (DhRunsTable *self)
{
  g_autoptr (GtkBitset) chosen = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  const guint n = (guint)gtk_bitset_get_size (chosen);
  gboolean others = n != self->n_chosen;
  for (guint i = 0; i < G_N_ELEMENTS (self->chosen); i++)
    {
      g_autoptr (DhRunItem) item = i < n ? g_list_model_get_item (self->rows, gtk_bitset_get_nth (chosen, i)) : NULL;
      if (item == self->chosen[i])
        continue;
      others = TRUE;
      g_set_object (&self->chosen[i], item);
    }
  for (guint i = 0; i < n && !others; i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (self->rows, gtk_bitset_get_nth (chosen, i));
      others = g_hash_table_lookup (self->kept, item) != item;
    }
  watch_kept (self, FALSE);
  g_hash_table_remove_all (self->kept);
  for (guint i = 0; i < n; i++)
    g_hash_table_add (self->kept, g_list_model_get_item (self->rows, gtk_bitset_get_nth (chosen, i)));
  watch_kept (self, TRUE);
  self->n_chosen = n;
  show_note (self);
  if (!others)
    return;
  dh_runs_columns_update (GTK_COLUMN_VIEW (self->view));
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

static guint
hash_item (gconstpointer item)
{
  const DhRun *run = dh_run_item_get ((DhRunItem *)item);
  return run->training ? g_direct_hash (dh_run_item_get_job ((DhRunItem *)item)) : g_int64_hash (&run->id);
}

static gboolean
equal_items (gconstpointer a, gconstpointer b)
{
  return dh_run_item_is_same ((DhRunItem *)a, (DhRunItem *)b);
}

/* Rows have a place only after the frame in which they came. */
static gboolean
scroll_up (GtkWidget *view, GdkFrameClock *clock, gpointer data)
{
  DhRunsTable *self = data;
  if (--self->frames > 0)
    return G_SOURCE_CONTINUE;
  for (GtkWidget *list = gtk_widget_get_first_child (view); list != NULL; list = gtk_widget_get_next_sibling (list))
    if (GTK_IS_LIST_VIEW (list))
      gtk_widget_activate_action (list, "list.scroll-to-item", "u", 0);
  return G_SOURCE_REMOVE;
}

/* The view keeps to the row that it had, and what is new comes above it, out of sight. */
static void
show_newest (DhRunsTable *self)
{
  g_autoptr (DhRunItem) first = g_list_model_get_item (self->rows, 0);
  if (self->by_user || first == NULL || (self->newest != NULL && dh_run_item_is_same (self->newest, first)))
    return;
  g_set_object (&self->newest, first);
  if (self->frames == 0)
    gtk_widget_add_tick_callback (self->view, scroll_up, self, NULL);
  self->frames = 3;
}

/* What the user chose stays so when rows come and go, once the view has their places; before, it is the first. */
static gboolean
choose_again (gpointer data)
{
  DhRunsTable *self = data;
  GtkSelectionModel *model = GTK_SELECTION_MODEL (self->selection);
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (model)), rows = g_list_model_get_n_items (self->rows);
  g_autoptr (GtkBitset) chosen = gtk_bitset_new_empty ();
  gboolean waits = FALSE;
  self->idle = 0;
  for (guint i = 0; i < rows && self->by_user; i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (self->rows, i);
      if (!g_hash_table_contains (self->kept, item))
        continue;
      if (i < n)
        gtk_bitset_add (chosen, i);
      else
        waits = TRUE;
    }
  if (n > 0 && gtk_bitset_is_empty (chosen) && !waits)
    gtk_bitset_add (chosen, 0);
  g_autoptr (GtkBitset) all = gtk_bitset_new_range (0, n);
  self->choosing = TRUE;
  gtk_selection_model_set_selection (model, chosen, all);
  self->choosing = FALSE;
  if (!waits)
    take_chosen (self);
  show_newest (self);
  return G_SOURCE_REMOVE;
}

/* Several models tell of one change after another. */
static void
choose_soon (DhRunsTable *self)
{
  if (self->idle == 0)
    self->idle = g_idle_add_full (G_PRIORITY_HIGH_IDLE, choose_again, self, NULL);
}

void
dh_runs_table_choose (DhRunsTable *self, gint64 run)
{
  for (guint i = 0; i < g_list_model_get_n_items (self->all); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (self->all, i);
      if (dh_run_item_get_job (item) != NULL || dh_run_item_get (item)->id != run)
        continue;
      if (!dh_run_item_matches (item, gtk_editable_get_text (GTK_EDITABLE (self->filter))))
        gtk_editable_set_text (GTK_EDITABLE (self->filter), "");
      self->by_user = TRUE;
      g_hash_table_remove_all (self->kept);
      g_hash_table_add (self->kept, g_steal_pointer (&item));
      choose_soon (self);
      return;
    }
}

static void
on_filter (DhRunsTable *self)
{
  dh_runs_rows_set_words (self->list, gtk_editable_get_text (GTK_EDITABLE (self->filter)));
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
  g_autoptr (DhRunItem) item = g_list_model_get_item (self->rows, position);
  if (item != NULL)
    g_signal_emit (self, signals[OPENED], 0, item);
}

DhRunItem *
dh_runs_table_get_chosen (DhRunsTable *self, guint which)
{
  return which < G_N_ELEMENTS (self->chosen) ? self->chosen[which] : NULL;
}

GPtrArray *
dh_runs_table_list_chosen (DhRunsTable *self)
{
  GListModel *shown = self->rows;
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);
  /* Not by the selection, which knows places, and follows the rows a moment later. */
  for (guint i = 0; i < g_list_model_get_n_items (shown); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (shown, i);
      if (g_hash_table_contains (self->kept, item))
        g_ptr_array_add (items, g_steal_pointer (&item));
    }
  return items;
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

GArray *
dh_runs_table_list_shown (DhRunsTable *self)
{
  GListModel *shown = self->rows;
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < g_list_model_get_n_items (shown); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (shown, i);
      const DhRun *run = dh_run_item_get (item);
      if (!run->training && run->state == DH_RUN_ITEM_DONE)
        g_array_append_val (runs, run->id);
    }
  return runs;
}

void
dh_runs_table_focus_filter (DhRunsTable *self)
{
  gtk_widget_grab_focus (self->filter);
}

static gboolean
has_open_miou (DhRunsTable *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (self->all); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (self->all, i);
      if (!isnan (dh_run_item_get (item)->open_miou))
        return TRUE;
    }
  return FALSE;
}

static void
fit_columns (DhRunsTable *self)
{
  if (self->room > 0)
    dh_runs_columns_fit (GTK_COLUMN_VIEW (self->view), self->room, has_open_miou (self));
}

void
dh_runs_table_set_room (DhRunsTable *self, int width)
{
  self->room = width;
  fit_columns (self);
}

static void
dh_runs_table_dispose (GObject *object)
{
  DhRunsTable *self = DH_RUNS_TABLE (object);
  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_object (&self->newest);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  if (self->list != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->rows, self);
      g_signal_handlers_disconnect_by_data (self->all, self);
    }
  for (guint i = 0; i < G_N_ELEMENTS (self->chosen); i++)
    g_clear_object (&self->chosen[i]);
  if (self->kept != NULL)
    watch_kept (self, FALSE);
  g_clear_pointer (&self->card, gtk_widget_unparent);
  g_clear_object (&self->selection);
  g_clear_object (&self->slots);
  g_clear_object (&self->list);
  g_clear_pointer (&self->kept, g_hash_table_unref);
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
  self->kept = g_hash_table_new_full (hash_item, equal_items, g_object_unref, NULL);
}

static void
make_view (DhRunsTable *self, DhSession *session)
{
  self->view = gtk_column_view_new (NULL);
  self->list = dh_runs_rows_new (dh_session_get_runs (session), G_LIST_MODEL (dh_session_get_training (session)),
                                 GTK_COLUMN_VIEW (self->view));
  self->all = dh_runs_rows_get_all (self->list);
  self->rows = dh_runs_rows_get_shown (self->list);
  self->slots = dh_row_slots_new (self->rows);
  self->selection = gtk_multi_selection_new (G_LIST_MODEL (g_object_ref (self->slots)));
  gtk_column_view_set_model (GTK_COLUMN_VIEW (self->view), GTK_SELECTION_MODEL (self->selection));
  dh_ui_add_classes (self->view, "dh-col");
  dh_ui_name_table (self->view, _ ("Runs"));
  dh_focus_add_table (self->view);
  g_autoptr (GtkColumnViewColumn) boxes = dh_runs_boxes_new (GTK_SELECTION_MODEL (self->selection));
  gtk_column_view_append_column (GTK_COLUMN_VIEW (self->view), boxes);
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
  dh_row_slots_set_view (self->slots, gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self->view)));
  g_signal_connect_swapped (self->selection, "items-changed", G_CALLBACK (choose_soon), self);
  g_signal_connect_swapped (self->rows, "items-changed", G_CALLBACK (choose_soon), self);
  g_signal_connect_swapped (self->all, "items-changed", G_CALLBACK (choose_soon), self);
  g_signal_connect_swapped (self->all, "items-changed", G_CALLBACK (fit_columns), self);
  choose_again (self);
  return GTK_WIDGET (self);
}
