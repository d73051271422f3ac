#include "dh-runs-columns.h"
#include <math.h>
#include "dh-help.h"
#include "dh-number.h"
#include "dh-row-slots.h"
#include "dh-view-order.h"

typedef struct
{
  DhRunsBadge badge;
  gpointer data;
  GPtrArray *bound; /* GtkListItem of the column of runs' numbers */
} Columns;

static const struct
{
  const char *title;
  int width;  /* −1: the rest */
  int needs;  /* of the table's width, to be shown */
  int narrow; /* its width where there is little; 0: the same */
  int ample;  /* and where there is plenty */
} columns[DH_N_RUNS_COLUMNS] = {
  [DH_RUNS_COLUMN_BOX] = { "", 36, 0 },
  [DH_RUNS_COLUMN_RUN] = { N_ ("Run"), 76, 0 },
  [DH_RUNS_COLUMN_STATE] = { N_ ("State"), 166, 0, 116 },
  [DH_RUNS_COLUMN_KIND] = { N_ ("Kind"), 88, 1000 },
  [DH_RUNS_COLUMN_MODEL] = { N_ ("Model"), 170, 0, 130, 340 },
  [DH_RUNS_COLUMN_DATA] = { N_ ("Data"), -1, 0 },
  [DH_RUNS_COLUMN_PROTOCOL] = { N_ ("Protocol"), 150, 1300 },
  [DH_RUNS_COLUMN_AP] = { "AP", 68, 0 },
  [DH_RUNS_COLUMN_FPR95] = { "FPR95", 72, 0 },
  [DH_RUNS_COLUMN_AUROC] = { "AUROC", 76, 820 },
  [DH_RUNS_COLUMN_MIOU] = { "mIoU", 68, 900 },
  [DH_RUNS_COLUMN_OPEN_MIOU] = { N_ ("open-mIoU"), 96, 700 },
  [DH_RUNS_COLUMN_STARTED] = { N_ ("Started"), 164, 1150 },
};

static const struct
{
  const char *icon, *class;
} states[DH_N_RUN_ITEM_STATES] = {
  [DH_RUN_ITEM_UNFINISHED] = { "dialog-question-symbolic", "dh-warn" },
  [DH_RUN_ITEM_DONE] = { "object-select-symbolic", "dh-ok" },
  [DH_RUN_ITEM_CANCELLED] = { "process-stop-symbolic", "dim-label" },
  [DH_RUN_ITEM_FAILED] = { "dialog-error-symbolic", "dh-err" },
  [DH_RUN_ITEM_RUNNING] = { "media-playback-start-symbolic", "accent" },
  [DH_RUN_ITEM_QUEUED] = { "alarm-symbolic", "" },
  [DH_RUN_ITEM_PAUSED] = { "media-playback-pause-symbolic", "dim-label" },
  [DH_RUN_ITEM_OUT_OF_MEMORY] = { "dh-memory-symbolic", "dh-warn" },
  [DH_RUN_ITEM_LOST] = { "dialog-question-symbolic", "dh-warn" },
};

static gboolean
is_number (DhRunsColumn column)
{
  return column >= DH_RUNS_COLUMN_AP && column <= DH_RUNS_COLUMN_OPEN_MIOU;
}

static double
number_of (const DhRun *run, DhRunsColumn column)
{
  return column == DH_RUNS_COLUMN_AP      ? run->ap
         : column == DH_RUNS_COLUMN_FPR95 ? run->fpr95
         : column == DH_RUNS_COLUMN_AUROC ? run->auroc
         : column == DH_RUNS_COLUMN_MIOU  ? run->closed_miou
                                          : run->open_miou;
}

char *
dh_runs_column_dup_id (const DhRun *run)
{
  return g_strdup_printf (run->training ? "T%" G_GINT64_FORMAT : "%" G_GINT64_FORMAT, run->id);
}

