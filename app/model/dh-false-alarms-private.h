#pragma once
#include "dh-false-alarms.h"
#include "dh-froc.h"
#include "dh-run-froc.h"
#include "dh-set-maps-private.h"

G_BEGIN_DECLS

/* Takes the curve and `why`. `above`: what lies above a threshold is flagged. */
DhFalseAlarms *dh_false_alarms_new (DhFrocCurve *curve, gboolean above, char *why);

/* Counting on a thread of little priority; `done` is called once, from the main loop, unless it is stopped before. For
 * the window's thread. */
typedef struct _DhFalseAlarmsPass DhFalseAlarmsPass;
typedef void (*DhFalseAlarmsDone) (DhFalseAlarmsPass *pass, DhFalseAlarms *alarms, gpointer data);
/* Of the evaluated set: what is left out of it or has no labels is not counted, what cannot be read is said. */
DhFalseAlarmsPass *dh_false_alarms_pass_of_set (DhSetMaps *maps, DhScore score, const DhFrocOptions *options,
                                                DhFalseAlarmsDone done, gpointer data);
/* Of a finished run, by its own score. */
DhFalseAlarmsPass *dh_false_alarms_pass_of_run (gint64 run, const DhFrocRules *rules, DhFalseAlarmsDone done,
                                                gpointer data);
/* Nothing is told any more, and it is let go of; also of one that is done. */
void dh_false_alarms_pass_stop (DhFalseAlarmsPass *pass);
void dh_false_alarms_pass_get_progress (DhFalseAlarmsPass *pass, guint *done, guint *of);

G_END_DECLS
