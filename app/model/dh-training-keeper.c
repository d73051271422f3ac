#include "dh-training-keeper-private.h"
#include <glib/gi18n.h>
#include <string.h>
#include "dh-error.h"

/* How often is looked: while something runs or is watched, and else. */
#define BUSY_TICK (200 * G_TIME_SPAN_MILLISECOND)
#define IDLE_TICK (1500 * G_TIME_SPAN_MILLISECOND)

/* Milliseconds that a lock of the database is waited for: no longer than a look may last; and at the end, when nothing
 * can be tried again. */
#define PATIENCE 200
#define LAST_PATIENCE 2000
/* A lock that lasts so long is told of. */
#define LONG_LOCK (3 * G_USEC_PER_SEC)

DhTrainingKeeper *
dh_training_keeper_ref (DhTrainingKeeper *keeper)
{
  g_atomic_ref_count_inc (&keeper->refs);
  return keeper;
}

void
dh_training_keeper_unref (DhTrainingKeeper *keeper)
{
  if (!g_atomic_ref_count_dec (&keeper->refs))
    return;
  g_main_context_unref (keeper->context);
  g_async_queue_unref (keeper->orders);
  g_free (keeper->path);
  g_free (keeper->program);
  g_free (keeper);
}

void
dh_training_command_free (DhKeeperCommand *command)
{
  g_free (command->folder);
  dh_job_row_free (command->row);
  g_free (command);
}

DhKeeperWrite
dh_training_keeper_judge (DhTrainingKeeper *keeper, gboolean done, GError **error)
{
  const gint64 now = g_get_monotonic_time ();
  if (done)
    {
      keeper->locked_since = 0;
      dh_training_keeper_take_back (keeper);
      return DH_WRITTEN;
    }
  if (!g_error_matches (*error, DH_ERROR, DH_ERROR_BUSY))
    return DH_WRITE_REFUSED;
  keeper->locked = TRUE;
  if (keeper->locked_since == 0)
    keeper->locked_since = now;
  if (now - keeper->locked_since > LONG_LOCK)
    dh_training_keeper_complain_once (keeper, _ ("What becomes of trainings is written later"), error);
  g_clear_error (error);
  return DH_WRITE_LATER;
}

void
dh_training_keeper_list (DhTrainingKeeper *keeper)
{
  const gint64 version = dh_database_data_version (keeper->database);
  if (!keeper->dirty && version == keeper->version)
    return;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = dh_database_list_jobs (keeper->database, &error);
  if (rows == NULL)
    {
      /* The next look tries again. */
      if (dh_training_keeper_judge (keeper, FALSE, &error) == DH_WRITE_REFUSED)
        dh_training_keeper_complain_once (keeper, _ ("Trainings cannot be listed"), &error);
      return;
    }
  keeper->version = version;
  keeper->dirty = FALSE;
  keeper->changed = TRUE;
  g_ptr_array_set_size (keeper->sequence, 0);
  g_ptr_array_set_free_func (rows, NULL);
  for (guint i = 0; i < rows->len; i++)
    {
      DhJobRow *row = rows->pdata[i];
      DhTrainingRecord *record = g_hash_table_lookup (keeper->records, row->folder);
      if (record != NULL)
        dh_training_record_take_row (record, row);
      else
        {
          record = dh_training_record_new (row);
          g_hash_table_insert (keeper->records, g_strdup (row->folder), record);
        }
      g_ptr_array_add (keeper->sequence, record);
    }
  GHashTableIter iter;
  gpointer record;
  g_hash_table_iter_init (&iter, keeper->records);
  while (g_hash_table_iter_next (&iter, NULL, &record))
    if (!g_ptr_array_find (keeper->sequence, record, NULL))
      g_hash_table_iter_remove (&iter);
}

static void
send_events (DhTrainingKeeper *keeper, DhTrainingRecord *record)
{
  gboolean again, more = TRUE;
  while (more && !g_atomic_int_get (&keeper->stopped))
    {
      GArray *events = dh_run_log_read (record->watched, &again, &more);
      /* The first is sent even if it is empty: then it is known that there is nothing. */
      if (events->len > 0 || again || !record->told)
        dh_training_post_events (keeper, record->row->folder, events, again, more);
      else
        g_array_unref (events);
      record->told = TRUE;
    }
}

