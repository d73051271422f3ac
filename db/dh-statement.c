/* Statements of a database: bound, stepped, read; and what SQLite says where one fails. */
#include <math.h>
#include <string.h>

#include "dh-database-private.h"
#include "dh-error.h"

gboolean
dh_database_fail (DhDatabase *database, GError **error)
{
  const int code = sqlite3_errcode (database->handle) & 0xff;
  DhError kind = DH_ERROR_FAILED;
  const char *advice = "";
  switch (code)
    {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      kind = DH_ERROR_IO;
      advice = "; is the disk full?";
      break;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      kind = DH_ERROR_IO;
      advice = "; make the file and its folder writable, or choose another place with --db";
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      kind = DH_ERROR_BUSY;
      advice = "; another program keeps it locked";
      break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      kind = DH_ERROR_INVALID;
      advice = "; it is no database of this program, or broken: move it away and start again";
      break;
    default:
      break;
    }
  g_set_error (error, DH_ERROR, kind, "%s: the database failed: %s%s", database->path,
               sqlite3_errmsg (database->handle), advice);
  return FALSE;
}

static sqlite3_stmt *
bind_list (DhDatabase *database, GError **error, const char *sql, const char *format, va_list arguments)
{
  g_assert (database->owner == g_thread_self ());

  sqlite3_stmt *statement = g_hash_table_lookup (database->statements, sql);
  if (!statement)
    {
      if (sqlite3_prepare_v3 (database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        {
          dh_database_fail (database, error);
          return NULL;
        }
      g_hash_table_insert (database->statements, (char *)sql, statement);
    }
  g_assert (sqlite3_bind_parameter_count (statement) == (int)strlen (format));
  for (int i = 0; format[i]; i++)
    {
      int code = SQLITE_OK;
      switch (format[i])
        {
        case 'i':
          code = sqlite3_bind_int64 (statement, i + 1, va_arg (arguments, gint64));
          break;
        case 'd':
          {
            const double value = va_arg (arguments, double);
            code = isnan (value) ? sqlite3_bind_null (statement, i + 1) : sqlite3_bind_double (statement, i + 1, value);
            break;
          }
        case 's':
          code = sqlite3_bind_text (statement, i + 1, va_arg (arguments, const char *), -1, SQLITE_TRANSIENT);
          break;
        case 'b':
          {
            GBytes *bytes = va_arg (arguments, GBytes *);
            gsize size = 0;
            gconstpointer data = bytes ? g_bytes_get_data (bytes, &size) : NULL;
            code = bytes ? sqlite3_bind_blob64 (statement, i + 1, data ? data : "", size, SQLITE_TRANSIENT)
                         : sqlite3_bind_null (statement, i + 1);
            break;
          }
        default:
          g_assert_not_reached ();
        }
      if (code != SQLITE_OK)
        {
          dh_database_fail (database, error);
          return NULL;
        }
    }
  return statement;
}

sqlite3_stmt *
dh_database_bind (DhDatabase *database, GError **error, const char *sql, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  sqlite3_stmt *statement = bind_list (database, error, sql, format, arguments);
  va_end (arguments);
  return statement;
}

gboolean
dh_database_execute (DhDatabase *database, GError **error, const char *sql, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  sqlite3_stmt *statement = bind_list (database, error, sql, format, arguments);
  va_end (arguments);
  return statement && dh_database_finish (database, statement, error);
}

gboolean
dh_database_step (DhDatabase *database, sqlite3_stmt *statement, gboolean *row, GError **error)
{
  g_assert (database->owner == g_thread_self ());

  const int code = sqlite3_step (statement);
  *row = code == SQLITE_ROW;
  if (*row)
    return TRUE;
  if (code != SQLITE_DONE)
    dh_database_fail (database, error);
  dh_database_reset (statement);
  return code == SQLITE_DONE;
}

void
dh_database_reset (sqlite3_stmt *statement)
{
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
}

gboolean
dh_database_finish (DhDatabase *database, sqlite3_stmt *statement, GError **error)
{
  gboolean row = TRUE;
  while (row)
    if (!dh_database_step (database, statement, &row, error))
      return FALSE;
  return TRUE;
}

GPtrArray *
dh_database_list (DhDatabase *database, sqlite3_stmt *statement, gpointer (*read) (sqlite3_stmt *), GDestroyNotify free,
                  GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (free);
  for (gboolean row = statement != NULL; row;)
    {
      if (!dh_database_step (database, statement, &row, error))
        return NULL;
      if (row)
        g_ptr_array_add (rows, read (statement));
    }
  return statement ? g_steal_pointer (&rows) : NULL;
}

gint64
dh_database_last_id (DhDatabase *database)
{
  return sqlite3_last_insert_rowid (database->handle);
}

double
dh_column_double (sqlite3_stmt *statement, int column)
{
  return sqlite3_column_type (statement, column) == SQLITE_NULL ? NAN : sqlite3_column_double (statement, column);
}

char *
dh_column_string (sqlite3_stmt *statement, int column)
{
  return g_strdup ((const char *)sqlite3_column_text (statement, column));
}

char *
dh_column_text (sqlite3_stmt *statement, int column)
{
  char *text = dh_column_string (statement, column);
  return text ? text : g_strdup ("");
}

GBytes *
dh_column_bytes (sqlite3_stmt *statement, int column)
{
  if (sqlite3_column_type (statement, column) == SQLITE_NULL)
    return NULL;
  gconstpointer data = sqlite3_column_blob (statement, column);
  return g_bytes_new (data, sqlite3_column_bytes (statement, column));
}
