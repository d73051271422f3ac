#pragma once
#include "dh-cuda-value-math.h"
#ifdef __CUDACC__
#include "dh-cuda-ptx.h"
#endif

/* A 1×1 convolution that reads through norms, ReLUs and concatenations: what its input would be in memory of its own
 * exists only in the tile that a block multiplies. Each block makes some pixels × some channels (`tiling`, a constant
 * of each kernel), in steps of one or more slabs of DH_CUDA_SLAB places: the threads fetch the next step while the
 * tensor cores multiply this one, then keep it in the other of two buffers. A warp multiplies 32 pixels by 32 channels;
 * where a tile has fewer of these than there are warps, groups of warps share the slabs of a step, and their sums are
 * added in the end, in the order of the groups. What is here is all but the multiplication itself. */

#define DH_CUDA_SLAB 32
#define DH_CUDA_TILE_WARPS(tiling) (DH_CUDA_TILE_M (tiling) / 32 * (DH_CUDA_TILE_N (tiling) / 32)) /* of a group */
#define DH_CUDA_TILE_GROUPS(tiling) (DH_CUDA_THREADS / 32 / DH_CUDA_TILE_WARPS (tiling))

/* A step of both factors in 16 bits: slab after slab of pixels × places, then slab after slab of channels × places. */
#define DH_CUDA_TILE_B(tiling) (DH_CUDA_TILE_SLABS (tiling) * DH_CUDA_TILE_M (tiling) * DH_CUDA_SLAB)
#define DH_CUDA_TILE_SIZE(tiling)                                                                                      \
  (DH_CUDA_TILE_SLABS (tiling) * (DH_CUDA_TILE_M (tiling) + DH_CUDA_TILE_N (tiling)) * DH_CUDA_SLAB)
/* The sums of each group of warps, pixels × channels in float32; 8 more from row to row, which lie in other banks. */
#define DH_CUDA_TILE_OUT_STRIDE(tiling) (DH_CUDA_TILE_N (tiling) + 8)
#define DH_CUDA_TILE_OUT_SIZE(tiling)                                                                                  \
  (DH_CUDA_TILE_GROUPS (tiling) * DH_CUDA_TILE_M (tiling) * DH_CUDA_TILE_OUT_STRIDE (tiling))

/* Groups of 8 that a thread fetches of either factor, and at most. */
#define DH_CUDA_TILE_A_PARTS(tiling) (DH_CUDA_TILE_SLABS (tiling) * DH_CUDA_TILE_M (tiling) * 4 / DH_CUDA_THREADS)
#define DH_CUDA_TILE_B_PARTS(tiling) (DH_CUDA_TILE_SLABS (tiling) * DH_CUDA_TILE_N (tiling) * 4 / DH_CUDA_THREADS)
#define DH_CUDA_MOST_A_PARTS 2
#define DH_CUDA_MOST_B_PARTS 4

/* Aligned, for the load of 16 bytes that reads it. */
typedef struct
{
  DH_CUDA_ALIGN16 uint32_t words[4];
} DhCudaWords;

/* What a thread holds between fetching and keeping: groups of pixels as they stand in memory, so that nothing waits for
 * them meanwhile, and of the weights. */
typedef struct
{
  DhCudaWords a[DH_CUDA_MOST_A_PARTS], b[DH_CUDA_MOST_B_PARTS];
  float scale[DH_CUDA_MOST_A_PARTS][8], shift[DH_CUDA_MOST_A_PARTS][8]; /* of the pixels' groups */
  DhCudaGroup next[DH_CUDA_MOST_A_PARTS];                               /* where the next step's groups stand */
} DhCudaFetched;

DH_CUDA_INLINE int
dh_cuda_fused_steps (const DhCudaKernel *k, int tiling)
{
  const int places = DH_CUDA_TILE_SLABS (tiling) * DH_CUDA_SLAB;
  return (k->in.n_groups * 8 + places - 1) / places;
}

