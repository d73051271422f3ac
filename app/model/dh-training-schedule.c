#include <glib/gi18n.h>
#include <signal.h>
#include "dh-error.h"
#include "dh-file.h"
#include "dh-training-keeper-private.h"

/* After it, a second wish to cancel ends the process at once. */
#define PATIENCE (10 * G_USEC_PER_SEC)
/* How often progress goes to the database. */
#define SAVE_EVERY (5 * G_USEC_PER_SEC)

/* Where it cannot be written, the record stays as it was, so that the next look finds the same and writes again. */
static gboolean
set_state (DhTrainingKeeper *keeper, DhTrainingRecord *record, DhJobState state, const char *why)
{
  g_autoptr (GError) error = NULL;
  const gint64 ended = state > DH_JOB_PAUSED ? g_get_real_time () / G_USEC_PER_SEC : 0;
  if (!dh_database_set_job_state (keeper->database, record->row->id, dh_job_state_id (state), why, ended, &error))
    {
      dh_training_keeper_complain (keeper, NULL, _ ("A training’s state could not be written"), &error);
      return FALSE;
    }
  g_free (record->row->state);
  record->row->state = g_strdup (dh_job_state_id (state));
  g_free (record->row->why);
  record->row->why = g_strdup (why);
  record->row->ended = ended;
  keeper->changed = TRUE;
  return TRUE;
}

void
dh_training_schedule_save (DhTrainingRecord *record, DhTrainingKeeper *keeper)
{
  if (record->log != NULL)
    dh_database_set_job_progress (keeper->database, record->row, NULL);
}

/* Looking */

static void
end_job (DhTrainingKeeper *keeper, DhTrainingRecord *record, DhJobState state, const char *why)
{
  dh_training_record_follow (record);
  dh_training_schedule_save (record, keeper);
  /* Killed because it did not stop when it was asked to. */
  if (state == DH_JOB_LOST && record->stopped_at != 0)
    state = DH_JOB_CANCELLED;
  if (!set_state (keeper, record, state, why))
    return;
  record->child = 0;
  record->stopped_at = 0;
  record->wants_pause = FALSE;
  if (!keeper->first)
    g_ptr_array_add (keeper->ended, g_strdup (record->row->folder));
}

static void
look_at (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  const DhJobPhase phase = record->phase;
  const gboolean alive = record->alive;
  const gint64 silent = record->silent;
  g_autofree char *why = NULL;
  const DhJobState state = dh_training_record_look (record, &why);
  if (dh_training_record_follow (record))
    keeper->changed = TRUE;
  if (record->wants_pause && record->reachable && state == DH_JOB_RUNNING)
    record->wants_pause = !dh_training_record_signal (record, SIGUSR1);
  if (state > DH_JOB_PAUSED)
    end_job (keeper, record, state, why);
  else if (!dh_training_record_is (record, state))
    set_state (keeper, record, state, NULL);
  if (phase != record->phase || alive != record->alive || silent != record->silent)
    keeper->changed = TRUE;
}

void
dh_training_schedule_look (DhTrainingKeeper *keeper)
{
  const gboolean save = g_get_monotonic_time () - keeper->saved > SAVE_EVERY;
  for (guint i = 0; i < keeper->sequence->len; i++)
    {
      DhTrainingRecord *record = keeper->sequence->pdata[i];
      const gboolean queued = dh_training_record_is (record, DH_JOB_QUEUED);
      if (dh_training_record_is_active (record) || queued)
        {
          look_at (keeper, record);
          if (save && !queued)
            dh_training_schedule_save (record, keeper);
        }
      if (dh_training_record_scan (record))
        keeper->changed = TRUE;
    }
  if (save)
    keeper->saved = g_get_monotonic_time ();
}

/* Starts the first of the queue where nothing runs. */
void
dh_training_schedule_start_next (DhTrainingKeeper *keeper)
{
  DhTrainingRecord *next = NULL;
  for (guint i = 0; i < keeper->sequence->len; i++)
    if (dh_training_record_is (keeper->sequence->pdata[i], DH_JOB_RUNNING))
      return;
    else if (next == NULL && dh_training_record_is (keeper->sequence->pdata[i], DH_JOB_QUEUED))
      next = keeper->sequence->pdata[i];
  if (next == NULL)
    return;
  g_autoptr (GError) error = NULL;
  gboolean claimed;
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  if (!dh_database_claim_job (keeper->database, next->row->id, now, &claimed, &error) || !claimed)
    return;
  keeper->dirty = TRUE;
  g_free (next->row->state);
  next->row->state = g_strdup (dh_job_state_id (DH_JOB_RUNNING));
  next->row->launched = now;
  next->row->pid = 0;
  if (next->alive) /* paused, and waited for its turn */
    {
      dh_database_set_job_pid (keeper->database, next->row->id, next->lock_pid, NULL);
      next->continued_at = g_get_monotonic_time ();
      dh_training_record_signal (next, SIGUSR2);
      return;
    }
  if (dh_training_record_launch (next, keeper->program, keeper->path, &error))
    dh_database_set_job_pid (keeper->database, next->row->id, next->child, NULL);
  else
    end_job (keeper, next, DH_JOB_FAILED, error->message);
}

