#include <math.h>
#include <string.h>

#include "ops.h"

/* The operators from their definitions, one output element at a time, in double; shares no code with any device. */

typedef struct
{
  const double *data;
  DhShape shape;
} View;

static double
at (View x, gint n, gint c, gint64 h, gint64 w)
{
  return x.data[(((gsize)n * x.shape.c + c) * x.shape.h + (gsize)h) * x.shape.w + (gsize)w];
}

static gboolean
inside (View x, gint64 h, gint64 w)
{
  return h >= 0 && h < x.shape.h && w >= 0 && w < x.shape.w;
}

/* In double, whatever its dtype; free with g_free. */
static double *
parameter (DhTensorDict *parameters, const DhNode *node, const char *suffix)
{
  g_autofree char *name = g_strconcat (node->name, suffix, NULL);
  DhTensor *tensor = dh_tensor_dict_get (parameters, name);
  if (!tensor)
    return NULL;
  const gsize count = (gsize)dh_tensor_count (tensor);
  if (tensor->dtype == DH_DTYPE_F64)
    return g_memdup2 (dh_tensor_data (tensor), count * sizeof (double));
  double *values = g_new (double, count);
  for (gsize i = 0; i < count; i++)
    values[i] = dh_tensor_f32 (tensor)[i];
  return values;
}

/* Mean and biased variance of each channel of the batch. */
static void
measure (View x, double *mean, double *variance)
{
  const double count = (double)x.shape.n * x.shape.h * x.shape.w;
  for (gint c = 0; c < x.shape.c; c++)
    for (gint pass = 0; pass < 2; pass++)
      {
        double sum = 0;
        for (gint n = 0; n < x.shape.n; n++)
          for (gint h = 0; h < x.shape.h; h++)
            for (gint w = 0; w < x.shape.w; w++)
              sum += pass == 0 ? at (x, n, c, h, w) : pow (at (x, n, c, h, w) - mean[c], 2);
        *(pass == 0 ? &mean[c] : &variance[c]) = sum / count;
      }
}

static double
conv (const DhNode *node, View x, const double *weight, const double *bias, gint n, gint c, gint h, gint w)
{
  const gint ins = x.shape.c / node->groups, first = c / (node->channels / node->groups) * ins;
  double sum = bias ? bias[c] : 0;
  for (gint i = 0; i < ins; i++)
    for (gint ky = 0; ky < node->kernel; ky++)
      for (gint kx = 0; kx < node->kernel; kx++)
        {
          const gint64 y = (gint64)h * node->stride - node->padding + (gint64)ky * node->dilation;
          const gint64 z = (gint64)w * node->stride - node->padding + (gint64)kx * node->dilation;
          if (inside (x, y, z))
            sum += at (x, n, first + i, y, z) * weight[(((gsize)c * ins + i) * node->kernel + ky) * node->kernel + kx];
        }
  return sum;
}

static double
norm (View x, double *const p[4], gint n, gint c, gint h, gint w)
{
  return (at (x, n, c, h, w) - p[2][c]) / sqrt (p[3][c] + 1e-5) * p[0][c] + p[1][c];
}

static double
window (const DhNode *node, View x, gint n, gint c, gint64 y0, gint64 y1, gint64 x0, gint64 x1)
{
  double sum = 0, max = -INFINITY;
  gint64 count = 0;
  for (gint64 h = y0; h < y1; h++)
    for (gint64 w = x0; w < x1; w++)
      {
        if (!inside (x, h, w))
          continue;
        const double v = at (x, n, c, h, w);
        sum += v;
        max = isnan (v) || v > max ? v : max;
        count++;
      }
  if (node->op == DH_OP_MAX_POOL)
    return isnan (sum) ? NAN : max;
  return sum / (double)count;
}

static double
adaptive (const DhNode *node, View x, DhShape to, gint n, gint c, gint h, gint w)
{
  const double rows = (double)x.shape.h / to.h, columns = (double)x.shape.w / to.w;
  /* Exact quotients in double may miss an integer by a rounding; the integer formula decides there. */
  const gint64 y0 = (gint64)h * x.shape.h / to.h, x0 = (gint64)w * x.shape.w / to.w;
  const gint64 y1 = (gint64)ceil ((h + 1) * rows - 1e-9), x1 = (gint64)ceil ((w + 1) * columns - 1e-9);
  return window (node, x, n, c, y0, y1, x0, x1);
}

static double
source (gint out, gint in_length, gint out_length, gboolean align_corners)
{
  if (align_corners)
    return out_length > 1 ? (double)out * (in_length - 1) / (out_length - 1) : 0;
  return fmax ((out + 0.5) * in_length / out_length - 0.5, 0);
}