static void
send_jobs (DhTrainingKeeper *keeper)
{
  if (keeper->changed || keeper->first)
    {
      GPtrArray *snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_job_snapshot_free);
      for (guint i = 0; i < keeper->sequence->len; i++)
        g_ptr_array_add (snapshots, dh_training_record_dup_snapshot (keeper->sequence->pdata[i]));
      dh_training_post_jobs (keeper, snapshots);
    }
  for (guint i = 0; i < keeper->ended->len; i++)
    dh_training_post_end (keeper, keeper->ended->pdata[i]);
  g_ptr_array_set_size (keeper->ended, 0);
  keeper->changed = keeper->first = FALSE;
}

/* One look at everything; whether the next should come soon. What was seen is told before anything is written, which
 * another program may keep from being done; but at first, when a row may be of a past that the look corrects. */
static gboolean
tick (DhTrainingKeeper *keeper)
{
  gboolean busy = FALSE;
  keeper->locked = FALSE;
  dh_training_keeper_list (keeper);
  dh_training_schedule_look (keeper);
  for (guint i = 0; i < keeper->sequence->len; i++)
    {
      DhTrainingRecord *record = keeper->sequence->pdata[i];
      busy = busy || dh_training_record_is_active (record);
      if (record->watched != NULL)
        send_events (keeper, record);
    }
  if (!keeper->first)
    send_jobs (keeper);
  dh_training_schedule_settle (keeper);
  dh_training_orders_retry (keeper);
  dh_training_schedule_start_next (keeper);
  send_jobs (keeper);
  if (!keeper->locked)
    keeper->locked_since = 0;
  return busy || keeper->locked;
}

static void
say_nothing_there (DhTrainingKeeper *keeper)
{
  if (keeper->first)
    dh_training_post_jobs (keeper, g_ptr_array_new ());
  keeper->first = FALSE;
}

/* One that is not there is made for a job alone, that of `folder`; one that cannot be opened now may be later, and is
 * `locked` where another program is why. */
static gboolean
open_database (DhTrainingKeeper *keeper, const char *folder)
{
  const gboolean make = folder != NULL;
  g_autoptr (GError) error = NULL;
  if (keeper->database != NULL)
    return TRUE;
  if (!make && !g_file_test (keeper->path, G_FILE_TEST_EXISTS))
    {
      say_nothing_there (keeper);
      return FALSE;
    }
  keeper->database = dh_database_open_within (keeper->path, PATIENCE, &error);
  if (keeper->database == NULL && dh_training_keeper_judge (keeper, FALSE, &error) == DH_WRITE_LATER)
    return FALSE;
  if (keeper->database == NULL && (make || keeper->first))
    dh_training_keeper_complain (
        keeper, folder, make ? _ ("The training could not be queued") : _ ("Trainings cannot be listed"), &error);
  if (keeper->database == NULL)
    {
      /* What was to be added is not. */
      keeper->first = keeper->first || make;
      say_nothing_there (keeper);
    }
  return keeper->database != NULL;
}

/* Takes `order`. */
static void
take_order (DhTrainingKeeper *keeper, DhKeeperCommand *order)
{
  if (open_database (keeper, order->row != NULL ? order->row->folder : NULL))
    {
      /* An order may be about a job that was added just before. */
      dh_training_keeper_list (keeper);
      dh_training_orders_take (keeper, order);
    }
  else if (keeper->locked)
    dh_training_orders_wait (keeper, order);
  else
    dh_training_command_free (order);
}

/* Of the job that is to be added first; NULL: none. */
static const char *
added_folder (DhTrainingKeeper *keeper)
{
  for (const GList *at = keeper->waiting.head; at != NULL; at = at->next)
    if (((const DhKeeperCommand *)at->data)->row != NULL)
      return ((const DhKeeperCommand *)at->data)->row->folder;
  return NULL;
}

/* For what waits it is made where it is gone; where that cannot be, which was told, nothing waits any more. */
static gboolean
open_again (DhTrainingKeeper *keeper)
{
  const char *folder = added_folder (keeper);
  if (open_database (keeper, folder))
    return TRUE;
  if (!keeper->locked && keeper->waiting.length > 0
      && (folder != NULL || !g_file_test (keeper->path, G_FILE_TEST_EXISTS)))
    {
      g_queue_clear_full (&keeper->waiting, (GDestroyNotify)dh_training_command_free);
      keeper->unkept = TRUE;
    }
  return FALSE;
}

