#include <string.h>
#include "dh-train-conv-private.h"

/* 3×3 convolutions of stride 1 as Winograd's F(4×4, 3×3), which read through norm and ReLU. */

/* Bytes of transformed weights, four times as many as they are, that are made at a time. */
#define MOST_WEIGHT_BYTES ((gsize)40 << 20)

/* What a product makes at once. */
static gint
tile_of (const DhTrain *train)
{
  return train->bf16 ? train->kernels->coarse_tile : train->kernels->tile;
}

/* Of the weights for so many planes of the result. */
static gsize
weight_bytes (const DhTrain *train, gint ins, gint outs)
{
  const gsize lanes = train->kernels->lanes;
  const gint whole = dh_cpu_whole_panels (ins, train->bf16 ? train->kernels->panel_bf16 : 1);
  return 36 * lanes * lanes * whole * outs * (train->bf16 ? sizeof (guint16) : sizeof (float));
}

/* Planes of the result made in one go. */
static gint
planes_at_once (const DhTrain *train, gint ins, gint outs)
{
  const gsize fit = train->parts ? 1 : MOST_WEIGHT_BYTES / weight_bytes (train, ins, 2);
  return (gint)MIN ((gsize)outs, 2 * MAX (1, fit));
}

gsize
dh_train_conv3x3_weight_bytes (const DhTrain *train, const DhTrainOp *op, gboolean turned)
{
  const gint ins = turned ? op->out->n_planes : op->in->n_planes, outs = turned ? op->in->n_planes : op->out->n_planes;
  return weight_bytes (train, ins, planes_at_once (train, ins, outs));
}

static gint
tiles_per_item (const DhTrain *train, const DhTrainOp *op)
{
  const gsize count = (gsize)36 * dh_train_conv_places (train, op) * dh_train_conv_out_places (train, op);
  const gsize bytes = count * (train->bf16 ? sizeof (guint16) : sizeof (float));
  const gint rounds = bytes <= (1u << 20) ? 1 : bytes <= (16u << 20) ? 2 : 4;
  const gint tile = tile_of (train);
  return tile > train->kernels->tile ? tile * MIN (rounds, 2) : tile * MAX (1, rounds * 14 / tile);
}

/* Of `outs` planes of what is made. */
static DhCpuWinograd
winograd_of (const DhTrain *train, const DhTrainOp *op, gint outs)
{
  DhCpuWinograd conv = { .dilation = dh_train_conv_node (train, op)->dilation,
                         .tiles = op->tiles,
                         .n_tiles = op->n_tiles,
                         .tiles_per_item = tiles_per_item (train, op),
                         .bf16 = train->bf16,
                         .out.n_planes = outs,
                         .out_chunk = MIN ((outs + 1) & ~1, MAX (2, 128 / train->kernels->lanes)) };
  dh_cpu_fit_winograd (&conv, train->kernels, train->images, train->threads);
  return conv;
}

static void
forward_3x3_item (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  const DhTrainOp *op = work->op;
  const gint image = item / work->items;
  DhCpuWinograd conv = winograd_of (work->train, op, work->planes);
  conv.in = dh_train_input (work->train, op->in, image);
  conv.out = (DhCpuOutput){ .planes = work->targets + (gsize)image * op->out->n_planes + work->first,
                            .n_planes = work->planes,
                            .h = op->out->h,
                            .w = op->out->w };
  conv.weights = work->weights;
  conv.bias = work->bias + work->first * work->train->kernels->lanes;
  work->train->kernels->winograd (&conv, item % work->items, scratch);
}

static void
pack_filters_item (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  work->train->gradients->pack_filters (&work->filters, item);
}

static void
unpack_filters_item (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  work->train->gradients->unpack_filters (&work->filters, item);
}

static DhCpuFilters
filters_of (const DhTrain *train, const DhTrainOp *op, float *packed, gboolean turned)
{
  const gsize per_out = 9 * (gsize)op->in->c;
  DhCpuFilters filters = { .weight = dh_train_conv_weight (train, op),
                           .in_stride = turned ? per_out : 9,
                           .out_stride = turned ? 9 : per_out,
                           .ins = turned ? op->out->channels : op->in->channels,
                           .outs = turned ? op->in->channels : op->out->channels,
                           .in_planes = turned ? op->out->n_planes : op->in->n_planes,
                           .out_planes = turned ? op->in->n_planes : op->out->n_planes,
                           .turned = turned,
                           .bf16 = train->bf16,
                           .packed = packed };
  return filters;
}

/* Go by go: the weights of some planes of the result, then those planes. */
static void
run_winograd (DhTrainConvWork *work, gboolean turned, DhTrainItem item)
{
  DhTrain *train = work->train;
  work->filters = filters_of (train, work->op, (float *)work->weights, turned);
  const gint *outs = work->filters.outs;
  const gint all = work->filters.out_planes, at_once = planes_at_once (train, work->filters.in_planes, all);
  for (work->first = 0; work->first < all; work->first += at_once)
    {
      work->planes = work->filters.out_planes = MIN (at_once, all - work->first);
      work->filters.outs = outs + work->first * train->kernels->lanes;
      const DhCpuWinograd conv = winograd_of (train, work->op, work->planes);
      work->items = train->kernels->winograd_items (&conv);
      dh_train_run_items (train, (work->planes + 1) / 2, pack_filters_item, work);
      dh_train_run_items (train, work->items * train->images, item, work);
    }
}

