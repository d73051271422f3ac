#include <math.h>
#include "dh-help.h"
#include "dh-mini-bar.h"
#include "dh-metrics-charts.h"
#include "dh-metrics-tables.h"
#include "dh-number.h"
#include "dh-session-evaluation.h"

/* The table of images. A column is a number with its own format and order. */
typedef enum
{
  COLUMN_NAME,
  COLUMN_SCENE,
  COLUMN_PIXELS,
  COLUMN_AP,
  COLUMN_FPR95,
  COLUMN_AUROC,
  COLUMN_MISSED,
  COLUMN_MEAN,
  N_COLUMNS,
} Column;

typedef struct
{
  DhSession *session;
  GListStore *store;
  GtkFilterListModel *filtered;
  GtkSortListModel *sorted;
  GtkSingleSelection *selection;
  GtkWidget *view, *note;
  char *filter_text;
  int room; /* that the columns were fitted to */
  guint fit_source;
} Table;

static double
value_of (DhImageItem *item, Column column)
{
  const DhItemMetrics *metrics = dh_image_item_get_metrics (item);
  if (!metrics->evaluated)
    return NAN;
  switch (column)
    {
    case COLUMN_PIXELS:
      return metrics->n_anomaly + metrics->n_inlier > 0 ? (double)metrics->n_anomaly : NAN;
    case COLUMN_AP:
      return metrics->ap;
    case COLUMN_FPR95:
      return metrics->fpr95;
    case COLUMN_AUROC:
      return metrics->auroc;
    case COLUMN_MISSED:
      return metrics->largest_missed;
    case COLUMN_MEAN:
      return metrics->mean_score;
    case COLUMN_NAME:
    case COLUMN_SCENE:
    case N_COLUMNS:
    default:
      return NAN;
    }
}

static char *
text_of (DhImageItem *item, Column column)
{
  double value = value_of (item, column);
  switch (column)
    {
    case COLUMN_NAME:
      return g_strdup (dh_image_item_get_name (item));
    case COLUMN_SCENE:
      return g_strdup (dh_image_item_get_group (item));
    case COLUMN_PIXELS:
    case COLUMN_MISSED:
      return isnan (value) ? g_strdup ("—") : dh_number_format_count ((guint64)value);
    case COLUMN_AP:
      if (dh_image_item_get_state (item) == DH_ITEM_FAILED)
        return g_strdup_printf ("—  %s", dh_image_item_get_reason (item));
      return dh_image_item_why_no_ap (item) != NULL ? g_strdup_printf ("—  %s", dh_image_item_why_no_ap (item))
                                                    : dh_number_format (value * 100, 1);
    case COLUMN_MEAN:
      return dh_number_format (value, 2);
    case COLUMN_FPR95:
    case COLUMN_AUROC:
    case N_COLUMNS:
    default:
      return dh_number_format (value * 100, 1);
    }
}

static int
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  Column column = GPOINTER_TO_UINT (data);
  DhImageItem *left = (DhImageItem *)a, *right = (DhImageItem *)b;
  if (column == COLUMN_SCENE)
    return g_strcmp0 (dh_image_item_get_group (left), dh_image_item_get_group (right));
  double x = value_of (left, column), y = value_of (right, column);
  if (column == COLUMN_NAME)
    {
      x = dh_image_item_get_index (left);
      y = dh_image_item_get_index (right);
    }
  /* What is undefined stays together, behind the rest. */
  if (isnan (x) || isnan (y))
    return isnan (x) - isnan (y);
  return (x > y) - (x < y);
}

static void
setup_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer data)
{
  Column column = GPOINTER_TO_UINT (data);
  GtkWidget *label = dh_ui_short_label (NULL, column > COLUMN_SCENE ? "dh-num" : NULL, column > COLUMN_SCENE ? 1 : 0);
  if (column != COLUMN_AP)
    {
      gtk_list_item_set_child (cell, label);
      return;
    }
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 9, NULL);
  GtkWidget *bar = dh_mini_bar_new (60, 4);
  gtk_widget_set_valign (bar, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), bar);
  gtk_box_append (GTK_BOX (box), label);
  gtk_list_item_set_child (cell, box);
}

