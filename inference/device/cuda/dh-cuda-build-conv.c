#include "dh-cuda-build-private.h"

/* A convolution with what stands before and behind it, where nobody else reads that. */

/* A concatenation in memory of its own, into which what was resized for it alone is written at once; or NULL. */
static const DhCudaView *
joined_of (DhCudaBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCudaView *view = b->views[v];
  if (node->op != DH_OP_CONCAT || !dh_cuda_view_is_plain (view) || dh_cuda_view_is_whole (view))
    return NULL;
  for (guint i = 0; i < node->n_inputs; i++)
    if (dh_lowering_only_reader (&b->low, node->inputs[i]) != v)
      return NULL;
  const DhCudaView *joined = dh_cuda_add_joined (b->plan, node->name, view);
  if (joined)
    b->views[v] = joined;
  return joined;
}

/* The norm that alone reads the sum of two convolutions, which nobody else reads; or DH_NO_VALUE. */
static DhValue
norm_of_sum (const DhCudaBuild *b, DhValue add)
{
  const DhNode *node = dh_lowering_node (&b->low, add);
  const DhValue norm = dh_lowering_only_reader (&b->low, add);
  if (norm == DH_NO_VALUE || dh_lowering_node (&b->low, norm)->op != DH_OP_NORM)
    return DH_NO_VALUE;
  for (guint i = 0; i < 2; i++)
    if (dh_lowering_node (&b->low, node->inputs[i])->op != DH_OP_CONV
        || dh_lowering_only_reader (&b->low, node->inputs[i]) != add)
      return DH_NO_VALUE;
  return norm;
}

/* Of the first of two convolutions that are summed: what a norm behind the sum multiplies both with. */
static gboolean
scale_first (const DhCudaBuild *b, DhValue add, double *scale, double *shift, GError **error)
{
  const DhValue norm = norm_of_sum (b, add);
  if (norm == DH_NO_VALUE)
    return TRUE;
  const DhNode *node = dh_lowering_node (&b->low, norm);
  g_autofree double *factors = g_new (double, node->channels);
  g_autofree double *rest = g_new0 (double, node->channels);
  for (gint c = 0; c < node->channels; c++)
    factors[c] = 1;
  if (!dh_lowering_read_norm (&b->low, node, factors, rest, error))
    return FALSE;
  for (gint c = 0; c < node->channels; c++)
    {
      scale[c] *= factors[c];
      shift[c] *= factors[c];
    }
  return TRUE;
}

/* What follows a convolution and nobody else reads: norm, sum, ReLU; a norm behind the sum where that is of two
 * convolutions, by whose weights it can be multiplied. */
static gboolean
absorb (DhCudaBuild *b, DhValue *value, DhCudaConvNodes *conv, double *scale, double *shift, GError **error)
{
  for (;;)
    {
      const DhValue next = dh_lowering_only_reader (&b->low, *value);
      if (next == DH_NO_VALUE)
        return TRUE;
      const DhNode *node = dh_lowering_node (&b->low, next);
      if (node->op == DH_OP_DROPOUT)
        ; /* nothing, in inference */
      else if (conv->relu)
        return TRUE;
      else if (node->op == DH_OP_NORM && !conv->sum)
        {
          if (!dh_lowering_read_norm (&b->low, node, scale, shift, error))
            return FALSE;
          conv->shifted = TRUE;
        }
      else if (node->op == DH_OP_RELU)
        conv->relu = TRUE;
      else if (node->op == DH_OP_ADD && !conv->sum)
        {
          const DhValue other = node->inputs[node->inputs[0] == *value], norm = norm_of_sum (b, next);
          if (other == *value || b->low.deferred[other])
            return TRUE;
          if (!b->views[other])
            return scale_first (b, next, scale, shift, error);
          conv->sum = dh_cuda_plain_of (b, other, FALSE, FALSE);
          if (norm != DH_NO_VALUE)
            {
              if (!dh_lowering_read_norm (&b->low, dh_lowering_node (&b->low, norm), scale, shift, error))
                return FALSE;
              conv->shifted = TRUE;
              b->low.done[next] = TRUE;
              *value = norm;
              b->low.done[norm] = TRUE;
              continue;
            }
        }
      else
        return TRUE;
      b->low.done[next] = TRUE;
      *value = next;
    }
}

/* Read only by what ends in scores or outputs: worth float32 whatever the precision. */
static gboolean
is_logits (const DhCudaBuild *b, DhValue v)
{
  for (DhValue i = v + 1; i < (DhValue)dh_graph_size (b->low.graph); i++)
    for (guint j = 0; b->low.needed[i] && j < dh_lowering_node (&b->low, i)->n_inputs; j++)
      if (dh_lowering_node (&b->low, i)->inputs[j] == v && dh_lowering_node (&b->low, i)->op != DH_OP_SCORE
          && (dh_lowering_node (&b->low, i)->op != DH_OP_RESIZE || !is_logits (b, i)))
        return FALSE;
  return TRUE;
}

