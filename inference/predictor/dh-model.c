#include "dh-model.h"

#include <string.h>

#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-match-private.h"
#include "dh-model-foreign-private.h"
#include "dh-model-net.h"

struct _DhModel
{
  gatomicrefcount refs;
  char *path;               /* NULL: from memory */
  DhCheckpoint *checkpoint; /* NULL: seeded, or foreign */
  DhNet *net;
  DhTensorDict *tensors; /* of the network's keys, those that are there */
  char *title;
  char *normalisation; /* of a foreign one */
  gboolean assumed;    /* that */
  char **class_names;  /* of a foreign one; or NULL */
  char *sha256;        /* of one without a checkpoint */
  char **unexpected;
};

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, DH_ERROR, DH_ERROR_MISMATCH, message);
  return FALSE;
}

/* Whether the network that was asked for by name is another one than the weights are of. */
static gboolean
check_name (DhTensorDict *state, const DhArchitecture *asked, const DhArchitecture *found, GError **error)
{
  DhArchitecture same_head = *found;
  same_head.outlier_head = asked->outlier_head;
  const char *asked_name = dh_architecture_name (asked);
  if (g_str_equal (dh_architecture_name (&same_head), asked_name))
    return TRUE;
  g_autoptr (DhNet) net = dh_net_new (found);
  if (!dh_net_check_keys (net, state, NULL))
    return TRUE; /* incomplete whatever it is: what is missing says more */
  return fail (error,
               "the weights are those of %s with %d classes, not of %s: leave the network's name out, or choose "
               "other weights",
               dh_architecture_name (found), found->classes, asked_name);
}

/* The network to load the weights into: the one asked for, else the one recognised. */
static gboolean
choose_network (DhTensorDict *state, const DhModelOptions *options, DhArchitecture *chosen, GError **error)
{
  DhArchitecture found, asked;
  GError *why = NULL;
  const gboolean known = dh_match_network (state, &found, &why);
  if (!known && !options->architecture)
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_clear_error (&why);
  if (options->architecture)
    {
      const gint classes = options->classes ? options->classes : known ? found.classes : 0;
      if (!dh_architecture_from_name (options->architecture, classes, &asked, error)
          || (known && !check_name (state, &asked, &found, error)))
        return FALSE;
    }
  if (known && options->classes && options->classes != found.classes && dh_read_classes (state, found.family))
    return fail (error, "the weights tell %d classes apart, not %d: give that number, or choose other weights",
                 found.classes, options->classes);
  *chosen = options->architecture ? asked : found;
  if (options->fresh_outlier_head)
    chosen->outlier_head = TRUE;
  if (chosen->outlier_head && !options->fresh_outlier_head && !dh_has_outlier_head (state))
    return fail (error,
                 "the weights have no outlier head (logits_ood.*), so they are of %s-closed: choose that, or ask "
                 "for a fresh outlier head, which must be trained before it is of use",
                 options->architecture);
  return TRUE;
}

/* Whether every key of the outlier head is there in its shape. */
static gboolean
head_is_whole (const DhNet *net, DhTensorDict *state)
{
  g_auto (DhKeyComparison) comparison = { NULL };
  dh_compare_keys (net, state, &comparison);
  for (guint i = 0; i < comparison.missing->len; i++)
    if (g_str_has_prefix (comparison.missing->pdata[i], "logits_ood."))
      return FALSE;
  for (guint i = 0; i < comparison.misshaped->len; i++)
    if (g_str_has_prefix (comparison.misshaped->pdata[i], "logits_ood."))
      return FALSE;
  return TRUE;
}

/* A copy of the state dict with a freshly initialised outlier head in place of what there is of one. */
static DhTensorDict *
renew_head (const DhNet *net, DhTensorDict *state, GError **error)
{
  g_autoptr (DhTensorDict) head = dh_net_new_fresh (net, "logits_ood.", 0);
  if (!head)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a fresh outlier head");
      return NULL;
    }
  DhTensorDict *renewed = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    if (!g_str_has_prefix (dh_tensor_dict_name (state, i), "logits_ood."))
      dh_tensor_dict_take (renewed, dh_tensor_dict_name (state, i), dh_tensor_ref (dh_tensor_dict_at (state, i)));
  for (guint i = 0; i < dh_tensor_dict_size (head); i++)
    dh_tensor_dict_take (renewed, dh_tensor_dict_name (head, i), dh_tensor_ref (dh_tensor_dict_at (head, i)));
  return renewed;
}

