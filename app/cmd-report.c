#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli-require.h"
#include "cli-result.h"
#include "cli-threshold.h"
#include "cmd-report-private.h"
#include "dh-metric.h"
#include "dh-report.h"
#include "dh-robustness.h"

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

/* "3" or "3,5" */
static gboolean
parse_runs (const char *text, gint64 *first, gint64 *second)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  const guint n = g_strv_length (words);
  return (n == 1 || n == 2) && g_ascii_string_to_signed (words[0], 10, 1, G_MAXINT64, first, NULL)
         && (n == 1 || g_ascii_string_to_signed (words[1], 10, 1, G_MAXINT64, second, NULL));
}

/* Nothing is written but whether it holds. */
static int
check_alone (DhCli *cli, const char *db, const char *text, const DhCliRequired *required)
{
  g_autoptr (GError) error = NULL;
  gint64 run = 0;
  if (text && !g_ascii_string_to_signed (text, 10, 1, G_MAXINT64, &run, NULL))
    return dh_cli_usage (cli, "--run %s is no number of one run, which --require asks about", text);
  g_autoptr (DhDatabase) database = dh_database_open_existing (db, &error);
  if (!database || (run == 0 && (run = newest_run (database, &error)) == 0))
    return dh_cli_fail (cli, &error);
  const int status = dh_cli_check_required (cli, required, NULL, database, run, DH_EXIT_DONE);
  if (!cli->json)
    {
      if (status == DH_EXIT_DONE && !cli->quiet)
        printf ("run %" G_GINT64_FORMAT " is as required\n", run);
      return status;
    }
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_int (json, "run", run);
  dh_json_member_boolean (json, "as_required", status == DH_EXIT_DONE);
  json_builder_end_object (json);
  dh_json_print (json);
  return status;
}

/* `contents` without the threshold. */
static gboolean
write_at (DhCli *cli, DhDatabase *database, DhReportContents *contents, const DhCliThreshold *at, DhReportFormat format,
          const char *out, GError **error)
{
  g_auto (DhReportThreshold) threshold = { .value = at->value };
  if (at->rule
      && !dh_report_choose_threshold (database, contents->run, at->rule, &contents->froc_rules, at->run, &threshold,
                                      contents->progress, cli->cancellable, error))
    return FALSE;
  if (threshold.own)
    dh_cli_note (cli,
                 "%s was chosen on the very set that run %" G_GINT64_FORMAT
                 " measured: the best that could be had, not what to expect",
                 at->rule, contents->run);
  contents->thresholds = &threshold;
  contents->n_thresholds = 1;
  return dh_report_write_contents (database, contents, format, out, cli->cancellable, error);
}

void
dh_report_print_written (DhCli *cli, const char *out, const char *format, const gint64 *runs, guint n_runs)
{
  if (!cli->json)
    {
      if (!cli->quiet && !g_str_equal (out, "/dev/stdout"))
        printf ("%s\n", out);
      return;
    }
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_string (json, "path", out);
  dh_json_member_string (json, "format", format);
  json_builder_set_member_name (json, "runs");
  json_builder_begin_array (json);
  for (guint i = 0; i < n_runs; i++)
    dh_json_member_int (json, NULL, runs[i]);
  json_builder_end_array (json);
  json_builder_end_object (json);
  dh_json_print (json);
}

static int
write_robustness (DhCli *cli, const char *db, gint64 run, DhReportFormat format, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_auto (DhRobustness) found = { NULL };
  g_autoptr (DhDatabase) database = dh_database_open_existing (db, &error);
  if (!database || !dh_robustness_find (&found, database, run, dh_protocol_find ("densehybrid-pooled", NULL), &error)
      || !dh_robustness_write (&found, format, path, &error))
    return dh_cli_fail (cli, &error);
  dh_report_print_written (cli, path, dh_report_format_name (format), &run, 1);
  return DH_EXIT_DONE;
}

