#include "dh-error.h"
#include "dh-file.h"
#include "dh-worker-private.h"

/* The maps of an evaluation: from the cache or the network, with what the user looks at in between. */

/* One picture's, asked for and not fetched yet. */
typedef struct
{
  DhFrame *frame;
  char *key;                /* they are to be kept under; NULL: they were */
  DhPrediction *prediction; /* NULL: on the device, */
  GError *error;            /* or failed there */
} Made;

static void
made_free (gpointer data)
{
  Made *made = data;
  dh_frame_unref (made->frame);
  g_free (made->key);
  dh_prediction_free (made->prediction);
  g_clear_error (&made->error);
  g_free (made);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Made, made_free)

static DhPrediction *
prediction_of_frame (const DhFrame *frame, guint maps)
{
  DhPrediction *prediction = g_new0 (DhPrediction, 1);
  prediction->width = frame->width;
  prediction->height = frame->height;
  const gint64 dims[2] = { frame->height, frame->width };
  for (guint i = 0; i < DH_N_FRAME_MAPS; i++)
    if (maps & DH_MAP_BIT (i) && frame->maps[i] != NULL)
      {
        prediction->maps[i] = dh_tensor_new_take (i == DH_FRAME_SEGMENTATION ? DH_DTYPE_U8 : DH_DTYPE_F32, 2, dims,
                                                  g_bytes_ref (frame->maps[i]));
        prediction->non_finite[i] = frame->non_finite[i];
      }
  return prediction;
}

/* With its maps, where they are kept. `all`: those that are computed otherwise. */
static Made *
made_new (DhWorker *self, const DhImage *image, guint maps, guint *all)
{
  g_autofree char *hash = dh_sha256 (image->rgb, (gsize)3 * image->width * image->height);
  const guint of_frames = DH_MAP_BIT (DH_N_FRAME_MAPS) - 1;
  Made *made = g_new0 (Made, 1);
  made->frame = dh_frame_new (image->width, image->height);
  g_mutex_lock (&self->mutex);
  made->key = dh_worker_dup_key (self, hash, image->width, image->height, FALSE);
  *all = maps | dh_job_maps_for (self->wanted, self->has_outlier_head);
  g_mutex_unlock (&self->mutex);
  if ((maps & ~of_frames) != 0 || !dh_map_cache_load (self->cache, made->key, maps, made->frame))
    return made;
  made->prediction = prediction_of_frame (made->frame, maps);
  g_clear_pointer (&made->key, g_free);
  return made;
}

static void
note_fraction (guint64 done, guint64 total, const char *what, gpointer data)
{
  DhWorker *self = data;
  g_mutex_lock (&self->mutex);
  self->running_fraction = total > 0 ? (double)done / (double)total : 0;
  g_mutex_unlock (&self->mutex);
}

static void
cancel_run (GCancellable *outer, gpointer run)
{
  g_cancellable_cancel (run);
}

/* One run that a shown picture may stop; one that waits already goes first. */
static DhPrediction *
run_stoppable (DhWorker *self, const DhImage *image, guint maps, GCancellable *cancellable, GError **error)
{
  g_autoptr (GCancellable) run = g_cancellable_new ();
  const DhProgress progress = { note_fraction, self };
  g_mutex_lock (&self->mutex);
  dh_worker_serve (self, cancellable);
  self->run_cancellable = run;
  self->running_fraction = 0;
  self->n_runs++;
  if (self->quit)
    g_cancellable_cancel (run);
  g_mutex_unlock (&self->mutex);
  gulong handler = cancellable != NULL ? g_cancellable_connect (cancellable, G_CALLBACK (cancel_run), run, NULL) : 0;
  DhPrediction *prediction = dh_predictor_run (self->predictor, image, maps, run, &progress, error);
  g_cancellable_disconnect (cancellable, handler);
  g_mutex_lock (&self->mutex);
  self->run_cancellable = NULL;
  g_mutex_unlock (&self->mutex);
  return prediction;
}

/* Nobody waits for it any more. */
static gboolean
is_over (DhWorker *self, GCancellable *cancellable)
{
  g_mutex_lock (&self->mutex);
  const gboolean quit = self->quit;
  g_mutex_unlock (&self->mutex);
  return quit || g_cancellable_is_cancelled (cancellable);
}

static DhPrediction *
run (DhWorker *self, const DhImage *image, guint maps, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) reason = NULL;
  DhPrediction *prediction;
  do
    g_clear_error (&reason);
  while ((prediction = run_stoppable (self, image, maps, cancellable, &reason)) == NULL
         && g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED) && !is_over (self, cancellable));
  if (prediction == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  return prediction;
}

static gboolean
begin_run (DhWorker *self, const DhImage *image, guint maps, GError **error)
{
  g_mutex_lock (&self->mutex);
  self->n_runs++;
  g_mutex_unlock (&self->mutex);
  return dh_predictor_begin (self->predictor, image, maps, error);
}

static gboolean
begin (const DhImage *image, guint maps, gboolean ahead, GCancellable *cancellable, gpointer data, GError **error)
{
  DhWorker *self = data;
  guint all;
  if (is_over (self, cancellable))
    {
      if (!ahead)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
      return FALSE;
    }
  g_autoptr (Made) made = made_new (self, image, maps, &all);
  gboolean begun = made->prediction != NULL;
  if (!begun && dh_predictor_can_begin (self->predictor, image, all))
    {
      if (!(begun = begin_run (self, image, all, error)))
        g_queue_clear_full (&self->made, made_free);
    }
  else if (!begun && !ahead)
    begun = (made->prediction = run (self, image, all, cancellable, error)) != NULL;
  if (begun)
    g_queue_push_tail (&self->made, g_steal_pointer (&made));
  return begun;
}

/* What the device has of it; FALSE once it failed. */
static gboolean
fetch (DhWorker *self, Made *made)
{
  if (made->prediction == NULL && made->error == NULL)
    made->prediction = dh_predictor_end (self->predictor, &made->error);
  return made->prediction != NULL;
}

static DhPrediction *
end (gpointer data, GError **error)
{
  DhWorker *self = data;
  g_autoptr (Made) made = g_queue_pop_head (&self->made);
  if (!fetch (self, made))
    {
      g_propagate_error (error, g_steal_pointer (&made->error));
      g_queue_clear_full (&self->made, made_free);
      return NULL;
    }
  if (made->key != NULL)
    {
      DhJob source = { .frame = made->frame };
      g_autoptr (DhFrame) complete = dh_job_frame_with_maps (&source, made->prediction);
      dh_worker_finish_job (self, NULL, complete, made->key);
    }
  return g_steal_pointer (&made->prediction);
}

static void
between (GCancellable *cancellable, gpointer data)
{
  DhWorker *self = data;
  g_mutex_lock (&self->mutex);
  const gboolean waits = self->queue->len > 0;
  g_mutex_unlock (&self->mutex);
  if (!waits)
    return;
  for (GList *link = self->made.head; link != NULL && fetch (self, link->data); link = link->next)
    ;
  g_mutex_lock (&self->mutex);
  dh_worker_serve (self, cancellable);
  g_mutex_unlock (&self->mutex);
}

DhMapMaker
dh_worker_map_maker (DhWorker *worker)
{
  return (DhMapMaker){ begin, end, between, worker };
}
