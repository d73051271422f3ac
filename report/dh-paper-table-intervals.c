/* The intervals of a table of runs, of each run by itself. */
#include <math.h>

#include "dh-paper-table-private.h"
#include "dh-run-intervals.h"

char *
dh_paper_print_percent (double fraction, guint digits)
{
  char format[8], text[G_ASCII_DTOSTR_BUF_SIZE];
  g_snprintf (format, sizeof format, "%%.%uf", MIN (digits, 6));
  return isfinite (fraction) ? g_strdup (g_ascii_formatd (text, sizeof text, format, 100 * fraction)) : NULL;
}

/* The cell of what the run itself measured, and not of a map beside it. NULL: there is none, or one that other runs
 * come before in. */
static DhPaperCell *
find_own_cell (DhPaperTable *table, const DhReportRun *run)
{
  for (guint r = 0; r < table->rows->len; r++)
    for (guint g = 0; g < table->groups->len; g++)
      {
        DhPaperCell *cell = ((DhPaperRow *)table->rows->pdata[r])->cells->pdata[g];
        const DhPaperMember *member = cell->members->len ? cell->members->pdata[0] : NULL;
        if (member && member->run == run && g_str_equal (member->score, run->run->score))
          return cell;
      }
  return NULL;
}

static void
note_lack (DhPaperTable *table, gint64 run, const char *why)
{
  g_ptr_array_add (table->lacks, g_strdup_printf ("run %" G_GINT64_FORMAT ": %s", run, why));
}

/* The numbers from `from` to before `to`, which are `measured` from `first` on. */
static void
print_intervals (const DhPaperTable *table, DhPaperCell *cell, const DhRunIntervals *measured, guint from, guint to,
                 DhIntervalNumber first)
{
  for (guint k = from; k < to; k++)
    {
      const DhInterval *interval = &measured->numbers[first + k - from].of[0];
      if (isnan (interval->low))
        continue;
      cell->low[k] = dh_paper_print_percent (interval->low, table->options->digits);
      cell->high[k] = dh_paper_print_percent (interval->high, table->options->digits);
    }
}

/* By one protocol; FALSE where cancelled. */
static gboolean
measure (DhPaperTable *table, DhDatabase *database, gint64 run, DhPaperCell *cell, const char *protocol, guint from,
         guint to, DhIntervalNumber first, GCancellable *cancellable)
{
  const DhTableOptions *options = table->options;
  g_autoptr (GError) error = NULL;
  DhRunIntervals measured;
  if (!dh_run_intervals_measure (database, run, 0, protocol, options->drawn, &measured, options->progress, cancellable,
                                 &error))
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return FALSE;
      note_lack (table, run, error->message);
      return TRUE;
    }
  print_intervals (table, cell, &measured, from, to, first);
  if (cell->low[from])
    {
      *(measured.scenes ? &table->of_scenes : &table->of_images) += 1;
      return TRUE;
    }
  g_autofree char *few = g_strdup_printf ("too few %s, or too few with anomalies, for an interval: %u",
                                          measured.scenes ? "scenes" : "images", measured.groups);
  note_lack (table, run, few);
  return TRUE;
}

gboolean
dh_paper_table_add_intervals (DhPaperTable *table, DhDatabase *database, GCancellable *cancellable)
{
  G_STATIC_ASSERT ((int)DH_PAPER_AP == (int)DH_INTERVAL_AP && (int)DH_PAPER_AUROC == (int)DH_INTERVAL_AUROC);
  G_STATIC_ASSERT (DH_INTERVAL_MEAN_F1 - DH_INTERVAL_SIOU == DH_PAPER_MEAN_F1 - DH_PAPER_SIOU);
  for (guint i = 0; table->options->intervals && i < table->runs->len; i++)
    {
      const DhRunRow *run = ((const DhReportRun *)table->runs->pdata[i])->run;
      DhPaperCell *cell = find_own_cell (table, table->runs->pdata[i]);
      if (!cell)
        continue;
      /* Which images a set has is another chance than that of a seed, and is told of one network. */
      if (cell->members->len > 1)
        {
          g_autofree char *of = dh_paper_cell_dup_runs (cell);
          g_ptr_array_add (table->lacks,
                           g_strdup_printf ("%s: an interval is of one run's images; of several runs there is the "
                                            "deviation, and each alone has an interval",
                                            of));
          continue;
        }
      const DhPaperMember *member = cell->members->pdata[0];
      const gboolean of_pixels = !g_str_equal (table->protocol, "smiyc-component");
      if ((of_pixels
           && !measure (table, database, run->id, cell, table->protocol, DH_PAPER_AP, DH_PAPER_SIOU, DH_INTERVAL_AP,
                        cancellable))
          || (member->components
              && !measure (table, database, run->id, cell, "smiyc-component", DH_PAPER_SIOU, DH_PAPER_NUMBERS,
                           DH_INTERVAL_SIOU, cancellable)))
        return FALSE;
    }
  return TRUE;
}
