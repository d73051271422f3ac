#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Exponential smoothing with bias correction: m ← w m + (1 − w) y, shown as m / (1 − wⁿ), so that it begins at the
 * first value and not at 0 (Adam's correction; Kingma and Ba 2015). At weight 0 exactly the values come out. Values
 * that are not finite leave the state as it was and come out as they are. */
typedef struct
{
  double weight; /* 0 ≤ weight < 1 */
  double mean;
  double correction; /* wⁿ */
} DhSmoothing;

DhSmoothing dh_smoothing_new (double weight);
/* `smooth` may be `values`. What comes later goes on where this ended. */
void dh_smoothing_apply (DhSmoothing *smoothing, const double *values, double *smooth, gsize n);

/* A slider's place, 0 … 1, as a weight, 0 … 0.999, and back: each third of the way takes ten times as many values. */
double dh_smoothing_weight (double place);
double dh_smoothing_place (double weight);

G_END_DECLS
