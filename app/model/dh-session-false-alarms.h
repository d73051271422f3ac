#pragma once
#include "dh-false-alarms.h"
#include "dh-run-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* Objects found against false alarms of the evaluated set, for the active score, and of the finished runs that stand in
 * the comparison. Counted on a thread of its own from maps, once somebody wants to see it, and kept for this
 * evaluation: a threshold that moves counts nothing anew. The signal "false-alarms" tells of what is known, and of
 * progress. For the window's thread; nothing blocks. */

/* Of this evaluation; for another one it is asked again. What could not be counted, as of maps that were gone, is tried
 * again. */
void dh_session_want_false_alarms (DhSession *session);
/* NULL: not known yet, or nothing is evaluated with labels. Borrowed. */
const DhFalseAlarms *dh_session_get_false_alarms (DhSession *session);
/* The run on a side of the comparison, and what is known of it; NULL where there is none, or nothing is yet. */
const DhRun *dh_session_get_false_alarms_run (DhSession *session, guint side, const DhFalseAlarms **alarms);
/* Why nothing can be counted of the run on a side, or that it is of other images than the evaluation, so that the two
 * do not tell which is better; translated, free with g_free. NULL where there is no run, or no such doubt. */
char *dh_session_dup_false_alarms_doubt (DhSession *session, guint side);
/* Pictures read of all that are to be; `of` is 0 where nothing is under way. */
void dh_session_get_false_alarms_progress (DhSession *session, guint *done, guint *of);
/* Sets the active score's threshold by a rule of false alarms, chosen on the evaluated set. FALSE where nothing is
 * known yet, or there is no such threshold. */
gboolean dh_session_choose_by_false_alarms (DhSession *session, DhRule rule);
/* Pixels that make an alarm, which the view keeps ("alarm-area"). */
guint dh_session_get_alarm_area (DhSession *session);

G_END_DECLS
