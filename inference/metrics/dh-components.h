#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  DH_COMPONENT_HIT,    /* an anomaly found (sIoU ≥ τ), or a prediction that mostly lies in anomalies (PPV ≥ τ) */
  DH_COMPONENT_MISSED, /* an anomaly not found: sIoU < τ */
  DH_COMPONENT_FALSE,  /* a prediction with PPV < τ */
} DhComponentVerdict;

/* One 8-connected component. Areas count only pixels of the region of interest (not void). */
typedef struct
{
  gboolean anomaly; /* of the ground truth; otherwise of the prediction */
  DhComponentVerdict verdict;
  guint64 area;
  guint x, y, width, height;     /* bounding box */
  guint first_x, first_y;        /* its first pixel in reading order, so a pixel inside it */
  double centroid_x, centroid_y; /* pixel centres at whole numbers */
  guint64 overlap;               /* of an anomaly: pixels predicted; of a prediction: pixels in anomalies */
  double siou;                   /* of anomalies; otherwise NAN */
  double ppv;                    /* of predictions; otherwise NAN */
} DhComponent;

/* Pixels x ≤ … < end of row y, which belong to a prediction. */
typedef struct
{
  guint y, x, end;
  guint component; /* its place in items */
} DhComponentRun;

/* Anomalies first, then predictions, each in reading order of their first pixels. Without any: n is 0. */
typedef struct
{
  guint n_anomalies, n_predictions;
  DhComponent *items; /* n_anomalies + n_predictions */
  gsize n_runs;
  DhComponentRun *runs; /* of the predictions, in reading order; NULL where they are not wanted */
} DhComponents;
void dh_components_free (DhComponents *components);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhComponents, dh_components_free)

typedef struct
{
  guint64 min_prediction; /* smaller predictions are deleted */
  guint64 min_anomaly;    /* smaller anomalies become void; so does everything else where it is smaller */
  double tau;             /* for the verdicts */
  gboolean with_runs;     /* tells which pixels the predictions are */
} DhComponentOptions;

/* Finds the components of a mask (not 0: predicted) and of an image's labels (0 inlier, 1 anomaly, others void), and
 * matches them after SegmentMeIfYouCan: predictions are cut to the region of interest before labelling; small ones are
 * deleted and small anomalies become void, without labelling again. For an anomaly k with K̂ = the union of the
 * predictions that touch it and A = the pixels of K̂ in other anomalies: sIoU = |k ∩ K̂| / (|k ∪ K̂| − |A|), 0 without K̂.
 * For a prediction: PPV = |k̂ ∩ anomalies| / |k̂|. `labels` NULL: predictions only, all in the region, PPV NAN and
 * verdict false. Runs of pixels and union-find; any thread. Returns NULL where memory is short (DH_ERROR_NO_MEMORY). */
DhComponents *dh_components_match (const guint8 *mask, const guint8 *labels, guint width, guint height,
                                   const DhComponentOptions *options, GError **error);

/* Counts TP, FN (anomalies by sIoU) and FP (predictions by PPV) at τ. */
void dh_components_count (const DhComponents *components, double tau, guint64 *tp, guint64 *fn, guint64 *fp);
/* 2TP / (2TP + FN + FP); NAN where there is no component at all. */
double dh_components_f1 (guint64 tp, guint64 fn, guint64 fp);

G_END_DECLS
