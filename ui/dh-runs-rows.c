#include "dh-runs-rows.h"
#include "dh-run-item.h"
#include "dh-runs-columns.h"
#include "dh-view-order.h"

#define RESORT_MS 1000

struct _DhRunsRows
{
  GObject parent_instance;
  GtkColumnView *view;     /* weak */
  GListModel *all, *shown; /* DhRunItem */
  GListModel *trainings;   /* of `all`, those that change */
  GtkCustomFilter *filter;
  GtkCustomSorter *sorter;
  char *words;
  GArray *order; /* DhViewOrder */
  guint resort;
};

G_DEFINE_FINAL_TYPE (DhRunsRows, dh_runs_rows, G_TYPE_OBJECT)

static int
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  const DhRunsRows *self = data;
  int order = 0;
  for (guint i = 0; order == 0 && i < self->order->len; i++)
    {
      const DhViewOrder *by = &g_array_index (self->order, DhViewOrder, i);
      order = dh_runs_column_compare ((DhRunItem *)a, (DhRunItem *)b, by->column, by->descending);
    }
  return order;
}

static void
on_order (DhRunsRows *self)
{
  if (self->view == NULL)
    return;
  g_array_unref (self->order);
  self->order = dh_view_order_get (self->view);
  gtk_sorter_changed (GTK_SORTER (self->sorter), GTK_SORTER_CHANGE_DIFFERENT);
}

static gboolean
passes (gpointer item, gpointer data)
{
  const DhRunsRows *self = data;
  return dh_run_item_matches (item, self->words);
}

static gboolean
is_sorted (DhRunsRows *self)
{
  g_autoptr (DhRunItem) before = g_list_model_get_item (self->shown, 0);
  for (guint i = 1; i < g_list_model_get_n_items (self->shown); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (self->shown, i);
      if (compare (before, item, self) > 0)
        return FALSE;
      g_set_object (&before, item);
    }
  return TRUE;
}

static gboolean
resort (gpointer data)
{
  DhRunsRows *self = data;
  self->resort = 0;
  if (*self->words != '\0')
    gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
  if (!is_sorted (self))
    gtk_sorter_changed (GTK_SORTER (self->sorter), GTK_SORTER_CHANGE_DIFFERENT);
  return G_SOURCE_REMOVE;
}

static void
resort_later (DhRunsRows *self)
{
  if (self->resort == 0)
    self->resort = g_timeout_add (RESORT_MS, resort, self);
}

static void
follow (GListModel *trainings, guint position, guint removed, guint added, DhRunsRows *self)
{
  for (guint i = 0; i < added; i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (trainings, position + i);
      g_signal_connect_object (item, "changed", G_CALLBACK (resort_later), self, G_CONNECT_SWAPPED);
    }
}

GListModel *
dh_runs_rows_get_all (DhRunsRows *rows)
{
  return rows->all;
}

GListModel *
dh_runs_rows_get_shown (DhRunsRows *rows)
{
  return rows->shown;
}

void
dh_runs_rows_set_words (DhRunsRows *rows, const char *words)
{
  g_free (rows->words);
  rows->words = g_strdup (words);
  gtk_filter_changed (GTK_FILTER (rows->filter), GTK_FILTER_CHANGE_DIFFERENT);
}

static void
dh_runs_rows_finalize (GObject *object)
{
  DhRunsRows *self = DH_RUNS_ROWS (object);
  g_clear_handle_id (&self->resort, g_source_remove);
  g_clear_weak_pointer (&self->view);
  /* Whoever keeps the list a while longer asks no more. */
  gtk_custom_filter_set_filter_func (self->filter, NULL, NULL, NULL);
  gtk_custom_sorter_set_sort_func (self->sorter, NULL, NULL, NULL);
  g_object_unref (self->filter);
  g_object_unref (self->sorter);
  g_object_unref (self->shown);
  g_object_unref (self->all);
  g_object_unref (self->trainings);
  g_array_unref (self->order);
  g_free (self->words);
  G_OBJECT_CLASS (dh_runs_rows_parent_class)->finalize (object);
}

static void
dh_runs_rows_class_init (DhRunsRowsClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_runs_rows_finalize;
}

static void
dh_runs_rows_init (DhRunsRows *self)
{
  self->order = g_array_new (FALSE, FALSE, sizeof (DhViewOrder));
  self->words = g_strdup ("");
  self->filter = gtk_custom_filter_new (passes, self, NULL);
  self->sorter = gtk_custom_sorter_new (compare, self, NULL);
}

DhRunsRows *
dh_runs_rows_new (GListModel *runs, GListModel *jobs, GtkColumnView *view)
{
  DhRunsRows *self = g_object_new (DH_TYPE_RUNS_ROWS, NULL);
  g_set_weak_pointer (&self->view, view);
  self->trainings = dh_run_item_new_list (jobs);
  g_signal_connect_object (self->trainings, "items-changed", G_CALLBACK (follow), self, 0);
  follow (self->trainings, 0, 0, g_list_model_get_n_items (self->trainings), self);
  g_autoptr (GListStore) both = g_list_store_new (G_TYPE_LIST_MODEL);
  g_list_store_append (both, runs);
  g_list_store_append (both, self->trainings);
  self->all = G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (g_steal_pointer (&both))));
  GtkFilterListModel *found =
      gtk_filter_list_model_new (g_object_ref (self->all), GTK_FILTER (g_object_ref (self->filter)));
  self->shown = G_LIST_MODEL (gtk_sort_list_model_new (G_LIST_MODEL (found), GTK_SORTER (g_object_ref (self->sorter))));
  g_signal_connect_object (gtk_column_view_get_sorter (view), "changed", G_CALLBACK (on_order), self,
                           G_CONNECT_SWAPPED);
  return self;
}
