#include "dh-ref-private.h"

#include <math.h>
#include <string.h>

#include "dh-activation-math.h"
#include "dh-score.h"

/* A norm's variance is kept from 0 by this. */
#define EPSILON 1e-5

static gsize
plane_size (DhShape shape)
{
  return (gsize)shape.h * shape.w;
}

/* y = a·x + b for every channel of every image. */
static void
scale_planes (const float *x, float *y, DhShape shape, const double *a, const double *b)
{
  const gsize size = plane_size (shape);
  for (gsize plane = 0; plane < (gsize)shape.n * shape.c; plane++)
    {
      const double scale = a[plane % shape.c], shift = b[plane % shape.c];
      for (gsize i = plane * size; i < (plane + 1) * size; i++)
        y[i] = (float)(scale * x[i] + shift);
    }
}

static void
channel_scale (const DhNode *node, const float *x, float *y, DhShape shape)
{
  double a[3], b[3];
  for (guint c = 0; c < 3; c++)
    {
      a[c] = 1.0 / node->deviation[c];
      b[c] = -node->mean[c] * a[c];
    }
  scale_planes (x, y, shape, a, b);
}

static void
norm (const float *x, const float *const *parameters, float *y, DhShape shape)
{
  g_autofree double *a = g_new (double, shape.c), *b = g_new (double, shape.c);
  for (gint c = 0; c < shape.c; c++)
    {
      a[c] = parameters[0][c] / sqrt (parameters[3][c] + EPSILON);
      b[c] = parameters[1][c] - parameters[2][c] * a[c];
    }
  scale_planes (x, y, shape, a, b);
}

/* NaN stays NaN, which fmaxf would lose. */
static void
relu (const float *x, float *y, gsize count)
{
  for (gsize i = 0; i < count; i++)
    y[i] = x[i] < 0 ? 0 : x[i];
}

static void
activate (DhActivation activation, const float *x, float *y, gsize count)
{
  for (gsize i = 0; i < count; i++)
    y[i] = (float)dh_activation_at (activation, x[i]);
}

static void
multiply (const float *const *x, const DhShape *from, float *y, DhShape to)
{
  const gsize size = plane_size (to), other = plane_size (from[1]);
  for (gsize plane = 0; plane < (gsize)to.n * to.c; plane++)
    {
      const float *by = x[1] + (from[1].c == to.c ? plane : plane / to.c) * other;
      for (gsize i = 0; i < size; i++)
        y[plane * size + i] = x[0][plane * size + i] * by[other == size ? i : 0];
    }
}

static void
depth_to_space (const DhNode *node, const float *x, DhShape from, float *y, DhShape to)
{
  const gint b = node->kernel;
  for (gsize plane = 0; plane < (gsize)to.n * to.c; plane++)
    for (gint h = 0; h < to.h; h++)
      for (gint w = 0; w < to.w; w++)
        *y++ = x[((plane * b + h % b) * b + w % b) * plane_size (from) + (gsize)(h / b) * from.w + w / b];
}

static void
concat (const DhNode *node, const float *const *x, const DhShape *from, float *y, DhShape to)
{
  for (gint image = 0; image < to.n; image++)
    for (guint i = 0; i < node->n_inputs; i++)
      {
        const gsize count = (gsize)from[i].c * plane_size (from[i]);
        memcpy (y, x[i] + (gsize)image * count, count * sizeof *y);
        y += count;
      }
}

/* The part of a window [start, start + kernel) that lies within [0, length). */
static void
clip (gint64 start, gint kernel, gint length, gint *begin, gint *end)
{
  *begin = (gint)MAX (start, 0);
  *end = (gint)MIN (start + kernel, length);
}

static float
max_window (const float *plane, gint width, gint y0, gint y1, gint x0, gint x1)
{
  float max = plane[(gsize)y0 * width + x0];
  for (gint y = y0; y < y1; y++)
    for (gint x = x0; x < x1; x++)
      {
        const float v = plane[(gsize)y * width + x];
        max = v > max || isnan (v) ? v : max; /* NaN wins, and stays */
      }
  return max;
}

static float
mean_window (const float *plane, gint width, gint y0, gint y1, gint x0, gint x1)
{
  double sum = 0;
  for (gint y = y0; y < y1; y++)
    for (gint x = x0; x < x1; x++)
      sum += plane[(gsize)y * width + x];
  return (float)(sum / ((gint64)(y1 - y0) * (x1 - x0)));
}

static void
pool (const DhNode *node, const float *x, DhShape from, float *y, DhShape to)
{
  for (gsize plane = 0; plane < (gsize)to.n * to.c; plane++)
    {
      const float *image = x + plane * plane_size (from);
      for (gint oy = 0; oy < to.h; oy++)
        for (gint ox = 0; ox < to.w; ox++)
          {
            gint y0, y1, x0, x1;
            clip ((gint64)oy * node->stride - node->padding, node->kernel, from.h, &y0, &y1);
            clip ((gint64)ox * node->stride - node->padding, node->kernel, from.w, &x0, &x1);
            *y++ = node->op == DH_OP_MAX_POOL ? max_window (image, from.w, y0, y1, x0, x1)
                                              : mean_window (image, from.w, y0, y1, x0, x1);
          }
    }
}