/* The network's own keys out of the state dict, in the network's order. */
static DhTensorDict *
pick_tensors (const DhNet *net, DhTensorDict *state, GError **error)
{
  g_autoptr (GArray) keys = dh_net_list_keys (net);
  g_autoptr (DhTensorDict) picked = dh_tensor_dict_new ();
  for (guint i = 0; i < keys->len; i++)
    {
      const DhNetKey *key = &g_array_index (keys, DhNetKey, i);
      DhTensor *tensor = dh_tensor_dict_get (state, key->name);
      if (!tensor)
        continue;
      if (key->needed && tensor->dtype > DH_DTYPE_F64)
        {
          fail (error, "%s holds elements of type %s, not real numbers", key->name, dh_dtype_name (tensor->dtype));
          return NULL;
        }
      dh_tensor_dict_take (picked, key->name, dh_tensor_ref (tensor));
    }
  return g_steal_pointer (&picked);
}

static char *
make_title (const DhNet *net, gboolean fresh_head)
{
  return g_strdup_printf ("%s, %d classes%s", dh_architecture_name (&net->architecture), net->architecture.classes,
                          fresh_head ? ", fresh outlier head" : "");
}

static gboolean
fill (DhModel *model, DhTensorDict *state, const DhModelOptions *options, GError **error)
{
  DhArchitecture architecture;
  if (!choose_network (state, options, &architecture, error))
    return FALSE;
  model->net = dh_net_new (&architecture);
  const gboolean fresh = options->fresh_outlier_head && !head_is_whole (model->net, state);
  g_autoptr (DhTensorDict) whole = fresh ? renew_head (model->net, state, error) : dh_tensor_dict_ref (state);
  if (!whole || !dh_net_check_keys (model->net, whole, error)
      || !(model->tensors = pick_tensors (model->net, whole, error)))
    return FALSE;
  g_auto (DhKeyComparison) comparison = { NULL };
  dh_compare_keys (model->net, whole, &comparison);
  g_ptr_array_add (comparison.unexpected, NULL);
  model->unexpected = (char **)g_ptr_array_steal (comparison.unexpected, NULL);
  model->title = make_title (model->net, fresh);
  return TRUE;
}

static DhModel *
load (DhCheckpoint *checkpoint, const DhModelOptions *options, GError **error)
{
  static const DhModelOptions none = { 0 };
  g_autoptr (DhModel) model = g_new0 (DhModel, 1);
  g_atomic_ref_count_init (&model->refs);
  model->checkpoint = dh_checkpoint_ref (checkpoint);
  if (fill (model, dh_checkpoint_state (checkpoint), options ? options : &none, error))
    return g_steal_pointer (&model);
  g_prefix_error (error, "%s: ", dh_checkpoint_name (checkpoint));
  return NULL;
}

/* A network that somebody else has built. */
static DhModel *
load_foreign (const char *path, const DhModelOptions *options, GError **error)
{
  g_auto (DhForeign) foreign = { NULL };
  if (!dh_foreign_load (path, &foreign, error))
    return NULL;
  const DhArchitecture *found = &foreign.net->architecture;
  if (options && options->architecture && !g_str_equal (options->architecture, dh_architecture_name (found)))
    fail (error, "%s: an ONNX file brings its own network with it, which is no %s: leave the network's name out", path,
          options->architecture);
  else if (options && options->classes && options->classes != found->classes)
    fail (error, "%s: the network tells %d classes apart, not %d", path, found->classes, options->classes);
  else if (options && options->fresh_outlier_head)
    fail (error, "%s: a network that was read from ONNX gets no outlier head, for it cannot be trained here", path);
  else
    {
      DhModel *model = g_new0 (DhModel, 1);
      g_atomic_ref_count_init (&model->refs);
      model->path = g_strdup (path);
      model->net = g_steal_pointer (&foreign.net);
      model->tensors = g_steal_pointer (&foreign.tensors);
      model->normalisation = g_steal_pointer (&foreign.normalisation);
      model->assumed = foreign.assumed;
      model->class_names = g_steal_pointer (&foreign.classes);
      model->sha256 = g_steal_pointer (&foreign.sha256);
      model->title = make_title (model->net, FALSE);
      model->unexpected = g_new0 (char *, 1);
      return model;
    }
  return NULL;
}

DhModel *
dh_model_load (const char *path, const DhModelOptions *options, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  if (dh_foreign_is (path))
    return load_foreign (path, options, error);

  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (path, error);
  DhModel *model = checkpoint ? load (checkpoint, options, error) : NULL;
  if (model)
    model->path = g_strdup (path);
  return model;
}

