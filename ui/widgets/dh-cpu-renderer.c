#include <math.h>
#include <string.h>
#include "dh-cpu-view-private.h"
#include "dh-parallel-private.h"

#define BAND_PIXELS 16000 /* of one piece of work: some tens of microseconds */

typedef struct
{
  const DhCpuView *cpu;
  int first, last;
} Band;

static void
draw_band (guint index, gpointer data)
{
  const Band *band = (const Band *)data + index;
  dh_cpu_view_draw (band->cpu, band->first, band->last);
}

/* Where a view's pixels lie; NULL: not to be drawn. */
typedef struct
{
  guint8 *pixels;
  gsize stride;
} Place;

static void
draw_views (const DhScene *scene, const DhPicture *picture, const Place *places)
{
  g_autofree DhCpuView *views = g_try_new0 (DhCpuView, MAX (1, picture->n_views));
  g_autoptr (GArray) bands = g_array_new (FALSE, FALSE, sizeof (Band));
  for (guint k = 0; views && k < picture->n_views; k++)
    {
      const DhView *view = &picture->views[k];
      if (places[k].pixels == NULL || !dh_cpu_view_init (&views[k], scene, view, places[k].pixels, places[k].stride))
        continue;
      int rows = MAX (1, BAND_PIXELS / view->width);
      for (int first = 0; first < view->height; first += rows)
        {
          Band band = { &views[k], first, MIN (first + rows, view->height) };
          g_array_append_val (bands, band);
        }
    }
  dh_parallel_for (bands->len, draw_band, bands->data);
  for (guint k = 0; views && k < picture->n_views; k++)
    dh_cpu_view_clear (&views[k]);
}

static gboolean
can_draw (const DhScene *scene, const DhPicture *picture, const DhView *view)
{
  return view->width > 0 && view->height > 0 && view->x >= 0 && view->y >= 0 && view->x + view->width <= picture->width
         && view->y + view->height <= picture->height && dh_scene_has (scene, view->kind, view->slot);
}

static gboolean
is_drawable (const DhPicture *picture)
{
  return picture->width >= 1 && picture->height >= 1 && picture->width <= 2 * DH_CANVAS_MAX_SIDE
         && picture->height <= 2 * DH_CANVAS_MAX_SIDE;
}

/* The order in which cairo keeps pixels, so that nothing is converted on the way to the screen. */
static GdkTexture *
texture_take (guint8 *pixels, int width, int height)
{
  gsize stride = (gsize)width * 4;
  g_autoptr (GBytes) bytes = g_bytes_new_take (pixels, stride * (gsize)height);
  return gdk_memory_texture_new (width, height, GDK_MEMORY_DEFAULT, bytes, stride);
}

void
dh_cpu_draw_views (const DhScene *scene, const DhPicture *picture, guint which, GdkTexture **textures)
{
  Place places[DH_MAX_VIEWS] = { { NULL, 0 } };
  if (!is_drawable (picture))
    return;
  for (guint k = 0; k < picture->n_views; k++)
    {
      const DhView *view = &picture->views[k];
      if (!(which & (1u << k)) || !can_draw (scene, picture, view))
        continue;
      places[k].stride = (gsize)view->width * 4;
      places[k].pixels = g_try_malloc (places[k].stride * (gsize)view->height);
    }
  draw_views (scene, picture, places);
  for (guint k = 0; k < picture->n_views; k++)
    if (places[k].pixels)
      {
        g_clear_object (&textures[k]);
        textures[k] = texture_take (places[k].pixels, picture->views[k].width, picture->views[k].height);
      }
}

static guint32
blend (const GdkRGBA *inner, const GdkRGBA *outer, float share)
{
  float a[3] = { inner->red, inner->green, inner->blue }, b[3] = { outer->red, outer->green, outer->blue };
  guint32 pixel = 0xff;
  for (int c = 0; c < 3; c++)
    pixel = pixel << 8 | (guint32)((a[c] + (b[c] - a[c]) * share) * 255.0f + 0.5f);
  return pixel;
}

static void
fill (guint8 *pixels, gsize stride, const GdkRectangle *area, const GdkRGBA *color)
{
  guint32 word = blend (color, color, 0.0f);
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
        ((guint32 *)(void *)(pixels + (gsize)py * stride))[px] =
            blend (&picture->panel, &picture->ground, CLAMP (share, 0.0f, 1.0f));
      }
}

GdkTexture *
dh_cpu_draw (const DhScene *scene, const DhPicture *picture)
{
  Place places[DH_MAX_VIEWS] = { { NULL, 0 } };
  if (!is_drawable (picture))
    return NULL;
  gsize stride = (gsize)picture->width * 4;
  guint8 *pixels = g_try_malloc0 (stride * (gsize)picture->height);
  if (pixels == NULL)
    return NULL;
  if (picture->ground.alpha > 0.0f)
    fill (pixels, stride, &(GdkRectangle){ 0, 0, picture->width, picture->height }, &picture->ground);
  for (guint i = 0; i < picture->n_panels; i++)
    draw_panel (picture, &picture->panels[i], pixels, stride);
  for (guint k = 0; k < picture->n_views; k++)
    if (can_draw (scene, picture, &picture->views[k]))
      places[k] = (Place){ pixels + (gsize)picture->views[k].y * stride + 4 * (gsize)picture->views[k].x, stride };
  draw_views (scene, picture, places);
  return texture_take (pixels, picture->width, picture->height);
}
