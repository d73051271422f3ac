#include <glib/gi18n.h>
#include "dh-debug.h"
#include "dh-error.h"
#include "dh-tiles.h"
#include "dh-worker-private.h"

typedef struct
{
  DhWorker *worker;
  DhJob *job;
  gint64 started, reported; /* 0: the network does not run yet, its plan is made */
} RunReport;

static void
report_run (guint64 done, guint64 total, const char *what, gpointer data)
{
  RunReport *report = data;
  double fraction = total > 0 ? (double)done / (double)total : 0;
  g_mutex_lock (&report->worker->mutex);
  report->worker->running_fraction = fraction;
  g_mutex_unlock (&report->worker->mutex);
  gint64 now = g_get_monotonic_time ();
  if (report->started == 0)
    report->started = report->reported = now;
  if (now - report->reported < 50 * 1000)
    return;
  report->reported = now;
  double seconds = (double)(now - report->started) / G_USEC_PER_SEC;
  dh_worker_post_progress (report->job, fraction, seconds, what);
}

char *
dh_worker_dup_key (DhWorker *self, const char *picture, guint width, guint height, gboolean tiled)
{
  if (self->model == NULL)
    return NULL;
  g_autofree char *precision = g_strconcat (self->compute->precision, tiled ? "-tiles" : NULL, NULL);
  return dh_map_cache_key (self->model->sha256, self->compute->name, precision, picture, width, height);
}

static char *
dup_key (DhWorker *self, DhJob *job, gboolean tiled)
{
  return dh_worker_dup_key (self, job->picture_hash, job->frame->width, job->frame->height, tiled);
}

/* One begins: the maps that it must have, and what they are kept under. */
static guint
start_run (DhWorker *self, DhJob *job, char **key)
{
  g_mutex_lock (&self->mutex);
  const guint64 number = ++self->n_runs;
  const guint maps = dh_job_maps_for (job->wanted, self->has_outlier_head);
  *key = dup_key (self, job, FALSE);
  g_mutex_unlock (&self->mutex);
  if (dh_debug (DH_DEBUG_STUDIO))
    g_printerr ("studio: run %" G_GUINT64_FORMAT " %s\n", number, dh_image_item_get_stem (job->item));
  return maps;
}

/* What was stopped waits again. */
static void
wait_again (DhWorker *self, DhJob *job)
{
  g_mutex_lock (&self->mutex);
  if (!g_cancellable_is_cancelled (job->cancellable))
    g_ptr_array_add (self->queue, dh_job_ref (job));
  g_mutex_unlock (&self->mutex);
}

static gboolean
is_of_memory (const GError *error)
{
  return g_error_matches (error, DH_ERROR, DH_ERROR_TOO_LARGE) || g_error_matches (error, DH_ERROR, DH_ERROR_NO_MEMORY);
}

