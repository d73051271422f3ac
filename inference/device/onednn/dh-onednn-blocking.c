#ifdef _OPENMP
#include <omp.h>
#endif
#include "dh-onednn-private.h"

/* How a convolution is cut into items: which of the blockings is the fastest depends on the layer, the picture's size
 * and the machine's caches, so it is timed, once. None of them changes a bit of the result: each output is the same sum
 * in the same order. Blocking 0 is the one made by rule. */

/* Whole steps up to this are timed whole; of longer ones as many items as take so long. */
#define SAMPLE_SECONDS 0.006
/* Timing all steps may take this, and this many times what running them once takes; the rest stay as the rule has
 * them. */
#define MOST_SECONDS 1.0
#define MOST_RUNS 1
/* Another blocking must be faster by this share, and once more when it has won: a tie goes to the rule, and so does a
 * machine that is busy with other things. */
#define GAIN 0.03
/* Items are cut finer than is best for one of them, where threads would wait for others at the step's end: reckoned in
 * tiles or pixels of a thread. What an item takes beside its products (its weights are fetched): so many of them. The
 * transform of a tile, which each part of the output repeats, takes as long as products for so many outputs. Finer is
 * only what is better by this share. */
#define BESIDE_TILES 2.0
#define BESIDE_PIXELS 8.0
#define TRANSFORM_OUTPUTS 10.0
#define FINER 0.03
#define LEAST_TILES 7
#define LEAST_PIXELS 28

static void
count_items (DhCpuStep *step)
{
  const DhCpuWinograd *winograd = &step->u.winograd;
  switch (step->kind)
    {
    case DH_CPU_CONV1X1:
      step->n_items = step->kernels->conv1x1_items (&step->u.conv1x1);
      step->scratch = step->kernels->conv1x1_scratch (&step->u.conv1x1);
      break;
    case DH_CPU_TAPS:
      step->n_items = step->kernels->taps_items (&step->u.taps);
      step->scratch = step->kernels->taps_scratch (&step->u.taps);
      break;
    case DH_CPU_WINOGRAD:
      step->n_items = step->kernels->winograd_items (winograd);
      step->scratch = step->kernels->winograd_scratch (winograd);
      break;
    case DH_CPU_OTHER:
      break;
    }
}

/* Transformed weights beyond the second-level cache are worth more tiles at a time. */
static gint
rounds_by_rule (const DhCpuWinograd *conv, gint lanes)
{
  gsize size = conv->bf16 ? sizeof (guint16) : sizeof (float);
  gsize bytes = (gsize)36 * conv->in.n_planes * conv->out.n_planes * lanes * lanes * size;
  return bytes <= (1u << 20) ? 1 : bytes <= (16u << 20) ? 2 : 4;
}

/* The next size below: in whole tiles of the matrix kernels, and half of one at last. 0: none. */
static gint
finer (gint n, gint tile, gint least)
{
  const gint next = n > tile ? (n - 1) / tile * tile : n / 2;
  return next >= least ? next : 0;
}

static gint64
rounds (gint64 items, gint threads)
{
  return (items + threads - 1) / threads;
}

void
dh_cpu_fit_winograd (DhCpuWinograd *conv, const DhCpuKernels *kernels, gint images, gint threads)
{
  const gint tile = conv->bf16 ? kernels->coarse_tile : kernels->tile, pairs = (conv->out.n_planes + 1) / 2;
  const double transform = TRANSFORM_OUTPUTS / (conv->out.n_planes * kernels->lanes);
  DhCpuWinograd best = *conv;
  double least = G_MAXDOUBLE;
  for (gint tiles = conv->tiles_per_item; tiles > 0; tiles = finer (tiles, tile, LEAST_TILES))
    for (conv->parts = 1; conv->parts <= pairs; conv->parts *= 2)
      {
        conv->tiles_per_item = tiles;
        const double item = tiles * (1.0 / conv->parts + transform) + BESIDE_TILES / conv->parts;
        const double span = (double)rounds ((gint64)kernels->winograd_items (conv) * images, threads) * item;
        if (span >= least * (1 - FINER))
          continue;
        least = span;
        best = *conv;
      }
  *conv = best;
}

gint
dh_cpu_fit_pixels (gint at_once, gint64 all, gint tile, gint images, gint threads)
{
  gint best = at_once;
  double least = G_MAXDOUBLE;
  for (gint n = at_once; n > 0; n = finer (n, tile, LEAST_PIXELS))
    {
      const double span = (double)rounds ((all + n - 1) / n * images, threads) * (n + BESIDE_PIXELS);
      if (span >= least * (1 - FINER))
        continue;
      least = span;
      best = n;
    }
  return best;
}

