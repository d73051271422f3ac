#include <string.h>
#include "dh-cuda-fused-math.h"
#include "dh-cuda-private.h"
#include "dh-cuda-time.h"
#include "dh-cuda-ways.h"

/* Dense layers, and whatever else is a norm, a ReLU and a 1×1 convolution: by a kernel that gathers and cuDNN's
 * convolution, or by an own kernel that does both and never stores what is between, in one of its tilings; and with a
 * resize that only adds to the result, in its own kernel or in that. A timing says which. */

#define APART (-1)
static const char *const way_names[] = { "apart", "64×128×32", "64×128×64", "64×64×64", "32×64×128" };
G_STATIC_ASSERT (G_N_ELEMENTS (way_names) == 1 + DH_CUDA_N_TILINGS);

gboolean
dh_cuda_can_fuse (const DhCudaPool *pool, const DhCudaView *in, const DhCudaConvNodes *conv)
{
  const DhNode *node = conv->node;
  return pool->device->card && pool->type != DH_CUDA_F32 && !dh_cuda_without ("fused")
         && dh_cuda_driver.has_fused (pool->device->card, pool->type) && node->kernel == 1 && node->stride == 1
         && node->padding == 0 && !conv->sum && node->channels % DH_CUDA_TILE_MOST_N == 0 && !in->raw
         && !dh_cuda_view_is_whole (in) && dh_cuda_view_type (in) == pool->type;
}

gboolean
dh_cuda_add_fused (DhCudaPlan *plan, DhCudaStep *step, const DhCudaConvNodes *conv, GError **error)
{
  const gint out = conv->node->channels;
  g_autofree float *bias = g_new (float, out);
  for (gint o = 0; o < out; o++)
    bias[o] = (float)conv->shift[o];
  DhCudaStep *fused = dh_cuda_step_new (plan, conv->node->name, DH_CUDA_FUSED);
  step->fused_step = g_ptr_array_steal_index (plan->steps, plan->steps->len - 1);
  fused->in = conv->gather->in;
  fused->out = step->out;
  fused->kernel.c = out;
  fused->kernel.h = step->out->h;
  fused->kernel.w = step->out->w;
  fused->kernel.n_groups = out / DH_CUDA_GROUP;
  fused->kernel.type = plan->pool.type;
  fused->kernel.relu = conv->relu;
  fused->kernel.packed = step->memory.w;
  fused->kernel.bias = dh_cuda_upload (&plan->pool, bias, out * sizeof *bias, error);
  return fused->kernel.bias != NULL;
}

void
dh_cuda_take_first (DhCudaPlan *plan, DhCudaStep *resize, DhCudaStep *first)
{
  resize->first = first;
  DhCudaStep *fused = dh_cuda_step_new (plan, resize->name, DH_CUDA_FUSED);
  resize->fused_step = g_ptr_array_steal_index (plan->steps, plan->steps->len - 1);
  fused->in = first->gather->in;
  fused->other = resize->in;
  fused->out = resize->out;
  fused->scale = resize->scale;
  fused->shift = resize->shift;
  fused->tap_rows = resize->tap_rows;
  fused->tap_columns = resize->tap_columns;
  fused->align_corners = resize->align_corners;
  fused->kernel = resize->kernel;
  fused->kernel.op = DH_CUDA_FUSED;
  fused->kernel.packed = first->memory.w;
  fused->kernel.bias = first->fused_step->kernel.bias;
}

