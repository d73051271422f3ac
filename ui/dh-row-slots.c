#include "dh-row-slots.h"

/* Rows that the view gets, or that are filled, in one turn; a screen has hardly more. */
#define SLICE 30
/* The view makes widgets of no more than this behind the row that it stands at: further ones cost nothing. */
#define MADE 260

struct _DhRowSlot
{
  GObject parent_instance;
  gpointer item;   /* that it was filled with */
  GtkWidget *cell; /* weak: of its row in the view; NULL: it has none */
  gboolean stale;
};

G_DEFINE_FINAL_TYPE (DhRowSlot, dh_row_slot, G_TYPE_OBJECT)

struct _DhRowSlots
{
  GObject parent_instance;
  GListModel *rows;
  GPtrArray *slots; /* DhRowSlot, NULL where nobody has asked for one */
  GtkAdjustment *view;
  guint n;        /* that the view was told of */
  guint measured; /* those that the adjustment's range stands for, which follows later */
  guint unfilled; /* those from here on may stand for other rows than they were filled with */
  guint source;
  guint sight_source;
};

static guint filled;

static GType
get_item_type (GListModel *model)
{
  return DH_TYPE_ROW_SLOT;
}

static guint
get_n_items (GListModel *model)
{
  return DH_ROW_SLOTS (model)->n;
}

