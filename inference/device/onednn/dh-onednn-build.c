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
    view = dh_cpu_add_pointwise (b->plan, dh_lowering_node (&b->low, v)->name, view, NULL, DH_CPU_AS_IT_IS, v);
  b->views[v] = view;
  return view;
}

static gboolean
build_norm (DhCpuBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCpuView *in = dh_cpu_planes_of (b, b->views[node->inputs[0]]);
  g_autofree double *scale = g_new (double, node->channels);
  g_autofree double *shift = g_new0 (double, node->channels);
  b->views[node->inputs[0]] = in;
  for (gint c = 0; c < node->channels; c++)
    scale[c] = 1;
  if (!dh_lowering_read_norm (&b->low, node, scale, shift, error))
    return FALSE;
  if (in->relu || in->gate != NULL)
    in = dh_cpu_plain_of (b, node->inputs[0]);
  b->views[v] = dh_cpu_view_norm (b->plan, in, scale, shift);
  return TRUE;
}

static void
build_channel_scale (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
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
  return b->views[v]->owner == v && dh_lowering_only_reader (&b->low, v) != DH_NO_VALUE;
}

/* With nothing done to it after it. */
static const DhCpuView *
build_resize (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCpuView *in = b->views[node->inputs[0]] = dh_cpu_planes_of (b, b->views[node->inputs[0]]);
  return dh_cpu_add_resize (b->plan, node, in, b->low.shapes[v], NULL, FALSE, DH_CPU_AS_IT_IS, v);
}

/* The ReLU or activation that alone reads the value, which becomes that. */
static DhCpuAfter
take_after (DhCpuBuild *b, DhValue *value)
{
  const DhValue next = dh_lowering_only_reader (&b->low, *value);
  const DhNode *node = next != DH_NO_VALUE ? dh_lowering_node (&b->low, next) : NULL;
  if (node == NULL || (node->op != DH_OP_RELU && node->op != DH_OP_ACTIVATION))
    return DH_CPU_AS_IT_IS;
  b->low.done[next] = TRUE;
  *value = next;
  return dh_cpu_after (node);
}

/* By a gate it is only a view, as through a norm. */
static void
build_multiply (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhShape from = b->low.shapes[node->inputs[0]], by = b->low.shapes[node->inputs[1]];
  const DhCpuView *gate = dh_cpu_plain_of (b, node->inputs[1]);
  const DhCpuView *in = b->views[node->inputs[0]] = dh_cpu_planes_of (b, b->views[node->inputs[0]]);
  const gboolean spread = by.h != from.h || by.w != from.w;
  DhValue owner = v;
  if (spread && by.c == from.c)
    {
      in = dh_cpu_plain_of (b, node->inputs[0]);
      gate = dh_cpu_add_relaid (b->plan, node->name, gate, in);
      if (!dh_cpu_view_is_together (gate))
        gate = dh_cpu_add_pointwise (b->plan, node->name, gate, NULL, DH_CPU_AS_IT_IS, DH_NO_VALUE);
      b->views[v] = dh_cpu_view_gate (b->plan, in, gate);
      return;
    }
  if (spread)
    gate = dh_cpu_add_resize (b->plan, node, gate, from, NULL, FALSE, DH_CPU_AS_IT_IS, DH_NO_VALUE);
  const DhCpuAfter after = take_after (b, &owner);
  b->views[owner] = dh_cpu_add_product (b->plan, node->name, in, gate, after, owner);
}

static void
build_activation (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCpuView *in = b->views[node->inputs[0]] = dh_cpu_planes_of (b, b->views[node->inputs[0]]);
  b->views[v] = dh_cpu_add_pointwise (b->plan, node->name, in, NULL, dh_cpu_after (node), v);
}

