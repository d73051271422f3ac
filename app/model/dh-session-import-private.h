#pragma once
#include "dh-combination.h"
#include "dh-evaluation.h"
#include "dh-reading.h"
#include "dh-session-import.h"
#include "dh-session-private.h"

G_BEGIN_DECLS

/* A run of maps that no network computes here, under way on a thread of its own: another method's, or what is made of
 * other runs'. Shared between the window's and that thread. */
struct _DhSessionImport
{
  /* set once */
  char *method;
  DhCombination *combination; /* of other runs; NULL: the scores in `folder` */
  DhDataset *dataset;         /* of the scores; NULL: that in `root` */
  char *folder, *root;
  DhReading *reading; /* of that in `root` */
  gboolean low_is_anomalous;
  GCancellable *cancellable;
  /* atomic */
  gint done, total, measuring;
  /* that thread, until it is done */
  guint images, left_out;
  char *why; /* the first is left out */
};

/* The window's thread: takes it, and runs `work` with it as its task's data; the task returns a boolean. */
void dh_session_import_begin (DhSession *session, DhSessionImport *import, GTaskThreadFunc work);
void dh_session_import_free (gpointer import);

/* That thread. For DhProgress, with the import as data: */
void dh_session_import_note (guint64 done, guint64 total, const char *what, gpointer import);
/* Measures into `folder` by the session's protocols what the options name, and notes what became of it. */
gboolean dh_session_import_measure (DhSessionImport *import, DhEvaluationOptions *options, const char *folder,
                                    const char *command, GError **error);

G_END_DECLS
