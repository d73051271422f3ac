#include <math.h>
#include "dh-error.h"
#include "dh-onednn-private.h"

/* Graph → steps. A node becomes a view of memory; a norm, a ReLU or a concatenation is only a view, until somebody who
 * cannot read through it asks for plain memory. A convolution takes up what follows it, where nobody else reads that.
 */

typedef struct
{
  DhCpuPlan *plan;
  const DhGraph *graph;
  const DhShape *shapes;
  DhTensorDict *parameters;
  gboolean *needed;
  gboolean *is_output;
  gboolean *done;     /* taken up by an earlier node */
  gboolean *deferred; /* a resize that its reader makes */
  gint *n_readers;
  DhValue *reader; /* the last one */
  const DhCpuView **views;
  DhTensor *tensor; /* of the convolution under way */
} Build;

static const DhNode *
node_at (const Build *b, DhValue v)
{
  return dh_graph_node (b->graph, v);
}

/* The one node that reads a value nobody else needs, or DH_NO_VALUE. */
static DhValue
only_reader (const Build *b, DhValue v)
{
  return b->n_readers[v] == 1 && !b->is_output[v] ? b->reader[v] : DH_NO_VALUE;
}

static DhTensor *
parameter (const Build *b, const char *name, const char *what, GError **error)
{
  g_autofree char *key = g_strconcat (name, ".", what, NULL);
  DhTensor *tensor = dh_tensor_dict_get (b->parameters, key);
  DhTensor *floats = tensor != NULL ? dh_tensor_to_f32 (tensor) : NULL;
  if (floats == NULL)
    g_set_error (error, DH_ERROR, tensor == NULL ? DH_ERROR_MISMATCH : DH_ERROR_NO_MEMORY,
                 tensor == NULL ? "The weights lack the tensor “%s”" : "Memory is too short for the tensor “%s”", key);
  return floats;
}

/* A batch norm as x·scale + shift: multiplied into what `scale` and `shift` hold already. */
static gboolean
read_norm (const Build *b, const DhNode *node, double *scale, double *shift, GError **error)
{
  static const char *const names[4] = { "weight", "bias", "running_mean", "running_var" };
  DhTensor *tensors[4] = { NULL };
  gboolean ok = TRUE;
  for (gint i = 0; i < 4 && ok; i++)
    {
      tensors[i] = parameter (b, node->name, names[i], error);
      ok = tensors[i] != NULL;
    }
  for (gint c = 0; ok && c < node->channels; c++)
    {
      double s = dh_tensor_f32 (tensors[0])[c] / sqrt ((double)dh_tensor_f32 (tensors[3])[c] + 1e-5);
      scale[c] *= s;
      shift[c] = (shift[c] - dh_tensor_f32 (tensors[2])[c]) * s + dh_tensor_f32 (tensors[1])[c];
    }
  for (gint i = 0; i < 4; i++)
    if (tensors[i] != NULL)
      dh_tensor_unref (tensors[i]);
  return ok;
}

/* Planes with nothing left to do. */
static const DhCpuView *
planes_of (Build *b, const DhCpuView *view)
{
  if (!view->raw)
    return view;
  DhCpuView *planes = dh_cpu_add_pack (b->plan, view);
  if (view->scale == NULL)
    return planes;
  g_autofree double *scale = g_new (double, view->c);
  g_autofree double *shift = g_new (double, view->c);
  for (gint c = 0; c < view->c; c++)
    {
      scale[c] = view->scale[c];
      shift[c] = view->shift[c];
    }
  return dh_cpu_view_norm (b->plan, planes, scale, shift);
}

static const DhCpuView *
plain_of (Build *b, DhValue v)
{
  const DhCpuView *view = planes_of (b, b->views[v]);
  if (!dh_cpu_view_is_plain (view))
    view = dh_cpu_add_pointwise (b->plan, node_at (b, v)->name, view, NULL, FALSE, v);
  b->views[v] = view;
  return view;
}

