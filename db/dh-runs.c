#include "dh-records.h"
#include "dh-database-private.h"
#include "dh-error.h"
#include "dh-records-private.h"

gint64
dh_database_add_run (DhDatabase *database, const DhRunRow *row, GError **error)
{
  g_autofree char *now = dh_database_now ();
  sqlite3_stmt *statement = dh_database_bind (
      database, error,
      "INSERT INTO runs (id, kind, state, dataset, split, model, folder, score, device, device_title, precision,"
      " program, command, started, method, source, summary)"
      " VALUES (1 + max ((SELECT coalesce (max (id), 0) FROM runs), (SELECT last FROM removed_runs)),"
      " ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " RETURNING id",
      "sisisssssssssss", row->kind, row->dataset, row->split, row->model, row->folder, row->score, row->device,
      row->device_title ? row->device_title : "", row->precision, row->program, row->command ? row->command : "", now,
      row->method, row->source, row->summary);
  return dh_database_returned_id (database, statement, error);
}

gint64
dh_database_find_unfinished (DhDatabase *database, const DhRunRow *row, GError **error)
{
  sqlite3_stmt *statement = dh_database_bind (
      database, error,
      "SELECT id FROM runs WHERE kind = ? AND dataset = ? AND split = ? AND model = ? AND folder = ? AND score = ?"
      " AND precision = ? AND device = ? AND method IS ? AND state <> 'done' ORDER BY id DESC LIMIT 1",
      "sisisssss", row->kind, row->dataset, row->split, row->model, row->folder, row->score, row->precision,
      row->device, row->method);
  return dh_database_returned_id (database, statement, error);
}

gboolean
dh_database_end_run (DhDatabase *database, gint64 run, const char *state, const char *why, const char *summary,
                     GError **error)
{
  g_autofree char *now = dh_database_now ();
  return dh_database_execute (
      database, error,
      "UPDATE runs SET state = ?, why = ?, summary = ?, ended = ?,"
      " (seconds, images_done, images_failed) ="
      " (SELECT coalesce (sum (seconds), 0), coalesce (sum (run_images.state = 'done'), 0),"
      " coalesce (sum (run_images.state = 'failed'), 0) FROM run_images WHERE run = ?) WHERE id = ?",
      "ssssii", state, why, summary, now, run, run);
}

gboolean
dh_database_reopen_run (DhDatabase *database, gint64 run, const char *summary, GError **error)
{
  return dh_database_execute (database, error,
                              "UPDATE runs SET state = 'running', why = NULL, ended = NULL, summary = ? WHERE id = ?",
                              "si", summary, run);
}

gboolean
dh_database_leave_runs (DhDatabase *database, const char *folder, gint64 run, GError **error)
{
  return dh_database_execute (database, error,
                              "UPDATE runs SET state = 'unfinished' WHERE folder = ? AND state = 'running' AND id <> ?",
                              "si", folder, run);
}

gboolean
dh_database_delete_run (DhDatabase *database, gint64 run, GError **error)
{
  return dh_database_execute (database, error, "DELETE FROM runs WHERE id = ?", "i", run);
}

#define RUN_COLUMNS                                                                                                    \
  "SELECT runs.id, runs.kind, state, why, dataset, split, model, folder, score, device, device_title, precision,"      \
  " program, command, started, ended, seconds, summary, method, source, datasets.title, datasets.root,"                \
  " datasets.kind, datasets.fingerprint, coalesce (method, models.title), coalesce (source, models.path), "            \
  "models.sha256, models.classes, datasets.images,"                                                                    \
  " coalesce (images_done, (SELECT count (*) FROM run_images WHERE run = runs.id AND run_images.state = 'done')),"     \
  " coalesce (images_failed, (SELECT count (*) FROM run_images WHERE run = runs.id AND run_images.state = 'failed'))"  \
  " FROM runs JOIN datasets ON datasets.id = dataset JOIN models ON models.id = model"

