#include "dh-cuda-value-math.h"
#include "dh-tensor.h"

/* Values of 16 bits on the processor. */

float
dh_cuda_half_to_float (uint16_t bits)
{
  return dh_f16_to_f32 (bits);
}

float
dh_cuda_bf16_to_float (uint16_t bits)
{
  return dh_bf16_to_f32 (bits);
}

uint16_t
dh_cuda_float_to_half (float value)
{
  return dh_f32_to_f16 (value);
}

uint16_t
dh_cuda_float_to_bf16 (float value)
{
  return dh_f32_to_bf16 (value);
}