/* A step of taps should have so many items for each thread. */
#define ITEMS_A_THREAD 4

/* Rows of taps: those by rule, if they are enough items. */
static void
fit_taps (DhCpuTaps *conv, const DhCpuKernels *kernels, gint threads)
{
  for (gint rows = conv->rows > 0 ? conv->rows : 8; kernels->taps_items (conv) < ITEMS_A_THREAD * threads && rows > 1;)
    conv->rows = rows /= 2;
}

gboolean
dh_cpu_step_set_blocking (const DhCpuPlan *plan, DhCpuStep *step, guint blocking)
{
  static const gint pixels[] = { 112, 56, 224 };
  static const gint rows[] = { 0, 1, 2, 6 };
  /* Of the tiles by rule, in halves; channels of the output. */
  static const struct
  {
    gint tiles, channels;
  } winograd[] = { { 2, 64 }, { 2, 128 }, { 4, 64 }, { 1, 64 }, { 4, 32 } };
  const gboolean coarse = step->kind == DH_CPU_CONV1X1    ? step->u.conv1x1.bf16 || step->u.conv1x1.units != NULL
                          : step->kind == DH_CPU_WINOGRAD ? step->u.winograd.bf16
                                                          : FALSE;
  const gint lanes = step->kernels->lanes, tile = coarse ? step->kernels->coarse_tile : step->kernels->tile;
  guint n = step->kind == DH_CPU_CONV1X1    ? G_N_ELEMENTS (pixels)
            : step->kind == DH_CPU_TAPS     ? G_N_ELEMENTS (rows)
            : step->kind == DH_CPU_WINOGRAD ? G_N_ELEMENTS (winograd)
                                            : 1;
  if (blocking >= n)
    return FALSE;
  step->blocking = blocking;
  if (step->kind == DH_CPU_CONV1X1)
    {
      DhCpuConv1x1 *conv = &step->u.conv1x1;
      conv->pixels_at_once = dh_cpu_fit_pixels (tile * ((pixels[blocking] + tile / 2) / tile),
                                                (gint64)conv->out.h * conv->out.w, tile, 1, plan->threads);
    }
  else if (step->kind == DH_CPU_TAPS)
    {
      step->u.taps.rows = rows[blocking];
      fit_taps (&step->u.taps, step->kernels, plan->threads);
    }
  else if (step->kind == DH_CPU_WINOGRAD)
    {
      DhCpuWinograd *conv = &step->u.winograd;
      gint tiles = rounds_by_rule (conv, lanes) * 14 * winograd[blocking].tiles / 2;
      conv->tiles_per_item = tile * MAX (1, tiles / tile);
      conv->out_chunk = MIN ((conv->out.n_planes + 1) & ~1, MAX (2, winograd[blocking].channels / lanes));
      dh_cpu_fit_winograd (conv, step->kernels, 1, plan->threads);
    }
  count_items (step);
  return TRUE;
}

/* Seconds of the first `n` items. */
static double
time_items (const DhCpuPlan *plan, const DhCpuStep *step, gint n, char *scratch, gsize stride)
{
  gint64 start = g_get_monotonic_time ();
#pragma omp parallel for schedule(dynamic, 1) num_threads(plan->threads)
  for (gint item = 0; item < n; item++)
    {
#ifdef _OPENMP
      gint thread = omp_get_thread_num ();
#else
      gint thread = 0;
#endif
      step->item (step, item, (float *)(scratch + stride * thread));
    }
  return MAX (1, g_get_monotonic_time () - start) * 1e-6;
}

/* Seconds of the whole step, from its first `n` items: the least of `runs` that nothing interrupted; G_MAXDOUBLE where
 * of twice as many all were. */
static double
time_step (const DhCpuPlan *plan, const DhCpuStep *step, gint n, gint runs, char *scratch, gsize stride)
{
  double least = G_MAXDOUBLE;
  for (gint tries = 2 * runs; runs > 0 && tries > 0; tries--)
    {
      guint64 before = dh_cpu_calm_interruptions ();
      double seconds = time_items (plan, step, n, scratch, stride) * step->n_items / n;
      if (dh_cpu_calm_interruptions () != before)
        continue;
      least = MIN (least, seconds);
      runs--;
    }
  return least;
}

