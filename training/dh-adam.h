#pragma once
#include <glib.h>
#include "dh-tensor.h"

G_BEGIN_DECLS

/* Adam (Kingma and Ba, ICLR 2015): betas 0.9 and 0.999, epsilon 1e-7 added to √v̂ after bias correction, no decay. */
typedef struct
{
  DhTensorDict *gradients, *first, *second; /* float32, one tensor a trained parameter; owned references */
} DhAdam;

/* Zeros in the shapes of the named tensors of `parameters`. FALSE where memory is short. */
gboolean dh_adam_init (DhAdam *adam, DhTensorDict *parameters, const char *const *names);
void dh_adam_clear (DhAdam *adam);

/* One step, counted from 1, in place; `rates[i]` is of the i-th parameter. The gradients become zero. */
void dh_adam_step (DhAdam *adam, DhTensorDict *parameters, const double *rates, guint64 step);
gboolean dh_adam_gradients_are_finite (const DhAdam *adam);
void dh_adam_zero_gradients (DhAdam *adam);

G_END_DECLS
