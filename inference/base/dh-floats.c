#include "dh-floats.h"

#include <stdlib.h>

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
