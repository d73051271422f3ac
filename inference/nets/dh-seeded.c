#include "dh-nets-private.h"

#include <math.h>
#include <string.h>

void
dh_seeded_uniform (const char *name, guint64 seed, gsize n, double *values)
{
  guint64 base = G_GUINT64_CONSTANT (0xcbf29ce484222325);
  for (const char *c = name; *c; c++)
    base = (base ^ (guint8)*c) * G_GUINT64_CONSTANT (0x100000001b3);
  base += seed * G_GUINT64_CONSTANT (0xd1b54a32d192ed03);
  for (gsize i = 0; i < n; i++)
    {
      guint64 z = base + (i + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
      z = (z ^ z >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
      z = (z ^ z >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
      z ^= z >> 31;
      values[i] = (double)(z >> 40) * 0x1p-23 - 1.0;
    }
}

static gsize
key_count (const DhNetKey *key)
{
  return (gsize)MAX (dh_shape_count (key->n_dims, key->dims, 1), 0);
}

/* value = offset + factor · r */
static void
golden_rule (const DhNetKey *key, double gain, double *offset, double *factor)
{
  *offset = 0;
  *factor = 0.1;
  if (key->n_dims == 4)
    *factor = sqrt (6.0 / (double)(key->dims[1] * key->dims[2] * key->dims[3])) * gain;
  else if (g_str_has_suffix (key->name, "running_var"))
    *offset = 1, *factor = 0.5;
  else if (!g_str_has_suffix (key->name, "running_mean") && g_str_has_suffix (key->name, "weight"))
    *offset = 1, *factor = 0.25;
}

/* `fan_in`: of the convolution that a bias belongs to. */
static void
fresh_rule (const DhNetKey *key, gint64 fan_in, double *offset, double *factor)
{
  *offset = *factor = 0;
  if (fan_in > 0)
    *factor = 1 / sqrt ((double)fan_in);
  else if (g_str_has_suffix (key->name, "running_var") || g_str_has_suffix (key->name, "weight"))
    *offset = 1;
}

static DhTensor *
new_tensor (const DhNetKey *key, guint64 seed, double offset, double factor)
{
  if (key->dtype == DH_DTYPE_I64)
    return dh_tensor_new_take (DH_DTYPE_I64, 0, NULL, g_bytes_new_take (g_malloc0 (sizeof (gint64)), sizeof (gint64)));

  const gsize n = key_count (key);
  DhTensor *tensor = dh_tensor_new_f32 (key->n_dims, key->dims);
  g_autofree double *r = tensor ? g_try_new (double, n) : NULL;
  if (!r)
    {
      dh_tensor_unref (tensor);
      return NULL;
    }
  dh_seeded_uniform (key->name, seed, n, r);
  float *values = dh_tensor_f32 (tensor);
  for (gsize i = 0; i < n; i++)
    values[i] = (float)(offset + factor * r[i]);
  return tensor;
}

static DhTensorDict *
new_dict (const DhNet *net, const char *prefix, guint64 seed, gboolean fresh, double gain)
{
  g_autoptr (GArray) keys = dh_net_list_keys (net);
  g_autoptr (DhTensorDict) dict = dh_tensor_dict_new ();
  gint64 fan_in = 0;
  for (guint i = 0; i < keys->len; i++)
    {
      const DhNetKey *key = &g_array_index (keys, DhNetKey, i);
      /* A convolution's bias follows its weight. */
      if (key->n_dims == 4)
        fan_in = key->dims[1] * key->dims[2] * key->dims[3];
      else if (!g_str_has_suffix (key->name, ".bias"))
        fan_in = 0;
      if (!g_str_has_prefix (key->name, prefix))
        continue;
      double offset, factor;
      if (fresh)
        fresh_rule (key, fan_in, &offset, &factor);
      else
        golden_rule (key, gain, &offset, &factor);
      DhTensor *tensor = new_tensor (key, seed, offset, factor);
      if (!tensor)
        return NULL;
      dh_tensor_dict_take (dict, key->name, tensor);
    }
  return g_steal_pointer (&dict);
}

DhTensorDict *
dh_net_new_seeded (const DhNet *net, guint64 seed, double gain)
{
  g_return_val_if_fail (net != NULL, NULL);
  return new_dict (net, "", seed, FALSE, gain);
}

DhTensorDict *
dh_net_new_fresh (const DhNet *net, const char *prefix, guint64 seed)
{
  g_return_val_if_fail (net != NULL && prefix != NULL, NULL);
  return new_dict (net, prefix, seed, TRUE, 0);
}
