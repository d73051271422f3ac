#include "dh-error.h"
#include "dh-onednn-build.h"

/* Graph → steps. A node becomes a view of memory; a norm, a ReLU or a concatenation is only a view, until somebody who
 * cannot read through it asks for plain memory. A convolution takes up what follows it, where nobody else reads that.
 */

/* Planes with nothing left to do. */
const DhCpuView *
dh_cpu_planes_of (DhCpuBuild *b, const DhCpuView *view)
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

const DhCpuView *
dh_cpu_plain_of (DhCpuBuild *b, DhValue v)
{
  const DhCpuView *view = dh_cpu_planes_of (b, b->views[v]);
  if (!dh_cpu_view_is_plain (view))
    view = dh_cpu_add_pointwise (b->plan, dh_cpu_node_at (b, v)->name, view, NULL, FALSE, v);
  b->views[v] = view;
  return view;
}

static gboolean
build_norm (DhCpuBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_cpu_node_at (b, v);
  const DhCpuView *in = dh_cpu_planes_of (b, b->views[node->inputs[0]]);
  g_autofree double *scale = g_new (double, node->channels);
  g_autofree double *shift = g_new0 (double, node->channels);
  b->views[node->inputs[0]] = in;
  for (gint c = 0; c < node->channels; c++)
    scale[c] = 1;
  if (!dh_cpu_read_norm (b, node, scale, shift, error))
    return FALSE;
  if (in->relu)
    in = dh_cpu_plain_of (b, node->inputs[0]);
  b->views[v] = dh_cpu_view_norm (b->plan, in, scale, shift);
  return TRUE;
}

static void
build_channel_scale (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_cpu_node_at (b, v);
  const DhCpuView *in = b->views[node->inputs[0]];
  double scale[3], shift[3];
  for (gint c = 0; c < 3; c++)
    {
      scale[c] = 1.0 / node->deviation[c];
      shift[c] = -(double)node->mean[c] / node->deviation[c];
    }
  if (in->relu)
    in = dh_cpu_plain_of (b, node->inputs[0]);
  b->views[v] = dh_cpu_view_norm (b->plan, in, scale, shift);
}

/* Whether a value's memory may be written over by the one node that reads it. */
static gboolean
may_overwrite (const DhCpuBuild *b, DhValue v)
{
  return b->views[v]->owner == v && dh_cpu_only_reader (b, v) != DH_NO_VALUE;
}

static void
build_add (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_cpu_node_at (b, v);
  DhValue x = node->inputs[0], y = node->inputs[1], next = dh_cpu_only_reader (b, v), owner = v;
  gboolean relu = next != DH_NO_VALUE && dh_cpu_node_at (b, next)->op == DH_OP_RELU;
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
      const DhNode *resize = dh_cpu_node_at (b, x);
      const DhCpuView *low = dh_cpu_planes_of (b, b->views[resize->inputs[0]]);
      const DhCpuView *sum;
      b->views[resize->inputs[0]] = low;
      if (b->deferred[y])
        {
          const DhNode *second = dh_cpu_node_at (b, y);
          b->views[y] = dh_cpu_add_resize (b->plan, second, dh_cpu_planes_of (b, b->views[second->inputs[0]]),
                                           b->shapes[y], NULL, FALSE, FALSE, y);
        }
      sum = dh_cpu_plain_of (b, y);
      b->views[owner] = dh_cpu_add_resize (b->plan, resize, low, b->shapes[v], sum, may_overwrite (b, y), relu, owner);
      return;
    }
  const DhCpuView *sum = dh_cpu_plain_of (b, y);
  const DhCpuView *in = dh_cpu_planes_of (b, b->views[x]);
  b->views[owner] = dh_cpu_add_pointwise (b->plan, node->name, in, sum, relu, owner);
}

static void
build_concat (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_cpu_node_at (b, v);
  g_autofree const DhCpuView **parts = g_new (const DhCpuView *, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++)
    parts[i] = dh_cpu_plain_of (b, node->inputs[i]);
  b->views[v] = dh_cpu_view_concat (b->plan, parts, node->n_inputs);
}

/* A resize that only an addition or only scores read is made by them. */
static gboolean
is_deferred (const DhCpuBuild *b, DhValue v)
{
  if (b->is_output[v])
    return FALSE;
  DhValue next = dh_cpu_only_reader (b, v);
  if (next != DH_NO_VALUE && dh_cpu_node_at (b, next)->op == DH_OP_ADD)
    return TRUE;
  for (DhValue i = v + 1; i < (DhValue)dh_graph_size (b->graph); i++)
    for (guint j = 0; b->needed[i] && j < dh_cpu_node_at (b, i)->n_inputs; j++)
      if (dh_cpu_node_at (b, i)->inputs[j] == v && dh_cpu_node_at (b, i)->op != DH_OP_SCORE)
        return FALSE;
  return TRUE;
}

static gboolean
build_node (DhCpuBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_cpu_node_at (b, v);
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
      return dh_cpu_build_conv (b, v, error);
    case DH_OP_NORM:
      return build_norm (b, v, error);
    case DH_OP_RELU:
      {
        in = b->views[node->inputs[0]] = dh_cpu_planes_of (b, in);
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
      in = b->views[node->inputs[0]] = dh_cpu_planes_of (b, in);
      b->views[v] = dh_cpu_add_pool (b->plan, node, in, shape, v);
      return TRUE;
    case DH_OP_RESIZE:
      b->deferred[v] = is_deferred (b, v);
      if (b->deferred[v])
        return TRUE;
      in = b->views[node->inputs[0]] = dh_cpu_planes_of (b, in);
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

static void
count_readers (DhCpuBuild *b)
{
  for (DhValue v = 0; v < (DhValue)dh_graph_size (b->graph); v++)
    for (guint j = 0; b->needed[v] && j < dh_cpu_node_at (b, v)->n_inputs; j++)
      {
        b->n_readers[dh_cpu_node_at (b, v)->inputs[j]]++;
        b->reader[dh_cpu_node_at (b, v)->inputs[j]] = v;
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
  DhCpuBuild b = { .plan = plan,
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
    if (needed[v] && !done[v]
        && (g_cancellable_set_error_if_cancelled (plan->cancellable, error) || !build_node (&b, v, error)))
      return FALSE;
  dh_cpu_build_scores (&b);
  dh_cpu_build_outputs (&b);
  dh_cpu_plan_order (plan);
  return TRUE;
}
