#include "dh-simd-math.h"
#include "dh-simd-train.h"

/* The gradients of layer norms, and the weights of attention and theirs. */

/* Pixels that are read three times while they lie in the first cache. */
#define PIXELS 16

static void
normalise_back (const DhCpuLayerGradient *norm, gsize first, gint n)
{
  const DhCpuInput *in = &norm->in;
  DhVec means[PIXELS] = { { 0 } }, inverses[PIXELS] = { { 0 } }, slopes[PIXELS] = { { 0 } },
        products[PIXELS] = { { 0 } };
  for (gint plane = 0; plane < in->n_planes; plane++)
    {
      const DhPrologue prologue = dh_prologue (in, plane);
      const float *from = in->planes[plane] + first * DH_LANES;
      const DhVec counts = dh_load (norm->counts + (gsize)plane * DH_LANES);
      for (gint i = 0; i < n; i++)
        means[i] += dh_read (from + (gsize)i * DH_LANES, prologue) * counts;
    }
  for (gint i = 0; i < n; i++)
    means[i] = dh_splat (dh_sum (means[i]) / (float)norm->channels);
  for (gint plane = 0; plane < in->n_planes; plane++)
    {
      const DhPrologue prologue = dh_prologue (in, plane);
      const float *from = in->planes[plane] + first * DH_LANES, *dy = norm->dy[plane] + first * DH_LANES;
      const DhVec counts = dh_load (norm->counts + (gsize)plane * DH_LANES);
      const DhVec weight = dh_load (norm->weight + (gsize)plane * DH_LANES);
      for (gint i = 0; i < n; i++)
        {
          const DhVec apart = (dh_read (from + (gsize)i * DH_LANES, prologue) - means[i]) * counts;
          const DhVec slope = dh_load (dy + (gsize)i * DH_LANES) * weight;
          inverses[i] += apart * apart;
          slopes[i] += slope;
          products[i] += slope * apart;
        }
    }
  for (gint i = 0; i < n; i++)
    {
      const float inverse = 1 / sqrtf (dh_sum (inverses[i]) / (float)norm->channels + norm->epsilon);
      inverses[i] = dh_splat (inverse);
      slopes[i] = dh_splat (dh_sum (slopes[i]) / (float)norm->channels);
      products[i] = dh_splat (dh_sum (products[i]) * inverse / (float)norm->channels);
    }
  for (gint plane = 0; plane < in->n_planes; plane++)
    {
      const DhPrologue prologue = dh_prologue (in, plane);
      const float *from = in->planes[plane] + first * DH_LANES, *dy = norm->dy[plane] + first * DH_LANES;
      float *to = norm->t[plane] + first * DH_LANES;
      const DhVec counts = dh_load (norm->counts + (gsize)plane * DH_LANES);
      const DhVec weight = dh_load (norm->weight + (gsize)plane * DH_LANES);
      DhVec sum = { 0 }, product = { 0 };
      for (gint i = 0; i < n; i++)
        {
          const DhVec normed = (dh_read (from + (gsize)i * DH_LANES, prologue) - means[i]) * inverses[i];
          const DhVec slope = dh_load (dy + (gsize)i * DH_LANES);
          sum += slope;
          product += slope * normed;
          dh_store (to + (gsize)i * DH_LANES,
                    inverses[i] * (slope * weight - slopes[i] - normed * products[i]) * counts);
        }
      dh_add_doubles (norm->sums + (gsize)plane * DH_LANES, sum);
      dh_add_doubles (norm->sums + (gsize)(in->n_planes + plane) * DH_LANES, product);
    }
}

void
dh_layer_gradient (const DhCpuLayerGradient *norm, gint item)
{
  const gsize all = (gsize)norm->in.h * norm->in.w, first = (gsize)item * (gsize)norm->pixels_at_once;
  const gsize end = MIN (first + (gsize)norm->pixels_at_once, all);
  for (gsize at = first; at < end; at += PIXELS)
    normalise_back (norm, at, (gint)MIN ((gsize)PIXELS, end - at));
}

/* The last lanes of a row that is no whole number of vectors; `rest` stands in the others. */
DH_INLINE DhVec
load_last (const float *from, gint n, float rest)
{
  DhVec v = dh_splat (rest);
  memcpy (&v, from, (gsize)n * sizeof *from);
  return v;
}

void
dh_attention_weights (float *row, gint n)
{
  const gint whole = n / DH_LANES * DH_LANES;
  DhVec most = dh_splat (-INFINITY), sum = { 0 };
  for (gint i = 0; i < whole; i += DH_LANES)
    most = dh_larger (most, dh_load (row + i));
  if (whole < n)
    most = dh_larger (most, load_last (row + whole, n - whole, -INFINITY));
  /* A number that is none is not lost: it stands in the row itself. */
  const DhVec largest = dh_splat (dh_most (most));
  for (gint i = 0; i < whole; i += DH_LANES)
    {
      const DhVec weight = dh_exp (dh_load (row + i) - largest);
      sum += weight;
      dh_store (row + i, weight);
    }
  float all = dh_sum (sum);
  if (whole < n)
    {
      const DhVec weight = dh_exp (load_last (row + whole, n - whole, 0) - largest);
      memcpy (row + whole, &weight, (gsize)(n - whole) * sizeof *row);
      for (gint i = whole; i < n; i++)
        all += row[i];
    }
  const float inverse = 1 / all;
  for (gint i = 0; i < whole; i += DH_LANES)
    dh_store (row + i, dh_load (row + i) * inverse);
  for (gint i = whole; i < n; i++)
    row[i] *= inverse;
}

void
dh_attention_slopes (const float *weights, float *row, gint n, float factor)
{
  const gint whole = n / DH_LANES * DH_LANES;
  DhVec sum = { 0 };
  for (gint i = 0; i < whole; i += DH_LANES)
    sum += dh_load (weights + i) * dh_load (row + i);
  float all = dh_sum (sum);
  for (gint i = whole; i < n; i++)
    all += weights[i] * row[i];
  for (gint i = 0; i < whole; i += DH_LANES)
    dh_store (row + i, dh_load (weights + i) * (dh_load (row + i) - all) * factor);
  for (gint i = whole; i < n; i++)
    row[i] = weights[i] * (row[i] - all) * factor;
}
