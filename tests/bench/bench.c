#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long
bench_memory (const char *what)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL))
    return 0;
  const char *line = strstr (text, what);
  return line != NULL ? strtol (line + strlen (what), NULL, 10) : 0;
}

int
bench_compare (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

void
bench_say_ready (void)
{
  puts ("ready");
  fflush (stdout);
}

void
bench_say_run (double seconds, double card_seconds, clock_t processor)
{
  printf ("{\"seconds\": %.6f, \"card_seconds\": %.7f, \"cpu_seconds\": %.6f, \"peak_kib\": %ld}\n", seconds,
          card_seconds, (double)(clock () - processor) / CLOCKS_PER_SEC, bench_memory ("VmHWM:"));
  fflush (stdout);
}
