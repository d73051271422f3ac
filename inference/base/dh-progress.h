#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* How a long task reports: `done` of `total` (0: unknown) and what it is at. Called on the thread that does the work;
 * must be quick. */
typedef void (*DhProgressFunc) (guint64 done, guint64 total, const char *what, gpointer data);

typedef struct
{
  DhProgressFunc func; /* may be NULL */
  gpointer data;
} DhProgress;

/* `progress` may be NULL. */
void dh_progress_report (const DhProgress *progress, guint64 done, guint64 total, const char *what);

G_END_DECLS
