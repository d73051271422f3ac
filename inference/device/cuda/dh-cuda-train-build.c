#include "dh-cuda-train-private.h"
#include "dh-error.h"

/* Graph → the steps of a training step. Going forward, whatever makes memory is written on a tape; going backward, the
 * tape is read from its end. */

typedef enum
{
  TAPE_GATHER, /* out = in, as it is read */
  TAPE_ADD,
  TAPE_CONV,
  TAPE_POOL,
  TAPE_RESIZE,
} TapeKind;

typedef struct
{
  TapeKind kind;
  const DhNode *node;
  DhValue value;
  const DhCudaView *in, *other, *out;
  DhCudaTrainConv conv;
} Tape;

typedef struct
{
  DhCudaTrainPlan *plan;
  gboolean *needed;
  gint *n_readers;
  const DhCudaView **views;
  GArray *tape;
  GError *error;
} Build;

static const DhNode *
node_at (const Build *b, DhValue v)
{
  return dh_graph_node (b->plan->graph, v);
}

/* The value in plain memory, which goes on the tape where it had to be made. */
static const DhCudaView *
make_plain (Build *b, DhValue v, const DhCudaView *view, gboolean in_order)
{
  const DhCudaView *made = dh_cuda_train_gather (b->plan, node_at (b, v), FALSE, view, in_order, &b->error);
  const Tape tape = { .kind = TAPE_GATHER, .node = node_at (b, v), .value = v, .in = view, .out = made };
  if (made)
    g_array_append_val (b->tape, tape);
  return made;
}

