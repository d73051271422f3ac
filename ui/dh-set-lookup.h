#pragma once
#include "dh-session-set-objects.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What the threshold finds in the set, picture by picture, for tables that ask for it often. */
typedef struct _DhSetLookup DhSetLookup;
DhSetLookup *dh_set_lookup_new (DhSession *session);
void dh_set_lookup_free (DhSetLookup *lookup);

/* Takes what the session has now; TRUE where that is another than before. */
gboolean dh_set_lookup_renew (DhSetLookup *lookup);
/* Borrowed; NULL: there are none. */
const DhSetObjects *dh_set_lookup_get (const DhSetLookup *lookup);
gboolean dh_set_lookup_is_old (const DhSetLookup *lookup);
/* Of one picture; NULL where nothing is known of it. */
const DhSetPicture *dh_set_lookup_find (const DhSetLookup *lookup, DhImageItem *item);
/* "hybrid at τ −10.60", "… · updating 3 of 11…", or why there are none; free with g_free. */
char *dh_set_lookup_dup_note (const DhSetLookup *lookup);

G_END_DECLS
