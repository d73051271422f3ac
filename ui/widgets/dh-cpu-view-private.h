#pragma once
#include "dh-renderer-private.h"

G_BEGIN_DECLS

/* One view being drawn by the CPU, a row at a time: the same picture as canvas.glsl draws, to 1/255. Everything is
 * prepared once by the calling thread; rows may then be drawn by any. Pixels are 0xffRRGGBB in the machine's order. */

#define DH_CPU_COLORS 1024

/* Which texel of a plane each column and row of the view shows; both reach `margin` beyond, where edges look. */
typedef struct
{
  const DhPlane *plane;
  int *memory, *x, *y;
} DhCpuNearest;

/* The two texels that each column lies between and the share of the second. */
typedef struct
{
  const DhPlane *plane;
  int *memory, *x0, *x1;
  float *share;
} DhCpuLinear;

typedef struct
{
  const DhScene *scene;
  const DhView *view;
  int margin;
  gboolean nearest; /* from 100 % on texels are shown as they are */

  /* of a map's pane, or the mask's */
  DhScale scale;
  float bound;
  gboolean outline;
  gboolean smooth; /* all values are finite, and lie as floats should */
  guint32 colors[DH_CPU_COLORS];
  float low, slope, middle, below, above; /* position in them: of a diverging map on both sides of the middle */
  gboolean diverging;

  DhOverlay overlay;
  DhCpuNearest map, other, ids, truth, image; /* other: the second map of a difference */
  DhCpuLinear map_between, other_between, image_between;

  guint8 *pixels; /* of the view's upper left corner */
  gsize stride;
} DhCpuView;

/* FALSE out of memory; clear it in any case. */
gboolean dh_cpu_view_init (DhCpuView *cpu, const DhScene *scene, const DhView *view, guint8 *pixels, gsize stride);
void dh_cpu_view_clear (DhCpuView *cpu);
/* The rows [first, last) of the view; nothing is drawn where memory for a few rows is not to be had. */
void dh_cpu_view_draw (const DhCpuView *cpu, int first, int last);
/* dh-cpu-map.c, dh-cpu-picture.c: of a map; of everything else. */
void dh_cpu_view_draw_map (const DhCpuView *cpu, int first, int last);
void dh_cpu_view_draw_picture (const DhCpuView *cpu, int first, int last);

/* The rows that row j of the view lies between. */
void dh_cpu_linear_get_rows (const DhCpuView *cpu, const DhCpuLinear *between, int j, const guint8 **a,
                             const guint8 **b, float *share);

static inline guint32 *
dh_cpu_view_row (const DhCpuView *cpu, int j)
{
  return (guint32 *)(void *)(cpu->pixels + (gsize)j * cpu->stride);
}

static inline const guint8 *
dh_cpu_nearest_row (const DhCpuNearest *nearest, int j)
{
  return nearest->plane->data + (gsize)nearest->y[j] * nearest->plane->stride;
}

static inline float
dh_cpu_float (const guint8 *row, int x)
{
  float v;
  __builtin_memcpy (&v, row + 4 * (gsize)x, 4);
  return v;
}

/* FALSE for NaN. */
static inline gboolean
dh_cpu_view_flags (const DhCpuView *cpu, float v)
{
  return cpu->scale.flag_below ? v < cpu->bound : v > cpu->bound;
}

static inline guint32
dh_cpu_mix (guint32 pixel, guint32 rgb, float share)
{
  guint32 mixed = 0xff000000u;
  for (int shift = 0; shift <= 16; shift += 8)
    {
      float a = (float)((pixel >> shift) & 255), b = (float)((rgb >> shift) & 255);
      mixed |= (guint32)(a + (b - a) * share + 0.5f) << shift;
    }
  return mixed;
}

G_END_DECLS
