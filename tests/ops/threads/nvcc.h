#pragma once
#include <math.h>
#include <new>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <tuple>
#include <type_traits>
#include <utility>

#include "dh-cuda-kernels.h"
#include "threads.h"

/* What nvcc has of its own, for a C++ compiler that makes the same kernels for threads.h: included before all else. */

#define __CUDACC__ 1
#define __CUDA_ARCH__ 900
#define DH_CUDA_PTX_H

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__ ((aligned (bytes)))
#define __shared__ static

#define threadIdx (threads_now.thread)
#define blockIdx (threads_now.block)
#define gridDim (threads_now.grid)
#define __syncthreads() threads_barrier ()

struct alignas (8) float2 { float x, y; };
struct alignas (16) float4 { float x, y, z, w; };
struct alignas (16) uint4 { uint32_t x, y, z, w; };

struct dim3
{
  unsigned x, y, z;
  dim3 (unsigned width, unsigned height = 1) : x (width), y (height), z (1) {}
};

static inline float2
make_float2 (float x, float y)
{
  return { x, y };
}

static inline float4
make_float4 (float x, float y, float z, float w)
{
  return { x, y, z, w };
}

static inline uint4
make_uint4 (uint32_t x, uint32_t y, uint32_t z, uint32_t w)
{
  return { x, y, z, w };
}

template <typename T>
static inline T
__ldg (const T *from)
{
  return *from;
}

