#pragma once
#include "dh-counts.h"
#include "dh-frame.h"
#include "dh-rule.h"

G_BEGIN_DECLS

/* The scores of one picture or of a whole set with their labels, kept exactly, so that every number at every threshold
 * is exact and costs microseconds. Filled by one thread, then sealed; sealed ones are immutable and may be read by any
 * one thread at a time. Reference counted (atomic). */
typedef struct _DhScoreStats DhScoreStats;

DhScoreStats *dh_score_stats_new (void);
/* Before any picture: those that are labelled both for anomalies and for this many classes, with a segmentation by the
 * same classes, are counted by class as well. */
void dh_score_stats_count_classes (DhScoreStats *stats, guint classes);
/* Adds a picture; without truth all its pixels count as inliers, and the whole counts as unlabelled unless another
 * picture has labels. Some 10–30 ms per million pixels, so never on the window's thread. FALSE where memory is short.
 */
gboolean dh_score_stats_add (DhScoreStats *stats, const DhFrame *frame);
/* A copy of what was added so far, for a filler who goes on; NULL where memory is short. */
DhScoreStats *dh_score_stats_copy (const DhScoreStats *stats);
/* Computes what is read later: presets, metrics, the index behind the counts, and curves of about `curve_points` points
 * (0: none). Takes as long as a walk over all distinct scores. */
void dh_score_stats_seal (DhScoreStats *stats, guint curve_points);
/* Bytes held, those of a small picture megabytes. */
gsize dh_score_stats_size_bytes (const DhScoreStats *stats);
DhScoreStats *dh_score_stats_ref (DhScoreStats *stats);
void dh_score_stats_unref (DhScoreStats *stats);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhScoreStats, dh_score_stats_unref)

/* Of a sealed one. `stats` may be NULL in the first two, and in the one that asks whether any pixel is counted. */
gboolean dh_score_stats_has (const DhScoreStats *stats, DhScore score);
gboolean dh_score_stats_is_labelled (const DhScoreStats *stats);
guint dh_score_stats_n_images (const DhScoreStats *stats);
guint64 dh_score_stats_n_anomalies (const DhScoreStats *stats);
guint64 dh_score_stats_n_inliers (const DhScoreStats *stats);
guint64 dh_score_stats_n_void (const DhScoreStats *stats);

/* Whether any pixel is counted: FALSE where all are void, and where no value is finite. */
gboolean dh_score_stats_counts_any (const DhScoreStats *stats, DhScore score);
void dh_score_stats_count (const DhScoreStats *stats, DhScore score, double threshold, DhCounts *counts);
/* Open-mIoU (dh-open-sweep.h, whose bound is far below a printed digit), in microseconds too; NaN where nothing was
 * counted by class. `stats` may be NULL. */
double dh_score_stats_open_miou (const DhScoreStats *stats, DhScore score, double threshold);
/* The value below which a fraction of all counted pixels lies; NaN where there are none. */
double dh_score_stats_quantile (const DhScoreStats *stats, DhScore score, double fraction);
/* The mean of the score as it stands (high = anomalous for the hybrid score only). */
double dh_score_stats_mean (const DhScoreStats *stats, DhScore score);
/* Counts of values in `n` equal bins of the axis (the logit for the posterior) from `low` to `high`; values outside are
 * in the end bins. */
void dh_score_stats_histogram (const DhScoreStats *stats, DhScore score, double low, double high, guint n,
                               guint64 *inliers, guint64 *anomalies);
/* The threshold that the rule picks here: NaN where it is undefined (no labels, no anomaly pixels). A mask drawn with
 * it has exactly the pixels that the metrics count at that point. */
double dh_score_stats_choose (const DhScoreStats *stats, DhScore score, DhRule rule);

typedef struct
{
  double ap, auroc, fpr95, best_f1; /* fractions of 1; NaN where undefined */
} DhRankMetrics;
void dh_score_stats_metrics (const DhScoreStats *stats, DhScore score, DhRankMetrics *metrics);

/* PR, ROC and threshold curves in one: `threshold` descends in strictness (the value at which the pixels counted are
 * flagged), tpr and fpr ascend. */
typedef struct
{
  guint n;
  double *threshold, *precision, *tpr, *fpr, *f1;
} DhScoreCurve;
/* Borrowed; NULL without labels, or where none was made when it was sealed. */
const DhScoreCurve *dh_score_stats_curve (const DhScoreStats *stats, DhScore score);

G_END_DECLS
