#pragma once
#include "dh-cuda-value-math.h"

/* A 1×1 convolution that reads through norms, ReLUs and concatenations: what its input would be in memory of its own
 * exists only in the tile that a block multiplies. Each block makes DH_CUDA_TILE_M pixels × DH_CUDA_TILE_N channels, in
 * steps of DH_CUDA_TILE_K places: the threads fetch the next step while the tensor cores multiply this one, then keep
 * it in the other of two buffers. What is here is all but the multiplication itself. */

#define DH_CUDA_TILE_K 32
/* From row to row of a tile: 16 bytes more, so that neighbouring rows lie in other banks. */
#define DH_CUDA_TILE_STRIDE (DH_CUDA_TILE_K + 8)
#define DH_CUDA_TILE_OUT_STRIDE (DH_CUDA_TILE_N + 4)

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
  const uint4 raw = *(const uint4 *)from;
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

/* Thread t of DH_CUDA_THREADS; the pixels beyond the last are read as the last. */
DH_CUDA_INLINE void
dh_cuda_fused_fetch (const DhCudaKernel *k, int64_t block, int column, int step, int t, DhCudaFetched *fetched)
{
  const DhCudaWords zero = { { 0, 0, 0, 0 } };
  const int64_t pixels = (int64_t)k->n * k->h * k->w, asked = block * DH_CUDA_TILE_M + t / 4;
  const int64_t pixel = asked < pixels ? asked : pixels - 1;
  const int group = 4 * step + t % 4, n_groups = k->in.n_groups;
  fetched->a = zero;
  if (group < n_groups)
    {
      const DhCudaGroup from = k->in.groups[group];
      fetched->a = dh_cuda_load_words ((const uint16_t *)from.base + pixel * from.stride);
    }
  for (int i = 0; i < 2; i++)
    {
      const int64_t row = (int64_t)column * DH_CUDA_TILE_N + t / 4 + i * DH_CUDA_TILE_M;
      fetched->b[i] = zero;
      if (group < n_groups)
        fetched->b[i] = dh_cuda_load_words ((const uint16_t *)k->packed + (row * n_groups + group) * 8);
    }
}

/* Through norm and ReLU into the tile; places beyond the last are 0. */
DH_CUDA_INLINE void
dh_cuda_fused_keep (const DhCudaKernel *k, int type, int step, int t, const DhCudaFetched *fetched, DhCudaTile *tile)
{
  const int at = t / 4 * DH_CUDA_TILE_STRIDE + t % 4 * 8, group = 4 * step + t % 4;
  float v[8];
  dh_cuda_load8 (fetched->a.words, 0, type, v);
  if (group < k->in.n_groups)
    dh_cuda_normalise8 (&k->in, group, v);
  dh_cuda_store8 (tile->a, at, type, v);
  for (int i = 0; i < 2; i++)
    dh_cuda_store_words (tile->b + at + i * DH_CUDA_TILE_M * DH_CUDA_TILE_STRIDE, fetched->b[i]);
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
      for (int j = 0; j < 8; j++)
        v[j] = products[row * DH_CUDA_TILE_OUT_STRIDE + 8 * lane + j] + k->bias[8 * group + j];
      dh_cuda_write8 (k, type, pixel, group, v);
    }
}
