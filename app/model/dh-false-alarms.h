#pragma once
#include "dh-score-kind.h"

G_BEGIN_DECLS

/* Which share of a set's objects is found at how many false alarms an image, over all thresholds of one score
 * (metrics/dh-froc.h). Immutable, reference counted (atomic), any thread. Shares are fractions of 1, NaN where the set
 * has no objects. */
typedef struct _DhFalseAlarms DhFalseAlarms;
DhFalseAlarms *dh_false_alarms_ref (DhFalseAlarms *alarms);
void dh_false_alarms_unref (DhFalseAlarms *alarms);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFalseAlarms, dh_false_alarms_unref)

/* Why nothing is known, or of some pictures nothing, translated; NULL where all is. Borrowed. */
const char *dh_false_alarms_get_why (const DhFalseAlarms *alarms);
/* FALSE: nothing is known. */
gboolean dh_false_alarms_has_curve (const DhFalseAlarms *alarms);
guint dh_false_alarms_count_images (const DhFalseAlarms *alarms);
guint dh_false_alarms_count_objects (const DhFalseAlarms *alarms);
/* How much of an object must be flagged, and of what size objects and alarms count, in pixels. */
double dh_false_alarms_found_share (const DhFalseAlarms *alarms);
guint64 dh_false_alarms_min_anomaly (const DhFalseAlarms *alarms);
/* The curve's corners, from no false alarm on: false alarms an image, and shares. Borrowed. */
guint dh_false_alarms_get_corners (const DhFalseAlarms *alarms, const double **rates, const double **found);

typedef struct
{
  double found;
  double rate;      /* false alarms an image */
  double most;      /* the most there are here or at a stricter threshold: where it lies on the curve */
  double threshold; /* of the score as it is shown; NaN: none */
} DhFalseAlarmsPoint;
/* At a threshold of the score; exactly, in microseconds. */
void dh_false_alarms_at (const DhFalseAlarms *alarms, double threshold, DhFalseAlarmsPoint *point);
/* The last threshold before there are more than so many false alarms an image; one with which a mask is drawn has just
 * what is counted. */
void dh_false_alarms_at_rate (const DhFalseAlarms *alarms, double rate, DhFalseAlarmsPoint *point);
/* The mean share found at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false alarms an image. */
double dh_false_alarms_mean (const DhFalseAlarms *alarms);

G_END_DECLS
