#include <string.h>
#include "dh-train-private.h"

/* Convolutions. 1×1 and 3×3 ones of stride 1 are our own kernels, which read through norm and ReLU; their weights are
 * packed anew in every step, because the optimiser moves them. The rest is the library's, on copies. */

/* With fewer tiles than this, transforming the weights in every step costs more than it saves. */
#define FEWEST_TILES 128
/* Transformed weights of a 3×3 convolution beyond this are left to the library. */
#define MOST_TRANSFORMED_BYTES ((gsize)40 << 20)

static const DhNode *
node_of (const DhTrain *train, const DhTrainOp *op)
{
  return dh_graph_node (train->graph, op->node);
}

static gint
places (const DhTrain *train, const DhTrainOp *op)
{
  return op->in->n_planes * train->kernels->lanes;
}

static gint
out_places (const DhTrain *train, const DhTrainOp *op)
{
  return op->out->n_planes * train->kernels->lanes;
}

static float *
weight_of (const DhTrain *train, const DhTrainOp *op)
{
  return dh_tensor_f32 (train->parameters[op->node][0]);
}

static const float *
bias_of (const DhTrain *train, const DhTrainOp *op)
{
  const DhTensor *bias = train->parameters[op->node][1];
  return bias ? dh_tensor_f32 (bias) : NULL;
}

/* By place in the result's planes. */
static float *
pack_bias (const DhTrain *train, const DhTrainOp *op)
{
  const float *bias = bias_of (train, op);
  float *packed = g_new0 (float, out_places (train, op) + 2 * train->kernels->lanes);
  for (gint i = 0; bias && i < out_places (train, op); i++)
    packed[i] = op->out->channels[i] < 0 ? 0 : bias[op->out->channels[i]];
  return packed;
}

static void
add_bias_gradient (DhTrain *train, const DhTrainOp *op)
{
  if (!bias_of (train, op))
    return;
  g_autofree double *sums = g_new (double, out_places (train, op));
  float *gradient = dh_tensor_f32 (train->gradient_of[op->node][1]);
  dh_train_sum_grad (train, op->out, sums);
  for (gint i = 0; i < out_places (train, op); i++)
    if (op->out->channels[i] >= 0)
      gradient[op->out->channels[i]] += (float)(train->weight * (float)sums[i]);
}

typedef struct
{
  DhTrain *train;
  const DhTrainStep *step;
  const DhTrainOp *op;
  gint items; /* of an image */
  const float *weights, *bias;
  float *sums;
  gsize sums_size;
  float *const *targets; /* image after image */
  DhCpuFilters filters;
} Work;

/* The kernel's order: a run of input planes, two output planes, input channel, output channel. */
static void
pack_1x1_pair (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrain *train = work->train;
  const gint lanes = train->kernels->lanes, at_once = 256 / lanes;
  const gint *in = work->op->in->channels, *out = work->op->out->channels;
  const gint outs_all = work->op->out->n_planes, ins_all = work->op->in->n_planes;
  const gint o = 2 * item, outs = MIN (2, outs_all - o) * lanes;
  const float *weight = weight_of (train, work->op);
  for (gint plane0 = 0; plane0 < ins_all; plane0 += at_once)
    {
      const gint run = MIN (at_once, ins_all - plane0) * lanes;
      float *to = (float *)work->weights + (gsize)plane0 * lanes * outs_all * lanes + (gsize)o * lanes * run;
      for (gint i = plane0 * lanes; i < plane0 * lanes + run; i++)
        for (gint j = 0; j < outs; j++)
          {
            const gint from = in[i], c = out[o * lanes + j];
            *to++ = from < 0 || c < 0 ? 0 : weight[(gsize)c * work->op->in->c + from];
          }
    }
}

/* For the gradient: two input planes, output channel, input channel. */
static void
pack_turned_pair (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrain *train = work->train;
  const gint lanes = train->kernels->lanes;
  const gint *in = work->op->in->channels, *out = work->op->out->channels;
  const gint b = 2 * item, ins = MIN (2, work->op->in->n_planes - b) * lanes;
  const float *weight = weight_of (train, work->op);
  float *to = (float *)work->weights + (gsize)b * lanes * out_places (train, work->op);
  for (gint o = 0; o < out_places (train, work->op); o++)
    for (gint i = 0; i < ins; i++)
      {
        const gint c = in[b * lanes + i];
        *to++ = c < 0 || out[o] < 0 ? 0 : weight[(gsize)out[o] * work->op->in->c + c];
      }
}

