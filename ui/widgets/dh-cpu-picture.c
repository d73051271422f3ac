#include <string.h>
#include "dh-cpu-view-private.h"

/* Rows of a photograph, with labels or an overlay over it. */

/* Memory of one band of rows: the sampled photograph's columns, and the overlay's categories of the rows about the one
 * that is drawn. */
typedef struct
{
  guint8 *memory;
  guint16 *column;     /* a row of the image between two of its rows, × 256 */
  guint16 *categories; /* 2 × line + 1 rows, each with a margin on both sides */
  gsize pitch;
  int n_rows, have; /* rows before `have` are there, the last n_rows of them */
} Band;

static gboolean
band_init (Band *band, const DhCpuView *cpu, int first)
{
  gsize columns = cpu->image_between.plane ? 4 * (gsize)cpu->image_between.plane->width : 0;
  int d = cpu->view->line;
  band->pitch = (gsize)(cpu->view->width + 2 * d);
  band->n_rows = 2 * d + 1;
  band->have = first - d;
  band->memory =
      g_try_malloc ((columns + (cpu->overlay != DH_OVERLAY_NONE ? band->pitch * (gsize)band->n_rows : 0)) * 2 + 1);
  band->column = (guint16 *)(void *)band->memory;
  band->categories = band->memory ? band->column + columns : NULL;
  return band->memory != NULL;
}

static void
photograph_row (const DhCpuView *cpu, int j, guint16 *restrict column, guint32 *restrict row)
{
  int width = cpu->view->width;
  if (cpu->image.plane == NULL)
    {
      for (int i = 0; i < width; i++)
        row[i] = 0xff808080u;
      return;
    }
  if (cpu->nearest)
    {
      const guint8 *texels = dh_cpu_nearest_row (&cpu->image, j);
      for (int i = 0; i < width; i++)
        {
          const guint8 *p = texels + 4 * (gsize)cpu->image.x[i];
          row[i] = 0xff000000u | ((guint32)p[0] << 16) | ((guint32)p[1] << 8) | p[2];
        }
      return;
    }
  const DhCpuLinear *between = &cpu->image_between;
  const guint8 *a, *b;
  float share;
  dh_cpu_linear_get_rows (cpu, between, j, &a, &b, &share);
  guint32 lower = (guint32)(share * 256.0f + 0.5f), upper = 256 - lower;
  for (int k = 4 * between->x0[0]; k < 4 * between->x1[width - 1] + 4; k++)
    column[k] = (guint16)(a[k] * upper + b[k] * lower);
  for (int i = 0; i < width; i++)
    {
      const guint16 *p = column + 4 * between->x0[i], *q = column + 4 * between->x1[i];
      guint32 right = (guint32)(between->share[i] * 256.0f + 0.5f), left = 256 - right;
      row[i] = 0xff000000u | (((p[0] * left + q[0] * right + 32768u) & 0xff0000u))
               | (((p[1] * left + q[1] * right + 32768u) >> 8) & 0xff00u)
               | ((p[2] * left + q[2] * right + 32768u) >> 16);
    }
}

static inline guint32
grey (guint32 pixel, float share)
{
  float luminance =
      0.299f * (float)((pixel >> 16) & 255) + 0.587f * (float)((pixel >> 8) & 255) + 0.114f * (float)(pixel & 255);
  return (guint32)(luminance * share + 0.5f) * 0x010101u;
}

static inline guint32
palette_rgb (const DhScene *scene, guint8 id)
{
  const guint8 *p = scene->palette + 4 * id;
  return ((guint32)p[0] << 16) | ((guint32)p[1] << 8) | p[2];
}

static gboolean
hatch (const DhCpuView *cpu, int i, int j)
{
  float period = DH_HATCH * (float)cpu->view->line;
  float at = (float)(cpu->view->x + i) + 0.5f + (float)(cpu->view->y + j) + 0.5f;
  return at - period * (float)(int)(at / period) < 0.4f * period; /* `at` is never negative */
}

