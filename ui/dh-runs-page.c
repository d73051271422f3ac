#include "dh-runs-page.h"
#include <math.h>
#include "dh-metrics-charts.h"
#include "dh-number.h"
#include "dh-run-list.h"
#include "dh-runs-compared.h"

typedef enum
{
  COLUMN_RUN,
  COLUMN_STATE,
  COLUMN_MODEL,
  COLUMN_DATA,
  COLUMN_SCORE,
  COLUMN_AP,
  COLUMN_FPR95,
  COLUMN_AUROC,
  COLUMN_STARTED,
  N_COLUMNS,
} Column;

struct _DhRunsPage
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *stack, *view, *note, *compared, *export, *command;
  GtkMultiSelection *selection;
  GSimpleActionGroup *actions;
  DhRunItem *a, *b; /* chosen: the newer first */
  guint tick;
};

G_DEFINE_FINAL_TYPE (DhRunsPage, dh_runs_page, GTK_TYPE_WIDGET)

static char *
state_text (const DhRun *run)
{
  switch (run->state)
    {
    case DH_RUN_DONE:
      return g_strdup (_ ("done"));
    case DH_RUN_CANCELLED:
      return g_strdup_printf (_ ("stopped at %u of %u"), run->images, run->total);
    case DH_RUN_FAILED:
      return g_strdup_printf (_ ("failed: %s"), run->why != NULL ? run->why : "");
    case DH_RUN_RUNNING:
      return g_strdup_printf (_ ("running, %u of %u"), run->images + run->failed, run->total);
    case DH_RUN_UNFINISHED:
    default:
      return g_strdup_printf (_ ("unfinished, %u of %u"), run->images, run->total);
    }
}

static char *
text_of (const DhRun *run, Column column)
{
  switch (column)
    {
    case COLUMN_RUN:
      return g_strdup_printf ("%" G_GINT64_FORMAT, run->id);
    case COLUMN_STATE:
      return state_text (run);
    case COLUMN_MODEL:
      return g_strdup (run->model);
    case COLUMN_DATA:
      return g_strdup (run->data);
    case COLUMN_SCORE:
      return g_strdup (run->score);
    case COLUMN_AP:
      return dh_number_format (run->ap * 100, 2);
    case COLUMN_FPR95:
      return dh_number_format (run->fpr95 * 100, 2);
    case COLUMN_AUROC:
      return dh_number_format (run->auroc * 100, 2);
    case COLUMN_STARTED:
      return dh_ui_time (run->started);
    case N_COLUMNS:
    default:
      return NULL;
    }
}

static gboolean
is_number (Column column)
{
  return column >= COLUMN_AP && column <= COLUMN_AUROC;
}

static int
compare (gconstpointer left, gconstpointer right, gpointer data)
{
  Column column = GPOINTER_TO_UINT (data);
  const DhRun *a = dh_run_item_get ((DhRunItem *)left), *b = dh_run_item_get ((DhRunItem *)right);
  if (column == COLUMN_RUN || column == COLUMN_STARTED)
    return (a->id > b->id) - (a->id < b->id);
  if (!is_number (column))
    {
      g_autofree char *x = text_of (a, column), *y = text_of (b, column);
      return g_strcmp0 (x, y);
    }
  double x = column == COLUMN_AP ? a->ap : column == COLUMN_FPR95 ? a->fpr95 : a->auroc;
  double y = column == COLUMN_AP ? b->ap : column == COLUMN_FPR95 ? b->fpr95 : b->auroc;
  if (isnan (x) || isnan (y))
    return isnan (x) - isnan (y);
  return (x > y) - (x < y);
}

static void
setup_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer data)
{
  Column column = GPOINTER_TO_UINT (data);
  /* The row is chosen, not the cell: with Ctrl each would turn the choice over, and nothing be chosen. */
  gtk_list_item_set_selectable (cell, FALSE);
  gtk_list_item_set_child (cell, dh_ui_short_label (NULL, is_number (column) ? "dh-num" : NULL, is_number (column)));
}

