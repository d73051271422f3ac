#include "dh-inspection.h"

#include <math.h>

#include "dh-checkpoint.h"
#include "dh-match-private.h"
#include "dh-model-foreign-private.h"

static char **
steal_strings (GPtrArray *strings)
{
  g_ptr_array_add (strings, NULL);
  return (char **)g_ptr_array_steal (strings, NULL);
}

static gint64
count_numbers (DhTensorDict *state)
{
  gint64 count = 0;
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    count += dh_tensor_count (dh_tensor_dict_at (state, i));
  return count;
}

static gboolean
is_finite (DhTensor *tensor)
{
  if (tensor->dtype != DH_DTYPE_F32 && tensor->dtype != DH_DTYPE_F16 && tensor->dtype != DH_DTYPE_BF16
      && tensor->dtype != DH_DTYPE_F64)
    return TRUE;
  g_autoptr (DhTensor) wide = dh_tensor_to_f32 (tensor);
  const float *values = wide ? dh_tensor_f32 (wide) : NULL;
  for (gint64 i = 0; values && i < dh_tensor_count (wide); i++)
    if (!isfinite (values[i]))
      return FALSE;
  return TRUE;
}

/* What a training leaves that has diverged: it loads, and every map is NaN. */
static char **
list_non_finite (DhTensorDict *state)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    if (!is_finite (dh_tensor_dict_at (state, i)))
      g_ptr_array_add (keys, g_strdup (dh_tensor_dict_name (state, i)));
  return steal_strings (keys);
}

static void
compare (DhInspection *inspection, DhTensorDict *state)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_auto (DhKeyComparison) comparison = { NULL };
  if (!dh_match_network (state, &architecture, &error))
    {
      inspection->why_not = g_strdup (error->message);
      inspection->parameters = count_numbers (state);
      inspection->missing = g_new0 (char *, 1);
      inspection->unexpected = g_new0 (char *, 1);
      inspection->misshaped = g_new0 (char *, 1);
      inspection->defaulted = g_new0 (char *, 1);
      return;
    }
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  dh_compare_keys (net, state, &comparison);
  inspection->architecture = g_strdup (dh_architecture_name (&architecture));
  inspection->classes = architecture.classes;
  inspection->outlier_head = architecture.outlier_head;
  inspection->parameters = dh_net_parameter_count (net);
  inspection->normalisation = g_strdup (dh_normalisation_of (architecture.family));
  inspection->missing = steal_strings (comparison.missing);
  inspection->unexpected = steal_strings (comparison.unexpected);
  inspection->misshaped = steal_strings (comparison.misshaped);
  inspection->defaulted = steal_strings (comparison.defaulted);
}

/* A network of its own has the keys that it needs. */
static DhInspection *
inspect_foreign (const char *path, gboolean with_sha256, GError **error)
{
  g_auto (DhForeign) foreign = { NULL };
  g_autoptr (GError) why = NULL;
  if (!dh_foreign_load (path, &foreign, &why) && !foreign.onnx)
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return NULL;
    }
  DhInspection *inspection = g_new0 (DhInspection, 1);
  inspection->path = g_strdup (path);
  inspection->container = "onnx";
  inspection->wrapper = g_strdup ("");
  inspection->prefix = g_strdup ("");
  inspection->n_tensors = dh_tensor_dict_size (foreign.onnx->constants);
  inspection->missing = g_new0 (char *, 1);
  inspection->unexpected = g_new0 (char *, 1);
  inspection->misshaped = g_new0 (char *, 1);
  inspection->defaulted = g_new0 (char *, 1);
  if (foreign.net)
    {
      inspection->architecture = g_strdup (dh_architecture_name (&foreign.net->architecture));
      inspection->classes = foreign.net->architecture.classes;
      inspection->class_names = g_strdupv (foreign.classes);
      inspection->outlier_head = foreign.net->architecture.outlier_head;
      inspection->parameters = dh_net_parameter_count (foreign.net);
      inspection->normalisation = g_strdup (foreign.normalisation);
    }
  else
    {
      inspection->why_not = g_strdup (why->message);
      inspection->parameters = count_numbers (foreign.onnx->constants);
    }
  inspection->sha256 = with_sha256 ? g_strdup (foreign.sha256) : NULL;
  inspection->non_finite = with_sha256 ? list_non_finite (foreign.onnx->constants) : g_new0 (char *, 1);
  return inspection;
}

DhInspection *
dh_inspect (const char *path, gboolean with_sha256, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  if (dh_foreign_is (path))
    return inspect_foreign (path, with_sha256, error);

  DhCheckpoint *checkpoint = dh_checkpoint_open (path, error);
  return checkpoint ? dh_inspect_take (checkpoint, path, with_sha256) : NULL;
}

DhInspection *
dh_inspect_take (DhCheckpoint *taken, const char *path, gboolean with_sha256)
{
  g_return_val_if_fail (taken != NULL && path != NULL, NULL);

  g_autoptr (DhCheckpoint) checkpoint = taken;
  DhTensorDict *state = dh_checkpoint_state (checkpoint);
  DhInspection *inspection = g_new0 (DhInspection, 1);
  inspection->path = g_strdup (path);
  inspection->container = dh_container_name (dh_checkpoint_container (checkpoint));
  inspection->wrapper = g_strdup (dh_checkpoint_wrapper (checkpoint));
  inspection->prefix = g_strdup (dh_checkpoint_prefix (checkpoint));
  inspection->n_tensors = dh_tensor_dict_size (state);
  compare (inspection, state);
  if (with_sha256)
    inspection->sha256 = g_strdup (dh_checkpoint_sha256 (checkpoint));
  inspection->non_finite = with_sha256 ? list_non_finite (state) : g_new0 (char *, 1);
  return inspection;
}

void
dh_inspection_free (DhInspection *inspection)
{
  if (!inspection)
    return;
  g_free (inspection->path);
  g_free (inspection->wrapper);
  g_free (inspection->prefix);
  g_free (inspection->architecture);
  g_free (inspection->why_not);
  g_free (inspection->normalisation);
  g_strfreev (inspection->class_names);
  g_strfreev (inspection->missing);
  g_strfreev (inspection->unexpected);
  g_strfreev (inspection->misshaped);
  g_strfreev (inspection->defaulted);
  g_free (inspection->sha256);
  g_strfreev (inspection->non_finite);
  g_free (inspection);
}

gboolean
dh_inspection_is_loadable (const DhInspection *inspection)
{
  g_return_val_if_fail (inspection != NULL, FALSE);
  return inspection->architecture && !inspection->missing[0] && !inspection->misshaped[0];
}
