#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* FFmpeg's programs, run beside this one with pipes between: whatever a recording is, it cannot bring this process
 * down. One thread at a time. */

/* The path of "ffmpeg" or "ffprobe": what DH_FFMPEG or DH_FFPROBE name, ffprobe also beside the former, or in PATH.
 * NULL with DH_ERROR_NOT_FOUND, which says what to install; free with g_free. */
char *dh_video_find_program (const char *name, GError **error);

/* Seconds for which a program may give, take and write nothing before it is ended. */
#define DH_VIDEO_PATIENCE 120

typedef struct _DhVideoChild DhVideoChild;

/* A line of what it writes to standard error, without its end; valid UTF-8, cut at some thousand bytes. TRUE: it was
 * understood, and is nothing to tell a person. */
typedef gboolean (*DhVideoLine) (const char *line, gpointer data);

/* Starts words[0]; `feeds`: its standard input is a pipe, else empty. `about` is what messages begin with, a name or
 * path; `line` may be NULL. */
DhVideoChild *dh_video_child_new (const char *const *words, gboolean feeds, const char *about, guint patience,
                                  DhVideoLine line, gpointer data, GError **error);
/* What it writes: while that file changes, it does something. Called once, before it is waited for. */
void dh_video_child_watch (DhVideoChild *child, const char *written);
/* Fills the buffer, and reads what comes on standard error besides. *got is less than `size` where its output ends.
 * Errors: DH_ERROR_FAILED (it hangs), DH_ERROR_IO, G_IO_ERROR_CANCELLED. */
gboolean dh_video_child_read (DhVideoChild *child, gpointer buffer, gsize size, gsize *got, GCancellable *cancellable,
                              GError **error);
/* Gives it all of the bytes; errors as of the former, and DH_ERROR_IO with its last words where it takes no more. */
gboolean dh_video_child_write (DhVideoChild *child, gconstpointer data, gsize size, GCancellable *cancellable,
                               GError **error);
/* Closes its input, reads what is left and waits until it ends. Errors: as of reading, and DH_ERROR_INVALID with its
 * last words where it says that it failed. */
gboolean dh_video_child_end (DhVideoChild *child, GCancellable *cancellable, GError **error);
/* The last line that was not understood and is no information; "" where there is none. Borrowed until the next call. */
const char *dh_video_child_words (DhVideoChild *child);
/* The last of those that tells of an error, whatever it ends with; NULL where there is none. Borrowed likewise. */
const char *dh_video_child_complaint (DhVideoChild *child);
/* Ends it, if it has not. */
void dh_video_child_free (DhVideoChild *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhVideoChild, dh_video_child_free)

G_END_DECLS
