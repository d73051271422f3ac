#include "dh-cuda-probe.h"
#include "dh-cuda-train-private.h"
#include "dh-error.h"

static void
note_buffer (DhCudaBuffer *buffer, gint step)
{
  if (!buffer)
    return;
  buffer->block.first = MIN (buffer->block.first, step);
  buffer->block.last = MAX (buffer->block.last, step);
}

static void
note_uses (DhCudaTrainPlan *plan)
{
  for (gint i = 0; i < (gint)plan->steps->len; i++)
    {
      const DhCudaTrainStep *step = g_ptr_array_index (plan->steps, i);
      dh_cuda_note_use (step->in, i);
      dh_cuda_note_use (step->other, i);
      dh_cuda_note_use (step->third, i);
      DhCudaBuffer *const buffers[] = { step->out, step->out_ood, step->packed, step->x, step->w, step->y };
      for (guint j = 0; j < G_N_ELEMENTS (buffers); j++)
        note_buffer (buffers[j], i);
      for (gint j = 0; step->targets && j < step->kernel.n_groups; j++)
        note_buffer (step->targets[j].buffer, i);
    }
}

static gboolean
bind_read (DhCudaPool *pool, const DhCudaView *view, const gint32 *places, DhCudaRead *read, GError **error)
{
  if (!view)
    return TRUE;
  read->groups = dh_cuda_upload_groups (pool, view, error);
  read->n_groups = view->n_groups;
  read->type = dh_cuda_view_type (view);
  read->relu = view->relu;
  read->places = places;
  read->factors = view->factors;
  read->area = view->h * view->w;
  if (view->norm)
    {
      read->scale = view->norm->tables + (gsize)DH_CUDA_NORM_SCALE * view->n_groups * DH_CUDA_GROUP;
      read->shift = view->norm->tables + (gsize)DH_CUDA_NORM_SHIFT * view->n_groups * DH_CUDA_GROUP;
    }
  return read->groups != NULL;
}

static gboolean
bind_targets (DhCudaPool *pool, DhCudaTrainStep *step, GError **error)
{
  g_autofree DhCudaTarget *targets = g_new0 (DhCudaTarget, step->kernel.n_groups);
  for (gint i = 0; i < step->kernel.n_groups; i++)
    {
      const DhCudaBuffer *buffer = step->targets[i].buffer;
      if (!buffer)
        continue;
      const gsize size = buffer->type == DH_CUDA_F32 ? 4 : 2;
      targets[i] =
          (DhCudaTarget){ .base = dh_cuda_address (pool, buffer) + step->targets[i].group * DH_CUDA_GROUP * size,
                          .stride = buffer->n_groups * DH_CUDA_GROUP,
                          .type = buffer->type,
                          .add = step->adds[i] };
    }
  step->kernel.targets = dh_cuda_upload (pool, targets, step->kernel.n_groups * sizeof *targets, error);
  return step->kernel.targets != NULL;
}

static gboolean
bind (DhCudaTrainPlan *plan, DhCudaTrainStep *step, GError **error)
{
  DhCudaPool *pool = &plan->pool;
  if (step->is_conv)
    {
      step->memory.x = dh_cuda_address (pool, step->x);
      step->memory.y = dh_cuda_address (pool, step->y);
      if (step->w)
        step->memory.w = dh_cuda_address (pool, step->w);
      return TRUE;
    }
  if (step->out)
    step->kernel.out = dh_cuda_address (pool, step->out);
  if (step->out_ood)
    step->kernel.out_ood = dh_cuda_address (pool, step->out_ood);
  if (step->packed)
    step->kernel.packed = dh_cuda_address (pool, step->packed);
  step->kernel.partials = plan->partials;
  return bind_read (pool, step->in, step->in_places, &step->kernel.in, error)
         && bind_read (pool, step->other, step->other_places, &step->kernel.other, error)
         && bind_read (pool, step->third, NULL, &step->kernel.third, error)
         && (!step->targets || bind_targets (pool, step, error));
}

static gboolean
choose (DhCudaTrainPlan *plan, gpointer trial, gsize most, GError **error)
{
  for (guint i = 0; i < plan->steps->len; i++)
    {
      DhCudaTrainStep *step = g_ptr_array_index (plan->steps, i);
      if (!step->is_conv)
        continue;
      DhCudaConvMemory memory = step->memory;
      memory.workspace = trial;
      /* They are packed in each step, so not yet. */
      const gint filter[] = { step->spec.out, step->spec.kernel, step->spec.kernel, step->spec.in };
      if (!step->w
          && !dh_cuda_probe_fill (plan->pool.device->card, memory.w, step->spec.type, filter, DH_CUDA_NOISE_EVEN,
                                  error))
        return FALSE;
      step->conv = dh_cuda_driver.conv_new (plan->pool.device->card, &step->spec, &memory, most, error);
      if (!step->conv)
        {
          g_prefix_error (error, "Layer “%s”: ", step->name);
          return FALSE;
        }
      plan->pool.workspace_bytes = MAX (plan->pool.workspace_bytes, dh_cuda_driver.conv_workspace (step->conv));
    }
  return TRUE;
}

gsize
dh_cuda_train_bytes (const DhCudaTrainPlan *plan)
{
  return plan->pool.arena_bytes + plan->pool.chunk_bytes + plan->pool.workspace_bytes;
}

gboolean
dh_cuda_train_place (DhCudaTrainPlan *plan, GError **error)
{
  DhCudaPool *pool = &plan->pool;
  note_uses (plan);
  dh_cuda_arrange_buffers (pool);
  plan->partials = dh_cuda_reserve (pool, plan->partials_bytes, error);
  if (!plan->partials)
    return FALSE;
  if (pool->dry)
    return TRUE;
  pool->arena = dh_cuda_driver.alloc (pool->device->card, pool->arena_bytes, error);
  if (!pool->arena)
    return FALSE;
  for (guint i = 0; i < plan->steps->len; i++)
    if (!bind (plan, g_ptr_array_index (plan->steps, i), error))
      return FALSE;
  gsize most;
  gpointer trial = dh_cuda_trial_memory (pool, &most);
  const gboolean fine = choose (plan, trial, most, error);
  if (trial)
    dh_cuda_driver.release (pool->device->card, trial);
  if (!fine || !dh_cuda_take_workspace (pool, error))
    return FALSE;
  for (guint i = 0; i < plan->steps->len; i++)
    ((DhCudaTrainStep *)g_ptr_array_index (plan->steps, i))->memory.workspace = pool->workspace;
  return TRUE;
}
