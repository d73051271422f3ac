#include "dh-ref-train-private.h"

#include <stdlib.h>
#include <string.h>

#include "dh-error.h"

gsize
dh_host_count (const DhHostPlan *plan, DhValue value)
{
  const DhShape shape = plan->shapes[value];
  return (gsize)shape.n * shape.c * shape.h * shape.w;
}

/* Memory for a value: the smallest block that fits and is not twice too large, or a new one. */
float *
dh_host_alloc (DhHostPlan *plan, DhValue like)
{
  const gsize bytes = (dh_host_count (plan, like) * sizeof (float) + 63) / 64 * 64;
  DhHostBlock *best = NULL;
  for (guint i = 0; i < plan->blocks->len; i++)
    {
      DhHostBlock *block = &g_array_index (plan->blocks, DhHostBlock, i);
      if (!block->used && block->bytes >= bytes && block->bytes <= 2 * bytes && (!best || block->bytes < best->bytes))
        best = block;
    }
  if (!best)
    {
      const DhHostBlock block = { aligned_alloc (64, bytes), bytes, FALSE };
      if (!block.memory)
        return NULL;
      g_array_append_val (plan->blocks, block);
      best = &g_array_index (plan->blocks, DhHostBlock, plan->blocks->len - 1);
      plan->bytes += bytes;
      plan->common.memory = MAX (plan->common.memory, plan->bytes);
    }
  best->used = TRUE;
  return best->memory;
}

void
dh_host_release (DhHostPlan *plan, float **memory)
{
  for (guint i = 0; *memory && i < plan->blocks->len; i++)
    {
      DhHostBlock *block = &g_array_index (plan->blocks, DhHostBlock, i);
      if (block->memory == *memory)
        block->used = FALSE;
    }
  *memory = NULL;
}

static DhValue
size_of (const DhHostPlan *plan)
{
  return (DhValue)dh_graph_size (plan->graph);
}

static gboolean
reads_in_backward (const DhHostPlan *plan, const DhNode *reader, DhValue at)
{
  if (reader->op == DH_OP_CONV || reader->op == DH_OP_MAX_POOL || reader->op == DH_OP_NORM || reader->op == DH_OP_RELU)
    return TRUE;
  if (reader->op == DH_OP_ACTIVATION || reader->op == DH_OP_MULTIPLY || reader->op == DH_OP_LAYER_NORM
      || reader->op == DH_OP_ATTENTION)
    return TRUE;
  return dh_host_is_cheap (reader) && plan->kept[at];
}

/* Which values depend on parameters, which are kept for the backward pass, and when the forward pass is done with
 * each. */
static void
look_ahead (DhHostPlan *plan)
{
  for (DhValue i = 0; i < size_of (plan); i++)
    {
      const DhNode *node = dh_graph_node (plan->graph, i);
      plan->wants[i] = node->op == DH_OP_CONV || node->op == DH_OP_NORM || node->op == DH_OP_LAYER_NORM;
      for (guint j = 0; j < node->n_inputs; j++)
        plan->wants[i] |= plan->wants[node->inputs[j]];
    }
  for (DhValue i = size_of (plan) - 1; i >= 0; i--)
    {
      const DhNode *node = dh_graph_node (plan->graph, i);
      for (guint j = 0; plan->needed[i] && j < node->n_inputs; j++)
        {
          const DhValue x = node->inputs[j];
          const DhNode *input = dh_graph_node (plan->graph, x);
          plan->kept[x] |= reads_in_backward (plan, node, i);
          /* A concat reads the parts of a concat, not it. */
          if (node->op == DH_OP_CONCAT && input->op == DH_OP_CONCAT)
            continue;
          plan->last_use[x] = MAX (plan->last_use[x], dh_host_is_cheap (node) ? plan->last_use[i] : i);
        }
    }
  /* The parts are read as late as the last concat that holds them. */
  for (DhValue i = size_of (plan) - 1; i >= 0; i--)
    {
      const DhNode *node = dh_graph_node (plan->graph, i);
      for (guint j = 0; plan->needed[i] && node->op == DH_OP_CONCAT && j < node->n_inputs; j++)
        if (!dh_host_is_cheap (dh_graph_node (plan->graph, node->inputs[j])))
          plan->last_use[node->inputs[j]] = size_of (plan);
    }
}

static gboolean
take_parameters (DhHostPlan *plan, DhTensorDict *parameters, DhTensorDict *gradients, GError **error)
{
  const DhTrainOptions *options = &plan->common.options;
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  g_autoptr (GArray) wanted =
      dh_graph_list_parameters (plan->graph, outputs, options->logits_ood == DH_NO_VALUE ? 1 : 2);
  gsize largest = 64;
  for (guint i = 0; i < wanted->len; i++)
    {
      const DhParameter *parameter = &g_array_index (wanted, DhParameter, i);
      guint number = 0;
      while (plan->parameters[parameter->node][number])
        number++;
      DhTensor *value = dh_tensor_ref (dh_tensor_dict_get (parameters, parameter->name));
      plan->parameters[parameter->node][number] = value;
      if (parameter->trained)
        plan->gradients[parameter->node][number] = dh_tensor_ref (dh_tensor_dict_get (gradients, parameter->name));
      else if (number == 2)
        plan->statistics[parameter->node] = g_new (double, 2 * (gsize)dh_tensor_count (value));
      largest = MAX (largest, 2 * (gsize)dh_tensor_count (value));
    }
  plan->scratch = g_try_new (float, largest);
  if (!plan->scratch)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights' gradients");
  return plan->scratch != NULL;
}

