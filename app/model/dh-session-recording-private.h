#pragma once
#include "dh-progress.h"
#include "dh-session-private.h"
#include "dh-session-recording.h"

G_BEGIN_DECLS

/* A recording's frames or a video's images that are being written on a thread of their own; one such work at a time. */
struct _DhSessionRecording
{
  char *name;   /* of the recording or video, for people */
  gpointer job; /* that thread's until it is done */
  GDestroyNotify free_job;
  GCancellable *cancellable;
  gint done, total; /* atomic */
  guint tick;
};

/* The window's thread: takes the job and runs `work` with the struct as its task's data; `ended` has to call
 * dh_session_recording_end(). FALSE, with the job freed, where another is under way. */
G_GNUC_INTERNAL gboolean dh_session_recording_begin (DhSession *session, const char *name, gpointer job,
                                                     GDestroyNotify free_job, GTaskThreadFunc work,
                                                     GAsyncReadyCallback ended);
/* What the task ended with, the struct borrowed; NULL where the session is closed. */
G_GNUC_INTERNAL DhSessionRecording *dh_session_recording_end (DhSession *session, GAsyncResult *result, GError **error);
/* For DhProgress, with the struct as data; that thread. */
G_GNUC_INTERNAL void dh_session_recording_note (guint64 done, guint64 total, const char *what, gpointer recording);

G_END_DECLS
