#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What the control groups of this process allow it, of version 1 and 2; containers, batch systems and systemd set
 * them. Any thread. */
typedef struct
{
  guint64 memory;      /* bytes, the least limit; G_MAXUINT64: none */
  guint64 memory_left; /* the least that one of the groups leaves, pages of files not counted; likewise */
  double processors;   /* the least share of processors' time, as processors: 1.5; G_MAXDOUBLE: none */
} DhGroups;

/* Those of the groups that /proc/self/cgroup names, and of all above them. */
void dh_groups_look (DhGroups *groups);
/* The same by the text of such a file, of groups mounted at `root`: version 2 there or in unified/, the controllers of
 * version 1 in folders of their names. In a container the path may not be there, whose own root then counts. */
void dh_groups_look_at (const char *root, const char *text, DhGroups *groups);

/* Processors that this process may use at a time: those that it may run on, and no more than its groups' share of their
 * time, rounded up; at least 1. */
guint dh_groups_processors (void);

G_END_DECLS
