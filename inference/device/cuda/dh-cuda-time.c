#include "dh-cuda-time.h"

/* What something takes on the card, whatever the processor takes to start it. */

enum
{
  TRIALS = 4,
  HOPELESS = 2, /* times as slow as the best so far */
};
#define ENOUGH 0.01   /* seconds of runs, from which a few tell as much as more */
#define UNTOLD 1.0    /* seconds */
#define LONG_LOAD 0.2 /* seconds: no kernel takes so long to be loaded */
/* Seconds that are enough for a launch at least, and for a few launches at most. */
#define SHORTEST_HOLD 5e-5
#define LONGEST_HOLD 2e-3

double
dh_cuda_time (DhCudaCard *card, DhCudaQueue queue, gpointer data, double good, GError **error)
{
  double best = G_MAXDOUBLE, hold = 0;
  for (guint i = 0; i <= TRIALS; i++)
    {
      const gint64 begin = g_get_monotonic_time ();
      if ((i > 0 && !dh_cuda_driver.hold (card, hold, error))
          || !dh_cuda_driver.mark (card, 0, DH_CUDA_LANE_COMPUTE, error) || !queue (card, data, error)
          || !dh_cuda_driver.mark (card, 1, DH_CUDA_LANE_COMPUTE, error))
        return -1;
      /* Twice what it took this time, which the next will hardly exceed. */
      hold = CLAMP (2e-6 * (double)(g_get_monotonic_time () - begin), SHORTEST_HOLD, LONGEST_HOLD);
      if (!dh_cuda_driver.wait (card, error))
        return -1;
      const double told = dh_cuda_driver.elapsed (card, 0, 1);
      /* Where the card cannot tell, nothing is the fastest. */
      const double seconds = told > 0 ? told : UNTOLD;
      /* The first run loads what it needs, which may take longer than the run. */
      if (i == 0 && (seconds < LONG_LOAD || seconds < good * HOPELESS))
        continue;
      best = MIN (best, seconds);
      if (best > good * HOPELESS || i * best > ENOUGH)
        break;
    }
  return best;
}
