#include <string.h>
#include "dh-train-conv-private.h"

/* The weights' gradient of a wide convolution, block by block of channels: see DhCpuBlocks. */

/* Tiles and pixels that are gathered at most, in whole tiles of sums over pixels: of tiles, the planes of a block stay
 * in the caches. */
#define MOST_TILES 224
#define MOST_PIXELS 1536
#define WHOLE 32
/* Planes of the input of an item: so many read the same gathered planes of the result. And items for each thread. */
#define MOST_INS 16
#define ITEMS_A_THREAD 4

typedef struct
{
  DhTrain *train;
  const DhTrainOp *op;
  DhCpuGather x, dy;
  DhCpuBlocks blocks;
  float *apart; /* gradients of several taps, one after the other, before they are joined */
} Work;

static gint
places_of (const DhTrainOp *op)
{
  return op->kind == DH_TRAIN_CONV_3X3 ? 36 : 1;
}

static gint
most_of (const DhTrain *train, const DhTrainOp *op)
{
  return train->parts ? WHOLE : places_of (op) > 1 ? MOST_TILES : MOST_PIXELS;
}

/* Of `all`, in parts of one size. */
static gint
at_once (const DhTrain *train, const DhTrainOp *op, gint64 all)
{
  const gint64 parts = MAX (1, (all + most_of (train, op) - 1) / most_of (train, op));
  return (gint)(((all + parts - 1) / parts + WHOLE - 1) / WHOLE * WHOLE);
}

static gint64
all_of (const DhTrain *train, const DhTrainOp *op)
{
  return train->images * (op->kind == DH_TRAIN_CONV_3X3 ? op->n_tiles : (gint64)op->out->pixels);
}

/* Of any part of all: where a tap reads fewer pixels, its parts may be larger. */
static gint
largest_part (const DhTrain *train, const DhTrainOp *op)
{
  return (gint)MIN (most_of (train, op), (all_of (train, op) + WHOLE - 1) / WHOLE * WHOLE);
}

/* Both operands, gathered. */
static gsize
gathered (const DhTrain *train, const DhTrainOp *op)
{
  const gsize plane = train->gradients->gathered_floats (places_of (op), largest_part (train, op), train->bf16);
  return (op->in->n_planes + op->out->n_planes) * plane;
}

/* The gradient of one tap. */
static gsize
tap_size (const DhTrainOp *op)
{
  return (gsize)op->out->c * op->in->c;
}

static gint
taps_of (const DhTrain *train, const DhTrainOp *op)
{
  const DhNode *node = dh_train_conv_node (train, op);
  return op->kind == DH_TRAIN_CONV_3X3 ? 1 : node->kernel * node->kernel;
}

gsize
dh_train_blocks_bytes (const DhTrain *train, const DhTrainOp *op)
{
  const gint taps = taps_of (train, op);
  return (gathered (train, op) + (taps > 1 ? taps * tap_size (op) : 0)) * sizeof (float);
}

void
dh_train_blocks_need (DhTrain *train, const DhTrainOp *op)
{
  const DhCpuGather gather = { .places = places_of (op), .n = largest_part (train, op), .bf16 = train->bf16 };
  const DhCpuBlocks blocks = { .places = places_of (op) };
  dh_train_need_scratch (train,
                         MAX (train->gradients->gather_scratch (&gather), train->gradients->blocks_scratch (&blocks)));
}

/* A plane of either operand. */
static void
gather_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const gint ins = work->x.in.n_planes;
  work->train->gradients->gather (item < ins ? &work->x : &work->dy, item < ins ? item : item - ins, scratch);
}

static void
block_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  work->train->gradients->blocks (&work->blocks, item, scratch);
}

/* All tiles or pixels that both operands name, `all` of all images. */
static void
add (Work *work, float *memory, gint64 all)
{
  DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint most = at_once (train, op, all), planes = op->in->n_planes + op->out->n_planes;
  for (gint64 first = 0; first < all; first += most)
    {
      const gint n = (gint)MIN (most, all - first);
      const gsize plane = train->gradients->gathered_floats (places_of (op), n, train->bf16);
      work->x.first = work->dy.first = (gint)first;
      work->x.n = work->dy.n = work->blocks.n = n;
      work->x.to = memory;
      work->dy.to = memory + op->in->n_planes * plane;
      work->blocks.x = work->x.to;
      work->blocks.dy = work->dy.to;
      dh_train_run_items (train, planes, gather_item, work);
      dh_train_run_items (train, train->gradients->blocks_items (&work->blocks), block_item, work);
    }
}

