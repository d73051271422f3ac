#include <string.h>
#include "dh-onednn-private.h"
#include "dh-winograd.h"

/* Convolutions made with the own matrix kernels. */

static gint
planes_for (DhCpuPlan *plan, gint channels)
{
  gint lanes = plan->device->kernels->lanes;
  return (channels + lanes - 1) / lanes;
}

/* The convolution's value: over its summand, or a buffer of its own with the summand's order of channels. */
static DhCpuView *
make_output (DhCpuPlan *plan, const DhCpuConv *conv)
{
  if (conv->sum == NULL)
    {
      DhCpuBuffer *buffer = dh_cpu_buffer_new (plan, planes_for (plan, conv->shape.c), conv->shape.h, conv->shape.w);
      return dh_cpu_view_new (plan, buffer, conv->shape.c, conv->owner);
    }
  if (!conv->in_place)
    return dh_cpu_view_new_like (plan, conv->sum, conv->shape.h, conv->shape.w, conv->owner);
  DhCpuView *out = dh_cpu_view_copy (plan, conv->sum);
  out->owner = conv->owner;
  return out;
}

/* Bias by physical channel. */
static const float *
pack_bias (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out)
{
  gint n = out->n_planes * plan->device->kernels->lanes;
  float *bias = dh_cpu_alloc (plan, n + 64, sizeof *bias);
  for (gint i = 0; i < n; i++)
    bias[i] = out->channels[i] < 0 ? 0 : (float)conv->shift[out->channels[i]];
  return bias;
}

/* One weight of a tap between physical channels, scaled; 0 where either is padding. */
static float
weight_at (const DhCpuConv *conv, const DhCpuView *out, gint tap, gint i, gint o)
{
  gint from = conv->in->channels[i], to = out->channels[o];
  if (from < 0 || to < 0)
    return 0;
  gsize taps = (gsize)conv->node->kernel * conv->node->kernel;
  return (float)(conv->weights[((gsize)to * conv->in_shape.c + from) * taps + tap] * conv->scale[to]);
}

/* The matrix kernels' order: a run of input planes, two output planes, input channel, output channel. */
static void
pack_f32 (const DhCpuConv *conv, const DhCpuView *out, gint lanes, gint tap, float *packed)
{
  gint at_once = 256 / lanes;
  for (gint plane0 = 0; plane0 < conv->in->n_planes; plane0 += at_once)
    for (gint o = 0; o < out->n_planes; o += 2)
      for (gint i = plane0 * lanes; i < MIN (plane0 + at_once, conv->in->n_planes) * lanes; i++)
        for (gint j = 0; j < MIN (2, out->n_planes - o) * lanes; j++)
          *packed++ = weight_at (conv, out, tap, i, o * lanes + j);
}

/* The same order by pairs of input channels, in bfloat16. */
static void
pack_bf16 (const DhCpuConv *conv, const DhCpuView *out, gint lanes, gint tap, guint16 *packed)
{
  gint at_once = 256 / lanes;
  for (gint plane0 = 0; plane0 < conv->in->n_planes; plane0 += at_once)
    for (gint o = 0; o < out->n_planes; o += 2)
      for (gint i = plane0 * lanes; i < MIN (plane0 + at_once, conv->in->n_planes) * lanes; i += 2)
        for (gint j = 0; j < 2 * MIN (2, out->n_planes - o) * lanes; j++)
          *packed++ = dh_f32_to_bf16 (weight_at (conv, out, tap, i + j % 2, o * lanes + j / 2));
}

/* All taps, one behind the other; NULL and error where memory is short. */
static float *
pack_taps (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, GError **error)
{
  gint lanes = plan->device->kernels->lanes;
  gint taps = conv->node->kernel * conv->node->kernel;
  gsize count = (gsize)conv->in->n_planes * out->n_planes * lanes * lanes;
  gsize bytes = count * (conv->bf16 ? sizeof (guint16) : sizeof (float));
  float *weights = dh_cpu_alloc_packed (plan, taps * bytes, error);
#pragma omp parallel for schedule(static) num_threads(plan->threads) if (taps > 1)
  for (gint tap = 0; tap < (weights != NULL ? taps : 0); tap++)
    {
      gpointer to = (char *)weights + tap * bytes;
      if (conv->bf16)
        pack_bf16 (conv, out, lanes, tap, to);
      else
        pack_f32 (conv, out, lanes, tap, to);
    }
  return weights;
}