static void
bind_cell (GtkSignalListItemFactory *factory, GtkListItem *cell, gpointer data)
{
  Column column = GPOINTER_TO_UINT (data);
  const DhRun *run = dh_run_item_get (gtk_list_item_get_item (cell));
  GtkWidget *label = gtk_list_item_get_child (cell);
  g_autofree char *text = text_of (run, column);
  gtk_label_set_label (GTK_LABEL (label), text);
  gtk_widget_set_tooltip_text (label, column == COLUMN_STATE || column == COLUMN_DATA ? text : NULL);
  if (column != COLUMN_STATE)
    return;
  static const char *const classes[] = { "dh-warn", "dh-ok", "dim-label", "dh-err", "accent" };
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    gtk_widget_remove_css_class (label, classes[i]);
  gtk_widget_add_css_class (label, classes[run->state]);
}

static void
show_chosen (DhRunsPage *self)
{
  g_clear_object (&self->a);
  g_clear_object (&self->b);
  g_autoptr (GtkBitset) chosen = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  guint64 n = gtk_bitset_get_size (chosen);
  if (n > 0)
    self->a = g_list_model_get_item (G_LIST_MODEL (self->selection), gtk_bitset_get_nth (chosen, 0));
  if (n > 1)
    self->b = g_list_model_get_item (G_LIST_MODEL (self->selection), gtk_bitset_get_nth (chosen, 1));
  dh_runs_compared_set (self->compared, self->a != NULL ? dh_run_item_get (self->a) : NULL,
                        self->b != NULL ? dh_run_item_get (self->b) : NULL);
  gtk_widget_set_sensitive (self->export, self->a != NULL);
  gtk_widget_set_sensitive (self->command, self->a != NULL && dh_run_item_get (self->a)->command != NULL);
}

/* What was chosen stays so when the rows are read anew; at first it is the newest. */
static void
choose_again (DhRunsPage *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  g_autoptr (GtkBitset) chosen = gtk_bitset_new_empty ();
  DhRunItem *before[] = { self->a, self->b };
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (G_LIST_MODEL (self->selection), i);
      for (guint k = 0; k < G_N_ELEMENTS (before); k++)
        if (before[k] != NULL && dh_run_item_get (before[k])->id == dh_run_item_get (item)->id)
          gtk_bitset_add (chosen, i);
    }
  if (n > 0 && gtk_bitset_is_empty (chosen))
    gtk_bitset_add (chosen, 0);
  g_autoptr (GtkBitset) all = gtk_bitset_new_range (0, n);
  gtk_selection_model_set_selection (GTK_SELECTION_MODEL (self->selection), chosen, all);
}

static void
show_runs (DhRunsPage *self)
{
  guint n = g_list_model_get_n_items (dh_session_get_runs (self->session));
  g_autofree char *note = g_strdup_printf (ngettext ("%u in all", "%u in all", n), n);
  gtk_label_set_label (GTK_LABEL (self->note), note);
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), n > 0 ? "runs" : "empty");
  choose_again (self);
  show_chosen (self);
}

static void
on_selected (GtkSelectionModel *model, guint position, guint n, DhRunsPage *self)
{
  show_chosen (self);
}

static void
report_chosen (GtkNativeDialog *dialog, int response, DhRunsPage *self)
{
  if (response == GTK_RESPONSE_ACCEPT && self->a != NULL)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
      if (path != NULL)
        dh_session_export_runs (self->session, dh_run_item_get (self->a)->id,
                                self->b != NULL ? dh_run_item_get (self->b)->id : 0, path);
    }
  g_object_unref (dialog);
}

