#include "dh-paper-table-private.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-run-reading.h"
#include "dh-run-state.h"

static void
row_free (gpointer data)
{
  DhPaperRow *row = data;
  g_free (row->name);
  g_free (row->key);
  g_ptr_array_unref (row->cells);
  g_free (row);
}

static void
group_free (gpointer data)
{
  g_free (((DhPaperGroup *)data)->title);
  g_free (data);
}

static void
run_free (gpointer data)
{
  dh_report_clear_run (data);
  g_free (data);
}

static DhPaperTable *
table_new (const DhTableOptions *options)
{
  DhPaperTable *table = g_new0 (DhPaperTable, 1);
  table->options = options;
  table->protocol = options->protocol ? options->protocol : "densehybrid-pooled";
  table->rows = g_ptr_array_new_with_free_func (row_free);
  table->groups = g_ptr_array_new_with_free_func (group_free);
  table->notes = g_ptr_array_new_with_free_func (g_free);
  table->runs = g_ptr_array_new_with_free_func (run_free);
  table->lacks = g_ptr_array_new_with_free_func (g_free);
  return table;
}

static void
table_free (DhPaperTable *table)
{
  g_ptr_array_unref (table->rows);
  g_ptr_array_unref (table->groups);
  g_ptr_array_unref (table->notes);
  g_ptr_array_unref (table->runs);
  g_ptr_array_unref (table->lacks);
  g_clear_pointer (&table->series, g_hash_table_unref);
  g_free (table);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhPaperTable, table_free)

static char *
dup_published (const DhRunRow *run)
{
  g_autoptr (JsonNode) root = dh_report_parse_summary (run);
  return g_strdup (dh_report_get_string (root ? json_node_get_object (root) : NULL, "published"));
}

/* The same pictures by content, wherever they lie; or the same folder, of which files may have changed; or what was
 * published as the same, in other files. */
static gboolean
is_same_set (const DhRunRow *a, const DhRunRow *b)
{
  g_autofree char *own = dup_published (a), *other = dup_published (b);
  return g_str_equal (a->split, b->split) && !dh_report_differ_in_images (a, b)
         && (g_str_equal (a->dataset_fingerprint, b->dataset_fingerprint)
             || (g_str_equal (a->dataset_kind, b->dataset_kind)
                 && (g_str_equal (a->dataset_root, b->dataset_root) || (own && g_strcmp0 (own, other) == 0))));
}

/* "Fishyscapes Static", "Cityscapes layout (val)", "Images and masks (my-set)". */
static char *
name_group (const DhRunRow *run)
{
  g_autofree char *published = dup_published (run), *base = g_path_get_basename (run->dataset_root);
  if (published)
    {
      /* Without the count of its pictures. */
      char *end = strstr (published, " (");
      g_autofree char *name = g_strndup (published, end ? (gsize)(end - published) : strlen (published));
      g_autofree char *seen = dh_seen_dup_title (dh_fingerprint_get_seen (run->dataset_fingerprint));
      return g_strconcat (name, seen ? " · " : NULL, seen, NULL);
    }
  return *run->split ? g_strdup_printf ("%s (%s, %s)", run->dataset_title, base, run->split)
                     : g_strdup_printf ("%s (%s)", run->dataset_title, base);
}

static gboolean
is_whole (const DhReportRun *run)
{
  return g_str_equal (run->run->state, "done") && run->run->images_failed == 0;
}

static guint
find_group (DhPaperTable *table, const DhReportRun *run)
{
  for (guint g = 0; g < table->groups->len; g++)
    {
      DhPaperGroup *group = table->groups->pdata[g];
      if (!is_same_set (group->first->run, run->run))
        continue;
      group->first = !is_whole (group->first) && is_whole (run) ? run : group->first;
      return g;
    }
  DhPaperGroup *group = g_new0 (DhPaperGroup, 1);
  group->title = name_group (run->run);
  group->first = run;
  g_ptr_array_add (table->groups, group);
  return table->groups->len - 1;
}

/* What was measured twice on one set by the same weights has a row for each. */
static DhPaperRow *
find_row (DhPaperTable *table, const DhReportRun *run, const char *score, guint group)
{
  g_autofree char *key = dh_paper_table_dup_key (table, run->run, score);
  for (guint r = 0; r < table->rows->len; r++)
    {
      DhPaperRow *row = table->rows->pdata[r];
      if (g_str_equal (row->key, key) && dh_paper_table_joins (table, row->cells->pdata[group], run->run))
        return row;
    }
  DhPaperRow *row = g_new0 (DhPaperRow, 1);
  row->key = g_steal_pointer (&key);
  row->score = score;
  row->run = run->run->id;
  row->name = dh_paper_table_dup_name (table, run->run, score);
  row->cells = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_paper_cell_free);
  for (guint g = 0; g < table->groups->len; g++)
    g_ptr_array_add (row->cells, dh_paper_cell_new ());
  g_ptr_array_add (table->rows, row);
  return row;
}

