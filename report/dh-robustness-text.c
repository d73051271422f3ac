#include <json-glib/json-glib.h>
#include <math.h>

#include "dh-robustness-private.h"
#include "dh-text.h"

#define COLUMNS (1 + 1 + DH_DEGRADE_SEVERITIES + 2)

static void
add_row (DhReportTable *table, const char *name, double clean, const double *values, double mean)
{
  g_ptr_array_add (table->cells, g_strdup (name));
  g_ptr_array_add (table->cells, dh_report_percent (clean));
  for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
    g_ptr_array_add (table->cells, dh_report_percent (values[s]));
  g_ptr_array_add (table->cells, dh_report_percent (mean));
  g_ptr_array_add (table->cells, dh_report_difference (mean, clean));
}

/* Over the degradations that there are, at each severity. */
static void
find_means (const DhRobustness *self, guint number, double means[DH_DEGRADE_SEVERITIES])
{
  for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
    {
      double sum = 0;
      guint n = 0;
      for (guint k = 0; k < DH_N_DEGRADE; k++)
        if (self->cells[k][s].run)
          {
            sum += self->cells[k][s].numbers[number];
            n++;
          }
      means[s] = n ? sum / n : (double)NAN;
    }
}

DhReportTable *
dh_robustness_table (const DhRobustness *self, guint number)
{
  static const char *const titles[COLUMNS] = { "images", "as they are", "1", "2", "3", "4", "5", "mean", "change" };
  const double clean = self->clean.numbers[number];
  double values[DH_DEGRADE_SEVERITIES];
  g_autofree char *title =
      g_strdup_printf ("%s by severity, in per cent, by %s", dh_robustness_number_name (number), self->protocol->name);
  DhReportTable *table = dh_report_table_new (title, COLUMNS, 1, titles);
  for (guint k = 0; k < DH_N_DEGRADE; k++)
    {
      if (!dh_robustness_has (self, k))
        continue;
      for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
        values[s] = self->cells[k][s].run ? self->cells[k][s].numbers[number] : (double)NAN;
      add_row (table, dh_degrade_title (k), clean, values, dh_robustness_mean (self, number, k));
    }
  find_means (self, number, values);
  add_row (table, "mean", clean, values, dh_robustness_mean (self, number, DH_N_DEGRADE));
  return table;
}

char **
dh_robustness_facts (const DhRobustness *self)
{
  const DhReportRun run = { .run = self->run, .images = g_ptr_array_new (), .protocols = g_ptr_array_new () };
  char **facts = dh_report_provenance (&run);
  g_ptr_array_unref (run.images);
  g_ptr_array_unref (run.protocols);
  return facts;
}

static void
append_csv (GString *csv, const char *name, guint severity, const DhRobustnessCell *cell)
{
  g_string_append_printf (csv, "%s,%u,%" G_GINT64_FORMAT, name, severity, cell->run);
  for (guint i = 0; i < DH_ROBUSTNESS_NUMBERS; i++)
    dh_report_append_csv_number (csv, cell->numbers[i]);
  g_string_append_c (csv, '\n');
}

char *
dh_robustness_to_csv (const DhRobustness *self)
{
  GString *csv = g_string_new ("degradation,severity,run,ap,fpr95,auroc\n");
  append_csv (csv, "none", 0, &self->clean);
  for (guint k = 0; k < DH_N_DEGRADE; k++)
    for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
      if (self->cells[k][s].run)
        append_csv (csv, dh_degrade_name (k), s + 1, &self->cells[k][s]);
  return g_string_free (csv, FALSE);
}

static void
add_cell (JsonBuilder *json, const DhRobustnessCell *cell)
{
  dh_report_member_int (json, "run", cell->run);
  dh_report_member_double (json, "ap", cell->numbers[DH_ROBUSTNESS_AP]);
  dh_report_member_double (json, "fpr95", cell->numbers[DH_ROBUSTNESS_FPR95]);
  dh_report_member_double (json, "auroc", cell->numbers[DH_ROBUSTNESS_AUROC]);
}

static void
add_mean (JsonBuilder *json, const DhRobustness *self, guint kind)
{
  json_builder_set_member_name (json, "mean");
  json_builder_begin_object (json);
  dh_report_member_double (json, "ap", dh_robustness_mean (self, DH_ROBUSTNESS_AP, kind));
  dh_report_member_double (json, "fpr95", dh_robustness_mean (self, DH_ROBUSTNESS_FPR95, kind));
  dh_report_member_double (json, "auroc", dh_robustness_mean (self, DH_ROBUSTNESS_AUROC, kind));
  json_builder_end_object (json);
}