/* The last words, in so far as they can be said within a moment; what cannot is left to the next window. */
static void
leave (DhTrainingKeeper *keeper)
{
  keeper->locked = FALSE;
  if (keeper->database == NULL && keeper->waiting.length > 0)
    keeper->database = dh_database_open_within (keeper->path, LAST_PATIENCE, NULL);
  if (keeper->database != NULL)
    {
      dh_database_set_patience (keeper->database, LAST_PATIENCE);
      dh_training_orders_retry (keeper);
    }
  for (guint i = 0; i < keeper->sequence->len && !keeper->locked; i++)
    dh_training_schedule_save (keeper, keeper->sequence->pdata[i]);
  dh_training_orders_leave (keeper);
  dh_training_backlog_write (keeper);
  g_queue_clear_full (&keeper->waiting, (GDestroyNotify)dh_training_command_free);
}

static gpointer
keep (gpointer data)
{
  DhTrainingKeeper *keeper = data;
  gboolean busy = FALSE;
  keeper->records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)dh_training_record_free);
  keeper->sequence = g_ptr_array_new ();
  keeper->ended = g_ptr_array_new_with_free_func (g_free);
  keeper->first = keeper->dirty = TRUE;
  dh_training_backlog_read (keeper);
  for (gboolean quit = FALSE; !quit;)
    {
      keeper->locked = FALSE;
      if (open_again (keeper))
        busy = tick (keeper);
      else
        busy = keeper->locked;
      dh_training_backlog_write (keeper);
      DhKeeperCommand *order =
          g_async_queue_timeout_pop (keeper->orders, busy || keeper->waiting.length > 0 ? BUSY_TICK : IDLE_TICK);
      for (; order != NULL; order = g_async_queue_try_pop (keeper->orders))
        {
          quit = quit || order->quit;
          if (order->quit)
            dh_training_command_free (order);
          else
            take_order (keeper, order);
        }
      dh_training_backlog_write (keeper);
    }
  leave (keeper);
  g_ptr_array_unref (keeper->ended);
  g_ptr_array_unref (keeper->sequence);
  g_hash_table_unref (keeper->records);
  g_clear_pointer (&keeper->database, dh_database_close);
  return NULL;
}

/* The program beside this one, in its build folder, or where programs are. */
static char *
find_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self != NULL ? g_path_get_dirname (self) : g_strdup (".");
  g_autofree char *beside = g_build_filename (folder, "densehybrid", NULL);
  if (g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&beside);
  char *found = g_find_program_in_path ("densehybrid");
  return found != NULL ? found : g_strdup ("densehybrid");
}

DhTrainingKeeper *
dh_training_keeper_new (const char *database, const char *program, const DhTrainingKeeperCalls *calls, gpointer data)
{
  DhTrainingKeeper *keeper = g_new0 (DhTrainingKeeper, 1);
  g_atomic_ref_count_init (&keeper->refs);
  keeper->calls = *calls;
  keeper->data = data;
  keeper->context = g_main_context_ref_thread_default ();
  keeper->path = database != NULL ? g_canonicalize_filename (database, NULL) : dh_database_default_path ();
  keeper->program = program != NULL ? g_strdup (program) : find_program ();
  keeper->orders = g_async_queue_new_full ((GDestroyNotify)dh_training_command_free);
  keeper->thread = g_thread_new ("trainings", keep, keeper);
  return keeper;
}

void
dh_training_keeper_stop (DhTrainingKeeper *keeper)
{
  DhKeeperCommand *order = g_new0 (DhKeeperCommand, 1);
  order->quit = TRUE;
  g_atomic_int_set (&keeper->stopped, TRUE);
  g_async_queue_push (keeper->orders, order);
  g_thread_join (keeper->thread);
  dh_training_keeper_unref (keeper);
}

void
dh_training_keeper_order (DhTrainingKeeper *keeper, DhKeeperOrder which, const char *folder)
{
  DhKeeperCommand *order = g_new0 (DhKeeperCommand, 1);
  order->order = which;
  order->folder = g_strdup (folder);
  g_async_queue_push (keeper->orders, order);
}

void
dh_training_keeper_add (DhTrainingKeeper *keeper, DhJobRow *row)
{
  DhKeeperCommand *order = g_new0 (DhKeeperCommand, 1);
  order->row = row;
  g_async_queue_push (keeper->orders, order);
}