static void
ids_row (const DhCpuView *cpu, int j, guint32 *restrict row)
{
  const guint8 *ids = dh_cpu_nearest_row (&cpu->ids, j);
  guint32 paints[256];
  float greys[256];
  if (cpu->image.plane == NULL)
    {
      for (int i = 0; i < cpu->view->width; i++)
        {
          const guint8 id = ids[cpu->ids.x[i]];
          row[i] = 0xff000000u | (dh_scene_shows_class (cpu->scene, id) ? palette_rgb (cpu->scene, id) : 0);
        }
      return;
    }
  /* Both shares rounded apart are one off at most. */
  for (guint id = 0; id < 256; id++)
    {
      const float share = dh_scene_shows_class (cpu->scene, (guint8)id) ? DH_SCENE_IDS_SHARE : 0.0f;
      guint32 rgb = palette_rgb (cpu->scene, (guint8)id), paint = 0;
      for (int shift = 0; shift <= 16; shift += 8)
        paint |= (guint32)((float)((rgb >> shift) & 255) * share) << shift;
      paints[id] = paint;
      greys[id] = 1.0f - share;
    }
  for (int i = 0; i < cpu->view->width; i++)
    {
      const guint8 id = ids[cpu->ids.x[i]];
      row[i] = 0xff000000u | (grey (row[i], greys[id]) + paints[id]);
    }
}

static void
truth_row (const DhCpuView *cpu, int j, guint32 *restrict row)
{
  const guint8 *truth = dh_cpu_nearest_row (&cpu->truth, j);
  for (int i = 0; i < cpu->view->width; i++)
    row[i] = 0xff000000u | grey (row[i], DH_SCENE_TRUTH_DIM);
  for (int i = 0; i < cpu->view->width; i++)
    {
      guint8 t = truth[cpu->truth.x[i]];
      if (t == 1)
        row[i] = dh_cpu_mix (row[i], DH_COLOR_FN, DH_SCENE_TRUTH_SHARE);
      else if (t > 1)
        row[i] = dh_cpu_mix (row[i], hatch (cpu, i, j) ? 0xc7c7c7u : 0x8c8c8cu, 0.6f);
    }
}

/* Of labels that are drawn: 1 what is flagged and not labelled, 2 ignored, 3 anomaly. */
static void
label_row (const DhCpuView *cpu, int j, int margin, guint16 *restrict out)
{
  const int width = cpu->view->width;
  const guint8 *truth = dh_cpu_nearest_row (&cpu->truth, j);
  const float *map = cpu->map.plane != NULL ? (const float *)(const void *)dh_cpu_nearest_row (&cpu->map, j) : NULL;
  for (int i = -margin; i < width + margin; i++)
    {
      const guint8 t = truth[cpu->truth.x[i]];
      out[i] = t == 1 ? 3 : t > 1 ? 2 : map != NULL && dh_cpu_view_flags (cpu, map[cpu->map.x[i]]);
    }
}

/* 0 nothing or a hidden class, 1 TP or mask, 2 FP, 3 FN, 4 + id for classes; of row j, `margin` columns beyond both
 * ends. */
static void
categorize_row (const DhCpuView *cpu, int j, int margin, guint16 *restrict out)
{
  int width = cpu->view->width;
  if (cpu->overlay == DH_OVERLAY_CLASSES)
    {
      const guint8 *ids = dh_cpu_nearest_row (&cpu->ids, j);
      for (int i = -margin; i < width + margin; i++)
        {
          const guint8 id = ids[cpu->ids.x[i]];
          out[i] = dh_scene_shows_class (cpu->scene, id) ? (guint16)(4 + id) : 0;
        }
      return;
    }
  if (cpu->overlay == DH_OVERLAY_LABELS)
    {
      label_row (cpu, j, margin, out);
      return;
    }
  const float *map = (const float *)(const void *)dh_cpu_nearest_row (&cpu->map, j);
  float bound = cpu->bound;
  if (cpu->scale.flag_below)
    for (int i = -margin; i < width + margin; i++)
      out[i] = map[cpu->map.x[i]] < bound;
  else
    for (int i = -margin; i < width + margin; i++)
      out[i] = map[cpu->map.x[i]] > bound;
  if (cpu->overlay != DH_OVERLAY_OUTCOME)
    return;
  static const guint8 outcomes[3][2] = { { 0, 2 }, { 3, 1 }, { 0, 0 } };
  const guint8 *truth = dh_cpu_nearest_row (&cpu->truth, j);
  for (int i = -margin; i < width + margin; i++)
    out[i] = outcomes[MIN (truth[cpu->truth.x[i]], 2)][out[i]];
}

static const guint16 *
get_categories (const DhCpuView *cpu, Band *band, int j)
{
  int d = cpu->view->line;
  for (; band->have <= j; band->have++)
    categorize_row (cpu, band->have, d,
                    band->categories + (gsize)((band->have + d) % band->n_rows) * band->pitch + (gsize)d);
  return band->categories + (gsize)((j + d) % band->n_rows) * band->pitch + (gsize)d;
}