static void
add_kind (JsonBuilder *json, const DhRobustness *self, guint kind)
{
  json_builder_begin_object (json);
  dh_report_member_string (json, "name", dh_degrade_name (kind));
  dh_report_member_string (json, "title", dh_degrade_title (kind));
  json_builder_set_member_name (json, "severities");
  json_builder_begin_array (json);
  for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
    if (self->cells[kind][s].run)
      {
        json_builder_begin_object (json);
        dh_report_member_int (json, "severity", s + 1);
        add_cell (json, &self->cells[kind][s]);
        json_builder_end_object (json);
      }
  json_builder_end_array (json);
  add_mean (json, self, kind);
  json_builder_end_object (json);
}

char *
dh_robustness_to_json (const DhRobustness *self)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  dh_report_member_string (json, "protocol", self->protocol->name);
  dh_report_member_string (json, "score", self->run->score);
  dh_report_member_string (json, "model", self->run->model_title);
  dh_report_member_string (json, "sha256", self->run->model_sha256);
  dh_report_member_string (json, "dataset_title", self->run->dataset_title);
  dh_report_member_string (json, "dataroot", self->run->dataset_root);
  dh_report_member_string (json, "fingerprint", self->run->dataset_fingerprint);
  json_builder_set_member_name (json, "clean");
  json_builder_begin_object (json);
  add_cell (json, &self->clean);
  json_builder_end_object (json);
  json_builder_set_member_name (json, "degradations");
  json_builder_begin_array (json);
  for (guint k = 0; k < DH_N_DEGRADE; k++)
    if (dh_robustness_has (self, k))
      add_kind (json, self, k);
  json_builder_end_array (json);
  add_mean (json, self, DH_N_DEGRADE);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return dh_text_mend_json (json_to_string (root, TRUE));
}

char *
dh_robustness_to_markdown (const DhRobustness *self)
{
  GString *md = g_string_new ("# Dense anomaly detection on worse images\n");
  for (guint number = 0; number < DH_ROBUSTNESS_NUMBERS; number++)
    dh_report_append_markdown_table (md, dh_robustness_table (self, number));
  g_string_append_printf (md, "\n## Run %" G_GINT64_FORMAT ", of the images as they are\n\n| | |\n|---|---|\n",
                          (gint64)self->run->id);
  g_auto (GStrv) facts = dh_robustness_facts (self);
  for (guint i = 0; facts[i]; i += 2)
    {
      g_autofree char *name = dh_report_escape_markdown (facts[i]), *value = dh_report_escape_markdown (facts[i + 1]);
      g_string_append_printf (md, "| %s | %s |\n", name, value);
    }
  return g_string_free (md, FALSE);
}

/* A cell of dh_robustness_table(), whose signs and dashes are not LaTeX's. */
static void
append_latex_cell (GString *tex, const char *cell)
{
  g_autoptr (GString) text = g_string_new (cell);
  g_string_replace (text, "−", "$-$", 0);
  g_string_replace (text, "—", "--", 0);
  g_string_append (tex, text->str);
}

char *
dh_robustness_to_latex (const DhRobustness *self)
{
  GString *tex = g_string_new ("% needs \\usepackage{booktabs}\n");
  g_autofree char *what =
      g_strdup_printf ("%% by %s, in per cent; run %" G_GINT64_FORMAT ": %s, SHA-256 %.12s; %s, fingerprint %.12s",
                       self->protocol->name, (gint64)self->run->id, self->run->model_title, self->run->model_sha256,
                       self->run->dataset_title, self->run->dataset_fingerprint);
  g_strdelimit (what, "\n\r", ' ');
  g_string_append_printf (tex, "%s\n\\begin{tabular}{lrrrrrrrr}\n\\toprule\n", what);
  for (guint number = 0; number < DH_ROBUSTNESS_NUMBERS; number++)
    {
      g_autoptr (DhReportTable) table = dh_robustness_table (self, number);
      g_string_append_printf (tex, "%s%s & clean & 1 & 2 & 3 & 4 & 5 & mean & change \\\\\n\\midrule\n",
                              number ? "\\midrule\n" : "",
                              number == DH_ROBUSTNESS_FPR95 ? "FPR$_{95}$" : dh_robustness_number_name (number));
      for (guint r = 1; r < dh_report_table_n_rows (table); r++)
        for (guint c = 0; c < table->n_columns; c++)
          {
            append_latex_cell (tex, dh_report_table_cell (table, r, c));
            g_string_append (tex, c + 1 < table->n_columns ? " & " : " \\\\\n");
          }
    }
  g_string_append (tex, "\\bottomrule\n\\end{tabular}\n");
  return g_string_free (tex, FALSE);
}
