#include "dh-training-queue.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-training-form-private.h"
#include "dh-training-job-private.h"
#include "dh-training-keeper.h"

struct _DhTrainingQueue
{
  GObject parent_instance;
  DhTrainingKeeper *keeper;
  GHashTable *by_folder; /* → DhTrainingJob, owned */
  GPtrArray *jobs;       /* as they are shown; borrowed */
  GHashTable *adding;    /* folders that the keeper was given and has not told of yet */
  guint counts[DH_N_JOB_STATES];
  gboolean loading;
};

static void list_model_init (GListModelInterface *interface);
G_DEFINE_FINAL_TYPE_WITH_CODE (DhTrainingQueue, dh_training_queue, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

enum
{
  COUNTS,
  ENDED,
  FAILED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static GType
get_item_type (GListModel *model)
{
  return DH_TYPE_TRAINING_JOB;
}

static guint
get_n_items (GListModel *model)
{
  return DH_TRAINING_QUEUE (model)->jobs->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  DhTrainingQueue *self = DH_TRAINING_QUEUE (model);
  return position < self->jobs->len ? g_object_ref (self->jobs->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = get_item_type;
  interface->get_n_items = get_n_items;
  interface->get_item = get_item;
}

/* Replaces what is shown, telling of no more than the part that differs. */
static void
show (DhTrainingQueue *self, GPtrArray *jobs)
{
  g_autoptr (GPtrArray) before = self->jobs;
  guint head = 0, tail = 0;
  self->jobs = jobs;
  while (head < MIN (before->len, jobs->len) && before->pdata[head] == jobs->pdata[head])
    head++;
  while (tail < MIN (before->len, jobs->len) - head
         && before->pdata[before->len - 1 - tail] == jobs->pdata[jobs->len - 1 - tail])
    tail++;
  if (head + tail < before->len || head + tail < jobs->len)
    g_list_model_items_changed (G_LIST_MODEL (self), head, before->len - head - tail, jobs->len - head - tail);
}

static guint
rank (DhTrainingJob *job)
{
  static const guint ranks[DH_N_JOB_STATES] = { [DH_JOB_RUNNING] = 0, [DH_JOB_QUEUED] = 1, [DH_JOB_PAUSED] = 2 };
  const DhJobState state = dh_training_job_get_state (job);
  return state <= DH_JOB_PAUSED ? ranks[state] : 3;
}

/* `a` and `b` come in the order of the queue, which a stable sort keeps. */
static int
compare (gconstpointer a, gconstpointer b)
{
  DhTrainingJob *x = *(DhTrainingJob *const *)a, *y = *(DhTrainingJob *const *)b;
  const guint left = rank (x), right = rank (y);
  if (left != right)
    return left < right ? -1 : 1;
  if (left < 3)
    return 0;
  const gint64 ended = dh_training_job_get_progress (x)->ended, other = dh_training_job_get_progress (y)->ended;
  if (ended != other)
    return ended > other ? -1 : 1;
  return dh_training_job_get_id (x) > dh_training_job_get_id (y) ? -1 : 1;
}

static void
count (DhTrainingQueue *self)
{
  guint counts[DH_N_JOB_STATES] = { 0 };
  for (guint i = 0; i < self->jobs->len; i++)
    counts[dh_training_job_get_state (self->jobs->pdata[i])]++;
  if (memcmp (counts, self->counts, sizeof counts) == 0)
    return;
  memcpy (self->counts, counts, sizeof counts);
  g_signal_emit (self, signals[COUNTS], 0);
}

static void
watch (DhTrainingJob *job, gpointer data)
{
  DhTrainingQueue *self = data;
  if (self->keeper != NULL)
    dh_training_keeper_order (self->keeper, DH_KEEPER_WATCH, dh_training_job_get_folder (job));
}

static DhTrainingJob *
make_job (DhTrainingQueue *self, const char *folder)
{
  DhTrainingJob *job = dh_training_job_new (folder);
  dh_training_job_set_watch (job, watch, self);
  g_hash_table_insert (self->by_folder, g_strdup (folder), job);
  return job;
}

static gboolean
is_queued (const DhJobSnapshot *snapshot)
{
  return g_strcmp0 (snapshot->row->state, dh_job_state_id (DH_JOB_QUEUED)) == 0;
}

/* Jobs that the keeper cannot know yet stay, in their order. */
static void
keep_added (DhTrainingQueue *self, GPtrArray *shown)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < shown->len; i++)
    g_hash_table_add (known, (gpointer)dh_training_job_get_folder (shown->pdata[i]));
  for (guint i = 0; i < self->jobs->len; i++)
    {
      const char *folder = dh_training_job_get_folder (self->jobs->pdata[i]);
      if (g_hash_table_contains (known, folder))
        g_hash_table_remove (self->adding, folder);
      else if (g_hash_table_contains (self->adding, folder))
        g_ptr_array_add (shown, self->jobs->pdata[i]);
    }
}

static void
remove_gone (DhTrainingQueue *self)
{
  GHashTableIter iter;
  gpointer job;
  g_hash_table_iter_init (&iter, self->by_folder);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    if (!g_ptr_array_find (self->jobs, job, NULL))
      {
        dh_training_job_set_watch (job, NULL, NULL);
        g_hash_table_iter_remove (&iter);
      }
}

static void
take_jobs (GPtrArray *snapshots, gpointer data)
{
  DhTrainingQueue *self = data;
  GPtrArray *shown = g_ptr_array_new ();
  guint queued = 0, running = 0, at = 0;
  for (guint i = 0; i < snapshots->len; i++)
    {
      const DhJobSnapshot *snapshot = snapshots->pdata[i];
      queued += is_queued (snapshot);
      running += g_strcmp0 (snapshot->row->state, dh_job_state_id (DH_JOB_RUNNING)) == 0;
    }
  g_ptr_array_set_free_func (snapshots, NULL);
  for (guint i = 0; i < snapshots->len; i++)
    {
      DhJobSnapshot *snapshot = snapshots->pdata[i];
      const gboolean waits = is_queued (snapshot);
      DhTrainingJob *job = g_hash_table_lookup (self->by_folder, snapshot->row->folder);
      if (job == NULL)
        job = make_job (self, snapshot->row->folder);
      const guint movable = waits ? (at > 0 ? 1 : 0) | (at + 1 < queued ? 2 : 0) : 0;
      dh_training_job_take_snapshot (job, snapshot, waits ? running + at : 0, movable);
      at += waits;
      g_ptr_array_add (shown, job);
    }
  keep_added (self, shown);
  g_ptr_array_sort (shown, compare);
  show (self, shown);
  remove_gone (self);
  self->loading = FALSE;
  count (self);
}

static void
take_events (const char *folder, GArray *events, gboolean again, gboolean more, gpointer data)
{
  DhTrainingQueue *self = data;
  DhTrainingJob *job = g_hash_table_lookup (self->by_folder, folder);
  DhTrainingLog *log = job != NULL ? dh_training_job_peek_log (job) : NULL;
  if (log != NULL)
    dh_training_log_take_events (log, events, again, more);
  else
    g_array_unref (events);
}

static void
take_end (const char *folder, gpointer data)
{
  DhTrainingQueue *self = data;
  DhTrainingJob *job = g_hash_table_lookup (self->by_folder, folder);
  if (job != NULL)
    g_signal_emit (self, signals[ENDED], 0, job);
}

/* What could not be added is no job. */
static void
take_error (const char *folder, const char *title, const char *text, gpointer data)
{
  DhTrainingQueue *self = data;
  if (folder != NULL)
    g_hash_table_remove (self->adding, folder);
  g_signal_emit (self, signals[FAILED], 0, title, text);
}

static void
dh_training_queue_dispose (GObject *object)
{
  dh_training_queue_close (DH_TRAINING_QUEUE (object));
  G_OBJECT_CLASS (dh_training_queue_parent_class)->dispose (object);
}

static void
dh_training_queue_finalize (GObject *object)
{
  DhTrainingQueue *self = DH_TRAINING_QUEUE (object);
  g_ptr_array_unref (self->jobs);
  g_hash_table_unref (self->by_folder);
  g_hash_table_unref (self->adding);
  G_OBJECT_CLASS (dh_training_queue_parent_class)->finalize (object);
}

static void
dh_training_queue_class_init (DhTrainingQueueClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GType type = G_TYPE_FROM_CLASS (class);
  object_class->dispose = dh_training_queue_dispose;
  object_class->finalize = dh_training_queue_finalize;
  signals[COUNTS] = g_signal_new ("counts", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ENDED] =
      g_signal_new ("ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, DH_TYPE_TRAINING_JOB);
  signals[FAILED] = g_signal_new ("error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
                                  G_TYPE_STRING);
}

static void
dh_training_queue_init (DhTrainingQueue *self)
{
  self->by_folder = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->adding = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->jobs = g_ptr_array_new ();
  self->loading = TRUE;
}

DhTrainingQueue *
dh_training_queue_new (const char *database, const char *program)
{
  static const DhTrainingKeeperCalls calls = { take_jobs, take_events, take_end, take_error };
  DhTrainingQueue *self = g_object_new (DH_TYPE_TRAINING_QUEUE, NULL);
  self->keeper = dh_training_keeper_new (database, program, &calls, self);
  return self;
}

void
dh_training_queue_close (DhTrainingQueue *self)
{
  g_clear_pointer (&self->keeper, dh_training_keeper_stop);
}

gboolean
dh_training_queue_is_loading (DhTrainingQueue *self)
{
  return self->loading;
}

guint
dh_training_queue_count (DhTrainingQueue *self, DhJobState state)
{
  g_return_val_if_fail (state < DH_N_JOB_STATES, 0);
  return self->counts[state];
}

DhTrainingJob *
dh_training_queue_find (DhTrainingQueue *self, gint64 id)
{
  for (guint i = 0; i < self->jobs->len; i++)
    if (dh_training_job_get_id (self->jobs->pdata[i]) == id)
      return self->jobs->pdata[i];
  return NULL;
}

static DhTrainingJob *
add (DhTrainingQueue *self, DhTrainingForm *form, const DhTrainingCheck *check)
{
  g_autofree char *folder = dh_training_choose_folder (self->by_folder, form);
  g_autofree char *title = dh_training_choose_title (G_LIST_MODEL (self), form);
  g_autoptr (DhJobRow) row = dh_training_form_make_row (form, folder, title, check);
  DhJobSnapshot *snapshot = g_new0 (DhJobSnapshot, 1);
  snapshot->row = dh_job_row_copy (row);
  snapshot->checkpoints = g_ptr_array_new ();
  snapshot->label = dh_training_form_dup_label (form);
  snapshot->data = dh_training_form_dup_data_title (form);
  snapshot->progress = (DhJobProgress){ .steps_per_second = NAN, .seconds_left = row->estimate };
  DhTrainingJob *job = make_job (self, folder);
  dh_training_job_take_snapshot (job, snapshot, self->counts[DH_JOB_RUNNING] + self->counts[DH_JOB_QUEUED], 0);
  g_hash_table_add (self->adding, g_strdup (folder));
  dh_training_keeper_add (self->keeper, dh_job_row_copy (row));
  GPtrArray *shown = g_ptr_array_copy (self->jobs, NULL, NULL);
  g_ptr_array_add (shown, job);
  g_ptr_array_sort (shown, compare);
  show (self, shown);
  count (self);
  return job;
}

DhTrainingJob *
dh_training_queue_add (DhTrainingQueue *self, DhTrainingForm *form, const DhTrainingCheck *check, GError **error)
{
  g_return_val_if_fail (self->keeper != NULL, NULL);
  DhTrainingJob *first = NULL;
  g_autoptr (DhTrainingForm) all = dh_training_form_dup_absolute (form, error);
  for (guint i = 0; all != NULL && i < dh_training_form_count_trainings (all); i++)
    {
      g_autoptr (DhTrainingForm) own = dh_training_form_dup_training (all, i);
      DhTrainingJob *job = add (self, own, check);
      first = first != NULL ? first : job;
    }
  return first;
}

static void
order (DhTrainingQueue *self, DhTrainingJob *job, DhKeeperOrder which, DhJobActions needed)
{
  if (self->keeper != NULL && (dh_training_job_get_actions (job) & needed) != 0)
    dh_training_keeper_order (self->keeper, which, dh_training_job_get_folder (job));
}

void
dh_training_queue_pause (DhTrainingQueue *self, DhTrainingJob *job)
{
  order (self, job, DH_KEEPER_PAUSE, DH_JOB_CAN_PAUSE);
}

void
dh_training_queue_go_on (DhTrainingQueue *self, DhTrainingJob *job)
{
  order (self, job, DH_KEEPER_GO_ON, DH_JOB_CAN_GO_ON);
}

void
dh_training_queue_cancel (DhTrainingQueue *self, DhTrainingJob *job)
{
  order (self, job, DH_KEEPER_CANCEL, DH_JOB_CAN_CANCEL);
}

void
dh_training_queue_move (DhTrainingQueue *self, DhTrainingJob *job, gint by)
{
  order (self, job, by < 0 ? DH_KEEPER_MOVE_UP : DH_KEEPER_MOVE_DOWN,
         by < 0 ? DH_JOB_CAN_MOVE_UP : DH_JOB_CAN_MOVE_DOWN);
}

void
dh_training_queue_remove (DhTrainingQueue *self, DhTrainingJob *job, gboolean with_files)
{
  order (self, job, with_files ? DH_KEEPER_REMOVE_WITH_FILES : DH_KEEPER_REMOVE, DH_JOB_CAN_REMOVE);
}
