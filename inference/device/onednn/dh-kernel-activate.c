#include "dh-simd-math.h"
#include "dh-simd-train.h"

/* Activations, of vectors that were just made and lie in a cache. */

DH_INLINE DhVec
clamp (DhVec x, float low, float high)
{
  const DhVec l = dh_splat (low), h = dh_splat (high);
  /* NaN stays NaN: it is neither below nor above. */
  x = dh_select (x < l, l, x);
  return dh_select (x > h, h, x);
}

/* exp of −|x| overflows nowhere. */
DH_INLINE DhVec
sigmoid (DhVec x)
{
  const DhVecInt negative = x < 0;
  const DhVec e = dh_exp (dh_select (negative, x, -x)), one = dh_splat (1);
  const DhVec y = dh_select (negative, e, one) / (one + e);
  return dh_select (x == x, y, x);
}

/* erfc (z) · exp (z²) for z ≥ 0 is t times a polynomial in t = 1 / (1 + 0.3 z), fitted to 2e-8 of it up to z = 9.3. */
DH_INLINE DhVec
normal (DhVec x)
{
  const DhVecInt negative = x < 0;
  const DhVec z = dh_select (negative, -x, x) * 0.70710678f, one = dh_splat (1), t = one / (z * 0.3f + one);
  DhVec p = t * -0.129376564f + 0.484793439f;
  p = p * t - 0.510541440f;
  p = p * t + 0.545528410f;
  p = p * t - 0.0929611449f;
  p = p * t + 0.214112510f;
  p = p * t + 0.148577740f;
  p = p * t + 0.170676329f;
  p = p * t + 0.169190702f;
  const DhVec tail = p * t * dh_exp (-z * z) * 0.5f, y = dh_select (negative, tail, one - tail);
  return dh_select (x == x, y, x);
}

DH_INLINE DhVec
apply (DhVec x, DhCpuFunction function, float alpha, float beta)
{
  switch (function)
    {
    case DH_CPU_CLIP:
      return clamp (x, alpha, beta);
    case DH_CPU_LEAKY:
      return dh_select (x < 0, x * alpha, x);
    case DH_CPU_HARD_SIGMOID:
      return clamp (x * alpha + beta, 0, 1);
    case DH_CPU_HARD_SWISH:
      return x * clamp (x * alpha + beta, 0, 1);
    case DH_CPU_SIGMOID:
      return sigmoid (x);
    case DH_CPU_SILU:
      return x * sigmoid (x);
    case DH_CPU_GELU:
      return x * normal (x);
    case DH_CPU_GELU_TANH:
      return x * sigmoid (x * (x * x * 0.0713548163f + 1.5957691216f));
    default:
      return x;
    }
}

#define EACH(function)                                                                                                 \
  case function:                                                                                                       \
    for (gsize i = 0; i < n; i++, at += DH_LANES)                                                                      \
      dh_store (at, apply (dh_load (at), function, activation->alpha, activation->beta));                              \
    break;

void
dh_activate (const DhCpuActivation *activation, float *at, gsize n)
{
  switch (activation->function)
    {
      EACH (DH_CPU_CLIP)
      EACH (DH_CPU_LEAKY)
      EACH (DH_CPU_HARD_SIGMOID)
      EACH (DH_CPU_HARD_SWISH)
      EACH (DH_CPU_SIGMOID)
      EACH (DH_CPU_SILU)
      EACH (DH_CPU_GELU)
      EACH (DH_CPU_GELU_TANH)
    case DH_CPU_NOTHING:
      break;
    }
}

/* As dh-activation-math.h. */
DH_INLINE DhVec
slope (DhVec x, DhCpuFunction function, float alpha, float beta)
{
  const DhVec none = dh_splat (0), one = dh_splat (1), gate = x * alpha + beta;
  DhVec s;
  switch (function)
    {
    case DH_CPU_CLIP:
      return dh_select ((x <= alpha) | (x >= beta), none, one);
    case DH_CPU_LEAKY:
      return dh_select (x <= 0, dh_splat (alpha), one);
    case DH_CPU_HARD_SIGMOID:
      return dh_select ((gate <= 0) | (gate >= 1), none, dh_splat (alpha));
    case DH_CPU_HARD_SWISH:
      return dh_select (gate <= 0, none, dh_select (gate >= 1, one, gate + x * alpha));
    case DH_CPU_SIGMOID:
      s = sigmoid (x);
      return s * (1 - s);
    case DH_CPU_SILU:
      s = sigmoid (x);
      return s * (x * (1 - s) + 1);
    case DH_CPU_GELU:
      return normal (x) + x * 0.398942280f * dh_exp (x * x * -0.5f);
    case DH_CPU_GELU_TANH:
      /* (1 + tanh (u)) / 2 = sigmoid (2 u) */
      s = sigmoid (x * (x * x * 0.0713548163f + 1.5957691216f));
      return s * (x * (1 - s) * (x * x * 0.2140644489f + 1.5957691216f) + 1);
    default:
      return one;
    }
}

#define EACH_SLOPE(function)                                                                                           \
  case function:                                                                                                       \
    for (gsize i = 0; i < n * DH_LANES; i += DH_LANES)                                                                 \
      dh_store (t + i, dh_load (dy + i) * slope (dh_read (x + i, prologue), function, alpha, beta));                   \
    break;

void
dh_activation_gradient (const DhCpuActivation *activation, const DhCpuInput *in, gint plane, const float *dy, float *t,
                        gsize at, gsize n)
{
  const float *x = in->planes[plane] + at * DH_LANES, alpha = activation->alpha, beta = activation->beta;
  const DhPrologue prologue = dh_prologue (in, plane);
  switch (activation->function)
    {
      EACH_SLOPE (DH_CPU_CLIP)
      EACH_SLOPE (DH_CPU_LEAKY)
      EACH_SLOPE (DH_CPU_HARD_SIGMOID)
      EACH_SLOPE (DH_CPU_HARD_SWISH)
      EACH_SLOPE (DH_CPU_SIGMOID)
      EACH_SLOPE (DH_CPU_SILU)
      EACH_SLOPE (DH_CPU_GELU)
      EACH_SLOPE (DH_CPU_GELU_TANH)
    case DH_CPU_NOTHING:
      break;
    }
}