/* Of an item of the 1×1 kernel: as the inference plan's first choice. */
static gint
pixels_at_once (const DhTrain *train)
{
  return train->kernels->tile * (112 / train->kernels->tile);
}

static void
forward_1x1_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrainOp *op = work->op;
  const gint image = item / work->items;
  const DhCpuConv1x1 conv = { .in = dh_train_input (work->train, op->in, image),
                              .out = { .planes = work->targets + (gsize)image * op->out->n_planes,
                                       .n_planes = op->out->n_planes,
                                       .h = op->out->h,
                                       .w = op->out->w },
                              .stride = 1,
                              .pixels_at_once = pixels_at_once (work->train),
                              .weights = work->weights,
                              .bias = work->bias };
  work->train->kernels->conv1x1 (&conv, item % work->items, scratch);
}

static gint
image_items (const DhTrainOp *op, gint at_once)
{
  return (gint)((op->out->pixels + at_once - 1) / at_once);
}

static float **
out_planes (const DhTrain *train, const DhTrainOp *op, float *memory)
{
  float **planes = g_new (float *, (gsize)op->out->n_planes * train->images);
  dh_train_planes (train, memory, op->out->n_planes, op->out->pixels, planes);
  return planes;
}

static gboolean
run_forward_1x1 (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  g_autofree float **targets = out_planes (train, op, op->out->base);
  g_autofree float *bias = pack_bias (train, op);
  DhCpuConv1x1 shape = { .out = { .h = op->out->h, .w = op->out->w }, .pixels_at_once = pixels_at_once (train) };
  Work work = { .train = train, .step = step, .op = op, .bias = bias, .targets = targets };
  work.weights = dh_train_memory (train, step->weights);
  work.items = train->kernels->conv1x1_items (&shape);
  dh_train_run_items (train, (op->out->n_planes + 1) / 2, pack_1x1_pair, &work);
  dh_train_run_items (train, work.items * train->images, forward_1x1_item, &work);
  return TRUE;
}

static gint
tiles_per_item (const DhTrain *train, const DhTrainOp *op)
{
  const gsize count = (gsize)36 * places (train, op) * out_places (train, op);
  const gint rounds = count * sizeof (float) <= (1u << 20) ? 1 : count * sizeof (float) <= (16u << 20) ? 2 : 4;
  return train->kernels->tile * MAX (1, rounds * 14 / train->kernels->tile);
}

static DhCpuWinograd
winograd_of (const DhTrain *train, const DhTrainOp *op, gint outs)
{
  return (DhCpuWinograd){ .dilation = node_of (train, op)->dilation,
                          .tiles = op->tiles,
                          .n_tiles = op->n_tiles,
                          .tiles_per_item = tiles_per_item (train, op),
                          .out_chunk = MIN ((outs + 1) & ~1, MAX (2, 128 / train->kernels->lanes)) };
}

static void
forward_3x3_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrainOp *op = work->op;
  const gint image = item / work->items;
  DhCpuWinograd conv = winograd_of (work->train, op, op->out->n_planes);
  conv.in = dh_train_input (work->train, op->in, image);
  conv.out = (DhCpuOutput){ .planes = work->targets + (gsize)image * op->out->n_planes,
                            .n_planes = op->out->n_planes,
                            .h = op->out->h,
                            .w = op->out->w };
  conv.weights = work->weights;
  conv.bias = work->bias;
  work->train->kernels->winograd (&conv, item % work->items, scratch);
}

static void
pack_filters_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  work->train->gradients->pack_filters (&work->filters, item);
}

static void
unpack_filters_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  work->train->gradients->unpack_filters (&work->filters, item);
}