/* Of a folder in which files were changed since. */
static gboolean
has_other_files (const DhRunRow *a, const DhRunRow *b)
{
  g_autofree char *own = dup_published (a), *other = dup_published (b);
  return !g_str_equal (a->dataset_fingerprint, b->dataset_fingerprint) && (!own || g_strcmp0 (own, other) != 0);
}

/* NULL where the numbers of `run` stand beside those of the group; else why not. */
static char *
find_difference (const DhReportRun *first, const DhReportRun *run, const DhRunProtocolRow *row, const char *protocol)
{
  const DhRunProtocolRow *other = dh_report_find_protocol (first, first->run->score, protocol);
  g_autoptr (DhReading) own = dh_run_reading_get (run->run), that = dh_run_reading_get (first->run);
  if (run->run->images_failed > 0)
    return g_strdup_printf ("run %" G_GINT64_FORMAT ": leaves %" G_GINT64_FORMAT " image%s out", (gint64)run->run->id,
                            (gint64)run->run->images_failed, run->run->images_failed == 1 ? "" : "s");
  if (!g_str_equal (run->run->state, "done"))
    return g_strdup_printf ("run %" G_GINT64_FORMAT ": not finished", (gint64)run->run->id);
  if (!dh_reading_has_same_labels (own, that))
    return g_strdup_printf ("run %" G_GINT64_FORMAT
                            ": the labels were read in another way than by run %" G_GINT64_FORMAT,
                            (gint64)run->run->id, (gint64)first->run->id);
  if (other && (other->pixels != row->pixels || other->positives != row->positives))
    return g_strdup_printf ("run %" G_GINT64_FORMAT ": measured other pixels than run %" G_GINT64_FORMAT,
                            (gint64)run->run->id, (gint64)first->run->id);
  if (has_other_files (run->run, first->run))
    return g_strdup_printf ("run %" G_GINT64_FORMAT ": files of the set were others than in run %" G_GINT64_FORMAT,
                            (gint64)run->run->id, (gint64)first->run->id);
  return NULL;
}

static char *
find_component_difference (const DhPaperGroup *group, const DhReportRun *run, const DhReportComponents *own)
{
  g_auto (DhReportComponents) that = { NULL };
  if (!dh_report_find_components (group->first->run, &that) || g_strcmp0 (that.rule, own->rule) == 0)
    return NULL;
  return g_strdup_printf ("run %" G_GINT64_FORMAT ": components by another rule: %s", (gint64)run->run->id, own->rule);
}

static void
add_score (DhPaperTable *table, const DhReportRun *run, guint g, const DhRunProtocolRow *row)
{
  DhPaperGroup *group = table->groups->pdata[g];
  DhPaperCell *cell = find_row (table, run, row->score, g)->cells->pdata[g];
  g_auto (DhReportComponents) found = { NULL };
  const gboolean components = g_str_equal (row->score, run->run->score) && dh_report_find_components (run->run, &found);
  DhPaperMember *member = g_new0 (DhPaperMember, 1);
  *member = (DhPaperMember){ .run = run,
                             .score = row->score,
                             .numbers = { row->ap, row->fpr95, row->auroc, components ? found.siou : NAN,
                                          components ? found.ppv : NAN, components ? found.mean_f1 : NAN },
                             .components = components,
                             .why = find_difference (group->first, run, row, table->protocol),
                             .component_why = components ? find_component_difference (group, run, &found) : NULL };
  g_ptr_array_add (cell->members, member);
  group->components |= components;
}

static gboolean
add_run (DhPaperTable *table, DhDatabase *database, gint64 id, GError **error)
{
  DhReportRun *run = g_new0 (DhReportRun, 1);
  g_ptr_array_add (table->runs, run);
  return dh_report_load_run (database, id, run, error);
}

static gboolean
is_asked_for (const DhPaperTable *table, const DhRunProtocolRow *row)
{
  return g_str_equal (row->protocol, table->protocol) && row->pixels > 0;
}

/* Scores once all groups are known, so that what the others are compared with is whole where any is. A run stays in its
 * group, whichever became the group's first since. */
