#pragma once
#include <sqlite3.h>
#include "dh-database.h"

G_BEGIN_DECLS

/* UTC, "2026-11-22T14:02:11Z"; free with g_free. */
char *dh_database_now (void);
/* The id of a bound "… RETURNING id" statement (which may be NULL after an error); 0 on an error. */
gint64 dh_database_returned_id (DhDatabase *database, sqlite3_stmt *statement, GError **error);

G_END_DECLS
