#include "dh-metrics-tables.h"
#include "dh-help.h"
#include "dh-metrics-charts.h"
#include "dh-number.h"
#include "dh-session-evaluation.h"

static void
clear_grid (GtkGrid *grid)
{
  dh_ui_clear_grid (grid);
}

static void
add_number (GtkGrid *grid, int column, int row, char *text, gboolean bold)
{
  GtkWidget *label = dh_ui_label (text, bold ? "val heading" : "val", 1);
  gtk_label_set_width_chars (GTK_LABEL (label), 7);
  gtk_grid_attach (grid, label, column, row, 1, 1);
  g_free (text);
}

static char *
percent (double fraction)
{
  return dh_number_format (fraction * 100, 2);
}

static void
show_protocols (GtkWidget *card)
{
  DhSession *session = g_object_get_data (G_OBJECT (card), "session");
  GtkGrid *grid = g_object_get_data (G_OBJECT (card), "grid");
  GtkWidget *note = g_object_get_data (G_OBJECT (card), "note"), *more = g_object_get_data (G_OBJECT (card), "more");
  const DhEvaluationSummary *summary = dh_session_get_evaluation (session);
  clear_grid (grid);
  gtk_widget_set_visible (card, summary != NULL && summary->labelled);
  if (summary == NULL || !summary->labelled)
    return;
  g_autofree char *text = g_strdup_printf (
      ngettext ("in per cent; %s under %u rule", "in per cent; the same %s under %u rules", summary->lines->len),
      dh_score_title (summary->score), summary->lines->len);
  gtk_label_set_label (GTK_LABEL (note), text);
  g_autofree char *others =
      g_strdup_printf (ngettext ("Measure %u more", "Measure %u more", summary->unmeasured), summary->unmeasured);
  gtk_button_set_label (GTK_BUTTON (more), others);
  static const char *const heads[] = { N_ ("Protocol"), "AP", "FPR95", "AUROC", N_ ("Undefined"), N_ ("What it does") };
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      GtkWidget *head = dh_ui_label (_ (heads[i]), "head", i == 0 || i == 5 ? 0 : 1);
      dh_help_set (head, _ (heads[i]));
      gtk_grid_attach (grid, head, (int)i, 0, 1, 1);
    }
  for (guint i = 0; i < summary->lines->len; i++)
    {
      const DhProtocolLine *line = summary->lines->pdata[i];
      int row = (int)i + 1;
      GtkWidget *name = dh_ui_label (line->name, i == 0 ? "lab heading" : "lab", 0);
      gtk_widget_set_tooltip_text (name, line->title);
      gtk_grid_attach (grid, name, 0, row, 1, 1);
      if (line->has_components)
        {
          g_autofree char *f1 = percent (line->mean_f1), *siou = percent (line->siou), *ppv = percent (line->ppv);
          g_autofree char *numbers = g_strdup_printf (_ ("mean F1 %s · sIoU %s · PPV %s"), f1, siou, ppv);
          GtkWidget *label = dh_ui_label (numbers, "val", 1);
          g_autofree char *terms = g_strdup_printf ("F1: %s\nsIoU: %s\nPPV: %s", dh_help_of (_ ("Component F1")),
                                                    dh_help_of ("sIoU"), dh_help_of ("PPV"));
          gtk_widget_set_tooltip_text (label, terms);
          gtk_grid_attach (grid, label, 1, row, 4, 1);
        }
      else
        {
          add_number (grid, 1, row, percent (line->ap), i == 0);
          add_number (grid, 2, row, percent (line->fpr95), i == 0);
          add_number (grid, 3, row, percent (line->auroc), i == 0);
          add_number (grid, 4, row,
                      line->undefined_images > 0 ? g_strdup_printf ("%u", line->undefined_images) : g_strdup ("—"),
                      FALSE);
        }
      GtkWidget *why = dh_ui_short_label (line->why, "dh-small dim-label", 0);
      gtk_widget_set_tooltip_text (why, line->why);
      gtk_widget_set_hexpand (why, TRUE);
      gtk_grid_attach (grid, why, 5, row, 1, 1);
    }
}

/* What a run of the command line has not measured is measured from its maps, without the network. */
static void
show_more (GtkWidget *card)
{
  DhSession *session = g_object_get_data (G_OBJECT (card), "session");
  const DhEvaluationSummary *summary = dh_session_get_evaluation (session);
  gtk_widget_set_visible (g_object_get_data (G_OBJECT (card), "more"), summary != NULL && summary->unmeasured > 0
                                                                           && !dh_session_is_evaluating (session)
                                                                           && !dh_session_is_recalling (session));
}

GtkWidget *
dh_protocol_card_new (DhSession *session)
{
  GtkWidget *note, *head, *more = gtk_button_new ();
  GtkWidget *card = dh_metrics_card_new (_ ("Protocols"), &note, &head);
  dh_ui_add_classes (more, "flat dh-cell");
  gtk_widget_set_tooltip_text (more, _ ("The run did not measure these protocols: they are measured from its maps, "
                                        "without the network"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (more), "win.recall-evaluation");
  gtk_box_append (GTK_BOX (head), more);
  GtkWidget *grid = dh_ui_table (7);
  gtk_grid_set_row_homogeneous (GTK_GRID (grid), TRUE);
  /* Large letters must not make the window wider than a small screen. */
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_NEVER);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), grid);
  gtk_box_append (GTK_BOX (card), scroller);
  g_object_set_data_full (G_OBJECT (card), "session", g_object_ref (session), g_object_unref);
  g_object_set_data (G_OBJECT (card), "grid", grid);
  g_object_set_data (G_OBJECT (card), "note", note);
  g_object_set_data (G_OBJECT (card), "more", more);
  g_signal_connect_object (session, "notify::evaluating", G_CALLBACK (show_protocols), card, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (show_protocols), card, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "evaluation", G_CALLBACK (show_more), card, G_CONNECT_SWAPPED);
  show_protocols (card);
  show_more (card);
  return card;
}
