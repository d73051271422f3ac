#include "dh-table.h"
#include "dh-focus.h"
#include "dh-help.h"
#include "dh-row-slots.h"
#include "dh-table-rows.h"
#include <math.h>

struct _DhTable
{
  GtkWidget parent_instance;
  const DhTableKind *kind;
  gpointer data;
  GtkWidget *stack, *view, *placeholder;
  DhTableRows *rows;
  DhRowSlots *slots; /* of the rows */
  GtkSingleSelection *selection;
  gpointer selected; /* item; the selection knows only its place */
  gboolean moving;   /* rows: what the selection tells is not the user's choice */
  int room;          /* that the columns were fitted to */
  guint fit_source;
};

G_DEFINE_FINAL_TYPE (DhTable, dh_table, GTK_TYPE_WIDGET)

static void
on_order (DhTable *self)
{
  g_autoptr (GArray) order = dh_view_order_get (GTK_COLUMN_VIEW (self->view));
  dh_table_rows_set_order (self->rows, (const DhViewOrder *)order->data, order->len);
}

static guint
column_of (GtkListItem *cell)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (cell), "column"));
}

/* A number that is not there has its reason, words that have no room all of themselves. */
static gboolean
on_tooltip (GtkWidget *label, int x, int y, gboolean keyboard, GtkTooltip *tooltip, gpointer data)
{
  const char *why = g_object_get_data (G_OBJECT (label), "why");
  const gboolean shortened = pango_layout_is_ellipsized (gtk_label_get_layout (GTK_LABEL (label)));
  if (why == NULL && !shortened)
    return FALSE;
  gtk_tooltip_set_text (tooltip, why != NULL ? why : gtk_label_get_label (GTK_LABEL (label)));
  return TRUE;
}

static void
show_label (DhTable *self, GtkWidget *label, gpointer item, guint column)
{
  g_autofree char *text = self->kind->dup_text (item, column, self->data);
  gtk_label_set_label (GTK_LABEL (label), text);
  g_object_set_data_full (G_OBJECT (label), "why",
                          self->kind->dup_why != NULL ? self->kind->dup_why (item, column, self->data) : NULL, g_free);
}

static void
show_cell (DhTable *self, GtkListItem *cell)
{
  const guint column = column_of (cell);
  GtkWidget *child = gtk_list_item_get_child (cell);
  gpointer slot = gtk_list_item_get_item (cell), item = slot != NULL ? dh_row_slot_get_item (slot) : NULL;
  if (item == NULL || child == NULL)
    return;
  if (GTK_IS_LABEL (child))
    show_label (self, child, item, column);
  else
    self->kind->show_cell (child, item, column, self->data);
  const gboolean old = self->kind->is_old != NULL && self->kind->is_old (item, column, self->data);
  gtk_widget_set_opacity (child, old ? 0.5 : 1);
}

static void
setup_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, DhTable *self)
{
  const guint column = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (factory), "column"));
  const gboolean words = self->kind->columns[column].words;
  GtkWidget *child = self->kind->make_cell != NULL ? self->kind->make_cell (column, self->data) : NULL;
  if (child == NULL)
    {
      child = dh_ui_short_label (NULL, words ? NULL : "dh-num", words ? 0 : 1);
      gtk_widget_set_has_tooltip (child, TRUE);
      g_signal_connect (child, "query-tooltip", G_CALLBACK (on_tooltip), NULL);
    }
  g_object_set_data (G_OBJECT (cell), "column", GUINT_TO_POINTER (column));
  gtk_list_item_set_child (cell, child);
}

/* A slot may live longer than the table. */
static void
on_filled (DhRowSlot *slot, GtkListItem *cell)
{
  show_cell (g_object_get_data (G_OBJECT (cell), "table"), cell);
}

static void
bind_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, DhTable *self)
{
  g_object_set_data (G_OBJECT (cell), "table", self);
  g_signal_connect_object (gtk_list_item_get_item (cell), "filled", G_CALLBACK (on_filled), cell, 0);
  dh_row_slot_set_cell (gtk_list_item_get_item (cell), gtk_list_item_get_child (cell));
  show_cell (self, cell);
}

static void
unbind_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, DhTable *self)
{
  g_signal_handlers_disconnect_by_func (gtk_list_item_get_item (cell), on_filled, cell);
  dh_row_slot_set_cell (gtk_list_item_get_item (cell), NULL);
}