static void
export_runs (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsPage *self = data;
  if (self->a == NULL)
    return;
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Export a report"), GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                                   GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Export"), NULL);
  g_autofree char *name = g_strdup_printf ("run-%" G_GINT64_FORMAT ".%s", dh_run_item_get (self->a)->id,
                                           g_variant_get_string (value, NULL));
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  g_signal_connect_object (dialog, "response", G_CALLBACK (report_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
copy_command (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhRunsPage *self = data;
  const char *command = self->a != NULL ? dh_run_item_get (self->a)->command : NULL;
  if (command == NULL)
    return;
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), command);
  g_signal_emit_by_name (self->session, "message", _ ("The command is in the clipboard"));
}

static GtkWidget *
make_band (DhRunsPage *self)
{
  GtkWidget *band = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, "dh-band");
  GtkWidget *space = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, NULL);
  gtk_widget_set_hexpand (space, TRUE);
  gtk_box_append (GTK_BOX (band), space);
  self->command = gtk_button_new_with_label (_ ("Copy as command"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->command), "runs.copy-command");
  gtk_widget_set_valign (self->command, GTK_ALIGN_CENTER);
  dh_ui_add_classes (self->command, "flat");
  gtk_box_append (GTK_BOX (band), self->command);
  g_autoptr (GMenu) menu = g_menu_new ();
  dh_ui_menu_section (menu, _ ("Report"), _ ("HTML, one file with pictures…"), "runs.export::html", _ ("PDF…"),
                      "runs.export::pdf", _ ("Markdown…"), "runs.export::md", _ ("LaTeX rows…"), "runs.export::tex",
                      _ ("JSON…"), "runs.export::json", _ ("CSV, per image…"), "runs.export::csv", NULL);
  self->export = dh_ui_text_menu (_ ("Export"), G_MENU_MODEL (menu), NULL);
  gtk_widget_set_valign (self->export, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (band), self->export);
  return band;
}

static void
add_columns (DhRunsPage *self)
{
  static const char *const titles[N_COLUMNS] = { N_ ("Run"), N_ ("State"), N_ ("Model"), N_ ("Data"),   N_ ("Score"),
                                                 "AP",       "FPR95",      "AUROC",      N_ ("Started") };
  static const int widths[N_COLUMNS] = { 60, 140, 150, -1, 84, 70, 78, 84, 140 };
  for (guint i = 0; i < N_COLUMNS; i++)
    {
      GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
      g_signal_connect (factory, "setup", G_CALLBACK (setup_cell), GUINT_TO_POINTER (i));
      g_signal_connect (factory, "bind", G_CALLBACK (bind_cell), GUINT_TO_POINTER (i));
      g_autoptr (GtkColumnViewColumn) column = gtk_column_view_column_new (_ (titles[i]), factory);
      g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (compare, GUINT_TO_POINTER (i), NULL));
      gtk_column_view_column_set_sorter (column, sorter);
      gtk_column_view_column_set_resizable (column, TRUE);
      gtk_column_view_column_set_expand (column, i == COLUMN_DATA);
      gtk_column_view_column_set_fixed_width (column, widths[i]);
      gtk_column_view_append_column (GTK_COLUMN_VIEW (self->view), column);
      if (is_number (i))
        dh_ui_align_title_right (GTK_COLUMN_VIEW (self->view), i);
      if (i == COLUMN_RUN)
        gtk_column_view_sort_by_column (GTK_COLUMN_VIEW (self->view), column, GTK_SORT_DESCENDING);
    }
}

static GtkWidget *
make_table (DhRunsPage *self)
{
  GtkWidget *card = dh_metrics_card_new (_ ("Runs"), &self->note, NULL);
  self->view = gtk_column_view_new (NULL);
  GtkSorter *sorter = gtk_column_view_get_sorter (GTK_COLUMN_VIEW (self->view));
  GtkSortListModel *sorted =
      gtk_sort_list_model_new (g_object_ref (dh_session_get_runs (self->session)), g_object_ref (sorter));
  self->selection = gtk_multi_selection_new (G_LIST_MODEL (sorted));
  gtk_column_view_set_model (GTK_COLUMN_VIEW (self->view), GTK_SELECTION_MODEL (self->selection));
  dh_ui_add_classes (self->view, "dh-col");
  dh_ui_set_name (self->view, _ ("Runs"));
  add_columns (self);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), self->view);
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 150);
  gtk_box_append (GTK_BOX (card), scroller);
  return card;
}

