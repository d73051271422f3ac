#include "dh-simd.h"

/* Pixels that are read three times while they lie in the first cache. */
#define PIXELS 16

static void
normalise (const DhCpuLayerNorm *norm, gsize first, gint n)
{
  const DhCpuInput *in = &norm->in;
  DhVec sums[PIXELS] = { { 0 } }, means[PIXELS], squares[PIXELS] = { { 0 } };
  for (gint plane = 0; plane < in->n_planes; plane++)
    {
      const DhPrologue prologue = dh_prologue (in, plane);
      const float *from = in->planes[plane] + first * DH_LANES;
      const DhVec counts = dh_load (norm->counts + (gsize)plane * DH_LANES);
      for (gint i = 0; i < n; i++)
        sums[i] += dh_read (from + (gsize)i * DH_LANES, prologue) * counts;
    }
  for (gint i = 0; i < n; i++)
    means[i] = dh_splat (dh_sum (sums[i]) / (float)norm->channels);
  for (gint plane = 0; plane < in->n_planes; plane++)
    {
      const DhPrologue prologue = dh_prologue (in, plane);
      const float *from = in->planes[plane] + first * DH_LANES;
      const DhVec counts = dh_load (norm->counts + (gsize)plane * DH_LANES);
      for (gint i = 0; i < n; i++)
        {
          const DhVec apart = (dh_read (from + (gsize)i * DH_LANES, prologue) - means[i]) * counts;
          squares[i] += apart * apart;
        }
    }
  for (gint i = 0; i < n; i++)
    squares[i] = dh_splat (1 / sqrtf (dh_sum (squares[i]) / (float)norm->channels + norm->epsilon));
  for (gint plane = 0; plane < in->n_planes; plane++)
    {
      const DhPrologue prologue = dh_prologue (in, plane);
      const float *from = in->planes[plane] + first * DH_LANES;
      float *to = norm->out.planes[plane] + first * DH_LANES;
      const DhVec weight = dh_load (norm->weight + (gsize)plane * DH_LANES);
      const DhVec bias = dh_load (norm->bias + (gsize)plane * DH_LANES);
      for (gint i = 0; i < n; i++)
        {
          const DhVec x = dh_read (from + (gsize)i * DH_LANES, prologue);
          dh_store (to + (gsize)i * DH_LANES, (x - means[i]) * squares[i] * weight + bias);
        }
    }
}

void
dh_layer_norm (const DhCpuLayerNorm *norm, gint item)
{
  const gsize all = (gsize)norm->in.h * norm->in.w, first = (gsize)item * (gsize)norm->pixels_at_once;
  const gsize end = MIN (first + (gsize)norm->pixels_at_once, all);
  for (gsize at = first; at < end; at += PIXELS)
    normalise (norm, at, (gint)MIN ((gsize)PIXELS, end - at));
}
