#include "dh-cuda-foreign-math.h"
#include "dh-cuda-grid.h"
#include "dh-cuda-math.h"
#include "dh-cuda-probe-math.h"
#include "dh-cuda-ptx.h"

/* The kernels around the items of dh-cuda-math.h, made once for each type of value. */

namespace
{

constexpr int THREADS = DH_CUDA_THREADS;

/* On a multiprocessor: where two are asked for, ptxas does not give up registers for a third or fourth and spill. */
template <int OP>
constexpr int LEAST_BLOCKS = OP == DH_CUDA_ATTENTION || OP == DH_CUDA_LAYER_NORM ? 2 : 0;

template <int OP, int TYPE>
__global__ void __launch_bounds__ (THREADS, LEAST_BLOCKS<OP>)
run_items (const __grid_constant__ DhCudaKernel k, const int64_t items)
{
  for (int64_t item = (int64_t)blockIdx.x * THREADS + threadIdx.x; item < items;
       item += (int64_t)gridDim.x * THREADS)
    {
      if constexpr (OP == DH_CUDA_PACK)
        dh_cuda_pack_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_POINTWISE)
        dh_cuda_pointwise_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_POOL)
        dh_cuda_pool_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_RESIZE)
        dh_cuda_resize_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_TAPS)
        dh_cuda_taps_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_GATED)
        dh_cuda_gated_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_GROUPED)
        dh_cuda_grouped_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_DEPTH_TO_SPACE)
        dh_cuda_depth_to_space_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_LAYER_NORM)
        dh_cuda_layer_norm_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_ATTENTION)
        dh_cuda_attention_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_NOISE)
        dh_cuda_noise_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_PROBE)
        dh_cuda_probe_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_SCORE)
        dh_cuda_score_item (&k, TYPE, item);
      else
        dh_cuda_unpack_item (&k, TYPE, item);
    }
}

/* Each thread keeps many sums: a kernel of its own for each number of groups, and mostly two blocks side by side. */
template <int TYPE, int GROUPS>
__global__ void __launch_bounds__ (THREADS, TYPE == DH_CUDA_F32 && GROUPS > 2 ? 1 : 2)
    run_head (const __grid_constant__ DhCudaKernel k, const int64_t items)
{
  for (int64_t item = (int64_t)blockIdx.x * THREADS + threadIdx.x; item < items;
       item += (int64_t)gridDim.x * THREADS)
    dh_cuda_head_item (&k, TYPE, item, GROUPS);
}

/* A mean over many pixels: one block for each group of one place; the order of the sum is fixed. */
template <int TYPE>
__global__ void __launch_bounds__ (THREADS) pool_large (const __grid_constant__ DhCudaKernel k)
{
  __shared__ float sums[8][THREADS]; /* neighbours use other banks */
  float v[8];
  dh_cuda_pool_large_thread (&k, TYPE, blockIdx.x, (int)threadIdx.x, v);
  for (int j = 0; j < 8; j++)
    sums[j][threadIdx.x] = v[j];
  for (int half = THREADS / 2; half > 0; half /= 2)
    {
      __syncthreads ();
      if ((int)threadIdx.x < half)
        for (int j = 0; j < 8; j++)
          sums[j][threadIdx.x] += sums[j][threadIdx.x + half];
    }
  if (threadIdx.x != 0)
    return;
  for (int j = 0; j < 8; j++)
    v[j] = sums[j][0];
  dh_cuda_pool_large_end (&k, TYPE, blockIdx.x, v);
}

/* By the card's own clock; it ends even where that stands still. */
__global__ void
hold (const uint64_t nanoseconds)
{
#if __CUDA_ARCH__ >= 700
  const uint64_t begin = dh_cuda_ptx_clock ();
  for (uint64_t slept = 0; slept < 4 * nanoseconds; slept += 500)
    {
      __nanosleep (500);
      if (dh_cuda_ptx_clock () - begin >= nanoseconds)
        return;
    }
#endif
}

