#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* What a recording is: MP4, MOV, Matroska, WebM, AVI, MPEG, FLV, WMV, MXF and the like, as FFmpeg's programs read them,
 * which are started for it (installed beside this program, not part of it). Only the file itself is read, whatever it
 * names: no address, no other file. */
typedef struct
{
  guint width, height; /* as it is seen: turned where it lies on its side, wider where its pixels are */
  double rate;         /* frames a second, in the mean; 0: not known */
  double duration;     /* seconds; 0: not known */
  gboolean hd_colours; /* colours that name no matrix, of a size that has BT.709's */
  gboolean streamed;   /* without an index: no moment is found but by decoding all that is before it */
  char codec[32];
} DhVideoInfo;

/* By its ending, or by what it begins with. */
gboolean dh_video_is (const char *path);

/* Reads the head. Any thread. Errors: DH_ERROR_NOT_FOUND (no such file; FFmpeg is not installed, with what to install),
 * DH_ERROR_INVALID (no recording, no pictures in it, broken), DH_ERROR_TOO_LARGE (frames over the limits of
 * dh-image.h), DH_ERROR_FAILED (it hangs), G_IO_ERROR_CANCELLED; all name the file. */
gboolean dh_video_probe (const char *path, DhVideoInfo *info, GCancellable *cancellable, GError **error);

/* Which frames of it. */
typedef struct
{
  double from, to; /* seconds from its beginning, the first that is taken and the first that is not; to 0: to its end */
  guint every;     /* every n-th of those; 0 as 1 */
  guint patience;  /* seconds to wait for FFmpeg to do anything; 0: two minutes */
} DhVideoRange;

/* How many frames these are about; 0: not known. */
guint64 dh_video_count (const DhVideoInfo *info, const DhVideoRange *range);

/* "90", "1:30.5", "01:02:03": seconds. FALSE where it is nothing of the kind. */
gboolean dh_video_parse_time (const char *text, double *seconds);
/* "1:02:03.50"; free with g_free. */
char *dh_video_format_time (double seconds);

G_END_DECLS
