#include "dh-match-private.h"

#include <string.h>

void
dh_key_comparison_clear (DhKeyComparison *comparison)
{
  g_clear_pointer (&comparison->missing, g_ptr_array_unref);
  g_clear_pointer (&comparison->misshaped, g_ptr_array_unref);
  g_clear_pointer (&comparison->unexpected, g_ptr_array_unref);
  g_clear_pointer (&comparison->defaulted, g_ptr_array_unref);
}

const char *
dh_normalisation_of (DhFamily family)
{
  return family == DH_FAMILY_LDN ? "none: the network takes RGB in [0, 1]"
                                 : "inside the network: ImageNet mean and deviation of RGB in [0, 1]";
}

/* One element stands for a scalar too: some writers store it so. */
static gboolean
same_shape (const DhNetKey *key, const DhTensor *tensor)
{
  if (key->n_dims == 0)
    return dh_tensor_count (tensor) == 1;
  return tensor->n_dims == key->n_dims && memcmp (tensor->dims, key->dims, key->n_dims * sizeof *key->dims) == 0;
}

static char *
describe_shapes (const DhNetKey *key, const DhTensor *tensor)
{
  g_autofree char *found = dh_tensor_shape_string (tensor);
  g_autoptr (GString) needed = g_string_new (key->n_dims ? NULL : "scalar");
  for (guint d = 0; d < key->n_dims; d++)
    g_string_append_printf (needed, "%s%" G_GINT64_FORMAT, d ? "×" : "", key->dims[d]);
  return g_strdup_printf ("%s (%s, needed %s)", key->name, found, needed->str);
}

void
dh_compare_keys (const DhNet *net, DhTensorDict *state, DhKeyComparison *comparison)
{
  *comparison = (DhKeyComparison){ g_ptr_array_new_with_free_func (g_free), g_ptr_array_new_with_free_func (g_free),
                                   g_ptr_array_new_with_free_func (g_free), g_ptr_array_new_with_free_func (g_free) };
  g_autoptr (GArray) keys = dh_net_list_keys (net);
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < keys->len; i++)
    {
      const DhNetKey *key = &g_array_index (keys, DhNetKey, i);
      DhTensor *tensor = dh_tensor_dict_get (state, key->name);
      g_hash_table_add (known, key->name);
      if (!tensor)
        g_ptr_array_add (key->needed ? comparison->missing : comparison->defaulted, g_strdup (key->name));
      else if (!same_shape (key, tensor))
        g_ptr_array_add (comparison->misshaped, describe_shapes (key, tensor));
    }
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    if (!g_hash_table_contains (known, dh_tensor_dict_name (state, i)))
      g_ptr_array_add (comparison->unexpected, g_strdup (dh_tensor_dict_name (state, i)));
}

gboolean
dh_has_outlier_head (DhTensorDict *state)
{
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    if (g_str_has_prefix (dh_tensor_dict_name (state, i), "logits_ood."))
      return TRUE;
  return FALSE;
}

static guint
count_problems (const DhArchitecture *architecture, DhTensorDict *state)
{
  g_autoptr (DhNet) net = dh_net_new (architecture);
  g_auto (DhKeyComparison) comparison = { NULL };
  dh_compare_keys (net, state, &comparison);
  /* Unexpected keys count: a shallower network would fit a file that lacks a layer in the middle. */
  return comparison.missing->len + comparison.misshaped->len + comparison.unexpected->len;
}

gint
dh_read_classes (DhTensorDict *state, DhFamily family)
{
  DhTensor *final = dh_tensor_dict_get (state, family == DH_FAMILY_LDN ? "logits.conv.weight" : "final.6.weight");
  return final && final->n_dims == 4 && final->dims[0] >= 2 && final->dims[0] <= 255 ? (gint) final->dims[0] : 0;
}

gboolean
dh_match_network (DhTensorDict *state, DhArchitecture *architecture, GError **error)
{
  GError *why = NULL;
  guint fewest = G_MAXUINT;
  gboolean published = FALSE;
  DhArchitecture best;
  if (dh_architecture_recognise (state, &best, &why))
    {
      best.outlier_head = dh_has_outlier_head (state);
      fewest = count_problems (&best, state);
    }
  const gboolean ladder = dh_tensor_dict_get (state, "backbone.features.conv0.weight") != NULL;
  if (fewest > 0 && (ladder || dh_tensor_dict_get (state, "mod1.conv1.weight")))
    {
      const DhFamily family = ladder ? DH_FAMILY_LDN : DH_FAMILY_DLV3P;
      for (const char *const *name = dh_architecture_names (); *name; name++)
        {
          DhArchitecture other;
          if (!dh_architecture_from_name (*name, dh_read_classes (state, family), &other, NULL)
              || other.family != family || other.outlier_head != dh_has_outlier_head (state))
            continue;
          const guint problems = count_problems (&other, state);
          if (problems < fewest || (problems == fewest && !published))
            {
              fewest = problems;
              best = other;
              published = TRUE;
            }
        }
    }
  if (fewest == G_MAXUINT)
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_clear_error (&why);
  *architecture = best;
  return TRUE;
}
