#include <math.h>
#include <string.h>
#include "dh-dropout.h"
#include "dh-train-private.h"

/* Everything but convolutions and losses. */

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

static DhTrainOp *
op_new (DhTrain *train, DhValue node, DhTrainView *in, DhTrainView *sum,
        void (*list_forward) (DhTrain *train, DhTrainOp *op), void (*list_backward) (DhTrain *train, DhTrainOp *op))
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
  op_new (train, norm->node, NULL, NULL, list_norm, list_nothing);
}

typedef struct
{
  DhTrain *train;
  const DhTrainStep *step;
  const DhTrainOp *op;
  float *const *targets; /* the gradient of the input, as it is read */
} Work;

static DhCpuOutput
output_of (const DhTrain *train, const DhTrainOp *op, gint image, float **planes)
{
  for (gint i = 0; i < op->out->n_planes; i++)
    planes[i] = op->out->base + image * op->out->image + i * op->out->pixels * train->kernels->lanes;
  return (DhCpuOutput){ .planes = planes, .n_planes = op->out->n_planes, .h = op->out->h, .w = op->out->w };
}

/* Planes of the view of an operand that is added, of one image. */
static const float *const *
sum_planes (const DhTrainOp *op, gint image)
{
  return op->sum ? op->sum->pointers + (gsize)image * op->sum->n_planes : NULL;
}

/* Copies and sums: one row of one plane. */

static void
copy_row (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
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
  const float *added[1] = { op->sum ? sum_planes (op, image)[number] : NULL };
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
  Work work = { train, step, op, NULL };
  if (op->factors)
    join_factors (train, op);
  dh_train_run_items (train, train->images * op->out->n_planes * op->out->h, copy_row, &work);
  dh_train_measure (train, op->out);
  return TRUE;
}

static float **
grad_planes (const DhTrain *train, const DhTrainValue *value)
{
  float **planes = g_new (float *, (gsize)value->n_planes * train->images);
  dh_train_planes (train, value->grad_base, value->n_planes, value->pixels, planes);
  return planes;
}

static void
scale_plane (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
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
  g_autofree float **planes = grad_planes (train, op->out);
  Work work = { train, step, op, NULL };
  dh_train_finish (train, op->out);
  if (op->factors)
    dh_train_run_items (train, train->images * op->out->n_planes, scale_plane, &work);
  if (step->adds)
    dh_train_route_all (train, op->in, step->adds, planes);
  if (step->adds2)
    dh_train_route_all (train, op->sum, step->adds2, planes);
  return TRUE;
}

static void
touch_forward (DhTrain *train, const DhTrainOp *op)
{
  dh_train_touch_view (train, op->in);
  if (op->sum)
    dh_train_touch_view (train, op->sum);
  dh_train_touch_value (train, op->out);
}

/* An operand that is added and read by nobody else: its gradient is that of the sum, in one place. Only a convolution's
 * result, which changes nothing in its gradient. */
static gboolean
share_gradient (const DhTrainView *view, const DhTrainValue *out)
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

static void
touch_backward (DhTrain *train, const DhTrainOp *op)
{
  dh_train_touch_grad (train, op->out);
  if (op->out->measured)
    dh_train_touch_value (train, op->out);
}

static void
list_copy_forward (DhTrain *train, DhTrainOp *op)
{
  dh_train_step_new (train, op, op->sum ? "forward add" : "forward copy", run_copy);
  touch_forward (train, op);
}

static void
list_copy_backward (DhTrain *train, DhTrainOp *op)
{
  if (!op->out->wants)
    return;
  DhTrainStep *step = dh_train_step_new (train, op, op->sum ? "backward add" : "backward copy", run_copy_back);
  touch_backward (train, op);
  if (op->in->wants && !(op->sum && share_gradient (op->in, op->out)))
    step->adds = dh_train_touch_grads (train, op->in);
  if (op->sum && op->sum->wants && !share_gradient (op->sum, op->out))
    step->adds2 = dh_train_touch_grads (train, op->sum);
}

static DhTrainValue *
value_like (DhTrain *train, const DhTrainView *view, gint h, gint w)
{
  const gboolean raw = view->values[0]->raw;
  DhTrainValue *value = dh_train_value_new (train, view->c, h, w, raw ? NULL : view->channels, view->n_planes);
  value->wants = view->wants;
  return value;
}

DhTrainValue *
dh_train_add_copy (DhTrain *train, DhValue node, DhTrainView *in, gboolean with_factors)
{
  DhTrainOp *op = op_new (train, node, in, NULL, list_copy_forward, list_copy_backward);
  op->out = value_like (train, in, in->h, in->w);
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
  DhTrainOp *op = op_new (train, node, a, b, list_copy_forward, list_copy_backward);
  op->out = value_like (train, a, a->h, a->w);
  op->out->wants |= b->wants;
  return op->out;
}

/* Pools and resizes. */

static const DhNode *
window_node (const DhTrain *train, const DhTrainOp *op)
{
  /* A resize that is added stands behind its sum's node. */
  const DhNode *node = dh_graph_node (train->graph, op->node);
  for (guint i = 0; op->sum && i < node->n_inputs; i++)
    if (dh_graph_node (train->graph, node->inputs[i])->op == DH_OP_RESIZE)
      return dh_graph_node (train->graph, node->inputs[i]);
  return node;
}

