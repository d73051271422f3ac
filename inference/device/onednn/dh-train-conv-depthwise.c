#include "dh-train-conv-private.h"

/* Convolutions with a group for each channel, whose channels stand in order: plane by plane, on a copy of what is read
 * through a norm or a ReLU. */

#define MOST_ROWS 16
/* Pixels of the result that an item of the weights' gradient sums: no more than float32 adds well, whatever the number
 * of threads. */
#define SUMMED 4096

gboolean
dh_train_conv_is_depthwise (const DhTrain *train, const DhNode *node, const DhTrainView *in)
{
  const gint lanes = train->kernels->lanes, kernel = node->kernel;
  if (node->groups != in->c || node->channels != in->c || in->values[0]->raw
      || in->n_planes != (in->c + lanes - 1) / lanes || node->padding < 0
      || (kernel != 1 && kernel != 3 && kernel != 5 && kernel != DH_MOST_DEPTHWISE))
    return FALSE;
  for (gint i = 0; i < in->n_planes * lanes; i++)
    if (in->channels[i] != (i < in->c ? i : -1))
      return FALSE;
  return TRUE;
}

/* Rows of an item, so that those which two of them read are read once; few enough for all threads. */
static gint
rows_of (const DhTrain *train, gint h, gint planes)
{
  gint rows = MOST_ROWS;
  while (rows > 1 && (h + rows - 1) / rows * planes * train->images < 4 * train->threads)
    rows /= 2;
  return rows;
}

static gint
summed_rows (const DhTrain *train, const DhTrainOp *op)
{
  return CLAMP (train->parts ? 3 : SUMMED / op->out->w, 1, op->out->h);
}

static gint
count_parts (gint h, gint rows)
{
  return (h + rows - 1) / rows;
}

typedef struct
{
  DhTrain *train;
  const DhTrainOp *op;
  const float *const *x, *const *dy; /* image after image */
  float *const *targets;             /* likewise */
  const float *weights, *bias;
  float *sums;
  gint rows, items; /* items: of an image */
} Pass;

/* By plane, tap and lane. */
static void
pack_weights (const DhTrain *train, const DhTrainOp *op, float *packed)
{
  const gint lanes = train->kernels->lanes, kernel = dh_train_conv_node (train, op)->kernel, taps = kernel * kernel;
  const float *weight = dh_train_conv_weight (train, op);
  for (gint i = 0; i < op->out->n_planes * lanes; i++)
    for (gint tap = 0; tap < taps; tap++)
      packed[((gsize)(i / lanes) * taps + tap) * lanes + i % lanes] = i < op->out->c ? weight[i * taps + tap] : 0;
}

static void
forward_item (gpointer data, gint item, gint part, float *scratch)
{
  const Pass *pass = data;
  const DhTrainOp *op = pass->op;
  const DhNode *node = dh_train_conv_node (pass->train, op);
  const gint image = item / pass->items, planes = op->out->n_planes;
  const DhCpuDepthwise conv = {
    .in = { .planes = pass->x + (gsize)image * planes, .n_planes = planes, .h = op->in->h, .w = op->in->w },
    .out = { .planes = pass->targets + (gsize)image * planes, .n_planes = planes, .h = op->out->h, .w = op->out->w },
    .kernel = node->kernel,
    .stride = node->stride,
    .dilation = node->dilation,
    .padding = node->padding,
    .multiplier = 1,
    .rows = pass->rows,
    .weights = pass->weights,
    .bias = pass->bias,
  };
  pass->train->kernels->depthwise (&conv, item % pass->items);
}

/* Of an image. */
static DhCpuDepthwiseGradient
gradient_of (const Pass *pass, gint image)
{
  const DhTrainOp *op = pass->op;
  const DhNode *node = dh_train_conv_node (pass->train, op);
  const gsize first = (gsize)image * op->out->n_planes;
  return (DhCpuDepthwiseGradient){ .x = pass->x ? pass->x + first : NULL,
                                   .dy = pass->dy + first,
                                   .dx = pass->targets ? pass->targets + first : NULL,
                                   .in_h = op->in->h,
                                   .in_w = op->in->w,
                                   .h = op->out->h,
                                   .w = op->out->w,
                                   .kernel = node->kernel,
                                   .stride = node->stride,
                                   .dilation = node->dilation,
                                   .padding = node->padding,
                                   .rows = pass->rows,
                                   .weights = pass->weights };
}

