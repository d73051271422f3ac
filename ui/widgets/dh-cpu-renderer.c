#include <math.h>
#include <string.h>
#include "dh-renderer-private.h"

/* The same picture as canvas.glsl draws, in the same float arithmetic: every function here has its namesake there. */

#define MARGIN 4 /* lines beyond the view that edges look at */
#define N_COLORS 1024

/* Which texel of a plane each column and row of the view shows; both reach MARGIN lines beyond. */
typedef struct
{
  const DhPlane *plane;
  int *memory, *x, *y;
} Lookup;

typedef struct
{
  const DhScene *scene;
  const DhView *view;
  DhScale scale;
  float bound;
  guint8 colors[N_COLORS][3];             /* the map's table, reversed or not */
  float low, slope, middle, below, above; /* position in it: of a diverging map on both sides of the middle */
  gboolean diverging;
  DhOverlay overlay;
  Lookup map, ids, truth, image;
  float *image_fx, *image_fy; /* level coordinates of photograph() below 100 % */
  float *map_fx, *map_fy;
  guint level;
  guint8 *pixels;
  gsize stride;
} Job;

static gboolean
lookup_init (Lookup *lookup, const DhPlane *plane, const Job *job)
{
  const DhView *view = job->view;
  int margin = MARGIN * view->line;
  if (plane->bytes == NULL)
    return TRUE;
  lookup->memory = g_try_new (int, (gsize)view->width + (gsize)view->height + 4 * (gsize)margin);
  if (lookup->memory == NULL)
    return FALSE;
  lookup->plane = plane;
  lookup->x = lookup->memory + margin;
  lookup->y = lookup->x + view->width + 2 * margin;
  for (int i = -margin; i < view->width + margin; i++)
    {
      float p = ((float)(view->x + i) + 0.5f - (float)view->x0) / (float)view->zoom;
      lookup->x[i] = CLAMP ((int)floorf (p * (float)plane->width / (float)job->scene->width), 0, (int)plane->width - 1);
    }
  for (int j = -margin; j < view->height + margin; j++)
    {
      float p = ((float)(view->y + j) + 0.5f - (float)view->y0) / (float)view->zoom;
      lookup->y[j] =
          CLAMP ((int)floorf (p * (float)plane->height / (float)job->scene->height), 0, (int)plane->height - 1);
    }
  return TRUE;
}

/* Texel coordinates minus ½, for bilinear sampling. */
static gboolean
fractions_init (float **fx, float **fy, const DhPlane *plane, const Job *job)
{
  const DhView *view = job->view;
  *fx = g_try_new (float, view->width);
  *fy = g_try_new (float, view->height);
  if (*fx == NULL || *fy == NULL)
    return FALSE;
  for (int i = 0; i < view->width; i++)
    (*fx)[i] = ((float)(view->x + i) + 0.5f - (float)view->x0) / (float)view->zoom * (float)plane->width
                   / (float)job->scene->width
               - 0.5f;
  for (int j = 0; j < view->height; j++)
    (*fy)[j] = ((float)(view->y + j) + 0.5f - (float)view->y0) / (float)view->zoom * (float)plane->height
                   / (float)job->scene->height
               - 0.5f;
  return TRUE;
}

static inline float
map_at (const DhPlane *plane, int x, int y)
{
  float v;
  memcpy (&v, plane->data + (gsize)y * plane->stride + (gsize)x * 4, 4);
  return v;
}

static inline gboolean
flagged (const Job *job, int i, int j)
{
  float v = map_at (job->map.plane, job->map.x[i], job->map.y[j]);
  return job->scale.flag_below ? v < job->bound : v > job->bound; /* FALSE for NaN */
}

static inline guint8
byte_at (const Lookup *lookup, int i, int j)
{
  return lookup->plane->data[(gsize)lookup->y[j] * lookup->plane->stride + (gsize)lookup->x[i]];
}

