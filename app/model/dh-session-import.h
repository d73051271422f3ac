#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* The score maps of another method, measured as a run of their own: on the set that is open, or on one in a folder,
 * which is not opened for that. In the background, one at a time, resumable; the run appears among the others. The
 * signal "import" of the session tells that it begins and ends. A run made of others (dh-session-combine.h) takes the
 * place of one: progress and stopping are here. For the window's thread; nothing blocks. */

/* What a folder of scores has for a data set. */
typedef struct
{
  char *method;              /* as the folder suggests */
  char *data_title;          /* of the data set */
  guint n_pictures, n_found; /* pictures of the set, and those of them that have a map */
  /* A first look at which end is anomalous: of a few labelled pictures, NaN where there are none. */
  guint n_looked;
  double auroc;
} DhScoreLook;
void dh_score_look_free (DhScoreLook *look);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhScoreLook, dh_score_look_free)

typedef enum
{
  DH_ANOMALOUS_UNKNOWN,
  DH_ANOMALOUS_HIGH,
  DH_ANOMALOUS_LOW,
} DhAnomalousEnd;
/* Which end the look speaks for; unknown where anomalies hardly differ from the rest there, or nothing was seen. */
DhAnomalousEnd dh_score_look_guess (const DhScoreLook *look);

/* Whether a set with a folder is open that scores can belong to. */
gboolean dh_session_can_import_for_open (DhSession *session);
/* `root`: the data set's folder; NULL: the set that is open. As any asynchronous call; errors are sentences: no such
 * folder, no map of a picture, two maps of one. */
void dh_session_look_at_scores (DhSession *session, const char *folder, const char *root, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data);
DhScoreLook *dh_session_look_at_scores_finish (DhSession *session, GAsyncResult *result, GError **error);

/* FALSE where one is under way. A message or "error" tells how it ended. */
gboolean dh_session_import_scores (DhSession *session, const char *folder, const char *root, const char *method,
                                   gboolean low_is_anomalous);
/* What is finished stays; importing the same again goes on there. */
void dh_session_cancel_import (DhSession *session);

/* FALSE where none is under way. */
typedef struct
{
  const char *method; /* borrowed until the next "import" */
  guint done, total;  /* pictures; the total is 0 while the folders are read */
  gboolean measuring; /* else scores are read, for a checksum or for their scale */
} DhImportProgress;
gboolean dh_session_get_import_progress (DhSession *session, DhImportProgress *progress);

G_END_DECLS
