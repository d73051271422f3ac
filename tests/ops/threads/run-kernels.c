#include "emulated-card.h"
#include "threads.h"

/* The kernels themselves, as a card would run them. */

void
emulated_run (const DhCudaKernel *kernel)
{
  threads_set_memory (emulated_find_memory);
  g_assert_cmpint (dh_cuda_launch (kernel, NULL), ==, 0);
}
