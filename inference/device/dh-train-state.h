#pragma once
#include "dh-device.h"

G_BEGIN_DECLS

/* What a training keeps in the memory of a device that has its own: the parameters with their running statistics, the
 * gradients, Adam's moments. Plans made with it (DhTrainOptions) read and write it there, and the optimiser steps
 * there: between steps nothing crosses to the host's memory, whose tensors are old until dh_train_state_fetch().
 *
 * A device that computes in the host's memory has none: there the tensors are the state, and dh-adam.h the optimiser,
 * to which this one is equal to the last bit. One thread's at a time, the device's. After an error of the device it is
 * lost with it. */
typedef struct _DhTrainState DhTrainState;

gboolean dh_device_has_train_state (DhDevice *device);

/* float32, in memory of their own; `gradients`, `first` and `second` of the trained parameters. */
typedef struct
{
  DhTensorDict *parameters, *gradients, *first, *second;
} DhTrainTensors;

/* With what the tensors hold now, but for the gradients, which are zero. Keeps references to the tensors. */
DhTrainState *dh_train_state_new (DhDevice *device, DhGraph *graph, DhValue logits, DhValue logits_ood,
                                  const DhTrainTensors *tensors, GError **error);
void dh_train_state_free (DhTrainState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTrainState, dh_train_state_free)

/* Parameters, running statistics and moments into the tensors. */
gboolean dh_train_state_fetch (DhTrainState *state, GError **error);

/* One step of Adam, counted from 1; `rates[i]` of the i-th trained parameter in the order of
 * dh_graph_list_parameters(). Where a gradient is not finite nothing but the gradients changes, and *finite is FALSE.
 * They become zero. */
gboolean dh_train_state_step (DhTrainState *state, const double *rates, guint64 step, gboolean *finite, GError **error);
gboolean dh_train_state_zero_gradients (DhTrainState *state, GError **error);

/* Copies the running statistics aside, or back. */
gboolean dh_train_state_keep_statistics (DhTrainState *state, gboolean back, GError **error);

G_END_DECLS
