#include "dh-optimiser.h"

#include <string.h>

#include "dh-error.h"

gboolean
dh_optimiser_init (DhOptimiser *optimiser, const DhNet *net, DhTensorDict *parameters, GError **error)
{
  const DhValue outputs[2] = { net->logits, net->logits_ood };
  g_autoptr (GArray) list = dh_graph_list_parameters (net->graph, outputs, net->logits_ood == DH_NO_VALUE ? 1 : 2);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  gboolean ok = TRUE;
  *optimiser = (DhOptimiser){ .parameters = dh_tensor_dict_ref (parameters), .kept = dh_tensor_dict_new () };
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      DhTensor *value = dh_tensor_dict_get (parameters, parameter->name);
      DhTensor *copy = parameter->trained ? NULL : dh_tensor_new_f32 (value->n_dims, value->dims);
      if (parameter->trained)
        g_strv_builder_add (names, parameter->name);
      else if (copy)
        dh_tensor_dict_take (optimiser->kept, parameter->name, copy);
      else
        ok = FALSE;
    }
  optimiser->names = g_strv_builder_end (names);
  if (ok && dh_adam_init (&optimiser->adam, parameters, (const char *const *)optimiser->names))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the gradients and moments");
  return FALSE;
}

void
dh_optimiser_clear (DhOptimiser *optimiser)
{
  g_clear_pointer (&optimiser->there, dh_train_state_free);
  dh_adam_clear (&optimiser->adam);
  g_clear_pointer (&optimiser->kept, dh_tensor_dict_unref);
  g_clear_pointer (&optimiser->names, g_strfreev);
  g_clear_pointer (&optimiser->parameters, dh_tensor_dict_unref);
}

gboolean
dh_optimiser_settle (DhOptimiser *optimiser, DhDevice *device, const DhNet *net, GError **error)
{
  if (!dh_device_has_train_state (device))
    return TRUE;
  const DhTrainTensors tensors = { optimiser->parameters, optimiser->adam.gradients, optimiser->adam.first,
                                   optimiser->adam.second };
  optimiser->there = dh_train_state_new (device, net->graph, net->logits, net->logits_ood, &tensors, error);
  return optimiser->there != NULL;
}

gboolean
dh_optimiser_fetch (DhOptimiser *optimiser, GError **error)
{
  if (optimiser->old && !dh_train_state_fetch (optimiser->there, error))
    return FALSE;
  optimiser->old = FALSE;
  return TRUE;
}

gboolean
dh_optimiser_keep_statistics (DhOptimiser *optimiser, gboolean back, GError **error)
{
  optimiser->old = optimiser->there != NULL;
  if (optimiser->there)
    return dh_train_state_keep_statistics (optimiser->there, back, error);
  for (guint i = 0; i < dh_tensor_dict_size (optimiser->kept); i++)
    {
      DhTensor *copy = dh_tensor_dict_at (optimiser->kept, i);
      DhTensor *value = dh_tensor_dict_get (optimiser->parameters, dh_tensor_dict_name (optimiser->kept, i));
      memcpy (dh_tensor_f32 (back ? value : copy), dh_tensor_f32 (back ? copy : value), dh_tensor_size_bytes (copy));
    }
  return TRUE;
}

gboolean
dh_optimiser_zero_gradients (DhOptimiser *optimiser, GError **error)
{
  if (optimiser->there)
    return dh_train_state_zero_gradients (optimiser->there, error);
  dh_adam_zero_gradients (&optimiser->adam);
  return TRUE;
}

gboolean
dh_optimiser_step (DhOptimiser *optimiser, const double *rates, guint64 number, gboolean *finite, GError **error)
{
  optimiser->old = optimiser->there != NULL;
  if (optimiser->there)
    return dh_train_state_step (optimiser->there, rates, number, finite, error);
  *finite = dh_adam_gradients_are_finite (&optimiser->adam);
  if (*finite)
    dh_adam_step (&optimiser->adam, optimiser->parameters, rates, number);
  else
    dh_adam_zero_gradients (&optimiser->adam);
  return TRUE;
}
