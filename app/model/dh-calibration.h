#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* What stored runs say of where thresholds lie: each is an evaluated set with what every rule chooses on it, for one
 * map of one network or method. A threshold that is chosen on one set and kept for another is what a number that is
 * reported may be measured at; one that was chosen on the same set is the best that could be had. */
typedef struct
{
  gint64 run;
  char *title, *root; /* of the set; where it lies */
  char *source;       /* as a record names it: "Fishyscapes Static · fs_val" */
  char *source_id;    /* as a record has it */
  char *precision;    /* that the run computed in; NULL of another method's scores */
  char *started;      /* ISO 8601, UTC */
  guint images;
  gboolean own;              /* of the set on which the threshold is used: a leak */
  double values[DH_N_RULES]; /* on the map as it is shown; NaN where the rule chooses none */
} DhCalibration;

/* Found by reading the database on another thread; as any asynchronous call. Of each set the newest run that is done,
 * the newest first, those of the set in use last. `side` < 0: of the open weights' `score`, used on the open set; else
 * of the weights or the method, the map and the set of the run that stands on that side of the comparison. */
void dh_session_load_calibrations (DhSession *session, gint side, DhScore score, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer data);
/* GPtrArray of DhCalibration, empty where there are none; NULL with an error. */
GPtrArray *dh_session_load_calibrations_finish (DhSession *session, GAsyncResult *result, GError **error);

/* The record that a rule makes of it; dh_threshold_clear() frees what is in it. */
void dh_calibration_make_record (const DhCalibration *calibration, DhRule rule, DhThreshold *record);
/* Sets that record; `side` and `score` as above. */
void dh_session_use_calibration (DhSession *session, gint side, DhScore score, const DhCalibration *calibration,
                                 DhRule rule);

G_END_DECLS
