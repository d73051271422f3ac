#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "dh-report.h"
#include "dh-run-state.h"

/* Without --run: the newest one. */
static gint64
newest_run (DhDatabase *database, GError **error)
{
  g_autoptr (GPtrArray) runs = dh_database_list_runs (database, error);
  if (runs && runs->len == 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "%s: holds no runs yet; eval-ood or the studio's \"Evaluate data set\" makes one",
                 dh_database_path (database));
  return runs && runs->len ? ((DhRunRow *)runs->pdata[0])->id : 0;
}

/* What "report" and "export" can name. */
static gboolean
list_runs (DhCli *cli, DhDatabase *database, GError **error)
{
  g_autoptr (GPtrArray) runs = dh_database_list_runs (database, error);
  if (!runs)
    return FALSE;
  JsonBuilder *json = cli->json ? json_builder_new () : NULL;
  if (json)
    {
      json_builder_begin_object (json);
      json_builder_set_member_name (json, "runs");
      json_builder_begin_array (json);
    }
  else
    printf ("%5s  %-10s %8s  %-20s  %-28s %s\n", "run", "state", "images", "started", "data set", "model");
  for (guint i = 0; i < runs->len; i++)
    {
      const DhRunRow *run = runs->pdata[i];
      if (!json)
        {
          g_autofree char *model = dh_run_row_dup_model (run), *base = g_path_get_basename (run->dataset_root);
          g_autofree char *data = g_strdup_printf ("%s · %s", run->dataset_title, base);
          printf ("%5" G_GINT64_FORMAT "  %-10s %8" G_GINT64_FORMAT "  %-20.20s  %-28s %s\n", (gint64)run->id,
                  dh_run_state (run), (gint64)run->images_done, run->started, data, model);
          continue;
        }
      json_builder_begin_object (json);
      dh_json_member_int (json, "run", run->id);
      dh_json_member_string (json, "state", dh_run_state (run));
      dh_json_member_int (json, "images", run->images_done);
      dh_json_member_int (json, "failed", run->images_failed);
      dh_json_member_string (json, "started", run->started);
      dh_json_member_string (json, "dataset", run->dataset_kind);
      dh_json_member_string (json, "dataroot", run->dataset_root);
      dh_json_member_string (json, "model", run->model_title);
      dh_json_member_string (json, "weights", run->method ? NULL : run->model_path);
      dh_json_member_string (json, "folder", run->folder);
      json_builder_end_object (json);
    }
  if (json)
    {
      json_builder_end_array (json);
      json_builder_end_object (json);
      dh_json_print (json);
    }
  return TRUE;
}

/* "3" or "3,5" */
static gboolean
parse_runs (const char *text, gint64 *first, gint64 *second)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  const guint n = g_strv_length (words);
  return (n == 1 || n == 2) && g_ascii_string_to_signed (words[0], 10, 1, G_MAXINT64, first, NULL)
         && (n == 1 || g_ascii_string_to_signed (words[1], 10, 1, G_MAXINT64, second, NULL));
}

/* "-10.6", or "best-f1@3": what that rule chooses on run 3. */
static gboolean
parse_threshold (const char *text, double *value, char **rule, gint64 *source)
{
  const char *at = strchr (text, '@');
  if (!at)
    {
      char *end;
      *value = g_ascii_strtod (text, &end);
      return end != text && *end == '\0' && isfinite (*value);
    }
  *rule = g_strndup (text, (gsize)(at - text));
  return dh_report_rule_name (*rule) && g_ascii_string_to_signed (at + 1, 10, 1, G_MAXINT64, source, NULL);
}

/* `contents` without the threshold. */
static gboolean
write_at (DhCli *cli, DhDatabase *database, DhReportContents *contents, double value, const char *rule, gint64 source,
          DhReportFormat format, const char *out, GError **error)
{
  g_auto (DhReportThreshold) threshold = { .value = value };
  if (rule && !dh_report_choose_threshold (database, contents->run, rule, source, &threshold, error))
    return FALSE;
  if (threshold.own)
    dh_cli_note (cli,
                 "%s was chosen on the very set that run %" G_GINT64_FORMAT
                 " measured: the best that could be had, not what to expect",
                 rule, contents->run);
  contents->thresholds = &threshold;
  contents->n_thresholds = 1;
  return dh_report_write_contents (database, contents, format, out, cli->cancellable, error);
}

static void
print_written (DhCli *cli, const char *out, const char *format, gint64 first, gint64 second)
{
  if (!cli->json)
    {
      if (!cli->quiet)
        printf ("%s\n", out);
      return;
    }
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_string (json, "path", out);
  dh_json_member_string (json, "format", format);
  json_builder_set_member_name (json, "runs");
  json_builder_begin_array (json);
  dh_json_member_int (json, NULL, first);
  if (second)
    dh_json_member_int (json, NULL, second);
  json_builder_end_array (json);
  json_builder_end_object (json);
  dh_json_print (json);
}

