#include <string.h>
#include "dh-cuda-private.h"
#include "dh-error.h"

static void
free_step (gpointer data)
{
  DhCudaStep *step = data;
  if (!step)
    return;
  free_step (step->epilogue);
  if (step->conv)
    dh_cuda_driver.conv_free (step->conv);
  g_free (step->name);
  g_free (step);
}

void
dh_cuda_free_plan (DhPlan *base)
{
  DhCudaPlan *plan = (DhCudaPlan *)base;
  if (plan->recording)
    dh_cuda_driver.recording_free (plan->pool.device->card, plan->recording);
  g_ptr_array_unref (plan->steps);
  dh_cuda_memory_clear (plan);
  g_free (plan->outputs);
  g_free (plan->output_bytes);
  g_free (plan);
}

gboolean
dh_cuda_is_lost (DhCudaDevice *device, GError **error)
{
  if (device->lost)
    g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "The device “%s” was closed after an error (%s): open it again",
                 device->base.name, device->lost);
  return device->lost != NULL;
}

void
dh_cuda_note_error (DhCudaDevice *device, const GError *error)
{
  if (!device->lost && g_error_matches (error, DH_ERROR, DH_ERROR_FAILED))
    {
      device->lost = g_strdup (error->message);
      device->base.lost = TRUE;
    }
}

DhPlan *
dh_cuda_compile (DhDevice *base, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                 const DhPlanOptions *options, GError **error)
{
  DhCudaDevice *device = (DhCudaDevice *)base;
  if (dh_cuda_is_lost (device, error))
    return NULL;
  DhCudaPlan *plan = g_new0 (DhCudaPlan, 1);
  dh_cuda_pool_init (&plan->pool, device, options->input.n, options->precision);
  plan->input = options->input;
  plan->outputs = g_memdup2 (options->outputs, options->n_outputs * sizeof *options->outputs);
  plan->n_outputs = options->n_outputs;
  plan->output_bytes = g_new0 (gsize, options->n_outputs);
  plan->steps = g_ptr_array_new_with_free_func (free_step);
  for (guint i = 0; i < plan->n_outputs; i++)
    {
      const DhNode *node = dh_graph_node (graph, plan->outputs[i]);
      const DhShape shape = shapes[plan->outputs[i]];
      const gboolean bytes = node->op == DH_OP_SCORE && node->map == DH_MAP_SEGMENTATION;
      plan->output_bytes[i] = (gsize)shape.n * shape.c * shape.h * shape.w * (bytes ? 1 : sizeof (float));
    }
  g_autoptr (GError) reason = NULL;
  if (dh_cuda_build (plan, graph, shapes, parameters, &reason) && dh_cuda_place (plan, &reason))
    {
      for (guint i = 0; i < plan->steps->len; i++)
        {
          DhCudaStep *step = g_ptr_array_index (plan->steps, i);
          if (step->is_conv)
            step->flop = 2.0 * step->spec.n * step->out->c * step->in->c * step->spec.out_h * step->spec.out_w
                         * step->spec.kernel * step->spec.kernel;
          else if (step->kernel.op == DH_CUDA_HEAD)
            step->flop = 2.0 * step->kernel.n * step->out->c * step->in->c * step->kernel.h * step->kernel.w;
        }
      return &plan->base;
    }
  dh_cuda_note_error (device, reason);
  g_propagate_error (error, g_steal_pointer (&reason));
  dh_cuda_free_plan (&plan->base);
  return NULL;
}

static gboolean
run_step (DhCudaPlan *plan, DhCudaStep *step, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  if (!step->is_conv)
    return dh_cuda_driver.launch (card, &step->kernel, error);
  return dh_cuda_driver.conv_run (card, step->conv, &step->memory, error)
         && (step->fused || !step->epilogue || dh_cuda_driver.launch (card, &step->epilogue->kernel, error));
}

static gboolean
queue_upload (DhCudaPlan *plan, GError **error)
{
  return dh_cuda_driver.copy (plan->pool.device->card, plan->staging, plan->pinned, plan->input_bytes,
                              DH_CUDA_TO_DEVICE, error);
}

