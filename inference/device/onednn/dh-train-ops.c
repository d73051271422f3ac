#include <math.h>
#include <string.h>
#include "dh-dropout.h"
#include "dh-train-ops-private.h"

/* Norms, copies and sums, and what they share with pools and resizes. */

/* A norm's variance is kept from 0 by this. */
#define EPSILON 1e-5

/* Norms: a step that turns the statistics of what is read into scale and shift, and moves the running ones. */

static gboolean
run_norm (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainNorm *norm = train->norms[step->op->node];
  const DhTrainView *view = norm->view;
  const DhNode *node = dh_graph_node (train->graph, norm->node);
  const gint lanes = train->kernels->lanes;
  const double count = (double)train->images * view->h * view->w, momentum = node->momentum;
  float *const *parameters =
      (float *[4]){ dh_tensor_f32 (train->parameters[norm->node][0]), dh_tensor_f32 (train->parameters[norm->node][1]),
                    dh_tensor_f32 (train->parameters[norm->node][2]),
                    dh_tensor_f32 (train->parameters[norm->node][3]) };
  for (gint i = 0; i < view->n_planes * lanes; i++)
    {
      const gint c = view->channels[i];
      const DhTrainValue *value = view->values[i / lanes];
      const gint at = view->planes[i / lanes] * lanes + i % lanes;
      if (c < 0)
        continue;
      const double mean = value->exact_mean[at], variance = value->variance[at];
      const double scale = parameters[0][c] / sqrt (variance + EPSILON);
      norm->scale[i] = (float)scale;
      norm->shift[i] = (float)(parameters[1][c] - mean * scale);
      norm->mean[i] = value->mean[at];
      parameters[2][c] = (float)((1 - momentum) * parameters[2][c] + momentum * mean);
      parameters[3][c] = (float)((1 - momentum) * parameters[3][c] + momentum * variance * (count / (count - 1)));
    }
  return TRUE;
}

static void
list_norm (DhTrain *train, DhTrainOp *op)
{
  dh_train_step_new (train, op, "statistics", run_norm);
}

static void
list_nothing (DhTrain *train, DhTrainOp *op)
{
}

DhTrainOp *
dh_train_op_new (DhTrain *train, DhValue node, DhTrainView *in, DhTrainView *sum,
                 void (*list_forward) (DhTrain *train, DhTrainOp *op),
                 void (*list_backward) (DhTrain *train, DhTrainOp *op))
{
  DhTrainOp *op = dh_train_alloc (train, 1, sizeof *op);
  *op = (DhTrainOp){ .node = node, .list_forward = list_forward, .list_backward = list_backward, .in = in, .sum = sum };
  g_ptr_array_add (train->ops, op);
  return op;
}

void
dh_train_add_norm (DhTrain *train, DhTrainNorm *norm)
{
  const gsize size = (gsize)norm->view->n_planes * train->kernels->lanes;
  norm->scale = dh_train_alloc (train, size, sizeof (float));
  norm->shift = dh_train_alloc (train, size, sizeof (float));
  norm->mean = dh_train_alloc (train, size, sizeof (float));
  norm->sums = dh_train_alloc (train, 2 * size * train->threads, sizeof (double));
  for (gint i = 0; i < norm->view->n_planes; i++)
    norm->view->values[i]->measured = TRUE;
  dh_train_op_new (train, norm->node, NULL, NULL, list_norm, list_nothing);
}

/* Planes of the view of an operand that is added, of one image. */
const float *const *
dh_train_sum_planes (const DhTrainOp *op, gint image)
{
  return op->sum ? op->sum->pointers + (gsize)image * op->sum->n_planes : NULL;
}

/* Copies and sums: one row of one plane. */

static void
copy_row (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint per_image = op->out->n_planes * op->out->h, image = item / per_image;
  float *plane[1];
  const gint number = item % per_image / op->out->h, row = item % op->out->h;
  const gsize lanes = train->kernels->lanes;
  DhCpuInput in = dh_train_input (train, op->in, image);
  const float *from[1];
  plane[0] = op->out->base + image * op->out->image + number * op->out->pixels * lanes;
  DhCpuOutput out = { .planes = plane, .n_planes = 1, .h = op->out->h, .w = op->out->w };
  if (op->in->values[0]->raw)
    {
      train->kernels->pack (train->input + (gsize)image * op->in->c * op->in->h * op->in->w,
                            op->out->channels + number * lanes, &out, row);
      from[0] = plane[0];
      in.scale = in.shift = NULL;
    }
  else
    from[0] = in.planes[number];
  const float *added[1] = { op->sum ? dh_train_sum_planes (op, image)[number] : NULL };
  if (op->scale)
    {
      in.scale = op->scale + ((gsize)image * op->out->n_planes + number) * lanes;
      in.shift = op->shift + ((gsize)image * op->out->n_planes + number) * lanes;
    }
  else if (in.scale)
    {
      in.scale += number * lanes;
      in.shift += number * lanes;
    }
  else if (op->in->values[0]->raw)
    return;
  in.planes = from;
  in.n_planes = 1;
  out.sum = op->sum ? added : NULL;
  train->kernels->pointwise (&in, &out, row);
}

