#include "dh-runs-compared.h"
#include <math.h>
#include "dh-chance.h"
#include "dh-metrics-charts.h"
#include "dh-help.h"
#include "dh-number.h"
#include "dh-run-facts.h"
#include "dh-runs-columns.h"
#include "dh-runs-means.h"

/* "62.28 …" */
#define NUMBER_CHARS 7

typedef struct
{
  GtkGrid *grid;
  int row;
  const DhRun *a, *b;
  const DhSpreads *intervals; /* NULL: not measured */
} Filling;

typedef struct
{
  GtkWidget *note, *button;
  GtkGrid *grid;
  DhChance *chance;
  DhRunItem *a, *b;
  GPtrArray *all; /* DhRunItem */
  const DhSpreads *shown;
} Compared;

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
static GtkWidget *
add_value (Filling *self, int column, const char *name, const char *text, const char *classes)
{
  g_autofree char *spoken = g_strdup_printf ("%s: %s", name, text);
  GtkWidget *label = add (self, column, text, classes, 0);
  dh_ui_set_name (label, spoken);
  return label;
}

/* "60.24", and with its interval "60.24 (51.7 to 67.8)"; "−0.01 (−0.02 to −0.01)", which would be zeros otherwise. */
static char *
dup_with_interval (char *number, DhSpread interval, char *(*format) (double value, guint digits))
{
  if (isnan (interval.low))
    return number;
  const guint digits = fabs (interval.low) < 0.01 && fabs (interval.high) < 0.01 ? 2 : 1;
  g_autofree char *own = number, *low = format (100 * interval.low, digits),
                  *high = format (100 * interval.high, digits);
  return g_strdup_printf (_ ("%s (%s to %s)"), own, low, high);
}

static char *
format_change (double change, guint digits)
{
  double shown;
  return dh_number_format_change (change, digits, &shown);
}

static const DhSpread no_interval = { NAN, NAN };

/* `drawn` NULL: it has no interval. */
static void
add_change (Filling *self, double a, double b, const DhSpreadNumber *drawn, gboolean more_is_better)
{
  const gboolean can = dh_run_can_subtract (self->a, self->b);
  const DhSpread interval = drawn != NULL && can ? drawn->difference : no_interval;
  double change;
  g_autofree char *text = dup_with_interval (dh_number_format_change (can ? (a - b) * 100 : (double)NAN, 2, &change),
                                             interval, format_change);
  const gboolean better = more_is_better ? change > 0 : change < 0;
  const gboolean by_chance = interval.low <= 0 && interval.high >= 0;
  const char *classes = isnan (change) || change == 0 || by_chance ? "val" : better ? "val dh-ok" : "val dh-err";
  GtkWidget *label = add (self, 3, text, classes, 1);
  if (!can)
    gtk_widget_set_tooltip_text (label, _ ("Not subtracted: other data, images or protocols were measured"));
  if (isnan (interval.low))
    return;
  /* It is what the two are compared for: whatever else is cut, it is not. */
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_NONE);
  const double often = more_is_better ? drawn->first_higher : 1 - drawn->first_higher;
  g_autofree char *part = dh_number_format (100 * often, 1);
  g_autofree char *told =
      g_strdup_printf (by_chance ? _ ("A is better in %s %% of the draws: the difference may be chance")
                                 : _ ("A is better in %s %% of the draws"),
                       part);
  gtk_widget_set_tooltip_text (label, told);
}

static void
add_drawn (Filling *self, const char *name, double a, double b, const DhSpreadNumber *drawn, gboolean more_is_better)
{
  /* What neither kind of run has is no line. */
  if (isnan (a) && isnan (b))
    return;
  const double values[] = { a, b };
  dh_help_set (add (self, 0, name, "lab", 0), name);
  for (int i = 0; i < (self->b != NULL ? 2 : 1); i++)
    {
      g_autofree char *text = dup_with_interval (dh_number_format (values[i] * 100, 2),
                                                 drawn != NULL ? drawn->of[i] : no_interval, dh_number_format);
      GtkWidget *label = add_value (self, i + 1, name, text, "val");
      /* Of a number with its interval it is the number that stays in a narrow card. */
      if (drawn != NULL)
        gtk_label_set_width_chars (GTK_LABEL (label), NUMBER_CHARS);
    }
  if (self->b != NULL)
    add_change (self, a, b, drawn, more_is_better);
  self->row++;
}

static void
add_number (Filling *self, const char *name, double a, double b, gboolean more_is_better)
{
  add_drawn (self, name, a, b, NULL, more_is_better);
}

