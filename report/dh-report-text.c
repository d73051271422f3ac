#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "dh-metric.h"
#include "dh-report-private.h"
#include "dh-run-state.h"
#include "dh-text.h"

/* A field of a CSV file: quoted where it must be; a leading sign of a formula is defused by the quote and a space. */
void
dh_report_append_csv (GString *csv, const char *text)
{
  const gboolean formula = text[0] && strchr ("=+-@\t", text[0]);
  if (!formula && !strpbrk (text, ",\"\n\r"))
    {
      g_string_append (csv, text);
      return;
    }
  g_string_append_c (csv, '"');
  if (formula)
    g_string_append_c (csv, ' ');
  for (const char *c = text; *c; c++)
    {
      if (*c == '"')
        g_string_append_c (csv, '"');
      g_string_append_c (csv, *c);
    }
  g_string_append_c (csv, '"');
}

/* NULL where there is none: of imported scores nothing was computed. */
static const char *
or_null (const char *text)
{
  return *text ? text : NULL;
}

void
dh_report_append_csv_number (GString *csv, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_c (csv, ',');
  if (isfinite (value))
    g_string_append (csv, g_ascii_dtostr (buffer, sizeof buffer, value));
}

/* Of imported scores nothing was computed, which takes no time: undefined, not 0. */
static double
seconds_of (const DhReportRun *run, double seconds)
{
  return run->run->method ? (double)NAN : seconds;
}

static void
append_image (GString *csv, const DhReportRun *run, const DhRunImageRow *row)
{
  if (!row)
    {
      g_string_append (csv, ",,,,,,,,,,,");
      return;
    }
  g_string_append_c (csv, ',');
  dh_report_append_csv (csv, row->state);
  g_string_append_printf (csv, ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT, row->pixels,
                          row->positives, row->non_finite);
  dh_report_append_csv_number (csv, row->ap);
  dh_report_append_csv_number (csv, row->auroc);
  dh_report_append_csv_number (csv, row->fpr95);
  dh_report_append_csv_number (csv, row->best_f1);
  dh_report_append_csv_number (csv, row->best_f1_threshold);
  dh_report_append_csv_number (csv, row->mean_score);
  dh_report_append_csv_number (csv, seconds_of (run, row->seconds));
}

char *
dh_report_to_csv (const DhReport *report)
{
  GString *csv = g_string_new ("image,scene");
  for (guint r = 0; r < report->n_runs; r++)
    {
      g_autofree char *suffix =
          report->n_runs > 1 ? g_strdup_printf ("_run%" G_GINT64_FORMAT, report->runs[r].run->id) : g_strdup ("");
      static const char *const columns[] = { "state", "pixels",  "anomaly_pixels",    "non_finite", "ap",     "auroc",
                                             "fpr95", "best_f1", "best_f1_threshold", "mean_score", "seconds" };
      for (guint c = 0; c < G_N_ELEMENTS (columns); c++)
        g_string_append_printf (csv, ",%s%s", columns[c], suffix);
    }
  g_string_append (csv, "\r\n");

  g_autoptr (GHashTable) others = g_hash_table_new (g_str_hash, g_str_equal);
  if (report->n_runs > 1)
    for (guint i = 0; i < report->runs[1].images->len; i++)
      {
        DhRunImageRow *row = report->runs[1].images->pdata[i];
        g_hash_table_insert (others, row->stem, row);
      }
  for (guint i = 0; i < report->runs[0].images->len; i++)
    {
      const DhRunImageRow *row = report->runs[0].images->pdata[i];
      dh_report_append_csv (csv, row->stem);
      g_string_append_c (csv, ',');
      dh_report_append_csv (csv, row->scene);
      append_image (csv, &report->runs[0], row);
      if (report->n_runs > 1)
        append_image (csv, &report->runs[1], g_hash_table_lookup (others, row->stem));
      g_string_append (csv, "\r\n");
    }
  return g_string_free (csv, FALSE);
}

