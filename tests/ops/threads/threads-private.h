#pragma once
#include <glib.h>
#include "threads.h"

/* Between threads.c and races.c. */

/* Of the launch and the block that run: thread t of it is number `first` + t, another one in every launch. */
typedef struct
{
  const char *name;
  const char *stacks; /* of all threads */
  gsize stack_bytes;
  guint32 of_launch, first, thread; /* numbers */
  guint32 n_threads;
  guint32 epoch; /* another one behind every barrier, and in every block */
} ThreadsRun;
extern ThreadsRun threads_run;

/* Ends the program. */
G_NORETURN void threads_fail (const char *format, ...) G_GNUC_PRINTF (1, 2);

void threads_forget_races (void); /* numbers begin anew */
void threads_begin_races (void);  /* a launch */
void threads_begin_shared (void); /* a block */
void threads_end_races (void);    /* of a thread, for now */