static void
end_run (DhWorker *self, DhJob *job, const char *key, guint tile, const DhPrediction *prediction, const GError *error)
{
  if (prediction != NULL)
    {
      g_autoptr (DhFrame) frame = dh_job_frame_with_maps (job, prediction);
      frame->tile = tile;
      dh_worker_post_frame (job, frame, TRUE);
      dh_worker_finish_job (self, job, frame, key);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    wait_again (self, job);
  else
    dh_worker_post_failure (job, error, is_of_memory (error));
}

/* In the largest tiles that fit, where pictures may be cut; `key` becomes that of tiles. The error of the whole picture
 * stays where none fit. */
static DhPrediction *
run_in_tiles (DhWorker *self, DhJob *job, guint maps, GCancellable *cancellable, const DhProgress *progress, char **key,
              guint *tile, GError **error)
{
  static const guint sides[] = { 2048, 1536, 1024, 768, 512, 384, DH_TILES_LEAST };
  g_mutex_lock (&self->mutex);
  g_autofree char *tiled = self->tiled ? dup_key (self, job, TRUE) : NULL;
  g_mutex_unlock (&self->mutex);
  const guint longest = MAX (job->frame->width, job->frame->height);
  for (guint i = 0; tiled != NULL && i < G_N_ELEMENTS (sides); i++)
    {
      g_autoptr (GError) why = NULL;
      if (sides[i] >= longest)
        continue;
      dh_worker_post_progress (job, 0, 0, _ ("preparing tiles")); /* a while goes by before the first layer */
      DhPrediction *prediction =
          dh_predictor_run_tiles (self->predictor, job->image, sides[i], maps, cancellable, progress, &why);
      if (prediction == NULL && is_of_memory (why))
        continue;
      g_clear_error (error);
      if (prediction == NULL)
        g_propagate_error (error, g_steal_pointer (&why));
      g_free (*key);
      *key = g_steal_pointer (&tiled);
      *tile = sides[i];
      return prediction;
    }
  return NULL;
}

/* On the inference thread. */
static void
run_job (DhWorker *self, DhJob *job, GCancellable *run_cancellable)
{
  RunReport report = { self, job, 0, 0 };
  DhProgress progress = { report_run, &report };
  g_autoptr (GError) error = NULL;
  gboolean ready = dh_worker_calibrate (self, job->dataset, run_cancellable, &error);
  g_autofree char *key = NULL;
  const guint maps = start_run (self, job, &key);
  g_autoptr (DhPrediction) prediction = NULL;
  if (ready && self->predictor != NULL)
    prediction = dh_predictor_run (self->predictor, job->image, maps, run_cancellable, &progress, &error);
  else if (ready)
    g_set_error (&error, DH_ERROR, DH_ERROR_FAILED, "%s", _ ("No weights are loaded"));
  guint tile = 0;
  if (is_of_memory (error))
    prediction = run_in_tiles (self, job, maps, run_cancellable, &progress, &key, &tile, &error);
  end_run (self, job, key, tile, prediction, error);
}

/* With the mutex held; the most urgent job, or NULL. */
static DhJob *
take_job (DhWorker *self)
{
  gint best = -1;
  for (guint i = 0; i < self->queue->len;)
    {
      DhJob *job = self->queue->pdata[i];
      if (g_cancellable_is_cancelled (job->cancellable))
        {
          g_ptr_array_remove_index (self->queue, i);
          best = -1;
          i = 0;
          continue;
        }
      if (best < 0 || dh_job_order (job, self->queue->pdata[best], NULL) < 0)
        best = (gint)i;
      i++;
    }
  return best >= 0 ? g_ptr_array_steal_index (self->queue, best) : NULL;
}

/* One of the runs under way together. */
typedef struct
{
  DhJob *job; /* owned reference */
  char *key;
} Run;

static void
run_free (Run *run)
{
  dh_job_unref (run->job);
  g_free (run->key);
  g_free (run);
}

/* After an error nothing is under way: what was begun behind the one that failed is tried again. */
static void
begin_again (DhWorker *self, GQueue *runs)
{
  Run *run;
  while ((run = g_queue_pop_head (runs)) != NULL)
    {
      wait_again (self, run->job);
      run_free (run);
    }
}

static gboolean
can_begin (DhWorker *self, DhJob *job)
{
  g_mutex_lock (&self->mutex);
  const guint maps = dh_job_maps_for (job->wanted, self->has_outlier_head);
  g_mutex_unlock (&self->mutex);
  return self->predictor != NULL && dh_predictor_can_begin (self->predictor, job->image, maps);
}

static void
begin_run (DhWorker *self, GQueue *runs, DhJob *job)
{
  g_autoptr (GError) error = NULL;
  Run *run = g_new0 (Run, 1);
  run->job = dh_job_ref (job);
  const guint maps = start_run (self, job, &run->key);
  if (dh_predictor_begin (self->predictor, job->image, maps, &error))
    {
      g_queue_push_tail (runs, run);
      return;
    }
  end_run (self, job, run->key, 0, NULL, error);
  run_free (run);
  begin_again (self, runs);
}

static void
end_oldest (DhWorker *self, GQueue *runs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPrediction) prediction = dh_predictor_end (self->predictor, &error);
  Run *run = g_queue_pop_head (runs);
  end_run (self, run->job, run->key, 0, prediction, error);
  run_free (run);
  if (prediction == NULL)
    begin_again (self, runs);
}

