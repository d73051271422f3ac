#include <math.h>
#include "dh-cpu-view-private.h"

/* Rows of a map: values, their colours, and the line where they cross the threshold. Loops without a branch are left to
 * the compiler, which turns them into vectors. */

/* Bilinear over what is finite; a value that is not stays so over its own pixel, and poisons no neighbour. */
static float
value_with_gaps (const DhCpuNearest *map, const DhCpuLinear *between, int i, int j, const guint8 *a, const guint8 *b,
                 float y)
{
  float nearest = dh_cpu_float (dh_cpu_nearest_row (map, j), map->x[i]);
  if (!isfinite (nearest))
    return nearest;
  int x0 = between->x0[i], x1 = between->x1[i];
  float x = between->share[i], sum = 0.0f, weight = 0.0f;
  float v[4] = { dh_cpu_float (a, x0), dh_cpu_float (a, x1), dh_cpu_float (b, x0), dh_cpu_float (b, x1) };
  float w[4] = { (1.0f - x) * (1.0f - y), x * (1.0f - y), (1.0f - x) * y, x * y };
  for (int k = 0; k < 4; k++)
    if (isfinite (v[k]))
      {
        sum += v[k] * w[k];
        weight += w[k];
      }
  return sum / weight;
}

/* A row's values of one map; `column` holds a row of the map itself. */
static void
sample_row (const DhCpuView *cpu, const DhCpuNearest *map, const DhCpuLinear *between, int j, float *restrict column,
            float *restrict values)
{
  int width = cpu->view->width;
  if (cpu->nearest)
    {
      const float *row = (const float *)(const void *)dh_cpu_nearest_row (map, j);
      for (int i = 0; i < width; i++)
        values[i] = row[map->x[i]];
    }
  else
    {
      const guint8 *a, *b;
      float y;
      dh_cpu_linear_get_rows (cpu, between, j, &a, &b, &y);
      if (cpu->smooth)
        {
          const float *upper = (const float *)(const void *)a, *lower = (const float *)(const void *)b;
          for (int x = between->x0[0]; x <= between->x1[width - 1]; x++)
            column[x] = upper[x] * (1.0f - y) + lower[x] * y;
          for (int i = 0; i < width; i++)
            values[i] =
                column[between->x0[i]] * (1.0f - between->share[i]) + column[between->x1[i]] * between->share[i];
        }
      else
        for (int i = 0; i < width; i++)
          values[i] = value_with_gaps (map, between, i, j, a, b, y);
    }
}

/* What is coloured, and its last value once more, for what looks one to the right. */
static void
get_values (const DhCpuView *cpu, int j, float *restrict column, float *restrict second, float *restrict values)
{
  int width = cpu->view->width;
  sample_row (cpu, &cpu->map, &cpu->map_between, j, column, values);
  if (cpu->view->kind == DH_PANE_DIFFERENCE)
    {
      const DhSceneDifference *difference = &cpu->scene->difference;
      float a = difference->factor[0], b = difference->factor[1], offset = difference->offset;
      sample_row (cpu, &cpu->other, &cpu->other_between, j, column, second);
      for (int i = 0; i < width; i++)
        values[i] = a * values[i] - b * second[i] + offset;
    }
  values[width] = values[width - 1];
}

static void
color_row (const DhCpuView *cpu, const float *restrict values, guint32 *restrict row)
{
  int width = cpu->view->width;
  float low = cpu->low, slope = cpu->slope, middle = cpu->middle, below = cpu->below, above = cpu->above;
  for (int i = 0; i < width; i++)
    {
      float v = values[i], t;
      if (cpu->diverging)
        t = v < middle ? (v - low) * below : 0.5f + (v - middle) * above;
      else
        t = (v - low) * slope;
      t = t > 0.0f ? t : 0.0f; /* of NaN as well */
      t = t < 1.0f ? t : 1.0f;
      row[i] = cpu->colors[(int)(t * (DH_CPU_COLORS - 1) + 0.5f)];
    }
  for (int i = 0; !cpu->smooth && i < width; i++)
    if (!isfinite (values[i]))
      row[i] = 0xff000000u | DH_COLOR_NON_FINITE;
}

static gboolean
flagged (const DhCpuView *cpu, int i, int j)
{
  return dh_cpu_view_flags (cpu, dh_cpu_float (dh_cpu_nearest_row (&cpu->map, j), cpu->map.x[i]));
}

