#include "dh-calibrate.h"
#include "dh-error.h"
#include "dh-worker-private.h"

void
dh_worker_command_free (gpointer data)
{
  DhWorkerCommand *command = data;
  g_object_unref (command->task);
  g_free (command->path);
  g_free (command->name);
  g_free (command->device);
  g_clear_pointer (&command->bytes, g_bytes_unref);
  g_free (command);
}

void
dh_worker_loaded_free (gpointer data)
{
  DhWorkerLoaded *loaded = data;
  g_clear_pointer (&loaded->model, dh_model_info_unref);
  g_clear_pointer (&loaded->compute, dh_compute_info_unref);
  g_free (loaded);
}

static char *
why_no_cuda (const char *used)
{
  if (g_str_has_prefix (used, "cuda"))
    return NULL;
  g_autoptr (GPtrArray) devices = dh_devices_list ();
  for (guint i = 0; i < devices->len; i++)
    {
      const DhDeviceInfo *info = devices->pdata[i];
      if (g_str_equal (info->kind, "cuda") && !info->available)
        return g_strdup (info->why_not);
    }
  return NULL;
}

static DhWorkerLoaded *
describe (DhPredictor *predictor, const DhWorkerCommand *command, const char *instead_why)
{
  DhModel *model = dh_predictor_model (predictor);
  DhDevice *device = dh_predictor_device (predictor);
  DhWorkerLoaded *loaded = g_new0 (DhWorkerLoaded, 1);
  DhModelInfo *info = loaded->model = dh_model_info_new ();
  info->network = g_strdup (dh_model_title (model));
  info->architecture = g_strdup (dh_model_architecture (model));
  info->path = g_strdup (command->path);
  info->title = command->name != NULL ? g_strdup (command->name) : g_path_get_basename (command->path);
  info->sha256 = g_strdup (dh_model_sha256 (model));
  info->n_classes = dh_model_classes (model);
  info->class_names = g_strdupv ((char **)dh_model_class_names (model));
  info->has_outlier_head = dh_model_has_outlier_head (model);
  info->n_parameters = dh_model_parameter_count (model);
  info->normalisation = g_strdup (dh_model_normalisation (model));
  info->assumed = dh_model_assumes_normalisation (model);
  DhComputeInfo *compute = loaded->compute = dh_compute_info_new ();
  compute->name = g_strdup (dh_device_name (device));
  compute->title = g_strdup (dh_device_title (device));
  compute->precision = g_strdup (dh_predictor_precision_name (predictor));
  for (DhPrecision p = 0; p < DH_N_PRECISIONS; p++)
    if (dh_device_has_precision (device, p))
      compute->precisions |= 1u << p;
  compute->threads = dh_device_threads (device);
  compute->instead_why = g_strdup (instead_why);
  compute->cuda_why_not = why_no_cuda (compute->name);
  return loaded;
}

/* The precision was chosen on another machine, or for another device: then the one that all have. */
static DhPredictor *
open_on (DhModel *model, const char *device, DhPrecision precision, GError **error)
{
  g_autoptr (GError) why = NULL;
  DhPredictor *predictor = dh_predictor_new (model, device, precision, 0, &why);
  if (predictor == NULL && precision != DH_PRECISION_F32 && g_error_matches (why, DH_ERROR, DH_ERROR_UNSUPPORTED))
    return dh_predictor_new (model, device, DH_PRECISION_F32, 0, error);
  if (predictor == NULL)
    g_propagate_error (error, g_steal_pointer (&why));
  return predictor;
}

/* So the device may have been: another computes, and `instead` says why. */
static DhPredictor *
open_predictor (DhModel *model, const DhWorkerCommand *command, char **instead, GError **error)
{
  g_autoptr (GError) why = NULL;
  DhPredictor *predictor = open_on (model, command->device, command->precision, &why);
  if (predictor == NULL && !g_str_equal (command->device, "auto")
      && (g_error_matches (why, DH_ERROR, DH_ERROR_NO_DEVICE) || g_error_matches (why, DH_ERROR, DH_ERROR_USAGE)))
    {
      *instead = g_strdup (why->message);
      return open_on (model, "auto", command->precision, error);
    }
  if (predictor == NULL)
    g_propagate_error (error, g_steal_pointer (&why));
  return predictor;
}

/* On the inference thread. */
void
dh_worker_run_command (DhWorker *self, DhWorkerCommand *command)
{
  GError *error = NULL;
  g_autofree char *instead_why = NULL;
  g_autoptr (DhModel) model = command->bytes != NULL ? dh_model_load_bytes (command->bytes, command->name, NULL, &error)
                                                     : dh_model_load (command->path, NULL, &error);
  DhPredictor *predictor = model != NULL ? open_predictor (model, command, &instead_why, &error) : NULL;
  if (predictor == NULL)
    {
      g_task_return_error (command->task, error);
      return;
    }
  dh_device_remember_plans (dh_predictor_device (predictor), NULL);
  /* What is kept is taken at once: by it the cache of maps is read. */
  if (dh_predictor_precision (predictor) == DH_PRECISION_INT8)
    {
      g_autofree char *kept = dh_calibrate_dup_path (predictor);
      dh_calibrate_from_file (predictor, kept, NULL);
    }
  dh_predictor_free (self->predictor);
  self->predictor = predictor;
  DhWorkerLoaded *loaded = describe (predictor, command, instead_why);
  g_mutex_lock (&self->mutex);
  g_clear_pointer (&self->model, dh_model_info_unref);
  g_clear_pointer (&self->compute, dh_compute_info_unref);
  self->model = dh_model_info_ref (loaded->model);
  self->compute = dh_compute_info_ref (loaded->compute);
  self->has_outlier_head = loaded->model->has_outlier_head;
  /* Requests of the former model; the window asks again. */
  for (guint i = 0; i < self->queue->len; i++)
    g_cancellable_cancel (((DhJob *)self->queue->pdata[i])->cancellable);
  g_ptr_array_set_size (self->queue, 0);
  g_mutex_unlock (&self->mutex);
  g_task_return_pointer (command->task, loaded, dh_worker_loaded_free);
}
