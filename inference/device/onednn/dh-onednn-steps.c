#include <string.h>
#include "dh-onednn-private.h"

DhCpuStep *
dh_cpu_step_new (DhCpuPlan *plan, const char *name, const char *implementation)
{
  DhCpuStep *step = g_new0 (DhCpuStep, 1);
  step->name = g_strdup (name);
  step->implementation = g_strdup (implementation);
  step->kernels = plan->device->kernels;
  step->target = DH_NO_VALUE;
  g_ptr_array_add (plan->steps, step);
  return step;
}

DhCpuStep *
dh_cpu_step_new_kernel (DhCpuPlan *plan, const char *name, const char *what)
{
  /* Of "avx512_bf16", float32 uses "avx512" alone. */
  const char *set = plan->device->kernels->name;
  gsize n = plan->bf16 || plan->calibration != NULL ? strlen (set) : strcspn (set, "_");
  g_autofree char *implementation = g_strdup_printf ("%s:%.*s", what, (gint)n, set);
  return dh_cpu_step_new (plan, name, implementation);
}

DhCpuAfter
dh_cpu_after (const DhNode *node)
{
  static const DhCpuFunction functions[DH_N_ACTIVATIONS] = {
    [DH_ACTIVATION_CLIP] = DH_CPU_CLIP,
    [DH_ACTIVATION_LEAKY] = DH_CPU_LEAKY,
    [DH_ACTIVATION_HARD_SIGMOID] = DH_CPU_HARD_SIGMOID,
    [DH_ACTIVATION_HARD_SWISH] = DH_CPU_HARD_SWISH,
    [DH_ACTIVATION_SIGMOID] = DH_CPU_SIGMOID,
    [DH_ACTIVATION_SILU] = DH_CPU_SILU,
    [DH_ACTIVATION_GELU] = DH_CPU_GELU,
    [DH_ACTIVATION_GELU_TANH] = DH_CPU_GELU_TANH,
  };
  const DhActivation f = node->activation;
  if (node->op == DH_OP_RELU)
    return (DhCpuAfter){ .relu = TRUE };
  return (DhCpuAfter){ .activation = { functions[f.kind], f.alpha, f.beta } };
}

gboolean
dh_cpu_after_is_positive (const DhCpuAfter *after)
{
  switch (after->activation.function)
    {
    case DH_CPU_NOTHING:
      return after->relu;
    case DH_CPU_CLIP:
      return after->activation.alpha >= 0 && after->activation.beta >= 0;
    case DH_CPU_HARD_SIGMOID:
    case DH_CPU_SIGMOID:
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
is_positive (const DhCpuView *in, const DhCpuView *sum, DhCpuAfter after)
{
  if (after.activation.function != DH_CPU_NOTHING)
    return dh_cpu_after_is_positive (&after);
  return after.relu || (dh_cpu_view_reads_positive (in) && (sum == NULL || dh_cpu_view_reads_positive (sum)));
}

static void
pointwise_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->pointwise (&step->input, &step->output, item);
}

/* Planes whose channels stand elsewhere, one channel at a time. */
static void
relayout_item (const DhCpuStep *step, gint item, float *scratch)
{
  gint lanes = step->kernels->lanes;
  gint plane = item / step->output.h;
  gsize at = (gsize)(item % step->output.h) * step->output.w * lanes;
  float *to = step->output.planes[plane] + at;
  for (gint lane = 0; lane < lanes; lane++)
    {
      gint place = step->u.copy.channels[plane * lanes + lane];
      const float *from = place < 0 ? NULL : step->input.planes[place / lanes] + at + place % lanes;
      for (gsize x = 0; x < (gsize)step->output.w * lanes; x += lanes)
        to[x + lane] = from != NULL ? from[x] : 0;
    }
}

const DhCpuView *
dh_cpu_add_relaid (DhCpuPlan *plan, const char *name, const DhCpuView *in, const DhCpuView *like)
{
  gint lanes = plan->device->kernels->lanes;
  if (!dh_cpu_view_is_plain (in))
    in = dh_cpu_add_pointwise (plan, name, in, NULL, DH_CPU_AS_IT_IS, DH_NO_VALUE);
  if (dh_cpu_view_same_channels (plan, in, like))
    return in;
  DhCpuStep *step = dh_cpu_step_new (plan, name, "plain C relayout");
  DhCpuView *out = dh_cpu_view_new_like (plan, like, in->h, in->w, DH_NO_VALUE);
  gint *places = dh_cpu_alloc (plan, (gsize)like->n_planes * lanes, sizeof *places);
  for (gint i = 0; i < like->n_planes * lanes; i++)
    {
      places[i] = -1;
      for (gint j = 0; j < in->n_planes * lanes && like->channels[i] >= 0; j++)
        if (in->channels[j] == like->channels[i])
          places[i] = j;
    }
  step->in = in;
  step->out = out;
  step->u.copy.channels = places;
  step->n_items = out->n_planes * out->h;
  step->item = relayout_item;
  return out;
}

const DhCpuView *
dh_cpu_add_ordered (DhCpuPlan *plan, const char *name, const DhCpuView *in)
{
  const gint lanes = plan->device->kernels->lanes;
  const DhCpuView *like = dh_cpu_view_part (plan, in, 0, (in->c + lanes - 1) / lanes, in->c);
  return dh_cpu_add_relaid (plan, name, in, like);
}

DhCpuView *
dh_cpu_add_pointwise (DhCpuPlan *plan, const char *name, const DhCpuView *in, const DhCpuView *sum, DhCpuAfter after,
                      DhValue owner)
{
  if (sum != NULL)
    sum = dh_cpu_add_relaid (plan, name, sum, in);
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, name, sum != NULL ? "add" : in->scale != NULL ? "norm" : "pointwise");
  DhCpuView *out = dh_cpu_view_new_like (plan, in, in->h, in->w, owner);
  out->positive = is_positive (in, sum, after);
  step->in = in;
  step->sum = sum;
  step->out = out;
  step->output.relu = after.relu;
  step->output.activation = after.activation;
  step->n_items = out->n_planes * out->h;
  step->item = pointwise_item;
  return out;
}

