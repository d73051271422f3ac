#include <string.h>

#include "dh-scene-canvas-private.h"

/* Rows of samples in a pixel; odd, so that one of them runs through its centre. */
#define SUBROWS 5

gboolean
canvas_init (Canvas *canvas, int width, int height)
{
  const gsize n = (gsize)width * height;
  *canvas = (Canvas){ .width = width, .height = height };
  canvas->rgb = g_try_malloc0_n (n, 3 * sizeof (float));
  canvas->disparity = g_try_malloc0_n (n, sizeof (float));
  canvas->shadow = g_try_malloc0_n (n, sizeof (float));
  canvas->labels = g_try_malloc0 (n);
  canvas->last = g_try_malloc0_n (n, sizeof (guint32));
  canvas->cover = g_try_malloc0_n (2 * ((gsize)width + 2), sizeof (float));
  canvas->line = g_try_malloc0_n (3 * (gsize)width, sizeof (float));
  if (canvas->line && canvas->rgb && canvas->disparity && canvas->shadow && canvas->labels && canvas->last
      && canvas->cover)
    return TRUE;
  canvas_clear (canvas);
  return FALSE;
}

void
canvas_clear (Canvas *canvas)
{
  g_clear_pointer (&canvas->rgb, g_free);
  g_clear_pointer (&canvas->disparity, g_free);
  g_clear_pointer (&canvas->shadow, g_free);
  g_clear_pointer (&canvas->labels, g_free);
  g_clear_pointer (&canvas->last, g_free);
  g_clear_pointer (&canvas->cover, g_free);
  g_clear_pointer (&canvas->line, g_free);
}

/* Adds a span to a row of coverage kept as differences: cover[i] is pixel i's own part, cover[i + 1] carries on. */
static void
add_span (float *cover, int width, float x0, float x1)
{
  x0 = clampf (x0, 0, (float)width);
  x1 = clampf (x1, 0, (float)width);
  if (x1 <= x0)
    return;
  const float step = 1.0f / SUBROWS;
  const int i0 = MIN ((int)x0, width - 1), i1 = MIN ((int)x1, width - 1);
  const float a = ((float)(i0 + 1) - x0) * step, b = ((float)(i1 + 1) - x1) * step;
  cover[i0] += a;
  cover[i0 + 1] += step - a;
  cover[i1] -= b;
  cover[i1 + 1] -= step - b;
}

static int
crossings (const float (*xy)[2], int n, float y, float *xs)
{
  int count = 0;
  for (int i = 0; i < n; i++)
    {
      const float *a = xy[i], *b = xy[i + 1 < n ? i + 1 : 0];
      if ((a[1] <= y) == (b[1] <= y))
        continue;
      const float x = a[0] + (b[0] - a[0]) * ((y - a[1]) / (b[1] - a[1]));
      int k = count++;
      for (; k > 0 && xs[k - 1] > x; k--)
        xs[k] = xs[k - 1];
      xs[k] = x;
    }
  return count & ~1;
}

typedef struct
{
  guint8 label;
  const PixelMap *map;
  ShadeFunc shade;
  gconstpointer shade_data;
  float strength;
} Fill;

void
canvas_begin (Canvas *canvas, gboolean planning)
{
  canvas->planning = planning;
  canvas->order = 0;
}

static void
plan_row (Canvas *canvas, int y, int x0, int x1)
{
  float cover = 0;
  guint32 *last = canvas->last + (gsize)y * canvas->width;
  for (int x = x0; x <= x1; x++)
    {
      cover += canvas->cover[x];
      if (cover > 0.999f)
        last[x] = canvas->order;
    }
}

