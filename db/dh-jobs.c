#include <math.h>

#include "dh-database-private.h"
#include "dh-records-private.h"
#include "dh-records.h"

void
dh_job_row_free (DhJobRow *row)
{
  if (!row)
    return;
  char *const texts[] = { row->kind,   row->state,  row->why,       row->title,   row->recipe,  row->form,
                          row->folder, row->device, row->precision, row->program, row->command, row->created };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_free (row);
}

DhJobRow *
dh_job_row_copy (const DhJobRow *row)
{
  DhJobRow *copy = g_memdup2 (row, sizeof *row);
  char **const texts[] = { &copy->kind,      &copy->state,   &copy->why,     &copy->title,
                           &copy->recipe,    &copy->form,    &copy->folder,  &copy->device,
                           &copy->precision, &copy->program, &copy->command, &copy->created };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    *texts[i] = g_strdup (*texts[i]);
  return copy;
}

/* The same training: one that is resumed, or that a program queued and whose process enters itself. What it was begun
 * with stays. */
#define SAME "(?17 OR (state = 'running' AND (pid = 0 OR pid = excluded.pid)))"
#define KEPT(column, otherwise) " " #column " = iif (" SAME ", " #column ", " otherwise ")"

gint64
dh_database_put_job (DhDatabase *database, const DhJobRow *row, gboolean resumed, GError **error)
{
  g_autofree char *now = dh_database_now ();
  sqlite3_stmt *statement = dh_database_bind (
      database, error,
      /* clang-format off */
      "INSERT INTO jobs (kind, state, position, title, recipe, form, folder, device, program, command, pid, estimate,"
      " step_flop, created, launched, started, precision)"
      " VALUES (?, ?, (SELECT coalesce (max (position), 0) + 1 FROM jobs), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
      " coalesce (?, 'f32'))"
      " ON CONFLICT (folder) DO UPDATE SET state = excluded.state, why = NULL, pid = excluded.pid,"
      " launched = excluded.launched, ended = 0, recipe = excluded.recipe, device = excluded.device,"
      " precision = excluded.precision, program = excluded.program,"
      KEPT (title, "excluded.title") ","
      KEPT (form, "excluded.form") ","
      KEPT (command, "excluded.command") ","
      KEPT (started, "excluded.started") ","
      KEPT (step, "0") ","
      KEPT (steps, "0") ","
      KEPT (epochs, "0") ","
      KEPT (seconds, "0") ","
      KEPT (step_seconds, "NULL") ","
      KEPT (best_epoch, "NULL") ","
      KEPT (miou, "NULL") ","
      KEPT (ap, "NULL") ","
      KEPT (auroc, "NULL") ","
      KEPT (fpr95, "NULL") ","
      " estimate = coalesce (excluded.estimate, iif (" SAME ", estimate, NULL)),"
      " step_flop = coalesce (excluded.step_flop, iif (" SAME ", step_flop, NULL)) RETURNING id",
      /* clang-format on */
      "sssssssssiddsiisi", row->kind, row->state, row->title, row->recipe, row->form, row->folder, row->device,
      row->program, row->command, row->pid, row->estimate, row->step_flop, now, row->launched, row->started,
      row->precision, (gint64)(resumed != FALSE));
  return dh_database_returned_id (database, statement, error);
}

gboolean
dh_database_claim_job (DhDatabase *database, gint64 job, gint64 now, gboolean *claimed, GError **error)
{
  gboolean row = FALSE;
  sqlite3_stmt *statement =
      dh_database_bind (database, error,
                        "UPDATE jobs SET state = 'running', why = NULL, pid = 0, ended = 0, launched = ?,"
                        " started = iif (started = 0, ?, started) WHERE id = ? AND state = 'queued'"
                        " AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'running') RETURNING id",
                        "iii", now, now, job);
  *claimed = FALSE;
  if (!statement || !dh_database_step (database, statement, &row, error)
      || (row && !dh_database_finish (database, statement, error)))
    return FALSE;
  *claimed = row;
  return TRUE;
}

gboolean
dh_database_set_job_pid (DhDatabase *database, gint64 job, gint64 pid, GError **error)
{
  return dh_database_execute (database, error, "UPDATE jobs SET pid = ? WHERE id = ?", "ii", pid, job);
}

gboolean
dh_database_set_job_state (DhDatabase *database, gint64 job, const char *state, const char *why, gint64 ended,
                           GError **error)
{
  return dh_database_execute (database, error, "UPDATE jobs SET state = ?, why = ?, ended = ? WHERE id = ?", "ssii",
                              state, why, ended, job);
}

gboolean
dh_database_requeue_job (DhDatabase *database, gint64 job, gboolean first, GError **error)
{
  return dh_database_execute (database, error,
                              "UPDATE jobs SET state = 'queued', why = NULL, ended = 0, position ="
                              " iif (?, (SELECT min (position) - 1 FROM jobs), (SELECT max (position) + 1 FROM jobs))"
                              " WHERE id = ?",
                              "ii", (gint64)(first != FALSE), job);
}

