#include "dh-cuda-train-private.h"

/* Convolutions of a training step, forward and backward: cuDNN's, on plain memory that a kernel gathers. */

static gint
rounded (gint channels)
{
  return (channels + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP * DH_CUDA_GROUP;
}

static const gint32 *
upload_channels (DhCudaTrainPlan *plan, const DhCudaView *in, GError **error)
{
  const gint n = in->n_groups * DH_CUDA_GROUP;
  g_autofree gint32 *channels = g_new (gint32, n);
  for (gint i = 0; i < n; i++)
    channels[i] = in->channels[i];
  return dh_cuda_upload (&plan->pool, channels, (gsize)n * sizeof *channels, error);
}

/* The weights of a convolution of groups become those of one of all channels, with 0 where a group would read
 * another's, and only the others have gradients. */
static void
set_groups (DhCudaKernel *kernel, const DhNode *node, gint in)
{
  kernel->in_c = in / MAX (node->groups, 1);
  kernel->group_out = node->groups > 1 ? node->channels / node->groups : 0;
}

/* The parameters as the convolution, or a head, reads them: made at the beginning of each step. */
static gboolean
pack_weights (DhCudaTrainPlan *plan, DhCudaTrainConv *conv, GError **error)
{
  const DhNode *node = conv->node;
  const DhCudaView *in = conv->in;
  const gint type = conv->head ? DH_CUDA_F32 : plan->pool.type;
  const gsize places = (gsize)in->n_groups * DH_CUDA_GROUP;
  const gsize count = (gsize)rounded (node->channels) * node->kernel * node->kernel * places;
  const gint32 *channels = upload_channels (plan, in, error);
  gpointer to = channels ? dh_cuda_reserve (&plan->pool, count * (type == DH_CUDA_F32 ? 4 : 2), error) : NULL;
  if (!to)
    return FALSE;
  DhCudaTrainStep *step = dh_cuda_train_step (plan, node, FALSE, DH_CUDA_WEIGHTS_IN);
  step->kernel.c = node->channels;
  set_groups (&step->kernel, node, in->c);
  step->kernel.kernel = node->kernel;
  step->kernel.n_groups = in->n_groups;
  step->kernel.mode = conv->head ? DH_CUDA_WEIGHTS_OF_HEAD : DH_CUDA_WEIGHTS_OF_CONV;
  step->kernel.type = type;
  step->kernel.channels = channels;
  step->kernel.weights = plan->values + dh_cuda_parameters_find (&plan->parameters, conv->value, 0)->offset;
  step->kernel.out = to;
  conv->weights = to;
  return TRUE;
}

const float *
dh_cuda_train_conv_bias (DhCudaTrainPlan *plan, const DhCudaTrainConv *conv, GError **error)
{
  const gint n = rounded (conv->node->channels);
  g_autofree float *zeros = g_new0 (float, n);
  float *to = dh_cuda_upload (&plan->pool, zeros, n * sizeof *zeros, error);
  if (!to || !conv->node->bias)
    return to;
  DhCudaTrainStep *step = dh_cuda_train_step (plan, conv->node, FALSE, DH_CUDA_WEIGHTS_IN);
  step->kernel.c = conv->node->channels;
  step->kernel.n_groups = n / DH_CUDA_GROUP;
  step->kernel.mode = DH_CUDA_WEIGHTS_OF_BIAS;
  step->kernel.weights = plan->values + dh_cuda_parameters_find (&plan->parameters, conv->value, 1)->offset;
  step->kernel.out = to;
  return to;
}

static void
add_convolution (DhCudaTrainPlan *plan, const DhCudaTrainConv *conv, DhCudaConvDirection direction, DhCudaBuffer *x,
                 DhCudaBuffer *w, DhCudaBuffer *y)
{
  const DhNode *node = conv->node;
  DhCudaTrainStep *step = dh_cuda_train_step (plan, node, direction != DH_CUDA_CONV_FORWARD, DH_CUDA_POINTWISE);
  step->is_conv = TRUE;
  step->x = x;
  step->w = w;
  step->y = y;
  step->memory.w = w ? NULL : conv->weights;
  step->spec = (DhCudaConvSpec){ .direction = direction,
                                 .type = plan->pool.type,
                                 .strict = plan->pool.strict,
                                 .n = plan->pool.n,
                                 .in = x->n_groups * DH_CUDA_GROUP,
                                 .out = y->n_groups * DH_CUDA_GROUP,
                                 .h = x->h,
                                 .w = x->w,
                                 .out_h = y->h,
                                 .out_w = y->w,
                                 .kernel = node->kernel,
                                 .stride = node->stride,
                                 .padding = node->padding,
                                 .dilation = node->dilation };
  step->flop = 2.0 * plan->pool.n * conv->in->c * node->channels * y->h * y->w * node->kernel * node->kernel;
}

/* The input as the library reads it. */
static DhCudaBuffer *
plain_input (DhCudaTrainPlan *plan, const DhCudaTrainConv *conv, gboolean back, GError **error)
{
  if (dh_cuda_view_is_whole (conv->in))
    return conv->in->groups[0].buffer;
  DhCudaView *made = dh_cuda_train_gather (plan, conv->node, back, conv->in, FALSE, error);
  return made ? made->groups[0].buffer : NULL;
}

/* out = out + bias, in place. */
static gboolean
add_bias (DhCudaTrainPlan *plan, const DhCudaTrainConv *conv, const float *bias, GError **error)
{
  const gint n = conv->out->n_groups * DH_CUDA_GROUP;
  g_autofree float *ones = g_new (float, n);
  for (gint i = 0; i < n; i++)
    ones[i] = 1;
  const float *scale = dh_cuda_upload (&plan->pool, ones, n * sizeof *ones, error);
  DhCudaTrainStep *step = dh_cuda_train_step (plan, conv->node, FALSE, DH_CUDA_POINTWISE);
  step->in = dh_cuda_view_new (&plan->pool, conv->out, conv->node->channels, DH_NO_VALUE);
  step->out = conv->out;
  step->kernel.h = conv->out->h;
  step->kernel.w = conv->out->w;
  step->kernel.n_groups = conv->out->n_groups;
  step->kernel.type = conv->out->type;
  step->kernel.in.scale = scale;
  step->kernel.in.shift = bias;
  return scale != NULL;
}

gboolean
dh_cuda_train_conv (DhCudaTrainPlan *plan, DhCudaTrainConv *conv, DhShape shape, gboolean head, GError **error)
{
  const DhNode *node = conv->node;
  const gint n_groups = rounded (node->channels) / DH_CUDA_GROUP;
  conv->head = head;
  if (!pack_weights (plan, conv, error))
    return FALSE;
  conv->out = dh_cuda_buffer_new (&plan->pool, n_groups, shape.h, shape.w, head ? DH_CUDA_F32 : plan->pool.type);
  conv->out->wants = TRUE;
  if (!head)
    {
      DhCudaBuffer *x = plain_input (plan, conv, FALSE, error);
      if (!x)
        return FALSE;
      add_convolution (plan, conv, DH_CUDA_CONV_FORWARD, x, NULL, conv->out);
      const float *bias = node->bias ? dh_cuda_train_conv_bias (plan, conv, error) : NULL;
      return !node->bias || (bias && add_bias (plan, conv, bias, error));
    }
  const float *bias = dh_cuda_train_conv_bias (plan, conv, error);
  DhCudaTrainStep *step = dh_cuda_train_step (plan, node, FALSE, DH_CUDA_HEAD);
  step->in = conv->in;
  step->out = conv->out;
  step->kernel.c = node->channels;
  step->kernel.h = shape.h;
  step->kernel.w = shape.w;
  step->kernel.n_groups = n_groups;
  step->kernel.type = DH_CUDA_F32;
  step->kernel.weights = conv->weights;
  step->kernel.bias = bias;
  step->flop = 2.0 * plan->pool.n * conv->in->c * node->channels * shape.h * shape.w;
  return bias != NULL;
}

/* The gradient of a head's result in the type that the library computes in. */
static DhCudaBuffer *
as_type (DhCudaTrainPlan *plan, const DhCudaTrainConv *conv)
{
  DhCudaBuffer *from = conv->dy->groups[0].buffer;
  if (from->type == plan->pool.type)
    return from;
  DhCudaTrainStep *step = dh_cuda_train_step (plan, conv->node, TRUE, DH_CUDA_POINTWISE);
  step->in = conv->dy;
  step->out = dh_cuda_buffer_new (&plan->pool, from->n_groups, from->h, from->w, plan->pool.type);
  step->kernel.h = from->h;
  step->kernel.w = from->w;
  step->kernel.n_groups = from->n_groups;
  step->kernel.type = plan->pool.type;
  return step->out;
}

/* `x`: the input in plain memory, or NULL where that failed. */
static gboolean
weights_back (DhCudaTrainPlan *plan, const DhCudaTrainConv *conv, DhCudaBuffer *x, DhCudaBuffer *dy, GError **error)
{
  const DhNode *node = conv->node;
  const gint32 *places = dh_cuda_view_places (&plan->pool, conv->in);
  const gint32 *table = x ? dh_cuda_upload (&plan->pool, places, rounded (conv->in->c) * sizeof *places, error) : NULL;
  if (!table)
    return FALSE;
  DhCudaBuffer *dw = dh_cuda_buffer_new (&plan->pool, 1, 1, 1, plan->pool.type);
  dw->block.size = (gsize)(plan->pool.type == DH_CUDA_F32 ? 4 : 2) * rounded (node->channels) * node->kernel
                   * node->kernel * x->n_groups * DH_CUDA_GROUP;
  add_convolution (plan, conv, DH_CUDA_CONV_WEIGHTS, x, dw, dy);
  DhCudaTrainStep *step = dh_cuda_train_step (plan, node, TRUE, DH_CUDA_WEIGHTS_OUT);
  step->packed = dw;
  step->kernel.c = node->channels;
  set_groups (&step->kernel, node, conv->in->c);
  step->kernel.kernel = node->kernel;
  step->kernel.n_groups = x->n_groups;
  step->kernel.type = plan->pool.type;
  step->kernel.channels = table;
  step->kernel.out = plan->gradients + dh_cuda_parameters_find (&plan->parameters, conv->value, 0)->offset;
  return TRUE;
}

gboolean
dh_cuda_train_conv_back (DhCudaTrainPlan *plan, DhCudaTrainConv *conv, GError **error)
{
  const DhNode *node = conv->node;
  if (node->bias
      && !dh_cuda_train_bias_back (
          plan, node, conv->dy, plan->gradients + dh_cuda_parameters_find (&plan->parameters, conv->value, 1)->offset,
          error))
    return FALSE;
  DhCudaBuffer *dy = as_type (plan, conv);
  const DhCudaView *in = conv->in;
  DhCudaBuffer *source = in->groups[0].buffer;
  const gboolean whole = dh_cuda_view_is_whole (in), wants = dh_cuda_train_wants (in);
  if ((whole || !wants) && !weights_back (plan, conv, plain_input (plan, conv, TRUE, error), dy, error))
    return FALSE;
  if (!wants)
    return TRUE;
  if (conv->head && !(conv->head = FALSE, pack_weights (plan, conv, error)))
    return FALSE;
  if (whole && !source->begun && source->type == plan->pool.type)
    {
      source->gradient = dh_cuda_buffer_new (&plan->pool, source->n_groups, source->h, source->w, source->type);
      source->begun = TRUE;
      add_convolution (plan, conv, DH_CUDA_CONV_DATA, source->gradient, NULL, dy);
      return TRUE;
    }
  DhCudaBuffer *dx = dh_cuda_buffer_new (&plan->pool, in->n_groups, in->h, in->w, plan->pool.type);
  DhCudaView *view = dh_cuda_view_new (&plan->pool, dx, in->c, DH_NO_VALUE);
  view->channels = in->channels;
  add_convolution (plan, conv, DH_CUDA_CONV_DATA, dx, NULL, dy);
  if (whole)
    return dh_cuda_train_view_back (plan, node, in, view, error);
  /* The input is made again for the gradient of the weights while its own goes back. */
  DhCudaBuffer *x = NULL;
  return dh_cuda_train_gather_back (plan, node, in, view, &x, error) && weights_back (plan, conv, x, dy, error);
}
