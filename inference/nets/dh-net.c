#include "dh-nets-private.h"

#include <string.h>

#include "dh-error.h"

static void
add_scores (DhNet *net)
{
  for (DhMap map = 0; map < DH_N_MAPS; map++)
    {
      const gboolean missing = dh_map_needs_ood (map) && net->logits_ood == DH_NO_VALUE;
      net->maps[map] = missing ? DH_NO_VALUE : dh_graph_score (net->graph, map, net->logits, net->logits_ood);
    }
}

DhNet *
dh_net_new (const DhArchitecture *architecture)
{
  g_return_val_if_fail (architecture != NULL && architecture->family < DH_N_FAMILIES, NULL);
  g_return_val_if_fail (architecture->classes >= 2 && architecture->classes <= 255, NULL);
  DhNet *net = g_new0 (DhNet, 1);
  g_atomic_ref_count_init (&net->refs);
  net->architecture = *architecture;
  net->graph = dh_graph_new ();
  net->coarse_ood = net->logits_ood = DH_NO_VALUE;
  if (architecture->family == DH_FAMILY_LDN)
    dh_ldn_build (net);
  else
    dh_dlv3p_build (net);
  add_scores (net);
  return net;
}

DhNet *
dh_net_new_foreign (DhGraph *graph, DhValue input, DhValue logits, DhValue logits_ood)
{
  g_return_val_if_fail (graph != NULL && logits != DH_NO_VALUE, NULL);
  DhNet *net = g_new0 (DhNet, 1);
  g_atomic_ref_count_init (&net->refs);
  net->architecture.family = DH_FAMILY_FOREIGN;
  net->architecture.classes = dh_graph_node (graph, logits)->channels;
  net->architecture.outlier_head = logits_ood != DH_NO_VALUE;
  net->graph = dh_graph_ref (graph);
  net->input = input;
  net->coarse = net->logits = logits;
  net->coarse_ood = net->logits_ood = logits_ood;
  add_scores (net);
  return net;
}

DhNet *
dh_net_ref (DhNet *net)
{
  g_return_val_if_fail (net != NULL, NULL);
  g_atomic_ref_count_inc (&net->refs);
  return net;
}

void
dh_net_unref (DhNet *net)
{
  if (!net || !g_atomic_ref_count_dec (&net->refs))
    return;
  dh_graph_unref (net->graph);
  g_free (net);
}

static void
clear_key (gpointer data)
{
  g_free (((DhNetKey *)data)->name);
}

static void
add_key (GArray *keys, const char *prefix, const char *suffix, guint n_dims, const gint64 *dims, gboolean needed,
         gboolean trained)
{
  DhNetKey key = { .name = g_strconcat (prefix, suffix, NULL),
                   .dtype = n_dims ? DH_DTYPE_F32 : DH_DTYPE_I64,
                   .n_dims = n_dims,
                   .needed = needed,
                   .trained = trained };
  for (guint i = 0; i < n_dims; i++)
    key.dims[i] = dims[i];
  g_array_append_val (keys, key);
}

/* The ladder's auxiliary head beside a blend_conv of so many input channels. */
static void
add_auxiliary (GArray *keys, const char *blend, gint64 channels)
{
  g_autofree char *prefix = g_strndup (blend, strlen (blend) - strlen ("blend_conv.conv.weight"));
  const gint64 weight[] = { 1, channels, 1, 1 }, one = 1;
  add_key (keys, prefix, "logits_aux.norm.weight", 1, &channels, FALSE, TRUE);
  add_key (keys, prefix, "logits_aux.norm.bias", 1, &channels, FALSE, TRUE);
  add_key (keys, prefix, "logits_aux.norm.running_mean", 1, &channels, FALSE, FALSE);
  add_key (keys, prefix, "logits_aux.norm.running_var", 1, &channels, FALSE, FALSE);
  add_key (keys, prefix, "logits_aux.norm.num_batches_tracked", 0, NULL, FALSE, FALSE);
  add_key (keys, prefix, "logits_aux.conv.weight", 4, weight, FALSE, TRUE);
  add_key (keys, prefix, "logits_aux.conv.bias", 1, &one, FALSE, TRUE);
}