static void
build_add (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  DhValue x = node->inputs[0], y = node->inputs[1], owner = v;
  const DhCpuAfter after = take_after (b, &owner);
  if (b->low.deferred[y])
    {
      x = node->inputs[1];
      y = node->inputs[0];
    }
  if (b->low.deferred[x] && x != y)
    {
      const DhNode *resize = dh_lowering_node (&b->low, x);
      const DhCpuView *low = dh_cpu_planes_of (b, b->views[resize->inputs[0]]);
      const DhCpuView *sum;
      b->views[resize->inputs[0]] = low;
      if (b->low.deferred[y])
        b->views[y] = build_resize (b, y);
      sum = dh_cpu_plain_of (b, y);
      b->views[owner] =
          dh_cpu_add_resize (b->plan, resize, low, b->low.shapes[v], sum, may_overwrite (b, y), after, owner);
      return;
    }
  const DhCpuView *sum = dh_cpu_plain_of (b, y);
  const DhCpuView *in = dh_cpu_planes_of (b, b->views[x]);
  b->views[owner] = dh_cpu_add_pointwise (b->plan, node->name, in, sum, after, owner);
}

static void
build_concat (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  g_autofree const DhCpuView **parts = g_new (const DhCpuView *, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++)
    parts[i] = dh_cpu_plain_of (b, node->inputs[i]);
  b->views[v] = dh_cpu_view_concat (b->plan, parts, node->n_inputs);
}

static gboolean
build_node (gpointer builder, DhValue v, GError **error)
{
  DhCpuBuild *b = builder;
  const DhNode *node = dh_lowering_node (&b->low, v);
  DhShape shape = b->low.shapes[v];
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
      return b->apart[v] ? dh_cpu_build_apart (b, v, error) : dh_cpu_build_conv (b, v, error);
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
    case DH_OP_ACTIVATION:
      build_activation (b, v);
      return TRUE;
    case DH_OP_LAYER_NORM:
      return dh_cpu_build_layer_norm (b, v, error);
    case DH_OP_ATTENTION:
      dh_cpu_build_attention (b, v);
      return TRUE;
    case DH_OP_MULTIPLY:
      build_multiply (b, v);
      return TRUE;
    case DH_OP_DEPTH_TO_SPACE:
      in = b->views[node->inputs[0]] = dh_cpu_planes_of (b, in);
      b->views[v] = dh_cpu_add_depth_to_space (b->plan, node, in, shape, v);
      return TRUE;
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
      b->low.deferred[v] = dh_lowering_can_defer (&b->low, v);
      if (b->low.deferred[v])
        return TRUE;
      b->views[v] = build_resize (b, v);
      return TRUE;
    case DH_OP_SCORE:
      return TRUE;
    default:
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The cpu device does not know the operator “%s” (%s)",
                   dh_op_name (node->op), node->name);
      return FALSE;
    }
}

/* The logits that scores read; NULL where they read none. */
static const DhCpuView *
logits_of (DhCpuBuild *b, DhValue v)
{
  return v != DH_NO_VALUE ? dh_cpu_plain_of (b, v) : NULL;
}

static void
make_resize (gpointer builder, DhValue v)
{
  DhCpuBuild *b = builder;
  b->views[v] = build_resize (b, v);
}

static void
make_scores (gpointer builder, const DhLoweredScores *scores)
{
  DhCpuBuild *b = builder;
  const DhCpuView *logits = logits_of (b, scores->logits);
  dh_cpu_add_score (b->plan, scores, logits, logits_of (b, scores->logits_ood));
}

static void
make_output (gpointer builder, DhValue v)
{
  DhCpuBuild *b = builder;
  dh_cpu_add_unpack (b->plan, dh_lowering_node (&b->low, v)->name, dh_cpu_planes_of (b, b->views[v]), v);
}

gboolean
dh_cpu_build (DhCpuPlan *plan, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
              const DhPlanOptions *options, GError **error)
{
  g_autofree const DhCpuView **views = g_new0 (const DhCpuView *, dh_graph_size (graph));
  g_autofree gboolean *apart = g_new0 (gboolean, dh_graph_size (graph));
  DhCpuBuild b = { .plan = plan, .views = views, .apart = apart };
  plan->coarse_filters = dh_cpu_find_coarse_filters (graph, shapes);
  dh_lowering_init (&b.low, graph, shapes, parameters, options->outputs, options->n_outputs);
  dh_cpu_find_apart (&b);
  static const DhLoweringSteps steps = { build_node, make_resize, make_scores, make_output };
  const gboolean fine = dh_lowering_run (&b.low, &steps, &b, plan->cancellable, error);
  dh_lowering_clear (&b.low);
  if (fine)
    dh_cpu_plan_order (plan);
  return fine;
}
