#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* How the pictures of the open set are seen, made worse or not measured everywhere (dh-seen.h), to be said where they
 * are. It is chosen by dh_session_read_as(). For the window's thread. */

/* "Fog 3", "without bottom 12 %"; NULL: as they are. Free with g_free. */
char *dh_session_dup_seen (DhSession *session);
/* How others saw the pictures (a text of dh-seen.h): "Fog 3", "as they are", translated; NULL where that is how they
 * are seen here. Free with g_free. */
char *dh_session_dup_seen_otherwise (DhSession *session, const char *seen);
/* With that behind the name of what they made; the name alone where there is none. Free with g_free. */
char *dh_session_dup_name_seen (DhSession *session, const char *name, const char *seen);

/* Whether something of each picture is not measured: it is void in the ground truth, labelled or not. */
gboolean dh_session_leaves_unmeasured (DhSession *session);
/* What that is: shares of top, bottom, left and right in per cent, and FALSE with zeros where
 * there is none of that kind. */
gboolean dh_session_get_unmeasured_shares (DhSession *session, double shares[4]);
/* Or the file of a mask, for a person to read; NULL. Free with g_free. */
char *dh_session_dup_unmeasured_mask (DhSession *session);
/* Reads the folder again so (DH_READ_REGION); `mask` is a path in UTF-8, NULL or "": the shares, of which all 0 leave
 * nothing out. Errors as those of dh_session_read_as(). */
void dh_session_leave_unmeasured (DhSession *session, const double shares[4], const char *mask);

/* Looks on a thread at what such a mask would leave out of the shown picture. Without a picture the result is an error
 * as well; the callback comes in any case, on the window's thread. */
void dh_session_look_at_mask_async (DhSession *session, const char *mask, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer data);
/* A byte a pixel, 255 where it is not measured, of every so many rows and columns of the picture, of which there are
 * 1024 at most. Errors: those of dh_region_new() and dh_region_fits(), DH_ERROR_NOT_FOUND (no picture is shown),
 * G_IO_ERROR_CANCELLED. */
GBytes *dh_session_look_at_mask_finish (DhSession *session, GAsyncResult *result, guint *width, guint *height,
                                        GError **error);

G_END_DECLS
