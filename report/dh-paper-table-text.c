#include "dh-paper-table-private.h"

/* The numbers that a group has: of components only where one of its runs was measured by them. */
static guint
count_numbers (const DhPaperGroup *group)
{
  return group->components ? DH_PAPER_NUMBERS : DH_PAPER_AUROC + 1;
}

static const DhPaperCell *
get_cell (const DhPaperTable *table, guint row, guint group)
{
  return ((DhPaperRow *)table->rows->pdata[row])->cells->pdata[group];
}

static const char *
mark_of (const DhPaperCell *cell, guint number, DhTableMarks marks, const char *best, const char *second)
{
  return cell->rank[number] == 1 && marks != DH_TABLE_MARK_NONE     ? best
         : cell->rank[number] == 2 && marks == DH_TABLE_MARK_SECOND ? second
                                                                    : "";
}

/* What stands behind "±"; NULL without any. Free with g_free. */
static char *
dup_what_deviations (const DhPaperTable *table, const char *plus_minus)
{
  if (table->seeds == 0)
    return NULL;
  return table->seeds_differ
             ? g_strdup_printf ("x %s y: mean and sample standard deviation of n runs", plus_minus)
             : g_strdup_printf ("x %s y: mean and sample standard deviation of %u runs", plus_minus, table->seeds);
}

/* What the numbers are of, for who finds the table later. */
static void
append_provenance (const DhPaperTable *table, GString *text, const char *before)
{
  for (guint i = 0; i < table->runs->len; i++)
    {
      const DhRunRow *run = ((DhReportRun *)table->runs->pdata[i])->run;
      g_autofree char *line =
          g_strdup_printf ("run %" G_GINT64_FORMAT ": %s, SHA-256 %.12s%s%s; %s, fingerprint %.12s; densehybrid %s, %s",
                           (gint64)run->id, run->model_title, run->model_sha256, *run->precision ? ", in " : "",
                           run->precision, run->dataset_title, run->dataset_fingerprint, run->program, run->started);
      const DhRunSeries *series = table->series ? g_hash_table_lookup (table->series, &run->id) : NULL;
      g_autofree char *folder = series ? g_path_get_dirname (run->model_path) : NULL;
      g_autofree char *training = series ? g_path_get_basename (folder) : NULL;
      g_autofree char *seed =
          series ? g_strdup_printf ("; seed %" G_GUINT64_FORMAT " of %s", series->seed, training) : NULL;
      g_autofree char *made_of = dh_report_dup_made_of (run);
      g_autofree char *all = g_strconcat (line, seed ? seed : "", made_of ? "; made as " : "", made_of, NULL);
      g_strdelimit (all, "\n\r", ' ');
      g_string_append_printf (text, "%s%s\n", before, all);
    }
}

/* What stands behind the numbers; NULL without any. Free with g_free. */
static char *
dup_what_intervals (const DhPaperTable *table)
{
  if (table->of_scenes + table->of_images == 0)
    return NULL;
  return g_strdup_printf ("95 %% intervals: %u draws of a set's %s, with replacement", DH_BOOTSTRAP_DRAWS,
                          table->of_images == 0   ? "scenes"
                          : table->of_scenes == 0 ? "images"
                                                  : "images, or of its scenes where there are ten");
}

static gboolean
has_interval (const DhPaperCell *cell, guint number)
{
  return cell->text[number] && cell->low[number];
}

static void
append_lacks (const DhPaperTable *table, GString *text, const char *before)
{
  for (guint i = 0; i < table->lacks->len; i++)
    {
      g_autofree char *line = g_strdup (table->lacks->pdata[i]);
      g_strdelimit (line, "\n\r", ' ');
      g_string_append_printf (text, "%s%s\n", before, line);
    }
}

static void
append_latex_cell (const DhPaperTable *table, GString *tex, const DhPaperCell *cell, guint number, DhTableMarks marks)
{
  g_string_append (tex, " & ");
  if (!cell->text[number])
    {
      g_string_append (tex, "--");
      return;
    }
  const char *mark = mark_of (cell, number, marks, "\\textbf{", "\\underline{");
  g_string_append_printf (tex, "%s%s%s", mark, cell->text[number], *mark ? "}" : "");
  if (cell->deviation[number])
    g_string_append_printf (tex, "$\\pm$%s", cell->deviation[number]);
  g_autofree char *notes = dh_paper_cell_dup_marks (cell, number);
  if (notes)
    g_string_append_printf (tex, "$^{%s}$", notes);
  if (cell->deviation[number] && table->seeds_differ)
    g_string_append_printf (tex, " {\\scriptsize ($n=%u$)}", cell->numbers[number].n);
  if (has_interval (cell, number))
    g_string_append_printf (tex, " {\\scriptsize [%s, %s]}", cell->low[number], cell->high[number]);
}

