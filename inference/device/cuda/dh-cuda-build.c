#include <math.h>
#include "dh-cuda-build.h"
#include "dh-error.h"

/* Graph → steps. A node becomes a view of memory; a norm, a ReLU or a concatenation is only a view, until somebody who
 * cannot read through it asks for plain memory. A convolution takes up what follows it, where nobody else reads that.
 */

const DhNode *
dh_cuda_build_node_at (const DhCudaBuild *b, DhValue v)
{
  return dh_graph_node (b->graph, v);
}

/* The one node that reads a value nobody else needs, or DH_NO_VALUE. */
static DhValue
only_reader (const DhCudaBuild *b, DhValue v)
{
  return b->n_readers[v] == 1 && !b->is_output[v] ? b->reader[v] : DH_NO_VALUE;
}

static DhTensor *
parameter (const DhCudaBuild *b, const char *name, const char *what, GError **error)
{
  g_autofree char *key = g_strconcat (name, ".", what, NULL);
  DhTensor *tensor = dh_tensor_dict_get (b->parameters, key);
  DhTensor *floats = tensor ? dh_tensor_to_f32 (tensor) : NULL;
  if (!tensor)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The weights lack the tensor “%s”", key);
  else if (!floats)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the tensor “%s”", key);
  return floats;
}

/* A batch norm as x·scale + shift, applied to what `scale` and `shift` hold already. */
static gboolean
read_norm (const DhCudaBuild *b, const DhNode *node, double *scale, double *shift, GError **error)
{
  if (b->plan->pool.dry)
    return TRUE;
  g_autoptr (DhTensor) weight = parameter (b, node->name, "weight", error);
  g_autoptr (DhTensor) bias = weight ? parameter (b, node->name, "bias", error) : NULL;
  g_autoptr (DhTensor) mean = bias ? parameter (b, node->name, "running_mean", error) : NULL;
  g_autoptr (DhTensor) variance = mean ? parameter (b, node->name, "running_var", error) : NULL;
  if (!variance)
    return FALSE;
  for (gint c = 0; c < node->channels; c++)
    {
      const double s = dh_tensor_f32 (weight)[c] / sqrt ((double)dh_tensor_f32 (variance)[c] + 1e-5);
      scale[c] *= s;
      shift[c] = (shift[c] - dh_tensor_f32 (mean)[c]) * s + dh_tensor_f32 (bias)[c];
    }
  return TRUE;
}

/* The value in groups: the picture is brought into them once. */
const DhCudaView *
dh_cuda_build_groups_of (DhCudaBuild *b, DhValue v)
{
  const DhCudaView *view = b->views[v];
  if (view->raw)
    view = b->views[v] = dh_cuda_add_pack (b->plan, view);
  return view;
}

/* With nothing left to do to it; in a buffer of its own where `whole`, channel after channel where `in_order`. */
const DhCudaView *
dh_cuda_build_plain_of (DhCudaBuild *b, DhValue v, gboolean whole, gboolean in_order)
{
  const DhCudaView *view = dh_cuda_build_groups_of (b, v);
  if (!dh_cuda_view_is_plain (view) || (whole && !dh_cuda_view_is_whole (view))
      || (in_order && !dh_cuda_view_in_order (view)))
    view = b->views[v] =
        dh_cuda_add_pointwise (b->plan, dh_cuda_build_node_at (b, v)->name, view, NULL, FALSE, in_order, NULL, v);
  return view;
}

/* What follows a convolution and nobody else reads: norm, sum, ReLU. */
static gboolean
absorb (DhCudaBuild *b, DhValue *value, DhCudaConvNodes *conv, double *scale, double *shift, GError **error)
{
  for (;;)
    {
      const DhValue next = only_reader (b, *value);
      if (next == DH_NO_VALUE)
        return TRUE;
      const DhNode *node = dh_cuda_build_node_at (b, next);
      if (node->op == DH_OP_DROPOUT)
        ; /* nothing, in inference */
      else if (conv->relu)
        return TRUE;
      else if (node->op == DH_OP_NORM && !conv->sum)
        {
          if (!read_norm (b, node, scale, shift, error))
            return FALSE;
          conv->shifted = TRUE;
        }
      else if (node->op == DH_OP_RELU)
        conv->relu = TRUE;
      else if (node->op == DH_OP_ADD && !conv->sum)
        {
          const DhValue other = node->inputs[node->inputs[0] == *value];
          if (other == *value || !b->views[other] || b->deferred[other])
            return TRUE;
          conv->sum = dh_cuda_build_plain_of (b, other, FALSE, FALSE);
        }
      else
        return TRUE;
      b->done[next] = TRUE;
      *value = next;
    }
}

