#include <string.h>

#include "dh-debug.h"
#include "dh-error.h"
#include "dh-predictor-private.h"

/* Runs of a predictor's plans, one by one and overlapped. */

void
dh_prediction_free (DhPrediction *prediction)
{
  if (!prediction)
    return;
  for (guint map = 0; map < DH_N_MAPS; map++)
    dh_tensor_unref (prediction->maps[map]);
  g_free (prediction);
}

void
dh_predictor_drop_flights (DhPredictor *predictor)
{
  for (guint i = 0; i < predictor->n_flights; i++)
    {
      DhPredictorFlight *flight = &predictor->flights[i];
      if (dh_plan_in_flight (flight->plan) > 0)
        dh_plan_end (flight->plan, NULL);
      dh_plan_unref (flight->plan);
      dh_prediction_free (flight->prediction);
    }
  predictor->n_flights = 0;
}

static DhTensor *
new_map (DhPredictor *predictor, DhMap map, guint width, guint height)
{
  const guint channels = dh_predictor_channels (predictor, map);
  const gint64 dims[] = { channels, height, width };
  const gboolean whole = map == DH_MAP_LOGITS || map == DH_MAP_LOGITS_OOD;
  const DhDtype dtype = map == DH_MAP_SEGMENTATION ? DH_DTYPE_U8 : DH_DTYPE_F32;
  const gsize size = (gsize)channels * width * height * dh_dtype_size (dtype);
  GBytes *bytes = dh_device_take_host_memory (predictor->device, size);
  if (!bytes)
    return NULL;
  return whole ? dh_tensor_new_take (dtype, 3, dims, bytes) : dh_tensor_new_take (dtype, 2, dims + 1, bytes);
}

static guint64
count_of_map (const DhTensor *map)
{
  if (map->dtype != DH_DTYPE_F32)
    return 0;
  const gint64 count = dh_tensor_count (map);
  const float *values = dh_tensor_f32 (map);
  guint64 found = 0;
  for (gint64 i = 0; i < count; i++)
    found += !(values[i] - values[i] == 0);
  return found;
}

void
dh_prediction_count (DhPrediction *prediction)
{
  for (guint map = 0; map < DH_N_MAPS; map++)
    if (prediction->maps[map])
      prediction->non_finite[map] = count_of_map (prediction->maps[map]);
}

void
dh_prediction_set_no_memory (guint width, guint height, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
               "Memory is too short for the maps of an image of %u×%u pixels; use a smaller scale", width, height);
}

DhPrediction *
dh_prediction_new (DhPredictor *predictor, const DhImage *image, guint maps, gpointer outputs[DH_N_MAPS],
                   GError **error)
{
  g_autoptr (DhPrediction) prediction = g_new0 (DhPrediction, 1);
  guint count = 0;
  prediction->width = image->width;
  prediction->height = image->height;
  for (guint map = 0; map < DH_N_MAPS; map++)
    {
      if (!(maps & DH_MAP_BIT (map)))
        continue;
      prediction->maps[map] = new_map (predictor, map, image->width, image->height);
      if (!prediction->maps[map])
        {
          dh_prediction_set_no_memory (image->width, image->height, error);
          return NULL;
        }
      outputs[count++] = (gpointer)dh_tensor_data (prediction->maps[map]);
    }
  return g_steal_pointer (&prediction);
}

static void
finish (DhPrediction *prediction, gint64 begin)
{
  prediction->seconds = 1e-6 * (double)(g_get_monotonic_time () - begin);
  dh_prediction_count (prediction);
}

/* A device of its own memory that was lost is opened again at once, and the user is told. */
static void
explain (DhPredictor *predictor, GError **error)
{
  dh_predictor_drop_flights (predictor);
  if (dh_device_is_lost (predictor->device))
    g_prefix_error (error,
                    dh_predictor_revive (predictor, NULL)
                        ? "The device “%s” failed and was opened again; try once more. "
                        : "The device “%s” failed and cannot be opened again; start the program again. ",
                    dh_device_name (predictor->device));
}

