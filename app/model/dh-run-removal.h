#pragma once
#include "dh-run-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* An evaluation or import goes from the list of runs, and from the database with all its numbers. Trainings are the
 * queue's: dh_training_queue_remove(). For the window's thread. */

/* Why a run cannot go now, as a sentence for a tooltip; NULL where it can. Static, translated. */
const char *dh_session_refuse_removal (DhSession *session, const DhRun *run);
/* Whether its maps can go with it: they lie where the program keeps its evaluations, and no other run of the list has
 * them. */
gboolean dh_session_can_remove_maps (DhSession *session, const DhRun *run);
/* On another thread; "message" or "error" tells how it ended. With its maps: their folder goes to the trash once the
 * run is gone, unless another run has them. */
void dh_session_remove_run (DhSession *session, const DhRun *run, gboolean with_maps);

G_END_DECLS
