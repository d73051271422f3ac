#include <glib/gi18n.h>
#include <signal.h>
#include "dh-file.h"
#include "dh-training-keeper-private.h"

/* What the user asks for. Nothing of it is lost because another program keeps the database locked. */

/* After it, a second wish to cancel ends the process at once. */
#define PATIENCE (10 * G_USEC_PER_SEC)

/* FALSE: it is to be tried again. `folder`: of a job that is to be added. */
static gboolean
conclude (DhTrainingKeeper *keeper, gboolean done, const char *folder, const char *title, GError **error)
{
  const DhKeeperWrite result = dh_training_keeper_judge (keeper, done, error);
  if (result == DH_WRITE_REFUSED)
    dh_training_keeper_complain (keeper, folder, title, error);
  return result != DH_WRITE_LATER;
}

static gboolean
add_job (DhTrainingKeeper *keeper, DhJobRow *row)
{
  g_autoptr (GError) error = NULL;
  keeper->dirty = keeper->changed = TRUE;
  /* A window that was killed had added it, and could not take the order away. */
  if (g_hash_table_contains (keeper->records, row->folder))
    return TRUE;
  /* Its name is taken from now on, and a place where nothing can be written is told at once. */
  if (!dh_folder_make (row->folder, &error))
    {
      dh_training_keeper_complain (keeper, row->folder, _ ("The training could not be queued"), &error);
      return TRUE;
    }
  return !keeper->locked
         && conclude (keeper, dh_database_put_job (keeper->database, row, FALSE, &error) != 0, row->folder,
                      _ ("The training could not be queued"), &error);
}

static gboolean
move_job (DhTrainingKeeper *keeper, DhTrainingRecord *record, gint by)
{
  g_autoptr (GError) error = NULL;
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
  if (other == NULL || !dh_training_record_is (record, DH_JOB_QUEUED))
    return TRUE;
  return !keeper->locked
         && conclude (keeper, dh_database_swap_jobs (keeper->database, record->row->id, other->row->id, &error), NULL,
                      _ ("The training could not be moved"), &error);
}

static gboolean
cancel_job (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  if (dh_training_record_is (record, DH_JOB_QUEUED) && !record->alive)
    {
      g_autoptr (GError) error = NULL;
      const DhKeeperWrite result = dh_training_schedule_set_state (keeper, record, DH_JOB_CANCELLED, NULL, &error);
      if (result == DH_WRITE_REFUSED)
        dh_training_keeper_complain (keeper, NULL, _ ("The training could not be cancelled"), &error);
      return result != DH_WRITE_LATER;
    }
  if (!record->alive && !dh_training_record_is_active (record))
    return TRUE;
  const gint64 now = g_get_monotonic_time ();
  const gboolean force = record->stopped_at != 0 && now - record->stopped_at > PATIENCE;
  if (record->stopped_at == 0)
    {
      /* One that has no lock yet is told at the look that sees it. */
      record->stopped_at = now;
      record->told_to_stop = dh_training_record_signal (record, SIGTERM);
    }
  else if (force)
    dh_training_record_signal (record, SIGKILL);
  return TRUE;
}

static gboolean
go_on (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  g_autoptr (GError) error = NULL;
  /* What the list says may be older than what became of it. */
  if (dh_training_record_is_active (record))
    {
      dh_training_schedule_look_at (keeper, record);
      if (!dh_training_schedule_settle_one (keeper, record) && keeper->locked)
        return FALSE;
    }
  const gboolean paused = dh_training_record_is (record, DH_JOB_PAUSED);
  if (!paused && (dh_training_record_is_active (record) || dh_training_record_is (record, DH_JOB_QUEUED)))
    return TRUE;
  if (keeper->locked)
    return FALSE;
  record->wants_pause = FALSE;
  return conclude (keeper, dh_database_requeue_job (keeper->database, record->row->id, paused, &error), NULL,
                   _ ("The training could not be queued again"), &error);
}

