#include "dh-cuda-build-private.h"
#include "dh-error.h"

/* Graph → steps. A node becomes a view of memory; a norm, a ReLU or a concatenation is only a view, until somebody who
 * cannot read through it asks for plain memory. A convolution takes up what follows it, where nobody else reads that.
 */

const DhCudaView *
dh_cuda_groups_of (DhCudaBuild *b, DhValue v)
{
  const DhCudaView *view = b->views[v];
  if (view->raw)
    view = b->views[v] = dh_cuda_add_pack (b->plan, view);
  return view;
}

const DhCudaView *
dh_cuda_plain_of (DhCudaBuild *b, DhValue v, gboolean whole, gboolean in_order)
{
  const DhCudaView *view = dh_cuda_groups_of (b, v);
  if (!dh_cuda_view_is_plain (view) || (whole && !dh_cuda_view_is_whole (view))
      || (in_order && !dh_cuda_view_in_order (view)))
    view = b->views[v] =
        dh_cuda_add_pointwise (b->plan, dh_lowering_node (&b->low, v)->name, view, NULL, FALSE, in_order, NULL, v);
  return view;
}

static gboolean
build_norm (DhCudaBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  g_autofree double *scale = g_new (double, node->channels);
  g_autofree double *shift = g_new0 (double, node->channels);
  for (gint c = 0; c < node->channels; c++)
    scale[c] = 1;
  if (node->op == DH_OP_CHANNEL_SCALE)
    for (gint c = 0; c < node->channels; c++)
      {
        scale[c] = 1.0 / node->deviation[c];
        shift[c] = -(double)node->mean[c] / node->deviation[c];
      }
  else if (!dh_lowering_read_norm (&b->low, node, scale, shift, error))
    return FALSE;
  const DhCudaView *in = b->views[node->inputs[0]];
  if (in->relu)
    in = dh_cuda_plain_of (b, node->inputs[0], FALSE, FALSE);
  b->views[v] = dh_cuda_view_norm (&b->plan->pool, in, scale, shift);
  return TRUE;
}

static const DhCudaView *
build_resize (DhCudaBuild *b, DhValue v, const DhCudaTail *tail, DhValue owner)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCudaView *in = dh_cuda_groups_of (b, node->inputs[0]);
  return dh_cuda_add_resize (b->plan, node, in, b->low.shapes[v], tail, owner);
}

/* A resize by itself, whose value is wanted as it is. */
static void
build_plain_resize (DhCudaBuild *b, DhValue v)
{
  b->views[v] = build_resize (b, v, &(DhCudaTail){ NULL }, v);
}

/* The one reader of a value, where it is such an operator: it is taken to what makes the value. */
static gboolean
take_reader (DhCudaBuild *b, DhValue *value, DhOp op)
{
  const DhValue next = dh_lowering_only_reader (&b->low, *value);
  if (next == DH_NO_VALUE || dh_lowering_node (&b->low, next)->op != op)
    return FALSE;
  b->low.done[next] = TRUE;
  *value = next;
  return TRUE;
}

/* A norm and a ReLU behind it, without which nobody reads the value: by channel, an array each as long as it has. */
static gboolean
take_norm (DhCudaBuild *b, DhValue *value, DhCudaTail *tail, double *scale, double *shift, GError **error)
{
  for (gint c = 0; c < b->low.shapes[*value].c; c++)
    {
      scale[c] = 1;
      shift[c] = 0;
    }
  if (!take_reader (b, value, DH_OP_NORM))
    return TRUE;
  tail->scale = scale;
  tail->shift = shift;
  return dh_lowering_read_norm (&b->low, dh_lowering_node (&b->low, *value), scale, shift, error);
}

/* Of means of many pixels there are few: a norm of those is read through for nothing. */
static gboolean
build_pool (DhCudaBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCudaView *in = dh_cuda_groups_of (b, node->inputs[0]);
  g_autofree double *scale = g_new (double, in->c);
  g_autofree double *shift = g_new (double, in->c);
  DhCudaTail tail = { NULL };
  DhValue owner = v;
  if (node->op != DH_OP_ADAPTIVE_POOL && !take_norm (b, &owner, &tail, scale, shift, error))
    return FALSE;
  tail.relu = tail.scale && take_reader (b, &owner, DH_OP_RELU);
  b->views[owner] = dh_cuda_add_pool (b->plan, node, in, b->low.shapes[v], &tail, owner);
  return TRUE;
}

/* The convolution that was built last, taken off the steps, where it makes `v` by a norm, a ReLU and nothing behind it,
 * for `reader` alone; or NULL. */
