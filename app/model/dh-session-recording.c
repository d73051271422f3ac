#include "dh-session-recording.h"
#include <glib/gi18n.h>
#include "dh-session-evaluation.h"
#include "dh-session-recording-private.h"
#include "dh-video-frames.h"

#define TICK_MS 150
/* More than that are not proposed. */
#define SHORT_FRAMES 600

typedef struct
{
  char *path, *folder;
  DhVideoFramesOptions options;
  DhVideoFrames frames;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;
  g_free (job->frames.damage);
  g_free (job->path);
  g_free (job->folder);
  g_free (job);
}

static void
recording_free (gpointer data)
{
  DhSessionRecording *work = data;
  work->free_job (work->job);
  g_clear_object (&work->cancellable);
  g_free (work->name);
  g_free (work);
}

/* The look */

void
dh_recording_free (DhRecording *recording)
{
  if (recording == NULL)
    return;
  g_free (recording->path);
  g_free (recording->folder);
  g_free (recording);
}

static void
look_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const char *path = data;
  GError *error = NULL;
  DhVideoInfo info;
  if (!dh_video_probe (path, &info, cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  const DhVideoRange all = { 0 };
  DhRecording *recording = g_new0 (DhRecording, 1);
  recording->path = g_strdup (path);
  recording->folder = dh_video_dup_folder (path);
  recording->width = info.width;
  recording->height = info.height;
  recording->rate = info.rate;
  recording->duration = info.duration;
  recording->every = dh_video_count (&info, &all) > SHORT_FRAMES ? (guint)CLAMP (info.rate / 2 + 0.5, 1, 1000) : 1;
  g_task_return_pointer (task, recording, (GDestroyNotify)dh_recording_free);
}

void
dh_session_look_at_recording (DhSession *self, const char *path, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, look_in_thread);
}

DhRecording *
dh_session_look_at_recording_finish (DhSession *self, GAsyncResult *result, GError **error)
{
  DhRecording *recording = g_task_propagate_pointer (G_TASK (result), error);
  if (recording != NULL)
    dh_session_trace (self, "looked into %s: %u×%u", recording->path, recording->width, recording->height);
  else
    dh_session_trace (self, "no recording");
  return recording;
}

guint
dh_recording_count (const DhRecording *recording, const DhRecordingFrames *frames, guint64 *bytes)
{
  const DhVideoInfo info = {
    .width = recording->width, .height = recording->height, .rate = recording->rate, .duration = recording->duration
  };
  const DhVideoRange range = { .from = frames->from, .to = frames->to, .every = frames->every };
  const guint count = (guint)MIN (dh_video_count (&info, &range), G_MAXUINT);
  *bytes = dh_video_estimate_bytes (&info, count, frames->jpeg);
  return count;
}

gboolean
dh_recording_parse_time (const char *text, double *seconds)
{
  return dh_video_parse_time (text, seconds);
}

char *
dh_recording_format_time (double seconds)
{
  return dh_video_format_time (seconds);
}

char *
dh_recording_dup_folder_in (const char *path, const char *folder)
{
  g_autofree char *proposed = dh_video_dup_folder (path), *name = g_path_get_basename (proposed);
  return g_build_filename (folder, name, NULL);
}

/* The work */

void
dh_session_recording_note (guint64 done, guint64 total, const char *what, gpointer data)
{
  DhSessionRecording *work = data;
  g_atomic_int_set (&work->total, (gint)MIN (total, G_MAXINT));
  g_atomic_int_set (&work->done, (gint)MIN (done, G_MAXINT));
}

static gboolean
tick (gpointer data)
{
  dh_session_emit (data, DH_SESSION_FRAMES);
  return G_SOURCE_CONTINUE;
}

gboolean
dh_session_recording_begin (DhSession *self, const char *name, gpointer job, GDestroyNotify free_job,
                            GTaskThreadFunc run, GAsyncReadyCallback ended)
{
  if (self->recording != NULL)
    {
      free_job (job);
      return FALSE;
    }
  DhSessionRecording *work = g_new0 (DhSessionRecording, 1);
  work->name = g_filename_display_basename (name);
  work->job = job;
  work->free_job = free_job;
  work->cancellable = g_cancellable_new ();
  work->tick = g_timeout_add (TICK_MS, tick, self);
  self->recording = work;
  g_autoptr (GTask) task = g_task_new (self, NULL, ended, NULL);
  g_task_set_task_data (task, work, recording_free);
  g_task_run_in_thread (task, run);
  dh_session_emit (self, DH_SESSION_FRAMES);
  return TRUE;
}

DhSessionRecording *
dh_session_recording_end (DhSession *self, GAsyncResult *result, GError **error)
{
  DhSessionRecording *work = g_task_get_task_data (G_TASK (result));
  g_task_propagate_boolean (G_TASK (result), error);
  g_clear_handle_id (&work->tick, g_source_remove);
  self->recording = NULL;
  if (self->worker == NULL)
    return NULL;
  dh_session_emit (self, DH_SESSION_FRAMES);
  return work;
}

static void
write_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  DhSessionRecording *work = data;
  Job *job = work->job;
  const DhProgress progress = { dh_session_recording_note, work };
  GError *error = NULL;
  if (dh_video_write_frames (job->path, job->folder, &job->options, &job->frames, work->cancellable, &progress, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
show_written (DhSession *self, const DhSessionRecording *work)
{
  const Job *job = work->job;
  const guint n = job->frames.written + job->frames.kept;
  g_autofree char *text = g_strdup_printf (ngettext ("%s: %u image", "%s: %u images", n), work->name, n);
  if (job->frames.damage != NULL)
    {
      g_autofree char *title = g_strdup_printf (_ ("%s; the recording may be damaged"), text);
      dh_session_complain (self, title, job->frames.damage);
    }
  /* Another set would end an evaluation. */
  if (dh_session_is_evaluating (self))
    {
      dh_session_say_written (self, text, job->folder);
      return;
    }
  if (job->frames.damage == NULL)
    dh_session_say (self, text);
  dh_session_open_dataset (self, job->folder);
}

static void
written (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  const DhSessionRecording *work = dh_session_recording_end (self, result, &error);
  if (work == NULL)
    return;
  if (error == NULL)
    show_written (self, work);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    dh_session_say (self, _ ("Stopped; what is written stays, and the same again goes on with the rest"));
  else
    dh_session_complain (self, _ ("The recording’s frames could not be written"), error->message);
}

gboolean
dh_session_write_frames (DhSession *self, const char *path, const char *folder, const DhRecordingFrames *frames)
{
  Job *job = g_new0 (Job, 1);
  job->path = g_strdup (path);
  job->folder = g_strdup (folder);
  job->options.range = (DhVideoRange){ .from = frames->from, .to = frames->to, .every = frames->every };
  job->options.jpeg = frames->jpeg;
  return dh_session_recording_begin (self, path, job, job_free, write_in_thread, written);
}

void
dh_session_stop_frames (DhSession *self)
{
  if (self->recording != NULL)
    g_cancellable_cancel (self->recording->cancellable);
}

gboolean
dh_session_get_frames_progress (DhSession *self, DhFramesProgress *progress)
{
  DhSessionRecording *work = self->recording;
  *progress = (DhFramesProgress){ NULL, 0, 0 };
  if (work == NULL)
    return FALSE;
  progress->name = work->name;
  progress->total = (guint)g_atomic_int_get (&work->total);
  progress->done = (guint)g_atomic_int_get (&work->done);
  return TRUE;
}
