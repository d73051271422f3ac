#include "dh-cuda-time.h"

/* What something takes on the card, whatever the processor takes to start it. */

enum
{
  TRIALS = 4,
  HOPELESS = 2,      /* times as slow as the best so far */
  MOST_AT_ONCE = 16, /* runs between two marks */
};
#define ENOUGH 0.01 /* seconds of runs, from which a few tell as much as more */
#define LONG_ENOUGH                                                                                                    \
  1e-4                /* seconds between two marks, from which on it is no matter how slowly the card's clock ticks */
#define UNTOLD 1.0    /* seconds */
#define LONG_LOAD 0.2 /* seconds: no kernel takes so long to be loaded */
/* Seconds that are enough for a launch at least, and for a few launches at most. */
#define SHORTEST_HOLD 5e-5
#define LONGEST_HOLD 2e-3

/* Seconds of each of so many runs, which are all queued before the first begins where `hold` is as long. */
static double
time_runs (DhCudaCard *card, DhCudaQueue queue, gpointer data, guint runs, double *hold, GError **error)
{
  const double before = CLAMP (*hold * runs, SHORTEST_HOLD, LONGEST_HOLD * runs);
  const gint64 begin = g_get_monotonic_time ();
  if ((*hold > 0 && !dh_cuda_driver.hold (card, before, error))
      || !dh_cuda_driver.mark (card, 0, DH_CUDA_LANE_COMPUTE, error))
    return -1;
  for (guint i = 0; i < runs; i++)
    if (!queue (card, data, error))
      return -1;
  if (!dh_cuda_driver.mark (card, 1, DH_CUDA_LANE_COMPUTE, error))
    return -1;
  /* Twice what each took this time, which the next will hardly exceed. */
  *hold = CLAMP (2e-6 * (double)(g_get_monotonic_time () - begin) / runs, 1e-6, LONGEST_HOLD);
  if (!dh_cuda_driver.wait (card, error))
    return -1;
  const double told = dh_cuda_driver.elapsed (card, 0, 1);
  /* Where the card cannot tell, nothing is the fastest. */
  return told > 0 ? told / runs : UNTOLD;
}

static guint
runs_at_once (double seconds)
{
  return (guint)CLAMP (LONG_ENOUGH / seconds, 1, MOST_AT_ONCE);
}

double
dh_cuda_time (DhCudaCard *card, DhCudaQueue queue, gpointer data, double good, GError **error)
{
  /* `least`: of all that was told, the first included. Whatever comes between, and the marks themselves, only add. */
  double best = G_MAXDOUBLE, least = G_MAXDOUBLE, hold = 0;
  guint most = 1;
  for (guint i = 0; i <= TRIALS; i++)
    {
      const guint runs = i < 2 ? 1 : runs_at_once (least);
      const double seconds = time_runs (card, queue, data, runs, &hold, error);
      if (seconds < 0)
        return -1;
      least = MIN (least, seconds);
      /* The first run loads what it needs, which may take longer than the run. */
      if (i == 0 && (seconds < LONG_LOAD || seconds < good * HOPELESS))
        continue;
      /* One by itself is not told as well as several. */
      best = most == 1 && runs > 1 ? seconds : MIN (best, seconds);
      most = MAX (most, runs);
      /* What is short is not given up for what one run by itself is told to take. */
      if ((least > good * HOPELESS && (runs > 1 || runs_at_once (least) == 1)) || i * least > ENOUGH)
        break;
    }
  return best;
}
