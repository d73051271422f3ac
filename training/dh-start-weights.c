#include "dh-start-weights.h"

#include <string.h>

#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-model.h"

#define BACKBONE "backbone."

/* The names that torchvision's own files have: "norm.1" for "norm1", but in transitions, where neither is. */
static char *
new_name (const char *name)
{
  static const char *const parts[][2] = { { ".norm.", ".norm" }, { ".conv.", ".conv" } };
  g_autofree char *now = g_strdup (name);
  for (guint i = 0; i < G_N_ELEMENTS (parts) && !strstr (name, "transition"); i++)
    {
      char *at = strstr (now, parts[i][0]);
      const gsize length = strlen (parts[i][0]);
      if (at && g_ascii_isdigit (at[length]))
        memmove (at + length - 1, at + length, strlen (at + length) + 1);
    }
  return g_strconcat (BACKBONE, now, NULL);
}

static gboolean
fits (const DhNetKey *key, const DhTensor *tensor)
{
  if (tensor->dtype > DH_DTYPE_F64 || tensor->n_dims != key->n_dims)
    return FALSE;
  for (guint d = 0; d < key->n_dims; d++)
    if (tensor->dims[d] != key->dims[d])
      return FALSE;
  return TRUE;
}

/* Puts the file's tensors where the ladder's backbone has its own; every one of these must be there. */
static gboolean
take_backbone (const DhNet *net, DhTensorDict *state, DhTensorDict *from, const char *path, GError **error)
{
  g_autoptr (GHashTable) found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < dh_tensor_dict_size (from); i++)
    g_hash_table_insert (found, new_name (dh_tensor_dict_name (from, i)), dh_tensor_dict_at (from, i));
  g_autoptr (GArray) keys = dh_net_list_keys (net);
  for (guint i = 0; i < keys->len; i++)
    {
      const DhNetKey *key = &g_array_index (keys, DhNetKey, i);
      if (!g_str_has_prefix (key->name, BACKBONE) || key->dtype != DH_DTYPE_F32)
        continue;
      DhTensor *tensor = g_hash_table_lookup (found, key->name);
      if (!tensor || !fits (key, tensor))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: a DenseNet whose “%s” is %s; use densenet121's file",
                       path, key->name + strlen (BACKBONE), tensor ? "of another shape" : "missing");
          return FALSE;
        }
      dh_tensor_dict_take (state, key->name, dh_tensor_ref (tensor));
    }
  return TRUE;
}

static DhTensorDict *
load_backbone (const DhNet *net, DhCheckpoint *checkpoint, const char *path, guint64 seed, char **title, GError **error)
{
  g_autoptr (DhTensorDict) state = dh_net_new_fresh (net, "", seed);
  if (!state)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights");
      return NULL;
    }
  if (!take_backbone (net, state, dh_checkpoint_state (checkpoint), path, error))
    return NULL;
  if (title)
    *title = g_strdup ("densenet121");
  return g_steal_pointer (&state);
}

DhTensorDict *
dh_start_weights_load (const DhNet *net, const char *path, guint64 seed, DhStartKind *kind, char **title,
                       GError **error)
{
  DhStartKind ignored;
  kind = kind ? kind : &ignored;
  *kind = DH_START_FRESH;
  if (title)
    *title = NULL;
  if (!path)
    {
      DhTensorDict *state = dh_net_new_fresh (net, "", seed);
      if (!state)
        g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights");
      return state;
    }
  const DhArchitecture *architecture = &net->architecture;
  if (dh_model_is_foreign (path))
    {
      g_autofree char *name = g_filename_display_name (path);
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "%s: a network as ONNX brings its own graph, and these are to be weights of %s", name,
                   dh_architecture_name (architecture));
      return NULL;
    }
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (path, error);
  if (!checkpoint)
    return NULL;
  *kind = DH_START_BACKBONE;
  if (architecture->family == DH_FAMILY_LDN
      && dh_tensor_dict_get (dh_checkpoint_state (checkpoint), "features.conv0.weight"))
    return load_backbone (net, checkpoint, path, seed, title, error);

  const DhModelOptions plain = { .classes = architecture->classes };
  const DhModelOptions fresh = { .classes = architecture->classes, .fresh_outlier_head = architecture->outlier_head };
  g_autoptr (DhModel) model = dh_model_load (path, &plain, error);
  if (!model)
    return NULL;
  *kind = architecture->outlier_head && !dh_model_has_outlier_head (model) ? DH_START_FRESH_HEAD : DH_START_WHOLE;
  if (title)
    *title = g_strdup (dh_model_title (model));
  if (*kind == DH_START_FRESH_HEAD)
    {
      dh_model_unref (model);
      model = dh_model_load (path, &fresh, error);
    }
  if (model && architecture->outlier_head == dh_model_has_outlier_head (model)
      && !g_str_equal (dh_model_architecture (model), dh_architecture_name (architecture)))
    {
      g_autofree char *name = g_filename_display_name (path);
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s: these are weights of %s, and %s is to be trained; choose that network, or other weights", name,
                   dh_model_architecture (model), dh_architecture_name (architecture));
      return NULL;
    }
  g_autoptr (DhTensorDict) state = model ? dh_model_dup_state (model, error) : NULL;
  return state && dh_net_check_keys (net, state, error) ? g_steal_pointer (&state) : NULL;
}
