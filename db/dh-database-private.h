#pragma once
#include <sqlite3.h>
#include "dh-database.h"

G_BEGIN_DECLS

struct _DhDatabase
{
  sqlite3 *handle;
  char *path;
  GThread *owner;
  GHashTable *statements; /* sql text → sqlite3_stmt */
};

/* What SQLite says of the last call, and what can be done. FALSE. */
gboolean dh_database_fail (DhDatabase *database, GError **error);

/* Statements are prepared once and kept by their text; `sql` must be a string literal or live as long as the database.
 * Arguments are bound in order by a format of one letter each: i gint64, d double (NaN → NULL), s string or NULL,
 * b GBytes or NULL. */
sqlite3_stmt *dh_database_bind (DhDatabase *database, GError **error, const char *sql, const char *format, ...);
/* Binds, runs to the end and resets. */
gboolean dh_database_execute (DhDatabase *database, GError **error, const char *sql, const char *format, ...);
/* One step of a bound statement: TRUE with *row TRUE at a row; at the end, or on an error, the statement is reset. */
gboolean dh_database_step (DhDatabase *database, sqlite3_stmt *statement, gboolean *row, GError **error);
/* Leaves a statement that reads at its row. */
void dh_database_reset (sqlite3_stmt *statement);
/* Leaves one that writes at its last row: only at its end is kept what it did. */
gboolean dh_database_finish (DhDatabase *database, sqlite3_stmt *statement, GError **error);
/* What `read` makes of each row of a bound statement. Owned. */
GPtrArray *dh_database_list (DhDatabase *database, sqlite3_stmt *statement, gpointer (*read) (sqlite3_stmt *),
                             GDestroyNotify free, GError **error);
gint64 dh_database_last_id (DhDatabase *database);

/* Columns; NULL numbers become NAN. */
double dh_column_double (sqlite3_stmt *statement, int column);
/* Copies; NULL stays NULL. */
char *dh_column_string (sqlite3_stmt *statement, int column);
/* Of a column that is never NULL: "" where a broken database holds one. */
char *dh_column_text (sqlite3_stmt *statement, int column);
GBytes *dh_column_bytes (sqlite3_stmt *statement, int column);

/* The schema's steps, in order; their count is the user_version of an up-to-date file. */
extern const char *const dh_database_migrations[];
extern const guint dh_database_n_migrations;

G_END_DECLS