static guint32
category_color (const DhCpuView *cpu, guint c)
{
  if (cpu->overlay == DH_OVERLAY_CLASSES)
    return palette_rgb (cpu->scene, (guint8)(c - 4));
  if (cpu->overlay == DH_OVERLAY_MASK)
    return DH_COLOR_MASK;
  if (cpu->overlay == DH_OVERLAY_LABELS)
    return c == 1 ? DH_COLOR_MASK : c == 2 ? 0xc7c7c7u : DH_COLOR_FN;
  return c == 1 ? DH_COLOR_TP : c == 2 ? DH_COLOR_FP : DH_COLOR_FN;
}

static void
overlay_row (const DhCpuView *cpu, Band *band, int j, guint32 *restrict row)
{
  int width = cpu->view->width, d = cpu->view->line;
  const gboolean labels = cpu->overlay == DH_OVERLAY_LABELS;
  gboolean fill = cpu->scene->fill || labels, classes = cpu->overlay == DH_OVERLAY_CLASSES;
  float opacity = (float)cpu->scene->opacity;
  const guint16 *above = get_categories (cpu, band, j - d), *under = get_categories (cpu, band, j + d);
  const guint16 *here = get_categories (cpu, band, j);
  if (classes && fill)
    {
      for (int i = 0; i < width; i++)
        if (here[i] != 0)
          row[i] = dh_cpu_mix (row[i], category_color (cpu, here[i]), opacity);
      return;
    }
  /* Zoomed out one line of a pixel is enough, between each pixel and the next. */
  gboolean thin = fill && !cpu->nearest;
  for (int i = 0; i < width; i++)
    {
      if (classes && here[i] == 0)
        continue;
      guint16 c = here[i], right = here[i + d], below = under[i];
      if (thin && (right != c || below != c))
        {
          row[i] = labels && MAX (c, MAX (right, below)) == 1
                       ? dh_cpu_mix (row[i], DH_COLOR_MASK, DH_COLOR_FLAGGED_LINE_SHARE)
                       : dh_cpu_mix (row[i], DH_COLOR_RIM, DH_RIM_SHARE);
          continue;
        }
      guint16 left = here[i - d], over = above[i];
      gboolean edge = !thin && (left != c || right != c || over != c || below != c);
      if (classes)
        {
          if (edge)
            row[i] = dh_cpu_mix (row[i], category_color (cpu, c), MAX (opacity, 0.5f));
          continue;
        }
      if (edge)
        {
          /* Between two tinted areas the rim is drawn once, on the side of the higher number. */
          gboolean inner = c == 0 || (left != 0 && left < c) || (right != 0 && right < c) || (over != 0 && over < c)
                           || (below != 0 && below < c);
          row[i] = inner ? dh_cpu_mix (row[i], DH_COLOR_RIM, DH_RIM_SHARE)
                         : dh_cpu_mix (row[i], category_color (cpu, c), MAX (opacity, 0.85f));
        }
      else if (c != 0 && fill && !(labels && c == 1))
        {
          if (labels && c == 2)
            {
              row[i] = dh_cpu_mix (row[i], hatch (cpu, i, j) ? 0xc7c7c7u : 0x8c8c8cu, opacity);
              continue;
            }
          row[i] = dh_cpu_mix (row[i], category_color (cpu, c), opacity);
          if (cpu->overlay == DH_OVERLAY_OUTCOME && c == 3 && hatch (cpu, i, j))
            row[i] = dh_cpu_mix (row[i], 0xffffffu, 0.45f * opacity);
        }
    }
}

void
dh_cpu_view_draw_picture (const DhCpuView *cpu, int first, int last)
{
  Band band;
  if (!band_init (&band, cpu, first))
    return;
  for (int j = first; j < last; j++)
    {
      guint32 *row = dh_cpu_view_row (cpu, j);
      photograph_row (cpu, j, band.column, row);
      switch (cpu->view->kind)
        {
        case DH_PANE_IMAGE:
          if (cpu->overlay != DH_OVERLAY_NONE)
            overlay_row (cpu, &band, j, row);
          break;
        case DH_PANE_SEGMENTATION:
        case DH_PANE_CLASSES:
          ids_row (cpu, j, row);
          break;
        case DH_PANE_TRUTH:
          truth_row (cpu, j, row);
          break;
        case DH_PANE_MAP:
        case DH_PANE_DIFFERENCE:
          break; /* dh_cpu_view_draw_map() */
        }
    }
  g_free (band.memory);
}
