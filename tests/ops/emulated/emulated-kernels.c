#include "dh-cuda-foreign-math.h"
#include "dh-cuda-math.h"
#include "dh-cuda-probe-math.h"
#include "emulated-card.h"

/* The kernels' own items in loops. */

/* A block that makes one mean: its threads one after the other, added up in the order in which the card does it. */
static void
pool_block (const DhCudaKernel *k, gint type, gint64 item)
{
  float sums[DH_CUDA_THREADS][8];
  for (gint t = 0; t < DH_CUDA_THREADS; t++)
    dh_cuda_pool_large_thread (k, type, item, t, sums[t]);
  for (gint half = DH_CUDA_THREADS / 2; half > 0; half /= 2)
    for (gint t = 0; t < half; t++)
      for (gint j = 0; j < 8; j++)
        sums[t][j] += sums[t + half][j];
  dh_cuda_pool_large_end (k, type, item, sums[0]);
}

void
emulated_run (const DhCudaKernel *k)
{
  const gint64 items = dh_cuda_kernel_items (k);
  const gint type = dh_cuda_kernel_type (k);
  if (k->op >= DH_CUDA_FIRST_TRAINING_OP)
    {
      emulated_train (k);
      return;
    }
  if (k->op == DH_CUDA_FUSED)
    {
      emulated_fused (k);
      return;
    }
  g_assert_cmpint (items, >, 0);
  if (dh_cuda_is_large (k))
    {
#ifdef _OPENMP
#pragma omp parallel for
#endif
      for (gint64 item = 0; item < items; item++)
        pool_block (k, type, item);
      return;
    }
#ifdef _OPENMP
#pragma omp parallel for if (items > 20000)
#endif
  for (gint64 item = 0; item < items; item++)
    switch (k->op)
      {
      case DH_CUDA_PACK:
        dh_cuda_pack_item (k, type, item);
        break;
      case DH_CUDA_POINTWISE:
        dh_cuda_pointwise_item (k, type, item);
        break;
      case DH_CUDA_POOL:
        dh_cuda_pool_item (k, type, item);
        break;
      case DH_CUDA_RESIZE:
        dh_cuda_resize_item (k, type, item);
        break;
      case DH_CUDA_HEAD:
        dh_cuda_head_item (k, type, item, k->n_groups);
        break;
      case DH_CUDA_GATED:
        dh_cuda_gated_item (k, type, item);
        break;
      case DH_CUDA_GROUPED:
        dh_cuda_grouped_item (k, type, item);
        break;
      case DH_CUDA_DEPTH_TO_SPACE:
        dh_cuda_depth_to_space_item (k, type, item);
        break;
      case DH_CUDA_LAYER_NORM:
        dh_cuda_layer_norm_item (k, type, item);
        break;
      case DH_CUDA_ATTENTION:
        dh_cuda_attention_item (k, type, item);
        break;
      case DH_CUDA_TAPS:
        dh_cuda_taps_item (k, type, item);
        break;
      case DH_CUDA_NOISE:
        dh_cuda_noise_item (k, type, item);
        break;
      case DH_CUDA_PROBE:
        dh_cuda_probe_item (k, type, item);
        break;
      case DH_CUDA_SCORE:
        dh_cuda_score_item (k, type, item);
        break;
      case DH_CUDA_UNPACK:
        dh_cuda_unpack_item (k, type, item);
        break;
      default:
        g_assert_not_reached ();
      }
}