static void
window_row (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const DhNode *node = window_node (train, op);
  const gint per_image = op->out->n_planes * op->out->h, image = item / per_image;
  g_autofree float **planes = g_new (float *, op->out->n_planes);
  const DhCpuInput in = dh_train_input (train, op->in, image);
  DhCpuOutput out = output_of (train, op, image, planes);
  if (node->op == DH_OP_RESIZE)
    {
      out.sum = sum_planes (op, image);
      const DhCpuResize resize = { .in = in, .out = out, .rows = op->rows, .columns = op->columns };
      train->kernels->resize (&resize, item % per_image, scratch);
      return;
    }
  const DhCpuPool pool = {
    .in = in, .out = out, .kernel = node->kernel, .stride = node->stride, .padding = node->padding
  };
  if (node->op == DH_OP_MAX_POOL)
    train->kernels->max_pool (&pool, item % per_image);
  else if (node->op == DH_OP_AVERAGE_POOL)
    train->kernels->average_pool (&pool, item % per_image);
  else
    train->kernels->adaptive_pool (&pool, item % per_image);
}

static gboolean
run_window (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  Work work = { train, step, op, NULL };
  dh_train_run_items (train, train->images * op->out->n_planes * op->out->h, window_row, &work);
  dh_train_measure (train, op->out);
  return TRUE;
}

/* One plane of one image. */
static void
window_back_plane (gpointer data, gint item, gint part, float *scratch)
{
  const Work *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const DhNode *node = window_node (train, op);
  const gint n = op->out->n_planes, image = item / n;
  g_autofree const float **dy = g_new (const float *, n);
  for (gint i = 0; i < n; i++)
    dy[i] = op->out->grad_base + image * op->out->image + i * op->out->pixels * train->kernels->lanes;
  const DhCpuPoolGradient pool = { .in = dh_train_input (train, op->in, image),
                                   .dy = dy,
                                   .dx = work->targets + (gsize)image * n,
                                   .h = op->out->h,
                                   .w = op->out->w,
                                   .kernel = node->kernel,
                                   .stride = node->stride,
                                   .padding = node->padding,
                                   .rows = op->rows,
                                   .columns = op->columns };
  if (node->op == DH_OP_RESIZE)
    train->gradients->resize_gradient (&pool, item % n);
  else if (node->op == DH_OP_MAX_POOL)
    train->gradients->max_pool_gradient (&pool, item % n);
  else if (node->op == DH_OP_AVERAGE_POOL)
    train->gradients->average_pool_gradient (&pool, item % n);
  else
    train->gradients->adaptive_pool_gradient (&pool, item % n);
}

static gboolean
run_window_back (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  dh_train_finish (train, op->out);
  if (step->adds)
    {
      const gsize n = (gsize)op->in->n_planes * train->images;
      g_autofree float **targets = g_new (float *, n);
      if (step->direct)
        memcpy (targets, op->in->grads, n * sizeof *targets);
      else
        dh_train_planes (train, dh_train_memory (train, step->temporary), op->in->n_planes,
                         (gsize)op->in->h * op->in->w, targets);
      Work work = { train, step, op, targets };
      dh_train_run_items (train, (gint)n, window_back_plane, &work);
      if (!step->direct || op->in->norm || op->in->relu)
        dh_train_route_all (train, op->in, step->adds, targets);
    }
  if (step->adds2)
    {
      g_autofree float **planes = grad_planes (train, op->out);
      dh_train_route_all (train, op->sum, step->adds2, planes);
    }
  return TRUE;
}

static void
list_window_forward (DhTrain *train, DhTrainOp *op)
{
  g_autofree char *what = g_strconcat ("forward ", dh_op_name (window_node (train, op)->op), NULL);
  dh_train_step_new (train, op, what, run_window);
  touch_forward (train, op);
  const DhCpuResize resize = { .in = { .w = op->in->w } };
  dh_train_need_scratch (train, train->kernels->resize_scratch (&resize));
}

static void
list_window_backward (DhTrain *train, DhTrainOp *op)
{
  const DhOp what = window_node (train, op)->op;
  g_autofree char *words = g_strconcat ("backward ", dh_op_name (what), NULL);
  if (!op->out->wants)
    return;
  DhTrainStep *step = dh_train_step_new (train, op, words, run_window_back);
  touch_backward (train, op);
  if (op->in->wants)
    {
      step->direct = dh_train_is_fresh (op->in);
      step->adds = dh_train_touch_grads (train, op->in);
      if (what == DH_OP_MAX_POOL)
        dh_train_touch_view (train, op->in);
      if (!step->direct)
        {
          const gsize bytes =
              (gsize)op->in->n_planes * train->kernels->lanes * op->in->h * op->in->w * train->images * 4;
          dh_train_touch (train, step->temporary = dh_train_block (train, bytes));
        }
    }
  if (op->sum && op->sum->wants && !share_gradient (op->sum, op->out))
    step->adds2 = dh_train_touch_grads (train, op->sum);
}

const DhBilinear *
dh_train_bilinear (DhTrain *train, gint in, gint out, gboolean align_corners)
{
  DhBilinear *table = dh_train_alloc (train, out, sizeof *table);
  for (gint i = 0; i < out; i++)
    table[i] = dh_bilinear_at (i, in, out, align_corners);
  return table;
}

DhTrainValue *
dh_train_add_window (DhTrain *train, DhValue at, DhTrainView *in, DhTrainView *sum)
{
  const DhShape shape = train->shapes[at];
  DhTrainOp *op = op_new (train, at, in, sum, list_window_forward, list_window_backward);
  const DhNode *node = window_node (train, op);
  op->out = value_like (train, in, shape.h, shape.w);
  op->out->wants |= sum && sum->wants;
  if (node->op == DH_OP_RESIZE)
    {
      op->rows = dh_train_bilinear (train, in->h, shape.h, node->align_corners);
      op->columns = dh_train_bilinear (train, in->w, shape.w, node->align_corners);
    }
  return op->out;
}