/* One channel in all lanes. */
static void
spread_item (const DhCpuStep *step, gint item, float *scratch)
{
  const gint lanes = step->kernels->lanes;
  const gsize at = (gsize)item * step->output.w * lanes;
  const float *from = step->input.planes[0] + at;
  float *to = step->output.planes[0] + at;
  for (gsize x = 0; x < (gsize)step->output.w * lanes; x++)
    to[x] = from[x - x % lanes];
}

/* The planes of `like`, each of them the same one. */
static const DhCpuView *
add_spread (DhCpuPlan *plan, const char *name, const DhCpuView *in, const DhCpuView *like)
{
  DhCpuStep *step = dh_cpu_step_new (plan, name, "plain C spread");
  const DhCpuView *one = dh_cpu_view_new_like (plan, in, in->h, in->w, DH_NO_VALUE);
  DhCpuPlane *planes = dh_cpu_alloc (plan, like->n_planes, sizeof *planes);
  step->in = in;
  step->out = one;
  step->n_items = in->h;
  step->item = spread_item;
  for (gint i = 0; i < like->n_planes; i++)
    planes[i] = one->planes[0];
  DhCpuView *all = dh_cpu_view_copy (plan, one);
  all->positive = in->positive;
  all->c = like->c;
  all->n_planes = like->n_planes;
  all->planes = planes;
  all->channels = like->channels;
  return all;
}

DhCpuView *
dh_cpu_add_product (DhCpuPlan *plan, const char *name, const DhCpuView *in, const DhCpuView *by, DhCpuAfter after,
                    DhValue owner)
{
  if (by->c == 1 && in->c > 1)
    by = add_spread (plan, name, dh_cpu_add_ordered (plan, name, by), in);
  else
    by = dh_cpu_add_relaid (plan, name, by, in);
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, name, "multiply");
  DhCpuView *out = dh_cpu_view_new_like (plan, in, in->h, in->w, owner);
  out->positive = is_positive (in, by, after);
  step->in = in;
  step->sum = by;
  step->out = out;
  step->output.relu = after.relu;
  step->output.activation = after.activation;
  step->output.multiplies = TRUE;
  step->n_items = out->n_planes * out->h;
  step->item = pointwise_item;
  return out;
}

static void
pack_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->pack (step->u.copy.from, step->u.copy.channels, &step->output, item);
}

/* The picture as an earlier step has scaled it. */
static void
bind_pack (DhCpuStep *step)
{
  step->u.copy.from = step->made_at;
}

DhCpuView *
dh_cpu_add_pack (DhCpuPlan *plan, const DhCpuView *raw)
{
  gint lanes = plan->device->kernels->lanes;
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, "input", "pack");
  DhCpuBuffer *buffer = dh_cpu_buffer_new (plan, (raw->c + lanes - 1) / lanes, raw->h, raw->w);
  DhCpuView *out = dh_cpu_view_new (plan, buffer, raw->c, DH_NO_VALUE);
  step->out = out;
  step->u.copy.channels = out->channels;
  step->n_items = out->n_planes * out->h;
  step->reads_input = raw->n_planes == 0;
  if (!step->reads_input)
    {
      step->made = raw;
      step->bind = bind_pack;
    }
  step->item = pack_item;
  return out;
}

