#include <string.h>
#include "dh-cuda-private.h"
#include "dh-error.h"

#define ALIGN ((gsize)256)

static gboolean
bind_read (DhCudaPlan *plan, const DhCudaView *view, gboolean by_places, DhCudaRead *read, GError **error)
{
  if (!view)
    return TRUE;
  const gint n = view->n_groups * DH_CUDA_GROUP;
  read->n_groups = by_places ? (view->c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP : view->n_groups;
  read->type = dh_cuda_view_type (view);
  read->relu = view->relu;
  read->groups = dh_cuda_upload_groups (&plan->pool, view, error);
  if (!read->groups)
    return FALSE;
  if (view->scale
      && (!(read->scale = dh_cuda_upload (&plan->pool, view->scale, n * sizeof (float), error))
          || !(read->shift = dh_cuda_upload (&plan->pool, view->shift, n * sizeof (float), error))))
    return FALSE;
  if (by_places
      && !(read->places = dh_cuda_upload (&plan->pool, dh_cuda_view_places (&plan->pool, view),
                                          (gsize)read->n_groups * DH_CUDA_GROUP * sizeof (gint32), error)))
    return FALSE;
  return TRUE;
}

static char *
staged (const DhCudaPlan *plan, DhValue value)
{
  for (guint i = 0; i < plan->n_outputs; i++)
    if (plan->outputs[i] == value)
      return plan->staging + plan->output_offsets[i];
  return NULL;
}

static gboolean
bind (DhCudaPlan *plan, DhCudaStep *step, GError **error)
{
  DhCudaKernel *kernel = &step->kernel;
  if (step->is_conv)
    {
      step->memory.x = dh_cuda_address (&plan->pool, step->in->groups[0].buffer);
      step->memory.y = dh_cuda_address (&plan->pool, step->out->groups[0].buffer);
      step->memory.z = step->spec.z ? dh_cuda_address (&plan->pool, step->other->groups[0].buffer) : NULL;
      return (!step->epilogue || bind (plan, step->epilogue, error))
             && (!step->gather || bind (plan, step->gather, error))
             && (!step->fused_step || bind (plan, step->fused_step, error))
             && (!step->taps || bind (plan, step->taps, error));
    }
  if (step->first && (!bind (plan, step->first, error) || !bind (plan, step->fused_step, error)))
    return FALSE;
  if (!bind_read (plan, step->in, step->in_places, &kernel->in, error)
      || !bind_read (plan, step->other, step->other_places, &kernel->other, error))
    return FALSE;
  if (step->out)
    {
      const DhCudaPlace *first = &step->out->groups[0];
      kernel->out = dh_cuda_address (&plan->pool, first->buffer)
                    + (gsize)first->group * DH_CUDA_GROUP * (first->buffer->type == DH_CUDA_F32 ? 4 : 2);
    }
  if (step->nearest)
    {
      kernel->rows = dh_cuda_upload_nearest (&plan->pool, step->tap_rows, kernel->h, error);
      kernel->columns = kernel->rows ? dh_cuda_upload_nearest (&plan->pool, step->tap_columns, kernel->w, error) : NULL;
      if (!kernel->columns)
        return FALSE;
    }
  else if (step->tap_rows
           && (!(kernel->rows = dh_cuda_upload_taps (&plan->pool, step->tap_rows, kernel->h, step->align_corners,
                                                     step->same_size, error))
               || !(kernel->columns = dh_cuda_upload_taps (&plan->pool, step->tap_columns, kernel->w,
                                                           step->align_corners, step->same_size, error))))
    return FALSE;
  const gsize n = kernel->op == DH_CUDA_PACK ? (gsize)kernel->c : (gsize)kernel->n_groups * DH_CUDA_GROUP;
  if (step->scale
      && (!(kernel->scale = dh_cuda_upload (&plan->pool, step->scale, n * sizeof (float), error))
          || !(kernel->shift = dh_cuda_upload (&plan->pool, step->shift, n * sizeof (float), error))))
    return FALSE;
  if (kernel->op == DH_CUDA_PACK)
    kernel->source = (const float *)(gpointer)plan->staging;
  if (kernel->op == DH_CUDA_UNPACK)
    kernel->out = staged (plan, step->target);
  if (kernel->op == DH_CUDA_SCORE)
    for (guint map = 0; map < DH_N_MAPS; map++)
      kernel->maps[map] = step->targets[map] != DH_NO_VALUE ? staged (plan, step->targets[map]) : NULL;
  return TRUE;
}

/* There are several ways to go. */
static gboolean
is_chosen (const DhCudaPlan *plan, DhCudaStep *step)
{
  return dh_cuda_convolution_of (step) || dh_cuda_can_tile_attention (step, &plan->pool);
}

/* The fastest way for each convolution, bare where the library cannot fuse, and each attention. */
static gboolean
choose (DhCudaPlan *plan, gpointer workspace, gsize most, GError **error)
{
  for (guint i = 0; i < plan->steps->len; i++)
    {
      DhCudaStep *whole = g_ptr_array_index (plan->steps, i), *step = dh_cuda_convolution_of (whole);
      if (!is_chosen (plan, whole))
        continue;
      if (g_cancellable_set_error_if_cancelled (plan->cancellable, error))
        return FALSE;
      if (!step)
        {
          if (!dh_cuda_choose_attention (plan, whole, workspace, error))
            return FALSE;
          continue;
        }
      DhCudaConvMemory memory = step->memory;
      memory.workspace = workspace;
      g_autoptr (GError) reason = NULL;
      step->conv = dh_cuda_driver.conv_new (plan->pool.device->card, &step->spec, &memory, most, &reason);
      if (!step->conv && step->fused && g_error_matches (reason, DH_ERROR, DH_ERROR_UNSUPPORTED))
        {
          g_clear_error (&reason);
          step->fused = step->spec.z = step->spec.bias = step->spec.relu = FALSE;
          step->memory.z = step->memory.bias = memory.z = memory.bias = NULL;
          step->conv = dh_cuda_driver.conv_new (plan->pool.device->card, &step->spec, &memory, most, &reason);
        }
      if (!step->conv)
        {
          g_propagate_prefixed_error (error, g_steal_pointer (&reason), "Layer “%s”: ", step->name);
          return FALSE;
        }
      if ((step->gather && !dh_cuda_choose_fused (plan, step, &memory, error))
          || (step->taps && !dh_cuda_choose_taps (plan, step, &memory, most, error))
          || (whole != step && !dh_cuda_choose_fused (plan, whole, &memory, error)))
        return FALSE;
      plan->pool.workspace_bytes = MAX (plan->pool.workspace_bytes,
                                        dh_cuda_driver.conv_workspace (step->is_taps ? step->taps->conv : step->conv));
    }
  return TRUE;
}

static gboolean
choose_ways (DhCudaPlan *plan, GError **error)
{
  gboolean any = FALSE;
  for (guint i = 0; i < plan->steps->len; i++)
    any = any || is_chosen (plan, g_ptr_array_index (plan->steps, i));
  if (!any)
    return TRUE;
  gsize most;
  gpointer trial = dh_cuda_trial_memory (&plan->pool, &most);
  const gboolean fine = choose (plan, trial, most, error);
  if (trial)
    dh_cuda_driver.release (plan->pool.device->card, trial);
  if (!fine || !dh_cuda_take_workspace (&plan->pool, error))
    return FALSE;
  for (guint i = 0; i < plan->steps->len; i++)
    {
      DhCudaStep *conv = dh_cuda_convolution_of (g_ptr_array_index (plan->steps, i));
      if (conv)
        conv->memory.workspace = plan->pool.workspace;
    }
  return TRUE;
}

static void
note_step (const DhCudaStep *step, gint at)
{
  dh_cuda_note_use (step->in, at);
  dh_cuda_note_use (step->other, at);
  dh_cuda_note_use (step->out, at);
  if (step->gather)
    note_step (step->gather, at);
  if (step->first)
    note_step (step->first, at);
  if (step->taps)
    dh_cuda_note_use (step->taps->out, at);
}

gboolean
dh_cuda_place (DhCudaPlan *plan, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  for (guint i = 0; i < plan->steps->len; i++)
    note_step (g_ptr_array_index (plan->steps, i), (gint)i);
  dh_cuda_arrange_buffers (&plan->pool);

  plan->input_bytes = sizeof (float) * plan->pool.n * plan->input.c * plan->input.h * plan->input.w;
  plan->rgb_bytes = plan->input_bytes / sizeof (float);
  gsize at = plan->pinned_bytes = (plan->input_bytes + ALIGN - 1) / ALIGN * ALIGN;
  plan->output_offsets = dh_cuda_host_alloc (&plan->pool, plan->n_outputs, sizeof *plan->output_offsets);
  for (guint i = 0; i < plan->n_outputs; i++)
    {
      plan->output_offsets[i] = at;
      at += (plan->output_bytes[i] + ALIGN - 1) / ALIGN * ALIGN;
    }
  plan->staging_bytes = at;

  plan->base.memory = plan->pool.arena_bytes + DH_CUDA_DEPTH * plan->staging_bytes + plan->pool.chunk_bytes;
  if (plan->pool.dry)
    return TRUE;
  if (!(plan->pool.arena = dh_cuda_driver.alloc (card, plan->pool.arena_bytes, error))
      || !(plan->staging = dh_cuda_driver.alloc (card, DH_CUDA_DEPTH * plan->staging_bytes, error))
      || !(plan->pinned = dh_cuda_driver.alloc_pinned (card, DH_CUDA_DEPTH * plan->pinned_bytes, error)))
    return FALSE;
  for (guint i = 0; i < plan->steps->len; i++)
    if (!bind (plan, g_ptr_array_index (plan->steps, i), error))
      return FALSE;
  if (!choose_ways (plan, error))
    return FALSE;
  plan->base.memory = plan->pool.arena_bytes + DH_CUDA_DEPTH * plan->staging_bytes + plan->pool.chunk_bytes
                      + plan->pool.workspace_bytes;
  return TRUE;
}

void
dh_cuda_memory_clear (DhCudaPlan *plan)
{
  DhCudaCard *card = plan->pool.device->card;
  if (plan->staging)
    dh_cuda_driver.release (card, plan->staging);
  if (plan->pinned)
    dh_cuda_driver.release_pinned (card, plan->pinned);
  dh_cuda_pool_clear (&plan->pool);
}
