#include "dh-train-state.h"

#include "dh-device-private.h"
#include "dh-error.h"

gboolean
dh_device_has_train_state (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, FALSE);
  return device->functions->new_state != NULL;
}

DhTrainState *
dh_train_state_new (DhDevice *device, DhGraph *graph, DhValue logits, DhValue logits_ood, const DhTrainTensors *tensors,
                    GError **error)
{
  g_return_val_if_fail (device != NULL && graph != NULL && tensors != NULL, NULL);
  g_return_val_if_fail (device->functions->new_state != NULL, NULL);
  const DhValue outputs[2] = { logits, logits_ood };
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, outputs, logits_ood == DH_NO_VALUE ? 1 : 2);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *wanted = &g_array_index (list, DhParameter, i);
      DhTensorDict *const dicts[] = { tensors->parameters, tensors->gradients, tensors->first, tensors->second };
      gint64 count = 1;
      for (guint d = 0; d < wanted->n_dims; d++)
        count *= wanted->dims[d];
      for (guint d = 0; d < (wanted->trained ? G_N_ELEMENTS (dicts) : 1); d++)
        {
          const DhTensor *tensor = dh_tensor_dict_get (dicts[d], wanted->name);
          if (tensor && tensor->dtype == DH_DTYPE_F32 && dh_tensor_count (tensor) == count)
            continue;
          g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                       "“%s” cannot be trained: its values, gradient and moments must be float32 of one shape",
                       wanted->name);
          return NULL;
        }
    }
  DhTrainState *state = device->functions->new_state (device, graph, logits, logits_ood, tensors, error);
  if (state)
    state->device = dh_device_ref (device);
  return state;
}

void
dh_train_state_free (DhTrainState *state)
{
  if (!state)
    return;
  DhDevice *device = state->device;
  device->functions->free_state (state);
  dh_device_unref (device);
}

gboolean
dh_train_state_fetch (DhTrainState *state, GError **error)
{
  g_return_val_if_fail (state != NULL, FALSE);
  return state->device->functions->fetch_state (state, error);
}

gboolean
dh_train_state_step (DhTrainState *state, const double *rates, guint64 step, gboolean *finite, GError **error)
{
  g_return_val_if_fail (state != NULL && rates != NULL && step > 0 && finite != NULL, FALSE);
  return state->device->functions->step_state (state, rates, step, finite, error);
}

gboolean
dh_train_state_zero_gradients (DhTrainState *state, GError **error)
{
  g_return_val_if_fail (state != NULL, FALSE);
  return state->device->functions->zero_state (state, error);
}

gboolean
dh_train_state_keep_statistics (DhTrainState *state, gboolean back, GError **error)
{
  g_return_val_if_fail (state != NULL, FALSE);
  return state->device->functions->keep_state (state, back, error);
}
