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
};

typedef struct
{
  gboolean quit;
  DhKeeperOrder order;
  char *folder;
  DhJobRow *row; /* to be added */
} DhKeeperCommand;

/* The thread's own: dh-training-schedule.c. */

/* Looks at every job that is not at its end, and at the folders. */
G_GNUC_INTERNAL void dh_training_schedule_look (DhTrainingKeeper *keeper);
/* Starts the first of the queue where nothing runs. */
G_GNUC_INTERNAL void dh_training_schedule_start_next (DhTrainingKeeper *keeper);
G_GNUC_INTERNAL void dh_training_schedule_obey (DhTrainingKeeper *keeper, DhKeeperCommand *command);
G_GNUC_INTERNAL void dh_training_schedule_save (DhTrainingRecord *record, DhTrainingKeeper *keeper);

/* Tells the window of something that could not be done; clears the error. `folder`: of a job that could not be added.
 */
G_GNUC_INTERNAL void dh_training_keeper_complain (DhTrainingKeeper *keeper, const char *folder, const char *title,
                                                  GError **error);

G_END_DECLS