static void
add_image (JsonBuilder *json, const DhReportRun *run, const DhRunImageRow *row)
{
  json_builder_begin_object (json);
  dh_report_member_string (json, "image", row->stem);
  dh_report_member_string (json, "scene", row->scene);
  dh_report_member_string (json, "state", row->state);
  dh_report_member_string (json, "why", row->why);
  dh_report_member_int (json, "width", row->width);
  dh_report_member_int (json, "height", row->height);
  dh_report_member_int (json, "pixels", row->pixels);
  dh_report_member_int (json, "positives", row->positives);
  dh_report_member_int (json, "non_finite", row->non_finite);
  dh_report_member_double (json, "ap", row->ap);
  dh_report_member_double (json, "auroc", row->auroc);
  dh_report_member_double (json, "fpr95", row->fpr95);
  dh_report_member_double (json, "best_f1", row->best_f1);
  dh_report_member_double (json, "best_f1_threshold", row->best_f1_threshold);
  dh_report_member_double (json, "mean_score", row->mean_score);
  dh_report_member_double (json, "max_score", row->max_score);
  dh_report_member_double (json, "seconds", seconds_of (run, row->seconds));
  dh_report_member_string (json, "scores", row->score_file);
  json_builder_end_object (json);
}

static void
add_thresholds (JsonBuilder *json, const DhReport *report)
{
  json_builder_set_member_name (json, "thresholds");
  json_builder_begin_array (json);
  for (guint i = 0; i < report->n_thresholds; i++)
    {
      const DhReportThreshold *threshold = &report->thresholds[i];
      DhConfusion found = { 0 };
      gboolean exact;
      const gboolean counted = dh_report_count_at (report, threshold, &exact, &found);
      json_builder_begin_object (json);
      dh_report_member_string (json, "score", threshold->score ? threshold->score : report->runs[0].run->score);
      dh_report_member_double (json, "value", threshold->value);
      dh_report_member_string (json, "rule", threshold->rule ? threshold->rule : "by hand");
      dh_report_member_string (json, "source", threshold->source);
      dh_report_member_int (json, "source_images", threshold->images);
      if (threshold->run)
        {
          dh_report_member_int (json, "source_run", threshold->run);
          dh_report_member_string (json, "source_fingerprint", threshold->fingerprint);
        }
      json_builder_set_member_name (json, "source_is_this_set");
      json_builder_add_boolean_value (json, threshold->own);
      dh_report_member_double (json, "precision", dh_confusion_precision (&found));
      dh_report_member_double (json, "tpr", dh_confusion_tpr (&found));
      dh_report_member_double (json, "fpr", dh_confusion_fpr (&found));
      dh_report_member_double (json, "f1", dh_confusion_f1 (&found));
      if (counted)
        {
          dh_report_member_int (json, "tp", (gint64)found.tp);
          dh_report_member_int (json, "fp", (gint64)found.fp);
          dh_report_member_int (json, "fn", (gint64)found.fn);
          dh_report_member_int (json, "tn", (gint64)found.tn);
          json_builder_set_member_name (json, "counted_exactly");
          json_builder_add_boolean_value (json, exact);
        }
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
}

static void
add_run (JsonBuilder *json, const DhReport *report, guint which)
{
  const DhReportRun *run = &report->runs[which];
  json_builder_begin_object (json);
  dh_report_member_int (json, "run", run->run->id);
  dh_report_member_string (json, "kind", run->run->kind);
  dh_report_member_string (json, "state", dh_run_state (run->run));
  dh_report_member_string (json, "why", run->run->why);
  dh_report_member_string (json, "dataset", run->run->dataset_kind);
  dh_report_member_string (json, "dataset_title", run->run->dataset_title);
  dh_report_member_string (json, "dataroot", run->run->dataset_root);
  dh_report_member_string (json, "fingerprint", run->run->dataset_fingerprint);
  dh_report_member_string (json, "split", run->run->split);
  dh_report_member_string (json, "model", run->run->model_title);
  dh_report_member_string (json, "method", run->run->method);
  dh_report_member_string (json, "weights", run->run->method ? NULL : run->run->model_path);
  dh_report_member_string (json, "imported_from", run->run->source);
  dh_report_member_string (json, "sha256", run->run->model_sha256);
  dh_report_member_string (json, "score", run->run->score);
  dh_report_member_string (json, "device", or_null (run->run->device));
  dh_report_member_string (json, "device_title", or_null (run->run->device_title));
  dh_report_member_string (json, "precision", or_null (run->run->precision));
  dh_report_member_string (json, "program", run->run->program);
  dh_report_member_string (json, "command", run->run->command);
  dh_report_member_string (json, "started", run->run->started);
  dh_report_member_string (json, "ended", run->run->ended);
  dh_report_member_double (json, "seconds", seconds_of (run, run->run->seconds));
  json_builder_set_member_name (json, "summary");
  JsonNode *summary = dh_report_parse_summary (run->run);
  json_builder_add_value (json, summary ? summary : json_node_new (JSON_NODE_NULL));
  json_builder_set_member_name (json, "protocols");
  json_builder_begin_array (json);
  for (guint i = 0; i < run->protocols->len; i++)
    {
      const DhRunProtocolRow *row = run->protocols->pdata[i];
      json_builder_begin_object (json);
      dh_report_member_string (json, "score", row->score);
      dh_report_member_string (json, "protocol", row->protocol);
      dh_report_member_double (json, "ap", row->ap);
      dh_report_member_double (json, "auroc", row->auroc);
      dh_report_member_double (json, "fpr95", row->fpr95);
      dh_report_member_double (json, "threshold_tpr95", row->threshold_tpr95);
      dh_report_member_double (json, "best_f1", row->best_f1);
      dh_report_member_double (json, "best_f1_threshold", row->best_f1_threshold);
      dh_report_member_int (json, "pixels", row->pixels);
      dh_report_member_int (json, "positives", row->positives);
      dh_report_member_int (json, "undefined_images", row->undefined_images);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  if (which == 0 && report->n_thresholds > 0)
    add_thresholds (json, report);
  dh_report_slices_to_json (report->slices[which], json);
  dh_report_froc_to_json (report, which, json);
  dh_report_intervals_to_json (report, which, json);
  g_autoptr (DhReportObjects) objects = dh_report_objects_new (report, which);
  dh_report_objects_to_json (objects, json);
  json_builder_set_member_name (json, "images");
  json_builder_begin_array (json);
  for (guint i = 0; i < run->images->len; i++)
    add_image (json, run, run->images->pdata[i]);
  json_builder_end_array (json);
  json_builder_end_object (json);
}

char *
dh_report_to_json (const DhReport *report)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "runs");
  json_builder_begin_array (json);
  for (guint r = 0; r < report->n_runs; r++)
    add_run (json, report, r);
  json_builder_end_array (json);
  dh_report_differences_to_json (report, json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return dh_text_mend_json (json_to_string (root, TRUE));
}

/* One line of plain text: names come from file systems and databases that anyone may have written. */
static char *
make_line (const char *text)
{
  char *line = g_utf8_make_valid (text, -1);
  for (char *c = line; *c; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  return line;
}

/* Text in a cell of Markdown: what has a meaning there, in HTML's tags and entities too, is escaped. */
char *
dh_report_escape_markdown (const char *text)
{
  g_autofree char *line = make_line (text);
  GString *escaped = g_string_new (NULL);
  for (const char *c = line; *c; c++)
    {
      if (strchr ("\\`*_[]<>|~&#$!", *c))
        g_string_append_c (escaped, '\\');
      g_string_append_c (escaped, *c);
    }
  return g_string_free (escaped, FALSE);
}

void
dh_report_append_markdown_table (GString *md, DhReportTable *table)
{
  if (!table)
    return;
  g_string_append_printf (md, "\n### %s\n\n", table->title);
  g_autofree char *sentence = table->sentence ? dh_report_escape_markdown (table->sentence) : NULL;
  if (sentence)
    g_string_append_printf (md, "%s\n\n", sentence);
  for (guint r = 0; r < dh_report_table_n_rows (table); r++)
    {
      for (guint c = 0; c < table->n_columns; c++)
        {
          g_autofree char *cell = dh_report_escape_markdown (dh_report_table_cell (table, r, c));
          g_string_append_printf (md, "| %s ", cell);
        }
      g_string_append (md, "|\n");
      for (guint c = 0; r == 0 && c < table->n_columns; c++)
        g_string_append (md, c < table->n_left ? "|---" : "|--:");
      if (r == 0)
        g_string_append (md, "|\n");
    }
  dh_report_table_free (table);
}

char *
dh_report_to_markdown (const DhReport *report)
{
  GString *md = g_string_new ("# Dense anomaly detection: report\n");
  dh_report_append_markdown_table (md, dh_report_compared_protocols (report));
  dh_report_append_markdown_table (md, dh_report_compared_intervals (report));
  dh_report_append_markdown_table (md, dh_report_compared_drawn (report));
  dh_report_append_markdown_table (md, dh_report_compared_slices (report));
  dh_report_append_markdown_table (md, dh_report_compared_froc (report));
  dh_report_append_markdown_table (md, dh_report_compared_images (report));
  for (guint r = 0; r < report->n_runs; r++)
    {
      const DhReportRun *run = &report->runs[r];
      g_string_append_printf (md, "\n## Run %" G_GINT64_FORMAT "\n\n| | |\n|---|---|\n", run->run->id);
      g_auto (GStrv) facts = dh_report_provenance (run);
      for (guint i = 0; facts[i]; i += 2)
        {
          g_autofree char *name = dh_report_escape_markdown (facts[i]),
                          *value = dh_report_escape_markdown (facts[i + 1]);
          g_string_append_printf (md, "| %s | %s |\n", name, value);
        }
      if (run->protocols->len > 0)
        g_string_append (md,
                         "\n| score | protocol | AP | FPR95 | AUROC | undefined images |\n|---|---|--:|--:|--:|--:|\n");
      for (guint i = 0; i < run->protocols->len; i++)
        {
          const DhRunProtocolRow *row = run->protocols->pdata[i];
          if (dh_report_is_component_row (row))
            continue;
          g_autofree char *ap = dh_report_percent (row->ap);
          g_autofree char *fpr95 = dh_report_percent (row->fpr95);
          g_autofree char *auroc = dh_report_percent (row->auroc);
          g_autofree char *score = dh_report_escape_markdown (row->score),
                          *protocol = dh_report_escape_markdown (row->protocol);
          g_string_append_printf (md, "| %s | %s | %s | %s | %s | %" G_GINT64_FORMAT " |\n", score, protocol, ap, fpr95,
                                  auroc, row->undefined_images);
        }
      dh_report_append_markdown_table (md, dh_report_intervals_table (report, r));
      dh_report_append_markdown_table (md, dh_report_drawn_table (report, r));
      dh_report_append_markdown_table (md, dh_report_thresholds_table (report, r));
      dh_report_append_markdown_table (md, dh_report_components_table (run));
      dh_report_append_markdown_table (md, dh_report_slices_table (report->slices[r]));
      dh_report_append_markdown_table (md, dh_report_froc_table (report, r));
      g_autoptr (DhReportObjects) objects = dh_report_objects_new (report, r);
      dh_report_append_markdown_table (md, dh_report_objects_table (objects));
      dh_report_append_markdown_table (md, dh_report_missed_table (objects));
      dh_report_append_markdown_table (md, dh_report_classes_table (run));
      g_string_append (md, "\n| image, worst first | anomaly pixels | AP | FPR95 | AUROC |\n|---|--:|--:|--:|--:|\n");
      g_autoptr (GPtrArray) worst = dh_report_worst_first (run);
      for (guint i = 0; i < worst->len; i++)
        {
          const DhRunImageRow *row = worst->pdata[i];
          g_autofree char *stem = dh_report_escape_markdown (row->stem);
          g_autofree char *positives = dh_report_count (row->positives);
          g_autofree char *ap = dh_report_percent (row->ap);
          g_autofree char *fpr95 = dh_report_percent (row->fpr95);
          g_autofree char *auroc = dh_report_percent (row->auroc);
          g_string_append_printf (md, "| %s | %s | %s | %s | %s |\n", stem, positives, ap, fpr95, auroc);
        }
    }
  return g_string_free (md, FALSE);
}

/* Whether any of the runs has numbers of components, which then have columns of their own. */
static gboolean
has_components (const DhReport *report)
{
  for (guint r = 0; r < report->n_runs; r++)
    for (guint i = 0; i < report->runs[r].protocols->len; i++)
      if (dh_report_is_component_row (report->runs[r].protocols->pdata[i]))
        return TRUE;
  return FALSE;
}

void
dh_report_append_latex (GString *tex, const char *text)
{
  static const struct
  {
    char letter;
    const char *command;
  } commands[] = { { '\\', "\\textbackslash{}" }, { '~', "\\textasciitilde{}" }, { '^', "\\textasciicircum{}" },
                   { '<', "\\textless{}" },       { '>', "\\textgreater{}" },    { '|', "\\textbar{}" } };
  g_autofree char *line = make_line (text);
  for (const char *c = line; *c; c++)
    {
      const char *command = NULL;
      for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
        if (*c == commands[i].letter)
          command = commands[i].command;
      if (command)
        {
          g_string_append (tex, command);
          continue;
        }
      if (strchr ("&%$#_{}", *c))
        g_string_append_c (tex, '\\');
      g_string_append_c (tex, *c);
    }
}

char *
dh_report_to_latex (const DhReport *report)
{
  const gboolean components = has_components (report);
  GString *tex = g_string_new ("% needs \\usepackage{booktabs}\n");
  g_string_append_printf (tex,
                          "\\begin{tabular}{llrrr%s}\n\\toprule\nscore & protocol & AP & FPR$_{95}$ & AUROC%s \\\\\n",
                          components ? "rrr" : "", components ? " & sIoU & PPV & mean F$_1$" : "");
  for (guint r = 0; r < report->n_runs; r++)
    {
      const DhReportRun *run = &report->runs[r];
      g_auto (DhReportComponents) found = { NULL };
      const gboolean measured = dh_report_find_components (run->run, &found);
      g_string_append_printf (tex, "\\midrule\n\\multicolumn{%u}{l}{", components ? 8 : 5);
      g_autofree char *model = dh_report_dup_model (report, r);
      dh_report_append_latex (tex, model);
      g_string_append (tex, ", ");
      dh_report_append_latex (tex, run->run->dataset_title);
      g_string_append (tex, "} \\\\\n");
      for (guint i = 0; i < run->protocols->len; i++)
        {
          const DhRunProtocolRow *row = run->protocols->pdata[i];
          const gboolean own = measured && g_str_equal (row->protocol, found.protocol);
          const double values[] = { row->ap,
                                    row->fpr95,
                                    row->auroc,
                                    own ? found.siou : (double)NAN,
                                    own ? found.ppv : (double)NAN,
                                    own ? found.mean_f1 : (double)NAN };
          dh_report_append_latex (tex, row->score);
          g_string_append (tex, " & ");
          dh_report_append_latex (tex, row->protocol);
          for (guint v = 0; v < (components ? 6 : 3); v++)
            if (isfinite (values[v]))
              g_string_append_printf (tex, " & %.2f", 100 * values[v]);
            else
              g_string_append (tex, " & --");
          g_string_append (tex, " \\\\\n");
        }
    }
  g_string_append (tex, "\\bottomrule\n\\end{tabular}\n");
  return g_string_free (tex, FALSE);
}
