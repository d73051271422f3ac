#ifndef DH_CUDA_PTX_H
#define DH_CUDA_PTX_H
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>
#include <string.h>

#include "dh-cuda-kernels.h"

/* The card's own instructions that the kernels name themselves; everything else they leave to nvcc. Where kernels are
 * made for something else than a card, it defines these functions, and DH_CUDA_PTX_H. */

/* 16 bytes into shared memory, in one store: the compiler would make four of some, each of which meets itself in the
 * banks. `to` is a multiple of 16. */
static __device__ __forceinline__ void
dh_cuda_ptx_store_shared (uint16_t *to, const uint32_t words[4])
{
  asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};"
               :
               : "r"((uint32_t)__cvta_generic_to_shared (to)), "r"(words[0]), "r"(words[1]), "r"(words[2]),
                 "r"(words[3])
               : "memory");
}

/* A nanosecond's count, the same for the whole card. */
static __device__ __forceinline__ uint64_t
dh_cuda_ptx_clock ()
{
  uint64_t now;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
  return now;
}

/* 2ˣ; what is smaller than a float with all its bits becomes 0. */
static __device__ __forceinline__ float
dh_cuda_ptx_exp2 (float x)
{
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/* Two values of 16 bits in a word, the first in its low half. TYPE is a DhCudaType of 16 bits. */
template <int TYPE>
static __device__ __forceinline__ uint32_t
dh_cuda_ptx_pack (float low, float high)
{
  uint32_t word;
  if constexpr (TYPE == DH_CUDA_F16)
    {
      const __half2 pair = __floats2half2_rn (low, high);
      memcpy (&word, &pair, sizeof word);
    }
  else
    {
      const __nv_bfloat162 pair = __floats2bfloat162_rn (low, high);
      memcpy (&word, &pair, sizeof word);
    }
  return word;
}

#if __CUDA_ARCH__ >= 750
/* All lanes of a warp. Four matrices of 8 × 8 in shared memory; lane l names row l % 8, 16 bytes, of matrix l / 8, and
 * gets of each elements 2·(l % 4) and the next of row l / 4. */
static __device__ __forceinline__ void
dh_cuda_ptx_load_matrices (const uint16_t *row, uint32_t (&to)[4])
{
  const uint32_t at = (uint32_t)__cvta_generic_to_shared (row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(at)
               : "memory");
}

/* Likewise, but each matrix turned: elements l / 4 of rows 2·(l % 4) and the next. */
static __device__ __forceinline__ void
dh_cuda_ptx_load_turned (const uint16_t *row, uint32_t (&to)[4])
{
  const uint32_t at = (uint32_t)__cvta_generic_to_shared (row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(at)
               : "memory");
}

/* All lanes of a warp: sums += a · b, 16 × 8 of 16 places, in float32. TYPE is a DhCudaType of 16 bits. */
template <int TYPE>
static __device__ __forceinline__ void
dh_cuda_ptx_multiply (float (&sums)[4], const uint32_t (&a)[4], const uint32_t *b)
{
#if __CUDA_ARCH__ >= 800
  if constexpr (TYPE == DH_CUDA_F16)
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else /* which multiplies 8 places at a time, in float16 alone */
  for (int half = 0; half < 2; half++)
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[2 * half]), "r"(a[2 * half + 1]), "r"(b[half]));
#endif
}
#endif

#endif
