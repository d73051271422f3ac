#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Pixels at one threshold. */
typedef struct
{
  guint64 tp, fp, fn, tn;
} DhConfusion;

/* Fractions of 1; NAN where the denominator is 0 (precision: where nothing is predicted). */
double dh_confusion_precision (const DhConfusion *confusion);
double dh_confusion_tpr (const DhConfusion *confusion);
double dh_confusion_fpr (const DhConfusion *confusion);
double dh_confusion_f1 (const DhConfusion *confusion);

/* One point of the threshold curve: the pixels with score ≥ threshold. */
typedef struct
{
  double threshold;
  guint64 tp, fp;
} DhCurvePoint;

/* PR, ROC and threshold curves in one: thresholds strictly descending, tp and fp ascending; the last point has all
 * pixels. Plain data, to be drawn, stored and read back. */
typedef struct
{
  guint64 inliers, anomalies; /* N and P */
  guint n_points;
  DhCurvePoint *points;
} DhCurve;

/* Room for n points, uninitialised; NULL where memory is short. */
DhCurve *dh_curve_new (guint64 inliers, guint64 anomalies, guint n_points);
DhCurve *dh_curve_copy (const DhCurve *curve);
void dh_curve_free (DhCurve *curve);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCurve, dh_curve_free)

/* The confusion at a threshold (score ≥ threshold) by binary search: exact at the curve's own thresholds; between two
 * of them, that of the next higher one. */
void dh_curve_confusion (const DhCurve *curve, double threshold, DhConfusion *confusion);
void dh_curve_point_confusion (const DhCurve *curve, guint point, DhConfusion *confusion);

/* The rule by which a threshold is chosen on a curve. */
typedef enum
{
  DH_OPERATING_TPR95,   /* first point of TPR ≥ 0.95 */
  DH_OPERATING_FPR5,    /* last point of FPR ≤ 0.05 */
  DH_OPERATING_BEST_F1, /* the highest threshold of the largest F1 */
} DhOperatingPoint;
const char *dh_operating_point_name (DhOperatingPoint point); /* "TPR 95 %", … */
/* The index of the point; -1 where there is none. */
gint dh_curve_operating_point (const DhCurve *curve, DhOperatingPoint point);

/* At most about `max_points` of its points (at least 64), chosen as by dh_ranking_curve(), the operating points among
 * them. NULL where memory is short. */
DhCurve *dh_curve_reduce (const DhCurve *curve, guint max_points);

G_END_DECLS
