#include "dh-cuda-grid.h"
#include "dh-cuda-loss-math.h"
#include "dh-cuda-transformer-train-math.h"
#include "dh-cuda-window-math.h"

/* The kernels around the mathematics of training, made once for each type of value. */

namespace
{

constexpr int THREADS = DH_CUDA_THREADS;

/* On a multiprocessor: where two are asked for, ptxas does not give up registers for a third and spill. */
template <int OP> constexpr int LEAST_BLOCKS = OP == DH_CUDA_QUERIES_BACK ? 2 : 0;

/* IS_MAX: of POOL_BACK. */
template <int OP, int TYPE, bool IS_MAX = false>
__global__ void
__launch_bounds__ (THREADS, LEAST_BLOCKS<OP>) run_items (const __grid_constant__ DhCudaKernel k, const int64_t items)
{
  for (int64_t item = (int64_t)blockIdx.x * THREADS + threadIdx.x; item < items; item += (int64_t)gridDim.x * THREADS)
    {
      if constexpr (OP == DH_CUDA_WEIGHTS_IN)
        dh_cuda_weights_in_item (&k, item);
      else if constexpr (OP == DH_CUDA_WEIGHTS_OUT)
        dh_cuda_weights_out_item (&k, item);
      else if constexpr (OP == DH_CUDA_STATS_END)
        dh_cuda_stats_end_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_NORM_END)
        dh_cuda_norm_end_item (&k, item);
      else if constexpr (OP == DH_CUDA_BACK_END)
        dh_cuda_back_end_item (&k, item);
      else if constexpr (OP == DH_CUDA_BACK)
        dh_cuda_back_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_POOL_BACK)
        dh_cuda_pool_back_item (&k, TYPE, IS_MAX, item);
      else if constexpr (OP == DH_CUDA_RESIZE_BACK)
        dh_cuda_resize_back_item (&k, item);
      else if constexpr (OP == DH_CUDA_GATED_BACK)
        dh_cuda_gated_back_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_GATE_BACK)
        dh_cuda_gate_back_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_DEPTH_BACK)
        dh_cuda_depth_back_item (&k, item);
      else if constexpr (OP == DH_CUDA_DEPTHWISE_BACK)
        dh_cuda_depthwise_back_item (&k, item);
      else if constexpr (OP == DH_CUDA_DEPTHWISE_END)
        dh_cuda_depthwise_end_item (&k, item);
      else if constexpr (OP == DH_CUDA_LAYER_STATS)
        dh_cuda_layer_stats_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_LAYER_BACK)
        dh_cuda_layer_back_item (&k, TYPE, item);
      else if constexpr (OP == DH_CUDA_LAYER_END)
        dh_cuda_layer_end_item (&k, item);
      else if constexpr (OP == DH_CUDA_ATTENTION_STATS)
        dh_cuda_attention_stats_item (&k, item);
      else if constexpr (OP == DH_CUDA_QUERIES_BACK)
        dh_cuda_queries_back_item (&k, item);
      else if constexpr (OP == DH_CUDA_COPY_FLOATS)
        dh_cuda_copy_floats_item (&k, item);
      else if constexpr (OP == DH_CUDA_ADD_FLOATS)
        dh_cuda_add_floats_item (&k, item);
      else if constexpr (OP == DH_CUDA_CHECK)
        dh_cuda_check_item (&k, item);
      else if constexpr (OP == DH_CUDA_ADAM)
        dh_cuda_adam_item (&k, item);
      else
        dh_cuda_loss_end_item (&k, item);
    }
}

/* Adds up what the threads hold, N doubles each, over those with equal threadIdx.x modulo `lanes`; the sums are those
 * of the first `lanes` threads. In a fixed order. */