static void
colour_row (Canvas *canvas, int y, int x0, int x1, const float *centre, const Fill *fill)
{
  const float (*m)[3] = fill->map->m;
  const float py = (float)y + 0.5f;
  float cover = 0;
  for (int x = x0; x <= x1; x++)
    {
      cover += canvas->cover[x];
      const float inside = centre[x];
      const gsize i = (gsize)y * canvas->width + x;
      if ((cover < 0.004f && !(inside > 0)) || canvas->last[i] > canvas->order)
        continue;
      const float px = (float)x + 0.5f;
      const float q0 = m[0][0] * px + m[0][1] * py + m[0][2];
      const float q1 = m[1][0] * px + m[1][1] * py + m[1][2];
      const float q2 = MAX (m[2][0] * px + m[2][1] * py + m[2][2], 1e-6f);
      const float qx = MAX (q2 + m[2][0], 1e-6f), qy = MAX (q2 + m[2][1], 1e-6f);
      Sample p = { .z = 1.0f / q2, .px = x, .py = y };
      p.s = q0 * p.z;
      p.t = q1 * p.z;
      const float ix = 1.0f / qx, iy = 1.0f / qy;
      p.ws = fabsf ((q0 + m[0][0]) * ix - p.s) + fabsf ((q0 + m[0][1]) * iy - p.s);
      p.wt = fabsf ((q1 + m[1][0]) * ix - p.t) + fabsf ((q1 + m[1][1]) * iy - p.t);
      float alpha = 1;
      const Rgb c = fill->shade (fill->shade_data, &p, &alpha);
      const float a = unitf (cover) * unitf (alpha);
      canvas->rgb[3 * i] = mixf (canvas->rgb[3 * i], c.r, a);
      canvas->rgb[3 * i + 1] = mixf (canvas->rgb[3 * i + 1], c.g, a);
      canvas->rgb[3 * i + 2] = mixf (canvas->rgb[3 * i + 2], c.b, a);
      if (fill->label == KEEP_LABEL)
        continue;
      canvas->disparity[i] = mixf (canvas->disparity[i], q2, unitf (cover));
      if (inside > 0)
        canvas->labels[i] = fill->label;
    }
}

static void
shadow_row (Canvas *canvas, int y, int x0, int x1, const Fill *fill)
{
  float cover = 0;
  for (int x = x0; x <= x1; x++)
    {
      cover += canvas->cover[x];
      float *shadow = &canvas->shadow[(gsize)y * canvas->width + x];
      *shadow = MAX (*shadow, unitf (cover) * fill->strength);
    }
}

static void
fill_polygon (Canvas *canvas, const float (*xy)[2], int n, const Fill *fill)
{
  if (n < 3 || n > MAX_POINTS)
    return;
  float left = xy[0][0], right = left, top = xy[0][1], bottom = top;
  for (int i = 0; i < n; i++)
    {
      if (!isfinite (xy[i][0]) || !isfinite (xy[i][1]))
        return;
      left = MIN (left, xy[i][0]);
      right = MAX (right, xy[i][0]);
      top = MIN (top, xy[i][1]);
      bottom = MAX (bottom, xy[i][1]);
    }
  if (right <= 0 || left >= canvas->width || bottom <= 0 || top >= canvas->height)
    return;
  const int y0 = (int)MAX (top, 0.0f), y1 = (int)MIN (bottom, canvas->height - 1.0f);
  const int x0 = (int)MAX (left, 0.0f), x1 = (int)MIN (right + 1.0f, canvas->width - 1.0f);
  float *centre = canvas->cover + canvas->width + 2;
  for (int y = y0; y <= y1; y++)
    {
      float xs[MAX_POINTS];
      memset (canvas->cover + x0, 0, sizeof (float) * (x1 - x0 + 2));
      memset (centre + x0, 0, sizeof (float) * (x1 - x0 + 1));
      for (int sub = 0; sub < SUBROWS; sub++)
        {
          const int count = crossings (xy, n, (float)y + ((float)sub + 0.5f) / SUBROWS, xs);
          for (int k = 0; k < count; k += 2)
            {
              add_span (canvas->cover, canvas->width, xs[k], xs[k + 1]);
              if (sub != SUBROWS / 2 || canvas->planning)
                continue;
              const int from = MAX (-cell (0.5f - clampf (xs[k], -1, 1e6f)), x0);
              for (int x = from; x <= x1 && (float)x + 0.5f < xs[k + 1]; x++)
                centre[x] = 1;
            }
        }
      if (canvas->planning)
        plan_row (canvas, y, x0, x1);
      else if (fill->shade)
        colour_row (canvas, y, x0, x1, centre, fill);
      else
        shadow_row (canvas, y, x0, x1, fill);
    }
}

void
canvas_fill (Canvas *canvas, const float (*xy)[2], int n, guint8 label, const PixelMap *map, ShadeFunc shade,
             gconstpointer data, gboolean opaque)
{
  const Fill fill = { .label = label, .map = map, .shade = shade, .shade_data = data };
  canvas->order++;
  if (opaque || !canvas->planning)
    fill_polygon (canvas, xy, n, &fill);
}

void
canvas_fill_shadow (Canvas *canvas, const float (*xy)[2], int n, float strength)
{
  const Fill fill = { .label = KEEP_LABEL, .strength = strength };
  if (!canvas->planning)
    fill_polygon (canvas, xy, n, &fill);
}
