#include <glib/gi18n.h>
#include <signal.h>
#include "dh-training-keeper-private.h"

/* How often progress goes to the database. */
#define SAVE_EVERY (5 * G_USEC_PER_SEC)

DhKeeperWrite
dh_training_schedule_set_state (DhTrainingKeeper *keeper, DhTrainingRecord *record, DhJobState state, const char *why,
                                GError **error)
{
  const gint64 ended = state > DH_JOB_PAUSED ? g_get_real_time () / G_USEC_PER_SEC : 0;
  if (keeper->locked)
    return DH_WRITE_LATER;
  const gboolean done =
      dh_database_set_job_state (keeper->database, record->row->id, dh_job_state_id (state), why, ended, error);
  const DhKeeperWrite result = dh_training_keeper_judge (keeper, done, error);
  if (result != DH_WRITTEN)
    return result;
  g_free (record->row->state);
  record->row->state = g_strdup (dh_job_state_id (state));
  g_free (record->row->why);
  record->row->why = g_strdup (why);
  record->row->ended = ended;
  keeper->changed = TRUE;
  return result;
}

gboolean
dh_training_schedule_save (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  g_autoptr (GError) error = NULL;
  if (record->log == NULL)
    return TRUE;
  if (keeper->locked)
    return FALSE;
  const gboolean done = dh_database_set_job_progress (keeper->database, record->row, &error);
  if (dh_training_keeper_judge (keeper, done, &error) == DH_WRITE_REFUSED)
    dh_training_keeper_complain_once (keeper, _ ("A training’s progress could not be written"), &error);
  return done;
}

/* Where it cannot be written, the record stays as it was, so that the next look finds the same and writes again. */
static gboolean
write_state (DhTrainingKeeper *keeper, DhTrainingRecord *record, DhJobState state, const char *why)
{
  g_autoptr (GError) error = NULL;
  const DhKeeperWrite result = dh_training_schedule_set_state (keeper, record, state, why, &error);
  if (result == DH_WRITE_REFUSED)
    dh_training_keeper_complain_once (keeper, _ ("A training’s state could not be written"), &error);
  return result == DH_WRITTEN;
}

static gboolean
end_job (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  dh_training_record_follow (record);
  dh_training_schedule_save (keeper, record);
  /* Killed because it did not stop when it was asked to. */
  const gboolean killed = record->found == DH_JOB_LOST && record->stopped_at != 0;
  if (!write_state (keeper, record, killed ? DH_JOB_CANCELLED : record->found, record->why))
    return FALSE;
  record->child = 0;
  record->stopped_at = 0;
  record->told_to_stop = FALSE;
  record->wants_pause = FALSE;
  g_clear_pointer (&record->refused, g_free);
  if (!keeper->first)
    g_ptr_array_add (keeper->ended, g_strdup (record->row->folder));
  return TRUE;
}

/* That of the process which computes it, so that whoever comes next knows it. */
static gboolean
write_pid (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  g_autoptr (GError) error = NULL;
  const gint64 pid = record->alive                                ? (record->reachable ? record->lock_pid : 0)
                     : record->child != 0 && !record->child_ended ? record->child
                                                                  : 0;
  if (pid == 0 || pid == record->row->pid || !dh_training_record_is (record, DH_JOB_RUNNING))
    return TRUE;
  if (keeper->locked)
    return FALSE;
  const gboolean done = dh_database_set_job_pid (keeper->database, record->row->id, pid, &error);
  if (dh_training_keeper_judge (keeper, done, &error) == DH_WRITE_REFUSED)
    dh_training_keeper_complain_once (keeper, _ ("A training’s process could not be written down"), &error);
  if (done)
    record->row->pid = pid;
  return done;
}

void
dh_training_schedule_look_at (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  const DhJobPhase phase = record->phase;
  const gboolean alive = record->alive;
  const gint64 silent = record->silent;
  dh_training_record_look (record);
  if (dh_training_record_follow (record))
    keeper->changed = TRUE;
  if (record->wants_pause && record->reachable && record->found == DH_JOB_RUNNING)
    record->wants_pause = !dh_training_record_signal (record, SIGUSR1);
  if (record->stopped_at != 0 && !record->told_to_stop)
    record->told_to_stop = dh_training_record_signal (record, SIGTERM);
  if (phase != record->phase || alive != record->alive || silent != record->silent)
    keeper->changed = TRUE;
}

gboolean
dh_training_schedule_settle_one (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  if (record->found > DH_JOB_PAUSED)
    return end_job (keeper, record);
  return (dh_training_record_is (record, record->found) || write_state (keeper, record, record->found, NULL))
         && write_pid (keeper, record);
}

static gboolean
is_looked_at (const DhTrainingRecord *record)
{
  return dh_training_record_is_active (record) || dh_training_record_is (record, DH_JOB_QUEUED);
}

void
dh_training_schedule_look (DhTrainingKeeper *keeper)
{
  for (guint i = 0; i < keeper->sequence->len; i++)
    {
      DhTrainingRecord *record = keeper->sequence->pdata[i];
      if (is_looked_at (record))
        dh_training_schedule_look_at (keeper, record);
      if (dh_training_record_scan (record))
        keeper->changed = TRUE;
    }
}

void
dh_training_schedule_settle (DhTrainingKeeper *keeper)
{
  gboolean save = g_get_monotonic_time () - keeper->saved > SAVE_EVERY, saved = save;
  for (guint i = 0; i < keeper->sequence->len; i++)
    {
      DhTrainingRecord *record = keeper->sequence->pdata[i];
      if (!is_looked_at (record))
        continue;
      dh_training_schedule_settle_one (keeper, record);
      if (save && dh_training_record_is_active (record))
        saved = dh_training_schedule_save (keeper, record) && saved;
    }
  if (saved)
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
  if (next == NULL || keeper->locked)
    return;
  g_autoptr (GError) error = NULL;
  gboolean claimed;
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const gboolean done = dh_database_claim_job (keeper->database, next->row->id, now, &claimed, &error);
  /* It stays the next: the next look tries again. */
  if (dh_training_keeper_judge (keeper, done, &error) == DH_WRITE_REFUSED)
    dh_training_keeper_complain_once (keeper, _ ("The next training could not be started"), &error);
  if (!done || !claimed)
    return;
  keeper->dirty = keeper->changed = TRUE;
  g_free (next->row->state);
  next->row->state = g_strdup (dh_job_state_id (DH_JOB_RUNNING));
  next->row->launched = now;
  next->row->pid = 0;
  g_clear_pointer (&next->refused, g_free);
  if (next->alive) /* paused, and waited for its turn */
    {
      next->continued_at = g_get_monotonic_time ();
      dh_training_record_signal (next, SIGUSR2);
    }
  else if (!dh_training_record_launch (next, keeper->program, keeper->path, &error))
    {
      next->refused = g_strdup (error->message);
      next->found = DH_JOB_FAILED;
      g_free (next->why);
      next->why = g_strdup (error->message);
      end_job (keeper, next);
      return;
    }
  write_pid (keeper, next);
}
