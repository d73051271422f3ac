#include "dh-train-ops-private.h"

/* Operators that only networks of others have: activations, products, channels that change their places. Gradients go
 * from a row of scratch memory straight back along the view. */

static void
need_row (DhTrain *train, gint w)
{
  dh_train_need_scratch (train, (gsize)w * train->kernels->lanes * sizeof (float));
}

static DhCpuOutput
output_of (const DhTrain *train, const DhTrainOp *op, gint image, float **planes)
{
  for (gint i = 0; i < op->out->n_planes; i++)
    planes[i] = op->out->base + image * op->out->image + i * op->out->pixels * train->kernels->lanes;
  return (DhCpuOutput){ .planes = planes, .n_planes = op->out->n_planes, .h = op->out->h, .w = op->out->w };
}

static gboolean
run_rows (DhTrain *train, DhTrainStep *step, DhTrainItem item)
{
  const DhTrainOp *op = step->op;
  DhTrainOpWork work = { train, step, op, NULL };
  dh_train_run_items (train, train->images * op->out->n_planes * op->out->h, item, &work);
  dh_train_measure (train, op->out);
  return TRUE;
}

/* Back along the first view, a row of one plane of it an item. */
static void
run_rows_back (DhTrain *train, DhTrainStep *step, DhTrainItem item)
{
  const DhTrainOp *op = step->op;
  DhTrainOpWork work = { train, step, op, NULL };
  dh_train_begin_norm (train, op->in);
  dh_train_run_items (train, train->images * op->in->n_planes * op->in->h, item, &work);
  dh_train_end_norm (train, op->in);
}

/* What an item of a row of a plane of a view is. */
typedef struct
{
  gint image, plane, row;
  gsize at; /* its first pixel */
} Place;

static Place
place_of (const DhTrainView *view, gint item)
{
  const gint plane = item / view->h;
  return (Place){ plane / view->n_planes, plane % view->n_planes, item % view->h, (gsize)(item % view->h) * view->w };
}

static const float *
gradient_at (const DhTrain *train, const DhTrainValue *value, gint image, gint plane, gsize at)
{
  return value->grad_base + image * value->image + (plane * value->pixels + at) * train->kernels->lanes;
}

/* Activations */

static void
activate_row (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint per_image = op->out->n_planes * op->out->h, image = item / per_image;
  g_autofree float **planes = g_new (float *, op->out->n_planes);
  const DhCpuInput in = dh_train_input (train, op->in, image);
  DhCpuOutput out = output_of (train, op, image, planes);
  out.activation = dh_cpu_after (dh_graph_node (train->graph, op->node)).activation;
  train->kernels->pointwise (&in, &out, item % per_image);
}

static gboolean
run_activation (DhTrain *train, DhTrainStep *step, GError **error)
{
  return run_rows (train, step, activate_row);
}

static void
activate_row_back (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const Place place = place_of (op->in, item);
  const DhCpuRoute route = dh_train_route (train, op->in, work->step->adds, place.image, part);
  const DhCpuActivation activation = dh_cpu_after (dh_graph_node (train->graph, op->node)).activation;
  const float *dy = gradient_at (train, op->out, place.image, place.plane, place.at);
  train->gradients->activation_gradient (&activation, &route.in, place.plane, dy, scratch, place.at, (gsize)op->in->w);
  train->gradients->route (&route, place.plane, scratch, place.at, (gsize)op->in->w);
}

static gboolean
run_activation_back (DhTrain *train, DhTrainStep *step, GError **error)
{
  dh_train_finish (train, step->op->out);
  run_rows_back (train, step, activate_row_back);
  return TRUE;
}

static void
list_activation_forward (DhTrain *train, DhTrainOp *op)
{
  dh_train_step_new (train, op, "forward activation", run_activation);
  dh_train_touch_forward (train, op);
}

static void
list_activation_backward (DhTrain *train, DhTrainOp *op)
{
  if (!op->out->wants)
    return;
  DhTrainStep *step = dh_train_step_new (train, op, "backward activation", run_activation_back);
  dh_train_touch_backward (train, op);
  dh_train_touch_view (train, op->in);
  step->adds = dh_train_touch_grads (train, op->in);
  need_row (train, op->in->w);
}

DhTrainValue *
dh_train_add_activation (DhTrain *train, DhValue node, DhTrainView *in)
{
  DhTrainOp *op = dh_train_op_new (train, node, in, NULL, list_activation_forward, list_activation_backward);
  return op->out = dh_train_value_like (train, in, in->h, in->w);
}

/* Products: op->sum is the factor. */

