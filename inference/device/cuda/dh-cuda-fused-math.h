#pragma once
#include "dh-cuda-value-math.h"

/* A 1×1 convolution that reads through norms, ReLUs and concatenations: what its input would be in memory of its own
 * exists only in the tile that a block multiplies. Each block makes DH_CUDA_TILE_M pixels × DH_CUDA_TILE_N channels, in
 * steps of DH_CUDA_TILE_K places: the threads fetch the next step while the tensor cores multiply this one, then keep
 * it in the other of two buffers. What is here is all but the multiplication itself. */

#define DH_CUDA_TILE_K 32
/* From row to row of a tile: 16 bytes more, so that neighbouring rows lie in other banks. */
#define DH_CUDA_TILE_STRIDE (DH_CUDA_TILE_K + 8)
#define DH_CUDA_TILE_OUT_STRIDE (DH_CUDA_TILE_N + 8)

/* One step of both factors, in 16 bits; row by row. */
typedef struct
{
  uint16_t a[DH_CUDA_TILE_M * DH_CUDA_TILE_STRIDE]; /* pixels × places */
  uint16_t b[DH_CUDA_TILE_N * DH_CUDA_TILE_STRIDE]; /* channels × places */
} DhCudaTile;

/* Aligned, for the load of 16 bytes that reads it. */
typedef struct
{
  DH_CUDA_ALIGN16 uint32_t words[4];
} DhCudaWords;

/* What a thread holds between fetching and keeping: one group of a pixel as it stands in memory, so that nothing waits
 * for it meanwhile, and two of the weights. */
typedef struct
{
  DhCudaWords a;
  DhCudaWords b[2];
  float scale[8], shift[8]; /* of the pixel's group */
  DhCudaGroup next;         /* where the next step's group stands */
} DhCudaFetched;

