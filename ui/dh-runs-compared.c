#include "dh-runs-compared.h"
#include <math.h>
#include "dh-metrics-charts.h"
#include "dh-help.h"
#include "dh-number.h"
#include "dh-runs-columns.h"

typedef struct
{
  GtkGrid *grid;
  int row;
  const DhRun *a, *b;
} Filling;

static GtkWidget *
add (Filling *self, int column, const char *text, const char *classes, double xalign)
{
  GtkWidget *label = dh_ui_short_label (text, classes, xalign);
  gtk_label_set_selectable (GTK_LABEL (label), column > 0 && column < 3);
  gtk_widget_set_hexpand (label, column > 0);
  gtk_grid_attach (self->grid, label, column, self->row, 1, 1);
  return label;
}

/* What is selectable can have the focus, and says there what it is of. */
static void
add_value (Filling *self, int column, const char *name, const char *text, const char *classes)
{
  g_autofree char *spoken = g_strdup_printf ("%s: %s", name, text);
  dh_ui_set_name (add (self, column, text, classes, 0), spoken);
}

static void
add_number (Filling *self, const char *name, double a, double b, gboolean more_is_better)
{
  /* What neither kind of run has is no line. */
  if (isnan (a) && isnan (b))
    return;
  g_autofree char *left = dh_number_format (a * 100, 2);
  dh_help_set (add (self, 0, name, "lab", 0), name);
  add_value (self, 1, name, left, "val");
  if (self->b != NULL)
    {
      const gboolean can = dh_run_can_subtract (self->a, self->b);
      double change;
      g_autofree char *right = dh_number_format (b * 100, 2);
      g_autofree char *text = dh_number_format_change (can ? (a - b) * 100 : (double)NAN, 2, &change);
      gboolean better = more_is_better ? change > 0 : change < 0;
      add_value (self, 2, name, right, "val");
      const char *classes = isnan (change) || change == 0 ? "val" : better ? "val dh-ok" : "val dh-err";
      GtkWidget *label = add (self, 3, text, classes, 1);
      if (!can)
        gtk_widget_set_tooltip_text (label, _ ("Not subtracted: other data, images or protocols were measured"));
    }
  self->row++;
}

static void
add_text (Filling *self, const char *name, const char *a, const char *b)
{
  gboolean same = self->b == NULL || g_strcmp0 (a, b) == 0;
  if ((a == NULL || *a == '\0') && (b == NULL || *b == '\0'))
    return;
  add (self, 0, name, "lab", 0);
  add_value (self, 1, name, a != NULL && *a != '\0' ? a : "—", same && self->b != NULL ? "val dim-label" : "val");
  if (self->b != NULL)
    {
      add_value (self, 2, name, b != NULL && *b != '\0' ? b : "—", same ? "val dim-label" : "val");
      add (self, 3, same ? "=" : "≠", same ? "val dim-label" : "val dh-warn", 1);
    }
  self->row++;
}

static char *
shorten (const char *hash)
{
  return hash != NULL ? g_strdup_printf ("%.4s %.4s", hash, strlen (hash) > 4 ? hash + 4 : "") : NULL;
}

static char *
short_hash (const DhRun *run)
{
  return shorten (run->weights);
}

static char *
data_hash (const DhRun *run)
{
  return shorten (run->fingerprint);
}

static char *
score_of (const DhRun *run)
{
  return g_strdup (run->imported ? _ ("imported") : run->score);
}

static char *
threshold_of (const DhRun *run)
{
  return isnan (run->best_f1_threshold) ? NULL : dh_number_format (run->best_f1_threshold, 2);
}

static char *
images_of (const DhRun *run)
{
  return run->training ? NULL : g_strdup_printf (_ ("%u of %u"), run->images, run->total);
}

static char *
device_of (const DhRun *run)
{
  if (run->device == NULL)
    return NULL;
  return run->precision != NULL ? g_strdup_printf ("%s · %s", run->device, run->precision) : g_strdup (run->device);
}

static char *
steps_of (const DhRun *run)
{
  if (!run->training || run->steps == 0)
    return NULL;
  g_autofree char *step = dh_number_format_count (run->step), *steps = dh_number_format_count (run->steps);
  return g_strdup_printf (ngettext ("%s of %s, %u epoch", "%s of %s, %u epochs", run->epochs), step, steps,
                          run->epochs);
}

static char *
best_of (const DhRun *run)
{
  return run->best_epoch > 0 ? g_strdup_printf (_ ("epoch %u of %u"), run->best_epoch, run->epochs) : NULL;
}