template <int N>
__device__ void
add_up (double (&sums)[N], double (&shared)[N][THREADS], int lanes)
{
  /* Thread by thread in a row: neighbours use other banks. */
  for (int i = 0; i < N; i++)
    shared[i][threadIdx.x] = sums[i];
  for (int half = THREADS / 2; half >= lanes; half /= 2)
    {
      __syncthreads ();
      if ((int)threadIdx.x < half)
        for (int i = 0; i < N; i++)
          shared[i][threadIdx.x] += shared[i][threadIdx.x + half];
    }
  __syncthreads ();
  for (int i = 0; i < N; i++)
    sums[i] = shared[i][threadIdx.x];
}

/* Slice blockIdx.y of the pixels, for `lanes` groups from lanes·blockIdx.x on. */
template <int OP, int TYPE>
__global__ void
__launch_bounds__ (THREADS) reduce (const __grid_constant__ DhCudaKernel k, const int lanes)
{
  __shared__ double shared[16][THREADS];
  const int lane = (int)threadIdx.x % lanes, group = (int)blockIdx.x * lanes + lane, step = THREADS / lanes;
  const int64_t pixels = (int64_t)k.n * k.h * k.w;
  const int64_t begin = pixels * blockIdx.y / k.n_slices, end = pixels * (blockIdx.y + 1) / k.n_slices;
  double sums[16] = { 0.0 };
  if constexpr (OP == DH_CUDA_STATS)
    {
      /* One thread of each lane finds the pivot; the sums' memory is free until they are added up. */
      float *pivots = (float *)shared;
      if ((int)threadIdx.x < lanes && group < k.n_groups)
        dh_cuda_pivot8 (&k, TYPE, group, pivots + 8 * lane);
      __syncthreads ();
      float pivot[8];
      for (int j = 0; j < 8; j++)
        pivot[j] = pivots[8 * lane + j];
      __syncthreads ();
      if (group < k.n_groups)
        dh_cuda_stats_thread (&k, TYPE, group, begin + (int)threadIdx.x / lanes, end, step, pivot, sums);
    }
  else if constexpr (OP == DH_CUDA_LAYER_SUMS)
    {
      if (group < k.n_groups)
        dh_cuda_layer_sums_thread (&k, TYPE, group, begin + (int)threadIdx.x / lanes, end, step, sums);
    }
  else if (group < k.n_groups)
    dh_cuda_back_sums_thread (&k, TYPE, group, begin + (int)threadIdx.x / lanes, end, step, sums);
  add_up (sums, shared, lanes);
  if ((int)threadIdx.x >= lanes || group >= k.n_groups)
    return;
  double *to = k.partials + ((int64_t)blockIdx.y * k.n_groups + group) * 16;
  for (int j = 0; j < 8; j++)
    {
      to[2 * j] = sums[j];
      to[2 * j + 1] = sums[8 + j];
    }
}

template <int TYPE>
__global__ void
__launch_bounds__ (THREADS) lose (const __grid_constant__ DhCudaKernel k)
{
  __shared__ double shared[4][THREADS];
  const int64_t pixels = (int64_t)k.n * k.h * k.w;
  double sums[4] = { 0.0 };
  for (int64_t pixel = (int64_t)blockIdx.x * THREADS + threadIdx.x; pixel < pixels;
       pixel += (int64_t)gridDim.x * THREADS)
    dh_cuda_loss_item (&k, TYPE, pixel, sums);
  add_up (sums, shared, 1);
  if (threadIdx.x == 0)
    for (int i = 0; i < 4; i++)
      k.partials[4 * (int64_t)blockIdx.x + i] = sums[i];
}

/* One block for each group of one place, which many places of the result read. */
template <int TYPE>
__global__ void
__launch_bounds__ (THREADS) resize_back_large (const __grid_constant__ DhCudaKernel k)
{
  __shared__ double shared[8][THREADS];
  double sums[8] = { 0.0 };
  dh_cuda_resize_back_large_thread (&k, blockIdx.x, (int)threadIdx.x, sums);
  add_up (sums, shared, 1);
  if (threadIdx.x == 0)
    dh_cuda_resize_back_large_end (&k, blockIdx.x, sums);
}

