#pragma once
#include "dh-adam.h"
#include "dh-device.h"
#include "dh-nets.h"
#include "dh-train-state.h"

G_BEGIN_DECLS

/* What is trained of a network, its gradients and Adam's moments, and the steps on them: in the host's memory, or in
 * that of a device which keeps them between steps (dh-train-state.h), to the same bits. One thread's, the device's. */
typedef struct
{
  DhTensorDict *parameters; /* owned reference; the whole state dict, float32 in memory of its own */
  char **names;             /* of the trained ones */
  DhAdam adam;
  DhTensorDict *kept;  /* copies of the running statistics, to go back to; empty where the device has them */
  DhTrainState *there; /* or NULL: the host's memory */
  gboolean old;        /* there has been a step since the tensors were the same as there */
} DhOptimiser;

/* Gradients and moments are zero. Errors: DH_ERROR_NO_MEMORY. */
gboolean dh_optimiser_init (DhOptimiser *optimiser, const DhNet *net, DhTensorDict *parameters, GError **error);
/* Plans made with `there` go before. */
void dh_optimiser_clear (DhOptimiser *optimiser);

/* All that the tensors hold now goes to the device, where that keeps it between steps. */
gboolean dh_optimiser_settle (DhOptimiser *optimiser, DhDevice *device, const DhNet *net, GError **error);
/* The tensors as they are after the last step, wherever they are. */
gboolean dh_optimiser_fetch (DhOptimiser *optimiser, GError **error);

/* Before a step: its running statistics can be had back afterwards. */
gboolean dh_optimiser_keep_statistics (DhOptimiser *optimiser, gboolean back, GError **error);
gboolean dh_optimiser_zero_gradients (DhOptimiser *optimiser, GError **error);
/* Step `number`, from 1, with a rate for each of `names`; *finite FALSE: a gradient is not, and nothing but the
 * gradients has changed. They are zero afterwards. */
gboolean dh_optimiser_step (DhOptimiser *optimiser, const double *rates, guint64 number, gboolean *finite,
                            GError **error);

G_END_DECLS