/* Orders */

static void
add_job (DhTrainingKeeper *keeper, DhJobRow *row)
{
  g_autoptr (GError) error = NULL;
  /* Its name is taken from now on, and a place where nothing can be written is told at once. */
  if (!dh_folder_make (row->folder, &error) || dh_database_put_job (keeper->database, row, FALSE, &error) == 0)
    dh_training_keeper_complain (keeper, row->folder, _ ("The training could not be queued"), &error);
  keeper->dirty = TRUE;
  keeper->changed = TRUE;
}

static void
move_job (DhTrainingKeeper *keeper, DhTrainingRecord *record, gint by)
{
  DhTrainingRecord *other = NULL;
  gboolean passed = FALSE;
  for (guint i = 0; i < keeper->sequence->len; i++)
    {
      DhTrainingRecord *at = keeper->sequence->pdata[i];
      if (at == record)
        passed = TRUE;
      else if (dh_training_record_is (at, DH_JOB_QUEUED) && (by < 0 ? !passed : passed && other == NULL))
        other = at;
    }
  if (other != NULL && dh_training_record_is (record, DH_JOB_QUEUED))
    dh_database_swap_jobs (keeper->database, record->row->id, other->row->id, NULL);
}

static void
cancel_job (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  if (dh_training_record_is (record, DH_JOB_QUEUED) && !record->alive)
    {
      set_state (keeper, record, DH_JOB_CANCELLED, NULL);
      return;
    }
  const gint64 now = g_get_monotonic_time ();
  const gboolean force = record->stopped_at != 0 && now - record->stopped_at > PATIENCE;
  if (record->stopped_at == 0 || force)
    dh_training_record_signal (record, force ? SIGKILL : SIGTERM);
  if (record->stopped_at == 0)
    record->stopped_at = now;
}

static void
go_on (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  const gboolean paused = dh_training_record_is (record, DH_JOB_PAUSED);
  if (!paused && (dh_training_record_is_active (record) || dh_training_record_is (record, DH_JOB_QUEUED)))
    return;
  g_autoptr (GError) error = NULL;
  record->wants_pause = FALSE;
  if (!dh_database_requeue_job (keeper->database, record->row->id, paused, &error))
    dh_training_keeper_complain (keeper, NULL, _ ("The training could not be queued again"), &error);
}

static void
remove_job (DhTrainingKeeper *keeper, DhTrainingRecord *record, gboolean with_files)
{
  g_autoptr (GError) error = NULL;
  if (record->alive || dh_training_record_is_active (record))
    return;
  if (with_files && !dh_training_record_remove_files (record, &error))
    dh_training_keeper_complain (keeper, NULL, _ ("The training’s files could not be removed"), &error);
  else if (!dh_database_delete_job (keeper->database, record->row->id, &error))
    dh_training_keeper_complain (keeper, NULL, _ ("The training could not be removed"), &error);
}

void
dh_training_schedule_obey (DhTrainingKeeper *keeper, DhKeeperCommand *order)
{
  if (order->row != NULL)
    {
      add_job (keeper, order->row);
      return;
    }
  DhTrainingRecord *record = g_hash_table_lookup (keeper->records, order->folder);
  if (record == NULL)
    return;
  switch (order->order)
    {
    case DH_KEEPER_PAUSE:
      record->wants_pause = dh_training_record_is (record, DH_JOB_RUNNING);
      record->continued_at = 0;
      break;
    case DH_KEEPER_GO_ON:
      /* What the list says may be older than what became of it. */
      if (dh_training_record_is_active (record))
        look_at (keeper, record);
      go_on (keeper, record);
      break;
    case DH_KEEPER_CANCEL:
      cancel_job (keeper, record);
      break;
    case DH_KEEPER_MOVE_UP:
    case DH_KEEPER_MOVE_DOWN:
      move_job (keeper, record, order->order == DH_KEEPER_MOVE_UP ? -1 : 1);
      break;
    case DH_KEEPER_REMOVE:
    case DH_KEEPER_REMOVE_WITH_FILES:
      remove_job (keeper, record, order->order == DH_KEEPER_REMOVE_WITH_FILES);
      break;
    case DH_KEEPER_WATCH:
      if (record->watched == NULL)
        record->watched = dh_run_log_new (record->row->folder);
      break;
    }
  keeper->dirty = TRUE;
}