/* One block for each group of a factor that all pixels of an image share. */
template <int TYPE>
__global__ void
__launch_bounds__ (THREADS) gate_back_large (const __grid_constant__ DhCudaKernel k)
{
  __shared__ double shared[8][THREADS];
  double sums[8] = { 0.0 };
  dh_cuda_gate_back_thread (&k, TYPE, blockIdx.x, (int)threadIdx.x, THREADS, sums);
  add_up (sums, shared, 1);
  if (threadIdx.x == 0)
    dh_cuda_gate_back_end (&k, blockIdx.x, sums);
}

/* One block for each group of a key, or of a value. */
template <bool VALUES>
__global__ void
__launch_bounds__ (THREADS, 2) keys_back (const __grid_constant__ DhCudaKernel k)
{
  __shared__ double shared[8][THREADS];
  double sums[8] = { 0.0 };
  dh_cuda_keys_back_thread (&k, VALUES, blockIdx.x, (int)threadIdx.x, THREADS, sums);
  add_up (sums, shared, 1);
  if (threadIdx.x == 0)
    dh_cuda_gate_back_end (&k, blockIdx.x, sums);
}

/* Slice blockIdx.y of the pixels, for one tap of one group. */
template <int TYPE>
__global__ void
__launch_bounds__ (THREADS) depthwise_sums (const __grid_constant__ DhCudaKernel k)
{
  __shared__ double shared[8][THREADS];
  const int64_t pixels = (int64_t)k.n * k.h * k.w;
  const int64_t begin = pixels * blockIdx.y / k.n_slices, end = pixels * (blockIdx.y + 1) / k.n_slices;
  double sums[8] = { 0.0 };
  dh_cuda_depthwise_sums_thread (&k, TYPE, (int)blockIdx.x, begin + (int)threadIdx.x, end, THREADS, sums);
  add_up (sums, shared, 1);
  if (threadIdx.x == 0)
    for (int j = 0; j < 8; j++)
      k.partials[((int64_t)blockIdx.y * gridDim.x + blockIdx.x) * 8 + j] = sums[j];
}

template <int OP, int TYPE, bool IS_MAX = false>
void
start (const DhCudaKernel &k, cudaStream_t stream)
{
  run_items<OP, TYPE, IS_MAX><<<dh_cuda_kernel_grid (&k).x, THREADS, 0, stream>>> (k, dh_cuda_kernel_items (&k));
}

template <int OP, int TYPE>
void
start_reduction (const DhCudaKernel &k, cudaStream_t stream)
{
  const DhCudaGrid grid = dh_cuda_kernel_grid (&k);
  reduce<OP, TYPE><<<dim3 (grid.x, grid.y), THREADS, 0, stream>>> (k, dh_cuda_groups_of_block (&k));
}

