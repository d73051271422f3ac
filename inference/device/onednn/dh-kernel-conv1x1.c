#include <string.h>
#include "dh-simd.h"

gint
dh_conv1x1_items (const DhCpuConv1x1 *conv)
{
  gint64 pixels = (gint64)conv->out.h * conv->out.w;
  return (gint)((pixels + conv->pixels_at_once - 1) / conv->pixels_at_once);
}

/* How the input stands while it is multiplied. */
typedef enum
{
  FLOATS,
  PAIRS,
  BYTES,
} Format;

DH_INLINE Format
format_of (const DhCpuConv1x1 *conv)
{
  return conv->units != NULL ? BYTES : conv->bf16 ? PAIRS : FLOATS;
}

/* Floats that one plane of one pixel takes after gathering. */
DH_INLINE gsize
pixel_floats (Format format)
{
  return format == BYTES ? DH_LANES / 4 : format == PAIRS ? DH_LANES / 2 : DH_LANES;
}

/* Planes that stand together. */
DH_INLINE gint
panel_planes (Format format)
{
  return format == BYTES ? DH_PANEL_INT8 : format == PAIRS ? DH_PANEL_BF16 : 1;
}

DH_INLINE gint
whole_panels (Format format, gint planes)
{
  return dh_cpu_whole_panels (planes, panel_planes (format));
}

/* Of int8, whose sums are not put down before they are whole, all: they take a quarter of the room. */
DH_INLINE gint
planes_at_once (const DhCpuConv1x1 *conv)
{
#ifdef DH_HAS_TILES
  const gint bf16 = DH_RUN_TILES;
#else
  const gint bf16 = DH_RUN;
#endif
  const gint run = conv->units != NULL ? conv->in.n_planes : conv->bf16 ? bf16 : DH_RUN;
  return MIN (run, conv->in.n_planes);
}

/* And the pixels that a product reads behind the last. */
static gsize
gathered_floats (const DhCpuConv1x1 *conv)
{
  const Format format = format_of (conv);
  return (gsize)conv->pixels_at_once * whole_panels (format, planes_at_once (conv)) * pixel_floats (format)
         + 16 * DH_LANES;
}

gsize
dh_conv1x1_scratch (const DhCpuConv1x1 *conv)
{
  gsize floats = gathered_floats (conv);
#ifdef DH_HAS_TILES
  if (format_of (conv) == PAIRS)
    floats += dh_tile_job_floats (conv->pixels_at_once, conv->out.n_planes);
#endif
  return floats * sizeof (float);
}

/* `odd`: collects bits from which all_finite() tells whether a byte stands for a number. */
DH_INLINE void
put (Format format, float *to, DhVec v, DhVecInt *odd)
{
#ifdef __AVX512BF16__
  if (format == PAIRS)
    dh_store_bf16 (to, v);
#endif
  if (format == BYTES)
    {
      *odd |= (DhVecInt)(v * 0);
      dh_store_uint8 (to, v);
    }
  else if (format == FLOATS)
    dh_store (to, v);
}

/* 0 times a finite number is 0, of either sign, and NaN times any other. */
DH_INLINE gboolean
all_finite (DhVecInt odd)
{
  gint32 any = 0;
  for (gint lane = 0; lane < DH_LANES; lane++)
    any |= odd[lane];
  return (any & G_MAXINT32) == 0;
}

/* Copies the pixels that an item reads together, through norm and ReLU. FALSE: bytes cannot hold one of them. */
DH_INLINE gboolean
gather_as (const DhCpuConv1x1 *conv, Format format, gint first, gint n, gint plane0, gint n_planes, float *gathered)
{
  const gint panel = panel_planes (format);
  const gsize step = pixel_floats (format) * panel;
  DhVecInt odd = { 0 };
  for (gint b = 0; b < whole_panels (format, n_planes); b++)
    {
      float *to = gathered + b / panel * n * step + b % panel * pixel_floats (format);
      if (b >= n_planes)
        {
          for (gint i = 0; i < n; i++)
            memset (to + i * step, 0, pixel_floats (format) * sizeof *to);
          continue;
        }
      const float *from = conv->in.planes[plane0 + b];
      DhPrologue prologue = dh_prologue (&conv->in, plane0 + b);
      if (conv->stride == 1)
        {
          from += (gsize)first * DH_LANES;
          for (gint i = 0; i < n; i++)
            put (format, to + i * step, dh_read (from + i * DH_LANES, prologue), &odd);
        }
      else
        {
          gint y = first / conv->out.w;
          gint x = first % conv->out.w;
          for (gint i = 0; i < n; i++)
            {
              gsize at = (gsize)y * conv->stride * conv->in.w + (gsize)x * conv->stride;
              put (format, to + i * step, dh_read (from + at * DH_LANES, prologue), &odd);
              if (++x == conv->out.w)
                {
                  x = 0;
                  y++;
                }
            }
        }
    }
  return all_finite (odd);
}

