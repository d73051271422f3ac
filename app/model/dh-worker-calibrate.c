#include <glib/gi18n.h>
#include "dh-calibrate.h"
#include "dh-worker-private.h"

/* int8: the calibration, on the inference thread, when the first picture needs it. */

/* On its way to the window. */
typedef struct
{
  GWeakRef worker;
  guint picture, of;
  char *note;
} News;

static void
news_free (gpointer data)
{
  News *news = data;
  g_weak_ref_clear (&news->worker);
  g_free (news->note);
  g_free (news);
}

static void
send (DhWorker *self, GSourceFunc deliver, guint picture, guint of, const char *note)
{
  News *news = g_new0 (News, 1);
  g_weak_ref_init (&news->worker, self);
  news->picture = picture;
  news->of = of;
  news->note = g_strdup (note);
  dh_worker_to_window (deliver, news, news_free, G_PRIORITY_DEFAULT);
}

static gboolean
tell_progress (gpointer data)
{
  News *news = data;
  g_autoptr (DhWorker) self = g_weak_ref_get (&news->worker);
  if (self != NULL && !self->stopped)
    g_signal_emit_by_name (self, "calibrating", news->picture, news->of);
  return G_SOURCE_REMOVE;
}

static gboolean
tell (gpointer data)
{
  News *news = data;
  g_autoptr (DhWorker) self = g_weak_ref_get (&news->worker);
  if (self == NULL || self->stopped)
    return G_SOURCE_REMOVE;
  g_mutex_lock (&self->mutex);
  g_clear_pointer (&self->compute_info, dh_compute_info_unref);
  self->compute_info = dh_compute_info_ref (self->compute);
  g_mutex_unlock (&self->mutex);
  g_signal_emit_by_name (self, "calibrated", news->note);
  return G_SOURCE_REMOVE;
}

/* What computes has another name now: maps made by it are kept apart. */
static void
rename_compute (DhWorker *self)
{
  DhComputeInfo *compute = dh_compute_info_new ();
  g_mutex_lock (&self->mutex);
  compute->name = g_strdup (self->compute->name);
  compute->title = g_strdup (self->compute->title);
  compute->precision = g_strdup (dh_predictor_precision_name (self->predictor));
  compute->precisions = self->compute->precisions;
  compute->threads = self->compute->threads;
  compute->cuda_why_not = g_strdup (self->compute->cuda_why_not);
  dh_compute_info_unref (self->compute);
  self->compute = compute;
  g_mutex_unlock (&self->mutex);
}

typedef struct
{
  DhWorker *worker;
  gint64 started;
} Report;

/* No picture can go first: all need what is being made. What is shown, or waits to be, says so. */
static void
report (guint64 done, guint64 total, const char *what, gpointer data)
{
  const Report *report = data;
  DhWorker *self = report->worker;
  if (done >= total)
    return;
  const double fraction = (double)done / total;
  const double seconds = (double)(g_get_monotonic_time () - report->started) / G_USEC_PER_SEC;
  g_autofree char *text = g_strdup_printf (_ ("Calibrating: image %u of %u"), (guint)done + 1, (guint)total);
  send (self, tell_progress, (guint)done + 1, (guint)total, NULL);
  g_mutex_lock (&self->mutex);
  if (self->running != NULL)
    dh_worker_post_progress (self->running, fraction, seconds, text);
  for (guint i = 0; i < self->queue->len; i++)
    {
      DhJob *job = self->queue->pdata[i];
      if (g_atomic_int_get (&job->priority) == DH_PRIORITY_SHOWN)
        dh_worker_post_progress (job, fraction, seconds, text);
    }
  g_mutex_unlock (&self->mutex);
}

gboolean
dh_worker_calibrate (DhWorker *self, DhDataset *dataset, GCancellable *cancellable, GError **error)
{
  if (self->predictor == NULL || dh_predictor_precision (self->predictor) != DH_PRECISION_INT8
      || dh_predictor_quantization (self->predictor) != NULL)
    return TRUE;
  const DhPictures pictures = dh_calibrate_pictures (dataset);
  Report data = { self, g_get_monotonic_time () };
  const DhProgress progress = { report, &data };
  g_autofree char *note = NULL;
  g_mutex_lock (&self->mutex);
  self->calibrating = TRUE;
  g_mutex_unlock (&self->mutex);
  const gboolean ready = dh_calibrate_prepare (self->predictor, &pictures, FALSE, cancellable, &progress, &note, error);
  g_mutex_lock (&self->mutex);
  self->calibrating = FALSE;
  g_mutex_unlock (&self->mutex);
  send (self, tell_progress, 0, 0, NULL);
  if (!ready)
    return FALSE;
  rename_compute (self);
  send (self, tell, 0, 0, note);
  return TRUE;
}
