#pragma once
#include "cli.h"
#include "dh-report.h"

G_BEGIN_DECLS

/* Prints all runs, the newest first, with their AP. */
gboolean dh_report_list (DhCli *cli, DhDatabase *database, GError **error);

/* Says what was written: the path, or with --json a document. */
void dh_report_print_written (DhCli *cli, const char *out, const char *format, const gint64 *runs, guint n_runs);

/* What makes a table of runs. */
typedef struct
{
  gboolean wanted;
  char *marks, *protocol;
  char **names; /* "3=Ours" */
  gint digits;
  gboolean intervals, by_seed;
  DhDrawn drawn;
} DhReportTableWanted;
void dh_report_table_wanted_clear (DhReportTableWanted *table);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhReportTableWanted, dh_report_table_wanted_clear)
/* `runs`: their numbers with commas, or NULL. Gives the exit status. */
int dh_report_write_wanted (DhCli *cli, const char *db, const char *runs, const DhReportTableWanted *table,
                            DhReportFormat format, const char *out);

G_END_DECLS
