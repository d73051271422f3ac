#include "dh-counts.h"
#include <math.h>

static double
ratio (guint64 part, guint64 whole)
{
  return whole != 0 ? (double)part / (double)whole : NAN;
}

double
dh_counts_precision (const DhCounts *counts)
{
  return ratio (counts->tp, counts->tp + counts->fp);
}

double
dh_counts_tpr (const DhCounts *counts)
{
  return ratio (counts->tp, counts->tp + counts->fn);
}

double
dh_counts_fpr (const DhCounts *counts)
{
  return ratio (counts->fp, counts->fp + counts->tn);
}

double
dh_counts_f1 (const DhCounts *counts)
{
  if (counts->tp + counts->fn == 0)
    return NAN;
  return ratio (2 * counts->tp, 2 * counts->tp + counts->fp + counts->fn);
}
