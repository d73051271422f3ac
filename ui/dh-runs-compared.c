#include "dh-runs-compared.h"
#include <math.h>
#include "dh-metrics-charts.h"
#include "dh-number.h"

typedef struct
{
  GtkGrid *grid;
  int row;
  const DhRun *a, *b;
} Filling;

static void
add (Filling *self, int column, const char *text, const char *classes, double xalign)
{
  GtkWidget *label = dh_ui_short_label (text, classes, xalign);
  gtk_label_set_selectable (GTK_LABEL (label), column > 0 && column < 3);
  gtk_widget_set_hexpand (label, column > 0);
  gtk_grid_attach (self->grid, label, column, self->row, 1, 1);
}

static void
add_number (Filling *self, const char *name, double a, double b, gboolean more_is_better)
{
  g_autofree char *left = dh_number_format (a * 100, 2);
  add (self, 0, name, "lab", 0);
  add (self, 1, left, "val", 0);
  if (self->b != NULL)
    {
      double change = (a - b) * 100;
      g_autofree char *right = dh_number_format (b * 100, 2);
      g_autofree char *number = dh_number_format (change, 2);
      g_autofree char *text = g_strconcat (change > 0 ? "+" : "", number, NULL);
      gboolean better = more_is_better ? change > 0 : change < 0;
      add (self, 2, right, "val", 0);
      add (self, 3, text, isnan (change) || change == 0 ? "val" : better ? "val dh-ok" : "val dh-err", 1);
    }
  self->row++;
}

static void
add_text (Filling *self, const char *name, const char *a, const char *b)
{
  gboolean same = self->b == NULL || g_strcmp0 (a, b) == 0;
  add (self, 0, name, "lab", 0);
  add (self, 1, a != NULL && *a != '\0' ? a : "—", same && self->b != NULL ? "val dim-label" : "val", 0);
  if (self->b != NULL)
    {
      add (self, 2, b != NULL && *b != '\0' ? b : "—", same ? "val dim-label" : "val", 0);
      add (self, 3, same ? "=" : "≠", same ? "val dim-label" : "val dh-warn", 1);
    }
  self->row++;
}

static char *
short_hash (const char *hash)
{
  return hash != NULL ? g_strdup_printf ("%.4s %.4s", hash, strlen (hash) > 4 ? hash + 4 : "") : NULL;
}

static void
fill (Filling *self)
{
  const DhRun *a = self->a, *b = self->b != NULL ? self->b : self->a;
  g_autofree char *a_title =
      g_strdup_printf (self->b != NULL ? _ ("A   run %" G_GINT64_FORMAT) : _ ("run %" G_GINT64_FORMAT), a->id);
  add (self, 0, a->protocol, "head", 0);
  add (self, 1, a_title, "head", 0);
  if (self->b != NULL)
    {
      g_autofree char *b_title = g_strdup_printf (_ ("B   run %" G_GINT64_FORMAT), b->id);
      add (self, 2, b_title, "head", 0);
      add (self, 3, "A − B", "head", 1);
    }
  self->row++;
  add_number (self, "AP", a->ap, b->ap, TRUE);
  add_number (self, "FPR95", a->fpr95, b->fpr95, FALSE);
  add_number (self, "AUROC", a->auroc, b->auroc, TRUE);
  add_number (self, _ ("Best F1"), a->best_f1, b->best_f1, TRUE);
  gtk_grid_attach (self->grid, dh_ui_line (), 0, self->row++, 4, 1);
  g_autofree char *a_hash = short_hash (a->weights), *b_hash = short_hash (b->weights);
  g_autofree char *a_images = g_strdup_printf (_ ("%u of %u"), a->images, a->total);
  g_autofree char *b_images = g_strdup_printf (_ ("%u of %u"), b->images, b->total);
  g_autofree char *a_device = g_strdup_printf ("%s · %s", a->device, a->precision);
  g_autofree char *b_device = g_strdup_printf ("%s · %s", b->device, b->precision);
  add_text (self, _ ("Data"), a->data, b->data);
  add_text (self, _ ("Split"), a->split, b->split);
  add_text (self, _ ("Images"), a_images, b_images);
  add_text (self, _ ("Score"), a->score, b->score);
  add_text (self, _ ("Model"), a->model, b->model);
  add_text (self, _ ("Weights"), a_hash, b_hash);
  add_text (self, _ ("Device, precision"), a_device, b_device);
  add_text (self, _ ("Program"), a->program, b->program);
  g_autofree char *a_started = dh_ui_time (a->started), *b_started = dh_ui_time (b->started);
  add_text (self, _ ("Started"), a_started, b_started);
}

void
dh_runs_compared_set (GtkWidget *card, const DhRun *a, const DhRun *b)
{
  GtkGrid *grid = g_object_get_data (G_OBJECT (card), "grid");
  GtkWidget *note = g_object_get_data (G_OBJECT (card), "note");
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (grid))) != NULL)
    gtk_grid_remove (grid, child);
  gtk_label_set_label (GTK_LABEL (note), b != NULL   ? _ ("what differs is marked ≠")
                                         : a != NULL ? _ ("choose a second with Ctrl to compare")
                                                     : _ ("choose a run, or two with Ctrl to compare them"));
  if (a == NULL)
    return;
  Filling filling = { grid, 0, a, b };
  fill (&filling);
}

GtkWidget *
dh_runs_compared_new (void)
{
  GtkWidget *note;
  GtkWidget *card = dh_metrics_card_new (_ ("Chosen"), &note, NULL);
  GtkWidget *grid = gtk_grid_new ();
  dh_ui_add_classes (grid, "dh-table");
  gtk_grid_set_row_spacing (GTK_GRID (grid), 3);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 18);
  gtk_widget_set_margin_start (grid, 12);
  gtk_widget_set_margin_end (grid, 12);
  gtk_widget_set_margin_bottom (grid, 12);
  gtk_box_append (GTK_BOX (card), grid);
  g_object_set_data (G_OBJECT (card), "grid", grid);
  g_object_set_data (G_OBJECT (card), "note", note);
  dh_runs_compared_set (card, NULL, NULL);
  return card;
}