/* Where texels are seen they are followed exactly: white inside, the rim outside. */
static void
outline_texels (const DhCpuView *cpu, int j, const float *restrict values, guint8 *restrict flags, guint32 *row)
{
  int width = cpu->view->width, d = cpu->view->line;
  const guint8 *above = dh_cpu_nearest_row (&cpu->map, j - d), *under = dh_cpu_nearest_row (&cpu->map, j + d);
  for (int i = 0; i < width; i++)
    {
      int x = cpu->map.x[i];
      gboolean c = dh_cpu_view_flags (cpu, values[i]);
      flags[i] = (guint8)((dh_cpu_view_flags (cpu, dh_cpu_float (above, x)) != c)
                          | (dh_cpu_view_flags (cpu, dh_cpu_float (under, x)) != c) | (c << 1));
    }
  for (int i = 0; i < width; i++)
    {
      gboolean c = flags[i] >> 1, left = i >= d ? flags[i - d] >> 1 : flagged (cpu, i - d, j),
               right = i + d < width ? flags[i + d] >> 1 : flagged (cpu, i + d, j);
      if ((flags[i] & 1) || left != c || right != c)
        row[i] = c ? 0xffffffffu : dh_cpu_mix (row[i], DH_COLOR_RIM, DH_RIM_SHARE);
    }
}

static void
outline_pixel (const DhCpuView *cpu, int i, int j, float v, float right, float under, guint32 *pixel)
{
  if (!isfinite (v))
    return;
  float line = (float)cpu->view->line;
  float dx = (isfinite (right) ? right : cpu->bound) - v, dy = (isfinite (under) ? under : cpu->bound) - v;
  float steepness = MAX (sqrtf (dx * dx + dy * dy), 1e-20f);
  float d = fabsf (v - cpu->bound) / steepness;
  if (!(d <= 2.1f * line))
    return;
  /* At an edge of the map the slope promises a crossing that may not come: look whether it does. */
  float towards = (v < cpu->bound ? d + 0.6f : -d - 0.6f) / steepness;
  int ti = i + (int)roundf (dx * towards), tj = j + (int)roundf (dy * towards);
  if (flagged (cpu, ti, tj) == dh_cpu_view_flags (cpu, v))
    return;
  d /= line;
  *pixel = dh_cpu_mix (*pixel, DH_COLOR_RIM, CLAMP ((2.1f - d) * 1.4f, 0.0f, 1.0f) * DH_RIM_SHARE);
  *pixel = dh_cpu_mix (*pixel, 0xffffffu, CLAMP ((1.1f - d) * 2.0f, 0.0f, 1.0f));
}

/* The line lies where the interpolated map crosses the threshold, its width told from the map's slope. */
static void
outline_slope (const DhCpuView *cpu, int j, const float *restrict values, const float *restrict under,
               guint8 *restrict near, guint32 *row)
{
  int width = cpu->view->width;
  float reach = 2.1f * (float)cpu->view->line, bound = cpu->bound;
  reach *= reach * 1.0001f; /* outline_pixel() decides */
  if (cpu->smooth)
    for (int i = 0; i < width; i++)
      {
        float v = values[i], dx = values[i + 1] - v, dy = under[i] - v, e = v - bound;
        near[i] = e * e <= (dx * dx + dy * dy) * reach;
      }
  for (int i = 0; i < width; i++)
    if (!cpu->smooth || near[i])
      outline_pixel (cpu, i, j, values[i], values[i + 1], under[i], &row[i]);
}

void
dh_cpu_view_draw_map (const DhCpuView *cpu, int first, int last)
{
  const DhView *view = cpu->view;
  gsize width = (gsize)view->width;
  gsize columns = MAX (cpu->map.plane->width, cpu->other.plane ? cpu->other.plane->width : 0);
  float *memory = g_try_new (float, 3 * (width + 1) + columns + width / sizeof (float) + 1);
  if (memory == NULL)
    return;
  float *values = memory, *under = values + width + 1, *second = under + width + 1, *column = second + width + 1;
  guint8 *flags = (guint8 *)(column + columns);
  get_values (cpu, first, column, second, values);
  for (int j = first; j < last; j++)
    {
      guint32 *row = dh_cpu_view_row (cpu, j);
      color_row (cpu, values, row);
      if (cpu->outline && cpu->nearest)
        outline_texels (cpu, j, values, flags, row);
      if (j + 1 < view->height)
        get_values (cpu, j + 1, column, second, under);
      else
        memcpy (under, values, (width + 1) * sizeof (float));
      if (cpu->outline && !cpu->nearest)
        outline_slope (cpu, j, values, under, flags, row);
      float *swap = values;
      values = under;
      under = swap;
    }
  g_free (memory);
}