static DhCpuStep *
conv_step (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, const char *what)
{
  g_autofree char *implementation = g_strdup_printf ("%s:%s", what, plan->device->kernels->name);
  DhCpuStep *step = dh_cpu_step_new (plan, conv->name, implementation);
  step->in = conv->in;
  step->sum = conv->sum;
  step->out = out;
  step->output.relu = conv->relu;
  step->flop = 2.0 * conv->shape.c * conv->in_shape.c * conv->node->kernel * conv->node->kernel
               * ((double)conv->shape.h * conv->shape.w);
  return step;
}

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

DhCpuView *
dh_cpu_add_conv1x1 (DhCpuPlan *plan, const DhCpuConv *conv, GError **error)
{
  DhCpuView *out = make_output (plan, conv);
  float *weights = pack_taps (plan, conv, out, error);
  if (weights == NULL)
    return NULL;
  g_autofree char *what = g_strconcat (conv->in->scale != NULL ? "norm 1×1" : "1×1", conv->bf16 ? " bf16" : "", NULL);
  DhCpuStep *step = conv_step (plan, conv, out, what);
  DhCpuConv1x1 *args = &step->u.conv1x1;
  args->bf16 = conv->bf16;
  args->weights = weights;
  args->bias = pack_bias (plan, conv, out);
  args->stride = conv->node->stride;
  args->in.n_planes = conv->in->n_planes;
  args->out.h = conv->shape.h;
  args->out.w = conv->shape.w;
  step->kind = DH_CPU_CONV1X1;
  step->item = conv1x1_item;
  step->bind = bind_conv1x1;
  dh_cpu_step_set_blocking (step, 0);
  return out;
}

static void
taps_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->taps (&step->u.taps, item, scratch);
}

static void
bind_taps (DhCpuStep *step)
{
  step->u.taps.in = step->input;
  step->u.taps.out = step->output;
}

DhCpuView *
dh_cpu_add_taps (DhCpuPlan *plan, const DhCpuConv *conv, GError **error)
{
  DhCpuView *out = make_output (plan, conv);
  float *weights = pack_taps (plan, conv, out, error);
  if (weights == NULL)
    return NULL;
  DhCpuStep *step = conv_step (plan, conv, out, conv->bf16 ? "taps bf16" : "taps");
  DhCpuTaps *args = &step->u.taps;
  args->kernel = conv->node->kernel;
  args->stride = conv->node->stride;
  args->dilation = conv->node->dilation;
  args->padding = conv->node->padding;
  args->bf16 = conv->bf16;
  args->weights = weights;
  args->bias = pack_bias (plan, conv, out);
  args->in.n_planes = conv->in->n_planes;
  args->out.n_planes = out->n_planes;
  args->out.h = conv->shape.h;
  args->out.w = conv->shape.w;
  step->kind = DH_CPU_TAPS;
  step->item = taps_item;
  step->bind = bind_taps;
  dh_cpu_step_set_blocking (step, 0);
  return out;
}

static void
winograd_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->winograd (&step->u.winograd, item, scratch);
}

