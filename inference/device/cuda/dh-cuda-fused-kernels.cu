#include <mma.h>
#include "dh-cuda-fused-math.h"
#include "dh-cuda-grid.h"

/* The kernel around dh-cuda-fused-math.h: eight warps, each 32 × 32 products by the tensor cores. */

namespace
{

using namespace nvcuda;

constexpr int THREADS = DH_CUDA_THREADS;

template <int TYPE> struct Element;
template <> struct Element<DH_CUDA_F16>
{
  using type = __half;
};
template <> struct Element<DH_CUDA_BF16>
{
  using type = __nv_bfloat16;
};

union Shared
{
  DhCudaTile tiles[2];
  float products[DH_CUDA_TILE_M * DH_CUDA_TILE_OUT_STRIDE];
};

template <int TYPE>
__device__ __forceinline__ void
multiply (const DhCudaTile &tile, int row, int column, wmma::fragment<wmma::accumulator, 16, 16, 16, float> (&sums)[2][2])
{
  using T = typename Element<TYPE>::type;
#pragma unroll
  for (int at = 0; at < DH_CUDA_TILE_K; at += 16)
    {
      wmma::fragment<wmma::matrix_a, 16, 16, 16, T, wmma::row_major> a[2];
      wmma::fragment<wmma::matrix_b, 16, 16, 16, T, wmma::col_major> b[2];
      for (int i = 0; i < 2; i++)
        {
          wmma::load_matrix_sync (a[i], (const T *)tile.a + (row + 16 * i) * DH_CUDA_TILE_STRIDE + at,
                                  DH_CUDA_TILE_STRIDE);
          wmma::load_matrix_sync (b[i], (const T *)tile.b + (column + 16 * i) * DH_CUDA_TILE_STRIDE + at,
                                  DH_CUDA_TILE_STRIDE);
        }
      for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
          wmma::mma_sync (sums[i][j], a[i], b[j], sums[i][j]);
    }
}

template <int TYPE>
__global__ void
__launch_bounds__ (THREADS, 2) convolve (const __grid_constant__ DhCudaKernel k)
{
#if __CUDA_ARCH__ >= 700
  if constexpr (TYPE == DH_CUDA_F16 || __CUDA_ARCH__ >= 800)
    {
      __shared__ __align__ (128) Shared shared;
      const int t = (int)threadIdx.x, warp = t / 32, row = warp / 4 * 32, column = warp % 4 * 32;
      const int64_t block = blockIdx.x;
      const int steps = dh_cuda_fused_steps (&k);
      wmma::fragment<wmma::accumulator, 16, 16, 16, float> sums[2][2];
      DhCudaFetched fetched;
      for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
          wmma::fill_fragment (sums[i][j], 0.0f);
      dh_cuda_fused_fetch (&k, block, (int)blockIdx.y, 0, t, &fetched);
      dh_cuda_fused_keep (&k, TYPE, 0, t, &fetched, &shared.tiles[0]);
      __syncthreads ();
      for (int step = 0; step < steps; step++)
        {
          const bool more = step + 1 < steps;
          if (more)
            dh_cuda_fused_fetch (&k, block, (int)blockIdx.y, step + 1, t, &fetched);
          multiply<TYPE> (shared.tiles[step % 2], row, column, sums);
          if (more)
            dh_cuda_fused_keep (&k, TYPE, step + 1, t, &fetched, &shared.tiles[(step + 1) % 2]);
          __syncthreads ();
        }
      for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
          wmma::store_matrix_sync (shared.products + (row + 16 * i) * DH_CUDA_TILE_OUT_STRIDE + column + 16 * j,
                                   sums[i][j], DH_CUDA_TILE_OUT_STRIDE, wmma::mem_row_major);
      __syncthreads ();
      dh_cuda_fused_write (&k, TYPE, block, (int)blockIdx.y, t, shared.products);
    }
#endif
}

} // namespace

extern "C" int
dh_cuda_launch_fused (const DhCudaKernel *kernel, void *stream)
{
  const DhCudaGrid size = dh_cuda_kernel_grid (kernel);
  if (!size.x)
    return cudaErrorInvalidValue;
  const dim3 grid (size.x, size.y);
  if (kernel->type == DH_CUDA_F16)
    convolve<DH_CUDA_F16><<<grid, THREADS, 0, (cudaStream_t)stream>>> (*kernel);
  else if (kernel->type == DH_CUDA_BF16)
    convolve<DH_CUDA_BF16><<<grid, THREADS, 0, (cudaStream_t)stream>>> (*kernel);
  else
    return cudaErrorInvalidValue;
  return cudaGetLastError ();
}
