#include "dh-worker.h"
#include <glib/gi18n.h>
#include "dh-worker-private.h"

G_DEFINE_FINAL_TYPE (DhWorker, dh_worker, G_TYPE_OBJECT)

static void
dh_worker_finalize (GObject *object)
{
  DhWorker *self = DH_WORKER (object);
  dh_worker_stop (self);
  g_hash_table_unref (self->jobs);
  g_ptr_array_unref (self->queue);
  g_clear_pointer (&self->dataset, dh_dataset_unref);
  g_clear_pointer (&self->model_info, dh_model_info_unref);
  g_clear_pointer (&self->compute_info, dh_compute_info_unref);
  g_clear_pointer (&self->cache, dh_map_cache_unref);
  g_free (self->device);
  g_clear_pointer (&self->model, dh_model_info_unref);
  g_clear_pointer (&self->compute, dh_compute_info_unref);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (dh_worker_parent_class)->finalize (object);
}

static void
dh_worker_class_init (DhWorkerClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_worker_finalize;
  GType type = G_TYPE_FROM_CLASS (class);
  g_signal_new ("frame", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3, DH_TYPE_IMAGE_ITEM,
                DH_TYPE_FRAME, G_TYPE_BOOLEAN);
  g_signal_new ("stats", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, DH_TYPE_IMAGE_ITEM,
                G_TYPE_POINTER);
  g_signal_new ("progress", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4, DH_TYPE_IMAGE_ITEM,
                G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_STRING);
  g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3, DH_TYPE_IMAGE_ITEM,
                G_TYPE_STRING, G_TYPE_BOOLEAN);
  g_signal_new ("calibrating", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
  g_signal_new ("calibrated", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  g_signal_new ("stored", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, DH_TYPE_IMAGE_ITEM);
}

static void
dh_worker_init (DhWorker *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  g_queue_init (&self->commands);
  g_queue_init (&self->made);
  self->queue = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_job_unref);
  self->jobs = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)dh_job_unref);
  self->device = g_strdup ("auto");
}

DhWorker *
dh_worker_new (DhMapCache *cache)
{
  DhWorker *self = g_object_new (DH_TYPE_WORKER, NULL);
  self->cache = dh_map_cache_ref (cache);
  self->readers = g_thread_pool_new (dh_worker_read_job, self, 2, FALSE, NULL);
  g_thread_pool_set_sort_function (self->readers, dh_job_order, NULL);
  self->counters = g_thread_pool_new (dh_worker_count_and_store, self, 1, FALSE, NULL);
  self->thread = g_thread_new ("inference", dh_worker_inference_thread, self);
  return self;
}

static void
drop_jobs (DhWorker *self)
{
  GHashTableIter iter;
  gpointer job;
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    g_cancellable_cancel (((DhJob *)job)->cancellable);
  g_hash_table_remove_all (self->jobs);
  g_mutex_lock (&self->mutex);
  if (self->running != NULL && self->run_cancellable != NULL)
    g_cancellable_cancel (self->run_cancellable);
  g_ptr_array_set_size (self->queue, 0);
  g_mutex_unlock (&self->mutex);
}

void
dh_worker_stop (DhWorker *self)
{
  if (self->stopped)
    return;
  self->stopped = TRUE;
  drop_jobs (self);
  g_mutex_lock (&self->mutex);
  self->quit = TRUE;
  if (self->run_cancellable != NULL)
    g_cancellable_cancel (self->run_cancellable);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);
  g_thread_pool_free (self->readers, FALSE, TRUE);
  g_thread_pool_free (self->counters, FALSE, TRUE);
  DhWorkerCommand *command;
  while ((command = g_queue_pop_head (&self->commands)) != NULL)
    {
      g_task_return_new_error (command->task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s", _ ("The program ends"));
      dh_worker_command_free (command);
    }
  if (self->background != NULL)
    self->background_done (self->background_data);
  self->background = NULL;
}