static gboolean
queue_download (DhCudaPlan *plan, GError **error)
{
  for (guint i = 0; i < plan->n_outputs; i++)
    {
      gboolean repeated = FALSE;
      for (guint j = 0; j < i; j++)
        repeated = repeated || plan->outputs[j] == plan->outputs[i];
      if (!repeated
          && !dh_cuda_driver.copy (plan->pool.device->card, plan->pinned + plan->output_offsets[i],
                                   plan->staging + plan->output_offsets[i], plan->output_bytes[i], DH_CUDA_TO_HOST,
                                   error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
queue_run (DhCudaPlan *plan, GCancellable *cancellable, gboolean marks, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  if (!queue_upload (plan, error))
    return FALSE;
  for (guint i = 0; i < plan->steps->len; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error) || (marks && !dh_cuda_driver.mark (card, i, error))
          || !run_step (plan, g_ptr_array_index (plan->steps, i), error))
        return FALSE;
    }
  return !marks || dh_cuda_driver.mark (card, plan->steps->len, error);
}

static const char *
implementation (const DhCudaStep *step)
{
  static const char *const kernels[] = { "pack", "pointwise", "pool", "resize", "head", "scores", "unpack" };
  return step->is_conv ? dh_cuda_driver.conv_name (step->conv) : kernels[step->kernel.op];
}

static void
report_steps (DhCudaPlan *plan)
{
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const DhCudaStep *step = g_ptr_array_index (plan->steps, i);
      dh_cuda_host->add_step (&plan->base, step->name, implementation (step),
                              dh_cuda_driver.elapsed (plan->pool.device->card, i, i + 1), step->flop);
    }
}

/* All but the download as one recording, from the second time on: the first has everything loaded. A card that refuses is
 * asked once; whatever was wrong with it shows in the plain run that follows. */
static void
record (DhCudaPlan *plan)
{
  DhCudaCard *card = plan->pool.device->card;
  if (dh_cuda_driver.record_begin (card, NULL))
    {
      const gboolean queued = queue_run (plan, NULL, FALSE, NULL);
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
run_once (DhCudaPlan *plan, GCancellable *cancellable, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  if (plan->base.timing && plan->steps->len < 4096)
    {
      if (!queue_run (plan, cancellable, TRUE, error) || !queue_download (plan, error)
          || !dh_cuda_driver.wait (card, error))
        return FALSE;
      report_steps (plan);
      return TRUE;
    }
  if (plan->n_runs > 0 && !plan->recording && !plan->never_record)
    record (plan);
  if (!dh_cuda_driver.mark (card, 0, error)
      || !(plan->recording ? dh_cuda_driver.replay (card, plan->recording, error)
                           : queue_run (plan, cancellable, FALSE, error))
      || !dh_cuda_driver.mark (card, 1, error) || !queue_download (plan, error) || !dh_cuda_driver.wait (card, error))
    return FALSE;
  plan->base.device_seconds = dh_cuda_driver.elapsed (card, 0, 1);
  return TRUE;
}

gboolean
dh_cuda_run (DhPlan *base, const float *input, void *const *outputs, GCancellable *cancellable,
             const DhProgress *progress, GError **error)
{
  DhCudaPlan *plan = (DhCudaPlan *)base;
  if (dh_cuda_is_lost (plan->pool.device, error))
    return FALSE;
  memcpy (plan->pinned, input, plan->input_bytes);
  g_autoptr (GError) reason = NULL;
  if (!run_once (plan, cancellable, &reason))
    {
      if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        dh_cuda_driver.wait (plan->pool.device->card, NULL);
      dh_cuda_note_error (plan->pool.device, reason);
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  plan->n_runs++;
  for (guint i = 0; i < plan->n_outputs; i++)
    {
      guint first = 0;
      while (plan->outputs[first] != plan->outputs[i])
        first++;
      memcpy (outputs[i], plan->pinned + plan->output_offsets[first], plan->output_bytes[i]);
    }
  if (progress)
    dh_progress_report (progress, plan->steps->len, plan->steps->len, "maps");
  return TRUE;
}

char *
dh_cuda_describe (DhPlan *base)
{
  DhCudaPlan *plan = (DhCudaPlan *)base;
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const DhCudaStep *step = g_ptr_array_index (plan->steps, i);
      g_string_append_printf (text, "%4u  %-28s", i, implementation (step));
      if (step->in)
        g_string_append_printf (text, " %d×%d×%d", step->in->c, step->in->h, step->in->w);
      if (step->out)
        g_string_append_printf (text, " → %d×%d×%d at %.1f MiB", step->out->c, step->out->h, step->out->w,
                                step->out->groups[0].buffer->block.offset / 1048576.0);
      g_string_append_printf (text, "%s%s  %s\n",
                              step->is_conv && step->epilogue ? step->fused ? " fused" : " bare" : "",
                              step->other ? " +sum" : "", step->name);
    }
  g_string_append_printf (text, "%s: %.1f MiB values, %.1f MiB parameters, %.1f MiB workspace, %.1f MiB staging\n",
                          plan->pool.device->base.name, plan->pool.arena_bytes / 1048576.0,
                          plan->pool.chunk_bytes / 1048576.0, plan->pool.workspace_bytes / 1048576.0,
                          plan->staging_bytes / 1048576.0);
  return g_string_free (text, FALSE);
}
