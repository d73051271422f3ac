#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Open-set recognition: K known classes and the anomaly. The prediction is argmax f, replaced by class K where
 * score > threshold. Confusion over K + 1 classes; labels K + 1 and above are ignored. An anomaly given class c is a
 * false positive of c; an inlier given "anomaly" a false negative of its class. (DenseHybrid's evaluate_osr.py.)
 * Streaming and mergeable; not thread safe. Pixels without a finite score are left out and counted. */
typedef struct _DhOpenSet DhOpenSet;

/* 1 ≤ classes ≤ 254. */
DhOpenSet *dh_open_set_new (guint classes, double threshold);
void dh_open_set_free (DhOpenSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOpenSet, dh_open_set_free)
/* n pixels: argmax of the logits (below K), scores (high = anomalous), labels 0…K−1 a class, K anomaly, above ignored.
 * A prediction of K or above counts as "anomaly". */
void dh_open_set_add (DhOpenSet *set, const guint8 *prediction, const float *scores, const guint8 *labels, gsize n);
/* Counts one image more, for means weighted by images. */
void dh_open_set_end_image (DhOpenSet *set);
/* The same number of classes and threshold (programmer error otherwise). */
void dh_open_set_merge (DhOpenSet *set, const DhOpenSet *other);

typedef struct
{
  guint classes; /* K */
  guint images;
  double threshold;
  guint64 pixels, ignored, non_finite;
  double open_miou;          /* mean of IoU of the K classes that occur (in labels or predictions); NAN without any */
  double anomaly_iou;        /* apart; NAN where there is neither */
  double closed_miou;        /* predictions without threshold, on the pixels of the K classes alone */
  double *iou;               /* K + 1, the last the anomaly's; NAN where absent */
  double *closed_iou;        /* K */
  guint64 *confusion;        /* (K + 1)×(K + 1), row = label, column = prediction */
  guint64 *closed_confusion; /* K×K */
} DhOpenSetResult;
DhOpenSetResult *dh_open_set_finish (const DhOpenSet *set);
void dh_open_set_result_free (DhOpenSetResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOpenSetResult, dh_open_set_result_free)

/* IoU of each of n classes from their n×n confusion, NAN where absent (`iou` may be NULL), and the mean over those of
 * the first n_mean that occur; NAN without any. */
double dh_open_set_iou (const guint64 *confusion, guint n, guint n_mean, double *iou);
/* The one label map: of an anomaly K, of an inlier its class where it is below K, else K + 1. `anomalies`: 0 inlier, 1
 * anomaly, others void; NULL: all are inliers. */
void dh_open_set_join_labels (guint classes, const guint8 *anomalies, const guint8 *ids, guint8 *labels, gsize n);

/* Σ images · value / Σ images over results whose value is defined; NAN without any. */
double dh_open_set_weighted_open_miou (DhOpenSetResult *const *results, guint n);
/* The closed mIoU of all towns together is that of their summed confusion, as the reference prints it; not a weighted
 * mean. All results have the same number of classes. */
double dh_open_set_pooled_closed_miou (DhOpenSetResult *const *results, guint n);

/* The StreetHazards calibration: the threshold at TPR > `tpr` (the reference's 0.95) of scikit-learn's roc_curve over
 * all images of a town, at half size: a score is the mean of a 2×2 block, a label the block's top left, an odd last row
 * or column dropped. Use the threshold on the other town. */
typedef struct _DhCalibration DhCalibration;
DhCalibration *dh_calibration_new (guint classes, double tpr);
void dh_calibration_free (DhCalibration *calibration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCalibration, dh_calibration_free)
/* Labels as dh_open_set_add. Errors: DH_ERROR_NO_MEMORY. */
gboolean dh_calibration_add (DhCalibration *calibration, const float *scores, const guint8 *labels, guint width,
                             guint height, GError **error);
gboolean dh_calibration_merge (DhCalibration *calibration, const DhCalibration *other, GError **error);
/* NAN where the town has no anomaly pixel. */
double dh_calibration_threshold (DhCalibration *calibration);

G_END_DECLS
