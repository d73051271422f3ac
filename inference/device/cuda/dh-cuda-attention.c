#include "dh-cuda-private.h"
#include "dh-cuda-ways.h"

#include <math.h>

/* Attention and layer norms, as dh-cuda-transformer-kernels.cu makes them where it can: attention by tiles is held
 * against the items once, and timed beside them. */

static const char *const way_names[] = { [DH_CUDA_ATTENTION_ITEMS] = "items", [DH_CUDA_ATTENTION_TILES] = "tiles" };

gboolean
dh_cuda_can_tile_attention (const DhCudaStep *step, const DhCudaPool *pool)
{
  const DhCudaKernel *k = &step->kernel;
  return k->op == DH_CUDA_ATTENTION && pool->device->card && !dh_cuda_without ("transformers") && k->alpha > 0
         && isfinite (k->alpha) && dh_cuda_view_type (step->in) == k->type && dh_cuda_view_type (step->other) == k->type
         && dh_cuda_view_is_plain (step->in) && dh_cuda_view_is_plain (step->other) && !step->in_places
         && !step->other_places && k->group_in % DH_CUDA_GROUP == 0 && k->group_out % DH_CUDA_GROUP == 0
         && MAX (k->group_in, k->group_out) <= DH_CUDA_ATTENTION_DEPTH
         && (k->type == DH_CUDA_F32 || dh_cuda_driver.has_fused (pool->device->card, k->type));
}

static char *
key_of (const DhCudaPlan *plan, const DhCudaStep *step)
{
  const DhCudaKernel *k = &step->kernel;
  return g_strdup_printf ("attention %d: %d × %d × %d, %d heads of %d and %d, keys %d, of %s %s", k->type, plan->pool.n,
                          k->h, k->w, k->c / k->group_out, k->group_in, k->group_out, k->in_h * k->in_w, way_names[0],
                          way_names[1]);
}

gboolean
dh_cuda_choose_attention (DhCudaPlan *plan, DhCudaStep *step, gpointer workspace, GError **error)
{
  DhCudaCard *card = plan->pool.device->card;
  const DhCudaConvMemory memory = { .workspace = workspace };
  g_autofree char *key = key_of (plan, step);
  g_autofree char *known = dh_cuda_driver.recall (card, key);
  for (gint way = 0; known && way < (gint)G_N_ELEMENTS (way_names); way++)
    if (g_str_equal (known, way_names[way]))
      {
        step->kernel.mode = way;
        return TRUE;
      }
  DhCudaWays ways = { &plan->pool, step, &memory, key, 0, NULL };
  gint best = DH_CUDA_ATTENTION_ITEMS;
  gboolean fine = dh_cuda_ways_begin (&ways, error);
  for (gint way = 0; fine && way < (gint)G_N_ELEMENTS (way_names); way++)
    {
      gboolean better;
      step->kernel.mode = way;
      fine = dh_cuda_ways_try (&ways, way_names[way], way == DH_CUDA_ATTENTION_TILES, &better, error);
      if (fine && better)
        best = way;
    }
  dh_cuda_ways_end (&ways);
  step->kernel.mode = best;
  if (fine)
    dh_cuda_driver.remember (card, key, way_names[best]);
  return fine;
}

gint
dh_cuda_norm_lanes (gint n_groups)
{
  gint best = 0, least = G_MAXINT;
  if (dh_cuda_without ("transformers"))
    return 0;
  for (gint lanes = 4; lanes <= 32; lanes *= 2)
    {
      const gint of_lane = (n_groups + lanes - 1) / lanes;
      if (of_lane > DH_CUDA_NORM_GROUPS || of_lane * lanes > least)
        continue;
      best = lanes;
      least = of_lane * lanes;
    }
  return best;
}
