#pragma once
#include "dh-cuda-driver.h"

/* The parts of the emulated card. */

enum
{
  EMULATED_GUARD = 256,
  EMULATED_POISON = 0xff, /* NaN in every type */
};

/* Memory of so many bytes, poisoned, between guard regions; a multiple of 256. give_back() looks whether those are
 * whole. */
char *emulated_take (gsize bytes);
void emulated_give_back (char *memory, gsize bytes);

/* The card's memory around an address, while something runs: its first byte and how many; or NULL. */
const char *emulated_find_memory (const void *at, size_t *bytes);

/* One kernel, of whatever kind. */
void emulated_run (const DhCudaKernel *kernel);
/* One kernel of training, from DH_CUDA_FIRST_TRAINING_OP on. */
void emulated_train (const DhCudaKernel *kernel);
void emulated_fused (const DhCudaKernel *kernel);
/* One convolution or gradient of one. */
void emulated_convolve (const DhCudaConvSpec *spec, const DhCudaConvMemory *memory);
