#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* How the cpu device's threads wait for each other at the end of a step. They are OpenMP's, whose runtime lets them
 * turn for milliseconds before they sleep. On a machine of their own that is right: the next step comes at once, and to
 * wake a thread takes longer than many a step. Where others want the processors, they take them from those that they
 * wait for: a step of a microsecond then takes as long as the system lets others go first. So they are calm while that
 * is so. */

/* To be called between two steps of a run on `threads` threads; costs nothing to speak of. Looks whether the process
 * had to leave processors to others since the last time, and decides. */
void dh_cpu_calm_look (guint threads);

/* The decision: whether to be calm from now on, from how often threads were interrupted in so many microseconds. */
gboolean dh_cpu_calm_decide (gboolean calm, guint64 interruptions, gint64 microseconds);
/* Carries it out; the threads know it a moment later. Nothing where the environment says how OpenMP's threads wait. */
void dh_cpu_calm_set (gboolean calm, guint threads);

/* How often a thread of this process had to leave its processor to another one, of whatever process. */
guint64 dh_cpu_calm_interruptions (void);

G_END_DECLS