/* What the intervals are. */
static void
add_draws (Filling *self)
{
  const DhSpreads *intervals = self->intervals;
  if (intervals == NULL)
    return;
  const guint n = intervals->drawn_from;
  g_autofree char *draws = dh_number_format_count (intervals->draws);
  g_autofree char *of = g_strdup_printf (
      intervals->scenes ? ngettext ("%u scene", "%u scenes", n) : ngettext ("%u image", "%u images", n), n);
  g_autofree char *text = isnan (intervals->ap.of[0].low)
                              ? g_strdup_printf (_ ("none: %s, or too few with anomalies"), of)
                              : g_strdup_printf (_ ("of 95 %%: %s draws of %s"), draws, of);
  dh_help_set (add (self, 0, _ ("Intervals"), "lab", 0), _ ("Intervals"));
  GtkWidget *label = dh_ui_short_label (text, "val dim-label", 0);
  gtk_grid_attach (self->grid, label, 1, self->row++, 3, 1);
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

static void
fill (Filling *self)
{
  const DhRun *a = self->a, *b = self->b != NULL ? self->b : self->a;
  add_title (self);
  const int first = self->row;
  const DhSpreads *drawn = self->intervals;
  add_drawn (self, "AP", a->ap, b->ap, drawn != NULL ? &drawn->ap : NULL, TRUE);
  add_drawn (self, "FPR95", a->fpr95, b->fpr95, drawn != NULL ? &drawn->fpr95 : NULL, FALSE);
  add_drawn (self, "AUROC", a->auroc, b->auroc, drawn != NULL ? &drawn->auroc : NULL, TRUE);
  add_drawn (self, _ ("Best F1"), a->best_f1, b->best_f1, drawn != NULL ? &drawn->best_f1 : NULL, TRUE);
  add_drawn (self, _ ("Mean component F1"), a->mean_f1, b->mean_f1, drawn != NULL ? &drawn->mean_f1 : NULL, TRUE);
  add_draws (self);
  add_number (self, _ ("Closed mIoU"), a->closed_miou, b->closed_miou, TRUE);
  add_number (self, _ ("open-mIoU"), a->open_miou, b->open_miou, TRUE);
  if (self->row > first)
    gtk_grid_attach (self->grid, dh_ui_line (), 0, self->row++, 4, 1);
  if (a->training != b->training || a->imported != b->imported)
    add_made (self, _ ("Kind"), dh_run_facts_dup_kind);
  add_text (self, _ ("State"), a->sentence, self->b != NULL ? b->sentence : NULL);
  add_made (self, _ ("Data"), dh_run_dup_data);
  add_made (self, _ ("Data fingerprint"), dh_run_facts_dup_fingerprint);
  add_text (self, _ ("Split"), a->split, b->split);
  add_made (self, _ ("Images"), dh_run_facts_dup_images);
  add_made (self, _ ("Score"), dh_run_facts_dup_score);
  add_made (self, _ ("Best F1 at"), dh_run_facts_dup_best_f1_threshold);
  add_text (self,
            a->imported && b->imported   ? _ ("Method")
            : a->imported || b->imported ? _ ("Model, method")
                                         : _ ("Model"),
            a->model, b->model);
  add_text (self, _ ("Made of"), a->made_of, b->made_of);
  add_text (self, _ ("Recipe"), a->recipe, b->recipe);
  add_made (self,
            a->imported && b->imported   ? _ ("Scores’ checksum")
            : a->imported || b->imported ? _ ("Weights, scores")
                                         : _ ("Weights"),
            dh_run_facts_dup_weights);
  add_made (self, _ ("Steps"), dh_run_facts_dup_steps);
  add_made (self, _ ("Best model"), dh_run_facts_dup_best_epoch);
  add_made (self, _ ("Device, precision"), dh_run_facts_dup_device);
  add_made (self, _ ("Time taken"), dh_run_facts_dup_time);
  add_text (self, _ ("Program"), a->program, b->program);
  add_made (self, _ ("Started"), dh_run_facts_dup_start);
}

static const DhRun *
get_run (DhRunItem *item)
{
  return item != NULL ? dh_run_item_get (item) : NULL;
}

static gint64
id_of (const DhRun *run)
{
  return run != NULL ? run->id : 0;
}

static void
show_table (Compared *self, const DhRun *a, const DhRun *b)
{
  self->shown = a != NULL ? dh_chance_get (self->chance, a, b) : NULL;
  dh_ui_clear_grid (self->grid);
  Filling filling = { self->grid, 0, a, b, self->shown };
  if (a == NULL)
    return;
  filling.row = dh_runs_means_fill (self->grid, filling.row, self->all);
  fill (&filling);
}

/* What is under way, or what there is to do. */
static void
show_head (Compared *self, const DhRun *a, const DhRun *b)
{
  const double progress = a != NULL ? dh_chance_get_progress (self->chance, a, b) : -1;
  const char *error = a != NULL ? dh_chance_get_error (self->chance, a, b) : NULL;
  const char *refused = a != NULL ? dh_chance_refuse (a, b) : NULL;
  g_autofree char *percent = dh_number_format (100 * MAX (progress, 0), 0);
  g_autofree char *measuring = g_strdup_printf (_ ("reading the maps: %s %%"), percent);
  gtk_label_set_label (GTK_LABEL (self->note), progress >= 0   ? measuring
                                               : error != NULL ? error
                                               : b != NULL     ? _ ("what differs is marked ≠")
                                               : a != NULL     ? _ ("choose a second with Ctrl to compare")
                                                               : _ ("choose a run, or two with Ctrl to compare them"));
  gtk_widget_set_tooltip_text (self->note, error);
  gtk_button_set_label (GTK_BUTTON (self->button), progress >= 0 ? _ ("Stop") : _ ("Intervals"));
  gtk_widget_set_sensitive (self->button, refused == NULL);
  gtk_widget_set_tooltip_text (self->button,
                               refused != NULL ? refused
                                               : _ ("How far the numbers above, and their difference, are a matter of "
                                                    "chance, of which images the set has: reads the maps again"));
  gtk_widget_set_visible (self->button, a != NULL && !a->training && (b == NULL || !b->training));
}

static void
on_chance (Compared *self)
{
  const DhRun *a = get_run (self->a), *b = get_run (self->b);
  const DhSpreads *intervals = a != NULL ? dh_chance_get (self->chance, a, b) : NULL;
  if (intervals != self->shown)
    show_table (self, a, b);
  if (intervals != NULL)
    g_log ("dh-runs", G_LOG_LEVEL_DEBUG, "runs: intervals of %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT ": %.6f %.6f",
           a->id, id_of (b), b != NULL ? intervals->ap.difference.low : intervals->ap.of[0].low,
           b != NULL ? intervals->ap.difference.high : intervals->ap.of[0].high);
  show_head (self, a, b);
}

static void
on_button (Compared *self)
{
  const DhRun *a = get_run (self->a), *b = get_run (self->b);
  if (dh_chance_get_progress (self->chance, a, b) >= 0)
    dh_chance_stop (self->chance);
  else
    dh_chance_measure (self->chance, a, b);
}

static gpointer
item_ref (gconstpointer item, gpointer data)
{
  return g_object_ref ((gpointer)item);
}

void
dh_runs_compared_set (GtkWidget *card, DhRunItem *a, DhRunItem *b, GPtrArray *all)
{
  Compared *self = g_object_get_data (G_OBJECT (card), "compared");
  g_set_object (&self->a, a);
  g_set_object (&self->b, b);
  g_ptr_array_set_size (self->all, 0);
  g_ptr_array_extend (self->all, all, item_ref, NULL);
  show_table (self, get_run (a), get_run (b));
  show_head (self, get_run (a), get_run (b));
}

static void
compared_free (gpointer data)
{
  Compared *self = data;
  g_signal_handlers_disconnect_by_data (self->chance, self);
  dh_chance_stop (self->chance);
  g_object_unref (self->chance);
  g_clear_object (&self->a);
  g_clear_object (&self->b);
  g_ptr_array_unref (self->all);
  g_free (self);
}

GtkWidget *
dh_runs_compared_new (void)
{
  GtkWidget *head;
  Compared *self = g_new0 (Compared, 1);
  GtkWidget *card = dh_metrics_card_new (_ ("Chosen"), &self->note, &head);
  self->chance = dh_chance_new ();
  self->all = g_ptr_array_new_with_free_func (g_object_unref);
  self->button = gtk_button_new ();
  dh_ui_add_classes (self->button, "flat");
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (head), self->button);
  self->grid = GTK_GRID (dh_ui_table (3));
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), GTK_WIDGET (self->grid));
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_box_append (GTK_BOX (card), scroller);
  g_signal_connect_swapped (self->button, "clicked", G_CALLBACK (on_button), self);
  g_signal_connect_swapped (self->chance, "changed", G_CALLBACK (on_chance), self);
  g_object_set_data_full (G_OBJECT (card), "compared", self, compared_free);
  show_head (self, NULL, NULL);
  return card;
}
