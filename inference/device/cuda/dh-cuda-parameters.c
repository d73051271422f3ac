#include "dh-cuda-train-private.h"
#include "dh-tensor.h"

static void
clear_parameter (gpointer data)
{
  DhCudaParameter *parameter = data;
  dh_tensor_unref (parameter->value);
  dh_tensor_unref (parameter->gradient);
  dh_tensor_unref (parameter->first);
  dh_tensor_unref (parameter->second);
}

static DhTensor *
find_tensor (DhTensorDict *dict, const char *name)
{
  DhTensor *tensor = dict ? dh_tensor_dict_get (dict, name) : NULL;
  return tensor ? dh_tensor_ref (tensor) : NULL;
}

/* Offsets in the flat arrays: the trained first, so that their gradients have the same. */
void
dh_cuda_parameters_init (DhCudaParameters *parameters, const DhGraph *graph, DhValue logits, DhValue logits_ood,
                         const DhTrainTensors *tensors)
{
  enum
  {
    LINE = 16 /* floats */
  };
  const DhValue outputs[2] = { logits, logits_ood };
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, outputs, logits_ood == DH_NO_VALUE ? 1 : 2);
  *parameters = (DhCudaParameters){ .list = g_array_new (FALSE, FALSE, sizeof (DhCudaParameter)) };
  g_array_set_clear_func (parameters->list, clear_parameter);
  for (gint trained = 1; trained >= 0; trained--)
    {
      for (guint i = 0; i < list->len; i++)
        {
          const DhParameter *wanted = &g_array_index (list, DhParameter, i);
          DhCudaParameter parameter = { .node = wanted->node, .offset = parameters->n_values, .count = 1 };
          for (guint j = 0; j < i; j++)
            parameter.number += g_array_index (list, DhParameter, j).node == wanted->node;
          for (guint d = 0; d < wanted->n_dims; d++)
            parameter.count *= (gsize)wanted->dims[d];
          if (wanted->trained != trained)
            continue;
          if (tensors)
            parameter.value = find_tensor (tensors->parameters, wanted->name);
          if (tensors && trained)
            {
              parameter.gradient = find_tensor (tensors->gradients, wanted->name);
              parameter.first = find_tensor (tensors->first, wanted->name);
              parameter.second = find_tensor (tensors->second, wanted->name);
            }
          parameters->n_values += (parameter.count + LINE - 1) / LINE * LINE;
          g_array_append_val (parameters->list, parameter);
        }
      if (trained)
        parameters->n_trained = parameters->n_values;
    }
}

void
dh_cuda_parameters_clear (DhCudaParameters *parameters)
{
  g_clear_pointer (&parameters->list, g_array_unref);
}

const DhCudaParameter *
dh_cuda_parameters_find (const DhCudaParameters *parameters, DhValue node, guint number)
{
  for (guint i = 0; i < parameters->list->len; i++)
    {
      const DhCudaParameter *parameter = &g_array_index (parameters->list, DhCudaParameter, i);
      if (parameter->node == node && parameter->number == number)
        return parameter;
    }
  return NULL;
}
