#include "dh-records.h"
#include "dh-database-private.h"
#include "dh-records-private.h"

char *
dh_database_now (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  return g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
}

gint64
dh_database_returned_id (DhDatabase *database, sqlite3_stmt *statement, GError **error)
{
  gboolean row = FALSE;
  if (!statement || !dh_database_step (database, statement, &row, error) || !row)
    return 0;
  const gint64 id = sqlite3_column_int64 (statement, 0);
  return dh_database_finish (database, statement, error) ? id : 0;
}

gint64
dh_database_put_dataset (DhDatabase *database, const DhDatasetRow *row, GError **error)
{
  g_autofree char *now = dh_database_now ();
  sqlite3_stmt *statement =
      dh_database_bind (database, error,
                        "INSERT INTO datasets (root, kind, title, fingerprint, images, opened)"
                        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (root, kind, fingerprint)"
                        " DO UPDATE SET title = excluded.title, opened = excluded.opened RETURNING id",
                        "ssssis", row->root, row->kind, row->title, row->fingerprint, row->images, now);
  return dh_database_returned_id (database, statement, error);
}

gint64
dh_database_put_image (DhDatabase *database, gint64 dataset, const char *stem, const char *path, const char *split,
                       const char *scene, GError **error)
{
  sqlite3_stmt *statement =
      dh_database_bind (database, error,
                        "INSERT INTO images (dataset, stem, path, split, scene) VALUES (?, ?, ?, ?, ?)"
                        " ON CONFLICT (dataset, stem) DO UPDATE SET path = excluded.path RETURNING id",
                        "issss", dataset, stem, path, split, scene);
  return dh_database_returned_id (database, statement, error);
}

gint64
dh_database_put_model (DhDatabase *database, const DhModelRow *row, GError **error)
{
  g_autofree char *now = dh_database_now ();
  sqlite3_stmt *statement =
      dh_database_bind (database, error,
                        "INSERT INTO models (sha256, path, title, architecture, classes, outlier_head, parameters,"
                        " opened) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET"
                        " path = coalesce (excluded.path, path), title = excluded.title, opened = excluded.opened"
                        " RETURNING id",
                        "ssssiiis", row->sha256, row->path, row->title, row->architecture, row->classes,
                        (gint64)row->outlier_head, row->parameters, now);
  return dh_database_returned_id (database, statement, error);
}

gboolean
dh_database_put_mark (DhDatabase *database, const DhMarkRow *row, GError **error)
{
  if (*row->tags == '\0' && *row->note == '\0')
    return dh_database_execute (database, error, "DELETE FROM marks WHERE path = ?", "s", row->path);
  g_autofree char *now = dh_database_now ();
  return dh_database_execute (database, error,
                              "INSERT OR REPLACE INTO marks (path, tags, note, changed)"
                              " VALUES (?, ?, ?, ?)",
                              "ssss", row->path, row->tags, row->note, now);
}

static gpointer
read_mark (sqlite3_stmt *statement)
{
  DhMarkRow *mark = g_new0 (DhMarkRow, 1);
  mark->path = dh_column_text (statement, 0);
  mark->tags = dh_column_text (statement, 1);
  mark->note = dh_column_text (statement, 2);
  return mark;
}

GPtrArray *
dh_database_list_marks (DhDatabase *database, GError **error)
{
  sqlite3_stmt *statement = dh_database_bind (database, error, "SELECT path, tags, note FROM marks ORDER BY path", "");
  return dh_database_list (database, statement, read_mark, (GDestroyNotify)dh_mark_row_free, error);
}

static char **
lines_of (const char *text)
{
  return g_strsplit (text != NULL ? text : "", "\n", -1);
}

/* The tags that there are, less those that were taken away, and those that were added. */
static char *
merge_tags (const char *now, const char *before, const char *after)
{
  g_auto (GStrv) there = lines_of (now), known = lines_of (before), wanted = lines_of (after);
  g_autoptr (GStrvBuilder) merged = g_strv_builder_new ();
  for (guint i = 0; there[i] != NULL; i++)
    if (*there[i] != '\0'
        && (g_strv_contains ((const char *const *)wanted, there[i])
            || !g_strv_contains ((const char *const *)known, there[i])))
      g_strv_builder_add (merged, there[i]);
  for (guint i = 0; wanted[i] != NULL; i++)
    if (!g_strv_contains ((const char *const *)there, wanted[i])
        && !g_strv_contains ((const char *const *)known, wanted[i]))
      g_strv_builder_add (merged, wanted[i]);
  g_auto (GStrv) tags = g_strv_builder_end (merged);
  return g_strjoinv ("\n", tags);
}

static gboolean
merge_mark (DhDatabase *database, const DhMarkRow *before, const DhMarkRow *after, GError **error)
{
  sqlite3_stmt *statement =
      dh_database_bind (database, error, "SELECT path, tags, note FROM marks WHERE path = ?", "s", after->path);
  g_autoptr (GPtrArray) found =
      dh_database_list (database, statement, read_mark, (GDestroyNotify)dh_mark_row_free, error);
  if (found == NULL)
    return FALSE;
  const DhMarkRow *now = found->len > 0 ? found->pdata[0] : NULL;
  g_autofree char *tags = merge_tags (now != NULL ? now->tags : "", before->tags, after->tags);
  const gboolean is_noted = !g_str_equal (before->note, after->note);
  const char *note = is_noted ? after->note : now != NULL ? now->note : "";
  return dh_database_put_mark (database, &(DhMarkRow){ after->path, tags, (char *)note }, error);
}

gboolean
dh_database_change_marks (DhDatabase *database, const DhMarkRow *const *before, const DhMarkRow *const *after, guint n,
                          GError **error)
{
  if (!dh_database_begin (database, error))
    return FALSE;
  gboolean merged = TRUE;
  for (guint i = 0; merged && i < n; i++)
    merged = merge_mark (database, before[i], after[i], error);
  if (merged)
    return dh_database_commit (database, error);
  dh_database_roll_back (database);
  return FALSE;
}

void
dh_mark_row_free (DhMarkRow *row)
{
  if (!row)
    return;
  g_free (row->path);
  g_free (row->tags);
  g_free (row->note);
  g_free (row);
}

void
dh_dataset_row_free (DhDatasetRow *row)
{
  if (!row)
    return;
  g_free (row->root);
  g_free (row->kind);
  g_free (row->title);
  g_free (row->fingerprint);
  g_free (row->opened);
  g_free (row);
}

void
dh_model_row_free (DhModelRow *row)
{
  if (!row)
    return;
  g_free (row->sha256);
  g_free (row->path);
  g_free (row->title);
  g_free (row->architecture);
  g_free (row);
}
