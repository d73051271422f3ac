#include "dh-cuda-tape.h"

/* What only networks of others have, in both passes: on plain memory, channels in order. Convolutions of groups are
 * dh-cuda-train-conv.c's, but for those with a group for each channel. */

static void
set_function (DhCudaKernel *kernel, const DhActivation *activation)
{
  kernel->function = 1 + (gint)activation->kind;
  kernel->alpha = activation->alpha;
  kernel->beta = activation->beta;
}

/* What a factor of a product is of: one pixel, one channel, both, or neither. */
static void
set_sharing (DhCudaKernel *kernel, const DhCudaView *whole, const DhCudaView *factor)
{
  kernel->one_pixel = factor->h != whole->h || factor->w != whole->w;
  kernel->one_channel = factor->c != whole->c;
}

const DhCudaView *
dh_cuda_tape_new_value (DhCudaTape *b, DhShape shape, DhValue v, gboolean wants)
{
  DhCudaPool *pool = &b->plan->pool;
  DhCudaBuffer *buffer =
      dh_cuda_buffer_new (pool, (shape.c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP, shape.h, shape.w, pool->type);
  buffer->wants = wants;
  return dh_cuda_view_new (pool, buffer, shape.c, v);
}

void
dh_cuda_tape_set_sizes (DhCudaKernel *kernel, const DhCudaView *in, const DhCudaView *out)
{
  kernel->c = out->c;
  kernel->h = out->h;
  kernel->w = out->w;
  kernel->in_h = in->h;
  kernel->in_w = in->w;
  kernel->n_groups = out->n_groups;
  kernel->type = dh_cuda_view_type (out);
}

DhCudaTrainStep *
dh_cuda_tape_forward (DhCudaTape *b, DhCudaTapeEntry tape, DhCudaOp op)
{
  DhCudaTrainStep *step = dh_cuda_train_step (b->plan, tape.node, FALSE, op);
  step->in = tape.in;
  step->other = tape.other;
  step->out = tape.out->groups[0].buffer;
  dh_cuda_tape_set_sizes (&step->kernel, tape.in, tape.out);
  g_array_append_val (b->entries, tape);
  b->views[tape.value] = tape.out;
  return step;
}

void
dh_cuda_tape_build_gated (DhCudaTape *b, DhValue v)
{
  const DhNode *node = dh_cuda_tape_node (b, v);
  const gboolean product = node->op == DH_OP_MULTIPLY;
  DhCudaTapeEntry tape = { .kind = DH_CUDA_TAPE_GATED, .node = node, .value = v };
  tape.in = dh_cuda_tape_plain (b, node->inputs[0], TRUE, FALSE);
  if (tape.in && product)
    tape.other = dh_cuda_tape_plain (b, node->inputs[1], TRUE, FALSE);
  if (!tape.in || (product && !tape.other))
    return;
  const gboolean wants = dh_cuda_train_wants (tape.in) || (product && dh_cuda_train_wants (tape.other));
  tape.out = dh_cuda_tape_new_value (b, b->plan->shapes[v], v, wants);
  DhCudaTrainStep *step = dh_cuda_tape_forward (b, tape, DH_CUDA_GATED);
  if (product)
    set_sharing (&step->kernel, tape.in, tape.other);
  else
    set_function (&step->kernel, &node->activation);
}

/* The gradient of `view`, all of whose places have one of their own in dy: dy times what `by` has. */
static DhCudaTrainStep *
gated_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *view, const DhCudaView *by,
            const DhCudaView *dy)
{
  DhCudaView *made;
  DhCudaTrainStep *step = dh_cuda_train_step (b->plan, tape->node, TRUE, DH_CUDA_GATED_BACK);
  step->in = by;
  step->other = dy;
  dh_cuda_tape_set_sizes (&step->kernel, view, dy);
  dh_cuda_train_take (b->plan, step, view, &made);
  return step;
}

static void
product_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy)
{
  const DhCudaView *x = tape->in, *by = tape->other;
  DhCudaKernel sharing = { 0 };
  set_sharing (&sharing, x, by);
  if (dh_cuda_train_wants (x))
    set_sharing (&gated_back (b, tape, x, by, dy)->kernel, x, by);
  if (!dh_cuda_train_wants (by))
    return;
  if (!sharing.one_pixel && !sharing.one_channel)
    {
      gated_back (b, tape, by, x, dy);
      return;
    }
  DhCudaView *made;
  DhCudaTrainStep *step = dh_cuda_train_step (b->plan, tape->node, TRUE, DH_CUDA_GATE_BACK);
  step->in = x;
  step->other = dy;
  dh_cuda_tape_set_sizes (&step->kernel, x, dy);
  step->kernel.n_groups = by->n_groups;
  step->kernel.one_pixel = sharing.one_pixel;
  step->kernel.one_channel = sharing.one_channel;
  dh_cuda_train_take (b->plan, step, by, &made);
}

void
dh_cuda_tape_build_depth_to_space (DhCudaTape *b, DhValue v)
{
  const DhNode *node = dh_cuda_tape_node (b, v);
  DhCudaTapeEntry tape = { .kind = DH_CUDA_TAPE_DEPTH_TO_SPACE, .node = node, .value = v };
  tape.in = dh_cuda_tape_plain (b, node->inputs[0], TRUE, FALSE);
  if (!tape.in)
    return;
  tape.out = dh_cuda_tape_new_value (b, b->plan->shapes[v], v, dh_cuda_train_wants (tape.in));
  dh_cuda_tape_forward (b, tape, DH_CUDA_DEPTH_TO_SPACE)->kernel.kernel = node->kernel;
}

