#include <math.h>
#include <string.h>
#include "dh-onednn-private.h"

/* Convolutions of groups. With one a channel, by a kernel of its own. Else as convolutions of so many groups each that
 * their channels are whole planes of the input and of the output, with 0 where one group would read another's. */

gboolean
dh_cpu_is_depthwise (const DhNode *node, gint in_channels)
{
  return node->groups == in_channels;
}

static void
depthwise_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->depthwise (&step->u.depthwise, item);
}

static void
bind_depthwise (DhCpuStep *step)
{
  step->u.depthwise.in = step->input;
  step->u.depthwise.out = step->output;
}

/* By physical channel of the output. */
static float *
pack_depthwise (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, GError **error)
{
  const gint lanes = plan->device->kernels->lanes, taps = conv->node->kernel * conv->node->kernel;
  float *packed = dh_cpu_alloc_packed (plan, (gsize)out->n_planes * taps * lanes * sizeof *packed, error);
  for (gint i = 0; packed != NULL && i < out->n_planes * lanes; i++)
    for (gint tap = 0; tap < taps; tap++)
      {
        const gint channel = out->channels[i];
        packed[((gsize)(i / lanes) * taps + tap) * lanes + i % lanes] =
            channel < 0 ? 0 : (float)(conv->weights[(gsize)channel * taps + tap] * conv->scale[channel]);
      }
  return packed;
}

/* Which of the input plane's lanes each output reads. */
static const gint32 *
list_lanes (DhCpuPlan *plan, const DhCpuView *out, gint multiplier)
{
  const gint lanes = plan->device->kernels->lanes;
  gint32 *list = dh_cpu_alloc (plan, (gsize)out->n_planes * lanes, sizeof *list);
  for (gint i = 0; i < out->n_planes * lanes; i++)
    list[i] = i / multiplier % lanes;
  return list;
}

/* Rows of an item: several, so that those which two of them read are read once; few enough for all threads. */
static gint
rows_of (const DhCpuPlan *plan, const DhCpuView *out)
{
  gint rows = 16;
  while (rows > 1 && (out->h + rows - 1) / rows * out->n_planes < 4 * plan->threads)
    rows /= 2;
  return rows;
}

DhCpuView *
dh_cpu_add_depthwise (DhCpuPlan *plan, const DhCpuConv *conv, GError **error)
{
  const gint multiplier = conv->shape.c / conv->in_shape.c;
  DhCpuView *out;
  if (multiplier > 1)
    out = dh_cpu_conv_output (plan, conv);
  else
    out = dh_cpu_view_new_like (plan, conv->in, conv->shape.h, conv->shape.w, conv->owner);
  out->positive = dh_cpu_after_is_positive (&conv->after);
  float *weights = pack_depthwise (plan, conv, out, error);
  if (weights == NULL)
    return NULL;
  DhCpuStep *step = dh_cpu_conv_step (plan, conv, out, "depthwise");
  step->u.depthwise = (DhCpuDepthwise){ .kernel = conv->node->kernel,
                                        .stride = conv->node->stride,
                                        .dilation = conv->node->dilation,
                                        .padding = conv->node->padding,
                                        .multiplier = multiplier,
                                        .rows = rows_of (plan, out),
                                        .weights = weights,
                                        .bias = dh_cpu_conv_bias (plan, conv, out) };
  if (multiplier > 1)
    step->u.depthwise.lanes = list_lanes (plan, out, multiplier);
  step->n_items = (out->h + step->u.depthwise.rows - 1) / step->u.depthwise.rows * out->n_planes;
  step->item = depthwise_item;
  step->bind = bind_depthwise;
  return out;
}

static gint
common_divisor (gint a, gint b)
{
  return b == 0 ? a : common_divisor (b, a % b);
}

/* So many of them have whole planes of so many channels each. */
static gint
whole_groups (gint lanes, gint channels)
{
  return lanes / common_divisor (lanes, channels);
}

/* The weights of `n` groups from `first` on as one. */
static float *
spread_weights (const DhCpuConv *conv, gint first, gint n)
{
  const DhNode *node = conv->node;
  const gint ins = conv->in_shape.c / node->groups, outs = conv->shape.c / node->groups;
  const gsize taps = (gsize)node->kernel * node->kernel;
  float *weights = g_new0 (float, (gsize)n *outs *n *ins *taps);
  for (gint o = 0; o < n * outs; o++)
    memcpy (weights + ((gsize)o * n * ins + (gsize)(o / outs) * ins) * taps,
            conv->weights + ((gsize)first * outs + o) * ins * taps, ins * taps * sizeof *weights);
  return weights;
}

static DhCpuView *
add_part (DhCpuPlan *plan, const DhCpuConv *conv, gint first, gint n, GError **error)
{
  const gint lanes = plan->device->kernels->lanes;
  const gint ins = conv->in_shape.c / conv->node->groups, outs = conv->shape.c / conv->node->groups;
  g_autofree float *weights = spread_weights (conv, first, n);
  DhNode *node = dh_cpu_alloc (plan, 1, sizeof *node);
  *node = *conv->node;
  node->groups = 1;
  node->channels = n * outs;
  DhCpuConv part = *conv;
  part.node = node;
  part.owner = DH_NO_VALUE;
  part.in = dh_cpu_view_part (plan, conv->in, first * ins / lanes, (n * ins + lanes - 1) / lanes, n * ins);
  part.in_shape.c = n * ins;
  part.shape.c = n * outs;
  part.weights = weights;
  part.scale += first * outs;
  part.shift += first * outs;
  const gboolean one = node->kernel == 1 && node->padding == 0;
  const DhCpuAddConv add = one                                    ? dh_cpu_add_conv1x1
                           : dh_cpu_choose_winograd (plan, &part) ? dh_cpu_add_winograd
                                                                  : dh_cpu_add_taps;
  return add (plan, &part, error);
}

DhCpuView *
dh_cpu_add_groups (DhCpuPlan *plan, const DhCpuConv *conv, GError **error)
{
  const gint lanes = plan->device->kernels->lanes, groups = conv->node->groups;
  const gint a = whole_groups (lanes, conv->in_shape.c / groups), b = whole_groups (lanes, conv->shape.c / groups);
  /* Both are powers of two. */
  const gint at_once = MIN (groups, MAX (a, b)), n = (groups + at_once - 1) / at_once;
  DhCpuConv plain = *conv;
  /* In tiles there is no place for an activation. */
  plain.bf16 = conv->bf16 && !plan->device->kernels->tiles;
  g_autofree const DhCpuView **parts = g_new0 (const DhCpuView *, n);
  for (gint i = 0; i < n; i++)
    if (!(parts[i] = add_part (plan, &plain, i * at_once, MIN (at_once, groups - i * at_once), error)))
      return NULL;
  return dh_cpu_view_concat (plan, parts, (guint)n);
}
