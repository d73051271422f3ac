#include <math.h>
#include "dh-histogram.h"
#include "dh-number.h"
#include "dh-score-axis.h"
#include "dh-score-tuner.h"

/* One row for the active score. */
typedef struct
{
  DhSession *session;
  GtkWidget *row, *menu, *stack, *f1;
  DhScoreAxis *axes[DH_N_SCORES];
  GtkWidget *histograms[DH_N_SCORES], *fields[DH_N_SCORES];
  GtkWidget *field_stack;
} Line;

static void
line_free (gpointer data)
{
  Line *line = data;
  for (guint i = 0; i < DH_N_SCORES; i++)
    dh_score_axis_free (line->axes[i]);
  g_object_unref (line->session);
  g_free (line);
}

static void
show_numbers (GtkWidget *row, Line *line)
{
  DhScore score = dh_session_get_active_score (line->session);
  DhScoreStats *stats = dh_session_get_stats (line->session);
  double threshold = dh_session_get_threshold (line->session, score)->value;
  g_autofree char *text = NULL;
  if (dh_score_stats_has (stats, score) && !isnan (threshold))
    {
      DhCounts counts;
      dh_score_stats_count (stats, score, threshold, &counts);
      double f1 = counts.labelled ? dh_counts_f1 (&counts) * 100 : NAN;
      g_autofree char *number = dh_number_format (f1, 1);
      text = g_strdup_printf (_ ("F1 %s"), number);
    }
  gtk_label_set_label (GTK_LABEL (line->f1), text != NULL ? text : "");
}

static void
on_threshold (GtkWidget *row, guint score, gpointer session)
{
  show_numbers (row, g_object_get_data (G_OBJECT (row), "line"));
}

static void
show_all (GtkWidget *row)
{
  Line *line = g_object_get_data (G_OBJECT (row), "line");
  DhScore score = dh_session_get_active_score (line->session);
  gtk_stack_set_visible_child (GTK_STACK (line->stack), line->histograms[score]);
  gtk_stack_set_visible_child (GTK_STACK (line->field_stack), line->fields[score]);
  gtk_menu_button_set_label (GTK_MENU_BUTTON (line->menu), dh_score_title (score));
  for (guint i = 0; i < DH_N_SCORES; i++)
    dh_score_axis_fill (line->axes[i], line->histograms[i], FALSE);
  show_numbers (row, line);
}

GtkWidget *
dh_score_line_new (DhSession *session)
{
  Line *line = g_new0 (Line, 1);
  line->session = g_object_ref (session);
  GtkWidget *row = line->row = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 12, "dh-strip dh-thr");
  g_object_set_data_full (G_OBJECT (row), "line", line, line_free);
  g_autoptr (GMenu) menu = g_menu_new ();
  line->stack = gtk_stack_new ();
  line->field_stack = gtk_stack_new ();
  gtk_stack_set_hhomogeneous (GTK_STACK (line->field_stack), TRUE);
  gtk_widget_set_hexpand (line->stack, TRUE);
  gtk_widget_set_valign (line->field_stack, GTK_ALIGN_CENTER);
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      g_autofree char *action = g_strdup_printf ("win.active-score::%s", dh_score_id (i));
      g_menu_append (menu, dh_score_title (i), action);
      line->axes[i] = dh_score_axis_new (session, i);
      DhHistogram *histogram = DH_HISTOGRAM (line->histograms[i] = dh_histogram_new ());
      dh_histogram_set_adjustment (histogram, line->axes[i]->axis);
      dh_histogram_set_flag_below (histogram, !dh_score_flags_above (i));
      dh_histogram_set_logit (histogram, i == DH_SCORE_DATASET_POSTERIOR);
      dh_histogram_set_plot_height (histogram, 24);
      dh_histogram_set_show_axis (histogram, FALSE);
      gtk_widget_set_valign (line->histograms[i], GTK_ALIGN_CENTER);
      gtk_stack_add_child (GTK_STACK (line->stack), line->histograms[i]);
      line->fields[i] = gtk_spin_button_new (line->axes[i]->field, 0, i == DH_SCORE_DATASET_POSTERIOR ? 4 : 2);
      gtk_editable_set_width_chars (GTK_EDITABLE (line->fields[i]), 6);
      dh_spin_button_use_true_minus (GTK_SPIN_BUTTON (line->fields[i]));
      dh_ui_add_classes (line->fields[i], "dh-compact");
      g_autofree char *name = g_strdup_printf (_ ("%s threshold"), dh_score_title (i));
      dh_ui_set_name (line->fields[i], name);
      dh_histogram_set_label (histogram, name, NULL);
      gtk_stack_add_child (GTK_STACK (line->field_stack), line->fields[i]);
    }
  line->menu = dh_ui_text_menu ("", G_MENU_MODEL (menu), "flat dh-dense");
  dh_ui_set_menu_tooltip (line->menu, _ ("The score whose threshold this line sets"));
  gtk_widget_set_valign (line->menu, GTK_ALIGN_CENTER);
  line->f1 = dh_ui_label (NULL, "val dh-num", 1);
  gtk_label_set_width_chars (GTK_LABEL (line->f1), 7);
  gtk_box_append (GTK_BOX (row), line->menu);
  gtk_box_append (GTK_BOX (row), line->stack);
  gtk_box_append (GTK_BOX (row), line->field_stack);
  gtk_box_append (GTK_BOX (row), line->f1);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), row, G_CONNECT_SWAPPED);
  static const char *const props[] = { "notify::stats", "notify::active-score", "ranges" };
  for (guint i = 0; i < G_N_ELEMENTS (props); i++)
    g_signal_connect_object (session, props[i], G_CALLBACK (show_all), row, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  show_all (row);
  return row;
}
