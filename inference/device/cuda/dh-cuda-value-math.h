#pragma once
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "dh-cuda-kernels.h"

/* How kernels read and write values, eight channels at a time: the same source for nvcc and, in the tests, for the C
 * compiler. `type` is passed beside the arguments so that a kernel made for one type has it as a constant. */

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#define DH_CUDA_INLINE static __device__ __forceinline__
#define DH_CUDA_ALIGN16 alignas (16)
#define DH_CUDA_UNROLL _Pragma ("unroll")
#define DH_CUDA_ROLLED _Pragma ("unroll 1")
#else
#define DH_CUDA_INLINE static inline
#define DH_CUDA_ALIGN16 _Alignas(16)
#define DH_CUDA_UNROLL
#define DH_CUDA_ROLLED
float dh_cuda_half_to_float (uint16_t bits);
float dh_cuda_bf16_to_float (uint16_t bits);
uint16_t dh_cuda_float_to_half (float value);
uint16_t dh_cuda_float_to_bf16 (float value);
#endif

DH_CUDA_INLINE float
dh_cuda_load1 (const void *base, int64_t at, int type)
{
  if (type == DH_CUDA_F32)
    return ((const float *)base)[at];
#ifdef __CUDACC__
  if (type == DH_CUDA_F16)
    return __half2float (((const __half *)base)[at]);
  return __bfloat162float (((const __nv_bfloat16 *)base)[at]);
#else
  if (type == DH_CUDA_F16)
    return dh_cuda_half_to_float (((const uint16_t *)base)[at]);
  return dh_cuda_bf16_to_float (((const uint16_t *)base)[at]);
#endif
}

/* `at` is a multiple of 8. */
DH_CUDA_INLINE void
dh_cuda_load8 (const void *base, int64_t at, int type, float v[8])
{
#ifdef __CUDACC__
  if (type == DH_CUDA_F32)
    {
      const float4 *p = (const float4 *)((const float *)base + at);
      const float4 a = p[0], b = p[1];
      v[0] = a.x, v[1] = a.y, v[2] = a.z, v[3] = a.w;
      v[4] = b.x, v[5] = b.y, v[6] = b.z, v[7] = b.w;
      return;
    }
  const uint4 raw = *(const uint4 *)((const uint16_t *)base + at);
  const uint32_t words[4] = { raw.x, raw.y, raw.z, raw.w };
  for (int j = 0; j < 4; j++)
    {
      if (type == DH_CUDA_F16)
        {
          v[2 * j] = __half2float (__ushort_as_half ((unsigned short)(words[j] & 0xffffu)));
          v[2 * j + 1] = __half2float (__ushort_as_half ((unsigned short)(words[j] >> 16)));
        }
      else
        {
          v[2 * j] = __uint_as_float (words[j] << 16);
          v[2 * j + 1] = __uint_as_float (words[j] & 0xffff0000u);
        }
    }
#else
  for (int j = 0; j < 8; j++)
    v[j] = dh_cuda_load1 (base, at + j, type);
#endif
}

DH_CUDA_INLINE void
dh_cuda_store8 (void *base, int64_t at, int type, const float v[8])
{
#ifdef __CUDACC__
  if (type == DH_CUDA_F32)
    {
      float4 *p = (float4 *)((float *)base + at);
      p[0] = make_float4 (v[0], v[1], v[2], v[3]);
      p[1] = make_float4 (v[4], v[5], v[6], v[7]);
      return;
    }
  uint32_t words[4];
  for (int j = 0; j < 4; j++)
    {
      uint32_t low, high;
      if (type == DH_CUDA_F16)
        {
          low = __half_as_ushort (__float2half_rn (v[2 * j]));
          high = __half_as_ushort (__float2half_rn (v[2 * j + 1]));
        }
      else
        {
          low = __bfloat16_as_ushort (__float2bfloat16_rn (v[2 * j]));
          high = __bfloat16_as_ushort (__float2bfloat16_rn (v[2 * j + 1]));
        }
      words[j] = low | high << 16;
    }
  *(uint4 *)((uint16_t *)base + at) = make_uint4 (words[0], words[1], words[2], words[3]);
#else
  for (int j = 0; j < 8; j++)
    if (type == DH_CUDA_F32)
      ((float *)base)[at + j] = v[j];
    else
      ((uint16_t *)base)[at + j] = type == DH_CUDA_F16 ? dh_cuda_float_to_half (v[j]) : dh_cuda_float_to_bf16 (v[j]);
#endif
}

