#include <string.h>
#include "dh-train-conv-private.h"

/* 1×1 convolutions of stride 1, which read through norm and ReLU. */

static void
pack_item (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  work->train->gradients->pack_taps (&work->filters, item);
}

/* Input planes whose weights stand together. */
static gint
run_planes (const DhTrain *train, gint ins)
{
  const gint run = train->bf16 ? train->kernels->run_bf16 : train->kernels->run;
  return run > 0 ? run : ins;
}

/* `turned`: for the gradient of the input, which knows no runs where one kernel makes both gradients. */
static void
pack (DhTrain *train, DhTrainConvWork *work, gboolean turned)
{
  const DhTrainOp *op = work->op;
  const gint ins = op->in->n_planes, outs = op->out->n_planes;
  work->filters = (DhCpuFilters){ .weight = dh_train_conv_weight (train, op),
                                  .in_stride = turned ? op->in->c : 1,
                                  .out_stride = turned ? 1 : op->in->c,
                                  .ins = turned ? op->out->channels : op->in->channels,
                                  .outs = turned ? op->in->channels : op->out->channels,
                                  .in_planes = turned ? outs : ins,
                                  .out_planes = turned ? ins : outs,
                                  .bf16 = train->bf16,
                                  .taps = 1,
                                  .run = turned && !op->wide ? outs : run_planes (train, turned ? outs : ins),
                                  .packed = dh_train_memory (train, work->step->weights) };
  work->weights = work->filters.packed;
  dh_train_run_items (train, (work->filters.out_planes + 1) / 2, pack_item, work);
}

/* Cut finer where they are too few items. */
static gint
fit (const DhTrain *train, const DhTrainOp *op, gint pixels, gint tile)
{
  return dh_cpu_fit_pixels (pixels, (gint64)op->out->pixels, tile, train->images, train->threads);
}

/* Of an item of the 1×1 kernel: as the inference plan's first choice. */
static gint
pixels_at_once (const DhTrain *train, const DhTrainOp *op)
{
  const gint tile = train->kernels->tile, coarse = train->kernels->coarse_tile;
  return train->bf16 ? fit (train, op, coarse * ((112 + coarse / 2) / coarse), coarse)
                     : fit (train, op, tile * (112 / tile), tile);
}

/* In bfloat16 twice as many take the same room, and sums go through memory half as often. */
static gint
gradient_pixels (const DhTrain *train, const DhTrainOp *op)
{
  return train->bf16 ? fit (train, op, 2 * train->gradients->pixels, train->kernels->coarse_tile)
                     : fit (train, op, train->gradients->pixels, train->kernels->tile);
}

/* An item of the 1×1 kernel, which makes `planes` planes. */
static void
make_item (const DhTrainConvWork *work, DhCpuInput in, gint planes, gint item, float *scratch)
{
  const DhTrain *train = work->train;
  const DhCpuConv1x1 conv = {
    .in = in,
    .out = { .planes = work->targets + (gsize)(item / work->items) * planes, .n_planes = planes, .h = in.h, .w = in.w },
    .stride = 1,
    .pixels_at_once = pixels_at_once (train, work->op),
    .bf16 = train->bf16,
    .weights = work->weights,
    .bias = work->bias
  };
  train->kernels->conv1x1 (&conv, item % work->items, scratch);
}

static void
forward_1x1_item (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  const DhTrainOp *op = work->op;
  make_item (work, dh_train_input (work->train, op->in, item / work->items), op->out->n_planes, item, scratch);
}

static gint
image_items (const DhTrainOp *op, gint at_once)
{
  return (gint)((op->out->pixels + at_once - 1) / at_once);
}

gboolean
dh_train_conv1x1_forward (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  g_autofree float **targets = dh_train_conv_out_planes (train, op, op->out->base);
  g_autofree float *bias = dh_train_conv_pack_bias (train, op);
  DhCpuConv1x1 shape = { .out = { .h = op->out->h, .w = op->out->w }, .pixels_at_once = pixels_at_once (train, op) };
  DhTrainConvWork work = { .train = train, .step = step, .op = op, .bias = bias, .targets = targets };
  work.items = train->kernels->conv1x1_items (&shape);
  pack (train, &work, FALSE);
  dh_train_run_items (train, work.items * train->images, forward_1x1_item, &work);
  return TRUE;
}

static void
gradient_1x1_item (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
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
                         .pixels_at_once = gradient_pixels (train, op),
                         .bf16 = train->bf16,
                         .weights = work->weights,
                         .sums = work->sums + part * work->sums_size };
  for (gint i = 0; i < out->n_planes; i++)
    {
      dy[i] = out->grad_base + image * out->image + i * out->pixels * lanes;
      y[i] = out->base + image * out->image + i * out->pixels * lanes;
    }
  if (out->measured && !dh_train_conv_bias (train, op))
    g.finish = (DhCpuFinish){ y, out->mean, out->finish_b, out->finish_c };
  train->gradients->gradient1x1 (&g, item % work->items, scratch);
}

