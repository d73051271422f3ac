#include <math.h>
#include <string.h>
#include "dh-adam-math.h"
#include "dh-cuda-train-private.h"
#include "dh-error.h"
#include "dh-tensor.h"

enum
{
  PINNED = 8 << 20, /* bytes at a time on their way to and fro; its first ones are for the fault */
  FAULT = 256,
};

/* TRUE where nothing went wrong; else the device is noted as lost where it is. */
static gboolean
settle (DhCudaTrainState *state, gboolean fine, GError *reason, GError **error)
{
  if (fine)
    return TRUE;
  dh_cuda_note_error (state->pool.device, reason);
  g_propagate_error (error, reason);
  return FALSE;
}

static gboolean
queue (DhCudaTrainState *state, DhCudaOp op, const DhCudaFloats *floats, GError **error)
{
  const DhCudaKernel kernel = { .op = op, .floats = *floats };
  return floats->count == 0 || dh_cuda_driver.launch (state->pool.device->card, &kernel, error);
}

gboolean
dh_cuda_state_queue_statistics (DhCudaTrainState *state, float *aside, gboolean back, GError **error)
{
  float *running = state->values + state->parameters.n_trained;
  const DhCudaFloats floats = { .count = (gint64)(state->parameters.n_values - state->parameters.n_trained),
                                .value = back ? running : aside,
                                .from = back ? aside : running };
  return queue (state, DH_CUDA_COPY_FLOATS, &floats, error);
}

gboolean
dh_cuda_state_queue_add (DhCudaTrainState *state, double weight, GError **error)
{
  const DhCudaFloats floats = {
    .count = (gint64)state->parameters.n_trained, .gradient = state->gradients, .from = state->made, .weight = weight
  };
  return queue (state, DH_CUDA_ADD_FLOATS, &floats, error);
}

/* A tensor and its place on the card, piece by piece through pinned memory. */
static gboolean
transfer (DhCudaTrainState *state, float *device, DhTensor *tensor, gboolean up, GError **error)
{
  DhCudaCard *card = state->pool.device->card;
  const gsize most = (PINNED - FAULT) / sizeof (float);
  float *pinned = (float *)(gpointer)(state->pinned + FAULT), *host = dh_tensor_f32 (tensor);
  for (gsize at = 0, left = (gsize)dh_tensor_count (tensor); left > 0;)
    {
      const gsize n = MIN (left, most), bytes = n * sizeof (float);
      if (up)
        memcpy (pinned, host + at, bytes);
      if (!dh_cuda_driver.copy (card, up ? device + at : pinned, up ? pinned : device + at, bytes,
                                up ? DH_CUDA_TO_DEVICE : DH_CUDA_TO_HOST, DH_CUDA_LANE_COMPUTE, error)
          || !dh_cuda_driver.wait (card, error))
        return FALSE;
      if (!up)
        memcpy (host + at, pinned, bytes);
      at += n;
      left -= n;
    }
  return TRUE;
}

static gboolean
transfer_all (DhCudaTrainState *state, gboolean up, GError **error)
{
  for (guint i = 0; i < state->parameters.list->len; i++)
    {
      const DhCudaParameter *p = &g_array_index (state->parameters.list, DhCudaParameter, i);
      if (!transfer (state, state->values + p->offset, p->value, up, error)
          || (p->first && !transfer (state, state->first + p->offset, p->first, up, error))
          || (p->second && !transfer (state, state->second + p->offset, p->second, up, error)))
        return FALSE;
    }
  return TRUE;
}

/* What fills parameters up to whole lines is zero, too. */
static gboolean
clear (DhCudaTrainState *state, float *floats, gsize count, GError **error)
{
  const gsize most = (PINNED - FAULT) / sizeof (float);
  memset (state->pinned, 0, PINNED);
  for (gsize at = 0; at < count; at += most)
    if (!dh_cuda_driver.copy (state->pool.device->card, floats + at, state->pinned + FAULT,
                              MIN (count - at, most) * sizeof (float), DH_CUDA_TO_DEVICE, DH_CUDA_LANE_COMPUTE, error))
      return FALSE;
  return dh_cuda_driver.wait (state->pool.device->card, error);
}

static gboolean
reserve (DhCudaTrainState *state, GError **error)
{
  const gsize trained = state->parameters.n_trained, all = state->parameters.n_values;
  const struct
  {
    float **to;
    gsize count;
  } arrays[] = { { &state->values, all },          { &state->gradients, trained }, { &state->first, trained },
                 { &state->second, trained },      { &state->made, trained },      { &state->kept, all - trained },
                 { &state->before, all - trained } };
  if (!(state->pinned = dh_cuda_driver.alloc_pinned (state->pool.device->card, PINNED, error))
      || !(state->fault = dh_cuda_reserve (&state->pool, sizeof *state->fault, error)))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    if (!(*arrays[i].to = dh_cuda_reserve (&state->pool, arrays[i].count * sizeof (float), error))
        || !clear (state, *arrays[i].to, arrays[i].count, error))
      return FALSE;
  return TRUE;
}

void
dh_cuda_state_free (DhTrainState *base)
{
  DhCudaTrainState *state = (DhCudaTrainState *)base;
  if (state->pinned)
    dh_cuda_driver.release_pinned (state->pool.device->card, state->pinned);
  dh_cuda_pool_clear (&state->pool);
  dh_cuda_parameters_clear (&state->parameters);
  g_free (state);
}