static void
photograph (const Job *job, int i, int j, float out[3])
{
  const DhPlane *plane = &job->scene->image[0];
  if (plane->bytes == NULL)
    {
      out[0] = out[1] = out[2] = 127.5f;
      return;
    }
  if (job->view->zoom >= 1.0)
    {
      const guint8 *p = plane->data + (gsize)job->image.y[j] * plane->stride + 4 * (gsize)job->image.x[i];
      for (int c = 0; c < 3; c++)
        out[c] = p[c];
      return;
    }
  plane = &job->scene->image[job->level];
  float x = job->image_fx[i], y = job->image_fy[j], bx = floorf (x), by = floorf (y);
  int x0 = CLAMP ((int)bx, 0, (int)plane->width - 1), x1 = CLAMP ((int)bx + 1, 0, (int)plane->width - 1);
  int y0 = CLAMP ((int)by, 0, (int)plane->height - 1), y1 = CLAMP ((int)by + 1, 0, (int)plane->height - 1);
  const guint8 *a = plane->data + (gsize)y0 * plane->stride, *b = plane->data + (gsize)y1 * plane->stride;
  x -= bx;
  y -= by;
  for (int c = 0; c < 3; c++)
    {
      float top = (float)a[4 * x0 + c] * (1.0f - x) + (float)a[4 * x1 + c] * x;
      float bottom = (float)b[4 * x0 + c] * (1.0f - x) + (float)b[4 * x1 + c] * x;
      out[c] = top * (1.0f - y) + bottom * y;
    }
}

static float
luminance (const float c[3])
{
  return 0.299f * c[0] + 0.587f * c[1] + 0.114f * c[2];
}

static void
mix_rgb (float color[3], guint32 rgb, float share)
{
  color[0] += ((float)((rgb >> 16) & 255) - color[0]) * share;
  color[1] += ((float)((rgb >> 8) & 255) - color[1]) * share;
  color[2] += ((float)(rgb & 255) - color[2]) * share;
}

static gboolean
hatch (const Job *job, int i, int j)
{
  float period = DH_HATCH * (float)job->view->line;
  float at = (float)(job->view->x + i) + 0.5f + (float)(job->view->y + j) + 0.5f;
  return at - period * floorf (at / period) < 0.4f * period;
}

static float
map_value (const Job *job, int i, int j)
{
  const DhPlane *plane = job->map.plane;
  float nearest = map_at (plane, job->map.x[i], job->map.y[j]);
  if (job->view->zoom >= 1.0 || !isfinite (nearest))
    return nearest;
  float x = job->map_fx[i], y = job->map_fy[j], bx = floorf (x), by = floorf (y);
  int x0 = CLAMP ((int)bx, 0, (int)plane->width - 1), x1 = CLAMP ((int)bx + 1, 0, (int)plane->width - 1);
  int y0 = CLAMP ((int)by, 0, (int)plane->height - 1), y1 = CLAMP ((int)by + 1, 0, (int)plane->height - 1);
  x -= bx;
  y -= by;
  float v[4] = { map_at (plane, x0, y0), map_at (plane, x1, y0), map_at (plane, x0, y1), map_at (plane, x1, y1) };
  float w[4] = { (1.0f - x) * (1.0f - y), x * (1.0f - y), (1.0f - x) * y, x * y };
  float sum = 0.0f, weight = 0.0f;
  for (int k = 0; k < 4; k++)
    if (isfinite (v[k]))
      {
        sum += v[k] * w[k];
        weight += w[k];
      }
  return sum / weight;
}

static int
category (const Job *job, int i, int j)
{
  switch (job->overlay)
    {
    case DH_OVERLAY_MASK:
      return flagged (job, i, j) ? 1 : 0;
    case DH_OVERLAY_OUTCOME:
      {
        guint8 truth = byte_at (&job->truth, i, j);
        if (truth > 1)
          return 0;
        gboolean f = flagged (job, i, j);
        return truth == 1 ? (f ? 1 : 3) : (f ? 2 : 0);
      }
    case DH_OVERLAY_CLASSES:
      return 4 + byte_at (&job->ids, i, j);
    case DH_OVERLAY_NONE:
      break;
    }
  return 0;
}

