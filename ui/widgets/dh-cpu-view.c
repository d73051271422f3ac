#include "dh-cpu-view-private.h"
#include <math.h>

static gboolean
nearest_init (DhCpuNearest *nearest, const DhPlane *plane, const DhCpuView *cpu)
{
  const DhView *view = cpu->view;
  int margin = cpu->margin;
  if (plane->bytes == NULL)
    return TRUE;
  nearest->memory = g_try_new (int, (gsize)view->width + (gsize)view->height + 4 * (gsize)margin);
  if (nearest->memory == NULL)
    return FALSE;
  nearest->plane = plane;
  nearest->x = nearest->memory + margin;
  nearest->y = nearest->x + view->width + 2 * margin;
  for (int i = -margin; i < view->width + margin; i++)
    {
      float p = ((float)(view->x + i) + 0.5f - (float)view->x0) / (float)view->zoom;
      nearest->x[i] =
          CLAMP ((int)floorf (p * (float)plane->width / (float)cpu->scene->width), 0, (int)plane->width - 1);
    }
  for (int j = -margin; j < view->height + margin; j++)
    {
      float p = ((float)(view->y + j) + 0.5f - (float)view->y0) / (float)view->zoom;
      nearest->y[j] =
          CLAMP ((int)floorf (p * (float)plane->height / (float)cpu->scene->height), 0, (int)plane->height - 1);
    }
  return TRUE;
}

static gboolean
linear_init (DhCpuLinear *between, const DhPlane *plane, const DhCpuView *cpu)
{
  const DhView *view = cpu->view;
  gsize width = (gsize)view->width;
  if (plane->bytes == NULL || cpu->nearest)
    return TRUE;
  between->memory = g_try_malloc_n (width, 2 * sizeof (int) + sizeof (float));
  if (between->memory == NULL)
    return FALSE;
  between->plane = plane;
  between->x0 = between->memory;
  between->x1 = between->x0 + width;
  between->share = (float *)(void *)(between->x1 + width);
  for (int i = 0; i < view->width; i++)
    {
      float x = ((float)(view->x + i) + 0.5f - (float)view->x0) / (float)view->zoom * (float)plane->width
                    / (float)cpu->scene->width
                - 0.5f,
            first = floorf (x);
      between->x0[i] = CLAMP ((int)first, 0, (int)plane->width - 1);
      between->x1[i] = CLAMP ((int)first + 1, 0, (int)plane->width - 1);
      between->share[i] = x - first;
    }
  return TRUE;
}

void
dh_cpu_linear_get_rows (const DhCpuView *cpu, const DhCpuLinear *between, int j, const guint8 **a, const guint8 **b,
                        float *share)
{
  const DhView *view = cpu->view;
  const DhPlane *plane = between->plane;
  float y = ((float)(view->y + j) + 0.5f - (float)view->y0) / (float)view->zoom * (float)plane->height
                / (float)cpu->scene->height
            - 0.5f,
        first = floorf (y);
  *a = plane->data + (gsize)CLAMP ((int)first, 0, (int)plane->height - 1) * plane->stride;
  *b = plane->data + (gsize)CLAMP ((int)first + 1, 0, (int)plane->height - 1) * plane->stride;
  *share = y - first;
}

static void
colors_init (DhCpuView *cpu)
{
  const DhScale *scale = &cpu->scale;
  DhScale whole = { .map = scale->map, .reversed = scale->reversed, .low = 0.0, .high = 1.0, .threshold = NAN };
  for (int i = 0; i < DH_CPU_COLORS; i++)
    {
      guint8 rgb[3];
      dh_scale_get_color (&whole, i / (DH_CPU_COLORS - 1.0), rgb);
      cpu->colors[i] = 0xff000000u | ((guint32)rgb[0] << 16) | ((guint32)rgb[1] << 8) | rgb[2];
    }
  float range = (float)(scale->high - scale->low);
  cpu->low = (float)scale->low;
  cpu->slope = range > 0.0f ? 1.0f / range : 1e30f;
  cpu->diverging =
      scale->map == DH_COLOR_MAP_DIVERGING && scale->threshold > scale->low && scale->threshold < scale->high;
  if (cpu->diverging)
    {
      cpu->middle = (float)scale->threshold;
      cpu->below = (float)(0.5 / (scale->threshold - scale->low));
      cpu->above = (float)(0.5 / (scale->high - scale->threshold));
    }
}

static gboolean
is_smooth (const DhScene *scene, guint slot)
{
  const DhPlane *map = &scene->maps[slot];
  return scene->non_finite[slot] == 0 && ((gsize)map->data | map->stride) % sizeof (float) == 0;
}

gboolean
dh_cpu_view_init (DhCpuView *cpu, const DhScene *scene, const DhView *view, guint8 *pixels, gsize stride)
{
  gboolean difference = view->kind == DH_PANE_DIFFERENCE;
  guint slot = difference ? scene->difference.slot[0] : view->kind == DH_PANE_MAP ? view->slot : scene->active;
  guint other_slot = difference ? scene->difference.slot[1] : slot;
  const DhPlane *map = &scene->maps[slot], *other = &scene->maps[other_slot];
  const DhPlane *ids = view->kind == DH_PANE_CLASSES ? &scene->classes : &scene->segmentation;
  *cpu = (DhCpuView){
    .scene = scene,
    .view = view,
    .margin = 4 * view->line,
    .nearest = view->zoom >= 1.0,
    .scale = difference ? scene->difference.scale : scene->scales[slot],
    .bound = dh_scene_get_bound (scene, slot),
    .outline = view->kind == DH_PANE_MAP && scene->outlines[slot] && !isnan (scene->scales[slot].threshold),
    .smooth = is_smooth (scene, slot) && is_smooth (scene, other_slot),
    .overlay = view->kind == DH_PANE_IMAGE ? dh_scene_get_effective_overlay (scene) : DH_OVERLAY_NONE,
    .pixels = pixels,
    .stride = stride,
  };
  if (view->kind == DH_PANE_MAP || difference)
    colors_init (cpu);
  if (difference && (!nearest_init (&cpu->other, other, cpu) || !linear_init (&cpu->other_between, other, cpu)))
    return FALSE;
  return nearest_init (&cpu->map, map, cpu) && nearest_init (&cpu->ids, ids, cpu)
         && nearest_init (&cpu->truth, &scene->truth, cpu) && nearest_init (&cpu->image, &scene->image[0], cpu)
         && linear_init (&cpu->map_between, map, cpu)
         && linear_init (&cpu->image_between, &scene->image[dh_scene_get_level (scene, view->zoom)], cpu);
}

void
dh_cpu_view_clear (DhCpuView *cpu)
{
  g_free (cpu->map.memory);
  g_free (cpu->other.memory);
  g_free (cpu->ids.memory);
  g_free (cpu->truth.memory);
  g_free (cpu->image.memory);
  g_free (cpu->map_between.memory);
  g_free (cpu->other_between.memory);
  g_free (cpu->image_between.memory);
}

void
dh_cpu_view_draw (const DhCpuView *cpu, int first, int last)
{
  if (cpu->view->kind == DH_PANE_MAP || cpu->view->kind == DH_PANE_DIFFERENCE)
    dh_cpu_view_draw_map (cpu, first, last);
  else
    dh_cpu_view_draw_picture (cpu, first, last);
}
