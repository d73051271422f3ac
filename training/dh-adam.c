#include "dh-adam.h"

#include <math.h>
#include <string.h>

#include "dh-adam-math.h"

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

typedef struct
{
  double rate, root; /* the rate, and √(1 − β₂ᵗ), both for this step */
} Step;

/* Elementwise: the same bits with every instruction set. The gradient becomes zero. */
static inline __attribute__ ((always_inline)) void
step_plain (Step step, gint64 n, float *restrict value, float *restrict gradient, float *restrict m, float *restrict v)
{
  for (gint64 i = 0; i < n; i++)
    {
      dh_adam_update (step.rate, step.root, gradient[i], &value[i], &m[i], &v[i]);
      gradient[i] = 0;
    }
}

#if defined __x86_64__
__attribute__ ((target ("avx2"))) static void
step_avx2 (Step step, gint64 n, float *value, float *gradient, float *m, float *v)
{
  step_plain (step, n, value, gradient, m, v);
}

__attribute__ ((target ("avx512f,prefer-vector-width=512"))) static void
step_avx512 (Step step, gint64 n, float *value, float *gradient, float *m, float *v)
{
  step_plain (step, n, value, gradient, m, v);
}
#endif

static void
step_fastest (Step step, gint64 n, float *value, float *gradient, float *m, float *v)
{
#if defined __x86_64__
  if (__builtin_cpu_supports ("avx512f"))
    {
      step_avx512 (step, n, value, gradient, m, v);
      return;
    }
  if (__builtin_cpu_supports ("avx2"))
    {
      step_avx2 (step, n, value, gradient, m, v);
      return;
    }
#endif
  step_plain (step, n, value, gradient, m, v);
}

void
dh_adam_step (DhAdam *adam, DhTensorDict *parameters, const double *rates, guint64 step)
{
  const double correction = 1 - pow (DH_ADAM_BETA_1, (double)step);
  const double root = sqrt (1 - pow (DH_ADAM_BETA_2, (double)step));
  for (guint p = 0; p < dh_tensor_dict_size (adam->gradients); p++)
    {
      DhTensor *tensor = dh_tensor_dict_get (parameters, dh_tensor_dict_name (adam->gradients, p));
      step_fastest ((Step){ rates[p] / correction, root }, dh_tensor_count (tensor), dh_tensor_f32 (tensor),
                    dh_tensor_f32 (dh_tensor_dict_at (adam->gradients, p)),
                    dh_tensor_f32 (dh_tensor_dict_at (adam->first, p)),
                    dh_tensor_f32 (dh_tensor_dict_at (adam->second, p)));
    }
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
      const guint32 *bits = (const guint32 *)dh_tensor_f32 (gradient);
      const gint64 count = dh_tensor_count (gradient);
      guint32 poison = 0; /* all ones in the exponent: infinite or no number */
      for (gint64 i = 0; i < count; i++)
        poison |= (bits[i] & 0x7f800000u) == 0x7f800000u;
      if (poison)
        return FALSE;
    }
  return TRUE;
}
