#include <string.h>
#include "dh-error.h"
#include "dh-train-private.h"

/* From the graph to operations, and from these to the steps of both passes. */

static const DhNode *
node_at (const DhTrain *train, DhValue value)
{
  return dh_graph_node (train->graph, value);
}

static DhTrainView *
view_copy (DhTrain *train, const DhTrainView *view)
{
  DhTrainView *copy = dh_train_view_new (train, view->n_planes);
  const float **pointers = copy->pointers;
  float **grads = copy->grads;
  *copy = *view;
  copy->pointers = pointers;
  copy->grads = grads;
  return copy;
}

static DhTrainView *
view_of (DhTrain *train, DhTrainValue *value)
{
  return dh_train_view_of_value (train, value);
}

/* The value as planes with nothing left to do to them. */
static DhTrainView *
plain (DhTrain *train, DhValue at)
{
  DhTrainView *view = train->views[at];
  if (dh_train_is_plain (view))
    return view;
  return train->views[at] = view_of (train, dh_train_add_copy (train, at, view, FALSE));
}

/* What a reader that is no convolution sees: never the caller's own memory. */
static DhTrainView *
readable (DhTrain *train, DhValue at)
{
  return train->views[at]->values[0]->raw ? plain (train, at) : train->views[at];
}

static void
build_input (DhTrain *train, DhValue at)
{
  const DhShape shape = train->shapes[at];
  DhTrainValue *value = dh_train_value_new (train, shape.c, shape.h, shape.w, NULL, 0);
  value->raw = TRUE;
  train->views[at] = view_of (train, value);
}

static void
build_conv (DhTrain *train, DhValue at)
{
  const DhNode *node = node_at (train, at);
  const DhValue x = node->inputs[0];
  /* The library reads the caller's pictures as they are. */
  const gboolean as_it_is = node->stride != 1;
  DhTrainOp *op = dh_train_add_conv (train, at, as_it_is ? train->views[x] : readable (train, x));
  op->out->n_readers = (guint)train->n_readers[at];
  train->views[at] = view_of (train, op->out);
}

static void
build_norm (DhTrain *train, DhValue at)
{
  const DhNode *node = node_at (train, at);
  DhTrainNorm *norm = dh_train_alloc (train, 1, sizeof *norm);
  DhTrainView *view = view_copy (train, plain (train, node->inputs[0]));
  norm->view = plain (train, node->inputs[0]);
  norm->node = at;
  train->norms[at] = norm;
  dh_train_add_norm (train, norm);
  view->norm = norm;
  view->wants = TRUE;
  train->views[at] = view;
}

static void
build_relu (DhTrain *train, DhValue at)
{
  DhTrainView *view = view_copy (train, readable (train, node_at (train, at)->inputs[0]));
  view->relu = TRUE;
  train->views[at] = view;
}

static void
build_concat (DhTrain *train, DhValue at)
{
  const DhNode *node = node_at (train, at);
  const gint lanes = train->kernels->lanes;
  gint n = 0;
  for (guint i = 0; i < node->n_inputs; i++)
    n += plain (train, node->inputs[i])->n_planes;
  DhTrainView *view = dh_train_view_new (train, n);
  gint plane = 0, first = 0;
  for (guint i = 0; i < node->n_inputs; i++)
    {
      const DhTrainView *part = plain (train, node->inputs[i]);
      memcpy (view->values + plane, part->values, sizeof *view->values * part->n_planes);
      memcpy (view->planes + plane, part->planes, sizeof *view->planes * part->n_planes);
      for (gint j = 0; j < part->n_planes * lanes; j++)
        view->channels[plane * lanes + j] = part->channels[j] < 0 ? -1 : first + part->channels[j];
      plane += part->n_planes;
      first += part->c;
      view->wants |= part->wants;
    }
  view->c = train->shapes[at].c;
  view->h = train->shapes[at].h;
  view->w = train->shapes[at].w;
  train->views[at] = view;
}

static gboolean
same_channels (const DhTrain *train, const DhTrainView *a, const DhTrainView *b)
{
  return a->n_planes == b->n_planes
         && memcmp (a->channels, b->channels, sizeof (gint) * a->n_planes * train->kernels->lanes) == 0;
}