static gboolean
remove_job (DhTrainingKeeper *keeper, DhTrainingRecord *record, gboolean with_files)
{
  g_autoptr (GError) error = NULL;
  if (record->alive || dh_training_record_is_active (record))
    return TRUE;
  if (keeper->locked)
    return FALSE;
  /* Files that are gone already are no error. */
  if (with_files && !dh_training_record_remove_files (record, &error))
    {
      dh_training_keeper_complain (keeper, NULL, _ ("The training’s files could not be removed"), &error);
      return TRUE;
    }
  return conclude (keeper, dh_database_delete_job (keeper->database, record->row->id, &error), NULL,
                   _ ("The training could not be removed"), &error);
}

/* FALSE: it is to be tried again. */
static gboolean
obey (DhTrainingKeeper *keeper, DhKeeperCommand *order)
{
  if (order->row != NULL)
    return add_job (keeper, order->row);
  DhTrainingRecord *record = g_hash_table_lookup (keeper->records, order->folder);
  if (record == NULL)
    return TRUE;
  keeper->dirty = TRUE;
  switch (order->order)
    {
    case DH_KEEPER_PAUSE:
      record->wants_pause = dh_training_record_is (record, DH_JOB_RUNNING);
      record->continued_at = 0;
      return TRUE;
    case DH_KEEPER_GO_ON:
      return go_on (keeper, record);
    case DH_KEEPER_CANCEL:
      return cancel_job (keeper, record);
    case DH_KEEPER_MOVE_UP:
    case DH_KEEPER_MOVE_DOWN:
      return move_job (keeper, record, order->order == DH_KEEPER_MOVE_UP ? -1 : 1);
    case DH_KEEPER_REMOVE:
    case DH_KEEPER_REMOVE_WITH_FILES:
      return remove_job (keeper, record, order->order == DH_KEEPER_REMOVE_WITH_FILES);
    case DH_KEEPER_WATCH:
      if (record->watched == NULL)
        record->watched = dh_run_log_new (record->row->folder);
      return TRUE;
    }
  return TRUE;
}

static const char *
folder_of (const DhKeeperCommand *order)
{
  return order->row != NULL ? order->row->folder : order->folder;
}

static gboolean
is_waited_for (DhTrainingKeeper *keeper, const char *folder)
{
  for (const GList *at = keeper->waiting.head; at != NULL; at = at->next)
    if (g_str_equal (folder_of (at->data), folder))
      return TRUE;
  return FALSE;
}

void
dh_training_orders_wait (DhTrainingKeeper *keeper, DhKeeperCommand *command)
{
  g_queue_push_tail (&keeper->waiting, command);
  keeper->unkept = TRUE;
}

void
dh_training_orders_take (DhTrainingKeeper *keeper, DhKeeperCommand *command)
{
  if (is_waited_for (keeper, folder_of (command)) || !obey (keeper, command))
    dh_training_orders_wait (keeper, command);
  else
    dh_training_command_free (command);
}

void
dh_training_orders_retry (DhTrainingKeeper *keeper)
{
  for (guint n = keeper->waiting.length; n > 0 && !keeper->locked; n--)
    {
      DhKeeperCommand *command = g_queue_pop_head (&keeper->waiting);
      /* An order may be about a job that was added just before. */
      dh_training_keeper_list (keeper);
      /* At its old place, before what was asked for behind it. */
      if (!obey (keeper, command))
        g_queue_push_head (&keeper->waiting, command);
      else
        {
          dh_training_command_free (command);
          keeper->unkept = TRUE;
        }
    }
}

static void
leave_order (DhTrainingKeeper *keeper, const DhTrainingRecord *record, DhKeeperOrder which)
{
  DhKeeperCommand *order = g_new0 (DhKeeperCommand, 1);
  order->order = which;
  order->folder = g_strdup (record->row->folder);
  dh_training_orders_wait (keeper, order);
}

void
dh_training_orders_leave (DhTrainingKeeper *keeper)
{
  for (guint i = 0; i < keeper->sequence->len; i++)
    {
      const DhTrainingRecord *record = keeper->sequence->pdata[i];
      if (record->wants_pause)
        leave_order (keeper, record, DH_KEEPER_PAUSE);
      if (record->stopped_at != 0 && !record->told_to_stop)
        leave_order (keeper, record, DH_KEEPER_CANCEL);
    }
}
