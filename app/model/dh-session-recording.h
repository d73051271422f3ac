#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* A recording that somebody wants opened: what it is, which of its frames become images in which folder, and the work
 * of writing them, in the background, one at a time; the folder is then opened. The session's signal "recording" gives
 * the path of one that is to be asked about, "frames" tells that writing begins, goes on and ends. For the window's
 * thread; nothing blocks. */

typedef struct
{
  char *path;
  char *folder; /* that is proposed */
  guint width, height;
  double rate;     /* frames a second; 0: not known */
  double duration; /* seconds; 0: not known */
  guint every;     /* that is proposed: all of a short one, of a long one about two a second */
} DhRecording;
void dh_recording_free (DhRecording *recording);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRecording, dh_recording_free)

/* Errors are sentences: FFmpeg is not installed, this is no recording. */
void dh_session_look_at_recording (DhSession *session, const char *path, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer data);
DhRecording *dh_session_look_at_recording_finish (DhSession *session, GAsyncResult *result, GError **error);

typedef struct
{
  guint every;
  double from, to; /* seconds; to 0: to its end */
  gboolean jpeg;   /* else PNG */
} DhRecordingFrames;
/* How many images those are about, and how many bytes; 0: not known. */
guint dh_recording_count (const DhRecording *recording, const DhRecordingFrames *frames, guint64 *bytes);
/* "1:02:03.5"; FALSE where it is no time. */
gboolean dh_recording_parse_time (const char *text, double *seconds);
char *dh_recording_format_time (double seconds);
/* Below that one, by the recording's name; free with g_free. */
char *dh_recording_dup_folder_in (const char *path, const char *folder);

/* FALSE where some are being written. A message or "error" tells how it ended. */
gboolean dh_session_write_frames (DhSession *session, const char *path, const char *folder,
                                  const DhRecordingFrames *frames);
/* What is written stays; the same again goes on with the rest. */
void dh_session_stop_frames (DhSession *session);

/* The set that is open and evaluated as a video: the images as the list has them, with the panes of the grid whose maps
 * the evaluation kept, and outlines at the active score's threshold where that is set. Nothing is computed. In the
 * background, in the place of a recording's frames. */
gboolean dh_session_can_export_video (DhSession *session);
/* FALSE where frames or another video are being written. "written" or "error" tells how it ended. */
gboolean dh_session_export_video (DhSession *session, const char *path);

/* FALSE where none are being written. */
typedef struct
{
  const char *name;  /* of the recording, or of the video; borrowed until "frames" tells of the end */
  guint done, total; /* frames; the total is 0 while it is not known */
} DhFramesProgress;
gboolean dh_session_get_frames_progress (DhSession *session, DhFramesProgress *progress);

G_END_DECLS