/* Read only by what ends in scores or outputs: worth float32 whatever the precision. */
static gboolean
is_logits (const DhCudaBuild *b, DhValue v)
{
  for (DhValue i = v + 1; i < (DhValue)dh_graph_size (b->graph); i++)
    for (guint j = 0; b->needed[i] && j < dh_cuda_build_node_at (b, i)->n_inputs; j++)
      if (dh_cuda_build_node_at (b, i)->inputs[j] == v && dh_cuda_build_node_at (b, i)->op != DH_OP_SCORE
          && (dh_cuda_build_node_at (b, i)->op != DH_OP_RESIZE || !is_logits (b, i)))
        return FALSE;
  return TRUE;
}

/* In memory of its own; by a step of the convolution's where nobody else reads it. */
static const DhCudaView *
plain_input (DhCudaBuild *b, DhValue v, DhCudaConvNodes *conv)
{
  const DhCudaView *in = dh_cuda_build_groups_of (b, v);
  if (only_reader (b, v) == DH_NO_VALUE || !dh_cuda_can_fuse (&b->plan->pool, in, conv))
    return dh_cuda_build_plain_of (b, v, TRUE, FALSE);
  const DhCudaView *made = dh_cuda_build_plain_of (b, v, TRUE, FALSE);
  conv->gather = g_ptr_array_steal_index (b->plan->steps, b->plan->steps->len - 1);
  return made;
}

static gboolean
build_conv (DhCudaBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_cuda_build_node_at (b, v);
  const gboolean one = node->kernel == 1 && node->stride == 1 && node->padding == 0;
  const DhValue next = only_reader (b, v);
  g_autofree double *scale = g_new (double, node->channels);
  g_autofree double *shift = g_new0 (double, node->channels);
  DhCudaConvNodes conv = { .node = node, .shape = b->shapes[v], .scale = scale, .shift = shift };
  DhValue value = v;
  for (gint c = 0; c < node->channels; c++)
    scale[c] = 1;
  conv.shifted = node->bias;
  if (node->bias && !b->plan->pool.dry)
    {
      g_autoptr (DhTensor) bias = parameter (b, node->name, "bias", error);
      if (!bias)
        return FALSE;
      for (gint c = 0; c < node->channels; c++)
        shift[c] = dh_tensor_f32 (bias)[c];
    }
  const gboolean head = one && node->channels <= DH_CUDA_HEAD_GROUPS * DH_CUDA_GROUP
                        && (b->plan->pool.type == DH_CUDA_F32 || is_logits (b, v));
  if (one && next != DH_NO_VALUE && dh_cuda_build_node_at (b, next)->op == DH_OP_AVERAGE_POOL
      && dh_cuda_build_node_at (b, next)->stride > 1)
    {
      /* A mean over pixels commutes with a sum over channels, and is a fraction of the work. */
      conv.in = dh_cuda_add_pool (b->plan, dh_cuda_build_node_at (b, next),
                                  dh_cuda_build_groups_of (b, node->inputs[0]), b->shapes[next], DH_NO_VALUE);
      conv.shape = b->shapes[next];
      b->done[next] = TRUE;
      value = next;
    }
  if (!absorb (b, &value, &conv, scale, shift, error))
    return FALSE;
  conv.owner = value;
  if (!conv.in)
    conv.in = head ? dh_cuda_build_groups_of (b, node->inputs[0]) : plain_input (b, node->inputs[0], &conv);
  g_autoptr (DhTensor) weights = b->plan->pool.dry ? NULL : parameter (b, node->name, "weight", error);
  if (!weights && !b->plan->pool.dry)
    return FALSE;
  conv.weights = weights ? dh_tensor_f32 (weights) : NULL;
  b->views[value] = head && !conv.sum ? dh_cuda_add_head (b->plan, &conv, error)
                    : head            ? NULL
                                      : dh_cuda_add_conv (b->plan, &conv, error);
  if (head && conv.sum)
    {
      if (!dh_cuda_view_is_whole (conv.in))
        conv.in = dh_cuda_add_pointwise (b->plan, node->name, conv.in, NULL, FALSE, FALSE, NULL, DH_NO_VALUE);
      b->views[value] = dh_cuda_add_conv (b->plan, &conv, error);
    }
  return b->views[value] != NULL;
}

static gboolean
build_norm (DhCudaBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_cuda_build_node_at (b, v);
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
  else if (!read_norm (b, node, scale, shift, error))
    return FALSE;
  const DhCudaView *in = b->views[node->inputs[0]];
  if (in->relu)
    in = dh_cuda_build_plain_of (b, node->inputs[0], FALSE, FALSE);
  b->views[v] = dh_cuda_view_norm (&b->plan->pool, in, scale, shift);
  return TRUE;
}

const DhCudaView *
dh_cuda_build_resize (DhCudaBuild *b, DhValue v, const DhCudaView *sum, gboolean relu, DhValue owner)
{
  const DhNode *node = dh_cuda_build_node_at (b, v);
  const DhCudaView *in = dh_cuda_build_groups_of (b, node->inputs[0]);
  return dh_cuda_add_resize (b->plan, node, in, b->shapes[v], sum, relu, owner);
}