/* What follows a convolution and nobody else reads: an average pool before which it can stand, norm, sum, ReLU. */
static gboolean
absorb (Build *b, DhValue *value, DhCpuConv *conv, double *scale, double *shift, gboolean own, GError **error)
{
  for (;;)
    {
      DhValue next = only_reader (b, *value);
      if (next == DH_NO_VALUE || conv->relu)
        {
          /* A dropout is nothing, after the ReLU too. */
          if (next == DH_NO_VALUE || node_at (b, next)->op != DH_OP_DROPOUT)
            return TRUE;
        }
      const DhNode *node = node_at (b, next);
      if (node->op == DH_OP_NORM && conv->sum == NULL)
        {
          if (!read_norm (b, node, scale, shift, error))
            return FALSE;
        }
      else if (node->op == DH_OP_RELU && own)
        conv->relu = TRUE;
      else if (node->op == DH_OP_ADD && own && conv->sum == NULL)
        {
          DhValue other = node->inputs[node->inputs[0] == *value];
          if (other == *value || b->views[other] == NULL || b->deferred[other])
            return TRUE;
          conv->sum = plain_of (b, other);
          conv->in_place = conv->sum->owner == other && only_reader (b, other) != DH_NO_VALUE
                           && !dh_cpu_view_uses (conv->in, conv->sum->planes[0].buffer);
        }
      else if (node->op != DH_OP_DROPOUT)
        return TRUE;
      b->done[next] = TRUE;
      *value = next;
    }
}

static gboolean
is_winograd (const DhNode *node)
{
  return node->kernel == 3 && node->stride == 1 && node->padding == node->dilation;
}

/* A picture of c channels as it came, through the graph's constants. */
static void
scale_item (const DhCpuStep *step, gint item, float *scratch)
{
  const DhCpuView *view = step->in;
  gsize n = (gsize)view->h * view->w, from = (gsize)(item % view->h) * view->w;
  gint channel = item / view->h;
  const float *in = step->u.copy.from + channel * n + from;
  float *out = step->u.copy.to + channel * n + from;
  for (gint x = 0; x < view->w; x++)
    out[x] = in[x] * view->scale[channel] + view->shift[channel];
}

static gboolean
scale_run (DhCpuPlan *plan, DhCpuStep *step, GError **error)
{
  step->u.copy.from = plan->run_input;
  step->u.copy.to = plan->arena + step->out->planes[0].buffer->offset;
#pragma omp parallel for schedule(static) num_threads(plan->threads)
  for (gint item = 0; item < step->in->c * step->in->h; item++)
    scale_item (step, item, NULL);
  return TRUE;
}

static const DhCpuView *
scale_picture (Build *b, const DhCpuView *view, const char *name)
{
  DhCpuStep *step = dh_cpu_step_new (b->plan, name, "plain C scale");
  DhCpuBuffer *buffer = dh_cpu_buffer_new (b->plan, 1, view->h, view->w);
  DhCpuView *out = dh_cpu_view_copy (b->plan, view);
  DhCpuPlane *plane = dh_cpu_alloc (b->plan, 1, sizeof *plane);
  buffer->floats = (gsize)view->c * view->h * view->w;
  plane->buffer = buffer;
  out->planes = plane;
  out->n_planes = 1;
  out->scale = out->shift = NULL;
  step->in = view;
  step->out = out;
  step->run = scale_run;
  return out;
}

/* What the library can read: the picture as it came, or planes that lie together. */
static const DhCpuView *
direct_input (Build *b, const DhNode *node)
{
  DhValue in = node->inputs[0];
  const DhCpuView *view = b->views[in];
  if (view->raw && view->c <= 4 && node->kernel > 1)
    {
      if (view->scale != NULL)
        view = b->views[in] = scale_picture (b, view, node_at (b, in)->name);
      return view;
    }
  view = plain_of (b, in);
  if (!dh_cpu_view_is_together (view))
    view = b->views[in] = dh_cpu_add_pointwise (b->plan, node->name, view, NULL, FALSE, in);
  return view;
}

