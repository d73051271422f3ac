#include "dh-cuda-tape.h"
#include "dh-error.h"

/* Graph → the steps of a training step, forward. */

const DhNode *
dh_cuda_tape_node (const DhCudaTape *b, DhValue v)
{
  return dh_graph_node (b->plan->graph, v);
}

/* The value in plain memory, which goes on the tape where it had to be made. */
static const DhCudaView *
make_plain (DhCudaTape *b, DhValue v, const DhCudaView *view, gboolean in_order)
{
  const DhCudaView *made = dh_cuda_train_gather (b->plan, dh_cuda_tape_node (b, v), FALSE, view, in_order, &b->error);
  const DhCudaTapeEntry tape = {
    .kind = DH_CUDA_TAPE_GATHER, .node = dh_cuda_tape_node (b, v), .value = v, .in = view, .out = made
  };
  if (made)
    g_array_append_val (b->entries, tape);
  return made;
}

/* The value in groups: the picture is brought into them once. */
static const DhCudaView *
groups_of (DhCudaTape *b, DhValue v)
{
  const DhCudaView *raw = b->views[v];
  if (!raw || !raw->raw)
    return raw;
  DhCudaPool *pool = &b->plan->pool;
  DhCudaTrainStep *step = dh_cuda_train_step (b->plan, dh_cuda_tape_node (b, v), FALSE, DH_CUDA_PACK);
  step->out = dh_cuda_buffer_new (pool, (raw->c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP, raw->h, raw->w, pool->type);
  step->kernel.c = raw->c;
  step->kernel.h = raw->h;
  step->kernel.w = raw->w;
  step->kernel.n_groups = step->out->n_groups;
  step->kernel.type = pool->type;
  step->kernel.source = (const float *)(gpointer)b->plan->up;
  if (raw->scale)
    {
      step->kernel.scale = dh_cuda_upload (pool, raw->scale, raw->c * sizeof (float), &b->error);
      step->kernel.shift = dh_cuda_upload (pool, raw->shift, raw->c * sizeof (float), &b->error);
    }
  DhCudaView *view = dh_cuda_view_new (pool, step->out, raw->c, DH_NO_VALUE);
  view->relu = raw->relu;
  return b->views[v] = b->error ? NULL : view;
}

const DhCudaView *
dh_cuda_tape_plain (DhCudaTape *b, DhValue v, gboolean in_order, gboolean whole)
{
  const DhCudaView *view = groups_of (b, v);
  if (view
      && (!dh_cuda_view_is_plain (view) || (in_order && !dh_cuda_view_in_order (view))
          || (whole && !dh_cuda_view_is_whole (view))))
    view = b->views[v] = make_plain (b, v, view, in_order);
  return view;
}

/* Nothing is between the view's memory and it but, perhaps, a norm. */
const DhCudaView *
dh_cuda_tape_linear (DhCudaTape *b, DhValue v, gboolean with_norm)
{
  const DhCudaView *view = groups_of (b, v);
  if (view && (view->relu || view->factors || (view->norm && !with_norm)))
    view = b->views[v] = make_plain (b, v, view, FALSE);
  return view;
}

static void
build_relu (DhCudaTape *b, DhValue v)
{
  const DhCudaView *in = b->views[dh_cuda_tape_node (b, v)->inputs[0]];
  if (in->factors)
    in = dh_cuda_tape_plain (b, dh_cuda_tape_node (b, v)->inputs[0], FALSE, FALSE);
  if (!in)
    return;
  DhCudaView *view = dh_cuda_view_copy (&b->plan->pool, in);
  view->relu = TRUE;
  b->views[v] = view;
}

static void
build_dropout (DhCudaTape *b, DhValue v)
{
  DhCudaTrainPlan *plan = b->plan;
  const DhNode *node = dh_cuda_tape_node (b, v);
  const DhCudaView *in = groups_of (b, node->inputs[0]);
  if (in && in->factors)
    in = dh_cuda_tape_plain (b, node->inputs[0], FALSE, FALSE);
  if (!in)
    return;
  DhCudaView *view = dh_cuda_view_copy (&plan->pool, in);
  for (guint i = 0; i < plan->dropouts->len; i++)
    {
      DhCudaDropout *dropout = &g_array_index (plan->dropouts, DhCudaDropout, i);
      if (dropout->node != v)
        continue;
      dropout->channels = in->channels;
      dropout->n_places = in->n_groups * DH_CUDA_GROUP;
      view->factors = (const float *)(gpointer)(plan->up + plan->dropouts_at) + dropout->offset;
    }
  b->views[v] = view;
}

static const DhCudaView *
new_value (DhCudaTape *b, const DhCudaView *like, DhShape shape, DhValue v)
{
  DhCudaPool *pool = &b->plan->pool;
  DhCudaBuffer *buffer = dh_cuda_buffer_new (pool, like->n_groups, shape.h, shape.w, dh_cuda_view_type (like));
  DhCudaView *view = dh_cuda_view_new (pool, buffer, like->c, v);
  view->channels = like->channels;
  buffer->wants = dh_cuda_train_wants (like);
  return view;
}

static DhCudaTrainStep *
step_between (DhCudaTape *b, const DhNode *node, DhCudaOp op, const DhCudaView *in, const DhCudaView *out)
{
  DhCudaTrainStep *step = dh_cuda_train_step (b->plan, node, FALSE, op);
  step->in = in;
  step->out = out->groups[0].buffer;
  step->kernel.c = out->c;
  step->kernel.h = out->h;
  step->kernel.w = out->w;
  step->kernel.in_h = in->h;
  step->kernel.in_w = in->w;
  step->kernel.n_groups = out->n_groups;
  step->kernel.type = step->out->type;
  return step;
}

gboolean
dh_cuda_tape_set_taps (DhCudaTape *b, DhCudaKernel *kernel, const DhNode *resize)
{
  DhCudaPool *pool = &b->plan->pool;
  const gint from[2] = { kernel->in_h, kernel->in_w }, to[2] = { kernel->h, kernel->w };
  const DhCudaTap **taps[2] = { &kernel->rows, &kernel->columns };
  for (guint i = 0; i < 2 && !b->error; i++)
    *taps[i] = resize && resize->nearest
                   ? dh_cuda_upload_nearest (pool, from[i], to[i], &b->error)
                   : dh_cuda_upload_taps (pool, from[i], to[i], resize && resize->align_corners, !resize, &b->error);
  return b->error == NULL;
}

static void
build_window (DhCudaTape *b, DhValue v)
{
  const DhNode *node = dh_cuda_tape_node (b, v);
  const gboolean resize = node->op == DH_OP_RESIZE;
  const DhCudaView *in = groups_of (b, node->inputs[0]);
  if (!in)
    return;
  const DhCudaView *out = new_value (b, in, b->plan->shapes[v], v);
  DhCudaTrainStep *step = step_between (b, node, resize ? DH_CUDA_RESIZE : DH_CUDA_POOL, in, out);
  if (resize && !dh_cuda_tape_set_taps (b, &step->kernel, node))
    return;
  if (!resize)
    dh_cuda_set_window (&step->kernel, node);
  const DhCudaTapeEntry tape = {
    .kind = resize ? DH_CUDA_TAPE_RESIZE : DH_CUDA_TAPE_POOL, .node = node, .value = v, .in = in, .out = out
  };
  g_array_append_val (b->entries, tape);
  b->views[v] = out;
}

const gint32 *
dh_cuda_tape_upload_places (DhCudaTape *b, const DhCudaView *view)
{
  const gint32 *places = dh_cuda_view_places (&b->plan->pool, view);
  const gsize n = (gsize)(view->c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP * DH_CUDA_GROUP;
  return dh_cuda_upload (&b->plan->pool, places, n * sizeof *places, &b->error);
}

static void
build_add (DhCudaTape *b, DhValue v)
{
  const DhNode *node = dh_cuda_tape_node (b, v);
  const DhCudaView *x[2];
  for (guint i = 0; i < 2; i++)
    {
      x[i] = groups_of (b, node->inputs[i]);
      if (x[i] && x[i]->factors) /* not read in another order */
        x[i] = dh_cuda_tape_plain (b, node->inputs[i], FALSE, FALSE);
      if (!x[i])
        return;
    }
  const gboolean same = dh_cuda_view_same_channels (x[0], x[1]);
  const gint n_groups = same ? x[0]->n_groups : (x[0]->c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP;
  DhCudaPool *pool = &b->plan->pool;
  DhCudaBuffer *buffer = dh_cuda_buffer_new (pool, n_groups, x[0]->h, x[0]->w, dh_cuda_view_type (x[0]));
  DhCudaView *out = dh_cuda_view_new (pool, buffer, x[0]->c, v);
  if (same)
    out->channels = x[0]->channels;
  buffer->wants = dh_cuda_train_wants (x[0]) || dh_cuda_train_wants (x[1]);
  DhCudaTrainStep *step = step_between (b, node, DH_CUDA_POINTWISE, x[0], out);
  step->other = x[1];
  if (!same && !dh_cuda_view_in_order (x[0]))
    step->in_places = dh_cuda_tape_upload_places (b, x[0]);
  if (!same && !dh_cuda_view_in_order (x[1]))
    step->other_places = dh_cuda_tape_upload_places (b, x[1]);
  const DhCudaTapeEntry tape = {
    .kind = DH_CUDA_TAPE_ADD, .node = node, .value = v, .in = x[0], .other = x[1], .out = out
  };
  g_array_append_val (b->entries, tape);
  b->views[v] = out;
}

/* Memory that stands in it twice would take two gradients at a time. */
static void
build_concat (DhCudaTape *b, DhValue v)
{
  const DhNode *node = dh_cuda_tape_node (b, v);
  g_autofree const DhCudaView **parts = g_new (const DhCudaView *, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++)
    {
      parts[i] = dh_cuda_tape_plain (b, node->inputs[i], FALSE, FALSE);
      gboolean again = FALSE;
      for (guint j = 0; parts[i] && j < i; j++)
        for (gint g = 0; g < parts[i]->n_groups; g++)
          again = again || dh_cuda_view_uses (parts[j], parts[i]->groups[g].buffer);
      if (again)
        parts[i] = make_plain (b, node->inputs[i], parts[i], FALSE);
      if (!parts[i])
        return;
    }
  b->views[v] = dh_cuda_view_concat (&b->plan->pool, parts, node->n_inputs);
}

/* Read only by what ends in the losses: worth float32 whatever the precision. */
static gboolean
is_logits (const DhCudaTape *b, DhValue v)
{
  const DhTrainOptions *options = &b->plan->base.options;
  gboolean any = v == options->logits || v == options->logits_ood;
  for (DhValue i = v + 1; i < (DhValue)dh_graph_size (b->plan->graph); i++)
    for (guint j = 0; b->needed[i] && j < dh_cuda_tape_node (b, i)->n_inputs; j++)
      if (dh_cuda_tape_node (b, i)->inputs[j] == v)
        {
          any = TRUE;
          if (dh_cuda_tape_node (b, i)->op != DH_OP_RESIZE || !is_logits (b, i))
            return FALSE;
        }
  return any;
}

static void
build_conv (DhCudaTape *b, DhValue v)
{
  const DhNode *node = dh_cuda_tape_node (b, v);
  const gboolean one = node->kernel == 1 && node->stride == 1 && node->padding == 0 && node->groups == 1;
  if (dh_cuda_tape_is_depthwise (b, node))
    {
      dh_cuda_tape_build_depthwise (b, v);
      return;
    }
  DhCudaTapeEntry tape = { .kind = DH_CUDA_TAPE_CONV,
                           .node = node,
                           .value = v,
                           .in = groups_of (b, node->inputs[0]),
                           .conv = { .node = node, .value = v } };
  tape.conv.in = tape.in;
  if (!tape.in
      || !dh_cuda_train_conv (b->plan, &tape.conv, b->plan->shapes[v],
                              one && node->channels <= DH_CUDA_HEAD_GROUPS * DH_CUDA_GROUP && is_logits (b, v),
                              &b->error))
    return;
  tape.out = b->views[v] = dh_cuda_view_new (&b->plan->pool, tape.conv.out, node->channels, v);
  g_array_append_val (b->entries, tape);
}

static void
build_node (DhCudaTape *b, DhValue v)
{
  const DhNode *node = dh_cuda_tape_node (b, v);
  const DhShape shape = b->plan->shapes[v];
  switch (node->op)
    {
    case DH_OP_INPUT:
      {
        DhCudaView *view = dh_cuda_host_alloc (&b->plan->pool, 1, sizeof *view);
        *view = (DhCudaView){ .c = shape.c, .h = shape.h, .w = shape.w, .owner = DH_NO_VALUE, .raw = TRUE };
        b->views[v] = view;
        return;
      }
    case DH_OP_CHANNEL_SCALE:
      dh_cuda_tape_build_channel_scale (b, v);
      return;
    case DH_OP_CONV:
      build_conv (b, v);
      return;
    case DH_OP_NORM:
      dh_cuda_tape_build_norm (b, v);
      return;
    case DH_OP_RELU:
      build_relu (b, v);
      return;
    case DH_OP_DROPOUT:
      build_dropout (b, v);
      return;
    case DH_OP_ADD:
      build_add (b, v);
      return;
    case DH_OP_CONCAT:
      build_concat (b, v);
      return;
    case DH_OP_MAX_POOL:
    case DH_OP_AVERAGE_POOL:
    case DH_OP_ADAPTIVE_POOL:
    case DH_OP_RESIZE:
      build_window (b, v);
      return;
    case DH_OP_ACTIVATION:
    case DH_OP_MULTIPLY:
      dh_cuda_tape_build_gated (b, v);
      return;
    case DH_OP_DEPTH_TO_SPACE:
      dh_cuda_tape_build_depth_to_space (b, v);
      return;
    case DH_OP_LAYER_NORM:
      dh_cuda_tape_build_layer_norm (b, v);
      return;
    case DH_OP_ATTENTION:
      dh_cuda_tape_build_attention (b, v);
      return;
    case DH_OP_SCORE:
    case DH_N_OPS:
      break;
    }
  g_set_error (&b->error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The cuda device cannot train the operator “%s” (%s)",
               dh_op_name (node->op), node->name);
}

gboolean
dh_cuda_train_build (DhCudaTrainPlan *plan, GError **error)
{
  const guint size = dh_graph_size (plan->graph);
  const DhTrainOptions *options = &plan->base.options;
  const DhValue outputs[2] = { options->logits, options->logits_ood };
  g_autofree gboolean *needed = dh_graph_mark_needed (plan->graph, outputs, options->logits_ood == DH_NO_VALUE ? 1 : 2);
  g_autofree gint *n_readers = g_new0 (gint, size);
  g_autofree const DhCudaView **views = g_new0 (const DhCudaView *, size);
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (DhCudaTapeEntry));
  DhCudaTape b = { .plan = plan, .needed = needed, .n_readers = n_readers, .views = views, .entries = entries };
  for (DhValue v = 0; v < (DhValue)size; v++)
    for (guint j = 0; needed[v] && j < dh_cuda_tape_node (&b, v)->n_inputs; j++)
      n_readers[dh_cuda_tape_node (&b, v)->inputs[j]]++;
  const gboolean deferred = dh_cuda_tape_may_defer (&b);
  for (DhValue v = 0; v < (DhValue)size && !b.error; v++)
    if (needed[v] && !(deferred && (v == outputs[0] || v == outputs[1])))
      build_node (&b, v);
  if (!b.error)
    dh_cuda_tape_losses (&b, deferred);
  if (!b.error)
    dh_cuda_tape_go_back (&b);
  if (b.error)
    g_propagate_error (error, b.error);
  return b.error == NULL;
}
