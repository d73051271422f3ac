#include <string.h>
#include "dh-error.h"
#include "dh-onednn-private.h"

/* DH_DEBUG=guards: before an image all of the arena is NaN, and after each step, all of the arena that is not its
 * output must be as it was, and of each thread's scratch what lies beyond the bytes that the step asks for. An arena
 * has no gaps that a sanitizer could watch. */

/* Bytes of the arena, [from, to). */
typedef struct
{
  gsize from, to;
} Range;

static gint
compare_from (gconstpointer a, gconstpointer b)
{
  const Range *x = a, *y = b;
  return x->from < y->from ? -1 : x->from > y->from;
}

static void
add (GArray *ranges, gsize from, gsize bytes)
{
  const Range range = { from, from + bytes };
  g_array_append_val (ranges, range);
}

/* What the step may write, in order. */
static GArray *
list_writable (const DhCpuPlan *plan, const DhCpuStep *step)
{
  GArray *ranges = g_array_new (FALSE, FALSE, sizeof (Range));
  const DhCpuView *out = step->out;
  for (gint i = 0; out != NULL && i < out->n_planes; i++)
    {
      const DhCpuBuffer *buffer = out->planes[i].buffer;
      const gsize plane = buffer->floats / buffer->n_planes * sizeof (float);
      add (ranges, buffer->offset * sizeof (float) + plane * out->planes[i].plane, plane);
    }
  const gsize scratch = step->run != NULL ? plan->scratch_bytes * plan->threads : step->scratch;
  for (gint thread = 0; thread < (step->run != NULL ? 1 : plan->threads); thread++)
    add (ranges, plan->scratch_offset + plan->scratch_bytes * thread, scratch);
  g_array_sort (ranges, compare_from);
  return ranges;
}

gboolean
dh_cpu_plan_guard_step (DhCpuPlan *plan, DhCpuStep *step, GError **error)
{
  const char *arena = (const char *)plan->arena;
  g_autofree char *before = g_memdup2 (arena, plan->arena_bytes);
  if (!dh_cpu_plan_run_step (plan, step, error))
    return FALSE;
  g_autoptr (GArray) writable = list_writable (plan, step);
  add (writable, plan->arena_bytes, 0);
  gsize at = 0;
  for (guint i = 0; i < writable->len; i++)
    {
      const Range *range = &g_array_index (writable, Range, i);
      if (range->from > at && memcmp (arena + at, before + at, range->from - at) != 0)
        {
          while (arena[at] == before[at])
            at++;
          g_set_error (error, DH_ERROR, DH_ERROR_FAILED,
                       "The step “%s” of %s wrote beyond its output, at byte %" G_GSIZE_FORMAT " of the arena",
                       step->name, step->implementation, at);
          return FALSE;
        }
      at = MAX (at, range->to);
    }
  return TRUE;
}
