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

/* What a change of x changes it by; where it has a corner, as PyTorch has it: 0 where it stops moving, and alpha of a
 * leaky one. */
static inline double
dh_activation_slope_at (DhActivation activation, double x)
{
  const double alpha = activation.alpha, beta = activation.beta, gate = alpha * x + beta;
  const double steep = 0.5 * M_SQRT1_2 * M_2_SQRTPI * 2; /* √(2/π) */
  double s;
  switch (activation.kind)
    {
    case DH_ACTIVATION_CLIP:
      return x <= alpha || x >= beta ? 0 : 1;
    case DH_ACTIVATION_LEAKY:
      return x <= 0 ? alpha : 1;
    case DH_ACTIVATION_HARD_SIGMOID:
      return gate <= 0 || gate >= 1 ? 0 : alpha;
    case DH_ACTIVATION_HARD_SWISH:
      return gate <= 0 ? 0 : gate >= 1 ? 1 : gate + alpha * x;
    case DH_ACTIVATION_SIGMOID:
      s = 1 / (1 + exp (-x));
      return s * (1 - s);
    case DH_ACTIVATION_SILU:
      s = 1 / (1 + exp (-x));
      return s * (1 + x * (1 - s));
    case DH_ACTIVATION_GELU:
      return 0.5 * erfc (-x * M_SQRT1_2) + x * 0.5 * M_SQRT1_2 * M_2_SQRTPI * exp (-0.5 * x * x);
    case DH_ACTIVATION_GELU_TANH:
      s = tanh (steep * (x + 0.044715 * x * x * x));
      return 0.5 * (1 + s) + 0.5 * x * (1 - s * s) * steep * (1 + 3 * 0.044715 * x * x);
    case DH_N_ACTIVATIONS:
      break;
    }
  return NAN;
}

G_END_DECLS