static gboolean
build_conv (Build *b, DhValue v, GError **error)
{
  const DhNode *node = node_at (b, v);
  DhValue value = v, next = only_reader (b, v);
  gboolean one = node->kernel == 1 && node->padding == 0;
  g_autofree double *scale = g_new (double, node->channels);
  g_autofree double *shift = g_new0 (double, node->channels);
  DhCpuConv conv = {
    .node = node, .name = node->name, .in_shape = b->shapes[node->inputs[0]], .scale = scale, .shift = shift
  };
  for (gint c = 0; c < node->channels; c++)
    scale[c] = 1;
  if (node->bias)
    {
      DhTensor *bias = parameter (b, node->name, "bias", error);
      if (bias == NULL)
        return FALSE;
      for (gint c = 0; c < node->channels; c++)
        shift[c] = dh_tensor_f32 (bias)[c];
      dh_tensor_unref (bias);
    }
  gboolean own = one || (is_winograd (node) && !(b->views[node->inputs[0]]->raw && conv.in_shape.c <= 4));
  conv.in = own ? planes_of (b, b->views[node->inputs[0]]) : direct_input (b, node);
  if (own && b->views[node->inputs[0]]->raw)
    b->views[node->inputs[0]] = conv.in;
  /* The mean of products is the product of the mean: pooled first, there is less to multiply. */
  if (one && node->stride == 1 && next != DH_NO_VALUE && node_at (b, next)->op == DH_OP_AVERAGE_POOL)
    {
      conv.in = dh_cpu_add_pool (b->plan, node_at (b, next), conv.in, b->shapes[next], DH_NO_VALUE);
      conv.in_shape.h = b->shapes[next].h;
      conv.in_shape.w = b->shapes[next].w;
      b->done[next] = TRUE;
      value = next;
    }
  conv.shape = b->shapes[value];
  if (!absorb (b, &value, &conv, scale, shift, own, error))
    return FALSE;
  conv.owner = value;
  /* The last convolutions, whose results people look at, stay in float32. */
  conv.bf16 = b->plan->bf16 && conv.shape.c >= 32;

  DhTensor *weights = parameter (b, node->name, "weight", error);
  if (weights == NULL)
    return FALSE;
  conv.weights = dh_tensor_f32 (weights);
  b->views[value] = one   ? dh_cpu_add_conv1x1 (b->plan, &conv, error)
                    : own ? dh_cpu_add_winograd (b->plan, &conv, error)
                          : dh_cpu_add_direct (b->plan, &conv, error);
  dh_tensor_unref (weights);
  return b->views[value] != NULL;
}

static gboolean
build_norm (Build *b, DhValue v, GError **error)
{
  const DhNode *node = node_at (b, v);
  const DhCpuView *in = planes_of (b, b->views[node->inputs[0]]);
  g_autofree double *scale = g_new (double, node->channels);
  g_autofree double *shift = g_new0 (double, node->channels);
  b->views[node->inputs[0]] = in;
  for (gint c = 0; c < node->channels; c++)
    scale[c] = 1;
  if (!read_norm (b, node, scale, shift, error))
    return FALSE;
  if (in->relu)
    in = plain_of (b, node->inputs[0]);
  b->views[v] = dh_cpu_view_norm (b->plan, in, scale, shift);
  return TRUE;
}

static void
build_channel_scale (Build *b, DhValue v)
{
  const DhNode *node = node_at (b, v);
  const DhCpuView *in = b->views[node->inputs[0]];
  double scale[3], shift[3];
  for (gint c = 0; c < 3; c++)
    {
      scale[c] = 1.0 / node->deviation[c];
      shift[c] = -(double)node->mean[c] / node->deviation[c];
    }
  if (in->relu)
    in = plain_of (b, node->inputs[0]);
  b->views[v] = dh_cpu_view_norm (b->plan, in, scale, shift);
}

/* Whether a value's memory may be written over by the one node that reads it. */
static gboolean
may_overwrite (const Build *b, DhValue v)
{
  return b->views[v]->owner == v && only_reader (b, v) != DH_NO_VALUE;
}

static void
build_add (Build *b, DhValue v)
{
  const DhNode *node = node_at (b, v);
  DhValue x = node->inputs[0], y = node->inputs[1], next = only_reader (b, v), owner = v;
  gboolean relu = next != DH_NO_VALUE && node_at (b, next)->op == DH_OP_RELU;
  if (relu)
    {
      b->done[next] = TRUE;
      owner = next;
    }
  if (b->deferred[y])
    {
      x = node->inputs[1];
      y = node->inputs[0];
    }
  if (b->deferred[x] && x != y)
    {
      const DhNode *resize = node_at (b, x);
      const DhCpuView *low = planes_of (b, b->views[resize->inputs[0]]);
      const DhCpuView *sum;
      b->views[resize->inputs[0]] = low;
      if (b->deferred[y])
        {
          const DhNode *second = node_at (b, y);
          b->views[y] = dh_cpu_add_resize (b->plan, second, planes_of (b, b->views[second->inputs[0]]), b->shapes[y],
                                           NULL, FALSE, FALSE, y);
        }
      sum = plain_of (b, y);
      b->views[owner] = dh_cpu_add_resize (b->plan, resize, low, b->shapes[v], sum, may_overwrite (b, y), relu, owner);
      return;
    }
  const DhCpuView *sum = plain_of (b, y);
  const DhCpuView *in = planes_of (b, b->views[x]);
  b->views[owner] = dh_cpu_add_pointwise (b->plan, node->name, in, sum, relu, owner);
}

