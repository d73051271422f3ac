#pragma once
#include "dh-curve.h"
#include "dh-score-stats.h"

G_BEGIN_DECLS

/* The points of a curve whose thresholds are high where anomalous, as the score is shown; NULL where there are none, or
 * `points` is NULL. */
G_GNUC_INTERNAL DhScoreCurve *dh_score_curve_new (const DhCurve *points, DhScore score);
G_GNUC_INTERNAL void dh_score_curve_free (DhScoreCurve *curve);

G_END_DECLS