static double
activate (DhActivation f, double x)
{
  const double line = f.alpha * x + f.beta, hard = isnan (x) ? NAN : fmin (fmax (line, 0), 1);
  switch (f.kind)
    {
    case DH_ACTIVATION_CLIP:
      return isnan (x) ? NAN : fmin (fmax (x, f.alpha), f.beta);
    case DH_ACTIVATION_LEAKY:
      return isnan (x) ? NAN : fmax (x, 0) + f.alpha * fmin (x, 0);
    case DH_ACTIVATION_HARD_SIGMOID:
      return hard;
    case DH_ACTIVATION_HARD_SWISH:
      return x * hard;
    case DH_ACTIVATION_SIGMOID:
      return 0.5 * (1 + tanh (x / 2));
    case DH_ACTIVATION_SILU:
      return 0.5 * x * (1 + tanh (x / 2));
    case DH_ACTIVATION_GELU:
      return x * (0.5 + 0.5 * erf (x / sqrt (2)));
    case DH_ACTIVATION_GELU_TANH:
      return x / (1 + exp (-2 * sqrt (2 / G_PI) * (x + 0.044715 * x * x * x)));
    case DH_N_ACTIVATIONS:
      break;
    }
  g_assert_not_reached ();
}

static double
multiply (View x, View by, gint n, gint c, gint h, gint w)
{
  const gboolean one = by.shape.h == 1 && by.shape.w == 1;
  return at (x, n, c, h, w) * at (by, n, by.shape.c == 1 ? 0 : c, one ? 0 : h, one ? 0 : w);
}

static double
layer_norm (const DhNode *node, View x, double *const p[4], gint n, gint c, gint h, gint w)
{
  double mean = 0, squares = 0;
  for (gint i = 0; i < x.shape.c; i++)
    {
      mean += at (x, n, i, h, w) / x.shape.c;
      squares += at (x, n, i, h, w) * at (x, n, i, h, w) / x.shape.c;
    }
  return p[1][c] + p[0][c] * (at (x, n, c, h, w) - mean) / sqrt (squares - mean * mean + node->epsilon);
}

static double
attention (const DhNode *node, const View *x, DhShape to, gint n, gint c, gint h, gint w)
{
  const gint deep = x[0].shape.c / node->heads, head = c / (to.c / node->heads), width = x[1].shape.w;
  double most = -INFINITY, sum = 0, made = 0;
  for (gint pass = 0; pass < 2; pass++)
    for (gint j = 0; j < x[1].shape.h * width; j++)
      {
        double product = 0;
        for (gint i = head * deep; i < (head + 1) * deep; i++)
          product += at (x[0], n, i, h, w) * at (x[1], n, i, j / width, j % width);
        product *= node->scale;
        most = pass == 0 ? fmax (most, product) : most;
        sum += pass == 0 ? 0 : exp (product - most);
        made += pass == 0 ? 0 : exp (product - most) * at (x[2], n, c, j / x[2].shape.w, j % x[2].shape.w);
      }
  return made / sum;
}

static double
resize (const DhNode *node, View x, DhShape to, gint n, gint c, gint h, gint w)
{
  if (node->nearest)
    return at (x, n, c, (gint64)h * x.shape.h / to.h, (gint64)w * x.shape.w / to.w);
  const double y = source (h, x.shape.h, to.h, node->align_corners);
  const double z = source (w, x.shape.w, to.w, node->align_corners);
  const gint y0 = MIN ((gint)y, x.shape.h - 1), x0 = MIN ((gint)z, x.shape.w - 1);
  const gint y1 = MIN (y0 + 1, x.shape.h - 1), x1 = MIN (x0 + 1, x.shape.w - 1);
  const double v = y - y0, u = z - x0;
  return (1 - v) * ((1 - u) * at (x, n, c, y0, x0) + u * at (x, n, c, y0, x1))
         + v * ((1 - u) * at (x, n, c, y1, x0) + u * at (x, n, c, y1, x1));
}

static double
score (DhMap map, View f, View g, gint n, gint c, gint h, gint w)
{
  double max = -INFINITY, sum = 0, entropy = 0, poison = 0;
  gint best = 0;
  const gint k = f.data ? f.shape.c : 0;
  for (gint i = 0; i < k; i++)
    {
      const double v = at (f, n, i, h, w);
      poison += v - v;
      best = v > max ? i : best;
      max = v > max ? v : max;
    }
  for (gint i = 0; i < k; i++)
    sum += exp (at (f, n, i, h, w) - max);
  for (gint i = 0; i < k; i++)
    {
      const double ln_p = at (f, n, i, h, w) - max - log (sum);
      entropy -= exp (ln_p) * ln_p;
    }
  const double g0 = g.data ? at (g, n, 0, h, w) : 0, g1 = g.data ? at (g, n, 1, h, w) : 0;
  const double top = fmax (g0, g1), ln_z = top + log (exp (g0 - top) + exp (g1 - top));
  switch (map)
    {
    case DH_MAP_SEGMENTATION:
      return best;
    case DH_MAP_LIKELIHOOD:
      return max + log (sum) + poison;
    case DH_MAP_DATASET_POSTERIOR:
      return exp (g0 - ln_z);
    case DH_MAP_HYBRID:
      return -(max + log (sum)) + (g1 - ln_z) + poison;
    case DH_MAP_MAX_SOFTMAX:
      return 1 - 1 / sum + poison;
    case DH_MAP_MAX_LOGIT:
      return -max + poison;
    case DH_MAP_ENTROPY:
      return entropy + poison;
    case DH_MAP_LOGITS:
      return at (f, n, c, h, w);
    case DH_MAP_LOGITS_OOD:
      return at (g, n, c, h, w);
    case DH_N_MAPS:
      break;
    }
  g_assert_not_reached ();
}

