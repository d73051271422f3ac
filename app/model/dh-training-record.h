#pragma once
#include <time.h>
#include "dh-training-keeper.h"

G_BEGIN_DECLS

/* On what the list of a folder's checkpoints rests. */
typedef struct
{
  gboolean scanned; /* FALSE: to be looked for again in any case */
  guint64 inode;
  struct timespec changed;
  gint64 step; /* of the last checkpoint, as the lock says; −1: unknown */
  gint64 best_epoch;
} DhTrainingFiles;

/* What the keeper's thread remembers of one job: its row, its process and how far it is. */
typedef struct
{
  DhJobRow *row;
  gboolean present; /* in the database's last list */
  DhJobPhase phase;
  gboolean alive, reachable;
  gint64 lock_pid;
  gint64 silent;

  /* Its process, where this program started it. */
  gint64 child; /* 0: none */
  gboolean child_ended;
  int child_status;

  /* What the last look found, and why it ended so; NULL: nothing to be said. */
  DhJobState found;
  char *why;
  char *refused; /* why no process could be started, until that is written; NULL */

  /* What was asked for and cannot be seen yet. */
  gboolean wants_pause;
  gint64 continued_at;   /* when it was told to go on and has not yet; monotonic, 0: not */
  gint64 stopped_at;     /* when it was to be cancelled; monotonic, 0: it was not */
  gboolean told_to_stop; /* since then, by SIGTERM */

  /* From its log. */
  DhRunLog *log;
  guint epoch;
  double last_steps[32], validation_seconds;
  double validation_steps; /* that one is worth, before one was seen */
  guint validated;         /* epochs */
  guint n_steps;
  guint skipped;
  char *selection;    /* what makes the best model; NULL: not known yet */
  char *label, *data; /* model and data in a few words; NULL: not known yet */

  DhRunLog *watched; /* read for the window; */
  gboolean told;     /* at least once */
  GPtrArray *checkpoints;
  DhTrainingFiles files; /* `checkpoints` is of these */
} DhTrainingRecord;

DhTrainingRecord *dh_training_record_new (DhJobRow *row);
void dh_training_record_free (DhTrainingRecord *record);
void dh_training_record_take_row (DhTrainingRecord *record, DhJobRow *row);

/* Whether its row says that a process is or should be there. */
gboolean dh_training_record_is_active (const DhTrainingRecord *record);
gboolean dh_training_record_is (const DhTrainingRecord *record, DhJobState state);

/* What the lock and the process say now: into `found` and `why`. */
void dh_training_record_look (DhTrainingRecord *record);
/* Reads what is new in the log into row and numbers; TRUE where something was. */
gboolean dh_training_record_follow (DhTrainingRecord *record);
/* Looks for checkpoints where the folder has changed; TRUE where they are others. */
gboolean dh_training_record_scan (DhTrainingRecord *record);
DhJobSnapshot *dh_training_record_dup_snapshot (DhTrainingRecord *record);

/* Starts or resumes it in a process of its own: in its own session, kindly behind the window in priority, and before
 * it where memory gets short. `program` and `database` are paths. */
gboolean dh_training_record_launch (DhTrainingRecord *record, const char *program, const char *database,
                                    GError **error);
/* Only to a process that is surely it. */
gboolean dh_training_record_signal (DhTrainingRecord *record, int number);
/* To the trash, or away: the files of a training alone, and the folder where nothing else is in it. */
gboolean dh_training_record_remove_files (DhTrainingRecord *record, GError **error);

/* How its process ended where neither its log nor its lock says so; free with g_free. */
DhJobState dh_training_record_diagnose (DhTrainingRecord *record, const DhRunLockInfo *info, char **why);

G_END_DECLS
