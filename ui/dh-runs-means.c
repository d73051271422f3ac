#include "dh-runs-means.h"
#include "dh-help.h"
#include "dh-number.h"
#include "dh-run-means.h"

static GtkWidget *
attach (GtkGrid *grid, int row, int column, int width, const char *text, const char *classes)
{
  GtkWidget *label = dh_ui_short_label (text, classes, 0);
  gtk_widget_set_hexpand (label, column > 0);
  gtk_grid_attach (grid, label, column, row, width, 1);
  return label;
}

static int
add_mean (GtkGrid *grid, int row, const char *name, DhRunMean mean, guint n)
{
  if (mean.n == 0)
    return row;
  g_autofree char *number = dh_number_format (100 * mean.mean, 2),
                  *deviation = dh_number_format (100 * mean.deviation, 2);
  g_autofree char *text = mean.n > 1 ? g_strdup_printf ("%s ± %s", number, deviation) : g_strdup (number);
  g_autofree char *told = mean.n < n ? g_strdup_printf (_ ("%s (%u of %u runs)"), text, mean.n, n) : g_strdup (text);
  g_autofree char *spoken = g_strdup_printf ("%s: %s", name, told);
  dh_help_set (attach (grid, row, 0, 1, name, "lab"), name);
  /* What is selectable can have the focus, and says there what it is of. */
  GtkWidget *label = attach (grid, row, 1, 3, told, "val");
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  dh_ui_set_name (label, spoken);
  return row + 1;
}

static int
add_all (GtkGrid *grid, int row, const DhRunMeans *means, guint n)
{
  const struct
  {
    const char *name;
    DhRunMean mean;
  } lines[] = { { "AP", means->ap },
                { "FPR95", means->fpr95 },
                { "AUROC", means->auroc },
                { _ ("Best F1"), means->best_f1 },
                { _ ("Mean component F1"), means->mean_f1 },
                { _ ("Closed mIoU"), means->closed_miou },
                { _ ("open-mIoU"), means->open_miou } };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    row = add_mean (grid, row, lines[i].name, lines[i].mean, n);
  return row;
}

int
dh_runs_means_fill (GtkGrid *grid, int row, GPtrArray *items)
{
  const guint n = items->len;
  if (n < 3)
    return row;
  g_autofree const DhRun **runs = g_new (const DhRun *, n);
  for (guint i = 0; i < n; i++)
    runs[i] = dh_run_item_get (items->pdata[i]);
  const char *refused = dh_run_means_refuse_items (items);
  g_autofree char *title = g_strdup_printf (ngettext ("%u run", "%u runs", n), n);
  g_autofree char *none = refused != NULL ? g_strdup_printf (_ ("no mean: %s"), refused) : NULL;
  const char *what = none != NULL ? none : _ ("mean ± standard deviation");
  attach (grid, row, 0, 1, title, "head");
  dh_help_set (attach (grid, row++, 1, 3, what, "head"), what);
  if (refused == NULL)
    {
      DhRunMeans means;
      dh_run_means_of (runs, n, &means);
      row = add_all (grid, row, &means, n);
      g_log ("dh-runs", G_LOG_LEVEL_DEBUG, "runs: mean of %u: %.6f ± %.6f", n, means.ap.mean, means.ap.deviation);
    }
  gtk_grid_attach (grid, dh_ui_line (), 0, row, 4, 1);
  return row + 1;
}