static inline float
__uint_as_float (uint32_t bits)
{
  float value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

static inline double
__dmul_rn (double a, double b)
{
  return a * b;
}

static inline double
__dadd_rn (double a, double b)
{
  return a + b;
}

/* Values of 16 bits. */
extern "C"
{
  float dh_cuda_half_to_float (uint16_t bits);
  float dh_cuda_bf16_to_float (uint16_t bits);
  uint16_t dh_cuda_float_to_half (float value);
  uint16_t dh_cuda_float_to_bf16 (float value);
}

struct __half
{
  uint16_t bits;
};
struct __nv_bfloat16
{
  uint16_t bits;
};

static inline float
__half2float (__half value)
{
  return dh_cuda_half_to_float (value.bits);
}

static inline float
__bfloat162float (__nv_bfloat16 value)
{
  return dh_cuda_bf16_to_float (value.bits);
}

static inline __half
__float2half_rn (float value)
{
  return { dh_cuda_float_to_half (value) };
}

static inline __nv_bfloat16
__float2bfloat16_rn (float value)
{
  return { dh_cuda_float_to_bf16 (value) };
}

static inline __half
__ushort_as_half (uint16_t bits)
{
  return { bits };
}

static inline uint16_t
__half_as_ushort (__half value)
{
  return value.bits;
}

static inline uint16_t
__bfloat16_as_ushort (__nv_bfloat16 value)
{
  return value.bits;
}

static inline float
__shfl_xor_sync (uint32_t, float value, int step)
{
  float all[THREADS_WARP];
  threads_exchange (&value, all, sizeof value);
  return all[(threadIdx.x % THREADS_WARP) ^ (unsigned)step];
}

/* The runtime. */
typedef void *cudaStream_t;
enum cudaError_t
{
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
};
struct cudaFuncAttributes
{
  int ptxVersion;
};

static int threads_error; /* of the last launch */

static inline cudaError_t
cudaGetLastError ()
{
  return (cudaError_t)std::exchange (threads_error, 0);
}

template <typename F>
static inline cudaError_t
cudaFuncGetAttributes (cudaFuncAttributes *attributes, F *)
{
  attributes->ptxVersion = __CUDA_ARCH__ / 10;
  return cudaSuccess;
}

template <typename... P> struct ThreadsCall
{
  void (*kernel) (P...);
  std::tuple<std::remove_cv_t<P>...> arguments;

  static void run (void *data)
  {
    const ThreadsCall *call = (const ThreadsCall *)data;
    std::apply (call->kernel, call->arguments);
  }
};

template <typename... P, typename... A>
static void
threads_start (const char *name, dim3 grid, unsigned n_threads, size_t shared, cudaStream_t, void (*kernel) (P...),
               const A &...arguments)
{
  static_assert (sizeof (ThreadsCall<P...>) <= THREADS_MOST_ARGUMENTS, "what a kernel's arguments may be");
  static_assert ((std::is_trivially_copyable_v<P> && ...), "a card copies their bytes");
  new (threads_arguments) ThreadsCall<P...>{ kernel, { arguments... } };
  threads_error = shared ? THREADS_INVALID_GRID
                         : threads_launch (name, { grid.x, grid.y, grid.z }, n_threads, ThreadsCall<P...>::run);
}

/* dh-cuda-ptx.h */

static inline void
dh_cuda_ptx_store_shared (uint16_t *to, const uint32_t words[4])
{
  threads_check_shared (to, 16);
  *(uint4 *)to = make_uint4 (words[0], words[1], words[2], words[3]);
}

static inline uint64_t
dh_cuda_ptx_clock ()
{
  static uint64_t now;
  return now += 500;
}

static inline void
__nanosleep (unsigned)
{
}

static inline void
dh_cuda_ptx_load_matrices (const uint16_t *row, uint32_t (&to)[4])
{
  const uint16_t *rows[THREADS_WARP];
  const unsigned lane = threadIdx.x % THREADS_WARP;
  threads_check_shared (row, 16);
  threads_exchange (&row, rows, sizeof row);
  for (unsigned m = 0; m < 4; m++)
    to[m] = *(const uint32_t *)(rows[8 * m + lane / 4] + 2 * (lane % 4));
}

static inline void
dh_cuda_ptx_load_turned (const uint16_t *row, uint32_t (&to)[4])
{
  const uint16_t *rows[THREADS_WARP];
  const unsigned lane = threadIdx.x % THREADS_WARP;
  threads_check_shared (row, 16);
  threads_exchange (&row, rows, sizeof row);
  for (unsigned m = 0; m < 4; m++)
    to[m] = rows[8 * m + lane % 4 * 2][lane / 4] | (uint32_t)rows[8 * m + lane % 4 * 2 + 1][lane / 4] << 16;
}

static inline float
dh_cuda_ptx_exp2 (float x)
{
  const float y = exp2f (x);
  return y < 0x1p-126f ? 0.0f : y;
}

template <int TYPE>
static inline uint32_t
dh_cuda_ptx_pack (float low, float high)
{
  const auto bits = [] (float value) {
    return (uint32_t)(TYPE == DH_CUDA_F16 ? dh_cuda_float_to_half (value) : dh_cuda_float_to_bf16 (value));
  };
  return bits (low) | bits (high) << 16;
}

/* a's registers are those of rows l / 4 and 8 rows on, then the same 8 places on; b's those of 8 places each. */
template <int TYPE>
static inline void
dh_cuda_ptx_multiply (float (&sums)[4], const uint32_t (&a)[4], const uint32_t *b)
{
  struct Given
  {
    float a[4][2], b[2][2];
  } mine, all[THREADS_WARP];
  const auto value = [] (uint32_t word, unsigned half) {
    const uint16_t bits = (uint16_t)(word >> 16 * half);
    return TYPE == DH_CUDA_F16 ? dh_cuda_half_to_float (bits) : dh_cuda_bf16_to_float (bits);
  };
  for (unsigned half = 0; half < 2; half++)
    {
      for (unsigned i = 0; i < 4; i++)
        mine.a[i][half] = value (a[i], half);
      for (unsigned i = 0; i < 2; i++)
        mine.b[i][half] = value (b[i], half);
    }
  const unsigned lane = threadIdx.x % THREADS_WARP;
  threads_exchange (&mine, all, sizeof mine);
  for (unsigned c = 0; c < 4; c++)
    {
      const unsigned row = lane / 4 + c / 2 * 8, column = lane % 4 * 2 + c % 2;
      for (unsigned at = 0; at < 16; at++)
        sums[c] += all[row % 8 * 4 + at % 8 / 2].a[row / 8 + at / 8 * 2][at % 2]
                   * all[column * 4 + at % 8 / 2].b[at / 8][at % 2];
    }
}