DH_CUDA_INLINE int
dh_cuda_fused_steps (const DhCudaKernel *k)
{
  return (k->in.n_groups * 8 + DH_CUDA_TILE_K - 1) / DH_CUDA_TILE_K;
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

DH_CUDA_INLINE void
dh_cuda_store_words (uint16_t *to, DhCudaWords words)
{
#ifdef __CUDACC__
  *(uint4 *)to = make_uint4 (words.words[0], words.words[1], words.words[2], words.words[3]);
#else
  memcpy (to, &words, sizeof words);
#endif
}

/* The thread's group of a step, or the last. */
DH_CUDA_INLINE DhCudaGroup
dh_cuda_fused_group (const DhCudaKernel *k, int step, int t)
{
  const int group = 4 * step + t % 4;
  return k->in.groups[group < k->in.n_groups ? group : k->in.n_groups - 1];
}

/* Before the first step is fetched. */
DH_CUDA_INLINE void
dh_cuda_fused_begin (const DhCudaKernel *k, int t, DhCudaFetched *fetched)
{
  fetched->next = dh_cuda_fused_group (k, 0, t);
}

/* Thread t of DH_CUDA_THREADS, step after step; the pixels beyond the last are read as the last. */
DH_CUDA_INLINE void
dh_cuda_fused_fetch (const DhCudaKernel *k, int64_t block, int column, int step, int t, DhCudaFetched *fetched)
{
  const DhCudaWords zero = { { 0, 0, 0, 0 } };
  const int64_t pixels = (int64_t)k->n * k->h * k->w, asked = block * DH_CUDA_TILE_M + t / 4;
  const int64_t pixel = asked < pixels ? asked : pixels - 1;
  const int group = 4 * step + t % 4, n_groups = k->in.n_groups;
  const DhCudaGroup from = fetched->next;
  fetched->a = zero;
  if (group < n_groups)
    {
      fetched->a = dh_cuda_load_words ((const uint16_t *)from.base + pixel * from.stride);
      if (k->in.scale)
        {
          dh_cuda_load8 (k->in.scale, 8 * group, DH_CUDA_F32, fetched->scale);
          dh_cuda_load8 (k->in.shift, 8 * group, DH_CUDA_F32, fetched->shift);
        }
    }
  for (int i = 0; i < 2; i++)
    {
      const int64_t row = (int64_t)column * DH_CUDA_TILE_N + t / 4 + i * DH_CUDA_TILE_M;
      fetched->b[i] = zero;
      if (group < n_groups)
        fetched->b[i] = dh_cuda_load_words ((const uint16_t *)k->packed + (row * n_groups + group) * 8);
    }
  /* Not when it is wanted: what waits for an address waits twice. */
  fetched->next = dh_cuda_fused_group (k, step + 1, t);
}

/* Through norm and ReLU into the tile; places beyond the last are 0. */
DH_CUDA_INLINE void
dh_cuda_fused_keep (const DhCudaKernel *k, int type, int step, int t, const DhCudaFetched *fetched, DhCudaTile *tile)
{
  const int at = t / 4 * DH_CUDA_TILE_STRIDE + t % 4 * 8, group = 4 * step + t % 4;
  float v[8];
  dh_cuda_load8 (fetched->a.words, 0, type, v);
  if (group < k->in.n_groups)
    {
      for (int j = 0; k->in.scale && j < 8; j++)
        v[j] = v[j] * fetched->scale[j] + fetched->shift[j];
      dh_cuda_relu8 (&k->in, v);
    }
  dh_cuda_store8 (tile->a, at, type, v);
  for (int i = 0; i < 2; i++)
    dh_cuda_store_words (tile->b + at + i * DH_CUDA_TILE_M * DH_CUDA_TILE_STRIDE, fetched->b[i]);
}

/* A warp of eight multiplies 32 pixels by 32 channels, in products of 16 × 8 as mma.m16n8k16 makes them. What follows
 * is where their parts lie; the layouts are the PTX ISA's ("Matrix Fragments for mma.m16n8k16", "ldmatrix").
 *
 * The row whose address lane hands to ldmatrix.x4, in elements of the tile, for 16 pixels from 16·i of the warp's, and
 * 16 places from `at`. The four registers are in the order of a fragment of pixels. */
DH_CUDA_INLINE int
dh_cuda_fused_a_row (int warp, int i, int at, int lane)
{
  return (warp / 4 * 32 + 16 * i + lane % 16) * DH_CUDA_TILE_STRIDE + at + lane / 16 * 8;
}

/* Likewise for 16 channels: the first two registers are the fragment of eight of them, the last two that of the others.
 */
DH_CUDA_INLINE int
dh_cuda_fused_b_row (int warp, int i, int at, int lane)
{
  return (warp % 4 * 32 + 16 * i + lane / 16 * 8 + lane % 8) * DH_CUDA_TILE_STRIDE + at + lane / 8 % 2 * 8;
}

/* The place of a lane's first two sums of product (i, j), and of its last two 8 pixels on (half 1). */
DH_CUDA_INLINE int
dh_cuda_fused_product_at (int warp, int i, int j, int lane, int half)
{
  return (warp / 4 * 32 + 16 * i + 8 * half + lane / 4) * DH_CUDA_TILE_OUT_STRIDE + warp % 4 * 32 + 8 * j
         + lane % 4 * 2;
}

/* The products, DH_CUDA_TILE_M rows of DH_CUDA_TILE_OUT_STRIDE floats, with bias and ReLU into memory. */
DH_CUDA_INLINE void
dh_cuda_fused_write (const DhCudaKernel *k, int type, int64_t block, int column, int t, const float *products)
{
  const int64_t pixels = (int64_t)k->n * k->h * k->w;
  for (int i = t; i < DH_CUDA_TILE_M * DH_CUDA_TILE_N / 8; i += DH_CUDA_THREADS)
    {
      const int row = i / (DH_CUDA_TILE_N / 8), lane = i % (DH_CUDA_TILE_N / 8);
      const int64_t pixel = block * DH_CUDA_TILE_M + row;
      const int group = column * (DH_CUDA_TILE_N / 8) + lane;
      float v[8];
      if (pixel >= pixels)
        break;
      dh_cuda_load8 (k->bias, 8 * group, DH_CUDA_F32, v);
      for (int j = 0; j < 8; j++)
        v[j] += products[row * DH_CUDA_TILE_OUT_STRIDE + 8 * lane + j];
      dh_cuda_write8 (k, type, pixel, group, v);
    }
}
