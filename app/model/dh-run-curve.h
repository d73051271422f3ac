#pragma once
#include "dh-score-stats.h"

G_BEGIN_DECLS

/* A finished run's stored curve as thresholds are set on its map: values are the map's own (likelihood and posterior
 * flagged below), and what is beyond a threshold is flagged, as masks are drawn. The curve keeps some thousand points:
 * counts are exact at these and at every preset; between two of them they are those of the stricter one. Immutable
 * and reference counted (atomic). */
typedef struct _DhRunCurve DhRunCurve;
DhRunCurve *dh_run_curve_ref (DhRunCurve *curve);
void dh_run_curve_unref (DhRunCurve *curve);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunCurve, dh_run_curve_unref)

/* The score on whose axis such a map is tuned: its own, or the hybrid score's where it has no tuner of its own, which
 * is flagged above as well (max softmax, max logit, entropy). */
DhScore dh_run_curve_score_of_map (DhFrameMap kind);

/* `curve` may be NULL in all of these. */
guint dh_run_curve_n_points (const DhRunCurve *curve);
/* FALSE without a curve. */
gboolean dh_run_curve_count (const DhRunCurve *curve, double threshold, DhCounts *counts);
/* The threshold that a rule picks; NaN where it picks none. TPR 95 % and best F1 are the run's own stored numbers. */
double dh_run_curve_choose (const DhRunCurve *curve, DhRule rule);
/* Half of the inliers are flagged there; NaN without any. */
double dh_run_curve_inlier_median (const DhRunCurve *curve);
/* All but the outermost of the set's values; FALSE where that is not known. */
gboolean dh_run_curve_get_span (const DhRunCurve *curve, double *low, double *high);
/* As dh_score_stats_histogram(); FALSE without a curve. */
gboolean dh_run_curve_histogram (const DhRunCurve *curve, double low, double high, guint n, guint64 *inliers,
                                 guint64 *anomalies);

G_END_DECLS