gboolean
dh_train_conv3x3_forward (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  g_autofree float **targets = dh_train_conv_out_planes (train, op, op->out->base);
  g_autofree float *bias = dh_train_conv_pack_bias (train, op);
  DhTrainConvWork work = { .train = train, .step = step, .op = op, .bias = bias, .targets = targets };
  work.weights = dh_train_memory (train, step->weights);
  run_winograd (&work, FALSE, forward_3x3_item);
  return TRUE;
}

/* Of an item of the weights' gradient; large products sum up whole tiles of them. */
static gint
gradient_tiles (const DhTrain *train, const DhTrainOp *op)
{
  const gint tile = tile_of (train), most = op->out->n_planes * train->kernels->lanes <= 64 ? 56 : 112;
  const gint tiles = tile > train->kernels->tile ? (most + tile - 1) / tile * tile : most;
  return dh_cpu_fit_pixels (tiles, op->n_tiles, tile, train->images, train->threads);
}

static DhCpuGradient3x3
gradient_3x3_of (const DhTrain *train, const DhTrainOp *op)
{
  return (DhCpuGradient3x3){ .out_planes = op->out->n_planes,
                             .in.n_planes = op->in->n_planes,
                             .dilation = dh_train_conv_node (train, op)->dilation,
                             .bf16 = train->bf16,
                             .tiles = op->tiles,
                             .n_tiles = op->n_tiles,
                             .tiles_per_item = gradient_tiles (train, op) };
}

static void
gradient_3x3_item (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint image = item / work->items;
  const float *dy[512];
  DhCpuGradient3x3 g = gradient_3x3_of (train, op);
  dh_train_gradient_planes (train, op->out, image, dy);
  g.in = dh_train_input (train, op->in, image);
  g.dy = dy;
  g.sums = work->sums + part * work->sums_size;
  train->gradients->gradient3x3 (&g, item % work->items, scratch);
}

static void
data_3x3_item (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint image = item / work->items;
  const float *dy[512];
  dh_train_gradient_planes (train, op->out, image, dy);
  DhCpuWinograd conv = winograd_of (train, op, work->planes);
  conv.in = (DhCpuInput){ .planes = dy, .n_planes = op->out->n_planes, .h = op->out->h, .w = op->out->w };
  conv.out = (DhCpuOutput){ .planes = work->targets + (gsize)image * op->in->n_planes + work->first,
                            .n_planes = work->planes,
                            .h = op->in->h,
                            .w = op->in->w };
  conv.weights = work->weights;
  train->kernels->winograd (&conv, item % work->items, scratch);
}

/* Of the weights, each thread with sums of its own. */
static void
add_sums (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  DhTrainConvWork work = { .train = train, .step = step, .op = op };
  const DhCpuGradient3x3 shape = gradient_3x3_of (train, op);
  work.sums = dh_train_memory (train, step->sums);
  work.sums_size = (gsize)36 * dh_train_conv_places (train, op) * dh_train_conv_out_places (train, op);
  memset (work.sums, 0, work.sums_size * train->threads * sizeof (float));
  work.items = (op->n_tiles + shape.tiles_per_item - 1) / shape.tiles_per_item;
  dh_train_run_items (train, work.items * train->images, gradient_3x3_item, &work);
  /* By output, they have ins and outs the other way round, as filters that are turned. */
  work.filters = filters_of (train, op, work.sums, dh_train_conv_by_output (train));
  work.filters.weight = dh_tensor_f32 (train->gradient_of[op->node][0]);
  work.filters.parts = train->threads;
  work.filters.part_stride = work.sums_size;
  work.filters.factor = train->weight;
  dh_train_run_items (train, work.filters.in_planes, unpack_filters_item, &work);
}

gboolean
dh_train_conv3x3_backward (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  if (op->wide)
    dh_train_blocks (train, step);
  else
    add_sums (train, step);
  if (!op->in->wants)
    return TRUE;
  g_autofree float **targets = dh_train_conv_targets (train, step);
  DhTrainConvWork work = { .train = train, .step = step, .op = op, .targets = targets };
  work.weights = dh_train_memory (train, step->weights);
  run_winograd (&work, TRUE, data_3x3_item);
  dh_train_conv_route (train, step, targets);
  return TRUE;
}

/* Tiles of each of the dilation² phases, row by row. */
const DhCpuTile *
dh_train_conv3x3_tiles (DhTrain *train, gint h, gint w, gint dilation, gint *n_tiles)
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

/* Scratch of a pass, of a go and of the last one: fewer planes may be cut into items of more tiles. */
static void
need_goes (DhTrain *train, const DhTrainOp *op, gint ins, gint outs)
{
  const gint at_once = planes_at_once (train, ins, outs), goes[] = { at_once, outs % at_once };
  for (guint i = 0; i < G_N_ELEMENTS (goes) && goes[i] > 0; i++)
    {
      DhCpuWinograd conv = winograd_of (train, op, goes[i]);
      conv.in.n_planes = ins;
      dh_train_need_scratch (train, train->kernels->winograd_scratch (&conv));
    }
}

void
dh_train_conv3x3_need_forward (DhTrain *train, const DhTrainOp *op)
{
  need_goes (train, op, op->in->n_planes, op->out->n_planes);
}

void
dh_train_conv3x3_need_backward (DhTrain *train, const DhTrainOp *op)
{
  const DhCpuGradient3x3 shape = gradient_3x3_of (train, op);
  if (op->wide)
    dh_train_blocks_need (train, op);
  else
    dh_train_need_scratch (train, train->gradients->gradient3x3_scratch (&shape));
  need_goes (train, op, op->out->n_planes, op->in->n_planes);
}
