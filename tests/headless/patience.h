#pragma once
#include <glib.h>
#include <time.h>

/* What is waited for comes in the end, however slow or busy the machine is: only what never comes takes so long.
 * Meson's own limit of a program lies behind it. */
#define PATIENCE (10 * 60 * G_USEC_PER_SEC)

/* Whether `condition` holds, asked every few milliseconds; for what other threads and processes do. */
#define patience_until(condition)                                                                                      \
  ({                                                                                                                   \
    const gint64 end_ = g_get_monotonic_time () + PATIENCE;                                                            \
    gboolean holds_;                                                                                                   \
    while (!(holds_ = (condition)) && g_get_monotonic_time () < end_)                                                  \
      g_usleep (2000);                                                                                                 \
    holds_;                                                                                                            \
  })

/* Seconds of computing that this process has spent: whether something is much work, whatever else the machine does. */
static inline double
patience_work (void)
{
  struct timespec time;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}
