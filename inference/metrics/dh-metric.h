#pragma once
#include <glib.h>
#include "dh-component-sums.h"
#include "dh-curve.h"
#include "dh-ranking.h"

G_BEGIN_DECLS

/* The same scores give different numbers under different protocols, so a number always carries its protocol. */
typedef enum
{
  DH_PROTOCOL_PIXEL,
  DH_PROTOCOL_COMPONENT, /* fills DhResult.components; two passes unless a threshold is given */
  DH_PROTOCOL_OPEN_SET,  /* needs classes as well: dh-open-set.h; dh_metric_new refuses it */
} DhProtocolKind;

typedef struct
{
  const char *name;        /* "densehybrid-pooled": on the command line, in the database, in reports */
  const char *title;       /* "DenseHybrid, pooled" */
  const char *description; /* one sentence: what it does and why its numbers differ */
  DhProtocolKind kind;
} DhProtocol;

guint dh_protocol_count (void);
const DhProtocol *dh_protocol_at (guint position);
/* Errors: DH_ERROR_USAGE, listing the names there are. */
const DhProtocol *dh_protocol_find (const char *name, GError **error);

/* Whether its numbers are one ranking's of all pixels of the set, and no means over images. */
gboolean dh_protocol_is_pooled (const DhProtocol *protocol);

/* One image with what was scored on it; all borrowed, only during the call. */
typedef struct
{
  const char *key;      /* names the image in the result's rows: a path, a stem */
  const float *scores;  /* H×W, high = anomalous */
  const guint8 *labels; /* H×W: 0 inlier, 1 anomaly, others void */
  guint width, height;
  DhRanking *ranking; /* of all its pixels by these labels, where somebody has it already; may be NULL */
  guint8 unmeasured;  /* the label of pixels that no protocol counts, not even one without void; 0: there is none */
} DhScoredImage;

typedef struct
{
  gboolean no_rows;                    /* TRUE: no metrics of single images; pooled protocols then take half the time */
  guint64 min_prediction, min_anomaly; /* smiyc-component; 0: 500 and 100, as AnomalyTrack (ObstacleTrack: 50, 10) */
  gboolean has_threshold;              /* smiyc-component with a threshold calibrated elsewhere: one pass */
  double threshold;
  DhRanking *pool; /* of all pixels of the set by these labels, where the caller ranks them himself and has done so
                      before dh_metric_finish(): pooled protocols of exact scores then keep none of their own and read
                      it. Borrowed, and outlives the metric; not looked into before. NULL: each keeps its own */
} DhMetricOptions;

/* Undefined values are NAN here and null in JSON; fractions of 1. */
typedef struct
{
  char *key;
  guint width, height;
  guint64 pixels, positives, ignored, non_finite; /* scored pixels, the anomalies among them, void, left out */
  double ap, auroc, fpr95, threshold_tpr95;       /* under the protocol's own rules; NAN where this image has none */
  double mean_score;
  guint n_components, n_predictions; /* smiyc-component */
  double siou_mean, ppv_mean;
  guint64 largest_missed; /* area of the largest anomaly missed at τ = 0.25 */
} DhImageResult;

typedef struct
{
  double threshold;             /* as given, or the best-F1 threshold of smiyc-pixel on the same set */
  gboolean threshold_from_set;  /* chosen on the very set it is used on */
  double threshold_as_compared; /* rounded to float16 */
  guint64 min_prediction, min_anomaly;
  guint64 n_components, n_predictions;
  double siou_mean, ppv_mean, f1_mean;
  double tau[DH_COMPONENT_TAUS], f1[DH_COMPONENT_TAUS];
  guint64 tp[DH_COMPONENT_TAUS], fn[DH_COMPONENT_TAUS], fp[DH_COMPONENT_TAUS];
} DhComponentResult;

typedef struct
{
  const DhProtocol *protocol;
  double ap, auroc, fpr95, threshold_tpr95; /* a per-image protocol has no threshold of the set: NAN */
  double best_f1, best_f1_threshold;        /* NAN for per-image protocols */
  double tpr_at_fpr5, threshold_fpr5;       /* pooled protocols; otherwise NAN */
  guint64 pixels, positives, ignored, non_finite;
  guint images;
  guint undefined_images; /* left out of a per-image mean for want of anomalies (or inliers); 0 of pooled protocols */
  DhImageResult *rows;    /* one an image, in the order added; NULL with no_rows */
  DhCurve *curve;         /* of pooled protocols, reduced to some 4000 points; otherwise NULL */
  DhComponentResult *components; /* of smiyc-component; otherwise NULL */
} DhResult;
void dh_result_free (DhResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhResult, dh_result_free)
/* All of it as bytes, and the same bits read back. Images are told by where they stand among `names`, in whose order
 * the rows are: FALSE where one is not, what was given then being of no use. */
gboolean dh_result_pack (const DhResult *result, const char *const *names, guint n_names, DhPack *to);
/* NULL, `from` having failed, where these are no such bytes, whatever else they are. `names` as they were then. */
DhResult *dh_result_unpack (DhUnpack *from, const char *const *names, guint n_names);

/* A protocol at work, fed image by image; its memory does not grow with the pixels (dh-ranking.h) but for the row and
 * the few hundred bins of each image. NaN and infinite scores are left out of everything, as void is, and counted.
 * Not thread safe: give each thread its own and merge. */
typedef struct _DhMetric DhMetric;

/* `options` may be NULL. Errors: DH_ERROR_USAGE. */
DhMetric *dh_metric_new (const DhProtocol *protocol, const DhMetricOptions *options, GError **error);
/* An empty one that measures as this one does in this pass (at the threshold that was chosen for it), to be merged into
 * it. On any thread, others being merged into it meanwhile. */
DhMetric *dh_metric_new_part (const DhMetric *metric);
void dh_metric_free (DhMetric *metric);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhMetric, dh_metric_free)
const DhProtocol *dh_metric_protocol (const DhMetric *metric);

/* Errors: DH_ERROR_NO_MEMORY; the metric is then of no use but to be freed. */
gboolean dh_metric_add (DhMetric *metric, const DhScoredImage *image, GError **error);
/* Adds what `other` has seen (the same protocol, options and pass); the rows follow. `other` stays usable.
 * Errors: DH_ERROR_MISMATCH, DH_ERROR_NO_MEMORY. */
gboolean dh_metric_merge (DhMetric *metric, const DhMetric *other, GError **error);
/* TRUE where the protocol must see all images once more (smiyc-component after choosing its threshold): add them again,
 * then ask again. Parts must be merged first, and new ones are made for the second pass. */
gboolean dh_metric_next_pass (DhMetric *metric);
double dh_metric_threshold (const DhMetric *metric);
/* What has been added so far. The metric may go on; call as often as wanted. Errors: DH_ERROR_NO_MEMORY. */
DhResult *dh_metric_finish (DhMetric *metric, GError **error);

G_END_DECLS
