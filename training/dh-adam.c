#include "dh-adam.h"

#include <math.h>
#include <string.h>

#define BETA_1 0.9
#define BETA_2 0.999
#define EPSILON 1e-7

gboolean
dh_adam_init (DhAdam *adam, DhTensorDict *parameters, const char *const *names)
{
  adam->gradients = dh_tensor_dict_new ();
  adam->first = dh_tensor_dict_new ();
  adam->second = dh_tensor_dict_new ();
  DhTensorDict *const dicts[] = { adam->gradients, adam->first, adam->second };
  for (guint i = 0; names[i]; i++)
    for (guint j = 0; j < G_N_ELEMENTS (dicts); j++)
      {
        const DhTensor *parameter = dh_tensor_dict_get (parameters, names[i]);
        DhTensor *zeros = parameter ? dh_tensor_new_f32 (parameter->n_dims, parameter->dims) : NULL;
        if (!zeros)
          return FALSE;
        dh_tensor_dict_take (dicts[j], names[i], zeros);
      }
  return TRUE;
}

void
dh_adam_clear (DhAdam *adam)
{
  g_clear_pointer (&adam->gradients, dh_tensor_dict_unref);
  g_clear_pointer (&adam->first, dh_tensor_dict_unref);
  g_clear_pointer (&adam->second, dh_tensor_dict_unref);
}

void
dh_adam_step (DhAdam *adam, DhTensorDict *parameters, const double *rates, guint64 step)
{
  const double correction = 1 - pow (BETA_1, (double)step), root = sqrt (1 - pow (BETA_2, (double)step));
  for (guint p = 0; p < dh_tensor_dict_size (adam->gradients); p++)
    {
      DhTensor *tensor = dh_tensor_dict_get (parameters, dh_tensor_dict_name (adam->gradients, p));
      float *value = dh_tensor_f32 (tensor), *gradient = dh_tensor_f32 (dh_tensor_dict_at (adam->gradients, p));
      float *m = dh_tensor_f32 (dh_tensor_dict_at (adam->first, p));
      float *v = dh_tensor_f32 (dh_tensor_dict_at (adam->second, p));
      const double rate = rates[p] / correction;
      for (gint64 i = 0; i < dh_tensor_count (tensor); i++)
        {
          const double g = gradient[i];
          m[i] = (float)(BETA_1 * m[i] + (1 - BETA_1) * g);
          v[i] = (float)(BETA_2 * v[i] + (1 - BETA_2) * g * g);
          value[i] = (float)(value[i] - rate * m[i] / (sqrt (v[i]) / root + EPSILON));
        }
    }
  dh_adam_zero_gradients (adam);
}

void
dh_adam_zero_gradients (DhAdam *adam)
{
  for (guint p = 0; p < dh_tensor_dict_size (adam->gradients); p++)
    {
      DhTensor *gradient = dh_tensor_dict_at (adam->gradients, p);
      memset (dh_tensor_f32 (gradient), 0, dh_tensor_size_bytes (gradient));
    }
}

gboolean
dh_adam_gradients_are_finite (const DhAdam *adam)
{
  for (guint p = 0; p < dh_tensor_dict_size (adam->gradients); p++)
    {
      const DhTensor *gradient = dh_tensor_dict_at (adam->gradients, p);
      float poison = 0; /* becomes NaN at the first value that is not finite, and stays */
      for (gint64 i = 0; i < dh_tensor_count (gradient); i++)
        poison += dh_tensor_f32 (gradient)[i] * 0;
      if (poison != 0)
        return FALSE;
    }
  return TRUE;
}
