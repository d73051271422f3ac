#include "emulated-card.h"

#include "dh-cuda-grid.h"
#include "dh-cuda-loss-math.h"
#include "dh-cuda-transformer-train-math.h"
#include "dh-cuda-window-math.h"

/* The kernels of training on the processor: the items in loops, and the reductions' threads one after the other, added
 * up in the order in which the card does it. */

static void
run_item (const DhCudaKernel *k, gint type, gint64 item)
{
  switch (k->op)
    {
    case DH_CUDA_WEIGHTS_IN:
      dh_cuda_weights_in_item (k, item);
      break;
    case DH_CUDA_WEIGHTS_OUT:
      dh_cuda_weights_out_item (k, item);
      break;
    case DH_CUDA_STATS_END:
      dh_cuda_stats_end_item (k, type, item);
      break;
    case DH_CUDA_NORM_END:
      dh_cuda_norm_end_item (k, item);
      break;
    case DH_CUDA_BACK_END:
      dh_cuda_back_end_item (k, item);
      break;
    case DH_CUDA_BACK:
      dh_cuda_back_item (k, type, item);
      break;
    case DH_CUDA_POOL_BACK:
      dh_cuda_pool_back_item (k, type, k->mode == DH_CUDA_POOL_MAX, item);
      break;
    case DH_CUDA_RESIZE_BACK:
      dh_cuda_resize_back_item (k, item);
      break;
    case DH_CUDA_GATED_BACK:
      dh_cuda_gated_back_item (k, type, item);
      break;
    case DH_CUDA_GATE_BACK:
      dh_cuda_gate_back_item (k, type, item);
      break;
    case DH_CUDA_DEPTH_BACK:
      dh_cuda_depth_back_item (k, item);
      break;
    case DH_CUDA_DEPTHWISE_BACK:
      dh_cuda_depthwise_back_item (k, item);
      break;
    case DH_CUDA_DEPTHWISE_END:
      dh_cuda_depthwise_end_item (k, item);
      break;
    case DH_CUDA_LAYER_STATS:
      dh_cuda_layer_stats_item (k, type, item);
      break;
    case DH_CUDA_LAYER_BACK:
      dh_cuda_layer_back_item (k, type, item);
      break;
    case DH_CUDA_LAYER_END:
      dh_cuda_layer_end_item (k, item);
      break;
    case DH_CUDA_ATTENTION_STATS:
      dh_cuda_attention_stats_item (k, item);
      break;
    case DH_CUDA_QUERIES_BACK:
      dh_cuda_queries_back_item (k, item);
      break;
    case DH_CUDA_LOSS_END:
      dh_cuda_loss_end_item (k, item);
      break;
    case DH_CUDA_COPY_FLOATS:
      dh_cuda_copy_floats_item (k, item);
      break;
    case DH_CUDA_ADD_FLOATS:
      dh_cuda_add_floats_item (k, item);
      break;
    case DH_CUDA_CHECK:
      dh_cuda_check_item (k, item);
      break;
    case DH_CUDA_ADAM:
      dh_cuda_adam_item (k, item);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* As the card's add_up(). */
static void
add_up (double (*sums)[16], gint n, gint lanes)
{
  for (gint half = DH_CUDA_THREADS / 2; half >= lanes; half /= 2)
    for (gint t = 0; t < half; t++)
      for (gint i = 0; i < n; i++)
        sums[t][i] += sums[t + half][i];
}

static void
reduce_slice (const DhCudaKernel *k, gint type, gint block, gint slice)
{
  const gint lanes = dh_cuda_groups_of_block (k), step = DH_CUDA_THREADS / lanes;
  const gint64 pixels = (gint64)k->n * k->h * k->w;
  const gint64 begin = pixels * slice / k->n_slices, end = pixels * (slice + 1) / k->n_slices;
  double sums[DH_CUDA_THREADS][16] = { { 0 } };
  for (gint t = 0; t < DH_CUDA_THREADS; t++)
    {
      const gint group = block * lanes + t % lanes;
      if (group >= k->n_groups)
        continue;
      float pivot[8];
      if (k->op == DH_CUDA_STATS)
        dh_cuda_pivot8 (k, type, group, pivot);
      if (k->op == DH_CUDA_STATS)
        dh_cuda_stats_thread (k, type, group, begin + t / lanes, end, step, pivot, sums[t]);
      else if (k->op == DH_CUDA_LAYER_SUMS)
        dh_cuda_layer_sums_thread (k, type, group, begin + t / lanes, end, step, sums[t]);
      else
        dh_cuda_back_sums_thread (k, type, group, begin + t / lanes, end, step, sums[t]);
    }
  add_up (sums, 16, lanes);
  for (gint t = 0; t < lanes && block * lanes + t < k->n_groups; t++)
    for (gint j = 0; j < 8; j++)
      {
        double *to = k->partials + ((gint64)slice * k->n_groups + block * lanes + t) * 16;
        to[2 * j] = sums[t][j];
        to[2 * j + 1] = sums[t][8 + j];
      }
}

static void
lose_slice (const DhCudaKernel *k, gint type, gint slice)
{
  double sums[DH_CUDA_THREADS][16] = { { 0 } };
  for (gint t = 0; t < DH_CUDA_THREADS; t++)
    for (gint64 pixel = (gint64)slice * DH_CUDA_THREADS + t; pixel < (gint64)k->n * k->h * k->w;
         pixel += (gint64)k->n_slices * DH_CUDA_THREADS)
      dh_cuda_loss_item (k, type, pixel, sums[t]);
  add_up (sums, 4, 1);
  for (gint i = 0; i < 4; i++)
    k->partials[4 * (gint64)slice + i] = sums[0][i];
}

static void
back_block (const DhCudaKernel *k, gint type, gint64 item)
{
  double sums[DH_CUDA_THREADS][16] = { { 0 } };
  for (gint t = 0; t < DH_CUDA_THREADS; t++)
    if (k->op == DH_CUDA_KEYS_BACK || k->op == DH_CUDA_VALUES_BACK)
      dh_cuda_keys_back_thread (k, k->op == DH_CUDA_VALUES_BACK, item, t, DH_CUDA_THREADS, sums[t]);
    else if (k->op == DH_CUDA_GATE_BACK)
      dh_cuda_gate_back_thread (k, type, item, t, DH_CUDA_THREADS, sums[t]);
    else
      dh_cuda_resize_back_large_thread (k, item, t, sums[t]);
  add_up (sums, 8, 1);
  if (k->op != DH_CUDA_RESIZE_BACK)
    dh_cuda_gate_back_end (k, item, sums[0]);
  else
    dh_cuda_resize_back_large_end (k, item, sums[0]);
}

static void
depthwise_slice (const DhCudaKernel *k, gint type, gint width, gint at, gint slice)
{
  const gint64 pixels = (gint64)k->n * k->h * k->w;
  double sums[DH_CUDA_THREADS][16] = { { 0 } };
  for (gint t = 0; t < DH_CUDA_THREADS; t++)
    dh_cuda_depthwise_sums_thread (k, type, at, pixels * slice / k->n_slices + t, pixels * (slice + 1) / k->n_slices,
                                   DH_CUDA_THREADS, sums[t]);
  add_up (sums, 8, 1);
  memcpy (k->partials + ((gint64)slice * width + at) * 8, sums[0], 8 * sizeof (double));
}

void
emulated_train (const DhCudaKernel *k)
{
  const gint type = k->in.type;
  if (k->op == DH_CUDA_LOSS)
    {
#ifdef _OPENMP
#pragma omp parallel for
#endif
      for (gint slice = 0; slice < k->n_slices; slice++)
        lose_slice (k, type, slice);
      return;
    }
  if (k->op == DH_CUDA_DEPTHWISE_SUMS)
    {
      const DhCudaGrid grid = dh_cuda_kernel_grid (k);
      g_assert_cmpuint (grid.x, >, 0);
#ifdef _OPENMP
#pragma omp parallel for
#endif
      for (gint64 at = 0; at < (gint64)grid.x * grid.y; at++)
        depthwise_slice (k, type, (gint)grid.x, (gint)(at % grid.x), (gint)(at / grid.x));
      return;
    }
  if (k->op == DH_CUDA_STATS || k->op == DH_CUDA_BACK_SUMS || k->op == DH_CUDA_LAYER_SUMS)
    {
      const DhCudaGrid grid = dh_cuda_kernel_grid (k);
      g_assert_cmpuint (grid.x, >, 0);
#ifdef _OPENMP
#pragma omp parallel for
#endif
      for (gint64 at = 0; at < (gint64)grid.x * grid.y; at++)
        reduce_slice (k, type, (gint)(at % grid.x), (gint)(at / grid.x));
      return;
    }
  const gint64 items = dh_cuda_kernel_items (k);
  g_assert_cmpint (items, >, 0);
  if (dh_cuda_is_large (k))
    {
#ifdef _OPENMP
#pragma omp parallel for
#endif
      for (gint64 item = 0; item < items; item++)
        back_block (k, type, item);
      return;
    }
#ifdef _OPENMP
#pragma omp parallel for if (items > 20000)
#endif
  for (gint64 item = 0; item < items; item++)
    run_item (k, type, item);
}
