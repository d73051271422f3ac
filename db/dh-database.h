#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* One connection to the database of data sets, models, runs and thresholds (SQLite, WAL).
 *
 * A connection belongs to the thread that opened it, and every function here asserts that; other threads and other
 * processes open their own: readers never wait, writers wait for each other. All errors are of DH_ERROR and name the
 * file: DH_ERROR_IO (not writable, disk full), DH_ERROR_BUSY (another program kept it locked for longer than the
 * connection's patience, of ten seconds; nothing was done), DH_ERROR_INVALID (no database, or broken),
 * DH_ERROR_UNSUPPORTED (written by a newer program). */
typedef struct _DhDatabase DhDatabase;

/* Opens or makes the database and brings its schema up to date, each step in one transaction. `path` NULL: the default,
 * $XDG_DATA_HOME/densehybrid/densehybrid.db; ":memory:" for tests. Folders are made. */
DhDatabase *dh_database_open (const char *path, GError **error);
/* The same for what only reads: a database that is there and is this program's, or DH_ERROR_NOT_FOUND,
 * DH_ERROR_INVALID; nothing is made. It may stand in a folder that is only to be read. */
DhDatabase *dh_database_open_existing (const char *path, GError **error);
/* dh_database_open() for a thread that must not wait long: the connection's patience is so many milliseconds, for
 * whatever is done to open it too. */
DhDatabase *dh_database_open_within (const char *path, guint patience, GError **error);
void dh_database_set_patience (DhDatabase *database, guint milliseconds);
void dh_database_close (DhDatabase *database);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhDatabase, dh_database_close)
const char *dh_database_path (DhDatabase *database);
/* Free with g_free. */
char *dh_database_default_path (void);

/* Transactions; nothing of a rolled back one stays. They do not nest. */
gboolean dh_database_begin (DhDatabase *database, GError **error);
gboolean dh_database_commit (DhDatabase *database, GError **error);
void dh_database_roll_back (DhDatabase *database);

G_END_DECLS
