#pragma once
#include "dh-cuda-kernels.h"

#ifdef __cplusplus
extern "C"
{
#endif

  /* How many blocks of DH_CUDA_THREADS threads a kernel is started with. A grid is at most 2³¹ − 1 blocks wide and
   * 65535 high: kernels of items go on where the grid ends, the others cannot be started beyond it. */

#define DH_CUDA_GRID_WIDTH 0x7fffffff
#define DH_CUDA_GRID_HEIGHT 0xffff

  typedef struct
  {
    uint32_t x, y; /* 0: it cannot be started */
  } DhCudaGrid;

  static inline DhCudaGrid dh_cuda_grid (int64_t x, int64_t y)
  {
    const DhCudaGrid none = { 0, 0 };
    const DhCudaGrid grid = { (uint32_t)x, (uint32_t)y };
    return x < 1 || y < 1 || x > DH_CUDA_GRID_WIDTH || y > DH_CUDA_GRID_HEIGHT ? none : grid;
  }

  static inline DhCudaGrid dh_cuda_kernel_grid (const DhCudaKernel *kernel)
  {
    const int64_t items = dh_cuda_kernel_items (kernel), blocks = (items + DH_CUDA_THREADS - 1) / DH_CUDA_THREADS;
    const int64_t pixels = (int64_t)kernel->n * kernel->h * kernel->w, channels = (int64_t)kernel->n_groups * 8;
    const int64_t side_by_side = dh_cuda_groups_of_block (kernel);
    const int64_t tile_m = DH_CUDA_TILE_M (kernel->mode), tile_n = DH_CUDA_TILE_N (kernel->mode);
    switch (kernel->op)
      {
      case DH_CUDA_FUSED: /* those of the same pixels side by side: what they read is read from memory once */
        return dh_cuda_grid (channels % tile_n ? 0 : (pixels + tile_m - 1) / tile_m * (channels / tile_n), 1);
      case DH_CUDA_STATS: /* groups × slices of the pixels */
      case DH_CUDA_BACK_SUMS:
      case DH_CUDA_LAYER_SUMS:
        return dh_cuda_grid (items < 1 ? 0 : (kernel->n_groups + side_by_side - 1) / side_by_side, kernel->n_slices);
      case DH_CUDA_DEPTHWISE_SUMS:
        return dh_cuda_grid (items, kernel->n_slices);
      case DH_CUDA_LOSS:
        return dh_cuda_grid (items < 1 ? 0 : kernel->n_slices, 1);
      case DH_CUDA_ATTENTION:
      case DH_CUDA_LAYER_NORM:
        if (kernel->op == DH_CUDA_ATTENTION && kernel->mode == DH_CUDA_ATTENTION_TILES)
          return dh_cuda_grid (((int64_t)kernel->h * kernel->w + dh_cuda_attention_queries (kernel) - 1)
                                   / dh_cuda_attention_queries (kernel) * kernel->n * (kernel->c / kernel->group_out),
                               1);
        if (kernel->op == DH_CUDA_LAYER_NORM && kernel->mode)
          return dh_cuda_grid ((pixels * kernel->mode + DH_CUDA_THREADS - 1) / DH_CUDA_THREADS, 1);
        return dh_cuda_grid (blocks < DH_CUDA_GRID_WIDTH ? blocks : DH_CUDA_GRID_WIDTH, 1);
      default:
        if (dh_cuda_is_large (kernel))
          return dh_cuda_grid (items, 1);
        return dh_cuda_grid (blocks < DH_CUDA_GRID_WIDTH ? blocks : DH_CUDA_GRID_WIDTH, 1);
      }
  }

#ifdef __cplusplus
}
#endif
