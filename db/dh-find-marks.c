/* What a user says of things that were found in pictures. */
#include "dh-database-private.h"
#include "dh-records-private.h"
#include "dh-records.h"

gboolean
dh_database_put_find_mark (DhDatabase *database, const DhFindMarkRow *row, GError **error)
{
  if (*row->mark == '\0')
    return dh_database_execute (database, error,
                                "DELETE FROM find_marks WHERE path = ? AND score = ? AND x = ? AND y = ?", "ssii",
                                row->path, row->score, row->x, row->y);
  g_autofree char *now = dh_database_now ();
  return dh_database_execute (database, error,
                              "INSERT OR REPLACE INTO find_marks (path, score, x, y, mark, changed)"
                              " VALUES (?, ?, ?, ?, ?, ?)",
                              "ssiiss", row->path, row->score, row->x, row->y, row->mark, now);
}

static gpointer
read_mark (sqlite3_stmt *statement)
{
  DhFindMarkRow *row = g_new0 (DhFindMarkRow, 1);
  row->path = dh_column_text (statement, 0);
  row->score = dh_column_text (statement, 1);
  row->x = sqlite3_column_int64 (statement, 2);
  row->y = sqlite3_column_int64 (statement, 3);
  row->mark = dh_column_text (statement, 4);
  return row;
}

GPtrArray *
dh_database_list_find_marks (DhDatabase *database, GError **error)
{
  sqlite3_stmt *statement = dh_database_bind (
      database, error, "SELECT path, score, x, y, mark FROM find_marks ORDER BY path, score, y, x", "");
  return dh_database_list (database, statement, read_mark, (GDestroyNotify)dh_find_mark_row_free, error);
}

void
dh_find_mark_row_free (DhFindMarkRow *row)
{
  if (!row)
    return;
  g_free (row->path);
  g_free (row->score);
  g_free (row->mark);
  g_free (row);
}
