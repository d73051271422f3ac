#include <string.h>
#include "dh-train-ops-private.h"
#include "oneapi/dnnl/dnnl.h"

/* Layer norms and attention. Attention is products of matrices, which are the library's: its queries, keys and values
 * stand in rows, one a pixel, and some queries at a time weigh all keys. */

/* Of an item. */
#define PIXELS 64
#define ROWS 16
/* Weights that are there at a time. */
#define MOST_WEIGHTS ((gsize)1 << 20)

/* Layer norms */

static DhTensor *const *
layer_parameters (const DhTrain *train, const DhTrainOp *op)
{
  return train->parameters[op->node];
}

/* A number for each place of what is read: `values` by channel; NULL: 1. */
static float *
by_place (const DhTrain *train, const DhTrainView *view, const DhTensor *values)
{
  const gint n = view->n_planes * train->kernels->lanes;
  float *placed = g_new0 (float, n);
  for (gint i = 0; i < n; i++)
    if (view->channels[i] >= 0)
      placed[i] = values ? dh_tensor_f32 ((DhTensor *)values)[view->channels[i]] : 1;
  return placed;
}

typedef struct
{
  DhTrain *train;
  const DhTrainOp *op;
  const float *weight, *bias, *counts;
  float *const *out, *const *dy, *const *t; /* image after image */
  double *sums;                             /* of a thread: of dy, and of dy times the norm's result */
  gint items;                               /* of an image */
} Layer;

static void
layer_item (gpointer data, gint item, gint part, float *scratch)
{
  const Layer *layer = data;
  const DhTrainOp *op = layer->op;
  const gint image = item / layer->items, planes = op->in->n_planes;
  const DhCpuLayerNorm norm = {
    .in = dh_train_input (layer->train, op->in, image),
    .out = { .planes = layer->out + (gsize)image * planes, .n_planes = planes, .h = op->in->h, .w = op->in->w },
    .weight = layer->weight,
    .bias = layer->bias,
    .counts = layer->counts,
    .channels = op->in->c,
    .epsilon = (float)dh_graph_node (layer->train->graph, op->node)->epsilon,
    .pixels_at_once = PIXELS,
  };
  layer->train->kernels->layer_norm (&norm, item % layer->items);
}

static gint
layer_items (const DhTrainOp *op)
{
  return (gint)(((gsize)op->in->h * op->in->w + PIXELS - 1) / PIXELS);
}

static gboolean
run_layer (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  g_autofree float *weight = by_place (train, op->in, layer_parameters (train, op)[0]);
  g_autofree float *bias = by_place (train, op->in, layer_parameters (train, op)[1]);
  g_autofree float *counts = by_place (train, op->in, NULL);
  g_autofree float **out = g_new (float *, (gsize)op->out->n_planes * train->images);
  dh_train_planes (train, op->out->base, op->out->n_planes, op->out->pixels, out);
  Layer layer = { .train = train, .op = op, .weight = weight, .bias = bias, .counts = counts, .out = out };
  layer.items = layer_items (op);
  dh_train_run_items (train, train->images * layer.items, layer_item, &layer);
  dh_train_measure (train, op->out);
  return TRUE;
}

static void
layer_item_back (gpointer data, gint item, gint part, float *scratch)
{
  const Layer *layer = data;
  const DhTrainOp *op = layer->op;
  const gint image = item / layer->items, planes = op->in->n_planes;
  const DhCpuLayerGradient norm = {
    .in = dh_train_input (layer->train, op->in, image),
    .dy = (const float *const *)layer->dy + (gsize)image * planes,
    .t = layer->t + (gsize)image * planes,
    .weight = layer->weight,
    .counts = layer->counts,
    .channels = op->in->c,
    .epsilon = (float)dh_graph_node (layer->train->graph, op->node)->epsilon,
    .pixels_at_once = PIXELS,
    .sums = layer->sums + (gsize)part * 2 * planes * layer->train->kernels->lanes,
  };
  layer->train->gradients->layer_gradient (&norm, item % layer->items);
}