static double
concat (const DhNode *node, const View *views, gint n, gint c, gint h, gint w)
{
  guint i = 0;
  for (; c >= views[i].shape.c; i++)
    c -= views[i].shape.c;
  return at (views[i], n, c, h, w);
}

static double
element (const DhNode *node, const View *x, double *const p[4], DhShape to, gint n, gint c, gint h, gint w)
{
  const View none = { NULL };
  switch (node->op)
    {
    case DH_OP_CHANNEL_SCALE:
      return (at (x[0], n, c, h, w) - node->mean[c]) / node->deviation[c];
    case DH_OP_CONV:
      return conv (node, x[0], p[0], p[1], n, c, h, w);
    case DH_OP_NORM:
      return norm (x[0], p, n, c, h, w);
    case DH_OP_LAYER_NORM:
      return layer_norm (node, x[0], p, n, c, h, w);
    case DH_OP_ATTENTION:
      return attention (node, x, to, n, c, h, w);
    case DH_OP_RELU:
      return at (x[0], n, c, h, w) < 0 ? 0 : at (x[0], n, c, h, w);
    case DH_OP_ACTIVATION:
      return activate (node->activation, at (x[0], n, c, h, w));
    case DH_OP_MULTIPLY:
      return multiply (x[0], x[1], n, c, h, w);
    case DH_OP_DEPTH_TO_SPACE:
      return at (x[0], n, (c * node->kernel + h % node->kernel) * node->kernel + w % node->kernel, h / node->kernel,
                 w / node->kernel);
    case DH_OP_ADD:
      return at (x[0], n, c, h, w) + at (x[1], n, c, h, w);
    case DH_OP_CONCAT:
      return concat (node, x, n, c, h, w);
    case DH_OP_MAX_POOL:
    case DH_OP_AVERAGE_POOL:
      {
        const gint64 y = (gint64)h * node->stride - node->padding, z = (gint64)w * node->stride - node->padding;
        return window (node, x[0], n, c, y, y + node->kernel, z, z + node->kernel);
      }
    case DH_OP_ADAPTIVE_POOL:
      return adaptive (node, x[0], to, n, c, h, w);
    case DH_OP_RESIZE:
      return resize (node, x[0], to, n, c, h, w);
    case DH_OP_DROPOUT:
      return at (x[0], n, c, h, w);
    case DH_OP_SCORE:
      if (node->map == DH_MAP_DATASET_POSTERIOR || node->map == DH_MAP_LOGITS_OOD)
        return score (node->map, none, x[0], n, c, h, w);
      return score (node->map, x[0], node->n_inputs > 1 ? x[1] : none, n, c, h, w);
    case DH_OP_INPUT:
    case DH_N_OPS:
      break;
    }
  g_assert_not_reached ();
}

double **
ops_evaluate (const OpsCase *ops_case, DhTensorDict *parameters, const float *input, const DhShape *shapes)
{
  const DhGraph *graph = ops_case->graph;
  const guint size = dh_graph_size (graph);
  double **values = g_new0 (double *, size);
  g_autofree gboolean *needed =
      dh_graph_mark_needed (graph, (const DhValue *)(gpointer)ops_case->outputs->data, ops_case->outputs->len);
  for (guint i = 0; i < size; i++)
    {
      const DhNode *node = dh_graph_node (graph, (DhValue)i);
      const DhShape to = shapes[i];
      if (!needed[i])
        continue;
      double *y = values[i] = g_new (double, (gsize)to.n *to.c *to.h *to.w);
      g_autofree View *x = g_new (View, node->n_inputs);
      for (guint j = 0; j < node->n_inputs; j++)
        x[j] = (View){ values[node->inputs[j]], shapes[node->inputs[j]] };
      double *p[4] = { NULL };
      static const char *const suffixes[] = { ".weight", ".bias", ".running_mean", ".running_var" };
      for (guint j = 0; j < (node->op == DH_OP_NORM                                   ? 4
                             : node->op == DH_OP_CONV || node->op == DH_OP_LAYER_NORM ? 2
                                                                                      : 0);
           j++)
        p[j] = parameter (parameters, node, suffixes[j]);
      if (node->op == DH_OP_NORM && ops_case->training)
        measure (x[0], p[2], p[3]);
      for (gint n = 0; n < to.n; n++)
        for (gint c = 0; c < to.c; c++)
          for (gint h = 0; h < to.h; h++)
            for (gint w = 0; w < to.w; w++)
              *y++ = node->op == DH_OP_INPUT ? *input++ : element (node, x, p, to, n, c, h, w);
      for (guint j = 0; j < G_N_ELEMENTS (p); j++)
        g_free (p[j]);
    }
  return values;
}

void
ops_free_values (const OpsCase *ops_case, double **values)
{
  for (guint i = 0; i < dh_graph_size (ops_case->graph); i++)
    g_free (values[i]);
  g_free (values);
}
