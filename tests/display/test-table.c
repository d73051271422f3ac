/* A table of ten thousand rows: sorted, filtered, with columns that have room, as CSV. */
#include <math.h>
#include <time.h>
#include "dh-row-slots.h"
#include "dh-table.h"

#define N 10000
/* What comes comes in the end, however busy the machine is. */
#define PATIENCE (10 * 60 * G_USEC_PER_SEC)

enum
{
  COLUMN_NAME,
  COLUMN_NUMBER,
  COLUMN_PAIR,
  COLUMN_REST,
  N_COLUMNS,
};

static const DhTableColumn columns[N_COLUMNS] = {
  { "Name", .words = TRUE },
  { "Number", 80 },
  { "Pair", 80, .csv = "First,Second", .dispensable = 2 },
  { "Rest", 200, .words = TRUE, .dispensable = 1 },
};

static guint
number_of (gpointer item)
{
  return GPOINTER_TO_UINT (g_object_get_data (item, "number"));
}

static double
value (gpointer item, guint column, gpointer data)
{
  const guint number = number_of (item);
  return column == COLUMN_REST || column == COLUMN_NAME ? NAN : number % 10 == 3 ? NAN : number;
}

static const char *
get_word (gpointer item, guint column, gpointer data)
{
  return g_object_get_data (item, "name");
}

static char *
dup_text (gpointer item, guint column, gpointer data)
{
  return column == COLUMN_NUMBER ? g_strdup_printf ("%u", number_of (item)) : g_strdup (get_word (item, column, data));
}

static char *
dup_csv (gpointer item, guint column, gpointer data)
{
  return g_strdup_printf ("%u,%u", number_of (item), number_of (item) + 1);
}

static char **
dup_more (gpointer item, gpointer data)
{
  char **more = g_new0 (char *, 3);
  more[0] = g_strdup_printf ("/%u", number_of (item));
  more[1] = g_strdup (number_of (item) == 1 ? "-" : "");
  return more;
}

static gboolean
passes (gpointer item, gpointer data)
{
  const guint *most = data;
  return number_of (item) < *most;
}

static GListStore *
make_items (guint n)
{
  GListStore *store = g_list_store_new (G_TYPE_OBJECT);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GObject) item = g_object_new (G_TYPE_OBJECT, NULL);
      const guint number = (guint)((guint64)i * 7919 % n);
      g_object_set_data (item, "number", GUINT_TO_POINTER (number));
      g_object_set_data_full (item, "name",
                              number == 1   ? g_strdup ("=1+1")
                              : number == 2 ? g_strdup ("a, \"b\"")
                                            : g_strdup_printf ("name %05u", number),
                              g_free);
      g_list_store_append (store, item);
    }
  return store;
}

static const DhTableKind kind = {
  .columns = columns,
  .n_columns = N_COLUMNS,
  .sorted_by = COLUMN_NUMBER,
  .dup_text = dup_text,
  .value = value,
  .get_word = get_word,
  .dup_csv = dup_csv,
  .more_titles = "File,Note",
  .dup_more = dup_more,
  .passes = passes,
};

static GtkColumnView *
find_view (GtkWidget *widget)
{
  if (GTK_IS_COLUMN_VIEW (widget))
    return GTK_COLUMN_VIEW (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkColumnView *view = find_view (child);
      if (view != NULL)
        return view;
    }
  return NULL;
}

static void
turn (GtkWidget *window, int width)
{
  gtk_window_set_default_size (GTK_WINDOW (window), width, 400);
  const gint64 until = g_get_monotonic_time () + PATIENCE;
  while (gtk_widget_get_width (window) != width)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_main_context_iteration (NULL, FALSE);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static guint
count_visible (GtkColumnView *view)
{
  GListModel *list = gtk_column_view_get_columns (view);
  guint n = 0;
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (list, i);
      n += gtk_column_view_column_get_visible (column);
    }
  return n;
}

static guint
number_at (GtkColumnView *view, guint position)
{
  g_autoptr (DhRowSlot) slot = g_list_model_get_item (G_LIST_MODEL (gtk_column_view_get_model (view)), position);
  return number_of (dh_row_slot_get_item (slot));
}

