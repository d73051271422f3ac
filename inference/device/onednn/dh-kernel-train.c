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
  .max_pool_gradient = dh_max_pool_gradient,
  .average_pool_gradient = dh_average_pool_gradient,
  .adaptive_pool_gradient = dh_adaptive_pool_gradient,
  .resize_gradient = dh_resize_gradient,
  .loss_scratch = dh_loss_scratch,
  .loss_row = dh_loss_row,
};