static void
build_concat (Build *b, DhValue v)
{
  const DhNode *node = node_at (b, v);
  g_autofree const DhCpuView **parts = g_new (const DhCpuView *, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++)
    parts[i] = plain_of (b, node->inputs[i]);
  b->views[v] = dh_cpu_view_concat (b->plan, parts, node->n_inputs);
}

/* A resize that only an addition or only scores read is made by them. */
static gboolean
is_deferred (const Build *b, DhValue v)
{
  if (b->is_output[v])
    return FALSE;
  DhValue next = only_reader (b, v);
  if (next != DH_NO_VALUE && node_at (b, next)->op == DH_OP_ADD)
    return TRUE;
  for (DhValue i = v + 1; i < (DhValue)dh_graph_size (b->graph); i++)
    for (guint j = 0; b->needed[i] && j < node_at (b, i)->n_inputs; j++)
      if (node_at (b, i)->inputs[j] == v && node_at (b, i)->op != DH_OP_SCORE)
        return FALSE;
  return TRUE;
}

static gboolean
build_node (Build *b, DhValue v, GError **error)
{
  const DhNode *node = node_at (b, v);
  DhShape shape = b->shapes[v];
  const DhCpuView *in = node->n_inputs > 0 ? b->views[node->inputs[0]] : NULL;
  switch (node->op)
    {
    case DH_OP_INPUT:
      {
        DhCpuView *view = dh_cpu_alloc (b->plan, 1, sizeof *view);
        *view = (DhCpuView){ .c = shape.c, .h = shape.h, .w = shape.w, .owner = DH_NO_VALUE, .raw = TRUE };
        b->views[v] = view;
        return TRUE;
      }
    case DH_OP_CHANNEL_SCALE:
      build_channel_scale (b, v);
      return TRUE;
    case DH_OP_CONV:
      return build_conv (b, v, error);
    case DH_OP_NORM:
      return build_norm (b, v, error);
    case DH_OP_RELU:
      {
        in = b->views[node->inputs[0]] = planes_of (b, in);
        DhCpuView *view = dh_cpu_view_copy (b->plan, in);
        view->relu = TRUE;
        b->views[v] = view;
        return TRUE;
      }
    case DH_OP_DROPOUT:
      b->views[v] = dh_cpu_view_copy (b->plan, in);
      return TRUE;
    case DH_OP_ADD:
      build_add (b, v);
      return TRUE;
    case DH_OP_CONCAT:
      build_concat (b, v);
      return TRUE;
    case DH_OP_MAX_POOL:
    case DH_OP_AVERAGE_POOL:
    case DH_OP_ADAPTIVE_POOL:
      in = b->views[node->inputs[0]] = planes_of (b, in);
      b->views[v] = dh_cpu_add_pool (b->plan, node, in, shape, v);
      return TRUE;
    case DH_OP_RESIZE:
      b->deferred[v] = is_deferred (b, v);
      if (b->deferred[v])
        return TRUE;
      in = b->views[node->inputs[0]] = planes_of (b, in);
      b->views[v] = dh_cpu_add_resize (b->plan, node, in, shape, NULL, FALSE, FALSE, v);
      return TRUE;
    case DH_OP_SCORE:
      return TRUE;
    default:
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The cpu device does not know the operator “%s” (%s)",
                   dh_op_name (node->op), node->name);
      return FALSE;
    }
}

/* The logits that scores read: of low resolution where a resize was left to them. */
typedef struct
{
  const DhCpuView *view;
  gboolean align_corners, resized;
} Logits;

static Logits
logits_of (Build *b, DhValue v)
{
  Logits logits = { 0 };
  if (v == DH_NO_VALUE)
    return logits;
  if (b->deferred[v])
    {
      const DhNode *resize = node_at (b, v);
      logits.view = plain_of (b, resize->inputs[0]);
      logits.align_corners = resize->align_corners;
      logits.resized = TRUE;
    }
  else
    logits.view = plain_of (b, v);
  return logits;
}

/* Made after all, because the two logits differ in size. */
static void
materialise (Build *b, DhValue v)
{
  if (v == DH_NO_VALUE || !b->deferred[v])
    return;
  const DhNode *resize = node_at (b, v);
  const DhCpuView *in = b->views[resize->inputs[0]] = planes_of (b, b->views[resize->inputs[0]]);
  b->views[v] = dh_cpu_add_resize (b->plan, resize, in, b->shapes[v], NULL, FALSE, FALSE, v);
  b->deferred[v] = FALSE;
}

