#include <math.h>
#include <string.h>
#include "dh-train-private.h"

/* What steps do with views and values, on the device's threads. Work is dealt out in as many parts as the device has
 * threads, always the same items to a part: sums are the same bits in every run. */

/* A norm's variance is kept from 0 by this. */
#define EPSILON 1e-5

/* Crops of no more pixels together are not worth waking threads for: one does all parts, and the bits are the same. */
#define FEW_PIXELS 16384

void
dh_train_run_items (const DhTrain *train, gint n_items, DhTrainItem item, gpointer data)
{
  const gint parts = train->threads;
#ifdef _OPENMP
  const DhShape shape = train->common.options.input;
  const gboolean worth = (gint64)shape.n * shape.h * shape.w > FEW_PIXELS;
#pragma omp parallel for num_threads(parts) schedule(static, 1) if (worth)
#endif
  for (gint part = 0; part < parts; part++)
    {
      float *scratch = train->arena + (train->scratch_offset + train->scratch_bytes * part) / sizeof (float);
      const gint end = (gint)((gint64)n_items * (part + 1) / parts);
      for (gint i = (gint)((gint64)n_items * part / parts); i < end && !g_cancellable_is_cancelled (train->cancellable);
           i++)
        item (data, i, part, scratch);
    }
}

DhCpuInput
dh_train_input (const DhTrain *train, const DhTrainView *view, gint image)
{
  return (DhCpuInput){ .planes = view->pointers + (gsize)image * view->n_planes,
                       .n_planes = view->n_planes,
                       .h = view->h,
                       .w = view->w,
                       .scale = view->norm ? view->norm->scale : NULL,
                       .shift = view->norm ? view->norm->shift : NULL,
                       .relu = view->relu };
}

void
dh_train_gradient_planes (const DhTrain *train, const DhTrainValue *value, gint image, const float **planes)
{
  for (gint i = 0; i < value->n_planes; i++)
    planes[i] = value->grad_base + image * value->image + i * value->pixels * train->kernels->lanes;
}

void
dh_train_planes (const DhTrain *train, float *memory, gint n_planes, gsize pixels, float **planes)
{
  for (gint i = 0; i < n_planes * train->images; i++)
    planes[i] = memory + (gsize)i * pixels * train->kernels->lanes;
}

static gsize
sums_size (const DhTrain *train, const DhTrainView *view)
{
  return 2 * (gsize)view->n_planes * train->kernels->lanes;
}

DhCpuRoute
dh_train_route (const DhTrain *train, const DhTrainView *view, const gboolean *adds, gint image, gint part)
{
  return (DhCpuRoute){ .in = dh_train_input (train, view, image),
                       .mean = view->norm ? view->norm->mean : NULL,
                       .grads = view->grads + (gsize)image * view->n_planes,
                       .adds = adds,
                       .sums = view->norm ? view->norm->sums + part * sums_size (train, view) : NULL };
}

void
dh_train_begin_norm (const DhTrain *train, const DhTrainView *view)
{
  if (view->norm)
    memset (view->norm->sums, 0, train->threads * sums_size (train, view) * sizeof (double));
}

void
dh_train_end_norm (DhTrain *train, const DhTrainView *view)
{
  const DhTrainNorm *norm = view->norm;
  const gint lanes = train->kernels->lanes;
  const gsize size = sums_size (train, view), half = size / 2;
  if (!norm)
    return;
  const double count = (double)train->images * view->h * view->w;
  float *d_weight = dh_tensor_f32 (train->gradient_of[norm->node][0]);
  float *d_bias = dh_tensor_f32 (train->gradient_of[norm->node][1]);
  for (gsize i = 0; i < half; i++)
    {
      const gint c = view->channels[i];
      DhTrainValue *value = view->values[i / lanes];
      const gsize at = view->planes[i / lanes] * lanes + i % lanes;
      double sum = 0, product = 0;
      if (c < 0)
        continue;
      for (gint part = 0; part < train->threads; part++)
        {
          sum += norm->sums[part * size + i];
          product += norm->sums[part * size + half + i];
        }
      const double inverse = 1 / sqrt (value->variance[at] + EPSILON);
      d_weight[c] += (float)(train->weight * (float)(product * inverse));
      d_bias[c] += (float)(train->weight * (float)sum);
      value->b[at] -= norm->scale[i] * inverse * inverse * product / count;
      value->c_sum[at] -= norm->scale[i] * sum / count;
    }
}

typedef struct
{
  const DhTrain *train;
  const DhTrainView *view;
  const gboolean *adds;
  float *const *t;
} Route;