static void
unpack_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->unpack (&step->input, step->u.copy.channels, step->u.copy.to, item);
}

void
dh_cpu_add_unpack (DhCpuPlan *plan, const char *name, const DhCpuView *in, DhValue target)
{
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, name, "unpack");
  step->in = in;
  step->target = target;
  step->u.copy.channels = in->channels;
  step->n_items = in->n_planes * in->h;
  step->item = unpack_item;
}

static void
max_pool_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->max_pool (&step->u.pool, item);
}

static void
average_pool_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->average_pool (&step->u.pool, item);
}

static void
adaptive_pool_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->adaptive_pool (&step->u.pool, item);
}

static void
bind_pool (DhCpuStep *step)
{
  step->u.pool.in = step->input;
  step->u.pool.out = step->output;
}

DhCpuView *
dh_cpu_add_pool (DhCpuPlan *plan, const DhNode *node, const DhCpuView *in, DhShape shape, DhValue owner)
{
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, node->name,
                                            node->op == DH_OP_MAX_POOL       ? "max pool"
                                            : node->op == DH_OP_AVERAGE_POOL ? "average pool"
                                                                             : "adaptive pool");
  DhCpuView *out = dh_cpu_view_new_like (plan, in, shape.h, shape.w, owner);
  out->positive = is_positive (in, NULL, DH_CPU_AS_IT_IS);
  step->in = in;
  step->out = out;
  step->u.pool.kernel = node->kernel;
  step->u.pool.stride = node->stride;
  step->u.pool.padding = node->padding;
  step->bind = bind_pool;
  step->n_items = out->n_planes * out->h;
  step->item = node->op == DH_OP_MAX_POOL       ? max_pool_item
               : node->op == DH_OP_AVERAGE_POOL ? average_pool_item
                                                : adaptive_pool_item;
  return out;
}

/* Rounded up to a vector's length by repeating the last place. */
const DhBilinear *
dh_cpu_bilinear_table (DhCpuPlan *plan, gint in, gint out, gboolean align_corners)
{
  gint lanes = plan->device->kernels->lanes;
  gint n = (out + lanes - 1) / lanes * lanes;
  DhBilinear *table = dh_cpu_alloc (plan, n, sizeof *table);
  for (gint i = 0; i < n; i++)
    table[i] = dh_bilinear_at (MIN (i, out - 1), in, out, align_corners);
  return table;
}

/* The same of a resize that reads one place each. */
static const DhBilinear *
nearest_table (DhCpuPlan *plan, gint in, gint out)
{
  DhBilinear *table = dh_cpu_alloc (plan, out, sizeof *table);
  for (gint i = 0; i < out; i++)
    table[i] = dh_nearest_at (i, in, out);
  return table;
}

static void
resize_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->resize (&step->u.resize, item, scratch);
}

static void
bind_resize (DhCpuStep *step)
{
  step->u.resize.in = step->input;
  step->u.resize.out = step->output;
}

DhCpuView *
dh_cpu_add_resize (DhCpuPlan *plan, const DhNode *node, const DhCpuView *in, DhShape shape, const DhCpuView *sum,
                   gboolean in_place, DhCpuAfter after, DhValue owner)
{
  const DhCpuView *whole = sum;
  if (sum != NULL)
    sum = dh_cpu_add_relaid (plan, node->name, sum, in);
  in_place = in_place && sum == whole;
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, node->name,
                                            node->nearest ? "nearest"
                                            : sum != NULL ? "bilinear add"
                                                          : "bilinear");
  DhCpuView *out;
  if (in_place)
    {
      out = dh_cpu_view_copy (plan, sum);
      out->owner = owner;
    }
  else
    out = dh_cpu_view_new_like (plan, in, shape.h, shape.w, owner);
  out->positive = is_positive (in, sum, after);
  step->in = in;
  step->sum = sum;
  step->out = out;
  step->output.relu = after.relu;
  step->output.activation = after.activation;
  step->u.resize.rows = node->nearest ? nearest_table (plan, in->h, out->h)
                                      : dh_cpu_bilinear_table (plan, in->h, out->h, node->align_corners);
  step->u.resize.columns = node->nearest ? nearest_table (plan, in->w, out->w)
                                         : dh_cpu_bilinear_table (plan, in->w, out->w, node->align_corners);
  step->bind = bind_resize;
  step->scratch = (gsize)in->w * plan->device->kernels->lanes * sizeof (float);
  step->n_items = out->n_planes * out->h;
  step->item = resize_item;
  return out;
}
