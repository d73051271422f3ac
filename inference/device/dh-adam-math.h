#pragma once
#include <math.h>

/* One element of one step of Adam (Kingma and Ba, ICLR 2015): betas 0.9 and 0.999, epsilon 1e-7 added to √v̂ after bias
 * correction, no decay. The same source for C and CUDA, and the same bits: every operation is rounded by itself, so C
 * is compiled with -ffp-contract=off where the processor could contract. */

#define DH_ADAM_BETA_1 0.9
#define DH_ADAM_BETA_2 0.999
#define DH_ADAM_EPSILON 1e-7

#ifdef __CUDACC__
#define DH_ADAM_INLINE static __device__ __forceinline__
#define DH_ADAM_TIMES(a, b) __dmul_rn (a, b)
#define DH_ADAM_PLUS(a, b) __dadd_rn (a, b)
#else
#define DH_ADAM_INLINE static inline __attribute__ ((always_inline))
#define DH_ADAM_TIMES(a, b) ((a) * (b))
#define DH_ADAM_PLUS(a, b) ((a) + (b))
#endif

/* rate: of the parameter over 1 − β₁ᵗ; root: √(1 − β₂ᵗ). */
DH_ADAM_INLINE void
dh_adam_update (double rate, double root, double gradient, float *value, float *m, float *v)
{
  const double grown = DH_ADAM_TIMES (DH_ADAM_TIMES (1 - DH_ADAM_BETA_2, gradient), gradient);
  *m = (float)DH_ADAM_PLUS (DH_ADAM_TIMES (DH_ADAM_BETA_1, (double)*m), DH_ADAM_TIMES (1 - DH_ADAM_BETA_1, gradient));
  *v = (float)DH_ADAM_PLUS (DH_ADAM_TIMES (DH_ADAM_BETA_2, (double)*v), grown);
  const double below = DH_ADAM_PLUS (sqrt ((double)*v) / root, DH_ADAM_EPSILON);
  *value = (float)DH_ADAM_PLUS ((double)*value, -(DH_ADAM_TIMES (rate, (double)*m) / below));
}