static DhCpuFilters
filters_of (const DhTrain *train, const DhTrainOp *op, float *packed, gboolean turned)
{
  const gsize per_out = 9 * (gsize)op->in->c;
  DhCpuFilters filters = { .weight = weight_of (train, op),
                           .in_stride = turned ? per_out : 9,
                           .out_stride = turned ? 9 : per_out,
                           .ins = turned ? op->out->channels : op->in->channels,
                           .outs = turned ? op->in->channels : op->out->channels,
                           .in_planes = turned ? op->out->n_planes : op->in->n_planes,
                           .out_planes = turned ? op->in->n_planes : op->out->n_planes,
                           .turned = turned,
                           .packed = packed };
  return filters;
}

static gint
winograd_items (const DhTrain *train, const DhTrainOp *op)
{
  const gint at_once = tiles_per_item (train, op);
  return (op->n_tiles + at_once - 1) / at_once;
}

static gboolean
run_forward_3x3 (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  g_autofree float **targets = out_planes (train, op, op->out->base);
  g_autofree float *bias = pack_bias (train, op);
  float *weights = dh_train_memory (train, step->weights);
  Work work = { .train = train, .step = step, .op = op, .bias = bias, .targets = targets, .weights = weights };
  work.filters = filters_of (train, op, weights, FALSE);
  work.items = winograd_items (train, op);
  dh_train_run_items (train, (op->out->n_planes + 1) / 2, pack_filters_item, &work);
  dh_train_run_items (train, work.items * train->images, forward_3x3_item, &work);
  return TRUE;
}

/* The view's planes as they are read, together in memory. */
static void
copy_row (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrain *train = work->train;
  const DhTrainView *view = work->op->in;
  const gint per_image = view->n_planes * view->h, image = item / per_image;
  const DhCpuInput in = dh_train_input (train, view, image);
  const DhCpuOutput out = {
    .planes = work->targets + (gsize)image * view->n_planes, .n_planes = view->n_planes, .h = view->h, .w = view->w
  };
  if (work->op->plain_x)
    train->kernels->unpack (&in, view->channels, work->sums + (gsize)image * view->c * view->h * view->w,
                            item % per_image);
  else
    train->kernels->pointwise (&in, &out, item % per_image);
}

static const float *
library_input (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  if (op->in->values[0]->raw)
    return train->input;
  float *copy = dh_train_memory (train, step->dense);
  g_autofree float **planes = g_new (float *, (gsize)op->in->n_planes * train->images);
  dh_train_planes (train, copy, op->in->n_planes, (gsize)op->in->h * op->in->w, planes);
  Work work = { .train = train, .op = op, .targets = planes, .sums = copy };
  dh_train_run_items (train, train->images * op->in->n_planes * op->in->h, copy_row, &work);
  return copy;
}

static gboolean
fail_library (const DhTrain *train, const DhTrainOp *op, GError **error)
{
  dh_cpu_set_error (error, node_of (train, op)->name, dnnl_out_of_memory);
  return FALSE;
}

static gboolean
run_forward_library (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const float *x = library_input (train, step);
  return dh_library_conv_forward (op->library, x, weight_of (train, op), bias_of (train, op), op->out->base,
                                  train->cancellable)
         || fail_library (train, op, error);
}

static gboolean
run_forward (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const gboolean ok = op->kind == DH_TRAIN_CONV_1X1   ? run_forward_1x1 (train, step, error)
                      : op->kind == DH_TRAIN_CONV_3X3 ? run_forward_3x3 (train, step, error)
                                                      : run_forward_library (train, step, error);
  if (ok)
    dh_train_measure (train, op->out);
  return ok;
}

/* The same again, into memory of the backward pass; its statistics are known. */
static gboolean
run_again (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  dh_train_bind_value (train, op->out, op->out->again);
  return op->kind == DH_TRAIN_CONV_1X1 ? run_forward_1x1 (train, step, error) : run_forward_3x3 (train, step, error);
}

static void
gradient_1x1_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint image = item / work->items;
  DhTrainValue *out = op->out;
  const gsize lanes = train->kernels->lanes;
  const float *dy[512], *y[512];
  DhCpuGradient1x1 g = { .route = dh_train_route (train, op->in, work->step->adds, image, part),
                         .dy = dy,
                         .out_planes = out->n_planes,
                         .pixels = (gint)out->pixels,
                         .weights = work->weights,
                         .sums = work->sums + part * work->sums_size };
  for (gint i = 0; i < out->n_planes; i++)
    {
      dy[i] = out->grad_base + image * out->image + i * out->pixels * lanes;
      y[i] = out->base + image * out->image + i * out->pixels * lanes;
    }
  if (out->measured && !bias_of (train, op))
    g.finish = (DhCpuFinish){ y, out->mean, out->finish_b, out->finish_c };
  train->gradients->gradient1x1 (&g, item % work->items, scratch);
}

