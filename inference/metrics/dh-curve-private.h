#pragma once
#include "dh-curve.h"

/* Reduces the points of a curve as they come, in the order of a curve. A point is left out only if it lies within a
 * step of the last kept one: in TPR, in FPR and in the logarithm of TP + FP, which the left end of a PR curve needs.
 * The point before a jump is kept as well as the one after it. */
typedef struct
{
  DhCurve *curve; /* NULL where memory was short */
  gsize room;
  double tp_step, fp_step, ratio;
  DhCurvePoint last, kept;
  guint64 far_tp, far_fp, far_both; /* beyond these a point is a step from the kept one */
} DhCurveBuilder;

/* max_points 0: all points. */
void dh_curve_builder_init (DhCurveBuilder *builder, guint64 inliers, guint64 anomalies, guint max_points);
void dh_curve_builder_add (DhCurveBuilder *builder, double threshold, guint64 tp, guint64 fp);
/* After all points: puts one of them back, where it was left out. */
void dh_curve_builder_insert (DhCurveBuilder *builder, const DhCurvePoint *point);
/* The curve, or NULL where memory was short. */
DhCurve *dh_curve_builder_end (DhCurveBuilder *builder);
