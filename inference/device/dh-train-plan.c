#include "dh-device-private.h"

#include "dh-error.h"

/* Every norm that the outputs need sees several values a channel. */
static gboolean
check_norms (const DhGraph *graph, const DhShape *shapes, const DhValue *outputs, guint n_outputs, GError **error)
{
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, outputs, n_outputs);
  for (DhValue i = 0; i < (DhValue)dh_graph_size (graph); i++)
    {
      const DhNode *node = dh_graph_node (graph, i);
      if (needed[i] && node->op == DH_OP_NORM && (gint64)shapes[i].n * shapes[i].h * shapes[i].w < 2)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                       "The batch norm “%s” would see a single value: the batch size must be at least 2", node->name);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
check_gradients (const DhGraph *graph, DhTensorDict *parameters, DhTensorDict *gradients, const DhValue *outputs,
                 guint n_outputs, GError **error)
{
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, outputs, n_outputs);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *wanted = &g_array_index (list, DhParameter, i);
      const DhTensor *value = dh_tensor_dict_get (parameters, wanted->name);
      const DhTensor *gradient = dh_tensor_dict_get (gradients, wanted->name);
      if (value->dtype == DH_DTYPE_F32
          && (!wanted->trained
              || (gradient && gradient->dtype == DH_DTYPE_F32
                  && dh_tensor_count (gradient) == dh_tensor_count (value))))
        continue;
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "“%s” cannot be trained: its values and its gradient must be %s",
                   wanted->name, "float32 of one shape");
      return FALSE;
    }
  return TRUE;
}

DhTrainPlan *
dh_train_plan_new (DhDevice *device, DhGraph *graph, DhTensorDict *parameters, DhTensorDict *gradients,
                   const DhTrainOptions *options, GError **error)
{
  g_return_val_if_fail (device != NULL && graph != NULL && options != NULL, NULL);
  g_return_val_if_fail (parameters != NULL && gradients != NULL, NULL);
  if (!device->functions->compile_training)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The device “%s” (%s) cannot train; use another one",
                   device->name, device->title);
      return NULL;
    }
  if (options->precision != DH_PRECISION_F32)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The device “%s” (%s) trains in f32 precision only",
                   device->name, device->title);
      return NULL;
    }
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  const guint n_outputs = options->logits_ood == DH_NO_VALUE ? 1 : 2;
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, options->input, error);
  if (!shapes || !dh_check_parameters (graph, parameters, outputs, n_outputs, error)
      || !check_gradients (graph, parameters, gradients, outputs, n_outputs, error)
      || !check_norms (graph, shapes, outputs, n_outputs, error))
    return NULL;
  DhTrainPlan *plan =
      device->functions->compile_training (device, graph, shapes, parameters, gradients, options, error);
  if (!plan)
    return NULL;
  plan->device = dh_device_ref (device);
  plan->options = *options;
  plan->classes = dh_graph_node (graph, options->logits)->channels;
  if (!plan->steps)
    plan->steps = dh_plan_steps_new ();
  return plan;
}

void
dh_train_plan_free (DhTrainPlan *plan)
{
  if (!plan)
    return;
  DhDevice *device = plan->device;
  g_clear_pointer (&plan->steps, g_array_unref);
  device->functions->free_training (plan);
  dh_device_unref (device);
}

gboolean
dh_train_plan_run (DhTrainPlan *plan, const float *input, const guint8 *labels, guint64 seed, double weight,
                   DhLosses *losses, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (plan != NULL && input != NULL && labels != NULL && losses != NULL, FALSE);
  const DhShape shape = plan->options.input;
  *losses = (DhLosses){ 0 };
  for (gsize i = 0; i < (gsize)shape.n * shape.h * shape.w; i++)
    {
      if (labels[i] > plan->classes + 1)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "A label is %d, but the network knows %d classes", labels[i],
                       plan->classes);
          return FALSE;
        }
      losses->labelled += labels[i] < plan->classes;
      losses->negatives += labels[i] == plan->classes + 1;
    }
  if (losses->labelled == 0)
    return TRUE;
  return plan->device->functions->train (plan, input, labels, seed, weight, losses, cancellable, error);
}

guint64
dh_train_plan_memory (DhTrainPlan *plan)
{
  g_return_val_if_fail (plan != NULL, 0);
  return plan->memory;
}

GArray *
dh_train_plan_list_steps (DhTrainPlan *plan)
{
  g_return_val_if_fail (plan != NULL, NULL);
  return dh_plan_steps_copy (plan->steps);
}
