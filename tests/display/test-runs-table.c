/* The list of runs: in the order that the columns are clicked to. */
#include <adwaita.h>
#include <math.h>
#include "dh-runs-columns.h"
#include "dh-runs-rows.h"

static void
add_run (GListStore *runs, gint64 id, double ap, double fpr95, const char *model)
{
  DhRun run = { .id = id, .state = DH_RUN_ITEM_DONE, .ap = ap, .fpr95 = fpr95 };
  run.auroc = run.closed_miou = run.open_miou = run.best_f1 = run.mean_f1 = run.best_f1_threshold = NAN;
  run.fraction = run.seconds_left = run.seconds = NAN;
  run.kind = g_strdup ("eval-ood");
  run.model = g_strdup (model);
  run.started = g_strdup_printf ("2026-01-0%" G_GINT64_FORMAT "T00:00:00Z", id);
  g_autoptr (DhRunItem) item = dh_run_item_new (&run);
  g_list_store_append (runs, item);
}

static const char *
no_badge (DhRunItem *item, gpointer data)
{
  return NULL;
}

static char *
order_of (DhRunsRows *rows)
{
  GListModel *shown = dh_runs_rows_get_shown (rows);
  GString *order = g_string_new (NULL);
  for (guint i = 0; i < g_list_model_get_n_items (shown); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (shown, i);
      g_string_append_printf (order, "%" G_GINT64_FORMAT, dh_run_item_get (item)->id);
    }
  return g_string_free (order, FALSE);
}

static void
sort_by (GtkColumnView *view, guint place, GtkSortType direction)
{
  g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (gtk_column_view_get_columns (view), place);
  gtk_column_view_sort_by_column (view, column, direction);
}

#define assert_order(rows, wanted)                                                                                     \
  do                                                                                                                   \
    {                                                                                                                  \
      g_autofree char *found_ = order_of (rows);                                                                       \
      g_assert_cmpstr (found_, ==, wanted);                                                                            \
    }                                                                                                                  \
  while (0)

static void
test_sorted (void)
{
  g_autoptr (GListStore) runs = g_list_store_new (DH_TYPE_RUN_ITEM), jobs = g_list_store_new (DH_TYPE_TRAINING_JOB);
  add_run (runs, 1, 0.5, 0.2, "beta");
  add_run (runs, 2, NAN, NAN, "alpha");
  add_run (runs, 3, 0.9, 0.1, "gamma");
  add_run (runs, 4, NAN, 0.3, "beta");
  add_run (runs, 5, 0.5, NAN, "alpha");
  GtkColumnView *view = g_object_ref_sink (GTK_COLUMN_VIEW (gtk_column_view_new (NULL)));
  g_autoptr (DhRunsRows) rows = dh_runs_rows_new (G_LIST_MODEL (runs), G_LIST_MODEL (jobs), view);
  assert_order (rows, "12345");
  dh_runs_columns_add (view, no_badge, NULL);
  assert_order (rows, "54321"); /* the newest first */
  /* The column of boxes is not there. */
  const guint ap = DH_RUNS_COLUMN_AP - 1, fpr95 = DH_RUNS_COLUMN_FPR95 - 1, model = DH_RUNS_COLUMN_MODEL - 1;
  sort_by (view, ap, GTK_SORT_DESCENDING);
  assert_order (rows, "31524");
  sort_by (view, ap, GTK_SORT_ASCENDING);
  assert_order (rows, "15324");
  sort_by (view, fpr95, GTK_SORT_ASCENDING);
  assert_order (rows, "31425");
  sort_by (view, fpr95, GTK_SORT_DESCENDING);
  assert_order (rows, "41325");
  sort_by (view, model, GTK_SORT_ASCENDING);
  assert_order (rows, "25143");
  dh_runs_rows_set_words (rows, "alpha");
  add_run (runs, 6, 0.7, 0.25, "alpha");
  assert_order (rows, "256");
  dh_runs_rows_set_words (rows, "");
  assert_order (rows, "256143");
  /* Whoever has the rows longer than the view, or the list longer than the rows, meets nothing that is gone. */
  g_autoptr (GListModel) shown = g_object_ref (dh_runs_rows_get_shown (rows));
  g_object_unref (view);
  add_run (runs, 7, NAN, NAN, "alpha");
  g_assert_cmpuint (g_list_model_get_n_items (shown), ==, 7);
  g_clear_object (&rows);
  add_run (runs, 8, NAN, NAN, "alpha");
  g_assert_cmpuint (g_list_model_get_n_items (shown), ==, 8);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    g_error ("no display");
  adw_init ();
  g_test_add_func ("/runs/sorted", test_sorted);
  return g_test_run ();
}
