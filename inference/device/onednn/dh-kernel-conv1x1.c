#include "dh-simd.h"

/* Input channels multiplied at a time, in planes: the packed pixels (of 112, 112 × 256 floats) and the weights of so
 * many channels stay in the second-level cache. */
#define PLANES_AT_ONCE (256 / DH_LANES)

gint
dh_conv1x1_items (const DhCpuConv1x1 *conv)
{
  gint64 pixels = (gint64)conv->out.h * conv->out.w;
  return (gint)((pixels + conv->pixels_at_once - 1) / conv->pixels_at_once);
}

/* Floats that one plane of one pixel takes after gathering. */
DH_INLINE gsize
pixel_floats (const DhCpuConv1x1 *conv)
{
#ifdef __AVX512BF16__
  if (conv->bf16)
    return DH_LANES / 2;
#endif
  return DH_LANES;
}

gsize
dh_conv1x1_scratch (const DhCpuConv1x1 *conv)
{
  return (gsize)conv->pixels_at_once * MIN (PLANES_AT_ONCE, conv->in.n_planes) * pixel_floats (conv) * sizeof (float);
}

/* Copies the pixels that an item reads together, through norm and ReLU. */
static void
gather (const DhCpuConv1x1 *conv, gint first, gint n, gint plane0, gint n_planes, float *to)
{
  for (gint b = 0; b < n_planes; b++, to += n * pixel_floats (conv))
    {
      const float *from = conv->in.planes[plane0 + b];
      DhPrologue prologue = dh_prologue (&conv->in, plane0 + b);
#ifdef __AVX512BF16__
      if (conv->bf16 && conv->stride == 1)
        {
          from += (gsize)first * DH_LANES;
          for (gint i = 0; i < n; i++)
            dh_store_bf16 (to + i * (DH_LANES / 2), dh_read (from + i * DH_LANES, prologue));
          continue;
        }
#endif
      if (conv->stride == 1)
        {
          from += (gsize)first * DH_LANES;
          for (gint i = 0; i < n; i++)
            dh_store (to + i * DH_LANES, dh_read (from + i * DH_LANES, prologue));
        }
      else
        {
          gint y = first / conv->out.w;
          gint x = first % conv->out.w;
          for (gint i = 0; i < n; i++)
            {
              gsize at = (gsize)y * conv->stride * conv->in.w + (gsize)x * conv->stride;
              DhVec v = dh_read (from + at * DH_LANES, prologue);
#ifdef __AVX512BF16__
              if (conv->bf16)
                dh_store_bf16 (to + i * (DH_LANES / 2), v);
              else
#endif
                dh_store (to + i * DH_LANES, v);
              if (++x == conv->out.w)
                {
                  x = 0;
                  y++;
                }
            }
        }
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

/* Adds a run of input channels, gathered in `a`, to two planes of an item's output. */
DH_INLINE void
multiply (const DhCpuConv1x1 *conv, gint first, gint n, gint plane0, gint n_planes, gint o, const float *a)
{
  const gsize step = pixel_floats (conv);
  const gboolean begins = plane0 == 0, ends = plane0 + n_planes == conv->in.n_planes;
  const gint outs = MIN (2, conv->out.n_planes - o);
  DhProduct p = { .a_stride = n * step, .n_planes = n_planes };
  p.w = (const float *)conv->weights + ((gsize)plane0 * conv->out.n_planes + (gsize)o * n_planes) * step * DH_LANES;
  p.bias = begins ? conv->bias + (gsize)o * DH_LANES : NULL;
  p.relu = ends && conv->out.relu;
  p.stream = ends && conv->out.stream;
  for (gint i = 0; i < n; i += DH_TILE)
    {
      gsize at = ((gsize)first + i) * DH_LANES;
      if (begins && conv->stride == 1)
        prefetch (conv, o / 2, (conv->out.n_planes + 1) / 2, (gint64)first + n + i, MIN (DH_TILE, n - i));
      p.a = a + i * step;
      for (gint j = 0; j < outs; j++)
        {
          p.c[j] = conv->out.planes[o + j] + at;
          p.sum[j] = begins && conv->out.sum != NULL ? conv->out.sum[o + j] + at : NULL;
        }
#ifdef __AVX512BF16__
      if (conv->bf16)
        {
          dh_matrix_bf16 (&p, MIN (DH_TILE, n - i), outs);
          continue;
        }
#endif
      dh_matrix (&p, MIN (DH_TILE, n - i), outs);
    }
}

void
dh_conv1x1 (const DhCpuConv1x1 *conv, gint item, float *scratch)
{
  gint64 pixels = (gint64)conv->out.h * conv->out.w;
  gint first = item * conv->pixels_at_once, ins = conv->in.n_planes;
  gint n = (gint)MIN (conv->pixels_at_once, pixels - first);
  gboolean as_it_is = conv->stride == 1 && !conv->bf16 && conv->in.scale == NULL && !conv->in.relu;
  for (gint plane0 = 0; plane0 < ins; plane0 += PLANES_AT_ONCE)
    {
      gint n_planes = MIN (PLANES_AT_ONCE, ins - plane0);
      gboolean direct = as_it_is && n_planes == 1;
      const float *a = direct ? conv->in.planes[plane0] + (gsize)first * DH_LANES : scratch;
      if (!direct)
        gather (conv, first, n, plane0, n_planes, scratch);
      for (gint o = 0; o < conv->out.n_planes; o += 2)
        multiply (conv, first, n, plane0, n_planes, o, a);
    }
  if (conv->out.stream)
    dh_stream_end ();
}
