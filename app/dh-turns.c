#include "dh-turns.h"
#include <time.h>
#include "dh-debug.h"

#define LONG_MS 20

static double
now_ms (void)
{
  struct timespec time;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static gint
poll_between (GPollFD *files, guint n, gint timeout)
{
  static double woken = 0;
  const double turn = now_ms () - woken;
  if (woken > 0 && turn >= LONG_MS)
    g_printerr ("turn: %.0f ms\n", turn);
  const gint ready = g_poll (files, n, timeout);
  woken = now_ms ();
  return ready;
}

void
dh_turns_watch (void)
{
  if (dh_debug (DH_DEBUG_TURNS))
    g_main_context_set_poll_func (NULL, poll_between);
}