gboolean
dh_database_set_job_progress (DhDatabase *database, const DhJobRow *row, GError **error)
{
  return dh_database_execute (database, error,
                              "UPDATE jobs SET step = ?, steps = ?, epochs = ?, seconds = ?, step_seconds = ?,"
                              " device = ?, precision = coalesce (?, precision), best_epoch = nullif (?, 0),"
                              " miou = ?, ap = ?, auroc = ?, fpr95 = ? WHERE id = ?",
                              "iiiddssiddddi", row->step, row->steps, row->epochs, row->seconds, row->step_seconds,
                              row->device, row->precision, row->best_epoch, row->miou, row->ap, row->auroc, row->fpr95,
                              row->id);
}

gboolean
dh_database_swap_jobs (DhDatabase *database, gint64 job, gint64 other, GError **error)
{
  return dh_database_execute (database, error,
                              "UPDATE jobs SET position = (SELECT sum (position) FROM jobs WHERE id IN (?1, ?2))"
                              " - position WHERE id IN (?1, ?2)",
                              "ii", job, other);
}

gboolean
dh_database_delete_job (DhDatabase *database, gint64 job, GError **error)
{
  return dh_database_execute (database, error, "DELETE FROM jobs WHERE id = ?", "i", job);
}

static gpointer
read_job (sqlite3_stmt *statement)
{
  DhJobRow *row = g_new0 (DhJobRow, 1);
  int c = 0;
  row->id = sqlite3_column_int64 (statement, c++);
  row->kind = dh_column_text (statement, c++);
  row->state = dh_column_text (statement, c++);
  row->why = dh_column_string (statement, c++);
  row->position = sqlite3_column_int64 (statement, c++);
  row->title = dh_column_text (statement, c++);
  row->recipe = dh_column_text (statement, c++);
  row->form = dh_column_string (statement, c++);
  row->folder = dh_column_text (statement, c++);
  row->device = dh_column_text (statement, c++);
  row->precision = dh_column_text (statement, c++);
  row->program = dh_column_text (statement, c++);
  row->command = dh_column_text (statement, c++);
  row->pid = sqlite3_column_int64 (statement, c++);
  row->step = sqlite3_column_int64 (statement, c++);
  row->steps = sqlite3_column_int64 (statement, c++);
  row->epochs = sqlite3_column_int64 (statement, c++);
  row->seconds = sqlite3_column_double (statement, c++);
  row->estimate = dh_column_double (statement, c++);
  row->step_flop = dh_column_double (statement, c++);
  row->step_seconds = dh_column_double (statement, c++);
  row->best_epoch = sqlite3_column_int64 (statement, c++);
  row->miou = dh_column_double (statement, c++);
  row->ap = dh_column_double (statement, c++);
  row->auroc = dh_column_double (statement, c++);
  row->fpr95 = dh_column_double (statement, c++);
  row->created = dh_column_text (statement, c++);
  row->launched = sqlite3_column_int64 (statement, c++);
  row->started = sqlite3_column_int64 (statement, c++);
  row->ended = sqlite3_column_int64 (statement, c++);
  return row;
}

GPtrArray *
dh_database_list_jobs (DhDatabase *database, GError **error)
{
  sqlite3_stmt *statement = dh_database_bind (
      database, error,
      "SELECT id, kind, state, why, position, title, recipe, form, folder, device, precision, program, command, pid, "
      "step, steps,"
      " epochs, seconds, estimate, step_flop, step_seconds, best_epoch, miou, ap, auroc, fpr95, created, launched,"
      " started, ended FROM jobs WHERE kind = 'train' ORDER BY position, id",
      "");
  return dh_database_list (database, statement, read_job, (GDestroyNotify)dh_job_row_free, error);
}

gint64
dh_database_data_version (DhDatabase *database)
{
  gboolean found = FALSE;
  sqlite3_stmt *statement = dh_database_bind (database, NULL, "PRAGMA data_version", "");
  if (!statement || !dh_database_step (database, statement, &found, NULL) || !found)
    return 0;
  const gint64 version = sqlite3_column_int64 (statement, 0);
  dh_database_reset (statement);
  return version;
}

double
dh_database_training_speed (DhDatabase *database, const char *device, const char *precision, GError **error)
{
  gboolean found = FALSE;
  sqlite3_stmt *statement = dh_database_bind (database, error,
                                              "SELECT step_flop / step_seconds FROM jobs WHERE device = ? AND "
                                              "precision = ? AND step_flop > 0 AND step_seconds > 0"
                                              " ORDER BY launched DESC LIMIT 1",
                                              "ss", device, precision);
  if (!statement || !dh_database_step (database, statement, &found, error) || !found)
    return NAN;
  const double speed = dh_column_double (statement, 0);
  dh_database_reset (statement);
  return speed;
}