static guint32
palette_rgb (const DhScene *scene, guint8 id)
{
  const guint8 *p = scene->palette + 4 * id;
  return ((guint32)p[0] << 16) | ((guint32)p[1] << 8) | p[2];
}

static guint32
category_color (const Job *job, int c)
{
  if (job->overlay == DH_OVERLAY_CLASSES)
    return palette_rgb (job->scene, (guint8)(c - 4));
  if (job->overlay == DH_OVERLAY_MASK)
    return DH_COLOR_MASK;
  return c == 1 ? DH_COLOR_TP : c == 2 ? DH_COLOR_FP : DH_COLOR_FN;
}

static void
with_overlay (const Job *job, int i, int j, float color[3])
{
  if (job->overlay == DH_OVERLAY_NONE)
    return;
  int d = job->view->line;
  float opacity = (float)job->scene->opacity;
  int c = category (job, i, j);
  int right = category (job, i + d, j), below = category (job, i, j + d);
  gboolean edge;
  int n[4] = { c, right, c, below };
  if (job->overlay == DH_OVERLAY_CLASSES && job->scene->fill)
    {
      mix_rgb (color, category_color (job, c), opacity);
      return;
    }
  if (job->scene->fill && job->view->zoom < 1.0)
    {
      if (right != c || below != c)
        {
          mix_rgb (color, DH_COLOR_RIM, DH_RIM_SHARE);
          return;
        }
      edge = FALSE;
    }
  else
    {
      n[0] = category (job, i - d, j);
      n[2] = category (job, i, j - d);
      edge = n[0] != c || n[1] != c || n[2] != c || n[3] != c;
    }
  if (job->overlay == DH_OVERLAY_CLASSES)
    {
      if (edge)
        mix_rgb (color, category_color (job, c), MAX (opacity, 0.5f));
      return;
    }
  if (c == 0)
    {
      if (edge)
        mix_rgb (color, DH_COLOR_RIM, DH_RIM_SHARE);
      return;
    }
  if (edge)
    {
      gboolean inner = FALSE;
      for (int k = 0; k < 4; k++)
        inner |= n[k] != 0 && n[k] < c;
      if (inner)
        mix_rgb (color, DH_COLOR_RIM, DH_RIM_SHARE);
      else
        mix_rgb (color, category_color (job, c), MAX (opacity, 0.85f));
      return;
    }
  if (!job->scene->fill)
    return;
  mix_rgb (color, category_color (job, c), opacity);
  if (job->overlay == DH_OVERLAY_OUTCOME && c == 3 && hatch (job, i, j))
    mix_rgb (color, 0xffffffu, 0.45f * opacity);
}

static void
map_color (const Job *job, float v, float color[3])
{
  if (!isfinite (v))
    {
      color[0] = color[2] = 255.0f;
      color[1] = 0.0f;
      return;
    }
  float t = (v - job->low) * job->slope;
  if (job->diverging)
    t = v < job->middle ? (v - job->low) * job->below : 0.5f + (v - job->middle) * job->above;
  const guint8 *entry = job->colors[(int)(CLAMP (t, 0.0f, 1.0f) * (N_COLORS - 1) + 0.5f)];
  for (int c = 0; c < 3; c++)
    color[c] = entry[c];
}

static void
with_texel_outline (const Job *job, int i, int j, float color[3])
{
  int d = job->view->line;
  gboolean c = flagged (job, i, j);
  if (flagged (job, i - d, j) == c && flagged (job, i + d, j) == c && flagged (job, i, j - d) == c
      && flagged (job, i, j + d) == c)
    return;
  if (c)
    color[0] = color[1] = color[2] = 255.0f;
  else
    mix_rgb (color, DH_COLOR_RIM, DH_RIM_SHARE);
}

