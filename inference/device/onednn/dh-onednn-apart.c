#include "dh-onednn-build.h"

/* A 1×1 convolution of a concatenation of which all values but one were made larger by a bilinear resize: what it makes
 * of each of them is made before the resize, where there is less to multiply, and added behind it. Both are linear, and
 * a resize's weights sum to 1, so that biases may stand anywhere. A 1×1 convolution that only it reads, before the
 * resize, is multiplied into its weights, with its norm. */

/* A convolution of fewer channels is one of those at the end, which stay in float32. */
#define LEAST_CHANNELS 32

typedef struct
{
  DhValue resize; /* or DH_NO_VALUE */
  DhValue linear; /* the 1×1 convolution before that; or DH_NO_VALUE */
  DhValue norm;   /* between the two; or DH_NO_VALUE */
  DhValue from;   /* what remains to be read */
  gint first, n;  /* channels of the concatenation */
} Part;

static gboolean
is_linear (const DhNode *node)
{
  return node->op == DH_OP_CONV && node->kernel == 1 && node->stride == 1 && node->padding == 0 && node->groups == 1;
}

static gint64
pixels_of (const DhCpuBuild *b, DhValue v)
{
  return (gint64)b->low.shapes[v].h * b->low.shapes[v].w;
}

static Part
look_at (const DhCpuBuild *b, DhValue concat, DhValue value, gint channels_out)
{
  const DhNode *node = dh_lowering_node (&b->low, value);
  Part part = { DH_NO_VALUE, DH_NO_VALUE, DH_NO_VALUE, .from = value, .n = node->channels };
  DhValue reader = concat, norm = DH_NO_VALUE;
  if (node->op == DH_OP_RESIZE && !node->nearest && dh_lowering_only_reader (&b->low, value) == concat
      && pixels_of (b, value) >= 2 * pixels_of (b, node->inputs[0]))
    {
      part.resize = reader = value;
      part.from = node->inputs[0];
    }
  DhValue linear = part.from;
  if (dh_lowering_node (&b->low, linear)->op == DH_OP_NORM && dh_lowering_only_reader (&b->low, linear) == reader)
    {
      norm = reader = linear;
      linear = dh_lowering_node (&b->low, linear)->inputs[0];
    }
  const DhNode *before = dh_lowering_node (&b->low, linear);
  if (is_linear (before) && dh_lowering_only_reader (&b->low, linear) == reader)
    {
      const gint64 in = b->low.shapes[before->inputs[0]].c, both = in * part.n + (gint64)part.n * channels_out;
      if (in * channels_out <= both)
        {
          part.linear = linear;
          part.norm = norm;
          part.from = before->inputs[0];
        }
    }
  return part;
}

/* Of the concatenation that the convolution reads; NULL: it is none of those. Free with g_free. */
static Part *
list_parts (const DhCpuBuild *b, DhValue v)
{
  const DhNode *node = dh_lowering_node (&b->low, v);
  if (!is_linear (node) || node->channels < LEAST_CHANNELS)
    return NULL;
  const DhValue concat = node->inputs[0];
  const DhNode *values = dh_lowering_node (&b->low, concat);
  if (values->op != DH_OP_CONCAT || dh_lowering_only_reader (&b->low, concat) != v)
    return NULL;
  g_autofree Part *parts = g_new (Part, values->n_inputs);
  guint n_resized = 0;
  for (guint i = 0; i < values->n_inputs; i++)
    {
      parts[i] = look_at (b, concat, values->inputs[i], node->channels);
      parts[i].first = i > 0 ? parts[i - 1].first + parts[i - 1].n : 0;
      n_resized += parts[i].resize != DH_NO_VALUE;
    }
  return n_resized > 0 && n_resized + 1 == values->n_inputs ? g_steal_pointer (&parts) : NULL;
}

void
dh_cpu_find_apart (DhCpuBuild *b)
{
  for (DhValue v = 0; v < (DhValue)dh_graph_size (b->low.graph); v++)
    {
      g_autofree Part *parts = b->low.needed[v] ? list_parts (b, v) : NULL;
      if (parts == NULL)
        continue;
      const DhValue concat = dh_lowering_node (&b->low, v)->inputs[0];
      b->apart[v] = b->low.done[concat] = TRUE;
      for (guint i = 0; i < dh_lowering_node (&b->low, concat)->n_inputs; i++)
        {
          const DhValue taken[] = { parts[i].resize, parts[i].norm, parts[i].linear };
          for (guint j = 0; j < G_N_ELEMENTS (taken); j++)
            if (taken[j] != DH_NO_VALUE)
              b->low.done[taken[j]] = TRUE;
        }
    }
}