char *
dh_paper_table_to_latex (const DhPaperTable *table, DhTableMarks marks)
{
  static const char *const titles[DH_PAPER_NUMBERS] = { "AP $\\uparrow$",    "FPR$_{95}$ $\\downarrow$",
                                                        "AUROC $\\uparrow$", "sIoU $\\uparrow$",
                                                        "PPV $\\uparrow$",   "F$_1^*$ $\\uparrow$" };
  GString *tex = g_string_new ("% needs \\usepackage{booktabs}\n");
  g_string_append_printf (tex, "%% AP, FPR95 and AUROC by %s, in per cent\n", table->protocol);
  g_autofree char *intervals = dup_what_intervals (table);
  if (intervals)
    g_string_append_printf (tex, "%% in brackets %s\n", intervals);
  g_autofree char *deviations = dup_what_deviations (table, "$\\pm$");
  if (deviations)
    g_string_append_printf (tex, "%% %s\n", deviations);
  append_lacks (table, tex, "% ");
  append_provenance (table, tex, "% ");
  g_string_append (tex, "\\begin{tabular}{l");
  guint columns = 1;
  for (guint g = 0; g < table->groups->len; g++)
    for (guint i = 0; i < count_numbers (table->groups->pdata[g]); i++, columns++)
      g_string_append_c (tex, 'r');
  g_string_append (tex, "}\n\\toprule\n");
  for (guint g = 0; g < table->groups->len; g++)
    {
      const DhPaperGroup *group = table->groups->pdata[g];
      g_string_append_printf (tex, " & \\multicolumn{%u}{c}{", count_numbers (group));
      dh_report_append_latex (tex, group->title);
      g_string_append_c (tex, '}');
    }
  g_string_append (tex, " \\\\\n");
  for (guint g = 0, at = 2; g < table->groups->len; g++)
    {
      const guint n = count_numbers (table->groups->pdata[g]);
      g_string_append_printf (tex, "\\cmidrule(lr){%u-%u}", at, at + n - 1);
      at += n;
    }
  g_string_append (tex, "\nMethod");
  for (guint g = 0; g < table->groups->len; g++)
    for (guint i = 0; i < count_numbers (table->groups->pdata[g]); i++)
      g_string_append_printf (tex, " & %s", titles[i]);
  g_string_append (tex, " \\\\\n\\midrule\n");
  for (guint r = 0; r < table->rows->len; r++)
    {
      dh_report_append_latex (tex, ((DhPaperRow *)table->rows->pdata[r])->name);
      for (guint g = 0; g < table->groups->len; g++)
        for (guint i = 0; i < count_numbers (table->groups->pdata[g]); i++)
          append_latex_cell (table, tex, get_cell (table, r, g), i, marks);
      g_string_append (tex, " \\\\\n");
    }
  g_string_append (tex, "\\bottomrule\n");
  for (guint n = 1; n <= table->notes->len; n++)
    {
      g_autofree char *name = dh_paper_dup_mark (n);
      g_string_append_printf (tex, "\\multicolumn{%u}{l}{\\footnotesize $^{%s}$ ", columns, name);
      dh_report_append_latex (tex, table->notes->pdata[n - 1]);
      g_string_append (tex, "} \\\\\n");
    }
  g_string_append (tex, "\\end{tabular}\n");
  return g_string_free (tex, FALSE);
}

static const char *const plain_titles[DH_PAPER_NUMBERS] = { "AP", "FPR95", "AUROC", "sIoU", "PPV", "mean F1" };

