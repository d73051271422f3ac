#include "dh-numbers.h"
#include <math.h>
#include "dh-number.h"
#include "dh-widgets.h"

enum
{
  ROW_PRECISION,
  ROW_TPR,
  ROW_FPR,
  ROW_F1,
  ROW_TP,
  ROW_FP,
  ROW_FN,
  ROW_FLAGGED,
  N_ROWS,
};

struct _DhNumbers
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *grid, *why;
  GtkWidget *values[N_ROWS][2];
};

G_DEFINE_FINAL_TYPE (DhNumbers, dh_numbers, GTK_TYPE_WIDGET)

static const char *const names[N_ROWS] = {
  N_ ("Precision"),      N_ ("TPR (recall)"),   N_ ("FPR"),    N_ ("F1"), N_ ("True positive"),
  N_ ("False positive"), N_ ("False negative"), N_ ("Flagged")
};

static void
set_text (DhNumbers *self, guint row, guint column, char *text)
{
  gtk_label_set_label (GTK_LABEL (self->values[row][column]), text);
  static const char *const columns[] = { N_ ("image"), N_ ("data set") };
  g_autofree char *name = g_strdup_printf ("%s, %s, %s", _ (names[row]), _ (columns[column]), text);
  dh_ui_set_name (self->values[row][column], name);
  g_free (text);
}

static void
show_column (DhNumbers *self, guint column, const DhScoreStats *stats)
{
  DhScore score = dh_session_get_active_score (self->session);
  double threshold = dh_session_get_threshold (self->session, score)->value;
  if (!dh_score_stats_has (stats, score) || isnan (threshold))
    {
      for (guint row = 0; row < N_ROWS; row++)
        set_text (self, row, column, g_strdup ("—"));
      return;
    }
  DhCounts counts;
  dh_score_stats_count (stats, score, threshold, &counts);
  if (!counts.labelled)
    for (guint row = 0; row < ROW_FLAGGED; row++)
      set_text (self, row, column, g_strdup ("—"));
  else
    {
      set_text (self, ROW_PRECISION, column, dh_number_format_percent (dh_counts_precision (&counts), 1));
      set_text (self, ROW_TPR, column, dh_number_format_percent (dh_counts_tpr (&counts), 1));
      set_text (self, ROW_FPR, column, dh_number_format_percent (dh_counts_fpr (&counts), 1));
      set_text (self, ROW_F1, column, dh_number_format_percent (dh_counts_f1 (&counts), 1));
      set_text (self, ROW_TP, column, dh_number_format_count (counts.tp));
      set_text (self, ROW_FP, column, dh_number_format_count (counts.fp));
      set_text (self, ROW_FN, column, dh_number_format_count (counts.fn));
    }
  double share = counts.pixels > 0 ? (double)counts.flagged / (double)counts.pixels : NAN;
  set_text (self, ROW_FLAGGED, column, dh_number_format_percent (share, 2));
}

/* Why there are dashes. */
static char *
explain (DhNumbers *self)
{
  DhFrame *frame = dh_session_get_frame (self->session);
  DhScoreStats *stats = dh_session_get_stats (self->session);
  if (dh_session_get_model_info (self->session) == NULL)
    return g_strdup (_ ("—  no weights are loaded"));
  if (frame != NULL && frame->truth_error != NULL)
    return g_strdup (_ ("—  this image's label is left out"));
  if (stats != NULL && !dh_score_stats_is_labelled (stats))
    return g_strdup (_ ("—  this image has no anomaly label"));
  if (stats != NULL && dh_score_stats_n_anomalies (stats) == 0)
    return g_strdup (_ ("—  this image has no anomaly pixels"));
  if (stats != NULL && dh_session_get_set_stats (self->session) == NULL
      && dh_session_has_anomaly_labels (self->session))
    return g_strdup (_ ("—  the data set is not evaluated yet (Ctrl+E)"));
  return NULL;
}

static void
show (DhNumbers *self)
{
  show_column (self, 0, dh_session_get_stats (self->session));
  show_column (self, 1, dh_session_get_set_stats (self->session));
}

