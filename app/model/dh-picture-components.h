#pragma once
#include "dh-counts.h"
#include "dh-frame.h"

G_BEGIN_DECLS

/* What one picture's threshold finds, object by object: its anomalies, found or missed, and what is flagged falsely,
 * matched as the protocol smiyc-component matches them (8-connected, flagged regions under 500 pixels and anomalies
 * under 100 left out, found where sIoU ≥ 0.25, false where PPV < 0.25), but with scores compared in float32, as the
 * counts of pixels and the drawing are. Reports compare in float16, which may differ by the pixels on the edge. */
typedef enum
{
  DH_OBJECT_MISSED,
  DH_OBJECT_FALSE,
  DH_OBJECT_FOUND,
  DH_OBJECT_FLAGGED, /* of a picture without labels */
  DH_N_OBJECT_KINDS,
} DhObjectKind;

typedef struct
{
  DhObjectKind kind;
  guint64 area;              /* pixels that are not void */
  guint x, y, width, height; /* bounding box */
  guint places;              /* bits of DhPlace (dh-place.h), of its box's middle */
  gint class_id;             /* what the network sees in the most of its pixels; −1: nobody knows */
  guint peak_x, peak_y;      /* the pixel of it that the score finds most anomalous */
  double peak;               /* the score there */
  double overlap;            /* sIoU of anomalies, PPV of what is false; NaN without labels */
  /* Means over its pixels; NaN where the map is missing. The active score's, then the hybrid score's two terms. */
  double score, minus_log_likelihood, log_p_out;
} DhPictureObject;

/* The pixels where the network sees a class. */
typedef struct
{
  guint id;
  guint32 tp, fp, fn, tn;
} DhClassCounts;

/* Immutable; reference counted (atomic). */
typedef struct
{
  gatomicrefcount refs;
  DhScore score;
  double threshold;
  gboolean labelled;
  guint n_of[DH_N_OBJECT_KINDS];
  guint n;
  DhPictureObject *items; /* missed, false, found or flagged, each from the largest down */
  /* Of objects, as the protocol has them: F1 as the mean over its 11 overlaps, sIoU over the anomalies, PPV over all
   * that is flagged, objects that are found included. NaN without any or without labels. */
  double f1, siou, ppv;
  DhCounts *counts; /* of the pixels of each DhPlace (dh-place.h) */
  guint n_classes;  /* that the network sees there; 0 without its segmentation or labels */
  DhClassCounts *classes;
} DhPictureComponents;

#define DH_PICTURE_MIN_FLAGGED 500
#define DH_PICTURE_MIN_ANOMALY 100

/* Tens of milliseconds per million pixels: not for the window's thread. NULL where the map or memory is missing. */
DhPictureComponents *dh_picture_components_new (const DhFrame *frame, DhScore score, double threshold);
DhPictureComponents *dh_picture_components_ref (DhPictureComponents *components);
void dh_picture_components_unref (DhPictureComponents *components);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhPictureComponents, dh_picture_components_unref)

/* Pixels of the largest anomaly that is missed; 0 where none is, NaN without anomalies or labels. */
double dh_picture_components_largest_missed (const DhPictureComponents *components);
/* Translated: "Missed", "False", "Found", "Flagged". */
const char *dh_object_kind_title (DhObjectKind kind);

G_END_DECLS
