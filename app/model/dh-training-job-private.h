#pragma once
#include "dh-training-keeper.h"

G_BEGIN_DECLS

DhTrainingJob *dh_training_job_new (const char *folder);
/* Takes the snapshot; `before`: jobs of the queue that come before a queued one; `movable`: 1 up, 2 down. TRUE where
 * something is to be shown anew; says so by "changed". */
gboolean dh_training_job_take_snapshot (DhTrainingJob *job, DhJobSnapshot *snapshot, guint before, guint movable);
/* Called at the first dh_training_job_get_log(). */
void dh_training_job_set_watch (DhTrainingJob *job, void (*watch) (DhTrainingJob *job, gpointer data), gpointer data);
/* NULL where nobody asked for it. */
DhTrainingLog *dh_training_job_peek_log (DhTrainingJob *job);

/* dh-training-sentence.c: how far it is or how it ended, on one line. `before`: as above. Free with g_free. */
char *dh_training_sentence (const DhJobSnapshot *snapshot, DhJobState state, guint before);

/* dh-training-name.c; free with g_free. A folder that neither the disk nor a job has yet; `taken`: folders are its
 * keys.
 */
char *dh_training_choose_folder (GHashTable *taken, DhTrainingForm *form);
/* One that is the same throughout is numbered, as its folder is; a title that was given stays as it is. */
char *dh_training_choose_title (GListModel *jobs, DhTrainingForm *form);

DhTrainingLog *dh_training_log_new (void);
/* Takes `events` (GArray of DhRunEvent). */
void dh_training_log_take_events (DhTrainingLog *log, GArray *events, gboolean again, gboolean more);

G_END_DECLS
