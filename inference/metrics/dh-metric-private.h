#pragma once
#include "dh-metric.h"
#include "dh-ranking.h"

/* What a protocol does. State is zero-filled at first and freed by `release`. */
typedef struct
{
  gsize state_size;
  /* Counts the image and fills the row, whose counts are 0 and values NAN. */
  gboolean (*add) (DhMetric *metric, const DhScoredImage *image, DhImageResult *row, GError **error);
  gboolean (*merge) (DhMetric *metric, const DhMetric *other, GError **error);
  /* The result's values are NAN before; counts, images and rows are filled already. */
  gboolean (*finish) (DhMetric *metric, DhResult *result, GError **error);
  gboolean (*next_pass) (DhMetric *metric);     /* may be NULL */
  double (*threshold) (const DhMetric *metric); /* may be NULL */
  void (*release) (DhMetric *metric);
} DhMetricClass;

struct _DhMetric
{
  const DhProtocol *protocol;
  const DhMetricClass *class;
  DhMetricOptions options;
  guint pass;
  GArray *rows; /* DhImageResult; empty with no_rows where the protocol does not need them */
  guint images;
  guint64 pixels, positives, ignored, non_finite;
  gpointer state;
};

extern const DhMetricClass dh_metric_pooled;    /* densehybrid-pooled, fishyscapes */
extern const DhMetricClass dh_metric_per_image; /* densehybrid-per-image, …-as-published, caos */
extern const DhMetricClass dh_metric_smiyc_pixel;
extern const DhMetricClass dh_metric_smiyc_component;

/* Where an accumulator of one protocol stands inside another's state. */
typedef struct _DhSmiycBins DhSmiycBins;
DhSmiycBins *dh_smiyc_bins_new (void);
void dh_smiyc_bins_free (DhSmiycBins *bins);
/* How many it holds: of many images less than of each by itself, since equal thresholds are joined. */
gsize dh_smiyc_bins_n (const DhSmiycBins *bins);
/* The bins of one image into `bins`; the image's own metrics into the row, where it is not NULL. */
gboolean dh_smiyc_bins_add (DhSmiycBins *bins, const DhScoredImage *image, DhImageResult *row, GError **error);
gboolean dh_smiyc_bins_merge (DhSmiycBins *bins, const DhSmiycBins *other, GError **error);
/* All but the TPR reached at the threshold of TPR 95 %. `curve` may be NULL. */
gboolean dh_smiyc_bins_metrics (DhSmiycBins *bins, DhPixelMetrics *metrics, DhCurve **curve, GError **error);

/* What was read off an image's scores into its row, off the set's into the result. */
void dh_metric_tell_row (const DhPixelMetrics *metrics, DhImageResult *row);
void dh_metric_tell_result (const DhPixelMetrics *metrics, DhResult *result);

#define DH_METRIC_CURVE_POINTS 4000
