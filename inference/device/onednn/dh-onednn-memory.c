#include <errno.h>
#include <sys/mman.h>
#include "dh-error.h"
#include "dh-onednn-private.h"

typedef struct
{
  gpointer memory;
  gsize bytes;
} Packed;

gpointer
dh_cpu_alloc (DhCpuPlan *plan, gsize count, gsize size)
{
  gpointer memory = g_malloc0_n (MAX (count, 1), size);
  g_ptr_array_add (plan->allocations, memory);
  return memory;
}

/* Mapped, so that pages never written cost nothing, and in huge pages where the system has them. */
gpointer
dh_cpu_map_memory (gsize bytes, GError **error)
{
  gpointer memory = mmap (NULL, MAX (bytes, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                   "The cpu device could not allocate %.0f MiB (%s): use a smaller scale, or close other programs",
                   bytes / 1048576.0, g_strerror (errno));
      return NULL;
    }
  if (bytes >= (1u << 21))
    madvise (memory, bytes, MADV_HUGEPAGE);
  return memory;
}

void
dh_cpu_unmap_memory (gpointer memory, gsize bytes)
{
  if (memory != NULL)
    munmap (memory, MAX (bytes, 1));
}

static void
packed_free (gpointer data)
{
  Packed *packed = data;
  if (packed->bytes > 0)
    dh_cpu_unmap_memory (packed->memory, packed->bytes);
  g_free (packed);
}

float *
dh_cpu_alloc_packed (DhCpuPlan *plan, gsize bytes, GError **error)
{
  if (plan->packed == NULL)
    plan->packed = g_ptr_array_new_with_free_func (packed_free);
  /* Small ones share a mapping. */
  const gsize chunk = 1u << 21;
  gsize rounded = (bytes + 63) & ~(gsize)63;
  if (rounded < chunk / 4)
    {
      if (plan->chunk_left < rounded)
        {
          plan->chunk = dh_cpu_map_memory (chunk, error);
          if (plan->chunk == NULL)
            return NULL;
          plan->chunk_left = chunk;
          Packed *packed = g_new (Packed, 1);
          *packed = (Packed){ plan->chunk, chunk };
          g_ptr_array_add (plan->packed, packed);
        }
      float *memory = (float *)plan->chunk;
      plan->chunk += rounded;
      plan->chunk_left -= rounded;
      plan->packed_bytes += rounded;
      return memory;
    }
  Packed *packed = g_new (Packed, 1);
  *packed = (Packed){ dh_cpu_map_memory (rounded, error), rounded };
  if (packed->memory == NULL)
    {
      g_free (packed);
      return NULL;
    }
  g_ptr_array_add (plan->packed, packed);
  plan->packed_bytes += rounded;
  return packed->memory;
}

DhCpuBuffer *
dh_cpu_buffer_new (DhCpuPlan *plan, gint n_planes, gint h, gint w)
{
  DhCpuBuffer *buffer = g_new0 (DhCpuBuffer, 1);
  *buffer = (DhCpuBuffer){ .n_planes = n_planes, .h = h, .w = w, .first = G_MAXINT, .last = -1 };
  buffer->floats = (gsize)n_planes * h * w * plan->device->kernels->lanes;
  g_ptr_array_add (plan->buffers, buffer);
  return buffer;
}

static gint
compare_size (gconstpointer a, gconstpointer b)
{
  const DhCpuBuffer *x = *(DhCpuBuffer *const *)a, *y = *(DhCpuBuffer *const *)b;
  if (x->floats != y->floats)
    return x->floats < y->floats ? 1 : -1;
  return x->first - y->first;
}

static gint
compare_offset (gconstpointer a, gconstpointer b)
{
  const DhCpuBuffer *x = *(DhCpuBuffer *const *)a, *y = *(DhCpuBuffer *const *)b;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The largest first, each at the lowest place that is free during its whole life. Returns the floats needed. */
gsize
dh_cpu_plan_offsets (GPtrArray *buffers)
{
  const gsize align = 4096 / sizeof (float);
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  g_autoptr (GPtrArray) placed = g_ptr_array_new ();
  gsize total = 0;
  for (guint i = 0; i < buffers->len; i++)
    g_ptr_array_add (order, g_ptr_array_index (buffers, i));
  g_ptr_array_sort (order, compare_size);
  for (guint i = 0; i < order->len; i++)
    {
      DhCpuBuffer *buffer = g_ptr_array_index (order, i);
      gsize at = 0;
      if (buffer->last < 0)
        continue;
      for (guint j = 0; j < placed->len; j++)
        {
          DhCpuBuffer *other = g_ptr_array_index (placed, j);
          if (other->last < buffer->first || other->first > buffer->last)
            continue;
          if (at + buffer->floats <= other->offset)
            break;
          at = MAX (at, (other->offset + other->floats + align - 1) / align * align);
        }
      buffer->offset = at;
      total = MAX (total, at + buffer->floats);
      g_ptr_array_add (placed, buffer);
      g_ptr_array_sort (placed, compare_offset);
    }
  return total;
}

static void
note_use (const DhCpuView *view, gint step)
{
  if (view == NULL)
    return;
  for (gint i = 0; i < view->n_planes; i++)
    {
      DhCpuBuffer *buffer = view->planes[i].buffer;
      buffer->first = MIN (buffer->first, step);
      buffer->last = MAX (buffer->last, step);
    }
  note_use (view->gate, step);
}

gboolean
dh_cpu_plan_place (DhCpuPlan *plan, GError **error)
{
  gsize scratch = 0;
  for (guint i = 0; i < plan->steps->len; i++)
    {
      DhCpuStep *step = g_ptr_array_index (plan->steps, i);
      note_use (step->in, i);
      note_use (step->in_ood, i);
      for (guint j = 0; j < step->n_ins; j++)
        note_use (step->ins[j], i);
      note_use (step->sum, i);
      note_use (step->made, i);
      note_use (step->out, i);
      scratch = MAX (scratch, step->run != NULL ? step->scratch / plan->threads + 64 : step->scratch);
    }
  gsize values = dh_cpu_plan_offsets (plan->buffers) * sizeof (float);
  plan->scratch_offset = (values + 4095) & ~(gsize)4095;
  plan->scratch_bytes = (scratch + 4095) & ~(gsize)4095;
  plan->arena_bytes = plan->scratch_offset + plan->scratch_bytes * plan->threads;
  plan->arena = dh_cpu_map_memory (plan->arena_bytes, error);
  return plan->arena != NULL;
}