static char *
time_of (const DhRun *run)
{
  if (!(run->seconds > 0))
    return NULL;
  g_autofree char *seconds = dh_number_format (run->seconds, 1);
  return run->seconds < 10 ? g_strdup_printf (_ ("%s s"), seconds) : dh_run_dup_duration (run->seconds);
}

static char *
start_of (const DhRun *run)
{
  return dh_ui_time (run->started);
}

static char *
kind_of (const DhRun *run)
{
  return g_strdup (run->training ? _ ("training") : run->imported ? _ ("imported") : _ ("evaluation"));
}

static void
add_made (Filling *self, const char *name, char *(*make) (const DhRun *run))
{
  g_autofree char *a = make (self->a), *b = self->b != NULL ? make (self->b) : NULL;
  add_text (self, name, a, b);
}

static void
add_title (Filling *self)
{
  g_autofree char *a_id = dh_runs_column_dup_id (self->a);
  g_autofree char *a_title = g_strdup_printf (self->b != NULL ? _ ("A   run %s") : _ ("run %s"), a_id);
  add (self, 0, self->a->protocol, "head", 0);
  add (self, 1, a_title, "head", 0);
  if (self->b != NULL)
    {
      g_autofree char *b_id = dh_runs_column_dup_id (self->b);
      g_autofree char *b_title = g_strdup_printf (_ ("B   run %s"), b_id);
      add (self, 2, b_title, "head", 0);
      add (self, 3, "A − B", "head", 1);
    }
  self->row++;
}

static const char *
name_of_miou (const DhRun *a, const DhRun *b)
{
  const gboolean open = g_strcmp0 (a->kind, "eval-osr") == 0;
  return open != (g_strcmp0 (b->kind, "eval-osr") == 0) ? "mIoU" : open ? _ ("open-mIoU") : _ ("Closed mIoU");
}

static void
fill (Filling *self)
{
  const DhRun *a = self->a, *b = self->b != NULL ? self->b : self->a;
  add_title (self);
  const int first = self->row;
  add_number (self, "AP", a->ap, b->ap, TRUE);
  add_number (self, "FPR95", a->fpr95, b->fpr95, FALSE);
  add_number (self, "AUROC", a->auroc, b->auroc, TRUE);
  add_number (self, _ ("Best F1"), a->best_f1, b->best_f1, TRUE);
  add_number (self, _ ("Mean component F1"), a->mean_f1, b->mean_f1, TRUE);
  add_number (self, name_of_miou (a, b), a->miou, b->miou, TRUE);
  if (self->row > first)
    gtk_grid_attach (self->grid, dh_ui_line (), 0, self->row++, 4, 1);
  if (a->training != b->training || a->imported != b->imported)
    add_made (self, _ ("Kind"), kind_of);
  add_text (self, _ ("State"), a->sentence, self->b != NULL ? b->sentence : NULL);
  add_made (self, _ ("Data"), dh_run_dup_data);
  add_made (self, _ ("Data fingerprint"), data_hash);
  add_text (self, _ ("Split"), a->split, b->split);
  add_made (self, _ ("Images"), images_of);
  add_made (self, _ ("Score"), score_of);
  add_made (self, _ ("Best F1 at"), threshold_of);
  add_text (self,
            a->imported && b->imported   ? _ ("Method")
            : a->imported || b->imported ? _ ("Model, method")
                                         : _ ("Model"),
            a->model, b->model);
  add_text (self, _ ("Recipe"), a->recipe, b->recipe);
  add_made (self,
            a->imported && b->imported   ? _ ("Scores’ checksum")
            : a->imported || b->imported ? _ ("Weights, scores")
                                         : _ ("Weights"),
            short_hash);
  add_made (self, _ ("Steps"), steps_of);
  add_made (self, _ ("Best model"), best_of);
  add_made (self, _ ("Device, precision"), device_of);
  add_made (self, _ ("Time taken"), time_of);
  add_text (self, _ ("Program"), a->program, b->program);
  add_made (self, _ ("Started"), start_of);
}

void
dh_runs_compared_set (GtkWidget *card, const DhRun *a, const DhRun *b)
{
  GtkGrid *grid = g_object_get_data (G_OBJECT (card), "grid");
  GtkWidget *note = g_object_get_data (G_OBJECT (card), "note");
  dh_ui_clear_grid (grid);
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
  GtkWidget *grid = dh_ui_table (3);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), grid);
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_box_append (GTK_BOX (card), scroller);
  g_object_set_data (G_OBJECT (card), "grid", grid);
  g_object_set_data (G_OBJECT (card), "note", note);
  dh_runs_compared_set (card, NULL, NULL);
  return card;
}
