#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "dh-report.h"

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

int
dh_cmd_report (DhCli *cli, int argc, char **argv)
{
  g_autofree char *db = NULL;
  g_autofree char *runs = NULL;
  g_autofree char *format_name = NULL;
  g_autofree char *out = NULL;
  const GOptionEntry entries[] = {
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "The database (default: in the user's data folder)", "FILE" },
    { "run", 0, 0, G_OPTION_ARG_STRING, &runs, "The run, or two to compare (default: the newest)", "N[,M]" },
    { "format", 0, 0, G_OPTION_ARG_STRING, &format_name, "csv, json, html, md, latex or pdf", "F" },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "The file to write", "FILE" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "[--db FILE] [--run N[,M]] --format F --out FILE",
                     "Writes a run with its provenance, or two compared.",
                     "densehybrid report --run 3 --format html --out run3.html", NULL, &status))
    return status;
  if (!out)
    return dh_cli_usage (cli, "--out is missing: which file?");
  const char *dot = strrchr (out, '.');
  const char *name = format_name ? format_name : dot ? g_str_equal (dot, ".tex") ? "latex" : dot + 1 : "";
  DhReportFormat format;
  if (!dh_report_format_from_name (name, &format))
    return dh_cli_usage (cli, "--format %s is none of csv, json, html, md, latex, pdf", name);
  gint64 first = 0, second = 0;
  char rest;
  if (runs
      && (sscanf (runs, "%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "%c", &first, &second, &rest) < 1 || first < 1
          || (strchr (runs, ',') && second < 1)))
    return dh_cli_usage (cli, "--run %s is no number of a run, nor two with a comma", runs);

  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (db, &error);
  if (!database || (!first && !(first = newest_run (database, &error)))
      || !dh_report_write (database, first, second, format, out, cli->cancellable, &error))
    return dh_cli_fail (cli, &error);
  if (!cli->quiet && !cli->json)
    printf ("%s\n", out);
  return DH_EXIT_DONE;
}