/* `right` and `under` are the values one pixel on. */
static void
with_slope_outline (const Job *job, int i, int j, float v, float right, float under, float color[3])
{
  if (!isfinite (v))
    return;
  float line = (float)job->view->line;
  float dx = (isfinite (right) ? right : job->bound) - v, dy = (isfinite (under) ? under : job->bound) - v;
  float steepness = MAX (sqrtf (dx * dx + dy * dy), 1e-20f);
  float d = fabsf (v - job->bound) / steepness;
  if (!(d <= 2.1f * line))
    return;
  float towards = (v < job->bound ? d + 0.6f : -d - 0.6f) / steepness;
  int ti = i + (int)roundf (dx * towards), tj = j + (int)roundf (dy * towards);
  if (flagged (job, ti, tj) == (job->scale.flag_below ? v < job->bound : v > job->bound))
    return;
  d /= line;
  mix_rgb (color, DH_COLOR_RIM, CLAMP ((2.1f - d) * 1.4f, 0.0f, 1.0f) * DH_RIM_SHARE);
  mix_rgb (color, 0xffffffu, CLAMP ((1.1f - d) * 2.0f, 0.0f, 1.0f));
}

/* One row of a map: two rows of values are kept, for the outline looks one down. */
static void
draw_map_row (const Job *job, int j, const float *values, const float *under, gboolean outline, guint8 *row)
{
  gboolean nearest = job->view->zoom >= 1.0;
  int width = job->view->width;
  for (int i = 0; i < width; i++)
    {
      float color[3];
      map_color (job, values[i], color);
      if (outline && nearest)
        with_texel_outline (job, i, j, color);
      else if (outline)
        with_slope_outline (job, i, j, values[i], values[MIN (i + 1, width - 1)], under[i], color);
      for (int c = 0; c < 3; c++)
        row[4 * i + c] = (guint8)(color[c] + 0.5f);
      row[4 * i + 3] = 255;
    }
}

static void
draw_pixel (const Job *job, int i, int j, float color[3])
{
  switch (job->view->kind)
    {
    case DH_PANE_IMAGE:
      photograph (job, i, j, color);
      with_overlay (job, i, j, color);
      break;
    case DH_PANE_SEGMENTATION:
    case DH_PANE_CLASSES:
      {
        guint32 paint = palette_rgb (job->scene, byte_at (&job->ids, i, j));
        photograph (job, i, j, color);
        color[0] = color[1] = color[2] = luminance (color);
        mix_rgb (color, paint, job->scene->image[0].bytes ? DH_SCENE_IDS_SHARE : 1.0f);
        break;
      }
    case DH_PANE_TRUTH:
      {
        guint8 truth = byte_at (&job->truth, i, j);
        photograph (job, i, j, color);
        color[0] = color[1] = color[2] = luminance (color) * DH_SCENE_TRUTH_DIM;
        if (truth == 1)
          mix_rgb (color, DH_COLOR_FN, DH_SCENE_TRUTH_SHARE);
        else if (truth > 1)
          mix_rgb (color, hatch (job, i, j) ? 0xc7c7c7u : 0x8c8c8cu, 0.6f);
        break;
      }
    case DH_PANE_MAP:
      break; /* draw_map_row() */
    }
}

typedef struct
{
  const Job *job;
  int first, last;
} Band;

static void
draw_map_band (const Job *job, int first, int last)
{
  const DhView *view = job->view;
  gboolean outline = job->scene->outlines[view->slot] && !isnan (job->scale.threshold);
  g_autofree float *rows = g_try_new (float, 2 * (gsize)view->width);
  if (rows == NULL)
    return;
  float *values = rows, *under = rows + view->width;
  for (int i = 0; i < view->width; i++)
    values[i] = map_value (job, i, first);
  for (int j = first; j < last; j++)
    {
      for (int i = 0; i < view->width; i++)
        under[i] = map_value (job, i, MIN (j + 1, view->height - 1));
      draw_map_row (job, j, values, under, outline,
                    job->pixels + (gsize)(view->y + j) * job->stride + 4 * (gsize)view->x);
      float *swap = values;
      values = under;
      under = swap;
    }
}

