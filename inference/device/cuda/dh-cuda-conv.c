#include <string.h>
#include "dh-cuda-private.h"
#include "dh-error.h"
#include "dh-tensor.h"

/* Convolutions: parameters packed for the places of their input, and what follows fused where the library can. */

/* Numbers in the type of the values, into the device's memory. */
static gpointer
upload_floats (DhCudaPlan *plan, const float *values, gsize count, gint type, GError **error)
{
  if (type == DH_CUDA_F32)
    return dh_cuda_upload (&plan->pool, values, count * sizeof *values, error);
  g_autofree guint16 *halves = g_try_new (guint16, count);
  if (!halves)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for %.0f MiB of weights",
                   count * 2 / 1048576.0);
      return NULL;
    }
  for (gsize i = 0; i < count; i++)
    halves[i] = type == DH_CUDA_F16 ? dh_f32_to_f16 (values[i]) : dh_f32_to_bf16 (values[i]);
  return dh_cuda_upload (&plan->pool, halves, count * sizeof *halves, error);
}

/* out × kernel² × places of the input, or kernel² × out × places where `taps_first`; 0 for places and outputs that only
 * pad. */
static gpointer
upload_weights (DhCudaPlan *plan, const DhCudaConvNodes *conv, gint out, gboolean taps_first, GError **error)
{
  const gint area = conv->node->kernel * conv->node->kernel;
  const gint places = conv->in->n_groups * DH_CUDA_GROUP, inputs = conv->in->c;
  const gsize count = (gsize)out * area * places;
  if (plan->pool.dry)
    return dh_cuda_reserve (&plan->pool, count * (plan->pool.type == DH_CUDA_F32 ? 4 : 2), error);
  g_autofree float *packed = g_try_new0 (float, count);
  if (!packed)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the %.0f MiB of “%s.weight”",
                   count * 4 / 1048576.0, conv->node->name);
      return NULL;
    }
  for (gint o = 0; o < conv->node->channels; o++)
    for (gint at = 0; at < area; at++)
      for (gint i = 0; i < places; i++)
        if (conv->in->channels[i] >= 0)
          packed[(taps_first ? (gsize)at * out + o : (gsize)o * area + at) * places + i] =
              (float)(conv->weights[((gsize)o * inputs + conv->in->channels[i]) * area + at] * conv->scale[o]);
  return upload_floats (plan, packed, count, plan->pool.type, error);
}

static gpointer
upload_bias (DhCudaPlan *plan, const DhCudaConvNodes *conv, gint out, gint type, GError **error)
{
  g_autofree float *bias = g_new0 (float, out);
  for (gint o = 0; o < conv->node->channels; o++)
    bias[o] = (float)conv->shift[o];
  return upload_floats (plan, bias, out, type, error);
}

/* For where the convolution comes bare: shift, sum and ReLU over its result. */
static void
add_epilogue (DhCudaPlan *plan, DhCudaStep *step, const DhCudaConvNodes *conv, DhCudaView *out)
{
  const DhCudaView *in = out;
  g_autofree double *ones = g_new (double, conv->node->channels);
  for (gint i = 0; i < conv->node->channels; i++)
    ones[i] = 1;
  if (conv->shifted)
    in = dh_cuda_view_norm (&plan->pool, out, ones, conv->shift);
  dh_cuda_add_pointwise (plan, conv->node->name, in, conv->sum, conv->relu, TRUE, out->groups[0].buffer, conv->owner);
  step->epilogue = g_ptr_array_steal_index (plan->steps, plan->steps->len - 1);
}

