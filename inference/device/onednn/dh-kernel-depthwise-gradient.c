#include "dh-simd-train.h"

/* The gradients of a convolution with a group for each channel, a plane at a time, lane by lane. */

/* Pixels whose sums stand in registers. */
#define TILE 8

/* Lines of taps whose sums stand in registers, for kernels of so many columns. */
#if defined __AVX512F__
#define LINES(kernel) ((kernel) == 7 ? 3 : (kernel))
#elif defined __AVX2__
#define LINES(kernel) ((kernel) == 7 ? 1 : (kernel) == 5 ? 2 : (kernel))
#else
#define LINES(kernel) 1
#endif

/* The taps that reach pixels of a line of the input which lie `stride` apart. */
typedef struct
{
  const float *dy[DH_MOST_DEPTHWISE * DH_MOST_DEPTHWISE]; /* the first pixel's; it may lie outside the line */
  const float *weights[DH_MOST_DEPTHWISE * DH_MOST_DEPTHWISE];
  gint x[DH_MOST_DEPTHWISE * DH_MOST_DEPTHWISE]; /* where that is in its line */
  gint n;
} Taps;

/* Division without a remainder below. */
DH_INLINE gint
divide (gint a, gint b)
{
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static void
find_taps (const DhCpuDepthwiseGradient *conv, gint plane, gint y, gint x, Taps *taps)
{
  taps->n = 0;
  for (gint ky = 0; ky < conv->kernel; ky++)
    {
      const gint row = y + conv->padding - ky * conv->dilation;
      if (row < 0 || row % conv->stride != 0 || row / conv->stride >= conv->h)
        continue;
      const float *line = conv->dy[plane] + (gsize)(row / conv->stride) * conv->w * DH_LANES;
      for (gint kx = 0; kx < conv->kernel; kx++)
        {
          const gint column = x + conv->padding - kx * conv->dilation, at = divide (column, conv->stride);
          if (at * conv->stride != column)
            continue;
          taps->x[taps->n] = at;
          taps->dy[taps->n] = line + (gssize)at * DH_LANES;
          taps->weights[taps->n++] =
              conv->weights + ((gsize)(plane * conv->kernel + ky) * conv->kernel + kx) * DH_LANES;
        }
    }
}

/* `n` pixels of a line from x on, `stride` apart. */
static void
make_phase (const DhCpuDepthwiseGradient *conv, const Taps *taps, gint n, float *to)
{
  const gsize step = (gsize)conv->stride * DH_LANES;
  gint first = 0, last = n; /* those for which no tap lies outside */
  for (gint tap = 0; tap < taps->n; tap++)
    {
      first = MAX (first, -taps->x[tap]);
      last = MIN (last, conv->w - taps->x[tap]);
    }
  gint i = 0;
  while (i < n)
    if (i >= first && i + TILE <= last)
      {
        DhVec v[TILE];
#pragma GCC unroll 8
        for (gint j = 0; j < TILE; j++)
          v[j] = (DhVec){ 0 };
        for (gint tap = 0; tap < taps->n; tap++)
          {
            const float *dy = taps->dy[tap] + (gsize)i * DH_LANES;
            const DhVec w = dh_load (taps->weights[tap]);
#pragma GCC unroll 8
            for (gint j = 0; j < TILE; j++)
              v[j] += dh_load (dy + j * DH_LANES) * w;
          }
#pragma GCC unroll 8
        for (gint j = 0; j < TILE; j++)
          dh_store (to + (i + j) * step, v[j]);
        i += TILE;
      }
    else
      {
        DhVec v = { 0 };
        for (gint tap = 0; tap < taps->n; tap++)
          if (taps->x[tap] + i >= 0 && taps->x[tap] + i < conv->w)
            v += dh_load (taps->dy[tap] + (gsize)i * DH_LANES) * dh_load (taps->weights[tap]);
        dh_store (to + i * step, v);
        i++;
      }
}

void
dh_depthwise_data (const DhCpuDepthwiseGradient *conv, gint item)
{
  const gint parts = (conv->in_h + conv->rows - 1) / conv->rows, plane = item / parts;
  const gint y0 = item % parts * conv->rows, y1 = MIN (y0 + conv->rows, conv->in_h);
  for (gint y = y0; y < y1; y++)
    for (gint x = 0; x < MIN (conv->stride, conv->in_w); x++)
      {
        Taps taps;
        find_taps (conv, plane, y, x, &taps);
        make_phase (conv, &taps, (conv->in_w - x + conv->stride - 1) / conv->stride,
                    conv->dx[plane] + ((gsize)y * conv->in_w + x) * DH_LANES);
      }
}

/* The sums of a pixel that some taps of a line read outside, of a line of taps. */
static void
add_pixel (const DhCpuDepthwiseGradient *conv, const float *x, const float *dy, gint column, float *sums)
{
  const DhVec d = dh_load (dy + (gsize)column * DH_LANES);
  for (gint kx = 0; kx < conv->kernel; kx++)
    {
      const gint at = column * conv->stride - conv->padding + kx * conv->dilation;
      if (at >= 0 && at < conv->in_w)
        dh_store (sums + kx * DH_LANES, dh_load (sums + kx * DH_LANES) + d * dh_load (x + (gsize)at * DH_LANES));
    }
}

/* Pixels [first, last) of a line, of which all taps lie within: `lines` lines of taps. */
DH_INLINE void
add_line (const DhCpuDepthwiseGradient *conv, const float *x, const float *dy, gint first, gint last, float *sums,
          const gint kernel, const gint lines)
{
  const gsize down = (gsize)conv->dilation * conv->in_w * DH_LANES, right = (gsize)conv->dilation * DH_LANES;
  DhVec v[DH_MOST_DEPTHWISE * DH_MOST_DEPTHWISE];
#pragma GCC unroll 49
  for (gint i = 0; i < lines * kernel; i++)
    v[i] = (DhVec){ 0 };
  const float *from = x + ((gssize)first * conv->stride - conv->padding) * DH_LANES;
  for (gint column = first; column < last; column++, from += conv->stride * DH_LANES)
    {
      const DhVec d = dh_load (dy + (gsize)column * DH_LANES);
#pragma GCC unroll 7
      for (gint ky = 0; ky < lines; ky++)
#pragma GCC unroll 7
        for (gint kx = 0; kx < kernel; kx++)
          v[ky * kernel + kx] += d * dh_load (from + ky * down + kx * right);
    }
#pragma GCC unroll 49
  for (gint i = 0; i < lines * kernel; i++)
    dh_store (sums + i * DH_LANES, dh_load (sums + i * DH_LANES) + v[i]);
}

DH_INLINE void
add_rows (const DhCpuDepthwiseGradient *conv, gint plane, gint y0, gint y1, float *sums, const gint kernel)
{
  const gint reach = (kernel - 1) * conv->dilation, room = conv->in_w - 1 - reach + conv->padding;
  const gint first = MIN (conv->w, (conv->padding + conv->stride - 1) / conv->stride);
  const gint last = room < 0 ? first : MAX (first, MIN (conv->w, room / conv->stride + 1));
  for (gint y = y0; y < y1; y++)
    {
      const float *dy = conv->dy[plane] + (gsize)y * conv->w * DH_LANES;
      for (gint ky = 0; ky < kernel;)
        {
          const gint row = y * conv->stride - conv->padding + ky * conv->dilation;
          float *to = sums + ky * kernel * DH_LANES;
          if (row < 0 || row >= conv->in_h)
            {
              ky++;
              continue;
            }
          const float *x = conv->x[plane] + (gsize)row * conv->in_w * DH_LANES;
          const gint lines = LINES (kernel);
          const gboolean all = ky + lines <= kernel && row + (lines - 1) * conv->dilation < conv->in_h;
          if (all)
            add_line (conv, x, dy, first, last, to, kernel, lines);
          else
            add_line (conv, x, dy, first, last, to, kernel, 1);
          for (gint line = 0; line < (all ? lines : 1); line++)
            {
              const float *of_line = x + (gsize)line * conv->dilation * conv->in_w * DH_LANES;
              for (gint column = 0; column < first; column++)
                add_pixel (conv, of_line, dy, column, to + line * kernel * DH_LANES);
              for (gint column = last; column < conv->w; column++)
                add_pixel (conv, of_line, dy, column, to + line * kernel * DH_LANES);
            }
          ky += all ? lines : 1;
        }
    }
}

void
dh_depthwise_weights (const DhCpuDepthwiseGradient *conv, gint item)
{
  const gint parts = (conv->h + conv->rows - 1) / conv->rows, plane = item / parts;
  const gint y0 = item % parts * conv->rows, y1 = MIN (y0 + conv->rows, conv->h);
  const gsize floats = (gsize)conv->kernel * conv->kernel * DH_LANES;
  float *sums = conv->sums + (gsize)item * floats;
  memset (sums, 0, floats * sizeof *sums);
  switch (conv->kernel)
    {
    case 1:
      add_rows (conv, plane, y0, y1, sums, 1);
      break;
    case 3:
      add_rows (conv, plane, y0, y1, sums, 3);
      break;
    case 5:
      add_rows (conv, plane, y0, y1, sums, 5);
      break;
    default:
      add_rows (conv, plane, y0, y1, sums, DH_MOST_DEPTHWISE);
    }
}
