#include <math.h>
#include <string.h>
#include "dh-cuda-train-private.h"
#include "dh-dropout.h"
#include "dh-error.h"
#include "dh-tensor.h"

/* One training step: batch up, the steps, losses down, and again where 16 bits overflow. */

#define POSTERIOR_FACTOR 10 /* weight of L_post, as a multiple of β */

enum
{
  /* Gradients in 16 bits of narrow range are made larger by this, and by ever less in a step that overflows: from the
   * same number each time, so that a step does not depend on those before it. */
  FIRST_SCALE = 1 << 14,
  SCALE_DIVISOR = 1 << 4,
};

static void
fill_dropouts (DhCudaTrainPlan *plan, guint64 seed)
{
  for (guint i = 0; i < plan->dropouts->len; i++)
    {
      const DhCudaDropout *dropout = &g_array_index (plan->dropouts, DhCudaDropout, i);
      float *factors = (float *)(gpointer)(plan->pinned_up + plan->dropouts_at) + dropout->offset;
      for (gint image = 0; image < plan->pool.n; image++)
        for (gint place = 0; place < dropout->n_places; place++)
          {
            const gint c = dropout->channels[place];
            const gsize plane = (gsize)image * dropout->c + (gsize)MAX (c, 0);
            factors[(gsize)image * dropout->n_places + place] =
                c < 0 ? 0 : dh_dropout_factor (seed, dropout->node, plane, dropout->probability);
          }
    }
}

static void
fill_staging (DhCudaTrainPlan *plan, const float *input, const guint8 *labels, guint64 seed)
{
  const DhShape shape = plan->base.options.input;
  const gsize pixels = (gsize)shape.n * shape.h * shape.w;
  memcpy (plan->pinned_up, input, pixels * shape.c * sizeof *input);
  memcpy (plan->pinned_up + plan->labels_at, labels, pixels);
  fill_dropouts (plan, seed);
  for (guint i = 0; !plan->state && i < plan->parameters.list->len; i++)
    {
      const DhCudaParameter *parameter = &g_array_index (plan->parameters.list, DhCudaParameter, i);
      memcpy (plan->pinned_values + parameter->offset, dh_tensor_f32 (parameter->value),
              parameter->count * sizeof (float));
    }
}

static void
fill_factors (DhCudaTrainPlan *plan, const DhLosses *losses, double scale)
{
  const DhTrainOptions *options = &plan->base.options;
  const double pixels = (double)options->input.n * options->input.h * options->input.w;
  const gboolean hybrid = options->logits_ood != DH_NO_VALUE;
  DhCudaStepFactors *factors = (DhCudaStepFactors *)(gpointer)(plan->pinned_up + plan->factors_at);
  *factors = (DhCudaStepFactors){
    .segmentation = (float)(scale / (double)losses->labelled),
    .likelihood = hybrid && losses->negatives ? (float)(scale * options->beta / (double)losses->negatives) : 0,
    .posterior = (float)(scale * POSTERIOR_FACTOR * options->beta / pixels),
    .unscale = (float)(1 / scale),
  };
}

static gboolean
queue_up (DhCudaTrainPlan *plan, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  return dh_cuda_driver.copy (card, plan->up, plan->pinned_up, plan->up_bytes, DH_CUDA_TO_DEVICE, DH_CUDA_LANE_COMPUTE,
                              error)
         && (plan->state
             || dh_cuda_driver.copy (card, plan->values, plan->pinned_values,
                                     plan->parameters.n_values * sizeof (float), DH_CUDA_TO_DEVICE,
                                     DH_CUDA_LANE_COMPUTE, error));
}

/* Without a state on the card the gradients and the running statistics come down. */
static gboolean
queue_down (DhCudaTrainPlan *plan, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  const gsize trained = plan->parameters.n_trained, running = plan->parameters.n_values - trained;
  return dh_cuda_driver.copy (card, plan->pinned_sums, plan->sums, sizeof *plan->sums, DH_CUDA_TO_HOST,
                              DH_CUDA_LANE_COMPUTE, error)
         && (plan->state
             || (dh_cuda_driver.copy (card, plan->pinned_gradients, plan->gradients, trained * sizeof (float),
                                      DH_CUDA_TO_HOST, DH_CUDA_LANE_COMPUTE, error)
                 && (running == 0
                     || dh_cuda_driver.copy (card, plan->pinned_values + trained, plan->values + trained,
                                             running * sizeof (float), DH_CUDA_TO_HOST, DH_CUDA_LANE_COMPUTE, error))));
}

