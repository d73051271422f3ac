#include "dh-worker-private.h"

/* A run that has come this far is finished although a shown picture waits. */
#define TOO_FAR_TO_STOP 0.7

/* Maps are there: count for the tuning panel, then keep them. */
typedef struct
{
  DhJob *job; /* NULL: nobody looks at it, it is only kept */
  DhFrame *frame;
  char *key; /* NULL: came from the cache */
} Finished;

void
dh_worker_finish_job (DhWorker *self, DhJob *job, DhFrame *frame, const char *key)
{
  Finished *finished = g_new0 (Finished, 1);
  finished->job = job != NULL ? dh_job_ref (job) : NULL;
  finished->frame = dh_frame_ref (frame);
  finished->key = g_strdup (key);
  g_thread_pool_push (self->counters, finished, NULL);
}

/* Those that both the labels and the network tell apart; 0: theirs are not the same. */
static guint
classes_of (DhWorker *self, const DhJob *job)
{
  const DhClassTable *table = dh_dataset_class_table (job->dataset);
  g_mutex_lock (&self->mutex);
  const guint classes = self->model != NULL ? (guint)self->model->n_classes : 0;
  g_mutex_unlock (&self->mutex);
  return table != NULL && table->n_classes == classes ? classes : 0;
}

void
dh_worker_count_and_store (gpointer data, gpointer user_data)
{
  DhWorker *self = user_data;
  Finished *finished = data;
  DhJob *job = finished->job;
  if (job != NULL && !g_cancellable_is_cancelled (job->cancellable))
    {
      DhScoreStats *stats = dh_score_stats_new ();
      dh_score_stats_count_classes (stats, classes_of (self, job));
      if (dh_score_stats_add (stats, finished->frame))
        {
          dh_score_stats_seal (stats, 0);
          dh_worker_post_stats (job, stats);
        }
      dh_score_stats_unref (stats);
    }
  /* A cache that cannot be written costs time, not correctness. */
  g_autoptr (GError) error = NULL;
  if (finished->key != NULL && !dh_map_cache_store (self->cache, finished->key, finished->frame, &error))
    g_info ("%s", error->message);
  else if (finished->key != NULL && job != NULL)
    dh_worker_post_stored (job);
  dh_frame_unref (finished->frame);
  g_free (finished->key);
  g_clear_pointer (&job, dh_job_unref);
  g_free (finished);
}

gint
dh_job_order (gconstpointer a, gconstpointer b, gpointer data)
{
  DhJob *left = (DhJob *)a, *right = (DhJob *)b;
  gint x = g_atomic_int_get (&left->priority), y = g_atomic_int_get (&right->priority);
  if (x != y)
    return x - y;
  return (left->sequence > right->sequence) - (left->sequence < right->sequence);
}

/* With the mutex held: a shown picture waits; make way for it. */
void
dh_worker_make_way (DhWorker *self, DhJob *job)
{
  if (g_atomic_int_get (&job->priority) != DH_PRIORITY_SHOWN || self->run_cancellable == NULL || self->calibrating)
    return;
  gboolean less_urgent = self->in_background
                         || (self->running != NULL && g_atomic_int_get (&self->running->priority) != DH_PRIORITY_SHOWN);
  if (less_urgent && self->running != job && self->running_fraction < TOO_FAR_TO_STOP)
    g_cancellable_cancel (self->run_cancellable);
}

/* NULL where not all are kept under the key: what is there of them is not mixed with what others have. */
static DhFrame *
load_maps (DhWorker *self, DhJob *job, const char *key, guint maps)
{
  g_autoptr (DhFrame) frame = dh_frame_copy (job->frame);
  return dh_map_cache_load (self->cache, key, maps, frame) ? g_steal_pointer (&frame) : NULL;
}

void
dh_worker_read_job (gpointer data, gpointer user_data)
{
  DhWorker *self = user_data;
  g_autoptr (DhJob) job = data;
  if (g_cancellable_is_cancelled (job->cancellable))
    return;
  g_autoptr (GError) error = NULL;
  if (!dh_job_load (job, &error))
    {
      dh_worker_post_failure (job, error, FALSE);
      return;
    }
  const guint width = job->frame->width, height = job->frame->height;
  g_mutex_lock (&self->mutex);
  g_autofree char *key = dh_worker_dup_key (self, job->picture_hash, width, height, FALSE);
  g_autofree char *tiled = self->tiled ? dh_worker_dup_key (self, job->picture_hash, width, height, TRUE) : NULL;
  guint maps = dh_job_maps_for (job->wanted, self->has_outlier_head);
  g_mutex_unlock (&self->mutex);
  if (key == NULL)
    {
      dh_worker_post_frame (job, job->frame, TRUE);
      return;
    }
  g_autoptr (DhFrame) complete = load_maps (self, job, key, maps);
  if (complete == NULL && tiled != NULL)
    complete = load_maps (self, job, tiled, maps);
  if (complete != NULL)
    {
      complete->cached = TRUE;
      dh_worker_post_frame (job, complete, TRUE);
      dh_worker_finish_job (self, job, complete, NULL);
      return;
    }
  dh_worker_post_frame (job, job->frame, FALSE);
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->queue, dh_job_ref (job));
  dh_worker_make_way (self, job);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}
