#include "dh-onednn-private.h"

/* Convolutions of larger kernels, made with the own matrix kernels. */

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
  if (step->made != NULL)
    step->u.taps.packed = step->made_at;
}

static void
pack_rows_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->taps_pack (&step->u.taps, item, step->output.planes[0]);
}

/* What the wide dilations of a pyramid read, each nine times: packed once, by a step that they share. In float32 they
 * would read as much as they do without. */
static const DhCpuView *
add_packed_rows (DhCpuPlan *plan, const DhCpuConv *conv)
{
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const DhCpuStep *step = g_ptr_array_index (plan->steps, i);
      if (step->item == pack_rows_item && step->in == conv->in)
        return step->out;
    }
  const DhCpuKernels *kernels = plan->device->kernels;
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, conv->name, "rows bf16");
  const gsize floats = dh_cpu_packed_floats (kernels, conv->in->n_planes, conv->in->h, conv->in->w);
  step->in = conv->in;
  step->out = dh_cpu_view_new_made (plan, conv->in->n_planes * kernels->lanes, conv->in->h,
                                    conv->in->w + 2 * kernels->taps_margin, floats * sizeof (float));
  step->u.taps = (DhCpuTaps){ .stride = 1, .bf16 = TRUE };
  step->n_items = conv->in->h;
  step->item = pack_rows_item;
  step->bind = bind_taps;
  return step->out;
}

DhCpuView *
dh_cpu_add_taps (DhCpuPlan *plan, const DhCpuConv *conv, GError **error)
{
  DhCpuView *out = dh_cpu_conv_output (plan, conv);
  float *weights = dh_cpu_conv_pack (plan, conv, out, error);
  if (weights == NULL)
    return NULL;
  gboolean packed = conv->bf16 && (conv->node->stride == 1 || plan->device->kernels->tiles);
  const DhCpuView *rows = conv->in->packed ? conv->in : packed ? add_packed_rows (plan, conv) : NULL;
  const char *what = !conv->bf16 ? "taps" : conv->node->kernel == 1 ? "1×1 bf16" : "taps bf16";
  DhCpuStep *step = dh_cpu_conv_step (plan, conv, out, what);
  DhCpuTaps *args = &step->u.taps;
  step->made = rows;
  args->kernel = conv->node->kernel;
  args->stride = conv->node->stride;
  args->dilation = conv->node->dilation;
  args->padding = conv->node->padding;
  args->bf16 = conv->bf16;
  args->weights = weights;
  args->bias = dh_cpu_conv_bias (plan, conv, out);
  args->in.n_planes = conv->in->n_planes;
  args->out.n_planes = out->n_planes;
  args->out.h = conv->shape.h;
  args->out.w = conv->shape.w;
  step->kind = DH_CPU_TAPS;
  step->item = taps_item;
  step->bind = bind_taps;
  dh_cpu_step_set_blocking (plan, step, 0);
  return out;
}

static void
winograd_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->winograd (&step->u.winograd, item, scratch);
}

/* The order in which dh-kernel-winograd-filters.c reads: two output planes, input channel, tap, output channel. */
static void
pack_filters (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, gpointer packed)
{
  gint lanes = plan->device->kernels->lanes, ins = conv->in->n_planes * lanes;
#pragma omp parallel for schedule(static) num_threads(plan->threads)
  for (gint o = 0; o < out->n_planes; o += 2)
    {
      gint outs = MIN (2, out->n_planes - o) * lanes;
      gsize at = (gsize)9 * ins * o * lanes;
      for (gint i = 0; i < ins; i++)
        for (gint tap = 0; tap < 9; tap++)
          for (gint j = 0; j < outs; j++, at++)
            {
              float w = dh_cpu_conv_weight (conv, out, tap, i, o * lanes + j);
              if (conv->bf16)
                ((guint16 *)packed)[at] = dh_f32_to_bf16 (w);
              else
                ((float *)packed)[at] = w;
            }
    }
}

static void
filters_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->winograd_filters (&step->u.filters, item);
}

static void
bind_filters (DhCpuStep *step)
{
  step->u.filters.to = step->output.planes[0];
}

/* Transformed, weights are four times as large: those of more than this are transformed in each run, into memory that
 * is free for others afterwards. It takes about a fiftieth of the convolution's time. */
#define MOST_FILTERS_HELD (512 * 256)
/* Transformed weights of this size and more are written past the caches. */
#define STREAM_BYTES (8u << 20)

/* Filters of a convolution, those of padding too: a sum's planes may have more of it than the channels need. */
static gsize
count_filters (const DhCpuPlan *plan, const DhCpuConv *conv, gint out_planes)
{
  const gsize lanes = plan->device->kernels->lanes;
  const gint panel = conv->bf16 ? plan->device->kernels->panel_bf16 : 1;
  return dh_cpu_whole_panels (conv->in->n_planes, panel) * lanes * (out_planes * lanes);
}

/* Transforms multiply bfloat16's rounding errors by four. Of those of a few layers, the largest, little is left at the
 * end (tests/bench/RESULTS.md), and they are what costs time. A pyramid's wide dilations stand too near the logits. */