/* On a device that overlaps its runs: while one picture is computed the next in turn goes there and the one before
 * comes back. They cannot be stopped, and need not be: each takes moments. */
static void
run_together (DhWorker *self, DhJob *first)
{
  GQueue runs = G_QUEUE_INIT;
  begin_run (self, &runs, first);
  while (runs.length > 0)
    {
      g_mutex_lock (&self->mutex);
      const gboolean more = !self->quit && g_queue_is_empty (&self->commands);
      g_autoptr (DhJob) next = more ? take_job (self) : NULL;
      g_mutex_unlock (&self->mutex);
      if (next != NULL && can_begin (self, next))
        {
          begin_run (self, &runs, next);
          continue;
        }
      if (next != NULL)
        wait_again (self, next);
      end_oldest (self, &runs);
    }
}

typedef struct
{
  GDestroyNotify done;
  gpointer data;
} BackgroundEnd;

static gboolean
tell_end (gpointer data)
{
  BackgroundEnd *end = data;
  end->done (end->data);
  return G_SOURCE_REMOVE;
}

/* With the mutex held. */
void
dh_worker_end_background (DhWorker *self)
{
  BackgroundEnd *end = g_new (BackgroundEnd, 1);
  *end = (BackgroundEnd){ self->background_done, self->background_data };
  self->background = NULL;
  self->background_begun = FALSE;
  dh_worker_to_window (tell_end, end, g_free, G_PRIORITY_DEFAULT);
}

/* On the inference thread, with the mutex held; runs with it released. */
static void
serve (DhWorker *self, DhJob *job)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gboolean was_background = self->in_background;
  self->run_cancellable = cancellable;
  self->running = job;
  self->running_fraction = 0;
  self->in_background = FALSE;
  g_mutex_unlock (&self->mutex);
  if (can_begin (self, job))
    run_together (self, job);
  else
    run_job (self, job, cancellable);
  g_mutex_lock (&self->mutex);
  self->run_cancellable = NULL;
  self->running = NULL;
  self->in_background = was_background;
  g_mutex_unlock (&self->mutex);
  dh_job_unref (job);
  g_mutex_lock (&self->mutex);
}

void
dh_worker_serve (DhWorker *self, GCancellable *cancellable)
{
  DhJob *job;
  while (!self->quit && !g_cancellable_is_cancelled (cancellable) && (job = take_job (self)) != NULL)
    serve (self, job);
}

gpointer
dh_worker_inference_thread (gpointer data)
{
  DhWorker *self = data;
  g_mutex_lock (&self->mutex);
  while (!self->quit)
    {
      DhWorkerCommand *command = g_queue_pop_head (&self->commands);
      DhJob *job = command == NULL ? take_job (self) : NULL;
      if (command != NULL)
        {
          g_mutex_unlock (&self->mutex);
          dh_worker_run_command (self, command);
          dh_worker_command_free (command);
          g_mutex_lock (&self->mutex);
        }
      else if (job != NULL)
        serve (self, job);
      else if (self->background != NULL)
        {
          self->background_begun = self->in_background = TRUE;
          g_mutex_unlock (&self->mutex);
          self->background (self, self->predictor, self->background_data);
          g_mutex_lock (&self->mutex);
          self->in_background = FALSE;
          dh_worker_end_background (self);
        }
      else
        g_cond_wait (&self->cond, &self->mutex);
    }
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&self->predictor, dh_predictor_free);
  return NULL;
}
