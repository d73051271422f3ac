#include "dh-predictor.h"

#include <string.h>

#include "dh-error.h"
#include "dh-model-net.h"
#include "dh-predictor-private.h"

enum
{
  MAX_PLANS = 4,
  MIN_SIDE = 32,
};

static void
clear_entry (gpointer data)
{
  dh_plan_unref (((DhPredictorPlan *)data)->plan);
}

static DhPredictor *
new_on (DhDevice *device, DhModel *model, DhPrecision precision)
{
  DhPredictor *predictor = g_new0 (DhPredictor, 1);
  predictor->model = dh_model_ref (model);
  predictor->device = dh_device_ref (device);
  predictor->precision = precision;
  predictor->precision_name = g_strdup (dh_precision_name (precision));
  predictor->plans = g_array_new (FALSE, FALSE, sizeof (DhPredictorPlan));
  g_array_set_clear_func (predictor->plans, clear_entry);
  return predictor;
}

DhPredictor *
dh_predictor_new (DhModel *model, const char *device_name, DhPrecision precision, guint threads, GError **error)
{
  g_return_val_if_fail (model != NULL && device_name != NULL && precision < DH_N_PRECISIONS, NULL);
  g_autoptr (DhDevice) device = dh_device_open (device_name, threads, error);
  if (!device)
    return NULL;
  if (!dh_device_has_precision (device, precision))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "The device “%s” (%s) cannot compute in %s precision; use f32 or another device",
                   dh_device_name (device), dh_device_title (device), dh_precision_name (precision));
      return NULL;
    }
  return new_on (device, model, precision);
}

DhPredictor *
dh_predictor_new_counter (DhPredictor *predictor, DhRanges *ranges)
{
  DhPredictor *counter = new_on (predictor->device, predictor->model, DH_PRECISION_F32);
  counter->ranges = ranges;
  return counter;
}

void
dh_predictor_free (DhPredictor *predictor)
{
  if (!predictor)
    return;
  dh_predictor_drop_flights (predictor);
  g_array_unref (predictor->plans);
  dh_device_unref (predictor->device);
  dh_model_unref (predictor->model);
  dh_quantization_unref (predictor->quantization);
  g_free (predictor->precision_name);
  g_free (predictor);
}

DhDevice *
dh_predictor_device (DhPredictor *predictor)
{
  g_return_val_if_fail (predictor != NULL, NULL);
  return predictor->device;
}

DhPrecision
dh_predictor_precision (DhPredictor *predictor)
{
  return predictor->precision;
}

const char *
dh_predictor_precision_name (DhPredictor *predictor)
{
  g_return_val_if_fail (predictor != NULL, NULL);
  return predictor->precision_name;
}

void
dh_predictor_set_quantization (DhPredictor *predictor, DhQuantization *quantization)
{
  g_return_if_fail (predictor != NULL && predictor->precision == DH_PRECISION_INT8 && predictor->n_flights == 0);
  if (quantization)
    dh_quantization_ref (quantization);
  dh_quantization_unref (predictor->quantization);
  predictor->quantization = quantization;
  g_array_set_size (predictor->plans, 0);
  g_free (predictor->precision_name);
  predictor->precision_name = quantization ? g_strdup_printf ("%s-%.12s", dh_precision_name (predictor->precision),
                                                              dh_quantization_id (quantization))
                                           : g_strdup (dh_precision_name (predictor->precision));
}

DhQuantization *
dh_predictor_quantization (DhPredictor *predictor)
{
  g_return_val_if_fail (predictor != NULL, NULL);
  return predictor->quantization;
}

DhModel *
dh_predictor_model (DhPredictor *predictor)
{
  g_return_val_if_fail (predictor != NULL, NULL);
  return predictor->model;
}

/* The maps asked for that the model has. */
guint
dh_predictor_available (DhPredictor *predictor, guint maps)
{
  guint available = 0;
  for (guint map = 0; map < DH_N_MAPS; map++)
    if (maps & DH_MAP_BIT (map) && dh_model_net (predictor->model)->maps[map] != DH_NO_VALUE)
      available |= DH_MAP_BIT (map);
  return available;
}

static guint
list_outputs (const DhNet *net, guint maps, DhValue outputs[DH_N_MAPS])
{
  guint count = 0;
  for (guint map = 0; map < DH_N_MAPS; map++)
    if (maps & DH_MAP_BIT (map))
      outputs[count++] = net->maps[map];
  return count;
}

static DhPlanOptions
make_options (DhPredictor *predictor, guint width, guint height, guint maps, DhValue outputs[DH_N_MAPS])
{
  const guint n_outputs = list_outputs (dh_model_net (predictor->model), maps, outputs);
  return (DhPlanOptions){ .input = { 1, 3, (gint)height, (gint)width },
                          .precision = predictor->precision,
                          .outputs = outputs,
                          .n_outputs = n_outputs,
                          .calibration = predictor->quantization,
                          .ranges = predictor->ranges };
}

/* Planes of a map. */
guint
dh_predictor_channels (DhPredictor *predictor, DhMap map)
{
  return map == DH_MAP_LOGITS ? (guint)dh_model_classes (predictor->model) : map == DH_MAP_LOGITS_OOD ? 2 : 1;
}

/* The input and the maps, which are not the plan's. */
static guint64
picture_bytes (DhPredictor *predictor, guint width, guint height, guint maps)
{
  guint64 planes = 3;
  for (guint map = 0; map < DH_N_MAPS; map++)
    if (maps & DH_MAP_BIT (map))
      planes += dh_predictor_channels (predictor, map);
  return planes * sizeof (float) * width * height;
}

