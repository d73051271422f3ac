#pragma once
#include <math.h>
#include "dh-graph.h"

G_BEGIN_DECLS

/* An activation of one value, in double: the definition that devices are held to. */
static inline double
dh_activation_at (DhActivation activation, double x)
{
  const double alpha = activation.alpha, beta = activation.beta;
  double gate;
  switch (activation.kind)
    {
    case DH_ACTIVATION_CLIP:
      x = x < alpha ? alpha : x;
      return x > beta ? beta : x;
    case DH_ACTIVATION_LEAKY:
      return x < 0 ? alpha * x : x;
    case DH_ACTIVATION_HARD_SIGMOID:
    case DH_ACTIVATION_HARD_SWISH:
      gate = alpha * x + beta;
      gate = gate < 0 ? 0 : gate > 1 ? 1 : gate;
      return activation.kind == DH_ACTIVATION_HARD_SWISH ? x * gate : gate;
    case DH_ACTIVATION_SIGMOID:
      return 1 / (1 + exp (-x));
    case DH_ACTIVATION_SILU:
      return x / (1 + exp (-x));
    case DH_ACTIVATION_GELU:
      return 0.5 * x * erfc (-x * M_SQRT1_2);
    case DH_ACTIVATION_GELU_TANH:
      return 0.5 * x * (1 + tanh (0.5 * M_SQRT1_2 * M_2_SQRTPI * 2 * (x + 0.044715 * x * x * x)));
    case DH_N_ACTIVATIONS:
      break;
    }
  return NAN;
}

G_END_DECLS
