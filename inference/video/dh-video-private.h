#pragma once
#include "dh-video-info.h"

G_BEGIN_DECLS

/* Appends the words that name the file to FFmpeg, and what keeps it to that file: a whole path behind "file:", the one
 * protocol, and only formats that hold recordings, none that is a list of other files. */
void dh_video_add_input (GPtrArray *words, const char *path);
/* DH_ERROR_NOT_FOUND, DH_ERROR_INVALID where it is no regular file. */
gboolean dh_video_check_file (const char *path, GError **error);

G_END_DECLS