static void
adaptive_pool (const float *x, DhShape from, float *y, DhShape to)
{
  for (gsize plane = 0; plane < (gsize)to.n * to.c; plane++)
    for (gint64 oy = 0; oy < to.h; oy++)
      for (gint64 ox = 0; ox < to.w; ox++)
        {
          const gint y0 = (gint)(oy * from.h / to.h), y1 = (gint)(((oy + 1) * from.h + to.h - 1) / to.h);
          const gint x0 = (gint)(ox * from.w / to.w), x1 = (gint)(((ox + 1) * from.w + to.w - 1) / to.w);
          *y++ = mean_window (x + plane * plane_size (from), from.w, y0, y1, x0, x1);
        }
}

DhRefTap *
dh_ref_make_taps (gint in, gint out, gboolean align_corners)
{
  DhRefTap *taps = g_new (DhRefTap, out);
  for (gint i = 0; i < out; i++)
    {
      double at;
      if (align_corners)
        at = out > 1 ? i * ((double)(in - 1) / (out - 1)) : 0;
      else
        at = MAX (((double)in / out) * (i + 0.5) - 0.5, 0);
      taps[i].low = MIN ((gint)at, in - 1);
      taps[i].high = MIN (taps[i].low + 1, in - 1);
      taps[i].weight = at - taps[i].low;
    }
  return taps;
}

DhRefTap *
dh_ref_make_nearest_taps (gint in, gint out)
{
  DhRefTap *taps = g_new0 (DhRefTap, out);
  for (gint64 i = 0; i < out; i++)
    taps[i].low = taps[i].high = (gint)(i * in / out);
  return taps;
}

static void
resize (const DhNode *node, const float *x, DhShape from, float *y, DhShape to)
{
  const gboolean nearest = node->nearest, corners = node->align_corners;
  g_autofree DhRefTap *rows =
      nearest ? dh_ref_make_nearest_taps (from.h, to.h) : dh_ref_make_taps (from.h, to.h, corners);
  g_autofree DhRefTap *columns =
      nearest ? dh_ref_make_nearest_taps (from.w, to.w) : dh_ref_make_taps (from.w, to.w, corners);
  for (gsize plane = 0; plane < (gsize)to.n * to.c; plane++)
    for (gint oy = 0; oy < to.h; oy++)
      {
        const float *upper = x + plane * plane_size (from) + (gsize)rows[oy].low * from.w;
        const float *lower = x + plane * plane_size (from) + (gsize)rows[oy].high * from.w;
        const double v = rows[oy].weight;
        for (gint ox = 0; ox < to.w; ox++)
          {
            const DhRefTap tap = columns[ox];
            const double a = upper[tap.low] * (1 - tap.weight) + upper[tap.high] * tap.weight;
            const double b = lower[tap.low] * (1 - tap.weight) + lower[tap.high] * tap.weight;
            *y++ = (float)(a * (1 - v) + b * v);
          }
      }
}

static void
layer_norm (const DhNode *node, const float *x, const float *const *parameters, float *y, DhShape shape)
{
  const gsize size = plane_size (shape);
  for (gint image = 0; image < shape.n; image++)
    for (gsize i = 0; i < size; i++)
      {
        const gsize first = (gsize)image * shape.c * size + i;
        double sum = 0, squares = 0;
        for (gint c = 0; c < shape.c; c++)
          sum += x[first + c * size];
        const double mean = sum / shape.c;
        for (gint c = 0; c < shape.c; c++)
          squares += (x[first + c * size] - mean) * (x[first + c * size] - mean);
        const double inverse = 1 / sqrt (squares / shape.c + node->epsilon);
        for (gint c = 0; c < shape.c; c++)
          y[first + c * size] = (float)((x[first + c * size] - mean) * inverse * parameters[0][c] + parameters[1][c]);
      }
}

/* One head of one image: pixels of a channel lie one behind the other. */
static void
attend (const DhNode *node, const float *queries, gsize n_queries, const float *keys, const float *values, gsize n_keys,
        gint deep, gint wide, float *y)
{
  g_autofree double *weights = g_new (double, n_keys);
  for (gsize i = 0; i < n_queries; i++)
    {
      double most = -INFINITY, sum = 0;
      for (gsize j = 0; j < n_keys; j++)
        {
          double product = 0;
          for (gint c = 0; c < deep; c++)
            product += (double)queries[c * n_queries + i] * keys[c * n_keys + j];
          weights[j] = product * node->scale;
          most = weights[j] > most || isnan (weights[j]) ? weights[j] : most; /* NaN wins, and stays */
        }
      for (gsize j = 0; j < n_keys; j++)
        sum += weights[j] = exp (weights[j] - most);
      for (gint c = 0; c < wide; c++)
        {
          double made = 0;
          for (gsize j = 0; j < n_keys; j++)
            made += weights[j] * values[c * n_keys + j];
          y[c * n_queries + i] = (float)(made / sum);
        }
    }
}

