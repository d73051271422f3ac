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

static guint
note_of (const DhPaperCell *cell, guint number)
{
  return number >= DH_PAPER_SIOU ? cell->component_note : cell->note;
}

/* "a", …, "z", "aa" */
static char *
name_note (guint note)
{
  return note <= 26 ? g_strdup_printf ("%c", 'a' + note - 1)
                    : g_strdup_printf ("%c%c", 'a' + (note - 1) / 26 - 1, 'a' + (note - 1) % 26);
}

static const char *
mark_of (const DhPaperCell *cell, guint number, DhTableMarks marks, const char *best, const char *second)
{
  return cell->rank[number] == 1 && marks != DH_TABLE_MARK_NONE     ? best
         : cell->rank[number] == 2 && marks == DH_TABLE_MARK_SECOND ? second
                                                                    : "";
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
      g_strdelimit (line, "\n\r", ' ');
      g_string_append_printf (text, "%s%s\n", before, line);
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
  return number < DH_PAPER_INTERVALS && cell->text[number] && cell->low[number];
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
append_latex_cell (GString *tex, const DhPaperCell *cell, guint number, DhTableMarks marks)
{
  g_string_append (tex, " & ");
  if (!cell->text[number])
    {
      g_string_append (tex, "--");
      return;
    }
  const char *mark = mark_of (cell, number, marks, "\\textbf{", "\\underline{");
  g_string_append_printf (tex, "%s%s%s", mark, cell->text[number], *mark ? "}" : "");
  if (note_of (cell, number))
    {
      g_autofree char *name = name_note (note_of (cell, number));
      g_string_append_printf (tex, "$^{%s}$", name);
    }
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
          append_latex_cell (tex, get_cell (table, r, g), i, marks);
      g_string_append (tex, " \\\\\n");
    }
  g_string_append (tex, "\\bottomrule\n");
  for (guint n = 1; n <= table->notes->len; n++)
    {
      g_autofree char *name = name_note (n);
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
            g_autofree char *note = cell->text[i] && note_of (cell, i) ? name_note (note_of (cell, i)) : NULL;
            g_string_append_printf (md, " %s%s%s%s%s%s |", mark, cell->text[i] ? cell->text[i] : "–",
                                    *mark == '<' ? "</u>" : mark, note ? " <sup>" : "", note ? note : "",
                                    note ? "</sup>" : "");
            if (has_interval (cell, i))
              {
                g_string_truncate (md, md->len - strlen (" |"));
                g_string_append_printf (md, " (%s–%s) |", cell->low[i], cell->high[i]);
              }
          }
      g_string_append_c (md, '\n');
    }
  g_autofree char *intervals = dup_what_intervals (table);
  g_string_append_printf (md, "\nAP, FPR95 and AUROC by %s, in per cent%s%s.\n", table->protocol,
                          intervals ? "; in parentheses " : "", intervals ? intervals : "");
  for (guint n = 1; n <= table->notes->len; n++)
    {
      g_autofree char *name = name_note (n), *note = dh_report_escape_markdown (table->notes->pdata[n - 1]);
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

/* One line a method and set, so that a program need not know of groups. Columns say per cent: in the other CSV "ap" is
 * a fraction. */
char *
dh_paper_table_to_csv (const DhPaperTable *table)
{
  static const char *const names[DH_PAPER_NUMBERS] = { "ap", "fpr95", "auroc", "siou", "ppv", "mean_f1" };
  GString *csv = g_string_new ("method,data_set,run,protocol");
  for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
    g_string_append_printf (csv, ",%s_percent", names[i]);
  for (guint i = 0; table->options->intervals && i < DH_PAPER_INTERVALS; i++)
    g_string_append_printf (csv, ",%s_low_percent,%s_high_percent", names[i], names[i]);
  g_string_append (csv, ",note\n");
  for (guint r = 0; r < table->rows->len; r++)
    for (guint g = 0; g < table->groups->len; g++)
      {
        const DhPaperCell *cell = get_cell (table, r, g);
        if (!cell->run)
          continue;
        dh_report_append_csv (csv, ((DhPaperRow *)table->rows->pdata[r])->name);
        g_string_append_c (csv, ',');
        dh_report_append_csv (csv, ((DhPaperGroup *)table->groups->pdata[g])->title);
        g_string_append_printf (csv, ",%" G_GINT64_FORMAT ",%s", cell->run, table->protocol);
        for (guint i = 0; i < DH_PAPER_NUMBERS; i++)
          g_string_append_printf (csv, ",%s", cell->text[i] ? cell->text[i] : "");
        for (guint i = 0; table->options->intervals && i < DH_PAPER_INTERVALS; i++)
          g_string_append_printf (csv, ",%s,%s", has_interval (cell, i) ? cell->low[i] : "",
                                  has_interval (cell, i) ? cell->high[i] : "");
        const guint note = cell->note ? cell->note : cell->component_note;
        g_string_append_c (csv, ',');
        dh_report_append_csv (csv, note ? table->notes->pdata[note - 1] : "");
        g_string_append_c (csv, '\n');
      }
  return g_string_free (csv, FALSE);
}