static char *
text_of (DhRunItem *item, DhRunsColumn column)
{
  const DhRun *run = dh_run_item_get (item);
  switch (column)
    {
    case DH_RUNS_COLUMN_RUN:
      return dh_runs_column_dup_id (run);
    case DH_RUNS_COLUMN_STATE:
      return dh_run_item_dup_state (item);
    case DH_RUNS_COLUMN_KIND:
      return g_strdup (dh_run_item_get_kind_name (item));
    case DH_RUNS_COLUMN_MODEL:
      return dh_run_dup_model (run);
    case DH_RUNS_COLUMN_DATA:
      return run->data != NULL ? dh_run_dup_data (run) : g_strdup ("—");
    case DH_RUNS_COLUMN_PROTOCOL:
      return g_strdup (run->protocol != NULL ? run->protocol : "—");
    case DH_RUNS_COLUMN_STARTED:
      return dh_ui_time (run->started);
    case DH_RUNS_COLUMN_AP:
    case DH_RUNS_COLUMN_FPR95:
    case DH_RUNS_COLUMN_AUROC:
    case DH_RUNS_COLUMN_MIOU:
    case DH_RUNS_COLUMN_OPEN_MIOU:
      return dh_number_format (number_of (run, column) * 100, 2);
    case DH_RUNS_COLUMN_BOX:
    case DH_N_RUNS_COLUMNS:
    default:
      return NULL;
    }
}

static int
compare_words (DhRunItem *x, DhRunItem *y, DhRunsColumn column)
{
  const DhRun *a = dh_run_item_get (x), *b = dh_run_item_get (y);
  if (column == DH_RUNS_COLUMN_RUN)
    return a->training != b->training ? a->training - b->training : (a->id > b->id) - (a->id < b->id);
  if (column == DH_RUNS_COLUMN_STARTED)
    {
      /* ISO 8601, all in UTC. */
      const int order = g_strcmp0 (a->started, b->started);
      return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
    }
  g_autofree char *p = text_of (x, column), *q = text_of (y, column);
  return p != NULL && q != NULL ? g_utf8_collate (p, q) : g_strcmp0 (p, q);
}

int
dh_runs_column_compare (DhRunItem *a, DhRunItem *b, DhRunsColumn column, gboolean descending)
{
  int order;
  if (is_number (column))
    {
      const double p = number_of (dh_run_item_get (a), column), q = number_of (dh_run_item_get (b), column);
      if (isnan (p) || isnan (q))
        return isnan (p) - isnan (q);
      order = (p > q) - (p < q);
    }
  else
    order = compare_words (a, b, column);
  return descending ? -order : order;
}

/* Cells */

static GtkWidget *
make_pair (GtkWidget *first, const char *name, GtkWidget *second)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_box_append (GTK_BOX (box), first);
  gtk_box_append (GTK_BOX (box), second);
  g_object_set_data (G_OBJECT (box), name, first);
  g_object_set_data (G_OBJECT (box), "label", second);
  return box;
}

static void
setup_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer data)
{
  DhRunsColumn column = GPOINTER_TO_UINT (data);
  /* The row is chosen, not the cell: with Ctrl each would turn the choice over, and nothing be chosen. */
  gtk_list_item_set_selectable (cell, FALSE);
  const char *classes =
      is_number (column) || column == DH_RUNS_COLUMN_RUN || column == DH_RUNS_COLUMN_STATE ? "dh-num" : NULL;
  GtkWidget *label = dh_ui_short_label (NULL, classes, is_number (column));
  /* A checkpoint is told by both ends. */
  if (column == DH_RUNS_COLUMN_MODEL)
    gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  if (column == DH_RUNS_COLUMN_STATE)
    gtk_list_item_set_child (cell, make_pair (gtk_image_new (), "icon", label));
  else if (column == DH_RUNS_COLUMN_RUN)
    {
      GtkWidget *badge = dh_ui_label (NULL, "dh-pill a", 0.5);
      gtk_widget_set_valign (badge, GTK_ALIGN_CENTER);
      GtkWidget *box = make_pair (badge, "badge", label);
      gtk_box_reorder_child_after (GTK_BOX (box), badge, label);
      gtk_list_item_set_child (cell, box);
    }
  else
    gtk_list_item_set_child (cell, label);
}