/* G g Gᵀ of one 3×3 filter. */
static void
transform_filter (const float *g, double scale, float *to, gsize stride)
{
  static const double matrix[6][3] = {
    { DH_WINOGRAD_G0, 0, 0 },
    { DH_WINOGRAD_GA, DH_WINOGRAD_GA * DH_WINOGRAD_A, DH_WINOGRAD_GA * DH_WINOGRAD_A2 },
    { DH_WINOGRAD_GA, -DH_WINOGRAD_GA * DH_WINOGRAD_A, DH_WINOGRAD_GA * DH_WINOGRAD_A2 },
    { DH_WINOGRAD_GB, DH_WINOGRAD_GB * DH_WINOGRAD_B, DH_WINOGRAD_GB * DH_WINOGRAD_B2 },
    { DH_WINOGRAD_GB, -DH_WINOGRAD_GB * DH_WINOGRAD_B, DH_WINOGRAD_GB * DH_WINOGRAD_B2 },
    { 0, 0, 1 },
  };
  double t[6][3];
  for (gint i = 0; i < 6; i++)
    for (gint j = 0; j < 3; j++)
      t[i][j] = scale * (matrix[i][0] * g[j] + matrix[i][1] * g[3 + j] + matrix[i][2] * g[6 + j]);
  for (gint i = 0; i < 6; i++)
    for (gint j = 0; j < 6; j++)
      to[(i * 6 + j) * stride] = (float)(t[i][0] * matrix[j][0] + t[i][1] * matrix[j][1] + t[i][2] * matrix[j][2]);
}

/* The kernel's order: place of the 36, two output planes, input channel, output channel. */
static void
pack_winograd (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, float *packed)
{
  gint lanes = plan->device->kernels->lanes;
  const DhCpuView *in = conv->in;
  gint ins = in->n_planes * lanes;
  gsize stride = (gsize)ins * out->n_planes * lanes;
#pragma omp parallel for schedule(static) num_threads(plan->threads)
  for (gint o = 0; o < out->n_planes; o += 2)
    {
      gint outs = MIN (2, out->n_planes - o) * lanes;
      float *pair = packed + (gsize)o * lanes * ins;
      for (gint i = 0; i < ins; i++)
        for (gint j = 0; j < outs; j++, pair++)
          {
            gint from = in->channels[i], to = out->channels[o * lanes + j];
            if (from >= 0 && to >= 0)
              transform_filter (conv->weights + ((gsize)to * conv->in_shape.c + from) * 9, conv->scale[to], pair,
                                stride);
          }
    }
}

/* Tiles of each of the dilation² phases, row by row. */
static const DhCpuTile *
make_tiles (DhCpuPlan *plan, gint h, gint w, gint dilation, gint *n_tiles)
{
  gint n = 0;
  for (gint pass = 0;; pass++)
    {
      DhCpuTile *tiles = pass == 0 ? NULL : dh_cpu_alloc (plan, n, sizeof *tiles);
      n = 0;
      for (gint py = 0; py < MIN (dilation, h); py++)
        for (gint px = 0; px < MIN (dilation, w); px++)
          for (gint y = py; y < h; y += 4 * dilation)
            for (gint x = px; x < w; x += 4 * dilation, n++)
              if (tiles != NULL)
                tiles[n] = (DhCpuTile){ y, x };
      if (pass == 1)
        {
          *n_tiles = n;
          return tiles;
        }
    }
}

static void
bind_winograd (DhCpuStep *step)
{
  step->u.winograd.in = step->input;
  step->u.winograd.out = step->output;
}

DhCpuView *
dh_cpu_add_winograd (DhCpuPlan *plan, const DhCpuConv *conv, GError **error)
{
  const DhCpuKernels *kernels = plan->device->kernels;
  gint lanes = kernels->lanes;
  DhCpuView *out = make_output (plan, conv);
  gsize count = (gsize)36 * conv->in->n_planes * out->n_planes * lanes * lanes;
  float *weights = dh_cpu_alloc_packed (plan, count * sizeof (float), error);
  if (weights == NULL)
    return NULL;
  pack_winograd (plan, conv, out, weights);
  DhCpuStep *step = conv_step (plan, conv, out, "winograd 4×4");
  DhCpuWinograd *args = &step->u.winograd;
  args->weights = weights;
  args->bias = pack_bias (plan, conv, out);
  args->dilation = conv->node->dilation;
  args->in.n_planes = conv->in->n_planes;
  args->tiles = make_tiles (plan, conv->shape.h, conv->shape.w, args->dilation, &args->n_tiles);
  args->out.n_planes = out->n_planes;
  step->kind = DH_CPU_WINOGRAD;
  step->item = winograd_item;
  step->bind = bind_winograd;
  dh_cpu_step_set_blocking (step, 0);
  return out;
}
