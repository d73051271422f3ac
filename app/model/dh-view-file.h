#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* How pictures are looked at as a small file, to be kept, or given to somebody else: a key file with panes, comparison,
 * colours, overlay, hidden classes, zoom (dh-view.h: all that is no panel's) and the thresholds with their records. It
 * names no data and no weights to be opened; thresholds are of the weights that they were set with, and only taken
 * while these are loaded, as steps that undo knows. A file of a few kilobytes, read and written at once; window's
 * thread. */
#define DH_VIEW_FILE_SUFFIX "dhview"

/* Errors: DH_ERROR_IO. */
gboolean dh_view_file_save (DhSession *session, const char *path, GError **error);
/* `note`: a sentence about thresholds that were left out, and why; NULL: none were. Free with g_free. Errors: those of
 * dh_file_read(); DH_ERROR_INVALID: it is no saved view; DH_ERROR_UNSUPPORTED: a newer program's. Nothing has changed
 * then. */
gboolean dh_view_file_open (DhSession *session, const char *path, char **note, GError **error);
/* The same, told by the session's signals. */
void dh_view_file_show (DhSession *session, const char *path);

G_END_DECLS