template <int TYPE>
int launch_head (const DhCudaKernel &k, const unsigned grid, const int64_t items, cudaStream_t stream)
{
  static_assert (DH_CUDA_HEAD_GROUPS == 4, "a kernel for each number");
  switch (k.n_groups)
    {
    case 1:
      run_head<TYPE, 1><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case 2:
      run_head<TYPE, 2><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case 3:
      run_head<TYPE, 3><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case 4:
      run_head<TYPE, 4><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    default:
      return cudaErrorInvalidValue;
    }
  return cudaGetLastError ();
}

template <int TYPE>
int launch_typed (const DhCudaKernel &k, const int64_t items, cudaStream_t stream)
{
  const unsigned grid = dh_cuda_kernel_grid (&k).x;
  if (dh_cuda_is_large (&k))
    {
      pool_large<TYPE><<<grid, THREADS, 0, stream>>> (k);
      return cudaGetLastError ();
    }
  switch (k.op)
    {
    case DH_CUDA_PACK:
      run_items<DH_CUDA_PACK, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_POINTWISE:
      run_items<DH_CUDA_POINTWISE, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_POOL:
      run_items<DH_CUDA_POOL, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_RESIZE:
      run_items<DH_CUDA_RESIZE, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_HEAD:
      return launch_head<TYPE> (k, grid, items, stream);
    case DH_CUDA_TAPS:
      run_items<DH_CUDA_TAPS, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_GATED:
      run_items<DH_CUDA_GATED, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_GROUPED:
      run_items<DH_CUDA_GROUPED, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_DEPTH_TO_SPACE:
      run_items<DH_CUDA_DEPTH_TO_SPACE, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_LAYER_NORM:
      run_items<DH_CUDA_LAYER_NORM, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_ATTENTION:
      run_items<DH_CUDA_ATTENTION, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_NOISE:
      run_items<DH_CUDA_NOISE, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_PROBE:
      run_items<DH_CUDA_PROBE, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_SCORE:
      run_items<DH_CUDA_SCORE, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    case DH_CUDA_UNPACK:
      run_items<DH_CUDA_UNPACK, TYPE><<<grid, THREADS, 0, stream>>> (k, items);
      break;
    default:
      return cudaErrorInvalidValue;
    }
  return cudaGetLastError ();
}

} // namespace

extern "C" int
dh_cuda_launch (const DhCudaKernel *kernel, void *stream)
{
  if (kernel->op >= DH_CUDA_FIRST_TRAINING_OP)
    return dh_cuda_launch_training (kernel, stream);
  if (kernel->op == DH_CUDA_FUSED)
    return dh_cuda_launch_fused (kernel, stream);
  if (dh_cuda_is_transformer (kernel))
    return dh_cuda_launch_transformer (kernel, stream);
  const int64_t items = dh_cuda_kernel_items (kernel);
  const int type = dh_cuda_kernel_type (kernel);
  if (!dh_cuda_kernel_grid (kernel).x)
    return cudaErrorInvalidValue;
  if (type == DH_CUDA_F32)
    return launch_typed<DH_CUDA_F32> (*kernel, items, (cudaStream_t)stream);
  if (type == DH_CUDA_F16)
    return launch_typed<DH_CUDA_F16> (*kernel, items, (cudaStream_t)stream);
  return launch_typed<DH_CUDA_BF16> (*kernel, items, (cudaStream_t)stream);
}

extern "C" int
dh_cuda_launch_hold (uint64_t nanoseconds, void *stream)
{
  hold<<<1, 1, 0, (cudaStream_t)stream>>> (nanoseconds);
  return cudaGetLastError ();
}

extern "C" int
dh_cuda_load_kernels (int *architecture)
{
  cudaFuncAttributes attributes;
  const cudaError_t code = cudaFuncGetAttributes (&attributes, run_items<DH_CUDA_PACK, DH_CUDA_F32>);
  *architecture = code == cudaSuccess ? attributes.ptxVersion : 0;
  return code;
}
