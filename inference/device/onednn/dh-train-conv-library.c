#include "dh-train-conv-private.h"

/* The other convolutions: the library's, on copies of what is read. */

/* The view's planes as they are read, together in memory. */
static void
copy_row (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
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

float **
dh_train_conv_copy (DhTrain *train, const DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  float *copy = dh_train_memory (train, step->dense);
  float **planes = g_new (float *, (gsize)op->in->n_planes * train->images);
  dh_train_planes (train, copy, op->in->n_planes, (gsize)op->in->h * op->in->w, planes);
  DhTrainConvWork work = { .train = train, .op = op, .targets = planes, .sums = copy };
  dh_train_run_items (train, train->images * op->in->n_planes * op->in->h, copy_row, &work);
  return planes;
}

static const float *
library_input (DhTrain *train, DhTrainStep *step)
{
  if (step->op->in->values[0]->raw)
    return train->input;
  g_free (dh_train_conv_copy (train, step));
  return dh_train_memory (train, step->dense);
}

static gboolean
fail_library (const DhTrain *train, const DhTrainOp *op, GError **error)
{
  dh_cpu_set_error (error, dh_train_conv_node (train, op)->name, dnnl_out_of_memory);
  return FALSE;
}

gboolean
dh_train_conv_library_forward (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const float *x = library_input (train, step);
  return dh_library_conv_forward (op->library, x, dh_train_conv_weight (train, op), dh_train_conv_bias (train, op),
                                  op->out->base, train->cancellable)
         || fail_library (train, op, error);
}

/* From dense N×C×H×W. */
static void
pack_row (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainConvWork *work = data;
  const DhTrainView *view = work->op->in;
  const gint per_image = view->n_planes * view->h, image = item / per_image;
  const DhCpuOutput out = {
    .planes = work->targets + (gsize)image * view->n_planes, .n_planes = view->n_planes, .h = view->h, .w = view->w
  };
  work->train->kernels->pack (work->sums + (gsize)image * view->c * view->h * view->w, view->channels, &out,
                              item % per_image);
}

gboolean
dh_train_conv_library_backward (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const float *x = library_input (train, step);
  float *gradient = dh_tensor_f32 (train->gradient_of[op->node][0]);
  float *bias_gradient = dh_train_conv_bias (train, op) ? dh_tensor_f32 (train->gradient_of[op->node][1]) : NULL;
  if (!dh_library_conv_backward_weights (op->library, x, op->out->grad_base, train->weight, gradient, bias_gradient,
                                         train->cancellable))
    return fail_library (train, op, error);
  if (!op->in->wants)
    return TRUE;
  g_autofree float **targets = dh_train_conv_targets (train, step);
  float *dx = dh_train_memory (train, op->plain_x ? step->dense2 : step->temporary);
  if (!dh_library_conv_backward_data (op->library, op->out->grad_base, dh_train_conv_weight (train, op), dx,
                                      train->cancellable))
    return fail_library (train, op, error);
  DhTrainConvWork work = { .train = train, .op = op, .targets = targets, .sums = dx };
  if (op->plain_x)
    dh_train_run_items (train, train->images * op->in->n_planes * op->in->h, pack_row, &work);
  dh_train_route_all (train, op->in, step->adds, targets);
  return TRUE;
}