static gpointer
get_item (GListModel *model, guint position)
{
  DhRowSlots *self = DH_ROW_SLOTS (model);
  if (position >= self->n)
    return NULL;
  if (position >= self->slots->len)
    g_ptr_array_set_size (self->slots, (int)position + 1);
  DhRowSlot *slot = self->slots->pdata[position];
  if (slot == NULL)
    {
      slot = self->slots->pdata[position] = g_object_new (DH_TYPE_ROW_SLOT, NULL);
      slot->item = g_list_model_get_item (self->rows, position);
    }
  return g_object_ref (slot);
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DhRowSlots, dh_row_slots, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static void
dh_row_slot_finalize (GObject *object)
{
  g_clear_object (&DH_ROW_SLOT (object)->item);
  g_clear_weak_pointer (&DH_ROW_SLOT (object)->cell);
  G_OBJECT_CLASS (dh_row_slot_parent_class)->finalize (object);
}

static void
dh_row_slot_class_init (DhRowSlotClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_row_slot_finalize;
  filled = g_signal_new ("filled", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dh_row_slot_init (DhRowSlot *self)
{
}

gpointer
dh_row_slot_get_item (DhRowSlot *slot)
{
  return slot->item;
}

void
dh_row_slot_set_cell (DhRowSlot *slot, GtkWidget *cell)
{
  g_set_weak_pointer (&slot->cell, cell);
}

/* NULL where the view has made none. */
static GtkWidget *
get_row (DhRowSlots *self, guint position)
{
  DhRowSlot *slot = position < self->slots->len ? self->slots->pdata[position] : NULL;
  GtkWidget *row = slot != NULL ? slot->cell : NULL;
  while (row != NULL && !GTK_IS_LIST_VIEW (gtk_widget_get_parent (row)))
    row = gtk_widget_get_parent (row);
  return row;
}

/* The place in which the keys are; the number of slots where they are in none. */
static guint
find_focus (DhRowSlots *self)
{
  guint i = 0;
  for (; i < self->slots->len; i++)
    {
      GtkWidget *row = get_row (self, i);
      GtkRoot *root = row != NULL ? gtk_widget_get_root (row) : NULL;
      GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
      if (focus != NULL && (focus == row || gtk_widget_is_ancestor (focus, row)))
        break;
    }
  return i;
}

/* Whether there was anything to do. */
static gboolean
fill (DhRowSlots *self, guint position)
{
  DhRowSlot *slot = position < self->slots->len ? self->slots->pdata[position] : NULL;
  if (slot == NULL)
    return FALSE;
  g_autoptr (GObject) item = g_list_model_get_item (self->rows, position);
  if (slot->item == (gpointer)item && !slot->stale)
    return FALSE;
  slot->stale = FALSE;
  g_set_object ((GObject **)&slot->item, item);
  /* The view has what is no longer there a moment longer. */
  if (item != NULL)
    g_signal_emit (slot, filled, 0);
  return TRUE;
}

/* Rows have one height. A view that stood at more rows than there are now moves up to the last. */
static void
fill_in_sight (DhRowSlots *self)
{
  const double upper = self->view != NULL ? gtk_adjustment_get_upper (self->view) : 0;
  if (upper <= 0 || self->measured == 0)
    return;
  const double row = upper / self->measured, top = gtk_adjustment_get_value (self->view) / row;
  const double rows = gtk_adjustment_get_page_size (self->view) / row + 3;
  const guint first = (guint)MAX (MIN (top - 1, self->n - rows), 0);
  const guint end = (guint)MIN (first + rows + 1, self->n);
  for (guint i = first; i < end; i++)
    fill (self, i);
}

static void
grow (DhRowSlots *self, guint to)
{
  const guint before = self->n;
  self->n = to;
  g_list_model_items_changed (G_LIST_MODEL (self), before, 0, to - before);
}

/* A slice of filling, then of growing; FALSE where there is no more to do. */
static gboolean
go_on (DhRowSlots *self)
{
  const guint rows = g_list_model_get_n_items (self->rows), slots = MIN (self->n, self->slots->len);
  for (guint done = 0; self->unfilled < slots && done < SLICE; self->unfilled++)
    done += fill (self, self->unfilled);
  if (self->unfilled >= slots && self->n < rows)
    grow (self, self->n < MADE ? MIN (rows, self->n + SLICE) : rows);
  return self->unfilled < MIN (self->n, self->slots->len) || self->n < rows;
}

static gboolean
on_idle (gpointer data)
{
  DhRowSlots *self = data;
  g_autoptr (DhRowSlots) kept = g_object_ref (self);
  if (go_on (self))
    return G_SOURCE_CONTINUE;
  self->source = 0;
  return G_SOURCE_REMOVE;
}

static void
go_on_later (DhRowSlots *self)
{
  if (self->source == 0)
    self->source = g_idle_add (on_idle, self); /* behind drawing */
}

/* The row that had the keys keeps them wherever it goes, as far as the view has made it. */
static void
keep_focus (DhRowSlots *self, guint from, gpointer item)
{
  const guint end = MIN (g_list_model_get_n_items (self->rows), self->slots->len);
  guint to = end;
  for (guint i = 0; i < end && to == end; i++)
    {
      g_autoptr (GObject) other = g_list_model_get_item (self->rows, i);
      to = other == item ? i : end;
    }
  GtkWidget *row = to < end && to != from ? get_row (self, to) : NULL;
  if (row == NULL)
    return;
  fill (self, to);
  gtk_widget_grab_focus (row);
}

static void
on_rows (GListModel *rows, guint position, guint removed, guint added, DhRowSlots *self)
{
  const guint focus = find_focus (self);
  g_autoptr (GObject) focused = NULL;
  if (focus < self->slots->len)
    g_set_object (&focused, ((DhRowSlot *)self->slots->pdata[focus])->item);
  const guint n = g_list_model_get_n_items (rows), before = self->n;
  if (n < before)
    {
      self->n = n;
      g_ptr_array_set_size (self->slots, (int)MIN (self->slots->len, n));
      g_list_model_items_changed (G_LIST_MODEL (self), n, before - n, 0);
    }
  self->unfilled = MIN (self->unfilled, position);
  fill_in_sight (self);
  if (self->n < MIN (n, SLICE))
    grow (self, MIN (n, SLICE));
  if (focused != NULL)
    keep_focus (self, focus, focused);
  go_on_later (self);
}

void
dh_row_slots_tell (DhRowSlots *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    if (self->slots->pdata[i] != NULL)
      ((DhRowSlot *)self->slots->pdata[i])->stale = TRUE;
  self->unfilled = 0;
  fill_in_sight (self);
  go_on_later (self);
}

static gboolean
on_sight (gpointer data)
{
  DhRowSlots *self = data;
  self->sight_source = 0;
  fill_in_sight (self);
  return G_SOURCE_REMOVE;
}

/* What comes into sight before its turn is filled before the next drawing; not at once, for the view scrolls while it
 * gives its rows their places, too: cells that ask for another size then leave the titles, which have theirs, without
 * one in this drawing. */
static void
on_scrolled (DhRowSlots *self)
{
  if (self->source != 0 && self->sight_source == 0)
    self->sight_source = g_idle_add_full (GTK_PRIORITY_RESIZE, on_sight, self, NULL);
}

static void
on_measured (DhRowSlots *self)
{
  self->measured = self->n;
}

void
dh_row_slots_set_view (DhRowSlots *self, GtkAdjustment *adjustment)
{
  g_return_if_fail (self->view == NULL);
  self->view = g_object_ref (adjustment);
  on_measured (self);
  g_signal_connect_object (adjustment, "changed", G_CALLBACK (on_measured), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (adjustment, "value-changed", G_CALLBACK (on_scrolled), self, G_CONNECT_SWAPPED);
}

static void
drop_slot (gpointer slot)
{
  if (slot != NULL)
    g_object_unref (slot);
}

static void
dh_row_slots_dispose (GObject *object)
{
  DhRowSlots *self = DH_ROW_SLOTS (object);
  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_handle_id (&self->sight_source, g_source_remove);
  if (self->rows != NULL)
    g_signal_handlers_disconnect_by_data (self->rows, self);
  G_OBJECT_CLASS (dh_row_slots_parent_class)->dispose (object);
}

static void
dh_row_slots_finalize (GObject *object)
{
  DhRowSlots *self = DH_ROW_SLOTS (object);
  g_ptr_array_unref (self->slots);
  g_clear_object (&self->rows);
  g_clear_object (&self->view);
  G_OBJECT_CLASS (dh_row_slots_parent_class)->finalize (object);
}

static void
dh_row_slots_class_init (DhRowSlotsClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_row_slots_dispose;
  G_OBJECT_CLASS (class)->finalize = dh_row_slots_finalize;
}

static void
dh_row_slots_init (DhRowSlots *self)
{
  self->slots = g_ptr_array_new_with_free_func (drop_slot);
}

DhRowSlots *
dh_row_slots_new (GListModel *rows)
{
  DhRowSlots *self = g_object_new (DH_TYPE_ROW_SLOTS, NULL);
  self->rows = g_object_ref (rows);
  g_signal_connect (rows, "items-changed", G_CALLBACK (on_rows), self);
  self->n = MIN (g_list_model_get_n_items (rows), SLICE);
  if (self->n < g_list_model_get_n_items (rows))
    go_on_later (self);
  return self;
}