static void
depth_to_space_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy)
{
  DhCudaView *made;
  DhCudaTrainStep *step = dh_cuda_train_step (b->plan, tape->node, TRUE, DH_CUDA_DEPTH_BACK);
  step->other = dy;
  dh_cuda_tape_set_sizes (&step->kernel, tape->in, dy);
  step->kernel.n_groups = tape->in->n_groups;
  step->kernel.kernel = tape->node->kernel;
  dh_cuda_train_take (b->plan, step, tape->in, &made);
}

static void
set_convolution (DhCudaKernel *kernel, const DhNode *node)
{
  kernel->kernel = node->kernel;
  kernel->stride = node->stride;
  kernel->padding = node->padding;
  kernel->dilation = node->dilation;
  kernel->group_in = kernel->group_out = 1;
}

gboolean
dh_cuda_tape_is_depthwise (const DhCudaTape *b, const DhNode *node)
{
  return node->groups > 1 && node->groups == node->channels && node->groups == b->plan->shapes[node->inputs[0]].c;
}

void
dh_cuda_tape_build_depthwise (DhCudaTape *b, DhValue v)
{
  DhCudaTrainPlan *plan = b->plan;
  const DhNode *node = dh_cuda_tape_node (b, v);
  DhCudaTapeEntry tape = { .kind = DH_CUDA_TAPE_DEPTHWISE, .node = node, .value = v };
  tape.in = dh_cuda_tape_plain (b, node->inputs[0], TRUE, FALSE);
  if (!tape.in)
    return;
  tape.conv = (DhCudaTrainConv){ .node = node, .value = v, .in = tape.in };
  const gsize floats = (gsize)node->kernel * node->kernel * tape.in->n_groups * DH_CUDA_GROUP;
  tape.conv.weights = dh_cuda_reserve (&plan->pool, floats * sizeof (float), &b->error);
  const float *bias = tape.conv.weights ? dh_cuda_train_conv_bias (plan, &tape.conv, &b->error) : NULL;
  if (!bias)
    return;
  DhCudaTrainStep *pack = dh_cuda_train_step (plan, node, FALSE, DH_CUDA_WEIGHTS_IN);
  pack->kernel.c = node->channels;
  pack->kernel.kernel = node->kernel;
  pack->kernel.n_groups = tape.in->n_groups;
  pack->kernel.mode = DH_CUDA_WEIGHTS_OF_DEPTHWISE;
  pack->kernel.type = DH_CUDA_F32;
  pack->kernel.weights = plan->values + dh_cuda_parameters_find (&plan->parameters, v, 0)->offset;
  pack->kernel.out = tape.conv.weights;
  tape.out = dh_cuda_tape_new_value (b, plan->shapes[v], v, TRUE);
  DhCudaTrainStep *step = dh_cuda_tape_forward (b, tape, DH_CUDA_GROUPED);
  set_convolution (&step->kernel, node);
  step->kernel.weights = tape.conv.weights;
  step->kernel.bias = bias;
  step->flop = dh_graph_node_flop (plan->graph, plan->shapes, v);
}

static void
depthwise_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy)
{
  DhCudaTrainPlan *plan = b->plan;
  const DhNode *node = tape->node;
  const gint taps = node->kernel * node->kernel, wide = taps * tape->in->n_groups;
  const gint64 pixels = (gint64)plan->pool.n * dy->h * dy->w;
  const gint n_slices = (gint)CLAMP (pixels / 1024, 1, CLAMP (2048 / wide, 1, 256));
  static const DhCudaOp ops[] = { DH_CUDA_DEPTHWISE_SUMS, DH_CUDA_DEPTHWISE_END };
  if (node->bias
      && !dh_cuda_train_bias_back (
          plan, node, dy, plan->gradients + dh_cuda_parameters_find (&plan->parameters, tape->value, 1)->offset,
          &b->error))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      DhCudaTrainStep *step = dh_cuda_train_step (plan, node, TRUE, ops[i]);
      step->in = i == 0 ? tape->in : NULL;
      step->other = i == 0 ? dy : NULL;
      dh_cuda_tape_set_sizes (&step->kernel, tape->in, dy);
      set_convolution (&step->kernel, node);
      step->kernel.n_slices = n_slices;
      step->kernel.d_weight = plan->gradients + dh_cuda_parameters_find (&plan->parameters, tape->value, 0)->offset;
      step->flop = i == 0 ? dh_graph_node_flop (plan->graph, plan->shapes, tape->value) : 0;
    }
  plan->partials_bytes = MAX (plan->partials_bytes, sizeof (double) * DH_CUDA_GROUP * (gsize)n_slices * (gsize)wide);
  if (!dh_cuda_train_wants (tape->in))
    return;
  DhCudaView *made;
  DhCudaTrainStep *step = dh_cuda_train_step (plan, node, TRUE, DH_CUDA_DEPTHWISE_BACK);
  step->other = dy;
  dh_cuda_tape_set_sizes (&step->kernel, tape->in, dy);
  set_convolution (&step->kernel, node);
  step->kernel.weights = tape->conv.weights;
  step->flop = dh_graph_node_flop (plan->graph, plan->shapes, tape->value);
  dh_cuda_train_take (plan, step, tape->in, &made);
}

void
dh_cuda_tape_foreign_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy)
{
  if (tape->kind == DH_CUDA_TAPE_DEPTHWISE)
    depthwise_back (b, tape, dy);
  else if (tape->kind == DH_CUDA_TAPE_DEPTH_TO_SPACE)
    depth_to_space_back (b, tape, dy);
  else if (tape->other)
    product_back (b, tape, dy);
  else
    set_function (&gated_back (b, tape, tape->in, tape->in, dy)->kernel, &tape->node->activation);
}