static void
show_stack (DhTable *self)
{
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), dh_table_get_n_shown (self) > 0 ? "rows" : "none");
}

static void
on_selected (DhTable *self)
{
  if (self->moving)
    return;
  g_clear_object ((GObject **)&self->selected);
  self->selected =
      g_list_model_get_item (G_LIST_MODEL (self->rows), gtk_single_selection_get_selected (self->selection));
}

static void
before_rows (DhTable *self)
{
  self->moving = TRUE;
}

/* The chosen row stays chosen wherever it goes, once the view has its place; FALSE: it is gone. */
static gboolean
choose_again (DhTable *self)
{
  const guint position =
      self->selected != NULL ? dh_table_rows_find (self->rows, self->selected) : GTK_INVALID_LIST_POSITION;
  if (position < g_list_model_get_n_items (G_LIST_MODEL (self->slots)))
    gtk_single_selection_set_selected (self->selection, position);
  return position != GTK_INVALID_LIST_POSITION;
}

static void
on_rows (DhTable *self)
{
  show_stack (self);
  const gboolean there = choose_again (self);
  self->moving = FALSE;
  if (!there)
    on_selected (self);
}

void
dh_table_update (DhTable *self, gboolean order)
{
  dh_row_slots_tell (self->slots);
  if (order)
    dh_table_rows_renew (self->rows);
}

void
dh_table_refilter (DhTable *self)
{
  dh_table_rows_renew (self->rows);
}

guint
dh_table_get_n_shown (DhTable *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->rows));
}

void
dh_table_set_placeholder (DhTable *self, const char *text)
{
  gtk_label_set_label (GTK_LABEL (self->placeholder), text);
}

char *
dh_table_to_csv (DhTable *self)
{
  return dh_table_rows_to_csv (self->rows);
}

static int
width_of (DhTable *self, guint index, double scale)
{
  const DhTableColumn *column = &self->kind->columns[index];
  const int cells = (int)ceil (scale * (column->letters == 0 ? 120 : column->letters)) + column->more;
  return MAX (cells, dh_ui_title_width (GTK_COLUMN_VIEW (self->view), index)) + 20;
}

/* Columns that the table has no room for are left out, those that the rest tells most of first. */
static gboolean
fit (gpointer data)
{
  DhTable *self = data;
  self->fit_source = 0;
  const guint n = self->kind->n_columns;
  const DhTableColumn *columns = self->kind->columns;
  GListModel *list = gtk_column_view_get_columns (GTK_COLUMN_VIEW (self->view));
  const double scale = dh_ui_text_scale (self->view);
  g_autofree gboolean *left_out = g_new0 (gboolean, n);
  int needed = 0;
  for (guint i = 0; i < n; i++)
    needed += width_of (self, i, scale);
  for (guint rank = 1; rank <= n; rank++)
    for (guint i = 0; i < n && needed > self->room; i++)
      if (columns[i].dispensable == rank)
        {
          left_out[i] = TRUE;
          needed -= width_of (self, i, scale);
        }
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (list, i);
      gtk_column_view_column_set_visible (column, !left_out[i]);
      /* The view counts the width of hidden ones, too. */
      const int width = columns[i].letters == 0 ? -1 : left_out[i] ? 0 : width_of (self, i, scale);
      if (gtk_column_view_column_get_fixed_width (column) != width)
        gtk_column_view_column_set_fixed_width (column, width);
    }
  return G_SOURCE_REMOVE;
}

/* Not while sizes are being given out. */
static void
on_room (GtkAdjustment *adjustment, GParamSpec *spec, DhTable *self)
{
  const int room = (int)gtk_adjustment_get_page_size (adjustment);
  if (room == self->room)
    return;
  self->room = room;
  if (self->fit_source == 0)
    self->fit_source = g_idle_add (fit, self);
}

static void
on_activate (GtkColumnView *view, guint position, DhTable *self)
{
  g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (self->rows), position);
  if (item != NULL && self->kind->activate != NULL)
    self->kind->activate (GTK_WIDGET (self), item, self->data);
}