static void
data_item (gpointer data, gint item, gint part, float *scratch)
{
  const Pass *pass = data;
  const DhCpuDepthwiseGradient conv = gradient_of (pass, item / pass->items);
  pass->train->gradients->depthwise_data (&conv, item % pass->items);
}

static void
weights_item (gpointer data, gint item, gint part, float *scratch)
{
  const Pass *pass = data;
  const gint image = item / pass->items, kernel = dh_train_conv_node (pass->train, pass->op)->kernel;
  DhCpuDepthwiseGradient conv = gradient_of (pass, image);
  conv.sums = pass->sums + (gsize)image * pass->items * kernel * kernel * pass->train->kernels->lanes;
  pass->train->gradients->depthwise_weights (&conv, item % pass->items);
}

/* What is read, with nothing left to do to it; `copy`: memory for the pointers, to be freed with g_free. */
static const float *const *
read_input (DhTrain *train, DhTrainStep *step, float ***copy)
{
  const DhTrainView *view = step->op->in;
  if (!step->dense)
    return view->pointers;
  *copy = dh_train_conv_copy (train, step);
  return (const float *const *)*copy;
}

gboolean
dh_train_conv_depthwise_forward (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  g_autofree float **targets = dh_train_conv_out_planes (train, op, op->out->base), **copy = NULL;
  g_autofree float *bias = dh_train_conv_pack_bias (train, op);
  float *weights = dh_train_memory (train, step->weights);
  const gint rows = rows_of (train, op->out->h, op->out->n_planes);
  Pass pass = { .train = train, .op = op, .targets = targets, .weights = weights, .bias = bias, .rows = rows };
  pass.x = read_input (train, step, &copy);
  pass.items = count_parts (op->out->h, rows) * op->out->n_planes;
  pack_weights (train, op, weights);
  dh_train_run_items (train, train->images * pass.items, forward_item, &pass);
  return TRUE;
}

/* What all items summed, added to the gradient in their order. */
static void
add_sums (const Pass *pass)
{
  const DhTrain *train = pass->train;
  const DhTrainOp *op = pass->op;
  const gint lanes = train->kernels->lanes, kernel = dh_train_conv_node (train, op)->kernel, taps = kernel * kernel;
  const gint parts = pass->items / op->out->n_planes;
  float *gradient = dh_tensor_f32 (train->gradient_of[op->node][0]);
  for (gint c = 0; c < op->out->c; c++)
    for (gint tap = 0; tap < taps; tap++)
      {
        double sum = 0;
        for (gint image = 0; image < train->images; image++)
          for (gint part = 0; part < parts; part++)
            sum +=
                pass->sums[(((gsize)image * pass->items + c / lanes * parts + part) * taps + tap) * lanes + c % lanes];
        gradient[c * taps + tap] += (float)(train->weight * (float)sum);
      }
}

gboolean
dh_train_conv_depthwise_backward (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  g_autofree float **dy = dh_train_conv_out_planes (train, op, op->out->grad_base), **copy = NULL;
  Pass pass = { .train = train, .op = op, .dy = (const float *const *)dy, .rows = summed_rows (train, op) };
  pass.sums = dh_train_memory (train, step->sums);
  pass.x = read_input (train, step, &copy);
  pass.items = count_parts (op->out->h, pass.rows) * op->out->n_planes;
  dh_train_run_items (train, train->images * pass.items, weights_item, &pass);
  add_sums (&pass);
  if (!op->in->wants)
    return TRUE;
  g_autofree float **targets = dh_train_conv_targets (train, step);
  float *weights = dh_train_memory (train, step->weights);
  pack_weights (train, op, weights);
  pass.x = NULL;
  pass.weights = weights;
  pass.targets = targets;
  pass.rows = rows_of (train, op->in->h, op->in->n_planes);
  pass.items = count_parts (op->in->h, pass.rows) * op->in->n_planes;
  dh_train_run_items (train, train->images * pass.items, data_item, &pass);
  dh_train_conv_route (train, step, targets);
  return TRUE;
}

gsize
dh_train_conv_depthwise_weight_bytes (const DhTrain *train, const DhTrainOp *op)
{
  const gsize kernel = dh_train_conv_node (train, op)->kernel;
  return (gsize)dh_train_conv_out_places (train, op) * kernel * kernel * sizeof (float);
}

gsize
dh_train_conv_depthwise_sum_bytes (const DhTrain *train, const DhTrainOp *op)
{
  return (gsize)train->images * count_parts (op->out->h, summed_rows (train, op))
         * dh_train_conv_depthwise_weight_bytes (train, op);
}
