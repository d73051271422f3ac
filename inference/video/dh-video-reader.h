#pragma once
#include "dh-image.h"
#include "dh-video-info.h"

G_BEGIN_DECLS

/* The frames of a recording, one after another, upright; a size that changes in the middle is brought to the first.
 * Decoded by FFmpeg in a process of its own, which works ahead by as much as a pipe holds. One thread at a time. */
typedef struct _DhVideoReader DhVideoReader;

/* Probes and starts it. `range` may be NULL: all. Errors as dh_video_probe(). */
DhVideoReader *dh_video_reader_open (const char *path, const DhVideoRange *range, GCancellable *cancellable,
                                     GError **error);
const DhVideoInfo *dh_video_reader_info (DhVideoReader *reader);

typedef struct
{
  double time;    /* seconds from the recording's beginning */
  guint64 number; /* in it, from 0; where frames do not come at one rate what the mean rate makes of the time, and each
                     more than the one before */
} DhVideoMoment;

/* The next frame, the caller's; NULL without an error behind the last. Errors: DH_ERROR_INVALID (no frame at all,
 * FFmpeg failed, half a frame), DH_ERROR_NO_MEMORY, DH_ERROR_FAILED (it hangs), G_IO_ERROR_CANCELLED; only free it
 * then. */
DhImage *dh_video_reader_next (DhVideoReader *reader, DhVideoMoment *moment, GCancellable *cancellable, GError **error);
/* What FFmpeg said of damage that it went on behind, last; NULL: nothing. Borrowed until the next call. */
const char *dh_video_reader_complaint (DhVideoReader *reader);
void dh_video_reader_free (DhVideoReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhVideoReader, dh_video_reader_free)

G_END_DECLS