static void
add_layer_sums (const Layer *layer)
{
  const DhTrain *train = layer->train;
  const DhTrainOp *op = layer->op;
  const gsize half = (gsize)op->in->n_planes * train->kernels->lanes;
  float *d_weight = dh_tensor_f32 (train->gradient_of[op->node][0]);
  float *d_bias = dh_tensor_f32 (train->gradient_of[op->node][1]);
  for (gsize i = 0; i < half; i++)
    {
      double sum = 0, product = 0;
      for (gint part = 0; part < train->threads; part++)
        {
          sum += layer->sums[part * 2 * half + i];
          product += layer->sums[part * 2 * half + half + i];
        }
      if (op->in->channels[i] < 0)
        continue;
      d_weight[op->in->channels[i]] += (float)(train->weight * (float)product);
      d_bias[op->in->channels[i]] += (float)(train->weight * (float)sum);
    }
}

static gboolean
run_layer_back (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const gsize planes = (gsize)op->in->n_planes * train->images, pixels = (gsize)op->in->h * op->in->w;
  g_autofree float *weight = by_place (train, op->in, layer_parameters (train, op)[0]);
  g_autofree float *counts = by_place (train, op->in, NULL);
  g_autofree float **dy = dh_train_grad_planes (train, op->out), **t = g_new (float *, planes);
  g_autofree double *sums = g_new0 (double, 2 * (gsize)op->in->n_planes * train->kernels->lanes * train->threads);
  dh_train_finish (train, op->out);
  dh_train_planes (train, dh_train_memory (train, step->temporary), op->in->n_planes, pixels, t);
  Layer layer = { .train = train, .op = op, .weight = weight, .counts = counts, .dy = dy, .t = t, .sums = sums };
  layer.items = layer_items (op);
  dh_train_run_items (train, train->images * layer.items, layer_item_back, &layer);
  add_layer_sums (&layer);
  if (op->in->wants)
    dh_train_route_all (train, op->in, step->adds, t);
  return TRUE;
}

static void
list_layer_forward (DhTrain *train, DhTrainOp *op)
{
  dh_train_step_new (train, op, "forward layer norm", run_layer);
  dh_train_touch_forward (train, op);
}

static void
list_layer_backward (DhTrain *train, DhTrainOp *op)
{
  DhTrainStep *step = dh_train_step_new (train, op, "backward layer norm", run_layer_back);
  const gsize floats = (gsize)op->in->n_planes * train->kernels->lanes * op->in->h * op->in->w * train->images;
  dh_train_touch_backward (train, op);
  dh_train_touch_view (train, op->in);
  dh_train_touch (train, step->temporary = dh_train_block (train, floats * sizeof (float)));
  if (op->in->wants)
    step->adds = dh_train_touch_grads (train, op->in);
}

DhTrainValue *
dh_train_add_layer_norm (DhTrain *train, DhValue node, DhTrainView *in)
{
  DhTrainOp *op = dh_train_op_new (train, node, in, NULL, list_layer_forward, list_layer_backward);
  op->out = dh_train_value_like (train, in, in->h, in->w);
  op->out->wants = TRUE;
  return op->out;
}

/* Attention: op->in queries, op->sum keys, op->third values. */

/* Matrices of an image in rows, floats from the beginning of the step's memory, and how many queries at a time. */
typedef struct
{
  gint n, m, c, c_out, heads, at_once;
  gsize q, k, v, y, dq, dk, dv, weights, slopes, all;
} Rows;