/* Which pixels and which channels block makes: those of the same pixels follow each other. */
DH_CUDA_INLINE int64_t
dh_cuda_fused_place (const DhCudaKernel *k, int tiling, int64_t block, int *column)
{
  int64_t place;
  *column = dh_cuda_split (block, k->n_groups * 8 / DH_CUDA_TILE_N (tiling), &place);
  return place;
}

DH_CUDA_INLINE DhCudaWords
dh_cuda_load_words (const uint16_t *from)
{
  DhCudaWords words;
#ifdef __CUDACC__
  const uint4 raw = __ldg ((const uint4 *)from); /* of global memory, which nothing writes meanwhile */
  words.words[0] = raw.x, words.words[1] = raw.y, words.words[2] = raw.z, words.words[3] = raw.w;
#else
  memcpy (&words, from, sizeof words);
#endif
  return words;
}

/* Into a tile. */
DH_CUDA_INLINE void
dh_cuda_store_words (uint16_t *to, DhCudaWords words)
{
#ifdef __CUDACC__
  dh_cuda_ptx_store_shared (to, words.words);
#else
  memcpy (to, &words, sizeof words);
#endif
}

/* Where 8 places from 8·part of a row of a slab lie, in elements: so that eight rows that follow each other have any
 * part in banks of their own. */
DH_CUDA_INLINE int
dh_cuda_fused_row (int row, int part)
{
  return row * DH_CUDA_SLAB + (part ^ (row >> 1 & 3)) * 8;
}

/* The line of a factor, slab after slab of `rows` each, of which thread t fetches part t % 4 as its i-th. */
DH_CUDA_INLINE int
dh_cuda_fused_line (int i, int t, int rows, int *slab)
{
  const int line = (i * DH_CUDA_THREADS + t) / 4;
  *slab = line / rows;
  return line % rows;
}

DH_CUDA_INLINE int
dh_cuda_fused_group (int tiling, int step, int slab, int t)
{
  return 4 * (DH_CUDA_TILE_SLABS (tiling) * step + slab) + t % 4;
}

/* Where the thread's groups of a step stand, or the last. */
DH_CUDA_INLINE void
dh_cuda_fused_find (const DhCudaKernel *k, int tiling, int step, int t, DhCudaFetched *fetched)
{
  DH_CUDA_UNROLL
  for (int i = 0; i < DH_CUDA_TILE_A_PARTS (tiling); i++)
    {
      int slab;
      dh_cuda_fused_line (i, t, DH_CUDA_TILE_M (tiling), &slab);
      const int group = dh_cuda_fused_group (tiling, step, slab, t);
      fetched->next[i] = k->in.groups[group < k->in.n_groups ? group : k->in.n_groups - 1];
    }
}

/* Thread t of DH_CUDA_THREADS, step after step, of the pixels of `place`; those beyond the last are read as the last.
 * Before the first step dh_cuda_fused_find() is called for it. */
DH_CUDA_INLINE void
dh_cuda_fused_fetch (const DhCudaKernel *k, int tiling, int64_t place, int column, int step, int t,
                     DhCudaFetched *fetched)
{
  const DhCudaWords zero = { { 0, 0, 0, 0 } };
  const int64_t pixels = (int64_t)k->n * k->h * k->w;
  const int n_groups = k->in.n_groups;
  int slab;
  DH_CUDA_UNROLL
  for (int i = 0; i < DH_CUDA_TILE_A_PARTS (tiling); i++)
    {
      const int64_t asked = place * DH_CUDA_TILE_M (tiling) + dh_cuda_fused_line (i, t, DH_CUDA_TILE_M (tiling), &slab);
      const int64_t pixel = asked < pixels ? asked : pixels - 1;
      const int group = dh_cuda_fused_group (tiling, step, slab, t);
      fetched->a[i] = zero;
      if (group < n_groups)
        {
          fetched->a[i] =
              dh_cuda_load_words ((const uint16_t *)fetched->next[i].base + pixel * fetched->next[i].stride);
          if (k->in.scale)
            {
              dh_cuda_load8 (k->in.scale, 8 * group, DH_CUDA_F32, fetched->scale[i]);
              dh_cuda_load8 (k->in.shift, 8 * group, DH_CUDA_F32, fetched->shift[i]);
            }
        }
    }
  DH_CUDA_UNROLL
  for (int i = 0; i < DH_CUDA_TILE_B_PARTS (tiling); i++)
    {
      const int64_t row =
          (int64_t)column * DH_CUDA_TILE_N (tiling) + dh_cuda_fused_line (i, t, DH_CUDA_TILE_N (tiling), &slab);
      const int group = dh_cuda_fused_group (tiling, step, slab, t);
      fetched->b[i] = zero;
      if (group < n_groups)
        fetched->b[i] = dh_cuda_load_words ((const uint16_t *)k->packed + (row * n_groups + group) * 8);
    }
  /* Not when it is wanted: what waits for an address waits twice. */
  dh_cuda_fused_find (k, tiling, step + 1, t, fetched);
}

