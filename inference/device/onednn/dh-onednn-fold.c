#include "dh-error.h"
#include "dh-onednn-build.h"

/* Convolutions with what is folded into them. */

static gboolean
has_end (const DhCpuConv *conv)
{
  return conv->after.relu || conv->after.activation.function != DH_CPU_NOTHING;
}

/* What follows a convolution and nobody else reads: an average pool before which it can stand, norm, sum, ReLU or
 * activation. */
static gboolean
absorb (DhCpuBuild *b, DhValue *value, DhCpuConv *conv, double *scale, double *shift, gboolean own, GError **error)
{
  for (;;)
    {
      DhValue next = dh_lowering_only_reader (&b->low, *value);
      if (next == DH_NO_VALUE || has_end (conv))
        {
          /* A dropout is nothing, after the ReLU too. */
          if (next == DH_NO_VALUE || dh_lowering_node (&b->low, next)->op != DH_OP_DROPOUT)
            return TRUE;
        }
      const DhNode *node = dh_lowering_node (&b->low, next);
      if (node->op == DH_OP_NORM && conv->sum == NULL)
        {
          if (!dh_lowering_read_norm (&b->low, node, scale, shift, error))
            return FALSE;
        }
      else if ((node->op == DH_OP_RELU || node->op == DH_OP_ACTIVATION) && own)
        conv->after = dh_cpu_after (node);
      else if (node->op == DH_OP_ADD && own && conv->sum == NULL && conv->node->groups == 1)
        {
          DhValue other = node->inputs[node->inputs[0] == *value];
          if (other == *value || b->views[other] == NULL || b->low.deferred[other])
            return TRUE;
          conv->sum = dh_cpu_plain_of (b, other);
          conv->in_place = conv->sum->owner == other && dh_lowering_only_reader (&b->low, other) != DH_NO_VALUE
                           && !dh_cpu_view_uses (conv->in, conv->sum->planes[0].buffer);
        }
      else if (node->op != DH_OP_DROPOUT)
        return TRUE;
      b->low.done[next] = TRUE;
      *value = next;
    }
}

/* A picture of c channels as it came, through the graph's constants. */
static void
scale_item (const DhCpuStep *step, gint item, float *scratch)
{
  const DhCpuView *view = step->in;
  gsize n = (gsize)view->h * view->w, from = (gsize)(item % view->h) * view->w;
  gint channel = item / view->h;
  const float *in = step->u.copy.from + channel * n + from;
  float *out = step->u.copy.to + channel * n + from;
  for (gint x = 0; x < view->w; x++)
    out[x] = in[x] * view->scale[channel] + view->shift[channel];
}

static gboolean
scale_run (DhCpuPlan *plan, DhCpuStep *step, GError **error)
{
  step->u.copy.from = plan->run_input;
  step->u.copy.to = plan->arena + step->out->planes[0].buffer->offset;
#pragma omp parallel for schedule(static) num_threads(plan->threads)
  for (gint item = 0; item < step->in->c * step->in->h; item++)
    scale_item (step, item, NULL);
  return TRUE;
}

static const DhCpuView *
scale_picture (DhCpuBuild *b, const DhCpuView *view, const char *name)
{
  DhCpuStep *step = dh_cpu_step_new (b->plan, name, "plain C scale");
  DhCpuBuffer *buffer = dh_cpu_buffer_new (b->plan, 1, view->h, view->w);
  DhCpuView *out = dh_cpu_view_copy (b->plan, view);
  DhCpuPlane *plane = dh_cpu_alloc (b->plan, 1, sizeof *plane);
  buffer->floats = (gsize)view->c * view->h * view->w;
  plane->buffer = buffer;
  out->planes = plane;
  out->n_planes = 1;
  out->scale = out->shift = NULL;
  step->in = view;
  step->out = out;
  step->run = scale_run;
  return out;
}

