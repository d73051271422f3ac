#include "dh-simd-train.h"

/* Sums and elementwise gradients. */

static void
moments (const float *x, gsize n, double *sums)
{
  DhVecDouble sum = { 0 }, square = { 0 };
  for (gsize i = 0; i < n; i++)
    {
      const DhVecDouble v = __builtin_convertvector(dh_load (x + i * DH_LANES), DhVecDouble);
      sum += v;
      square += v * v;
    }
  for (gint lane = 0; lane < DH_LANES; lane++)
    {
      sums[lane] += sum[lane];
      sums[DH_LANES + lane] += square[lane];
    }
}

static void
route (const DhCpuRoute *r, gint plane, const float *t, gsize at, gsize n)
{
  for (gsize i = 0; i < n; i += DH_GRADIENT_PIXELS)
    dh_route_few (r, plane, t + i * DH_LANES, at + i, (gint)MIN (DH_GRADIENT_PIXELS, n - i));
}

static void
finish (const DhCpuFinish *f, gint plane, float *grad, gsize at, gsize n)
{
  const float *y = f->y[plane] + at * DH_LANES;
  const DhVec mean = dh_load (f->mean + plane * DH_LANES), b = dh_load (f->b + plane * DH_LANES),
              c = dh_load (f->c + plane * DH_LANES);
  for (gsize i = 0; i < n * DH_LANES; i += DH_LANES)
    dh_store (grad + i, dh_load (grad + i) + (b * (dh_load (y + i) - mean) + c));
}

static void
multiply (const DhCpuInput *in, gint plane, const DhCpuFactor *factor, float *to, gsize at, gsize n)
{
  const float *x = in->planes[plane] + at * DH_LANES, *by = factor->by + (factor->places ? at * DH_LANES : 0);
  const DhPrologue prologue = dh_prologue (in, plane);
  const gsize step = factor->places ? DH_LANES : 0;
  for (gsize i = 0; i < n; i++, by += step)
    dh_store (to + i * DH_LANES,
              dh_read (x + i * DH_LANES, prologue) * (factor->channels ? dh_load (by) : dh_splat (*by)));
}

static void
multiply_sums (const DhCpuInput *in, gint plane, const float *dy, gsize at, gsize n, double *sums)
{
  const float *x = in->planes[plane] + at * DH_LANES;
  const DhPrologue prologue = dh_prologue (in, plane);
  DhVecDouble sum = { 0 };
  for (gsize i = 0; i < n * DH_LANES; i += DH_LANES)
    sum += __builtin_convertvector(dh_read (x + i, prologue) * dh_load (dy + i), DhVecDouble);
  for (gint lane = 0; lane < DH_LANES; lane++)
    sums[lane] += sum[lane];
}

static void
multiply_dots (const DhCpuInput *in, gint plane, const float *dy, gint channels, float *to, gsize at, gsize n)
{
  const float *x = in->planes[plane] + at * DH_LANES;
  const DhPrologue prologue = dh_prologue (in, plane);
  for (gsize i = 0; i < n * DH_LANES; i += DH_LANES)
    {
      const DhVec products = dh_read (x + i, prologue) * dh_load (dy + i);
      for (gint lane = 0; lane < channels; lane++)
        to[i] += products[lane];
    }
}

#define DH_TABLE DH_ISA (dh_cpu_train_kernels)
#define DH_QUOTE(x) #x
#define DH_QUOTE_VALUE(x) DH_QUOTE (x)

const DhCpuTrainKernels DH_TABLE = {
  .name = DH_QUOTE_VALUE (DH_CPU_ISA),
  .pixels = DH_GRADIENT_PIXELS,
  .bf16_by_output = DH_OUTER_BY_OUTPUT,
  .moments = moments,
  .route = route,
  .finish = finish,
  .gradient1x1_scratch = dh_gradient1x1_scratch,
  .gradient1x1 = dh_gradient1x1,
  .gradient3x3_scratch = dh_gradient3x3_scratch,
  .gradient3x3 = dh_gradient3x3,
  .gathered_floats = dh_gathered_floats,
  .gather_scratch = dh_gather_scratch,
  .gather = dh_gather,
  .blocks_items = dh_blocks_items,
  .blocks_scratch = dh_blocks_scratch,
  .blocks = dh_blocks,
  .pack_taps = dh_pack_taps,
  .pack_filters = dh_pack_filters,
  .unpack_filters = dh_unpack_filters,
  .depthwise_data = dh_depthwise_data,
  .depthwise_weights = dh_depthwise_weights,
  .max_pool_gradient = dh_max_pool_gradient,
  .average_pool_gradient = dh_average_pool_gradient,
  .adaptive_pool_gradient = dh_adaptive_pool_gradient,
  .resize_gradient = dh_resize_gradient,
  .activation_gradient = dh_activation_gradient,
  .multiply = multiply,
  .multiply_sums = multiply_sums,
  .multiply_dots = multiply_dots,
  .layer_gradient = dh_layer_gradient,
  .attention_weights = dh_attention_weights,
  .attention_slopes = dh_attention_slopes,
  .loss_scratch = dh_loss_scratch,
  .loss_row = dh_loss_row,
};