static gboolean
read_bias (const DhCpuBuild *b, const DhNode *node, double *bias, GError **error)
{
  g_autoptr (DhTensor) tensor = node->bias ? dh_lowering_parameter (&b->low, node->name, "bias", error) : NULL;
  if (node->bias && tensor == NULL)
    return FALSE;
  for (gint c = 0; c < node->channels; c++)
    bias[c] = tensor != NULL ? dh_tensor_f32 (tensor)[c] : 0;
  return TRUE;
}

/* The weights of a part, outputs × channels of `from`; what the bias before it adds goes to `shift`. NULL and error
 * where parameters lack. Free with g_free. */
static float *
multiply_weights (const DhCpuBuild *b, const DhNode *node, const float *weights, gint all, const Part *part,
                  double *shift, GError **error)
{
  if (part->linear == DH_NO_VALUE)
    {
      float *own = g_new (float, (gsize)node->channels * part->n);
      for (gint o = 0; o < node->channels; o++)
        for (gint c = 0; c < part->n; c++)
          own[(gsize)o * part->n + c] = weights[(gsize)o * all + part->first + c];
      return own;
    }
  const DhNode *linear = dh_lowering_node (&b->low, part->linear);
  const gint in = b->low.shapes[part->from].c;
  g_autofree double *scale = g_new (double, part->n);
  g_autofree double *bias = g_new (double, part->n);
  g_autofree double *row = g_new (double, in);
  g_autoptr (DhTensor) tensor = dh_lowering_parameter (&b->low, linear->name, "weight", error);
  if (tensor == NULL || !read_bias (b, linear, bias, error))
    return NULL;
  for (gint c = 0; c < part->n; c++)
    scale[c] = 1;
  if (part->norm != DH_NO_VALUE
      && !dh_lowering_read_norm (&b->low, dh_lowering_node (&b->low, part->norm), scale, bias, error))
    return NULL;
  const float *before = dh_tensor_f32 (tensor);
  float *products = g_new (float, (gsize)node->channels *in);
  for (gint o = 0; o < node->channels; o++)
    {
      for (gint i = 0; i < in; i++)
        row[i] = 0;
      for (gint c = 0; c < part->n; c++)
        {
          const double weight = weights[(gsize)o * all + part->first + c];
          shift[o] += weight * bias[c];
          for (gint i = 0; i < in; i++)
            row[i] += weight * scale[c] * before[(gsize)c * in + i];
        }
      for (gint i = 0; i < in; i++)
        products[(gsize)o * in + i] = (float)row[i];
    }
  return products;
}

static void
resizes_item (const DhCpuStep *step, gint item, float *scratch)
{
  for (guint i = 0; i < step->u.resizes.n; i++)
    step->kernels->resize (&step->u.resizes.all[i], item, scratch);
}

static void
bind_resizes (DhCpuStep *step)
{
  for (guint i = 0; i < step->u.resizes.n; i++)
    {
      DhCpuResize *resize = &step->u.resizes.all[i];
      resize->in = step->inputs[i];
      resize->out = step->output;
      if (i + 1 < step->u.resizes.n)
        {
          resize->out.relu = FALSE;
          resize->out.activation.function = DH_CPU_NOTHING;
        }
    }
}

/* All of `views`, resized as the parts are, are added to `onto`, a row at a time, in its place. */
static DhCpuView *
add_resizes (DhCpuBuild *b, const DhNode *node, const Part *parts, const DhCpuView *const *views, guint n,
             const DhCpuView *onto, DhCpuAfter after, DhValue owner)
{
  DhCpuStep *step = dh_cpu_step_new_kernel (b->plan, node->name, "bilinear sum");
  DhCpuView *out = dh_cpu_view_copy (b->plan, onto);
  DhCpuResize *all = dh_cpu_alloc (b->plan, n, sizeof *all);
  const DhCpuView **ins = dh_cpu_alloc (b->plan, n, sizeof *ins);
  guint n_ins = 0;
  for (guint i = 0; i < n; i++)
    if (parts[i].resize != DH_NO_VALUE)
      {
        const DhNode *resize = dh_lowering_node (&b->low, parts[i].resize);
        const DhCpuView *in = views[i];
        all[n_ins].rows = dh_cpu_bilinear_table (b->plan, in->h, out->h, resize->align_corners);
        all[n_ins].columns = dh_cpu_bilinear_table (b->plan, in->w, out->w, resize->align_corners);
        step->scratch = MAX (step->scratch, (gsize)in->w * b->plan->device->kernels->lanes * sizeof (float));
        ins[n_ins++] = in;
      }
  out->owner = owner;
  out->positive = dh_cpu_after_is_positive (&after);
  step->ins = ins;
  step->n_ins = n_ins;
  step->sum = onto;
  step->out = out;
  step->output.relu = after.relu;
  step->output.activation = after.activation;
  step->u.resizes.all = all;
  step->u.resizes.n = n_ins;
  step->bind = bind_resizes;
  step->n_items = out->n_planes * out->h;
  step->item = resizes_item;
  return out;
}

