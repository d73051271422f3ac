#include "dh-simd.h"

void
dh_pointwise (const DhCpuInput *in, const DhCpuOutput *out, gint item)
{
  gint plane = item / out->h;
  gsize at = (gsize)(item % out->h) * out->w * DH_LANES;
  const float *from = in->planes[plane] + at;
  const float *sum = out->sum != NULL ? out->sum[plane] + at : NULL;
  float *to = out->planes[plane] + at;
  DhPrologue prologue = dh_prologue (in, plane);
  for (gsize i = 0; i < (gsize)out->w * DH_LANES; i += DH_LANES)
    {
      DhVec x = dh_read (from + i, prologue);
      if (sum != NULL && out->multiplies)
        x *= dh_load (sum + i);
      else if (sum != NULL)
        x += dh_load (sum + i);
      dh_store (to + i, out->relu ? dh_relu (x) : x);
    }
  dh_activate (&out->activation, to, out->w);
}

void
dh_pack (const float *from, const gint *channels, const DhCpuOutput *out, gint item)
{
  gint plane = item / out->h;
  gint row = item % out->h;
  float *to = out->planes[plane] + (gsize)row * out->w * DH_LANES;
  for (gint lane = 0; lane < DH_LANES; lane++)
    {
      gint channel = channels[plane * DH_LANES + lane];
      const float *line = channel < 0 ? NULL : from + ((gsize)channel * out->h + row) * out->w;
      for (gint x = 0; x < out->w; x++)
        to[(gsize)x * DH_LANES + lane] = line != NULL ? line[x] : 0;
    }
}

void
dh_unpack (const DhCpuInput *in, const gint *channels, float *to, gint item)
{
  gint plane = item / in->h;
  gint row = item % in->h;
  const float *from = in->planes[plane] + (gsize)row * in->w * DH_LANES;
  for (gint lane = 0; lane < DH_LANES; lane++)
    {
      gint channel = channels[plane * DH_LANES + lane];
      if (channel < 0)
        continue;
      float *line = to + ((gsize)channel * in->h + row) * in->w;
      float scale = in->scale != NULL ? in->scale[plane * DH_LANES + lane] : 1;
      float shift = in->scale != NULL ? in->shift[plane * DH_LANES + lane] : 0;
      for (gint x = 0; x < in->w; x++)
        {
          float v = from[(gsize)x * DH_LANES + lane];
          if (in->scale != NULL)
            v = v * scale + shift;
          line[x] = in->relu && v < 0 ? 0 : v;
        }
    }
}
