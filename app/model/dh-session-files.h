#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* The files of the image that is shown, absolute, in the file system's bytes; NULL where it has none (no image, or one
 * without a label). Free with g_free. */
char *dh_session_dup_image_file (DhSession *session);
char *dh_session_dup_label_file (DhSession *session);

/* Whether what is open lies in files, which may be others by now. */
gboolean dh_session_can_reread (DhSession *session);
/* Opens it again as it lies there now, read in the same way, with the same image shown. */
void dh_session_reread (DhSession *session);

G_END_DECLS
