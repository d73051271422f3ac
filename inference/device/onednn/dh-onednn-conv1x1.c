#include <string.h>
#include "dh-onednn-private.h"

/* 1×1 convolutions, in float32, bfloat16 and int8. */

static void
conv1x1_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->conv1x1 (&step->u.conv1x1, item, scratch);
}

static void
bind_conv1x1 (DhCpuStep *step)
{
  step->u.conv1x1.in = step->input;
  step->u.conv1x1.out = step->output;
}

static DhCpuView *
add_conv1x1 (DhCpuPlan *plan, const DhCpuConv *conv, const char *what, DhCpuView *out, gpointer weights,
             const float *units)
{
  DhCpuStep *step = dh_cpu_conv_step (plan, conv, out, what);
  DhCpuConv1x1 *args = &step->u.conv1x1;
  args->bf16 = conv->bf16;
  args->units = units;
  args->weights = weights;
  args->bias = dh_cpu_conv_bias (plan, conv, out);
  args->stride = conv->node->stride;
  args->in.n_planes = conv->in->n_planes;
  args->out.n_planes = out->n_planes;
  args->out.h = conv->shape.h;
  args->out.w = conv->shape.w;
  step->kind = DH_CPU_CONV1X1;
  step->item = conv1x1_item;
  step->bind = bind_conv1x1;
  dh_cpu_step_set_blocking (plan, step, 0);
  return out;
}

DhCpuView *
dh_cpu_add_conv1x1 (DhCpuPlan *plan, const DhCpuConv *conv, GError **error)
{
  DhCpuView *out = dh_cpu_conv_output (plan, conv);
  float *weights = dh_cpu_conv_pack (plan, conv, out, error);
  if (weights == NULL)
    return NULL;
  g_autofree char *what = g_strconcat (conv->in->scale != NULL ? "norm 1×1" : "1×1", conv->bf16 ? " bf16" : "", NULL);
  return add_conv1x1 (plan, conv, what, out, weights, NULL);
}

/* The input in units of which 255 make its range: read so, it needs only be rounded. */
static DhCpuView *
in_units (DhCpuPlan *plan, const DhCpuView *in, float range)
{
  DhCpuView *view = dh_cpu_view_copy (plan, in);
  gint n = in->n_planes * plan->device->kernels->lanes;
  float *scale = dh_cpu_alloc (plan, n, sizeof *scale), *shift = dh_cpu_alloc (plan, n, sizeof *shift);
  for (gint i = 0; i < n; i++)
    {
      scale[i] = (in->scale != NULL ? in->scale[i] : 1) * (255 / range);
      shift[i] = (in->shift != NULL ? in->shift[i] : 0) * (255 / range);
    }
  view->scale = scale;
  view->shift = shift;
  view->relu = TRUE;
  return view;
}

DhCpuView *
dh_cpu_add_conv1x1_int8 (DhCpuPlan *plan, const DhCpuConv *conv, GError **error)
{
  DhCpuConv bytes = *conv;
  DhCpuView *out = dh_cpu_conv_output (plan, conv);
  float *units = NULL;
  bytes.bf16 = FALSE;
  bytes.in = in_units (plan, conv->in, conv->range);
  gint8 *weights = dh_cpu_conv_pack_int8 (plan, &bytes, out, &units, error);
  if (weights == NULL)
    return NULL;
  return add_conv1x1 (plan, &bytes, conv->in->scale != NULL ? "norm 1×1 int8" : "1×1 int8", out, weights, units);
}

/* Values of a plane, all their lanes but for padding. */
static void
count_item (const DhCpuStep *step, gint plane, float *scratch)
{
  gint lanes = step->kernels->lanes;
  const DhCpuInput *in = &step->input;
  guint32 *bins = (guint32 *)scratch;
  memset (bins, 0, DH_RANGES_BINS * sizeof *bins);
  for (gint lane = 0; lane < lanes; lane++)
    {
      gint channel = plane * lanes + lane;
      float scale = in->scale != NULL ? in->scale[channel] : 1, shift = in->shift != NULL ? in->shift[channel] : 0;
      const float *from = in->planes[plane] + lane;
      if (step->in->channels[channel] < 0)
        continue;
      for (gsize i = 0; i < (gsize)in->h * in->w; i++)
        {
          float x = from[i * lanes] * scale + shift;
          guint bin = x > 0 ? dh_ranges_bin (x) : x == x ? 0 : DH_RANGES_BINS;
          if (bin < DH_RANGES_BINS)
            bins[bin]++;
        }
    }
  for (guint i = 0; i < DH_RANGES_BINS; i++)
    if (bins[i] > 0)
      __atomic_fetch_add (step->u.count.bins + i, bins[i], __ATOMIC_RELAXED);
}

void
dh_cpu_add_count (DhCpuPlan *plan, const DhCpuConv *conv)
{
  DhCpuStep *step = dh_cpu_step_new (plan, conv->name, "plain C count");
  step->in = conv->in;
  step->u.count.bins = dh_ranges_get (plan->ranges, conv->name);
  step->n_items = conv->in->n_planes;
  step->scratch = DH_RANGES_BINS * sizeof (guint32);
  step->item = count_item;
}
