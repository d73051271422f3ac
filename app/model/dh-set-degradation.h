#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* How the pictures of the open set are made worse (dh-degradation.h), to be said where they are seen. It is chosen by
 * dh_session_read_as(). For the window's thread. */

/* "Fog 3" where pictures are made worse; else NULL. Free with g_free. */
char *dh_session_dup_degradation (DhSession *session);
/* How others saw the pictures ("fog:3"; NULL: as they are): "Fog 3", "as they are", translated; NULL where that is how
 * they are seen here. Free with g_free. */
char *dh_session_dup_seen_otherwise (DhSession *session, const char *degradation);
/* With that behind the name of what they made; the name alone where there is none. Free with g_free. */
char *dh_session_dup_name_seen (DhSession *session, const char *name, const char *degradation);

G_END_DECLS
