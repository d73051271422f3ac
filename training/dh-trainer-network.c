#include "dh-trainer-private.h"

#include <math.h>
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

static gboolean
is_finite (DhTensor *tensor)
{
  const float *values = dh_tensor_data (tensor);
  for (gsize i = 0; i < dh_tensor_count (tensor); i++)
    if (!isfinite (values[i]))
      return FALSE;
  return TRUE;
}

/* Every floating-point tensor in memory of its own. No step would ever make a number of one that is none. */
static DhTensorDict *
own_state (DhTensorDict *state, const char *path, gboolean resumed, GCancellable *cancellable, GError **error)
{
  g_autoptr (DhTensorDict) own = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    {
      DhTensor *tensor = dh_tensor_dict_at (state, i);
      const gboolean floating = tensor->dtype <= DH_DTYPE_F64;
      DhTensor *copy = floating ? copy_tensor (tensor) : dh_tensor_ref (tensor);
      if (!copy)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights");
          return NULL;
        }
      dh_tensor_dict_take (own, dh_tensor_dict_name (state, i), copy);
      if (floating && !is_finite (copy))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                       "%s: “%s” holds NaN or infinite values, from which nothing can be learnt; %s",
                       path ? path : "The weights", dh_tensor_dict_name (state, i),
                       resumed ? "begin a new training with one of its models (--model)" : "use other weights");
          return NULL;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
    }
  return g_steal_pointer (&own);
}

static gboolean
prepare_optimiser (DhTrainerRun *run, GError **error)
{
  if (!dh_optimiser_init (&run->optimiser, run->net, run->state, error))
    return FALSE;
  run->rates = g_new0 (double, g_strv_length (run->optimiser.names));
  return TRUE;
}

/* A run goes on with what it keeps of the network, which must be the one that its parameters are of. */
static gboolean
prepare_foreign (DhTrainerRun *run, DhCheckpoint *checkpoint, GCancellable *cancellable, GError **error)
{
  const DhRecipe *recipe = run->config->recipe;
  g_autofree char *kept = dh_foreign_start_path (run->folder->path);
  const char *path = run->training->resume ? kept : run->config->init;
  if (!path)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "Give the network to be trained, as ONNX, with --model");
      return FALSE;
    }
  if (!dh_foreign_start_load (&run->foreign, path, recipe->negatives, dh_dataset_class_table (run->pictures.dataset),
                              error))
    return FALSE;
  const char *then = checkpoint ? g_hash_table_lookup (dh_checkpoint_metadata (checkpoint), "network") : NULL;
  if (checkpoint && g_strcmp0 (then, run->foreign.sum) != 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s is another network than the one that this training began with, or its .onnx.json is; put back "
                   "what was there, or begin a new training with its last model (--model)",
                   path);
      return FALSE;
    }
  run->net = dh_net_ref (run->foreign.net);
  DhTensorDict *state = checkpoint ? dh_checkpoint_state (checkpoint) : run->foreign.tensors;
  return dh_net_check_keys (run->net, state, error)
         && (run->state = own_state (state, path, checkpoint != NULL, cancellable, error))
         && prepare_optimiser (run, error);
}

gboolean
dh_trainer_prepare_network (DhTrainerRun *run, DhCheckpoint *checkpoint, GCancellable *cancellable, GError **error)
{
  const DhRecipe *recipe = run->config->recipe;
  DhArchitecture architecture;
  run->device = dh_device_open (run->config->device, run->config->threads, error);
  if (run->device && g_str_equal (recipe->architecture, DH_FOREIGN_ARCHITECTURE))
    return prepare_foreign (run, checkpoint, cancellable, error);
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
  g_autofree char *path =
      checkpoint ? dh_run_folder_file (run->folder, "checkpoint.pth") : g_strdup (run->config->init);
  return state && dh_net_check_keys (run->net, state, error)
         && (run->state = own_state (state, path, checkpoint != NULL, cancellable, error))
         && prepare_optimiser (run, error);
}

gboolean
dh_trainer_settle (DhTrainerRun *run, GError **error)
{
  /* Ranks add up their gradients in the host's memory. */
  return run->training->reduce || dh_optimiser_settle (&run->optimiser, run->device, run->net, error);
}

gboolean
dh_trainer_fetch (DhTrainerRun *run, GError **error)
{
  return dh_optimiser_fetch (&run->optimiser, error);
}