static void
bind_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer data)
{
  Column column = GPOINTER_TO_UINT (data);
  DhImageItem *item = gtk_list_item_get_item (cell);
  GtkWidget *child = gtk_list_item_get_child (cell);
  GtkWidget *label = column == COLUMN_AP ? gtk_widget_get_last_child (child) : child;
  g_autofree char *text = text_of (item, column);
  gtk_label_set_label (GTK_LABEL (label), text);
  if (column != COLUMN_AP)
    return;
  double ap = value_of (item, COLUMN_AP);
  gboolean has = !isnan (ap);
  gtk_widget_set_visible (gtk_widget_get_first_child (child), has);
  dh_mini_bar_set_fraction (DH_MINI_BAR (gtk_widget_get_first_child (child)), ap);
  gtk_label_set_xalign (GTK_LABEL (label), has ? 1 : 0);
  if (has)
    gtk_widget_remove_css_class (label, "dim-label");
  else
    gtk_widget_add_css_class (label, "dim-label");
}

static void
on_activate (GtkColumnView *view, guint position, Table *self)
{
  g_autoptr (DhImageItem) item = g_list_model_get_item (G_LIST_MODEL (self->selection), position);
  if (item == NULL)
    return;
  dh_session_set_current (self->session, item);
  gtk_widget_activate_action (GTK_WIDGET (view), "win.page", "s", "browse");
}

static gboolean
matches (gpointer object, gpointer data)
{
  Table *self = data;
  const DhItemMetrics *metrics = dh_image_item_get_metrics (object);
  gboolean shown = metrics->evaluated || dh_image_item_get_state (object) == DH_ITEM_FAILED;
  return shown && dh_image_item_matches (object, self->filter_text);
}

static void
show_note (Table *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->filtered));
  g_autofree char *text =
      g_strdup_printf (ngettext ("%u image · Enter opens it in Browse", "%u images · Enter opens one in Browse", n), n);
  gtk_label_set_label (GTK_LABEL (self->note), text);
}

static void
refilter (Table *self)
{
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->filtered), GTK_FILTER_CHANGE_DIFFERENT);
  show_note (self);
}

static void
on_filter (GtkSearchEntry *entry, Table *self)
{
  g_free (self->filter_text);
  self->filter_text = g_strdup (gtk_editable_get_text (GTK_EDITABLE (entry)));
  refilter (self);
}

/* The end of an evaluation, or another set. */
static void
refill (GtkWidget *card)
{
  Table *self = g_object_get_data (G_OBJECT (card), "table");
  DhImageList *list = dh_session_get_list (self->session);
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  if (dh_session_get_evaluation (self->session) != NULL)
    for (guint i = 0; i < dh_image_list_get_size (list); i++)
      g_ptr_array_add (items, dh_image_list_get_item (list, i));
  g_list_store_splice (self->store, 0, g_list_model_get_n_items (G_LIST_MODEL (self->store)), items->pdata, items->len);
  show_note (self);
}

static void
table_free (gpointer data)
{
  Table *self = data;
  g_clear_handle_id (&self->fit_source, g_source_remove);
  g_object_unref (self->session);
  g_object_unref (self->store);
  g_free (self->filter_text);
  g_free (self);
}

static int
width_of (guint column, double scale)
{
  const double letters = column == COLUMN_NAME || column == COLUMN_SCENE    ? 140
                         : column == COLUMN_MISSED                          ? 145
                         : column == COLUMN_PIXELS || column == COLUMN_MEAN ? 105
                                                                            : 80;
  return (int)ceil (scale * letters) + (column == COLUMN_AP ? 110 : 20); /* with its bar */
}

/* Columns that the table has no room for are left out, those that the rest tells most of first. */
static gboolean
fit (gpointer data)
{
  static const guint dispensable[] = { COLUMN_MEAN, COLUMN_SCENE, COLUMN_MISSED, COLUMN_AUROC, COLUMN_PIXELS };
  Table *self = data;
  self->fit_source = 0;
  GListModel *columns = gtk_column_view_get_columns (GTK_COLUMN_VIEW (self->view));
  const double scale = dh_ui_text_scale (self->view);
  const double room = gtk_adjustment_get_page_size (gtk_scrollable_get_hadjustment (GTK_SCROLLABLE (self->view)));
  gboolean left_out[N_COLUMNS] = { FALSE };
  int needed = 0;
  for (guint i = 0; i < N_COLUMNS; i++)
    needed += width_of (i, scale);
  for (guint i = 0; i < G_N_ELEMENTS (dispensable) && needed > room; i++)
    {
      left_out[dispensable[i]] = TRUE;
      needed -= width_of (dispensable[i], scale);
    }
  for (guint i = 0; i < N_COLUMNS; i++)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (columns, i);
      gtk_column_view_column_set_visible (column, !left_out[i]);
      /* The view counts the width of hidden ones, too. */
      const int width = i == COLUMN_NAME ? -1 : left_out[i] ? 0 : width_of (i, scale);
      if (gtk_column_view_column_get_fixed_width (column) != width)
        gtk_column_view_column_set_fixed_width (column, width);
    }
  return G_SOURCE_REMOVE;
}

