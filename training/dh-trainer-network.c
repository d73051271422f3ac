#include "dh-trainer-private.h"

#include <string.h>

#include "dh-error.h"
#include "dh-start-weights.h"

/* What is trained, on which device. */

static DhTensor *
copy_tensor (DhTensor *tensor)
{
  DhTensor *copy = dh_tensor_new_f32 (tensor->n_dims, tensor->dims);
  g_autoptr (DhTensor) source = dh_tensor_to_f32 (tensor);
  if (copy && source)
    memcpy (dh_tensor_f32 (copy), dh_tensor_data (source), dh_tensor_size_bytes (copy));
  return copy;
}

/* Every floating-point tensor in memory of its own. */
static DhTensorDict *
own_state (DhTensorDict *state, GError **error)
{
  g_autoptr (DhTensorDict) own = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    {
      DhTensor *tensor = dh_tensor_dict_at (state, i);
      DhTensor *copy = tensor->dtype <= DH_DTYPE_F64 ? copy_tensor (tensor) : dh_tensor_ref (tensor);
      if (!copy)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights");
          return NULL;
        }
      dh_tensor_dict_take (own, dh_tensor_dict_name (state, i), copy);
    }
  return g_steal_pointer (&own);
}

/* The trained parameters' names, their moments, and room for the running statistics. */
static gboolean
prepare_optimiser (DhTrainerRun *run, GError **error)
{
  const DhValue outputs[2] = { run->net->logits, run->net->logits_ood };
  g_autoptr (GArray) list =
      dh_graph_list_parameters (run->net->graph, outputs, run->net->logits_ood == DH_NO_VALUE ? 1 : 2);
  g_autoptr (GStrvBuilder) trained = g_strv_builder_new ();
  run->statistics = dh_tensor_dict_new ();
  run->rates = g_new0 (double, list->len);
  gboolean ok = TRUE;
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      DhTensor *value = dh_tensor_dict_get (run->state, parameter->name);
      DhTensor *copy = parameter->trained ? NULL : dh_tensor_new_f32 (value->n_dims, value->dims);
      if (parameter->trained)
        g_strv_builder_add (trained, parameter->name);
      else if (copy)
        dh_tensor_dict_take (run->statistics, parameter->name, copy);
      else
        ok = FALSE;
    }
  run->trained = g_strv_builder_end (trained);
  if (ok && dh_adam_init (&run->adam, run->state, (const char *const *)run->trained))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the optimiser");
  return FALSE;
}

gboolean
dh_trainer_prepare_network (DhTrainerRun *run, DhCheckpoint *checkpoint, GError **error)
{
  const DhRecipe *recipe = run->config->recipe;
  DhArchitecture architecture;
  run->device = dh_device_open (run->config->device, run->config->threads, error);
  if (!run->device || !dh_architecture_from_name (recipe->architecture, recipe->classes, &architecture, error))
    return FALSE;
  if (architecture.outlier_head != recipe->negatives)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "The network “%s” %s an outlier head, but the recipe trains %s negatives", recipe->architecture,
                   architecture.outlier_head ? "has" : "has not", recipe->negatives ? "with" : "without");
      return FALSE;
    }
  run->net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) state =
      checkpoint ? dh_tensor_dict_ref (dh_checkpoint_state (checkpoint))
                 : dh_start_weights_load (run->net, run->config->init, run->config->seed, NULL, NULL, error);
  return state && dh_net_check_keys (run->net, state, error) && (run->state = own_state (state, error))
         && prepare_optimiser (run, error);
}

gboolean
dh_trainer_settle (DhTrainerRun *run, GError **error)
{
  /* Ranks add up their gradients in the host's memory. */
  if (run->training->reduce || !dh_device_has_train_state (run->device))
    return TRUE;
  const DhTrainTensors tensors = { run->state, run->adam.gradients, run->adam.first, run->adam.second };
  run->there =
      dh_train_state_new (run->device, run->net->graph, run->net->logits, run->net->logits_ood, &tensors, error);
  return run->there != NULL;
}

gboolean
dh_trainer_fetch (DhTrainerRun *run, GError **error)
{
  if (run->old && !dh_train_state_fetch (run->there, error))
    return FALSE;
  run->old = FALSE;
  return TRUE;
}