/* Norms, a ReLU or activation, and dropouts, which nobody else reads. */
static gboolean
absorb (DhCpuBuild *b, DhValue *value, double *scale, double *shift, DhCpuAfter *after, GError **error)
{
  gboolean ended = FALSE;
  for (;;)
    {
      const DhValue next = dh_lowering_only_reader (&b->low, *value);
      const DhNode *node = next != DH_NO_VALUE ? dh_lowering_node (&b->low, next) : NULL;
      if (node == NULL || (ended && node->op != DH_OP_DROPOUT))
        return TRUE;
      if (node->op == DH_OP_NORM)
        {
          if (!dh_lowering_read_norm (&b->low, node, scale, shift, error))
            return FALSE;
        }
      else if (node->op == DH_OP_RELU || node->op == DH_OP_ACTIVATION)
        {
          *after = dh_cpu_after (node);
          ended = TRUE;
        }
      else if (node->op != DH_OP_DROPOUT)
        return TRUE;
      b->low.done[next] = TRUE;
      *value = next;
    }
}

gboolean
dh_cpu_build_apart (DhCpuBuild *b, DhValue v, GError **error)
{
  const DhNode *node = dh_lowering_node (&b->low, v), *concat = dh_lowering_node (&b->low, node->inputs[0]);
  const guint n = concat->n_inputs;
  g_autofree Part *parts = list_parts (b, v);
  g_autofree double *scale = g_new (double, node->channels);
  g_autofree double *shift = g_new (double, node->channels);
  g_autofree double *zero = g_new0 (double, node->channels);
  g_autofree const DhCpuView **views = g_new0 (const DhCpuView *, n);
  g_autoptr (GPtrArray) weights = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (DhTensor) tensor = dh_lowering_parameter (&b->low, node->name, "weight", error);
  if (tensor == NULL || !read_bias (b, node, shift, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      float *own = multiply_weights (b, node, dh_tensor_f32 (tensor), concat->channels, &parts[i], shift, error);
      if (own == NULL)
        return FALSE;
      g_ptr_array_add (weights, own);
    }
  for (gint c = 0; c < node->channels; c++)
    scale[c] = 1;
  DhValue value = v;
  DhCpuAfter after = DH_CPU_AS_IT_IS;
  if (!absorb (b, &value, scale, shift, &after, error))
    return FALSE;
  const DhCpuView *onto = NULL;
  for (guint i = 0; i < n; i++)
    {
      const gboolean resized = parts[i].resize != DH_NO_VALUE;
      const DhValue label = resized && parts[i].linear != DH_NO_VALUE ? parts[i].linear : v;
      DhCpuConv conv = { .node = node, .owner = DH_NO_VALUE, .scale = scale, .shift = resized ? zero : shift };
      conv.name = dh_lowering_node (&b->low, label)->name;
      conv.in = b->views[parts[i].from] = dh_cpu_planes_of (b, b->views[parts[i].from]);
      conv.in_shape = conv.shape = b->low.shapes[parts[i].from];
      conv.shape.c = node->channels;
      conv.weights = weights->pdata[i];
      conv.bf16 = b->plan->bf16;
      if (g_cancellable_set_error_if_cancelled (b->plan->cancellable, error))
        return FALSE;
      views[i] = (conv.in->packed ? dh_cpu_add_taps : dh_cpu_add_conv1x1) (b->plan, &conv, error);
      if (views[i] == NULL)
        return FALSE;
      onto = resized ? onto : views[i];
    }
  b->views[value] = add_resizes (b, node, parts, views, n, onto, after, value);
  return TRUE;
}