DhModel *
dh_model_load_bytes (GBytes *bytes, const char *name, const DhModelOptions *options, GError **error)
{
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open_bytes (bytes, name, error);
  return checkpoint ? load (checkpoint, options, error) : NULL;
}

DhModel *
dh_model_new_seeded (const char *architecture_name, gint classes, guint64 seed, double gain, GError **error)
{
  g_return_val_if_fail (architecture_name != NULL, NULL);

  DhArchitecture architecture;
  if (!dh_architecture_from_name (architecture_name, classes, &architecture, error))
    return NULL;
  g_autoptr (DhModel) model = g_new0 (DhModel, 1);
  g_atomic_ref_count_init (&model->refs);
  model->net = dh_net_new (&architecture);
  model->tensors = dh_net_new_seeded (model->net, seed, gain);
  if (!model->tensors)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for the weights of %s", architecture_name);
      return NULL;
    }
  g_autofree char *words =
      g_strdup_printf ("%s %d %" G_GUINT64_FORMAT " %a", architecture_name, architecture.classes, seed, gain);
  model->sha256 = dh_sha256 (words, strlen (words));
  model->unexpected = g_new0 (char *, 1);
  model->title = make_title (model->net, FALSE);
  return g_steal_pointer (&model);
}

gboolean
dh_model_is_foreign (const char *path)
{
  g_return_val_if_fail (path != NULL, FALSE);
  return dh_foreign_is (path);
}

DhModel *
dh_model_ref (DhModel *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  g_atomic_ref_count_inc (&model->refs);
  return model;
}

void
dh_model_unref (DhModel *model)
{
  if (!model || !g_atomic_ref_count_dec (&model->refs))
    return;
  g_free (model->path);
  dh_checkpoint_unref (model->checkpoint);
  dh_net_unref (model->net);
  dh_tensor_dict_unref (model->tensors);
  g_free (model->title);
  g_free (model->normalisation);
  g_strfreev (model->class_names);
  g_free (model->sha256);
  g_strfreev (model->unexpected);
  g_free (model);
}

const char *
dh_model_path (DhModel *model)
{
  return model->path;
}

const char *
dh_model_title (DhModel *model)
{
  return model->title;
}

const char *
dh_model_architecture (DhModel *model)
{
  return dh_architecture_name (&model->net->architecture);
}

gint
dh_model_classes (DhModel *model)
{
  return model->net->architecture.classes;
}

gboolean
dh_model_has_outlier_head (DhModel *model)
{
  return model->net->architecture.outlier_head;
}

const char *const *
dh_model_class_names (DhModel *model)
{
  return (const char *const *)model->class_names;
}

const char *
dh_model_normalisation (DhModel *model)
{
  return model->normalisation ? model->normalisation : dh_normalisation_of (model->net->architecture.family);
}

gboolean
dh_model_assumes_normalisation (DhModel *model)
{
  return model->assumed;
}

gint64
dh_model_parameter_count (DhModel *model)
{
  return dh_net_parameter_count (model->net);
}

const char *
dh_model_sha256 (DhModel *model)
{
  return model->sha256 ? model->sha256 : dh_checkpoint_sha256 (model->checkpoint);
}

const char *const *
dh_model_unexpected (DhModel *model)
{
  return (const char *const *)model->unexpected;
}

DhTensorDict *
dh_model_dup_state (DhModel *model, GError **error)
{
  g_autoptr (GArray) keys = dh_net_list_keys (model->net);
  g_autoptr (DhTensorDict) state = dh_tensor_dict_new ();
  for (guint i = 0; i < keys->len; i++)
    {
      const DhNetKey *key = &g_array_index (keys, DhNetKey, i);
      DhTensor *tensor = dh_tensor_dict_get (model->tensors, key->name);
      if (tensor)
        {
          dh_tensor_dict_take (state, key->name, dh_tensor_ref (tensor));
          continue;
        }
      g_autoptr (DhTensorDict) fresh = dh_net_new_fresh (model->net, key->name, 0);
      DhTensor *value = fresh ? dh_tensor_dict_get (fresh, key->name) : NULL;
      if (!value)
        {
          g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for the weights");
          return NULL;
        }
      dh_tensor_dict_take (state, key->name, dh_tensor_ref (value));
    }
  return g_steal_pointer (&state);
}

const DhNet *
dh_model_net (DhModel *model)
{
  return model->net;
}

DhTensorDict *
dh_model_tensors (DhModel *model)
{
  return model->tensors;
}
