#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What this machine has. Any thread. */

/* Physical cores among the processors that this process may run on (two hyper-threads count once); at least 1. */
guint dh_machine_cores (void);

/* The processor's name for people; never NULL, static. */
const char *dh_machine_processor (void);

/* Bytes of memory in all, and of it what can be had now without swapping. The process's own limits count (RLIMIT_AS,
 * RLIMIT_DATA) and those of its control group and of all above it. 0 where the system does not say. */
guint64 dh_machine_memory (void);
guint64 dh_machine_memory_available (void);

/* The least limit of the control groups (version 2, mounted at `root`) that this text of /proc/self/cgroup names, up to
 * the root, and the least that one of them leaves; G_MAXUINT64 where none limits. */
void dh_machine_look_at_groups (const char *root, const char *groups, guint64 *limit, guint64 *left);

G_END_DECLS