static gpointer
read_run (sqlite3_stmt *statement)
{
  DhRunRow *row = g_new0 (DhRunRow, 1);
  int c = 0;
  row->id = sqlite3_column_int64 (statement, c++);
  row->kind = dh_column_text (statement, c++);
  row->state = dh_column_text (statement, c++);
  row->why = dh_column_string (statement, c++);
  row->dataset = sqlite3_column_int64 (statement, c++);
  row->split = dh_column_text (statement, c++);
  row->model = sqlite3_column_int64 (statement, c++);
  row->folder = dh_column_text (statement, c++);
  row->score = dh_column_text (statement, c++);
  row->device = dh_column_text (statement, c++);
  row->device_title = dh_column_text (statement, c++);
  row->precision = dh_column_text (statement, c++);
  row->program = dh_column_text (statement, c++);
  row->command = dh_column_text (statement, c++);
  row->started = dh_column_text (statement, c++);
  row->ended = dh_column_string (statement, c++);
  row->seconds = dh_column_double (statement, c++);
  row->summary = dh_column_string (statement, c++);
  row->method = dh_column_string (statement, c++);
  row->source = dh_column_string (statement, c++);
  row->dataset_title = dh_column_text (statement, c++);
  row->dataset_root = dh_column_text (statement, c++);
  row->dataset_kind = dh_column_text (statement, c++);
  row->dataset_fingerprint = dh_column_text (statement, c++);
  row->model_title = dh_column_text (statement, c++);
  row->model_path = dh_column_string (statement, c++);
  row->model_sha256 = dh_column_text (statement, c++);
  row->model_classes = sqlite3_column_int64 (statement, c++);
  row->images_total = sqlite3_column_int64 (statement, c++);
  row->images_done = sqlite3_column_int64 (statement, c++);
  row->images_failed = sqlite3_column_int64 (statement, c++);
  return row;
}

DhRunRow *
dh_database_get_run (DhDatabase *database, gint64 run, GError **error)
{
  gboolean found = FALSE;
  sqlite3_stmt *statement = dh_database_bind (database, error, RUN_COLUMNS " WHERE runs.id = ?", "i", run);
  if (!statement || !dh_database_step (database, statement, &found, error))
    return NULL;
  if (!found)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: there is no run %" G_GINT64_FORMAT,
                   dh_database_path (database), run);
      return NULL;
    }
  DhRunRow *row = read_run (statement);
  dh_database_reset (statement);
  return row;
}

GPtrArray *
dh_database_list_runs (DhDatabase *database, GError **error)
{
  sqlite3_stmt *statement = dh_database_bind (database, error, RUN_COLUMNS " ORDER BY runs.id DESC", "");
  return dh_database_list (database, statement, read_run, (GDestroyNotify)dh_run_row_free, error);
}

gboolean
dh_database_put_run_image (DhDatabase *database, gint64 run, const DhRunImageRow *row, GError **error)
{
  return dh_database_execute (
      database, error,
      "INSERT OR REPLACE INTO run_images (run, image, state, why, width, height, seconds, score_file, pixels,"
      " positives, non_finite, ap, auroc, fpr95, best_f1, best_f1_threshold, mean_score, max_score)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      "iissiidsiiiddddddd", run, row->image, row->state, row->why, row->width, row->height, row->seconds,
      row->score_file, row->pixels, row->positives, row->non_finite, row->ap, row->auroc, row->fpr95, row->best_f1,
      row->best_f1_threshold, row->mean_score, row->max_score);
}

static gpointer
read_run_image (sqlite3_stmt *statement)
{
  DhRunImageRow *row = g_new0 (DhRunImageRow, 1);
  int c = 0;
  row->image = sqlite3_column_int64 (statement, c++);
  row->stem = dh_column_text (statement, c++);
  row->path = dh_column_text (statement, c++);
  row->scene = dh_column_text (statement, c++);
  row->state = dh_column_text (statement, c++);
  row->why = dh_column_string (statement, c++);
  row->score_file = dh_column_string (statement, c++);
  row->width = sqlite3_column_int64 (statement, c++);
  row->height = sqlite3_column_int64 (statement, c++);
  row->pixels = sqlite3_column_int64 (statement, c++);
  row->positives = sqlite3_column_int64 (statement, c++);
  row->non_finite = sqlite3_column_int64 (statement, c++);
  row->seconds = dh_column_double (statement, c++);
  row->ap = dh_column_double (statement, c++);
  row->auroc = dh_column_double (statement, c++);
  row->fpr95 = dh_column_double (statement, c++);
  row->best_f1 = dh_column_double (statement, c++);
  row->best_f1_threshold = dh_column_double (statement, c++);
  row->mean_score = dh_column_double (statement, c++);
  row->max_score = dh_column_double (statement, c++);
  return row;
}

#define RUN_IMAGE_COLUMNS                                                                                              \
  "SELECT image, stem, path, scene, run_images.state, run_images.why, score_file, width, height, pixels, positives,"   \
  " non_finite, run_images.seconds, ap, auroc, fpr95, best_f1, best_f1_threshold, mean_score, max_score"               \
  " FROM run_images JOIN images ON images.id = image"

GPtrArray *
dh_database_list_run_images (DhDatabase *database, gint64 run, GError **error)
{
  sqlite3_stmt *statement =
      dh_database_bind (database, error, RUN_IMAGE_COLUMNS " WHERE run = ? ORDER BY image", "i", run);
  return dh_database_list (database, statement, read_run_image, (GDestroyNotify)dh_run_image_row_free, error);
}

