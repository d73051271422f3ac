#include "dh-database-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dh-debug.h"
#include "dh-error.h"
#include "dh-file.h"

/* Milliseconds. */
#define PATIENCE 10000

static void
finalize (gpointer statement)
{
  sqlite3_finalize (statement);
}

static int
trace (unsigned kind, void *data, void *statement, void *text)
{
  fprintf (stderr, "sql: %s\n", (const char *)text);
  return 0;
}

static gboolean
run_plain (DhDatabase *database, const char *sql, GError **error)
{
  return sqlite3_exec (database->handle, sql, NULL, NULL, NULL) == SQLITE_OK || dh_database_fail (database, error);
}

static gboolean
read_version (DhDatabase *database, gint64 *version, GError **error)
{
  gboolean row;
  sqlite3_stmt *statement = dh_database_bind (database, error, "PRAGMA user_version", "");
  if (!statement || !dh_database_step (database, statement, &row, error))
    return FALSE;
  *version = sqlite3_column_int64 (statement, 0);
  dh_database_reset (statement);
  return TRUE;
}

static gboolean
migrate (DhDatabase *database, GError **error)
{
  gint64 version;
  if (!read_version (database, &version, error))
    return FALSE;
  if (version > dh_database_n_migrations)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "%s: written by a newer version of this program (schema %" G_GINT64_FORMAT
                   ", this one knows %u); update the program or choose another file with --db",
                   database->path, version, dh_database_n_migrations);
      return FALSE;
    }
  for (guint i = version; i < dh_database_n_migrations; i++)
    {
      if (!run_plain (database, "BEGIN IMMEDIATE", error))
        return FALSE;
      /* Another process may have made this step while we waited for the lock. */
      gint64 now;
      if (!read_version (database, &now, error))
        return FALSE;
      g_autofree char *mark = g_strdup_printf ("PRAGMA user_version = %u", i + 1);
      if (now <= i && (!run_plain (database, dh_database_migrations[i], error) || !run_plain (database, mark, error)))
        {
          dh_database_roll_back (database);
          return FALSE;
        }
      if (!run_plain (database, "COMMIT", error))
        return FALSE;
    }
  return TRUE;
}

char *
dh_database_default_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "densehybrid", "densehybrid.db", NULL);
}

/* The version, the number of tables, and how many of them have the names of ours. */
static gboolean
look (DhDatabase *database, gint64 counts[3], GError **error)
{
  gboolean row;
  if (!read_version (database, &counts[0], error))
    return FALSE;
  sqlite3_stmt *statement =
      dh_database_bind (database, error,
                        "SELECT count (*), coalesce (sum (name IN ('runs', 'run_images', 'run_protocols')), 0)"
                        " FROM sqlite_master WHERE type = 'table'",
                        "");
  if (!statement || !dh_database_step (database, statement, &row, error))
    return FALSE;
  counts[1] = sqlite3_column_int64 (statement, 0);
  counts[2] = sqlite3_column_int64 (statement, 1);
  dh_database_reset (statement);
  return TRUE;
}

/* Before anything is written: another program's file would be given our tables. All is read of one moment, since
 * another process may be making the file. */
static gboolean
check_ours (DhDatabase *database, gboolean existing, GError **error)
{
  gint64 counts[3];
  if (!run_plain (database, "BEGIN", error))
    return FALSE;
  if (!look (database, counts, error))
    {
      dh_database_roll_back (database);
      return FALSE;
    }
  if (!run_plain (database, "COMMIT", error))
    return FALSE;
  if (counts[0] == 0 ? counts[1] > 0 : counts[2] < 3)
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: is no database of this program; name another one with --db",
                 database->path);
  else if (counts[0] == 0 && existing)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                 "%s: is empty; eval-ood or the studio's \"Evaluate data set\" fills it", database->path);
  else
    return TRUE;
  return FALSE;
}

void
dh_database_set_patience (DhDatabase *database, guint milliseconds)
{
  g_assert (database->owner == g_thread_self ());
  sqlite3_busy_timeout (database->handle, (int)MIN (milliseconds, G_MAXINT));
}

/* Who finds a new file at the same moment may hold what this one waits for; SQLite then gives up at once, whatever the
 * patience. */