/* Where taps from `offset` on, `stride` apart, read inside of `in`: the first of `out` outputs, and their number. */
static gint
inside (gint in, gint out, gint stride, gint offset, gint *first)
{
  *first = offset < 0 ? (-offset + stride - 1) / stride : 0;
  const gint end = in - 1 - offset < 0 ? 0 : MIN (out, (in - 1 - offset) / stride + 1);
  return MAX (0, end - *first);
}

/* The gradients of taps, each for itself, to their places: one channel of the result. */
static void
join_item (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const gint ins = work->op->in->c, taps = taps_of (work->train, work->op);
  const float *from = work->apart + (gsize)item * ins;
  float *to = dh_tensor_f32 (work->train->gradient_of[work->op->node][0]) + (gsize)item * ins * taps;
  for (gint i = 0; i < ins; i++)
    for (gint tap = 0; tap < taps; tap++)
      *to++ += from[tap * tap_size (work->op) + i];
}

/* Of the pixels that the tap reads. */
static void
add_tap (Work *work, gint tap, float *memory)
{
  const DhTrainOp *op = work->op;
  const DhNode *node = dh_train_conv_node (work->train, op);
  const gint down = tap / node->kernel * node->dilation - node->padding;
  const gint right = tap % node->kernel * node->dilation - node->padding;
  DhCpuGather *x = &work->x, *dy = &work->dy;
  dy->rows = x->rows = inside (op->in->h, op->out->h, node->stride, down, &dy->y);
  dy->columns = x->columns = inside (op->in->w, op->out->w, node->stride, right, &dy->x);
  dy->step = 1;
  x->step = node->stride;
  x->y = dy->y * node->stride + down;
  x->x = dy->x * node->stride + right;
  add (work, memory, (gint64)work->train->images * x->rows * x->columns);
}

/* In the gradient, those of a pair of channels stand side by side, and each tap would go through all of it. */
static void
add_taps (Work *work, float *memory)
{
  const DhTrainOp *op = work->op;
  const gint taps = taps_of (work->train, op);
  work->blocks.filters.in_stride = 1;
  work->blocks.filters.out_stride = op->in->c;
  if (taps > 1)
    {
      work->apart = memory + gathered (work->train, op);
      memset (work->apart, 0, taps * tap_size (op) * sizeof (float));
    }
  for (gint tap = 0; tap < taps; tap++)
    {
      if (taps > 1)
        work->blocks.filters.weight = work->apart + tap * tap_size (op);
      add_tap (work, tap, memory);
    }
  if (taps > 1)
    dh_train_run_items (work->train, op->out->c, join_item, work);
}

void
dh_train_blocks (DhTrain *train, const DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  const DhNode *node = dh_train_conv_node (train, op);
  const gsize taps = (gsize)node->kernel * node->kernel;
  const gint places = places_of (op);
  g_autofree float **dy = dh_train_conv_out_planes (train, op, op->out->grad_base);
  Work work = { .train = train, .op = op };
  work.x = (DhCpuGather){ .in = dh_train_input (train, op->in, 0),
                          .places = places,
                          .tiles = op->tiles,
                          .n_tiles = op->n_tiles,
                          .dilation = node->dilation,
                          .bf16 = train->bf16 };
  work.dy = work.x;
  work.dy.of_result = TRUE;
  work.dy.in = (DhCpuInput){
    .planes = (const float *const *)dy, .n_planes = op->out->n_planes, .h = op->out->h, .w = op->out->w
  };
  work.blocks.places = places;
  work.blocks.filters = (DhCpuFilters){ .weight = dh_tensor_f32 (train->gradient_of[op->node][0]),
                                        .in_stride = taps,
                                        .out_stride = taps * op->in->c,
                                        .ins = op->in->channels,
                                        .outs = op->out->channels,
                                        .in_planes = op->in->n_planes,
                                        .out_planes = op->out->n_planes,
                                        .bf16 = train->bf16,
                                        .factor = train->weight };
  for (work.blocks.ins = MOST_INS; work.blocks.ins > 2; work.blocks.ins /= 2)
    if (train->gradients->blocks_items (&work.blocks) >= ITEMS_A_THREAD * train->threads)
      break;
  if (places > 1)
    add (&work, dh_train_memory (train, step->sums), all_of (train, op));
  else
    add_taps (&work, dh_train_memory (train, step->sums));
}