/* In memory of its own; by a step of the convolution's where nobody else reads it. */
static const DhCudaView *
plain_input (DhCudaBuild *b, DhValue v, DhCudaConvNodes *conv)
{
  const DhCudaView *in = dh_cuda_groups_of (b, v);
  if (dh_lowering_only_reader (&b->low, v) == DH_NO_VALUE || !dh_cuda_can_fuse (&b->plan->pool, in, conv))
    {
      const DhCudaView *joined = joined_of (b, v);
      return joined ? joined : dh_cuda_plain_of (b, v, TRUE, FALSE);
    }
  const DhCudaView *made = dh_cuda_plain_of (b, v, TRUE, FALSE);
  conv->gather = g_ptr_array_steal_index (b->plan->steps, b->plan->steps->len - 1);
  return made;
}

/* A norm and a ReLU or activation behind it, which nobody else reads. */
static gboolean
build_grouped (DhCudaBuild *b, DhValue v, DhCudaConvNodes *conv, double *scale, double *shift, GError **error)
{
  DhValue value = v;
  const DhValue next = dh_lowering_only_reader (&b->low, v);
  if (next != DH_NO_VALUE && dh_lowering_node (&b->low, next)->op == DH_OP_NORM)
    {
      if (!dh_lowering_read_norm (&b->low, dh_lowering_node (&b->low, next), scale, shift, error))
        return FALSE;
      b->low.done[next] = TRUE;
      value = next;
    }
  const DhCudaAfter after = dh_cuda_take_after (b, &value);
  g_autoptr (DhTensor) weights =
      b->plan->pool.dry ? NULL : dh_lowering_parameter (&b->low, conv->node->name, "weight", error);
  if (!weights && !b->plan->pool.dry)
    return FALSE;
  conv->weights = weights ? dh_tensor_f32 (weights) : NULL;
  conv->in = dh_cuda_groups_of (b, conv->node->inputs[0]);
  conv->owner = value;
  b->views[value] = dh_cuda_add_grouped (b->plan, conv, after, error);
  return b->views[value] != NULL;
}

gboolean
dh_cuda_build_conv (DhCudaBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const gboolean one = node->kernel == 1 && node->stride == 1 && node->padding == 0;
  const DhValue next = dh_lowering_only_reader (&b->low, v);
  g_autofree double *scale = g_new (double, node->channels);
  g_autofree double *shift = g_new0 (double, node->channels);
  DhCudaConvNodes conv = { .node = node, .shape = b->low.shapes[v], .scale = scale, .shift = shift };
  DhValue value = v;
  for (gint c = 0; c < node->channels; c++)
    scale[c] = 1;
  conv.shifted = node->bias;
  if (node->bias && !b->plan->pool.dry)
    {
      g_autoptr (DhTensor) bias = dh_lowering_parameter (&b->low, node->name, "bias", error);
      if (!bias)
        return FALSE;
      for (gint c = 0; c < node->channels; c++)
        shift[c] = dh_tensor_f32 (bias)[c];
    }
  if (node->groups > 1)
    return build_grouped (b, v, &conv, scale, shift, error);
  const gboolean head = one && node->channels <= DH_CUDA_HEAD_GROUPS * DH_CUDA_GROUP
                        && (b->plan->pool.type == DH_CUDA_F32 || is_logits (b, v));
  if (one && next != DH_NO_VALUE && dh_lowering_node (&b->low, next)->op == DH_OP_AVERAGE_POOL
      && dh_lowering_node (&b->low, next)->stride > 1)
    {
      /* A mean over pixels commutes with a sum over channels, and is a fraction of the work. */
      conv.in = dh_cuda_add_pool (b->plan, dh_lowering_node (&b->low, next), dh_cuda_groups_of (b, node->inputs[0]),
                                  b->low.shapes[next], &(DhCudaTail){ NULL }, DH_NO_VALUE);
      conv.shape = b->low.shapes[next];
      b->low.done[next] = TRUE;
      value = next;
    }
  g_autoptr (DhTensor) weights =
      b->plan->pool.dry ? NULL : dh_lowering_parameter (&b->low, node->name, "weight", error);
  if (!weights && !b->plan->pool.dry)
    return FALSE;
  if (!absorb (b, &value, &conv, scale, shift, error))
    return FALSE;
  conv.owner = value;
  if (!conv.in)
    conv.in = head ? dh_cuda_groups_of (b, node->inputs[0]) : plain_input (b, node->inputs[0], &conv);
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
