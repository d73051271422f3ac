#pragma once
#include "cli.h"
#include "dh-database.h"

G_BEGIN_DECLS

/* Prints all runs, the newest first, with their AP. */
gboolean dh_report_list (DhCli *cli, DhDatabase *database, GError **error);

G_END_DECLS