/* Evaluations go on in other programs as well: while the page is seen it is read anew. */
static gboolean
on_tick (gpointer data)
{
  DhRunsPage *self = data;
  dh_session_refresh_runs (self->session);
  return G_SOURCE_CONTINUE;
}

static void
dh_runs_page_map (GtkWidget *widget)
{
  DhRunsPage *self = DH_RUNS_PAGE (widget);
  GTK_WIDGET_CLASS (dh_runs_page_parent_class)->map (widget);
  dh_session_refresh_runs (self->session);
  self->tick = g_timeout_add_seconds (2, on_tick, self);
}

static void
dh_runs_page_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&DH_RUNS_PAGE (widget)->tick, g_source_remove);
  GTK_WIDGET_CLASS (dh_runs_page_parent_class)->unmap (widget);
}

static void
dh_runs_page_dispose (GObject *object)
{
  DhRunsPage *self = DH_RUNS_PAGE (object);
  g_clear_handle_id (&self->tick, g_source_remove);
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->selection);
  g_clear_object (&self->actions);
  g_clear_object (&self->a);
  g_clear_object (&self->b);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_runs_page_parent_class)->dispose (object);
}

static void
dh_runs_page_class_init (DhRunsPageClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_runs_page_dispose;
  GTK_WIDGET_CLASS (class)->map = dh_runs_page_map;
  GTK_WIDGET_CLASS (class)->unmap = dh_runs_page_unmap;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_runs_page_init (DhRunsPage *self)
{
}

GtkWidget *
dh_runs_page_new (DhSession *session)
{
  DhRunsPage *self = g_object_new (DH_TYPE_RUNS_PAGE, NULL);
  self->session = g_object_ref (session);
  self->actions = g_simple_action_group_new ();
  const GActionEntry entries[] = { { "export", export_runs, "s", NULL, NULL },
                                   { "copy-command", copy_command, NULL, NULL, NULL } };
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "runs", G_ACTION_GROUP (self->actions));

  GtkWidget *cards = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, NULL);
  gtk_widget_set_margin_top (cards, 12);
  gtk_widget_set_margin_bottom (cards, 12);
  gtk_widget_set_margin_start (cards, 12);
  gtk_widget_set_margin_end (cards, 12);
  GtkWidget *band = make_band (self);
  gtk_box_append (GTK_BOX (cards), make_table (self));
  self->compared = dh_runs_compared_new ();
  /* In a low window it gives way to the table. */
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), self->compared);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_box_append (GTK_BOX (cards), scroller);
  GtkWidget *page = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_box_append (GTK_BOX (page), band);
  gtk_box_append (GTK_BOX (page), cards);
  GtkWidget *empty = adw_status_page_new ();
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (empty), "dh-runs-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (empty), _ ("No runs yet"));
  adw_status_page_set_description (
      ADW_STATUS_PAGE (empty), _ ("Every evaluation, from here or from the command line, is kept with what it needs "
                                  "to be repeated."));
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), empty, "empty");
  gtk_stack_add_named (GTK_STACK (self->stack), page, "runs");
  gtk_widget_set_parent (self->stack, GTK_WIDGET (self));
  g_object_ref (self->selection);
  g_signal_connect_object (self->selection, "selection-changed", G_CALLBACK (on_selected), self, 0);
  g_signal_connect_object (dh_session_get_runs (session), "items-changed", G_CALLBACK (show_runs), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  show_runs (self);
  return GTK_WIDGET (self);
}
