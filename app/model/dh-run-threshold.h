#pragma once
#include "dh-run-details.h"
#include "dh-run-map.h"

G_BEGIN_DECLS

/* The threshold of a run that stands beside the shown picture (dh-run-map.h): it begins where F1 is best on the run's
 * own data set, or as it was left at an earlier start, moves alone as a network's does, and stays the run's, on
 * whatever side it stands and on both where it stands there. What it gives on the whole set is read from the stored
 * curve, on the shown picture from the run's map. For the window's thread; sides as in dh-run-map.h, those without a
 * run have none of it.
 *
 * Signals of the session, with the side: "run-threshold", its value or its record changed; "run-stats", the run's map
 * of the shown picture was counted. */

/* Of the run; NULL while it is read, and where it cannot be. Borrowed. Its arrival is told by "compared". */
const DhRunDetails *dh_session_get_run_details (DhSession *session, guint side);
/* Why it cannot be read; NULL where it can, or is not read yet. Borrowed. */
const char *dh_session_get_run_details_error (DhSession *session, guint side);

/* Its value is NaN where there is none. Borrowed. */
const DhThreshold *dh_session_get_run_threshold (DhSession *session, guint side);
/* As those of the network's scores in dh-session.h; undo and redo are theirs. A reset goes back to the best F1. */
void dh_session_set_run_threshold (DhSession *session, guint side, double value);
void dh_session_commit_run_threshold (DhSession *session, guint side);
gboolean dh_session_choose_run_threshold (DhSession *session, guint side, DhRule rule);
gboolean dh_session_can_choose_run_threshold (DhSession *session, guint side);
void dh_session_take_run_threshold (DhSession *session, guint side, const DhThreshold *record);
/* Whether it was chosen on the set that the run is of. */
gboolean dh_session_run_threshold_is_own (DhSession *session, guint side);
/* Whether that saw its pictures otherwise (dh-seen.h) than the run did. */
gboolean dh_session_run_threshold_is_seen_otherwise (DhSession *session, guint side);
/* The slider's axis, as dh_session_get_axis(). */
void dh_session_get_run_axis (DhSession *session, guint side, double *low, double *high);

G_END_DECLS
