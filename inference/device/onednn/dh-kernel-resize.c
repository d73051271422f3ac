#include "dh-simd.h"

gsize
dh_resize_scratch (const DhCpuResize *resize)
{
  return (gsize)resize->in.w * DH_LANES * sizeof (float);
}

void
dh_resize (const DhCpuResize *resize, gint item, float *scratch)
{
  const DhCpuInput *in = &resize->in;
  const DhCpuOutput *out = &resize->out;
  gint plane = item / out->h;
  gint row = item % out->h;
  DhPrologue prologue = dh_prologue (in, plane);
  DhBilinear y = resize->rows[row];
  const float *above = in->planes[plane] + (gsize)y.a * in->w * DH_LANES;
  const float *below = in->planes[plane] + (gsize)y.b * in->w * DH_LANES;
  for (gsize i = 0; i < (gsize)in->w * DH_LANES; i += DH_LANES)
    dh_store (scratch + i, (1 - y.t) * dh_read (above + i, prologue) + y.t * dh_read (below + i, prologue));

  gsize at = (gsize)row * out->w * DH_LANES;
  float *to = out->planes[plane] + at;
  const float *sum = out->sum != NULL ? out->sum[plane] + at : NULL;
  for (gint column = 0; column < out->w; column++)
    {
      DhBilinear x = resize->columns[column];
      DhVec v = (1 - x.t) * dh_load (scratch + (gsize)x.a * DH_LANES) + x.t * dh_load (scratch + (gsize)x.b * DH_LANES);
      if (sum != NULL)
        v += dh_load (sum + (gsize)column * DH_LANES);
      dh_store (to + (gsize)column * DH_LANES, out->relu ? dh_relu (v) : v);
    }
  dh_activate (&out->activation, to, out->w);
}