static void
show_state (GtkWidget *box, GtkWidget *label, DhRunItemState state)
{
  if (g_object_get_data (G_OBJECT (box), "state") == GUINT_TO_POINTER (state + 1))
    return;
  g_object_set_data (G_OBJECT (box), "state", GUINT_TO_POINTER (state + 1));
  GtkWidget *icon = g_object_get_data (G_OBJECT (box), "icon");
  gtk_image_set_from_icon_name (GTK_IMAGE (icon), states[state].icon);
  GtkWidget *const both[] = { icon, label };
  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      for (guint k = 0; k < G_N_ELEMENTS (states); k++)
        if (*states[k].class != '\0')
          gtk_widget_remove_css_class (both[i], states[k].class);
      dh_ui_add_classes (both[i], states[state].class);
    }
}

static DhRunItem *
item_of (GtkListItem *cell)
{
  DhRowSlot *slot = gtk_list_item_get_item (cell);
  return slot != NULL ? dh_row_slot_get_item (slot) : NULL;
}

static void
show_cell (GtkListItem *cell)
{
  DhRunItem *item = item_of (cell);
  GtkWidget *child = gtk_list_item_get_child (cell);
  if (item == NULL || child == NULL)
    return;
  DhRunsColumn column = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (cell), "column"));
  const DhRun *run = dh_run_item_get (item);
  const gboolean pair = column == DH_RUNS_COLUMN_STATE || column == DH_RUNS_COLUMN_RUN;
  GtkWidget *label = pair ? g_object_get_data (G_OBJECT (child), "label") : child;
  g_autofree char *text = text_of (item, column);
  gtk_label_set_label (GTK_LABEL (label), text);
  const gboolean words = column == DH_RUNS_COLUMN_STATE || column == DH_RUNS_COLUMN_DATA
                         || column == DH_RUNS_COLUMN_MODEL || column == DH_RUNS_COLUMN_PROTOCOL
                         || column == DH_RUNS_COLUMN_STARTED;
  const char *more = column == DH_RUNS_COLUMN_STATE && run->sentence != NULL ? run->sentence : text;
  dh_ui_set_row_tooltip (child, words ? more : NULL);
  if (column == DH_RUNS_COLUMN_STATE)
    show_state (child, label, run->state);
}

static void
show_badge (Columns *self, GtkListItem *cell)
{
  GtkWidget *box = gtk_list_item_get_child (cell);
  GtkWidget *badge = g_object_get_data (G_OBJECT (box), "badge");
  const char *text = item_of (cell) != NULL ? self->badge (item_of (cell), self->data) : NULL;
  gtk_label_set_label (GTK_LABEL (badge), text != NULL ? text : "");
  gtk_widget_set_visible (badge, text != NULL);
}

/* Follows the run that the slot is filled with now, which may be another one. */
static void
follow (GtkListItem *cell, DhRunItem *item)
{
  DhRunItem *before = g_object_get_data (G_OBJECT (cell), "run");
  if (before == item)
    return;
  if (before != NULL)
    g_signal_handlers_disconnect_by_func (before, show_cell, cell);
  if (item != NULL)
    g_signal_connect_object (item, "changed", G_CALLBACK (show_cell), cell, G_CONNECT_SWAPPED);
  g_object_set_data_full (G_OBJECT (cell), "run", item != NULL ? g_object_ref (item) : NULL, g_object_unref);
}

static void
fill_cell (GtkListItem *cell)
{
  follow (cell, item_of (cell));
  show_cell (cell);
  Columns *self = g_object_get_data (G_OBJECT (cell), "columns");
  if (self != NULL)
    show_badge (self, cell);
}

