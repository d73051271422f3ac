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

static const DhRunSeries *
find_series (const DhPaperTable *table, gint64 run)
{
  return table->series ? g_hash_table_lookup (table->series, &run) : NULL;
}

static void
series_free (gpointer data)
{
  dh_run_series_clear (data);
  g_free (data);
}

void
dh_paper_table_find_series (DhPaperTable *table)
{
  table->series = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, series_free);
  for (guint i = 0; i < table->runs->len; i++)
    {
      DhRunRow *run = ((DhReportRun *)table->runs->pdata[i])->run;
      g_autoptr (GDateTime) started = g_date_time_new_from_iso8601 (run->started, NULL);
      DhRunSeries found = { NULL };
      if (find_name (table, run->id) || run->method)
        continue;
      if (started && run->model_path && dh_run_series_find (run->model_path, g_date_time_to_unix (started), &found))
        g_hash_table_insert (table->series, &run->id, g_memdup2 (&found, sizeof found));
      else
        g_ptr_array_add (table->lacks,
                         g_strdup_printf ("run %" G_GINT64_FORMAT
                                          ": no training is known that its weights come from: no config.json lies "
                                          "beside them, or a later one",
                                          (gint64)run->id));
    }
}

char *
dh_paper_table_dup_key (const DhPaperTable *table, const DhRunRow *run, const char *score)
{
  const char *name = find_name (table, run->id);
  const DhRunSeries *series = find_series (table, run->id);
  if (name)
    return g_strdup_printf ("name\n%s\n%s", name, g_str_equal (score, run->score) ? "" : score);
  if (series)
    {
      g_autofree char *weights = g_path_get_basename (run->model_path);
      return g_strdup_printf ("series\n%s\n%s\n%s\n%s", series->series, weights, score, run->precision);
    }
  return run->method ? g_strdup_printf ("method\n%s\n%s", run->method, score)
                     : g_strdup_printf ("weights\n%s\n%s\n%s", run->model_sha256, score, run->precision);
}

gboolean
dh_paper_table_joins (const DhPaperTable *table, const DhPaperCell *cell, const DhRunRow *run)
{
  const DhRunSeries *own = find_series (table, run->id);
  if (cell->members->len == 0 || find_name (table, run->id))
    return TRUE;
  for (guint i = 0; own && i < cell->members->len; i++)
    {
      const DhPaperMember *member = cell->members->pdata[i];
      const DhRunSeries *other = find_series (table, member->run->run->id);
      /* The same seed again is no other training. */
      if (other && other->seed == own->seed)
        return FALSE;
    }
  return own != NULL;
}

char *
dh_paper_table_dup_name (const DhPaperTable *table, const DhRunRow *run, const char *score)
{
  const char *name = find_name (table, run->id);
  const DhRunSeries *series = find_series (table, run->id);
  /* The name is that of what was measured, not of the maps beside it. */
  if (name)
    return g_str_equal (score, run->score) ? g_strdup (name) : g_strdup_printf ("%s, %s", name, score);
  if (run->method)
    return g_strdup (run->method);
  /* Numbers of smaller images, or of tiles, are never those of the network alone. */
  const char *reduced = strstr (run->precision, "-scale");
  reduced = reduced ? reduced : strstr (run->precision, "-tile");
  const char *title = series ? series->name : run->model_title;
  return reduced ? g_strdup_printf ("%s, %s", title, reduced + 1) : g_strdup (title);
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
