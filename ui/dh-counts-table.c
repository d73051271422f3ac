#include "dh-counts-table.h"
#include <math.h>
#include "dh-help.h"
#include "dh-number.h"
#include "dh-widgets.h"

enum
{
  ROW_PRECISION,
  ROW_TPR,
  ROW_FPR,
  ROW_F1,
  ROW_OPEN_MIOU,
  ROW_TP,
  ROW_FP,
  ROW_FN,
  ROW_FLAGGED,
  N_ROWS,
};

struct _DhCountsTable
{
  GtkWidget parent_instance;
  GtkWidget *grid, *why;
  GtkWidget *open_name, *open_why;
  GtkWidget *values[N_ROWS][2];
  int line; /* the next */
};

G_DEFINE_FINAL_TYPE (DhCountsTable, dh_counts_table, GTK_TYPE_WIDGET)

static const char *const names[N_ROWS] = {
  N_ ("Precision"),      N_ ("TPR (recall)"),   N_ ("FPR"),    N_ ("F1"), N_ ("open-mIoU"), N_ ("True positive"),
  N_ ("False positive"), N_ ("False negative"), N_ ("Flagged")
};

static void
set_text (DhCountsTable *self, guint row, guint column, char *text)
{
  g_autofree char *taken = text;
  if (g_str_equal (gtk_label_get_label (GTK_LABEL (self->values[row][column])), text))
    return;
  gtk_label_set_label (GTK_LABEL (self->values[row][column]), text);
  static const char *const columns[] = { N_ ("image"), N_ ("data set") };
  g_autofree char *name = g_strdup_printf ("%s, %s, %s", _ (names[row]), _ (columns[column]), text);
  dh_ui_set_name (self->values[row][column], name);
}

void
dh_counts_table_set (DhCountsTable *self, guint column, const DhCounts *counts)
{
  g_return_if_fail (column < 2);
  for (guint row = 0; row < N_ROWS && (counts == NULL || (!counts->labelled && row < ROW_FLAGGED)); row++)
    if (row != ROW_OPEN_MIOU)
      set_text (self, row, column, g_strdup ("—"));
  if (counts == NULL)
    return;
  if (counts->labelled)
    {
      set_text (self, ROW_PRECISION, column, dh_number_format_percent (dh_counts_precision (counts), 1));
      set_text (self, ROW_TPR, column, dh_number_format_percent (dh_counts_tpr (counts), 1));
      set_text (self, ROW_FPR, column, dh_number_format_percent (dh_counts_fpr (counts), 1));
      set_text (self, ROW_F1, column, dh_number_format_percent (dh_counts_f1 (counts), 1));
      set_text (self, ROW_TP, column, dh_number_format_count (counts->tp));
      set_text (self, ROW_FP, column, dh_number_format_count (counts->fp));
      set_text (self, ROW_FN, column, dh_number_format_count (counts->fn));
    }
  double share = counts->pixels > 0 ? (double)counts->flagged / (double)counts->pixels : NAN;
  set_text (self, ROW_FLAGGED, column, dh_number_format_percent (share, 2));
}

const char *
dh_counts_table_explain (const DhFrame *frame, const DhScoreStats *stats, DhScore score)
{
  if (frame != NULL && frame->truth_error != NULL)
    return _ ("—  this image's label is left out");
  if (dh_score_stats_has (stats, score) && !dh_score_stats_counts_any (stats, score))
    return frame != NULL && dh_score_stats_n_void (stats) == (guint64)frame->width * frame->height
               ? _ ("—  every pixel of this image is void")
               : _ ("—  this image has no finite score");
  if (stats != NULL && !dh_score_stats_is_labelled (stats))
    return _ ("—  this image has no anomaly label");
  if (stats != NULL && dh_score_stats_n_anomalies (stats) == 0)
    return _ ("—  this image has no anomaly pixels");
  return NULL;
}

