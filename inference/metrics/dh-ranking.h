#pragma once
#include <glib.h>
#include "dh-curve.h"
#include "dh-pack.h"

G_BEGIN_DECLS

/* What a label byte of a pixel means to a metric. */
typedef enum
{
  DH_LABEL_INLIER,
  DH_LABEL_ANOMALY,
  DH_LABEL_IGNORED,
} DhLabelClass;

/* All scores of an image or a data set with their labels, exactly: for every distinct float32 score, how many inlier
 * and how many anomaly pixels have it. Every pixel metric is read off it, and so is every position of a threshold
 * slider; nothing is sampled or binned.
 *
 * How: a score becomes its order-preserving 32-bit key (−0 is 0). Keys are spread over 65536 pages by their upper half;
 * a page holds the lower halves, two bytes a pixel, until that costs 64 KiB, and from then on one byte-wide counter for
 * each of its 65536 keys (overflows are kept apart). So memory is at most 3 bytes a pixel and a page at most 64 KiB a
 * class: 2·10⁸ pixels of continuous scores take about 100 MiB, 600 MB at the very worst, and more pixels of the same
 * range take no more. The result does not depend on the order of pixels, images or merges.
 *
 * NaN and infinite scores are left out, whatever their label, and counted. Denormal and huge scores are as any other.
 * Not thread safe; fill one a thread and merge. */
typedef struct _DhRanking DhRanking;

DhRanking *dh_ranking_new (void);
void dh_ranking_free (DhRanking *ranking);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRanking, dh_ranking_free)

/* Adds n pixels. Labels: 0 inlier, 1 anomaly, others ignored; or, where `classes` is given, as that table of 256
 * DhLabelClass says. Errors: DH_ERROR_NO_MEMORY; the ranking then holds a part of the pixels and must be freed. */
gboolean dh_ranking_add (DhRanking *ranking, const float *scores, const guint8 *labels, gsize n, const guint8 *classes,
                         GError **error);
/* Adds all of `other`, which stays as it is. Errors as dh_ranking_add. */
gboolean dh_ranking_merge (DhRanking *ranking, const DhRanking *other, GError **error);
/* Empties it and keeps its memory, for the next image. */
void dh_ranking_clear (DhRanking *ranking);

guint64 dh_ranking_inliers (const DhRanking *ranking);
guint64 dh_ranking_anomalies (const DhRanking *ranking);
guint64 dh_ranking_ignored (const DhRanking *ranking);
guint64 dh_ranking_non_finite (const DhRanking *ranking);
/* Means of the scores; NAN where there are none. */
double dh_ranking_mean_score (const DhRanking *ranking);
gsize dh_ranking_memory (const DhRanking *ranking); /* bytes held */
/* Bytes that a ranking of so many pixels of usual scores is to be reckoned with: 3 a pixel, 192 MiB at most. */
guint64 dh_ranking_usual_memory (guint64 pixels);

/* How the false positive rate at TPR 95 % is read. Points are the distinct scores, descending; TPR and FPR at a point
 * count the pixels with score ≥ it. */
typedef enum
{
  /* scikit-learn's roc_curve with its default drop_intermediate (points where the second differences of both counts are
   * 0 vanish), then the first point of TPR > 0.95: DenseHybrid. */
  DH_FPR95_ABOVE,
  /* The first point of TPR ≥ 0.95: Fishyscapes. */
  DH_FPR95_REACHED,
  /* Of the points up to the first of TPR 1 the one nearest to 0.95; of equally near ones the lowest score: CAOS. */
  DH_FPR95_NEAREST,
} DhFpr95Rule;

/* Fractions of 1; NAN where undefined. AP = Σ (R_i − R_{i−1}) P_i; AUROC by trapezoids over all distinct scores. AP and
 * best F1 are undefined without anomaly pixels, AUROC and FPR also without inlier pixels. Without inliers AP is 1. */
typedef struct
{
  double ap, auroc;
  double fpr95, threshold_tpr95, tpr_at_threshold; /* by the rule, what it gives and the TPR really reached there */
  double best_f1, best_f1_threshold;               /* of equal ones the highest threshold */
  double tpr_at_fpr5, threshold_fpr5;              /* the last point of FPR ≤ 0.05; no such point: 0 and NAN */
} DhPixelMetrics;

/* FALSE where memory is short. */
gboolean dh_ranking_metrics (DhRanking *ranking, DhFpr95Rule rule, DhPixelMetrics *metrics);

/* The threshold of the first point of TPR > tpr that scikit-learn's roc_curve keeps (DH_FPR95_ABOVE for any rate, 0 ≤
 * tpr < 1): the τ of open-set recognition. NAN without anomaly pixels, or where memory is short. */
double dh_ranking_roc_threshold (DhRanking *ranking, double tpr);

/* How many pixels are above a threshold, in some microseconds whatever the size of the set: what a slider shows. With
 * `inclusive` the pixels with score ≥ threshold (as the metrics count), otherwise score > threshold (as masks are
 * drawn; nextafterf (threshold, −INFINITY) makes one the other). The first call after a change builds an index. */
void dh_ranking_confusion (DhRanking *ranking, float threshold, gboolean inclusive, DhConfusion *confusion);

/* The score below which the fraction q of all pixels lies (q in 0…1, of both classes; the ⌈q·n⌉-th smallest, the
 * smallest for q = 0); NAN where there are none. */
double dh_ranking_quantile (DhRanking *ranking, double q);

/* The curve of all distinct scores, reduced to at most about `max_points` points (at least 64; 0: all of them) without
 * losing a corner: both ends of every step are kept, every left-out point lies within 6/max_points of a kept one in TPR
 * and in FPR, and the points of dh_ranking_metrics (rule), FPR 5 % and best F1 are among them. NULL where memory is
 * short. */
DhCurve *dh_ranking_curve (DhRanking *ranking, guint max_points, DhFpr95Rule rule);
/* Both at once, in the time of one. */
DhCurve *dh_ranking_metrics_and_curve (DhRanking *ranking, DhFpr95Rule rule, DhPixelMetrics *metrics, guint max_points);

/* Counts of each class between n_bins + 1 ascending edges, the last bin closed, as numpy.histogram; scores outside are
 * not counted. `inliers` and `anomalies` hold n_bins each. */
void dh_ranking_histogram (DhRanking *ranking, const double *edges, guint n_bins, guint64 *inliers, guint64 *anomalies);

/* All that it holds as bytes, which are the same for equal contents, and from which one is made that gives the same
 * bits everywhere: 46·10⁶ pixels of a hybrid score take 23 MB, ten times as many 72. FALSE where memory is
 * short, what was given then being of no use. */
gboolean dh_ranking_pack (const DhRanking *ranking, DhPack *to);
/* NULL, `from` having failed, where these are no such bytes, whatever else they are, or tell of more than `most_pixels`
 * inliers and anomalies, by which the memory is bounded; or where memory is short. */
DhRanking *dh_ranking_unpack (DhUnpack *from, guint64 most_pixels);

G_END_DECLS
