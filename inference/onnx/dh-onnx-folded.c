#include "dh-onnx-folded.h"

#include <math.h>

#include "dh-error.h"

#define EPSILON 1e-5

static const float *
values_of (DhTensorDict *tensors, const char *name, const char *suffix)
{
  g_autofree char *key = g_strconcat (name, suffix, NULL);
  return dh_tensor_f32 (dh_tensor_dict_get (tensors, key));
}

static gboolean
take_bias (DhTensorDict *tensors, const char *name, gint channels, GError **error)
{
  g_autofree char *key = g_strconcat (name, ".bias", NULL);
  const gint64 dim = channels;
  if (dh_tensor_dict_get (tensors, key))
    return TRUE;
  DhTensor *bias = dh_tensor_new_f32 (1, &dim);
  if (!bias)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a network's parameters");
      return FALSE;
    }
  for (gint c = 0; c < channels; c++)
    dh_tensor_f32 (bias)[c] = 0;
  dh_tensor_dict_take (tensors, key, bias);
  return TRUE;
}

/* The norm's scale and shift of each channel into the convolution's weights and bias. */
static gboolean
fold (DhTensorDict *tensors, const char *norm, const char *conv, gint channels, GError **error)
{
  static const char *const suffixes[] = { ".weight", ".bias", ".running_mean", ".running_var" };
  const float *of[G_N_ELEMENTS (suffixes)];
  if (!take_bias (tensors, conv, channels, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    of[i] = values_of (tensors, norm, suffixes[i]);
  g_autofree char *key = g_strconcat (conv, ".weight", NULL);
  DhTensor *tensor = dh_tensor_dict_get (tensors, key);
  float *weight = dh_tensor_f32 (tensor), *bias = (float *)values_of (tensors, conv, ".bias");
  const gint64 of_channel = dh_tensor_count (tensor) / channels;
  for (gint c = 0; c < channels; c++)
    {
      const double scale = of[0][c] / sqrt ((double)of[3][c] + EPSILON);
      bias[c] = (float)((bias[c] - (double)of[2][c]) * scale + of[1][c]);
      for (gint64 i = 0; i < of_channel; i++)
        weight[c * of_channel + i] = (float)(weight[c * of_channel + i] * scale);
    }
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *gone = g_strconcat (norm, suffixes[i], NULL);
      dh_tensor_dict_remove (tensors, gone);
    }
  return TRUE;
}

DhNet *
dh_onnx_net_folded (const DhNet *net, DhTensorDict *tensors, GError **error)
{
  g_return_val_if_fail (net != NULL && net->architecture.family == DH_FAMILY_FOREIGN && tensors != NULL, NULL);
  const guint size = dh_graph_size (net->graph);
  const DhValue outputs[] = { net->logits, net->logits_ood };
  g_autofree DhValue *values = g_new (DhValue, size);
  g_autoptr (DhGraph) graph = dh_graph_new_folded (net->graph, outputs, net->logits_ood == DH_NO_VALUE ? 1 : 2, values);
  for (DhValue v = 0; v < (DhValue)size; v++)
    {
      const DhNode *norm = dh_graph_node (net->graph, v), *conv = dh_graph_node (graph, values[v]);
      if (norm->op == DH_OP_NORM && conv->op == DH_OP_CONV
          && !fold (tensors, norm->name, conv->name, norm->channels, error))
        return NULL;
    }
  return dh_net_new_foreign (graph, values[net->input], values[net->logits],
                             net->logits_ood == DH_NO_VALUE ? DH_NO_VALUE : values[net->logits_ood]);
}