guint64
dh_predictor_estimate (DhPredictor *predictor, guint width, guint height, guint maps)
{
  g_return_val_if_fail (predictor != NULL && width <= G_MAXINT && height <= G_MAXINT, G_MAXUINT64);
  maps = dh_predictor_available (predictor, maps);
  DhValue outputs[DH_N_MAPS];
  const DhPlanOptions options = make_options (predictor, width, height, maps, outputs);
  const guint64 plan = dh_device_estimate (predictor->device, dh_model_net (predictor->model)->graph, &options);
  const guint64 picture = picture_bytes (predictor, width, height, maps);
  return plan > G_MAXUINT64 - picture ? G_MAXUINT64 : plan + picture;
}

/* What the plan takes where plans live: on a card without the picture, which is the host's. */
static guint64
plan_bytes (DhPredictor *predictor, guint width, guint height, guint maps)
{
  DhValue outputs[DH_N_MAPS];
  const DhPlanOptions options = make_options (predictor, width, height, maps, outputs);
  return dh_device_has_memory (predictor->device)
             ? dh_device_estimate (predictor->device, dh_model_net (predictor->model)->graph, &options)
             : dh_predictor_estimate (predictor, width, height, maps);
}

/* Makes room for a plan of this size by dropping kept ones, the least recently used first. */
static gboolean
make_room (DhPredictor *predictor, guint width, guint height, guint maps, GError **error)
{
  if (predictor->plans->len == MAX_PLANS)
    g_array_set_size (predictor->plans, MAX_PLANS - 1);
  const guint64 needed = plan_bytes (predictor, width, height, maps);
  if (needed == G_MAXUINT64)
    return TRUE; /* compiling says why */
  guint64 available;
  while ((available = dh_device_available (predictor->device)) != 0 && needed > available && predictor->plans->len > 0)
    g_array_set_size (predictor->plans, predictor->plans->len - 1);
  if (available == 0 || needed <= available)
    return TRUE;
  g_autofree char *need = g_format_size_full (needed, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *have = g_format_size_full (available, G_FORMAT_SIZE_IEC_UNITS);
  g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
               "An image of %u×%u pixels needs about %s of %s with %s, and %s can be had", width, height, need,
               dh_device_has_memory (predictor->device) ? "the card's memory" : "memory",
               dh_model_title (predictor->model), have);
  return FALSE;
}

/* A kept plan, moved to the front. */
DhPlan *
dh_predictor_find_plan (DhPredictor *predictor, guint width, guint height, guint maps)
{
  for (guint i = 0; i < predictor->plans->len; i++)
    {
      DhPredictorPlan *entries = (DhPredictorPlan *)(gpointer)predictor->plans->data;
      const DhPredictorPlan found = entries[i];
      if (found.width != width || found.height != height || found.maps != maps)
        continue;
      memmove (entries + 1, entries, i * sizeof *entries);
      entries[0] = found;
      return found.plan;
    }
  return NULL;
}

/* A device that was lost is opened again; what was compiled on it is gone. */
gboolean
dh_predictor_revive (DhPredictor *predictor, GError **error)
{
  if (!dh_device_is_lost (predictor->device))
    return TRUE;
  g_array_set_size (predictor->plans, 0);
  return dh_device_reopen (predictor->device, error);
}

gboolean
dh_predictor_check_size (guint width, guint height, GError **error)
{
  if (width < MIN_SIDE || height < MIN_SIDE)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "An image of %u×%u pixels is too small; each side needs at least %d", width, height, MIN_SIDE);
      return FALSE;
    }
  if (width > DH_IMAGE_MAX_SIDE || height > DH_IMAGE_MAX_SIDE || (gint64)width * height > DH_IMAGE_MAX_PIXELS)
    {
      g_set_error (
          error, DH_ERROR, DH_ERROR_TOO_LARGE,
          "An image of %u×%u pixels is too large (at most %d a side and %d million in all); use a smaller scale", width,
          height, DH_IMAGE_MAX_SIDE, (gint)(DH_IMAGE_MAX_PIXELS / 1000000));
      return FALSE;
    }
  return TRUE;
}

DhPlan *
dh_predictor_get_plan (DhPredictor *predictor, guint width, guint height, guint maps, GCancellable *cancellable,
                       GError **error)
{
  g_return_val_if_fail (predictor != NULL, NULL);
  maps = dh_predictor_available (predictor, maps);
  g_return_val_if_fail (maps != 0, NULL);
  if (!dh_predictor_check_size (width, height, error))
    return NULL;
  DhPlan *plan = dh_device_is_lost (predictor->device) ? NULL : dh_predictor_find_plan (predictor, width, height, maps);
  if (plan)
    return plan;
  if (!dh_predictor_revive (predictor, error) || !make_room (predictor, width, height, maps, error))
    return NULL;

  DhValue outputs[DH_N_MAPS];
  DhPlanOptions options = make_options (predictor, width, height, maps, outputs);
  options.cancellable = cancellable;
  plan = dh_plan_new (predictor->device, dh_model_net (predictor->model)->graph, dh_model_tensors (predictor->model),
                      &options, error);
  if (!plan)
    return NULL;
  const DhPredictorPlan entry = { width, height, maps, plan };
  g_array_prepend_val (predictor->plans, entry);
  return plan;
}