/* What a dropout or a constant scale multiplies by, joined with the norm that the view reads through. */
static void
join_factors (DhTrain *train, const DhTrainOp *op)
{
  const DhNode *node = dh_graph_node (train->graph, op->node);
  const gint lanes = train->kernels->lanes, all = op->out->n_planes * lanes;
  const DhTrainNorm *norm = op->in->norm;
  for (gint i = 0; i < train->images * all; i++)
    {
      const gint place = i % all, c = op->out->channels[place];
      float factor = 0, shift = 0;
      if (c >= 0 && node->op == DH_OP_CHANNEL_SCALE)
        {
          factor = 1 / node->deviation[c];
          shift = -node->mean[c] / node->deviation[c];
        }
      else if (c >= 0)
        factor = dh_dropout_factor (train->seed, op->node, (gsize)(i / all) * op->out->c + c, node->probability);
      op->factors[i] = factor;
      op->scale[i] = norm ? norm->scale[place] * factor : factor;
      op->shift[i] = norm ? norm->shift[place] * factor + shift : shift;
    }
}

static gboolean
run_copy (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  DhTrainOpWork work = { train, step, op, NULL };
  if (op->factors)
    join_factors (train, op);
  dh_train_run_items (train, train->images * op->out->n_planes * op->out->h, copy_row, &work);
  dh_train_measure (train, op->out);
  return TRUE;
}

float **
dh_train_grad_planes (const DhTrain *train, const DhTrainValue *value)
{
  float **planes = g_new (float *, (gsize)value->n_planes * train->images);
  dh_train_planes (train, value->grad_base, value->n_planes, value->pixels, planes);
  return planes;
}

static void
scale_plane (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrainValue *out = work->op->out;
  const gint lanes = work->train->kernels->lanes;
  float *grad = out->grad_base + (gsize)item * out->pixels * lanes;
  const float *factors = work->op->factors + (gsize)item * lanes;
  for (gsize i = 0; i < out->pixels; i++)
    for (gint lane = 0; lane < lanes; lane++)
      grad[i * lanes + lane] *= factors[lane];
}

static gboolean
run_copy_back (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  g_autofree float **planes = dh_train_grad_planes (train, op->out);
  DhTrainOpWork work = { train, step, op, NULL };
  dh_train_finish (train, op->out);
  if (op->factors)
    dh_train_run_items (train, train->images * op->out->n_planes, scale_plane, &work);
  if (step->adds)
    dh_train_route_all (train, op->in, step->adds, planes);
  if (step->adds2)
    dh_train_route_all (train, op->sum, step->adds2, planes);
  return TRUE;
}

void
dh_train_touch_forward (DhTrain *train, const DhTrainOp *op)
{
  dh_train_touch_view (train, op->in);
  if (op->sum)
    dh_train_touch_view (train, op->sum);
  dh_train_touch_value (train, op->out);
}

/* An operand that is added and read by nobody else: its gradient is that of the sum, in one place. Only a convolution's
 * result, which changes nothing in its gradient. */
gboolean
dh_train_share_gradient (const DhTrainView *view, const DhTrainValue *out)
{
  DhTrainValue *value = view->values[0];
  if (!dh_train_is_plain (view) || !value->is_conv || value->measured || value->started || value->n_readers != 1
      || view->n_planes != value->n_planes)
    return FALSE;
  for (gint i = 0; i < view->n_planes; i++)
    if (view->values[i] != value || view->planes[i] != i)
      return FALSE;
  value->grad = out->grad;
  value->started = TRUE;
  return TRUE;
}

void
dh_train_touch_backward (DhTrain *train, const DhTrainOp *op)
{
  dh_train_touch_grad (train, op->out);
  if (op->out->measured)
    dh_train_touch_value (train, op->out);
}

static void
list_copy_forward (DhTrain *train, DhTrainOp *op)
{
  dh_train_step_new (train, op, op->sum ? "forward add" : "forward copy", run_copy);
  dh_train_touch_forward (train, op);
}

static void
list_copy_backward (DhTrain *train, DhTrainOp *op)
{
  if (!op->out->wants)
    return;
  DhTrainStep *step = dh_train_step_new (train, op, op->sum ? "backward add" : "backward copy", run_copy_back);
  dh_train_touch_backward (train, op);
  if (op->in->wants && !(op->sum && dh_train_share_gradient (op->in, op->out)))
    step->adds = dh_train_touch_grads (train, op->in);
  if (op->sum && op->sum->wants && !dh_train_share_gradient (op->sum, op->out))
    step->adds2 = dh_train_touch_grads (train, op->sum);
}

DhTrainValue *
dh_train_value_like (DhTrain *train, const DhTrainView *view, gint h, gint w)
{
  const gboolean raw = view->values[0]->raw;
  DhTrainValue *value = dh_train_value_new (train, view->c, h, w, raw ? NULL : view->channels, view->n_planes);
  value->wants = view->wants;
  return value;
}

DhTrainValue *
dh_train_add_copy (DhTrain *train, DhValue node, DhTrainView *in, gboolean with_factors)
{
  DhTrainOp *op = dh_train_op_new (train, node, in, NULL, list_copy_forward, list_copy_backward);
  op->out = dh_train_value_like (train, in, in->h, in->w);
  if (with_factors)
    {
      const gsize count = (gsize)train->images * op->out->n_planes * train->kernels->lanes;
      op->factors = dh_train_alloc (train, count, sizeof (float));
      op->scale = dh_train_alloc (train, count, sizeof (float));
      op->shift = dh_train_alloc (train, count, sizeof (float));
    }
  return op->out;
}

DhTrainValue *
dh_train_add_sum (DhTrain *train, DhValue node, DhTrainView *a, DhTrainView *b)
{
  DhTrainOp *op = dh_train_op_new (train, node, a, b, list_copy_forward, list_copy_backward);
  op->out = dh_train_value_like (train, a, a->h, a->w);
  op->out->wants |= b->wants;
  return op->out;
}
