#include "emulated-card.h"

#include <math.h>
#include <string.h>

#include "dh-cuda-grid.h"
#include "dh-cuda-fused-math.h"

/* The blocks of the kernel that reads through norms: its threads one after the other between two barriers, and its
 * warps' products as the PTX ISA says that ldmatrix and mma.m16n8k16 make them. */

typedef struct
{
  gfloat v[4][2]; /* four registers of two values each */
} Registers;

/* ldmatrix.x4: of matrix m, lane l has elements 2·(l mod 4) and the next of row l / 4, which lane 8·m + l / 4 names. */
static void
load_matrices (const guint16 *const rows[32], gint type, Registers to[32])
{
  for (gint lane = 0; lane < 32; lane++)
    for (gint m = 0; m < 4; m++)
      for (gint i = 0; i < 2; i++)
        to[lane].v[m][i] = dh_cuda_load1 (rows[8 * m + lane / 4], 2 * (lane % 4) + i, type);
}

/* mma.m16n8k16: a's registers are those of rows g and g + 8, then the same 8 places on; b's those of 8 places each. */
static void
multiply (gfloat sums[32][4], const Registers a[32], const Registers b[32], gint first)
{
  for (gint lane = 0; lane < 32; lane++)
    for (gint c = 0; c < 4; c++)
      {
        const gint row = lane / 4 + c / 2 * 8, column = lane % 4 * 2 + c % 2;
        for (gint at = 0; at < 16; at++)
          {
            const Registers *x = &a[row % 8 * 4 + at % 8 / 2], *y = &b[column * 4 + at % 8 / 2];
            sums[lane][c] += x->v[row / 8 + at / 8 * 2][at % 2] * y->v[first + at / 8][at % 2];
          }
      }
}

/* Eight values of a tile's part, 16 bytes on end. */
static const guint16 *
row_of (const guint16 *tile, gint at, gint begin, gint end)
{
  g_assert_true (at >= begin && at + 8 <= end && at % 8 == 0);
  return tile + at;
}

static void
multiply_tile (const guint16 *tile, gint tiling, gint type, gint warp, gfloat sums[2][4][32][4])
{
  for (gint s = 0; s < DH_CUDA_WARP_SLABS (tiling); s++)
    for (gint at = 0; at < DH_CUDA_SLAB; at += 16)
      {
        const gint slab = dh_cuda_fused_warp_slab (tiling, warp, s);
        Registers a[2][32], b[2][32];
        for (gint i = 0; i < 2; i++)
          {
            const guint16 *rows[32];
            for (gint lane = 0; lane < 32; lane++)
              rows[lane] =
                  row_of (tile, dh_cuda_fused_a_row (tiling, warp, slab, i, at, lane), 0, DH_CUDA_TILE_B (tiling));
            load_matrices (rows, type, a[i]);
            for (gint lane = 0; lane < 32; lane++)
              rows[lane] = row_of (tile, dh_cuda_fused_b_row (tiling, warp, slab, i, at, lane), DH_CUDA_TILE_B (tiling),
                                   DH_CUDA_TILE_SIZE (tiling));
            load_matrices (rows, type, b[i]);
          }
        for (gint i = 0; i < 2; i++)
          for (gint j = 0; j < 4; j++)
            multiply (sums[i][j], a[i], b[j / 2], j % 2 * 2);
      }
}

static void
write_sums (gint tiling, gint warp, gfloat sums[2][4][32][4], float *products)
{
  for (gint i = 0; i < 2; i++)
    for (gint j = 0; j < 4; j++)
      for (gint lane = 0; lane < 32; lane++)
        for (gint half = 0; half < 2; half++)
          memcpy (products + dh_cuda_fused_product_at (tiling, warp, i, j, lane, half), sums[i][j][lane] + 2 * half,
                  2 * sizeof (float));
}

enum
{
  MOST_TILE = 4 * (32 + 64) * DH_CUDA_SLAB,
  MOST_PRODUCTS = 4 * 32 * (64 + 8),
};

static void
run_block (const DhCudaKernel *k, gint64 block)
{
  const gint tiling = k->mode, steps = dh_cuda_fused_steps (k, tiling);
  _Alignas(16) guint16 tiles[2][MOST_TILE];
  DhCudaFetched fetched[DH_CUDA_THREADS];
  float products[MOST_PRODUCTS], sums[DH_CUDA_THREADS / 32][2][4][32][4] = { 0 };
  gint column;
  const gint64 place = dh_cuda_fused_place (k, tiling, block, &column);
  memset (tiles, 0xff, sizeof tiles);
  memset (products, 0xff, sizeof products);
  for (gint t = 0; t < DH_CUDA_THREADS; t++)
    {
      dh_cuda_fused_find (k, tiling, 0, t, &fetched[t]);
      dh_cuda_fused_fetch (k, tiling, place, column, 0, t, &fetched[t]);
      dh_cuda_fused_keep (k, tiling, k->type, 0, t, &fetched[t], tiles[0]);
    }
  for (gint step = 0; step < steps; step++)
    {
      for (gint t = 0; step + 1 < steps && t < DH_CUDA_THREADS; t++)
        dh_cuda_fused_fetch (k, tiling, place, column, step + 1, t, &fetched[t]);
      for (gint warp = 0; warp < DH_CUDA_THREADS / 32; warp++)
        multiply_tile (tiles[step % 2], tiling, k->type, warp, sums[warp]);
      for (gint t = 0; step + 1 < steps && t < DH_CUDA_THREADS; t++)
        dh_cuda_fused_keep (k, tiling, k->type, step + 1, t, &fetched[t], tiles[(step + 1) % 2]);
    }
  for (gint warp = 0; warp < DH_CUDA_THREADS / 32; warp++)
    write_sums (tiling, warp, sums[warp], products);
  for (gint t = 0; t < DH_CUDA_THREADS; t++)
    dh_cuda_fused_write (k, tiling, k->type, k->rows != NULL, place, column, t, products);
  for (gint i = DH_CUDA_TILE_SIZE (tiling); i < MOST_TILE; i++)
    g_assert_true (tiles[0][i] == 0xffff && tiles[1][i] == 0xffff);
  for (gint i = DH_CUDA_TILE_OUT_SIZE (tiling); i < MOST_PRODUCTS; i++)
    g_assert_true (isnan (products[i]));
}

void
emulated_fused (const DhCudaKernel *k)
{
  const DhCudaGrid grid = dh_cuda_kernel_grid (k);
  g_assert_true (grid.x && grid.y == 1 && k->type != DH_CUDA_F32 && !k->in.places);
  for (gint tiling = 0; tiling < DH_CUDA_N_TILINGS; tiling++)
    {
      g_assert_cmpint (DH_CUDA_TILE_SIZE (tiling), <=, MOST_TILE);
      g_assert_cmpint (DH_CUDA_TILE_OUT_SIZE (tiling), <=, MOST_PRODUCTS);
      g_assert_cmpint (DH_CUDA_TILE_A_PARTS (tiling), <=, DH_CUDA_MOST_A_PARTS);
      g_assert_cmpint (DH_CUDA_TILE_B_PARTS (tiling), <=, DH_CUDA_MOST_B_PARTS);
      g_assert_cmpint (DH_CUDA_TILE_MOST_N % DH_CUDA_TILE_N (tiling), ==, 0);
      g_assert_cmpint (DH_CUDA_TILE_SLABS (tiling) % DH_CUDA_TILE_GROUPS (tiling), ==, 0);
    }
#ifdef _OPENMP
#pragma omp parallel for
#endif
  for (gint64 block = 0; block < (gint64)grid.x; block++)
    run_block (k, block);
}