static gboolean
use_wal (DhDatabase *database, guint patience, GError **error)
{
  const gint64 until = g_get_monotonic_time () + (gint64)patience * 1000;
  while (sqlite3_exec (database->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK)
    {
      if ((sqlite3_errcode (database->handle) & 0xff) != SQLITE_BUSY || g_get_monotonic_time () >= until)
        return dh_database_fail (database, error);
      g_usleep (2000);
    }
  return TRUE;
}

/* A file that is only to be read, in a folder where SQLite could not make the two that stand beside one in use, and
 * where they are not: as it is then, it stays. NULL where it is no such file. */
static char *
dup_still_uri (const char *path, gboolean existing)
{
  /* Behind links: SQLite's own files stand beside what they lead to. */
  char *real = realpath (path, NULL);
  g_autofree char *whole = g_canonicalize_filename (real ? real : path, NULL);
  free (real);
  g_autofree char *folder = g_path_get_dirname (whole), *log = g_strconcat (whole, "-wal", NULL);
  if (!existing || faccessat (AT_FDCWD, folder, W_OK, AT_EACCESS) == 0 || g_file_test (log, G_FILE_TEST_EXISTS))
    return NULL;
  g_autofree char *uri = g_filename_to_uri (whole, NULL, NULL);
  return uri ? g_strconcat (uri, "?immutable=1", NULL) : NULL;
}

static DhDatabase *
open_file (const char *path, gboolean existing, guint patience, GError **error)
{
  g_autoptr (DhDatabase) database = g_new0 (DhDatabase, 1);
  database->path = path ? g_strdup (path) : dh_database_default_path ();
  database->owner = g_thread_self ();
  database->statements = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, finalize);

  if (g_file_test (database->path, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: is a folder; name the database's file with --db", database->path);
      return NULL;
    }
  if (g_file_test (database->path, G_FILE_TEST_EXISTS) && !g_file_test (database->path, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: is no regular file; name the database's file with --db",
                   database->path);
      return NULL;
    }
  if (existing && !g_file_test (database->path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   "%s: there is no such database; eval-ood or the studio's \"Evaluate data set\" makes one",
                   database->path);
      return NULL;
    }
  if (!existing && !g_str_equal (database->path, ":memory:"))
    {
      g_autofree char *folder = g_path_get_dirname (database->path);
      if (!dh_folder_make (folder, error))
        {
          g_prefix_error (error, "There is no place for the database, which --db or XDG_DATA_HOME can give another: ");
          return NULL;
        }
    }
  g_autofree char *still = dup_still_uri (database->path, existing);
  const int access = still      ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
                     : existing ? SQLITE_OPEN_READWRITE
                                : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2 (still ? still : database->path, &database->handle, access | SQLITE_OPEN_NOMUTEX, NULL)
      != SQLITE_OK)
    {
      dh_database_fail (database, error);
      return NULL;
    }
  if (dh_debug (DH_DEBUG_SQL))
    sqlite3_trace_v2 (database->handle, SQLITE_TRACE_STMT, trace, NULL);
  dh_database_set_patience (database, patience);
  /* The file may come from anyone: what its schema names runs no function that could do harm. */
  sqlite3_db_config (database->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config (database->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  if (!check_ours (database, existing, error) || (!still && !use_wal (database, patience, error))
      || !run_plain (database, "PRAGMA synchronous = NORMAL", error)
      || !run_plain (database, "PRAGMA foreign_keys = ON", error) || !migrate (database, error))
    return NULL;
  return g_steal_pointer (&database);
}

DhDatabase *
dh_database_open (const char *path, GError **error)
{
  return open_file (path, FALSE, PATIENCE, error);
}

DhDatabase *
dh_database_open_within (const char *path, guint patience, GError **error)
{
  return open_file (path, FALSE, patience, error);
}

DhDatabase *
dh_database_open_existing (const char *path, GError **error)
{
  return open_file (path, TRUE, PATIENCE, error);
}

void
dh_database_close (DhDatabase *database)
{
  if (!database)
    return;
  g_assert (database->owner == g_thread_self ());
  g_hash_table_unref (database->statements);
  sqlite3_close (database->handle);
  g_free (database->path);
  g_free (database);
}

const char *
dh_database_path (DhDatabase *database)
{
  return database->path;
}

gboolean
dh_database_begin (DhDatabase *database, GError **error)
{
  return dh_database_execute (database, error, "BEGIN IMMEDIATE", "");
}

gboolean
dh_database_commit (DhDatabase *database, GError **error)
{
  if (dh_database_execute (database, error, "COMMIT", ""))
    return TRUE;
  dh_database_roll_back (database);
  return FALSE;
}

void
dh_database_roll_back (DhDatabase *database)
{
  if (!sqlite3_get_autocommit (database->handle))
    dh_database_execute (database, NULL, "ROLLBACK", "");
}