static DhCudaStep *
take_last_conv (DhCudaBuild *b, DhValue v, DhValue reader)
{
  GPtrArray *steps = b->plan->steps;
  const DhCudaStep *last = steps->len ? g_ptr_array_index (steps, steps->len - 1) : NULL;
  if (!last || !last->is_conv || !last->fused_step || last->fused_step->kernel.relu || last->out != b->views[v]
      || dh_lowering_only_reader (&b->low, v) != reader)
    return NULL;
  return g_ptr_array_steal_index (steps, steps->len - 1);
}

/* The resize can add to a convolution's result in its kernel: both are in the same order, of the same type. */
static gboolean
can_take_first (const DhCudaBuild *b, const DhCudaStep *resize)
{
  return !resize->in_places && !resize->other_places && dh_cuda_view_in_order (resize->in)
         && dh_cuda_view_type (resize->in) == b->plan->pool.type && dh_cuda_view_is_whole (resize->other);
}

/* A resize and a sum in one, and a norm and a ReLU that nobody else reads it without. */
static gboolean
build_resized_sum (DhCudaBuild *b, DhValue v, DhValue resize, DhValue other, GError **error)
{
  const gint channels = b->low.shapes[v].c;
  g_autofree double *scale = g_new (double, channels);
  g_autofree double *shift = g_new (double, channels);
  DhCudaTail tail = { .sum = dh_cuda_groups_of (b, other) };
  DhValue owner = v;
  if (!take_norm (b, &owner, &tail, scale, shift, error))
    return FALSE;
  tail.relu = take_reader (b, &owner, DH_OP_RELU);
  DhCudaStep *first = take_last_conv (b, other, v);
  b->views[owner] = build_resize (b, resize, &tail, owner);
  GPtrArray *steps = b->plan->steps;
  DhCudaStep *step = g_ptr_array_index (steps, steps->len - 1);
  if (first && can_take_first (b, step))
    dh_cuda_take_first (b->plan, step, first);
  else if (first)
    g_ptr_array_insert (steps, (gint)steps->len - 1, first);
  return TRUE;
}

static gboolean
build_add (DhCudaBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const gboolean first = b->low.deferred[node->inputs[0]];
  const DhValue x = node->inputs[!first], y = node->inputs[first];
  if (b->low.deferred[x])
    {
      if (b->low.deferred[y])
        {
          build_plain_resize (b, y);
          b->low.deferred[y] = FALSE;
        }
      if (x != y)
        return build_resized_sum (b, v, x, y, error);
    }
  DhValue owner = v;
  const gboolean relu = take_reader (b, &owner, DH_OP_RELU);
  const DhCudaView *in = dh_cuda_groups_of (b, x), *other = dh_cuda_groups_of (b, y);
  b->views[owner] = dh_cuda_add_pointwise (b->plan, node->name, in, other, relu, FALSE, NULL, owner);
  return TRUE;
}

static void
build_concat (DhCudaBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  g_autofree const DhCudaView **parts = g_new (const DhCudaView *, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++)
    parts[i] = dh_cuda_plain_of (b, node->inputs[i], FALSE, FALSE);
  b->views[v] = dh_cuda_view_concat (&b->plan->pool, parts, node->n_inputs);
}

DhCudaAfter
dh_cuda_take_after (DhCudaBuild *b, DhValue *value)
{
  if (take_reader (b, value, DH_OP_RELU))
    return (DhCudaAfter){ .relu = TRUE };
  if (take_reader (b, value, DH_OP_ACTIVATION))
    return (DhCudaAfter){ .activation = &dh_lowering_node (&b->low, *value)->activation };
  return (DhCudaAfter){ FALSE };
}

static void
build_multiply (DhCudaBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCudaView *in = dh_cuda_groups_of (b, node->inputs[0]), *by = dh_cuda_groups_of (b, node->inputs[1]);
  DhValue owner = v;
  const DhCudaAfter after = dh_cuda_take_after (b, &owner);
  b->views[owner] = dh_cuda_add_gated (b->plan, node->name, in, by, after, owner);
}

static gboolean
build_layer_norm (DhCudaBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  g_autoptr (DhTensor) weight = dh_lowering_parameter (&b->low, node->name, "weight", error);
  g_autoptr (DhTensor) bias = weight ? dh_lowering_parameter (&b->low, node->name, "bias", error) : NULL;
  if (bias)
    b->views[v] = dh_cuda_add_layer_norm (b->plan, node, dh_cuda_groups_of (b, node->inputs[0]), dh_tensor_f32 (weight),
                                          dh_tensor_f32 (bias), v, error);
  return bias && b->views[v];
}

