#pragma once
#include "dh-training-form.h"
#include "dh-training-log.h"

G_BEGIN_DECLS

/* One training: queued, under way in a process of its own, or ended. For the window's thread.
 *
 * Signal "changed": its state, sentence or numbers did. */
#define DH_TYPE_TRAINING_JOB (dh_training_job_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingJob, dh_training_job, DH, TRAINING_JOB, GObject)

typedef enum
{
  DH_JOB_QUEUED,
  DH_JOB_RUNNING,
  DH_JOB_PAUSED,
  DH_JOB_DONE,
  DH_JOB_FAILED,
  DH_JOB_CANCELLED,
  DH_JOB_OUT_OF_MEMORY,
  DH_JOB_LOST, /* its process ended without a word */
  DH_N_JOB_STATES,
} DhJobState;
const char *dh_job_state_id (DhJobState state);   /* "out-of-memory" */
const char *dh_job_state_name (DhJobState state); /* translated: "out of memory" */

typedef enum
{
  DH_JOB_WAITING,  /* not running */
  DH_JOB_STARTING, /* data and weights are read, the network is compiled */
  DH_JOB_STEPPING,
  DH_JOB_VALIDATING,
  DH_JOB_STOPPING, /* was asked to stop, writes its checkpoint */
} DhJobPhase;

typedef struct
{
  DhJobPhase phase;
  guint64 step, steps;     /* done, in all; steps 0: not known yet */
  guint epoch, epochs;     /* the one under way, counted from 1 */
  double steps_per_second; /* NaN: not known */
  double seconds_left;     /* with validations; of a queued job the estimate for all of it; NaN: not known */
  double seconds;          /* spent so far, pauses left out */
  gint64 started, ended;   /* Unix, seconds; 0: not yet */
  guint skipped;           /* steps without a finite loss */
  gint64 silent;           /* seconds without a sign of life of a running process; 0: it answers */
} DhJobProgress;

typedef struct
{
  char *name; /* "model_best.pth" */
  char *path;
  char *title; /* translated: "best, AP 76.1 % at epoch 4", "last, step 1480", "epoch 3" */
  gboolean best, last, resumable;
  gboolean opens; /* in Browse: all but the last of a network of others, which has parameters alone */
  guint epoch;
  guint64 step;
  gint64 time; /* Unix, seconds */
} DhJobCheckpoint;

gint64 dh_training_job_get_id (DhTrainingJob *job); /* row of the database; 0: not written yet */
DhJobState dh_training_job_get_state (DhTrainingJob *job);
const DhJobProgress *dh_training_job_get_progress (DhTrainingJob *job);
const char *dh_training_job_get_title (DhTrainingJob *job);
/* Why it is in this state and what can be done, or what it does now: a sentence, translated, never NULL: "epoch 6 of 10
 * · step 1,480 of 2,480 · 2.1 steps/s", "after the job above", "The process ended without a word at step 3,204. Last
 * checkpoint: step 3,000." */
const char *dh_training_job_get_sentence (DhTrainingJob *job);
/* The bare reason of an end (the trainer's own words); NULL where there is none. */
const char *dh_training_job_get_why (DhTrainingJob *job);
const char *dh_training_job_get_folder (DhTrainingJob *job);
const char *dh_training_job_get_recipe (DhTrainingJob *job); /* its name */
/* "LDN-121, crop 1024", "Cityscapes + ADE20K": its title in two parts. */
const char *dh_training_job_get_label (DhTrainingJob *job);
const char *dh_training_job_get_data (DhTrainingJob *job);    /* NULL: not known */
const char *dh_training_job_get_program (DhTrainingJob *job); /* its version */
const char *dh_training_job_get_created (DhTrainingJob *job); /* when it was queued: ISO 8601, UTC */
/* The best epoch's numbers, fractions of 1; NaN where there are none yet. */
typedef struct
{
  guint epoch; /* counted from 1; 0: none yet */
  double miou, ap, auroc, fpr95;
} DhJobBest;
DhJobBest dh_training_job_get_best (DhTrainingJob *job);
const char *dh_training_job_get_device (DhTrainingJob *job);    /* as asked for, or as it was opened */
const char *dh_training_job_get_precision (DhTrainingJob *job); /* "f32", "bf16" */
/* The title, and below it "cpu · bf16"; free with g_free. */
char *dh_training_job_dup_facts (DhTrainingJob *job);
/* Whether it was started elsewhere: by the command line. */
gboolean dh_training_job_is_foreign (DhTrainingJob *job);

/* Best first, then last, then kept epochs, the newest first; files that are there. GPtrArray of DhJobCheckpoint,
 * borrowed; changes with "changed". */
GPtrArray *dh_training_job_get_checkpoints (DhTrainingJob *job);
/* model_best.pth; NULL before there is one. Borrowed. */
const char *dh_training_job_get_best_path (DhTrainingJob *job);

/* Read at the first call, then followed; owned by the job. */
DhTrainingLog *dh_training_job_get_log (DhTrainingJob *job);

/* What can be done with it now. */
typedef enum
{
  DH_JOB_CAN_PAUSE = 1 << 0,
  DH_JOB_CAN_GO_ON = 1 << 1, /* a paused one; or one that ended early, from its last checkpoint */
  DH_JOB_CAN_CANCEL = 1 << 2,
  DH_JOB_CAN_MOVE_UP = 1 << 3,
  DH_JOB_CAN_MOVE_DOWN = 1 << 4,
  DH_JOB_CAN_REMOVE = 1 << 5,
  DH_JOB_CAN_EDIT = 1 << 6, /* its recipe and folders are known */
} DhJobActions;
DhJobActions dh_training_job_get_actions (DhTrainingJob *job);

/* A form with everything the job was started with; NULL where that is not known. */
DhTrainingForm *dh_training_job_dup_form (DhTrainingJob *job);
/* The command line that does the same; free with g_free. */
char *dh_training_job_dup_command (DhTrainingJob *job);

G_END_DECLS