template <int TYPE>
int
launch_typed (const DhCudaKernel &k, cudaStream_t stream)
{
  switch (k.op)
    {
    case DH_CUDA_WEIGHTS_IN:
      start<DH_CUDA_WEIGHTS_IN, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_WEIGHTS_OUT:
      start<DH_CUDA_WEIGHTS_OUT, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_STATS:
      start_reduction<DH_CUDA_STATS, TYPE> (k, stream);
      break;
    case DH_CUDA_STATS_END:
      start<DH_CUDA_STATS_END, TYPE> (k, stream);
      break;
    case DH_CUDA_NORM_END:
      start<DH_CUDA_NORM_END, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_BACK_SUMS:
      start_reduction<DH_CUDA_BACK_SUMS, TYPE> (k, stream);
      break;
    case DH_CUDA_BACK_END:
      start<DH_CUDA_BACK_END, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_BACK:
      start<DH_CUDA_BACK, TYPE> (k, stream);
      break;
    case DH_CUDA_POOL_BACK:
      if (k.mode == DH_CUDA_POOL_MAX)
        start<DH_CUDA_POOL_BACK, TYPE, true> (k, stream);
      else /* which reads nothing but the gradient, of whatever type */
        start<DH_CUDA_POOL_BACK, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_RESIZE_BACK:
      if (dh_cuda_is_large (&k))
        resize_back_large<TYPE><<<dh_cuda_kernel_grid (&k).x, THREADS, 0, stream>>> (k);
      else
        start<DH_CUDA_RESIZE_BACK, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_GATED_BACK:
      start<DH_CUDA_GATED_BACK, TYPE> (k, stream);
      break;
    case DH_CUDA_GATE_BACK:
      if (dh_cuda_is_large (&k))
        gate_back_large<TYPE><<<dh_cuda_kernel_grid (&k).x, THREADS, 0, stream>>> (k);
      else
        start<DH_CUDA_GATE_BACK, TYPE> (k, stream);
      break;
    case DH_CUDA_DEPTH_BACK: /* this and the next read nothing but the gradient, of whatever type */
      start<DH_CUDA_DEPTH_BACK, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_DEPTHWISE_BACK:
      start<DH_CUDA_DEPTHWISE_BACK, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_DEPTHWISE_SUMS:
      {
        const DhCudaGrid grid = dh_cuda_kernel_grid (&k);
        depthwise_sums<TYPE><<<dim3 (grid.x, grid.y), THREADS, 0, stream>>> (k);
        break;
      }
    case DH_CUDA_DEPTHWISE_END:
      start<DH_CUDA_DEPTHWISE_END, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_LAYER_STATS:
      start<DH_CUDA_LAYER_STATS, TYPE> (k, stream);
      break;
    case DH_CUDA_LAYER_BACK:
      start<DH_CUDA_LAYER_BACK, TYPE> (k, stream);
      break;
    case DH_CUDA_LAYER_SUMS:
      start_reduction<DH_CUDA_LAYER_SUMS, TYPE> (k, stream);
      break;
    case DH_CUDA_LAYER_END:
      start<DH_CUDA_LAYER_END, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_ATTENTION_STATS: /* this and the next three read by the types that their values have */
      start<DH_CUDA_ATTENTION_STATS, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_QUERIES_BACK:
      start<DH_CUDA_QUERIES_BACK, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_KEYS_BACK:
      keys_back<false><<<dh_cuda_kernel_grid (&k).x, THREADS, 0, stream>>> (k);
      break;
    case DH_CUDA_VALUES_BACK:
      keys_back<true><<<dh_cuda_kernel_grid (&k).x, THREADS, 0, stream>>> (k);
      break;
    case DH_CUDA_LOSS:
      lose<TYPE><<<dh_cuda_kernel_grid (&k).x, THREADS, 0, stream>>> (k);
      break;
    case DH_CUDA_LOSS_END:
      start<DH_CUDA_LOSS_END, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_COPY_FLOATS:
      start<DH_CUDA_COPY_FLOATS, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_ADD_FLOATS:
      start<DH_CUDA_ADD_FLOATS, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_CHECK:
      start<DH_CUDA_CHECK, DH_CUDA_F32> (k, stream);
      break;
    case DH_CUDA_ADAM:
      start<DH_CUDA_ADAM, DH_CUDA_F32> (k, stream);
      break;
    default:
      return cudaErrorInvalidValue;
    }
  return cudaGetLastError ();
}

} // namespace

extern "C" int
dh_cuda_launch_training (const DhCudaKernel *kernel, void *stream)
{
  if (!dh_cuda_kernel_grid (kernel).x)
    return cudaErrorInvalidValue;
  switch (kernel->in.type)
    {
    case DH_CUDA_F32:
      return launch_typed<DH_CUDA_F32> (*kernel, (cudaStream_t)stream);
    case DH_CUDA_F16:
      return launch_typed<DH_CUDA_F16> (*kernel, (cudaStream_t)stream);
    default:
      return launch_typed<DH_CUDA_BF16> (*kernel, (cudaStream_t)stream);
    }
}
