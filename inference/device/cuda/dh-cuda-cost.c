#include "dh-cuda-cost.h"

#define BANDWIDTH 3.35e12
#define LAUNCH 2e-6

const char *
dh_cuda_class_name (DhCudaClass class)
{
  static const char *const names[DH_CUDA_N_CLASSES] = { "conv 1×1",  "conv 3×3", "conv 7×7", "norm-ReLU and sums",
                                                        "pools",     "resizes",  "heads",    "scores",
                                                        "in and out" };
  return names[class];
}

static double
value_bytes (const DhCudaView *view, gint n)
{
  if (!view)
    return 0;
  double bytes = 0;
  for (gint i = 0; i < view->n_groups; i++)
    bytes += (view->groups[i].buffer->type == DH_CUDA_F32 ? 4.0 : 2.0) * DH_CUDA_GROUP * n * view->h * view->w;
  return bytes;
}

static double
map_bytes (const DhCudaPlan *plan, const DhCudaStep *step)
{
  double bytes = 0;
  for (guint map = 0; map < DH_N_MAPS; map++)
    for (guint i = 0; step->targets[map] != DH_NO_VALUE && i < plan->n_outputs; i++)
      bytes += plan->outputs[i] == step->targets[map] ? (double)plan->output_bytes[i] : 0;
  return bytes;
}

static DhCudaClass
class_of (const DhCudaStep *step)
{
  static const DhCudaClass classes[] = {
    [DH_CUDA_PACK] = DH_CUDA_CLASS_COPY,         [DH_CUDA_POINTWISE] = DH_CUDA_CLASS_GATHER,
    [DH_CUDA_POOL] = DH_CUDA_CLASS_POOL,         [DH_CUDA_RESIZE] = DH_CUDA_CLASS_RESIZE,
    [DH_CUDA_HEAD] = DH_CUDA_CLASS_HEAD,         [DH_CUDA_SCORE] = DH_CUDA_CLASS_SCORE,
    [DH_CUDA_UNPACK] = DH_CUDA_CLASS_COPY,       [DH_CUDA_GATED] = DH_CUDA_CLASS_GATHER,
    [DH_CUDA_GROUPED] = DH_CUDA_CLASS_CONV_3,    [DH_CUDA_DEPTH_TO_SPACE] = DH_CUDA_CLASS_COPY,
    [DH_CUDA_LAYER_NORM] = DH_CUDA_CLASS_GATHER, [DH_CUDA_ATTENTION] = DH_CUDA_CLASS_CONV_1,
  };
  if (step->first && step->is_fused_step)
    return class_of (step->first);
  if (!step->is_conv)
    return classes[step->kernel.op];
  return step->spec.kernel == 1   ? DH_CUDA_CLASS_CONV_1
         : step->spec.kernel == 3 ? DH_CUDA_CLASS_CONV_3
                                  : DH_CUDA_CLASS_CONV_7;
}

static double
seconds_of (const DhCudaPlan *plan, const DhCudaStep *step, double bytes, double flop)
{
  const gboolean tensor_cores = step->is_conv || step->first
                                || (step->kernel.op == DH_CUDA_ATTENTION && step->kernel.mode == DH_CUDA_ATTENTION_TILES
                                    && step->kernel.type != DH_CUDA_F32);
  const double rate = !tensor_cores || plan->pool.strict ? 60e12 : plan->pool.type == DH_CUDA_F32 ? 400e12 : 800e12;
  return MAX (MAX (bytes / BANDWIDTH, flop / rate), LAUNCH);
}

DhCudaClass
dh_cuda_cost_step (const DhCudaPlan *plan, const DhCudaStep *step, DhCudaCost *cost)
{
  const gint n = plan->pool.n;
  if (step->first && !step->is_fused_step)
    {
      DhCudaCost resize;
      DhCudaStep alone = *step;
      alone.first = alone.fused_step = NULL;
      alone.flop = 0;
      dh_cuda_cost_step (plan, step->first, cost);
      const DhCudaClass class = dh_cuda_cost_step (plan, &alone, &resize);
      *cost = (DhCudaCost){ cost->launches + resize.launches, cost->bytes + resize.bytes, cost->flop,
                            cost->seconds + resize.seconds };
      return class;
    }
  double bytes = value_bytes (step->in, n) + value_bytes (step->other, n) + value_bytes (step->out, n);
  if (step->is_conv)
    bytes += (step->spec.type == DH_CUDA_F32 ? 4.0 : 2.0) * step->spec.kernel * step->spec.kernel * step->spec.in
             * step->spec.out;
  if (step->is_conv && !step->fused)
    bytes -= value_bytes (step->other, n);
  if (step->is_taps)
    bytes += value_bytes (step->taps->out, n) - value_bytes (step->out, n);
  if (step->first)
    bytes += value_bytes (step->fused_step->in, n) - value_bytes (step->other, n)
             + 2.0 * step->first->spec.in * step->first->spec.out;
  else if (step->is_fused_step)
    bytes += value_bytes (step->fused_step->in, n) - value_bytes (step->in, n);
  if (step->kernel.op == DH_CUDA_PACK)
    bytes += (double)plan->input_bytes;
  if (step->kernel.op == DH_CUDA_UNPACK)
    bytes += 4.0 * n * step->kernel.c * step->kernel.h * step->kernel.w;
  if (step->kernel.op == DH_CUDA_SCORE)
    bytes += map_bytes (plan, step);
  *cost = (DhCudaCost){ 1, bytes, step->flop, seconds_of (plan, step, bytes, step->flop) };
  if (step->is_taps)
    {
      const double sum = value_bytes (step->taps->out, n) + value_bytes (step->out, n);
      cost->launches++;
      cost->bytes += sum;
      cost->seconds += MAX (sum / BANDWIDTH, LAUNCH);
    }
  if (step->is_conv && step->epilogue && !step->fused && !step->is_fused_step && !step->is_taps)
    {
      const double more = value_bytes (step->other, n) + 2 * value_bytes (step->out, n);
      cost->launches++;
      cost->bytes += more;
      cost->seconds += MAX (more / BANDWIDTH, LAUNCH);
    }
  if (step->gather && !step->is_fused_step)
    {
      const double more = value_bytes (step->gather->in, n) + value_bytes (step->in, n);
      cost->launches++;
      cost->bytes += more;
      cost->seconds += MAX (more / BANDWIDTH, LAUNCH);
    }
  return class_of (step);
}

DhCudaCost
dh_cuda_cost_plan (const DhCudaPlan *plan, DhCudaCost classes[DH_CUDA_N_CLASSES])
{
  DhCudaCost sum = { 0 };
  for (guint i = 0; i < DH_CUDA_N_CLASSES; i++)
    classes[i] = (DhCudaCost){ 0 };
  for (guint i = 0; i < plan->steps->len; i++)
    {
      DhCudaCost cost;
      const DhCudaClass class = dh_cuda_cost_step (plan, g_ptr_array_index (plan->steps, i), &cost);
      DhCudaCost *const both[] = { &classes[class], &sum };
      for (guint j = 0; j < G_N_ELEMENTS (both); j++)
        {
          both[j]->launches += cost.launches;
          both[j]->bytes += cost.bytes;
          both[j]->flop += cost.flop;
          both[j]->seconds += cost.seconds;
        }
    }
  return sum;
}
