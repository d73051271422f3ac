/* How the rows of a table for a paper are called, and which runs share one. */
#include <string.h>

#include "dh-paper-table-private.h"

/* NULL where it was given none. */
static const char *
find_name (const DhPaperTable *table, gint64 run)
{
  for (guint i = 0; i < table->options->n_names; i++)
    if (table->options->names[i].run == run)
      return table->options->names[i].name;
  return NULL;
}

char *
dh_paper_table_dup_key (const DhPaperTable *table, const DhRunRow *run, const char *score)
{
  const char *name = find_name (table, run->id);
  if (name)
    return g_strdup_printf ("name\n%s\n%s", name, g_str_equal (score, run->score) ? "" : score);
  return run->method ? g_strdup_printf ("method\n%s\n%s", run->method, score)
                     : g_strdup_printf ("weights\n%s\n%s\n%s", run->model_sha256, score, run->precision);
}

char *
dh_paper_table_dup_name (const DhPaperTable *table, const DhRunRow *run, const char *score)
{
  const char *name = find_name (table, run->id);
  /* The name is that of what was measured, not of the maps beside it. */
  if (name)
    return g_str_equal (score, run->score) ? g_strdup (name) : g_strdup_printf ("%s, %s", name, score);
  if (run->method)
    return g_strdup (run->method);
  /* Numbers of smaller images, or of tiles, are never those of the network alone. */
  const char *reduced = strstr (run->precision, "-scale");
  reduced = reduced ? reduced : strstr (run->precision, "-tile");
  return reduced ? g_strdup_printf ("%s, %s", run->model_title, reduced + 1) : g_strdup (run->model_title);
}

static gboolean
has_twin (const DhPaperTable *table, guint index)
{
  for (guint r = 0; r < table->rows->len; r++)
    if (r != index
        && g_str_equal (((DhPaperRow *)table->rows->pdata[r])->name, ((DhPaperRow *)table->rows->pdata[index])->name))
      return TRUE;
  return FALSE;
}

static char *
dup_distinction (const DhPaperTable *table, const DhPaperRow *row, guint step)
{
  const DhRunRow *run = NULL;
  for (guint i = 0; i < table->runs->len; i++)
    if (((DhReportRun *)table->runs->pdata[i])->run->id == row->run)
      run = ((DhReportRun *)table->runs->pdata[i])->run;
  if (step == 0)
    return run->method ? NULL : g_strdup (row->score);
  if (step == 1)
    return run->method || !run->model_path ? NULL : g_path_get_basename (run->model_path);
  if (step == 2)
    return run->method ? NULL : g_strdup (run->precision);
  return g_strdup_printf ("run %" G_GINT64_FORMAT, (gint64)row->run);
}

void
dh_paper_table_tell_apart (DhPaperTable *table)
{
  for (guint step = 0; step < 4; step++)
    {
      g_autofree gboolean *twin = g_new (gboolean, MAX (table->rows->len, 1));
      for (guint r = 0; r < table->rows->len; r++)
        twin[r] = has_twin (table, r);
      for (guint r = 0; r < table->rows->len; r++)
        {
          DhPaperRow *row = table->rows->pdata[r];
          g_autofree char *more = twin[r] ? dup_distinction (table, row, step) : NULL;
          if (!more)
            continue;
          char *name = g_strdup_printf ("%s, %s", row->name, more);
          g_free (row->name);
          row->name = name;
        }
    }
}