static DhCpuFactor
factor_of (const DhTrainOp *op, gint image, gint plane)
{
  const gboolean channels = op->sum->c > 1 || op->in->c == 1;
  const float *by = dh_train_sum_planes (op, image)[channels ? plane : 0];
  return (DhCpuFactor){ by, channels, (gsize)op->sum->h * op->sum->w == (gsize)op->in->h * op->in->w };
}

static void
multiply_row (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const Place place = place_of (op->in, item);
  const DhCpuInput in = dh_train_input (train, op->in, place.image);
  const DhCpuFactor factor = factor_of (op, place.image, place.plane);
  float *to =
      op->out->base + place.image * op->out->image + (place.plane * op->out->pixels + place.at) * train->kernels->lanes;
  train->gradients->multiply (&in, place.plane, &factor, to, place.at, (gsize)op->in->w);
}

static gboolean
run_product (DhTrain *train, DhTrainStep *step, GError **error)
{
  return run_rows (train, step, multiply_row);
}

static void
multiply_row_back (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const Place place = place_of (op->in, item);
  const DhCpuRoute route = dh_train_route (train, op->in, work->step->adds, place.image, part);
  const DhCpuFactor factor = factor_of (op, place.image, place.plane);
  g_autofree const float **dy = g_new (const float *, op->out->n_planes);
  dh_train_gradient_planes (train, op->out, place.image, dy);
  const DhCpuInput slopes = { .planes = dy, .n_planes = op->out->n_planes, .h = op->out->h, .w = op->out->w };
  train->gradients->multiply (&slopes, place.plane, &factor, scratch, place.at, (gsize)op->in->w);
  train->gradients->route (&route, place.plane, scratch, place.at, (gsize)op->in->w);
}

/* The factor's gradient, of one plane of it in one image; of one channel, that is over all planes of the product. */
static void
factor_back (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint image = item / op->sum->n_planes, lanes = train->kernels->lanes;
  const gsize pixels = op->out->pixels;
  const DhCpuInput in = dh_train_input (train, op->in, image);
  const DhCpuFactor factor = factor_of (op, image, item % op->sum->n_planes);
  float *to = work->targets[item];
  const gint first = factor.channels ? item % op->sum->n_planes : 0;
  const gint end = factor.channels ? first + 1 : op->in->n_planes;
  double sums[64] = { 0 }, all = 0;
  if (factor.places && !factor.channels)
    for (gsize i = 0; i < pixels * (gsize)lanes; i++)
      to[i] = 0;
  for (gint plane = first; plane < end; plane++)
    {
      const float *dy = gradient_at (train, op->out, image, plane, 0);
      gint channels = 0;
      while (channels < lanes && op->in->channels[plane * lanes + channels] >= 0)
        channels++;
      if (factor.places && factor.channels)
        train->gradients->multiply (&in, plane, &(DhCpuFactor){ dy, TRUE, TRUE }, to, 0, pixels);
      else if (factor.places)
        train->gradients->multiply_dots (&in, plane, dy, channels, to, 0, pixels);
      else
        train->gradients->multiply_sums (&in, plane, dy, 0, pixels, sums);
      for (gint lane = 0; !factor.places && !factor.channels && lane < lanes; lane++)
        {
          all += lane < channels ? sums[lane] : 0;
          sums[lane] = 0;
        }
    }
  for (gint lane = 0; !factor.places && lane < lanes; lane++)
    to[lane] = factor.channels ? (float)sums[lane] : lane == 0 ? (float)all : 0;
}

static gboolean
run_product_back (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  dh_train_finish (train, op->out);
  if (step->adds)
    run_rows_back (train, step, multiply_row_back);
  if (step->adds2)
    {
      const gint n = train->images * op->sum->n_planes;
      g_autofree float **targets = g_new (float *, n);
      dh_train_planes (train, dh_train_memory (train, step->temporary), op->sum->n_planes,
                       (gsize)op->sum->h * op->sum->w, targets);
      DhTrainOpWork work = { train, step, op, targets };
      dh_train_run_items (train, n, factor_back, &work);
      dh_train_route_all (train, op->sum, step->adds2, targets);
    }
  return TRUE;
}

static void
list_product_forward (DhTrain *train, DhTrainOp *op)
{
  dh_train_step_new (train, op, "forward product", run_product);
  dh_train_touch_forward (train, op);
}

static void
list_product_backward (DhTrain *train, DhTrainOp *op)
{
  if (!op->out->wants)
    return;
  DhTrainStep *step = dh_train_step_new (train, op, "backward product", run_product_back);
  const DhTrainView *by = op->sum;
  dh_train_touch_backward (train, op);
  dh_train_touch_view (train, op->in);
  dh_train_touch_view (train, by);
  if (op->in->wants)
    step->adds = dh_train_touch_grads (train, op->in);
  if (by->wants)
    {
      const gsize floats = (gsize)by->n_planes * train->kernels->lanes * by->h * by->w * train->images;
      step->adds2 = dh_train_touch_grads (train, by);
      dh_train_touch (train, step->temporary = dh_train_block (train, floats * sizeof (float)));
    }
  need_row (train, op->in->w);
}