void
dh_worker_load_model_async (DhWorker *self, const char *path, GBytes *bytes, const char *name,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (path != NULL || (bytes != NULL && name != NULL));
  DhWorkerCommand *command = g_new0 (DhWorkerCommand, 1);
  command->task = g_task_new (self, cancellable, callback, data);
  command->path = g_strdup (path);
  command->name = g_strdup (name);
  command->bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  drop_jobs (self);
  g_mutex_lock (&self->mutex);
  command->device = g_strdup (self->device);
  command->precision = self->precision;
  g_queue_push_tail (&self->commands, command);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

DhModelInfo *
dh_worker_load_model_finish (DhWorker *self, GAsyncResult *result, GError **error)
{
  DhWorkerLoaded *loaded = g_task_propagate_pointer (G_TASK (result), error);
  if (loaded == NULL)
    return NULL;
  drop_jobs (self);
  g_clear_pointer (&self->model_info, dh_model_info_unref);
  g_clear_pointer (&self->compute_info, dh_compute_info_unref);
  self->model_info = g_steal_pointer (&loaded->model);
  self->compute_info = g_steal_pointer (&loaded->compute);
  dh_worker_loaded_free (loaded);
  return dh_model_info_ref (self->model_info);
}

void
dh_worker_set_device (DhWorker *self, const char *device, DhPrecision precision)
{
  g_mutex_lock (&self->mutex);
  g_free (self->device);
  self->device = g_strdup (device);
  self->precision = precision;
  g_mutex_unlock (&self->mutex);
}

DhModelInfo *
dh_worker_get_model_info (DhWorker *self)
{
  return self->model_info;
}

DhComputeInfo *
dh_worker_get_compute_info (DhWorker *self)
{
  return self->compute_info;
}

void
dh_worker_set_dataset (DhWorker *self, DhDataset *dataset)
{
  drop_jobs (self);
  if (dataset != NULL)
    dh_dataset_ref (dataset);
  g_clear_pointer (&self->dataset, dh_dataset_unref);
  self->dataset = dataset;
}

void
dh_worker_set_wanted (DhWorker *self, guint maps)
{
  g_mutex_lock (&self->mutex);
  self->wanted = maps;
  g_mutex_unlock (&self->mutex);
}

void
dh_worker_set_tiled (DhWorker *self, gboolean tiled)
{
  g_mutex_lock (&self->mutex);
  self->tiled = tiled;
  g_mutex_unlock (&self->mutex);
}

void
dh_worker_request (DhWorker *self, DhImageItem *item, DhPriority priority)
{
  if (self->stopped || self->dataset == NULL)
    return;
  DhJob *job = g_hash_table_lookup (self->jobs, item);
  if (job != NULL)
    {
      if (g_atomic_int_get (&job->priority) > (gint)priority)
        {
          g_atomic_int_set (&job->priority, priority);
          g_mutex_lock (&self->mutex);
          if (g_ptr_array_find (self->queue, job, NULL))
            dh_worker_make_way (self, job);
          g_mutex_unlock (&self->mutex);
        }
      return;
    }
  job = g_new0 (DhJob, 1);
  g_atomic_ref_count_init (&job->refs);
  g_weak_ref_init (&job->worker, self);
  job->item = g_object_ref (item);
  job->dataset = dh_dataset_ref (self->dataset);
  job->index = dh_image_item_get_index (item);
  job->wanted = self->wanted;
  job->priority = priority;
  job->sequence = ++self->sequence;
  job->cancellable = g_cancellable_new ();
  g_hash_table_insert (self->jobs, item, job);
  g_thread_pool_push (self->readers, dh_job_ref (job), NULL);
}

void
dh_worker_keep_only (DhWorker *self, DhImageItem *const *keep)
{
  GHashTableIter iter;
  gpointer item, value;
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, &item, &value))
    {
      gboolean kept = FALSE;
      for (guint i = 0; keep[i] != NULL; i++)
        kept = kept || keep[i] == item;
      if (kept)
        continue;
      DhJob *job = value;
      g_cancellable_cancel (job->cancellable);
      g_mutex_lock (&self->mutex);
      if (self->running == job && self->run_cancellable != NULL && !self->calibrating)
        g_cancellable_cancel (self->run_cancellable);
      g_ptr_array_remove (self->queue, job);
      g_mutex_unlock (&self->mutex);
      g_hash_table_iter_remove (&iter);
    }
}

guint64
dh_worker_get_n_runs (DhWorker *self)
{
  g_mutex_lock (&self->mutex);
  guint64 n = self->n_runs;
  g_mutex_unlock (&self->mutex);
  return n;
}

gboolean
dh_worker_withdraw_background (DhWorker *self, gconstpointer data)
{
  g_mutex_lock (&self->mutex);
  const gboolean waits = self->background != NULL && !self->background_begun && self->background_data == data;
  if (waits)
    dh_worker_end_background (self);
  g_mutex_unlock (&self->mutex);
  return waits;
}

gboolean
dh_worker_run_background (DhWorker *self, DhBackgroundWork work, gpointer data, GDestroyNotify done)
{
  gboolean free_to_run = FALSE;
  g_mutex_lock (&self->mutex);
  if (self->background == NULL && !self->quit)
    {
      free_to_run = TRUE;
      self->background = work;
      self->background_data = data;
      self->background_done = done;
      g_cond_signal (&self->cond);
    }
  g_mutex_unlock (&self->mutex);
  return free_to_run;
}