static void
build_attention (DhCudaBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCudaView *parts[2];
  for (guint i = 0; i < 2; i++)
    parts[i] = dh_cuda_plain_of (b, node->inputs[i + 1], FALSE, FALSE);
  /* As many pixels, though their rows may be others. */
  DhCudaView *values = dh_cuda_view_copy (&b->plan->pool, parts[1]);
  values->h = parts[0]->h;
  values->w = parts[0]->w;
  const DhCudaView *both = dh_cuda_view_concat (&b->plan->pool, (const DhCudaView *[]){ parts[0], values }, 2);
  b->views[v] = dh_cuda_add_attention (b->plan, node, dh_cuda_groups_of (b, node->inputs[0]), both, v);
}

static gboolean
build_node (gpointer builder, DhValue v, GError **error)
{
  DhCudaBuild *b = builder;
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhShape shape = b->low.shapes[v];
  switch (node->op)
    {
    case DH_OP_INPUT:
      {
        DhCudaView *view = dh_cuda_host_alloc (&b->plan->pool, 1, sizeof *view);
        *view = (DhCudaView){ .c = shape.c, .h = shape.h, .w = shape.w, .owner = DH_NO_VALUE, .raw = TRUE };
        b->views[v] = view;
        return TRUE;
      }
    case DH_OP_CHANNEL_SCALE:
    case DH_OP_NORM:
      return build_norm (b, v, error);
    case DH_OP_CONV:
      return dh_cuda_build_conv (b, v, error);
    case DH_OP_RELU:
      {
        DhCudaView *view = dh_cuda_view_copy (&b->plan->pool, dh_cuda_groups_of (b, node->inputs[0]));
        view->relu = TRUE;
        b->views[v] = view;
        return TRUE;
      }
    case DH_OP_ACTIVATION:
      b->views[v] = dh_cuda_add_gated (b->plan, node->name, dh_cuda_groups_of (b, node->inputs[0]), NULL,
                                       (DhCudaAfter){ .activation = &node->activation }, v);
      return TRUE;
    case DH_OP_LAYER_NORM:
      return build_layer_norm (b, v, error);
    case DH_OP_ATTENTION:
      build_attention (b, v);
      return TRUE;
    case DH_OP_MULTIPLY:
      build_multiply (b, v);
      return TRUE;
    case DH_OP_DEPTH_TO_SPACE:
      b->views[v] = dh_cuda_add_depth_to_space (b->plan, node, dh_cuda_groups_of (b, node->inputs[0]), shape, v);
      return TRUE;
    case DH_OP_DROPOUT:
      b->views[v] = dh_cuda_view_copy (&b->plan->pool, dh_cuda_groups_of (b, node->inputs[0]));
      return TRUE;
    case DH_OP_ADD:
      return build_add (b, v, error);
    case DH_OP_CONCAT:
      build_concat (b, v);
      return TRUE;
    case DH_OP_MAX_POOL:
    case DH_OP_AVERAGE_POOL:
    case DH_OP_ADAPTIVE_POOL:
      return build_pool (b, v, error);
    case DH_OP_RESIZE:
      b->low.deferred[v] = dh_lowering_can_defer (&b->low, v);
      if (!b->low.deferred[v])
        build_plain_resize (b, v);
      return TRUE;
    case DH_OP_SCORE:
      return TRUE; /* after all others */
    case DH_N_OPS:
      break;
    }
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The cuda device does not know the operator “%s” (%s)",
               dh_op_name (node->op), node->name);
  return FALSE;
}

/* The logits that scores read, channel after channel; NULL where they read none. */
static const DhCudaView *
logits_of (DhCudaBuild *b, DhValue v)
{
  return v != DH_NO_VALUE ? dh_cuda_plain_of (b, v, TRUE, TRUE) : NULL;
}

static void
make_resize (gpointer builder, DhValue v)
{
  build_plain_resize (builder, v);
}

static void
make_scores (gpointer builder, const DhLoweredScores *scores)
{
  DhCudaBuild *b = builder;
  const DhCudaView *logits = logits_of (b, scores->logits);
  dh_cuda_add_score (b->plan, scores, logits, logits_of (b, scores->logits_ood));
}

static void
make_output (gpointer builder, DhValue v)
{
  DhCudaBuild *b = builder;
  dh_cuda_add_unpack (b->plan, dh_lowering_node (&b->low, v)->name, dh_cuda_groups_of (b, v), v);
}

gboolean
dh_cuda_build (DhCudaPlan *plan, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters, GError **error)
{
  g_autofree const DhCudaView **views = g_new0 (const DhCudaView *, dh_graph_size (graph));
  DhCudaBuild b = { .plan = plan, .views = views };
  dh_lowering_init (&b.low, graph, shapes, parameters, plan->outputs, plan->n_outputs);
  static const DhLoweringSteps steps = { build_node, make_resize, make_scores, make_output };
  const gboolean fine = dh_lowering_run (&b.low, &steps, &b, plan->cancellable, error);
  dh_lowering_clear (&b.low);
  return fine;
}