static void
build_add (DhCudaBuild *b, DhValue v)
{
  const DhNode *node = dh_cuda_build_node_at (b, v);
  const DhValue next = only_reader (b, v);
  const gboolean relu = next != DH_NO_VALUE && dh_cuda_build_node_at (b, next)->op == DH_OP_RELU;
  DhValue x = node->inputs[0], y = node->inputs[1], owner = v;
  if (relu)
    {
      b->done[next] = TRUE;
      owner = next;
    }
  if (!b->deferred[x])
    {
      x = node->inputs[1];
      y = node->inputs[0];
    }
  if (b->deferred[x])
    {
      if (b->deferred[y])
        {
          b->views[y] = dh_cuda_build_resize (b, y, NULL, FALSE, y);
          b->deferred[y] = FALSE;
        }
      if (x == y)
        {
          b->views[owner] =
              dh_cuda_add_pointwise (b->plan, node->name, b->views[y], b->views[y], relu, FALSE, NULL, owner);
          return;
        }
      b->views[owner] = dh_cuda_build_resize (b, x, dh_cuda_build_groups_of (b, y), relu, owner);
      return;
    }
  const DhCudaView *in = dh_cuda_build_groups_of (b, x), *other = dh_cuda_build_groups_of (b, y);
  b->views[owner] = dh_cuda_add_pointwise (b->plan, node->name, in, other, relu, FALSE, NULL, owner);
}

static void
build_concat (DhCudaBuild *b, DhValue v)
{
  const DhNode *node = dh_cuda_build_node_at (b, v);
  g_autofree const DhCudaView **parts = g_new (const DhCudaView *, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++)
    parts[i] = dh_cuda_build_plain_of (b, node->inputs[i], FALSE, FALSE);
  b->views[v] = dh_cuda_view_concat (&b->plan->pool, parts, node->n_inputs);
}

/* A resize that only an addition or only scores read is made by them. */
static gboolean
is_deferred (const DhCudaBuild *b, DhValue v)
{
  if (b->is_output[v])
    return FALSE;
  const DhValue next = only_reader (b, v);
  if (next != DH_NO_VALUE && dh_cuda_build_node_at (b, next)->op == DH_OP_ADD)
    return TRUE;
  for (DhValue i = v + 1; i < (DhValue)dh_graph_size (b->graph); i++)
    for (guint j = 0; b->needed[i] && j < dh_cuda_build_node_at (b, i)->n_inputs; j++)
      if (dh_cuda_build_node_at (b, i)->inputs[j] == v && dh_cuda_build_node_at (b, i)->op != DH_OP_SCORE)
        return FALSE;
  return TRUE;
}

static gboolean
build_node (DhCudaBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_cuda_build_node_at (b, v);
  const DhShape shape = b->shapes[v];
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
      return build_conv (b, v, error);
    case DH_OP_RELU:
      {
        DhCudaView *view = dh_cuda_view_copy (&b->plan->pool, dh_cuda_build_groups_of (b, node->inputs[0]));
        view->relu = TRUE;
        b->views[v] = view;
        return TRUE;
      }
    case DH_OP_DROPOUT:
      b->views[v] = dh_cuda_view_copy (&b->plan->pool, dh_cuda_build_groups_of (b, node->inputs[0]));
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
      b->views[v] = dh_cuda_add_pool (b->plan, node, dh_cuda_build_groups_of (b, node->inputs[0]), shape, v);
      return TRUE;
    case DH_OP_RESIZE:
      b->deferred[v] = is_deferred (b, v);
      if (!b->deferred[v])
        b->views[v] = dh_cuda_build_resize (b, v, NULL, FALSE, v);
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

static void
count_readers (DhCudaBuild *b)
{
  for (DhValue v = 0; v < (DhValue)dh_graph_size (b->graph); v++)
    for (guint j = 0; b->needed[v] && j < dh_cuda_build_node_at (b, v)->n_inputs; j++)
      {
        b->n_readers[dh_cuda_build_node_at (b, v)->inputs[j]]++;
        b->reader[dh_cuda_build_node_at (b, v)->inputs[j]] = v;
      }
  for (guint i = 0; i < b->plan->n_outputs; i++)
    b->is_output[b->plan->outputs[i]] = TRUE;
}

gboolean
dh_cuda_build (DhCudaPlan *plan, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters, GError **error)
{
  const guint size = dh_graph_size (graph);
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, plan->outputs, plan->n_outputs);
  g_autofree gboolean *is_output = g_new0 (gboolean, size);
  g_autofree gboolean *done = g_new0 (gboolean, size);
  g_autofree gboolean *deferred = g_new0 (gboolean, size);
  g_autofree gint *n_readers = g_new0 (gint, size);
  g_autofree DhValue *reader = g_new0 (DhValue, size);
  g_autofree const DhCudaView **views = g_new0 (const DhCudaView *, size);
  DhCudaBuild b = { .plan = plan,
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
  dh_cuda_build_scores (&b);
  dh_cuda_build_outputs (&b);
  return TRUE;
}
