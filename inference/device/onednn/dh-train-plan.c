#include <string.h>
#include "dh-debug.h"
#include "dh-error.h"
#include "dh-train-private.h"

static void
take_parameters (DhTrain *train, DhTensorDict *parameters, DhTensorDict *gradients)
{
  const DhTrainOptions *options = &train->common.options;
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  g_autoptr (GArray) wanted =
      dh_graph_list_parameters (train->graph, outputs, options->logits_ood == DH_NO_VALUE ? 1 : 2);
  for (guint i = 0; i < wanted->len; i++)
    {
      const DhParameter *parameter = &g_array_index (wanted, DhParameter, i);
      guint number = 0;
      while (train->parameters[parameter->node][number])
        number++;
      train->parameters[parameter->node][number] = dh_tensor_ref (dh_tensor_dict_get (parameters, parameter->name));
      if (parameter->trained)
        train->gradient_of[parameter->node][number] = dh_tensor_ref (dh_tensor_dict_get (gradients, parameter->name));
    }
}

/* Everything but memory for values and the parameters. */
static DhTrain *
train_new (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhTrainOptions *options, GError **error)
{
  const guint size = dh_graph_size (graph);
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  DhTrain *train = g_new0 (DhTrain, 1);
  train->common.device = device;
  train->common.options = *options;
  train->device = (DhCpuDevice *)device;
  train->kernels = train->device->kernels;
  train->gradients = dh_cpu_train_kernels_for (train->kernels);
  train->threads = (gint)device->threads;
  train->images = options->input.n;
  train->bf16 = options->precision == DH_PRECISION_BF16;
  train->parts = dh_debug (DH_DEBUG_PARTS);
  train->guards = dh_debug (DH_DEBUG_GUARDS);
  train->graph = dh_graph_ref (graph);
  train->shapes = g_memdup2 (shapes, size * sizeof *shapes);
  train->needed = dh_graph_mark_needed (graph, outputs, options->logits_ood == DH_NO_VALUE ? 1 : 2);
  train->n_readers = g_new0 (gint, size);
  train->reader = g_new0 (DhValue, size);
  train->views = g_new0 (DhTrainView *, size);
  train->norms = g_new0 (DhTrainNorm *, size);
  train->parameters = g_malloc0_n (size, sizeof *train->parameters);
  train->gradient_of = g_malloc0_n (size, sizeof *train->gradient_of);
  train->values = g_ptr_array_new ();
  train->view_list = g_ptr_array_new ();
  train->ops = g_ptr_array_new ();
  train->steps = g_ptr_array_new ();
  train->blocks = g_ptr_array_new ();
  train->allocations = g_ptr_array_new_with_free_func (g_free);
  if (!dh_train_build (train, error))
    {
      dh_cpu_train_free (&train->common);
      return NULL;
    }
  train->scratch_offset = (dh_train_guard_place (train) + 4095) & ~(gsize)4095;
  train->arena_bytes = train->scratch_offset + train->scratch_bytes * train->threads;
  return train;
}

static void
write_steps (DhTrain *train)
{
  g_array_set_size (train->common.steps, 0);
  for (guint i = 0; i < train->steps->len; i++)
    {
      const DhTrainStep *step = g_ptr_array_index (train->steps, i);
      const DhPlanStep entry = { .name = g_strdup (step->name),
                                 .implementation = g_strdup (step->implementation),
                                 .seconds = step->seconds,
                                 .flop = step->flop };
      g_array_append_val (train->common.steps, entry);
    }
}

DhTrainPlan *
dh_cpu_train_new (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                  DhTensorDict *gradients, const DhTrainOptions *options, GError **error)
{
  DhTrain *train = train_new (device, graph, shapes, options, error);
  if (!train)
    return NULL;
  train->arena = dh_cpu_map_memory (train->arena_bytes, error);
  if (!train->arena)
    {
      dh_cpu_train_free (&train->common);
      return NULL;
    }
  train->common.memory = train->arena_bytes;
  take_parameters (train, parameters, gradients);
  dh_train_bind (train);
  train->common.steps = dh_plan_steps_new ();
  write_steps (train);
  return &train->common;
}