int
dh_cmd_report (DhCli *cli, int argc, char **argv)
{
  g_autofree char *db = NULL;
  g_autofree char *runs = NULL;
  g_autofree char *format_name = NULL;
  g_autofree char *out = NULL;
  g_autofree char *kept = NULL;
  g_autofree char *require = NULL;
  g_autofree char *drawn_name = NULL;
  g_autofree char *found_by = NULL;
  gboolean objects = FALSE, slices = FALSE, froc = FALSE, intervals = FALSE, robustness = FALSE;
  gint64 min_area = 0;
  DhFrocRules froc_rules = DH_FROC_RULES_INIT;
  DhDrawn drawn = DH_DRAWN_BY_ITSELF;
  g_auto (DhReportTableWanted) table = { .digits = 2 };
  const GOptionEntry entries[] = {
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "The database (default: in the user's data folder)", "FILE" },
    { "threshold", 0, 0, G_OPTION_ARG_STRING, &kept,
      "Adds precision, TPR, FPR and F1 at a threshold that is kept: a value of the map, or a rule (tpr95, fpr5, "
      "best-f1; fa1, fa0.1: at most so many false alarms an image) on another run: best-f1@2",
      "V|RULE@RUN" },
    { "objects", 0, 0, G_OPTION_ARG_NONE, &objects,
      "Adds the objects that are found and missed at that threshold (else at the best F1), by size, place, scene and "
      "tag, "
      "and lists the missed ones; reads the run's maps again. As csv: all of them alone, with the files of their "
      "images, "
      "tags, notes and boxes",
      NULL },
    { "slices", 0, 0, G_OPTION_ARG_NONE, &slices,
      "Adds AP, FPR95 and AUROC of parts of the set, and which share of all false positives lies there: scenes, tags, "
      "thirds of the rows, near the image's border and away from it, and each class that the network sees; reads the "
      "run's maps again",
      NULL },
    { "froc", 0, 0, G_OPTION_ARG_NONE, &froc,
      "Adds which share of the objects is found at how many false alarms an image, over all thresholds (FROC), the "
      "threshold for each, and what the one of --threshold gives; reads the run's maps again",
      NULL },
    { "min-area", 0, 0, G_OPTION_ARG_INT64, &min_area,
      "With --froc, or a --require of it: of a false alarm, in pixels (default: as the run's components were counted, "
      "else 500)",
      "N" },
    { "found-by", 0, 0, G_OPTION_ARG_STRING, &found_by,
      "Likewise: how much of an object must be flagged (default 25%, the least for which smiyc-component finds one)",
      "S%|any" },
    { "intervals", 0, 0, G_OPTION_ARG_NONE, &intervals,
      "Adds how far the numbers of each protocol are a matter of chance, of which images the set has, and so two "
      "runs' difference: 95 % intervals; reads the runs' maps again; with --slices of scenes and tags too, in a "
      "--table "
      "behind each run's numbers. With --froc of what is found, too; of closed mIoU and open-mIoU there are none",
      NULL },
    { "drawn", 0, 0, G_OPTION_ARG_STRING, &drawn_name,
      "With --intervals: what is drawn anew (default: scenes where every image has one and there are ten, else images)",
      "image|scene" },
    { "robustness", 0, 0, G_OPTION_ARG_NONE, &robustness,
      "What the run loses on worse images, from the runs that \"robustness\" or --degrade made like it: by "
      "degradation and severity; html with charts, md, csv, json or latex",
      NULL },
    { "table", 0, 0, G_OPTION_ARG_NONE, &table.wanted,
      "One table of all the runs that --run names (default: all that are done), a row a method, columns for each data "
      "set; latex, md or csv",
      NULL },
    { "protocol", 0, 0, G_OPTION_ARG_STRING, &table.protocol,
      "With --table: of AP, FPR95 and AUROC (default densehybrid-pooled)", "P" },
    { "mark", 0, 0, G_OPTION_ARG_STRING, &table.marks,
      "With --table: best in bold (the default), the second underlined too, or none", "none|best|second" },
    { "name", 0, 0, G_OPTION_ARG_STRING_ARRAY, &table.names,
      "With --table: what to call a run's row, once for each run; runs of the same name share a row, and where "
      "several of them measured one data set it has their mean ± sample standard deviation",
      "N=NAME" },
    { "by-seed", 0, 0, G_OPTION_ARG_NONE, &table.by_seed,
      "With --table: the same of runs whose weights come from trainings that differ in their seed alone, by the "
      "config.json beside the weights",
      NULL },
    { "digits", 0, 0, G_OPTION_ARG_INT, &table.digits, "With --table: behind the point (default 2)", "N" },
    { "run", 0, 0, G_OPTION_ARG_STRING, &runs, "The run, or two to compare (default: the newest); with --table any",
      "N[,M…]" },
    DH_CLI_REQUIRE_OF_RUN_ENTRY (require),
    { "format", 0, 0, G_OPTION_ARG_STRING, &format_name, "csv, json, html, md, latex or pdf", "F" },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "The file to write; -: standard output", "FILE" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL,
                     "[--db FILE] [--run N[,M]] [--threshold V|RULE@RUN] [--slices] [--objects] [--froc] [--intervals] "
                     "[--require R] "
                     "[--robustness] [--table] [--format F] --out FILE",
                     "Writes a run with its provenance, two compared, or a table of many. Without --out: lists the "
                     "runs, or, with\n--require, only tells by the exit status whether that holds.",
                     "densehybrid report --run 3 --format html --out run3.html", NULL, &status))
    return status;
  g_autoptr (GError) error = NULL;
  if (drawn_name && (!intervals || !dh_drawn_from_name (drawn_name, &drawn)))
    return dh_cli_usage (cli, "--drawn %s: it belongs to --intervals, and is image or scene", drawn_name);
  g_autoptr (DhCliRequired) required = dh_cli_required_new (require, NULL, DH_CLI_REQUIRE_OF_STORED, &error);
  if (!required)
    return dh_cli_fail (cli, &error);
  if (min_area < 0)
    return dh_cli_usage (cli, "--min-area %" G_GINT64_FORMAT " is no number of pixels", min_area);
  if (found_by && !dh_cli_parse_share (found_by, &froc_rules.found_share))
    return dh_cli_usage (cli, "--found-by %s is neither any nor a share as 50%% or 0.5", found_by);
  if ((min_area || found_by) && !froc && !require && !kept)
    return dh_cli_usage (
        cli, "--min-area and --found-by belong to --froc, or to what --require or --threshold fa1@N asks of it");
  froc_rules.min_area = (guint64)min_area;
  dh_cli_required_set_froc (required, &froc_rules);
  if (require && table.wanted)
    return dh_cli_usage (cli, "--require asks about one run, and a --table is of many");
  if (!out && require && !format_name && !kept && !objects && !slices && !froc && !intervals)
    return check_alone (cli, db, runs, required);
  if (!out && (runs || format_name || kept || objects || slices || froc || intervals || robustness || table.wanted))
    return dh_cli_usage (cli, "--out is missing: which file?");
  if (!out)
    {
      g_autoptr (DhDatabase) listed = dh_database_open_existing (db, &error);
      return listed && dh_report_list (cli, listed, &error) ? DH_EXIT_DONE : dh_cli_fail (cli, &error);
    }
  const gboolean printed = g_str_equal (out, "-");
  if (printed && cli->json)
    return dh_cli_usage (cli, "--json and --out - both write to standard output; --format json is the report itself");
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
  if (table.wanted && (kept || objects || slices || froc || robustness))
    return dh_cli_usage (cli, "--threshold, --slices, --objects, --froc and --robustness have no place in a --table");
  if (!table.wanted && (table.protocol || table.marks || table.names || table.by_seed || table.digits != 2))
    return dh_cli_usage (cli, "--protocol, --mark, --name, --by-seed and --digits belong to --table");
  const char *path = printed ? "/dev/stdout" : out;
  table.intervals = intervals;
  table.drawn = drawn;
  if (table.wanted)
    return dh_report_write_wanted (cli, db, runs, &table, format, path);
  gint64 first = 0, second = 0;
  if (runs && !parse_runs (runs, &first, &second))
    return dh_cli_usage (cli, "--run %s is no number of a run, nor two with a comma; a --table takes more", runs);
  if (first && first == second)
    return dh_cli_usage (cli, "--run %s compares a run with itself", runs);
  if (robustness && (!first || second || kept || objects || slices || froc || intervals || require))
    return dh_cli_usage (cli, "--robustness is a report by itself, of one run, which --run names");
  if (robustness)
    return write_robustness (cli, db, first, format, path);
  g_auto (DhCliThreshold) at = { NAN };
  if (kept && !dh_cli_parse_threshold (cli, kept, &at, &status))
    return status;
  if (kept && second)
    return dh_cli_usage (cli, "--threshold is for one run, and --run %s names two", runs);
  if (kept && ((format == DH_REPORT_CSV && !objects) || format == DH_REPORT_LATEX))
    return dh_cli_usage (cli, "--threshold has no place in %s: json, html, md and pdf have one",
                         dh_report_format_name (format));

  if ((slices || froc || intervals) && !table.wanted && (format == DH_REPORT_CSV || format == DH_REPORT_LATEX))
    return dh_cli_usage (cli, "%s no place in %s: json, html, md and pdf have one",
                         slices ? "--slices has"
                         : froc ? "--froc has"
                                : "--intervals have",
                         dh_report_format_name (format));
  if (objects && (format == DH_REPORT_LATEX || (format == DH_REPORT_CSV && second)))
    return dh_cli_usage (cli, "--objects has no place in %s: json, html, md and pdf have one%s",
                         dh_report_format_name (format), second ? "" : ", and csv of one run");
  g_autoptr (DhDatabase) database = dh_database_open_existing (db, &error);
  if (!database || (!first && !(first = newest_run (database, &error))))
    return dh_cli_fail (cli, &error);
  DhReportContents contents = { .run = first,
                                .other = second,
                                .slices = slices,
                                .objects = objects,
                                .froc = froc,
                                .froc_rules = froc_rules,
                                .intervals = intervals,
                                .drawn = drawn,
                                .progress = &cli->progress };
  const gboolean done = kept ? write_at (cli, database, &contents, &at, format, path, &error)
                             : dh_report_write_contents (database, &contents, format, path, cli->cancellable, &error);
  dh_cli_progress_end (cli);
  if (!done)
    return dh_cli_fail (cli, &error);
  const gint64 written[] = { first, second };
  dh_report_print_written (cli, path, dh_report_format_name (format), written, second ? 2 : 1);
  fflush (stdout);
  return dh_cli_check_required (cli, required, NULL, database, first, DH_EXIT_DONE);
}