DhRunImageRow *
dh_database_find_run_image (DhDatabase *database, gint64 run, const char *stem, GError **error)
{
  sqlite3_stmt *statement = dh_database_bind (
      database, error,
      RUN_IMAGE_COLUMNS " JOIN runs ON runs.id = run WHERE run = ? AND images.dataset = runs.dataset AND stem = ?",
      "is", run, stem);
  g_autoptr (GPtrArray) found =
      dh_database_list (database, statement, read_run_image, (GDestroyNotify)dh_run_image_row_free, error);
  return found && found->len > 0 ? g_ptr_array_steal_index (found, 0) : NULL;
}

gboolean
dh_database_put_run_protocol (DhDatabase *database, gint64 run, const DhRunProtocolRow *row, GError **error)
{
  return dh_database_execute (
      database, error,
      "INSERT OR REPLACE INTO run_protocols (run, score, protocol, ap, auroc, fpr95, threshold_tpr95, best_f1,"
      " best_f1_threshold, pixels, positives, undefined_images, curve, histogram)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      "issddddddiiibb", run, row->score, row->protocol, row->ap, row->auroc, row->fpr95, row->threshold_tpr95,
      row->best_f1, row->best_f1_threshold, row->pixels, row->positives, row->undefined_images, row->curve,
      row->histogram);
}

static gpointer
read_run_protocol (sqlite3_stmt *statement)
{
  DhRunProtocolRow *row = g_new0 (DhRunProtocolRow, 1);
  int c = 0;
  row->score = dh_column_text (statement, c++);
  row->protocol = dh_column_text (statement, c++);
  row->ap = dh_column_double (statement, c++);
  row->auroc = dh_column_double (statement, c++);
  row->fpr95 = dh_column_double (statement, c++);
  row->threshold_tpr95 = dh_column_double (statement, c++);
  row->best_f1 = dh_column_double (statement, c++);
  row->best_f1_threshold = dh_column_double (statement, c++);
  row->pixels = sqlite3_column_int64 (statement, c++);
  row->positives = sqlite3_column_int64 (statement, c++);
  row->undefined_images = sqlite3_column_int64 (statement, c++);
  row->curve = dh_column_bytes (statement, c++);
  row->histogram = dh_column_bytes (statement, c++);
  return row;
}

#define RUN_PROTOCOLS(curve, histogram)                                                                                \
  "SELECT score, protocol, ap, auroc, fpr95, threshold_tpr95, best_f1, best_f1_threshold, pixels, positives,"          \
  " undefined_images, " curve ", " histogram " FROM run_protocols WHERE run = ? ORDER BY score, protocol"

static GPtrArray *
list_protocols (DhDatabase *database, const char *sql, gint64 run, GError **error)
{
  sqlite3_stmt *statement = dh_database_bind (database, error, sql, "i", run);
  return dh_database_list (database, statement, read_run_protocol, (GDestroyNotify)dh_run_protocol_row_free, error);
}

GPtrArray *
dh_database_list_run_numbers (DhDatabase *database, gint64 run, GError **error)
{
  return list_protocols (database, RUN_PROTOCOLS ("NULL", "NULL"), run, error);
}

GPtrArray *
dh_database_list_run_protocols (DhDatabase *database, gint64 run, GError **error)
{
  return list_protocols (database, RUN_PROTOCOLS ("curve", "histogram"), run, error);
}

void
dh_run_row_free (DhRunRow *row)
{
  if (!row)
    return;
  char **const strings[] = { &row->kind,         &row->state,        &row->why,
                             &row->split,        &row->folder,       &row->score,
                             &row->device,       &row->device_title, &row->precision,
                             &row->program,      &row->command,      &row->started,
                             &row->ended,        &row->summary,      &row->dataset_title,
                             &row->dataset_root, &row->dataset_kind, &row->dataset_fingerprint,
                             &row->model_title,  &row->model_path,   &row->model_sha256,
                             &row->method,       &row->source };
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (*strings[i]);
  g_free (row);
}

void
dh_run_image_row_free (DhRunImageRow *row)
{
  if (!row)
    return;
  g_free (row->stem);
  g_free (row->path);
  g_free (row->scene);
  g_free (row->state);
  g_free (row->why);
  g_free (row->score_file);
  g_free (row);
}

void
dh_run_protocol_row_free (DhRunProtocolRow *row)
{
  if (!row)
    return;
  g_free (row->score);
  g_free (row->protocol);
  g_clear_pointer (&row->curve, g_bytes_unref);
  g_clear_pointer (&row->histogram, g_bytes_unref);
  g_free (row);
}
