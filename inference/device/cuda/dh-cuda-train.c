#include <math.h>
#include <string.h>
#include "dh-cuda-train-private.h"
#include "dh-dropout.h"
#include "dh-error.h"
#include "dh-tensor.h"

#define ALIGN ((gsize)256)
#define POSTERIOR_FACTOR 10 /* weight of L_post, as a multiple of β */

enum
{
  /* Gradients in 16 bits of narrow range are made larger by this, and by ever less in a step that overflows: from the
   * same number each time, so that a step does not depend on those before it. */
  FIRST_SCALE = 1 << 14,
  SCALE_DIVISOR = 1 << 4,
};

static void
free_step (gpointer data)
{
  DhCudaTrainStep *step = data;
  if (step->conv)
    dh_cuda_driver.conv_free (step->conv);
  g_free (step->name);
  g_free (step);
}

static void
clear_parameter (gpointer data)
{
  DhCudaParameter *parameter = data;
  dh_tensor_unref (parameter->value);
  dh_tensor_unref (parameter->gradient);
}

static gsize
aligned (gsize bytes)
{
  return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* Offsets in the flat arrays: the trained first, so that their gradients have the same. */
static void
list_parameters (DhCudaTrainPlan *plan, DhTensorDict *parameters, DhTensorDict *gradients)
{
  const DhTrainOptions *options = &plan->base.options;
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  g_autoptr (GArray) list = dh_graph_list_parameters (plan->graph, outputs, options->logits_ood == DH_NO_VALUE ? 1 : 2);
  for (gint trained = 1; trained >= 0; trained--)
    {
      for (guint i = 0; i < list->len; i++)
        {
          const DhParameter *wanted = &g_array_index (list, DhParameter, i);
          DhCudaParameter parameter = { .node = wanted->node, .offset = plan->n_values, .count = 1 };
          for (guint j = 0; j < i; j++)
            parameter.number += g_array_index (list, DhParameter, j).node == wanted->node;
          for (guint d = 0; d < wanted->n_dims; d++)
            parameter.count *= (gsize)wanted->dims[d];
          if (wanted->trained != trained)
            continue;
          if (parameters)
            parameter.value = dh_tensor_ref (dh_tensor_dict_get (parameters, wanted->name));
          if (parameters && trained)
            parameter.gradient = dh_tensor_ref (dh_tensor_dict_get (gradients, wanted->name));
          plan->n_values += (parameter.count + 15) / 16 * 16;
          g_array_append_val (plan->parameters, parameter);
        }
      if (trained)
        plan->n_trained = plan->n_values;
    }
}

static gsize
list_dropouts (DhCudaTrainPlan *plan)
{
  gsize floats = 0;
  for (DhValue v = 0; v < (DhValue)dh_graph_size (plan->graph); v++)
    {
      const DhNode *node = dh_graph_node (plan->graph, v);
      if (node->op != DH_OP_DROPOUT || plan->base.options.without_dropout)
        continue;
      const DhCudaDropout dropout = {
        .node = v, .probability = node->probability, .c = node->channels, .offset = floats
      };
      /* Of a concat with padding between its parts: one group for every channel at most. */
      floats += (gsize)plan->pool.n * node->channels * DH_CUDA_GROUP;
      g_array_append_val (plan->dropouts, dropout);
    }
  return floats;
}

static gboolean
reserve_staging (DhCudaTrainPlan *plan, GError **error)
{
  DhCudaPool *pool = &plan->pool;
  const DhShape input = plan->base.options.input;
  const gsize pixels = (gsize)input.n * input.h * input.w;
  plan->labels_at = aligned (pixels * input.c * sizeof (float));
  plan->factors_at = plan->labels_at + aligned (pixels);
  plan->dropouts_at = plan->factors_at + aligned (sizeof (DhCudaStepFactors));
  plan->up_bytes = plan->dropouts_at + aligned (list_dropouts (plan) * sizeof (float));
  const gsize values = plan->n_values * sizeof (float), gradients = plan->n_trained * sizeof (float);
  if (!(plan->up = dh_cuda_reserve (pool, plan->up_bytes, error))
      || !(plan->values = dh_cuda_reserve (pool, values, error))
      || !(plan->gradients = dh_cuda_reserve (pool, gradients, error))
      || !(plan->sums = dh_cuda_reserve (pool, sizeof *plan->sums, error)))
    return FALSE;
  if (pool->dry)
    return TRUE;
  DhCudaCard *card = pool->device->card;
  if (!(plan->pinned_up = dh_cuda_driver.alloc_pinned (card, plan->up_bytes, error))
      || !(plan->pinned_values = dh_cuda_driver.alloc_pinned (card, values, error))
      || !(plan->pinned_gradients = dh_cuda_driver.alloc_pinned (card, gradients, error))
      || !(plan->pinned_sums = dh_cuda_driver.alloc_pinned (card, sizeof *plan->pinned_sums, error)))
    return FALSE;
  /* What fills the parameters up to whole lines. */
  memset (plan->pinned_values, 0, values);
  memset (plan->pinned_gradients, 0, gradients);
  return TRUE;
}

static DhCudaTrainPlan *
new_plan (DhCudaDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
          DhTensorDict *gradients, const DhTrainOptions *options)
{
  DhCudaTrainPlan *plan = g_new0 (DhCudaTrainPlan, 1);
  plan->base.options = *options;
  dh_cuda_pool_init (&plan->pool, device, options->input.n, options->precision);
  plan->graph = dh_graph_ref (graph);
  plan->shapes = g_memdup2 (shapes, dh_graph_size (graph) * sizeof *shapes);
  plan->steps = g_ptr_array_new_with_free_func (free_step);
  plan->parameters = g_array_new (FALSE, FALSE, sizeof (DhCudaParameter));
  g_array_set_clear_func (plan->parameters, clear_parameter);
  plan->dropouts = g_array_new (FALSE, FALSE, sizeof (DhCudaDropout));
  list_parameters (plan, parameters, gradients);
  return plan;
}

void
dh_cuda_free_training (DhTrainPlan *base)
{
  DhCudaTrainPlan *plan = (DhCudaTrainPlan *)base;
  DhCudaCard *card = plan->pool.device->card;
  if (plan->recording)
    dh_cuda_driver.recording_free (card, plan->recording);
  g_ptr_array_unref (plan->steps);
  gpointer const pinned[] = { plan->pinned_up, plan->pinned_values, plan->pinned_gradients, plan->pinned_sums };
  for (guint i = 0; i < G_N_ELEMENTS (pinned); i++)
    if (pinned[i])
      dh_cuda_driver.release_pinned (card, pinned[i]);
  dh_cuda_pool_clear (&plan->pool);
  g_array_unref (plan->parameters);
  g_array_unref (plan->dropouts);
  dh_graph_unref (plan->graph);
  g_free (plan->shapes);
  g_free (plan->seconds);
  g_free (plan);
}

/* What the plan would take on the card, parameters and gradients too, but for the convolutions' workspace. */
guint64
dh_cuda_estimate_training (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhTrainOptions *options)
{
  DhCudaTrainPlan *plan = new_plan ((DhCudaDevice *)device, graph, shapes, NULL, NULL, options);
  plan->pool.dry = TRUE;
  const gboolean fine =
      reserve_staging (plan, NULL) && dh_cuda_train_build (plan, NULL) && dh_cuda_train_place (plan, NULL);
  const gsize bytes = dh_cuda_train_bytes (plan);
  dh_cuda_free_training (&plan->base);
  return fine ? bytes : G_MAXUINT64;
}

DhTrainPlan *
dh_cuda_compile_training (DhDevice *base, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                          DhTensorDict *gradients, const DhTrainOptions *options, GError **error)
{
  DhCudaDevice *device = (DhCudaDevice *)base;
  if (dh_cuda_is_lost (device, error))
    return NULL;
  g_autoptr (GError) reason = NULL;
  DhCudaTrainPlan *plan = new_plan (device, graph, shapes, parameters, gradients, options);
  if (reserve_staging (plan, &reason) && dh_cuda_train_build (plan, &reason) && dh_cuda_train_place (plan, &reason))
    {
      plan->base.memory = dh_cuda_train_bytes (plan);
      return &plan->base;
    }
  dh_cuda_note_error (device, reason);
  dh_cuda_free_training (&plan->base);
  if (g_error_matches (reason, DH_ERROR, DH_ERROR_NO_MEMORY))
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                 "A training step on %d crops of %d×%d needs about %.0f MiB on the card; use a smaller batch or crop "
                 "(accumulation makes up for it): %s",
                 options->input.n, options->input.h, options->input.w,
                 (double)dh_cuda_estimate_training (base, graph, shapes, options) / 1048576.0, reason->message);
  else
    g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

char *
dh_cuda_describe_training (DhTrainPlan *base)
{
  const DhCudaTrainPlan *plan = (const DhCudaTrainPlan *)base;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const DhCudaTrainStep *step = g_ptr_array_index (plan->steps, i);
      g_autofree char *choice = step->conv ? dh_cuda_driver.conv_choice (step->conv) : NULL;
      if (choice)
        g_checksum_update (checksum, (const guchar *)choice, -1);
    }
  return g_strdup_printf ("engines %.16s", g_checksum_get_string (checksum));
}

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
  for (guint i = 0; i < plan->parameters->len; i++)
    {
      const DhCudaParameter *parameter = &g_array_index (plan->parameters, DhCudaParameter, i);
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
run_step (DhCudaTrainPlan *plan, DhCudaTrainStep *step, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  return step->is_conv ? dh_cuda_driver.conv_run (card, step->conv, &step->memory, error)
                       : dh_cuda_driver.launch (card, &step->kernel, error);
}

static gboolean
queue_all (DhCudaTrainPlan *plan, GCancellable *cancellable, gboolean marks, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  if (!dh_cuda_driver.copy (card, plan->up, plan->pinned_up, plan->up_bytes, DH_CUDA_TO_DEVICE, DH_CUDA_LANE_COMPUTE,
                            error)
      || !dh_cuda_driver.copy (card, plan->values, plan->pinned_values, plan->n_values * sizeof (float),
                               DH_CUDA_TO_DEVICE, DH_CUDA_LANE_COMPUTE, error))
    return FALSE;
  for (guint i = 0; i < plan->steps->len; i++)
    if (g_cancellable_set_error_if_cancelled (cancellable, error)
        || (marks && !dh_cuda_driver.mark (card, i, DH_CUDA_LANE_COMPUTE, error))
        || !run_step (plan, g_ptr_array_index (plan->steps, i), error))
      return FALSE;
  const gsize running = plan->n_values - plan->n_trained;
  return (!marks || dh_cuda_driver.mark (card, plan->steps->len, DH_CUDA_LANE_COMPUTE, error))
         && dh_cuda_driver.copy (card, plan->pinned_gradients, plan->gradients, plan->n_trained * sizeof (float),
                                 DH_CUDA_TO_HOST, DH_CUDA_LANE_COMPUTE, error)
         && (running == 0
             || dh_cuda_driver.copy (card, plan->pinned_values + plan->n_trained, plan->values + plan->n_trained,
                                     running * sizeof (float), DH_CUDA_TO_HOST, DH_CUDA_LANE_COMPUTE, error))
         && dh_cuda_driver.copy (card, plan->pinned_sums, plan->sums, sizeof *plan->sums, DH_CUDA_TO_HOST,
                                 DH_CUDA_LANE_COMPUTE, error);
}

/* From the third run on as one recording: the first has everything loaded, the second says what each step takes. */
static void
record (DhCudaTrainPlan *plan)
{
  DhCudaCard *card = plan->pool.device->card;
  if (dh_cuda_driver.record_begin (card, NULL))
    {
      const gboolean queued = queue_all (plan, NULL, FALSE, NULL);
      plan->recording = dh_cuda_driver.record_end (card, NULL);
      if (!queued && plan->recording)
        {
          dh_cuda_driver.recording_free (card, plan->recording);
          plan->recording = NULL;
        }
    }
  plan->never_record = plan->recording == NULL;
}

static gboolean
run_once (DhCudaTrainPlan *plan, GCancellable *cancellable, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  const gboolean measure = plan->n_runs == 1 && !plan->seconds && plan->steps->len < 4096;
  if (plan->n_runs > 1 && !plan->recording && !plan->never_record)
    record (plan);
  if (plan->recording)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !dh_cuda_driver.replay (card, plan->recording, error))
        return FALSE;
    }
  else if (!queue_all (plan, cancellable, measure, error))
    return FALSE;
  if (!dh_cuda_driver.wait (card, error))
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

/* What the card found, into the caller's tensors. */
static void
take_results (DhCudaTrainPlan *plan, double weight, DhLosses *losses)
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
  for (guint i = 0; i < plan->parameters->len; i++)
    {
      const DhCudaParameter *parameter = &g_array_index (plan->parameters, DhCudaParameter, i);
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
    [DH_OP_RELU] = "relu",
    [DH_OP_ADD] = "add",
    [DH_OP_CONCAT] = "concat",
    [DH_OP_MAX_POOL] = "max-pool",
    [DH_OP_AVERAGE_POOL] = "average-pool",
    [DH_OP_RESIZE] = "resize",
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
  for (;;)
    {
      /* The running statistics too, which an attempt has moved. */
      fill_staging (plan, input, labels, seed);
      fill_factors (plan, losses, scale);
      if (!run_once (plan, cancellable, &reason))
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
  take_results (plan, weight, losses);
  write_steps (plan);
  return TRUE;
}