static Rows
rows_of (const DhTrain *train, const DhTrainOp *op, gboolean back)
{
  Rows rows = { .n = op->in->h * op->in->w, .m = op->sum->h * op->sum->w, .c = op->in->c, .c_out = op->third->c };
  gsize at = 0;
  rows.heads = dh_graph_node (train->graph, op->node)->heads;
  rows.at_once = (gint)CLAMP (train->parts ? 5 : MOST_WEIGHTS / (gsize)rows.m, 1, (gsize)rows.n);
  const struct
  {
    gsize *begin, floats;
  } parts[] = {
    { &rows.q, (gsize)rows.n * rows.c },
    { &rows.k, (gsize)rows.m * rows.c },
    { &rows.v, (gsize)rows.m * rows.c_out },
    { &rows.y, (gsize)rows.n * rows.c_out },
    { &rows.weights, (gsize)rows.at_once * rows.m },
    { &rows.slopes, back ? (gsize)rows.at_once * rows.m : 0 },
    { &rows.dq, back ? (gsize)rows.n * rows.c : 0 },
    { &rows.dk, back ? (gsize)rows.m * rows.c : 0 },
    { &rows.dv, back ? (gsize)rows.m * rows.c_out : 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      *parts[i].begin = at;
      at += (parts[i].floats + 15) / 16 * 16;
    }
  rows.all = at;
  return rows;
}

/* Planes of an image, and the same in rows. */
typedef struct
{
  const DhTrain *train;
  const float *const *from;
  float *const *to;
  float *rows;
  gint n_planes, c;
  gsize pixels;
  const DhTrainView *view; /* on the way back: what the rows are the gradient of */
  const gboolean *adds;
  gint image;
} Turn;

static void
turn_item (gpointer data, gint item, gint part, float *scratch)
{
  const Turn *turn = data;
  const gint lanes = turn->train->kernels->lanes;
  const gsize first = (gsize)item * PIXELS, end = MIN (first + PIXELS, turn->pixels);
  for (gint plane = 0; plane < turn->n_planes; plane++)
    {
      const gint n = MIN (lanes, turn->c - plane * lanes);
      for (gsize pixel = first; pixel < end; pixel++)
        {
          float *row = turn->rows + pixel * (gsize)turn->c + plane * lanes;
          if (turn->from)
            memcpy (row, turn->from[plane] + pixel * (gsize)lanes, (gsize)n * sizeof *row);
          else
            {
              float *to = turn->to ? turn->to[plane] + pixel * (gsize)lanes : scratch + (pixel - first) * (gsize)lanes;
              memset (to + n, 0, (gsize)(lanes - n) * sizeof *to);
              memcpy (to, row, (gsize)n * sizeof *to);
            }
        }
      if (turn->view)
        {
          const DhCpuRoute route = dh_train_route (turn->train, turn->view, turn->adds, turn->image, part);
          turn->train->gradients->route (&route, plane, scratch, first, end - first);
        }
    }
}

static void
turn (const Turn *turn)
{
  dh_train_run_items (turn->train, (gint)((turn->pixels + PIXELS - 1) / PIXELS), turn_item, (gpointer)turn);
}

static void
to_rows (const DhTrain *train, const DhTrainView *view, gint image, float *rows)
{
  turn (&(Turn){ .train = train,
                 .from = view->pointers + (gsize)image * view->n_planes,
                 .rows = rows,
                 .n_planes = view->n_planes,
                 .c = view->c,
                 .pixels = (gsize)view->h * view->w });
}

static void
rows_back (const DhTrain *train, const DhTrainView *view, const gboolean *adds, gint image, float *rows)
{
  if (view->wants)
    turn (&(Turn){ .train = train,
                   .rows = rows,
                   .n_planes = view->n_planes,
                   .c = view->c,
                   .pixels = (gsize)view->h * view->w,
                   .view = view,
                   .adds = adds,
                   .image = image });
}

/* Some queries of a head. */
typedef struct
{
  const DhTrain *train;
  float *weights, *slopes; /* queries × keys */
  gint n, m;
  float factor;
} Block;

static void
weigh_item (gpointer data, gint item, gint part, float *scratch)
{
  const Block *block = data;
  for (gint i = item * ROWS; i < MIN ((item + 1) * ROWS, block->n); i++)
    {
      float *weights = block->weights + (gsize)i * block->m;
      if (block->slopes)
        block->train->gradients->attention_slopes (weights, block->slopes + (gsize)i * block->m, block->m,
                                                   block->factor);
      else
        block->train->gradients->attention_weights (weights, block->m);
    }
}

/* c (rows × columns) = factor · a · b, or c + that; `turned`: of a, b, as their letters say. */
static gboolean
multiply (const char *turned, gint rows, gint columns, gint inner, float factor, const float *a, gint a_stride,
          const float *b, gint b_stride, gboolean adds, float *c, gint c_stride, GError **error)
{
  const dnnl_status_t status = dnnl_sgemm (turned[0], turned[1], rows, columns, inner, factor, a, a_stride, b, b_stride,
                                           adds ? 1 : 0, c, c_stride);
  if (status != dnnl_success)
    dh_cpu_set_error (error, "attention", status);
  return status == dnnl_success;
}

/* The weights of queries first … first + n of a head; FALSE with an error. */
static gboolean
weigh (DhTrain *train, const Rows *rows, float *memory, gint head, gint first, gint n, float scale, GError **error)
{
  const gint deep = rows->c / rows->heads;
  Block block = { .train = train, .weights = memory + rows->weights, .n = n, .m = rows->m };
  if (!multiply ("NT", n, rows->m, deep, scale, memory + rows->q + (gsize)first * rows->c + head * deep, rows->c,
                 memory + rows->k + head * deep, rows->c, FALSE, block.weights, rows->m, error))
    return FALSE;
  dh_train_run_items (train, (n + ROWS - 1) / ROWS, weigh_item, &block);
  return TRUE;
}

static gboolean
run_attention (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const Rows rows = rows_of (train, op, FALSE);
  const gint wide = rows.c_out / rows.heads;
  const float scale = (float)dh_graph_node (train->graph, op->node)->scale;
  float *memory = dh_train_memory (train, step->dense);
  g_autofree float **out = g_new (float *, (gsize)op->out->n_planes * train->images);
  dh_train_planes (train, op->out->base, op->out->n_planes, op->out->pixels, out);
  for (gint image = 0; image < train->images; image++)
    {
      to_rows (train, op->in, image, memory + rows.q);
      to_rows (train, op->sum, image, memory + rows.k);
      to_rows (train, op->third, image, memory + rows.v);
      for (gint head = 0; head < rows.heads; head++)
        for (gint first = 0; first < rows.n; first += rows.at_once)
          {
            const gint n = MIN (rows.at_once, rows.n - first);
            if (g_cancellable_is_cancelled (train->cancellable))
              return TRUE;
            if (!weigh (train, &rows, memory, head, first, n, scale, error)
                || !multiply ("NN", n, wide, rows.m, 1, memory + rows.weights, rows.m, memory + rows.v + head * wide,
                              rows.c_out, FALSE, memory + rows.y + (gsize)first * rows.c_out + head * wide, rows.c_out,
                              error))
              return FALSE;
          }
      turn (&(Turn){ .train = train,
                     .to = out + (gsize)image * op->out->n_planes,
                     .rows = memory + rows.y,
                     .n_planes = op->out->n_planes,
                     .c = rows.c_out,
                     .pixels = op->out->pixels });
    }
  dh_train_measure (train, op->out);
  return TRUE;
}

/* The gradients of what some queries of a head are made of: written for the queries, added up for keys and values. */
static gboolean
go_back (DhTrain *train, const Rows *rows, float *memory, gint head, gint first, gint n, float scale, GError **error)
{
  const gint deep = rows->c / rows->heads, wide = rows->c_out / rows->heads;
  const float *dy = memory + rows->y + (gsize)first * rows->c_out + head * wide;
  const float *q = memory + rows->q + (gsize)first * rows->c + head * deep;
  Block block = { .train = train,
                  .weights = memory + rows->weights,
                  .slopes = memory + rows->slopes,
                  .n = n,
                  .m = rows->m,
                  .factor = scale };
  if (!multiply ("TN", rows->m, wide, n, 1, block.weights, rows->m, dy, rows->c_out, first > 0,
                 memory + rows->dv + head * wide, rows->c_out, error)
      || !multiply ("NT", n, rows->m, wide, 1, dy, rows->c_out, memory + rows->v + head * wide, rows->c_out, FALSE,
                    block.slopes, rows->m, error))
    return FALSE;
  dh_train_run_items (train, (n + ROWS - 1) / ROWS, weigh_item, &block);
  return multiply ("NN", n, deep, rows->m, 1, block.slopes, rows->m, memory + rows->k + head * deep, rows->c, FALSE,
                   memory + rows->dq + (gsize)first * rows->c + head * deep, rows->c, error)
         && multiply ("TN", rows->m, deep, n, 1, block.slopes, rows->m, q, rows->c, first > 0,
                      memory + rows->dk + head * deep, rows->c, error);
}

static gboolean
run_attention_back (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const Rows rows = rows_of (train, op, TRUE);
  const float scale = (float)dh_graph_node (train->graph, op->node)->scale;
  float *memory = dh_train_memory (train, step->dense);
  g_autofree float **dy = dh_train_grad_planes (train, op->out);
  dh_train_finish (train, op->out);
  for (gint image = 0; image < train->images; image++)
    {
      to_rows (train, op->in, image, memory + rows.q);
      to_rows (train, op->sum, image, memory + rows.k);
      to_rows (train, op->third, image, memory + rows.v);
      turn (&(Turn){ .train = train,
                     .from = (const float *const *)dy + (gsize)image * op->out->n_planes,
                     .rows = memory + rows.y,
                     .n_planes = op->out->n_planes,
                     .c = rows.c_out,
                     .pixels = op->out->pixels });
      for (gint head = 0; head < rows.heads; head++)
        for (gint first = 0; first < rows.n; first += rows.at_once)
          {
            const gint n = MIN (rows.at_once, rows.n - first);
            if (g_cancellable_is_cancelled (train->cancellable))
              return TRUE;
            if (!weigh (train, &rows, memory, head, first, n, scale, error)
                || !go_back (train, &rows, memory, head, first, n, scale, error))
              return FALSE;
          }
      rows_back (train, op->in, step->adds, image, memory + rows.dq);
      rows_back (train, op->sum, step->adds2, image, memory + rows.dk);
      rows_back (train, op->third, step->adds3, image, memory + rows.dv);
    }
  return TRUE;
}

static void
need_rows (DhTrain *train, DhTrainOp *op, DhTrainStep *step, gboolean back)
{
  const Rows rows = rows_of (train, op, back);
  /* Products of two matrices; on the way back of five. */
  step->flop = (back ? 2.5 : 1) * 2.0 * train->images * rows.n * rows.m * (rows.c + rows.c_out);
  dh_train_touch_view (train, op->in);
  dh_train_touch_view (train, op->sum);
  dh_train_touch_view (train, op->third);
  dh_train_touch (train, step->dense = dh_train_block (train, rows.all * sizeof (float)));
}

static void
list_attention_forward (DhTrain *train, DhTrainOp *op)
{
  DhTrainStep *step = dh_train_step_new (train, op, "forward attention", run_attention);
  dh_train_touch_value (train, op->out);
  need_rows (train, op, step, FALSE);
}

static void
list_attention_backward (DhTrain *train, DhTrainOp *op)
{
  if (!op->out->wants)
    return;
  DhTrainStep *step = dh_train_step_new (train, op, "backward attention", run_attention_back);
  dh_train_touch_backward (train, op);
  need_rows (train, op, step, TRUE);
  dh_train_need_scratch (train, (gsize)PIXELS * train->kernels->lanes * sizeof (float));
  if (op->in->wants)
    step->adds = dh_train_touch_grads (train, op->in);
  if (op->sum->wants)
    step->adds2 = dh_train_touch_grads (train, op->sum);
  if (op->third->wants)
    step->adds3 = dh_train_touch_grads (train, op->third);
}

DhTrainValue *
dh_train_add_attention (DhTrain *train, DhValue node, DhTrainView *queries, DhTrainView *keys, DhTrainView *values)
{
  DhTrainOp *op = dh_train_op_new (train, node, queries, keys, list_attention_forward, list_attention_backward);
  op->third = values;
  op->out = dh_train_value_new (train, values->c, queries->h, queries->w, NULL, 0);
  op->out->wants = queries->wants || keys->wants || values->wants;
  return op->out;
}