/* A run, and what may stop it. Its steps are those of the plan between the copies up and down. */
typedef struct
{
  DhCudaTrainPlan *plan;
  GCancellable *cancellable; /* or NULL */
} Run;

static guint
count_steps (const DhCudaTrainPlan *plan)
{
  return plan->steps->len + 2;
}

/* DhCudaQueueStep of a Run. */
static gboolean
queue_step (gpointer data, guint number, GError **error)
{
  const Run *run = data;
  DhCudaTrainPlan *plan = run->plan;
  DhCudaCard *card = plan->pool.device->card;
  if (g_cancellable_set_error_if_cancelled (run->cancellable, error))
    return FALSE;
  if (number == 0)
    return queue_up (plan, error);
  if (number + 1 == count_steps (plan))
    return queue_down (plan, error);
  DhCudaTrainStep *step = g_ptr_array_index (plan->steps, number - 1);
  return step->is_conv ? dh_cuda_driver.conv_run (card, step->conv, &step->memory, error)
                       : dh_cuda_driver.launch (card, &step->kernel, error);
}

/* One by one, between two marks each where `marks`. */
static gboolean
queue_steps (Run *run, gboolean marks, GError **error)
{
  DhCudaCard *card = run->plan->pool.device->card;
  const guint n = count_steps (run->plan);
  for (guint i = 0; i < n; i++)
    {
      if (i == 1 && marks && !dh_cuda_driver.hold (card, dh_cuda_time_to_queue (n), error))
        return FALSE;
      if ((marks && i > 0 && !dh_cuda_driver.mark (card, i - 1, DH_CUDA_LANE_COMPUTE, error))
          || !queue_step (run, i, error))
        return FALSE;
    }
  return TRUE;
}

/* From the third run on: the first has everything loaded, the second says what each step takes. */
static void
record (DhCudaTrainPlan *plan)
{
  Run recorded = { plan, NULL };
  plan->segments = dh_cuda_segments_new (plan->pool.device->card, count_steps (plan), queue_step, &recorded);
}

static gboolean
run_once (DhCudaTrainPlan *plan, GCancellable *cancellable, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  const gboolean measure = plan->n_runs == 1 && !plan->seconds && plan->steps->len < 4096;
  Run run = { plan, cancellable };
  if (plan->n_runs > 1 && !plan->segments && !dh_cuda_without ("recordings"))
    record (plan);
  if (g_cancellable_set_error_if_cancelled (cancellable, error)
      || !(plan->segments ? dh_cuda_segments_run (plan->segments, card, queue_step, &run, error)
                          : queue_steps (&run, measure, error))
      || !dh_cuda_driver.wait (card, error))
    return FALSE;
  if (measure)
    {
      plan->seconds = g_new (double, plan->steps->len);
      for (guint i = 0; i < plan->steps->len; i++)
        plan->seconds[i] = dh_cuda_driver.elapsed (card, i, i + 1);
    }
  plan->n_runs++;
  return TRUE;
}

static void
take_losses (const DhCudaTrainPlan *plan, DhLosses *losses)
{
  const DhTrainOptions *options = &plan->base.options;
  const DhCudaStepSums *sums = plan->pinned_sums;
  const double pixels = (double)options->input.n * options->input.h * options->input.w;
  losses->segmentation = losses->total = sums->segmentation / (double)losses->labelled;
  if (options->logits_ood != DH_NO_VALUE)
    {
      if (losses->negatives)
        losses->likelihood =
            sums->likelihood / (double)losses->negatives - sums->logits / (pixels * plan->base.classes);
      losses->posterior = sums->posterior / pixels;
      losses->total += options->beta * losses->likelihood + POSTERIOR_FACTOR * options->beta * losses->posterior;
    }
}