/* The library makes the first convolution, which reads the picture as it came. */
static gboolean
is_direct (const DhCpuBuild *b, const DhNode *node)
{
  const DhCpuView *view = b->views[node->inputs[0]];
  return view->raw && view->c <= 4 && node->kernel > 1 && node->groups == 1;
}

static const DhCpuView *
direct_input (DhCpuBuild *b, const DhNode *node)
{
  DhValue in = node->inputs[0];
  if (b->views[in]->scale != NULL)
    b->views[in] = scale_picture (b, b->views[in], dh_lowering_node (&b->low, in)->name);
  return b->views[in];
}

/* The last convolutions, whose results people look at, make fewer channels than this: they stay in float32. */
#define LEAST_COARSE 32

/* Whether what tiles read beyond a row is its margin, and of the last row also what stands behind it: with strides, up
 * to 15 pixels that are not asked for. Of stride 1, tiles beyond the margin are left out. */
static gboolean
has_tiles (const DhCpuKernels *kernels, const DhNode *node)
{
  return node->kernel * node->kernel <= DH_MOST_PIECES
         && (node->stride == 1
             || (node->padding <= kernels->taps_margin
                 && node->padding + 15 * node->stride <= kernels->taps_margin + DH_TAPS_BEHIND));
}

/* Whether the only reader of the convolution's value multiplies it in bfloat16 as it is. */
static gboolean
is_read_packed (const DhCpuBuild *b, DhValue value)
{
  const DhValue reader = dh_lowering_only_reader (&b->low, value);
  if (reader == DH_NO_VALUE)
    return FALSE;
  const DhNode *node = dh_lowering_node (&b->low, reader);
  if (node->op != DH_OP_CONV || node->groups > 1 || node->channels < LEAST_COARSE
      || !has_tiles (b->plan->device->kernels, node))
    return FALSE;
  if (node->kernel > 1)
    return TRUE;
  /* In int8, or after a pool that stands before it. */
  const DhValue next = dh_lowering_only_reader (&b->low, reader);
  const gboolean pooled = next != DH_NO_VALUE && dh_lowering_node (&b->low, next)->op == DH_OP_AVERAGE_POOL;
  return b->plan->calibration == NULL && b->plan->ranges == NULL && !pooled && node->padding == 0;
}

/* Whether it is written as its reader multiplies it, in bfloat16: half the memory, and no step between the two. */
static gboolean
packs (const DhCpuBuild *b, const DhCpuConv *conv, DhValue value)
{
  const DhCpuKernels *kernels = b->plan->device->kernels;
  if (!kernels->tiles || !conv->bf16 || conv->after.activation.function != DH_CPU_NOTHING || !is_read_packed (b, value))
    return FALSE;
  const gint planes = conv->in->n_planes;
  if (conv->node->kernel == 1 && conv->node->padding == 0 && !conv->in->packed)
    return conv->range > 0 || planes <= kernels->most_packed;
  return TRUE;
}

/* What a convolution of groups reads. */
static const DhCpuView *
grouped_input (DhCpuBuild *b, const DhNode *node)
{
  const DhCpuView *in = dh_cpu_plain_of (b, node->inputs[0]);
  if (dh_cpu_is_depthwise (node, in->c) && node->channels == in->c)
    return in;
  return dh_cpu_add_ordered (b->plan, node->name, in);
}

/* An activation that the kernel has no place for. */
static DhCpuView *
add_with_activation (DhCpuBuild *b, DhCpuAddConv add, const DhCpuConv *conv, GError **error)
{
  DhCpuConv alone = *conv;
  alone.after = DH_CPU_AS_IT_IS;
  alone.owner = DH_NO_VALUE;
  const DhCpuView *made = add (b->plan, &alone, error);
  return made != NULL ? dh_cpu_add_pointwise (b->plan, conv->name, made, NULL, conv->after, conv->owner) : NULL;
}

