#pragma once
#include "dh-frame.h"

G_BEGIN_DECLS

/* One picture's scores, sorted, so that every count at every threshold is exact and costs a binary search. Immutable,
 * reference counted (atomic), any thread. */
typedef struct _DhFrameStats DhFrameStats;

/* Pixel counts at a threshold. Void pixels are in none of them. */
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

/* Sorts in O(n); 10–30 ms per million pixels, so not on the window's thread. NULL where memory is short or where it was
 * cancelled (`cancellable` may be NULL). */
DhFrameStats *dh_frame_stats_new (const DhFrame *frame, GCancellable *cancellable);
DhFrameStats *dh_frame_stats_ref (DhFrameStats *stats);
void dh_frame_stats_unref (DhFrameStats *stats);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFrameStats, dh_frame_stats_unref)

gboolean dh_frame_stats_has_score (const DhFrameStats *stats, DhScore score);
gboolean dh_frame_stats_is_labelled (const DhFrameStats *stats);
guint64 dh_frame_stats_n_anomalies (const DhFrameStats *stats);
guint64 dh_frame_stats_n_inliers (const DhFrameStats *stats);
guint64 dh_frame_stats_n_void (const DhFrameStats *stats);

void dh_frame_stats_count (const DhFrameStats *stats, DhScore score, double threshold, DhCounts *counts);

/* Finite values at a fraction of the order of all pixels but void; NaN where there are none. */
double dh_frame_stats_quantile (const DhFrameStats *stats, DhScore score, double fraction);

/* Counts of values in `n` equal bins of the axis (the logit for the posterior) from `low` to `high`; values beyond go
 * into the end bins. `anomalies` stays 0 without labels. */
void dh_frame_stats_histogram (const DhFrameStats *stats, DhScore score, double low, double high, guint n,
                               guint64 *inliers, guint64 *anomalies);

/* How a threshold is chosen. */
typedef enum
{
  DH_RULE_BY_HAND,
  DH_RULE_TPR95,   /* the strictest threshold with TPR > 0.95 */
  DH_RULE_FPR5,    /* the laxest threshold with FPR ≤ 0.05 */
  DH_RULE_BEST_F1, /* the threshold with the largest F1; of equals the strictest */
  DH_N_RULES,
} DhRule;
/* "by hand", "TPR 95 %", … translated. */
const char *dh_rule_title (DhRule rule);
const char *dh_rule_id (DhRule rule);
gboolean dh_rule_from_id (const char *id, DhRule *rule);

/* The threshold that the rule picks on this picture, or NaN where it is undefined (no labels, no anomaly pixels). It is
 * a float that parts two neighbouring scores, so that every `>` and `<`, a shader's too, agrees with the counts it was
 * chosen by. */
double dh_frame_stats_choose (const DhFrameStats *stats, DhScore score, DhRule rule);

G_END_DECLS