/* Where the sum of the first place of an input plane and of a place of the result stands. */
static gsize
sum_place (const DhTrain *train, const DhTrainOp *op, gint plane, gint out)
{
  const gsize lanes = train->kernels->lanes, block = lanes * lanes;
  const gint out_plane = out / (gint)lanes, lane = out % (gint)lanes;
  if (dh_train_conv_by_output (train))
    return ((gsize)out_plane * op->in->n_planes + plane) * block + lane * lanes;
  return ((gsize)plane * op->out->n_planes + out_plane) * block + lane;
}

/* Of one plane of what was read and one channel of the result, the sums of all threads. */
static void
unpack_sums (const DhTrainConvWork *work, gint plane, gint out, float *gradient)
{
  const DhTrain *train = work->train;
  const gint lanes = train->kernels->lanes, step = dh_train_conv_by_output (train) ? 1 : lanes;
  const gint *channels = work->op->in->channels + plane * lanes;
  const float *from = work->sums + sum_place (train, work->op, plane, out);
  for (gint i = 0; i < lanes; i++)
    {
      float sum = 0;
      for (gint p = 0; p < train->threads; p++)
        sum += from[p * work->sums_size + i * step];
      if (channels[i] >= 0)
        gradient[channels[i]] += (float)(train->weight * sum);
    }
}

/* A plane of the result. */
static void
unpack_1x1 (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint lanes = train->kernels->lanes;
  float *gradient = dh_tensor_f32 (train->gradient_of[op->node][0]);
  for (gint o = item * lanes; o < (item + 1) * lanes; o++)
    for (gint b = 0; op->out->channels[o] >= 0 && b < op->in->n_planes; b++)
      unpack_sums (work, b, o, gradient + (gsize)op->out->channels[o] * op->in->c);
}

static void
data_1x1_item (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  const DhTrainOp *op = work->op;
  const float *dy[512];
  dh_train_gradient_planes (work->train, op->out, item / work->items, dy);
  const DhCpuInput in = { .planes = dy, .n_planes = op->out->n_planes, .h = op->out->h, .w = op->out->w };
  make_item (work, in, op->in->n_planes, item, scratch);
}

/* Both gradients, one after the other. */
static void
run_wide (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  dh_train_blocks (train, step);
  if (!op->in->wants)
    return;
  g_autofree float **targets = dh_train_conv_targets (train, step);
  g_autofree float *bias = g_new0 (float, (op->in->n_planes + 2) * train->kernels->lanes);
  DhTrainConvWork work = { .train = train, .step = step, .op = op, .bias = bias, .targets = targets };
  pack (train, &work, TRUE);
  work.items = image_items (op, pixels_at_once (train, op));
  dh_train_run_items (train, work.items * train->images, data_1x1_item, &work);
  dh_train_conv_route (train, step, targets);
}

gboolean
dh_train_conv1x1_backward (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  if (op->wide)
    {
      run_wide (train, step);
      return TRUE;
    }
  DhTrainConvWork work = { .train = train, .step = step, .op = op };
  work.sums = dh_train_memory (train, step->sums);
  work.sums_size = (gsize)dh_train_conv_places (train, op) * dh_train_conv_out_places (train, op);
  memset (work.sums, 0, work.sums_size * train->threads * sizeof (float));
  work.items = image_items (op, gradient_pixels (train, op));
  if (op->in->wants)
    {
      pack (train, &work, TRUE);
      dh_train_begin_norm (train, op->in);
    }
  dh_train_run_items (train, work.items * train->images, gradient_1x1_item, &work);
  if (op->in->wants)
    dh_train_end_norm (train, op->in);
  dh_train_run_items (train, op->out->n_planes, unpack_1x1, &work);
  return TRUE;
}

static void
need_conv (DhTrain *train, const DhTrainOp *op, gint ins, gint outs)
{
  const DhCpuConv1x1 conv = { .in = { .n_planes = ins },
                              .out = { .n_planes = outs },
                              .pixels_at_once = pixels_at_once (train, op),
                              .bf16 = train->bf16 };
  dh_train_need_scratch (train, train->kernels->conv1x1_scratch (&conv));
}

void
dh_train_conv1x1_need_forward (DhTrain *train, const DhTrainOp *op)
{
  need_conv (train, op, op->in->n_planes, op->out->n_planes);
}

void
dh_train_conv1x1_need_backward (DhTrain *train, const DhTrainOp *op)
{
  if (op->wide)
    {
      dh_train_blocks_need (train, op);
      need_conv (train, op, op->out->n_planes, op->in->n_planes);
      return;
    }
  const DhCpuGradient1x1 shape = { .out_planes = op->out->n_planes,
                                   .pixels_at_once = gradient_pixels (train, op),
                                   .bf16 = train->bf16 };
  dh_train_need_scratch (train, train->gradients->gradient1x1_scratch (&shape));
}