static void
add_scores (DhPaperTable *table)
{
  g_autofree guint *groups = g_new0 (guint, MAX (table->runs->len, 1));
  for (guint i = 0; i < table->runs->len; i++)
    {
      const DhReportRun *run = table->runs->pdata[i];
      gboolean asked = FALSE;
      for (guint p = 0; p < run->protocols->len; p++)
        asked = asked || is_asked_for (table, run->protocols->pdata[p]);
      groups[i] = asked ? find_group (table, run) : 0;
    }
  for (guint i = 0; i < table->runs->len; i++)
    {
      const DhReportRun *run = table->runs->pdata[i];
      for (guint p = 0; p < run->protocols->len; p++)
        if (is_asked_for (table, run->protocols->pdata[p]))
          add_score (table, run, groups[i], run->protocols->pdata[p]);
    }
}

/* By what is printed: equal text is equally good. What stands alone is not the best of anything. */
static void
rank_column (DhPaperTable *table, guint group, guint number)
{
  const double sign = number == DH_PAPER_FPR95 ? -1 : 1;
  double best[2] = { -INFINITY, -INFINITY };
  guint n = 0;
  for (guint pass = 0; pass < 2; pass++)
    for (guint r = 0; r < table->rows->len; r++)
      {
        DhPaperCell *cell = ((DhPaperRow *)table->rows->pdata[r])->cells->pdata[group];
        const gboolean compared = cell->text[number] && cell->notes[number]->len == 0;
        const double value = compared ? sign * g_ascii_strtod (cell->text[number], NULL) : -INFINITY;
        n += pass == 0 && isfinite (value);
        if (pass == 1)
          cell->rank[number] = !isfinite (value) || n < 2 ? 0 : value == best[0] ? 1 : value == best[1] ? 2 : 0;
        else if (value > best[0])
          {
            best[1] = best[0];
            best[0] = value;
          }
        else if (value < best[0] && value > best[1])
          best[1] = value;
      }
}

static void
print_numbers (DhPaperTable *table, guint digits)
{
  for (guint r = 0; r < table->rows->len; r++)
    for (guint g = 0; g < table->groups->len; g++)
      {
        DhPaperCell *cell = ((DhPaperRow *)table->rows->pdata[r])->cells->pdata[g];
        dh_paper_cell_settle (cell, table->notes);
        for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
          {
            cell->text[i] = dh_paper_print_percent (cell->numbers[i].mean, digits);
            cell->deviation[i] = dh_paper_print_percent (cell->numbers[i].deviation, digits);
            if (!cell->deviation[i])
              continue;
            table->seeds_differ |= table->seeds && table->seeds != cell->numbers[i].n;
            table->seeds = cell->numbers[i].n;
          }
      }
  for (guint g = 0; g < table->groups->len; g++)
    for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
      rank_column (table, g, i);
}

static gboolean
is_degraded (const DhRunRow *run)
{
  return dh_seen_get_degradation (dh_fingerprint_get_seen (run->dataset_fingerprint)).severity > 0;
}

/* Every evaluation that is done, the oldest first. */
static gboolean
add_all (DhPaperTable *table, DhDatabase *database, GError **error)
{
  g_autoptr (GPtrArray) runs = dh_database_list_runs (database, error);
  for (guint i = runs ? runs->len : 0; i > 0; i--)
    {
      const DhRunRow *run = runs->pdata[i - 1];
      if (g_str_equal (run->state, "done") && !is_degraded (run) && !add_run (table, database, run->id, error))
        return FALSE;
    }
  return runs != NULL;
}

gboolean
dh_report_write_table (DhDatabase *database, const DhTableOptions *options, DhReportFormat format, const char *path,
                       GCancellable *cancellable, GError **error)
{
  g_autoptr (DhPaperTable) table = table_new (options);
  if (format != DH_REPORT_LATEX && format != DH_REPORT_MD && format != DH_REPORT_CSV)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "a table of runs is made as LaTeX, Markdown or CSV, not as %s", dh_report_format_name (format));
      return FALSE;
    }
  for (guint i = 0; i < options->n_runs; i++)
    if (!add_run (table, database, options->runs[i], error))
      return FALSE;
  if (options->n_runs == 0 && !add_all (table, database, error))
    return FALSE;
  if (options->by_seed)
    dh_paper_table_find_series (table);
  add_scores (table);
  if (table->rows->len == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "none of the runs has numbers of %s; choose another protocol",
                   table->protocol);
      return FALSE;
    }
  dh_paper_table_tell_apart (table);
  print_numbers (table, options->digits);
  if (!dh_paper_table_add_intervals (table, database, cancellable))
    return !g_cancellable_set_error_if_cancelled (cancellable, error);
  g_autofree char *text = format == DH_REPORT_LATEX ? dh_paper_table_to_latex (table, options->marks)
                          : format == DH_REPORT_MD  ? dh_paper_table_to_markdown (table, options->marks)
                                                    : dh_paper_table_to_csv (table);
  return !g_cancellable_set_error_if_cancelled (cancellable, error) && dh_file_write (path, text, strlen (text), error);
}
