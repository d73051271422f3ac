#include "dh-ref-private.h"

#include <math.h>
#include <string.h>

#include "dh-activation-math.h"

/* Gradients of operators that only networks of others have. */

static gsize
plane_size (DhShape shape)
{
  return (gsize)shape.h * shape.w;
}

void
dh_ref_activation_gradient (DhActivation activation, const float *x, const float *dy, float *dx, gsize count,
                            guint threads)
{
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gsize i = 0; i < count; i++)
    dx[i] = (float)(dy[i] * dh_activation_slope_at (activation, x[i]));
}

/* The factor's gradient at one of its places: over all that it multiplies. */
static double
sum_factor (const float *x, const float *dy, DhShape shape, DhShape by, gsize plane, gsize at)
{
  const gsize size = plane_size (shape), other = plane_size (by), planes = by.c == shape.c ? 1 : (gsize)shape.c;
  double sum = 0;
  for (gsize p = plane * planes; p < (plane + 1) * planes; p++)
    for (gsize i = other == size ? at : 0; i < (other == size ? at + 1 : size); i++)
      sum += (double)x[p * size + i] * dy[p * size + i];
  return sum;
}

void
dh_ref_multiply_gradient (const float *const x[2], DhShape by, const float *dy, DhShape shape, float *const dx[2],
                          guint threads)
{
  const gsize size = plane_size (shape), other = plane_size (by);
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gsize plane = 0; plane < (gsize)shape.n * shape.c; plane++)
    {
      const float *factor = x[1] + (by.c == shape.c ? plane : plane / shape.c) * other;
      for (gsize i = 0; i < size; i++)
        dx[0][plane * size + i] = dy[plane * size + i] * factor[other == size ? i : 0];
    }
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gsize i = 0; i < (gsize)by.n * by.c * other; i++)
    dx[1][i] = (float)sum_factor (x[0], dy, shape, by, i / other, i % other);
}

void
dh_ref_depth_to_space_gradient (const DhNode *node, const float *dy, DhShape to, float *dx, DhShape from, guint threads)
{
  const gsize b = (gsize)node->kernel;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (gsize plane = 0; plane < (gsize)from.n * from.c; plane++)
    {
      const float *d = dy + plane / (b * b) * plane_size (to);
      for (gint h = 0; h < from.h; h++)
        for (gint w = 0; w < from.w; w++)
          dx[plane * plane_size (from) + (gsize)h * from.w + w] =
              d[((gsize)h * b + plane / b % b) * to.w + (gsize)w * b + plane % b];
    }
}

/* One pixel; `sums`: of weight's and bias's gradients, added to. */
static void
layer_norm_pixel (const DhNode *node, const float *x, const float *dy, gsize stride, gint channels, const float *weight,
                  float *dx, double *sums)
{
  double mean = 0, squares = 0, sum = 0, product = 0;
  for (gint c = 0; c < channels; c++)
    mean += x[c * stride] / (double)channels;
  for (gint c = 0; c < channels; c++)
    squares += (x[c * stride] - mean) * (x[c * stride] - mean);
  const double inverse = 1 / sqrt (squares / channels + node->epsilon);
  for (gint c = 0; c < channels; c++)
    {
      const double normed = (x[c * stride] - mean) * inverse, d = dy[c * stride];
      sums[c] += d * normed;
      sums[channels + c] += d;
      sum += d * weight[c] / channels;
      product += d * weight[c] * normed / channels;
    }
  for (gint c = 0; c < channels; c++)
    dx[c * stride] =
        (float)(inverse * (dy[c * stride] * (double)weight[c] - sum - (x[c * stride] - mean) * inverse * product));
}

gboolean
dh_ref_layer_norm_gradient (const DhNode *node, const float *x, const float *dy, DhShape shape, const float *weight,
                            float *dx, float *d_weight, float *d_bias, guint threads)
{
  const gsize size = plane_size (shape), doubles = 2 * (gsize)shape.c;
  threads = (guint)CLAMP (size, 1, (gsize)threads);
  g_autofree double *sums = g_try_malloc0_n (threads, doubles * sizeof *sums);
  if (!sums)
    return FALSE;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (guint part = 0; part < threads; part++)
    for (gint image = 0; image < shape.n; image++)
      for (gsize i = size * part / threads; i < size * (part + 1) / threads; i++)
        {
          const gsize at = (gsize)image * shape.c * size + i;
          layer_norm_pixel (node, x + at, dy + at, size, shape.c, weight, dx + at, sums + part * doubles);
        }
  for (gint c = 0; c < shape.c; c++)
    {
      double of_weight = 0, of_bias = 0;
      for (guint part = 0; part < threads; part++)
        {
          of_weight += sums[part * doubles + c];
          of_bias += sums[part * doubles + shape.c + c];
        }
      d_weight[c] = (float)of_weight;
      d_bias[c] = (float)of_bias;
    }
  return TRUE;
}

