#include <string.h>
#include "dh-train-ops-private.h"

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

static DhCpuOutput
output_of (const DhTrain *train, const DhTrainOp *op, gint image, float **planes)
{
  for (gint i = 0; i < op->out->n_planes; i++)
    planes[i] = op->out->base + image * op->out->image + i * op->out->pixels * train->kernels->lanes;
  return (DhCpuOutput){ .planes = planes, .n_planes = op->out->n_planes, .h = op->out->h, .w = op->out->w };
}

static void
window_row (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const DhNode *node = window_node (train, op);
  const gint per_image = op->out->n_planes * op->out->h, image = item / per_image;
  g_autofree float **planes = g_new (float *, op->out->n_planes);
  const DhCpuInput in = dh_train_input (train, op->in, image);
  DhCpuOutput out = output_of (train, op, image, planes);
  if (node->op == DH_OP_RESIZE)
    {
      out.sum = dh_train_sum_planes (op, image);
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
  DhTrainOpWork work = { train, step, op, NULL };
  dh_train_run_items (train, train->images * op->out->n_planes * op->out->h, window_row, &work);
  dh_train_measure (train, op->out);
  return TRUE;
}

/* One plane of one image. */
static void
window_back_plane (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const DhNode *node = window_node (train, op);
  const gint n = op->out->n_planes, image = item / n;
  g_autofree const float **dy = g_new (const float *, n);
  dh_train_gradient_planes (train, op->out, image, dy);
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
      DhTrainOpWork work = { train, step, op, targets };
      dh_train_run_items (train, (gint)n, window_back_plane, &work);
      if (!step->direct || op->in->norm || op->in->relu)
        dh_train_route_all (train, op->in, step->adds, targets);
    }
  if (step->adds2)
    {
      g_autofree float **planes = dh_train_grad_planes (train, op->out);
      dh_train_route_all (train, op->sum, step->adds2, planes);
    }
  return TRUE;
}

static void
list_window_forward (DhTrain *train, DhTrainOp *op)
{
  g_autofree char *what = g_strconcat ("forward ", dh_op_name (window_node (train, op)->op), NULL);
  dh_train_step_new (train, op, what, run_window);
  dh_train_touch_forward (train, op);
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
  dh_train_touch_backward (train, op);
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
  if (op->sum && op->sum->wants && !dh_train_share_gradient (op->sum, op->out))
    step->adds2 = dh_train_touch_grads (train, op->sum);
}

const DhBilinear *
dh_train_bilinear (DhTrain *train, gint in, gint out, gboolean align_corners, gboolean nearest)
{
  DhBilinear *table = dh_train_alloc (train, out, sizeof *table);
  for (gint i = 0; i < out; i++)
    table[i] = nearest ? dh_nearest_at (i, in, out) : dh_bilinear_at (i, in, out, align_corners);
  return table;
}

DhTrainValue *
dh_train_add_window (DhTrain *train, DhValue at, DhTrainView *in, DhTrainView *sum)
{
  const DhShape shape = train->shapes[at];
  DhTrainOp *op = dh_train_op_new (train, at, in, sum, list_window_forward, list_window_backward);
  const DhNode *node = window_node (train, op);
  op->out = dh_train_value_like (train, in, shape.h, shape.w);
  op->out->wants |= sum && sum->wants;
  if (node->op == DH_OP_RESIZE)
    {
      op->rows = dh_train_bilinear (train, in->h, shape.h, node->align_corners, node->nearest);
      op->columns = dh_train_bilinear (train, in->w, shape.w, node->align_corners, node->nearest);
    }
  return op->out;
}