static void
bind_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer data)
{
  g_object_set_data (G_OBJECT (cell), "column", data);
  g_signal_connect_swapped (gtk_list_item_get_item (cell), "filled", G_CALLBACK (fill_cell), cell);
  dh_row_slot_set_cell (gtk_list_item_get_item (cell), gtk_list_item_get_child (cell));
  if (GPOINTER_TO_UINT (data) == DH_RUNS_COLUMN_RUN)
    {
      Columns *self = g_object_get_data (G_OBJECT (factory), "columns");
      g_object_set_data (G_OBJECT (cell), "columns", self);
      g_ptr_array_add (self->bound, cell);
    }
  fill_cell (cell);
}

static void
unbind_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer data)
{
  g_signal_handlers_disconnect_by_func (gtk_list_item_get_item (cell), fill_cell, cell);
  dh_row_slot_set_cell (gtk_list_item_get_item (cell), NULL);
  follow (cell, NULL);
  Columns *self = g_object_get_data (G_OBJECT (factory), "columns");
  g_ptr_array_remove_fast (self->bound, cell);
}

static void
columns_clear (gpointer data)
{
  g_ptr_array_unref (((Columns *)data)->bound);
}

static void
columns_release (gpointer data)
{
  g_atomic_rc_box_release_full (data, columns_clear);
}

void
dh_runs_columns_add (GtkColumnView *view, DhRunsBadge badge, gpointer data)
{
  Columns *self = g_atomic_rc_box_new0 (Columns);
  *self = (Columns){ badge, data, g_ptr_array_new () };
  g_object_set_data (G_OBJECT (view), "columns", self);
  for (guint i = DH_RUNS_COLUMN_RUN; i < DH_N_RUNS_COLUMNS; i++)
    {
      GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
      g_object_set_data_full (G_OBJECT (factory), "columns", g_atomic_rc_box_acquire (self), columns_release);
      g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), GUINT_TO_POINTER (i));
      g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), GUINT_TO_POINTER (i));
      g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cell), GUINT_TO_POINTER (i));
      const char *title = columns[i].title;
      g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (_ (title), factory);
      dh_view_order_add (view, column, i);
      gtk_column_view_column_set_resizable (column, TRUE);
      gtk_column_view_column_set_expand (column, columns[i].width < 0);
      gtk_column_view_column_set_fixed_width (column, columns[i].width);
      gtk_column_view_append_column (view, column);
      if (is_number (i))
        dh_ui_align_title_right (view, i);
      dh_help_set_column (view, i, _ (title));
      if (i == DH_RUNS_COLUMN_STARTED)
        gtk_column_view_sort_by_column (view, column, GTK_SORT_DESCENDING);
    }
  columns_release (self);
}

void
dh_runs_columns_update (GtkColumnView *view)
{
  Columns *self = g_object_get_data (G_OBJECT (view), "columns");
  for (guint i = 0; i < self->bound->len; i++)
    show_badge (self, self->bound->pdata[i]);
}

void
dh_runs_columns_fit (GtkColumnView *view, int width, gboolean open)
{
  GListModel *all = gtk_column_view_get_columns (view);
  const double scale = dh_ui_text_scale (GTK_WIDGET (view));
  for (guint i = 0; i < g_list_model_get_n_items (all) && i < DH_N_RUNS_COLUMNS; i++)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (all, i);
      const gboolean shown = width >= scale * columns[i].needs && (open || i != DH_RUNS_COLUMN_OPEN_MIOU);
      const int least = width < scale * 900 && columns[i].narrow > 0    ? columns[i].narrow
                        : width >= scale * 1500 && columns[i].ample > 0 ? columns[i].ample
                                                                        : columns[i].width;
      gtk_column_view_column_set_visible (column, shown);
      /* The view counts the width of hidden ones, too. */
      gtk_column_view_column_set_fixed_width (column, !shown ? 0 : least < 0 ? least : (int)ceil (scale * least));
    }
}