static void
test_rows (void)
{
  guint most = N;
  g_autoptr (GListStore) store = make_items (N);
  GtkWidget *window = gtk_window_new ();
  GtkWidget *table = dh_table_new (&kind, G_LIST_MODEL (store), "Table", &most);
  gtk_window_set_child (GTK_WINDOW (window), table);
  gtk_window_present (GTK_WINDOW (window));
  turn (window, 900);
  GtkColumnView *view = find_view (table);
  g_assert_cmpuint (count_visible (view), ==, N_COLUMNS);
  /* what is undefined comes behind the rest */
  g_assert_cmpuint (dh_table_get_n_shown (DH_TABLE (table)), ==, N);
  g_assert_cmpuint (number_at (view, 0), ==, 0);
  g_assert_cmpuint (number_at (view, 3), ==, 4);
  g_assert_cmpuint (number_at (view, N - 1) % 10, ==, 3);

  /* each order, in seconds of computing */
  for (guint i = 0; i < N_COLUMNS; i++)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (gtk_column_view_get_columns (view), i);
      const clock_t before = clock ();
      gtk_column_view_sort_by_column (view, column, GTK_SORT_DESCENDING);
      const double work = (double)(clock () - before) / CLOCKS_PER_SEC;
      g_test_message ("sorted by %s in %.0f ms", columns[i].title, work * 1e3);
      g_assert_cmpfloat (work, <, 1);
    }
  g_autoptr (GtkColumnViewColumn) first = g_list_model_get_item (gtk_column_view_get_columns (view), COLUMN_NAME);
  gtk_column_view_sort_by_column (view, first, GTK_SORT_ASCENDING);

  most = 3;
  dh_table_update (DH_TABLE (table), TRUE);
  g_assert_cmpuint (dh_table_get_n_shown (DH_TABLE (table)), ==, 3);
  g_autofree char *csv = dh_table_to_csv (DH_TABLE (table));
  g_assert_cmpstr (csv, ==,
                   "Name,Number,First,Second,Rest,File,Note\n"
                   "\"'=1+1\",1,1,2,\"'=1+1\",/1,\"'-\"\n"
                   "\"a, \"\"b\"\"\",2,2,3,\"a, \"\"b\"\"\",/2,\n"
                   "name 00000,0,0,1,name 00000,/0,\n");
  turn (window, 420);
  g_assert_cmpuint (count_visible (view), ==, N_COLUMNS - 1);
  turn (window, 300);
  g_assert_cmpuint (count_visible (view), ==, N_COLUMNS - 2);
  turn (window, 900);
  g_assert_cmpuint (count_visible (view), ==, N_COLUMNS);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* Widgets of a table that a label was made for, and what is in sight of it. */