int
dh_cmd_report (DhCli *cli, int argc, char **argv)
{
  g_autofree char *db = NULL;
  g_autofree char *runs = NULL;
  g_autofree char *format_name = NULL;
  g_autofree char *out = NULL;
  g_autofree char *kept = NULL;
  gboolean objects = FALSE;
  const GOptionEntry entries[] = {
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "The database (default: in the user's data folder)", "FILE" },
    { "threshold", 0, 0, G_OPTION_ARG_STRING, &kept,
      "Adds precision, TPR, FPR and F1 at a threshold that is kept: a value of the map, or a rule (tpr95, fpr5, "
      "best-f1) "
      "on another run: best-f1@2",
      "V|RULE@RUN" },
    { "objects", 0, 0, G_OPTION_ARG_NONE, &objects,
      "Adds the objects that are found and missed at that threshold (else at the best F1), by size, scene and tag, and "
      "lists the missed ones; reads the run's maps again",
      NULL },
    { "run", 0, 0, G_OPTION_ARG_STRING, &runs, "The run, or two to compare (default: the newest)", "N[,M]" },
    { "format", 0, 0, G_OPTION_ARG_STRING, &format_name, "csv, json, html, md, latex or pdf", "F" },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "The file to write", "FILE" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL,
                     "[--db FILE] [--run N[,M]] [--threshold V|RULE@RUN] [--objects] [--format F] --out FILE",
                     "Writes a run with its provenance, or two compared. Without --out: lists the runs.",
                     "densehybrid report --run 3 --format html --out run3.html", NULL, &status))
    return status;
  g_autoptr (GError) error = NULL;
  if (!out && (runs || format_name || kept))
    return dh_cli_usage (cli, "--out is missing: which file?");
  if (!out)
    {
      g_autoptr (DhDatabase) listed = dh_database_open_existing (db, &error);
      return listed && list_runs (cli, listed, &error) ? DH_EXIT_DONE : dh_cli_fail (cli, &error);
    }
  g_autofree char *base = g_path_get_basename (out);
  const char *dot = strrchr (base, '.');
  const char *name = format_name ? format_name : dot ? g_ascii_strcasecmp (dot, ".tex") == 0 ? "latex" : dot + 1 : "";
  DhReportFormat format;
  g_autofree char *lower = g_ascii_strdown (name, -1);
  if (!*name)
    return dh_cli_usage (
        cli, "--format is missing, and %s does not end in a format's name: csv, json, html, md, tex, pdf", out);
  if (!dh_report_format_from_name (lower, &format))
    return dh_cli_usage (cli, "--format %s is none of csv, json, html, md, latex, pdf", name);
  gint64 first = 0, second = 0;
  if (runs && !parse_runs (runs, &first, &second))
    return dh_cli_usage (cli, "--run %s is no number of a run, nor two with a comma", runs);
  if (first && first == second)
    return dh_cli_usage (cli, "--run %s compares a run with itself", runs);
  double value = NAN;
  g_autofree char *rule = NULL;
  gint64 source = 0;
  if (kept && !parse_threshold (kept, &value, &rule, &source))
    return dh_cli_usage (cli, "--threshold %s is no number, nor tpr95, fpr5 or best-f1 @ the number of a run", kept);
  if (kept && second)
    return dh_cli_usage (cli, "--threshold is for one run, and --run %s names two", runs);
  if (kept && (format == DH_REPORT_CSV || format == DH_REPORT_LATEX))
    return dh_cli_usage (cli, "--threshold has no place in %s: json, html, md and pdf have one",
                         dh_report_format_name (format));

  if (objects && (format == DH_REPORT_CSV || format == DH_REPORT_LATEX))
    return dh_cli_usage (cli, "--objects has no place in %s: json, html, md and pdf have one",
                         dh_report_format_name (format));

  g_autoptr (DhDatabase) database = dh_database_open_existing (db, &error);
  if (!database || (!first && !(first = newest_run (database, &error))))
    return dh_cli_fail (cli, &error);
  DhReportContents contents = { .run = first, .other = second, .objects = objects };
  if (!(kept ? write_at (cli, database, &contents, value, rule, source, format, out, &error)
             : dh_report_write_contents (database, &contents, format, out, cli->cancellable, &error)))
    return dh_cli_fail (cli, &error);
  print_written (cli, out, dh_report_format_name (format), first, second);
  return DH_EXIT_DONE;
}
