#pragma once
#include "dh-cuda-driver.h"

/* The parts of the emulated card. */

/* One kernel, of whatever kind. */
void emulated_run (const DhCudaKernel *kernel);
/* One kernel of training, from DH_CUDA_FIRST_TRAINING_OP on. */
void emulated_train (const DhCudaKernel *kernel);
void emulated_fused (const DhCudaKernel *kernel);
/* One convolution or gradient of one. */
void emulated_convolve (const DhCudaConvSpec *spec, const DhCudaConvMemory *memory);
