#include "emulated-card.h"

#include <string.h>

#include "dh-cuda-grid.h"
#include "dh-cuda-fused-math.h"

/* The blocks of the kernel that reads through norms: its threads one after the other between two barriers, and its
 * warps' products plainly. */

static void
multiply (const DhCudaTile *tile, gint type, gint warp, float *products)
{
  const gint row = warp / 4 * 32, column = warp % 4 * 32;
  for (gint i = row; i < row + 32; i++)
    for (gint j = column; j < column + 32; j++)
      for (gint at = 0; at < DH_CUDA_TILE_K; at++)
        products[i * DH_CUDA_TILE_OUT_STRIDE + j] += dh_cuda_load1 (tile->a, i * DH_CUDA_TILE_STRIDE + at, type)
                                                     * dh_cuda_load1 (tile->b, j * DH_CUDA_TILE_STRIDE + at, type);
}

static void
run_block (const DhCudaKernel *k, gint64 block, gint column)
{
  _Alignas(16) DhCudaTile tiles[2];
  DhCudaFetched fetched[DH_CUDA_THREADS];
  float products[DH_CUDA_TILE_M * DH_CUDA_TILE_OUT_STRIDE] = { 0 };
  const gint steps = dh_cuda_fused_steps (k);
  memset (tiles, 0xff, sizeof tiles);
  for (gint t = 0; t < DH_CUDA_THREADS; t++)
    {
      dh_cuda_fused_fetch (k, block, column, 0, t, &fetched[t]);
      dh_cuda_fused_keep (k, k->type, 0, t, &fetched[t], &tiles[0]);
    }
  for (gint step = 0; step < steps; step++)
    {
      for (gint t = 0; step + 1 < steps && t < DH_CUDA_THREADS; t++)
        dh_cuda_fused_fetch (k, block, column, step + 1, t, &fetched[t]);
      for (gint warp = 0; warp < DH_CUDA_THREADS / 32; warp++)
        multiply (&tiles[step % 2], k->type, warp, products);
      for (gint t = 0; step + 1 < steps && t < DH_CUDA_THREADS; t++)
        dh_cuda_fused_keep (k, k->type, step + 1, t, &fetched[t], &tiles[(step + 1) % 2]);
    }
  for (gint t = 0; t < DH_CUDA_THREADS; t++)
    dh_cuda_fused_write (k, k->type, block, column, t, products);
}

void
emulated_fused (const DhCudaKernel *k)
{
  const DhCudaGrid grid = dh_cuda_kernel_grid (k);
  g_assert_true (grid.x && k->type != DH_CUDA_F32 && !k->in.places);
#ifdef _OPENMP
#pragma omp parallel for
#endif
  for (gint64 at = 0; at < (gint64)grid.x * grid.y; at++)
    run_block (k, at / grid.y, (gint)(at % grid.y));
}