/* The value in groups: the picture is brought into them once. */
static const DhCudaView *
groups_of (Build *b, DhValue v)
{
  const DhCudaView *raw = b->views[v];
  if (!raw || !raw->raw)
    return raw;
  DhCudaPool *pool = &b->plan->pool;
  DhCudaTrainStep *step = dh_cuda_train_step (b->plan, node_at (b, v), FALSE, DH_CUDA_PACK);
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

static const DhCudaView *
plain_of (Build *b, DhValue v, gboolean in_order, gboolean whole)
{
  const DhCudaView *view = groups_of (b, v);
  if (view
      && (!dh_cuda_view_is_plain (view) || (in_order && !dh_cuda_view_in_order (view))
          || (whole && !dh_cuda_view_is_whole (view))))
    view = b->views[v] = make_plain (b, v, view, in_order);
  return view;
}

/* Nothing is between the view's memory and it but, perhaps, a norm. */
static const DhCudaView *
linear_of (Build *b, DhValue v, gboolean with_norm)
{
  const DhCudaView *view = groups_of (b, v);
  if (view && (view->relu || view->factors || (view->norm && !with_norm)))
    view = b->views[v] = make_plain (b, v, view, FALSE);
  return view;
}

static void
build_norm (Build *b, DhValue v)
{
  DhCudaTrainPlan *plan = b->plan;
  DhCudaPool *pool = &plan->pool;
  const DhNode *node = node_at (b, v);
  const DhCudaView *in = linear_of (b, node->inputs[0], FALSE);
  if (!in)
    return;
  const gint n = in->n_groups * DH_CUDA_GROUP;
  g_autofree gint32 *channels = g_new (gint32, n);
  for (gint i = 0; i < n; i++)
    channels[i] = in->channels[i];
  g_autofree const double **statistics = g_new (const double *, n);
  for (gint i = 0; i < in->n_groups; i++)
    {
      DhCudaBuffer *buffer = in->groups[i].buffer;
      if (!dh_cuda_train_measure (plan, node, buffer, &b->error))
        return;
      for (gint j = 0; j < DH_CUDA_GROUP; j++)
        statistics[i * DH_CUDA_GROUP + j] = buffer->statistics + 2 * (in->groups[i].group * DH_CUDA_GROUP + j);
    }
  const gsize weight = dh_cuda_parameters_find (&plan->parameters, v, 0)->offset,
              bias = dh_cuda_parameters_find (&plan->parameters, v, 1)->offset;
  DhCudaNorm *norm = dh_cuda_host_alloc (pool, 1, sizeof *norm);
  *norm = (DhCudaNorm){ .tables = dh_cuda_reserve (pool, sizeof (float) * DH_CUDA_NORM_ROWS * n, &b->error),
                        .weight = plan->values + weight,
                        .bias = plan->values + bias,
                        .d_weight = plan->gradients + weight,
                        .d_bias = plan->gradients + bias,
                        .running_mean = plan->values + dh_cuda_parameters_find (&plan->parameters, v, 2)->offset,
                        .running_variance = plan->values + dh_cuda_parameters_find (&plan->parameters, v, 3)->offset };
  if (b->error || !(norm->channels = dh_cuda_upload (pool, channels, n * sizeof *channels, &b->error)))
    return;
  DhCudaTrainStep *step = dh_cuda_train_step (plan, node, FALSE, DH_CUDA_NORM_END);
  step->kernel.h = in->h;
  step->kernel.w = in->w;
  step->kernel.n_groups = in->n_groups;
  step->kernel.channels = norm->channels;
  step->kernel.tables = norm->tables;
  step->kernel.weights = norm->weight;
  step->kernel.bias = norm->bias;
  step->kernel.running_mean = norm->running_mean;
  step->kernel.running_variance = norm->running_variance;
  step->kernel.momentum = node->momentum;
  step->kernel.places_statistics = dh_cuda_upload (pool, statistics, n * sizeof *statistics, &b->error);
  DhCudaView *view = dh_cuda_view_copy (pool, in);
  view->norm = norm;
  b->views[v] = b->error ? NULL : view;
}

/* A constant scale of each channel: a norm without parameters, but for the picture, which is packed through it. */
static void
build_channel_scale (Build *b, DhValue v)
{
  DhCudaPool *pool = &b->plan->pool;
  const DhNode *node = node_at (b, v);
  const DhCudaView *in = b->views[node->inputs[0]];
  if (!in->raw || in->scale || in->relu)
    in = linear_of (b, node->inputs[0], FALSE);
  if (!in)
    return;
  if (in->raw)
    {
      double scale[3], shift[3];
      for (gint c = 0; c < 3; c++)
        {
          scale[c] = 1.0 / node->deviation[c];
          shift[c] = -(double)node->mean[c] / node->deviation[c];
        }
      b->views[v] = dh_cuda_view_norm (pool, in, scale, shift);
      return;
    }
  const gint n = in->n_groups * DH_CUDA_GROUP;
  g_autofree float *tables = g_new0 (float, (gsize)DH_CUDA_NORM_ROWS *n);
  for (gint i = 0; i < n; i++)
    {
      const gint c = in->channels[i];
      if (c < 0)
        continue;
      tables[DH_CUDA_NORM_SCALE * n + i] = tables[DH_CUDA_NORM_A * n + i] = 1 / node->deviation[c];
      tables[DH_CUDA_NORM_SHIFT * n + i] = (float)(-(double)node->mean[c] / node->deviation[c]);
    }
  DhCudaNorm *norm = dh_cuda_host_alloc (pool, 1, sizeof *norm);
  norm->tables = dh_cuda_upload (pool, tables, sizeof *tables * DH_CUDA_NORM_ROWS * n, &b->error);
  DhCudaView *view = dh_cuda_view_copy (pool, in);
  view->norm = norm;
  b->views[v] = b->error ? NULL : view;
}

static void
build_relu (Build *b, DhValue v)
{
  const DhCudaView *in = b->views[node_at (b, v)->inputs[0]];
  if (in->factors)
    in = plain_of (b, node_at (b, v)->inputs[0], FALSE, FALSE);
  if (!in)
    return;
  DhCudaView *view = dh_cuda_view_copy (&b->plan->pool, in);
  view->relu = TRUE;
  b->views[v] = view;
}

static void
build_dropout (Build *b, DhValue v)
{
  DhCudaTrainPlan *plan = b->plan;
  const DhNode *node = node_at (b, v);
  const DhCudaView *in = groups_of (b, node->inputs[0]);
  if (in && in->factors)
    in = plain_of (b, node->inputs[0], FALSE, FALSE);
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
new_value (Build *b, const DhCudaView *like, DhShape shape, DhValue v)
{
  DhCudaPool *pool = &b->plan->pool;
  DhCudaBuffer *buffer = dh_cuda_buffer_new (pool, like->n_groups, shape.h, shape.w, dh_cuda_view_type (like));
  DhCudaView *view = dh_cuda_view_new (pool, buffer, like->c, v);
  view->channels = like->channels;
  buffer->wants = dh_cuda_train_wants (like);
  return view;
}

static DhCudaTrainStep *
step_between (Build *b, const DhNode *node, DhCudaOp op, const DhCudaView *in, const DhCudaView *out)
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

static void
set_pool (DhCudaKernel *kernel, const DhNode *node)
{
  kernel->mode = node->op == DH_OP_MAX_POOL       ? DH_CUDA_POOL_MAX
                 : node->op == DH_OP_AVERAGE_POOL ? DH_CUDA_POOL_MEAN
                                                  : DH_CUDA_POOL_ADAPTIVE;
  kernel->kernel = node->kernel;
  kernel->stride = node->stride;
  kernel->padding = node->padding;
}

static gboolean
set_taps (Build *b, DhCudaKernel *kernel, gboolean align_corners, gboolean same_size)
{
  const gint in[2] = { kernel->in_h, kernel->in_w }, out[2] = { kernel->h, kernel->w };
  for (guint side = 0; side < 2; side++)
    {
      g_autofree DhCudaTap *taps = g_new (DhCudaTap, out[side]);
      for (gint i = 0; i < out[side]; i++)
        {
          const DhBilinear at = dh_bilinear_at (i, in[side], out[side], align_corners);
          taps[i] = same_size ? (DhCudaTap){ i, i, 0 } : (DhCudaTap){ at.a, at.b, at.t };
        }
      *(side ? &kernel->columns : &kernel->rows) =
          dh_cuda_upload (&b->plan->pool, taps, out[side] * sizeof *taps, &b->error);
    }
  return b->error == NULL;
}

static void
build_window (Build *b, DhValue v)
{
  const DhNode *node = node_at (b, v);
  const gboolean resize = node->op == DH_OP_RESIZE;
  const DhCudaView *in = groups_of (b, node->inputs[0]);
  if (!in)
    return;
  const DhCudaView *out = new_value (b, in, b->plan->shapes[v], v);
  DhCudaTrainStep *step = step_between (b, node, resize ? DH_CUDA_RESIZE : DH_CUDA_POOL, in, out);
  if (resize && !set_taps (b, &step->kernel, node->align_corners, FALSE))
    return;
  if (!resize)
    set_pool (&step->kernel, node);
  const Tape tape = { .kind = resize ? TAPE_RESIZE : TAPE_POOL, .node = node, .value = v, .in = in, .out = out };
  g_array_append_val (b->tape, tape);
  b->views[v] = out;
}

static const gint32 *
upload_places (Build *b, const DhCudaView *view)
{
  const gint32 *places = dh_cuda_view_places (&b->plan->pool, view);
  const gsize n = (gsize)(view->c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP * DH_CUDA_GROUP;
  return dh_cuda_upload (&b->plan->pool, places, n * sizeof *places, &b->error);
}

static void
build_add (Build *b, DhValue v)
{
  const DhNode *node = node_at (b, v);
  const DhCudaView *x[2];
  for (guint i = 0; i < 2; i++)
    {
      x[i] = groups_of (b, node->inputs[i]);
      if (x[i] && x[i]->factors) /* not read in another order */
        x[i] = plain_of (b, node->inputs[i], FALSE, FALSE);
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
    step->in_places = upload_places (b, x[0]);
  if (!same && !dh_cuda_view_in_order (x[1]))
    step->other_places = upload_places (b, x[1]);
  const Tape tape = { .kind = TAPE_ADD, .node = node, .value = v, .in = x[0], .other = x[1], .out = out };
  g_array_append_val (b->tape, tape);
  b->views[v] = out;
}

/* Memory that stands in it twice would take two gradients at a time. */
static void
build_concat (Build *b, DhValue v)
{
  const DhNode *node = node_at (b, v);
  g_autofree const DhCudaView **parts = g_new (const DhCudaView *, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++)
    {
      parts[i] = plain_of (b, node->inputs[i], FALSE, FALSE);
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
is_logits (const Build *b, DhValue v)
{
  const DhTrainOptions *options = &b->plan->base.options;
  gboolean any = v == options->logits || v == options->logits_ood;
  for (DhValue i = v + 1; i < (DhValue)dh_graph_size (b->plan->graph); i++)
    for (guint j = 0; b->needed[i] && j < node_at (b, i)->n_inputs; j++)
      if (node_at (b, i)->inputs[j] == v)
        {
          any = TRUE;
          if (node_at (b, i)->op != DH_OP_RESIZE || !is_logits (b, i))
            return FALSE;
        }
  return any;
}

static void
build_conv (Build *b, DhValue v)
{
  enum
  {
    HEAD_CHANNELS = 32
  };
  const DhNode *node = node_at (b, v);
  const gboolean one = node->kernel == 1 && node->stride == 1 && node->padding == 0;
  Tape tape = { .kind = TAPE_CONV,
                .node = node,
                .value = v,
                .in = groups_of (b, node->inputs[0]),
                .conv = { .node = node, .value = v } };
  tape.conv.in = tape.in;
  if (!tape.in
      || !dh_cuda_train_conv (b->plan, &tape.conv, b->plan->shapes[v],
                              one && node->channels <= HEAD_CHANNELS && is_logits (b, v), &b->error))
    return;
  tape.out = b->views[v] = dh_cuda_view_new (&b->plan->pool, tape.conv.out, node->channels, v);
  g_array_append_val (b->tape, tape);
}

static void
build_node (Build *b, DhValue v)
{
  const DhNode *node = node_at (b, v);
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
      build_channel_scale (b, v);
      return;
    case DH_OP_CONV:
      build_conv (b, v);
      return;
    case DH_OP_NORM:
      build_norm (b, v);
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
    case DH_OP_SCORE:
    case DH_N_OPS:
      break;
    }
  g_set_error (&b->error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The cuda device cannot train the operator “%s” (%s)",
               dh_op_name (node->op), node->name);
}

/* An upsampling that nobody but the losses reads is made by them. */
static gboolean
is_deferred (const Build *b, DhValue v)
{
  return v != DH_NO_VALUE && node_at (b, v)->op == DH_OP_RESIZE && b->n_readers[v] == 0;
}

static gboolean
may_defer (const Build *b)
{
  const DhValue f = b->plan->base.options.logits, g = b->plan->base.options.logits_ood;
  if (g == DH_NO_VALUE)
    return is_deferred (b, f);
  if (!is_deferred (b, f) || !is_deferred (b, g) || f == g)
    return FALSE;
  const DhShape *shapes = b->plan->shapes;
  const DhShape a = shapes[node_at (b, f)->inputs[0]], c = shapes[node_at (b, g)->inputs[0]];
  return a.h == c.h && a.w == c.w && node_at (b, f)->align_corners == node_at (b, g)->align_corners;
}

/* The gradient that the losses write for the logits `v`, of which `view` is read. */
static DhCudaBuffer *
give_gradient (Build *b, DhValue v, const DhCudaView *view, gboolean deferred)
{
  DhCudaPool *pool = &b->plan->pool;
  const DhShape shape = b->plan->shapes[v];
  DhCudaBuffer *gradient = dh_cuda_buffer_new (pool, view->n_groups, shape.h, shape.w, DH_CUDA_F32);
  DhCudaBuffer *value = view->groups[0].buffer;
  if (deferred)
    {
      value = dh_cuda_buffer_new (pool, view->n_groups, shape.h, shape.w, DH_CUDA_F32); /* never there itself */
      const Tape tape = { .kind = TAPE_RESIZE,
                          .node = node_at (b, v),
                          .value = v,
                          .in = view,
                          .out = dh_cuda_view_new (pool, value, view->c, v) };
      g_array_append_val (b->tape, tape);
    }
  value->gradient = gradient;
  value->wants = value->begun = TRUE;
  return gradient;
}

static void
build_losses (Build *b, gboolean deferred)
{
  DhCudaTrainPlan *plan = b->plan;
  const DhValue logits[2] = { plan->base.options.logits, plan->base.options.logits_ood };
  const DhCudaView *views[2] = { NULL, NULL };
  for (guint i = 0; i < 2 && logits[i] != DH_NO_VALUE; i++)
    {
      views[i] = plain_of (b, deferred ? node_at (b, logits[i])->inputs[0] : logits[i], TRUE, TRUE);
      if (!views[i])
        return;
    }
  DhCudaTrainStep *step = dh_cuda_train_step (plan, NULL, FALSE, DH_CUDA_LOSS);
  step->in = views[0];
  step->other = views[1];
  step->kernel.c = views[0]->c;
  step->kernel.h = plan->shapes[logits[0]].h;
  step->kernel.w = plan->shapes[logits[0]].w;
  step->kernel.in_h = views[0]->h;
  step->kernel.in_w = views[0]->w;
  step->kernel.n_groups = views[0]->n_groups;
  step->kernel.type = DH_CUDA_F32;
  step->kernel.labels = (const guint8 *)plan->up + plan->labels_at;
  step->kernel.n_slices =
      (gint)CLAMP ((gint64)plan->pool.n * step->kernel.h * step->kernel.w / (4 * DH_CUDA_THREADS), 1, 1024);
  plan->partials_bytes = MAX (plan->partials_bytes, sizeof (double) * 4 * (gsize)step->kernel.n_slices);
  if (!set_taps (b, &step->kernel, deferred && node_at (b, logits[0])->align_corners, !deferred))
    return;
  const gint n_slices = step->kernel.n_slices;
  step->out = give_gradient (b, logits[0], views[0], deferred);
  if (views[1])
    step->out_ood = give_gradient (b, logits[1], views[1], deferred);
  dh_cuda_train_step (plan, NULL, FALSE, DH_CUDA_LOSS_END)->kernel.n_slices = n_slices;
}

/* Of each place along a side of `in`: the places of the result that read it, a range. */
static const gint32 *
upload_ranges (Build *b, gint in, gint out, gboolean align_corners)
{
  g_autofree gint32 *ranges = g_new0 (gint32, 2 * (gsize)in);
  for (gint i = 0; i < in; i++)
    ranges[2 * i] = out;
  for (gint i = 0; i < out; i++)
    {
      const DhBilinear at = dh_bilinear_at (i, in, out, align_corners);
      const gint ends[2] = { at.a, at.b };
      for (guint end = 0; end < 2; end++)
        {
          ranges[2 * ends[end]] = MIN (ranges[2 * ends[end]], i);
          ranges[2 * ends[end] + 1] = i + 1;
        }
    }
  return dh_cuda_upload (&b->plan->pool, ranges, 2 * (gsize)in * sizeof *ranges, &b->error);
}

static void
window_back (Build *b, const Tape *tape, const DhCudaView *dy)
{
  const DhNode *node = tape->node;
  const gboolean resize = tape->kind == TAPE_RESIZE;
  const DhCudaView *in = tape->in;
  DhCudaView *made;
  if (!dh_cuda_train_wants (in))
    return;
  DhCudaTrainStep *step = dh_cuda_train_step (b->plan, node, TRUE, resize ? DH_CUDA_RESIZE_BACK : DH_CUDA_POOL_BACK);
  step->in = node->op == DH_OP_MAX_POOL ? in : NULL;
  step->other = dy;
  step->kernel.h = dy->h;
  step->kernel.w = dy->w;
  step->kernel.in_h = in->h;
  step->kernel.in_w = in->w;
  step->kernel.n_groups = in->n_groups;
  if (!resize)
    set_pool (&step->kernel, node);
  else
    {
      step->kernel.row_ranges = upload_ranges (b, in->h, dy->h, node->align_corners);
      step->kernel.column_ranges = upload_ranges (b, in->w, dy->w, node->align_corners);
      if (!set_taps (b, &step->kernel, node->align_corners, FALSE))
        return;
    }
  dh_cuda_train_take (b->plan, step, in, &made);
  if (made)
    dh_cuda_train_view_back (b->plan, node, in, made, &b->error);
}

/* Both get the sum's gradient. One that nobody else reads, and that has none yet, takes the memory itself. */
static void
add_back (Build *b, const Tape *tape, const DhCudaView *dy)
{
  const DhCudaView *x[2] = { tape->in, tape->other };
  gint taker = -1;
  for (gint i = 0; i < 2; i++)
    {
      const DhValue value = tape->node->inputs[i];
      const DhCudaBuffer *buffer = x[i]->groups[0].buffer;
      if (taker < 0 && dh_cuda_view_is_whole (x[i]) && x[i]->owner == value && b->n_readers[value] == 1
          && !buffer->begun && buffer->wants && dh_cuda_view_same_channels (x[i], dy))
        taker = i;
    }
  for (gint i = 0; i < 2 && !b->error; i++)
    if (i != taker)
      dh_cuda_train_view_back (b->plan, tape->node, x[i], dy, &b->error);
  if (taker < 0)
    return;
  DhCudaBuffer *buffer = x[taker]->groups[0].buffer;
  buffer->gradient = dy->groups[0].buffer;
  buffer->begun = TRUE;
}

static void
go_back (Build *b)
{
  for (guint i = b->tape->len; i-- > 0 && !b->error;)
    {
      Tape *tape = &g_array_index (b->tape, Tape, i);
      const DhCudaBuffer *buffer = tape->out->groups[0].buffer;
      if (!buffer->begun)
        continue;
      DhCudaView *dy = dh_cuda_view_new (&b->plan->pool, buffer->gradient, tape->out->c, DH_NO_VALUE);
      dy->channels = tape->out->channels;
      switch (tape->kind)
        {
        case TAPE_GATHER:
          dh_cuda_train_view_back (b->plan, tape->node, tape->in, dy, &b->error);
          break;
        case TAPE_ADD:
          add_back (b, tape, dy);
          break;
        case TAPE_CONV:
          tape->conv.dy = dy;
          dh_cuda_train_conv_back (b->plan, &tape->conv, &b->error);
          break;
        case TAPE_POOL:
        case TAPE_RESIZE:
          window_back (b, tape, dy);
          break;
        }
    }
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
  g_autoptr (GArray) tape = g_array_new (FALSE, FALSE, sizeof (Tape));
  Build b = { .plan = plan, .needed = needed, .n_readers = n_readers, .views = views, .tape = tape };
  for (DhValue v = 0; v < (DhValue)size; v++)
    for (guint j = 0; needed[v] && j < node_at (&b, v)->n_inputs; j++)
      n_readers[node_at (&b, v)->inputs[j]]++;
  const gboolean deferred = may_defer (&b);
  for (DhValue v = 0; v < (DhValue)size && !b.error; v++)
    if (needed[v] && !(deferred && (v == outputs[0] || v == outputs[1])))
      build_node (&b, v);
  if (!b.error)
    build_losses (&b, deferred);
  if (!b.error)
    go_back (&b);
  if (b.error)
    g_propagate_error (error, b.error);
  return b.error == NULL;
}
