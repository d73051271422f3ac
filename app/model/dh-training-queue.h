#pragma once
#include "dh-training-check.h"
#include "dh-training-job.h"

G_BEGIN_DECLS

/* All trainings as a GListModel of DhTrainingJob: running and paused ones, the queue in its order, then ended ones,
 * the newest first. Kept in the database; each runs as `densehybrid train` in a session of its own, which survives this
 * program: at the next start what runs, waits and ended is found again. One training computes at a time, the rest wait.
 * For the window's thread; files, database and processes are another thread's business, and nothing blocks.
 *
 * Signals
 *   "counts"  ()                        how many are in which state changed
 *   "ended"   (DhTrainingJob)           one ended while this program watched: to be announced
 *   "error"   (char *title, char *text) something could not be done, and why; text NULL: what was told under this title
 *             is over */
#define DH_TYPE_TRAINING_QUEUE (dh_training_queue_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingQueue, dh_training_queue, DH, TRAINING_QUEUE, GObject)

/* `database`: NULL for the user's; `program`: the densehybrid to run, NULL for the one beside this program or in PATH.
 */
DhTrainingQueue *dh_training_queue_new (const char *database, const char *program);
/* Ends the thread; trainings go on. Called by the last unref too. */
void dh_training_queue_close (DhTrainingQueue *queue);

gboolean dh_training_queue_is_loading (DhTrainingQueue *queue); /* until the database was read once */
guint dh_training_queue_count (DhTrainingQueue *queue, DhJobState state);
/* Borrowed; NULL where there is none. */
DhTrainingJob *dh_training_queue_find (DhTrainingQueue *queue, gint64 id);

/* Appends the form's training to the queue, or one for each of its seeds, of which it gives the first; they start when
 * their turn comes. The jobs are in the list at once; borrowed.
 * NULL with DH_ERROR_USAGE where the form is not complete. `check` (may be NULL) gives the estimate of time. */
DhTrainingJob *dh_training_queue_add (DhTrainingQueue *queue, DhTrainingForm *form, const DhTrainingCheck *check,
                                      GError **error);

/* Each does nothing where dh_training_job_get_actions() does not allow it. */
void dh_training_queue_pause (DhTrainingQueue *queue, DhTrainingJob *job);
/* A paused one goes on at once, or as the next where another runs; one that ended goes into the queue again and is
 * resumed from its last checkpoint. */
void dh_training_queue_go_on (DhTrainingQueue *queue, DhTrainingJob *job);
/* A running one writes a checkpoint and ends; a queued one ends before it began. */
void dh_training_queue_cancel (DhTrainingQueue *queue, DhTrainingJob *job);
void dh_training_queue_move (DhTrainingQueue *queue, DhTrainingJob *job, gint by); /* −1: up */
/* Out of the list and the database. `with_files`: its folder goes to the trash, or is deleted where there is none. */
void dh_training_queue_remove (DhTrainingQueue *queue, DhTrainingJob *job, gboolean with_files);

G_END_DECLS
