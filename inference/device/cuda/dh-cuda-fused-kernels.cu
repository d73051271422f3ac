#include "dh-cuda-fused-math.h"
#include "dh-cuda-grid.h"

/* The kernel around dh-cuda-fused-math.h: eight warps, each 32 × 32 products by the tensor cores. Fragments are loaded
 * and multiplied by PTX's own names: nvcc's wmma loads those of bfloat16 word by word, by generic addresses. */

namespace
{

constexpr int THREADS = DH_CUDA_THREADS;

template <int TILING> union Shared
{
  uint16_t tiles[2][DH_CUDA_TILE_SIZE (TILING)];
  float products[DH_CUDA_TILE_OUT_SIZE (TILING)];
};

#if __CUDA_ARCH__ >= 750
template <int TYPE, int TILING>
__device__ __forceinline__ void
multiply_tile (const uint16_t *tile, int warp, int lane, float (&sums)[2][4][4])
{
#pragma unroll
  for (int s = 0; s < DH_CUDA_WARP_SLABS (TILING); s++)
#pragma unroll
    for (int at = 0; at < DH_CUDA_SLAB; at += 16)
      {
        const int slab = dh_cuda_fused_warp_slab (TILING, warp, s);
        uint32_t a[2][4], b[2][4];
#pragma unroll
        for (int i = 0; i < 2; i++)
          {
            dh_cuda_ptx_load_matrices (tile + dh_cuda_fused_a_row (TILING, warp, slab, i, at, lane), a[i]);
            dh_cuda_ptx_load_matrices (tile + dh_cuda_fused_b_row (TILING, warp, slab, i, at, lane), b[i]);
          }
#pragma unroll
        for (int i = 0; i < 2; i++)
#pragma unroll
          for (int j = 0; j < 4; j++)
            dh_cuda_ptx_multiply<TYPE> (sums[i][j], a[i], b[j / 2] + j % 2 * 2);
      }
}
#endif

/* Two blocks side by side where a block takes few places at a time; else one, with what registers it wants. */
template <int TYPE, int TILING, bool RESIZED>
__global__ void
__launch_bounds__ (THREADS, TILING == DH_CUDA_TILING_WIDE ? 2 : 1) convolve (const __grid_constant__ DhCudaKernel k)
{
#if __CUDA_ARCH__ >= 750
  if constexpr (TYPE == DH_CUDA_F16 || __CUDA_ARCH__ >= 800)
    {
      __shared__ __align__ (128) Shared<TILING> shared;
      const int t = (int)threadIdx.x, warp = t / 32, lane = t % 32;
      int column;
      const int64_t place = dh_cuda_fused_place (&k, TILING, blockIdx.x, &column);
      const int steps = dh_cuda_fused_steps (&k, TILING);
      float sums[2][4][4] = {};
      DhCudaFetched fetched;
      dh_cuda_fused_find (&k, TILING, 0, t, &fetched);
      dh_cuda_fused_fetch (&k, TILING, place, column, 0, t, &fetched);
      dh_cuda_fused_keep (&k, TILING, TYPE, 0, t, &fetched, shared.tiles[0]);
      __syncthreads ();
      for (int step = 0; step < steps; step++)
        {
          const bool more = step + 1 < steps;
          if (more)
            dh_cuda_fused_fetch (&k, TILING, place, column, step + 1, t, &fetched);
          multiply_tile<TYPE, TILING> (shared.tiles[step % 2], warp, lane, sums);
          if (more)
            dh_cuda_fused_keep (&k, TILING, TYPE, step + 1, t, &fetched, shared.tiles[(step + 1) % 2]);
          __syncthreads ();
        }
#pragma unroll
      for (int i = 0; i < 2; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
#pragma unroll
          for (int half = 0; half < 2; half++)
            *(float2 *)(shared.products + dh_cuda_fused_product_at (TILING, warp, i, j, lane, half)) =
                make_float2 (sums[i][j][2 * half], sums[i][j][2 * half + 1]);
      __syncthreads ();
      dh_cuda_fused_write (&k, TILING, TYPE, RESIZED, place, column, t, shared.products);
    }
#endif
}

template <int TYPE, bool RESIZED>
int launch_typed (const DhCudaKernel &k, cudaStream_t stream)
{
  const unsigned grid = dh_cuda_kernel_grid (&k).x;
  switch (k.mode)
    {
    case DH_CUDA_TILING_WIDE:
      convolve<TYPE, DH_CUDA_TILING_WIDE, RESIZED><<<grid, THREADS, 0, stream>>> (k);
      break;
    case DH_CUDA_TILING_DEEP:
      convolve<TYPE, DH_CUDA_TILING_DEEP, RESIZED><<<grid, THREADS, 0, stream>>> (k);
      break;
    case DH_CUDA_TILING_MIDDLE:
      convolve<TYPE, DH_CUDA_TILING_MIDDLE, RESIZED><<<grid, THREADS, 0, stream>>> (k);
      break;
    case DH_CUDA_TILING_SMALL:
      convolve<TYPE, DH_CUDA_TILING_SMALL, RESIZED><<<grid, THREADS, 0, stream>>> (k);
      break;
    default:
      return cudaErrorInvalidValue;
    }
  return cudaGetLastError ();
}

template <int TYPE>
int launch_any (const DhCudaKernel &k, cudaStream_t stream)
{
  return k.rows ? launch_typed<TYPE, true> (k, stream) : launch_typed<TYPE, false> (k, stream);
}

} // namespace

extern "C" int
dh_cuda_launch_fused (const DhCudaKernel *kernel, void *stream)
{
  if (!dh_cuda_kernel_grid (kernel).x)
    return cudaErrorInvalidValue;
  if (kernel->type == DH_CUDA_F16)
    return launch_any<DH_CUDA_F16> (*kernel, (cudaStream_t)stream);
  if (kernel->type == DH_CUDA_BF16)
    return launch_any<DH_CUDA_BF16> (*kernel, (cudaStream_t)stream);
  return cudaErrorInvalidValue;
}