DhCudaView *
dh_cuda_add_conv (DhCudaPlan *plan, const DhCudaConvNodes *conv, GError **error)
{
  const DhNode *node = conv->node;
  const DhShape shape = conv->shape;
  const gint n_groups = (shape.c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP, out = n_groups * DH_CUDA_GROUP;
  DhCudaStep *step = dh_cuda_step_new (plan, node->name, DH_CUDA_POINTWISE);
  DhCudaBuffer *buffer = dh_cuda_buffer_new (&plan->pool, n_groups, shape.h, shape.w, plan->pool.type);
  DhCudaView *view = dh_cuda_view_new (&plan->pool, buffer, shape.c, conv->owner);
  const gboolean more = conv->shifted || conv->sum || conv->relu;
  /* In 16 bits the library's own epilogues are the fast ones, and those with a sum want a bias. */
  const gboolean fused = more && !dh_cuda_without ("epilogues") && plan->pool.type != DH_CUDA_F32
                         && (!conv->sum || dh_cuda_view_is_whole (conv->sum))
                         && (!conv->sum || dh_cuda_view_in_order (conv->sum));
  step->is_conv = TRUE;
  step->gather = conv->gather; /* whatever fails from here on */
  step->in = conv->in;
  step->other = conv->sum;
  step->out = view;
  step->spec = (DhCudaConvSpec){ .type = plan->pool.type,
                                 .strict = plan->pool.strict,
                                 .z = fused && conv->sum,
                                 .bias = fused,
                                 .relu = fused && conv->relu,
                                 .n = plan->pool.n,
                                 .in = conv->in->n_groups * DH_CUDA_GROUP,
                                 .out = out,
                                 .h = conv->in->h,
                                 .w = conv->in->w,
                                 .out_h = shape.h,
                                 .out_w = shape.w,
                                 .kernel = node->kernel,
                                 .stride = node->stride,
                                 .padding = node->padding,
                                 .dilation = node->dilation };
  step->memory.w = upload_weights (plan, conv, out, FALSE, error);
  if (!step->memory.w)
    return NULL;
  if (fused && !(step->memory.bias = upload_bias (plan, conv, out, plan->pool.type, error)))
    return NULL;
  if (more)
    add_epilogue (plan, step, conv, view);
  step->fused = fused;
  if (dh_cuda_can_tap (&plan->pool, conv))
    {
      gpointer weights = upload_weights (plan, conv, out, TRUE, error);
      gpointer bias = weights ? upload_bias (plan, conv, out, DH_CUDA_F32, error) : NULL;
      if (!dh_cuda_add_taps (plan, step, conv, weights, bias))
        return NULL;
    }
  return !conv->gather || dh_cuda_add_fused (plan, step, conv, error) ? view : NULL;
}

DhCudaView *
dh_cuda_add_head (DhCudaPlan *plan, const DhCudaConvNodes *conv, GError **error)
{
  const DhShape shape = conv->shape;
  const gint n_groups = (shape.c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP, out = n_groups * DH_CUDA_GROUP;
  const gint places = conv->in->n_groups * DH_CUDA_GROUP, inputs = conv->in->c;
  DhCudaStep *step = dh_cuda_step_new (plan, conv->node->name, DH_CUDA_HEAD);
  DhCudaBuffer *buffer = dh_cuda_buffer_new (&plan->pool, n_groups, shape.h, shape.w, DH_CUDA_F32);
  DhCudaView *view = dh_cuda_view_new (&plan->pool, buffer, shape.c, conv->owner);
  step->in = conv->in;
  step->out = view;
  step->kernel.c = shape.c;
  step->kernel.h = shape.h;
  step->kernel.w = shape.w;
  step->kernel.n_groups = n_groups;
  step->kernel.type = DH_CUDA_F32;
  step->kernel.relu = conv->relu;
  g_autofree float *packed = g_new0 (float, (gsize)places *out);
  for (gint i = 0; i < places; i++)
    for (gint o = 0; conv->weights && o < shape.c && conv->in->channels[i] >= 0; o++)
      packed[(gsize)i * out + o] = (float)(conv->weights[(gsize)o * inputs + conv->in->channels[i]] * conv->scale[o]);
  step->kernel.weights = dh_cuda_upload (&plan->pool, packed, (gsize)places * out * sizeof *packed, error);
  step->kernel.bias = step->kernel.weights ? upload_bias (plan, conv, out, DH_CUDA_F32, error) : NULL;
  return step->kernel.bias ? view : NULL;
}