static void
build_scores (Build *b)
{
  DhValue size = (DhValue)dh_graph_size (b->graph);
  for (DhValue v = 0; v < size; v++)
    {
      if (!b->needed[v] || node_at (b, v)->op != DH_OP_SCORE || b->done[v])
        continue;
      DhValue f = DH_NO_VALUE, g = DH_NO_VALUE;
      DhCpuScoreNodes nodes = { .h = b->shapes[v].h, .w = b->shapes[v].w };
      for (DhValue i = v; i < size; i++)
        {
          const DhNode *node = node_at (b, i);
          if (!b->needed[i] || node->op != DH_OP_SCORE || b->done[i] || (nodes.maps & DH_MAP_BIT (node->map)))
            continue;
          gboolean only_g = node->map == DH_MAP_DATASET_POSTERIOR || node->map == DH_MAP_LOGITS_OOD;
          DhValue i_f = only_g ? DH_NO_VALUE : node->inputs[0];
          DhValue i_g = dh_map_needs_ood (node->map) ? node->inputs[node->n_inputs - 1] : DH_NO_VALUE;
          if ((f != DH_NO_VALUE && i_f != DH_NO_VALUE && f != i_f)
              || (g != DH_NO_VALUE && i_g != DH_NO_VALUE && g != i_g) || b->shapes[i].h != nodes.h
              || b->shapes[i].w != nodes.w)
            continue;
          f = i_f != DH_NO_VALUE ? i_f : f;
          g = i_g != DH_NO_VALUE ? i_g : g;
          nodes.maps |= DH_MAP_BIT (node->map);
          nodes.targets[node->map] = i;
          b->done[i] = TRUE;
        }
      Logits logits = logits_of (b, f), ood = logits_of (b, g);
      if (logits.view != NULL && ood.view != NULL
          && (logits.view->h != ood.view->h || logits.view->w != ood.view->w
              || logits.align_corners != ood.align_corners))
        {
          materialise (b, f);
          materialise (b, g);
          logits = logits_of (b, f);
          ood = logits_of (b, g);
        }
      nodes.logits = logits.view;
      nodes.logits_ood = ood.view;
      nodes.align_corners = logits.view != NULL ? logits.align_corners : ood.align_corners;
      dh_cpu_add_score (b->plan, node_at (b, v)->name, &nodes);
    }
}

static void
build_outputs (Build *b)
{
  for (guint i = 0; i < b->plan->n_outputs; i++)
    {
      DhValue v = b->plan->outputs[i];
      if (node_at (b, v)->op == DH_OP_SCORE)
        continue;
      gboolean repeated = FALSE;
      for (guint j = 0; j < i; j++)
        repeated = repeated || b->plan->outputs[j] == v;
      if (!repeated)
        dh_cpu_add_unpack (b->plan, node_at (b, v)->name, planes_of (b, b->views[v]), v);
    }
}

static void
count_readers (Build *b)
{
  for (DhValue v = 0; v < (DhValue)dh_graph_size (b->graph); v++)
    for (guint j = 0; b->needed[v] && j < node_at (b, v)->n_inputs; j++)
      {
        b->n_readers[node_at (b, v)->inputs[j]]++;
        b->reader[node_at (b, v)->inputs[j]] = v;
      }
  for (guint i = 0; i < b->plan->n_outputs; i++)
    b->is_output[b->plan->outputs[i]] = TRUE;
}

gboolean
dh_cpu_build (DhCpuPlan *plan, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
              const DhPlanOptions *options, GError **error)
{
  guint size = dh_graph_size (graph);
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, options->outputs, options->n_outputs);
  g_autofree gboolean *is_output = g_new0 (gboolean, size);
  g_autofree gboolean *done = g_new0 (gboolean, size);
  g_autofree gboolean *deferred = g_new0 (gboolean, size);
  g_autofree gint *n_readers = g_new0 (gint, size);
  g_autofree DhValue *reader = g_new0 (DhValue, size);
  g_autofree const DhCpuView **views = g_new0 (const DhCpuView *, size);
  Build b = { .plan = plan,
              .graph = graph,
              .shapes = shapes,
              .parameters = parameters,
              .needed = needed,
              .is_output = is_output,
              .done = done,
              .deferred = deferred,
              .n_readers = n_readers,
              .reader = reader,
              .views = views };
  count_readers (&b);
  for (DhValue v = 0; v < (DhValue)size; v++)
    if (needed[v] && !done[v] && !build_node (&b, v, error))
      return FALSE;
  build_scores (&b);
  build_outputs (&b);
  dh_cpu_plan_order (plan);
  return TRUE;
}