static void
show_all (DhNumbers *self)
{
  show (self);
  g_autofree char *why = explain (self);
  gtk_widget_set_visible (self->why, why != NULL);
  gtk_label_set_label (GTK_LABEL (self->why), why != NULL ? why : "");
}

static void
on_threshold (DhSession *session, guint score, DhNumbers *self)
{
  if (score == dh_session_get_active_score (session))
    show (self);
}

static void
dh_numbers_dispose (GObject *object)
{
  DhNumbers *self = DH_NUMBERS (object);
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_numbers_parent_class)->dispose (object);
}

static void
dh_numbers_class_init (DhNumbersClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_numbers_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static GtkWidget *
make_name (guint row)
{
  static const struct
  {
    guint row;
    guint32 rgb;
    gboolean hatched;
  } swatches[] = { { ROW_TP, DH_COLOR_TP, FALSE }, { ROW_FP, DH_COLOR_FP, FALSE }, { ROW_FN, DH_COLOR_FN, TRUE } };
  GtkWidget *name = dh_ui_short_label (_ (names[row]), "lab", 0);
  for (guint i = 0; i < G_N_ELEMENTS (swatches); i++)
    if (swatches[i].row == row)
      {
        GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 9, NULL);
        gtk_box_append (GTK_BOX (box), dh_ui_swatch (swatches[i].rgb, swatches[i].hatched));
        gtk_box_append (GTK_BOX (box), name);
        return box;
      }
  return name;
}

static void
dh_numbers_init (DhNumbers *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 4, NULL);
  gtk_widget_set_parent (box, GTK_WIDGET (self));
  self->grid = gtk_grid_new ();
  gtk_grid_set_row_spacing (GTK_GRID (self->grid), 2);
  gtk_grid_set_column_spacing (GTK_GRID (self->grid), 12);
  dh_ui_add_classes (self->grid, "dh-table");
  GtkWidget *head = dh_ui_short_label (_ ("At this threshold"), "head", 0);
  gtk_widget_set_hexpand (head, TRUE);
  gtk_grid_attach (GTK_GRID (self->grid), head, 0, 0, 1, 1);
  gtk_grid_attach (GTK_GRID (self->grid), dh_ui_label (_ ("image"), "head", 1), 1, 0, 1, 1);
  gtk_grid_attach (GTK_GRID (self->grid), dh_ui_label (_ ("data set"), "head", 1), 2, 0, 1, 1);
  int line = 1;
  for (guint row = 0; row < N_ROWS; row++, line++)
    {
      if (row == ROW_TP || row == ROW_FLAGGED)
        {
          GtkWidget *rule = dh_ui_line ();
          gtk_widget_set_margin_top (rule, 4);
          gtk_widget_set_margin_bottom (rule, 4);
          gtk_grid_attach (GTK_GRID (self->grid), rule, 0, line++, 3, 1);
        }
      gtk_grid_attach (GTK_GRID (self->grid), make_name (row), 0, line, 1, 1);
      for (guint column = 0; column < 2; column++)
        {
          self->values[row][column] = dh_ui_label ("—", "val", 1);
          gtk_label_set_width_chars (GTK_LABEL (self->values[row][column]), column == 0 ? 9 : 11);
          gtk_grid_attach (GTK_GRID (self->grid), self->values[row][column], (int)column + 1, line, 1, 1);
        }
    }
  gtk_box_append (GTK_BOX (box), self->grid);
  self->why = dh_ui_label (NULL, "dh-small dim-label", 0);
  gtk_label_set_wrap (GTK_LABEL (self->why), TRUE);
  gtk_box_append (GTK_BOX (box), self->why);
}

GtkWidget *
dh_numbers_new (DhSession *session)
{
  DhNumbers *self = g_object_new (DH_TYPE_NUMBERS, NULL);
  self->session = g_object_ref (session);
  static const char *const props[] = { "notify::stats", "notify::set-stats", "notify::active-score",
                                       "notify::model-info", "notify::frame" };
  for (guint i = 0; i < G_N_ELEMENTS (props); i++)
    g_signal_connect_object (session, props[i], G_CALLBACK (show_all), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), self, 0);
  show_all (self);
  return GTK_WIDGET (self);
}