void
dh_counts_table_set_open_miou (DhCountsTable *self, double image, double set, const char *why)
{
  const double values[] = { image, set };
  gtk_widget_set_visible (self->open_name, TRUE);
  gtk_widget_set_visible (self->open_why, why != NULL);
  if (why != NULL && !g_str_equal (gtk_label_get_label (GTK_LABEL (self->open_why)), why))
    gtk_label_set_label (GTK_LABEL (self->open_why), why);
  for (guint column = 0; column < 2; column++)
    {
      gtk_widget_set_visible (self->values[ROW_OPEN_MIOU][column], why == NULL);
      set_text (self, ROW_OPEN_MIOU, column, dh_number_format_percent (values[column], 1));
    }
}

void
dh_counts_table_set_why (DhCountsTable *self, const char *why)
{
  gtk_widget_set_visible (self->why, why != NULL);
  gtk_label_set_label (GTK_LABEL (self->why), why != NULL ? why : "");
}

static GtkWidget *
add_value (DhCountsTable *self, guint column)
{
  GtkWidget *value = dh_ui_label (NULL, "val", 1);
  gtk_label_set_width_chars (GTK_LABEL (value), column == 0 ? 9 : 11);
  gtk_grid_attach (GTK_GRID (self->grid), value, (int)column + 1, self->line, 1, 1);
  return value;
}

void
dh_counts_table_add_row (DhCountsTable *self, const char *name, GtkWidget **image, GtkWidget **set)
{
  GtkWidget *label = dh_ui_label (name, "lab", 0);
  dh_widget_wrap (label); /* with large letters */
  gtk_grid_attach (GTK_GRID (self->grid), label, 0, self->line, 1, 1);
  *image = add_value (self, 0);
  *set = add_value (self, 1);
  self->line++;
}

static void
dh_counts_table_dispose (GObject *object)
{
  dh_widget_unparent_children (GTK_WIDGET (object));
  G_OBJECT_CLASS (dh_counts_table_parent_class)->dispose (object);
}

static void
dh_counts_table_class_init (DhCountsTableClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_counts_table_dispose;
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
  dh_help_set (name, _ (names[row]));
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

/* Out of sight until it is first set. */
static void
prepare_open_miou (DhCountsTable *self, GtkWidget *name)
{
  self->open_name = name;
  gtk_widget_set_tooltip_text (name, _ ("Mean IoU of the known classes, where what is flagged counts as an anomaly"));
  self->open_why = dh_ui_short_label (NULL, "dim-label dh-small", 1);
  gtk_grid_attach (GTK_GRID (self->grid), self->open_why, 1, self->line, 2, 1);
  gtk_widget_set_visible (name, FALSE);
  gtk_widget_set_visible (self->open_why, FALSE);
  for (guint column = 0; column < 2; column++)
    gtk_widget_set_visible (self->values[ROW_OPEN_MIOU][column], FALSE);
}

static void
dh_counts_table_init (DhCountsTable *self)
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
  self->line = 1;
  for (guint row = 0; row < N_ROWS; row++, self->line++)
    {
      if (row == ROW_TP || row == ROW_FLAGGED)
        {
          GtkWidget *rule = dh_ui_line ();
          gtk_widget_set_margin_top (rule, 4);
          gtk_widget_set_margin_bottom (rule, 4);
          gtk_grid_attach (GTK_GRID (self->grid), rule, 0, self->line++, 3, 1);
        }
      GtkWidget *name = make_name (row);
      gtk_grid_attach (GTK_GRID (self->grid), name, 0, self->line, 1, 1);
      for (guint column = 0; column < 2; column++)
        self->values[row][column] = add_value (self, column);
      if (row == ROW_OPEN_MIOU)
        prepare_open_miou (self, name);
    }
  gtk_box_append (GTK_BOX (box), self->grid);
  self->why = dh_ui_label (NULL, "dh-small dim-label", 0);
  gtk_label_set_wrap (GTK_LABEL (self->why), TRUE);
  gtk_box_append (GTK_BOX (box), self->why);
}

GtkWidget *
dh_counts_table_new (void)
{
  return g_object_new (DH_TYPE_COUNTS_TABLE, NULL);
}
