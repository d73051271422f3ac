#include "dh-floats.h"

#include <math.h>
#include <stdlib.h>

#define SAMPLE 4096

static int
compare (gconstpointer a, gconstpointer b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

void
dh_floats_sort (float *values, gsize n)
{
  qsort (values, n, sizeof *values, compare);
}

gboolean
dh_floats_span (const float *values, gsize n, float *low, float *high)
{
  /* An odd step walks through all columns of a picture whose width is a power of two. */
  const gsize step = MAX (1, n / SAMPLE) | 1;
  g_autofree float *some = g_new (float, n / step + 1);
  gsize finite = 0;
  for (gsize i = step / 2; i < n; i += step)
    if (isfinite (values[i]))
      some[finite++] = values[i];
  if (finite == 0)
    return FALSE;
  dh_floats_sort (some, finite);
  *low = some[finite / 200];
  *high = some[finite - 1 - finite / 200];
  return TRUE;
}