/* Rows of one output channel. */
static void
unpack_1x1 (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint lanes = train->kernels->lanes, row = out_places (train, op);
  float *gradient = dh_tensor_f32 (train->gradient_of[op->node][0]);
  for (gint o = item * lanes; o < (item + 1) * lanes; o++)
    for (gint i = 0; op->out->channels[o] >= 0 && i < places (train, op); i++)
      {
        float sum = 0;
        if (op->in->channels[i] < 0)
          continue;
        for (gint p = 0; p < train->threads; p++)
          sum += work->sums[p * work->sums_size + (gsize)i * row + o];
        gradient[(gsize)op->out->channels[o] * op->in->c + op->in->channels[i]] += (float)(train->weight * sum);
      }
}

static gboolean
run_gradient_1x1 (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  Work work = { .train = train, .step = step, .op = op };
  work.sums = dh_train_memory (train, step->sums);
  work.sums_size = (gsize)places (train, op) * out_places (train, op);
  memset (work.sums, 0, work.sums_size * train->threads * sizeof (float));
  work.items = image_items (op, train->gradients->pixels);
  if (op->in->wants)
    {
      work.weights = dh_train_memory (train, step->weights);
      dh_train_run_items (train, (op->in->n_planes + 1) / 2, pack_turned_pair, &work);
      dh_train_begin_norm (train, op->in);
    }
  dh_train_run_items (train, work.items * train->images, gradient_1x1_item, &work);
  if (op->in->wants)
    dh_train_end_norm (train, op->in);
  dh_train_run_items (train, op->out->n_planes, unpack_1x1, &work);
  return TRUE;
}

static DhCpuGradient3x3
gradient_3x3_of (const DhTrain *train, const DhTrainOp *op)
{
  return (DhCpuGradient3x3){ .out_planes = op->out->n_planes,
                             .in.n_planes = op->in->n_planes,
                             .dilation = node_of (train, op)->dilation,
                             .tiles = op->tiles,
                             .n_tiles = op->n_tiles,
                             .tiles_per_item = op->out->n_planes * train->kernels->lanes <= 64 ? 56 : 112 };
}

static void
gradient_3x3_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint image = item / work->items;
  const float *dy[512];
  DhCpuGradient3x3 g = gradient_3x3_of (train, op);
  for (gint i = 0; i < op->out->n_planes; i++)
    dy[i] = op->out->grad_base + image * op->out->image + i * op->out->pixels * train->kernels->lanes;
  g.in = dh_train_input (train, op->in, image);
  g.dy = dy;
  g.sums = work->sums + part * work->sums_size;
  train->gradients->gradient3x3 (&g, item % work->items, scratch);
}

static void
data_3x3_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint image = item / work->items;
  const float *dy[512];
  for (gint i = 0; i < op->out->n_planes; i++)
    dy[i] = op->out->grad_base + image * op->out->image + i * op->out->pixels * train->kernels->lanes;
  DhCpuWinograd conv = winograd_of (train, op, op->in->n_planes);
  conv.in = (DhCpuInput){ .planes = dy, .n_planes = op->out->n_planes, .h = op->out->h, .w = op->out->w };
  conv.out = (DhCpuOutput){ .planes = work->targets + (gsize)image * op->in->n_planes,
                            .n_planes = op->in->n_planes,
                            .h = op->in->h,
                            .w = op->in->w };
  conv.weights = work->weights;
  train->kernels->winograd (&conv, item % work->items, scratch);
}

/* The gradient of what the view is read as, and where it goes first: straight to its place, or through memory. */
static float **
data_targets (const DhTrain *train, const DhTrainStep *step)
{
  const DhTrainView *view = step->op->in;
  if (step->direct)
    return g_memdup2 (view->grads, (gsize)view->n_planes * train->images * sizeof *view->grads);
  float **planes = g_new (float *, (gsize)view->n_planes * train->images);
  dh_train_planes (train, dh_train_memory (train, step->temporary), view->n_planes, (gsize)view->h * view->w, planes);
  return planes;
}