/* In the way that is the shortest for the device; the table of layers is made of floats. */
static gboolean
run_plan (DhPlan *plan, const DhImage *image, void *const *outputs, GCancellable *cancellable,
          const DhProgress *progress, GError **error)
{
  if (dh_plan_depth (plan) > 0 && !dh_debug (DH_DEBUG_LAYERS))
    {
      if (!dh_plan_begin_rgb (plan, image->rgb, outputs, error) || !dh_plan_end (plan, error))
        return FALSE;
      if (progress)
        dh_progress_report (progress, 1, 1, "maps");
      return TRUE;
    }
  g_autofree float *planes = g_try_malloc_n ((gsize)3 * image->width * image->height, sizeof *planes);
  if (!planes)
    {
      dh_prediction_set_no_memory (image->width, image->height, error);
      return FALSE;
    }
  dh_image_to_planes (image, planes);
  return dh_plan_run (plan, planes, outputs, cancellable, progress, error);
}

DhPrediction *
dh_predictor_run (DhPredictor *predictor, const DhImage *image, guint maps, GCancellable *cancellable,
                  const DhProgress *progress, GError **error)
{
  g_return_val_if_fail (predictor != NULL && image != NULL && predictor->n_flights == 0, NULL);
  gpointer outputs[DH_N_MAPS];
  maps = dh_predictor_available (predictor, maps);
  if (maps == 0)
    return dh_prediction_new (predictor, image, 0, outputs, error);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  DhPlan *plan = dh_predictor_get_plan (predictor, image->width, image->height, maps, cancellable, error);
  g_autoptr (DhPrediction) prediction = plan ? dh_prediction_new (predictor, image, maps, outputs, error) : NULL;
  const gint64 begin = g_get_monotonic_time ();
  if (!prediction || !run_plan (plan, image, outputs, cancellable, progress, error))
    {
      explain (predictor, error);
      return NULL;
    }
  finish (prediction, begin);
  return g_steal_pointer (&prediction);
}

gboolean
dh_predictor_can_begin (DhPredictor *predictor, const DhImage *image, guint maps)
{
  g_return_val_if_fail (predictor != NULL && image != NULL, FALSE);
  maps = dh_predictor_available (predictor, maps);
  DhPlan *plan = maps == 0 || dh_device_is_lost (predictor->device)
                     ? NULL
                     : dh_predictor_find_plan (predictor, image->width, image->height, maps);
  return plan && predictor->n_flights < MIN (dh_plan_depth (plan), DH_PREDICTOR_MOST_FLIGHTS)
         && (predictor->n_flights == 0 || predictor->flights[0].plan == plan);
}

gboolean
dh_predictor_begin (DhPredictor *predictor, const DhImage *image, guint maps, GError **error)
{
  g_return_val_if_fail (dh_predictor_can_begin (predictor, image, maps), FALSE);
  maps = dh_predictor_available (predictor, maps);
  DhPredictorFlight *flight = &predictor->flights[predictor->n_flights++];
  *flight = (DhPredictorFlight){ .begin = g_get_monotonic_time () };
  flight->plan = dh_plan_ref (dh_predictor_find_plan (predictor, image->width, image->height, maps));
  flight->prediction = dh_prediction_new (predictor, image, maps, flight->outputs, error);
  const gboolean begun = flight->prediction && dh_plan_begin_rgb (flight->plan, image->rgb, flight->outputs, error);
  if (!begun)
    explain (predictor, error);
  return begun;
}

DhPrediction *
dh_predictor_end (DhPredictor *predictor, GError **error)
{
  g_return_val_if_fail (predictor != NULL && predictor->n_flights > 0, NULL);
  const DhPredictorFlight flight = predictor->flights[0];
  if (!dh_plan_end (flight.plan, error))
    {
      explain (predictor, error);
      return NULL;
    }
  predictor->n_flights--;
  memmove (predictor->flights, predictor->flights + 1, predictor->n_flights * sizeof flight);
  dh_plan_unref (flight.plan);
  finish (flight.prediction, flight.begin);
  return flight.prediction;
}

guint
dh_predictor_n_begun (DhPredictor *predictor)
{
  g_return_val_if_fail (predictor != NULL, 0);
  return predictor->n_flights;
}