guint64
dh_cpu_train_estimate (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhTrainOptions *options)
{
  DhTrain *train = train_new (device, graph, shapes, options, NULL);
  const guint64 bytes = train ? train->arena_bytes : G_MAXUINT64;
  if (train)
    dh_cpu_train_free (&train->common);
  return bytes;
}

void
dh_cpu_train_free (DhTrainPlan *common)
{
  DhTrain *train = (DhTrain *)common;
  for (guint i = 0; i < dh_graph_size (train->graph); i++)
    {
      for (guint j = 0; j < 4; j++)
        dh_tensor_unref (train->parameters[i][j]);
      for (guint j = 0; j < 2; j++)
        dh_tensor_unref (train->gradient_of[i][j]);
    }
  for (guint i = 0; i < train->ops->len; i++)
    {
      const DhTrainOp *op = g_ptr_array_index (train->ops, i);
      if (op->library)
        dh_library_conv_free (op->library);
    }
  dh_cpu_unmap_memory (train->arena, train->arena_bytes);
  g_ptr_array_unref (train->values);
  g_ptr_array_unref (train->view_list);
  g_ptr_array_unref (train->ops);
  g_ptr_array_unref (train->steps);
  g_ptr_array_unref (train->blocks);
  g_ptr_array_unref (train->allocations);
  g_free (train->shapes);
  g_free (train->needed);
  g_free (train->n_readers);
  g_free (train->reader);
  g_free (train->views);
  g_free (train->norms);
  g_free (train->parameters);
  g_free (train->gradient_of);
  g_clear_error (&train->failure);
  dh_graph_unref (train->graph);
  g_free (train);
}

gboolean
dh_cpu_train_run (DhTrainPlan *common, const float *input, const guint8 *labels, guint64 seed, double weight,
                  DhLosses *losses, GCancellable *cancellable, GError **error)
{
  DhTrain *train = (DhTrain *)common;
  train->input = input;
  train->labels = labels;
  train->seed = seed;
  train->weight = weight;
  train->losses = losses;
  train->cancellable = cancellable;
  gboolean ok = !g_cancellable_set_error_if_cancelled (cancellable, error);
  for (guint i = 0; i < train->values->len; i++)
    {
      DhTrainValue *value = g_ptr_array_index (train->values, i);
      if (value->again)
        dh_train_bind_value (train, value, value->value);
    }
  if (train->guards)
    memset (train->arena, 0xff, train->arena_bytes);
  for (guint i = 0; ok && i < train->steps->len; i++)
    {
      DhTrainStep *step = g_ptr_array_index (train->steps, i);
      const gint64 begin = g_get_monotonic_time ();
      dh_cpu_calm_look (train->device->base.threads);
      /* What was cancelled within a step, the last one too, is not whole. */
      ok = (train->guards ? dh_train_guard_step (train, i, error) : step->run (train, step, error))
           && !g_cancellable_set_error_if_cancelled (cancellable, error);
      step->seconds = 1e-6 * (double)(g_get_monotonic_time () - begin);
    }
  train->cancellable = NULL;
  if (ok)
    write_steps (train);
  return ok;
}

const DhCpuTrainKernels *dh_cpu_train_kernels_emulated;

const DhCpuTrainKernels *
dh_cpu_train_kernels_for (const DhCpuKernels *kernels)
{
  if (dh_cpu_kernels_emulated != NULL && kernels == dh_cpu_kernels_emulated)
    return dh_cpu_train_kernels_emulated;
#if defined __x86_64__
  if (kernels == &dh_cpu_kernels_avx512_amx)
    return &dh_cpu_train_kernels_avx512_amx;
  if (kernels == &dh_cpu_kernels_avx512_bf16)
    return &dh_cpu_train_kernels_avx512_bf16;
  if (kernels == &dh_cpu_kernels_avx512_vnni)
    return &dh_cpu_train_kernels_avx512_vnni;
  if (kernels == &dh_cpu_kernels_avx512)
    return &dh_cpu_train_kernels_avx512;
  if (kernels == &dh_cpu_kernels_avx2_vnni)
    return &dh_cpu_train_kernels_avx2_vnni;
  if (kernels == &dh_cpu_kernels_avx2)
    return &dh_cpu_train_kernels_avx2;
#endif
  return &dh_cpu_train_kernels_plain;
}