gboolean
dh_cuda_launch_conv (DhCudaCard *card, const DhCudaStep *step, const DhCudaConvMemory *memory, GError **error)
{
  if (step->is_fused_step)
    return dh_cuda_driver.launch (card, &step->fused_step->kernel, error);
  if (!step->is_conv && !step->first)
    return dh_cuda_driver.launch (card, &step->kernel, error);
  if (step->is_taps)
    {
      DhCudaConvMemory own = step->taps->memory;
      own.workspace = memory->workspace;
      return dh_cuda_launch_conv (card, step->taps, &own, error);
    }
  if (step->first)
    return dh_cuda_launch_conv (card, step->first, memory, error) && dh_cuda_driver.launch (card, &step->kernel, error);
  return (!step->gather || dh_cuda_driver.launch (card, &step->gather->kernel, error))
         && dh_cuda_driver.conv_run (card, step->conv, memory, error)
         && (step->fused || !step->epilogue || dh_cuda_driver.launch (card, &step->epilogue->kernel, error));
}

/* A step in the way that is set, on memory with a workspace. */
typedef struct
{
  const DhCudaStep *step;
  const DhCudaConvMemory *memory;
} Trial;

static gboolean
queue_trial (DhCudaCard *card, gpointer data, GError **error)
{
  const Trial *trial = data;
  return dh_cuda_launch_conv (card, trial->step, trial->memory, error);
}

double
dh_cuda_time_conv (DhCudaCard *card, const DhCudaStep *step, const DhCudaConvMemory *memory, double best,
                   GError **error)
{
  Trial trial = { step, memory };
  return dh_cuda_time (card, queue_trial, &trial, best, error);
}

static void
set_way (DhCudaStep *step, gint way)
{
  step->is_fused_step = way != APART;
  step->fused_step->kernel.mode = MAX (way, 0);
}

/* FALSE for a word that is none, of another version. */
static gboolean
set_way_by_name (DhCudaStep *step, const char *name)
{
  for (gint way = APART; way < DH_CUDA_N_TILINGS; way++)
    if (g_str_equal (way_names[way + 1], name))
      {
        set_way (step, way);
        return TRUE;
      }
  return FALSE;
}

/* All that decides which way is the fastest, and between which it was decided: where there is a new one, or one has
 * changed, the best of the others is not known to be the best any more. */
static char *
key_of (const DhCudaPlan *plan, const DhCudaStep *step)
{
  GString *key = g_string_new (NULL);
  const DhCudaStep *conv = step->first ? step->first : step;
  g_string_printf (key, "fused %d: %d × %d × %d, %d groups to %d, relu %d, with %s, ", plan->pool.type, plan->pool.n,
                   step->out->h, step->out->w, conv->gather->in->n_groups, step->out->n_groups,
                   step->fused_step->kernel.relu, dh_cuda_driver.conv_name (conv->conv));
  if (step->first)
    g_string_append_printf (key, "to the sum of %s and %d × %d, scale %d, ",
                            conv->is_fused_step ? way_names[conv->fused_step->kernel.mode + 1] : way_names[0],
                            step->in->h, step->in->w, step->scale != NULL);
  g_string_append (key, "of");
  for (guint i = 0; i < G_N_ELEMENTS (way_names); i++)
    g_string_append_printf (key, " %s", way_names[i]);
  return g_string_free (key, FALSE);
}

gboolean
dh_cuda_choose_fused (DhCudaPlan *plan, DhCudaStep *step, const DhCudaConvMemory *memory, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  g_autofree char *key = key_of (plan, step);
  g_autofree char *known = dh_cuda_driver.recall (card, key);
  if (known && set_way_by_name (step, known))
    return TRUE;
  DhCudaWays ways = { &plan->pool, step, memory, key, 0, NULL };
  gint best = APART;
  gboolean fine = dh_cuda_ways_begin (&ways, error);
  for (gint way = APART; fine && way < DH_CUDA_N_TILINGS; way++)
    {
      gboolean better;
      set_way (step, way);
      /* Of equals the plainest that stores nothing between. */
      fine = dh_cuda_ways_try (&ways, way_names[way + 1], way == 0, &better, error);
      if (fine && better)
        best = way;
    }
  dh_cuda_ways_end (&ways);
  if (!fine)
    return FALSE;
  set_way (step, best);
  dh_cuda_driver.remember (card, key, way_names[best + 1]);
  return TRUE;
}