static guint
count_labels (GtkWidget *widget)
{
  guint n = GTK_IS_LABEL (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += count_labels (child);
  return n;
}

static gboolean
has_label (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_label (GTK_LABEL (widget)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (has_label (child, text))
      return TRUE;
  return FALSE;
}

static void
rest (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static guint made;

static GtkWidget *
make_counted (guint column, gpointer data)
{
  made++;
  return NULL;
}

/* Many rows come to the view a few at a time, and another order or filter fills the widgets that are there: what is in
 * sight at once. */
static void
test_slots (void)
{
  guint most = N;
  DhTableKind counted = kind;
  counted.make_cell = make_counted;
  made = 0;
  g_autoptr (GListStore) store = make_items (N);
  GtkWidget *window = gtk_window_new ();
  GtkWidget *table = dh_table_new (&counted, G_LIST_MODEL (store), "Table", &most);
  g_object_ref_sink (table);
  GtkColumnView *view = find_view (table);
  GListModel *slots = G_LIST_MODEL (gtk_column_view_get_model (view));
  g_assert_cmpuint (dh_table_get_n_shown (DH_TABLE (table)), ==, N);
  g_assert_cmpuint (g_list_model_get_n_items (slots), <, 100);
  gtk_window_set_child (GTK_WINDOW (window), table);
  gtk_window_present (GTK_WINDOW (window));
  turn (window, 900);
  const gint64 until = g_get_monotonic_time () + PATIENCE;
  while (g_list_model_get_n_items (slots) < N)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_main_context_iteration (NULL, FALSE);
    }
  rest ();
  g_assert_cmpuint (count_labels (GTK_WIDGET (view)), >, 200);
  const guint before = made;
  g_autoptr (GtkColumnViewColumn) number = g_list_model_get_item (gtk_column_view_get_columns (view), COLUMN_NUMBER);
  gtk_column_view_sort_by_column (view, number, GTK_SORT_DESCENDING);
  /* What is undefined stays behind the rest. */
  g_assert_true (has_label (GTK_WIDGET (view), "9999"));
  rest ();
  g_assert_cmpuint (number_at (view, 0), ==, N - 1);
  g_assert_cmpuint (number_at (view, 150), ==, N - 1 - 150 - 17); /* without 9993, 9983, … */
  g_assert_cmpuint (number_at (view, N - 1) % 10, ==, 3);
  most = N / 2;
  dh_table_refilter (DH_TABLE (table));
  g_assert_true (has_label (GTK_WIDGET (view), "4999"));
  rest ();
  g_assert_cmpuint (g_list_model_get_n_items (slots), ==, N / 2);
  g_assert_cmpuint (number_at (view, 0), ==, N / 2 - 1);
  g_assert_cmpuint (made, ==, before);
  gtk_window_destroy (GTK_WINDOW (window));
  g_object_unref (table);
}

static GtkSingleSelection *
selection_of (GtkColumnView *view)
{
  return GTK_SINGLE_SELECTION (gtk_column_view_get_model (view));
}

static GtkWidget *
find_label (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_label (GTK_LABEL (widget)), text))
    return widget;
  GtkWidget *found = NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_label (child, text);
  return found;
}

static GtkWidget *
find_row (GtkWidget *view, const char *text)
{
  GtkWidget *row = find_label (view, text);
  while (row != NULL && !GTK_IS_LIST_VIEW (gtk_widget_get_parent (row)))
    row = gtk_widget_get_parent (row);
  return row;
}

/* The keys stay with a row wherever it goes, and what is in sight of a table that a filter makes short is right before
 * it is drawn. */
static void
test_keys (void)
{
  guint most = 60;
  g_autoptr (GListStore) store = make_items (60);
  GtkWidget *window = gtk_window_new ();
  GtkWidget *table = dh_table_new (&kind, G_LIST_MODEL (store), "Table", &most);
  gtk_window_set_child (GTK_WINDOW (window), table);
  gtk_window_present (GTK_WINDOW (window));
  turn (window, 900);
  const gint64 until = g_get_monotonic_time () + PATIENCE;
  GtkColumnView *view = find_view (table);
  while (find_row (GTK_WIDGET (view), "name 00059") == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_main_context_iteration (NULL, FALSE);
    }
  gtk_single_selection_set_selected (selection_of (view), 5);
  GtkWidget *row = find_row (GTK_WIDGET (view), "name 00006");
  g_assert_true (gtk_widget_grab_focus (row));
  g_assert_true (gtk_window_get_focus (GTK_WINDOW (window)) == row);
  g_autoptr (GtkColumnViewColumn) number = g_list_model_get_item (gtk_column_view_get_columns (view), COLUMN_NUMBER);
  gtk_column_view_sort_by_column (view, number, GTK_SORT_DESCENDING);
  rest ();
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (window));
  g_assert_true (focus != row && find_label (focus, "name 00006") != NULL);
  g_assert_cmpuint (number_at (view, gtk_single_selection_get_selected (selection_of (view))), ==, 6);
  /* A row that goes takes them along to nowhere: they stay at its place. */
  most = 6;
  dh_table_refilter (DH_TABLE (table));
  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *text = g_strdup_printf ("name %05u", i);
      g_assert_true (i == 1 || i == 2 || find_row (GTK_WIDGET (view), text) != NULL);
    }
  rest ();
  g_assert_nonnull (gtk_window_get_focus (GTK_WINDOW (window)));
  gtk_window_destroy (GTK_WINDOW (window));
}