#define COARSE_FILTERS (512 * 512)
#define MOST_COARSE_LAYERS 8
#define MOST_COARSE_DILATION 4

static gboolean
can_be_coarse (const DhNode *node)
{
  return node->op == DH_OP_CONV && node->groups == 1 && node->kernel == 3 && node->stride == 1
         && node->dilation <= MOST_COARSE_DILATION;
}

gsize
dh_cpu_find_coarse_filters (const DhGraph *graph, const DhShape *shapes)
{
  guint layers = 0;
  for (guint v = 0; v < dh_graph_size (graph); v++)
    {
      const DhNode *node = dh_graph_node (graph, v);
      layers += can_be_coarse (node) && (gsize)shapes[node->inputs[0]].c * node->channels >= COARSE_FILTERS;
    }
  return layers <= MOST_COARSE_LAYERS ? COARSE_FILTERS : COARSE_FILTERS + 1;
}

gboolean
dh_cpu_winograd_bf16 (const DhCpuPlan *plan, const DhCpuConv *conv)
{
  const gint lanes = plan->device->kernels->lanes, planes = (conv->shape.c + lanes - 1) / lanes;
  return conv->bf16 && can_be_coarse (conv->node) && count_filters (plan, conv, planes) >= plan->coarse_filters;
}

/* Memory for transformed weights and the step that fills it. */
static const DhCpuView *
add_filters (DhCpuPlan *plan, const char *name, const DhCpuWinogradFilters *filters, gsize bytes)
{
  gint lanes = plan->device->kernels->lanes;
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, name, filters->bf16 ? "filters 4×4 bf16" : "filters 4×4");
  const DhCpuView *view =
      dh_cpu_view_new_made (plan, 36, filters->in_planes * lanes, filters->out_planes * lanes, bytes);
  step->out = view;
  step->u.filters = *filters;
  step->n_items = (filters->out_planes + 1) / 2;
  step->item = filters_item;
  step->bind = bind_filters;
  return view;
}

/* The weights of a Winograd convolution: held transformed, or made by a step of their own. */
static gboolean
add_weights (DhCpuPlan *plan, const DhCpuConv *conv, const DhCpuView *out, DhCpuWinograd *args, const DhCpuView **made,
             GError **error)
{
  const DhCpuKernels *kernels = plan->device->kernels;
  gsize size = conv->bf16 ? sizeof (guint16) : sizeof (float);
  gsize count = count_filters (plan, conv, out->n_planes);
  gboolean held = count <= MOST_FILTERS_HELD;
  gpointer taps =
      held ? dh_cpu_map_memory (9 * count * size, error) : dh_cpu_alloc_packed (plan, 9 * count * size, error);
  if (taps == NULL)
    return FALSE;
  pack_filters (plan, conv, out, taps);
  DhCpuWinogradFilters filters = { .weights = taps,
                                   .in_planes = conv->in->n_planes,
                                   .out_planes = out->n_planes,
                                   .bf16 = conv->bf16,
                                   .stream = 36 * count * size >= STREAM_BYTES };
  if (!held)
    {
      *made = add_filters (plan, conv->name, &filters, 36 * count * size);
      return TRUE;
    }
  args->weights = filters.to = dh_cpu_alloc_packed (plan, 36 * count * size, error);
#pragma omp parallel for schedule(static) num_threads(plan->threads)
  for (gint item = 0; item < (filters.to != NULL ? (out->n_planes + 1) / 2 : 0); item++)
    kernels->winograd_filters (&filters, item);
  dh_cpu_unmap_memory (taps, 9 * count * size);
  return filters.to != NULL;
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
  if (step->made != NULL)
    step->u.winograd.weights = step->made_at;
}

DhCpuView *
dh_cpu_add_winograd (DhCpuPlan *plan, const DhCpuConv *wanted, GError **error)
{
  DhCpuConv precise = *wanted;
  const DhCpuConv *conv = &precise;
  precise.bf16 = dh_cpu_winograd_bf16 (plan, wanted);
  DhCpuView *out = dh_cpu_conv_output (plan, conv);
  DhCpuWinograd args = { .bf16 = conv->bf16, .dilation = conv->node->dilation };
  const DhCpuView *weights = NULL;
  if (!add_weights (plan, conv, out, &args, &weights, error))
    return NULL;
  DhCpuStep *step = dh_cpu_conv_step (plan, conv, out, conv->bf16 ? "winograd 4×4 bf16" : "winograd 4×4");
  args.bias = dh_cpu_conv_bias (plan, conv, out);
  args.in.n_planes = conv->in->n_planes;
  args.tiles = make_tiles (plan, conv->shape.h, conv->shape.w, args.dilation, &args.n_tiles);
  args.out.n_planes = out->n_planes;
  step->u.winograd = args;
  step->made = weights;
  step->kind = DH_CPU_WINOGRAD;
  step->item = winograd_item;
  step->bind = bind_winograd;
  dh_cpu_step_set_blocking (plan, step, 0);
  return out;
}