static void
route_data (DhTrain *train, const DhTrainStep *step, float *const *targets)
{
  const DhTrainView *view = step->op->in;
  if (!step->direct || view->norm || view->relu)
    dh_train_route_all (train, view, step->adds, targets);
}

static gboolean
run_gradient_3x3 (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  Work work = { .train = train, .step = step, .op = op };
  const DhCpuGradient3x3 shape = gradient_3x3_of (train, op);
  work.sums = dh_train_memory (train, step->sums);
  work.sums_size = (gsize)36 * places (train, op) * out_places (train, op);
  memset (work.sums, 0, work.sums_size * train->threads * sizeof (float));
  work.items = (op->n_tiles + shape.tiles_per_item - 1) / shape.tiles_per_item;
  dh_train_run_items (train, work.items * train->images, gradient_3x3_item, &work);
  work.filters = filters_of (train, op, work.sums, FALSE);
  work.filters.weight = dh_tensor_f32 (train->gradient_of[op->node][0]);
  work.filters.parts = train->threads;
  work.filters.part_stride = work.sums_size;
  work.filters.factor = train->weight;
  dh_train_run_items (train, op->in->n_planes, unpack_filters_item, &work);
  if (!op->in->wants)
    return TRUE;
  g_autofree float **targets = data_targets (train, step);
  float *weights = dh_train_memory (train, step->weights);
  work.weights = weights;
  work.targets = targets;
  work.filters = filters_of (train, op, weights, TRUE);
  work.items = winograd_items (train, op);
  dh_train_run_items (train, (op->in->n_planes + 1) / 2, pack_filters_item, &work);
  dh_train_run_items (train, work.items * train->images, data_3x3_item, &work);
  route_data (train, step, targets);
  return TRUE;
}

/* From dense N×C×H×W. */
static void
pack_row (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrainView *view = work->op->in;
  const gint per_image = view->n_planes * view->h, image = item / per_image;
  const DhCpuOutput out = {
    .planes = work->targets + (gsize)image * view->n_planes, .n_planes = view->n_planes, .h = view->h, .w = view->w
  };
  work->train->kernels->pack (work->sums + (gsize)image * view->c * view->h * view->w, view->channels, &out,
                              item % per_image);
}

static gboolean
run_gradient_library (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const float *x = library_input (train, step);
  float *gradient = dh_tensor_f32 (train->gradient_of[op->node][0]);
  float *bias_gradient = bias_of (train, op) ? dh_tensor_f32 (train->gradient_of[op->node][1]) : NULL;
  if (!dh_library_conv_backward_weights (op->library, x, op->out->grad_base, train->weight, gradient, bias_gradient,
                                         train->cancellable))
    return fail_library (train, op, error);
  if (!op->in->wants)
    return TRUE;
  g_autofree float **targets = data_targets (train, step);
  float *dx = dh_train_memory (train, op->plain_x ? step->dense2 : step->temporary);
  if (!dh_library_conv_backward_data (op->library, op->out->grad_base, weight_of (train, op), dx, train->cancellable))
    return fail_library (train, op, error);
  Work work = { .train = train, .op = op, .targets = targets, .sums = dx };
  if (op->plain_x)
    dh_train_run_items (train, train->images * op->in->n_planes * op->in->h, pack_row, &work);
  dh_train_route_all (train, op->in, step->adds, targets);
  return TRUE;
}

static gboolean
run_backward (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const gboolean has_bias = bias_of (train, op) != NULL;
  if (op->out->measured && op->kind == DH_TRAIN_CONV_1X1 && !has_bias)
    for (gint i = 0; i < out_places (train, op); i++)
      {
        op->out->finish_b[i] = (float)op->out->b[i];
        op->out->finish_c[i] = (float)op->out->c_sum[i];
      }
  else
    dh_train_finish (train, op->out);
  if (op->kind == DH_TRAIN_CONV_LIBRARY)
    return run_gradient_library (train, step, error);
  add_bias_gradient (train, op);
  return op->kind == DH_TRAIN_CONV_1X1 ? run_gradient_1x1 (train, step) : run_gradient_3x3 (train, step);
}

