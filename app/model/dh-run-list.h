#pragma once
#include <gio/gio.h>
#include "dh-session.h"

G_BEGIN_DECLS

/* One run of the database, an evaluation by the studio or by the command line. Immutable. */
#define DH_TYPE_RUN_ITEM (dh_run_item_get_type ())
G_DECLARE_FINAL_TYPE (DhRunItem, dh_run_item, DH, RUN_ITEM, GObject)

typedef enum
{
  DH_RUN_UNFINISHED, /* its program ended before it did; can be gone on with */
  DH_RUN_DONE,
  DH_RUN_CANCELLED,
  DH_RUN_FAILED,
  DH_RUN_RUNNING, /* here or in another program */
} DhRunState;

typedef struct
{
  gint64 id;
  DhRunState state;
  char *kind, *why, *model, *weights, *data, *split, *score, *protocol;
  char *device, *precision, *program, *command, *started, *folder;
  guint images, failed, total;
  double seconds, ap, fpr95, auroc, best_f1; /* NaN where undefined */
} DhRun;
/* Borrowed. */
const DhRun *dh_run_item_get (DhRunItem *item);

/* Every run, the newest first; a GListModel of DhRunItem that the session keeps. Filled by dh_session_refresh_runs(),
 * which reads the database on another thread, and after each evaluation; rows that say what they said stay. */
GListModel *dh_session_get_runs (DhSession *session);
void dh_session_refresh_runs (DhSession *session);
/* A report of one run, or of two compared (`other` 0: one); as dh_session_export_report(). */
void dh_session_export_runs (DhSession *session, gint64 run, gint64 other, const char *path);

G_END_DECLS