/* A loop for each format. */
static gboolean
gather (const DhCpuConv1x1 *conv, gint first, gint n, gint plane0, gint n_planes, float *to)
{
  if (format_of (conv) == BYTES)
    return gather_as (conv, BYTES, first, n, plane0, n_planes, to);
  if (format_of (conv) == PAIRS)
    return gather_as (conv, PAIRS, first, n, plane0, n_planes, to);
  return gather_as (conv, FLOATS, first, n, plane0, n_planes, to);
}

static void
put_nan (const DhCpuOutput *out, gint plane, gint pixel)
{
  if (out->packed == NULL)
    {
      dh_store (out->planes[plane] + (gsize)pixel * DH_LANES, dh_splat (NAN));
      return;
    }
#ifdef __AVX512BF16__
  const gint panels = (out->n_planes + DH_PANEL_BF16 - 1) / DH_PANEL_BF16;
  const gsize row = (gsize)(pixel / out->w) * panels + plane / DH_PANEL_BF16;
  const gsize at = row * ((gsize)out->w + 2 * DH_TAPS_MARGIN) + DH_TAPS_MARGIN + pixel % out->w;
  dh_store_bf16 (out->packed + at * DH_LANES + plane % DH_PANEL_BF16 * (DH_LANES / 2), dh_splat (NAN));
#endif
}

/* What is not a number, or infinite, as a byte would look like any other value: whatever reads it is NaN, as a product
 * of floats would be. Rare, so that the pixels are looked for only once it is known that there are some. */
static void
poison (const DhCpuConv1x1 *conv, gint first, gint n)
{
  for (gint i = 0; i < n; i++)
    {
      const gint y = (first + i) / conv->out.w * conv->stride, x = (first + i) % conv->out.w * conv->stride;
      DhVecInt odd = { 0 };
      for (gint b = 0; b < conv->in.n_planes; b++)
        odd |=
            (DhVecInt)(dh_read (conv->in.planes[b] + ((gsize)y * conv->in.w + x) * DH_LANES, dh_prologue (&conv->in, b))
                       * 0);
      if (all_finite (odd))
        continue;
      for (gint o = 0; o < conv->out.n_planes; o++)
        put_nan (&conv->out, o, first + i);
    }
}

/* Part `part` of `parts` of what the next item will read, `pixel` to its left end: asked for while this one is
 * multiplied. */
DH_INLINE void
prefetch (const DhCpuConv1x1 *conv, gint part, gint parts, gint64 pixel, gint n)
{
  gint from = conv->in.n_planes * part / parts, to = conv->in.n_planes * (part + 1) / parts;
  n = (gint)MIN (n, (gint64)conv->out.h * conv->out.w - pixel);
  for (gint b = from; b < to; b++)
    for (gint i = 0; i < n; i++)
      __builtin_prefetch (conv->in.planes[b] + (pixel + i) * DH_LANES, 0, 2);
}

DH_INLINE void
matrix (Format format, const DhProduct *p, gint pixels, gint outs)
{
#ifdef __AVX512BF16__
  if (format == PAIRS)
    dh_matrix_bf16 (p, pixels, outs);
#endif
  if (format == BYTES)
    dh_matrix_int8 (p, pixels, outs);
  else if (format == FLOATS)
    dh_matrix (p, pixels, outs);
}

