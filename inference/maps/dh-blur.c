#include "dh-blur.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"

typedef struct
{
  guint width, height, kernel;
  const float *taps;
  const float **rows; /* those under the kernel's column, mirrored */
  float *line;        /* one row, blurred down its columns, with what is mirrored at both ends */
} Blur;

guint
dh_blur_kernel_of (double sigma)
{
  return 2 * (guint)ceil (3 * MIN (sigma, (double)DH_BLUR_MOST_KERNEL)) + 1;
}

gboolean
dh_blur_check (double sigma, guint kernel, GError **error)
{
  if (!isfinite (sigma) || !(sigma > 0))
    g_set_error_literal (error, DH_ERROR, DH_ERROR_USAGE, "a blur's sigma is a number of pixels over 0");
  else if (kernel % 2 == 0 || kernel > DH_BLUR_MOST_KERNEL)
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                 "a blur's kernel is an odd number of pixels, at most %d; %u is not, by a sigma of %g",
                 DH_BLUR_MOST_KERNEL, kernel, sigma);
  else
    return TRUE;
  return FALSE;
}

static void
fill_taps (float *taps, guint kernel, double sigma)
{
  const double middle = (kernel - 1) / 2.0;
  double sum = 0;
  for (guint i = 0; i < kernel; i++)
    sum += exp (-0.5 * pow ((i - middle) / sigma, 2));
  for (guint i = 0; i < kernel; i++)
    taps[i] = (float)(exp (-0.5 * pow ((i - middle) / sigma, 2)) / sum);
}

/* Where a place beyond the border is mirrored to. */
static guint
mirror (gint64 at, guint size)
{
  const gint64 period = 2 * ((gint64)size - 1);
  if (period == 0)
    return 0;
  at = ABS (at) % period;
  return (guint)MIN (at, period - at);
}

static void
blur_row (const Blur *blur, float *to, guint y)
{
  const guint half = blur->kernel / 2, width = blur->width;
  float *middle = blur->line + half;
  memset (middle, 0, width * sizeof *middle);
  for (guint k = 0; k < blur->kernel; k++)
    {
      const float tap = blur->taps[k], *row = blur->rows[k];
      for (guint x = 0; x < width; x++)
        middle[x] += tap * row[x];
    }
  for (guint i = 1; i <= half; i++)
    {
      middle[-(gint)i] = middle[mirror (-(gint64)i, width)];
      middle[width - 1 + i] = middle[mirror ((gint64)width - 1 + i, width)];
    }
  memset (to, 0, width * sizeof *to);
  for (guint k = 0; k < blur->kernel; k++)
    {
      const float tap = blur->taps[k], *row = blur->line + k;
      for (guint x = 0; x < width; x++)
        to[x] += tap * row[x];
    }
}

static void
blur_all (const Blur *blur, const float *from, float *to)
{
  const gint64 half = blur->kernel / 2;
  for (guint y = 0; y < blur->height; y++)
    {
      for (guint k = 0; k < blur->kernel; k++)
        blur->rows[k] = from + (gsize)blur->width * mirror ((gint64)y + k - half, blur->height);
      blur_row (blur, to + (gsize)blur->width * y, y);
    }
}

static gboolean
is_finite (const float *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!isfinite (values[i]))
      return FALSE;
  return TRUE;
}

/* What is not finite counts as absent: the sum over the others, by the sum of their taps. */
static void
blur_around (const Blur *blur, const float *from, float *to, float *some, float *there, float *weights)
{
  const gsize n = (gsize)blur->width * blur->height;
  for (gsize i = 0; i < n; i++)
    {
      const gboolean finite = isfinite (from[i]);
      some[i] = finite ? from[i] : 0;
      there[i] = finite;
    }
  blur_all (blur, some, to);
  blur_all (blur, there, weights);
  for (gsize i = 0; i < n; i++)
    to[i] = there[i] > 0 ? to[i] / weights[i] : from[i];
}

gboolean
dh_blur (const float *from, float *to, guint width, guint height, double sigma, guint kernel, GError **error)
{
  const gsize n = (gsize)width * height;
  const gboolean finite = is_finite (from, n);
  g_autofree float *taps = g_try_new (float, kernel), *line = g_try_new (float, (gsize)width + kernel);
  g_autofree const float **rows = g_try_new (const float *, kernel);
  g_autofree float *some = finite ? NULL : g_try_new (float, 3 * n);
  if (!taps || !line || !rows || (!finite && !some))
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for blurring a map");
      return FALSE;
    }
  fill_taps (taps, kernel, sigma);
  const Blur blur = { width, height, kernel, taps, rows, line };
  if (finite)
    blur_all (&blur, from, to);
  else
    blur_around (&blur, from, to, some, some + n, some + 2 * n);
  return TRUE;
}
