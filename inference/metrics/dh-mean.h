#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What several measurements of one thing are together, as of trainings that differ in their seed alone. */
typedef struct
{
  guint n;          /* values that are defined */
  guint undefined;  /* others: NAN or infinite, which are in neither number */
  double mean;      /* NAN where n is 0 */
  double deviation; /* of the sample: √(Σ (x − mean)² / (n − 1)); NAN where n is less than 2 */
} DhMean;
DhMean dh_mean_of (const double *values, guint n);

G_END_DECLS