/* One head of one image: pixels of a channel lie one behind the other. */
typedef struct
{
  const float *queries, *keys, *values, *dy;
  gsize n_queries, n_keys;
  gint deep, wide;
  double scale;
} Head;

/* The weights of one query's keys, and what a change of each of its products changes the loss by. */
static void
weigh (const Head *h, gsize i, double *weights, double *slopes)
{
  double most = -INFINITY, sum = 0, mean = 0;
  for (gsize j = 0; j < h->n_keys; j++)
    {
      weights[j] = 0;
      for (gint c = 0; c < h->deep; c++)
        weights[j] += h->scale * h->queries[c * h->n_queries + i] * h->keys[c * h->n_keys + j];
      most = weights[j] > most || isnan (weights[j]) ? weights[j] : most;
    }
  for (gsize j = 0; j < h->n_keys; j++)
    sum += weights[j] = exp (weights[j] - most);
  for (gsize j = 0; j < h->n_keys; j++)
    {
      weights[j] /= sum;
      slopes[j] = 0;
      for (gint c = 0; c < h->wide; c++)
        slopes[j] += (double)h->dy[c * h->n_queries + i] * h->values[c * h->n_keys + j];
      mean += weights[j] * slopes[j];
    }
  for (gsize j = 0; j < h->n_keys; j++)
    slopes[j] = h->scale * weights[j] * (slopes[j] - mean);
}

/* `scratch`: n_keys·(2 + deep + wide). */
static void
attend_back (const Head *h, float *d_queries, float *d_keys, float *d_values, double *scratch)
{
  double *weights = scratch, *slopes = weights + h->n_keys, *of_keys = slopes + h->n_keys;
  double *of_values = of_keys + h->n_keys * h->deep;
  memset (of_keys, 0, h->n_keys * (gsize)(h->deep + h->wide) * sizeof *of_keys);
  for (gsize i = 0; i < h->n_queries; i++)
    {
      weigh (h, i, weights, slopes);
      for (gint c = 0; c < h->deep; c++)
        {
          double sum = 0;
          for (gsize j = 0; j < h->n_keys; j++)
            {
              sum += slopes[j] * h->keys[c * h->n_keys + j];
              of_keys[c * h->n_keys + j] += slopes[j] * h->queries[c * h->n_queries + i];
            }
          d_queries[c * h->n_queries + i] = (float)sum;
        }
      for (gint c = 0; c < h->wide; c++)
        for (gsize j = 0; j < h->n_keys; j++)
          of_values[c * h->n_keys + j] += weights[j] * h->dy[c * h->n_queries + i];
    }
  for (gsize k = 0; k < h->n_keys * h->deep; k++)
    d_keys[k] = (float)of_keys[k];
  for (gsize k = 0; k < h->n_keys * h->wide; k++)
    d_values[k] = (float)of_values[k];
}

gboolean
dh_ref_attention_gradient (const DhNode *node, const float *const x[3], const DhShape from[3], const float *dy,
                           DhShape to, float *const dx[3], guint threads)
{
  const gint deep = from[0].c / node->heads, wide = to.c / node->heads, heads = to.n * node->heads;
  const gsize n_queries = plane_size (to), n_keys = plane_size (from[1]), doubles = n_keys * (gsize)(2 + deep + wide);
  threads = (guint)CLAMP (heads, 1, (gint)threads);
  g_autofree double *memory = g_try_malloc_n (threads, doubles * sizeof *memory);
  if (!memory)
    return FALSE;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (guint part = 0; part < threads; part++)
    for (gsize i = (gsize)heads * part / threads; i < (gsize)heads * (part + 1) / threads; i++)
      {
        const gsize q = i * deep * n_queries, k = i * deep * n_keys, v = i * wide * n_keys, y = i * wide * n_queries;
        const Head head = { x[0] + q, x[1] + k, x[2] + v, dy + y, n_queries, n_keys, deep, wide, node->scale };
        attend_back (&head, dx[0] + q, dx[1] + k, dx[2] + v, memory + part * doubles);
      }
  return TRUE;
}