static void
add_columns (DhTable *self)
{
  GtkColumnView *view = GTK_COLUMN_VIEW (self->view);
  for (guint i = 0; i < self->kind->n_columns; i++)
    {
      const DhTableColumn *from = &self->kind->columns[i];
      GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
      g_object_set_data (G_OBJECT (factory), "column", GUINT_TO_POINTER (i));
      g_signal_connect_object (factory, "setup", G_CALLBACK (setup_cell), self, 0);
      g_signal_connect_object (factory, "bind", G_CALLBACK (bind_cell), self, 0);
      g_signal_connect_object (factory, "unbind", G_CALLBACK (unbind_cell), self, 0);
      g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (_ (from->title), factory);
      dh_view_order_add (view, column, i);
      gtk_column_view_column_set_resizable (column, TRUE);
      gtk_column_view_column_set_expand (column, from->letters == 0);
      gtk_column_view_append_column (view, column);
      if (!from->words)
        dh_ui_align_title_right (view, i);
      dh_help_set_column (view, i, _ (from->title));
      if (i == self->kind->sorted_by)
        gtk_column_view_sort_by_column (view, column, from->descending ? GTK_SORT_DESCENDING : GTK_SORT_ASCENDING);
    }
}

static void
dh_table_dispose (GObject *object)
{
  DhTable *self = DH_TABLE (object);
  g_clear_handle_id (&self->fit_source, g_source_remove);
  if (self->rows != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->rows, self);
      g_object_run_dispose (G_OBJECT (self->rows)); /* it asks `data` no more */
      g_object_run_dispose (G_OBJECT (self->slots));
    }
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  g_clear_pointer (&self->stack, gtk_widget_unparent);
  g_clear_object (&self->selection);
  g_clear_object (&self->slots);
  g_clear_object (&self->rows);
  g_clear_object ((GObject **)&self->selected);
  G_OBJECT_CLASS (dh_table_parent_class)->dispose (object);
}

static void
dh_table_class_init (DhTableClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_table_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_table_init (DhTable *self)
{
}

static GtkSingleSelection *
make_selection (DhTable *self, GListModel *items)
{
  self->rows = dh_table_rows_new (self->kind, items, self->data);
  g_signal_connect_swapped (self->rows, "items-changed", G_CALLBACK (before_rows), self);
  self->slots = dh_row_slots_new (G_LIST_MODEL (self->rows));
  GtkSorter *sorter = gtk_column_view_get_sorter (GTK_COLUMN_VIEW (self->view));
  g_signal_connect_object (sorter, "changed", G_CALLBACK (on_order), self, G_CONNECT_SWAPPED);
  return gtk_single_selection_new (G_LIST_MODEL (g_object_ref (self->slots)));
}

GtkWidget *
dh_table_new (const DhTableKind *kind, GListModel *items, const char *accessible_name, gpointer data)
{
  DhTable *self = g_object_new (DH_TYPE_TABLE, NULL);
  self->kind = kind;
  self->data = data;
  self->view = gtk_column_view_new (NULL);
  self->selection = make_selection (self, items);
  gtk_column_view_set_model (GTK_COLUMN_VIEW (self->view), GTK_SELECTION_MODEL (self->selection));
  gtk_column_view_set_single_click_activate (GTK_COLUMN_VIEW (self->view), kind->one_click);
  dh_ui_add_classes (self->view, "dh-col");
  dh_focus_add_table (self->view);
  dh_ui_name_table (self->view, accessible_name);
  add_columns (self);
  g_signal_connect_object (self->view, "activate", G_CALLBACK (on_activate), self, 0);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), self->view);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 190);
  gtk_widget_set_vexpand (scroller, TRUE);
  g_signal_connect_object (gtk_scrollable_get_hadjustment (GTK_SCROLLABLE (self->view)), "notify::page-size",
                           G_CALLBACK (on_room), self, 0);
  self->placeholder = dh_ui_label (NULL, "dim-label", 0.5);
  gtk_label_set_wrap (GTK_LABEL (self->placeholder), TRUE);
  gtk_label_set_justify (GTK_LABEL (self->placeholder), GTK_JUSTIFY_CENTER);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), scroller, "rows");
  gtk_stack_add_named (GTK_STACK (self->stack), self->placeholder, "none");
  gtk_widget_set_parent (self->stack, GTK_WIDGET (self));
  dh_row_slots_set_view (self->slots, gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self->view)));
  g_signal_connect_swapped (self->rows, "items-changed", G_CALLBACK (on_rows), self);
  g_signal_connect_object (self->slots, "items-changed", G_CALLBACK (choose_again), self, G_CONNECT_SWAPPED);
  g_signal_connect_swapped (self->selection, "notify::selected", G_CALLBACK (on_selected), self);
  on_rows (self);
  return GTK_WIDGET (self);
}