double
dh_cpu_plan_time (const DhCpuPlan *plan)
{
  char *scratch = (char *)plan->arena + plan->scratch_offset;
  double seconds = 0;
  for (guint i = 0; i < plan->steps->len && seconds < G_MAXDOUBLE; i++)
    {
      const DhCpuStep *step = g_ptr_array_index (plan->steps, i);
      /* Twice: at first, memory is not there yet. */
      gint n = MIN (2 * plan->threads, step->n_items);
      time_items (plan, step, n, scratch, plan->scratch_bytes);
      double item = time_items (plan, step, n, scratch, plan->scratch_bytes) / n;
      n = (gint)CLAMP (4 * SAMPLE_SECONDS / item, n, step->n_items);
      double least = time_step (plan, step, n, 3, scratch, plan->scratch_bytes);
      seconds = least < G_MAXDOUBLE ? seconds + least : G_MAXDOUBLE;
    }
  return seconds;
}

static gsize
most_scratch (DhCpuPlan *plan)
{
  gsize most = 0;
  for (guint i = 0; i < plan->steps->len; i++)
    {
      DhCpuStep *step = g_ptr_array_index (plan->steps, i);
      for (guint blocking = 0; step->kind != DH_CPU_OTHER && dh_cpu_step_set_blocking (plan, step, blocking);
           blocking++)
        most = MAX (most, step->scratch);
      dh_cpu_step_set_blocking (plan, step, 0);
    }
  return (most + 4095) & ~(gsize)4095;
}

/* Seconds of the step with that blocking, from a share of its items; G_MAXDOUBLE as in time_step(). */
static double
time_blocking (const DhCpuPlan *plan, DhCpuStep *step, guint blocking, double share, char *scratch, gsize stride)
{
  dh_cpu_step_set_blocking (plan, step, blocking);
  gint n = CLAMP ((gint)(step->n_items * share), MIN (2 * plan->threads, step->n_items), step->n_items);
  return time_step (plan, step, n, 2, scratch, stride);
}

/* The step has been run, so that what it reads is in memory. */
static void
choose (const DhCpuPlan *plan, DhCpuStep *step, char *scratch, gsize stride)
{
  double share = MIN (1, SAMPLE_SECONDS / time_items (plan, step, step->n_items, scratch, stride));
  double by_rule = time_blocking (plan, step, 0, share, scratch, stride), best = by_rule * (1 - GAIN);
  guint fastest = 0;
  for (guint i = 1; by_rule < G_MAXDOUBLE && dh_cpu_step_set_blocking (plan, step, i); i++)
    {
      double seconds = time_blocking (plan, step, i, share, scratch, stride);
      if (seconds < best)
        {
          best = seconds;
          fastest = i;
        }
    }
  if (fastest != 0)
    {
      best = time_blocking (plan, step, fastest, share, scratch, stride);
      by_rule = time_blocking (plan, step, 0, share, scratch, stride);
      if (by_rule == G_MAXDOUBLE || best >= by_rule * (1 - GAIN))
        fastest = 0;
    }
  dh_cpu_step_set_blocking (plan, step, fastest);
}

gboolean
dh_cpu_plan_choose_blockings (DhCpuPlan *plan, GError **error)
{
  gsize stride = most_scratch (plan);
  gsize floats = (gsize)plan->input.c * plan->input.h * plan->input.w;
  char *scratch = dh_cpu_map_memory (stride * plan->threads, error);
  float *picture = scratch != NULL ? dh_cpu_map_memory (floats * sizeof *picture, error) : NULL;
  gboolean ok = picture != NULL;
  for (gsize i = 0; ok && i < floats; i++)
    picture[i] = 0.5f;
  plan->run_input = picture;
  double running = 0, timing = 0;
  for (guint i = 0; ok && i < plan->steps->len; i++)
    {
      DhCpuStep *step = g_ptr_array_index (plan->steps, i);
      if (step->is_score || step->target != DH_NO_VALUE)
        continue;
      gint64 start = g_get_monotonic_time ();
      ok = !g_cancellable_set_error_if_cancelled (plan->cancellable, error) && dh_cpu_plan_run_step (plan, step, error);
      gint64 run = g_get_monotonic_time ();
      running += (run - start) * 1e-6;
      if (ok && step->kind != DH_CPU_OTHER && timing < MOST_SECONDS + MOST_RUNS * running)
        choose (plan, step, scratch, stride);
      timing += (g_get_monotonic_time () - run) * 1e-6;
    }
  plan->run_input = NULL;
  dh_cpu_unmap_memory (picture, floats * sizeof *picture);
  dh_cpu_unmap_memory (scratch, stride * plan->threads);
  return ok;
}