/* Channels stand as they count, with nothing left to do. */
static DhTrainView *
in_order (DhTrain *train, DhValue at)
{
  DhTrainView *view = plain (train, at);
  const gint lanes = train->kernels->lanes;
  gboolean ordered = view->n_planes == (view->c + lanes - 1) / lanes;
  for (gint i = 0; ordered && i < view->n_planes * lanes; i++)
    ordered = view->channels[i] == (i < view->c ? i : -1);
  return ordered ? view : (train->views[at] = view_of (train, dh_train_add_order (train, at, view)));
}

/* A resize that only a sum reads is made where the sum is. */
static gboolean
is_deferred (const DhTrain *train, DhValue at)
{
  const DhTrainOptions *options = &train->common.options;
  return node_at (train, at)->op == DH_OP_RESIZE && train->n_readers[at] == 1 && at != options->logits
         && at != options->logits_ood && node_at (train, train->reader[at])->op == DH_OP_ADD;
}

static void
build_add (DhTrain *train, DhValue at)
{
  const DhNode *node = node_at (train, at);
  DhValue a = node->inputs[0], b = node->inputs[1];
  DhTrainValue *value;
  if (is_deferred (train, b) && !is_deferred (train, a))
    {
      a = b;
      b = node->inputs[0];
    }
  const gboolean resize = is_deferred (train, a);
  if (resize && is_deferred (train, b))
    train->views[b] =
        view_of (train, dh_train_add_window (train, b, readable (train, node_at (train, b)->inputs[0]), NULL));
  DhTrainView *first = resize ? readable (train, node_at (train, a)->inputs[0]) : readable (train, a);
  DhTrainView *second = plain (train, b);
  if (!same_channels (train, first, second))
    {
      first = resize ? in_order (train, node_at (train, a)->inputs[0]) : in_order (train, a);
      second = in_order (train, b);
    }
  value = resize ? dh_train_add_window (train, at, first, second) : dh_train_add_sum (train, at, first, second);
  train->views[at] = view_of (train, value);
}

static void
build_product (DhTrain *train, DhValue at)
{
  const DhNode *node = node_at (train, at);
  DhTrainView *x = readable (train, node->inputs[0]), *by = plain (train, node->inputs[1]);
  if (by->c > 1 && !same_channels (train, x, by))
    {
      x = in_order (train, node->inputs[0]);
      by = in_order (train, node->inputs[1]);
    }
  train->views[at] = view_of (train, dh_train_add_product (train, at, x, by));
}

static gboolean
build_node (DhTrain *train, DhValue at)
{
  const DhNode *node = node_at (train, at);
  const DhTrainOptions *options = &train->common.options;
  switch (node->op)
    {
    case DH_OP_INPUT:
      build_input (train, at);
      break;
    case DH_OP_CONV:
      build_conv (train, at);
      break;
    case DH_OP_NORM:
      build_norm (train, at);
      break;
    case DH_OP_RELU:
      build_relu (train, at);
      break;
    case DH_OP_CONCAT:
      build_concat (train, at);
      break;
    case DH_OP_ADD:
      build_add (train, at);
      break;
    case DH_OP_DROPOUT:
      if (options->without_dropout)
        train->views[at] = train->views[node->inputs[0]];
      else
        train->views[at] = view_of (train, dh_train_add_copy (train, at, readable (train, node->inputs[0]), TRUE));
      break;
    case DH_OP_CHANNEL_SCALE:
      {
        DhTrainView *in = train->views[node->inputs[0]];
        in = in->values[0]->raw || !in->relu ? in : plain (train, node->inputs[0]);
        train->views[at] = view_of (train, dh_train_add_copy (train, at, in, TRUE));
        break;
      }
    case DH_OP_MAX_POOL:
    case DH_OP_AVERAGE_POOL:
    case DH_OP_ADAPTIVE_POOL:
    case DH_OP_RESIZE:
      if (is_deferred (train, at))
        break;
      /* The losses bring the logits to full size themselves. */
      if (node->op == DH_OP_RESIZE && train->n_readers[at] == 0)
        break;
      train->views[at] = view_of (train, dh_train_add_window (train, at, readable (train, node->inputs[0]), NULL));
      break;
    case DH_OP_ACTIVATION:
      train->views[at] = view_of (train, dh_train_add_activation (train, at, readable (train, node->inputs[0])));
      break;
    case DH_OP_MULTIPLY:
      build_product (train, at);
      break;
    case DH_OP_DEPTH_TO_SPACE:
      train->views[at] = view_of (train, dh_train_add_order (train, at, plain (train, node->inputs[0])));
      break;
    case DH_OP_LAYER_NORM:
      train->views[at] = view_of (train, dh_train_add_layer_norm (train, at, readable (train, node->inputs[0])));
      break;
    case DH_OP_ATTENTION:
      train->views[at] = view_of (train, dh_train_add_attention (train, at, in_order (train, node->inputs[0]),
                                                                 in_order (train, node->inputs[1]),
                                                                 in_order (train, node->inputs[2])));
      break;
    case DH_OP_SCORE:
    case DH_N_OPS:
      break;
    }
  return train->failure == NULL;
}

