#include <string.h>
#include "dh-cuda-private.h"
#include "dh-error.h"

#define ALIGN ((gsize)256)

void
dh_cuda_pool_init (DhCudaPool *pool, DhCudaDevice *device, gint n, DhPrecision precision)
{
  *pool = (DhCudaPool){ .device = device,
                        .n = n,
                        .type = precision == DH_PRECISION_F16    ? DH_CUDA_F16
                                : precision == DH_PRECISION_BF16 ? DH_CUDA_BF16
                                                                 : DH_CUDA_F32,
                        .strict = precision == DH_PRECISION_F32,
                        .buffers = g_ptr_array_new_with_free_func (g_free),
                        .allocations = g_ptr_array_new_with_free_func (g_free),
                        .chunks = g_ptr_array_new () };
  device->n_plans++;
}

void
dh_cuda_pool_clear (DhCudaPool *pool)
{
  for (guint i = 0; i < pool->chunks->len; i++)
    dh_cuda_driver.release (pool->device->card, g_ptr_array_index (pool->chunks, i));
  if (pool->arena)
    dh_cuda_driver.release (pool->device->card, pool->arena);
  if (pool->workspace)
    dh_cuda_driver.release (pool->device->card, pool->workspace);
  pool->device->n_plans--;
  g_ptr_array_unref (pool->buffers);
  g_ptr_array_unref (pool->allocations);
  g_ptr_array_unref (pool->chunks);
}

gpointer
dh_cuda_host_alloc (DhCudaPool *pool, gsize count, gsize size)
{
  gpointer memory = g_malloc0_n (MAX (count, 1), size);
  g_ptr_array_add (pool->allocations, memory);
  return memory;
}

DhCudaBuffer *
dh_cuda_buffer_new (DhCudaPool *pool, gint n_groups, gint h, gint w, gint type)
{
  DhCudaBuffer *buffer = g_new0 (DhCudaBuffer, 1);
  *buffer = (DhCudaBuffer){ .n_groups = n_groups, .n = pool->n, .h = h, .w = w, .type = type };
  const gsize size = type == DH_CUDA_F32 ? 4 : 2;
  buffer->block =
      (DhArenaBlock){ .size = size * pool->n * h * w * n_groups * DH_CUDA_GROUP, .first = G_MAXINT, .last = -1 };
  g_ptr_array_add (pool->buffers, buffer);
  return buffer;
}

gpointer
dh_cuda_reserve (DhCudaPool *pool, gsize bytes, GError **error)
{
  const gsize chunk = (gsize)8 << 20, rounded = (MAX (bytes, 1) + ALIGN - 1) / ALIGN * ALIGN;
  if (pool->dry)
    {
      pool->chunk_bytes += rounded;
      return pool; /* of no use but not to be NULL */
    }
  const gboolean large = rounded > chunk / 4; /* small ones share a chunk */
  char *to = NULL;
  if (large || pool->chunk_left < rounded)
    {
      const gsize size = large ? rounded : chunk;
      to = dh_cuda_driver.alloc (pool->device->card, size, error);
      if (!to)
        {
          g_prefix_error (error, "The parameters do not fit: ");
          return NULL;
        }
      g_ptr_array_add (pool->chunks, to);
      pool->chunk_bytes += size;
      if (!large)
        {
          pool->chunk = to;
          pool->chunk_left = chunk;
        }
    }
  if (!large)
    {
      to = pool->chunk;
      pool->chunk += rounded;
      pool->chunk_left -= rounded;
    }
  return to;
}

gpointer
dh_cuda_upload (DhCudaPool *pool, gconstpointer data, gsize bytes, GError **error)
{
  gpointer to = dh_cuda_reserve (pool, bytes, error);
  DhCudaCard *card = pool->device->card;
  if (!to || pool->dry)
    return to;
  if (!dh_cuda_driver.copy (card, to, data, bytes, DH_CUDA_TO_DEVICE, DH_CUDA_LANE_COMPUTE, error)
      || !dh_cuda_driver.wait (card, error))
    return NULL;
  return to;
}

void
dh_cuda_note_use (const DhCudaView *view, gint step)
{
  for (gint i = 0; view && i < view->n_groups; i++)
    {
      DhArenaBlock *block = &view->groups[i].buffer->block;
      block->first = MIN (block->first, step);
      block->last = MAX (block->last, step);
    }
}

void
dh_cuda_arrange_buffers (DhCudaPool *pool)
{
  g_autoptr (GPtrArray) blocks = g_ptr_array_new ();
  for (guint i = 0; i < pool->buffers->len; i++)
    g_ptr_array_add (blocks, &((DhCudaBuffer *)g_ptr_array_index (pool->buffers, i))->block);
  pool->arena_bytes = MAX (dh_arena_place (blocks, ALIGN), ALIGN);
}

char *
dh_cuda_address (const DhCudaPool *pool, const DhCudaBuffer *buffer)
{
  return pool->arena + buffer->block.offset;
}

gpointer
dh_cuda_trial_memory (DhCudaPool *pool, gsize *most)
{
  gpointer trial = NULL;
  for (*most = (gsize)512 << 20; *most >= (gsize)1 << 20; *most /= 4)
    if ((trial = dh_cuda_driver.alloc (pool->device->card, *most, NULL)))
      return trial;
  *most = 0;
  return NULL;
}

gboolean
dh_cuda_take_workspace (DhCudaPool *pool, GError **error)
{
  if (pool->workspace_bytes > 0)
    pool->workspace = dh_cuda_driver.alloc (pool->device->card, pool->workspace_bytes, error);
  return pool->workspace_bytes == 0 || pool->workspace;
}
