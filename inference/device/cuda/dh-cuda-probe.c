#include "dh-cuda-probe.h"
#include <math.h>
#include "dh-cuda-without.h"

enum
{
  FEWEST_SAMPLES = 64,
  MOST_SAMPLES = DH_CUDA_PROBE_VALUES,
  MOST_PARTS = 32768, /* of all sums */
};
G_STATIC_ASSERT (2 * MOST_PARTS * sizeof (double) + MOST_SAMPLES * sizeof (float) <= DH_CUDA_PROBE_BYTES);
#define MOST_PRODUCTS 0x1p27 /* about a millisecond */

/* Of roundings, in units of what one is at most. */
#define ROUNDINGS 8.0

gboolean
dh_cuda_probe_fill (DhCudaCard *card, gpointer memory, gint type, const gint dims[4], DhCudaNoise noise, GError **error)
{
  const DhCudaKernel kernel = { .op = DH_CUDA_NOISE,
                                .out = memory,
                                .type = type,
                                .n = dims[0],
                                .h = dims[1],
                                .w = dims[2],
                                .n_groups = dims[3] / DH_CUDA_GROUP,
                                .mode = noise };
  return dh_cuda_without ("checks") || dh_cuda_driver.launch (card, &kernel, error);
}

static gboolean
fill_one (DhCudaCard *card, const DhCudaConvSpec *s, const DhCudaConvMemory *memory, gconstpointer which,
          DhCudaNoise noise, GError **error)
{
  const gint x[] = { s->n, s->h, s->w, s->in }, w[] = { s->out, s->kernel, s->kernel, s->in };
  const gint y[] = { s->n, s->out_h, s->out_w, s->out };
  return dh_cuda_probe_fill (card, (gpointer)which, s->type,
                             which == memory->x   ? x
                             : which == memory->w ? w
                                                  : y,
                             noise, error);
}

gboolean
dh_cuda_probe_fill_inputs (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, GError **error)
{
  gconstpointer const read[] = { spec->direction != DH_CUDA_CONV_DATA ? memory->x : NULL,
                                 spec->direction != DH_CUDA_CONV_FORWARD ? memory->y : NULL,
                                 spec->z ? memory->z : NULL };
  for (guint i = 0; i < G_N_ELEMENTS (read); i++)
    if (read[i] && !fill_one (card, spec, memory, read[i], DH_CUDA_NOISE_EVEN, error))
      return FALSE;
  return TRUE;
}

gboolean
dh_cuda_probe_fill_result (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, GError **error)
{
  gconstpointer const made[] = { memory->y, memory->x, memory->w };
  return fill_one (card, spec, memory, made[spec->direction], DH_CUDA_NOISE_NAN, error);
}

/* The kernel's answers; `sums` NULL for a probe without parts. Free both with g_free. */
static gboolean
ask (DhCudaCard *card, DhCudaProbe probe, gpointer scratch, float **values, double **sums, GError **error)
{
  const gsize n_values = (gsize)probe.n_samples, n_sums = 2 * n_values * (gsize)probe.n_parts;
  const gsize bytes = n_values * sizeof **values + n_sums * sizeof **sums;
  char *memory = scratch ? scratch : dh_cuda_driver.alloc (card, bytes, error);
  if (!memory)
    return FALSE;
  probe.sums = (double *)(gpointer)memory;
  probe.values = (float *)(gpointer)(memory + n_sums * sizeof **sums);
  const DhCudaKernel kernel = { .op = DH_CUDA_PROBE, .type = probe.spec.type, .probe = probe };
  g_autofree char *answers = g_malloc (bytes);
  const gboolean fine =
      dh_cuda_driver.launch (card, &kernel, error)
      && dh_cuda_driver.copy (card, answers, memory, bytes, DH_CUDA_TO_HOST, DH_CUDA_LANE_COMPUTE, error)
      && dh_cuda_driver.wait (card, error);
  if (!scratch)
    dh_cuda_driver.release (card, memory);
  if (!fine)
    return FALSE;
  *values = g_memdup2 (answers + n_sums * sizeof **sums, n_values * sizeof **values);
  if (sums)
    *sums = g_memdup2 (answers, n_sums * sizeof **sums);
  return TRUE;
}

/* Half of a unit in the last place of 1: of what is read where that is more. */
static double
rounding_of (gint type, gboolean strict)
{
  return type == DH_CUDA_BF16 ? 0x1p-8 : type == DH_CUDA_F16 || !strict ? 0x1p-11 : 0x1p-24;
}

/* A sum of n terms, of which the squares' root is `scale`, in float32 in any order: each addition rounds what was added
 * so far, at random; tensor cores cut off, which adds up, but take some terms at once. */
