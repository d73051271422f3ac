#include "dh-onnx-head.h"

#include "dh-error.h"

#define NAME "logits_ood"

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

/* A value of the class logits → that of the outlier logits. */
typedef struct
{
  const DhNet *net;
  DhTensorDict *tensors;
  GHashTable *made; /* DhValue + 1 → that + 1 */
} Head;

/* A 1×1 convolution on what a classifier reads; DH_NO_VALUE with an error. */
static DhValue
add_convolution (const Head *head, DhValue classifier, GError **error)
{
  const DhValue features = dh_graph_node (head->net->graph, classifier)->inputs[0];
  const gint64 weight[] = { 2, dh_graph_node (head->net->graph, features)->channels, 1, 1 }, bias = 2;
  g_autoptr (GString) name = g_string_new (NAME);
  while (is_taken (head->tensors, name->str))
    g_string_append_c (name, '_');
  if (!add_zeros (head->tensors, name->str, ".weight", 4, weight, error)
      || !add_zeros (head->tensors, name->str, ".bias", 1, &bias, error))
    return DH_NO_VALUE;
  return dh_graph_conv (head->net->graph, features, name->str, (DhConv){ .out = 2, .kernel = 1, .bias = TRUE });
}

static DhValue
add_resize (const Head *head, const DhNode *node, DhValue x)
{
  DhGraph *graph = head->net->graph;
  if (node->nearest)
    return dh_graph_resize_nearest (graph, x, node->like, node->factor);
  return node->factors[0] > 0 ? dh_graph_resize_by (graph, x, node->like, node->factors)
                              : dh_graph_resize (graph, x, node->like, node->align_corners);
}

static DhValue add_beside (const Head *head, DhValue at, GError **error);

/* By the same steps as `at`, which the class logits are or are made of; DH_NO_VALUE with an error. */
static DhValue
make_beside (const Head *head, DhValue at, GError **error)
{
  const DhNode node = *dh_graph_node (head->net->graph, at); /* nodes move as the graph grows */
  const DhValue a = node.n_inputs > 0 ? node.inputs[0] : DH_NO_VALUE;
  const DhValue b = node.n_inputs > 1 ? node.inputs[1] : DH_NO_VALUE;
  if (node.op == DH_OP_CONV && node.groups == 1 && node.stride == 1 && node.kernel <= 3
      && 2 * node.padding == node.dilation * (node.kernel - 1))
    return add_convolution (head, at, error);
  if (node.op == DH_OP_RESIZE)
    {
      const DhValue x = add_beside (head, a, error);
      return x == DH_NO_VALUE ? x : add_resize (head, &node, x);
    }
  if (node.op == DH_OP_ADD)
    {
      const DhValue x = add_beside (head, a, error), y = x == DH_NO_VALUE ? x : add_beside (head, b, error);
      return y == DH_NO_VALUE ? y : dh_graph_add (head->net->graph, x, y);
    }
  g_set_error (
      error, DH_ERROR, DH_ERROR_UNSUPPORTED,
      "there is no place for an outlier head: the class logits are made by the %s “%s”, not by a convolution "
      "of 1×1 or padded 3×3 whose features it could read; export the network with an output “logits_ood” of its own",
      dh_op_name (node.op), node.name);
  return DH_NO_VALUE;
}

/* Each value once, however many sums read it. */
static DhValue
add_beside (const Head *head, DhValue at, GError **error)
{
  const gint known = GPOINTER_TO_INT (g_hash_table_lookup (head->made, GINT_TO_POINTER (at + 1)));
  if (known > 0)
    return known - 1;
  const DhValue made = make_beside (head, at, error);
  g_hash_table_insert (head->made, GINT_TO_POINTER (at + 1), GINT_TO_POINTER (made + 1));
  return made;
}

DhNet *
dh_onnx_net_with_head (DhNet *net, DhTensorDict *tensors, GError **error)
{
  g_return_val_if_fail (net != NULL && net->architecture.family == DH_FAMILY_FOREIGN && tensors != NULL, NULL);
  if (net->logits_ood != DH_NO_VALUE)
    return dh_net_ref (net);
  g_autoptr (GHashTable) made = g_hash_table_new (NULL, NULL);
  const DhValue outliers = add_beside (&(Head){ net, tensors, made }, net->logits, error);
  if (outliers == DH_NO_VALUE)
    return NULL;
  return dh_net_new_foreign (net->graph, net->input, net->logits, outliers);
}
