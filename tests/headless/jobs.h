#pragma once
#include "dh-training-queue.h"

/* What the tests of trainings in the studio share: a tiny ladder on generated scenes in a temporary folder, and the
 * queue of trainings with real processes. */
extern char *jobs_folder, *jobs_scenes, *jobs_negatives, *jobs_runs, *jobs_recipe_path;
void jobs_begin (int *argc, char ***argv);
/* Runs the tests; the status to return from main(). */
int jobs_end (void);

/* Waits until `ready` (queue, job); FALSE: it never came to be. */
typedef gboolean (*JobsReady) (DhTrainingQueue *queue, DhTrainingJob *job);
gboolean jobs_wait_for (DhTrainingQueue *queue, DhTrainingJob *job, JobsReady ready);
gboolean jobs_has_stepped (DhTrainingQueue *queue, DhTrainingJob *job);
gboolean jobs_is_loaded (DhTrainingQueue *queue, DhTrainingJob *job);
gboolean jobs_has_id (DhTrainingQueue *queue, DhTrainingJob *job);

char *jobs_database_path (void); /* free with g_free */
/* Waits until it is loaded; with the program that DH_PROGRAM names. */
DhTrainingQueue *jobs_open_queue (void);
void jobs_close_queue (DhTrainingQueue *queue);
/* `steps` an epoch, two epochs. Whoever means to meet it while it runs gives it JOBS_ENDLESS and ends it. */
enum
{
  JOBS_ENDLESS = 1000000,
};
DhTrainingForm *jobs_make_form (const char *title, guint steps);
DhTrainingJob *jobs_add (DhTrainingQueue *queue, const char *title, guint steps); /* borrowed */
DhTrainingJob *jobs_find (DhTrainingQueue *queue, const char *title);             /* borrowed; NULL */
/* Of its process, which must live. */
gint64 jobs_pid_of (DhTrainingJob *job);
