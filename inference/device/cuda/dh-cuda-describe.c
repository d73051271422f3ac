#include "dh-cuda-cost.h"
#include "dh-cuda-train-private.h"

/* The plan in words. */

const char *
dh_cuda_implementation (const DhCudaStep *step)
{
  static const char *const kernels[] = {
    [DH_CUDA_PACK] = "pack",
    [DH_CUDA_POINTWISE] = "pointwise",
    [DH_CUDA_POOL] = "pool",
    [DH_CUDA_RESIZE] = "resize",
    [DH_CUDA_HEAD] = "head",
    [DH_CUDA_SCORE] = "scores",
    [DH_CUDA_UNPACK] = "unpack",
    [DH_CUDA_GATED] = "activation",
    [DH_CUDA_GROUPED] = "convolution of groups",
    [DH_CUDA_DEPTH_TO_SPACE] = "depth to space",
    [DH_CUDA_LAYER_NORM] = "layer norm",
    [DH_CUDA_ATTENTION] = "attention",
  };
  static const char *const fused[] = { "norm, ReLU and convolution 64×128×32", "norm, ReLU and convolution 64×128×64",
                                       "norm, ReLU and convolution 64×64×64", "norm, ReLU and convolution 32×64×128" };
  static const char *const resized[] = { "norm, ReLU and convolution 64×128×32, resized sum",
                                         "norm, ReLU and convolution 64×128×64, resized sum",
                                         "norm, ReLU and convolution 64×64×64, resized sum",
                                         "norm, ReLU and convolution 32×64×128, resized sum" };
  G_STATIC_ASSERT (G_N_ELEMENTS (fused) == DH_CUDA_N_TILINGS && G_N_ELEMENTS (resized) == DH_CUDA_N_TILINGS);
  if (step->first)
    return step->is_fused_step ? resized[step->fused_step->kernel.mode] : "convolution, then resize";
  return step->is_fused_step ? fused[step->fused_step->kernel.mode]
         : step->is_taps     ? "nine 1×1 and their sum"
         : step->is_conv     ? dh_cuda_driver.conv_name (step->conv)
         : step->kernel.op == DH_CUDA_ATTENTION && step->kernel.mode == DH_CUDA_ATTENTION_TILES
             ? "attention by tiles"
             : kernels[step->kernel.op];
}

static void
describe_step (GString *text, const DhCudaPlan *plan, guint i)
{
  const DhCudaStep *step = g_ptr_array_index (plan->steps, i);
  DhCudaCost cost;
  dh_cuda_cost_step (plan, step, &cost);
  g_string_append_printf (text, "%4u  %7.1f µs %7.2f MB  %-28s", i, 1e6 * cost.seconds, 1e-6 * cost.bytes,
                          dh_cuda_implementation (step));
  if (step->in)
    g_string_append_printf (text, " %d×%d×%d", step->in->c, step->in->h, step->in->w);
  if (step->out)
    g_string_append_printf (text, " → %d×%d×%d at %.1f MiB", step->out->c, step->out->h, step->out->w,
                            step->out->groups[0].buffer->block.offset / 1048576.0);
  g_string_append_printf (
      text, "%s%s  %s\n",
      step->is_conv && step->epilogue && !step->is_fused_step && !step->is_taps ? step->fused ? " fused" : " bare" : "",
      step->other ? " +sum" : "", step->name);
}

static void
describe_cost (GString *text, const char *name, const DhCudaCost *cost)
{
  g_string_append_printf (text, "  %4u launches %8.1f MB %9.1f GFLOP %8.1f µs  %s\n", cost->launches,
                          1e-6 * cost->bytes, 1e-9 * cost->flop, 1e6 * cost->seconds, name);
}

static void
add_aside (GString *text, DhCudaCard *card)
{
  g_autofree char *aside = dh_cuda_driver.all_aside (card);
  g_auto (GStrv) lines = g_strsplit (aside, "\n", -1);
  for (guint i = 0; lines[i] && *lines[i]; i++)
    g_string_append_printf (text, "put aside: %s\n", lines[i]);
}

static void
add_refused (GString *text, const DhCudaSegments *segments, const char *name, const char *implementation)
{
  g_string_append_printf (text, "not recorded: %u of %u steps, the first “%s” (%s): %s\n", segments->n_refused,
                          segments->n_steps, name, implementation, segments->why_not);
}

char *
dh_cuda_list_remarks (DhPlan *base)
{
  const DhCudaPlan *plan = (const DhCudaPlan *)base;
  GString *text = g_string_new (NULL);
  const DhCudaSegments *refused = NULL;
  add_aside (text, plan->pool.device->card);
  for (guint i = 0; i < 2 * DH_CUDA_DEPTH && !refused; i++)
    if (plan->segments[i / 2][i % 2] && plan->segments[i / 2][i % 2]->why_not)
      refused = plan->segments[i / 2][i % 2];
  const DhCudaStep *first = refused ? g_ptr_array_index (plan->steps, refused->first_refused) : NULL;
  if (refused)
    add_refused (text, refused, first->name, dh_cuda_implementation (first));
  return g_string_free (text, FALSE);
}

char *
dh_cuda_list_training_remarks (DhTrainPlan *base)
{
  const DhCudaTrainPlan *plan = (const DhCudaTrainPlan *)base;
  GString *text = g_string_new (NULL);
  add_aside (text, plan->pool.device->card);
  if (!plan->segments || !plan->segments->why_not)
    return g_string_free (text, FALSE);
  /* Between the copies up and down. */
  const guint number = plan->segments->first_refused;
  const DhCudaTrainStep *first =
      number > 0 && number <= plan->steps->len ? g_ptr_array_index (plan->steps, number - 1) : NULL;
  g_autofree char *kernel = first ? g_strdup_printf ("kernel %d", first->kernel.op) : g_strdup ("copy");
  add_refused (text, plan->segments,
               first    ? first->name
               : number ? "losses"
                        : "batch",
               first && first->conv ? dh_cuda_driver.conv_name (first->conv) : kernel);
  return g_string_free (text, FALSE);
}

char *
dh_cuda_describe (DhPlan *base)
{
  const DhCudaPlan *plan = (const DhCudaPlan *)base;
  GString *text = g_string_new (NULL);
  DhCudaCost classes[DH_CUDA_N_CLASSES];
  for (guint i = 0; i < plan->steps->len; i++)
    describe_step (text, plan, i);
  const DhCudaCost sum = dh_cuda_cost_plan (plan, classes);
  g_string_append (text, "at least, by what is moved and computed, on an H100:\n");
  for (guint i = 0; i < DH_CUDA_N_CLASSES; i++)
    if (classes[i].launches)
      describe_cost (text, dh_cuda_class_name (i), &classes[i]);
  describe_cost (text, "in all", &sum);
  g_string_append_printf (text, "%s: %.1f MiB values, %.1f MiB parameters, %.1f MiB workspace, %.1f MiB staging\n",
                          plan->pool.device->base.name, plan->pool.arena_bytes / 1048576.0,
                          plan->pool.chunk_bytes / 1048576.0, plan->pool.workspace_bytes / 1048576.0,
                          plan->staging_bytes / 1048576.0);
  g_autofree char *remarks = dh_cuda_list_remarks (base);
  g_string_append (text, remarks);
  return g_string_free (text, FALSE);
}
