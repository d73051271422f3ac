#include "dh-ref-train-private.h"

#include <string.h>

/* Adds to the gradient of a value; takes `slope`. */
static void
take (DhHostPlan *plan, DhValue value, float *slope)
{
  float *sum = plan->slopes[value];
  if (!plan->wants[value])
    {
      dh_host_release (plan, &slope);
      return;
    }
  if (!sum)
    {
      plan->slopes[value] = slope;
      return;
    }
#ifdef _OPENMP
#pragma omp parallel for num_threads(plan->common.device->threads) schedule(static)
#endif
  for (gsize i = 0; i < dh_host_count (plan, value); i++)
    sum[i] += slope[i];
  dh_host_release (plan, &slope);
}

static void
add_to_gradient (DhHostPlan *plan, DhValue value, guint number, const float *found)
{
  const DhTensor *gradient = plan->gradients[value][number];
  float *sum = dh_tensor_f32 (gradient);
  for (gint64 i = 0; i < dh_tensor_count (gradient); i++)
    sum[i] += (float)(plan->weight * found[i]);
}

static gboolean
conv_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const DhValue x = node->inputs[0];
  const float *dy = plan->slopes[value];
  float *d_weight = plan->scratch, *d_bias = NULL;
  if (node->bias)
    d_bias = plan->scratch + dh_tensor_count (plan->parameters[value][0]);
  if (!dh_host_make (plan, x)
      || !plan->conv->backward_weights (plan->convs[value], plan->values[x], dy, d_weight, d_bias))
    return FALSE;
  add_to_gradient (plan, value, 0, d_weight);
  if (d_bias)
    add_to_gradient (plan, value, 1, d_bias);
  if (!plan->wants[x])
    return TRUE;
  float *dx = dh_host_alloc (plan, x);
  if (!dx)
    return FALSE;
  const gboolean ok =
      plan->conv->backward_data (plan->convs[value], dy, dh_tensor_f32 (plan->parameters[value][0]), dx);
  take (plan, x, dx);
  return ok;
}

static gboolean
norm_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const DhValue x = node->inputs[0];
  const DhShape shape = plan->shapes[value];
  float *dx = dh_host_make (plan, x) ? dh_host_alloc (plan, x) : NULL;
  if (!dx)
    return FALSE;
  dh_ref_norm_gradient (plan->values[x], plan->slopes[value], shape, plan->statistics[value],
                        plan->statistics[value] + shape.c, dh_tensor_f32 (plan->parameters[value][0]), dx,
                        plan->scratch, plan->scratch + shape.c, plan->common.device->threads);
  add_to_gradient (plan, value, 0, plan->scratch);
  add_to_gradient (plan, value, 1, plan->scratch + shape.c);
  take (plan, x, dx);
  return TRUE;
}

static gboolean
concat_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const DhShape shape = plan->shapes[value];
  const gsize size = (gsize)shape.h * shape.w;
  const float *dy = plan->slopes[value];
  gsize channel = 0;
  for (guint i = 0; i < node->n_inputs; i++)
    {
      const gsize channels = (gsize)plan->shapes[node->inputs[i]].c;
      float *dx = dh_host_alloc (plan, node->inputs[i]);
      if (!dx)
        return FALSE;
#ifdef _OPENMP
#pragma omp parallel for num_threads(plan->common.device->threads) schedule(static)
#endif
      for (gsize plane = 0; plane < (gsize)shape.n * channels; plane++)
        memcpy (dx + plane * size, dy + (plane / channels * shape.c + channel + plane % channels) * size,
                size * sizeof *dx);
      channel += channels;
      take (plan, node->inputs[i], dx);
    }
  return TRUE;
}

static gboolean
window_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const DhValue x = node->inputs[0];
  if (node->op == DH_OP_MAX_POOL && !dh_host_make (plan, x))
    return FALSE;
  float *dx = dh_host_alloc (plan, x);
  if (!dx)
    return FALSE;
  const gboolean ok = dh_ref_window_gradient (node, plan->values[x], plan->shapes[x], plan->slopes[value],
                                              plan->shapes[value], dx, plan->common.device->threads);
  take (plan, x, dx);
  return ok;
}

/* Every input gets the same gradient; the last one takes it, the others a copy. */
static gboolean
add_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  for (guint i = 0; i + 1 < node->n_inputs; i++)
    {
      float *copy = dh_host_alloc (plan, value);
      if (!copy)
        return FALSE;
      memcpy (copy, plan->slopes[value], dh_host_count (plan, value) * sizeof *copy);
      take (plan, node->inputs[i], copy);
    }
  take (plan, node->inputs[node->n_inputs - 1], g_steal_pointer (&plan->slopes[value]));
  return TRUE;
}

static gboolean
relu_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  if (!dh_host_make (plan, value))
    return FALSE;
  const float *y = plan->values[value];
  float *d = plan->slopes[value];
#ifdef _OPENMP
#pragma omp parallel for num_threads(plan->common.device->threads) schedule(static)
#endif
  for (gsize i = 0; i < dh_host_count (plan, value); i++)
    d[i] = y[i] <= 0 ? 0 : d[i];
  return add_back (plan, node, value);
}

