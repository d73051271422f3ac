#include "dh-ref-train-private.h"

#include <math.h>
#include <string.h>

#include "dh-dropout.h"

/* A norm's variance is kept from 0 by this. */
#define EPSILON 1e-5

gboolean
dh_host_is_cheap (const DhNode *node)
{
  return node->op == DH_OP_NORM || node->op == DH_OP_RELU || node->op == DH_OP_CONCAT || node->op == DH_OP_DROPOUT
         || node->op == DH_OP_CHANNEL_SCALE;
}

float
dh_host_dropout_factor (const DhHostPlan *plan, DhValue value, gsize plane)
{
  const double p = dh_graph_node (plan->graph, value)->probability;
  if (plan->common.options.without_dropout)
    return 1;
  return dh_dropout_factor (plan->seed, value, plane, p);
}

/* Statistics of the batch, once a step; the running ones follow. */
static void
measure (DhHostPlan *plan, DhValue value)
{
  if (plan->measured[value])
    return;
  plan->measured[value] = TRUE;
  const DhNode *node = dh_graph_node (plan->graph, value);
  const DhShape shape = plan->shapes[value];
  double *mean = plan->statistics[value], *inverse = mean + shape.c;
  float *running_mean = dh_tensor_f32 (plan->parameters[value][2]);
  float *running_variance = dh_tensor_f32 (plan->parameters[value][3]);
  dh_ref_norm_statistics (plan->values[node->inputs[0]], shape, mean, inverse, plan->common.device->threads);
  const double count = (double)shape.n * shape.h * shape.w, momentum = node->momentum;
  for (gint c = 0; c < shape.c; c++)
    {
      const double unbiased = inverse[c] * (count / (count - 1));
      running_mean[c] = (float)((1 - momentum) * running_mean[c] + momentum * mean[c]);
      running_variance[c] = (float)((1 - momentum) * running_variance[c] + momentum * unbiased);
      inverse[c] = 1 / sqrt (inverse[c] + EPSILON);
    }
}

/* `norm`, and a ReLU of it where wanted, into `value`. */
static gboolean
make_norm (DhHostPlan *plan, DhValue norm, gboolean relu, DhValue value)
{
  const DhValue x = dh_graph_node (plan->graph, norm)->inputs[0];
  if (!dh_host_make (plan, x) || !(plan->values[value] = dh_host_alloc (plan, value)))
    return FALSE;
  measure (plan, norm);
  const DhShape shape = plan->shapes[norm];
  dh_ref_norm_apply (plan->values[x], shape, plan->statistics[norm], plan->statistics[norm] + shape.c,
                     dh_tensor_f32 (plan->parameters[norm][0]), dh_tensor_f32 (plan->parameters[norm][1]), relu,
                     plan->values[value], plan->common.device->threads);
  return TRUE;
}

/* Channels of `whole` from `channel` on. A concat of concats is made from its parts, none in between. */
static gboolean
copy_parts (DhHostPlan *plan, DhValue value, float *whole, DhShape shape, gint *channel)
{
  const DhNode *node = dh_graph_node (plan->graph, value);
  const gsize size = (gsize)shape.h * shape.w;
  if (node->op == DH_OP_CONCAT && !plan->values[value])
    {
      for (guint i = 0; i < node->n_inputs; i++)
        if (!copy_parts (plan, node->inputs[i], whole, shape, channel))
          return FALSE;
      return TRUE;
    }
  if (!dh_host_make (plan, value))
    return FALSE;
  const float *from = plan->values[value];
  const gint channels = node->channels;
#ifdef _OPENMP
#pragma omp parallel for num_threads(plan->common.device->threads) schedule(static)
#endif
  for (gsize plane = 0; plane < (gsize)shape.n * channels; plane++)
    memcpy (whole + ((plane / channels) * shape.c + *channel + plane % channels) * size, from + plane * size,
            size * sizeof *whole);
  *channel += channels;
  return TRUE;
}

static gboolean
make_concat (DhHostPlan *plan, DhValue value)
{
  const DhNode *node = dh_graph_node (plan->graph, value);
  float *whole = dh_host_alloc (plan, value);
  gint channel = 0;
  for (guint i = 0; whole && i < node->n_inputs; i++)
    if (!copy_parts (plan, node->inputs[i], whole, plan->shapes[value], &channel))
      dh_host_release (plan, &whole);
  plan->values[value] = whole;
  return whole != NULL;
}

static void
drop_channels (DhHostPlan *plan, DhValue value)
{
  const DhShape shape = plan->shapes[value];
  const gsize size = (gsize)shape.h * shape.w;
  const float *x = plan->values[dh_graph_node (plan->graph, value)->inputs[0]];
  float *y = plan->values[value];
  for (gsize plane = 0; plane < (gsize)shape.n * shape.c; plane++)
    {
      const float factor = dh_host_dropout_factor (plan, value, plane);
      for (gsize i = plane * size; i < (plane + 1) * size; i++)
        y[i] = factor == 0 ? 0 : factor * x[i];
    }
}

/* One image of each input, and of the result. */
static void
operate (DhHostPlan *plan, DhValue value, gint image)
{
  const DhNode *node = dh_graph_node (plan->graph, value);
  const float *x[3], *parameters[2] = { NULL, NULL };
  DhShape from[3], to = plan->shapes[value];
  for (guint i = 0; i < node->n_inputs; i++)
    {
      from[i] = plan->shapes[node->inputs[i]];
      x[i] = plan->values[node->inputs[i]] + (gsize)image * from[i].c * from[i].h * from[i].w;
      from[i].n = 1;
    }
  to.n = 1;
  for (guint i = 0; node->op == DH_OP_LAYER_NORM && i < 2; i++)
    parameters[i] = dh_tensor_f32 (plan->parameters[value][i]);
  dh_ref_operate (node, x, from, parameters, plan->values[value] + (gsize)image * to.c * to.h * to.w, to);
}

gboolean
dh_host_make (DhHostPlan *plan, DhValue value)
{
  if (plan->values[value])
    return TRUE;
  const DhNode *node = dh_graph_node (plan->graph, value);
  if (node->op == DH_OP_INPUT)
    {
      plan->values[value] = (float *)plan->input;
      return TRUE;
    }
  if (node->op == DH_OP_NORM)
    return make_norm (plan, value, FALSE, value);
  if (node->op == DH_OP_RELU && !plan->values[node->inputs[0]]
      && dh_graph_node (plan->graph, node->inputs[0])->op == DH_OP_NORM)
    return make_norm (plan, node->inputs[0], TRUE, value);
  if (node->op == DH_OP_CONCAT)
    return make_concat (plan, value);

  for (guint i = 0; i < node->n_inputs; i++)
    if (!dh_host_make (plan, node->inputs[i]))
      return FALSE;
  float *y = plan->values[value] = dh_host_alloc (plan, value);
  if (!y)
    return FALSE;
  if (node->op == DH_OP_CONV)
    {
      const DhTensor *bias = plan->parameters[value][1];
      return plan->conv->forward (plan->convs[value], plan->values[node->inputs[0]],
                                  dh_tensor_f32 (plan->parameters[value][0]), bias ? dh_tensor_f32 (bias) : NULL, y);
    }
  if (node->op == DH_OP_DROPOUT)
    drop_channels (plan, value);
  else
    {
#ifdef _OPENMP
#pragma omp parallel for num_threads(plan->common.device->threads) schedule(static)
#endif
      for (gint image = 0; image < plan->shapes[value].n; image++)
        operate (plan, value, image);
    }
  return TRUE;
}