/* Memory of a forward step, whose step is the last one listed. */
static void
need_forward (DhTrain *train, DhTrainOp *op, DhTrainStep *step)
{
  const gsize count = (gsize)places (train, op) * out_places (train, op);
  dh_train_touch_view (train, op->in);
  dh_train_touch_value (train, op->out);
  step->flop = dh_graph_node_flop (train->graph, train->shapes, op->node);
  if (op->kind == DH_TRAIN_CONV_LIBRARY)
    {
      if (op->in->values[0]->raw)
        return;
      step->dense = dh_train_block (train, (gsize)places (train, op) * op->in->h * op->in->w * train->images * 4);
      dh_train_touch (train, step->dense);
      return;
    }
  step->weights = dh_train_block (train, count * (op->kind == DH_TRAIN_CONV_3X3 ? 36 : 1) * sizeof (float));
  dh_train_touch (train, step->weights);
  if (op->kind == DH_TRAIN_CONV_1X1)
    {
      const DhCpuConv1x1 conv = { .in = { .n_planes = op->in->n_planes },
                                  .out = { .n_planes = op->out->n_planes },
                                  .pixels_at_once = pixels_at_once (train) };
      dh_train_need_scratch (train, train->kernels->conv1x1_scratch (&conv));
      return;
    }
  DhCpuWinograd conv = winograd_of (train, op, op->out->n_planes);
  conv.in.n_planes = op->in->n_planes;
  dh_train_need_scratch (train, train->kernels->winograd_scratch (&conv));
}

static void
list_forward (DhTrain *train, DhTrainOp *op)
{
  static const char *const words[] = { "forward 1×1", "forward winograd 4×4", NULL };
  g_autofree char *library = op->library ? g_strconcat ("forward ", dh_library_conv_name (op->library, 0), NULL) : NULL;
  DhTrainStep *step = dh_train_step_new (train, op, library ? library : words[op->kind], run_forward);
  need_forward (train, op, step);
}

/* The values of a view that are made again: each once, and what it is made of before it. */
static void
list_again (DhTrain *train, const DhTrainView *view)
{
  for (gint i = 0; i < view->n_planes; i++)
    {
      DhTrainValue *value = view->values[i];
      if (!value->again || value->listed_again)
        continue;
      value->listed_again = TRUE;
      for (guint j = 0; j < train->ops->len; j++)
        {
          DhTrainOp *maker = g_ptr_array_index (train->ops, j);
          if (maker->out != value)
            continue;
          list_again (train, maker->in);
          DhTrainStep *again = dh_train_step_new (train, maker, "again", run_again);
          need_forward (train, maker, again);
        }
    }
}

static void
list_backward (DhTrain *train, DhTrainOp *op)
{
  static const char *const words[] = { "backward 1×1", "backward winograd 4×4", NULL };
  g_autofree char *library =
      op->library ? g_strconcat ("backward ", dh_library_conv_name (op->library, 2), NULL) : NULL;
  list_again (train, op->in);
  DhTrainStep *step = dh_train_step_new (train, op, library ? library : words[op->kind], run_backward);
  const gsize count = (gsize)places (train, op) * out_places (train, op) * sizeof (float);
  const gsize bytes = (gsize)places (train, op) * op->in->h * op->in->w * train->images * sizeof (float);
  step->flop = (op->in->wants ? 2 : 1) * dh_graph_node_flop (train->graph, train->shapes, op->node);
  dh_train_touch_view (train, op->in);
  dh_train_touch_grad (train, op->out);
  if (op->out->measured)
    dh_train_touch_value (train, op->out);
  if (op->in->wants)
    {
      step->direct = op->kind == DH_TRAIN_CONV_3X3 && dh_train_is_fresh (op->in);
      step->adds = dh_train_touch_grads (train, op->in);
      if (op->kind != DH_TRAIN_CONV_1X1 && !step->direct)
        dh_train_touch (train, step->temporary = dh_train_block (train, bytes));
    }
  if (op->kind == DH_TRAIN_CONV_LIBRARY)
    {
      if (!op->in->values[0]->raw)
        dh_train_touch (train, step->dense = dh_train_block (train, bytes));
      if (op->plain_x && op->in->wants)
        dh_train_touch (train, step->dense2 = dh_train_block (train, bytes));
      return;
    }
  const gsize factor = op->kind == DH_TRAIN_CONV_3X3 ? 36 : 1;
  dh_train_touch (train, step->sums = dh_train_block (train, count * factor * train->threads));
  if (op->in->wants)
    dh_train_touch (train, step->weights = dh_train_block (train, count * factor));
  if (op->kind == DH_TRAIN_CONV_1X1)
    {
      const DhCpuGradient1x1 shape = { .out_planes = op->out->n_planes };
      dh_train_need_scratch (train, train->gradients->gradient1x1_scratch (&shape));
      return;
    }
  const DhCpuGradient3x3 shape = gradient_3x3_of (train, op);
  dh_train_need_scratch (train, train->gradients->gradient3x3_scratch (&shape));
  DhCpuWinograd conv = winograd_of (train, op, op->in->n_planes);
  conv.in.n_planes = op->out->n_planes;
  dh_train_need_scratch (train, train->kernels->winograd_scratch (&conv));
}

