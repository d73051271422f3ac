#pragma once
#include "dh-database.h"
#include "dh-training-keeper.h"
#include "dh-training-record.h"

G_BEGIN_DECLS

struct _DhTrainingKeeper
{
  gatomicrefcount refs;
  DhTrainingKeeperCalls calls;
  gpointer data;
  GMainContext *context; /* the window's */
  gint stopped;          /* no call any more */
  char *path, *program;
  GAsyncQueue *orders;
  GThread *thread;

  /* The thread's own. */
  DhDatabase *database;
  GHashTable *records; /* folder → DhTrainingRecord */
  GPtrArray *sequence; /* the same, by position; borrowed */
  GPtrArray *ended;    /* folders: to be told behind the states */
  gint64 version, saved;
  gboolean dirty;   /* rows were written here */
  gboolean changed; /* the window is to be told */
  gboolean first;   /* nothing was told yet */

  /* Where the database cannot be written. */
  GQueue waiting;      /* DhKeeperCommand: what was asked for meanwhile */
  gboolean locked;     /* by another program, at this look: no more is tried at it */
  gint64 locked_since; /* monotonic; 0: it is not */
  const char *told;    /* title of a failure that the window was told of since something could be written; NULL: none */
  gboolean unkept;     /* the file of what waits is of another moment */
};

/* Atomic; until the last message is gone. */
G_GNUC_INTERNAL DhTrainingKeeper *dh_training_keeper_ref (DhTrainingKeeper *keeper);
G_GNUC_INTERNAL void dh_training_keeper_unref (DhTrainingKeeper *keeper);

typedef struct
{
  gboolean quit;
  DhKeeperOrder order;
  char *folder;
  DhJobRow *row; /* to be added */
} DhKeeperCommand;
G_GNUC_INTERNAL void dh_training_command_free (DhKeeperCommand *command);

/* What became of a write. */
typedef enum
{
  DH_WRITTEN,
  DH_WRITE_LATER,   /* another program keeps the database locked: to be tried again, which is told if it lasts */
  DH_WRITE_REFUSED, /* *error says why */
} DhKeeperWrite;
/* Of one that gave `done` and *error; clears the error where it is to be tried again. */
G_GNUC_INTERNAL DhKeeperWrite dh_training_keeper_judge (DhTrainingKeeper *keeper, gboolean done, GError **error);

/* Reads the jobs where rows were written; what cannot be read is read at the next call. */
G_GNUC_INTERNAL void dh_training_keeper_list (DhTrainingKeeper *keeper);

/* The thread's own: dh-training-schedule.c. */

/* Looks at every job that is not at its end, and at the folders; writes nothing. */
G_GNUC_INTERNAL void dh_training_schedule_look (DhTrainingKeeper *keeper);
/* The same for one job. */
G_GNUC_INTERNAL void dh_training_schedule_look_at (DhTrainingKeeper *keeper, DhTrainingRecord *record);
/* Writes what the last look found; what cannot be written is found, and written, again. */
G_GNUC_INTERNAL void dh_training_schedule_settle (DhTrainingKeeper *keeper);
/* FALSE: to be tried again. */
G_GNUC_INTERNAL gboolean dh_training_schedule_settle_one (DhTrainingKeeper *keeper, DhTrainingRecord *record);
G_GNUC_INTERNAL DhKeeperWrite dh_training_schedule_set_state (DhTrainingKeeper *keeper, DhTrainingRecord *record,
                                                              DhJobState state, const char *why, GError **error);
/* Starts the first of the queue where nothing runs. */
G_GNUC_INTERNAL void dh_training_schedule_start_next (DhTrainingKeeper *keeper);
/* Writes how far it is; FALSE where that could not be. */
G_GNUC_INTERNAL gboolean dh_training_schedule_save (DhTrainingKeeper *keeper, DhTrainingRecord *record);

/* The thread's own: dh-training-orders.c. */

/* Takes `command`. What the database does not take now waits, and with it what is asked of the same job behind it. */
G_GNUC_INTERNAL void dh_training_orders_take (DhTrainingKeeper *keeper, DhKeeperCommand *command);
/* Those that wait, again. */
G_GNUC_INTERNAL void dh_training_orders_retry (DhTrainingKeeper *keeper);

/* Puts `command`, which it takes, behind those that wait. */
G_GNUC_INTERNAL void dh_training_orders_wait (DhTrainingKeeper *keeper, DhKeeperCommand *command);
/* At the end: what no process could be told yet waits too. */
G_GNUC_INTERNAL void dh_training_orders_leave (DhTrainingKeeper *keeper);

/* The thread's own: dh-training-backlog.c. */

/* What an earlier window left waits again. */
G_GNUC_INTERNAL void dh_training_backlog_read (DhTrainingKeeper *keeper);
/* Keeps what waits for a later window, where that has changed; nothing where nothing waits. */
G_GNUC_INTERNAL void dh_training_backlog_write (DhTrainingKeeper *keeper);

/* What the thread tells the window: dh-training-messages.c. */

/* The calls of DhTrainingKeeperCalls; snapshots and events are taken. */
G_GNUC_INTERNAL void dh_training_post_jobs (DhTrainingKeeper *keeper, GPtrArray *snapshots);
G_GNUC_INTERNAL void dh_training_post_events (DhTrainingKeeper *keeper, const char *folder, GArray *events,
                                              gboolean again, gboolean more);
G_GNUC_INTERNAL void dh_training_post_end (DhTrainingKeeper *keeper, const char *folder);
/* Tells the window of something that could not be done; clears the error. `folder`: of a job that could not be added.
 */
G_GNUC_INTERNAL void dh_training_keeper_complain (DhTrainingKeeper *keeper, const char *folder, const char *title,
                                                  GError **error);
/* The same of what is tried again and again: told once, until something can be written, and taken back then. `title`
 * stays. */
G_GNUC_INTERNAL void dh_training_keeper_complain_once (DhTrainingKeeper *keeper, const char *title, GError **error);
G_GNUC_INTERNAL void dh_training_keeper_take_back (DhTrainingKeeper *keeper);

G_END_DECLS