/* Adds a run of input channels, gathered in `a`, to two planes of an item's output. */
DH_INLINE void
multiply (const DhCpuConv1x1 *conv, gint first, gint n, gint plane0, gint n_planes, gint o, const float *a)
{
  const Format format = format_of (conv);
  const gint panel = panel_planes (format), whole = whole_panels (format, n_planes);
  const gint tile = format == FLOATS ? DH_TILE : DH_COARSE_TILE;
  const gsize step = pixel_floats (format);
  const gboolean begins = plane0 == 0, ends = plane0 + n_planes == conv->in.n_planes;
  const gint outs = MIN (2, conv->out.n_planes - o);
  DhProduct p = { .a_stride = n * step * panel, .n_planes = n_planes };
  p.w = (const float *)conv->weights + ((gsize)plane0 * conv->out.n_planes + (gsize)o * whole) * step * DH_LANES;
  p.bias = begins ? conv->bias + (gsize)o * DH_LANES : NULL;
  p.units = conv->units != NULL ? conv->units + (gsize)o * DH_LANES : NULL;
  p.packed = conv->out.packed != NULL ? &conv->out : NULL;
  p.plane = o;
  p.relu = ends && conv->out.relu;
  p.stream = ends && conv->out.stream;
  for (gint i = 0; i < n; i += tile)
    {
      gsize at = ((gsize)first + i) * DH_LANES;
      if (begins && conv->stride == 1)
        prefetch (conv, o / 2, (conv->out.n_planes + 1) / 2, (gint64)first + n + i, MIN (tile, n - i));
      p.a = a + i * step * panel;
      p.first = (gsize)first + i;
      for (gint j = 0; j < outs; j++)
        {
          p.c[j] = p.packed == NULL ? conv->out.planes[o + j] + at : NULL;
          p.sum[j] = begins && conv->out.sum != NULL ? conv->out.sum[o + j] + at : NULL;
        }
      matrix (format, &p, MIN (tile, n - i), outs);
    }
}

#ifdef DH_HAS_TILES
static void
multiply_gathered (const DhCpuConv1x1 *conv, gint first, gint n, gint plane0, gint n_planes, float *scratch)
{
  const DhTileJob job = { .out = &conv->out,
                          .first = first,
                          .weights = conv->weights,
                          .bias = conv->bias,
                          .packed = scratch,
                          .h = 1,
                          .w = n,
                          .kernel = 1,
                          .stride = 1,
                          .dilation = 1,
                          .in_planes = conv->in.n_planes,
                          .plane0 = plane0,
                          .planes = n_planes,
                          .begins = plane0 == 0,
                          .ends = plane0 + n_planes == conv->in.n_planes,
                          .n = n,
                          .rows = 1,
                          .sums = scratch + gathered_floats (conv) };
  dh_tile_job (&job);
}
#endif

void
dh_conv1x1 (const DhCpuConv1x1 *conv, gint item, float *scratch)
{
  gint64 pixels = (gint64)conv->out.h * conv->out.w;
  gint first = item * conv->pixels_at_once, ins = conv->in.n_planes;
  gint n = (gint)MIN (conv->pixels_at_once, pixels - first);
  gboolean as_it_is = conv->stride == 1 && format_of (conv) == FLOATS && conv->in.scale == NULL && !conv->in.relu;
  gint at_once = planes_at_once (conv);
  gboolean finite = TRUE;
  if (format_of (conv) != FLOATS)
    dh_tiles_begin ();
  for (gint plane0 = 0; plane0 < ins; plane0 += at_once)
    {
      gint n_planes = MIN (at_once, ins - plane0);
      gboolean direct = as_it_is && n_planes == 1;
      const float *a = direct ? conv->in.planes[plane0] + (gsize)first * DH_LANES : scratch;
      if (!direct)
        finite = gather (conv, first, n, plane0, n_planes, scratch);
#ifdef DH_HAS_TILES
      if (format_of (conv) == PAIRS)
        {
          multiply_gathered (conv, first, n, plane0, n_planes, scratch);
          continue;
        }
#endif
      for (gint o = 0; o < conv->out.n_planes; o += 2)
        multiply (conv, first, n, plane0, n_planes, o, a);
    }
  if (format_of (conv) != FLOATS)
    dh_tiles_end ();
  if (conv->out.stream)
    dh_stream_end ();
  for (gint o = 0; conv->out.activation.function != DH_CPU_NOTHING && o < conv->out.n_planes; o++)
    dh_activate (&conv->out.activation, conv->out.planes[o] + (gsize)first * DH_LANES, n);
  if (!finite)
    poison (conv, first, n);
}
