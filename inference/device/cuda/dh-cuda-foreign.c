#include "dh-cuda-private.h"

#include <string.h>

/* Operators that only networks of others have, each a kernel of its own: no convolution takes them up. */

/* A step whose result has memory of its own, its channels in order. */
static DhCudaStep *
new_step (DhCudaPlan *plan, const char *name, DhCudaOp op, const DhCudaView *in, DhShape shape, DhCudaAfter after,
          DhValue owner)
{
  const gint n_groups = (shape.c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP;
  DhCudaStep *step = dh_cuda_step_new (plan, name, op);
  DhCudaBuffer *buffer = dh_cuda_buffer_new (&plan->pool, n_groups, shape.h, shape.w, dh_cuda_view_type (in));
  step->in = in;
  step->in_places = !dh_cuda_view_in_order (in);
  step->out = dh_cuda_view_new (&plan->pool, buffer, shape.c, owner);
  step->kernel.c = shape.c;
  step->kernel.h = shape.h;
  step->kernel.w = shape.w;
  step->kernel.in_h = in->h;
  step->kernel.in_w = in->w;
  step->kernel.n_groups = n_groups;
  step->kernel.type = buffer->type;
  step->kernel.relu = after.relu;
  if (after.activation)
    {
      step->kernel.function = 1 + (gint)after.activation->kind;
      step->kernel.alpha = after.activation->alpha;
      step->kernel.beta = after.activation->beta;
    }
  return step;
}

DhCudaView *
dh_cuda_add_gated (DhCudaPlan *plan, const char *name, const DhCudaView *in, const DhCudaView *by, DhCudaAfter after,
                   DhValue owner)
{
  const DhShape shape = { 1, in->c, in->h, in->w };
  DhCudaStep *step = new_step (plan, name, DH_CUDA_GATED, in, shape, after, owner);
  step->other = by;
  step->other_places = by && !dh_cuda_view_in_order (by);
  step->kernel.one_pixel = by && (by->h != in->h || by->w != in->w);
  step->kernel.one_channel = by && by->c != in->c;
  return (DhCudaView *)step->out;
}

/* Taps × places where each channel is a group, else as they are; scaled. */
static gconstpointer
upload_weights (DhCudaPlan *plan, const DhCudaStep *step, const DhCudaConvNodes *conv, GError **error)
{
  const DhCudaKernel *k = &step->kernel;
  const gint taps = k->kernel * k->kernel, places = k->n_groups * DH_CUDA_GROUP;
  const gboolean depthwise = k->group_in == 1 && k->group_out == 1;
  const gsize count = (gsize)places * k->group_in * taps;
  g_autofree float *packed = g_new0 (float, count);
  for (gsize i = 0; conv->weights && i < (gsize)k->c * k->group_in * taps; i++)
    {
      const gsize out = i / ((gsize)k->group_in * taps);
      packed[depthwise ? i % taps * places + out : i] = (float)(conv->weights[i] * conv->scale[out]);
    }
  return dh_cuda_upload (&plan->pool, packed, count * sizeof *packed, error);
}

static gconstpointer
upload_bias (DhCudaPlan *plan, const DhCudaStep *step, const DhCudaConvNodes *conv, GError **error)
{
  const gsize places = (gsize)step->kernel.n_groups * DH_CUDA_GROUP;
  g_autofree float *bias = g_new0 (float, places);
  for (gint c = 0; c < step->kernel.c; c++)
    bias[c] = (float)conv->shift[c];
  return dh_cuda_upload (&plan->pool, bias, places * sizeof *bias, error);
}

DhCudaView *
dh_cuda_add_grouped (DhCudaPlan *plan, const DhCudaConvNodes *conv, DhCudaAfter after, GError **error)
{
  const DhNode *node = conv->node;
  DhCudaStep *step = new_step (plan, node->name, DH_CUDA_GROUPED, conv->in, conv->shape, after, conv->owner);
  DhCudaKernel *kernel = &step->kernel;
  kernel->kernel = node->kernel;
  kernel->stride = node->stride;
  kernel->padding = node->padding;
  kernel->dilation = node->dilation;
  kernel->group_in = conv->in->c / node->groups;
  kernel->group_out = node->channels / node->groups;
  step->flop = 2.0 * plan->pool.n * conv->shape.c * conv->shape.h * conv->shape.w * kernel->group_in * node->kernel
               * node->kernel;
  kernel->weights = upload_weights (plan, step, conv, error);
  kernel->bias = kernel->weights ? upload_bias (plan, step, conv, error) : NULL;
  return kernel->bias ? (DhCudaView *)step->out : NULL;
}

DhCudaView *
dh_cuda_add_depth_to_space (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, DhShape shape, DhValue owner)
{
  DhCudaStep *step = new_step (plan, node->name, DH_CUDA_DEPTH_TO_SPACE, in, shape, (DhCudaAfter){ FALSE }, owner);
  step->kernel.kernel = node->kernel;
  return (DhCudaView *)step->out;
}

/* A number for each channel, by place. */
static const float *
upload_places (DhCudaPlan *plan, const DhCudaStep *step, const float *values, GError **error)
{
  const gsize places = (gsize)step->kernel.n_groups * DH_CUDA_GROUP;
  g_autofree float *all = g_new0 (float, places);
  memcpy (all, values, (gsize)step->kernel.c * sizeof *all);
  return dh_cuda_upload (&plan->pool, all, places * sizeof *all, error);
}

DhCudaView *
dh_cuda_add_layer_norm (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, const float *weight,
                        const float *bias, DhValue owner, GError **error)
{
  const DhShape shape = { 1, in->c, in->h, in->w };
  DhCudaStep *step = new_step (plan, node->name, DH_CUDA_LAYER_NORM, in, shape, (DhCudaAfter){ FALSE }, owner);
  step->kernel.alpha = (float)node->epsilon;
  step->kernel.mode = dh_cuda_norm_lanes (step->kernel.n_groups);
  step->kernel.weights = upload_places (plan, step, weight, error);
  step->kernel.bias = step->kernel.weights ? upload_places (plan, step, bias, error) : NULL;
  return step->kernel.bias ? (DhCudaView *)step->out : NULL;
}

DhCudaView *
dh_cuda_add_attention (DhCudaPlan *plan, const DhNode *node, const DhCudaView *queries, const DhCudaView *both,
                       DhValue owner)
{
  const DhShape shape = { 1, node->channels, queries->h, queries->w };
  DhCudaStep *step = new_step (plan, node->name, DH_CUDA_ATTENTION, queries, shape, (DhCudaAfter){ FALSE }, owner);
  step->other = both;
  step->other_places = !dh_cuda_view_in_order (both);
  step->kernel.in_h = both->h;
  step->kernel.in_w = both->w;
  step->kernel.in_c = queries->c;
  step->kernel.group_in = queries->c / node->heads;
  step->kernel.group_out = node->channels / node->heads;
  step->kernel.alpha = (float)node->scale;
  step->flop = 2.0 * plan->pool.n * shape.h * shape.w * both->h * both->w * both->c;
  return (DhCudaView *)step->out;
}
