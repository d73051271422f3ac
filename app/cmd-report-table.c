/* One table of many runs. */
#include <string.h>

#include "cmd-report-private.h"
#include "dh-metric.h"

void
dh_report_table_wanted_clear (DhReportTableWanted *table)
{
  g_free (table->marks);
  g_free (table->protocol);
  g_strfreev (table->names);
}

/* "3,5,8"; NULL: the numbers are not understood, or one is there twice. */
static GArray *
parse_run_list (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text ? text : "", ",", -1);
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; words[i]; i++)
    {
      gint64 run;
      if (!g_ascii_string_to_signed (words[i], 10, 1, G_MAXINT64, &run, NULL))
        return NULL;
      for (guint k = 0; k < runs->len; k++)
        if (g_array_index (runs, gint64, k) == run)
          return NULL;
      g_array_append_val (runs, run);
    }
  return g_steal_pointer (&runs);
}

/* "3=Ours", each a run of the list, where there is one. NULL: `wrong` is not understood. */
static GArray *
parse_names (char **texts, const GArray *runs, const char **wrong)
{
  g_autoptr (GArray) names = g_array_new (FALSE, FALSE, sizeof (DhTableName));
  for (guint i = 0; texts && texts[i]; i++)
    {
      DhTableName name = { 0, strchr (texts[i], '=') };
      g_autofree char *number = name.name ? g_strndup (texts[i], (gsize)(name.name - texts[i])) : NULL;
      gboolean known = runs->len == 0;
      *wrong = texts[i];
      if (!number || !g_ascii_string_to_signed (number, 10, 1, G_MAXINT64, &name.run, NULL) || *++name.name == '\0')
        return NULL;
      for (guint k = 0; k < runs->len; k++)
        known |= g_array_index (runs, gint64, k) == name.run;
      for (guint k = 0; k < names->len; k++)
        known &= g_array_index (names, DhTableName, k).run != name.run;
      if (!known)
        return NULL;
      g_array_append_val (names, name);
    }
  return g_steal_pointer (&names);
}

int
dh_report_write_wanted (DhCli *cli, const char *db, const char *runs, const DhReportTableWanted *table,
                        DhReportFormat format, const char *out)
{
  static const char *const marks[] = {
    [DH_TABLE_MARK_NONE] = "none", [DH_TABLE_MARK_BEST] = "best", [DH_TABLE_MARK_SECOND] = "second"
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) list = parse_run_list (runs);
  DhTableOptions options = { .protocol = table->protocol,
                             .digits = table->digits,
                             .marks = DH_TABLE_MARK_BEST,
                             .intervals = table->intervals,
                             .by_seed = table->by_seed,
                             .drawn = table->drawn,
                             .progress = cli->quiet ? NULL : &cli->progress };
  if (!list)
    return dh_cli_usage (cli, "--run %s are no numbers of runs with commas, each named once", runs);
  guint mark = 0;
  while (table->marks && mark < G_N_ELEMENTS (marks) && !g_str_equal (marks[mark], table->marks))
    mark++;
  if (mark == G_N_ELEMENTS (marks))
    return dh_cli_usage (cli, "--mark %s is none of none, best, second", table->marks);
  if (table->marks)
    options.marks = mark;
  if (table->digits < 0 || table->digits > 6)
    return dh_cli_usage (cli, "--digits %d is not between 0 and 6", table->digits);
  if (format != DH_REPORT_LATEX && format != DH_REPORT_MD && format != DH_REPORT_CSV)
    return dh_cli_usage (cli, "--table is written as latex, md or csv, not as %s", dh_report_format_name (format));
  const DhProtocol *protocol = table->protocol ? dh_protocol_find (table->protocol, &error) : NULL;
  if (table->protocol && !protocol)
    return dh_cli_fail (cli, &error);
  if (protocol && protocol->kind == DH_PROTOCOL_COMPONENT)
    return dh_cli_usage (cli,
                         "--protocol %s is of components, which have columns of their own wherever they were "
                         "measured; name a protocol of pixels",
                         table->protocol);
  const char *wrong = NULL;
  g_autoptr (GArray) names = parse_names (table->names, list, &wrong);
  if (!names)
    return dh_cli_usage (cli, "--name %s is not written as 3=Ours, of a run in the table, each named once", wrong);
  options.names = (const DhTableName *)names->data;
  options.n_names = names->len;
  options.runs = (const gint64 *)list->data;
  options.n_runs = list->len;
  g_autoptr (DhDatabase) database = dh_database_open_existing (db, &error);
  if (!database || !dh_report_write_table (database, &options, format, out, cli->cancellable, &error))
    return dh_cli_fail (cli, &error);
  dh_report_print_written (cli, out, dh_report_format_name (format), options.runs, options.n_runs);
  return DH_EXIT_DONE;
}
