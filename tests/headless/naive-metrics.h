#pragma once
#include <glib.h>

/* Metrics computed as their definitions read: sort all pixels in double, one point a distinct score. */
typedef struct
{
  double score;
  guint64 tp, fp; /* pixels with score ≥ it */
} NaivePoint;

typedef struct
{
  GArray *points; /* NaivePoint, descending */
  guint64 inliers, anomalies, non_finite;
  double ap, auroc, best_f1, best_f1_threshold;
  double fpr95[3], threshold[3]; /* above (collinear points dropped), reached, nearest */
} Naive;

/* Labels 0 and 1 count. */
Naive *naive_new (const float *scores, const guint8 *labels, gsize n);
void naive_free (Naive *naive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Naive, naive_free)

/* One number in [0, 1) from a state that must not be 0. */
double random_unit (guint64 *state);
double random_normal (guint64 *state);