DhTrainValue *
dh_train_add_product (DhTrain *train, DhValue node, DhTrainView *in, DhTrainView *by)
{
  DhTrainOp *op = dh_train_op_new (train, node, in, by, list_product_forward, list_product_backward);
  op->out = dh_train_value_like (train, in, in->h, in->w);
  op->out->wants |= by->wants;
  return op->out;
}

/* Channels in another order, or as places. */

static gint
block_of (const DhTrain *train, const DhTrainOp *op)
{
  const DhNode *node = dh_graph_node (train->graph, op->node);
  return node->op == DH_OP_DEPTH_TO_SPACE ? node->kernel : 1;
}

/* Where each channel of what is read stands: plane · lanes + lane. */
static gint *
list_places (const DhTrain *train, const DhTrainView *view)
{
  gint *places = g_new0 (gint, view->c);
  for (gint i = 0; i < view->n_planes * train->kernels->lanes; i++)
    if (view->channels[i] >= 0)
      places[view->channels[i]] = i;
  return places;
}

static void
order_row (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint lanes = train->kernels->lanes, block = block_of (train, op);
  const gint plane = item / op->out->h % op->out->n_planes, image = item / op->out->h / op->out->n_planes;
  const gint y = item % op->out->h;
  g_autofree gint *places = list_places (train, op->in);
  const DhCpuInput in = dh_train_input (train, op->in, image);
  float *to = op->out->base + image * op->out->image + (plane * op->out->pixels + (gsize)y * op->out->w) * lanes;
  for (gint lane = 0; lane < lanes; lane++)
    for (gint j = 0; j < block; j++)
      {
        const gint channel = op->out->channels[plane * lanes + lane];
        const gint from = channel < 0 ? 0 : places[(channel * block + y % block) * block + j];
        const float *row = in.planes[from / lanes] + (gsize)(y / block) * op->in->w * lanes + from % lanes;
        for (gint x = 0; x < op->in->w; x++)
          to[((gsize)x * block + j) * lanes + lane] = channel < 0 ? 0 : row[(gsize)x * lanes];
      }
}

static gboolean
run_order (DhTrain *train, DhTrainStep *step, GError **error)
{
  return run_rows (train, step, order_row);
}

static void
order_row_back (gpointer data, gint item, gint part, float *scratch)
{
  const DhTrainOpWork *work = data;
  const DhTrain *train = work->train;
  const DhTrainOp *op = work->op;
  const gint lanes = train->kernels->lanes, block = block_of (train, op);
  const Place place = place_of (op->in, item);
  const DhCpuRoute route = dh_train_route (train, op->in, work->step->adds, place.image, part);
  for (gint lane = 0; lane < lanes; lane++)
    {
      const gint channel = op->in->channels[place.plane * lanes + lane], to = MAX (channel, 0) / (block * block);
      const gint y = place.row * block + MAX (channel, 0) / block % block, j = MAX (channel, 0) % block;
      const float *row = gradient_at (train, op->out, place.image, to / lanes, (gsize)y * op->out->w) + to % lanes;
      for (gint x = 0; x < op->in->w; x++)
        scratch[x * lanes + lane] = channel < 0 ? 0 : row[((gsize)x * block + j) * lanes];
    }
  train->gradients->route (&route, place.plane, scratch, place.at, (gsize)op->in->w);
}

static gboolean
run_order_back (DhTrain *train, DhTrainStep *step, GError **error)
{
  dh_train_finish (train, step->op->out);
  run_rows_back (train, step, order_row_back);
  return TRUE;
}

static void
list_order_forward (DhTrain *train, DhTrainOp *op)
{
  dh_train_step_new (train, op, "forward order", run_order);
  dh_train_touch_forward (train, op);
}

static void
list_order_backward (DhTrain *train, DhTrainOp *op)
{
  if (!op->out->wants)
    return;
  DhTrainStep *step = dh_train_step_new (train, op, "backward order", run_order_back);
  dh_train_touch_backward (train, op);
  step->adds = dh_train_touch_grads (train, op->in);
  need_row (train, op->in->w);
}

DhTrainValue *
dh_train_add_order (DhTrain *train, DhValue node, DhTrainView *in)
{
  DhTrainOp *op = dh_train_op_new (train, node, in, NULL, list_order_forward, list_order_backward);
  const gint block = block_of (train, op);
  op->out = dh_train_value_new (train, in->c / (block * block), in->h * block, in->w * block, NULL, 0);
  op->out->wants = in->wants;
  return op->out;
}
