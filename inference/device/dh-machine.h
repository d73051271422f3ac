#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What this machine has. Any thread. */

/* Physical cores among the processors that this process may run on (two hyper-threads count once), and no more than its
 * control groups give it of their time; at least 1. */
guint dh_machine_cores (void);

/* The processor's name for people; never NULL, static. */
const char *dh_machine_processor (void);

/* Bytes of memory in all, and of it what can be had now without swapping. The process's own limits count (RLIMIT_AS,
 * RLIMIT_DATA) and those of its control groups (dh-groups.h). 0 where the system does not say. */
guint64 dh_machine_memory (void);
guint64 dh_machine_memory_available (void);

G_END_DECLS