/* The networks make their nodes in the order of the reference's modules, so that its keys come in the graph's order. */
GArray *
dh_net_list_keys (const DhNet *net)
{
  g_return_val_if_fail (net != NULL, NULL);
  g_autoptr (GArray) parameters = dh_graph_list_parameters (net->graph, NULL, 0);
  GArray *keys = g_array_new (FALSE, FALSE, sizeof (DhNetKey));
  g_array_set_clear_func (keys, clear_key);
  const gboolean known = net->architecture.family < DH_N_FAMILIES;
  for (guint i = 0; i < parameters->len; i++)
    {
      const DhParameter *parameter = &g_array_index (parameters, DhParameter, i);
      add_key (keys, parameter->name, "", parameter->n_dims, parameter->dims, TRUE, parameter->trained);
      if (known && g_str_has_suffix (parameter->name, ".running_var"))
        {
          g_autofree char *prefix = g_strndup (parameter->name, strlen (parameter->name) - strlen ("running_var"));
          add_key (keys, prefix, "num_batches_tracked", 0, NULL, FALSE, FALSE);
        }
      if (known && g_str_has_suffix (parameter->name, ".blend_conv.conv.weight"))
        add_auxiliary (keys, parameter->name, parameter->dims[1]);
    }
  return keys;
}

static gboolean
same_shape (const DhNetKey *key, const DhTensor *tensor)
{
  if (tensor->n_dims != key->n_dims)
    /* Some writers store a scalar as one element. */
    return key->n_dims == 0 && dh_tensor_count (tensor) == 1;
  for (guint i = 0; i < key->n_dims; i++)
    if (tensor->dims[i] != key->dims[i])
      return FALSE;
  return TRUE;
}

static void
describe_shape (GString *text, const DhNetKey *key)
{
  for (guint i = 0; i < key->n_dims; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i ? "×" : "", key->dims[i]);
  if (key->n_dims == 0)
    g_string_append (text, "scalar");
}

/* Adds to a list of at most three. */
static void
list_key (GString *text, guint number, const char *name)
{
  if (number <= 3)
    g_string_append_printf (text, "%s%s", number > 1 ? ", " : "", name);
  else if (number == 4)
    g_string_append (text, ", …");
}

gboolean
dh_net_check_keys (const DhNet *net, DhTensorDict *dict, GError **error)
{
  g_return_val_if_fail (net != NULL && dict != NULL, FALSE);
  g_autoptr (GArray) keys = dh_net_list_keys (net);
  g_autoptr (GString) missing = g_string_new (NULL), wrong = g_string_new (NULL), text = g_string_new (NULL);
  guint n_missing = 0, n_wrong = 0;
  for (guint i = 0; i < keys->len; i++)
    {
      const DhNetKey *key = &g_array_index (keys, DhNetKey, i);
      DhTensor *tensor = dh_tensor_dict_get (dict, key->name);
      if (!tensor && key->needed)
        list_key (missing, ++n_missing, key->name);
      if (!tensor || same_shape (key, tensor))
        continue;
      g_autofree char *found = dh_tensor_shape_string (tensor);
      g_autoptr (GString) entry = g_string_new (key->name);
      g_string_append_printf (entry, " (%s, needed ", found);
      describe_shape (entry, key);
      g_string_append_c (entry, ')');
      list_key (wrong, ++n_wrong, entry->str);
    }
  if (n_missing == 0 && n_wrong == 0)
    return TRUE;

  g_string_append_printf (text, "The weights do not fit %s with %d classes", dh_architecture_name (&net->architecture),
                          net->architecture.classes);
  if (n_missing)
    g_string_append_printf (text, "; %u missing: %s", n_missing, missing->str);
  if (n_wrong)
    g_string_append_printf (text, "; %u of another shape: %s", n_wrong, wrong->str);
  g_set_error_literal (error, DH_ERROR, DH_ERROR_MISMATCH, text->str);
  return FALSE;
}

gint64
dh_net_parameter_count (const DhNet *net)
{
  g_return_val_if_fail (net != NULL, 0);
  g_autoptr (GArray) parameters = dh_graph_list_parameters (net->graph, NULL, 0);
  gint64 count = 0;
  for (guint i = 0; i < parameters->len; i++)
    {
      const DhParameter *parameter = &g_array_index (parameters, DhParameter, i);
      if (parameter->trained)
        count += dh_shape_count (parameter->n_dims, parameter->dims, 1);
    }
  return count;
}

char **
dh_net_list_trained (const DhNet *net)
{
  g_return_val_if_fail (net != NULL, NULL);
  const DhValue outputs[2] = { net->logits, net->logits_ood };
  g_autoptr (GArray) list = dh_graph_list_parameters (net->graph, outputs, net->logits_ood == DH_NO_VALUE ? 1 : 2);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; i < list->len; i++)
    if (g_array_index (list, DhParameter, i).trained)
      g_strv_builder_add (names, g_array_index (list, DhParameter, i).name);
  return g_strv_builder_end (names);
}
