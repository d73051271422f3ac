#include <math.h>
#include "dh-simd.h"

/* The part of a window of the pool that lies in the picture. */
DH_INLINE void
window (gint at, const DhCpuPool *pool, gint size, gint *from, gint *to)
{
  gint start = at * pool->stride - pool->padding;
  *from = MAX (start, 0);
  *to = MIN (start + pool->kernel, size);
}

void
dh_max_pool (const DhCpuPool *pool, gint item)
{
  gint plane = item / pool->out.h;
  gint row = item % pool->out.h;
  const float *from = pool->in.planes[plane];
  float *to = pool->out.planes[plane] + (gsize)row * pool->out.w * DH_LANES;
  DhPrologue prologue = dh_prologue (&pool->in, plane);
  gint y0, y1, x0, x1;
  window (row, pool, pool->in.h, &y0, &y1);
  for (gint column = 0; column < pool->out.w; column++, to += DH_LANES)
    {
      window (column, pool, pool->in.w, &x0, &x1);
      DhVec best = dh_splat (-INFINITY);
      for (gint y = y0; y < y1; y++)
        {
          const float *p = from + ((gsize)y * pool->in.w + x0) * DH_LANES;
          for (gint x = x0; x < x1; x++, p += DH_LANES)
            {
              DhVec v = dh_read (p, prologue);
              /* NaN wins, and stays. */
              best = dh_select ((best >= v) | (best != best), best, v);
            }
        }
      dh_store (to, best);
    }
}

void
dh_average_pool (const DhCpuPool *pool, gint item)
{
  gint plane = item / pool->out.h;
  gint row = item % pool->out.h;
  const float *from = pool->in.planes[plane];
  float *to = pool->out.planes[plane] + (gsize)row * pool->out.w * DH_LANES;
  DhPrologue prologue = dh_prologue (&pool->in, plane);
  gint y0, y1, x0, x1;
  window (row, pool, pool->in.h, &y0, &y1);
  for (gint column = 0; column < pool->out.w; column++, to += DH_LANES)
    {
      window (column, pool, pool->in.w, &x0, &x1);
      DhVec sum = { 0 };
      for (gint y = y0; y < y1; y++)
        {
          const float *p = from + ((gsize)y * pool->in.w + x0) * DH_LANES;
          for (gint x = x0; x < x1; x++, p += DH_LANES)
            sum += dh_read (p, prologue);
        }
      dh_store (to, sum * (1.0f / (float)((y1 - y0) * (x1 - x0))));
    }
}

void
dh_adaptive_pool (const DhCpuPool *pool, gint item)
{
  gint plane = item / pool->out.h;
  gint row = item % pool->out.h;
  gint h = pool->in.h, w = pool->in.w;
  const float *from = pool->in.planes[plane];
  float *to = pool->out.planes[plane] + (gsize)row * pool->out.w * DH_LANES;
  DhPrologue prologue = dh_prologue (&pool->in, plane);
  gint y0 = (gint)((gint64)row * h / pool->out.h);
  gint y1 = (gint)(((gint64)(row + 1) * h + pool->out.h - 1) / pool->out.h);
  for (gint column = 0; column < pool->out.w; column++, to += DH_LANES)
    {
      gint x0 = (gint)((gint64)column * w / pool->out.w);
      gint x1 = (gint)(((gint64)(column + 1) * w + pool->out.w - 1) / pool->out.w);
      DhVec sum = { 0 };
      for (gint y = y0; y < y1; y++)
        {
          DhVec line = { 0 };
          const float *p = from + ((gsize)y * w + x0) * DH_LANES;
          for (gint x = x0; x < x1; x++, p += DH_LANES)
            line += dh_read (p, prologue);
          sum += line;
        }
      dh_store (to, sum * (1.0f / ((float)(y1 - y0) * (float)(x1 - x0))));
    }
}