/* Tiles of each of the dilation² phases, row by row. */
static const DhCpuTile *
make_tiles (DhTrain *train, gint h, gint w, gint dilation, gint *n_tiles)
{
  DhCpuTile *tiles = NULL;
  for (gint pass = 0; pass < 2; pass++)
    {
      tiles = pass ? dh_train_alloc (train, *n_tiles, sizeof *tiles) : NULL;
      *n_tiles = 0;
      for (gint py = 0; py < MIN (dilation, h); py++)
        for (gint px = 0; px < MIN (dilation, w); px++)
          for (gint y = py; y < h; y += 4 * dilation)
            for (gint x = px; x < w; x += 4 * dilation, (*n_tiles)++)
              if (tiles)
                tiles[*n_tiles] = (DhCpuTile){ y, x };
    }
  return tiles;
}

static DhTrainConvKind
choose (const DhTrain *train, const DhNode *node, const DhTrainView *in)
{
  const gsize lanes = train->kernels->lanes;
  const gsize transformed = 36 * (gsize)in->n_planes * lanes * ((gsize)node->channels + lanes) * sizeof (float);
  if (node->stride != 1 || in->values[0]->raw || node->channels > (gint)(512 * lanes))
    return DH_TRAIN_CONV_LIBRARY;
  if (node->kernel == 1 && node->padding == 0)
    return DH_TRAIN_CONV_1X1;
  const gint64 tiles = (gint64)train->images * ((in->h + 3) / 4) * ((in->w + 3) / 4);
  if (node->kernel == 3 && node->padding == node->dilation && node->dilation <= 4 && tiles >= FEWEST_TILES
      && transformed <= MOST_TRANSFORMED_BYTES)
    return DH_TRAIN_CONV_3X3;
  return DH_TRAIN_CONV_LIBRARY;
}

DhTrainOp *
dh_train_add_conv (DhTrain *train, DhValue at, DhTrainView *in)
{
  const DhNode *node = dh_graph_node (train->graph, at);
  const DhShape shape = train->shapes[at], from = train->shapes[node->inputs[0]];
  const gint lanes = train->kernels->lanes;
  DhTrainOp *op = dh_train_alloc (train, 1, sizeof *op);
  *op = (DhTrainOp){ .node = at, .list_forward = list_forward, .list_backward = list_backward, .in = in };
  op->out = dh_train_value_new (train, shape.c, shape.h, shape.w, NULL, 0);
  op->out->wants = op->out->is_conv = TRUE;
  op->kind = choose (train, node, in);
  if (op->kind == DH_TRAIN_CONV_3X3)
    op->tiles = make_tiles (train, shape.h, shape.w, node->dilation, &op->n_tiles);
  g_ptr_array_add (train->ops, op);
  if (op->kind != DH_TRAIN_CONV_LIBRARY)
    return op;
  op->plain_x = in->values[0]->raw || in->n_planes != (in->c + lanes - 1) / lanes;
  for (gint i = 0; i < in->n_planes * lanes && !op->plain_x; i++)
    op->plain_x = in->channels[i] != (i < in->c ? i : -1);
  op->library = dh_library_conv_new (train->device, node, from, shape, op->plain_x, in->wants,
                                     train->failure ? NULL : &train->failure);
  return op;
}
