#pragma once
#include <glib.h>
#include <time.h>

/* What the benches have in common. */

/* "VmHWM:" and the like of this process, in KiB. */
long bench_memory (const char *what);
/* Order of doubles, for qsort. */
int bench_compare (const void *a, const void *b);
/* Tells a peer script that all is ready, and what a run took that began at this processor time: by the wall, and of a
 * card where there is one, else 0. */
void bench_say_ready (void);
void bench_say_run (double seconds, double card_seconds, clock_t processor);