/* A chosen row stays chosen wherever it comes to stand, also where the view gets its place later; what is gone leaves
 * the choice to the list. */
static void
test_chosen (void)
{
  guint most = N;
  g_autoptr (GListStore) store = make_items (N);
  GtkWidget *window = gtk_window_new ();
  GtkWidget *table = dh_table_new (&kind, G_LIST_MODEL (store), "Table", &most);
  gtk_window_set_child (GTK_WINDOW (window), table);
  gtk_window_present (GTK_WINDOW (window));
  turn (window, 900);
  GtkColumnView *view = find_view (table);
  gtk_single_selection_set_selected (selection_of (view), 5);
  g_assert_cmpuint (number_at (view, 5), ==, 6);
  g_autoptr (GtkColumnViewColumn) number = g_list_model_get_item (gtk_column_view_get_columns (view), COLUMN_NUMBER);
  gtk_column_view_sort_by_column (view, number, GTK_SORT_DESCENDING);
  const gint64 until = g_get_monotonic_time () + PATIENCE;
  while (gtk_single_selection_get_selected (selection_of (view)) < 1000)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_main_context_iteration (NULL, FALSE);
    }
  rest ();
  g_assert_cmpuint (number_at (view, gtk_single_selection_get_selected (selection_of (view))), ==, 6);
  most = 7;
  dh_table_refilter (DH_TABLE (table));
  g_assert_cmpuint (gtk_single_selection_get_selected (selection_of (view)), ==, 0);
  most = N;
  dh_table_refilter (DH_TABLE (table));
  while (gtk_single_selection_get_selected (selection_of (view)) < 1000)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (number_at (view, gtk_single_selection_get_selected (selection_of (view))), ==, 6);
  most = 3;
  dh_table_refilter (DH_TABLE (table));
  g_assert_cmpuint (gtk_single_selection_get_selected (selection_of (view)), <, 3);
  most = 0;
  dh_table_refilter (DH_TABLE (table));
  g_assert_cmpuint (gtk_single_selection_get_selected (selection_of (view)), ==, GTK_INVALID_LIST_POSITION);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* A column whose values are all the same leaves the rows as the items are. */
static void
test_equal (void)
{
  guint most = 40;
  g_autoptr (GListStore) store = g_list_store_new (G_TYPE_OBJECT);
  for (guint i = 0; i < 40; i++)
    {
      g_autoptr (GObject) item = g_object_new (G_TYPE_OBJECT, NULL);
      g_object_set_data (item, "number", GUINT_TO_POINTER ((i * 7) % 40));
      g_object_set_data_full (item, "name", g_strdup (i % 2 == 0 ? "even" : "odd"), g_free);
      g_list_store_append (store, item);
    }
  GtkWidget *table = dh_table_new (&kind, G_LIST_MODEL (store), "Table", &most);
  g_object_ref_sink (table);
  GtkColumnView *view = find_view (table);
  g_autoptr (GtkColumnViewColumn) name = g_list_model_get_item (gtk_column_view_get_columns (view), COLUMN_NAME);
  gtk_column_view_sort_by_column (view, name, GTK_SORT_DESCENDING);
  rest ();
  g_assert_cmpuint (number_at (view, 0), ==, 7);
  g_assert_cmpuint (number_at (view, 1), ==, 21);
  g_assert_cmpuint (number_at (view, 19), ==, 39 * 7 % 40);
  g_assert_cmpuint (number_at (view, 20), ==, 0);
  gtk_column_view_sort_by_column (view, name, GTK_SORT_ASCENDING);
  rest ();
  g_assert_cmpuint (number_at (view, 0), ==, 0);
  g_assert_cmpuint (number_at (view, 1), ==, 14);
  g_object_unref (table);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  g_test_add_func ("/table/rows", test_rows);
  g_test_add_func ("/table/slots", test_slots);
  g_test_add_func ("/table/chosen", test_chosen);
  g_test_add_func ("/table/keys", test_keys);
  g_test_add_func ("/table/equal", test_equal);
  return g_test_run ();
}