static gpointer
draw_band (gpointer data)
{
  const Band *band = data;
  const Job *job = band->job;
  const DhView *view = job->view;
  if (view->kind == DH_PANE_MAP)
    {
      draw_map_band (job, band->first, band->last);
      return NULL;
    }
  for (int j = band->first; j < band->last; j++)
    {
      guint8 *row = job->pixels + (gsize)(view->y + j) * job->stride + 4 * (gsize)view->x;
      for (int i = 0; i < view->width; i++)
        {
          float color[3];
          draw_pixel (job, i, j, color);
          for (int c = 0; c < 3; c++)
            row[4 * i + c] = (guint8)(color[c] + 0.5f);
          row[4 * i + 3] = 255;
        }
    }
  return NULL;
}

static void
colors_init (Job *job)
{
  const DhScale *scale = &job->scale;
  DhScale whole = { .map = scale->map, .reversed = scale->reversed, .low = 0.0, .high = 1.0, .threshold = NAN };
  for (int i = 0; i < N_COLORS; i++)
    dh_scale_get_color (&whole, i / (N_COLORS - 1.0), job->colors[i]);
  float range = (float)(scale->high - scale->low);
  job->low = (float)scale->low;
  job->slope = range > 0.0f ? 1.0f / range : 1e30f;
  job->diverging =
      scale->map == DH_COLOR_MAP_DIVERGING && scale->threshold > scale->low && scale->threshold < scale->high;
  if (job->diverging)
    {
      job->middle = (float)scale->threshold;
      job->below = (float)(0.5 / (scale->threshold - scale->low));
      job->above = (float)(0.5 / (scale->high - scale->threshold));
    }
}

static gboolean
job_init (Job *job)
{
  const DhScene *scene = job->scene;
  const DhView *view = job->view;
  const DhPlane *map = &scene->maps[view->kind == DH_PANE_MAP ? view->slot : scene->active];
  const DhPlane *ids = view->kind == DH_PANE_CLASSES ? &scene->classes : &scene->segmentation;
  job->level = dh_scene_get_level (scene, view->zoom);
  gboolean ok = lookup_init (&job->map, map, job) && lookup_init (&job->ids, ids, job)
                && lookup_init (&job->truth, &scene->truth, job) && lookup_init (&job->image, &scene->image[0], job);
  if (ok && scene->image[0].bytes)
    ok = fractions_init (&job->image_fx, &job->image_fy, &scene->image[job->level], job);
  if (ok && map->bytes)
    ok = fractions_init (&job->map_fx, &job->map_fy, map, job);
  return ok;
}

static void
job_clear (Job *job)
{
  g_free (job->map.memory);
  g_free (job->ids.memory);
  g_free (job->truth.memory);
  g_free (job->image.memory);
  g_free (job->image_fx);
  g_free (job->image_fy);
  g_free (job->map_fx);
  g_free (job->map_fy);
}

static void
draw_view (const DhScene *scene, const DhView *view, guint8 *pixels, gsize stride)
{
  guint slot = view->kind == DH_PANE_MAP ? view->slot : scene->active;
  Job job = { scene,
              view,
              .scale = scene->scales[slot],
              .bound = dh_scale_get_bound (&scene->scales[slot]),
              .pixels = pixels,
              .stride = stride };
  job.overlay = view->kind == DH_PANE_IMAGE ? dh_scene_get_effective_overlay (scene) : DH_OVERLAY_NONE;
  if (view->kind == DH_PANE_MAP)
    colors_init (&job);
  if (job_init (&job))
    {
      guint n_bands = (guint)CLAMP (view->width * view->height / 40000, 1, (int)MIN (4, g_get_num_processors ()));
      Band bands[4];
      GThread *threads[4] = { NULL };
      for (guint k = 0; k < n_bands; k++)
        {
          bands[k] = (Band){ &job, view->height * (int)k / (int)n_bands, view->height * (int)(k + 1) / (int)n_bands };
          if (k + 1 < n_bands)
            threads[k] = g_thread_try_new ("canvas", draw_band, &bands[k], NULL);
          if (threads[k] == NULL)
            draw_band (&bands[k]);
        }
      for (guint k = 0; k < n_bands; k++)
        if (threads[k])
          g_thread_join (threads[k]);
    }
  job_clear (&job);
}