/* Gradients and running statistics into the caller's tensors. */
static void
take_gradients (DhCudaTrainPlan *plan, double weight)
{
  for (guint i = 0; i < plan->parameters.list->len; i++)
    {
      const DhCudaParameter *parameter = &g_array_index (plan->parameters.list, DhCudaParameter, i);
      if (!parameter->gradient)
        {
          memcpy (dh_tensor_f32 (parameter->value), plan->pinned_values + parameter->offset,
                  parameter->count * sizeof (float));
          continue;
        }
      float *to = dh_tensor_f32 (parameter->gradient);
      const float *from = plan->pinned_gradients + parameter->offset;
      for (gsize j = 0; j < parameter->count; j++)
        to[j] += (float)(weight * from[j]);
    }
}

/* Time of the kinds of operators: of one step, times the steps. */
static void
write_steps (DhCudaTrainPlan *plan)
{
  static const char *const names[DH_N_OPS] = {
    [DH_OP_INPUT] = "input",
    [DH_OP_CHANNEL_SCALE] = "channel-scale",
    [DH_OP_CONV] = "conv",
    [DH_OP_NORM] = "norm",
    [DH_OP_LAYER_NORM] = "layer-norm",
    [DH_OP_ATTENTION] = "attention",
    [DH_OP_RELU] = "relu",
    [DH_OP_ACTIVATION] = "activation",
    [DH_OP_ADD] = "add",
    [DH_OP_MULTIPLY] = "multiply",
    [DH_OP_CONCAT] = "concat",
    [DH_OP_MAX_POOL] = "max-pool",
    [DH_OP_AVERAGE_POOL] = "average-pool",
    [DH_OP_RESIZE] = "resize",
    [DH_OP_DEPTH_TO_SPACE] = "depth-to-space",
    [DH_OP_ADAPTIVE_POOL] = "adaptive-pool",
    [DH_OP_DROPOUT] = "dropout",
    [DH_OP_SCORE] = "losses",
  };
  double seconds[DH_N_OPS][2] = { { 0 } }, flop[DH_N_OPS][2] = { { 0 } };
  for (guint i = 0; plan->seconds && i < plan->steps->len; i++)
    {
      const DhCudaTrainStep *step = g_ptr_array_index (plan->steps, i);
      seconds[step->op][step->back] += plan->n_runs * plan->seconds[i];
      flop[step->op][step->back] += plan->n_runs * step->flop;
    }
  g_array_set_size (plan->base.steps, 0);
  for (DhOp op = 0; op < DH_N_OPS; op++)
    for (guint back = 0; back < 2; back++)
      if (seconds[op][back] > 0)
        {
          const DhPlanStep step = { .name = g_strdup (names[op]),
                                    .implementation = g_strdup (back ? "backward" : "forward"),
                                    .seconds = seconds[op][back],
                                    .flop = flop[op][back] };
          g_array_append_val (plan->base.steps, step);
        }
}

gboolean
dh_cuda_train (DhTrainPlan *base, const float *input, const guint8 *labels, guint64 seed, double weight,
               DhLosses *losses, GCancellable *cancellable, GError **error)
{
  DhCudaTrainPlan *plan = (DhCudaTrainPlan *)base;
  DhCudaDevice *device = plan->pool.device;
  if (dh_cuda_is_lost (device, error))
    return FALSE;
  g_autoptr (GError) reason = NULL;
  double scale = plan->pool.type == DH_CUDA_F16 ? FIRST_SCALE : 1;
  for (guint attempt = 0;; attempt++)
    {
      /* The running statistics too, which an attempt has moved. */
      fill_staging (plan, input, labels, seed);
      fill_factors (plan, losses, scale);
      if ((plan->state && !dh_cuda_state_queue_statistics (plan->state, plan->state->before, attempt > 0, &reason))
          || !run_once (plan, cancellable, &reason))
        {
          if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
            dh_cuda_driver.wait (device->card, NULL);
          dh_cuda_note_error (device, reason);
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
      const DhCudaStepSums *sums = plan->pinned_sums;
      if (!sums->overflow || scale <= 1 || !isfinite (sums->segmentation + sums->likelihood + sums->posterior))
        break;
      scale = MAX (scale / SCALE_DIVISOR, 1);
    }
  take_losses (plan, losses);
  if (!plan->state)
    take_gradients (plan, weight);
  else if (!dh_cuda_state_queue_add (plan->state, weight, &reason))
    {
      dh_cuda_note_error (device, reason);
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  write_steps (plan);
  return TRUE;
}
