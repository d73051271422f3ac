#include "dh-calibrate.h"
#include "dh-worker-private.h"

/* int8: the calibration, on the inference thread, when the first picture needs it. */

typedef struct
{
  GWeakRef worker;
  char *note;
} Calibrated;

static void
calibrated_free (gpointer data)
{
  Calibrated *calibrated = data;
  g_weak_ref_clear (&calibrated->worker);
  g_free (calibrated->note);
  g_free (calibrated);
}

static gboolean
tell (gpointer data)
{
  Calibrated *calibrated = data;
  g_autoptr (DhWorker) self = g_weak_ref_get (&calibrated->worker);
  if (self == NULL || self->stopped)
    return G_SOURCE_REMOVE;
  g_mutex_lock (&self->mutex);
  g_clear_pointer (&self->compute_info, dh_compute_info_unref);
  self->compute_info = dh_compute_info_ref (self->compute);
  g_mutex_unlock (&self->mutex);
  g_signal_emit_by_name (self, "calibrated", calibrated->note);
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

gboolean
dh_worker_calibrate (DhWorker *self, DhDataset *dataset, GCancellable *cancellable, const DhProgress *progress,
                     GError **error)
{
  if (self->predictor == NULL || dh_predictor_precision (self->predictor) != DH_PRECISION_INT8
      || dh_predictor_quantization (self->predictor) != NULL)
    return TRUE;
  const DhPictures pictures = dh_calibrate_pictures (dataset);
  g_autofree char *note = NULL;
  g_mutex_lock (&self->mutex);
  self->calibrating = TRUE;
  g_mutex_unlock (&self->mutex);
  const gboolean ready = dh_calibrate_prepare (self->predictor, &pictures, FALSE, cancellable, progress, &note, error);
  g_mutex_lock (&self->mutex);
  self->calibrating = FALSE;
  g_mutex_unlock (&self->mutex);
  if (!ready)
    return FALSE;
  rename_compute (self);
  Calibrated *calibrated = g_new0 (Calibrated, 1);
  g_weak_ref_init (&calibrated->worker, self);
  calibrated->note = g_steal_pointer (&note);
  dh_worker_to_window (tell, calibrated, calibrated_free, G_PRIORITY_DEFAULT);
  return TRUE;
}