/* y = x times a factor for every plane. */
static gboolean
planes_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const DhShape shape = plan->shapes[value];
  const gsize size = (gsize)shape.h * shape.w;
  float *d = plan->slopes[value];
  for (gsize plane = 0; plane < (gsize)shape.n * shape.c; plane++)
    {
      const float factor = node->op == DH_OP_DROPOUT ? dh_host_dropout_factor (plan, value, plane)
                                                     : 1 / node->deviation[plane % (gsize)shape.c];
      for (gsize i = plane * size; i < (plane + 1) * size; i++)
        d[i] *= factor;
    }
  return add_back (plan, node, value);
}

static gboolean
activation_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const DhValue x = node->inputs[0];
  if (!dh_host_make (plan, x))
    return FALSE;
  dh_ref_activation_gradient (node->activation, plan->values[x], plan->slopes[value], plan->slopes[value],
                              dh_host_count (plan, value), plan->common.device->threads);
  return add_back (plan, node, value);
}

/* What operators of several inputs read, and memory for the gradients of all of them. */
static gboolean
open_inputs (DhHostPlan *plan, const DhNode *node, const float **x, DhShape *from, float **dx)
{
  for (guint i = 0; i < node->n_inputs; i++)
    {
      const DhValue input = node->inputs[i];
      if (!dh_host_make (plan, input) || !(dx[i] = dh_host_alloc (plan, input)))
        return FALSE;
      x[i] = plan->values[input];
      from[i] = plan->shapes[input];
    }
  return TRUE;
}

static gboolean
multiply_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const float *x[2];
  float *dx[2];
  DhShape from[2];
  if (!open_inputs (plan, node, x, from, dx))
    return FALSE;
  dh_ref_multiply_gradient (x, from[1], plan->slopes[value], plan->shapes[value], dx, plan->common.device->threads);
  take (plan, node->inputs[0], dx[0]);
  take (plan, node->inputs[1], dx[1]);
  return TRUE;
}

static gboolean
attention_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const float *x[3];
  float *dx[3];
  DhShape from[3];
  if (!open_inputs (plan, node, x, from, dx)
      || !dh_ref_attention_gradient (node, x, from, plan->slopes[value], plan->shapes[value], dx,
                                     plan->common.device->threads))
    return FALSE;
  for (guint i = 0; i < 3; i++)
    take (plan, node->inputs[i], dx[i]);
  return TRUE;
}

static gboolean
layer_norm_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const DhValue x = node->inputs[0];
  const DhShape shape = plan->shapes[value];
  float *dx = dh_host_make (plan, x) ? dh_host_alloc (plan, x) : NULL;
  if (!dx
      || !dh_ref_layer_norm_gradient (node, plan->values[x], plan->slopes[value], shape,
                                      dh_tensor_f32 (plan->parameters[value][0]), dx, plan->scratch,
                                      plan->scratch + shape.c, plan->common.device->threads))
    return FALSE;
  add_to_gradient (plan, value, 0, plan->scratch);
  add_to_gradient (plan, value, 1, plan->scratch + shape.c);
  take (plan, x, dx);
  return TRUE;
}

static gboolean
depth_to_space_back (DhHostPlan *plan, const DhNode *node, DhValue value)
{
  const DhValue x = node->inputs[0];
  float *dx = dh_host_alloc (plan, x);
  if (!dx)
    return FALSE;
  dh_ref_depth_to_space_gradient (node, plan->slopes[value], plan->shapes[value], dx, plan->shapes[x],
                                  plan->common.device->threads);
  take (plan, x, dx);
  return TRUE;
}

gboolean
dh_host_go_back (DhHostPlan *plan, DhValue value)
{
  const DhNode *node = dh_graph_node (plan->graph, value);
  switch (node->op)
    {
    case DH_OP_CONV:
      return conv_back (plan, node, value);
    case DH_OP_NORM:
      return norm_back (plan, node, value);
    case DH_OP_RELU:
      return relu_back (plan, node, value);
    case DH_OP_ADD:
      return add_back (plan, node, value);
    case DH_OP_CONCAT:
      return concat_back (plan, node, value);
    case DH_OP_MAX_POOL:
    case DH_OP_AVERAGE_POOL:
    case DH_OP_ADAPTIVE_POOL:
    case DH_OP_RESIZE:
      return window_back (plan, node, value);
    case DH_OP_DROPOUT:
    case DH_OP_CHANNEL_SCALE:
      return planes_back (plan, node, value);
    case DH_OP_INPUT:
      return TRUE;
    case DH_OP_ACTIVATION:
      return activation_back (plan, node, value);
    case DH_OP_MULTIPLY:
      return multiply_back (plan, node, value);
    case DH_OP_LAYER_NORM:
      return layer_norm_back (plan, node, value);
    case DH_OP_ATTENTION:
      return attention_back (plan, node, value);
    case DH_OP_DEPTH_TO_SPACE:
      return depth_to_space_back (plan, node, value);
    case DH_OP_SCORE:
    case DH_N_OPS:
      break;
    }
  g_return_val_if_reached (FALSE);
}