/* item = q·n + the remainder, which is returned; by a division of 32 bits, many times as fast, where it suffices. */
DH_CUDA_INLINE int
dh_cuda_split (int64_t item, int n, int64_t *q)
{
  if (item <= 0xffffffffLL)
    {
      const uint32_t quotient = (uint32_t)item / (uint32_t)n;
      *q = quotient;
      return (int)((uint32_t)item - quotient * (uint32_t)n);
    }
  *q = item / n;
  return (int)(item - *q * n);
}

/* Σ of `count` pairs, or of single numbers where `width` is 1, `step` doubles apart, in their order. Many are read at a
 * time: one after the other they would each be waited for. */
DH_CUDA_INLINE void
dh_cuda_sum_slices (const double *from, int64_t step, int count, int width, double sums[2])
{
  enum
  {
    AT_ONCE = 16
  };
  sums[0] = sums[1] = 0.0;
  for (int s = 0; s < count; s += AT_ONCE)
    {
      double v[AT_ONCE][2];
      DH_CUDA_UNROLL
      for (int i = 0; i < AT_ONCE; i++)
        {
          const double *at = from + (s + i < count ? s + i : count - 1) * step;
          v[i][0] = at[0];
          v[i][1] = at[width - 1];
        }
      DH_CUDA_UNROLL
      for (int i = 0; i < AT_ONCE; i++)
        if (s + i < count)
          {
            sums[0] += v[i][0];
            sums[1] += v[i][1];
          }
    }
}

/* NaN stays NaN, which fmaxf would lose. */
DH_CUDA_INLINE float
dh_cuda_relu (float v)
{
  return v < 0.0f ? 0.0f : v;
}

/* A factor of 0 makes 0, of infinity too. Not with places. */
DH_CUDA_INLINE void
dh_cuda_multiply8 (const DhCudaRead *read, int64_t pixel, int group, float v[8])
{
  const float *factors = read->factors + (pixel / read->area * read->n_groups + group) * 8;
  for (int j = 0; j < 8; j++)
    v[j] = factors[j] == 0.0f ? 0.0f : v[j] * factors[j];
}

DH_CUDA_INLINE void
dh_cuda_relu8 (const DhCudaRead *read, float v[8])
{
  if (read->relu)
    for (int j = 0; j < 8; j++)
      v[j] = dh_cuda_relu (v[j]);
}

/* What remains to be done to a group as it stands in memory; not with places. */
DH_CUDA_INLINE void
dh_cuda_normalise8 (const DhCudaRead *read, int group, float v[8])
{
  if (read->scale)
    {
      float scale[8], shift[8];
      dh_cuda_load8 (read->scale, 8 * group, DH_CUDA_F32, scale);
      dh_cuda_load8 (read->shift, 8 * group, DH_CUDA_F32, shift);
      for (int j = 0; j < 8; j++)
        v[j] = v[j] * scale[j] + shift[j];
    }
  dh_cuda_relu8 (read, v);
}

/* A group as it stands in memory, with nothing left to do to it: what is known of a window's gradient, and of what
 * statistics are taken of. Spares a kernel the registers of everything else. */
DH_CUDA_INLINE void
dh_cuda_read_plain8 (const DhCudaRead *read, int type, int64_t pixel, int group, float v[8])
{
  const DhCudaGroup from = read->groups[group];
  dh_cuda_load8 (from.base, pixel * from.stride, type, v);
}

