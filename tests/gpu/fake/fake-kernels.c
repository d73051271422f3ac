#include "fake-runtime-private.h"

#include <stdlib.h>
#include <string.h>

#include "dh-cuda-kernels.h"

/* Kernels that compute nothing. */

/* Every sum is 1, and every value what the engine that ran last leaves. */
static void
probe (const DhCudaProbe *of)
{
  const char *left = getenv ("DH_FAKE_LEFT");
  for (int i = 0; i < of->n_samples; i++)
    of->values[i] = left ? (float)atof (left) : 1;
  for (int i = 0; i < of->n_samples * of->n_parts; i++)
    of->sums[2 * i] = of->sums[2 * i + 1] = i % of->n_parts == 0;
}

int
dh_cuda_launch (const DhCudaKernel *kernel, void *stream)
{
  fake_use ("dh_cuda_launch", stream);
  const int code = fake_go_on () ? (int)fake_go_on () : (int)fake_answer ("launch");
  if (code == cudaSuccess && kernel->op == DH_CUDA_PROBE)
    probe (&kernel->probe);
  return code;
}

int
dh_cuda_launch_hold (uint64_t nanoseconds, void *stream)
{
  fake_use ("dh_cuda_launch_hold", stream);
  const int code = (int)fake_answer ("hold");
  if (code == cudaSuccess)
    fake_hold (1e-6 * (double)nanoseconds);
  return code;
}

int
dh_cuda_load_kernels (int *architecture)
{
  const char *code = getenv ("DH_FAKE_KERNELS"), *architectures = getenv ("DH_FAKE_ARCHITECTURE");
  *architecture = architectures ? atoi (architectures) : 90;
  return code ? atoi (code) : (int)fake_answer ("load");
}