static void
put_color (guint8 *pixel, const GdkRGBA *inner, const GdkRGBA *outer, float share)
{
  float a[4] = { inner->red, inner->green, inner->blue, 1.0f }, b[4] = { outer->red, outer->green, outer->blue, 1.0f };
  for (int c = 0; c < 4; c++)
    pixel[c] = (guint8)((a[c] + (b[c] - a[c]) * share) * 255.0f + 0.5f);
}

static void
fill (guint8 *pixels, gsize stride, const GdkRectangle *area, const GdkRGBA *color)
{
  guint8 pixel[4];
  guint32 word;
  put_color (pixel, color, color, 0.0f);
  memcpy (&word, pixel, 4);
  for (int y = area->y; y < area->y + area->height; y++)
    {
      guint32 *row = (guint32 *)(void *)(pixels + (gsize)y * stride);
      for (int x = area->x; x < area->x + area->width; x++)
        row[x] = word;
    }
}

static void
draw_panel (const DhPicture *picture, const GdkRectangle *panel, guint8 *pixels, gsize stride)
{
  int r = picture->radius;
  GdkRectangle target = { 0, 0, picture->width, picture->height }, area;
  if (!gdk_rectangle_intersect (panel, &target, &area))
    return;
  fill (pixels, stride, &area, &picture->panel);
  if (!gdk_rectangle_equal (&area, panel) || panel->width < 2 * r || panel->height < 2 * r)
    return;
  for (int y = 0; y < 2 * r; y++)
    for (int x = 0; x < 2 * r; x++)
      {
        float share = hypotf ((float)x + 0.5f - (float)r, (float)y + 0.5f - (float)r) - (float)r + 0.5f;
        int px = panel->x + (x < r ? x : panel->width - 2 * r + x),
            py = panel->y + (y < r ? y : panel->height - 2 * r + y);
        put_color (pixels + (gsize)py * stride + 4 * (gsize)px, &picture->panel, &picture->ground,
                   CLAMP (share, 0.0f, 1.0f));
      }
}

GdkTexture *
dh_cpu_draw (const DhScene *scene, const DhPicture *picture)
{
  int width = picture->width, height = picture->height;
  if (width < 1 || height < 1 || width > 2 * DH_CANVAS_MAX_SIDE || height > 2 * DH_CANVAS_MAX_SIDE)
    return NULL;
  gsize stride = (gsize)width * 4;
  guint8 *pixels = g_try_malloc0 (stride * (gsize)height);
  if (pixels == NULL)
    return NULL;
  if (picture->ground.alpha > 0.0f)
    fill (pixels, stride, &(GdkRectangle){ 0, 0, width, height }, &picture->ground);
  for (guint i = 0; i < picture->n_panels; i++)
    draw_panel (picture, &picture->panels[i], pixels, stride);
  for (guint k = 0; k < picture->n_views; k++)
    {
      const DhView *view = &picture->views[k];
      if (view->width > 0 && view->height > 0 && view->x >= 0 && view->y >= 0 && view->x + view->width <= width
          && view->y + view->height <= height && dh_scene_has (scene, view->kind, view->slot))
        draw_view (scene, view, pixels, stride);
    }
  g_autoptr (GBytes) bytes = g_bytes_new_take (pixels, stride * (gsize)height);
  return gdk_memory_texture_new (width, height, GDK_MEMORY_R8G8B8A8_PREMULTIPLIED, bytes, stride);
}