/* Not with places. */
DH_CUDA_INLINE void
dh_cuda_read_in_order8 (const DhCudaRead *read, int type, int64_t pixel, int group, float v[8])
{
  dh_cuda_read_plain8 (read, type, pixel, group, v);
  dh_cuda_normalise8 (read, group, v);
  if (read->factors)
    dh_cuda_multiply8 (read, pixel, group, v);
}

DH_CUDA_INLINE void
dh_cuda_read8 (const DhCudaRead *read, int type, int64_t pixel, int group, float v[8])
{
  if (read->places)
    {
      for (int j = 0; j < 8; j++)
        {
          const int place = read->places[8 * group + j];
          v[j] = 0.0f;
          if (place < 0)
            continue;
          const DhCudaGroup from = read->groups[place / 8];
          v[j] = dh_cuda_load1 (from.base, pixel * from.stride + place % 8, type);
          if (read->scale)
            v[j] = v[j] * read->scale[place] + read->shift[place];
          v[j] = read->relu ? dh_cuda_relu (v[j]) : v[j];
        }
    }
  else
    {
      dh_cuda_read_in_order8 (read, type, pixel, group, v);
      return;
    }
  if (read->factors)
    dh_cuda_multiply8 (read, pixel, group, v);
}

DH_CUDA_INLINE void
dh_cuda_write8 (const DhCudaKernel *k, int type, int64_t pixel, int group, float v[8])
{
  if (k->relu)
    for (int j = 0; j < 8; j++)
      v[j] = dh_cuda_relu (v[j]);
  dh_cuda_store8 (k->out, (pixel * (k->row_groups ? k->row_groups : k->n_groups) + group) * 8, type, v);
}

/* The four pixels around a place of the result, and their weights. */
typedef struct
{
  int64_t pixel[4];
  float weight[4];
} DhCudaCorners;

DH_CUDA_INLINE DhCudaCorners
dh_cuda_corners (const DhCudaKernel *k, int64_t pixel)
{
  int64_t row, image;
  const DhCudaTap tx = k->columns[dh_cuda_split (pixel, k->w, &row)];
  const DhCudaTap ty = k->rows[dh_cuda_split (row, k->h, &image)];
  const int64_t first = image * k->in_h * k->in_w;
  const int64_t above = first + (int64_t)ty.a * k->in_w, below = first + (int64_t)ty.b * k->in_w;
  DhCudaCorners corners;
  corners.pixel[0] = above + tx.a;
  corners.pixel[1] = above + tx.b;
  corners.pixel[2] = below + tx.a;
  corners.pixel[3] = below + tx.b;
  corners.weight[0] = (1.0f - ty.t) * (1.0f - tx.t);
  corners.weight[1] = (1.0f - ty.t) * tx.t;
  corners.weight[2] = ty.t * (1.0f - tx.t);
  corners.weight[3] = ty.t * tx.t;
  return corners;
}

/* v += what lies between them; `in_order`, a constant of each kernel: with neither places nor factors. */
DH_CUDA_INLINE void
dh_cuda_add_corners8 (const DhCudaRead *read, int type, const DhCudaCorners *corners, bool in_order, int group,
                      float v[8])
{
  /* Or the corners would stand in memory, and be read one after the other. */
  DH_CUDA_UNROLL
  for (int i = 0; i < 4; i++)
    {
      float u[8];
      if (in_order)
        {
          dh_cuda_read_plain8 (read, type, corners->pixel[i], group, u);
          dh_cuda_normalise8 (read, group, u);
        }
      else
        dh_cuda_read8 (read, type, corners->pixel[i], group, u);
      for (int j = 0; j < 8; j++)
        v[j] += corners->weight[i] * u[j];
    }
}

DH_CUDA_INLINE void
dh_cuda_scale_result8 (const DhCudaKernel *k, int group, float v[8])
{
  if (!k->scale)
    return;
  float scale[8], shift[8];
  dh_cuda_load8 (k->scale, 8 * group, DH_CUDA_F32, scale);
  dh_cuda_load8 (k->shift, 8 * group, DH_CUDA_F32, shift);
  for (int j = 0; j < 8; j++)
    v[j] = v[j] * scale[j] + shift[j];
}
