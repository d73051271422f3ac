#include "dh-onnx-head.h"

#include "dh-error.h"

#define NAME "logits_ood"

/* The classifier; DH_NO_VALUE with an error. */
static DhValue
find_classifier (const DhNet *net, GError **error)
{
  DhValue at = net->logits;
  while (dh_graph_node (net->graph, at)->op == DH_OP_RESIZE)
    at = dh_graph_node (net->graph, at)->inputs[0];
  const DhNode *node = dh_graph_node (net->graph, at);
  if (node->op == DH_OP_CONV && node->groups == 1 && node->stride == 1 && node->kernel <= 3
      && 2 * node->padding == node->dilation * (node->kernel - 1))
    return at;
  g_set_error (
      error, DH_ERROR, DH_ERROR_UNSUPPORTED,
      "there is no place for an outlier head: the class logits are made by the %s “%s”, not by a convolution "
      "of 1×1 or padded 3×3 whose features it could read; export the network with an output “logits_ood” of its own",
      dh_op_name (node->op), node->name);
  return DH_NO_VALUE;
}

/* Made as large as the class logits are, by the same steps. */
static DhValue
enlarge (const DhNet *net, DhValue logits, DhValue from, DhValue x)
{
  if (logits == from)
    return x;
  const DhNode *node = dh_graph_node (net->graph, logits);
  const DhValue like = node->like;
  const gboolean nearest = node->nearest, align_corners = node->align_corners;
  const gint factor = node->factor;
  const double factors[2] = { node->factors[0], node->factors[1] };
  x = enlarge (net, node->inputs[0], from, x);
  if (nearest)
    return dh_graph_resize_nearest (net->graph, x, like, factor);
  return factors[0] > 0 ? dh_graph_resize_by (net->graph, x, like, factors)
                        : dh_graph_resize (net->graph, x, like, align_corners);
}

static gboolean
add_zeros (DhTensorDict *tensors, const char *head, const char *suffix, guint n_dims, const gint64 *dims,
           GError **error)
{
  DhTensor *tensor = dh_tensor_new_f32 (n_dims, dims);
  if (!tensor)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights");
      return FALSE;
    }
  g_autofree char *name = g_strconcat (head, suffix, NULL);
  dh_tensor_dict_take (tensors, name, tensor);
  return TRUE;
}

/* A head that the file has, and that none of its outputs is, may be called so. */
static gboolean
is_taken (DhTensorDict *tensors, const char *head)
{
  g_autofree char *weight = g_strconcat (head, ".weight", NULL), *bias = g_strconcat (head, ".bias", NULL);
  return dh_tensor_dict_get (tensors, weight) || dh_tensor_dict_get (tensors, bias);
}

DhNet *
dh_onnx_net_with_head (DhNet *net, DhTensorDict *tensors, GError **error)
{
  g_return_val_if_fail (net != NULL && net->architecture.family == DH_FAMILY_FOREIGN && tensors != NULL, NULL);
  if (net->logits_ood != DH_NO_VALUE)
    return dh_net_ref (net);
  const DhValue classifier = find_classifier (net, error);
  if (classifier == DH_NO_VALUE)
    return NULL;
  const DhValue features = dh_graph_node (net->graph, classifier)->inputs[0];
  const gint64 weight[] = { 2, dh_graph_node (net->graph, features)->channels, 1, 1 }, bias = 2;
  g_autoptr (GString) name = g_string_new (NAME);
  while (is_taken (tensors, name->str))
    g_string_append_c (name, '_');
  if (!add_zeros (tensors, name->str, ".weight", 4, weight, error)
      || !add_zeros (tensors, name->str, ".bias", 1, &bias, error))
    return NULL;
  const DhConv conv = { .out = 2, .kernel = 1, .bias = TRUE };
  const DhValue small = dh_graph_conv (net->graph, features, name->str, conv);
  const DhValue outliers = enlarge (net, net->logits, classifier, small);
  return dh_net_new_foreign (net->graph, net->input, net->logits, outliers);
}
