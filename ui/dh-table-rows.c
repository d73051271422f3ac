#include "dh-table-rows.h"
#include <math.h>
#include <string.h>

struct _DhTableRows
{
  GObject parent_instance;
  const DhTableKind *kind;
  gpointer data;
  GListModel *items;
  GPtrArray *all;   /* of `items` */
  GPtrArray *shown; /* the same that pass, sorted */
  GArray *order;    /* DhViewOrder */
};

/* What one row is sorted by. */
typedef struct
{
  gpointer item;
  double value; /* of the first column */
  guint index;
} Row;

static GType
get_item_type (GListModel *model)
{
  return g_list_model_get_item_type (DH_TABLE_ROWS (model)->items);
}

static guint
get_n_items (GListModel *model)
{
  return DH_TABLE_ROWS (model)->shown->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  const GPtrArray *shown = DH_TABLE_ROWS (model)->shown;
  return position < shown->len ? g_object_ref (shown->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (DhTableRows, dh_table_rows, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

/* `x` and `y` are the values of the column. */
static int
compare_by (const DhTableRows *self, const DhViewOrder *by, gpointer a, double x, gpointer b, double y)
{
  int order;
  if (!isnan (x) && !isnan (y))
    order = (x > y) - (x < y);
  else if (isnan (x) != isnan (y) || !self->kind->columns[by->column].words)
    return isnan (x) - isnan (y);
  else
    {
      const char *left = self->kind->get_word (a, by->column, self->data);
      const char *right = self->kind->get_word (b, by->column, self->data);
      if (left == NULL || right == NULL)
        return (left == NULL) - (right == NULL);
      order = strcmp (left, right);
    }
  return by->descending ? -order : order;
}

static gint
compare (gconstpointer left, gconstpointer right, gpointer data)
{
  const DhTableRows *self = data;
  const Row *a = left, *b = right;
  const DhViewOrder *by = (const DhViewOrder *)self->order->data;
  int order = self->order->len > 0 ? compare_by (self, by, a->item, a->value, b->item, b->value) : 0;
  for (guint i = 1; order == 0 && i < self->order->len; i++)
    order = compare_by (self, &by[i], a->item, self->kind->value (a->item, by[i].column, self->data), b->item,
                        self->kind->value (b->item, by[i].column, self->data));
  return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static GPtrArray *
list_sorted (DhTableRows *self)
{
  g_autofree Row *rows = g_new (Row, MAX (self->all->len, 1));
  guint n = 0;
  const guint first = self->order->len > 0 ? g_array_index (self->order, DhViewOrder, 0).column : 0;
  for (guint i = 0; i < self->all->len; i++)
    {
      gpointer item = self->all->pdata[i];
      if (self->kind->passes == NULL || self->kind->passes (item, self->data))
        rows[n++] = (Row){ item, self->kind->value (item, first, self->data), i };
    }
  g_qsort_with_data (rows, (gint)n, sizeof (Row), compare, self);
  GPtrArray *sorted = g_ptr_array_new_full (n, g_object_unref);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (sorted, g_object_ref (rows[i].item));
  return sorted;
}

gboolean
dh_table_rows_renew (DhTableRows *self)
{
  GPtrArray *before = self->shown, *now = list_sorted (self);
  guint same = 0;
  while (same < MIN (before->len, now->len) && before->pdata[same] == now->pdata[same])
    same++;
  const gboolean other = same < MAX (before->len, now->len);
  self->shown = now;
  if (other)
    g_list_model_items_changed (G_LIST_MODEL (self), same, before->len - same, now->len - same);
  g_ptr_array_unref (before);
  return other;
}

void
dh_table_rows_set_order (DhTableRows *self, const DhViewOrder *order, guint n)
{
  g_array_set_size (self->order, 0);
  g_array_append_vals (self->order, order, n);
  dh_table_rows_renew (self);
}

guint
dh_table_rows_find (DhTableRows *self, gconstpointer item)
{
  guint position;
  return g_ptr_array_find (self->shown, item, &position) ? position : GTK_INVALID_LIST_POSITION;
}

static void
append_words (GString *csv, const char *text)
{
  /* A spreadsheet is to take no text for a formula. */
  const gboolean formula = *text != '\0' && strchr ("=+-@\t\r", *text) != NULL;
  if (!formula && strpbrk (text, ",\"\r\n") == NULL)
    {
      g_string_append (csv, text);
      return;
    }
  g_autoptr (GString) doubled = g_string_new (text);
  g_string_replace (doubled, "\"", "\"\"", 0);
  g_string_append_printf (csv, "\"%s%s\"", formula ? "'" : "", doubled->str);
}

static void
append_cell (DhTableRows *self, GString *csv, gpointer item, guint column)
{
  const DhTableColumn *from = &self->kind->columns[column];
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *text = from->csv != NULL ? self->kind->dup_csv (item, column, self->data)
                          : from->words     ? self->kind->dup_text (item, column, self->data)
                                            : NULL;
  if (from->csv != NULL)
    g_string_append (csv, text);
  else if (from->words)
    append_words (csv, text);
  else
    {
      const double value = self->kind->value (item, column, self->data);
      g_string_append (csv, isnan (value) ? "" : g_ascii_formatd (number, sizeof number, "%.9g", value));
    }
}

char *
dh_table_rows_to_csv (DhTableRows *self)
{
  GString *csv = g_string_new (NULL);
  for (guint column = 0; column < self->kind->n_columns; column++)
    {
      const DhTableColumn *from = &self->kind->columns[column];
      if (column > 0)
        g_string_append_c (csv, ',');
      if (from->csv != NULL)
        g_string_append (csv, from->csv);
      else
        append_words (csv, _ (from->title));
    }
  if (self->kind->more_titles != NULL)
    g_string_append_printf (csv, ",%s", self->kind->more_titles);
  for (guint i = 0; i < self->shown->len; i++)
    {
      gpointer item = self->shown->pdata[i];
      for (guint column = 0; column < self->kind->n_columns; column++)
        {
          g_string_append_c (csv, column == 0 ? '\n' : ',');
          append_cell (self, csv, item, column);
        }
      g_auto (GStrv) more = self->kind->more_titles != NULL ? self->kind->dup_more (item, self->data) : NULL;
      for (guint m = 0; more != NULL && more[m] != NULL; m++)
        {
          g_string_append_c (csv, ',');
          append_words (csv, more[m]);
        }
    }
  g_string_append_c (csv, '\n');
  return g_string_free (csv, FALSE);
}

static void
on_items (GListModel *items, guint position, guint removed, guint added, DhTableRows *self)
{
  const guint n = g_list_model_get_n_items (items);
  g_ptr_array_set_size (self->all, 0);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (self->all, g_list_model_get_item (items, i));
  dh_table_rows_renew (self);
}

static void
dh_table_rows_dispose (GObject *object)
{
  DhTableRows *self = DH_TABLE_ROWS (object);
  if (self->items != NULL)
    g_signal_handlers_disconnect_by_data (self->items, self);
  G_OBJECT_CLASS (dh_table_rows_parent_class)->dispose (object);
}

static void
dh_table_rows_finalize (GObject *object)
{
  DhTableRows *self = DH_TABLE_ROWS (object);
  g_ptr_array_unref (self->all);
  g_ptr_array_unref (self->shown);
  g_array_unref (self->order);
  g_clear_object (&self->items);
  G_OBJECT_CLASS (dh_table_rows_parent_class)->finalize (object);
}

static void
dh_table_rows_class_init (DhTableRowsClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_table_rows_dispose;
  G_OBJECT_CLASS (class)->finalize = dh_table_rows_finalize;
}

static void
dh_table_rows_init (DhTableRows *self)
{
  self->all = g_ptr_array_new_with_free_func (g_object_unref);
  self->shown = g_ptr_array_new_with_free_func (g_object_unref);
  self->order = g_array_new (FALSE, FALSE, sizeof (DhViewOrder));
}

DhTableRows *
dh_table_rows_new (const DhTableKind *kind, GListModel *items, gpointer data)
{
  DhTableRows *self = g_object_new (DH_TYPE_TABLE_ROWS, NULL);
  self->kind = kind;
  self->data = data;
  self->items = g_object_ref (items);
  g_signal_connect (items, "items-changed", G_CALLBACK (on_items), self);
  on_items (items, 0, 0, 0, self);
  return self;
}
