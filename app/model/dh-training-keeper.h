#pragma once
#include "dh-records.h"
#include "dh-run-lock.h"
#include "dh-run-log.h"
#include "dh-training-job.h"

G_BEGIN_DECLS

/* The thread that knows the trainings: it alone talks to the database, looks at their folders, starts processes and
 * sends signals. The window's thread gives it commands and gets back what it found. */
typedef struct _DhTrainingKeeper DhTrainingKeeper;

/* What is known of one job at one moment. Immutable once sent. */
typedef struct
{
  DhJobRow *row;
  DhJobPhase phase;
  gboolean alive; /* a process holds its folder */
  DhJobProgress progress;
  GPtrArray *checkpoints; /* DhJobCheckpoint; shared, immutable */
  gboolean begun;         /* there is something to be gone on with */
  char *label, *data;     /* the model and the data in a few words; NULL: not known */
} DhJobSnapshot;
void dh_job_snapshot_free (DhJobSnapshot *snapshot);
void dh_job_checkpoint_free (DhJobCheckpoint *checkpoint);

/* Called in the window's thread; none after dh_training_keeper_stop(). */
typedef struct
{
  /* All jobs, in the order of their positions: GPtrArray of DhJobSnapshot, borrowed. */
  void (*jobs) (GPtrArray *snapshots, gpointer data);
  /* New events of a watched job's log; `again`: what came before counts no more; `more`: the rest follows at once.
   * Takes `events` (GArray of DhRunEvent). */
  void (*events) (const char *folder, GArray *events, gboolean again, gboolean more, gpointer data);
  void (*ended) (const char *folder, gpointer data);
  /* `folder`: of the job that could not be added; NULL: something else went wrong. `text` NULL: it did no longer. */
  void (*error) (const char *folder, const char *title, const char *text, gpointer data);
} DhTrainingKeeperCalls;

DhTrainingKeeper *dh_training_keeper_new (const char *database, const char *program, const DhTrainingKeeperCalls *calls,
                                          gpointer data);
/* Waits for the thread's end (what it does at the moment is short). Trainings go on. */
void dh_training_keeper_stop (DhTrainingKeeper *keeper);

/* Commands name a job by its folder; those that make no sense any more when they are looked at are dropped. */
typedef enum
{
  DH_KEEPER_PAUSE,
  DH_KEEPER_GO_ON,
  DH_KEEPER_CANCEL,
  DH_KEEPER_MOVE_UP,
  DH_KEEPER_MOVE_DOWN,
  DH_KEEPER_REMOVE,
  DH_KEEPER_REMOVE_WITH_FILES,
  DH_KEEPER_WATCH,
} DhKeeperOrder;
void dh_training_keeper_order (DhTrainingKeeper *keeper, DhKeeperOrder order, const char *folder);
/* Takes `row`; its state is "queued". */
void dh_training_keeper_add (DhTrainingKeeper *keeper, DhJobRow *row);

G_END_DECLS
