#pragma once
#include "dh-run-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* Evaluations and imports go from the list of runs, and from the database with all their numbers. Trainings are the
 * queue's: dh_training_queue_remove(). For the window's thread. */

/* Why a run cannot go now, as a sentence for a tooltip; NULL where it can. Static, translated. */
const char *dh_session_refuse_removal (DhSession *session, const DhRun *run);
/* Whether there are maps that can go with these runs: they lie where the program keeps its evaluations, and no run of
 * the list but these has them. */
gboolean dh_session_can_remove_maps (DhSession *session, const DhRun *const *runs, guint n);
/* On another thread; "message" or "error" tells how it ended. With their maps: the folders of which that is so go to
 * the trash once the runs are gone, unless another run has them. What Metrics shows is shown no more. */
void dh_session_remove_runs (DhSession *session, const DhRun *const *runs, guint n, gboolean with_maps);

G_END_DECLS
