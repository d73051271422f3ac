#pragma once
#include "dh-image.h"
#include "dh-video-info.h"

G_BEGIN_DECLS

/* A recording that plays everywhere: MP4 with H.264 in yuv420p, by FFmpeg in a process of its own. Written beside its
 * place and renamed once it is whole; what fails or is cancelled leaves nothing. One thread at a time. */
typedef struct _DhVideoWriter DhVideoWriter;

/* For frames of this size, at least 2×2 and at most 16384 a side, `rate` a second, above 0; odd sides get a row or
 * column more. `patience` as in DhVideoRange. Errors: DH_ERROR_NOT_FOUND (FFmpeg is not installed), DH_ERROR_IO,
 * DH_ERROR_TOO_LARGE. */
DhVideoWriter *dh_video_writer_open (const char *path, guint width, guint height, double rate, guint patience,
                                     GError **error);
/* Errors: DH_ERROR_IO and DH_ERROR_INVALID with what FFmpeg says, DH_ERROR_FAILED (it hangs), G_IO_ERROR_CANCELLED.
 * Only free it then. */
gboolean dh_video_writer_add (DhVideoWriter *writer, const DhImage *frame, GCancellable *cancellable, GError **error);
/* Ends the file and puts it in its place; errors as of adding. */
gboolean dh_video_writer_close (DhVideoWriter *writer, GCancellable *cancellable, GError **error);
/* Where it was not closed `path` is as it was. */
void dh_video_writer_free (DhVideoWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhVideoWriter, dh_video_writer_free)

G_END_DECLS
