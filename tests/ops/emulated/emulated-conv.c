#include "emulated-card.h"

#include <string.h>

#include "dh-cuda-value-math.h"

/* Convolutions and their gradients, plainly. */

/* Tensor cores look at 10 bits of a float32's mantissa; what a library does not round before is cut off. */
static float
cut (float value)
{
  guint32 bits;
  memcpy (&bits, &value, sizeof bits);
  if (isfinite (value))
    bits &= ~0x1fffu;
  memcpy (&value, &bits, sizeof value);
  return value;
}

static float *
floats (const DhCudaConvSpec *s, gconstpointer from, gsize n)
{
  float *values = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    values[i] = dh_cuda_load1 (from, (int64_t)i, s->type);
  for (gsize i = 0; s->type == DH_CUDA_F32 && !s->strict && i < n; i++)
    values[i] = cut (values[i]);
  return values;
}

static void
convolve_row (const DhCudaConvSpec *s, const float *x, const float *w, gint image, gint oy, float *y)
{
  for (gint ox = 0; ox < s->out_w; ox++)
    for (gint o = 0; o < s->out; o++)
      {
        float sums[8] = { 0 };
        for (gint ky = 0; ky < s->kernel; ky++)
          for (gint kx = 0; kx < s->kernel; kx++)
            {
              const gint iy = oy * s->stride - s->padding + ky * s->dilation;
              const gint ix = ox * s->stride - s->padding + kx * s->dilation;
              if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w)
                continue;
              const float *from = x + (((gsize)image * s->h + iy) * s->w + ix) * s->in;
              const float *by = w + (((gsize)o * s->kernel + ky) * s->kernel + kx) * s->in;
              for (gint i = 0; i < s->in; i += 8)
                for (gint j = 0; j < 8; j++)
                  sums[j] += from[i + j] * by[i + j];
            }
        y[(gsize)ox * s->out + o] =
            (sums[0] + sums[4]) + (sums[1] + sums[5]) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
      }
}

/* x += w ᵀ y, every place of x gathered by the rows of one image. */
static void
gather_row (const DhCudaConvSpec *s, const float *dy, const float *w, gint image, gint iy, float *dx)
{
  memset (dx, 0, sizeof (float) * s->w * s->in);
  for (gint ky = 0; ky < s->kernel; ky++)
    {
      const gint up = iy + s->padding - ky * s->dilation;
      if (up < 0 || up % s->stride || up / s->stride >= s->out_h)
        continue;
      for (gint ix = 0; ix < s->w; ix++)
        for (gint kx = 0; kx < s->kernel; kx++)
          {
            const gint left = ix + s->padding - kx * s->dilation;
            if (left < 0 || left % s->stride || left / s->stride >= s->out_w)
              continue;
            const float *from =
                dy + (((gsize)image * s->out_h + up / s->stride) * s->out_w + left / s->stride) * s->out;
            for (gint o = 0; o < s->out; o++)
              {
                const float *by = w + (((gsize)o * s->kernel + ky) * s->kernel + kx) * s->in;
                for (gint i = 0; i < s->in; i++)
                  dx[(gsize)ix * s->in + i] += from[o] * by[i];
              }
          }
    }
}

/* The weights' gradient of one output channel. */
static void
sum_channel (const DhCudaConvSpec *s, const float *x, const float *dy, gint o, float *dw)
{
  const gsize count = (gsize)s->kernel * s->kernel * s->in;
  g_autofree double *sums = g_new0 (double, count);
  for (gint at = 0; at < s->n * s->out_h; at++)
    for (gint ox = 0; ox < s->out_w; ox++)
      {
        const float d = dy[((gsize)at * s->out_w + ox) * s->out + o];
        for (gint ky = 0; ky < s->kernel; ky++)
          for (gint kx = 0; kx < s->kernel; kx++)
            {
              const gint iy = at % s->out_h * s->stride - s->padding + ky * s->dilation;
              const gint ix = ox * s->stride - s->padding + kx * s->dilation;
              if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w)
                continue;
              const float *from = x + (((gsize)(at / s->out_h) * s->h + iy) * s->w + ix) * s->in;
              double *to = sums + ((gsize)ky * s->kernel + kx) * s->in;
              for (gint i = 0; i < s->in; i++)
                to[i] += (double)d * from[i];
            }
      }
  for (gsize i = 0; i < count; i++)
    dw[i] = (float)sums[i];
}

static void
store (gpointer to, gsize at, const float *values, gsize count, gint type)
{
  for (gsize i = 0; i < count; i += 8)
    dh_cuda_store8 (to, (int64_t)(at + i), type, values + i);
}

static void
convolve_back (const DhCudaConvSpec *s, const DhCudaConvMemory *memory)
{
  const gboolean data = s->direction == DH_CUDA_CONV_DATA;
  const gsize filter = (gsize)s->kernel * s->kernel * s->in, row = (gsize)s->w * s->in;
  g_autofree float *dy = floats (s, memory->y, (gsize)s->n * s->out_h * s->out_w * s->out);
  g_autofree float *other =
      data ? floats (s, memory->w, s->out * filter) : floats (s, memory->x, (gsize)s->n * s->h * row);
#ifdef _OPENMP
#pragma omp parallel for
#endif
  for (gint at = 0; at < (data ? s->n * s->h : s->out); at++)
    {
      g_autofree float *made = g_new (float, data ? row : filter);
      if (data)
        gather_row (s, dy, other, at / s->h, at % s->h, made);
      else
        sum_channel (s, other, dy, at, made);
      store (data ? memory->x : memory->w, at * (data ? row : filter), made, data ? row : filter, s->type);
    }
}

void
emulated_convolve (const DhCudaConvSpec *s, const DhCudaConvMemory *memory)
{
  if (s->direction != DH_CUDA_CONV_FORWARD)
    {
      convolve_back (s, memory);
      return;
    }
  const char *wrong = g_getenv ("DH_EMULATED_RELU");
  const gboolean loses_nan = g_strcmp0 (wrong, s->relu ? "loses-nan" : "none-loses-nan") == 0;
  const gsize row = (gsize)s->out_w * s->out, area = (gsize)s->kernel * s->kernel;
  g_autofree float *x = floats (s, memory->x, (gsize)s->n * s->h * s->w * s->in);
  g_autofree float *w = floats (s, memory->w, s->out * area * s->in);
#ifdef _OPENMP
#pragma omp parallel for if (row * area * s->in > 100000)
#endif
  for (gint at = 0; at < s->n * s->out_h; at++)
    {
      g_autofree float *y = g_new (float, row);
      convolve_row (s, x, w, at / s->out_h, at % s->out_h, y);
      for (gsize i = 0; i < row; i++)
        {
          if (s->z)
            y[i] += dh_cuda_load1 (memory->z, (int64_t)(at * row + i), s->type);
          if (s->bias)
            y[i] += dh_cuda_load1 (memory->bias, (int64_t)(i % s->out), s->type);
          if (loses_nan && isnan (y[i]))
            y[i] = 0;
          if (s->relu)
            y[i] = dh_cuda_relu (y[i]);
        }
      store (memory->y, at * row, y, row, s->type);
    }
}