/* A row of an image. */
static void
route_row (gpointer data, gint item, gint part, float *scratch)
{
  const Route *r = data;
  const gint image = item / r->view->h;
  const gsize at = (gsize)(item % r->view->h) * r->view->w;
  const DhCpuRoute route = dh_train_route (r->train, r->view, r->adds, image, part);
  for (gint plane = 0; plane < r->view->n_planes; plane++)
    r->train->gradients->route (&route, plane, r->t[image * r->view->n_planes + plane] + at * r->train->kernels->lanes,
                                at, r->view->w);
}

void
dh_train_route_all (DhTrain *train, const DhTrainView *view, const gboolean *adds, float *const *t)
{
  Route route = { train, view, adds, t };
  dh_train_begin_norm (train, view);
  dh_train_run_items (train, train->images * view->h, route_row, &route);
  dh_train_end_norm (train, view);
}

typedef struct
{
  const DhTrain *train;
  DhTrainValue *value;
  double *sums;
} Walk;

static void
finish_row (gpointer data, gint item, gint part, float *scratch)
{
  const Walk *walk = data;
  const DhTrainValue *value = walk->value;
  const gint lanes = walk->train->kernels->lanes;
  const gsize at = (gsize)(item % value->h) * value->w * lanes;
  for (gint plane = 0; plane < value->n_planes; plane++)
    {
      const gsize place = item / value->h * value->image + plane * value->pixels * lanes + at;
      const float *y = value->base + place;
      const DhCpuFinish finish = { &y, value->mean + plane * lanes, value->finish_b + plane * lanes,
                                   value->finish_c + plane * lanes };
      walk->train->gradients->finish (&finish, 0, value->grad_base + place, 0, value->w);
    }
}

void
dh_train_finish (DhTrain *train, DhTrainValue *value)
{
  if (!value->measured)
    return;
  for (gint i = 0; i < value->n_planes * train->kernels->lanes; i++)
    {
      value->finish_b[i] = (float)value->b[i];
      value->finish_c[i] = (float)value->c_sum[i];
    }
  Walk walk = { train, value, NULL };
  dh_train_run_items (train, train->images * value->h, finish_row, &walk);
}

static void
measure_row (gpointer data, gint item, gint part, float *scratch)
{
  const Walk *walk = data;
  const DhTrainValue *value = walk->value;
  const gint lanes = walk->train->kernels->lanes;
  for (gint plane = 0; plane < value->n_planes; plane++)
    {
      const float *x = value->base + item / value->h * value->image
                       + (plane * value->pixels + (gsize)(item % value->h) * value->w) * lanes;
      walk->train->gradients->moments (x, value->w, walk->sums + ((gsize)part * value->n_planes + plane) * 2 * lanes);
    }
}

void
dh_train_measure (DhTrain *train, DhTrainValue *value)
{
  const gint lanes = train->kernels->lanes;
  const gsize size = (gsize)value->n_planes * 2 * lanes;
  if (!value->measured)
    return;
  g_autofree double *sums = g_new0 (double, size * train->threads);
  Walk walk = { train, value, sums };
  dh_train_run_items (train, train->images * value->h, measure_row, &walk);
  const double count = (double)train->images * value->pixels;
  for (gint i = 0; i < value->n_planes * lanes; i++)
    {
      double sum = 0, square = 0;
      for (gint part = 0; part < train->threads; part++)
        {
          const double *of = sums + part * size + i / lanes * 2 * lanes + i % lanes;
          sum += of[0];
          square += of[lanes];
        }
      const double mean = sum / count;
      value->mean[i] = (float)mean;
      value->exact_mean[i] = mean;
      value->variance[i] = MAX (square / count - mean * mean, 0);
      value->b[i] = value->c_sum[i] = 0;
    }
}

static void
sum_row (gpointer data, gint item, gint part, float *scratch)
{
  const Walk *walk = data;
  const DhTrainValue *value = walk->value;
  const gint lanes = walk->train->kernels->lanes;
  for (gint plane = 0; plane < value->n_planes; plane++)
    {
      const float *x = value->grad_base + item / value->h * value->image
                       + (plane * value->pixels + (gsize)(item % value->h) * value->w) * lanes;
      walk->train->gradients->moments (x, value->w, walk->sums + ((gsize)part * value->n_planes + plane) * 2 * lanes);
    }
}

void
dh_train_sum_grad (const DhTrain *train, const DhTrainValue *value, double *result)
{
  const gint lanes = train->kernels->lanes;
  const gsize size = (gsize)value->n_planes * 2 * lanes;
  g_autofree double *sums = g_new0 (double, size * train->threads);
  Walk walk = { train, (DhTrainValue *)value, sums };
  dh_train_run_items (train, train->images * value->h, sum_row, &walk);
  for (gint i = 0; i < value->n_planes * lanes; i++)
    {
      result[i] = 0;
      for (gint part = 0; part < train->threads; part++)
        result[i] += sums[part * size + i / lanes * 2 * lanes + i % lanes];
    }
}
