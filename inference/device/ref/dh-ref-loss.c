#include "dh-ref-private.h"

#include <math.h>

/* Weight of L_post, as a multiple of β. */
#define POSTERIOR_FACTOR 10

typedef struct
{
  double segmentation, likelihood, posterior;
} Sums;

typedef struct
{
  const float *f, *g;
  float *df, *dg;
  const guint8 *labels;
  gint classes;
  gsize size; /* of a plane */
  /* What one pixel's terms count. */
  double segmentation, likelihood, posterior;
} Job;

/* Pixels `begin` to `end` of one image. */
static Sums
run (const Job *job, gsize image, gsize begin, gsize end, double *e)
{
  Sums sums = { 0 };
  const gint k = job->classes;
  const gsize size = job->size;
  for (gsize at = begin; at < end; at++)
    {
      const float *f = job->f + image * k * size + at;
      float *df = job->df + image * k * size + at;
      const gint label = job->labels[image * size + at];
      const gboolean negative = label == k + 1;

      double max = f[0], sum = 0;
      for (gint c = 1; c < k; c++)
        max = f[c * size] > max ? f[c * size] : max;
      for (gint c = 0; c < k; c++)
        sum += e[c] = exp (f[c * size] - max);
      const double lse = max + log (sum);
      if (label < k)
        sums.segmentation += lse - f[label * size];
      else if (negative)
        sums.likelihood += lse;

      const double factor = label < k ? job->segmentation : negative ? job->likelihood : 0;
      for (gint c = 0; c < k; c++)
        df[c * size] = (float)(factor * (e[c] / sum - (c == label)));

      if (!job->g)
        continue;
      const float *g = job->g + image * 2 * size + at;
      float *dg = job->dg + image * 2 * size + at;
      /* −ln softmax (g)_j = softplus of the other's lead */
      const double lead = negative ? (double)g[0] - g[size] : (double)g[size] - g[0];
      const double small = exp (-fabs (lead));
      sums.posterior += fmax (lead, 0) + log1p (small) + (lead - lead);
      const double other = job->posterior * ((lead > 0 ? 1 : small) / (1 + small) + (lead - lead));
      dg[0] = (float)(negative ? other : -other);
      dg[size] = -dg[0];
    }
  return sums;
}

static double
mean_of (const float *values, gsize planes, gsize size)
{
  double sum = 0;
  for (gsize plane = 0; plane < planes; plane++)
    {
      double part = 0;
      for (gsize i = 0; i < size; i++)
        part += values[plane * size + i];
      sum += part;
    }
  return sum / ((double)planes * size);
}

gboolean
dh_ref_losses (const float *f, const float *g, DhShape shape, const guint8 *labels, double beta, DhLosses *losses,
               float *df, float *dg, guint threads)
{
  const gsize size = (gsize)shape.h * shape.w, rows = (gsize)shape.n * shape.h;
  const double pixels = (double)shape.n * size;
  const Job job = {
    .f = f,
    .g = g,
    .df = df,
    .dg = dg,
    .labels = labels,
    .classes = shape.c,
    .size = size,
    .segmentation = 1.0 / (double)losses->labelled,
    .likelihood = g && losses->negatives ? beta / (double)losses->negatives : 0,
    .posterior = POSTERIOR_FACTOR * beta / pixels,
  };
  threads = (guint)CLAMP (rows, 1, (gsize)threads);
  g_autofree Sums *sums = g_try_new (Sums, rows);
  g_autofree double *memory = g_try_malloc_n (threads, (gsize)shape.c * sizeof *memory);
  if (!sums || !memory)
    return FALSE;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(static)
#endif
  for (guint part = 0; part < threads; part++)
    for (gsize row = rows * part / threads; row < rows * (part + 1) / threads; row++)
      {
        const gsize begin = row % shape.h * shape.w;
        sums[row] = run (&job, row / shape.h, begin, begin + shape.w, memory + (gsize)part * shape.c);
      }

  Sums all = { 0 };
  for (gsize row = 0; row < rows; row++)
    {
      all.segmentation += sums[row].segmentation;
      all.likelihood += sums[row].likelihood;
      all.posterior += sums[row].posterior;
    }
  losses->segmentation = losses->total = all.segmentation / (double)losses->labelled;
  if (!g)
    return TRUE;
  if (losses->negatives)
    losses->likelihood = all.likelihood / (double)losses->negatives - mean_of (f, (gsize)shape.n * shape.c, size);
  losses->posterior = all.posterior / pixels;
  losses->total += beta * losses->likelihood + POSTERIOR_FACTOR * beta * losses->posterior;
  return TRUE;
}
