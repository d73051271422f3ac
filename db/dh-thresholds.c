#include "dh-records.h"
#include "dh-database-private.h"
#include "dh-records-private.h"

/* Foreign keys of 0 mean none. */
gint64
dh_database_add_threshold (DhDatabase *database, const DhThresholdRow *row, GError **error)
{
  g_autofree char *now = dh_database_now ();
  sqlite3_stmt *statement =
      dh_database_bind (database, error,
                        "INSERT INTO thresholds (model, score, value, rule, source_dataset, source_split, run, made)"
                        " VALUES (?, ?, ?, ?, nullif (?, 0), ?, nullif (?, 0), ?) RETURNING id",
                        "isdsisis", row->model, row->score, row->value, row->rule, row->source_dataset,
                        row->source_split ? row->source_split : "", row->run, now);
  return dh_database_returned_id (database, statement, error);
}

static gpointer
read_threshold (sqlite3_stmt *statement)
{
  DhThresholdRow *row = g_new0 (DhThresholdRow, 1);
  int c = 0;
  row->id = sqlite3_column_int64 (statement, c++);
  row->model = sqlite3_column_int64 (statement, c++);
  row->score = dh_column_text (statement, c++);
  row->value = dh_column_double (statement, c++);
  row->rule = dh_column_text (statement, c++);
  row->source_dataset = sqlite3_column_int64 (statement, c++);
  row->source_split = dh_column_text (statement, c++);
  row->run = sqlite3_column_int64 (statement, c++);
  row->made = dh_column_text (statement, c++);
  row->source_title = dh_column_string (statement, c++);
  return row;
}

GPtrArray *
dh_database_list_thresholds (DhDatabase *database, gint64 model, const char *score, GError **error)
{
  sqlite3_stmt *statement = dh_database_bind (
      database, error,
      "SELECT thresholds.id, model, score, value, rule, source_dataset, source_split, run, made, datasets.title"
      " FROM thresholds LEFT JOIN datasets ON datasets.id = source_dataset"
      " WHERE model = ? AND score = ? ORDER BY thresholds.id DESC",
      "is", model, score);
  return dh_database_list (database, statement, read_threshold, (GDestroyNotify)dh_threshold_row_free, error);
}

void
dh_threshold_row_free (DhThresholdRow *row)
{
  if (!row)
    return;
  g_free (row->score);
  g_free (row->rule);
  g_free (row->source_split);
  g_free (row->made);
  g_free (row->source_title);
  g_free (row);
}
