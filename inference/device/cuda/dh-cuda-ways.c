#include "dh-cuda-ways.h"
#include "dh-cuda-probe.h"

static gboolean
fill_view (const DhCudaPool *pool, const DhCudaView *view, GError **error)
{
  const DhCudaBuffer *before = NULL;
  for (gint i = 0; view && i < view->n_groups; i++)
    {
      const DhCudaBuffer *buffer = view->groups[i].buffer;
      const gint dims[] = { buffer->n, buffer->h, buffer->w, buffer->n_groups * DH_CUDA_GROUP };
      if (buffer != before
          && !dh_cuda_probe_fill (pool->device->card, dh_cuda_address (pool, buffer), buffer->type, dims,
                                  DH_CUDA_NOISE_EVEN, error))
        return FALSE;
      before = buffer;
    }
  return TRUE;
}

gboolean
dh_cuda_ways_begin (DhCudaWays *ways, GError **error)
{
  const DhCudaStep *step = ways->step, *conv = step->first ? step->first : step;
  const DhCudaStep *reader = conv->gather ? conv->gather : conv;
  ways->best = G_MAXDOUBLE;
  return fill_view (ways->pool, reader->in, error) && fill_view (ways->pool, reader->other, error)
         && (!step->first || fill_view (ways->pool, step->in, error));
}

static char *
key_of_aside (const DhCudaWays *ways, const char *name, const char *for_what)
{
  return g_strdup_printf ("%s with %s %s", ways->key, name, for_what);
}

/* `for_what`: "fault" or "result", which is not asked for where results are not checked. */
static void
put_aside (const DhCudaWays *ways, const char *name, const char *for_what, const char *what)
{
  const DhCudaStep *step = ways->step;
  g_autofree char *key = key_of_aside (ways, name, for_what);
  g_autofree char *why = g_strdup_printf ("%s, %d × %d × %d: %s%s %s", step->name, step->out->c, step->out->h,
                                          step->out->w, name, g_str_equal (for_what, "fault") ? ":" : "", what);
  dh_cuda_driver.put_aside (ways->pool->device->card, key, why);
}

/* Of the first way, what the others must give; of the others, whether they do. */
static gboolean
is_right (DhCudaWays *ways, const char *name, gboolean *right, GError **error)
{
  const DhCudaBuffer *buffer = ways->step->out->groups[0].buffer;
  const gint dims[] = { buffer->n, buffer->h, buffer->w, buffer->n_groups * DH_CUDA_GROUP };
  g_autofree float *values = dh_cuda_probe_values (ways->pool->device->card, dh_cuda_address (ways->pool, buffer),
                                                   buffer->type, dims, ways->memory->workspace, error);
  *right = TRUE;
  if (!values)
    return FALSE;
  if (!ways->values)
    {
      ways->values = g_steal_pointer (&values);
      return TRUE;
    }
  const double off = dh_cuda_probe_compare (ways->values, values, dims[3], buffer->type);
  *right = off <= 1;
  g_autofree char *what = *right ? NULL : dh_cuda_probe_say (off);
  if (what)
    put_aside (ways, name, "result", what);
  return TRUE;
}

gboolean
dh_cuda_ways_try (DhCudaWays *ways, const char *name, gboolean plainer, gboolean *better, GError **error)
{
  DhCudaCard *card = ways->pool->device->card;
  const DhCudaBuffer *buffer = ways->step->out->groups[0].buffer;
  const gint dims[] = { buffer->n, buffer->h, buffer->w, buffer->n_groups * DH_CUDA_GROUP };
  g_autofree char *fault = key_of_aside (ways, name, "fault"), *result = key_of_aside (ways, name, "result");
  g_autofree char *lost = dh_cuda_driver.why_aside (card, fault);
  g_autofree char *wrong = dh_cuda_without ("checks") ? NULL : dh_cuda_driver.why_aside (card, result);
  g_autoptr (GError) reason = NULL;
  *better = FALSE;
  if (lost || wrong)
    return TRUE;
  if (!dh_cuda_probe_fill (card, dh_cuda_address (ways->pool, buffer), buffer->type, dims, DH_CUDA_NOISE_NAN, error))
    return FALSE;
  const double seconds = dh_cuda_time_conv (card, ways->step, ways->memory, ways->best, &reason);
  *better = seconds >= 0 && (plainer ? seconds <= ways->best : seconds < ways->best);
  if (seconds >= 0 && (!*better || is_right (ways, name, better, &reason)))
    {
      if (*better)
        ways->best = seconds;
      return TRUE;
    }
  if (!dh_cuda_driver.wait (card, NULL))
    put_aside (ways, name, "fault", reason->message);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

void
dh_cuda_ways_end (DhCudaWays *ways)
{
  g_clear_pointer (&ways->values, g_free);
}
