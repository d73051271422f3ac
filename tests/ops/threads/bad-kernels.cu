#include "bad-kernels.h"

/* Kernels with one fault each, and some without. */

namespace
{

constexpr int THREADS = 64;

/* Every thread reads what its neighbour wrote. */
template <bool WAITS>
__global__ void
turn (const BadArguments bad)
{
  __shared__ float values[THREADS];
  const int t = (int)threadIdx.x;
  values[t] = bad.from[t];
  if (WAITS)
    __syncthreads ();
  bad.to[blockIdx.x * THREADS + t] = values[(t + 1) % THREADS];
}

/* The second round writes what the first may still be reading. */
__global__ void
turn_twice (const BadArguments bad)
{
  __shared__ float values[THREADS];
  const int t = (int)threadIdx.x;
  for (int round = 0; round < 2; round++)
    {
      values[t] = bad.from[t];
      __syncthreads ();
      bad.to[blockIdx.x * THREADS + t] = values[(t + 1) % THREADS];
    }
}

/* Blocks are not ordered. */
__global__ void
overlap (const BadArguments bad)
{
  bad.to[blockIdx.x + threadIdx.x] = (float)threadIdx.x;
}

/* Whoever comes to it writes the same. */
__global__ void
agree (const BadArguments bad)
{
  bad.to[0] = 1.0f;
}

__global__ void
read_beside (const BadArguments bad)
{
  if (blockIdx.x == 0)
    bad.to[threadIdx.x] = 1.0f;
  else
    bad.to[THREADS + threadIdx.x] = bad.to[threadIdx.x];
}

/* Half of them come to the barrier. */
__global__ void
part (const BadArguments bad)
{
  if (threadIdx.x < THREADS / 2)
    __syncthreads ();
  bad.to[blockIdx.x * THREADS + threadIdx.x] = 1.0f;
}

/* A lane that is missing when its warp loads. */
__global__ void
leave_warp (const BadArguments bad)
{
  __shared__ __align__ (16) uint16_t tile[32 * 8];
  uint32_t fragment[4];
  for (int i = 0; i < 4; i++)
    tile[4 * threadIdx.x + i] = 0;
  __syncthreads ();
  if (threadIdx.x != 5)
    {
      dh_cuda_ptx_load_matrices (tile + threadIdx.x % 32 * 8, fragment);
      bad.to[blockIdx.x * THREADS + threadIdx.x] = (float)fragment[0];
    }
}

__global__ void
go_beyond (const BadArguments bad)
{
  bad.to[blockIdx.x * THREADS + threadIdx.x + 1] = 1.0f;
}

__global__ void
go_beyond_shared (const BadArguments bad)
{
  __shared__ float values[THREADS];
  values[(int)threadIdx.x + 1] = bad.from[0];
  __syncthreads ();
  bad.to[blockIdx.x * THREADS + threadIdx.x] = values[threadIdx.x];
}

__global__ void
read_host (const BadArguments bad)
{
  bad.to[blockIdx.x * THREADS + threadIdx.x] = *bad.host;
}

__global__ void
stagger (const BadArguments bad)
{
  const float4 four = *(const float4 *)(bad.from + threadIdx.x % 2);
  bad.to[blockIdx.x * THREADS + threadIdx.x] = four.x;
}

} // namespace

extern "C" int
bad_launch (const char *name, const BadArguments *bad)
{
  const struct
  {
    const char *name;
    void (*kernel) (const BadArguments);
  } kernels[] = {
    { "turn", turn<true> },
    { "turn-at-once", turn<false> },
    { "turn-twice", turn_twice },
    { "overlap", overlap },
    { "agree", agree },
    { "read-beside", read_beside },
    { "part", part },
    { "leave-warp", leave_warp },
    { "go-beyond", go_beyond },
    { "go-beyond-shared", go_beyond_shared },
    { "read-host", read_host },
    { "stagger", stagger },
  };
  for (const auto &[known, kernel] : kernels)
    if (strcmp (name, known) == 0)
      kernel<<<BAD_BLOCKS, THREADS, 0, NULL>>> (*bad);
  return cudaGetLastError ();
}