char *
dh_paper_table_to_markdown (const DhPaperTable *table, DhTableMarks marks)
{
  static const char *const arrows[DH_PAPER_NUMBERS] = { "↑", "↓", "↑", "↑", "↑", "↑" };
  GString *md = g_string_new ("| Method |"), *rule = g_string_new ("|---|");
  for (guint g = 0; g < table->groups->len; g++)
    {
      const DhPaperGroup *group = table->groups->pdata[g];
      g_autofree char *title = dh_report_escape_markdown (group->title);
      for (guint i = 0; i < count_numbers (group); i++)
        {
          g_string_append_printf (md, " %s%s%s %s |", i == 0 ? title : "", i == 0 ? ": " : "", plain_titles[i],
                                  arrows[i]);
          g_string_append (rule, "--:|");
        }
    }
  g_string_append_printf (md, "\n%s\n", rule->str);
  g_string_free (rule, TRUE);
  for (guint r = 0; r < table->rows->len; r++)
    {
      g_autofree char *name = dh_report_escape_markdown (((DhPaperRow *)table->rows->pdata[r])->name);
      g_string_append_printf (md, "| %s |", name);
      for (guint g = 0; g < table->groups->len; g++)
        for (guint i = 0; i < count_numbers (table->groups->pdata[g]); i++)
          {
            const DhPaperCell *cell = get_cell (table, r, g);
            const char *mark = mark_of (cell, i, marks, "**", "<u>");
            g_autofree char *notes = cell->text[i] ? dh_paper_cell_dup_marks (cell, i) : NULL;
            g_string_append_printf (md, " %s%s%s", mark, cell->text[i] ? cell->text[i] : "–",
                                    *mark == '<' ? "</u>" : mark);
            if (cell->deviation[i])
              g_string_append_printf (md, " ± %s", cell->deviation[i]);
            if (notes)
              g_string_append_printf (md, " <sup>%s</sup>", notes);
            if (cell->deviation[i] && table->seeds_differ)
              g_string_append_printf (md, " (n = %u)", cell->numbers[i].n);
            if (has_interval (cell, i))
              g_string_append_printf (md, " (%s–%s)", cell->low[i], cell->high[i]);
            g_string_append (md, " |");
          }
      g_string_append_c (md, '\n');
    }
  g_autofree char *intervals = dup_what_intervals (table);
  g_autofree char *deviations = dup_what_deviations (table, "±");
  g_string_append_printf (md, "\nAP, FPR95 and AUROC by %s, in per cent%s%s%s%s.\n", table->protocol,
                          intervals ? "; in parentheses " : "", intervals ? intervals : "", deviations ? "; " : "",
                          deviations ? deviations : "");
  for (guint n = 1; n <= table->notes->len; n++)
    {
      g_autofree char *name = dh_paper_dup_mark (n), *note = dh_report_escape_markdown (table->notes->pdata[n - 1]);
      g_string_append_printf (md, "\n<sup>%s</sup> %s\n", name, note);
    }
  g_string_append (md, "\n<!--\n");
  g_autoptr (GString) runs = g_string_new (NULL);
  append_lacks (table, runs, "");
  append_provenance (table, runs, "");
  g_auto (GStrv) parts = g_strsplit (runs->str, "--", -1);
  g_autofree char *plain = g_strjoinv ("- -", parts); /* what would end the comment */
  g_string_append_printf (md, "%s-->\n", plain);
  return g_string_free (md, FALSE);
}

/* "3 5 7" and the notes of any number. */
static void
append_csv_end (const DhPaperTable *table, GString *csv, const DhPaperCell *cell)
{
  g_autoptr (GString) told = g_string_new (NULL), runs = g_string_new (NULL);
  for (guint note = 1; note <= table->notes->len; note++)
    {
      gboolean own = FALSE;
      for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
        for (guint k = 0; k < cell->notes[i]->len; k++)
          own |= g_array_index (cell->notes[i], guint, k) == note;
      if (own)
        g_string_append_printf (told, "%s%s", told->len ? "; " : "", (char *)table->notes->pdata[note - 1]);
    }
  g_string_append_c (csv, ',');
  dh_report_append_csv (csv, told->str);
  for (guint i = 0; i < cell->members->len; i++)
    g_string_append_printf (runs, "%s%" G_GINT64_FORMAT, i ? " " : "",
                            ((DhPaperMember *)cell->members->pdata[i])->run->run->id);
  g_string_append_printf (csv, ",%s", runs->str);
  for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
    g_string_append_printf (csv, ",%u,%s", cell->numbers[i].n, cell->deviation[i] ? cell->deviation[i] : "");
  g_string_append_c (csv, '\n');
}

/* One line a method and set, so that a program need not know of groups. Columns say per cent: in the other CSV "ap" is
 * a fraction. */
char *
dh_paper_table_to_csv (const DhPaperTable *table)
{
  static const char *const names[DH_PAPER_NUMBERS] = { "ap", "fpr95", "auroc", "siou", "ppv", "mean_f1" };
  GString *csv = g_string_new ("method,data_set,run,protocol");
  for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
    g_string_append_printf (csv, ",%s_percent", names[i]);
  for (guint i = 0; table->options->intervals && i < DH_PAPER_NUMBERS; i++)
    g_string_append_printf (csv, ",%s_low_percent,%s_high_percent", names[i], names[i]);
  g_string_append (csv, ",note,runs");
  for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
    g_string_append_printf (csv, ",%s_n,%s_deviation_percent", names[i], names[i]);
  g_string_append_c (csv, '\n');
  for (guint r = 0; r < table->rows->len; r++)
    for (guint g = 0; g < table->groups->len; g++)
      {
        const DhPaperCell *cell = get_cell (table, r, g);
        if (cell->members->len == 0)
          continue;
        dh_report_append_csv (csv, ((DhPaperRow *)table->rows->pdata[r])->name);
        g_string_append_c (csv, ',');
        dh_report_append_csv (csv, ((DhPaperGroup *)table->groups->pdata[g])->title);
        g_string_append_printf (csv, ",%" G_GINT64_FORMAT ",%s",
                                ((DhPaperMember *)cell->members->pdata[0])->run->run->id, table->protocol);
        for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
          g_string_append_printf (csv, ",%s", cell->text[i] ? cell->text[i] : "");
        for (guint i = 0; table->options->intervals && i < DH_PAPER_NUMBERS; i++)
          g_string_append_printf (csv, ",%s,%s", has_interval (cell, i) ? cell->low[i] : "",
                                  has_interval (cell, i) ? cell->high[i] : "");
        append_csv_end (table, csv, cell);
      }
  return g_string_free (csv, FALSE);
}
