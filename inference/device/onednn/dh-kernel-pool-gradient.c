#include "dh-simd-train.h"

/* The part of a pool's window that lies in the picture. */
DH_INLINE void
window (gint at, const DhCpuPoolGradient *pool, gint size, gint *from, gint *to)
{
  const gint start = at * pool->stride - pool->padding;
  *from = MAX (start, 0);
  *to = MIN (start + pool->kernel, size);
}

/* The first of equal elements takes all. */
void
dh_max_pool_gradient (const DhCpuPoolGradient *pool, gint item)
{
  const gint h = pool->in.h, w = pool->in.w;
  const float *x = pool->in.planes[item], *dy = pool->dy[item];
  const DhPrologue prologue = dh_prologue (&pool->in, item);
  float *dx = pool->dx[item];
  memset (dx, 0, (gsize)h * w * DH_LANES * sizeof *dx);
  for (gint row = 0; row < pool->h; row++)
    for (gint column = 0; column < pool->w; column++, dy += DH_LANES)
      {
        gint y0, y1, x0, x1;
        window (row, pool, h, &y0, &y1);
        window (column, pool, w, &x0, &x1);
        DhVec best = dh_read (x + ((gsize)y0 * w + x0) * DH_LANES, prologue);
        for (gint i = y0; i < y1; i++)
          for (gint j = x0; j < x1; j++)
            {
              const DhVec v = dh_read (x + ((gsize)i * w + j) * DH_LANES, prologue);
              best = dh_select (best >= v, best, v);
            }
        DhVec left = dh_load (dy);
        for (gint i = y0; i < y1; i++)
          for (gint j = x0; j < x1; j++)
            {
              const gsize at = ((gsize)i * w + j) * DH_LANES;
              const DhVecInt takes = dh_read (x + at, prologue) == best;
              dh_store (dx + at, dh_load (dx + at) + (DhVec)(takes & (DhVecInt)left));
              left = (DhVec)(~takes & (DhVecInt)left);
            }
      }
}

/* Adds a mean's share to each place of its window. */
DH_INLINE void
spread (float *dx, gint w, gint y0, gint y1, gint x0, gint x1, DhVec share)
{
  for (gint i = y0; i < y1; i++)
    for (gint j = x0; j < x1; j++)
      {
        float *to = dx + ((gsize)i * w + j) * DH_LANES;
        dh_store (to, dh_load (to) + share);
      }
}

void
dh_average_pool_gradient (const DhCpuPoolGradient *pool, gint item)
{
  const gint h = pool->in.h, w = pool->in.w;
  const float *dy = pool->dy[item];
  float *dx = pool->dx[item];
  memset (dx, 0, (gsize)h * w * DH_LANES * sizeof *dx);
  for (gint row = 0; row < pool->h; row++)
    for (gint column = 0; column < pool->w; column++, dy += DH_LANES)
      {
        gint y0, y1, x0, x1;
        window (row, pool, h, &y0, &y1);
        window (column, pool, w, &x0, &x1);
        const DhVec share = dh_load (dy) * (1.0f / (float)((y1 - y0) * (x1 - x0)));
        spread (dx, w, y0, y1, x0, x1, share);
      }
}

void
dh_adaptive_pool_gradient (const DhCpuPoolGradient *pool, gint item)
{
  const gint h = pool->in.h, w = pool->in.w;
  const float *dy = pool->dy[item];
  float *dx = pool->dx[item];
  memset (dx, 0, (gsize)h * w * DH_LANES * sizeof *dx);
  for (gint64 row = 0; row < pool->h; row++)
    for (gint64 column = 0; column < pool->w; column++, dy += DH_LANES)
      {
        const gint y0 = (gint)(row * h / pool->h), y1 = (gint)(((row + 1) * h + pool->h - 1) / pool->h);
        const gint x0 = (gint)(column * w / pool->w), x1 = (gint)(((column + 1) * w + pool->w - 1) / pool->w);
        const DhVec share = dh_load (dy) * (1.0f / ((float)(y1 - y0) * (float)(x1 - x0)));
        spread (dx, w, y0, y1, x0, x1, share);
      }
}

DH_INLINE void
add_line (float *to, const float *from, gint n, float factor)
{
  for (gint i = 0; i < n * DH_LANES; i += DH_LANES)
    dh_store (to + i, dh_load (to + i) + factor * dh_load (from + i));
}

/* One row of the result is spread over a line of the input's width, and that over two rows. */
void
dh_resize_gradient (const DhCpuPoolGradient *pool, gint item)
{
  const gint h = pool->in.h, w = pool->in.w;
  const float *dy = pool->dy[item];
  float *dx = pool->dx[item];
  g_autofree float *line = g_new (float, (gsize)w *DH_LANES);
  memset (dx, 0, (gsize)h * w * DH_LANES * sizeof *dx);
  for (gint row = 0; row < pool->h; row++)
    {
      memset (line, 0, (gsize)w * DH_LANES * sizeof *line);
      for (gint column = 0; column < pool->w; column++, dy += DH_LANES)
        {
          const DhBilinear at = pool->columns[column];
          const DhVec d = dh_load (dy);
          float *a = line + (gsize)at.a * DH_LANES, *b = line + (gsize)at.b * DH_LANES;
          dh_store (a, dh_load (a) + (1 - at.t) * d);
          dh_store (b, dh_load (b) + at.t * d);
        }
      const DhBilinear at = pool->rows[row];
      add_line (dx + (gsize)at.a * w * DH_LANES, line, w, 1 - at.t);
      add_line (dx + (gsize)at.b * w * DH_LANES, line, w, at.t);
    }
}