static double
bound_of (const DhCudaConvSpec *spec, double n, double sum, double scale)
{
  const double added = ROUNDINGS * sqrt (n) + (spec->strict ? 0 : n / 8);
  const double least = spec->type == DH_CUDA_F16 ? 0x1p-14 : 0; /* what is below may be 0 */
  return (ROUNDINGS * rounding_of (spec->type, spec->strict) + 0x1p-24 * added) * (fabs (sum) + scale) + least;
}

/* NaN, which is neither 0 nor small, is as far off as anything. */
static double
times_off (double difference, double bound)
{
  if (difference == 0)
    return 0;
  return fabs (difference) < bound * G_MAXUINT32 ? fabs (difference) / bound : G_MAXDOUBLE;
}

double
dh_cuda_probe_conv (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, gpointer scratch,
                    GError **error)
{
  if (dh_cuda_without ("checks"))
    return 0;
  const gboolean weights = spec->direction == DH_CUDA_CONV_WEIGHTS;
  const gint64 channels = spec->direction == DH_CUDA_CONV_DATA ? spec->out : spec->in;
  const gint64 steps = weights ? (gint64)spec->n * spec->out_h * spec->out_w
                               : (gint64)spec->kernel * spec->kernel * channels / DH_CUDA_GROUP;
  const double terms = (double)steps * (weights ? 1 : DH_CUDA_GROUP);
  DhCudaProbe probe = { .spec = *spec, .memory = *memory };
  probe.n_samples = (gint)CLAMP (MOST_PRODUCTS / terms, FEWEST_SAMPLES, MOST_SAMPLES);
  probe.n_parts = (gint)MIN (MOST_PARTS / probe.n_samples, steps);
  g_autofree float *values = NULL;
  g_autofree double *sums = NULL;
  if (!ask (card, probe, scratch, &values, &sums, error))
    return -1;
  double worst = 0;
  for (gint i = 0; i < probe.n_samples; i++)
    {
      double sum = 0, squares = 0;
      for (gint part = 0; part < probe.n_parts; part++)
        {
          sum += sums[2 * (i * probe.n_parts + part)];
          squares += sums[2 * (i * probe.n_parts + part) + 1];
        }
      const double bound = bound_of (spec, terms, sum, sqrt (squares));
      const double most = spec->type == DH_CUDA_F16 ? 65504.0 : (double)G_MAXFLOAT / 2;
      if (fabs (sum) + bound < most)
        worst = MAX (worst, times_off (values[i] - (spec->relu ? MAX (sum, 0) : sum), bound));
    }
  return worst;
}

char *
dh_cuda_probe_say (double off)
{
  return off < G_MAXDOUBLE ? g_strdup_printf ("computes something else, off by %.3g times what rounding explains", off)
                           : g_strdup ("leaves what is no number");
}

float *
dh_cuda_probe_values (DhCudaCard *card, gconstpointer memory, gint type, const gint dims[4], gpointer scratch,
                      GError **error)
{
  const DhCudaProbe probe = {
    .spec = { .type = type, .n = dims[0], .out_h = dims[1], .out_w = dims[2], .out = dims[3] },
    .memory.y = (gpointer)memory,
    .n_samples = DH_CUDA_PROBE_VALUES,
  };
  float *values = NULL;
  return ask (card, probe, scratch, &values, NULL, error) ? values : NULL;
}

/* Of channels in turn, the mean square of each: what a sum to a small value was made of is not known here. */
static double *
scales_of (const float *values, gint c)
{
  double *scales = g_new0 (double, c);
  for (gint i = 0; i < DH_CUDA_PROBE_VALUES; i++)
    scales[i % c] += isfinite (values[i]) ? (double)values[i] * values[i] : 0;
  for (gint i = 0; i < c; i++)
    scales[i] = sqrt (scales[i] / ceil ((double)DH_CUDA_PROBE_VALUES / c));
  return scales;
}

double
dh_cuda_probe_compare (const float *right, const float *values, gint c, gint type)
{
  if (dh_cuda_without ("checks"))
    return 0;
  g_autofree double *scales = scales_of (right, c), *all = scales_of (right, 1);
  const double rounding = rounding_of (type, FALSE), least = type == DH_CUDA_F16 ? 0x1p-14 : 0;
  double worst = 0;
  for (gint i = 0; i < DH_CUDA_PROBE_VALUES; i++)
    if (isfinite (right[i]))
      worst = MAX (worst, times_off (values[i] - right[i], 2 * ROUNDINGS * rounding * (fabs (right[i]) + scales[i % c])
                                                               + rounding * *all + least));
  return worst;
}