/* Not while sizes are being given out. */
static void
on_room (GtkAdjustment *adjustment, GParamSpec *spec, GtkWidget *card)
{
  Table *self = g_object_get_data (G_OBJECT (card), "table");
  const int room = (int)gtk_adjustment_get_page_size (adjustment);
  if (room == self->room || self->fit_source != 0)
    return;
  self->room = room;
  self->fit_source = g_idle_add (fit, self);
}

static void
add_columns (Table *self)
{
  static const char *const titles[N_COLUMNS] = {
    N_ ("Image"), N_ ("Scene"), N_ ("Anomaly px"), "AP", "FPR95", "AUROC", N_ ("Largest miss, px"), N_ ("Mean score"),
  };
  for (guint i = 0; i < N_COLUMNS; i++)
    {
      GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
      g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), GUINT_TO_POINTER (i));
      g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), GUINT_TO_POINTER (i));
      g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (_ (titles[i]), factory);
      g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (compare, GUINT_TO_POINTER (i), NULL));
      gtk_column_view_column_set_sorter (column, sorter);
      gtk_column_view_column_set_resizable (column, TRUE);
      gtk_column_view_column_set_expand (column, i == COLUMN_NAME);
      gtk_column_view_append_column (GTK_COLUMN_VIEW (self->view), column);
      if (i > COLUMN_SCENE && i != COLUMN_AP)
        dh_ui_align_title_right (GTK_COLUMN_VIEW (self->view), i);
      dh_help_set_column (GTK_COLUMN_VIEW (self->view), i, _ (titles[i]));
      if (i == COLUMN_AP)
        gtk_column_view_sort_by_column (GTK_COLUMN_VIEW (self->view), column, GTK_SORT_ASCENDING);
    }
}

GtkWidget *
dh_image_card_new (DhSession *session)
{
  Table *self = g_new0 (Table, 1);
  self->session = g_object_ref (session);
  GtkWidget *head;
  GtkWidget *card = dh_metrics_card_new (_ ("Per image"), &self->note, &head);
  g_object_set_data_full (G_OBJECT (card), "table", self, table_free);
  GtkWidget *filter = gtk_search_entry_new ();
  g_object_set (filter, "placeholder-text", _ ("ap<90, scene:…, is:failed"), NULL);
  dh_ui_set_name (filter, _ ("Filter the table"));
  gtk_widget_set_size_request (filter, 260, -1);
  dh_ui_add_classes (filter, "dh-dense");
  g_signal_connect (filter, "search-changed", G_CALLBACK (on_filter), self);
  gtk_box_append (GTK_BOX (head), filter);

  self->store = g_list_store_new (DH_TYPE_IMAGE_ITEM);
  GtkFilter *custom = GTK_FILTER (gtk_custom_filter_new (matches, self, NULL));
  self->filtered = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->store)), custom);
  self->view = gtk_column_view_new (NULL);
  self->sorted = gtk_sort_list_model_new (g_object_ref (G_LIST_MODEL (self->filtered)),
                                          g_object_ref (gtk_column_view_get_sorter (GTK_COLUMN_VIEW (self->view))));
  self->selection = gtk_single_selection_new (G_LIST_MODEL (self->sorted));
  gtk_column_view_set_model (GTK_COLUMN_VIEW (self->view), GTK_SELECTION_MODEL (self->selection));
  dh_ui_add_classes (self->view, "dh-col");
  dh_ui_tab_leaves (self->view);
  dh_ui_set_name (self->view, _ ("Metrics of each image"));
  add_columns (self);
  g_signal_connect (self->view, "activate", G_CALLBACK (on_activate), self);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), self->view);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 190);
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_box_append (GTK_BOX (card), scroller);
  g_signal_connect_object (gtk_scrollable_get_hadjustment (GTK_SCROLLABLE (self->view)), "notify::page-size",
                           G_CALLBACK (on_room), card, 0);
  g_object_unref (self->filtered); /* the sorted model holds it */
  g_signal_connect_object (session, "notify::evaluating", G_CALLBACK (refill), card, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (refill), card, G_CONNECT_SWAPPED);
  refill (card);
  return card;
}