gboolean
dh_cpu_build_conv (DhCpuBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  DhValue value = v, next = dh_lowering_only_reader (&b->low, v);
  gboolean one = node->kernel == 1 && node->padding == 0;
  g_autofree double *scale = g_new (double, node->channels);
  g_autofree double *shift = g_new0 (double, node->channels);
  DhCpuConv conv = {
    .node = node, .name = node->name, .in_shape = b->low.shapes[node->inputs[0]], .scale = scale, .shift = shift
  };
  for (gint c = 0; c < node->channels; c++)
    scale[c] = 1;
  if (node->bias)
    {
      DhTensor *bias = dh_lowering_parameter (&b->low, node->name, "bias", error);
      if (bias == NULL)
        return FALSE;
      for (gint c = 0; c < node->channels; c++)
        shift[c] = dh_tensor_f32 (bias)[c];
      dh_tensor_unref (bias);
    }
  const gboolean groups = node->groups > 1, own = !is_direct (b, node);
  conv.in = groups ? grouped_input (b, node)
            : own  ? dh_cpu_planes_of (b, b->views[node->inputs[0]])
                   : direct_input (b, node);
  if (own && !groups && b->views[node->inputs[0]]->raw)
    b->views[node->inputs[0]] = conv.in;
  /* The mean of products is the product of the mean: pooled first, there is less to multiply. */
  if (one && !groups && node->stride == 1 && next != DH_NO_VALUE
      && dh_lowering_node (&b->low, next)->op == DH_OP_AVERAGE_POOL)
    {
      conv.in = dh_cpu_add_pool (b->plan, dh_lowering_node (&b->low, next), conv.in, b->low.shapes[next], DH_NO_VALUE);
      conv.in_shape.h = b->low.shapes[next].h;
      conv.in_shape.w = b->low.shapes[next].w;
      b->low.done[next] = TRUE;
      value = next;
    }
  conv.shape = b->low.shapes[value];
  if (!absorb (b, &value, &conv, scale, shift, own, error))
    return FALSE;
  conv.owner = value;
  conv.bf16 = b->plan->bf16 && conv.shape.c >= LEAST_COARSE;
  if (b->plan->device->kernels->tiles)
    conv.bf16 = conv.bf16 && has_tiles (b->plan->device->kernels, node);

  DhTensor *weights = dh_lowering_parameter (&b->low, node->name, "weight", error);
  if (weights == NULL)
    return FALSE;
  conv.weights = dh_tensor_f32 (weights);
  if (one && !groups && conv.shape.c >= LEAST_COARSE && dh_cpu_view_reads_positive (conv.in))
    {
      if (b->plan->ranges != NULL)
        dh_cpu_add_count (b->plan, &conv);
      if (b->plan->calibration != NULL)
        conv.range = dh_quantization_range (b->plan->calibration, conv.name);
    }
  conv.packs = own && !groups && packs (b, &conv, value);
  DhCpuAddConv add = groups && dh_cpu_is_depthwise (node, conv.in->c) ? dh_cpu_add_depthwise
                     : groups                                         ? dh_cpu_add_groups
                     : conv.in->packed                                ? dh_cpu_add_taps
                     : one && conv.range > 0                          ? dh_cpu_add_conv1x1_int8
                     : one                                            ? dh_cpu_add_conv1x1
                     : !own                                           ? dh_cpu_add_direct
                     : dh_cpu_choose_winograd (b->plan, &conv)        ? dh_cpu_add_winograd
                                                                      : dh_cpu_add_taps;
  /* Choosing and packing may each take a while. */
  gboolean cancelled = g_cancellable_set_error_if_cancelled (b->plan->cancellable, error);
  const gboolean apart = add == dh_cpu_add_taps && conv.bf16 && b->plan->device->kernels->tiles
                         && conv.after.activation.function != DH_CPU_NOTHING;
  b->views[value] = cancelled ? NULL : apart ? add_with_activation (b, add, &conv, error) : add (b->plan, &conv, error);
  dh_tensor_unref (weights);
  return b->views[value] != NULL;
}
