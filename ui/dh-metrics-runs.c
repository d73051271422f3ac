#include "dh-metrics-runs.h"
#include <inttypes.h>
#include "dh-help.h"
#include "dh-metrics-charts.h"
#include "dh-number.h"
#include "dh-run-list.h"
#include "dh-run-map.h"
#include "dh-session-evaluation.h"
#include "dh-set-seen.h"

/* More are found on the Runs page. */
#define MOST_ROWS 12
#define PROTOCOL "densehybrid-pooled"

static gint
compare_ap (gconstpointer left, gconstpointer right)
{
  return dh_run_compare_ap (dh_run_item_get (*(DhRunItem *const *)left), dh_run_item_get (*(DhRunItem *const *)right));
}

static GPtrArray *
list_runs (DhSession *session)
{
  GListModel *runs = dh_session_get_runs (session);
  GPtrArray *found = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
      const DhRun *run = dh_run_item_get (item);
      if (dh_session_can_compare_run (session, run) && g_strcmp0 (run->protocol, PROTOCOL) == 0)
        g_ptr_array_add (found, g_steal_pointer (&item));
    }
  g_ptr_array_sort (found, compare_ap);
  return found;
}

static void
on_name (GtkWidget *button, DhSession *session)
{
  g_object_set (dh_session_get_view (session), "compare-a", g_object_get_data (G_OBJECT (button), "side"), "layout",
                "compare", NULL);
  gtk_widget_activate_action (button, "win.page", "s", "browse");
}

static GtkWidget *
make_name (DhSession *session, const DhRun *run)
{
  GtkWidget *button = gtk_button_new ();
  g_autofree char *network = dh_run_dup_network (run);
  g_autofree char *seen = dh_session_dup_name_seen (session, network, dh_run_get_seen (run));
  GtkWidget *label = dh_ui_short_label (seen, NULL, 0);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 36);
  gtk_button_set_child (GTK_BUTTON (button), label);
  dh_ui_add_classes (button, "flat dh-cell");
  g_autofree char *name = g_strdup_printf (_ ("Run %" PRId64 ", %s"), run->id, gtk_label_get_label (GTK_LABEL (label)));
  dh_ui_set_name (button, name);
  gtk_widget_set_halign (button, GTK_ALIGN_START);
  gtk_widget_set_tooltip_text (button, _ ("Its maps in Browse, beside those of the open network"));
  g_object_set_data_full (G_OBJECT (button), "side", g_strdup_printf ("run:%" G_GINT64_FORMAT, run->id), g_free);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_name), session, 0);
  return button;
}

static void
add_row (DhSession *session, GtkGrid *grid, int row, DhRunItem *item, gboolean shown)
{
  const DhRun *run = dh_run_item_get (item);
  const double numbers[] = { run->ap, run->fpr95, run->auroc, run->best_f1, run->mean_f1 };
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, run->id);
  gtk_grid_attach (grid, dh_ui_label (id, "val", 0), 0, row, 1, 1);
  gtk_grid_attach (grid, make_name (session, run), 1, row, 1, 1);
  gtk_grid_attach (grid, dh_ui_label (dh_run_get_score_name (run), "lab dim-label", 0), 2, row, 1, 1);
  g_autofree char *images = dh_run_is_whole (run) ? g_strdup_printf ("%u", run->images)
                                                  : g_strdup_printf (_ ("%u of %u"), run->images, run->total);
  gtk_grid_attach (grid, dh_ui_label (images, dh_run_is_whole (run) ? "val" : "val dh-warn", 1), 3, row, 1, 1);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *text = dh_number_format (numbers[i] * 100, 2);
      gtk_grid_attach (grid, dh_ui_label (text, shown ? "val heading" : "val", 1), 4 + (int)i, row, 1, 1);
    }
}

static void
show_runs (GtkWidget *card)
{
  static const char *const heads[] = {
    N_ ("Run"), N_ ("Model or method"), N_ ("Score"),       N_ ("Images"), "AP", "FPR95",
    "AUROC",    N_ ("Best F1"),         N_ ("Component F1")
  };
  DhSession *session = g_object_get_data (G_OBJECT (card), "session");
  GtkGrid *grid = g_object_get_data (G_OBJECT (card), "grid");
  const DhEvaluationSummary *summary = dh_session_get_evaluation (session);
  g_autoptr (GPtrArray) runs = list_runs (session);
  g_autofree char *note =
      runs->len > MOST_ROWS ? g_strdup_printf (
          _ ("densehybrid-pooled, in per cent, the best %u of %u; Runs (Ctrl+4) has all"), MOST_ROWS, runs->len)
                            : g_strdup (_ ("densehybrid-pooled, in per cent, the best of the whole set first"));
  gtk_label_set_label (g_object_get_data (G_OBJECT (card), "note"), note);
  dh_ui_clear_grid (grid);
  gboolean others = FALSE;
  for (guint i = 0; i < runs->len; i++)
    others = others || summary == NULL || dh_run_item_get (runs->pdata[i])->id != summary->run;
  gtk_widget_set_visible (card, others);
  if (!others)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      GtkWidget *head = dh_ui_label (_ (heads[i]), "head", i < 3 ? 0 : 1);
      dh_help_set (head, _ (heads[i]));
      gtk_grid_attach (grid, head, (int)i, 0, 1, 1);
    }
  for (guint i = 0; i < MIN (runs->len, MOST_ROWS); i++)
    add_row (session, grid, (int)i + 1, runs->pdata[i],
             summary != NULL && dh_run_item_get (runs->pdata[i])->id == summary->run);
}

GtkWidget *
dh_metrics_runs_new (DhSession *session)
{
  GtkWidget *note;
  GtkWidget *card = dh_metrics_card_new (_ ("Runs of this data set"), &note, NULL);
  GtkWidget *grid = dh_ui_table (2);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_NEVER);
  gtk_scrolled_window_set_propagate_natural_width (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), grid);
  gtk_box_append (GTK_BOX (card), scroller);
  g_object_set_data_full (G_OBJECT (card), "session", g_object_ref (session), g_object_unref);
  g_object_set_data (G_OBJECT (card), "grid", grid);
  g_object_set_data (G_OBJECT (card), "note", note);
  g_signal_connect_object (dh_session_get_runs (session), "items-changed", G_CALLBACK (show_runs), card,
                           G_CONNECT_SWAPPED);
  static const char *const signals[] = { "notify::dataset-title", "notify::evaluating", "notify::set-stats" };
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (session, signals[i], G_CALLBACK (show_runs), card, G_CONNECT_SWAPPED);
  show_runs (card);
  return card;
}