static gboolean
open_convs (DhHostPlan *plan, GError **error)
{
  for (DhValue i = 0; i < size_of (plan); i++)
    {
      const DhNode *node = dh_graph_node (plan->graph, i);
      if (!plan->needed[i] || node->op != DH_OP_CONV)
        continue;
      const DhValue x = node->inputs[0];
      plan->convs[i] =
          plan->conv->open (plan->common.device, node, plan->shapes[x], plan->shapes[i], plan->wants[x], error);
      if (!plan->convs[i])
        return FALSE;
    }
  return TRUE;
}

DhTrainPlan *
dh_host_train_new (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                   DhTensorDict *gradients, const DhTrainOptions *options, const DhHostConv *conv, GError **error)
{
  const guint size = dh_graph_size (graph);
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  DhHostPlan *plan = g_new0 (DhHostPlan, 1);
  plan->common.device = device;
  plan->common.options = *options;
  plan->conv = conv;
  plan->graph = dh_graph_ref (graph);
  plan->shapes = g_memdup2 (shapes, size * sizeof *shapes);
  plan->needed = dh_graph_mark_needed (graph, outputs, options->logits_ood == DH_NO_VALUE ? 1 : 2);
  plan->wants = g_new0 (gboolean, size);
  plan->kept = g_new0 (gboolean, size);
  plan->measured = g_new0 (gboolean, size);
  plan->last_use = g_new0 (DhValue, size);
  plan->convs = g_new0 (gpointer, size);
  plan->parameters = g_malloc0_n (size, sizeof *plan->parameters);
  plan->gradients = g_malloc0_n (size, sizeof *plan->gradients);
  plan->statistics = g_new0 (double *, size);
  plan->values = g_new0 (float *, size);
  plan->slopes = g_new0 (float *, size);
  plan->blocks = g_array_new (FALSE, FALSE, sizeof (DhHostBlock));
  look_ahead (plan);
  if (!take_parameters (plan, parameters, gradients, error) || !open_convs (plan, error))
    {
      dh_host_train_free (&plan->common);
      return NULL;
    }
  return &plan->common;
}

void
dh_host_train_free (DhTrainPlan *common)
{
  DhHostPlan *plan = (DhHostPlan *)common;
  for (DhValue i = 0; i < size_of (plan); i++)
    {
      for (guint j = 0; j < 4; j++)
        dh_tensor_unref (plan->parameters[i][j]);
      for (guint j = 0; j < 2; j++)
        dh_tensor_unref (plan->gradients[i][j]);
      g_free (plan->statistics[i]);
      if (plan->convs[i])
        plan->conv->close (plan->convs[i]);
    }
  for (guint i = 0; i < plan->blocks->len; i++)
    free (g_array_index (plan->blocks, DhHostBlock, i).memory);
  g_array_unref (plan->blocks);
  g_free (plan->scratch);
  g_free (plan->shapes);
  g_free (plan->needed);
  g_free (plan->wants);
  g_free (plan->kept);
  g_free (plan->measured);
  g_free (plan->last_use);
  g_free (plan->convs);
  g_free (plan->parameters);
  g_free (plan->gradients);
  g_free (plan->statistics);
  g_free (plan->values);
  g_free (plan->slopes);
  dh_graph_unref (plan->graph);
  g_free (plan);
}

static gboolean
fail_memory (const DhHostPlan *plan, GError **error)
{
  const DhShape input = plan->common.options.input;
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
               "Memory is too short for a training step on %d crops of %d×%d: it held %.0f MiB already; use a smaller "
               "batch or crop",
               input.n, input.h, input.w, (double)plan->bytes / (1 << 20));
  return FALSE;
}

static void
release_values (DhHostPlan *plan, DhValue done)
{
  for (DhValue i = 0; i <= done; i++)
    {
      const DhNode *node = dh_graph_node (plan->graph, i);
      if (plan->values[i] && node->op != DH_OP_INPUT && plan->last_use[i] <= done
          && (dh_host_is_cheap (node) || !plan->kept[i]) && i != plan->common.options.logits
          && i != plan->common.options.logits_ood)
        dh_host_release (plan, &plan->values[i]);
    }
}

static gboolean
go_forward (DhHostPlan *plan, GCancellable *cancellable, GError **error)
{
  for (DhValue i = 0; i < size_of (plan); i++)
    {
      const DhNode *node = dh_graph_node (plan->graph, i);
      if (!plan->needed[i] || dh_host_is_cheap (node))
        continue;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      const gint64 begin = g_get_monotonic_time ();
      if (!dh_host_make (plan, i))
        return fail_memory (plan, error);
      release_values (plan, i);
      plan->seconds[node->op][0] += 1e-6 * (double)(g_get_monotonic_time () - begin);
    }
  return TRUE;
}

