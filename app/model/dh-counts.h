#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Pixel counts at a threshold. Void pixels and values that are not finite are in none of them. */
typedef struct
{
  gboolean labelled; /* without labels only `flagged` and `pixels` are meant */
  guint64 tp, fp, fn, tn;
  guint64 flagged, pixels;
} DhCounts;

/* Fractions of 1; NaN where undefined. */
double dh_counts_precision (const DhCounts *counts);
double dh_counts_tpr (const DhCounts *counts);
double dh_counts_fpr (const DhCounts *counts);
double dh_counts_f1 (const DhCounts *counts);

G_END_DECLS
