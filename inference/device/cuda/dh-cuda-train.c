#include <string.h>
#include "dh-cuda-train-private.h"
#include "dh-error.h"

#define ALIGN ((gsize)256)

static void
free_step (gpointer data)
{
  DhCudaTrainStep *step = data;
  if (step->conv)
    dh_cuda_driver.conv_free (step->conv);
  g_free (step->name);
  g_free (step);
}

static gsize
aligned (gsize bytes)
{
  return (bytes + ALIGN - 1) / ALIGN * ALIGN;
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
  const gsize values = plan->parameters.n_values * sizeof (float);
  const gsize gradients = plan->parameters.n_trained * sizeof (float);
  plan->values = plan->state ? plan->state->values : dh_cuda_reserve (pool, values, error);
  plan->gradients = plan->state ? plan->state->made : plan->values ? dh_cuda_reserve (pool, gradients, error) : NULL;
  if (!plan->gradients || !(plan->up = dh_cuda_reserve (pool, plan->up_bytes, error))
      || !(plan->sums = dh_cuda_reserve (pool, sizeof *plan->sums, error)))
    return FALSE;
  if (pool->dry)
    return TRUE;
  DhCudaCard *card = pool->device->card;
  if (!(plan->pinned_up = dh_cuda_driver.alloc_pinned (card, plan->up_bytes, error))
      || !(plan->pinned_sums = dh_cuda_driver.alloc_pinned (card, sizeof *plan->pinned_sums, error)))
    return FALSE;
  if (plan->state)
    return TRUE;
  if (!(plan->pinned_values = dh_cuda_driver.alloc_pinned (card, values, error))
      || !(plan->pinned_gradients = dh_cuda_driver.alloc_pinned (card, gradients, error)))
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
  plan->dropouts = g_array_new (FALSE, FALSE, sizeof (DhCudaDropout));
  plan->state = (DhCudaTrainState *)options->state;
  const DhTrainTensors tensors = { .parameters = parameters, .gradients = gradients };
  dh_cuda_parameters_init (&plan->parameters, graph, options->logits, options->logits_ood, &tensors);
  return plan;
}

void
dh_cuda_free_training (DhTrainPlan *base)
{
  DhCudaTrainPlan *plan = (DhCudaTrainPlan *)base;
  DhCudaCard *card = plan->pool.device->card;
  dh_cuda_segments_free (plan->segments, card);
  g_ptr_array_unref (plan->steps);
  gpointer const pinned[] = { plan->pinned_up, plan->pinned_values, plan->pinned_gradients, plan->pinned_sums };
  for (guint i = 0; i < G_N_ELEMENTS (pinned); i++)
    if (pinned[i])
      dh_cuda_driver.release_pinned (card, pinned[i]);
  dh_cuda_pool_clear (&plan->pool);
  dh_cuda_parameters_clear (&plan->parameters);
  g_array_unref (plan->dropouts);
  dh_graph_unref (plan->graph);
  g_free (plan->shapes);
  g_free (plan->seconds);
  g_free (plan);
}

/* Of the card, but for parameters and gradients. */
static gsize
own_bytes (const DhCudaTrainPlan *plan)
{
  const gsize floats = plan->state ? 0 : plan->parameters.n_values + plan->parameters.n_trained;
  return dh_cuda_train_bytes (plan) - MIN (dh_cuda_train_bytes (plan), floats * sizeof (float));
}

/* What the plan would take, but for the convolutions' workspace. */
guint64
dh_cuda_estimate_training (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhTrainOptions *options)
{
  DhCudaTrainPlan *plan = new_plan ((DhCudaDevice *)device, graph, shapes, NULL, NULL, options);
  plan->pool.dry = TRUE;
  const gboolean fine =
      reserve_staging (plan, NULL) && dh_cuda_train_build (plan, NULL) && dh_cuda_train_place (plan, NULL);
  const gsize bytes = own_bytes (plan);
  dh_cuda_free_training (&plan->base);
  return fine ? bytes : G_MAXUINT64;
}

DhTrainPlan *
dh_cuda_compile_training (DhDevice *base, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                          DhTensorDict *gradients, const DhTrainOptions *options, GError **error)
{
  DhCudaDevice *device = (DhCudaDevice *)base;
  if (dh_cuda_is_lost (device, error) || !dh_cuda_takes_size (options->input, error))
    return NULL;
  g_autoptr (GError) reason = NULL;
  DhCudaTrainPlan *plan = new_plan (device, graph, shapes, parameters, gradients, options);
  if (reserve_staging (plan, &reason) && dh_cuda_train_build (plan, &reason) && dh_cuda_train_place (plan, &reason))
    {
      plan->base.memory = own_bytes (plan);
      return &plan->base;
    }
  dh_cuda_free_training (&plan->base);
  dh_cuda_note_no_plan (device, reason);
  if (g_error_matches (reason, DH_ERROR, DH_ERROR_NO_MEMORY))
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                 "A training step on %d crops of %d×%d needs about %.0f MiB on the card beside the parameters; use a "
                 "smaller batch or crop "
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