/* Through norm and ReLU into the tile; places beyond the last are 0. */
DH_CUDA_INLINE void
dh_cuda_fused_keep (const DhCudaKernel *k, int tiling, int type, int step, int t, const DhCudaFetched *fetched,
                    uint16_t *tile)
{
  int slab;
  DH_CUDA_UNROLL
  for (int i = 0; i < DH_CUDA_TILE_A_PARTS (tiling); i++)
    {
      const int row = dh_cuda_fused_line (i, t, DH_CUDA_TILE_M (tiling), &slab);
      float v[8];
      dh_cuda_load8 (fetched->a[i].words, 0, type, v);
      if (dh_cuda_fused_group (tiling, step, slab, t) < k->in.n_groups)
        {
          for (int j = 0; k->in.scale && j < 8; j++)
            v[j] = v[j] * fetched->scale[i][j] + fetched->shift[i][j];
          dh_cuda_relu8 (&k->in, v);
        }
      DhCudaWords words;
      dh_cuda_store8 (words.words, 0, type, v);
      dh_cuda_store_words (tile + slab * DH_CUDA_TILE_M (tiling) * DH_CUDA_SLAB + dh_cuda_fused_row (row, t % 4),
                           words);
    }
  DH_CUDA_UNROLL
  for (int i = 0; i < DH_CUDA_TILE_B_PARTS (tiling); i++)
    {
      const int row = dh_cuda_fused_line (i, t, DH_CUDA_TILE_N (tiling), &slab);
      dh_cuda_store_words (tile + DH_CUDA_TILE_B (tiling) + slab * DH_CUDA_TILE_N (tiling) * DH_CUDA_SLAB
                               + dh_cuda_fused_row (row, t % 4),
                           fetched->b[i]);
    }
}

/* A warp multiplies 32 pixels by 32 channels, in products of 16 × 8 as mma.m16n8k16 makes them. What follows is where
 * their parts lie; the layouts are the PTX ISA's ("Matrix Fragments for mma.m16n8k16", "ldmatrix").
 *
 * The pixels, the channels and the group of a warp, in units of 32. */
DH_CUDA_INLINE int
dh_cuda_fused_warp_m (int tiling, int warp)
{
  return warp % DH_CUDA_TILE_WARPS (tiling) / (DH_CUDA_TILE_N (tiling) / 32);
}

DH_CUDA_INLINE int
dh_cuda_fused_warp_n (int tiling, int warp)
{
  return warp % (DH_CUDA_TILE_N (tiling) / 32);
}

DH_CUDA_INLINE int
dh_cuda_fused_warp_group (int tiling, int warp)
{
  return warp / DH_CUDA_TILE_WARPS (tiling);
}

/* The slabs of a step that a warp multiplies, and which is its i-th. */
#define DH_CUDA_WARP_SLABS(tiling) (DH_CUDA_TILE_SLABS (tiling) / DH_CUDA_TILE_GROUPS (tiling))

DH_CUDA_INLINE int
dh_cuda_fused_warp_slab (int tiling, int warp, int i)
{
  return i * DH_CUDA_TILE_GROUPS (tiling) + dh_cuda_fused_warp_group (tiling, warp);
}