DhTrainState *
dh_cuda_state_new (DhDevice *base, DhGraph *graph, DhValue logits, DhValue logits_ood, const DhTrainTensors *tensors,
                   GError **error)
{
  DhCudaDevice *device = (DhCudaDevice *)base;
  if (dh_cuda_is_lost (device, error))
    return NULL;
  DhCudaTrainState *state = g_new0 (DhCudaTrainState, 1);
  dh_cuda_pool_init (&state->pool, device, 1, DH_PRECISION_F32);
  dh_cuda_parameters_init (&state->parameters, graph, logits, logits_ood, tensors);
  GError *reason = NULL;
  if (reserve (state, &reason) && transfer_all (state, TRUE, &reason))
    return &state->base;
  if (g_error_matches (reason, DH_ERROR, DH_ERROR_NO_MEMORY))
    g_prefix_error (&reason,
                    "Parameters, gradients and moments need about %.0f MiB on the card; close other programs, or train "
                    "on another device: ",
                    (double)(state->parameters.n_values + 4 * state->parameters.n_trained) * sizeof (float)
                        / 1048576.0);
  settle (state, FALSE, reason, error);
  dh_cuda_state_free (&state->base);
  return NULL;
}

gboolean
dh_cuda_state_fetch (DhTrainState *base, GError **error)
{
  DhCudaTrainState *state = (DhCudaTrainState *)base;
  GError *reason = NULL;
  if (dh_cuda_is_lost (state->pool.device, error))
    return FALSE;
  const gboolean fine = transfer_all (state, FALSE, &reason);
  return settle (state, fine, reason, error);
}

gboolean
dh_cuda_state_zero (DhTrainState *base, GError **error)
{
  DhCudaTrainState *state = (DhCudaTrainState *)base;
  GError *reason = NULL;
  if (dh_cuda_is_lost (state->pool.device, error))
    return FALSE;
  const gboolean fine = clear (state, state->gradients, state->parameters.n_trained, &reason);
  return settle (state, fine, reason, error);
}

gboolean
dh_cuda_state_keep (DhTrainState *base, gboolean back, GError **error)
{
  DhCudaTrainState *state = (DhCudaTrainState *)base;
  GError *reason = NULL;
  if (dh_cuda_is_lost (state->pool.device, error))
    return FALSE;
  const gboolean fine = dh_cuda_state_queue_statistics (state, state->kept, back, &reason);
  return settle (state, fine, reason, error);
}

/* Neighbours of one rate go in one. */
static gboolean
queue_adam (DhCudaTrainState *state, const double *rates, guint64 step, GError **error)
{
  const double correction = 1 - pow (DH_ADAM_BETA_1, (double)step);
  const double root = sqrt (1 - pow (DH_ADAM_BETA_2, (double)step));
  const GArray *list = state->parameters.list;
  for (guint i = 0; i < list->len && g_array_index (list, DhCudaParameter, i).offset < state->parameters.n_trained;)
    {
      guint end = i + 1;
      gsize to = state->parameters.n_trained;
      for (; end < list->len; end++)
        {
          const DhCudaParameter *next = &g_array_index (list, DhCudaParameter, end);
          to = MIN (next->offset, state->parameters.n_trained);
          if (next->offset >= state->parameters.n_trained || rates[end] != rates[i])
            break;
          to = state->parameters.n_trained;
        }
      const gsize from = g_array_index (list, DhCudaParameter, i).offset;
      const DhCudaFloats floats = { .count = (gint64)(to - from),
                                    .value = state->values + from,
                                    .gradient = state->gradients + from,
                                    .first = state->first + from,
                                    .second = state->second + from,
                                    .rate = rates[i] / correction,
                                    .root = root,
                                    .fault = state->fault };
      if (!queue (state, DH_CUDA_ADAM, &floats, error))
        return FALSE;
      i = end;
    }
  return TRUE;
}

gboolean
dh_cuda_state_step (DhTrainState *base, const double *rates, guint64 step, gboolean *finite, GError **error)
{
  DhCudaTrainState *state = (DhCudaTrainState *)base;
  DhCudaCard *card = state->pool.device->card;
  gint32 *pinned = (gint32 *)(gpointer)state->pinned;
  const DhCudaFloats all = { .count = (gint64)state->parameters.n_trained,
                             .gradient = state->gradients,
                             .fault = state->fault };
  GError *reason = NULL;
  if (dh_cuda_is_lost (state->pool.device, error))
    return FALSE;
  *pinned = 0;
  const gboolean fine =
      dh_cuda_driver.copy (card, state->fault, pinned, sizeof *pinned, DH_CUDA_TO_DEVICE, DH_CUDA_LANE_COMPUTE, &reason)
      && queue (state, DH_CUDA_CHECK, &all, &reason) && queue_adam (state, rates, step, &reason)
      && dh_cuda_driver.copy (card, pinned, state->fault, sizeof *pinned, DH_CUDA_TO_HOST, DH_CUDA_LANE_COMPUTE,
                              &reason)
      && dh_cuda_driver.wait (card, &reason);
  *finite = fine && *pinned == 0;
  return settle (state, fine, reason, error);
}