static void
build_logits (DhTrain *train, guint which, DhValue at)
{
  const DhNode *node = node_at (train, at);
  const DhShape shape = train->shapes[at];
  DhTrainView *view = train->views[at];
  if (!view)
    view = readable (train, node->inputs[0]);
  else
    view = readable (train, at);
  train->loss_views[which] = view;
  const gboolean resized = !train->views[at], align = resized && node->align_corners;
  const gboolean nearest = resized && node->nearest;
  train->loss_rows[which] = dh_train_bilinear (train, view->h, shape.h, align, nearest);
  train->loss_columns[which] = dh_train_bilinear (train, view->w, shape.w, align, nearest);
}

static void
measure_values (DhTrain *train)
{
  for (guint i = 0; i < train->values->len; i++)
    {
      DhTrainValue *value = g_ptr_array_index (train->values, i);
      const gsize n = (gsize)value->n_planes * train->kernels->lanes;
      if (!value->measured)
        continue;
      value->mean = dh_train_alloc (train, n, sizeof (float));
      value->finish_b = dh_train_alloc (train, n, sizeof (float));
      value->finish_c = dh_train_alloc (train, n, sizeof (float));
      value->exact_mean = dh_train_alloc (train, n, sizeof (double));
      value->variance = dh_train_alloc (train, n, sizeof (double));
      value->b = dh_train_alloc (train, n, sizeof (double));
      value->c_sum = dh_train_alloc (train, n, sizeof (double));
    }
}

/* A convolution's result that one norm or ReLU reads for one convolution: made again where that one goes back. */
static void
find_made_again (DhTrain *train)
{
  for (guint i = 0; i < train->ops->len; i++)
    {
      const DhTrainOp *op = g_ptr_array_index (train->ops, i);
      if (op->library || !op->out || !op->out->is_conv || op->out->n_readers != 1)
        continue;
      DhValue reader = train->reader[op->node];
      while (train->n_readers[reader] == 1
             && (node_at (train, reader)->op == DH_OP_NORM || node_at (train, reader)->op == DH_OP_RELU))
        reader = train->reader[reader];
      if (node_at (train, reader)->op == DH_OP_CONV && reader != train->reader[op->node])
        op->out->again = dh_train_block (train, op->out->value->size);
    }
}

gboolean
dh_train_build (DhTrain *train, GError **error)
{
  const DhTrainOptions *options = &train->common.options;
  const DhValue size = (DhValue)dh_graph_size (train->graph);
  for (DhValue i = 0; i < size; i++)
    for (guint j = 0; train->needed[i] && j < node_at (train, i)->n_inputs; j++)
      {
        train->n_readers[node_at (train, i)->inputs[j]]++;
        train->reader[node_at (train, i)->inputs[j]] = i;
      }
  for (DhValue i = 0; i < size; i++)
    if (train->needed[i] && !build_node (train, i))
      break;
  if (!train->failure)
    build_logits (train, 0, options->logits);
  if (!train->failure && options->logits_ood != DH_NO_VALUE)
    build_logits (train, 1, options->logits_ood);
  if (train->failure)
    {
      g_propagate_error (error, g_steal_pointer (&train->failure));
      return FALSE;
    }
  measure_values (train);
  if (options->recompute)
    find_made_again (train);
  for (guint i = 0; i < train->ops->len; i++)
    {
      DhTrainOp *op = g_ptr_array_index (train->ops, i);
      op->list_forward (train, op);
    }
  train->backward = TRUE;
  dh_train_list_losses (train);
  for (guint i = train->ops->len; i-- > 0;)
    {
      DhTrainOp *op = g_ptr_array_index (train->ops, i);
      op->list_backward (train, op);
    }
  return TRUE;
}
