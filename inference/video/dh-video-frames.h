#pragma once
#include "dh-progress.h"
#include "dh-video-reader.h"

G_BEGIN_DECLS

/* The frames of a recording as pictures in a folder, which opens as a set of one's own images: STEM_000123.png by the
 * recording's name and the frame's number in it. Each is written whole or not at all, several at once, and
 * recording.json beside them tells what they are of. The same again goes on with what is missing. */
#define DH_VIDEO_RECORD "recording.json"

typedef struct
{
  DhVideoRange range;
  gboolean jpeg; /* else PNG, which loses nothing */
} DhVideoFramesOptions;

typedef struct
{
  guint written, kept; /* frames; those that lay there */
  char *damage;        /* what FFmpeg said of it last, where it went on; NULL; free with g_free */
} DhVideoFrames;

#define DH_VIDEO_JPEG_QUALITY 95

/* The folder that is proposed: beside the recording, by its name, else in the user's folder of pictures where there one
 * cannot write. Free with g_free. */
char *dh_video_dup_folder (const char *path);
/* Frames a second of the recording that a folder's images are frames of, by what lies beside them; 0: they are none, or
 * nobody knows. */
double dh_video_folder_rate (const char *folder);
/* When one of them was taken, in seconds from the recording's beginning, by its file's name without what is behind the
 * dot; NAN: it is none. */
double dh_video_frame_time (const char *name, double rate);
/* Bytes that so many frames of it take as pictures, about: what street scenes need. */
guint64 dh_video_estimate_bytes (const DhVideoInfo *info, guint64 frames, gboolean jpeg);

/* `frames` is filled as far as it came, whatever becomes of it. Errors as dh_video_reader_next() and
 * dh_image_write_png(), and DH_ERROR_USAGE where the folder holds files that are no frames of this recording by the
 * same options. What is finished stays. Any thread; blocks. */
gboolean dh_video_write_frames (const char *path, const char *folder, const DhVideoFramesOptions *options,
                                DhVideoFrames *frames, GCancellable *cancellable, const DhProgress *progress,
                                GError **error);

G_END_DECLS
