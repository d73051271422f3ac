#include <math.h>
#include "dh-onednn-private.h"

/* What the steps of convolutions are made of: where the value goes, weights in the matrix kernels' order. */

static gint
planes_for (DhCpuPlan *plan, gint channels)
{
  gint lanes = plan->device->kernels->lanes;
  return (channels + lanes - 1) / lanes;
}

DhCpuView *
dh_cpu_conv_output (DhCpuPlan *plan, const DhCpuConv *conv)
{
  DhCpuView *out;
  if (conv->sum == NULL)
    {
      DhCpuBuffer *buffer = dh_cpu_buffer_new (plan, planes_for (plan, conv->shape.c), conv->shape.h, conv->shape.w);
      out = dh_cpu_view_new (plan, buffer, conv->shape.c, conv->owner);
    }
  else if (!conv->in_place || conv->packs)
    out = dh_cpu_view_new_like (plan, conv->sum, conv->shape.h, conv->shape.w, conv->owner);
  else
    out = dh_cpu_view_copy (plan, conv->sum);
  if (conv->packs)
    dh_cpu_view_pack (plan, out);
  out->owner = conv->owner;
  out->positive = dh_cpu_after_is_positive (&conv->after);
  return out;
}

const float *
dh_cpu_conv_bias (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out)
{
  gint n = out->n_planes * plan->device->kernels->lanes;
  float *bias = dh_cpu_alloc (plan, n + 64, sizeof *bias);
  for (gint i = 0; i < n; i++)
    bias[i] = out->channels[i] < 0 ? 0 : (float)conv->shift[out->channels[i]];
  return bias;
}

float
dh_cpu_conv_weight (const DhCpuConv *conv, const DhCpuView *out, gint tap, gint i, gint o)
{
  gint from = conv->in->channels[i], to = out->channels[o];
  if (from < 0 || to < 0)
    return 0;
  gsize taps = (gsize)conv->node->kernel * conv->node->kernel;
  return (float)(conv->weights[((gsize)to * conv->in_shape.c + from) * taps + tap] * conv->scale[to]);
}

/* The matrix kernels' order: a run of input planes, two output planes, input channel, output channel. */
static void
pack_f32 (const DhCpuConv *conv, const DhCpuView *out, const DhCpuKernels *kernels, gint tap, float *packed)
{
  const gint lanes = kernels->lanes, at_once = kernels->run;
  for (gint plane0 = 0; plane0 < conv->in->n_planes; plane0 += at_once)
    for (gint o = 0; o < out->n_planes; o += 2)
      for (gint i = plane0 * lanes; i < MIN (plane0 + at_once, conv->in->n_planes) * lanes; i++)
        for (gint j = 0; j < MIN (2, out->n_planes - o) * lanes; j++)
          *packed++ = dh_cpu_conv_weight (conv, out, tap, i, o * lanes + j);
}

/* The same order by pairs of input channels, in bfloat16. */
static void
pack_bf16 (const DhCpuConv *conv, const DhCpuView *out, const DhCpuKernels *kernels, gint tap, guint16 *packed)
{
  const gint lanes = kernels->lanes, ins = conv->in->n_planes * lanes;
  const gint planes = dh_cpu_whole_panels (conv->in->n_planes, kernels->panel_bf16),
             at_once = kernels->run_bf16 ? kernels->run_bf16 : planes;
  for (gint plane0 = 0; plane0 < planes; plane0 += at_once)
    for (gint o = 0; o < out->n_planes; o += 2)
      for (gint i = plane0 * lanes; i < MIN (plane0 + at_once, planes) * lanes; i += 2)
        for (gint j = 0; j < 2 * MIN (2, out->n_planes - o) * lanes; j++)
          *packed++ = i < ins ? dh_f32_to_bf16 (dh_cpu_conv_weight (conv, out, tap, i + j % 2, o * lanes + j / 2)) : 0;
}

float *
dh_cpu_conv_pack (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, GError **error)
{
  const DhCpuKernels *kernels = plan->device->kernels;
  const gint lanes = kernels->lanes, taps = conv->node->kernel * conv->node->kernel;
  const gint planes = dh_cpu_whole_panels (conv->in->n_planes, conv->bf16 ? kernels->panel_bf16 : 1);
  gsize count = (gsize)planes * out->n_planes * lanes * lanes;
  gsize bytes = count * (conv->bf16 ? sizeof (guint16) : sizeof (float));
  float *weights = dh_cpu_alloc_packed (plan, taps * bytes, error);
#pragma omp parallel for schedule(static) num_threads(plan->threads) if (taps > 1)
  for (gint tap = 0; tap < (weights != NULL ? taps : 0); tap++)
    {
      gpointer to = (char *)weights + tap * bytes;
      if (conv->bf16)
        pack_bf16 (conv, out, kernels, tap, to);
      else
        pack_f32 (conv, out, kernels, tap, to);
    }
  return weights;
}

/* What 1 of the output channel's weights stands for: the largest is 127. NaN where one is not finite. */
static double
weight_unit (const DhCpuConv *conv, gint o)
{
  double most = 0, odd = 0;
  for (gint i = 0; i < conv->in_shape.c; i++)
    {
      const double weight = conv->weights[(gsize)o * conv->in_shape.c + i] * conv->scale[o];
      most = MAX (most, fabs (weight));
      odd += weight * 0;
    }
  return most / 127 + odd;
}

/* Two output planes, fours of input channels, output channel. */
gint8 *
dh_cpu_conv_pack_int8 (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, float **units, GError **error)
{
  const DhCpuKernels *kernels = plan->device->kernels;
  const gint lanes = kernels->lanes, ins = conv->in->n_planes * lanes, outs = out->n_planes * lanes;
  const gint whole = dh_cpu_whole_panels (conv->in->n_planes, kernels->panel_int8) * lanes;
  gint8 *weights = (gint8 *)dh_cpu_alloc_packed (plan, (gsize)whole * outs, error);
  if (weights == NULL)
    return NULL;
  g_autofree double *unit = g_new0 (double, outs);
  *units = dh_cpu_alloc (plan, outs, sizeof **units);
  for (gint o = 0; o < outs; o++)
    if (out->channels[o] >= 0)
      {
        unit[o] = weight_unit (conv, out->channels[o]);
        (*units)[o] = (float)(unit[o] * conv->range / 255);
      }
  gint8 *packed = weights;
  for (gint o = 0; o < outs; o += 2 * lanes)
    for (gint i = 0; i < whole; i += 4)
      for (gint j = 0; j < 4 * MIN (2 * lanes, outs - o); j++, packed++)
        {
          const double of = i < ins ? unit[o + j / 4] : 0;
          *packed = of > 0 ? (gint8)lrint (dh_cpu_conv_weight (conv, out, 0, i + j % 4, o + j / 4) / of) : 0;
        }
  return weights;
}

DhCpuStep *
dh_cpu_conv_step (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, const char *what)
{
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, conv->name, what);
  step->in = conv->in;
  step->sum = conv->sum;
  step->out = out;
  step->output.relu = conv->after.relu;
  step->output.activation = conv->after.activation;
  step->flop = 2.0 * conv->shape.c * (conv->in_shape.c / conv->node->groups) * conv->node->kernel * conv->node->kernel
               * ((double)conv->shape.h * conv->shape.w);
  return step;
}