/* The row whose address lane hands to ldmatrix.x4, in elements of the tile, for 16 pixels from 16·i of the warp's, and
 * 16 places from `at` of a slab. The four registers are in the order of a fragment of pixels. */
DH_CUDA_INLINE int
dh_cuda_fused_a_row (int tiling, int warp, int slab, int i, int at, int lane)
{
  return slab * DH_CUDA_TILE_M (tiling) * DH_CUDA_SLAB
         + dh_cuda_fused_row (dh_cuda_fused_warp_m (tiling, warp) * 32 + 16 * i + lane % 16, at / 8 + lane / 16);
}

/* Likewise for 16 channels: the first two registers are the fragment of eight of them, the last two that of the others.
 */
DH_CUDA_INLINE int
dh_cuda_fused_b_row (int tiling, int warp, int slab, int i, int at, int lane)
{
  return DH_CUDA_TILE_B (tiling) + slab * DH_CUDA_TILE_N (tiling) * DH_CUDA_SLAB
         + dh_cuda_fused_row (dh_cuda_fused_warp_n (tiling, warp) * 32 + 16 * i + lane / 16 * 8 + lane % 8,
                              at / 8 + lane / 8 % 2);
}

/* The place of a lane's first two sums of product (i, j), and of its last two 8 pixels on (half 1). */
DH_CUDA_INLINE int
dh_cuda_fused_product_at (int tiling, int warp, int i, int j, int lane, int half)
{
  const int row = dh_cuda_fused_warp_group (tiling, warp) * DH_CUDA_TILE_M (tiling)
                  + dh_cuda_fused_warp_m (tiling, warp) * 32 + 16 * i + 8 * half + lane / 4;
  return row * DH_CUDA_TILE_OUT_STRIDE (tiling) + dh_cuda_fused_warp_n (tiling, warp) * 32 + 8 * j + lane % 4 * 2;
}

/* The i-th eight of a block's products, of all groups of warps, with bias and ReLU into memory; where it is `resized`
 * behind the sum with what is resized to them and its norm. */
DH_CUDA_INLINE void
dh_cuda_fused_write8 (const DhCudaKernel *k, int tiling, int type, bool resized, int64_t place, int column, int i,
                      const float *products)
{
  const int lanes = DH_CUDA_TILE_N (tiling) / 8, stride = DH_CUDA_TILE_OUT_STRIDE (tiling);
  const int row = i / lanes, lane = i % lanes, group = column * lanes + lane;
  const int64_t pixel = place * DH_CUDA_TILE_M (tiling) + row;
  float v[8];
  if (pixel >= (int64_t)k->n * k->h * k->w)
    return;
  dh_cuda_load8 (k->bias, 8 * group, DH_CUDA_F32, v);
  DH_CUDA_UNROLL
  for (int g = 0; g < DH_CUDA_TILE_GROUPS (tiling); g++)
    for (int j = 0; j < 8; j++)
      v[j] += products[(g * DH_CUDA_TILE_M (tiling) + row) * stride + 8 * lane + j];
  if (resized)
    {
      const DhCudaCorners corners = dh_cuda_corners (k, pixel);
      dh_cuda_add_corners8 (&k->other, type, &corners, true, group, v);
      dh_cuda_scale_result8 (k, group, v);
    }
  dh_cuda_write8 (k, type, pixel, group, v);
}

/* What thread t of a block writes; `resized` is a constant of each kernel, which is long where it is. */
DH_CUDA_INLINE void
dh_cuda_fused_write (const DhCudaKernel *k, int tiling, int type, bool resized, int64_t place, int column, int t,
                     const float *products)
{
  const int count = DH_CUDA_TILE_M (tiling) * DH_CUDA_TILE_N (tiling) / 8;
  if (!resized)
    {
      for (int i = t; i < count; i += DH_CUDA_THREADS)
        dh_cuda_fused_write8 (k, tiling, type, false, place, column, i, products);
      return;
    }
  DH_CUDA_ROLLED
  for (int i = t; i < count; i += DH_CUDA_THREADS)
    dh_cuda_fused_write8 (k, tiling, type, true, place, column, i, products);
}
