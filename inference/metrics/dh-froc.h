#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The free-response ROC: which share of the objects is found at how many false alarms an image, over all thresholds,
 * exactly. Pixels that are void (label neither 0 nor 1, or a score that is NaN or infinite) are nothing, as in
 * smiyc-component: they are flagged at no threshold and join nothing.
 *
 * An object is an 8-connected component of the anomaly pixels. It is found at a threshold where `found_share` of its
 * pixels have at least that score, and so at every lower one. A false alarm at a threshold t is an 8-connected
 * component of the pixels with score ≥ t that has `min_area` pixels or more and no anomaly pixel, be that one of an
 * object too small to be counted. As t falls, alarms come to be, join, and end where they meet an anomaly: their number
 * rises and falls, and where all is flagged there is none. So a threshold gives R false alarms an image where neither
 * it nor any stricter one gives more: `most` below. */
typedef struct
{
  guint64 min_area;    /* of a false alarm; at least 1 */
  guint64 min_anomaly; /* of an object, else it is not counted */
  double found_share;  /* of an object's pixels, 0…1; 0: any one of them */
  guint most_steps;    /* that are kept, at least; 0: DH_FROC_MOST_STEPS */
} DhFrocOptions;
#define DH_FROC_MOST_STEPS (1u << 21)
/* As much of an object as sIoU asks for at least where smiyc-component finds it: what is found there is found here. */
#define DH_FROC_FOUND_SHARE 0.25
/* SegmentMeIfYouCan's of AnomalyTrack. */
#define DH_FROC_MIN_AREA 500
#define DH_FROC_MIN_ANOMALY 100

/* Sums over pictures. A picture of n pixels has n/min_area alarms that come to be, at most, and as many that end: of
 * these steps those at different scores are kept, 8 bytes each. Where there are more than `most_steps` of them over all
 * pictures, which takes thousands of pictures of noise or a `min_area` of a few pixels, thresholds are rounded down to
 * fewer bits: the numbers are exact at those that are left. Twice as many steps are held at most, and as much again
 * while they are sorted. Not thread safe; fill one a thread and merge: what is merged, and in which order, makes no
 * difference. */
typedef struct _DhFroc DhFroc;

DhFroc *dh_froc_new (const DhFrocOptions *options);
void dh_froc_free (DhFroc *froc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFroc, dh_froc_free)
/* A picture of the set, with objects or without; `scores` high where anomalous. Where all of it is void it is no image
 * of the curve. Working memory of 21 bytes a pixel stays for the next one until it is merged, finished or freed.
 * Errors: DH_ERROR_NO_MEMORY; `froc` then is of no use. */
gboolean dh_froc_add (DhFroc *froc, const float *scores, const guint8 *labels, guint width, guint height,
                      GError **error);
/* Adds all of `other`, of the same options, which stays as it is but for its working memory. Errors as dh_froc_add. */
gboolean dh_froc_merge (DhFroc *froc, DhFroc *other, GError **error);

/* What there is at a threshold. */
typedef struct
{
  float threshold;
  guint32 found;        /* objects */
  guint64 false_alarms; /* of all images */
  guint64 most;         /* the most there are at this threshold or a stricter one */
} DhFrocPoint;

typedef struct
{
  float threshold; /* the highest at which it is found, of those that are told apart */
  guint32 area;
} DhFrocObject;

typedef struct
{
  DhFrocOptions options;
  guint images, n_objects;
  guint rounded_bits; /* of a threshold's 32, that are not told apart; 0: none */
  guint n_points;
  DhFrocPoint *points;   /* one for each score at which something changes, the highest first */
  DhFrocObject *objects; /* the first found first */
} DhFrocCurve;
/* Errors as dh_froc_add. */
DhFrocCurve *dh_froc_finish (DhFroc *froc, GError **error);
void dh_froc_curve_free (DhFrocCurve *curve);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFrocCurve, dh_froc_curve_free)

/* What score ≥ threshold gives, or with `inclusive` FALSE score > threshold, as masks are drawn. NULL: nothing is found
 * and nothing false. Borrowed, as below. */
const DhFrocPoint *dh_froc_curve_at (const DhFrocCurve *curve, float threshold, gboolean inclusive);
/* The last point before there are more than `rate` false alarms an image. NULL: there are from the first on. */
const DhFrocPoint *dh_froc_curve_at_rate (const DhFrocCurve *curve, double rate);
/* Shares of 1: of the objects that are found at a point (NULL: none), NAN where there are no objects; the same of those
 * of `least` to less than `below` pixels, with their number; false alarms an image. */
double dh_froc_curve_found (const DhFrocCurve *curve, const DhFrocPoint *point);
double dh_froc_curve_found_of (const DhFrocCurve *curve, const DhFrocPoint *point, guint64 least, guint64 below,
                               guint *n_objects);
double dh_froc_curve_rate (const DhFrocCurve *curve, const DhFrocPoint *point);
/* The mean share found at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false alarms an image, as LUNA16 takes it. */
double dh_froc_curve_mean (const DhFrocCurve *curve);

/* The corners of the curve for charts: (most an image, share found), from (0, 0) on, none of which is left out in
 * share, and in false alarms none further than half a per cent. Empty without objects. */
typedef struct
{
  double rate, found;
  float threshold; /* INFINITY in the first */
} DhFrocCorner;
GArray *dh_froc_curve_corners (const DhFrocCurve *curve);

G_END_DECLS
