#include "dh-onednn-build.h"

/* What goes over all channels of a pixel, or over all pixels: layer norm and attention. */

/* Pixels of an item at most, in whole tiles of all kernels. */
#define PIXELS 168

static void
layer_norm_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->layer_norm (&step->u.layer_norm, item);
}

static void
bind_layer_norm (DhCpuStep *step)
{
  step->u.layer_norm.in = step->input;
  step->u.layer_norm.out = step->output;
}

gboolean
dh_cpu_build_layer_norm (DhCpuBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCpuView *in = b->views[node->inputs[0]] = dh_cpu_planes_of (b, b->views[node->inputs[0]]);
  g_autoptr (DhTensor) weight = dh_lowering_parameter (&b->low, node->name, "weight", error);
  g_autoptr (DhTensor) bias = weight ? dh_lowering_parameter (&b->low, node->name, "bias", error) : NULL;
  if (!bias)
    return FALSE;
  const gint lanes = b->plan->device->kernels->lanes, all = in->n_planes * lanes;
  float *weights = dh_cpu_alloc (b->plan, all, sizeof *weights), *biases = dh_cpu_alloc (b->plan, all, sizeof *biases);
  float *counts = dh_cpu_alloc (b->plan, all, sizeof *counts);
  for (gint i = 0; i < all; i++)
    if (in->channels[i] >= 0)
      {
        weights[i] = dh_tensor_f32 (weight)[in->channels[i]];
        biases[i] = dh_tensor_f32 (bias)[in->channels[i]];
        counts[i] = 1;
      }
  DhCpuStep *step = dh_cpu_step_new_kernel (b->plan, node->name, "layer norm");
  DhCpuView *out = dh_cpu_view_new_like (b->plan, in, in->h, in->w, v);
  DhCpuLayerNorm *norm = &step->u.layer_norm;
  const gsize pixels = (gsize)in->h * in->w;
  step->in = in;
  step->out = out;
  out->positive = FALSE;
  *norm = (DhCpuLayerNorm){ .weight = weights, .bias = biases, .counts = counts };
  norm->channels = node->channels;
  norm->epsilon = (float)node->epsilon;
  norm->pixels_at_once = PIXELS;
  step->n_items = (gint)((pixels + PIXELS - 1) / PIXELS);
  step->item = layer_norm_item;
  step->bind = bind_layer_norm;
  b->views[v] = out;
  return TRUE;
}

static void
pack_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->attention_pack (&step->u.attention, item, step->output.planes[0]);
}

static void
bind_pack (DhCpuStep *step)
{
  step->u.attention.keys = step->input.planes;
  step->u.attention.values = step->output.sum;
}

static void
attention_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->attention (&step->u.attention, item, scratch);
}

static void
bind_attention (DhCpuStep *step)
{
  step->u.attention.in = step->input;
  step->u.attention.out = step->output;
  step->u.attention.packed = step->made_at;
}

/* Keys and values, for each head, as the products read them. */
static const DhCpuView *
add_packed (DhCpuPlan *plan, const char *name, const DhCpuView *keys, const DhCpuView *values,
            const DhCpuAttention *attention)
{
  const DhCpuKernels *kernels = plan->device->kernels;
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, name, "keys");
  step->in = keys;
  step->sum = values;
  step->out = dh_cpu_view_new_made (plan, keys->c + values->c, keys->h, keys->w,
                                    kernels->attention_packed (attention) * sizeof (float));
  step->u.attention = *attention;
  step->n_items = kernels->attention_pack_items (attention);
  step->item = pack_item;
  step->bind = bind_pack;
  return step->out;
}

void
dh_cpu_build_attention (DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  const DhCpuKernels *kernels = b->plan->device->kernels;
  const DhCpuView *parts[3];
  for (guint i = 0; i < 3; i++)
    parts[i] = dh_cpu_add_ordered (b->plan, node->name, dh_cpu_plain_of (b, node->inputs[i]));
  const DhShape shape = b->low.shapes[v];
  DhCpuAttention attention = { .heads = node->heads, .scale = (float)node->scale };
  attention.deep = parts[0]->c / node->heads;
  attention.wide = node->channels / node->heads;
  attention.n_keys = parts[1]->h * parts[1]->w;
  attention.bf16 = b->plan->bf16;
  attention.in.h = shape.h;
  attention.in.w = shape.w;
  attention.pixels_at_once =
      dh_cpu_fit_pixels (PIXELS, (gint64)shape.h * shape.w * node->heads,
                         attention.bf16 ? kernels->coarse_tile : kernels->tile, 1, b->plan->threads);
  const DhCpuView *packed = add_packed (b->plan, node->name, parts[1], parts[2], &attention);
  DhCpuStep *step = dh_cpu_step_new_kernel (b->plan, node->name, attention.bf16 ? "attention bf16" : "attention");
  DhCpuBuffer *buffer =
      dh_cpu_buffer_new (b->plan, (node->channels + kernels->lanes - 1) / kernels->lanes, shape.h, shape.w);
  step->in = parts[0];
  step->made = packed;
  step->out = dh_cpu_view_new (b->plan, buffer, node->channels, v);
  step->u.attention = attention;
  step->flop = dh_graph_node_flop (b->low.graph, b->low.shapes, v) / shape.n;
  step->scratch = kernels->attention_scratch (&attention);
  step->n_items = kernels->attention_items (&attention);
  step->item = attention_item;
  step->bind = bind_attention;
  b->views[v] = step->out;
}