static gboolean
go_backward (DhHostPlan *plan, GCancellable *cancellable, GError **error)
{
  for (DhValue i = size_of (plan) - 1; i >= 0; i--)
    {
      const DhNode *node = dh_graph_node (plan->graph, i);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      const gint64 begin = g_get_monotonic_time ();
      if (plan->slopes[i] && !dh_host_go_back (plan, i))
        return fail_memory (plan, error);
      dh_host_release (plan, &plan->slopes[i]);
      if (node->op != DH_OP_INPUT)
        dh_host_release (plan, &plan->values[i]);
      plan->seconds[node->op][1] += 1e-6 * (double)(g_get_monotonic_time () - begin);
    }
  return TRUE;
}

static gboolean
compute_losses (DhHostPlan *plan, const guint8 *labels, DhLosses *losses, GError **error)
{
  const DhTrainOptions *options = &plan->common.options;
  const gboolean hybrid = options->logits_ood != DH_NO_VALUE;
  const gint64 begin = g_get_monotonic_time ();
  /* Logits that are a cheap value have not been asked for yet. */
  if (!dh_host_make (plan, options->logits) || (hybrid && !dh_host_make (plan, options->logits_ood)))
    return fail_memory (plan, error);
  float *df = plan->slopes[options->logits] = dh_host_alloc (plan, options->logits);
  float *dg = hybrid ? plan->slopes[options->logits_ood] = dh_host_alloc (plan, options->logits_ood) : NULL;
  if (!df || (hybrid && !dg)
      || !dh_ref_losses (plan->values[options->logits], hybrid ? plan->values[options->logits_ood] : NULL,
                         plan->shapes[options->logits], labels, options->beta, losses, df, dg,
                         plan->common.device->threads))
    return fail_memory (plan, error);
  plan->seconds[DH_OP_SCORE][0] += 1e-6 * (double)(g_get_monotonic_time () - begin);
  return TRUE;
}

static void
write_steps (DhHostPlan *plan)
{
  g_array_set_size (plan->common.steps, 0);
  for (DhOp op = 0; op < DH_N_OPS; op++)
    for (guint back = 0; back < 2; back++)
      if (plan->seconds[op][back] > 0)
        {
          const DhPlanStep step = { .name = g_strdup (op == DH_OP_SCORE ? "losses" : dh_op_name (op)),
                                    .implementation = g_strdup (back ? "backward" : "forward"),
                                    .seconds = plan->seconds[op][back] };
          g_array_append_val (plan->common.steps, step);
        }
}

gboolean
dh_host_train_run (DhTrainPlan *common, const float *input, const guint8 *labels, guint64 seed, double weight,
                   DhLosses *losses, GCancellable *cancellable, GError **error)
{
  DhHostPlan *plan = (DhHostPlan *)common;
  plan->input = input;
  plan->seed = seed;
  plan->weight = weight;
  memset (plan->measured, 0, dh_graph_size (plan->graph) * sizeof *plan->measured);
  const gboolean ok = go_forward (plan, cancellable, error) && compute_losses (plan, labels, losses, error)
                      && go_backward (plan, cancellable, error);
  for (guint i = 0; i < plan->blocks->len; i++)
    g_array_index (plan->blocks, DhHostBlock, i).used = FALSE;
  memset (plan->values, 0, dh_graph_size (plan->graph) * sizeof *plan->values);
  memset (plan->slopes, 0, dh_graph_size (plan->graph) * sizeof *plan->slopes);
  write_steps (plan);
  return ok;
}

typedef struct
{
  const DhNode *node;
  DhShape from, to;
  guint threads;
} RefConv;

static gpointer
open_conv (DhDevice *device, const DhNode *node, DhShape from, DhShape to, gboolean with_data, GError **error)
{
  RefConv *conv = g_new (RefConv, 1);
  *conv = (RefConv){ node, from, to, device->threads };
  return conv;
}

static gboolean
conv_forward (gpointer data, const float *x, const float *weight, const float *bias, float *y)
{
  const RefConv *conv = data;
  return dh_ref_conv (conv->node, x, conv->from, weight, bias, y, conv->to, conv->threads);
}

static gboolean
conv_backward_data (gpointer data, const float *dy, const float *weight, float *dx)
{
  const RefConv *conv = data;
  return dh_ref_conv_data_gradient (conv->node, dy, conv->to, weight, dx, conv->from, conv->threads);
}

static gboolean
conv_backward_weights (gpointer data, const float *x, const float *dy, float *d_weight, float *d_bias)
{
  const RefConv *conv = data;
  return dh_ref_conv_weight_gradient (conv->node, x, conv->from, dy, conv->to, d_weight, d_bias, conv->threads);
}

const DhHostConv dh_host_conv_ref = {
  .open = open_conv,
  .close = g_free,
  .forward = conv_forward,
  .backward_data = conv_backward_data,
  .backward_weights = conv_backward_weights,
};