static void
attention (const DhNode *node, const float *const *x, const DhShape *from, float *y, DhShape to)
{
  const gsize n_queries = plane_size (to), n_keys = plane_size (from[1]);
  const gint deep = from[0].c / node->heads, wide = to.c / node->heads;
  for (gint i = 0; i < to.n * node->heads; i++)
    attend (node, x[0] + (gsize)i * deep * n_queries, n_queries, x[1] + (gsize)i * deep * n_keys,
            x[2] + (gsize)i * wide * n_keys, n_keys, deep, wide, y + (gsize)i * wide * n_queries);
}

static void
score_pixel (DhMap map, const float *f, gint classes, const float *g, gsize stride, gpointer y, gsize at)
{
  DhScore score = { 0 };
  if (f)
    {
      score = dh_score_begin (f[0]);
      for (gint c = 1; c < classes; c++)
        dh_score_add (&score, f[c * stride], c);
    }
  float *to = y;
  switch (map)
    {
    case DH_MAP_SEGMENTATION:
      ((guint8 *)y)[at] = (guint8)score.argmax;
      break;
    case DH_MAP_LIKELIHOOD:
      to[at] = dh_score_likelihood (&score);
      break;
    case DH_MAP_DATASET_POSTERIOR:
      to[at] = dh_score_dataset_posterior (g[0], g[stride]);
      break;
    case DH_MAP_HYBRID:
      to[at] = dh_score_hybrid (&score, g[0], g[stride]);
      break;
    case DH_MAP_MAX_SOFTMAX:
      to[at] = dh_score_max_softmax (&score);
      break;
    case DH_MAP_MAX_LOGIT:
      to[at] = dh_score_max_logit (&score);
      break;
    case DH_MAP_ENTROPY:
      to[at] = dh_score_entropy (&score);
      break;
    case DH_MAP_LOGITS:
    case DH_MAP_LOGITS_OOD:
    case DH_N_MAPS:
      g_assert_not_reached ();
    }
}

static void
score (const DhNode *node, const float *const *x, const DhShape *from, gpointer y, DhShape to)
{
  const gsize size = plane_size (to);
  if (node->map == DH_MAP_LOGITS || node->map == DH_MAP_LOGITS_OOD)
    {
      memcpy (y, x[0], (gsize)to.n * to.c * size * sizeof (float));
      return;
    }
  const gboolean reads_f = node->map != DH_MAP_DATASET_POSTERIOR;
  const gint classes = reads_f ? from[0].c : 0;
  const float *f = reads_f ? x[0] : NULL;
  const float *g = dh_map_needs_ood (node->map) ? x[node->n_inputs - 1] : NULL;
  for (gint image = 0; image < to.n; image++)
    for (gsize i = 0; i < size; i++)
      score_pixel (node->map, f ? f + (gsize)image * classes * size + i : NULL, classes,
                   g ? g + (gsize)image * 2 * size + i : NULL, size, y, image * size + i);
}

void
dh_ref_operate (const DhNode *node, const float *const *x, const DhShape *from, const float *const *parameters,
                gpointer y, DhShape to)
{
  const gsize count = (gsize)to.n * to.c * plane_size (to);
  switch (node->op)
    {
    case DH_OP_CHANNEL_SCALE:
      channel_scale (node, x[0], y, to);
      break;
    case DH_OP_NORM:
      norm (x[0], parameters, y, to);
      break;
    case DH_OP_LAYER_NORM:
      layer_norm (node, x[0], parameters, y, to);
      break;
    case DH_OP_ATTENTION:
      attention (node, x, from, y, to);
      break;
    case DH_OP_RELU:
      relu (x[0], y, count);
      break;
    case DH_OP_ACTIVATION:
      activate (node->activation, x[0], y, count);
      break;
    case DH_OP_MULTIPLY:
      multiply (x, from, y, to);
      break;
    case DH_OP_DEPTH_TO_SPACE:
      depth_to_space (node, x[0], from[0], y, to);
      break;
    case DH_OP_ADD:
      for (gsize i = 0; i < count; i++)
        ((float *)y)[i] = x[0][i] + x[1][i];
      break;
    case DH_OP_CONCAT:
      concat (node, x, from, y, to);
      break;
    case DH_OP_MAX_POOL:
    case DH_OP_AVERAGE_POOL:
      pool (node, x[0], from[0], y, to);
      break;
    case DH_OP_ADAPTIVE_POOL:
      adaptive_pool (x[0], from[0], y, to);
      break;
    case DH_OP_RESIZE:
      resize (node, x[0], from[0], y, to);
      break;
    case DH_OP_DROPOUT: /* the identity in inference */
      memcpy (y, x[0], count * sizeof (float));
      break;
    case DH_OP_SCORE:
      score (node, x, from, y, to);
      break;
    case DH_OP_INPUT:
    case DH_OP_CONV:
    case DH_N_OPS:
      g_assert_not_reached ();
    }
}
